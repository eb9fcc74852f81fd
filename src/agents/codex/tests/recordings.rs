//! Sessions of the real codex 0.169 with a scripted model, trimmed: each is understood as its snapshot says.

use super::{Transcript, lines};
use crate::agents::codex::{app_server_decoder, exec_decoder};
use crate::agents::{Decoded, Decoder, ProcessEnd};

fn play(mut decoder: Box<dyn Decoder>, recording: &str, end: &ProcessEnd) -> String {
    let mut transcript = Transcript::default();
    for (direction, line) in lines(recording) {
        let mut decoded = Decoded::default();
        decoder.line(direction, &line, &mut decoded);
        transcript.add(decoded);
    }
    let mut decoded = Decoded::default();
    decoder.ended(end, &mut decoded);
    transcript.add(decoded);
    transcript.text()
}

macro_rules! recorded {
    ($($name:ident: $decoder:ident, $file:literal, $end:expr;)+) => {
        $(#[test]
        fn $name() {
            let recording = include_str!(concat!("../../../../tests/it/fixtures/agents/codex/", $file));
            insta::assert_snapshot!(play($decoder(), recording, &$end));
        })+
    };
}

recorded! {
    two_turns: app_server_decoder, "appserver-say.jsonl", ProcessEnd::Exited(0);
    edits_that_were_allowed: app_server_decoder, "appserver-approve-edit-accept.jsonl", ProcessEnd::Exited(0);
    a_command_that_was_declined: app_server_decoder, "appserver-decline.jsonl", ProcessEnd::Exited(0);
    a_command_that_failed: app_server_decoder, "appserver-failcmd.jsonl", ProcessEnd::Exited(0);
    output_that_is_streamed: app_server_decoder, "appserver-slow-output.jsonl", ProcessEnd::Exited(0);
    an_interrupt: app_server_decoder, "appserver-interrupt-sleep.jsonl", ProcessEnd::Exited(0);
    words_in_a_turn: app_server_decoder, "appserver-steer.jsonl", ProcessEnd::Exited(0);
    a_question: app_server_decoder, "appserver-user-input.jsonl", ProcessEnd::Exited(0);
    a_sub_agent: app_server_decoder, "appserver-sub-agent.jsonl", ProcessEnd::Exited(0);
    a_conversation_goes_on: app_server_decoder, "appserver-resume.jsonl", ProcessEnd::Exited(0);
    a_conversation_that_is_gone: app_server_decoder, "appserver-resume-unknown.jsonl", ProcessEnd::Exited(0);
    a_connection_is_cut: app_server_decoder, "appserver-cut.jsonl", ProcessEnd::Exited(0);
    a_limit_that_passes: app_server_decoder, "appserver-429-500-recover.jsonl", ProcessEnd::Exited(0);
    a_key_that_is_refused: app_server_decoder, "appserver-401.jsonl", ProcessEnd::Exited(0);
    exec_runs_a_command: exec_decoder, "exec-shell.jsonl", ProcessEnd::Exited(0);
    exec_edits: exec_decoder, "exec-edit.jsonl", ProcessEnd::Exited(0);
    exec_is_cut: exec_decoder, "exec-cut.jsonl", ProcessEnd::Exited(0);
    exec_is_refused: exec_decoder, "exec-401.jsonl", ProcessEnd::Exited(1);
    exec_knows_no_such_conversation: exec_decoder, "exec-resume-missing.jsonl", ProcessEnd::Exited(1);
    exec_is_ended_by_a_signal: exec_decoder, "exec-sleep-SIGTERM.jsonl", ProcessEnd::Signalled(15);
}

#[test]
fn a_process_that_ends_in_its_turn_died() {
    let recording =
        include_str!("../../../../tests/it/fixtures/agents/codex/appserver-interrupt-sleep.jsonl");
    let cut: Vec<&str> = recording
        .lines()
        .take_while(|line| !line.contains("turn/interrupt"))
        .collect();
    let text = play(
        app_server_decoder(),
        &cut.join("\n"),
        &ProcessEnd::Signalled(9),
    );
    assert!(text.contains("Died"), "{text}");
    assert!(text.contains("ended by signal 9"), "{text}");
    assert!(text.contains("status: Failed"), "{text}");
}
