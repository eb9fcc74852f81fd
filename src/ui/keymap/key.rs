//! A key: what was pressed, told apart from how the terminal happened to send it.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl Key {
    /// A key; what terminals send in different ways, and people write in different ways, is one.
    fn new(mut code: KeyCode, modifiers: KeyModifiers) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = modifiers & known;
        if let KeyCode::Char(c) = &mut code {
            // The character itself tells what Shift did.
            if modifiers.contains(KeyModifiers::SHIFT) {
                *c = c.to_ascii_uppercase();
            }
            modifiers.remove(KeyModifiers::SHIFT);
            if modifiers.contains(KeyModifiers::CONTROL) {
                // Terminals send Ctrl-\ to Ctrl-_ as bytes 28 to 31, which crossterm calls Ctrl-4 to Ctrl-7.
                *c = match c.to_ascii_lowercase() {
                    '4' => '\\',
                    '5' => ']',
                    '6' => '^',
                    '7' => '_',
                    c => c,
                };
            }
        }
        if code == KeyCode::Tab && modifiers.contains(KeyModifiers::SHIFT) {
            code = KeyCode::BackTab;
        }
        if code == KeyCode::BackTab {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code, modifiers }
    }

    /// What begins the sequences of a terminal unless the user says otherwise.
    pub(super) const CHORD: Self = Self {
        code: KeyCode::Char(']'),
        modifiers: KeyModifiers::CONTROL,
    };

    /// Whether it may begin the sequences of a terminal: nothing that is typed all day.
    pub(super) fn may_be_chord(&self) -> bool {
        let held = KeyModifiers::CONTROL | KeyModifiers::ALT;
        self.modifiers.intersects(held) || matches!(self.code, KeyCode::F(_))
    }

    /// Whether terminals can send it: with Ctrl or Alt some keys are the same bytes as others, or none.
    pub(super) fn is_sent(&self) -> bool {
        let (control, alt) = (KeyModifiers::CONTROL, KeyModifiers::ALT);
        match self.code {
            KeyCode::Char(c) if self.modifiers.contains(control) => {
                // Tab and Enter are `Ctrl-i` and `Ctrl-m`, Escape is `Ctrl-[`.
                (c.is_ascii_lowercase() && !matches!(c, 'i' | 'm')) || "]\\^_@ ".contains(c)
            }
            // What follows is taken for a sequence.
            KeyCode::Char(c) if self.modifiers.contains(alt) => !matches!(c, '[' | 'O'),
            KeyCode::Esc | KeyCode::Tab => !self.modifiers.intersects(control | alt),
            KeyCode::Enter | KeyCode::Backspace => !self.modifiers.contains(control),
            _ => true,
        }
    }

    /// Whether it types a character.
    pub(crate) fn types(&self) -> bool {
        let plain = !self
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        matches!(self.code, KeyCode::Char(_)) && plain
    }
}

impl From<Key> for KeyEvent {
    fn from(key: Key) -> Self {
        Self::new(key.code, key.modifiers)
    }
}

const NAMES: &[(KeyCode, &str)] = &[
    (KeyCode::Enter, "Enter"),
    (KeyCode::Esc, "Esc"),
    (KeyCode::Tab, "Tab"),
    (KeyCode::BackTab, "Shift-Tab"),
    (KeyCode::Backspace, "Backspace"),
    (KeyCode::Up, "Up"),
    (KeyCode::Down, "Down"),
    (KeyCode::Left, "Left"),
    (KeyCode::Right, "Right"),
    (KeyCode::Home, "Home"),
    (KeyCode::End, "End"),
    (KeyCode::PageUp, "PageUp"),
    (KeyCode::PageDown, "PageDown"),
    (KeyCode::Char(' '), "Space"),
    (KeyCode::Delete, "Delete"),
    (KeyCode::Insert, "Insert"),
    (KeyCode::F(1), "F1"),
    (KeyCode::F(2), "F2"),
    (KeyCode::F(3), "F3"),
    (KeyCode::F(4), "F4"),
    (KeyCode::F(5), "F5"),
    (KeyCode::F(6), "F6"),
    (KeyCode::F(7), "F7"),
    (KeyCode::F(8), "F8"),
    (KeyCode::F(9), "F9"),
    (KeyCode::F(10), "F10"),
    (KeyCode::F(11), "F11"),
    (KeyCode::F(12), "F12"),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flag, word) in [
            (KeyModifiers::CONTROL, "Ctrl-"),
            (KeyModifiers::ALT, "Alt-"),
            (KeyModifiers::SHIFT, "Shift-"),
        ] {
            if self.modifiers.contains(flag) {
                f.write_str(word)?;
            }
        }
        if let Some((_, name)) = NAMES.iter().find(|(code, _)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            code => write!(f, "{code}"),
        }
    }
}

/// The text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no key; keys are written like `q`, `G`, `Ctrl-]`, `Shift-PageUp`, `Enter`")]
pub(crate) struct InvalidKey {
    text: String,
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidKey {
            text: text.to_owned(),
        };
        let named = |text: &str| {
            let found = NAMES
                .iter()
                .find(|(_, name)| name.eq_ignore_ascii_case(text));
            found.map(|(code, _)| *code)
        };
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        let code = loop {
            if let Some(code) = named(rest) {
                break code;
            }
            let mut characters = rest.chars();
            if let (Some(c), None) = (characters.next(), characters.next()) {
                break KeyCode::Char(c);
            }
            let (modifier, tail) = rest.split_once('-').ok_or_else(invalid)?;
            modifiers |= match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "c" => KeyModifiers::CONTROL,
                "alt" | "a" | "m" => KeyModifiers::ALT,
                "shift" | "s" => KeyModifiers::SHIFT,
                _ => return Err(invalid()),
            };
            rest = tail;
        };
        Ok(Self::new(code, modifiers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_print_and_parse_back() {
        for text in [
            "q",
            "G",
            "Ctrl-]",
            "Shift-PageUp",
            "Shift-Tab",
            "-",
            "Alt-Enter",
            "Space",
            "F5",
            "Ctrl-F12",
            "Alt->",
        ] {
            let key: Key = text.parse().expect(text);
            assert_eq!(key.to_string(), text);
        }
        for (written, key) in [
            ("C-X", "Ctrl-x"),
            ("M-x", "Alt-x"),
            ("shift-g", "G"),
            ("Shift-tab", "Shift-Tab"),
            ("ctrl-space", "Ctrl-Space"),
        ] {
            assert_eq!(written.parse::<Key>().expect(written).to_string(), key);
        }
        assert!("Hyper-x".parse::<Key>().is_err());
        assert!("".parse::<Key>().is_err());
    }

    #[test]
    fn what_the_terminal_sends_is_the_key_that_was_pressed() {
        let key = |code, modifiers| Key::from(KeyEvent::new(code, modifiers)).to_string();
        assert_eq!(key(KeyCode::Char('5'), KeyModifiers::CONTROL), "Ctrl-]");
        assert_eq!(key(KeyCode::Char('G'), KeyModifiers::SHIFT), "G");
        assert_eq!(key(KeyCode::BackTab, KeyModifiers::SHIFT), "Shift-Tab");
        assert_eq!(key(KeyCode::PageUp, KeyModifiers::SHIFT), "Shift-PageUp");
    }
}
