//! Recording a terminal, and the player's page.

use std::fs;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::scene::{Scene, artifact, look};
use crate::domain::command::Command;
use crate::runner::recorder::Ended;
use crate::ui::action::Action;
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::pages::Page;
use crate::ui::player::{Order, Picture, Progress, Seek};
use crate::ui::terminals::TerminalEvent;
use crate::ui::update::{Message, perform};

fn picture(columns: u16, rows: u16) -> Arc<Picture> {
    let mut screen = Buffer::empty(Rect::new(0, 0, columns, rows));
    for y in 0..rows {
        screen.set_string(0, y, format!("row {y} "), ratatui::style::Style::new());
    }
    screen.set_string(0, 1, "$ cargo test", ratatui::style::Style::new());
    Arc::new(Picture {
        screen: Arc::new(screen),
        cursor: Some((12, 1)),
        progress: Progress {
            seconds: 72,
            total: Some(3_700),
            share: 0.3,
            speed: 2.0,
            is_playing: false,
            cuts: true,
            title: Some("worktree of 003".to_owned()),
            ..Progress::default()
        },
    })
}

fn with_recording() -> Scene {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("evidence/recordings");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(
        folder.join("TICKET-003.1-20261121-193012.cast"),
        "{\"version\":2,\"width\":40,\"height\":6}\n[0.1,\"o\",\"hello\"]\n",
    )
    .expect("a file");
    // Whatever was recorded is listed anew.
    scene.message(Message::Recorded(
        TerminalId(9),
        Ended {
            path: folder.join("other.cast"),
            file: None,
            trouble: None,
        },
    ));
    scene.frame(120, 40);
    scene.keys("3");
    for _ in 0..30 {
        let file = scene.model.evidence.file();
        if file.is_some_and(|file| file.extension().is_some_and(|end| end == "cast")) {
            break;
        }
        scene.keys("j");
    }
    scene.effects.clear();
    scene.keys("Enter");
    scene
}

#[test]
fn a_recording_is_found_among_the_evidence_and_played() {
    let mut scene = with_recording();
    assert_eq!(scene.model.page, Some(Page::Player));
    let played = scene.effects.iter().any(|effect| {
        matches!(effect, Effect::Play(path) if path.ends_with("TICKET-003.1-20261121-193012.cast"))
    });
    assert!(played, "{:?}", scene.effects);
    scene.effects.clear();
    scene.keys("Space Left Shift-Right > . ] 3 0 i");
    let orders: Vec<_> = scene.effects.drain(..).collect();
    assert_eq!(
        orders,
        [
            Order::Pause,
            Order::Seek(Seek::By(-5.0)),
            Order::Seek(Seek::By(60.0)),
            Order::Faster,
            Order::Step,
            Order::Seek(Seek::NextMarker),
            Order::Seek(Seek::Tenth(3)),
            Order::Seek(Seek::Begin),
            Order::CutPauses,
        ]
        .map(Effect::Player)
    );
    scene.keys("q");
    assert_eq!(scene.model.page, None);
    assert_eq!(scene.effects, [Effect::EndPlay]);
}

#[test]
fn hints_say_what_keys_do_to_a_recording() {
    let mut scene = with_recording();
    scene.keys("q 3");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("rec 19:30:12"), "{frame}");
    assert!(frame.contains("Right play"), "{frame}");
    scene.keys("Enter");
    let mut played = (*picture(80, 24)).clone();
    for (is_playing, is_over, words) in [
        (true, false, "Space pause"),
        (false, false, "Space go on"),
        (false, true, "Space again"),
    ] {
        played.progress.is_playing = is_playing;
        played.progress.is_over = is_over;
        scene.message(Message::Played(std::sync::Arc::new(played.clone())));
        let frame = scene.frame(120, 40);
        assert!(frame.contains(words), "{frame}");
    }
}

#[test]
fn the_player_at_three_sizes() {
    let mut scene = with_recording();
    scene.message(Message::Played(picture(80, 24)));
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let name = format!("player_{columns}x{rows}");
        insta::assert_snapshot!(name, scene.frame(columns, rows));
    }
    scene.model.look = look(true);
    assert!(scene.frame(80, 24).contains("= paused 1:12 / 1:01:40  2x"));
}

#[test]
fn a_terminal_is_recorded_from_what_it_shows() {
    let mut scene = Scene::full();
    scene.frame(120, 40);
    scene.keys("t");
    scene.frame(120, 40);
    let terminal = TerminalId(1);
    scene.message(Message::Terminal(
        terminal,
        TerminalEvent::Output(b"before".to_vec()),
    ));
    let effects = perform(&mut scene.model, Action::Record);
    let [Effect::Record { plan, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(
        plan.first.ends_with(b"before"),
        "what isn't parsed yet follows"
    );
    assert!(plan.folder.ends_with("evidence/recordings"));
    assert_eq!(plan.stem, "TICKET-003.1");
    assert!(scene.frame(120, 40).contains("● rec"));
    let effects = perform(&mut scene.model, Action::Record);
    assert_eq!(effects, [Effect::StopRecording(terminal)]);
    assert!(!scene.frame(120, 40).contains("● rec"));
    let file = artifact("TICKET-003.1-20261121-193012.cast");
    scene.commands.clear();
    scene.message(Message::Recorded(
        terminal,
        Ended {
            path: plan.folder.join(&file.path),
            file: Some(file.clone()),
            trouble: None,
        },
    ));
    let [
        Command::Record {
            attempt,
            file: told,
        },
    ] = scene.commands.as_slice()
    else {
        panic!("{:?}", scene.commands);
    };
    assert_eq!(
        attempt.as_ref().map(ToString::to_string).as_deref(),
        Some("TICKET-003.1")
    );
    assert_eq!(*told, file);
    assert!(!scene.model.recordings.is_any());
    assert!(
        scene
            .frame(120, 40)
            .contains("recorded evidence/recordings/TICKET-003.1")
    );
}

#[test]
fn a_recording_that_fails_says_so_and_the_shell_goes_on() {
    let mut scene = Scene::full();
    scene.frame(120, 40);
    scene.keys("t");
    scene.frame(120, 40);
    drop(perform(&mut scene.model, Action::Record));
    scene.message(Message::Recorded(
        TerminalId(1),
        Ended {
            path: "x.cast".into(),
            file: None,
            trouble: Some("no space left on device".to_owned()),
        },
    ));
    let frame = scene.frame(120, 40);
    assert!(frame.contains("no space left on device"), "{frame}");
    assert!(!frame.contains("● rec"));
    assert!(scene.commands.is_empty());
    assert!(scene.model.terminal.is_alive());
}

#[test]
fn a_recording_is_told_in_words_below_the_tree() {
    let mut scene = with_recording();
    scene.keys("q 3");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("0:00 long, "), "{frame}");
    assert!(frame.contains("its last screen:"), "{frame}");
    assert!(
        frame.contains("hello") && !frame.contains("version"),
        "{frame}"
    );
}

#[test]
fn recordings_of_the_repository_stand_at_the_end_and_are_played() {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("evidence/recordings");
    fs::create_dir_all(&folder).expect("a folder");
    let recording = folder.join("api-server-20261121-080000.cast");
    fs::write(&recording, "{\"version\":2,\"width\":40,\"height\":6}\n").expect("a file");
    let ended = Ended {
        path: recording.clone(),
        file: None,
        trouble: None,
    };
    scene.message(Message::Recorded(TerminalId(9), ended));
    let frame = scene.frame(120, 40);
    assert!(frame.contains("▸ recordings (1)"), "{frame}");
    assert!(!frame.contains("rec 08:00:00"), "{frame}");
    scene.keys("3 G Enter j");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("rec 08:00:00"), "{frame}");
    // It is no attempt's.
    scene.keys("V");
    assert!(scene.frame(120, 40).contains("select an attempt first"));
    scene.effects.clear();
    scene.keys("Enter");
    assert_eq!(scene.model.page, Some(Page::Player));
    assert_eq!(scene.effects, [Effect::Play(recording)]);
    // Another ticket has it, too.
    scene.keys("q 1 j 3");
    assert!(scene.frame(120, 40).contains("recordings (1)"));
}
