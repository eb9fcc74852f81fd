//! `docket gc`: throws away what is over the limits that were set, and what belongs to nothing anymore.

use serde::Serialize;

use super::arguments::{GcArguments, Global};
use super::decide;
use super::error::CliError;
use super::lint::counted;
use super::place::Place;
use super::{table, text};
use crate::domain::retention::{Over, Retention};
use crate::exit::Exit;
use crate::output::{self, Role};
use crate::runner::gc::{self, GcError, Item, Stays, Sweep, Wish};

#[derive(Serialize)]
struct Document<'a> {
    dry_run: bool,
    bytes: u64,
    #[serde(flatten)]
    sweep: &'a Sweep,
}

pub(super) fn run(global: &Global, arguments: &GcArguments) -> Result<Exit, CliError> {
    decide::refuse_agents()?;
    if arguments.unmerged && !arguments.yes && !arguments.dry_run {
        return Err(CliError::Usage(
            "--unmerged gives up worktrees of work that is not merged (its last state stays, for `docket rewind`): \
             look with --dry-run, then add --yes"
                .to_owned(),
        ));
    }
    let place = Place::of(global)?;
    let configured = place.loaded.config.retention;
    let wish = Wish {
        retention: Retention {
            max_age: arguments.max_age.or(configured.max_age),
            keep_attempts: arguments.keep.or(configured.keep_attempts),
            max_bytes: arguments.max_bytes.or(configured.max_bytes),
        },
        unmerged: arguments.unmerged,
    };
    let (places, git) = (&place.places, place.git.as_ref());
    let sweep = if arguments.dry_run {
        gc::preview(places, git, &wish)?
    } else {
        gc::sweep(places, git, &wish)?
    };
    if global.json {
        output::document(&Document {
            dry_run: arguments.dry_run,
            bytes: sweep.bytes(),
            sweep: &sweep,
        })?;
    } else {
        tell(&place, &sweep, &wish, arguments.dry_run)?;
    }
    Ok(if sweep.failed.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn tell(place: &Place, sweep: &Sweep, wish: &Wish, dry_run: bool) -> Result<(), CliError> {
    let rows: Vec<_> = sweep
        .items
        .iter()
        .map(|item| {
            let (kind, name, why) = words(place, item);
            let bytes = match item.bytes() {
                0 => String::new(),
                bytes => text::bytes(bytes),
            };
            vec![
                table::cell(Role::Faint, kind),
                table::cell(Role::Plain, &name),
                table::cell(Role::Plain, &bytes),
                table::cell(Role::Faint, &why),
            ]
        })
        .collect();
    output::bytes(table::render(&rows, &[1, 3]).as_bytes())?;
    let say = |role: &str, things: &[Stays]| {
        for stays in things {
            let line = format!("{role}: {}: {}", stays.thing, stays.why);
            output::say(&text::line(&line));
        }
    };
    say("stays", &sweep.stays);
    say("failed", &sweep.failed);
    if wish.retention.keeps_all() {
        output::say(
            "evidence and autosaves stay: say how long with `[gc] max_age = \"30d\"` in a configuration file, or with --max-age",
        );
    }
    let did = if dry_run { "would free" } else { "freed" };
    output::line(&format!(
        "{did} {}, {}",
        counted(sweep.items.len(), "thing"),
        text::bytes(sweep.bytes())
    ))?;
    Ok(())
}

/// What it is, which, and why it goes.
fn words(place: &Place, item: &Item) -> (&'static str, String, String) {
    match item {
        Item::Evidence {
            attempt,
            over,
            files,
            ..
        } => {
            let why = match over {
                Some(Over::Age) => "too old",
                Some(Over::Count) => "enough newer attempts",
                Some(Over::Size) => "the oldest, and all took too much",
                None => "an earlier gc began it",
            };
            let files = counted(*files as usize, "file");
            ("evidence", attempt.to_string(), format!("{why}, {files}"))
        }
        Item::Worktree { attempt, path, .. } => (
            "worktree",
            place.shown(path),
            format!("{attempt} is over, and its files are saved"),
        ),
        Item::AttemptBranch {
            branch, held_by, ..
        }
        | Item::RunBranch {
            branch, held_by, ..
        } => (
            "branch",
            branch.to_string(),
            format!("{held_by} holds it all"),
        ),
        Item::Autosaves { attempt, turns, .. } => {
            ("autosaves", attempt.to_string(), counted(*turns, "turn"))
        }
        Item::Registration { path } => (
            "worktree",
            place.shown(path),
            "its folder is gone".to_owned(),
        ),
        Item::Cache { path, .. } => (
            "cache",
            place.shown(path),
            "its worktree is gone".to_owned(),
        ),
        Item::Letter { path, .. } => (
            "letter",
            place.shown(path),
            "nobody took it away".to_owned(),
        ),
    }
}

impl From<GcError> for CliError {
    fn from(error: GcError) -> Self {
        match error {
            GcError::Lock(error) => Self::Start(error.into()),
            GcError::Door(_) => Self::Failed(error.to_string()),
            GcError::Ledger(error) => error.into(),
            GcError::Evidence(error) => error.into(),
            GcError::Git(error) => error.into(),
        }
    }
}
