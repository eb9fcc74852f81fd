//! Who merges when, and what becomes of work that others were quicker than.

use super::*;

const ONE: &str = "TICKET-001.1";
const TWO: &str = "TICKET-002.1";

fn two_jobs() -> Settings {
    Settings {
        jobs: 2.try_into().expect("not zero"),
        ..checked()
    }
}

/// The tickets of an agent that reads what it is told.
fn read(number: u32) -> QueueEntry {
    let mut entry = entry(number, "");
    if let Some(ticket) = &mut entry.ticket {
        ticket.agent = "codex".parse().expect("a name");
    }
    entry
}

/// Two attempts side by side, both claimed and validated.
fn both_accepted(plan: RunPlan) -> Bench {
    let mut bench = Bench::new(two_jobs(), plan, vec![read(1), read(2)]);
    bench.begin();
    for attempt in [ONE, TWO] {
        bench.first_turn(attempt, TurnEnd::Completed, claim());
    }
    bench.log.clear();
    for attempt in [TWO, ONE] {
        bench.validate(attempt, Verdict::Pass);
    }
    bench
}

fn caught_up(conflicts: &[&str]) -> Report {
    Report::CaughtUp {
        onto: "c2".into(),
        tree: "t2".into(),
        conflicts: conflicts.iter().map(|&path| path.to_owned()).collect(),
    }
}

#[test]
fn one_merges_after_the_other_in_the_order_of_their_acceptance() {
    let mut bench = both_accepted(RunPlan::default());
    bench.check("ValidationFinished\n > TICKET-002.1 catch up\n ValidationFinished\n MergeQueued");
    bench.finish_well(TWO);
    assert!(
        bench.log.contains(&"> TICKET-001.1 catch up".to_owned()),
        "{:?}",
        bench.log
    );
    bench.log.clear();
    // What the two make together is validated again, then sealed.
    bench.report(ONE, caught_up(&[]));
    bench.check("CaughtUp\n > TICKET-001.1 validate");
    bench.validate(ONE, Verdict::Pass);
    bench.check("ValidationFinished\n > TICKET-001.1 seal done, proven");
}

#[test]
fn work_that_fails_together_with_others_goes_back_to_its_agent_and_lets_others_merge() {
    let mut bench = both_accepted(RunPlan::default());
    bench.log.clear();
    bench.report(TWO, caught_up(&[]));
    bench.log.clear();
    bench.validate(TWO, Verdict::Fail);
    bench.check("ValidationFinished\n > TICKET-002.1 turn 2 failed=test\n > TICKET-001.1 catch up");
}

#[test]
fn a_conflict_goes_back_to_the_agent_once_and_then_to_the_human() {
    let plan = RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    };
    let mut bench = both_accepted(plan);
    bench.log.clear();
    bench.report(TWO, caught_up(&["code", "text"]));
    bench.check("CaughtUp\n > TICKET-002.1 turn 2 conflicts=code,text\n > TICKET-001.1 catch up");
    // Text with markers in it is nobody's work, whatever the agent claims.
    let left = Collected {
        conflicts: vec!["text".into()],
        ..claim()
    };
    bench.turn(TWO, TurnEnd::Completed, left);
    assert_eq!(
        bench.log.last().map(String::as_str),
        Some("> TICKET-002.1 turn 3 conflicts=text")
    );
    bench.turn(TWO, TurnEnd::Completed, claim());
    bench.validate(TWO, Verdict::Pass);
    bench.finish_well(ONE);
    bench.log.clear();
    bench.report(TWO, caught_up(&["code"]));
    bench.check("CaughtUp\n GateReached merge conflict in code\n > TICKET-002.1 rest");
}

#[test]
fn a_runbook_can_t_settle_a_conflict_and_starts_again_from_the_new_head() {
    let entries = vec![entry(1, "")];
    let mut bench = Bench::new(checked(), RunPlan::default(), entries);
    bench.begin();
    bench.first_turn(ONE, TurnEnd::Completed, claim());
    bench.validate(ONE, Verdict::Pass);
    bench.log.clear();
    bench.report(ONE, caught_up(&["code"]));
    assert!(
        bench
            .log
            .iter()
            .any(|line| line.starts_with("> TICKET-001.1 seal can't integrate: code")),
        "{:?}",
        bench.log
    );
    let effects = bench.seal(ONE);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Open(_)))
    );
}

#[test]
fn what_is_not_as_docket_left_it_is_tampered_and_not_tried_again() {
    let mut bench = both_accepted(RunPlan::default());
    bench.log.clear();
    let what = || Report::Tampered {
        what: "the branch is gone".into(),
    };
    bench.report(TWO, what());
    bench.check("> TICKET-002.1 seal tampered: the branch is gone\n > TICKET-001.1 catch up");
    let effects = bench.seal(TWO);
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Open(_)))
    );
}

#[test]
fn words_for_accepted_work_are_heard_before_it_is_merged() {
    let plan = RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    };
    let mut bench = both_accepted(plan);
    bench.log.clear();
    let ticket = read(1).id;
    let text = "one more thing".to_owned();
    bench.command(Command::Reply { ticket, text });
    bench.check("ReplyReceived\n > TICKET-001.1 turn 2 replies=one more thing");
}

#[test]
fn a_stop_ends_what_waits_to_be_merged() {
    let mut bench = both_accepted(RunPlan::default());
    bench.log.clear();
    bench.command(Command::StopTicket { ticket: read(1).id });
    bench.check("CancelRequested\n > TICKET-001.1 seal stopped");
}
