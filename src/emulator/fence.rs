//! Panics that are caught close by: the hook that gives the user's terminal back leaves them alone.

use std::cell::Cell;

thread_local! {
    /// Whether a panic of this thread is caught close by.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// While this lives, panics of this thread are somebody's business: the screen stays, nothing is printed.
pub(crate) struct Contained {
    before: bool,
}

/// Says that panics of this thread are about to be caught.
pub(crate) fn contain_panics() -> Contained {
    Contained {
        before: CONTAINED.replace(true),
    }
}

/// Whether a panic of this thread is caught close by.
pub(crate) fn is_contained() -> bool {
    CONTAINED.get()
}

impl Drop for Contained {
    fn drop(&mut self) {
        CONTAINED.set(self.before);
    }
}
