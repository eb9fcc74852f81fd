//! Each way a run can end: exit code, words, and what is left on the disk.

use std::fs;

use docket::domain::attempt::{AttemptOutcome, LimitKind, Proof, Verdict};
use docket::domain::event::Event;

use crate::support::repository::content_of;
use crate::support::sandbox::{Sandbox, until};

/// The outcomes of all attempts, in the order in which they ended.
pub(super) fn outcomes(sandbox: &Sandbox) -> Vec<AttemptOutcome> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::AttemptFinished { outcome, .. } => Some(outcome),
            _ => None,
        })
        .collect()
}

/// The chain and all evidence must be as docket left them.
#[track_caller]
pub(super) fn assert_intact(sandbox: &Sandbox) {
    let report = sandbox.verify();
    assert!(report.is_intact() && report.warnings.is_empty(), "{report}");
}

#[test]
fn a_proven_ticket_is_done_and_all_of_it_can_be_looked_up() {
    let sandbox = Sandbox::new();
    let before = sandbox.shell(
        10,
        "validate: [\"grep -q hello hello.txt\"] # what counts",
        "echo hello > hello.txt\nmkdir -p a/b\necho deep > 'a/b/with space.txt'",
    );
    let text = fs::read_to_string(&before).expect("the ticket");
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", "plan"]);
    sandbox.repository().write("README.md", "# Not committed\n");
    sandbox.repository().write("staged.txt", "staged\n");
    sandbox.git(["add", "staged.txt"]);
    let head = sandbox.git(["rev-parse", "HEAD"]);
    let status = sandbox.git(["status", "--porcelain"]);
    let files = content_of(sandbox.repository().root(), &[".git", ".docket", "tickets"]);
    let index = fs::read(sandbox.path(".git/index")).expect("the user's index");

    let ended = sandbox.docket(["--once"]).exits(0);

    assert_eq!(ended.stdout, "r1: done (1 done, 0 failed, 0 waiting)\n");
    // The ticket: the one value, and no other byte.
    assert_eq!(
        sandbox.text_of(10),
        text.replace("done: false", "done: true")
    );
    // The user's side is as it was.
    assert_eq!(sandbox.git(["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(sandbox.git(["rev-parse", "HEAD"]), head);
    let now = content_of(sandbox.repository().root(), &[".git", ".docket", "tickets"]);
    assert_eq!(now, files);
    assert_eq!(fs::read(sandbox.path(".git/index")).ok(), Some(index));
    let mut expected: Vec<_> = status.lines().collect();
    expected.push(" M tickets/TICKET-010.md");
    let status = sandbox.git(["status", "--porcelain"]);
    let mut status: Vec<_> = status.lines().collect();
    status.sort_unstable();
    expected.sort_unstable();
    assert_eq!(status, expected);
    // The work is on the run's branch, on top of the user's commit, with its trailers; nothing else is.
    assert_eq!(sandbox.git(["rev-parse", "docket/r1/main~1"]), head);
    assert_eq!(
        sandbox.git(["diff", "--name-only", "-z", "main", "docket/r1/main"]),
        "a/b/with space.txt\0hello.txt\0"
    );
    let manifest = docket::domain::hash::sha256(
        sandbox
            .evidence(1, "TICKET-010.1", "manifest.json")
            .as_bytes(),
    );
    assert_eq!(
        sandbox.git([
            "log",
            "-1",
            "--format=%s%n%(trailers:unfold)",
            "docket/r1/main"
        ]),
        format!(
            "TICKET-010: Ticket 10\nDocket-Run: r1\nDocket-Attempt: TICKET-010.1\nDocket-Manifest: {manifest}"
        )
    );
    // What was needed on the way is gone, what brings work back is there.
    assert_eq!(sandbox.git(["worktree", "list"]).lines().count(), 1);
    assert!(!sandbox.path(".docket/worktrees/TICKET-010.1").exists());
    assert_eq!(
        sandbox.git(["branch", "--list", "docket/*", "--format=%(refname:short)"]),
        "docket/r1/main"
    );
    assert_eq!(
        sandbox.git(["show", "refs/docket/autosave/TICKET-010.1/1:hello.txt"]),
        "hello"
    );
    // Evidence.
    let mut names: Vec<_> = content_of(&sandbox.evidence_path(1, "TICKET-010.1"), &[])
        .into_iter()
        .map(|(path, _)| {
            let path = path.strip_prefix(sandbox.evidence_path(1, "TICKET-010.1"));
            path.expect("inside").display().to_string()
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "diff.patch",
            "files.json",
            "manifest.json",
            "prompt.md",
            "raw.jsonl",
            "result.json",
            "ticket.md",
            "transcript.jsonl",
            "validations/grep--q-hello-hello.txt.log",
        ]
    );
    assert_eq!(sandbox.evidence(1, "TICKET-010.1", "ticket.md"), text);
    let report = sandbox.verify();
    assert!(report.is_intact() && report.warnings.is_empty(), "{report}");
    assert_eq!(report.attempts.len(), 1);
    // The patch alone brings the work to the commit that the attempt began with.
    sandbox.git(["stash", "--quiet"]);
    sandbox.git([
        "apply",
        "--check",
        ".docket/evidence/r1/TICKET-010/1/diff.patch",
    ]);
    assert!(sandbox.agents().is_empty());
}

#[test]
fn the_ledger_tells_the_story_in_order() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"test -s x\"]", "echo x > x");
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        sandbox.kinds(),
        [
            "run_started",
            "step_started",
            "attempt_started",
            "process_started",
            "workspace_prepared",
            "turn_started",
            "turn_finished",
            "turn_saved",
            "validation_started",
            "validation_finished",
            "evidence_sealed",
            "integrated",
            "ticket_written",
            "attempt_finished",
            "step_finished",
            "run_finished",
        ]
    );
    let events = sandbox.events();
    let proven = AttemptOutcome::Done {
        proof: Proof::Proven,
    };
    assert_eq!(outcomes(&sandbox), [proven]);
    assert!(events.iter().any(|event| matches!(event, Event::ValidationFinished { validation, .. }
        if validation.verdict == Verdict::Pass && validation.exit == Some(0) && validation.output.is_some())));
}

#[test]
fn once_takes_one_ticket_the_one_that_is_named_or_the_first() {
    let sandbox = Sandbox::new();
    for number in [10, 20, 30] {
        sandbox.shell(number, "", "date > \"$DOCKET_RUN.txt\"");
    }
    let done = |numbers: [bool; 3]| {
        assert_eq!([10, 20, 30].map(|number| sandbox.is_done(number)), numbers);
    };
    sandbox
        .docket(["--once", "--ticket", "ticket-020"])
        .exits(0);
    done([false, true, false]);
    sandbox.docket(["--once"]).exits(0);
    done([true, true, false]);
    sandbox.docket(["--once", "--ticket", "30"]).exits(0);
    done([true, true, true]);
    sandbox
        .docket(["--once", "--ticket", "30"])
        .exits(3)
        .says("TICKET-030: unchecked");
    sandbox
        .docket(["--once", "--ticket", "TICKET-999"])
        .exits(2)
        .says("there is no ticket `TICKET-999` in tickets");
    // Each run has a branch of its own, on top of the work of those before it; a run that did nothing has none.
    assert_eq!(
        sandbox.git(["rev-list", "--count", "main..docket/r3/main"]),
        "3"
    );
    let branches = sandbox.git(["branch", "--list", "docket/*", "--format=%(refname:short)"]);
    assert_eq!(branches, "docket/r1/main\ndocket/r2/main\ndocket/r3/main");
    assert_intact(&sandbox);
}

#[test]
fn nothing_ready_is_said_with_reasons() {
    let sandbox = Sandbox::new();
    let ended = sandbox.docket(["--once"]).exits(3);
    assert_eq!(
        ended.stdout,
        "nothing is ready to run (0 done, 0 failed, 0 waiting)\n"
    );
    sandbox.shell(10, "not_before: 2999-01-01T00:00:00Z", "true");
    sandbox.shell(20, "depends_on: [10]", "true");
    sandbox
        .docket(["run"])
        .exits(3)
        .says("TICKET-010: not yet")
        .says("TICKET-020: after 010");
    assert!(!sandbox.is_done(20));
    // Asked every minute by a timer, it leaves nothing behind.
    assert_eq!(sandbox.git(["branch", "--format=%(refname:short)"]), "main");
    assert_eq!(sandbox.kinds(), [""; 0]);
}

#[test]
fn a_ticket_for_a_human_needs_a_human() {
    let sandbox = Sandbox::new();
    let path = sandbox.ticket(10, "agent: user", "Decide.");
    let text = fs::read(&path).expect("the ticket");
    sandbox.shell(20, "depends_on: [10]", "true");
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("a human does this ticket");
    sandbox.docket(["run"]).exits(4);
    assert_eq!(fs::read(&path).ok(), Some(text), "nobody touched it");
    assert!(!sandbox.is_done(20));
}

#[test]
fn a_failing_agent_is_a_failed_ticket_and_its_work_stays() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { attempts: 2 }",
        "echo half > half.txt\necho broken; exit 3",
    );
    let ended = sandbox.docket(["--once"]).exits(5).says("exit code 3");
    assert_eq!(ended.stdout, "r1: failed (0 done, 1 failed, 0 waiting)\n");
    assert!(!sandbox.is_done(10));
    assert_eq!(outcomes(&sandbox).len(), 2, "two attempts, one end each");
    for attempt in ["TICKET-010.1", "TICKET-010.2"] {
        let half = sandbox.path(format!(".docket/worktrees/{attempt}/half.txt"));
        assert_eq!(fs::read_to_string(half).ok().as_deref(), Some("half\n"));
        sandbox.git([
            "cat-file",
            "-e",
            &format!("refs/docket/autosave/{attempt}/1:half.txt"),
        ]);
    }
    assert_eq!(
        sandbox.git(["rev-parse", "docket/r1/main"]),
        sandbox.git(["rev-parse", "main"])
    );
    assert_intact(&sandbox);
    // Numbers go on: nothing is written over.
    sandbox.docket(["--once"]).exits(5);
    assert!(
        sandbox
            .evidence(2, "TICKET-010.4", "result.json")
            .contains("failed")
    );
    assert_intact(&sandbox);
}

#[test]
fn a_hard_limit_of_time_ends_the_whole_tree() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { wall: 300ms, attempts: 1 }",
        "trap '' INT TERM\nsetsid sleep 1000 &\nwhile true; do echo busy; sleep 0.02; done",
    );
    sandbox.configure("");
    sandbox
        .docket([
            "--once",
            "--set",
            "stop.interrupt=50ms",
            "--set",
            "stop.terminate=50ms",
        ])
        .exits(6)
        .says("limit reached: wall");
    assert!(sandbox.agents().is_empty(), "nothing of it is left");
    assert_eq!(
        outcomes(&sandbox),
        [AttemptOutcome::Limit {
            limit: LimitKind::Wall
        }]
    );
    assert_intact(&sandbox);
}

#[test]
fn silence_is_a_limit_too() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { idle: 200ms, attempts: 1 }",
        "echo once\nsleep 1000",
    );
    sandbox
        .docket(["--once"])
        .exits(6)
        .says("limit reached: idle");
    assert!(sandbox.agents().is_empty());
    assert!(
        sandbox
            .evidence(1, "TICKET-010.1", "transcript.jsonl")
            .contains("once")
    );
}

#[test]
fn turns_are_a_limit_for_agents_that_never_claim() {
    let sandbox = Sandbox::new();
    sandbox.agent("slow", "date +%N > \"turn-$DOCKET_TURN\"\necho not yet");
    sandbox.configure("claim = \"ticket\"");
    sandbox.ticket(
        10,
        "agent: slow\nlimits: { turns: 4, attempts: 1 }",
        "Work.",
    );
    sandbox
        .docket(["--once"])
        .exits(6)
        .says("limit reached: turns");
    assert!(
        sandbox
            .path(".docket/worktrees/TICKET-010.1/turn-4")
            .exists()
    );
    assert!(
        !sandbox
            .path(".docket/worktrees/TICKET-010.1/turn-5")
            .exists()
    );
}

#[test]
fn turns_without_progress_need_a_human() {
    let sandbox = Sandbox::new();
    sandbox.agent("talker", "echo I am thinking");
    sandbox.configure("claim = \"ticket\"");
    sandbox.ticket(10, "agent: talker", "Work.");
    sandbox.docket(["--once"]).exits(4).says("no progress");
    let turns = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "turn_started")
        .count();
    assert_eq!(turns, 3);
}

#[test]
fn a_ticket_marked_done_on_the_third_idle_turn_is_done() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "late",
        "if [ \"$DOCKET_TURN\" = 3 ]; then sed 's/^done: false/done: true/' \"$DOCKET_TICKET\" > t && cat t > \"$DOCKET_TICKET\" && rm t; fi",
    );
    sandbox.configure("claim = \"ticket\"");
    sandbox.ticket(10, "agent: late\nvalidate: [\"true\"]", "Work.");
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    assert!(sandbox.is_done(10));
}

#[test]
fn unchecked_is_not_proven() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo x > x");
    sandbox.shell(20, "validate: []", "echo y > y");
    sandbox.shell(30, "validate: [\"true\"]", "echo z > z");
    let lines = sandbox.docket(["run", "--json"]).exits(0).json_lines();
    let proofs: Vec<_> = lines
        .iter()
        .filter(|line| line["event"]["kind"] == "ticket_written")
        .map(|line| {
            line["event"]["proof"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(proofs, ["unchecked", "unchecked", "proven"]);
}

#[test]
fn a_review_keeps_the_work_for_a_human() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "gate: review\nvalidate: [\"true\"]", "echo x > x");
    sandbox.docket(["--once"]).exits(4).says("waits for review");
    assert!(!sandbox.is_done(10));
    assert!(sandbox.path(".docket/worktrees/TICKET-010.1/x").exists());
    sandbox.git(["cat-file", "-e", "refs/docket/autosave/TICKET-010.1/1:x"]);
    assert_eq!(
        sandbox.git(["rev-parse", "docket/r1/main"]),
        sandbox.git(["rev-parse", "main"])
    );
    assert_intact(&sandbox);
}

#[test]
fn an_agent_that_asks_needs_an_answer() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "echo x > x\nprintf -- '---\\nmode: pause\\ntitle: Which codec?\\n---\\nA or B?\\n' > \"$DOCKET_DESK/DISPATCH.md\"",
    );
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("waits for a reply: Which codec?");
    assert!(!sandbox.is_done(10));
    assert!(sandbox.path(".docket/worktrees/TICKET-010.1/x").exists());
    // A notice does not stop anything.
    sandbox.shell(
        20,
        "",
        "printf -- '---\\nmode: notify\\ntitle: FYI\\n---\\nAll well.\\n' > \"$DOCKET_DESK/DISPATCH.md\"",
    );
    sandbox
        .docket(["--once", "--ticket", "20"])
        .exits(0)
        .says("TICKET-020.1 says: FYI");
}

#[test]
fn a_second_runner_is_told_who_holds_the_repository() {
    let sandbox = Sandbox::new();
    let go = sandbox.home("go");
    sandbox.shell(
        10,
        "",
        "touch \"$HOME/started\"\nwhile ! test -e \"$HOME/go\"; do sleep 0.01; done",
    );
    let first = sandbox.start(["--once"]);
    until("the agent runs", || sandbox.home("started").exists());
    let second = sandbox.docket(["run"]).exits(7);
    let who = format!(
        "another docket is running here (pid {}, docket ",
        first.pid()
    );
    second.says(&who).says("`docket stop` ends it");
    let document = sandbox.docket(["--once", "--json"]).exits(7);
    assert_eq!(document.stdout, "", "no half a document");
    fs::write(go, "").expect("the agent may go on");
    first.finish().exits(0);
    sandbox.docket(["run"]).exits(3);
}

#[test]
fn a_broken_ticket_is_a_lint_error_when_it_is_named_and_stops_nothing_else() {
    let sandbox = Sandbox::new();
    fs::write(
        sandbox.path("tickets/TICKET-005.md"),
        "---\nagent: [\n---\n",
    )
    .expect("a ticket");
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once", "--ticket", "5"])
        .exits(2)
        .says("TICKET-005");
    sandbox.docket(["run"]).exits(0);
    assert!(sandbox.is_done(10));
}

#[test]
fn tickets_that_nobody_can_tell_apart_are_lint_errors_when_named() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    let text = sandbox.text_of(10).replace("tkt_000010", "tkt_other");
    fs::write(sandbox.path("tickets/TICKET-010-twin.md"), text).expect("a ticket");
    sandbox.shell(20, "depends_on: [30]", "true");
    sandbox.shell(30, "depends_on: [20]", "true");
    sandbox
        .docket(["--once", "--ticket", "tkt_000010"])
        .exits(2);
    sandbox
        .docket(["--once", "--ticket", "20"])
        .exits(2)
        .says("in a circle: 020 → 030 → 020");
    sandbox.docket(["run"]).exits(3);
}
