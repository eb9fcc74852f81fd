//! `sandbox = "worktree"`: an agent writes in its worktree and commits there, and nothing else of the user's changes.

use std::fs;

use docket::proc::confine;

use crate::ledger::scene::skipped;
use crate::support::sandbox::Sandbox;

/// A script that tries to write each of these, and says what it could.
fn tries(paths: &[String]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("'{path}'")).collect();
    format!(
        "for path in {}; do\n  if (echo tampered >> \"$path\") 2> /dev/null; then echo \"$path\" >> \"$DOCKET_DESK/../could\"; fi\n  if rm -rf \"$path.gone\" 2> /dev/null && mkdir \"$path.new\" 2> /dev/null; then echo \"$path.new\" >> could; fi\ndone",
        quoted.join(" ")
    )
}

fn confined() -> Option<Sandbox> {
    if let Err(why) = confine::offered() {
        skipped(&why);
        return None;
    }
    let sandbox = Sandbox::new();
    sandbox.configure("sandbox = \"worktree\"");
    Some(sandbox)
}

#[test]
fn an_agent_writes_its_worktree_and_nothing_else() {
    let Some(sandbox) = confined() else { return };
    sandbox.repository().write("mine", "of the user\n");
    sandbox
        .repository()
        .write("../home/.ssh/authorized_keys", "key\n");
    // A worktree of somebody else's.
    let other = sandbox.path(".docket/worktrees/TICKET-099.1/file");
    crate::support::repository::write(&other, "other\n");
    let shown = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    let forbidden = [
        sandbox.path(".docket/ledger.db"),
        sandbox.path(".docket/evidence/r1/TICKET-010/1/ticket.md"),
        sandbox.path(".docket/inbox/letter"),
        sandbox.path("tickets/TICKET-010.md"),
        sandbox.path("mine"),
        sandbox.path(".git/config"),
        sandbox.path(".git/hooks/pre-commit"),
        sandbox.path(".git/refs/heads/mine"),
        sandbox.path(".git/info/exclude"),
        other,
        sandbox.home(".ssh/authorized_keys"),
        sandbox.home(".config/docket/config.toml"),
        sandbox.home(".something"),
        "/tmp/docket-was-here".into(),
    ]
    .map(shown);
    let before = fs::read(sandbox.path(".git/info/exclude")).ok();
    let script = format!(
        "{}\nls /etc > /dev/null\necho scratch > \"$TMPDIR/x\"\nmkdir -p deep/er\necho work > deep/er/work\nmv deep/er/work deep/moved\nln -s moved deep/link\nchmod +x deep/moved\n: > /dev/null\ngit add -A\ngit -c user.name=a -c user.email=a@b commit -qm 'of the agent'\necho later > later",
        tries(&forbidden)
    );
    sandbox.shell(
        10,
        "validate: [\"test -x deep/moved && ! touch ../../../checked 2> /dev/null\"]",
        &script,
    );
    let ticket = sandbox.text_of(10);
    sandbox.docket(["--once"]).exits(0);
    let files = sandbox.git(["ls-tree", "-r", "--name-only", "docket/r1/main"]);
    assert!(
        !files.contains("could"),
        "{}",
        sandbox.git(["show", "docket/r1/main:could"])
    );
    for file in ["deep/moved", "deep/link", "later"] {
        assert!(files.lines().any(|line| line == file), "{files}");
    }
    assert!(
        sandbox
            .git(["log", "--format=%s", "docket/r1/main"])
            .contains("of the agent")
    );
    assert_eq!(
        sandbox.text_of(10),
        ticket.replace("done: false", "done: true")
    );
    assert!(!sandbox.path("checked").exists() && !sandbox.home(".something").exists());
    assert_eq!(
        fs::read_to_string(sandbox.path("mine")).expect("it is there"),
        "of the user\n"
    );
    let after = fs::read_to_string(sandbox.path(".git/info/exclude")).expect("git's own file");
    assert!(!after.contains("tampered"), "{before:?}");
    let report = sandbox.verify();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[test]
fn without_it_the_same_agent_could() {
    let sandbox = Sandbox::new();
    let free = sandbox.home("free").to_str().expect("UTF-8").to_owned();
    sandbox.shell(10, "", &tries(&[free]));
    sandbox.docket(["--once"]).exits(0);
    let could = sandbox.git(["show", "docket/r1/main:could"]);
    assert_eq!(could.lines().count(), 2, "{could}");
}

#[test]
fn the_set_up_is_confined_too_and_its_temporary_folder_goes() {
    let Some(sandbox) = confined() else { return };
    sandbox.configure("[provision]\nsetup = [\"echo $TMPDIR; touch $TMPDIR/x ready; touch $HOME/x 2> /dev/null && exit 9; true\"]");
    sandbox.shell(10, "", "test -e ready && touch 10");
    sandbox.docket(["--once"]).exits(0);
    let temporary = sandbox.evidence(1, "TICKET-010.1", "setup/1.log");
    assert!(temporary.contains("/docket-"), "{temporary}");
    assert!(!std::path::Path::new(temporary.trim()).exists());
    assert!(!sandbox.home("x").exists());
}

#[test]
fn attempts_side_by_side_have_a_temporary_folder_each() {
    let Some(sandbox) = confined() else { return };
    for number in [10, 11] {
        let script =
            format!("touch $TMPDIR/here\necho $TMPDIR > temporary-{number}\nls -d $TMPDIR/here");
        sandbox.shell(number, "", &script);
    }
    sandbox.docket(["run", "--jobs", "2"]);
    let folders: Vec<String> = [10, 11]
        .map(|number| {
            sandbox.git([
                "show",
                &format!("refs/docket/autosave/TICKET-0{number}.1/1:temporary-{number}"),
            ])
        })
        .to_vec();
    assert_ne!(folders[0], folders[1]);
    for folder in folders {
        assert!(!std::path::Path::new(folder.trim()).exists());
    }
}

#[test]
fn what_the_user_names_may_be_written_too() {
    let Some(sandbox) = confined() else { return };
    fs::create_dir_all(sandbox.home("cache")).expect("a folder");
    sandbox.configure("sandbox_write = [\"~/cache\", \"~/nowhere\"]");
    sandbox.shell(10, "", "touch ~/cache/x && ! touch ~/y && touch 10");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.home("cache/x").exists() && !sandbox.home("y").exists());
}

#[test]
fn an_agent_that_is_killed_in_the_sandbox_leaves_nothing() {
    let Some(sandbox) = confined() else { return };
    sandbox.shell(
        10,
        "limits: { wall: 500ms, attempts: 1 }",
        "trap '' INT TERM\nsetsid sleep 1000 &\nwhile true; do sleep 0.05; done",
    );
    sandbox.docket(["--once"]).exits(6);
    assert!(sandbox.agents().is_empty());
}

#[test]
fn a_program_from_the_configuration_does_it_instead() {
    let sandbox = Sandbox::new();
    let wrapper = sandbox.home("wrapper.sh");
    crate::support::repository::write(
        &wrapper,
        "#!/bin/sh\necho \"$1 $2\" >> \"$HOME/wrapped\"\nshift 2\nexec \"$@\"\n",
    );
    let set = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&wrapper, set).expect("a mode");
    sandbox.configure(&format!(
        "sandbox = \"worktree\"\nsandbox_command = [{wrapper:?}, \"in={{worktree}}\", \"{{desk}}\"]"
    ));
    sandbox.shell(10, "validate: [\"test -e 10\"]", "touch 10");
    sandbox.docket(["--once"]).exits(0);
    let wrapped = fs::read_to_string(sandbox.home("wrapped")).expect("it was called");
    let line = format!(
        "in={0} {0}/.docket",
        fs::canonicalize(sandbox.path(".docket/worktrees"))
            .expect("there")
            .join("TICKET-010.1")
            .display()
    );
    assert_eq!(
        wrapped.lines().collect::<Vec<_>>(),
        [line.as_str(), line.as_str()]
    );
}

#[test]
fn settings_that_do_not_fit_together_are_refused() {
    for (set, says) in [
        ("sandbox_command = [\"bwrap\"]", "`sandbox` is \"none\""),
        (
            "sandbox = \"worktree\"\nisolation = \"none\"",
            "needs `isolation = \"worktree\"`",
        ),
        (
            "sandbox = \"worktree\"\nsandbox_command = [\"./x\"]",
            "an absolute path, or only a name",
        ),
        (
            "sandbox = \"worktree\"\nsandbox_write = [\"x\"]",
            "begins with `~/`",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.configure(set);
        sandbox.shell(10, "", "true");
        sandbox.docket(["--once"]).exits(2).says(says);
    }
}

#[test]
fn codex_is_told_that_two_sandboxes_do_not_nest() {
    let Some(sandbox) = confined() else { return };
    sandbox.configure("[agents.codex]\ncommand = [\"/nowhere/codex\"]");
    sandbox.ticket(10, "agent: codex", "Do it.");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("danger-full-access");
}

#[test]
fn a_clone_does_not_set_up_its_own_sandbox_untrusted() {
    let sandbox = Sandbox::new();
    for set in [
        "sandbox = \"none\"",
        "sandbox = \"worktree\"\nsandbox_command = [\"x\"]",
        "sandbox_write = [\"/\"]",
        "[notify]\ncommand = [\"x\"]",
    ] {
        fs::write(sandbox.path("docket.toml"), format!("{set}\n")).expect("written");
        sandbox.shell(10, "", "true");
        sandbox.docket(["--once"]).exits(2).says("docket trust");
    }
}
