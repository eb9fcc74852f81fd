//! Markdown, light: what agents write, readable in a narrow pane. No tables, no pictures, no HTML.

use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::{Role, Theme};
use super::canvas::Canvas;
use super::highlight::{self, Hint, Painted};

/// Markdown as wrapped lines, code in one colour.
pub(crate) fn lines(markdown: &str, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    write(markdown, columns, theme, &mut |_, _| None)
}

/// Markdown as wrapped lines, code in as many colours as are known yet. A block that is still being written stays plain.
pub(crate) fn painted(markdown: &str, canvas: &mut Canvas<'_>) -> Vec<Line<'static>> {
    let theme = &canvas.look.theme;
    write(markdown, canvas.columns, theme, &mut |code, hint| {
        canvas.paint(code, Some(hint))
    })
}

/// Gives the colours of code, where they are known.
type Paint<'a> = dyn FnMut(&str, &Hint) -> Option<Arc<Painted>> + 'a;

fn write(
    markdown: &str,
    columns: usize,
    theme: &Theme,
    paint: &mut Paint<'_>,
) -> Vec<Line<'static>> {
    let mut writer = Writer {
        theme,
        paint,
        columns,
        lines: Vec::new(),
        spans: Vec::new(),
        styles: vec![theme.style(Role::Text)],
        lists: Vec::new(),
        quotes: 0,
        marker: None,
        code: None,
    };
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        if let Event::Start(Tag::CodeBlock(kind)) = &event {
            let source = markdown.get(range.clone()).unwrap_or_default().trim_end();
            let is_closed = range.end < markdown.trim_end().len()
                || source.ends_with("```")
                || source.ends_with("~~~");
            let hint = match kind {
                CodeBlockKind::Fenced(info) if is_closed => Hint::of_fence(info),
                CodeBlockKind::Fenced(_) | CodeBlockKind::Indented => None,
            };
            writer.end_line();
            writer.code = Some((hint, String::new()));
            continue;
        }
        writer.event(event);
    }
    writer.end_line();
    while writer.lines.last().is_some_and(|line| line.width() == 0) {
        writer.lines.pop();
    }
    writer.lines
}

struct Writer<'a, 'p> {
    theme: &'a Theme,
    paint: &'a mut Paint<'p>,
    columns: usize,
    lines: Vec<Line<'static>>,
    spans: Vec<Span<'static>>,
    styles: Vec<Style>,
    /// The next number of each open list; `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// What stands before the next line: a bullet or a number.
    marker: Option<String>,
    /// The block of code that is open, with its language.
    code: Option<(Option<Hint>, String)>,
}

impl Writer<'_, '_> {
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

    fn code(&mut self, code: &str, hint: Option<&Hint>) {
        let plain = self.theme.style(Role::Code);
        let painted = hint.and_then(|hint| (self.paint)(code, hint));
        for (index, line) in code.lines().enumerate() {
            self.text("  ", plain);
            match &painted {
                None => self.text(line, plain),
                Some(painted) => {
                    let parts = painted.get(index).map_or(&[][..], Vec::as_slice);
                    let base = self.theme.style(Role::Text);
                    let spans = highlight::spans(line, parts, base, self.theme);
                    self.spans.extend(spans);
                }
            }
            self.end_line();
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(content) if self.code.is_some() => {
                if let Some((_, code)) = &mut self.code {
                    code.push_str(&content);
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
                if let Some((hint, code)) = self.code.take() {
                    self.code(&code, hint.as_ref());
                }
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
