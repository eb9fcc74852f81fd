//! Bytes that have come and are not parsed yet; those of a synchronized update (mode 2026) wait for its end.
//!
//! Source: the description of synchronized output that Contour, kitty, foot and tmux go by. The terminal may end an update that
//! takes too long.

use std::time::Duration;

/// An update is held back for no longer than this.
pub(super) const LONGEST: Duration = Duration::from_millis(150);

/// Nor for more bytes than this.
const MOST: usize = 1 << 20;

/// An update of no more bytes than this is parsed in one go, so that nobody sees half of it.
const AT_ONCE: usize = 128 * 1024;

const END: &[u8] = b"\x1b[?2026l";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    bytes: Vec<u8>,
    /// So many of them have been taken.
    taken: usize,
    update: Option<Update>,
    /// What may be taken whatever it is: the rest of an update that is complete, or has lasted too long.
    free: usize,
    /// Whether `free` is short enough to be taken in one go.
    is_short: bool,
}

/// An update that has begun.
#[derive(Debug)]
struct Update {
    since: Duration,
    /// So many bytes were looked at for its end.
    searched: usize,
}

impl Waiting {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.look_for_end();
    }

    /// All that waits.
    pub(super) fn left(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// Whether anything may be taken.
    pub(super) fn is_ready(&self) -> bool {
        self.free > 0 || (self.update.is_none() && !self.left().is_empty())
    }

    /// What may be taken now.
    pub(super) fn ready(&self) -> &[u8] {
        match (self.free, &self.update) {
            (0, Some(_)) => &[],
            (0, None) => self.left(),
            (free, _) => self.left().get(..free).unwrap_or_default(),
        }
    }

    /// Whether what is ready is the rest of an update that nobody should see half of.
    pub(super) fn is_within_update(&self) -> bool {
        self.free > 0 && self.is_short
    }

    /// So many bytes were taken.
    pub(super) fn take(&mut self, count: usize) {
        self.taken += count;
        self.free = self.free.saturating_sub(count);
        if self.taken >= self.bytes.len() {
            self.bytes.clear();
            // A flood is over: its room is given back.
            self.bytes.shrink_to(AT_ONCE);
            self.taken = 0;
        } else if self.taken > AT_ONCE {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// An update begins behind what was taken.
    pub(super) fn hold(&mut self, now: Duration) {
        if self.free > 0 {
            return;
        }
        self.update = Some(Update {
            since: now,
            searched: 0,
        });
        self.look_for_end();
    }

    /// When the update that is open has lasted too long.
    pub(super) fn due(&self) -> Option<Duration> {
        Some(self.update.as_ref()?.since.saturating_add(LONGEST))
    }

    /// Nothing is held back any longer. Whether anything was.
    pub(super) fn release(&mut self) -> bool {
        if self.update.take().is_none() {
            return false;
        }
        self.free = self.left().len();
        self.is_short = false;
        true
    }

    fn look_for_end(&mut self) {
        let Some(update) = &self.update else { return };
        let left = self.left();
        let from = update.searched;
        let found = memchr::memmem::find(left.get(from..).unwrap_or_default(), END);
        let length = left.len();
        if let Some(at) = found {
            self.free = from + at + END.len();
            self.is_short = self.free <= AT_ONCE;
            self.update = None;
        } else if length >= MOST {
            self.release();
        } else if let Some(update) = &mut self.update {
            update.searched = length.saturating_sub(END.len() - 1);
        }
    }
}
