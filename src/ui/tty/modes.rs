//! Everything that docket changes about a terminal, in one list: what is taken is given back, in the reverse order.
//!
//! Sources: xterm's ctlseqs; the kitty keyboard protocol (sw.kovidgoyal.net/kitty/keyboard-protocol); synchronized updates
//! (mode 2026).

/// A set of modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modes(u8);

impl Modes {
    /// Nothing is taken.
    pub(super) const NONE: Self = Self(0);
    /// What every screen needs: the alternate screen, pastes told from keys, focus told, no cursor.
    pub(super) const SCREEN: Self = Self(1);
    /// Clicks, drags and the wheel.
    pub(super) const MOUSE: Self = Self(2);
    /// Keys told apart that are one to old terminals.
    pub(super) const KEYBOARD: Self = Self(4);
    /// The title of the window.
    pub(super) const TITLE: Self = Self(8);

    /// From what [`bits`](Self::bits) gave.
    pub(super) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// For an atomic.
    pub(super) fn bits(self) -> u8 {
        self.0
    }

    /// These and those.
    #[must_use]
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without those.
    #[must_use]
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of those are among these.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A change and what takes it back.
struct Mode {
    of: Modes,
    on: &'static str,
    off: &'static str,
}

const fn mode(of: Modes, on: &'static str, off: &'static str) -> Mode {
    Mode { of, on, off }
}

/// All changes, in the order in which they are made.
const LIST: &[Mode] = &[
    // Some terminals keep a stack of titles; the others ignore both.
    mode(Modes::TITLE, "\x1b[22;2t", "\x1b[23;2t"),
    mode(Modes::SCREEN, "\x1b[?1049h", "\x1b[?1049l"),
    // The stack of keyboard modes belongs to the screen: pushed after it is entered, popped before it is left.
    mode(Modes::KEYBOARD, "\x1b[>1u", "\x1b[<1u"),
    mode(Modes::SCREEN, "\x1b[?2004h", "\x1b[?2004l"),
    mode(Modes::SCREEN, "\x1b[?1004h", "\x1b[?1004l"),
    mode(Modes::SCREEN, "\x1b[?25l", "\x1b[?25h"),
    // Buttons and drags, not every movement: that would wake docket up for nothing.
    mode(Modes::MOUSE, "\x1b[?1002h", "\x1b[?1002l"),
    mode(Modes::MOUSE, "\x1b[?1006h", "\x1b[?1006l"),
    // What a frame or a program may have left: an update that is not ended, the cursor's form, colours.
    mode(Modes::SCREEN, "", "\x1b[0m"),
    mode(Modes::SCREEN, "", "\x1b[0 q"),
    mode(Modes::SCREEN, "", "\x1b[?2026l"),
];

/// What makes the changes.
pub(super) fn on(modes: Modes) -> String {
    let wanted = LIST.iter().filter(|mode| modes.has(mode.of));
    wanted.map(|mode| mode.on).collect()
}

/// What takes them back.
pub(super) fn off(modes: Modes) -> String {
    let taken = LIST.iter().rev().filter(|mode| modes.has(mode.of));
    taken.map(|mode| mode.off).collect()
}

/// Whether the terminal is known to tell keys apart when it is asked to. It is not asked whether it can: the answer may never
/// come, and would come among the keys. Between docket and the terminal nothing may stand that does not pass it on.
pub(super) fn has_keyboard(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if ["TMUX", "STY", "ZELLIJ"].into_iter().any(set) {
        return false;
    }
    let term = variable("TERM").unwrap_or_default();
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    let is_term = |name: &str| {
        let rest = term.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    set("KITTY_WINDOW_ID")
        || ["xterm-kitty", "xterm-ghostty", "foot"]
            .into_iter()
            .any(is_term)
        || matches!(
            program.as_str(),
            "WezTerm" | "ghostty" | "iTerm.app" | "rio"
        )
}

/// Whether the terminal has a title: the console of Linux and terminals that can do nothing have none.
pub(super) fn has_title(variable: impl Fn(&str) -> Option<String>) -> bool {
    let term = variable("TERM").unwrap_or_default();
    !matches!(term.as_str(), "" | "linux" | "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Modes = Modes(15);

    #[test]
    fn every_change_is_taken_back_in_the_reverse_order() {
        let on = on(ALL);
        let off = off(ALL);
        for mode in LIST {
            assert!(on.contains(mode.on) && off.contains(mode.off));
            if mode.on.ends_with(['h', 'l']) {
                let (kind, stem) = (mode.on.chars().last(), &mode.on[..mode.on.len() - 1]);
                let back = if kind == Some('h') { "l" } else { "h" };
                assert_eq!(mode.off, format!("{stem}{back}"));
            }
        }
        assert!(off.starts_with("\x1b[?2026l"), "{off:?}");
        assert!(off.ends_with("\x1b[?1049l\x1b[23;2t"), "{off:?}");
        assert_eq!(super::on(Modes::NONE), "");
        assert_eq!(super::off(Modes::NONE), "");
        let without = super::off(ALL.without(Modes::MOUSE).without(Modes::KEYBOARD));
        assert!(!without.contains("1002") && !without.contains("<1u"));
    }

    #[test]
    fn keys_are_told_apart_only_where_that_is_known_to_work() {
        let has = |set: &[(&str, &str)]| {
            has_keyboard(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(has(&[("KITTY_WINDOW_ID", "1")]));
        assert!(has(&[("TERM", "foot-extra")]));
        assert!(has(&[
            ("TERM", "xterm-256color"),
            ("TERM_PROGRAM", "WezTerm")
        ]));
        assert!(!has(&[("TERM", "xterm-256color")]));
        assert!(!has(&[("KITTY_WINDOW_ID", "1"), ("TMUX", "/tmp/tmux")]));
        assert!(!has(&[("TERM", "footloose")]));
        assert!(!has(&[]));
    }
}
