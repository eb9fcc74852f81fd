//! The agent's process: started when a turn needs one, frozen between two turns, ended with the attempt.

use std::time::Duration;

use super::turn::{in_a_recording, lost, process_end, rung_in_words};
use super::{Prepared, Unit};
use crate::agents::{Actions, Direction};
use crate::domain::attempt::CancelReason;
use crate::domain::machine::Order;
use crate::proc::clock::Clock as _;
use crate::proc::supervise::{Control, Ended, ProcessEvent, Supervised};

/// How long a freeze may take: it is a signal to each process of the tree.
const FREEZE_LIMIT: Duration = Duration::from_secs(2);

/// An agent's process that was started and has not been seen to end.
pub(super) struct Live {
    pub(super) supervised: Supervised,
}

impl Unit {
    /// Freezes the agent between two turns: nothing of it changes the working tree while that is saved and checked. One
    /// that can't be frozen is ended.
    pub(super) async fn keep(&mut self, prepared: &mut Prepared, mut live: Live) {
        let frozen = live.supervised.control.freeze();
        let frozen = async { tokio::time::timeout(FREEZE_LIMIT, frozen).await };
        tokio::pin!(frozen);
        let is_frozen = loop {
            tokio::select! { biased;
                frozen = &mut frozen => break matches!(frozen, Ok(Ok(()))),
                event = live.supervised.events.recv() => {
                    if let Some(ended) = self.overheard(prepared, &live.supervised.control, event) {
                        return self.after_leave(prepared, &ended);
                    }
                }
            }
        };
        prepared.live = Some(live);
        if !is_frozen {
            tracing::warn!(attempt = %self.spec.attempt, "the agent could not be frozen");
            self.end_agent(prepared).await;
        }
    }

    /// The process of the turn before, thawed, if it still lives.
    pub(super) fn kept(&mut self, prepared: &mut Prepared) -> Option<Live> {
        let mut live = prepared.live.take()?;
        while let Ok(event) = live.supervised.events.try_recv() {
            let control = live.supervised.control.clone();
            if let Some(ended) = self.overheard(prepared, &control, Some(event)) {
                self.after_leave(prepared, &ended);
                return None;
            }
        }
        live.supervised.control.thaw();
        Some(live)
    }

    /// Ends the agent's process, if there is one: the protocol's good-bye first, then the ladder.
    pub(super) async fn end_agent(&mut self, prepared: &mut Prepared) {
        let Some(mut live) = prepared.live.take() else {
            return;
        };
        let mut actions = Actions::default();
        prepared.session.leave(&mut actions);
        let now = self.context.clock.now().wall;
        if !actions.write.is_empty() {
            prepared.keep(Direction::In, &actions.write, now);
            live.supervised.control.write(actions.write);
        }
        if actions.close_stdin {
            live.supervised.control.close_stdin();
        }
        live.supervised.control.thaw();
        if actions.hang_up {
            live.supervised.control.hang_up();
        }
        let patience = tokio::time::sleep(self.context.config.stop.cancel);
        tokio::pin!(patience);
        let (mut patient, mut ordered) = (true, true);
        let ended = loop {
            tokio::select! { biased;
                order = self.orders.recv(), if ordered => match order {
                    Some(Order::Stop { reason }) => {
                        patient = false;
                        live.supervised.control.stop(reason);
                    }
                    Some(Order::Pause) => self.paused = true,
                    Some(Order::Resume) => self.paused = false,
                    // What a human, or the rules, want next comes after this.
                    Some(order) => self.deferred.push_back(order),
                    None => {
                        ordered = false;
                        live.supervised.control.stop(CancelReason::Kill);
                    }
                },
                // Before what it says: one that floods has always something to say.
                () = &mut patience, if patient => {
                    patient = false;
                    live.supervised.control.stop(CancelReason::RunEnds);
                }
                event = live.supervised.events.recv() => {
                    if let Some(ended) = self.overheard(prepared, &live.supervised.control, event) {
                        break ended;
                    }
                }
            }
        };
        self.after_leave(prepared, &ended);
    }

    /// What the process says outside of a turn: kept, shown where it means something, and answered where the protocol wants
    /// that; what it asks is refused, since no turn is there that it could be for. Gives its end.
    fn overheard(
        &self,
        prepared: &mut Prepared,
        control: &Control,
        event: Option<ProcessEvent>,
    ) -> Option<Ended> {
        let now = self.context.clock.now().wall;
        let mut actions = Actions::default();
        match event {
            Some(ProcessEvent::Stdout(bytes)) => {
                prepared.keep(Direction::Out, &bytes, now);
                prepared.session.stdout(&bytes, &mut actions);
            }
            Some(ProcessEvent::Stderr(bytes)) => {
                prepared.keep(Direction::Err, &bytes, now);
                prepared.session.stderr(&bytes, &mut actions);
            }
            Some(ProcessEvent::Started { .. }) => {}
            Some(ProcessEvent::Rung(rung)) => {
                prepared
                    .transcript
                    .notice(rung_in_words(rung).to_owned(), now);
            }
            Some(ProcessEvent::Ended(ended)) => return Some(ended),
            None => return Some(lost()),
        }
        for (key, request) in std::mem::take(&mut actions.decoded.requests) {
            let answer = request.deny("its turn is over".to_owned());
            prepared.session.answer(&key, &answer, &mut actions);
        }
        if !actions.write.is_empty() {
            prepared.keep(Direction::In, &actions.write, now);
            control.write(actions.write);
        }
        for draft in actions.decoded.drafts {
            prepared.transcript.add(draft, now);
        }
        None
    }

    /// The process has ended between two turns, or after the last one.
    fn after_leave(&self, prepared: &mut Prepared, ended: &Ended) {
        let now = self.context.clock.now().wall;
        let mut actions = Actions::default();
        let end = process_end(&ended.status);
        prepared.session.ended(&end, &mut actions);
        for draft in actions.decoded.drafts {
            prepared.transcript.add(draft, now);
        }
        self.note_end(prepared, ended);
        prepared.publish(now);
    }

    /// Puts a process's end into the evidence.
    pub(super) fn note_end(&self, prepared: &mut Prepared, ended: &Ended) {
        let now = self.context.clock.now().wall;
        prepared
            .transcript
            .meta(&in_a_recording(&ended.status), now);
        if ended.swept > 0 {
            let text = format!("processes that the agent left were ended: {}", ended.swept);
            prepared.transcript.notice(text, now);
        }
        if !ended.left.is_empty() {
            let text = format!("processes that could not be ended: {:?}", ended.left);
            prepared.transcript.notice(text, now);
        }
    }
}
