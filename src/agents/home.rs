//! Private homes: an agent that gets its files, its settings and its login in a folder of its own.
//!
//! It keeps one agent's mess away from the user's own files and from other agents. It is no sandbox, and nothing is copied
//! into it: who wants the agent logged in there logs in there.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::AgentError;
use crate::config::Agent;
use crate::domain::hash::sha256;
use crate::domain::ticket::AgentName;

/// Where things are in a private home: a variable and its folder, relative to the home.
const LAYOUT: &[(&str, &str)] = &[
    ("HOME", ""),
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_CACHE_HOME", ".cache"),
    ("XDG_STATE_HOME", ".local/state"),
    ("CODEX_HOME", ".codex"),
    ("CLAUDE_CONFIG_DIR", ".claude"),
    (TEMPORARY, "tmp"),
];

const TEMPORARY: &str = "TMPDIR";

/// Tools of the user's that are found by their home folder, and that an agent's commands need all the same: a variable and
/// the folder that stands for it.
const TOOLS: &[(&str, &str)] = &[
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("NVM_DIR", ".nvm"),
    ("PYENV_ROOT", ".pyenv"),
];

/// Sockets are made in the temporary folder, and their paths fit 104 bytes on macOS, 108 on Linux (unix(7)): a folder whose
/// path is longer than this leaves too little for a name.
const LONGEST_TEMPORARY: usize = 64;

/// A private home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The folder.
    pub folder: PathBuf,
}

impl Home {
    /// The private home of an agent in the repository at `root`.
    pub fn of(agent: &AgentName, root: &Path) -> Self {
        Self {
            folder: root.join(".docket/homes").join(folder_name(agent)),
        }
    }

    /// The variables that lead there. The temporary folder of the system stays where one in here would be too deep for sockets.
    pub fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let path = |folder: &str| match folder {
            "" => self.folder.clone(),
            folder => self.folder.join(folder),
        };
        LAYOUT
            .iter()
            .map(|(name, folder)| (*name, path(folder)))
            .filter(|(name, path)| {
                *name != TEMPORARY || path.as_os_str().len() <= LONGEST_TEMPORARY
            })
            .collect()
    }

    /// Makes its folders, for the user alone. What is there already stays.
    pub fn make(&self) -> io::Result<()> {
        for (_, path) in self.variables() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)?;
        }
        fs::set_permissions(&self.folder, Permissions::from_mode(0o700))
    }
}

/// The agent as it is to be started: with `private_home`, the home is made and its variables are added; those that the
/// configuration sets itself win.
pub fn settled<'a>(agent: &'a Agent, root: &Path) -> Result<Cow<'a, Agent>, AgentError> {
    if !agent.private_home {
        return Ok(Cow::Borrowed(agent));
    }
    let home = Home::of(&agent.name, root);
    home.make().map_err(|error| AgentError::NoHome {
        agent: agent.name.to_string(),
        path: home.folder.clone(),
        why: error.to_string(),
    })?;
    let mut agent = agent.clone();
    for (name, path) in home.variables().into_iter().chain(tools_of_the_user()) {
        let path = path.to_string_lossy().into_owned();
        agent.env.entry(name.to_owned()).or_insert(path);
    }
    Ok(Cow::Owned(agent))
}

/// Where the user's tools are, as far as no variable says so already.
fn tools_of_the_user() -> impl Iterator<Item = (&'static str, PathBuf)> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    TOOLS.iter().filter_map(move |(name, folder)| {
        let path = home.as_ref()?.join(folder);
        (std::env::var_os(name).is_none() && path.is_dir()).then_some((*name, path))
    })
}

/// A name that is no plain one becomes a hash of it: names may hold anything, folders not.
fn folder_name(agent: &AgentName) -> String {
    let name = agent.as_str();
    let is_plain = !name.starts_with('.')
        && name.len() <= 32
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_plain {
        return name.to_owned();
    }
    let mut hash = sha256(name.as_bytes()).to_string();
    hash.truncate(16);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_folders_that_stay_inside() {
        let folder = |name: &str| folder_name(&name.parse().expect(name));
        assert_eq!(folder("codex-2.1"), "codex-2.1");
        for name in ["../x", "a/b", ".", "..", "mit leer", "ü"] {
            let folder = folder(name);
            assert!(folder.len() == 16 && !folder.contains(['/', '.']), "{name}");
        }
        assert_ne!(folder("a/b"), folder("a/c"));
    }

    #[test]
    fn a_deep_repository_keeps_the_systems_temporary_folder() {
        let name = "codex".parse().expect("a name");
        let has_temporary = |root: &str| {
            let variables = Home::of(&name, Path::new(root)).variables();
            variables.iter().any(|(name, _)| *name == TEMPORARY)
        };
        assert!(has_temporary("/home/ada/src/api"));
        assert!(!has_temporary(
            "/home/ada/a/rather/long/path/to/a/repository/api"
        ));
    }

    #[test]
    fn a_home_is_the_users_alone_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::of(&"codex".parse().expect("a name"), folder.path());
        home.make().expect("made");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&home.folder), 0o700);
        assert_eq!(mode(&home.folder.join(".codex")), 0o700);
        fs::write(home.folder.join(".codex/auth.json"), "{}").expect("a login");
        fs::set_permissions(&home.folder, Permissions::from_mode(0o755)).expect("opened");
        home.make().expect("made again");
        assert_eq!(mode(&home.folder), 0o700);
        assert!(home.folder.join(".codex/auth.json").exists());
    }
}
