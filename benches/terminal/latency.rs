//! From a key to its echo on the terminal that docket runs on, and the same through tmux: alone, and while another terminal floods.

use std::time::Duration;

use super::LEAVE;
use super::tmux::Tmux;
use crate::screen::flood::percentiles;
use crate::screen::on_terminal::OnTerminal;
use crate::support::repository;

const KEYS: usize = 400;
/// As fast as people type: a key every 40 ms and a bit, so that keys fall anywhere between two frames.
const PAUSE: Duration = Duration::from_micros(41_300);

/// Types at a `cat`, and sees each letter.
fn key_to_echo(screen: &mut OnTerminal) -> Vec<Duration> {
    screen.press("clear; cat\r");
    screen.watch(Duration::from_millis(500));
    let mut typed = String::new();
    (0..KEYS)
        .map(|index| {
            screen.watch(PAUSE);
            let letter = char::from(b'a' + u8::try_from(index * 7 % 26).expect("a letter"));
            typed.push(letter);
            screen.press(&letter.to_string());
            let took = screen.until(&typed, true);
            if typed.len() == 40 {
                typed.clear();
                screen.press("\r");
            }
            took
        })
        .collect()
}

pub(super) fn bench() {
    let folder = repository(1, "title: Bench\n", "```sh\ntrue\n```");
    let mut screen = super::shell(folder.path());
    percentiles("key to echo in docket's terminal", key_to_echo(&mut screen));
    super::leave(screen);

    // Two tickets wait in working trees of their own: a terminal in each.
    let folder = repository(2, "title: Bench\n", "```sh\nsleep 1000\n```");
    for (what, flood) in [("yes", "yes"), ("seq", "seq 100000000000")] {
        let mut screen = OnTerminal::open(folder.path());
        screen.until("00002", true);
        screen.press("t");
        screen.until("Terminal", true);
        screen.press(&format!("{flood}\r"));
        screen.watch(Duration::from_millis(500));
        screen.press(LEAVE);
        screen.press("s");
        screen.until("running", true);
        screen.watch(Duration::from_secs(1));
        screen.press("1");
        screen.press("t");
        screen.until("$ ", true);
        percentiles(
            &format!("key to echo in docket's terminal, {what} in another"),
            key_to_echo(&mut screen),
        );
        super::leave(screen);
    }

    let Some(tmux) = Tmux::start("sh") else {
        return println!("tmux is not here");
    };
    let mut screen = tmux.attach();
    screen.until("$ ", true);
    percentiles("key to echo in tmux", key_to_echo(&mut screen));
    screen.press("\x03");
    tmux.run(&["new-window", "-d", "yes"]);
    percentiles(
        "key to echo in tmux, yes in another window",
        key_to_echo(&mut screen),
    );
    screen.kill();
}
