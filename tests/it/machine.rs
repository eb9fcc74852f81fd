//! The rules, driven by scripts: inputs in, effects out. `check` is the only place that touches `machine::step`.

mod claimed;
mod conversation;
mod gates;
mod merging;
mod order;
mod policy;
mod recurring;
mod scopes;
mod spending;
mod taking;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use docket::domain::attempt::{
    Artifact, AttemptOutcome, CancelReason, Failure, Fault, Need, Phase, Proof, TurnEnd,
    Validation, Verdict, Workspace,
};
use docket::domain::command::Command;
use docket::domain::event::{Event, Leftovers, RunOutcome};
use docket::domain::hash::sha256;
use docket::domain::ids::{AttemptId, TicketId, TicketName};
use docket::domain::item::Usage;
use docket::domain::machine::{
    Collected, Dispatch, Effect, History, Input, Order, Report, RunPlan, State, step,
};
use docket::domain::policy::PolicyAction;
use docket::domain::queue::Queue;
use docket::domain::request::Answer;
use docket::domain::settings::Settings;
use docket::domain::taking::Seat;
use docket::domain::ticket::{Check, GateRule, QueueEntry};
use docket::domain::time::{Monotonic, Now, Timestamp};
use docket::tickets::parse;
use proptest::prelude::*;

fn entry(number: u32, front_matter: &str) -> QueueEntry {
    let path = format!("tickets/TICKET-{number:03}-t.md");
    let text = format!("---\nagent: shell\ndone: false\n{front_matter}---\nBody\n");
    parse::parse(path.as_ref(), text.as_bytes())
}

fn now(millis: u64) -> Now {
    Now {
        wall: Timestamp(1_000_000 + i64::try_from(millis).expect("small")),
        monotonic: Monotonic(Duration::from_millis(millis)),
    }
}

/// Prints effects as short lines: `StepStarted TICKET-001`, `> TICKET-001.1 Turn 1`.
fn print(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Emit { event, .. } => print_event(event),
            Effect::PrepareRun { run } => format!("> prepare {run}"),
            Effect::Open(spec) => format!("> open {}", spec.attempt),
            Effect::Order { attempt, order } => format!("> {attempt} {}", print_order(order)),
            Effect::Look => "> look".to_owned(),
            Effect::KeepRules { rules } => {
                let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
                format!("> keep {}", rules.join(", "))
            }
            Effect::Reopen { ticket, .. } => format!("> reopen {ticket}"),
            Effect::WakeAt(at) => format!("> wake at {}", at.0),
            Effect::RunOver { outcome, .. } => format!("> over {outcome:?}"),
        })
        .collect()
}

fn print_order(order: &Order) -> String {
    match order {
        Order::Turn { turn, brief, .. } => {
            let mut text = format!("turn {turn}");
            if !brief.failed.is_empty() {
                let names: Vec<_> = brief
                    .failed
                    .iter()
                    .map(|check| check.name.as_str())
                    .collect();
                let _ = write!(text, " failed={}", names.join(","));
            }
            if let Some(reason) = &brief.rejected {
                let _ = write!(text, " rejected={reason}");
            }
            if !brief.conflicts.is_empty() {
                let _ = write!(text, " conflicts={}", brief.conflicts.join(","));
            }
            if !brief.replies.is_empty() {
                let _ = write!(text, " replies={}", brief.replies.join(","));
            }
            text
        }
        Order::Go => "go".into(),
        Order::Collect { turn, .. } => format!("collect {turn}"),
        Order::Recollect { .. } => "recollect".into(),
        Order::Validate { .. } => "validate".into(),
        Order::CatchUp { .. } => "catch up".into(),
        Order::Seal { outcome } => format!("seal {outcome}"),
        Order::Integrate { .. } => "integrate".into(),
        Order::WriteTicket { proof, .. } => format!("write {}", proof.as_str()),
        Order::Stop { reason } => format!("stop {reason:?}"),
        Order::Pause => "pause".into(),
        Order::Resume => "resume".into(),
        Order::Rest => "rest".into(),
        Order::LetGo => "let go".into(),
        Order::TakeBack { turn, .. } => format!("take back {turn}"),
        Order::Steer { text } => format!("steer {text}"),
        Order::TurnOver { done } => format!("turn over done={done}"),
        Order::Answer { answer, .. } => match answer {
            Answer::Choose { choice, .. } => format!("answer {choice}"),
            Answer::Words { words } => format!("answer {}", words.join(",")),
            Answer::Dismiss { .. } => "dismiss".into(),
        },
        Order::Close { integrated } => format!("close {integrated}"),
    }
}

fn print_event(event: &Event) -> String {
    match event {
        Event::StepStarted { name, .. } => format!("StepStarted {name}"),
        Event::StepFinished { outcome, .. } => format!("StepFinished {outcome}"),
        Event::AttemptFinished { attempt, outcome } => {
            format!("AttemptFinished {attempt} {outcome}")
        }
        Event::RunFinished { outcome } => format!("RunFinished {outcome:?}"),
        Event::Refused { what, why } => format!("Refused {what}: {why}"),
        Event::GateReached { need, .. } => format!("GateReached {need}"),
        other => {
            let text = format!("{other:?}");
            text.split([' ', '{']).next().unwrap_or_default().to_owned()
        }
    }
}

/// A machine with a clock that a test moves, and the small amount of runner that scripts need.
struct Bench {
    state: State,
    millis: u64,
    log: Vec<String>,
    /// What is on the disk: each look finds it at once.
    queue: Arc<Queue>,
}

impl Bench {
    fn new(settings: Settings, plan: RunPlan, entries: Vec<QueueEntry>) -> Self {
        let history = History {
            next_run: 1,
            marker: "m".into(),
            attempt_numbers: BTreeMap::default(),
            ended: BTreeMap::default(),
            spent: Vec::new(),
            unfinished: BTreeMap::default(),
            generations: BTreeMap::default(),
            standing: docket::domain::machine::Standing::default(),
        };
        let state = State::new(Arc::new(settings), plan, history);
        let queue = Arc::new(Queue::new(entries.into_iter().map(Arc::new)));
        let mut bench = Self {
            state,
            millis: 0,
            log: Vec::new(),
            queue: queue.clone(),
        };
        bench.give(Input::Queue(queue));
        bench
    }

    /// Changes what is on the disk; nobody has seen it yet.
    fn save(&mut self, entries: Vec<QueueEntry>) {
        self.queue = Arc::new(Queue::new(entries.into_iter().map(Arc::new)));
    }

    fn give(&mut self, input: Input) -> Vec<Effect> {
        self.millis += 1;
        let mut effects = step(&mut self.state, input, now(self.millis));
        self.log.extend(print(&effects));
        while effects.contains(&Effect::Look) {
            effects.retain(|effect| *effect != Effect::Look);
            let looked = Input::Looked(self.queue.clone());
            let more = step(&mut self.state, looked, now(self.millis));
            self.log.extend(print(&more));
            effects.extend(more);
        }
        effects
    }

    fn command(&mut self, command: Command) {
        self.give(Input::Command(command));
    }

    fn begin(&mut self) {
        self.command(Command::Start { only: None });
        self.give(Input::RunPrepared {
            branch: None,
            head: None,
        });
    }

    fn report(&mut self, attempt: &str, report: Report) {
        let attempt: AttemptId = attempt.parse().expect("an attempt id");
        self.give(Input::Attempt { attempt, report });
    }

    /// Prepares the attempt and brings it to the end of its first turn.
    fn first_turn(&mut self, attempt: &str, end: TurnEnd, collected: Collected) {
        self.report(
            attempt,
            Report::Prepared {
                workspace: workspace(),
                carried: false,
            },
        );
        self.turn(attempt, end, collected);
    }

    fn turn(&mut self, attempt: &str, end: TurnEnd, collected: Collected) {
        self.report(
            attempt,
            Report::TurnEnded {
                end,
                usage: Usage::default(),
                leftovers: Leftovers::default(),
            },
        );
        self.report(attempt, Report::Collected(collected));
    }

    fn validate(&mut self, attempt: &str, verdict: Verdict) {
        self.report(
            attempt,
            Report::ValidationFinished(validation("test", verdict)),
        );
        self.report(attempt, Report::Validated { gates: Vec::new() });
    }

    fn finish_well(&mut self, attempt: &str) {
        let hash = sha256(b"");
        self.report(attempt, Report::UpToDate);
        self.report(
            attempt,
            Report::Sealed {
                manifest: hash,
                files: 1,
                bytes: 1,
            },
        );
        self.report(attempt, Report::Integrated { commit: None });
        self.report(
            attempt,
            Report::TicketWritten {
                before: hash,
                after: hash,
                proof: Proof::Proven,
            },
        );
        self.report(attempt, Report::Closed);
    }

    /// What happened since the last look.
    #[track_caller]
    /// Seals the attempt with what it came to.
    fn seal(&mut self, attempt: &str) -> Vec<Effect> {
        let report = Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        };
        let attempt: AttemptId = attempt.parse().expect("an attempt id");
        let mut effects = self.give(Input::Attempt {
            attempt: attempt.clone(),
            report,
        });
        effects.extend(self.give(Input::Attempt {
            attempt,
            report: Report::Closed,
        }));
        effects
    }

    fn check_last(&mut self, expected: &str) {
        assert_eq!(self.log.last().map(String::as_str), Some(expected));
    }

    fn check(&mut self, expected: &str) {
        let expected: Vec<&str> = expected
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(std::mem::take(&mut self.log), expected);
    }
}

fn workspace() -> Workspace {
    Workspace {
        path: "/w".into(),
        branch: None,
    }
}

fn claim() -> Collected {
    Collected {
        claim: true,
        progress: true,
        ..Collected::default()
    }
}

fn validation(name: &str, verdict: Verdict) -> Validation {
    Validation {
        name: name.into(),
        run: "true".into(),
        turn: 1,
        verdict,
        exit: None,
        millis: 1,
        output: None,
    }
}

/// The built-in settings, but for the policy: it looks at nothing, so that a ticket without checks is not validated.
fn settings() -> Settings {
    let mut settings = built_in();
    for action in settings.policies.default.actions.values_mut() {
        *action = PolicyAction::Allow;
    }
    settings
}

fn built_in() -> Settings {
    docket::config::merge(&[])
        .expect("the built-in values")
        .0
        .settings()
}

fn checked() -> Settings {
    let check = Check {
        name: "test".into(),
        run: "cargo test".into(),
        timeout: None,
    };
    Settings {
        checks: vec![check],
        ..settings()
    }
}

#[test]
fn a_ticket_goes_from_claim_to_proof() {
    let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    bench.check(
        "> prepare r1\n RunStarted\n StepStarted TICKET-001\n AttemptStarted\n > open TICKET-001.1",
    );
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.check(
        "WorkspacePrepared\n > TICKET-001.1 turn 1\n TurnFinished\n > TICKET-001.1 collect 1\n
         TurnSaved\n > TICKET-001.1 validate",
    );
    bench.validate("TICKET-001.1", Verdict::Pass);
    bench.check("ValidationFinished\n > TICKET-001.1 catch up");
    bench.finish_well("TICKET-001.1");
    bench.check(
        "> TICKET-001.1 seal done, proven\n EvidenceSealed\n > TICKET-001.1 integrate\n Integrated\n > TICKET-001.1 write proven\n TicketWritten\n
         AttemptFinished TICKET-001.1 done, proven\n > TICKET-001.1 close true\n StepFinished done, proven\n
         > look\n RunFinished Done\n > over Done",
    );
}

#[test]
fn a_failed_validation_goes_into_the_next_turn_and_then_fails_the_ticket() {
    let rules = "limits: {turns: 2, attempts: 1}\n";
    let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, rules)]);
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.log.clear();
    bench.validate("TICKET-001.1", Verdict::Fail);
    bench.check("ValidationFinished\n > TICKET-001.1 turn 2 failed=test");
    bench.turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.log.clear();
    bench.validate("TICKET-001.1", Verdict::TimedOut);
    bench.check("ValidationFinished\n > TICKET-001.1 seal validation failed: test");
    bench.report(
        "TICKET-001.1",
        Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        },
    );
    bench.report("TICKET-001.1", Report::Closed);
    bench.check(
        "EvidenceSealed\n AttemptFinished TICKET-001.1 validation failed: test\n > TICKET-001.1 close false\n
         StepFinished validation failed: test\n > look\n RunFinished Failed\n > over Failed",
    );
}

#[test]
fn a_killed_or_missing_validation_is_never_a_pass() {
    for report in [Some(Verdict::Inconclusive), None] {
        let rules = "limits: {turns: 1, attempts: 1}\n";
        let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, rules)]);
        bench.begin();
        bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
        bench.log.clear();
        if let Some(verdict) = report {
            bench.report(
                "TICKET-001.1",
                Report::ValidationFinished(validation("test", verdict)),
            );
        }
        bench.report("TICKET-001.1", Report::Validated { gates: Vec::new() });
        assert_eq!(
            bench.log.last().map(String::as_str),
            Some("> TICKET-001.1 seal validation failed: test")
        );
    }
}

#[test]
fn a_failed_turn_is_never_a_success_and_a_new_attempt_follows() {
    let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    // The agent claims, but its turn failed.
    bench.first_turn(
        "TICKET-001.1",
        TurnEnd::Failed {
            why: "exit code 3".into(),
            fault: Fault::Agent,
        },
        claim(),
    );
    bench.report(
        "TICKET-001.1",
        Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        },
    );
    bench.log.drain(..9);
    bench.check(
        "TurnSaved\n > TICKET-001.1 seal the agent failed: exit code 3\n EvidenceSealed\n
         AttemptFinished TICKET-001.1 the agent failed: exit code 3\n > TICKET-001.1 close false\n
         AttemptStarted\n > open TICKET-001.2",
    );
}

#[test]
fn three_turns_without_progress_wait_for_a_human() {
    let plan = RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    };
    let mut bench = Bench::new(settings(), plan, vec![entry(1, "")]);
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, Collected::default());
    bench.turn("TICKET-001.1", TurnEnd::Completed, Collected::default());
    bench.turn("TICKET-001.1", TurnEnd::Completed, Collected::default());
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 rest")
    );
    let ticket = entry(1, "").id;
    bench.log.clear();
    bench.command(Command::Reply {
        ticket,
        text: "try b".into(),
    });
    bench.check("ReplyReceived\n > TICKET-001.1 turn 4 replies=try b");
}

#[test]
fn a_done_turn_without_a_diff_is_not_stuck() {
    // PEERS 8.4: a ticket that has just been marked done must not be paused by the loop guard.
    let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, Collected::default());
    bench.turn("TICKET-001.1", TurnEnd::Completed, Collected::default());
    let done = Collected {
        claim: true,
        ..Collected::default()
    };
    bench.turn("TICKET-001.1", TurnEnd::Completed, done);
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 validate")
    );
}

#[test]
fn a_review_gate_waits_rejects_and_approves() {
    let plan = RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    };
    let mut bench = Bench::new(checked(), plan, vec![entry(1, "gate: review\n")]);
    let ticket = entry(1, "").id;
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.log.clear();
    bench.validate("TICKET-001.1", Verdict::Pass);
    bench.check("ValidationFinished\n GateReached waits for review\n > TICKET-001.1 rest");
    bench.command(Command::Reject {
        ticket: ticket.clone(),
        reason: "no tests".into(),
        attempt: None,
        turn: None,
    });
    bench.check("GateDecided\n > TICKET-001.1 turn 2 rejected=no tests");
    bench.turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.validate("TICKET-001.1", Verdict::Pass);
    bench.log.clear();
    bench.command(Command::Approve {
        ticket,
        attempt: None,
        turn: None,
    });
    bench.check("GateDecided\n > TICKET-001.1 catch up");
}

#[test]
fn headless_a_gate_ends_the_attempt_and_says_that_a_human_is_needed() {
    let mut bench = Bench::new(
        settings(),
        RunPlan::default(),
        vec![entry(1, "gate: review\n")],
    );
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.report(
        "TICKET-001.1",
        Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        },
    );
    bench.report("TICKET-001.1", Report::Closed);
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> over NeedsHuman")
    );
}

#[test]
fn interrupt_stops_and_a_second_one_kills() {
    let mut bench = Bench::new(
        checked(),
        RunPlan::default(),
        vec![entry(1, ""), entry(2, "")],
    );
    bench.begin();
    bench.report(
        "TICKET-001.1",
        Report::Prepared {
            workspace: workspace(),
            carried: false,
        },
    );
    bench.log.clear();
    bench.command(Command::Cancel {
        reason: CancelReason::Interrupt,
    });
    bench.check("CancelRequested\n > TICKET-001.1 stop Interrupt");
    bench.command(Command::Cancel {
        reason: CancelReason::Terminate,
    });
    bench.check("");
    bench.command(Command::Cancel {
        reason: CancelReason::Kill,
    });
    bench.check("CancelRequested\n > TICKET-001.1 stop Kill");
    bench.turn(
        "TICKET-001.1",
        TurnEnd::Cancelled {
            reason: CancelReason::Kill,
        },
        Collected::default(),
    );
    bench.report(
        "TICKET-001.1",
        Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        },
    );
    bench.report("TICKET-001.1", Report::Closed);
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> over Cancelled { reason: Kill }"),
        "no other ticket starts after a cancel: {:?}",
        bench.log
    );
}

#[test]
fn nothing_is_merged_without_evidence() {
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.report("TICKET-001.1", Report::UpToDate);
    bench.log.clear();
    bench.report(
        "TICKET-001.1",
        Report::NotSealed {
            why: "no space left".into(),
        },
    );
    bench.report("TICKET-001.1", Report::Closed);
    bench.check(
        "AttemptFinished TICKET-001.1 can't write evidence: no space left\n > TICKET-001.1 close false\n
         StepFinished can't write evidence: no space left\n > look\n RunFinished Failed\n > over Failed",
    );
}

#[test]
fn a_broken_ledger_ends_the_run_as_broken() {
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    bench.log.clear();
    bench.give(Input::LedgerBroken);
    bench.check("CancelRequested\n > TICKET-001.1 stop Storage");
    bench.report(
        "TICKET-001.1",
        Report::NotPrepared {
            why: "stopped".into(),
        },
    );
    bench.report("TICKET-001.1", Report::Closed);
    assert_eq!(bench.log.last().map(String::as_str), Some("> over Broken"));
}

#[test]
fn a_user_ticket_asks_and_is_done_by_hand() {
    let human = "depends_on: []\n";
    let mut user = entry(1, human);
    if let Some(ticket) = &mut user.ticket {
        ticket.agent = "user".parse().expect("a name");
    }
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![user]);
    bench.begin();
    bench.check(
        "> prepare r1\n RunStarted\n StepStarted TICKET-001\n StepFinished a human does this ticket\n
         > look\n RunFinished NeedsHuman\n > over NeedsHuman",
    );
}

#[test]
fn a_pause_freezes_the_wall_clock() {
    let settings = settings();
    let rules = "limits: {wall: 1s}\n";
    let mut bench = Bench::new(settings, RunPlan::default(), vec![entry(1, rules)]);
    bench.begin();
    bench.report(
        "TICKET-001.1",
        Report::Prepared {
            workspace: workspace(),
            carried: false,
        },
    );
    bench.command(Command::Pause);
    bench.millis += 10_000;
    bench.command(Command::Resume);
    bench.log.clear();
    let progress = Collected {
        progress: true,
        ..Collected::default()
    };
    bench.turn("TICKET-001.1", TurnEnd::Completed, progress.clone());
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 turn 2")
    );
    bench.millis += 10_000;
    bench.turn("TICKET-001.1", TurnEnd::Completed, progress);
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-001.1 seal limit reached: wall")
    );
}

#[test]
fn commands_without_a_run_are_refused_in_words() {
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![]);
    bench.command(Command::Pause);
    bench.check("Refused pause: nothing runs");
    bench.command(Command::Start { only: None });
    bench.check("> look\n > over NothingReady");
}

#[test]
fn a_run_that_finds_nothing_leaves_no_trace_and_takes_no_number() {
    let waits = "not_before: 2999-01-01T00:00:00Z\n";
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, waits)]);
    bench.command(Command::Start { only: None });
    bench.check("> look\n > over NothingReady");
    // What was saved a moment ago counts, seen or not.
    bench.save(vec![entry(2, "")]);
    bench.command(Command::Start { only: None });
    bench.check("> look\n > prepare r1");
}

#[test]
fn a_run_that_was_stopped_before_it_found_anything_is_over_at_once() {
    let history = History {
        ended: BTreeMap::default(),
        spent: Vec::new(),
        next_run: 1,
        marker: "m".into(),
        attempt_numbers: BTreeMap::default(),
        unfinished: BTreeMap::default(),
        generations: BTreeMap::default(),
        standing: docket::domain::machine::Standing::default(),
    };
    let mut state = State::new(Arc::new(settings()), RunPlan::default(), history);
    let mut give = |input| print(&step(&mut state, input, now(1)));
    let start = Command::Start { only: None };
    assert_eq!(give(Input::Command(start.clone())), [""; 0]);
    let reason = CancelReason::Interrupt;
    assert_eq!(
        give(Input::Command(Command::Cancel { reason })),
        ["> over Cancelled { reason: Interrupt }"]
    );
    let queue = Arc::new(Queue::new([Arc::new(entry(1, ""))]));
    assert_eq!(give(Input::Queue(queue)), [""; 0]);
    assert_eq!(give(Input::Command(start)), ["> prepare r1"]);
}

#[test]
fn before_a_run_ends_the_queue_is_read_once_more() {
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    // The agent leaves a follow-up that no watcher has reported yet.
    bench.save(vec![entry(1, ""), entry(2, "")]);
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.log.clear();
    bench.finish_well("TICKET-001.1");
    bench.log.drain(..6);
    bench.check(
        "AttemptFinished TICKET-001.1 done, proven\n > TICKET-001.1 close true\n StepFinished done, proven\n
         > look\n StepStarted TICKET-002\n AttemptStarted\n > open TICKET-002.1",
    );
}

#[test]
fn a_run_of_one_ticket_does_not_look_for_others() {
    let plan = RunPlan {
        max_tickets: Some(1),
        ..RunPlan::default()
    };
    let mut bench = Bench::new(settings(), plan, vec![entry(1, ""), entry(2, "")]);
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.log.clear();
    bench.finish_well("TICKET-001.1");
    assert!(!bench.log.contains(&"> look".to_owned()), "{:?}", bench.log);
    assert_eq!(bench.log.last().map(String::as_str), Some("> over Done"));
}

#[test]
fn a_ticket_that_changed_as_its_attempt_began_begins_again_with_the_new_text() {
    let one = "limits: {attempts: 1}\n";
    let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, one)]);
    bench.begin();
    let changed = entry(1, "limits: {attempts: 1}\ntitle: New\n");
    bench.save(vec![changed.clone()]);
    bench.log.clear();
    let outdated = || Report::Outdated {
        why: "changed".into(),
    };
    let effects = bench.give(Input::Attempt {
        attempt: "TICKET-001.1".parse().expect("an attempt id"),
        report: outdated(),
    });
    bench.check(
        "AttemptFinished TICKET-001.1 can't prepare the attempt: changed\n > TICKET-001.1 close false\n
         > look\n AttemptStarted\n > open TICKET-001.2",
    );
    let revision = effects.iter().find_map(|effect| match effect {
        Effect::Open(spec) => Some(spec.revision),
        _ => None,
    });
    assert_eq!(revision, Some(changed.revision));
    // One that never holds still is given up.
    for number in 2..=5 {
        bench.report(&format!("TICKET-001.{number}"), outdated());
    }
    bench.log.clear();
    bench.report("TICKET-001.6", outdated());
    bench.check(
        "AttemptFinished TICKET-001.6 can't prepare the attempt: changed\n > TICKET-001.6 close false\n
         StepFinished can't prepare the attempt: changed\n > look",
    );
}

#[test]
fn a_skipped_ticket_is_taken_back_into_the_run() {
    let entries = vec![entry(1, ""), entry(2, "")];
    let two = entries[1].id.clone();
    let mut bench = Bench::new(settings(), RunPlan::default(), entries);
    let unskip = || Command::Unskip {
        ticket: two.clone(),
    };
    bench.command(unskip());
    bench.check(&format!(
        "Refused take {two} back: nothing runs: the next run takes it by itself"
    ));
    bench.begin();
    bench.log.clear();
    bench.command(unskip());
    bench.check(&format!(
        "Refused take {two} back: that ticket is not skipped"
    ));
    bench.command(Command::Skip {
        ticket: two.clone(),
    });
    bench.check("StepSkipped");
    bench.command(unskip());
    bench.check("StepRestored");
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.finish_well("TICKET-001.1");
    assert!(
        bench.log.contains(&"StepStarted TICKET-002".to_owned()),
        "{:?}",
        bench.log
    );
}

#[test]
fn a_run_over_some_tickets_takes_those_and_more_when_asked() {
    let entries = vec![entry(1, ""), entry(2, ""), entry(3, "")];
    let ids: Vec<TicketId> = entries.iter().map(|entry| entry.id.clone()).collect();
    let mut bench = Bench::new(settings(), RunPlan::default(), entries);
    bench.command(Command::StartSome {
        tickets: vec![ids[2].clone()],
    });
    bench.give(Input::RunPrepared {
        branch: None,
        head: None,
    });
    bench.command(Command::StartSome {
        tickets: vec![ids[1].clone()],
    });
    bench.first_turn("TICKET-003.1", TurnEnd::Completed, claim());
    bench.finish_well("TICKET-003.1");
    bench.first_turn("TICKET-002.1", TurnEnd::Completed, claim());
    bench.finish_well("TICKET-002.1");
    let started: Vec<_> = bench
        .log
        .iter()
        .filter(|line| line.starts_with("StepStarted"))
        .collect();
    assert_eq!(
        started,
        ["StepStarted TICKET-003", "StepStarted TICKET-002"]
    );
}

#[test]
fn a_ticket_that_is_gone_before_anything_was_tried_is_left_out() {
    let entries = vec![entry(1, ""), entry(2, "")];
    let mut bench = Bench::new(settings(), RunPlan::default(), entries);
    bench.begin();
    bench.save(vec![entry(2, "")]);
    bench.log.clear();
    bench.report(
        "TICKET-001.1",
        Report::Outdated {
            why: "deleted".into(),
        },
    );
    bench.check(
        "AttemptFinished TICKET-001.1 can't prepare the attempt: deleted\n > TICKET-001.1 close false\n
         > look\n StepStarted TICKET-002\n AttemptStarted\n > open TICKET-002.1\n StepSkipped",
    );
    bench.report("TICKET-001.1", Report::Closed);
    bench.first_turn("TICKET-002.1", TurnEnd::Completed, claim());
    bench.finish_well("TICKET-002.1");
    assert_eq!(bench.log.last().map(String::as_str), Some("> over Done"));
}

#[test]
fn a_done_flag_that_appears_while_a_ticket_runs_lets_nothing_go() {
    let one = |done: &str| {
        let text = format!(
            "---\nticket_id: tkt_000001\nagent: shell\ndone: {done}\nlimits: {{turns: 1, attempts: 1}}\n---\n"
        );
        parse::parse("tickets/TICKET-001.md".as_ref(), text.as_bytes())
    };
    let two = || entry(2, "depends_on: [1]\n");
    let settings = Settings {
        jobs: 2.try_into().expect("not zero"),
        ..checked()
    };
    let mut bench = Bench::new(settings, RunPlan::default(), vec![one("false"), two()]);
    bench.begin();
    bench.first_turn("TICKET-001.1", TurnEnd::Completed, claim());
    bench.log.clear();
    bench.save(vec![one("true"), two()]);
    bench.give(Input::Queue(bench.queue.clone()));
    bench.check("");
    bench.validate("TICKET-001.1", Verdict::Fail);
    bench.log.clear();
    bench.report(
        "TICKET-001.1",
        Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        },
    );
    bench.report("TICKET-001.1", Report::Closed);
    bench.check(
        "EvidenceSealed\n AttemptFinished TICKET-001.1 validation failed: test\n > TICKET-001.1 close false\n
         Refused call TICKET-001 done: its file says so, but docket holds no proof: set `done: false` to have it tried \
         again, or leave it if it was you\n
         StepFinished validation failed: test\n > look\n RunFinished Failed\n > over Failed",
    );
}

#[test]
fn between_two_attempts_the_ticket_is_read_again() {
    let failed = || TurnEnd::Failed {
        why: "x".into(),
        fault: Fault::Agent,
    };
    for (saved, expected) in [
        (vec![entry(1, "title: New\n")], "> open TICKET-001.2"),
        (vec![], "StepFinished the agent failed: x"),
        (
            vec![entry(1, "done: [\n")],
            "StepFinished the agent failed: x",
        ),
    ] {
        let mut bench = Bench::new(settings(), RunPlan::default(), vec![entry(1, "")]);
        bench.begin();
        bench.first_turn("TICKET-001.1", failed(), Collected::default());
        bench.save(saved);
        bench.give(Input::Queue(bench.queue.clone()));
        bench.log.clear();
        bench.report(
            "TICKET-001.1",
            Report::Sealed {
                manifest: sha256(b""),
                files: 1,
                bytes: 1,
            },
        );
        assert!(bench.log.contains(&expected.to_owned()), "{:?}", bench.log);
    }
}

#[test]
fn what_a_human_did_in_the_meantime_needs_no_human() {
    let user = |done: &str| {
        let text = format!("---\nticket_id: tkt_000001\nagent: user\ndone: {done}\n---\n");
        parse::parse("tickets/TICKET-001.md".as_ref(), text.as_bytes())
    };
    let mut bench = Bench::new(
        settings(),
        RunPlan::default(),
        vec![user("false"), entry(2, "")],
    );
    bench.begin();
    bench.save(vec![user("true"), entry(2, "")]);
    bench.first_turn("TICKET-002.1", TurnEnd::Completed, claim());
    bench.finish_well("TICKET-002.1");
    assert_eq!(bench.log.last().map(String::as_str), Some("> over Done"));
}

// ---------------------------------------------------------------------------------------------------------------
// Properties: random inputs, in any order, against the invariants of the design.

#[derive(Debug, Clone)]
enum Shot {
    Command(Command),
    Report(usize, Report),
    Prepared(bool),
    LedgerBroken,
    Woke,
    Later(u64),
}

fn ticket_id(index: usize) -> TicketId {
    entry(u32::try_from(index).expect("small") + 1, "").id
}

fn shots() -> impl Strategy<Value = Vec<Shot>> {
    let hash = sha256(b"");
    let verdict = prop_oneof![
        Just(Verdict::Pass),
        Just(Verdict::Fail),
        Just(Verdict::TimedOut),
        Just(Verdict::Inconclusive)
    ];
    let end = prop_oneof![
        4 => Just(TurnEnd::Completed),
        1 => Just(TurnEnd::Failed { why: "x".into(), fault: Fault::Agent }),
        1 => Just(TurnEnd::Died { how: "x".into() }),
        1 => Just(TurnEnd::NotStarted { why: "x".into() }),
        1 => Just(TurnEnd::TimedOut { phase: Phase::Idle }),
        1 => Just(TurnEnd::Cancelled { reason: CancelReason::Stopped }),
    ];
    let collected =
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(claim, progress, ask)| {
            let dispatch = Dispatch {
                pause: true,
                title: "?".into(),
                attachments: Vec::new(),
                text: "?".into(),
            };
            let dispatches = if ask && !claim {
                vec![dispatch]
            } else {
                vec![]
            };
            Collected {
                claim,
                progress,
                dispatches,
                ..Collected::default()
            }
        });
    let artifact = Artifact {
        path: "prompt.md".into(),
        sha256: hash,
        bytes: 1,
    };
    let why = || "x".to_owned();
    let report = prop_oneof![
        3 => Just(Report::Prepared { workspace: workspace(), carried: false }),
        1 => Just(Report::NotPrepared { why: why() }),
        1 => Just(Report::Outdated { why: why() }),
        2 => Just(Report::TurnStarted { turn: 1, prompt: artifact }),
        4 => end.prop_map(|end| Report::TurnEnded {
            end, usage: Usage::default(), leftovers: Leftovers::default() }),
        4 => collected.prop_map(Report::Collected),
        1 => Just(Report::NotCollected { why: why() }),
        4 => verdict.prop_map(|verdict| Report::ValidationFinished(validation("test", verdict))),
        4 => Just(Report::Validated { gates: Vec::new() }),
        4 => Just(Report::UpToDate),
        2 => Just(Report::CaughtUp { onto: "c2".into(), tree: "t2".into(), conflicts: Vec::new() }),
        1 => Just(Report::CaughtUp { onto: "c2".into(), tree: "t2".into(), conflicts: vec!["code".into()] }),
        1 => Just(Report::Tampered { what: "the branch is gone".into() }),
        4 => Just(Report::Sealed { manifest: hash, files: 1, bytes: 1 }),
        1 => Just(Report::NotSealed { why: why() }),
        4 => Just(Report::Integrated { commit: None }),
        1 => Just(Report::NotIntegrated { why: why() }),
        4 => Just(Report::TicketWritten { before: hash, after: hash, proof: Proof::Proven }),
        1 => Just(Report::TicketNotWritten { why: why() }),
        4 => Just(Report::Closed),
        4 => Just(Report::Session("s".into())),
        4 => Just(Report::LetGo),
        2 => Just(Report::Stuck { what: why(), since: Timestamp(0) }),
        2 => Just(Report::StuckNoMore),
    ];
    let reason = prop_oneof![
        Just(CancelReason::Interrupt),
        Just(CancelReason::Kill),
        Just(CancelReason::RunEnds),
        Just(CancelReason::HangUp)
    ];
    let command = prop_oneof![
        4 => Just(Command::Start { only: None }),
        2 => Just(Command::Pause),
        2 => Just(Command::Resume),
        1 => (0usize..4).prop_map(|index| Command::StopTicket { ticket: ticket_id(index) }),
        1 => reason.prop_map(|reason| Command::Cancel { reason }),
        2 => (0usize..4).prop_map(|index| Command::Retry { ticket: ticket_id(index) }),
        1 => (0usize..4).prop_map(|index| Command::Skip { ticket: ticket_id(index) }),
        2 => (0usize..4).prop_map(|index| Command::Reply {
            ticket: ticket_id(index), text: "r".into() }),
        2 => (0usize..4).prop_map(|index| Command::Approve { ticket: ticket_id(index), attempt: None, turn: None }),
        1 => (0usize..4).prop_map(|index| Command::Reject {
            ticket: ticket_id(index), reason: "r".into(), attempt: None, turn: None }),
        3 => (0usize..4).prop_map(|index| Command::TakeSession {
            ticket: ticket_id(index), attempt: None, by: Seat::Screen }),
        3 => (0usize..4, any::<bool>()).prop_map(|(index, words)| Command::HandBack {
            ticket: ticket_id(index), words: words.then(|| "r".into()), by: Seat::CommandLine }),
    ];
    let shot = prop_oneof![
        3 => command.prop_map(Shot::Command),
        30 => (0usize..6, report).prop_map(|(index, report)| Shot::Report(index, report)),
        3 => any::<bool>().prop_map(Shot::Prepared),
        1 => (0u64..10_000_000).prop_map(Shot::Later),
        1 => Just(Shot::Woke),
    ];
    (
        proptest::collection::vec(shot, 0..200),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(mut shots, broken)| {
            if broken {
                let middle = shots.len() / 2;
                shots.insert(middle, Shot::LedgerBroken);
            }
            shots
        })
}

/// What must hold after any sequence of inputs.
#[derive(Default)]
struct Watch {
    started: Vec<AttemptId>,
    live: Vec<(AttemptId, TicketId)>,
    finished: Vec<AttemptId>,
    open: Vec<AttemptId>,
    done: Vec<TicketId>,
    /// In whose sessions humans are.
    taken: Vec<AttemptId>,
    runs: (u32, u32),
    passed: bool,
    cancel: Option<CancelReason>,
}

impl Watch {
    fn see(&mut self, effect: &Effect, deps: &BTreeMap<TicketId, TicketId>) {
        match effect {
            Effect::Open(spec) => self.open.push(spec.attempt.clone()),
            Effect::Order { attempt, order } => {
                assert!(
                    self.open.contains(attempt),
                    "an order to an attempt that was never opened"
                );
                assert!(
                    !matches!(order, Order::Turn { .. }) || !self.taken.contains(attempt),
                    "a turn in a session that a human has"
                );
            }
            Effect::Emit { event, .. } => self.see_event(event, deps),
            Effect::PrepareRun { .. }
            | Effect::KeepRules { .. }
            | Effect::Look
            | Effect::Reopen { .. }
            | Effect::WakeAt(_)
            | Effect::RunOver { .. } => {}
        }
    }

    fn see_event(&mut self, event: &Event, deps: &BTreeMap<TicketId, TicketId>) {
        match event {
            Event::RunStarted { .. } => {
                self.runs.0 += 1;
                self.cancel = None;
            }
            Event::RunFinished { .. } => {
                self.runs.1 += 1;
                assert!(self.live.is_empty(), "a run ended with a live attempt");
            }
            Event::CancelRequested {
                ticket: None,
                reason,
            } => {
                assert!(self.cancel < Some(*reason), "a cancel reason sank");
                self.cancel = Some(*reason);
            }
            Event::AttemptStarted {
                attempt, ticket, ..
            } => {
                assert!(
                    !self.started.contains(attempt),
                    "an attempt's number was used twice"
                );
                assert!(
                    !self.live.iter().any(|(_, live)| live == ticket),
                    "two live attempts of one ticket"
                );
                if let Some(before) = deps.get(ticket) {
                    assert!(
                        self.done.contains(before),
                        "a ticket started before what it depends on"
                    );
                }
                self.started.push(attempt.clone());
                self.live.push((attempt.clone(), ticket.clone()));
            }
            Event::AttemptFinished { attempt, outcome } => {
                assert!(!self.finished.contains(attempt), "an attempt ended twice");
                let at = self.live.iter().position(|(live, _)| live == attempt);
                let (_, ticket) = self.live.remove(at.expect("an attempt that lives"));
                self.finished.push(attempt.clone());
                if matches!(outcome, AttemptOutcome::Done { .. }) {
                    self.done.push(ticket);
                }
            }
            Event::SessionTaken { attempt, .. } => {
                assert!(!self.taken.contains(attempt), "taken over twice");
                self.taken.push(attempt.clone());
            }
            Event::SessionHandedBack { attempt, .. } => {
                let at = self.taken.iter().position(|taken| taken == attempt);
                self.taken.remove(at.expect("a session that a human has"));
            }
            Event::ValidationFinished { validation, .. } => {
                self.passed |= validation.verdict == Verdict::Pass;
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_inputs_keep_the_invariants(shots in shots(), jobs in 1u32..4, waits: bool) {
        let mut settings = Settings { jobs: jobs.try_into().expect("not zero"), ..checked() };
        for agent in settings.agents.values_mut() {
            agent.has_tui = true;
        }
        let plan = RunPlan { waits_for_humans: waits, ..RunPlan::default() };
        let entries = vec![
            entry(1, ""),
            entry(2, "depends_on: [1]\n"),
            entry(3, "gate: review\n"),
            entry(4, "validate: []\n"),
        ];
        let deps = BTreeMap::from([(entries[1].id.clone(), entries[0].id.clone())]);
        let mut bench = Bench::new(settings, plan, entries);
        let mut watch = Watch::default();
        for shot in shots {
            let input = match shot {
                Shot::Command(command) => Input::Command(command),
                Shot::Prepared(true) => Input::RunPrepared { branch: None, head: None },
                Shot::Prepared(false) => Input::RunNotPrepared { why: "x".into() },
                Shot::LedgerBroken => Input::LedgerBroken,
                Shot::Woke => Input::Woke,
                Shot::Later(millis) => { bench.millis += millis; continue }
                Shot::Report(index, report) => {
                    // Mostly to what lives, sometimes to what has ended or never was.
                    let unknown = AttemptId { ticket: "TICKET-099".parse::<TicketName>().expect("a name"), number: 1 };
                    let attempt = watch.live.get(index).map(|(attempt, _)| attempt.clone())
                        .or_else(|| watch.finished.last().cloned()).unwrap_or(unknown);
                    Input::Attempt { attempt, report }
                }
            };
            for effect in bench.give(input) {
                watch.see(&effect, &deps);
            }
            prop_assert!(watch.live.len() <= 4);
        }
        prop_assert!(watch.runs.1 <= watch.runs.0);
    }
}

#[test]
fn outcomes_name_what_to_do() {
    let failure = Failure::Validation {
        names: vec!["test".into()],
    };
    assert!(failure.is_worth_another_attempt());
    assert!(!Failure::NotStarted { why: "x".into() }.is_worth_another_attempt());
    assert_eq!(Need::NoProgress.to_string(), "no progress");
    assert_eq!(GateRule::default(), GateRule::None);
    assert_ne!(RunOutcome::Done, RunOutcome::Failed);
}
