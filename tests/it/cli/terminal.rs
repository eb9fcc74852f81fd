//! What reaches a terminal: cut to its width, in colours unless they are unwanted, and nothing that it would obey.

use std::ffi::OsString;

use docket::proc::pty::{Pty, PtySpec, Size};

use crate::support::sandbox::Sandbox;

/// What the program writes to a terminal of this width.
fn on_terminal(
    sandbox: &Sandbox,
    columns: u16,
    more: &[(&str, &str)],
    arguments: &[&str],
) -> String {
    let command = sandbox.command(arguments);
    let mut environment: Vec<(OsString, OsString)> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    environment.push(("TERM".into(), "xterm-256color".into()));
    environment.extend(more.iter().map(|(name, value)| (name.into(), value.into())));
    let argv = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsString::from);
    let spec = PtySpec {
        docket: crate::support::programs::docket().to_path_buf(),
        argv: argv.collect(),
        directory: sandbox.repository().root().to_owned(),
        environment,
        marker: "test".to_owned(),
        size: Size { rows: 24, columns },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let bytes = runtime.block_on(async {
        let mut pty = Pty::open(spec).expect("a terminal");
        let mut bytes = Vec::new();
        while let Some(chunk) = pty.output.recv().await {
            bytes.extend(chunk);
        }
        bytes
    });
    String::from_utf8(bytes)
        .expect("UTF-8")
        .replace("\r\n", "\n")
}

#[test]
fn lists_fit_the_width() {
    let sandbox = Sandbox::new();
    let path = sandbox.shell(10, "", "true");
    let long = "A title that is much too long for a narrow terminal, 日本語 included";
    let text = std::fs::read_to_string(&path).expect("the ticket");
    std::fs::write(&path, text.replace("Ticket 10", long)).expect("it is changed");
    let plain = [("NO_COLOR", "1")];
    let list = on_terminal(&sandbox, 50, &plain, &["ls"]);
    let line = list.lines().next().expect("a line");
    assert!(line.contains('…') && line.ends_with("shell"), "{list}");
    assert!(unicode_width::UnicodeWidthStr::width(line) <= 50, "{list}");
    assert!(sandbox.docket(["ls"]).exits(0).stdout.contains(long));
}

#[test]
fn colours_are_for_those_who_want_them() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo a > a");
    sandbox.docket(["--once"]).exits(0);
    let diff = on_terminal(&sandbox, 80, &[], &["diff", "10"]);
    assert!(
        diff.contains("\u{1b}[38;5;10m+a\u{1b}[39m\n") || diff.contains("\u{1b}[32m+a"),
        "{diff:?}"
    );
    let diff = on_terminal(&sandbox, 80, &[("NO_COLOR", "1")], &["diff", "10"]);
    assert!(
        diff.contains("\n+a\n") && !diff.contains('\u{1b}'),
        "{diff:?}"
    );
    let diff = on_terminal(&sandbox, 80, &[("TERM", "dumb")], &["diff", "10"]);
    assert!(!diff.contains('\u{1b}'), "{diff:?}");
}

#[test]
fn nothing_that_others_wrote_is_obeyed() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "printf '\\033]0;mine\\007\\033[2Jshown\\rover\\n' | tee 'evil.txt'; touch \"$(printf 'a\\033[2Jb')\"",
    );
    sandbox.ticket(20, "agent: shell\ngoal: \"bad \\e[2J\"", "x");
    sandbox.docket(["--once"]).exits(0);
    let plain = [("NO_COLOR", "1")];
    for command in [
        &["log", "10"][..],
        &["diff", "10"],
        &["diff", "10", "--stat"],
        &["show", "20"],
        &["ls"],
        &["status"],
        &["evidence", "show", "10", "transcript.jsonl"],
        &["evidence", "show", "10", "diff.patch"],
    ] {
        let text = on_terminal(&sandbox, 80, &plain, command);
        assert!(!text.contains('\u{1b}'), "{command:?}: {text:?}");
        assert!(!text.contains('\u{7}'), "{command:?}: {text:?}");
    }
    let log = on_terminal(&sandbox, 80, &plain, &["log", "10"]);
    assert!(log.contains("shown\n  over\n"), "{log:?}");
}
