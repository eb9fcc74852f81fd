//! Keys as the bytes that a program on a terminal expects (xterm's ctlseqs, "PC-Style Function Keys").

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};

use super::keyboard;
use super::modes::{Keyboard, Modes};

/// The bytes of a key; empty for keys that have none.
pub fn encode_key(key: KeyEvent, modes: Modes) -> Vec<u8> {
    if key.kind == KeyEventKind::Release && !modes.keyboard.has(Keyboard::EVENTS) {
        return Vec::new();
    }
    if let Some(bytes) = keyboard::encode(key, modes) {
        return bytes;
    }
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let mut bytes = Vec::new();
    if modes.application_keypad
        && key.state.contains(KeyEventState::KEYPAD)
        && let Some(letter) = keypad(key.code)
    {
        return vec![0x1b, b'O', letter];
    }
    match key.code {
        KeyCode::Char(c) => {
            if alt {
                bytes.push(0x1b);
            }
            if key.modifiers.contains(KeyModifiers::CONTROL)
                && let Some(control) = control(c)
            {
                bytes.push(control);
            } else {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        KeyCode::Enter if modes.line_feed => with_alt(alt, b"\r\n", &mut bytes),
        KeyCode::Enter => with_alt(alt, b"\r", &mut bytes),
        KeyCode::Tab => with_alt(alt, b"\t", &mut bytes),
        KeyCode::BackTab => bytes.extend_from_slice(b"\x1b[Z"),
        KeyCode::Backspace => {
            // Ctrl makes it the other one.
            let is_bs = modes.backspace_is_bs != key.modifiers.contains(KeyModifiers::CONTROL);
            let key: &[u8] = if is_bs { b"\x08" } else { b"\x7f" };
            with_alt(alt, key, &mut bytes);
        }
        KeyCode::Esc => with_alt(alt, b"\x1b", &mut bytes),
        KeyCode::Up => letter('A', key.modifiers, modes, &mut bytes),
        KeyCode::Down => letter('B', key.modifiers, modes, &mut bytes),
        KeyCode::Right => letter('C', key.modifiers, modes, &mut bytes),
        KeyCode::Left => letter('D', key.modifiers, modes, &mut bytes),
        KeyCode::End => letter('F', key.modifiers, modes, &mut bytes),
        KeyCode::Home => letter('H', key.modifiers, modes, &mut bytes),
        KeyCode::Insert => number(2, key.modifiers, &mut bytes),
        KeyCode::Delete => number(3, key.modifiers, &mut bytes),
        KeyCode::PageUp => number(5, key.modifiers, &mut bytes),
        KeyCode::PageDown => number(6, key.modifiers, &mut bytes),
        KeyCode::F(n @ 1..=4) => {
            let letter = char::from(b'P' + (n - 1));
            match modifier(key.modifiers) {
                1 => bytes.extend_from_slice(format!("\x1bO{letter}").as_bytes()),
                m => bytes.extend_from_slice(format!("\x1b[1;{m}{letter}").as_bytes()),
            }
        }
        KeyCode::F(n @ 5..=12) => {
            const NUMBERS: [u8; 8] = [15, 17, 18, 19, 20, 21, 23, 24];
            if let Some(&code) = NUMBERS.get(usize::from(n) - 5) {
                number(code, key.modifiers, &mut bytes);
            }
        }
        _ => {}
    }
    bytes
}

fn with_alt(alt: bool, key: &[u8], bytes: &mut Vec<u8>) {
    if alt {
        bytes.push(0x1b);
    }
    bytes.extend_from_slice(key);
}

/// The last letter of a key of the keypad (DECKPAM).
fn keypad(code: KeyCode) -> Option<u8> {
    Some(match code {
        KeyCode::Char(digit @ '0'..='9') => digit as u8 - b'0' + b'p',
        KeyCode::Char('*') => b'j',
        KeyCode::Char('+') => b'k',
        KeyCode::Char(',') => b'l',
        KeyCode::Char('-') => b'm',
        KeyCode::Char('.') => b'n',
        KeyCode::Char('/') => b'o',
        KeyCode::Char('=') => b'X',
        KeyCode::Enter => b'M',
        _ => return None,
    })
}

/// The control character of Ctrl and a key.
pub(super) fn control(c: char) -> Option<u8> {
    let byte = match c {
        'a'..='z' => c as u8 - b'a' + 1,
        'A'..='Z' => c as u8 - b'A' + 1,
        ' ' | '@' | '2' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' => 0x1e,
        '_' | '/' | '7' | '-' => 0x1f,
        '8' | '?' => 0x7f,
        _ => return None,
    };
    Some(byte)
}

/// xterm's number for modifiers: 1 is none.
pub(super) fn modifier(modifiers: KeyModifiers) -> u8 {
    let bit = |flag, value| if modifiers.contains(flag) { value } else { 0 };
    1 + bit(KeyModifiers::SHIFT, 1) + bit(KeyModifiers::ALT, 2) + bit(KeyModifiers::CONTROL, 4)
}

fn letter(letter: char, modifiers: KeyModifiers, modes: Modes, bytes: &mut Vec<u8>) {
    let text = match (modifier(modifiers), modes.application_cursor) {
        (1, true) => format!("\x1bO{letter}"),
        (1, false) => format!("\x1b[{letter}"),
        (modifier, _) => format!("\x1b[1;{modifier}{letter}"),
    };
    bytes.extend_from_slice(text.as_bytes());
}

fn number(code: u8, modifiers: KeyModifiers, bytes: &mut Vec<u8>) {
    let text = match modifier(modifiers) {
        1 => format!("\x1b[{code}~"),
        modifier => format!("\x1b[{code};{modifier}~"),
    };
    bytes.extend_from_slice(text.as_bytes());
}

/// Whether a character of pasted text is a key to a program that doesn't tell them apart, and a command of the terminal to others:
/// every control character but the tab. Ends of lines are among them.
pub fn presses_key(c: char) -> bool {
    c.is_control() && c != '\t'
}

/// Pasted text as a program gets it: marked where it asked for that. Escape characters (and CSI in one character) are left out, so
/// that it can neither end the mark nor press keys. Marked text has no control characters at all but tabs and ends of lines: the
/// line editors of shells obey them in spite of the mark (Ctrl-C ends the mark of bash, and what follows is typed).
pub fn encode_paste(text: &str, modes: Modes) -> Vec<u8> {
    let text = text.replace("\r\n", "\r").replace('\n', "\r");
    if !modes.bracketed_paste {
        return text.replace(['\x1b', '\u{9b}'], "").into_bytes();
    }
    let is_text = |c: &char| *c == '\r' || !presses_key(*c);
    let text: String = text.chars().filter(is_text).collect();
    [b"\x1b[200~", text.as_bytes(), b"\x1b[201~"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(code: KeyCode, modifiers: KeyModifiers) -> String {
        let bytes = encode_key(KeyEvent::new(code, modifiers), Modes::default());
        bytes.escape_ascii().to_string()
    }

    #[test]
    fn keys_are_what_xterm_sends() {
        let none = KeyModifiers::NONE;
        assert_eq!(encoded(KeyCode::Char('ä'), none), r"\xc3\xa4");
        assert_eq!(encoded(KeyCode::Char('c'), KeyModifiers::CONTROL), r"\x03");
        assert_eq!(encoded(KeyCode::Char('x'), KeyModifiers::ALT), r"\x1bx");
        assert_eq!(encoded(KeyCode::Up, none), r"\x1b[A");
        assert_eq!(encoded(KeyCode::Left, KeyModifiers::CONTROL), r"\x1b[1;5D");
        assert_eq!(encoded(KeyCode::F(1), none), r"\x1bOP");
        assert_eq!(encoded(KeyCode::F(5), KeyModifiers::SHIFT), r"\x1b[15;2~");
        assert_eq!(encoded(KeyCode::Delete, none), r"\x1b[3~");
        let modes = Modes {
            application_cursor: true,
            ..Modes::default()
        };
        assert_eq!(
            encode_key(KeyEvent::new(KeyCode::Up, none), modes),
            b"\x1bOA"
        );
    }

    #[test]
    fn a_paste_cannot_end_itself() {
        let modes = Modes {
            bracketed_paste: true,
            ..Modes::default()
        };
        assert_eq!(
            encode_paste("a\x1b[201~rm -rf x\nb", modes),
            b"\x1b[200~a[201~rm -rf x\rb\x1b[201~"
        );
        assert_eq!(encode_paste("a\nb", Modes::default()), b"a\rb");
        assert_eq!(
            encode_paste("a\tb\x03\x16\x7f\u{85} ä\r\nc", modes),
            "\x1b[200~a\tb ä\rc\x1b[201~".as_bytes()
        );
    }
}
