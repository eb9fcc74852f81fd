//! What the system says about processes.

use std::collections::BTreeSet;
use std::fs;

use docket::domain::attempt::ProcessRecord;
use docket::proc::identity;

/// The state letter of a process (proc(5)): `T` is stopped. `None` when there is no such process.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Who lives below a process now.
pub(crate) fn below(pid: u32) -> Vec<ProcessRecord> {
    let mut found = BTreeSet::new();
    let mut open = vec![pid];
    while let Some(pid) = open.pop() {
        for thread in fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children = children
                .split_ascii_whitespace()
                .filter_map(|pid| pid.parse().ok());
            open.extend(children.filter(|child| found.insert(*child)));
        }
    }
    found.into_iter().filter_map(identity::record).collect()
}

/// How many bytes a process has written so far.
pub(crate) fn written(pid: u32) -> Option<u64> {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: "))?;
    written.parse().ok()
}

/// Whether any process shows `text` to everybody on its command line.
pub(crate) fn shown_on_a_command_line(text: &str) -> bool {
    fs::read_dir("/proc")
        .expect("the processes")
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(text))
}
