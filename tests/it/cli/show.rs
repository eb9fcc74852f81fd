//! `show`, and what a TICKET argument may be.

use crate::support::sandbox::{Sandbox, until};

#[test]
fn a_ticket_is_shown_with_its_attempts() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "goal: Reach it\nlimits: { attempts: 1, turns: 2 }\nvalidate: [{ name: second, run: \"test -e two\" }]",
        "if [ \"$DOCKET_TURN\" = 2 ]; then touch two; fi\ntouch one",
    );
    sandbox.docket(["--once"]).exits(0);
    let shown = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    assert_eq!(shown["schema"], 1);
    assert_eq!(shown["proof"], "proven");
    assert_eq!(shown["entry"]["ticket"]["goal"], "Reach it");
    let attempt = &shown["attempts"][0];
    assert_eq!(attempt["attempt"], "TICKET-010.1");
    assert_eq!(attempt["turns"], 2);
    assert_eq!(attempt["outcome"]["outcome"], "done");
    assert_eq!(attempt["evidence"], ".docket/evidence/r1/TICKET-010/1");
    assert_eq!(attempt["validations"][0]["verdict"], "fail");
    assert_eq!(attempt["validations"][1]["verdict"], "pass");
    assert_eq!(
        attempt["workspace"]["branch"]["name"],
        "docket/r1/TICKET-010.1"
    );
    assert!(attempt["seal"]["files"].as_u64() > Some(3));
    assert_eq!(
        attempt["commit"],
        sandbox.git(["rev-parse", "docket/r1/main"]).as_str()
    );
    let text = sandbox.docket(["show", "10"]).exits(0).stdout;
    for part in [
        "Ticket 10",
        "proven",
        "goal      Reach it",
        "second after turn 2: pass",
        "integrated as",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

#[test]
fn messages_of_the_agent_are_shown() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "asks",
        "printf -- '---\\nmode: pause\\ntitle: Which one?\\n---\\nA or B?\\n' > \"$DOCKET_DESK/DISPATCH.md\"",
    );
    sandbox.ticket(10, "agent: asks", "Ask.");
    sandbox.docket(["--once"]).exits(4);
    let shown = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    let dispatch = &shown["attempts"][0]["dispatches"][0];
    assert_eq!(dispatch["title"], "Which one?");
    assert_eq!(dispatch["pause"], true);
    let text = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(text.contains("asks      Which one?"), "{text}");
    let status = sandbox.docket(["status", "--json"]).exits(0).json();
    assert_eq!(status["waiting"][0]["name"], "TICKET-010");
}

#[test]
fn tickets_answer_to_name_number_id_file_and_attempt() {
    let sandbox = Sandbox::new();
    let path = sandbox.shell(
        7,
        "limits: { attempts: 2 }\nvalidate: [\"false\"]\n",
        "touch x",
    );
    sandbox.configure("[limits]\nturns = 1");
    sandbox.docket(["--once"]).exits(5);
    let attempts = |word: &str| {
        let shown = sandbox.docket(["show", word, "--json"]).exits(0).json();
        assert_eq!(shown["name"], "TICKET-007", "{word}");
        shown["attempts"].as_array().map(Vec::len)
    };
    let path = path.to_str().expect("UTF-8");
    for word in [
        "TICKET-007",
        "ticket-007",
        "7",
        "007",
        "tkt_000007",
        "TICKET-007.md",
        "tickets/TICKET-007.md",
        path,
    ] {
        assert_eq!(attempts(word), Some(2), "{word}");
    }
    for word in ["TICKET-007.1", "ticket-007.2", "7.2"] {
        assert_eq!(attempts(word), Some(1), "{word}");
    }
    sandbox
        .docket(["show", "7.3"])
        .exits(2)
        .says("has no attempt 3: it has TICKET-007.1, TICKET-007.2");
    sandbox
        .docket(["show", "TICKET-008"])
        .exits(2)
        .says("did you mean `TICKET-007`?");
    sandbox
        .docket(["show", "ticket 7"])
        .exits(2)
        .says("did you mean");
    sandbox
        .docket(["show", "zzz"])
        .exits(2)
        .says("`docket ls` lists them");
}

#[test]
fn a_ticket_whose_file_is_gone_is_still_known() {
    let sandbox = Sandbox::new();
    let path = sandbox.shell(10, "", "echo a > a");
    sandbox.docket(["--once"]).exits(0);
    std::fs::remove_file(path).expect("it goes");
    let shown = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    assert!(shown["entry"].is_null());
    assert_eq!(shown["attempts"][0]["attempt"], "TICKET-010.1");
    let text = sandbox.docket(["show", "TICKET-010"]).exits(0).stdout;
    assert!(text.contains("its file is gone"), "{text}");
    assert!(
        sandbox
            .docket(["diff", "10"])
            .exits(0)
            .stdout
            .contains("+a\n")
    );
}

#[test]
fn two_files_with_one_number_must_be_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    sandbox.repository().write(
        "tickets/TICKET-010-again.md",
        "---\nticket_id: tkt_again\nagent: shell\ndone: false\n---\n",
    );
    sandbox
        .docket(["show", "10"])
        .exits(2)
        .says("means 2 tickets")
        .says("tickets/TICKET-010-again.md");
    let text = sandbox
        .docket(["show", "TICKET-010-again.md"])
        .exits(0)
        .stdout;
    assert!(text.contains("error T050"), "{text}");
    sandbox.docket(["show", "tkt_again"]).exits(0);
}

#[test]
fn what_is_left_of_the_limits_can_be_seen_while_an_agent_works() {
    let sandbox = Sandbox::new();
    sandbox
        .configure("[limits.run]\ncost_usd = 5\nwall = \"2h\"\n[limits.day]\ntokens = 1_000_000");
    let wait = "touch \"$HOME/began\"; while ! test -e \"$HOME/go\"; do sleep 0.01; done";
    sandbox.shell(10, "limits: {tokens: 50000, wall: 30m}\n", wait);
    let running = sandbox.start(["run"]);
    until("its turn is recorded", || {
        sandbox.kinds().contains(&"turn_started".to_owned())
    });
    sandbox
        .docket(["show", "10"])
        .exits(0)
        .prints("turn 1 of 10 · 0 of 50.0k tokens · ")
        .prints(" of 30m");
    sandbox
        .docket(["status"])
        .exits(0)
        .prints("limits.day.tokens: 0 of 1.0M tokens")
        .prints("limits.run.cost_usd: $0.00 of $5.00")
        .prints("limits.run.wall: ");
    let rows = sandbox.docket(["status", "--json"]).exits(0).json();
    assert_eq!(rows["limits"][0]["limit"], "limits.day.tokens");
    assert_eq!(rows["limits"][0]["most"], 1_000_000.0);
    std::fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    let over = sandbox.docket(["show", "10"]).exits(0);
    assert!(!over.stdout.contains("turn 1 of 10"), "{}", over.stdout);
}
