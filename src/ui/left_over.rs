//! What was typed and would be lost when the end of the screen comes from outside: it is written into `.docket/drafts/`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::composing;
use super::loader::texts::Save;
use super::model::Model;
use super::overlay::DraftOf;
use super::pages::editor;
use super::session::UiEnd;
use crate::domain::ids::TicketId;

/// The file that words are written to; it gets a number.
const FILE: &str = "unsent.md";

/// All that is to be written now that the screen has ended.
pub(crate) fn left_over(model: &mut Model, why: UiEnd) -> Vec<Save> {
    let mut saves: Vec<Save> = editor::left_over(model).into_iter().collect();
    // Whoever leaves knows what they leave.
    if why != UiEnd::Quit {
        saves.extend(words(model));
    }
    saves
}

/// The words for agents that were not sent.
fn words(model: &mut Model) -> Option<Save> {
    composing::keep_open(model);
    let mut text = String::new();
    for (draft_of, kept) in &model.drafts {
        let mut parts: Vec<&str> = kept.answers.iter().map(String::as_str).collect();
        parts.push(&kept.text);
        section(&mut text, &heading(model, draft_of), &parts.join("\n\n"));
    }
    for (attempt, comments) in model.review.unsent() {
        section(&mut text, &format!("{attempt}: comments"), &comments);
    }
    (!text.is_empty()).then(|| Save::Draft {
        question: 0,
        folder: editor::drafts(model),
        of: PathBuf::from(FILE),
        bytes: text.into_bytes(),
    })
}

fn section(text: &mut String, heading: &str, words: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    let _infallible = write!(text, "## {heading}\n\n{}\n", words.trim());
}

fn heading(model: &Model, draft_of: &DraftOf) -> String {
    let name = |ticket: &TicketId| {
        let entry = model.queue.entry_of(ticket);
        entry.map_or_else(|| ticket.to_string(), |entry| entry.name.to_string())
    };
    match draft_of {
        DraftOf::Words(ticket) => format!("{}: reply", name(ticket)),
        DraftOf::Reject(ticket) => format!("{}: why it is rejected", name(ticket)),
        DraftOf::Refuse(ticket, _, id) => format!("{} {id}: why it is refused", name(ticket)),
        DraftOf::Answer(ticket, _, id) => format!("{} {id}: answer", name(ticket)),
        DraftOf::Comment(anchor) => format!("{}: comment on {anchor}", anchor.attempt),
    }
}
