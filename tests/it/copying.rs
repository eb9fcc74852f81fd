//! What a terminal showed is read back, searched and copied: the real program on a real terminal, and inside of tmux and screen.

use std::process::{Command, Output};

use crate::ledger::scene::skipped;
use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

/// `250` in base64.
const FOUND: &str = "]52;c;MjUw";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "echo first");
    sandbox
}

/// Opens the shell in the pane, has it write, and searches back.
fn search(terminal: &Terminal) {
    terminal.shows("0/1 done");
    terminal.send("tseq 1 500\r");
    terminal.shows("│500 ");
    terminal.send("\x1d/");
    terminal.shows("Search:");
    terminal.send("250");
    terminal.shows("1 of 1");
    terminal.send("\r");
    terminal.shows("copy  ");
    terminal.shows("│250 ");
}

fn leave(mut terminal: Terminal) {
    terminal.send("\x1d\x1d");
    terminal.shows("? help");
    terminal.quits();
}

#[test]
fn what_was_found_is_copied_to_the_terminal() {
    let sandbox = sandbox();
    let terminal = Terminal::start(&sandbox.command(NO_ARGUMENTS), 100, 30);
    search(&terminal);
    terminal.send("Y");
    terminal.shows("copied 3 characters");
    assert!(terminal.got(&format!("\x1b{FOUND}")));
    // The shell has the keys again.
    terminal.send("echo $((6*7))\r");
    terminal.shows("│42 ");
    leave(terminal);
}

#[test]
fn a_file_takes_what_the_terminal_does_not() {
    let sandbox = sandbox();
    let run = sandbox.home("run");
    std::fs::create_dir_all(&run).expect("a folder");
    let mut command = sandbox.command(["--set", "ui.clipboard=file"]);
    command.env("XDG_RUNTIME_DIR", &run);
    let terminal = Terminal::start(&command, 200, 30);
    search(&terminal);
    terminal.send("Y");
    terminal.shows("clipboard.txt: as configured");
    let text = std::fs::read_to_string(run.join("docket/clipboard.txt"));
    assert_eq!(text.expect("the file"), "250");
    assert!(!terminal.got("]52;"));
    leave(terminal);
}

#[test]
fn everything_is_read_in_the_pager_while_the_program_goes_on() {
    let sandbox = sandbox();
    let mut command = sandbox.command(NO_ARGUMENTS);
    command.env(
        "PAGER",
        "sh -c 'ls -l \"$1\"; grep -c 1 \"$1\"; cat > /dev/null' pager",
    );
    let terminal = Terminal::start(&command, 100, 30);
    terminal.shows("0/1 done");
    // More than fits between the program and docket.
    terminal.send("tseq 1 20; read line; seq 1 100000; touch done\r");
    terminal.shows("│20 ");
    terminal.send("\r\x1dO");
    terminal.shows("-rw------- ");
    let done = sandbox.repository().root().join("done");
    until("the program goes on", || done.exists());
    terminal.send("\x04");
    terminal.shows("100000");
    let folder = std::fs::read_dir(sandbox.repository().root().join(".docket"));
    let drafts = folder.expect("a folder").filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("draft")
    });
    assert_eq!(drafts.count(), 0);
    leave(terminal);
}

/// A multiplexer's command, and its end with the test.
struct Multiplexer<'a> {
    sandbox: &'a Sandbox,
    program: &'static str,
    name: Vec<String>,
    end: &'static [&'static str],
}

impl Multiplexer<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.program(self.program);
        command.args(&self.name).args(arguments);
        command.env("SHELL", "/bin/sh").env("PS1", "$ ");
        command
    }

    fn does(&self, arguments: &[&str]) -> Option<Output> {
        self.command(arguments).output().ok()
    }
}

impl Drop for Multiplexer<'_> {
    fn drop(&mut self) {
        let _gone_already = self.does(self.end);
    }
}

#[test]
fn tmux_as_it_comes_takes_it_and_hands_it_on() {
    let sandbox = sandbox();
    let socket = sandbox.home("tmux").display().to_string();
    let tmux = Multiplexer {
        sandbox: &sandbox,
        program: "tmux",
        name: ["-S", &socket, "-f", "/dev/null"]
            .map(str::to_owned)
            .to_vec(),
        end: &["kill-server"],
    };
    if tmux.does(&["-V"]).is_none() {
        return skipped("tmux is not in PATH");
    }
    let docket = crate::support::programs::docket().display().to_string();
    let terminal = Terminal::start(&tmux.command(&["new-session", &docket]), 100, 30);
    search(&terminal);
    terminal.send("Y");
    until("tmux has it", || {
        let buffer = tmux.does(&["show-buffer"]);
        buffer.is_some_and(|buffer| buffer.stdout == b"250")
    });
    // tmux names no kind of clipboard: the terminal's own.
    until("the terminal around it has it", || {
        terminal.got("\x1b]52;;MjUw") || terminal.got(&format!("\x1b{FOUND}"))
    });
}
