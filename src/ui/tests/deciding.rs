//! What is decided is what was shown, wherever the key for it was pressed.

use std::time::Duration;

use super::inbox::{answered, asks, command, question, says};
use super::scene::{Scene, id, name};
use crate::domain::command::Reaction;
use crate::domain::queue::placing::NewPriority;
use crate::domain::request::{Ask, Request, RequestId};
use crate::domain::rules::Scope;
use crate::ui::action::Action;
use crate::ui::available::available;
use crate::ui::change::Changed;
use crate::ui::effect::Loaded;
use crate::ui::update::Message;

fn two_that_ask() -> Scene {
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    asks(&mut scene, "003", 5, 2, command("rm -rf /"));
    scene
}

#[test]
fn the_palette_decides_about_what_was_there_when_it_opened() {
    let mut scene = two_that_ask();
    scene.keys("i :");
    scene.text("approve");
    // Somebody else answers: below the palette the next one takes its place.
    answered(&mut scene, "003", 1);
    scene.keys("Enter");
    assert_eq!(scene.asked(), []);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("look again"), "{frame}");
    scene.keys(":");
    scene.text("approve");
    scene.keys("Enter");
    assert_eq!(scene.asked(), [says("003", 2, Reaction::Allow)]);
    // The panes keep to it, too.
    let mut scene = two_that_ask();
    scene.keys(":");
    scene.text("reject");
    answered(&mut scene, "003", 1);
    scene.keys("Enter");
    assert!(scene.model.overlay.is_none());
}

#[test]
fn a_question_is_read_to_its_end_before_the_yes() {
    let mut scene = Scene::full();
    let lines: Vec<String> = (1..=40).map(|line| format!("echo line {line}.")).collect();
    asks(&mut scene, "003", 10, 1, command(&lines.join("\n")));
    scene.frame(60, 14);
    scene.keys("a");
    let frame = scene.frame(60, 14);
    assert!(frame.contains("echo line 1."), "{frame}");
    assert!(frame.contains("n no") && frame.contains("more"), "{frame}");
    assert!(!frame.contains("y yes"), "{frame}");
    scene.keys("y");
    assert_eq!(scene.asked(), []);
    let frame = scene.frame(60, 14);
    assert!(frame.contains("to its end first"), "{frame}");
    scene.keys("Down");
    let frame = scene.frame(60, 14);
    assert!(!frame.contains("echo line 1."), "{frame}");
    scene.keys("PageDown PageDown PageDown PageDown PageDown PageDown PageDown PageDown");
    let frame = scene.frame(60, 14);
    assert!(frame.contains("y yes   n no"), "{frame}");
    assert!(frame.contains("this once?"), "{frame}");
    // What was read stays read.
    scene.keys("PageUp y");
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Allow)]);
    // Where there is no room for the question there is none for a yes.
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    scene.frame(60, 3);
    scene.keys("a y");
    assert_eq!(scene.asked(), []);
    scene.keys("n");
    assert!(scene.model.overlay.is_none());
    // What lets nobody do anything needs no reading.
    scene.keys("q y");
    assert_eq!(scene.asked().len(), 1);
}

#[test]
fn a_yes_to_an_edit_shows_its_patch() {
    let mut scene = Scene::full();
    let edit = super::inbox::request(Ask::Edit {
        paths: vec!["src/parser.rs".into()],
    });
    let edit = Request {
        patch: Some("@@ -1 +1 @@\n-old();\n+new();\n".into()),
        ..edit
    };
    asks(&mut scene, "003", 10, 1, edit);
    scene.keys("a");
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("-old();") && frame.contains("+new();"),
        "{frame}"
    );
}

#[test]
fn the_inbox_asks_first_about_what_was_not_read_to_its_end() {
    let long = || {
        let mut scene = Scene::full();
        let lines: Vec<String> = (1..=60).map(|line| format!("echo line {line}.")).collect();
        asks(&mut scene, "003", 10, 1, command(&lines.join("\n")));
        scene.frame(80, 24);
        scene.keys("i");
        scene
    };
    let mut scene = long();
    scene.keys("a");
    assert_eq!(scene.asked(), []);
    let frame = scene.frame(80, 24);
    assert!(frame.contains("more lines first"), "{frame}");
    scene.keys("n End");
    // `t` asks as well, where it can be said at all.
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    scene.frame(80, 4);
    scene.keys("i t");
    assert_eq!(scene.asked(), []);
    scene.frame(80, 24);
    let frame = scene.frame(80, 24);
    assert!(frame.contains("Allow for this ticket"), "{frame}");
    scene.keys("y");
    let rules = vec!["ls".parse().expect("a rule")];
    let scope = Scope::Ticket;
    assert_eq!(
        scene.asked(),
        [says("003", 1, Reaction::AllowLike { scope, rules })]
    );
    // Read to its end, one key does it.
    let mut scene = long();
    scene.keys("PageDown PageDown PageDown PageDown PageDown a");
    assert_eq!(scene.asked(), [says("003", 1, Reaction::Allow)]);
}

#[test]
fn words_answer_the_question_that_is_selected() {
    let mut scene = Scene::full();
    asks(&mut scene, "003", 20, 1, command("ls"));
    asks(&mut scene, "003", 10, 2, question(&["Which codec?"]));
    asks(&mut scene, "003", 5, 3, question(&["Which level?"]));
    scene.keys("i");
    let question_three = |item: &crate::domain::inbox::Waiting| {
        crate::ui::answers::id_of(item) == Some(RequestId(3))
    };
    for _ in 0..10 {
        if !scene.model.inbox.selected().is_some_and(question_three) {
            scene.keys("j");
        }
    }
    scene.keys("r");
    scene.text("9");
    scene.keys("Enter");
    let words = vec!["9".to_owned()];
    assert_eq!(scene.asked(), [says("003", 3, Reaction::Words { words })]);
    // In the panes it is the first question, whatever is asked before it.
    scene.keys("Esc r");
    scene.text("zstd");
    scene.keys("Enter");
    let words = vec!["zstd".to_owned()];
    assert_eq!(scene.asked(), [says("003", 2, Reaction::Words { words })]);
}

#[test]
fn what_a_page_shows_decides_what_can_be_done() {
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    // The queue has a ticket selected that asks nothing.
    scene.keys("i");
    scene.model.queue.select_ticket(&id("001"));
    let able = |scene: &Scene, action| available(&scene.model, action);
    let item = scene.model.inbox.selected().map(|item| item.ticket.clone());
    assert_eq!(item, Some(id("003")));
    for action in [
        Action::Approve,
        Action::Reject,
        Action::AllowAlways,
        Action::Reply,
    ] {
        assert!(able(&scene, action), "{action:?}");
    }
    let frame = scene.frame(120, 40);
    assert!(frame.contains("a approve"), "{frame}");
    scene.keys("Esc");
    assert!(!able(&scene, Action::Approve) && !able(&scene, Action::AllowTicket));
    // In the review of a ticket at a gate it is that one, too.
    scene.model.queue.select_ticket(&id("004"));
    scene.keys("d");
    scene.model.queue.select_ticket(&id("001"));
    assert!(able(&scene, Action::Approve) && able(&scene, Action::Reply));
    assert!(scene.frame(120, 40).contains("a approve"));
}

#[test]
fn a_question_that_comes_by_itself_is_not_answered_by_a_key_meant_for_something_else() {
    let priorities = || {
        vec![NewPriority {
            ticket: id("003"),
            name: name("003"),
            path: "tickets/TICKET-003.md".into(),
            revision: crate::domain::ids::Sha256([3; 32]),
            from: 0,
            to: 1,
            is_moved: false,
        }]
    };
    let mut scene = Scene::full();
    scene.pace = Duration::from_millis(100);
    let touches = Loaded::Changed(Changed::WouldTouch(priorities()));
    scene.message(Message::Loaded(touches));
    scene.keys("y");
    assert!(scene.model.overlay.is_some());
    assert_eq!(scene.effects, []);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("read it first"), "{frame}");
    scene.keys("v v y");
    assert!(scene.model.overlay.is_none());
}
