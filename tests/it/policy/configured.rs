//! Policies in the configuration and in tickets: layers, names, typos, trust, and the cases that a peer fails.

use std::fs;
use std::path::Path;

use docket::config::trust;
use docket::config::{Config, Origins, Source, merge};
use docket::domain::attempt::Verdict;
use docket::domain::policy::{Policies, PolicyAction, PolicyRule, examples};

use super::{ONCE, assert_intact, gates, log, validations, verdicts};
use crate::support::sandbox::Sandbox;

fn layers(user: &str, repository: &str) -> (Config, Origins) {
    let sources = [
        Source::User {
            path: Path::new("config.toml"),
            text: user,
        },
        Source::Repository {
            path: Path::new("docket.toml"),
            text: repository,
        },
    ];
    merge(&sources).expect("a sound configuration")
}

#[track_caller]
fn errors(text: &str) -> String {
    let path = Path::new("docket.toml");
    let merged = merge(&[Source::Repository { path, text }]);
    merged.expect_err("it is wrong").to_string()
}

/// What a repository's file needs to be trusted for.
fn distrusted(user: &str, repository: &str) -> Vec<String> {
    let (_, origins) = layers(user, repository);
    let commands = trust::commands(&origins).into_iter();
    commands.map(|command| command.key.to_string()).collect()
}

#[test]
fn codencer_4_a_policy_enforces_what_it_says_and_unknown_keys_and_words_are_errors() {
    for (text, said) in [
        (
            "[policy]\ndependncies = \"gate\"",
            "unknown key `policy.dependncies`; did you mean `policy.dependencies`?",
        ),
        (
            "[policies.strict]\nlockfile = \"fail\"",
            "did you mean `policies.strict.lockfiles`?",
        ),
        ("[policy]\nsecrets = \"gaet\"", "did you mean \"gate\"?"),
        (
            "[policy]\nsecrets = \"off\"",
            "must be one of \"allow\", \"gate\", \"fail\"",
        ),
        ("[policy]\nsecrets = false", "must be one of"),
        ("[policy]\npaths = [\"src\"]", "policy.paths"),
        (
            "[policy.paths]\nforbid = [\"x\"]",
            "unknown key `policy.paths.forbid`",
        ),
        ("[policy.paths]\ndeny = [\"../x\"]", "policy.paths.deny"),
        ("[policy.paths]\nallow = [\"a[\"]", "policy.paths.allow"),
        ("[policy]\nchanged_files = -1", "policy.changed_files"),
        (
            "[policies.\" x\"]\nci = \"gate\"",
            "without blanks around it",
        ),
        ("policy = \"strict\"", "policy"),
    ] {
        let errors = errors(text);
        assert!(errors.contains(said), "{text}: {errors}");
    }
    // In the program, a typo stops everything before anything ran.
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo x > x");
    sandbox
        .repository()
        .write("docket.toml", "[policy]\nsecrts = \"fail\"\n");
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("docket.toml:2:1")
        .says("did you mean `policy.secrets`?");
    assert!(!sandbox.path(".docket/ledger.db").exists());
    // Allowed and forbidden paths of the policy hold beside the ticket's own, which can't widen them.
    sandbox.repository().write(
        "docket.toml",
        "[policy]\nchanged_files = 2\npaths = { allow = [\"src/\", \"docs/\"], deny = [\"**/*.key\"] }\n",
    );
    let ticket = "paths: { allow: [\"**\"] }\nlimits: { turns: 1, attempts: 1, changed_files: 9 }";
    for (number, script, failed) in [
        (20, "echo x > src/x.rs", None),
        (30, "echo x > other.txt", Some("docket paths")),
        (40, "echo x > src/a.key", Some("docket paths")),
        (50, "touch src/1 src/2 src/3", Some("docket changed-files")),
    ] {
        sandbox.shell(number, ticket, script);
        let number = number.to_string();
        let ended = sandbox.docket(["--once", "--ticket", &number]);
        match failed {
            None => ended.exits(0),
            Some(name) => ended.exits(5).says(&format!("validation failed: {name}")),
        };
    }
    assert_intact(&sandbox);
}

#[test]
fn codencer_1_all_that_changed_is_listed_and_reachable_while_a_policy_holds_it() {
    let sandbox = Sandbox::new();
    sandbox.configure("[policy]\nci = \"gate\"");
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "mkdir -p a/b .ci; echo deep > 'a/b/with space.txt'; echo x > .ci/x; git mv README.md READ.md; git add -A; git -c user.name=A -c user.email=a@b commit -qm mine; echo more > staged; git add staged",
    );
    sandbox.docket(["--once"]).exits(4);
    let listed = sandbox.evidence(1, "TICKET-010.1", "files.json");
    for name in [
        "a/b/with space.txt",
        ".ci/x",
        "READ.md",
        "README.md",
        "staged",
    ] {
        assert!(listed.contains(&format!("{name:?}")), "{listed}");
    }
    sandbox.git([
        "apply",
        "--check",
        ".docket/evidence/r1/TICKET-010/1/diff.patch",
    ]);
    assert!(
        sandbox
            .path(".docket/worktrees/TICKET-010.1/staged")
            .exists()
    );
    sandbox.git([
        "cat-file",
        "-e",
        "refs/docket/autosave/TICKET-010.1/1:.ci/x",
    ]);
}

#[test]
fn a_ticket_that_names_an_unknown_policy_does_not_run() {
    let sandbox = Sandbox::new();
    sandbox.configure("[policies.strict]\nci = \"fail\"");
    sandbox.shell(10, "policy: stric", "echo x > x");
    sandbox.shell(20, "policy: [1]", "echo x > x");
    let lint = sandbox.docket(["lint"]).exits(2).stdout;
    assert!(
        lint.contains("tickets/TICKET-010.md:6:9: error T060: `stric` is no configured policy: write one of `strict`, or add it to docket.toml; did you mean `strict`?"),
        "{lint}"
    );
    assert!(
        lint.contains("TICKET-020.md:6:9: error T025: `policy` takes"),
        "{lint}"
    );
    sandbox
        .docket(["--once", "--ticket", "10"])
        .exits(2)
        .says("unknown policy stric: add [policies.stric] to docket.toml");
    sandbox.docket(["--once"]).exits(3);
    assert!(!sandbox.is_done(10));
}

#[test]
fn a_named_policy_says_what_it_says_and_the_rest_is_as_in_the_default_one() {
    let (config, _) = layers(
        "[policy]\nci = \"gate\"\nlarge_file_bytes = 10\npaths = { allow = [\"src/\"], deny = [\"a\"] }\n",
        "[policies.strict]\ndependencies = \"fail\"\npaths = { deny = [\"b\"] }\n[policies.lax]\nci = \"allow\"\npaths = { allow = [] }\n",
    );
    let of = |name: &str| config.policies.of(name.parse().ok().as_ref());
    let strict = of("strict");
    assert_eq!(strict.action(PolicyRule::Dependencies), PolicyAction::Fail);
    assert_eq!(strict.action(PolicyRule::Ci), PolicyAction::Gate);
    assert_eq!(strict.action(PolicyRule::Secrets), PolicyAction::Gate);
    assert_eq!(strict.large_file_bytes, 10);
    assert_eq!(strict.paths.allow, ["src/"]);
    assert_eq!(strict.paths.deny, ["a", "b"]);
    let lax = of("lax");
    assert_eq!(lax.action(PolicyRule::Ci), PolicyAction::Allow);
    assert!(lax.paths.allow.is_empty());
    assert_eq!(lax.paths.deny, ["a"]);
    assert_eq!(layers("", "").0.policies, Policies::default());
}

#[test]
fn a_repository_tightens_freely_and_must_be_trusted_to_loosen() {
    let none: [&str; 0] = [];
    assert_eq!(
        distrusted("", "[policy]\nci = \"fail\"\nsecrets = \"fail\""),
        none
    );
    assert_eq!(
        distrusted("", "[policy]\nci = \"allow\"\nsecrets = \"gate\""),
        none
    );
    assert_eq!(
        distrusted("", "[policy]\nsecrets = \"allow\""),
        ["policy.secrets"]
    );
    assert_eq!(
        distrusted("[policy]\nci = \"fail\"", "[policy]\nci = \"gate\""),
        ["policy.ci"]
    );
    // A named one is held against what it would be without a word.
    assert_eq!(
        distrusted(
            "[policy]\nci = \"fail\"\n[policies.own]\nci = \"gate\"",
            "[policies.lax]\nci = \"gate\"\n[policies.own]\nci = \"fail\"\n[policies.more]\nsecrets = \"fail\"\n"
        ),
        ["policies.lax.ci"]
    );
    // Tightening `[policy]` in the same file is no way to loosen through a name, nor the other way round.
    assert_eq!(
        distrusted(
            "",
            "[policy]\nci = \"fail\"\n[policies.lax]\nci = \"gate\"\n"
        ),
        none
    );
    let user = "[policy]\nchanged_files = 5\nlarge_file_bytes = 5\npaths = { allow = [\"a\", \"b\"], deny = [\"c\"] }";
    assert_eq!(
        distrusted(
            user,
            "[policy]\nchanged_files = 4\nlarge_file_bytes = 4\npaths = { allow = [\"a\"], deny = [] }"
        ),
        none
    );
    let (config, _) = layers(user, "[policy.paths]\ndeny = [\"d\"]");
    assert_eq!(config.policies.default.paths.deny, ["c", "d"]);
    for (text, key) in [
        ("changed_files = 6", "policy.changed_files"),
        ("large_file_bytes = 6", "policy.large_file_bytes"),
        ("paths.allow = []", "policy.paths.allow"),
        ("paths.allow = [\"a\", \"x\"]", "policy.paths.allow"),
    ] {
        assert_eq!(distrusted(user, &format!("[policy]\n{text}")), [key]);
    }
    // In the program: nothing runs before the repository is trusted.
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write("docket.toml", "[policy]\nsecrets = \"allow\"\n");
    sandbox.shell(10, "", "echo x > x");
    sandbox.docket(["--once"]).exits(2).says("policy.secrets");
    sandbox.docket(["trust"]).exits(0);
    sandbox.docket(["--once"]).exits(0);
}

#[test]
fn a_folder_without_git_works_as_built_in_and_a_policy_that_was_asked_for_is_no_pass() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.path(".git")).expect("no git here");
    sandbox.shell(10, "validate: [\"true\"]", "echo x > x");
    sandbox
        .docket(["--once", "--isolation", "none"])
        .exits(0)
        .says("done, proven");
    assert_eq!(validations(&sandbox).len(), 1);
    sandbox.configure("[policies.strict]\nci = \"fail\"");
    sandbox.shell(20, &format!("{ONCE}\npolicy: strict"), "echo x > y");
    sandbox
        .docket(["--once", "--isolation", "none"])
        .exits(5)
        .says("validation failed: docket policy");
    assert_eq!(verdicts(&sandbox, "docket policy"), [Verdict::Inconclusive]);
}

#[test]
fn in_place_what_was_there_before_is_not_the_agent_s() {
    let sandbox = Sandbox::new();
    sandbox.configure("isolation = \"none\"\n[policy]\nci = \"gate\"\ndeletions = \"gate\"");
    sandbox.repository().write("Jenkinsfile", "the user's\n");
    sandbox.repository().git(["init", "--quiet", "inner"]);
    sandbox.repository().write("inner/x", "x\n");
    fs::remove_file(sandbox.path("README.md")).expect("the user deleted it");
    sandbox.shell(10, "", "echo x > x");
    sandbox.docket(["--once"]).exits(0);
    sandbox.shell(20, "", "echo x > .travis.yml");
    sandbox.docket(["--once"]).exits(4);
    assert_eq!(gates(&sandbox)[0].1, [".travis.yml is new"]);
}

#[test]
fn a_rule_that_is_kept_is_evidence_and_the_policy_is_that_of_the_start() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write("docket.toml", "[policy]\nci = \"fail\"\n");
    sandbox.repository().commit_all("a policy");
    // The agent changes the policy, in its own tree and in the user's, and its own ticket.
    sandbox.shell(
        10,
        &format!("{ONCE}\npolicy: own"),
        "echo '' > docket.toml; echo '' > \"$(git rev-parse --git-common-dir)/../docket.toml\"; sed -i.bak '/^policy/d' \"$DOCKET_TICKET\"; mkdir .ci; echo x > .ci/x",
    );
    sandbox.configure("[policies.own]\nlockfiles = \"gate\"");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("validation failed: docket policy");
    let log = log(&sandbox, "docket policy");
    assert!(
        log.starts_with("policy own: lockfiles gate, ci fail, secrets gate"),
        "{log}"
    );
    let config = sandbox.docket(["config"]).exits(0).stdout;
    assert!(
        config.contains("policies.own.lockfiles = \"gate\""),
        "{config}"
    );
    assert!(config.contains("policy.secrets = \"gate\""), "{config}");
}

/// The table of docs/POLICY.md.
fn table() -> String {
    let mut text = String::from("| rule | built in | is about | goes by |\n|---|---|---|---|\n");
    for rule in PolicyRule::ALL {
        let names: Vec<_> = examples(*rule)
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let goes_by = if names.is_empty() {
            "what changed".to_owned()
        } else {
            names.join(" ")
        };
        let line = format!(
            "| `{rule}` | {} | {} | {goes_by} |\n",
            rule.built_in(),
            rule.meaning()
        );
        text.push_str(&line);
    }
    text
}

#[test]
fn the_documentation_has_the_table_of_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/POLICY.md");
    let text = fs::read_to_string(&path).expect("docs/POLICY.md");
    let (start, end) = ("<!-- rules -->\n", "<!-- end of rules -->");
    let begin = text.find(start).expect("the mark before the table") + start.len();
    let stop = text.find(end).expect("the mark after the table");
    if std::env::var_os("DOCKET_WRITE_DOCS").is_some() {
        let new = format!("{}{}{}", &text[..begin], table(), &text[stop..]);
        fs::write(&path, new).expect("docs/POLICY.md is written");
        return;
    }
    assert_eq!(
        text[begin..stop],
        table(),
        "docs/POLICY.md is old: run `DOCKET_WRITE_DOCS=1 cargo test --test it policy`"
    );
}
