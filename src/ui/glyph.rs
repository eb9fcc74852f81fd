//! The characters that stand for states. All are one column wide everywhere, none has an emoji form; each has an ASCII one.

use super::theme::Role;
use crate::domain::attempt::Verdict;
use crate::domain::item::ToolStatus;
use crate::domain::reason::Mark;

/// A character and the role of its colour.
pub(crate) type Glyph = (&'static str, Role);

/// What a ticket's line begins with.
pub(crate) fn mark(mark: Mark, ascii: bool) -> Glyph {
    let (unicode, plain, role) = match mark {
        Mark::Ready => ("·", ".", Role::StateQueued),
        Mark::Blocked => ("·", ".", Role::StateBlocked),
        Mark::Running => ("►", ">", Role::StateRunning),
        Mark::Checking => ("◆", "*", Role::StateValidating),
        Mark::Waiting => ("‖", "?", Role::StateWaiting),
        Mark::Done => ("✓", "+", Role::StateDone),
        Mark::Failed => ("✗", "x", Role::StateFailed),
        Mark::Stopped => ("□", "-", Role::StateSkipped),
        Mark::Broken => ("!", "!", Role::StateBroken),
    };
    (if ascii { plain } else { unicode }, role)
}

/// What has become of a tool call.
pub(crate) fn tool(status: ToolStatus, ascii: bool) -> Glyph {
    let (unicode, plain, role) = match status {
        ToolStatus::Running => ("►", ">", Role::StateRunning),
        ToolStatus::Completed => ("✓", "+", Role::Success),
        ToolStatus::Failed => ("✗", "x", Role::Error),
        ToolStatus::Declined => ("□", "-", Role::Warning),
    };
    (if ascii { plain } else { unicode }, role)
}

/// The verdict of a validation.
pub(crate) fn verdict(verdict: Verdict, ascii: bool) -> Glyph {
    let (unicode, plain, role) = match verdict {
        Verdict::Pass => ("✓", "+", Role::Success),
        Verdict::Fail | Verdict::TimedOut => ("✗", "x", Role::Error),
        Verdict::Inconclusive => ("?", "?", Role::Warning),
    };
    (if ascii { plain } else { unicode }, role)
}

/// Evidence that is sealed.
pub(crate) fn seal(ascii: bool) -> &'static str {
    if ascii { "#" } else { "⚿" }
}

/// What marked tickets begin with.
pub(crate) fn marked(ascii: bool) -> &'static str {
    if ascii { "#" } else { "●" }
}

/// Where a long list is, on its border.
pub(crate) fn thumb(ascii: bool) -> &'static str {
    if ascii { "#" } else { "┃" }
}

/// Whether what is below a line is shown.
pub(crate) fn fold(is_open: bool, ascii: bool) -> &'static str {
    match (is_open, ascii) {
        (true, false) => "▾",
        (true, true) => "v",
        (false, false) => "▸",
        (false, true) => ">",
    }
}

/// The edge of what is marked, in place of a frame's line.
pub(crate) fn edge(ascii: bool) -> &'static str {
    if ascii { "#" } else { "▌" }
}
