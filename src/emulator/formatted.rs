//! A screen as a program could have written it: a recording begins with it.

use super::{Emulator, MouseEncoding, MouseMode, extras};

impl Emulator {
    /// The screen as escape sequences: a terminal of the same size that gets them on an empty screen shows the same, and is in the same
    /// modes. Not in it: rows above the screen, the main screen behind an alternate one, the scroll region, looks that vt100 doesn't
    /// know, and what
    /// [waits](Self::waiting) to be parsed.
    pub fn formatted(&self) -> String {
        let screen = self.parser.screen();
        let mut text = String::new();
        if screen.alternate_screen() {
            text.push_str("\x1b[?1049h");
        }
        let written = screen.state_formatted();
        text.extend(written.chars().filter(|c| !extras::is_tag(*c)));
        text.push_str(&self.modes_formatted());
        if let Some(title) = self.title() {
            let title: String = title.chars().filter(|c| !c.is_control()).collect();
            text.push_str("\x1b]2;");
            text.push_str(&title);
            text.push('\x07');
        }
        text
    }

    /// The modes that vt100 is not told of.
    fn modes_formatted(&self) -> String {
        let modes = self.modes();
        let mouse = match modes.mouse {
            MouseMode::None => "",
            MouseMode::Press => "\x1b[?9h",
            MouseMode::PressRelease => "\x1b[?1000h",
            MouseMode::ButtonMotion => "\x1b[?1002h",
            MouseMode::AnyMotion => "\x1b[?1003h",
        };
        let encoding = match modes.mouse_encoding {
            MouseEncoding::Default => "",
            MouseEncoding::Utf8 => "\x1b[?1005h",
            MouseEncoding::Sgr => "\x1b[?1006h",
            MouseEncoding::Urxvt => "\x1b[?1015h",
        };
        let switches = [
            (modes.application_cursor, "\x1b[?1h"),
            (modes.application_keypad, "\x1b="),
            (modes.bracketed_paste, "\x1b[?2004h"),
            (modes.focus, "\x1b[?1004h"),
            (!modes.alternate_scroll, "\x1b[?1007l"),
            (self.cursor().is_none(), "\x1b[?25l"),
        ];
        let switched = switches.into_iter().filter(|(is_on, _)| *is_on);
        let switched: String = switched.map(|(_, sequence)| sequence).collect();
        [mouse, encoding, &switched].concat()
    }

    /// What has come and is not parsed yet.
    pub fn waiting(&self) -> Vec<u8> {
        self.waiting.left().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn shown(columns: u16, rows: u16, bytes: &[u8]) -> Emulator {
        let mut emulator = Emulator::new(columns, rows, 0);
        emulator.feed(bytes);
        emulator.parse(Duration::MAX, || Duration::ZERO);
        emulator
    }

    fn cells(emulator: &Emulator) -> Vec<String> {
        let mut cells = Vec::new();
        for row in emulator.top()..emulator.end() {
            emulator.visit(row, |column, cell| {
                let text = if cell.text.is_empty() { " " } else { cell.text };
                cells.push(format!("{column} {text} {:?}", cell.style));
            });
        }
        cells
    }

    #[test]
    fn another_terminal_shows_the_same() {
        let first = shown(
            20,
            4,
            "\u{1b}]0;my\u{7} one\u{1b}[1;31mred\u{1b}[0m\r\n漢字 e\u{301}\u{1b}[?2004h\u{1b}[?1h\u{1b}[3;5H"
                .as_bytes(),
        );
        let second = shown(20, 4, first.formatted().as_bytes());
        assert_eq!(cells(&first), cells(&second));
        assert_eq!(
            first.cursor().map(|it| it.column),
            second.cursor().map(|it| it.column)
        );
        assert_eq!(first.modes(), second.modes());
        assert_eq!(second.title(), Some("my"));
        let full = shown(20, 4, b"main\x1b[?1049hother\x1b[?25l");
        let again = shown(20, 4, full.formatted().as_bytes());
        assert!(again.modes().alternate_screen);
        assert!(again.cursor().is_none());
        assert_eq!(cells(&full), cells(&again));
    }

    proptest! {
        #[test]
        fn so_does_any_text(lines in proptest::collection::vec("[a-z漢 ]{0,12}", 0..6)) {
            let first = shown(10, 4, lines.join("\r\n\x1b[3m").as_bytes());
            let second = shown(10, 4, first.formatted().as_bytes());
            for (a, b) in (first.top()..first.end()).zip(second.top()..second.end()) {
                prop_assert_eq!(first.text(a), second.text(b));
            }
        }
    }
}
