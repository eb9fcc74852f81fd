//! `docket play`: a recording on the screen, or its end as text. Files are played anywhere, without a repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::arguments::{Global, PlayArguments};
use super::error::CliError;
use super::output;
use super::place::{Place, start_folder};
use super::{drive, find, history, keys, screen, text};
use crate::config::{self, Directories, Variables};
use crate::exit::Exit;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::cast::{self, CastError, Reader};
use crate::ui::end_of;

pub(super) fn run(global: &Global, arguments: &PlayArguments) -> Result<Exit, CliError> {
    let path = find_recording(global, &arguments.recording)?;
    let in_words = |error: CastError| CliError::Usage(error.to_string());
    if global.json || arguments.text || !output::is_interactive() {
        let end = end_of(&path).map_err(in_words)?;
        if global.json {
            output::document(&end)?;
        } else {
            output::bytes(text::block(&end.text).as_bytes())?;
            if end.damaged > 0 {
                output::say(&format!("docket: {} damaged lines left out", end.damaged));
            }
        }
        return Ok(Exit::Done);
    }
    // What can't be played is told before the screen is taken.
    drop(Reader::open(&path).map_err(in_words)?);
    let config = config::load(
        Directories::from_process().as_ref(),
        None,
        &Variables::from_process(),
        &global.overrides(),
    )?;
    let look = screen::look(&config.config)?;
    let clock = SystemClock::new();
    let clock = Arc::new(move || clock.now());
    let played = crate::ui::play(path, look, keys::effective().keymap, clock);
    let ended = drive::runtime()?
        .block_on(played)
        .map_err(|error| CliError::Failed(error.to_string()))?;
    Ok(ended.map_or(Exit::Done, Exit::Signal))
}

/// The file of that name; else the newest recording of that ticket or attempt.
fn find_recording(global: &Global, word: &str) -> Result<PathBuf, CliError> {
    let file = start_folder(global.directory.as_ref())?.join(word);
    if file.is_file() {
        return Ok(file);
    }
    if file.exists() && !file.is_dir() {
        let why = format!("{word} is no file that can be played");
        return Err(CliError::Usage(why));
    }
    if cast::is_recording(Path::new(word)) {
        return Err(CliError::Usage(format!("there is no file {word}")));
    }
    let place = Place::of(global)?;
    let (reader, target) = find::one(&place, word)?;
    let mut found = Vec::new();
    let prefix = match &target.attempt {
        Some(attempt) => format!("{attempt}-"),
        None => format!("{}.", target.name),
    };
    let evidence = place.places.evidence();
    collect(&cast::folder(&evidence), &prefix, &mut found);
    for record in reader.attempts_of_ticket(&target.id)? {
        if target
            .attempt
            .as_ref()
            .is_none_or(|one| *one == record.attempt)
        {
            let folder = history::folder_of(&place.places, record.run, &record);
            collect(&folder, "", &mut found);
        }
    }
    found.sort();
    let name = target
        .attempt
        .map_or_else(|| target.name.to_string(), |one| one.to_string());
    let newest = found.pop().map(|(_, path)| path);
    newest.ok_or_else(|| {
        CliError::Usage(format!(
            "{name} has no recording: open a terminal in its working tree (`t` on the screen) and record it"
        ))
    })
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(SystemTime, PathBuf)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_meant = entry.file_name().to_string_lossy().starts_with(prefix);
        if cast::is_recording(&path) && is_meant {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            found.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
}
