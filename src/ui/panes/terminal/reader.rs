//! Reading back in the shown terminal: copy mode and the mouse, as the rest of the screen calls them.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::TerminalPane;
use super::copy::{CopyMode, Holder, Outcome, words_of};
use super::marking::Released;
use super::program::Program;
use super::selection::{Selection, Shape};
use super::sheet::{Frozen, Point, Sheet};
use crate::ui::action::Action;
use crate::ui::panes::transcript::Toward;

pub(crate) use super::marking::PACE;

/// What came of an action, or of the mouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// Nothing more.
    Nothing,
    /// There is something to say.
    Say(String),
    /// This text goes to the clipboard; what to say.
    Copy(String, String),
    /// What is under the cursor is to be opened; a path in this folder, if it is one.
    Open {
        /// As it stands there.
        name: String,
        /// Where the program was started.
        folder: PathBuf,
    },
}

impl TerminalPane {
    /// Whether the keys are copy mode's.
    pub(crate) fn is_copying(&self) -> bool {
        let copy = self.shown().and_then(|program| program.copy.as_ref());
        copy.is_some_and(CopyMode::has_keys)
    }

    /// Whether the next key is a character that copy mode looks for.
    pub(crate) fn awaits_character(&self) -> bool {
        let copy = self.shown().and_then(|program| program.copy.as_ref());
        copy.is_some_and(CopyMode::awaits_character)
    }

    /// Whether something is selected.
    pub(crate) fn has_selection(&self) -> bool {
        let copy = self.shown().and_then(|program| program.copy.as_ref());
        copy.is_some_and(|copy| copy.selection.is_some())
    }

    /// Whether there is something to go to the next one of.
    pub(crate) fn has_search(&self) -> bool {
        let copy = self.shown().and_then(|program| program.copy.as_ref());
        copy.is_some_and(|copy| copy.search.is_some())
    }

    /// Begins copy mode. Whether there is a terminal.
    pub(crate) fn begin_copying(&mut self) -> bool {
        let Some(program) = self.shown_mut() else {
            return false;
        };
        if program.copy.as_ref().is_none_or(|copy| !copy.has_keys()) {
            let (top, rows) = (program.seen_from(), program.view_rows());
            program.copy = Some(CopyMode::new(&program.emulator, top, rows, Holder::Keys));
        }
        true
    }

    /// Does an action of copy mode; `None` when there is no copy mode, or when it is none of its actions.
    pub(crate) fn copy_action(&mut self, action: Action) -> Option<Done> {
        let program = self.shown_mut()?;
        let copy = program.copy.as_mut().filter(|copy| copy.has_keys())?;
        let outcome = copy.perform(&program.emulator, action)?;
        Some(program.finish(outcome))
    }

    /// Begins a search.
    pub(crate) fn begin_search(&mut self, toward: Toward) {
        let copy = self.shown_mut().and_then(|program| program.copy.as_mut());
        if let Some(copy) = copy {
            copy.begin_search(toward);
        }
    }

    /// Looks for these words while they are typed.
    pub(crate) fn search(&mut self, words: &str) {
        if let Some(program) = self.shown_mut()
            && let Some(copy) = &mut program.copy
        {
            copy.search(&program.emulator, words);
        }
    }

    /// While a search is typed: to the match above, or below.
    pub(crate) fn step_search(&mut self, toward: Toward) {
        if let Some(program) = self.shown_mut()
            && let Some(copy) = &mut program.copy
        {
            copy.step_search(&program.emulator, toward);
        }
    }

    /// Begins a search from outside of copy mode, or in it.
    pub(crate) fn begin_copying_for_search(&mut self, toward: Toward) {
        let is_new = !self.is_copying();
        self.begin_copying();
        self.begin_search(toward);
        let copy = self.shown_mut().and_then(|program| program.copy.as_mut());
        if let Some(copy) = copy {
            copy.is_for_search |= is_new;
        }
    }

    /// The search is over: kept, or dropped, and with it the copy mode that was begun for it.
    pub(crate) fn end_search(&mut self, is_kept: bool) {
        let Some(program) = self.shown_mut() else {
            return;
        };
        let Some(copy) = &mut program.copy else {
            return;
        };
        let is_for_search = std::mem::take(&mut copy.is_for_search);
        if is_kept {
            return;
        }
        if is_for_search {
            // Where the user looked before is where they look now.
            program.copy = None;
        } else {
            copy.drop_search(&program.emulator);
        }
    }

    /// Whether rows wait to be searched.
    pub(crate) fn is_searching(&self) -> bool {
        let copy = self.shown().and_then(|program| program.copy.as_ref());
        copy.is_some_and(CopyMode::is_searching)
    }

    /// Searches for no longer than `budget`.
    pub(super) fn search_on(&mut self, budget: Duration, elapsed: &dyn Fn() -> Duration) {
        let Some(program) = self.shown_mut() else {
            return;
        };
        let Some(copy) = &mut program.copy else {
            return;
        };
        let until = elapsed().saturating_add(budget);
        while copy.is_searching() {
            copy.work(&program.emulator, 1);
            if elapsed() >= until {
                break;
            }
        }
    }

    /// All that the shown terminal keeps, as text.
    pub(crate) fn whole_text(&self) -> Option<String> {
        let emulator = &self.shown()?.emulator;
        let frozen = Frozen::of(emulator);
        let sheet = Sheet::new(emulator, &frozen);
        let all = Selection {
            anchor: Point {
                row: sheet.first(),
                column: 0,
            },
            shape: Shape::Characters,
        };
        let end = Point {
            row: sheet.end() - 1,
            column: u16::MAX,
        };
        let mut text = all.covers(&sheet, end).text(&sheet);
        text.truncate(text.trim_end_matches('\n').len());
        text.push('\n');
        Some(text)
    }

    /// The mouse on the shown program's place, and beyond it while the button is held. `None` when it is nothing to it.
    pub(crate) fn mark(
        &mut self,
        mouse: MouseEvent,
        inside: Rect,
        is_block: bool,
        now: Duration,
    ) -> Option<Done> {
        let program = self.shown_mut()?;
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let column = mouse.column.checked_sub(inside.x)?;
                let row = mouse.row.checked_sub(inside.y)?;
                if column >= inside.width || row >= inside.height {
                    return None;
                }
                program.press(column, row, is_block, now);
                Some(Done::Nothing)
            }
            MouseEventKind::Drag(MouseButton::Left) if program.is_held() => {
                let column = i32::from(mouse.column) - i32::from(inside.x);
                let row = i32::from(mouse.row) - i32::from(inside.y);
                program.drag(column, row, now);
                Some(Done::Nothing)
            }
            MouseEventKind::Up(_) if program.is_held() => Some(match program.release() {
                Released::Click => Done::Nothing,
                Released::Text(text) if text.is_empty() => Done::Nothing,
                Released::Text(text) => {
                    let words = words_of(&text);
                    Done::Copy(text, words)
                }
            }),
            _ => None,
        }
    }

    /// Whether the mouse holds a selection.
    pub(crate) fn is_marking(&self) -> bool {
        self.shown().is_some_and(Program::is_held)
    }

    /// The mouse is somebody else's now: what it held is let go, and stays marked.
    pub(crate) fn let_go(&mut self) {
        if let Some(program) = self.shown_mut().filter(|program| program.is_held()) {
            program.release();
        }
    }

    /// What the mouse had marked is marked no more.
    pub(crate) fn unmark(&mut self) {
        if let Some(program) = self.shown_mut() {
            program.unmark();
        }
    }

    /// Looks back by so many lines, or forth.
    pub(crate) fn scroll_lines(&mut self, lines: i64) {
        if let Some(program) = self.shown_mut() {
            program.scroll_lines(lines);
        }
    }

    /// Whether copy mode's cursor and view are where there is something.
    #[cfg(test)]
    pub(crate) fn cursor_is_sound(&self) -> bool {
        let Some(program) = self.shown() else {
            return true;
        };
        program.copy.as_ref().is_none_or(|copy| {
            let sheet = Sheet::new(&program.emulator, &copy.frozen);
            let (columns, _) = program.emulator.size();
            let is_forgotten = copy.cursor.row < sheet.first();
            copy.cursor.row < sheet.end()
                && (is_forgotten || sheet.clamp(copy.cursor) == copy.cursor)
                && copy.cursor.column < columns.max(2)
        })
    }

    /// Whether the view goes on by itself, since the mouse is held beyond its edge.
    pub(crate) fn goes_on(&self) -> bool {
        self.shown().is_some_and(Program::goes_on)
    }

    /// The view goes on, if it is time.
    pub(crate) fn go_on(&mut self, now: Duration) {
        if let Some(program) = self.shown_mut() {
            program.go_on(now, false);
        }
    }
}

impl Program {
    fn finish(&mut self, outcome: Outcome) -> Done {
        match outcome {
            Outcome::Nothing => Done::Nothing,
            Outcome::Say(words) => Done::Say(words.to_owned()),
            Outcome::Leave => {
                self.leave_copy_mode();
                Done::Nothing
            }
            Outcome::Copy(text, leaves) => {
                if leaves {
                    self.leave_copy_mode();
                }
                let words = words_of(&text);
                if text.is_empty() {
                    return Done::Say(words);
                }
                Done::Copy(text, words)
            }
            Outcome::Open(name) => Done::Open {
                name,
                folder: self.request.folder.clone(),
            },
        }
    }

    /// Back to the end.
    fn leave_copy_mode(&mut self) {
        self.copy = None;
        self.look_at(u64::MAX);
    }
}
