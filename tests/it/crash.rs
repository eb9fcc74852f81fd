//! `kill -9` of docket at any moment: nothing of it lives on, nothing committed is lost, the next start goes on, and no ticket is ever
//! done without its proof.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use docket::domain::attempt::{AttemptOutcome, Proof, Verdict};
use docket::domain::event::Event;
use docket::domain::ids::{AttemptId, TicketId};
use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, Stopwatch, until};

/// What an agent does for about 200 ms, with children that would live on.
const WORK: &str = "sleep 1000 &\nsetsid sleep 1000 &\necho \"$DOCKET_ATTEMPT\" > \"work-$DOCKET_RUN.txt\"\nsleep 0.1\nkill $!; kill %1 || true";

/// A process that nobody ended a second after its docket died is an orphan.
const ORPHAN: Duration = Duration::from_secs(1);

/// What must be true of a ledger at any time, also one that a killed docket left.
#[track_caller]
pub(crate) fn check_ledger(sandbox: &Sandbox) {
    let report = sandbox.verify();
    assert!(report.is_intact(), "{report}");
    let events = sandbox.events();
    let mut ended = BTreeMap::<AttemptId, u32>::new();
    let mut proven = BTreeSet::<TicketId>::new();
    let mut passes = BTreeSet::<AttemptId>::new();
    let mut ticket_of = BTreeMap::<AttemptId, TicketId>::new();
    for event in &events {
        match event {
            Event::AttemptStarted {
                attempt, ticket, ..
            } => {
                assert_eq!(
                    ended.insert(attempt.clone(), 0),
                    None,
                    "{attempt} began twice"
                );
                ticket_of.insert(attempt.clone(), ticket.clone());
            }
            Event::AttemptFinished { attempt, outcome } => {
                *ended.get_mut(attempt).expect("it began") += 1;
                if let AttemptOutcome::Done { proof } = outcome {
                    assert_eq!(*proof, Proof::Proven);
                    assert!(
                        passes.contains(attempt),
                        "{attempt} is done without a passed validation"
                    );
                    assert!(
                        proven.contains(&ticket_of[attempt]),
                        "{attempt} wrote no ticket"
                    );
                }
            }
            Event::ValidationFinished {
                attempt,
                validation,
            } if validation.verdict == Verdict::Pass => {
                assert!(validation.output.is_some() && validation.exit == Some(0));
                passes.insert(attempt.clone());
            }
            Event::TicketWritten { ticket, .. } => {
                proven.insert(ticket.clone());
            }
            _ => {}
        }
    }
    assert!(ended.values().all(|ends| *ends <= 1), "{ended:?}");
}

/// No process of the sandbox may live a second after docket's death.
#[track_caller]
pub(crate) fn assert_no_orphans(sandbox: &Sandbox) {
    let began = Stopwatch::start();
    until("every process of the attempt is gone", || {
        sandbox.agents().is_empty()
    });
    assert!(
        began.elapsed() < ORPHAN,
        "orphans lived {:?}",
        began.elapsed()
    );
}

fn queue(sandbox: &Sandbox) {
    for number in [10, 20] {
        let front = "validate: [\"sleep 0.05; test -s work-$DOCKET_RUN.txt\"]";
        sandbox.shell(number, front, WORK);
    }
}

/// A ticket file that says `done: true` must have its event, once a docket has looked at what the dead one left.
#[track_caller]
fn assert_done_is_proven(sandbox: &Sandbox) {
    let written: Vec<_> = sandbox
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::TicketWritten { ticket, proof, .. } => Some((ticket.to_string(), proof)),
            _ => None,
        })
        .collect();
    for number in [10, 20] {
        let proof = (format!("tkt_{number:06}"), Proof::Proven);
        assert_eq!(
            sandbox.is_done(number),
            written.contains(&proof),
            "ticket {number}"
        );
    }
}

#[test]
fn killed_at_any_moment_it_leaves_no_orphan_and_the_next_run_goes_on() {
    let sandbox = Sandbox::new();
    queue(&sandbox);
    let mut rounds = 0;
    // Later and later, until one round gets through.
    for delay in (0..).map(|round| Duration::from_millis(27 * round)) {
        let jobs = if rounds % 3 == 2 { "2" } else { "1" };
        let running = sandbox.start(["run", "--jobs", jobs]);
        let began = Stopwatch::start();
        until("the moment has come", || began.elapsed() >= delay);
        running.signal(Signal::KILL);
        drop(running);
        assert_no_orphans(&sandbox);
        check_ledger(&sandbox);
        rounds += 1;
        if sandbox.is_done(10) && rounds >= 12 || rounds == 18 {
            break;
        }
    }
    let ended = sandbox.docket(["run"]);
    assert!(sandbox.is_done(10) && sandbox.is_done(20), "{ended:?}");
    check_ledger(&sandbox);
    assert_done_is_proven(&sandbox);
    let events = sandbox.events();
    let count = |fits: fn(&Event) -> bool| events.iter().filter(|event| fits(event)).count();
    let began = count(|event| matches!(event, Event::AttemptStarted { .. }));
    let ended = count(|event| matches!(event, Event::AttemptFinished { .. }));
    let lost = count(|event| {
        matches!(
            event,
            Event::AttemptFinished {
                outcome: AttemptOutcome::Lost,
                ..
            }
        )
    });
    let recovered = count(|event| matches!(event, Event::Recovered { .. }));
    assert_eq!(began, ended, "each attempt has its one end");
    assert!(
        recovered >= lost && lost > 0,
        "{lost} lost, {recovered} recovered"
    );
    let runs = count(|event| matches!(event, Event::RunStarted { .. }));
    assert_eq!(
        runs,
        count(|event| matches!(event, Event::RunFinished { .. }))
    );
}

#[test]
fn the_work_of_a_lost_attempt_stays_and_is_named() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "echo precious > precious.txt\ntouch \"$HOME/started\"\ntest \"$DOCKET_RUN\" = r2 || sleep 1000",
    );
    let running = sandbox.start(["run"]);
    until("the agent works", || sandbox.home("started").exists());
    running.signal(Signal::KILL);
    drop(running);
    assert_no_orphans(&sandbox);
    let kept = sandbox.path(".docket/worktrees/TICKET-010.1/precious.txt");
    sandbox
        .docket(["run"])
        .exits(0)
        .says("TICKET-010.1 was left by a docket that died")
        .says("its work stays in ")
        .says("TICKET-010.2 done, proven");
    assert_eq!(fs::read_to_string(kept).ok().as_deref(), Some("precious\n"));
    let events = sandbox.events();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Recovered { kept: Some(_), .. }))
    );
    check_ledger(&sandbox);
}

#[test]
fn a_validation_that_was_cut_off_is_no_pass() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate:\n  - { name: first, run: \"true\" }\n  - { name: second, run: \"touch $HOME/started; trap 'exit 0' TERM INT HUP; while test $DOCKET_RUN = r1; do sleep 0.01; done\" }",
        "touch x",
    );
    let running = sandbox.start(["run"]);
    until("the validation runs", || sandbox.home("started").exists());
    running.signal(Signal::KILL);
    drop(running);
    assert_no_orphans(&sandbox);
    let finished = |name: &str| {
        let events = sandbox.events().into_iter();
        events
            .filter(|event| matches!(event, Event::ValidationFinished { validation, .. } if validation.name == name))
            .count()
    };
    // The first one's end may have been on its way to the disk: nothing rested on it yet.
    let before = finished("first");
    assert!(before <= 1);
    assert_eq!(finished("second"), 0);
    assert!(!sandbox.is_done(10));
    sandbox
        .docket(["run"])
        .exits(0)
        .says("TICKET-010.2 done, proven");
    assert_eq!((finished("first"), finished("second")), (before + 1, 1));
    check_ledger(&sandbox);
}

#[test]
fn docket_and_the_holder_killed_together_leave_what_the_next_start_ends() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "echo $PPID > \"$HOME/holder.new\"; mv \"$HOME/holder.new\" \"$HOME/started\"\ntest \"$DOCKET_RUN\" = r2 && exit 0\ntrap '' TERM HUP INT; setsid sleep 1000 & sleep 1000",
    );
    let running = sandbox.start(["run"]);
    until("the agent works", || sandbox.home("started").exists());
    let holder = fs::read_to_string(sandbox.home("started")).expect("the holder's pid");
    running.signal(Signal::STOP);
    crate::support::sandbox::kill(holder.trim().parse().expect("a pid"), Signal::KILL);
    running.signal(Signal::KILL);
    drop(running);
    assert!(sandbox.agents().len() >= 2, "the test needs survivors");
    sandbox.docket(["run"]).exits(0).says("processes ended");
    assert!(sandbox.agents().is_empty());
    let killed = sandbox.events().into_iter().find_map(|event| match event {
        Event::Recovered { killed, .. } => Some(killed),
        _ => None,
    });
    assert!(killed >= Some(2), "{killed:?}");
}

#[test]
fn a_lock_that_nobody_holds_stops_nobody() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    fs::create_dir_all(sandbox.path(".docket")).expect("the folder");
    let stale =
        "{\"pid\":1,\"start_time\":1,\"boot_id\":\"another\",\"version\":\"0.0.1\",\"since\":0}\n";
    fs::write(sandbox.path(".docket/runner.lock"), stale).expect("a stale lock");
    sandbox.docket(["--once"]).exits(0);
}

#[test]
fn a_ticket_that_was_written_in_the_last_instant_is_proven_not_done_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"true\"]", "touch x");
    sandbox.shell(20, "depends_on: [10]", "touch y");
    // Killed the moment that the file says so: the event may or may not be in the ledger.
    let running = sandbox.start(["run"]);
    until("the ticket is marked", || sandbox.is_done(10));
    running.signal(Signal::KILL);
    drop(running);
    assert_no_orphans(&sandbox);
    sandbox.docket(["run"]).exits(0);
    let written = sandbox.events().into_iter().find_map(|event| match event {
        Event::TicketWritten { ticket, proof, .. } if ticket.as_str() == "tkt_000010" => {
            Some(proof)
        }
        _ => None,
    });
    assert_eq!(written, Some(Proof::Proven));
    check_ledger_of_mixed_proofs(&sandbox);
}

/// As [`check_ledger`], for queues with unchecked tickets.
#[track_caller]
fn check_ledger_of_mixed_proofs(sandbox: &Sandbox) {
    let report = sandbox.verify();
    assert!(report.is_intact(), "{report}");
}

/// What a docket that is killed while it registers a worktree can leave, step by step (gitrepository-layout, `worktrees/<id>`).
#[test]
fn a_worktree_that_was_half_registered_is_in_nobodys_way() {
    let registered = |path: &str| format!("{path}/.git\n");
    type Files<'a> = &'a [(&'a str, &'a str)];
    let gone = registered("/nonexistent/TICKET-099.1");
    let states: [Files<'_>; 6] = [
        &[],
        &[("locked", "initializing\n")],
        &[("locked", "initializing\n"), ("gitdir", "")],
        &[
            ("locked", "initializing\n"),
            ("gitdir", &gone),
            ("HEAD", ""),
        ],
        &[
            ("gitdir", &gone),
            ("commondir", "../..\n"),
            ("HEAD", "ref: "),
        ],
        &[
            ("gitdir", ""),
            ("commondir", "../..\n"),
            ("HEAD", "ref: refs/heads/main\n"),
        ],
    ];
    for files in states {
        let sandbox = Sandbox::new();
        sandbox.shell(10, "validate: [\"test -e x\"]", "touch x");
        fs::create_dir_all(sandbox.path(".git/worktrees/TICKET-099.1")).expect("a folder");
        for (name, content) in files {
            let path = sandbox.path(".git/worktrees/TICKET-099.1").join(name);
            fs::write(path, content).expect("written");
        }
        let ended = sandbox.docket(["run"]);
        assert!(sandbox.is_done(10), "{files:?}: {}", ended.stderr);
    }
}

#[test]
fn docket_folder_lost_the_queue_goes_on_under_new_numbers() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "limits: { attempts: 1 }", "echo one > x; false");
    sandbox.docket(["run"]).exits(5);
    fs::remove_dir_all(sandbox.path(".docket")).expect("somebody tidied up");
    sandbox.shell(10, "", "echo two > x");
    let ended = sandbox.docket(["run"]).exits(0);
    assert!(sandbox.is_done(10), "{ended:?}");
    // What the first try wrote can still be had.
    let refs = sandbox.git([
        "for-each-ref",
        "--format=%(refname)",
        "refs/docket/autosave",
    ]);
    let saved: Vec<_> = refs
        .lines()
        .map(|name| sandbox.git(["show", &format!("{name}:x")]))
        .collect();
    let older = sandbox.git(["log", "--all", "--format=%H"]);
    let had = |text: &str| {
        saved.iter().any(|found| found == text)
            || older.lines().any(|commit| {
                let shown = sandbox.repository().try_git_in(
                    sandbox.repository().root(),
                    ["show", &format!("{commit}:x")],
                );
                String::from_utf8_lossy(&shown.stdout).trim() == text
            })
    };
    assert!(had("one") && had("two"), "{refs}");
}
