//! What a dead docket left: its attempts are ended, exactly its processes are ended, its working trees stay.

use std::path::Path;

use crate::domain::attempt::{AttemptOutcome, Need, Proof};
use crate::domain::event::{Event, RunOutcome};
use crate::domain::ids::{RunId, Sha256};
use crate::domain::unfinished;
use crate::git::{BranchName, Repository};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::proc::{identity, sweep};
use crate::store::evidence::{self, EvidenceFolder, SealMeta};
use crate::store::records::OpenAttempt;
use crate::store::{Ledger, LedgerError, Reader};
use crate::tickets::{load, write};

use super::context::Places;
use super::done;

/// Ends what the ledger still calls alive. The lock is held, so no live runner owns any of it.
pub(super) fn lost_attempts(
    places: &Places,
    ledger: &Ledger,
    reader: &Reader,
    clock: &SystemClock,
) -> Result<(), LedgerError> {
    write::clear_leftovers(&places.tickets, |pid| identity::record(pid).is_some());
    let (attempts, runs) = (reader.open_attempts()?, reader.open_runs()?);
    if attempts.is_empty() && runs.is_empty() {
        return Ok(());
    }
    for open in attempts {
        let mut events = vec![end_processes(places, &open)];
        // With a proof all was merged when docket died: only the last word was missing.
        let outcome = if let Some(proof) = integrated_proof(places, reader, &open, &mut events)? {
            finish(places, &open, proof, &mut events)
        } else {
            // What only waited for a human has lost nothing, and waits on.
            let outcome = match waited_for(reader, &open)? {
                Some(need) => AttemptOutcome::NeedsHuman { need },
                None => AttemptOutcome::Lost,
            };
            events.extend(seal(places, &open, &outcome, clock));
            outcome
        };
        tracing::warn!(attempt = %open.attempt, %outcome, "recovered what a dead docket left");
        let (attempt, ticket) = (open.attempt, open.ticket);
        events.push(Event::AttemptFinished {
            attempt,
            outcome: outcome.clone(),
        });
        events.push(Event::StepFinished { ticket, outcome });
        ledger.append(open.run, clock.now().wall, events);
    }
    for run in runs {
        let events = vec![Event::RunFinished {
            outcome: RunOutcome::Lost,
        }];
        ledger.append(run.run, clock.now().wall, events);
    }
    // Whoever looks at earlier runs from here on finds them ended.
    ledger.settle().map(drop)
}

fn end_processes(places: &Places, open: &OpenAttempt) -> Event {
    let swept = sweep::sweep(&open.marker);
    let mut killed = swept.killed.len();
    for process in open
        .processes
        .iter()
        .filter(|process| identity::is_alive(process))
    {
        // A holder carries no marker; it ends by itself, unless it was stopped: then by its full identity.
        sweep::kill_recorded(process);
        killed += 1;
    }
    let workspace = open
        .workspace
        .as_ref()
        .map(|workspace| workspace.path.clone());
    Event::Recovered {
        attempt: open.attempt.clone(),
        killed: u32::try_from(killed).unwrap_or(u32::MAX),
        kept: workspace.filter(|path| *path != places.root),
    }
}

/// The proof of an attempt whose work is on the run's branch already, as its sealed evidence says.
fn integrated_proof(
    places: &Places,
    reader: &Reader,
    open: &OpenAttempt,
    news: &mut Vec<Event>,
) -> Result<Option<Proof>, LedgerError> {
    let Some(seal) = &open.seal else {
        return Ok(None);
    };
    let events = reader.events_of_attempt(&open.attempt)?;
    let integrated = events
        .iter()
        .filter_map(|stored| stored.envelope())
        .any(|envelope| matches!(envelope.event, Event::Integrated { .. }));
    let folder = evidence::folder_of(&places.evidence(), open.run, &open.attempt);
    let Ok((manifest, hash)) = evidence::read_manifest(&folder) else {
        return Ok(None);
    };
    let AttemptOutcome::Done { proof } = manifest.meta.outcome else {
        return Ok(None);
    };
    if hash != seal.manifest {
        return Ok(None);
    }
    if integrated {
        return Ok(Some(proof));
    }
    // docket may have died after the branch moved and before the ledger knew.
    let Some(commit) = accepted(places, open.run, seal.manifest) else {
        return Ok(None);
    };
    news.push(Event::Integrated {
        attempt: open.attempt.clone(),
        commit: Some(commit),
    });
    Ok(Some(proof))
}

/// The commit of the run's branch that holds the work which this manifest proves.
fn accepted(places: &Places, run: RunId, manifest: Sha256) -> Option<String> {
    let found = Repository::discover(&places.root)
        .and_then(|git| git.accepted_on(&BranchName::of_run(run), manifest));
    match found {
        Ok(commit) => commit.map(|commit| commit.to_string()),
        Err(error) => {
            tracing::warn!(%error, %run, "can't look for merged work");
            None
        }
    }
}

/// What a human must do for an attempt that was waiting for one.
fn waited_for(reader: &Reader, open: &OpenAttempt) -> Result<Option<Need>, LedgerError> {
    let events = reader.events_of_attempt(&open.attempt)?;
    let envelopes = events.iter().filter_map(|stored| stored.envelope());
    Ok(unfinished::waited_for(&open.attempt, envelopes))
}

/// Marks the ticket done, if it isn't already.
fn finish(
    places: &Places,
    open: &OpenAttempt,
    proof: Proof,
    events: &mut Vec<Event>,
) -> AttemptOutcome {
    let scan = load::scan(&places.root, &places.tickets);
    let entry = scan.entries.iter().find(|entry| entry.id == open.ticket);
    let written = match entry {
        Some(entry) => done::mark(&places.root.join(&entry.path), None),
        None => Err("its file is gone".to_owned()),
    };
    match written {
        Ok((before, after)) => {
            let ticket = open.ticket.clone();
            events.push(Event::TicketWritten {
                ticket,
                before,
                after,
                proof,
            });
            AttemptOutcome::Done { proof }
        }
        Err(why) => AttemptOutcome::Failed {
            failure: crate::domain::attempt::Failure::Ticket { why },
        },
    }
}

/// Seals what there is of a lost attempt's evidence, so that it can't be changed unseen from here on.
fn seal(
    places: &Places,
    open: &OpenAttempt,
    outcome: &AttemptOutcome,
    clock: &SystemClock,
) -> Option<Event> {
    let root = places.evidence();
    if open.seal.is_some()
        || !Path::new(&evidence::folder_of(&root, open.run, &open.attempt)).is_dir()
    {
        return None;
    }
    let meta = SealMeta {
        attempt: open.attempt.clone(),
        run: open.run,
        ticket: open.ticket.clone(),
        revision: open.revision,
        outcome: outcome.clone(),
        docket: env!("CARGO_PKG_VERSION").to_owned(),
        at: clock.now().wall,
    };
    let sealed = EvidenceFolder::open(&root, open.run, &open.attempt)
        .and_then(|folder| folder.seal(&meta))
        .inspect_err(|error| tracing::warn!(%error, "a lost attempt's evidence stays open"))
        .ok()?;
    Some(Event::EvidenceSealed {
        attempt: open.attempt.clone(),
        manifest: sealed.manifest,
        files: u32::try_from(sealed.files.len()).unwrap_or(u32::MAX),
        bytes: sealed.bytes,
    })
}
