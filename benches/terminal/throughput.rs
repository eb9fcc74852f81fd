//! MB for a second of CPU time, and where two programs work together also for a second, of the same bytes: docket's emulator with 10,000 rows, vt100 by itself without and with 10,000 rows, tmux, docket's pane.

use std::io::Write as _;
use std::num::NonZeroU16;
use std::time::Duration;

use docket::emulator::Emulator;

use super::tmux::Tmux;
use crate::recordings;
use crate::support::{on_cpu, rate, repository, timed};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
const KEPT: usize = 10_000;
/// Bytes for an emulator in this process, and for a whole program.
const BYTES: usize = 8 << 20;
const MORE: usize = 32 << 20;
const ROUNDS: usize = 5;

/// What programs write, again and again: at least so many bytes.
fn repeated(bytes: &[u8], least: usize) -> Vec<u8> {
    bytes.repeat(least / bytes.len() + 1)
}

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let plain = (0..1_000)
        .map(|n| format!("{n:6} the quick brown fox jumps over the lazy dog, again and again\r\n"));
    let unicode = (0..1_000).map(|n| {
        format!("{n:6} größer 漢字かな交じり文 한글 e\u{301}a\u{308} 🚀🎉 ─│┌┐ ▁▂▃▄ “so”\r\n")
    });
    let of = |name| recordings::named(name).bytes;
    let agents = [of("claude"), of("codex"), of("opencode")].concat();
    let editors = [of("vim"), of("vim-split"), of("nano"), of("less")].concat();
    vec![
        ("plain text", plain.collect::<String>().into_bytes()),
        ("ls -lR with colours", of("ls")),
        ("claude, codex, opencode", agents),
        ("vim, nano, less", editors),
        ("htop", of("htop")),
        (
            "text of many scripts",
            unicode.collect::<String>().into_bytes(),
        ),
    ]
}

pub(crate) fn bench() {
    for (name, sample) in samples() {
        let bytes = repeated(&sample, BYTES);
        let times = (0..ROUNDS).map(|_| {
            let mut emulator = Emulator::new(COLUMNS, ROWS, KEPT);
            own_cpu(|| {
                for chunk in bytes.chunks(16 << 10) {
                    emulator.feed(chunk);
                    emulator.parse(Duration::MAX, || Duration::ZERO);
                    emulator.replies();
                }
            })
        });
        rate(
            &format!("{name}: docket's emulator"),
            bytes.len(),
            times.collect(),
        );
        for kept in [0, KEPT] {
            let times = (0..ROUNDS).map(|_| {
                let cells = |count| NonZeroU16::new(count).expect("cells");
                let mut parser = vt100::Parser::new(cells(ROWS), cells(COLUMNS), kept);
                own_cpu(|| {
                    for chunk in bytes.chunks(16 << 10) {
                        parser.process(chunk);
                    }
                })
            });
            rate(
                &format!("{name}: vt100, {kept} rows kept"),
                bytes.len(),
                times.collect(),
            );
        }
        let bytes = repeated(&sample, MORE);
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&bytes).expect("a text");
        let path = file.path().display();
        let times: Vec<_> = (0..ROUNDS)
            .filter_map(|_| through_tmux(&path.to_string()))
            .collect();
        if times.is_empty() {
            println!("{name}: tmux is not here");
        } else {
            rate_of_both(&format!("{name}: cat in tmux"), bytes.len(), times);
        }
        let folder = repository(1, "title: Bench\n", "```sh\ntrue\n```");
        let times = (0..ROUNDS).map(|_| {
            let mut screen = super::shell(folder.path());
            screen.press(&format!(
                // What the program was answered goes nowhere, as long as nobody echoes it.
                "stty raw -echo; cat {path}; printf '\\033c\\033[?1049l'; stty sane -echo; echo th''rough; cat >/dev/null\r"
            ));
            let before = on_cpu(screen.pid());
            let took = screen.until("through", true);
            let cpu = on_cpu(screen.pid()).saturating_sub(before);
            super::leave(screen);
            (took, cpu)
        });
        rate_of_both(
            &format!("{name}: cat in docket's pane"),
            bytes.len(),
            times.collect(),
        );
    }
}

/// The CPU time that something takes in this process.
fn own_cpu(work: impl FnOnce()) -> Duration {
    let before = on_cpu(std::process::id());
    work();
    on_cpu(std::process::id()).saturating_sub(before)
}

/// Wall time and CPU time.
fn rate_of_both(what: &str, bytes: usize, times: Vec<(Duration, Duration)>) {
    let (wall, cpu) = times.into_iter().unzip();
    rate(what, bytes, wall);
    rate(&format!("{what}, for a second of its CPU"), bytes, cpu);
}

/// A detached tmux reads all of it: how long that took, and on how much of a processor.
fn through_tmux(path: &str) -> Option<(Duration, Duration)> {
    let tmux = Tmux::start(&format!(
        "stty raw -echo; tmux wait-for begin; cat {path}; tmux wait-for -S end; sleep 100"
    ))?;
    let server = tmux.server()?;
    let before = on_cpu(server);
    let took = timed(|| {
        tmux.run(&["wait-for", "-S", "begin"]);
        tmux.run(&["wait-for", "end"]);
    });
    Some((took, on_cpu(server).saturating_sub(before)))
}
