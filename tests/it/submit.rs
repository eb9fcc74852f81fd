//! `docket submit`: one task in, one ticket, and the truth about how it ended.

use std::collections::BTreeSet;
use std::fs::{self, File};

use docket::domain::hash::sha256;
use serde_json::{Value, json};

use crate::support::repository::write;
use crate::support::sandbox::{Finished, Sandbox, until};

/// Hands this text in on standard input.
fn hand_in(sandbox: &Sandbox, text: &[u8], arguments: &[&str]) -> Finished {
    let path = sandbox.home("input");
    write(&path, text);
    let mut command = sandbox.command(["submit"]);
    command
        .args(arguments)
        .stdin(File::open(path).expect("the input"));
    sandbox.start_command(command).finish()
}

fn script(commands: &str) -> Vec<u8> {
    format!("Do it.\n\n```sh\n{commands}\n```\n").into_bytes()
}

fn queue(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.path("tickets"))
        .expect("the queue")
        .count()
}

#[test]
fn what_came_is_kept_to_the_byte_and_is_evidence() {
    let sandbox = Sandbox::new();
    let text = script("echo hi > x.txt");
    let said = hand_in(
        &sandbox,
        &text,
        &[
            "-",
            "--agent",
            "shell",
            "--validate",
            "test -f x.txt",
            "--wait",
            "--json",
        ],
    );
    let said = said.exits(0).json();
    assert_eq!(
        (&said["exit"], &said["state"], &said["proof"]),
        (&json!(0), &json!("done"), &json!("proven"))
    );
    assert_eq!(
        (&said["name"], &said["taken_as"]),
        (&json!("TICKET-010"), &json!("text"))
    );
    let hash = sha256(&text).to_string();
    assert_eq!(said["sha256"], json!(hash));
    let kept = said["submitted"].as_str().expect("a path");
    assert_eq!(fs::read(sandbox.path(kept)).expect("it is kept"), text);
    assert_eq!(
        sandbox
            .evidence(1, "TICKET-010.1", "submitted/stdin.txt")
            .as_bytes(),
        text
    );
    assert!(
        sandbox
            .evidence(1, "TICKET-010.1", "ticket.md")
            .contains(&format!("stdin.txt sha256:{hash}"))
    );
    assert!(sandbox.verify().is_intact());
    assert!(!sandbox.git(["status", "--porcelain"]).contains(".docket"));
}

/// PEERS 9, case 2: never "completed" for a failed validation.
#[test]
fn a_validation_that_fails_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox.configure("limits = { turns = 1, attempts = 1 }");
    let spec = json!({"version": "v1", "goal": "```sh\ntrue\n```", "validations": [{"name": "slow", "command": "sleep 1; false"}]});
    let said = hand_in(
        &sandbox,
        spec.to_string().as_bytes(),
        &["--agent", "shell", "--wait", "--json"],
    )
    .exits(5);
    let said = said.json();
    assert_eq!(
        (&said["exit"], &said["state"], &said["proof"]),
        (&json!(5), &json!("failed"), &Value::Null)
    );
    assert_eq!(said["taken_as"], "task_spec");
    assert_eq!(said["attempts"][0]["validations"][0]["verdict"], "fail");
    assert!(!sandbox.docket(["show", "10"]).stdout.contains("done,"));
}

/// PEERS 9, case 12.
#[test]
fn a_hundred_at_once_are_a_hundred_tickets() {
    let sandbox = Sandbox::new();
    let started: Vec<_> = (0..100)
        .map(|number| {
            sandbox.start([
                "submit",
                "--goal",
                &format!("task {number}"),
                "--agent",
                "codex",
            ])
        })
        .collect();
    let names: BTreeSet<_> = started
        .into_iter()
        .map(|running| running.finish().exits(0).stdout)
        .collect();
    assert_eq!(names.len(), 100);
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    let rows = list["tickets"].as_array().expect("tickets");
    let all = |key: &str| {
        rows.iter()
            .map(|row| row[key].to_string())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        (all("name").len(), all("id").len(), all("title").len()),
        (100, 100, 100)
    );
    sandbox
        .docket(["lint"])
        .exits(0)
        .says("100 tickets, 0 errors");
    assert_eq!(queue(&sandbox), 100, "and nothing else");
}

/// PEERS 9, case 6: nobody is turned away, whoever runs first.
#[test]
fn two_submitted_together_both_complete() {
    let sandbox = Sandbox::new();
    let spec = |name: &str| {
        let path = sandbox.home(name);
        write(&path, script(&format!("echo {name} > {name}.txt; sleep 1")));
        path.to_str().expect("UTF-8").to_owned()
    };
    let (one, two) = (spec("one"), spec("two"));
    let start =
        |file: &str| sandbox.start(["submit", file, "--agent", "shell", "--wait", "--json"]);
    let running = [start(&one), start(&two)];
    for running in running {
        let said = running.finish().exits(0).json();
        assert_eq!(
            (&said["state"], &said["proof"]),
            (&json!("done"), &json!("unchecked"))
        );
    }
    assert!(sandbox.verify().is_intact());
}

#[test]
fn a_runner_that_lives_does_it() {
    let sandbox = Sandbox::new();
    sandbox.shell(900, "", "true");
    let runner = sandbox.start(["run", "--watch"]);
    until("the runner works", || sandbox.is_done(900));
    let said = hand_in(
        &sandbox,
        &script("true"),
        &["--agent", "shell", "--wait", "--json"],
    )
    .exits(0)
    .json();
    assert_eq!(
        (&said["state"], &said["run"]),
        (&json!("done"), &json!("r1"))
    );
    let failed = hand_in(
        &sandbox,
        &script("exit 3"),
        &["--agent", "shell", "--wait", "--set", "limits.attempts=1"],
    );
    assert!(failed.exits(5).stdout.contains("TICKET-920 failed"));
    // Who waits with a script can't answer: that a human is needed is the result.
    let said = hand_in(
        &sandbox,
        b"Look at it.",
        &["--agent", "user", "--wait", "--json"],
    )
    .exits(4)
    .json();
    assert_eq!(said["state"], "needs_human");
    sandbox.docket(["stop"]).exits(0);
    let _ended = runner.finish();
}

/// PEERS 9, cases 8 and 9, and everything else that must not become a ticket.
#[test]
fn what_can_not_be_a_ticket_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let refused: &[(&[u8], &[&str], &str)] = &[
        (
            br#"{"version":"v1","step_id":"../x","goal":"g"}"#,
            &[],
            "`step_id` takes",
        ),
        (
            br#"{"version":"v1","goal":"g","allowed_paths":["a/../../x"]}"#,
            &[],
            "leaves the repository",
        ),
        (
            br#"{"goal":"g""#,
            &[],
            "standard input:1: this is not valid JSON",
        ),
        (b"{\"gol\":\"g\"}", &[], "did you mean `goal`?"),
        (b"ab\xff", &[], "standard input:1:3: byte 0xff is not UTF-8"),
        (b" \n", &[], "there is nothing in it"),
        (b"g", &["--depends-on", "77"], "T053"),
        (b"g", &["--validate", ""], "T033"),
        (b"---\nagent: nobody-x\ndone: false\n---\ng\n", &[], "T055"),
        (
            b"---\nagent: codex\ndone: false\npaths: {allow: [../x]}\n---\ng\n",
            &[],
            "T031",
        ),
        (
            b"---\nagent: codex\ndone: true\n---\ng\n",
            &[],
            "`done: true`",
        ),
        (
            b"---\nagent: codex\nvalidate: [a]\n---\ng\n",
            &["--validate", "b"],
            "says `validate` itself",
        ),
        (b"- goal: a\n- goal: b\n", &[], "several tasks"),
    ];
    for (text, flags, words) in refused {
        let is_ticket = text.starts_with(b"---");
        let agent: &[&str] = if is_ticket {
            &[]
        } else {
            &["--agent", "codex"]
        };
        let arguments: Vec<&str> = flags.iter().chain(agent).copied().collect();
        hand_in(&sandbox, text, &arguments).exits(2).says(words);
    }
    hand_in(&sandbox, b"g", &[])
        .exits(2)
        .says("who is to work on it?");
    sandbox
        .docket(["submit", "no-such-file"])
        .exits(2)
        .says("no-such-file");
    assert_eq!(queue(&sandbox), 0);
    assert!(!sandbox.path(".docket").exists());
    // An unknown ticket: nothing runs.
    sandbox.shell(10, "", "touch ran");
    sandbox
        .docket(["--once", "--ticket", "r99-nobody"])
        .exits(2);
    assert!(!sandbox.path("ran").exists() && !sandbox.is_done(10));
}

#[test]
fn a_ticket_is_taken_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    let text = "---\r\nagent: shell # who\r\ntitle: Mine\r\n---\r\n\r\n```sh\r\ntrue\r\n```";
    write(&sandbox.path("mine.md"), text);
    let submit = || {
        let flags = [
            "--priority",
            "-3",
            "--acceptance",
            "ok",
            "--depends-on",
            "10",
            "--validate",
            "true",
        ];
        sandbox
            .docket(["submit", "mine.md", "--json"].into_iter().chain(flags))
            .exits(0)
            .json()
    };
    let (one, two) = (submit(), submit());
    assert_ne!(one["id"], two["id"]);
    assert_eq!(
        (&one["taken_as"], &one["title"]),
        (&json!("ticket"), &json!("Mine"))
    );
    let path = sandbox.path(one["path"].as_str().expect("a path"));
    let made = fs::read_to_string(path).expect("the ticket");
    assert!(
        made.starts_with("---\r\nagent: shell # who\r\ntitle: Mine\r\n"),
        "{made}"
    );
    assert!(made.ends_with("\r\n\r\n```sh\r\ntrue\r\n```"), "{made}");
    let shown = sandbox.docket(["show", "20", "--json"]).exits(0).json();
    let ticket = &shown["entry"]["ticket"];
    assert_eq!(
        (&ticket["priority"], &ticket["acceptance"]),
        (&json!(-3), &json!(["ok"]))
    );
    let kept = sandbox.path(one["submitted"].as_str().expect("a path"));
    assert_eq!(fs::read(kept).expect("kept"), text.as_bytes());
}

#[test]
fn words_become_a_ticket_whatever_they_look_like() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("prompt.md"), "# Fix: {the parser}\n\nNow.\n");
    let from_file = sandbox.docket([
        "submit",
        "--prompt-file",
        "prompt.md",
        "--agent",
        "codex",
        "--json",
    ]);
    assert_eq!(from_file.exits(0).json()["title"], "Fix: {the parser}");
    let goal = [
        "submit",
        "--goal",
        "{ not JSON",
        "--agent",
        "codex",
        "--title",
        "A title",
    ];
    let goal = sandbox.docket(goal).exits(0);
    assert_eq!(goal.stdout, "TICKET-020\n");
    sandbox.docket(["lint"]).exits(0);
    sandbox.docket(["ls"]).exits(0);
}
