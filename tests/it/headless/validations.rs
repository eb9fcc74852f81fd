//! docket runs the validations itself: all of them, each recorded with its output, whatever the agent says.

use docket::domain::attempt::{Validation, Verdict};
use docket::domain::event::Event;

use super::outcomes::assert_intact;
use crate::support::sandbox::Sandbox;

/// Every validation that was recorded, in order.
fn validations(sandbox: &Sandbox) -> Vec<Validation> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::ValidationFinished { validation, .. } => Some(validation),
            _ => None,
        })
        .collect()
}

/// Names and verdicts, in order.
fn verdicts(sandbox: &Sandbox) -> Vec<(String, Verdict, Option<i32>)> {
    let all = validations(sandbox).into_iter();
    all.map(|one| (one.name, one.verdict, one.exit)).collect()
}

fn log(sandbox: &Sandbox, name: &str) -> String {
    let all = validations(sandbox);
    let one = all.iter().rfind(|one| one.name == name).expect("it ran");
    let artifact = one.output.as_ref().expect("its output is stored");
    sandbox.evidence(1, "TICKET-010.1", &artifact.path)
}

#[test]
fn all_run_and_all_are_recorded_even_when_the_first_fails() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { turns: 1, attempts: 1 }\nvalidate:\n  - { name: one, run: \"echo wrong >&2; exit 3\" }\n  - { name: two, run: \"echo right\" }\n  - { name: three, run: \"kill -9 $$\" }",
        "true",
    );
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("validation failed: one, three");
    assert_eq!(
        verdicts(&sandbox),
        [
            ("one".to_owned(), Verdict::Fail, Some(3)),
            ("two".to_owned(), Verdict::Pass, Some(0)),
            ("three".to_owned(), Verdict::Inconclusive, None),
        ]
    );
    assert_eq!(log(&sandbox, "one"), "wrong\n");
    assert_eq!(log(&sandbox, "two"), "right\n");
    assert!(!sandbox.is_done(10));
    assert_intact(&sandbox);
}

#[test]
fn a_validation_is_a_line_of_shell_with_everything_in_it() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate:\n  - test -s \"it's.txt\" && printf '%s\\n' \"a b\" | grep -q 'a b' || exit 9\n  - |\n    set -e\n    n=$(wc -l < \"it's.txt\")\n    test \"$n\" -eq 2\n  - '! false'\n  - cd sub && test \"$(basename \"$PWD\")\" = sub",
        "printf '1\\n2\\n' > \"it's.txt\"; mkdir sub",
    );
    sandbox.docket(["--once"]).exits(0);
    let verdicts = verdicts(&sandbox);
    assert_eq!(verdicts.len(), 4);
    assert!(
        verdicts
            .iter()
            .all(|(_, verdict, _)| *verdict == Verdict::Pass),
        "{verdicts:?}"
    );
}

#[test]
fn validations_whose_names_give_one_file_name_keep_both_outputs() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate:\n  - { name: a b, run: echo 1 }\n  - { name: a-b, run: echo 2 }\n  - { name: ../a/b, run: echo 3 }",
        "true",
    );
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        ["a b", "a-b", "../a/b"].map(|name| log(&sandbox, name)),
        ["1\n", "2\n", "3\n"]
    );
    assert_intact(&sandbox);
}

#[test]
fn a_validation_that_does_not_end_is_timed_out_and_the_next_one_runs() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { turns: 1, attempts: 1 }\nvalidate:\n  - { name: hangs, run: \"echo begun; setsid sleep 1000; true\", timeout: 150ms }\n  - { name: next, run: \"true\" }",
        "true",
    );
    let quick = ["--set", "stop.interrupt=50ms"];
    sandbox
        .docket([["--once"].as_slice(), &quick].concat())
        .exits(5);
    let verdicts = verdicts(&sandbox);
    assert_eq!(
        (&*verdicts[0].0, verdicts[0].1),
        ("hangs", Verdict::TimedOut)
    );
    assert_eq!((&*verdicts[1].0, verdicts[1].1), ("next", Verdict::Pass));
    assert_eq!(log(&sandbox, "hangs"), "begun\n");
    assert!(sandbox.agents().is_empty());
}

#[test]
fn a_slow_failure_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { turns: 1, attempts: 1 }\nvalidate: [\"sleep 0.5; false\"]",
        "true",
    );
    sandbox.docket(["--once"]).exits(5);
    assert!(validations(&sandbox)[0].millis >= 500);
}

#[test]
fn the_next_turn_is_told_what_failed() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "learner",
        "cat > \"$HOME/prompt-$DOCKET_TURN\"\necho \"my words $DOCKET_TURN\"\necho \"$DOCKET_TURN\" > turn.txt",
    );
    sandbox.ticket(
        10,
        "agent: learner\nvalidate:\n  - { name: two, run: \"echo seen $(cat turn.txt); echo 'not ``` enough'; test $(cat turn.txt) = 2\" }\n  - { name: fine, run: \"echo fine\" }",
        "Count to two.",
    );
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    let prompt = std::fs::read_to_string(sandbox.home("prompt-2")).expect("the prompt");
    for part in [
        "## two: exit code 1",
        "seen 1\nnot ``` enough",
        "my words 1",
        "Count to two.",
    ] {
        assert!(prompt.contains(part), "`{part}` is not in:\n{prompt}");
    }
    assert!(!prompt.contains("## fine"), "{prompt}");
    assert_eq!(sandbox.evidence(1, "TICKET-010.1", "prompt.2.md"), prompt);
    // Both verdicts are kept, each with its own output.
    let all = validations(&sandbox);
    let of_two: Vec<_> = all.iter().filter(|one| one.name == "two").collect();
    assert_eq!(
        (of_two[0].verdict, of_two[1].verdict),
        (Verdict::Fail, Verdict::Pass)
    );
    assert_ne!(of_two[0].output, of_two[1].output);
    assert_eq!((of_two[0].turn, of_two[1].turn), (1, 2));
    assert_intact(&sandbox);
}

#[test]
fn the_checks_are_those_of_the_ticket_as_it_was_at_the_start() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { turns: 1, attempts: 1 }\nvalidate: [\"false\"]",
        "sed -i.bak 's/^validate:.*/validate: [\"true\"]/' \"$DOCKET_TICKET\"\nsed -i.bak 's/^validate:.*/validate: [\"true\"]/' tickets/TICKET-010.md",
    );
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", "plan"]);
    sandbox.docket(["--once"]).exits(5);
    assert!(sandbox.text_of(10).contains("validate: [\"false\"]"));
    assert!(!sandbox.is_done(10));
}

#[test]
fn output_of_any_kind_and_size_is_stored_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate:\n  - { name: bytes, run: \"printf 'caf\\\\351 \\\\000 \\\\377\\\\n'\" }\n  - { name: flood, run: \"head -c 3000000 /dev/zero | tr '\\\\0' x\" }",
        "true",
    );
    sandbox.docket(["--once"]).exits(0);
    let all = validations(&sandbox);
    let file = |index: usize| {
        let artifact = all[index].output.as_ref().expect("stored");
        std::fs::read(
            sandbox
                .evidence_path(1, "TICKET-010.1")
                .join(&artifact.path),
        )
        .expect("read")
    };
    assert_eq!(file(0), b"caf\xe9 \0 \xff\n");
    assert_eq!(file(1).len(), 3_000_000);
    assert_intact(&sandbox);
}

#[test]
fn the_default_validation_holds_for_tickets_that_name_none() {
    let sandbox = Sandbox::new();
    sandbox.configure("validate = [\"test -e x\"]");
    sandbox.shell(10, "limits: { turns: 1, attempts: 1 }", "true");
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("validation failed: test -e x");
    sandbox.shell(20, "", "touch x");
    sandbox
        .docket(["--once", "--ticket", "20"])
        .exits(0)
        .says("done, proven");
}
