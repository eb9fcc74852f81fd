//! Events of the mouse, and of the focus, as the bytes that a program expects (xterm's ctlseqs, "Mouse Tracking").

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::modes::{Modes, MouseEncoding, MouseMode};

/// So many rows a notch of the wheel moves where it stands for cursor keys (1007).
const NOTCH: usize = 3;

/// The code of a wheel's first direction.
const WHEEL: u16 = 64;
/// What is added to a code for a movement.
const MOTION: u16 = 32;
/// The code for no button, and for a release where the button isn't told.
const NO_BUTTON: u16 = 3;

/// The bytes of an event at a place of the screen, counted from 0; empty where the program wants to hear nothing of it.
///
/// Pixels (1016) can't be told: docket knows cells only, and says so when it is asked for that mode.
pub fn encode_mouse(event: MouseEvent, column: u16, row: u16, modes: Modes) -> Vec<u8> {
    let is_wheel = matches!(
        event.kind,
        MouseEventKind::ScrollUp | MouseEventKind::ScrollDown
    );
    if modes.mouse == MouseMode::None {
        if is_wheel && modes.alternate_screen && modes.alternate_scroll {
            let up = event.kind == MouseEventKind::ScrollUp;
            return cursor_keys(up, modes);
        }
        return Vec::new();
    }
    let (mut code, is_release) = match event.kind {
        MouseEventKind::Down(button) => (number(button), false),
        MouseEventKind::Up(button) if modes.mouse >= MouseMode::PressRelease => {
            (number(button), true)
        }
        MouseEventKind::Drag(button) if modes.mouse >= MouseMode::ButtonMotion => {
            (number(button) + MOTION, false)
        }
        MouseEventKind::Moved if modes.mouse >= MouseMode::AnyMotion => (NO_BUTTON + MOTION, false),
        MouseEventKind::ScrollUp => (WHEEL, false),
        MouseEventKind::ScrollDown => (WHEEL + 1, false),
        MouseEventKind::ScrollLeft => (WHEEL + 2, false),
        MouseEventKind::ScrollRight => (WHEEL + 3, false),
        _ => return Vec::new(),
    };
    // X10 tells no modifiers.
    if modes.mouse != MouseMode::Press {
        for (modifier, value) in [
            (KeyModifiers::SHIFT, 4),
            (KeyModifiers::ALT, 8),
            (KeyModifiers::CONTROL, 16),
        ] {
            if event.modifiers.contains(modifier) {
                code += value;
            }
        }
    }
    let (column, row) = (column.saturating_add(1), row.saturating_add(1));
    // Only SGR tells which button was released.
    let released = if is_release { code | NO_BUTTON } else { code };
    match modes.mouse_encoding {
        MouseEncoding::Sgr => {
            let end = if is_release { 'm' } else { 'M' };
            format!("\x1b[<{code};{column};{row}{end}").into_bytes()
        }
        MouseEncoding::Urxvt => format!("\x1b[{};{column};{row}M", released + 32).into_bytes(),
        MouseEncoding::Default => {
            let mut bytes = b"\x1b[M".to_vec();
            for value in [released, column, row] {
                // What can't be told is not told wrongly.
                let Ok(byte) = u8::try_from(value + 32) else {
                    return Vec::new();
                };
                bytes.push(byte);
            }
            bytes
        }
        MouseEncoding::Utf8 => {
            let mut bytes = b"\x1b[M".to_vec();
            for value in [released, column, row] {
                let value = value.saturating_add(32);
                let Some(c) = char::from_u32(u32::from(value)).filter(|_| value <= 0x7ff) else {
                    return Vec::new();
                };
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            bytes
        }
    }
}

/// Coming or going of the focus; empty where the program wants to hear nothing of it.
pub fn encode_focus(has_it: bool, modes: Modes) -> Vec<u8> {
    match (modes.focus, has_it) {
        (false, _) => Vec::new(),
        (true, true) => b"\x1b[I".to_vec(),
        (true, false) => b"\x1b[O".to_vec(),
    }
}

fn number(button: MouseButton) -> u16 {
    match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    }
}

fn cursor_keys(up: bool, modes: Modes) -> Vec<u8> {
    let key: &[u8] = match (up, modes.application_cursor) {
        (true, true) => b"\x1bOA",
        (true, false) => b"\x1b[A",
        (false, true) => b"\x1bOB",
        (false, false) => b"\x1b[B",
    };
    key.repeat(NOTCH)
}
