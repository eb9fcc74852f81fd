//! What was used, by agent and by day: the overview and `docket usage` share it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::item::Usage;
use super::time::Timestamp;

/// What an attempt used.
#[derive(Debug, Clone, Copy)]
pub struct Use<'a> {
    /// The agent's name.
    pub agent: &'a str,
    /// When the attempt began.
    pub started: Timestamp,
    /// When it ended; now, while it goes on.
    pub finished: Timestamp,
    /// What it used.
    pub usage: Usage,
}

/// Sums over attempts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Spent {
    /// For each agent, the one with most tokens first.
    pub agents: Vec<Line>,
    /// For each day on which an attempt ended, oldest first.
    pub days: Vec<Line>,
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The agent or the day.
    pub name: String,
    /// How many attempts.
    pub attempts: u32,
    /// How long they lasted together.
    #[serde(serialize_with = "as_seconds")]
    pub lasted: Duration,
    /// What they used.
    pub usage: Usage,
}

fn as_seconds<S: serde::Serializer>(lasted: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(lasted.as_secs())
}

impl Spent {
    /// Sums `uses` up; `day_of` names the day of a time so that the names are in the order of the days.
    pub fn of<'a>(
        uses: impl IntoIterator<Item = Use<'a>>,
        day_of: impl Fn(Timestamp) -> String,
    ) -> Self {
        let (mut agents, mut days) = (BTreeMap::new(), BTreeMap::new());
        for used in uses {
            add(&mut agents, used.agent.to_owned(), &used);
            add(&mut days, day_of(used.finished), &used);
        }
        let mut agents: Vec<Line> = agents.into_values().collect();
        agents.sort_by_key(|line| std::cmp::Reverse(line.usage.tokens()));
        Self {
            agents,
            days: days.into_values().collect(),
        }
    }
}

fn add(lines: &mut BTreeMap<String, Line>, name: String, used: &Use<'_>) {
    let line = lines.entry(name.clone()).or_insert_with(|| Line {
        name,
        attempts: 0,
        lasted: Duration::ZERO,
        usage: Usage::default(),
    });
    line.attempts += 1;
    line.lasted += used.finished.since(used.started);
    line.usage.add(&used.usage);
}
