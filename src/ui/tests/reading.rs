//! Reading a transcript: items, folds, search, jumps, attempts, code and changes in colour.

use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::scene::{NOON, PATCH, Scene, ago, attempt, item, look, text_of, write_transcript};
use crate::domain::attempt::TurnEnd;
use crate::domain::board::Feed;
use crate::domain::event::{Event, Leftovers};
use crate::domain::item::{Entry, Item, PlanEntry, ToolKind, ToolStatus, Usage};
use crate::ui::effect::Effect;
use crate::ui::session::Outside;
use crate::ui::theme::{ColorDepth, Role, Theme};

fn text(entries: &[Entry]) -> String {
    let line = |entry: &Entry| serde_json::to_string(entry).expect("an entry") + "\n";
    entries.iter().map(line).collect()
}

fn inside(parent: u64, mut entry: Entry) -> Entry {
    entry.parent = Some(parent);
    entry
}

fn call(title: &str, status: ToolStatus) -> Item {
    let tool = match title.split(' ').next() {
        Some("edit") => ToolKind::Edit,
        _ => ToolKind::Execute,
    };
    Item::ToolCall {
        tool,
        title: title.into(),
        status,
    }
}

fn message(text: &str) -> Item {
    Item::Message { text: text.into() }
}

fn output(text: &str, exit: Option<i32>) -> Item {
    Item::ToolResult {
        output: text.into(),
        exit,
    }
}

/// A session with everything that there is.
fn session() -> Vec<Entry> {
    let noisy: String = (1..=12).fold(String::new(), |text, n| {
        text + &format!("case {n} passed\n")
    });
    vec![
        item(
            1,
            1,
            message("I begin.\n\n```rust\nfn main() {\n    let x = 42; // why\n}\n```"),
        ),
        item(2, 1, call("Task: look around", ToolStatus::Running)),
        inside(2, item(3, 1, message("I am the sub-agent."))),
        inside(2, item(4, 1, call("$ rg needle", ToolStatus::Completed))),
        inside(4, item(5, 1, output("src/a.rs: needle\n", Some(0)))),
        inside(2, item(6, 1, output("found it", None))),
        item(2, 1, call("Task: look around", ToolStatus::Completed)),
        item(
            7,
            1,
            Item::Plan {
                entries: vec![
                    PlanEntry {
                        text: "read".into(),
                        done: true,
                    },
                    PlanEntry {
                        text: "write".into(),
                        done: false,
                    },
                ],
            },
        ),
        item(8, 2, call("edit src/parser.rs", ToolStatus::Completed)),
        inside(
            8,
            item(
                9,
                2,
                Item::Diff {
                    path: "src/parser.rs".into(),
                    patch: PATCH.replace(
                        "-    all();\n",
                        "-    let all = read(file, 10);\n+    let all = read(path, 10);\n",
                    ),
                },
            ),
        ),
        item(10, 2, call("$ cargo test", ToolStatus::Running)),
        inside(10, item(11, 2, output(&noisy, Some(101)))),
        item(10, 2, call("$ cargo test", ToolStatus::Failed)),
        item(12, 2, message("It fails, I look at case 3.")),
    ]
}

fn scene_of(entries: &[Entry]) -> Scene {
    scene_in(Scene::full(), &text(entries))
}

fn scene_in(mut scene: Scene, text: &str) -> Scene {
    scene.frame(80, 24);
    write_transcript(scene.folder.path(), "003", text);
    // Another ticket and back: the file is read anew.
    scene.keys("k j 2");
    scene
}

/// The text of the marked lines.
fn marked(scene: &mut Scene) -> String {
    let (width, height) = (scene.size.width, scene.size.height);
    let frame = scene.frame(width, height);
    let lines = frame.lines().filter_map(|line| line.split_once('▌'));
    lines
        .map(|(_, rest)| rest.trim_end_matches(['│', '┃', ' ']).to_owned() + "\n")
        .collect()
}

/// The roles of a word on the screen, by their style in the theme `night`.
fn style_of(buffer: &Buffer, word: &str) -> ratatui::style::Style {
    for row in buffer.area.rows() {
        let line: String = row
            .positions()
            .map(|at| buffer[at].symbol().to_owned())
            .collect();
        if let Some(at) = line.find(word) {
            let column = line[..at].chars().count() as u16;
            return buffer[(row.x + column, row.y)].style();
        }
    }
    panic!("{word} is not shown:\n{}", text_of(buffer));
}

fn finish_turn(scene: &mut Scene, turn: u32) {
    scene.event(
        ago(30),
        Event::TurnFinished {
            attempt: attempt("003"),
            turn,
            end: TurnEnd::Completed,
            usage: Usage {
                input: 41_000,
                output: 1_700,
                cost_usd: Some(0.13),
                ..Usage::default()
            },
            leftovers: Leftovers::default(),
        },
    );
}

#[test]
fn everything_there_is_at_several_sizes() {
    let mut scene = scene_of(&session());
    finish_turn(&mut scene, 1);
    scene.keys("z");
    insta::assert_snapshot!("reading-80", scene.frame(80, 50));
    insta::assert_snapshot!("reading-150", scene.frame(150, 50));
    insta::assert_snapshot!("reading-40", scene.frame(40, 20));
    scene.keys("v");
    insta::assert_snapshot!("reading-unfolded", scene.frame(100, 70));
    let mut scene = scene_in(Scene::full_with(look(true)), &text(&session()));
    scene.keys("z J");
    insta::assert_snapshot!("reading-ascii", scene.frame(130, 50));
}

#[test]
fn code_and_changes_have_their_colours() {
    let mut scene = scene_of(&session());
    scene.keys("z");
    let theme = Theme::load("night", None, ColorDepth::Truecolor).expect("a theme");
    let buffer = scene.buffer(150, 60);
    let fg = |role: Role| theme.style(role).fg;
    assert_eq!(style_of(&buffer, "fn main").fg, fg(Role::SyntaxKeyword));
    assert_eq!(style_of(&buffer, "42").fg, fg(Role::SyntaxNumber));
    assert_eq!(style_of(&buffer, "// why").fg, fg(Role::SyntaxComment));
    // The word that differs has another ground than its line, each side its own.
    let bg = |role: Role| theme.style(role).bg;
    assert_eq!(style_of(&buffer, "file, 10").bg, bg(Role::DiffDelWord));
    assert_eq!(style_of(&buffer, ", 10);  ").bg, bg(Role::DiffDelLine));
    assert_eq!(style_of(&buffer, "path, 10").bg, bg(Role::DiffAddWord));
    assert_eq!(
        style_of(&buffer, "+    header();").bg,
        bg(Role::DiffAddLine)
    );
}

#[test]
fn without_many_colours_words_are_told_by_weight() {
    for depth in [
        ColorDepth::None,
        ColorDepth::Palette16,
        ColorDepth::Palette256,
    ] {
        for (name, _) in crate::ui::theme::EMBEDDED {
            let theme = Theme::load(name, None, depth).expect("a theme");
            for role in [Role::DiffAddWord, Role::DiffDelWord] {
                let style = theme.style(role);
                let weight = ratatui::style::Modifier::UNDERLINED;
                assert!(style.add_modifier.contains(weight), "{name} {role}");
            }
            assert_eq!(theme.style(Role::DiffAddLine), theme.style(Role::DiffAdd));
        }
    }
}

#[test]
fn items_are_marked_one_after_the_other() {
    let mut scene = scene_of(&session());
    scene.keys("z");
    scene.frame(80, 60);
    assert_eq!(marked(&mut scene), "");
    scene.keys("J J");
    // A call and what it gave back are one, whatever lies between.
    assert_eq!(marked(&mut scene), "✓ Task: look around\n│ found it\n");
    scene.keys("J");
    assert_eq!(marked(&mut scene), "│ I am the sub-agent.\n");
    scene.keys("K K");
    assert!(
        marked(&mut scene).contains("I begin."),
        "{}",
        marked(&mut scene)
    );
    scene.keys("K K K");
    assert!(marked(&mut scene).contains("I begin."));
    scene.keys("Esc");
    assert_eq!(marked(&mut scene), "");
    scene.keys("K");
    assert!(
        marked(&mut scene).contains("It fails"),
        "the last one that is shown"
    );
}

#[test]
fn an_item_is_folded_alone() {
    let mut scene = scene_of(&session());
    scene.keys("z");
    scene.frame(80, 70);
    scene.keys("K K");
    assert!(
        marked(&mut scene).contains("$ cargo test"),
        "{}",
        marked(&mut scene)
    );
    assert!(!scene.frame(80, 70).contains("case 2 passed"));
    scene.keys("Enter");
    let frame = scene.frame(80, 70);
    assert!(frame.contains("case 2 passed"), "{frame}");
    scene.keys("Enter J Enter");
    let frame = scene.frame(80, 70);
    assert!(!frame.contains("case 2 passed"), "{frame}");
    assert!(frame.contains("▸ It fails"), "{frame}");
    scene.keys("v");
    let frame = scene.frame(80, 70);
    assert!(
        frame.contains("case 2 passed") && !frame.contains("▸ It fails"),
        "{frame}"
    );
}

#[test]
fn the_text_of_an_item_goes_to_the_clipboard() {
    let mut scene = scene_of(&session());
    scene.frame(120, 60);
    scene.keys("y");
    assert!(scene.frame(120, 60).contains("nothing is marked"));
    scene.keys("K K y");
    let [Effect::Copy(copied)] = &scene.effects[..] else {
        panic!("{:?}", scene.effects);
    };
    assert!(
        copied.starts_with("$ cargo test\ncase 1 passed\n"),
        "{copied}"
    );
    assert!(scene.frame(120, 60).contains("13 lines copied"));
    scene.effects.clear();
    scene.keys("O");
    let [Effect::HandOver(Outside::Pager { path, .. })] = &scene.effects[..] else {
        panic!("{:?}", scene.effects);
    };
    assert!(
        path.ends_with("r12/TICKET-003/1/transcript.jsonl"),
        "{path:?}"
    );
}

/// Notices with their number, one line each; every `every`th is an error instead.
fn numbered(count: u64, every: u64) -> String {
    let mut text = String::new();
    for id in 0..count {
        let words = format!("line {id} {}", "x".repeat(40));
        let what = if id % every == every / 2 {
            Item::Error {
                text: words,
                retrying: false,
            }
        } else {
            Item::Notice { text: words }
        };
        let turn = 1 + (id / 1_000) as u32;
        text += &(serde_json::to_string(&item(id, turn, what)).expect("an entry") + "\n");
    }
    text
}

#[test]
fn a_search_counts_marks_and_goes_round() {
    let mut scene = scene_of(&session());
    scene.size = ratatui::layout::Size::new(100, 24);
    scene.keys("z /");
    scene.text("case");
    let frame = scene.frame(100, 24);
    assert!(
        frame.contains("Search: case") && frame.contains("/case 2"),
        "{frame}"
    );
    scene.keys("Enter");
    let frame = scene.frame(100, 24);
    assert!(frame.contains("/case 1/2"), "{frame}");
    assert!(marked(&mut scene).contains("$ cargo test"), "{frame}");
    let theme = Theme::load("night", None, ColorDepth::Truecolor).expect("a theme");
    let buffer = scene.buffer(100, 24);
    assert_eq!(style_of(&buffer, "case 12").bg, theme.style(Role::Match).bg);
    scene.keys("n");
    assert!(scene.frame(100, 24).contains("/case 2/2"));
    assert!(marked(&mut scene).contains("It fails"));
    scene.keys("n");
    let frame = scene.frame(100, 24);
    assert!(
        frame.contains("on from the beginning") && frame.contains("/case 1/2"),
        "{frame}"
    );
    scene.keys("N");
    assert!(scene.frame(100, 24).contains("/case 2/2"));
    scene.keys("Esc");
    assert!(!scene.frame(100, 24).contains("/case"));
    assert!(scene.asked().is_empty(), "nothing was rejected meanwhile");
    // What is folded away is unfolded when it is found.
    scene.keys("/");
    scene.text("case 2 p");
    scene.keys("Enter");
    let frame = scene.frame(100, 24);
    assert!(
        frame.contains("1/1") && frame.contains("case 2 passed"),
        "{frame}"
    );
    scene.keys("/");
    scene.keys("Backspace Backspace");
    scene.text("ZZ");
    scene.keys("Enter");
    assert!(scene.frame(100, 24).contains("nothing matches"));
    scene.keys("/ Esc");
    assert!(!scene.frame(100, 24).contains("/case"));
}

#[test]
fn n_rejects_where_nothing_is_searched_for() {
    let mut scene = scene_of(&session());
    scene.keys("N");
    assert!(scene.frame(80, 24).contains("asks nothing"));
}

#[test]
fn what_is_jumped_to_is_seen_with_all_that_belongs_to_it() {
    let mut entries: Vec<Entry> = (1..=20)
        .map(|id| item(id, 1, message(&format!("line {id}"))))
        .collect();
    let changed = Item::Diff {
        path: "src/parser.rs".into(),
        patch: "@@ -1 +1 @@\n-old words\n+new words\n".into(),
    };
    entries.push(item(
        21,
        1,
        call("edit src/parser.rs", ToolStatus::Completed),
    ));
    entries.push(inside(21, item(22, 1, changed)));
    entries.extend((31..=50).map(|id| item(id, 1, message(&format!("line {id}")))));
    let mut scene = scene_of(&entries);
    for keys in ["z g g ] d", "G [ d", "g g J J ] d"] {
        scene.frame(60, 12);
        scene.keys(keys);
        let marked = marked(&mut scene);
        assert!(marked.contains("edit src/parser.rs"), "{keys}: {marked}");
        assert!(marked.contains("+new words"), "{keys}: {marked}");
    }
}

#[test]
fn jumps_go_far_beyond_what_is_in_memory() {
    let text = numbered(60_000, 20_000);
    assert!(text.len() > 6_000_000);
    let mut scene = scene_in(Scene::full(), &text);
    scene.keys("z");
    scene.frame(80, 24);
    for (keys, expected) in [
        ("[ e", "line 50000"),
        ("[ e", "line 30000"),
        ("[ e", "line 10000"),
        ("[ e", "line 10000"),
        ("] e", "line 30000"),
        ("] e", "line 50000"),
        ("] e", "line 50000"),
        ("[ t", "line 49000"),
        ("[ t", "line 48000"),
        ("] t", "line 49000"),
    ] {
        scene.keys(keys);
        assert!(
            marked(&mut scene).contains(expected),
            "{keys} {expected}: {}",
            marked(&mut scene)
        );
    }
    scene.keys("[ d");
    assert!(scene.frame(80, 24).contains("no edit above"));
    scene.keys("] r");
    assert!(scene.frame(80, 24).contains("no request is known here"));
    // What is around it is there, too.
    scene.keys("PageUp");
    assert!(
        scene.frame(80, 24).contains("line 48970"),
        "{}",
        scene.frame(80, 24)
    );
    scene.keys("/");
    scene.text("line 777 ");
    scene.keys("Enter");
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("/line 777  1/1") && marked(&mut scene).contains("line 777 "),
        "{frame}"
    );
    scene.keys("End");
    assert!(scene.frame(80, 24).contains("line 59999"));
}

#[test]
fn a_request_is_found_by_its_time() {
    let mut scene = scene_of(&session());
    scene.size = ratatui::layout::Size::new(80, 60);
    let request = crate::domain::request::Request {
        title: "$ rm".into(),
        ask: crate::domain::request::Ask::Command {
            command: "rm".into(),
        },
        reason: None,
        choices: Vec::new(),
        folder: None,
        patch: None,
    };
    // Between the calls 8 and 10: the items' times rise with their ids.
    let at = crate::domain::time::Timestamp(ago(100 - 9).0 + 500);
    scene.event(
        at,
        Event::RequestOpened {
            attempt: attempt("003"),
            id: crate::domain::request::RequestId(1),
            request,
        },
    );
    scene.keys("z [ r");
    assert!(
        marked(&mut scene).contains("edit src/parser.rs"),
        "{}",
        marked(&mut scene)
    );
    assert!(at < NOON);
}

#[test]
fn what_came_while_the_end_was_out_of_sight_is_counted() {
    let mut scene = scene_in(Scene::full(), &numbered(100, 1_000));
    scene.keys("PageUp");
    assert!(scene.frame(80, 24).contains(" End follows"));
    let bytes = write_transcript(scene.folder.path(), "003", &numbered(112, 1_000));
    scene.feed(Feed::Advanced {
        attempt: attempt("003"),
        bytes,
    });
    let frame = scene.frame(80, 24);
    assert!(frame.contains("12 new below, End follows"), "{frame}");
    scene.keys("End");
    assert!(!scene.frame(80, 24).contains("End follows"));
}

#[test]
fn memory_stays_a_window_while_nobody_looks() {
    let mut scene = scene_in(Scene::full(), first(100));
    scene.keys("PageUp");
    let before = scene.frame(80, 24);
    for step in 1..=20 {
        let bytes = write_transcript(scene.folder.path(), "003", first(step * 5_000));
        scene.feed(Feed::Advanced {
            attempt: attempt("003"),
            bytes,
        });
    }
    assert_eq!(
        scene.frame(80, 24).lines().nth(5),
        before.lines().nth(5),
        "what is read stays where it is"
    );
    assert!(scene.model.transcript.items_in_memory() < 40_000);
    scene.keys("End");
    assert!(scene.frame(80, 24).contains("line 99999"));
}

#[test]
fn older_attempts_are_one_key_away() {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("evidence/r12/TICKET-003/2");
    std::fs::create_dir_all(&folder).expect("a folder");
    let words = message("the second attempt");
    std::fs::write(folder.join("transcript.jsonl"), text(&[item(1, 1, words)])).expect("a file");
    let mut second = attempt("003");
    second.number = 2;
    scene.event(
        ago(10),
        Event::AttemptStarted {
            attempt: second,
            ticket: super::scene::id("003"),
            revision: crate::domain::ids::Sha256([1; 32]),
            agent: "codex".into(),
            marker: "m".into(),
        },
    );
    scene.keys("2");
    let frame = scene.frame(120, 30);
    assert!(frame.contains("the second attempt"), "{frame}");
    assert!(frame.contains("TICKET-003.2  2 of 2  codex"), "{frame}");
    scene.keys("[ a");
    let frame = scene.frame(120, 30);
    assert!(frame.contains("case_20"), "{frame}");
    assert!(frame.contains("TICKET-003.1  r12  1 of 2"), "{frame}");
    scene.keys("[ a");
    assert!(scene.frame(120, 30).contains("there is no older attempt"));
    scene.keys("] a");
    assert!(scene.frame(120, 30).contains("the second attempt"));
    scene.keys("] a");
    assert!(scene.frame(120, 30).contains("this is the newest attempt"));
}

/// Lines enough for any growth, and where each ends.
fn stock() -> &'static (String, Vec<usize>) {
    static STOCK: std::sync::OnceLock<(String, Vec<usize>)> = std::sync::OnceLock::new();
    STOCK.get_or_init(|| {
        let text = numbered(100_000, 5_000);
        let ends = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        (text, ends)
    })
}

/// The first so many lines of the stock.
fn first(count: usize) -> &'static str {
    let (text, ends) = stock();
    &text[..ends[count.min(ends.len()) - 1]]
}

#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    Size(u16, u16),
    Grow(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = [
        "PageUp",
        "PageDown",
        "g g",
        "G",
        "J",
        "K",
        "Enter",
        "v",
        "[ e",
        "] e",
        "[ t",
        "] t",
        "Up",
        "Down",
        "PageUp PageUp PageUp PageUp PageUp PageUp",
        "PageDown PageDown PageDown PageDown PageDown",
    ];
    prop_oneof![
        8 => proptest::sample::select(keys.to_vec()).prop_map(Step::Keys),
        2 => (70u16..=140, 8u16..=60).prop_map(|(width, height)| Step::Size(width, height)),
        1 => (1usize..2_000).prop_map(Step::Grow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_is_a_stretch_of_the_file(steps in proptest::collection::vec(step(), 1..30)) {
        let mut count = 40_000;
        let mut scene = scene_in(Scene::full(), first(count));
        scene.keys("z");
        let (mut width, mut height) = (100, 30);
        for step in steps {
            match step {
                Step::Keys(keys) => scene.keys(keys),
                Step::Size(w, h) => (width, height) = (w, h),
                Step::Grow(more) => {
                    count += more;
                    let bytes = write_transcript(scene.folder.path(), "003", first(count));
                    scene.feed(Feed::Advanced { attempt: attempt("003"), bytes });
                }
            }
            let frame = scene.frame(width, height);
            let shown: Vec<u64> = frame
                .lines()
                .filter_map(|line| line.split_once("line ")?.1.split(' ').next()?.parse().ok())
                .collect();
            prop_assert!(shown.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{}", frame);
            // A few new lines leave room for more: up to half of the pane.
            prop_assert!(shown.len() * 2 + 12 >= usize::from(height), "{}", frame);
        }
    }
}
