//! What a setting takes: one check and one description for each kind of value.

use std::fmt;
use std::ops::Range;
use std::path::{Component, Path};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::origin::Layer;
use super::suggest::nearest;
use super::values::{Checks, duration};
use crate::domain::rules::Rule;
use crate::domain::ticket::AgentName;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number in this range, both ends included.
    Count {
        /// The least.
        from: u64,
        /// The most.
        to: u64,
    },
    /// A number from 0 up.
    Number,
    /// A duration as text.
    Duration {
        /// Whether it may be zero.
        zero: bool,
    },
    /// Any text but an empty one.
    Text,
    /// A text that may be empty.
    AnyText,
    /// A regular expression.
    Pattern,
    /// The path of a file or folder.
    Path,
    /// The name of an agent.
    Agent,
    /// Names of agents.
    Agents,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these words.
    Words(&'static [&'static str]),
    /// Texts.
    Texts,
    /// Paths inside the repository.
    InnerPaths,
    /// Globs of paths inside the repository.
    Globs,
    /// A program with its arguments.
    Command,
    /// Checks: command lines or tables.
    Checks,
    /// Approval rules.
    Rules {
        /// Whether they are to allow something: what could never match is refused then.
        allow: bool,
    },
}

/// What is wrong with a value.
pub(super) struct Wrong {
    /// Which bytes of the text.
    pub(super) span: Range<usize>,
    /// What is there.
    pub(super) found: String,
    /// What else helps.
    pub(super) hint: Option<String>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("true or false"),
            Self::Count { from, to } if *to >= u64::from(u32::MAX) => {
                write!(f, "a whole number from {from}")
            }
            Self::Count { from, to } => write!(f, "a whole number from {from} to {to}"),
            Self::Number => f.write_str("a number from 0 such as 2.5"),
            Self::Duration { zero: true } => f.write_str(r#"a duration such as "5s" or "0s""#),
            Self::Duration { zero: false } => {
                f.write_str(r#"a duration above zero such as "90s", "10m" or "1h 30m""#)
            }
            Self::Text => f.write_str("a text in quotes"),
            Self::AnyText => f.write_str("a text in quotes, which may be empty"),
            Self::Pattern => f.write_str(r"a regular expression such as '^\s*> $'"),
            Self::Path => f.write_str("a path in quotes"),
            Self::Agent => f.write_str(r#"the name of an agent such as "codex""#),
            Self::Agents => f.write_str(r#"a list of agents such as ["claude"]"#),
            Self::Word(words) => {
                f.write_str("one of ")?;
                for (index, word) in words.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{word:?}")?;
                }
                Ok(())
            }
            Self::Words(words) => write!(f, "a list of any of {}", words.join(", ")),
            Self::Texts => f.write_str(r#"a list of texts such as ["A", "B"]"#),
            Self::InnerPaths => {
                f.write_str(r#"a list of paths inside the repository such as [".env"]"#)
            }
            Self::Globs => f.write_str(r#"a list of globs inside the repository such as ["src/**", "docs/"]"#),
            Self::Command => f.write_str(
                r#"a list of a program and its arguments such as ["codex", "app-server"]"#,
            ),
            Self::Rules { .. } => f.write_str(
                r#"a list of rules such as ["cargo *", "edit:src/**", "tool:WebFetch"]"#,
            ),
            Self::Checks => f.write_str(
                r#"a list of command lines or tables such as ["cargo test", {name = "lint", run = "cargo clippy", timeout = "5m"}]"#,
            ),
        }
    }
}

impl Kind {
    /// Whether the value is one text, so that a variable or a flag needs no quotes.
    pub(super) const fn is_bare_text(self) -> bool {
        matches!(
            self,
            Self::Duration { .. }
                | Self::Text
                | Self::AnyText
                | Self::Pattern
                | Self::Path
                | Self::Agent
                | Self::Word(_)
        )
    }

    /// Reads a value, or says what is wrong with it.
    pub(super) fn read(
        self,
        layer: Layer,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<toml::Value, Wrong> {
        let read = toml::Value::deserialize(ValueDeserializer::from(value.clone()));
        let mut read = read.map_err(|_too_large| wrong(value, None))?;
        match self {
            Self::Texts
            | Self::Command
            | Self::Agents
            | Self::InnerPaths
            | Self::Globs
            | Self::Words(_) => {
                let elements = value.get_ref().as_array();
                let elements = elements.ok_or_else(|| wrong(value, None))?;
                let element = match self {
                    Self::Agents => Self::Agent,
                    Self::Words(words) => Self::Word(words),
                    Self::Texts | Self::Command => Self::AnyText,
                    _ => Self::Path,
                };
                let mut list = Vec::new();
                for item in elements {
                    let item_read = element.read(layer, item)?;
                    if matches!(self, Self::InnerPaths | Self::Globs) {
                        inner_path(item, &item_read)?;
                    }
                    if self == Self::Globs {
                        sound_glob(item, &item_read)?;
                    }
                    list.push(item_read);
                }
                let program = list.first().and_then(toml::Value::as_str);
                if self == Self::Command && program.is_none_or(|program| program.trim().is_empty())
                {
                    return Err(wrong(value, Some("it names no program".to_owned())));
                }
                read = toml::Value::Array(list);
            }
            Self::Rules { allow } => {
                let elements = value.get_ref().as_array();
                for item in elements.ok_or_else(|| wrong(value, None))? {
                    let text = item.get_ref().as_str().ok_or_else(|| wrong(item, None))?;
                    let rule = if allow {
                        Rule::parse_allow(text)
                    } else {
                        Rule::parse(text)
                    };
                    rule.map_err(|error| wrong(item, Some(error.to_string())))?;
                }
            }
            Self::Checks => {
                let checks = Checks::deserialize(ValueDeserializer::from(value.clone()));
                checks.map_err(|error| check_fault(value, &error))?;
            }
            Self::Agent => {
                let name = read.as_str().ok_or_else(|| wrong(value, None))?;
                let name: AgentName = name.parse().map_err(|_invalid| wrong(value, None))?;
                read = toml::Value::String(name.into());
            }
            _ => {
                if let Err(hint) = self.check_scalar(layer, &read) {
                    return Err(wrong(value, hint));
                }
            }
        }
        Ok(read)
    }

    /// `Err` with a hint, if there is one to give, when `value` is not of this kind.
    fn check_scalar(self, layer: Layer, value: &toml::Value) -> Result<(), Option<String>> {
        let is_right = match self {
            Self::Flag => value.is_bool(),
            Self::Count { from, to } => value
                .as_integer()
                .and_then(|number| u64::try_from(number).ok())
                .is_some_and(|number| (from..=to).contains(&number)),
            Self::Number => match value {
                toml::Value::Integer(number) => *number >= 0,
                toml::Value::Float(number) => number.is_finite() && *number >= 0.0,
                _ => false,
            },
            Self::Duration { zero } => value
                .as_str()
                .and_then(duration)
                .is_some_and(|duration| zero || !duration.is_zero()),
            Self::Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Self::AnyText => value.is_str(),
            Self::Pattern => match value.as_str() {
                Some(pattern) if !pattern.is_empty() => return sound_pattern(pattern),
                _ => false,
            },
            Self::Path => match value.as_str() {
                Some(path) => return check_path(layer, path),
                None => false,
            },
            Self::Word(words) => match value.as_str() {
                Some(word) if words.contains(&word) => true,
                Some(word) => {
                    let near = nearest(word, words.iter().copied());
                    return Err(near.map(|near| format!("did you mean {near:?}?")));
                }
                None => false,
            },
            Self::Agent
            | Self::Agents
            | Self::Words(_)
            | Self::Texts
            | Self::InnerPaths
            | Self::Globs
            | Self::Command
            | Self::Checks
            | Self::Rules { .. } => true,
        };
        if is_right { Ok(()) } else { Err(None) }
    }
}

/// Paths are taken as they are; what a clone contains may not point out of it.
fn check_path(layer: Layer, path: &str) -> Result<(), Option<String>> {
    if path.trim().is_empty() {
        return Err(None);
    }
    if path == "~" || path.starts_with("~/") {
        return Err(Some("`~` is not expanded: write the whole path".to_owned()));
    }
    if layer == Layer::Repository && !stays_inside(path) {
        return Err(Some(
            "a repository's docket.toml may only name paths inside the repository".to_owned(),
        ));
    }
    Ok(())
}

fn inner_path(item: &Spanned<DeValue<'_>>, path: &toml::Value) -> Result<(), Wrong> {
    match path.as_str() {
        Some(path) if !stays_inside(path) => Err(wrong(item, None)),
        Some(path) if !is_provided(path) => Err(wrong(
            item,
            Some("git's and docket's own folders, and the repository as a whole, stay where they are".to_owned()),
        )),
        Some(_) => Ok(()),
        None => Err(wrong(item, None)),
    }
}

fn sound_glob(item: &Spanned<DeValue<'_>>, glob: &toml::Value) -> Result<(), Wrong> {
    match glob.as_str().map(globset::Glob::new) {
        Some(Err(error)) => Err(wrong(item, Some(error.kind().to_string()))),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// The last line of what is wrong with a regular expression says what it is; those before show where, over several lines.
fn sound_pattern(pattern: &str) -> Result<(), Option<String>> {
    let error = match regex::Regex::new(pattern) {
        Ok(_sound) => return Ok(()),
        Err(error) => error.to_string(),
    };
    let what = error.lines().next_back().unwrap_or_default();
    Err(Some(what.trim_start_matches("error: ").to_owned()))
}

/// git's own folder and docket's are nothing to provide; what has no name is the whole repository.
fn is_provided(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    let reserved = |part: &Component<'_>| {
        let name = part.as_os_str();
        name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case(".docket")
    };
    !parts.clone().any(|part| reserved(&part))
        && parts.any(|part| matches!(part, Component::Normal(_)))
}

fn stays_inside(path: &str) -> bool {
    let inner = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    Path::new(path).components().all(inner)
}

fn check_fault(value: &Spanned<DeValue<'_>>, error: &toml::de::Error) -> Wrong {
    Wrong {
        span: error.span().unwrap_or_else(|| value.span()),
        found: describe(value.get_ref()),
        hint: value
            .get_ref()
            .is_array()
            .then(|| error.message().to_owned()),
    }
}

fn wrong(value: &Spanned<DeValue<'_>>, hint: Option<String>) -> Wrong {
    Wrong {
        span: value.span(),
        found: describe(value.get_ref()),
        hint,
    }
}

/// A value in a few words.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    const LONGEST: usize = 40;
    match value {
        DeValue::String(text) if text.is_empty() => "an empty text".to_owned(),
        DeValue::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("the text {start:?}…")
        }
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
