//! What is wrong with tickets together, though each file may be sound by itself.

use super::{NAMED, Queue};
use crate::domain::ticket::{
    Dependency, Finding, KnownNames, Problem, ProblemCode, QueueEntry, Ticket,
};

/// How many names of a circle are shown before the rest is only counted.
const LONG: usize = 12;

impl Queue {
    /// All problems: those of the files and those of the queue, in the order of paths and places. Queue problems have no place here:
    /// `tickets::lint` adds the lines. With `known`, an agent or a policy that isn't among these names is one.
    pub fn problems(&self, known: Option<&KnownNames>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            let own = entry.problems.iter().cloned();
            let shared = self.problems_of(index, known);
            findings.extend(own.chain(shared).map(|problem| Finding {
                path: entry.path.clone(),
                problem,
            }));
        }
        let place = |finding: &Finding| (finding.problem.place, finding.problem.code);
        findings.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| place(a).cmp(&place(b))));
        findings
    }

    /// What the queue has against the entry at `index`, beyond the problems of its file.
    pub fn problems_of(&self, index: usize, known: Option<&KnownNames>) -> Vec<Problem> {
        let Some(entry) = self.entries.get(index) else {
            return Vec::new();
        };
        let mut problems: Vec<_> = self.duplicates(index, entry).collect();
        if let Some(ticket) = entry.ticket.as_ref() {
            problems.extend(known.and_then(|known| unknown_agent(ticket, known)));
            problems.extend(known.and_then(|known| unknown_policy(ticket, known)));
            problems.extend(self.unknown[index].iter().map(unknown_dependency));
            problems.extend(self.circle(index));
            problems.extend(self.out_of_order(index, entry));
        }
        problems
    }

    fn duplicates(&self, index: usize, entry: &QueueEntry) -> impl Iterator<Item = Problem> {
        let number = entry.name.number();
        let others = |indices: Option<&Vec<usize>>| {
            let indices = indices.filter(|indices| indices.len() > 1)?;
            let mut others: Vec<_> = indices
                .iter()
                .filter(|&&other| other != index)
                .take(NAMED)
                .map(|&other| format!("`{}`", self.entries[other].path.display()))
                .collect();
            let more = indices.len() - 1 - others.len();
            if more > 0 {
                others.push(format!("{more} more"));
            }
            Some(others.join(", "))
        };
        let same_number = others(self.by_number.get(&number)).map(|others| {
            let message = format!(
                "number {number} is also that of {others}: rename all but one of the files"
            );
            Problem::new(ProblemCode::DuplicateNumber, None, message)
        });
        let same_id = others(self.by_id.get(&entry.id)).map(|others| {
            let id = &entry.id;
            let message = format!(
                "`ticket_id: {id}` is also that of {others}: delete the line in the copy and run `docket lint --fix`"
            );
            Problem::new(ProblemCode::DuplicateId, None, message)
        });
        same_number.into_iter().chain(same_id)
    }

    fn circle(&self, index: usize) -> Option<Problem> {
        let path = &self.cycles[self.cycle_of[index]?];
        let mut names: Vec<_> = path.iter().take(LONG).map(ToString::to_string).collect();
        if path.len() > LONG {
            names.push(format!("({} more)", path.len() - LONG - 1));
            names.extend(path.last().map(ToString::to_string));
        }
        let message = format!(
            "these depend on each other, so none can start: {}; remove one of the dependencies",
            names.join(" → ")
        );
        Some(Problem::new(ProblemCode::Cycle, None, message))
    }

    fn out_of_order(&self, index: usize, entry: &QueueEntry) -> Option<Problem> {
        let later: Vec<_> = self
            .dependencies(index)
            .filter(|needed| needed.name.number() > entry.name.number())
            .map(|needed| needed.name.to_string())
            .collect();
        (!later.is_empty() && self.cycle_of[index].is_none()).then(|| {
            let message = format!(
                "it runs after {}, which has a higher number: renumber one of them",
                later.join(", ")
            );
            Problem::new(ProblemCode::OutOfOrder, None, message)
        })
    }
}

fn unknown_agent(ticket: &Ticket, known: &KnownNames) -> Option<Problem> {
    let agents = &known.agents;
    (!agents.contains(&ticket.agent)).then(|| {
        let known: Vec<_> = agents.iter().map(|agent| format!("`{agent}`")).collect();
        let message = format!(
            "`{}` is no configured agent: write one of {}, or configure it in docket.toml",
            ticket.agent,
            known.join(", ")
        );
        Problem::new(ProblemCode::UnknownAgent, None, message)
    })
}

fn unknown_policy(ticket: &Ticket, known: &KnownNames) -> Option<Problem> {
    let policy = known.unknown_policy(ticket)?;
    let names = known.policies.iter().flatten();
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    let what = if names.is_empty() {
        format!("add `[policies.{policy}]` to docket.toml, or remove the key")
    } else {
        format!(
            "write one of {}, or add it to docket.toml",
            names.join(", ")
        )
    };
    let message = format!("`{policy}` is no configured policy: {what}");
    Some(Problem::new(ProblemCode::UnknownPolicy, None, message))
}

fn unknown_dependency(dependency: &Dependency) -> Problem {
    let message = match dependency {
        Dependency::Number(number) => format!("no ticket has the number {number}"),
        Dependency::Id(id) => format!("no ticket has the id `{id}`"),
    };
    Problem::new(
        ProblemCode::UnknownDependency,
        None,
        format!("{message}: remove the dependency or add the ticket"),
    )
}
