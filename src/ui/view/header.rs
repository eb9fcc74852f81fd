//! The line at the top: the state of everything, on any screen.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::domain::attempt::CancelReason;
use crate::domain::board::PhaseView;
use crate::domain::event::RunOutcome;
use crate::domain::reason::count;
use crate::domain::time::Timestamp;
use crate::ui::model::Model;
use crate::ui::spending::Left;
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::totals::{Busy, Totals};
use crate::ui::viewer;

/// A word of the header.
struct Word {
    /// Words with the highest number go first when there is no room.
    expendable: u8,
    text: String,
    role: Role,
    /// Whether it stands at the right edge.
    right: bool,
    /// The same in fewer letters, for when there is no room.
    short: Option<String>,
}

fn left(expendable: u8, text: impl Into<String>, role: Role) -> Word {
    Word {
        expendable,
        text: text.into(),
        role,
        right: false,
        short: None,
    }
}

fn right(expendable: u8, text: impl Into<String>) -> Word {
    Word {
        expendable,
        text: text.into(),
        role: Role::Header,
        right: true,
        short: None,
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
        // The state of the run and of who waits stays: in fewer letters before a word of their rank is lost.
        let most = words.iter().map(|word| word.expendable).max().unwrap_or(0);
        let of_rank = |word: &Word| word.expendable == most;
        let shorter = words
            .iter_mut()
            .rfind(|word| of_rank(word) && word.short.is_some());
        if let Some(word) = shorter {
            word.text = word.short.take().unwrap_or_default();
            continue;
        }
        let index = words.iter().position(of_rank);
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
        words.push(left(2, viewer::badge(&model.beside), Role::Badge));
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
    words.extend(waiting(model));
    words.extend(troubles(model));
    if let Some(left) = left_of_limits(model) {
        words.push(Word {
            role: if left.is_close {
                Role::Warning
            } else {
                Role::Header
            },
            ..right(if left.is_close { 3 } else { 5 }, left.words)
        });
    }
    let usage = &model.totals.usage;
    if usage.tokens() > 0 {
        words.push(right(7, format!("{} tok", count(usage.tokens()))));
    }
    if let Some(cost) = usage.cost_usd {
        words.push(right(6, format!("${cost:.2}")));
    }
    words.push(right(9, time_of_day(model, model.now)));
    words.push(right(5, "? help"));
    words
}

fn left_of_limits(model: &Model) -> Option<Left> {
    let run = model.board.run.as_ref();
    model.spending.left(run, &model.totals.open, model.now)
}

/// Who waits for the user: `! 1 request 1 gate 2 others`, and `! 4` where there is no room for that.
fn waiting(model: &Model) -> Option<Word> {
    let Totals {
        requests,
        gates,
        waiting: all,
        ..
    } = model.totals;
    if all == 0 {
        return None;
    }
    let mut text = "!".to_owned();
    let others = all.saturating_sub(requests + gates);
    let words = [
        (requests, "request"),
        (gates, "gate"),
        (
            others,
            if requests + gates == 0 {
                "waiting"
            } else {
                "other"
            },
        ),
    ];
    for (count, word) in words.into_iter().filter(|(count, _)| *count > 0) {
        let end = if count == 1 || word == "waiting" {
            ""
        } else {
            "s"
        };
        let _infallible = write!(text, " {count} {word}{end}");
    }
    Some(Word {
        short: Some(format!("! {all}")),
        ..left(1, text, Role::Badge)
    })
}

/// What keeps the run from going on smoothly, or is on its way: the provider's limit, failures, merges, conflicts.
fn troubles(model: &Model) -> Vec<Word> {
    let Totals {
        failed,
        merging,
        conflicts,
        busy,
        ..
    } = model.totals;
    let mut words = Vec::new();
    if let Some(Busy { until, is_limited }) = busy {
        let what = if is_limited {
            "rate limit"
        } else {
            "provider busy"
        };
        let text = match until {
            Some(until) => format!("{what} until {}", time_of_day(model, until)),
            None => what.to_owned(),
        };
        words.push(left(2, text, Role::StateWaiting));
    }
    if conflicts > 0 {
        let end = if conflicts == 1 { "" } else { "s" };
        words.push(left(
            3,
            format!("{conflicts} conflict{end}"),
            Role::StateFailed,
        ));
    }
    if failed > 0 {
        words.push(left(3, format!("{failed} failed"), Role::StateFailed));
    }
    if merging > 0 {
        words.push(left(5, format!("{merging} merging"), Role::StateValidating));
    }
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
fn time_of_day(model: &Model, at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(now) => {
            let zoned = now.to_zoned(model.look.zone.clone());
            format!("{:02}:{:02}", zoned.hour(), zoned.minute())
        }
        Err(_) => String::new(),
    }
}
