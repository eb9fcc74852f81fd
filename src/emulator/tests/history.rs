use super::support::{all, emulator, everything};
use crate::emulator::{CellStyle, Color, Emulator, Underline};

/// The columns, texts and looks of a row, without blanks that look like nothing.
fn cells(emulator: &Emulator, row: u64) -> Vec<(u16, String, u8, CellStyle)> {
    let mut cells = Vec::new();
    emulator.visit(row, |column, cell| {
        let is_nothing = cell.text.trim().is_empty() && cell.style == CellStyle::default();
        if !is_nothing {
            let text = cell.text.trim().to_owned();
            cells.push((column, text, cell.width, cell.style));
        }
    });
    cells
}

#[test]
fn rows_look_the_same_above_the_screen_as_on_it() {
    let rows = [
        "plain",
        "\u{1b}[1;4;38;2;9;8;7mbold\u{1b}[22;2m dim\u{1b}[0m none \u{1b}[7minverse",
        "\u{1b}[31mr\u{1b}[92mg\u{1b}[48;5;200mb\u{1b}[39m\u{1b}[3mi\u{1b}[49;23;24mn",
        "\u{1b}[44m\u{1b}[2Kblank\u{1b}[0m",
        "\u{1b}[41m    \u{1b}[0m",
        "a漢字e\u{301}❤\u{fe0f}x\u{1f468}\u{200d}\u{1f469}y",
        "  in  the  middle  ",
        "",
        "\u{1b}[10Gfar",
        "0123456789012345678901",
    ];
    for row in rows {
        let mut emulator = emulator(24, 3, 40, row);
        let before = cells(&emulator, 0);
        all(&mut emulator, "\u{1b}[0m\r\n\r\n\r\n");
        assert_eq!((emulator.first(), emulator.top()), (0, 1), "{row:?}");
        assert_eq!(cells(&emulator, 0), before, "{row:?}");
    }
}

#[test]
fn looks_that_vt100_does_not_know_stay_with_their_character() {
    let emulator = emulator(8, 2, 40, "\u{1b}[9ma\u{1b}[0mb\u{1b}[9m漢\r\n\r\n\r\n");
    assert_eq!(emulator.top(), 2);
    let mut seen = Vec::new();
    emulator.visit(0, |column, cell| {
        seen.push((column, cell.text.to_owned(), cell.style.strike));
    });
    let expected = [(0, "a", true), (1, "b", false), (2, "漢", true)];
    assert_eq!(
        seen,
        expected.map(|(column, text, strike)| (column, text.to_owned(), strike))
    );
}

#[test]
fn so_many_rows_are_kept_and_no_more() {
    for most in [0, 1, 255, 256, 257, 1_000] {
        let mut emulator = Emulator::new(12, 4, most);
        for line in 0..1_203_usize {
            all(
                &mut emulator,
                format!("\u{1b}[3{}mline {line}\r\n", line % 8),
            );
        }
        let (first, top) = (emulator.first(), emulator.top());
        assert_eq!((top, emulator.end()), (1_200, 1_204));
        assert_eq!(first, top - most as u64);
        for row in first..top {
            assert_eq!(emulator.text(row), format!("line {row}"));
        }
        if let Some((.., style)) = cells(&emulator, first).first() {
            assert_eq!(style.foreground, Color::Indexed((first % 8) as u8));
        }
        assert_eq!(emulator.text(first.wrapping_sub(1)), "");
    }
}

#[test]
fn a_hundred_thousand_rows_keep_their_numbers() {
    let mut emulator = Emulator::new(30, 5, 100_000);
    for line in 0..101_000 {
        all(&mut emulator, format!("row {line}\r\n"));
    }
    assert_eq!(emulator.top(), 100_996);
    assert_eq!(emulator.first(), 996);
    for row in [996, 50_000, 100_995, 100_999] {
        assert_eq!(emulator.text(row), format!("row {row}"));
    }
    // The screen's own rows need more room on a narrow one: the oldest go.
    emulator.resize(5, 5);
    let oldest = emulator.line(emulator.first()).text().to_owned();
    let number: u32 = oldest.trim_start_matches("row ").parse().unwrap();
    assert!((996..1_010).contains(&number), "{oldest}");
    emulator.resize(30, 5);
    assert_eq!(emulator.line(emulator.first()).text(), oldest);
    assert_eq!(emulator.text(emulator.end() - 2), "row 100999");
}

#[test]
fn a_line_of_thousands_of_rows_is_one_line() {
    let numbers: Vec<String> = (0..4_000).map(|number| format!("{number:05}漢")).collect();
    let text = numbers.concat();
    let mut emulator = emulator(49, 6, 10_000, &text);
    let whole = |emulator: &Emulator| {
        let line = emulator.line(emulator.top());
        (line.text() == text, line.rows() == (0..emulator.end()))
    };
    for columns in [49, 14, 91, 49] {
        emulator.resize(columns, 6);
        assert_eq!(whole(&emulator), (true, true), "{columns}");
    }
    assert_eq!(emulator.line(3).cells(0..5), [(0, 0..5)]);
}

#[test]
fn blanks_keep_their_colours() {
    let emulator = emulator(10, 2, 40, "\u{1b}[4;45mab\u{1b}[K\u{1b}[0m\r\n\r\n\r\n");
    let seen = cells(&emulator, 0);
    assert_eq!(seen.len(), 10);
    assert!(
        seen.iter()
            .all(|(.., style)| style.background == Color::Indexed(5))
    );
    // What is erased has a colour, and no line below.
    let lines = seen
        .iter()
        .filter(|(.., style)| style.underline == Underline::Single);
    assert_eq!(lines.count(), 2);
    assert_eq!(everything(&emulator), "ab");
}

#[test]
fn what_is_cleared_is_gone_and_numbers_go_on() {
    let mut emulator = emulator(10, 2, 40, "1\r\n2\r\n3\r\n4");
    all(&mut emulator, "\u{1b}[3J");
    assert_eq!((emulator.first(), emulator.top()), (2, 2));
    assert_eq!(emulator.text(0), "");
    all(&mut emulator, "\r\n5");
    assert_eq!((emulator.first(), emulator.top()), (2, 3));
    assert_eq!(everything(&emulator), "3\n4\n5");
    emulator.resize(10, 8);
    assert_eq!((emulator.first(), emulator.top()), (2, 2));
    assert_eq!(everything(&emulator), "3\n4\n5");
}
