//! A program for people: it draws, asks its terminal who it is, takes pastes, and does something with what it is told.

use std::io::{self, Read, Write};

use rustix::termios::{OptionalActions, tcgetattr, tcgetwinsize, tcsetattr};

use super::hang;

/// What comes before and after pasted text.
const PASTE: (&[u8], &[u8]) = (b"\x1b[200~", b"\x1b[201~");

/// As a signal or a line of its script wants it.
#[expect(clippy::exit, reason = "a program ends with the code that it is told")]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}

/// Runs until it is told to end. After a prompt it does what `then` says.
pub(super) fn run(then: &[&str]) -> ! {
    let mut mode = tcgetattr(io::stdin()).expect("a terminal");
    mode.make_raw();
    tcsetattr(io::stdin(), OptionalActions::Now, &mode).expect("raw mode");
    draw("\x1b[?2004h\x1b]0;fake tui\x07\x1b[c");
    let mut answer = Vec::new();
    while answer.last() != Some(&b'c') {
        answer.push(key());
    }
    assert!(answer.starts_with(b"\x1b[?"), "no answer: {answer:?}");
    draw("\x1b[1mfake tui\x1b[0m\r\ntui> ");
    for number in 1.. {
        let line = line();
        if line == "exit" {
            draw("\x1b[?2004l\r\nbye\r\n");
            exit(0);
        } else if line == "size" {
            let size = tcgetwinsize(io::stdin()).expect("a size");
            draw(&format!(
                "\r\nsize {}x{}\r\ntui> ",
                size.ws_col, size.ws_row
            ));
        } else if line.contains("docket") {
            act(number, &line, then);
        } else {
            draw(&format!("\r\nyou typed {line}\r\ntui> "));
        }
    }
    unreachable!("numbers don't end");
}

fn act(number: u32, prompt: &str, then: &[&str]) {
    std::fs::write(format!("prompt-{number}.txt"), prompt).expect("the work is written");
    draw("\r\nworking ");
    match then {
        ["done"] => draw("\r\nALL DONE\r\ntui> "),
        ["claim"] => {
            let ticket = std::env::var_os("DOCKET_TICKET").expect("a ticket");
            let text = std::fs::read_to_string(&ticket).expect("the ticket is read");
            std::fs::write(&ticket, text.replace("done: false", "done: true")).expect("the claim");
            draw("\r\nALL DONE\r\ntui> ");
        }
        ["exit", code] => exit(code.parse().expect("an exit code")),
        ["stubborn"] => hang(),
        _ => draw("\r\ngot it\r\ntui> "),
    }
}

fn draw(text: &str) {
    let mut stdout = io::stdout();
    stdout
        .write_all(text.as_bytes())
        .expect("the terminal takes it");
    stdout.flush().expect("the terminal takes it");
}

fn key() -> u8 {
    let mut byte = [0];
    match io::stdin().read(&mut byte) {
        Ok(1) => byte[0],
        _ => exit(129),
    }
}

/// What is typed up to an Enter that is not in a paste, echoed.
fn line() -> String {
    let mut line: Vec<u8> = Vec::new();
    let mut pasting = false;
    loop {
        let byte = key();
        if byte == b'\r' && !pasting {
            return String::from_utf8(line).expect("UTF-8").replace('\r', "\n");
        }
        line.push(byte);
        for (mark, begins) in [(PASTE.0, true), (PASTE.1, false)] {
            if line.ends_with(mark) {
                line.truncate(line.len() - mark.len());
                pasting = begins;
            }
        }
        if !pasting && byte.is_ascii_graphic() {
            draw(&char::from(byte).to_string());
        }
    }
}
