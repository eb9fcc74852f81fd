//! `docs/KEYS.md`, from the table.

use std::fmt::Write as _;

use super::{Context, Keymap};
use crate::ui::action::Action;

/// The whole of `docs/KEYS.md`.
pub fn document() -> String {
    let keymap = Keymap::default();
    let mut text = String::from(
        "# Keys\n\n\
         Made from the table in `src/ui/keymap/default.rs`; a test holds it to that. `?` shows the same on the\n\
         screen.\n",
    );
    for context in Context::ALL.iter().copied() {
        let mut actions: Vec<Action> = Vec::new();
        for binding in keymap.of(context) {
            if !actions.contains(&binding.action) {
                actions.push(binding.action);
            }
        }
        let _infallible = write!(
            text,
            "\n## {}\n\n| keys | action | does |\n|---|---|---|\n",
            context.title()
        );
        for action in actions {
            let keys: Vec<String> = keymap
                .of(context)
                .filter(|binding| binding.action == action)
                .map(|binding| format!("`{}`", binding.label()))
                .collect();
            let _infallible = writeln!(
                text,
                "| {} | {} | {} |",
                keys.join(" "),
                action.name(),
                action.doc()
            );
        }
    }
    text
}
