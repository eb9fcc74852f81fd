//! From a key to its echo on the terminal that docket runs on, and the same through tmux: alone, and while another terminal floods.

use std::time::Duration;

use super::tmux::Tmux;
use crate::screen::flood::percentiles;
use crate::screen::on_terminal::OnTerminal;
use crate::support::repository;

const KEYS: usize = 400;
/// Letters in a line.
const LINE: usize = 40;
/// As fast as people type: a key every 40 ms and a bit, so that keys fall anywhere between two frames.
const PAUSE: Duration = Duration::from_micros(41_300);

/// Types at a `cat`, and sees each letter.
fn key_to_echo(screen: &mut OnTerminal) -> Vec<Duration> {
    screen.press("clear; cat\r");
    screen.watch(Duration::from_millis(500));
    let mut typed = String::new();
    (0..KEYS)
        .map(|index| {
            if index % LINE == 0 {
                // No line begins like another: what is looked for is nowhere yet.
                let begin = format!("{index:03}:");
                screen.press("\r");
                // `cat` has to have said the line before once more.
                screen.watch(Duration::from_millis(100));
                screen.press(&begin);
                screen.until(&begin, true);
                typed = begin;
            }
            screen.watch(PAUSE);
            let letter = char::from(b'a' + u8::try_from(index * 7 % 26).expect("a letter"));
            typed.push(letter);
            screen.press(&letter.to_string());
            screen.until(&typed, true)
        })
        .collect()
}

pub(crate) fn bench() {
    let folder = repository(1, "title: Bench\n", "```sh\ntrue\n```");
    let mut screen = super::shell(folder.path());
    percentiles("key to echo in docket's terminal", key_to_echo(&mut screen));
    super::leave(screen);

    for (place, keys, back) in [
        ("beside it", "\x1d|", "\x1d\x1b[D"),
        ("in another tab", "\x1dc", "\x1dp"),
    ] {
        for (what, flood) in [("yes", "yes"), ("seq", "seq 100000000000")] {
            // Its own: the next start would open the same terminals again.
            let folder = repository(1, "title: Bench\n", "```sh\ntrue\n```");
            let mut screen = super::shell(folder.path());
            screen.press(keys);
            screen.watch(Duration::from_millis(500));
            screen.press(&format!("{flood}\r"));
            screen.watch(Duration::from_millis(500));
            screen.press(back);
            screen.watch(Duration::from_millis(500));
            percentiles(
                &format!("key to echo in docket's terminal, {what} {place}"),
                key_to_echo(&mut screen),
            );
            super::leave(screen);
        }
    }

    let Some(tmux) = Tmux::start("sh") else {
        return println!("tmux is not here");
    };
    let mut screen = tmux.attach();
    screen.until("$ ", true);
    percentiles("key to echo in tmux", key_to_echo(&mut screen));
    screen.press("\x03");
    for (words, what) in [
        ("split-window", "key to echo in tmux, yes beside it"),
        ("new-window", "key to echo in tmux, yes in another window"),
    ] {
        tmux.run(&[words, "-d", "yes"]);
        percentiles(what, key_to_echo(&mut screen));
        screen.press("\x03");
    }
    screen.kill();
}
