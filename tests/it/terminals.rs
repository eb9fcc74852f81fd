//! What docket does to the terminal itself: every mode that it sets is taken back, on every way out.

use std::process::Command;

use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "echo first");
    sandbox.shell(2, "depends_on: [1]", "echo second");
    sandbox
}

/// On a terminal that is known to tell keys apart.
fn in_kitty(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.command(NO_ARGUMENTS);
    command.env("KITTY_WINDOW_ID", "1");
    command
}

fn open(command: &Command) -> Terminal {
    let terminal = Terminal::start(command, 100, 30);
    terminal.shows("after 001");
    terminal
}

#[test]
fn every_way_out_takes_back_every_mode() {
    let sandbox = sandbox();
    for leave in [Some("q"), None] {
        let mut terminal = open(&in_kitty(&sandbox));
        for mode in ["?1049h", "?1004h", "?2004h", "?1002h", "?1006h", "?25l"] {
            assert!(terminal.got(&format!("\x1b[{mode}")), "{mode}");
        }
        assert!(terminal.got("\x1b[>1u"));
        assert!(!terminal.left_behind().is_empty());
        if let Some(key) = leave {
            terminal.send(key);
            assert_eq!(terminal.ends(), 0);
        } else {
            terminal.signal(Signal::TERM);
            assert_eq!(terminal.ends(), 143);
        }
        assert_eq!(terminal.left_behind(), [""; 0]);
        assert!(terminal.is_as_before());
    }
}

#[test]
fn nothing_is_asked_of_a_terminal_that_is_not_known() {
    let sandbox = sandbox();
    let mut command = in_kitty(&sandbox);
    command.env("TMUX", "/tmp/tmux-1000/default,1,0");
    let mut terminal = open(&command);
    assert!(!terminal.got("\x1b[>1u"));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(!terminal.got("\x1b[<1u"));
    assert_eq!(terminal.left_behind(), [""; 0]);
}

#[test]
fn the_mouse_is_left_and_taken_again() {
    let sandbox = sandbox();
    let mut terminal = open(&sandbox.command(NO_ARGUMENTS));
    terminal.send("m");
    terminal.shows("the mouse is your terminal's");
    let left = terminal.left_behind();
    assert!(!left.contains(&"?1002h".to_owned()), "{left:?}");
    terminal.send("m");
    terminal.shows("the mouse is docket's");
    // A drag of the border between queue and transcript.
    terminal.send("\x1b[<0;26;10M\x1b[<32;41;10M\x1b[<0;41;10m");
    terminal.wait("the queue is wider", |screen| {
        let lines: Vec<_> = screen.lines().collect();
        lines.get(1).is_some_and(|line| {
            line.char_indices()
                .position(|(_, c)| c == '┐')
                .is_some_and(|at| at >= 38)
        })
    });
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn the_window_has_a_title_unless_that_is_not_wanted() {
    let sandbox = sandbox();
    let mut terminal = open(&sandbox.command(NO_ARGUMENTS));
    until("the title is set", || terminal.got("\x1b]2;docket 0/2\x07"));
    assert!(terminal.got("\x1b[22;2t\x1b]2;docket"));
    terminal.send("s");
    terminal.shows("2/2 done");
    terminal.shows("r1 done");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.got("\x1b]2;docket: r1"));
    assert!(terminal.is_as_before());
    let mut terminal = Terminal::start(&sandbox.command(["--set", "ui.title=false"]), 100, 30);
    terminal.shows("2/2 done");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(!terminal.got("\x1b]2;"));
}

#[test]
fn a_hundred_sizes_in_a_moment_leave_a_sound_screen() {
    let sandbox = sandbox();
    let mut terminal = open(&in_kitty(&sandbox));
    for step in 0..100u16 {
        match step % 4 {
            0 => terminal.resize(1, 1),
            1 => terminal.resize(400, 120),
            2 => terminal.resize(40, 12),
            _ => terminal.resize(2 + step * 7 % 200, 2 + step * 3 % 60),
        }
    }
    terminal.resize(100, 30);
    terminal.wait("borders are whole", |screen| {
        let lines: Vec<_> = screen.lines().collect();
        lines.len() == 30 && lines[1].starts_with('┌') && lines[28].ends_with('┘')
    });
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert_eq!(terminal.left_behind(), [""; 0]);
}

#[test]
fn popups_open_over_the_wire_and_a_paste_does_nothing_by_itself() {
    let sandbox = sandbox();
    let mut terminal = open(&sandbox.command(NO_ARGUMENTS));
    terminal.send("\x17");
    terminal.shows("Esc drops it");
    terminal.send("\x1b");
    terminal.wait("it is gone", |screen| !screen.contains("drops it"));
    terminal.send(":");
    terminal.shows("Actions (Enter");
    terminal.send("\x1b[200~star\x1b[Bt\r\x1b[201~");
    terminal.wait("what was pasted is in the field", |screen| {
        screen.contains(": star")
    });
    assert!(terminal.screen().contains("Actions (Enter"));
    terminal.send("\x1b");
    terminal.wait("it is gone", |screen| !screen.contains("Actions"));
    // Focus comes and goes without a word, and presses no key.
    terminal.send("\x1b[O\x1b[I");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
    assert!(!sandbox.is_done(1));
}
