//! The evidence folder: what goes in comes out, nothing leaves the folder, the seal names everything.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use docket::domain::attempt::{AttemptOutcome, Proof};
use docket::domain::hash::sha256;
use docket::domain::ids::{AttemptId, RunId};
use docket::store::EvidenceError;
use docket::store::evidence::{EvidenceFolder, MANIFEST, SealMeta, last_run, read_manifest};

use crate::ledger::scene::{NOW, Scene, attempt_id, skipped, ticket_id};

pub(super) fn meta(attempt: &AttemptId) -> SealMeta {
    SealMeta {
        attempt: attempt.clone(),
        run: RunId(1),
        ticket: ticket_id("tkt_000000000001"),
        revision: sha256(b"revision"),
        outcome: AttemptOutcome::Done {
            proof: Proof::Proven,
        },
        docket: "0.1.0".to_owned(),
        at: NOW,
    }
}

fn folder(scene: &Scene) -> EvidenceFolder {
    let attempt = attempt_id("TICKET-001.1");
    EvidenceFolder::create(&scene.evidence(), RunId(1), &attempt).expect("made")
}

#[test]
fn the_folder_is_where_the_contract_says_and_for_the_owner_alone() {
    let scene = Scene::new();
    let folder = folder(&scene);
    assert_eq!(folder.path(), scene.evidence().join("r1/TICKET-001/1"));
    folder.write("prompt.md", b"do it").expect("written");
    let mode = |path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(folder.path().to_path_buf()), 0o700);
    assert_eq!(mode(scene.evidence()), 0o700);
    assert_eq!(mode(folder.path().join("prompt.md")), 0o600);
    assert_eq!(last_run(&scene.evidence()), 1);
    assert_eq!(last_run(&scene.evidence().join("nowhere")), 0);
}

#[test]
fn evidence_is_never_written_over() {
    let scene = Scene::new();
    let attempt = attempt_id("TICKET-001.1");
    folder(&scene)
        .write("prompt.md", b"first")
        .expect("written");
    let again = EvidenceFolder::create(&scene.evidence(), RunId(1), &attempt);
    assert!(matches!(again, Err(EvidenceError::Exists { .. })));
    // Recovery goes on with what is there.
    let open = EvidenceFolder::open(&scene.evidence(), RunId(1), &attempt).expect("opened");
    assert_eq!(open.artifact("prompt.md").expect("there").bytes, 5);
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let scene = Scene::new();
    let folder = folder(&scene);
    for name in ["../prompt.md", "/tmp/x", "a/../../x", "", MANIFEST, ".x"] {
        let refused = folder.write(name, b"x");
        assert!(
            matches!(refused, Err(EvidenceError::BadPath { .. })),
            "{name}"
        );
        assert!(folder.appender(name).is_err(), "{name}");
        assert!(folder.path_of(name).is_err(), "{name}");
    }
}

#[test]
fn every_validation_gets_a_log_of_its_own() {
    let scene = Scene::new();
    let folder = folder(&scene);
    let log = |name: &str| folder.validation_log(name).expect(name);
    assert_eq!(log("cargo test"), "validations/cargo-test.log");
    assert_eq!(log("cargo test"), "validations/cargo-test.2.log");
    assert_eq!(log("cargo-test"), "validations/cargo-test.3.log");
    let hostile = log("../../../etc/passwd; rm -rf /");
    assert!(folder.path().join(&hostile).is_file(), "{hostile}");
    assert_ne!(log("a/b"), log("a:b"));
    let artifact = folder
        .write("validations/cargo-test.log", b"ok\n")
        .expect("written");
    assert_eq!(
        artifact,
        folder
            .artifact("validations/cargo-test.log")
            .expect("there")
    );
    assert_eq!(artifact.sha256, sha256(b"ok\n"));
}

#[test]
fn growing_files_are_counted_and_seen_when_flushed() {
    let scene = Scene::new();
    let folder = folder(&scene);
    let mut transcript = folder.appender("transcript.jsonl").expect("opened");
    transcript.append(b"{}\n").expect("added");
    assert_eq!((transcript.flushed(), transcript.len()), (0, 3));
    transcript.flush().expect("flushed");
    assert_eq!(transcript.flushed(), 3);
    assert_eq!(fs::read(transcript.path()).expect("read"), b"{}\n");
    transcript.append(&vec![b'x'; 100_000]).expect("added");
    assert_eq!(
        transcript.flushed(),
        100_003,
        "much goes straight to the file"
    );
    assert_eq!(transcript.finish().expect("finished"), 100_003);
    let mut again = folder.appender("transcript.jsonl").expect("opened again");
    assert_eq!(again.len(), 100_003);
    again.append(b"!").expect("added");
    drop(again);
    assert_eq!(
        folder.artifact("transcript.jsonl").expect("there").bytes,
        100_004
    );
}

#[test]
fn the_seal_names_every_file_with_its_hash() {
    let scene = Scene::new();
    let folder = folder(&scene);
    let meta = meta(&attempt_id("TICKET-001.1"));
    folder.write("ticket.md", b"ticket").expect("written");
    folder.write("prompt.md", b"prompt").expect("written");
    let log = folder.validation_log("cargo test").expect("made");
    fs::write(folder.path().join(log), b"output").expect("written by a process");
    // What a killed docket leaves half-written is no evidence.
    fs::write(folder.path().join(".tmp-result.json"), b"{").expect("written");

    let sealed = folder.seal(&meta).expect("sealed");
    let names: Vec<_> = sealed.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        names,
        ["prompt.md", "ticket.md", "validations/cargo-test.log"]
    );
    assert_eq!(sealed.bytes, 18);
    assert_eq!(sealed.files[0].sha256, sha256(b"prompt"));
    let bytes = fs::read(folder.path().join(MANIFEST)).expect("read");
    assert_eq!(sealed.manifest, sha256(&bytes));
    let (manifest, hash) = read_manifest(folder.path()).expect("read");
    assert_eq!((hash, &manifest.meta), (sealed.manifest, &meta));
    assert_eq!(manifest.files, sealed.files);
    let mode = fs::metadata(folder.path().join("prompt.md")).expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o400);

    // A docket that died before it noted the seal makes it again, with the same result.
    assert_eq!(folder.seal(&meta).expect("sealed again"), sealed);
}

#[test]
fn what_is_not_a_file_is_not_sealed() {
    let scene = Scene::new();
    let folder = folder(&scene);
    symlink("/etc/passwd", folder.path().join("diff.patch")).expect("linked");
    let refused = folder.seal(&meta(&attempt_id("TICKET-001.1")));
    assert!(matches!(refused, Err(EvidenceError::NotAFile { .. })));
    assert!(folder.artifact("diff.patch").is_err());
}

#[test]
fn a_full_disk_is_an_error_value() {
    let scene = Scene::new();
    let folder = folder(&scene);
    if !std::path::Path::new("/dev/full").exists() {
        return skipped("this system has no device that is always full");
    }
    // Every write to this device fails as on a full disk.
    symlink("/dev/full", folder.path().join("raw.jsonl")).expect("linked");
    let mut raw = folder.appender("raw.jsonl").expect("opened");
    raw.append(b"x").expect("waits in memory");
    let error = raw.flush().expect_err("full");
    assert!(matches!(error, EvidenceError::Full { .. }), "{error}");
    raw.append(b"y")
        .expect_err("it stays failed: a hole would be no evidence");
    raw.finish().expect_err("and finishing says so");
}
