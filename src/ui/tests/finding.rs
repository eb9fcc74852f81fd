//! Finding out what can be done: palette, which-key, help, hints, header.

use super::scene::{Scene, ago, attempt, id};
use crate::domain::attempt::{AttemptOutcome, Fault, Need, TurnEnd};
use crate::domain::board::Feed;
use crate::domain::command::Command;
use crate::domain::event::{Event, Leftovers};
use crate::domain::item::Usage;
use crate::domain::settings::{SpendingLimits, Totals};
use crate::ui::keymap::Keymap;
use crate::ui::preferences::Preferences;

#[test]
fn the_palette_finds_an_action_by_its_name_and_does_it() {
    let mut scene = Scene::full();
    scene.keys(":");
    insta::assert_snapshot!("palette", scene.frame(100, 30));
    scene.text("pau");
    let frame = scene.frame(100, 30);
    let first = frame.lines().find(|line| line.contains("pause"));
    assert!(first.is_some_and(|line| line.contains(" p ")), "{frame}");
    scene.keys("Enter");
    assert_eq!(scene.asked(), [Command::Pause]);
    assert!(!scene.frame(100, 30).contains("Actions"));
    // What was done last stands first.
    scene.keys(":");
    let frame = scene.frame(100, 30);
    let rows: Vec<_> = frame.lines().collect();
    let top = rows
        .iter()
        .position(|row| row.contains("Actions"))
        .expect("a popup");
    assert!(rows[top + 2].contains("pause"), "{frame}");
    scene.keys("Esc");
    assert!(!scene.frame(100, 30).contains("Actions"));
}

#[test]
fn the_palette_says_what_does_not_work_here_and_now() {
    let mut scene = Scene::full();
    scene.keys(":");
    scene.text("approve");
    let frame = scene.frame(100, 30);
    assert!(frame.contains("(not now) Approve"), "{frame}");
    scene.keys("Enter");
    assert!(scene.frame(100, 30).contains("approve: not now"));
    assert_eq!(scene.asked(), []);
    scene.keys(":");
    scene.text("xyzzy");
    assert!(scene.frame(100, 30).contains("nothing is called so"));
    scene.keys("Enter");
    // On a page the panes' actions are told with their place.
    scene.keys("i :");
    scene.text("start");
    let frame = scene.frame(100, 30);
    assert!(frame.contains("(there: In the panes)"), "{frame}");
    scene.keys("Esc Esc");
}

#[test]
fn a_number_in_the_palette_goes_to_the_ticket() {
    let mut scene = Scene::full();
    scene.keys(":");
    scene.text("8");
    assert!(scene.frame(100, 30).contains("TICKET-008"));
    scene.keys("Enter");
    assert_eq!(scene.model.queue.selected(), Some(&id("008")));
}

#[test]
fn a_sequence_shows_what_may_follow() {
    let mut scene = Scene::full();
    scene.keys("Ctrl-w");
    insta::assert_snapshot!("which-key", scene.frame(140, 24));
    insta::assert_snapshot!("which-key-narrow", scene.frame(40, 16));
    scene.keys("Esc");
    let frame = scene.frame(140, 24);
    assert!(!frame.contains("Esc drops it"), "{frame}");
    // The second key is not taken by itself either.
    scene.keys("Ctrl-w p");
    assert_eq!(scene.asked(), []);
}

#[test]
fn the_help_begins_with_where_the_user_is_and_knows_their_keys() {
    let mut scene = Scene::full();
    let (keys, faults) = Keymap::read("[evidence]\n\"F6\" = \"diff\"\n");
    assert_eq!(faults, []);
    scene.model.prefer(Preferences {
        keys,
        ..Preferences::default()
    });
    scene.keys("3 ?");
    let frame = scene.frame(100, 40);
    let rows: Vec<_> = frame.lines().collect();
    let top = rows
        .iter()
        .position(|row| row.contains("Keys (Esc"))
        .expect("a popup");
    assert!(rows[top + 1].contains("Evidence (here)"), "{frame}");
    assert!(rows[top + 2].contains("F6"), "{frame}");
    scene.keys("/");
    assert!(scene.frame(100, 40).contains("Actions (Enter"));
}

#[test]
fn a_fault_in_the_keys_is_said_first() {
    let mut scene = Scene::full();
    scene.model.prefer(Preferences {
        warning: Some("keys.toml:3:1: there is no action `satrt`".to_owned()),
        ..Preferences::default()
    });
    assert!(
        scene
            .frame(80, 24)
            .contains("keys.toml:3:1: there is no action")
    );
    scene.keys("j");
    assert!(!scene.frame(80, 24).contains("keys.toml"));
}

#[test]
fn hints_show_only_what_does_something() {
    let mut scene = Scene::full();
    let hints = |scene: &mut Scene| {
        let frame = scene.frame(200, 24);
        frame.lines().last().unwrap_or_default().to_owned()
    };
    assert!(hints(&mut scene).contains("x stop"));
    assert!(!hints(&mut scene).contains("a approve"));
    scene.keys("!");
    assert!(hints(&mut scene).contains("a approve  N reject"));
    scene.event(
        ago(0),
        Event::RunFinished {
            outcome: crate::domain::event::RunOutcome::NeedsHuman,
        },
    );
    let line = hints(&mut scene);
    assert!(
        line.contains("s start") && !line.contains("x stop"),
        "{line}"
    );
    // Nothing in the queue: nothing to start, to open or to filter.
    let mut scene = Scene::empty();
    let line = hints(&mut scene);
    assert!(
        !line.contains("start") && !line.contains("filter"),
        "{line}"
    );
    assert!(
        line.contains(": palette") && line.contains("? help"),
        "{line}"
    );
}

#[test]
fn hints_name_each_key_once_and_what_it_does_now() {
    let mut scene = Scene::full();
    let hints = |scene: &mut Scene| {
        let frame = scene.frame(240, 24);
        frame.lines().last().unwrap_or_default().to_owned()
    };
    // At a gate the diff is wanted, and in the evidence it is too.
    scene.keys("! 3");
    let line = hints(&mut scene);
    assert_eq!(line.matches("d diff").count(), 1, "{line}");
    scene.keys("2");
    let line = hints(&mut scene);
    assert!(line.contains("N reject"), "{line}");
    assert!(line.contains("v unfold"), "{line}");
    scene.keys("v");
    let line = hints(&mut scene);
    assert!(line.contains("v fold"), "{line}");
    // While something is searched for the key belongs to the search.
    scene.keys("/");
    scene.text("a");
    // The word that nothing matches goes with the next key.
    scene.keys("Enter j");
    let line = hints(&mut scene);
    assert!(!line.contains("reject"), "{line}");
    assert_eq!(line.matches("  N ").count(), 1, "{line}");
    scene.keys("Esc Esc d");
    let line = hints(&mut scene);
    assert!(!line.contains("Enter open"), "{line}");
}

#[test]
fn a_reply_is_written_only_where_somebody_will_read_it() {
    let mut scene = Scene::full();
    let last = |scene: &mut Scene| {
        let frame = scene.frame(120, 24);
        frame.lines().last().unwrap_or_default().to_owned()
    };
    scene.keys("g g r");
    assert!(scene.model.overlay.is_none());
    let line = last(&mut scene);
    assert!(line.contains("is done: it has no next turn"), "{line}");
    scene.keys("G r");
    assert!(scene.model.overlay.is_none());
    let line = last(&mut scene);
    assert!(line.contains("has no attempt yet"), "{line}");
    // There is nothing of it to verify or to compare either.
    scene.keys("3");
    let line = last(&mut scene);
    assert!(!line.contains("verify"), "{line}");
}

fn header(scene: &mut Scene, width: u16) -> String {
    let frame = scene.frame(width, 24);
    frame.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_header_tells_what_waits_what_is_left_and_what_is_in_the_way() {
    let mut scene = Scene::full();
    scene.model.prefer(Preferences {
        limits: SpendingLimits {
            run: Totals {
                cost_usd: Some(1.13),
                tokens: None,
            },
            ..SpendingLimits::default()
        },
        ..Preferences::default()
    });
    scene.event(
        ago(10),
        Event::TurnFinished {
            attempt: attempt("003"),
            turn: 2,
            end: TurnEnd::Completed,
            usage: Usage {
                cost_usd: Some(0.9),
                ..Usage::default()
            },
            leftovers: Leftovers::default(),
        },
    );
    scene.event(
        ago(5),
        Event::BackedOff {
            attempt: attempt("003"),
            until: ago(-20 * 60),
            count: 1,
            fault: Fault::RateLimit { until: None },
            why: "too many requests".into(),
        },
    );
    scene.finish(
        "008",
        AttemptOutcome::NeedsHuman {
            need: Need::UserTask,
        },
    );
    let wide = header(&mut scene, 200);
    for words in [
        "r12 running",
        "2/9 done",
        "! 1 gate 1 other",
        "rate limit until 12:24",
        "1 failed",
        "$0.10 left",
    ] {
        assert!(wide.contains(words), "{words}: {wide}");
    }
    // On a small screen the run's state and who waits stay, in fewer letters if need be.
    let narrow = header(&mut scene, 40);
    assert!(
        narrow.contains("r12 running") && narrow.contains("! 2"),
        "{narrow}"
    );
    let least = header(&mut scene, 22);
    assert!(
        least.contains("r12 running") && least.contains("! 2"),
        "{least}"
    );
    insta::assert_snapshot!(
        [200, 160, 120, 100, 80, 60, 40, 22, 12]
            .map(|width| header(&mut scene, width))
            .join("\n")
    );
}

#[test]
fn merges_and_conflicts_are_counted() {
    let mut scene = Scene::full();
    scene.event(
        ago(10),
        Event::MergeQueued {
            attempt: attempt("003"),
        },
    );
    assert!(header(&mut scene, 160).contains("1 merging"));
    scene.event(
        ago(9),
        Event::GateReached {
            attempt: attempt("003"),
            need: Need::Conflict { paths: Vec::new() },
        },
    );
    let line = header(&mut scene, 160);
    assert!(
        line.contains("1 conflict") && line.contains("! 1 gate 1 other"),
        "{line}"
    );
    scene.feed(Feed::Trouble("the disk is full".into()));
    assert!(header(&mut scene, 160).contains("1 conflict"));
}

#[test]
fn the_title_tells_of_the_run() {
    let mut scene = Scene::full();
    scene.frame(80, 24);
    assert_eq!(crate::ui::view::title(&scene.model), "! docket: r12 2/9");
    let mut scene = Scene::empty();
    scene.frame(80, 24);
    assert_eq!(crate::ui::view::title(&scene.model), "docket");
}

#[test]
fn a_key_of_the_desktop_is_not_the_letter_alone() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    let mut scene = Scene::full();
    for modifiers in [
        KeyModifiers::SUPER,
        KeyModifiers::SUPER | KeyModifiers::SHIFT,
    ] {
        let key = KeyEvent::new(KeyCode::Char('p'), modifiers);
        scene.message(crate::ui::update::Message::Key(key));
    }
    assert_eq!(scene.asked(), []);
}

#[test]
fn tabs_are_one_line_of_the_help_and_in_the_palette_what_they_are() {
    let mut scene = Scene::full();
    let offered = |scene: &mut Scene| {
        scene.keys(":");
        scene.text("tab");
        let frame = scene.frame(120, 60);
        scene.keys("Esc");
        let lines = frame.lines().filter(|line| line.contains("go to tab"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(offered(&mut scene), Vec::<String>::new());
    scene.keys("t Ctrl-] r Ctrl-] , b u i l d Enter Ctrl-] ?");
    let frame = scene.frame(120, 60);
    let lines = frame
        .lines()
        .filter(|line| line.contains("Go to the tab of"));
    let lines: Vec<_> = lines.collect();
    assert!(
        matches!(lines.as_slice(), [line] if line.contains("Ctrl-] 1 … 8")),
        "{frame}"
    );
    // From another pane, too.
    scene.keys("Esc Ctrl-] d");
    let lines = offered(&mut scene);
    let told = ["go to tab 1 ", "003 worktree", "go to tab 2 ", "build"];
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(told.iter().all(|words| lines.concat().contains(words)));
    scene.keys(":");
    scene.text("build");
    scene.keys("Enter");
    assert_eq!(scene.model.focus, crate::ui::layout::Pane::Terminal);
    assert!(scene.frame(120, 40).contains("2 build*"));
}
