//! The beginning of an attempt: evidence folder, working tree, desk, session.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::collect::has_markers;
use super::on_terminal::OnTerminal;
use super::submitted;
use super::{GitState, Own, Prepared, Unit, blocking, policy, provision, transcript::Transcript};
use crate::agents::{self};
use crate::domain::attempt::{Branch, Workspace};
use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;
use crate::domain::item::Usage;
use crate::domain::machine::{AttemptSpec, Carry, Report};
use crate::git::{BranchName, CommitId, GitError, Repository, SnapshotOptions};
use crate::runner::context::Context;
use crate::runner::desk::Desk;
use crate::runner::sandbox::{Inmate, Sandbox};
use crate::store::evidence::EvidenceFolder;

/// What an attempt begins with.
pub(super) struct Opened {
    pub(super) prepared: Prepared,
    /// Whether it goes on in the working tree of an earlier attempt.
    pub(super) carried: bool,
}

/// Why an attempt can't begin, in words.
pub(super) enum NotPrepared {
    /// Something could not be made.
    Failed(String),
    /// The ticket's file is not the one any more that the rules were read from.
    Outdated(String),
}

impl From<String> for NotPrepared {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<NotPrepared> for Report {
    fn from(not: NotPrepared) -> Self {
        match not {
            NotPrepared::Failed(why) => Self::NotPrepared { why },
            NotPrepared::Outdated(why) => Self::Outdated { why },
        }
    }
}

impl Unit {
    pub(super) async fn prepare(&self) -> Result<Opened, NotPrepared> {
        let session = agents::adapter::session(
            &self.context.config,
            &self.spec.agent,
            &self.context.places.root,
            &self.context.places.program,
            &self.spec.marker,
        )
        .map_err(|error| error.to_string())?;
        let redactor = Arc::new(self.redactor()?);
        let (context, spec, cache) = (self.context.clone(), self.spec.clone(), self.cache_file());
        blocking(move || {
            let evidence =
                EvidenceFolder::create(&context.places.evidence(), spec.run, &spec.attempt)
                    .map_err(|error| error.to_string())?;
            let ticket_file = context.places.root.join(&spec.path);
            let ticket = read_ticket(&context, &ticket_file, spec.revision)?;
            evidence
                .write("ticket.md", &ticket)
                .map_err(|error| error.to_string())?;
            submitted::keep(&evidence, &context.places, &spec.ticket.id)?;
            let options = SnapshotOptions::new(cache);
            let Place {
                workspace,
                git,
                carried,
            } = place(&context, &spec, options)?;
            let desk_path = match &git {
                Some(state) if state.own.is_some() => workspace.path.join(".docket"),
                _ => context
                    .places
                    .docket()
                    .join("desk")
                    .join(spec.attempt.to_string()),
            };
            let desk = Desk::make(desk_path.clone(), &ticket, &spec, &context)
                .map_err(|error| format!("{}: {error}", desk_path.display()))?;
            let sandbox = match &git {
                Some(state) if state.own.is_some() => Sandbox::make(
                    &context,
                    &Inmate {
                        agent: context.config.agents.get(&spec.agent),
                        run: spec.run,
                        worktree: &state.worktree,
                        desk: &desk_path,
                        marker: &spec.marker,
                    },
                )?,
                _ => None,
            };
            let transcript =
                Transcript::open(&evidence, &context, spec.attempt.clone(), redactor.clone())
                    .map_err(|error| error.to_string())?;
            let terminal = session.capabilities().terminal.then(|| {
                OnTerminal::open(&evidence, &context, spec.attempt.clone(), redactor.clone())
            });
            let terminal = terminal.transpose()?;
            let prepared = Prepared {
                workspace,
                desk,
                evidence,
                session,
                redactor,
                transcript,
                terminal,
                git,
                sandbox,
                live: None,
                token: carried.and_then(|carry| carry.session.clone()),
                told_token: None,
                used: carried.map_or_else(Usage::default, |carry| carry.used),
                model: None,
                message: None,
                last_turn_ok: false,
                said: None,
            };
            let carried = carried.is_some();
            Ok(Opened { prepared, carried })
        })
        .await
    }
}

/// Where an attempt works, and whether an earlier one worked there.
struct Place<'spec> {
    workspace: Workspace,
    git: Option<GitState>,
    carried: Option<&'spec Carry>,
}

fn place<'spec>(
    context: &Context,
    spec: &'spec AttemptSpec,
    options: SnapshotOptions,
) -> Result<Place<'spec>, String> {
    let carry = spec.carry.as_ref();
    let (Some(git), Some(run_branch)) = (context.worktree_git(), &spec.run_branch) else {
        let (workspace, git) = in_place(context, options);
        return Ok(Place {
            carried: carry.filter(|carry| carry.workspace == workspace),
            workspace,
            git,
        });
    };
    let in_words = |error: GitError| error.to_string();
    let run_branch: BranchName = run_branch.parse().map_err(in_words)?;
    let old = carry.and_then(|carry| Some((carry, reopen(git, &run_branch, carry, &options)?)));
    if let Some((carry, (workspace, git))) = old {
        let recalled = git.map(|state| provision::recall(context, state));
        let git = recalled.transpose().map_err(in_words)?;
        return Ok(Place {
            workspace,
            git,
            carried: Some(carry),
        });
    }
    let made = own_worktree(context, git, &run_branch, spec.run, &spec.attempt, options);
    let (workspace, git) = made.map_err(in_words)?;
    Ok(Place {
        workspace,
        git,
        carried: None,
    })
}

/// The ticket's file, which must be the one that the rules were read from: the agent must see the same text.
fn read_ticket(context: &Context, path: &Path, revision: Sha256) -> Result<Vec<u8>, NotPrepared> {
    let shown = context.shown(path);
    match fs::read(path) {
        Ok(ticket) if sha256(&ticket) == revision => Ok(ticket),
        Ok(_changed) => Err(NotPrepared::Outdated(format!(
            "{shown} changed just now: the next attempt begins with the new text"
        ))),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(NotPrepared::Outdated(format!(
            "{shown} was deleted just now"
        ))),
        Err(error) => Err(NotPrepared::Failed(format!("{shown}: {error}"))),
    }
}

/// A worktree and branch of the attempt's own, cut from the head of the run's branch.
fn own_worktree(
    context: &Context,
    git: &Repository,
    run_branch: &BranchName,
    run: crate::domain::ids::RunId,
    attempt: &crate::domain::ids::AttemptId,
    options: SnapshotOptions,
) -> Result<(Workspace, Option<GitState>), crate::git::GitError> {
    let base =
        git.branch_commit(run_branch)?
            .ok_or_else(|| crate::git::GitError::BranchMissing {
                name: run_branch.clone(),
            })?;
    let branch = BranchName::of_attempt(run, attempt);
    let path: PathBuf = context.places.worktrees().join(attempt.to_string());
    let worktree = git.add_worktree(&path, &branch, base)?;
    let tree = git.tree_of(base)?;
    let workspace = Workspace {
        path: worktree.path().to_owned(),
        branch: Some(Branch {
            name: branch.to_string(),
            base: base.to_string(),
        }),
    };
    let state = GitState {
        worktree,
        options,
        start: tree,
        base: tree,
        last: tree,
        changed: Vec::new(),
        tickets: Vec::new(),
        conflicts: Vec::new(),
        own: Some(Own { branch, base }),
        facts: policy::nothing_yet(),
        left_out: Vec::new(),
        excluded: sha256(&git.excluded()),
    };
    Ok((workspace, Some(state)))
}

/// The working tree that an earlier attempt left, when it is there as git knows it and the run's branch holds all that it was cut
/// from. (What that branch has got since comes into it before it is merged.)
fn reopen(
    git: &Repository,
    run_branch: &BranchName,
    carry: &Carry,
    options: &SnapshotOptions,
) -> Option<(Workspace, Option<GitState>)> {
    let branch = carry.workspace.branch.as_ref()?;
    let base: CommitId = branch.base.parse().ok()?;
    let head = git.branch_commit(run_branch).ok()??;
    if !git.is_ancestor(base, head).ok()? {
        return None;
    }
    let branch: BranchName = branch.name.parse().ok()?;
    // It may have caught up with the run's branch since: git knows, whatever was said last.
    let base = git
        .merge_base(git.branch_commit(&branch).ok()??, head)
        .ok()??;
    let own = Own { branch, base };
    let worktree = git.worktree(&carry.workspace.path).ok()?;
    let base = git.tree_of(base).ok()?;
    let last = worktree.snapshot(options).ok()?.tree;
    // What that attempt could not sort out is not sorted out by its end.
    let mut conflicts: Vec<_> = git.diff(base, last).ok()?.files;
    conflicts.retain(|change| has_markers(&worktree.path().join(&change.path)));
    let conflicts = conflicts.into_iter().map(|change| change.path).collect();
    let state = GitState {
        worktree,
        options: options.clone(),
        start: base,
        base,
        last,
        changed: Vec::new(),
        tickets: Vec::new(),
        conflicts,
        own: Some(own),
        facts: policy::nothing_yet(),
        left_out: Vec::new(),
        excluded: sha256(&git.excluded()),
    };
    Some((carry.workspace.clone(), Some(state)))
}

/// The repository itself. With git, what was there before is remembered, so that the diff shows the attempt's part only.
fn in_place(context: &Context, options: SnapshotOptions) -> (Workspace, Option<GitState>) {
    let workspace = Workspace {
        path: context.places.root.clone(),
        branch: None,
    };
    let git = context.git.as_ref().and_then(|git| {
        let worktree = git.checkout();
        match worktree.snapshot(&options) {
            Ok(snapshot) => {
                let base = snapshot.tree;
                Some(GitState {
                    worktree,
                    options,
                    start: base,
                    base,
                    last: base,
                    changed: Vec::new(),
                    tickets: Vec::new(),
                    conflicts: Vec::new(),
                    own: None,
                    facts: policy::nothing_yet(),
                    left_out: snapshot.left_out,
                    excluded: sha256(&git.excluded()),
                })
            }
            Err(error) => {
                tracing::warn!(%error, "work in place goes on without a diff");
                None
            }
        }
    });
    (workspace, git)
}
