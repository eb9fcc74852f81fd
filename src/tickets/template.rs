//! New tickets, from templates that are part of the program.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

use crate::domain::hash::sha256;
use crate::domain::settings::AgentKind;
use crate::domain::ticket::AgentName;

use super::edit::{NewValue, set_value};
use super::numbers::Numbers;
use super::write::{self, WriteError};

/// A ticket to begin from: a sound ticket file with the text of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// The file.
    pub content: &'static str,
}

/// All templates; the first is the default.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "default",
        summary: "work for an agent, with a check and acceptance criteria",
        content: include_str!("../../tickets/templates/default.md"),
    },
    Template {
        name: "shell",
        summary: "a runbook: docket runs its sh blocks, no agent needed",
        content: include_str!("../../tickets/templates/shell.md"),
    },
    Template {
        name: "user",
        summary: "something that only a human can do",
        content: include_str!("../../tickets/templates/user.md"),
    },
    Template {
        name: "bug",
        summary: "a bug: steps, expectation, a test that fails first",
        content: include_str!("../../tickets/templates/bug.md"),
    },
];

impl Template {
    /// The template with this name.
    pub fn named(name: &str) -> Option<Self> {
        TEMPLATES
            .iter()
            .copied()
            .find(|template| template.name == name)
    }

    /// The template for an agent of this kind: a runbook for the shell, a note for a human.
    pub fn fitting(kind: Option<AgentKind>) -> Self {
        let name = match kind {
            Some(AgentKind::Shell) => "shell",
            Some(AgentKind::User) => "user",
            _ => "default",
        };
        Self::named(name).unwrap_or(TEMPLATES[0])
    }

    /// Whether any agent may work on such a ticket. Who does a runbook or a human's work is part of the template.
    pub fn is_for_any_agent(&self) -> bool {
        !matches!(self.name, "shell" | "user")
    }
}

/// What a new ticket is to be.
#[derive(Debug, Clone)]
pub struct NewTicket<'a> {
    /// Its title; words of it go into the file's name.
    pub title: &'a str,
    /// What it begins from.
    pub template: Template,
    /// Who works on it, if not whom the template says.
    pub agent: Option<&'a AgentName>,
}

/// Writes a new ticket into `folder`, which is made if it isn't there, under the next number: the next multiple of ten after the highest.
/// Never overwrites anything. Returns the path of the file.
pub fn create(folder: &Path, new: &NewTicket<'_>) -> Result<PathBuf, WriteError> {
    // Held until the file is there: nobody else counts on from the same number.
    let numbers = Numbers::hold(folder)?;
    let digits = numbers.next(1)?.first();
    let path = folder.join(file_name(&digits, new.title));
    write::create(&path, &content(new, &path)?)?;
    Ok(path)
}

/// The name of the file of a ticket with this number and title.
pub(crate) fn file_name(digits: &str, title: &str) -> String {
    let slug = slug(title);
    let separator = if slug.is_empty() { "" } else { "-" };
    format!("TICKET-{digits}{separator}{slug}.md")
}

fn content(new: &NewTicket<'_>, path: &Path) -> Result<Vec<u8>, WriteError> {
    let title = NewValue::Text(new.title.trim().to_owned());
    let agent = new
        .agent
        .map(|agent| ("agent", NewValue::Text(agent.to_string())));
    let values = [
        ("ticket_id", NewValue::Text(new_id(path))),
        ("title", title),
    ];
    let mut content = new.template.content.as_bytes().to_vec();
    for (key, value) in values.into_iter().chain(agent) {
        content = set_value(&content, key, &value).map_err(|source| WriteError::Edit {
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(content)
}

/// The words of a title for a file name: ASCII letters and digits, at most 50.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 50 {
            break;
        }
    }
    slug.trim_matches('-').to_owned()
}

/// An id that no other ticket has. Unique is enough: it is no secret.
pub(crate) fn new_id(path: &Path) -> String {
    let random = RandomState::new().build_hasher().finish();
    let seed = format!("{random} {} {}", std::process::id(), path.display());
    let mut digits = sha256(seed.as_bytes()).to_string();
    digits.truncate(32);
    format!("tkt_{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_words_for_file_names() {
        assert_eq!(slug("Stream the body!"), "stream-the-body");
        assert_eq!(slug("  Größe: 10 % mehr "), "gr-e-10-mehr");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("票"), "");
        assert!(slug(&"long ".repeat(40)).len() <= 50);
    }
}
