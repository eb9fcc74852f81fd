//! Reading back in the terminal: copy mode, its search, the mouse, and where the text goes.

use std::fmt::Write as _;
use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::scene::{Scene, event_of, text_of};
use crate::ui::clipboard::Copied;
use crate::ui::effect::{Effect, Loaded, TerminalId};
use crate::ui::layout::{Pane, inside};
use crate::ui::session::Outside;
use crate::ui::terminals::{ProgramEnd, TerminalEvent};
use crate::ui::update::Message;

/// A terminal that fills an 80×24 screen: 78×20 cells.
fn scene(output: &str) -> Scene {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.model.zoom = true;
    drop(scene.buffer(80, 24));
    writes(&mut scene, output);
    scene.effects.clear();
    scene
}

fn writes(scene: &mut Scene, output: &str) {
    let event = TerminalEvent::Output(output.as_bytes().to_vec());
    scene.message(Message::Terminal(TerminalId(1), event));
    parse(scene);
}

fn parse(scene: &mut Scene) {
    while scene.model.terminal.is_behind() || scene.model.terminal.is_searching() {
        scene
            .model
            .terminal
            .parse(Duration::ZERO, Duration::MAX, &|| Duration::ZERO);
    }
}

/// `line 1` to this one, and a prompt.
fn lines(count: usize) -> String {
    let mut text = String::new();
    for line in 1..=count {
        write!(text, "line {line}\r\n").expect("text");
    }
    text + "$ "
}

/// What was copied last.
fn copied(scene: &mut Scene) -> Option<String> {
    let found = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    scene.effects.clear();
    found
}

fn typed(scene: &Scene) -> Vec<u8> {
    let bytes = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Type { bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    bytes.flatten().collect()
}

/// The cells with this modifier or ground of another colour than their row's first, as text.
fn marked(buffer: &Buffer, is_marked: impl Fn(&ratatui::buffer::Cell) -> bool) -> String {
    let mut text = String::new();
    for row in buffer.area.rows() {
        let line: String = row
            .positions()
            .map(|position| &buffer[position])
            .filter(|cell| is_marked(cell))
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        if !line.is_empty() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

#[test]
fn motions_and_selections_copy_what_vi_would() {
    let output = "one two-three  four\r\n\r\n  fn main() { f(x[1]); }\r\nlast";
    let mut scene = scene(output);
    // The cursor begins behind `last`, on its last letter.
    for (keys, text) in [
        ("v b y", "last"),
        ("g g v e y", "one"),
        ("g g w v e y", "two"),
        ("g g w w v e y", "-three"),
        ("g g W v E y", "two-three"),
        ("g g 3 w v $ y", "three  four"),
        ("g g $ v b y", "four"),
        ("g g $ v B y", "four"),
        ("g g f t v t Space y", "two-three"),
        ("g g f e v ; y", "e two-thre"),
        ("g g 2 f e v ; y", "ee"),
        ("g g f e ; ; , v e y", "ee"),
        ("g g $ F o v T w y", "o-three  fo"),
        ("g g V y", "one two-three  four"),
        ("g g V } y", "one two-three  four\n"),
        (
            "g g V 2 j y",
            "one two-three  four\n\n  fn main() { f(x[1]); }",
        ),
        ("g g j j ^ v % y", "fn main()"),
        ("g g j j $ h h h h % v % y", "[1]"),
        ("g g j j f { v % y", "{ f(x[1]); }"),
        ("g g 2 j w v e y", "fn"),
        ("g g 2 j 0 v e y", "  fn"),
        ("g g 2 j f a v o h y", "ma"),
        ("g g Y", "one two-three  four"),
        ("3 G Y", "  fn main() { f(x[1]); }"),
        ("2 g g 2 Y", "\n  fn main() { f(x[1]); }"),
        ("g g Ctrl-v 2 j l y", "on\n\n"),
        ("g g l l Ctrl-v 2 j 3 l y", "e tw\n\nfn m"),
        ("H v e y", "one"),
        ("G V y", "last"),
        ("{ V y", ""),
        ("g g Home v End y", "one two-three  four"),
        ("g g j j w w v h h Enter", "n m"),
    ] {
        scene.keys("Ctrl-] [");
        scene.keys(keys);
        let text = (!text.is_empty()).then(|| text.to_owned());
        assert_eq!(typed(&scene), b"", "{keys}");
        assert_eq!(copied(&mut scene), text, "{keys}");
        assert!(!scene.model.terminal.is_copying(), "{keys}");
    }
}

#[test]
fn the_program_goes_on_while_it_is_read_back() {
    let mut scene = scene(&lines(100));
    scene.keys("Ctrl-] [ Ctrl-u Ctrl-u v 2 w");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("selecting"), "{frame}");
    writes(&mut scene, "\u{1b}[2J\u{1b}[Hcleared\r\n");
    writes(&mut scene, &lines(30));
    let later = scene.frame(80, 24);
    let rows = |frame: &str| {
        frame
            .lines()
            .skip(2)
            .take(20)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&frame), rows(&later));
    let back = |frame: &str| {
        let line = frame.lines().nth(1).expect("a title").to_owned();
        let words: Vec<_> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "lines").expect(&line);
        words[at - 1].parse::<u64>().expect(&line)
    };
    assert!(back(&later) > back(&frame));
    // A key leads back to the end; what is typed is the program's again.
    scene.keys("Esc Esc");
    assert!(scene.frame(80, 24).contains("line 30"));
    scene.keys("x");
    assert_eq!(typed(&scene), b"x");
    scene.keys("Ctrl-] [ q y");
    assert_eq!(typed(&scene), b"xy");
}

#[test]
fn a_selection_is_seen_and_told() {
    let mut scene = scene("plain \u{1b}[7mreverse\u{1b}[0m 漢字 end\r\nsecond row\r\n");
    scene.keys("Ctrl-] [ g g w v j");
    let buffer = scene.buffer(80, 24);
    insta::assert_snapshot!("copy_mode", text_of(&buffer));
    let selection = scene
        .model
        .look
        .theme
        .style(crate::ui::theme::Role::Selection);
    let is_selected = |cell: &ratatui::buffer::Cell| {
        Some(cell.bg) == selection.bg && cell.modifier == Modifier::BOLD
    };
    let text = marked(&buffer, is_selected);
    assert!(text.contains("reverse 漢字 end"), "{text}");
    assert!(text.contains("second"), "{text}");
    scene.keys("Esc g g 1 4 l Ctrl-v j Home");
    let text = marked(&scene.buffer(80, 24), is_selected);
    assert!(text.contains("plain reverse 漢"), "{text}");
}

#[test]
fn wrapped_rows_are_one_line() {
    let long = "x".repeat(200);
    let mut scene = scene(&format!("{long} end\r\nnext"));
    scene.keys("Ctrl-] [ g g Y");
    assert_eq!(copied(&mut scene), Some(format!("{long} end")));
    scene.keys("Ctrl-] [ g g v w $ y");
    assert_eq!(copied(&mut scene), Some(format!("{long} end")));
    // A block is what it looks like.
    scene.keys("Ctrl-] [ g g Ctrl-v j l y");
    assert_eq!(copied(&mut scene), Some("xx\nxx".to_owned()));
    // What is looked for may lie on both sides of the edge.
    writes(&mut scene, &format!("\r\n{}needle end", "z".repeat(75)));
    scene.keys("Ctrl-] /");
    scene.text("needle");
    scene.keys("Enter v e y");
    assert_eq!(copied(&mut scene), Some("needle".to_owned()));
}

#[test]
fn a_search_counts_goes_on_and_comes_back() {
    let mut scene = scene(&lines(300));
    scene.keys("Ctrl-] /");
    scene.text("LINE 29");
    parse(&mut scene);
    assert!(scene.frame(80, 24).contains("not found"));
    for _ in 0..7 {
        scene.keys("Backspace");
    }
    scene.text("line 29");
    parse(&mut scene);
    let frame = scene.frame(80, 24);
    assert!(frame.contains("11 of 11"), "{frame}");
    assert!(frame.contains("Search: line 29"), "{frame}");
    scene.keys("Enter n");
    assert!(scene.frame(80, 24).contains("10 of 11"));
    scene.keys("9 n");
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("1 of 11") && frame.contains("line 29 "),
        "{frame}"
    );
    scene.keys("n");
    assert!(
        scene
            .frame(80, 24)
            .contains("the search went on from the other end")
    );
    scene.keys("N");
    assert!(scene.frame(80, 24).contains(" 1 of 11"));
    // Forth, smaller words find capital ones; Esc leads back to where it began.
    scene.keys("g g /");
    scene.text("2");
    parse(&mut scene);
    assert!(
        scene.frame(80, 24).contains("1 of 160"),
        "{}",
        scene.frame(80, 24)
    );
    scene.keys("Down Down Up");
    assert!(scene.frame(80, 24).contains("2 of 160"));
    scene.keys("Esc V y");
    assert_eq!(copied(&mut scene), Some("line 1".to_owned()));
}

#[test]
fn what_is_found_is_marked_and_not_by_colour_alone() {
    let mut scene = scene("a needle\r\nand a Needle\r\nneedles and needle\r\n");
    scene.keys("Ctrl-] /");
    scene.text("needle");
    parse(&mut scene);
    let buffer = scene.buffer(80, 24);
    let found = scene.model.look.theme.style(crate::ui::theme::Role::Match);
    let others = marked(&buffer, |cell| Some(cell.bg) == found.bg);
    assert_eq!(others, "needle\nNeedle\nneedle\n");
    let current = marked(&buffer, |cell| {
        cell.modifier
            .contains(Modifier::UNDERLINED | Modifier::BOLD)
            && cell.symbol() != " "
    });
    assert_eq!(current.lines().last(), Some("needle"));
    assert!(scene.frame(80, 24).contains("4 of 4"));
}

#[test]
fn words_of_a_search_go_nowhere_else() {
    let mut scene = scene(&lines(10));
    scene.keys("Ctrl-] /");
    scene.text("q\u{1b}");
    scene.keys("Esc Ctrl-] Ctrl-]");
    assert_eq!(scene.model.focus, Pane::Queue);
    assert_eq!(typed(&scene), b"");
    assert_eq!(scene.model.queue.filter(), "");
}

#[test]
fn typing_leads_back_to_the_end() {
    let mut scene = scene(&lines(100));
    scene.keys("Shift-PageUp Shift-PageUp");
    assert!(scene.frame(80, 24).contains("20 lines back"));
    scene.keys("x");
    let frame = scene.frame(80, 24);
    assert!(
        !frame.contains("lines back") && frame.contains("line 100"),
        "{frame}"
    );
    // The wheel goes by lines, in the right direction.
    wheel(&mut scene, MouseEventKind::ScrollUp);
    assert!(scene.frame(80, 24).contains("3 lines back"));
    wheel(&mut scene, MouseEventKind::ScrollDown);
    assert!(!scene.frame(80, 24).contains("lines back"));
    scene.keys("Ctrl-] [");
    wheel(&mut scene, MouseEventKind::ScrollUp);
    assert!(scene.frame(80, 24).contains("copy  3 lines back"));
}

fn wheel(scene: &mut Scene, kind: MouseEventKind) {
    mouse(scene, kind, 10, 5, KeyModifiers::NONE);
}

fn mouse(scene: &mut Scene, kind: MouseEventKind, column: i32, row: i32, modifiers: KeyModifiers) {
    let area = inside(scene.model.places().terminal.expect("a terminal"));
    let at = |from: u16, offset: i32| u16::try_from(i32::from(from) + offset).unwrap_or(0);
    scene.message(Message::Mouse(MouseEvent {
        kind,
        column: at(area.x, column),
        row: at(area.y, row),
        modifiers,
    }));
}

const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

fn drags(scene: &mut Scene, from: (i32, i32), to: (i32, i32), modifiers: KeyModifiers) {
    mouse(scene, DOWN, from.0, from.1, modifiers);
    mouse(scene, DRAG, to.0, to.1, modifiers);
    mouse(scene, UP, to.0, to.1, modifiers);
}

#[test]
fn the_mouse_selects_and_letting_go_copies() {
    let mut scene = scene("hello world\r\nsecond row\r\n漢字 wide\r\n$ ");
    let none = KeyModifiers::NONE;
    drags(&mut scene, (6, 0), (2, 1), none);
    assert_eq!(copied(&mut scene), Some("world\nsec".to_owned()));
    let frame = scene.frame(80, 24);
    assert!(frame.contains("copied 2 lines, 9 characters"), "{frame}");
    // It stays marked until something happens.
    let selection = scene
        .model
        .look
        .theme
        .style(crate::ui::theme::Role::Selection);
    let is_selected = |cell: &ratatui::buffer::Cell| {
        Some(cell.bg) == selection.bg && cell.modifier == Modifier::BOLD
    };
    assert!(marked(&scene.buffer(80, 24), is_selected).contains("world"));
    scene.keys("x");
    assert_eq!(typed(&scene), b"x");
    assert!(!marked(&scene.buffer(80, 24), is_selected).contains("world"));
    scene.effects.clear();
    drags(&mut scene, (4, 1), (6, 0), none);
    assert_eq!(copied(&mut scene), Some("world\nsecon".to_owned()));
    writes(&mut scene, "more");
    assert!(!marked(&scene.buffer(80, 24), is_selected).contains("world"));
    // A block, with wide characters whole.
    drags(&mut scene, (1, 0), (3, 2), KeyModifiers::ALT);
    assert_eq!(
        copied(&mut scene),
        Some("el\nec\n漢字".replace("el", "ell").replace("ec", "eco"))
    );
    // A click copies nothing, and clears.
    mouse(&mut scene, DOWN, 3, 1, none);
    mouse(&mut scene, UP, 3, 1, none);
    assert_eq!(copied(&mut scene), None);
    assert_eq!(scene.model.focus, Pane::Terminal);
    scene.keys("y");
    assert_eq!(typed(&scene), b"y");
}

#[test]
fn clicks_take_names_and_lines() {
    let mut scene =
        scene("see src/ui/mod.rs:12:5. or (https://example.org/a?b=c#d), twice\r\nrest\r\n");
    scene.pace = Duration::from_millis(50);
    let none = KeyModifiers::NONE;
    let clicks = |scene: &mut Scene, column: i32, row: i32, times: usize| {
        scene.model.uptime += Duration::from_secs(5);
        for _ in 0..times {
            mouse(scene, DOWN, column, row, none);
            mouse(scene, UP, column, row, none);
        }
    };
    clicks(&mut scene, 8, 0, 2);
    assert_eq!(copied(&mut scene), Some("src/ui/mod.rs:12:5".to_owned()));
    clicks(&mut scene, 40, 0, 2);
    assert_eq!(
        copied(&mut scene),
        Some("https://example.org/a?b=c#d".to_owned())
    );
    clicks(&mut scene, 1, 1, 3);
    assert_eq!(copied(&mut scene), Some("rest".to_owned()));
    // Slow clicks are clicks.
    scene.pace = Duration::from_secs(1);
    clicks(&mut scene, 8, 0, 2);
    assert_eq!(copied(&mut scene), None);
}

#[test]
fn a_drag_beyond_the_edge_scrolls_on() {
    let mut scene = scene(&lines(100));
    scene.pace = Duration::from_millis(60);
    let none = KeyModifiers::NONE;
    mouse(&mut scene, DOWN, 3, 10, none);
    mouse(&mut scene, DRAG, 3, -1, none);
    assert!(scene.model.terminal.goes_on());
    let before = scene.frame(80, 24);
    for _ in 0..5 {
        // Nothing comes but time.
        scene.message(Message::Nothing);
    }
    let frame = scene.frame(80, 24);
    assert_ne!(before, frame);
    assert!(frame.contains("lines back"), "{frame}");
    mouse(&mut scene, UP, 3, -1, none);
    assert!(!scene.model.terminal.goes_on());
    let text = copied(&mut scene).expect("a text");
    assert!(text.lines().count() > 15, "{text}");
    // The view stays there until a key comes.
    assert!(scene.frame(80, 24).contains("lines back"));
    scene.keys("x");
    assert!(!scene.frame(80, 24).contains("lines back"));
}

#[test]
fn everything_is_read_in_the_pager() {
    let mut scene = scene(&format!(
        "{} wraps\r\n\u{1b}[31mred\u{1b}[0m\r\n",
        "w".repeat(100)
    ));
    scene.keys("Ctrl-] O");
    let text = format!("{} wraps\nred\n", "w".repeat(100));
    assert_eq!(scene.effects, [Effect::ReadOutside(text)]);
}

#[test]
fn links_are_copied_and_paths_opened() {
    let mut scene = scene("at src/main.rs:7: see https://example.org/x.\r\n");
    scene.keys("Ctrl-] [ g g f : b g l");
    assert_eq!(copied(&mut scene), Some("src/main.rs:7".to_owned()));
    scene.keys("Ctrl-] [ g g $ h h g l");
    assert_eq!(copied(&mut scene), Some("https://example.org/x".to_owned()));
    scene.keys("Ctrl-] [ g g w Enter");
    assert!(scene.frame(80, 24).contains("can't open src/main.rs:7"));
    let folder = scene.folder.path().join("worktrees/003/src");
    std::fs::create_dir_all(&folder).expect("folders");
    std::fs::write(folder.join("main.rs"), "").expect("a file");
    scene.keys("g f");
    let path = folder.join("main.rs").canonicalize().expect("a path");
    let editor = Outside::Editor {
        path,
        line: Some(7),
    };
    assert_eq!(scene.effects, [Effect::HandOver(editor)]);
}

#[test]
fn what_a_flood_has_long_driven_out_stands_still_at_any_size() {
    let mut scene = scene(&lines(100));
    scene.keys("Ctrl-] [ k");
    writes(&mut scene, &lines(20_000));
    for (columns, rows) in [(70, 24), (90, 24), (80, 20), (80, 24)] {
        drop(scene.buffer(columns, rows));
        // A size counts when it has stood for a while.
        scene.model.uptime += Duration::from_secs(1);
        drop(scene.buffer(columns, rows));
        writes(&mut scene, &lines(20_000));
        let shown = text_of(&scene.buffer(columns, rows));
        assert!(shown.contains("line 100"), "{columns}x{rows}:\n{shown}");
    }
    scene.keys("Y");
    assert_eq!(copied(&mut scene), Some("line 100".to_owned()));
}

#[test]
fn what_is_read_is_driven_out_after_another_size() {
    let mut scene = scene(&lines(100));
    scene.keys("Ctrl-] [ k");
    writes(&mut scene, &lines(500));
    drop(scene.buffer(70, 24));
    scene.model.uptime += Duration::from_secs(1);
    drop(scene.buffer(70, 24));
    for count in [10, 20_000] {
        writes(&mut scene, &lines(count));
        let shown = text_of(&scene.buffer(70, 24));
        assert!(shown.contains("line 100"), "{count}:\n{shown}");
        // What was written since is not among it.
        scene.keys("G");
        let shown = text_of(&scene.buffer(70, 24));
        assert!(
            shown.contains("line 100") && !shown.contains("line 2\n"),
            "{shown}"
        );
    }
    scene.keys("k Y");
    assert_eq!(copied(&mut scene), Some("line 100".to_owned()));
}

#[test]
fn a_program_that_has_ended_can_be_read_back() {
    let mut scene = scene(&lines(100));
    let ended = TerminalEvent::Ended(ProgramEnd::well("exited 0"));
    scene.message(Message::Terminal(TerminalId(1), ended));
    scene.keys("Ctrl-] [ k Y");
    assert_eq!(copied(&mut scene), Some("line 100".to_owned()));
    scene.keys("Enter");
    assert!(!scene.model.terminal.is_open());
}

#[test]
fn where_a_copied_text_went_is_said() {
    let mut scene = scene("x");
    scene.message(Message::Loaded(Loaded::Copied(Copied::Written {
        path: "/run/user/1/docket/clipboard.txt".into(),
        why: "the console takes no texts from programs".into(),
    })));
    let frame = scene.frame(100, 24);
    assert!(
        frame.contains("copied into /run/user/1/docket/clipboard.txt: the console"),
        "{frame}"
    );
    scene.message(Message::Loaded(Loaded::Copied(Copied::Refused("x".into()))));
    let sent = Effect::CopyBySequence("x".into());
    assert!(scene.effects.contains(&sent), "{:?}", scene.effects);
}

const KEYS: &[&str] = &[
    "h", "j", "k", "l", "0", "9", "^", "$", "w", "b", "e", "W", "B", "E", "H", "M", "L", "g", "G",
    "Ctrl-u", "Ctrl-d", "Ctrl-b", "Ctrl-f", "{", "}", "f", "F", "t", "T", ";", ",", "%", "v", "V",
    "Ctrl-v", "o", "n", "N", "/", "?", "Enter", "Esc", "Ctrl-]", "[", "x", "Y", "y", "Up", "Down",
];

#[derive(Debug, Clone)]
enum Step {
    Keys(Vec<usize>),
    Output(String),
    Size(u16, u16),
    Mouse(u8, i32, i32, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec(0..KEYS.len(), 1..12).prop_map(Step::Keys),
        2 => "([a-c漢\u{301} (){}]|\r\n|\u{1b}\\[2J|\u{1b}\\[\\?1049[hl]|\u{1b}\\[3J){0,60}".prop_map(Step::Output),
        1 => (1u16..100, 1u16..40).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        3 => (0u8..4, -30i32..90, -5i32..40, any::<bool>())
            .prop_map(|(kind, column, row, alt)| Step::Mouse(kind, column, row, alt)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_cursor_is_always_somewhere(steps in proptest::collection::vec(step(), 1..30)) {
        let mut scene = scene(&lines(60));
        for step in steps {
            match step {
                Step::Keys(keys) => {
                    for key in keys {
                        scene.message(Message::Key(event_of(KEYS[key])));
                    }
                }
                Step::Output(text) => writes(&mut scene, &text),
                Step::Size(columns, rows) => drop(scene.buffer(columns, rows)),
                Step::Mouse(kind, column, row, alt) => {
                    if scene.model.places().terminal.is_some() {
                        let kind = [DOWN, DRAG, UP, MouseEventKind::ScrollUp][usize::from(kind)];
                        let modifiers = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
                        mouse(&mut scene, kind, column, row, modifiers);
                    }
                }
            }
            parse(&mut scene);
            prop_assert!(scene.model.terminal.cursor_is_sound());
        }
        drop(scene.buffer(80, 24));
    }
}
