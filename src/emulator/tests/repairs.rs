//! What vt100 lacks or does otherwise than xterm: bytes in, rows and the cursor's place out.

use super::*;

/// What it is, size, bytes, rows, and the cursor from 1 where it matters.
type Case = (
    &'static str,
    (u16, u16),
    &'static str,
    &'static str,
    (u64, u16),
);

const ANYWHERE: (u64, u16) = (0, 0);

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Character sets.
    ("DEC line drawing in G0", (10, 2), "\x1b(0lqk\x1b(Blqk", "┌─┐lqk", (1, 7)),
    ("line drawing in G1 by SO and SI", (10, 2), "\x1b)0a\x0eqx~\x0fq", "a─│·q", ANYWHERE),
    ("the signs of line drawing", (40, 1), "\x1b(0`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", ANYWHERE),
    ("capitals are themselves in line drawing", (10, 1), "\x1b(0AZ0 ", "AZ0", ANYWHERE),
    ("British", (10, 1), "\x1b(A#\x1b(B#", "£#", ANYWHERE),
    ("LS2 and LS3", (10, 1), "\x1b*0\x1b+A\x1bnq\x1bo#\x0fq#", "─£q#", ANYWHERE),
    ("a single shift is for one character", (10, 1), "\x1b*0\x1bNqq", "─q", ANYWHERE),
    ("DECRC brings the character set back", (10, 1), "\x1b(0\x1b7\x1b(B\x1b8q", "─", ANYWHERE),
    // Index, next line, reverse index.
    ("IND keeps the column", (5, 3), "ab\x1bDc", "ab|  c", (2, 4)),
    ("NEL goes to the first column", (5, 3), "ab\x1bEc", "ab|c", (2, 2)),
    ("IND scrolls", (5, 2), "a\x1bDb\x1bDc", " b|  c", ANYWHERE),
    ("RI scrolls at the top", (5, 2), "ab\x1bMc", "  c|ab", ANYWHERE),
    ("RI above the rows that scroll does nothing at the top", (4, 4), "a\r\nb\r\nc\x1b[2;3r\x1b[H\x1bMx", "x|b|c", ANYWHERE),
    ("newline mode", (5, 3), "\x1b[20hab\nc\x1b[20l\nd", "ab|c| d", ANYWHERE),
    // Tabs.
    ("every eighth column", (20, 1), "\ta\tb", "        a       b", ANYWHERE),
    ("HTS", (20, 1), "\x1b[4G\x1bH\r\tx", "   x", ANYWHERE),
    ("TBC of one", (20, 1), "\x1b[9G\x1b[g\r\tx", "                x", ANYWHERE),
    ("TBC of all", (20, 1), "\x1b[3g\r\tx", "                   x", ANYWHERE),
    ("CBT", (20, 1), "\x1b[18G\x1b[Zx\x1b[2Zy", "        y       x", ANYWHERE),
    ("CHT", (30, 1), "\x1b[2Ix", "                x", ANYWHERE),
    ("DECST8C", (20, 1), "\x1b[3g\x1b[?5W\tx", "        x", ANYWHERE),
    // Margins.
    ("text wraps", (3, 2), "abcd", "abc|d", (2, 2)),
    ("DECAWM off", (3, 2), "\x1b[?7labcde", "abe", (1, 3)),
    ("DECAWM off, wide", (4, 2), "\x1b[?7labc漢字", "ab字", ANYWHERE),
    ("DECAWM off, combining", (3, 2), "\x1b[?7labe\u{301}", "abe\u{301}", (1, 3)),
    ("DECAWM on again wraps from there", (3, 2), "\x1b[?7labcd\x1b[?7hef", "abe|f", ANYWHERE),
    ("the cursor is told on the last column", (3, 2), "abc", "abc", (1, 4)),
    ("BS at the margin", (3, 2), "abc\x08x", "axc", ANYWHERE),
    ("CUB at the margin", (3, 2), "abc\x1b[Dx", "axc", ANYWHERE),
    ("CUU at the margin doesn't wrap", (3, 3), "\nabc\x1b[Ax", "  x|abc", ANYWHERE),
    ("CUD at the margin doesn't wrap", (3, 3), "abc\x1b[Bx", "abc|  x", ANYWHERE),
    ("CUF at the margin", (3, 2), "abc\x1b[Cx", "abx", ANYWHERE),
    // Insert mode.
    ("IRM", (6, 1), "abc\x1b[H\x1b[4hxy\x1b[4lz", "xyzbc", ANYWHERE),
    ("IRM, wide", (6, 1), "abc\x1b[H\x1b[4h漢", "漢abc", ANYWHERE),
    ("IRM at the margin wraps first", (3, 2), "abc\r\ndef\x1b[1;3H\x1b[4hxy", "abx|yde", ANYWHERE),
    // Saving and restoring.
    ("SCOSC and SCORC", (10, 2), "ab\x1b[scd\x1b[ux", "abxd", ANYWHERE),
    ("?1048", (10, 2), "ab\x1b[?1048hcd\x1b[?1048lx", "abxd", ANYWHERE),
    ("DECRC without DECSC goes home", (10, 2), "ab\x1b8x", "xb", ANYWHERE),
    ("DECSC keeps the origin", (10, 5), "\x1b[2;4r\x1b[?6h\x1b7\x1b[?6l\x1b8\x1b[Hx", "|x", ANYWHERE),
    ("?1047 clears when it is left", (10, 2), "m\x1b[?1047ha\x1b[?1047l\x1b[?47h", "", ANYWHERE),
    ("?47 keeps what is there", (10, 2), "\x1b[?47ha\x1b[?47l\x1b[?47h", "a", ANYWHERE),
    ("?1049 keeps the cursor where it is", (10, 3), "a\r\nb\x1b[?1049hx", "| x", ANYWHERE),
    ("?1049 gives it back", (10, 3), "a\r\nb\x1b[?1049h\x1b[Hx\x1b[?1049lc", "a|bc", ANYWHERE),
    ("?47 shares the cursor", (10, 3), "a\x1b[?47h\x1b[3;3H\x1b[?47lx", "a||  x", ANYWHERE),
    // Moving.
    ("HPR", (10, 1), "a\x1b[2ab", "a  b", ANYWHERE),
    ("VPR", (10, 4), "a\x1b[2eb", "a|| b", ANYWHERE),
    ("HPA", (10, 1), "abc\x1b[5`d", "abc d", ANYWHERE),
    ("VPA counts from the origin", (5, 5), "\x1b[2;4r\x1b[?6h\x1b[2dx", "||x", ANYWHERE),
    ("DECSTBM goes home, not to its top", (5, 5), "\x1b[2;4rx", "x", ANYWHERE),
    ("DECSTBM with origin goes to its top", (5, 5), "\x1b[?6h\x1b[2;4rx", "|x", ANYWHERE),
    ("a region of one row is none", (5, 3), "ab\x1b[2;2rx", "abx", ANYWHERE),
    ("text scrolls within its region", (3, 4), "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nx", "a|c|x|d", ANYWHERE),
    // Resets.
    ("DECSTR keeps the screen and the place", (5, 3), "ab\x1b[4h\x1b[2;3r\x1b[2;2H\x1b[!pc", "ab| c", (2, 3)),
    ("DECSTR wraps again", (3, 2), "\x1b[?7l\x1b[!pabcd", "abc|d", ANYWHERE),
    ("RIS", (5, 2), "ab\x1b(0\x1b[?1049h\x1bcq", "q", (1, 2)),
    ("DECALN", (3, 2), "\x1b[2;2r\x1b[7m\x1b#8", "EEE|EEE", (1, 1)),
    // Repeating.
    ("REP", (10, 1), "ab\x1b[3bc", "abbbbc", ANYWHERE),
    ("REP in line drawing", (10, 1), "\x1b(0q\x1b[3b", "────", ANYWHERE),
    ("REP fills the screen at most", (4, 2), "a\x1b[65535b", "aaaa|a", ANYWHERE),
    // Characters.
    ("U+FFFD stays", (10, 1), "a\u{fffd}b", "a\u{fffd}b", (1, 4)),
    ("tags of a program's own are dropped", (10, 1), "a\u{e0100}b\u{e01ef}", "ab", (1, 3)),
    ("a coloured sign is wide", (10, 1), "\u{2764}\u{fe0f}x", "\u{2764}\u{fe0f}x", (1, 4)),
    ("but not where there is no room", (3, 2), "ab\u{2764}\u{fe0f}x", "ab\u{2764}|x", ANYWHERE),
    ("controls of one byte are nothing", (10, 1), "a\u{84}b\u{7f}c", "abc", ANYWHERE),
    // Strings.
    ("strings are swallowed", (10, 1), "a\x1b_Gi=31\x1b\\b\x1bPq#0\x1b\\c\x1b^x\x1b\\d\x1bXy\x1b\\e", "abcde", ANYWHERE),
    ("a cancelled sequence is nothing", (10, 1), "a\x1b[31\x18b\x1b]0;x\x1ac", "abc", ANYWHERE),
    ("controls within a sequence are done", (10, 2), "ab\x1b[\r31mc\x1b[1\nG", "cb", (2, 1)),
    ("a sequence within another begins anew", (10, 1), "a\x1b[3\x1b[3Gb", "a b", ANYWHERE),
    ("too many intermediates", (10, 1), "a\x1b[   qb\x1b[0%mc", "abc", ANYWHERE),
];

#[test]
fn screens_are_what_xterm_would_show() {
    let mut wrong = Vec::new();
    for (name, (columns, lines), bytes, expected, at) in CASES {
        let emulator = with(*columns, *lines, bytes);
        let found = (rows(&emulator), place(&emulator));
        let expected = ((*expected).to_owned(), *at);
        if found.0 != expected.0 || (expected.1 != ANYWHERE && found.1 != expected.1) {
            wrong.push(format!("{name}: {found:?} and not {expected:?}"));
        }
        assert_eq!(emulator.failures(), 0, "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_cut_sequence_is_the_same() {
    for (name, (columns, lines), bytes, ..) in CASES {
        let mut whole = with(*columns, *lines, bytes);
        let mut cut = Emulator::new(*columns, *lines, 100);
        for byte in bytes.bytes() {
            all(&mut cut, &[byte]);
        }
        assert_eq!(everything(&mut cut), everything(&mut whole), "{name}");
    }
}

#[test]
fn what_is_erased_gets_the_background_and_nothing_else() {
    let blue = CellStyle {
        background: Color::Indexed(4),
        ..CellStyle::default()
    };
    for bytes in [
        "\x1b[1;4;7;31;44m\x1b[2J",
        "\x1b[3;44m\x1b[K",
        "\x1b[7;44m\x1b[1K",
        "\x1b[9;44m\x1b[4X",
        "\x1b[44m\x1b[2L",
        "\x1b[44m\x1b[9M",
        "\x1b[44m\x1b[2@",
        "abcd\r\x1b[4;44m\x1b[9P",
        "\x1b[7;44m\x1b[3S",
        "\x1b[44m\x1b[1T",
        "\x1b[44m\x1bM",
        "a\r\n\n\n\x1b[44m\r\n\n\n\x1b[A\x1b[44;1m",
    ] {
        let emulator = with(8, 4, bytes);
        let row = if bytes.ends_with("\x1b[44;1m") { 3 } else { 0 };
        let row = if bytes.ends_with("[3S") { 3 } else { row };
        assert_eq!(style_at(&emulator, row, 0), blue, "{bytes:?}");
    }
    // The pen is as it was.
    let emulator = with(8, 2, "\x1b[1;7;31;44m\x1b[2Jx");
    let style = style_at(&emulator, 0, 0);
    assert!(style.bold && style.inverse && style.foreground == Color::Indexed(1));
}

#[test]
fn the_history_is_forgotten_when_the_program_says_so() {
    let mut emulator = with(10, 2, "1\r\n2\r\n3\r\n4");
    assert_eq!((emulator.first(), emulator.top()), (0, 2));
    all(&mut emulator, b"\x1b[H\x1b[2J\x1b[3J5\r\n6\r\n7");
    assert_eq!((emulator.first(), emulator.top()), (2, 3));
    assert_eq!(rows(&emulator), "6|7");
    assert_eq!(emulator.text(2), "5");
}

#[test]
fn the_cursor_has_a_form() {
    let form = |bytes: &str| {
        let cursor = with(5, 2, bytes).cursor();
        cursor.map(|cursor| (cursor.shape, cursor.blinks))
    };
    assert_eq!(form(""), Some((CursorShape::Default, false)));
    assert_eq!(form("\x1b[1 q"), Some((CursorShape::Block, true)));
    assert_eq!(form("\x1b[4 q"), Some((CursorShape::Underline, false)));
    assert_eq!(form("\x1b[6 q\x1b[?12h"), Some((CursorShape::Bar, true)));
    assert_eq!(
        form("\x1b[5 q\x1b[0 q"),
        Some((CursorShape::Default, false))
    );
    assert_eq!(form("\x1b[?25l"), None);
    assert_eq!(
        form("\x1b[?25l\x1b[!p"),
        Some((CursorShape::Default, false))
    );
}

#[test]
fn tab_stops_stay_when_the_screen_grows() {
    let mut emulator = with(10, 2, "\x1b[3g\x1b[4G\x1bH");
    emulator.resize(30, 2);
    all(&mut emulator, b"\r\ta\tb");
    assert_eq!(rows(&emulator), "   a            b");
}
