//! The terminal pane: how much it takes a second, beside the bare vt100 and beside tmux; from a key to its echo, with and
//! without a flood; what floods cost; what 10,000 lines of a terminal cost. `cargo bench --bench docket -- terminal`, or one of
//! `terminal-throughput`, `terminal-memory`, `terminal-latency` and `terminal-flood`.

pub(crate) mod flood;
pub(crate) mod latency;
pub(crate) mod memory;
pub(crate) mod throughput;
mod tmux;

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::screen::on_terminal::OnTerminal;

/// Leads out of the terminal, also where it has to be pressed twice.
const LEAVE: &str = "\x1d\x1d";

/// docket with a shell in its terminal pane, zoomed, which has the keys.
fn shell(folder: &Path) -> OnTerminal {
    let mut screen = OnTerminal::open(folder);
    screen.until("00001", true);
    screen.press("t");
    screen.until("Terminal", true);
    screen.press("echo rea''dy\r");
    screen.until("ready", true);
    // The whole screen is the terminal's, but for its frame and docket's two lines.
    screen.press("\x1dz");
    screen.until("Queue", false);
    screen.press("clear; echo zoo''med\r");
    screen.until("zoomed", true);
    screen
}

/// Ends what runs in the pane, and docket.
fn leave(mut screen: OnTerminal) {
    screen.press("\x03");
    screen.press(LEAVE);
    screen.quit();
}

/// What the bench's own program does as `redraw`: the whole screen, 1,000 times a second, until it is killed.
pub(crate) fn redraw() {
    let mut out = std::io::stdout().lock();
    let began = Instant::now();
    for frame in 0_u64.. {
        let mut bytes = b"\x1b[?2026h\x1b[H".to_vec();
        for row in 0..30_u64 {
            let color = (frame + row) % 216 + 16;
            let _into_memory = write!(
                bytes,
                "\x1b[38;5;{color}mframe {frame:8} row {row:3} \x1b[0m{}\x1b[K\r\n",
                "what a program says again and again ".repeat(2)
            );
        }
        bytes.extend_from_slice(b"\x1b[?2026l");
        if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
            return;
        }
        let next = began + Duration::from_millis(frame + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}
