//! What a dead docket left: its attempts are ended as lost, exactly its processes are ended, its working trees stay.

use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::{Event, RunOutcome};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::proc::{identity, sweep};
use crate::store::{Ledger, LedgerError, Reader};

use super::context::Places;

/// Ends what the ledger still calls alive. The lock is held, so no live runner owns any of it.
pub(super) fn lost_attempts(
    places: &Places,
    ledger: &Ledger,
    reader: &Reader,
    clock: &SystemClock,
) -> Result<(), LedgerError> {
    for open in reader.open_attempts()? {
        let swept = sweep::sweep(&open.marker);
        for process in &open.processes {
            // Its holder may have been told to live on (frozen, say) without carrying the marker: by its full identity.
            if identity::is_alive(process) {
                sweep::kill_recorded(process);
            }
        }
        tracing::warn!(attempt = %open.attempt, killed = swept.killed.len(), "recovered a lost attempt");
        let kept = open
            .workspace
            .map(|workspace| workspace.path)
            .filter(|path| *path != places.root);
        let events = vec![
            Event::Recovered {
                attempt: open.attempt.clone(),
                killed: u32::try_from(swept.killed.len()).unwrap_or(u32::MAX),
                kept,
            },
            Event::AttemptFinished {
                attempt: open.attempt,
                outcome: AttemptOutcome::Lost,
            },
            Event::StepFinished {
                ticket: open.ticket,
                outcome: AttemptOutcome::Lost,
            },
        ];
        ledger.append(open.run, clock.now().wall, events);
    }
    for run in reader.open_runs()? {
        let events = vec![Event::RunFinished {
            outcome: RunOutcome::Lost,
        }];
        ledger.append(run.run, clock.now().wall, events);
    }
    Ok(())
}
