//! Private modes, the two screens, and what is answered about them.

use super::Performer;
use super::state::{Flags, Page};

/// How a mode is, as DECRQM tells it.
fn told(is_on: bool) -> u8 {
    if is_on { 1 } else { 2 }
}

impl Performer<'_> {
    /// DECSET and DECRST.
    pub(super) fn set_mode(&mut self, number: u16, is_on: bool) {
        match number {
            6 => {
                self.write(if is_on { "\x1b[?6h" } else { "\x1b[?6l" });
                self.state.page_mut().origin = is_on;
            }
            47 | 1047 if is_on => self.enter_alternate(false),
            1049 if is_on => self.enter_alternate(true),
            47 => self.leave_alternate(false, false),
            1047 => self.leave_alternate(true, false),
            1049 => self.leave_alternate(false, true),
            1048 if is_on => self.save(),
            1048 => self.restore(),
            _ => {
                let Some(flag) = Flags::private(number) else {
                    return;
                };
                self.begins_update |= number == 2026 && is_on;
                self.state.flags.set(flag, is_on);
            }
        }
    }

    /// The alternate screen. The cursor stays where it is, which vt100 doesn't know.
    fn enter_alternate(&mut self, saves_and_clears: bool) {
        let (row, column) = self.cursor();
        if saves_and_clears {
            self.save();
            self.write("\x1b[?1049h");
            let keyboard = self.state.alternate.keyboard;
            let keyboards = std::mem::take(&mut self.state.alternate.keyboards);
            self.state.alternate = Page {
                bottom: self.state.rows - 1,
                keyboard,
                keyboards,
                ..Page::default()
            };
        } else if self.state.is_alternate {
            return;
        } else {
            self.write("\x1b[?47h");
        }
        if !self.state.is_alternate {
            self.state.is_alternate = true;
            self.state.extras.pin(true);
        }
        self.move_to(row, column.min(self.state.columns - 1));
        self.toil();
    }

    fn leave_alternate(&mut self, clears: bool, restores: bool) {
        if self.state.is_alternate {
            let (row, column) = self.cursor();
            if clears {
                self.write("\x1b[m\x1b[2J");
                let pen = self.state.pen;
                super::sgr::write(&pen, self.out);
            }
            self.write("\x1b[?47l");
            self.state.is_alternate = false;
            self.state.extras.pin(false);
            if !restores {
                self.move_to(row, column.min(self.state.columns - 1));
            }
        }
        if restores {
            self.restore();
        }
        self.toil();
    }

    /// Whatever asks for an answer; what doesn't is left out.
    pub(super) fn question(
        &mut self,
        intermediates: &[u8],
        action: char,
        number: impl Fn(usize) -> u16,
    ) {
        let first = number(0);
        match (intermediates, action) {
            (b"" | b"?", 'n') if first == 6 => self.tell_place(intermediates == b"?"),
            (b"?", 'u') => {
                let keyboard = self.state.page().keyboard.0;
                self.state.replies.say(&format!("\x1b[?{keyboard}u"));
            }
            (b"?", 'm') if first == 4 => {
                let level = self.state.modify_other_keys;
                self.state.replies.say(&format!("\x1b[>4;{level}m"));
            }
            (b"?$", 'p') => {
                let how = self.mode(first);
                self.state.replies.say(&format!("\x1b[?{first};{how}$y"));
            }
            (b"$", 'p') => {
                let how = match first {
                    4 => told(self.state.flags.has(Flags::INSERT)),
                    20 => told(self.state.flags.has(Flags::LINE_FEED)),
                    _ => 0,
                };
                self.state.replies.say(&format!("\x1b[{first};{how}$y"));
            }
            _ => {
                let size = (self.state.columns, self.state.rows);
                self.state
                    .replies
                    .question(intermediates, action, first, size);
            }
        }
    }

    /// DSR 6: where the cursor is, counted from where the program counts.
    fn tell_place(&mut self, is_private: bool) {
        let (row, column) = self.cursor();
        let page = self.state.page();
        let row = if page.origin {
            row.saturating_sub(page.top)
        } else {
            row
        };
        let column = column.min(self.state.columns - 1);
        let mark = if is_private { "?" } else { "" };
        self.state
            .replies
            .say(&format!("\x1b[{mark}{};{}R", row + 1, column + 1));
    }

    /// How a private mode is: 1 on, 2 off, 4 off for ever, 0 not known.
    fn mode(&self, number: u16) -> u8 {
        match number {
            6 => told(self.state.page().origin),
            47 | 1047 | 1049 => told(self.state.is_alternate),
            1048 => told(true),
            // Columns by mode, smooth scrolling, margins left and right.
            3 | 4 | 69 => 4,
            _ => Flags::private(number).map_or(0, |flag| told(self.state.flags.has(flag))),
        }
    }
}
