//! An attempt is taken over on the screen, and handed back.

use super::scene::{Scene, ago, attempt, id};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::taking::Seat;
use crate::ui::Abilities;
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::terminals::{Launch, ProgramEnd, TerminalEvent, TerminalRequest};
use crate::ui::update::Message;

fn taken(digits: &str, by: Seat) -> Event {
    Event::SessionTaken {
        attempt: attempt(digits),
        turn: 2,
        session: "s-1".into(),
        by,
    }
}

fn opened(scene: &Scene) -> Option<(TerminalId, &TerminalRequest)> {
    scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::OpenTerminal { terminal, request } => Some((*terminal, request)),
        _ => None,
    })
}

/// Ticket 003 is taken over, and the agent's interface runs.
fn sitting() -> (Scene, TerminalId) {
    let mut scene = Scene::full();
    scene.keys("Ctrl-t");
    scene.keys("y");
    scene.event(ago(1), taken("003", Seat::Screen));
    let terminal = opened(&scene).expect("a terminal").0;
    (scene, terminal)
}

fn ends(scene: &mut Scene, terminal: TerminalId) {
    let event = TerminalEvent::Ended(ProgramEnd::well("ended"));
    scene.message(Message::Terminal(terminal, event));
}

#[test]
fn an_interface_that_failed_is_shown_and_nothing_typed_there_hands_back() {
    let (mut scene, terminal) = sitting();
    let event = TerminalEvent::Ended(ProgramEnd::badly("ended with exit code 1"));
    scene.message(Message::Terminal(terminal, event));
    scene.model.uptime += std::time::Duration::from_secs(5);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("ended with exit code 1"), "{frame}");
    assert!(frame.contains("still taken over"), "{frame}");
    scene.commands.clear();
    scene.keys("u s e");
    scene.keys("Enter");
    assert_eq!(scene.commands, []);
    assert!(scene.model.overlay.is_none());
}

#[test]
fn it_asks_first_and_opens_when_the_runner_says_that_the_session_is_free() {
    let mut scene = Scene::full();
    scene.keys("Ctrl-t");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("Its turn 2 is interrupted"), "{frame}");
    scene.keys("n");
    assert!(scene.commands.is_empty());
    scene.keys("Ctrl-t");
    scene.keys("y");
    let expected = Command::TakeSession {
        ticket: id("003"),
        attempt: Some(attempt("003")),
        by: Seat::Screen,
    };
    assert_eq!(scene.commands, [expected]);
    assert_eq!(opened(&scene), None);
    scene.event(ago(1), taken("003", Seat::Screen));
    let (_, request) = opened(&scene).expect("a terminal");
    assert!(request.folder.ends_with("worktrees/003"));
    let expected = Launch::Agent {
        ticket: id("003"),
        attempt: attempt("003"),
        agent: "codex".into(),
        session: "s-1".into(),
    };
    assert_eq!(request.launch, expected);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("codex of 003"), "{frame}");
    scene.keys("Ctrl-] z");
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("codex of 003") && frame.contains("taken over"),
        "{frame}"
    );
}

#[test]
fn its_end_offers_the_hand_back_with_words_or_without() {
    for words in [None, Some("use zstd")] {
        let (mut scene, terminal) = sitting();
        scene.commands.clear();
        ends(&mut scene, terminal);
        let frame = scene.frame(120, 40);
        assert!(frame.contains("Hand TICKET-003 back"), "{frame}");
        if let Some(words) = words {
            scene.text(words);
        }
        scene.keys("Enter");
        let expected = Command::HandBack {
            ticket: id("003"),
            words: words.map(str::to_owned),
            by: Seat::Screen,
        };
        assert_eq!(scene.commands, [expected]);
    }
}

#[test]
fn it_can_stay_taken_over_and_be_gone_back_to() {
    let (mut scene, terminal) = sitting();
    scene.commands.clear();
    ends(&mut scene, terminal);
    scene.keys("Esc");
    assert!(scene.commands.is_empty());
    scene.keys("1");
    scene.keys("Ctrl-t");
    let (again, _) = opened(&scene).expect("a terminal");
    assert_ne!(again, terminal);
    assert!(scene.commands.is_empty(), "it is taken over already");
    // While it runs nothing is handed back.
    scene.keys("Ctrl-] Ctrl-]");
    scene.keys("H");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("still runs: quit it first"), "{frame}");
    ends(&mut scene, again);
    scene.keys("Esc");
    scene.keys("1");
    scene.keys("H");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("Hand TICKET-003 back"), "{frame}");
}

#[test]
fn what_somebody_else_takes_over_opens_nothing_here() {
    let mut scene = Scene::full();
    scene.event(ago(1), taken("003", Seat::CommandLine));
    assert_eq!(opened(&scene), None);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("taken over"), "{frame}");
    scene.keys("i");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("taken"), "{frame}");
}

#[test]
fn an_agent_without_an_interface_is_not_offered() {
    let mut scene = Scene::full();
    scene
        .model
        .abilities
        .insert("codex".into(), Abilities::default());
    scene.keys("Ctrl-t");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("no terminal interface"), "{frame}");
    assert!(scene.commands.is_empty());
}

#[test]
fn it_gets_the_whole_screen_where_the_pane_is_small() {
    let sizes = |scene: &Scene| {
        let (_, request) = opened(scene).expect("a terminal");
        (request.columns, request.rows)
    };
    let mut scene = Scene::full();
    scene.frame(80, 24);
    scene.keys("Ctrl-t");
    scene.keys("y");
    scene.event(ago(1), taken("003", Seat::Screen));
    assert_eq!(sizes(&scene), (78, 20));
    assert!(scene.frame(80, 24).contains("zoomed"));
    // It is zoomed as by hand: the same key goes back.
    scene.keys("Ctrl-] z");
    assert!(!scene.model.zoom);
    scene.keys("Ctrl-] d");
    scene.keys("Ctrl-t");
    assert!(scene.model.zoom);
    // What was lent to the interface is nobody else's.
    scene.keys("Ctrl-] d");
    assert!(!scene.model.zoom);

    // Where there is room enough nothing is zoomed.
    let mut scene = Scene::full();
    scene.frame(240, 70);
    scene.keys("Ctrl-t");
    scene.keys("y");
    scene.event(ago(1), taken("003", Seat::Screen));
    assert!(!scene.model.zoom);
    let (columns, rows) = sizes(&scene);
    assert!(columns >= 80 && rows >= 24, "{columns}x{rows}");
}
