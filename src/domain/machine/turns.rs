//! What follows a turn, a validation and a decision, until the attempt is sealed.

use std::time::Duration;

use super::attempt::Rules;
use super::state::{Attempt, Before, Halt, Stage};
use super::{
    Brief, Collected, DiffRules, Effect, Order, approved, backoff, desk, emit, merging, order,
    taking,
};
use crate::domain::attempt::{
    AttemptOutcome, Failure, Fault, LimitKind, Need, Phase, Proof, TurnClocks, TurnEnd, Validation,
    Verdict,
};
use crate::domain::event::Event;
use crate::domain::gate::GateReason;
use crate::domain::item::Usage;
use crate::domain::settings::Limits;
use crate::domain::ticket::GateRule;
use crate::domain::time::Now;

pub(super) fn saved(
    attempt: &mut Attempt,
    rules: &Rules,
    collected: &Collected,
    effects: &mut Vec<Effect>,
) {
    let event = Event::TurnSaved {
        attempt: attempt.id.clone(),
        turn: attempt.turn,
        autosave: collected.autosave.clone(),
        tree: collected.tree.clone(),
        files: collected.files,
        progress: collected.progress,
        claim: collected.claim,
    };
    emit(rules.run, event, effects);
    for dispatch in &collected.dispatches {
        let event = Event::DispatchReceived {
            attempt: attempt.id.clone(),
            pause: dispatch.pause,
            title: dispatch.title.clone(),
            text: dispatch.text.clone(),
            attachments: dispatch.attachments.clone(),
        };
        emit(rules.run, event, effects);
    }
    let place = (&attempt.id, attempt.turn);
    desk::tell(
        rules.run,
        place,
        &collected.tickets,
        &collected.notes,
        effects,
    );
    attempt.message.clone_from(&collected.message);
}

pub(super) fn after_turn(
    attempt: &mut Attempt,
    rules: &Rules,
    end: TurnEnd,
    collected: Collected,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let failed = |failure| AttemptOutcome::Failed { failure };
    if attempt.cancel.is_none()
        && let Some(halt) = attempt.halt.take()
    {
        return after_halt(attempt, rules, halt, now, effects);
    }
    if !matches!(&end, TurnEnd::Failed { fault, .. } if fault.passes()) {
        attempt.backed_off = 0;
    }
    let outcome = match (attempt.cancel, end) {
        (Some(reason), _) | (None, TurnEnd::Cancelled { reason }) => {
            AttemptOutcome::Cancelled { reason }
        }
        (None, TurnEnd::Failed { why, fault }) if fault.passes() => {
            return backoff::back_off(attempt, rules, fault, why, now, effects);
        }
        // The agent broke off, as some do after a no. That is no claim and no failure: the next turn goes on.
        (
            None,
            TurnEnd::Failed {
                fault: Fault::Interrupted,
                ..
            },
        ) => {
            let collected = Collected {
                claim: false,
                ..collected
            };
            return after_completed_turn(attempt, rules, collected, now, effects);
        }
        (None, TurnEnd::Failed { why, .. } | TurnEnd::Died { how: why }) => {
            failed(Failure::Agent { why })
        }
        (None, TurnEnd::NotStarted { why }) => failed(Failure::NotStarted { why }),
        (None, TurnEnd::TimedOut { phase }) => AttemptOutcome::Limit {
            limit: match phase {
                Phase::Startup | Phase::Idle => LimitKind::Idle,
                Phase::Wall => LimitKind::Wall,
            },
        },
        (None, TurnEnd::Completed) => {
            return after_completed_turn(attempt, rules, collected, now, effects);
        }
    };
    seal(attempt, outcome, effects);
}

/// The rules ended the turn, or the user did.
fn after_halt(
    attempt: &mut Attempt,
    rules: &Rules,
    halt: Halt,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    match halt {
        // Somebody has said something meanwhile: that is heard first.
        Halt::Asks(Need::Reply { .. }) if !attempt.replies.is_empty() => {
            turn(attempt, rules, None, now, effects);
        }
        // What was done is kept: words go on with it, in the next run too.
        Halt::Asks(need @ Need::Reply { .. }) => wait(attempt, rules, need, now, effects),
        Halt::Asks(need) => seal(attempt, AttemptOutcome::NeedsHuman { need }, effects),
        Halt::Limit(limit) => seal(attempt, AttemptOutcome::Limit { limit }, effects),
        Halt::Interrupted if attempt.replies.is_empty() => {
            wait(attempt, rules, Need::Interrupted, now, effects);
        }
        Halt::Interrupted => turn(attempt, rules, None, now, effects),
        Halt::TakenOver(by) => {
            // What it stopped says nothing about the work.
            let ended = |done: &Validation| done.verdict != Verdict::Inconclusive;
            attempt.validations.retain(ended);
            taking::let_go(attempt, Before::Turn, by, now, effects);
        }
    }
}

/// The limit that is reached with what the turn that runs has used.
pub(super) fn over_a_limit(attempt: &Attempt, limits: &Limits, turn: &Usage) -> Option<LimitKind> {
    let mut used = attempt.used;
    used.add(turn);
    if limits.tokens.is_some_and(|most| used.tokens() > most) {
        return Some(LimitKind::Tokens);
    }
    let cost = used.cost_usd.unwrap_or(0.0);
    limits
        .cost_usd
        .is_some_and(|most| cost > most)
        .then_some(LimitKind::Cost)
}

fn after_completed_turn(
    attempt: &mut Attempt,
    rules: &Rules,
    collected: Collected,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    attempt.idle_turns = if collected.progress {
        0
    } else {
        attempt.idle_turns + 1
    };
    if let Some(dispatch) = collected
        .dispatches
        .into_iter()
        .rfind(|dispatch| dispatch.pause)
        && attempt.replies.is_empty()
    {
        wait(
            attempt,
            rules,
            Need::Reply {
                text: dispatch.title,
            },
            now,
            effects,
        );
    } else if !collected.conflicts.is_empty() {
        // Whatever it claims: text with conflict markers is nobody's work.
        attempt.conflicts.clone_from(&collected.conflicts);
        if attempt.replies.is_empty() && attempt.idle_turns >= rules.limits.no_progress_turns {
            let paths = collected.conflicts;
            wait(attempt, rules, Need::Conflict { paths }, now, effects);
        } else {
            turn(attempt, rules, None, now, effects);
        }
    } else if collected.claim && attempt.replies.is_empty() {
        validate(attempt, rules, collected.gates, now, effects);
    } else if attempt.replies.is_empty() && attempt.idle_turns >= rules.limits.no_progress_turns {
        wait(attempt, rules, Need::NoProgress, now, effects);
    } else {
        turn(attempt, rules, None, now, effects);
    }
}

/// The work is said to be done: it is held against the rules, and checked.
pub(super) fn validate(
    attempt: &mut Attempt,
    rules: &Rules,
    gates: Vec<GateReason>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    attempt.validations.clear();
    attempt.gates = gates;
    if rules.checks.is_empty() && !rules.diff.say_something() {
        prove(attempt, rules, Proof::Unchecked, now, effects);
    } else {
        attempt.stage = Stage::Validating;
        let checks = rules.checks.clone();
        order(
            &attempt.id,
            Order::Validate {
                rules: rules.diff.clone(),
                turn: attempt.turn,
                checks,
            },
            effects,
        );
    }
}

pub(super) fn after_validation(
    attempt: &mut Attempt,
    rules: &Rules,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let passed = |name: &str| {
        let mut results = attempt.validations.iter();
        results.any(|done| done.name == name && done.verdict == Verdict::Pass)
    };
    // What did not run did not pass.
    let mut required: Vec<&str> = rules.diff.names().collect();
    required.extend(rules.checks.iter().map(|check| check.name.as_str()));
    let mut names: Vec<String> = required
        .into_iter()
        .filter(|name| !passed(name))
        .map(str::to_owned)
        .collect();
    let merging = attempt.merging.take();
    // Some of docket's own are there only when they have something to say. No check of the same name can answer for them.
    for own in &attempt.validations {
        if DiffRules::is_own(&own.name)
            && own.verdict != Verdict::Pass
            && !names.contains(&own.name)
        {
            names.push(own.name.clone());
        }
    }
    if let Some(reason) = attempt.cancel {
        let outcome = match merging {
            Some(_) => merging::cancelled(attempt, reason),
            None => AttemptOutcome::Cancelled { reason },
        };
        seal(attempt, outcome, effects);
    } else if let Some(halt) = attempt.halt.take() {
        after_halt(attempt, rules, halt, now, effects);
    } else if let (true, Some(proof)) = (names.is_empty(), merging) {
        merging::up_to_date(attempt, rules, proof, now, effects);
    } else if names.is_empty() {
        // A rule about the diff says nothing about the work: only a check makes it proven.
        let proof = if rules.checks.is_empty() {
            Proof::Unchecked
        } else {
            Proof::Proven
        };
        prove(attempt, rules, proof, now, effects);
    } else if attempt.turn < rules.limits.turns {
        turn(attempt, rules, None, now, effects);
    } else {
        let failure = Failure::Validation { names };
        seal(attempt, AttemptOutcome::Failed { failure }, effects);
    }
}

fn prove(attempt: &mut Attempt, rules: &Rules, proof: Proof, now: Now, effects: &mut Vec<Effect>) {
    if !attempt.replies.is_empty() {
        // A human said something since the claim: the agent hears it before its work is taken.
        return turn(attempt, rules, None, now, effects);
    }
    attempt.proof = Some(proof);
    let reasons = attempt.gates.clone();
    if approved::covers(attempt) {
        return accept(attempt, proof);
    }
    match rules.gate {
        GateRule::None if reasons.is_empty() => accept(attempt, proof),
        GateRule::None | GateRule::Review => {
            wait(attempt, rules, Need::Review { reasons }, now, effects);
        }
    }
}

/// Goes on to merge, seal, integrate and mark done, when it is its turn.
pub(super) fn accept(attempt: &mut Attempt, proof: Proof) {
    attempt.stage = Stage::Accepted { proof, place: None };
}

pub(super) fn wait(
    attempt: &mut Attempt,
    rules: &Rules,
    need: Need,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let reached = Event::GateReached {
        attempt: attempt.id.clone(),
        need: need.clone(),
    };
    emit(rules.run, reached, effects);
    if rules.waits_for_humans {
        attempt.asks_since.get_or_insert(now.monotonic);
        attempt.stage = Stage::Waiting(need);
        order(&attempt.id, Order::Rest, effects);
    } else {
        seal(attempt, AttemptOutcome::NeedsHuman { need }, effects);
    }
}

pub(super) fn turn(
    attempt: &mut Attempt,
    rules: &Rules,
    rejected: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let left_behind = rules.left_behind.clone();
    next_turn(attempt, &rules.limits, left_behind, rejected, now, effects);
}

/// Begins the next turn, or ends the attempt at its limits.
pub(super) fn next_turn(
    attempt: &mut Attempt,
    limits: &Limits,
    left_behind: Option<(String, String)>,
    rejected: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    attempt.no_human_is_waited_for(now.monotonic);
    if attempt.turn.saturating_sub(attempt.faulted) >= limits.turns {
        return seal(
            attempt,
            AttemptOutcome::Limit {
                limit: LimitKind::Turns,
            },
            effects,
        );
    }
    let exhausted = attempt.exhausted;
    if let Some(limit) = exhausted.or_else(|| over_a_limit(attempt, limits, &Usage::default())) {
        return seal(attempt, AttemptOutcome::Limit { limit }, effects);
    }
    let wall = wall_left(attempt, limits, now);
    if wall.is_zero() {
        return seal(
            attempt,
            AttemptOutcome::Limit {
                limit: LimitKind::Wall,
            },
            effects,
        );
    }
    // What the agent could not take in because of the provider, or what is to be told of an earlier attempt, comes again.
    let again = match attempt.stage {
        Stage::BackingOff { .. } | Stage::Preparing => std::mem::take(&mut attempt.brief),
        _ => Brief::default(),
    };
    attempt.turn += 1;
    attempt.stage = Stage::Turn;
    // What was approved is what was there before this turn.
    attempt.approved = None;
    attempt.is_approved = false;
    let handed_back = std::mem::take(&mut attempt.handed_back);
    let went_on = match again.went_on {
        Some(before) if handed_back && !before.contains(taking::HANDED_BACK) => {
            Some(format!("{before}\n\n{}", taking::HANDED_BACK))
        }
        None if handed_back => Some(taking::HANDED_BACK.to_owned()),
        before => before,
    };
    let mut replies = again.replies;
    replies.append(&mut attempt.replies);
    let mut failed = again.failed;
    failed.extend(
        std::mem::take(&mut attempt.validations)
            .into_iter()
            .filter(|validation| validation.verdict != Verdict::Pass),
    );
    let mut conflicts = again.conflicts;
    conflicts.append(&mut attempt.conflicts);
    let brief = Brief {
        replies,
        failed,
        rejected: rejected.or(again.rejected),
        conflicts,
        went_on,
        handed_over: again.handed_over,
        previous: attempt.message.clone().or(again.previous),
        left_behind: left_behind
            .filter(|_| attempt.turn == 1)
            .or(again.left_behind),
    };
    attempt.brief = brief.clone();
    let clocks = TurnClocks {
        startup: Some(limits.startup),
        idle: Some(limits.idle),
        wall: Some(wall),
    };
    order(
        &attempt.id,
        Order::Turn {
            turn: attempt.turn,
            brief,
            clocks,
        },
        effects,
    );
}

/// What is left of the attempt's time. It begins with the first turn.
pub(super) fn wall_left(attempt: &mut Attempt, limits: &Limits, now: Now) -> Duration {
    let began = *attempt.began.get_or_insert(now.monotonic);
    let used = now
        .monotonic
        .0
        .saturating_sub(began.0)
        .saturating_sub(attempt.paused);
    limits.wall.saturating_sub(used)
}

pub(super) fn seal_unless_cancelled(
    attempt: &mut Attempt,
    failure: Failure,
    effects: &mut Vec<Effect>,
) {
    let outcome = match attempt.cancel {
        Some(reason) => AttemptOutcome::Cancelled { reason },
        None => AttemptOutcome::Failed { failure },
    };
    seal(attempt, outcome, effects);
}

pub(super) fn seal(attempt: &mut Attempt, outcome: AttemptOutcome, effects: &mut Vec<Effect>) {
    attempt.stage = Stage::Sealing(outcome.clone());
    order(&attempt.id, Order::Seal { outcome }, effects);
}
