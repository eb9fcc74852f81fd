//! The hidden `docket __replay RECORDING SPEED`: plays a recording as the process that it was, so that a replay takes the
//! whole path of a live agent.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::exit::Exit;
use crate::output;

/// One line of a recording.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    t: u64,
    dir: String,
    #[serde(rename = "line")]
    text: String,
}

/// The last `meta` line of a recording.
#[derive(Debug, Deserialize)]
struct Meta {
    exit: Option<i64>,
}

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
        Ok(0) => Some(Exit::Done),
        Ok(_) => Some(Exit::Failed),
        Err(error) => {
            output::say(&format!("can't play {}: {error}", recording.display()));
            Some(Exit::Failed)
        }
    }
}

/// Plays the file; gives the exit code that was recorded.
fn play(recording: &Path, speed: f64) -> std::io::Result<i64> {
    let mut played = 0;
    let mut exit = 0;
    for line in BufReader::new(File::open(recording)?).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let Line { t, dir, text } = serde_json::from_str(&line)?;
        if speed > 0.0 && t > played {
            wait(Duration::from_millis(t - played).div_f64(speed));
            played = t;
        }
        match dir.as_str() {
            "out" => output::line(&text)?,
            "err" => output::say(&text),
            "meta" => {
                if let Ok(Meta { exit: Some(code) }) = serde_json::from_str(&text) {
                    exit = code;
                }
            }
            _ => {}
        }
        std::io::stdout().flush()?;
    }
    Ok(exit)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a replay at speed is made of waiting"
)]
fn wait(duration: Duration) {
    std::thread::sleep(duration);
}
