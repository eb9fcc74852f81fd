//! Patches drawn: unified, or side by side where there is room; code in colour, changed words marked.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::highlight::{Hint, Painted};
use super::patch::{Patch, Row, Side};
use crate::ui::text;
use crate::ui::theme::{Role, Theme};

/// From this width on the two sides stand beside each other.
pub(crate) const BESIDE: usize = 108;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

impl Kind {
    fn sign(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Removed => "-",
            Self::Added => "+",
        }
    }

    /// The sign's role, the line's and that of words that differ.
    fn roles(self) -> (Role, Role, Role) {
        match self {
            Self::Same => (Role::Dim, Role::Text, Role::Text),
            Self::Removed => (Role::DiffDel, Role::DiffDelLine, Role::DiffDelWord),
            Self::Added => (Role::DiffAdd, Role::DiffAddLine, Role::DiffAddWord),
        }
    }
}

/// The patch of one file as lines of at most the canvas' columns; `path` tells the language. `most` rows of it at most, and how many are
/// left out.
pub(crate) fn lines(
    patch: &str,
    path: &str,
    most: usize,
    canvas: &mut Canvas<'_>,
) -> (Vec<Line<'static>>, usize) {
    let mut patch = Patch::parse(patch);
    patch.rows.retain(|row| !is_name(row));
    let hint = Hint::of_path(path);
    let old = canvas.paint(&patch.old, hint.as_ref());
    let new = canvas.paint(&patch.new, hint.as_ref());
    let painter = Painter {
        columns: canvas.columns,
        theme: &canvas.look.theme,
        ascii: canvas.look.ascii,
        old: old.as_deref(),
        new: new.as_deref(),
        digits: digits(&patch),
    };
    let left = patch.rows.len().saturating_sub(most);
    // A row that would be left out alone is shown instead of the words that say so.
    let most = if left <= 1 { usize::MAX } else { most };
    let rows = patch.rows.iter().take(most);
    let lines = if canvas.columns >= BESIDE {
        rows.flat_map(|row| painter.beside(row)).collect()
    } else {
        painter.unified(rows)
    };
    (lines, if left <= 1 { 0 } else { left })
}

/// Whether a row only names the file, which whoever asks has named already.
fn is_name(row: &Row) -> bool {
    const NAMES: [&str; 4] = ["diff ", "index ", "--- ", "+++ "];
    match row {
        Row::Head(words, role) => {
            *role == Role::DiffFile && NAMES.iter().any(|name| words.starts_with(name))
        }
        Row::Same(..) | Row::Changed(..) => false,
    }
}

/// How many columns line numbers need; none where the patch tells none.
fn digits(patch: &Patch) -> usize {
    let highest = patch.rows.iter().filter_map(|row| match row {
        Row::Head(..) => None,
        Row::Same(old, new) => old.number.max(new.number),
        Row::Changed(old, new) => {
            let number = |side: &Option<Side>| side.as_ref().and_then(|side| side.number);
            number(old).max(number(new))
        }
    });
    highest.max().map_or(0, |number| number.to_string().len())
}

struct Painter<'a> {
    columns: usize,
    theme: &'a Theme,
    ascii: bool,
    old: Option<&'a Painted>,
    new: Option<&'a Painted>,
    digits: usize,
}

impl Painter<'_> {
    fn head(&self, words: &str, role: Role) -> Vec<Line<'static>> {
        let words = text::clean(words).into_owned();
        text::wrap(
            Line::from(Span::styled(words, self.theme.style(role))),
            self.columns,
            0,
        )
    }

    /// Removed lines of a change before the added ones, as in the patch.
    fn unified<'r>(&self, rows: impl Iterator<Item = &'r Row>) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        let mut added: Vec<&Side> = Vec::new();
        for row in rows {
            match row {
                Row::Changed(old, new) => {
                    // The next change begins with what it removes.
                    if let Some(old) = old {
                        lines.extend(self.side(old, Kind::Removed, self.columns, 0));
                    }
                    added.extend(new);
                }
                Row::Head(words, role) => {
                    self.flush(&mut added, &mut lines);
                    lines.extend(self.head(words, *role));
                }
                Row::Same(_, new) => {
                    self.flush(&mut added, &mut lines);
                    lines.extend(self.side(new, Kind::Same, self.columns, 0));
                }
            }
        }
        self.flush(&mut added, &mut lines);
        lines
    }

    fn flush(&self, added: &mut Vec<&Side>, lines: &mut Vec<Line<'static>>) {
        for side in added.drain(..) {
            lines.extend(self.side(side, Kind::Added, self.columns, 0));
        }
    }

    fn beside(&self, row: &Row) -> Vec<Line<'static>> {
        let bar = if self.ascii { " | " } else { " │ " };
        let left_columns = self.columns.saturating_sub(3) / 2;
        let right_columns = self.columns.saturating_sub(3 + left_columns);
        let of = |side: Option<&Side>, kind, columns| {
            side.map(|side| self.side(side, kind, columns, self.digits))
                .unwrap_or_default()
        };
        let (left, right) = match row {
            Row::Head(words, role) => return self.head(words, *role),
            Row::Same(old, new) => (
                of(Some(old), Kind::Same, left_columns),
                of(Some(new), Kind::Same, right_columns),
            ),
            Row::Changed(old, new) => (
                of(old.as_ref(), Kind::Removed, left_columns),
                of(new.as_ref(), Kind::Added, right_columns),
            ),
        };
        let height = left.len().max(right.len());
        let mut left = left.into_iter();
        let mut right = right.into_iter();
        (0..height)
            .map(|_| {
                let mut line = left.next().unwrap_or_default();
                pad(&mut line, left_columns, Style::default());
                line.spans
                    .push(Span::styled(bar, self.theme.style(Role::Border)));
                line.spans.extend(right.next().unwrap_or_default().spans);
                line
            })
            .collect()
    }

    /// A line of one side, wrapped; a ground reaches to the edge.
    fn side(&self, side: &Side, kind: Kind, columns: usize, digits: usize) -> Vec<Line<'static>> {
        let (sign, ground, word) = kind.roles();
        let ground = self.theme.style(ground);
        let has_ground = ground.bg.is_some();
        let base = if has_ground {
            self.theme.style(Role::Text).patch(ground)
        } else {
            ground
        };
        let painted = if kind == Kind::Removed {
            self.old
        } else {
            self.new
        };
        let painted = painted
            .and_then(|painted| painted.get(side.index))
            .filter(|_| kind == Kind::Same || has_ground);
        let mut spans = Vec::new();
        if digits > 0 {
            let number = side
                .number
                .map(|number| number.to_string())
                .unwrap_or_default();
            spans.push(Span::styled(
                format!("{number:>digits$} "),
                self.theme.style(Role::Dim),
            ));
        }
        spans.push(Span::styled(
            kind.sign(),
            base.patch(self.theme.style(sign)),
        ));
        let parts = painted.map_or(&[][..], Vec::as_slice);
        spans.extend(composed(
            &side.text,
            base,
            parts,
            &side.words,
            self.theme.style(word),
            self.theme,
        ));
        let indent = if digits > 0 { digits + 2 } else { 1 };
        let mut lines = text::wrap(Line::from(spans), columns, indent);
        if has_ground && kind != Kind::Same {
            for line in &mut lines {
                pad(line, columns, ground);
            }
        }
        lines
    }
}

/// Fills a line up to `columns`.
pub(crate) fn pad(line: &mut Line<'static>, columns: usize, style: Style) {
    let gap = columns.saturating_sub(line.width());
    if gap > 0 {
        line.spans.push(Span::styled(" ".repeat(gap), style));
    }
}

/// A line with two layers of style: what its words are as code, and which of them differ.
pub(crate) fn composed(
    content: &str,
    base: Style,
    parts: &[(Role, Range<usize>)],
    words: &[Range<usize>],
    word: Style,
    theme: &Theme,
) -> Vec<Span<'static>> {
    let mut edges: Vec<usize> = parts
        .iter()
        .map(|(_, range)| range)
        .chain(words)
        .flat_map(|range| [range.start, range.end])
        .chain([0, content.len()])
        .filter(|at| content.is_char_boundary(*at))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let pieces = edges.windows(2).filter_map(|pair| match pair {
        [start, end] => Some((*start, content.get(*start..*end)?)),
        _ => None,
    });
    pieces
        .map(|(at, piece)| {
            let mut style = base;
            if let Some((role, _)) = parts.iter().find(|(_, range)| range.contains(&at)) {
                style = style.patch(theme.style(*role));
            }
            if words.iter().any(|range| range.contains(&at)) {
                style = style.patch(word);
            }
            Span::styled(text::clean(piece).into_owned(), style)
        })
        .collect()
}
