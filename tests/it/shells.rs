//! Terminals on the screen, with real shells: the chord, the next start, the end, sizes, pastes.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::processes::shown_on_a_command_line;
use crate::support::sandbox::{Sandbox, Stopwatch, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

/// Longer than the moment in which a question takes no answer.
const READ: Duration = Duration::from_millis(400);

fn open(sandbox: &Sandbox) -> Terminal {
    let terminal = Terminal::start(&sandbox.command(NO_ARGUMENTS), 100, 30);
    terminal.shows("? help");
    terminal
}

fn with_a_shell(sandbox: &Sandbox) -> Terminal {
    let terminal = open(sandbox);
    terminal.send("t");
    terminal.shows("Ctrl-] and then");
    waits_for_a_command(&terminal);
    terminal
}

/// A shell shows its prompt at the beginning of the pane: `#` for root.
fn waits_for_a_command(terminal: &Terminal) {
    terminal.wait("a shell waits", |screen| {
        let last = screen
            .lines()
            .filter(|line| line.contains("│$ ") || line.contains("│# "));
        last.count() > 0
    });
}

/// A time to sleep that nobody else sleeps, to find the process by.
fn sleep(seconds: u32) -> String {
    format!("sleep {seconds}.{}", std::process::id())
}

/// Whether a sleep of that time is there.
fn sleeps(seconds: u32) -> bool {
    shown_on_a_command_line(&sleep(seconds).replace(' ', "\x00"))
}

/// Writes a script into the checkout.
fn script(sandbox: &Sandbox, name: &str, text: &str) {
    fs::write(sandbox.path(name), text).expect("a script");
}

#[test]
fn the_chord_opens_tabs_and_closing_asks_about_what_runs() {
    let sandbox = Sandbox::new();
    let mut terminal = with_a_shell(&sandbox);
    terminal.send("echo $DOCKET_TERMINAL-$TERM-$COLORTERM-$DOCKET_TICKET.\r");
    terminal.shows("1-xterm-256color-truecolor-.");
    // Nothing of the sequences reaches the shell.
    terminal.send("\x1dc");
    terminal.shows("1 repository 2 repository*");
    terminal.send(format!("echo second $((20+1)); exec {}\r", sleep(1001)));
    terminal.shows("second 21");
    terminal.send("\x1d1");
    terminal.shows("1 repository* 2 repository");
    terminal.send(format!("{}\r", sleep(1002)));
    until("it runs", || sleeps(1002));
    terminal.send("\x1dx");
    terminal.shows("1 repository runs sleep. Close it?");
    terminal.says_yes("Close it?");
    terminal.wait("one is left", |screen| {
        screen.contains("Terminal  repository") && !screen.contains("Close it?")
    });
    until("it is gone", || !sleeps(1002));
    // What took the shell's place is no program in front of it: it is closed at once.
    terminal.send("\x1dx");
    terminal.wait("the pane is closed", |screen| !screen.contains("Terminal"));
    until("it is gone", || !sleeps(1001));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn a_new_tab_begins_where_the_shell_is_if_it_tells() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("inside")).expect("a folder");
    let mut terminal = with_a_shell(&sandbox);
    terminal
        .send("cd inside; printf '\\033]7;file://%s%s\\033\\\\to''ld' \"$(uname -n)\" \"$PWD\"\r");
    terminal.shows("told");
    terminal.send("\x1dc");
    terminal.shows("2 repository*");
    terminal.send("pwd -P > there\r");
    until("it begins there", || sandbox.path("inside/there").exists());
    // What is gone can't be a place.
    terminal.send("printf '\\033]7;file:///nowhere/at/all\\033\\\\go''ne'\r");
    terminal.shows("gone");
    terminal.send("\x1d|");
    terminal.shows("repository 2/2*");
    terminal.send("pwd -P > here\r");
    until("it begins here", || sandbox.path("here").exists());
    terminal.send("\x1d\x1d");
    assert_eq!(terminal.quits(), 0);
}

#[test]
fn terminals_come_back_in_their_places() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("inside")).expect("a folder");
    let mut terminal = with_a_shell(&sandbox);
    terminal.send("\x1d|");
    terminal.shows("repository 2/2");
    terminal.send("\x1d,mine\r");
    terminal.shows("mine 2/2");
    terminal.send("cd inside\r");
    terminal.send("\x1d\x1dq");
    terminal.shows("These terminals are open");
    terminal.send("n");
    terminal.wait("it stays", |screen| !screen.contains("are open"));
    assert_eq!(terminal.quits(), 0);
    assert!(terminal.is_as_before());

    let mut terminal = open(&sandbox);
    assert!(!terminal.screen().contains("mine"));
    terminal.send("t");
    terminal.shows("mine 2/2");
    // They are new shells, where the old ones were opened.
    terminal.send("pwd -P > where\r");
    until("it is where it was", || sandbox.path("where").exists());
    terminal.send("\x1d\x1d");
    assert_eq!(terminal.quits(), 0);

    // A file that can't be read is put aside, and said.
    let file = sandbox.path(".docket/terminals.toml");
    fs::write(&file, "what is this").expect("damaged");
    let mut terminal = open(&sandbox);
    terminal.shows("terminals.toml can't be read");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    let aside = sandbox.path(".docket/terminals.damaged-1.toml");
    assert_eq!(fs::read_to_string(aside).expect("kept"), "what is this");
    assert!(!file.exists());
}

#[test]
fn the_end_reaches_every_program_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    script(
        &sandbox,
        "polite.sh",
        "trap 'echo hup > hung-up; exit 0' HUP\necho wa''its\nwhile :; do sleep 0.05; done\n",
    );
    let mut terminal = with_a_shell(&sandbox);
    terminal.send(format!(
        "nohup {} >/dev/null 2>&1 & setsid {} &\r",
        sleep(2001),
        sleep(2002)
    ));
    until("both run", || sleeps(2001) && sleeps(2002));
    terminal.send("sh polite.sh\r");
    terminal.shows("waits");
    terminal.send("\x1d\x1dq");
    terminal.shows("1 repository runs sh");
    terminal.says_yes("Leave docket");
    assert_eq!(terminal.ends(), 0);
    until("it heard of the end", || sandbox.path("hung-up").exists());
    until("nothing is left", || !sleeps(2001) && !sleeps(2002));
}

#[test]
fn a_signal_asks_nothing_and_a_stuck_program_delays_no_end() {
    let sandbox = Sandbox::new();
    script(
        &sandbox,
        "stuck.sh",
        &format!(
            "trap '' HUP TERM INT\necho st''uck\nwhile :; do {}; done\n",
            sleep(3001)
        ),
    );
    let mut terminal = with_a_shell(&sandbox);
    terminal.send("sh stuck.sh\r");
    terminal.shows("stuck");
    until("it runs", || sleeps(3001));
    let clock = Stopwatch::start();
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ends(), 143);
    // 300 ms between SIGHUP and SIGKILL; the rest is for a loaded machine.
    assert!(
        clock.elapsed() < Duration::from_secs(3),
        "{:?}",
        clock.elapsed()
    );
    until("nothing is left", || !sleeps(3001));
    assert!(terminal.is_as_before());
}

#[test]
fn a_storm_of_sizes_is_told_once() {
    let sandbox = Sandbox::new();
    script(
        &sandbox,
        "sizes.sh",
        "n=0\ntrap 'n=$((n+1)); echo \"size $n: $(stty size)\"' WINCH\necho re''ady\nwhile :; do sleep 0.01; done\n",
    );
    let mut terminal = with_a_shell(&sandbox);
    terminal.send("\x1dz");
    terminal.shows("zoomed");
    terminal.is_quiet_for(Duration::from_millis(200));
    terminal.send("sh sizes.sh\r");
    terminal.shows("ready");
    for step in 0..200u16 {
        terminal.resize(70 + step % 60, 20 + step % 17);
    }
    terminal.resize(90, 26);
    // The frame, the header and the hints take their part.
    terminal.shows(": 22 88");
    terminal.is_quiet_for(Duration::from_millis(300));
    let screen = terminal.screen();
    let told = screen.matches("size ").count();
    assert!((1..=3).contains(&told), "{screen}");
    terminal.send("\x03");
    terminal.send("echo fin''ished\r");
    terminal.shows("finished");
    terminal.send("\x1dx");
    terminal.wait("it is closed", |screen| !screen.contains("zoomed"));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn many_lines_are_pasted_after_a_yes() {
    let sandbox = Sandbox::new();
    let mut terminal = with_a_shell(&sandbox);
    terminal.send("\x1b[200~echo $((1+1))tw''o\necho $((1+2))thr''ee\n\x1b[201~");
    terminal.shows("Paste 2 lines");
    terminal.is_quiet_for(READ);
    terminal.send("n");
    terminal.wait("nothing was pasted", |screen| !screen.contains("Paste 2"));
    assert!(!terminal.screen().contains("echo"));
    terminal.send("\x1b[200~echo $((1+1))tw''o\necho $((1+2))thr''ee\n\x1b[201~");
    terminal.shows("Paste 2 lines");
    terminal.is_quiet_for(READ);
    terminal.send("y");
    terminal.shows("2two");
    terminal.shows("3three");
    // As one line: it stands there, and nothing runs.
    terminal.send("\x1b[200~echo $((2+2))fo''ur\n#and more\n\x1b[201~");
    terminal.shows("Paste 2 lines");
    terminal.is_quiet_for(READ);
    terminal.send("o");
    terminal.shows("fo''ur #and more");
    assert!(!terminal.screen().contains("4four"));
    terminal.send("\r");
    terminal.shows("4four");
    terminal.send("\x1dx");
    terminal.wait("it is closed", |screen| !screen.contains("Terminal"));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn what_is_typed_in_one_go_arrives_whole() {
    let sandbox = Sandbox::new();
    let terminal = with_a_shell(&sandbox);
    for (name, count) in [("short", 2_000), ("long", 40_000)] {
        terminal.send(format!(
            "stty raw -echo; echo rea''dy; head -c {count} > {name}; stty sane; echo th''rough\r"
        ));
        terminal.shows("ready");
        let typed: String = ('a'..='z').cycle().take(count).collect();
        // No key follows that would bring the rest.
        terminal.send(&typed);
        terminal.shows("through");
        let arrived = fs::read_to_string(sandbox.path(name)).expect("a file");
        assert!(arrived == typed, "{count} bytes, {} came", arrived.len());
        terminal.send("clear\r");
        terminal.wait("a clear screen", |screen| !screen.contains("through"));
    }
}
