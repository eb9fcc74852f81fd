//! How long evidence is kept: by age, by count and by size. Pure: who throws away does it elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::ids::{AttemptId, TicketId};
use super::time::Timestamp;

/// What is kept. Without any of them everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// What ended longer ago goes.
    pub max_age: Option<Duration>,
    /// So many attempts of each ticket stay, the newest ones.
    pub keep_attempts: Option<u32>,
    /// All together may have so many bytes; the oldest go first.
    pub max_bytes: Option<u64>,
}

/// An attempt whose evidence takes room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which.
    pub attempt: AttemptId,
    /// Its ticket.
    pub ticket: TicketId,
    /// When it ended; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// What its evidence takes.
    pub bytes: u64,
    /// It is needed, and stays whatever the rules say; what it takes counts.
    pub needed: bool,
}

/// Which rule an attempt's evidence falls under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It is too old.
    Age,
    /// Its ticket has enough newer ones.
    Count,
    /// All together took too much room, and it was the oldest.
    Size,
}

impl Retention {
    /// Whether nothing is ever thrown away.
    pub fn keeps_all(&self) -> bool {
        *self == Self::default()
    }

    /// Which attempts go, and why. `holdings` are in the order in which the attempts began.
    pub fn over(&self, holdings: &[Holding], now: Timestamp) -> BTreeMap<AttemptId, Over> {
        let mut over = BTreeMap::new();
        let mut newer: BTreeMap<&TicketId, u32> = BTreeMap::new();
        for holding in holdings.iter().rev() {
            let count = newer.entry(&holding.ticket).or_insert(0);
            *count += 1;
            let Some(ended) = holding.ended.filter(|_| !holding.needed) else {
                continue;
            };
            // A clock that was set back makes nothing old.
            let age = now.0.saturating_sub(ended.0).max(0).unsigned_abs();
            let too_old = |most: Duration| u128::from(age) > most.as_millis();
            if self.max_age.is_some_and(too_old) {
                over.insert(holding.attempt.clone(), Over::Age);
            } else if self.keep_attempts.is_some_and(|keep| *count > keep) {
                over.insert(holding.attempt.clone(), Over::Count);
            }
        }
        if let Some(most) = self.max_bytes {
            let staying = holdings
                .iter()
                .filter(|holding| !over.contains_key(&holding.attempt));
            let mut sum: u64 = staying.map(|holding| holding.bytes).sum();
            for holding in holdings {
                if sum <= most {
                    break;
                }
                let may_go = holding.ended.is_some() && !holding.needed && holding.bytes > 0;
                if may_go && !over.contains_key(&holding.attempt) {
                    sum -= holding.bytes;
                    over.insert(holding.attempt.clone(), Over::Size);
                }
            }
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn holding(attempt: &str, days: i64, bytes: u64) -> Holding {
        let attempt: AttemptId = attempt.parse().expect("an attempt");
        Holding {
            ticket: format!("tkt_{}", attempt.ticket).parse().expect("an id"),
            attempt,
            ended: Some(Timestamp(days * 86_400_000)),
            bytes,
            needed: false,
        }
    }

    fn check(retention: Retention, holdings: &[Holding], expected: &[(&str, Over)]) {
        let over = retention.over(holdings, Timestamp(100 * 86_400_000));
        let over: Vec<_> = over
            .iter()
            .map(|(attempt, over)| (attempt.to_string(), *over))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(attempt, over)| ((*attempt).to_owned(), *over))
            .collect();
        assert_eq!(over, expected);
    }

    #[test]
    fn age_count_and_size_each_have_their_say() {
        let holdings = [
            holding("TICKET-001.1", 10, 100),
            holding("TICKET-001.2", 20, 100),
            holding("TICKET-002.1", 30, 100),
            holding("TICKET-001.3", 99, 100),
        ];
        let all = Retention::default();
        assert!(all.keeps_all());
        check(all, &holdings, &[]);
        let aged = Retention {
            max_age: Some(DAY * 75),
            ..all
        };
        check(
            aged,
            &holdings,
            &[("TICKET-001.1", Over::Age), ("TICKET-001.2", Over::Age)],
        );
        let counted = Retention {
            keep_attempts: Some(1),
            ..all
        };
        check(
            counted,
            &holdings,
            &[("TICKET-001.1", Over::Count), ("TICKET-001.2", Over::Count)],
        );
        let sized = Retention {
            max_bytes: Some(250),
            ..all
        };
        check(
            sized,
            &holdings,
            &[("TICKET-001.1", Over::Size), ("TICKET-001.2", Over::Size)],
        );
    }

    #[test]
    fn what_runs_or_is_needed_stays_and_counts() {
        let mut holdings = [
            holding("TICKET-001.1", 1, 100),
            holding("TICKET-002.1", 2, 100),
            holding("TICKET-003.1", 3, 100),
        ];
        holdings[0].needed = true;
        holdings[1].ended = None;
        let nothing = Retention {
            max_age: Some(Duration::ZERO),
            keep_attempts: Some(0),
            max_bytes: Some(0),
        };
        check(nothing, &holdings, &[("TICKET-003.1", Over::Age)]);
        let sized = Retention {
            max_bytes: Some(200),
            ..Retention::default()
        };
        check(sized, &holdings, &[("TICKET-003.1", Over::Size)]);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_old() {
        let future = [holding("TICKET-001.1", 200, 1)];
        let aged = Retention {
            max_age: Some(DAY),
            ..Retention::default()
        };
        check(aged, &future, &[]);
    }
}
