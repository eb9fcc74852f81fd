//! What a program has asked of its terminal, as the pane needs to know it.

/// Which events of the mouse a program wants (xterm's ctlseqs, "Mouse Tracking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum MouseMode {
    /// None.
    #[default]
    None,
    /// Presses (9, X10).
    Press,
    /// Presses and releases (1000).
    PressRelease,
    /// Also movements while a button is held (1002).
    ButtonMotion,
    /// Also every other movement (1003).
    AnyMotion,
}

/// How events of the mouse are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MouseEncoding {
    /// One byte a number: up to column and row 223.
    #[default]
    Default,
    /// One UTF-8 character a number (1005): up to 2015.
    Utf8,
    /// Decimal, a final `m` for a release (1006).
    Sgr,
    /// Decimal, without the button at a release (1015).
    Urxvt,
}

/// What a program wants to be told of keys: the progressive enhancements of the kitty keyboard protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keyboard(pub(super) u8);

impl Keyboard {
    /// Keys that are one to old terminals are told apart (1).
    pub const DISAMBIGUATE: Self = Self(1);
    /// Repetitions and releases are told (2).
    pub const EVENTS: Self = Self(2);
    /// The shifted key is told beside the key (4).
    pub const ALTERNATES: Self = Self(4);
    /// Keys that make text are told as keys, too (8).
    pub const ALL: Self = Self(8);
    /// The text that they make is told with them (16).
    pub const TEXT: Self = Self(16);

    /// Whether all of those are wanted.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is wanted.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What a program has asked of its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes {
    /// Cursor keys send application sequences.
    pub application_cursor: bool,
    /// The keypad sends application sequences.
    pub application_keypad: bool,
    /// Pasted text is marked as such.
    pub bracketed_paste: bool,
    /// The alternate screen is shown: there is no scrollback.
    pub alternate_screen: bool,
    /// The wheel moves the cursor on the alternate screen (1007).
    pub alternate_scroll: bool,
    /// Coming and going of the focus is told (1004).
    pub focus: bool,
    /// Enter sends a line feed after the carriage return (20).
    pub line_feed: bool,
    /// The backspace key sends BS, not DEL (67).
    pub backspace_is_bs: bool,
    /// Which events of the mouse are told.
    pub mouse: MouseMode,
    /// And how.
    pub mouse_encoding: MouseEncoding,
    /// What is wanted of the kitty keyboard protocol.
    pub keyboard: Keyboard,
    /// xterm's modifyOtherKeys: 0, 1 or 2.
    pub modify_other_keys: u8,
}
