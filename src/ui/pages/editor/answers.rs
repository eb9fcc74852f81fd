//! What comes of what was asked: files read and written, news of the queue, programs that have ended.

use super::document::{Ask, CopyFor, Document, Kind, Meanwhile};
use super::on_disk::OnDisk;
use super::{EditorPage, State, leave, read};
use crate::domain::ids::Sha256;
use crate::ui::effect::{Effect, Load, Save, TextLoad, TextLoaded};
use crate::ui::loader::texts::{FileText, NotSaved};
use crate::ui::model::Model;
use crate::ui::session::Outside;
use crate::ui::text;
use crate::ui::theme::Role;

/// A file was read or written, or lint has looked at a text.
pub(crate) fn loaded(model: &mut Model, loaded: TextLoaded) -> Vec<Effect> {
    match loaded {
        TextLoaded::File { question, read } => file(model, question, read),
        TextLoaded::Notes { question, notes } => {
            if let State::Notes(list, asked) = &mut model.editor.state
                && *asked == question
            {
                list.listed(&notes);
            }
            Vec::new()
        }
        TextLoaded::Lint { question, problems } => {
            if let Some(document) = model.editor.document() {
                document.linted(question, problems);
            }
            Vec::new()
        }
        TextLoaded::Saved { question, saved } => written(model, question, saved),
        TextLoaded::Drafted { question, draft } => copied(model, question, draft),
        TextLoaded::Removed => Vec::new(),
    }
}

fn file(model: &mut Model, question: u64, read: Result<FileText, String>) -> Vec<Effect> {
    let asked = match &model.editor.state {
        State::Reading { question, .. } => Some(*question),
        State::Text(document) => document.rereading.as_ref().map(|(question, _)| *question),
        _ => None,
    };
    if asked != Some(question) {
        return Vec::new();
    }
    match &mut model.editor.state {
        State::Reading { .. } => opened(&mut model.editor, read),
        State::Text(document) => {
            let why = document.rereading.take().map(|(_, why)| why);
            let (words, effects) = reread(document, why.unwrap_or(Reread::Follow), read);
            if let Some((words, role)) = words {
                model.say(words, role);
            }
            return effects;
        }
        _ => {}
    }
    Vec::new()
}

/// A file is there for the first time.
fn opened(editor: &mut EditorPage, read: Result<FileText, String>) {
    let State::Reading { target, .. } = std::mem::take(&mut editor.state) else {
        return;
    };
    let is_missing = matches!(&read, Ok(FileText { revision: None, .. }));
    editor.state = match read {
        Ok(_) if is_missing && target.kind == Kind::Ticket => State::Refused {
            target,
            why: "it is not there any more".to_owned(),
        },
        Ok(FileText { text, revision }) => {
            State::Text(Box::new(Document::new(target, &text, revision)))
        }
        Err(why) => State::Refused { target, why },
    };
}

/// Why a file is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reread {
    /// It changed on the disk.
    Follow,
    /// The user wants what is on the disk, and the text is kept in a copy.
    Replace,
    /// A program of the user's had a copy of the text.
    TakeIn(std::path::PathBuf),
}

fn ask_again(question: u64, document: &mut Document, why: Reread) -> Effect {
    let path = match &why {
        Reread::TakeIn(copy) => copy.clone(),
        Reread::Follow | Reread::Replace => document.target.path.clone(),
    };
    document.rereading = Some((question, why));
    Effect::Load(Load::Text(TextLoad::File { question, path }))
}

type Words = Option<(String, Role)>;

fn reread(
    document: &mut Document,
    why: Reread,
    read: Result<FileText, String>,
) -> (Words, Vec<Effect>) {
    let name = document.target.name();
    match (why, read) {
        (Reread::TakeIn(copy), Ok(file)) if file.revision.is_some() => {
            document.buffer.take_in(&file.text);
            let save = Save::Remove {
                question: 0,
                path: copy,
            };
            (None, vec![Effect::Save(save)])
        }
        (Reread::TakeIn(copy), Ok(_)) => {
            let words = format!("{} is gone: the text here is as it was", copy.display());
            (Some((words, Role::Warning)), Vec::new())
        }
        (Reread::TakeIn(copy), Err(why)) => {
            let words = format!("{why}: what your editor wrote is in {}", copy.display());
            (Some((words, Role::Error)), Vec::new())
        }
        (_, Ok(file)) if file.revision.is_none() => {
            document.meanwhile = document.revision.map(|_| Meanwhile::Gone);
            (None, Vec::new())
        }
        // It was typed meanwhile: nothing is taken away.
        (Reread::Follow, Ok(file)) if document.is_unsaved() => {
            let is_news = file.revision != document.revision;
            document.meanwhile = is_news.then_some(Meanwhile::Changed);
            (None, Vec::new())
        }
        (why, Ok(file)) => {
            document.meanwhile = None;
            if why == Reread::Replace {
                document.ask = None;
            }
            if file.revision == document.revision && !document.is_unsaved() {
                return (None, Vec::new());
            }
            document.buffer.reload(&file.text);
            document.revision = file.revision;
            document.own.extend(file.revision);
            let words = (why == Reread::Follow).then(|| {
                (
                    format!("{name} changed on the disk: read again"),
                    Role::Notice,
                )
            });
            (words, Vec::new())
        }
        (_, Err(why)) => (
            Some((format!("{name} can't be read again: {why}"), Role::Error)),
            Vec::new(),
        ),
    }
}

/// A text was written, or not.
fn written(model: &mut Model, question: u64, saved: Result<Sha256, NotSaved>) -> Vec<Effect> {
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    let is_answer = |saving: &mut super::document::Saving| saving.question == question;
    let Some(saving) = document.saving.take_if(is_answer) else {
        return Vec::new();
    };
    let name = document.target.name();
    match saved {
        Ok(revision) => {
            document.revision = Some(revision);
            document.own.push(revision);
            document.meanwhile = None;
            document.buffer.was_saved(&saving.content);
            let leaves = saving.leave && !document.is_unsaved();
            let kind = document.target.kind;
            model.say(format!("{name} is saved"), Role::Success);
            if leaves {
                return leave(model, kind);
            }
        }
        Err(NotSaved::Changed { revision, patch }) => {
            document.meanwhile = Some(Meanwhile::Changed);
            document.prompt = None;
            let on_disk = OnDisk::changed(revision, patch);
            document.ask = Some(Ask::OnDisk(on_disk));
        }
        Err(NotSaved::Gone) => {
            document.meanwhile = Some(Meanwhile::Gone);
            document.prompt = None;
            document.ask = Some(Ask::OnDisk(OnDisk::gone()));
        }
        Err(NotSaved::Failed(why)) => model.say(why, Role::Error),
    }
    Vec::new()
}

/// A copy of the text was made, or not.
fn copied(
    model: &mut Model,
    question: u64,
    draft: Result<std::path::PathBuf, String>,
) -> Vec<Effect> {
    let next = model.editor.question();
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    let Some((_, why)) = document.copying.take_if(|(asked, _)| *asked == question) else {
        return Vec::new();
    };
    let path = match draft {
        Ok(path) => path,
        Err(why) => {
            model.say(why, Role::Error);
            return Vec::new();
        }
    };
    match why {
        CopyFor::Outside => {
            let (line, _) = document.buffer.cursor();
            document.lent = Some(path.clone());
            vec![Effect::HandOver(Outside::Editor {
                path,
                line: Some(line + 1),
            })]
        }
        CopyFor::Reload => {
            let is_gone = document.meanwhile == Some(Meanwhile::Gone);
            let kind = document.target.kind;
            let reread = ask_again(next, document, Reread::Replace);
            let words = format!(
                "your text is kept in {}",
                text::clean(&path.to_string_lossy())
            );
            model.say(words, Role::Notice);
            if is_gone {
                return leave(model, kind);
            }
            vec![reread]
        }
    }
}

/// The queue is another one: an open ticket may have changed on the disk.
pub(crate) fn queue_changed(model: &mut Model) -> Vec<Effect> {
    let question = model.editor.question();
    let queue = std::sync::Arc::clone(model.queue.queue());
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    if document.target.kind != Kind::Ticket || document.saving.is_some() {
        return Vec::new();
    }
    let entries = queue.entries();
    let entry = entries
        .iter()
        .find(|entry| entry.path == document.target.shown);
    match entry {
        None => {
            document.meanwhile = document.revision.map(|_| Meanwhile::Gone);
            Vec::new()
        }
        Some(entry) if Some(entry.revision) == document.revision => {
            document.meanwhile = None;
            Vec::new()
        }
        // What was read or written here before: old news.
        Some(entry) if document.own.contains(&entry.revision) => Vec::new(),
        Some(_) if document.is_unsaved() || document.ask.is_some() => {
            document.meanwhile = Some(Meanwhile::Changed);
            Vec::new()
        }
        Some(_) => vec![ask_again(question, document, Reread::Follow)],
    }
}

/// A program that had the screen has ended: the file, or the copy that it had, may have changed.
pub(crate) fn returned(model: &mut Model, outside: &Outside) -> Vec<Effect> {
    let Outside::Editor { path, .. } = outside else {
        return Vec::new();
    };
    let question = model.editor.question();
    match &mut model.editor.state {
        State::Text(document) => {
            if let Some(copy) = document.lent.take_if(|copy| copy == path) {
                return vec![ask_again(question, document, Reread::TakeIn(copy))];
            }
            if document.target.path == *path {
                return vec![ask_again(question, document, Reread::Follow)];
            }
            Vec::new()
        }
        State::Refused { target, .. } if target.path == *path => {
            let target = target.clone();
            read(model, target)
        }
        State::Notes(list, asked) => {
            *asked = question;
            let folder = list.folder.clone();
            vec![Effect::Load(Load::Text(TextLoad::Notes {
                question,
                folder,
            }))]
        }
        _ => Vec::new(),
    }
}
