//! The ledger (SQLite, one writer) and the evidence files.
//!
//! * [`ledger`] writes: an actor on a thread of its own, group commit, hash chain, projections in the same transaction.
//! * [`reader`] reads, from any process, also while a writer lives.
//! * [`evidence`] holds an attempt's files and seals them; [`verify`] finds whatever is not as docket left it.
//! * [`lock`] says who may write.
//!
//! Only SQLite ever opens the ledger's file: closing another descriptor of it would drop SQLite's locks in this process.

pub mod bundle;
pub mod cast;
pub mod chain;
pub mod codec;
pub mod error;
pub mod evidence;
mod intact;
pub mod ledger;
pub mod lock;
mod open;
pub mod past;
mod projections;
pub mod reader;
pub mod records;
mod schema;
pub mod verify;

/// The version of the SQLite that is built in. For `docket doctor`.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

pub use error::{EvidenceError, LedgerError};
pub use ledger::{Ledger, Subscriber};
pub use reader::Reader;
