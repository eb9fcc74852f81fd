//! What docket and its shim say to each other: JSON lines over a socket pair. Before the first line goes one byte that
//! carries the agent's standard input as a descriptor. The end of the stream is the end of docket.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The byte before the launch: with a descriptor for standard input.
pub(super) const WITH_STDIN: u8 = b'i';
/// The byte before the launch: standard input is empty.
pub(super) const WITHOUT_STDIN: u8 = b'n';

/// Bytes that need not be UTF-8: arguments, paths, variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

impl From<&OsStr> for Text {
    fn from(text: &OsStr) -> Self {
        text.to_str().map_or_else(
            || Self::Bytes(text.as_bytes().to_vec()),
            |utf8| Self::Utf8(utf8.to_owned()),
        )
    }
}

impl From<Text> for OsString {
    fn from(text: Text) -> Self {
        match text {
            Text::Utf8(text) => text.into(),
            Text::Bytes(bytes) => Self::from_vec(bytes),
        }
    }
}

impl From<Text> for PathBuf {
    fn from(text: Text) -> Self {
        OsString::from(text).into()
    }
}

/// What docket asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// Start the program: docket has journaled who the shim is.
    Launch {
        argv: Vec<Text>,
        directory: Text,
        environment: Vec<(Text, Text)>,
        /// Whether the output is a terminal that becomes the program's own.
        terminal: bool,
        /// Where the program may write; missing for wherever its user may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writable: Option<Vec<Text>>,
    },
    /// SIGHUP to everything below the shim: its terminal is gone.
    HangUp,
    /// SIGINT to the program's group.
    Interrupt,
    /// SIGTERM to the program's group.
    Terminate,
    /// SIGKILL to everything below the shim; `Sweep` follows when the program has ended.
    Kill,
    /// SIGSTOP to everything below the shim.
    Freeze,
    /// SIGCONT to everything below the shim.
    Thaw,
    /// End everything below the shim; answer and exit.
    Sweep,
}

/// What the shim tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Started {
        pid: u32,
    },
    NotStarted {
        why: String,
    },
    Exited {
        code: Option<i32>,
        signal: Option<i32>,
    },
    /// Everything below the shim is stopped.
    Frozen,
    Swept {
        killed: u32,
        left: Vec<u32>,
    },
}

/// One line.
pub(super) fn line(message: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}
