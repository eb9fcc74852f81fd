//! A screen as a program could have written it: a recording begins with it.

use super::{Emulator, extras};

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
        if let Some(title) = self.title() {
            let title: String = title.chars().filter(|c| !c.is_control()).collect();
            text.push_str("\x1b]2;");
            text.push_str(&title);
            text.push('\x07');
        }
        text
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
