//! What must never lead docket out of the desk, hang it or break it.

use std::fs;
use std::os::unix::fs::symlink;

use super::{agent, fates};
use crate::support::sandbox::Sandbox;

#[test]
fn files_that_are_no_tickets_are_refused_and_nothing_hangs() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "cd \"$DOCKET_DESK/tickets\"\nln -s /etc/passwd TICKET-101.md\nmkfifo TICKET-102.md\nmkdir TICKET-103.md\nhead -c 3000000 /dev/zero > TICKET-104.md\nprintf -- '---\\nagent: mine\\ndone: false\\n---\\n\\377' > TICKET-105.md\nprintf -- '---\\nagent: mine\\ndone: false\\ntitle: Odd\\n---\\nOdd.\\n' > \"$(printf 'TICKET-106-..\\\\..\\nx.md')\"\nprintf x > \"$(printf 'TICKET-107-\\377.md')\"\nrm TICKET-020.md; ln -s ../../../../../tickets/TICKET-010.md TICKET-020.md",
    );
    sandbox.ticket(10, "agent: mine", "Work.");
    let before = sandbox.ticket(20, "agent: user", "Second.");
    let text = fs::read_to_string(&before).expect("the ticket");
    sandbox.docket(["--once"]).exits(0);
    let fates = fates(&sandbox).join("\n");
    for part in [
        "TICKET-101.md refused: it is a link",
        "TICKET-102.md refused: it is a pipe",
        "TICKET-103.md refused: it is a folder",
        "TICKET-104.md refused: it is larger than 1048576 bytes",
        "TICKET-105.md refused: it is not UTF-8",
        "tickets/TICKET-106-..-..-x.md new 1",
        "refused: it is a link",
    ] {
        assert!(fates.contains(part), "`{part}` is not in:\n{fates}");
    }
    assert_eq!(fs::read_to_string(&before).expect("the ticket"), text);
    let mut names: Vec<_> = fs::read_dir(sandbox.path("tickets"))
        .expect("the queue")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["TICKET-010.md", "TICKET-020.md", "TICKET-106-..-..-x.md"]
    );
    assert!(sandbox.verify().is_intact());
}

#[test]
fn docket_writes_nothing_through_the_links_of_an_agent() {
    let sandbox = Sandbox::new();
    let outside = sandbox.home("outside");
    fs::create_dir_all(&outside).expect("a folder");
    fs::write(outside.join("file"), "mine").expect("a file");
    agent(
        &sandbox,
        "mine",
        "cd \"$DOCKET_DESK\"\n[ \"$DOCKET_TURN\" = 1 ] || { cd - > /dev/null; echo x > x.txt; CLAIM; exit 0; }\nO=\"$HOME/outside\"\nrm -rf prompt.md replies dispatch context tickets\nln -s $O/file prompt.md\nln -s $O replies\nln -s $O dispatch\nln -s $O context\nln -s $O tickets\nln -s $O taken\nprintf hello > DISPATCH.md",
    );
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        fs::read_to_string(outside.join("file")).expect("it is there"),
        "mine"
    );
    assert_eq!(fs::read_dir(&outside).expect("the folder").count(), 1);
    assert!(
        sandbox
            .kinds()
            .iter()
            .any(|kind| kind == "dispatch_received")
    );
}

#[test]
fn a_desk_that_is_gone_or_elsewhere_says_nothing() {
    for script in [
        "rm -rf \"$DOCKET_DESK\"",
        "mv \"$DOCKET_DESK\" \"$HOME/desk\"; ln -s \"$HOME/desk\" \"$DOCKET_DESK\"; sed 's/^done: false/done: true/' \"$HOME/desk/ticket.md\" > \"$HOME/t\"; cp \"$HOME/t\" \"$HOME/desk/ticket.md\"",
    ] {
        let sandbox = Sandbox::new();
        agent(&sandbox, "mine", &format!("echo x >> x.txt\n{script}"));
        sandbox.ticket(
            10,
            "agent: mine\nlimits: { attempts: 1, turns: 2 }",
            "Work.",
        );
        sandbox.ticket(20, "agent: user", "Other.");
        sandbox.docket(["--once"]).exits(6);
        assert!(fates(&sandbox).is_empty());
        assert!(!sandbox.is_done(10));
    }
}

#[test]
fn a_repository_whose_own_folder_is_a_link_is_left_alone() {
    let sandbox = Sandbox::new();
    let outside = sandbox.home("outside");
    fs::create_dir_all(&outside).expect("a folder");
    symlink(&outside, sandbox.path("link")).expect("a link");
    sandbox.git(["add", "link"]);
    sandbox.git(["commit", "--quiet", "-m", "a link"]);
    sandbox.shell(
        10,
        "",
        "rm -rf .docket/tickets; ln -s \"$PWD/link\" .docket/tickets",
    );
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(fs::read_dir(&outside).expect("the folder").count(), 0);
}
