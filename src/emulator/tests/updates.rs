//! Synchronized updates: nobody sees half of one.

use super::*;

fn at(emulator: &mut Emulator, milliseconds: u64, bytes: &[u8]) -> String {
    emulator.feed(bytes);
    emulator.parse_at(Duration::from_millis(milliseconds), Duration::MAX, || {
        Duration::ZERO
    });
    rows(emulator)
}

#[test]
fn an_update_is_seen_when_it_is_complete() {
    let mut emulator = Emulator::new(20, 3, 10);
    assert_eq!(at(&mut emulator, 0, b"old\x1b[?2026h\x1b[2Jne"), "old");
    assert!(!emulator.is_behind());
    assert_eq!(emulator.due(), Some(Duration::from_millis(150)));
    assert_eq!(at(&mut emulator, 100, b"w\x1b[?20"), "old");
    assert_eq!(at(&mut emulator, 120, b"26"), "old");
    assert_eq!(at(&mut emulator, 130, b"l\x1b[?2026h more"), "   new");
    assert_eq!(emulator.due(), Some(Duration::from_millis(280)));
    assert_eq!(at(&mut emulator, 140, b"\x1b[?2026l"), "   new more");
    assert_eq!(emulator.due(), None);
}

#[test]
fn an_update_that_never_ends_is_seen_in_time() {
    let mut emulator = Emulator::new(20, 3, 10);
    at(&mut emulator, 1_000, b"\x1b[?2026habc");
    assert_eq!(at(&mut emulator, 1_149, b"d"), "");
    assert_eq!(at(&mut emulator, 1_150, b""), "abcd");
    assert_eq!(emulator.due(), None);
    assert_eq!(at(&mut emulator, 1_151, b"e\x1b[?2026lf"), "abcdef");
}

#[test]
fn an_update_that_is_too_long_is_seen_before() {
    let mut emulator = Emulator::new(20, 3, 10);
    at(&mut emulator, 0, b"\x1b[?2026h");
    for _ in 0..15 {
        at(&mut emulator, 0, &vec![b'x'; 65_536]);
        assert!(!emulator.is_behind(), "it goes on being read");
    }
    assert_eq!(rows(&emulator), "");
    at(&mut emulator, 0, &vec![b'x'; 65_536]);
    assert!(!emulator.is_behind());
    assert!(rows(&emulator).starts_with("xxxx"));
}

#[test]
fn a_complete_update_is_parsed_in_one_go() {
    let mut emulator = Emulator::new(20, 3, 10);
    let update = [
        b"\x1b[?2026h".as_slice(),
        &vec![b'x'; 30_000],
        b"\r\nend\x1b[?2026lafter",
    ]
    .concat();
    emulator.feed(&update);
    // No time at all: what is begun is ended, and no more.
    emulator.parse_at(Duration::ZERO, Duration::ZERO, || Duration::ZERO);
    assert!(rows(&emulator).ends_with("|end"), "{}", rows(&emulator));
    assert!(emulator.is_behind());
}

#[test]
fn questions_in_an_update_are_answered_with_it() {
    let mut emulator = Emulator::new(20, 3, 10);
    at(&mut emulator, 0, b"\x1b[?2026h\x1b[?2026$p\x1b[6n");
    assert_eq!(emulator.replies(), b"");
    at(&mut emulator, 1, b"\x1b[?2026l\x1b[?2026$p");
    assert_eq!(emulator.replies(), b"\x1b[?2026;1$y\x1b[1;1R\x1b[?2026;2$y");
}
