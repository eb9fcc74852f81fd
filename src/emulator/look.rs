//! How a cell looks, as vt100 knows it, in ten bytes; and back into the sequence that asks for it.

use std::fmt::Write as _;

use super::cell::{CellStyle, Color, Underline};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Look {
    foreground: Paint,
    background: Paint,
    flags: u8,
}

const BOLD: u8 = 1;
const DIM: u8 = 2;
const ITALIC: u8 = 4;
const UNDERLINE: u8 = 8;
const INVERSE: u8 = 16;

/// A colour: what it is in the highest byte, its value in the others. Zero is the terminal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Paint(u32);

impl Paint {
    fn indexed(index: u8) -> Self {
        Self(u32::from_be_bytes([1, 0, 0, index]))
    }

    fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self(u32::from_be_bytes([2, red, green, blue]))
    }

    fn color(self) -> Color {
        match self.0.to_be_bytes() {
            [1, _, _, index] => Color::Indexed(index),
            [2, red, green, blue] => Color::Rgb(red, green, blue),
            _ => Color::Default,
        }
    }

    /// `base` is 30 or 40.
    fn write(self, base: u8, sgr: &mut String) {
        let _strings_take_everything = match self.color() {
            Color::Default => Ok(()),
            Color::Indexed(index @ ..=7) => write!(sgr, ";{}", base + index),
            Color::Indexed(index @ 8..=15) => write!(sgr, ";{}", base + 52 + index),
            Color::Indexed(index) => write!(sgr, ";{};5;{index}", base + 8),
            Color::Rgb(red, green, blue) => {
                write!(sgr, ";{};2;{red};{green};{blue}", base + 8)
            }
        };
    }
}

impl From<vt100::Color> for Paint {
    fn from(color: vt100::Color) -> Self {
        match color {
            vt100::Color::Default => Self::default(),
            vt100::Color::Idx(index) => Self::indexed(index),
            vt100::Color::Rgb(red, green, blue) => Self::rgb(red, green, blue),
        }
    }
}

impl Look {
    /// Of a cell.
    pub(super) fn of(cell: &vt100::Cell) -> Self {
        let mut look = Self {
            foreground: cell.fgcolor().into(),
            background: cell.bgcolor().into(),
            flags: 0,
        };
        look.set(BOLD, cell.bold());
        look.set(DIM, cell.dim());
        look.set(ITALIC, cell.italic());
        look.set(UNDERLINE, cell.underline());
        look.set(INVERSE, cell.inverse());
        look
    }

    /// Of what is written next.
    pub(super) fn of_pen(screen: &vt100::Screen) -> Self {
        let mut look = Self {
            foreground: screen.fgcolor().into(),
            background: screen.bgcolor().into(),
            flags: 0,
        };
        look.set(BOLD, screen.bold());
        look.set(DIM, screen.dim());
        look.set(ITALIC, screen.italic());
        look.set(UNDERLINE, screen.underline());
        look.set(INVERSE, screen.inverse());
        look
    }

    fn set(&mut self, flag: u8, is_set: bool) {
        if is_set {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }

    /// In the words of this layer.
    pub(super) fn style(self) -> CellStyle {
        CellStyle {
            foreground: self.foreground.color(),
            background: self.background.color(),
            bold: self.flags & BOLD != 0,
            dim: self.flags & DIM != 0,
            italic: self.flags & ITALIC != 0,
            inverse: self.flags & INVERSE != 0,
            underline: if self.flags & UNDERLINE == 0 {
                Underline::None
            } else {
                Underline::Single
            },
            ..CellStyle::default()
        }
    }

    /// The sequence that asks for it, whatever was before.
    pub(super) fn write(self, sequence: &mut String) {
        sequence.push_str("\x1b[0");
        for (flag, code) in [
            (BOLD, ";1"),
            (DIM, ";2"),
            (ITALIC, ";3"),
            (UNDERLINE, ";4"),
            (INVERSE, ";7"),
        ] {
            if self.flags & flag != 0 {
                sequence.push_str(code);
            }
        }
        self.foreground.write(30, sequence);
        self.background.write(40, sequence);
        sequence.push('m');
    }

    /// Takes the parameters of one sequence: what vt100 writes itself, and nothing else.
    pub(super) fn apply(&mut self, codes: &[u8]) {
        let mut codes = codes.iter().copied();
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => {
                    self.set(DIM, false);
                    self.set(BOLD, true);
                }
                2 => {
                    self.set(BOLD, false);
                    self.set(DIM, true);
                }
                3 => self.set(ITALIC, true),
                4 => self.set(UNDERLINE, true),
                7 => self.set(INVERSE, true),
                22 => self.set(BOLD | DIM, false),
                23 => self.set(ITALIC, false),
                24 => self.set(UNDERLINE, false),
                27 => self.set(INVERSE, false),
                30..=37 => self.foreground = Paint::indexed(code - 30),
                38 => self.foreground = extended(&mut codes),
                39 => self.foreground = Paint::default(),
                40..=47 => self.background = Paint::indexed(code - 40),
                48 => self.background = extended(&mut codes),
                49 => self.background = Paint::default(),
                90..=97 => self.foreground = Paint::indexed(code - 82),
                100..=107 => self.background = Paint::indexed(code - 92),
                _ => {}
            }
        }
    }
}

fn extended(codes: &mut impl Iterator<Item = u8>) -> Paint {
    let mut next = || codes.next().unwrap_or(0);
    match next() {
        5 => Paint::indexed(next()),
        2 => Paint::rgb(next(), next(), next()),
        _ => Paint::default(),
    }
}
