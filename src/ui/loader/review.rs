//! Diffs to review: what an attempt changed, and what differs between two.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use super::super::effect::{AskReview, Reviewed};
use super::super::pages::review::unified::Unified;
use super::super::text;
use crate::domain::attempt::{Validation, Verdict};
use crate::domain::ids::AttemptId;
use crate::domain::reason::count;
use crate::runner::comparison::{self, Attempted};
use crate::store::evidence::folder_of;

/// A diff is read up to this size; of a larger one the beginning.
const MOST: u64 = 64 * 1024 * 1024;

/// What an attempt has changed: now, while it runs in a worktree of its own, else as its last turn left it.
pub(super) fn attempt(ask: &AskReview) -> Result<Reviewed, String> {
    if let Some(workspace) = &ask.workspace {
        match comparison::live_patch(&ask.root, &ask.attempt, workspace) {
            Ok(Some(mut patch)) => {
                let length = patch.len() as u64;
                patch.truncate(MOST as usize);
                return Ok(Reviewed {
                    diff: Unified::read(patch),
                    is_live: true,
                    cut_of: (length > MOST).then_some(length),
                    ..Reviewed::default()
                });
            }
            Ok(None) => {}
            Err(error) => {
                tracing::info!(%error, attempt = %ask.attempt, "the state after the last turn instead");
            }
        }
    }
    let path = folder_of(&ask.evidence, ask.run, &ask.attempt).join("diff.patch");
    let say = |error: std::io::Error| format!("can't read {}: {error}", path.display());
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!(
                "there is no diff of {} yet: it is taken after each turn, in a repository",
                ask.attempt
            ));
        }
        Err(error) => return Err(say(error)),
    };
    let length = file.metadata().map_err(say)?.len();
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(say)?;
    Ok(Reviewed {
        cut_of: (length > bytes.len() as u64).then_some(length),
        diff: Unified::read(bytes),
        ..Reviewed::default()
    })
}

/// What `docket diff A B` shows, and both attempts side by side.
pub(super) fn compare(
    root: &Path,
    ledger: &Path,
    from: &AttemptId,
    to: &AttemptId,
) -> Result<Reviewed, String> {
    let compared = comparison::between(root, ledger, from, to)
        .map_err(|error| format!("can't compare {from} with {to}: {error}"))?;
    let length = compared.patch.len() as u64;
    let mut patch = compared.patch;
    patch.truncate(MOST as usize);
    Ok(Reviewed {
        diff: Unified::read(patch),
        table: table(&compared.from, &compared.to),
        is_live: false,
        cut_of: (length > MOST).then_some(length),
    })
}

/// Two attempts side by side: what, the first, the second.
fn table(from: &Attempted, to: &Attempted) -> Vec<[String; 3]> {
    let row = |what: &str, value: &dyn Fn(&Attempted) -> String| {
        let cell = |attempted| text::clean(&value(attempted)).into_owned();
        [what.to_owned(), cell(from), cell(to)]
    };
    let mut rows = vec![
        row("", &|one| one.record.attempt.to_string()),
        row("outcome", &|one| match &one.record.outcome {
            Some(outcome) => outcome.to_string(),
            None => "not ended".to_owned(),
        }),
        row("agent", &|one| one.record.agent.clone()),
        row("turns", &|one| one.record.turns.to_string()),
        row("duration", &|one| match one.record.finished {
            Some(end) => exact(end.since(one.record.started)),
            None => "-".to_owned(),
        }),
        row("tokens", &|one| count(one.record.usage.tokens())),
        row("cost", &|one| match one.record.usage.cost_usd {
            Some(cost) => format!("${cost:.2}"),
            None => "-".to_owned(),
        }),
    ];
    let mut names: Vec<&str> = Vec::new();
    for validation in from.validations.iter().chain(&to.validations) {
        if !names.contains(&validation.name.as_str()) {
            names.push(&validation.name);
        }
    }
    for name in names {
        rows.push(row(&text::clean(name), &|one| {
            let mut known = one.validations.iter();
            let found = known.find(|validation| validation.name == name);
            found.map_or_else(|| "-".to_owned(), result)
        }));
    }
    rows
}

/// `passed 4.0s`.
fn result(validation: &Validation) -> String {
    let verdict = match (validation.verdict, validation.exit) {
        (Verdict::Pass, _) => "passed".to_owned(),
        (Verdict::Fail, Some(exit)) => format!("failed, exit {exit}"),
        (Verdict::Fail, None) => "failed".to_owned(),
        (Verdict::TimedOut, _) => "timed out".to_owned(),
        (Verdict::Inconclusive, _) => "inconclusive".to_owned(),
    };
    format!("{verdict}, {}", text::millis(validation.millis))
}

fn exact(duration: Duration) -> String {
    text::millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
