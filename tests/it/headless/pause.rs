//! A pause at any moment, as the screen asks for it: through the runner's handle.

use std::time::Duration;

use docket::domain::board::Feed;
use docket::domain::command::Command;
use docket::domain::event::{Event, RunOutcome};
use docket::domain::machine::RunPlan;
use docket::git::Repository;
use docket::runner::{self, Life, Places, RunnerHandle, Setup};
use tokio::time::timeout;

use crate::support::programs;
use crate::support::sandbox::{Sandbox, kind};
use crate::support::wait::LONG;

/// How long nothing may happen. Everything here takes a few milliseconds when it is not paused.
const A_WHILE: Duration = Duration::from_millis(300);

fn start(sandbox: &Sandbox) -> RunnerHandle {
    let root = sandbox.repository().root().to_owned();
    let setup = Setup {
        places: Places {
            tickets: root.join("tickets"),
            root: root.clone(),
            program: programs::docket().to_owned(),
            approvals: docket::config::approvals::Approvals::nowhere(),
        },
        config: docket::config::merge(&[]).expect("the built-in values").0,
        git: Some(Repository::discover(&root).expect("the repository")),
        plan: RunPlan::default(),
        life: Life::OneRun,
    };
    let started = runner::start(setup).expect("the runner starts");
    let start = Command::Start { only: None };
    started.handle.commands.send(start).expect("it listens");
    started.handle
}

/// Reads the feed up to an event of this kind.
async fn up_to(handle: &mut RunnerHandle, wanted: &str) {
    let seen = async {
        loop {
            match handle.feed.recv().await.expect("the runner lives") {
                Feed::Event(envelope) if kind(&envelope.event) == wanted => break,
                _ => {}
            }
        }
    };
    timeout(LONG, seen).await.expect("it comes in time");
}

/// What comes of the run, to its end.
async fn outcome(mut handle: RunnerHandle) -> Option<RunOutcome> {
    let mut outcome = None;
    let rest = async {
        while let Some(feed) = handle.feed.recv().await {
            if let Feed::Event(envelope) = feed
                && let Event::RunFinished { outcome: ended } = envelope.event
            {
                outcome = Some(ended);
            }
        }
    };
    timeout(LONG, rest).await.expect("it ends in time");
    outcome
}

async fn paused_after(moment: &str, sandbox: &Sandbox, file: &str) -> RunnerHandle {
    let mut handle = start(sandbox);
    up_to(&mut handle, moment).await;
    handle.commands.send(Command::Pause).expect("it listens");
    up_to(&mut handle, "run_paused").await;
    tokio::time::sleep(A_WHILE).await;
    assert!(!sandbox.home(file).exists(), "nothing begins in a pause");
    handle
}

fn ticket(sandbox: &Sandbox) {
    let home = sandbox.home("");
    let home = home.display();
    sandbox.shell(
        10,
        &format!("validate: [\"touch {home}/checked\"]"),
        &format!("sleep 0.1; touch {home}/worked"),
    );
}

#[tokio::test]
async fn an_agent_that_does_not_run_yet_does_not_begin() {
    let sandbox = Sandbox::new();
    ticket(&sandbox);
    let handle = paused_after("attempt_started", &sandbox, "worked").await;
    handle.commands.send(Command::Resume).expect("it listens");
    assert_eq!(outcome(handle).await, Some(RunOutcome::Done));
    assert!(sandbox.is_done(10));
}

#[tokio::test]
async fn an_agent_that_runs_is_frozen_and_its_validation_does_not_begin() {
    let sandbox = Sandbox::new();
    ticket(&sandbox);
    let handle = paused_after("turn_started", &sandbox, "checked").await;
    handle.commands.send(Command::Resume).expect("it listens");
    assert_eq!(outcome(handle).await, Some(RunOutcome::Done));
}

#[tokio::test]
async fn a_pause_can_be_ended_by_a_stop() {
    let sandbox = Sandbox::new();
    ticket(&sandbox);
    let handle = paused_after("attempt_started", &sandbox, "worked").await;
    let reason = docket::domain::attempt::CancelReason::Interrupt;
    handle
        .commands
        .send(Command::Cancel { reason })
        .expect("it listens");
    assert_eq!(
        outcome(handle).await,
        Some(RunOutcome::Cancelled { reason })
    );
    assert!(
        !sandbox.home("worked").exists(),
        "nothing began on the way out"
    );
    assert!(!sandbox.is_done(10));
}
