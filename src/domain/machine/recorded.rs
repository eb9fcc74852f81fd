//! Recordings of terminals: people make them, the ledger keeps what they were.

use super::command::Refusal;
use super::state::State;
use super::{Effect, current_or_last, emit};
use crate::domain::attempt::Artifact;
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;

/// Notes a finished recording, in a run and outside of one.
pub(super) fn note(
    state: &State,
    attempt: Option<AttemptId>,
    file: Artifact,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if state.ledger_broken {
        return Some("the ledger can't be written");
    }
    // It comes from another process, too: what it names must lie in the folder of recordings.
    if !is_name_of_a_recording(&file.path) {
        return Some("that is no name of a recording");
    }
    let run = current_or_last(state);
    emit(run, Event::Recorded { attempt, file }, effects);
    None
}

/// Whether a recording may be called so: a file of its folder, and nothing elsewhere.
pub fn is_name_of_a_recording(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}
