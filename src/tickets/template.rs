//! New tickets, from templates that are part of the program.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

use crate::domain::hash::sha256;
use crate::domain::ids::TicketName;
use crate::domain::ticket::AgentName;

use super::edit::{NewValue, set_value};
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
    let io = |doing| {
        move |source| WriteError::Io {
            doing,
            path: folder.to_owned(),
            source,
        }
    };
    std::fs::create_dir_all(folder).map_err(io("make"))?;
    loop {
        let digits = next_number(folder).map_err(io("read"))?;
        let slug = slug(new.title);
        let separator = if slug.is_empty() { "" } else { "-" };
        let path = folder.join(format!("TICKET-{digits}{separator}{slug}.md"));
        let content = content(new, &path)?;
        match write::create(&path, &content) {
            // Somebody took the number in this very moment.
            Err(WriteError::Exists { .. }) => {}
            result => return result.map(|_revision| path),
        }
    }
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

/// The digits of the next number: as wide as the widest in the folder.
pub(crate) fn next_number(folder: &Path) -> std::io::Result<String> {
    let (mut highest, mut width) = (0, 3);
    for item in std::fs::read_dir(folder)? {
        let name = TicketName::from_file_name(&item?.file_name().to_string_lossy());
        // A number out of all proportion is no number to count on from.
        let name = name.filter(|name| name.number() < 1_000_000_000);
        if let Some(name) = name {
            highest = highest.max(name.number());
            width = width.max(name.digits().len().min(9));
        }
    }
    Ok(format!("{:0width$}", (highest / 10 + 1) * 10))
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
