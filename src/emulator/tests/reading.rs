use super::support::{emulator, everything};
use crate::emulator::Place;

fn place(row: u64, column: u16) -> Place {
    Place { row, column }
}

#[test]
fn a_wrapped_line_is_read_as_it_was_written() {
    let emulator = emulator(6, 3, 40, "abcdefghijklmno\r\nxy\r\nlast");
    assert_eq!(emulator.top(), 2);
    assert_eq!(emulator.line_of(1), 0..3);
    assert_eq!(emulator.line_of(3), 3..4);
    let line = emulator.line(2);
    assert_eq!((line.text(), line.rows()), ("abcdefghijklmno", 0..3));
    assert_eq!(line.place(0), place(0, 0));
    assert_eq!(line.place(7), place(1, 1));
    assert_eq!(line.place(15), place(2, 3));
    assert_eq!(line.offset(place(1, 1)), 7);
    assert_eq!(line.offset(place(2, 9)), 15);
    assert_eq!(line.cells(4..8), [(0, 4..6), (1, 0..2)]);
    assert_eq!(everything(&emulator), "abcdefghijklmno\nxy\nlast");
}

#[test]
fn wide_and_combined_characters_have_their_cells() {
    let emulator = emulator(8, 2, 40, "a漢\u{1b}[6Ge\u{301}x\r\n\r\n");
    let line = emulator.line(0);
    assert_eq!(line.text(), "a漢  e\u{301}x");
    assert_eq!(line.cells(1..4), [(0, 1..3)]);
    // In the middle of a character: the whole of it.
    assert_eq!(line.cells(2..3), [(0, 1..3)]);
    assert_eq!(line.place(4), place(0, 3));
    assert_eq!(line.place(6), place(0, 5));
    assert_eq!(line.cells(6..9), [(0, 5..6)]);
    assert_eq!(line.place(9), place(0, 6));
    assert_eq!(line.place(99), place(0, 7));
    for (column, offset) in [(0, 0), (1, 1), (2, 1), (3, 4), (5, 6), (6, 9), (7, 10)] {
        assert_eq!(line.offset(place(0, column)), offset, "{column}");
    }
    assert_eq!(emulator.line(1).text(), "");
    assert_eq!(emulator.line(1).place(3), place(1, 0));
    assert_eq!(emulator.line(1).cells(0..4), []);
}
