//! The end of an attempt: seal, integrate, mark the ticket done, clean up.

use std::fs;
use std::path::PathBuf;

use super::catch_up::{Halt, run_branch_is_intact};
use super::{Unit, blocking, provision};
use crate::domain::attempt::{AttemptOutcome, Proof};
use crate::domain::desk::DeskRules;
use crate::domain::ids::Sha256;
use crate::domain::machine::Report;
use crate::domain::settings::Integrate;
use crate::git::{
    BranchName, CommitId, CommitMessage, GitError, Integration, MergeOutcome, OnBehalfOf, Removal,
    Repository,
};
use crate::proc::clock::Clock as _;
use crate::runner::done;
use crate::store::evidence::SealMeta;

impl Unit {
    pub(super) async fn seal(&mut self, outcome: AttemptOutcome) {
        // Nothing writes to the evidence from here on.
        self.holder = None;
        if let Some(mut prepared) = self.prepared.take() {
            self.end_agent(&mut prepared).await;
            self.prepared = Some(prepared);
        }
        let Some(prepared) = &mut self.prepared else {
            return self.report(Report::NotSealed {
                why: "the attempt was never prepared".into(),
            });
        };
        let evidence = prepared.evidence.clone();
        let recorded = prepared.terminal.as_mut().map_or(Ok(()), |terminal| {
            terminal.finish(&evidence, self.context.clock.now().wall)
        });
        let complete = prepared.transcript.finish().and(recorded);
        let meta = SealMeta {
            attempt: self.spec.attempt.clone(),
            run: self.spec.run,
            ticket: self.spec.ticket.id.clone(),
            revision: self.spec.revision,
            outcome,
            docket: env!("CARGO_PKG_VERSION").to_owned(),
            at: self.context.clock.now().wall,
        };
        let sealed: Result<_, Halt> = blocking(move || {
            complete?;
            let result = serde_json::to_vec_pretty(&meta).map_err(|error| error.to_string())?;
            evidence.write("result.json", &result)?;
            Ok(evidence.seal(&meta)?)
        })
        .await;
        self.report(match sealed {
            Ok(sealed) => Report::Sealed {
                manifest: sealed.manifest,
                files: u32::try_from(sealed.files.len()).unwrap_or(u32::MAX),
                bytes: sealed.bytes,
            },
            Err(Halt::Tampered(what)) => Report::Tampered { what },
            Err(Halt::Failed(why)) => Report::NotSealed { why },
        });
    }

    pub(super) async fn integrate(&mut self, manifest: Sha256) {
        // What is merged must be provable: the seal is in the ledger, on the disk, before anything moves.
        if let Err(error) = self.context.stored().await {
            return self.report(Report::NotIntegrated {
                why: error.to_string(),
            });
        }
        let work = self.prepared.as_ref().and_then(|prepared| {
            let state = prepared.git.clone()?;
            let own = state.own.clone()?;
            let run_branch = self.spec.run_branch.as_ref()?.parse::<BranchName>().ok()?;
            Some((state, own, run_branch))
        });
        let Some((state, own, run_branch)) = work else {
            // In place: the work is where it belongs.
            return self.report(Report::Integrated { commit: None });
        };
        let message = CommitMessage {
            subject: format!(
                "{}: {}",
                self.spec.ticket.name,
                self.spec.ticket.title.as_deref().unwrap_or("accepted work")
            ),
            body: String::new(),
            run: self.spec.run,
            attempt: self.spec.attempt.clone(),
            manifest: Some(manifest),
        };
        let context = self.context.clone();
        let integrated: Result<_, Halt> = blocking(move || {
            let at = context.clock.now().wall;
            let git = context
                .git
                .as_ref()
                .ok_or_else(|| "the repository is gone".to_owned())?;
            run_branch_is_intact(git, &run_branch, Some(own.base))?;
            let tickets = state.tickets.iter().map(PathBuf::as_path);
            let tree = if state.tickets.is_empty() {
                state.last
            } else {
                git.with_paths_of(state.last, state.base, tickets)?
            };
            let tree = provision::without_setup(git, &state, tree)?;
            let committed = state
                .worktree
                .commit(&own.branch, own.base, tree, &message, at)?;
            match git.integrate_fast_forward(&run_branch, committed.commit)? {
                Integration::Integrated { commit } => Ok((commit, run_branch)),
                Integration::NotFastForward { .. } => Err(Halt::Failed(format!(
                    "{run_branch} has gone on in this moment: another attempt starts from there"
                ))),
            }
        })
        .await;
        let (commit, run_branch) = match integrated {
            Ok(integrated) => integrated,
            Err(halt) => return self.report(Report::from(halt)),
        };
        self.report(Report::Integrated {
            commit: Some(commit.to_string()),
        });
        if self.context.settings.integrate == Integrate::Current {
            // Where the work is, is on the disk first: the user's checkout may take its time, and docket may be killed meanwhile.
            let _broken_ledgers_are_told_by_themselves = self.context.stored().await;
            let context = self.context.clone();
            let merged = blocking(move || {
                let git = context.git.as_ref().ok_or("the repository is gone")?;
                merge(git, &run_branch, commit)
            });
            let merged = merged.await;
            self.report(Report::Merged(merged));
        }
    }

    pub(super) async fn write_ticket(&mut self, proof: Proof, desk: DeskRules) {
        if let Err(error) = self.context.stored().await {
            return self.report(Report::TicketNotWritten {
                why: error.to_string(),
            });
        }
        let path = self.context.places.root.join(&self.spec.path);
        let body = self.own_body();
        // First what waited for it: once the ticket is done, nobody comes back to that.
        self.bring_held(desk).await;
        let written = blocking(move || done::mark(&path, body)).await;
        self.report(match written {
            Ok((before, after)) => Report::TicketWritten {
                before,
                after,
                proof,
            },
            Err(why) => Report::TicketNotWritten { why },
        });
    }

    pub(super) async fn close(&mut self, integrated: bool) {
        self.holder = None;
        let Some(prepared) = self.prepared.take() else {
            return self.report(Report::Closed);
        };
        let (context, cache) = (self.context.clone(), self.cache_file());
        let shown = self.spec.attempt.clone();
        let run_branch = self.spec.run_branch.clone();
        let cleaned: Result<(), String> = blocking(move || {
            if integrated {
                prepared.desk.forget();
            }
            let Some(state) = prepared
                .git
                .filter(|state| state.own.is_some() && integrated)
            else {
                return Ok(());
            };
            let git = context.git.as_ref().ok_or("the repository is gone")?;
            let in_words = |error: GitError| error.to_string();
            let path = prepared.workspace.path;
            git.remove_worktree(&path, Removal::IfSavedAs(state.last), &state.options)
                .map_err(in_words)?;
            let _no_cache_was_made = fs::remove_file(&cache);
            provision::forget(&context, &path);
            if let (Some(branch), Some(run_branch)) = (prepared.workspace.branch, run_branch)
                && let (Ok(branch), Ok(run_branch)) = (branch.name.parse(), run_branch.parse())
            {
                git.delete_merged_branch(&branch, &run_branch)
                    .map_err(in_words)?;
            }
            Ok(())
        })
        .await;
        if let Err(why) = cleaned {
            // Nothing is lost by what stays.
            tracing::info!(attempt = %shown, why, "the worktree stays");
        }
        self.report(Report::Closed);
    }
}

/// Brings the run's branch on to the user's, if that overwrites nothing. Gives the newest commit there, or what is in the way.
fn merge(git: &Repository, run_branch: &BranchName, commit: CommitId) -> Result<String, String> {
    match git.merge_into_checkout(run_branch, commit, OnBehalfOf::Docket) {
        Ok(MergeOutcome::Merged { commit, .. }) => Ok(commit.to_string()),
        Ok(MergeOutcome::UpToDate) => Ok(commit.to_string()),
        Ok(outcome) => Err(format!(
            "{outcome}; nothing there was changed, and `docket merge` brings it when that is settled"
        )),
        Err(error) => Err(error.to_string()),
    }
}
