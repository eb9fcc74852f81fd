//! Context notes: each agent has copies, and what it writes into them all others get.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use super::{Look, files};
use crate::domain::desk::{NoteChange, NoteNews};
use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;
use crate::tickets::write;

/// A note has at most so many bytes.
const MOST_BYTES: usize = 1 << 20;

/// At most so many notes are copied, and so many taken back after a turn.
const MOST_NOTES: usize = 200;

/// What the agent's copies and the notes themselves were when they were last the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    known: BTreeMap<String, Known>,
}

#[derive(Debug, Clone)]
struct Known {
    /// What the note held; `None` when there was none.
    canonical: Option<Sha256>,
    /// What the copy held at the last look.
    seen: Sha256,
}

impl Notes {
    /// Copies the notes to the desk. What the agent of an earlier attempt left there gives way.
    pub(super) fn copy(from: &Path, to: &Path) -> io::Result<Self> {
        let mut notes = Self::default();
        files::folder(to)?;
        for name in files::list(from).into_iter().take(MOST_NOTES) {
            let Some(shown) = name.to_str().filter(|name| is_note(name)) else {
                continue;
            };
            // A note that can't be read is no reason not to work.
            if let Ok(bytes) = files::read(&from.join(&name), MOST_BYTES) {
                files::put(&to.join(&name), &bytes)?;
                let hash = sha256(&bytes);
                let known = Known {
                    canonical: Some(hash),
                    seen: hash,
                };
                notes.known.insert(shown.to_owned(), known);
            }
        }
        Ok(notes)
    }

    /// Takes back what the agent wrote.
    pub(super) fn collect(&mut self, desk: &Path, look: &Look<'_>) -> Vec<NoteNews> {
        let mut news = Vec::new();
        for name in files::list(desk) {
            if news.len() >= MOST_NOTES {
                break;
            }
            if let Some(change) = self.take(desk, &name, look) {
                let name = name.to_string_lossy().into_owned();
                news.push(NoteNews { name, change });
            }
        }
        news
    }

    fn take(&mut self, desk: &Path, name: &OsStr, look: &Look<'_>) -> Option<NoteChange> {
        let shown = name.to_string_lossy().into_owned();
        if shown.starts_with('.') {
            return None;
        }
        let read = files::read(&desk.join(name), MOST_BYTES);
        let seen = match &read {
            Ok(bytes) => sha256(bytes),
            Err(unfit) => sha256(unfit.to_string().as_bytes()),
        };
        let before = self.known.get(&shown).cloned();
        if before.as_ref().is_some_and(|known| known.seen == seen) {
            return None;
        }
        let canonical = before.and_then(|known| known.canonical);
        let mut known = Known { canonical, seen };
        let refused = |why: String| NoteChange::Refused { why };
        let change = match read {
            _ if name.to_str().is_none_or(|name| !is_note(name)) => {
                refused("its name is not one for a note".to_owned())
            }
            Err(unfit) => refused(unfit.to_string()),
            Ok(bytes) => match String::from_utf8(bytes) {
                Err(_not_text) => refused("it is not UTF-8".to_owned()),
                Ok(text) => match bring(&shown, canonical, &text, look) {
                    Ok((change, now)) => {
                        known.canonical = now;
                        change
                    }
                    Err(why) => refused(why),
                },
            },
        };
        self.known.insert(shown, known);
        Some(change)
    }
}

/// Writes the agent's version of a note, or puts it beside one that somebody else changed. Gives what the note holds now, where
/// it is what the agent wrote.
fn bring(
    name: &str,
    copied: Option<Sha256>,
    text: &str,
    look: &Look<'_>,
) -> Result<(NoteChange, Option<Sha256>), String> {
    let folder = look.context.places.context();
    let in_words = |error: io::Error| format!("it can't be written: {error}");
    std::fs::create_dir_all(&folder).map_err(in_words)?;
    let path = folder.join(name);
    let canonical = files::read(&path, usize::MAX >> 1).ok();
    let text = clean(look, canonical.as_deref(), text);
    let now = canonical.as_deref().map(sha256);
    let new = sha256(text.as_bytes());
    if now == Some(new) {
        return Ok((NoteChange::Edited, now));
    }
    match (now, copied) {
        (None, None) => {
            // On some systems names that differ by case are one file.
            let twin = files::list(&folder)
                .into_iter()
                .find(|other| other.to_string_lossy().to_lowercase() == name.to_lowercase());
            if let Some(twin) = twin {
                return Err(format!(
                    "its name differs from {} by upper and lower case only",
                    twin.to_string_lossy()
                ));
            }
            match create(&path, text.as_bytes()) {
                Ok(()) => Ok((NoteChange::New, Some(new))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    beside(name, &text, look)
                }
                Err(error) => Err(in_words(error)),
            }
        }
        (Some(now), Some(copied)) if now == copied => {
            match write::replace(&path, now, text.as_bytes()) {
                Ok(_revision) => Ok((NoteChange::Edited, Some(new))),
                Err(write::WriteError::Changed { .. }) => beside(name, &text, look),
                Err(error) => Err(error.to_string()),
            }
        }
        (Some(_) | None, _) => beside(name, &text, look),
    }
}

/// Puts the agent's version beside the note, under the name of its attempt.
fn beside(name: &str, text: &str, look: &Look<'_>) -> Result<(NoteChange, Option<Sha256>), String> {
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, "md"));
    let name = format!("{stem}.{}.{}.{end}", look.spec.attempt, look.turn);
    let path = look.context.places.context().join(&name);
    create(&path, text.as_bytes()).map_err(|error| format!("it can't be written: {error}"))?;
    Ok((NoteChange::Beside { name }, None))
}

/// Makes a whole file that was not there.
fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Without secrets, unless a human put some there.
fn clean(look: &Look<'_>, before: Option<&[u8]>, text: &str) -> String {
    let had = before.is_some_and(|before| {
        let before = String::from_utf8_lossy(before);
        look.redactor.redact(&before) != before
    });
    if had {
        text.to_owned()
    } else {
        look.redactor.redact(text).into_owned()
    }
}

fn is_note(name: &str) -> bool {
    !name.starts_with('.')
        && name.len() <= 200
        && !name
            .chars()
            .any(|c| c.is_control() || matches!(c, '/' | '\\'))
}
