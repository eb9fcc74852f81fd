//! `evidence export`, and `evidence verify` of what it wrote: on another machine, without the repository.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use docket::store::bundle::{BundleReport, check};
use tar::{Builder, EntryType, Header};

use crate::support::repository::text_of;
use crate::support::sandbox::Sandbox;

fn after_a_run() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure("[limits]\nturns = 1\nattempts = 2");
    sandbox.shell(
        10,
        "validate: [{ name: look, run: \"cat a\" }]",
        "echo a > a; seq 3000",
    );
    sandbox.shell(20, "validate: [\"false\"]", "echo b > b");
    sandbox.docket(["run"]).exits(5);
    sandbox
}

fn exported(sandbox: &Sandbox, what: &str) -> PathBuf {
    let path = sandbox.home(format!("{what}.tar.zst"));
    sandbox
        .docket([
            "evidence",
            "export",
            what,
            "-o",
            path.to_str().expect("UTF-8"),
        ])
        .exits(0);
    path
}

/// The files of a bundle, in order.
fn unpack(path: &Path) -> Vec<(String, Vec<u8>)> {
    let file = fs::File::open(path).expect("it is there");
    let decoder = ruzstd::decoding::StreamingDecoder::new(file).expect("zstd");
    let mut archive = tar::Archive::new(decoder);
    let entries = archive.entries().expect("a tar");
    entries
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("a path").display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("its bytes");
            (name, bytes)
        })
        .collect()
}

fn header(name: &str, size: u64) -> Header {
    let mut header = Header::new_ustar();
    // As bytes: the crate itself refuses names that lead elsewhere.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    header
}

fn plain_tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = header("", bytes.len() as u64);
        header.set_path(name).expect("a name");
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).expect("packed");
    }
    tar.into_inner().expect("a tar")
}

fn judge(sandbox: &Sandbox, tar: &[u8]) -> BundleReport {
    let packed =
        ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest);
    judge_packed(sandbox, &packed)
}

fn judge_packed(sandbox: &Sandbox, packed: &[u8]) -> BundleReport {
    let path = sandbox.home("judged.tar.zst");
    fs::write(&path, packed).expect("written");
    check(&path).expect("it can be opened")
}

#[track_caller]
fn finds(report: &BundleReport, part: &str) {
    let all = report.problems.join("\n");
    assert!(all.contains(part), "`{part}` is not in:\n{all}");
}

#[test]
fn a_bundle_is_checked_where_there_is_no_repository() {
    let sandbox = after_a_run();
    let path = exported(&sandbox, "r1");
    let elsewhere = sandbox.home("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let folder = elsewhere.to_str().expect("UTF-8");
    let file = path.to_str().expect("UTF-8");
    let verified = sandbox
        .docket(["-C", folder, "evidence", "verify", file])
        .exits(0);
    assert!(
        verified.stdout.contains("TICKET-010.1  r1  verified"),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains("TICKET-020.2  r1  verified"),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains("\nintact: "),
        "{}",
        verified.stdout
    );
    let json = sandbox
        .docket(["-C", folder, "evidence", "verify", file, "--json"])
        .exits(0)
        .json();
    assert_eq!(json["intact"], true);
    assert_eq!(json["attempts"].as_array().map(Vec::len), Some(3));
    assert_eq!(fs::read_dir(&elsewhere).expect("there").count(), 0);

    let names: Vec<_> = unpack(&path).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..3], ["VERIFY.md", "bundle.json", "events.jsonl"]);
    assert_eq!(names[3], "evidence/r1/TICKET-010/1/manifest.json");
    assert_eq!(names.last().map(String::as_str), Some("SHA256SUMS"));
    // Again gives the same bytes, and nothing is overwritten.
    let again = sandbox.home("again.tar.zst");
    let again_name = again.to_str().expect("UTF-8");
    sandbox
        .docket(["evidence", "export", "r1", "-o", again_name])
        .exits(0);
    assert_eq!(
        fs::read(&again).expect("there"),
        fs::read(&path).expect("there")
    );
    sandbox
        .docket(["evidence", "export", "r1", "-o", again_name])
        .exits(2)
        .says("is there already");
    sandbox.docket(["evidence", "export", "r9"]).exits(2);
    sandbox.docket(["evidence", "export", "99"]).exits(2);
    sandbox
        .docket(["evidence", "verify", "nothing.tar.zst"])
        .exits(2);
}

#[test]
fn a_ticket_or_one_attempt_is_exported_alone_and_checks_by_hand_too() {
    let sandbox = after_a_run();
    let of = |path: &Path| check(path).expect("checked").attempts.len();
    assert_eq!(of(&exported(&sandbox, "20")), 2);
    assert_eq!(of(&exported(&sandbox, "20.1")), 1);
    let all: String = unpack(&exported(&sandbox, "10.1"))
        .iter()
        .filter(|(name, _)| name == "events.jsonl")
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert!(!all.contains("TICKET-020"), "{all}");

    let folder = sandbox.home("by hand");
    for (name, bytes) in unpack(&exported(&sandbox, "10")) {
        crate::support::repository::write(&folder.join(name), bytes);
    }
    let mut command = sandbox.program("sha256sum");
    text_of(
        command
            .args(["--check", "--quiet", "SHA256SUMS"])
            .current_dir(&folder),
    );
    let json = sandbox
        .docket(["evidence", "export", "10", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["intact"], true);
    assert!(sandbox.path("TICKET-010.tar.zst").exists());
}

#[test]
fn whatever_is_changed_missing_or_added_is_found() {
    let sandbox = after_a_run();
    let files = unpack(&exported(&sandbox, "10"));
    assert!(judge(&sandbox, &plain_tar(&files)).is_intact());
    for at in 0..files.len() {
        let mut changed = files.clone();
        if let Some(byte) = changed[at].1.get_mut(3) {
            *byte ^= 1;
        } else {
            changed[at].1.push(b'x');
        }
        let name = &files[at].0;
        assert!(
            !judge(&sandbox, &plain_tar(&changed)).is_intact(),
            "changed {name}"
        );
        let mut missing = files.clone();
        missing.remove(at);
        assert!(
            !judge(&sandbox, &plain_tar(&missing)).is_intact(),
            "missing {name}"
        );
    }
    let mut more = files.clone();
    more.push((
        "evidence/r1/TICKET-010/1/more.txt".to_owned(),
        b"more".to_vec(),
    ));
    finds(
        &judge(&sandbox, &plain_tar(&more)),
        "more.txt` is in no manifest",
    );
    more.push((
        "evidence/r1/TICKET-010/1/more.txt".to_owned(),
        b"more".to_vec(),
    ));
    finds(&judge(&sandbox, &plain_tar(&more)), "twice");

    // Somebody who changes a file and all sums and lists, but not the events.
    let mut forged: BTreeMap<String, Vec<u8>> = files.iter().cloned().collect();
    let log = "evidence/r1/TICKET-010/1/validations/look.log";
    let sha = |bytes: &[u8]| docket::domain::hash::sha256(bytes).to_string();
    let replace = |bytes: &[u8], from: &str, to: &str| {
        String::from_utf8_lossy(bytes)
            .replace(from, to)
            .into_bytes()
    };
    let old = forged
        .insert(log.to_owned(), b"b\n".to_vec())
        .expect("it was there");
    let manifest = "evidence/r1/TICKET-010/1/manifest.json";
    let old_manifest = forged[manifest].clone();
    let new_manifest = replace(&old_manifest, &sha(&old), &sha(b"b\n"));
    forged.insert(manifest.to_owned(), new_manifest.clone());
    let sums = replace(&forged["SHA256SUMS"], &sha(&old), &sha(b"b\n"));
    let sums = replace(&sums, &sha(&old_manifest), &sha(&new_manifest));
    forged.insert("SHA256SUMS".to_owned(), sums);
    let forged: Vec<_> = forged.into_iter().collect();
    finds(
        &judge(&sandbox, &plain_tar(&forged)),
        "not the one that was sealed",
    );
}

#[test]
fn hostile_archives_are_refused_and_nothing_is_written() {
    let sandbox = after_a_run();
    let files = unpack(&exported(&sandbox, "10"));
    let whole = plain_tar(&files);
    let body = &whole[..whole.len() - 1024];
    let with = |header: &Header, bytes: &[u8]| {
        let mut tar = body.to_vec();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().div_ceil(512) * 512 + 1024, 0);
        judge(&sandbox, &tar)
    };
    let outside = sandbox.home("outside.txt");
    for name in [
        "../outside.txt",
        "/tmp/outside.txt",
        "evidence/../../outside.txt",
        "a//b",
        "./a",
        "a\u{1b}[2J",
    ] {
        finds(&with(&header(name, 1), b"x"), "is no name");
    }
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::GNULongName,
        EntryType::XHeader,
    ] {
        let mut special = header("evidence/x", 0);
        special.set_entry_type(kind);
        special.set_link_name("/etc/passwd").expect("a target");
        special.set_cksum();
        finds(&with(&special, b""), "is no plain file");
    }
    finds(
        &with(&header("evidence/huge", 1 << 40), b"x"),
        "evidence/huge",
    );
    finds(&with(&header("bundle.json2", 7), b"x"), "bundle.json2");
    assert!(!outside.exists());

    // Cut off anywhere, or with something behind it.
    let packed = fs::read(exported(&sandbox, "20")).expect("there");
    for part in 1..20 {
        let cut = packed.len() * part / 20;
        assert!(
            !judge_packed(&sandbox, &packed[..cut]).is_intact(),
            "cut at {cut}"
        );
    }
    let longer = [packed.as_slice(), b"x"].concat();
    finds(&judge_packed(&sandbox, &longer), "something follows");
    finds(&judge_packed(&sandbox, b""), "no bundle");
    finds(&judge_packed(&sandbox, b"PK\x03\x04 no zstd"), "no bundle");
    let garbage = judge(&sandbox, &[7; 5000]);
    assert!(!garbage.is_intact());
}

#[test]
fn no_byte_of_a_bundle_makes_the_check_fall_over() {
    let sandbox = after_a_run();
    let packed = fs::read(exported(&sandbox, "20.1")).expect("there");
    let files = unpack(&sandbox.home("20.1.tar.zst"));
    for at in (0..packed.len()).step_by(packed.len().div_ceil(200)) {
        let mut changed = packed.clone();
        changed[at] ^= 0x15;
        // A bit may be one that nobody looks at (padding, a header's unused field). Then no file is another.
        if judge_packed(&sandbox, &changed).is_intact() {
            assert_eq!(unpack(&sandbox.home("judged.tar.zst")), files, "at {at}");
        }
    }
}

#[test]
fn dropped_evidence_is_exported_as_dropped_and_tampered_evidence_as_tampered() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = after_a_run();
    let log = sandbox.evidence_path(1, "TICKET-020.1").join("prompt.md");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).expect("writable");
    fs::write(&log, "changed").expect("changed");
    let json = sandbox
        .docket(["evidence", "export", "20", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["intact"], false);
    assert_eq!(json["attempts"][0]["state"], "tampered");
    sandbox.docket(["gc", "--max-age", "0s"]).exits(0);
    let path = exported(&sandbox, "10");
    let report = check(&path).expect("checked");
    assert!(report.is_intact(), "{:?}", report.problems);
    assert!(report.attempts[0].dropped.is_some());
}
