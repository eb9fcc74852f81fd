//! What a terminal answers when a program asks.
//!
//! Sources: xterm's ctlseqs for DA, DSR, DECRQM, XTVERSION, XTGETTCAP, the sizes and the colours; contour's note for `CSI ? 996 n`.

use std::fmt::Write as _;

/// Longest answers that wait: a program that asks without reading gets no more.
const MOST: usize = 4_096;

/// A cell in pixels, as programs are told. docket doesn't know it: what counts is that a picture has a size.
const CELL: (u32, u32) = (8, 16);

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// The first 16 of 256 colours as xterm has them: the user's own can't be known.
const FIRST_COLORS: [Rgb; 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// What programs ask the terminal for by the names of terminfo and termcap.
const CAPABILITIES: &[(&str, &str)] = &[
    ("TN", "xterm-256color"),
    ("name", "xterm-256color"),
    ("Co", "256"),
    ("colors", "256"),
    ("RGB", "8"),
    ("Smulx", "\x1b[4:%p1%dm"),
    (
        "Setulc",
        "\x1b[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm",
    ),
    ("Ss", "\x1b[%p1%d q"),
    ("Se", "\x1b[2 q"),
];

/// Answers that wait to be typed back.
#[derive(Debug)]
pub(super) struct Replies {
    bytes: Vec<u8>,
    foreground: Rgb,
    background: Rgb,
}

impl Default for Replies {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            foreground: (0xd5, 0xd9, 0xe0),
            background: (0x16, 0x18, 0x1d),
        }
    }
}

impl Replies {
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The colours of text that asks for none, as they are seen.
    pub(super) fn set_colors(&mut self, foreground: Rgb, background: Rgb) {
        (self.foreground, self.background) = (foreground, background);
    }

    pub(super) fn say(&mut self, text: &str) {
        if self.bytes.len() + text.len() <= MOST {
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// Questions whose answer is always the same, or the size.
    pub(super) fn question(
        &mut self,
        intermediates: &[u8],
        action: char,
        first: u16,
        (columns, rows): (u16, u16),
    ) {
        let mut text = String::new();
        let (wide, high) = (u32::from(columns) * CELL.0, u32::from(rows) * CELL.1);
        let _never_fails = match (intermediates, action, first) {
            // A VT220 with colours.
            (b"", 'c', 0) => write!(text, "\x1b[?62;22c"),
            // Its version is one at which programs trust it with the mouse in decimal.
            (b">", 'c', 0) => write!(text, "\x1b[>1;400;0c"),
            (b"=", 'c', 0) => write!(text, "\x1bP!|00000000\x1b\\"),
            (b">", 'q', 0) => write!(text, "\x1bP>|docket {}\x1b\\", env!("CARGO_PKG_VERSION")),
            (b"", 'n', 5) => write!(text, "\x1b[0n"),
            // No printer, keys that can't be defined, a keyboard of North America, no locator.
            (b"?", 'n', 15) => write!(text, "\x1b[?13n"),
            (b"?", 'n', 25) => write!(text, "\x1b[?21n"),
            (b"?", 'n', 26) => write!(text, "\x1b[?27;1;0;0n"),
            (b"?", 'n', 53 | 55) => write!(text, "\x1b[?53n"),
            (b"?", 'n', 996) => {
                let (red, green, blue) = self.background;
                let light = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
                write!(text, "\x1b[?997;{}n", if light > 127_500 { 2 } else { 1 })
            }
            (b"", 'x', 0 | 1) => write!(text, "\x1b[{};1;1;128;128;1;0x", first + 2),
            (b"", 't', 11) => write!(text, "\x1b[1t"),
            (b"", 't', 13) => write!(text, "\x1b[3;0;0t"),
            (b"", 't', 14) => write!(text, "\x1b[4;{high};{wide}t"),
            (b"", 't', 15) => write!(text, "\x1b[5;{high};{wide}t"),
            (b"", 't', 16) => write!(text, "\x1b[6;{};{}t", CELL.1, CELL.0),
            (b"", 't', 18) => write!(text, "\x1b[8;{rows};{columns}t"),
            (b"", 't', 19) => write!(text, "\x1b[9;{rows};{columns}t"),
            // Titles aren't typed back: what a program wrote there could be a command.
            (b"", 't', 20) => write!(text, "\x1b]L\x1b\\"),
            (b"", 't', 21) => write!(text, "\x1b]l\x1b\\"),
            _ => Ok(()),
        };
        self.say(&text);
    }

    /// OSC 10 to 12: the colours of text, of what is behind it, and of the cursor. What programs set there is ignored.
    pub(super) fn color(&mut self, number: u16, is_bell: bool) {
        let color = if number == 11 {
            self.background
        } else {
            self.foreground
        };
        self.say_color(&number.to_string(), color, is_bell);
    }

    /// OSC 4: one of 256.
    pub(super) fn indexed_color(&mut self, index: u16, is_bell: bool) {
        let Ok(byte) = u8::try_from(index) else {
            return;
        };
        let color = match byte {
            0..=15 => FIRST_COLORS
                .get(usize::from(byte))
                .copied()
                .unwrap_or_default(),
            16..=231 => {
                let step = |value: u8| if value == 0 { 0 } else { value * 40 + 55 };
                let cube = byte - 16;
                (step(cube / 36), step(cube / 6 % 6), step(cube % 6))
            }
            _ => {
                let gray = (byte - 232) * 10 + 8;
                (gray, gray, gray)
            }
        };
        self.say_color(&format!("4;{index}"), color, is_bell);
    }

    fn say_color(&mut self, what: &str, (red, green, blue): Rgb, is_bell: bool) {
        let end = if is_bell { "\x07" } else { "\x1b\\" };
        self.say(&format!(
            "\x1b]{what};rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}{end}"
        ));
    }

    /// XTGETTCAP: one name, in hexadecimal.
    pub(super) fn capability(&mut self, name: &[u8]) {
        let bytes: Option<Vec<u8>> = name.chunks(2).map(byte_of).collect();
        let Some(bytes) = bytes else {
            self.say("\x1bP0+r\x1b\\");
            return;
        };
        // Digits only: what is said back can't be a sequence of its own.
        let name = hexadecimal(&bytes);
        let known = CAPABILITIES
            .iter()
            .find(|(known, _)| known.as_bytes() == bytes);
        match known {
            Some((_, value)) => {
                let value = hexadecimal(value.as_bytes());
                self.say(&format!("\x1bP1+r{name}={value}\x1b\\"));
            }
            None => self.say(&format!("\x1bP0+r{name}\x1b\\")),
        }
    }
}

/// The byte that two hexadecimal digits are.
pub(super) fn byte_of(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02X}");
        text
    })
}
