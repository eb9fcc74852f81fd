//! Between messages and drawing: computes once what a frame needs, and asks for what is missing.

use std::time::Duration;

use ratatui::layout::{Rect, Size};

use super::effect::Effect;
use super::guard;
use super::layout::{Pane, inside};
use super::model::Model;
use super::overlay::Overlay;
use super::pages;
use super::panes::terminal::{self, Surroundings, evidence_folder};
use super::panes::transcript::Shown;
use super::render::canvas::Canvas;
use super::tickets;
use super::view;
use crate::domain::reason::until_coarse_changes;
use crate::domain::time::Timestamp;

/// Lays everything out for a screen of this size. Reads no file: what is missing is asked for.
pub(crate) fn prepare(model: &mut Model, size: Size, now: Timestamp) -> Vec<Effect> {
    model.size = size;
    model.now = now;
    model.spending.settle(now);
    model.totals.refresh(&model.board, &model.spending);
    model.queue.set_active(model.totals.active);
    model.queue.refresh(&model.board, now);
    let mut effects = tickets::open_new(model);
    if let Some(Overlay::Find(find)) = &mut model.overlay {
        find.prepare(size, &model.queue, &model.board, now);
    }
    if let Some(Overlay::Confirm(confirm)) = &mut model.overlay {
        confirm.prepare(size, &model.look);
    }
    effects.extend(show_selected(model));
    let places = model.places();
    let inner = |area: Option<Rect>| area.map(inside);
    model.queue.prepare(inner(places.queue).unwrap_or_default());
    let reason = model.queue.reason(&model.board, now);
    let area = inner(places.transcript).unwrap_or_default();
    let mut canvas = Canvas::new(area.width, &model.look, &mut model.highlights);
    let ticket = model.queue.entry().zip(reason);
    effects.extend(model.transcript.prepare(area, &mut canvas, ticket));
    let area = inner(places.evidence).unwrap_or_default();
    effects.extend(model.evidence.prepare(area, &model.look));
    let around = Surroundings {
        area: inner(places.terminal),
        now: model.uptime,
        has_keys: model.is_looked_at
            && model.focus == Pane::Terminal
            && model.page.is_none()
            && model.overlay.is_none(),
    };
    let (text, behind) = model.look.theme.base_colors();
    model.terminal.wear(text.into(), behind.into());
    effects.extend(model.terminal.prepare(around));
    if model.overlay.is_some() || model.page.is_some() {
        model.terminal.let_go();
    }
    model.terminal.go_on(model.uptime);
    if !model.viewer {
        let docket = model.evidence_root.parent().unwrap_or(&model.evidence_root);
        effects.extend(model.terminal.keep(&model.repository_root, docket));
    }
    model.overview.settle(now);
    if let Some(page) = model.page {
        effects.extend(pages::prepare(model, page, places.body));
    }
    effects.extend(pages::player::settle(model));
    effects.extend(model.highlights.wishes(now));
    guard::painted(model);
    effects
}

/// Transcript and evidence show the selected ticket.
fn show_selected(model: &mut Model) -> Vec<Effect> {
    let shown = model.view().and_then(|view| {
        let attempt = view.attempt.clone()?;
        let path = transcript_path(&model.evidence_root, view.run, &attempt);
        Some(Shown {
            run: view.run,
            attempt,
            path,
        })
    });
    let name = model.queue.entry().map(|entry| entry.name.clone());
    let mut effects = model.transcript.show(shown.as_ref(), name.as_ref());
    effects.extend(model.evidence.show(name.as_ref()));
    let selected = model.queue.selected();
    let view = selected.and_then(|ticket| model.board.tickets.get(ticket));
    model.evidence.set_board(view);
    effects
}

fn transcript_path(
    root: &std::path::Path,
    run: crate::domain::ids::RunId,
    attempt: &crate::domain::ids::AttemptId,
) -> std::path::PathBuf {
    let ticket = attempt.ticket.as_str();
    evidence_folder(root, &run.to_string(), ticket, attempt.number).join("transcript.jsonl")
}

/// Durations that change seldom are brought up to date together, at multiples of this many milliseconds: twenty agents that
/// began at twenty moments would otherwise wake the screen twenty times.
const TOGETHER: i64 = 5_000;

/// How long nothing on the screen changes by itself: durations that are shown, and the time of day.
pub(crate) fn quiet_for(model: &Model, now: Timestamp) -> Duration {
    let shown = model
        .queue
        .running_since(&model.board, now)
        .chain(view::doing_since(model))
        .chain(pages::inbox::shown_since(model));
    let quiet = quiet(shown, now);
    let settles_in = model.terminal.settles_in(model.uptime);
    let goes_on_in = model.terminal.goes_on().then_some(terminal::PACE);
    let soonest = settles_in.into_iter().chain(goes_on_in).min();
    soonest.map_or(quiet, |soonest| quiet.min(soonest))
}

fn quiet(shown: impl Iterator<Item = Timestamp>, now: Timestamp) -> Duration {
    let until_minute = until_multiple(now.0, 60_000);
    let until_change = |since: Timestamp| {
        let duration = now.since(since);
        let changes_in = until_coarse_changes(duration);
        if duration < Duration::from_secs(10) {
            return changes_in;
        }
        let changes_at = now.0 + i64::try_from(changes_in.as_millis()).unwrap_or(0);
        let together = until_multiple(changes_at - 1, TOGETHER);
        changes_in + together.saturating_sub(Duration::from_millis(1))
    };
    // A little late rather than a little early: early would find nothing changed and wake up again.
    shown.map(until_change).fold(until_minute, Duration::min) + Duration::from_millis(5)
}

/// How long it is from a moment to the next multiple of a step after it, in milliseconds.
fn until_multiple(moment: i64, step: i64) -> Duration {
    let into = moment.rem_euclid(step);
    Duration::from_millis(u64::try_from(step - into).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_agents_wake_the_screen_no_more_often_than_one() {
        let begun: Vec<_> = (0..20)
            .map(|agent| Timestamp(1_000_000 + agent * 137))
            .collect();
        let mut now = Timestamp(1_013_000);
        let mut wake_ups = 0;
        while now.0 < 1_133_000 {
            now.0 += i64::try_from(quiet(begun.iter().copied(), now).as_millis()).expect("short");
            wake_ups += 1;
        }
        // Two minutes, every five seconds at most.
        assert!(wake_ups <= 24, "{wake_ups}");
    }

    #[test]
    fn a_duration_is_never_brought_up_to_date_before_it_changes() {
        for since in [
            0, 1, 999, 1_000, 9_999, 10_000, 12_345, 59_999, 60_000, 61_001,
        ] {
            let now = Timestamp(5_000_000);
            let begun = Timestamp(now.0 - since);
            let quiet = quiet(std::iter::once(begun), now);
            let changes_in = until_coarse_changes(now.since(begun));
            let late = quiet.saturating_sub(changes_in);
            assert!(
                quiet >= changes_in.min(until_multiple(now.0, 60_000)),
                "{since}: {quiet:?}"
            );
            assert!(late <= Duration::from_millis(5_010), "{since}: {quiet:?}");
        }
    }
}
