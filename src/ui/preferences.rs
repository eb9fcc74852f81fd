//! What the user wants of the screen, colours and characters aside.

use super::keymap::Keymap;
use crate::config::PaneLayout;
use crate::domain::item::Usage;
use crate::domain::settings::SpendingLimits;
use crate::domain::time::Timestamp;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    /// What keys mean.
    pub keys: Keymap,
    /// What is wrong with the user's own keys, in one line: said first.
    pub warning: Option<String>,
    /// How the panes lie.
    pub layout: PaneLayout,
    /// Whether the terminal's title tells of the run.
    pub title: bool,
    /// How many rows each terminal keeps above its screen; `None`: as many as is usual.
    pub scrollback: Option<u32>,
    /// What a run and a day may use.
    pub limits: SpendingLimits,
    /// What was used before, and when: oldest first.
    pub spent: Vec<(Timestamp, Usage)>,
}
