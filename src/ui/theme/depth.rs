//! What the terminal can show, judged by its environment: pure functions over variables.

use ratatui::style::Color;
use ratatui::symbols::border;

use crate::config::{BorderStyle, ColorMode, Variables};

/// How many colours there are; more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColorDepth {
    /// None: bold, dim, reverse and underline only.
    None,
    /// The 16 of the terminal's own theme.
    Palette16,
    /// The palette of 256.
    Palette256,
    /// 24 bits.
    Truecolor,
}

/// Terminals that show 24 bits whatever `COLORTERM` says, which gets lost over SSH.
const TRUECOLOR_TERMS: &[&str] = &[
    "alacritty",
    "contour",
    "foot",
    "ghostty",
    "kitty",
    "wezterm",
];

/// Terminals, or settings of them, that show no colour.
const COLORLESS_TERMS: &[&str] = &["dumb", "vt100", "vt102", "vt220", "vt320"];

impl ColorDepth {
    /// What `mode` asks for; with `auto`, what the environment says.
    pub fn choose(mode: ColorMode, variables: &Variables) -> Self {
        match mode {
            ColorMode::Auto => Self::detect(variables),
            ColorMode::Truecolor => Self::Truecolor,
            ColorMode::Palette256 => Self::Palette256,
            ColorMode::Palette16 => Self::Palette16,
            ColorMode::None => Self::None,
        }
    }

    /// What the environment says: `NO_COLOR` (no-color.org: set and not empty), then `TERM`, then `COLORTERM`.
    pub fn detect(variables: &Variables) -> Self {
        let term = variables.get("TERM").unwrap_or("dumb");
        let is_colorless = COLORLESS_TERMS.contains(&term) || term.ends_with("-m");
        if variables.get("NO_COLOR").is_some() || is_colorless {
            return Self::None;
        }
        // GNU screen passes COLORTERM on and doesn't know 24 bits; tmux does.
        let is_screen = variables.get("STY").is_some();
        let promises_truecolor =
            matches!(variables.get("COLORTERM"), Some("truecolor" | "24bit")) && !is_screen;
        let is_known = TRUECOLOR_TERMS.iter().any(|known| term.contains(known));
        if promises_truecolor || is_known || term.ends_with("-direct") {
            Self::Truecolor
        } else if term.ends_with("256color") {
            Self::Palette256
        } else {
            Self::Palette16
        }
    }

    /// `color`, or the nearest that this depth has; `None` when it has none.
    pub fn nearest(self, color: Color) -> Option<Color> {
        match self {
            Self::None => None,
            Self::Truecolor => Some(color),
            Self::Palette256 => Some(match color {
                Color::Rgb(red, green, blue) => {
                    let index = nearest_index([red, green, blue], 16..=255);
                    Color::Indexed(index)
                }
                other => other,
            }),
            Self::Palette16 => Some(match color {
                Color::Rgb(red, green, blue) => nearest_of_16([red, green, blue]),
                Color::Indexed(index) if index < 16 => ANSI[usize::from(index)],
                Color::Indexed(index) => nearest_of_16(rgb_of(index)),
                other => other,
            }),
        }
    }
}

/// Whether text may leave ASCII: the first of these that is set names the character set (POSIX).
pub fn is_utf8(variables: &Variables) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names.iter().find_map(|name| variables.get(name));
    let locale = locale.unwrap_or("C").to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The characters for borders that `style` asks for; with `auto`, those that the locale allows.
pub fn borders(style: BorderStyle, variables: &Variables) -> border::Set<'static> {
    let is_unicode = match style {
        BorderStyle::Auto => is_utf8(variables),
        BorderStyle::Unicode => true,
        BorderStyle::Ascii => false,
    };
    if is_unicode { border::PLAIN } else { ASCII }
}

/// Borders that every terminal and every log can show.
pub const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// The 16, by their index.
const ANSI: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// xterm's values for the 16. Terminals differ; hue and brightness don't.
const ANSI_RGB: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// The value of a colour, as far as it has one: the first 16 are the terminal's, and only about these.
pub(super) fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index) => Some(rgb_of(index)),
        named => {
            let index = ANSI.iter().position(|color| *color == named)?;
            Some(rgb_of(u8::try_from(index).ok()?))
        }
    }
}

/// The value of a colour of the 256: the 16, a cube of 6×6×6, 24 greys.
fn rgb_of(index: u8) -> [u8; 3] {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |place: u8| STEPS[usize::from(place % 6)];
    match index {
        0..16 => ANSI_RGB[usize::from(index)],
        16..232 => {
            let place = index - 16;
            [step(place / 36), step(place / 6), step(place)]
        }
        232.. => [8 + (index - 232) * 10; 3],
    }
}

fn nearest_index(color: [u8; 3], among: std::ops::RangeInclusive<u8>) -> u8 {
    among
        .min_by_key(|index| distance(color, rgb_of(*index)))
        .unwrap_or(7)
}

/// A muted colour must not become a grey: what has a hue keeps one.
fn nearest_of_16(color: [u8; 3]) -> Color {
    let [red, green, blue] = color.map(i32::from);
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    let chroma = most - least;
    if chroma < 48 {
        let greys = [0_u8, 8, 7, 15];
        let nearest = greys
            .into_iter()
            .min_by_key(|index| distance(color, rgb_of(*index)));
        return ANSI[usize::from(nearest.unwrap_or(7))];
    }
    // Sixths of the circle of hues, from red; the middle of each third is a primary colour.
    let hue = if most == red {
        ((green - blue) * 60 / chroma + 360) % 360
    } else if most == green {
        120 + (blue - red) * 60 / chroma
    } else {
        240 + (red - green) * 60 / chroma
    };
    let normal = match hue {
        21..=75 => 3,
        76..=160 => 2,
        161..=200 => 6,
        201..=255 => 4,
        256..=335 => 5,
        _ => 1,
    };
    let bright = if most > 200 { 8 } else { 0 };
    ANSI[normal + bright]
}

/// "Redmean": near enough to what eyes see, in whole numbers.
fn distance(left: [u8; 3], right: [u8; 3]) -> i32 {
    let [left, right] = [left.map(i32::from), right.map(i32::from)];
    let mean = i32::midpoint(left[0], right[0]);
    let [red, green, blue] = [0, 1, 2].map(|place: usize| left[place] - right[place]);
    (((512 + mean) * red * red) >> 8) + 4 * green * green + (((767 - mean) * blue * blue) >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(variables: &[(&str, &str)]) -> ColorDepth {
        ColorDepth::detect(&variables.iter().copied().collect())
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        use ColorDepth::{None, Palette16, Palette256, Truecolor};
        for (expected, variables) in [
            (None, &[][..]),
            (None, &[("TERM", "dumb"), ("COLORTERM", "truecolor")]),
            (None, &[("TERM", "vt100")]),
            (None, &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]),
            (Palette256, &[("TERM", "xterm-256color"), ("NO_COLOR", "")]),
            (Palette256, &[("TERM", "screen-256color")]),
            (
                Truecolor,
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
            ),
            (Truecolor, &[("TERM", "xterm"), ("COLORTERM", "24bit")]),
            (Truecolor, &[("TERM", "xterm-kitty")]),
            (Truecolor, &[("TERM", "xterm-direct")]),
            (
                Palette256,
                &[
                    ("TERM", "screen-256color"),
                    ("COLORTERM", "truecolor"),
                    ("STY", "1.x"),
                ],
            ),
            (Palette16, &[("TERM", "linux")]),
            (Palette16, &[("TERM", "xterm")]),
        ] {
            assert_eq!(depth(variables), expected, "{variables:?}");
        }
        let colorful: Variables = [("TERM", "xterm-256color")].into_iter().collect();
        let choose = |mode| ColorDepth::choose(mode, &colorful);
        assert_eq!(choose(ColorMode::None), None);
        assert_eq!(choose(ColorMode::Auto), Palette256);
    }

    #[test]
    fn the_locale_says_whether_there_is_more_than_ascii() {
        let utf8 = |variables: &[(&str, &str)]| is_utf8(&variables.iter().copied().collect());
        assert!(utf8(&[("LANG", "en_US.UTF-8")]));
        assert!(utf8(&[("LANG", "C"), ("LC_CTYPE", "C.utf8")]));
        assert!(!utf8(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]));
        assert!(utf8(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "")]));
        assert!(!utf8(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(!utf8(&[]));
        let none = Variables::default();
        assert_eq!(borders(BorderStyle::Auto, &none), ASCII);
        assert_eq!(borders(BorderStyle::Unicode, &none), border::PLAIN);
    }

    #[test]
    fn colours_become_the_nearest_that_there_are() {
        let of = |depth: ColorDepth, red, green, blue| depth.nearest(Color::Rgb(red, green, blue));
        assert_eq!(
            of(ColorDepth::Palette256, 255, 0, 0),
            Some(Color::Indexed(196))
        );
        assert_eq!(
            of(ColorDepth::Palette256, 95, 135, 175),
            Some(Color::Indexed(67))
        );
        assert_eq!(
            of(ColorDepth::Palette256, 128, 128, 128),
            Some(Color::Indexed(244))
        );
        assert_eq!(
            of(ColorDepth::Palette16, 0x16, 0x18, 0x1d),
            Some(Color::Black)
        );
        assert_eq!(
            of(ColorDepth::Palette16, 0xf4, 0x75, 0x7a),
            Some(Color::LightRed)
        );
        assert_eq!(
            of(ColorDepth::Palette16, 0x1b, 0x7a, 0x33),
            Some(Color::Green)
        );
        assert_eq!(of(ColorDepth::None, 1, 2, 3), None);
        let named = ColorDepth::Palette16.nearest(Color::Indexed(9));
        assert_eq!(named, Some(Color::LightRed));
    }
}
