//! The editor: tickets and notes, real files, keys in, frames and bytes out.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::style::Modifier;

use super::scene::{Scene, event_of, look};
use crate::domain::board::Feed;
use crate::domain::queue::Queue;
use crate::tickets::parse;
use crate::ui::effect::{Effect, Loaded};
use crate::ui::loader;
use crate::ui::session::Outside;
use crate::ui::update::{Message, Signal};

const TICKET: &str = "---\nagent: codex\ndone: false\nticket_id: ticket-003\ntitle: stream the body\n---\n# stream the body\n\nPlease do it: header first.\n";

fn path(scene: &Scene) -> PathBuf {
    scene.folder.path().join("tickets/TICKET-003.md")
}

/// Ticket 003 with this text, open in the editor.
fn open_with(text: impl AsRef<[u8]>) -> Scene {
    open_in(Scene::full(), text)
}

fn open_in(mut scene: Scene, text: impl AsRef<[u8]>) -> Scene {
    fs::create_dir_all(scene.folder.path().join("tickets")).expect("a folder");
    fs::write(path(&scene), text).expect("a ticket");
    scene.keys("e");
    scene
}

fn on_disk(scene: &Scene) -> String {
    fs::read_to_string(path(scene)).expect("the ticket")
}

/// What is kept in `.docket/drafts`.
fn drafts(scene: &Scene) -> Vec<String> {
    let folder = scene.folder.path().join("drafts");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| fs::read_to_string(entry.path()).expect("a draft"))
        .collect()
}

/// The runner tells of the queue with what is on the disk now.
fn tell_queue(scene: &mut Scene) {
    let entries = scene.model.queue.queue().entries().to_vec();
    let shown = PathBuf::from("tickets/TICKET-003.md");
    let others = entries.into_iter().filter(|entry| entry.path != shown);
    let now = fs::read(path(scene)).ok();
    let now = now.map(|bytes| Arc::new(parse(&shown, &bytes)));
    let queue = Queue::new(others.chain(now));
    scene.feed(Feed::Queue(Arc::new(queue)));
}

fn handed_over(scene: &mut Scene) -> Outside {
    let effects = std::mem::take(&mut scene.effects);
    let found = effects.into_iter().find_map(|effect| match effect {
        Effect::HandOver(outside) => Some(outside),
        _ => None,
    });
    found.expect("a program gets the terminal")
}

#[test]
fn a_ticket_is_opened_changed_and_saved() {
    let mut scene = open_with(TICKET);
    insta::assert_snapshot!("editor_open", scene.frame(80, 24));
    scene.keys("Ctrl-g");
    scene.text("9");
    scene.keys("Enter End");
    scene.text(" Then the body.");
    insta::assert_snapshot!("editor_changed", scene.frame(80, 24));
    scene.keys("Ctrl-s");
    assert_eq!(
        on_disk(&scene),
        TICKET.replace("header first.", "header first. Then the body.")
    );
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("TICKET-003.md is saved") && !frame.contains("not saved"),
        "{frame}"
    );
    scene.keys("Esc");
    assert!(scene.model.page.is_none());
}

#[test]
fn small_screens_and_plain_characters() {
    let mut scene = open_in(
        Scene::full_with(look(true)),
        "---\nagent: codex\ndone: maybe\n---\n",
    );
    insta::assert_snapshot!("editor_small", scene.frame(40, 12));
    scene.text("x");
    scene.keys("Esc");
    insta::assert_snapshot!("editor_small_unsaved", scene.frame(40, 12));
}

#[test]
fn what_lint_finds_is_told_while_it_is_typed() {
    let mut scene = open_with(TICKET);
    assert!(!scene.frame(100, 30).contains("problem"));
    // `done: false` becomes `done: falsey`; a dependency that is not there; a circle.
    scene.keys("Down Down End");
    scene.text("y");
    scene.keys("Enter");
    scene.text("depends_on: [99]");
    let frame = scene.frame(100, 30);
    insta::assert_snapshot!("editor_lint", frame);
    let buffer = scene.buffer(100, 30);
    let row = (0..30).find(|row| {
        (0..100).any(|x| buffer[(x, *row)].symbol() == "✗")
            && frame
                .lines()
                .nth(usize::from(*row))
                .is_some_and(|line| line.contains("done: falsey"))
    });
    let row = row.expect("a sign at the line");
    let underlined: String = (0..100)
        .filter(|x| buffer[(*x, row)].modifier.contains(Modifier::UNDERLINED))
        .map(|x| buffer[(x, row)].symbol().to_owned())
        .collect();
    assert_eq!(underlined.trim(), "falsey");
    scene.keys("Ctrl-g");
    scene.text("9");
    scene.keys("Enter Alt-n");
    assert!(
        scene.frame(100, 30).contains("3:7 "),
        "{}",
        scene.frame(100, 30)
    );
    // What the queue has against a ticket that is sound by itself.
    let mut scene = open_with(TICKET);
    scene.keys("Down Down Down");
    scene.message(Message::Paste("depends_on: [99, 5]\n".into()));
    let frame = scene.frame(140, 30);
    assert!(
        frame.contains("T053") && frame.contains("no ticket has the number 99"),
        "{frame}"
    );
    assert!(frame.contains("T052"), "{frame}");
}

#[test]
fn leaving_asks_what_becomes_of_the_text() {
    let mut scene = open_with(TICKET);
    scene.text("x");
    scene.keys("Esc");
    insta::assert_snapshot!("editor_unsaved", scene.frame(80, 24));
    scene.keys("Esc");
    assert!(scene.frame(80, 24).contains("not saved"));
    scene.keys("Esc d");
    assert!(scene.model.page.is_none());
    assert_eq!(on_disk(&scene), TICKET);
    scene.keys("e");
    scene.text("y");
    scene.keys("Esc s");
    assert!(scene.model.page.is_none());
    assert_eq!(on_disk(&scene), format!("y{TICKET}"));
}

#[test]
fn a_file_that_changed_underneath_is_never_overwritten_unseen() {
    let mut scene = open_with(TICKET);
    scene.text("mine ");
    let theirs = TICKET.replace("header first", "the body first");
    fs::write(path(&scene), &theirs).expect("somebody writes");
    tell_queue(&mut scene);
    assert!(
        scene
            .frame(80, 24)
            .contains("somebody else wrote this file")
    );
    scene.keys("Ctrl-s");
    assert_eq!(on_disk(&scene), theirs);
    insta::assert_snapshot!("editor_on_disk", scene.frame(80, 24));
    // Staying saves nothing, and asks again.
    scene.keys("Esc Ctrl-s");
    assert_eq!(on_disk(&scene), theirs);
    // A third version comes while the second is looked at.
    let third = theirs.replace("Please", "Do");
    fs::write(path(&scene), &third).expect("somebody writes again");
    scene.keys("o");
    assert_eq!(on_disk(&scene), third);
    assert!(scene.frame(80, 24).contains("+Do do it"));
    scene.keys("o");
    assert_eq!(on_disk(&scene), format!("mine {TICKET}"));
    assert!(scene.frame(80, 24).contains("is saved"));
}

#[test]
fn taking_what_is_on_the_disk_keeps_a_copy_of_the_text() {
    let mut scene = open_with(TICKET);
    scene.text("mine ");
    fs::write(path(&scene), "theirs\n").expect("somebody writes");
    scene.keys("Ctrl-s t");
    assert_eq!(drafts(&scene), [format!("mine {TICKET}")]);
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("1 theirs") && !frame.contains("not saved"),
        "{frame}"
    );
    assert!(frame.contains("your text is kept in"), "{frame}");
    assert_eq!(on_disk(&scene), "theirs\n");
}

#[test]
fn a_text_without_changes_follows_the_disk() {
    let mut scene = open_with(TICKET);
    fs::write(path(&scene), TICKET.replace("done: false", "done: true")).expect("docket writes");
    tell_queue(&mut scene);
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("done: true") && frame.contains("read again"),
        "{frame}"
    );
    // Our own save is no news when the queue tells of it, and what was before neither.
    scene.text("x");
    scene.keys("Ctrl-s");
    let mine = on_disk(&scene);
    scene.text("y");
    tell_queue(&mut scene);
    assert!(!scene.frame(80, 24).contains("somebody else"));
    fs::write(path(&scene), TICKET).expect("an older version");
    tell_queue(&mut scene);
    scene.keys("Ctrl-s");
    assert!(
        scene
            .frame(80, 24)
            .contains("Somebody else wrote this file")
    );
    assert_ne!(on_disk(&scene), mine);
}

#[test]
fn a_file_that_is_gone_is_written_anew_only_when_asked() {
    let mut scene = open_with(TICKET);
    scene.text("x");
    fs::remove_file(path(&scene)).expect("removed");
    tell_queue(&mut scene);
    assert!(scene.frame(80, 24).contains("not there any more"));
    scene.keys("Ctrl-s");
    assert!(!path(&scene).exists());
    scene.keys("o");
    assert_eq!(on_disk(&scene), format!("x{TICKET}"));

    let mut scene = open_with(TICKET);
    scene.text("x");
    fs::remove_file(path(&scene)).expect("removed");
    scene.keys("Ctrl-s t");
    assert!(scene.model.page.is_none() && !path(&scene).exists());
    assert_eq!(drafts(&scene), [format!("x{TICKET}")]);
}

#[test]
fn links_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("tickets");
    fs::create_dir_all(&folder).expect("a folder");
    let real = scene.folder.path().join("real.md");
    fs::write(&real, TICKET).expect("a ticket");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink(&real, path(&scene)).expect("a link");
    scene.keys("e");
    scene.text("x");
    scene.keys("Ctrl-s");
    assert!(
        path(&scene)
            .symlink_metadata()
            .expect("a link")
            .is_symlink()
    );
    assert_eq!(fs::read_to_string(&real).expect("it"), format!("x{TICKET}"));
    let mode = real.metadata().expect("it").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn what_can_not_be_edited_here_is_offered_to_the_users_editor() {
    for (bytes, why) in [
        (b"ok\n\xff\xfe".to_vec(), "it is not UTF-8: byte 4 (line 2)"),
        (vec![b'x'; 1024 * 1024 + 1], "larger than 1 MiB"),
        (vec![b'\n'; 20_000], "more than 20000 lines"),
        (vec![b'x'; 20_001], "its line 1 is longer"),
    ] {
        let mut scene = open_with(&bytes);
        let frame = scene.frame(80, 24);
        assert!(
            frame.contains(why) && frame.contains("Ctrl-o opens it in $EDITOR"),
            "{frame}"
        );
        scene.text("x");
        scene.keys("Ctrl-s Ctrl-o");
        let outside = handed_over(&mut scene);
        assert_eq!(
            outside,
            Outside::Editor {
                path: path(&scene),
                line: None
            }
        );
        assert_eq!(fs::read(path(&scene)).expect("it"), bytes);
        fs::write(path(&scene), TICKET).expect("put right");
        scene.message(Message::Returned(outside, Ok(())));
        assert!(scene.frame(80, 24).contains("stream the body"));
    }
    let mut scene = Scene::full();
    scene.keys("e");
    assert!(scene.frame(80, 24).contains("it is not there any more"));
    scene.keys("Esc");
    assert!(scene.model.page.is_none());
}

#[test]
fn the_users_editor_gets_the_text_as_it_is_and_gives_it_back() {
    let mut scene = open_with(TICKET);
    scene.keys("Down Down Ctrl-o");
    let outside = handed_over(&mut scene);
    assert_eq!(
        outside,
        Outside::Editor {
            path: path(&scene),
            line: Some(3)
        }
    );
    fs::write(path(&scene), "another\n").expect("the editor writes");
    scene.message(Message::Returned(outside, Ok(())));
    assert!(scene.frame(80, 24).contains("1 another"));

    // What is not saved goes out as a copy, and comes back as one change.
    scene.keys("Up");
    scene.text("my ");
    scene.keys("Ctrl-o");
    let outside = handed_over(&mut scene);
    let Outside::Editor { path: copy, .. } = &outside else {
        panic!("{outside:?}");
    };
    assert!(copy.starts_with(scene.folder.path().join("drafts")));
    assert_eq!(fs::read_to_string(copy).expect("a copy"), "my another\n");
    fs::write(copy, "their\nwords\n").expect("the editor writes");
    scene.message(Message::Returned(outside.clone(), Ok(())));
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("1 their") && frame.contains("not saved"),
        "{frame}"
    );
    assert!(!copy.exists());
    scene.keys("Ctrl-z");
    assert!(scene.frame(80, 24).contains("1 my another"));
    assert_eq!(on_disk(&scene), "another\n");

    // A program that is not there changes nothing.
    scene.keys("Ctrl-o");
    let outside = handed_over(&mut scene);
    let why = "there is no `nonesuch`".to_owned();
    scene.message(Message::Returned(outside, Err(why)));
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("1 my another") && frame.contains("there is no `nonesuch`"),
        "{frame}"
    );
}

#[test]
fn a_ticket_goes_to_the_users_editor_at_its_first_problem() {
    let mut scene = Scene::full();
    scene.keys("E");
    let outside = handed_over(&mut scene);
    assert_eq!(
        outside,
        Outside::Editor {
            path: path(&scene),
            line: None
        }
    );
    scene.keys("G k k E");
    let Outside::Editor { path, line } = handed_over(&mut scene) else {
        panic!("an editor");
    };
    assert!(path.ends_with("TICKET-007.md"));
    assert_eq!(line, Some(4));
}

#[test]
fn notes_are_listed_begun_and_edited() {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("context");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("decisions.md"), "# Decisions\r\n").expect("a note");
    fs::write(folder.join("data.md"), "x").expect("a note");
    scene.keys("M");
    insta::assert_snapshot!("editor_notes", scene.frame(80, 24));
    scene.keys("j Enter Down");
    scene.text("- one");
    scene.keys("Ctrl-s");
    let note = fs::read_to_string(folder.join("decisions.md")).expect("a note");
    assert_eq!(note, "# Decisions\r\n- one");
    scene.keys("Esc");
    assert!(scene.frame(80, 24).contains("Notes that all agents share"));
    scene.keys("n");
    scene.text("a/b");
    scene.keys("Enter");
    assert!(scene.frame(80, 24).contains("notes lie in one folder"));
    scene.keys("n");
    scene.text("names");
    scene.keys("Enter");
    assert!(!folder.join("names.md").exists());
    scene.text("a name");
    scene.keys("Ctrl-s");
    assert_eq!(
        fs::read_to_string(folder.join("names.md")).expect("a note"),
        "a name"
    );
    scene.keys("Esc");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("6 B  names.md"), "{frame}");
    scene.keys("E");
    assert!(
        matches!(handed_over(&mut scene), Outside::Editor { path, .. } if path.starts_with(&folder))
    );
    scene.keys("Esc");
    assert!(scene.model.page.is_none());
    // Before there is any, the usual ones can be begun.
    fs::remove_dir_all(&folder).expect("removed");
    scene.keys("M Enter");
    scene.text("spec");
    scene.keys("Ctrl-s");
    assert_eq!(
        fs::read_to_string(folder.join("spec.md")).expect("a note"),
        "spec"
    );
}

#[test]
fn text_is_selected_copied_cut_and_found() {
    let mut scene = open_with("one two\nTwo three\ntwo\n");
    scene.keys("Shift-Down Ctrl-c");
    assert_eq!(scene.effects.pop(), Some(Effect::Copy("one two\n".into())));
    scene.keys("Ctrl-x Ctrl-v Ctrl-v");
    assert!(scene.frame(80, 24).contains("2 one two"));
    scene.keys("Ctrl-z Ctrl-z Ctrl-z Ctrl-g");
    scene.text("1");
    scene.keys("Enter Ctrl-f");
    scene.text("two");
    insta::assert_snapshot!("editor_find", scene.frame(80, 24));
    scene.keys("Enter Ctrl-n");
    assert!(scene.frame(80, 24).contains("match 2 of 3"));
    scene.keys("Ctrl-p Ctrl-p");
    assert!(scene.frame(80, 24).contains("match 3 of 3"));
    scene.keys("Ctrl-f");
    scene.text("nothing of it");
    assert!(scene.frame(80, 24).contains("0 found"));
    scene.keys("Esc Alt-a Ctrl-x Ctrl-s Esc");
    assert_eq!(on_disk(&scene), "");
}

#[test]
fn the_mouse_moves_the_cursor_and_selects() {
    let mut scene = open_with("one\n\ttwo\nthree\n");
    scene.frame(80, 24);
    let mouse = |kind, column, row| {
        Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    };
    // Border, sign, number, space: the text begins in the sixth column of the screen.
    scene.message(mouse(MouseEventKind::Down(MouseButton::Left), 9, 3));
    scene.message(mouse(MouseEventKind::Drag(MouseButton::Left), 6, 4));
    scene.keys("Ctrl-c");
    let Some(Effect::Copy(text)) = scene.effects.pop() else {
        panic!("nothing was selected:\n{}", scene.frame(80, 24));
    };
    assert_eq!(text, "two\nt");
    scene.message(mouse(MouseEventKind::ScrollUp, 9, 9));
    assert!(scene.frame(80, 24).contains("1:"));
}

#[test]
fn a_text_that_is_not_saved_outlives_the_screen() {
    let mut scene = open_with(TICKET);
    assert_eq!(crate::ui::pages::editor::left_over(&mut scene.model), None);
    scene.text("x");
    scene.message(Message::Signal(Signal::HangUp));
    let save = crate::ui::pages::editor::left_over(&mut scene.model).expect("something to keep");
    loader::texts::save(save);
    assert_eq!(drafts(&scene), [format!("x{TICKET}")]);
}

#[test]
fn keys_that_come_while_a_text_is_written_are_not_lost() {
    let mut scene = open_with(TICKET);
    scene.holds_saves = true;
    scene.text("x");
    scene.keys("Ctrl-s");
    scene.text("y");
    // Leaving waits, since there is more to save by now.
    scene.keys("Esc");
    let Some(Effect::Save(save)) = scene.effects.pop() else {
        panic!("a save");
    };
    scene.message(Message::Loaded(Loaded::Text(loader::texts::save(save))));
    assert_eq!(on_disk(&scene), format!("x{TICKET}"));
    let frame = scene.frame(80, 24);
    assert!(frame.contains("is not saved"), "{frame}");
    scene.holds_saves = false;
    scene.keys("s");
    assert_eq!(on_disk(&scene), format!("xy{TICKET}"));
    assert!(scene.model.page.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_changed_is_saved_as_it_was(text in "([a-z:\u{feff}\u{202e}\t漢😀-]|\r|\n|\r\n|---\n){0,60}") {
        let mut scene = open_with(&text);
        scene.text("x");
        scene.keys("Backspace Ctrl-s Esc");
        prop_assert!(scene.model.page.is_none());
        prop_assert_eq!(on_disk(&scene), text);
    }

    #[test]
    fn any_keys_draw_at_any_size(
        text in "([a-z:\u{feff}\u{202e}\t漢😀\u{300}-]|\r|\n|\r\n|---\n){0,60}",
        keys in proptest::collection::vec(0..20_usize, 0..30),
        width in 0u16..100,
        height in 0u16..40,
    ) {
        let mut scene = open_with(&text);
        const KEYS: [&str; 20] = [
            "Right", "Down", "End", "Enter", "x", "Backspace", "Shift-Right", "Shift-Down", "Ctrl-f", "Ctrl-g",
            "Ctrl-z", "Ctrl-y", "Esc", "Ctrl-x", "Ctrl-v", "PageDown", "Shift-PageUp", "Alt-n", "Tab", "Ctrl-n",
        ];
        for key in keys {
            scene.message(Message::Key(event_of(KEYS[key])));
            scene.buffer(width, height);
        }
        scene.buffer(80, 24);
    }
}
