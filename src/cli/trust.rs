//! `docket trust`: what this repository's docket.toml would run, and the user's word that it may.

use serde::Serialize;

use super::arguments::{Global, TrustArguments};
use super::error::CliError;
use super::output;
use super::place::Place;
use super::secrets;
use super::text;
use crate::config::Directories;
use crate::config::trust::{self, TrustStore, TrustedCommand, Verdict};
use crate::domain::ids::Sha256;
use crate::exit::Exit;

#[derive(Serialize)]
struct Document<'a> {
    root: String,
    /// The SHA-256 of docket.toml: trust is in exactly this content.
    revision: Option<Sha256>,
    commands: &'a [TrustedCommand],
    trusted: bool,
    /// Whether anything was written or removed now.
    changed: bool,
}

pub(super) fn run(global: &Global, arguments: &TrustArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let directories = Directories::from_process().ok_or_else(|| {
        CliError::Failed("no home folder to note trust in: set HOME or XDG_STATE_HOME".to_owned())
    })?;
    let store = TrustStore::new(&directories);
    let root = &place.places.root;
    let commands = trust::commands(&secrets::masked(&place.loaded.origins)?);
    let file = place.loaded.repository_file.as_ref();
    let before = store.verdict(root, &place.loaded)?;
    if !global.json && !arguments.revoke {
        show(&commands)?;
    }
    let changed = match (arguments.revoke, arguments.show, file) {
        (true, _, _) => store.revoke(root)?,
        (false, false, Some(file)) if !before.allows() => {
            store.trust(root, file.hash)?;
            true
        }
        _ => false,
    };
    let after = store.verdict(root, &place.loaded)?;
    if global.json {
        output::document(&Document {
            root: root.to_string_lossy().into_owned(),
            revision: file.map(|file| file.hash),
            commands: &commands,
            trusted: after.allows(),
            changed,
        })?;
    } else {
        let words = match (arguments.revoke, changed) {
            (true, true) => "no longer trusted",
            (true, false) => "it was not trusted",
            (false, true) => "trusted from now on, until docket.toml changes",
            (false, false) => verdict_words(after),
        };
        output::say(words);
    }
    Ok(Exit::Done)
}

/// Each with its place, so that people can read around it.
fn show(commands: &[TrustedCommand]) -> Result<(), CliError> {
    for command in commands {
        let words = format!("{} = {}  # {}", command.key, command.value, command.origin);
        output::line(&text::line(&words))?;
    }
    Ok(())
}

fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotNeeded => "docket.toml names no commands: no trust is needed",
        Verdict::Trusted => "trusted",
        Verdict::Changed => {
            "not trusted: docket.toml changed since you trusted it; `docket trust` allows these"
        }
        Verdict::Never => "not trusted: `docket trust` allows these",
    }
}
