//! Validations: docket runs each itself, in the working tree, through `sh -c`. All run, all are recorded.

use std::time::Duration;

use super::line::{Line, LineEnd, verdict};
use super::{Prepared, Unit};
use crate::domain::attempt::{Validation, Verdict};
use crate::domain::machine::{DiffRules, Report};
use crate::domain::ticket::Check;
use crate::proc::clock::Clock as _;

impl Unit {
    pub(super) async fn validate(&mut self, rules: &DiffRules, turn: u32, checks: Vec<Check>) {
        let Some(prepared) = self.prepared.take() else {
            return;
        };
        let gates = self.hold_rules(&prepared, rules, turn);
        let (mut cancelled, mut passed) = (false, !checks.is_empty());
        for check in checks {
            if cancelled || self.thawed().await.is_some() {
                break;
            }
            self.report(Report::ValidationStarted {
                name: check.name.clone(),
            });
            let began = self.context.clock.now().monotonic.0;
            let log = prepared.evidence.validation_log(&check.name);
            let log = log.map_err(|error| error.to_string());
            let end = match &log {
                Ok(log) => self.check(&prepared, &check, turn, log).await,
                Err(why) => Err(why.clone()),
            };
            let took = self.context.clock.now().monotonic.0.saturating_sub(began);
            cancelled = end.as_ref().is_ok_and(|end| end.cancelled);
            let output = log
                .ok()
                .and_then(|log| prepared.evidence.artifact(&log).ok());
            let (verdict, exit) = verdict(end.as_ref(), output.is_some());
            if let Err(why) = &end {
                tracing::warn!(check = check.name, why, "a validation could not run");
            }
            passed &= verdict == Verdict::Pass;
            self.report(Report::ValidationFinished(Validation {
                name: check.name,
                run: check.run,
                turn,
                verdict,
                exit,
                millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                output,
            }));
        }
        if passed && !cancelled {
            self.compare_tree(&prepared, turn).await;
        }
        self.prepared = Some(prepared);
        self.report(Report::Validated { gates });
    }

    /// Runs one check to its end, its output into `log`.
    async fn check(
        &mut self,
        prepared: &Prepared,
        check: &Check,
        turn: u32,
        log: &str,
    ) -> Result<LineEnd, String> {
        let limits = self.context.settings.limits_for(&self.spec.ticket);
        let limit: Duration = check.timeout.unwrap_or(limits.validation);
        let line = Line {
            run: &check.run,
            turn,
            limit,
            log,
        };
        self.run_line(prepared, line).await
    }
}
