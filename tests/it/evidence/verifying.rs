//! `verify`: what was touched is found and named.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use docket::domain::event::Event;
use docket::domain::ids::{AttemptId, RunId, Sequence};
use docket::store::evidence::{EvidenceFolder, MANIFEST};
use docket::store::verify::{AttemptState, Filter, Problem, Report, Warning, verify};

use super::files::meta;
use crate::ledger::scene::{NOW, Scene, attempt_id, ticket_id, trivial_run, trivial_ticket};

/// Two done tickets with real, sealed evidence.
fn sealed_scene() -> Scene {
    let scene = Scene::new();
    let mut events = trivial_run();
    events.pop();
    events.extend(trivial_ticket(2));
    for event in &mut events {
        if let Event::EvidenceSealed {
            attempt,
            manifest,
            files,
            bytes,
        } = event
        {
            let folder =
                EvidenceFolder::create(&scene.evidence(), RunId(1), attempt).expect("made");
            for name in FILES {
                let content = format!("{name} of {attempt}\n").repeat(2_000);
                folder.write(name, content.as_bytes()).expect("written");
            }
            let sealed = folder.seal(&meta(attempt)).expect("sealed");
            *manifest = sealed.manifest;
            *files = u32::try_from(sealed.files.len()).expect("few");
            *bytes = sealed.bytes;
        }
    }
    scene.store(events);
    scene
}

const FILES: [&str; 8] = [
    "diff.patch",
    "files.json",
    "prompt.md",
    "raw.jsonl",
    "result.json",
    "ticket.md",
    "transcript.jsonl",
    "validations/cargo-test.log",
];

fn first() -> AttemptId {
    attempt_id("TICKET-001.1")
}

fn file(scene: &Scene, name: &str) -> PathBuf {
    scene.evidence().join("r1/TICKET-001/1").join(name)
}

fn check(scene: &Scene) -> Report {
    check_only(scene, &Filter::All)
}

fn check_only(scene: &Scene, filter: &Filter) -> Report {
    verify(&scene.path(), &scene.evidence(), filter).expect("the check is made")
}

/// Changes one bit and nothing else: neither the size nor the times tell.
fn flip(path: &Path, at: usize) {
    let times = fs::metadata(path).expect("there");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("writable");
    let mut bytes = fs::read(path).expect("read");
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("written");
    let file = fs::File::options().write(true).open(path).expect("opened");
    file.set_modified(times.modified().expect("a time"))
        .expect("set");
}

#[test]
fn untouched_evidence_is_intact() {
    let scene = sealed_scene();
    let report = check(&scene);
    assert!(report.is_intact(), "{report}");
    assert_eq!(report.warnings, []);
    assert_eq!((report.events, report.files), (31, 16));
    let states: Vec<_> = report
        .attempts
        .iter()
        .map(|attempt| attempt.state)
        .collect();
    assert_eq!(states, [AttemptState::Verified; 2]);
    let text = report.to_string();
    assert!(text.starts_with("verified TICKET-001.1 (r1)\n"), "{text}");
    assert!(text.contains("intact: 31 events, 16 files"), "{text}");
    let json = serde_json::to_value(&report).expect("machine-readable");
    assert_eq!(json["attempts"][1]["state"], "verified");
}

#[test]
fn a_flipped_bit_in_any_file_names_that_file() {
    for name in FILES {
        let scene = sealed_scene();
        let path = file(&scene, name);
        let last = fs::metadata(&path).expect("there").len() - 1;
        flip(&path, usize::try_from(last).expect("small"));
        let report = check(&scene);
        let attempt = first();
        assert_eq!(report.problems, [Problem::ChangedFile { attempt, path }]);
        assert_eq!(report.attempts[0].state, AttemptState::Tampered);
        assert_eq!(report.attempts[1].state, AttemptState::Verified);
        assert!(report.to_string().contains(name));
    }
}

#[test]
fn a_changed_manifest_is_found_wherever_it_was_changed() {
    let length = fs::metadata(file(&sealed_scene(), MANIFEST))
        .expect("there")
        .len();
    let length = usize::try_from(length).expect("small");
    for at in [0, length / 3, length / 2, length - 1] {
        let scene = sealed_scene();
        let path = file(&scene, MANIFEST);
        flip(&path, at);
        let attempt = first();
        let changed = Problem::ChangedManifest { attempt, path };
        assert!(check(&scene).problems.contains(&changed), "at {at}");
    }
}

#[test]
fn a_file_and_its_manifest_changed_together_are_found() {
    let scene = sealed_scene();
    let folder = EvidenceFolder::open(&scene.evidence(), RunId(1), &first()).expect("opened");
    folder
        .write("result.json", b"all tests passed")
        .expect("written over");
    folder.seal(&meta(&first())).expect("sealed again");
    let path = file(&scene, MANIFEST);
    let attempt = first();
    assert_eq!(
        check(&scene).problems,
        [Problem::ChangedManifest { attempt, path }]
    );
}

#[test]
fn missing_files_and_manifests_are_named_and_extra_ones_are_a_warning() {
    let scene = sealed_scene();
    let path = file(&scene, "diff.patch");
    fs::remove_file(&path).expect("removed");
    let extra = file(&scene, "validations/more.log");
    fs::write(&extra, "x").expect("written");
    let report = check(&scene);
    let attempt = first();
    assert_eq!(report.problems, [Problem::MissingFile { attempt, path }]);
    let attempt = first();
    let path = extra;
    assert_eq!(report.warnings, [Warning::ExtraFile { attempt, path }]);

    let scene = sealed_scene();
    let path = file(&scene, MANIFEST);
    fs::remove_file(&path).expect("removed");
    let attempt = first();
    assert_eq!(
        check(&scene).problems,
        [Problem::MissingManifest { attempt, path }]
    );

    let scene = sealed_scene();
    fs::remove_dir_all(scene.evidence()).expect("removed");
    let problems = check(&scene).problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_file_replaced_by_a_link_to_its_twin_is_found() {
    let scene = sealed_scene();
    let path = file(&scene, "diff.patch");
    let twin = scene.evidence().join("twin");
    fs::rename(&path, &twin).expect("moved");
    std::os::unix::fs::symlink(&twin, &path).expect("linked");
    let problems = check(&scene).problems;
    assert!(
        matches!(&problems[..], [Problem::UnreadableFile { .. }]),
        "{problems:?}"
    );
}

#[test]
fn a_changed_row_is_named() {
    for sql in [
        "UPDATE events SET payload = replace(payload, '\"exit\":0', '\"exit\":1') WHERE kind = 'validation_finished' AND seq < 16",
        "UPDATE events SET at = at + 1 WHERE seq = 11",
        "UPDATE events SET run = 2 WHERE seq = 11",
        "UPDATE events SET kind = 'validation_praised' WHERE seq = 11",
        "UPDATE events SET version = 0 WHERE seq = 11",
        "UPDATE events SET hash = zeroblob(31) WHERE seq = 11",
        "UPDATE events SET run = -1 WHERE seq = 11",
    ] {
        let scene = sealed_scene();
        scene.tamper(sql);
        let seq = Sequence(11);
        let report = check(&scene);
        let rows: Vec<_> = report
            .problems
            .iter()
            .filter(|problem| is_of_chain(problem))
            .collect();
        assert_eq!(rows, [&Problem::ChangedRow { seq }], "{sql}");
    }
}

fn is_of_chain(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::ChangedRow { .. } | Problem::MissingRows { .. } | Problem::SwappedRows { .. }
    )
}

#[test]
fn a_row_rewritten_with_a_fitting_hash_breaks_the_next_one() {
    let scene = sealed_scene();
    let row = scene
        .reader()
        .events(Sequence(10), 1)
        .expect("read")
        .remove(0);
    let previous = rusqlite::Connection::open(scene.path())
        .and_then(|connection| {
            connection.query_row("SELECT hash FROM events WHERE seq = 10", [], |row| {
                row.get(0)
            })
        })
        .map(docket::domain::ids::Sha256)
        .expect("read");
    let forged = docket::store::chain::Row {
        seq: row.seq().0,
        at: NOW.0,
        run: 1,
        kind: "run_paused".to_owned(),
        version: 1,
        payload: "{}".to_owned(),
    };
    let hash = forged.link(previous);
    scene.tamper(&format!(
        "UPDATE events SET kind = 'run_paused', payload = '{{}}', hash = x'{hash}' WHERE seq = 11"
    ));
    let problems = check(&scene).problems;
    assert!(
        problems.contains(&Problem::ChangedRow { seq: Sequence(12) }),
        "{problems:?}"
    );
}

#[test]
fn a_missing_row_is_named() {
    let scene = sealed_scene();
    scene.tamper("DELETE FROM events WHERE seq IN (7, 8, 20)");
    let report = check(&scene);
    let rows: Vec<_> = report
        .problems
        .iter()
        .filter(|problem| is_of_chain(problem))
        .collect();
    let missing = |first, last| Problem::MissingRows {
        first: Sequence(first),
        last: Sequence(last),
    };
    assert_eq!(rows, [&missing(7, 8), &missing(20, 20)]);
}

#[test]
fn swapped_rows_are_named_with_and_without_their_hashes() {
    for columns in [
        "at, run, kind, version, payload",
        "at, run, kind, version, payload, hash",
    ] {
        let scene = sealed_scene();
        scene.tamper(&format!(
            "CREATE TEMP TABLE other AS SELECT * FROM events;
             UPDATE events SET ({columns}) = (SELECT {columns} FROM other WHERE other.seq = 9 + 10 - events.seq)
             WHERE seq IN (9, 10)"
        ));
        let report = check(&scene);
        let (first, second) = (Sequence(9), Sequence(10));
        let rows: Vec<_> = report
            .problems
            .iter()
            .filter(|problem| is_of_chain(problem))
            .collect();
        assert_eq!(rows, [&Problem::SwappedRows { first, second }], "{columns}");
    }
}

#[test]
fn a_cut_off_end_contradicts_projections_and_seals() {
    let scene = sealed_scene();
    scene.tamper("DELETE FROM events WHERE seq > 20");
    let problems = check(&scene).problems;
    let cut = Problem::CutOff {
        last: Sequence(20),
        seen: Sequence(30),
    };
    assert!(problems.contains(&cut), "{problems:?}");

    // Even when the projections are folded again, the seal on the disk tells.
    let scene = sealed_scene();
    scene.tamper("DELETE FROM events WHERE seq > 17");
    docket::store::ledger::rebuild(&scene.path()).expect("rebuilt");
    let path = scene.evidence().join("r1/TICKET-002/1");
    assert_eq!(
        check(&scene).problems,
        [Problem::UnknownSeal { path: path.clone() }]
    );

    // Without it nothing contradicts: only a head that was noted elsewhere does.
    let before = check(&sealed_scene()).head;
    fs::remove_dir_all(path).expect("removed");
    let report = check(&scene);
    assert!(report.is_intact());
    assert_ne!(report.head, before);
}

#[test]
fn an_attempt_without_a_seal_is_open() {
    let scene = sealed_scene();
    let ledger = scene.open();
    let mut events = trivial_ticket(3);
    events.truncate(4);
    ledger.append(RunId(2), NOW, events);
    ledger.close().expect("stored");
    let attempt = attempt_id("TICKET-003.1");
    let folder = EvidenceFolder::create(&scene.evidence(), RunId(2), &attempt).expect("made");
    folder.write("prompt.md", b"x").expect("written");
    let report = check(&scene);
    assert!(report.is_intact(), "{report}");
    assert_eq!(report.attempts[2].state, AttemptState::Open);
    // Sealed, and the event is on its way: not a problem while the attempt is open.
    folder.seal(&meta(&attempt)).expect("sealed");
    let report = check(&scene);
    assert!(report.is_intact() && report.warnings.is_empty(), "{report}");
}

#[test]
fn folders_that_the_ledger_does_not_know_are_told() {
    let scene = sealed_scene();
    let stray = scene.evidence().join("r9/TICKET-009/1");
    fs::create_dir_all(&stray).expect("made");
    let report = check(&scene);
    assert!(report.is_intact());
    assert_eq!(report.warnings, [Warning::UnknownFolder { path: stray }]);
}

#[test]
fn a_filter_chooses_whose_files_are_hashed() {
    let scene = sealed_scene();
    flip(&file(&scene, "diff.patch"), 0);
    let of = |filter| check_only(&scene, &filter);
    assert!(!of(Filter::Attempt(first())).is_intact());
    assert!(!of(Filter::Run(RunId(1))).is_intact());
    assert!(!of(Filter::Ticket(ticket_id("tkt_000000000001"))).is_intact());
    let other = of(Filter::Ticket(ticket_id("tkt_000000000002")));
    assert!(other.is_intact(), "{other}");
    assert_eq!(other.files, 8);
    assert!(of(Filter::Attempt(attempt_id("TICKET-002.1"))).is_intact());
    assert_eq!(of(Filter::Run(RunId(2))).attempts, []);
}

#[test]
fn a_missing_ledger_is_an_empty_one() {
    let scene = Scene::new();
    let report = check(&scene);
    assert!(report.is_intact());
    assert_eq!(report.to_string(), "intact: 0 events, 0 files, 0 bytes");
    assert!(!scene.path().exists());
}
