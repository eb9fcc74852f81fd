//! How far the run is, how fast tokens and transcripts grow, and what limits leave.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::bar;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Sparkline, Widget};

use super::pulse::Step;
use crate::domain::board::PhaseView;
use crate::domain::item::AgentStatus;
use crate::domain::reason::{coarse, count};
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::totals::Totals;

/// Rows of a spark line that is easy to read.
const SPARK_ROWS: u16 = 3;

/// A part of all tickets.
struct Part {
    word: &'static str,
    count: usize,
    /// What the bar is filled with; never told by colour alone.
    symbol: &'static str,
    role: Role,
}

fn parts(model: &Model) -> Vec<Part> {
    let total = model.queue.total();
    let Totals {
        active: running,
        waiting,
        failed,
        skipped,
        ..
    } = model.totals;
    let done = model.queue.done();
    let left = total.saturating_sub(done + running + waiting + failed + skipped);
    let ascii = model.look.ascii;
    let part = |word, count, unicode, plain, role| Part {
        word,
        count,
        symbol: if ascii { plain } else { unicode },
        role,
    };
    vec![
        part("done", done, "█", "#", Role::StateDone),
        part("running", running, "▓", ">", Role::StateRunning),
        part("waiting", waiting, "?", "?", Role::StateWaiting),
        part("failed", failed, "✗", "x", Role::StateFailed),
        part("skipped", skipped, "□", "-", Role::StateSkipped),
        part("left", left, "░", ".", Role::StateBlocked),
    ]
}

/// Columns for each part: what is there at all has one.
fn shares(counts: &[usize], columns: usize) -> Vec<usize> {
    let total: usize = counts.iter().sum();
    if total == 0 {
        return vec![0; counts.len()];
    }
    let mut shares: Vec<usize> = counts
        .iter()
        .map(|count| (count * columns / total).max(usize::from(*count > 0)))
        .collect();
    let largest = |shares: &[usize]| {
        let places = 0..shares.len();
        places.max_by_key(|place| shares[*place]).unwrap_or(0)
    };
    let mut sum: usize = shares.iter().sum();
    while sum > columns {
        let place = largest(&shares);
        shares[place] -= 1;
        sum -= 1;
    }
    // What rounding left over goes to the largest part.
    let place = largest(counts);
    shares[place] += columns - sum;
    shares
}

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let mut lines = vec![state(model, columns)];
    let parts = parts(model);
    lines.push(gauge(model, &parts, columns));
    lines.extend(legend(model, &parts, columns));
    let mut below = limits(model, columns);
    let mut top = Rect { ..area };
    for line in lines {
        put(&line, &mut top, buffer);
    }
    // The pictures take what the words leave; on a small screen the limits give way first.
    below.truncate(usize::from(top.height.saturating_sub(4)));
    let rows = top.height.saturating_sub(below.len() as u16);
    let each = if rows >= 2 * (SPARK_ROWS + 1) {
        rows / 2
    } else {
        rows
    };
    if each >= 2 {
        spark(model, &mut top, each, buffer, "Tokens", &|step| step.tokens);
    }
    if each >= 2 && each < rows {
        spark(
            model,
            &mut top,
            rows - each,
            buffer,
            "Transcripts",
            &|step| step.bytes,
        );
    }
    for line in below {
        put(&line, &mut top, buffer);
    }
}

fn put(line: &Line<'_>, rest: &mut Rect, buffer: &mut Buffer) {
    if rest.height == 0 {
        return;
    }
    line.render(Rect { height: 1, ..*rest }, buffer);
    rest.y += 1;
    rest.height -= 1;
}

/// `r12 goes on for 10m, 2 side by side`.
fn state(model: &Model, columns: usize) -> Line<'static> {
    let words = match &model.board.run {
        None => "no run yet".to_owned(),
        Some(run) => {
            let lasted = coarse(model.now.since(run.started));
            let words = match run.phase {
                PhaseView::Running => format!("runs for {lasted}"),
                PhaseView::Paused => format!("is paused, began {lasted} ago"),
                PhaseView::Ending { .. } => "is being stopped".to_owned(),
                PhaseView::Finished { .. } => format!("is over, began {lasted} ago"),
            };
            format!("{} {words}, {} side by side", run.id, run.jobs)
        }
    };
    let words = text::fit(&words, columns, model.look.ascii).into_owned();
    Line::styled(words, model.look.theme.style(Role::Heading))
}

fn gauge(model: &Model, parts: &[Part], columns: usize) -> Line<'static> {
    let counts: Vec<usize> = parts.iter().map(|part| part.count).collect();
    let shares = shares(&counts, columns);
    let spans = parts.iter().zip(shares).map(|(part, share)| {
        let style = model.look.theme.style(part.role);
        Span::styled(part.symbol.repeat(share), style)
    });
    spans.collect::<Vec<_>>().into()
}

/// `█ 2 done  ▓ 1 running`, in as many lines as it takes.
fn legend(model: &Model, parts: &[Part], columns: usize) -> Vec<Line<'static>> {
    let theme = &model.look.theme;
    let mut lines = vec![Line::default()];
    for part in parts.iter().filter(|part| part.count > 0) {
        let words = format!(" {} {}", part.count, part.word);
        let width = 1 + text::width(&words) + 2;
        let is_full = |line: &Line<'_>| line.width() > 0 && line.width() + width > columns + 2;
        if lines.last().is_some_and(is_full) {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.push_span(Span::styled(part.symbol, theme.style(part.role)));
            line.push_span(Span::styled(format!("{words}  "), theme.style(Role::Text)));
        }
    }
    lines
}

/// What bars are made of where only ASCII may be drawn.
const ASCII_BARS: bar::Set<'static> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "+",
    five_eighths: "+",
    half: "=",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: "_",
    empty: " ",
};

fn spark(
    model: &Model,
    rest: &mut Rect,
    rows: u16,
    buffer: &mut Buffer,
    title: &str,
    of: &dyn Fn(&Step) -> u64,
) {
    let look = &model.look;
    let pulse = &model.overview.pulse;
    let number = |value: u64| match title {
        "Tokens" => count(value),
        _ => text::bytes(value),
    };
    let (lately, minutes) = pulse.lately();
    let mut words = format!("{title} {}", number(of(&pulse.total())));
    if minutes > 0.0 {
        let a_minute = (of(&lately) as f64 / minutes.max(1.0 / 60.0)) as u64;
        let _ = write!(words, ", {} a minute lately", number(a_minute));
    }
    let words = text::fit(&words, usize::from(rest.width), look.ascii).into_owned();
    put(
        &Line::styled(words, look.theme.style(Role::Title)),
        rest,
        buffer,
    );
    let height = rows.saturating_sub(1).min(rest.height);
    let area = Rect { height, ..*rest };
    let set = if look.ascii {
        ASCII_BARS
    } else {
        bar::NINE_LEVELS
    };
    Sparkline::default()
        .data(pulse.columns(usize::from(area.width), of))
        .bar_set(set)
        .style(look.theme.style(Role::Accent))
        .render(area, buffer);
    rest.y += height;
    rest.height -= height;
}

/// What limits leave, and who must wait for a provider.
fn limits(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let spending = &model.overview.books.spending;
    // As the header counts, and the rules.
    let open = &model.totals.open;
    let mut lines = Vec::new();
    let mut limit = |name: &str, used: f64, most: f64, words: String| {
        lines.push(limit_line(model, columns, name, used / most, &words));
    };
    for (name, used, totals) in [
        ("this run", model.spending.of_run(open), &spending.run),
        ("24 hours", model.spending.of_day(open), &spending.day),
    ] {
        if let Some(most) = totals.tokens {
            let words = format!("{} of {} tokens", count(used.tokens()), count(most));
            limit(name, used.tokens() as f64, most as f64, words);
        }
        if let Some(most) = totals.cost_usd {
            let cost = used.cost_usd.unwrap_or(0.0);
            limit(name, cost, most, format!("${cost:.2} of ${most:.2}"));
        }
    }
    for view in model.board.tickets.values() {
        if let Some(AgentStatus::RateLimited { until }) = &view.status {
            let until = until.map_or_else(String::new, |until| {
                format!(" for {}", coarse(until.since(model.now)))
            });
            let words = format!("{} is rate limited{until}", view.agent);
            let words = text::fit(&words, columns, model.look.ascii).into_owned();
            let line = Line::styled(words, model.look.theme.style(Role::Warning));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// `this run  ████████        41.2k of 100.0k tokens`.
fn limit_line(model: &Model, columns: usize, name: &str, share: f64, words: &str) -> Line<'static> {
    let look = &model.look;
    let role = if share >= 0.8 {
        Role::Warning
    } else {
        Role::Accent
    };
    let room = columns.saturating_sub(text::width(name) + text::width(words) + 4);
    let room = room.min(40);
    let bar = super::bar(share, 1.0, room, look.ascii);
    Line::from(vec![
        Span::styled(format!("{name}  "), look.theme.style(Role::Dim)),
        Span::styled(super::cell(&bar, room, look.ascii), look.theme.style(role)),
        Span::styled(format!("  {words}"), look.theme.style(Role::Text)),
    ])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::shares;

    proptest! {
        #[test]
        fn every_part_is_seen_and_the_bar_is_full(
            counts in proptest::collection::vec(0usize..10_000, 6),
            columns in 6usize..400,
        ) {
            let shares = shares(&counts, columns);
            let total: usize = counts.iter().sum();
            prop_assert_eq!(shares.iter().sum::<usize>(), if total == 0 { 0 } else { columns });
            for (count, share) in counts.iter().zip(&shares) {
                prop_assert_eq!(*count > 0, *share > 0);
            }
        }
    }
}
