//! What a program finds when it starts, and what is told when it can't.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use docket::proc::supervise::{LaunchSpec, Output, Shim, Status};
use docket::proc::sweep;

use super::scene::{Scene, agent, marker, program};
use crate::support::processes::shown_on_a_command_line;
use crate::support::programs::{docket, fake_agent};

async fn refusal(spec: LaunchSpec) -> String {
    let seen = Scene::launch(spec).end().await;
    assert!(seen.started.is_none());
    assert!(!seen.ended.leaked && seen.ended.swept == 0 && seen.ended.left.is_empty());
    let why = match &seen.ended.status {
        Status::NotStarted(why) => Ok(why.clone()),
        other => Err(format!("it ended as {other:?}")),
    };
    why.expect("a program that did not start")
}

fn script(folder: &Path, name: &str, mode: u32, content: &str) -> OsString {
    let path = folder.join(name);
    fs::write(&path, content).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    path.into()
}

#[tokio::test]
async fn a_start_that_fails_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let cases = [
        (OsString::from("/no/such/agent"), "install it"),
        ("no-such-agent".into(), "install it"),
        (folder.into(), "chmod +x"),
        (script(folder, "plain", 0o644, "#!/bin/sh\n"), "chmod +x"),
        (script(folder, "garbage", 0o755, "no\0program"), "#!/bin/sh"),
        (
            script(folder, "orphan", 0o755, "#!/no/such/shell\n"),
            "the interpreter that its first line names",
        ),
    ];
    for (argument, advice) in cases {
        let why = refusal(program(vec![argument.clone()])).await;
        assert!(why.contains(advice), "{why}");
        assert!(why.contains(&*argument.to_string_lossy()), "{why}");
    }

    // Found by PATH, not to be started all the same.
    let mut spec = program(vec!["orphan".into()]);
    spec.environment = vec![("PATH".into(), folder.into())];
    let why = refusal(spec).await;
    assert!(why.contains("the interpreter"), "{why}");

    let mut spec = agent(&["exit", "0"]);
    spec.directory = folder.join("gone");
    let why = refusal(spec).await;
    assert!(why.contains("gone is gone"), "{why}");

    let why = refusal(program(vec![])).await;
    assert!(why.contains("name a program"), "{why}");

    let mut spec = agent(&["exit", "0"]);
    spec.argv.push("x".repeat(1 << 20).into());
    let why = refusal(spec).await;
    assert!(why.contains("standard input"), "{why}");
}

#[tokio::test]
async fn a_shim_that_can_not_start_is_an_error() {
    assert!(Shim::start(Path::new("/no/such/docket"), Output::Merged).is_err());
}

#[tokio::test]
async fn the_environment_is_what_was_asked_for_and_the_marker() {
    let mut spec = agent(&["print-env"]);
    spec.environment = vec![
        ("ODD".into(), "spaces, = and \n and \u{1F980}".into()),
        ("BYTES".into(), odd_bytes()),
        // What an outer docket had set.
        (sweep::VARIABLE.into(), "another".into()),
    ];
    let marker = spec.marker.clone();
    let seen = Scene::launch(spec).end().await;
    let mut expected = b"BYTES=".to_vec();
    expected.extend(odd_bytes().into_encoded_bytes());
    expected.extend(format!("\0DOCKET_ATTEMPT={marker}\0").bytes());
    expected.extend("ODD=spaces, = and \n and \u{1F980}\0".bytes());
    assert_eq!(seen.stdout, expected);
}

fn odd_bytes() -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(vec![0xff, b'x', 0xc3])
}

#[tokio::test]
async fn it_starts_in_its_directory_and_finds_programs_by_its_own_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().canonicalize().expect("its real path");
    script(&folder, "mine", 0o755, "#!/bin/sh\npwd\n");
    for name in ["mine", "./mine"] {
        let mut spec = program(vec![name.into()]);
        spec.directory.clone_from(&folder);
        spec.environment = vec![(
            "PATH".into(),
            format!("{}:/usr/bin:/bin", folder.display()).into(),
        )];
        let seen = Scene::launch(spec).end().await;
        assert_eq!(seen.ended.status, Status::Exited(0), "{name}");
        assert_eq!(
            String::from_utf8_lossy(&seen.stdout).trim(),
            folder.display().to_string()
        );
    }
}

#[tokio::test]
async fn neither_environment_nor_input_is_on_any_command_line() {
    // Made here, so that this text is on no command line of the test itself.
    let secret = format!("secret-{}", marker());
    let mut spec = agent(&["polite"]);
    spec.environment.push(("TOKEN".into(), (&secret).into()));
    spec.stdin = true;
    let mut scene = Scene::launch(spec);
    scene.control.write(secret.clone().into_bytes());
    scene.said("ready").await;
    assert!(!shown_on_a_command_line(&secret));
    assert!(!shown_on_a_command_line(&scene.marker));
    // The shim's own environment is empty: it survives its own sweep.
    let environment = fs::read(format!("/proc/{}/environ", scene.shim.pid)).expect("it lives");
    assert_eq!(environment, b"");
    scene
        .control
        .stop(docket::domain::attempt::CancelReason::Kill);
    scene.end().await;
}

#[tokio::test]
async fn ignored_and_blocked_signals_are_not_inherited() {
    // As after `nohup docket`, and worse.
    let ignore =
        "trap '' HUP INT QUIT TERM USR1 USR2 ALRM CHLD TSTP TTIN TTOU PIPE WINCH; exec \"$@\"";
    let marker = marker();
    let inner = [
        "grep".into(),
        "-E".into(),
        "^Sig(Ign|Blk)".into(),
        "/proc/self/status".into(),
    ];
    let mut argv: Vec<OsString> = vec!["sh".into(), "-c".into(), ignore.into(), "sh".into()];
    argv.extend([
        fake_agent().into(),
        "supervise".into(),
        docket().into(),
        marker.into(),
    ]);
    argv.extend(inner);
    let seen = Scene::launch(program(argv)).end().await;
    let text = String::from_utf8_lossy(&seen.stdout);
    let masks: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with("Sig"))
        .map(|line| {
            let (_, mask) = line.split_once('\t').expect("a mask");
            // Real-time signals (from 32 on) are the C library's own.
            u64::from_str_radix(mask, 16).expect("a hexadecimal mask") & 0x7fff_ffff
        })
        .collect();
    assert_eq!(masks, [0, 0], "{text}");
    assert!(text.contains("Exited(0)"), "{text}");
}
