//! Keys in the forms that tell them apart: the kitty keyboard protocol, and xterm's modifyOtherKeys.
//!
//! Sources: sw.kovidgoyal.net/kitty/keyboard-protocol; xterm's ctlseqs and "modified keys". Only what docket's own terminal tells can be
//! told on: repetitions, releases, and the keys of the keypad come from few.

use std::fmt::Write as _;

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MediaKeyCode, ModifierKeyCode,
};

use super::keys;
use super::modes::{Keyboard, Modes};

/// The bytes of a key where the program asked for more than xterm's; none where it is the same as ever.
pub(super) fn encode(key: KeyEvent, modes: Modes) -> Option<Vec<u8>> {
    let wants = modes.keyboard;
    let is_told_apart = [Keyboard::DISAMBIGUATE, Keyboard::EVENTS, Keyboard::ALL]
        .iter()
        .any(|flag| wants.has(*flag));
    if is_told_apart {
        return Some(kitty(key, wants));
    }
    match modes.modify_other_keys {
        0 => None,
        level => other(key, level),
    }
}

/// How a key is written: its number and what ends the sequence.
struct Form {
    number: u32,
    end: char,
}

fn kitty(key: KeyEvent, wants: Keyboard) -> Vec<u8> {
    let is_release = key.kind == KeyEventKind::Release;
    let modifiers = modifiers(key, wants);
    let is_bare = modifiers == 0;
    let event = match key.kind {
        _ if !wants.has(Keyboard::EVENTS) => 1,
        KeyEventKind::Press => 1,
        KeyEventKind::Repeat => 2,
        KeyEventKind::Release => 3,
    };
    if !wants.has(Keyboard::ALL) {
        // What makes text is text.
        if let KeyCode::Char(c) = key.code
            && !is_release
            && modifiers & !1 == 0
        {
            return c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
        }
        // A shell that was left in this mode can still be typed in.
        let plain = match key.code {
            KeyCode::Enter => Some(b'\r'),
            KeyCode::Tab => Some(b'\t'),
            KeyCode::Backspace => Some(0x7f),
            _ => None,
        };
        if let Some(byte) = plain.filter(|_| is_bare || is_release) {
            return if is_release { Vec::new() } else { vec![byte] };
        }
        if matches!(key.code, KeyCode::Modifier(_)) {
            return Vec::new();
        }
    }
    let Some(form) = form(key) else {
        return Vec::new();
    };
    let mut text = String::from("\x1b[");
    let shifted = shifted(key, form.number).filter(|_| wants.has(Keyboard::ALTERNATES));
    let typed =
        typed(key).filter(|_| wants.has(Keyboard::ALL) && wants.has(Keyboard::TEXT) && !is_release);
    let has_more = !is_bare || event > 1 || typed.is_some();
    // The number 1 is left out where nothing follows it.
    if form.number != 1 || has_more {
        let _never_fails = write!(text, "{}", form.number);
    }
    if let Some(shifted) = shifted {
        let _never_fails = write!(text, ":{shifted}");
    }
    if has_more {
        text.push(';');
        if !is_bare || event > 1 {
            let _never_fails = write!(text, "{}", modifiers + 1);
        }
        if event > 1 {
            let _never_fails = write!(text, ":{event}");
        }
    }
    if let Some(typed) = typed {
        let _never_fails = write!(text, ";{typed}");
    }
    text.push(form.end);
    text.into_bytes()
}

/// The bits of modifiers: shift 1, alt 2, control 4, super 8, hyper 16, meta 32, caps lock 64, num lock 128.
fn modifiers(key: KeyEvent, wants: Keyboard) -> u32 {
    let mut bits = 0;
    for (modifier, bit) in [
        (KeyModifiers::SHIFT, 1),
        (KeyModifiers::ALT, 2),
        (KeyModifiers::CONTROL, 4),
        (KeyModifiers::SUPER, 8),
        (KeyModifiers::HYPER, 16),
        (KeyModifiers::META, 32),
    ] {
        if key.modifiers.contains(modifier) {
            bits |= bit;
        }
    }
    if key.code == KeyCode::BackTab {
        bits |= 1;
    }
    // Locks are told with all keys only: text would not be text else.
    if wants.has(Keyboard::ALL) {
        for (state, bit) in [
            (KeyEventState::CAPS_LOCK, 64),
            (KeyEventState::NUM_LOCK, 128),
        ] {
            if key.state.contains(state) {
                bits |= bit;
            }
        }
    }
    bits
}

fn form(key: KeyEvent) -> Option<Form> {
    let of = |number, end| Some(Form { number, end });
    if key.state.contains(KeyEventState::KEYPAD)
        && let Some(number) = keypad(key.code)
    {
        return of(number, 'u');
    }
    match key.code {
        KeyCode::Char(c) => of(u32::from(base(c)), 'u'),
        KeyCode::Esc => of(27, 'u'),
        KeyCode::Enter => of(13, 'u'),
        KeyCode::Tab | KeyCode::BackTab => of(9, 'u'),
        KeyCode::Backspace => of(127, 'u'),
        KeyCode::Up => of(1, 'A'),
        KeyCode::Down => of(1, 'B'),
        KeyCode::Right => of(1, 'C'),
        KeyCode::Left => of(1, 'D'),
        KeyCode::KeypadBegin => of(1, 'E'),
        KeyCode::End => of(1, 'F'),
        KeyCode::Home => of(1, 'H'),
        KeyCode::Insert => of(2, '~'),
        KeyCode::Delete => of(3, '~'),
        KeyCode::PageUp => of(5, '~'),
        KeyCode::PageDown => of(6, '~'),
        KeyCode::F(1) => of(1, 'P'),
        KeyCode::F(2) => of(1, 'Q'),
        // `CSI R` is where the cursor is.
        KeyCode::F(3) => of(13, '~'),
        KeyCode::F(4) => of(1, 'S'),
        KeyCode::F(n @ 5..=12) => {
            const NUMBERS: [u32; 8] = [15, 17, 18, 19, 20, 21, 23, 24];
            of(*NUMBERS.get(usize::from(n) - 5)?, '~')
        }
        KeyCode::F(n @ 13..=35) => of(57_376 + u32::from(n) - 13, 'u'),
        KeyCode::CapsLock => of(57_358, 'u'),
        KeyCode::ScrollLock => of(57_359, 'u'),
        KeyCode::NumLock => of(57_360, 'u'),
        KeyCode::PrintScreen => of(57_361, 'u'),
        KeyCode::Pause => of(57_362, 'u'),
        KeyCode::Menu => of(57_363, 'u'),
        KeyCode::Media(media) => of(media_number(media), 'u'),
        KeyCode::Modifier(modifier) => of(modifier_number(modifier), 'u'),
        _ => None,
    }
}

fn keypad(code: KeyCode) -> Option<u32> {
    Some(match code {
        KeyCode::Char(digit @ '0'..='9') => 57_399 + u32::from(digit) - u32::from('0'),
        KeyCode::Char('.') => 57_409,
        KeyCode::Char('/') => 57_410,
        KeyCode::Char('*') => 57_411,
        KeyCode::Char('-') => 57_412,
        KeyCode::Char('+') => 57_413,
        KeyCode::Enter => 57_414,
        KeyCode::Char('=') => 57_415,
        KeyCode::Char(',') => 57_416,
        KeyCode::Left => 57_417,
        KeyCode::Right => 57_418,
        KeyCode::Up => 57_419,
        KeyCode::Down => 57_420,
        KeyCode::PageUp => 57_421,
        KeyCode::PageDown => 57_422,
        KeyCode::Home => 57_423,
        KeyCode::End => 57_424,
        KeyCode::Insert => 57_425,
        KeyCode::Delete => 57_426,
        _ => return None,
    })
}

fn media_number(media: MediaKeyCode) -> u32 {
    match media {
        MediaKeyCode::Play => 57_428,
        MediaKeyCode::Pause => 57_429,
        MediaKeyCode::PlayPause => 57_430,
        MediaKeyCode::Reverse => 57_431,
        MediaKeyCode::Stop => 57_432,
        MediaKeyCode::FastForward => 57_433,
        MediaKeyCode::Rewind => 57_434,
        MediaKeyCode::TrackNext => 57_435,
        MediaKeyCode::TrackPrevious => 57_436,
        MediaKeyCode::Record => 57_437,
        MediaKeyCode::LowerVolume => 57_438,
        MediaKeyCode::RaiseVolume => 57_439,
        MediaKeyCode::MuteVolume => 57_440,
    }
}

fn modifier_number(modifier: ModifierKeyCode) -> u32 {
    match modifier {
        ModifierKeyCode::LeftShift => 57_441,
        ModifierKeyCode::LeftControl => 57_442,
        ModifierKeyCode::LeftAlt => 57_443,
        ModifierKeyCode::LeftSuper => 57_444,
        ModifierKeyCode::LeftHyper => 57_445,
        ModifierKeyCode::LeftMeta => 57_446,
        ModifierKeyCode::RightShift => 57_447,
        ModifierKeyCode::RightControl => 57_448,
        ModifierKeyCode::RightAlt => 57_449,
        ModifierKeyCode::RightSuper => 57_450,
        ModifierKeyCode::RightHyper => 57_451,
        ModifierKeyCode::RightMeta => 57_452,
        ModifierKeyCode::IsoLevel3Shift => 57_453,
        ModifierKeyCode::IsoLevel5Shift => 57_454,
    }
}

/// The character that the key makes without shift, as far as that is known: letters only.
fn base(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// The character that the key makes with shift, where it was pressed.
fn shifted(key: KeyEvent, number: u32) -> Option<u32> {
    let KeyCode::Char(c) = key.code else {
        return None;
    };
    let is_shifted = key.modifiers.contains(KeyModifiers::SHIFT) && u32::from(c) != number;
    is_shifted.then_some(u32::from(c))
}

/// The text that the key makes.
fn typed(key: KeyEvent) -> Option<u32> {
    let KeyCode::Char(c) = key.code else {
        return None;
    };
    let makes_none = key
        .modifiers
        .intersects(!(KeyModifiers::SHIFT | KeyModifiers::NONE));
    (!makes_none).then_some(u32::from(c))
}

/// modifyOtherKeys: 1 tells keys apart that have no form of their own, 2 all that have modifiers.
fn other(key: KeyEvent, level: u8) -> Option<Vec<u8>> {
    let shift_only = key.modifiers == KeyModifiers::SHIFT;
    let has = |modifier| key.modifiers.contains(modifier);
    // Most terminals send Escape and a key, typed fast, as they send Alt with that key: so it goes on as they sent it, and
    // whoever leaves vim's insert mode doesn't write a letter with an accent. Programs take Alt in this form, too.
    if has(KeyModifiers::ALT) && !has(KeyModifiers::CONTROL) {
        return None;
    }
    let is_modified = keys::modifier(key.modifiers) > 1;
    let (code, is_told) = match key.code {
        KeyCode::Char(c) => (
            u32::from(c),
            if level >= 2 {
                is_modified && !shift_only
            } else {
                has(KeyModifiers::CONTROL) && keys::control(c).is_none()
            },
        ),
        KeyCode::Enter => (13, is_modified && (level >= 2 || !has(KeyModifiers::ALT))),
        KeyCode::Tab => (9, is_modified && (level >= 2 || !has(KeyModifiers::ALT))),
        KeyCode::Backspace => (127, is_modified && level >= 2),
        KeyCode::Esc => (27, is_modified && level >= 2),
        _ => return None,
    };
    is_told.then(|| {
        let modifier = keys::modifier(key.modifiers);
        format!("\x1b[27;{modifier};{code}~").into_bytes()
    })
}
