//! Another shell beside the shown one: where it begins, and how the two are told apart.

use std::path::PathBuf;
use std::time::Duration;

use super::scene::Scene;
use crate::ui::effect::{Effect, Loaded, TerminalId, WhyLook};
use crate::ui::terminals::{TerminalEvent, TerminalRequest};
use crate::ui::update::Message;

fn opened(scene: &Scene) -> &TerminalRequest {
    let mut effects = scene.effects.iter().rev();
    let last = effects.find_map(|effect| match effect {
        Effect::OpenTerminal { request, .. } => Some(request),
        _ => None,
    });
    last.expect("a terminal")
}

fn told(scene: &Scene) -> Option<(String, PathBuf)> {
    let told = opened(scene).told.clone()?;
    Some((told.host, told.path))
}

fn writes(scene: &mut Scene, terminal: u32, bytes: &str) {
    let event = TerminalEvent::Output(bytes.as_bytes().to_vec());
    scene.message(Message::Terminal(TerminalId(terminal), event));
    let terminal = &mut scene.model.terminal;
    terminal.parse(Duration::ZERO, Duration::MAX, &|| Duration::ZERO);
}

#[test]
fn a_new_shell_begins_where_the_shown_one_says_it_works() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] c");
    assert_eq!(told(&scene), None);
    let told_there = Some(("box".to_owned(), PathBuf::from("/srv/a b")));
    writes(&mut scene, 2, "\x1b]7;file://box/srv/a%20b\x1b\\");
    scene.keys("Ctrl-] c");
    assert_eq!(told(&scene), told_there);
    // Its place is the tab's: that is what the next start opens, and what it is called after.
    assert!(opened(&scene).folder.ends_with("worktrees/003"));
    assert!(scene.frame(120, 40).contains("3 003 worktree*"));
    // It has said nothing itself yet.
    scene.keys("Ctrl-] |");
    assert_eq!(told(&scene), told_there);
    writes(&mut scene, 4, "\x1b]7;file:///tmp\x07");
    scene.keys("Ctrl-] -");
    assert_eq!(told(&scene), Some((String::new(), "/tmp".into())));
    // A place that was asked for is that place.
    scene.keys("Ctrl-] r");
    assert_eq!(told(&scene), None);
}

#[test]
fn shells_of_one_split_are_told_apart() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] | Ctrl-] , b u i l d Enter Ctrl-] r");
    let found = [1, 2, 3].map(|id| (TerminalId(id), None)).to_vec();
    let why = WhyLook::Leave;
    scene.message(Message::Loaded(Loaded::Foreground { why, found }));
    let frame = scene.frame(120, 40);
    for name in [
        "1 build, 003 worktree (1 of 2) may run something",
        "1 build, 003 worktree (2 of 2) may run something",
        "2 repository may run something",
    ] {
        assert!(frame.contains(name), "{name}\n{frame}");
    }
}
