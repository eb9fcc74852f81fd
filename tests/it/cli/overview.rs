//! `usage` and `timeline`: what the overview shows, for scripts.

use crate::support::sandbox::Sandbox;

fn after_two_runs() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"true\"]", "touch one");
    sandbox.docket(["--once"]).exits(0);
    sandbox.shell(
        11,
        "limits: { attempts: 1, turns: 1 }\nvalidate: [\"false\"]",
        "touch two",
    );
    sandbox.docket(["--once"]).exits(5);
    sandbox
}

#[test]
fn the_time_line_tells_what_attempts_did() {
    let sandbox = after_two_runs();
    let last = sandbox.docket(["timeline", "--json"]).exits(0).json();
    assert_eq!(last["runs"], serde_json::json!(["r1", "r2"]));
    assert_eq!(last["run"]["id"], "r2");
    assert_eq!(last["bars"][0]["attempt"], "TICKET-011.1");
    assert_eq!(last["bars"].as_array().map(Vec::len), Some(1));
    let first = sandbox.docket(["timeline", "r1", "--json"]).exits(0).json();
    let bar = &first["bars"][0];
    assert_eq!(bar["attempt"], "TICKET-010.1");
    assert_eq!(bar["outcome"]["outcome"], "done");
    let doings = bar["spans"].as_array().expect("spans");
    let doings: Vec<_> = doings.iter().map(|span| span["doing"].as_str()).collect();
    let expected = ["preparing", "working", "checking", "merging"];
    assert_eq!(doings, expected.map(Some), "{first}");
    let mut times: Vec<_> = bar["spans"]
        .as_array()
        .expect("spans")
        .iter()
        .map(|span| span["from"].as_i64())
        .collect();
    times.push(bar["finished"].as_i64());
    assert!(times.is_sorted(), "{first}");
    let text = sandbox.docket(["timeline", "r1"]).exits(0).stdout;
    assert!(
        text.contains("TICKET-010.1") && text.contains("works"),
        "{text}"
    );
    sandbox
        .docket(["timeline", "r9"])
        .exits(2)
        .says("there is no run r9; the last one is r2");
}

#[test]
fn usage_is_told_by_agent_and_by_day() {
    let sandbox = after_two_runs();
    let usage = sandbox.docket(["usage", "--json"]).exits(0).json();
    assert_eq!(usage["agents"][0]["name"], "shell");
    assert_eq!(usage["agents"][0]["attempts"], 2);
    let days = usage["days"].as_array().expect("days");
    let attempts = days.iter().filter_map(|day| day["attempts"].as_u64());
    assert_eq!(attempts.sum::<u64>(), 2);
    let text = sandbox.docket(["usage"]).exits(0).stdout;
    assert!(text.contains("2 attempts"), "{text}");
}

#[test]
fn nothing_has_run_yet() {
    let sandbox = Sandbox::new();
    sandbox
        .docket(["usage"])
        .exits(0)
        .says("nothing was used yet");
    sandbox
        .docket(["timeline"])
        .exits(0)
        .says("nothing has run yet");
    let timeline = sandbox.docket(["timeline", "--json"]).exits(0).json();
    assert_eq!(timeline["bars"].as_array().map(Vec::len), Some(0));
}
