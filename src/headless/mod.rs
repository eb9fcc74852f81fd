//! The fold of events for scripts: progress on stderr, results on stdout.
