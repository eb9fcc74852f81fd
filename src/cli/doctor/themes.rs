//! Whether the themes can be read: the one that is configured, and all of the user's.

use super::Check;
use crate::config::{Config, Directories};
use crate::ui::theme::{ColorDepth, Theme};

pub(super) fn check(config: &Config) -> Check {
    let name = "theme";
    let folder = Directories::from_process().map(|directories| directories.themes());
    let folder = folder.as_deref();
    let load = |theme: &str| Theme::load(theme, folder, ColorDepth::Truecolor);
    let used = &config.ui.theme;
    if let Err(error) = load(used) {
        return Check::warning(
            name,
            error.to_string(),
            "correct it, or set `ui.theme` to another one: without it the screen doesn't open",
        );
    }
    let names = Theme::names(folder);
    let faults = names.iter().filter_map(|name| load(name).err());
    let faults: Vec<String> = faults.map(|error| error.to_string()).collect();
    if faults.is_empty() {
        Check::ok(name, format!("{used}; there are {}", names.join(", ")))
    } else {
        let text = faults.join("\n");
        Check::warning(
            name,
            text,
            "correct it (docs/THEMES.md), or delete the file",
        )
    }
}
