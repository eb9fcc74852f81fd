//! What can be looked for in a transcript, and whether an entry has it.

use regex::{Regex, RegexBuilder};

use crate::domain::item::{Entry, Item, ToolKind, ToolStatus};
use crate::domain::time::Timestamp;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Needle {
    /// Words as they stand; without a capital letter among them capitals don't matter.
    Words(String),
    /// An error, a tool that failed, a command that ended badly.
    Failure,
    /// A change to a file.
    Edit,
    /// The beginning of a turn.
    Turn,
    /// What follows these times, which rise.
    After(Vec<Timestamp>),
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where the line begins.
    pub(crate) offset: u64,
    /// The item of the line.
    pub(crate) id: u64,
    /// Hits with the same number are one: only the first of them counts.
    pub(crate) group: u64,
}

impl Needle {
    /// The group of an entry, if it has what is looked for. `words` is the [pattern] of words.
    pub(crate) fn group(&self, entry: &Entry, words: Option<&Regex>) -> Option<u64> {
        match self {
            Self::Words(_) => has_words(&entry.item, words?).then_some(entry.id),
            Self::Failure => is_failure(&entry.item).then(|| owner(entry)),
            Self::Edit => is_edit(&entry.item).then(|| owner(entry)),
            Self::Turn => Some(u64::from(entry.turn)),
            Self::After(times) => {
                let count = times.partition_point(|time| *time < entry.at);
                (count > 0).then_some(count as u64)
            }
        }
    }

    /// Whether a line is found by what lies before it: the first line of a part proves nothing then.
    pub(crate) fn counts(&self) -> bool {
        matches!(self, Self::Turn | Self::After(_))
    }
}

/// What a tool gave back and what it changed belong to the call.
fn owner(entry: &Entry) -> u64 {
    match entry.item {
        Item::ToolResult { .. } | Item::Diff { .. } => entry.parent.unwrap_or(entry.id),
        _ => entry.id,
    }
}

fn is_failure(item: &Item) -> bool {
    match item {
        Item::Error { .. } => true,
        Item::ToolCall { status, .. } => *status == ToolStatus::Failed,
        Item::ToolResult { exit, .. } => exit.is_some_and(|code| code != 0),
        _ => false,
    }
}

fn is_edit(item: &Item) -> bool {
    match item {
        Item::Diff { .. } => true,
        Item::ToolCall { tool, .. } => *tool == ToolKind::Edit,
        _ => false,
    }
}

fn has_words(item: &Item, pattern: &Regex) -> bool {
    match item {
        Item::Message { text }
        | Item::Reasoning { text }
        | Item::Notice { text }
        | Item::Error { text, .. } => pattern.is_match(text),
        Item::ToolCall { title, .. } => pattern.is_match(title),
        Item::ToolResult { output, .. } => pattern.is_match(output),
        Item::Diff { path, patch } => pattern.is_match(path) || pattern.is_match(patch),
        Item::Plan { entries } => entries.iter().any(|entry| pattern.is_match(&entry.text)),
        Item::Usage { .. } => false,
    }
}

/// Whether capitals matter.
pub(crate) fn has_capitals(words: &str) -> bool {
    words.chars().any(char::is_uppercase)
}

/// What finds words in text; none for no words.
pub(crate) fn pattern(words: &str) -> Option<Regex> {
    if words.is_empty() {
        return None;
    }
    RegexBuilder::new(&regex::escape(words))
        .case_insensitive(!has_capitals(words))
        .build()
        .ok()
}
