//! `docket init`: a queue to begin with. Changes nothing that is there, and can be called again.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::Global;
use super::error::CliError;
use super::place::Place;
use crate::config::REPOSITORY_FILE;
use crate::domain::settings::Isolation;
use crate::exit::Exit;
use crate::git::Head;
use crate::output;
use crate::tickets::load;
use crate::tickets::template::{self, NewTicket, Template};

/// The ticket that shows what docket does, in any repository and without any agent.
const FIRST: Template = Template {
    name: "first",
    summary: "a first ticket that any repository can run",
    content: include_str!("../../tickets/templates/first.md"),
};

const FIRST_TITLE: &str = "See docket work";

/// What git must not see.
const OURS: &str = "/.docket/";

#[derive(Default, Serialize)]
struct Document {
    root: String,
    tickets: String,
    /// Made now, relative to the root.
    made: Vec<String>,
    /// There already, and left as it was.
    kept: Vec<String>,
    /// What to do next, in words.
    next: Vec<String>,
}

pub(super) fn run(global: &Global) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let mut document = Document {
        root: place.places.root.to_string_lossy().into_owned(),
        tickets: place.shown(&place.places.tickets),
        ..Document::default()
    };
    make_queue(&place, &mut document)?;
    make_configuration(&place, &mut document)?;
    keep_out_of_git(&place, &mut document)?;
    document.next = next_steps(&place, &document)?;
    if global.json {
        output::document(&document)?;
        return Ok(Exit::Done);
    }
    for made in &document.made {
        output::line(&format!("made {made}"))?;
    }
    for kept in &document.kept {
        output::line(&format!("kept {kept}"))?;
    }
    for (index, step) in document.next.iter().enumerate() {
        let label = if index == 0 { "next" } else { "then" };
        output::line(&format!("{label}: {step}"))?;
    }
    Ok(Exit::Done)
}

fn make_queue(place: &Place, document: &mut Document) -> Result<(), CliError> {
    let folder = &place.places.tickets;
    let was_there = folder.is_dir();
    let scan = load::scan(&place.places.root, folder);
    if !scan.entries.is_empty() {
        let tickets = super::lint::counted(scan.entries.len(), "ticket");
        document
            .kept
            .push(format!("{} ({tickets})", document.tickets));
        return Ok(());
    }
    let path = template::create(
        folder,
        &NewTicket {
            title: FIRST_TITLE,
            template: FIRST,
            agent: None,
        },
    )?;
    if was_there {
        document.kept.push(document.tickets.clone());
    }
    document.made.push(place.shown(&path));
    Ok(())
}

fn make_configuration(place: &Place, document: &mut Document) -> Result<(), CliError> {
    let path = place.places.root.join(REPOSITORY_FILE);
    let isolation = if place.git.is_none() {
        "isolation = \"none\"                # work in place: this is no git repository\n"
    } else {
        "# isolation = \"worktree\"          # each attempt works in a worktree of its own\n"
    };
    let text = CONFIGURATION.replace("{isolation}\n", isolation);
    if write_new(&path, text.as_bytes())? {
        document.made.push(REPOSITORY_FILE.to_owned());
    } else {
        document.kept.push(REPOSITORY_FILE.to_owned());
    }
    Ok(())
}

fn keep_out_of_git(place: &Place, document: &mut Document) -> Result<(), CliError> {
    let Some(git) = &place.git else {
        return Ok(());
    };
    let file = git.common_dir().join("info/exclude");
    let line = format!("{OURS} in {}", place.shown(&file));
    if git.exclude(OURS)? {
        document.made.push(line);
    } else {
        document.kept.push(line);
    }
    Ok(())
}

fn next_steps(place: &Place, document: &Document) -> Result<Vec<String>, CliError> {
    let mut steps = Vec::new();
    if let Some(git) = &place.git
        && let Head::Unborn { name } = git.head()?
    {
        steps.push(format!(
            "`git add --all && git commit -m \"start\"`: {name} has no commit yet, and attempts start from one"
        ));
    }
    let in_place = place.loaded.config.isolation == Isolation::None;
    if place.git.is_none() && !in_place && !document.made.iter().any(|made| made == REPOSITORY_FILE)
    {
        steps.push(format!(
            "write `isolation = \"none\"` into {REPOSITORY_FILE}: this is no git repository, so there are no worktrees"
        ));
    }
    steps.push("`docket --once` runs the first ready ticket, `docket` opens the screen".to_owned());
    steps.push("`docket doctor` says which coding agents are ready here".to_owned());
    steps.push("`docket new \"title\" --agent codex` writes a ticket of your own".to_owned());
    Ok(steps)
}

/// Writes a file that isn't there yet, whole or not at all. `false` when something is there.
fn write_new(path: &Path, content: &[u8]) -> Result<bool, CliError> {
    let failed = |error: std::io::Error| {
        CliError::Failed(format!("can't write {}: {error}", path.display()))
    };
    let mut file = match fs::File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    file.write_all(content).map_err(|error| {
        let half: PathBuf = path.to_owned();
        // What is told is why it could not be written.
        let _ = fs::remove_file(half);
        failed(error)
    })?;
    Ok(true)
}

const CONFIGURATION: &str = r#"# What docket does in this repository. Every line here is a default or an example: remove the `#` to change it.
# `docket config` prints what holds and why, `docket config --keys` all settings there are.

{isolation}
# jobs = 1                        # tickets side by side
# agent = "shell"                 # the agent of tickets that `docket new` writes: "codex", "claude", "opencode" …
# validate = ["cargo test"]       # the checks of tickets that name none

# [limits]
# turns = 10
# attempts = 2
# wall = "1h"

# What agents may do without asking, and what they may never do.
# [rules]
# allow = ["cargo test *", "edit:src/**"]
# deny = ["git push *"]

# codex, claude, opencode, gemini and qwen are built in. An agent of your own: the prompt on stdin, its last words on stdout. Whoever clones this repository
# must allow its commands once with `docket trust`.
# [agents.mine]
# kind = "command"
# command = ["./agent.sh"]
"#;
