//! Habits of agents that broke other tools.

use std::fs;

use crate::crash::assert_no_orphans;
use crate::requests::codex;
use crate::support::sandbox::{Sandbox, Stopwatch};

/// Configures `name`, a claude that is this `sh` script.
fn claude(sandbox: &Sandbox, name: &str, script: &str) {
    let path = sandbox.home(format!("{name}.sh"));
    fs::write(&path, script).expect("the agent is written");
    let command = ["sh", path.to_str().expect("UTF-8")];
    sandbox.configure(&format!(
        "[agents.{name}]\nkind = \"claude-stream-json\"\nclaim = \"exit\"\ncommand = {command:?}"
    ));
}

const BEGIN: &str = "read -r prompt\necho '{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\",\"model\":\"m\"}'\n";

/// The line that ends a turn, in two halves.
const RESULT: [&str; 2] = [
    "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"ses",
    "sion_id\":\"s\",\"result\":\"all good\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1},\"total_cost_usd\":0.1}",
];

#[test]
fn words_on_standard_error_between_the_halves_of_a_line_break_nothing() {
    let sandbox = Sandbox::new();
    let [first, second] = RESULT;
    let script = format!(
        "{BEGIN}touch x\nprintf '%s' '{first}'\necho 'warning: deprecated {{\"type\":\"result\",\"is_error\":true}}' >&2\n\
         printf '%s\\n' '{second}'\necho late >&2\nwhile read -r more; do :; done"
    );
    claude(&sandbox, "noisy", &script);
    sandbox.ticket(10, "agent: noisy\nvalidate: [\"test -e x\"]", "Work.");
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(transcript.contains("warning: deprecated"), "{transcript}");
    let raw = sandbox.evidence(1, "TICKET-010.1", "raw.jsonl");
    assert!(raw.contains("all good"), "{raw}");
    assert_no_orphans(&sandbox);
}

#[test]
fn lines_that_end_with_a_carriage_return_and_colours_between_them_break_nothing() {
    let sandbox = Sandbox::new();
    let [first, second] = RESULT;
    let script = format!(
        "{BEGIN}touch x\nprintf '\\033[31mbanner\\033[0m\\r\\n\\r\\n'\nprintf '%s%s\\r\\n' '{first}' '{second}'\nwhile read -r more; do :; done"
    );
    claude(&sandbox, "dos", &script);
    sandbox.ticket(10, "agent: dos\nvalidate: [\"test -e x\"]", "Work.");
    sandbox.docket(["--once"]).exits(0).says("done, proven");
}

#[test]
fn an_agent_that_lives_on_after_its_result_holds_nobody_up() {
    let sandbox = Sandbox::new();
    // Its standard input is closed, it is asked to end, and it stays.
    let script = format!(
        "{BEGIN}touch x\necho '{}'\ntrap '' INT TERM HUP\nsetsid sleep 1000 &\nwhile :; do sleep 1; done",
        RESULT.concat()
    );
    claude(&sandbox, "sticky", &script);
    sandbox.ticket(10, "agent: sticky\nvalidate: [\"test -e x\"]", "Work.");
    let began = Stopwatch::start();
    sandbox
        .docket([
            "--once",
            "--set",
            "stop.interrupt=100ms",
            "--set",
            "stop.terminate=100ms",
        ])
        .exits(0)
        .says("done, proven");
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    assert_no_orphans(&sandbox);
}

#[test]
fn an_agent_that_ends_the_moment_it_has_said_its_result_has_said_it() {
    for round in 0..10 {
        let sandbox = Sandbox::new();
        let script = format!("{BEGIN}touch x\necho '{}'\nexit 0", RESULT.concat());
        claude(&sandbox, "quick", &script);
        sandbox.ticket(10, "agent: quick\nvalidate: [\"test -e x\"]", "Work.");
        let ended = sandbox.docket(["--once"]).exits(0);
        assert!(sandbox.is_done(10), "round {round}: {ended:?}");
    }
}

#[test]
fn an_agent_that_ends_without_a_result_has_failed_whatever_its_exit_code_says() {
    let [first, _] = RESULT;
    for end in [String::new(), format!("printf '%s' '{first}'\n")] {
        let sandbox = Sandbox::new();
        claude(&sandbox, "brief", &format!("{BEGIN}touch x\n{end}exit 0"));
        let front = "agent: brief\nlimits: {attempts: 1}\nvalidate: [\"true\"]";
        sandbox.ticket(10, front, "Work.");
        sandbox.docket(["--once"]).exits(5).says("the agent failed");
        assert!(!sandbox.is_done(10));
    }
}

#[test]
fn variables_of_an_agent_that_docket_was_started_by_do_not_reach_its_agents() {
    let sandbox = Sandbox::new();
    sandbox.agent("mine", "cat > /dev/null; env > \"$HOME/seen\"");
    sandbox.ticket(10, "agent: mine", "Work.");
    let mut command = sandbox.command(["--once"]);
    for name in [
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CODEX_SANDBOX",
        "AWS_SECRET_ACCESS_KEY",
    ] {
        command.env(name, "from-outside");
    }
    sandbox.start_command(command).finish().exits(0);
    let seen = fs::read_to_string(sandbox.home("seen")).expect("it ran");
    assert!(!seen.contains("from-outside"), "{seen}");
}

#[test]
fn an_error_that_codex_tells_in_a_turn_is_not_its_end() {
    let sandbox = Sandbox::new();
    let script = ["error the stream was cut", "run sleep 0.1; touch x"];
    codex(&sandbox, "shaky", &script);
    sandbox.ticket(
        10,
        "agent: shaky\nlimits: {turns: 1, attempts: 1}\nvalidate: [\"test -e x\"]",
        "Work.",
    );
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(transcript.contains("the stream was cut"), "{transcript}");
}
