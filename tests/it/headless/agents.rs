//! What agents do to docket, and what docket gives to them.

use std::fs;

use docket::domain::attempt::{AttemptOutcome, Failure};
use docket::domain::event::Event;

use super::outcomes::{assert_intact, outcomes};
use crate::support::repository::TestRepository;
use crate::support::sandbox::Sandbox;

#[test]
fn a_command_gets_the_prompt_on_standard_input_and_its_place_in_the_environment() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "cat > \"$HOME/prompt\"\nenv | sort > \"$HOME/env\"\npwd -P > \"$HOME/pwd\"\nls -A \"$DOCKET_DESK\" > \"$HOME/desk\"\necho done > done.txt\necho 'my last words'",
    );
    sandbox
        .repository()
        .write(".docket/context/spec.md", "Notes for all.\n");
    sandbox.ticket(
        10,
        "agent: mine\ngoal: Reach it\nacceptance: [It is green]\ncontext: [{ path: README.md }]",
        "Do the thing.",
    );
    let mut command = sandbox.command(["--once"]);
    command
        .env("CLAUDECODE", "1")
        .env("CODEX_HOME", "/x")
        .env("MY_SECRET", "s")
        .env("GIT_DIR", "/nowhere");
    sandbox.start_command(command).finish().exits(0);
    let read = |name: &str| fs::read_to_string(sandbox.home(name)).expect("the agent wrote it");
    let prompt = read("prompt");
    for part in [
        "Do the thing.",
        "Reach it",
        "It is green",
        "Notes for all.",
        "# Test",
        "TICKET-010.1, turn 1",
    ] {
        assert!(prompt.contains(part), "`{part}` is not in:\n{prompt}");
    }
    assert_eq!(sandbox.evidence(1, "TICKET-010.1", "prompt.md"), prompt);
    let environment = read("env");
    let tree = sandbox.path(".docket/worktrees/TICKET-010.1");
    for line in [
        format!("DOCKET_DESK={}/.docket", tree.display()),
        format!("DOCKET_TICKET={}/.docket/ticket.md", tree.display()),
        "DOCKET_RUN=r1".to_owned(),
        "DOCKET_TURN=1".to_owned(),
    ] {
        assert!(
            environment.lines().any(|found| found == line),
            "`{line}` is not in:\n{environment}"
        );
    }
    for name in ["CLAUDECODE", "CODEX_HOME", "MY_SECRET", "GIT_DIR"] {
        assert!(!environment.contains(name), "{environment}");
    }
    assert_eq!(read("pwd").trim(), tree.display().to_string());
    assert!(read("desk").contains("ticket.md"));
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(transcript.contains("my last words"), "{transcript}");
    // The desk is no part of the work.
    assert_eq!(
        sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
        "done.txt"
    );
}

#[test]
fn what_the_ticket_before_left_behind_goes_into_the_next_prompt() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "cat > \"$HOME/prompt-$(basename \"$PWD\")\"\necho \"learned in $DOCKET_RUN\"",
    );
    sandbox.ticket(10, "agent: mine", "First.");
    sandbox.ticket(20, "agent: mine", "Second.");
    sandbox.docket(["run"]).exits(0);
    let prompt = fs::read_to_string(sandbox.home("prompt-TICKET-020.1")).expect("the prompt");
    assert!(
        prompt.contains("learned in r1") && prompt.contains("TICKET-010"),
        "{prompt}"
    );
}

#[test]
fn a_prompt_that_nobody_reads_is_no_error_and_a_large_one_arrives_whole() {
    let sandbox = Sandbox::new();
    sandbox.agent("deaf", "exec <&-\ntouch x");
    sandbox.agent("reader", "wc -c > bytes.txt");
    let body = "All work and no play.\n".repeat(10_000);
    sandbox.ticket(10, "agent: deaf", &body);
    sandbox.ticket(20, "agent: reader", &body);
    sandbox.docket(["run"]).exits(0);
    let read = sandbox.git(["show", "docket/r1/main:bytes.txt"]);
    let prompt = sandbox.evidence(1, "TICKET-020.1", "prompt.md");
    assert_eq!(read.trim().parse(), Ok(prompt.len()));
    assert!(prompt.len() > 200_000);
}

#[test]
fn an_agent_that_fails_says_why_in_its_own_words() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "echo 'thinking'; echo 'no credits left' >&2; exit 7",
    );
    sandbox.ticket(10, "agent: mine\nlimits: { attempts: 1 }", "Work.");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("the agent failed: exit code 7");
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(transcript.contains("no credits left"), "{transcript}");
}

#[test]
fn an_agent_that_kills_itself_has_failed_whatever_it_claimed() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "sed 's/^done: false/done: true/' \"$DOCKET_TICKET\" > t; cat t > \"$DOCKET_TICKET\"; kill -9 $$",
    );
    sandbox.configure("claim = \"ticket\"");
    sandbox.ticket(
        10,
        "agent: mine\nlimits: { attempts: 1 }\nvalidate: [\"true\"]",
        "Work.",
    );
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("ended by signal 9");
    assert!(!sandbox.is_done(10));
}

#[test]
fn an_agent_that_commits_keeps_its_commits() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"test -e one && test -e two && test -e three\"]",
        "git config user.name Agent; git config user.email agent@example.org\necho 1 > one; git add one; git commit -qm 'the first half'\necho 2 > two; git add two; git commit -qm 'the second half'\necho 3 > three",
    );
    sandbox.docket(["--once"]).exits(0);
    let log = sandbox.git(["log", "--format=%s", "main..docket/r1/main"]);
    assert_eq!(
        log,
        "TICKET-010: Ticket 10\nthe second half\nthe first half"
    );
    assert_eq!(
        sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
        "one\nthree\ntwo"
    );
    let patch = sandbox.evidence(1, "TICKET-010.1", "diff.patch");
    for file in ["one", "two", "three"] {
        assert!(patch.contains(&format!("+++ b/{file}")), "{patch}");
    }
}

#[test]
fn the_commits_of_an_agent_that_commits_everything_itself_are_kept_under_the_trailers() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"test -e one\"]",
        "git config user.name Agent; git config user.email agent@example.org\necho 1 > one; git add one; git commit -qm 'all of it'",
    );
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        sandbox.git(["log", "--format=%an %s", "main..docket/r1/main~"]),
        "Agent all of it"
    );
    let trailers = ["log", "-1", "--format=%(trailers:only)", "docket/r1/main"];
    let trailers = sandbox.git(trailers);
    assert!(
        trailers.contains("Docket-Attempt: TICKET-010.1") && trailers.contains("Docket-Manifest: "),
        "{trailers}"
    );
    assert_eq!(
        sandbox.git(["diff", "docket/r1/main~", "docket/r1/main"]),
        ""
    );
    assert!(!sandbox.path(".docket/worktrees/TICKET-010.1").exists());
}

#[test]
fn a_ticket_without_any_change_is_done_too() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"true\"]", "echo nothing to do");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    assert_eq!(sandbox.evidence(1, "TICKET-010.1", "diff.patch"), "");
    assert_eq!(sandbox.evidence(1, "TICKET-010.1", "files.json"), "[]");
}

#[test]
fn an_agent_that_deletes_its_git_file_touches_nothing_of_the_users() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { attempts: 1 }\nvalidate: [\"true\"]",
        "echo precious > precious.txt\nrm .git\ngit add --all && git commit -qm stray || echo 'git refuses'",
    );
    let head = sandbox.git(["rev-parse", "HEAD"]);
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("`.git` file of the worktree");
    assert_eq!(sandbox.git(["rev-parse", "HEAD"]), head);
    assert_eq!(sandbox.git(["diff", "--cached", "--name-only"]), "");
    assert!(
        sandbox
            .path(".docket/worktrees/TICKET-010.1/precious.txt")
            .exists()
    );
    assert!(!sandbox.is_done(10));
    assert_intact(&sandbox);
    sandbox.shell(20, "", "touch x");
    sandbox.docket(["--once", "--ticket", "20"]).exits(0);
}

#[test]
fn what_an_agent_leaves_running_is_ended_with_its_turn() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"! test -e late\"]",
        "sleep 1000 &\nsetsid sh -c 'trap \"\" TERM HUP INT; sleep 1000' &\n(setsid sh -c 'sleep 1000; touch late' > /dev/null 2>&1 < /dev/null &)\necho done",
    );
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.agents().is_empty());
    let leftovers = sandbox.events().into_iter().find_map(|event| match event {
        Event::TurnFinished { leftovers, .. } => Some(leftovers),
        _ => None,
    });
    let leftovers = leftovers.expect("the turn ended");
    assert!(leftovers.leaked && leftovers.swept >= 3, "{leftovers:?}");
}

#[test]
fn a_flood_of_output_is_kept_and_costs_no_time() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"true\"]",
        "head -c 10000000 /dev/zero | tr '\\0' 'x' | fold -w 120\nhead -c 1000000 /dev/zero | tr '\\0' 'y'\necho; echo the end",
    );
    sandbox.docket(["--once"]).exits(0);
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(transcript.len() > 11_000_000 && transcript.contains("the end"));
    assert_intact(&sandbox);
}

#[test]
fn output_that_is_not_text_is_survived() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "binary",
        "printf 'caf\\303'; sleep 0.05; printf '\\251\\r\\n\\377\\376\\000\\033[31mred\\033[0m\\n'; head -c 5000 /dev/urandom; printf '\\nlast line without end'",
    );
    sandbox.ticket(10, "agent: binary\nvalidate: [\"true\"]", "Work.");
    sandbox.docket(["--once"]).exits(0);
    for file in ["transcript.jsonl", "raw.jsonl"] {
        let text = sandbox.evidence(1, "TICKET-010.1", file);
        for line in text.lines() {
            let _valid: serde_json::Value = serde_json::from_str(line).expect("JSON");
        }
        assert!(
            text.contains("café"),
            "{file}: a character that was cut in two"
        );
        assert!(text.contains("last line without end"));
    }
    assert_intact(&sandbox);
}

#[test]
fn what_was_said_is_a_recording_that_replays() {
    let sandbox = Sandbox::new();
    sandbox.agent("mine", "echo one; echo two >&2; printf three");
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    fs::copy(
        sandbox.evidence_path(1, "TICKET-010.1").join("raw.jsonl"),
        sandbox.home("recording.jsonl"),
    )
    .expect("copied");
    sandbox.configure(&format!(
        "[agents.again]\nkind = \"replay\"\nspeed = 0\nclaim = \"exit\"\nrecording = {:?}",
        sandbox.home("recording.jsonl")
    ));
    sandbox.ticket(20, "agent: again", "Replay.");
    sandbox.docket(["--once"]).exits(0);
    let said = |run, attempt| -> Vec<serde_json::Value> {
        let text = sandbox.evidence(run, attempt, "transcript.jsonl");
        let entries = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let mut items: Vec<_> = entries
            .map(|entry: serde_json::Value| entry["item"].clone())
            // docket's own word, not the agent's.
            .filter(|item| !item.to_string().contains("unsupervised: "))
            .collect();
        items.sort_by_key(ToString::to_string);
        items
    };
    assert_eq!(said(2, "TICKET-020.1"), said(1, "TICKET-010.1"));
    assert_eq!(said(1, "TICKET-010.1").len(), 3);
}

#[test]
fn ticket_files_that_an_agent_changes_in_its_tree_are_not_merged() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"test -e work.txt\"]",
        "sed -i.bak 's/^done: false/done: true/' tickets/TICKET-010.md; rm tickets/*.bak\nrm tickets/TICKET-020.md\necho stray > tickets/TICKET-030.md\necho work > work.txt\ngit add --all; git -c user.name=A -c user.email=a@b commit -qm 'with tickets'\necho more >> tickets/TICKET-010.md",
    );
    sandbox.ticket(20, "agent: user", "Later.");
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", "plan"]);
    sandbox.docket(["--once"]).exits(0);
    let names = sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]);
    assert_eq!(names, "work.txt");
    assert!(sandbox.path("tickets/TICKET-020.md").exists());
    assert!(!sandbox.path("tickets/TICKET-030.md").exists());
}

#[test]
fn a_done_flag_in_the_canonical_ticket_is_no_proof() {
    let sandbox = Sandbox::new();
    let canonical = sandbox.path("tickets/TICKET-010.md");
    sandbox.shell(
        10,
        "limits: { turns: 1, attempts: 1 }\nvalidate: [\"false\"]",
        &format!(
            "sed -i.bak 's/^done: false/done: true/' '{}'",
            canonical.display()
        ),
    );
    sandbox.shell(20, "depends_on: [10]", "touch \"$HOME/ran\"");
    let lines = sandbox.docket(["run", "--json"]).exits(5).json_lines();
    let failed = AttemptOutcome::Failed {
        failure: Failure::Validation {
            names: vec!["false".to_owned()],
        },
    };
    assert_eq!(outcomes(&sandbox), [failed]);
    assert!(
        lines
            .iter()
            .all(|line| line["event"]["kind"] != "ticket_written")
    );
    let reader = docket::store::Reader::open(&sandbox.path(".docket/ledger.db")).expect("opens");
    assert!(reader.done_tickets().expect("read").is_empty());
    assert!(
        !sandbox.home("ran").exists(),
        "nothing rests on it in this run"
    );
}

#[test]
fn an_agent_that_says_done_by_path_in_the_canonical_ticket_is_tampering_even_if_it_passes() {
    let sandbox = Sandbox::new();
    let canonical = sandbox.path("tickets/TICKET-010.md");
    sandbox.shell(
        10,
        "validate: [\"test -e x\"]",
        &format!(
            "touch x; sed -i.bak 's/^done: false/done: true/' '{}'",
            canonical.display()
        ),
    );
    sandbox.docket(["run"]).exits(5).says("tampered");
    assert_eq!(
        sandbox.git(["log", "--format=%s", "main..docket/r1/main"]),
        ""
    );
    // Once a human has put it right, it is tried again, and proven.
    let honest = sandbox.text_of(10).replace("done: true", "done: false");
    fs::write(&canonical, honest.replace("touch x; sed", "touch x; true")).expect("written");
    sandbox.docket(["run"]).exits(0).says("done, proven");
    assert!(sandbox.is_done(10));
}

#[test]
fn an_agent_that_deletes_its_ticket_can_not_hide() {
    let sandbox = Sandbox::new();
    let canonical = sandbox.path("tickets/TICKET-010.md");
    sandbox.shell(
        10,
        "validate: [\"true\"]\nlimits: { attempts: 1 }",
        &format!("rm '{}'", canonical.display()),
    );
    sandbox
        .docket(["run"])
        .exits(5)
        .says("tampered: tickets/TICKET-010.md can't be read");
    assert_intact(&sandbox);
}

#[test]
fn in_place_with_git_the_work_stays_where_it_was_made() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("mine.txt", "the user's own\n");
    sandbox.shell(10, "validate: [\"test -s x.txt\"]", "pwd -P > x.txt");
    let head = sandbox.git(["rev-parse", "HEAD"]);
    sandbox
        .docket(["--once", "--isolation", "none"])
        .exits(0)
        .says("done, proven");
    let root = sandbox.repository().root().display().to_string();
    assert_eq!(
        fs::read_to_string(sandbox.path("x.txt")).ok(),
        Some(format!("{root}\n"))
    );
    assert_eq!(sandbox.git(["rev-parse", "HEAD"]), head);
    assert_eq!(sandbox.git(["branch", "--format=%(refname:short)"]), "main");
    let patch = sandbox.evidence(1, "TICKET-010.1", "diff.patch");
    assert!(patch.contains("+++ b/x.txt"), "{patch}");
    assert!(
        !patch.contains("mine.txt") && !patch.contains(".docket"),
        "{patch}"
    );
    assert!(
        !sandbox.git(["status", "--porcelain"]).contains(".docket"),
        "docket's folder is kept out of git"
    );
    sandbox.git([
        "cat-file",
        "-e",
        "refs/docket/autosave/TICKET-010.1/1:x.txt",
    ]);
    assert_intact(&sandbox);
}

#[test]
fn in_place_without_git_everything_but_git_works() {
    let sandbox = Sandbox::of(TestRepository::unborn());
    fs::remove_dir_all(sandbox.path(".git")).expect("no git here");
    sandbox.shell(10, "validate: [\"test -s x.txt\"]", "echo x > x.txt");
    sandbox.shell(
        20,
        "limits: { turns: 2, attempts: 1 }\nvalidate: [\"false\"]",
        "true",
    );
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("is not inside a git repository")
        .says("isolation = \"none\"");
    assert!(!sandbox.path(".docket").exists(), "nothing was begun");
    sandbox.docket(["run", "--isolation", "none"]).exits(5);
    assert!(sandbox.is_done(10) && !sandbox.is_done(20));
    assert_intact(&sandbox);
}
