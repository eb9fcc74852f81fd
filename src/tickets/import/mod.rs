//! From what other runners read to tickets: pure conversion, text in, drafts out.

mod checklist;
mod draft;
mod markdown;
mod pitboss;
mod task_spec;
mod tree;

use std::fmt;

use serde::Serialize;

pub use draft::{Check, Draft, Identity};

use super::front_matter::FrontMatter;
use super::parse::MAX_BYTES;
use crate::domain::ids::TicketName;

/// What a file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A repository or a ticket of codex-autorunner; docket's own tickets are the same.
    Car,
    /// A pitboss `plan.md`: `# Phase <id>: <title>` headings.
    Pitboss,
    /// A Codencer TaskSpec: YAML or JSON with a `goal`.
    Codencer,
    /// A Markdown list of `- [ ]` entries.
    Checklist,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Car, Self::Pitboss, Self::Codencer, Self::Checklist];

    /// The word of `--from`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Car => "car",
            Self::Pitboss => "pitboss",
            Self::Codencer => "codencer",
            Self::Checklist => "checklist",
        }
    }

    /// What it is, for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Car => "a ticket, as codex-autorunner and docket write them",
            Self::Pitboss => "a pitboss plan",
            Self::Codencer => "a Codencer TaskSpec",
            Self::Checklist => "a Markdown checklist",
        }
    }
}

impl std::str::FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|source| source.as_str() == text);
        known.ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|source| source.as_str()).collect();
            format!("one of {} is expected", words.join(", "))
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something in a source that doesn't become part of a ticket, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// What, with its line where it has one.
    pub what: String,
    /// Why, or what to do about it.
    pub why: String,
}

impl LeftOut {
    /// Something that is left out.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// What a source became.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Converted {
    /// One ticket each, in order.
    pub drafts: Vec<Draft>,
    /// What all of them share: a note for every agent.
    pub shared: Option<String>,
    /// What was not taken.
    pub left_out: Vec<LeftOut>,
}

/// Why a source can't be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// It is not UTF-8.
    #[error("{line}:{column}: byte 0x{byte:02x} is not UTF-8: save the file as UTF-8")]
    NotUtf8 {
        /// Where, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
        /// The first wrong byte.
        byte: u8,
    },
    /// It is larger than a ticket may be.
    #[error("it is larger than 1 MiB: import it in parts")]
    TooLarge,
    /// Something in it is wrong.
    #[error("{line}: {message}")]
    Wrong {
        /// Where, from 1.
        line: usize,
        /// What, and what to write instead.
        message: String,
    },
}

/// The text of a file.
pub fn text_of(bytes: &[u8]) -> Result<&str, ConvertError> {
    if bytes.len() > MAX_BYTES {
        return Err(ConvertError::TooLarge);
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let last = valid.rsplit('\n').next().unwrap_or_default();
        ConvertError::NotUtf8 {
            line: valid.matches('\n').count() + 1,
            column: last.chars().count() + 1,
            byte: bytes.get(error.valid_up_to()).copied().unwrap_or_default(),
        }
    })
}

/// What a file can be, by its name and content. One that is plainly one thing has one candidate.
pub fn candidates(file_name: &str, text: &str) -> Vec<Source> {
    if TicketName::from_file_name(file_name).is_some() {
        return vec![Source::Car];
    }
    let end = file_name.rsplit_once('.').map_or("", |(_, end)| end);
    let is_data = matches!(
        end.to_ascii_lowercase().as_str(),
        "yaml" | "yml" | "json" | "jsonc"
    );
    if is_data || text.trim_start().starts_with('{') {
        return Vec::from_iter(task_spec::is_one(text).then_some(Source::Codencer));
    }
    if pitboss::has_pointer(text) {
        return vec![Source::Pitboss];
    }
    let mut found = Vec::new();
    if is_ticket_text(text) {
        found.push(Source::Car);
    }
    if pitboss::has_phases(text) {
        found.push(Source::Pitboss);
    }
    if task_spec::is_one(text) {
        found.push(Source::Codencer);
    }
    if checklist::has_entries(text) && !found.contains(&Source::Car) {
        found.push(Source::Checklist);
    }
    found
}

/// Whether a text has the front matter of a ticket.
pub fn is_ticket_text(text: &str) -> bool {
    let Ok(parts) = FrontMatter::find(text) else {
        return false;
    };
    let keys = super::yaml::read(&text[parts.yaml]);
    keys.ok()
        .as_ref()
        .and_then(super::yaml::Node::entries)
        .is_some_and(|entries| {
            let known = |key: &str| entries.iter().any(|(name, _)| name.text() == Some(key));
            known("agent") || known("done") || known("ticket_id")
        })
}

/// Converts a text that is no ticket itself. `agents` are the names that an adapter may be mapped to.
pub fn convert(
    source: Source,
    text: &str,
    agents: &dyn Fn(&str) -> bool,
) -> Result<Converted, ConvertError> {
    match source {
        Source::Pitboss => pitboss::convert(text),
        Source::Codencer => task_spec::convert(text, agents),
        Source::Checklist => checklist::convert(text),
        // A ticket is taken as it is.
        Source::Car => Ok(Converted::default()),
    }
}

/// The line of a byte of a text, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// What one task can be that somebody hands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A ticket with front matter.
    Ticket,
    /// A TaskSpec.
    TaskSpec,
    /// Words.
    Text,
}

impl Task {
    /// Tells by the name of the file, if there is one, and by its content.
    pub fn of(file_name: &str, text: &str) -> Self {
        let end = file_name.rsplit_once('.').map_or("", |(_, end)| end);
        let is_data = matches!(end.to_ascii_lowercase().as_str(), "yaml" | "yml" | "json");
        if is_data || text.trim_start().starts_with('{') {
            Self::TaskSpec
        } else if TicketName::from_file_name(file_name).is_some() || FrontMatter::find(text).is_ok()
        {
            Self::Ticket
        } else if task_spec::is_one(text) {
            Self::TaskSpec
        } else {
            Self::Text
        }
    }

    /// In words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Ticket => "a ticket",
            Self::TaskSpec => "a TaskSpec",
            Self::Text => "words",
        }
    }
}

/// A draft of plain words.
pub fn draft_of_words(text: &str) -> Draft {
    let text = text.trim();
    let first = text.lines().map(|line| line.trim_start_matches('#').trim());
    let title = first.clone().find(|line| !line.is_empty());
    Draft {
        title: draft::title_of(title.unwrap_or_default()),
        body: text.to_owned(),
        origin: text.to_owned(),
        ..Draft::default()
    }
}

/// Adds what `extra` says of dependencies, checks and acceptance to a ticket's text. The key that says so already is the error.
pub fn add_to_ticket(
    text: &str,
    extra: &Draft,
    depends_on: &[String],
) -> Result<String, &'static str> {
    let lines = extra.lists(depends_on);
    if lines.is_empty() {
        return Ok(text.to_owned());
    }
    let Ok(parts) = FrontMatter::find(text) else {
        return Ok(text.to_owned());
    };
    let keys = super::yaml::read(&text[parts.yaml.clone()]).ok();
    let has = |key: &str| {
        let entries = keys.as_ref().and_then(super::yaml::Node::entries);
        entries.is_some_and(|entries| entries.iter().any(|(name, _)| name.text() == Some(key)))
    };
    let wanted = [
        ("depends_on", !depends_on.is_empty()),
        ("validate", extra.validate.is_some()),
        ("acceptance", !extra.acceptance.is_empty()),
    ];
    if let Some((key, _)) = wanted
        .into_iter()
        .find(|(key, is_wanted)| *is_wanted && has(key))
    {
        return Err(key);
    }
    let at = parts.yaml.end;
    Ok([&text[..at], &lines, &text[at..]].concat())
}
