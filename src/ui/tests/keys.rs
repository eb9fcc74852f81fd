//! What keys do: scripts of keys in, commands and state out.

use super::scene::{Scene, ago, attempt, event_of, id};
use crate::domain::attempt::{CancelReason, Need};
use crate::domain::board::Feed;
use crate::domain::command::Command;
use crate::domain::event::{Event, RunOutcome};
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::layout::Pane;
use crate::ui::session::UiEnd;
use crate::ui::terminals::{ProgramEnd, TerminalEvent};
use crate::ui::update::{Message, Signal};

#[test]
fn a_run_is_started_paused_and_resumed() {
    let mut scene = Scene::full();
    scene.keys("p");
    assert_eq!(scene.asked(), [Command::Pause]);
    scene.event(ago(0), Event::RunPaused);
    assert!(scene.frame(120, 40).contains("r12 paused"));
    scene.keys("p s");
    assert_eq!(
        scene.asked(),
        [Command::Resume, Command::Start { only: None }]
    );
}

#[test]
fn tickets_are_retried_skipped_and_started_alone() {
    let mut scene = Scene::full();
    scene.keys("G k k k R >");
    let ticket = id("006");
    assert_eq!(
        scene.asked(),
        [
            Command::Retry {
                ticket: ticket.clone()
            },
            Command::Skip {
                ticket: ticket.clone()
            }
        ]
    );
    scene.keys("S");
    assert_eq!(scene.asked(), [Command::Start { only: Some(ticket) }]);
}

#[test]
fn stopping_a_ticket_asks_first() {
    let mut scene = Scene::full();
    scene.keys("x n");
    assert_eq!(scene.asked(), []);
    scene.keys("x y");
    assert_eq!(scene.asked(), [Command::StopTicket { ticket: id("003") }]);
    scene.keys("G x");
    assert!(scene.frame(120, 40).contains("is not running"));
    assert_eq!(scene.asked(), []);
}

#[test]
fn a_gate_is_approved_or_rejected_with_a_reason() {
    let mut scene = Scene::full();
    scene.keys("a");
    assert!(scene.frame(120, 40).contains("TICKET-003 asks nothing"));
    scene.keys("!");
    assert!(scene.frame(120, 40).contains("TICKET-004.1"));
    scene.keys("a y");
    assert_eq!(
        scene.asked(),
        [Command::Approve {
            ticket: id("004"),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
    scene.keys("N");
    scene.text("use zstd");
    scene.keys("Alt-Enter");
    scene.text("q");
    scene.keys("Enter");
    assert_eq!(
        scene.asked(),
        [Command::Reject {
            ticket: id("004"),
            reason: "use zstd\nq".into(),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
    scene.keys("N Enter");
    assert_eq!(scene.asked(), []);
}

#[test]
fn a_reply_is_typed_or_pasted() {
    let mut scene = Scene::full();
    scene.event(
        ago(5),
        Event::GateReached {
            attempt: attempt("003"),
            need: Need::Reply {
                text: "Which codec?".into(),
            },
        },
    );
    assert!(scene.frame(120, 40).contains("asks: Which codec?"));
    scene.message(Message::Paste("q".into()));
    scene.keys("r");
    scene.message(Message::Paste("zstd,\r\nplease".into()));
    scene.keys("Enter");
    assert_eq!(
        scene.asked(),
        [Command::Reply {
            ticket: id("003"),
            text: "zstd,\nplease".into()
        }]
    );
    assert_eq!(scene.effects, []);
}

#[test]
fn leaving_asks_while_a_run_is_alive_and_waits_for_its_end() {
    let mut scene = Scene::full();
    scene.keys("q Esc q y");
    let reason = CancelReason::RunEnds;
    assert_eq!(scene.asked(), [Command::Cancel { reason }]);
    assert_eq!(scene.effects, []);
    scene.event(
        ago(0),
        Event::CancelRequested {
            ticket: None,
            reason,
        },
    );
    assert!(scene.frame(120, 40).contains("r12 stopping"));
    scene.feed(Feed::RunOver {
        run: crate::domain::ids::RunId(12),
        outcome: RunOutcome::Cancelled { reason },
    });
    assert_eq!(scene.effects, [Effect::End(UiEnd::Quit)]);
}

#[test]
fn leaving_is_at_once_when_nothing_runs() {
    let mut scene = Scene::empty();
    scene.keys("q");
    assert_eq!(scene.effects, [Effect::End(UiEnd::Quit)]);
    // Nobody is kept waiting for a run that never begins.
    let mut asked = Scene::empty();
    asked.keys("s q y q");
    assert_eq!(asked.effects, [Effect::End(UiEnd::Quit)]);
    let mut viewer = Scene::full();
    viewer.model.viewer = true;
    viewer.keys("q");
    assert_eq!(viewer.effects, [Effect::End(UiEnd::Quit)]);
}

#[test]
fn interrupts_ask_once_and_kill_twice() {
    let mut scene = Scene::full();
    scene.keys("Ctrl-c");
    assert_eq!(scene.asked(), []);
    scene.keys("Ctrl-c");
    assert_eq!(
        scene.asked(),
        [Command::Cancel {
            reason: CancelReason::Kill
        }]
    );
    let mut scene = Scene::full();
    scene.keys("Ctrl-c y");
    assert_eq!(
        scene.asked(),
        [Command::Cancel {
            reason: CancelReason::Interrupt
        }]
    );
    assert_eq!(scene.effects, []);
}

#[test]
fn signals_end_the_screen() {
    let mut scene = Scene::full();
    scene.message(Message::Signal(Signal::Terminate));
    assert_eq!(
        scene.asked(),
        [Command::Cancel {
            reason: CancelReason::Terminate
        }]
    );
    scene.message(Message::FeedEnded);
    scene.message(Message::Signal(Signal::HangUp));
    assert_eq!(
        scene.effects,
        [Effect::End(UiEnd::Terminated), Effect::End(UiEnd::HungUp)]
    );
}

#[test]
fn a_shell_gets_every_key_but_one() {
    let mut scene = Scene::full();
    scene.keys("t");
    let terminal = TerminalId(1);
    let folder = scene.folder.path().join("worktrees/003");
    scene.keys("q Ctrl-c Esc 2");
    let typed: Vec<u8> = scene
        .effects
        .iter()
        .flat_map(|effect| match effect {
            Effect::Type { bytes, .. } => bytes.clone(),
            _ => Vec::new(),
        })
        .collect();
    assert_eq!(typed, b"q\x03\x1b2");
    assert!(matches!(
        &scene.effects[0],
        Effect::OpenTerminal { request, .. } if request.folder == folder
    ));
    assert!(scene.frame(120, 40).contains("Ctrl-] leave"));
    scene.keys("Ctrl-] Ctrl-]");
    assert_eq!(scene.model.focus, Pane::Queue);
    // The shell goes on, and is the one that `t` shows again.
    scene.effects.clear();
    scene.keys("t");
    assert_eq!(scene.model.focus, Pane::Terminal);
    assert_eq!(scene.effects, []);
    scene.message(Message::Terminal(
        terminal,
        TerminalEvent::Ended(ProgramEnd::well("exited 0")),
    ));
    assert!(scene.frame(120, 40).contains("exited 0: Enter closes"));
    scene.keys("Enter");
    assert_eq!(scene.effects, [Effect::CloseTerminal(terminal)]);
    assert!(!scene.model.terminal.is_open());
}

#[test]
fn the_filter_is_followed_while_it_is_typed() {
    let mut scene = Scene::full();
    scene.keys("/");
    scene.text("codec");
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("004 pick a codec") && !frame.contains("001 scaffold"),
        "{frame}"
    );
    scene.keys("Enter");
    assert!(scene.frame(120, 40).contains("Queue  /codec"));
    scene.keys("Esc");
    assert!(scene.frame(120, 40).contains("001 scaffold"));
    scene.keys("/");
    scene.text("lawyer");
    scene.keys("Esc");
    assert!(scene.frame(120, 40).contains("001 scaffold"));
}

#[test]
fn the_selection_stays_on_its_ticket_when_the_queue_changes() {
    use std::sync::Arc;

    use super::scene::entry;
    use crate::domain::queue::Queue;

    let mut scene = Scene::full();
    let entries = [
        entry("000", "new in front", "codex", &[]),
        entry("003", "stream the body", "codex", &[]),
    ];
    scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    assert_eq!(scene.model.queue.selected(), Some(&id("003")));
    scene.feed(Feed::Queue(Arc::new(Queue::default())));
    assert_eq!(scene.model.queue.selected(), None);
    assert!(scene.frame(120, 40).contains("no tickets yet"));
}

#[test]
fn refusals_are_told() {
    let mut scene = Scene::full();
    scene.event(
        ago(0),
        Event::Refused {
            what: "pause".into(),
            why: "nothing runs".into(),
        },
    );
    assert!(scene.frame(120, 40).contains("can't pause: nothing runs"));
    scene.keys("j");
    assert!(!scene.frame(120, 40).contains("can't pause"));
}

#[test]
fn sequences_show_how_they_go_on() {
    let mut scene = Scene::full();
    scene.message(Message::Key(event_of("g")));
    assert!(scene.frame(120, 40).contains(" g top"));
    scene.keys("g");
    assert_eq!(scene.model.queue.selected(), Some(&id("001")));
    // A second key that completes nothing does nothing else.
    scene.keys("g q");
    assert_eq!(scene.effects, []);
}

#[test]
fn the_mouse_selects_and_scrolls() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

    let mut scene = Scene::full();
    scene.frame(120, 40);
    let mouse = |kind, column, row| {
        Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    };
    scene.message(mouse(MouseEventKind::Down(MouseButton::Left), 5, 5));
    assert_eq!(scene.model.queue.selected(), Some(&id("004")));
    scene.message(mouse(MouseEventKind::Down(MouseButton::Left), 60, 10));
    assert_eq!(scene.model.focus, Pane::Transcript);
    scene.message(mouse(MouseEventKind::ScrollDown, 5, 5));
    assert_eq!(scene.model.queue.selected(), Some(&id("007")));
}

#[test]
fn the_selection_follows_the_run_until_the_user_moves() {
    let mut scene = Scene::full();
    scene.keys("f");
    scene.start("009");
    assert_eq!(scene.model.queue.selected(), Some(&id("009")));
    scene.keys("k");
    scene.start("005");
    assert_eq!(scene.model.queue.selected(), Some(&id("008")));
}

#[test]
fn a_run_that_is_asked_for_counts_as_alive() {
    let mut scene = Scene::empty();
    scene.keys("s q");
    assert_eq!(scene.effects, []);
    assert!(scene.frame(80, 24).contains("A run is alive."));
    scene.keys("y");
    assert_eq!(scene.effects, []);
    scene.feed(Feed::RunOver {
        run: crate::domain::ids::RunId(1),
        outcome: RunOutcome::NothingReady,
    });
    assert_eq!(scene.effects, [Effect::End(UiEnd::Quit)]);
}
