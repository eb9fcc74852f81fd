//! Between messages and drawing: computes once what a frame needs, and asks for what is missing.

use std::time::Duration;

use ratatui::layout::{Rect, Size};

use super::effect::Effect;
use super::layout::inside;
use super::model::Model;
use super::pages;
use super::panes::transcript::Shown;
use super::view;
use crate::domain::reason::until_coarse_changes;
use crate::domain::time::Timestamp;

/// Lays everything out for a screen of this size. Reads no file: what is missing is asked for.
pub(crate) fn prepare(model: &mut Model, size: Size, now: Timestamp) -> Vec<Effect> {
    model.size = size;
    model.now = now;
    model.queue.refresh(&model.board, now);
    model.totals.refresh(&model.board);
    let mut effects = show_selected(model);
    let places = model.places();
    let inner = |area: Option<Rect>| area.map(inside);
    model.queue.prepare(inner(places.queue).unwrap_or_default());
    let reason = model.queue.reason(&model.board, now);
    model.transcript.prepare(
        inner(places.transcript).unwrap_or_default(),
        &model.look,
        model.queue.entry().zip(reason),
    );
    model
        .evidence
        .prepare(inner(places.evidence).unwrap_or_default(), &model.look);
    effects.extend(model.terminal.prepare(inner(places.terminal)));
    if let Some(page) = model.page {
        effects.extend(pages::prepare(model, page, places.body));
    }
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
    let validations = model.view().map(|view| view.validations.clone());
    let name = model.queue.entry().map(|entry| entry.name.clone());
    let mut effects = model.transcript.show(shown);
    effects.extend(model.evidence.show(name.as_ref()));
    model
        .evidence
        .set_validations(&validations.unwrap_or_default());
    effects
}

fn transcript_path(
    root: &std::path::Path,
    run: crate::domain::ids::RunId,
    attempt: &crate::domain::ids::AttemptId,
) -> std::path::PathBuf {
    root.join(run.to_string())
        .join(attempt.ticket.as_str())
        .join(attempt.number.to_string())
        .join("transcript.jsonl")
}

/// How long nothing on the screen changes by itself: durations that are shown, and the time of day.
pub(crate) fn quiet_for(model: &Model, now: Timestamp) -> Duration {
    let into_minute = u64::try_from(now.0.rem_euclid(60_000)).unwrap_or(0);
    let minute = Duration::from_millis(60_000 - into_minute);
    let shown = model
        .queue
        .running_since(&model.board, now)
        .chain(view::doing_since(model))
        .map(|since| until_coarse_changes(now.since(since)));
    // A little late rather than a little early: early would find nothing changed and wake up again.
    shown.fold(minute, Duration::min) + Duration::from_millis(5)
}
