//! What the frame says: tabs with their marks, the program's title, where the user looks.

use super::TerminalPane;
use super::tab::Tab;
use crate::ui::text;

/// A piece of the frame's first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Which tab it stands for.
    pub(crate) tab: Option<usize>,
    /// Whether that one is shown.
    pub(crate) is_shown: bool,
}

impl TerminalPane {
    /// The pieces that fit into so many columns, from left to right: names, or numbers where there is no room for names.
    pub(crate) fn titles(&self, columns: usize, ascii: bool) -> Vec<Piece> {
        let Some(shown) = self.tabs.get(self.current) else {
            return vec![plain("Terminal".to_owned())];
        };
        if self.tabs.len() == 1 {
            let mut words = vec!["Terminal".to_owned(), marked(shown, false)];
            words.extend(title_of(shown));
            let words = words.join("  ");
            return vec![plain(text::fit(&words, columns, ascii).into_owned())];
        }
        let named = self.pieces(|_| true);
        let numbered = self.pieces(|index| index == self.current);
        let mut pieces = if width(&named) <= columns {
            named
        } else {
            numbered
        };
        let used = width(&pieces);
        if used > columns {
            let words = format!(
                "{}/{} {}",
                self.current + 1,
                self.tabs.len(),
                marked(shown, true)
            );
            return vec![plain(text::fit(&words, columns, ascii).into_owned())];
        }
        // A few letters of a title tell nothing.
        if let Some(title) = title_of(shown).filter(|_| used + 8 <= columns) {
            let title = format!("  {title}");
            pieces.push(plain(text::fit(&title, columns - used, ascii).into_owned()));
        }
        pieces
    }

    fn pieces(&self, is_named: impl Fn(usize) -> bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (index, tab) in self.tabs.iter().enumerate() {
            if index > 0 {
                pieces.push(plain(" ".to_owned()));
            }
            let is_shown = index == self.current;
            let mut text = (index + 1).to_string();
            if is_named(index) {
                text.push(' ');
                text.push_str(&marked(tab, is_shown));
            } else {
                text.push_str(marks(tab, is_shown));
            }
            pieces.push(Piece {
                text,
                tab: Some(index),
                is_shown,
            });
        }
        pieces
    }

    /// Which tab stands at this column of the line.
    pub(crate) fn tab_at(&self, column: usize, columns: usize, ascii: bool) -> Option<usize> {
        let mut at = 0;
        for piece in self.titles(columns, ascii) {
            let end = at + text::width(&piece.text);
            if (at..end).contains(&column) {
                return piece.tab;
            }
            at = end;
        }
        None
    }

    /// What the frame says at its end.
    pub(crate) fn position(&self, is_zoomed: bool) -> Option<String> {
        let zoomed = is_zoomed.then(|| "zoomed".to_owned());
        let position = self.shown().and_then(super::program::Program::position);
        let words: Vec<String> = position.into_iter().chain(zoomed).collect();
        (!words.is_empty()).then(|| words.join("  "))
    }
}

fn plain(text: String) -> Piece {
    Piece {
        text,
        tab: None,
        is_shown: false,
    }
}

fn width(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| text::width(&piece.text)).sum()
}

/// `003 worktree 2/3*`.
fn marked(tab: &Tab, is_shown: bool) -> String {
    let part = tab.part().map(|part| format!(" {part}"));
    format!(
        "{}{}{}",
        tab.name(),
        part.unwrap_or_default(),
        marks(tab, is_shown)
    )
}

/// What is to be known of a tab: shown, rang, ended.
fn marks(tab: &Tab, is_shown: bool) -> &'static str {
    match (is_shown, tab.has_rung, tab.has_ended()) {
        (true, _, _) => "*",
        (false, true, _) => "!",
        (false, false, true) => " (ended)",
        (false, false, false) => "",
    }
}

fn title_of(tab: &Tab) -> Option<String> {
    let title = tab.shown()?.title();
    (!title.is_empty()).then_some(title)
}
