//! Changes of ticket files that the screen asks for. Done off the UI's thread; holds no state.
//!
//! No runner is needed: it sees what changed in the queue's folder, whoever changed it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::ids::{TicketId, TicketName};
use crate::domain::queue::Queue;
use crate::domain::queue::placing::{self, NewPriority, Spot};
use crate::domain::ticket::AgentName;
use crate::tickets::template::{self, Template};
use crate::tickets::{order, parse};

/// Something to change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Give tickets another place in the run order; not yet, if the files of several other tickets would have to change.
    Place(Box<Place>),
    /// Write priorities.
    Write {
        root: PathBuf,
        priorities: Vec<NewPriority>,
    },
    /// Make a ticket.
    Create(Box<Create>),
}

/// Which tickets, and where to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) queue: Snapshot,
    pub(crate) tickets: Vec<TicketId>,
    pub(crate) to: To,
    /// Tickets whose files must not change.
    pub(crate) fixed: BTreeSet<TicketId>,
}

/// Where tickets go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    /// Before what is before them, or after what is after them, among the places of the queue that are shown.
    Neighbour {
        up: bool,
        shown: Vec<bool>,
    },
    Spot(Spot),
}

/// A queue; the same only as itself.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot(pub(crate) Arc<Queue>);

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What a new ticket is to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Create {
    pub(crate) root: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) title: String,
    pub(crate) template: Template,
    pub(crate) agent: Option<AgentName>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Changed {
    /// Priorities were written; none where the order was so already.
    Placed(Result<Vec<NewPriority>, String>),
    /// Files of several other tickets would change, too: nothing was written.
    WouldTouch(Vec<NewPriority>),
    /// A ticket was made.
    Created(Result<(TicketId, TicketName), String>),
}

/// In the files of so many tickets that are not moved priorities are written without asking: the neighbour's.
const UNASKED: usize = 1;

fn touched(priorities: &[NewPriority]) -> usize {
    priorities.iter().filter(|new| !new.is_moved).count()
}

/// Does it. Blocks on the disk.
pub(crate) fn carry_out(change: Change) -> Changed {
    match change {
        Change::Place(place) => match placed(&place) {
            Ok(priorities) if touched(&priorities) <= UNASKED => write(&place.root, priorities),
            Ok(priorities) => Changed::WouldTouch(priorities),
            Err(why) => Changed::Placed(Err(why)),
        },
        Change::Write { root, priorities } => write(&root, priorities),
        Change::Create(create) => Changed::Created(created(&create)),
    }
}

fn placed(place: &Place) -> Result<Vec<NewPriority>, String> {
    let queue = &place.queue.0;
    let is_fixed = |ticket: &TicketId| place.fixed.contains(ticket);
    let spot = match &place.to {
        To::Spot(spot) => Some(spot.clone()),
        To::Neighbour { up, shown } => {
            let is_shown = |position: usize| shown.get(position).is_none_or(|shown| *shown);
            placing::neighbour(queue, &place.tickets, *up, is_fixed, is_shown)
                .map_err(|error| error.to_string())?
        }
    };
    let Some(spot) = spot else {
        return Ok(Vec::new());
    };
    placing::place(queue, &place.tickets, &spot, is_fixed).map_err(|error| error.to_string())
}

fn write(root: &std::path::Path, priorities: Vec<NewPriority>) -> Changed {
    let written = order::write(root, &priorities).map(|()| priorities);
    Changed::Placed(written.map_err(|error| error.to_string()))
}

fn created(create: &Create) -> Result<(TicketId, TicketName), String> {
    let agent = create.agent.as_ref();
    let new = template::NewTicket {
        title: &create.title,
        template: create.template,
        agent: agent.filter(|_| create.template.is_for_any_agent()),
    };
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
    let path = template::create(&create.folder, &new).map_err(|error| in_words(&error))?;
    let bytes = std::fs::read(&path).map_err(|error| in_words(&error))?;
    let shown = path.strip_prefix(&create.root).unwrap_or(&path);
    let entry = parse(shown, &bytes);
    Ok((entry.id, entry.name))
}
