//! What is not as docket left it is never called done: tickets, branches, the ledger.

use std::fs;

use crate::support::sandbox::{Sandbox, until};

/// Says that it runs, and waits until the test says go.
const WAIT_FOR_GO: &str =
    "touch \"$HOME/started\"\nwhile ! test -e \"$HOME/go\"; do sleep 0.02; done";

#[test]
fn an_agent_that_changes_the_rules_in_the_canonical_ticket_is_tampering() {
    let sandbox = Sandbox::new();
    let canonical = sandbox.path("tickets/TICKET-010.md");
    sandbox.shell(
        10,
        "validate: [\"test -e x\"]",
        &format!(
            "touch x; sed -i.bak 's/test -e x/true/' '{}'",
            canonical.display()
        ),
    );
    sandbox
        .docket(["run"])
        .exits(5)
        .says("tampered")
        .says("(validate)");
    assert!(!sandbox.is_done(10));
}

#[test]
fn what_a_human_adds_to_the_text_of_a_ticket_while_its_agent_works_stays_and_hinders_nobody() {
    let sandbox = Sandbox::new();
    let canonical = sandbox.path("tickets/TICKET-010.md");
    let script = format!("touch x; echo 'A note.' >> '{}'", canonical.display());
    sandbox.shell(10, "validate: [\"test -e x\"]", &script);
    sandbox.docket(["run"]).exits(0).says("done, proven");
    let text = sandbox.text_of(10);
    assert!(
        text.contains("done: true") && text.ends_with("A note.\n"),
        "{text}"
    );
}

#[test]
fn a_run_branch_that_somebody_else_moves_is_tampered_and_nothing_is_merged() {
    let sandbox = Sandbox::new();
    let root = sandbox.repository().root().display().to_string();
    sandbox.shell(
        10,
        "validate: [\"test -e x\"]",
        &format!(
            "touch x; cd '{root}'; git update-ref refs/heads/docket/r1/main $(git commit-tree -m forged -p HEAD 'HEAD^{{tree}}')"
        ),
    );
    sandbox
        .docket(["run"])
        .exits(5)
        .says("tampered")
        .says("docket/r1/main is at");
    assert!(!sandbox.is_done(10));
    assert_eq!(
        sandbox.git(["log", "-1", "--format=%s", "docket/r1/main"]),
        "forged"
    );
}

#[test]
fn a_branch_of_an_attempt_that_lost_what_it_was_cut_from_is_tampered() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"test -e x\"]",
        "touch x; git checkout --orphan nothing; git commit -qm rewritten --allow-empty; git branch -f docket/r1/TICKET-010.1 nothing",
    );
    sandbox.docket(["run"]).exits(5).says("tampered");
    assert!(!sandbox.is_done(10));
}

#[test]
fn a_ledger_that_somebody_changes_is_found_out_before_work_is_called_done() {
    for change in [
        "UPDATE events SET payload = payload || ' ' WHERE kind = 'attempt_started'",
        "DELETE FROM events WHERE kind = 'workspace_prepared'",
    ] {
        let sandbox = Sandbox::new();
        let script = format!("{WAIT_FOR_GO}\ntouch x");
        sandbox.shell(10, "validate: [\"test -e x\"]", &script);
        let running = sandbox.start(["run"]);
        until("it runs", || sandbox.home("started").exists());
        let ledger =
            rusqlite::Connection::open(sandbox.path(".docket/ledger.db")).expect("a ledger");
        for guard in ["events_follow", "events_stay", "events_remain"] {
            let dropped = ledger.execute(&format!("DROP TRIGGER {guard}"), []);
            dropped.expect("whoever may write the file may do this too");
        }
        let since_the_start = "seq >= (SELECT min(seq) FROM events WHERE kind = 'attempt_started')";
        let changed = ledger.execute(&format!("{change} AND {since_the_start}"), []);
        let changed = changed.expect("changed");
        drop(ledger);
        fs::write(sandbox.home("go"), "").expect("go");
        let finished = running.finish();
        assert!(changed > 0, "{change}");
        let finished = finished.exits(5);
        finished
            .says("tampered")
            .says("was changed by somebody else");
        assert!(!sandbox.is_done(10));
    }
}

#[test]
fn a_ticket_that_an_agent_marks_by_path_lets_nothing_start_in_this_run() {
    let sandbox = Sandbox::new();
    let other = sandbox.shell(20, "not_before: 2999-01-01T00:00:00Z", "touch 20");
    let forge = format!(
        "sed -i.bak 's/^done: false/done: true/' '{}'",
        other.display()
    );
    // Long enough that the forged file is seen while its agent lives.
    sandbox.shell(10, "", &format!("{forge}\n{WAIT_FOR_GO}"));
    sandbox.shell(30, "depends_on: [20]", "touch 30");
    let running = sandbox.start(["run"]);
    until("docket has seen it", || {
        running.said().contains("can't take TICKET-020 for done")
    });
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    assert!(sandbox.is_done(10) && !sandbox.is_done(30));
}

#[test]
fn evidence_that_an_agent_changes_or_adds_is_found_out_before_the_seal() {
    for forge in [
        "echo forged >> ../../evidence/r1/TICKET-010/1/ticket.md",
        "rm ../../evidence/r1/TICKET-010/1/ticket.md",
        "echo 'all 214 tests passed' > ../../evidence/r1/TICKET-010/1/validations/more.log",
        "chmod u+w ../../evidence/r1/TICKET-010/1/prompt.md; echo x >> ../../evidence/r1/TICKET-010/1/prompt.md",
        "echo '{}' >> ../../evidence/r1/TICKET-010/1/raw.jsonl",
    ] {
        let sandbox = Sandbox::new();
        let script = format!(
            "mkdir -p ../../evidence/r1/TICKET-010/1/validations; echo work; touch x; {forge}"
        );
        sandbox.shell(10, "validate: [\"test -e x\"]", &script);
        let finished = sandbox.docket(["run"]).exits(5);
        finished.says("tampered").says("is not as docket wrote it");
        assert!(!sandbox.is_done(10), "{forge}");
        assert_eq!(
            sandbox.git(["log", "--format=%s", "main..docket/r1/main"]),
            ""
        );
    }
}
