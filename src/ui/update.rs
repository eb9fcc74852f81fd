//! The only place that changes the model: a message in, effects out. No I/O, no clock.

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::action::Action;
use super::command;
use super::effect::{Effect, Loaded, TerminalId};
use super::keymap::{Key, Meaning};
use super::layout::{Pane, inside};
use super::model::Model;
use super::overlay::{Input, Overlay, Purpose, help};
use super::panes::{Move, moved};
use super::session::UiEnd;
use super::terminals::TerminalEvent;
use super::theme::Role;
use crate::domain::board::Feed;
use crate::domain::event::Event;

/// What came.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something that changes nothing but what is to be painted: a new size.
    Nothing,
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// A signal came.
    Signal(Signal),
    /// The runner tells something.
    Feed(Feed),
    /// The runner has ended.
    FeedEnded,
    /// A file was read.
    Loaded(Loaded),
    /// A program on a terminal did something.
    Terminal(TerminalId, TerminalEvent),
}

/// A signal to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP, or the terminal can't be read any more.
    HangUp,
    /// SIGTERM.
    Terminate,
    /// SIGINT from outside; Ctrl-C is a key.
    Interrupt,
}

/// Takes a message in.
pub(crate) fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) if key.kind != KeyEventKind::Release => on_key(model, key),
        Message::Key(_) | Message::Nothing => Vec::new(),
        Message::Paste(text) => on_paste(model, &text),
        Message::Mouse(mouse) => on_mouse(model, mouse),
        Message::Signal(Signal::HangUp) => vec![Effect::End(UiEnd::HungUp)],
        Message::Signal(Signal::Terminate) => command::terminate(model),
        Message::Signal(Signal::Interrupt) => command::interrupt(model),
        Message::Feed(feed) => on_feed(model, feed),
        Message::FeedEnded => {
            vec![Effect::End(model.leaving.unwrap_or(UiEnd::RunnerEnded))]
        }
        Message::Loaded(loaded) => on_loaded(model, loaded),
        Message::Terminal(terminal, event) => {
            model.terminal.event(terminal, event);
            Vec::new()
        }
    }
}

fn on_feed(model: &mut Model, feed: Feed) -> Vec<Effect> {
    match feed {
        Feed::Queue(queue) => {
            model.queue.set_queue(queue);
            Vec::new()
        }
        Feed::Event(envelope) => {
            model.board.apply(&envelope);
            let event = &envelope.event;
            if matches!(
                event,
                Event::RunStarted { .. }
                    | Event::RunResumed
                    | Event::StepRetried { .. }
                    | Event::Refused { .. }
            ) {
                model.start_is_asked = false;
            }
            if let Event::AttemptStarted { ticket, .. } = event
                && model.follows_run
            {
                model.queue.select_ticket(ticket);
            }
            if changes_readiness(event) {
                model.queue.outdate();
            }
            if let Event::Refused { .. } = event
                && let Some(refused) = model.board.refused.clone()
            {
                model.say(refused, Role::Warning);
            }
            if model.leaving.is_some() && !model.run_is_alive() {
                return vec![Effect::End(model.leaving.unwrap_or(UiEnd::Quit))];
            }
            let concerns_evidence = event.attempt().is_some_and(|attempt| {
                let ticket = model.board.ticket_of(attempt);
                ticket.is_some() && ticket == model.queue.selected()
            });
            if concerns_evidence {
                model.evidence.list()
            } else {
                Vec::new()
            }
        }
        Feed::Advanced { attempt, bytes } => model.transcript.advanced(&attempt, bytes),
        Feed::Status { attempt, status } => {
            model.board.set_status(&attempt, status);
            Vec::new()
        }
        Feed::Used { attempt, usage } => {
            model.board.set_usage(&attempt, usage);
            Vec::new()
        }
        Feed::RunOver { .. } => {
            model.start_is_asked = false;
            match model.leaving {
                Some(why) => vec![Effect::End(why)],
                None => Vec::new(),
            }
        }
        Feed::Trouble(text) => {
            model.say(text, Role::Error);
            Vec::new()
        }
    }
}

/// Whether other tickets may become ready, or cease to be, by this.
fn changes_readiness(event: &Event) -> bool {
    matches!(
        event,
        Event::StepFinished { .. }
            | Event::StepRetried { .. }
            | Event::StepStarted { .. }
            | Event::StepSkipped { .. }
            | Event::TicketWritten { .. }
            | Event::AttemptFinished { .. }
            | Event::RunStarted { .. }
            | Event::RunFinished { .. }
    )
}

fn on_loaded(model: &mut Model, loaded: Loaded) -> Vec<Effect> {
    match loaded {
        Loaded::Transcript {
            question,
            part,
            slice,
        } => model.transcript.loaded(question, part, slice),
        Loaded::Evidence { question, runs } => model.evidence.listed(question, runs),
        Loaded::Preview { question, content } => {
            model.evidence.previewed(question, content);
            Vec::new()
        }
    }
}

fn on_key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    model.notice = None;
    let contexts = model.contexts();
    model.pressed.push(Key::from(event));
    match model.keymap.meaning(&contexts, &model.pressed) {
        Meaning::Action(action) => {
            model.pressed.clear();
            perform(model, action)
        }
        Meaning::Begun => Vec::new(),
        Meaning::None => {
            let was_sequence = model.pressed.len() > 1;
            model.pressed.clear();
            if was_sequence {
                // What the second key means by itself was not meant.
                return Vec::new();
            }
            typed(model, event)
        }
    }
}

/// A key that is bound to nothing: text fields and shells take it.
fn typed(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Input(input)) => {
            input.key(event);
            follow_filter(model);
            Vec::new()
        }
        None if model.focus == Pane::Terminal => model.terminal.key(event),
        Some(_) | None => Vec::new(),
    }
}

/// The queue follows the filter while it is typed.
fn follow_filter(model: &mut Model) {
    if let Some(Overlay::Input(input)) = &model.overlay
        && input.is_filter()
    {
        model.queue.set_filter(&input.text());
    }
}

fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Input(input)) => {
            input.paste(text);
            follow_filter(model);
            Vec::new()
        }
        Some(_) => Vec::new(),
        None if model.focus == Pane::Terminal => model.terminal.paste(text),
        // Pasted text presses no keys.
        None => {
            model.say("pasted text goes into a reply or a terminal", Role::Notice);
            Vec::new()
        }
    }
}

fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    if model.overlay.is_some() {
        return Vec::new();
    }
    let places = model.places();
    let Some(pane) = places.at(mouse.column, mouse.row) else {
        return Vec::new();
    };
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::Down(MouseButton::Left) => {
            focus(model, pane);
            let inner = places.of(pane).map(inside).unwrap_or_default();
            let line = mouse.row.checked_sub(inner.y);
            let Some(line) = line.filter(|line| *line < inner.height) else {
                return Vec::new();
            };
            return match pane {
                Pane::Queue => {
                    model.queue.select_line(line);
                    Vec::new()
                }
                Pane::Evidence => model.evidence.select_line(line),
                Pane::Transcript | Pane::Terminal => Vec::new(),
            };
        }
        _ => return Vec::new(),
    };
    go(model, pane, Move::Lines(lines))
}

fn focus(model: &mut Model, pane: Pane) {
    model.follows_run = false;
    model.focus = pane;
}

/// Moves in a pane.
fn go(model: &mut Model, pane: Pane, to: Move) -> Vec<Effect> {
    model.follows_run = false;
    match pane {
        Pane::Queue => {
            model.queue.go(to);
            Vec::new()
        }
        Pane::Transcript => {
            let places = model.places();
            let columns = places.transcript.map_or(0, |area| inside(area).width);
            model.transcript.go(to, &model.look, columns)
        }
        Pane::Evidence => model.evidence.go(to),
        Pane::Terminal => {
            match to {
                Move::Lines(count) | Move::Pages(count) => model.terminal.scroll(-count),
                Move::Top | Move::End => {}
            }
            Vec::new()
        }
    }
}

fn movement(action: Action) -> Option<Move> {
    Some(match action {
        Action::Up => Move::Lines(-1),
        Action::Down => Move::Lines(1),
        Action::PageUp => Move::Pages(-1),
        Action::PageDown => Move::Pages(1),
        Action::Top => Move::Top,
        Action::End => Move::End,
        _ => return None,
    })
}

fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
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
        Action::Help => model.overlay = Some(Overlay::Help { top: 0 }),
        Action::Suspend => return vec![Effect::Suspend],
        Action::StopRun => return command::interrupt(model),
        Action::Quit => return command::quit(model),
        _ => return command::perform(model, action),
    }
    Vec::new()
}

/// The ticket that began last of those that something works on.
fn newest_active(model: &Model) -> Option<crate::domain::ids::TicketId> {
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
