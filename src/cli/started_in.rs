//! Where a program of the terminal pane starts: where the one beside it said that it works, if that is a folder here.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::proc::hostname::hostname;
use crate::ui::TerminalRequest;

/// The folder to start it in. Looks at the disk.
pub(super) fn started_in(request: &TerminalRequest) -> PathBuf {
    let told = request.told.as_ref();
    let told = told.filter(|told| is_here(&told.host, &hostname()) && can_be_entered(&told.path));
    told.map_or_else(|| request.folder.clone(), |told| told.path.clone())
}

/// Whether a machine that a program speaks of is this one, which is called `name`.
fn is_here(host: &str, name: &str) -> bool {
    // Some say a machine's whole name, and some its first part alone.
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let is_one_of = |names: [&str; 4]| names.iter().any(|name| host.eq_ignore_ascii_case(name));
    is_one_of(["", "localhost", name, &first(name)]) || first(host).eq_ignore_ascii_case(name)
}

/// Another user's shell (`su`) may work where this one may not.
fn can_be_entered(folder: &Path) -> bool {
    folder.is_dir() && access(folder, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::WorkingFolder;
    use crate::ui::Launch;

    #[test]
    fn a_machine_is_known_by_its_names() {
        for host in ["", "localhost", "box", "BOX", "box.lan"] {
            assert!(is_here(host, "box"), "{host}");
        }
        assert!(is_here("box", "box.lan"));
        for host in ["other", "other.lan", "bo"] {
            assert!(!is_here(host, "box"), "{host}");
        }
        assert!(!is_here("box.lan", "box.office"));
        assert!(!is_here("x", ""));
    }

    #[test]
    fn what_was_told_counts_when_it_is_a_folder_here() {
        let here = tempfile::tempdir().expect("a folder");
        let at = |host: &str, path: &Path| {
            started_in(&TerminalRequest {
                launch: Launch::Shell,
                folder: "/".into(),
                told: Some(WorkingFolder {
                    host: host.to_owned(),
                    path: path.to_owned(),
                }),
                columns: 80,
                rows: 24,
            })
        };
        assert_eq!(at("", here.path()), here.path());
        assert_eq!(at(&hostname(), here.path()), here.path());
        assert_eq!(at("elsewhere.invalid", here.path()), Path::new("/"));
        assert_eq!(at("", &here.path().join("gone")), Path::new("/"));
        let file = here.path().join("file");
        std::fs::write(&file, "").expect("a file");
        assert_eq!(at("", &file), Path::new("/"));
    }
}
