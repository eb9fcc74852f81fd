//! The pane of evidence.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::scene::{Scene, ago, attempt, id, name};
use crate::domain::attempt::{AttemptOutcome, Failure, Proof, Validation, Verdict};
use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256};
use crate::domain::item::Usage;
use crate::runner::comparison::Attempted;
use crate::store::records::{AttemptRecord, Seal};
use crate::store::verify::AttemptState;
use crate::ui::effect::{
    AttemptFiles, Checked, Effect, Exported, Facts, FileEntry, Load, Loaded, RunFiles,
};
use crate::ui::pages::Page;
use crate::ui::session::Outside;
use crate::ui::update::Message;

fn validation(name: &str, verdict: Verdict, exit: i32) -> Validation {
    Validation {
        name: name.into(),
        run: name.into(),
        turn: 1,
        verdict,
        exit: Some(exit),
        millis: 12_340,
        output: Some(crate::domain::attempt::Artifact {
            path: format!("validations/{name}.log"),
            sha256: Sha256([2; 32]),
            bytes: 10,
        }),
    }
}

fn facts(number: u32, outcome: AttemptOutcome, validations: Vec<Validation>) -> Facts {
    let record = AttemptRecord {
        attempt: numbered(number),
        run: RunId(12),
        ticket: id("003"),
        revision: Sha256([1; 32]),
        agent: "codex".into(),
        session: None,
        started: ago(500),
        finished: Some(ago(100)),
        outcome: Some(outcome),
        turns: 2,
        usage: Usage {
            input: 12_000,
            output: 1_700,
            cost_usd: Some(0.13),
            ..Usage::default()
        },
        seal: Some(Seal {
            manifest: Sha256([7; 32]),
            files: 5,
            bytes: 41_000,
        }),
        commit: None,
        first: Sequence(1),
        last: Sequence(9),
    };
    Facts {
        attempted: Attempted {
            record,
            validations,
        },
        is_dropped: false,
    }
}

fn numbered(number: u32) -> AttemptId {
    AttemptId {
        number,
        ..attempt("003")
    }
}

/// Ticket 003 with two attempts that have ended; the second is open.
fn two_attempts() -> Scene {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("evidence/r12/TICKET-003");
    fs::create_dir_all(folder.join("2/validations")).expect("folders");
    let file = |number: u32, name: &str, text: &str| {
        let path = folder.join(number.to_string()).join(name);
        fs::write(&path, text).expect("a file");
        FileEntry {
            name: name.into(),
            path,
            bytes: text.len() as u64,
        }
    };
    let failed = AttemptOutcome::Failed {
        failure: Failure::Validation {
            names: vec!["clippy".into()],
        },
    };
    let done = AttemptOutcome::Done {
        proof: Proof::Proven,
    };
    let runs = vec![RunFiles {
        run: "r12".into(),
        attempts: vec![
            AttemptFiles {
                number: 1,
                files: vec![file(1, "prompt.md", "# Do it\n")],
                facts: Some(facts(1, failed, Vec::new())),
            },
            AttemptFiles {
                number: 2,
                files: vec![
                    file(2, "prompt.md", "# Do it better\n"),
                    file(2, "result.json", "{\"turns\":[1,2],\"ok\":true}"),
                    file(2, "validations/cargo test.log", "ok\n"),
                    file(2, "validations/clippy.log", "error: unused\n"),
                    file(2, "manifest.json", "{}"),
                ],
                facts: Some(facts(
                    2,
                    done,
                    vec![
                        validation("cargo test", Verdict::Pass, 0),
                        validation("clippy", Verdict::Fail, 101),
                    ],
                )),
            },
        ],
    }];
    let effects = scene.model.evidence.list();
    let question = match effects.as_slice() {
        [Effect::Load(Load::Evidence { question, .. })] => *question,
        other => panic!("{other:?}"),
    };
    scene.message(Message::Loaded(Loaded::Evidence {
        question,
        runs,
        recordings: Vec::new(),
    }));
    scene.keys("3 z");
    scene
}

#[test]
fn an_attempt_tells_how_it_ended_and_what_was_checked() {
    let mut scene = two_attempts();
    insta::assert_snapshot!("evidence-80x24", scene.frame(80, 24));
    insta::assert_snapshot!("evidence-40x12", scene.frame(40, 12));
    scene.keys("j j j Enter");
    insta::assert_snapshot!("evidence-outcome", scene.frame(80, 24));
    scene.keys("h j j");
    insta::assert_snapshot!("evidence-json", scene.frame(80, 24));
    scene.keys("j j j");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("error: unused"), "{frame}");
}

#[test]
fn verification_is_told_by_word_and_glyph() {
    let mut scene = two_attempts();
    let load = press(&mut scene, "j j V");
    assert_eq!(
        load,
        Load::Verify {
            evidence: scene.model.evidence_root.clone(),
            attempt: numbered(2)
        }
    );
    let frame = scene.frame(80, 24);
    assert!(frame.contains("⚿ verifying"), "{frame}");
    let answer = |state, problems: &[&str]| {
        let problems = problems.iter().map(ToString::to_string).collect();
        Message::Loaded(Loaded::Verified {
            attempt: numbered(2),
            result: Ok(Checked { state, problems }),
        })
    };
    scene.message(answer(AttemptState::Verified, &[]));
    let frame = scene.frame(80, 24);
    assert!(frame.contains("⚿ verified"), "{frame}");
    scene.message(answer(AttemptState::Tampered, &["prompt.md was changed"]));
    scene.keys("G");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("✗ TAMPERED"), "{frame}");
    assert!(frame.contains("prompt.md was changed"), "{frame}");
}

/// Presses keys and gives what is to be read last; nothing is read.
fn press(scene: &mut Scene, keys: &str) -> Load {
    let (before, last) = keys.rsplit_once(' ').unwrap_or(("", keys));
    scene.keys(before);
    let key = super::scene::event_of(last);
    let effects = crate::ui::update::update(&mut scene.model, Message::Key(key));
    let mut loads = effects.into_iter().filter_map(|effect| match effect {
        Effect::Load(load) => Some(load),
        _ => None,
    });
    loads.next_back().expect("something to read")
}

#[test]
fn a_file_is_opened_elsewhere() {
    let mut scene = two_attempts();
    scene.keys("O");
    assert!(scene.effects.is_empty());
    scene.keys("j j j j O");
    let file: PathBuf = scene
        .folder
        .path()
        .join("evidence/r12/TICKET-003/2/prompt.md");
    let pager = Effect::HandOver(Outside::Pager {
        path: file.clone(),
        from_end: false,
    });
    assert_eq!(std::mem::take(&mut scene.effects), [pager]);
    scene.keys("y");
    let copy = Effect::Copy(file.display().to_string());
    assert_eq!(std::mem::take(&mut scene.effects), [copy]);
    scene.keys("E");
    let outside = match std::mem::take(&mut scene.effects).as_slice() {
        [Effect::HandOver(outside @ Outside::Editor { .. })] => outside.clone(),
        other => panic!("{other:?}"),
    };
    let Outside::Editor { path, .. } = &outside else {
        panic!("{outside:?}");
    };
    assert_ne!(*path, file);
    assert_eq!(fs::read(path).expect("a copy"), b"# Do it better\n");
    let path = path.clone();
    scene.message(Message::Returned(outside, Ok(())));
    assert!(!path.exists());
    assert!(scene.frame(80, 24).contains("never edited"));
}

#[test]
fn evidence_is_exported_beside_the_repository() {
    let mut scene = two_attempts();
    let load = press(&mut scene, "j j X");
    assert_eq!(
        load,
        Load::Export {
            evidence: scene.model.evidence_root.clone(),
            attempt: numbered(2),
            folder: scene.model.repository_root.clone(),
        }
    );
    scene.message(Message::Loaded(Loaded::Exported {
        attempt: numbered(2),
        result: Ok(Exported {
            path: "/repo/TICKET-003.2.tar.zst".into(),
            bytes: 4_200,
            is_intact: true,
        }),
    }));
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("TICKET-003.2 is in /repo/TICKET-003.2.tar.zst, 5 kB"),
        "{frame}"
    );
}

#[test]
fn two_attempts_are_compared() {
    let mut scene = two_attempts();
    scene.keys("j c");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("TICKET-003.1 is marked"), "{frame}");
    scene.keys("j");
    let load = press(&mut scene, "c");
    let Load::Compare { from, to, .. } = load else {
        panic!("{load:?}");
    };
    assert_eq!((from, to), (numbered(1), numbered(2)));
    assert_eq!(scene.model.page, Some(Page::Review));
    scene.keys("Esc c c");
    assert!(scene.frame(80, 24).contains("nothing is compared"));
}

#[test]
fn a_long_log_is_read_as_a_window() {
    let mut scene = Scene::full();
    let log = scene
        .folder
        .path()
        .join("evidence/r12/TICKET-003/1/validations/clippy.log");
    let mut text = String::new();
    for line in 0..24_000 {
        writeln!(text, "line {line} of the log").expect("a line");
    }
    fs::write(&log, &text).expect("a log");
    let effects = scene.model.evidence.list();
    for effect in effects {
        if let Effect::Load(load) = effect {
            scene.message(Message::Loaded(crate::ui::loader::load(load)));
        }
    }
    scene.keys("3 z G k Enter");
    let frame = scene.frame(80, 100);
    assert!(frame.contains("line 0 of the log"), "{frame}");
    assert!(frame.contains("517 kB 0%"), "{frame}");
    let first = |frame: &str| -> usize {
        let words = frame.split("line ").nth(1).expect("a line");
        let digits = words.split(' ').next().expect("a number");
        digits.parse().expect("a number")
    };
    // Down without a gap over several pieces, and up again.
    let mut last = first(&frame);
    for _ in 0..220 {
        scene.keys("PageDown");
        let frame = scene.frame(80, 100);
        let now = first(&frame);
        assert!(now > last && now <= last + 98, "{last} {frame}");
        last = now;
    }
    assert!(last > 18_000, "{last}");
    for _ in 0..100 {
        scene.keys("PageUp");
        let now = first(&scene.frame(80, 100));
        assert!(now < last && now + 98 >= last, "{last} {now}");
        last = now;
    }
    scene.frame(80, 24);
    scene.keys("G");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("line 23999 of the log"), "{frame}");
    assert!(frame.contains("100%"), "{frame}");
    // It grows, and what is new is there.
    fs::write(&log, text + "the last words\n").expect("a log");
    for effect in scene.model.evidence.list() {
        if let Effect::Load(load) = effect {
            scene.message(Message::Loaded(crate::ui::loader::load(load)));
        }
    }
    scene.keys("G");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("the last words"), "{frame}");
    scene.keys("g g");
    assert!(scene.frame(80, 24).contains("line 0 of the log"));
}

#[test]
fn what_is_no_text_is_shown_as_bytes() {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("evidence/r12/TICKET-003/1");
    let bytes: Vec<u8> = (0..=255).cycle().take(400_000).collect();
    fs::write(folder.join("shot.png"), bytes).expect("a file");
    for effect in scene.model.evidence.list() {
        if let Effect::Load(load) = effect {
            scene.message(Message::Loaded(crate::ui::loader::load(load)));
        }
    }
    scene.keys("3 z g g j j j");
    while !scene.frame(100, 24).contains("00000000  00 01 02") {
        scene.keys("j");
    }
    scene.keys("Enter G");
    let frame = scene.frame(100, 24);
    assert!(frame.contains("00061a70  70 71 72"), "{frame}");
}

#[test]
fn the_tree_is_asked_for_once_at_a_time() {
    let mut scene = Scene::full();
    let evidence = &mut scene.model.evidence;
    let first = evidence.list();
    let [Effect::Load(load)] = first.as_slice() else {
        panic!("{first:?}");
    };
    // A night's worth of facts while the answer is on its way.
    for _ in 0..100 {
        assert_eq!(evidence.list(), []);
    }
    let Load::Evidence { question, .. } = *load else {
        panic!("{load:?}");
    };
    let again = evidence.listed(question, Vec::new());
    let [Effect::Load(Load::Evidence { question, .. })] = again.as_slice() else {
        panic!("{again:?}");
    };
    assert_eq!(evidence.listed(*question, Vec::new()), []);
    // Another ticket is asked about at once.
    assert_eq!(evidence.list().len(), 1);
    let other = name("001");
    assert_eq!(evidence.show(Some(&other)).len(), 1);
}
