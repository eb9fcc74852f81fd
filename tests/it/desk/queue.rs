//! Tickets that agents write, change and delete.

use std::fs;

use docket::domain::event::Event;

use super::{agent, fates, news};
use crate::support::sandbox::Sandbox;

/// A script that writes a new ticket for the agent `mine`.
fn follow_up(name: &str, front: &str, body: &str) -> String {
    let front = front.replace("; ", "\n");
    format!(
        "cat > \"$DOCKET_DESK/tickets/{name}\" <<'END'\n---\nagent: mine\ndone: false\n{front}\n---\n{body}\nEND\n"
    )
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(format!("tickets/{name}"))).expect("the ticket is there")
}

#[test]
fn a_new_ticket_comes_into_the_queue_once_and_runs() {
    let sandbox = Sandbox::new();
    let script = format!(
        "case \"$(basename \"$PWD\")\" in TICKET-010.1) if [ \"$DOCKET_TURN\" = 1 ]; then\n{}fi;; esac\n[ \"$DOCKET_TURN\" = 1 ] || CLAIM\necho $DOCKET_TURN > turn.txt",
        follow_up("TICKET-020-docs.md", "title: Docs", "Write docs."),
    );
    agent(&sandbox, "mine", &script);
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox
        .docket(["run"])
        .exits(0)
        .says("new ticket TICKET-020");
    assert_eq!(fates(&sandbox), ["tickets/TICKET-020-docs.md new 1"]);
    let text = text(&sandbox, "TICKET-020-docs.md");
    assert!(
        text.contains("ticket_id: tkt_") && text.contains("\ndone: true\n"),
        "{text}"
    );
    // docket's own writing came back to nobody as news, and the queue is sound.
    sandbox.docket(["lint"]).exits(0);
    let steps = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "step_started")
        .count();
    assert_eq!(steps, 2);
    // The prompt says where tickets go, and the next one what became of them.
    let first = sandbox.evidence(1, "TICKET-010.1", "prompt.md");
    assert!(first.contains("/.docket/tickets/`"), "{first}");
    assert!(first.contains("TICKET-020-<words>.md"), "{first}");
    let second = sandbox.evidence(1, "TICKET-010.1", "prompt.2.md");
    assert!(second.contains("What became of what you wrote"), "{second}");
    assert!(second.contains("new ticket TICKET-020"), "{second}");
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(transcript.contains("new ticket TICKET-020"), "{transcript}");
    let kept = sandbox.evidence(1, "TICKET-010.1", "tickets/1/TICKET-020-docs.md");
    assert!(kept.contains("Write docs."), "{kept}");
    let page = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(page.contains("new ticket TICKET-020"), "{page}");
    assert!(sandbox.verify().is_intact());
}

#[test]
fn numbers_and_ids_that_are_taken_give_way_and_done_is_not_theirs_to_say() {
    let sandbox = Sandbox::new();
    let script = [
        follow_up("TICKET-010-again.md", "title: Again", "Again."),
        follow_up(
            "ticket-020.MD",
            "ticket_id: tkt_000010; title: Twin",
            "Twin.",
        ),
        follow_up("TICKET-099-x.md", "title: X", "X.").replace("done: false", "done: true"),
        follow_up(
            "TICKET-0000000000000000000000000000000000000000000000000001.md",
            "title: Long",
            "Long.",
        ),
    ]
    .concat();
    sandbox.agent("mine", &script);
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let fates = fates(&sandbox).join("\n");
    for part in [
        "tickets/TICKET-020.md new 1; its `ticket_id` is that of TICKET-010: it has another one",
        "tickets/TICKET-099-x.md new 1; `done: true` is not an agent's to say of it: it is not done",
        "-again.md new 1; the number 010 is taken: it has ",
        "is too long",
    ] {
        assert!(fates.contains(part), "`{part}` is not in:\n{fates}");
    }
    assert!(text(&sandbox, "TICKET-099-x.md").contains("\ndone: false\n"));
    assert_eq!(news(&sandbox).len(), 4);
    sandbox.docket(["lint"]).exits(0);
}

#[test]
fn tickets_that_come_together_may_depend_on_each_other_and_broken_ones_stay_out() {
    let sandbox = Sandbox::new();
    let script = [
        follow_up("TICKET-020.md", "title: First; depends_on: [30]", "First."),
        follow_up("TICKET-030.md", "title: Second; depends_on: [10]", "Second."),
        follow_up("TICKET-040.md", "title: Lost; depends_on: [777]", "Lost."),
        follow_up("TICKET-050.md", "title: Ring; depends_on: [60]", "Ring."),
        follow_up("TICKET-060.md", "title: Ring; depends_on: [50]", "Ring."),
        follow_up("TICKET-070.md", "priority: high", "Broken."),
        "echo nothing > \"$DOCKET_DESK/tickets/TICKET-080.md\"\necho note > \"$DOCKET_DESK/tickets/README.md\"".to_owned(),
    ]
    .concat();
    sandbox.agent("mine", &script);
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let fates = fates(&sandbox);
    let new: Vec<_> = fates.iter().filter(|fate| fate.contains(" new ")).collect();
    assert_eq!(
        new,
        ["tickets/TICKET-030.md new 1", "tickets/TICKET-020.md new 1"]
    );
    let refused: Vec<_> = fates
        .iter()
        .filter(|fate| fate.contains("refused"))
        .collect();
    assert_eq!(refused.len(), 5, "{refused:#?}");
    assert!(
        refused
            .iter()
            .any(|fate| fate.contains("T053") && fate.contains("777"))
    );
    assert!(
        refused
            .iter()
            .any(|fate| fate.contains("TICKET-070.md refused: 4:11: error T025")),
        "{refused:#?}"
    );
    assert!(
        refused.iter().any(|fate| fate.contains("T006")),
        "{refused:#?}"
    );
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("the queue")
            .count(),
        3
    );
}

#[test]
fn an_attempt_adds_so_many_tickets_and_no_more() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "for n in 1 2 3 4 5; do printf -- '---\\nagent: mine\\ndone: false\\ntitle: T%s\\n---\\nBody %s.\\n' $n $n > \"$DOCKET_DESK/tickets/TICKET-10$n.md\"; done",
    );
    sandbox.ticket(10, "agent: mine\nlimits: { new_tickets: 2 }", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let fates = fates(&sandbox);
    assert_eq!(
        fates.iter().filter(|fate| fate.contains(" new 1")).count(),
        2,
        "{fates:#?}"
    );
    let refused = "an attempt may add 2 tickets (`limits.new_tickets`)";
    assert_eq!(
        fates.iter().filter(|fate| fate.contains(refused)).count(),
        3,
        "{fates:#?}"
    );
}

#[test]
fn tickets_that_beget_tickets_stop_at_a_human_also_over_restarts() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "mine",
        "date +%N > $(basename \"$PWD\").txt\nprintf -- '---\\nagent: mine\\ndone: false\\ntitle: Child of %s\\n---\\nGo on.\\n' \"$(basename \"$PWD\")\" > \"$DOCKET_DESK/tickets/TICKET-900-$(basename \"$PWD\").md\"",
    );
    sandbox.ticket(10, "agent: mine", "Beget.");
    // Each run is another life of docket: the generations come from the ledger.
    for _ in 0..3 {
        sandbox.docket(["--once"]).exits(0);
    }
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("generations of agents");
    let fates = fates(&sandbox);
    let new: Vec<_> = fates
        .iter()
        .filter_map(|fate| fate.split_once(" new "))
        .map(|(_, generation)| &generation[..1])
        .collect();
    assert_eq!(new, ["1", "2", "3"]);
    assert!(
        fates[3].contains("held: its author is 3 generations of agents away"),
        "{fates:#?}"
    );
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("the queue")
            .count(),
        4
    );
    sandbox.docket(["run", "--max-tickets", "5"]);
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("the queue")
            .count(),
        4
    );
}

#[test]
fn edits_come_back_only_where_they_may() {
    let sandbox = Sandbox::new();
    let edit = "edit() { sed \"$2\" \"$DOCKET_DESK/tickets/TICKET-$1.md\" > \"$HOME/e\" && cat \"$HOME/e\" > \"$DOCKET_DESK/tickets/TICKET-$1.md\"; }\n";
    let script = format!(
        "{edit}edit 020 's/Second\\./Second, better./'\nedit 030 's/^done: false/done: true/'\nedit 040 's/^title: .*/title: [/'\nprintf '\\nby hand\\n' >> \"$ROOT/tickets/TICKET-050.md\"\nedit 050 's/Fifth/FIFTH/'\nrm \"$DOCKET_DESK/tickets/TICKET-060.md\"\nedit 070 's/^ticket_id: .*/ticket_id: tkt_another/'\n"
    )
    .replace("$ROOT", sandbox.path("").to_str().expect("UTF-8"));
    sandbox.agent("mine", &script);
    sandbox.ticket(10, "agent: mine", "First.");
    for (number, body) in [
        (20, "Second."),
        (30, "Third."),
        (40, "Fourth."),
        (50, "Fifth."),
        (60, "Sixth."),
        (70, "Seventh."),
    ] {
        sandbox.ticket(number, "agent: user # a human", body);
    }
    let before: Vec<_> = [30, 40, 60, 70]
        .map(|number| sandbox.text_of(number))
        .into();
    sandbox.docket(["--once"]).exits(0);
    let fates = fates(&sandbox).join("\n");
    for part in [
        "tickets/TICKET-020.md edited",
        "tickets/TICKET-030.md refused: an agent can't mark another ticket done: it is not",
        "tickets/TICKET-040.md refused: 4:",
        "tickets/TICKET-050.md refused: the ticket changed since the copy was made",
        "tickets/TICKET-060.md deleted",
        "tickets/TICKET-070.md refused: a ticket's `ticket_id` is not an agent's to change",
    ] {
        assert!(fates.contains(part), "`{part}` is not in:\n{fates}");
    }
    assert!(sandbox.text_of(20).contains("Second, better."));
    assert!(sandbox.text_of(20).contains("# a human"));
    assert!(sandbox.text_of(50).contains("Fifth.") && sandbox.text_of(50).contains("by hand"));
    let after: Vec<_> = [30, 40, 60, 70]
        .map(|number| sandbox.text_of(number))
        .into();
    assert_eq!(before, after);
}

#[test]
fn nobody_changes_a_ticket_that_is_done_or_being_worked_on() {
    let sandbox = Sandbox::new();
    let wait = "while [ ! -e \"$HOME/edited\" ]; do sleep 0.01; done";
    sandbox.agent("waits", &format!("{wait}\ntouch w.txt"));
    sandbox.agent(
        "mine",
        "until ls -d \"$(dirname \"$PWD\")\"/TICKET-020.* > /dev/null 2>&1; do sleep 0.01; done\nfor n in 020 030; do echo more >> \"$DOCKET_DESK/tickets/TICKET-$n.md\"; done\ntouch m.txt",
    );
    sandbox.ticket(10, "agent: mine\ndepends_on: [30]", "First.");
    sandbox.ticket(
        20,
        "agent: waits\ndepends_on: [30]\npriority: -1",
        "Second.",
    );
    let done = sandbox.ticket(30, "agent: user", "Third.");
    let text = fs::read_to_string(&done).expect("it is there");
    fs::write(&done, text.replace("done: false", "done: true")).expect("it is written");
    let running = sandbox.start(["run", "--jobs", "2"]);
    crate::support::sandbox::until("the desk was read", || {
        sandbox.path(".docket/ledger.db").exists() && fates(&sandbox).len() == 2
    });
    fs::write(sandbox.home("edited"), "").expect("it is written");
    running.finish();
    let fates = fates(&sandbox).join("\n");
    assert!(
        fates.contains("tickets/TICKET-020.md refused: the ticket is being worked on"),
        "{fates}"
    );
    assert!(
        fates.contains("tickets/TICKET-030.md refused: the ticket is done"),
        "{fates}"
    );
    assert!(!sandbox.text_of(20).contains("more") && !sandbox.text_of(30).contains("more"));
}

#[test]
fn what_widens_what_may_run_waits_for_a_human_beside_the_queue() {
    for (front, why) in [
        (
            "approvals: auto",
            "`approvals: auto` gives its agent more leave",
        ),
        (
            "approvals: {allow: [\"cargo *\"]}",
            "`approvals` allows what nobody is asked for",
        ),
        ("validate: [\"rm -rf .\"]", "`validate` runs `rm -rf .`"),
        ("every: 1h", "`every` would run it again and again"),
        ("limits: {turns: 9999}", "`limits` raises turns"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.agent(
            "mine",
            &follow_up("TICKET-020.md", &format!("title: X; {front}"), "X."),
        );
        sandbox.ticket(10, "agent: mine", "Work.");
        sandbox.docket(["run"]).exits(4).says(why);
        assert!(!sandbox.path("tickets/TICKET-020.md").exists(), "{front}");
        assert!(!sandbox.is_done(10));
        let steps = sandbox
            .kinds()
            .iter()
            .filter(|kind| *kind == "step_started")
            .count();
        assert_eq!(steps, 1);
    }
    // Another agent, too; the ticket's own check is nothing new.
    let sandbox = Sandbox::new();
    let other = follow_up("TICKET-030.md", "title: Y", "```sh\ntrue\n```")
        .replace("agent: mine", "agent: shell");
    let same = follow_up("TICKET-020.md", "title: X; validate: [\"true\"]", "X.");
    sandbox.agent("mine", &[same, other].concat());
    sandbox.ticket(10, "agent: mine\nvalidate: [\"true\"]", "Work.");
    sandbox
        .docket(["--once"])
        .exits(4)
        .says("`agent: shell` is another agent");
    assert_eq!(fates(&sandbox)[0], "tickets/TICKET-020.md new 1");
    assert!(!sandbox.path("tickets/TICKET-030.md").exists());
}

#[test]
fn what_waited_comes_into_the_queue_when_the_work_is_approved() {
    let sandbox = Sandbox::new();
    let script = [
        "[ -e \"$HOME/second\" ] && exit 0\ntouch \"$HOME/second\"\n".to_owned(),
        follow_up("TICKET-020.md", "title: X; validate: [\"true\"]", "X."),
        follow_up("TICKET-030.md", "title: Y; depends_on: [20]", "Y."),
        "sed 's/^title: .*/&\\nvalidate: [\"true\"]/' \"$DOCKET_DESK/tickets/TICKET-090.md\" > e; cat e > \"$DOCKET_DESK/tickets/TICKET-090.md\"; rm e".to_owned(),
    ]
    .concat();
    sandbox.agent("mine", &script);
    sandbox.configure("[limits]\nno_progress_turns = 9");
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.ticket(90, "agent: user", "By hand.");
    let mut running = sandbox.start(["run", "--watch"]);
    crate::support::sandbox::until("the gate is reached", || {
        sandbox.path(".docket/ledger.db").exists()
            && sandbox.kinds().iter().any(|kind| kind == "gate_reached")
    });
    if !running.lives() {
        return;
    }
    assert_eq!(
        fates(&sandbox)
            .iter()
            .filter(|fate| fate.contains(" held: "))
            .count(),
        3
    );
    let waits = sandbox.events().into_iter().any(|event| {
        matches!(event, Event::GateReached { need, .. } if need.to_string().contains("TICKET-030: it depends on TICKET-020, which waits for a human"))
    });
    assert!(waits);
    assert!(!sandbox.path("tickets/TICKET-020.md").exists());
    sandbox.docket(["approve", "10"]).exits(0);
    crate::support::sandbox::until("the tickets are there", || {
        sandbox.path("tickets/TICKET-020.md").exists()
            && sandbox.path("tickets/TICKET-030.md").exists()
            && sandbox.is_done(10)
            && fates(&sandbox).len() == 6
            && sandbox.text_of(90).contains("validate: [\"true\"]")
    });
    let fates = fates(&sandbox);
    assert_eq!(fates[3..].len(), 3, "{fates:#?}");
    running.signal(rustix::process::Signal::TERM);
    running.finish();
}

#[test]
fn tickets_in_a_tracked_folder_of_the_tree_count_the_same_and_are_left_out_of_the_commit() {
    let sandbox = Sandbox::new();
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.ticket(20, "agent: user", "Second.");
    sandbox.git(["add", "tickets"]);
    sandbox.git(["commit", "--quiet", "-m", "the queue"]);
    let script = format!(
        "echo more >> tickets/TICKET-020.md\n{}\necho work > work.txt\n[ \"$DOCKET_TURN\" = 1 ] && exit 0\ngit add -A && git commit -qm mine\nsed 's/^done: false/done: true/' tickets/TICKET-010.md > \"$HOME/t\"; cat \"$HOME/t\" > tickets/TICKET-010.md",
        follow_up("TICKET-030.md", "title: New", "New.").replace("$DOCKET_DESK/", ""),
    )
    .replacen("echo more", "[ \"$DOCKET_TURN\" = 1 ] && echo more", 1);
    agent(&sandbox, "mine", &script);
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        fates(&sandbox),
        [
            "tickets/TICKET-020.md edited",
            "tickets/TICKET-030.md new 1"
        ]
    );
    assert!(sandbox.text_of(20).contains("more"));
    assert!(sandbox.path("tickets/TICKET-030.md").exists());
    assert!(sandbox.is_done(10));
    assert_eq!(
        sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
        "work.txt"
    );
}

#[test]
fn a_ticket_is_progress_and_a_refused_one_is_not() {
    let sandbox = Sandbox::new();
    let script = "n=$((DOCKET_TURN * 10 + 100))\n[ \"$DOCKET_TURN\" -gt 3 ] && n=$((DOCKET_TURN)) \nprintf -- '---\\nagent: mine\\ndone: false\\ntitle: T%s\\n---\\nBody.\\n' $n > \"$DOCKET_DESK/tickets/TICKET-0$n.md\"";
    agent(&sandbox, "mine", script);
    sandbox.ticket(
        10,
        "agent: mine\nlimits: { turns: 12, new_tickets: 3 }",
        "Work.",
    );
    sandbox
        .docket(["--once", "--ticket", "10"])
        .exits(4)
        .says("no progress");
    let turns = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "turn_started")
        .count();
    assert_eq!(turns, 6);
}

#[test]
fn of_a_large_queue_only_some_copies_are_made() {
    let sandbox = Sandbox::new();
    sandbox.agent("mine", "ls \"$DOCKET_DESK/tickets\" | wc -l > \"$HOME/count\"; ls \"$DOCKET_DESK/tickets\" > \"$HOME/list\"");
    sandbox.ticket(5, "agent: mine\ndepends_on: [999]", "Work.");
    let done = sandbox.ticket(999, "agent: user", "Done.");
    let text = fs::read_to_string(&done).expect("it is there");
    fs::write(&done, text.replace("done: false", "done: true")).expect("it is written");
    for number in 100..260 {
        sandbox.ticket(number, "agent: user", "Later.");
    }
    sandbox.docket(["--once", "--ticket", "5"]).exits(0);
    let read = |name: &str| fs::read_to_string(sandbox.home(name)).expect("the agent wrote it");
    assert_eq!(read("count").trim(), "100");
    assert!(read("list").contains("TICKET-999.md"));
    assert!(!read("list").contains("TICKET-005.md"));
}

#[test]
fn a_second_attempt_that_writes_the_same_ticket_adds_nothing() {
    let sandbox = Sandbox::new();
    let script = format!(
        "{}\n[ -e \"$HOME/again\" ] || {{ touch \"$HOME/again\"; exit 1; }}\ntouch x.txt",
        follow_up("TICKET-200.md", "title: Docs", "Write docs.")
    );
    sandbox.agent("mine", &script);
    sandbox.ticket(10, "agent: mine\nlimits: { attempts: 2 }", "Work.");
    sandbox.docket(["--once", "--ticket", "10"]).exits(0);
    assert_eq!(fates(&sandbox), ["tickets/TICKET-200.md new 1"]);
    let attempts = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "attempt_started")
        .count();
    assert_eq!(attempts, 2);
}
