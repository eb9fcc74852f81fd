//! What actions do in the editor.

use super::document::{Ask, CopyFor, Meanwhile};
use super::prompt::{Prompt, Wanted};
use super::{State, drafts, leave, notes, open_note};
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::model::Model;
use crate::ui::session::Outside;
use crate::ui::theme::Role;
use crate::ui::update::movement::movement;

pub(super) fn act_on_text(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let question = model.editor.question();
    let folder = drafts(model);
    let document = model.editor.document()?;
    let mut words = None;
    let mut effects = Vec::new();
    match action {
        Action::SaveText => return Some(save(model, false)),
        Action::Back => return Some(back(model)),
        Action::UndoEdit if !document.buffer.undo() => words = Some("nothing to undo".to_owned()),
        Action::RedoEdit if !document.buffer.redo() => words = Some("nothing to redo".to_owned()),
        Action::UndoEdit | Action::RedoEdit => {}
        Action::CopyText | Action::CutText => {
            let taken = if action == Action::CopyText {
                document.buffer.copy()
            } else {
                document.buffer.cut()
            };
            match taken {
                Some(text) => effects.push(Effect::Copy(text)),
                None => words = Some("nothing is selected; Shift with an arrow selects".to_owned()),
            }
        }
        Action::PasteText => document.buffer.put(),
        Action::SelectAllText => document.buffer.select_all(),
        Action::FindText | Action::GoToLine => {
            let wanted = if action == Action::FindText {
                Wanted::Text
            } else {
                Wanted::Line
            };
            document.prompt = Some(Prompt::new(wanted, document.buffer.cursor()));
        }
        Action::FindNextText | Action::FindPreviousText => {
            let found = document.find_again(action == Action::FindNextText);
            words = Some(found.unwrap_or_else(|| "nothing was looked for yet".to_owned()));
        }
        Action::NextProblem => {
            let problem = document.next_problem();
            words = Some(problem.unwrap_or_else(|| "lint finds nothing".to_owned()));
        }
        Action::EditOutside if document.is_unsaved() || document.revision.is_none() => {
            document.copying = Some((question, CopyFor::Outside));
            effects.push(Effect::Save(document.copy(question, folder)));
        }
        Action::EditOutside => {
            let (line, _) = document.buffer.cursor();
            effects.push(Effect::HandOver(Outside::Editor {
                path: document.target.path.clone(),
                line: Some(line + 1),
            }));
        }
        Action::Redraw => return None,
        _ => {
            if let Some(to) = movement(action) {
                document.page(to, false);
            }
        }
    }
    if let Some(words) = words {
        model.say(words, Role::Notice);
    }
    Some(effects)
}

/// Saves what there is to save.
fn save(model: &mut Model, leave: bool) -> Vec<Effect> {
    let question = model.editor.question();
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    if let Some(saving) = &mut document.saving {
        saving.leave |= leave;
        return Vec::new();
    }
    if !document.is_unsaved() && document.meanwhile.is_none() {
        model.say(
            "nothing has changed: there is nothing to save",
            Role::Notice,
        );
        return Vec::new();
    }
    let expected = document.revision;
    vec![Effect::Save(document.save(question, expected, leave))]
}

/// Leaves; a text that is not saved is asked about.
fn back(model: &mut Model) -> Vec<Effect> {
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    if document.buffer.selection().is_some() {
        let (line, character) = document.buffer.cursor();
        document.buffer.jump(line, character);
        return Vec::new();
    }
    if document.search.take().is_some() {
        return Vec::new();
    }
    let is_on_its_way = document
        .saving
        .as_ref()
        .is_some_and(|saving| saving.content == document.buffer.content());
    if is_on_its_way {
        if let Some(saving) = &mut document.saving {
            saving.leave = true;
        }
        return Vec::new();
    }
    if document.is_unsaved() {
        document.ask = Some(Ask::Unsaved);
        return Vec::new();
    }
    let kind = document.target.kind;
    leave(model, kind)
}

/// The answer to a question of the editor's.
pub(super) fn answer(model: &mut Model, action: Action) -> Vec<Effect> {
    let question = model.editor.question();
    let folder = drafts(model);
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    let Some(ask) = &mut document.ask else {
        return Vec::new();
    };
    match (ask, action) {
        (_, Action::No) => document.ask = None,
        (Ask::Unsaved, Action::SaveText) => {
            document.ask = None;
            return save(model, true);
        }
        (Ask::Unsaved, Action::DropText) => {
            let kind = document.target.kind;
            return leave(model, kind);
        }
        (Ask::OnDisk(on_disk), Action::OverwriteText) => {
            // What was shown is written over, and nothing else.
            let seen = on_disk.revision;
            document.ask = None;
            document.revision = seen;
            document.own.extend(seen);
            return vec![Effect::Save(document.save(question, seen, false))];
        }
        (Ask::OnDisk(on_disk), Action::ReloadText) => {
            if on_disk.revision.is_none() {
                // Nothing is there to take: the text is kept all the same, and the editor is left.
                document.meanwhile = Some(Meanwhile::Gone);
            }
            document.copying = Some((question, CopyFor::Reload));
            return vec![Effect::Save(document.copy(question, folder))];
        }
        (Ask::OnDisk(on_disk), action) => {
            if let Some(to) = movement(action) {
                on_disk.go(to);
            }
        }
        (Ask::Unsaved, _) => {}
    }
    Vec::new()
}

pub(super) fn act_on_prompt(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(document) = model.editor.document() else {
        return Vec::new();
    };
    let Some(prompt) = &document.prompt else {
        return Vec::new();
    };
    let (wanted, origin, text) = (prompt.wanted, prompt.origin, prompt.text());
    match (wanted, action) {
        (Wanted::Text, Action::FindNextText | Action::FindPreviousText) => {
            drop(document.find_again(action == Action::FindNextText));
        }
        (_, Action::Cancel) => {
            document.prompt = None;
            if wanted == Wanted::Text {
                document.search = None;
                document.buffer.jump(origin.0, origin.1);
            }
        }
        (Wanted::Text, Action::Send) => {
            document.prompt = None;
            if text.is_empty() {
                document.search = None;
            }
        }
        (_, Action::Send) => {
            document.prompt = None;
            match text.trim().parse::<usize>() {
                Ok(number) => document.buffer.jump(number.saturating_sub(1), 0),
                Err(_) => model.say(format!("`{text}` is no number of a line"), Role::Warning),
            }
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn act_on_notes(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let State::Notes(notes, _) = &mut model.editor.state else {
        return None;
    };
    if let Some(prompt) = &notes.prompt {
        let text = prompt.text();
        if matches!(action, Action::Send | Action::Cancel) {
            notes.prompt = None;
        }
        if action != Action::Send {
            return Some(Vec::new());
        }
        return Some(match notes::file_name(&text) {
            Ok(name) => open_note(model, &name),
            Err(why) => {
                model.say(why, Role::Warning);
                Vec::new()
            }
        });
    }
    if let Some(to) = movement(action) {
        notes.go(to);
        return Some(Vec::new());
    }
    match action {
        Action::NewNote => notes.prompt = Some(Prompt::new(Wanted::Name, (0, 0))),
        Action::Open => {
            let name = notes.selected()?.to_owned();
            return Some(open_note(model, &name));
        }
        Action::EditOutside => {
            let path = notes.folder.join(notes.selected()?);
            return Some(vec![Effect::HandOver(Outside::Editor { path, line: None })]);
        }
        Action::Back => {
            model.editor.state = State::Closed;
            return None;
        }
        _ => return None,
    }
    Some(Vec::new())
}
