//! The table of settings as text, for `docket config --help-keys` and for the documentation.

use std::fmt::Write as _;

use super::keys::{KEYS, Key};

/// All settings for a terminal: name, type, default, variable and meaning, a blank line between two.
pub fn keys_as_text() -> String {
    let mut text = String::new();
    for key in KEYS {
        let Key { name, meaning, .. } = key;
        let default = key.default.unwrap_or("unset");
        let kind = key.kind;
        // Writing to a text can't fail.
        let _ = writeln!(text, "{name} = {default}\n    {meaning}\n    takes {kind}");
        if let Some(variable) = key.variable() {
            let _ = writeln!(text, "    {variable}");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// All settings as a Markdown table.
pub fn keys_as_markdown() -> String {
    let mut text = String::from("| key | takes | default | meaning |\n|---|---|---|---|\n");
    for key in KEYS {
        let kind = key.kind.to_string().replace('|', "\\|");
        let default = key
            .default
            .map_or_else(String::new, |default| format!("`{default}`"));
        let _ = writeln!(
            text,
            "| `{}` | {kind} | {default} | {} |",
            key.name, key.meaning
        );
    }
    text
}
