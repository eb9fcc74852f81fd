//! `docket demo`: everything that docket does, on a throw-away repository. No agent, no network, no account.

use std::fs;
use std::path::{Path, PathBuf};

use super::arguments::Global;
use super::drive;
use super::error::CliError;
use super::place::Place;
use super::screen::{self, Opening};
use crate::domain::machine::RunPlan;
use crate::exit::Exit;
use crate::git;
use crate::headless::Form;
use crate::output;

/// The demo's queue, as in `tickets/demo/`.
const TICKETS: &[(&str, &str)] = &[
    (
        "TICKET-010-say-hello.md",
        include_str!("../../tickets/demo/TICKET-010-say-hello.md"),
    ),
    (
        "TICKET-020-second-try.md",
        include_str!("../../tickets/demo/TICKET-020-second-try.md"),
    ),
    (
        "TICKET-030-replay.md",
        include_str!("../../tickets/demo/TICKET-030-replay.md"),
    ),
    (
        "TICKET-040-a-human.md",
        include_str!("../../tickets/demo/TICKET-040-a-human.md"),
    ),
    (
        "TICKET-050-blocked.md",
        include_str!("../../tickets/demo/TICKET-050-blocked.md"),
    ),
    (
        "TICKET-060-fails.md",
        include_str!("../../tickets/demo/TICKET-060-fails.md"),
    ),
];

/// The demo's configuration and what else its repository holds.
const FILES: &[(&str, &str)] = &[
    (
        "docket.toml",
        include_str!("../../tickets/demo/docket.toml"),
    ),
    (
        "replay.jsonl",
        include_str!("../../tickets/demo/replay.jsonl"),
    ),
    (
        "README.md",
        "# A throw-away repository\n\nMade by `docket demo`.\n",
    ),
];

/// Makes the repository and runs its queue, on the screen or headless.
pub(super) fn run(global: &Global, once: bool, plain: bool, keep: bool) -> Result<Exit, CliError> {
    let folder = Folder::make(keep)?;
    build(&folder.path)?;
    let place = Place::find(&folder.path, &global.overrides())?;
    let opening = Opening {
        begin: true,
        plain,
        ..Opening::default()
    };
    let exit = if once {
        drive::drain(place, RunPlan::default(), Form::of(global.json, false))
    } else {
        screen::show(place, opening)
    };
    if keep {
        output::say(&format!(
            "the demo's repository stays in {}",
            folder.path.display()
        ));
    }
    exit
}

fn build(root: &Path) -> Result<(), CliError> {
    let write = |path: PathBuf, text: &str| {
        fs::write(&path, text)
            .map_err(|error| CliError::Failed(format!("can't write {}: {error}", path.display())))
    };
    let tickets = root.join("tickets");
    fs::create_dir_all(&tickets).map_err(|source| CliError::folder(&tickets, source))?;
    for (name, text) in TICKETS {
        write(tickets.join(name), text)?;
    }
    for (name, text) in FILES {
        write(root.join(name), text)?;
    }
    git::init_with_first_commit(root, "the demo begins")?;
    Ok(())
}

/// A folder of the demo's own; it goes with the demo unless it is kept.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn make(keep: bool) -> Result<Self, CliError> {
        let parent = std::env::temp_dir();
        for number in 0..1000 {
            let path = parent.join(format!("docket-demo-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path, keep }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(CliError::folder(&parent, source)),
            }
        }
        Err(CliError::Failed(format!(
            "too many demos in {}",
            parent.display()
        )))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // It is in the folder for temporary files: what can't be removed now goes with the next clean-up.
            let _left_for_the_system = fs::remove_dir_all(&self.path);
        }
    }
}
