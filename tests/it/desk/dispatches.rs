//! Messages from agents to people, as codex-autorunner taught them to write.

use docket::domain::event::Event;

use super::agent;
use crate::support::sandbox::Sandbox;

/// Whether it pauses, title, text, and what came with it.
fn dispatches(sandbox: &Sandbox) -> Vec<(bool, String, String, Vec<String>)> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::DispatchReceived {
                pause,
                title,
                text,
                attachments,
                ..
            } => {
                let paths = attachments.into_iter().map(|artifact| artifact.path);
                Some((pause, title, text, paths.collect()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_dispatch_is_taken_beside_the_folder_and_inside_it_with_its_attachments() {
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "mine",
        "D=\"$DOCKET_DESK\"\ncase $DOCKET_TURN in\n1) echo pic > $D/dispatch/graph.txt; printf -- '---\\nmode: notify\\ntitle: Half way\\n---\\nSee the graph.\\n' > $D/DISPATCH.md;;\n2) echo early > $D/dispatch/early.txt;;\n3) printf -- '---\\nmode: turn_summary\\n---\\n# Inside\\n' > $D/dispatch/DISPATCH.md;;\n*) echo x > x.txt; CLAIM;;\nesac",
    );
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let own = |text: &str| text.to_owned();
    assert_eq!(
        dispatches(&sandbox),
        [
            (
                false,
                own("Half way"),
                own("See the graph."),
                vec![own("dispatch/1/graph.txt")]
            ),
            (
                false,
                own("Inside"),
                own("# Inside"),
                vec![own("dispatch/3/early.txt")]
            ),
        ]
    );
    assert_eq!(
        sandbox.evidence(1, "TICKET-010.1", "dispatch/1/graph.txt"),
        "pic\n"
    );
    let page = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(
        page.contains("Half way") && page.contains("with dispatch/1/graph.txt (4 bytes)"),
        "{page}"
    );
    assert!(sandbox.verify().is_intact());
}

#[test]
fn attachments_are_files_and_nothing_else() {
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "mine",
        "D=\"$DOCKET_DESK/dispatch\"\nln -s /etc/passwd $D/link\nmkfifo $D/pipe\nmkdir $D/folder\nhead -c 12000000 /dev/zero > $D/huge\nprintf '\\000\\377' > $D/binary\necho hidden > $D/.hidden\necho odd > \"$D/a b;c\"\nprintf -- '---\\nmode: pause\\n---\\nWhich?\\n' > $DOCKET_DESK/DISPATCH.md",
    );
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("waits for a reply: Which?");
    let (_, _, _, attachments) = &dispatches(&sandbox)[0];
    assert_eq!(
        *attachments,
        [
            "dispatch/1/1-hidden",
            "dispatch/1/2-a-b-c",
            "dispatch/1/binary"
        ]
    );
    assert!(sandbox.verify().is_intact());
}

#[test]
fn a_dispatch_that_cannot_be_read_is_told_as_a_pause() {
    for (script, title) in [
        (
            "ln -s /etc/passwd \"$DOCKET_DESK/DISPATCH.md\"",
            "DISPATCH.md can't be read",
        ),
        (
            "mkfifo \"$DOCKET_DESK/DISPATCH.md\"",
            "DISPATCH.md can't be read",
        ),
        (
            "head -c 2000000 /dev/zero > \"$DOCKET_DESK/DISPATCH.md\"",
            "DISPATCH.md can't be read",
        ),
        (
            "printf -- '---\\nmode: shout\\n---\\nHelp!\\n' > \"$DOCKET_DESK/DISPATCH.md\"",
            "---",
        ),
    ] {
        let sandbox = Sandbox::new();
        agent(&sandbox, "mine", script);
        sandbox.ticket(10, "agent: mine", "Work.");
        sandbox.docket(["--once"]).exits(4);
        let told = dispatches(&sandbox);
        assert_eq!(told.len(), 1);
        assert!(told[0].0);
        assert_eq!(told[0].1, title);
    }
    // A long one is told in part and kept whole.
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "mine",
        "{ echo Long; yes word | head -n 40000; } > \"$DOCKET_DESK/DISPATCH.md\"; CLAIM",
    );
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let told = dispatches(&sandbox);
    assert!(told[0].2.len() < 66_000);
    assert_eq!(told[0].3, ["dispatch/1-1-DISPATCH.md"]);
    assert!(
        sandbox
            .evidence(1, "TICKET-010.1", "dispatch/1-1-DISPATCH.md")
            .len()
            > 190_000
    );
}
