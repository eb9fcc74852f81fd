//! What keys, the mouse and the focus become.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};

use super::*;

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn modes(bytes: &str) -> Modes {
    with(20, 5, bytes).modes()
}

fn readable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\x1b", "^")
}

#[test]
fn keys_are_told_apart_where_a_program_asks_for_it() {
    #[rustfmt::skip]
    let cases = [
        // Disambiguate.
        ("\x1b[>1u", KeyCode::Char('a'), NONE, "a"),
        ("\x1b[>1u", KeyCode::Char('A'), SHIFT, "A"),
        ("\x1b[>1u", KeyCode::Char('c'), CONTROL, "^[99;5u"),
        ("\x1b[>1u", KeyCode::Char('i'), CONTROL, "^[105;5u"),
        ("\x1b[>1u", KeyCode::Char('C'), CONTROL.union(SHIFT), "^[99;6u"),
        ("\x1b[>1u", KeyCode::Char('x'), ALT, "^[120;3u"),
        ("\x1b[>1u", KeyCode::Esc, NONE, "^[27u"),
        ("\x1b[>1u", KeyCode::Enter, NONE, r"\r"),
        ("\x1b[>1u", KeyCode::Enter, SHIFT, "^[13;2u"),
        ("\x1b[>1u", KeyCode::Tab, CONTROL, "^[9;5u"),
        ("\x1b[>1u", KeyCode::BackTab, SHIFT, "^[9;2u"),
        ("\x1b[>1u", KeyCode::Backspace, NONE, r"\x7f"),
        ("\x1b[>1u", KeyCode::Backspace, ALT, "^[127;3u"),
        ("\x1b[>1u\x1b[?1h", KeyCode::Up, NONE, "^[A"),
        ("\x1b[>1u", KeyCode::Up, CONTROL, "^[1;5A"),
        ("\x1b[>1u", KeyCode::F(1), NONE, "^[P"),
        ("\x1b[>1u", KeyCode::F(3), NONE, "^[13~"),
        ("\x1b[>1u", KeyCode::F(5), SHIFT, "^[15;2~"),
        ("\x1b[>1u", KeyCode::F(13), NONE, "^[57376u"),
        ("\x1b[>1u", KeyCode::Delete, NONE, "^[3~"),
        ("\x1b[>1u", KeyCode::Char('a'), KeyModifiers::SUPER, "^[97;9u"),
        // Alternates, all keys, text.
        ("\x1b[>5u", KeyCode::Char('C'), CONTROL.union(SHIFT), "^[99:67;6u"),
        ("\x1b[>9u", KeyCode::Char('a'), NONE, "^[97u"),
        ("\x1b[>9u", KeyCode::Enter, NONE, "^[13u"),
        ("\x1b[>25u", KeyCode::Char('a'), NONE, "^[97;;97u"),
        ("\x1b[>29u", KeyCode::Char('A'), SHIFT, "^[97:65;2;65u"),
        // xterm's modifyOtherKeys.
        ("\x1b[>4;1m", KeyCode::Char('c'), CONTROL, r"\x03"),
        ("\x1b[>4;1m", KeyCode::Char(','), CONTROL, "^[27;5;44~"),
        ("\x1b[>4;1m", KeyCode::Enter, SHIFT, "^[27;2;13~"),
        ("\x1b[>4;2m", KeyCode::Char('c'), CONTROL, "^[27;5;99~"),
        // Escape and a key, typed fast, are the same bytes in most terminals.
        ("\x1b[>4;2m", KeyCode::Char(':'), ALT, "^:"),
        ("\x1b[>4;2m", KeyCode::Char('x'), CONTROL.union(ALT), "^[27;7;120~"),
        ("\x1b[>4;2m", KeyCode::Char('A'), SHIFT, "A"),
        ("\x1b[>4;2m\x1b[>4m", KeyCode::Char('x'), ALT, "^x"),
        // And as ever.
        ("", KeyCode::Enter, SHIFT, r"\r"),
        ("\x1b[20h", KeyCode::Enter, NONE, r"\r\n"),
        ("\x1b[?67h", KeyCode::Backspace, NONE, r"\x08"),
        ("\x1b[>1u\x1b[<u", KeyCode::Char('c'), CONTROL, r"\x03"),
    ];
    for (asked, code, modifiers, expected) in cases {
        let bytes = encode_key(KeyEvent::new(code, modifiers), modes(asked));
        assert_eq!(
            readable(&bytes),
            expected,
            "{asked:?} {code:?} {modifiers:?}"
        );
    }
}

#[test]
fn repetitions_and_releases_are_told_who_asks() {
    let told = |asked: &str, code, kind| {
        let key = KeyEvent::new_with_kind(code, NONE, kind);
        readable(&encode_key(key, modes(asked)))
    };
    let (repeat, release) = (KeyEventKind::Repeat, KeyEventKind::Release);
    assert_eq!(told("\x1b[>3u", KeyCode::Left, repeat), "^[1;1:2D");
    assert_eq!(told("\x1b[>3u", KeyCode::Left, release), "^[1;1:3D");
    assert_eq!(told("\x1b[>3u", KeyCode::Char('a'), release), "^[97;1:3u");
    assert_eq!(told("\x1b[>3u", KeyCode::Enter, release), "");
    assert_eq!(told("\x1b[>11u", KeyCode::Enter, release), "^[13;1:3u");
    assert_eq!(told("\x1b[>1u", KeyCode::Left, release), "");
    assert_eq!(told("\x1b[>1u", KeyCode::Left, repeat), "^[D");
    assert_eq!(told("", KeyCode::Char('a'), release), "");
    assert_eq!(told("", KeyCode::Char('a'), repeat), "a");
}

#[test]
fn the_keypad_has_its_own_keys() {
    let told = |asked: &str, code| {
        let key = KeyEvent::new_with_kind_and_state(
            code,
            NONE,
            KeyEventKind::Press,
            KeyEventState::KEYPAD,
        );
        readable(&encode_key(key, modes(asked)))
    };
    assert_eq!(told("", KeyCode::Char('5')), "5");
    assert_eq!(told("\x1b=", KeyCode::Char('5')), "^Ou");
    assert_eq!(told("\x1b=", KeyCode::Enter), "^OM");
    assert_eq!(told("\x1b=\x1b>", KeyCode::Enter), r"\r");
    assert_eq!(told("\x1b[>1u", KeyCode::Left), "^[57417u");
    assert_eq!(told("\x1b[>9u", KeyCode::Char('5')), "^[57404u");
}

fn mouse(kind: MouseEventKind, modifiers: KeyModifiers) -> MouseEvent {
    MouseEvent {
        kind,
        column: 0,
        row: 0,
        modifiers,
    }
}

#[test]
fn the_mouse_is_told_as_the_program_asked() {
    use MouseButton::{Left, Middle, Right};
    use MouseEventKind::{Down, Drag, Moved, ScrollDown, ScrollUp, Up};
    #[rustfmt::skip]
    let cases = [
        ("", Down(Left), NONE, ""),
        ("\x1b[?9h", Down(Right), SHIFT, r#"^[M\"%$"#),
        ("\x1b[?9h", Up(Right), NONE, ""),
        ("\x1b[?1000h", Down(Left), NONE, "^[M %$"),
        ("\x1b[?1000h", Up(Left), NONE, "^[M#%$"),
        ("\x1b[?1000h", Down(Middle), CONTROL, "^[M1%$"),
        ("\x1b[?1000h", Drag(Left), NONE, ""),
        ("\x1b[?1000h", Moved, NONE, ""),
        ("\x1b[?1000h", ScrollUp, NONE, "^[M`%$"),
        ("\x1b[?1002h", Drag(Left), NONE, "^[M@%$"),
        ("\x1b[?1002h", Moved, NONE, ""),
        ("\x1b[?1003h", Moved, NONE, "^[MC%$"),
        ("\x1b[?1000;1006h", Down(Left), NONE, "^[<0;5;4M"),
        ("\x1b[?1000;1006h", Up(Right), ALT, "^[<10;5;4m"),
        ("\x1b[?1000;1006h", ScrollDown, SHIFT, "^[<69;5;4M"),
        ("\x1b[?1003;1006h", Moved, NONE, "^[<35;5;4M"),
        ("\x1b[?1000;1015h", Up(Left), NONE, "^[35;5;4M"),
        ("\x1b[?1000;1005h", Down(Left), NONE, "^[M %$"),
        ("\x1b[?1000;1006;1015h", Down(Left), NONE, "^[<0;5;4M"),
        ("\x1b[?1000;1002h\x1b[?1002l", Drag(Left), NONE, ""),
        ("\x1b[?1000h\x1b[?1000l", Down(Left), NONE, ""),
        // The wheel where nobody asked for the mouse.
        ("\x1b[?1049h", ScrollUp, NONE, "^[A^[A^[A"),
        ("\x1b[?1049h\x1b[?1h", ScrollDown, NONE, "^OB^OB^OB"),
        ("\x1b[?1049h\x1b[?1007l", ScrollDown, NONE, ""),
        ("", ScrollDown, NONE, ""),
    ];
    for (asked, kind, modifiers, expected) in cases {
        let bytes = encode_mouse(mouse(kind, modifiers), 4, 3, modes(asked));
        assert_eq!(readable(&bytes), expected, "{asked:?} {kind:?}");
    }
    // Far out: one byte can't tell it, two of UTF-8 can, decimal always.
    let down = mouse(Down(Left), NONE);
    let far = |asked: &str, column| readable(&encode_mouse(down, column, 3, modes(asked)));
    assert_eq!(far("\x1b[?1000h", 222), r"^[M \xff$");
    assert_eq!(far("\x1b[?1000h", 223), "");
    assert_eq!(far("\x1b[?1000;1005h", 223), r"^[M \xc4\x80$");
    assert_eq!(far("\x1b[?1000;1005h", 2_014), r"^[M \xdf\xbf$");
    assert_eq!(far("\x1b[?1000;1005h", 2_015), "");
    assert_eq!(far("\x1b[?1000;1006h", 2_015), "^[<0;2016;4M");
}

#[test]
fn the_focus_is_told_who_asks() {
    assert_eq!(encode_focus(true, modes("")), b"");
    assert_eq!(encode_focus(true, modes("\x1b[?1004h")), b"\x1b[I");
    assert_eq!(encode_focus(false, modes("\x1b[?1004h")), b"\x1b[O");
}
