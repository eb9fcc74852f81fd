//! `rewind`, and `diff` between attempts and turns: everything that a turn left can be brought back and compared.

use std::fs;

use crate::support::repository::content_of;
use crate::support::sandbox::Sandbox;

/// A ticket with two attempts; the first has two turns.
fn after_two_attempts() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure("[limits]\nturns = 2\nattempts = 2");
    sandbox.agent(
        "writer",
        "cat > /dev/null\nn=$(ls \"$HOME\" | grep -c '^turn')\ntouch \"$HOME/turn$n\"\n\
         echo \"turn $n\" > 'größe here.txt'\nmkdir -p deep\necho x >> deep/log\nchmod +x deep/log",
    );
    sandbox.ticket(10, "agent: writer\nvalidate: [\"false\"]", "Write.");
    sandbox.docket(["--once"]).exits(5);
    sandbox
}

#[test]
fn every_turn_is_listed_and_comes_back_as_a_branch() {
    let sandbox = after_two_attempts();
    let list = sandbox
        .docket(["rewind", "10", "--list", "--json"])
        .exits(0)
        .json();
    assert_eq!(list["attempts"][0]["attempt"], "TICKET-010.1", "{list:#}");
    assert_eq!(list["attempts"][0]["turns"][1]["turn"], 2);
    assert_eq!(list["attempts"][0]["turns"][1]["files"], 2);
    let shown = sandbox.docket(["rewind", "10.1", "--list"]).exits(0).stdout;
    assert!(
        shown.contains("refs/docket/autosave/TICKET-010.1/2"),
        "{shown}"
    );
    assert!(!shown.contains("TICKET-010.2"), "{shown}");

    let status = sandbox.git(["status", "--porcelain"]);
    let files = content_of(sandbox.repository().root(), &[".git", ".docket"]);
    let made = sandbox
        .docket(["rewind", "TICKET-010.1", "--turn", "1"])
        .exits(0);
    let branch = "docket/rewind/TICKET-010.1-1";
    assert_eq!(made.stdout, format!("{branch}\n"));
    assert!(made.stderr.contains("git worktree add"), "{}", made.stderr);
    assert_eq!(
        sandbox.git(["show", &format!("{branch}:größe here.txt")]),
        "turn 0"
    );
    // Again is no harm; over something else it never goes.
    sandbox
        .docket(["rewind", "TICKET-010.1", "--turn", "1"])
        .exits(0);
    sandbox
        .docket(["rewind", "10.1", "--branch", branch])
        .exits(2)
        .says("holds something else");
    let last = sandbox
        .docket(["rewind", "10", "--branch", "look", "--json"])
        .exits(0)
        .json();
    assert_eq!(last["attempt"], "TICKET-010.2");
    assert_eq!(last["branch"], "look");
    sandbox
        .docket(["rewind", "10.1", "--turn", "9"])
        .exits(2)
        .says("1, 2");
    sandbox
        .docket(["rewind", "10", "--branch", "-bad"])
        .exits(2);
    assert_eq!(sandbox.git(["status", "--porcelain"]), status);
    assert_eq!(
        content_of(sandbox.repository().root(), &[".git", ".docket"]),
        files
    );
}

#[test]
fn files_come_back_into_a_new_folder_and_over_nothing() {
    let sandbox = after_two_attempts();
    let folder = sandbox.home("back again");
    let name = folder.to_str().expect("UTF-8");
    sandbox
        .docket(["rewind", "10.1", "--turn", "2", "--to", name])
        .exits(0);
    let read = |path: &str| fs::read_to_string(folder.join(path)).expect("it is there");
    assert_eq!(read("größe here.txt"), "turn 1\n");
    assert_eq!(read("deep/log"), "x\nx\n");
    assert_eq!(read("README.md"), "# Test\n");
    assert!(!folder.join(".git").exists());
    let before = content_of(&folder, &[]);
    sandbox
        .docket(["rewind", "10.1", "--turn", "1", "--to", name])
        .exits(2)
        .says("not empty");
    sandbox
        .docket(["rewind", "10.1", "--to", "."])
        .exits(2)
        .says("not empty");
    assert_eq!(content_of(&folder, &[]), before);
}

#[test]
fn an_autosave_outlives_branch_worktree_and_ledger() {
    let sandbox = after_two_attempts();
    for path in ["TICKET-010.1", "TICKET-010.2"] {
        let path = sandbox.path(format!(".docket/worktrees/{path}"));
        let _may_be_gone = fs::remove_dir_all(path);
    }
    sandbox.git(["worktree", "prune"]);
    for branch in sandbox
        .git(["for-each-ref", "--format=%(refname)", "refs/heads/docket"])
        .lines()
    {
        sandbox.git(["update-ref", "-d", branch]);
    }
    sandbox.git(["gc", "--quiet", "--prune=now"]);
    sandbox
        .docket(["rewind", "TICKET-010.1", "--turn", "2"])
        .exits(0);
    fs::remove_dir_all(sandbox.path(".docket")).expect("it goes");
    fs::remove_file(sandbox.path("tickets/TICKET-010.md")).expect("it goes");
    sandbox
        .docket(["rewind", "TICKET-010.2", "--list"])
        .exits(0);
    sandbox.docket(["rewind", "TICKET-010.2"]).exits(0);
    sandbox.docket(["rewind", "TICKET-099"]).exits(2);
}

#[test]
fn any_two_attempts_and_turns_can_be_compared() {
    let sandbox = after_two_attempts();
    let diff = |arguments: &[&str]| {
        sandbox
            .docket([&["diff"], arguments].concat())
            .exits(0)
            .stdout
    };
    let turns = diff(&["TICKET-010.1@1", "TICKET-010.1@2"]);
    assert!(turns.contains("-turn 0\n+turn 1\n"), "{turns}");
    let attempts = diff(&["10.1", "10.2"]);
    assert!(attempts.contains("-turn 1\n+turn 3\n"), "{attempts}");
    let first = diff(&["10.1@1"]);
    assert_eq!(first, diff(&["10.1@0", "10.1@1"]));
    assert!(first.contains("+turn 0\n"), "{first}");
    assert_eq!(diff(&["10@1", "10@2"]), diff(&["10.2@1", "10.2@2"]));
    assert!(diff(&["10.1", "10.2", "--stat"]).contains("+1 -1\n"));
    let json = sandbox
        .docket(["diff", "10.1@1", "10.1@2", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["from"]["turn"], 1);
    assert_eq!(json["to"]["attempt"], "TICKET-010.1");
    assert_eq!(json["patch"], turns.as_str());
    sandbox
        .docket(["diff", "10.1", "10.1@2"])
        .exits(0)
        .says("no file differs between TICKET-010.1 and TICKET-010.1@2");
    sandbox
        .docket(["diff", "10.1@7", "10.1"])
        .exits(2)
        .says("no saved turn 7");
    sandbox
        .docket(["diff", "10.1@x"])
        .exits(2)
        .says("names no turn");
    sandbox
        .docket(["diff", "10", "10.1", "--attempt", "1"])
        .exits(2);
}
