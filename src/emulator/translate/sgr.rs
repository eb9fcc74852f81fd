//! How text looks: SGR, read whole, and written in the forms that vt100 knows.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::emulator::cell::{CellStyle, Color, Underline};

/// What parameters are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// vt100 makes the same of them.
    pub(super) is_known: bool,
    /// They may change what vt100 can't hold.
    pub(super) is_extra: bool,
}

/// Changes a pen.
pub(super) fn apply(pen: &mut CellStyle, params: &vte::Params) -> Found {
    let mut is_known = true;
    let mut is_extra = false;
    let mut params = params.iter();
    while let Some(param) = params.next() {
        let [code, more @ ..] = param else { continue };
        is_extra |= matches!(code, 0..=9 | 21..=29 | 58 | 59) && !matches!(code, 3 | 7 | 23 | 27);
        match (*code, more) {
            (0, []) => {
                // A link isn't a look: it goes on.
                *pen = CellStyle {
                    link: pen.link,
                    ..CellStyle::default()
                };
            }
            (1, []) => pen.bold = true,
            (2, []) => pen.dim = true,
            (3, []) => pen.italic = true,
            (4, []) => pen.underline = Underline::Single,
            (4, [form, ..]) => {
                is_known = false;
                pen.underline = match form {
                    0 => Underline::None,
                    2 => Underline::Double,
                    3 => Underline::Curly,
                    4 => Underline::Dotted,
                    5 => Underline::Dashed,
                    _ => Underline::Single,
                };
            }
            (5 | 6, []) => pen.blink = true,
            (7, []) => pen.inverse = true,
            (8, []) => pen.hidden = true,
            (9, []) => pen.strike = true,
            (21, []) => {
                is_known = false;
                pen.underline = Underline::Double;
            }
            (22, []) => (pen.bold, pen.dim) = (false, false),
            (23, []) => pen.italic = false,
            (24, []) => pen.underline = Underline::None,
            (25, []) => pen.blink = false,
            (27, []) => pen.inverse = false,
            (28, []) => pen.hidden = false,
            (29, []) => pen.strike = false,
            (30..=37, []) => pen.foreground = indexed(code - 30),
            (39, []) => pen.foreground = Color::Default,
            (40..=47, []) => pen.background = indexed(code - 40),
            (49, []) => pen.background = Color::Default,
            (59, []) => pen.underline_color = None,
            (90..=97, []) => pen.foreground = indexed(code - 82),
            (100..=107, []) => pen.background = indexed(code - 92),
            (38 | 48 | 58, _) => {
                let color = if more.is_empty() {
                    is_known &= *code != 58;
                    after(&mut params)
                } else {
                    is_known = false;
                    within(more)
                };
                match (code, color) {
                    (_, None) => is_known = false,
                    (38, Some(color)) => pen.foreground = color,
                    (48, Some(color)) => pen.background = color,
                    (_, color) => pen.underline_color = color,
                }
            }
            _ => {}
        }
    }
    // vt100 is bold or faint, not both.
    Found {
        is_known: is_known && !(pen.bold && pen.dim),
        is_extra,
    }
}

fn indexed(index: u16) -> Color {
    Color::Indexed(u8::try_from(index).unwrap_or(0))
}

/// `2:r:g:b`, `2:space:r:g:b`, `5:n`.
fn within(more: &[u16]) -> Option<Color> {
    let byte = |value: &u16| u8::try_from(*value).ok();
    match more {
        [5, index, ..] => Some(Color::Indexed(byte(index)?)),
        [2, red, green, blue] | [2, _, red, green, blue, ..] => {
            Some(Color::Rgb(byte(red)?, byte(green)?, byte(blue)?))
        }
        _ => None,
    }
}

/// `2;r;g;b`, `5;n`.
fn after<'a>(params: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let mut next = || match params.next() {
        Some([value]) => Some(*value),
        _ => None,
    };
    let byte = |value: u16| u8::try_from(value).ok();
    match next()? {
        5 => Some(Color::Indexed(byte(next()?)?)),
        2 => {
            // All three belong to it, also when one of them is none.
            let (red, green, blue) = (next()?, next()?, next()?);
            Some(Color::Rgb(byte(red)?, byte(green)?, byte(blue)?))
        }
        _ => None,
    }
}

/// Writes a pen, from nothing, as far as vt100 knows it.
pub(super) fn write(pen: &CellStyle, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[0");
    for (is_set, code) in [
        (pen.dim && !pen.bold, b";2"),
        (pen.bold, b";1"),
        (pen.italic, b";3"),
        (pen.underline != Underline::None, b";4"),
        (pen.inverse, b";7"),
    ] {
        if is_set {
            out.extend_from_slice(code);
        }
    }
    color(pen.foreground, 38, out);
    color(pen.background, 48, out);
    out.push(b'm');
}

fn color(color: Color, code: u8, out: &mut Vec<u8>) {
    let _never_fails = match color {
        Color::Default => Ok(()),
        Color::Indexed(index) => write!(out, ";{code};5;{index}"),
        Color::Rgb(red, green, blue) => write!(out, ";{code};2;{red};{green};{blue}"),
    };
}

/// A pen as DECRQSS tells it: parameters from nothing.
pub(super) fn told(pen: &CellStyle) -> String {
    let mut text = "0".to_owned();
    for (is_set, code) in [
        (pen.bold, ";1"),
        (pen.dim, ";2"),
        (pen.italic, ";3"),
        (pen.underline == Underline::Single, ";4"),
        (pen.underline == Underline::Double, ";4:2"),
        (pen.underline == Underline::Curly, ";4:3"),
        (pen.underline == Underline::Dotted, ";4:4"),
        (pen.underline == Underline::Dashed, ";4:5"),
        (pen.blink, ";5"),
        (pen.inverse, ";7"),
        (pen.hidden, ";8"),
        (pen.strike, ";9"),
    ] {
        if is_set {
            text.push_str(code);
        }
    }
    let colors = [
        (38, pen.foreground),
        (48, pen.background),
        (58, pen.underline_color.unwrap_or_default()),
    ];
    for (code, color) in colors {
        let _never_fails = match color {
            Color::Default => Ok(()),
            Color::Indexed(index) if index < 8 && code != 58 => {
                write!(text, ";{}", code - 8 + u16::from(index))
            }
            Color::Indexed(index) => write!(text, ";{code}:5:{index}"),
            Color::Rgb(red, green, blue) => write!(text, ";{code}:2::{red}:{green}:{blue}"),
        };
    }
    text
}
