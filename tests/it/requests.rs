//! What agents ask, answered from another process: without a runner, and while one works on something else.

use std::fs;

use docket::domain::event::Event;
use docket::domain::request::{Answer, AnsweredBy};

use crate::support::programs;
use crate::support::sandbox::{Sandbox, until};

/// Configures `name`, a codex that plays this script; what it was told goes into `name.report` in the user's home.
pub(crate) fn codex(sandbox: &Sandbox, name: &str, script: &[&str]) {
    let report = sandbox.home(format!("{name}.report"));
    let program = programs::fake_agent();
    let mut command = vec![
        program.to_str().expect("UTF-8"),
        "codex",
        report.to_str().expect("UTF-8"),
    ];
    command.extend(script);
    sandbox.configure(&format!(
        "[agents.{name}]\nkind = \"codex-app-server\"\nclaim = \"exit\"\ncommand = {command:?}"
    ));
}

/// What an agent was told, a line each.
pub(crate) fn report(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let report = fs::read_to_string(sandbox.home(format!("{name}.report"))).unwrap_or_default();
    report.lines().map(str::to_owned).collect()
}

/// What it was told, the first words of each line.
fn heard(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let first = |line: String| {
        let line = line.trim_end();
        match line.split_once(' ') {
            Some(("turn", _)) | None => line.split(' ').next().unwrap_or_default().to_owned(),
            Some(_) => line.to_owned(),
        }
    };
    report(sandbox, name).into_iter().map(first).collect()
}

/// The answers of humans in the ledger.
fn answers(sandbox: &Sandbox) -> Vec<Answer> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::RequestAnswered {
                answer,
                by: AnsweredBy::Human,
                ..
            } => Some(answer),
            _ => None,
        })
        .collect()
}

/// A ticket whose agent asks to run a command, and a run that paused for it.
fn paused(sandbox: &Sandbox) {
    codex(sandbox, "asker", &["ask touch allowed.txt"]);
    sandbox.ticket(10, "agent: asker", "Work.");
    sandbox.docket(["--once"]).exits(4);
}

#[test]
fn what_a_run_paused_for_is_answered_without_a_runner_and_the_next_run_goes_on() {
    let sandbox = Sandbox::new();
    paused(&sandbox);
    let document = sandbox.docket(["requests", "--json"]).exits(0).json();
    let asked = &document["requests"][0];
    assert_eq!(document["runner"], false);
    assert_eq!(asked["name"], "TICKET-010");
    assert_eq!(asked["attempt"], "TICKET-010.1");
    assert_eq!(asked["number"], 1);
    assert_eq!(asked["agent"], "asker");
    assert_eq!(asked["live"], false);
    assert_eq!(asked["request"]["title"], "$ touch allowed.txt");
    assert_eq!(asked["request"]["reason"], "the script says so");
    assert_eq!(asked["commands"][0], "docket approve TICKET-010");
    let page = sandbox.docket(["requests"]).exits(0).stdout;
    for part in [
        "TICKET-010 #1",
        "$ touch allowed.txt",
        "because the script says so",
        "docket reject TICKET-010 --reason",
    ] {
        assert!(page.contains(part), "`{part}` is not in:\n{page}");
    }
    let page = sandbox.docket(["status"]).exits(0).stdout;
    assert!(page.contains("`docket requests` says how"), "{page}");
    let page = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(page.contains("docket approve TICKET-010"), "{page}");

    // Nobody has answered: the next run asks nobody again.
    sandbox.docket(["--once"]).exits(4);
    assert_eq!(heard(&sandbox, "asker"), ["start", "turn"]);

    let said = sandbox.docket(["approve", "10"]).exits(0).stdout;
    assert!(said.contains("allowed: $ touch allowed.txt"), "{said}");
    let said = sandbox.docket(["requests"]).exits(0);
    assert_eq!(said.stdout, "");
    said.says("nothing waits for you");
    let page = sandbox.docket(["ls"]).exits(0).stdout;
    assert!(
        page.contains("answered: goes on with the next run"),
        "{page}"
    );

    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(
        heard(&sandbox, "asker")[2..],
        [
            "resume thread-1",
            "turn",
            "answer {\"decision\":\"accept\"}"
        ]
    );
    let told = &report(&sandbox, "asker")[3];
    assert!(told.contains("A human has allowed it"), "{told}");
    // The same working tree: its branch is the first attempt's.
    let trees = sandbox
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::WorkspacePrepared { workspace, .. } => Some(workspace.path),
            _ => None,
        });
    let trees: std::collections::BTreeSet<_> = trees.collect();
    assert_eq!(trees.len(), 1, "{trees:?}");
    assert!(
        sandbox
            .git(["ls-tree", "--name-only", "docket/r3/main"])
            .contains("allowed.txt")
    );
    assert!(sandbox.verify().is_intact());
}

#[test]
fn a_no_reaches_the_agent_with_its_reason() {
    let sandbox = Sandbox::new();
    paused(&sandbox);
    sandbox
        .docket(["reject", "TICKET-010", "#1", "--reason", "not like that"])
        .exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        heard(&sandbox, "asker")[2..],
        [
            "resume thread-1",
            "turn",
            "answer {\"decision\":\"decline\"}"
        ]
    );
    let told = &report(&sandbox, "asker")[3];
    assert!(
        told.contains("A human has refused it: not like that"),
        "{told}"
    );
    assert!(
        !sandbox
            .git(["ls-tree", "--name-only", "docket/r2/main"])
            .contains("allowed.txt")
    );
}

#[test]
fn questions_are_answered_in_words() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "quiz", &["question Which colour?|Which size?"]);
    sandbox.ticket(10, "agent: quiz", "Work.");
    sandbox.docket(["--once"]).exits(4);
    let page = sandbox.docket(["requests"]).exits(0).stdout;
    for part in [
        "1. Which colour?  (red)",
        "2. Which size?",
        "docket answer TICKET-010 \"…\" \"…\"",
    ] {
        assert!(page.contains(part), "`{part}` is not in:\n{page}");
    }
    sandbox
        .docket(["answer", "10", "red"])
        .exits(2)
        .says("give one answer for each");
    sandbox
        .docket(["approve", "10"])
        .exits(2)
        .says("docket answer TICKET-010");
    assert!(answers(&sandbox).is_empty());
    sandbox.docket(["answer", "10", "red", "very big"]).exits(0);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        heard(&sandbox, "quiz")[4],
        "answer {\"answers\":{\"0\":{\"answers\":[\"red\"]},\"1\":{\"answers\":[\"very big\"]}}}"
    );
}

#[test]
fn an_answer_is_given_once() {
    let sandbox = Sandbox::new();
    paused(&sandbox);
    sandbox.docket(["approve", "10"]).exits(0);
    sandbox
        .docket(["reject", "10"])
        .exits(3)
        .says("#1 was answered already: allowed by a human at ");
    let document = sandbox
        .docket(["approve", "10", "1", "--json"])
        .exits(3)
        .json();
    assert_eq!(document["done"], false);
    assert!(
        document["why"]
            .as_str()
            .is_some_and(|why| why.contains("answered already")),
        "{document}"
    );
    assert_eq!(answers(&sandbox).len(), 1);
    sandbox.docket(["--once"]).exits(0);
    // What is over is not open any more.
    sandbox
        .docket(["approve", "10"])
        .exits(3)
        .says("its agent asks nothing");
    sandbox
        .docket(["approve", "10.1", "1"])
        .exits(3)
        .says("#1 was answered already");
}

#[test]
fn of_two_who_answer_at_once_one_wins() {
    let sandbox = Sandbox::new();
    paused(&sandbox);
    let all: Vec<_> = (0..6)
        .map(|number| {
            let word = if number % 2 == 0 { "approve" } else { "reject" };
            sandbox.start([word, "10", "--json"])
        })
        .collect();
    let mut done = 0;
    for one in all {
        let document = one.finish().json();
        done += u32::from(document["done"] == true);
    }
    assert_eq!((done, answers(&sandbox).len()), (1, 1));
    assert!(sandbox.verify().is_intact());
}

#[test]
fn nothing_to_answer_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["approve", "10"])
        .exits(3)
        .says("its agent asks nothing");
    sandbox
        .docket(["approve", "77"])
        .exits(2)
        .says("there is no ticket `77`");
    sandbox.docket(["approve", "10", "x"]).exits(2);
    for words in [
        &["stop"][..],
        &["stop", "10"],
        &["pause"],
        &["resume"],
        &["interrupt", "10"],
        &["reply", "10", "hello"],
        &["retry", "10"],
        &["skip", "10"],
    ] {
        let said = sandbox.docket(words).exits(3).says("no docket runs here");
        assert_eq!(said.stdout, "", "{words:?}");
    }
    assert!(!sandbox.path(".docket").exists(), "nothing was made");
}

#[test]
fn agents_do_not_answer_themselves() {
    let sandbox = Sandbox::new();
    paused(&sandbox);
    let mut command = sandbox.command(["approve", "10"]);
    command.env("DOCKET_ATTEMPT", "0123/TICKET-010.1");
    sandbox
        .start_command(command)
        .finish()
        .exits(2)
        .says("belongs to an agent's attempt");
    assert!(answers(&sandbox).is_empty());
    // Behind the shell of the terminal pane is a human.
    let mut command = sandbox.command(["approve", "10"]);
    command.env("DOCKET_ATTEMPT", "terminal/17/1");
    sandbox.start_command(command).finish().exits(0);
}

#[test]
fn an_answer_during_the_run_lets_the_ticket_go_on_in_it() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "asker", &["ask touch allowed.txt"]);
    sandbox.ticket(10, "agent: asker", "Work.");
    let (began, go) = (sandbox.home("began"), sandbox.home("go"));
    sandbox.shell(
        20,
        "",
        &format!(
            "touch '{}'; while ! test -e '{}'; do sleep 0.02; done; touch other.txt",
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
        .says("answered already");
    fs::write(go, "").expect("a file");
    run.finish().exits(0);
    assert!(sandbox.is_done(10) && sandbox.is_done(20));
    assert_eq!(answers(&sandbox).len(), 2, "said once, given once");
    assert!(sandbox.verify().is_intact());
}
