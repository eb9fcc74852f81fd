//! Tickets that come again.

use super::*;

const ONE: &str = "TICKET-001.1";
const TWO: &str = "TICKET-001.2";
const HOUR: u64 = 60 * 60 * 1000;

fn hourly(done: bool) -> QueueEntry {
    let mut entry = entry(1, "every: 1h\n");
    if let Some(ticket) = &mut entry.ticket {
        ticket.done = done;
    }
    entry
}

fn reopened(bench: &mut Bench, written: Result<(), String>) {
    let hash = sha256(b"");
    bench.give(Input::Reopened {
        ticket: hourly(true).id,
        written: written.map(|()| (hash, hash)),
    });
}

#[test]
fn a_recurring_ticket_is_opened_again_so_long_after_it_was_done() {
    let plan = RunPlan {
        stays: true,
        ..RunPlan::default()
    };
    let mut bench = Bench::new(settings(), plan, vec![hourly(false)]);
    bench.begin();
    bench.first_turn(ONE, TurnEnd::Completed, claim());
    bench.finish_well(ONE);
    bench.log.clear();
    let queue = |done| Arc::new(Queue::new([Arc::new(hourly(done))]));
    bench.queue = queue(true);
    bench.give(Input::Queue(queue(true)));
    assert!(
        bench.log.len() == 1 && bench.log[0].starts_with("> wake at"),
        "{:?}",
        bench.log
    );
    bench.log.clear();
    bench.millis += HOUR;
    bench.give(Input::Woke);
    bench.check(&format!("> reopen {}", hourly(true).id));
    // Once is enough.
    bench.give(Input::Woke);
    bench.check("");
    bench.queue = queue(false);
    reopened(&mut bench, Ok(()));
    bench.give(Input::Queue(queue(false)));
    assert!(
        bench.log.contains(&format!("> open {TWO}")),
        "{:?}",
        bench.log
    );
}

#[test]
fn a_run_that_ends_by_itself_takes_what_is_due_and_does_not_wait_for_the_rest() {
    for (hours, starts) in [(2, true), (0, false)] {
        let history = History {
            next_run: 2,
            ended: BTreeMap::from([(hourly(true).id, Timestamp(1_000_000))]),
            ..History::default()
        };
        let queue = |done| Arc::new(Queue::new([Arc::new(hourly(done))]));
        let state = State::new(Arc::new(settings()), RunPlan::default(), history);
        let mut bench = Bench {
            state,
            millis: hours * HOUR,
            log: Vec::new(),
            queue: queue(true),
        };
        bench.give(Input::Queue(queue(true)));
        bench.command(Command::Start { only: None });
        if starts {
            assert_eq!(
                bench.log.last(),
                Some(&format!("> reopen {}", hourly(true).id))
            );
            bench.queue = queue(false);
            reopened(&mut bench, Ok(()));
            bench.give(Input::Queue(queue(false)));
            assert!(
                bench.log.contains(&"> prepare r2".to_owned()),
                "{:?}",
                bench.log
            );
        } else {
            assert_eq!(
                bench.log.last().map(String::as_str),
                Some("> over NothingReady")
            );
        }
    }
}

#[test]
fn a_file_that_can_t_be_opened_again_is_told_once_and_hinders_nobody() {
    let history = History {
        next_run: 2,
        ended: BTreeMap::from([(hourly(true).id, Timestamp(1_000_000))]),
        ..History::default()
    };
    let queue = Arc::new(Queue::new([Arc::new(hourly(true))]));
    let state = State::new(Arc::new(settings()), RunPlan::default(), history);
    let mut bench = Bench {
        state,
        millis: 2 * HOUR,
        log: Vec::new(),
        queue: queue.clone(),
    };
    bench.give(Input::Queue(queue));
    bench.command(Command::Start { only: None });
    bench.log.clear();
    reopened(&mut bench, Err("read-only".into()));
    let told = bench.log.iter().filter(|line| line.contains("read-only"));
    assert_eq!(told.count(), 1);
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> over NothingReady")
    );
}
