//! Who a process is: pid, start time and boot together. A pid alone is somebody else's tomorrow.

use super::os;
use crate::domain::attempt::ProcessRecord;

/// The record of a live process of this boot; `None` when there is none (a zombie is none).
pub fn record(pid: u32) -> Option<ProcessRecord> {
    let start_time = os::start_time(pid)?;
    Some(ProcessRecord {
        pid,
        start_time,
        boot_id: os::boot_id(),
    })
}

/// Whether exactly this process still lives: all three match.
pub fn is_alive(process: &ProcessRecord) -> bool {
    process.boot_id == os::boot_id() && os::start_time(process.pid) == Some(process.start_time)
}

/// This boot's id.
pub fn boot_id() -> String {
    os::boot_id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_three_together_are_a_process() {
        let me = record(std::process::id()).expect("this process");
        assert!(is_alive(&me));
        assert!(!is_alive(&ProcessRecord {
            start_time: me.start_time + 1,
            ..me.clone()
        }));
        assert!(!is_alive(&ProcessRecord {
            boot_id: "another".into(),
            ..me
        }));
        assert_eq!(record(u32::MAX / 2), None);
    }
}
