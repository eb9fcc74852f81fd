//! Looks that vt100's cells can't hold, and links.

use super::*;

fn style_of(bytes: &str) -> CellStyle {
    style_at(&with(20, 2, bytes), 0, 0)
}

#[test]
fn every_look_reaches_the_cell() {
    let plain = CellStyle::default();
    let rgb = Color::Rgb(1, 2, 3);
    #[rustfmt::skip]
    let cases = [
        ("\x1b[1mx", CellStyle { bold: true, ..plain }),
        ("\x1b[1;2mx", CellStyle { bold: true, dim: true, ..plain }),
        ("\x1b[2m\x1b[1mx", CellStyle { bold: true, dim: true, ..plain }),
        ("\x1b[1;2m\x1b[22mx", plain),
        ("\x1b[1;2;22;2mx", CellStyle { dim: true, ..plain }),
        ("\x1b[3mx", CellStyle { italic: true, ..plain }),
        ("\x1b[5mx", CellStyle { blink: true, ..plain }),
        ("\x1b[6mx", CellStyle { blink: true, ..plain }),
        ("\x1b[7mx", CellStyle { inverse: true, ..plain }),
        ("\x1b[8mx", CellStyle { hidden: true, ..plain }),
        ("\x1b[9mx", CellStyle { strike: true, ..plain }),
        ("\x1b[5;8;9m\x1b[25;28;29mx", plain),
        ("\x1b[4mx", CellStyle { underline: Underline::Single, ..plain }),
        ("\x1b[21mx", CellStyle { underline: Underline::Double, ..plain }),
        ("\x1b[4:0mx", plain),
        ("\x1b[4:1mx", CellStyle { underline: Underline::Single, ..plain }),
        ("\x1b[4:2mx", CellStyle { underline: Underline::Double, ..plain }),
        ("\x1b[4:3mx", CellStyle { underline: Underline::Curly, ..plain }),
        ("\x1b[4:4mx", CellStyle { underline: Underline::Dotted, ..plain }),
        ("\x1b[4:5mx", CellStyle { underline: Underline::Dashed, ..plain }),
        ("\x1b[4:3m\x1b[4mx", CellStyle { underline: Underline::Single, ..plain }),
        ("\x1b[4:3;24mx", plain),
        ("\x1b[53;1mx", CellStyle { bold: true, ..plain }),
        ("\x1b[38;2;1;2;3mx", CellStyle { foreground: rgb, ..plain }),
        ("\x1b[38:2:1:2:3mx", CellStyle { foreground: rgb, ..plain }),
        ("\x1b[38:2::1:2:3mx", CellStyle { foreground: rgb, ..plain }),
        ("\x1b[48:2::1:2:3mx", CellStyle { background: rgb, ..plain }),
        ("\x1b[38:5:9mx", CellStyle { foreground: Color::Indexed(9), ..plain }),
        ("\x1b[48:5:200;1mx", CellStyle { background: Color::Indexed(200), bold: true, ..plain }),
        ("\x1b[38;5;1;48;5;2mx", CellStyle { foreground: Color::Indexed(1), background: Color::Indexed(2), ..plain }),
        ("\x1b[38;2;999;0;0;1mx", CellStyle { bold: true, ..plain }),
        ("\x1b[58;5;1mx", CellStyle { underline_color: Some(Color::Indexed(1)), ..plain }),
        ("\x1b[58;2;1;2;3mx", CellStyle { underline_color: Some(rgb), ..plain }),
        ("\x1b[58:2::1:2:3mx", CellStyle { underline_color: Some(rgb), ..plain }),
        ("\x1b[58:5:7m\x1b[59mx", plain),
        ("\x1b[91;102mx", CellStyle { foreground: Color::Indexed(9), background: Color::Indexed(10), ..plain }),
        ("\x1b[1;9;4:3;58:5:7;31m\x1b[mx", plain),
    ];
    for (bytes, expected) in cases {
        assert_eq!(style_of(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn looks_go_where_the_character_goes() {
    let mut emulator = with(10, 3, "\x1b[9ma\x1b[4:3me\u{301}漢\x1b[mb");
    let strike = |emulator: &Emulator, row| {
        let mut found = Vec::new();
        emulator.visit(row, |column, cell| {
            if cell.style.strike {
                found.push((column, cell.text.to_owned(), cell.style.underline));
            }
        });
        found
    };
    let expected = |at: u16| {
        vec![
            (at, "a".to_owned(), Underline::None),
            (at + 1, "e\u{301}".to_owned(), Underline::Curly),
            (at + 2, "漢".to_owned(), Underline::Curly),
        ]
    };
    assert_eq!(strike(&emulator, 0), expected(0));
    assert_eq!(emulator.text(0), "ae\u{301}漢b");
    // Inserted before, scrolled, in the history, and after a change of size.
    all(&mut emulator, b"\x1b[H\x1b[2@\x1b[1L");
    assert_eq!(strike(&emulator, 1), expected(2));
    all(&mut emulator, b"\x1b[3;1H\r\n\r\n\r\n");
    assert_eq!((emulator.top(), strike(&emulator, 1)), (3, expected(2)));
    assert_eq!(emulator.text(1), "  ae\u{301}漢b");
    // Repeated by the terminal.
    all(&mut emulator, b"\x1b[2J\x1b[H\x1b[9mz\x1b[3b");
    assert_eq!(strike(&emulator, emulator.top()).len(), 4);
}

#[test]
fn a_struck_sign_can_be_wide() {
    let emulator = with(6, 2, "\x1b[9m\u{2764}\u{fe0f}x");
    let mut seen = Vec::new();
    emulator.visit(0, |_, cell| {
        if !cell.text.is_empty() {
            seen.push((cell.text.to_owned(), cell.width, cell.style.strike));
        }
    });
    assert_eq!(
        seen,
        [
            ("\u{2764}\u{fe0f}".to_owned(), 2, true),
            ("x".to_owned(), 1, true)
        ]
    );
}

#[test]
fn a_cell_is_not_filled_by_its_tag() {
    // Enough different looks for tags of two characters.
    let mut bytes = String::new();
    for color in 0..=255 {
        let _never_fails = write!(bytes, "\x1b[58:5:{color}m.");
    }
    bytes.push_str("\x1b[H𝔸\u{301}\u{302}\u{303}");
    let emulator = with(300, 2, &bytes);
    assert!(emulator.text(0).starts_with("𝔸\u{301}\u{302}"));
    let expected = Some(Color::Indexed(255));
    assert_eq!(style_at(&emulator, 0, 0).underline_color, expected);
    assert_eq!(
        style_at(&emulator, 0, 200).underline_color,
        Some(Color::Indexed(200))
    );
}

#[test]
fn links_lead_where_they_say() {
    let emulator = with(
        20,
        2,
        "\x1b]8;id=1;https://example.org/a;b\x1b\\a\x1b[0mb\x1b]8;;\x07c\x1b]8;;javascript:x\x07d\x1b]8;;http://h/\x07e",
    );
    let link = |column| {
        let link = style_at(&emulator, 0, column).link?;
        emulator.link(link)
    };
    assert_eq!(link(0), Some("https://example.org/a;b"));
    assert_eq!(
        link(1),
        Some("https://example.org/a;b"),
        "a reset of looks doesn't end it"
    );
    assert_eq!((link(2), link(3)), (None, None));
    assert_eq!(link(4), Some("http://h/"));
    assert_eq!(emulator.link(LinkId(9)), None);
}

#[test]
fn an_address_that_was_cut_leads_nowhere() {
    for address in [
        format!("https://example.org/{}", "x".repeat(5_000)),
        format!("https://example.org/{}", ";x".repeat(40)),
        format!("https://example.org/{}", "x".repeat(2_500)),
    ] {
        let emulator = with(20, 2, &format!("\x1b]8;;{address}\x1b\\a"));
        assert_eq!(style_at(&emulator, 0, 0).link, None);
    }
}

#[test]
fn links_without_end_take_no_memory_without_end() {
    let mut emulator = Emulator::new(20, 5, 50);
    let long = "x".repeat(1_900);
    for number in 0..12_000 {
        let line = format!("\x1b]8;;https://h/{long}/{number}\x07link\x1b]8;;\x07\r\n");
        all(&mut emulator, line.as_bytes());
    }
    // The newest are known, also after many times the room.
    let row = emulator.end() - 2;
    let mut leads = None;
    emulator.visit(row, |column, cell| {
        if column == 0 {
            leads = cell.style.link.and_then(|link| emulator.link(link));
        }
    });
    assert!(leads.is_some_and(|address| address.ends_with("/11999")));
}
