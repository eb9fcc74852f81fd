//! What a new worktree gets before the agent starts: copies, links, the set-up. It is there, it is evidence, and it is nobody's
//! work.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use docket::domain::attempt::{AttemptOutcome, CancelReason, Failure, SetupLine, Verdict};
use docket::domain::event::Event;
use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, Stopwatch, state_of, until};

fn setups(sandbox: &Sandbox) -> Vec<SetupLine> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::SetupFinished { setup, .. } => Some(setup),
            _ => None,
        })
        .collect()
}

fn outcome(sandbox: &Sandbox) -> AttemptOutcome {
    let events = sandbox.events().into_iter();
    let mut outcomes = events.filter_map(|event| match event {
        Event::AttemptFinished { outcome, .. } => Some(outcome),
        _ => None,
    });
    outcomes.next_back().expect("an attempt ended")
}

/// The files on the run's branch.
fn merged(sandbox: &Sandbox) -> Vec<String> {
    let files = sandbox.git(["ls-tree", "-r", "--name-only", "docket/r1/main"]);
    files.lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_intact(sandbox: &Sandbox) {
    let report = sandbox.verify();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

fn worktree(sandbox: &Sandbox, path: impl AsRef<Path>) -> std::path::PathBuf {
    sandbox.path(".docket/worktrees/TICKET-010.1").join(path)
}

#[test]
fn copies_and_links_are_there_and_are_never_merged() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write("conf/tracked", "of the commit\n");
    sandbox.repository().write(".gitignore", "node_modules/\n");
    sandbox.repository().commit_all("files");
    sandbox.repository().write("conf/tracked", "of the user\n");
    sandbox.repository().write("conf/local", "of the user\n");
    sandbox.repository().write(".env", "KEY=1\n");
    sandbox.repository().write("tool", "#!/bin/sh\n");
    sandbox.repository().write("node_modules/dep", "1\n");
    fs::set_permissions(sandbox.path("tool"), fs::Permissions::from_mode(0o750)).expect("a mode");
    symlink("../outside", sandbox.path("conf/link")).expect("a link");
    sandbox.configure(
        "[provision]\ncopy = [\".env\", \"conf\", \"./tool\"]\nsymlink = [\"node_modules\"]",
    );
    // The agent adds everything that git shows it, and `.env` by force.
    sandbox.shell(
        10,
        "gate: review",
        "cat .env conf/local conf/tracked node_modules/dep > got\nreadlink conf/link >> got\ngit add -A\ngit add -f .env node_modules\ngit -c user.name=a -c user.email=a@b commit -qm work",
    );
    sandbox.docket(["run"]).exits(4);
    assert_eq!(
        fs::read_to_string(worktree(&sandbox, "got")).expect("it ran"),
        "KEY=1\nof the user\nof the commit\n1\n../outside\n"
    );
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&worktree(&sandbox, "tool")), 0o750);
    assert!(worktree(&sandbox, "node_modules").is_symlink());
    let files = sandbox.evidence(1, "TICKET-010.1", "files.json");
    assert!(
        files.contains("\"got\"") && !files.contains(".env"),
        "{files}"
    );
    // What git ignores already is not excluded once more.
    let excluded = fs::read_to_string(sandbox.path(".git/info/exclude")).expect("git's own file");
    for pattern in [
        "/.env",
        "/tool",
        "/conf/local",
        "/conf/link",
        "/node_modules",
    ] {
        assert!(
            excluded.lines().any(|line| line == pattern),
            "{pattern}: {excluded}"
        );
    }
    assert_intact(&sandbox);
}

#[test]
fn what_was_provided_is_not_on_the_runs_branch() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("deps/dep", "1\n");
    sandbox.repository().write(".env", "KEY=1\n");
    sandbox.repository().write("lock", "1\n");
    sandbox.git(["add", "lock"]);
    sandbox.git(["commit", "-qm", "lock"]);
    sandbox.configure(
        "[provision]\ncopy = [\".env\"]\nsymlink = [\"deps\"]\nsetup = [\"echo 2 > lock; echo made > made; echo both > both\"]",
    );
    sandbox.shell(
        10,
        "",
        "echo work > work\necho more >> both\ngit add -A\ngit add -f .env deps\ngit -c user.name=a -c user.email=a@b commit -qm work",
    );
    sandbox.docket(["run"]).exits(0);
    let merged = merged(&sandbox);
    for (file, is_merged) in [
        ("work", true),
        // The agent went on with it.
        ("both", true),
        ("lock", true),
        ("made", false),
        (".env", false),
        ("deps", false),
    ] {
        assert_eq!(
            merged.contains(&file.to_owned()),
            is_merged,
            "{file}: {merged:?}"
        );
    }
    assert_eq!(sandbox.git(["show", "docket/r1/main:lock"]).trim(), "1");
    // Nothing of the user's went with the worktree.
    assert!(!worktree(&sandbox, "").exists());
    assert!(sandbox.path("deps/dep").exists() && sandbox.path(".env").exists());
    assert_intact(&sandbox);
}

#[test]
fn a_set_up_is_run_and_kept_as_evidence() {
    let sandbox = Sandbox::new();
    sandbox.configure("[provision]\nsetup = [\"echo one; pwd\", \"echo two >&2; touch ready; echo $DOCKET_TURN\"]");
    sandbox.shell(
        10,
        "validate: [\"test -e ready\"]",
        "test -e ready && touch 10",
    );
    sandbox.docket(["--once"]).exits(0);
    let setups = setups(&sandbox);
    let verdicts: Vec<_> = setups
        .iter()
        .map(|one| (one.number, one.verdict, one.exit))
        .collect();
    assert_eq!(
        verdicts,
        [(1, Verdict::Pass, Some(0)), (2, Verdict::Pass, Some(0))]
    );
    let log = sandbox.evidence(1, "TICKET-010.1", "setup/1.log");
    assert!(
        log.starts_with("one\n") && log.contains("worktrees/TICKET-010.1"),
        "{log}"
    );
    assert_eq!(
        sandbox.evidence(1, "TICKET-010.1", "setup/2.log"),
        "two\n0\n"
    );
    assert!(merged(&sandbox).contains(&"10".to_owned()));
    assert!(!merged(&sandbox).contains(&"ready".to_owned()));
    assert_intact(&sandbox);
}

#[test]
fn a_set_up_that_fails_is_the_outcome_and_the_agent_never_runs() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "[provision]\nsetup = [\"echo no such registry; exit 3\", \"touch \\\"$HOME/second\\\"\"]",
    );
    sandbox.shell(10, "", "touch \"$HOME/ran\"");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("ended with exit code 3")
        .says("no such registry");
    assert!(!sandbox.home("ran").exists() && !sandbox.home("second").exists());
    match outcome(&sandbox) {
        AttemptOutcome::Failed {
            failure: Failure::Prepare { why },
        } => assert!(why.contains("setup/1.log"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(sandbox.kinds().contains(&"evidence_sealed".to_owned()));
    assert_eq!(
        sandbox.evidence(1, "TICKET-010.1", "setup/1.log"),
        "no such registry\n"
    );
    assert!(worktree(&sandbox, "").exists(), "it stays for a look");
    assert_intact(&sandbox);
}

#[test]
fn a_set_up_that_hangs_is_timed_out_with_all_that_it_started() {
    let sandbox = Sandbox::new();
    sandbox.configure("limits = { setup = \"300ms\" }\n[provision]\nsetup = [\"setsid sleep 1000 & trap '' TERM INT; while true; do sleep 0.05; done\"]");
    sandbox.shell(10, "", "touch \"$HOME/ran\"");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("took longer than `limits.setup`");
    assert_eq!(setups(&sandbox)[0].verdict, Verdict::TimedOut);
    assert!(!sandbox.home("ran").exists());
    assert!(sandbox.agents().is_empty());
    assert_intact(&sandbox);
}

#[test]
fn an_interrupt_during_the_set_up_ends_it_within_its_graces() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "[provision]\nsetup = [\"touch \\\"$HOME/started\\\"; while true; do sleep 0.05; done\"]",
    );
    sandbox.shell(10, "", "touch \"$HOME/ran\"");
    let running = sandbox.start(["run"]);
    until("the set-up runs", || sandbox.home("started").exists());
    let watch = Stopwatch::start();
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert!(watch.elapsed().as_secs() < 10);
    let reason = CancelReason::Interrupt;
    assert_eq!(outcome(&sandbox), AttemptOutcome::Cancelled { reason });
    assert!(!sandbox.home("ran").exists() && sandbox.agents().is_empty());
    assert_intact(&sandbox);
}

#[test]
fn a_missing_file_and_a_link_over_a_tracked_one_are_errors_that_name_them() {
    let sandbox = Sandbox::new();
    sandbox.configure("[provision]\ncopy = [\".env\"]");
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("`.env` of `provision` is not in your checkout");
    let sandbox = Sandbox::new();
    sandbox.repository().write("tracked", "1\n");
    sandbox.repository().commit_all("tracked");
    sandbox.configure("[provision]\nsymlink = [\"tracked\"]");
    sandbox.shell(10, "", "true");
    sandbox.docket(["--once"]).exits(5).says("git tracks it");
}

#[test]
fn no_path_leads_out_of_the_repository_or_into_gits_and_dockets_own() {
    let sandbox = Sandbox::new();
    for path in [
        "../x",
        "/etc/passwd",
        ".git",
        ".docket/ledger.db",
        "sub/.GIT/hooks",
        ".",
    ] {
        fs::write(
            sandbox.path("docket.toml"),
            format!("[provision]\ncopy = [{path:?}]\n"),
        )
        .expect("the configuration is written");
        sandbox.docket(["config"]).exits(2).says("provision.copy");
    }
    fs::remove_file(sandbox.path("docket.toml")).expect("it was there");
    // A link on the way, in the checkout or in the worktree, leads nowhere either.
    fs::create_dir_all(sandbox.home("secret")).expect("a folder");
    fs::write(sandbox.home("secret/key"), "k").expect("a file");
    symlink(sandbox.home("secret"), sandbox.path("way")).expect("a link");
    sandbox.configure("[provision]\ncopy = [\"way/key\"]");
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("by a symbolic link");
}

#[test]
fn an_attempt_that_goes_on_in_a_worktree_is_not_set_up_again() {
    let sandbox = Sandbox::new();
    sandbox.repository().write(".env", "KEY=1\n");
    sandbox.configure(
        "[provision]\ncopy = [\".env\"]\nsetup = [\"echo once >> \\\"$HOME/setups\\\"; touch made\"]",
    );
    sandbox.agent(
        "second",
        "cat > /dev/null; test -e made && cat .env > second",
    );
    sandbox.agent("first", "cat > /dev/null; touch first; exit 3");
    sandbox.configure("fallback = [\"second\"]");
    sandbox.ticket(10, "agent: first\nlimits: { attempts: 1 }", "Do it.");
    sandbox.docket(["run"]).exits(0).says("TICKET-010.2 done");
    let setups = fs::read_to_string(sandbox.home("setups")).expect("it ran");
    assert_eq!(setups, "once\n");
    let merged = merged(&sandbox);
    for (file, is_merged) in [
        ("first", true),
        ("second", true),
        ("made", false),
        (".env", false),
    ] {
        assert_eq!(
            merged.contains(&file.to_owned()),
            is_merged,
            "{file}: {merged:?}"
        );
    }
    assert!(
        !sandbox
            .path(".docket/cache/TICKET-010.1.provisioned")
            .exists()
    );
    assert_intact(&sandbox);
}

#[test]
fn in_place_there_is_nothing_to_provide() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "isolation = \"none\"\n[provision]\ncopy = [\"nowhere\"]\nsetup = [\"touch set-up\"]",
    );
    sandbox.shell(10, "", "touch 10");
    sandbox.docket(["--once"]).exits(0);
    assert!(!sandbox.path("set-up").exists() && setups(&sandbox).is_empty());
}

#[test]
fn a_pause_freezes_the_set_up_and_its_clock() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "limits = { setup = \"15s\" }\n[provision]\nsetup = [\"echo $$ > \\\"$HOME/pid\\\"; mv \\\"$HOME/pid\\\" \\\"$HOME/setup.pid\\\"; while [ ! -e \\\"$HOME/go\\\" ]; do sleep 0.02; done\"]",
    );
    sandbox.shell(10, "", "touch 10");
    let running = sandbox.start(["run"]);
    let pid = sandbox.home("setup.pid");
    until("the set-up runs", || pid.exists());
    let pid = fs::read_to_string(pid).expect("its process id");
    let pid: u32 = pid.trim().parse().expect("a number");
    sandbox.docket(["pause"]).exits(0);
    until("it is frozen", || state_of(pid) == Some('T'));
    fs::write(sandbox.home("go"), "").expect("written");
    sandbox.docket(["resume"]).exits(0);
    running.finish().exits(0);
    assert!(sandbox.is_done(10));
}
