//! Work side by side comes together: real agents, a real git.

use crate::support::sandbox::Sandbox;

/// Waits until the other one has begun too, so that both start from the same head.
fn together(other: u32) -> String {
    format!(
        "touch \"$HOME/began-$(basename \"$PWD\")\"\nwhile ! test -e \"$HOME/began-TICKET-{other:03}.1\"; do sleep 0.02; done\n"
    )
}

#[test]
fn two_tickets_side_by_side_are_both_merged_and_the_second_is_validated_with_the_first() {
    let sandbox = Sandbox::new();
    // Each check holds alone; what the second one merges holds both files.
    let count = "validate: [\"ls *.txt | wc -l | tee -a $HOME/counts\"]";
    for (number, other) in [(10, 20), (20, 10)] {
        let script = format!("{}echo {number} > {number}.txt", together(other));
        sandbox.shell(number, count, &script);
    }
    sandbox
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    let files = sandbox.git(["ls-tree", "--name-only", "docket/r1/main"]);
    assert!(
        files.contains("10.txt") && files.contains("20.txt"),
        "{files}"
    );
    // Once for each alone, once for what they are together.
    let counts = std::fs::read_to_string(sandbox.home("counts")).expect("counts");
    let mut counts: Vec<&str> = counts.lines().map(str::trim).collect();
    counts.sort_unstable();
    assert_eq!(counts, ["1", "1", "2"]);
    // One commit for each ticket, none of a merge: the second one lies on top of the first.
    let commits = sandbox.git(["log", "--format=%s", "main..docket/r1/main"]);
    assert_eq!(commits.lines().count(), 2, "{commits}");
    assert!(sandbox.kinds().contains(&"caught_up".to_owned()));
    assert!(sandbox.verify().problems.is_empty());
}

#[test]
fn what_an_agent_committed_itself_is_kept_by_a_merge_commit() {
    let sandbox = Sandbox::new();
    for (number, other) in [(10, 20), (20, 10)] {
        let script = format!(
            "{}echo {number} > {number}.txt; git add {number}.txt; git -c user.name=A -c user.email=a@example.org commit -qm 'own {number}'; echo more > more-{number}.txt",
            together(other)
        );
        sandbox.shell(number, "validate: [\"true\"]", &script);
    }
    sandbox
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    let files = sandbox.git(["ls-tree", "--name-only", "docket/r1/main"]);
    for file in ["10.txt", "20.txt", "more-10.txt", "more-20.txt"] {
        assert!(files.contains(file), "{files}");
    }
    let commits = sandbox.git(["log", "--format=%s", "main..docket/r1/main"]);
    assert!(
        commits.contains("own 10") && commits.contains("own 20"),
        "{commits}"
    );
    assert_eq!(sandbox.git(["fsck", "--no-dangling"]), "");
}

#[test]
fn work_that_fails_together_with_what_was_merged_first_goes_back_to_its_agent() {
    let sandbox = Sandbox::new();
    // Each name may be there once: alone both pass.
    let check = "validate: [\"test $(cat names/* | sort | uniq -d | wc -l) = 0\"]";
    let agent = "cat > \"$HOME/prompt-$(basename \"$PWD\")-$$\"\nmkdir -p names\nname=$(basename \"$PWD\")\ntouch \"$HOME/began-$name\"\nwhile ! test -e \"$HOME/began-TICKET-010.1\" || ! test -e \"$HOME/began-TICKET-020.1\"; do sleep 0.02; done\nif grep -q same names/* 2>/dev/null && ! test -e \"names/$name\"; then echo other > \"names/$name\"; elif test -e \"names/$name\"; then echo other > \"names/$name\"; else echo same > \"names/$name\"; fi";
    sandbox.agent("namer", agent);
    for number in [10, 20] {
        sandbox.ticket(number, &format!("agent: namer\n{check}"), "Add a name.");
    }
    sandbox
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    let names = sandbox.git(["grep", "-h", "", "docket/r1/main", "--", "names"]);
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["other", "same"]);
}

#[test]
fn a_conflict_goes_back_to_the_agent_with_the_files_in_its_prompt() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("shared.txt", "first line\n");
    sandbox.git(["add", "shared.txt"]);
    sandbox.git(["commit", "-qm", "shared"]);
    // Its second turn settles what the first one ran into.
    let agent = "name=$(basename \"$PWD\")\ncat > \"$HOME/prompt-$name\"\ntouch \"$HOME/began-$name\"\nwhile ! test -e \"$HOME/began-TICKET-010.1\" || ! test -e \"$HOME/began-TICKET-020.1\"; do sleep 0.02; done\nif grep -q '<<<<<<<' shared.txt; then\n  grep -q 'Others changed the same lines' \"$HOME/prompt-$name\" && grep -q -- '- shared.txt' \"$HOME/prompt-$name\" || exit 1\n  grep -v '^<<<<<<<\\|^=======\\|^>>>>>>>' shared.txt > merged; mv merged shared.txt\nelse\n  echo \"$name\" > shared.txt\nfi";
    sandbox.agent("writer", agent);
    for number in [10, 20] {
        sandbox.ticket(
            number,
            "agent: writer\nvalidate: [\"test -s shared.txt\"]",
            "Write.",
        );
    }
    sandbox
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    let text = sandbox.git(["show", "docket/r1/main:shared.txt"]);
    assert!(
        text.contains("TICKET-010.1") && text.contains("TICKET-020.1"),
        "{text}"
    );
    assert!(!text.contains("<<<<"), "{text}");
}

#[test]
fn an_agent_that_leaves_the_markers_is_never_merged() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("shared.txt", "first line\n");
    sandbox.git(["add", "shared.txt"]);
    sandbox.git(["commit", "-qm", "shared"]);
    let agent = "name=$(basename \"$PWD\")\ncat > /dev/null\ntouch \"$HOME/began-$name\"\nwhile ! test -e \"$HOME/began-TICKET-010.1\" || ! test -e \"$HOME/began-TICKET-020.1\"; do sleep 0.02; done\ngrep -q '<<<<<<<' shared.txt || echo \"$name\" > shared.txt";
    sandbox.agent("writer", agent);
    for number in [10, 20] {
        sandbox.ticket(
            number,
            "agent: writer\nvalidate: [\"true\"]\nlimits: { turns: 3, attempts: 1 }",
            "Write.",
        );
    }
    sandbox
        .docket(["run", "--jobs", "2"])
        .exits(6)
        .prints("1 done");
    assert!(
        !sandbox
            .git(["show", "docket/r1/main:shared.txt"])
            .contains("<<<<")
    );
}

#[test]
fn a_runbook_that_contradicts_others_runs_again_on_top_of_them() {
    let sandbox = Sandbox::new();
    sandbox.repository().write("shared.txt", "first line\n");
    sandbox.git(["add", "shared.txt"]);
    sandbox.git(["commit", "-qm", "shared"]);
    for (number, other) in [(10, 20), (20, 10)] {
        let script = format!(
            "{}echo {number} >> shared.txt; sed -i.bak 1d shared.txt; rm shared.txt.bak",
            together(other)
        );
        sandbox.shell(number, "validate: [\"test -s shared.txt\"]", &script);
    }
    sandbox
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    assert_eq!(sandbox.verify().problems.len(), 0);
}
