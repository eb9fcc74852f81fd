//! Before accepted work is sealed: what docket wrote last is held against what is there, and the attempt's tree gets what others
//! have brought to the run's branch.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::collect::look;
use super::{GitState, Own, Unit, blocking, policy, provision};
use crate::domain::hash::sha256;
use crate::domain::machine::{AttemptSpec, Report};
use crate::domain::ticket::Ticket;
use crate::git::{BranchName, CatchUp, CommitId, GitError, Repository};
use crate::proc::clock::Clock as _;
use crate::runner::context::Context;
use crate::store::{EvidenceError, LedgerError};
use crate::tickets::parse;

/// Why accepted work can't go on.
pub(super) enum Halt {
    /// Something is not as docket left it.
    Tampered(String),
    /// Something else.
    Failed(String),
}

impl From<String> for Halt {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<Halt> for Report {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Tampered(what) => Self::Tampered { what },
            Halt::Failed(why) => Self::NotIntegrated { why },
        }
    }
}

impl From<GitError> for Halt {
    fn from(error: GitError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<EvidenceError> for Halt {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Changed { .. } => Self::Tampered(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl Unit {
    pub(super) async fn catch_up(&mut self, head: Option<String>) {
        let report = self.caught_up(head).await;
        self.report(report.unwrap_or_else(Report::from));
    }

    async fn caught_up(&mut self, head: Option<String>) -> Result<Report, Halt> {
        self.ledger_is_intact().await?;
        let (context, spec) = (self.context.clone(), self.spec.clone());
        let state = self.prepared.as_ref().and_then(|ready| ready.git.clone());
        let index = self.cache_file().with_extension("merge");
        let kept = self.prepared.as_ref();
        let kept = kept.map(|ready| (ready.evidence.clone(), ready.redactor.clone()));
        let done = blocking(move || {
            let mut state = bring(&context, &spec, state, head, &index)?;
            if let (Some(state), Some(git), Some((evidence, redactor))) =
                (&mut state, &context.git, kept)
            {
                // What it changes is told from where it builds on now, and held against the rules again.
                let diff = look(&context, git, state, &evidence)?;
                let left_out = state.left_out.clone();
                let facts = policy::facts(&context, git, state, &diff, left_out, &redactor);
                state.facts = Arc::new(facts);
            }
            Ok::<_, Halt>(state)
        })
        .await?;
        let (Some(state), Some(prepared)) = (done, &mut self.prepared) else {
            return Ok(Report::UpToDate);
        };
        let onto = state
            .own
            .as_ref()
            .map_or_else(String::new, |own| own.base.to_string());
        let report = Report::CaughtUp {
            onto,
            tree: state.last.to_string(),
            conflicts: shown(&state.conflicts),
        };
        prepared.git = Some(state);
        Ok(report)
    }

    /// What the ledger says of this attempt is what docket wrote.
    async fn ledger_is_intact(&self) -> Result<(), Halt> {
        match self.context.ledger.check(&self.spec.attempt).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error @ (LedgerError::Changed { .. } | LedgerError::SecondWriter { .. }))) => {
                Err(Halt::Tampered(error.to_string()))
            }
            Ok(Err(error)) => Err(Halt::Failed(error.to_string())),
            Err(_closed) => Err(Halt::Failed("the ledger is closed".to_owned())),
        }
    }
}

/// Brings what the run's branch has got into the attempt's tree. `None` when it has got nothing, or when there is no branch.
fn bring(
    context: &Context,
    spec: &AttemptSpec,
    state: Option<GitState>,
    head: Option<String>,
    index: &Path,
) -> Result<Option<GitState>, Halt> {
    let path = context.places.root.join(&spec.path);
    let own = state.as_ref().and_then(|state| state.own.clone());
    let shown = context.shown(&path);
    ticket_is_intact(
        &shown,
        &fs::read(&path),
        &spec.path,
        &spec.ticket,
        own.is_none(),
    )?;
    let (Some(git), Some(mut state), Some(own), Some(run_branch)) =
        (&context.git, state, own, &spec.run_branch)
    else {
        return Ok(None);
    };
    let run_branch: BranchName = run_branch.parse()?;
    let expected = head.map(|head| head.parse::<CommitId>()).transpose();
    let expected = expected.map_err(|error| Halt::Failed(error.to_string()))?;
    let onto = run_branch_is_intact(git, &run_branch, expected)?;
    branch_is_intact(git, &own.branch, own.base)?;
    if onto == own.base {
        return Ok(None);
    }
    // Ticket files and what the set-up made are no part of the work: they stay in the working tree, and are not merged.
    let by_setup = provision::setup_paths(git, &state)?;
    let apart: Vec<_> = state.tickets.iter().chain(&by_setup).cloned().collect();
    let caught_up = state.worktree.catch_up(&CatchUp {
        branch: &own.branch,
        base: own.base,
        onto,
        tree: state.last,
        apart: &apart,
        index,
        at: context.clock.now().wall,
    })?;
    state.start = git.tree_of(onto)?;
    state.base = git.with_paths_of(
        state.start,
        state.base,
        by_setup.iter().map(PathBuf::as_path),
    )?;
    state.last = caught_up.tree;
    state.conflicts = caught_up.conflicts;
    state.own = Some(Own { base: onto, ..own });
    Ok(Some(state))
}

pub(super) fn shown(paths: &[PathBuf]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

/// The canonical ticket still has the rules that were proven, and nobody but docket calls it done. What people change in its text
/// while an agent works is theirs.
fn ticket_is_intact(
    shown: &str,
    bytes: &std::io::Result<Vec<u8>>,
    path: &Path,
    start: &Ticket,
    in_place: bool,
) -> Result<(), Halt> {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return Err(Halt::Tampered(format!("{shown} can't be read: {error}"))),
    };
    let now = parse::parse(path, bytes);
    let Some(ticket) = now.ticket else {
        return Err(Halt::Tampered(format!(
            "{shown} was broken while the agent worked; `docket lint` says how"
        )));
    };
    // In place, the agent has no other ticket to claim in.
    if ticket.done && !in_place {
        return Err(Halt::Tampered(format!(
            "{shown} says `done: true`, and docket did not write that: set `done: false` to have it tried again, or leave it if \
             it was you"
        )));
    }
    let changed = start.changed_rules(&ticket);
    if changed.is_empty() {
        return Ok(());
    }
    let (keys, revision) = (changed.join(", "), sha256(bytes));
    tracing::warn!(ticket = shown, keys, %revision, "the rules changed while the agent worked");
    Err(Halt::Tampered(format!(
        "{shown} has other rules than those that were proven ({keys}): if you changed them, retry it"
    )))
}

/// The run's branch is where docket left it. Gives its head.
pub(super) fn run_branch_is_intact(
    git: &Repository,
    branch: &BranchName,
    expected: Option<CommitId>,
) -> Result<CommitId, Halt> {
    match (git.branch_commit(branch)?, expected) {
        (None, _) => Err(Halt::Tampered(format!("the branch {branch} is gone"))),
        (Some(found), Some(expected)) if found != expected => Err(Halt::Tampered(format!(
            "the branch {branch} is at {found}, and docket left it at {expected}: whoever moved it, `git branch -f {branch} \
             {expected}` puts it back"
        ))),
        (Some(found), _) => Ok(found),
    }
}

/// The attempt's branch still holds what it was cut from.
fn branch_is_intact(git: &Repository, branch: &BranchName, base: CommitId) -> Result<(), Halt> {
    match git.branch_commit(branch)? {
        None => Err(Halt::Tampered(format!("the branch {branch} is gone"))),
        Some(commit) if !git.is_ancestor(base, commit)? => Err(Halt::Tampered(format!(
            "the branch {branch} does not hold {base} any more, from which it was cut"
        ))),
        Some(_) => Ok(()),
    }
}
