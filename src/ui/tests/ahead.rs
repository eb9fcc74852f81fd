//! Keys that were meant for what has just gone: a program that ended, a question that was not asked yet.

use std::time::Duration;

use super::scene::{Scene, ago, attempt};
use crate::domain::event::Event;
use crate::domain::taking::Seat;
use crate::ui::effect::{Effect, Loaded, TerminalId, WhyLook};
use crate::ui::keymap::Context;
use crate::ui::layout::Pane;
use crate::ui::overlay::Overlay;
use crate::ui::terminals::{Foreground, ProgramEnd, TerminalEvent};
use crate::ui::update::Message;

const ONE: TerminalId = TerminalId(1);

fn ends(scene: &mut Scene, terminal: TerminalId) {
    let event = TerminalEvent::Ended(ProgramEnd::well("ended with exit code 0"));
    scene.message(Message::Terminal(terminal, event));
}

fn taken(scene: &mut Scene) {
    let event = Event::SessionTaken {
        attempt: attempt("003"),
        turn: 2,
        session: "s-1".into(),
        by: Seat::Screen,
    };
    scene.event(ago(1), event);
}

/// Ticket 003 is taken over, and the agent's interface runs.
fn sitting() -> Scene {
    let mut scene = Scene::full();
    scene.keys("Ctrl-t y");
    taken(&mut scene);
    scene
}

fn asks_for_words(scene: &Scene) -> bool {
    matches!(scene.model.overlay, Some(Overlay::Composer(_)))
}

#[test]
fn what_was_typed_for_a_program_that_ends_does_nothing() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.pace = Duration::from_millis(100);
    ends(&mut scene, ONE);
    scene.effects.clear();
    // Longer than the moment, but without a pause.
    scene.keys("s q p a Esc Enter t r 1 Tab y");
    assert!(scene.frame(120, 40).contains("just ended"));
    assert!(scene.model.overlay.is_none());
    assert!(scene.model.terminal.is_open());
    assert_eq!(scene.model.focus, Pane::Terminal);
    assert_eq!(scene.effects, []);
    assert_eq!(scene.commands, []);
    scene.keys("Ctrl-] Ctrl-]");
    assert_eq!(scene.model.focus, Pane::Queue, "the chord is no program's");
}

#[test]
fn only_a_few_keys_mean_something_where_a_program_has_ended() {
    let mut scene = Scene::full();
    scene.keys("t");
    ends(&mut scene, ONE);
    assert_eq!(scene.model.contexts(), [Context::Ended, Context::Shell]);
    scene.effects.clear();
    scene.keys("s q p a x Ctrl-c");
    assert_eq!(scene.effects, []);
    assert_eq!(scene.commands, []);
    assert!(scene.model.overlay.is_none());
    for (keys, pane) in [
        ("Esc", Pane::Queue),
        ("2", Pane::Transcript),
        ("Tab", Pane::Queue),
    ] {
        scene.model.focus = Pane::Terminal;
        scene.keys(keys);
        assert_eq!(scene.model.focus, pane, "{keys}");
    }
    scene.model.focus = Pane::Terminal;
    scene.keys("?");
    assert!(matches!(scene.model.overlay, Some(Overlay::Help { .. })));
    scene.keys("Esc");
    let frame = scene.frame(120, 40);
    let last = frame.lines().last().unwrap_or_default();
    assert!(last.contains("Enter") && last.contains("Esc"), "{last}");
    scene.keys("Enter");
    assert!(!scene.model.terminal.is_open());
}

#[test]
fn the_hand_back_is_offered_to_whoever_looks_and_has_seen_it() {
    let mut scene = sitting();
    scene.pace = Duration::from_millis(100);
    scene.commands.clear();
    ends(&mut scene, ONE);
    assert!(asks_for_words(&scene));
    scene.keys("l s Enter");
    assert_eq!(scene.commands, []);
    scene.pace = Duration::from_millis(300);
    scene.keys("Enter");
    assert_eq!(scene.commands.len(), 1);
}

#[test]
fn the_hand_back_does_not_come_over_something_else() {
    for keys in ["Ctrl-] Ctrl-] i", "Ctrl-] Ctrl-]", "Ctrl-] c"] {
        let mut scene = sitting();
        scene.keys(keys);
        ends(&mut scene, ONE);
        assert!(!asks_for_words(&scene), "{keys}");
        let frame = scene.frame(120, 40);
        assert!(frame.contains("has ended: hand it back"), "{frame}");
    }
}

#[test]
fn what_is_taken_over_takes_no_keys_from_another_terminal() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] Ctrl-] Ctrl-t y t");
    assert_eq!(scene.model.focus, Pane::Terminal);
    let shown = scene.model.terminal.shown_id();
    taken(&mut scene);
    assert_eq!(scene.model.terminal.shown_id(), shown);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("is taken over: Ctrl-t shows it"), "{frame}");
    scene.keys("Ctrl-] Ctrl-] Ctrl-t");
    assert_eq!(scene.model.terminal.count(), 2);
}

fn found(scene: &mut Scene, why: WhyLook, foreground: Foreground) {
    let found = vec![(ONE, Some(foreground))];
    scene.message(Message::Loaded(Loaded::Foreground { why, found }));
}

#[test]
fn what_is_asked_after_a_look_is_not_answered_before_it_is_seen() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.pace = Duration::from_millis(100);
    for why in [WhyLook::Close(ONE), WhyLook::Leave] {
        found(&mut scene, why, Foreground::Other(Some("vim".into())));
        assert!(scene.model.overlay.is_some());
        scene.effects.clear();
        scene.keys("y y");
        assert!(scene.model.overlay.is_some());
        assert_eq!(scene.effects, []);
        scene.keys("n");
    }
}

#[test]
fn an_agents_interface_is_asked_about_though_it_started_nothing() {
    let mut scene = sitting();
    scene.effects.clear();
    scene.keys("Ctrl-] x");
    found(&mut scene, WhyLook::Close(ONE), Foreground::Itself);
    let frame = scene.frame(120, 40);
    assert!(frame.contains("runs codex. Close it?"), "{frame}");
    assert!(!scene.effects.contains(&Effect::CloseTerminal(ONE)));
}

#[test]
fn a_size_that_nobody_waits_for_settles() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] |");
    scene.pace = Duration::from_millis(1);
    scene.frame(100, 30);
    scene.message(Message::Nothing);
    let settles = |scene: &Scene| scene.model.terminal.settles_in(scene.model.uptime);
    assert!(settles(&scene).is_some());
    // It is not to be seen any more before its size was told.
    scene.keys("Ctrl-] c");
    scene.pace = Duration::from_millis(100);
    scene.message(Message::Nothing);
    scene.message(Message::Nothing);
    assert_eq!(settles(&scene), None);
}

#[test]
fn an_ended_program_is_read_back_with_a_cursor() {
    let mut scene = Scene::full();
    scene.keys("t");
    ends(&mut scene, ONE);
    assert!(scene.frame(120, 40).contains("Enter closes"));
    scene.keys("Ctrl-] [");
    assert!(!scene.frame(120, 40).contains("Enter closes"));
}

fn writes(scene: &mut Scene, bytes: &str) {
    let event = TerminalEvent::Output(bytes.as_bytes().to_vec());
    scene.message(Message::Terminal(ONE, event));
    let terminal = &mut scene.model.terminal;
    let effects = terminal.parse(Duration::ZERO, Duration::MAX, &|| Duration::ZERO);
    scene.effects.extend(effects);
}

#[test]
fn programs_are_told_the_colours_and_give_the_cursor_its_form() {
    let mut scene = Scene::full();
    scene.keys("t");
    let (_, [red, green, blue]) = scene.model.look.theme.base_colors();
    scene.effects.clear();
    writes(&mut scene, "\u{1b}]11;?\u{7}");
    let expected = format!(
        "\u{1b}]11;rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}\u{7}"
    );
    let bytes = expected.into_bytes();
    let answer = Effect::Type {
        terminal: ONE,
        bytes,
    };
    assert_eq!(scene.effects, [answer]);
    let form = |scene: &Scene| crate::ui::view::cursor_form(&scene.model);
    assert_eq!(form(&scene), 0);
    writes(&mut scene, "\u{1b}[5 q");
    assert_eq!(form(&scene), 5);
    scene.keys("Ctrl-] ?");
    assert_eq!(form(&scene), 0, "the help has no such cursor");
    scene.keys("Esc");
    assert_eq!(form(&scene), 5);
    scene.keys("Ctrl-] Ctrl-]");
    assert_eq!(form(&scene), 0);
}

#[test]
fn copy_mode_stays_at_its_text_when_lines_are_wrapped_anew() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] z");
    scene.frame(80, 24);
    scene.message(Message::Nothing);
    let lines: Vec<String> = (0..40)
        .map(|line| format!("{line} {} end{line}\r\n", "x".repeat(50)))
        .collect();
    writes(&mut scene, &lines.concat());
    scene.keys("Ctrl-] [ ?");
    scene.text("end7");
    scene.keys("Enter");
    for width in [40, 34, 80] {
        scene.frame(width, 24);
        scene.message(Message::Nothing);
        scene.message(Message::Nothing);
        assert!(scene.model.terminal.cursor_is_sound());
        let frame = scene.frame(width, 24);
        assert!(frame.contains("end7"), "{width}\n{frame}");
    }
    scene.effects.clear();
    scene.keys("Y");
    let copied = scene.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.is_some_and(|text| text.starts_with("7 xx")));
}
