//! How far a human's yes reaches: docket answers the like by itself, and nothing else.

use docket::domain::command::{Command, Reaction};
use docket::domain::event::Event;
use docket::domain::ids::TicketId;
use docket::domain::machine::{Effect, Standing, State, step};
use docket::domain::request::{AnsweredBy, Ask, RequestId};
use docket::domain::rules::{Rule, Scope, like};

use super::conversation::{ATTEMPT, asked, in_a_turn, question, request, ticket, with_humans};
use super::{Bench, settings};

fn rules(command: &str) -> Vec<Rule> {
    like(&request(command)).expect("rules")
}

fn allow(number: u32, scope: Scope, rules: Vec<Rule>) -> Command {
    Command::Answer {
        ticket: ticket(),
        attempt: Some(ATTEMPT.parse().expect("an id")),
        request: Some(RequestId(number)),
        reaction: Reaction::AllowLike { scope, rules },
    }
}

fn asks(bench: &mut Bench, key: &str, command: &str) {
    bench.report(ATTEMPT, asked(key, request(command)));
}

#[test]
fn a_yes_for_the_ticket_answers_the_very_same_and_nothing_else() {
    let mut bench = in_a_turn(settings(), with_humans());
    asks(&mut bench, "a", "make -j4");
    bench.log.clear();
    bench.command(allow(1, Scope::Ticket, rules("make -j4")));
    bench.check(
        "RequestAnswered
         > TICKET-001.1 answer yes
         RulesAdded",
    );
    asks(&mut bench, "b", "make  -j4");
    bench.check(
        "RequestOpened
         RequestAnswered
         > TICKET-001.1 answer yes",
    );
    asks(&mut bench, "c", "make -j4 install");
    asks(&mut bench, "d", "make -j4; make");
    bench.check("RequestOpened\nRequestOpened");
}

#[test]
fn always_is_written_and_holds_until_it_is_taken_back() {
    let mut bench = in_a_turn(settings(), with_humans());
    asks(&mut bench, "a", "make | tee log");
    bench.log.clear();
    bench.command(allow(1, Scope::Always, rules("make | tee log")));
    bench.check(
        "RequestAnswered
         > TICKET-001.1 answer yes
         RulesAdded
         > keep exact:make | tee log",
    );
    asks(&mut bench, "b", "make | tee log");
    bench.check(
        "RequestOpened
         RequestAnswered
         > TICKET-001.1 answer yes",
    );
    bench.state.set_always_allowed(Vec::new());
    asks(&mut bench, "c", "make | tee log");
    bench.check("RequestOpened");
}

#[test]
fn only_the_rules_that_were_shown_and_that_say_what_is_asked_are_taken() {
    let mut bench = in_a_turn(settings(), with_humans());
    asks(&mut bench, "a", "make");
    bench.report(ATTEMPT, asked("b", question(1)));
    bench.log.clear();
    let wide = vec!["*".parse().expect("a rule")];
    bench.command(allow(1, Scope::Ticket, wide));
    bench.command(allow(1, Scope::Ticket, Vec::new()));
    bench.command(allow(2, Scope::Always, rules("make")));
    let id = ticket();
    let why = "that rule does not say what is asked: look again";
    bench.check(&format!(
        "Refused answer {id} #1: {why}
         Refused answer {id} #1: {why}
         Refused answer {id} #2: it asks a question: answer it in words"
    ));
}

#[test]
fn a_deny_rule_and_the_policy_win() {
    let mut denying = settings();
    denying.rules.deny = vec!["make *".parse().expect("a rule")];
    let mut bench = in_a_turn(denying, with_humans());
    bench.state.set_always_allowed(rules("make"));
    asks(&mut bench, "a", "make");
    bench.check(
        "RequestOpened
         RequestAnswered
         > TICKET-001.1 answer no",
    );
    let mut denying = settings();
    denying.approvals = docket::domain::ticket::Approvals::Deny;
    let mut bench = in_a_turn(denying, with_humans());
    bench.state.set_always_allowed(rules("make"));
    asks(&mut bench, "a", "make");
    bench.check(
        "RequestOpened
         RequestAnswered
         > TICKET-001.1 answer no",
    );
}

#[test]
fn the_ledger_says_by_which_rule() {
    let mut bench = in_a_turn(settings(), with_humans());
    bench.state.set_always_allowed(rules("make"));
    let by = answered_by(&mut bench.state, "make");
    let standing = AnsweredBy::Standing {
        rule: "make".to_owned(),
        scope: Scope::Always,
    };
    assert_eq!(by, [standing]);
}

fn answered_by(state: &mut State, command: &str) -> Vec<AnsweredBy> {
    let input = docket::domain::machine::Input::Attempt {
        attempt: ATTEMPT.parse().expect("an id"),
        report: asked("x", request(command)),
    };
    let effects = step(state, input, super::now(9_000));
    let by = effects.into_iter().filter_map(|effect| match effect {
        Effect::Emit {
            event: Event::RequestAnswered { by, .. },
            ..
        } => Some(by),
        _ => None,
    });
    by.collect()
}

#[test]
fn rules_for_a_ticket_are_used_up_when_it_is_done() {
    let added = |ticket: &TicketId, scope| Event::RulesAdded {
        attempt: ATTEMPT.parse().expect("an id"),
        ticket: ticket.clone(),
        scope,
        rules: rules("make"),
    };
    let mine = ticket();
    let other: TicketId = "ticket-other".parse().expect("an id");
    let written = Event::TicketWritten {
        ticket: mine.clone(),
        before: docket::domain::ids::Sha256([1; 32]),
        after: docket::domain::ids::Sha256([2; 32]),
        proof: docket::domain::attempt::Proof::Proven,
    };
    let events = [
        added(&mine, Scope::Ticket),
        added(&other, Scope::Ticket),
        // What is always allowed is in its file, not in the ledger.
        added(&other, Scope::Always),
    ];
    let standing = Standing::of(&events);
    assert_eq!(standing.of_ticket(&mine), rules("make"));
    let all: Vec<_> = events.into_iter().chain([written]).collect();
    let standing = Standing::of(&all);
    assert_eq!(standing.of_ticket(&mine), []);
    assert_eq!(standing.of_ticket(&other), rules("make"));
}

#[test]
fn what_a_rule_can_not_say_is_asked_each_time() {
    let edit = request("x");
    let edit = docket::domain::request::Request {
        ask: Ask::Edit {
            paths: vec!["../outside".to_owned()],
        },
        ..edit
    };
    assert!(like(&edit).is_err());
}
