//! What was found by trying the whole screen as a user.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::scene::{Scene, ago, attempt, id, look};
use crate::domain::board::Feed;
use crate::domain::event::{Event, RunOutcome};
use crate::domain::ids::RunId;
use crate::domain::request::{Ask, Choice, ChoiceKind, Question, Request, RequestId};
use crate::ui::effect::Loaded;
use crate::ui::keymap::Keymap;
use crate::ui::pages::Page;
use crate::ui::session::Look;
use crate::ui::theme::{ColorDepth, Theme};
use crate::ui::update::Message;

fn last_line(scene: &mut Scene) -> String {
    let frame = scene.frame(140, 30);
    frame.lines().last().unwrap_or_default().trim().to_owned()
}

/// The agent of ticket 003 asks for a command.
fn asking(mut scene: Scene) -> Scene {
    let request = Request {
        choices: vec![
            Choice {
                id: "yes".into(),
                label: "yes".into(),
                kind: ChoiceKind::AllowOnce,
            },
            Choice {
                id: "no".into(),
                label: "no".into(),
                kind: ChoiceKind::Deny,
            },
        ],
        ..Request::new(
            "$ make",
            Ask::Command {
                command: "make".into(),
            },
        )
    };
    opened(&mut scene, request);
    scene
}

fn opened(scene: &mut Scene, request: Request) {
    let (attempt, id) = (attempt("003"), RequestId(1));
    scene.event(
        ago(30),
        Event::RequestOpened {
            attempt,
            id,
            request,
        },
    );
}

fn day() -> Theme {
    Theme::load("day", None, ColorDepth::Truecolor).expect("an embedded theme")
}

/// The file of the theme that is worn was saved: now it looks like this one.
fn wear(scene: &mut Scene, theme: Theme) {
    let name = scene.model.look.theme.name().to_owned();
    let theme = Ok(Box::new(theme));
    scene.message(Message::Loaded(Loaded::Theme { name, theme }));
}

#[test]
fn the_inboxs_hints_are_about_what_is_selected_there() {
    let mut scene = asking(Scene::full());
    scene.model.queue.select_ticket(&id("001"));
    scene.keys("i");
    for _ in 0..9 {
        let waiting = scene.model.inbox.selected().expect("something waits");
        if waiting.ticket == id("003") {
            break;
        }
        scene.keys("j");
    }
    let line = last_line(&mut scene);
    assert!(
        line.starts_with("a approve  t this ticket  A always  N reject"),
        "{line}"
    );
    scene.keys(":");
    scene.text("approve");
    let frame = scene.frame(140, 30);
    assert!(!frame.contains("(not now) Approve"), "{frame}");
}

#[test]
fn nothing_keeps_the_colours_of_another_theme() {
    for keys in [
        "i", "N", ":", "F", "+", "/", "r", "o", "o 2", "o 3", "o 4", "?", "C",
    ] {
        let mut changed = asking(Scene::full());
        changed.keys(keys);
        changed.buffer(120, 30);
        wear(&mut changed, day());
        let theme = day();
        let look = Look {
            theme,
            ..look(false)
        };
        let mut fresh = asking(Scene::full_with(look));
        fresh.keys(keys);
        // Whatever says which theme is worn says another name.
        if keys == "C" {
            continue;
        }
        let differ = changed.buffer(120, 30).diff(&fresh.buffer(120, 30)).len();
        assert_eq!(differ, 0, "after `{keys}`");
    }
}

#[test]
fn the_list_of_themes_begins_with_the_one_that_is_worn_also_when_it_is_the_users() {
    let mut scene = Scene::full();
    let folder = tempfile::tempdir().expect("a folder");
    let text = "inherits = \"day\"\n";
    std::fs::write(folder.path().join("mine.toml"), text).expect("a theme");
    let mine = Theme::load("mine", Some(folder.path()), ColorDepth::Truecolor);
    scene.model.look.theme = mine.expect("a theme");
    scene.keys("C");
    let names = Theme::names(Some(folder.path()));
    scene.message(Message::Loaded(Loaded::Themes { names }));
    assert!(scene.frame(120, 30).contains("> mine"));
    scene.keys("Up Down");
    let names = Theme::names(None);
    scene.message(Message::Loaded(Loaded::Themes { names }));
    assert!(!scene.frame(120, 30).contains("> mine"));
}

#[test]
fn refusals_call_tickets_by_their_names() {
    let mut scene = Scene::full();
    scene.event(
        ago(0),
        Event::Refused {
            what: format!("start {}, {}", id("003"), id("004")),
            why: "that ticket is running".into(),
        },
    );
    assert_eq!(
        last_line(&mut scene),
        "can't start TICKET-003, TICKET-004: that ticket is running"
    );
}

#[test]
fn a_run_that_can_not_begin_says_so() {
    let mut scene = Scene::empty();
    scene.keys("s");
    scene.feed(Feed::RunOver {
        run: RunId(1),
        outcome: RunOutcome::NothingReady,
    });
    assert_eq!(
        last_line(&mut scene),
        "nothing can start: the queue says why at each ticket"
    );
    scene.keys("j");
    // One that began says at its tickets how it ended.
    scene.feed(Feed::RunOver {
        run: RunId(2),
        outcome: RunOutcome::Failed,
    });
    assert!(!last_line(&mut scene).contains("nothing can start"));
}

#[test]
fn a_ticket_that_the_palette_finds_is_shown_in_the_panes() {
    let mut scene = Scene::full();
    scene.keys("o :");
    scene.text("8");
    scene.keys("Enter");
    assert_eq!(scene.model.page, None);
    assert_eq!(scene.model.queue.selected(), Some(&id("008")));
}

#[test]
fn the_palette_knows_what_would_do_nothing() {
    let mut scene = Scene::full();
    scene.keys(":");
    scene.text("take");
    let frame = scene.frame(140, 30);
    assert!(frame.contains("(not now) Beside another docket"), "{frame}");
    assert!(
        frame.contains("(not now) Take the selected ticket"),
        "{frame}"
    );
    scene.keys("Esc :");
    scene.text("new-note");
    assert!(scene.frame(140, 30).contains("(there: Notes)"));
    scene.keys("Esc :");
    scene.text("save-text");
    assert!(scene.frame(140, 30).contains("(there: Editor)"));
}

#[test]
fn the_first_of_several_questions_needs_an_answer_and_says_so() {
    let mut scene = Scene::full();
    let questions = ["One?", "Two?"].map(|text| Question {
        text: text.into(),
        suggestions: Vec::new(),
    });
    let questions = questions.to_vec();
    opened(
        &mut scene,
        Request::new("One?", Ask::Question { questions }),
    );
    scene.model.queue.select_ticket(&id("003"));
    scene.keys("r Enter");
    assert!(last_line(&mut scene).starts_with("type an answer first"));
    scene.text("yes");
    scene.keys("Enter Enter");
    assert!(last_line(&mut scene).starts_with("type an answer first"));
    assert!(scene.frame(120, 30).contains("2 of 2"));
    assert_eq!(scene.asked(), []);
}

#[test]
fn words_that_wait_for_the_next_turn_are_told_of() {
    let mut scene = asking(Scene::full());
    scene.model.queue.select_ticket(&id("003"));
    scene.keys("r");
    scene.text("mind the tests");
    scene.keys("Enter");
    assert_eq!(
        last_line(&mut scene),
        "TICKET-003 gets it with its next turn"
    );
}

#[test]
fn a_notice_goes_by_a_click_too() {
    let mut scene = Scene::full();
    scene.keys("m");
    assert!(last_line(&mut scene).starts_with("the mouse is"));
    scene.message(Message::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 3,
        row: 3,
        modifiers: KeyModifiers::NONE,
    }));
    assert!(last_line(&mut scene).ends_with("? help"));
}

#[test]
fn every_page_is_left_by_esc_and_says_so() {
    for (keys, page) in [
        ("o", Page::Overview),
        ("i", Page::Inbox),
        ("d", Page::Review),
    ] {
        let mut scene = Scene::full();
        scene.model.queue.select_ticket(&id("002"));
        scene.keys(keys);
        assert_eq!(scene.model.page, Some(page));
        let line = last_line(&mut scene);
        assert!(line.contains("Esc back"), "{line}");
        scene.keys("Esc");
        assert_eq!(scene.model.page, None);
    }
}

#[test]
fn emacs_goes_up_and_out_by_its_own_keys() {
    let (keymap, faults) = Keymap::read("preset = \"emacs\"\n");
    assert_eq!(faults, []);
    let mut scene = Scene::full();
    scene.model.keymap = keymap;
    scene.keys("Home Ctrl-n Ctrl-n Ctrl-p");
    assert!(scene.model.overlay.is_none());
    assert_eq!(scene.model.queue.selected(), Some(&id("002")));
    for keys in ["F", "+", "C", ":", "?", "/", "o", "i"] {
        scene.keys(keys);
        assert!(scene.model.overlay.is_some() || scene.model.page.is_some());
        scene.keys("Ctrl-g");
        assert!(scene.model.overlay.is_none(), "{keys}");
        assert_eq!(scene.model.page, None, "{keys}");
    }
}

#[test]
fn the_way_out_of_a_popup_is_told_on_the_smallest_screen() {
    let mut scene = Scene::full();
    scene.model.queue.select_ticket(&id("003"));
    for keys in ["r", ":", "F", "+"] {
        scene.keys(keys);
        let frame = scene.frame(40, 12);
        let line = frame.lines().last().unwrap_or_default();
        assert!(line.contains("Esc"), "{keys}: {line}");
        scene.keys("Esc");
        assert!(scene.model.overlay.is_none());
    }
}
