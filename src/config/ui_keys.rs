//! The settings of the screen that say how it is arranged.

use super::keys::{Key, key};
use super::kind::Kind;
use super::model::{ClipboardWay, PaneLayout};

pub(super) const ARRANGEMENT: &[Key] = &[
    key(
        "ui.layout",
        Kind::Word(PaneLayout::WORDS),
        Some(r#""standard""#),
        "how the panes lie at the start",
    ),
    key(
        "ui.title",
        Kind::Flag,
        Some("true"),
        "whether the title of the terminal's window tells of the run",
    ),
    key(
        "ui.scrollback",
        Kind::Count {
            from: 0,
            to: 100_000,
        },
        Some("10000"),
        "rows that each terminal keeps above its screen",
    ),
    key(
        "ui.clipboard",
        Kind::Word(ClipboardWay::WORDS),
        Some(r#""auto""#),
        "how copied texts get out: by what the terminal is known to take, by OSC 52 in any case, or into a file",
    ),
];
