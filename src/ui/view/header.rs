//! The line at the top: the state of everything, on any screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::domain::attempt::CancelReason;
use crate::domain::board::PhaseView;
use crate::domain::event::RunOutcome;
use crate::domain::reason::count;
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::Role;

/// A word of the header.
struct Word {
    /// Words with the highest number go first when there is no room.
    expendable: u8,
    text: String,
    role: Role,
    /// Whether it stands at the right edge.
    right: bool,
}

fn left(expendable: u8, text: impl Into<String>, role: Role) -> Word {
    Word {
        expendable,
        text: text.into(),
        role,
        right: false,
    }
}

fn right(expendable: u8, text: impl Into<String>) -> Word {
    Word {
        expendable,
        text: text.into(),
        role: Role::Header,
        right: true,
    }
}

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &model.look.theme;
    buffer.set_style(area, theme.style(Role::Header));
    let columns = usize::from(area.width);
    let mut words = words(model);
    // One column before the first word, two after each.
    let needed = |words: &[Word]| {
        1 + words
            .iter()
            .map(|word| text::width(&word.text) + 2)
            .sum::<usize>()
    };
    while needed(&words) > columns && words.len() > 1 {
        let most = words.iter().map(|word| word.expendable).max().unwrap_or(0);
        let index = words.iter().rposition(|word| word.expendable == most);
        words.remove(index.unwrap_or(0));
    }
    let mut spans = vec![Span::raw(" ")];
    let gap = columns.saturating_sub(needed(&words));
    let mut is_right = false;
    for word in &words {
        if word.right && !is_right {
            is_right = true;
            spans.push(Span::raw(" ".repeat(gap)));
        }
        let content = text::clean(&word.text).into_owned();
        let style = theme.style(Role::Header).patch(theme.style(word.role));
        spans.push(Span::styled(content, style));
        spans.push(Span::raw("  "));
    }
    Line::from(spans).render(area, buffer);
}

fn words(model: &Model) -> Vec<Word> {
    let mut words = vec![
        left(6, "docket", Role::Header),
        left(4, model.repository_name.clone(), Role::Header),
    ];
    let run = model.board.run.as_ref();
    if let Some(branch) = run.and_then(|run| run.branch.clone()) {
        words.push(left(8, branch, Role::Dim));
    }
    if model.viewer {
        words.push(left(2, "viewer", Role::Badge));
    }
    let (text, role) = state(model);
    words.push(left(0, text, role));
    let (done, total) = (model.queue.done(), model.queue.total());
    if total > 0 {
        words.push(left(1, format!("{done}/{total} done"), Role::Header));
    }
    let running = model.totals.active;
    if running > 0 {
        words.push(left(3, format!("{running} running"), Role::StateRunning));
    }
    let waiting = model.totals.waiting;
    if waiting > 0 {
        words.push(left(1, format!("{waiting} waiting"), Role::Badge));
    }
    let usage = &model.totals.usage;
    if usage.tokens() > 0 {
        words.push(right(7, format!("{} tok", count(usage.tokens()))));
    }
    if let Some(cost) = usage.cost_usd {
        words.push(right(6, format!("${cost:.2}")));
    }
    words.push(right(9, time_of_day(model)));
    words.push(right(5, "? help"));
    words
}

/// The run in two words.
fn state(model: &Model) -> (String, Role) {
    let Some(run) = &model.board.run else {
        return ("no run".to_owned(), Role::Dim);
    };
    let (words, role) = match run.phase {
        PhaseView::Running if model.leaving.is_some() => ("stopping", Role::StateWaiting),
        PhaseView::Running => ("running", Role::StateRunning),
        PhaseView::Paused => ("paused", Role::StateWaiting),
        PhaseView::Ending {
            reason: CancelReason::Kill,
        } => ("killing", Role::StateFailed),
        PhaseView::Ending { .. } => ("stopping", Role::StateWaiting),
        PhaseView::Finished { outcome } => match outcome {
            RunOutcome::Done => ("done", Role::StateDone),
            RunOutcome::NothingReady => ("nothing ready", Role::Dim),
            RunOutcome::NeedsHuman => ("needs you", Role::StateWaiting),
            RunOutcome::Failed => ("failed", Role::StateFailed),
            RunOutcome::Limit => ("limit hit", Role::StateFailed),
            RunOutcome::Cancelled { .. } => ("stopped", Role::StateSkipped),
            RunOutcome::Lost => ("lost", Role::StateFailed),
            RunOutcome::Broken => ("broken", Role::StateFailed),
        },
    };
    (format!("{} {words}", run.id), role)
}

/// `12:04`.
fn time_of_day(model: &Model) -> String {
    match jiff::Timestamp::from_millisecond(model.now.0) {
        Ok(now) => {
            let zoned = now.to_zoned(model.look.zone.clone());
            format!("{:02}:{:02}", zoned.hour(), zoned.minute())
        }
        Err(_) => String::new(),
    }
}
