//! `docket rewind`: what a turn left is brought back, beside everything else and never over it.

use std::path::PathBuf;

use serde::Serialize;

use super::arguments::{Global, RewindArguments};
use super::error::CliError;
use super::place::Place;
use super::{find, table, text};
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::git::{Autosave, BranchName, CommitId, GitError, Repository, TreeId};
use crate::output::{self, Role};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::Reader;

#[derive(Serialize)]
struct Listing {
    attempts: Vec<AttemptRow>,
}

#[derive(Serialize)]
struct AttemptRow {
    attempt: AttemptId,
    turns: Vec<TurnRow>,
}

#[derive(Serialize)]
struct TurnRow {
    turn: u32,
    at: Timestamp,
    /// Files that differ from what the attempt began from, where the ledger knows.
    files: Option<u32>,
    commit: CommitId,
    reference: String,
}

#[derive(Serialize)]
struct Document {
    attempt: AttemptId,
    turn: u32,
    commit: CommitId,
    tree: TreeId,
    /// The branch that holds it now.
    branch: Option<String>,
    /// The folder that holds the files now.
    folder: Option<PathBuf>,
}

pub(super) fn run(global: &Global, arguments: &RewindArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let git = place.repository()?;
    let attempts = saved_attempts(&place, git, &arguments.ticket)?;
    if arguments.list {
        return list(global.json, &place, &attempts);
    }
    let Some((attempt, saves)) = attempts.last() else {
        return Err(CliError::Usage(format!(
            "nothing was saved of {}: no turn of it has ended in a repository",
            arguments.ticket
        )));
    };
    let wanted = |save: &&Autosave| arguments.turn.is_none_or(|turn| save.turn == turn);
    let save = saves.iter().rfind(wanted).ok_or_else(|| {
        let turns: Vec<_> = saves.iter().map(|save| save.turn.to_string()).collect();
        CliError::Usage(format!(
            "{attempt} has no such turn: these were saved: {}",
            turns.join(", ")
        ))
    })?;
    let mut document = Document {
        attempt: attempt.clone(),
        turn: save.turn,
        commit: save.commit,
        tree: save.tree,
        branch: None,
        folder: None,
    };
    if let Some(folder) = &arguments.to {
        let folder = place.here.join(folder);
        let in_use = |error| match error {
            error @ GitError::FolderInUse { .. } => CliError::Usage(error.to_string()),
            error => error.into(),
        };
        let files = git.write_tree_to(save.tree, &folder).map_err(in_use)?;
        if !global.json {
            output::line(&folder.display().to_string())?;
            output::say(&format!(
                "{} as {attempt} had them after turn {}",
                super::lint::counted(files, "file"),
                save.turn
            ));
        }
        document.folder = Some(folder);
    } else {
        let branch = branch(git, arguments.branch.as_deref(), save)?;
        if !global.json {
            output::line(branch.as_str())?;
            output::say(&format!(
                "{attempt} after turn {}; look at it: git log -p -1 {branch}\n\
                 work on it: git worktree add ../{} {branch}\n\
                 take files from it: git restore --source {branch} -- PATH",
                save.turn,
                branch.as_str().replace('/', "-")
            ));
        }
        document.branch = Some(branch.to_string());
    }
    if global.json {
        output::document(&document)?;
    }
    Ok(Exit::Done)
}

/// The branch of this name (or of ours) at the saved commit: made, or there already.
fn branch(git: &Repository, name: Option<&str>, save: &Autosave) -> Result<BranchName, CliError> {
    let ours = format!("docket/rewind/{}-{}", save.attempt, save.turn);
    let name: BranchName = name
        .unwrap_or(&ours)
        .parse()
        .map_err(|error: GitError| CliError::Usage(error.to_string()))?;
    if git.branch_commit(&name)? == Some(save.commit) {
        return Ok(name);
    }
    git.create_branch(&name, save.commit).map_err(|error| match error {
        GitError::BranchExists { name } => CliError::Usage(format!(
            "the branch `{name}` is there and holds something else, which stays: name another with --branch"
        )),
        error => error.into(),
    })?;
    Ok(name)
}

/// The attempts that are meant and have autosaves, oldest first. An attempt that only its autosaves remember counts too.
fn saved_attempts(
    place: &Place,
    git: &Repository,
    word: &str,
) -> Result<Vec<(AttemptId, Vec<Autosave>)>, CliError> {
    if let Ok(attempt) = word.parse::<AttemptId>() {
        let saves = git.autosaves_of(&attempt)?;
        if !saves.is_empty() {
            return Ok(vec![(attempt, saves)]);
        }
    }
    let (reader, target) = find::one(place, word)?;
    let attempts = if let Some(attempt) = target.attempt {
        vec![attempt]
    } else {
        let records = reader.attempts_of_ticket(&target.id)?;
        records.into_iter().map(|record| record.attempt).collect()
    };
    let mut found = Vec::new();
    for attempt in attempts {
        let saves = git.autosaves_of(&attempt)?;
        if !saves.is_empty() {
            found.push((attempt, saves));
        }
    }
    Ok(found)
}

fn list(
    json: bool,
    place: &Place,
    attempts: &[(AttemptId, Vec<Autosave>)],
) -> Result<Exit, CliError> {
    let reader = Reader::open(&place.places.ledger())?;
    let mut rows = Vec::new();
    for (attempt, saves) in attempts {
        let events = reader.events_of_attempt(attempt)?;
        let files_of = |wanted: u32| {
            let events = events.iter().rev();
            let mut saved = events.filter_map(|stored| match &stored.envelope()?.event {
                Event::TurnSaved { turn, files, .. } if *turn == wanted => Some(*files),
                _ => None,
            });
            saved.next()
        };
        let turn = |save: &Autosave| TurnRow {
            turn: save.turn,
            at: save.at,
            files: files_of(save.turn),
            commit: save.commit,
            reference: save.reference(),
        };
        rows.push(AttemptRow {
            attempt: attempt.clone(),
            turns: saves.iter().map(turn).collect(),
        });
    }
    if json {
        output::document(&Listing { attempts: rows })?;
        return Ok(Exit::Done);
    }
    let now = SystemClock::new().now().wall;
    let cells: Vec<_> = rows
        .iter()
        .flat_map(|row| row.turns.iter().map(move |turn| (row, turn)))
        .map(|(row, turn)| {
            let files = turn
                .files
                .map(|files| super::lint::counted(files as usize, "file"));
            vec![
                table::cell(Role::Strong, &row.attempt.to_string()),
                table::cell(Role::Plain, &format!("turn {}", turn.turn)),
                table::cell(Role::Plain, &text::moment(turn.at, now)),
                table::cell(Role::Plain, files.as_deref().unwrap_or_default()),
                table::cell(Role::Faint, &turn.reference),
            ]
        })
        .collect();
    if cells.is_empty() {
        output::say("nothing was saved: no turn of it has ended in a repository");
    }
    output::bytes(table::render(&cells, &[4]).as_bytes())?;
    Ok(Exit::Done)
}
