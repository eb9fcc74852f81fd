//! Linux: `/proc`, and the subreaper that every orphan below it comes to.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

/// The start time of a live process, in clock ticks since boot (field 22 of `/proc/<pid>/stat`, proc(5)).
pub(in crate::proc) fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, field 2, may hold spaces and brackets: the fields go on after the last one.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    // `state` was field 3.
    fields.nth(22 - 4)?.parse().ok()
}

/// What a process is called; of a group, its first one.
pub(in crate::proc) fn name(pid: rustix::process::Pid) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).ok()?;
    let name = name.trim_end_matches('\n');
    (!name.is_empty()).then(|| name.to_owned())
}

/// A text that no other boot has.
pub(in crate::proc) fn boot_id() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
    })
    .clone()
}

/// Makes every orphan below this process its child.
pub(in crate::proc) fn become_subreaper() {
    // Kernels since 3.4 have it. Without it the marker sweep still finds what escapes.
    let _without_it = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Every live process below this one: the subreaper keeps all of them there, whatever they carry.
pub(in crate::proc) fn members(_carried: &str) -> BTreeSet<u32> {
    descendants()
}

fn descendants() -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut open = vec![std::process::id()];
    while let Some(pid) = open.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
            continue;
        };
        for thread in threads.flatten() {
            let Ok(children) = fs::read_to_string(thread.path().join("children")) else {
                continue;
            };
            for child in children
                .split_ascii_whitespace()
                .filter_map(|pid| pid.parse().ok())
            {
                if found.insert(child) {
                    open.push(child);
                }
            }
        }
    }
    found.retain(|pid| start_time(*pid).is_some());
    found
}

/// Every live process whose environment holds `carried` (as `NAME=value`), but this one.
pub(in crate::proc) fn carriers(carried: &str) -> BTreeSet<u32> {
    let me = std::process::id();
    let Ok(processes) = fs::read_dir("/proc") else {
        return BTreeSet::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != me)
        .filter(|pid| {
            // Unreadable ones belong to somebody else.
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|entry| entry == carried.as_bytes())
            })
        })
        .filter(|pid| start_time(*pid).is_some())
        .collect()
}
