//! Trust: what a clone may run is shown first, without secrets, and holds for exactly what was shown.

use std::fs;

use serde_json::json;

use crate::support::sandbox::Sandbox;

#[test]
fn trust_is_in_one_content_at_one_place_and_can_be_taken_back() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    let write = |text: &str| sandbox.repository().write("docket.toml", text);
    write("validate = [\"touch validated\"]\n");
    let refused = sandbox
        .docket(["--once"])
        .exits(2)
        .says("validate = [\"touch validated\"]");
    assert!(refused.stderr.contains("docket trust"));
    let shown = sandbox
        .docket(["trust", "--show"])
        .exits(0)
        .says("not trusted");
    assert!(
        shown.stdout.contains("validate = [\"touch validated\"]"),
        "{}",
        shown.stdout
    );
    let trusted = sandbox.docket(["trust", "--json"]).exits(0).json();
    assert_eq!(
        (&trusted["trusted"], &trusted["changed"]),
        (&json!(true), &json!(true))
    );
    sandbox.docket(["--once"]).exits(0);
    // One byte more is another content, though it names the same commands.
    sandbox.shell(20, "", "true");
    write("validate = [\"touch validated\"]\n\n");
    sandbox.docket(["--once"]).exits(2);
    sandbox
        .docket(["trust", "--show"])
        .exits(0)
        .says("changed since you trusted it");
    sandbox
        .docket(["trust"])
        .exits(0)
        .says("trusted from now on");
    sandbox
        .docket(["trust", "--revoke"])
        .exits(0)
        .says("no longer trusted");
    sandbox.docket(["--once"]).exits(2);
    assert!(!sandbox.is_done(20));
}

#[test]
fn secrets_in_settings_are_not_printed_and_their_origin_is() {
    let sandbox = Sandbox::new();
    let key = ["sk", "ant", "api03", "abcdefghijklmnopqrstuvwx"].join("-");
    sandbox.repository().write(
        "docket.toml",
        format!(
            "[agents.mine]\nkind = \"command\"\ncommand = [\"mine\", \"--key\", \"{key}\"]\nenv = {{ API_TOKEN = \"plain-but-secret\", MODE = \"fast\" }}\n"
        ),
    );
    sandbox.configure("[agents.yours]\nkind = \"command\"\ncommand = [\"yours\"]\nenv = { PASSWORD = \"correct-horse\" }\n");
    for arguments in [
        &["config"][..],
        &["config", "--json"],
        &["config", "agents.mine"],
        &["config", "agents.mine", "--json"],
        &["config", "agents.mine.env.API_TOKEN"],
        &[
            "config",
            "agents.yours",
            "--set",
            "agents.yours.env.PASSWORD=correct-horse",
        ],
        &[
            "config",
            "--json",
            "--set",
            "agents.yours.env.PASSWORD=correct-horse",
        ],
        &["trust", "--show"],
        &["trust", "--show", "--json"],
        &["--once"],
    ] {
        let said = sandbox.docket(arguments);
        let all = format!("{}{}", said.stdout, said.stderr);
        for secret in [&key, "plain-but-secret", "correct-horse"] {
            assert!(!all.contains(secret), "{arguments:?}:\n{all}");
        }
    }
    let config = sandbox.docket(["config", "agents.mine"]).exits(0).stdout;
    assert!(
        config.contains("env.API_TOKEN = \"[redacted]\"") && config.contains("docket.toml:4"),
        "{config}"
    );
    assert!(config.contains("MODE = \"fast\""), "{config}");
    // What is shown differs, what runs doesn't: the commands are still those of the file.
    let shown = sandbox.docket(["trust", "--show"]).exits(0).stdout;
    assert!(
        shown.contains("\"mine\", \"--key\", \"[redacted]\""),
        "{shown}"
    );
    assert!(
        fs::read_to_string(sandbox.path("docket.toml"))
            .expect("it")
            .contains(&key)
    );
}

/// What a fresh clone's tickets do is what its user asks for by running the queue: nothing before that runs them.
#[test]
fn looking_at_a_clone_runs_nothing_of_its_tickets() {
    let sandbox = Sandbox::new();
    let out = sandbox.home("ran");
    let front = format!("validate: [\"touch {}\"]", out.display());
    sandbox.shell(10, &front, &format!("touch {}", out.display()));
    for arguments in [
        &["ls"][..],
        &["status"],
        &["lint"],
        &["lint", "--fix"],
        &["show", "10"],
        &["requests"],
        &["config"],
        &["trust", "--show"],
        &["doctor"],
        &["import", "tickets", "--into", "more"],
        &["submit", "tickets/TICKET-010.md"],
    ] {
        let _said = sandbox.docket(arguments);
        assert!(!out.exists(), "{arguments:?}");
    }
    sandbox.docket(["--once", "--ticket", "10"]).exits(0);
    assert!(out.exists());
}
