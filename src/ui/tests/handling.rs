//! The terminal under the hands of somebody in a hurry: what hints say, what is typed too late, a search that isn't meant.

use std::time::Duration;

use super::scene::Scene;
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::layout::Pane;
use crate::ui::terminals::{ProgramEnd, TerminalEvent};
use crate::ui::update::Message;

fn scene() -> Scene {
    let mut scene = Scene::full();
    scene.keys("t");
    drop(scene.frame(120, 40));
    scene.effects.clear();
    scene
}

fn writes(scene: &mut Scene, output: &str) {
    let event = TerminalEvent::Output(output.as_bytes().to_vec());
    scene.message(Message::Terminal(TerminalId(1), event));
    let parsed = scene
        .model
        .terminal
        .parse(Duration::ZERO, Duration::MAX, &|| Duration::ZERO);
    scene.effects.extend(parsed);
}

fn hints(scene: &mut Scene, columns: u16, rows: u16) -> String {
    let frame = scene.frame(columns, rows);
    frame.lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn keys_that_follow_the_chord_stand_alone_and_once() {
    let mut scene = scene();
    scene.keys("Ctrl-]");
    let shown = hints(&mut scene, 120, 40);
    assert_eq!(shown.matches("Ctrl-]").count(), 1, "{shown}");
    assert_eq!(shown.matches("leave").count(), 1, "{shown}");
    assert!(shown.contains("c new tab"), "{shown}");
    let narrow = hints(&mut scene, 40, 12);
    assert!(narrow.ends_with("? help"), "{narrow}");
}

#[test]
fn who_has_zoomed_is_told_the_way_back() {
    let mut scene = scene();
    scene.keys("Ctrl-] | Ctrl-] c Ctrl-] z");
    for (columns, rows) in [(120, 40), (80, 24)] {
        let shown = hints(&mut scene, columns, rows);
        assert!(shown.contains("z unzoom"), "{shown}");
        assert_eq!(shown.matches("zoom").count(), 1, "{shown}");
    }
}

#[test]
fn searching_back_is_no_help() {
    let mut scene = scene();
    scene.keys("Ctrl-] [");
    let shown = hints(&mut scene, 40, 12);
    assert!(shown.starts_with("q leave"), "{shown}");
    assert!(!shown.contains("? search back"), "{shown}");
}

#[test]
fn a_search_from_outside_that_is_dropped_leaves_copy_mode() {
    let mut scene = scene();
    writes(&mut scene, "one\r\ntwo\r\n$ ");
    scene.keys("Ctrl-] / t w Esc");
    assert!(!scene.model.terminal.is_copying());
    scene.keys("Ctrl-] / Enter");
    assert!(!scene.model.terminal.is_copying(), "nothing was looked for");
    scene.keys("x");
    let is_typed = |effect: &Effect| matches!(effect, Effect::Type { bytes, .. } if bytes == b"x");
    assert!(scene.effects.iter().any(is_typed), "{:?}", scene.effects);
    // What was found is looked at, and a second search that is dropped ends no more than itself.
    scene.keys("Ctrl-] / t w o Enter");
    assert!(scene.model.terminal.is_copying());
    scene.keys("/ x Esc");
    assert!(scene.model.terminal.is_copying());
    scene.keys("q Ctrl-] [ / x Esc");
    assert!(scene.model.terminal.is_copying());
}

#[test]
fn what_is_typed_while_the_program_ends_is_no_command() {
    let mut scene = scene();
    scene.pace = Duration::from_millis(100);
    let ended = TerminalEvent::Ended(ProgramEnd::well("ended with exit code 0"));
    scene.message(Message::Terminal(TerminalId(1), ended));
    scene.effects.clear();
    // Slower than the moment in all, but without a pause.
    scene.keys("s q Enter x y t");
    assert_eq!(scene.asked(), []);
    assert_eq!(scene.effects, []);
    assert!(scene.model.overlay.is_none());
    assert!(scene.model.terminal.is_open());
    assert!(hints(&mut scene, 120, 40).contains("just ended"));
    // The chord is docket's at any time.
    scene.keys("Ctrl-] d");
    assert_ne!(scene.model.focus, Pane::Terminal);
    scene.pace = Duration::from_secs(1);
    scene.keys("t");
    assert!(scene.model.terminal.is_alive(), "opened again");
}

#[test]
fn a_shell_among_the_evidence_says_what_it_is_not_for() {
    let mut scene = scene();
    scene.keys("Ctrl-] e");
    for columns in [120, 80] {
        let shown = hints(&mut scene, columns, 24);
        assert!(shown.contains("tampered"), "{shown}");
    }
    // It stands there until a key is pressed.
    scene.keys("l");
    assert!(!hints(&mut scene, 120, 40).contains("tampered"));
}
