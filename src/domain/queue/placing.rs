//! Another place in the run order for tickets, by the least change of their priorities.
//!
//! The order comes from dependencies, priorities and numbers; only priorities may be changed. A place is exact: directly before
//! or after another ticket. Where one ticket's priority can't say that, those of its neighbours change, too, as few as possible.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::Queue;
use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::board::{Board, TicketState};
use crate::domain::ids::{Sha256, TicketId, TicketName};
use crate::domain::ticket::QueueEntry;

/// Where tickets are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// Directly before this one.
    Before(TicketId),
    /// Directly after this one.
    After(TicketId),
    /// As early as their dependencies permit.
    First,
    /// As late as those that depend on them permit.
    Last,
}

/// A priority to write into a ticket's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewPriority {
    /// Whose.
    pub ticket: TicketId,
    /// What people call it.
    pub name: TicketName,
    /// Its file, relative to the repository.
    #[serde(serialize_with = "crate::domain::problem::path_as_text")]
    pub path: PathBuf,
    /// The revision of the file that this was computed from.
    pub revision: Sha256,
    /// What it is.
    pub from: i64,
    /// What it is to be.
    pub to: i64,
    /// Whether it is a ticket that is moved, and not one that makes room.
    pub is_moved: bool,
}

/// Why tickets can't go there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CantPlace {
    /// Nobody knows the ticket.
    #[error("{0} is not in the queue")]
    Unknown(TicketId),
    /// It has no place in the order that is to come.
    #[error("{0} can't be moved: {1}")]
    NotOpen(TicketName, &'static str),
    /// It would run before what it depends on.
    #[error("{ticket} depends on {needed}: it can't run before it")]
    Dependency {
        /// What would be too early.
        ticket: TicketName,
        /// What would be too late.
        needed: TicketName,
    },
    /// Dependencies lead to another order whatever the priorities are.
    #[error("no priorities lead to that order: what other tickets depend on decides it")]
    Decided,
}

/// The priorities that bring the tickets `moved`, together and in their order, to `spot`. Tickets that are done, broken, in a
/// circle or `fixed` (somebody works on them, so that their files must not change) have no part in it.
pub fn place(
    queue: &Queue,
    moved: &[TicketId],
    spot: &Spot,
    is_fixed: impl Fn(&TicketId) -> bool,
) -> Result<Vec<NewPriority>, CantPlace> {
    let sequence = Sequence::new(queue, &is_fixed);
    let mut block = Vec::new();
    for ticket in moved {
        block.push(sequence.find(ticket)?);
    }
    block.sort_unstable();
    block.dedup();
    let wanted = sequence.with_block_at(&block, spot)?;
    sequence.check_dependencies(&wanted)?;
    if wanted == sequence.open {
        return Ok(Vec::new());
    }
    let is_moved: HashSet<usize> = block.into_iter().collect();
    let mut candidates = Vec::new();
    for way in Way::ALL {
        let changes = sequence.changes(&wanted, &is_moved, way);
        let others = changes.iter().filter(|change| !change.is_moved).count();
        candidates.push(((others, changes.len()), changes));
    }
    candidates.sort_by_key(|(cost, _)| *cost);
    let names = sequence.ids(&wanted);
    candidates
        .into_iter()
        .map(|(_, changes)| changes)
        .find(|changes| {
            let after = with_priorities(queue, changes);
            let sequence = Sequence::new(&after, &is_fixed);
            sequence.ids(&sequence.open) == names
        })
        .ok_or(CantPlace::Decided)
}

/// Where tickets go that move by one: before (`up`) or after the next ticket whose order is still to come, among those that
/// `is_shown`. `None` at the end.
pub fn neighbour(
    queue: &Queue,
    moved: &[TicketId],
    up: bool,
    is_fixed: impl Fn(&TicketId) -> bool,
    is_shown: impl Fn(usize) -> bool,
) -> Result<Option<Spot>, CantPlace> {
    let sequence = Sequence::new(queue, &is_fixed);
    let mut block = Vec::new();
    for ticket in moved {
        block.push(sequence.find(ticket)?);
    }
    block.sort_unstable();
    let is_next = |index: &&usize| !block.contains(index) && is_shown(**index);
    let (first, last) = (block.first().copied(), block.last().copied());
    let open = sequence.open.iter();
    let next = if up {
        open.rev()
            .filter(|index| Some(**index) < first)
            .find(is_next)
    } else {
        open.filter(|index| Some(**index) > last).find(is_next)
    };
    Ok(next.map(|index| {
        let id = sequence.entry(*index).id.clone();
        if up {
            Spot::Before(id)
        } else {
            Spot::After(id)
        }
    }))
}

/// Whether a ticket's file must not change for the sake of an order, as far as a board tells: somebody works on it, or it waits
/// for a human's word on what it says now.
pub fn has_begun(board: &Board, ticket: &TicketId) -> bool {
    let Some(view) = board.tickets.get(ticket) else {
        return false;
    };
    match &view.state {
        TicketState::Waiting { .. } | TicketState::BackingOff { .. } => true,
        TicketState::Finished {
            outcome: AttemptOutcome::NeedsHuman { need },
        } => *need != Need::UserTask,
        state => state.is_active(),
    }
}

/// The queue as it will be.
fn with_priorities(queue: &Queue, changes: &[NewPriority]) -> Queue {
    let mut entries = queue.entries.clone();
    for change in changes {
        let index = queue.by_id.get(&change.ticket).and_then(|at| at.first());
        if let Some(entry) = index.and_then(|index| entries.get_mut(*index))
            && let Some(ticket) = &mut Arc::make_mut(entry).ticket
        {
            ticket.priority = change.to;
        }
    }
    Queue::new(entries)
}

/// A way to find priorities: which of them give way.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// What comes before is raised; else what comes after is lowered.
    raises: bool,
    /// The moved tickets get whatever fits there; else only what they must.
    anew: bool,
    /// Neighbours whose order dependencies made stay as they are.
    trusts: bool,
}

impl Way {
    const ALL: [Self; 8] = {
        let mut all = [Self {
            raises: false,
            anew: false,
            trusts: false,
        }; 8];
        let mut index = 0;
        while index < 8 {
            all[index] = Self {
                raises: index & 1 == 0,
                anew: index & 2 == 0,
                trusts: index & 4 == 0,
            };
            index += 1;
        }
        all
    };
}

/// The tickets whose order is still to come, as positions in the queue.
struct Sequence<'queue> {
    queue: &'queue Queue,
    open: Vec<usize>,
    /// Why a ticket is none of them.
    why_not: Box<dyn Fn(usize) -> Option<&'static str> + 'queue>,
}

impl<'queue> Sequence<'queue> {
    fn new(queue: &'queue Queue, is_fixed: &'queue impl Fn(&TicketId) -> bool) -> Self {
        let why_not = move |index: usize| {
            let entry = queue.entries.get(index)?;
            if entry.is_done() {
                Some("it is done")
            } else if entry.ticket.is_none() || !entry.is_runnable_file() {
                Some("its file is broken")
            } else if queue.cycle_of.get(index).is_some_and(Option::is_some) {
                Some("it is part of a circle of dependencies")
            } else if is_fixed(&entry.id) {
                Some("it has begun already")
            } else {
                None
            }
        };
        let open = (0..queue.entries.len())
            .filter(|index| why_not(*index).is_none())
            .collect();
        Self {
            queue,
            open,
            why_not: Box::new(why_not),
        }
    }

    fn entry(&self, index: usize) -> &'queue Arc<QueueEntry> {
        &self.queue.entries[index]
    }

    fn ids(&self, indices: &[usize]) -> Vec<&'queue TicketId> {
        indices.iter().map(|index| &self.entry(*index).id).collect()
    }

    fn find(&self, ticket: &TicketId) -> Result<usize, CantPlace> {
        let index = self.queue.by_id.get(ticket).and_then(|at| at.first());
        let index = *index.ok_or_else(|| CantPlace::Unknown(ticket.clone()))?;
        match (self.why_not)(index) {
            None => Ok(index),
            Some(why) => Err(CantPlace::NotOpen(self.entry(index).name.clone(), why)),
        }
    }

    fn with_block_at(&self, block: &[usize], spot: &Spot) -> Result<Vec<usize>, CantPlace> {
        let mut wanted: Vec<usize> = self
            .open
            .iter()
            .copied()
            .filter(|index| block.binary_search(index).is_err())
            .collect();
        let at = match spot {
            Spot::Before(other) | Spot::After(other) => {
                let other = self.find(other)?;
                let Some(at) = wanted.iter().position(|index| *index == other) else {
                    // Relative to itself: it stays.
                    return Ok(self.open.clone());
                };
                at + usize::from(matches!(spot, Spot::After(_)))
            }
            Spot::First => {
                let is_needed = |index: &usize| {
                    let mut moved = block.iter();
                    moved.any(|moved| self.queue.needs[*moved].contains(index))
                };
                wanted.iter().rposition(is_needed).map_or(0, |at| at + 1)
            }
            Spot::Last => {
                let needs_it = |index: &usize| {
                    let needs = &self.queue.needs[*index];
                    needs.iter().any(|need| block.binary_search(need).is_ok())
                };
                wanted.iter().position(needs_it).unwrap_or(wanted.len())
            }
        };
        wanted.splice(at..at, block.iter().copied());
        Ok(wanted)
    }

    fn check_dependencies(&self, wanted: &[usize]) -> Result<(), CantPlace> {
        let mut place = vec![None; self.queue.entries.len()];
        for (at, index) in wanted.iter().enumerate() {
            place[*index] = Some(at);
        }
        for (at, index) in wanted.iter().enumerate() {
            let needs = self.queue.needs[*index].iter();
            let mut late = needs.filter(|need| place[**need].is_some_and(|needed| needed > at));
            if let Some(need) = late.next() {
                return Err(CantPlace::Dependency {
                    ticket: self.entry(*index).name.clone(),
                    needed: self.entry(*need).name.clone(),
                });
            }
        }
        Ok(())
    }

    fn priority(&self, index: usize) -> i64 {
        let ticket = self.entry(index).ticket.as_ref();
        ticket.map_or(0, |ticket| ticket.priority)
    }

    /// Which of two comes first when their priorities are the same.
    fn by_number(&self, a: usize, b: usize) -> Ordering {
        let key = |index: usize| {
            let entry = self.entry(index);
            (entry.name.number(), entry.path.as_path())
        };
        key(a).cmp(&key(b))
    }

    fn changes(&self, wanted: &[usize], moved: &HashSet<usize>, way: Way) -> Vec<NewPriority> {
        let mut priorities: Vec<i64> = wanted.iter().map(|index| self.priority(*index)).collect();
        let mut follows = vec![None; self.queue.entries.len()];
        for pair in self.open.windows(2) {
            follows[pair[0]] = Some(pair[1]);
        }
        let pairs = 0..wanted.len().saturating_sub(1);
        let mut settle = |at: usize| {
            let (a, b) = (wanted[at], wanted[at + 1]);
            let is_first_by_number = self.by_number(a, b) == Ordering::Less;
            let is_before = |a: i64, b: i64| a > b || (a == b && is_first_by_number);
            let was_so = follows[a] == Some(b) && !is_before(self.priority(a), self.priority(b));
            if way.trusts && was_so {
                return;
            }
            let (changed, other) = if way.raises {
                (at, at + 1)
            } else {
                (at + 1, at)
            };
            let is_free = way.anew && moved.contains(&wanted[changed]);
            if !is_free && is_before(priorities[at], priorities[at + 1]) {
                return;
            }
            let step = match (is_first_by_number, way.raises) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => -1,
            };
            priorities[changed] = priorities[other].saturating_add(step);
        };
        if way.raises {
            pairs.rev().for_each(&mut settle);
        } else {
            pairs.for_each(&mut settle);
        }
        let changed = wanted.iter().zip(priorities);
        changed
            .filter(|(index, to)| self.priority(**index) != *to)
            .map(|(index, to)| {
                let entry = self.entry(*index);
                NewPriority {
                    ticket: entry.id.clone(),
                    name: entry.name.clone(),
                    path: entry.path.clone(),
                    revision: entry.revision,
                    from: self.priority(*index),
                    to,
                    is_moved: moved.contains(index),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
