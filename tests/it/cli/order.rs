//! `docket move`, and runs over some tickets: the order, and what is taken of it.

use std::fs;

use crate::support::repository::content_of;
use crate::support::sandbox::Sandbox;

fn order(sandbox: &Sandbox) -> String {
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    let tickets = list["tickets"].as_array().expect("tickets").iter();
    let names: Vec<_> = tickets
        .map(|ticket| {
            ticket["name"]
                .as_str()
                .unwrap_or("-")
                .replace("TICKET-", "")
        })
        .collect();
    names.join(" ")
}

fn four() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in [10, 20, 30] {
        sandbox.shell(number, "", "true");
    }
    sandbox.shell(40, "depends_on: [20]", "true");
    sandbox
}

#[test]
fn tickets_get_another_place() {
    let sandbox = four();
    let said = sandbox
        .docket(["move", "30", "--before", "20"])
        .exits(0)
        .stdout;
    assert_eq!(
        said,
        "TICKET-010: priority 1 (was 0)\nTICKET-030: priority 1 (was 0)\n"
    );
    assert_eq!(order(&sandbox), "010 030 020 040");
    assert!(
        sandbox.text_of(30).contains("\npriority: 1\n"),
        "{}",
        sandbox.text_of(30)
    );
    sandbox.docket(["move", "TICKET-040", "--first"]).exits(0);
    assert_eq!(order(&sandbox), "010 030 020 040");
    sandbox.docket(["move", "10", "--down"]).exits(0);
    assert_eq!(order(&sandbox), "030 010 020 040");
    sandbox
        .docket(["move", "30", "--up"])
        .exits(0)
        .says("the order is so already");
    sandbox.docket(["move", "30", "10", "--last"]).exits(0);
    assert_eq!(order(&sandbox), "020 040 030 010");
    sandbox.docket(["move", "10", "--after", "20"]).exits(0);
    assert_eq!(order(&sandbox), "020 010 040 030");
}

#[test]
fn what_can_not_be_is_refused_and_nothing_is_written() {
    let sandbox = four();
    let root = sandbox.repository().root();
    let before = content_of(root, &[]);
    sandbox
        .docket(["move", "40", "--before", "20"])
        .exits(3)
        .says("TICKET-040 depends on TICKET-020: it can't run before it");
    let document = sandbox
        .docket(["move", "20", "--after", "40", "--json"])
        .exits(3)
        .json();
    assert_eq!(document["done"], false);
    let planned = sandbox
        .docket(["move", "30", "--first", "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(planned["changes"][0]["name"], "TICKET-030");
    assert_eq!(planned["changes"][0]["to"], 1);
    for words in [
        &["move", "10"][..],
        &["move", "10", "--first", "--last"],
        &["move", "--first"],
        &["move", "99", "--first"],
    ] {
        sandbox.docket(words).exits(2);
    }
    assert_eq!(before, content_of(root, &[]));
    let text = fs::read_to_string(sandbox.shell(50, "", "true")).expect("a ticket");
    let path = root.join("tickets/TICKET-050.md");
    fs::write(path, text.replace("done: false", "done: true")).expect("a ticket");
    sandbox
        .docket(["move", "50", "--first"])
        .exits(3)
        .says("it is done");
}

#[test]
fn what_waits_for_a_human_is_not_touched() {
    let sandbox = four();
    sandbox.shell(50, "gate: review", "echo a > a");
    sandbox.docket(["--once", "--ticket", "50"]).exits(4);
    let before = sandbox.text_of(50);
    sandbox
        .docket(["move", "50", "--first"])
        .exits(3)
        .says("it has begun already");
    sandbox.docket(["move", "30", "--last"]).exits(0);
    assert_eq!(before, sandbox.text_of(50));
    sandbox.docket(["approve", "50"]).exits(0);
}

#[test]
fn a_run_takes_the_tickets_that_are_named() {
    let sandbox = four();
    sandbox.docket(["run", "30", "20"]).exits(0);
    let done: Vec<_> = [10, 20, 30, 40]
        .map(|number| sandbox.is_done(number))
        .into();
    assert_eq!(done, [false, true, true, false]);
    sandbox.docket(["run", "99"]).exits(2);
}
