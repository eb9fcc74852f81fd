//! A screen beside another docket.

use super::scene::{Scene, ago};
use crate::domain::board::Feed;
use crate::domain::event::{Event, RunOutcome};
use crate::domain::runner_place::RunnerPlace;
use crate::ui::effect::Effect;

const ELSEWHERE: RunnerPlace = RunnerPlace::Elsewhere { pid: Some(4242) };
const NOWHERE: RunnerPlace = RunnerPlace::Nowhere {
    folder_is_gone: false,
};

fn viewer() -> Scene {
    let mut scene = Scene::full();
    scene.model.viewer = true;
    scene.feed(Feed::Runner(ELSEWHERE));
    scene
}

fn last_line(scene: &mut Scene) -> String {
    let frame = scene.frame(120, 30);
    frame.lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn a_viewer_says_so_and_leaves_without_a_question() {
    let mut scene = viewer();
    let frame = scene.frame(120, 30);
    assert!(frame.contains("viewer") && frame.contains("r12 running"));
    scene.keys("q");
    assert!(matches!(scene.effects.as_slice(), [Effect::End(_)]));
}

#[test]
fn taking_over_is_asked_for_and_taken_back() {
    let mut scene = viewer();
    scene.keys("Ctrl-o");
    assert_eq!(scene.effects, [Effect::TakeOver(true)]);
    assert!(scene.frame(120, 30).contains("viewer, takes over"));
    assert_eq!(
        last_line(&mut scene),
        "this docket takes over when the other one (pid 4242) has ended"
    );
    scene.keys("Ctrl-o");
    assert_eq!(scene.effects.last(), Some(&Effect::TakeOver(false)));
    assert!(!scene.frame(120, 30).contains("takes over  "));
}

#[test]
fn a_runner_that_died_leaves_nothing_running() {
    let mut scene = viewer();
    scene.feed(Feed::Runner(NOWHERE));
    let frame = scene.frame(120, 30);
    assert!(frame.contains("viewer, no runner") && frame.contains("r12 lost"));
    assert!(!frame.contains("1 running"));
    assert_eq!(
        last_line(&mut scene),
        "the docket that ran here died in the middle of a run: Ctrl-o takes over"
    );
    // The hint stays when the notice is gone.
    scene.keys("j");
    assert!(last_line(&mut scene).starts_with("Ctrl-o take over"));
    scene.keys("Ctrl-o");
    assert_eq!(scene.effects.last(), Some(&Effect::TakeOver(true)));
    scene.feed(Feed::Runner(RunnerPlace::Here));
    assert!(!scene.frame(120, 30).contains("viewer"));
    assert!(!scene.model.viewer);
}

#[test]
fn a_runner_that_ended_well_is_not_called_dead() {
    let mut scene = viewer();
    let outcome = RunOutcome::NeedsHuman;
    scene.event(ago(0), Event::RunFinished { outcome });
    scene.feed(Feed::Runner(NOWHERE));
    assert_eq!(
        last_line(&mut scene),
        "the docket that ran here has ended: Ctrl-o takes over"
    );
    scene.feed(Feed::Runner(RunnerPlace::Elsewhere { pid: Some(7) }));
    assert_eq!(
        last_line(&mut scene),
        "another docket (pid 7) runs the queue now"
    );
    let folder_is_gone = true;
    scene.feed(Feed::Runner(RunnerPlace::Nowhere { folder_is_gone }));
    assert!(last_line(&mut scene).starts_with("docket's folder here was removed"));
}

#[test]
fn whoever_runs_the_queue_has_nothing_to_take_over() {
    let mut scene = Scene::full();
    scene.keys("Ctrl-o");
    assert_eq!(scene.effects, []);
    assert_eq!(last_line(&mut scene), "this docket runs the queue already");
}
