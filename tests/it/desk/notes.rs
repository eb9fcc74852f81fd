//! Notes that all agents share.

use std::fs;

use docket::domain::event::Event;

use crate::support::sandbox::Sandbox;

fn told(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::NoteBrought { news, .. } => Some(news.to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn what_one_agent_writes_down_the_next_one_reads() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write(".docket/context/spec.md", "Spec.\n");
    sandbox.agent(
        "mine",
        "cat \"$DOCKET_DESK/context/spec.md\" > \"$HOME/seen-$(basename \"$PWD\")\"\n[ -e \"$DOCKET_DESK/context/decisions.md\" ] && exit 0\necho 'More of the spec.' >> \"$DOCKET_DESK/context/spec.md\"\necho 'We use zstd.' > \"$DOCKET_DESK/context/decisions.md\"",
    );
    sandbox.ticket(10, "agent: mine", "First.");
    sandbox.ticket(20, "agent: mine", "Second.");
    sandbox.docket(["run"]).exits(0);
    assert_eq!(
        told(&sandbox),
        ["new note decisions.md", "changed note spec.md"]
    );
    let read = |name: &str| fs::read_to_string(sandbox.path(name)).expect("the note");
    assert_eq!(
        read(".docket/context/spec.md"),
        "Spec.\nMore of the spec.\n"
    );
    assert_eq!(read(".docket/context/decisions.md"), "We use zstd.\n");
    let prompt = sandbox.evidence(1, "TICKET-020.1", "prompt.md");
    assert!(
        prompt.contains("We use zstd.") && prompt.contains("More of the spec."),
        "{prompt}"
    );
}

#[test]
fn a_note_that_changed_meanwhile_is_not_overwritten() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write(".docket/context/spec.md", "Spec.\n");
    let script = "echo agent >> \"$DOCKET_DESK/context/spec.md\"\necho human >> \"$ROOT/.docket/context/spec.md\""
        .replace("$ROOT", sandbox.path("").to_str().expect("UTF-8"));
    sandbox.agent("mine", &script);
    sandbox.ticket(10, "agent: mine", "First.");
    sandbox.docket(["--once"]).exits(0);
    let name = "spec.TICKET-010.1.1.md";
    assert_eq!(
        told(&sandbox),
        [format!(
            "note spec.md changed meanwhile: the agent's version is {name}"
        )]
    );
    let read = |name: &str| {
        fs::read_to_string(sandbox.path(format!(".docket/context/{name}"))).expect("the note")
    };
    assert_eq!(read("spec.md"), "Spec.\nhuman\n");
    assert_eq!(read(name), "Spec.\nagent\n");
}

#[test]
fn notes_are_files_of_bounded_size_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write(".docket/context/spec.md", "Spec.\n");
    sandbox.agent(
        "mine",
        "cd \"$DOCKET_DESK/context\"\nln -s /etc/passwd link.md\nmkfifo pipe.md\nmkdir folder.md\nhead -c 2000000 /dev/zero > huge.md\nprintf '\\377' > binary.md\necho x > SPEC.md\necho x > \"$(printf 'a\\nb.md')\"\necho x > .hidden.md\nrm spec.md; ln -s ../../../../../escaped spec.md",
    );
    sandbox.ticket(10, "agent: mine", "First.");
    sandbox.docket(["--once"]).exits(0);
    let told = told(&sandbox);
    assert_eq!(told.len(), 8, "{told:#?}");
    assert!(
        told.iter().all(|line| line.contains("was refused")),
        "{told:#?}"
    );
    let names: Vec<_> = fs::read_dir(sandbox.path(".docket/context"))
        .expect("the notes")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["spec.md"]);
}

#[test]
fn a_pipe_among_the_notes_stops_nobody() {
    let sandbox = Sandbox::new();
    sandbox.repository().write(".docket/context/a.md", "A.\n");
    let pipe = sandbox.path(".docket/context/pipe.md");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a pipe");
    sandbox.shell(10, "", "touch x");
    sandbox.docket(["--once"]).exits(0);
    assert!(
        sandbox
            .evidence(1, "TICKET-010.1", "prompt.md")
            .contains("A.")
    );
}
