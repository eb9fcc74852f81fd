//! The inbox, the composer, and that no key decides about what nobody has read.

use std::time::Duration;

use super::scene::{PATCH, Scene, ago, attempt, event_of, id, look, name};
use crate::domain::attempt::Need;
use crate::domain::command::{Command, Reaction};
use crate::domain::event::Event;
use crate::domain::gate::GateReason;
use crate::domain::item::ToolKind;
use crate::domain::request::{
    Answer, AnsweredBy, Ask, Choice, ChoiceKind, Question, Request, RequestId,
};
use crate::domain::rules::Scope;
use crate::ui::abilities::Abilities;
use crate::ui::effect::Effect;
use crate::ui::pages::Page;
use crate::ui::update::Message;

pub(super) fn request(ask: Ask) -> Request {
    let choice = |id: &str, kind| Choice {
        id: id.into(),
        label: id.into(),
        kind,
    };
    Request {
        choices: vec![
            choice("yes", ChoiceKind::AllowOnce),
            choice("no", ChoiceKind::Deny),
        ],
        ..Request::new("it asks", ask)
    }
}

pub(super) fn command(command: &str) -> Request {
    Request {
        title: format!("$ {command}"),
        ..request(Ask::Command {
            command: command.into(),
        })
    }
}

pub(super) fn question(texts: &[&str]) -> Request {
    let questions = texts.iter().map(|text| Question {
        text: (*text).into(),
        suggestions: vec!["zstd".into(), "deflate, as ever".into()],
    });
    let questions = questions.collect();
    Request::new(texts[0], Ask::Question { questions })
}

pub(super) fn asks(scene: &mut Scene, digits: &str, seconds: i64, number: u32, request: Request) {
    let attempt = attempt(digits);
    let id = RequestId(number);
    scene.event(
        ago(seconds),
        Event::RequestOpened {
            attempt,
            id,
            request,
        },
    );
}

pub(super) fn answered(scene: &mut Scene, digits: &str, number: u32) {
    scene.event(
        ago(0),
        Event::RequestAnswered {
            attempt: attempt(digits),
            id: RequestId(number),
            answer: Answer::Choose {
                choice: "yes".into(),
                reason: None,
            },
            by: AnsweredBy::Human,
        },
    );
}

pub(super) fn turn(scene: &mut Scene, digits: &str) {
    scene.start(digits);
    scene.event(
        ago(190),
        Event::TurnStarted {
            attempt: attempt(digits),
            turn: 2,
            prompt: crate::domain::attempt::Artifact {
                path: "prompt.md".into(),
                sha256: crate::domain::ids::Sha256([2; 32]),
                bytes: 10,
            },
        },
    );
}

/// One thing of each kind that waits.
pub(super) fn full() -> Scene {
    full_with(Scene::full())
}

fn full_with(mut scene: Scene) -> Scene {
    asks(
        &mut scene,
        "003",
        30,
        1,
        Request {
            folder: Some("crates/parser".into()),
            reason: Some("to see whether the streamed body is parsed".into()),
            ..command("cargo test -p parser | tee log")
        },
    );
    let edit = request(Ask::Edit {
        paths: vec!["src/parser.rs".into()],
    });
    asks(
        &mut scene,
        "003",
        20,
        2,
        Request {
            patch: Some(PATCH.into()),
            ..edit
        },
    );
    turn(&mut scene, "005");
    asks(
        &mut scene,
        "005",
        15,
        1,
        question(&["Which codec shall it be?"]),
    );
    turn(&mut scene, "009");
    scene.event(
        ago(12),
        Event::DispatchReceived {
            attempt: attempt("009"),
            pause: false,
            title: "halfway".into(),
            text: "The *header* is done, the body is not.".into(),
            attachments: Vec::new(),
        },
    );
    scene.keys("g g j j");
    scene.model.follows_run = false;
    scene
}

#[test]
fn all_that_waits_is_in_one_list_and_shown_whole() {
    let mut scene = full();
    scene.keys("i");
    for (width, height) in [(120, 40), (80, 24), (40, 12), (20, 5)] {
        insta::assert_snapshot!(
            format!("inbox-{width}x{height}"),
            scene.frame(width, height)
        );
    }
    scene.frame(120, 40);
    scene.keys("j");
    insta::assert_snapshot!("inbox-edit", scene.frame(120, 40));
    scene.keys("j");
    insta::assert_snapshot!("inbox-question", scene.frame(80, 24));
    scene.keys("g g j");
    let mut ascii = full_with(Scene::full_with(look(true)));
    ascii.keys("i");
    let frame = ascii.frame(80, 24);
    assert!(frame.is_ascii() || frame.contains('漢'), "{frame}");
    insta::assert_snapshot!("inbox-ascii", frame);
}

#[test]
fn a_gate_shows_why_and_what_was_checked() {
    let mut scene = Scene::full();
    scene.event(
        ago(60),
        Event::TurnSaved {
            attempt: attempt("003"),
            turn: 2,
            autosave: None,
            tree: None,
            files: 3,
            progress: true,
            claim: true,
        },
    );
    let reason = GateReason::Policy {
        rule: "secrets".into(),
        changes: vec!["src/key.rs line 3 looks like a secret".into()],
    };
    scene.event(
        ago(50),
        Event::GateReached {
            attempt: attempt("003"),
            need: Need::Review {
                reasons: vec![reason],
            },
        },
    );
    scene.keys("i");
    insta::assert_snapshot!("inbox-gate", scene.frame(100, 30));
    scene.keys("a");
    assert_eq!(
        scene.asked(),
        [Command::Approve {
            ticket: id("003"),
            attempt: Some(attempt("003")),
            turn: Some(2)
        }]
    );
}

pub(super) fn says(digits: &str, number: u32, reaction: Reaction) -> Command {
    Command::Answer {
        ticket: id(digits),
        attempt: Some(attempt(digits)),
        request: Some(RequestId(number)),
        reaction,
    }
}

#[test]
fn one_key_answers_and_goes_on_to_the_next() {
    let mut scene = full();
    scene.keys("i a");
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Allow)]);
    // The edit is selected now; the first one is still on its way out.
    scene.keys("t");
    let rules = vec!["edit:src/parser.rs".parse().expect("a rule")];
    let scope = Scope::Ticket;
    assert_eq!(
        scene.asked(),
        [says("003", 2, Reaction::AllowLike { scope, rules })]
    );
    scene.keys("2");
    let words = vec!["deflate, as ever".to_owned()];
    assert_eq!(scene.asked(), [says("005", 1, Reaction::Words { words })]);
    // An answer that is on its way is not given twice.
    scene.model.inbox = crate::ui::pages::inbox::InboxPage::default();
    scene.keys("g g a");
    scene.asked();
    scene.pace = Duration::from_millis(400);
    scene.keys("g g a");
    assert_eq!(scene.asked(), []);
    assert!(scene.frame(120, 40).contains("on its way"));
}

#[test]
fn always_shows_the_rule_and_its_file_first() {
    let mut scene = full();
    scene.model.approvals = Some("/home/u/.config/docket/approvals.toml".into());
    scene.keys("i A");
    insta::assert_snapshot!("inbox-always", scene.frame(80, 24));
    scene.keys("n");
    assert_eq!(scene.asked(), []);
    scene.keys("A y");
    let rules = vec![
        "exact:cargo test -p parser | tee log"
            .parse()
            .expect("a rule"),
    ];
    let scope = Scope::Always;
    assert_eq!(
        scene.asked(),
        [says("003", 1, Reaction::AllowLike { scope, rules })]
    );
    // What no rule can say is told, and nothing is sent.
    let tool = request(Ask::Tool {
        name: "WebFetch".into(),
        tool: ToolKind::Fetch,
    });
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, tool);
    scene.keys("i A t");
    assert_eq!(scene.asked(), []);
    assert!(scene.model.overlay.is_none());
    assert!(scene.frame(120, 40).contains("every use of that tool"));
}

#[test]
fn nothing_that_has_just_come_is_decided_about() {
    let mut scene = Scene::full();
    scene.keys("i a");
    // The gate was read.
    assert_eq!(
        scene.asked(),
        [Command::Approve {
            ticket: id("004"),
            attempt: Some(attempt("004")),
            turn: Some(1)
        }]
    );
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("rm -rf target"));
    scene.keys("i");
    scene.pace = Duration::from_millis(299);
    // Another process has answered: what comes next takes its place under the finger.
    asks(&mut scene, "003", 5, 2, command("rm -rf /"));
    scene.pace = Duration::ZERO;
    answered(&mut scene, "003", 1);
    scene.pace = Duration::from_millis(299);
    scene.keys("a");
    assert_eq!(scene.asked(), []);
    assert!(scene.frame(120, 40).contains("read it first"));
    scene.pace = Duration::from_millis(1);
    scene.keys("a");
    assert_eq!(scene.asked(), [says("003", 2, Reaction::Allow)]);
}

#[test]
fn the_panes_and_their_questions_keep_to_it_too() {
    let mut scene = Scene::full();
    scene.pace = Duration::from_millis(100);
    asks(&mut scene, "003", 10, 1, command("ls"));
    scene.keys("a");
    assert!(scene.model.overlay.is_none());
    scene.keys("N");
    assert!(scene.model.overlay.is_none());
    scene.keys("v v a");
    assert!(scene.model.overlay.is_some());
    scene.keys("y");
    assert_eq!(scene.asked(), []);
    assert!(scene.model.overlay.is_some());
    scene.keys("v v y");
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Allow)]);
    // Under a question the next request comes: the yes is about the first one.
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    scene.keys("a");
    asks(&mut scene, "003", 5, 2, command("rm -rf /"));
    answered(&mut scene, "003", 1);
    scene.keys("y");
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Allow)]);
    // A question about leaving is the user's own: it is answered at once.
    let mut scene = Scene::full();
    scene.pace = Duration::ZERO;
    scene.keys("q y");
    assert_eq!(scene.asked().len(), 1);
}

#[test]
fn the_mouse_selects_and_never_decides() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

    let mut scene = full();
    scene.keys("i");
    scene.frame(120, 40);
    let mouse = |kind, column, row| {
        Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    };
    let first = scene.model.inbox.selected().cloned();
    scene.message(mouse(MouseEventKind::Down(MouseButton::Left), 5, 6));
    assert_ne!(scene.model.inbox.selected().cloned(), first);
    scene.message(mouse(MouseEventKind::ScrollDown, 60, 6));
    scene.message(mouse(MouseEventKind::ScrollUp, 5, 6));
    assert_eq!(scene.asked(), []);
    assert_eq!(scene.effects, []);
}

#[test]
fn from_everywhere_to_what_waits_and_back() {
    let mut scene = full();
    scene.keys("o !");
    assert_eq!(scene.model.page, None);
    scene.keys("o i");
    assert_eq!(scene.model.page, Some(Page::Inbox));
    let first = scene.model.inbox.selected().cloned();
    scene.keys("!");
    assert_ne!(scene.model.inbox.selected().cloned(), first);
    scene.keys("Enter");
    assert_eq!(scene.model.page, None);
    scene.keys("i i");
    assert_eq!(scene.model.page, None);
    scene.keys("i Esc");
    assert_eq!(scene.model.page, None);
}

#[test]
fn a_message_is_read_and_gone() {
    let mut scene = full();
    scene.keys("i G k a");
    let frame = scene.frame(120, 40);
    assert!(!frame.contains("halfway"), "{frame}");
    assert_eq!(scene.asked(), []);
}

#[test]
fn long_content_is_scrolled_and_what_is_hidden_is_told() {
    let mut scene = Scene::full();
    let lines: Vec<String> = (1..=60).map(|line| format!("echo line {line}")).collect();
    asks(&mut scene, "003", 10, 1, command(&lines.join("\n")));
    scene.keys("i");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("more lines"), "{frame}");
    assert!(frame.contains("echo line 1") && !frame.contains("echo line 60"));
    scene.keys("PageDown PageDown PageDown PageDown");
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("lines above") && frame.contains("echo line 60"),
        "{frame}"
    );
}

#[test]
fn several_questions_are_answered_one_after_the_other() {
    let mut scene = Scene::full();
    asks(
        &mut scene,
        "003",
        10,
        1,
        question(&["Which codec?", "Which level?"]),
    );
    scene.keys("i 1");
    assert_eq!(scene.asked(), []);
    scene.keys("r");
    assert!(scene.frame(80, 24).contains("Which codec?"));
    scene.text("zstd");
    scene.keys("Enter Enter");
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("2 of 2") && frame.contains("Which level?"),
        "{frame}"
    );
    scene.text("19");
    scene.keys("Enter");
    let words = vec!["zstd".to_owned(), "19".to_owned()];
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Words { words })]);
}

#[test]
fn words_go_now_or_later_and_beside_them_stands_what_the_agent_can_do() {
    let mut scene = Scene::full();
    let abilities = Abilities {
        steers: true,
        resumes: true,
        ..Abilities::default()
    };
    scene.model.abilities.insert("codex".into(), abilities);
    scene.keys("T");
    scene.text("use zstd");
    insta::assert_snapshot!("composer", scene.frame(120, 40));
    insta::assert_snapshot!("composer-small", scene.frame(40, 12));
    scene.keys("Tab");
    assert!(scene.frame(120, 40).contains("Queue for TICKET-003"));
    scene.keys("Enter");
    let text = "use zstd".to_owned();
    let ticket = id("003");
    assert_eq!(scene.asked(), [Command::Reply { ticket, text }]);
    // Whoever hears nothing in a turn is told nothing in a turn.
    scene
        .model
        .abilities
        .insert("codex".into(), Abilities::default());
    scene.keys("T");
    scene.text("x");
    scene.keys("Alt-m Enter");
    let text = "x".to_owned();
    let ticket = id("003");
    assert_eq!(scene.asked(), [Command::Reply { ticket, text }]);
}

#[test]
fn drafts_are_kept_and_written_elsewhere() {
    let mut scene = Scene::full();
    scene.keys("r");
    scene.text("half a th");
    scene.keys("Esc j r");
    assert!(!scene.frame(80, 24).contains("half a th"));
    scene.keys("Esc k r");
    assert!(scene.frame(80, 24).contains("half a th"));
    scene.keys("Alt-e");
    assert_eq!(scene.effects, [Effect::WriteOutside("half a th".into())]);
    scene.message(Message::Written(Ok("half a thought,\nand the rest".into())));
    scene.keys("Enter");
    let text = "half a thought,\nand the rest".to_owned();
    let ticket = id("003");
    assert_eq!(scene.asked(), [Command::Reply { ticket, text }]);
    scene.keys("r");
    assert!(!scene.frame(80, 24).contains("half a th"));
    scene.message(Message::Written(Err("no editor".into())));
    assert!(scene.frame(80, 24).contains("no editor"));
}

#[test]
fn a_refusal_is_bound_to_its_request() {
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    scene.keys("i N");
    assert!(
        scene
            .frame(80, 24)
            .contains(&format!("Refuse {} #1", name("003")))
    );
    asks(&mut scene, "003", 5, 2, command("rm -rf /"));
    answered(&mut scene, "003", 1);
    scene.text("not now");
    scene.message(Message::Key(event_of("Enter")));
    let reason = Some("not now".to_owned());
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Deny { reason })]);
}
