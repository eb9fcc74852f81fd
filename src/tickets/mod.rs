//! Ticket files: parse, lint, edit, scan, watch.
