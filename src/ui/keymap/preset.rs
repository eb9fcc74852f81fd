//! Sets of keys to choose from: what each does differently from the default.

use super::Context::{
    self, Choose, Confirm, Copy, Editor, Ended, Evidence, Filter, Global, Help, Input, OnDisk,
    Page, Palette, Panes, Prompt, Queue, Themes, Transcript, Unsaved,
};
use crate::ui::action::Action;

/// Context, keys, and what they do; `None` takes what the default gives them.
pub(super) type Change = (Context, &'static str, Option<Action>);

/// A set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preset {
    /// What `preset = "…"` calls it.
    pub(crate) name: &'static str,
    /// One sentence for the documentation.
    pub(crate) doc: &'static str,
    pub(super) changes: &'static [Change],
}

/// All of them; the first one holds when nobody chooses.
pub(crate) const PRESETS: &[Preset] = &[
    Preset {
        name: "default",
        doc: "arrows and letters; `h j k l` work too",
        changes: &[],
    },
    Preset {
        name: "vim",
        doc: "windows by `Ctrl-w`, half the screen by `Ctrl-d`, out by `Z Z`",
        changes: VIM,
    },
    Preset {
        name: "emacs",
        doc: "lines by `Ctrl-n`, windows by `Ctrl-x`, everything by `Alt-x`, nothing by `Ctrl-g`",
        changes: EMACS,
    },
];

const VIM: &[Change] = &[
    (Global, "Ctrl-d", Some(Action::PageDown)),
    (Global, "Ctrl-u", Some(Action::PageUp)),
    (Global, "Ctrl-e", Some(Action::Down)),
    (Global, "Ctrl-y", Some(Action::Up)),
    (Global, "Z Z", Some(Action::Quit)),
    (Panes, "Ctrl-w h", Some(Action::FocusQueue)),
    (Panes, "Ctrl-w j", Some(Action::Terminal)),
    (Panes, "Ctrl-w k", Some(Action::FocusTranscript)),
    (Panes, "Ctrl-w l", Some(Action::FocusEvidence)),
    (Panes, "Ctrl-w q", Some(Action::HidePane)),
    (Panes, "Ctrl-w W", Some(Action::PreviousPane)),
    (Panes, "Ctrl-w Space", Some(Action::NextLayout)),
];

const EMACS: &[Change] = &[
    (Global, "Ctrl-n", Some(Action::Down)),
    (Global, "Ctrl-p", Some(Action::Up)),
    (Global, "Ctrl-v", Some(Action::PageDown)),
    (Global, "Alt-v", Some(Action::PageUp)),
    (Global, "Alt-<", Some(Action::Top)),
    (Global, "Alt->", Some(Action::End)),
    (Global, "Ctrl-f", None),
    (Global, "Ctrl-b", None),
    (Global, "Alt-x", Some(Action::Palette)),
    (Global, "Ctrl-h", Some(Action::Help)),
    (Global, "Ctrl-x Ctrl-c", Some(Action::Quit)),
    (Panes, "Ctrl-p", Some(Action::Up)),
    (Panes, "Ctrl-g", Some(Action::Back)),
    (Panes, "Ctrl-s", Some(Action::Filter)),
    (Panes, "Ctrl-x Ctrl-f", Some(Action::Edit)),
    (Panes, "Ctrl-x o", Some(Action::NextPane)),
    (Panes, "Ctrl-x 0", Some(Action::HidePane)),
    (Panes, "Ctrl-x 1", Some(Action::Zoom)),
    (Panes, "Ctrl-x }", Some(Action::Wider)),
    (Panes, "Ctrl-x {", Some(Action::Narrower)),
    (Panes, "Ctrl-x ^", Some(Action::Taller)),
    (Panes, "Ctrl-x -", Some(Action::Lower)),
    (Panes, "Ctrl-x +", Some(Action::EvenPanes)),
    (Panes, "Ctrl-x l", Some(Action::NextLayout)),
    (Queue, "Ctrl-f", Some(Action::FocusTranscript)),
    (Transcript, "Ctrl-b", Some(Action::FocusQueue)),
    (Evidence, "Ctrl-f", Some(Action::Open)),
    (Evidence, "Ctrl-b", Some(Action::Close)),
    (Page, "Ctrl-g", Some(Action::Back)),
    (Editor, "Ctrl-g", Some(Action::Back)),
    (Editor, "Alt-g", Some(Action::GoToLine)),
    (Prompt, "Ctrl-g", Some(Action::Cancel)),
    (Unsaved, "Ctrl-g", Some(Action::No)),
    (OnDisk, "Ctrl-g", Some(Action::No)),
    (OnDisk, "Ctrl-n", Some(Action::Down)),
    (OnDisk, "Ctrl-p", Some(Action::Up)),
    (OnDisk, "Ctrl-v", Some(Action::PageDown)),
    (OnDisk, "Alt-v", Some(Action::PageUp)),
    (Confirm, "Ctrl-g", Some(Action::No)),
    (Input, "Ctrl-g", Some(Action::Cancel)),
    (Filter, "Ctrl-g", Some(Action::Cancel)),
    (Filter, "Ctrl-n", Some(Action::Down)),
    (Filter, "Ctrl-p", Some(Action::Up)),
    (Help, "Ctrl-g", Some(Action::Cancel)),
    (Help, "Ctrl-n", Some(Action::Down)),
    (Help, "Ctrl-p", Some(Action::Up)),
    (Help, "Ctrl-v", Some(Action::PageDown)),
    (Help, "Alt-v", Some(Action::PageUp)),
    (Palette, "Ctrl-g", Some(Action::Cancel)),
    (Choose, "Ctrl-g", Some(Action::Cancel)),
    (Themes, "Ctrl-g", Some(Action::Cancel)),
    (Themes, "Ctrl-n", Some(Action::Down)),
    (Themes, "Ctrl-p", Some(Action::Up)),
    (Copy, "Ctrl-Space", Some(Action::SelectCharacters)),
    (Copy, "Ctrl-x Space", Some(Action::SelectBlock)),
    (Copy, "Ctrl-x Ctrl-x", Some(Action::OtherEnd)),
    (Copy, "Alt-w", Some(Action::CopySelection)),
    (Copy, "Ctrl-g", Some(Action::ClearSelection)),
    (Copy, "Ctrl-n", Some(Action::Down)),
    (Copy, "Ctrl-p", Some(Action::Up)),
    (Copy, "Ctrl-f", Some(Action::CursorRight)),
    (Copy, "Ctrl-b", Some(Action::CursorLeft)),
    (Copy, "Ctrl-a", Some(Action::LineStart)),
    (Copy, "Ctrl-e", Some(Action::LineEnd)),
    (Copy, "Alt-m", Some(Action::LineText)),
    (Copy, "Alt-f", Some(Action::WordEnd)),
    (Copy, "Alt-b", Some(Action::PreviousWord)),
    (Copy, "Alt-}", Some(Action::NextParagraph)),
    (Copy, "Alt-{", Some(Action::PreviousParagraph)),
    (Copy, "Ctrl-v", Some(Action::PageDown)),
    (Copy, "Alt-v", Some(Action::PageUp)),
    (Copy, "Alt-<", Some(Action::Top)),
    (Copy, "Alt->", Some(Action::End)),
    (Copy, "Ctrl-s", Some(Action::SearchForth)),
    (Copy, "Ctrl-r", Some(Action::SearchBack)),
    (Ended, "Ctrl-g", Some(Action::Back)),
    (Ended, "Ctrl-n", Some(Action::Down)),
    (Ended, "Ctrl-p", Some(Action::Up)),
    (Ended, "Ctrl-v", Some(Action::PageDown)),
    (Ended, "Alt-v", Some(Action::PageUp)),
    (Ended, "Alt-x", Some(Action::Palette)),
];
