//! What is decided is what was shown, wherever the key for it was pressed.

use std::time::Duration;

use super::inbox::{answered, asks, command, says};
use super::scene::{Scene, ago};
use crate::domain::command::Reaction;

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
