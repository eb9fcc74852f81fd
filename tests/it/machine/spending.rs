//! The limits of a run and of a day.

use docket::domain::settings::{SpendingLimits, Totals};

use super::*;

const ONE: &str = "TICKET-001.1";
const TWO: &str = "TICKET-002.1";
const DAY: u64 = 24 * 60 * 60 * 1000;

fn tokens(most: u64) -> Totals {
    Totals {
        tokens: Some(most),
        cost_usd: None,
    }
}

fn limited(spending: SpendingLimits) -> Settings {
    Settings {
        jobs: 2.try_into().expect("not zero"),
        spending,
        ..settings()
    }
}

fn used(input: u64) -> Usage {
    Usage {
        input,
        ..Usage::default()
    }
}

fn prepared(bench: &mut Bench, attempt: &str) {
    let report = Report::Prepared {
        workspace: workspace(),
        carried: false,
    };
    bench.report(attempt, report);
}

fn stopped(bench: &mut Bench, attempt: &str, usage: Usage) {
    let end = TurnEnd::Cancelled {
        reason: CancelReason::Limit,
    };
    let leftovers = Leftovers::default();
    bench.report(
        attempt,
        Report::TurnEnded {
            end,
            usage,
            leftovers,
        },
    );
    bench.report(attempt, Report::Collected(Collected::default()));
    bench.seal(attempt);
}

#[test]
fn the_tokens_of_a_run_end_the_turns_of_all_its_tickets_and_nothing_new_begins() {
    let spending = SpendingLimits {
        run: tokens(100),
        ..SpendingLimits::default()
    };
    let entries = vec![entry(1, ""), entry(2, ""), entry(3, "")];
    let mut bench = Bench::new(limited(spending), RunPlan::default(), entries);
    bench.begin();
    prepared(&mut bench, ONE);
    prepared(&mut bench, TWO);
    bench.log.clear();
    bench.report(ONE, Report::Used(used(60)));
    bench.check("");
    // Neither of the two is beyond it alone.
    bench.report(TWO, Report::Used(used(41)));
    let mut stops = bench.log.split_off(1);
    stops.sort();
    assert_eq!(
        stops,
        ["> TICKET-001.1 stop Limit", "> TICKET-002.1 stop Limit"]
    );
    bench.check("Refused go on: limits.run.tokens is reached");
    stopped(&mut bench, ONE, used(60));
    stopped(&mut bench, TWO, used(41));
    assert!(
        !bench
            .log
            .iter()
            .any(|line| line.contains("TICKET-003") || line.contains("open")),
        "{:?}",
        bench.log
    );
    assert_eq!(bench.log.last().map(String::as_str), Some("> over Limit"));
}

#[test]
fn what_was_used_in_the_last_day_counts_for_the_next_run() {
    let spending = SpendingLimits {
        day: tokens(100),
        ..SpendingLimits::default()
    };
    let history = |ago: i64| History {
        generations: BTreeMap::default(),
        standing: docket::domain::machine::Standing::default(),
        next_run: 1,
        marker: "m".into(),
        attempt_numbers: BTreeMap::default(),
        ended: BTreeMap::default(),
        spent: vec![(Timestamp(1_000_000 - ago), used(101))],
        unfinished: BTreeMap::default(),
    };
    for (ago, starts) in [(1000, false), (i64::try_from(DAY).expect("small"), true)] {
        let queue = Arc::new(Queue::new([Arc::new(entry(1, ""))]));
        let settings = Arc::new(limited(spending));
        let mut bench = Bench {
            state: State::new(settings, RunPlan::default(), history(ago)),
            millis: 0,
            log: Vec::new(),
            queue: queue.clone(),
        };
        bench.give(Input::Queue(queue));
        bench.command(Command::Start { only: None });
        assert_eq!(
            bench.log.contains(&"> prepare r1".to_owned()),
            starts,
            "{:?}",
            bench.log
        );
        if !starts {
            bench.check("Refused go on: limits.day.tokens is reached\n > over Limit");
        }
    }
}

#[test]
fn the_time_of_a_run_ends_its_turns_and_pauses_do_not_count() {
    let spending = SpendingLimits {
        run_wall: Some(Duration::from_secs(60)),
        ..SpendingLimits::default()
    };
    let entries = vec![entry(1, "limits: {wall: 2h}\n")];
    let mut bench = Bench::new(limited(spending), RunPlan::default(), entries);
    bench.begin();
    prepared(&mut bench, ONE);
    assert!(
        bench.log.iter().any(|line| line.starts_with("> wake at ")),
        "{:?}",
        bench.log
    );
    bench.millis += 30_000;
    bench.command(Command::Pause);
    bench.millis += 3_600_000;
    bench.command(Command::Resume);
    bench.log.clear();
    bench.millis += 29_000;
    bench.give(Input::Woke);
    assert!(
        !bench.log.iter().any(|line| line.contains("stop")),
        "{:?}",
        bench.log
    );
    bench.millis += 2_000;
    bench.log.clear();
    bench.give(Input::Woke);
    bench.check("Refused go on: limits.run.wall is reached\n > TICKET-001.1 stop Limit");
}

#[test]
fn a_turn_that_ended_beyond_the_limit_is_validated_and_no_other_begins() {
    let spending = SpendingLimits {
        run: tokens(100),
        ..SpendingLimits::default()
    };
    let mut settings = limited(spending);
    settings.checks = checked().checks;
    let mut bench = Bench::new(settings, RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    prepared(&mut bench, ONE);
    let leftovers = Leftovers::default();
    bench.report(
        ONE,
        Report::TurnEnded {
            end: TurnEnd::Completed,
            usage: used(200),
            leftovers,
        },
    );
    bench.report(ONE, Report::Collected(claim()));
    bench.log.clear();
    bench.validate(ONE, Verdict::Fail);
    bench.check("ValidationFinished\n > TICKET-001.1 seal limit reached: limits.run.tokens");
}
