//! Pasted text: what is asked about before it is typed into a shell.

use std::fmt::Write as _;
use std::sync::Arc;

use super::TerminalPane;
use super::copy::CopyMode;
use crate::emulator::{encode_paste, presses_key};
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::text;

/// More is always asked about, in bytes.
const LARGE: usize = 1 << 20;
/// More is not typed at all: it would wait in memory for a program that reads it.
const TOO_LARGE: usize = 64 << 20;
/// It is handed on in pieces of so many bytes.
const PIECE: usize = 16 << 10;
/// So many of its lines are shown.
const LINES: usize = 6;
/// And so much of each, in characters.
const LINE: usize = 200;

/// What becomes of a paste.
#[derive(Debug)]
pub(crate) enum Pasted {
    /// It is on its way.
    Sent(Vec<Effect>),
    /// The user is asked first.
    Ask(Pasting),
    /// It goes nowhere; why.
    Refused(String),
}

/// A paste that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pasting {
    pub(crate) terminal: TerminalId,
    /// What that one is called.
    name: String,
    text: Arc<str>,
    /// Whether the program marks what is pasted, so that nothing of it is run by itself.
    is_marked: bool,
}

impl Pasting {
    /// The question.
    pub(crate) fn question(&self) -> String {
        let lines = self.text.lines().count();
        let count = match lines {
            0 | 1 => "one line".to_owned(),
            lines => format!("{lines} lines"),
        };
        let bytes = text::bytes(self.text.len() as u64);
        let why = if self.is_marked {
            ""
        } else {
            " It doesn't tell pasted text from keys: each line is run as it comes."
        };
        let mut question = format!("Paste {count} ({bytes}) into {}?{why}\n", self.name);
        for line in self.text.lines().take(LINES) {
            let cut: String = line.chars().take(LINE).collect();
            question.push_str("\n  ");
            question.push_str(&text::clean(&visible(&cut)));
        }
        if lines > LINES {
            let _strings_take_everything = write!(question, "\n  ... and {} more", lines - LINES);
        }
        question
    }
}

/// Control characters as people write them: those are what the question is about.
fn visible(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => shown.push(' '),
            '\0'..='\x1f' => {
                shown.push('^');
                shown.push(char::from(c as u8 + 0x40));
            }
            '\x7f' => shown.push_str("^?"),
            c if presses_key(c) => {
                let _strings_take_everything = write!(shown, "<{:02x}>", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Whether typing this could do more than put text into a line.
fn does_something(text: &str) -> bool {
    text.chars().any(presses_key)
}

impl TerminalPane {
    /// Pasted text for the shown program.
    pub(crate) fn paste(&mut self, text: &str) -> Pasted {
        let Some(program) = self.shown() else {
            return Pasted::Sent(Vec::new());
        };
        // Terminals mark ends of lines as their Enter key: with a carriage return.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if program.copy.as_ref().is_some_and(CopyMode::has_keys) {
            return Pasted::Refused("nothing is pasted in copy mode: leave it first".to_owned());
        }
        if text.len() > TOO_LARGE {
            let bytes = text::bytes(text.len() as u64);
            return Pasted::Refused(format!("{bytes} are too much to paste: put it into a file"));
        }
        let is_marked = program.emulator.modes().bracketed_paste;
        let is_asked = text.len() > LARGE || (!is_marked && does_something(&text));
        let terminal = program.id;
        if is_asked {
            return Pasted::Ask(Pasting {
                terminal,
                name: self.name_of(terminal).unwrap_or_default(),
                text: text.into(),
                is_marked,
            });
        }
        Pasted::Sent(self.type_pasted(terminal, &text))
    }

    /// The user said yes; `as_line`: to one line of it.
    pub(crate) fn paste_after_all(&mut self, pasting: &Pasting, as_line: bool) -> Vec<Effect> {
        if !as_line {
            return self.type_pasted(pasting.terminal, &pasting.text);
        }
        let words = pasting.text.lines().map(str::trim_end);
        let words: Vec<&str> = words.filter(|line| !line.is_empty()).collect();
        let line: String = words.join(" ");
        let line: String = line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        self.type_pasted(pasting.terminal, &line)
    }

    fn type_pasted(&mut self, terminal: TerminalId, text: &str) -> Vec<Effect> {
        let mut programs = self.programs_mut();
        let Some(program) = programs.find(|program| program.id == terminal) else {
            return Vec::new();
        };
        let bytes = encode_paste(text, program.emulator.modes());
        let pieces = bytes.chunks(PIECE);
        pieces
            .filter_map(|piece| program.typed(piece.to_vec()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_by_itself_is_asked_about() {
        assert!(!does_something("cargo test --workspace"));
        assert!(!does_something("a\tb"));
        assert!(does_something("ls\nrm -rf x"));
        assert!(does_something("ls\rrm"));
        assert!(does_something("a\u{3}b"));
        assert!(does_something("ls\n"));
    }
}
