//! What the system says about processes.

use std::fs;

use docket::domain::attempt::ProcessRecord;
use docket::proc::identity;

/// The state letter of a process (proc(5)): `T` is stopped. `None` when there is no such process.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// The children of a process.
pub(crate) fn children(pid: u32) -> Vec<ProcessRecord> {
    fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|children| {
            let children = children.split_ascii_whitespace();
            children
                .filter_map(|child| identity::record(child.parse().ok()?))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Who lives below a process now.
pub(crate) fn below(pid: u32) -> Vec<ProcessRecord> {
    let mut found = children(pid);
    let mut seen = 0;
    while let Some(process) = found.get(seen) {
        let more = children(process.pid);
        found.extend(more);
        seen += 1;
    }
    found
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
