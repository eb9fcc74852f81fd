//! Worktrees: one checkout per attempt, beside the user's own.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::refs::transaction::{PreviousValue, RefEdit};

use super::error::GitError;
use super::ids::{BranchName, CommitId};
use super::repository::{Head, Repository, head_of};

/// One checkout of a repository, with its files. Cheap to clone, can be sent to other threads.
#[derive(Clone)]
pub struct Worktree {
    pub(super) repository: Repository,
    inner: gix::ThreadSafeRepository,
    path: PathBuf,
}

impl fmt::Debug for Worktree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worktree")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// In what shape a registered worktree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorktreeState {
    /// Its folder is there and belongs to it.
    Ready,
    /// Its folder is there, but the `.git` file in it is missing or points elsewhere.
    Broken,
    /// Its folder is gone.
    Vanished,
}

/// One linked worktree, as the repository knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeEntry {
    /// Its top folder, absolute.
    pub path: PathBuf,
    /// The branch that its HEAD names; `None` when detached or unreadable.
    pub branch: Option<BranchName>,
    /// In what shape it is.
    pub state: WorktreeState,
    /// Whether the user locked it against removal.
    pub locked: bool,
}

impl Worktree {
    /// The top folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The repository that it belongs to.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// What its HEAD points to: the agent may have switched branches.
    pub fn head(&self) -> Result<Head, GitError> {
        head_of(&self.local())
    }

    /// Whether this is the checkout in which docket was started, so the user's.
    pub fn is_users_checkout(&self) -> bool {
        self.path == self.repository.root()
    }

    pub(super) fn local(&self) -> gix::Repository {
        self.inner.to_thread_local()
    }
}

impl Repository {
    /// The checkout in which docket was started: for work in place and for what `docket status` shows. Never changed.
    pub fn checkout(&self) -> Worktree {
        Worktree {
            inner: self.local().into_sync(),
            path: self.root().to_owned(),
            repository: self.clone(),
        }
    }

    /// Makes `branch` at `base` and checks it out into a new folder `path`, made with its parents. Filters, line ends and
    /// sparse patterns apply as git applies them. Hooks (`post-checkout`) don't run, submodules stay empty.
    ///
    /// # Errors
    /// [`GitError::WorktreeExists`], [`GitError::BranchExists`], [`GitError::BranchNameTaken`]. What was made up to the
    /// error is removed again, the branch too.
    pub fn add_worktree(
        &self,
        path: &Path,
        branch: &BranchName,
        base: CommitId,
    ) -> Result<Worktree, GitError> {
        let occupied = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != ErrorKind::NotFound,
        };
        if occupied {
            return Err(GitError::WorktreeExists {
                path: path.to_owned(),
            });
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(GitError::io("create the folder", parent))?;
        }
        self.create_branch(branch, base)?;
        let interrupt = AtomicBool::new(false);
        let head = gix::worktree::add::Head::Attached(branch.reference()?);
        let local = self.local();
        let prepare = || {
            let _registry = self.registry();
            local.prepare_add_worktree(path, head.clone(), &interrupt)
        };
        // Another process that is registering a worktree at this very moment is only in the way for an instant.
        let prepared = prepare().or_else(|_first| prepare());
        let added = prepared.and_then(|made| made.checkout(gix::progress::Discard, &interrupt));
        match added {
            Ok((worktree, _outcome)) => {
                let made = Worktree {
                    path: canonical(path)?,
                    inner: worktree.into_sync(),
                    repository: self.clone(),
                };
                made.write_encoded()?;
                Ok(made)
            }
            Err(error) => {
                // gix removes the folder and its registration itself; the branch was ours.
                let expected = PreviousValue::MustExistAndMatch(gix::refs::Target::Object(base.0));
                let undo = RefEdit::delete(branch.reference()?, expected);
                if let Err(error) = self.edit(undo, || format!("delete the branch `{branch}`")) {
                    tracing::warn!(%error, %branch, "the branch of a worktree that failed stays");
                }
                let action = format!("make the worktree `{}`", path.display());
                Err(GitError::failed(action)(error))
            }
        }
    }

    /// The registered worktree at `path`.
    ///
    /// # Errors
    /// [`GitError::NotAWorktree`], [`GitError::WorktreeVanished`], and [`GitError::WorktreeBroken`] when its `.git` file
    /// was deleted or changed: git in that folder would climb up and act on the user's repository.
    pub fn worktree(&self, path: &Path) -> Result<Worktree, GitError> {
        let local = self.local();
        let (proxy, base) = check(&local, path)?;
        let opened = proxy
            .into_repo_with_possibly_inaccessible_worktree()
            .map_err(GitError::failed(format!(
                "open the worktree `{}`",
                base.display()
            )))?;
        Ok(Worktree {
            path: canonical(&base)?,
            inner: opened.into_sync(),
            repository: self.clone(),
        })
    }

    /// All linked worktrees of the repository, the user's among them, by path.
    pub fn worktrees(&self) -> Result<Vec<WorktreeEntry>, GitError> {
        let local = self.local();
        let mut entries = Vec::new();
        for proxy in local
            .worktrees()
            .map_err(GitError::failed("list the worktrees"))?
        {
            let Ok(path) = proxy.base() else { continue };
            let reference = proxy.id().map(|id| format!("worktrees/{id}/HEAD"));
            let head = reference
                .ok()
                .and_then(|name| local.try_find_reference(&name).ok()?);
            let branch = head.and_then(|head| match head.target() {
                gix::refs::TargetRef::Symbolic(name) => BranchName::from_reference(name),
                gix::refs::TargetRef::Object(_) => None,
            });
            entries.push(WorktreeEntry {
                branch,
                state: state_of(&proxy, &path),
                locked: proxy.is_locked(),
                path,
            });
        }
        entries.sort_by(|one, two| one.path.cmp(&two.path));
        Ok(entries)
    }
}

/// The registration of the worktree at `path`. Compares real paths, and copes with folders that are gone.
fn find<'repository>(
    local: &'repository gix::Repository,
    path: &Path,
) -> Result<(gix::worktree::Proxy<'repository>, PathBuf), GitError> {
    let wanted = canonical_or_parent(path);
    let registered = local
        .worktrees()
        .map_err(GitError::failed("list the worktrees"))?;
    for proxy in registered {
        let Ok(base) = proxy.base() else { continue };
        if canonical_or_parent(&base) == wanted {
            return Ok((proxy, base));
        }
    }
    Err(GitError::NotAWorktree {
        path: path.to_owned(),
    })
}

/// The same, only if the folder is there and belongs to it.
pub(super) fn check<'repository>(
    local: &'repository gix::Repository,
    path: &Path,
) -> Result<(gix::worktree::Proxy<'repository>, PathBuf), GitError> {
    let (proxy, base) = find(local, path)?;
    match state_of(&proxy, &base) {
        WorktreeState::Ready => Ok((proxy, base)),
        WorktreeState::Broken => Err(GitError::WorktreeBroken { path: base }),
        WorktreeState::Vanished => Err(GitError::WorktreeVanished { path: base }),
    }
}

fn state_of(proxy: &gix::worktree::Proxy<'_>, base: &Path) -> WorktreeState {
    if fs::symlink_metadata(base).is_err() {
        return WorktreeState::Vanished;
    }
    let linked = gix::discover::path::from_gitdir_file(&base.join(".git"))
        .ok()
        .and_then(|target| target.canonicalize().ok());
    match (linked, proxy.git_dir().canonicalize()) {
        (Some(linked), Ok(own)) if linked == own => WorktreeState::Ready,
        _ => WorktreeState::Broken,
    }
}

fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize()
        .map_err(GitError::io("resolve the path", path))
}

fn canonical_or_parent(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}
