//! The corpus: what went over the pipes of real agents (codex 0.169, claude 2.1.329, opencode 1.18.33, gemini 0.61,
//! qwen 0.24.4, codex-acp 2.6.0 and 0.16.0, claude-agent-acp 0.100.0), each driven by somebody else's client against a
//! scripted model.
//!
//! `recordings.jsonl.zst` holds all of them, one after another: a line `{"recording":"NAME"}`, then its records as
//! `docket::agents::recording` says. To look at it: `zstd -dc recordings.jsonl.zst`.

use std::io::Read as _;
use std::sync::LazyLock;

use docket::agents::recording::Record;
use docket::config::Decoder;

/// One recorded process.
pub(crate) struct Recording {
    /// `codex-appserver-say`: the agent and its mode, then what happened.
    pub(crate) name: &'static str,
    /// Its lines as they are in the file.
    pub(crate) text: &'static str,
    /// The decoder that understands it.
    pub(crate) decoder: Decoder,
}

/// Which decoder understands which recordings, by the beginning of their names. The others are for `lines`: gemini's own
/// stream-json and opencode's HTTP server have no decoder.
const DECODERS: &[(&str, Decoder)] = &[
    ("codex-appserver-", Decoder::CodexAppServer),
    ("codex-exec-", Decoder::CodexExecJson),
    ("claude-p-", Decoder::ClaudeStreamJson),
    ("qwen-p-", Decoder::ClaudeStreamJson),
    ("opencode-run-", Decoder::OpencodeRunJson),
    ("claude-acp-", Decoder::Acp),
    ("codex-acp-", Decoder::Acp),
    ("gemini-acp-", Decoder::Acp),
    ("opencode-acp-", Decoder::Acp),
    ("opencode-ask-acp-", Decoder::Acp),
    ("qwen-acp-", Decoder::Acp),
    ("gemini-p-", Decoder::Lines),
    ("opencode-serve-", Decoder::Lines),
];

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("recordings.jsonl.zst");
    let mut text = String::new();
    ruzstd::decoding::StreamingDecoder::new(packed)
        .expect("the corpus")
        .read_to_string(&mut text)
        .expect("the corpus unpacks to text");
    text
});

/// Every recording, by name.
pub(crate) static RECORDINGS: LazyLock<Vec<Recording>> = LazyLock::new(|| {
    let mut recordings = Vec::new();
    for part in TEXT.split("{\"recording\": \"").skip(1) {
        let (name, text) = part.split_once("\"}\n").expect("a name and lines");
        let (_, decoder) = DECODERS
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix))
            .expect("every recording has a decoder");
        recordings.push(Recording {
            name,
            text,
            decoder: *decoder,
        });
    }
    recordings
});

/// The recording of this name.
pub(crate) fn recording(name: &str) -> &'static Recording {
    RECORDINGS
        .iter()
        .find(|recording| recording.name == name)
        .expect("a recording of this name")
}

impl Recording {
    /// Its records.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.text
            .lines()
            .map(|line| Record::parse(line).expect("a record"))
            .collect()
    }
}
