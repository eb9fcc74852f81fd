//! What a layout of text needs to know: how wide, how it looks, and which code is in colour already.

use std::sync::Arc;

use super::highlight::{Highlights, Hint, Key, Painted};
use crate::ui::session::Look;

/// See the module.
pub(crate) struct Canvas<'a> {
    pub(crate) columns: usize,
    pub(crate) look: &'a Look,
    highlights: &'a mut Highlights,
    /// Code that is plain only because its colours have not come yet.
    wanted: Vec<Key>,
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(columns: u16, look: &'a Look, highlights: &'a mut Highlights) -> Self {
        Self {
            columns: usize::from(columns),
            look,
            highlights,
            wanted: Vec::new(),
        }
    }

    /// The code in colour, as far as that is known now.
    pub(crate) fn paint(&mut self, code: &str, hint: Option<&Hint>) -> Option<Arc<Painted>> {
        let hint = hint.filter(|_| !code.trim().is_empty())?;
        self.highlights
            .paint(code, hint)
            .map_err(|key| self.wanted.push(key))
            .ok()
    }

    /// What was laid out plain since the last time and will have colours.
    pub(crate) fn wanted(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.wanted)
    }

    /// Whether the colours have come that somebody waits for.
    pub(crate) fn has_any(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| self.highlights.has(*key))
    }

    /// Does something on fewer columns.
    pub(crate) fn narrowed<T>(&mut self, by: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let columns = self.columns;
        self.columns = columns.saturating_sub(by);
        let done = work(self);
        self.columns = columns;
        done
    }
}
