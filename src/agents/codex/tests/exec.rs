//! The client of `codex exec --json`.

use super::{agent, turn};
use crate::agents::codex::exec;
use crate::agents::{Actions, ProcessEnd, Session};
use crate::domain::attempt::TurnEnd;
use crate::domain::item::Usage;

fn words(session: &mut dyn Session, turn: &crate::agents::Turn) -> Vec<String> {
    let launch = session.launch(turn).expect("a launch");
    assert!(launch.stdin);
    let words = launch.argv.into_iter();
    words
        .map(|word| word.into_string().expect("text"))
        .collect()
}

#[test]
fn the_prompt_goes_to_standard_input() {
    let mut session = exec(&agent(&["codex", "exec"])).expect("a session");
    let turn = turn(1, "do it -- \"well\"\n");
    assert_eq!(
        words(session.as_mut(), &turn),
        [
            "codex",
            "exec",
            "--json",
            "--skip-git-repo-check",
            "-c",
            "sandbox_mode=\"workspace-write\"",
            "-m",
            "gpt-5.5",
            "-",
        ]
    );
    let mut actions = Actions::default();
    session.begin(&turn, &mut actions);
    assert_eq!(actions.write, b"do it -- \"well\"\n");
    assert!(actions.close_stdin);
}

#[test]
fn a_ticket_sets_model_and_effort_and_a_conversation_goes_on() {
    let mut agent = agent(&["codex", "exec"]);
    agent.mode = Some("never".into());
    let mut session = exec(&agent).expect("a session");
    let mut turn = turn(2, "more");
    turn.model = Some("other".into());
    turn.reasoning = Some("high".into());
    turn.resume = Some("thread-1".into());
    turn.used = Usage {
        input: 1200,
        cached: 1000,
        output: 34,
        reasoning: 10,
        cost_usd: None,
    };
    assert_eq!(
        words(session.as_mut(), &turn)[2..],
        [
            "resume",
            "thread-1",
            "--json",
            "--skip-git-repo-check",
            "-c",
            "sandbox_mode=\"workspace-write\"",
            "-c",
            "approval_policy=\"never\"",
            "-c",
            "model_reasoning_effort=\"high\"",
            "-m",
            "other",
            "-",
        ]
    );
    // The totals of the thread are not those of the turn.
    let mut actions = Actions::default();
    session.stdout(
        include_bytes!("../../../../tests/it/fixtures/agents/codex/exec-resume-b.jsonl")
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice::<serde_json::Value>(line).expect("a line"))
            .filter_map(|line| Some(format!("{}\n", line["line"].as_str()?)))
            .collect::<String>()
            .as_bytes(),
        &mut actions,
    );
    let finished = actions.decoded.finished.expect("finished");
    assert_eq!(finished.end, TurnEnd::Completed);
    assert_eq!(finished.usage, turn.used);
    // Its exit code says nothing any more.
    let mut actions = Actions::default();
    session.ended(&ProcessEnd::Exited(1), &mut actions);
    assert_eq!(actions.decoded.finished, None);
}

#[test]
fn an_exit_code_alone_is_no_success() {
    let mut session = exec(&agent(&["codex", "exec"])).expect("a session");
    words(session.as_mut(), &turn(1, "p"));
    let mut actions = Actions::default();
    session.stdout(b"{\"type\":\"turn.started\"}\n", &mut actions);
    session.ended(&ProcessEnd::Exited(0), &mut actions);
    let end = actions.decoded.finished.expect("finished").end;
    let how = "exit code 0".to_owned();
    assert_eq!(end, TurnEnd::Died { how });
}

#[test]
fn without_a_command_there_is_no_session() {
    let Err(error) = exec(&agent(&[])) else {
        panic!("a session");
    };
    assert!(error.to_string().contains("has no command"), "{error}");
}
