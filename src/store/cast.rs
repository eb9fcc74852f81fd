//! Recordings of terminals: [asciicast v2](https://docs.asciinema.org/manual/asciicast/v2/), one JSON value a line.
//!
//! ```text
//! {"version":2,"width":80,"height":24,"timestamp":1504467315}
//! [0.248848,"o","hello\r\n"]        output, [1.5,"r","100x30"] a new size, [2.0,"m","here"] a marker
//! ```
//!
//! [`Writer`] writes; what was typed ("i") is never written: it may be a password. [`Reader`] reads those, what asciinema
//! wrote, its version 3 too, and whatever is left of a damaged file.

mod reader;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use reader::{CastError, Reader, Survey};

/// How a recording's file name ends.
pub const EXTENSION: &str = "cast";

/// Where recordings lie that are in no attempt's folder, below the root of all evidence.
pub fn folder(evidence: &Path) -> PathBuf {
    evidence.join("recordings")
}

/// Whether a file is a recording, by its name.
pub fn is_recording(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == EXTENSION)
}

/// One event holds at most so much text: players read line by line.
const LONGEST_EVENT: usize = 64 * 1024;

/// Sizes above this are not believed: a screen of that many cells would be made for them.
pub const LARGEST_SIDE: u16 = 1000;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header {
    /// Columns at the beginning, 1 to [`LARGEST_SIDE`].
    pub width: u16,
    /// Rows at the beginning, 1 to [`LARGEST_SIDE`].
    pub height: u16,
    /// When it began, in seconds since 1970.
    pub timestamp: Option<u64>,
    /// What it is called.
    pub title: Option<String>,
    /// The command that ran.
    pub command: Option<String>,
    /// Pauses should be cut to so many seconds by players.
    pub idle_time_limit: Option<f64>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, in seconds from the beginning; never less than the one before.
    pub seconds: f64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The program wrote.
    Output(String),
    /// The terminal has another size.
    Resize {
        /// Columns, 1 to [`LARGEST_SIDE`].
        columns: u16,
        /// Rows, 1 to [`LARGEST_SIDE`].
        rows: u16,
    },
    /// A place to come back to, with its name, which may be empty.
    Marker(String),
    /// Something was typed; docket writes no such event, and doesn't show one.
    Input,
    /// An event of a kind that this docket doesn't know, or the program's exit.
    Other,
}

/// Writes a recording. Every event is with the system when the call returns: who is killed loses at most half a character.
///
/// The first failure is final, since half a line may have been written: all later calls fail alike.
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// The time of the last event.
    seconds: f64,
    characters: Characters,
    line: Vec<u8>,
    bytes: u64,
    failure: Option<io::ErrorKind>,
}

#[derive(Serialize)]
struct HeaderLine<'a> {
    version: u8,
    width: u16,
    height: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_time_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    env: Environment,
}

/// Players choose their colours by it.
#[derive(Serialize)]
struct Environment {
    #[serde(rename = "TERM")]
    term: &'static str,
}

impl Writer {
    /// Makes the file, for its owner alone, with the first line. One that exists is an error: no recording is overwritten.
    /// `unix_time` is in seconds.
    pub fn create(path: &Path, width: u16, height: u16, unix_time: u64) -> io::Result<Self> {
        Self::create_with(
            path,
            &Header {
                width,
                height,
                timestamp: Some(unix_time),
                ..Header::default()
            },
        )
    }

    /// The same with all that the first line can say.
    pub fn create_with(path: &Path, header: &Header) -> io::Result<Self> {
        let file = File::options()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let mut writer = Self {
            file,
            seconds: 0.0,
            characters: Characters::default(),
            line: Vec::new(),
            bytes: 0,
            failure: None,
        };
        let line = HeaderLine {
            version: 2,
            width: header.width.max(1),
            height: header.height.max(1),
            timestamp: header.timestamp,
            idle_time_limit: header.idle_time_limit,
            command: header.command.as_deref(),
            title: header.title.as_deref(),
            env: Environment {
                term: "xterm-256color",
            },
        };
        writer.write_line(&line)?;
        Ok(writer)
    }

    /// What the program wrote, `seconds` after the beginning. A character whose end hasn't come waits for it; what is no
    /// UTF-8 becomes U+FFFD.
    pub fn output(&mut self, seconds: f64, bytes: &[u8]) -> io::Result<()> {
        let text = self.characters.next(bytes);
        self.text_event(seconds, &text)
    }

    /// The terminal has another size.
    pub fn resize(&mut self, seconds: f64, columns: u16, rows: u16) -> io::Result<()> {
        self.event(seconds, "r", &format!("{columns}x{rows}"))
    }

    /// A place to come back to; `name` may be empty.
    pub fn marker(&mut self, seconds: f64, name: &str) -> io::Result<()> {
        self.event(seconds, "m", name)
    }

    /// Waits until all of it is on the disk.
    pub fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        let result = self.file.sync_data();
        self.noted(result)
    }

    /// Writes what waits, waits until all of it is on the disk, and says how many bytes the file has.
    pub fn finish(mut self) -> io::Result<u64> {
        let rest = self.characters.finish();
        self.text_event(self.seconds, rest)?;
        self.flush()?;
        Ok(self.bytes)
    }

    /// How many bytes the file has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn text_event(&mut self, seconds: f64, text: &str) -> io::Result<()> {
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = LONGEST_EVENT.min(rest.len());
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            let (event, after) = rest.split_at(end);
            self.event(seconds, "o", event)?;
            rest = after;
        }
        self.check()
    }

    fn event(&mut self, seconds: f64, kind: &str, data: &str) -> io::Result<()> {
        if seconds.is_finite() {
            self.seconds = self.seconds.max(seconds);
        }
        // Microseconds: more would be noise.
        let seconds = (self.seconds * 1e6).round() / 1e6;
        self.write_line(&(seconds, kind, data))
    }

    fn write_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.check()?;
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        let result = self.file.write_all(&self.line);
        self.noted(result)?;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    fn noted(&mut self, result: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &result {
            self.failure = Some(error.kind());
        }
        result
    }

    fn check(&self) -> io::Result<()> {
        self.failure.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

/// Makes text of bytes that come in pieces: a character whose end hasn't come waits for it, what is no UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub struct Characters {
    held: Vec<u8>,
}

impl Characters {
    /// The whole characters of what waited and came.
    pub fn next(&mut self, bytes: &[u8]) -> String {
        let joined;
        let mut rest = if self.held.is_empty() {
            bytes
        } else {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            &joined
        };
        let mut text = String::with_capacity(rest.len());
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    return text;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    let Some(invalid) = error.error_len() else {
                        self.held = after.to_vec();
                        return text;
                    };
                    text.push('\u{fffd}');
                    rest = &after[invalid..];
                }
            }
        }
    }

    /// What stands for a character whose end never came.
    pub fn finish(&mut self) -> &'static str {
        if std::mem::take(&mut self.held).is_empty() {
            ""
        } else {
            "\u{fffd}"
        }
    }
}

/// A side of a screen, as far as it is believed.
fn side(value: u64) -> u16 {
    u16::try_from(value).map_or(LARGEST_SIDE, |side| side.clamp(1, LARGEST_SIDE))
}
