//! Stand-in until the themes arrive.

use ratatui::style::{Color, Style};
use ratatui::symbols::border;

/// Stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "a stand-in")]
pub enum ColorDepth {
    None,
    Palette16,
    Palette256,
    Truecolor,
}

impl ColorDepth {
    /// Stand-in.
    pub fn nearest(self, color: Color) -> Option<Color> {
        (self != Self::None).then_some(color)
    }
}

/// Stand-in.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme;

impl Theme {
    /// Stand-in.
    pub const fn style(&self, _role: Role) -> Style {
        Style::new()
    }

    /// Stand-in.
    pub fn plain() -> Self {
        Self
    }
}

/// Stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a stand-in")]
pub enum Role {
    Base,
    Text,
    Dim,
    Accent,
    Heading,
    Code,
    Link,
    Border,
    BorderFocus,
    Title,
    TitleFocus,
    Selection,
    SelectionInactive,
    Match,
    Header,
    HintKey,
    Hint,
    Badge,
    Popup,
    PopupBorder,
    Input,
    StateQueued,
    StateBlocked,
    StateRunning,
    StateWaiting,
    StateValidating,
    StateDone,
    StateFailed,
    StateBroken,
    StateSkipped,
    ProofProven,
    ProofUnchecked,
    ProofByHand,
    ProofTampered,
    DiffAdd,
    DiffDel,
    DiffHunk,
    DiffFile,
    Reasoning,
    Tool,
    ToolOutput,
    Success,
    Notice,
    Warning,
    Error,
}

/// Borders that every terminal and every log can show.
pub const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
