//! A screen beside another docket that runs the queue: it shows the same, acts through that one's inbox, and can take its place.

use super::action::Action;
use super::effect::Effect;
use super::keymap::Context;
use super::model::Model;
use super::terminals::Launch;
use super::theme::Role;
use crate::domain::runner_place::RunnerPlace;

/// What a viewer knows of the docket that runs the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Beside {
    /// Its process, if it left word of it.
    pub(crate) pid: Option<u32>,
    /// All that had happened before this screen is told.
    pub(crate) is_up_to_date: bool,
    /// It has ended.
    pub(crate) runner_is_gone: bool,
    /// This docket runs the queue when that one has ended.
    pub(crate) takes_over: bool,
}

impl Model {
    /// Whether what comes now is new, and not what had happened before this screen was opened.
    pub(crate) fn is_up_to_date(&self) -> bool {
        !self.viewer || self.beside.is_up_to_date
    }
}

/// What the header calls this screen.
pub(crate) fn badge(beside: &Beside) -> &'static str {
    match (beside.runner_is_gone, beside.takes_over) {
        (true, _) => "viewer, no runner",
        (false, true) => "viewer, takes over",
        (false, false) => "viewer",
    }
}

/// Who runs the queue has changed.
pub(crate) fn told(model: &mut Model, place: RunnerPlace) -> Vec<Effect> {
    model.queue.outdate();
    model.totals.outdate();
    model.beside.is_up_to_date = true;
    match place {
        RunnerPlace::Elsewhere { pid } => {
            let was = model.beside.pid.filter(|_| pid.is_some());
            let has_changed = model.beside.runner_is_gone || (was.is_some() && was != pid);
            model.beside.runner_is_gone = false;
            model.beside.pid = pid;
            if has_changed {
                model.say(
                    format!("another docket{} runs the queue now", who(pid)),
                    Role::Notice,
                );
            }
        }
        RunnerPlace::Nowhere { folder_is_gone } => {
            model.start_is_asked = false;
            let was_alive = model.run_is_alive();
            model.board.bury();
            model.totals.outdate();
            model.beside.runner_is_gone = true;
            if !model.beside.takes_over {
                let how = match (folder_is_gone, was_alive) {
                    (true, _) => {
                        "docket's folder here was removed, and with it the way to the docket that ran"
                    }
                    (false, true) => "the docket that ran here died in the middle of a run",
                    (false, false) => "the docket that ran here has ended",
                };
                let next = next(model);
                model.say(format!("{how}{next}"), Role::Warning);
            }
        }
        RunnerPlace::Here => {
            model.viewer = false;
            model.beside = Beside::default();
            model.say("this docket runs the queue now", Role::Notice);
        }
    }
    Vec::new()
}

/// The user types into the shown terminal: if it is an agent's, nothing of that arrives from here, and that is said.
pub(crate) fn typed(model: &mut Model) {
    let id = model.terminal.shown_id();
    let launch = id.and_then(|id| model.terminal.launch_of(id));
    let is_an_agents = matches!(launch, Some(Launch::Attempt { .. }));
    if !model.viewer || !is_an_agents || !model.terminal.is_alive() || model.terminal.is_copying() {
        return;
    }
    let who = who(model.beside.pid);
    let words = format!("only the docket that runs it{who} can type here: you look on");
    model.say(words, Role::Notice);
}

fn who(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (pid {pid})"))
}

/// Which key goes on from here.
fn next(model: &Model) -> String {
    let contexts = [Context::Panes, Context::Global];
    let key = model.keymap.key_for(&contexts, Action::TakeOver);
    key.map_or_else(String::new, |key| format!(": {key} takes over"))
}

/// The user wants this docket to run the queue when the other one has ended, or wants that no more.
pub(crate) fn take_over(model: &mut Model) -> Vec<Effect> {
    if !model.viewer {
        model.say("this docket runs the queue already", Role::Notice);
        return Vec::new();
    }
    if model.beside.runner_is_gone {
        // Asked again after it could not be done, it is tried again.
        model.beside.takes_over = true;
        model.say("taking over", Role::Notice);
        return vec![Effect::TakeOver(true)];
    }
    model.beside.takes_over = !model.beside.takes_over;
    let who = who(model.beside.pid);
    let words = if model.beside.takes_over {
        format!("this docket takes over when the other one{who} has ended")
    } else {
        format!("this docket only looks on, also when the other one{who} has ended")
    };
    model.say(words, Role::Notice);
    vec![Effect::TakeOver(model.beside.takes_over)]
}
