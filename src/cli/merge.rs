//! `docket merge`: a run's accepted work comes into the branch that the user is on.

use std::path::PathBuf;

use serde::Serialize;

use super::arguments::{Global, MergeArguments};
use super::decide;
use super::error::CliError;
use super::place::Place;
use super::text;
use crate::domain::ids::RunId;
use crate::exit::Exit;
use crate::git::{BranchName, CommitId, Head, MergeOutcome, OnBehalfOf, Repository};
use crate::output;
use crate::runner::StartError;
use crate::store::Reader;
use crate::store::lock::{LockError, RunnerLock};

/// How many paths people are shown.
const SHOWN: usize = 20;

#[derive(Debug, Default, Serialize)]
struct Document {
    /// What came of it.
    outcome: Outcome,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    run: Option<RunId>,
    /// The run's branch.
    branch: Option<String>,
    /// Its newest commit.
    work: Option<CommitId>,
    /// The user's branch; `None` when there is none.
    into: Option<String>,
    /// The user's branch holds this now.
    commit: Option<CommitId>,
    fast_forward: Option<bool>,
    /// Files in conflict, in the way, or staged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathBuf>,
    /// What the user is in the middle of.
    #[serde(skip_serializing_if = "Option::is_none")]
    busy: Option<String>,
    /// Other runs with work that the branch doesn't hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmerged: Vec<RunId>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Merged,
    /// With `--dry-run`.
    WouldMerge,
    #[default]
    NothingToMerge,
    Conflict,
    WouldOverwrite,
    Staged,
    Busy,
    NoBranch,
}

pub(super) fn run(global: &Global, arguments: &MergeArguments) -> Result<Exit, CliError> {
    decide::refuse_agents()?;
    let place = Place::of(global)?;
    let git = place.repository()?;
    let head = git.head_commit()?;
    let branches = git.run_branches()?;
    let mut unmerged = Vec::new();
    for (run, name, commit) in branches.iter().rev() {
        if !git.is_ancestor(*commit, head)? {
            unmerged.push((*run, name.clone(), *commit));
        }
    }
    let chosen = match arguments.run {
        None => unmerged.first().cloned(),
        Some(run) => {
            let known = branches.into_iter().find(|(known, ..)| *known == run);
            Some(known.ok_or_else(|| no_branch(run, &unmerged))?)
        }
    };
    let mut document = Document {
        dry_run: arguments.dry_run,
        into: match git.head()? {
            Head::Branch { name, .. } => Some(name.to_string()),
            Head::Detached { .. } | Head::Unborn { .. } => None,
        },
        ..Document::default()
    };
    if let Some((run, name, commit)) = chosen {
        document.run = Some(run);
        document.branch = Some(name.to_string());
        document.work = Some(commit);
        if !arguments.dry_run {
            check_nobody_works_here(&place)?;
        }
        let outcome = if arguments.dry_run {
            git.preview_merge(commit)?
        } else {
            Some(git.merge_into_checkout(&name, commit, OnBehalfOf::Person)?)
        };
        document.take(outcome);
    }
    document.unmerged = still_unmerged(git, &unmerged)?;
    if global.json {
        output::document(&document)?;
    } else {
        tell(&document)?;
    }
    Ok(match document.outcome {
        Outcome::Merged | Outcome::WouldMerge | Outcome::NothingToMerge => Exit::Done,
        Outcome::Conflict
        | Outcome::WouldOverwrite
        | Outcome::Staged
        | Outcome::Busy
        | Outcome::NoBranch => Exit::NeedsHuman,
    })
}

impl Document {
    fn take(&mut self, outcome: Option<MergeOutcome>) {
        self.outcome = match outcome {
            None => Outcome::WouldMerge,
            Some(MergeOutcome::UpToDate) => Outcome::NothingToMerge,
            Some(MergeOutcome::Merged {
                commit,
                fast_forward,
            }) => {
                self.commit = Some(commit);
                self.fast_forward = Some(fast_forward);
                Outcome::Merged
            }
            Some(MergeOutcome::Conflict { paths }) => {
                self.paths = paths;
                Outcome::Conflict
            }
            Some(MergeOutcome::WouldOverwrite { paths }) => {
                self.paths = paths;
                Outcome::WouldOverwrite
            }
            Some(MergeOutcome::Staged { paths }) => {
                self.paths = paths;
                Outcome::Staged
            }
            Some(MergeOutcome::Busy { what }) => {
                self.busy = Some(what);
                Outcome::Busy
            }
            Some(MergeOutcome::NoBranch { .. }) => Outcome::NoBranch,
        };
    }
}

fn still_unmerged(
    git: &Repository,
    before: &[(RunId, BranchName, CommitId)],
) -> Result<Vec<RunId>, CliError> {
    let head = git.head_commit()?;
    let mut still = Vec::new();
    for (run, _, commit) in before {
        if !git.is_ancestor(*commit, head)? {
            still.push(*run);
        }
    }
    Ok(still)
}

fn no_branch(run: RunId, unmerged: &[(RunId, BranchName, CommitId)]) -> CliError {
    let known: Vec<_> = unmerged.iter().map(|(run, ..)| run.to_string()).collect();
    let known = if known.is_empty() {
        "no run has work that your branch doesn't hold".to_owned()
    } else {
        format!(
            "these have work that your branch doesn't hold: {}",
            known.join(", ")
        )
    };
    CliError::Usage(format!("there is no branch of a run {run}; {known}"))
}

/// An agent that works in place must not find other files from one moment to the next.
fn check_nobody_works_here(place: &Place) -> Result<(), CliError> {
    let holder = RunnerLock::holder(&place.places.docket()).map_err(StartError::from)?;
    let Some(holder) = holder else {
        return Ok(());
    };
    let reader = Reader::open(&place.places.ledger())?;
    let in_place = reader
        .open_attempts()?
        .into_iter()
        .filter_map(|open| open.workspace)
        .any(|workspace| workspace.branch.is_none());
    if in_place {
        return Err(StartError::from(LockError::Held { by: holder.by }).into());
    }
    Ok(())
}

fn tell(document: &Document) -> Result<(), CliError> {
    let branch = document.branch.as_deref().unwrap_or_default();
    let into = document.into.as_deref().unwrap_or("HEAD");
    let paths = || {
        let mut lines: Vec<_> = document
            .paths
            .iter()
            .take(SHOWN)
            .map(|path| format!("  {}", text::line(&path.display().to_string())))
            .collect();
        if document.paths.len() > SHOWN {
            lines.push(format!("  and {} more", document.paths.len() - SHOWN));
        }
        lines.join("\n")
    };
    match document.outcome {
        Outcome::NothingToMerge => match &document.branch {
            Some(branch) => output::line(&format!("{into} holds all of {branch} already"))?,
            None => output::line(&format!(
                "nothing to merge: no run has work that {into} doesn't hold"
            ))?,
        },
        Outcome::WouldMerge => output::line(&format!("{branch} can be merged into {into}"))?,
        Outcome::Merged => {
            let how = if document.fast_forward == Some(true) {
                "fast-forward"
            } else {
                "merge commit"
            };
            let commit = document.commit.map(|commit| commit.to_string());
            let short = commit.as_deref().and_then(|commit| commit.get(..12));
            output::line(&format!(
                "merged {branch} into {into} ({how} {})",
                short.unwrap_or_default()
            ))?;
        }
        Outcome::Conflict => output::say(&format!(
            "{branch} and {into} changed the same in:\n{}\nnothing was touched; to decide yourself: git merge {branch}",
            paths()
        )),
        Outcome::WouldOverwrite => output::say(&format!(
            "the merge of {branch} would overwrite files of yours that are not committed:\n{}\n\
             nothing was touched: commit them or move them away, then run `docket merge` again",
            paths()
        )),
        Outcome::Staged => output::say(&format!(
            "these staged files would get into the merge commit of {branch}:\n{}\n\
             nothing was touched: commit them (`git commit`) or unstage them (`git restore --staged`), then run `docket merge` again",
            paths()
        )),
        Outcome::Busy => output::say(&format!(
            "you are in the middle of {}: end it first (see `git status`), then run `docket merge` again",
            document.busy.as_deref().unwrap_or("something")
        )),
        Outcome::NoBranch => output::say(
            "you are on no branch, so the merge would be lost with the next `git switch`: \
             switch to your branch (`git switch main`), then run `docket merge` again",
        ),
    }
    if !document.unmerged.is_empty()
        && matches!(document.outcome, Outcome::Merged | Outcome::NothingToMerge)
    {
        let runs: Vec<_> = document.unmerged.iter().map(ToString::to_string).collect();
        output::say(&format!(
            "{into} doesn't hold all work of {}: `docket merge {}`",
            runs.join(", "),
            runs[0]
        ));
    }
    Ok(())
}
