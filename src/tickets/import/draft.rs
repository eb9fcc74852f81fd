//! A ticket that isn't a file yet: what a source says about one piece of work, in docket's words.

use std::fmt::Write as _;

use crate::domain::ids::TicketId;
use crate::tickets::edit::scalar;

/// A check that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The command.
    pub run: String,
}

/// What a ticket is to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// What it is called within its source: a phase, a step, an entry of a list. The same piece of work has the same one next time.
    pub item: String,
    /// The text that it comes from: when this changes, the source changed.
    pub origin: String,
    /// Who works on it; without it, the default agent does.
    pub agent: Option<String>,
    /// What it is called in lists.
    pub title: String,
    /// What is to be reached, when that fits into one line.
    pub goal: Option<String>,
    /// Higher runs earlier.
    pub priority: Option<i64>,
    /// For filters.
    pub labels: Vec<String>,
    /// What docket runs before it believes; `None` leaves the default of docket.toml.
    pub validate: Option<Vec<Check>>,
    /// The checklist.
    pub acceptance: Vec<String>,
    /// Globs of files that may change.
    pub allow: Vec<String>,
    /// Globs of files that may not.
    pub deny: Vec<String>,
    /// The longest that an attempt may take, in seconds.
    pub wall: Option<u64>,
    /// It begins when the one before it in the source is done.
    pub follows: bool,
    /// What is to be done.
    pub body: String,
}

/// What a draft gets when it becomes a file.
#[derive(Debug, Clone)]
pub struct Identity<'a> {
    /// Its id.
    pub id: &'a TicketId,
    /// Who works on it if the draft doesn't say.
    pub agent: &'a str,
    /// The names or ids of what it depends on.
    pub depends_on: &'a [String],
    /// Keys of no meaning to docket that say where it comes from.
    pub notes: &'a [(&'a str, String)],
}

impl Draft {
    /// The text of the ticket's file.
    pub fn render(&self, identity: &Identity<'_>) -> String {
        let mut text = String::from("---\n");
        let agent = self.agent.as_deref().unwrap_or(identity.agent);
        field(&mut text, "ticket_id", identity.id.as_str());
        field(&mut text, "agent", agent);
        text.push_str("done: false\n");
        field(&mut text, "title", &self.title);
        if let Some(goal) = &self.goal {
            field(&mut text, "goal", goal);
        }
        if let Some(priority) = self.priority {
            add(&mut text, format_args!("priority: {priority}\n"));
        }
        list(&mut text, "", "labels", &self.labels);
        text.push_str(&self.lists(identity.depends_on));
        if !self.allow.is_empty() || !self.deny.is_empty() {
            text.push_str("paths:\n");
            list(&mut text, "  ", "allow", &self.allow);
            list(&mut text, "  ", "deny", &self.deny);
        }
        if let Some(seconds) = self.wall {
            add(&mut text, format_args!("limits:\n  wall: {seconds}s\n"));
        }
        for (key, value) in identity.notes {
            field(&mut text, key, value);
        }
        text.push_str("---\n\n");
        text.push_str(self.body.trim_matches('\n'));
        text.push('\n');
        text
    }

    /// Dependencies, checks and acceptance as lines of front matter.
    pub(super) fn lists(&self, depends_on: &[String]) -> String {
        let mut text = String::new();
        if !depends_on.is_empty() {
            let names: Vec<_> = depends_on.iter().map(|name| scalar(name)).collect();
            add(
                &mut text,
                format_args!("depends_on: [{}]\n", names.join(", ")),
            );
        }
        if let Some(checks) = &self.validate {
            validations(&mut text, checks);
        }
        list(&mut text, "", "acceptance", &self.acceptance);
        text
    }
}

fn add(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = text.write_fmt(words);
}

fn field(text: &mut String, key: &str, value: &str) {
    add(text, format_args!("{key}: {}\n", scalar(value)));
}

fn list(text: &mut String, indent: &str, key: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    add(text, format_args!("{indent}{key}:\n"));
    for value in values {
        add(text, format_args!("{indent}  - {}\n", scalar(value)));
    }
}

fn validations(text: &mut String, checks: &[Check]) {
    if checks.is_empty() {
        text.push_str("validate: []\n");
        return;
    }
    text.push_str("validate:\n");
    for Check { name, run } in checks {
        let run = scalar(run);
        match name {
            Some(name) => add(
                text,
                format_args!("  - {{ name: {}, run: {run} }}\n", scalar(name)),
            ),
            None => add(text, format_args!("  - {run}\n")),
        }
    }
}

/// One line of a text for a title: at most 100 characters, blanks put together.
pub(super) fn title_of(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= 100 {
        return line;
    }
    let mut cut: String = line.chars().take(99).collect();
    if let Some(blank) = cut.rfind(' ').filter(|&blank| blank > 40) {
        cut.truncate(blank);
    }
    cut.push('…');
    cut
}
