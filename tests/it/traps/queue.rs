//! A whole queue under fire: twenty tickets, eight workers, docket killed three times.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::BuildHasher as _;

use docket::domain::event::Event;
use docket::domain::ids::TicketId;
use rustix::process::Signal;

use crate::crash::{assert_no_orphans, check_ledger};
use crate::support::sandbox::{Sandbox, until};

const TICKETS: u32 = 20;

/// What a ticket depends on: chains, forks and joins.
fn needs(ticket: u32) -> Vec<u32> {
    let mut needs = BTreeSet::new();
    if ticket.is_multiple_of(2) {
        needs.insert(ticket / 2);
    }
    if ticket % 3 == 1 {
        needs.insert(ticket.saturating_sub(3));
    }
    if ticket > 15 {
        needs.insert(ticket - 5);
    }
    needs.remove(&0);
    needs.into_iter().collect()
}

/// Writes down what it finds when it begins, and that nothing it depends on was missing.
fn script(ticket: u32) -> String {
    let missing = |need: u32| {
        format!("test -e out-{need} || echo {ticket} before {need} >> \"$HOME/wrong\"\n")
    };
    let missing: Vec<String> = needs(ticket).into_iter().map(missing).collect();
    format!(
        "ls > \"$HOME/began-{ticket}-$DOCKET_RUN\"\n{}sleep 0.1\necho {ticket} > out-{ticket}",
        missing.concat()
    )
}

fn id(ticket: u32) -> TicketId {
    format!("tkt_{ticket:06}").parse().expect("an id")
}

/// In the ledger's own order: nothing began before what it depends on was done, never two attempts of one ticket, never more than
/// eight at once.
#[track_caller]
fn check_order(events: &[Event]) {
    let mut done = BTreeSet::new();
    let mut live = BTreeMap::new();
    for event in events {
        match event {
            Event::AttemptStarted {
                attempt, ticket, ..
            } => {
                let number = (1..=TICKETS).find(|number| id(*number) == *ticket);
                for need in needs(number.expect("one of ours")) {
                    assert!(done.contains(&id(need)), "{attempt} began before {need}");
                }
                assert!(!done.contains(ticket), "{attempt} was done already");
                assert!(
                    live.values().all(|one| one != ticket),
                    "{attempt} beside another"
                );
                live.insert(attempt.clone(), ticket.clone());
                assert!(live.len() <= 8, "{live:?}");
            }
            Event::AttemptFinished { attempt, .. } => {
                live.remove(attempt).expect("it lives");
            }
            Event::TicketWritten { ticket, .. } => {
                assert!(done.insert(ticket.clone()), "{ticket} was written twice");
            }
            _ => {}
        }
    }
    assert!(live.is_empty(), "{live:?}");
    assert_eq!(done.len(), TICKETS as usize);
}

#[test]
fn twenty_tickets_and_eight_workers_keep_the_order_through_three_kills() {
    let sandbox = Sandbox::new();
    for ticket in 1..=TICKETS {
        let needs = needs(ticket);
        let front = format!(
            "depends_on: {needs:?}\npriority: {}\nvalidate: [\"test -s out-{ticket}\"]",
            ticket % 4
        );
        sandbox.shell(ticket, &front, &script(ticket));
    }
    let mut kills = Vec::new();
    for round in 0..3_u64 {
        let before = sandbox.events().len();
        let more = usize::try_from(RandomState::new().hash_one(round) % 60).expect("small") + 5;
        kills.push(before + more);
        let mut running = sandbox.start(["run", "--jobs", "8"]);
        until("so many things have happened", || {
            sandbox.events().len() >= before + more || !running.lives()
        });
        running.signal(Signal::KILL);
        drop(running);
        assert_no_orphans(&sandbox);
        check_ledger(&sandbox);
    }
    let ended = sandbox.docket(["run", "--jobs", "8"]).exits(0);
    for ticket in 1..=TICKETS {
        assert!(sandbox.is_done(ticket), "killed at {kills:?}: {ended:?}");
    }
    let wrong = fs::read_to_string(sandbox.home("wrong")).unwrap_or_default();
    assert_eq!(wrong, "", "killed at {kills:?}");
    let events = sandbox.events();
    check_order(&events);
    check_ledger(&sandbox);
    let branch = events.iter().rev().find_map(|event| match event {
        Event::RunStarted { branch, .. } => branch.clone(),
        _ => None,
    });
    let files = sandbox.git(["ls-tree", "--name-only", &branch.expect("a branch")]);
    let merged: BTreeSet<&str> = files.lines().collect();
    for ticket in 1..=TICKETS {
        let file = format!("out-{ticket}");
        assert!(
            merged.contains(file.as_str()),
            "killed at {kills:?}: {files}"
        );
    }
    sandbox.docket(["evidence", "verify"]).exits(0);
}
