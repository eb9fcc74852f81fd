//! What a new worktree gets before the agent starts: files of the user's, and the set-up's command lines. None of it is the
//! agent's work, so none of it is merged.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::line::{Line, LineEnd, verdict};
use super::{GitState, Unit, blocking};
use crate::domain::attempt::{SetupLine, Verdict};
use crate::domain::hash::sha256;
use crate::domain::machine::Report;
use crate::git::{GitError, Repository, TreeId, pattern_of};
use crate::proc::clock::Clock as _;
use crate::proc::supervise::Status;
use crate::runner::context::Context;
use crate::runner::files;

/// How much of the end of a log a failure tells.
const TOLD_BYTES: usize = 400;
/// And how many lines of it.
const TOLD_LINES: usize = 3;

/// What was put into a worktree, for an attempt that goes on in it.
#[derive(Debug, Serialize, Deserialize)]
struct Provisioned {
    /// Relative to the worktree.
    without: Vec<PathBuf>,
    /// The files that the commit has from which the worktree was made: a tree's id.
    start: TreeId,
    /// The files with which the agent began.
    base: TreeId,
}

impl Unit {
    /// Provides a new worktree with what the configuration names. In place there is nothing to provide: everything is there.
    pub(super) async fn provision(&mut self) -> Result<(), String> {
        let provision = &self.context.config.provision;
        if provision.is_empty() {
            return Ok(());
        }
        let Some(mut state) = self.prepared.as_ref().and_then(|prepared| {
            let state = prepared.git.as_ref()?;
            state.own.is_some().then(|| state.clone())
        }) else {
            return Ok(());
        };
        // What a set-up does must not happen before the ledger knows of the attempt.
        self.context
            .stored()
            .await
            .map_err(|error| error.to_string())?;
        let context = self.context.clone();
        state = blocking(move || put_files(&context, state)).await?;
        if let Some(prepared) = &mut self.prepared {
            prepared.git = Some(state.clone());
        }
        self.set_up().await?;
        let context = self.context.clone();
        state = blocking(move || remember(&context, state)).await?;
        if let Some(prepared) = &mut self.prepared {
            prepared.git = Some(state);
        }
        Ok(())
    }

    /// Runs the set-up's lines, one after the other, up to the first one that fails.
    async fn set_up(&mut self) -> Result<(), String> {
        let lines = self.context.config.provision.setup.clone();
        for (number, run) in (1..).zip(lines) {
            if let Some(reason) = self.thawed().await {
                return Err(reason.as_str().to_owned());
            }
            let Some(prepared) = self.prepared.take() else {
                return Ok(());
            };
            let log = format!("setup/{number}.log");
            let began = self.context.clock.now().monotonic.0;
            let made = prepared.evidence.appender(&log).map(drop);
            let end = match made {
                Ok(()) => {
                    let line = Line {
                        run: &run,
                        turn: 0,
                        limit: self.context.config.provision.limit,
                        log: &log,
                    };
                    self.run_line(&prepared, line).await
                }
                Err(error) => Err(error.to_string()),
            };
            let took = self.context.clock.now().monotonic.0.saturating_sub(began);
            let output = prepared.evidence.artifact(&log).ok();
            let said = prepared
                .evidence
                .path_of(&log)
                .map(|path| last_words(&path));
            self.prepared = Some(prepared);
            let (verdict, exit) = verdict(end.as_ref(), output.is_some());
            self.report(Report::SetUp(SetupLine {
                number,
                run: run.clone(),
                verdict,
                exit,
                millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                output,
            }));
            if verdict != Verdict::Pass {
                let how = how_it_ended(end.as_ref(), verdict);
                let said = said.unwrap_or_default();
                return Err(format!(
                    "the set-up command `{run}` {how}; {log} has it all{said}"
                ));
            }
        }
        Ok(())
    }
}

fn how_it_ended(end: Result<&LineEnd, &String>, verdict: Verdict) -> String {
    match end {
        Err(why) => format!("could not run: {why}"),
        Ok(end) if end.cancelled => "was stopped".to_owned(),
        Ok(_) if verdict == Verdict::TimedOut => "took longer than `limits.setup`".to_owned(),
        Ok(end) => match (&end.failed, &end.ended.status) {
            (Some(why), _) => format!("left output that can't be stored: {why}"),
            (None, Status::Exited(code)) => format!("ended with exit code {code}"),
            (None, Status::Signalled(signal)) => format!("was ended by signal {signal}"),
            (None, Status::NotStarted(why) | Status::Lost(why)) => format!("did not run: {why}"),
        },
    }
}

/// The last lines of a log, for a sentence.
fn last_words(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let tail = &bytes[bytes.len().saturating_sub(TOLD_BYTES)..];
    let text = String::from_utf8_lossy(tail);
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.chars().filter(|one| !one.is_control()).collect())
        .filter(|line: &String| !line.trim().is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(TOLD_LINES)..].join(" / ");
    if last.is_empty() {
        last
    } else {
        format!("; it said: {last}")
    }
}

/// Copies and links. What of it git would see as new is kept out of commits, and out of every snapshot.
fn put_files(context: &Context, mut state: GitState) -> Result<GitState, String> {
    let provision = &context.config.provision;
    let (from, to) = (&context.places.root, state.worktree.path().to_owned());
    let mut made = BTreeSet::new();
    for path in &provision.copy {
        files::copy(from, &to, path, &mut made).map_err(|error| error.to_string())?;
    }
    for path in &provision.symlink {
        files::link(from, &to, path, &mut made).map_err(|error| error.to_string())?;
    }
    if made.is_empty() {
        return Ok(state);
    }
    let git = context.git.as_ref().ok_or("the repository is gone")?;
    let in_words = |error: GitError| error.to_string();
    let new = state.worktree.untracked().map_err(in_words)?;
    for path in &made {
        if new.iter().any(|new| new.starts_with(path)) {
            git.exclude(&pattern_of(path)).map_err(in_words)?;
        }
    }
    state.options.without = made.into_iter().collect();
    // What docket itself told git to ignore is no trick of the agent's.
    state.excluded = sha256(&git.excluded());
    Ok(state)
}

/// The agent begins with what the worktree holds now.
fn remember(context: &Context, mut state: GitState) -> Result<GitState, String> {
    let snapshot = state.worktree.snapshot(&state.options);
    state.base = snapshot.map_err(|error| error.to_string())?.tree;
    state.last = state.base;
    let provisioned = Provisioned {
        without: state.options.without.clone(),
        start: state.start,
        base: state.base,
    };
    let path = record(context, state.worktree.path());
    let bytes = serde_json::to_vec(&provisioned).map_err(|error| error.to_string())?;
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(state)
}

/// Where it is kept what a worktree was provided with.
fn record(context: &Context, worktree: &Path) -> PathBuf {
    let name = worktree.file_name().unwrap_or_default().to_string_lossy();
    let cache = context.places.cache();
    cache.join(format!("{name}.provisioned"))
}

/// A worktree that an earlier attempt was provided with: what was put there then is no work of this attempt either.
pub(super) fn recall(context: &Context, mut state: GitState) -> Result<GitState, GitError> {
    let Ok(bytes) = fs::read(record(context, state.worktree.path())) else {
        return Ok(state);
    };
    match serde_json::from_slice::<Provisioned>(&bytes) {
        Ok(provisioned) => {
            state.options.without = provisioned.without;
            // Nothing refers to it: git may have cleared it away since.
            let git = state.worktree.repository();
            if let Ok(diff) = git.diff(provisioned.start, provisioned.base) {
                // The attempt may have caught up since: what the set-up made lies on top of that.
                let made = diff.files.iter();
                let made = made.flat_map(|change| [Some(&change.path), change.old_path.as_ref()]);
                let made = made.flatten().map(PathBuf::as_path);
                state.base = git.with_paths_of(state.start, provisioned.base, made)?;
            }
            state.last = state.worktree.snapshot(&state.options)?.tree;
        }
        Err(error) => tracing::warn!(%error, "what the worktree was provided with is not known"),
    }
    Ok(state)
}

/// The worktree is gone.
pub(super) fn forget(context: &Context, worktree: &Path) {
    // Most have none.
    let _no_record = fs::remove_file(record(context, worktree));
}

/// The tree that is to be merged: what the set-up changed and the agent left as it was is as the attempt's base commit has it.
pub(super) fn without_setup(
    git: &Repository,
    state: &GitState,
    tree: TreeId,
) -> Result<TreeId, GitError> {
    let kept = setup_paths(git, state)?;
    if kept.is_empty() {
        return Ok(tree);
    }
    git.with_paths_of(tree, state.start, kept.iter().map(PathBuf::as_path))
}

/// What the set-up changed and the agent left as it was.
pub(super) fn setup_paths(git: &Repository, state: &GitState) -> Result<Vec<PathBuf>, GitError> {
    if state.start == state.base {
        return Ok(Vec::new());
    }
    let paths = |one, other| -> Result<BTreeSet<PathBuf>, GitError> {
        let files = git.diff(one, other)?.files;
        let both = |change: crate::git::FileChange| [Some(change.path), change.old_path];
        Ok(files.into_iter().flat_map(both).flatten().collect())
    };
    let by_setup = paths(state.start, state.base)?;
    let by_agent = paths(state.base, state.last)?;
    Ok(by_setup.difference(&by_agent).cloned().collect())
}
