//! The user's clipboard, by OSC 52: it works over SSH, and where the terminal takes it.

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;

/// What the terminal is sent. In tmux it is wrapped, so that tmux hands it to the terminal around it (where
/// `allow-passthrough` is on) besides keeping it as its own buffer.
pub(crate) fn sequence(text: &str, in_tmux: bool) -> String {
    let mut sequence = String::new();
    let _infallible = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
    if in_tmux {
        let wrapped = through_tmux(&sequence);
        sequence.push_str(&wrapped);
    }
    sequence
}

/// A sequence that tmux hands to the terminal around it (tmux(1), `allow-passthrough`): every escape in it is doubled.
pub(crate) fn through_tmux(sequence: &str) -> String {
    let doubled = sequence.replace('\u{1b}', "\u{1b}\u{1b}");
    format!("\u{1b}Ptmux;{doubled}\u{1b}\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tmux_is_asked_to_hand_it_on() {
        assert_eq!(sequence("hi", false), "\u{1b}]52;c;aGk=\u{1b}\\");
        let wrapped = sequence("hi", true);
        assert!(wrapped.starts_with("\u{1b}]52;c;aGk=\u{1b}\\"));
        assert!(wrapped.contains("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;aGk="));
    }
}
