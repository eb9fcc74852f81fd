//! What goes. Nothing is changed here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{GcError, Item, Sweep, Wish, size_of};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, RunId};
use crate::domain::retention::{Holding, Over};
use crate::domain::time::Timestamp;
use crate::git::{
    Autosave, BranchName, CommitId, GitError, Head, Removal, Repository, SnapshotOptions,
    WorktreeState,
};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::runner::context::Places;
use crate::runner::{inbox, unfinished};
use crate::store::records::AttemptRecord;
use crate::store::{Reader, evidence};

/// Nobody waits so long for an answer to a letter.
const OLD_LETTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What a damaged list of terminals is called when it was put aside, and how long it is kept. The list itself stays.
const TERMINALS_ASIDE: &str = "terminals.damaged-";
const OLD_ASIDE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is known of an attempt.
struct Known {
    record: AttemptRecord,
    /// Where it worked, if that was a worktree.
    worktree: Option<PathBuf>,
    /// Its work is where the user's branches hold it, or it made none.
    merged: bool,
    /// Its work is on a run's branch, or even merged.
    integrated: bool,
    /// It runs, or something will go on from it.
    needed: bool,
    saves: Vec<Autosave>,
    over: Option<Over>,
}

/// What git holds.
#[derive(Default)]
struct Held {
    by_user: HashSet<CommitId>,
    runs: Vec<(RunId, BranchName, CommitId)>,
    saves: BTreeMap<AttemptId, Vec<Autosave>>,
}

pub(super) fn make(
    places: &Places,
    git: Option<&Repository>,
    wish: &Wish,
    clock: &SystemClock,
) -> Result<Sweep, GcError> {
    let reader = Reader::open(&places.ledger())?;
    let held = git.map(held).transpose()?.unwrap_or_default();
    let mut attempts = attempts(&reader, git, &held)?;
    let mut sweep = Sweep::default();
    evidence(places, &reader, wish, &mut attempts, clock, &mut sweep)?;
    if let Some(git) = git {
        worktrees(places, git, wish, &attempts, &mut sweep)?;
        branches(git, &reader, &held, &attempts, &mut sweep)?;
        autosaves(wish, &attempts, &mut sweep);
    }
    strays(places, &attempts, clock, &mut sweep);
    Ok(sweep)
}

fn held(git: &Repository) -> Result<Held, GitError> {
    let mut saves: BTreeMap<AttemptId, Vec<Autosave>> = BTreeMap::new();
    for save in git.autosaves()? {
        saves.entry(save.attempt.clone()).or_default().push(save);
    }
    Ok(Held {
        by_user: git.commits_of_the_user()?,
        runs: git.run_branches()?,
        saves,
    })
}

fn attempts(reader: &Reader, git: Option<&Repository>, held: &Held) -> Result<Vec<Known>, GcError> {
    let goes_on: BTreeSet<AttemptId> = unfinished::attempts(reader)?
        .into_values()
        .map(|unfinished| unfinished.from)
        .collect();
    let records = reader.attempts()?;
    let last: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record.ticket.clone(), record.attempt.clone()))
        .collect();
    let mut attempts = Vec::with_capacity(records.len());
    for record in records {
        let (mut worktree, mut changed, mut integrated) = (None, false, false);
        for stored in reader.events_of_attempt(&record.attempt)? {
            match stored.envelope().map(|envelope| &envelope.event) {
                Some(Event::WorkspacePrepared { workspace, .. }) if workspace.branch.is_some() => {
                    worktree = Some(workspace.path.clone());
                }
                Some(Event::TurnSaved { files, .. }) => changed |= *files > 0,
                Some(Event::Integrated { .. }) => integrated = true,
                _ => {}
            }
        }
        let commit: Option<CommitId> = record
            .commit
            .as_ref()
            .and_then(|commit| commit.parse().ok());
        let merged = match commit {
            Some(commit) => held.by_user.contains(&commit),
            // In place the work is where it belongs; without a change there is nothing to merge.
            None => integrated || !changed,
        };
        let on_a_run = || {
            let (Some(git), Some(commit)) = (git, commit) else {
                return false;
            };
            let mut runs = held.runs.iter();
            runs.any(|(.., head)| git.is_ancestor(commit, *head).unwrap_or(false))
        };
        let is_last = last.get(&record.ticket) == Some(&record.attempt);
        let waits = matches!(record.outcome, Some(AttemptOutcome::NeedsHuman { .. }));
        attempts.push(Known {
            needed: record.outcome.is_none()
                || goes_on.contains(&record.attempt)
                || (is_last && waits),
            integrated: merged || on_a_run(),
            merged,
            worktree,
            saves: held.saves.get(&record.attempt).cloned().unwrap_or_default(),
            record,
            over: None,
        });
    }
    Ok(attempts)
}

fn evidence(
    places: &Places,
    reader: &Reader,
    wish: &Wish,
    attempts: &mut [Known],
    clock: &SystemClock,
    sweep: &mut Sweep,
) -> Result<(), GcError> {
    let root = places.evidence();
    let dropped = reader.dropped()?;
    let mut holdings = Vec::with_capacity(attempts.len());
    let mut sizes = Vec::with_capacity(attempts.len());
    for known in attempts.iter() {
        let record = &known.record;
        let size = evidence::droppable(&root, record.run, &record.attempt)?;
        // The patch in the evidence is all that is left of such work.
        let only_copy = !known.merged && known.saves.is_empty();
        holdings.push(Holding {
            attempt: record.attempt.clone(),
            ticket: record.ticket.clone(),
            ended: record.finished,
            bytes: size.bytes,
            needed: known.needed || only_copy,
        });
        sizes.push(size);
    }
    let over = wish.retention.over(&holdings, clock.now().wall);
    for ((known, holding), size) in attempts.iter_mut().zip(&holdings).zip(sizes) {
        let attempt = &known.record.attempt;
        known.over = over.get(attempt).copied();
        let unfinished = dropped.contains_key(attempt);
        if size.files == 0 || !(unfinished || known.over.is_some()) {
            continue;
        }
        sweep.items.push(Item::Evidence {
            attempt: attempt.clone(),
            run: known.record.run,
            over: known.over.filter(|_| !unfinished),
            files: size.files,
            bytes: size.bytes,
        });
        debug_assert!(unfinished || !holding.needed, "what is needed stays");
    }
    Ok(())
}

fn worktrees(
    places: &Places,
    git: &Repository,
    wish: &Wish,
    attempts: &[Known],
    sweep: &mut Sweep,
) -> Result<(), GcError> {
    let folder = places.worktrees();
    let folder = folder.canonicalize().unwrap_or(folder);
    for entry in git.worktrees()? {
        if !entry.path.starts_with(&folder) {
            continue;
        }
        let path = entry.path;
        let shown = format!("the worktree {}", shown(places, &path));
        if entry.state == WorktreeState::Vanished {
            if !entry.locked {
                sweep.items.push(Item::Registration { path });
            }
            continue;
        }
        // One attempt may go on in the worktree of another: all of them count.
        let mut owners = attempts.iter().filter(|known| {
            // docket may have died before it could say where the attempt works: the folder has its name.
            let named = path.file_name().and_then(|name| name.to_str());
            known.worktree.as_ref().map_or_else(
                || named == Some(known.record.attempt.to_string().as_str()),
                |own| same(own, &path),
            )
        });
        let Some(known) = owners.clone().next_back() else {
            sweep.stays(shown, "the ledger knows no attempt that worked there");
            continue;
        };
        if owners.any(|known| known.needed) {
            sweep.stays(shown, "its attempt runs, or goes on from there");
            continue;
        }
        if !known.integrated && !wish.unmerged {
            sweep.stays(shown, "its work is not merged (--unmerged)");
            continue;
        }
        let attempt = known.record.attempt.clone();
        let removal = known
            .saves
            .last()
            .map_or(Removal::IfClean, |save| Removal::IfSavedAs(save.tree));
        let options = SnapshotOptions::new(places.snapshot_cache(&attempt));
        match git.check_removable(&path, removal, &options) {
            Ok(()) => sweep.items.push(Item::Worktree {
                bytes: size_of(&path),
                attempt,
                path,
                removal,
            }),
            Err(error) => sweep.stays(shown, error.to_string()),
        }
    }
    Ok(())
}

fn branches(
    git: &Repository,
    reader: &Reader,
    held: &Held,
    attempts: &[Known],
    sweep: &mut Sweep,
) -> Result<(), GcError> {
    let user = match git.head()? {
        Head::Branch { name, commit } => Some((name, commit)),
        Head::Detached { .. } | Head::Unborn { .. } => None,
    };
    let holds = |head: CommitId, commit: CommitId| git.is_ancestor(commit, head);
    for (run, attempt, branch, commit) in git.attempt_branches()? {
        let known = attempts
            .iter()
            .find(|known| known.record.attempt == attempt);
        if known.is_none_or(|known| known.needed) {
            continue;
        }
        // Its worktree may go now; any other checkout of it keeps it.
        let going = |path: &PathBuf| {
            let mut items = sweep.items.iter();
            items.any(|item| matches!(item, Item::Worktree { path: gone, .. } if same(gone, path)))
        };
        if !git.checked_out_at(&branch)?.iter().all(going) {
            continue;
        }
        let own_run = held.runs.iter().find(|(known, ..)| *known == run);
        let own_run = own_run.map(|(_, name, head)| (name, *head));
        let user = user.as_ref().map(|(name, head)| (name, *head));
        let mut held_by = None;
        for (name, head) in user.into_iter().chain(own_run) {
            if holds(head, commit)? {
                held_by = Some(name.clone());
                break;
            }
        }
        match held_by {
            Some(held_by) => sweep.items.push(Item::AttemptBranch {
                attempt,
                branch,
                held_by,
            }),
            None => sweep.stays(format!("the branch {branch}"), "its work is not merged"),
        }
    }
    let open: BTreeSet<RunId> = reader
        .open_runs()?
        .into_iter()
        .map(|record| record.run)
        .collect();
    for (run, branch, commit) in &held.runs {
        if open.contains(run) || !git.checked_out_at(branch)?.is_empty() {
            continue;
        }
        match &user {
            Some((name, head)) if holds(*head, *commit)? => sweep.items.push(Item::RunBranch {
                run: *run,
                branch: branch.clone(),
                held_by: name.clone(),
            }),
            _ => sweep.stays(
                format!("the branch {branch}"),
                format!("it is not merged: `docket merge {run}`"),
            ),
        }
    }
    Ok(())
}

fn autosaves(wish: &Wish, attempts: &[Known], sweep: &mut Sweep) {
    for known in attempts {
        let attempt = &known.record.attempt;
        if known.over.is_none() || known.needed || known.saves.is_empty() {
            continue;
        }
        let mut saves = known.saves.clone();
        if !known.merged {
            if !wish.unmerged {
                let why = "its work is not merged (--unmerged drops all but the last)";
                sweep.stays(format!("the autosaves of {attempt}"), why);
                continue;
            }
            // What the attempt came to can always be brought back.
            saves.pop();
        }
        if !saves.is_empty() {
            sweep.items.push(Item::Autosaves {
                attempt: attempt.clone(),
                turns: saves.len(),
                saves,
            });
        }
    }
}

/// Files that belong to nothing anymore.
fn strays(places: &Places, attempts: &[Known], clock: &SystemClock, sweep: &mut Sweep) {
    for (path, found) in files_in(&places.cache()) {
        let attempt = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse::<AttemptId>().ok());
        let Some(attempt) = attempt else { continue };
        let mut known = attempts.iter();
        let known = known.find(|known| known.record.attempt == attempt);
        let lives = known.is_none_or(|known| {
            known.needed || known.worktree.as_ref().is_some_and(|path| path.exists())
        });
        if !lives {
            let bytes = found.len();
            sweep.items.push(Item::Cache { path, bytes });
        }
    }
    let now = clock.now().wall;
    for (path, found) in files_in(&places.docket()) {
        let name = path.file_name().and_then(|name| name.to_str());
        let is_aside = name.is_some_and(|name| name.starts_with(TERMINALS_ASIDE));
        if is_aside && age(&found, now).is_some_and(|age| age > OLD_ASIDE) {
            let bytes = found.len();
            sweep.items.push(Item::Cache { path, bytes });
        }
    }
    let inbox = places.docket().join(inbox::FOLDER);
    let bad = inbox.join(inbox::BAD);
    for (path, found) in files_in(&inbox).into_iter().chain(files_in(&bad)) {
        let is_lock = path.file_name().is_some_and(|name| name == inbox::LOCK);
        if !is_lock && age(&found, now).is_some_and(|age| age > OLD_LETTER) {
            let bytes = found.len();
            sweep.items.push(Item::Letter { path, bytes });
        }
    }
}

/// How long ago a file was written.
fn age(found: &fs::Metadata, now: Timestamp) -> Option<Duration> {
    let written = found.modified().ok()?;
    let written = written.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(now.0.max(0).unsigned_abs());
    Some(now.saturating_sub(written))
}

fn files_in(folder: &Path) -> Vec<(PathBuf, fs::Metadata)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .filter(|(_, found)| found.is_file())
        .collect();
    files.sort_by(|one, two| one.0.cmp(&two.0));
    files
}

fn same(one: &Path, two: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    one == two || real(one) == real(two)
}

fn shown(places: &Places, path: &Path) -> String {
    path.strip_prefix(&places.root)
        .unwrap_or(path)
        .display()
        .to_string()
}
