//! The page where a diff is reviewed.

use std::fmt::Write as _;
use std::fs;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::scene::{Scene, ago, attempt, id, look, text_of};
use crate::domain::attempt::Need;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::ui::effect::{Loaded, Reviewed};
use crate::ui::pages::Page;
use crate::ui::pages::review::unified::Unified;
use crate::ui::theme::Role;
use crate::ui::update::Message;

const DIFF: &str = "\
diff --git a/Cargo.toml b/Cargo.toml
index 1..2 100644
--- a/Cargo.toml
+++ b/Cargo.toml
@@ -5,3 +5,4 @@ edition = \"2024\"
 [dependencies]
 serde = \"1\"
+zlib = \"1\"
\u{20}
diff --git a/src/codec/mod.rs b/src/codec/mod.rs
index 1..2 100644
--- a/src/codec/mod.rs
+++ b/src/codec/mod.rs
@@ -1,4 +1,4 @@
 //! Codecs.
\u{20}
-pub fn pick(name: &str) -> Codec {
+pub fn pick(name: &Name) -> Option<Codec> {
     todo!()
@@ -40,3 +40,4 @@ impl Codec {
     fn level(&self) -> u32 {
-        6
+        // Between speed and size.
+        self.level.unwrap_or(6)
     }
diff --git a/src/old.rs b/src/new.rs
similarity index 100%
rename from src/old.rs
rename to src/new.rs
diff --git a/logo.png b/logo.png
new file mode 100644
index 0..1
GIT binary patch
literal 3
KcmZQzXk`EZ0RR91

literal 0
HcmV?d00001

";

/// Ticket 004 waits at a gate and has a diff.
pub(super) fn at_gate() -> Scene {
    let mut scene = Scene::full();
    write_diff(&scene, DIFF.as_bytes());
    scene.keys("j d");
    scene
}

fn write_diff(scene: &Scene, diff: &[u8]) {
    let folder = scene.folder.path().join("evidence/r12/TICKET-004/1");
    fs::create_dir_all(&folder).expect("folders");
    fs::write(folder.join("diff.patch"), diff).expect("a diff");
}

/// The runs of cells that look otherwise than the ground, line by line.
fn styles_of(buffer: &Buffer, base: Style) -> String {
    let mut text = String::new();
    let base = (base.fg, base.bg);
    for (number, row) in buffer.area.rows().enumerate() {
        let mut runs: Vec<(Style, String)> = Vec::new();
        for position in row.positions() {
            let cell = &buffer[position];
            match runs.last_mut() {
                Some((style, symbols)) if *style == cell.style() => symbols.push_str(cell.symbol()),
                _ => runs.push((cell.style(), cell.symbol().to_owned())),
            }
        }
        for (style, symbols) in runs {
            let is_plain = (style.fg, style.bg) == base && style.add_modifier.is_empty();
            if is_plain || symbols.trim().is_empty() && style.bg == base.1 {
                continue;
            }
            let ground = match style.bg {
                bg if bg == base.1 => String::new(),
                bg => format!(" on {}", bg.unwrap_or_default()),
            };
            let letters = style.fg.unwrap_or_default();
            let modifiers = style.add_modifier;
            writeln!(
                text,
                "{number:>2} {letters}{ground} {modifiers:?} `{symbols}`"
            )
            .expect("a line");
        }
    }
    text
}

#[test]
fn a_diff_is_reviewed_at_the_sizes_that_people_have() {
    let mut scene = at_gate();
    for (width, height) in [(80, 24), (40, 12), (120, 40), (200, 30)] {
        insta::assert_snapshot!(
            format!("review-{width}x{height}"),
            scene.frame(width, height)
        );
    }
    scene.keys("s");
    insta::assert_snapshot!("review-200x30-unified", scene.frame(200, 30));
}

#[test]
fn what_changed_in_a_line_stands_out() {
    let mut scene = at_gate();
    scene.keys("] f ] h j j j");
    let buffer = scene.buffer(80, 24);
    let base = scene.model.look.theme.style(Role::Base);
    insta::assert_snapshot!("review-styles", styles_of(&buffer, base));
}

#[test]
fn ascii_is_ascii() {
    let mut scene = Scene::full_with(look(true));
    write_diff(&scene, DIFF.as_bytes());
    scene.keys("j d j j j j c");
    scene.text("why");
    scene.keys("Enter");
    let frame = text_of(&scene.buffer(200, 40));
    let odd: String = frame.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(odd, "", "{frame}");
    assert!(frame.contains("# 7: why"), "{frame}");
}

#[test]
fn a_comment_is_seen_below_the_last_line_of_the_screen() {
    let mut diff = String::from("diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1,60 @@\n");
    for line in 1..=60 {
        writeln!(diff, "+line {line}").expect("a line");
    }
    let mut scene = at_gate();
    write_diff(&scene, diff.as_bytes());
    scene.keys("R");
    for width in [60, 130] {
        scene.frame(width, 20);
        scene.keys("PageDown PageDown c");
        scene.text("one\n\ntwo lines");
        scene.keys("Enter");
        let frame = scene.frame(width, 20);
        assert!(frame.contains("two lines"), "{frame}");
    }
}

#[test]
fn comments_become_the_reason_of_a_rejection() {
    let mut scene = at_gate();
    scene.keys("] f n j j j j c");
    assert!(
        scene
            .frame(100, 30)
            .contains("Comment on src/codec/mod.rs:3")
    );
    scene.text("an error, no option");
    scene.keys("Enter");
    let frame = scene.frame(100, 40);
    assert!(frame.contains("3: an error, no option"), "{frame}");
    assert!(frame.contains("1 comment"), "{frame}");
    scene.keys("n j j c");
    scene.text("keep this");
    scene.keys("Enter");
    // Comments are kept while the page is left.
    scene.keys("Esc k j d");
    assert_eq!(scene.model.page, Some(Page::Review));
    scene.keys("N");
    let shown = scene.frame(100, 40);
    assert!(
        shown.contains("src/codec/mod.rs:41 (removed): keep this"),
        "{shown}"
    );
    assert!(scene.asked().is_empty());
    scene.text(" Thanks.");
    scene.keys("Enter");
    let expected = "src/codec/mod.rs:3: an error, no option\n\
                    > pub fn pick(name: &Name) -> Option<Codec> {\n\n\
                    src/codec/mod.rs:41 (removed): keep this\n> 6 Thanks.";
    assert_eq!(
        scene.asked(),
        [Command::Reject {
            ticket: id("004"),
            reason: expected.to_owned(),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
    // They are not sent again, and stay to be seen.
    let frame = scene.frame(100, 40);
    assert!(frame.contains("3 (sent): an error, no option"), "{frame}");
    scene.keys("N");
    scene.text("more");
    scene.keys("Enter");
    assert_eq!(
        scene.asked(),
        [Command::Reject {
            ticket: id("004"),
            reason: "more".to_owned(),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
}

#[test]
fn comments_become_a_reply_and_what_is_dropped_is_not_sent() {
    let mut scene = at_gate();
    scene.keys("j j j j c");
    scene.text("which version?");
    scene.keys("Enter r Esc");
    assert!(scene.asked().is_empty());
    // An empty comment goes away, a changed one takes the old one's place.
    scene.keys("c");
    scene.text(" Say why.");
    scene.keys("Enter r Enter");
    assert_eq!(
        scene.asked(),
        [Command::Reply {
            ticket: id("004"),
            text: "Cargo.toml:7: which version? Say why.\n> zlib = \"1\"".to_owned(),
        }]
    );
    scene.keys("c");
    scene.text("x");
    scene.keys("Enter");
    assert!(scene.frame(80, 24).contains("1 comment"));
    scene.keys("c Backspace Enter");
    assert!(!scene.frame(80, 24).contains("1 comment"));
}

#[test]
fn a_field_that_was_dropped_sends_no_comment_later() {
    let mut scene = at_gate();
    scene.keys("j j j j c");
    scene.text("which version?");
    scene.keys("Enter N Esc Esc r");
    scene.text("hello");
    scene.keys("Enter d");
    assert_eq!(scene.asked().len(), 1);
    assert!(scene.frame(80, 24).contains("1 comment"));
}

#[test]
fn a_gate_is_passed_after_a_question() {
    let mut scene = at_gate();
    scene.keys("a");
    assert!(scene.asked().is_empty());
    scene.keys("y");
    assert_eq!(
        scene.asked(),
        [Command::Approve {
            ticket: id("004"),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
}

#[test]
fn a_gate_that_changed_meanwhile_is_not_rejected_by_old_words() {
    let mut scene = at_gate();
    scene.keys("j j j j c");
    scene.text("no");
    scene.keys("Enter N");
    scene.start("004");
    scene.event(
        ago(1),
        Event::GateReached {
            attempt: attempt("004"),
            need: Need::Review {
                reasons: Vec::new(),
            },
        },
    );
    scene.keys("Enter");
    assert!(scene.asked().is_empty());
    let frame = scene.frame(80, 24);
    assert!(frame.contains("look again"), "{frame}");
    assert!(frame.contains("1 comment"), "{frame}");
}

#[test]
fn code_of_a_hunk_is_in_colour_over_its_lines() {
    let diff = "diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n@@ -1,4 +1,4 @@\n /* a comment\n    of two lines */\n\
                 \u{20}fn same() {}\n-let x = 41; // why\n+let y = 42; // why\n";
    let mut scene = at_gate();
    write_diff(&scene, diff.as_bytes());
    for keys in ["R g g", "s", "s"] {
        scene.keys(keys);
        // Colours come when they are ready; nothing else has changed then.
        scene.buffer(120, 24);
        let buffer = scene.buffer(120, 24);
        let theme = &scene.model.look.theme;
        let style = |words: &str| {
            let rows = buffer.area.rows();
            let cells = rows.flat_map(|row| row.positions().collect::<Vec<_>>());
            let cells: Vec<_> = cells.map(|place| &buffer[place]).collect();
            let text: Vec<_> = cells.iter().map(|cell| cell.symbol()).collect();
            let symbols: Vec<String> = words.chars().map(String::from).collect();
            let at = text.windows(symbols.len()).position(|some| some == symbols);
            cells[at.expect(words)].style()
        };
        let fg = |role: Role| theme.style(role).fg;
        let bg = |role: Role| theme.style(role).bg;
        assert_eq!(style("of two lines").fg, fg(Role::SyntaxComment));
        assert_eq!(style("fn same").fg, fg(Role::SyntaxKeyword));
        assert_eq!(style("41").fg, fg(Role::SyntaxNumber));
        assert_eq!(style("// why").fg, fg(Role::SyntaxComment));
        assert_eq!(style("let x").bg, bg(Role::DiffDelLine));
        assert_eq!(style("let y").bg, bg(Role::DiffAddLine));
        // A word that differs is told without colour too.
        assert!(style("42").add_modifier.contains(Modifier::UNDERLINED));
        assert!(!style("let y").add_modifier.contains(Modifier::UNDERLINED));
    }
}

#[test]
fn files_are_folded_and_found() {
    let mut scene = at_gate();
    scene.keys("] f Enter");
    let frame = scene.frame(80, 40);
    assert!(frame.contains("▸ M src/codec/mod.rs"), "{frame}");
    assert!(!frame.contains("pick(name"), "{frame}");
    scene.keys("] f");
    assert!(scene.frame(80, 40).contains("moved from src/old.rs"));
    scene.keys("[ f Enter ] h ] h j");
    let buffer = scene.buffer(80, 40);
    let style = scene.model.look.theme.style(Role::Selection);
    let row = buffer
        .area
        .rows()
        .find(|row| {
            let cell = &buffer[(row.x + 2, row.y)];
            cell.style().bg == style.bg && row.y > 1 && row.y < 39
        })
        .expect("the cursor");
    let line: String = row
        .positions()
        .map(|position| buffer[position].symbol())
        .collect();
    assert!(line.contains("fn level(&self)"), "{line}");
}

#[test]
fn a_new_diff_leaves_the_cursor_on_its_line_and_comments_on_theirs() {
    let mut scene = at_gate();
    scene.keys("] f n j j j j c");
    scene.text("an error");
    scene.keys("Enter");
    let shifted = DIFF.replace("+zlib = \"1\"\n", "+zlib = \"1\"\n+zstd = \"1\"\n");
    let shifted = shifted.replace("@@ -5,3 +5,4 @@", "@@ -5,3 +5,5 @@");
    write_diff(&scene, shifted.as_bytes());
    scene.keys("R c");
    assert!(
        scene
            .frame(100, 30)
            .contains("Comment on src/codec/mod.rs:3")
    );
    scene.keys("Esc");
    // Leaving the page keeps the place.
    scene.keys("Esc d c");
    let frame = scene.frame(100, 30);
    assert!(frame.contains("Comment on src/codec/mod.rs:3"), "{frame}");
    scene.keys("Esc");
    let frame = scene.frame(100, 40);
    assert!(frame.contains("zstd"), "{frame}");
    assert!(frame.contains("3: an error"), "{frame}");
    // The file is gone from the diff: what was said stays.
    write_diff(&scene, b"");
    scene.keys("R");
    let frame = scene.frame(100, 40);
    assert!(frame.contains("3: an error"), "{frame}");
}

#[test]
fn what_is_not_there_is_said() {
    let mut scene = Scene::full();
    scene.keys("j d");
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("there is no diff of TICKET-004.1 yet"),
        "{frame}"
    );
    scene.keys("c a n Esc");
    write_diff(&scene, b"");
    scene.keys("d");
    assert!(scene.frame(80, 24).contains("no file was changed"));
    scene.keys("Esc j d");
    assert_eq!(scene.model.page, None);
    assert!(scene.frame(80, 24).contains("there is no diff yet"));
}

#[test]
fn nothing_hostile_is_quoted() {
    let mut scene = at_gate();
    let diff = "diff --git \"a/x\\ny\" \"b/x\\ny\"\n--- \"a/x\\ny\"\n+++ \"b/x\\ny\"\n@@ -1 +1 @@\n-a\n+b\u{1b}[31m\u{202e}\tc\r\n";
    write_diff(&scene, diff.as_bytes());
    scene.keys("R G c");
    scene.text("no");
    scene.keys("Enter N Enter");
    assert_eq!(
        scene.asked(),
        [Command::Reject {
            ticket: id("004"),
            reason: "x y:1: no\n> b[31m   c".to_owned(),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
}

#[test]
fn a_diff_of_200_000_lines_is_a_window() {
    let mut text = String::from("diff --git a/big b/big\n--- a/big\n+++ b/big\n");
    writeln!(text, "@@ -1,100000 +1,100000 @@").expect("a line");
    for line in 0..100_000 {
        writeln!(text, "-old line {line}\n+new line {line}").expect("two lines");
    }
    let mut scene = at_gate();
    write_diff(&scene, text.as_bytes());
    scene.keys("R G");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("new line 99999"), "{frame}");
    scene.keys("PageUp PageUp g g PageDown");
    assert!(scene.frame(120, 40).contains("new line 10"));
    scene.keys("s");
    assert!(scene.frame(200, 40).contains("old line 10"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_draw_at_any_size(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..600),
            "(diff --git a/x b/x\n|--- a/é\n\\+\\+\\+ b/漢\n|@@ -1,9 \\+1,9 @@\n|[-+ \\\\]?[a漢\u{300}😀\t\r]{0,90}\n){0,40}"
                .prop_map(String::into_bytes),
        ],
        keys in proptest::collection::vec(0usize..12, 0..20),
        sizes in proptest::collection::vec((0u16..=240, 0u16..=60), 1..6),
    ) {
        let mut scene = at_gate();
        write_diff(&scene, &bytes);
        scene.keys("R");
        let keys_of = ["j", "k", "G", "g g", "] f", "[ h", "n", "s", "Enter", "PageDown", "c x Enter", "Tab"];
        let mut sizes = sizes.iter().cycle();
        for key in keys {
            scene.keys(keys_of[key]);
            let (width, height) = sizes.next().copied().unwrap_or_default();
            scene.buffer(width, height);
        }
        let (width, height) = sizes.next().copied().unwrap_or_default();
        scene.buffer(width, height);
    }
}

#[test]
fn two_attempts_are_compared_with_a_table() {
    let mut scene = at_gate();
    let effects =
        crate::ui::pages::review::compare(&mut scene.model, attempt("001"), attempt("002"));
    let question = match effects.as_slice() {
        [crate::ui::effect::Effect::Load(crate::ui::effect::Load::Compare { question, .. })] => {
            *question
        }
        other => panic!("{other:?}"),
    };
    let row = |what: &str, old: &str, new: &str| [what.to_owned(), old.to_owned(), new.to_owned()];
    let reviewed = Reviewed {
        diff: Unified::read(DIFF.into()),
        table: vec![
            row("", "TICKET-001.1", "TICKET-002.1"),
            row("outcome", "validation failed: clippy", "done, proven"),
            row("tokens", "12.0k", "12.0k"),
            row("clippy", "failed, exit 101, 4.0s", "passed, 3.2s"),
        ],
        ..Reviewed::default()
    };
    scene.message(Message::Loaded(Loaded::Review {
        question,
        result: Ok(Box::new(reviewed)),
    }));
    insta::assert_snapshot!("review-compared", scene.frame(100, 16));
    scene.keys("j j j j j j j j c a");
    assert!(scene.model.overlay.is_none());
    assert!(scene.asked().is_empty());
}
