//! Does everything with an emulator that a program and a user can do, as some bytes say, and checks what must always hold.
//! The fuzz target (`tests/fuzz`) has this file, too: nothing here but docket's public face.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use docket::emulator::{Emulator, encode_key, encode_paste};

/// Never part of UTF-8: what follows is not fed but done.
pub(crate) const DO: u8 = 0xff;

/// More than any program needs to be told at once.
const MOST_REPLIES: usize = 64 << 10;

/// Columns, rows and kept rows in three bytes; then what a program writes. After [`DO`] a byte says what a user does: the
/// terminal gets another size (two bytes), is looked through, a key is pressed (two bytes), text is pasted, a little is parsed.
///
/// # Panics
///
/// When something does not hold.
pub(crate) fn exercise(script: &[u8]) {
    let [columns, rows, kept, script @ ..] = script else {
        return;
    };
    let mut size = (u16::from(*columns), u16::from(*rows));
    let mut emulator = Emulator::new(size.0, size.1, usize::from(*kept));
    let mut parts = script.split(|byte| *byte == DO);
    emulator.feed(parts.next().unwrap_or_default());
    parse(&mut emulator);
    holds(&mut emulator, size);
    for part in parts {
        let byte = |index: usize| part.get(index).copied().unwrap_or(0);
        let taken = match byte(0) % 6 {
            0 => {
                size = (u16::from(byte(1)), u16::from(byte(2)));
                emulator.resize(size.0, size.1);
                3
            }
            1 => {
                let keys = [
                    KeyCode::Char(char::from(byte(1))),
                    KeyCode::Up,
                    KeyCode::Enter,
                    KeyCode::Esc,
                    KeyCode::F(byte(1) % 14),
                    KeyCode::Delete,
                ];
                let key = keys[usize::from(byte(1)) % keys.len()];
                let modifiers = KeyModifiers::from_bits_truncate(byte(2));
                let _bytes = encode_key(KeyEvent::new(key, modifiers), emulator.modes());
                3
            }
            2 => {
                let text = String::from_utf8_lossy(part);
                let pasted = encode_paste(&text, emulator.modes());
                let inside = pasted.strip_prefix(b"\x1b[200~").unwrap_or(&pasted);
                let inside = inside.strip_suffix(b"\x1b[201~").unwrap_or(inside);
                assert!(!inside.contains(&0x1b), "a paste can press no keys");
                1
            }
            3 => {
                // A slice at a time, as between two frames.
                emulator.feed(&part[1..]);
                emulator.parse(Duration::ZERO, || Duration::ZERO);
                holds(&mut emulator, size);
                part.len()
            }
            4 => {
                emulator.feed(part.get(1..).unwrap_or_default());
                part.len().max(1)
            }
            _ => 1,
        };
        emulator.feed(part.get(taken..).unwrap_or_default());
        parse(&mut emulator);
        holds(&mut emulator, size);
    }
}

fn parse(emulator: &mut Emulator) {
    emulator.parse(Duration::MAX, || Duration::ZERO);
}

/// What holds at any time: rows and columns are where they can be, and everything can be read.
fn holds(emulator: &mut Emulator, (columns, rows): (u16, u16)) {
    let size = (columns.max(2), rows.max(2));
    assert_eq!(emulator.size(), size, "the size is what was said");
    let (first, top, end) = (emulator.first(), emulator.top(), emulator.end());
    assert!(first <= top && top < end, "{first} {top} {end}");
    assert_eq!(end - top, u64::from(size.1), "as many rows as there are");
    for row in first..end {
        let mut reached = 0;
        let mut links = Vec::new();
        emulator.visit(row, |column, cell| {
            assert!(column >= reached, "columns grow");
            assert!(cell.width == 1 || cell.width == 2, "one column or two");
            reached = column + u16::from(cell.width);
            // Rows above the screen may be from a time when it was wider.
            assert!(
                row < top || reached <= size.0,
                "row {row} ends at {reached}"
            );
            assert!(!cell.text.contains(char::is_control), "{:?}", cell.text);
            links.extend(cell.style.link);
        });
        for link in links {
            let _where = emulator.link(link);
        }
        let text = emulator.text(row);
        assert_eq!(text.trim_end(), text, "no blanks at the end");
        let _goes_on = emulator.is_wrapped(row);
    }
    for beyond in [first.wrapping_sub(1), end, u64::MAX] {
        if !(first..end).contains(&beyond) {
            assert_eq!(emulator.text(beyond), "", "nothing is there");
        }
    }
    if let Some(cursor) = emulator.cursor() {
        assert!(
            (top..end).contains(&cursor.row),
            "the cursor is on the screen"
        );
        assert!(cursor.column <= size.0, "or right behind a line");
    }
    assert!(emulator.replies().len() <= MOST_REPLIES, "answers are few");
    assert!(emulator.replies().is_empty(), "answers are given once");
    let _title = emulator.title();
    let _failed = emulator.failures();
}
