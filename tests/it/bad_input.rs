//! What is not as docket needs it: each a clear message that says what to do, the exit code of the table, and nothing half-written.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use docket::domain::event::Event;

use crate::support::repository::{TestRepository, content_of};
use crate::support::sandbox::Sandbox;

/// docket must not have begun anything.
#[track_caller]
fn assert_untouched(sandbox: &Sandbox) {
    assert!(
        !sandbox.path(".docket/ledger.db").exists(),
        "no ledger was made"
    );
}

#[test]
fn not_a_repository() {
    let sandbox = Sandbox::of(TestRepository::unborn());
    fs::remove_dir_all(sandbox.path(".git")).expect("no git here");
    sandbox.shell(10, "", "true");
    sandbox.docket(["--once"]).exits(2).says(
        "is not inside a git repository: run `git init` there, or set `isolation = \"none\"`",
    );
    assert_untouched(&sandbox);
    sandbox
        .docket(["-C", "/nonexistent", "--once"])
        .exits(2)
        .says("/nonexistent");
}

#[test]
fn no_commit_yet() {
    let sandbox = Sandbox::of(TestRepository::unborn());
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("no commit")
        .says("git commit");
    assert_untouched(&sandbox);
    // In place it needs none.
    sandbox.docket(["--once", "--isolation", "none"]).exits(0);
}

#[test]
fn a_bare_repository() {
    let sandbox = Sandbox::new();
    let bare = sandbox.home("bare.git");
    let path = bare.to_str().expect("UTF-8");
    sandbox.git(["clone", "--quiet", "--bare", ".", path]);
    sandbox
        .docket(["-C", path, "--once"])
        .exits(2)
        .says("is a bare repository")
        .says("clone it");
    assert!(!bare.join(".docket").exists());
}

#[test]
fn a_detached_head_works() {
    let sandbox = Sandbox::new();
    sandbox.git(["checkout", "--quiet", "--detach"]);
    sandbox.shell(10, "validate: [\"test -e x\"]", "touch x");
    let head = sandbox.git(["rev-parse", "HEAD"]);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(sandbox.git(["rev-parse", "HEAD"]), head);
    assert_eq!(sandbox.git(["rev-parse", "docket/r1/main~1"]), head);
    assert_eq!(sandbox.git(["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
}

#[test]
fn a_dirty_checkout_is_left_alone_and_out() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("README.md", "unfinished\n");
    sandbox.repository().write("src/new.rs", "untracked\n");
    sandbox.repository().write("staged.rs", "staged\n");
    sandbox.git(["add", "staged.rs"]);
    fs::remove_file(sandbox.path("src/main.rs")).expect("deleted");
    sandbox.shell(
        10,
        "validate: [\"test -e src/main.rs && test ! -e src/new.rs && test ! -e staged.rs && grep -q Test README.md\"]",
        "touch x",
    );
    let before = content_of(sandbox.repository().root(), &[".git", ".docket", "tickets"]);
    let status = sandbox.git(["status", "--porcelain"]);
    sandbox.docket(["--once"]).exits(0);
    let after = content_of(sandbox.repository().root(), &[".git", ".docket", "tickets"]);
    assert_eq!(after, before);
    assert_eq!(sandbox.git(["status", "--porcelain"]), status);
}

#[test]
fn no_queue() {
    let sandbox = Sandbox::new();
    fs::remove_dir(sandbox.path("tickets")).expect("no queue");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("there is no folder tickets")
        .says("docket init");
    assert_untouched(&sandbox);
}

#[test]
fn a_subfolder_of_the_repository_is_the_repository() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch x");
    let folder = sandbox.path("src");
    let mut command = sandbox.command(["--once"]);
    command.current_dir(folder);
    sandbox.start_command(command).finish().exits(0);
    assert!(sandbox.is_done(10));
}

#[test]
fn an_unknown_agent() {
    let sandbox = Sandbox::new();
    sandbox.ticket(10, "agent: codexx", "Work.");
    sandbox.shell(20, "", "true");
    sandbox
        .docket(["--once", "--ticket", "10"])
        .exits(2)
        .says("unknown agent codexx")
        .says("[agents.codexx]");
    sandbox.docket(["run"]).exits(0);
    assert!(sandbox.is_done(20) && !sandbox.is_done(10));
}

#[test]
fn an_agent_whose_program_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "[agents.gone]\nkind = \"command\"\ncommand = [\"/nonexistent/agent\"]\n[agents.file]\nkind = \"command\"\ncommand = [\"./README.md\"]",
    );
    sandbox.ticket(10, "agent: gone", "Work.");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("`/nonexistent/agent` was not found: install it");
    sandbox.ticket(10, "agent: file", "Work.");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("`./README.md` is not executable");
    assert!(!sandbox.is_done(10));
    let report = sandbox.verify();
    assert!(report.is_intact(), "{report}");
}

#[test]
fn an_agent_without_a_command() {
    let sandbox = Sandbox::new();
    sandbox.configure("[agents.empty]\nkind = \"command\"");
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("agent `empty` needs `command`")
        .says("config.toml:");
    assert_untouched(&sandbox);
}

#[test]
fn a_runbook_without_anything_to_run() {
    let sandbox = Sandbox::new();
    sandbox.ticket(10, "agent: shell", "Only words.");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("has no ```sh block");
    assert!(!sandbox.is_done(10));
}

#[test]
fn an_unknown_key_in_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write("docket.toml", "[limits]\nturn = 3\n");
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("docket.toml:2")
        .says("limits.turns");
    assert_untouched(&sandbox);
    sandbox
        .repository()
        .write("docket.toml", "jobs = \"many\"\n");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("docket.toml:1")
        .says("jobs");
    sandbox.repository().write("docket.toml", "");
    let mut command = sandbox.command(["--once"]);
    command.env("DOCKET_JOBS", "none");
    sandbox
        .start_command(command)
        .finish()
        .exits(2)
        .says("DOCKET_JOBS");
    sandbox
        .docket(["--once", "--set", "limits.turn=3"])
        .exits(2)
        .says("limits.turns");
}

#[test]
fn a_repository_that_nobody_trusted_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.repository().write(
        "docket.toml",
        "validate = [\"touch $HOME/pwned\"]\n[agents.mine]\nkind = \"command\"\ncommand = [\"touch\", \"pwned\"]\n",
    );
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("you have not trusted it yet")
        .says("agents.mine.command")
        .says("docket trust");
    assert!(!sandbox.home("pwned").exists());
    assert_untouched(&sandbox);
}

#[test]
fn a_branch_that_stands_in_the_way() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch x");
    // A whole folder of branches can't be made beside a branch of that name.
    sandbox.git(["branch", "docket"]);
    sandbox.docket(["--once"]).exits(1).says("`docket`");
    assert!(!sandbox.is_done(10));
    sandbox.git(["branch", "-m", "docket", "other"]);
    sandbox.docket(["--once"]).exits(0);
}

#[test]
fn a_run_branch_that_is_there_already_is_not_taken_over() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch x");
    sandbox.git(["branch", "docket/r1/main"]);
    let was = sandbox.git(["rev-parse", "docket/r1/main"]);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(sandbox.git(["rev-parse", "docket/r1/main"]), was);
    assert!(sandbox.is_done(10));
    assert_eq!(
        sandbox.git(["show", "--name-only", "--format=", "docket/r2/main"]),
        "x"
    );
}

#[test]
fn paths_with_spaces_and_other_letters() {
    let sandbox = Sandbox::of(
        TestRepository::named("a repo, ünïcode 'quoted' \"too\" 仕事").with_first_commit(),
    );
    sandbox.agent("mine", "cat > prompt.txt; printf 'a\\n' > 'ä ö.txt'");
    sandbox.ticket(
        10,
        "agent: mine\nvalidate: [\"test -s 'ä ö.txt'\"]",
        "Work.",
    );
    sandbox.shell(20, "validate: [\"test -e y\"]", "touch y");
    sandbox.docket(["run"]).exits(0);
    assert_eq!(
        sandbox.git([
            "-c",
            "core.quotePath=false",
            "diff",
            "--name-only",
            "main",
            "docket/r1/main"
        ]),
        "prompt.txt\ny\nä ö.txt"
    );
    let report = sandbox.verify();
    assert!(report.is_intact(), "{report}");
}

#[test]
fn broken_ticket_files_stop_nobody_but_themselves() {
    let sandbox = Sandbox::new();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(sandbox.path("tickets").join(name), bytes).expect("a ticket");
    };
    write("TICKET-001.md", b"");
    write(
        "TICKET-002.md",
        b"---\nagent: shell\ndone: false\ntitle: caf\xe9\n---\n",
    );
    let mut huge = b"---\nagent: shell\ndone: false\n---\n".to_vec();
    huge.resize(3_000_000, b'x');
    write("TICKET-003.md", &huge);
    write("TICKET-004.md", b"---\nagent: shell\ndone: maybe\n---\n");
    write("TICKET-005.md", b"no front matter at all\n");
    write("TICKET-006.md", b"---\nagent: shell\ndone: false\n");
    fs::create_dir(sandbox.path("tickets/TICKET-007.md")).expect("a folder");
    std::os::unix::fs::symlink("nowhere", sandbox.path("tickets/TICKET-008.md")).expect("a link");
    let name = std::ffi::OsStr::from_bytes(b"TICKET-009-\xff.md");
    let _not_everywhere = fs::write(sandbox.path("tickets").join(name), b"---\n---\n");
    write("notes.txt", b"not a ticket");
    sandbox.shell(10, "validate: [\"test -e x\"]", "touch x");
    let before = content_of(&sandbox.path("tickets"), &["TICKET-010.md"]);
    sandbox.docket(["run"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(
        content_of(&sandbox.path("tickets"), &["TICKET-010.md"]),
        before
    );
    for number in [1, 2, 3, 4, 5, 6, 7, 8] {
        let ended = sandbox.docket([
            "--once".to_owned(),
            "--ticket".to_owned(),
            number.to_string(),
        ]);
        let ended = ended.exits(2);
        assert!(
            ended.stderr.contains(&format!("TICKET-00{number}.md")),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_damaged_ledger_is_never_written_over() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    fs::create_dir_all(sandbox.path(".docket")).expect("the folder");
    fs::write(
        sandbox.path(".docket/ledger.db"),
        "this is no database\n".repeat(100),
    )
    .expect("written");
    sandbox.docket(["--once"]).exits(1).says("ledger.db");
    let content = fs::read_to_string(sandbox.path(".docket/ledger.db")).expect("read");
    assert!(content.starts_with("this is no database"));
    assert!(!sandbox.is_done(10));
}

#[test]
fn a_folder_of_its_own_that_can_not_be_made() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    fs::write(sandbox.path(".docket"), "a file in the way").expect("written");
    sandbox.docket(["--once"]).exits(1).says(".docket");
    assert!(!sandbox.is_done(10));
    assert_eq!(
        fs::read_to_string(sandbox.path(".docket")).ok().as_deref(),
        Some("a file in the way")
    );
}

mod disk {
    //! Disks that are full or read-only, on mounts that are nobody else's.

    use super::{Event, Sandbox, fs};
    use crate::support::sandbox::Finished;

    /// Runs docket in a mount namespace of its own, after `prepare` (shell) was run there. `None`, with a word about it, where this
    /// machine does not allow that.
    fn on_its_own_disk(
        sandbox: &Sandbox,
        prepare: &str,
        arguments: &str,
        then: &str,
    ) -> Option<Finished> {
        let mut probe = sandbox.program("unshare");
        probe.args(["--mount", "--user", "--map-root-user", "sh", "-c"]);
        let probe = probe.arg("mount -t tmpfs none /mnt").output();
        if !probe.is_ok_and(|output| output.status.success()) {
            // The one way to tell whoever reads the output of the tests.
            let why = "skipped: this machine allows no mounts\n";
            let _nobody_reads = std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes());
            return None;
        }
        let mut command = sandbox.program("unshare");
        command.args(["--mount", "--user", "--map-root-user", "sh", "-c"]);
        let docket = env!("CARGO_BIN_EXE_docket");
        command.arg(format!(
            "set -e\n{prepare}\nset +e\n{docket} {arguments}\ncode=$?\n{then}\nexit $code"
        ));
        Some(sandbox.start_command(command).finish())
    }

    #[test]
    fn a_full_disk_is_said_and_nothing_is_called_done() {
        let sandbox = Sandbox::new();
        let big = "head -c 3000000 /dev/zero | tr '\\0' x; sleep 0.1; echo the end; touch x";
        sandbox.shell(10, "validate: [\"true\"]", big);
        sandbox.shell(20, "", "true");
        let Some(ended) = on_its_own_disk(
            &sandbox,
            "mkdir -p .docket; mount -t tmpfs -o size=1m none .docket",
            "run",
            // Somebody makes room, and it goes on where it was.
            &format!(
                "mount -o remount,size=64m none .docket; {} run > \"$HOME/again\" 2>&1; echo $? >> \"$HOME/again\"",
                env!("CARGO_BIN_EXE_docket")
            ),
        ) else {
            return;
        };
        let ended = ended.exits(1);
        assert!(ended.stderr.contains("space"), "{}", ended.stderr);
        assert_eq!(
            sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
            "",
            "nothing is merged without evidence"
        );
        let again = fs::read_to_string(sandbox.home("again")).expect("the second run");
        assert!(
            again.ends_with("(2 done, 0 failed, 0 waiting)\n0\n"),
            "{again}"
        );
        assert!(sandbox.is_done(10) && sandbox.is_done(20));
        assert!(sandbox.agents().is_empty());
    }

    #[test]
    fn a_disk_that_is_full_from_the_start_is_said() {
        let sandbox = Sandbox::new();
        sandbox.shell(10, "validate: [\"true\"]", "touch x");
        let Some(ended) = on_its_own_disk(
            &sandbox,
            "mkdir -p .docket; mount -t tmpfs -o size=64k none .docket; head -c 65536 /dev/zero > .docket/filler || true",
            "run",
            "",
        ) else {
            return;
        };
        let ended = ended.exits(1);
        assert!(
            ended.stderr.contains("space") || ended.stderr.contains("full"),
            "{}",
            ended.stderr
        );
        assert!(!sandbox.is_done(10));
    }

    #[test]
    fn a_read_only_disk_is_said() {
        let sandbox = Sandbox::new();
        sandbox.shell(10, "validate: [\"true\"]", "touch x");
        let Some(ended) = on_its_own_disk(
            &sandbox,
            "mkdir -p .docket; mount -t tmpfs -o ro none .docket",
            "run",
            "",
        ) else {
            return;
        };
        let ended = ended.exits(1);
        assert!(
            ended.stderr.to_lowercase().contains("read-only"),
            "{}",
            ended.stderr
        );
        assert!(!sandbox.is_done(10));
        assert_eq!(sandbox.git(["branch", "--format=%(refname:short)"]), "main");
    }

    #[test]
    fn a_read_only_queue_runs_and_says_that_it_can_not_mark_the_ticket() {
        let sandbox = Sandbox::new();
        sandbox.shell(10, "validate: [\"test -e x\"]", "touch x");
        let Some(ended) = on_its_own_disk(
            &sandbox,
            "mount --bind tickets tickets; mount -o remount,bind,ro tickets",
            "--once",
            "",
        ) else {
            return;
        };
        let ended = ended.exits(5).says("can't mark the ticket done");
        assert!(
            ended.stderr.to_lowercase().contains("read-only"),
            "{}",
            ended.stderr
        );
        assert!(!sandbox.is_done(10));
        // The work is proven and merged, and the ledger says so.
        assert!(
            sandbox
                .events()
                .iter()
                .any(|event| matches!(event, Event::Integrated { .. }))
        );
        let _tickets = fs::read_dir(sandbox.path("tickets")).expect("there");
    }
}
