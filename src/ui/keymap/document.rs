//! `docs/KEYS.md`, from the tables.

use std::fmt::Write as _;

use super::preset::{PRESETS, Preset};
use super::{Context, Keymap};
use crate::ui::action::Action;

const HEAD: &str = "\
# Keys

Made from the tables in `src/ui/keymap`; a test holds it to them. `?` shows the keys on the screen, `:` finds an action by its
name, `docket keys` prints what holds for you.

## Your own keys

`~/.config/docket/keys.toml`:

```toml
preset = \"vim\"              # default, vim or emacs

[panes]                     # in the panes, see the contexts below
\"X\" = \"stop-ticket\"         # keys = the name of an action
\"x\" = \"none\"                # takes the meaning away

[shell]
chord = \"Ctrl-\\\\\"          # the one key that a terminal does not get: all its sequences follow
\"chord y\" = \"zoom\"        # what follows the chord, whichever it is

[global]
\"Ctrl-x Ctrl-s\" = \"start\"   # one after the other: what may follow is shown
\"F5\" = \"redraw\"
```

* A key is a character (`x`, `X`, `?`), or one of `Enter Esc Tab Space Backspace Delete Insert Up Down Left Right Home End PageUp PageDown
  F1` to `F12`, with `Ctrl-`, `Alt-` and `Shift-` before it.
* The context that is more special decides: a key in `[queue]` goes before the same key in `[panes]`, and that before `[global]`.
* What is wrong is told with line and column when the screen opens and by `docket doctor`, and leaves the rest of the file alone: an unknown
  action, context or key; keys that stand twice; a sequence that is never reached, since a shorter one cuts it off. What leads out of a
  popup, a page or a terminal can't be taken away without another key for it.
* Your keys come before the preset's, and those before the default.
";

/// The whole of `docs/KEYS.md`.
pub fn document() -> String {
    let keymap = Keymap::default();
    let mut text = String::from(HEAD);
    for context in Context::ALL.iter().copied() {
        let mut actions: Vec<Action> = Vec::new();
        for binding in keymap.of(context) {
            if !actions.contains(&binding.action) {
                actions.push(binding.action);
            }
        }
        let _infallible = write!(
            text,
            "\n## {} (`[{}]`)\n\n",
            context.title(),
            context.name()
        );
        if actions.is_empty() {
            text.push_str("Only what holds around it.\n");
            continue;
        }
        text.push_str("| keys | action | does |\n|---|---|---|\n");
        for action in actions {
            let keys: Vec<String> = keymap
                .of(context)
                .filter(|binding| binding.action == action)
                .map(|binding| code(&binding.label()))
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
    for preset in PRESETS.iter().filter(|preset| !preset.changes.is_empty()) {
        describe(preset, &mut text);
    }
    text
}

/// What a preset changes.
fn describe(preset: &Preset, text: &mut String) {
    let _infallible = write!(
        text,
        "\n## Preset `{}`\n\nThe default, and {}.\n\n| context | keys | action |\n|---|---|---|\n",
        preset.name, preset.doc
    );
    for (context, keys, action) in preset.changes {
        let action = action.map_or("none", Action::name);
        let _infallible = writeln!(text, "| {} | {} | {action} |", context.name(), code(keys));
    }
}

/// Keys as code in a table: a bar would end the cell.
fn code(keys: &str) -> String {
    format!("`{}`", keys.replace('|', "\\|"))
}
