//! When the next frame is painted: what programs and the runner tell waits for the next sixtieth of a second, what a key does is painted
//! sooner.

use std::time::Duration;

use crate::ui::effect::TerminalId;

/// At most sixty frames a second.
const FRAME: Duration = Duration::from_millis(16);

/// What a key did is painted so long after the frame before: nobody types so fast that it would be much work.
const ANSWER: Duration = Duration::from_millis(4);

/// How long a frame waits for a program's answer to a key: painted before it, the answer would be seen a whole frame later.
const ECHO: Duration = Duration::from_millis(4);

/// Keys that follow each other sooner than this were not typed by a hand: a paste, a wheel, a script.
const BURST: Duration = Duration::from_millis(10);

/// How long bulk waits for the next key of a burst. crossterm hands over one event at a time, through a thread of its own
/// (`use-dev-tty`, 0.29): between two of them nothing is there for a moment.
const NEXT: Duration = Duration::from_millis(1);

/// What the last key did.
#[derive(Debug, Default)]
enum Key {
    /// It is on the screen.
    #[default]
    Shown,
    /// It went to a program. Frames wait for its answer until then.
    Typed { terminal: TerminalId, by: Duration },
    /// The program wrote since. That is parsed by then, or held back by the program itself.
    Answered { by: Duration },
    /// It can be painted.
    Ready,
}

/// See the module. Times count from any fixed moment.
#[derive(Debug, Default)]
pub(super) struct Pace {
    painted_at: Option<Duration>,
    key: Key,
    /// When something came from the user last.
    input_at: Option<Duration>,
    /// How many keys in a row followed the one before so soon.
    soon: u32,
}

impl Pace {
    /// Something came from the user.
    pub(super) fn input(&mut self, now: Duration) {
        let before = self.input_at.replace(now);
        let is_soon = before.is_some_and(|before| now.saturating_sub(before) < BURST);
        self.soon = if is_soon {
            self.soon.saturating_add(1)
        } else {
            0
        };
    }

    /// Two keys together are a sequence, whose answer somebody waits for.
    fn is_burst(&self) -> bool {
        self.soon > 1
    }

    /// How long what programs wrote waits to be parsed: input comes first.
    pub(super) fn bulk_in(&self, now: Duration) -> Duration {
        match self.input_at {
            Some(at) if self.is_burst() => (at + NEXT).saturating_sub(now),
            _ => Duration::ZERO,
        }
    }

    /// A key meant something to docket itself.
    pub(super) fn pressed(&mut self) {
        self.key = Key::Ready;
    }

    /// A key, or a paste, was typed into a program.
    pub(super) fn typed(&mut self, terminal: TerminalId, now: Duration) {
        let by = now + ECHO;
        self.key = Key::Typed { terminal, by };
    }

    /// A program wrote.
    pub(super) fn wrote(&mut self, writer: TerminalId, now: Duration) {
        if let Key::Typed { terminal, .. } = self.key
            && terminal == writer
        {
            self.key = Key::Answered { by: now + ECHO };
        }
    }

    /// Something of what programs wrote was parsed; all of them had their turn.
    pub(super) fn parsed(&mut self) {
        if let Key::Answered { .. } = self.key {
            self.key = Key::Ready;
        }
    }

    /// A frame was painted.
    pub(super) fn painted(&mut self, now: Duration) {
        self.painted_at = Some(now);
        if let Key::Ready = self.key {
            self.key = Key::Shown;
        }
    }

    /// How long the next frame waits, if there is a reason for one.
    pub(super) fn frame_in(&self, now: Duration) -> Duration {
        let (gap, by) = match self.key {
            Key::Shown => (FRAME, Duration::ZERO),
            Key::Typed { by, .. } | Key::Answered { by } => (FRAME, by),
            Key::Ready if self.is_burst() => (FRAME, Duration::ZERO),
            Key::Ready => (ANSWER, Duration::ZERO),
        };
        let due = self.painted_at.map_or(Duration::ZERO, |at| at + gap);
        due.max(by).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn output_waits_for_the_next_frame_and_a_key_does_not() {
        let mut pace = Pace::default();
        assert_eq!(pace.frame_in(at(0)), Duration::ZERO, "the first one");
        pace.painted(at(100));
        assert_eq!(pace.frame_in(at(101)), at(15));
        pace.pressed();
        assert_eq!(pace.frame_in(at(101)), at(3));
        pace.painted(at(104));
        assert_eq!(pace.frame_in(at(105)), at(15), "it is on the screen");
    }

    #[test]
    fn what_another_program_writes_is_no_answer() {
        let (own, other) = (TerminalId(1), TerminalId(2));
        let mut pace = Pace::default();
        pace.painted(at(100));
        pace.typed(own, at(101));
        pace.wrote(other, at(102));
        pace.parsed();
        assert_eq!(pace.frame_in(at(102)), at(14));
        pace.wrote(own, at(103));
        assert_eq!(pace.frame_in(at(103)), at(13), "it is not parsed yet");
        pace.parsed();
        assert_eq!(pace.frame_in(at(103)), at(1));
    }

    #[test]
    fn bulk_waits_for_the_rest_of_a_burst_and_not_for_a_hand() {
        let mut pace = Pace::default();
        pace.input(at(100));
        assert_eq!(pace.bulk_in(at(100)), Duration::ZERO);
        pace.input(at(180));
        assert_eq!(pace.bulk_in(at(180)), Duration::ZERO);
        pace.input(at(187));
        pace.pressed();
        assert_eq!(pace.bulk_in(at(187)), Duration::ZERO, "a sequence");
        pace.input(at(187));
        assert_eq!(pace.bulk_in(at(187)), at(1));
        assert_eq!(pace.bulk_in(at(188)), Duration::ZERO, "it is over");
        pace.painted(at(188));
        pace.pressed();
        assert_eq!(pace.frame_in(at(188)), at(16));
        pace.input(at(250));
        assert_eq!(pace.frame_in(at(188)), at(4));
    }

    #[test]
    fn a_frame_waits_for_an_answer_but_not_for_long() {
        let mut pace = Pace::default();
        pace.painted(at(100));
        pace.typed(TerminalId(1), at(200));
        assert_eq!(pace.frame_in(at(200)), at(4));
        assert_eq!(pace.frame_in(at(205)), Duration::ZERO);
        pace.painted(at(205));
        pace.wrote(TerminalId(1), at(206));
        pace.parsed();
        assert_eq!(pace.frame_in(at(206)), at(3), "it is late enough");
    }
}
