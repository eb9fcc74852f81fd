//! The hidden `docket __replay RECORDING SPEED`: prints the records of a recording, at the pace in which they came, so that
//! a replay takes the whole path of a live agent. What they mean is understood by the one who listens.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use crate::agents::recording::{Record, Unwrap};
use crate::exit::Exit;
use crate::output;

/// So much is printed at once when there is nothing to wait for.
const CHUNK: usize = 64 << 10;

/// `None` when this is not what was asked for.
pub(super) fn main() -> Option<Exit> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != "__replay" {
        return None;
    }
    let recording = arguments.next()?;
    let speed = arguments
        .next()
        .and_then(|speed| speed.to_str()?.parse().ok())
        .unwrap_or(0.0);
    match play(Path::new(&recording), speed) {
        Ok(()) => Some(Exit::Done),
        Err(why) => {
            output::say(&format!("can't play {}: {why}", recording.display()));
            Some(Exit::Failed)
        }
    }
}

fn play(recording: &Path, speed: f64) -> Result<(), String> {
    let file = File::open(recording).map_err(|error| error.to_string())?;
    let mut unwrap = Unwrap::default();
    let mut waiting = Vec::new();
    let mut played = 0;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let record = Record::parse(&line).map_err(|error| {
            format!(
                r#"line {number} is no record such as {{"t":0,"dir":"out","line":"…"}}: {error}"#
            )
        })?;
        let Some(record) = unwrap.unwrap(record) else {
            continue;
        };
        if speed > 0.0 && record.t > played {
            print(&mut waiting)?;
            wait(Duration::from_millis(record.t - played).div_f64(speed));
            played = record.t;
        }
        serde_json::to_writer(&mut waiting, &record).map_err(|error| error.to_string())?;
        waiting.push(b'\n');
        if waiting.len() >= CHUNK {
            print(&mut waiting)?;
        }
    }
    print(&mut waiting)
}

fn print(waiting: &mut Vec<u8>) -> Result<(), String> {
    let printed = output::bytes(waiting).map_err(|error| error.to_string());
    waiting.clear();
    printed
}

#[expect(
    clippy::disallowed_methods,
    reason = "a replay at speed is made of waiting"
)]
fn wait(duration: Duration) {
    std::thread::sleep(duration);
}
