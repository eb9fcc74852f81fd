//! Strings: operating system commands (OSC) and device control (DCS).

use super::{OSC, Performer, WorkingFolder};
use crate::emulator::replies;
use crate::emulator::translate::sgr;

/// Longest question of a device control string.
const MOST_DEVICE: usize = 1_024;
/// Longest title.
const MOST_TITLE: usize = 200;

/// A device control string that is on its way.
#[derive(Debug, Default)]
pub(super) struct Device {
    asks: Option<Asks>,
    text: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// DECRQSS: how something is set.
    Setting,
    /// XTGETTCAP: what the terminal can do.
    Capability,
}

impl Device {
    pub(super) fn begin(&mut self, intermediates: &[u8], is_cut: bool, action: char) {
        self.text.clear();
        self.asks = match (intermediates, action) {
            _ if is_cut => None,
            (b"$", 'q') => Some(Asks::Setting),
            (b"+", 'q') => Some(Asks::Capability),
            _ => None,
        };
    }

    pub(super) fn take(&mut self, byte: u8) {
        if self.asks.is_some() && self.text.len() < MOST_DEVICE {
            self.text.push(byte);
        }
    }
}

impl Performer<'_> {
    /// The device control string has ended.
    pub(super) fn device(&mut self) {
        let text = std::mem::take(&mut self.string.text);
        match self.string.asks.take() {
            Some(Asks::Setting) => self.setting(&text),
            Some(Asks::Capability) => {
                for name in text.split(|byte| *byte == b';') {
                    self.state.replies.capability(name);
                }
            }
            None => {}
        }
    }

    fn setting(&mut self, name: &[u8]) {
        let page = self.state.page();
        let told = match name {
            b"m" => format!("{}m", sgr::told(&self.state.pen)),
            b"r" => format!("{};{}r", page.top + 1, page.bottom + 1),
            b" q" => format!("{} q", self.cursor_style()),
            b"\"p" => "62;1\"p".to_owned(),
            b"\"q" => "0\"q".to_owned(),
            _ => {
                self.state.replies.say("\x1bP0$r\x1b\\");
                return;
            }
        };
        self.state.replies.say(&format!("\x1bP1$r{told}\x1b\\"));
    }

    pub(super) fn osc(&mut self, params: &[&[u8]], is_bell: bool) {
        let Some((number, rest)) = params.split_first() else {
            return;
        };
        match *number {
            b"0" | b"2" => {
                let title = rest.join(&b';');
                let title = String::from_utf8_lossy(&title);
                self.state.title = Some(title.chars().take(MOST_TITLE).collect());
            }
            b"4" => {
                for pair in rest.chunks(2) {
                    if let [index, b"?"] = pair
                        && let Some(index) = number_of(index)
                    {
                        self.state.replies.indexed_color(index, is_bell);
                    }
                }
            }
            b"7" => self.state.folder = rest.first().and_then(|address| folder(address)),
            b"8" => self.link(params),
            b"10" | b"11" | b"12" => {
                let first = number_of(number).unwrap_or(10);
                for (number, asked) in (first..=12).zip(rest) {
                    if *asked == b"?" {
                        self.state.replies.color(number, is_bell);
                    }
                }
            }
            // The clipboard (52) is the user's; prompts (133) and the icon's name (1) have no place here; nothing else is known.
            _ => {}
        }
    }

    /// OSC 8: `8 ; parameters ; address`, and the address may have semicolons of its own.
    fn link(&mut self, params: &[&[u8]]) {
        let length: usize = params.iter().map(|param| param.len()).sum();
        // What fills the parser's buffers was cut.
        let is_cut = length >= OSC || params.len() >= 16;
        let address = params.get(2..).unwrap_or_default().join(&b';');
        let address = std::str::from_utf8(&address).unwrap_or_default();
        self.state.pen.link = if is_cut || address.is_empty() {
            None
        } else {
            self.state.extras.link_to(address)
        };
        self.state.retag();
    }
}

fn number_of(text: &[u8]) -> Option<u16> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `file://host/path`, percent-encoded.
fn folder(address: &[u8]) -> Option<WorkingFolder> {
    let rest = address.strip_prefix(b"file://")?;
    let slash = rest.iter().position(|byte| *byte == b'/')?;
    let (host, path) = rest.split_at(slash);
    let mut bytes = path.iter().copied();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            decoded.push(replies::byte_of(&digits)?);
        } else {
            decoded.push(byte);
        }
    }
    if decoded.contains(&0) {
        return None;
    }
    Some(WorkingFolder {
        host: String::from_utf8_lossy(host).into_owned(),
        path: String::from_utf8(decoded).ok()?.into(),
    })
}
