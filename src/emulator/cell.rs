//! What stands in one place of a screen, in words of our own: nothing of vt100 leaves this layer.

/// A colour as the program asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Color {
    /// The terminal's own.
    #[default]
    Default,
    /// One of 256; the first 16 are the user's.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// How a line runs below the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Underline {
    /// None.
    #[default]
    None,
    /// One line.
    Single,
    /// Two lines.
    Double,
    /// A wave.
    Curly,
    /// Dots.
    Dotted,
    /// Dashes.
    Dashed,
}

/// A hyperlink of this screen (OSC 8); [`super::Emulator::link`] knows where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkId(pub u16);

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a terminal's attributes are independent of each other"
)]
pub struct CellStyle {
    /// The text's colour.
    pub foreground: Color,
    /// The colour behind it.
    pub background: Color,
    /// Heavier.
    pub bold: bool,
    /// Fainter.
    pub dim: bool,
    /// Slanted.
    pub italic: bool,
    /// Foreground and background change places.
    pub inverse: bool,
    /// Blinks.
    pub blink: bool,
    /// Is not to be seen.
    pub hidden: bool,
    /// Has a line through it.
    pub strike: bool,
    /// The line below.
    pub underline: Underline,
    /// That line's colour, where it isn't the text's.
    pub underline_color: Option<Color>,
    /// The hyperlink that it belongs to.
    pub link: Option<LinkId>,
}

/// One place of a row. The second place of a wide character is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The character with what is combined with it; empty where nothing was written.
    pub text: &'a str,
    /// How many columns it takes: 1 or 2.
    pub width: u8,
    /// How it looks.
    pub style: CellStyle,
}

/// The form of a cursor (DECSCUSR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CursorShape {
    /// The user's own.
    #[default]
    Default,
    /// A block.
    Block,
    /// A line below.
    Underline,
    /// A bar before the character.
    Bar,
}

/// Where a program's cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The row, as [`super::Emulator::top`] counts.
    pub row: u64,
    /// The column; the one behind the last when the next character wraps.
    pub column: u16,
    /// Its form.
    pub shape: CursorShape,
    /// Whether it blinks.
    pub blinks: bool,
}
