//! The command line: arguments, one file per family of commands, exit codes.
