//! Messages from the agent to people, in the form that codex-autorunner taught its agents: `DISPATCH.md`, and a folder of
//! attachments.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::Look;
use super::files::{self, Unfit, plain_name};
use crate::domain::attempt::Artifact;
use crate::domain::machine::Dispatch;
use crate::tickets;

/// The file of a message.
const NAME: &str = "DISPATCH.md";

/// A message has at most so many bytes.
const MOST_TEXT: usize = 1 << 20;

/// So many bytes of it go into the ledger; the whole is evidence.
const MOST_TOLD: usize = 64 << 10;

/// At most so many attachments are taken, each of at most so many bytes.
const MOST_ATTACHMENTS: usize = 20;
const MOST_ATTACHMENT: usize = 10 << 20;

/// Takes the messages that the agent left: beside the folder `dispatch/`, and inside it, where codex-autorunner's own
/// instructions send agents. They are moved away, so that each is told once. Attachments without a message wait for theirs.
pub(super) fn take(desk: &Path, look: &Look<'_>) -> Vec<Dispatch> {
    let folder = desk.join("dispatch");
    let mut dispatches = Vec::new();
    for path in [desk.join(NAME), folder.join(NAME)] {
        if path.starts_with(&folder) && !files::is_folder(&folder) {
            continue;
        }
        let number = dispatches.len() + 1;
        let read = files::read(&path, MOST_TEXT);
        if read == Err(Unfit::Gone) {
            continue;
        }
        let taken = desk.join("taken");
        let away = taken.join(format!("{}-{number}-{NAME}", look.turn));
        let moved = files::folder(&taken).and_then(|()| fs::rename(&path, away));
        if let Err(error) = moved {
            tracing::warn!(%error, "a dispatch can't be taken from the desk");
            continue;
        }
        dispatches.push(match read {
            Ok(bytes) => message(&bytes, number, look),
            Err(unfit) => Dispatch {
                pause: true,
                title: format!("{NAME} can't be read"),
                text: format!("The agent left a {NAME}, but {unfit}."),
                attachments: Vec::new(),
            },
        });
    }
    if let Some(first) = dispatches.first_mut() {
        first.attachments.extend(attachments(&folder, desk, look));
    }
    dispatches
}

/// A message with broken front matter is still a message, and one that may have meant to pause does.
fn message(bytes: &[u8], number: usize, look: &Look<'_>) -> Dispatch {
    let (pause, title, text) = match tickets::dispatch::parse(bytes) {
        Ok(dispatch) => {
            let pause = dispatch.mode == tickets::dispatch::Mode::Pause;
            (pause, dispatch.title, dispatch.body)
        }
        Err(_broken) => (true, None, String::from_utf8_lossy(bytes).into_owned()),
    };
    let text = look.redactor.redact(text.trim()).into_owned();
    let title = title.map_or_else(
        || first_line(&text),
        |title| look.redactor.redact(&title).into_owned(),
    );
    let mut dispatch = Dispatch {
        pause,
        title,
        text,
        attachments: Vec::new(),
    };
    if dispatch.text.len() > MOST_TOLD {
        let name = format!("dispatch/{}-{number}-{NAME}", look.turn);
        if let Some(whole) = keep(&name, dispatch.text.as_bytes(), look) {
            let mut end = MOST_TOLD;
            while !dispatch.text.is_char_boundary(end) {
                end -= 1;
            }
            dispatch.text.truncate(end);
            let word = format!("\n\n[cut here; the whole message is {}]", whole.path);
            dispatch.text.push_str(&word);
            dispatch.attachments.push(whole);
        }
    }
    dispatch
}

/// What lies beside the message: regular files become evidence and are moved away.
fn attachments(folder: &Path, desk: &Path, look: &Look<'_>) -> Vec<Artifact> {
    let mut attachments = Vec::new();
    for name in files::list(folder) {
        if attachments.len() >= MOST_ATTACHMENTS || name == OsStr::new(NAME) {
            continue;
        }
        let Ok(bytes) = files::read(&folder.join(&name), MOST_ATTACHMENT) else {
            continue;
        };
        let plain = plain_name(&name.to_string_lossy());
        let number = attachments.len() + 1;
        let evidence = if plain == name.to_string_lossy() {
            format!("dispatch/{}/{plain}", look.turn)
        } else {
            // Two names may have become one.
            format!("dispatch/{}/{number}-{plain}", look.turn)
        };
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => look.redactor.redact(&text).into_owned().into_bytes(),
            Err(error) => error.into_bytes(),
        };
        let Some(artifact) = keep(&evidence, &bytes, look) else {
            continue;
        };
        attachments.push(artifact);
        let away = desk
            .join("taken")
            .join(format!("{}-{number}-{plain}", look.turn));
        if let Err(error) = fs::rename(folder.join(&name), away) {
            tracing::warn!(%error, "an attachment can't be taken from the desk");
        }
    }
    attachments
}

fn keep(name: &str, bytes: &[u8], look: &Look<'_>) -> Option<Artifact> {
    look.evidence
        .write(name, bytes)
        .map_err(|error| tracing::warn!(%error, "what came with a dispatch is not kept"))
        .ok()
}

fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    line.trim_start_matches('#').trim().to_owned()
}
