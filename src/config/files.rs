//! Reading the layers: where the files are, and what is in them. Nothing is ever written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, Xdg};

use super::environment::Variables;
use super::error::{ConfigError, ConfigErrors, Fault};
use super::merge::{Source, merge_after};
use super::model::Config;
use super::origin::{FilePlace, Layer, Origin, Origins};
use super::overrides::Overrides;
use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;

/// The name of a repository's configuration file, at its root.
pub const REPOSITORY_FILE: &str = "docket.toml";

/// docket's folders in the user's home, by the XDG rules, on macOS too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directories {
    /// `~/.config/docket`: `config.toml`, `keys.toml`, `themes/`.
    pub config: PathBuf,
    /// `~/.local/state/docket`: `trust/`.
    pub state: PathBuf,
}

impl Directories {
    /// As the environment of this process says; `None` when it names no home.
    pub fn from_process() -> Option<Self> {
        let xdg = Xdg::new().ok()?;
        let state = xdg.state_dir()?;
        Some(Self {
            config: xdg.config_dir().join("docket"),
            state: state.join("docket"),
        })
    }

    /// The user's configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The file of the user's keys.
    pub fn keys_file(&self) -> PathBuf {
        self.config.join("keys.toml")
    }

    /// The folder of what docket keeps for itself.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The folder of the user's themes.
    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }
}

/// A repository's `docket.toml` as it was read: what trust is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// The file.
    pub path: PathBuf,
    /// The hash of the very bytes that were merged.
    pub hash: Sha256,
}

/// The configuration, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The typed values.
    pub config: Config,
    /// Where each comes from.
    pub origins: Origins,
    /// The repository's own file, if it has one.
    pub repository_file: Option<RepositoryFile>,
}

/// Reads and merges all layers. Files that are not there say nothing; all errors of all layers come back together.
pub fn load(
    directories: Option<&Directories>,
    repository: Option<&Path>,
    variables: &Variables,
    overrides: &Overrides,
) -> Result<Loaded, ConfigErrors> {
    let user_path = directories.map(Directories::config_file);
    let repository_path = repository.map(|root| root.join(REPOSITORY_FILE));
    let mut errors = Vec::new();
    let mut text = |layer, path: Option<&PathBuf>| {
        let path = path?;
        read_file(layer, path).unwrap_or_else(|error| {
            errors.push(*error);
            None
        })
    };
    let user_text = text(Layer::User, user_path.as_ref());
    let repository_text = text(Layer::Repository, repository_path.as_ref());

    let mut sources = vec![Source::Environment(variables), Source::Flags(overrides)];
    if let (Some(path), Some(text)) = (&user_path, &user_text) {
        sources.push(Source::User { path, text });
    }
    if let (Some(path), Some(text)) = (&repository_path, &repository_text) {
        sources.push(Source::Repository { path, text });
    }
    let (config, origins) = merge_after(errors, &sources)?;
    let repository_file = repository_path
        .zip(repository_text)
        .map(|(path, text)| RepositoryFile {
            path,
            hash: sha256(text.as_bytes()),
        });
    Ok(Loaded {
        config,
        origins,
        repository_file,
    })
}

fn read_file(layer: Layer, path: &Path) -> Result<Option<String>, Box<ConfigError>> {
    let reason = match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Ok(Some(text)),
            Err(error) => format!(
                "byte {} is not UTF-8; save the file as UTF-8",
                error.utf8_error().valid_up_to()
            ),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => error.to_string(),
    };
    let file = FilePlace {
        path: path.to_path_buf(),
        place: None,
    };
    let origin = if layer == Layer::Repository {
        Origin::Repository(file)
    } else {
        Origin::User(file)
    };
    let fault = Fault::Unreadable { reason };
    Err(Box::new(ConfigError { origin, fault }))
}
