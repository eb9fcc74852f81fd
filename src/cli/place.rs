//! Where a command works: repository, queue, configuration.

use std::path::{Path, PathBuf};

use crate::cli::arguments::Global;
use crate::cli::error::CliError;
use crate::cli::secrets;
use crate::config::approvals::Approvals;
use crate::config::{self, Directories, Loaded, Overrides, Variables};
use crate::domain::settings::Isolation;
use crate::git::{GitError, Head, Repository};
use crate::runner::{Places, sandbox};
use crate::tickets::locate;

/// Everything that a command needs to know of where it was called.
#[derive(Debug)]
pub struct Place {
    /// Where things are.
    pub places: Places,
    /// The repository, if the folder is in one.
    pub git: Option<Repository>,
    /// The configuration with its origins.
    pub loaded: Loaded,
    /// The folder that the command was called in: absolute, without symbolic links.
    pub here: PathBuf,
}

impl Place {
    /// Finds the repository that `start` is in and reads its configuration. Without git, `start` itself is the root.
    pub fn find(start: &Path, overrides: &Overrides) -> Result<Self, CliError> {
        let git = match Repository::discover(start) {
            Ok(git) => Some(git),
            Err(GitError::NotARepository { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let here = start
            .canonicalize()
            .map_err(|source| CliError::folder(start, source))?;
        let root = match &git {
            Some(git) => git.root().to_owned(),
            None => here.clone(),
        };
        // Paths go into the ledger and into JSON as text: refuse what can't be told before anything starts.
        if root.to_str().is_none() {
            return Err(CliError::PathNotUtf8 { path: root });
        }
        let directories = Directories::from_process();
        let loaded = config::load(
            directories.as_ref(),
            Some(&root),
            &Variables::from_process(),
            overrides,
        )?;
        let tickets = locate::folder(&root, loaded.config.tickets.as_deref());
        let program = own_program()?;
        Ok(Self {
            places: Places {
                root,
                tickets,
                program,
                approvals: Approvals::of_user(),
            },
            git,
            loaded,
            here,
        })
    }

    /// What must hold before anything runs here: a repository with a commit (or `isolation = "none"`), a queue, and trust
    /// in what the repository's own configuration would run.
    pub fn check_runnable(&self) -> Result<(), CliError> {
        if self.loaded.config.isolation == Isolation::Worktree {
            match &self.git {
                None => {
                    return Err(GitError::NotARepository {
                        start: self.places.root.clone(),
                    }
                    .into());
                }
                Some(git) => {
                    if let Head::Unborn { name } = git.head()? {
                        return Err(GitError::NoCommitYet {
                            branch: name.clone(),
                        }
                        .into());
                    }
                }
            }
        }
        self.check_queue()?;
        sandbox::check(&self.loaded.config).map_err(CliError::Usage)?;
        self.check_trust()
    }

    /// The place of a command, from its flags.
    pub fn of(global: &Global) -> Result<Self, CliError> {
        Self::find(
            &start_folder(global.directory.as_ref())?,
            &global.overrides(),
        )
    }

    /// The repository, for commands that make no sense without one.
    pub fn repository(&self) -> Result<&Repository, CliError> {
        self.git.as_ref().ok_or_else(|| {
            let start = self.places.root.clone();
            GitError::NotARepository { start }.into()
        })
    }

    /// That there is a folder of tickets.
    pub fn check_queue(&self) -> Result<(), CliError> {
        if self.places.tickets.is_dir() {
            return Ok(());
        }
        Err(CliError::NoQueue {
            path: self.shown(&self.places.tickets),
        })
    }

    pub(super) fn check_trust(&self) -> Result<(), CliError> {
        let Some(directories) = Directories::from_process() else {
            return Ok(());
        };
        let verdict = config::trust::TrustStore::new(&directories)
            .verdict(&self.places.root, &self.loaded)?;
        if verdict.allows() {
            return Ok(());
        }
        let commands = config::trust::commands(&secrets::masked(&self.loaded.origins)?);
        Err(CliError::NotTrusted {
            commands: commands
                .iter()
                .map(|command| format!("  {} = {}", command.key, command.value))
                .collect::<Vec<_>>()
                .join("\n"),
        })
    }

    /// A path as people read it: relative to the root where possible.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.places.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// A path as it is to be written in the folder that the command was called in. `path` is absolute, or relative to the root.
    pub fn from_here(&self, path: &Path) -> PathBuf {
        let path = self.places.root.join(path);
        let above = self.here.ancestors().enumerate();
        for (up, folder) in above {
            if let Ok(rest) = path.strip_prefix(folder) {
                // Beyond the repository nothing is gained by a relative path.
                if !folder.starts_with(&self.places.root) {
                    break;
                }
                let up = std::iter::repeat_n("..", up);
                return up.collect::<PathBuf>().join(rest);
            }
        }
        path
    }
}

/// The folder that a command was called in, or the one that `-C` names.
pub fn start_folder(named: Option<&PathBuf>) -> Result<PathBuf, CliError> {
    match named {
        Some(path) if path.is_dir() => Ok(path.clone()),
        Some(path) => Err(CliError::folder(path, std::io::ErrorKind::NotFound.into())),
        None => std::env::current_dir().map_err(|source| CliError::folder(Path::new("."), source)),
    }
}

/// docket's own program, for process holders and replays. On Linux by a name that stays right when the file is replaced
/// by an upgrade while docket runs (proc(5)).
pub fn own_program() -> Result<PathBuf, CliError> {
    let link = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && link.exists() {
        return Ok(link);
    }
    std::env::current_exe().map_err(|source| CliError::Program { source })
}
