//! Whether an action would do something here and now: hints leave out what wouldn't, the palette says so.
//!
//! No rule of the runner: it has the last word on whatever is asked of it.

use super::action::Action;
use super::command;
use super::layout::Pane;
use super::model::Model;
use super::pages::{self, Page};
use super::taking;
use crate::domain::attempt::Need;
use crate::domain::board::{PhaseView, TicketState, TicketView};
use crate::domain::inbox;

/// What answers would be about: on a page it is what the page shows, whatever the queue has selected.
fn shown(model: &Model) -> Option<&TicketView> {
    let ticket = match model.page {
        Some(Page::Review) => model.review.ticket()?,
        _ => model.queue.selected()?,
    };
    model.board.tickets.get(ticket)
}

/// Whether there is a yes or a no to say to it.
fn decides(model: &Model) -> bool {
    shown(model).is_some_and(|view| {
        !view.requests.is_empty() || matches!(inbox::need(&view.state), Some(Need::Review { .. }))
    })
}

/// Whether an action would do something.
pub(crate) fn available(model: &Model, action: Action) -> bool {
    // There, what is said is said to what is selected in the list, whatever the panes below have selected.
    if model.page == Some(Page::Inbox)
        && let Some(does) = pages::inbox::does(model, action)
    {
        return does;
    }
    let phase = model.board.run.as_ref().map(|run| run.phase);
    let entry = model.queue.entry();
    let view = model.view();
    let state = view.map(|view| &view.state);
    let is_active = state.is_some_and(TicketState::is_active);
    let is_done = state.is_some_and(|state| state.proof().is_some());
    let has_attempt = view.is_some_and(|view| view.attempt.is_some());
    match action {
        Action::Start => {
            model.queue.total() > 0
                && !matches!(phase, Some(PhaseView::Running | PhaseView::Ending { .. }))
        }
        Action::StartOnly => entry.is_some() && !is_active && !is_done,
        Action::TogglePause => matches!(phase, Some(PhaseView::Running | PhaseView::Paused)),
        Action::StopTicket => {
            let waits = matches!(
                state,
                Some(TicketState::Waiting { .. } | TicketState::BackingOff { .. })
            );
            model.run_is_told() && (is_active || waits)
        }
        Action::Retry => match state {
            Some(TicketState::Finished { .. }) => !is_done,
            Some(TicketState::Skipped) => true,
            _ => matches!(command::need(model), Some(Need::Review { .. })),
        },
        Action::Skip => {
            model.run_is_told()
                && entry.is_some()
                && matches!(state, None | Some(TicketState::Queued))
        }
        Action::Approve | Action::Reject => decides(model),
        Action::AllowTicket | Action::AllowAlways => {
            shown(model).is_some_and(|view| !view.requests.is_empty())
        }
        Action::Reply => {
            shown(model).is_some_and(|view| view.attempt.is_some() && view.state.proof().is_none())
        }
        Action::Steer | Action::Interrupt => {
            shown(model).is_some_and(|view| view.state == TicketState::Running)
        }
        Action::Claim | Action::EndTurn => view.is_some_and(|view| {
            view.state == TicketState::Running && command::has_terminal(model, view)
        }),
        Action::Unskip => state == Some(&TicketState::Skipped),
        Action::Record => model.terminal.is_alive(),
        Action::TakeOver => model.viewer,
        Action::TakeOverAgent => view.is_some_and(|view| taking::could_be_taken(model, view)),
        Action::HandBack => view.is_some_and(TicketView::is_taken),
        Action::NextMatch | Action::PreviousMatch if model.terminal.is_copying() => {
            model.terminal.has_search()
        }
        Action::CopySelection | Action::OtherEnd => model.terminal.has_selection(),
        Action::CopyMode | Action::SearchTerminal | Action::ReadInPager => {
            model.focus == Pane::Terminal && model.terminal.is_open()
        }
        Action::NextMatch => model.transcript.is_searching(),
        Action::NextWaiting => model.board.waiting() > 0,
        Action::FollowRun => !model.follows_run && model.board.active() > 0,
        Action::Diff => shown(model).is_some_and(|view| view.attempt.is_some()),
        Action::ToggleDetails => has_attempt,
        Action::Edit => entry.is_some(),
        Action::Filter => model.queue.total() > 0,
        Action::StopRun => model.run_is_alive(),
        Action::Back => {
            model.page.is_some()
                || model.zoom
                || model.focus != Pane::Queue
                || !model.queue.filter().is_empty()
        }
        Action::NextTab | Action::PreviousTab => {
            model.terminal.is_open() && model.terminal.count() > 1
        }
        Action::NextProgram | Action::PreviousProgram => {
            model.terminal.is_open() && model.terminal.is_split()
        }
        Action::SplitBeside
        | Action::SplitBelow
        | Action::RenameTab
        | Action::CloseTerminal
        | Action::SendChord => model.terminal.is_open(),
        Action::ReopenTerminal => model.terminal.is_open() && !model.terminal.is_alive(),
        Action::Wider
        | Action::Narrower
        | Action::Taller
        | Action::Lower
        | Action::HidePane
        | Action::NextLayout => model.page.is_none() && !model.zoom,
        _ => true,
    }
}
