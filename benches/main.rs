//! The benches: `cargo bench` runs all, `cargo bench -- tickets` one family. Figures are medians, with the extremes.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time and starts programs"
)]
#![expect(
    clippy::expect_used,
    reason = "a bench that can't be prepared has failed"
)]
#![expect(clippy::panic, reason = "a bench that hangs has failed")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod agents;
#[path = "../tests/it/recordings/corpus.rs"]
mod corpus;
mod decode;
mod fold;
mod integrate;
mod queue;
#[path = "../tests/it/emulation/recordings.rs"]
#[expect(dead_code, reason = "tests cut them")]
mod recordings;
mod screen;
mod support;
mod terminal;
mod tickets;
mod verify;

fn main() {
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    if named == ["redraw"] {
        return terminal::redraw();
    }
    // `cargo test --benches` only checks that the benches build and start.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    for (name, bench) in [
        ("tickets", tickets::bench as fn()),
        ("fold", fold::bench),
        ("decode", decode::bench),
        ("agents", agents::bench),
        ("screen", screen::bench),
        ("terminal-throughput", terminal::throughput::bench),
        ("terminal-memory", terminal::memory::bench),
        ("terminal-latency", terminal::latency::bench),
        ("terminal-flood", terminal::flood::bench),
        ("queue", queue::bench),
        ("integrate", integrate::bench),
        ("verify", verify::bench),
    ] {
        if named.is_empty() || named.iter().any(|wanted| name.contains(wanted.as_str())) {
            bench();
        }
    }
}
