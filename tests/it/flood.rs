//! The terminal pane under a flood, and at the end: the real program on a real terminal. Nothing here measures time.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::ledger::scene::skipped;
use crate::support::processes::{below, written};
use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;
use crate::support::wait::{LONG, wait_until};

const NO_ARGUMENTS: [&str; 0] = [];

/// The chord leads out of the terminal, also where it has to be pressed twice.
const LEAVE: &str = "\x1d\x1d";

/// How far what a program has written may be ahead of what is drawn: the system's buffer, what docket has read, a frame.
const AHEAD: u64 = 2 << 20;

/// docket with a shell in its terminal pane, which has the keys.
fn shell(sandbox: &Sandbox) -> Terminal {
    sandbox.shell(1, "", "echo first");
    let command: Command = sandbox.command(NO_ARGUMENTS);
    let terminal = Terminal::start(&command, 100, 30);
    terminal.shows("001 Ticket 1");
    terminal.send("t");
    terminal.shows("Terminal");
    terminal.send("echo rea''dy\r");
    terminal.shows("ready");
    terminal
}

/// Leaves docket: it may ask whether that is meant.
fn quit(terminal: &mut Terminal) {
    terminal.send(LEAVE);
    assert_eq!(terminal.quits(), 0);
    assert!(terminal.is_as_before());
}

/// The process of this name below docket.
fn process(terminal: &Terminal, name: &str) -> u32 {
    let mut found = None;
    until(&format!("{name} runs"), || {
        found = below(terminal.pid()).into_iter().find(|process| {
            fs::read_to_string(format!("/proc/{}/comm", process.pid))
                .is_ok_and(|comm| comm.trim() == name)
        });
        found.is_some()
    });
    found.expect("it runs").pid
}

/// Waits until a process writes nothing more: a hundred looks in a row see the same.
fn stands_still(pid: u32) -> u64 {
    let (mut last, mut same) = (0, 0);
    until("its writing waits", || {
        let now = written(pid).expect("it lives");
        same = if now == last { same + 1 } else { 0 };
        last = now;
        same >= 100
    });
    last
}

/// Memory of a process that is in use now, and its peak, in bytes.
fn resident(pid: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let count = line.map(|rest| rest.trim().trim_end_matches(" kB"));
        count
            .and_then(|count| count.parse::<u64>().ok())
            .expect("a size")
            << 10
    };
    (of("VmRSS:"), of("VmHWM:"))
}

#[test]
fn yes_can_be_interrupted_and_left() {
    let sandbox = Sandbox::new();
    let mut terminal = shell(&sandbox);
    terminal.send("yes\r");
    terminal.wait("it floods", |screen| {
        screen.matches("y\n").count() + screen.matches("│y ").count() > 5
    });
    terminal.send("\x03");
    terminal.send("echo ali''ve\r");
    terminal.shows("alive");
    terminal.send("yes\r");
    terminal.wait("it floods", |screen| !screen.contains("alive"));
    quit(&mut terminal);
    until("nothing is left of it", || sandbox.agents().is_empty());
}

#[test]
fn a_flood_is_slowed_by_the_system_and_nothing_is_dropped_or_kept() {
    if !cfg!(target_os = "linux") {
        return skipped("how much a process has written is known from /proc");
    }
    const BYTES: u64 = 4 << 20;
    let sandbox = Sandbox::new();
    let mut terminal = shell(&sandbox);
    let (before, _) = resident(terminal.pid());
    terminal.send("seq 1000000000\r");
    let seq = process(&terminal, "seq");
    wait_until("much is written", 6 * LONG, || {
        written(seq).is_some_and(|bytes| bytes > BYTES)
    });
    let (_, most) = resident(terminal.pid());
    // 10,000 rows are kept.
    assert!(
        most < before + (24 << 20),
        "docket grew from {before} to {most} bytes"
    );
    // While docket reads nothing, its program waits.
    terminal.signal(Signal::STOP);
    let produced = stands_still(seq);
    // What docket drew before is read to its end.
    terminal.is_quiet_for(Duration::from_millis(500));
    let drawn = drawn(&terminal.screen());
    assert!(
        drawn <= produced && produced - drawn < AHEAD,
        "{produced} bytes are written, {drawn} are on the screen"
    );
    terminal.signal(Signal::CONT);
    until("it goes on", || {
        written(seq).is_some_and(|bytes| bytes > produced)
    });
    terminal.send("\x03");
    terminal.send("echo ali''ve\r");
    terminal.shows("alive");
    // What is above the screen has no gap.
    let screen = terminal.screen();
    let numbers: Vec<u64> = numbers(&screen).collect();
    assert!(numbers.len() > 3, "{screen}");
    assert!(
        numbers.is_sorted_by(|one, next| one + 1 == *next),
        "{numbers:?}"
    );
    quit(&mut terminal);
}

/// The numbers of `seq` on the screen: those that have a line of the pane.
fn numbers(screen: &str) -> impl Iterator<Item = u64> {
    screen.lines().filter_map(|line| {
        let mut parts = line.split('│').map(str::trim);
        parts.find_map(|part| part.parse::<u64>().ok().filter(|number| *number > 1_000))
    })
}

/// How many bytes `seq` wrote until the last number on the screen; the terminal's carriage returns are not counted.
fn drawn(screen: &str) -> u64 {
    let last = numbers(screen).last().expect("a number is on the screen");
    let mut bytes = 0;
    let (mut first, mut digits) = (1, 1);
    while first <= last {
        let end = (first * 10 - 1).min(last);
        bytes += (end - first + 1) * (digits + 1);
        (first, digits) = (first * 10, digits + 1);
    }
    bytes
}

#[test]
fn a_program_that_redraws_without_end_leaves_the_keys_alone() {
    let sandbox = Sandbox::new();
    let mut terminal = shell(&sandbox);
    // The whole screen, in synchronized updates, as fast as it goes.
    terminal.send("i=0; while :; do i=$((i+1)); printf '\\033[?2026h\\033[H\\033[2Jframe %s\\n' $i; printf 'line of a frame\\n%.0s' 1 2 3 4 5 6 7 8; printf '\\033[?2026l'; done\r");
    terminal.wait("it redraws", |screen| screen.contains("line of a frame"));
    terminal.send(LEAVE);
    terminal.send("?");
    terminal.shows("Esc closes");
    terminal.send("\x1b");
    terminal.wait("the help is gone", |screen| !screen.contains("Esc closes"));
    quit(&mut terminal);
    until("nothing is left of it", || sandbox.agents().is_empty());
}

#[test]
fn what_runs_in_the_pane_is_hung_up_when_docket_ends() {
    let sandbox = Sandbox::new();
    let mut terminal = shell(&sandbox);
    let hung = sandbox.home("hung-up");
    // A program that hears SIGHUP, and one beside it in a session of its own that doesn't.
    let script = sandbox.home("program.sh");
    fs::write(
        &script,
        format!(
            "setsid sh -c 'trap \"\" HUP; sleep 1000' &\ntrap 'echo yes > {}; exit' HUP\necho 'it wa''its'\nread -r line\n",
            hung.display()
        ),
    )
    .expect("a script");
    terminal.send(format!("sh {}\r", script.display()));
    terminal.shows("it waits");
    assert!(sandbox.agents().len() >= 3);
    quit(&mut terminal);
    until("it was hung up", || hung.exists());
    until("nothing is left of it", || sandbox.agents().is_empty());
}

#[test]
fn what_runs_in_the_pane_is_hung_up_when_the_line_drops() {
    let sandbox = Sandbox::new();
    let mut terminal = shell(&sandbox);
    terminal.send("sleep 1000 & sleep 2000\r");
    until("they run", || sandbox.agents().len() >= 3);
    terminal.hang_up();
    terminal.ends();
    until("nothing is left of it", || sandbox.agents().is_empty());
}
