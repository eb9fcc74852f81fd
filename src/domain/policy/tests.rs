use super::*;

/// A policy in which every rule has this action.
fn all(action: PolicyAction) -> Policy {
    Policy {
        actions: PolicyRule::ALL.iter().map(|rule| (*rule, action)).collect(),
        ..Policy::default()
    }
}

/// The rules that object to a change, with their words.
fn objections(change: &Change) -> Vec<(PolicyRule, String)> {
    let findings = evaluate(&all(PolicyAction::Gate), std::slice::from_ref(change));
    let findings = findings.into_iter();
    findings
        .map(|finding| (finding.rule, finding.to_string()))
        .collect()
}

fn rules(change: &Change) -> Vec<PolicyRule> {
    objections(change)
        .into_iter()
        .map(|(rule, _)| rule)
        .collect()
}

#[track_caller]
fn check(paths: &[&str], rule: Option<PolicyRule>) {
    for path in paths {
        let change = Change::new(path, ChangeKind::Modified);
        assert_eq!(rules(&change), Vec::from_iter(rule), "{path}");
    }
}

#[test]
fn files_are_known_by_name_and_folder_in_any_letter_case() {
    check(
        &[
            "Cargo.toml",
            "a/b/cargo.TOML",
            "web/package.json",
            "requirements-dev.txt",
            "x.gemspec",
            "go.mod",
        ],
        Some(PolicyRule::Dependencies),
    );
    check(
        &["Cargo.lock", "web/yarn.lock", "uv.lock", "go.sum"],
        Some(PolicyRule::Lockfiles),
    );
    check(
        &[
            "migrations/1.sql",
            "app/Migrations/x/2.py",
            "db/migrate/3.rb",
        ],
        Some(PolicyRule::Migrations),
    );
    check(
        &[
            ".github/workflows/ci.yml",
            "sub/.github/workflows/ci.yml",
            ".gitlab-ci.yml",
            ".ci/run.sh",
            "Jenkinsfile",
            ".github/CODEOWNERS",
        ],
        Some(PolicyRule::Ci),
    );
    check(
        &[".gitignore", "a/.gitattributes", ".git/info/exclude"],
        Some(PolicyRule::GitFiles),
    );
    check(&[".gitmodules"], Some(PolicyRule::Submodules));
    check(
        &[
            "src/main.rs",
            "migrations",
            "mymigrations/1.sql",
            "github/workflows/ci.yml",
            "Cargo.toml.md",
            "info/exclude",
            "requirements.md",
        ],
        None,
    );
}

#[test]
fn a_rename_counts_under_both_names_and_is_no_deletion() {
    let from = |from: &str| ChangeKind::Renamed { from: from.into() };
    let away = Change::new("notes.txt", from("Cargo.lock"));
    assert_eq!(
        objections(&away),
        [(PolicyRule::Lockfiles, "notes.txt was Cargo.lock".to_owned())]
    );
    assert_eq!(rules(&Change::new(".ci/x", from("x"))), [PolicyRule::Ci]);
    assert_eq!(
        rules(&Change::new("x", ChangeKind::Deleted)),
        [PolicyRule::Deletions]
    );
}

#[test]
fn links_that_stay_inside_are_no_matter() {
    let link = |path: &str, target: &str| {
        let mut change = Change::new(path, ChangeKind::Added);
        change.new = Some(Entry::Symlink {
            target: target.into(),
        });
        rules(&change)
    };
    let out = [PolicyRule::Symlinks];
    assert_eq!(link("a/b/link", "../../x"), []);
    assert_eq!(link("a/b/link", "./x/../y"), []);
    assert_eq!(link("link", "a/b"), []);
    assert_eq!(link("a/b/link", "../../../x"), out);
    assert_eq!(link("link", ".."), out);
    assert_eq!(link("link", "a/../../x"), out);
    assert_eq!(link("link", "/etc/passwd"), out);
    assert_eq!(link("a/link", "../.git/hooks"), out);
    assert_eq!(link("a/link", "../.GIT/hooks"), out);
}

#[test]
fn what_a_file_is_and_how_large() {
    let mut binary = Change::new("a.png", ChangeKind::Added);
    binary.binary = true;
    binary.bytes = Policy::LARGE_FILE_BYTES + 1;
    assert_eq!(
        rules(&binary),
        [PolicyRule::Binaries, PolicyRule::LargeFiles]
    );
    binary.bytes = Policy::LARGE_FILE_BYTES;
    assert_eq!(rules(&binary), [PolicyRule::Binaries]);
    binary.kind = ChangeKind::Deleted;
    binary.new = None;
    assert_eq!(rules(&binary), [PolicyRule::Deletions]);
    let mut script = Change::new("run", ChangeKind::Modified);
    script.new = Some(Entry::Executable);
    assert_eq!(rules(&script), [PolicyRule::Modes]);
    script.old = Some(Entry::Executable);
    assert_eq!(rules(&script), []);
    script.new = Some(Entry::File);
    assert_eq!(rules(&script), [PolicyRule::Modes]);
}

#[test]
fn repositories_inside_the_repository() {
    let mut submodule = Change::new("vendor/x", ChangeKind::Added);
    submodule.new = Some(Entry::Repository);
    assert_eq!(
        objections(&submodule),
        [(
            PolicyRule::Submodules,
            "vendor/x is a submodule and is new".to_owned()
        )]
    );
    submodule.kind = ChangeKind::LeftOut;
    assert!(objections(&submodule)[0].1.contains("no submodule"));
    let mut gone = Change::new("vendor/x", ChangeKind::TypeChanged);
    gone.old = Some(Entry::Repository);
    assert_eq!(rules(&gone), [PolicyRule::Submodules]);
    let mut huge = Change::new("core", ChangeKind::LeftOut);
    huge.bytes = 1 << 40;
    assert_eq!(rules(&huge), [PolicyRule::LargeFiles]);
}

#[test]
fn secrets_are_named_by_line_alone() {
    let mut change = Change::new(".env", ChangeKind::Added);
    change.secrets = vec![3];
    let words = |change: &Change| objections(change)[0].1.clone();
    assert_eq!(
        words(&change),
        ".env holds what looks like a secret: line 3"
    );
    change.secrets = (1..=12).collect();
    change.commit = Some("0123456789ab".to_owned());
    assert_eq!(
        words(&change),
        ".env holds what looks like secrets: lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more, in commit 0123456789ab"
    );
    // What stood in a commit and not in the result is a matter of secrets alone.
    change.binary = true;
    change.path = "Cargo.toml".into();
    assert_eq!(rules(&change), [PolicyRule::Secrets]);
    change.secrets.clear();
    change.unsearched = true;
    assert_eq!(rules(&change), [PolicyRule::Secrets]);
}

#[test]
fn an_action_allows_gates_or_fails_and_the_findings_are_in_order() {
    let mut policy = all(PolicyAction::Allow);
    let changes = ["b/Cargo.toml", "Cargo.lock", "a/Cargo.toml"]
        .map(|path| Change::new(path, ChangeKind::Modified));
    assert_eq!(evaluate(&policy, &changes), []);
    assert!(!policy.looks() && !policy.is_asked_for());
    policy
        .actions
        .insert(PolicyRule::Dependencies, PolicyAction::Fail);
    policy
        .actions
        .insert(PolicyRule::Lockfiles, PolicyAction::Gate);
    policy.name = "strict".parse().ok();
    let found = evaluate(&policy, &changes);
    let told: Vec<_> = found
        .iter()
        .map(|finding| (finding.action, finding.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            (PolicyAction::Fail, "a/Cargo.toml changed".to_owned()),
            (PolicyAction::Fail, "b/Cargo.toml changed".to_owned()),
            (PolicyAction::Gate, "Cargo.lock changed".to_owned()),
        ]
    );
    assert_eq!(
        report(&policy, &found),
        "policy strict: dependencies fail, lockfiles gate\n\nthese changes are not accepted:\n\
         - dependencies: a/Cargo.toml changed: put the file back as it was, and name the dependency that you need in your last message\n\
         - dependencies: b/Cargo.toml changed: put the file back as it was, and name the dependency that you need in your last message\n\
         \na human looks at these changes before they are merged:\n- lockfiles: Cargo.lock changed\n"
    );
}

#[test]
fn an_unknown_policy_lets_nothing_pass() {
    let policies = Policies::default();
    let name: PolicyName = "strict".parse().expect("a name");
    let policy = policies.of(Some(&name));
    assert!(policy.is_asked_for());
    for rule in PolicyRule::ALL {
        assert_eq!(policy.action(*rule), PolicyAction::Fail);
    }
    assert_eq!(policies.of(None), Policy::default());
    assert!(!Policy::default().is_asked_for() && Policy::default().looks());
}

#[test]
fn names_with_line_breaks_stay_on_one_line() {
    let change = Change::new("a\nb/Cargo.toml", ChangeKind::Modified);
    assert_eq!(objections(&change)[0].1, "\"a\\nb/Cargo.toml\" changed");
}
