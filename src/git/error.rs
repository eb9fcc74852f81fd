//! What can go wrong, and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use super::ids::{BranchName, CommitId};

/// Why something in git didn't work. The message says what to do next where there is something to do.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Neither the folder nor one above it is a repository.
    #[error(
        "`{}` is not inside a git repository: run `git init` there, or set `isolation = \"none\"` to work without git",
        start.display()
    )]
    NotARepository {
        /// Where the search began.
        start: PathBuf,
    },
    /// The repository has no checkout.
    #[error(
        "`{}` is a bare repository, without files to work on: clone it and run docket in the clone",
        path.display()
    )]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// The repository belongs to somebody else; git itself refuses to work in it.
    #[error(
        "`{0}` belongs to another user: if you trust it, run `git config --global --add safe.directory '{0}'`",
        path.display()
    )]
    Untrusted {
        /// The repository.
        path: PathBuf,
    },
    /// The repository is stored in a format that docket can't read.
    #[error("`{}` uses {format}, which docket can't read yet", path.display())]
    UnsupportedFormat {
        /// The repository.
        path: PathBuf,
        /// The format, in words.
        format: &'static str,
    },
    /// There is no commit to start from.
    #[error(
        "the branch `{branch}` has no commit yet, so there is nothing to start from: \
         run `git commit --allow-empty -m \"start\"` first"
    )]
    NoCommitYet {
        /// The unborn branch.
        branch: String,
    },
    /// Not a name for a branch.
    #[error("`{name}` can't be the name of a branch (see `git help check-ref-format`)")]
    InvalidBranchName {
        /// What was given.
        name: String,
    },
    /// The branch is there already.
    #[error("the branch `{name}` exists already: rename it (`git branch -m {name} <new name>`)")]
    BranchExists {
        /// The branch.
        name: BranchName,
    },
    /// A branch has the name of a folder of branches.
    #[error(
        "the branch `{name}` can't be made while a branch `{existing}` exists: \
         rename that one (`git branch -m {existing} <new name>`)"
    )]
    BranchNameTaken {
        /// The branch to make.
        name: BranchName,
        /// The branch in its way.
        existing: BranchName,
    },
    /// The branch is not there.
    #[error(
        "the branch `{name}` does not exist (anymore): see `git reflog` for what it pointed to"
    )]
    BranchMissing {
        /// The branch.
        name: BranchName,
    },
    /// The branch was moved by somebody else in the meantime. Nothing was changed.
    #[error(
        "the branch `{name}` was moved by someone else (expected {expected}, found {found}): nothing was changed"
    )]
    BranchMoved {
        /// The branch.
        name: BranchName,
        /// Where it should have been.
        expected: CommitId,
        /// Where it is.
        found: CommitId,
    },
    /// Moving or deleting the branch would pull the rug from under a checkout.
    #[error(
        "the branch `{name}` is checked out in `{}`: switch to another branch there (`git switch`) first",
        worktree.display()
    )]
    BranchCheckedOut {
        /// The branch.
        name: BranchName,
        /// Where it is checked out.
        worktree: PathBuf,
    },
    /// The branch holds commits that are nowhere else.
    #[error(
        "the branch `{name}` has commits that are not in `{into}`: it stays; merge it, or delete it by hand"
    )]
    BranchNotMerged {
        /// The branch.
        name: BranchName,
        /// The branch that should hold its commits.
        into: BranchName,
    },
    /// There is something at the place of a new worktree.
    #[error("`{}` exists already: move it away, or remove it if nothing in it is needed", path.display())]
    WorktreeExists {
        /// The place.
        path: PathBuf,
    },
    /// Files would be mixed with others.
    #[error("`{}` is not empty, and nothing is overwritten: name a new folder", path.display())]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// No worktree of this repository is registered for the path.
    #[error("`{}` is not a worktree of this repository: see `git worktree list`", path.display())]
    NotAWorktree {
        /// The path.
        path: PathBuf,
    },
    /// The folder is there, but its `.git` file was deleted or changed: git in it would act on another repository.
    #[error(
        "the `.git` file of the worktree `{}` is missing or points elsewhere; the files in it are untouched: \
         run `git worktree repair` in the repository",
        path.display()
    )]
    WorktreeBroken {
        /// The worktree.
        path: PathBuf,
    },
    /// The worktree's folder is gone.
    #[error("the folder of the worktree `{}` is gone: run `git worktree prune` in the repository", path.display())]
    WorktreeVanished {
        /// Where it was.
        path: PathBuf,
    },
    /// The worktree holds work that isn't saved elsewhere. It was not touched.
    #[error("the worktree `{}` stays, because it holds unsaved work: {}", path.display(), what.join(", "))]
    WorktreeDirty {
        /// The worktree.
        path: PathBuf,
        /// What isn't saved: a few paths, or a commit that is on no branch.
        what: Vec<String>,
    },
    /// The user locked the worktree with `git worktree lock`.
    #[error("the worktree `{0}` is locked{reason}: `git worktree unlock '{0}'` releases it", path.display())]
    WorktreeLocked {
        /// The worktree.
        path: PathBuf,
        /// The user's reason, in parentheses after a space, or empty.
        reason: String,
    },
    /// Files that git doesn't know lie where others have put something. They were not touched.
    #[error("not saved anywhere, and in the way of what others have brought: {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    InTheWay {
        /// The files, relative to the worktree.
        paths: Vec<PathBuf>,
    },
    /// The main checkout is the user's and is never changed.
    #[error("`{}` is the user's own checkout, which docket never changes", path.display())]
    MainCheckout {
        /// The checkout.
        path: PathBuf,
    },
    /// A file that has to be saved can't be read.
    #[error("`{}` can't be read, so the work can't be saved: make it readable, or add it to `.gitignore`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file or folder of the repository or of docket couldn't be read or written.
    #[error("can't {action} `{}`", path.display())]
    Io {
        /// What was tried: `write`, `create the folder`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A lock file of git's is in the way.
    #[error(
        "`{}` is there, so another git process is at work: try again; if none runs, one was killed: delete that file",
        path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The git program isn't installed or not on the PATH.
    #[error("the program `git` was not found: install it (docket needs it for diffs)")]
    GitMissing,
    /// The git program ended with an error.
    #[error("`git {command}` failed ({status}): {message}")]
    CommandFailed {
        /// The subcommand: `diff-tree`.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said, shortened.
        message: String,
    },
    /// The git program didn't end in time and was killed.
    #[error("`git {command}` took longer than {} s and was stopped", limit.as_secs())]
    CommandTimedOut {
        /// The subcommand.
        command: String,
        /// The time that it had.
        limit: Duration,
    },
    /// The git program answered something that we don't understand.
    #[error("`git {command}` answered in a form that docket doesn't know: {detail}")]
    UnexpectedAnswer {
        /// The subcommand.
        command: String,
        /// What was wrong.
        detail: String,
    },
    /// Anything else that failed in the repository: a broken object, a full disk, a lock of another process.
    #[error("can't {action}: {}", in_full(source.as_ref()))]
    Failed {
        /// What was tried: `read the branch docket/r12/main`.
        action: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// An error with all that led to it: the last of them is what a person can do something about ("no space left").
fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Many errors say what their cause says, too.
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

impl GitError {
    /// For `map_err`: what was tried when gix failed.
    pub(super) fn failed<E>(action: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let action = action.into();
        move |source| Self::Failed {
            action,
            source: source.into(),
        }
    }

    /// For `map_err`: what was tried with which file.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
