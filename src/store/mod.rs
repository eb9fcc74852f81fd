//! The ledger (SQLite, one writer) and the evidence files.
