//! Systems without `/proc` and without a subreaper (macOS): `ps` tells who carries a marker.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rustix::process::Pid;

#[expect(
    clippy::disallowed_methods,
    reason = "the system's own program, in place of /proc"
)]
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A number made from the start time that `ps` prints (seconds are its finest); `None` for a zombie.
pub(in crate::proc) fn start_time(pid: u32) -> Option<u64> {
    let text = output("ps", &["-o", "stat=,lstart=", "-p", &pid.to_string()])?;
    let (state, started) = text.trim().split_once(' ')?;
    if state.starts_with('Z') {
        return None;
    }
    let hash = crate::domain::hash::sha256(started.trim().as_bytes());
    Some(u64::from_be_bytes(hash.0[..8].try_into().ok()?))
}

/// A text that no other boot has: the time of the boot.
pub(in crate::proc) fn boot_id() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        output("sysctl", &["-n", "kern.boottime"])
            .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
    })
    .clone()
}

/// There is no such thing here.
pub(in crate::proc) fn become_subreaper() {}

/// Every live process below this one that was not re-parented.
pub(in crate::proc) fn descendants() -> BTreeSet<u32> {
    let Some(table) = output("ps", &["-axo", "pid=,ppid=,stat="]) else {
        return BTreeSet::new();
    };
    let rows: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let (pid, parent) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            (!fields.next()?.starts_with('Z')).then_some((pid, parent))
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut open = vec![std::process::id()];
    while let Some(parent) = open.pop() {
        for (pid, _) in rows.iter().filter(|(_, of)| *of == parent) {
            if found.insert(*pid) {
                open.push(*pid);
            }
        }
    }
    found
}

/// Every live process of this user whose environment holds `variable` (as `NAME=value`), but this one.
pub(in crate::proc) fn carriers(variable: &str) -> BTreeSet<u32> {
    let Some(table) = output("ps", &["-axEwwo", "pid=,command="]) else {
        return BTreeSet::new();
    };
    let me = std::process::id();
    table
        .lines()
        .filter(|line| line.split(' ').any(|word| word == variable))
        .filter_map(|line| line.trim().split(' ').next()?.parse().ok())
        .filter(|pid| *pid != me)
        .collect()
}

/// A pid as the system's calls want it.
pub(in crate::proc) fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}
