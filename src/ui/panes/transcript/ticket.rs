//! A ticket as people read it, while no attempt has a transcript.

use ratatui::text::{Line, Span};

use crate::domain::reason::{Mark, Reason};
use crate::domain::ticket::QueueEntry;
use crate::ui::render::{markdown, plain};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// So much of a ticket's body is laid out, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// The ticket: what is wrong with it, why it does not run, what it asks for.
pub(crate) fn lines(
    entry: &QueueEntry,
    reason: &Reason,
    columns: u16,
    look: &Look,
) -> Vec<Line<'static>> {
    let width = usize::from(columns);
    let theme = &look.theme;
    let mut lines = plain(&entry.title, width, theme.style(Role::Heading));
    if !reason.text.is_empty() && reason.mark != Mark::Broken {
        lines.extend(plain(&reason.text, width, theme.style(Role::Dim)));
    }
    lines.push(Line::default());
    for problem in &entry.problems {
        let role = if problem.is_error() {
            Role::Error
        } else {
            Role::Warning
        };
        let place = problem
            .place
            .map_or(String::new(), |place| format!(":{place}"));
        let words = format!("{}{place}: {problem}", entry.path.display());
        lines.extend(plain(&words, width, theme.style(role)));
    }
    if !entry.problems.is_empty() {
        lines.push(Line::default());
    }
    let Some(ticket) = &entry.ticket else {
        return lines;
    };
    let mut field = |name: &str, value: &str| {
        if value.is_empty() {
            return;
        }
        let line = Line::from(vec![
            Span::styled(format!("{name:<11}"), theme.style(Role::Dim)),
            Span::styled(text::clean(value).into_owned(), theme.style(Role::Text)),
        ]);
        lines.extend(text::wrap(line, width, 11));
    };
    field("agent", ticket.agent.as_str());
    field("goal", ticket.goal.as_deref().unwrap_or(""));
    let depends: Vec<_> = ticket.depends_on.iter().map(ToString::to_string).collect();
    field("depends on", &depends.join(", "));
    field("labels", &ticket.labels.join(", "));
    for check in ticket.validate.iter().flatten() {
        field("validate", &check.run);
    }
    for item in &ticket.acceptance {
        field("accept", item);
    }
    if !ticket.body.trim().is_empty() {
        lines.push(Line::default());
        let body = text::first_bytes(&ticket.body, LONGEST_BODY);
        lines.extend(markdown::lines(body, width, theme));
        if body.len() < ticket.body.len() {
            let words = format!("(the rest is in {})", entry.path.display());
            lines.extend(plain(&words, width, theme.style(Role::Dim)));
        }
    }
    lines
}
