//! Every recording means the same however its bytes arrive, and whatever stands between its lines.

use docket::agents::replay::ReplaySession;
use docket::agents::{Actions, ProcessEnd, Session as _};
use docket::config::Decoder;

use super::corpus::{RECORDINGS, Recording};
use super::listen::{Chunks, Feeding, Heard, listen};

fn recordings_of(decoder: Decoder) -> impl Iterator<Item = &'static Recording> {
    RECORDINGS
        .iter()
        .filter(move |recording| recording.decoder == decoder)
}

/// The first thing that was heard differently, in short.
fn difference(heard: &Heard, plain: &Heard) -> Option<String> {
    let short = |value: &dyn std::fmt::Debug| -> String {
        let text = format!("{value:?}");
        text.chars().take(500).collect()
    };
    let items = heard.items.iter().zip(&plain.items);
    if let Some((one, other)) = items.into_iter().find(|(one, other)| one != other) {
        return Some(format!("{}\ninstead of\n{}", short(one), short(other)));
    }
    if let Some(more) = heard.items.get(plain.items.len()) {
        return Some(format!("{} in addition", short(more)));
    }
    let events = heard.events.iter().zip(&plain.events);
    if let Some((one, other)) = events.into_iter().find(|(one, other)| one != other) {
        return Some(format!("{}\ninstead of\n{}", short(one), short(other)));
    }
    (heard != plain).then(|| {
        let rest = |heard: &Heard| {
            let counts = (heard.items.last(), heard.items.len(), heard.events.len());
            short(&(counts, &heard.statuses, &heard.usages, &heard.end))
        };
        format!("{}\ninstead of\n{}", rest(heard), rest(plain))
    })
}

fn same_at_any_chunking(decoder: Decoder) {
    let mut checked = 0;
    for (seed, recording) in recordings_of(decoder).enumerate() {
        let plain = listen(recording, Feeding::PLAIN);
        let name = recording.name;
        // That one was refused before it began.
        let is_heard = !plain.events.is_empty() || name == "codex-appserver-noinit";
        assert!(is_heard, "{name}: nothing was heard");
        for feeding in [
            Feeding {
                chunks: Chunks::Of(1),
                ..Feeding::PLAIN
            },
            Feeding {
                chunks: Chunks::Of(7),
                returns: true,
                ..Feeding::PLAIN
            },
        ] {
            let heard = listen(recording, feeding);
            assert_eq!(difference(&heard, &plain), None, "{name}: {feeding:?}");
        }
        let plain = plain.without_noise();
        let random = Chunks::Random(seed as u64 + 1);
        for (chunks, returns) in [(random, false), (Chunks::Whole, true)] {
            let feeding = Feeding {
                chunks,
                returns,
                noise: true,
                huge: None,
            };
            let heard = listen(recording, feeding).without_noise();
            assert_eq!(difference(&heard, &plain), None, "{name}: {feeding:?}");
        }
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn codex_app_server() {
    same_at_any_chunking(Decoder::CodexAppServer);
}

#[test]
fn codex_exec_json() {
    same_at_any_chunking(Decoder::CodexExecJson);
}

#[test]
fn claude_stream_json() {
    same_at_any_chunking(Decoder::ClaudeStreamJson);
}

#[test]
fn opencode_run_json() {
    same_at_any_chunking(Decoder::OpencodeRunJson);
}

#[test]
fn acp() {
    same_at_any_chunking(Decoder::Acp);
}

#[test]
fn lines() {
    same_at_any_chunking(Decoder::Lines);
}

#[test]
fn a_line_of_64_mib_is_survived_by_every_decoder() {
    for name in [
        "codex-appserver-say",
        "codex-exec-say",
        "claude-p-say",
        "opencode-run-say",
        "opencode-acp-say",
    ] {
        let recording = super::corpus::recording(name);
        let plain = listen(recording, Feeding::PLAIN).without_noise();
        for is_json in [false, true] {
            let feeding = Feeding {
                huge: Some((b'x', is_json)),
                ..Feeding::PLAIN
            };
            let heard = listen(recording, feeding);
            let longest = heard.items.iter().map(|told| format!("{told:?}").len());
            assert!(
                longest.max() < Some(1 << 20),
                "{name}: noise of 64 MiB fills the transcript"
            );
            let difference = difference(&heard.without_noise(), &plain);
            assert_eq!(difference, None, "{name}: json {is_json}");
        }
    }
}

/// Plays a recording through a session as `docket __replay` prints it.
fn replayed(recording: &Recording, size: usize) -> Actions {
    let mut session = ReplaySession::new(Vec::new(), Vec::new(), recording.decoder);
    let mut actions = Actions::default();
    for chunk in recording.text.as_bytes().chunks(size) {
        session.stdout(chunk, &mut actions);
    }
    session.ended(&ProcessEnd::Exited(0), &mut actions);
    actions
}

#[test]
fn a_replay_is_one_turn_without_requests_at_any_chunking() {
    for recording in RECORDINGS.iter() {
        let heard = listen(recording, Feeding::PLAIN);
        let whole = replayed(recording, usize::MAX);
        let (name, decoded) = (recording.name, &whole.decoded);
        assert!(decoded.requests.is_empty() && decoded.resolved.is_empty());
        assert!(whole.write.is_empty() && !whole.close_stdin);
        let finished = decoded.finished.as_ref().expect("a finished turn");
        let turns: Vec<_> = heard.turns().collect();
        if let Some(last) = turns.last() {
            assert_eq!(finished.end, last.end, "{name}");
        }
        let mut sum = docket::domain::item::Usage::default();
        for turn in &turns {
            sum.add(&turn.usage);
        }
        assert_eq!(finished.usage, sum, "{name}");
        if recording.text.len() < 20_000 {
            assert_eq!(replayed(recording, 1), whole, "{name}");
        }
        assert!(replayed(recording, 4099) == whole, "{name}");
    }
}

#[test]
fn a_replay_that_is_ended_has_died() {
    let recording = super::corpus::recording("codex-exec-say");
    let mut session = ReplaySession::new(Vec::new(), Vec::new(), Decoder::Lines);
    let mut actions = Actions::default();
    session.stdout(recording.text.as_bytes(), &mut actions);
    session.ended(&ProcessEnd::Signalled(15), &mut actions);
    let finished = actions.decoded.finished.expect("a finished turn");
    assert_eq!(
        finished.end,
        docket::domain::attempt::TurnEnd::Died {
            how: "ended by signal 15".to_owned()
        }
    );
}
