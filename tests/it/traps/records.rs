//! What is written down: every attempt its rows, every number once, every log readable.

use std::collections::BTreeSet;
use std::fs;

use docket::domain::event::Event;
use docket::domain::ids::Sequence;
use docket::store::Reader;

use crate::support::sandbox::{Sandbox, until};

/// The attempts that began, with their agents.
fn attempts(sandbox: &Sandbox) -> Vec<(String, String)> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::AttemptStarted { attempt, agent, .. } => Some((attempt.to_string(), agent)),
            _ => None,
        })
        .collect()
}

#[test]
fn codencer_7_the_same_result_in_three_attempts_is_three_rows() {
    let sandbox = Sandbox::new();
    let front = "limits: {turns: 1, attempts: 3}\nvalidate: [\"echo same; false\"]";
    sandbox.shell(10, front, "echo the same result");
    sandbox.docket(["run"]).exits(5);
    let reader = Reader::open(&sandbox.path(".docket/ledger.db")).expect("the ledger");
    let rows = reader.attempts().expect("the attempts");
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert!(row.outcome.is_some() && row.finished.is_some() && row.seal.is_some());
        let folder = sandbox.evidence_path(1, &row.attempt.to_string());
        assert!(folder.join("result.json").exists(), "{}", folder.display());
    }
    let kinds = sandbox.kinds();
    for kind in [
        "attempt_finished",
        "evidence_sealed",
        "validation_finished",
        "turn_saved",
    ] {
        assert_eq!(
            kinds.iter().filter(|known| *known == kind).count(),
            3,
            "{kind}"
        );
    }
    assert!(sandbox.verify().is_intact());
}

#[test]
fn codencer_15_numbers_of_attempts_only_grow_and_nobody_changes_the_agent_unasked() {
    let sandbox = Sandbox::new();
    sandbox.agent("first", "cat > /dev/null; exit 3");
    sandbox.agent("second", "touch \"$HOME/second\"");
    sandbox.ticket(10, "agent: first\nlimits: {attempts: 2}", "Work.");
    sandbox.docket(["run"]).exits(5);
    // The evidence may go, the numbers stay taken.
    fs::remove_dir_all(sandbox.path(".docket/evidence")).expect("it goes");
    sandbox.docket(["run"]).exits(5);
    sandbox.docket(["--once", "--ticket", "10"]).exits(5);
    let expected: Vec<_> = (1..=6)
        .map(|number| (format!("TICKET-010.{number}"), "first".to_owned()))
        .collect();
    assert_eq!(attempts(&sandbox), expected);
    assert!(!sandbox.home("second").exists());
}

#[test]
fn codencer_10_logs_are_readable_while_the_agent_runs_and_after_it_was_ended() {
    for (limit, code) in [("wall: 1h", None), ("wall: 1500ms", Some(6))] {
        let sandbox = Sandbox::new();
        sandbox.agent(
            "slow",
            "echo \"first words\"; echo complaint >&2; setsid sleep 1000 & sleep 1000",
        );
        let front = format!("agent: slow\nlimits: {{{limit}, attempts: 1}}");
        sandbox.ticket(10, &front, "Work.");
        let running = sandbox.start(["run"]);
        until("its words are shown while it runs", || {
            let log = sandbox.docket(["log", "10"]);
            log.stdout.contains("first words")
        });
        if code.is_none() {
            sandbox.docket(["stop", "10"]).exits(0);
        }
        running.finish().exits(code.unwrap_or(5));
        assert!(sandbox.agents().is_empty(), "the whole tree is gone");
        sandbox.docket(["log", "10"]).exits(0).prints("first words");
        let raw = sandbox.evidence(1, "TICKET-010.1", "raw.jsonl");
        assert!(raw.contains("complaint"), "{raw}");
        assert!(sandbox.verify().is_intact());
    }
}

#[test]
fn codencer_16_every_transition_is_a_row_with_its_time_and_run_in_order() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "gate: review\nvalidate: [\"true\"]", "touch x");
    sandbox.docket(["run"]).exits(4);
    sandbox.docket(["approve", "10"]).exits(0);
    sandbox.docket(["run"]).exits(0);
    let reader = Reader::open(&sandbox.path(".docket/ledger.db")).expect("the ledger");
    let rows = reader.events(Sequence(0), 10_000).expect("the rows");
    let mut last = 0;
    for (index, row) in rows.iter().enumerate() {
        let envelope = row.envelope().expect("a known kind");
        assert_eq!(envelope.seq.0, index as u64 + 1);
        assert!(envelope.at.0 > 0 && envelope.run.0 > 0, "{envelope:?}");
        assert!(envelope.at.0 >= last, "time goes on: {envelope:?}");
        last = envelope.at.0;
    }
    let kinds = sandbox.kinds();
    for kind in ["gate_reached", "gate_decided", "ticket_written"] {
        assert_eq!(
            kinds.iter().filter(|known| *known == kind).count(),
            1,
            "{kind}"
        );
    }
}

#[test]
fn codencer_16_what_does_not_fit_the_state_is_refused_and_the_refusal_is_a_row() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "touch \"$HOME/began\"; while ! test -e \"$HOME/go\"; do sleep 0.02; done",
    );
    let running = sandbox.start(["run"]);
    until("the agent works", || sandbox.home("began").exists());
    // Nothing lies before a human: that is said without troubling the runner.
    for words in [&["approve", "10"][..], &["reject", "10", "--reason", "no"]] {
        sandbox.docket(words).exits(3);
    }
    for words in [&["resume"][..], &["retry", "10"]] {
        sandbox.docket(words).exits(3);
    }
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    let refused = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "refused")
        .count();
    assert_eq!(refused, 2, "what the runner refused");
    // Done is done: nothing of it can be decided afterwards.
    for words in [&["approve", "10"][..], &["reject", "10", "--reason", "no"]] {
        sandbox.docket(words).exits(3);
    }
    let kinds = sandbox.kinds();
    assert!(!kinds.contains(&"gate_decided".to_owned()), "{kinds:?}");
}

#[test]
fn codencer_9_an_unknown_name_is_an_error_and_nothing_is_executed() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch \"$HOME/ran\"");
    for words in [
        &["--once", "--ticket", "99"][..],
        &["show", "99"],
        &["log", "99"],
        &["approve", "99"],
        &["reject", "99", "--reason", "no"],
        &["reply", "99", "hello"],
        &["retry", "99"],
        &["skip", "99"],
        &["stop", "99"],
        &["diff", "99"],
        &["evidence", "show", "r99"],
    ] {
        let ended = sandbox.docket(words);
        assert!(!ended.was_ended_by(rustix::process::Signal::KILL));
        assert!(!ended.stderr.is_empty(), "{words:?} says why");
        assert!(!ended.succeeded(), "{words:?} is no success");
    }
    assert!(!sandbox.home("ran").exists());
    assert!(!sandbox.path(".docket/worktrees").exists());
}

#[test]
fn no_two_attempts_share_a_folder_or_a_marker() {
    let sandbox = Sandbox::new();
    for number in [10, 20, 30] {
        let front = "limits: {turns: 1, attempts: 2}\nvalidate: [\"test $DOCKET_ATTEMPT != 1\"]";
        sandbox.shell(number, front, "pwd; exit 1");
    }
    sandbox.docket(["run", "--jobs", "3"]).exits(5);
    let (mut markers, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut count = 0;
    for event in sandbox.events() {
        match event {
            Event::AttemptStarted { marker, .. } => {
                count += 1;
                assert!(markers.insert(marker.clone()), "{marker}");
            }
            Event::WorkspacePrepared { workspace, .. } => {
                assert!(places.insert(workspace.path.clone()), "{workspace:?}");
            }
            _ => {}
        }
    }
    assert_eq!((count, places.len()), (6, 6));
}
