//! What was checked is what is merged: after the checks, the files must be those that were collected.

use super::collect::is_ticket;
use super::rules::own_record;
use super::{GitState, Prepared, Unit, blocking};
use crate::domain::attempt::Verdict;
use crate::domain::machine::{DiffRules, Report};
use crate::domain::policy::shown;
use crate::git::GitError;
use crate::runner::context::Context;

const HINT: &str = "\nIf they belong to the work (a formatter, a lockfile), keep them as they are now: they are part of it from the next \
                    turn on. If they don't, remove them, and let git ignore what checks leave behind. A check that changes files every \
                    time can never pass.\n";

impl Unit {
    /// Compares the attempt's own working tree with what was collected before the checks. Files that git ignores don't count. Says
    /// something only when they differ, or when nobody can tell.
    pub(super) async fn compare_tree(&self, prepared: &Prepared, turn: u32) {
        // In place nothing is merged, and the user may write whenever they like.
        let Some(state) = prepared.git.clone().filter(|state| state.own.is_some()) else {
            return;
        };
        let context = self.context.clone();
        let expected = state.last;
        let (text, verdict) = match blocking(move || changed_since(&context, &state)).await {
            Ok(None) => return,
            Ok(Some(paths)) => {
                let lines: Vec<_> = paths.iter().map(|path| format!("- {path}\n")).collect();
                let lines = lines.concat();
                let head = "these files changed while the checks ran, so what was checked is not what would be merged:\n";
                (format!("{head}{lines}{HINT}"), Verdict::Fail)
            }
            Err(why) => (
                format!("the files could not be compared: {why}\n"),
                Verdict::Inconclusive,
            ),
        };
        let name = DiffRules::SAME_TREE;
        self.report(Report::ValidationStarted {
            name: name.to_owned(),
        });
        let run = format!("the files after the checks are those of {expected}");
        let record = own_record(prepared, name, run, turn, &text, verdict);
        self.report(Report::ValidationFinished(record));
    }
}

/// The files that are not as they were collected; the queue's don't count, since they are not merged.
fn changed_since(context: &Context, state: &GitState) -> Result<Option<Vec<String>>, String> {
    let in_words = |error: GitError| error.to_string();
    let snapshot = state.worktree.snapshot(&state.options).map_err(in_words)?;
    if snapshot.tree == state.last {
        return Ok(None);
    }
    let git = context.git.as_ref().ok_or("the repository is gone")?;
    let diff = git.diff(state.last, snapshot.tree).map_err(in_words)?;
    let changed = diff
        .files
        .iter()
        .filter(|change| !is_ticket(context, &change.path));
    let changed: Vec<_> = changed
        .map(|change| shown(&change.path).into_owned())
        .collect();
    Ok((!changed.is_empty()).then_some(changed))
}
