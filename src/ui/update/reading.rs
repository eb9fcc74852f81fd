//! What the transcript's own keys do: items, search, jumps, attempts.

use super::super::action::Action;
use super::super::command;
use super::super::effect::Effect;
use super::super::layout::{Pane, inside};
use super::super::model::Model;
use super::super::overlay::{Input, LineOf, Overlay};
use super::super::panes::Move;
use super::super::panes::transcript::{Jump, Toward, attempts};
use super::super::render::canvas::Canvas;

/// Does an action of the transcript, if it is one.
pub(super) fn perform(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    use Toward::{Back, Forth};
    let effects = match action {
        Action::NextItem => step(model, Forth),
        Action::PreviousItem => step(model, Back),
        Action::CopyItem => model.transcript.copy(),
        Action::OpenRaw => model.transcript.open_raw(model.evidence.runs()),
        Action::Search => {
            let text = model.transcript.searched().to_owned();
            let input = Input::new(LineOf::Search, &text, &model.look);
            model.overlay = Some(Overlay::Input(Box::new(input)));
            Vec::new()
        }
        Action::NextMatch => model.transcript.go_to_match(Forth, false),
        // The key rejects everywhere else; while something is searched for it does no harm.
        Action::PreviousMatch if !model.transcript.is_searching() => {
            return Some(command::perform(model, Action::Reject));
        }
        Action::PreviousMatch => model.transcript.go_to_match(Back, false),
        Action::NextError => model.transcript.jump(Jump::Error, Forth),
        Action::PreviousError => model.transcript.jump(Jump::Error, Back),
        Action::NextRequest => model.transcript.jump(Jump::Request, Forth),
        Action::PreviousRequest => model.transcript.jump(Jump::Request, Back),
        Action::NextEdit => model.transcript.jump(Jump::Edit, Forth),
        Action::PreviousEdit => model.transcript.jump(Jump::Edit, Back),
        Action::NextTurn => model.transcript.jump(Jump::Turn, Forth),
        Action::PreviousTurn => model.transcript.jump(Jump::Turn, Back),
        Action::NextAttempt => step_attempt(model, Forth),
        Action::PreviousAttempt => step_attempt(model, Back),
        _ => return None,
    };
    model.follows_run = false;
    Some(told(model, effects))
}

fn step(model: &mut Model, toward: Toward) -> Vec<Effect> {
    model.transcript.step(toward)
}

fn step_attempt(model: &mut Model, toward: Toward) -> Vec<Effect> {
    if let Some(entry) = model.queue.entry() {
        let all = attempts(&entry.name, model.evidence.runs());
        model.transcript.step_attempt(toward, all);
    }
    Vec::new()
}

/// Says what the transcript has to say.
pub(super) fn told(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    if let Some((words, role)) = model.transcript.take_word() {
        model.say(words, role);
    }
    effects
}

/// Moves the view of the transcript.
pub(super) fn go(model: &mut Model, to: Move) -> Vec<Effect> {
    let area = model.places().of(Pane::Transcript);
    let columns = area.map_or(0, |area| inside(area).width);
    let mut canvas = Canvas::new(columns, &model.look, &mut model.highlights);
    model.transcript.go(to, &mut canvas)
}

/// The search is typed: the transcript follows.
pub(super) fn follow_search(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Input(input)) = &model.overlay
        && input.of == LineOf::Search
    {
        let words = input.text();
        return model.transcript.search(&words);
    }
    Vec::new()
}
