//! Reads recordings, event by event: any size, and what is damaged is left out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Event, Header, What, side};

/// Longer lines are left out: no terminal was ever recorded in such.
const LONGEST_LINE: usize = 64 << 20;

/// Why a recording can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// The file can't be read.
    #[error("can't read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// asciinema 1.
    #[error(
        "{} is asciicast version 1: make a version 2 of it with `asciinema convert`",
        path.display()
    )]
    Version1 {
        /// The file.
        path: PathBuf,
    },
    /// Not known yet.
    #[error(
        "{} is asciicast version {version}: docket plays 2 and 3; `asciinema convert` makes one of them",
        path.display()
    )]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        version: u64,
    },
    /// Its first line is no header.
    #[error(
        "{} is no recording of a terminal: its first line is not the header of an asciicast ({why})",
        path.display()
    )]
    NotACast {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// What a whole recording has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Survey {
    /// The time of the last event, in seconds.
    pub seconds: f64,
    /// How many events.
    pub events: u64,
    /// Markers in order, with their names.
    pub markers: Vec<(f64, String)>,
    /// How many lines could not be read; a last line that was cut off does not count.
    pub damaged: u64,
}

/// Reads events in order.
#[derive(Debug)]
pub struct Reader<R = BufReader<File>> {
    input: R,
    header: Header,
    /// Version 3: times count from the event before.
    relative: bool,
    seconds: f64,
    line: Vec<u8>,
    /// How far in the file.
    offset: u64,
    /// Where the first event begins.
    begin: u64,
    damaged: u64,
}

#[derive(Deserialize)]
struct HeaderLine {
    version: u64,
    width: Option<u64>,
    height: Option<u64>,
    term: Option<Term>,
    timestamp: Option<f64>,
    title: Option<String>,
    command: Option<String>,
    idle_time_limit: Option<f64>,
}

#[derive(Deserialize)]
struct Term {
    cols: u64,
    rows: u64,
}

impl Reader {
    /// Opens a recording.
    pub fn open(path: &Path) -> Result<Self, CastError> {
        let file = File::open(path).map_err(|source| CastError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::new(BufReader::with_capacity(128 * 1024, file), path)
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line; `path` is for errors.
    pub fn new(input: R, path: &Path) -> Result<Self, CastError> {
        let mut reader = Self {
            input,
            header: Header::default(),
            relative: false,
            seconds: 0.0,
            line: Vec::new(),
            offset: 0,
            begin: 0,
            damaged: 0,
        };
        let path = || path.to_path_buf();
        let failed = |source| CastError::Io {
            path: path(),
            source,
        };
        reader.next_line().map_err(failed)?;
        let text = String::from_utf8_lossy(&reader.line);
        let text = text.trim_start_matches('\u{feff}').trim();
        let line: HeaderLine = match serde_json::from_str(text) {
            Ok(line) => line,
            // Version 1 is one value, often over many lines.
            Err(_) if text == "{" => {
                reader.next_line().map_err(failed)?;
                let second: String = String::from_utf8_lossy(&reader.line)
                    .split_whitespace()
                    .collect();
                return Err(if second.starts_with("\"version\":1") {
                    CastError::Version1 { path: path() }
                } else {
                    CastError::NotACast {
                        path: path(),
                        why: "it is a bare `{`".to_owned(),
                    }
                });
            }
            Err(error) => {
                let why = if text.is_empty() {
                    "it is empty".to_owned()
                } else {
                    error.to_string()
                };
                return Err(CastError::NotACast { path: path(), why });
            }
        };
        let (width, height) = match (line.version, line.term) {
            (2, _) => (line.width, line.height),
            (3, Some(term)) => (Some(term.cols), Some(term.rows)),
            (3, None) => (None, None),
            (1, _) => return Err(CastError::Version1 { path: path() }),
            (version, _) => {
                return Err(CastError::UnknownVersion {
                    path: path(),
                    version,
                });
            }
        };
        let (Some(width), Some(height)) = (width, height) else {
            return Err(CastError::NotACast {
                path: path(),
                why: "it does not say how large the terminal was".to_owned(),
            });
        };
        reader.relative = line.version == 3;
        reader.header = Header {
            width: side(width),
            height: side(height),
            timestamp: line
                .timestamp
                .filter(|time| *time >= 0.0)
                .map(|time| time as u64),
            title: line.title,
            command: line.command,
            idle_time_limit: line
                .idle_time_limit
                .filter(|limit| limit.is_finite() && *limit > 0.0),
        };
        reader.begin = reader.offset;
        Ok(reader)
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The time of the last event that was read, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// How many bytes of the file were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many lines could not be read so far.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// The next event; `None` at the end.
    pub fn next_event(&mut self) -> io::Result<Option<Event>> {
        while self.next_line()? {
            let text = String::from_utf8_lossy(&self.line);
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let parsed: Option<(Option<f64>, String, serde_json::Value)> = parse(text);
            let Some((time, kind, data)) = parsed else {
                self.damaged += u64::from(self.line.ends_with(b"\n"));
                continue;
            };
            self.pass(time);
            return Ok(Some(Event {
                seconds: self.seconds,
                what: what(&kind, data),
            }));
        }
        Ok(None)
    }

    /// Reads the rest for what is in it, without its output. `tick` is asked now and then, with how many bytes were read,
    /// whether to go on; `None` when not.
    pub fn survey(&mut self, mut tick: impl FnMut(u64) -> bool) -> io::Result<Option<Survey>> {
        let mut survey = Survey::default();
        while self.next_line()? {
            if survey.events.is_multiple_of(256) && !tick(self.offset) {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&self.line);
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let parsed: Option<(Option<f64>, String, IgnoredAny)> = parse(text);
            let Some((time, kind, _)) = parsed else {
                self.damaged += u64::from(self.line.ends_with(b"\n"));
                continue;
            };
            let marker = (kind == "m")
                .then(|| parse::<(Option<f64>, String, String)>(text))
                .flatten();
            self.pass(time);
            survey.events += 1;
            survey.seconds = self.seconds;
            if let Some((_, _, name)) = marker {
                survey.markers.push((self.seconds, name));
            }
        }
        survey.damaged = self.damaged;
        Ok(Some(survey))
    }

    /// An event of this time was read. Time never goes back; what is no time is now.
    fn pass(&mut self, time: Option<f64>) {
        let Some(time) = time.filter(|time| time.is_finite()) else {
            return;
        };
        let time = if self.relative {
            self.seconds + time
        } else {
            time
        };
        // Beyond that, seconds lose their fractions.
        self.seconds = self.seconds.max(time.min(1e9));
    }

    /// Reads one line with its end; `false` at the end of the file. One that is too long becomes empty.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut is_too_long = false;
        let mut any = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', buffer);
            let count = end.map_or(buffer.len(), |at| at + 1);
            if self.line.len() + count > LONGEST_LINE {
                is_too_long = true;
                self.line.clear();
            }
            if !is_too_long {
                self.line.extend_from_slice(&buffer[..count]);
            }
            self.input.consume(count);
            self.offset += count as u64;
            if end.is_some() {
                break;
            }
        }
        if is_too_long {
            self.line.clear();
            self.damaged += 1;
        }
        Ok(any)
    }
}

impl<R: BufRead + Seek> Reader<R> {
    /// Back to the first event.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(self.begin))?;
        self.offset = self.begin;
        self.seconds = 0.0;
        self.damaged = 0;
        Ok(())
    }
}

/// An event's line. A time that is no number of JSON (`NaN`) is none.
fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    if let Ok(parsed) = serde_json::from_str(text) {
        return Some(parsed);
    }
    let (time, rest) = text.strip_prefix('[')?.split_once(',')?;
    let time = time.trim().trim_start_matches(['-', '+']);
    let is_word = !time.is_empty() && time.chars().all(|c| c.is_ascii_alphabetic());
    is_word.then(|| serde_json::from_str(&format!("[null,{rest}")).ok())?
}

fn what(kind: &str, data: serde_json::Value) -> What {
    match (kind, data) {
        ("o", serde_json::Value::String(text)) => What::Output(text),
        ("m", serde_json::Value::String(name)) => What::Marker(name),
        ("r", serde_json::Value::String(size)) => {
            let sides = size.split_once('x');
            let parsed = sides.and_then(|(columns, rows)| {
                Some((columns.trim().parse().ok()?, rows.trim().parse().ok()?))
            });
            parsed.map_or(What::Other, |(columns, rows)| What::Resize {
                columns: side(columns),
                rows: side(rows),
            })
        }
        ("i", _) => What::Input,
        _ => What::Other,
    }
}
