//! Ticket files: what is read from them, what is said about broken ones, and that edits change nothing else.
#![expect(
    clippy::expect_used,
    reason = "the helpers of tests fail as the tests do"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use docket::config::merge;
use docket::domain::hash::sha256;
use docket::domain::rules::{Rule, Rules};
use docket::domain::ticket::{
    AgentName, Approvals, Check, ContextFile, Dependency, GateRule, KnownNames, PathRules, Problem,
    ProblemCode, QueueEntry, Ticket, TicketLimits,
};
use docket::domain::time::Timestamp;
use docket::tickets::edit::{NewValue, set_value};
use docket::tickets::load::{self, Loader};
use docket::tickets::parse::MAX_BYTES;
use docket::tickets::template::{self, NewTicket, TEMPLATES, Template};
use docket::tickets::write::{self, WriteError};
use docket::tickets::{KEYS, derived_id, lint, locate, parse};
use proptest::prelude::*;
use tempfile::TempDir;

const PATH: &str = "tickets/TICKET-010-stream-the-body.md";

fn read(text: &str) -> QueueEntry {
    parse(Path::new(PATH), text.as_bytes())
}

fn sound(text: &str) -> Ticket {
    let entry = read(text);
    let problems: Vec<_> = entry.problems.iter().filter(|one| one.is_error()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    entry.ticket.expect("a sound ticket")
}

/// The problems of a file as `line:column code message`.
fn problems(entry: &QueueEntry) -> Vec<String> {
    let line = |problem: &Problem| {
        let place = problem
            .place
            .map_or("-".to_owned(), |place| place.to_string());
        format!("{place} {} {}", problem.code, problem.message)
    };
    entry.problems.iter().map(line).collect()
}

/// Front matter with the keys that every ticket needs, then `keys` from line 5 on.
fn with(keys: &str) -> String {
    format!("---\nticket_id: tkt_000001\nagent: codex\ndone: false\n{keys}\n---\n")
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(problems(&read(text)), expected, "{text:?}");
}

#[test]
fn every_key_is_read() {
    let ticket = sound(
        r#"---
ticket_id: "tkt_0123456789abcdef"
agent: " Codex "
done: false
title: Stream the body
goal: 'No buffer larger than 64 kB'
model: gpt-5.1-codex
reasoning: high
profile: m4
context:
  - path: docs/grammar.md
    max_bytes: 8_192
    required: true
  - path: notes.md
depends_on: [3, "004", TICKET-005, tkt_parser, ticket-006-x.md, 010]
priority: -2
labels: [parser, 7]
validate:
  - cargo test -p parser
  - {name: clippy, run: "cargo clippy && true", timeout: 1h30m}
acceptance: [It streams]
gate: review
paths: {allow: ["src/**"], deny: ["src/main.rs"]}
limits: {turns: 5, attempts: 2, wall: 2d, idle: 90s, tokens: 200000, cost_usd: 2.50, changed_files: 12}
approvals: deny
not_before: 2026-11-21T22:00:00+01:00
every: 10m
pr_url: https://example.org/7
x-anything: {kept: [true]}
---

# Body
"#,
    );
    let id = |text: &str| text.parse().expect("an id");
    let expected = Ticket {
        id: id("tkt_0123456789abcdef"),
        id_is_derived: false,
        name: "TICKET-010".parse().expect("a name"),
        agent: "codex".parse().expect("an agent"),
        done: false,
        title: Some("Stream the body".into()),
        goal: Some("No buffer larger than 64 kB".into()),
        model: Some("gpt-5.1-codex".into()),
        reasoning: Some("high".into()),
        profile: Some("m4".into()),
        context: vec![
            ContextFile {
                path: "docs/grammar.md".into(),
                max_bytes: Some(8192),
                required: true,
            },
            ContextFile {
                path: "notes.md".into(),
                max_bytes: None,
                required: false,
            },
        ],
        depends_on: vec![
            Dependency::Number(3),
            Dependency::Number(4),
            Dependency::Number(5),
            Dependency::Id(id("tkt_parser")),
            Dependency::Number(6),
            // Not octal, whatever YAML 1.1 says: people copy numbers from file names.
            Dependency::Number(10),
        ],
        priority: -2,
        labels: vec!["parser".into(), "7".into()],
        validate: Some(vec![
            Check {
                name: "cargo test -p parser".into(),
                run: "cargo test -p parser".into(),
                timeout: None,
            },
            Check {
                name: "clippy".into(),
                run: "cargo clippy && true".into(),
                timeout: Some(Duration::from_secs(5400)),
            },
        ]),
        acceptance: vec!["It streams".into()],
        gate: GateRule::Review,
        paths: PathRules {
            allow: vec!["src/**".into()],
            deny: vec!["src/main.rs".into()],
        },
        limits: TicketLimits {
            turns: Some(5),
            attempts: Some(2),
            wall: Some(Duration::from_secs(2 * 24 * 3600)),
            idle: Some(Duration::from_secs(90)),
            tokens: Some(200_000),
            cost_usd: Some(2.5),
            changed_files: Some(12),
            new_tickets: None,
        },
        approvals: Some(Approvals::Deny),
        rules: Rules::default(),
        not_before: Some(Timestamp(1_795_294_800_000)),
        every: Some(Duration::from_secs(600)),
        policy: None,
        body: "\n# Body\n".into(),
    };
    assert_eq!(ticket, expected);
    let json = serde_json::to_string(&ticket).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Ticket>(&json).expect("a ticket"),
        expected
    );
}

#[test]
fn absent_and_empty_validations_are_different() {
    assert_eq!(sound(&with("")).validate, None);
    assert_eq!(sound(&with("validate:")).validate, None);
    assert_eq!(sound(&with("validate: []")).validate, Some(Vec::new()));
    let one = sound(&with("validate: make test")).validate.expect("one");
    assert_eq!(one[0].run, "make test");
}

#[test]
fn the_title_falls_back_to_a_heading_and_then_to_the_file_name() {
    assert_eq!(read(&with("title: T")).title, "T");
    let text = |body: &str| format!("{}{body}", with(""));
    assert_eq!(
        read(&text("\ntext\n\n## The `body` *streams*\n# Later\n")).title,
        "The body streams"
    );
    assert_eq!(
        read(&text("```\n# no heading\n```\n")).title,
        "stream the body"
    );
    assert_eq!(read("").title, "stream the body");
    let bare = parse(Path::new("tickets/TICKET-007.md"), b"");
    assert_eq!(bare.title, "TICKET-007");
}

#[test]
fn files_without_readable_front_matter_say_what_to_write() {
    let empty = "- T005 the file is empty: write `---`, `agent: …`, `done: false`, `---`, and then what is to be done";
    check("", &[empty]);
    check("\u{feff} \r\n", &[empty]);
    check(
        "# Title\n",
        &[
            "1:1 T006 there is no front matter: begin the file with `---`, `agent: …`, `done: false`, `---`",
        ],
    );
    check(
        "---\nagent: codex\n",
        &[
            "1:1 T007 the front matter that begins here isn't closed: write `---` on a line of its own after the last key",
        ],
    );
    check(
        "---\ntitle: Parser: keys\n---\n",
        &[
            "2:14 T008 this is not valid YAML: mapping values are not allowed in this context; a value that contains `: ` needs quotes",
        ],
    );
    check(
        "---\ntitle: [a\n---\n",
        &["2:8 T008 this is not valid YAML: unclosed bracket '['"],
    );
    check(
        "---\n- agent\n---\n",
        &["2:1 T009 `key: value` lines belong between the two `---`, not a list"],
    );
    check(
        "---\n# nothing\n---\n",
        &["3:1 T009 `key: value` lines belong between the two `---`, not nothing"],
    );
    check(
        "---\ndone: true\nagent: a\ndone: false\n---\n",
        &["4:1 T010 `done` is written twice: keep one of the lines"],
    );
    let entry = parse(Path::new(PATH), b"---\nagent: \xffcodex\n---\n");
    assert_eq!(
        problems(&entry),
        ["2:8 T004 byte 0xff is not UTF-8: save the file as UTF-8"]
    );
    let entry = parse(Path::new(PATH), &vec![b'a'; MAX_BYTES + 1]);
    assert_eq!(entry.problems[0].code, ProblemCode::TooLarge);
    let entry = parse(Path::new("tickets/notes.md"), with("").as_bytes());
    assert_eq!(entry.problems[0].code, ProblemCode::NotATicketName);
    assert!(!entry.is_runnable_file());
}

#[test]
fn wrong_values_are_found_all_at_once_and_with_their_place() {
    let text = "---\nticket_id: short\ndone: \"true\"\ntitle: [FILL_ME]\nprofile: ''\npriority: high\nlabels: {a: b}\ngate: maybe\napprovals: yes\nnot_before: tomorrow\nevery: 5\ndepends_on: [1, {a: b}, 'x y']\nlimits: {turns: 0, wal: 5m, cost_usd: -1}\n---\n";
    check(
        text,
        &[
            "1:1 T020 `agent` is missing: write who works on it, such as `agent: codex`, `agent: shell` or `agent: user`",
            "2:12 T024 `ticket_id` takes 6 to 128 of the characters A-Z a-z 0-9 . _ -, not `short`",
            "3:7 T022 `done` takes true or false, without quotes, not the text `\"true\"`",
            "4:8 T026 `title` takes a text, so a list is ignored: put it in quotes",
            "5:10 T025 `profile` takes a text, not the text `\"\"`",
            "6:11 T025 `priority` takes a whole number (higher runs earlier), not `high`",
            "7:9 T025 `labels` takes a list of texts, not a mapping: put it in quotes",
            "8:7 T030 `gate` takes one of `none`, `review`, not `maybe`",
            "9:12 T030 `approvals` takes one of `ask`, `auto`, `deny`, not `yes`",
            "10:13 T029 `not_before` takes a time with its offset from UTC, such as 2026-11-21T22:00:00+01:00, not `tomorrow`",
            "11:8 T028 `every` takes a duration over zero, such as 90s, 10m or 1h30m, not `5`",
            "12:17 T032 `depends_on` takes numbers or ids of tickets, such as `[3, tkt_parser]`, not a mapping",
            "12:25 T032 `depends_on` takes numbers or ids of tickets, such as `[3, tkt_parser]`, not the text `\"x y\"`",
            "13:17 T027 `limits.turns` takes a whole number over zero, not `0`",
            "13:20 T035 `limits` has no part `wal`: did you mean `wall`?",
            "13:39 T027 `limits.cost_usd` takes an amount over zero, such as 2.50, not `-1`",
        ],
    );
}

#[test]
fn approvals_are_a_policy_or_a_policy_with_rules() {
    let read = |front: &str| {
        let entry = parse(Path::new(PATH), with(front).as_bytes());
        assert!(entry.problems.is_empty(), "{front}: {:?}", entry.problems);
        let ticket = entry.ticket.expect("a ticket");
        let texts = |rules: &[Rule]| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
        (
            ticket.approvals,
            texts(&ticket.rules.allow),
            texts(&ticket.rules.deny),
        )
    };
    assert_eq!(
        read("approvals: auto"),
        (Some(Approvals::Auto), vec![], vec![])
    );
    assert_eq!(
        read(
            "approvals:\n  policy: ask\n  allow:\n    - cargo *\n    - edit:src/**\n    - tool:WebFetch\n  deny: git push *"
        ),
        (
            Some(Approvals::Ask),
            ["cargo *", "edit:src/**", "tool:WebFetch"]
                .map(str::to_owned)
                .to_vec(),
            vec!["git push *".to_owned()]
        )
    );
    assert_eq!(
        read("approvals: {allow: [cargo *]}"),
        (None, vec!["cargo *".to_owned()], vec![])
    );
    check(
        &with(
            "approvals: {policy: yes, alow: [], allow: ['a; b', [x], ''], deny: ['Bash(x)', 'a; b']}",
        ),
        &[
            "5:21 T030 `approvals.policy` takes one of `ask`, `auto`, `deny`, not `yes`",
            "5:26 T035 `approvals` has no part `alow`: did you mean `allow`?",
            "5:44 T036 `approvals.allow`: an allow rule is held against one simple command, so `a; b` never matches: write one rule for each command, without `;`, `&&`, `|`, `$`, quotes left open or redirections",
            "5:52 T025 `approvals.allow` takes a list of rules such as `[\"cargo *\", \"edit:src/**\"]`, not a list: put it in quotes",
            "5:57 T036 `approvals.allow`: a rule can't be empty: write a command such as `cargo *`, `edit:src/**` or `tool:WebFetch`",
            "5:69 T036 `approvals.deny`: `Bash(x)` is written for another program: write the command alone (`git push *`), `edit:` and a path, or `tool:` and a name",
        ],
    );
    check(
        &with("approvals: [ask]"),
        &["5:12 T030 `approvals` takes one of `ask`, `auto`, `deny`, not a list"],
    );
}

#[test]
fn a_tickets_rules_add_to_the_configurations() {
    let (mut config, _) = merge(&[]).expect("defaults");
    config.rules.allow = vec!["make".parse().expect("a rule")];
    config.rules.deny = vec!["git push *".parse().expect("a rule")];
    let entry = parse(
        Path::new(PATH),
        with("approvals: {allow: [cargo *, make], deny: [rm *]}").as_bytes(),
    );
    let rules = config
        .settings()
        .rules_for(&entry.ticket.expect("a ticket"));
    let json = serde_json::to_value(&rules).expect("JSON");
    assert_eq!(
        json,
        serde_json::json!({"allow": ["make", "cargo *"], "deny": ["git push *", "rm *"]})
    );
}

#[test]
fn validations_and_paths_are_checked() {
    check(
        &with("validate: [a, a, {name: x}, {run: '', timeout: soon}, [b], {run: c, tiemout: 5s}]"),
        &[
            "5:15 T033 two validations are called `a`: give one another `name`",
            "5:18 T033 `validate` takes commands as text or as `{name, run, timeout}` with at least `run`, not a mapping",
            "5:35 T033 `validate` takes commands as text or as `{name, run, timeout}` with at least `run`, not the text `\"\"`",
            "5:55 T033 `validate` takes commands as text or as `{name, run, timeout}` with at least `run`, not a list",
            "5:69 T035 `validate` has no part `tiemout`: did you mean `timeout`?",
        ],
    );
    check(
        &with("paths: {allow: [/etc, 'a/../b'], deny: ['C:\\x', ok/**], all: []}"),
        &[
            "5:17 T031 `paths.allow` takes paths relative to the repository, not `/etc`",
            "5:23 T031 `paths.allow` takes no `..` in paths, not the text `\"a/../b\"`",
            "5:41 T031 `paths.deny` takes paths relative to the repository, not the text `\"C:\\x\"`",
            "5:57 T035 `paths` has no part `all`: it has allow, deny",
        ],
    );
    check(
        &with(
            "context:\n  - path: ../secret\n  - {max_bytes: 5}\n  - path: ok\n    max_bytes: 0\n    required: 'yes'\n  - a\\b",
        ),
        &[
            "6:11 T031 `context` takes no `..` in paths, not `../secret`",
            "7:5 T025 `context` takes a list of `{path, max_bytes, required}` with at least `path`, not a mapping",
            "9:16 T027 `context.max_bytes` takes a whole number over zero, not `0`",
            "10:15 T025 `context.required` takes true or false, not the text `\"yes\"`",
            "11:5 T031 `context` takes `/` between the parts of a path, not `a\\b`",
        ],
    );
}

#[test]
fn misspelt_keys_are_warned_of_and_other_unknown_keys_are_not() {
    check(
        &with("Depends-on: []\nlabel: x\npr_url: y\ntemplate: z\napp_x: 1"),
        &[
            "5:1 T034 `Depends-on` is no key of docket's: did you mean `depends_on`?",
            "6:1 T034 `label` is no key of docket's: did you mean `labels`?",
        ],
    );
    assert!(read(&with("label: x")).is_runnable_file());
}

#[test]
fn done_is_a_boolean_as_codex_autorunner_reads_it() {
    let done = |value: &str| {
        let entry = read(&format!("---\nagent: codex\ndone: {value}\n---\n"));
        entry.ticket.map(|ticket| ticket.done)
    };
    for value in ["true", "True", "TRUE", "yes", "on"] {
        assert_eq!(done(value), Some(true), "{value}");
    }
    for value in ["false", "no", "Off"] {
        assert_eq!(done(value), Some(false), "{value}");
    }
    for value in ["'true'", "\"yes\"", "1", "maybe", "[]", "~", "y"] {
        assert_eq!(done(value), None, "{value}");
    }
}

#[test]
fn tickets_of_codex_autorunner_are_read_unchanged() {
    let seeded = "---\nagent: codex\ndone: false\nticket_id: \"tkt_0123456789abcdef0123456789abcdef\"\ntitle: Bootstrap ticket plan\ngoal: Capture scope and seed follow-up tickets\n---\n\nYou are the first ticket in a new ticket_flow run.\n";
    let ticket = sound(seeded);
    assert_eq!(ticket.agent.as_str(), "codex");
    let user = "---  \r\nagent: user\r\ndone: false\r\ntitle: \"Open PR: [FILL_ME]\"\r\ntemplate: blessed:prs/open_pr_user.md\r\ntemplate_trusted: true\r\nmodel: 5\r\n...\r\n\r\n- [ ] PR is opened\r\n";
    let ticket = sound(user);
    assert!(ticket.agent.is_user());
    assert_eq!(ticket.title.as_deref(), Some("Open PR: [FILL_ME]"));
    assert!(ticket.id_is_derived);
    // sha256 of ".codex-autorunner/tickets/TICKET-001.md", by `printf … | sha256sum`.
    let expected = "tkt_auto_9c8f82fd9f33792ab45735599281f846";
    for path in [
        ".codex-autorunner/tickets/TICKET-001.md",
        "sub/.codex-autorunner/tickets/TICKET-001.md",
    ] {
        assert_eq!(derived_id(Path::new(path)).as_str(), expected);
    }
}

#[test]
fn entries_know_the_revision_and_an_id_whatever_is_wrong() {
    let entry = read("broken");
    assert_eq!(entry.revision, sha256(b"broken"));
    assert_eq!(entry.id, derived_id(Path::new(PATH)));
    let entry = read("---\nticket_id: tkt_kept\nagent: codex\ndone: what\n---\n");
    assert_eq!(entry.id.as_str(), "tkt_kept");
    assert_eq!(entry.ticket, None);
}

// --- folders ---

struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let root = Self(TempDir::new().expect("a folder"));
        fs::create_dir(root.folder()).expect("a folder");
        root
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn folder(&self) -> PathBuf {
        self.root().join("tickets")
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn scan(&self) -> load::Scan {
        load::scan(self.root(), Path::new("tickets"))
    }
}

#[test]
fn nothing_with_a_tickets_name_is_hidden() {
    let repository = Repository::new();
    let folder = repository.folder();
    repository.write("TICKET-001.md", with(""));
    repository.write("ticket-0002 x.MD", with("ticket_id: tkt_twice"));
    repository.write("TICKET-003.md", b"\xff\xfe");
    repository.write("TICKET-004.md", "");
    repository.write("TICKET-005.md", vec![b' '; MAX_BYTES + 1]);
    fs::create_dir(folder.join("TICKET-006.md")).expect("a folder");
    symlink("nowhere", folder.join("TICKET-007.md")).expect("a link");
    symlink("TICKET-008.md", folder.join("TICKET-008.md")).expect("a link");
    symlink(folder.join("TICKET-001.md"), folder.join("TICKET-009.md")).expect("a link");
    let pipe = folder.join("TICKET-010.md");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .expect("a pipe");
    repository.write("TICKET-11.md", "");
    repository.write("AGENTS.md", "");
    repository.write("ingest_state.json", "");
    fs::create_dir(folder.join("templates")).expect("a folder");
    let scan = repository.scan();
    let found: Vec<_> = scan
        .entries
        .iter()
        .map(|entry| {
            let code = entry.problems.first().map(|problem| problem.code.code());
            (entry.name.as_str(), code.unwrap_or("sound"))
        })
        .collect();
    assert_eq!(
        found,
        [
            ("TICKET-001", "sound"),
            ("TICKET-003", "T004"),
            ("TICKET-004", "T005"),
            ("TICKET-005", "T003"),
            ("TICKET-006", "T002"),
            ("TICKET-007", "T001"),
            ("TICKET-008", "T001"),
            ("TICKET-009", "sound"),
            ("TICKET-010", "T002"),
            ("TICKET-0002", "T010"),
        ]
    );
    let stray: Vec<_> = scan
        .problems
        .iter()
        .map(|one| one.path.display().to_string())
        .collect();
    assert_eq!(stray, ["tickets/TICKET-11.md"]);
}

#[test]
fn a_missing_folder_is_a_problem_and_not_a_failure() {
    let root = TempDir::new().expect("a folder");
    let scan = load::scan(root.path(), Path::new("tickets"));
    assert_eq!(scan.entries, []);
    assert_eq!(
        scan.problems[0].to_string(),
        "tickets: error T057: there is no such folder: `docket init` makes it"
    );
}

#[test]
fn only_what_changed_is_read_again() {
    let repository = Repository::new();
    repository.write("TICKET-001.md", with(""));
    let second = repository.write("TICKET-002.md", with(""));
    let mut loader = Loader::new(repository.root(), Path::new("tickets"));
    let first = loader.scan();
    fs::write(&second, with("title: New")).expect("a write");
    let again = loader.scan();
    assert!(Arc::ptr_eq(&first.entries[0], &again.entries[0]));
    assert_eq!(again.entries[1].title, "New");
    // Saved without a change: another file, the same entry.
    let copy = repository.write("copy", with("title: New"));
    fs::rename(copy, &second).expect("a rename");
    assert!(Arc::ptr_eq(&again.entries[1], &loader.scan().entries[1]));
    fs::remove_file(&second).expect("a removal");
    assert_eq!(loader.scan().entries.len(), 1);
}

#[test]
fn ten_thousand_files_are_all_read() {
    let repository = Repository::new();
    for number in 1..=10_000 {
        repository.write(&format!("TICKET-{number:05}.md"), with(""));
    }
    let scan = repository.scan();
    assert_eq!(scan.entries.len(), 10_000);
    assert!(scan.entries.is_sorted_by_key(|entry| entry.name.number()));
    assert!(scan.entries.iter().all(|entry| entry.is_runnable_file()));
}

#[test]
fn the_folder_is_found() {
    let root = TempDir::new().expect("a folder");
    let root = root.path();
    assert_eq!(locate::folder(root, None), root.join("tickets"));
    fs::create_dir_all(root.join(".codex-autorunner/tickets")).expect("a folder");
    assert_eq!(
        locate::folder(root, None),
        root.join(".codex-autorunner/tickets")
    );
    fs::create_dir(root.join("tickets")).expect("a folder");
    assert_eq!(locate::folder(root, None), root.join("tickets"));
    assert_eq!(
        locate::folder(root, Some(Path::new("plan"))),
        root.join("plan")
    );
}

// --- writing ---

#[test]
fn a_file_is_replaced_only_if_it_is_what_was_read() {
    let repository = Repository::new();
    let path = repository.write("TICKET-001.md", with("# a comment"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let before = sha256(with("# a comment").as_bytes());
    let after = write::update(&path, before, "done", &NewValue::Bool(true)).expect("a write");
    let text = fs::read_to_string(&path).expect("a file");
    assert_eq!(
        text,
        with("# a comment").replace("done: false", "done: true")
    );
    assert_eq!(sha256(text.as_bytes()), after);
    let mode = fs::metadata(&path).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let stale = write::update(&path, before, "done", &NewValue::Bool(false));
    assert!(matches!(stale, Err(WriteError::Changed { found, .. }) if found == after));
    let stale = write::replace(&path, before, b"x");
    assert!(matches!(stale, Err(WriteError::Changed { .. })));
    assert_eq!(fs::read_to_string(&path).expect("a file"), text);
    let left: Vec<_> = fs::read_dir(repository.folder())
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "no temporary file stays: {left:?}");
}

#[test]
fn a_link_is_followed_and_a_long_name_is_no_trouble() {
    let repository = Repository::new();
    let target = repository.root().join("elsewhere.md");
    fs::write(&target, with("")).expect("a file");
    let link = repository.folder().join("TICKET-001.md");
    symlink(&target, &link).expect("a link");
    let revision = sha256(with("").as_bytes());
    write::update(&link, revision, "done", &NewValue::Bool(true)).expect("a write");
    assert!(link.is_symlink());
    assert!(
        fs::read_to_string(&target)
            .expect("a file")
            .contains("done: true")
    );
    let long = repository.write(&format!("TICKET-002{}.md", "x".repeat(240)), with(""));
    write::update(&long, revision, "done", &NewValue::Bool(true)).expect("a write");
}

#[cfg(target_os = "linux")]
#[test]
fn a_refusal_of_the_system_is_told_and_leaves_the_file_whole() {
    // A file that even root can't write beside.
    let path = Path::new("/proc/version");
    let before = fs::read(path).expect("a file");
    let error = write::replace(path, sha256(&before), b"x").expect_err("a refusal");
    assert!(
        error.to_string().starts_with("can't write /proc/version: "),
        "{error}"
    );
    assert_eq!(fs::read(path).expect("a file"), before);
}

#[test]
fn a_new_file_never_takes_the_place_of_another() {
    let repository = Repository::new();
    let path = repository.write("TICKET-001.md", "old");
    let error = write::create(&path, b"new").expect_err("it exists");
    assert!(matches!(error, WriteError::Exists { .. }));
    assert_eq!(fs::read(&path).expect("a file"), b"old");
}

// --- lint ---

#[test]
fn lint_gives_the_problems_of_the_queue_a_line() {
    let repository = Repository::new();
    let ticket = |id: &str, rest: &str| {
        format!("---\nticket_id: {id}\nagent: codex\ndone: false\n{rest}\n---\n")
    };
    repository.write(
        "TICKET-001.md",
        ticket("tkt_000001", "depends_on: [4, 9, nowhere]"),
    );
    repository.write("TICKET-002.md", ticket("tkt_000002", "depends_on:\n  - 3"));
    repository.write("TICKET-003.md", ticket("tkt_000003", ""));
    repository.write("TICKET-004.md", ticket("tkt_000003", "depends_on: 1"));
    repository.write(
        "TICKET-005.md",
        ticket("tkt_000005", "").replace("codex", "claud"),
    );
    let agents: KnownNames = ["codex", "user"]
        .map(|name| name.parse().expect("a name"))
        .into_iter()
        .collect();
    let report = lint::lint(repository.root(), &repository.scan(), Some(&agents));
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    let expected = [
        "tickets/TICKET-001.md:5:13: error T052: these depend on each other, so none can start: TICKET-001 → TICKET-004 → TICKET-001; remove one of the dependencies",
        "tickets/TICKET-001.md:5:17: error T053: no ticket has the number 9: remove the dependency or add the ticket",
        "tickets/TICKET-001.md:5:20: error T053: no ticket has the id `nowhere`: remove the dependency or add the ticket",
        "tickets/TICKET-002.md:6:3: warning T054: it runs after TICKET-003, which has a higher number: renumber one of them",
        "tickets/TICKET-003.md:2:12: error T051: `ticket_id: tkt_000003` is also that of `tickets/TICKET-004.md`: delete the line in the copy and run `docket lint --fix`",
        "tickets/TICKET-004.md:2:12: error T051: `ticket_id: tkt_000003` is also that of `tickets/TICKET-003.md`: delete the line in the copy and run `docket lint --fix`",
        "tickets/TICKET-004.md:5:13: error T052: these depend on each other, so none can start: TICKET-001 → TICKET-004 → TICKET-001; remove one of the dependencies",
        "tickets/TICKET-005.md:3:8: error T055: `claud` is no configured agent: write one of `codex`, `user`, or configure it in docket.toml",
    ];
    assert_eq!(found, expected);
    assert!(report.has_errors());
}

#[test]
fn fix_writes_what_needs_no_decision_and_nothing_else() {
    let repository = Repository::new();
    let first = repository.write(
        "TICKET-001.md",
        "---\r\nagent: codex # me\r\ndone: \"yes\"\r\n---\r\nbody",
    );
    let second = repository.write("TICKET-002.md", "---\nagent: codex\n---\n");
    let broken = repository.write("TICKET-003.md", "---\nagent: [\n---\n");
    let (repairs, report) = lint::fix_and_lint(repository.root(), Path::new("tickets"), None);
    assert!(
        repairs.iter().all(|repair| repair.result.is_ok()),
        "{repairs:?}"
    );
    assert_eq!(repairs.len(), 4);
    let id = |name: &str| derived_id(&Path::new("tickets").join(name));
    assert_eq!(
        fs::read_to_string(first).expect("a file"),
        format!(
            "---\r\nagent: codex # me\r\ndone: true\r\nticket_id: {}\r\n---\r\nbody",
            id("TICKET-001.md")
        )
    );
    assert_eq!(
        fs::read_to_string(second).expect("a file"),
        format!(
            "---\nagent: codex\nticket_id: {}\ndone: false\n---\n",
            id("TICKET-002.md")
        )
    );
    assert_eq!(
        fs::read_to_string(broken).expect("a file"),
        "---\nagent: [\n---\n"
    );
    let codes: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.problem.code.code())
        .collect();
    assert_eq!(codes, ["T008"]);
}

// --- templates ---

#[test]
fn templates_are_sound_tickets_and_new_ones_get_the_next_number() {
    let repository = Repository::new();
    for template in TEMPLATES {
        let ticket = sound(template.content);
        assert!(!ticket.done, "{}", template.name);
    }
    let new = |title: &str, name: &str, agent: Option<&AgentName>| {
        let template = Template::named(name).expect(name);
        let new = NewTicket {
            title,
            template,
            agent,
        };
        let path = template::create(&repository.folder(), &new).expect("a ticket");
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    assert_eq!(
        new("Parse: the header!", "default", None),
        "TICKET-010-parse-the-header.md"
    );
    let agent = "claude".parse().expect("a name");
    assert_eq!(
        new("No. 2: \"quoted\" # not a comment", "bug", Some(&agent)),
        "TICKET-020-no-2-quoted-not-a-comment.md"
    );
    repository.write("TICKET-0034.md", "");
    assert_eq!(new("票", "shell", None), "TICKET-0040.md");
    let scan = repository.scan();
    let titles: Vec<_> = scan
        .entries
        .iter()
        .map(|entry| entry.title.as_str())
        .collect();
    let by_file_name = [
        "TICKET-0034",
        "票",
        "Parse: the header!",
        "No. 2: \"quoted\" # not a comment",
    ];
    assert_eq!(titles, by_file_name);
    let second = scan.entries[3].ticket.as_ref().expect("a ticket");
    assert_eq!(second.agent, agent);
    assert_ne!(scan.entries[2].id, scan.entries[3].id);
}

#[test]
fn tickets_made_at_the_same_time_get_different_numbers() {
    let repository = Repository::new();
    let folder = repository.folder();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let template = TEMPLATES[0];
                let new = NewTicket {
                    title: "Same",
                    template,
                    agent: None,
                };
                template::create(&folder, &new).expect("a ticket")
            });
        }
    });
    let scan = repository.scan();
    let queue = docket::domain::queue::Queue::new(scan.entries.iter().cloned());
    assert_eq!(scan.entries.len(), 8);
    assert!(
        queue.problems(None).is_empty(),
        "{:?}",
        queue.problems(None)
    );
}

// --- documentation ---

#[test]
fn the_guide_lists_every_key_and_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/TICKETS.md");
    let guide = fs::read_to_string(path).expect("docs/TICKETS.md");
    let rows = ProblemCode::ALL.iter().map(|code| {
        let (title, explanation) = (code.title(), code.explanation().replace('|', "\\|"));
        format!(
            "| {code} | {} | {title} | {explanation} |\n",
            code.severity()
        )
    });
    let table: String =
        ["| code | is | what | why, and what to do |\n|---|---|---|---|\n".to_owned()]
            .into_iter()
            .chain(rows)
            .collect();
    assert!(
        guide.contains(&table),
        "put this table into docs/TICKETS.md:\n{table}"
    );
    for key in KEYS {
        assert!(
            guide.contains(&format!("| `{key}` |")),
            "docs/TICKETS.md has no row for `{key}`"
        );
    }
}

// --- properties ---

/// Lines that front matter is made of, sound and hostile.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("done: false".to_owned()),
        Just("done: \"false\"   # why".to_owned()),
        Just("ticket_id: tkt_000001".to_owned()),
        Just("title: 'it''s'".to_owned()),
        Just("labels: [a, \"b\"] # x".to_owned()),
        Just("list:\n  - a\n  - {b: c}".to_owned()),
        Just("block: |\n  done: false\n\n  x".to_owned()),
        Just("folded: >-\n   a\n   b".to_owned()),
        Just("anchor: &a done".to_owned()),
        Just("alias: *a".to_owned()),
        Just("# done: true".to_owned()),
        Just(String::new()),
        Just("? complex\n: value".to_owned()),
        Just("tagged: !!str 5".to_owned()),
        "[a-z]{1,6}: [ -~é]{0,12}",
        "[ -~\t]{0,12}",
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    (prop::collection::vec(line, 0..8), end, any::<bool>()).prop_map(|(lines, end, mark)| {
        let text = lines
            .iter()
            .fold("---\n".to_owned(), |text, line| text + line + "\n");
        let text = format!("{text}---\nbody: done: false\n---\nno final newline");
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{}", text.replace('\n', end))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_make_an_entry(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let entry = parse(Path::new(PATH), &bytes);
        prop_assert_eq!(entry.ticket.is_none(), !entry.is_runnable_file());
        let framed = [b"---\n".as_slice(), &bytes, b"\n---\n"].concat();
        let entry = parse(Path::new(PATH), &framed);
        prop_assert_eq!(entry.ticket.is_none(), !entry.is_runnable_file());
    }

    #[test]
    fn any_front_matter_makes_an_entry(text in lines()) {
        let entry = read(&text);
        prop_assert!(entry.ticket.is_some() || entry.problems.iter().any(Problem::is_error));
        for problem in &entry.problems {
            let lines = u32::try_from(text.lines().count()).expect("few lines");
            prop_assert!(problem.place.is_none_or(|place| place.line <= lines + 1), "{problem:?}");
        }
    }

    #[test]
    fn setting_a_value_changes_nothing_else(text in lines(), value in "[ -~é\n]{0,10}") {
        for (key, new) in [
            ("done", NewValue::Bool(true)),
            ("ticket_id", NewValue::Text("tkt_new".into())),
            ("title", NewValue::Text(value)),
        ] {
            let Ok(bytes) = set_value(text.as_bytes(), key, &new) else {
                continue;
            };
            let after = String::from_utf8(bytes).expect("UTF-8");
            // The bytes before and after one place are the same, and that place is on one line.
            let common = text.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
            let rest = text.len().min(after.len()) - common;
            let tail = text.bytes().rev().zip(after.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
            let (old, new_part) = (&text.as_bytes()[common..text.len() - tail], &after.as_bytes()[common..after.len() - tail]);
            prop_assert!(!old.contains(&b'\n'), "{text:?} → {after:?}");
            prop_assert!(new_part.split(|byte| *byte == b'\n').count() <= 2);
            prop_assert!(after.ends_with("no final newline"));
            // Writing it again changes nothing.
            prop_assert_eq!(set_value(after.as_bytes(), key, &new), Ok(after.clone().into_bytes()));
            // The old value can be put back, byte by byte, if it was a plain boolean.
            if key == "done" && text != after && text.contains("done: false") && old == b"fals" {
                let back = set_value(after.as_bytes(), key, &NewValue::Bool(false)).expect("the way back");
                prop_assert_eq!(String::from_utf8(back).expect("UTF-8"), text.clone());
            }
        }
    }
}
