//! Keys that keep each other from being reached.

use super::{Binding, Keymap};

/// Two bindings of which one is never reached: its keys are the beginning of the other's, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// What happens.
    pub(crate) wins: Binding,
    /// What is never reached where the first one holds.
    pub(crate) lost: Binding,
}

impl Keymap {
    /// All pairs that keep each other from being reached, where both of them hold.
    ///
    /// The same keys in a context and in one that is asked after it are no conflict: that is how a pane gives a key a
    /// meaning of its own.
    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for first in &self.bindings {
            for second in &self.bindings {
                let shorter = first.keys.len() < second.keys.len();
                let in_one = first.context == second.context;
                let over = first.context.below().contains(&second.context);
                // The context that is asked first decides; inside of one the shorter keys do.
                let decides = over || (in_one && shorter);
                if decides && begins(first, second) {
                    conflicts.push(Conflict {
                        wins: first.clone(),
                        lost: second.clone(),
                    });
                }
            }
        }
        conflicts
    }
}

/// Whether the keys of one are the beginning of the other's, and no more than that.
fn begins(first: &Binding, second: &Binding) -> bool {
    first.keys.len() != second.keys.len()
        && (first.keys.starts_with(&second.keys) || second.keys.starts_with(&first.keys))
}
