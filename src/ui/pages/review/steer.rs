//! What actions do to the page, and what goes from it to the agent.

use super::comments::Anchor;
use super::rows::Row;
use super::unified::Kind;
use super::{ReviewPage, Subject};
use crate::domain::attempt::Need;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::AttemptId;
use crate::domain::inbox;
use crate::ui::action::Action;
use crate::ui::command;
use crate::ui::composing;
use crate::ui::effect::{AskReview, Effect, Load};
use crate::ui::model::Model;
use crate::ui::pages::Page;
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::update::movement::movement;

/// So many bytes of a line are quoted in a comment.
const LONGEST_QUOTE: usize = 300;

/// The page was opened: it shows what the selected ticket's last attempt changed.
pub(crate) fn open(model: &mut Model) -> Vec<Effect> {
    // What is approved here must stay what is shown here.
    model.follows_run = false;
    let entry = model.queue.entry();
    let subject = entry.zip(model.view()).and_then(|(entry, view)| {
        Some(Subject::Attempt {
            ticket: entry.id.clone(),
            name: entry.name.clone(),
            run: view.run,
            attempt: view.attempt.clone()?,
        })
    });
    show(model, subject);
    load(model)
}

/// Opens the page on what differs between two attempts.
pub(crate) fn compare(model: &mut Model, from: AttemptId, to: AttemptId) -> Vec<Effect> {
    model.follows_run = false;
    model.page = Some(Page::Review);
    show(model, Some(Subject::Comparison { from, to }));
    load(model)
}

fn show(model: &mut Model, subject: Option<Subject>) {
    let page = &mut model.review;
    if page.subject == subject {
        return;
    }
    let old = std::mem::take(page);
    *page = ReviewPage {
        subject,
        question: old.question,
        comments: old.comments,
        side_by_side: old.side_by_side,
        revision: old.revision + 1,
        ..ReviewPage::default()
    };
}

/// Asks for the diff anew.
fn load(model: &mut Model) -> Vec<Effect> {
    let evidence = model.evidence_root.clone();
    let root = model.repository_root.clone();
    let page = &mut model.review;
    page.question += 1;
    let question = page.question;
    let load = match &page.subject {
        None => return Vec::new(),
        Some(Subject::Comparison { from, to }) => Load::Compare {
            question,
            root,
            evidence,
            from: from.clone(),
            to: to.clone(),
        },
        Some(Subject::Attempt {
            ticket,
            run,
            attempt,
            ..
        }) => {
            let view = model.board.tickets.get(ticket);
            // At a gate what the gate saw counts, not what somebody changes in the worktree meanwhile.
            let works = view.filter(|view| view.state.is_active());
            Load::Review {
                question,
                ask: AskReview {
                    root,
                    evidence,
                    run: *run,
                    attempt: attempt.clone(),
                    workspace: works.and_then(|view| view.workspace.clone()),
                },
            }
        }
    };
    vec![Effect::Load(load)]
}

/// The runner tells something: what is shown may be old.
pub(crate) fn told(model: &mut Model, envelope: &Envelope) -> Vec<Effect> {
    let is_shown = model.page == Some(Page::Review)
        && envelope.event.attempt().is_some()
        && envelope.event.attempt() == model.review.attempt();
    let changes = matches!(
        envelope.event,
        Event::TurnSaved { .. } | Event::GateReached { .. } | Event::TurnStarted { .. }
    );
    if is_shown && changes {
        load(model)
    } else {
        Vec::new()
    }
}

/// Does an action, if it is one of this page's.
pub(crate) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let page = &mut model.review;
    if let Some(to) = movement(action) {
        page.go(to);
        return Some(Vec::new());
    }
    match action {
        Action::NextFile => page.step_file(true),
        Action::PreviousFile => page.step_file(false),
        Action::NextHunk => page.step_hunk(true),
        Action::PreviousHunk => page.step_hunk(false),
        Action::Open => page.toggle_fold(),
        Action::SideBySide => {
            let is_now = page.made_for.is_some_and(|(_, side_by_side)| side_by_side);
            page.side_by_side = Some(!is_now);
        }
        Action::Comment => comment(model),
        Action::Back => {
            page.release();
            model.page = None;
        }
        Action::Reload => return Some(load(model)),
        Action::Approve | Action::Reject | Action::Reply => return Some(answer(model, action)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Opens the field for a comment on the cursor's line.
fn comment(model: &mut Model) {
    if model.review.attempt().is_none() {
        model.say(
            "comments belong to the diff of one attempt: `d` in the panes",
            Role::Notice,
        );
        return;
    }
    let Some(anchor) = anchor(&model.review) else {
        model.say("go to a line of a hunk first", Role::Notice);
        return;
    };
    composing::comment(model, &anchor);
}

/// The line that the cursor is on, for a comment.
fn anchor(page: &ReviewPage) -> Option<Anchor> {
    let attempt = page.attempt()?;
    if let Row::Comment(index) = page.row()? {
        let comment = page.comments.of(attempt).get(index as usize)?;
        return Some(comment.anchor.clone());
    }
    let diff = &page.ready()?.diff;
    let index = page.row()?.line()?;
    let line = diff.line(index)?;
    let (number, is_removed) = match line.kind {
        Kind::Removed => (line.old, true),
        Kind::Added | Kind::Context => (line.new, false),
        Kind::Hunk | Kind::NoNewline | Kind::Other => return None,
    };
    Some(Anchor {
        attempt: attempt.clone(),
        path: diff.files().get(diff.file_of(index))?.path.clone(),
        number,
        is_removed,
        quote: quote(&diff.text(index)),
    })
}

/// A line as it is quoted: safe in a field, and no longer than people read.
fn quote(line: &str) -> String {
    let start = text::first_bytes(line, LONGEST_QUOTE);
    let dots = if start.len() < line.len() { "..." } else { "" };
    format!("{}{dots}", text::clean(start).trim_end())
}

/// Approves, rejects or replies: about the ticket that is shown, whatever the queue has selected meanwhile.
fn answer(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Subject::Attempt {
        ticket,
        name,
        attempt,
        ..
    }) = model.review.subject.clone()
    else {
        model.say(
            "two attempts are compared: answer in the panes",
            Role::Notice,
        );
        return Vec::new();
    };
    model.queue.select_ticket(&ticket);
    let is_last = model
        .view()
        .is_some_and(|view| view.attempt.as_ref() == Some(&attempt));
    if model.queue.selected() != Some(&ticket) || !is_last {
        let words = format!("{name} has a newer attempt: go back and look at that one");
        model.say(words, Role::Warning);
        return Vec::new();
    }
    let words = model.review.comments.composed(&attempt);
    if words.is_empty() || action == Action::Approve {
        return command::perform(model, action);
    }
    if action == Action::Reply {
        command::reply_with(model, &words);
    } else if !command::reject_with(model, &words) {
        model.say(
            format!("{name} waits at no gate: `r` sends your comments as a reply"),
            Role::Notice,
        );
        return Vec::new();
    }
    model.review.in_field = Some(attempt);
    Vec::new()
}

/// A field was sent: comments that were in it are not sent again.
pub(crate) fn sent(model: &mut Model, effects: &[Effect]) {
    let Some(attempt) = model.review.in_field.take() else {
        return;
    };
    let is_sent = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Send(_)));
    if is_sent {
        let page = &mut model.review;
        page.comments.sent(&attempt);
        page.wanted = page.spot().or(page.wanted.take());
        page.change();
    }
}

/// What the hints name first.
pub(crate) fn wanted(model: &Model) -> Vec<Action> {
    let mut actions = Vec::new();
    if model.review.attempt().is_some() {
        if !model.review.rows.is_empty() {
            actions.push(Action::Comment);
        }
        let ticket = model.review.ticket();
        let view = ticket.and_then(|ticket| model.board.tickets.get(ticket));
        let need = view.and_then(|view| inbox::need(&view.state));
        if matches!(need, Some(Need::Review { .. })) {
            actions.extend([Action::Approve, Action::Reject]);
        }
        actions.push(Action::Reply);
    }
    if !model.review.rows.is_empty() {
        actions.extend([
            Action::NextHunk,
            Action::NextFile,
            Action::Open,
            Action::SideBySide,
        ]);
    }
    actions.extend([Action::Back, Action::Help]);
    actions
}
