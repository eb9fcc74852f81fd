//! docket's own log: `.docket/docket.log`, rolling by day, for bug reports. Never the place of a fact (that is the ledger).

use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    let (writer, guard) = tracing_appender::non_blocking(file);
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
