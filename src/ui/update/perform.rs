//! What actions do.

use ratatui::layout::Rect;

use super::super::action::Action;
use super::super::command;
use super::super::composing;
use super::super::effect::Effect;
use super::super::layout::Pane;
use super::super::model::Model;
use super::super::overlay::{Input, LineOf, Overlay, Wish, help, palette};
use super::super::pages::{self, Page};
use super::super::panes::transcript::Toward;
use super::super::panes::{Move, evidence, moved};
use super::super::recording;
use super::super::taking;
use super::super::theme::Role;
use super::super::tickets;
use super::super::viewer;
use super::arrange::arrange;
use super::copying;
use super::movement::{focus, go, movement};
use super::reading;
use super::terminal;
use super::themes;
use crate::domain::ids::TicketId;
use crate::store::evidence::folder_of;

/// Does an action: a popup takes it first, then the page, then the panes.
pub(crate) fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Help { top }) => {
            if let Some(to) = movement(action) {
                let screen = Rect::new(0, 0, model.size.width, model.size.height);
                let top = *top;
                let last = help::last_top(model, screen);
                let top = moved(top, to, usize::from(screen.height)).min(last);
                model.overlay = Some(Overlay::Help { top });
            } else if action == Action::Palette {
                palette::open(model);
            } else {
                model.overlay = None;
            }
            return Vec::new();
        }
        Some(Overlay::Confirm(_)) => return answer(model, action),
        Some(Overlay::Input(_)) => return edit(model, action),
        Some(Overlay::Palette(_)) => return palette::act(model, action),
        Some(Overlay::Composer(_)) => return composing::act(model, action),
        Some(Overlay::Find(_) | Overlay::NewTicket(_)) => return tickets::choose(model, action),
        Some(Overlay::Themes(_)) => return themes::act(model, action),
        None => {}
    }
    if let Some(page) = model.page
        && let Some(effects) = pages::act(model, page, action)
    {
        return effects;
    }
    if let Some(effects) = copying::perform(model, action) {
        return effects;
    }
    if let Some(to) = movement(action) {
        return go(model, model.focus, to);
    }
    if let Some(effects) = terminal::perform(model, action) {
        return effects;
    }
    if let Some(effects) = tickets::perform(model, action) {
        return effects;
    }
    if let Some(effects) = reading::perform(model, action) {
        return effects;
    }
    match action {
        Action::FocusQueue | Action::LeaveTerminal => focus(model, Pane::Queue),
        Action::FocusTranscript => focus(model, Pane::Transcript),
        Action::FocusEvidence => focus(model, Pane::Evidence),
        Action::ScrollbackUp => model.terminal.scroll(1),
        Action::ScrollbackDown => model.terminal.scroll(-1),
        Action::NextPane => step_focus(model, 1),
        Action::PreviousPane => step_focus(model, -1),
        Action::Zoom => {
            model.zoom = !model.zoom;
            model.zoom_is_lent = false;
        }
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
            let input = Input::new(LineOf::Filter, &text, &model.look);
            model.overlay = Some(Overlay::Input(Box::new(input)));
        }
        Action::FollowRun => {
            model.follows_run = true;
            if let Some(ticket) = newest_active(model) {
                model.queue.select_ticket(&ticket);
            }
        }
        Action::NextWaiting => {
            model.page = None;
            model.follows_run = false;
            if !model.queue.select_next_waiting(&model.board, model.now) {
                model.say("nothing waits for you", Role::Notice);
            }
        }
        Action::Diff => {
            if model.view().is_some_and(|view| view.attempt.is_some()) {
                return pages::open(model, Page::Review);
            }
            model.say("there is no diff yet", Role::Notice);
        }
        Action::Verify
        | Action::Export
        | Action::CompareAttempts
        | Action::OpenInPager
        | Action::OpenInEditor
        | Action::CopyPath => return evidence::act(model, action),
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
        Action::Themes => return themes::open(model),
        Action::Inbox => return pages::open(model, Page::Inbox),
        Action::Overview => return pages::open(model, Page::Overview),
        Action::Edit => return pages::open(model, Page::Editor),
        Action::EditOutside => return pages::editor::outside(model),
        Action::Notes => return pages::editor::open_notes(model),
        Action::Help => model.overlay = Some(Overlay::Help { top: 0 }),
        Action::Palette => palette::open(model),
        Action::Wider
        | Action::Narrower
        | Action::Taller
        | Action::Lower
        | Action::EvenPanes
        | Action::HidePane
        | Action::NextLayout => arrange(model, action),
        Action::Suspend => return vec![Effect::Suspend],
        Action::StopRun => return command::interrupt(model),
        Action::Quit => return command::quit(model),
        Action::TakeOver => return viewer::take_over(model),
        Action::TakeOverAgent => return taking::ask(model),
        Action::HandBack => return taking::hand_back(model),
        Action::Record => return recording::toggle(model),
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
    if let Some(Overlay::Confirm(confirm)) = &mut model.overlay {
        if let Some(to) = movement(action) {
            confirm.go(to);
            return Vec::new();
        }
        if action == Action::Yes && confirm.is_unread() {
            model.say("read it to its end first", Role::Notice);
            return Vec::new();
        }
    }
    let is_paste = |overlay: &Option<Overlay>| matches!(overlay, Some(Overlay::Confirm(confirm)) if matches!(confirm.wish, Wish::Paste(_)));
    if action == Action::PasteAsLine && !is_paste(&model.overlay) {
        return Vec::new();
    }
    let Some(Overlay::Confirm(confirm)) = model.overlay.take() else {
        return Vec::new();
    };
    if let (Action::PasteAsLine, Wish::Paste(pasting)) = (action, &confirm.wish) {
        return model.terminal.paste_after_all(pasting, true);
    }
    if action == Action::Yes {
        command::confirmed(model, confirm.wish)
    } else {
        Vec::new()
    }
}

fn edit(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(to) = movement(action) {
        if let Some(Overlay::Input(input)) = &model.overlay
            && input.of == LineOf::Search
        {
            let toward = match to {
                Move::Lines(..=-1) => Toward::Back,
                _ => Toward::Forth,
            };
            return model.transcript.go_to_match(toward, false);
        }
        if copying::step_search(model, to) {
            return Vec::new();
        }
        if !matches!(&model.overlay, Some(Overlay::Input(input)) if input.of == LineOf::TabName) {
            model.queue.go(to);
        }
        return Vec::new();
    }
    let Some(Overlay::Input(input)) = model.overlay.take() else {
        return Vec::new();
    };
    let is_sent = action == Action::Send;
    match input.of {
        LineOf::Filter if is_sent => {}
        LineOf::Filter => model.queue.set_filter(""),
        LineOf::Search if is_sent && !input.text().is_empty() => {
            let effects = model.transcript.go_to_match(Toward::Forth, true);
            return reading::told(model, effects);
        }
        LineOf::Search => {
            model.transcript.end_search();
        }
        LineOf::TabName if is_sent => model.terminal.rename(&input.text()),
        LineOf::TabName => {}
        LineOf::Terminal => copying::end_search(model, is_sent && !input.text().is_empty()),
    }
    Vec::new()
}

/// The panes that Tab goes through: those that are there to be seen, on a small screen all of them.
fn step_focus(model: &mut Model, step: isize) {
    let mut panes = vec![Pane::Queue, Pane::Transcript, Pane::Evidence];
    if model.terminal.is_open() {
        panes.push(Pane::Terminal);
    }
    panes.retain(|pane| *pane == model.focus || !model.shape.hides(*pane));
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
        Pane::Transcript => model.transcript.toggle_item(),
        Pane::Evidence => {
            let effects = pages::player::open_selected(model);
            return effects.unwrap_or_else(|| model.evidence.open());
        }
        // The shell has ended: its screen was looked at.
        Pane::Terminal => {
            let effects = model.terminal.close();
            if !model.terminal.is_open() {
                focus(model, Pane::Queue);
            }
            return effects;
        }
    }
    Vec::new()
}

fn back(model: &mut Model) {
    if model.focus == Pane::Evidence && model.evidence.leave_preview() {
        return;
    }
    if model.focus == Pane::Transcript
        && (model.transcript.end_search() || model.transcript.unmark())
    {
        return;
    }
    if model.zoom {
        model.zoom = false;
    } else if model.focus != Pane::Queue {
        focus(model, Pane::Queue);
    } else if !model.queue.unmark() {
        model.queue.set_filter("");
    }
}

/// The terminal of the selected ticket's agent, while there is one to look at.
pub(super) fn attach(model: &mut Model) -> Option<Result<Vec<Effect>, String>> {
    let view = model
        .view()
        .filter(|view| command::has_terminal(model, view))?;
    let (run, attempt) = (view.run, view.attempt.clone()?);
    let name = model.queue.entry()?.name.digits().to_owned();
    let looks = if model.viewer { ", to look at" } else { "" };
    let label = format!("{} of {name}{looks}", view.agent);
    let evidence = folder_of(&model.evidence_root, run, &attempt);
    Some(model.terminal.attach(attempt, evidence, label))
}
