//! The files of a codex-autorunner repository: `.codex-autorunner/tickets/`, `contextspace/` (once `workspace/`) and
//! `runs/<id>/` with `USER_REPLY.md` and `DISPATCH.md`. (Layout as of 2.2: `contextspace/catalog.py`, `tickets/outbox.py` and
//! `tickets/replies.py` of its repository.)

use std::fs::{self, DirEntry};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::batch::{Batch, Content, Incoming, Note};
use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::tickets::import::{LeftOut, Source};
use crate::tickets::parse::MAX_BYTES;
use crate::tickets::{derived_id, load, parse};

/// Its folder in a repository.
pub(super) const FOLDER: &str = ".codex-autorunner";

/// What human replies that were not delivered become.
const REPLIES: &str = "codex-autorunner-replies.md";

/// Reads a folder of tickets, and all around it when it is one of codex-autorunner's.
pub(super) fn read(place: &Place, tickets: &Path) -> Result<Batch, CliError> {
    let mut batch = Batch::of(Source::Car);
    let state = tickets
        .parent()
        .filter(|parent| parent.file_name().is_some_and(|name| name == FOLDER));
    let reader = Reader {
        place,
        base: state.unwrap_or(tickets).to_owned(),
    };
    if tickets.is_dir() {
        reader.tickets(tickets, &mut batch)?;
    }
    if let Some(state) = state {
        // The newer place wins where both have a note.
        reader.context(&state.join("contextspace"), &mut batch)?;
        reader.context(&state.join("workspace"), &mut batch)?;
        reader.runs(&state.join("runs"), &mut batch)?;
        reader.rest(state, &mut batch)?;
    }
    Ok(batch)
}

/// One ticket by itself.
pub(super) fn one(place: &Place, path: &Path) -> Result<Batch, CliError> {
    let mut batch = Batch::of(Source::Car);
    let reader = Reader {
        place,
        base: path.parent().unwrap_or(path).to_owned(),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    reader.ticket(path, &name, &mut batch)?;
    Ok(batch)
}

struct Reader<'a> {
    place: &'a Place,
    /// What is left out is named from here.
    base: PathBuf,
}

impl Reader<'_> {
    fn tickets(&self, folder: &Path, batch: &mut Batch) -> Result<(), CliError> {
        for entry in list(folder)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if load::is_ticket(&entry.file_name()) {
                if self.is_file(&entry, batch) {
                    self.ticket(&entry.path(), &name, batch)?;
                }
            } else if !name.starts_with('.') {
                let why = "not a ticket's name (`TICKET-<3 or more digits>….md`)";
                batch
                    .left_out
                    .push(LeftOut::new(self.shown(&entry.path()), why));
            }
        }
        Ok(())
    }

    fn ticket(&self, path: &Path, name: &str, batch: &mut Batch) -> Result<(), CliError> {
        let bytes = content(path)?;
        let shown = super::shown_source(self.place, path);
        let entry = parse(Path::new(&shown), &bytes);
        let id = if entry
            .ticket
            .as_ref()
            .is_some_and(|ticket| !ticket.id_is_derived)
        {
            entry.id
        } else {
            // The id that its path stood for: what codex-autorunner called it.
            derived_id(Path::new(&shown))
        };
        batch.incoming.push(Incoming {
            source: shown,
            id,
            content: Content::File {
                name: name.to_owned(),
                bytes,
            },
        });
        Ok(())
    }

    fn context(&self, folder: &Path, batch: &mut Batch) -> Result<(), CliError> {
        if !folder.is_dir() {
            return Ok(());
        }
        for entry in list(folder)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || !self.is_file(&entry, batch) {
                continue;
            }
            let content = content(&entry.path())?;
            // Empty ones are made with every repository there.
            if content.trim_ascii().is_empty() {
                continue;
            }
            let why = if content.len() > MAX_BYTES {
                Some("it is larger than 1 MiB: too much for a note")
            } else if std::str::from_utf8(&content).is_err() {
                Some("it is not UTF-8")
            } else if batch.notes.iter().any(|note| note.name == name) {
                Some("the note of that name in contextspace is the newer one")
            } else {
                None
            };
            match why {
                Some(why) => batch
                    .left_out
                    .push(LeftOut::new(self.shown(&entry.path()), why)),
                None => batch.notes.push(Note { name, content }),
            }
        }
        Ok(())
    }

    /// Replies that no agent has read become a note; history stays where it is.
    fn runs(&self, folder: &Path, batch: &mut Batch) -> Result<(), CliError> {
        if !folder.is_dir() {
            return Ok(());
        }
        let mut replies = String::new();
        for entry in list(folder)? {
            let run = entry.path();
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            for item in list(&run)? {
                self.of_run(&name, &item, &mut replies, batch)?;
            }
        }
        if !replies.is_empty() {
            let head = "# Replies of a human that codex-autorunner had not delivered yet\n";
            batch.notes.push(Note {
                name: REPLIES.to_owned(),
                content: format!("{head}{replies}").into_bytes(),
            });
        }
        Ok(())
    }

    fn of_run(
        &self,
        run: &str,
        item: &DirEntry,
        replies: &mut String,
        batch: &mut Batch,
    ) -> Result<(), CliError> {
        let path = item.path();
        let name = item.file_name().to_string_lossy().into_owned();
        let is_reply = name == "USER_REPLY.md";
        if is_reply {
            if self.is_file(item, batch) {
                let bytes = content(&path)?;
                let text = String::from_utf8_lossy(&bytes);
                replies.extend(["\n## Run ", run, "\n\n", text.trim(), "\n"]);
            }
            return Ok(());
        }
        let has_any = || list(&path).map(|items| !items.is_empty());
        let why = match name.as_str() {
            "DISPATCH.md" => "a message of its agent that nobody has seen: read it there",
            "dispatch" | "reply" if has_any()? => {
                "attachments: put what agents need under .docket/context"
            }
            "dispatch_history" | "reply_history" if has_any()? => {
                "history, which stays where it is"
            }
            "dispatch" | "reply" | "dispatch_history" | "reply_history" => return Ok(()),
            _ => "of a run of codex-autorunner",
        };
        batch.left_out.push(LeftOut::new(self.shown(&path), why));
        Ok(())
    }

    /// Everything else there: settings, state, logs.
    fn rest(&self, state: &Path, batch: &mut Batch) -> Result<(), CliError> {
        let taken = ["tickets", "contextspace", "workspace", "runs"];
        for entry in list(state)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !taken.contains(&name.as_str()) && !name.starts_with('.') {
                let why = "settings, state or logs of codex-autorunner; docket's are in docket.toml and .docket";
                batch
                    .left_out
                    .push(LeftOut::new(self.shown(&entry.path()), why));
            }
        }
        Ok(())
    }

    /// Whether it is a plain file. A link is not followed: it could bring any file of the machine before an agent.
    fn is_file(&self, entry: &DirEntry, batch: &mut Batch) -> bool {
        let kind = entry.file_type();
        if kind.as_ref().is_ok_and(fs::FileType::is_file) {
            return true;
        }
        let why = match kind {
            Ok(kind) if kind.is_symlink() => "a link, which is not followed: copy the file itself",
            Ok(kind) if kind.is_dir() => "a folder: only files are taken",
            _ => "not a plain file",
        };
        batch
            .left_out
            .push(LeftOut::new(self.shown(&entry.path()), why));
        false
    }

    fn shown(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.base).unwrap_or(path);
        shown.display().to_string()
    }
}

fn list(folder: &Path) -> Result<Vec<DirEntry>, CliError> {
    let failed = |source| CliError::folder(folder, source);
    let mut entries = fs::read_dir(folder)
        .map_err(failed)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// The bytes of a file, one over the limit at most.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, CliError> {
    let read = || {
        let mut bytes = Vec::new();
        let file = fs::File::open(path)?;
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error: std::io::Error| {
        CliError::Usage(format!("can't read {}: {error}", path.display()))
    })
}
