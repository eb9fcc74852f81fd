//! The settings that limit attempts, runs and days.

use super::keys::{ABOVE_ZERO, FROM_ONE, I64, Key, U32, key};
use super::kind::Kind;

pub(super) const LIMITS: &[Key] = &[
    key("limits.turns", FROM_ONE, Some("10"), "turns in one attempt"),
    key(
        "limits.attempts",
        FROM_ONE,
        Some("2"),
        "attempts at one ticket in one run",
    ),
    key(
        "limits.wall",
        ABOVE_ZERO,
        Some(r#""1h""#),
        "time from the start of an attempt to its end",
    ),
    key(
        "limits.idle",
        ABOVE_ZERO,
        Some(r#""15m""#),
        "time without a sign of life inside a turn",
    ),
    key(
        "limits.startup",
        ABOVE_ZERO,
        Some(r#""60s""#),
        "time from the start of an agent's process to its first sign of life",
    ),
    key(
        "limits.validation",
        ABOVE_ZERO,
        Some(r#""10m""#),
        "time for a check that names no timeout of its own",
    ),
    key(
        "limits.setup",
        ABOVE_ZERO,
        Some(r#""10m""#),
        "time for each command line of provision.setup",
    ),
    key(
        "limits.no_progress_turns",
        FROM_ONE,
        Some("3"),
        "turns in a row without a change, a ticket or a dispatch, after which a human is asked",
    ),
    key(
        "limits.tokens",
        Kind::Count { from: 1, to: I64 },
        None,
        "tokens of one attempt, input and output together",
    ),
    key(
        "limits.cost_usd",
        Kind::Number,
        None,
        "US dollars of one attempt",
    ),
    key(
        "limits.changed_files",
        Kind::Count { from: 0, to: U32 },
        None,
        "files that one attempt may change",
    ),
    key(
        "limits.run.tokens",
        Kind::Count { from: 1, to: I64 },
        None,
        "tokens of one run, all tickets together",
    ),
    key(
        "limits.run.cost_usd",
        Kind::Number,
        None,
        "US dollars of one run",
    ),
    key(
        "limits.run.wall",
        ABOVE_ZERO,
        None,
        "time of one run, pauses aside",
    ),
    key(
        "limits.day.tokens",
        Kind::Count { from: 1, to: I64 },
        None,
        "tokens of the last 24 hours, all runs together",
    ),
    key(
        "limits.day.cost_usd",
        Kind::Number,
        None,
        "US dollars of the last 24 hours, all runs together",
    ),
    key(
        "limits.new_tickets",
        Kind::Count { from: 0, to: U32 },
        Some("20"),
        "tickets that one attempt may add to the queue",
    ),
    key(
        "limits.ticket_depth",
        Kind::Count { from: 0, to: U32 },
        Some("3"),
        "how many generations of tickets agents may add, each from one of the last, before a human is asked",
    ),
    // What tokens cost.
    key(
        "prices.*.input",
        Kind::Number,
        None,
        "US dollars for a million input tokens of this model; a `*` at the end of the name stands for any ending",
    ),
    key(
        "prices.*.cached",
        Kind::Number,
        None,
        "the same for input tokens that came from a cache; unset, as the others",
    ),
    key(
        "prices.*.output",
        Kind::Number,
        None,
        "US dollars for a million output tokens of this model",
    ),
];
