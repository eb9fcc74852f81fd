//! Several dockets, dead dockets, and dockets that wait.

use std::fs;

use rustix::process::Signal;

use crate::support::processes::state;
use crate::support::sandbox::{Running, Sandbox, until};

/// A ticket that writes one line for each time that it is executed.
fn counted(sandbox: &Sandbox, number: u32) {
    sandbox.shell(
        number,
        "validate: [\"true\"]",
        &format!("echo {number} >> \"$HOME/executed\"; sleep 0.2"),
    );
}

#[test]
fn car_7_of_many_runners_at_once_one_works_and_the_others_name_it() {
    let sandbox = Sandbox::new();
    for number in [10, 20, 30, 40] {
        counted(&sandbox, number);
    }
    let many: Vec<Running> = (0..6).map(|_| sandbox.start(["run"])).collect();
    let mut ended: Vec<_> = many
        .into_iter()
        .map(|running| (running.pid(), running.finish()))
        .collect();
    let (winners, losers): (Vec<_>, Vec<_>) = ended.drain(..).partition(|(_, end)| end.succeeded());
    assert_eq!(winners.len(), 1, "{winners:?}{losers:?}");
    let who = format!(
        "another docket is running here (pid {}, docket ",
        winners[0].0
    );
    for (_, loser) in losers {
        loser.exits(7).says(&who).says("`docket stop` ends it");
    }
    let executed = fs::read_to_string(sandbox.home("executed")).expect("it ran");
    assert_eq!(executed, "10\n20\n30\n40\n", "each ticket once, in order");
    assert!(sandbox.verify().is_intact());
}

#[test]
fn car_5_a_runner_that_is_a_zombie_is_dead_and_holds_nobody_up() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "touch \"$HOME/began\"; test \"$DOCKET_RUN\" = r2 || sleep 1000",
    );
    let running = sandbox.start(["run"]);
    until("the agent works", || sandbox.home("began").exists());
    running.signal(Signal::KILL);
    // Nobody has asked how it ended: its process id is still taken. (Its threads may take a moment longer to end than the first.)
    until("it is a zombie that nobody takes for a runner", || {
        let status = sandbox.docket(["status", "--json"]).exits(0).json();
        state(running.pid()) == Some('Z') && status["runner"].is_null()
    });
    sandbox.docket(["run"]).exits(0).says("TICKET-010.2 done");
    assert_eq!(state(running.pid()), Some('Z'), "it was one all the time");
    assert!(sandbox.is_done(10));
}

#[test]
fn car_1_and_2_a_paused_run_says_how_to_go_on_resumes_and_stops() {
    for resumes in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.shell(
            10,
            "validate: [\"true\"]",
            "touch \"$HOME/began\"; while ! test -e \"$HOME/go\"; do sleep 0.02; done",
        );
        sandbox.shell(20, "validate: [\"true\"]", "touch y");
        let running = sandbox.start(["run"]);
        until("the agent works", || sandbox.home("began").exists());
        sandbox.docket(["pause"]).exits(0);
        fs::write(sandbox.home("go"), "").expect("go");
        // Another start is no silent success.
        sandbox
            .docket(["run"])
            .exits(7)
            .says(&format!("pid {}", running.pid()));
        let status = sandbox.docket(["status", "--json"]).exits(0).json();
        assert_eq!(status["run"]["phase"], "paused");
        if resumes {
            sandbox.docket(["resume"]).exits(0);
            running.finish().exits(0);
            assert!(sandbox.is_done(10) && sandbox.is_done(20));
        } else {
            let said = sandbox.docket(["stop"]).exits(0);
            assert!(!said.stderr.contains("panicked"), "{said:?}");
            running.finish().exits(130);
            assert!(!sandbox.is_done(20));
            sandbox.docket(["run"]).exits(0);
            assert!(sandbox.is_done(10) && sandbox.is_done(20));
        }
        assert!(sandbox.agents().is_empty());
        assert!(sandbox.verify().is_intact());
    }
}

#[test]
fn car_4_a_ticket_that_is_marked_done_as_the_loop_guard_would_pause_goes_on_to_the_next() {
    let sandbox = Sandbox::new();
    // Two turns without any change, then the claim alone: nothing but an ignored file is edited.
    sandbox.agent(
        "planner",
        "if [ \"$DOCKET_TURN\" = 3 ]; then sed -i 's/^done: false/done: true/' \"$DOCKET_TICKET\"; fi; echo thinking",
    );
    sandbox.configure("claim = \"ticket\"\n[limits]\nno_progress_turns = 3");
    sandbox.ticket(10, "agent: planner", "Plan.");
    sandbox.shell(20, "depends_on: [10]", "touch y");
    sandbox.docket(["run"]).exits(0);
    assert!(sandbox.is_done(10) && sandbox.is_done(20));
    let kinds = sandbox.kinds();
    assert!(!kinds.contains(&"gate_reached".to_owned()), "{kinds:?}");
}

#[test]
fn car_9_a_ticket_that_is_not_utf_8_is_named_with_its_place_and_stops_only_itself() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch x");
    let bytes =
        b"---\nagent: shell\ndone: false\ntitle: caf\xe9\n---\n```sh\ntouch \"$HOME/bad\"\n```\n";
    fs::write(sandbox.path("tickets/TICKET-020.md"), bytes).expect("written");
    let linted = sandbox.docket(["lint"]).exits(2);
    assert!(linted.stdout.contains("TICKET-020.md:4:"), "{linted:?}");
    assert!(linted.stdout.contains("T004"), "{linted:?}");
    let ended = sandbox.docket(["run"]);
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    assert!(sandbox.is_done(10) && !sandbox.home("bad").exists());
    let kept = fs::read(sandbox.path("tickets/TICKET-020.md")).expect("there");
    assert_eq!(kept, bytes, "not a byte of it was touched");
}

#[test]
fn car_6_a_start_after_a_crash_is_no_silent_success() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "touch \"$HOME/began-$DOCKET_RUN\"; test \"$DOCKET_RUN\" = r2 || sleep 1000",
    );
    let running = sandbox.start(["run"]);
    until("the agent works", || sandbox.home("began-r1").exists());
    running.signal(Signal::KILL);
    drop(running);
    let status = sandbox.docket(["status", "--json"]).exits(0).json();
    assert_eq!(
        status["run"]["outcome"]["run"], "lost",
        "not running for ever"
    );
    until("its agent is gone", || sandbox.agents().is_empty());
    sandbox.docket(["run"]).exits(0);
    assert!(sandbox.home("began-r2").exists() && sandbox.is_done(10));
}
