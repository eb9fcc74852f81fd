//! What differs between systems, and the one home of unsafe code.

use rustix::process::Pid;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::*;

#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
pub(super) use landlock::{confine, confinement};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(super) use other::*;

/// Where a process finds its own open descriptors.
#[cfg(target_os = "linux")]
const DESCRIPTORS: &str = "/proc/self/fd";
/// Where a process finds its own open descriptors.
#[cfg(not(target_os = "linux"))]
const DESCRIPTORS: &str = "/dev/fd";

/// A pid as the system's calls want it.
pub(super) fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Closes every descriptor but the standard ones. Where "close on exec" can't be set in one step with the opening (a
/// terminal's master, pipes on macOS), a process that starts in between inherits it, and would hold it open.
///
/// Only for the very beginning of a process, before it has opened anything.
pub(super) fn close_inherited() {
    let Ok(entries) = std::fs::read_dir(DESCRIPTORS) else {
        return;
    };
    let listed: Vec<i32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for descriptor in listed {
        // The one with which the list was read is in it, and closed by now.
        if std::fs::symlink_metadata(format!("{DESCRIPTORS}/{descriptor}")).is_err() {
            continue;
        }
        // SAFETY: it is open, and nothing in this process owns a descriptor yet but the standard ones.
        #[expect(unsafe_code, reason = "nobody owns what was inherited by accident")]
        unsafe {
            rustix::io::close(descriptor);
        }
    }
}
