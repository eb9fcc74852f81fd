//! The keys as rows: for `docket keys`.

use serde::Serialize;

use super::{Context, Keymap, Source};

/// Keys and what they do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    /// The table in `keys.toml`.
    pub context: &'static str,
    /// The keys, one after the other.
    pub keys: String,
    /// The name of the action.
    pub action: &'static str,
    /// What it does, in one sentence.
    pub does: &'static str,
    /// Who says so: `default`, `preset` or `user`.
    pub source: &'static str,
}

/// Two rows of which one is never reached where both hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyConflict {
    /// What happens.
    pub wins: KeyRow,
    /// What is not reached.
    pub lost: KeyRow,
}

impl Keymap {
    /// All bindings, context by context.
    pub fn rows(&self) -> Vec<KeyRow> {
        let contexts = Context::ALL.iter();
        contexts
            .flat_map(|context| self.of(*context))
            .map(row)
            .collect()
    }

    /// Bindings that keep each other from being reached.
    pub fn conflict_rows(&self) -> Vec<KeyConflict> {
        let conflicts = self.conflicts();
        conflicts
            .iter()
            .map(|conflict| KeyConflict {
                wins: row(&conflict.wins),
                lost: row(&conflict.lost),
            })
            .collect()
    }
}

fn row(binding: &super::Binding) -> KeyRow {
    KeyRow {
        context: binding.context.name(),
        keys: binding.label(),
        action: binding.action.name(),
        does: binding.action.doc(),
        source: match binding.source {
            Source::Default => "default",
            Source::Preset => "preset",
            Source::User => "user",
        },
    }
}
