//! The agent's own ticket: `done` and the body are its to change, nothing else.

use docket::domain::event::Event;

use super::{agent, fates};
use crate::support::sandbox::Sandbox;

#[test]
fn an_agent_cannot_weaken_its_own_checks() {
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "mine",
        "sed -e '/^validate/d' \"$DOCKET_TICKET\" > t; cat t > \"$DOCKET_TICKET\"; rm t\necho x > x.txt\nCLAIM",
    );
    sandbox.ticket(
        10,
        "agent: mine\nlimits: { attempts: 1, turns: 1 }\nvalidate: [\"test -e y.txt\"]",
        "Work.",
    );
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("FAIL test -e y.txt");
    assert_eq!(fates(&sandbox), ["tickets/TICKET-010.md own: validate"]);
    let kept = sandbox.evidence(1, "TICKET-010.1", "ticket.1.md");
    assert!(
        !kept.contains("validate") && kept.contains("done: true"),
        "{kept}"
    );
    assert!(
        sandbox
            .evidence(1, "TICKET-010.1", "ticket.md")
            .contains("validate")
    );
}

#[test]
fn what_it_changed_beyond_done_and_body_stops_at_a_gate_and_the_rules_hold() {
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "mine",
        "sed -e 's/^limits.*/limits: {turns: 99}/' -e 's/^paths.*/paths: {}/' -e 's/^validate.*/validate: []/' -e 's/^title:/gate: none\\ntitle:/' \"$DOCKET_TICKET\" > \"$HOME/t\"; cat \"$HOME/t\" > \"$DOCKET_TICKET\"\necho x > x.txt\nCLAIM",
    );
    let path = sandbox.ticket(
        10,
        "agent: mine\nlimits: { attempts: 1, turns: 2 }\npaths: { allow: [x.txt] }\nvalidate: [\"test -e x.txt\"]",
        "Work.",
    );
    let before = std::fs::read_to_string(&path).expect("the ticket");
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("pass test -e x.txt")
        .says("the agent changed its own ticket: gate, limits, paths, validate");
    let names: Vec<_> = sandbox
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::ValidationFinished { validation, .. } => Some(validation.name),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["docket paths", "test -e x.txt"]);
    assert_eq!(std::fs::read_to_string(&path).expect("the ticket"), before);
}

#[test]
fn its_body_comes_back_with_the_accepted_work() {
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "mine",
        "printf '\\n## Done\\n\\nAll of it.\\n' >> \"$DOCKET_TICKET\"\necho x > x.txt\nCLAIM",
    );
    sandbox.ticket(10, "agent: mine # who", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let text = sandbox.text_of(10);
    assert!(
        text.contains("agent: mine # who") && text.contains("\ndone: true\n"),
        "{text}"
    );
    assert!(text.ends_with("Work.\n\n## Done\n\nAll of it.\n"), "{text}");
    let page = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(
        !page.contains("was changed after docket marked it done"),
        "{page}"
    );
    assert!(fates(&sandbox).is_empty());
}

#[test]
fn its_body_stays_evidence_when_a_human_changed_the_ticket_meanwhile() {
    let sandbox = Sandbox::new();
    let script = "printf 'agent\\n' >> \"$DOCKET_TICKET\"\nprintf 'human\\n' >> \"$ROOT/tickets/TICKET-010.md\"\necho x > x.txt\nCLAIM"
        .replace("$ROOT", sandbox.path("").to_str().expect("UTF-8"));
    agent(&sandbox, "mine", &script);
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let text = sandbox.text_of(10);
    assert!(
        text.ends_with("Work.\nhuman\n") && text.contains("\ndone: true\n"),
        "{text}"
    );
    let kept = sandbox.evidence(1, "TICKET-010.1", "ticket.1.md");
    assert!(kept.ends_with("Work.\nagent\n"), "{kept}");
}

#[test]
fn a_ticket_that_was_spoilt_or_removed_claims_nothing() {
    for spoil in [
        "rm -rf \"$DOCKET_TICKET\"",
        "ln -sf /etc/passwd \"$DOCKET_TICKET\"",
        "rm -rf \"$DOCKET_TICKET\"; mkfifo \"$DOCKET_TICKET\"",
        "rm -rf \"$DOCKET_TICKET\"; mkdir \"$DOCKET_TICKET\"",
        "printf '\\377\\376' > \"$DOCKET_TICKET\"",
        "head -c 3000000 /dev/zero > \"$DOCKET_TICKET\"",
        "echo 'done: true' > \"$DOCKET_TICKET\"",
    ] {
        let sandbox = Sandbox::new();
        agent(&sandbox, "mine", &format!("echo x >> x.txt\n{spoil}"));
        sandbox.ticket(
            10,
            "agent: mine\nlimits: { attempts: 1, turns: 2 }",
            "Work.",
        );
        sandbox.docket(["--once"]).exits(6);
        assert!(!sandbox.is_done(10), "{spoil}");
    }
}
