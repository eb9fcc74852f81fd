//! What the rules make of a policy: a gate, a failed validation, and nothing that passes by silence.

use docket::domain::attempt::{TurnEnd, Verdict};
use docket::domain::gate::GateReason;
use docket::domain::machine::{DiffRules, Report, RunPlan};

use super::{Bench, built_in, checked, claim, entry, validation};

const ATTEMPT: &str = "TICKET-001.1";

fn claimed(front_matter: &str) -> Bench {
    let mut bench = Bench::new(built_in(), RunPlan::default(), vec![entry(1, front_matter)]);
    bench.begin();
    bench.first_turn(ATTEMPT, TurnEnd::Completed, claim());
    bench
}

#[test]
fn what_is_built_in_is_held_against_tickets_without_checks_and_proves_nothing() {
    let mut bench = claimed("");
    bench.check_last("> TICKET-001.1 validate");
    bench.report(ATTEMPT, Report::Validated { gates: Vec::new() });
    bench.check_last("> TICKET-001.1 catch up");
}

#[test]
fn a_gate_of_the_policy_waits_for_a_human() {
    let mut bench = claimed("");
    let gates = vec![GateReason::Policy {
        rule: "secrets".into(),
        changes: vec![".env holds what looks like a secret: line 1".into()],
    }];
    bench.report(ATTEMPT, Report::Validated { gates });
    assert!(
        bench.log.iter().any(|line| line.starts_with("GateReached")),
        "{:?}",
        bench.log
    );
    assert!(!bench.log.iter().any(|line| line.contains("seal done")));
}

#[test]
fn whatever_of_docket_s_own_is_recorded_must_pass() {
    for own in [DiffRules::POLICY, DiffRules::SAME_TREE] {
        for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::TimedOut] {
            let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, "")]);
            bench.begin();
            bench.first_turn(ATTEMPT, TurnEnd::Completed, claim());
            let report = Report::ValidationFinished(validation(own, verdict));
            bench.report(ATTEMPT, report);
            // A check of the same name does not make it good.
            let report = Report::ValidationFinished(validation(own, Verdict::Pass));
            bench.report(ATTEMPT, report);
            bench.validate(ATTEMPT, Verdict::Pass);
            bench.check_last(&format!("> TICKET-001.1 turn 2 failed={own}"));
        }
    }
}

#[test]
fn a_policy_that_was_asked_for_must_be_held() {
    // Nothing was recorded of it: what did not run did not pass.
    let mut settings = built_in();
    settings.policies.named.insert(
        "own".parse().expect("a name"),
        settings.policies.default.clone(),
    );
    let own = settings.policies.named.values_mut().next().expect("one");
    own.name = "own".parse().ok();
    let entries = vec![entry(1, "policy: own\n")];
    let mut bench = Bench::new(settings, RunPlan::default(), entries);
    bench.begin();
    bench.first_turn(ATTEMPT, TurnEnd::Completed, claim());
    bench.report(ATTEMPT, Report::Validated { gates: Vec::new() });
    bench.check_last("> TICKET-001.1 turn 2");
}
