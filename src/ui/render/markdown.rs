//! Markdown, light: what agents write, readable in a narrow pane. No tables, no pictures, no HTML.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::{Role, Theme};

/// Markdown as wrapped lines.
pub(crate) fn lines(markdown: &str, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut writer = Writer {
        theme,
        columns,
        lines: Vec::new(),
        spans: Vec::new(),
        styles: vec![theme.style(Role::Text)],
        lists: Vec::new(),
        quotes: 0,
        marker: None,
        in_code: false,
    };
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(markdown, options) {
        writer.event(event);
    }
    writer.end_line();
    while writer.lines.last().is_some_and(|line| line.width() == 0) {
        writer.lines.pop();
    }
    writer.lines
}

struct Writer<'a> {
    theme: &'a Theme,
    columns: usize,
    lines: Vec<Line<'static>>,
    spans: Vec<Span<'static>>,
    styles: Vec<Style>,
    /// The next number of each open list; `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// What stands before the next line: a bullet or a number.
    marker: Option<String>,
    in_code: bool,
}

impl Writer<'_> {
    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn push_style(&mut self, style: Style) {
        self.styles.push(self.style().patch(style));
    }

    fn push_role(&mut self, role: Role) {
        self.push_style(self.theme.style(role));
    }

    fn indent(&self) -> usize {
        self.quotes * 2 + self.lists.len().saturating_sub(1) * 2
    }

    fn text(&mut self, content: &str, style: Style) {
        self.spans
            .push(Span::styled(text::clean(content).into_owned(), style));
    }

    fn end_line(&mut self) {
        if self.spans.is_empty() && self.marker.is_none() {
            return;
        }
        let mut indent = self.indent();
        let mut spans = Vec::with_capacity(self.spans.len() + 2);
        if self.quotes > 0 {
            spans.push(Span::styled(
                "| ".repeat(self.quotes),
                self.theme.style(Role::Dim),
            ));
        }
        let lists = self.lists.len().saturating_sub(1) * 2;
        if lists > 0 {
            spans.push(Span::raw(" ".repeat(lists)));
        }
        if let Some(marker) = self.marker.take() {
            indent += text::width(&marker);
            spans.push(Span::styled(marker, self.theme.style(Role::Accent)));
        } else if !self.lists.is_empty() {
            indent += 2;
            spans.push(Span::raw("  "));
        }
        spans.append(&mut self.spans);
        self.lines
            .extend(text::wrap(Line::from(spans), self.columns, indent));
    }

    fn gap(&mut self) {
        self.end_line();
        if self.lists.is_empty() && self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(content) if self.in_code => {
                let style = self.theme.style(Role::Code);
                for line in content.lines() {
                    self.text("  ", style);
                    self.text(line, style);
                    self.end_line();
                }
            }
            Event::Text(content) | Event::Html(content) | Event::InlineHtml(content) => {
                self.text(&content, self.style());
            }
            Event::Code(content) | Event::InlineMath(content) | Event::DisplayMath(content) => {
                let style = self.style().patch(self.theme.style(Role::Code));
                self.text(&content, style);
            }
            Event::FootnoteReference(name) => self.text(&name, self.style()),
            Event::SoftBreak => self.text(" ", self.style()),
            Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.gap();
                let rule = "-".repeat(self.columns.min(20));
                self.text(&rule, self.theme.style(Role::Dim));
                self.gap();
            }
            Event::TaskListMarker(done) => {
                let mark = if done { "[x] " } else { "[ ] " };
                self.text(mark, self.theme.style(Role::Accent));
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.gap();
                self.push_role(Role::Heading);
            }
            Tag::CodeBlock(_) => {
                self.end_line();
                self.in_code = true;
            }
            Tag::BlockQuote(_) => {
                self.end_line();
                self.quotes += 1;
                self.push_role(Role::Dim);
            }
            Tag::List(first) => {
                self.end_line();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.end_line();
                self.marker = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number += 1;
                        marker
                    }
                    _ => "- ".to_owned(),
                });
            }
            Tag::Emphasis => self.push_style(Style::new().add_modifier(Modifier::ITALIC)),
            Tag::Strong => self.push_style(Style::new().add_modifier(Modifier::BOLD)),
            Tag::Strikethrough => {
                self.push_style(Style::new().add_modifier(Modifier::CROSSED_OUT));
            }
            Tag::Link { .. } | Tag::Image { .. } => self.push_role(Role::Link),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.end_line();
                self.styles.pop();
            }
            TagEnd::Paragraph => self.gap(),
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.gap();
            }
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.quotes = self.quotes.saturating_sub(1);
                self.styles.pop();
                self.gap();
            }
            TagEnd::List(_) => {
                self.end_line();
                self.lists.pop();
                self.gap();
            }
            TagEnd::Item => self.end_line(),
            TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image => {
                self.styles.pop();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(markdown: &str, columns: usize) -> String {
        let lines: Vec<String> = lines(markdown, columns, &Theme::plain())
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect();
        lines.join("\n")
    }

    #[test]
    fn common_markdown_reads_well() {
        let shown = show(
            "# Plan\nI will *split* the `parser`.\n\n1. read\n2. write\n   - deep one that is long\n\n```rust\nfn main() {\n}\n```\n> quoted\n\nend",
            20,
        );
        let expected = "\
Plan
I will split the
parser.

1. read
2. write
  - deep one that is
    long

  fn main() {
  }

| quoted

end";
        assert_eq!(shown, expected);
    }
}
