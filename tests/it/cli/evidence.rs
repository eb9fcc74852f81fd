//! `evidence`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::sandbox::Sandbox;

fn after_two() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [{ name: look, run: \"cat a\" }]",
        "echo a > a",
    );
    sandbox.shell(20, "", "echo b > b");
    sandbox.docket(["run"]).exits(0);
    sandbox
}

/// Changes one byte of a sealed file.
fn flip(sandbox: &Sandbox, attempt: &str, name: &str) {
    let path = sandbox.evidence_path(1, attempt).join(name);
    let mut bytes = fs::read(&path).expect("it is there");
    bytes[0] ^= 1;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("writable");
    fs::write(&path, bytes).expect("it is changed");
}

#[test]
fn evidence_is_listed_and_printed() {
    let sandbox = after_two();
    let list = sandbox.docket(["evidence", "ls", "--json"]).exits(0).json();
    assert_eq!(list["attempts"][1]["attempt"], "TICKET-020.1");
    assert_eq!(list["attempts"][1]["there"], true);
    assert!(
        sandbox
            .docket(["evidence", "ls"])
            .exits(0)
            .stdout
            .contains("TICKET-010.1")
    );
    let files = sandbox
        .docket(["evidence", "ls", "10", "--json"])
        .exits(0)
        .json();
    let names: Vec<_> = files["files"]
        .as_array()
        .expect("files")
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    for name in [
        "prompt.md",
        "manifest.json",
        "validations/look.log",
        "diff.patch",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(
        files,
        sandbox
            .docket(["evidence", "show", "10", "--json"])
            .exits(0)
            .json()
    );
    let show = |file: &str| sandbox.docket(["evidence", "show", "10", file]);
    assert_eq!(show("validations/look.log").exits(0).stdout, "a\n");
    assert_eq!(
        show("prompt.md").exits(0).stdout,
        sandbox.evidence(1, "TICKET-010.1", "prompt.md")
    );
    show("nothing.md")
        .exits(2)
        .says("it has diff.patch, files.json");
    for file in [
        "../../../../ledger.db",
        "/etc/passwd",
        "validations/../prompt.md",
        "validations",
        "",
    ] {
        show(file).exits(2).says("has no file");
    }
}

#[test]
fn verify_names_what_was_changed() {
    let sandbox = after_two();
    let intact = sandbox.docket(["evidence", "verify"]).exits(0);
    assert!(intact.stdout.contains("intact: "), "{}", intact.stdout);
    flip(&sandbox, "TICKET-010.1", "validations/look.log");
    let broken = sandbox.docket(["evidence", "verify"]).exits(1);
    assert!(
        broken.stdout.contains("TICKET-010.1  r1  tampered"),
        "{}",
        broken.stdout
    );
    assert!(
        broken.stdout.contains("validations/look.log was changed"),
        "{}",
        broken.stdout
    );
    assert!(
        broken.stdout.contains("TICKET-020.1  r1  verified"),
        "{}",
        broken.stdout
    );
    let json = sandbox
        .docket(["evidence", "verify", "--json"])
        .exits(1)
        .json();
    assert_eq!(
        (&json["schema"], &json["intact"]),
        (&1.into(), &false.into())
    );
    assert_eq!(json["problems"][0]["problem"], "changed_file");
    assert_eq!(json["attempts"][0]["state"], "tampered");
    sandbox.docket(["evidence", "verify", "20"]).exits(0);
    sandbox
        .docket(["evidence", "verify", "TICKET-020.1"])
        .exits(0);
    sandbox.docket(["evidence", "verify", "10"]).exits(1);
    sandbox
        .docket(["evidence", "verify", "--run", "r1"])
        .exits(1);
    sandbox
        .docket(["evidence", "verify", "--run", "r9"])
        .exits(2)
        .says("no run r9");
    sandbox
        .docket(["evidence", "verify", "--run", "9"])
        .exits(2);
    sandbox.docket(["evidence", "verify", "99"]).exits(2);
}

#[test]
fn evidence_that_is_gone_is_said_to_be_gone() {
    let sandbox = after_two();
    fs::remove_dir_all(sandbox.path(".docket/evidence/r1/TICKET-010")).expect("it goes");
    let list = sandbox.docket(["evidence", "ls", "--json"]).exits(0).json();
    assert_eq!(list["attempts"][0]["there"], false);
    sandbox
        .docket(["evidence", "show", "10", "prompt.md"])
        .exits(2)
        .says("is gone");
    sandbox.docket(["evidence", "verify"]).exits(1);
    sandbox.docket(["log", "10"]).exits(0);
    sandbox.docket(["diff", "10"]).exits(0);
}
