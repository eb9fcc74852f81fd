//! What the terminal pane does: where shells are opened, its own keys, the mouse, pastes, and what is asked before an end.

use std::path::Path;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::action::Action;
use super::super::effect::{Effect, Loaded, TerminalId, WhyLook};
use super::super::keymap::Key;
use super::super::layout::{Pane, inside};
use super::super::model::Model;
use super::super::overlay::{Confirm, Input, Leaving, LineOf, Overlay, Wish};
use super::super::panes::terminal::{Keeping, Pasted, Place, Split, evidence_folder};
use super::super::session::UiEnd;
use super::super::terminals::{Foreground, Launch};
use super::super::text;
use super::super::theme::Role;
use super::super::view::terminal::titles_at;
use super::movement::focus;
use super::perform::attach;
use crate::domain::attempt::Workspace;

/// What a shell among the evidence is not for: one file too many there, and the attempt proves nothing.
const LOOK_ONLY: &str =
    "only look here: a file written here makes the attempt count as tampered with";

/// Does an action of the pane's own; `None` for another one.
pub(super) fn perform(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let done: Result<Vec<Effect>, String> = match action {
        Action::Terminal => {
            if let Some(attached) = attach(model) {
                attached
            } else {
                let place = worktree(model).unwrap_or_else(|_| repository(model));
                model.terminal.open(place)
            }
        }
        Action::NewTab => {
            let place = repository(model);
            model.terminal.tab_beside(place).map(|()| Vec::new())
        }
        Action::NewTabWorktree => worktree(model).and_then(|place| open(model, place)),
        Action::NewTabRepository => {
            let place = repository(model);
            open(model, place)
        }
        Action::NewTabEvidence => evidence(model).and_then(|place| {
            let effects = open(model, place)?;
            model.say(LOOK_ONLY, Role::Warning);
            Ok(effects)
        }),
        Action::SplitBeside => split(model, Split::Beside),
        Action::SplitBelow => split(model, Split::Below),
        _ => return on_open(model, action),
    };
    Some(match done {
        Ok(effects) => {
            focus(model, Pane::Terminal);
            effects
        }
        Err(why) => {
            model.say(why, Role::Warning);
            Vec::new()
        }
    })
}

/// The actions for which there must be a terminal.
fn on_open(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let numbered = numbered(action);
    let is_own = numbered.is_some()
        || matches!(
            action,
            Action::NextTab
                | Action::PreviousTab
                | Action::NextProgram
                | Action::PreviousProgram
                | Action::RenameTab
                | Action::CloseTerminal
                | Action::ReopenTerminal
                | Action::SendChord
        );
    if !is_own {
        return None;
    }
    if !model.terminal.is_open() {
        model.say("no terminal is open", Role::Notice);
        return Some(Vec::new());
    }
    focus(model, Pane::Terminal);
    if let Some(index) = numbered
        && !model.terminal.show_tab(index)
    {
        model.say(format!("there is no tab {}", index + 1), Role::Notice);
    }
    match action {
        Action::NextTab => model.terminal.step_tab(1),
        Action::PreviousTab => model.terminal.step_tab(-1),
        Action::NextProgram => model.terminal.step_program(1),
        Action::PreviousProgram => model.terminal.step_program(-1),
        Action::RenameTab => {
            let input = Input::new(LineOf::TabName, model.terminal.own_name(), &model.look);
            model.overlay = Some(Overlay::Input(Box::new(input)));
        }
        Action::CloseTerminal => return Some(close(model)),
        Action::ReopenTerminal => return Some(model.terminal.reopen()),
        Action::SendChord => {
            let chord = model.keymap.chord();
            return Some(model.terminal.key(chord.into()));
        }
        _ => {}
    }
    Some(Vec::new())
}

/// Which tab an action is about, from 0.
pub(in crate::ui) fn numbered(action: Action) -> Option<usize> {
    const TABS: [Action; 8] = [
        Action::Tab1,
        Action::Tab2,
        Action::Tab3,
        Action::Tab4,
        Action::Tab5,
        Action::Tab6,
        Action::Tab7,
        Action::Tab8,
    ];
    TABS.iter().position(|tab| *tab == action)
}

fn open(model: &mut Model, place: Place) -> Result<Vec<Effect>, String> {
    model.terminal.launch(Launch::Shell, place)?;
    Ok(Vec::new())
}

fn split(model: &mut Model, split: Split) -> Result<Vec<Effect>, String> {
    model.terminal.split(split)?;
    Ok(Vec::new())
}

fn repository(model: &Model) -> Place {
    Place {
        folder: model.repository_root.clone(),
        label: "repository".to_owned(),
    }
}

/// Where the selected ticket's attempt works: its worktree, or the repository when it works in place.
fn worktree(model: &Model) -> Result<Place, String> {
    let entry = model.queue.entry().ok_or("no ticket is selected")?;
    let workspace = model.view().and_then(|view| view.workspace.as_ref());
    match workspace {
        Some(Workspace {
            path,
            branch: Some(_),
        }) => Ok(Place {
            folder: path.clone(),
            label: format!("{} worktree", entry.name.digits()),
        }),
        Some(_) => Ok(repository(model)),
        None => Err(format!("{} has no worktree now", entry.name)),
    }
}

/// The evidence of the selected ticket's attempt: the one at work, or the last.
fn evidence(model: &Model) -> Result<Place, String> {
    let entry = model.queue.entry().ok_or("no ticket is selected")?;
    let live = model.view().and_then(|view| {
        let attempt = view.attempt.as_ref()?;
        Some((view.run.to_string(), attempt.number))
    });
    let last = || {
        let run = model.evidence.runs().last()?;
        Some((run.run.clone(), run.attempts.last()?.number))
    };
    let (run, attempt) = live
        .or_else(last)
        .ok_or_else(|| format!("{} has no evidence yet", entry.name))?;
    Ok(Place {
        folder: evidence_folder(&model.evidence_root, &run, entry.name.as_str(), attempt),
        label: format!("{} evidence", entry.name.digits()),
    })
}

/// What was pressed after the chord means nothing: it is said, and not typed.
pub(super) fn unknown(model: &mut Model, pressed: &[Key], is_dropped: bool) {
    let chord = model.keymap.chord();
    if is_dropped || model.focus != Pane::Terminal || pressed.first() != Some(&chord) {
        return;
    }
    let keys: Vec<String> = pressed.iter().map(ToString::to_string).collect();
    let keys = keys.join(" ");
    model.say(
        format!("{keys} means nothing here; {chord} ? shows what does"),
        Role::Notice,
    );
}

/// Closes the shown terminal: at once when it has ended, else after a look at what runs there.
fn close(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.terminal.shown_id() else {
        return Vec::new();
    };
    if !model.terminal.alive().contains(&id) {
        return closed(model, id);
    }
    vec![Effect::LookAtTerminals {
        why: WhyLook::Close(id),
        terminals: vec![id],
    }]
}

/// Closes a terminal; the last one takes the keys with it.
pub(in crate::ui) fn closed(model: &mut Model, id: TerminalId) -> Vec<Effect> {
    let effects = model.terminal.close_it(id);
    if !model.terminal.is_open() && model.focus == Pane::Terminal {
        focus(model, Pane::Queue);
    }
    effects
}

/// The user wants to leave: what runs in terminals is looked at first. `None` when there is none.
pub(in crate::ui) fn before_leaving(model: &Model) -> Option<Vec<Effect>> {
    let terminals = model.terminal.alive();
    (!terminals.is_empty()).then(|| {
        vec![Effect::LookAtTerminals {
            why: WhyLook::Leave,
            terminals,
        }]
    })
}

/// Who has the keys on terminals is known: what is asked about that.
pub(super) fn looked(
    model: &mut Model,
    why: WhyLook,
    found: Vec<(TerminalId, Option<Foreground>)>,
) -> Vec<Effect> {
    // Whatever was opened meanwhile is what the user looks at.
    if model.overlay.is_some() {
        return Vec::new();
    }
    let alive = model.terminal.alive();
    let mut shells = Vec::new();
    for (id, foreground) in found {
        // What ended meanwhile is nobody's loss.
        let Some(name) = model.terminal.name_of(id).filter(|_| alive.contains(&id)) else {
            continue;
        };
        let launch = model.terminal.launch_of(id);
        shells.push((name, runs(launch, foreground.as_ref())));
    }
    let wish = match (why, shells.pop()) {
        (WhyLook::Close(id), Some((name, Some(what)))) => {
            Wish::CloseTerminal(id, format!("{name} {what}"))
        }
        (WhyLook::Close(id), _) => return closed(model, id),
        (WhyLook::Leave, None) => return leave(model),
        (WhyLook::Leave, Some(last)) => {
            shells.push(last);
            let lines = shells.into_iter().map(|(name, what)| match what {
                Some(what) => format!("{name} {what}"),
                None => name,
            });
            Wish::Leave(Box::new(Leaving {
                stops_run: !model.viewer && model.run_is_alive(),
                shells: lines.collect(),
            }))
        }
    };
    model.overlay = Some(Overlay::Confirm(Confirm::new(wish)));
    Vec::new()
}

/// `runs vim`; `None` for a shell that waits for a command.
fn runs(launch: Option<&Launch>, foreground: Option<&Foreground>) -> Option<String> {
    match foreground {
        Some(Foreground::Itself) => match launch {
            // Only a shell waits for a command: any other program is at work, whatever it has the keys for.
            Some(Launch::Agent { agent, .. }) => Some(format!("runs {}", text::clean(agent))),
            Some(Launch::Program { argv, .. }) => {
                let name = argv.first().map(Path::new).and_then(Path::file_name);
                let name = name.map_or_else(|| "something".into(), |name| name.to_string_lossy());
                Some(format!("runs {}", text::clean(&name)))
            }
            Some(Launch::Shell | Launch::Attempt { .. }) | None => None,
        },
        Some(Foreground::Other(Some(name))) => Some(format!("runs {}", text::clean(name))),
        Some(Foreground::Other(None)) => Some("runs something".to_owned()),
        None => Some("may run something".to_owned()),
    }
}

/// All terminals have ended while docket looked: it is left as if there had been none.
fn leave(model: &mut Model) -> Vec<Effect> {
    if model.viewer || !model.run_is_alive() {
        return vec![Effect::End(UiEnd::Quit)];
    }
    model.overlay = Some(Overlay::Confirm(Confirm::new(Wish::Quit)));
    Vec::new()
}

/// Pasted text for the terminal.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.terminal.paste(text) {
        Pasted::Sent(effects) => return effects,
        Pasted::Ask(pasting) => {
            let wish = Wish::Paste(Box::new(pasting));
            model.overlay = Some(Overlay::Confirm(Confirm::new(wish)));
        }
        Pasted::Refused(why) => model.say(why, Role::Warning),
    }
    Vec::new()
}

/// The mouse in the terminal; `None` when it is about something else.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Option<Vec<Effect>> {
    if let Some(effects) = model.terminal.mouse_held(mouse) {
        return Some(effects);
    }
    let area = model.places().terminal?;
    let position = Position::new(mouse.column, mouse.row);
    if model.dragged.is_some() || !area.contains(position) {
        return None;
    }
    if mouse.row == area.y && mouse.kind == MouseEventKind::Down(MouseButton::Left) {
        let tab = titles_at(model, area, mouse.column)?;
        focus(model, Pane::Terminal);
        model.terminal.show_tab(tab);
        return Some(Vec::new());
    }
    if !inside(area).contains(position) {
        return None;
    }
    if matches!(mouse.kind, MouseEventKind::Down(_)) {
        focus(model, Pane::Terminal);
    }
    let is_ours = mouse.modifiers.contains(KeyModifiers::SHIFT);
    model.terminal.mouse(mouse, is_ours)
}

/// What came for the pane from where it is not drawn.
pub(super) fn loaded(model: &mut Model, loaded: Loaded) -> Vec<Effect> {
    let told = match loaded {
        Loaded::Terminals { path, restored } => model.terminal.restored(path, restored),
        Loaded::TerminalsKept { result } => model.terminal.written(result),
        Loaded::Foreground { why, found } => return looked(model, why, found),
        _ => None,
    };
    if let Some(told) = told {
        model.say(told, Role::Warning);
    }
    Vec::new()
}

/// What is to be written of the terminals at the end.
pub(in crate::ui) fn unkept(model: &mut Model) -> Option<Keeping> {
    (!model.viewer).then(|| model.terminal.unkept()).flatten()
}
