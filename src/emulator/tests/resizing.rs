use proptest::prelude::*;

use super::support::{all, emulator, everything};
use crate::emulator::{Emulator, Place};

/// The character under the cursor, and the text of its line before it.
fn at_cursor(emulator: &Emulator) -> (String, String) {
    let cursor = emulator.cursor().unwrap();
    let line = emulator.line(cursor.row);
    let place = Place {
        row: cursor.row,
        column: cursor.column,
    };
    let offset = line.offset(place);
    let (before, after) = line.text().split_at(offset);
    (before.to_owned(), after.to_owned())
}

fn screen(emulator: &Emulator) -> Vec<String> {
    (emulator.top()..emulator.end())
        .map(|row| emulator.text(row))
        .collect()
}

#[test]
fn lines_are_wrapped_anew_and_back() {
    let mut emulator = emulator(10, 4, 100, "one two three four\r\nfive\r\n$ ls -la");
    assert_eq!(
        screen(&emulator),
        ["one two th", "ree four", "five", "$ ls -la"]
    );
    emulator.resize(5, 4);
    assert_eq!(screen(&emulator), ["our", "five", "$ ls", "-la"]);
    assert_eq!(everything(&emulator), "one two three four\nfive\n$ ls -la");
    emulator.resize(20, 4);
    assert_eq!(
        screen(&emulator),
        ["one two three four", "five", "$ ls -la", ""]
    );
    assert_eq!(emulator.first(), emulator.top());
    let cursor = emulator.cursor().unwrap();
    assert_eq!((cursor.row - emulator.top(), cursor.column), (2, 8));
    emulator.resize(10, 4);
    assert_eq!(
        screen(&emulator),
        ["one two th", "ree four", "five", "$ ls -la"]
    );
}

#[test]
fn more_height_brings_rows_back() {
    let mut emulator = emulator(10, 3, 100, "1\r\n2\r\n3\r\n4\r\n5");
    assert_eq!(
        (emulator.first(), emulator.top(), emulator.end()),
        (0, 2, 5)
    );
    emulator.resize(10, 5);
    assert_eq!(
        (emulator.first(), emulator.top(), emulator.end()),
        (0, 0, 5)
    );
    emulator.resize(10, 2);
    assert_eq!(screen(&emulator), ["4", "5"]);
    assert_eq!(
        (emulator.first(), emulator.top(), emulator.end()),
        (0, 3, 5)
    );
    assert_eq!(emulator.text(1), "2");
    emulator.resize(10, 9);
    assert_eq!(screen(&emulator)[..5], ["1", "2", "3", "4", "5"]);
    assert_eq!((emulator.top(), emulator.cursor().unwrap().row), (0, 4));
}

#[test]
fn blank_rows_below_the_cursor_go_first() {
    let mut emulator = emulator(10, 6, 100, "1\r\n2\r\n3\r\n\u{1b}[H\u{1b}[2J$ ");
    emulator.resize(10, 3);
    assert_eq!(screen(&emulator), ["$", "", ""]);
    assert_eq!(emulator.cursor().unwrap().column, 2);
    emulator.resize(10, 6);
    assert_eq!((emulator.top(), emulator.cursor().unwrap().row), (0, 0));
}

#[test]
fn what_is_below_the_cursor_comes_back() {
    let mut emulator = emulator(10, 6, 100, "1\r\n2\r\n3\r\n4\r\n5\r\n6\u{1b}[2;1H");
    emulator.resize(10, 2);
    assert_eq!(screen(&emulator), ["2", "3"]);
    assert_eq!(emulator.text(emulator.first()), "1");
    emulator.resize(7, 4);
    emulator.resize(10, 6);
    assert_eq!(screen(&emulator), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(emulator.cursor().unwrap().row, emulator.top() + 1);
}

#[test]
fn the_shell_behind_the_editor_is_whole_after_a_zoom() {
    let text = "a line that is longer than the pane\r\n$ vim";
    let mut emulator = emulator(20, 5, 100, text);
    all(
        &mut emulator,
        "\u{1b}[31m\u{1b}[?1049h\u{1b}[2J\u{1b}[Heditor\u{1b}[3;3H",
    );
    emulator.resize(60, 20);
    assert_eq!(emulator.text(emulator.top()), "editor");
    assert!(emulator.modes().alternate_screen);
    emulator.resize(11, 3);
    all(&mut emulator, "\u{1b}[?1049l");
    assert!(!emulator.modes().alternate_screen);
    assert_eq!(everything(&emulator), text.replace("\r\n", "\n"));
    let (before, after) = at_cursor(&emulator);
    assert_eq!((before.as_str(), after.as_str()), ("$ vim", ""));
}

#[test]
fn modes_looks_and_positions_outlive_another_size() {
    let mut emulator = emulator(
        20,
        6,
        100,
        "abcdefghij\u{1b}[5D\u{1b}[32m\u{1b}7\u{1b}[0;1;35m\u{1b}[?1h\u{1b}[?2004h\u{1b}[?1002h\u{1b}[?1006h\u{1b}[2;5r\u{1b}[?6h\u{1b}]0;title\u{7}x",
    );
    let modes = emulator.modes();
    emulator.resize(8, 9);
    assert_eq!(emulator.modes(), modes);
    assert_eq!(emulator.title(), Some("title"));
    // What is written next looks as before, what was saved is where it was, and REP repeats what was written last.
    all(&mut emulator, "y\u{1b}[b\u{1b}8Z");
    let mut looks = Vec::new();
    for row in emulator.top()..emulator.end() {
        emulator.visit(row, |_, cell| {
            if matches!(cell.text, "x" | "y" | "Z") {
                looks.push((cell.text.to_owned(), cell.style.bold, cell.style.foreground));
            }
        });
    }
    use crate::emulator::Color::Indexed;
    let found = |text: &str| {
        let of_it = looks.iter().filter(|(of, ..)| of == text);
        of_it
            .map(|(_, bold, color)| (*bold, *color))
            .collect::<Vec<_>>()
    };
    assert_eq!(found("x"), [(true, Indexed(5))]);
    assert_eq!(found("y"), [(true, Indexed(5)); 2]);
    assert_eq!(found("Z"), [(false, Indexed(2))]);
    assert!(
        everything(&emulator).contains("abcdeZ"),
        "{}",
        everything(&emulator)
    );
    // The scroll region is the whole screen, as xterm has it.
    all(&mut emulator, "\u{1b}[?6l\u{1b}[9;1Hbottom\n\n");
    assert_eq!(emulator.text(emulator.top() + 6), "bottom");
}

#[test]
fn a_sequence_in_two_halves_is_not_lost() {
    let mut emulator = emulator(20, 4, 100, "one\r\n\u{1b}[3");
    emulator.resize(9, 5);
    all(&mut emulator, "1mred\u{1b}]0;ti");
    emulator.resize(30, 3);
    all(
        &mut emulator,
        "tle\u{7}caf\u{c3}".as_bytes().split_last().unwrap().1,
    );
    emulator.resize(12, 3);
    all(&mut emulator, b"\xa9");
    assert_eq!(emulator.title(), Some("title"));
    assert!(everything(&emulator).starts_with("one\nredcaf"));
    let mut color = None;
    emulator.visit(emulator.top() + 1, |column, cell| {
        if column == 0 {
            color = Some(cell.style.foreground);
        }
    });
    assert_eq!(color, Some(crate::emulator::Color::Indexed(1)));
}

#[test]
fn a_cursor_behind_the_last_column_stays_there() {
    let mut emulator = emulator(6, 3, 100, "abcdef");
    emulator.resize(6, 4);
    assert_eq!(emulator.cursor().unwrap().column, 6);
    emulator.resize(8, 4);
    assert_eq!(emulator.cursor().unwrap().column, 6);
    emulator.resize(3, 4);
    let cursor = emulator.cursor().unwrap();
    assert_eq!((cursor.row - emulator.top(), cursor.column), (1, 3));
    all(&mut emulator, "g");
    assert_eq!(everything(&emulator), "abcdefg");
    emulator.resize(6, 4);
    assert_eq!(screen(&emulator)[..2], ["abcdef", "g"]);
}

#[test]
fn wide_characters_are_not_torn() {
    let mut emulator = emulator(8, 3, 100, "ab漢字かなx❤\u{fe0f}y\r\nend");
    for columns in [5, 3, 2, 7, 4, 6, 9, 30, 8] {
        emulator.resize(columns, 3);
        assert_eq!(
            everything(&emulator),
            "ab漢字かなx❤\u{fe0f}y\nend",
            "{columns}"
        );
    }
}

#[test]
fn a_look_back_stays_at_its_text() {
    let mut emulator = Emulator::new(20, 4, 1_000);
    for line in 0..200 {
        all(
            &mut emulator,
            format!("this is line {line:03} of many lines\r\n"),
        );
    }
    let row = 102;
    let marker = emulator.line(row).text().to_owned();
    let mut places = [
        Place { row, column: 0 },
        Place {
            row: emulator.top(),
            column: 2,
        },
    ];
    let before = emulator.line(emulator.top()).text().to_owned();
    for (columns, rows) in [(7, 4), (80, 30), (3, 2), (33, 9), (20, 4)] {
        emulator.resize_following(columns, rows, &mut places);
        assert_eq!(emulator.line(places[0].row).text(), marker, "{columns}");
        assert_eq!(emulator.line(places[1].row).text(), before, "{columns}");
    }
    assert_eq!(places[0], Place { row, column: 0 });
}

#[test]
fn a_storm_of_sizes_ends_soon() {
    let mut emulator = Emulator::new(120, 40, 10_000);
    for line in 0..10_200 {
        let text = "\u{1b}[0m a line as programs write them, of some length 漢";
        all(&mut emulator, format!("\u{1b}[32m{line:06}{text}\r\n"));
    }
    let before = everything(&emulator);
    for step in 0..150_u16 {
        emulator.resize(20 + step % 140, 5 + step % 50);
    }
    emulator.resize(120, 40);
    // Pieces on narrow screens count as more than one: the oldest may be gone.
    let after = everything(&emulator);
    let least = before.len() * 9 / 10;
    assert!(
        after.len() > least && before.ends_with(&after),
        "{} {}",
        after.len(),
        before.len()
    );
}

fn program() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z ]{0,30}",
        2 => "[漢字かe\u{301}❤é]{0,12}",
        3 => Just("\r\n".to_owned()),
        1 => (1u8..8).prop_map(|color| format!("\u{1b}[3{color}m")),
        1 => Just("\u{1b}[0m".to_owned()),
        1 => Just("\u{1b}[44m \u{1b}[49m".to_owned()),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// What can change without anything being lost: blanks at the ends of lines, and line ends that vt100 doesn't know to be wraps
/// (a wide character that found one column left).
fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_size_loses_text(
        text in program(),
        first in (2u16..40, 2u16..12),
        sizes in proptest::collection::vec((2u16..50, 2u16..14), 1..12),
    ) {
        let mut emulator = emulator(first.0, first.1, 10_000, &text);
        let before = lines(&everything(&emulator));
        let at = at_cursor(&emulator);
        for (columns, rows) in sizes {
            emulator.resize(columns, rows);
            prop_assert_eq!(&lines(&everything(&emulator)), &before, "{}x{}", columns, rows);
            let now = at_cursor(&emulator);
            prop_assert_eq!(now.0.trim_end(), at.0.trim_end(), "{}x{}", columns, rows);
            prop_assert_eq!(now.1.trim_end(), at.1.trim_end());
            let cursor = emulator.cursor().unwrap();
            prop_assert!(cursor.row >= emulator.top() && cursor.row < emulator.end());
            prop_assert_eq!(emulator.failures(), 0);
        }
    }

    #[test]
    fn a_cursor_anywhere_keeps_text_whole(
        text in program(),
        first in (2u16..40, 2u16..12),
        cursor in (1u16..12, 1u16..40),
        is_alternate in any::<bool>(),
        sizes in proptest::collection::vec((2u16..50, 2u16..14), 1..12),
    ) {
        let mut emulator = emulator(first.0, first.1, 10_000, &text);
        all(&mut emulator, format!("\u{1b}[{};{}H", cursor.0, cursor.1));
        let before = lines(&everything(&emulator));
        let at = at_cursor(&emulator);
        if is_alternate {
            all(&mut emulator, "\u{1b}[?1049h");
        }
        for (columns, rows) in &sizes {
            emulator.resize(*columns, *rows);
        }
        emulator.resize(60, 100);
        if is_alternate {
            all(&mut emulator, "\u{1b}[?1049l");
        }
        prop_assert_eq!(&lines(&everything(&emulator)), &before);
        let now = at_cursor(&emulator);
        prop_assert_eq!(now.0.trim_end(), at.0.trim_end());
        prop_assert_eq!(emulator.failures(), 0);
    }

    #[test]
    fn no_bytes_and_sizes_break_it(
        chunks in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 0..60), 0u16..30, 0u16..9), 1..12),
        escapes in proptest::collection::vec("\u{1b}\\[[0-9;?]{0,6}[A-Za-z@`]", 0..12),
        most in 0usize..30,
    ) {
        let mut emulator = Emulator::new(5, 4, most);
        for (index, (bytes, columns, rows)) in chunks.iter().enumerate() {
            all(&mut emulator, bytes);
            if let Some(escape) = escapes.get(index) {
                all(&mut emulator, escape);
            }
            let mut places = [
                Place { row: emulator.first(), column: 1 },
                Place { row: emulator.end() - 1, column: 9 },
            ];
            emulator.resize_following(*columns, *rows, &mut places);
            for place in places {
                prop_assert!(place.row >= emulator.first() && place.row < emulator.end());
            }
            prop_assert!(emulator.top() - emulator.first() <= 30_000);
            let _text = everything(&emulator);
        }
    }
}
