//! The queue: tickets in run order, what each waits for, and what is wrong with them together.
//!
//! Built once for a snapshot of the folder; everything here is linear in tickets and dependencies (and a sort).

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::ids::{TicketId, TicketName};
use super::policy::PolicyName;
use super::ticket::{AgentName, Dependency, KnownNames, QueueEntry};
use super::time::Timestamp;

mod cycles;
pub mod placing;
mod problems;

/// Whether a ticket could start now, and if not, why. The runner adds its own reasons (slots, limits, pauses).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "of")]
pub enum Readiness {
    /// Nothing in the queue keeps it from starting.
    Ready,
    /// It says `done: true`.
    Done,
    /// Its file is broken: see the problems of the entry.
    Broken,
    /// It shares its number or id with these files (the first few are named).
    Ambiguous(Vec<PathBuf>),
    /// Nobody configured its agent.
    UnknownAgent(AgentName),
    /// Nobody configured its policy.
    UnknownPolicy(PolicyName),
    /// It depends on what doesn't exist.
    UnknownDependency(Vec<Dependency>),
    /// It is part of this circle of dependencies; the first ticket is repeated at the end.
    InCycle(#[serde(serialize_with = "shared_names")] Arc<[TicketName]>),
    /// These have to be done before.
    After(Vec<TicketName>),
    /// It is not to start before this time.
    NotBefore(Timestamp),
}

/// The tickets of one repository in run order.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    entries: Vec<Arc<QueueEntry>>,
    /// For each entry: the entries that it depends on.
    needs: Vec<Vec<usize>>,
    /// For each entry: dependencies that nothing answers to.
    unknown: Vec<Vec<Dependency>>,
    /// For each entry: the circle that it is part of.
    cycle_of: Vec<Option<usize>>,
    cycles: Vec<Arc<[TicketName]>>,
    by_number: HashMap<u64, Vec<usize>>,
    by_id: HashMap<TicketId, Vec<usize>>,
}

impl Queue {
    /// Puts the tickets into run order: what a ticket depends on before it, then priority (higher first), then number, then path.
    pub fn new(entries: impl IntoIterator<Item = Arc<QueueEntry>>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let index = Index::of(&entries);
        let resolved = entries.iter().map(|entry| index.resolve(entry));
        let (needs, unknown): (Vec<_>, Vec<_>) = resolved.unzip();
        let order = order(&open_needs(&entries, &needs));
        Self::in_order(&order, &entries, &needs, unknown, index)
    }

    /// The same in another order: `order` says which entry comes first, second and so on.
    fn in_order(
        order: &[usize],
        entries: &[Arc<QueueEntry>],
        needs: &[Vec<usize>],
        mut unknown: Vec<Vec<Dependency>>,
        index: Index,
    ) -> Self {
        let mut position = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            position[old] = new;
        }
        let moved = |indices: &[usize]| {
            let mut moved: Vec<_> = indices.iter().map(|&old| position[old]).collect();
            moved.sort_unstable();
            moved
        };
        let entries: Vec<_> = order.iter().map(|&old| Arc::clone(&entries[old])).collect();
        let needs: Vec<_> = order.iter().map(|&old| moved(&needs[old])).collect();
        let unknown = order
            .iter()
            .map(|&old| std::mem::take(&mut unknown[old]))
            .collect();
        let cycles = cycles::find(&open_needs(&entries, &needs));
        let mut cycle_of = vec![None; entries.len()];
        for (number, cycle) in cycles.iter().enumerate() {
            for &member in &cycle.members {
                cycle_of[member] = Some(number);
            }
        }
        let named = |cycle: cycles::Cycle| {
            let path = cycle.path.iter().chain(cycle.path.first());
            path.map(|&index| entries[index].name.clone()).collect()
        };
        Self {
            cycles: cycles.into_iter().map(named).collect(),
            by_number: index
                .by_number
                .into_iter()
                .map(|(key, at)| (key, moved(&at)))
                .collect(),
            by_id: index
                .by_id
                .into_iter()
                .map(|(key, at)| (key, moved(&at)))
                .collect(),
            entries,
            needs,
            unknown,
            cycle_of,
        }
    }

    /// The tickets in run order.
    pub fn entries(&self) -> &[Arc<QueueEntry>] {
        &self.entries
    }

    /// The ticket with this name; the first in run order if there are several.
    pub fn by_name(&self, name: &TicketName) -> Option<&Arc<QueueEntry>> {
        let same_number = self.by_number.get(&name.number())?;
        same_number
            .iter()
            .map(|&index| &self.entries[index])
            .find(|entry| entry.name == *name)
    }

    /// The ticket with this id; the first in run order if there are several.
    pub fn by_id(&self, id: &TicketId) -> Option<&Arc<QueueEntry>> {
        let first = *self.by_id.get(id)?.first()?;
        self.entries.get(first)
    }

    /// Whether any ticket has this number.
    pub fn has_number(&self, number: u64) -> bool {
        self.by_number.contains_key(&number)
    }

    /// The tickets that the entry at `index` depends on.
    pub fn dependencies(&self, index: usize) -> impl Iterator<Item = &Arc<QueueEntry>> {
        self.needs(index).iter().map(|&need| &self.entries[need])
    }

    /// The positions of what the entry at `index` depends on, ascending; of what is done, too.
    pub fn needs(&self, index: usize) -> &[usize] {
        self.needs.get(index).map_or(&[][..], Vec::as_slice)
    }

    /// Whether the entry at `index` is part of a circle of dependencies.
    pub fn is_in_cycle(&self, index: usize) -> bool {
        self.cycle_of.get(index).copied().flatten().is_some()
    }

    /// The circles of dependencies among tickets that aren't done, as names; the first is repeated at the end.
    pub fn cycles(&self) -> &[Arc<[TicketName]>] {
        &self.cycles
    }

    /// For each entry, in run order: whether it could start at `now`. With `known`, an agent or a policy that isn't among
    /// these names is a reason not to.
    pub fn readiness(&self, now: Timestamp, known: Option<&KnownNames>) -> Vec<Readiness> {
        (0..self.entries.len())
            .map(|index| self.readiness_of(index, now, known))
            .collect()
    }

    /// The same for the entry at `index`, which must be less than the number of entries.
    pub fn readiness_of(
        &self,
        index: usize,
        now: Timestamp,
        known: Option<&KnownNames>,
    ) -> Readiness {
        self.readiness_with(index, now, known, |_| false)
    }

    /// The same, with tickets that are done though this snapshot of the files doesn't say so yet.
    pub fn readiness_with(
        &self,
        index: usize,
        now: Timestamp,
        known: Option<&KnownNames>,
        done_since: impl Fn(&TicketId) -> bool,
    ) -> Readiness {
        let entry = &self.entries[index];
        let Some(ticket) = entry.ticket.as_ref().filter(|_| entry.is_runnable_file()) else {
            return Readiness::Broken;
        };
        if ticket.done || done_since(&ticket.id) {
            return Readiness::Done;
        }
        let twins = self.twins(index);
        if !twins.is_empty() {
            return Readiness::Ambiguous(twins.into_iter().map(Path::to_owned).collect());
        }
        if known.is_some_and(|known| !known.agents.contains(&ticket.agent)) {
            return Readiness::UnknownAgent(ticket.agent.clone());
        }
        if let Some(policy) = known.and_then(|known| known.unknown_policy(ticket)) {
            return Readiness::UnknownPolicy(policy.clone());
        }
        if !self.unknown[index].is_empty() {
            return Readiness::UnknownDependency(self.unknown[index].clone());
        }
        if let Some(cycle) = self.cycle_of[index] {
            return Readiness::InCycle(Arc::clone(&self.cycles[cycle]));
        }
        let open: Vec<_> = self
            .dependencies(index)
            .filter(|needed| !needed.is_done() && !done_since(&needed.id))
            .map(|needed| needed.name.clone())
            .collect();
        if !open.is_empty() {
            return Readiness::After(open);
        }
        match ticket.not_before {
            Some(time) if time > now => Readiness::NotBefore(time),
            _ => Readiness::Ready,
        }
    }

    /// The other files with the same number or id.
    fn twins(&self, index: usize) -> BTreeSet<&Path> {
        let entry = &self.entries[index];
        let same_number = self.by_number.get(&entry.name.number());
        let same_id = self.by_id.get(&entry.id);
        [same_number, same_id]
            .into_iter()
            .flatten()
            .flat_map(|others| others.iter().filter(|&&other| other != index).take(NAMED))
            .map(|&other| self.entries[other].path.as_path())
            .collect()
    }
}

/// How many files are named when there are too many with one number or id.
const NAMED: usize = 4;

/// Names as a list.
fn shared_names<S: serde::Serializer>(
    names: &Arc<[TicketName]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter())
}

/// What decides between tickets that don't depend on each other; less is earlier.
fn rank(entry: &QueueEntry) -> (std::cmp::Reverse<i64>, u64, &Path) {
    let priority = entry.ticket.as_ref().map_or(0, |ticket| ticket.priority);
    (
        std::cmp::Reverse(priority),
        entry.name.number(),
        entry.path.as_path(),
    )
}

/// Where tickets are found by number and id.
struct Index {
    by_number: HashMap<u64, Vec<usize>>,
    by_id: HashMap<TicketId, Vec<usize>>,
}

impl Index {
    fn of(entries: &[Arc<QueueEntry>]) -> Self {
        let mut by_number: HashMap<_, Vec<_>> = HashMap::with_capacity(entries.len());
        let mut by_id: HashMap<_, Vec<_>> = HashMap::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            by_number
                .entry(entry.name.number())
                .or_default()
                .push(index);
            by_id.entry(entry.id.clone()).or_default().push(index);
        }
        Self { by_number, by_id }
    }

    /// What an entry depends on, and which of its dependencies don't exist. Of several with one number all are meant.
    fn resolve(&self, entry: &QueueEntry) -> (Vec<usize>, Vec<Dependency>) {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        let dependencies = entry.ticket.iter().flat_map(|ticket| &ticket.depends_on);
        for dependency in dependencies {
            let indices = match dependency {
                Dependency::Number(number) => self.by_number.get(number),
                Dependency::Id(id) => self.by_id.get(id),
            };
            match indices {
                Some(indices) => found.extend_from_slice(indices),
                None => missing.push(dependency.clone()),
            }
        }
        found.sort_unstable();
        found.dedup();
        (found, missing)
    }
}

/// The dependencies that still matter: of tickets that aren't done, on tickets that aren't done.
fn open_needs(entries: &[Arc<QueueEntry>], needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    entries
        .iter()
        .zip(needs)
        .map(|(entry, needs)| {
            let open = needs
                .iter()
                .copied()
                .filter(|&need| !entries[need].is_done());
            if entry.is_done() {
                Vec::new()
            } else {
                open.collect()
            }
        })
        .collect()
}

/// The run order of entries that are sorted by rank, from their open dependencies. Tickets in a circle, or behind one, come last, by rank.
fn order(open: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = open.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); open.len()];
    for (index, needs) in open.iter().enumerate() {
        for &need in needs {
            needed_by[need].push(index);
        }
    }
    let free = (0..open.len()).filter(|&index| waiting[index] == 0);
    let mut free: BinaryHeap<_> = free.map(std::cmp::Reverse).collect();
    let mut order = Vec::with_capacity(open.len());
    let mut placed = vec![false; open.len()];
    while let Some(std::cmp::Reverse(index)) = free.pop() {
        order.push(index);
        placed[index] = true;
        for &dependent in &needed_by[index] {
            waiting[dependent] -= 1;
            if waiting[dependent] == 0 {
                free.push(std::cmp::Reverse(dependent));
            }
        }
    }
    order.extend((0..open.len()).filter(|&index| !placed[index]));
    order
}

#[cfg(test)]
mod tests;
