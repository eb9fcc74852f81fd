//! What actions do.

use ratatui::layout::Rect;

use super::super::action::Action;
use super::super::command;
use super::super::effect::Effect;
use super::super::layout::Pane;
use super::super::model::Model;
use super::super::overlay::{Input, Overlay, Purpose, help};
use super::super::pages::{self, Page};
use super::super::panes::moved;
use super::super::theme::Role;
use super::super::viewer;
use super::movement::{focus, go, movement};
use crate::domain::ids::TicketId;

/// Does an action: a popup takes it first, then the page, then the panes.
pub(crate) fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Help { top }) => {
            if let Some(to) = movement(action) {
                let screen = Rect::new(0, 0, model.size.width, model.size.height);
                let last = help::last_top(&model.keymap, screen, &model.look);
                *top = moved(*top, to, usize::from(screen.height)).min(last);
            } else {
                model.overlay = None;
            }
            return Vec::new();
        }
        Some(Overlay::Confirm(_)) => return answer(model, action),
        Some(Overlay::Input(_)) => return edit(model, action),
        None => {}
    }
    if let Some(page) = model.page
        && let Some(effects) = pages::act(model, page, action)
    {
        return effects;
    }
    if let Some(to) = movement(action) {
        return go(model, model.focus, to);
    }
    match action {
        Action::FocusQueue | Action::LeaveTerminal => focus(model, Pane::Queue),
        Action::FocusTranscript => focus(model, Pane::Transcript),
        Action::FocusEvidence => focus(model, Pane::Evidence),
        Action::Terminal => return open_terminal(model),
        Action::ScrollbackUp => model.terminal.scroll(1),
        Action::ScrollbackDown => model.terminal.scroll(-1),
        Action::NextPane => step_focus(model, 1),
        Action::PreviousPane => step_focus(model, -1),
        Action::Zoom => model.zoom = !model.zoom,
        Action::ToggleDetails => model.transcript.toggle_details(),
        Action::Open => return open(model),
        Action::Close => {
            if !model.evidence.close() {
                focus(model, Pane::Queue);
            }
        }
        Action::Back => back(model),
        Action::Filter => {
            focus(model, Pane::Queue);
            let text = model.queue.filter().to_owned();
            let input = Input::new(Purpose::Filter, &text, &model.look);
            model.overlay = Some(Overlay::Input(Box::new(input)));
        }
        Action::FollowRun => {
            model.follows_run = true;
            if let Some(ticket) = newest_active(model) {
                model.queue.select_ticket(&ticket);
            }
        }
        Action::NextWaiting => {
            model.follows_run = false;
            if !model.queue.select_next_waiting(&model.board, model.now) {
                model.say("nothing waits for you", Role::Notice);
            }
        }
        Action::Diff => {
            focus(model, Pane::Evidence);
            let effects = model.evidence.open_file("diff.patch");
            if effects.is_empty() {
                model.say("there is no diff yet", Role::Notice);
            }
            return effects;
        }
        Action::ToggleMouse => {
            model.mouse = !model.mouse;
            let words = if model.mouse {
                "the mouse is docket's"
            } else {
                "the mouse is your terminal's"
            };
            model.say(words, Role::Notice);
            return vec![Effect::SetMouse(model.mouse)];
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Inbox => return pages::open(model, Page::Inbox),
        Action::Overview => return pages::open(model, Page::Overview),
        Action::Edit => return pages::open(model, Page::Editor),
        Action::Help => model.overlay = Some(Overlay::Help { top: 0 }),
        Action::Suspend => return vec![Effect::Suspend],
        Action::StopRun => return command::interrupt(model),
        Action::Quit => return command::quit(model),
        Action::TakeOver => return viewer::take_over(model),
        _ => return command::perform(model, action),
    }
    Vec::new()
}

/// The ticket that began last of those that something works on.
fn newest_active(model: &Model) -> Option<TicketId> {
    let active = model.board.tickets.iter();
    let newest = active
        .filter(|(_, view)| view.state.is_active())
        .max_by_key(|(_, view)| view.since);
    newest.map(|(ticket, _)| ticket.clone())
}

fn answer(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::StopRun {
        return command::interrupt(model);
    }
    let Some(Overlay::Confirm(confirm)) = model.overlay.take() else {
        return Vec::new();
    };
    if action == Action::Yes {
        command::confirmed(model, confirm.wish)
    } else {
        Vec::new()
    }
}

fn edit(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(to) = movement(action) {
        model.queue.go(to);
        return Vec::new();
    }
    if action == Action::NewLine {
        if let Some(Overlay::Input(input)) = &mut model.overlay {
            input.new_line();
        }
        return Vec::new();
    }
    let Some(Overlay::Input(input)) = model.overlay.take() else {
        return Vec::new();
    };
    if action == Action::Send {
        let text = input.text();
        return command::typed(model, input.purpose, &text);
    }
    if input.is_filter() {
        model.queue.set_filter("");
    }
    Vec::new()
}

/// The panes that Tab goes through: those that are there to be seen, on a small screen all of them.
fn step_focus(model: &mut Model, step: isize) {
    let mut panes = vec![Pane::Queue, Pane::Transcript, Pane::Evidence];
    if model.terminal.is_open() {
        panes.push(Pane::Terminal);
    }
    let count = panes.len() as isize;
    let at = panes.iter().position(|pane| *pane == model.focus);
    let next = (at.unwrap_or(0) as isize + step).rem_euclid(count);
    if let Some(pane) = panes.get(next as usize) {
        focus(model, *pane);
    }
}

fn open(model: &mut Model) -> Vec<Effect> {
    match model.focus {
        Pane::Queue => focus(model, Pane::Transcript),
        Pane::Transcript => model.transcript.toggle_details(),
        Pane::Evidence => return model.evidence.open(),
        // The shell has ended: its screen was looked at.
        Pane::Terminal => {
            let effects = model.terminal.close();
            focus(model, Pane::Queue);
            return effects;
        }
    }
    Vec::new()
}

fn back(model: &mut Model) {
    if model.focus == Pane::Evidence && model.evidence.leave_preview() {
        return;
    }
    if model.zoom {
        model.zoom = false;
    } else if model.focus != Pane::Queue {
        focus(model, Pane::Queue);
    } else {
        model.queue.set_filter("");
    }
}

/// A shell where the selected ticket's attempt works, or in the repository.
fn open_terminal(model: &mut Model) -> Vec<Effect> {
    let workspace = model.view().and_then(|view| view.workspace.as_ref());
    let (folder, label) = match (workspace, model.queue.entry()) {
        (Some(workspace), Some(entry)) if workspace.branch.is_some() => (
            workspace.path.clone(),
            format!("worktree of {}", entry.name.digits()),
        ),
        _ => (model.repository_root.clone(), model.repository_name.clone()),
    };
    match model.terminal.open(folder, label) {
        Ok(effects) => {
            focus(model, Pane::Terminal);
            effects
        }
        Err(why) => {
            model.say(why, Role::Warning);
            Vec::new()
        }
    }
}
