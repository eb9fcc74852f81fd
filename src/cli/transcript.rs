//! A transcript as text, entry by entry as they come: memory doesn't grow with it.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::diff;
use super::output::{Paint, Role};
use super::text;
use crate::domain::item::{Entry, Item, PlanEntry, ToolKind, ToolStatus};

/// So many items are remembered, to print only what is new when one is told again.
const REMEMBERED: usize = 64;

/// Turns entries into text.
pub(super) struct Printer {
    paint: Paint,
    /// What is not written yet.
    text: String,
    at_line_start: bool,
    turn: u32,
    /// The item that the last line belongs to.
    last: Option<u64>,
    /// What was printed of the latest items.
    printed: VecDeque<(u64, String)>,
}

impl Printer {
    pub(super) fn new(paint: Paint) -> Self {
        Self {
            paint,
            text: String::new(),
            at_line_start: true,
            turn: 0,
            last: None,
            printed: VecDeque::new(),
        }
    }

    /// The text since the last call.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Begins the transcript of another attempt, whose ids are its own.
    pub(super) fn heading(&mut self, words: &str) {
        self.printed.clear();
        self.last = None;
        self.turn = 0;
        let words = self.paint.text(Role::Strong, &text::line(words));
        self.line(&words);
    }

    /// Ends the last line.
    pub(super) fn end_line(&mut self) {
        if !self.at_line_start {
            self.text.push('\n');
            self.at_line_start = true;
        }
        self.last = None;
    }

    /// A line of docket's own.
    pub(super) fn line(&mut self, line: &str) {
        self.end_line();
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(super) fn entry(&mut self, entry: &Entry) {
        if entry.turn != self.turn {
            self.turn = entry.turn;
            let words = format!("── turn {} ──", entry.turn);
            let words = self.paint.text(Role::Faint, &words);
            self.line(&words);
        }
        match &entry.item {
            Item::Message { text } => self.words(entry, text, "", Role::Plain),
            Item::Reasoning { text } => self.words(entry, text, "│ ", Role::Faint),
            Item::ToolCall {
                tool,
                title,
                status,
            } => self.call(entry, *tool, title, *status),
            Item::ToolResult { output, exit } => {
                self.words(entry, output, "  ", Role::Plain);
                if let Some(exit) = exit.filter(|exit| *exit != 0) {
                    let words = self.paint.text(Role::Bad, &format!("exit {exit}"));
                    self.line(&format!("  {words}"));
                }
            }
            Item::Plan { entries } => self.plan(entry, entries),
            Item::Diff { path, patch } => {
                if self.is_new(entry.id, patch) {
                    let path = self.paint.text(Role::Strong, &text::line(path));
                    self.line(&path);
                    let patch = diff::painted(&text::block(patch), self.paint);
                    self.text.push_str(&patch);
                    self.at_line_start = patch.is_empty() || patch.ends_with('\n');
                }
            }
            Item::Notice { text: words } => {
                let words = self.paint.text(Role::Faint, &text::line(words));
                self.line(&format!("· {words}"));
            }
            Item::Error {
                text: words,
                retrying,
            } => {
                let again = if *retrying { " (tries again)" } else { "" };
                for line in text::block(words).lines() {
                    let line = self.paint.text(Role::Bad, line);
                    self.line(&format!("! {line}{again}"));
                }
            }
            Item::Usage { .. } => {}
        }
    }

    /// A text that may come in pieces, or whole after its pieces.
    fn words(&mut self, entry: &Entry, words: &str, prefix: &str, role: Role) {
        let position = self.printed.iter().position(|(id, _)| *id == entry.id);
        let (rest, goes_on) = match position {
            Some(position) if entry.append => {
                self.printed[position].1.push_str(words);
                (words, true)
            }
            Some(position) => {
                let known = std::mem::replace(&mut self.printed[position].1, words.to_owned());
                match words.strip_prefix(known.as_str()) {
                    Some(rest) => (rest, true),
                    None => (words, false),
                }
            }
            None => {
                self.remember(entry.id, words);
                (words, false)
            }
        };
        if rest.is_empty() {
            return;
        }
        if !(goes_on && self.last == Some(entry.id)) {
            self.end_line();
        }
        for piece in text::block(rest).split_inclusive('\n') {
            if self.at_line_start {
                self.text.push_str(prefix);
            }
            let line = piece.strip_suffix('\n');
            self.text
                .push_str(&self.paint.text(role, line.unwrap_or(piece)));
            if line.is_some() {
                self.text.push('\n');
            }
            self.at_line_start = line.is_some();
        }
        self.last = Some(entry.id);
    }

    fn call(&mut self, entry: &Entry, tool: ToolKind, title: &str, status: ToolStatus) {
        let ended = match status {
            ToolStatus::Running | ToolStatus::Completed => "",
            ToolStatus::Failed => " (failed)",
            ToolStatus::Declined => " (not allowed)",
        };
        let kind = match tool {
            ToolKind::Read => "read ",
            ToolKind::Search => "search ",
            ToolKind::Edit => "edit ",
            ToolKind::Fetch => "fetch ",
            ToolKind::Execute | ToolKind::Other => "",
        };
        let words = format!("{kind}{title}{ended}");
        if self.is_new(entry.id, &words) {
            let role = if ended.is_empty() {
                Role::Active
            } else {
                Role::Bad
            };
            let words = self.paint.text(role, &text::line(&words));
            self.line(&words);
        }
    }

    fn plan(&mut self, entry: &Entry, steps: &[PlanEntry]) {
        let mut words = String::from("plan\n");
        for step in steps {
            let mark = if step.done { 'x' } else { ' ' };
            // Writing to a text can't fail.
            let _ = writeln!(words, "  [{mark}] {}", text::line(&step.text));
        }
        if self.is_new(entry.id, &words) {
            self.line(words.trim_end());
        }
    }

    /// Whether an item was not printed in just these words before.
    fn is_new(&mut self, id: u64, words: &str) -> bool {
        match self.printed.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) if known == words => false,
            Some((_, known)) => {
                words.clone_into(known);
                true
            }
            None => {
                self.remember(id, words);
                true
            }
        }
    }

    fn remember(&mut self, id: u64, words: &str) {
        if self.printed.len() == REMEMBERED {
            self.printed.pop_front();
        }
        self.printed.push_back((id, words.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn check(entries: &[(u64, bool, Item)], expected: &str) {
        let mut printer = Printer::new(Paint::for_result());
        for (id, append, item) in entries {
            printer.entry(&Entry {
                id: *id,
                at: Timestamp(0),
                turn: 1,
                parent: None,
                append: *append,
                item: item.clone(),
            });
        }
        printer.end_line();
        let text = printer.take();
        assert_eq!(text.strip_prefix("── turn 1 ──\n"), Some(expected));
    }

    fn message(text: &str) -> Item {
        Item::Message { text: text.into() }
    }

    fn call(status: ToolStatus) -> Item {
        Item::ToolCall {
            tool: ToolKind::Execute,
            title: "$ make".into(),
            status,
        }
    }

    #[test]
    fn a_text_in_pieces_and_then_whole_is_printed_once() {
        check(
            &[
                (1, false, message("Hel")),
                (1, true, message("lo")),
                (1, false, message("Hello")),
                (2, false, message("next\n")),
                (1, false, message("Hello!")),
                (1, false, message("Other")),
            ],
            "Hello\nnext\n!\nOther\n",
        );
    }

    #[test]
    fn a_call_is_one_line_until_it_fails() {
        let result = Item::ToolResult {
            output: "a\nb".into(),
            exit: Some(2),
        };
        check(
            &[
                (1, false, call(ToolStatus::Running)),
                (2, false, result),
                (1, false, call(ToolStatus::Running)),
                (1, false, call(ToolStatus::Failed)),
            ],
            "$ make\n  a\n  b\n  exit 2\n$ make (failed)\n",
        );
    }
}
