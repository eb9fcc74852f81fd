//! Selecting with the mouse: a drag selects, also beyond the edge; a double click takes a name, a triple click a line.

use std::time::Duration;

use super::copy::{CopyMode, Holder};
use super::program::Program;
use super::selection::{Selection, Shape};
use super::sheet::Point;

/// How soon clicks follow each other to be one.
const SOON: Duration = Duration::from_millis(400);
/// How often the view goes on while the mouse is held beyond the edge.
pub(crate) const PACE: Duration = Duration::from_millis(50);

/// Clicks in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Click {
    at: Point,
    when: Duration,
    count: u8,
}

/// The button is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    anchor: Point,
    shape: Shape,
    /// How many rows the mouse is above the pane (negative) or below it.
    beyond: i64,
    column: u16,
    /// When the view went on by that.
    went_on: Duration,
}

/// What came of letting go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Released {
    /// A click, and no more.
    Click,
    /// This was selected.
    Text(String),
}

impl Program {
    /// The button goes down on a place of the pane's inside.
    pub(super) fn press(&mut self, column: u16, row: u16, is_block: bool, now: Duration) {
        let (top, rows) = (self.seen_from(), self.view_rows());
        let is_new = self.copy.as_ref().is_none_or(|copy| !copy.has_keys());
        if is_new {
            self.copy = Some(CopyMode::new(&self.emulator, top, rows, Holder::Mouse));
        }
        let Some(copy) = &mut self.copy else { return };
        let at = Point {
            row: copy.top + u64::from(row),
            column,
        };
        let count = match self.click {
            Some(click)
                if click.at == at && now.saturating_sub(click.when) < SOON && click.count < 3 =>
            {
                click.count + 1
            }
            _ => 1,
        };
        self.click = Some(Click {
            at,
            when: now,
            count,
        });
        copy.selection = None;
        let shape = match (count, is_block) {
            (3, _) => Shape::Lines,
            (_, true) => Shape::Block,
            _ => Shape::Characters,
        };
        let top = copy.top;
        copy.put(&self.emulator, at);
        copy.top = top;
        let mut anchor = copy.cursor;
        match count {
            2 => {
                copy.select_name(&self.emulator, at);
                anchor = copy.selection.map_or(anchor, |selection| selection.anchor);
            }
            3 => copy.selection = Some(Selection { anchor, shape }),
            _ => {}
        }
        copy.held = Some(Held {
            anchor,
            shape,
            beyond: 0,
            column,
            went_on: now,
        });
    }

    /// Whether the button is held down on it.
    pub(super) fn is_held(&self) -> bool {
        self.copy.as_ref().is_some_and(|copy| copy.held.is_some())
    }

    /// The mouse moves while the button is held: columns and rows from the inside's first place on, which may lie outside.
    pub(super) fn drag(&mut self, column: i32, row: i32, now: Duration) {
        let (columns, _) = self.emulator.size();
        let Some(copy) = &mut self.copy else { return };
        let last = i32::from(copy.rows.max(1)) - 1;
        let Some(held) = &mut copy.held else { return };
        held.beyond = i64::from(if row < 0 { row } else { (row - last).max(0) });
        let column = column.clamp(0, i32::from(columns) - 1);
        held.column = u16::try_from(column).unwrap_or(0);
        let (held, inside) = (*held, row.clamp(0, last));
        let at = Point {
            row: copy.top + u64::try_from(inside).unwrap_or(0),
            column: held.column,
        };
        if copy.selection.is_none() && at == held.anchor {
            return;
        }
        copy.selection = Some(Selection {
            anchor: held.anchor,
            shape: held.shape,
        });
        copy.put(&self.emulator, at);
        if held.beyond != 0 {
            self.go_on(now, true);
        }
    }

    /// Whether the view goes on by itself.
    pub(super) fn goes_on(&self) -> bool {
        let held = self.copy.as_ref().and_then(|copy| copy.held);
        held.is_some_and(|held| held.beyond != 0)
    }

    /// The mouse is held beyond the edge: the view goes on, if it is time.
    pub(super) fn go_on(&mut self, now: Duration, at_once: bool) {
        let Some(copy) = &mut self.copy else { return };
        let rows = copy.rows.max(1);
        let Some(held) = &mut copy.held else { return };
        if held.beyond == 0 || (!at_once && now.saturating_sub(held.went_on) < PACE) {
            return;
        }
        held.went_on = now;
        let held = *held;
        let top = copy.top;
        copy.scroll(&self.emulator, held.beyond);
        if copy.top == top
            && let Some(held) = &mut copy.held
        {
            // There is nothing more: until the mouse moves again nothing has to wake up for it.
            held.beyond = 0;
        }
        let edge = if held.beyond < 0 {
            0
        } else {
            u64::from(rows) - 1
        };
        let at = Point {
            row: copy.top + edge,
            column: held.column,
        };
        copy.put(&self.emulator, at);
    }

    /// The button is let go.
    pub(super) fn release(&mut self) -> Released {
        let Some(copy) = &mut self.copy else {
            return Released::Click;
        };
        copy.held = None;
        let text = copy.selected(&self.emulator);
        if copy.holder == Holder::Mouse {
            // What was at the end stays there.
            let looks_at = if copy.is_at_end(&self.emulator) {
                self.emulator.top()
            } else {
                copy.top
            };
            if text.is_some() && !copy.is_stale {
                copy.holder = Holder::Nobody;
            } else {
                self.copy = None;
            }
            self.look_at(looks_at);
        }
        text.map_or(Released::Click, Released::Text)
    }

    /// Nothing is marked any more, unless the keys are copy mode's.
    pub(super) fn unmark(&mut self) {
        match &mut self.copy {
            Some(copy) if copy.has_keys() => copy.selection = None,
            _ => self.copy = None,
        }
    }
}
