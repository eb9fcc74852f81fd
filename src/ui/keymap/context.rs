//! Contexts as `keys.toml` names them, and how they lie over each other.

use super::Context;
use crate::ui::action::Action;

impl Context {
    /// Its table in `keys.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Panes => "panes",
            Self::Queue => "queue",
            Self::Transcript => "transcript",
            Self::Evidence => "evidence",
            Self::Shell => "shell",
            Self::Ended => "ended",
            Self::Confirm => "confirm",
            Self::Input => "input",
            Self::Filter => "filter",
            Self::Help => "help",
            Self::Page => "page",
            Self::Inbox => "inbox",
            Self::Review => "review",
            Self::Editor => "editor",
            Self::Overview => "overview",
            Self::Palette => "palette",
            Self::Notes => "notes",
            Self::Composer => "composer",
            Self::Themes => "themes",
            Self::Player => "player",
            Self::Choose => "choose",
            Self::Prompt => "prompt",
            Self::Unsaved => "unsaved",
            Self::OnDisk => "on-disk",
            Self::Copy => "copy",
        }
    }

    /// The context with this table.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|context| context.name() == name)
    }

    /// What holds besides, and is asked after it.
    pub(crate) fn below(self) -> &'static [Self] {
        match self {
            Self::Queue | Self::Transcript | Self::Evidence => &[Self::Panes, Self::Global],
            Self::Inbox | Self::Review | Self::Overview | Self::Notes | Self::Player => {
                &[Self::Page, Self::Global]
            }
            Self::Ended => &[Self::Shell],
            Self::Panes | Self::Page => &[Self::Global],
            Self::Composer => &[Self::Input],
            _ => &[],
        }
    }

    /// Whether characters are typed there: no key without Ctrl or Alt may be taken away from the text.
    pub(crate) fn types(self) -> bool {
        matches!(
            self,
            Self::Shell
                | Self::Input
                | Self::Filter
                | Self::Editor
                | Self::Palette
                | Self::Prompt
                | Self::Composer
                | Self::Choose
        )
    }

    /// The action without which nobody would get out of there any more.
    pub(crate) fn way_out(self) -> Option<Action> {
        match self {
            Self::Shell => Some(Action::LeaveTerminal),
            Self::Copy => Some(Action::ClearSelection),
            Self::Input
            | Self::Filter
            | Self::Help
            | Self::Palette
            | Self::Prompt
            | Self::Choose
            | Self::Themes => Some(Action::Cancel),
            Self::Confirm | Self::Unsaved | Self::OnDisk => Some(Action::No),
            Self::Page | Self::Editor | Self::Ended => Some(Action::Back),
            Self::Global => Some(Action::Quit),
            _ => None,
        }
    }
}
