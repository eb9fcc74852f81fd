//! The repository that docket works on: finding it, and reading what it is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::open::Permissions;
use gix::open::permissions::{Attributes, Config, Environment};
use gix::sec::{Permission, Trust};

use super::error::GitError;
use super::ids::{BranchName, CommitId, TreeId};

/// Who commits where the user's configuration names nobody.
const FALLBACK_NAME: &str = "docket";
const FALLBACK_EMAIL: &str = "docket@localhost";

/// Whether the user's and the system's git configuration counts, beside the repository's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserSettings {
    /// As git does: identity, global ignores and filters of the user count.
    #[default]
    Read,
    /// Only the repository counts: for the demo and for tests, which must be the same everywhere.
    Ignore,
}

/// What HEAD of a checkout points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// A branch with at least one commit.
    Branch {
        /// The branch.
        name: BranchName,
        /// Its newest commit.
        commit: CommitId,
    },
    /// A commit, without a branch.
    Detached {
        /// The commit.
        commit: CommitId,
    },
    /// A branch that has no commit yet.
    Unborn {
        /// The branch's name, such as `main`.
        name: String,
    },
}

impl Head {
    /// The commit, unless there is none yet.
    pub fn commit(&self) -> Option<CommitId> {
        match self {
            Self::Branch { commit, .. } | Self::Detached { commit } => Some(*commit),
            Self::Unborn { .. } => None,
        }
    }
}

/// A git repository, seen from one of its checkouts. Cheap to clone, can be sent to other threads.
///
/// Everything here is synchronous and may block on the disk: call it with `spawn_blocking`.
#[derive(Clone)]
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    root: PathBuf,
    common_dir: PathBuf,
    settings: UserSettings,
    registry: Arc<Mutex<()>>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("root", &self.root)
            .field("common_dir", &self.common_dir)
            .finish_non_exhaustive()
    }
}

impl Repository {
    /// Finds the repository that `start` lies in: in its own folder or in one above it. Linked worktrees count.
    ///
    /// # Errors
    /// [`GitError::NotARepository`], [`GitError::Bare`], [`GitError::Untrusted`], [`GitError::UnsupportedFormat`]
    /// and what the disk says. A repository without a commit is none: see [`Repository::head`].
    pub fn discover(start: &Path) -> Result<Self, GitError> {
        Self::discover_with(start, UserSettings::Read)
    }

    /// The same with a choice about the user's configuration.
    pub fn discover_with(start: &Path, settings: UserSettings) -> Result<Self, GitError> {
        let (found, trust) = gix::discover::upwards(start).map_err(|error| {
            if start.exists() {
                tracing::debug!(%error, start = %start.display(), "no repository found");
                GitError::NotARepository {
                    start: start.to_owned(),
                }
            } else {
                GitError::Io {
                    action: "look for a repository in",
                    path: start.to_owned(),
                    source: std::io::ErrorKind::NotFound.into(),
                }
            }
        })?;
        let (git_dir, root) = found.into_repository_and_work_tree_directories();
        let shown = root.clone().unwrap_or_else(|| git_dir.clone());
        // Through the checkout's own `.git`, which may be a file: a git folder that lies elsewhere does not know its checkout.
        let dot_git = root.as_ref().map(|root| root.join(".git"));
        let entrance = dot_git.filter(|path| path.exists());
        let inner = open_options(settings, trust)
            .open_path_as_is(true)
            .open(entrance.as_ref().unwrap_or(&git_dir))
            .map_err(GitError::failed(format!(
                "open the repository `{}`",
                shown.display()
            )));
        let inner = refuse_formats(inner, &git_dir, &shown)?;
        Self::from_gix(inner, settings)
    }

    fn from_gix(
        inner: gix::ThreadSafeRepository,
        settings: UserSettings,
    ) -> Result<Self, GitError> {
        let local = inner.to_thread_local();
        let git_dir = local.git_dir().to_owned();
        let Some(root) = local.workdir().map(Path::to_owned) else {
            return Err(GitError::Bare { path: git_dir });
        };
        if local.git_dir_trust() != Trust::Full {
            return Err(GitError::Untrusted { path: root });
        }
        let absolute = |path: &Path| {
            path.canonicalize()
                .map_err(GitError::io("resolve the path", path))
        };
        Ok(Self {
            root: absolute(&root)?,
            common_dir: absolute(local.common_dir())?,
            inner,
            settings,
            registry: Arc::default(),
        })
    }

    /// The top folder of the checkout in which docket was started: absolute, without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that all worktrees share: usually `<root>/.git`. Absolute, without symbolic links.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// What HEAD of the checkout at [`Repository::root`] points to.
    pub fn head(&self) -> Result<Head, GitError> {
        head_of(&self.local())
    }

    /// The commit of HEAD.
    ///
    /// # Errors
    /// [`GitError::NoCommitYet`] when there is none.
    pub fn head_commit(&self) -> Result<CommitId, GitError> {
        match self.head()? {
            Head::Branch { commit, .. } | Head::Detached { commit } => Ok(commit),
            Head::Unborn { name } => Err(GitError::NoCommitYet { branch: name }),
        }
    }

    /// The files of a commit.
    pub fn tree_of(&self, commit: CommitId) -> Result<TreeId, GitError> {
        let local = self.local();
        let action = || format!("read the commit {commit}");
        let tree = local
            .find_commit(commit.0)
            .map_err(GitError::failed(action()))?
            .tree_id()
            .map_err(GitError::failed(action()))?;
        Ok(TreeId(tree.detach()))
    }

    /// The newest commit that both have in their past; `None` when they have nothing in common.
    pub fn merge_base(&self, one: CommitId, two: CommitId) -> Result<Option<CommitId>, GitError> {
        let local = self.local();
        let bases = local
            .merge_bases_many(one.0, &[two.0])
            .map_err(GitError::failed(format!("compare {one} with {two}")))?;
        Ok(bases.first().map(|id| CommitId(id.detach())))
    }

    /// Whether `ancestor` is `descendant` or in its past, so that nothing is lost when it is replaced by it.
    pub fn is_ancestor(&self, ancestor: CommitId, descendant: CommitId) -> Result<bool, GitError> {
        if ancestor == descendant {
            return Ok(true);
        }
        Ok(self.merge_base(ancestor, descendant)? == Some(ancestor))
    }

    /// A handle for this thread. Cheap: it shares everything with the others.
    pub(super) fn local(&self) -> gix::Repository {
        self.inner.to_thread_local()
    }

    /// Held while a worktree is registered or its registration removed: gix reads all registrations to make one, and takes a
    /// half-made one for a broken repository.
    pub(super) fn registry(&self) -> MutexGuard<'_, ()> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settings(&self) -> UserSettings {
        self.settings
    }
}

pub(super) fn head_of(local: &gix::Repository) -> Result<Head, GitError> {
    let head = local.head().map_err(GitError::failed("read HEAD"))?;
    let name = head.referent_name().map(ToOwned::to_owned);
    let commit = match head.kind {
        gix::head::Kind::Unborn(name) => {
            return Ok(Head::Unborn {
                name: name.shorten().to_string(),
            });
        }
        gix::head::Kind::Symbolic(_) | gix::head::Kind::Detached { .. } => head
            .into_peeled_id()
            .map_err(GitError::failed("read the commit of HEAD"))?
            .detach(),
    };
    let commit = CommitId(commit);
    Ok(
        match name.and_then(|name| BranchName::from_reference(name.as_ref())) {
            Some(name) => Head::Branch { name, commit },
            None => Head::Detached { commit },
        },
    )
}

/// Whether docket was started by git, as a hook or an alias. Then the environment names a repository, which need not be ours;
/// gix takes all variables of git's or none, so `GIT_CONFIG_GLOBAL` doesn't count then either.
fn runs_inside_git() -> bool {
    [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_SHALLOW_FILE",
    ]
    .into_iter()
    .any(|name| std::env::var_os(name).is_some())
}

fn open_options(settings: UserSettings, trust: Trust) -> gix::open::Options {
    let permissions = match settings {
        UserSettings::Read => Permissions {
            config: Config::all(),
            attributes: Attributes::all(),
            env: Environment {
                objects: Permission::Deny,
                git_prefix: if runs_inside_git() {
                    Permission::Deny
                } else {
                    Permission::Allow
                },
                ..Environment::all()
            },
        },
        UserSettings::Ignore => Permissions::isolated(),
    };
    gix::open::Options::default()
        .permissions(permissions)
        .with(trust)
        .config_overrides([
            format!("gitoxide.author.nameFallback={FALLBACK_NAME}"),
            format!("gitoxide.author.emailFallback={FALLBACK_EMAIL}"),
            format!("gitoxide.committer.nameFallback={FALLBACK_NAME}"),
            format!("gitoxide.committer.emailFallback={FALLBACK_EMAIL}"),
            // A file that changed twice in a second is seen to have changed.
            "gitoxide.core.useNsec=true".to_owned(),
        ])
}

/// Says in words which format can't be read. gix looks for SHA-256 itself, but would take a reftable for an empty repository.
fn refuse_formats(
    opened: Result<gix::ThreadSafeRepository, GitError>,
    git_dir: &Path,
    shown: &Path,
) -> Result<gix::ThreadSafeRepository, GitError> {
    let unsupported = |format| GitError::UnsupportedFormat {
        path: shown.to_owned(),
        format,
    };
    match opened {
        Ok(inner) => {
            let storage = inner
                .to_thread_local()
                .config_snapshot()
                .string("extensions.refStorage");
            if storage.is_some_and(|storage| storage.as_slice() != b"files") {
                return Err(unsupported("the reftable format for branches"));
            }
            Ok(inner)
        }
        Err(error) => {
            let config = std::fs::read_to_string(git_dir.join("config")).unwrap_or_default();
            let config = config.to_ascii_lowercase();
            if config.contains("objectformat") && config.contains("sha256") {
                return Err(unsupported("SHA-256 object names"));
            }
            Err(error)
        }
    }
}
