//! The terminals of agents: shown from their beginning, typed into, and left to their work.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::scene::Scene;
use crate::domain::command::Command;
use crate::ui::abilities::Abilities;
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::layout::Pane;
use crate::ui::terminals::{Launch, TerminalEvent};
use crate::ui::update::Message;

/// With ticket 003 selected, whose agent runs on a terminal.
fn scene() -> Scene {
    let mut scene = Scene::full();
    let agent = scene.model.view().expect("a ticket").agent.clone();
    let abilities = Abilities {
        terminal: true,
        ..Abilities::default()
    };
    scene.model.abilities.insert(agent, abilities);
    scene
}

fn typed(scene: &Scene) -> Vec<u8> {
    let each = scene.effects.iter().map(|effect| match effect {
        Effect::Type { bytes, .. } => bytes.as_slice(),
        _ => &[],
    });
    each.collect::<Vec<_>>().concat()
}

#[test]
fn it_is_shown_as_it_was_drawn_and_typed_into() {
    let mut scene = scene();
    scene.keys("t");
    let attempt = scene.model.view().and_then(|view| view.attempt.clone());
    let request = scene.effects.iter().find_map(|effect| match effect {
        Effect::OpenTerminal { request, .. } => Some(request.launch.clone()),
        _ => None,
    });
    assert!(
        matches!(&request, Some(Launch::Attempt { attempt: shown, .. }) if Some(shown) == attempt.as_ref()),
        "{request:?}"
    );
    let terminal = TerminalId(1);
    scene.effects.clear();
    // Two sizes: each piece belongs to its own. What the program asks is answered where it runs.
    for event in [
        TerminalEvent::Resized {
            columns: 30,
            rows: 4,
        },
        TerminalEvent::Output(b"\x1b[4;1Hbottom\x1b[c".to_vec()),
        TerminalEvent::Resized {
            columns: 30,
            rows: 8,
        },
        TerminalEvent::Output(b"\x1b[8;1Hlower".to_vec()),
    ] {
        scene.message(Message::Terminal(terminal, event));
    }
    scene
        .model
        .terminal
        .parse(std::time::Duration::ZERO, std::time::Duration::MAX, &|| {
            std::time::Duration::ZERO
        });
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("bottom") && frame.contains("lower"),
        "{frame}"
    );
    assert_eq!(typed(&scene), b"");
    scene.keys("y Ctrl-c");
    assert_eq!(typed(&scene), b"y\x03");
    // Left, it goes on; shown again, it is the same.
    scene.keys("Ctrl-] Ctrl-]");
    assert_ne!(scene.model.focus, Pane::Terminal);
    scene.effects.clear();
    scene.keys("t");
    assert_eq!(scene.model.focus, Pane::Terminal);
    assert_eq!(scene.effects, []);
}

#[test]
fn a_human_ends_the_turn() {
    for (key, said) in [("D", true), ("c", false)] {
        let mut scene = scene();
        scene.keys(key);
        let asked = scene.asked();
        assert!(
            matches!(&asked[..], [Command::Claim { done, .. }] if *done == said),
            "{asked:?}"
        );
    }
    // Other agents say so themselves.
    let mut other = Scene::full();
    other.keys("D");
    assert_eq!(other.asked(), []);
}

#[test]
fn the_mouse_hits_what_is_to_be_seen_of_a_larger_screen() {
    let mut scene = scene();
    scene.keys("t");
    let size = TerminalEvent::Resized {
        columns: 60,
        rows: 90,
    };
    let drawn = b"\x1b[?1000h\x1b[?1006h\x1b[90;1Hthe bottom";
    for event in [size, TerminalEvent::Output(drawn.to_vec())] {
        scene.message(Message::Terminal(TerminalId(1), event));
    }
    let terminal = &mut scene.model.terminal;
    terminal.parse(Duration::ZERO, Duration::MAX, &|| Duration::ZERO);
    scene.message(Message::Nothing);
    let place = scene.model.terminal.shown_at().expect("a place");
    scene.effects.clear();
    scene.message(Message::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: place.x,
        row: place.bottom() - 1,
        modifiers: KeyModifiers::NONE,
    }));
    assert_eq!(typed(&scene), b"\x1b[<0;1;90M");
    // Copy mode begins with what is seen, and its cursor is in it.
    scene.keys("Ctrl-] [ k");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("the bottom"), "{frame}");
    scene.keys("9 0 k");
    let frame = scene.frame(120, 40);
    assert!(!frame.contains("the bottom"), "{frame}");
}

#[test]
fn who_looks_on_is_told_that_nothing_typed_arrives() {
    let mut scene = scene();
    scene.keys("t");
    let last_line = |scene: &mut Scene| {
        let frame = scene.frame(120, 40);
        frame.lines().last().unwrap_or_default().trim().to_owned()
    };
    scene.keys("y");
    assert!(!last_line(&mut scene).contains("can type here"));
    scene.model.viewer = true;
    let words = "only the docket that runs it can type here: you look on";
    scene.keys("n o");
    assert_eq!(last_line(&mut scene), words);
    scene.message(Message::Paste("text".into()));
    assert_eq!(last_line(&mut scene), words);
    // What is docket's own means what it always does; the user's own shells are theirs here, too.
    scene.keys("Ctrl-] [ j");
    assert_ne!(last_line(&mut scene), words);
    scene.keys("q Ctrl-] r y");
    assert_ne!(last_line(&mut scene), words);
}
