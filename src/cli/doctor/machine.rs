//! What docket itself needs: git, a disk that it may write to, SQLite, a sound ledger.

use std::fs;
use std::path::Path;

use rustix::fs::{Access, access};

use super::super::place::Place;
use super::{Check, State, terminal};
use crate::config::SandboxMode;
use crate::domain::ids::RunId;
use crate::domain::settings::Isolation;
use crate::git::{self, Head};
use crate::proc::confine;
use crate::store::verify::{Filter, verify};
use crate::store::{Ledger, Subscriber, sqlite_version};

/// Less than this is a warning: a few worktrees and their builds fill it.
const LITTLE: u64 = 1 << 30;

/// Less than this and evidence soon can't be written.
const NOTHING: u64 = 64 << 20;

/// Everything that doesn't depend on an agent. Without a place the configuration is broken, and what it says about the
/// repository is left out.
pub(super) fn checks(place: Option<&Place>, start: &Path, scratch: &Path) -> Vec<Check> {
    let mut checks = vec![git_program()];
    checks.extend(place.map(repository));
    let folder = place.map_or(start, |place| place.places.root.as_path());
    checks.extend(place.and_then(own_folder));
    checks.extend(disk(folder));
    checks.push(sqlite(place, scratch));
    checks.extend(place.and_then(ledger));
    checks.push(sandbox(place));
    checks.extend(terminal::checks());
    checks
}

fn git_program() -> Check {
    match git::git_version() {
        Ok(version) => Check::ok("git", version),
        Err(error) => Check::fatal("git", error.to_string(), "install git"),
    }
}

fn repository(place: &Place) -> Check {
    let name = "repository";
    let root = place.places.root.display();
    let Some(git) = &place.git else {
        let text = format!("{root} is in no git repository");
        return if place.loaded.config.isolation == Isolation::None {
            Check::ok(
                name,
                format!("{text}; `isolation = \"none\"` works in place"),
            )
        } else {
            let next = "call it in a repository, or run `git init` and `docket init` here";
            Check::warning(name, text, next)
        };
    };
    match git.head() {
        Ok(Head::Unborn { .. }) => Check::warning(
            name,
            format!("{root} has no commit yet, and attempts start from one"),
            "git add --all && git commit -m \"start\"",
        ),
        Ok(_) if !place.places.tickets.is_dir() => Check::warning(
            name,
            format!("{root} has no queue yet"),
            "run `docket init`",
        ),
        Ok(_) => Check::ok(name, root.to_string()),
        Err(error) => Check::fatal(name, error.to_string(), "see what `git status` says"),
    }
}

/// Whether docket can keep its records here. A folder that docket was never used in is left as it is.
fn own_folder(place: &Place) -> Option<Check> {
    let name = "records";
    let docket = place.places.docket();
    let shown = place.shown(&docket);
    if docket.is_dir() {
        let probe = docket.join(format!("doctor-{}", std::process::id()));
        return Some(match fs::write(&probe, b"docket doctor\n") {
            Ok(()) => {
                // It is a few bytes in a folder of our own.
                let _best_effort = fs::remove_file(&probe);
                Check::ok(name, format!("{shown} can be written"))
            }
            Err(error) => Check::fatal(
                name,
                format!("{shown} can't be written: {error}"),
                "correct its owner and permissions",
            ),
        });
    }
    place.git.as_ref()?;
    Some(if access(&place.places.root, Access::WRITE_OK).is_ok() {
        Check::ok(name, format!("{shown} will be made by the first run"))
    } else {
        Check::fatal(
            name,
            format!(
                "{shown} can't be made: {} is read-only for you",
                place.places.root.display()
            ),
            "correct its owner and permissions",
        )
    })
}

fn disk(folder: &Path) -> Option<Check> {
    let name = "disk";
    let found = rustix::fs::statvfs(folder).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let text = format!("{} free", size(free));
    Some(if free < NOTHING {
        Check::fatal(name, text, "make room: evidence could not be written")
    } else if free < LITTLE {
        Check::warning(name, text, "make room before you run many tickets")
    } else {
        Check::ok(name, text)
    })
}

/// Makes a ledger where the real one is (its file system is what matters), and closes it again.
fn sqlite(place: Option<&Place>, scratch: &Path) -> Check {
    let name = "sqlite";
    let version = sqlite_version();
    let folder = place
        .map(|place| place.places.docket())
        .filter(|docket| docket.is_dir() && access(docket, Access::WRITE_OK).is_ok())
        .unwrap_or_else(|| scratch.to_owned());
    let path = folder.join(format!("doctor-{}.db", std::process::id()));
    let written = Ledger::open(&path, Subscriber::none()).and_then(Ledger::close);
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        // What isn't there needs no removal; what stays is a few kilobytes.
        let _best_effort = fs::remove_file(file);
    }
    match written {
        Ok(_) => Check::ok(name, format!("{version}, a ledger was written and closed")),
        Err(error) => Check::fatal(
            name,
            format!("{version}: {error}"),
            "put the repository on a local disk that allows locks",
        ),
    }
}

fn ledger(place: &Place) -> Option<Check> {
    let name = "ledger";
    let path = place.places.ledger();
    if !path.exists() {
        return None;
    }
    // The chain and what follows from it; `docket evidence verify` reads the files of evidence too.
    let nobodys = Filter::Run(RunId(0));
    let next = "`docket evidence verify` says more; keep the folder as it is until you know";
    Some(match verify(&path, &place.places.evidence(), &nobodys) {
        Ok(report) if report.problems.is_empty() => {
            Check::ok(name, format!("{} events, intact", report.events))
        }
        Ok(report) => {
            let first = report.problems.first().map(ToString::to_string);
            Check::fatal(
                name,
                format!("not as docket left it: {}", first.unwrap_or_default()),
                next,
            )
        }
        Err(error) => Check::fatal(name, error.to_string(), next),
    })
}

/// Whether agents can be confined here, and whether they are.
fn sandbox(place: Option<&Place>) -> Check {
    let name = "sandbox";
    let config = place.map(|place| &place.loaded.config.sandbox);
    let wanted = config.filter(|config| config.mode == SandboxMode::Worktree);
    if let Some(command) = wanted.and_then(|config| config.command.as_ref()) {
        return Check::ok(name, format!("`{}` confines agents", command.join(" ")));
    }
    match (confine::offered(), wanted) {
        (Ok(offered), Some(_)) => Check::ok(name, format!("{offered}; agents are confined")),
        (Ok(offered), None) => Check::ok(
            name,
            format!("{offered}; agents are not confined (`sandbox = \"worktree\"` does that)"),
        ),
        (Err(why), Some(_)) => Check {
            state: State::Problem,
            ..Check::warning(
                name,
                format!("{why}, and `sandbox` is \"worktree\": no attempt can start"),
                "set `sandbox_command` to a program that confines agents, or `sandbox = \"none\"`",
            )
        },
        (Err(why), None) => Check::ok(name, format!("{why}; agents are not confined")),
    }
}

fn size(bytes: u64) -> String {
    const GIGABYTE: f64 = 1e9;
    let gigabytes = bytes as f64 / GIGABYTE;
    if gigabytes < 1.0 {
        format!("{:.0} MB", gigabytes * 1000.0)
    } else {
        format!("{gigabytes:.1} GB")
    }
}
