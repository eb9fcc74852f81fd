//! The transcript of the selected ticket's attempt, or the ticket itself while there is none.
//!
//! This file is about what is in memory; [`layout`] about lines, [`cursor`] about single items, [`seek`] about finding,
//! [`attempts()`] about which transcript it is.

mod attempts;
mod cursor;
mod hunt;
mod items;
mod layout;
mod seek;
mod ticket;
mod window;

use std::collections::HashMap;
use std::path::PathBuf;

use ratatui::text::Line;

use self::attempts::Told;
use self::seek::Seeking;
use self::window::{Place, Window};
use crate::domain::ids::{AttemptId, RunId, Sha256, TicketId, TicketName};
use crate::domain::reason::Reason;
use crate::ui::effect::{Effect, Load, Part, Slice};
use crate::ui::theme::Role;

pub(crate) use self::attempts::attempts;
pub(crate) use self::hunt::Toward;
pub(crate) use self::seek::Jump;

/// Where the pane's upper edge is: an item and one of its lines.
type Top = (Place, usize);

/// How many items before the upper edge must be in memory before more is read.
const LOOK_AHEAD: Place = 40;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct TranscriptPane {
    shows: Option<Shown>,
    window: Window,
    /// How long the file is known to be.
    length: u64,
    /// The number of the last question, and whether it is still open.
    question: u64,
    asked: bool,
    /// What the length was when the question was put.
    asked_at: u64,
    top: Top,
    /// Whether the end is kept in view.
    follow: bool,
    /// Whether the end is wanted exactly at the lower edge, without room for what comes.
    settle: bool,
    unfolded: bool,
    trouble: Option<String>,
    width: u16,
    height: usize,
    visible: Vec<Line<'static>>,
    /// The item of each visible line.
    rows: Vec<Place>,
    /// Where the window ended, and how long the file was, when the end was left.
    left_end: Option<(Place, u64)>,
    /// The item that is marked, and whether it is to be brought into view.
    cursor: Option<u64>,
    reveal: Option<Reveal>,
    /// Items that are folded or unfolded against what holds for all.
    folds: HashMap<u64, bool>,
    seeking: Seeking,
    /// An older attempt that was chosen instead of the one that runs or ran last, and whose ticket it is.
    chosen: Option<Shown>,
    of_ticket: Option<TicketName>,
    /// What events told of turns and requests.
    told: Told,
    /// Something to say to the user.
    word: Option<(String, Role)>,
    /// The ticket's text, shown while there is no transcript, and what it was laid out from.
    ticket: Vec<Line<'static>>,
    ticket_of: Option<TicketText>,
    ticket_top: usize,
}

/// What the layout of a ticket's text depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TicketText {
    pub(crate) id: TicketId,
    pub(crate) revision: Sha256,
    pub(crate) reason: Reason,
    pub(crate) look: u64,
    pub(crate) columns: u16,
}

/// Which transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) run: RunId,
    pub(crate) attempt: AttemptId,
    pub(crate) path: PathBuf,
}

/// What is to be brought into view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reveal {
    /// The marked item.
    Item,
    /// The first of its lines that the search found.
    Match,
}

/// A movement in a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Lines(i64),
    Pages(i64),
    Top,
    End,
}

impl TranscriptPane {
    /// Shows another transcript, or none: the attempt that runs or ran last, unless an older one was chosen.
    pub(crate) fn show(
        &mut self,
        newest: Option<&Shown>,
        ticket: Option<&TicketName>,
    ) -> Vec<Effect> {
        if self.of_ticket.as_ref() != ticket {
            self.of_ticket = ticket.cloned();
            self.chosen = None;
        }
        if self.chosen.as_ref() == newest {
            self.chosen = None;
        }
        let wanted = self.chosen.as_ref().or(newest);
        if self.shows.as_ref() == wanted {
            return Vec::new();
        }
        let shows = wanted.cloned();
        let before = std::mem::take(self);
        *self = Self {
            shows,
            question: before.question,
            unfolded: before.unfolded,
            seeking: before.seeking.anew(),
            chosen: before.chosen,
            of_ticket: before.of_ticket,
            told: before.told,
            word: before.word,
            follow: true,
            settle: true,
            ..Self::default()
        };
        self.ask(Part::Tail)
    }

    /// The attempt whose transcript is shown.
    pub(crate) fn attempt(&self) -> Option<&AttemptId> {
        self.shows.as_ref().map(|shown| &shown.attempt)
    }

    /// Whether there is anything of a transcript to show.
    fn has_items(&self) -> bool {
        !self.window.places().is_empty()
    }

    /// Something to say to the user, once.
    pub(crate) fn take_word(&mut self) -> Option<(String, Role)> {
        self.word.take()
    }

    fn say(&mut self, words: impl Into<String>, role: Role) {
        self.word = Some((words.into(), role));
    }

    /// The transcript of `attempt` has grown.
    pub(crate) fn advanced(&mut self, attempt: &AttemptId, bytes: u64) -> Vec<Effect> {
        if self.chosen.is_some() || self.attempt() != Some(attempt) || bytes <= self.length {
            return Vec::new();
        }
        let was_at_end = self.window.range().end >= self.length || !self.has_items();
        self.length = bytes;
        let mut effects = self.seek_in_new();
        // Who reads further above needs no more in memory than there is.
        if self.follow || (was_at_end && !self.window.is_long()) {
            effects.extend(self.read_on());
        }
        effects
    }

    /// Asks for what follows the window, or for the end when that is far.
    fn read_on(&mut self) -> Vec<Effect> {
        const FAR: u64 = 2 * 1024 * 1024;
        let end = self.window.range().end;
        if end >= self.length {
            return Vec::new();
        }
        if !self.has_items() || (self.follow && self.length - end > FAR) {
            self.ask(Part::Tail)
        } else {
            self.ask(Part::After(end))
        }
    }

    fn ask(&mut self, part: Part) -> Vec<Effect> {
        let Some(shown) = &self.shows else {
            return Vec::new();
        };
        // What follows or precedes waits for the answer that is under way; a jump doesn't.
        if self.asked && matches!(part, Part::After(_) | Part::Before(_)) {
            return Vec::new();
        }
        self.asked = true;
        self.asked_at = self.length;
        self.question += 1;
        vec![Effect::Load(Load::Transcript {
            question: self.question,
            path: shown.path.clone(),
            part,
        })]
    }

    /// A part has been read.
    pub(crate) fn loaded(
        &mut self,
        question: u64,
        part: Part,
        slice: Result<Slice, String>,
    ) -> Vec<Effect> {
        if question != self.question {
            return Vec::new();
        }
        self.asked = false;
        let slice = match slice {
            Ok(slice) => slice,
            Err(trouble) => {
                self.trouble = Some(trouble);
                return Vec::new();
            }
        };
        self.trouble = None;
        // The file itself knows best, unless more was announced while the question was open. (A file that is shorter than
        // announced would be asked for without end.)
        let was_announced = self.length > self.asked_at;
        self.length = if was_announced {
            self.length.max(slice.length)
        } else {
            slice.length
        };
        let go_on = !slice.range.is_empty() || was_announced;
        match part {
            Part::Tail => {
                self.settle |= !self.has_items();
                self.window.replace(slice);
            }
            Part::Head => {
                self.window.replace(slice);
                self.top = (self.window.places().start, 0);
            }
            Part::After(_) => {
                self.window.extend(slice);
                let keep = if self.follow {
                    Place::MAX
                } else {
                    self.top.0 - LOOK_AHEAD
                };
                self.window.drop_beginning(keep);
            }
            Part::Before(_) => {
                self.window.prepend(slice);
                self.window.drop_end();
                self.arrive(true);
            }
            Part::At(_) => {
                self.window.replace(slice);
                self.top = (self.window.places().start, 0);
                let start = self.window.range().start;
                self.arrive(start == 0);
                // What is around it, too.
                return if start > 0 {
                    self.ask(Part::Before(start))
                } else {
                    Vec::new()
                };
            }
        }
        if self.follow && go_on {
            self.read_on()
        } else {
            Vec::new()
        }
    }

    /// Whether the end is followed.
    pub(crate) fn follows(&self) -> bool {
        self.follow
    }

    /// Stops following, and remembers where the end was.
    fn leave_end(&mut self) {
        if std::mem::take(&mut self.follow) {
            self.left_end = Some((self.window.places().end, self.length));
        }
    }

    /// Reads on when the upper edge comes near the beginning or the end of what is in memory.
    fn look_ahead(&mut self) -> Vec<Effect> {
        let (range, places) = (self.window.range(), self.window.places());
        if range.start > 0 && self.top.0 - places.start < LOOK_AHEAD {
            return self.ask(Part::Before(range.start));
        }
        if range.end < self.length && places.end - self.top.0 < LOOK_AHEAD {
            return self.ask(Part::After(range.end));
        }
        Vec::new()
    }
}

/// A position in a list of lines after a movement.
pub(crate) fn moved(position: usize, to: Move, height: usize) -> usize {
    let page = height.saturating_sub(1).max(1) as i64;
    let by = |lines: i64| {
        let distance = usize::try_from(lines.unsigned_abs()).unwrap_or(usize::MAX);
        if lines < 0 {
            position.saturating_sub(distance)
        } else {
            position.saturating_add(distance)
        }
    };
    match to {
        Move::Lines(lines) => by(lines),
        Move::Pages(pages) => by(pages * page),
        Move::Top => 0,
        Move::End => usize::MAX,
    }
}
