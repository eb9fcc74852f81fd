//! `lint`.

use std::fs;

use crate::support::sandbox::Sandbox;

fn write(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.repository().write(format!("tickets/{name}"), text);
}

#[test]
fn messages_have_file_line_and_column() {
    let sandbox = Sandbox::new();
    write(
        &sandbox,
        "TICKET-001.md",
        "---\nticket_id: tkt_000001\nagent: shell\ndone: maybe\n---\n",
    );
    write(
        &sandbox,
        "TICKET-002.md",
        "---\nticket_id: tkt_000002\nagent: shell\ndone: false\ndepends_on: [7]\n---\n",
    );
    let lint = sandbox
        .docket(["lint"])
        .exits(2)
        .says("2 tickets, 2 errors, 0 warnings");
    let lines: Vec<_> = lint.stdout.lines().collect();
    assert!(
        lines[0].starts_with("tickets/TICKET-001.md:4:7: error T022: "),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("tickets/TICKET-002.md:5:14: error T053: "),
        "{lines:?}"
    );
    // As seen from where one is.
    let mut command = sandbox.command(["lint", "2"]);
    command.current_dir(sandbox.path("src"));
    let lint = sandbox.start_command(command).finish().exits(2);
    assert!(
        lint.stdout.starts_with("../tickets/TICKET-002.md:5:14: "),
        "{}",
        lint.stdout
    );
    let json = sandbox
        .docket(["lint", "--json", "TICKET-001"])
        .exits(2)
        .json();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["errors"], 1);
    assert_eq!(json["findings"][0]["code"], "T022");
    assert_eq!(json["findings"][0]["path"], "tickets/TICKET-001.md");
    assert_eq!(json["findings"][0]["place"]["line"], 4);
}

#[test]
fn fix_puts_right_what_was_named_and_nothing_else() {
    let sandbox = Sandbox::new();
    let broken = "---\nagent: shell # me\ndone: \"true\"\n---\nBody\n";
    write(&sandbox, "TICKET-001.md", broken);
    write(&sandbox, "TICKET-002.md", broken);
    let json = sandbox
        .docket(["lint", "--fix", "--json", "1"])
        .exits(0)
        .json();
    assert_eq!(json["repairs"].as_array().map(Vec::len), Some(2), "{json}");
    assert_eq!(json["findings"], serde_json::json!([]));
    let read = |name: &str| fs::read_to_string(sandbox.path("tickets").join(name)).expect("there");
    let fixed = read("TICKET-001.md");
    assert!(fixed.contains("agent: shell # me\ndone: true\n"), "{fixed}");
    assert_eq!(read("TICKET-002.md"), broken);
    sandbox
        .docket(["lint"])
        .exits(2)
        .says("`docket lint --fix` puts");
    sandbox
        .docket(["lint", "--fix"])
        .exits(0)
        .says("wrote `ticket_id`");
    sandbox.docket(["lint"]).exits(0);
}

#[test]
fn unknown_names_and_missing_folders_are_errors() {
    let sandbox = Sandbox::new();
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.ticket(20, "agent: claude", "Built in.");
    let lint = sandbox.docket(["lint"]).exits(2);
    assert_eq!(lint.stdout.matches("T055").count(), 1, "{}", lint.stdout);
    sandbox.agent("mine", "true");
    sandbox.docket(["lint"]).exits(0);
    let lint = sandbox.docket(["lint", "--tickets", "elsewhere"]).exits(2);
    assert!(lint.stdout.contains("T057"), "{}", lint.stdout);
    sandbox.docket(["lint", "9"]).exits(2).says("no ticket `9`");
}
