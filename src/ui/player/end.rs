//! A recording without its course: what is in it, and what its last screen shows.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::emulator::Emulator;
use crate::store::cast::{CastError, Reader, What};

/// See the module.
#[derive(Debug, Serialize)]
pub(crate) struct End {
    pub(crate) path: PathBuf,
    pub(crate) title: Option<String>,
    /// In seconds since 1970.
    pub(crate) began: Option<u64>,
    pub(crate) seconds: f64,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) events: u64,
    pub(crate) markers: Vec<Marker>,
    /// Lines that could not be read.
    pub(crate) damaged: u64,
    /// What its last screen shows.
    pub(crate) text: String,
}

/// A place to come back to.
#[derive(Debug, Serialize)]
pub(crate) struct Marker {
    pub(crate) seconds: f64,
    pub(crate) name: String,
}

/// Reads the whole of it.
pub(crate) fn end_of(path: &Path) -> Result<End, CastError> {
    let failed = |source: io::Error| CastError::Io {
        path: path.to_path_buf(),
        source,
    };
    let mut reader = Reader::open(path)?;
    let header = reader.header().clone();
    let mut emulator = Emulator::new(header.width, header.height, 0);
    let (mut events, mut markers) = (0, Vec::new());
    while let Some(event) = reader.next_event().map_err(failed)? {
        events += 1;
        match event.what {
            What::Output(text) => {
                emulator.feed(text.as_bytes());
                emulator.parse(Duration::MAX, || Duration::ZERO);
                drop(emulator.replies());
            }
            What::Resize { columns, rows } => emulator.resize(columns, rows),
            What::Marker(name) => markers.push(Marker {
                seconds: event.seconds,
                name,
            }),
            What::Input | What::Other => {}
        }
    }
    let mut text = String::new();
    for row in emulator.top()..emulator.end() {
        text.push_str(&emulator.text(row));
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    let (columns, rows) = emulator.size();
    Ok(End {
        path: path.to_path_buf(),
        title: header.title,
        began: header.timestamp,
        seconds: reader.seconds(),
        columns,
        rows,
        events,
        markers,
        damaged: reader.damaged(),
        text,
    })
}
