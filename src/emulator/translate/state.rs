//! What a terminal remembers beside its cells: modes, pens, tab stops, character sets.

use std::collections::VecDeque;

use crate::emulator::cell::{CellStyle, CursorShape};
use crate::emulator::extras::{Extras, Tag};
use crate::emulator::modes::{Keyboard, Modes, MouseEncoding, MouseMode};
use crate::emulator::replies::Replies;

use super::charset::Charsets;

/// Titles and keyboards that can be pushed; the oldest is forgotten.
const MOST_PUSHED: usize = 16;

/// A set of modes that are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::emulator) struct Flags(u32);

macro_rules! flags {
    ($($name:ident = $bit:literal),* $(,)?) => {
        impl Flags { $(pub(super) const $name: Self = Self(1 << $bit);)* }
    };
}

flags! {
    APPLICATION_CURSOR = 0, REVERSE_VIDEO = 1, AUTOWRAP = 2, BLINK = 3, CURSOR = 4, APPLICATION_KEYPAD = 5,
    BACKSPACE_IS_BS = 6, MOUSE_PRESS = 7, MOUSE = 8, MOUSE_BUTTON = 9, MOUSE_ANY = 10, FOCUS = 11, MOUSE_UTF8 = 12,
    MOUSE_SGR = 13, ALTERNATE_SCROLL = 14, MOUSE_URXVT = 15, BRACKETED_PASTE = 16, UPDATE = 17, INSERT = 18, LINE_FEED = 19,
}

impl Flags {
    /// What a terminal begins with. The wheel on the alternate screen is on, as in most terminals of today.
    const FIRST: Self = Self(Self::AUTOWRAP.0 | Self::CURSOR.0 | Self::ALTERNATE_SCROLL.0);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn set(&mut self, other: Self, is_on: bool) {
        if is_on {
            self.0 |= other.0;
        } else {
            self.0 &= !other.0;
        }
    }

    /// The mode with this number (DECSET), where it is nothing but a flag.
    pub(super) fn private(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::APPLICATION_CURSOR,
            5 => Self::REVERSE_VIDEO,
            7 => Self::AUTOWRAP,
            9 => Self::MOUSE_PRESS,
            12 => Self::BLINK,
            25 => Self::CURSOR,
            66 => Self::APPLICATION_KEYPAD,
            67 => Self::BACKSPACE_IS_BS,
            1000 => Self::MOUSE,
            1002 => Self::MOUSE_BUTTON,
            1003 => Self::MOUSE_ANY,
            1004 => Self::FOCUS,
            1005 => Self::MOUSE_UTF8,
            1006 => Self::MOUSE_SGR,
            1007 => Self::ALTERNATE_SCROLL,
            1015 => Self::MOUSE_URXVT,
            2004 => Self::BRACKETED_PASTE,
            2026 => Self::UPDATE,
            _ => return None,
        })
    }
}

/// What DECSC saves beside the place, which vt100 saves itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Saved {
    pub(super) pen: CellStyle,
    pub(super) charsets: Charsets,
    pub(super) origin: bool,
}

/// What each of the two screens has of its own.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The rows that scroll: the first, and the last.
    pub(super) top: u16,
    pub(super) bottom: u16,
    /// Rows are counted from the first that scrolls (6).
    pub(super) origin: bool,
    pub(super) saved: Saved,
    pub(super) keyboard: Keyboard,
    pub(super) keyboards: VecDeque<Keyboard>,
}

/// See the module.
#[derive(Debug)]
pub(in crate::emulator) struct State {
    pub(super) columns: u16,
    pub(super) rows: u16,
    pub(super) flags: Flags,
    /// XTSAVE.
    pub(super) saved_flags: Flags,
    pub(super) main: Page,
    pub(super) alternate: Page,
    pub(super) is_alternate: bool,
    /// How what is written next looks.
    pub(super) pen: CellStyle,
    /// What of that vt100 can't hold.
    pub(super) extra: CellStyle,
    pub(super) tag: Option<Tag>,
    pub(in crate::emulator) extras: Extras,
    pub(super) charsets: Charsets,
    /// Which columns have a tab stop, where they aren't every eighth.
    pub(super) tabs: Option<Vec<bool>>,
    /// What REP repeats.
    pub(super) last: Option<char>,
    /// What the character before the cursor is made of, where that is known.
    pub(super) cluster: String,
    /// The cursor is on that character, not behind it: it stood on the last column, and text doesn't wrap.
    pub(super) is_on_last: bool,
    /// Whether the cursor may be behind the last column; vt100 needs not be asked where it can't.
    pub(super) may_be_past_margin: bool,
    pub(super) shape: CursorShape,
    pub(super) modify_other_keys: u8,
    pub(in crate::emulator) title: Option<String>,
    pub(super) titles: VecDeque<Option<String>>,
    pub(in crate::emulator) folder: Option<super::WorkingFolder>,
    pub(in crate::emulator) bell: bool,
    pub(in crate::emulator) replies: Replies,
}

impl State {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let mut state = Self {
            columns,
            rows,
            flags: Flags::FIRST,
            saved_flags: Flags::FIRST,
            main: Page::default(),
            alternate: Page::default(),
            is_alternate: false,
            pen: CellStyle::default(),
            extra: CellStyle::default(),
            tag: None,
            extras: Extras::default(),
            charsets: Charsets::default(),
            tabs: None,
            last: None,
            cluster: String::new(),
            is_on_last: false,
            may_be_past_margin: true,
            shape: CursorShape::Default,
            modify_other_keys: 0,
            title: None,
            titles: VecDeque::new(),
            folder: None,
            bell: false,
            replies: Replies::default(),
        };
        state.resized(columns, rows);
        state
    }

    /// RIS: everything is as at the beginning, but for what the history's rows still need.
    pub(super) fn reset(&mut self) {
        let mut extras = std::mem::take(&mut self.extras);
        extras.pin(false);
        let replies = std::mem::take(&mut self.replies);
        let folder = self.folder.take();
        *self = Self {
            extras,
            replies,
            folder,
            bell: self.bell,
            title: self.title.take(),
            ..Self::new(self.columns, self.rows)
        };
    }

    /// The screen has another size: all rows scroll again, as in vt100.
    pub(super) fn resized(&mut self, columns: u16, rows: u16) {
        (self.columns, self.rows) = (columns, rows);
        for page in [&mut self.main, &mut self.alternate] {
            (page.top, page.bottom) = (0, rows.saturating_sub(1));
        }
        if let Some(tabs) = &mut self.tabs {
            let before = tabs.len();
            tabs.resize(usize::from(columns), false);
            for (column, tab) in tabs.iter_mut().enumerate().skip(before) {
                *tab = column.is_multiple_of(8);
            }
        }
        self.cluster.clear();
        self.may_be_past_margin = true;
    }

    pub(super) fn page(&self) -> &Page {
        if self.is_alternate {
            &self.alternate
        } else {
            &self.main
        }
    }

    pub(super) fn page_mut(&mut self) -> &mut Page {
        if self.is_alternate {
            &mut self.alternate
        } else {
            &mut self.main
        }
    }

    /// Whether text goes to vt100 as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.tag.is_none()
            && self.flags.has(Flags::AUTOWRAP)
            && !self.flags.has(Flags::INSERT)
            && self.charsets.is_plain()
    }

    /// Whether a line feed is more than that.
    pub(super) fn feeds_more(&self) -> bool {
        self.flags.has(Flags::LINE_FEED) || self.has_background()
    }

    /// Whether what becomes free gets a colour.
    pub(super) fn has_background(&self) -> bool {
        self.pen.background != crate::emulator::Color::Default
    }

    /// Finds the tag of what is written next.
    pub(super) fn retag(&mut self) {
        let extra = Extras::of(&self.pen);
        if extra != self.extra {
            self.extra = extra;
            self.tag = self.extras.tag(extra);
        }
    }

    /// All pens that are in somebody's hand.
    pub(in crate::emulator) fn pens(&self) -> [CellStyle; 3] {
        [self.pen, self.main.saved.pen, self.alternate.saved.pen]
    }

    pub(super) fn push_title(&mut self) {
        if self.titles.len() >= MOST_PUSHED {
            self.titles.pop_front();
        }
        self.titles.push_back(self.title.clone());
    }

    pub(super) fn pop_title(&mut self) {
        if let Some(title) = self.titles.pop_back() {
            self.title = title;
        }
    }

    pub(super) fn push_keyboard(&mut self, flags: u16) {
        let page = self.page_mut();
        if page.keyboards.len() >= MOST_PUSHED {
            page.keyboards.pop_front();
        }
        page.keyboards.push_back(page.keyboard);
        page.keyboard = Keyboard((flags & 31) as u8);
    }

    pub(super) fn pop_keyboard(&mut self, count: u16) {
        let page = self.page_mut();
        for _ in 0..count.min(MOST_PUSHED as u16 + 1) {
            page.keyboard = page.keyboards.pop_back().unwrap_or_default();
        }
    }

    pub(super) fn set_keyboard(&mut self, flags: u16, how: u16) {
        let flags = (flags & 31) as u8;
        let keyboard = &mut self.page_mut().keyboard.0;
        match how {
            0 | 1 => *keyboard = flags,
            2 => *keyboard |= flags,
            3 => *keyboard &= !flags,
            _ => {}
        }
    }

    /// Where the next tab stop after a column is.
    pub(super) fn next_tab(&self, column: u16) -> u16 {
        let last = self.columns.saturating_sub(1);
        let mut after = (column.saturating_add(1)..last).filter(|column| self.is_tab(*column));
        after.next().unwrap_or(last)
    }

    /// Where the tab stop before a column is.
    pub(super) fn tab_before(&self, column: u16) -> u16 {
        let mut before = (0..column).rev().filter(|column| self.is_tab(*column));
        before.next().unwrap_or(0)
    }

    fn is_tab(&self, column: u16) -> bool {
        match &self.tabs {
            None => column.is_multiple_of(8),
            Some(tabs) => tabs.get(usize::from(column)).copied().unwrap_or(false),
        }
    }

    /// The tab stops, to change them.
    pub(super) fn tabs_mut(&mut self) -> &mut Vec<bool> {
        let columns = self.columns;
        self.tabs.get_or_insert_with(|| {
            (0..columns)
                .map(|column| column.is_multiple_of(8))
                .collect()
        })
    }

    pub(in crate::emulator) fn modes(&self) -> Modes {
        let has = |flag| self.flags.has(flag);
        let mouse = if has(Flags::MOUSE_ANY) {
            MouseMode::AnyMotion
        } else if has(Flags::MOUSE_BUTTON) {
            MouseMode::ButtonMotion
        } else if has(Flags::MOUSE) {
            MouseMode::PressRelease
        } else if has(Flags::MOUSE_PRESS) {
            MouseMode::Press
        } else {
            MouseMode::None
        };
        let mouse_encoding = if has(Flags::MOUSE_SGR) {
            MouseEncoding::Sgr
        } else if has(Flags::MOUSE_URXVT) {
            MouseEncoding::Urxvt
        } else if has(Flags::MOUSE_UTF8) {
            MouseEncoding::Utf8
        } else {
            MouseEncoding::Default
        };
        Modes {
            application_cursor: has(Flags::APPLICATION_CURSOR),
            application_keypad: has(Flags::APPLICATION_KEYPAD),
            bracketed_paste: has(Flags::BRACKETED_PASTE),
            alternate_screen: self.is_alternate,
            alternate_scroll: has(Flags::ALTERNATE_SCROLL),
            focus: has(Flags::FOCUS),
            line_feed: has(Flags::LINE_FEED),
            backspace_is_bs: has(Flags::BACKSPACE_IS_BS),
            mouse,
            mouse_encoding,
            keyboard: self.page().keyboard,
            modify_other_keys: self.modify_other_keys,
        }
    }

    /// The form of the cursor, and whether it blinks; none where it is hidden.
    pub(in crate::emulator) fn cursor(&self) -> Option<(CursorShape, bool)> {
        let is_seen = self.flags.has(Flags::CURSOR);
        is_seen.then(|| (self.shape, self.flags.has(Flags::BLINK)))
    }
}
