//! Characters and controls on their way to vt100.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::state::Flags;
use super::{OSC, Performer};
use crate::emulator::extras;

/// Stands for U+FFFD, which vt100 drops: [`shown`] makes it that again.
const REPLACED: char = '\u{fffc}';

/// Asks for the coloured form of a sign; vt100 makes the cell wide, and falls when there is no room for that.
const EMOJI: char = '\u{fe0f}';

/// The text of a cell, as it was meant.
pub(in crate::emulator) fn shown(text: &str) -> &str {
    if text.starts_with(REPLACED) {
        "\u{fffd}"
    } else {
        text
    }
}

fn is_special(byte: u8, line_feeds: bool, tabs: bool) -> bool {
    match byte {
        b'\n' | 0x0b | 0x0c => line_feeds,
        b'\t' => tabs,
        b'\r' => false,
        // The first bytes of U+FFFD and U+FE0F, and of what tags are made of.
        0xef | 0xf3 => true,
        byte => byte < 0x20,
    }
}

impl Performer<'_> {
    /// Text without an escape character; how much of it was taken. `is_last`: nothing comes after it yet.
    pub(super) fn run(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        parser: &mut vte::Parser<OSC>,
    ) -> usize {
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.text(text);
                return bytes.len();
            }
            Err(error) => error,
        };
        let (good, bad) = bytes.split_at(error.valid_up_to());
        self.text(std::str::from_utf8(good).unwrap_or_default());
        match error.error_len() {
            // A control of one byte, which UTF-8 has no room for.
            Some(1) if bad.first().is_some_and(|byte| *byte <= 0x9f) => good.len() + 1,
            Some(len) => {
                self.put(char::REPLACEMENT_CHARACTER);
                good.len() + len
            }
            None if is_last => {
                // The rest of the character is still to come.
                self.is_ground = false;
                self.stops = false;
                parser.advance(self, bad);
                bytes.len()
            }
            None => {
                self.put(char::REPLACEMENT_CHARACTER);
                bytes.len()
            }
        }
    }

    fn text(&mut self, mut text: &str) {
        while !text.is_empty() {
            if !self.state.is_plain() {
                let Some(c) = text.chars().next() else { return };
                self.character(c);
                text = text.get(c.len_utf8()..).unwrap_or_default();
                continue;
            }
            let feeds_more = self.state.feeds_more();
            let tabs = self.state.tabs.is_some();
            let mut bytes = text.bytes();
            let special = bytes.position(|byte| is_special(byte, feeds_more, tabs));
            let (plain, rest) = text.split_at(special.unwrap_or(text.len()));
            if !plain.is_empty() {
                self.out.extend_from_slice(plain.as_bytes());
                self.effort += plain.len();
                self.state.cluster.clear();
                self.state.may_be_past_margin = !plain.ends_with('\r') && !plain.ends_with("\r\n");
                let mut last = plain.chars().rev();
                if let Some(c) = last.find(|c| c.width().is_some_and(|width| width > 0)) {
                    self.state.last = Some(c);
                }
            }
            let Some(c) = rest.chars().next() else { return };
            self.character(c);
            text = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '\0'..='\x1f' => self.control(c as u8),
            '\u{7f}'..='\u{9f}' => {}
            _ => self.put(c),
        }
    }

    /// A control of the first 32.
    pub(super) fn control(&mut self, byte: u8) {
        self.state.cluster.clear();
        match byte {
            0x07 => self.state.bell = true,
            // Behind the last column the cursor is on the last.
            0x08 if self.is_past_margin() => self.write("\x08\x08"),
            b'\r' | 0x08 => self.out.push(byte),
            b'\t' if self.state.tabs.is_none() => self.out.push(byte),
            b'\t' => {
                let column = self.cursor().1;
                if column < self.state.columns {
                    let next = self.state.next_tab(column);
                    self.write(&format!("\x1b[{}G", u32::from(next) + 1));
                }
            }
            b'\n' | 0x0b | 0x0c => {
                if self.state.flags.has(Flags::LINE_FEED) {
                    self.out.push(b'\r');
                }
                self.line_feed();
            }
            0x0e => self.state.charsets.shift(1),
            0x0f => self.state.charsets.shift(0),
            _ => {}
        }
    }

    /// One row down; the screen scrolls at the end, and what comes in gets the colour of the background.
    pub(super) fn line_feed(&mut self) {
        if self.state.has_background() && self.cursor().0 == self.state.page().bottom {
            self.with_bare_pen(|this| this.write("\n\x1b[2K"));
        } else {
            self.out.push(b'\n');
        }
    }

    /// One character.
    pub(super) fn put(&mut self, c: char) {
        let c = match self.state.charsets.map(c) {
            REPLACED | char::REPLACEMENT_CHARACTER => REPLACED,
            c if extras::is_tag(c) => return,
            c => c,
        };
        self.effort += 2;
        match c.width() {
            None => {}
            Some(0) => self.combine(c),
            Some(width) => self.place(c, width.min(2) as u16),
        }
    }

    /// A character that takes room.
    fn place(&mut self, c: char, width: u16) {
        self.state.last = Some(c);
        self.state.may_be_past_margin = true;
        let wraps = self.state.flags.has(Flags::AUTOWRAP);
        let inserts = self.state.flags.has(Flags::INSERT);
        let columns = self.state.columns;
        let mut ends_past_margin = false;
        if !wraps || inserts {
            let (_, column) = self.cursor();
            let is_too_wide = column + width > columns;
            if is_too_wide && wraps {
                self.write("\r");
                self.line_feed();
            } else if is_too_wide {
                self.write(&format!("\x1b[{}G", columns - width + 1));
            }
            if inserts {
                self.with_bare_pen(|this| this.write(&format!("\x1b[{width}@")));
            }
            ends_past_margin = !wraps && (is_too_wide || column + width == columns);
        }
        self.out
            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        if let Some(tag) = self.state.tag {
            self.out.extend_from_slice(tag.as_bytes());
        }
        if ends_past_margin {
            // Without wrapping the cursor stays on the last column.
            self.write(&format!("\x1b[{columns}G"));
        }
        if !self.state.is_plain() {
            self.state.cluster.clear();
            self.state.cluster.push(c);
            self.state.is_on_last = ends_past_margin;
        }
    }

    /// A character that is part of the one before it.
    fn combine(&mut self, c: char) {
        if c == EMOJI {
            self.color_emoji();
            return;
        }
        if self.state.is_on_last && self.state.cluster.width() == 1 && self.state.cluster.len() < 16
        {
            // The cursor is on the character, not behind it: it is written again.
            self.state.cluster.push(c);
            let cluster = self.state.cluster.clone();
            let mut chars = cluster.chars();
            self.out
                .extend(chars.next().map(String::from).unwrap_or_default().bytes());
            if let Some(tag) = self.state.tag {
                self.out.extend_from_slice(tag.as_bytes());
            }
            self.write(chars.as_str());
            self.write(&format!("\x1b[{}G", self.state.columns));
            return;
        }
        self.out
            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// The coloured form of the sign before, where there is room for it: it may be wider.
    fn color_emoji(&mut self) {
        if self.is_past_margin() {
            return;
        }
        self.state.may_be_past_margin = true;
        let mut chars = self.state.cluster.chars();
        match (self.state.tag, chars.next(), chars.next()) {
            (None, ..) => self.out.extend_from_slice("\u{fe0f}".as_bytes()),
            (Some(tag), Some(c), None) if self.state.flags.has(Flags::AUTOWRAP) => {
                let wide = format!("{c}{EMOJI}");
                if c.width() == Some(1) && wide.width() == 2 {
                    // vt100 looks at the two alone: the tag comes after them.
                    self.write("\x08");
                    self.write(&wide);
                    self.out.extend_from_slice(tag.as_bytes());
                }
            }
            _ => {}
        }
    }
}
