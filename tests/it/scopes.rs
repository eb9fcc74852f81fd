//! A yes that reaches further than one request: docket answers the very same by itself, also after a restart, and it is taken
//! back.

use docket::domain::event::Event;
use docket::domain::request::AnsweredBy;
use docket::domain::rules::Scope;

use crate::requests::codex;
use crate::support::sandbox::Sandbox;

const ASK: &str = "ask touch allowed.txt && ls";
const RULE: &str = "exact:touch allowed.txt && ls";

/// Who answered, in order.
fn answered_by(sandbox: &Sandbox) -> Vec<AnsweredBy> {
    let events = sandbox.events().into_iter();
    let by = events.filter_map(|event| match event {
        Event::RequestAnswered { by, .. } => Some(by),
        _ => None,
    });
    by.collect()
}

fn standing(scope: Scope) -> AnsweredBy {
    AnsweredBy::Standing {
        rule: RULE.to_owned(),
        scope,
    }
}

#[test]
fn a_yes_for_a_ticket_answers_the_like_of_that_ticket_after_a_restart() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "asker", &[ASK, ASK]);
    sandbox.ticket(10, "agent: asker", "Work.");
    sandbox.docket(["--once"]).exits(4);
    sandbox
        .docket(["approve", "10", "--scope", "ticket"])
        .exits(0)
        .prints(&format!("for this ticket: `{RULE}`"));
    sandbox.docket(["approvals"]).exits(0).prints(RULE);

    // Another docket: the first request is the one that was answered, the second one is answered by the rule.
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(
        answered_by(&sandbox),
        [
            AnsweredBy::Human,
            AnsweredBy::Human,
            standing(Scope::Ticket)
        ]
    );
    // It is used up with the ticket, and was never about another one.
    sandbox
        .docket(["approvals"])
        .exits(0)
        .says("nothing is allowed beyond single requests");
    sandbox.ticket(11, "agent: asker", "Work.");
    sandbox.docket(["--once"]).exits(4);
    assert_eq!(answered_by(&sandbox).len(), 3);
    assert!(sandbox.verify().is_intact());
}

#[test]
fn what_is_always_allowed_is_in_a_file_and_can_be_taken_back() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "asker", &[ASK]);
    sandbox.ticket(10, "agent: asker", "Work.");
    sandbox.docket(["--once"]).exits(4);
    sandbox
        .docket(["approve", "10", "--scope", "always"])
        .exits(0)
        .prints("always allowed in this repository");
    let document = sandbox.docket(["approvals", "--json"]).exits(0).json();
    assert_eq!(document["always"][0]["rule"], RULE);
    let file = document["file"].as_str().expect("a file");
    let text = std::fs::read_to_string(file).expect("the file");
    assert!(text.contains("[[allow]]"), "{text}");
    sandbox.docket(["--once"]).exits(0);

    sandbox.ticket(11, "agent: asker", "Work.");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(11));
    assert_eq!(answered_by(&sandbox).last(), Some(&standing(Scope::Always)));

    sandbox.docket(["approvals", "--remove", RULE]).exits(0);
    sandbox.docket(["approvals", "--remove", RULE]).exits(3);
    sandbox.ticket(12, "agent: asker", "Work.");
    sandbox.docket(["--once"]).exits(4);
    assert!(!sandbox.is_done(12));
}

#[test]
fn a_scope_that_no_rule_can_say_is_refused_and_nothing_is_answered() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "quiz", &["question Which colour?"]);
    sandbox.ticket(10, "agent: quiz", "Work.");
    sandbox.docket(["--once"]).exits(4);
    sandbox
        .docket(["approve", "10", "--scope", "ticket"])
        .exits(2)
        .says("answer it in words");
    sandbox
        .docket(["approve", "10", "--scope", "forever"])
        .exits(2);
    assert!(answered_by(&sandbox).is_empty());
}
