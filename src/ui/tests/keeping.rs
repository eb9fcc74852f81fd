//! What was typed is never lost: it is sent, or it waits as a draft, or it is in a file.

use super::inbox::{answered, asks, command, question, says};
use super::review::at_gate;
use super::scene::{Scene, ago, attempt, id, name};
use crate::domain::attempt::Need;
use crate::domain::command::{Command, Reaction};
use crate::domain::event::Event;
use crate::ui::left_over::left_over;
use crate::ui::loader;
use crate::ui::session::UiEnd;

#[test]
fn words_that_come_too_late_are_a_draft() {
    let mut scene = at_gate();
    scene.keys("Esc N");
    scene.text("the header is wrong");
    let gate = || Event::GateReached {
        attempt: attempt("004"),
        need: Need::Review {
            reasons: Vec::new(),
        },
    };
    scene.start("004");
    scene.event(ago(1), gate());
    scene.keys("Enter");
    assert_eq!(scene.asked(), []);
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("changed meanwhile") && frame.contains("draft"),
        "{frame}"
    );
    scene.keys("N");
    assert!(scene.frame(120, 40).contains("the header is wrong"));
    scene.keys("Enter");
    let (ticket, reason) = (id("004"), "the header is wrong".to_owned());
    let asked = scene.asked();
    let is_it = |command: &Command| matches!(command, Command::Reject { ticket: of, reason: why, .. } if *of == ticket && *why == reason);
    assert!(matches!(&asked[..], [only] if is_it(only)), "{asked:?}");
    scene.keys("N");
    assert!(!scene.frame(120, 40).contains("the header is wrong"));
}

#[test]
fn a_comment_that_is_dropped_is_a_draft_of_its_line() {
    let mut scene = at_gate();
    scene.keys("j j j j c");
    scene.text("why 1?");
    scene.keys("Esc");
    assert!(scene.frame(80, 24).contains("kept as a draft"));
    assert!(!scene.frame(80, 24).contains("1 comment"));
    scene.keys("k c");
    assert!(!scene.frame(80, 24).contains("why 1?"));
    scene.keys("Esc j c");
    assert!(scene.frame(80, 24).contains("why 1?"));
    scene.keys("Enter");
    assert!(scene.frame(80, 24).contains("1 comment"));
    // What is said already is no draft.
    scene.keys("c Esc");
    assert!(!scene.frame(80, 24).contains("kept as a draft"));
}

#[test]
fn comments_follow_what_was_typed_before() {
    let mut scene = at_gate();
    scene.keys("j j j j c");
    scene.text("which version?");
    scene.keys("Enter Esc r");
    scene.text("Please:");
    scene.keys("Esc d r Enter");
    let text = "Please:\n\nCargo.toml:7: which version?\n> zlib = \"1\"".to_owned();
    let ticket = id("004");
    assert_eq!(scene.asked(), [Command::Reply { ticket, text }]);
}

#[test]
fn answers_to_the_first_of_several_questions_are_kept() {
    let mut scene = Scene::full();
    asks(
        &mut scene,
        "003",
        10,
        1,
        question(&["Which codec?", "Which level?"]),
    );
    scene.keys("r");
    scene.text("zstd");
    scene.keys("Enter Esc");
    assert!(scene.frame(80, 24).contains("kept as a draft"));
    scene.keys("r");
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
fn a_draft_belongs_to_its_request() {
    let mut scene = Scene::full();
    asks(&mut scene, "003", 10, 1, command("ls"));
    scene.keys("N");
    scene.text("never that");
    scene.keys("Esc");
    answered(&mut scene, "003", 1);
    asks(&mut scene, "003", 5, 2, command("rm -rf /"));
    scene.keys("N");
    assert!(!scene.frame(80, 24).contains("never that"));
}

#[test]
fn an_end_from_outside_leaves_a_file_with_all_of_it() {
    let mut scene = at_gate();
    scene.keys("j j j j c");
    scene.text("which version?");
    scene.keys("Enter Esc r");
    scene.text("half a th");
    scene.keys("Esc");
    scene.model.queue.select_ticket(&id("003"));
    scene.keys("r");
    scene.text("still open");
    assert_eq!(left_over(&mut scene.model, UiEnd::HungUp).len(), 1);
    for save in left_over(&mut scene.model, UiEnd::HungUp) {
        loader::texts::save(save);
    }
    let file = scene.folder.path().join("drafts/unsent.1.md");
    let text = std::fs::read_to_string(file).expect("the file");
    let (three, four, of) = (name("003"), name("004"), attempt("004"));
    assert_eq!(
        text,
        format!(
            "## {three}: reply\n\nstill open\n\n## {four}: reply\n\nhalf a th\n\n\
             ## {of}: comments\n\nCargo.toml:7: which version?\n> zlib = \"1\"\n"
        )
    );
    // Whoever leaves knows what they leave.
    assert_eq!(left_over(&mut scene.model, UiEnd::Quit), []);
    assert_eq!(left_over(&mut Scene::full().model, UiEnd::HungUp), []);
}
