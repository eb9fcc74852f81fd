//! `done: true` that somebody writes into a ticket's file while agents work: it may have been one of them.

use super::state::State;
use super::{Effect, emit};
use crate::domain::event::Event;
use crate::domain::queue::Queue;

/// Compares the queue with the one before. What turns done beside docket while attempts live is no ground for others to start, in
/// this run; the next one takes the file's word. A human's own tickets are a human's to mark.
pub(super) fn notice(state: &mut State, queue: &Queue, effects: &mut Vec<Effect>) {
    let Some(run) = &mut state.run else { return };
    let agents_live = run.active().next().is_some() || !state.closing.is_empty();
    for entry in queue.entries() {
        if !entry.is_done() {
            run.doubted.remove(&entry.path);
            continue;
        }
        let is_a_humans = entry
            .ticket
            .as_ref()
            .is_some_and(|ticket| ticket.agent.is_user());
        // What the run itself tries is held against its proof elsewhere.
        let is_tried = run.steps.contains_key(&entry.id);
        if is_a_humans || is_tried || run.known_done.contains(&entry.path) {
            continue;
        }
        if !agents_live && !run.doubted.contains(&entry.path) {
            run.known_done.insert(entry.path.clone());
        } else if run.doubted.insert(entry.path.clone()) {
            let what = format!("take {} for done", entry.name);
            let why = "its file says so since a moment, while agents work, and docket did not write that: nothing starts because of \
                       it in this run, and the next run takes your word for it"
                .to_owned();
            emit(run.id, Event::Refused { what, why }, effects);
        }
    }
}
