//! Agents of kind `terminal`: how docket types to them, and how it knows that a turn is over.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::build::Reader;
use super::error::ConfigErrors;
use super::keys::{ABOVE_ZERO, Key, key};
use super::kind::Kind;
use super::path::KeyPath;
use super::values::HumanDuration;
use crate::domain::settings::words;

words! {
    /// How a prompt reaches a program on a terminal.
    PromptBy {
        /// Pasted when it is short enough and can't be taken for several lines; else by its file.
        Auto = "auto",
        /// Always pasted.
        Paste = "paste",
        /// Always by one line that names the file that it is in.
        File = "file",
    }
}

/// What only agents of kind `terminal` have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnTerminal {
    /// A regular expression: a new line of the screen that it matches ends the turn.
    pub done_pattern: Option<String>,
    /// A regular expression: the program takes a prompt once a line of its screen matches it.
    pub ready_pattern: Option<String>,
    /// How long the program must be quiet before it is typed to.
    pub ready_after: Duration,
    /// What is typed after a prompt.
    pub submit: String,
    /// How prompts reach it.
    pub prompt_by: PromptBy,
    /// How long it must be quiet before a human is waited for, where only they can tell whether its turn is over.
    pub silent_after: Duration,
}

impl Default for OnTerminal {
    fn default() -> Self {
        Self {
            done_pattern: None,
            ready_pattern: None,
            ready_after: Duration::from_secs(1),
            submit: "\r".to_owned(),
            prompt_by: PromptBy::Auto,
            silent_after: Duration::from_secs(60),
        }
    }
}

/// The names of the keys inside an agent's table.
pub(super) const NAMES: [&str; 6] = [
    "done_pattern",
    "ready_pattern",
    "ready_after",
    "submit",
    "prompt_by",
    "silent_after",
];

/// Their settings; the defaults are those of [`OnTerminal`].
pub(super) const ON_TERMINAL: &[Key] = &[
    key(
        "agents.*.done_pattern",
        Kind::Pattern,
        None,
        "kind terminal: a regular expression; a new line on its screen that it matches ends the turn",
    ),
    key(
        "agents.*.ready_pattern",
        Kind::Pattern,
        None,
        "kind terminal: a regular expression; the prompt is typed once a line on its screen matches it",
    ),
    key(
        "agents.*.ready_after",
        ABOVE_ZERO,
        Some(r#""1s""#),
        "kind terminal: how long it must be quiet before the prompt is typed, where no ready_pattern says that it is ready",
    ),
    key(
        "agents.*.submit",
        Kind::AnyText,
        Some(r#""\r""#),
        "kind terminal: what is typed after the prompt; `\"\\r\"` is Enter",
    )
    .trusted(),
    key(
        "agents.*.prompt_by",
        Kind::Word(PromptBy::WORDS),
        Some(r#""auto""#),
        "kind terminal: whether prompts are pasted, or named by the file that they are in; `auto` pastes up to 4,000 bytes",
    ),
    key(
        "agents.*.silent_after",
        ABOVE_ZERO,
        Some(r#""60s""#),
        "kind terminal without a done_pattern: how long it must be quiet before it waits for you to say whether its turn is over",
    ),
];

/// Reads them from an agent's table.
pub(super) fn read(
    read: &Reader<'_>,
    key: impl Fn(&str) -> KeyPath,
) -> Result<OnTerminal, ConfigErrors> {
    fn of<T: DeserializeOwned>(read: &Reader<'_>, path: &KeyPath) -> Result<T, ConfigErrors> {
        read.required(path)
    }
    Ok(OnTerminal {
        done_pattern: read.optional(&key("done_pattern"))?,
        ready_pattern: read.optional(&key("ready_pattern"))?,
        ready_after: of::<HumanDuration>(read, &key("ready_after"))?.0,
        submit: of(read, &key("submit"))?,
        prompt_by: of(read, &key("prompt_by"))?,
        silent_after: of::<HumanDuration>(read, &key("silent_after"))?.0,
    })
}
