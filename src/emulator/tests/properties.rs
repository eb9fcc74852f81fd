//! What holds for any bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Pieces of what programs write, so that chance finds more than errors.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed = prop::sample::select(vec![
        "\x1b(0",
        "\x1b(B",
        "\x0e",
        "\x0f",
        "\x1bD",
        "\x1bE",
        "\x1bH",
        "\x1bM",
        "\x1b7",
        "\x1b8",
        "\x1bc",
        "\x1b#8",
        "\x1b[?7l",
        "\x1b[?7h",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[20h",
        "\x1b[?6h",
        "\x1b[?6l",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?47h",
        "\x1b[?47l",
        "\x1b[?1047l",
        "\x1b[s",
        "\x1b[u",
        "\x1b[!p",
        "\x1b[3g",
        "\x1b[g",
        "\x1b[Z",
        "\t",
        "\x1b[9m",
        "\x1b[4:3m",
        "\x1b[44m",
        "\x1b[7m",
        "\x1b[m",
        "\x1b[58;5;1m",
        "\x1b[1;2m",
        "\x1b]8;;http://h/\x07",
        "\x1b]8;;\x1b\\",
        "漢",
        "\u{2764}\u{fe0f}",
        "\u{26a0}\u{fe0f}\u{301}",
        "1\u{fe0f}\u{20e3}",
        "e\u{301}",
        "👩\u{200d}👧",
        "🇩🇪",
        "\u{e0100}",
        "\u{fffd}",
        "\u{ad}",
        "\u{17d8}",
        "\x08",
        "\r",
        "\n",
        "\x1b[6n",
        "\x1b[3J",
        "\x1b[2J",
        "\x1b[K",
        "\x1b[1K",
        "\x1b[65535b",
        "\x1b[65535L",
        "\x1b[65535@",
        "\x1b[65535P",
        "\x1b[65535S",
        "\x1b[65535T",
        "\x1b[999;999H",
        "\x1bP$qm\x1b\\",
        "\x1bP+q544e",
        "\x1b_x",
        "\x1b[?2026h",
        "\x1b[?2026l",
        "\x1b[3",
        ";",
        "\x1b",
        "\x18",
        "\u{9c}",
    ]);
    prop_oneof![
        4 => fixed.prop_map(|text| text.as_bytes().to_vec()),
        3 => "[a-z ]{1,9}".prop_map(String::into_bytes),
        2 => (0u16..12, 0u16..12, prop::sample::select(b"ABCDEFGHLMPSTX@`abdegrsuIJK".to_vec()))
            .prop_map(|(a, b, end)| format!("\x1b[{a};{b}{}", char::from(end)).into_bytes()),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn pieces_of_any_size_make_the_same_screen(
        pieces in vec(piece(), 0..60),
        cuts in vec(1usize..40, 1..20),
        size in (2u16..12, 2u16..8),
    ) {
        let bytes = pieces.concat();
        let mut whole = Emulator::new(size.0, size.1, 50);
        all(&mut whole, &bytes);
        let mut cut = Emulator::new(size.0, size.1, 50);
        let mut rest = bytes.as_slice();
        for length in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*length).min(rest.len()));
            all(&mut cut, now);
            rest = later;
        }
        // A screen that had to be begun anew has lost what else was on its way.
        if whole.failures() + cut.failures() == 0 {
            prop_assert_eq!(everything(&mut cut), everything(&mut whole));
        }
    }

    #[test]
    fn nothing_ends_the_emulator_at_any_size(
        pieces in vec(piece(), 0..60),
        sizes in vec((0u16..40, 0u16..12), 1..6),
    ) {
        let mut emulator = Emulator::new(0, 1, 20);
        for (columns, lines) in sizes {
            for piece in &pieces {
                all(&mut emulator, piece);
            }
            emulator.resize(columns, lines);
            let (columns, lines) = emulator.size();
            prop_assert!(columns >= 2 && lines >= 2);
            let _all_of_it_can_be_seen = everything(&mut emulator);
        }
    }

    #[test]
    fn vt100_does_not_fall_over_what_it_gets(
        pieces in vec(piece(), 0..60),
        size in (2u16..12, 2u16..8),
    ) {
        let mut emulator = Emulator::new(size.0, size.1, 50);
        all(&mut emulator, &pieces.concat());
        prop_assert_eq!(emulator.failures(), 0);
    }
}

#[test]
fn strings_without_end_take_no_memory() {
    for begin in [
        "\x1b]0;",
        "\x1b]8;;http://",
        "\x1bP+q",
        "\x1bPq",
        "\x1b_G",
        "\x1b[",
        "\x1b[1;",
        "\x1bX",
    ] {
        let mut emulator = with(20, 4, begin);
        for _ in 0..40 {
            emulator.feed(&vec![b'1'; 65_536]);
            emulator.parse(Duration::MAX, || Duration::ZERO);
        }
        assert!(!emulator.is_behind(), "{begin:?}");
        all(&mut emulator, b"\x1b\\\x18\x1b[H\x1b[2Jgoes on");
        assert_eq!(rows(&emulator), "goes on", "{begin:?}");
    }
}

#[test]
fn work_without_end_is_done_by_and_by() {
    for bomb in [
        "a\x1b[65535b",
        "\x1b[65535L",
        "\x1b[65535S",
        "\x1b[2J",
        "\x1b#8",
        "\x1b[65535I",
        "\x1b[41m\x1b[65535T",
    ] {
        let mut emulator = Emulator::new(200, 60, 100);
        emulator.feed(bomb.repeat(600).as_bytes());
        let looks = std::cell::Cell::new(0);
        emulator.parse(Duration::MAX, || {
            looks.set(looks.get() + 1);
            Duration::ZERO
        });
        // The clock is looked at before long, whatever the bytes are.
        assert!(looks.get() >= 5, "{bomb:?}: {}", looks.get());
    }
}

#[test]
fn a_program_is_told_when_its_screen_began_anew() {
    let mut emulator = with(20, 4, "\x1b[?1049h\x1b[?1000h\x1b[31mabc");
    assert!(!emulator.take_reset());
    let result = emulator.fenced(|_, _| -> bool { unreachable!("as vt100 would") });
    assert!(result.is_none() && emulator.take_reset() && !emulator.take_reset());
    // What the program asked for still holds.
    let modes = emulator.modes();
    assert!(modes.alternate_screen && modes.mouse == MouseMode::PressRelease);
    assert!(emulator.parser.screen().alternate_screen());
    all(&mut emulator, b"x");
    assert_eq!(style_at(&emulator, 0, 0).foreground, Color::Indexed(1));
}
