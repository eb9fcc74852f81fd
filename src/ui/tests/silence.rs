//! Agents on terminals that are quiet: what only a human can judge is in the inbox.

use super::scene::{Scene, ago, attempt, id, look};
use crate::domain::board::TicketState;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::ui::abilities::Abilities;
use crate::ui::effect::Effect;
use crate::ui::layout::Pane;

fn silent(scene: &mut Scene, since: Option<i64>) {
    let event = Event::TurnSilent {
        attempt: attempt("003"),
        turn: 2,
        since: since.map(ago),
    };
    scene.event(ago(0), event);
}

/// With ticket 003 selected, whose agent has a terminal and is silent.
fn scene_with(mut scene: Scene) -> Scene {
    let agent = scene.model.view().expect("a ticket").agent.clone();
    let abilities = Abilities {
        terminal: true,
        ..Abilities::default()
    };
    scene.model.abilities.insert(agent, abilities);
    silent(&mut scene, Some(130));
    scene.model.follows_run = false;
    scene.pace = std::time::Duration::from_millis(400);
    scene
}

fn scene() -> Scene {
    scene_with(Scene::full())
}

#[test]
fn it_is_in_the_inbox_with_what_can_be_said() {
    let mut scene = scene();
    insta::assert_snapshot!("silence-panes", scene.frame(120, 40));
    scene.keys("i");
    for (width, height) in [(120, 40), (40, 12)] {
        insta::assert_snapshot!(
            format!("silence-{width}x{height}"),
            scene.frame(width, height)
        );
    }
    let mut ascii = scene_with(Scene::full_with(look(true)));
    ascii.keys("i");
    assert!(ascii.frame(80, 24).contains("~ silent"));
}

#[test]
fn a_word_ends_the_turn_from_the_inbox() {
    for (key, said) in [("D", true), ("c", false)] {
        let mut scene = scene();
        scene.keys("i");
        scene.frame(120, 40);
        scene.keys(key);
        let ticket = id("003");
        assert_eq!(scene.asked(), [Command::Claim { ticket, done: said }]);
        // Said once.
        scene.keys("g g");
        scene.frame(120, 40);
        scene.keys(key);
        assert_eq!(scene.asked(), []);
    }
    // It is neither a yes nor a no.
    let mut scene = scene();
    scene.keys("i a N");
    assert_eq!(scene.asked(), []);
    // Nor is any other thing that waits ended by these keys.
    scene.keys("j D c");
    assert_eq!(scene.asked(), []);
}

#[test]
fn a_word_that_came_before_it_could_be_read_ends_nothing() {
    let mut scene = scene();
    scene.pace = std::time::Duration::ZERO;
    scene.keys("i D");
    assert_eq!(scene.asked(), []);
}

#[test]
fn its_terminal_is_one_key_away() {
    let mut scene = scene();
    scene.keys("g g j j j j i");
    scene.frame(120, 40);
    scene.keys("g g t");
    assert_eq!(scene.model.page, None);
    assert_eq!(scene.model.focus, Pane::Terminal);
    assert_eq!(scene.model.queue.selected(), Some(&id("003")));
    let opens = |effect: &Effect| matches!(effect, Effect::OpenTerminal { .. });
    assert!(scene.effects.iter().any(opens), "{:?}", scene.effects);
}

#[test]
fn it_goes_away_by_itself() {
    let mut scene = scene();
    scene.keys("i");
    assert!(scene.frame(120, 40).contains("1 of 3"));
    silent(&mut scene, None);
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("1 of 2") && !frame.contains("silent"),
        "{frame}"
    );
    let view = scene.model.board.tickets.get(&id("003"));
    assert_eq!(view.map(|view| &view.state), Some(&TicketState::Running));
}

#[test]
fn the_next_waiting_one_may_be_a_silent_one() {
    let mut scene = scene();
    scene.keys("g g !");
    assert_eq!(scene.model.queue.selected(), Some(&id("003")));
}
