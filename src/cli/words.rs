//! How states look in a line: a mark and a colour, the same in every command.

use std::sync::OnceLock;

use super::output::{Paint, Role};
use super::table::{self, Cell};
use crate::config::Variables;
use crate::domain::attempt::Verdict;
use crate::domain::reason::Mark;
use crate::ui::glyph;
use crate::ui::theme::is_utf8;

/// The sign of a mark, the same as on the screen, and its role.
pub(super) fn sign(mark: Mark) -> (&'static str, Role) {
    let role = match mark {
        Mark::Ready => Role::Plain,
        Mark::Blocked => Role::Faint,
        Mark::Running | Mark::Checking => Role::Active,
        Mark::Waiting | Mark::Stopped => Role::Warning,
        Mark::Done => Role::Good,
        Mark::Failed | Mark::Broken => Role::Bad,
    };
    let (sign, _colour_of_the_screen) = glyph::mark(mark, is_ascii());
    (sign, role)
}

/// Whether the locale allows nothing else.
pub(super) fn is_ascii() -> bool {
    static IS_ASCII: OnceLock<bool> = OnceLock::new();
    *IS_ASCII.get_or_init(|| !is_utf8(&Variables::from_process()))
}

/// One word for a mark, for filters and counts.
pub(super) fn word(mark: Mark) -> &'static str {
    mark.as_str()
}

/// A cell with the sign of a mark.
pub(super) fn sign_cell(mark: Mark) -> Cell {
    let (sign, role) = sign(mark);
    table::cell(role, sign)
}

/// A verdict's sign, role and word.
pub(super) fn verdict(verdict: Verdict) -> (&'static str, Role, &'static str) {
    let (role, word) = match verdict {
        Verdict::Pass => (Role::Good, "pass"),
        Verdict::Fail => (Role::Bad, "fail"),
        Verdict::TimedOut => (Role::Bad, "timed out"),
        Verdict::Inconclusive => (Role::Bad, "inconclusive"),
    };
    let (sign, _colour_of_the_screen) = glyph::verdict(verdict, is_ascii());
    (sign, role, word)
}

/// A sign in its colour.
pub(super) fn painted(paint: Paint, mark: Mark) -> String {
    let (sign, role) = sign(mark);
    paint.text(role, sign)
}
