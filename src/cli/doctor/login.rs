//! Whether somebody is logged in with an agent: by what is there, never by what it says. No value is read.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::preset::{CredentialFile, Login};

/// What shows that an agent has a key or a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    /// The variable that is set, or the file that is there.
    pub(super) by: String,
}

/// Looks where the agent itself would look, in the environment that it gets.
pub(super) fn find(login: &Login, environment: &[(OsString, OsString)]) -> Option<Found> {
    let by_variable = login
        .variables
        .iter()
        .find(|name| value(environment, name).is_some())
        .map(|name| format!("{name} is set"));
    let by_file = || {
        let paths = login
            .files
            .iter()
            .filter_map(|file| path(file, environment));
        paths
            .into_iter()
            .find(|path| has_content(path))
            .map(|path| shortened(&path, environment))
    };
    by_variable.or_else(by_file).map(|by| Found { by })
}

/// The value of a variable, if it has one: a program gets the last of several.
pub(super) fn value<'a>(environment: &'a [(OsString, OsString)], name: &str) -> Option<&'a OsStr> {
    let (_, value) = environment.iter().rfind(|(key, _)| key == name)?;
    Some(value.as_os_str()).filter(|value| !value.is_empty())
}

fn path(file: &CredentialFile, environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let folder = match value(environment, file.variable) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(value(environment, "HOME")?).join(file.folder),
    };
    Some(folder.join(file.file))
}

fn has_content(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)
}

fn shortened(path: &Path, environment: &[(OsString, OsString)]) -> String {
    let home = value(environment, "HOME").map(Path::new);
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
