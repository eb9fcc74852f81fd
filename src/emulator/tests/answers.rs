//! What programs are answered.

use super::*;

fn answer(bytes: &str) -> String {
    let replies = with(80, 24, bytes).replies();
    replies.escape_ascii().to_string().replace("\\x1b", "^")
}

#[test]
fn every_question_has_its_answer() {
    #[rustfmt::skip]
    let cases = [
        ("\x1b[c", "^[?62;22c"),
        ("\x1b[0c", "^[?62;22c"),
        ("\x1bZ", "^[?62;22c"),
        ("\x1b[>c", "^[>1;400;0c"),
        ("\x1b[=c", r"^P!|00000000^\\"),
        ("\x1b[?1c", ""),
        ("\x1b[5n", "^[0n"),
        ("\x1b[3;7H\x1b[6n", "^[3;7R"),
        ("\x1b[3;7H\x1b[?6n", "^[?3;7R"),
        ("\x1b[1;80Hx\x1b[6n", "^[1;80R"),
        ("\x1b[5;9r\x1b[?6h\x1b[2;2H\x1b[6n", "^[2;2R"),
        ("\x1b[?15n\x1b[?25n\x1b[?26n\x1b[?53n", "^[?13n^[?21n^[?27;1;0;0n^[?53n"),
        ("\x1b[?996n", "^[?997;1n"),
        ("\x1b[x", "^[2;1;1;128;128;1;0x"),
        ("\x1b[14t\x1b[16t\x1b[18t\x1b[19t", "^[4;384;640t^[6;16;8t^[8;24;80t^[9;24;80t"),
        // Modes: on, off, off for ever, not known.
        ("\x1b[?7$p\x1b[?25$p\x1b[?6$p\x1b[?1$p", "^[?7;1$y^[?25;1$y^[?6;2$y^[?1;2$y"),
        ("\x1b[?2026$p\x1b[?2004$p\x1b[?1004$p", "^[?2026;2$y^[?2004;2$y^[?1004;2$y"),
        ("\x1b[?2004h\x1b[?1004h\x1b[?1006h\x1b[?2004$p\x1b[?1004$p\x1b[?1006$p", "^[?2004;1$y^[?1004;1$y^[?1006;1$y"),
        ("\x1b[?1000;1003h\x1b[?1000$p\x1b[?1002$p\x1b[?1003$p", "^[?1000;1$y^[?1002;2$y^[?1003;1$y"),
        ("\x1b[?1049$p\x1b[?1049h\x1b[?1049$p", "^[?1049;2$y^[?1049;1$y"),
        ("\x1b[?2027$p\x1b[?1016$p\x1b[?2048$p\x1b[?69$p", "^[?2027;0$y^[?1016;0$y^[?2048;0$y^[?69;4$y"),
        ("\x1b[4$p\x1b[20$p\x1b[4h\x1b[4$p\x1b[99$p", "^[4;2$y^[20;2$y^[4;1$y^[99;0$y"),
        ("\x1b[?7l\x1b[?7s\x1b[?7h\x1b[?7r\x1b[?7$p", "^[?7;2$y"),
        // Settings.
        ("\x1bP$qm\x1b\\", r"^P1$r0m^\\"),
        ("\x1b[1;4:3;9;31;48;5;200;58;2;1;2;3m\x1bP$qm\x1b\\", r"^P1$r0;1;4:3;9;31;48:5:200;58:2::1:2:3m^\\"),
        ("\x1b[3;9r\x1bP$qr\x1b\\", r"^P1$r3;9r^\\"),
        ("\x1bP$q q\x1b\\\x1b[5 q\x1bP$q q\x1b\\", r"^P1$r0 q^\\^P1$r5 q^\\"),
        ("\x1bP$qz\x1b\\", r"^P0$r^\\"),
        // Capabilities: the name, the colours, and one that isn't known.
        ("\x1bP+q544e;436f\x1b\\", r"^P1+r544E=787465726D2D323536636F6C6F72^\\^P1+r436F=323536^\\"),
        ("\x1bP+q6b75\x1b\\", r"^P0+r6B75^\\"),
        ("\x1bP+qzz\x1b\\", r"^P0+r^\\"),
        // Colours, ended as they were asked for.
        ("\x1b]10;?\x07", r"^]10;rgb:d5d5/d9d9/e0e0\x07"),
        ("\x1b]11;?\x1b\\", r"^]11;rgb:1616/1818/1d1d^\\"),
        ("\x1b]12;?\x07", r"^]12;rgb:d5d5/d9d9/e0e0\x07"),
        ("\x1b]10;?;?\x07", r"^]10;rgb:d5d5/d9d9/e0e0\x07^]11;rgb:1616/1818/1d1d\x07"),
        ("\x1b]11;#ffffff\x07\x1b]11;?\x07", r"^]11;rgb:1616/1818/1d1d\x07"),
        ("\x1b]4;1;?;231;?;232;?\x07", r"^]4;1;rgb:cdcd/0000/0000\x07^]4;231;rgb:ffff/ffff/ffff\x07^]4;232;rgb:0808/0808/0808\x07"),
        ("\x1b]4;1;#fff\x07\x1b]104\x07", ""),
        // The clipboard is nobody's business; titles are not typed back.
        ("\x1b]52;c;?\x07\x1b]52;c;YQ==\x07", ""),
        ("\x1b]0;rm -rf x\x07\x1b[21t", r"^]l^\\"),
        // What agents ask that has no answer.
        ("\x1b]7501;?\x07\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1bPzz\x1b\\", ""),
        // Keyboards.
        ("\x1b[?u\x1b[>1u\x1b[?u\x1b[>7u\x1b[?u\x1b[<u\x1b[?u\x1b[<9u\x1b[?u", "^[?0u^[?1u^[?7u^[?1u^[?0u"),
        ("\x1b[=5;1u\x1b[?u\x1b[=2;2u\x1b[?u\x1b[=4;3u\x1b[?u", "^[?5u^[?7u^[?3u"),
        ("\x1b[>1u\x1b[?1049h\x1b[?u\x1b[>3u\x1b[?1049l\x1b[?u\x1b[?1049h\x1b[?u", "^[?0u^[?1u^[?3u"),
        ("\x1b[>4;2m\x1b[?4m\x1b[>4m\x1b[?4m", "^[>4;2m^[>4;0m"),
    ];
    for (asked, expected) in cases {
        assert_eq!(answer(asked), expected, "{asked:?}");
    }
    assert!(answer("\x1b[>q").starts_with("^P>|docket "));
}

#[test]
fn colours_are_those_that_the_user_sees() {
    let mut emulator = Emulator::new(20, 5, 10);
    emulator.set_colors((0, 0, 0), (255, 255, 254));
    all(&mut emulator, b"\x1b]10;?\x07\x1b]11;?\x07\x1b[?996n");
    assert_eq!(
        emulator.replies().escape_ascii().to_string(),
        r"\x1b]10;rgb:0000/0000/0000\x07\x1b]11;rgb:ffff/ffff/fefe\x07\x1b[?997;2n"
    );
}

#[test]
fn who_asks_without_reading_is_answered_so_much() {
    let mut emulator = Emulator::new(20, 5, 10);
    all(&mut emulator, &b"\x1b[c".repeat(100_000));
    assert!(emulator.replies().len() <= 4_096);
    all(&mut emulator, b"\x1b[5n");
    assert_eq!(emulator.replies(), b"\x1b[0n");
}

#[test]
fn titles_are_kept_and_brought_back() {
    let mut emulator = with(20, 5, "\x1b]2;one; two\x07\x1b[22;0t\x1b]0;three\x07");
    assert_eq!(emulator.title(), Some("three"));
    all(&mut emulator, b"\x1b[23;0t\x1b]1;icon\x07");
    assert_eq!(emulator.title(), Some("one; two"));
    all(&mut emulator, &b"\x1b[22t".repeat(1_000));
    all(
        &mut emulator,
        format!("\x1b]0;{}\x07", "x".repeat(100_000)).as_bytes(),
    );
    assert_eq!(emulator.title().map(str::len), Some(200));
}

#[test]
fn a_shell_says_where_it_is() {
    let folder = |bytes: &str| with(20, 5, bytes).folder().cloned();
    let expected = WorkingFolder {
        host: "box".to_owned(),
        path: "/tmp/a b/ä".into(),
    };
    assert_eq!(
        folder("\x1b]7;file://box/tmp/a%20b/%c3%a4\x1b\\"),
        Some(expected)
    );
    assert_eq!(folder("\x1b]7;file://box/tmp/%zz\x07"), None);
    assert_eq!(folder("\x1b]7;/tmp\x07"), None);
}

#[test]
fn the_bell_rings_once() {
    let mut emulator = with(20, 5, "a\x07\x07b");
    assert!(emulator.take_bell());
    assert!(!emulator.take_bell());
    // One that ends a string doesn't ring.
    all(&mut emulator, b"\x1b]0;x\x07");
    assert!(!emulator.take_bell());
}
