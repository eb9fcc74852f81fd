//! Opening the composer with all that belongs beside it, and what its keys do.

use super::action::Action;
use super::command;
use super::effect::Effect;
use super::model::Model;
use super::overlay::{About, Asking, Composer, Kept, Overlay, Purpose};
use super::pages;
use super::pages::review::Anchor;
use super::theme::Role;
use crate::domain::attempt::Need;
use crate::domain::board::TicketState;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::inbox;
use crate::domain::request::{Ask, Request, RequestId};

/// Opens it for one purpose, with the other ways that make sense now, and with what was typed before and not sent.
pub(crate) fn open(model: &mut Model, purpose: Purpose) {
    open_with(model, purpose, "");
}

/// The same with other words, too: they follow what was typed before.
pub(crate) fn open_with(model: &mut Model, purpose: Purpose, words: &str) {
    let mut draft = model
        .drafts
        .get(&purpose.draft_of())
        .cloned()
        .unwrap_or_default();
    if !draft.text.is_empty() && !words.is_empty() {
        draft.text.push_str("\n\n");
    }
    draft.text.push_str(words);
    let about = match purpose.ticket() {
        Some(ticket) => about(model, ticket, &purpose),
        None => About::default(),
    };
    let (purpose, others) = ways(purpose, &about);
    let composer = Composer::new(purpose, others, about, &draft, &model.look);
    model.overlay = Some(Overlay::Composer(Box::new(composer)));
}

/// Opens it for a comment: on what was typed before and not kept, or else on what is said about the line.
pub(crate) fn comment(model: &mut Model, anchor: &Anchor) {
    let purpose = Purpose::Comment(Box::new(anchor.clone()));
    let is_draft = model.drafts.contains_key(&purpose.draft_of());
    let said = model.review.said(anchor).filter(|_| !is_draft);
    let said = said.unwrap_or_default().to_owned();
    open_with(model, purpose, &said);
}

/// Words for the agent of a ticket: the answer to the question that is selected, or else to the first that it asks; where there is
/// none, words for its next turn.
pub(crate) fn reply(
    model: &mut Model,
    ticket: TicketId,
    name: TicketName,
    selected: Option<RequestId>,
) {
    let view = model.board.tickets.get(&ticket);
    let first = view.and_then(|view| {
        let mut requests = view.requests.iter();
        let is_meant = |id: &RequestId| selected.is_none_or(|selected| selected == *id);
        let (id, _) = requests.find(|(id, request)| is_meant(id) && request.is_question())?;
        Some((view.attempt.clone(), *id))
    });
    match first {
        Some((attempt, request)) => {
            let asking = Asking {
                ticket,
                name,
                attempt,
                request,
            };
            open(model, Purpose::Answer(Box::new(asking)));
        }
        None => open(model, Purpose::Reply(ticket, name)),
    }
}

/// Words for now and words for the next turn are two ways for one text, while there is a turn and the agent hears in it.
fn ways(purpose: Purpose, about: &About) -> (Purpose, Vec<Purpose>) {
    let hears = about.abilities.is_none_or(|abilities| abilities.steers);
    match purpose {
        Purpose::Steer(ticket, name) if !hears => (Purpose::Reply(ticket, name), Vec::new()),
        Purpose::Steer(ticket, name) => {
            let later = Purpose::Reply(ticket.clone(), name.clone());
            (Purpose::Steer(ticket, name), vec![later])
        }
        Purpose::Reply(ticket, name) if hears && about.is_in_turn => {
            let now = Purpose::Steer(ticket.clone(), name.clone());
            (Purpose::Reply(ticket, name), vec![now])
        }
        purpose => (purpose, Vec::new()),
    }
}

fn about(model: &Model, ticket: &TicketId, purpose: &Purpose) -> About {
    let Some(view) = model.board.tickets.get(ticket) else {
        return About::default();
    };
    let request = |id: &RequestId| view.requests.get(id);
    let (shown, questions) = match purpose {
        Purpose::Answer(asking) => match request(&asking.request).map(|request| &request.ask) {
            Some(Ask::Question { questions }) => (String::new(), questions.clone()),
            _ => (String::new(), Vec::new()),
        },
        Purpose::Refuse(.., id) => (request(id).map(asked).unwrap_or_default(), Vec::new()),
        Purpose::Reject(gate) => (gate.reasons.join("\n"), Vec::new()),
        Purpose::Reply(..) => match inbox::need(&view.state) {
            Some(Need::Reply { text }) => (text.clone(), Vec::new()),
            _ => (String::new(), Vec::new()),
        },
        Purpose::Steer(..) | Purpose::Comment(_) | Purpose::HandBack(..) => {
            (String::new(), Vec::new())
        }
    };
    About {
        agent: view.agent.clone(),
        abilities: model.abilities.get(&view.agent).copied(),
        is_in_turn: is_in_turn(&view.state),
        shown,
        questions,
    }
}

/// Whether a turn of its agent goes on, be it one that waits for an answer.
pub(crate) fn is_in_turn(state: &TicketState) -> bool {
    matches!(
        state,
        TicketState::Running
            | TicketState::Waiting {
                need: Need::Request { .. }
            }
    )
}

/// What is asked, in full: the patch, too.
pub(crate) fn asked_in_full(request: &Request) -> String {
    let mut what = asked(request);
    if let Some(patch) = &request.patch {
        what.push_str("\n\n");
        what.push_str(patch.trim_end());
    }
    what
}

/// What is asked, without the patch: enough to say no.
fn asked(request: &Request) -> String {
    let mut what = match &request.ask {
        Ask::Command { command } => format!("$ {command}"),
        Ask::Edit { paths } => format!("change {}", paths.join(", ")),
        Ask::Tool { .. } | Ask::Question { .. } => request.title.clone(),
    };
    if let Some(folder) = &request.folder {
        what.push_str("\nin ");
        what.push_str(folder);
    }
    if let Some(reason) = &request.reason {
        what.push_str("\n\n");
        what.push_str(reason);
    }
    what
}

/// Does what a key means in the composer.
pub(crate) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Composer(composer)) = &mut model.overlay else {
        return Vec::new();
    };
    let is_empty = composer.text().trim().is_empty();
    match action {
        Action::NewLine => composer.new_line(),
        Action::SwitchWay => {
            if !composer.switch() {
                model.say("there is no other way now", Role::Notice);
            }
        }
        Action::WriteOutside => return vec![Effect::WriteOutside(composer.text())],
        Action::Send if composer.next_question(&model.look) => {
            if is_empty {
                model.say(
                    "type an answer first; Esc keeps what was typed",
                    Role::Notice,
                );
            }
        }
        Action::Send => return send(model),
        _ => close(model),
    }
    Vec::new()
}

fn send(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Composer(composer)) = model.overlay.take() else {
        return Vec::new();
    };
    let (purpose, kept) = (composer.purpose.clone(), composer.kept());
    let effects = command::typed(model, composer.purpose, composer.answers, &kept.text);
    let is_sent = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Send(_)));
    if is_sent || matches!(purpose, Purpose::Comment(_)) {
        model.drafts.remove(&purpose.draft_of());
    } else if keep(model, &purpose, kept)
        && let Some(notice) = &mut model.notice
    {
        notice.text.push_str("; your words are kept as a draft");
    }
    pages::review::sent(model, &effects);
    effects
}

/// Closes it; what was typed waits for the next time.
fn close(model: &mut Model) {
    if keep_open(model) {
        model.say("kept as a draft", Role::Notice);
    }
}

/// Closes it, if it is open, and keeps what was typed. Whether there was anything.
pub(super) fn keep_open(model: &mut Model) -> bool {
    if !matches!(model.overlay, Some(Overlay::Composer(_))) {
        return false;
    }
    let Some(Overlay::Composer(composer)) = model.overlay.take() else {
        return false;
    };
    let is_kept = keep(model, &composer.purpose, composer.kept());
    pages::review::sent(model, &[]);
    is_kept
}

/// Makes a draft of it. Whether there was anything to keep.
fn keep(model: &mut Model, purpose: &Purpose, mut kept: Kept) -> bool {
    // Comments are kept where they are: the next time they are as they are then.
    kept.text = model.review.without_comments(&kept.text);
    let is_old = match purpose {
        Purpose::Comment(anchor) => model.review.said(anchor) == Some(kept.text.as_str()),
        _ => false,
    };
    let draft_of = purpose.draft_of();
    if is_old || (kept.text.trim().is_empty() && kept.answers.is_empty()) {
        model.drafts.remove(&draft_of);
        return false;
    }
    model.drafts.insert(draft_of, kept);
    true
}

/// The user's editor has ended.
pub(crate) fn written(model: &mut Model, text: Result<String, String>) {
    match (text, &mut model.overlay) {
        (Ok(text), Some(Overlay::Composer(composer))) => composer.set_text(&text, &model.look),
        (Err(why), _) => model.say(why, Role::Error),
        (Ok(_), _) => {}
    }
}

/// The keys that do something here.
pub(crate) fn hints(model: &Model) -> Vec<Action> {
    let mut actions = vec![Action::Send, Action::NewLine];
    if let Some(Overlay::Composer(composer)) = &model.overlay
        && composer.can_switch()
    {
        actions.push(Action::SwitchWay);
    }
    actions.extend([Action::WriteOutside, Action::Cancel]);
    actions
}
