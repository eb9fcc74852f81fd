//! Work that waits for a human: gates, replies and their traps, with no docket running, with one, and over crashes.

use std::fs;

use docket::domain::event::Event;

use crate::requests::{codex, report};
use crate::support::sandbox::{Finished, Sandbox, until};

/// A ticket whose work needs a yes; its agent writes `work.txt` and appends what it was told to `told` in the home.
fn gated(sandbox: &Sandbox) {
    let told = sandbox.home("told");
    sandbox.agent(
        "worker",
        &format!(
            "cat \"$DOCKET_PROMPT\" >> '{0}'; echo one >> '{0}.turns'; echo work >> work.txt",
            told.display()
        ),
    );
    sandbox.configure("claim = \"exit\"");
    sandbox.ticket(
        10,
        "agent: worker\ngate: review\nvalidate: [\"test -s work.txt\"]",
        "Work.",
    );
}

/// How many turns the agent of `gated` had.
fn turns(sandbox: &Sandbox) -> usize {
    let turns = fs::read_to_string(sandbox.home("told.turns")).unwrap_or_default();
    turns.lines().count()
}

/// The ids of the attempts that began.
fn attempts(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::AttemptStarted { attempt, .. } => Some(attempt.to_string()),
            _ => None,
        })
        .collect()
}

fn decisions(sandbox: &Sandbox) -> Vec<(bool, Option<String>)> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::GateDecided {
                approved, reason, ..
            } => Some((approved, reason)),
            _ => None,
        })
        .collect()
}

/// The working tree of the last attempt that has one.
fn worktree(sandbox: &Sandbox) -> std::path::PathBuf {
    let events = sandbox.events().into_iter();
    let mut trees = events.filter_map(|event| match event {
        Event::WorkspacePrepared { workspace, .. } => Some(workspace.path),
        _ => None,
    });
    trees.next_back().expect("a working tree")
}

/// The commands that a run has printed, without `docket`.
fn printed(said: &Finished) -> Vec<Vec<String>> {
    let lines = said.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("  docket "))
        .map(|line| shlex::split(line).expect("a command line"))
        .collect()
}

fn integrated(sandbox: &Sandbox, run: u32) -> String {
    let branch = format!("docket/r{run}/main");
    sandbox.git(["show", &format!("{branch}:work.txt")])
}

#[test]
fn codencer_9_3_a_gate_exits_4_and_the_printed_commands_work_verbatim() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    let said = sandbox.docket(["--once"]).exits(4);
    let commands = printed(&said);
    let words: Vec<_> = commands.iter().map(|words| words[0].as_str()).collect();
    assert_eq!(words, ["diff", "approve", "reject", "retry"]);
    // The work and its diff are there to be looked at.
    assert_eq!(
        fs::read_to_string(worktree(&sandbox).join("work.txt")).expect("the work"),
        "work\n"
    );
    let diff = sandbox.docket(&commands[0]).exits(0).stdout;
    assert!(diff.contains("+work"), "{diff}");
    sandbox.docket(&commands[1]).exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(integrated(&sandbox, 2), "work");
    assert!(sandbox.verify().is_intact());
}

#[test]
fn approved_work_is_checked_again_and_merged_without_its_agent() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    let document = sandbox.docket(["gates", "--json"]).exits(0).json();
    let gate = &document["gates"][0];
    assert_eq!(document["runner"], false);
    assert_eq!(gate["name"], "TICKET-010");
    assert_eq!(gate["attempt"], "TICKET-010.1");
    assert_eq!(gate["live"], false);
    assert_eq!(gate["files"], 1);
    assert_eq!(gate["words"][0], "the ticket says `gate: review`");
    assert_eq!(gate["validations"][0]["verdict"], "pass");
    assert_eq!(gate["commands"][1], "docket approve TICKET-010");
    assert!(gate["since"].is_i64(), "{gate}");
    let page = sandbox.docket(["gates"]).exits(0).stdout;
    for part in [
        "TICKET-010.1 waits for review since",
        "pass test -s work.txt",
        "docket reject TICKET-010",
    ] {
        assert!(page.contains(part), "`{part}` is not in:\n{page}");
    }
    let page = sandbox.docket(["requests"]).exits(0).stdout;
    assert!(page.contains("docket approve TICKET-010"), "{page}");

    // Without a decision nothing is tried again.
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("docket approve TICKET-010");
    assert_eq!(attempts(&sandbox), ["TICKET-010.1"]);

    let said = sandbox.docket(["approve", "10"]).exits(0).stdout;
    assert!(
        said.contains("TICKET-010: approved; the next run goes on with it"),
        "{said}"
    );
    let page = sandbox.docket(["ls"]).exits(0).stdout;
    assert!(
        page.contains("approved: goes on with the next run"),
        "{page}"
    );
    sandbox
        .docket(["gates"])
        .exits(0)
        .says("no gate waits for you");
    for words in [["approve", "10"], ["reject", "10"]] {
        sandbox
            .docket(words)
            .exits(3)
            .says("TICKET-010.1 was decided already: approved by a human at ");
    }
    assert_eq!(decisions(&sandbox), [(true, None)]);

    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(turns(&sandbox), 1, "its agent had no other turn");
    assert_eq!(integrated(&sandbox, 3), "work");
    let checks = sandbox.kinds();
    let checks = checks.iter().filter(|kind| *kind == "validation_finished");
    assert_eq!(checks.count(), 2, "checked again");
    assert!(
        sandbox
            .evidence(3, "TICKET-010.2", "diff.patch")
            .contains("+work")
    );
    assert!(sandbox.verify().is_intact());
}

#[test]
fn work_that_changed_after_its_approval_comes_to_the_gate_again() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    sandbox.docket(["approve", "10"]).exits(0);
    fs::write(worktree(&sandbox).join("smuggled.txt"), "x").expect("a file");
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("the working tree changed after TICKET-010.1 was approved");
    assert!(!sandbox.is_done(10));
    let document = sandbox.docket(["gates", "--json"]).exits(0).json();
    assert_eq!(document["gates"][0]["attempt"], "TICKET-010.2");
    assert_eq!(document["gates"][0]["reasons"][0]["reason"], "work_changed");
    // The approval was of the first attempt.
    sandbox
        .docket(["approve", "10.1"])
        .exits(3)
        .says("TICKET-010.1 was decided already");
    sandbox.docket(["approve", "10.2"]).exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(turns(&sandbox), 1);
    assert_eq!(sandbox.git(["show", "docket/r3/main:smuggled.txt"]), "x");
}

#[test]
fn a_ticket_that_changed_after_the_approval_comes_to_the_gate_again() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    sandbox.docket(["approve", "10"]).exits(0);
    sandbox.ticket(
        10,
        "agent: worker\ngate: review\nvalidate: [\"test -s work.txt\", \"true\"]",
        "More work.",
    );
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("the ticket changed after TICKET-010.1 was approved");
    assert_eq!(turns(&sandbox), 1);
}

#[test]
fn rejected_work_goes_back_to_the_same_tree_with_the_reason() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    sandbox
        .docket(["reject", "10", "--reason", "no tests for the empty case"])
        .exits(0);
    assert_eq!(
        decisions(&sandbox),
        [(false, Some("no tests for the empty case".to_owned()))]
    );
    sandbox
        .docket(["approve", "10"])
        .exits(3)
        .says("was decided already: rejected by a human at ");
    sandbox.docket(["--once"]).exits(4);
    let prompt = sandbox.evidence(2, "TICKET-010.2", "prompt.md");
    assert!(
        prompt.contains("# Your work was rejected in review\n\nno tests for the empty case"),
        "{prompt}"
    );
    // The same working tree: the second turn has added to the first one's work.
    assert_eq!(
        fs::read_to_string(worktree(&sandbox).join("work.txt")).expect("the work"),
        "work\nwork\n"
    );
    sandbox.docket(["approve", "10"]).exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(integrated(&sandbox, 3), "work\nwork");
}

#[test]
fn a_retry_at_a_gate_begins_from_the_head_and_the_old_work_stays() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    let old = worktree(&sandbox);
    let said = sandbox.docket(["retry", "10"]).exits(0).stdout;
    assert!(said.contains("tried from the start"), "{said}");
    sandbox
        .docket(["gates"])
        .exits(0)
        .says("no gate waits for you");
    sandbox
        .docket(["retry", "10"])
        .exits(3)
        .says("`docket --once --ticket TICKET-010` tries it");
    sandbox.docket(["approve", "10"]).exits(3);
    sandbox.docket(["--once"]).exits(4);
    assert_eq!(turns(&sandbox), 2);
    assert_ne!(worktree(&sandbox), old);
    assert_eq!(
        fs::read_to_string(worktree(&sandbox).join("work.txt")).expect("the work"),
        "work\n"
    );
    assert!(old.join("work.txt").exists());
}

#[test]
fn of_many_who_decide_at_once_one_wins() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    let all: Vec<_> = (0..6)
        .map(|number| {
            let word = if number % 2 == 0 { "approve" } else { "reject" };
            sandbox.start([word, "10", "--json"])
        })
        .collect();
    let done = all
        .into_iter()
        .map(|one| one.finish().json())
        .filter(|document| document["done"] == true)
        .count();
    assert_eq!((done, decisions(&sandbox).len()), (1, 1));
    assert!(sandbox.verify().is_intact());
}

#[test]
fn an_approval_survives_a_docket_that_is_killed_before_it_was_gone_on_with() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    let (began, go) = (sandbox.home("began"), sandbox.home("go"));
    // The check waits only when it runs for the second time.
    let check = format!(
        "if test -e '{1}'; then touch '{0}'; while ! test -e '{2}'; do sleep 0.02; done; else touch '{1}'; fi",
        began.display(),
        sandbox.home("once").display(),
        go.display()
    );
    sandbox.ticket(
        10,
        &format!("agent: worker\ngate: review\nvalidate: [\"{check}\"]"),
        "Work.",
    );
    sandbox.docket(["--once"]).exits(4);
    sandbox.docket(["approve", "10"]).exits(0);
    let run = sandbox.start(["--once"]);
    until("the work is checked again", || began.exists());
    run.signal(rustix::process::Signal::KILL);
    drop(run);
    let page = sandbox.docket(["ls"]).exits(0).stdout;
    assert!(page.contains("lost") || page.contains("approved"), "{page}");
    fs::write(go, "").expect("a file");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(turns(&sandbox), 1);
    assert_eq!(attempts(&sandbox).len(), 3);
    assert_eq!(integrated(&sandbox, 3), "work");
    assert!(sandbox.verify().is_intact());
}

#[test]
fn an_approval_during_the_run_lets_the_ticket_go_on_in_it() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    let (began, go) = (sandbox.home("began"), sandbox.home("go"));
    sandbox.shell(
        20,
        "",
        &format!(
            "touch '{}'; while ! test -e '{}'; do sleep 0.02; done",
            began.display(),
            go.display()
        ),
    );
    let run = sandbox.start(["run"]);
    until("the second ticket runs", || began.exists());
    let said = sandbox.docket(["approve", "10"]).exits(0).stdout;
    assert!(said.contains("it goes on in this run"), "{said}");
    sandbox
        .docket(["approve", "10"])
        .exits(3)
        .says("was decided already");
    fs::write(go, "").expect("a file");
    run.finish().exits(0);
    assert!(sandbox.is_done(10) && sandbox.is_done(20));
    assert_eq!(decisions(&sandbox).len(), 1);
    assert_eq!(turns(&sandbox), 1);
}

/// A ticket whose agent asks a human in its first turn and claims in the next.
fn asks(sandbox: &Sandbox) {
    sandbox.agent(
        "asker",
        "if ! test -e asked; then touch asked; printf -- '---\\nmode: pause\\n---\\nWhich codec?\\n' > \"$DOCKET_DESK/DISPATCH.md\"; fi",
    );
    sandbox.configure("claim = \"exit\"");
    sandbox.ticket(10, "agent: asker", "Work.");
}

#[test]
fn car_3_a_reply_after_the_run_is_stored_and_brought_once_in_the_next_prompt() {
    let sandbox = Sandbox::new();
    asks(&sandbox);
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("docket reply TICKET-010");
    // No reply: nothing is tried again, the question stays.
    sandbox.docket(["--once"]).exits(4).says("Which codec?");
    assert_eq!(attempts(&sandbox).len(), 1);
    let said = sandbox
        .docket(["reply", "10", "zstd, please"])
        .exits(0)
        .stdout;
    assert!(said.contains("the next run goes on with it"), "{said}");
    let page = sandbox.docket(["ls"]).exits(0).stdout;
    assert!(
        page.contains("answered: goes on with the next run"),
        "{page}"
    );
    sandbox.docket(["--once"]).exits(0);
    let prompt = sandbox.evidence(3, "TICKET-010.2", "prompt.md");
    assert_eq!(prompt.matches("zstd, please").count(), 1, "{prompt}");
    assert!(prompt.contains("Which codec?"), "{prompt}");
    let delivered: Vec<_> = sandbox
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::RepliesDelivered {
                attempt,
                turn,
                replies,
            } => Some((attempt.to_string(), turn, replies)),
            _ => None,
        })
        .collect();
    let hash = docket::domain::hash::sha256(b"zstd, please");
    assert_eq!(delivered, [("TICKET-010.2".to_owned(), 1, vec![hash])]);
    // Done is done.
    sandbox.docket(["reply", "10", "or gzip"]).exits(3);
    assert!(sandbox.verify().is_intact());
}

#[test]
fn car_13_no_advice_after_a_pause_discards_the_question() {
    let sandbox = Sandbox::new();
    asks(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    for words in [&["status"][..], &["ls"], &["requests"], &["show", "10"]] {
        let page = sandbox.docket(words).exits(0).stdout;
        assert!(
            !page.contains("dead") && !page.contains("tries it again"),
            "{page}"
        );
    }
    let page = sandbox.docket(["requests"]).exits(0).stdout;
    assert!(page.contains("docket reply TICKET-010"), "{page}");
}

#[test]
fn a_ticket_without_progress_goes_on_with_a_reply() {
    let sandbox = Sandbox::new();
    let told = sandbox.home("told");
    // It claims only when it was told to.
    sandbox.agent(
        "idler",
        &format!("cat \"$DOCKET_PROMPT\" > '{}'; if grep -q 'try the other way' \"$DOCKET_PROMPT\"; then sed -i 's/^done: false/done: true/' \"$DOCKET_TICKET\"; fi", told.display()),
    );
    sandbox.configure("claim = \"ticket\"");
    sandbox.ticket(10, "agent: idler", "Work.");
    sandbox.docket(["--once"]).exits(4).says("no progress");
    sandbox.docket(["--once"]).exits(4);
    sandbox
        .docket(["reply", "10", "try the other way"])
        .exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
}

#[test]
fn an_interrupted_turn_of_a_run_without_a_screen_goes_on_with_a_reply() {
    let sandbox = Sandbox::new();
    let began = sandbox.home("began");
    sandbox.agent(
        "slow",
        &format!(
            "if grep -q 'now finish' \"$DOCKET_PROMPT\"; then exit 0; fi; echo half > half.txt; touch '{}'; sleep 600",
            began.display()
        ),
    );
    sandbox.configure("claim = \"exit\"");
    sandbox.ticket(10, "agent: slow", "Work.");
    let run = sandbox.start(["--once"]);
    until("its turn runs", || began.exists());
    let said = sandbox.docket(["interrupt", "10"]).exits(0).stdout;
    assert!(said.contains("docket reply TICKET-010"), "{said}");
    run.finish().exits(4);
    sandbox.docket(["--once"]).exits(4).says("interrupted");
    sandbox.docket(["reply", "10", "now finish"]).exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(sandbox.git(["show", "docket/r3/main:half.txt"]), "half");
}

#[test]
fn a_docket_that_is_killed_while_a_gate_waits_leaves_it_open() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    let run = sandbox.start(["run", "--watch"]);
    until("the gate waits", || {
        sandbox.docket(["gates", "--json"]).json()["gates"][0]["live"] == true
    });
    run.signal(rustix::process::Signal::KILL);
    drop(run);
    let document = sandbox.docket(["gates", "--json"]).exits(0).json();
    assert_eq!(document["gates"][0]["attempt"], "TICKET-010.1");
    assert_eq!(document["gates"][0]["live"], false);
    sandbox.docket(["approve", "10"]).exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(turns(&sandbox), 1);
    assert!(sandbox.is_done(10));
    assert!(sandbox.verify().is_intact());
}

#[test]
fn a_rejected_agent_with_a_conversation_goes_on_in_it() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "talker", &["run echo one > one.txt"]);
    sandbox.ticket(10, "agent: talker\ngate: review", "Work.");
    sandbox.docket(["--once"]).exits(4);
    sandbox
        .docket(["reject", "10", "--reason", "rather two"])
        .exits(0);
    sandbox.docket(["--once"]).exits(4);
    let told = report(&sandbox, "talker");
    assert!(
        told.iter().any(|line| line.starts_with("resume thread-1")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.contains("rather two")),
        "{told:?}"
    );
}

#[test]
fn a_ticket_without_a_decision_does_not_hold_up_the_others() {
    let sandbox = Sandbox::new();
    gated(&sandbox);
    sandbox.docket(["--once"]).exits(4);
    sandbox.shell(20, "", "touch other.txt");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(20) && !sandbox.is_done(10));
    sandbox
        .docket(["run"])
        .exits(4)
        .says("docket approve TICKET-010");
}
