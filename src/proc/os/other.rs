//! Systems without `/proc` and without a subreaper (macOS): `ps` tells who carries a marker.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a program prints, and which pid it had: `ps` lists itself, too.
#[expect(
    clippy::disallowed_methods,
    reason = "the system's own program, in place of /proc"
)]
fn output(program: &str, arguments: &[&str]) -> Option<(u32, String)> {
    let child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let pid = child.id();
    let output = child.wait_with_output().ok()?;
    output
        .status
        .success()
        .then(|| (pid, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// A number made from the start time that `ps` prints (seconds are its finest); `None` for a zombie.
pub(in crate::proc) fn start_time(pid: u32) -> Option<u64> {
    let (_, text) = output("/bin/ps", &["-o", "stat=,lstart=", "-p", &pid.to_string()])?;
    let (state, started) = text.trim().split_once(' ')?;
    if state.starts_with('Z') {
        return None;
    }
    let hash = crate::domain::hash::sha256(started.trim().as_bytes());
    Some(u64::from_be_bytes(hash.0[..8].try_into().ok()?))
}

/// What a process is called; of a group, its first one.
pub(in crate::proc) fn name(pid: rustix::process::Pid) -> Option<String> {
    let pid = pid.as_raw_nonzero().to_string();
    let (_, path) = output("/bin/ps", &["-o", "comm=", "-p", &pid])?;
    let name = path.trim().rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// A text that no other boot has: the time of the boot.
pub(in crate::proc) fn boot_id() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        output("/usr/sbin/sysctl", &["-n", "kern.boottime"])
            .map_or_else(|| "unknown".to_owned(), |(_, text)| text.trim().to_owned())
    })
    .clone()
}

/// There is no such thing here.
pub(in crate::proc) fn become_subreaper() {}

/// Every live process below this one, and everyone of this user who carries `carried`: who has lost its parent is init's
/// child here, and only what it carries tells whose it is.
pub(in crate::proc) fn members(carried: &str) -> BTreeSet<u32> {
    let mut members = descendants();
    members.extend(carriers(carried));
    members
}

fn descendants() -> BTreeSet<u32> {
    let Some((ps, table)) = output("/bin/ps", &["-axo", "pid=,ppid=,stat="]) else {
        return BTreeSet::new();
    };
    let rows: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let (pid, parent) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            (!fields.next()?.starts_with('Z')).then_some((pid, parent))
        })
        .filter(|(pid, _)| *pid != ps)
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

/// Every live process of this user whose environment holds `carried` (as `NAME=value`), but this one. The system hides
/// the environment of its own programs (`/bin/sh` and the like): those are found as descendants only.
pub(in crate::proc) fn carriers(carried: &str) -> BTreeSet<u32> {
    let Some((ps, table)) = output("/bin/ps", &["-axEwwo", "pid=,command="]) else {
        return BTreeSet::new();
    };
    let me = std::process::id();
    table
        .lines()
        .filter(|line| line.split(' ').any(|word| word == carried))
        .filter_map(|line| line.trim().split(' ').next()?.parse().ok())
        .filter(|pid| *pid != me && *pid != ps)
        .collect()
}

/// Confining a thread: this system offers nothing for it.
pub(in crate::proc) fn confine(_writable: &[std::path::PathBuf]) -> Result<(), String> {
    Err(format!(
        "{}: set `sandbox_command` to a program that confines the agent, or `sandbox = \"none\"`",
        NO_SANDBOX
    ))
}

/// What the system offers.
pub(in crate::proc) fn confinement() -> Result<String, String> {
    Err(NO_SANDBOX.to_owned())
}

const NO_SANDBOX: &str = "this system has no landlock";
