//! Control sequences and escapes: those that vt100 makes the right thing of go on, the others become what it knows.

use super::state::{Flags, Saved};
use super::{Performer, sgr};
use crate::emulator::cell::{CellStyle, CursorShape};

/// The parameters of a sequence.
struct Numbers<'a>(&'a vte::Params);

impl Numbers<'_> {
    /// The parameter at a place; 0 where there is none.
    fn at(&self, index: usize) -> u16 {
        let param = self.0.iter().nth(index);
        param.and_then(|param| param.first()).copied().unwrap_or(0)
    }

    /// The same, where 0 means 1.
    fn count(&self) -> u16 {
        self.at(0).max(1)
    }
}

impl Performer<'_> {
    /// A control sequence.
    pub(super) fn csi(&mut self, params: &vte::Params, intermediates: &[u8], action: char) {
        let numbers = Numbers(params);
        match (intermediates, action) {
            (b"", 'm') => self.sgr(params),
            (b"", 'H' | 'f' | 'C' | 'G' | '`' | 'E' | 'F') => {
                self.pass(params, action);
                self.state.may_be_past_margin = false;
            }
            (b"", 'A' | 'B') => {
                self.leave_margin();
                self.pass(params, action);
            }
            (b"", 'd') => self.row(numbers.count()),
            (b"", 'e') => {
                let (row, _) = self.cursor();
                self.leave_margin();
                let row = row.saturating_add(numbers.count()).saturating_add(1);
                self.write(&format!("\x1b[{row}d"));
            }
            (b"", 'a') => self.write(&format!("\x1b[{}C", numbers.count())),
            (b"", 'D') => {
                // Behind the last column the cursor is on the last.
                let more = u32::from(self.is_past_margin());
                self.write(&format!("\x1b[{}D", u32::from(numbers.count()) + more));
            }
            (b"" | b"?", 'J') if numbers.at(0) == 3 => {
                self.flush();
                self.screen.callbacks_mut().history.clear();
            }
            (b"" | b"?", 'J') if numbers.at(0) <= 2 => {
                self.erase(params, intermediates, action);
                self.toil();
            }
            (b"" | b"?", 'K') if numbers.at(0) <= 2 => self.erase(params, intermediates, action),
            (b"", 'X') => self.erase(params, intermediates, action),
            (b"", '@') => {
                let count = numbers.count();
                self.write(&format!("\x1b[{count}@"));
                if self.state.has_background() {
                    self.with_bare_pen(|this| this.write(&format!("\x1b[{count}X")));
                }
            }
            (b"", 'P') => self.delete_characters(numbers.count()),
            (b"", 'L' | 'M' | 'S' | 'T') => self.scroll(numbers.count(), action),
            (b"", 'b') => self.repeat(numbers.count()),
            (b"", 'I') => self.tab(numbers.count(), true),
            (b"", 'Z') => self.tab(numbers.count(), false),
            (b"", 'g') => match numbers.at(0) {
                0 => self.set_tab(false),
                3 => self.state.tabs_mut().fill(false),
                _ => {}
            },
            (b"?", 'W') if numbers.at(0) == 5 => self.state.tabs = None,
            (b"", 'r') => self.region(numbers.at(0), numbers.at(1)),
            (b"", 's') => self.save(),
            (b"", 'u') => self.restore(),
            (b"", 'h' | 'l') => {
                for param in params {
                    let flag = match param {
                        [4] => Flags::INSERT,
                        [20] => Flags::LINE_FEED,
                        _ => continue,
                    };
                    self.state.flags.set(flag, action == 'h');
                }
            }
            (b"?", 'h' | 'l') => {
                for param in params {
                    self.set_mode(param.first().copied().unwrap_or(0), action == 'h');
                }
            }
            (b"?", 's' | 'r') => {
                for param in params {
                    let flag = param.first().and_then(|number| Flags::private(*number));
                    let Some(flag) = flag else { continue };
                    if action == 's' {
                        let is_on = self.state.flags.has(flag);
                        self.state.saved_flags.set(flag, is_on);
                    } else {
                        let is_on = self.state.saved_flags.has(flag);
                        self.state.flags.set(flag, is_on);
                    }
                }
            }
            (b" ", 'q') => self.set_cursor_style(numbers.at(0)),
            (b"!", 'p') => self.soft_reset(),
            (b">", 'u') => self.state.push_keyboard(numbers.at(0)),
            (b"<", 'u') => self.state.pop_keyboard(numbers.count()),
            (b"=", 'u') => self.state.set_keyboard(numbers.at(0), numbers.at(1)),
            (b">", 'm') => match (numbers.at(0), numbers.at(1)) {
                (4, level) => self.state.modify_other_keys = level.min(2) as u8,
                (0, _) => self.state.modify_other_keys = 0,
                _ => {}
            },
            (b">", 'n') if numbers.at(0) == 4 => self.state.modify_other_keys = 0,
            (b"", 't') if numbers.at(0) == 22 && numbers.at(1) != 1 => self.state.push_title(),
            (b"", 't') if numbers.at(0) == 23 && numbers.at(1) != 1 => self.state.pop_title(),
            _ => self.question(intermediates, action, |index| numbers.at(index)),
        }
    }

    /// An escape that begins nothing longer.
    pub(super) fn escape(&mut self, intermediates: &[u8], byte: u8) {
        match (intermediates, byte) {
            (b"", b'7') => self.save(),
            (b"", b'8') => self.restore(),
            (b"", b'=') => self.state.flags.set(Flags::APPLICATION_KEYPAD, true),
            (b"", b'>') => self.state.flags.set(Flags::APPLICATION_KEYPAD, false),
            (b"", b'D') => self.line_feed(),
            (b"", b'E') => {
                self.write("\r");
                self.line_feed();
            }
            (b"", b'H') => self.set_tab(true),
            (b"", b'M') => self.reverse_line_feed(),
            (b"", b'N') => self.state.charsets.shift_once(2),
            (b"", b'O') => self.state.charsets.shift_once(3),
            (b"", b'n') => self.state.charsets.shift(2),
            (b"", b'o') => self.state.charsets.shift(3),
            (b"", b'Z') => self.question(b"", 'c', |_| 0),
            (b"", b'c') => {
                self.write("\x1bc");
                self.state.reset();
                self.toil();
            }
            (b"#", b'8') => self.align(),
            ([intermediate], last) => self.state.charsets.designate(*intermediate, last),
            _ => {}
        }
    }

    /// The sequence goes on as it is.
    fn pass(&mut self, params: &vte::Params, action: char) {
        if self.is_whole {
            self.passes = true;
            return;
        }
        self.write("\x1b[");
        for (index, param) in params.iter().enumerate() {
            for (part, number) in param.iter().enumerate() {
                if part > 0 {
                    self.write(":");
                } else if index > 0 {
                    self.write(";");
                }
                self.write(&number.to_string());
            }
        }
        self.out.extend(u8::try_from(action));
    }

    fn sgr(&mut self, params: &vte::Params) {
        let was_both = self.state.pen.bold && self.state.pen.dim;
        let found = sgr::apply(&mut self.state.pen, params);
        if found.is_known && !was_both {
            self.pass(params, 'm');
        } else {
            sgr::write(&self.state.pen, self.out);
        }
        if found.is_extra {
            self.state.retag();
        }
    }

    /// A cursor behind the last column is on the last: vt100 would have it wrap wherever it goes.
    fn leave_margin(&mut self) {
        if self.is_past_margin() {
            self.write(&format!("\x1b[{}G", self.state.columns));
        }
    }

    /// VPA. vt100 counts from the screen's first row always.
    fn row(&mut self, row: u16) {
        self.leave_margin();
        let page = self.state.page();
        let row = if page.origin {
            row.saturating_add(page.top).min(page.bottom + 1)
        } else {
            row
        };
        self.write(&format!("\x1b[{row}d"));
    }

    /// ED, EL, ECH, of one parameter. Whether characters are protected makes no difference: none are.
    fn erase(&mut self, params: &vte::Params, intermediates: &[u8], action: char) {
        if self.has_bare_pen() && intermediates.is_empty() {
            self.pass(params, action);
        } else {
            let number = Numbers(params).at(0);
            self.with_bare_pen(|this| this.write(&format!("\x1b[{number}{action}")));
        }
    }

    fn delete_characters(&mut self, count: u16) {
        self.write(&format!("\x1b[{count}P"));
        if !self.state.has_background() {
            return;
        }
        let (_, column) = self.cursor();
        if column < self.state.columns {
            let from = self.state.columns.saturating_sub(count).max(column) + 1;
            self.with_bare_pen(|this| this.write(&format!("\x1b[{from}G\x1b[K")));
            self.write(&format!("\x1b[{}G", u32::from(column) + 1));
        }
    }

    /// IL, DL, SU, SD. What comes in gets the colour of the background.
    fn scroll(&mut self, count: u16, action: char) {
        self.write(&format!("\x1b[{count}{action}"));
        self.toil();
        if !self.state.has_background() {
            return;
        }
        let (row, _) = self.cursor();
        let (top, bottom) = (self.state.page().top, self.state.page().bottom);
        let first = match action {
            'L' | 'M' if row < top || row > bottom => return,
            'L' | 'M' => row,
            _ => top,
        };
        let count = count.min(bottom - first + 1);
        let rows = match action {
            'L' | 'T' => first..first + count,
            _ => bottom + 1 - count..bottom + 1,
        };
        self.with_bare_pen(|this| {
            for row in rows {
                this.write(&format!("\x1b[{}d\x1b[2K", row + 1));
            }
        });
        self.write(&format!("\x1b[{}d", row + 1));
    }

    /// RI. vt100 scrolls also from the first row of the screen when that is above the rows that scroll.
    fn reverse_line_feed(&mut self) {
        let top = self.state.page().top;
        if top == 0 && !self.state.has_background() {
            self.write("\x1bM");
            return;
        }
        let (row, _) = self.cursor();
        if row == 0 && top > 0 {
            return;
        }
        self.write("\x1bM");
        if row == top {
            self.with_bare_pen(|this| this.write("\x1b[2K"));
        }
    }

    /// REP, as often as there is room on the screen.
    fn repeat(&mut self, count: u16) {
        let Some(c) = self.state.last else { return };
        let room = u32::from(self.state.columns) * u32::from(self.state.rows);
        for _ in 0..u32::from(count).min(room) {
            self.put(c);
        }
        self.effort += usize::from(count);
    }

    fn tab(&mut self, count: u16, is_forth: bool) {
        let (_, mut column) = self.cursor();
        if column >= self.state.columns {
            column = self.state.columns - 1;
        }
        for _ in 0..count.min(self.state.columns) {
            column = if is_forth {
                self.state.next_tab(column)
            } else {
                self.state.tab_before(column)
            };
        }
        self.write(&format!("\x1b[{}G", u32::from(column) + 1));
        self.effort += usize::from(self.state.columns);
    }

    fn set_tab(&mut self, is_set: bool) {
        let (_, column) = self.cursor();
        let column = usize::from(column.min(self.state.columns - 1));
        if let Some(tab) = self.state.tabs_mut().get_mut(column) {
            *tab = is_set;
        }
    }

    /// DECSTBM. The cursor goes home: to the first row, not to the first that scrolls.
    fn region(&mut self, top: u16, bottom: u16) {
        let rows = self.state.rows;
        let bottom = if bottom == 0 { rows } else { bottom.min(rows) };
        let top = top.max(1);
        if top >= bottom {
            return;
        }
        let page = self.state.page_mut();
        (page.top, page.bottom) = (top - 1, bottom - 1);
        self.write(&format!("\x1b[{top};{bottom}r\x1b[H"));
    }

    /// DECSC: vt100 saves the place.
    pub(super) fn save(&mut self) {
        self.write("\x1b7");
        let saved = Saved {
            pen: self.state.pen,
            charsets: self.state.charsets,
            origin: self.state.page().origin,
        };
        self.state.page_mut().saved = saved;
    }

    /// DECRC.
    pub(super) fn restore(&mut self) {
        self.write("\x1b8");
        self.state.may_be_past_margin = true;
        let saved = self.state.page().saved;
        self.state.page_mut().origin = saved.origin;
        self.state.charsets = saved.charsets;
        self.take_pen(saved.pen);
    }

    /// DECSCUSR.
    fn set_cursor_style(&mut self, style: u16) {
        let (shape, blinks) = match style {
            0 => (CursorShape::Default, false),
            1 | 2 => (CursorShape::Block, style == 1),
            3 | 4 => (CursorShape::Underline, style == 3),
            5 | 6 => (CursorShape::Bar, style == 5),
            _ => return,
        };
        self.state.shape = shape;
        self.state.flags.set(Flags::BLINK, blinks);
    }

    /// DECSCUSR's number for the cursor.
    pub(super) fn cursor_style(&self) -> u8 {
        let steady = u8::from(!self.state.flags.has(Flags::BLINK));
        match self.state.shape {
            CursorShape::Default if steady == 1 => 0,
            CursorShape::Default | CursorShape::Block => 1 + steady,
            CursorShape::Underline => 3 + steady,
            CursorShape::Bar => 5 + steady,
        }
    }

    /// DECSTR: modes and looks as at the beginning; the screen stays.
    fn soft_reset(&mut self) {
        let (row, column) = self.cursor();
        for (flag, is_on) in [
            (Flags::CURSOR, true),
            (Flags::AUTOWRAP, true),
            (Flags::INSERT, false),
            (Flags::APPLICATION_CURSOR, false),
            (Flags::APPLICATION_KEYPAD, false),
        ] {
            self.state.flags.set(flag, is_on);
        }
        let rows = self.state.rows;
        let page = self.state.page_mut();
        (page.top, page.bottom, page.origin) = (0, rows - 1, false);
        page.saved = Saved::default();
        self.state.charsets = super::charset::Charsets::default();
        // What is saved is home, with no looks.
        self.write("\x1b[?6l\x1b[r\x1b[m\x1b[H\x1b7");
        self.move_to(row, column.min(self.state.columns - 1));
        self.take_pen(CellStyle::default());
    }

    /// DECALN: the screen full of E.
    fn align(&mut self) {
        let rows = self.state.rows;
        let page = self.state.page_mut();
        (page.top, page.bottom, page.origin) = (0, rows - 1, false);
        self.write("\x1b[?6l\x1b[r\x1b[0m");
        let row = "E".repeat(usize::from(self.state.columns));
        for number in 1..=rows {
            self.write(&format!("\x1b[{number};1H{row}"));
        }
        self.write("\x1b[H");
        let pen = self.state.pen;
        sgr::write(&pen, self.out);
        self.toil();
    }
}
