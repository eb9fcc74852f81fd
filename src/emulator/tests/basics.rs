//! Feeding, rows and their numbers, the fence.

use proptest::prelude::*;

use super::*;

fn text(emulator: &Emulator) -> String {
    emulator.parser.screen().contents()
}

#[test]
fn a_program_writes_and_asks() {
    let mut emulator = Emulator::new(20, 5, 100);
    all(
        &mut emulator,
        b"\x1b[31mhello\x1b[0m\r\nworld\x1b[6n\x1b[c\x1b]0;my title\x07",
    );
    assert_eq!(text(&emulator), "hello\nworld");
    assert_eq!(emulator.replies(), b"\x1b[2;6R\x1b[?62;22c");
    assert!(emulator.replies().is_empty());
    assert_eq!(emulator.title(), Some("my title"));
    all(&mut emulator, b"\x1b[?1h\x1b[?2004h\x1b[?1049h");
    let modes = emulator.modes();
    assert!(modes.application_cursor && modes.bracketed_paste && modes.alternate_screen);
}

#[test]
fn a_panic_of_the_emulator_is_contained() {
    let mut emulator = Emulator::new(99, 37, 100);
    all(
        &mut emulator,
        "\u{1b}[38;100H\u{2764}\u{fe0f}\u{1b}[36;100H\u{26a0}\u{fe0f}\u{301}".as_bytes(),
    );
    // Whether this build of vt100 falls or not, the screen goes on.
    all(&mut emulator, b"\x1b[H\x1b[2Jgoes on");
    assert!(text(&emulator).contains("goes on"));
}

#[test]
fn a_flood_is_parsed_by_and_by() {
    let mut emulator = Emulator::new(80, 24, 100);
    emulator.feed(&vec![b'y'; 100_000]);
    let looks = std::cell::Cell::new(0);
    emulator.parse(Duration::from_millis(4), || {
        looks.set(looks.get() + 1);
        Duration::from_millis(looks.get())
    });
    assert_eq!(looks.get(), 4);
    assert!(emulator.is_behind());
}

#[test]
fn rows_above_the_screen_can_be_seen() {
    let mut emulator = Emulator::new(10, 3, 40);
    for line in 0..50 {
        all(&mut emulator, format!("{line}\r\n").as_bytes());
    }
    assert_eq!(
        (emulator.first(), emulator.top(), emulator.end()),
        (8, 48, 51)
    );
    assert_eq!(emulator.text(8), "8");
    assert_eq!(emulator.text(47), "47");
    assert_eq!(emulator.text(49), "49");
    assert_eq!(emulator.text(7), "");
}

#[test]
fn rows_keep_their_looks_above_the_screen() {
    let mut emulator = Emulator::new(6, 2, 40);
    all(
        &mut emulator,
        "\u{1b}[1;38;2;9;8;7mab\u{1b}[0m漢e\u{301}x1234\r\n\r\n\r\n".as_bytes(),
    );
    assert_eq!(emulator.text(0), "ab漢e\u{301}x");
    assert!(emulator.is_wrapped(0) && !emulator.is_wrapped(1));
    let mut seen = Vec::new();
    emulator.visit(0, |column, cell| {
        seen.push((column, cell.width, cell.style.bold));
    });
    assert_eq!(
        seen,
        [
            (0, 1, true),
            (1, 1, true),
            (2, 2, false),
            (4, 1, false),
            (5, 1, false)
        ]
    );
}

proptest! {
    #[test]
    fn nothing_that_a_program_writes_ends_docket(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        sizes in proptest::collection::vec((0u16..40, 0u16..12), 0..5),
    ) {
        let mut emulator = Emulator::new(3, 3, 10);
        all(&mut emulator, &bytes);
        for (columns, rows) in sizes {
            emulator.resize(columns, rows);
            all(&mut emulator, &bytes);
        }
    }
}
