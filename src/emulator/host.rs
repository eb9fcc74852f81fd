//! What vt100 tells: the rows that leave the screen.

use super::history::History;

/// See the module.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) history: History,
}

impl Default for Host {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Host {
    pub(super) fn new(scrollback: usize) -> Self {
        Self {
            history: History::new(scrollback),
        }
    }
}

impl vt100::Callbacks for Host {
    fn on_scroll(&mut self, row: vt100::capture::RowContents<'_>, alternate_screen: bool) {
        if !alternate_screen {
            self.history.keep(&row);
        }
    }
}
