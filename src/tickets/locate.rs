//! Where a repository keeps its tickets.

use std::path::{Path, PathBuf};

/// Our own folder.
pub const DEFAULT: &str = "tickets";

/// The folder of repositories made for codex-autorunner.
pub const CODEX_AUTORUNNER: &str = ".codex-autorunner/tickets";

/// The folder of the queue, below `root` unless the setting is an absolute path: the setting if there is one, else `tickets`, else
/// `.codex-autorunner/tickets`, whichever exists; `tickets` if none does.
pub fn folder(root: &Path, setting: Option<&Path>) -> PathBuf {
    if let Some(setting) = setting {
        return root.join(setting);
    }
    [DEFAULT, CODEX_AUTORUNNER]
        .iter()
        .map(|folder| root.join(folder))
        .find(|folder| folder.is_dir())
        .unwrap_or_else(|| root.join(DEFAULT))
}
