//! Where a command works: repository, queue, configuration.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::config::{self, Directories, Loaded, Overrides, Variables};
use crate::domain::settings::Isolation;
use crate::git::{GitError, Head, Repository};
use crate::runner::Places;
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
}

impl Place {
    /// Finds the repository that `start` is in and reads its configuration. Without git, `start` itself is the root.
    pub fn find(start: &Path, overrides: &Overrides) -> Result<Self, CliError> {
        let git = match Repository::discover(start) {
            Ok(git) => Some(git),
            Err(GitError::NotARepository { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let root = match &git {
            Some(git) => git.root().to_owned(),
            None => start
                .canonicalize()
                .map_err(|source| CliError::folder(start, source))?,
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
        let program = std::env::current_exe().map_err(|source| CliError::Program { source })?;
        Ok(Self {
            places: Places {
                root,
                tickets,
                program,
            },
            git,
            loaded,
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
        if !self.places.tickets.is_dir() {
            return Err(CliError::NoQueue {
                path: self.shown(&self.places.tickets),
            });
        }
        self.check_trust()
    }

    fn check_trust(&self) -> Result<(), CliError> {
        let Some(directories) = Directories::from_process() else {
            return Ok(());
        };
        let verdict = config::trust::TrustStore::new(&directories)
            .verdict(&self.places.root, &self.loaded)?;
        if verdict.allows() {
            return Ok(());
        }
        let commands = config::trust::commands(&self.loaded.origins);
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
}

/// The folder that a command was called in, or the one that `-C` names.
pub fn start_folder(named: Option<&PathBuf>) -> Result<PathBuf, CliError> {
    match named {
        Some(path) if path.is_dir() => Ok(path.clone()),
        Some(path) => Err(CliError::folder(path, std::io::ErrorKind::NotFound.into())),
        None => std::env::current_dir().map_err(|source| CliError::folder(Path::new("."), source)),
    }
}
