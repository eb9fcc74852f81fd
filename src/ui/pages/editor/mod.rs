//! The editor: a ticket or a note, with undo, selection, search, and what lint says while it is typed.
//!
//! A file is read and written off the UI's thread, and written only if it is still what the user has seen; else they are shown
//! what changed. A text that could be lost is kept as a copy in `.docket/drafts/`.

mod actions;
mod answers;
mod buffer;
mod document;
mod draw;
mod line;
mod notes;
mod on_disk;
mod prompt;
mod search;

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use self::document::{Ask, Document, Kind, Target};
use self::notes::Notes;
use super::Page;
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Load, Save, TextLoad};
use crate::ui::keymap::Context;
use crate::ui::layout::inside;
use crate::ui::model::Model;
use crate::ui::panes::Move;
use crate::ui::session::Outside;
use crate::ui::theme::Role;

pub(crate) use self::answers::{loaded, queue_changed, returned};
pub(crate) use self::draw::draw;
pub use self::notes::file_name as note_file_name;

/// Lines that the wheel moves.
const WHEEL: i64 = 3;

/// State of the page.
#[derive(Debug, Default)]
pub(crate) struct EditorPage {
    state: State,
    /// Counts what was asked for: late answers are dropped.
    asked: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    /// A file is being read.
    Reading { target: Target, question: u64 },
    /// A file can't be edited here; why.
    Refused { target: Target, why: String },
    /// A file is open.
    Text(Box<Document>),
    /// The list of notes, and the question that asked for it.
    Notes(Box<Notes>, u64),
}

impl EditorPage {
    fn question(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    fn document(&mut self) -> Option<&mut Document> {
        match &mut self.state {
            State::Text(document) => Some(document),
            _ => None,
        }
    }

    /// Where a key means something now.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        match &self.state {
            State::Text(document) => match &document.ask {
                Some(Ask::Unsaved) => vec![Context::Unsaved],
                Some(Ask::OnDisk(_)) => vec![Context::OnDisk],
                None if document.prompt.is_some() => vec![Context::Prompt],
                None => vec![Context::Editor],
            },
            State::Notes(notes, _) if notes.prompt.is_some() => vec![Context::Prompt],
            State::Notes(..) => vec![Context::Notes, Context::Page, Context::Global],
            State::Refused { .. } => vec![Context::Editor, Context::Page],
            State::Closed | State::Reading { .. } => vec![Context::Editor],
        }
    }
}

/// What the line of hints offers, the most wanted first.
pub(crate) fn wanted(context: Context, editor: &EditorPage) -> Vec<Action> {
    match context {
        Context::Unsaved => vec![Action::SaveText, Action::DropText, Action::No],
        Context::OnDisk => vec![
            Action::OverwriteText,
            Action::ReloadText,
            Action::No,
            Action::Down,
        ],
        Context::Prompt => vec![
            Action::Send,
            Action::Cancel,
            Action::FindNextText,
            Action::FindPreviousText,
        ],
        Context::Notes => vec![
            Action::Open,
            Action::NewNote,
            Action::EditOutside,
            Action::Back,
            Action::Help,
        ],
        _ => {
            let mut actions = vec![Action::SaveText, Action::Back];
            if let State::Text(document) = &editor.state {
                if !document.problems.is_empty() {
                    actions.push(Action::NextProblem);
                }
                if document.buffer.selection().is_some() {
                    actions.extend([Action::CopyText, Action::CutText]);
                }
                if document.search.is_some() {
                    actions.push(Action::FindNextText);
                }
            }
            if let State::Refused { .. } = editor.state {
                return vec![Action::EditOutside, Action::Back];
            }
            actions.extend([
                Action::UndoEdit,
                Action::FindText,
                Action::EditOutside,
                Action::PasteText,
                Action::GoToLine,
            ]);
            actions
        }
    }
}

/// Opens the selected ticket.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let Some(entry) = model.queue.entry() else {
        model.page = None;
        model.say("no ticket is selected", Role::Notice);
        return Vec::new();
    };
    let target = Target {
        path: model.repository_root.join(&entry.path),
        shown: entry.path.clone(),
        kind: Kind::Ticket,
    };
    read(model, target)
}

fn read(model: &mut Model, target: Target) -> Vec<Effect> {
    let question = model.editor.question();
    let load = TextLoad::File {
        question,
        path: target.path.clone(),
    };
    model.editor.state = State::Reading { target, question };
    vec![Effect::Load(Load::Text(load))]
}

/// `.docket`.
fn docket_folder(model: &Model) -> PathBuf {
    let above = model.evidence_root.parent();
    above.map_or_else(|| model.repository_root.join(".docket"), PathBuf::from)
}

/// Where copies of texts are kept.
pub(crate) fn drafts(model: &Model) -> PathBuf {
    docket_folder(model).join("drafts")
}

/// Opens the list of notes.
pub(crate) fn open_notes(model: &mut Model) -> Vec<Effect> {
    let folder = docket_folder(model).join("context");
    model.page = Some(Page::Editor);
    let question = model.editor.question();
    let mut list = Box::new(Notes::new(folder.clone()));
    list.listed(&[]);
    model.editor.state = State::Notes(list, question);
    vec![Effect::Load(Load::Text(TextLoad::Notes {
        question,
        folder,
    }))]
}

/// Gives the selected ticket to the user's own editor, at its first problem.
pub(crate) fn outside(model: &mut Model) -> Vec<Effect> {
    let Some(entry) = model.queue.entry() else {
        model.say("no ticket is selected", Role::Notice);
        return Vec::new();
    };
    let place = entry.problems.iter().find_map(|problem| problem.place);
    vec![Effect::HandOver(Outside::Editor {
        path: model.repository_root.join(&entry.path),
        line: place.map(|place| place.line as usize),
    })]
}

/// The text that would be lost when the screen ends now: a copy of it is to be written.
pub(crate) fn left_over(model: &mut Model) -> Option<Save> {
    let folder = drafts(model);
    let question = model.editor.question();
    let document = model.editor.document()?;
    document
        .is_unsaved()
        .then(|| document.copy(question, folder))
}

/// Does an action, if it is one of this page's.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    match &model.editor.state {
        State::Notes(..) => actions::act_on_notes(model, action),
        State::Text(document) => match &document.ask {
            Some(_) => Some(actions::answer(model, action)),
            None if document.prompt.is_some() => Some(actions::act_on_prompt(model, action)),
            None => actions::act_on_text(model, action),
        },
        State::Refused { target, .. } if matches!(action, Action::EditOutside | Action::Open) => {
            Some(vec![Effect::HandOver(Outside::Editor {
                path: target.path.clone(),
                line: None,
            })])
        }
        State::Refused { target, .. } if action == Action::Back => {
            let kind = target.kind;
            Some(leave(model, kind))
        }
        State::Closed | State::Reading { .. } | State::Refused { .. } => {
            if action == Action::Back {
                model.editor.state = State::Closed;
                return None;
            }
            Some(Vec::new())
        }
    }
}

/// Closes the file: back to where it was opened from.
fn leave(model: &mut Model, kind: Kind) -> Vec<Effect> {
    match kind {
        Kind::Ticket => {
            model.editor.state = State::Closed;
            model.page = None;
            Vec::new()
        }
        Kind::Note => open_notes(model),
    }
}

fn open_note(model: &mut Model, name: &str) -> Vec<Effect> {
    let path = docket_folder(model).join("context").join(name);
    let shown = path
        .strip_prefix(&model.repository_root)
        .unwrap_or(&path)
        .to_owned();
    let target = Target {
        path,
        shown,
        kind: Kind::Note,
    };
    read(model, target)
}

/// A key that edits.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    match &mut model.editor.state {
        State::Notes(notes, _) => {
            if let Some(prompt) = &mut notes.prompt {
                prompt.key(key);
            }
        }
        State::Text(document) if document.ask.is_none() => {
            if let Some(prompt) = &mut document.prompt {
                prompt.key(key);
                document.find_typed();
                return Vec::new();
            }
            let selects = key.modifiers.contains(KeyModifiers::SHIFT);
            match key.code {
                KeyCode::PageUp => document.page(Move::Pages(-1), selects),
                KeyCode::PageDown => document.page(Move::Pages(1), selects),
                KeyCode::BackTab => {}
                _ => document.buffer.key(key),
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Text that was pasted.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.editor.state {
        State::Notes(notes, _) => {
            if let Some(prompt) = &mut notes.prompt {
                prompt.paste(text);
            }
        }
        State::Text(document) if document.ask.is_none() => {
            if let Some(prompt) = &mut document.prompt {
                prompt.paste(text);
                document.find_typed();
            } else {
                document.buffer.paste(text);
            }
        }
        _ => {}
    }
    Vec::new()
}

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => Some(Move::Lines(-WHEEL)),
        MouseEventKind::ScrollDown => Some(Move::Lines(WHEEL)),
        _ => None,
    };
    let body = model.places().body;
    match &mut model.editor.state {
        State::Text(document) => {
            if let Some(to) = lines {
                match &mut document.ask {
                    Some(Ask::OnDisk(on_disk)) => on_disk.go(to),
                    Some(Ask::Unsaved) => {}
                    None => document.page(to, false),
                }
                return Vec::new();
            }
            if document.ask.is_some() || document.prompt.is_some() {
                return Vec::new();
            }
            let Some((line, character)) = document.at(mouse.column, mouse.row) else {
                return Vec::new();
            };
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => document.buffer.jump(line, character),
                MouseEventKind::Drag(MouseButton::Left) => {
                    document.buffer.select_to(line, character);
                }
                _ => {}
            }
        }
        State::Notes(notes, _) => {
            if let Some(to) = lines {
                notes.go(to);
            } else if mouse.kind == MouseEventKind::Down(MouseButton::Left) {
                let row = mouse.row.checked_sub(inside(body).y);
                row.map(|row| notes.select_line(row));
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Lays out what is to be seen, and asks lint when something changed.
pub(super) fn prepare(model: &mut Model, area: Rect) -> Vec<Effect> {
    let question = model.editor.question();
    match &mut model.editor.state {
        State::Text(document) => {
            document.lay_out(area);
            if let Some(Ask::OnDisk(on_disk)) = &mut document.ask {
                on_disk.lay_out(inside(area), &model.look);
            }
            let load = document.lint(question, model.queue.queue(), model.queue.known());
            load.map(|load| Effect::Load(Load::Text(load)))
                .into_iter()
                .collect()
        }
        State::Notes(notes, _) => {
            notes.lay_out(inside(area));
            Vec::new()
        }
        _ => Vec::new(),
    }
}
