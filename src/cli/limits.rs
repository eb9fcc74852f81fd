//! How much of the limits is used, for people and scripts.

use std::time::Duration;

use serde::Serialize;

use super::error::CliError;
use super::place::Place;
use super::survey::Survey;
use crate::domain::attempt::LimitKind;
use crate::domain::item::Usage;
use crate::domain::reason::{coarse, count};
use crate::domain::settings::{Limits, SpendingLimits};
use crate::store::records::AttemptRecord;

/// A day, as `limits.day` means it.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was used of one limit.
#[derive(Serialize)]
pub(super) struct LimitRow {
    /// Its key in the configuration.
    pub(super) limit: &'static str,
    used: f64,
    most: f64,
    #[serde(skip)]
    pub(super) words: String,
}

/// What the last run and the last 24 hours used of what they may.
pub(super) fn beyond_attempts(place: &Place, survey: &Survey) -> Result<Vec<LimitRow>, CliError> {
    let config = &place.loaded.config;
    let spending = config.spending;
    if spending == SpendingLimits::default() {
        return Ok(Vec::new());
    }
    let attempts = survey.reader.attempts()?;
    let run = survey.board.run.as_ref();
    let used = |counts: &dyn Fn(&AttemptRecord) -> bool| {
        let mut sum = Usage::default();
        let counted = attempts.iter().filter(|attempt| counts(attempt));
        counted.for_each(|attempt| sum.add(&attempt.usage));
        sum
    };
    let of_run = used(&|attempt| run.is_some_and(|run| run.id == attempt.run));
    let since = |attempt: &AttemptRecord| attempt.finished.unwrap_or(survey.now);
    let of_day = used(&|attempt| survey.now.since(since(attempt)) < DAY);
    let (run, day) = (spending.run, spending.day);
    let ran = survey.run.as_ref();
    let ran = ran.map(|run| run.finished.unwrap_or(survey.now).since(run.started));
    let wall = spending.run_wall.zip(ran);
    let rows = [
        tokens(LimitKind::RunTokens, &of_run, run.tokens),
        tokens(LimitKind::DayTokens, &of_day, day.tokens),
        money(LimitKind::RunCost, &of_run, run.cost_usd),
        money(LimitKind::DayCost, &of_day, day.cost_usd),
        wall.map(|(wall, ran)| time(LimitKind::RunWall, ran, wall)),
    ];
    Ok(rows.into_iter().flatten().collect())
}

/// What an attempt that lives has used of what it may.
pub(super) fn of_attempt(
    limits: &Limits,
    attempt: &AttemptRecord,
    lived: Duration,
) -> Vec<LimitRow> {
    let rows = [
        Some(LimitRow {
            limit: LimitKind::Turns.as_str(),
            used: f64::from(attempt.turns),
            most: f64::from(limits.turns),
            words: format!("turn {} of {}", attempt.turns, limits.turns),
        }),
        tokens(LimitKind::Tokens, &attempt.usage, limits.tokens),
        money(LimitKind::Cost, &attempt.usage, limits.cost_usd),
        Some(time(LimitKind::Wall, lived, limits.wall)),
    ];
    rows.into_iter().flatten().collect()
}

fn tokens(limit: LimitKind, used: &Usage, most: Option<u64>) -> Option<LimitRow> {
    let used = used.tokens();
    most.map(|most| LimitRow {
        limit: limit.as_str(),
        used: used as f64,
        most: most as f64,
        words: format!("{} of {} tokens", count(used), count(most)),
    })
}

fn money(limit: LimitKind, used: &Usage, most: Option<f64>) -> Option<LimitRow> {
    let used = used.cost_usd.unwrap_or(0.0);
    most.map(|most| LimitRow {
        limit: limit.as_str(),
        used,
        most,
        words: format!("${used:.2} of ${most:.2}"),
    })
}

fn time(limit: LimitKind, used: Duration, most: Duration) -> LimitRow {
    LimitRow {
        limit: limit.as_str(),
        used: used.as_secs_f64(),
        most: most.as_secs_f64(),
        words: format!("{} of {}", coarse(used), coarse(most)),
    }
}
