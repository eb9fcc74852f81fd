//! The `docket` program.

fn main() {}
