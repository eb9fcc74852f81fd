//! Each rule and the change that it is about, however the change was made.

use docket::domain::attempt::Verdict;
use docket::domain::policy::PolicyRule;

use super::{COMMIT, ONCE, assert_intact, gates, log, verdicts};
use crate::support::sandbox::Sandbox;

/// A configuration in which every rule is `allow` but this one.
fn only(rule: &str, action: &str) -> String {
    let rules = PolicyRule::ALL.iter().map(|each| {
        let action = if each.as_str() == rule {
            action
        } else {
            "allow"
        };
        format!("{each} = {action:?}\n")
    });
    format!("[policy]\n{}", rules.collect::<String>())
}

#[test]
fn each_rule_stops_the_change_that_it_is_about_and_no_other_does() {
    let submodule = format!(
        "git init --quiet \"$HOME/lib\"\n( cd \"$HOME/lib\" && {COMMIT} first --allow-empty )\ngit -c protocol.file.allow=always submodule --quiet add \"$HOME/lib\" vendor/lib"
    );
    let secret = format!("echo '{}' > notes.txt", super::key());
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "dependencies",
            "echo '[package]' > Cargo.toml",
            &["Cargo.toml is new"],
        ),
        (
            "lockfiles",
            "mkdir web; echo '{}' > web/package-lock.json",
            &["web/package-lock.json is new"],
        ),
        (
            "migrations",
            "mkdir -p db/migrations; echo 'drop table x;' > db/migrations/1.sql",
            &["db/migrations/1.sql is new"],
        ),
        (
            "ci",
            "mkdir -p .github/workflows; echo 'on: push' > .github/workflows/ci.yml",
            &[".github/workflows/ci.yml is new"],
        ),
        (
            "binaries",
            "printf '\\000\\001' > blob.bin",
            &["blob.bin is binary, 2 bytes"],
        ),
        (
            "large_files",
            "head -c 1048577 /dev/zero | tr '\\0' '\\n' > large.txt",
            &["large.txt has 1048577 bytes, more than 1048576"],
        ),
        ("deletions", "rm README.md", &["README.md is gone"]),
        (
            "secrets",
            &secret,
            &["notes.txt holds what looks like a secret: line 1"],
        ),
        (
            "submodules",
            &submodule,
            &[".gitmodules is new", "vendor/lib is a submodule and is new"],
        ),
        (
            "symlinks",
            "ln -s ../../outside link; ln -s README.md inside",
            &["link is a link to ../../outside"],
        ),
        (
            "modes",
            "chmod +x README.md",
            &["README.md is executable now"],
        ),
        (
            "git_files",
            "echo x > .gitattributes",
            &[".gitattributes is new"],
        ),
    ];
    assert_eq!(cases.len(), PolicyRule::ALL.len());
    for (rule, script, changes) in cases {
        let sandbox = Sandbox::new();
        sandbox.configure(&only(rule, "gate"));
        sandbox.shell(
            10,
            "validate: [\"true\"]",
            &format!("{script}\necho more > more.txt"),
        );
        sandbox.docket(["--once"]).exits(4).says("waits for review");
        let changes: Vec<_> = changes.iter().map(|change| (*change).to_owned()).collect();
        assert_eq!(gates(&sandbox), [((*rule).to_owned(), changes)], "{rule}");
        assert_eq!(verdicts(&sandbox, "docket policy"), [Verdict::Pass]);
        assert!(!sandbox.is_done(10));
        assert_intact(&sandbox);
        // The same under `allow` is nobody's matter.
        let sandbox = Sandbox::new();
        sandbox.configure(&only(rule, "allow"));
        sandbox.shell(10, "validate: [\"true\"]", script);
        sandbox.docket(["--once"]).exits(0).says("done, proven");
    }
}

#[test]
fn it_does_not_matter_how_a_change_was_made() {
    let ways = [
        // A commit of the agent's own, and one that a later commit only seems to hide.
        format!("echo a > Cargo.toml; git add Cargo.toml; {COMMIT} mine"),
        format!("echo a > Cargo.toml; git add Cargo.toml; {COMMIT} mine; git rm --cached --quiet Cargo.toml"),
        "echo a > Cargo.toml; git add Cargo.toml".to_owned(),
        "echo a > Cargo.toml".to_owned(),
        "echo a > Cargo.toml; git add --intent-to-add Cargo.toml".to_owned(),
        "git mv README.md Cargo.toml".to_owned(),
        "ln -s README.md Cargo.toml".to_owned(),
        // Marks that tell git not to look.
        format!("echo a > Cargo.toml; git add Cargo.toml; {COMMIT} mine; git update-index --assume-unchanged Cargo.toml; echo b > Cargo.toml"),
        "git sparse-checkout set --no-cone /src/; echo a > Cargo.toml".to_owned(),
        // Attributes that tell git how to look.
        "echo 'Cargo.toml -diff binary' > .gitattributes; echo a > Cargo.toml".to_owned(),
        "git config filter.lfs.clean cksum; echo 'Cargo.toml filter=lfs' > .gitattributes; echo a > Cargo.toml".to_owned(),
    ];
    for way in ways {
        let sandbox = Sandbox::new();
        sandbox.configure(&only("dependencies", "fail"));
        sandbox.shell(10, ONCE, &way);
        sandbox
            .docket(["--once"])
            .exits(5)
            .says("validation failed: docket policy");
        assert!(
            log(&sandbox, "docket policy").contains("- dependencies: Cargo.toml "),
            "{way}"
        );
        assert!(!sandbox.is_done(10), "{way}");
        assert_eq!(
            sandbox.git(["rev-parse", "docket/r1/main"]),
            sandbox.git(["rev-parse", "main"]),
            "{way}"
        );
    }
}

#[test]
fn a_deletion_is_seen_though_sparse_checkout_hides_files() {
    let sandbox = Sandbox::new();
    sandbox.configure(&only("deletions", "gate"));
    // What is only not checked out is not deleted.
    sandbox.shell(
        10,
        "",
        "git sparse-checkout set --no-cone /src/; echo x > src/x",
    );
    sandbox.docket(["--once"]).exits(0);
    sandbox.shell(20, "", "git rm --quiet README.md");
    sandbox.docket(["--once", "--ticket", "20"]).exits(4);
    assert_eq!(gates(&sandbox)[0].1, ["README.md is gone"]);
}

#[test]
fn names_of_any_kind_are_told() {
    let sandbox = Sandbox::new();
    sandbox.configure(&only("migrations", "gate"));
    sandbox.shell(
        10,
        "",
        "mkdir migrations\necho 1 > 'migrations/with space.sql'\necho 2 > migrations/größe.sql\necho 3 > \"$(printf 'migrations/line\\nbreak\"quote.sql')\"\necho 4 > migrations/-dash.sql",
    );
    sandbox.docket(["--once"]).exits(4);
    assert_eq!(
        gates(&sandbox)[0].1,
        [
            "migrations/-dash.sql is new",
            "migrations/größe.sql is new",
            "\"migrations/line\\nbreak\\\"quote.sql\" is new",
            "migrations/with space.sql is new",
        ]
    );
}

#[test]
fn a_repository_inside_the_tree_and_a_file_too_large_to_save_are_told() {
    let sandbox = Sandbox::new();
    sandbox.configure("[policy]\nlarge_files = \"gate\"");
    sandbox.shell(
        10,
        "",
        &format!("git init --quiet nested; cd nested; echo x > x; git add x; {COMMIT} inner; cd ..; dd if=/dev/zero of=huge.bin bs=1 count=0 seek=70000000 2>/dev/null"),
    );
    sandbox.docket(["--once"]).exits(4);
    let gates = gates(&sandbox);
    assert_eq!(gates.len(), 2, "{gates:?}");
    assert!(gates[0].1[0].contains("huge.bin has 70000000 bytes: it is too large"));
    assert!(gates[1].1[0].contains("nested is a repository of its own"));
}

#[test]
fn ignored_files_are_no_part_of_the_work_and_hiding_them_is_seen() {
    let sandbox = Sandbox::new();
    sandbox.configure(&only("git_files", "gate"));
    sandbox.repository().write(".gitignore", "target/\n");
    sandbox.repository().commit_all("ignore");
    sandbox.shell(
        10,
        "",
        "mkdir target; echo x > target/Cargo.toml; echo x > x",
    );
    sandbox.docket(["--once"]).exits(0);
    sandbox.shell(
        20,
        "",
        "echo Cargo.toml >> \"$(git rev-parse --git-common-dir)/info/exclude\"; echo x > Cargo.toml",
    );
    sandbox.docket(["--once", "--ticket", "20"]).exits(4);
    assert_eq!(
        gates(&sandbox),
        [(
            "git_files".to_owned(),
            vec![".git/info/exclude changed".to_owned()]
        )]
    );
}

#[test]
fn what_fails_goes_back_to_the_agent_who_undoes_it() {
    let sandbox = Sandbox::new();
    sandbox.configure("[policies.strict]\nci = \"fail\"");
    sandbox.agent(
        "learner",
        "cat > \"$HOME/prompt-$DOCKET_TURN\"\necho work > work.txt\nif grep -q 'put the file back as it was' \"$HOME/prompt-$DOCKET_TURN\"; then rm Jenkinsfile; else echo x > Jenkinsfile; fi",
    );
    sandbox.ticket(10, "agent: learner\npolicy: strict", "Work.");
    sandbox.docket(["--once"]).exits(0).says("done, unchecked");
    assert_eq!(
        verdicts(&sandbox, "docket policy"),
        [Verdict::Fail, Verdict::Pass]
    );
    let prompt = std::fs::read_to_string(sandbox.home("prompt-2")).expect("the prompt");
    assert!(prompt.contains("policy strict: ci fail"), "{prompt}");
    assert!(prompt.contains("- ci: Jenkinsfile is new: "), "{prompt}");
    assert_eq!(
        sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
        "work.txt"
    );
    assert_intact(&sandbox);
    let shown = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(shown.contains("policy    strict"), "{shown}");
    assert!(
        shown.contains("docket policy after turn 2: pass"),
        "{shown}"
    );
}

#[test]
fn the_queue_s_own_files_are_no_matter_of_the_policy() {
    let sandbox = Sandbox::new();
    sandbox.configure(&only("deletions", "fail"));
    sandbox.shell(10, "", "rm -f tickets/TICKET-020.md; echo x > x");
    sandbox.shell(20, "", "true");
    sandbox.repository().commit_all("plan");
    sandbox.docket(["--once", "--ticket", "10"]).exits(0);
}
