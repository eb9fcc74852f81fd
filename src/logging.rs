//! docket's own log: `.docket/docket.log`, rolling by day, for bug reports. Never the place of a fact (that is the ledger),
//! nor of a secret.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::redact::Redactor;

/// So many lines may wait for the disk; more are dropped. Room for them is taken at the start: the library's own limit of 128,000
/// costs 4 MB.
const WAITING_LINES: usize = 4_096;

/// How many days are kept.
const DAYS: usize = 7;

/// Starts the log in docket's folder. It is written until the guard is dropped. `None` when it can't be: docket works
/// without it.
pub fn start(docket: &Path) -> Option<WorkerGuard> {
    std::fs::create_dir_all(docket).ok()?;
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("docket.log")
        .max_log_files(DAYS)
        .build(docket)
        .ok()?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .finish(file);
    let redactor = Arc::new(Redactor::new(std::env::vars_os()).ok()?);
    let writer = move || Redacting {
        inner: writer.clone(),
        redactor: Arc::clone(&redactor),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    let level = if std::env::var_os("DOCKET_DEBUG").is_some() {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    tracing_subscriber::registry()
        .with(level)
        .with(layer)
        .try_init()
        .ok()?;
    Some(guard)
}

/// Writes what is no secret. An event comes as a whole.
struct Redacting<W> {
    inner: W,
    redactor: Arc<Redactor>,
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.inner
            .write_all(self.redactor.redact(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_written_without_its_secrets() {
        let redactor = Redactor::new([("API_TOKEN", "a long secret")]).expect("patterns");
        let mut written = Vec::new();
        let event = b"INFO asked with a long secret\n";
        let mut writer = Redacting {
            inner: &mut written,
            redactor: Arc::new(redactor),
        };
        writer.write_all(event).expect("memory");
        assert_eq!(written, b"INFO asked with [redacted]\n");
    }
}
