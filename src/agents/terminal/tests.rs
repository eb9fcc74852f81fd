//! What a terminal session does with what a program draws.

use std::time::Duration;

use super::*;
use crate::domain::attempt::Fault;

fn session(change: impl FnOnce(&mut Agent)) -> TerminalSession {
    let overrides = crate::config::Overrides {
        set: vec![
            "agents.tui.kind=terminal".to_owned(),
            "agents.tui.command=['tui']".to_owned(),
        ],
        ..crate::config::Overrides::default()
    };
    let config = crate::config::merge(&[crate::config::Source::Flags(&overrides)])
        .unwrap_or_else(|errors| panic!("{errors}"))
        .0;
    let mut agent = config
        .agents
        .values()
        .find(|agent| agent.name.as_str() == "tui")
        .expect("the agent")
        .clone();
    change(&mut agent);
    TerminalSession::new(&agent).expect("a session")
}

fn turn(number: u32, prompt: &str) -> Turn {
    Turn {
        number,
        prompt: prompt.to_owned(),
        body: String::new(),
        workspace: "/tree".into(),
        desk: "/tree/.docket".into(),
        model: None,
        reasoning: None,
        resume: None,
        used: Usage::default(),
    }
}

/// Begins a turn and lets the program be quiet until it has its prompt. Gives what was typed.
fn begin(session: &mut TerminalSession, turn: &Turn, drawn: &[u8]) -> Vec<u8> {
    let mut actions = Actions::default();
    session.begin(turn, &mut actions);
    session.stdout(drawn, &mut actions);
    session.quiet(&mut actions);
    session.quiet(&mut actions);
    actions.write
}

fn draw(session: &mut TerminalSession, bytes: &[u8]) -> Option<TurnEnd> {
    let mut actions = Actions::default();
    session.stdout(bytes, &mut actions);
    if session.stage == Stage::Ends {
        session.quiet(&mut actions);
    }
    actions.decoded.finished.map(|finished| finished.end)
}

fn done(pattern: &str) -> TerminalSession {
    session(|agent| agent.on_terminal.done_pattern = Some(pattern.to_owned()))
}

#[test]
fn its_questions_are_answered_and_the_prompt_is_typed() {
    let mut session = session(|_| {});
    let mut actions = Actions::default();
    session.launch(&turn(1, "x")).expect("a program");
    session.begin(&turn(1, "one\ntwo"), &mut actions);
    session.stdout(b"\x1b[?2004h\x1b[c", &mut actions);
    assert_eq!(actions.answer, b"\x1b[?62;22c");
    assert_eq!(
        session.patience().expect("it waits").quiet,
        Duration::from_secs(1)
    );
    session.quiet(&mut actions);
    session.quiet(&mut actions);
    assert_eq!(
        actions.write,
        b"\x1b[200~one\ntwo\x1b[201~\r".map(|byte| if byte == b'\n' { newline() } else { byte })
    );
}

/// How a paste writes the end of a line.
fn newline() -> u8 {
    let mut emulator = Emulator::new(80, 24, 0);
    emulator.feed(b"\x1b[?2004h");
    emulator.parse(Duration::MAX, || Duration::ZERO);
    let bytes = encode_paste("a\nb", emulator.modes());
    bytes[bytes.iter().position(|byte| *byte == b'a').expect("a") + 1]
}

#[test]
fn a_prompt_that_would_be_several_is_named_by_its_file() {
    let by_file = b"Read the file .docket/prompt.md and do what it says.\r";
    let several = turn(1, "one\ntwo");
    assert_eq!(begin(&mut session(|_| {}), &several, b"> "), by_file);
    let one = turn(1, "one line\n");
    assert_eq!(begin(&mut session(|_| {}), &one, b"> "), b"one line\r");
    let long = turn(1, &"x".repeat(5_000));
    assert_eq!(begin(&mut session(|_| {}), &long, b"\x1b[?2004h"), {
        let mut pasted = b"\x1b[200~".to_vec();
        pasted.extend(&by_file[..by_file.len() - 1]);
        pasted.extend(b"\x1b[201~\r");
        pasted
    });
    let mut always = session(|agent| {
        agent.on_terminal.prompt_by = PromptBy::File;
        agent.on_terminal.submit = "\x1b\r".to_owned();
    });
    let typed = begin(&mut always, &one, b"> ");
    assert!(typed.starts_with(b"Read the file") && typed.ends_with(b".\x1b\r"));
}

#[test]
fn a_pattern_says_when_it_is_ready() {
    let mut session = session(|agent| {
        agent.on_terminal.ready_pattern = Some("^tui> ?$".to_owned());
    });
    let mut actions = Actions::default();
    session.begin(&turn(1, "go"), &mut actions);
    session.stdout(b"loading ...\r\n", &mut actions);
    assert_eq!(session.patience(), None, "however quiet it is");
    session.stdout(b"tui> ", &mut actions);
    assert_eq!(session.patience(), Some(SETTLE));
    session.quiet(&mut actions);
    assert_eq!(actions.write, b"go");
}

#[test]
fn only_a_new_line_ends_the_turn() {
    let mut session = done("^ALL DONE$");
    // From an earlier turn, or the program's own help.
    begin(
        &mut session,
        &turn(1, "write ALL DONE at the end"),
        b"ALL DONE\r\n> write ALL DONE at the end",
    );
    assert_eq!(draw(&mut session, b"\r\nworking"), None);
    assert_eq!(
        draw(
            &mut session,
            b"\x1b[2J\x1b[HALL DONE\r\n> write ALL DONE at the end\r\nworking"
        ),
        None,
        "drawn anew"
    );
    assert_eq!(
        draw(&mut session, b"\r\n\x1b[32mALL \x1b[1mDONE\x1b[0m\r\n> "),
        Some(TurnEnd::Completed)
    );
    begin(&mut session, &turn(2, "again"), b"");
    assert_eq!(
        draw(&mut session, b"\r\nworking"),
        None,
        "two of them are of before"
    );
    assert_eq!(
        draw(&mut session, b"\r\nALL DONE"),
        Some(TurnEnd::Completed)
    );
}

#[test]
fn the_echo_of_the_prompt_ends_nothing() {
    let mut session = done("ALL DONE");
    begin(&mut session, &turn(1, "write ALL DONE at the end"), b"");
    assert_eq!(
        draw(
            &mut session,
            "\r\n│ > write ALL DONE at the end │\r\n".as_bytes()
        ),
        None
    );
    assert_eq!(
        draw(&mut session, b"I am ALL DONE\r\n"),
        Some(TurnEnd::Completed)
    );
}

#[test]
fn a_line_that_does_not_stay_ends_nothing() {
    let mut session = done("^> $|^>$");
    begin(&mut session, &turn(1, "go"), b"> go");
    let mut actions = Actions::default();
    session.stdout(b"\x1b[H\x1b[2K> ", &mut actions);
    assert_eq!(session.patience(), Some(STANDS));
    session.stdout(b"\x1b[H\x1b[2Kthinking", &mut actions);
    assert_eq!(actions.decoded.finished, None);
    assert_eq!(session.stage, Stage::Works);
}

#[test]
fn a_flood_hides_no_line() {
    let mut session = done("^ALL DONE$");
    begin(&mut session, &turn(1, "go"), b"");
    let mut flood = b"y\r\n".repeat(20_000);
    flood.extend(b"ALL DONE\r\n");
    flood.extend(b"y\r\n".repeat(20_000));
    assert_eq!(draw(&mut session, &flood), Some(TurnEnd::Completed));
}

#[test]
fn another_size_ends_nothing() {
    let mut session = done("^ALL DONE$");
    begin(&mut session, &turn(1, "go"), b"ALL DONE\r\n");
    session.resized(60, 10);
    assert_eq!(
        draw(&mut session, b"ALL DONE\r\n\r\nALL DONE\r\n"),
        None,
        "drawn once more, below itself"
    );
    assert_eq!(
        draw(&mut session, b"ALL DONE\r\n"),
        Some(TurnEnd::Completed)
    );
}

#[test]
fn a_human_or_the_programs_end_ends_the_turn() {
    let mut session = session(|_| {});
    begin(&mut session, &turn(1, "go"), b"");
    assert_eq!(draw(&mut session, b"\r\nall done, really\r\n> "), None);
    let mut actions = Actions::default();
    assert!(session.over(&mut actions));
    let finished = actions.decoded.finished.expect("an end");
    assert_eq!(finished.end, TurnEnd::Completed);
    assert_eq!(finished.message.as_deref(), Some("all done, really\n>"));
    let mut actions = Actions::default();
    session.ended(&ProcessEnd::Exited(0), &mut actions);
    assert_eq!(actions.decoded.finished, None, "no turn is open");
    begin(&mut session, &turn(2, "go"), b"");
    session.ended(&ProcessEnd::Exited(3), &mut actions);
    let failed = TurnEnd::Failed {
        why: "exit code 3".to_owned(),
        fault: Fault::Agent,
    };
    assert_eq!(
        actions.decoded.finished.map(|finished| finished.end),
        Some(failed)
    );
}

#[test]
fn silence_is_no_end() {
    let mut session = session(|_| {});
    begin(&mut session, &turn(1, "go"), b"");
    let mut actions = Actions::default();
    session.quiet(&mut actions);
    assert!(actions.decoded.stuck.is_some());
    assert_eq!(actions.decoded.finished, None);
    assert_eq!(done("x").patience(), None);
}

#[test]
fn a_program_that_hangs_is_silent_in_its_next_turn_too() {
    let mut session = session(|_| {});
    begin(&mut session, &turn(1, "go"), b"ready");
    session.quiet(&mut Actions::default());
    assert_eq!(session.patience(), None, "it was told once");
    // A human said that it isn't done; nothing is drawn any more.
    let mut actions = Actions::default();
    session.finish(TurnEnd::Completed, &mut actions);
    session.begin(&turn(2, "go on"), &mut actions);
    session.quiet(&mut actions);
    session.quiet(&mut actions);
    let patience = session.patience().expect("it waits");
    assert_eq!(patience.quiet, session.silent_after);
}
