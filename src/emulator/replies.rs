//! What a terminal answers when a program asks. vt100 reports questions and leaves the answers to its host.

use std::fmt::Write as _;

use super::history::History;

/// Longest answers that wait: a program that asks without reading gets no more.
const MOST: usize = 4_096;

/// What vt100 leaves to its host: answers that wait to be typed back, the title, the rows above the screen.
#[derive(Debug)]
pub(super) struct Host {
    bytes: Vec<u8>,
    title: Option<String>,
    /// It rang.
    bell: bool,
    pub(super) history: History,
}

impl Default for Host {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Host {
    pub(super) fn new(scrollback: usize) -> Self {
        Self {
            bytes: Vec::new(),
            title: None,
            bell: false,
            history: History::new(scrollback),
        }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    pub(super) fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.bell)
    }

    fn answer(&mut self, text: &str) {
        if self.bytes.len() + text.len() <= MOST {
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }
}

impl vt100::Callbacks for Host {
    fn on_scroll(&mut self, row: vt100::capture::RowContents<'_>, alternate_screen: bool) {
        if !alternate_screen {
            self.history.keep(&row);
        }
    }

    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bell = true;
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        let title = String::from_utf8_lossy(title);
        self.title = Some(title.chars().take(200).collect());
    }

    // Sources: xterm's ctlseqs for DA, DSR, DECRQM and XTVERSION; the kitty keyboard protocol for `CSI ? u`.
    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        second: Option<u8>,
        params: &[&[u16]],
        action: char,
    ) {
        let param = |index: usize| {
            let param = params.get(index).and_then(|param| param.first());
            param.copied().unwrap_or(0)
        };
        let mut text = String::new();
        let (row, column) = screen.cursor_position();
        let (row, column) = (u32::from(row) + 1, u32::from(column) + 1);
        let written = match (first, second, action) {
            (None, _, 'n') if param(0) == 5 => write!(text, "\x1b[0n"),
            (None, _, 'n') if param(0) == 6 => write!(text, "\x1b[{row};{column}R"),
            (Some(b'?'), None, 'n') if param(0) == 6 => write!(text, "\x1b[?{row};{column}R"),
            // A VT220 with colours.
            (None, _, 'c') if param(0) == 0 => write!(text, "\x1b[?62;22c"),
            (Some(b'>'), _, 'c') if param(0) == 0 => write!(text, "\x1b[>1;10;0c"),
            (Some(b'>'), _, 'q') if param(0) == 0 => write!(text, "\x1bP>|docket\x1b\\"),
            // No mode is known by number.
            (Some(b'?'), Some(b'$'), 'p') => write!(text, "\x1b[?{};0$y", param(0)),
            // No enhancement of the keyboard.
            (Some(b'?'), None, 'u') => write!(text, "\x1b[?0u"),
            (None, _, 't') if param(0) == 18 => {
                let (rows, columns) = screen.size();
                write!(text, "\x1b[8;{rows};{columns}t")
            }
            _ => Ok(()),
        };
        if written.is_ok() {
            self.answer(&text);
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        // Foreground and background: programs ask to tell a dark terminal from a light one.
        match params {
            [b"10", b"?"] => self.answer("\x1b]10;rgb:d5d5/d9d9/e0e0\x1b\\"),
            [b"11", b"?"] => self.answer("\x1b]11;rgb:1616/1818/1d1d\x1b\\"),
            _ => {}
        }
    }
}
