//! Rows as lines of the screen.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::comments::Comment;
use super::rows::Row;
use super::style::Colours;
use super::unified::{FileDiff, Kind, Status, Unified};
use super::words;
use crate::ui::render::compare::{composed, pad};
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

/// A line is cut after so many bytes: nobody reads more, and layout stays quick.
const LONGEST_LINE: usize = 4_000;
/// Below this width one column of line numbers is enough.
const NARROW: usize = 60;

/// What rows are painted with.
pub(super) struct Painter<'a> {
    pub(super) diff: &'a Unified,
    pub(super) comments: &'a [Comment],
    pub(super) table: &'a [[String; 3]],
    pub(super) is_folded: &'a dyn Fn(&FileDiff) -> bool,
    pub(super) colours: &'a Colours,
    pub(super) look: &'a Look,
    pub(super) columns: usize,
    /// Columns of a line number.
    pub(super) digits: usize,
}

impl Painter<'_> {
    /// The lines of a row; at least one.
    pub(super) fn row(&self, row: Row) -> Vec<Line<'static>> {
        let mut lines = match row {
            Row::Table(index) => self.table(index as usize),
            Row::File(index) => self.file(index as usize),
            Row::Line(line) => self.line(line as usize),
            Row::Pair(old, new) => self.pair(old, new),
            Row::Comment(index) => self.comment(index as usize),
        };
        if lines.is_empty() {
            lines.push(Line::default());
        }
        lines
    }

    fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    fn table(&self, index: usize) -> Vec<Line<'static>> {
        let Some([what, old, new]) = self.table.get(index) else {
            return Vec::new();
        };
        let label = self.columns / 4;
        let cell = self.columns.saturating_sub(label + 2) / 2;
        let fit = |words: &str, columns: usize| {
            let words = text::fit(words, columns, self.look.ascii).into_owned();
            let gap = columns.saturating_sub(text::width(&words));
            words + &" ".repeat(gap)
        };
        let (role, differs) = match index {
            0 => (Role::Heading, Role::Heading),
            _ if old == new => (Role::Text, Role::Text),
            _ => (Role::Text, Role::Accent),
        };
        vec![Line::from(vec![
            Span::styled(fit(what, label), self.style(Role::Dim)),
            Span::raw(" "),
            Span::styled(fit(old, cell), self.style(role)),
            Span::raw(" "),
            Span::styled(fit(new, cell), self.style(differs)),
        ])]
    }

    /// `▾ M src/parser.rs  +2 -1`.
    fn file(&self, index: usize) -> Vec<Line<'static>> {
        let Some(file) = self.diff.files().get(index) else {
            return Vec::new();
        };
        let is_open = !(self.is_folded)(file);
        let mut about = String::new();
        let mut say = |words: String| {
            about.push_str("  ");
            about.push_str(&words);
        };
        if let Some(old) = &file.old_path {
            let verb = match file.status {
                Status::Copied => "copied",
                _ => "moved",
            };
            say(format!("{verb} from {}", text::clean(old)));
        }
        match &file.modes {
            (Some(old), Some(new)) => say(format!("mode {old} -> {new}")),
            (None, Some(mode)) | (Some(mode), None) if mode != "100644" => {
                say(format!("mode {mode}"));
            }
            _ => {}
        }
        if file.binary {
            say("no text".to_owned());
        }
        let fold = glyph::fold(is_open, self.look.ascii);
        let path = text::clean(&file.path).into_owned();
        let line = Line::from(vec![
            Span::styled(format!("{fold} "), self.style(Role::Dim)),
            Span::styled(
                format!("{} ", file.status.letter()),
                self.style(role_of(file.status)),
            ),
            Span::styled(path, self.style(Role::DiffFile)),
            Span::styled(format!("  +{}", file.added), self.style(Role::DiffAdd)),
            Span::styled(format!(" -{}", file.removed), self.style(Role::DiffDel)),
            Span::styled(about, self.style(Role::Dim)),
        ]);
        text::wrap(line, self.columns, 4)
    }

    fn comment(&self, index: usize) -> Vec<Line<'static>> {
        let Some(comment) = self.comments.get(index) else {
            return Vec::new();
        };
        let (mark, role) = match (comment.is_sent, self.look.ascii) {
            (false, false) => ("▌ ", Role::Warning),
            (false, true) => ("# ", Role::Warning),
            (true, false) => ("▌ ", Role::Dim),
            (true, true) => ("# ", Role::Dim),
        };
        let indent = (self.digits + 1).min(self.columns / 4);
        let sent = if comment.is_sent { " (sent)" } else { "" };
        let words = format!("{}{sent}: {}", comment.anchor.number, comment.text);
        let room = self.columns.saturating_sub(indent + 2).max(1);
        plain(&words, room, self.style(role))
            .into_iter()
            .map(|mut line| {
                let mark = Span::styled(format!("{}{mark}", " ".repeat(indent)), self.style(role));
                line.spans.insert(0, mark);
                line
            })
            .collect()
    }

    /// A line over the whole width: numbers, sign, text.
    fn line(&self, index: usize) -> Vec<Line<'static>> {
        let Some(line) = self.diff.line(index) else {
            return Vec::new();
        };
        let digits = self.digits;
        let is_wide = self.columns >= NARROW;
        let (old, new) = (Some(line.old), Some(line.new));
        let (old, new) = match line.kind {
            Kind::Context => (old, new),
            Kind::Removed => (old, None),
            Kind::Added => (None, new),
            Kind::Hunk | Kind::NoNewline | Kind::Other => {
                let role = match line.kind {
                    Kind::Hunk => Role::DiffHunk,
                    _ => Role::Dim,
                };
                let content = text::clean(&short(&self.diff.text(index))).into_owned();
                let line = Line::from(Span::styled(content, self.style(role)));
                return text::wrap(line, self.columns, 2);
            }
        };
        let number = |number: Option<u32>| match number {
            Some(number) => format!("{number:>digits$} "),
            None => " ".repeat(digits + 1),
        };
        let numbers = if is_wide {
            number(old) + &number(new)
        } else {
            number(new.or(old))
        };
        let indent = text::width(&numbers) + 2;
        let mut spans = vec![Span::styled(numbers, self.style(Role::Dim))];
        spans.extend(self.code(index));
        self.wrapped(spans, line.kind, self.columns, indent)
    }

    /// Sign and text of a line.
    fn code(&self, index: usize) -> Vec<Span<'static>> {
        let Some(line) = self.diff.line(index) else {
            return Vec::new();
        };
        let (sign, role, word) = match line.kind {
            Kind::Added => ("+ ", Role::DiffAdd, Role::DiffAddWord),
            Kind::Removed => ("- ", Role::DiffDel, Role::DiffDelWord),
            _ => ("  ", Role::Text, Role::Text),
        };
        let content = content(self.diff, index, self.look.ascii);
        let changed = self.diff.partner(index).and_then(|partner| {
            let other = self::content(self.diff, partner, self.look.ascii);
            if line.kind == Kind::Removed {
                words::changed(&content, &other).map(|(removed, _)| removed)
            } else {
                words::changed(&other, &content).map(|(_, added)| added)
            }
        });
        let changed: Vec<Range<usize>> = changed.unwrap_or_default();
        let ground = self.ground(line.kind);
        let base = match ground {
            Some(ground) => self.style(Role::Text).patch(ground),
            None => self.style(role),
        };
        // Without a ground the colour of the letters tells what was added and removed.
        let words = match (line.kind, ground) {
            (Kind::Added | Kind::Removed, None) => &[],
            _ => self.colours.of(self.diff, index),
        };
        // Not by colour alone; and the cursor's line hides the grounds.
        let word = self.style(word).add_modifier(Modifier::UNDERLINED);
        let mut spans = vec![Span::styled(sign, base.patch(self.style(role)))];
        spans.extend(composed(
            &content,
            base,
            words,
            &changed,
            word,
            &self.look.theme,
        ));
        spans
    }

    /// The ground of a changed line, where the theme has one.
    fn ground(&self, kind: Kind) -> Option<Style> {
        let role = match kind {
            Kind::Added => Role::DiffAddLine,
            Kind::Removed => Role::DiffDelLine,
            _ => return None,
        };
        Some(self.style(role)).filter(|style| style.bg.is_some())
    }

    /// Lines of code: wrapped, and their ground reaches to the edge.
    fn wrapped(
        &self,
        spans: Vec<Span<'static>>,
        kind: Kind,
        columns: usize,
        indent: usize,
    ) -> Vec<Line<'static>> {
        let mut lines = text::wrap(Line::from(spans), columns, indent);
        if let Some(ground) = self.ground(kind) {
            for line in &mut lines {
                pad(line, columns, ground);
            }
        }
        lines
    }

    /// Old and new side by side.
    fn pair(&self, old: Option<u32>, new: Option<u32>) -> Vec<Line<'static>> {
        let left = self.columns.saturating_sub(1) / 2;
        let right = self.columns.saturating_sub(left + 1);
        let old = self.half(old.map(|line| line as usize), true, left);
        let new = self.half(new.map(|line| line as usize), false, right);
        let divider = if self.look.ascii { "|" } else { "│" };
        let count = old.len().max(new.len());
        let (mut old, mut new) = (old.into_iter(), new.into_iter());
        (0..count)
            .map(|_| {
                let mut line = old.next().unwrap_or_default();
                let gap = left.saturating_sub(line.width());
                line.spans.push(Span::raw(" ".repeat(gap)));
                line.spans
                    .push(Span::styled(divider, self.style(Role::Border)));
                line.spans.extend(new.next().unwrap_or_default().spans);
                line
            })
            .collect()
    }

    fn half(&self, index: Option<usize>, is_old: bool, columns: usize) -> Vec<Line<'static>> {
        let Some((index, line)) = index.and_then(|at| Some((at, self.diff.line(at)?))) else {
            return Vec::new();
        };
        let number = if is_old { line.old } else { line.new };
        let digits = self.digits;
        let mut spans = vec![Span::styled(
            format!("{number:>digits$} "),
            self.style(Role::Dim),
        )];
        spans.extend(self.code(index));
        self.wrapped(spans, line.kind, columns, digits + 3)
    }
}

/// The colour of what became of a file.
pub(super) fn role_of(status: Status) -> Role {
    match status {
        Status::Added => Role::DiffAdd,
        Status::Deleted => Role::DiffDel,
        Status::Modified | Status::Renamed | Status::Copied => Role::DiffHunk,
    }
}

/// What is drawn of a line: safe, not too long, and with a mark for a carriage return that came or went.
pub(super) fn content(diff: &Unified, index: usize, ascii: bool) -> String {
    let kind = diff.line(index).map(|line| line.kind);
    let whole = diff.text(index);
    let (body, ending) = match whole.strip_suffix('\r') {
        Some(body) if matches!(kind, Some(Kind::Added | Kind::Removed)) => {
            (body, if ascii { "^M" } else { "␍" })
        }
        Some(body) => (body, ""),
        None => (whole.as_ref(), ""),
    };
    let mut content = text::clean(&short(body)).into_owned();
    content.push_str(ending);
    content
}

/// The beginning of a line that is too long.
fn short(line: &str) -> Cow<'_, str> {
    let start = text::first_bytes(line, LONGEST_LINE);
    if start.len() == line.len() {
        return Cow::Borrowed(line);
    }
    Cow::Owned(format!(
        "{start} ({} in all)",
        text::bytes(line.len() as u64)
    ))
}
