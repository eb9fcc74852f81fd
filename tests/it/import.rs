//! `docket import`: what other runners read becomes tickets, all or none, never twice.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::repository::{content_of, write};
use crate::support::sandbox::Sandbox;

const PLAN: &str = "---\ncurrent_phase: \"02\"\nproject: todo\n---\n\n# Todo\n\nShared words.\n\n# Phase 01: Skeleton\n\nDone there.\n\n\
    # Phase 02: Store\n\n**Scope.** A store.\n\n```sh\n# Phase 99: not one\n```\n\n**Acceptance.**\n- `cargo test` passes\n  with care\n- It **saves**\n\n\
    # Phase 03: Wire\n\n- [ ] wired\n- [x] planned\n";

fn titles(document: &Value, list: &str) -> Vec<String> {
    let rows = document[list].as_array().expect("a list");
    let title = |row: &Value| row["title"].as_str().expect("a title").to_owned();
    rows.iter().map(title).collect()
}

fn ticket(sandbox: &Sandbox, part: &str) -> String {
    let entries = fs::read_dir(sandbox.path("tickets")).expect("the queue");
    let mut found = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains(part));
    let path = found.next().expect(part).path();
    fs::read_to_string(path).expect("a ticket")
}

fn left_out(document: &Value) -> String {
    document["left_out"].to_string()
}

#[test]
fn a_pitboss_plan_becomes_tickets_in_order() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    write(&sandbox.path("plan.md"), PLAN);
    let said = sandbox
        .docket(["import", "plan.md", "--agent", "shell", "--json"])
        .exits(0)
        .json();
    assert_eq!(said["from"], "pitboss");
    assert_eq!(titles(&said, "tickets"), ["02: Store", "03: Wire"]);
    assert_eq!(said["tickets"][0]["name"], "TICKET-020");
    assert!(left_out(&said).contains("01: Skeleton") && left_out(&said).contains("project"));
    let store = ticket(&sandbox, "020");
    assert!(
        store.contains("acceptance:\n  - \"`cargo test` passes with care\"\n  - It saves\n"),
        "{store}"
    );
    assert!(
        !store.contains("depends_on") && store.contains("imported_from: \"plan.md#phase-02@"),
        "{store}"
    );
    let wire = ticket(&sandbox, "030");
    assert!(
        wire.contains("depends_on: [TICKET-020]\nacceptance:\n  - wired\n"),
        "{wire}"
    );
    let shared = fs::read_to_string(sandbox.path(".docket/context/plan-preamble.md"));
    assert_eq!(shared.expect("a note"), "# Todo\n\nShared words.\n");
    sandbox
        .docket(["lint"])
        .exits(0)
        .says("0 errors, 0 warnings");
    assert!(!sandbox.git(["status", "--porcelain"]).contains(".docket"));
    // Again: nothing new, also when the plan goes on, and what changed there is told.
    let before = content_of(sandbox.repository().root(), &[]);
    let again = sandbox
        .docket(["import", "plan.md", "--agent", "shell", "--json"])
        .exits(0)
        .json();
    assert_eq!(
        (
            titles(&again, "tickets").len(),
            titles(&again, "already").len()
        ),
        (0, 2)
    );
    assert_eq!(before, content_of(sandbox.repository().root(), &[]));
    write(
        &sandbox.path("plan.md"),
        PLAN.replace("A store.", "Two stores.") + "\n# Phase 04: Polish\n",
    );
    let more = sandbox
        .docket(["import", "plan.md", "--agent", "shell", "--json"])
        .exits(0)
        .json();
    assert_eq!(titles(&more, "tickets"), ["04: Polish"]);
    assert_eq!(more["already"][0]["source_changed"], true);
    assert!(ticket(&sandbox, "040").contains("depends_on: [TICKET-030]"));
    assert!(ticket(&sandbox, "020").contains("A store."));
}

#[test]
fn a_plan_that_is_wrong_is_refused_with_its_line() {
    let sandbox = Sandbox::new();
    for (plan, words) in [
        (
            "---\ncurrent_phase: \"01\"\n---\n# Phase one\n",
            "plan.md:4: `# Phase one` is no phase",
        ),
        (
            "# Phase 01: a\n\n# Phase 01: b\n",
            "plan.md:3: there are two phases 01",
        ),
        (
            "---\ncurrent_phase: \"07\"\n---\n# Phase 01: a\n",
            "`current_phase` is 07",
        ),
    ] {
        write(&sandbox.path("plan.md"), plan);
        sandbox
            .docket(["import", "plan.md", "--agent", "shell"])
            .exits(2)
            .says(words);
    }
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("the queue")
            .count(),
        0
    );
}

#[test]
fn a_checklist_becomes_independent_tickets() {
    let sandbox = Sandbox::new();
    let list = "# Later\n\n- [ ] Write the **parser**\n  with care\n\n  Why: it is slow.\n  - [ ] sub one\n  - [x] sub two\n- [x] old\n- [~] half\n- [ ] same\n- [ ] same\n- plain\n";
    write(&sandbox.path("TODO.md"), list);
    let said = sandbox
        .docket(["import", "TODO.md", "--agent", "shell", "--json"])
        .exits(0)
        .json();
    assert_eq!(said["from"], "checklist");
    assert_eq!(
        titles(&said, "tickets"),
        ["Write the parser with care", "same", "same"]
    );
    // A mark that nobody can read is said, not guessed (and `plain` is no entry at all).
    let left_out = left_out(&said);
    assert!(
        left_out.contains("line 9: old") && left_out.contains("`[~]` is neither"),
        "{left_out}"
    );
    let parser = ticket(&sandbox, "010");
    assert!(
        parser.contains("acceptance:\n  - sub one\n") && parser.contains("Why: it is slow."),
        "{parser}"
    );
    // One more at the top moves all the others: they are still the same.
    write(&sandbox.path("TODO.md"), format!("- [ ] new\n{list}"));
    let more = sandbox
        .docket(["import", "TODO.md", "--agent", "shell", "--json"])
        .exits(0)
        .json();
    assert_eq!(titles(&more, "tickets"), ["new"]);
    assert_eq!(titles(&more, "already").len(), 3);
}

const SPEC: &str = "version: \"1.1\"\nproject_id: p1\nstep_id: \"bump-01\"\ntitle: Bump\ngoal: \"Set the version\"\ncontext:\n  summary: Users ask.\n\
    constraints:\n  - \"Keep: the name\"\nallowed_paths: [cmd/, main.go, 'docs/*.md']\nforbidden_paths: [./secret]\n\
    validations:\n  - name: build\n    command: \"go build ./... && echo \\\"ok\\\" | cat\"\nacceptance: [It prints]\n\
    stop_conditions: [Never push]\nadapter_profile: CODEX\ntimeout_seconds: 90\npolicy_bundle: safe\n";

#[test]
fn a_codencer_task_spec_keeps_all_that_docket_can_hold() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("task.yaml"), SPEC);
    let said = sandbox
        .docket(["import", "task.yaml", "--json"])
        .exits(0)
        .json();
    assert!(left_out(&said).contains("policy_bundle"));
    let shown = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    let ticket = &shown["entry"]["ticket"];
    assert_eq!(ticket["agent"], "codex");
    assert_eq!(ticket["goal"], "Set the version");
    assert_eq!(
        ticket["labels"],
        json!(["project:p1", "step:bump-01", "policy:safe"])
    );
    assert_eq!(
        ticket["paths"]["allow"],
        json!(["cmd/**", "main.go", "main.go/**", "docs/*.md"])
    );
    assert_eq!(ticket["paths"]["deny"], json!(["secret", "secret/**"]));
    assert_eq!(ticket["acceptance"], json!(["It prints"]));
    let text = self::ticket(&sandbox, "010");
    assert!(
        text.contains("{ name: build, run: \"go build ./... && echo \\\"ok\\\" | cat\" }"),
        "{text}"
    );
    assert!(text.contains("limits:\n  wall: 90s\n"), "{text}");
    for part in ["Users ask.", "- Keep: the name", "- Never push"] {
        assert!(text.contains(part), "{text}");
    }
    sandbox
        .docket(["lint"])
        .exits(0)
        .says("0 errors, 0 warnings");
    // The same as JSON, in a folder with others that aren't any.
    let folder = sandbox.path("specs");
    write(
        &folder.join("a.json"),
        r#"{"version":"v1","goal":"Say “\ud83d\ude00”","adapter_profile":"antigravity","is_simulation":true}"#,
    );
    write(&folder.join("package.json"), r#"{"name":"x"}"#);
    write(&folder.join("b.yml"), "- goal: one\n- goal: two\n");
    let said = sandbox
        .docket(["import", "specs", "--agent", "user", "--json"])
        .exits(0)
        .json();
    assert_eq!(titles(&said, "tickets"), ["Say “😀”", "one", "two"]);
    let left_out = left_out(&said);
    assert!(
        left_out.contains("antigravity") && left_out.contains("is_simulation"),
        "{left_out}"
    );
    assert!(self::ticket(&sandbox, "020").contains("adapter:antigravity"));
}

/// PEERS 9, cases 8 and 11: ids that are paths, words that mean nothing.
#[test]
fn a_task_spec_with_paths_or_words_that_lead_astray_is_refused() {
    let sandbox = Sandbox::new();
    for (spec, words) in [
        ("goal: g\nstep_id: ../x\n", "task.yaml:2: `step_id` takes"),
        ("goal: g\nrun_id: a/b\n", "`run_id` takes"),
        (
            "goal: g\nallowed_paths: [src, ../etc]\n",
            "`allowed_paths` has `../etc`",
        ),
        (
            "goal: g\nforbidden_paths: [/etc]\n",
            "`forbidden_paths` has `/etc`",
        ),
        ("goal: g\nvalidatons: []\n", "did you mean `validations`?"),
        (
            "goal: g\nvalidations: [{name: a, cmd: b}]\n",
            "a validation has `name` and `command`",
        ),
        (
            "goal: g\ntimeout_seconds: banana\n",
            "`timeout_seconds` takes a whole number",
        ),
        ("goal: g\ngoal: h\n", "`goal` is written twice"),
        ("goal: ''\n", "`goal` is missing"),
    ] {
        write(&sandbox.path("task.yaml"), spec);
        sandbox
            .docket(["import", "task.yaml", "--agent", "shell"])
            .exits(2)
            .says(words);
    }
    write(
        &sandbox.path("task.json"),
        "{\"goal\": \"g\",\n \"goal\": \"h\"}",
    );
    let refused = sandbox.docket([
        "import",
        "task.json",
        "--from",
        "codencer",
        "--agent",
        "shell",
    ]);
    refused.exits(2).says("task.json:2: this is not valid JSON");
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("the queue")
            .count(),
        0
    );
}

fn car(folder: &Path) {
    let state = folder.join(".codex-autorunner");
    write(
        &state.join("tickets/TICKET-001.md"),
        "---\nagent: codex # who\ndone: true\n---\r\n\nOne\n",
    );
    write(
        &state.join("tickets/TICKET-002-b.md"),
        "---\r\nticket_id: tkt_two_two\r\nagent: hermes-x  # who\r\ndone: no\r\nextra: {a: 1}\r\n---\r\nTwo",
    );
    write(&state.join("tickets/AGENTS.md"), "for agents\n");
    write(&state.join("contextspace/spec.md"), "the spec\n");
    write(&state.join("contextspace/active_context.md"), "");
    write(&state.join("workspace/spec.md"), "an old spec\n");
    std::os::unix::fs::symlink("/etc/hostname", state.join("contextspace/decisions.md"))
        .expect("a link");
    write(&state.join("runs/abc/USER_REPLY.md"), "use B\n");
    write(&state.join("runs/abc/reply/shot.txt"), "x");
    write(
        &state.join("runs/abc/dispatch_history/0001/DISPATCH.md"),
        "seen",
    );
    write(&state.join("config.yml"), "a: b\n");
}

/// PEERS 8, cases 8 and 9 are here too: what lint rejects isn't imported, and the words are lint's.
#[test]
fn a_codex_autorunner_repository_comes_over_to_the_byte() {
    let sandbox = Sandbox::new();
    let other = sandbox.home("car");
    car(&other);
    let other = other.to_str().expect("UTF-8");
    sandbox
        .docket(["import", other])
        .exits(2)
        .says("TICKET-002-b.md: error T055: `hermes-x` is no configured agent")
        .says("nothing was imported");
    assert!(!sandbox.path(".docket/context").exists());
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("the queue")
            .count(),
        0
    );
    let said = sandbox
        .docket(["import", other, "--agent", "claude", "--json"])
        .exits(0)
        .json();
    assert_eq!(
        said["notes"],
        json!(["spec.md", "codex-autorunner-replies.md"])
    );
    let two = fs::read(sandbox.path("tickets/TICKET-002-b.md")).expect("a ticket");
    let expected = b"---\r\nticket_id: tkt_two_two\r\nagent: claude  # who\r\ndone: no\r\nextra: {a: 1}\r\n---\r\nTwo";
    assert_eq!(
        String::from_utf8_lossy(&two),
        String::from_utf8_lossy(expected)
    );
    // The id is the one that its path stood for there.
    let one = sandbox.text_of(1);
    assert!(
        one.starts_with("---\nagent: codex # who\ndone: true\nticket_id: tkt_auto_"),
        "{one}"
    );
    assert!(one.ends_with("---\r\n\nOne\n"), "{one}");
    let note = |name: &str| {
        fs::read_to_string(sandbox.path(".docket/context").join(name)).expect("a note")
    };
    assert_eq!(note("spec.md"), "the spec\n");
    assert!(note("codex-autorunner-replies.md").contains("## Run abc\n\nuse B\n"));
    let left_out = left_out(&said);
    for part in [
        "AGENTS.md",
        "decisions.md",
        "a link",
        "workspace/spec.md",
        "reply",
        "dispatch_history",
        "config.yml",
    ] {
        assert!(left_out.contains(part), "{part}: {left_out}");
    }
    assert!(!sandbox.path(".docket/context/decisions.md").exists());
    let again = sandbox.docket(["import", other, "--json"]).exits(0).json();
    assert_eq!(
        (&again["tickets"], &again["notes"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(again["already"].as_array().map(Vec::len), Some(2));
    assert!(
        again["already"]
            .to_string()
            .find("source_changed")
            .is_none(),
        "{again}"
    );
    // A note that is another one by now stays.
    write(&sandbox.path(".docket/context/spec.md"), "mine\n");
    let again = sandbox.docket(["import", other, "--json"]).exits(0).json();
    assert!(self::left_out(&again).contains("the note spec.md"));
    assert_eq!(note("spec.md"), "mine\n");
    // Into a queue that has these numbers already they come with the next ones.
    fs::remove_file(sandbox.path("tickets/TICKET-002-b.md")).expect("gone");
    sandbox.shell(2, "", "true");
    let more = sandbox
        .docket(["import", other, "--agent", "claude", "--json"])
        .exits(0)
        .json();
    assert_eq!(more["tickets"][0]["path"], "tickets/TICKET-010-b.md");
}

#[test]
fn a_ticket_that_is_not_utf_8_is_refused_with_its_place() {
    let sandbox = Sandbox::new();
    let path = sandbox.home("car/.codex-autorunner/tickets/TICKET-001.md");
    write(&path, b"---\nagent: codex\ndone: false\n---\nab\xff\n");
    let said = sandbox
        .docket(["import", path.to_str().expect("UTF-8")])
        .exits(2);
    said.says("TICKET-001.md:5:3: error T004: byte 0xff is not UTF-8");
    write(&sandbox.path("plan.md"), b"# Phase 01: \xff\n");
    sandbox
        .docket(["import", "plan.md"])
        .exits(2)
        .says("plan.md:1:13: byte 0xff");
}

#[test]
fn what_could_be_several_things_is_asked() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("plan.md"), "# Phase 01: a\n\n- [ ] b\n");
    write(&sandbox.path("task.yaml"), "goal: g\n");
    let asked = sandbox
        .docket(["import", "plan.md", "--agent", "shell"])
        .exits(2);
    let asked = asked.says("--from pitboss").says("--from checklist");
    assert!(!asked.stderr.contains("codencer"), "{}", asked.stderr);
    let asked = sandbox.docket(["import", ".", "--agent", "shell"]).exits(2);
    asked.says("--from pitboss").says("--from codencer");
    let said = sandbox.docket([
        "import",
        "plan.md",
        "--agent",
        "shell",
        "--from",
        "checklist",
        "--json",
    ]);
    assert_eq!(titles(&said.exits(0).json(), "tickets"), ["b"]);
    write(&sandbox.path("notes.md"), "just words\n");
    sandbox
        .docket(["import", "notes.md"])
        .exits(2)
        .says("nothing that docket can import");
    sandbox
        .docket(["import", "nowhere"])
        .exits(2)
        .says("there is no");
}

#[test]
fn a_dry_run_writes_nothing_and_nobody_gets_a_plan_unasked() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("plan.md"), PLAN);
    let before = content_of(sandbox.repository().root(), &[]);
    // The built-in default agent would run the blocks of the plan as a script.
    sandbox
        .docket(["import", "plan.md"])
        .exits(2)
        .says("who is to work on it?");
    let said = sandbox.docket([
        "import",
        "plan.md",
        "--agent",
        "codex",
        "--dry-run",
        "--json",
        "--into",
        "later",
    ]);
    let said = said.exits(0).json();
    assert_eq!(
        (&said["dry_run"], &said["into"]),
        (&json!(true), &json!("later"))
    );
    assert_eq!(titles(&said, "tickets").len(), 2);
    assert_eq!(before, content_of(sandbox.repository().root(), &[]));
}
