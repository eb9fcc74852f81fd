//! Secrets: found in what is new, on the way too, and never repeated.

use std::fs;

use super::{COMMIT, gates, key, log};
use crate::support::repository::content_of;
use crate::support::sandbox::Sandbox;

#[test]
fn a_secret_waits_for_a_human_without_any_configuration_and_is_not_repeated() {
    let sandbox = Sandbox::new();
    let key = key();
    sandbox.repository().write(
        "old.txt",
        format!("first\n{}\n", key.replace("proj", "svcs")),
    );
    sandbox.repository().commit_all("it was there before");
    // The agent reads the key from where no evidence is made of it.
    fs::write(sandbox.home("key"), &key).expect("a key");
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "{ echo above; cat old.txt; } > new; mv new old.txt\n{ echo one; echo two; cat \"$HOME/key\"; } > .env",
    );
    sandbox.docket(["--once"]).exits(4);
    assert_eq!(
        gates(&sandbox),
        [(
            "secrets".to_owned(),
            vec![".env holds what looks like a secret: line 3".to_owned()]
        )]
    );
    assert!(!log(&sandbox, "docket policy").contains(&key));
    let database = fs::read(sandbox.path(".docket/ledger.db")).expect("the ledger");
    let found = database
        .windows(key.len())
        .any(|part| part == key.as_bytes());
    assert!(!found, "the ledger holds the secret");
    // The diff holds what would be merged: that is what the human looks at.
    let folder = sandbox.evidence_path(1, "TICKET-010.1");
    let files = content_of(&folder, &["diff.patch", "ticket.md", "prompt.md"]);
    for (path, content) in files {
        let text = format!("{content:?}");
        assert!(!text.contains(&key), "{}", path.display());
    }
}

#[test]
fn a_secret_in_a_commit_that_a_later_one_hides_is_found() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        &format!(
            "echo '{}' > config.txt; git add --all; {COMMIT} one\necho clean > config.txt; git add --all; {COMMIT} two\necho x > x",
            key()
        ),
    );
    sandbox.docket(["--once"]).exits(4);
    let gates = gates(&sandbox);
    let [(rule, changes)] = gates.as_slice() else {
        unreachable!("{gates:?}");
    };
    assert_eq!(rule, "secrets");
    let told = "config.txt holds what looks like a secret: line 1, in commit ";
    assert!(changes[0].starts_with(told), "{changes:?}");
}

#[test]
fn a_key_over_many_lines_and_the_value_of_a_secret_variable_are_secrets() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "for name in a b; do { echo; echo \"-----BEGIN $name PRIVATE KEY-----\" | tr ab AB; for n in 1 2 3; do echo MIIEowIBAAKCAQEA; done; echo \"-----END $name PRIVATE KEY-----\" | tr ab AB; } > $name.pem; done\nprintf '%s' \"my own $DEPLOY_TOKEN\" > token.txt",
    );
    let mut command = sandbox.command(["--once"]);
    command.env("DEPLOY_TOKEN", "horse-battery-staple-9");
    command.args(["--set", "agents.shell.pass_env=['DEPLOY_TOKEN']"]);
    sandbox.start_command(command).finish().exits(4);
    assert_eq!(
        gates(&sandbox)[0].1,
        ["a.pem", "b.pem", "token.txt"].map(|name| {
            let line = if name == "token.txt" { 1 } else { 2 };
            format!("{name} holds what looks like a secret: line {line}")
        })
    );
}
