//! What goes on between docket and an agent in one turn: what its session wants is done, what it says is passed on.

use std::collections::BTreeSet;
use std::time::Duration;

use super::live::Live;
use super::{Prepared, Unit};
use crate::agents::{Actions, Decoded, Direction, Finished};
use crate::domain::attempt::{CancelReason, Phase};
use crate::domain::board::Feed;
use crate::domain::item::{AgentStatus, Usage};
use crate::domain::machine::Report;
use crate::domain::request::{Answer, RequestKey};
use crate::domain::time::Timestamp;
use crate::proc::clock::Clock as _;
use crate::proc::clocks::Clocks;
use crate::proc::supervise::{Control, LIMIT_GRACE};

/// Why a turn ends before its agent ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    Cancelled(CancelReason),
    TimedOut(Phase),
}

/// What a turn has come to so far.
pub(super) struct Conversation {
    pub(super) finished: Option<Finished>,
    pub(super) stopped: Option<Stopped>,
    /// The protocol's own interrupt was sent; signals follow with this reason when it does not help.
    pub(super) interrupted: Option<CancelReason>,
    /// Signals are on their way.
    signalled: bool,
    /// What the agent waits for.
    asks: BTreeSet<RequestKey>,
    /// What the agent was doing when it said something last.
    status: AgentStatus,
    silent: bool,
    /// Only a human can tell how the turn goes on, and nothing came since that was said.
    is_stuck: bool,
    heard: Timestamp,
    pub(super) used: Usage,
}

impl Conversation {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            finished: None,
            stopped: None,
            interrupted: None,
            signalled: false,
            asks: BTreeSet::new(),
            status: AgentStatus::Starting,
            silent: false,
            is_stuck: false,
            heard: now,
            used: Usage::default(),
        }
    }

    /// Does what the session wants.
    pub(super) fn act(
        &mut self,
        prepared: &mut Prepared,
        control: &Control,
        actions: Actions,
        unit: &Unit,
    ) {
        let now = unit.context.clock.now().wall;
        if !actions.write.is_empty() {
            prepared.keep(Direction::In, &actions.write, now);
            control.write(actions.write);
        }
        if !actions.answer.is_empty() {
            prepared.keep(Direction::In, &actions.answer, now);
            control.answer(actions.answer);
        }
        if actions.close_stdin {
            control.close_stdin();
        }
        self.take(prepared, actions.decoded, now, unit);
    }

    fn take(&mut self, prepared: &mut Prepared, decoded: Decoded, now: Timestamp, unit: &Unit) {
        for draft in decoded.drafts {
            prepared.transcript.add(draft, now);
        }
        if let Some(status) = decoded.status {
            self.status = status;
            self.silent = false;
            prepared.transcript.status(self.status.clone(), now);
        }
        if let Some(session) = decoded.session
            && prepared.told_token.as_ref() != Some(&session)
        {
            prepared.token = Some(session.clone());
            prepared.told_token = Some(session.clone());
            unit.report(Report::Session(session));
        }
        if decoded.model.is_some() {
            prepared.model = decoded.model;
        }
        for (key, request) in decoded.requests {
            self.asks.insert(key.clone());
            let request = Box::new(request);
            unit.report(Report::Asked { key, request });
        }
        for key in decoded.resolved {
            self.asks.remove(&key);
            unit.report(Report::AskedNoMore { key });
        }
        if let Some(usage) = decoded.usage
            && usage != self.used
        {
            self.used = usage;
            let usage = prepared.priced(usage, unit);
            let attempt = unit.spec.attempt.clone();
            unit.context.tell(Feed::Used { attempt, usage });
            unit.report(Report::Used(usage));
        }
        if let Some(what) = decoded.stuck {
            self.is_stuck = true;
            let since = self.heard;
            unit.report(Report::Stuck { what, since });
        }
        // The first end counts: what comes after it is another turn's, or nobody's.
        if decoded.finished.is_some() && self.finished.is_none() {
            self.finished = decoded.finished;
        }
    }

    /// The agent said something, or complained.
    pub(super) fn heard(
        &mut self,
        prepared: &mut Prepared,
        clocks: &mut Clocks,
        from: Direction,
        now: Timestamp,
        unit: &Unit,
    ) {
        // One that tries again and again shows that it lives, not that it gets anywhere: its idle clock goes on.
        if from == Direction::Err {
            clocks.murmured();
        } else if matches!(self.status, AgentStatus::Retrying { .. }) {
            clocks.spoke();
        } else {
            clocks.output();
        }
        self.heard = now;
        if std::mem::take(&mut self.is_stuck) {
            unit.report(Report::StuckNoMore);
        }
        if std::mem::take(&mut self.silent) {
            prepared.transcript.status(self.status.clone(), now);
        }
    }

    /// Nothing came for a while: that is shown, unless it is known what takes so long.
    pub(super) fn silence(&mut self, prepared: &mut Prepared) {
        let is_explained = match &self.status {
            AgentStatus::Starting | AgentStatus::Thinking | AgentStatus::Retrying { .. } => false,
            AgentStatus::Tool { .. }
            | AgentStatus::WaitingForApproval { .. }
            | AgentStatus::WaitingForAnswer { .. }
            | AgentStatus::RateLimited { .. }
            | AgentStatus::Silent { .. } => true,
        };
        if !is_explained && !self.silent {
            self.silent = true;
            let since = self.heard;
            prepared
                .transcript
                .status(AgentStatus::Silent { since }, since);
        }
    }

    /// Whether the clocks stand still: a human is waited for.
    pub(super) fn waits_for_a_human(&self) -> bool {
        !self.asks.is_empty() && self.stopped.is_none()
    }

    /// Whether the wall clock alone stands still: a human is to look at a program that may do something yet.
    pub(super) fn is_looked_at_by_a_human(&self) -> bool {
        self.is_stuck && self.stopped.is_none()
    }

    /// Gives the agent an answer; it is on the disk already.
    pub(super) fn answer(
        &mut self,
        prepared: &mut Prepared,
        live: &Live,
        key: &RequestKey,
        answer: &Answer,
        unit: &Unit,
    ) {
        if !self.asks.remove(key) {
            // The agent waits no more: `AskedNoMore` is on its way to the rules.
            return;
        }
        let mut actions = Actions::default();
        prepared.session.answer(key, answer, &mut actions);
        self.act(prepared, &live.supervised.control, actions, unit);
    }

    /// Gives the agent words in the middle of its turn, or says that it takes none.
    pub(super) fn steer(
        &mut self,
        prepared: &mut Prepared,
        live: &Live,
        text: String,
        unit: &Unit,
    ) {
        let mut actions = Actions::default();
        let taken = prepared.session.steer(&text, &mut actions);
        self.act(prepared, &live.supervised.control, actions, unit);
        if taken {
            let now = unit.context.clock.now().wall;
            prepared.transcript.notice(format!("you: {text}"), now);
        }
        unit.report(Report::Steered { text, taken });
    }

    /// A human says that the turn is over, and whether the work is done.
    pub(super) fn over(&mut self, prepared: &mut Prepared, live: &Live, done: bool, unit: &Unit) {
        let mut actions = Actions::default();
        if prepared.session.over(&mut actions) {
            prepared.said = Some(done);
        }
        self.act(prepared, &live.supervised.control, actions, unit);
    }

    /// Ends the turn: by the protocol where it can, then by signals; a second call with a higher reason hurries it.
    pub(super) fn stop(
        &mut self,
        prepared: &mut Prepared,
        live: &Live,
        stopped: Stopped,
        unit: &Unit,
    ) {
        let reason = match stopped {
            Stopped::Cancelled(reason) => reason,
            Stopped::TimedOut(_) => CancelReason::Limit,
        };
        let first = self.stopped.is_none();
        if first || matches!(stopped, Stopped::Cancelled(_)) {
            self.stopped = Some(stopped);
        }
        let control = &live.supervised.control;
        let may_ask = first
            && !self.signalled
            && !unit.paused
            && reason != CancelReason::Kill
            && !unit.context.config.stop.cancel.is_zero();
        if may_ask {
            let mut actions = Actions::default();
            let asked = prepared.session.interrupt(&mut actions);
            self.act(prepared, control, actions, unit);
            if asked {
                self.interrupted = Some(reason);
                return;
            }
        }
        self.interrupted = None;
        self.signalled = true;
        control.stop(reason);
    }

    /// How long the protocol's interrupt may take.
    pub(super) fn patience(&self, configured: Duration) -> Duration {
        match self.interrupted {
            Some(CancelReason::Limit) => configured.min(LIMIT_GRACE),
            _ => configured,
        }
    }

    /// The protocol's interrupt did not help in time.
    pub(super) fn give_up_asking(&mut self, live: &Live) {
        if let Some(reason) = self.interrupted.take() {
            self.signalled = true;
            live.supervised.control.stop(reason);
        }
    }

    /// Whether the agent's process can stay for the next turn.
    pub(super) fn may_be_kept(&self) -> bool {
        self.finished.is_some() && !self.signalled
    }
}
