//! A turn: prompt, process, conversation, end. The agent's session says what to do, the clocks say how long.

use std::fs;

use super::process::Holder;
use super::{Prepared, Unit};
use crate::agents::{Actions, Direction, Finished, Launch, ProcessEnd, Turn};
use crate::domain::attempt::{CancelReason, Phase, TurnClocks, TurnEnd};
use crate::domain::event::Leftovers;
use crate::domain::item::Usage;
use crate::domain::machine::{Brief, Order, Report};
use crate::proc::clock::Clock as _;
use crate::proc::clocks::Clocks;
use crate::proc::supervise::{Ended, ProcessEvent, Rung, Status, Supervised};

/// Why a turn ends before its agent ends it.
enum Stopped {
    Cancelled(CancelReason),
    TimedOut(Phase),
}

impl Unit {
    pub(super) async fn turn(&mut self, turn: u32, brief: Brief, clocks: TurnClocks) {
        let Some(mut prepared) = self.prepared.take() else {
            return;
        };
        let (end, usage, leftovers) = match self.begin(&mut prepared, turn, &brief) {
            Ok((turn, launch)) => self.run(&mut prepared, &turn, launch, clocks).await,
            Err(why) => not_started(why),
        };
        prepared.last_turn_ok = end == TurnEnd::Completed;
        prepared.transcript.publish();
        self.prepared = Some(prepared);
        self.report(Report::TurnEnded {
            end,
            usage,
            leftovers,
        });
    }

    /// Builds and stores the prompt, and asks the session what to start.
    fn begin(
        &self,
        prepared: &mut Prepared,
        number: u32,
        brief: &Brief,
    ) -> Result<(Turn, Launch), String> {
        let text = self.prompt(prepared, number, brief)?;
        for (index, reply) in brief.replies.iter().enumerate() {
            prepared
                .desk
                .reply(number, index + 1, reply)
                .map_err(|error| format!("the reply can't be put on the desk: {error}"))?;
        }
        let name = if number == 1 {
            "prompt.md".to_owned()
        } else {
            format!("prompt.{number}.md")
        };
        let artifact = prepared
            .evidence
            .write(&name, text.as_bytes())
            .map_err(|error| error.to_string())?;
        prepared.transcript.begin_turn(number);
        self.report(Report::TurnStarted {
            turn: number,
            prompt: artifact,
        });
        let turn = Turn {
            number,
            prompt: text,
            body: self.spec.ticket.body.clone(),
            workspace: prepared.workspace.path.clone(),
            desk: prepared.desk.path().to_owned(),
            model: self.spec.ticket.model.clone(),
            reasoning: self.spec.ticket.reasoning.clone(),
            resume: None,
            used: Usage::default(),
        };
        let launch = prepared
            .session
            .launch(&turn)
            .map_err(|error| error.to_string())?;
        for (path, bytes) in &launch.files {
            fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok((turn, launch))
    }

    async fn run(
        &mut self,
        prepared: &mut Prepared,
        turn: &Turn,
        launch: Launch,
        limits: TurnClocks,
    ) -> (TurnEnd, Usage, Leftovers) {
        let holder = match self.holder().await {
            Ok(holder) => holder,
            Err(end) => return (end, Usage::default(), Leftovers::default()),
        };
        let capabilities = prepared.session.capabilities();
        let shown: Vec<_> = launch
            .argv
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        let now = self.context.clock.now().wall;
        prepared
            .transcript
            .meta(&serde_json::json!({ "cmd": shown }), now);
        let spec = self.launch_spec(prepared, launch.argv, turn.number, launch.env, launch.stdin);
        let mut supervised = holder.launch(spec);
        let startup = limits.startup.filter(|_| capabilities.speaks_early);
        let mut clocks = Clocks::start(TurnClocks { startup, ..limits });
        let mut conversation = Conversation {
            finished: None,
            stopped: None,
        };
        let mut actions = Actions::default();
        prepared.session.begin(turn, &mut actions);
        conversation.act(prepared, &supervised, actions, self);
        let mut ordered = true;
        let ended = loop {
            tokio::select! { biased;
                order = self.orders.recv(), if ordered => match order {
                    Some(Order::Stop { reason }) => conversation.stop(&supervised, Stopped::Cancelled(reason), reason),
                    Some(Order::Pause) => { self.paused = true; supervised.control.freeze(); clocks.pause(); }
                    Some(Order::Resume) => { self.paused = false; supervised.control.thaw(); clocks.resume(); }
                    Some(_) => {}
                    // The dispatcher is gone: docket is ending.
                    None => {
                        ordered = false;
                        conversation.stop(&supervised, Stopped::Cancelled(CancelReason::Kill), CancelReason::Kill);
                    }
                },
                event = supervised.events.recv() => {
                    let mut actions = Actions::default();
                    let now = self.context.clock.now().wall;
                    match event {
                        Some(ProcessEvent::Stdout(bytes)) => {
                            clocks.output();
                            prepared.transcript.raw(Direction::Out, &bytes, now);
                            prepared.session.stdout(&bytes, &mut actions);
                        }
                        Some(ProcessEvent::Stderr(bytes)) => {
                            clocks.output();
                            prepared.transcript.raw(Direction::Err, &bytes, now);
                            prepared.session.stderr(&bytes, &mut actions);
                        }
                        Some(ProcessEvent::Started { .. }) => {}
                        Some(ProcessEvent::Rung(rung)) => {
                            prepared.transcript.notice(rung_in_words(rung).to_owned(), now);
                        }
                        Some(ProcessEvent::Ended(ended)) => break ended,
                        None => break lost(),
                    }
                    conversation.act(prepared, &supervised, actions, self);
                    // What is there already is taken before readers are told.
                    if supervised.events.is_empty() {
                        prepared.transcript.publish();
                    }
                },
                phase = clocks.expired() => {
                    conversation.stop(&supervised, Stopped::TimedOut(phase), CancelReason::Stopped);
                }
            }
        };
        self.after_end(prepared, &supervised, conversation, &ended)
    }

    fn after_end(
        &self,
        prepared: &mut Prepared,
        supervised: &Supervised,
        mut conversation: Conversation,
        ended: &Ended,
    ) -> (TurnEnd, Usage, Leftovers) {
        let mut actions = Actions::default();
        prepared
            .session
            .ended(&process_end(&ended.status), &mut actions);
        conversation.act(prepared, supervised, actions, self);
        let now = self.context.clock.now().wall;
        prepared
            .transcript
            .meta(&in_a_recording(&ended.status), now);
        if !ended.left.is_empty() {
            let text = format!("processes that could not be ended: {:?}", ended.left);
            prepared.transcript.notice(text, now);
        }
        let finished = conversation.finished.unwrap_or(Finished {
            end: TurnEnd::Died {
                how: process_end(&ended.status).to_string(),
            },
            message: None,
            usage: Usage::default(),
        });
        if finished.message.is_some() {
            prepared.message = finished.message;
        }
        let end = match conversation.stopped {
            Some(Stopped::TimedOut(phase)) => TurnEnd::TimedOut { phase },
            Some(Stopped::Cancelled(reason)) => TurnEnd::Cancelled { reason },
            None => finished.end,
        };
        let leftovers = Leftovers {
            leaked: ended.leaked,
            swept: ended.swept,
        };
        (end, finished.usage, leftovers)
    }

    /// The holder for this turn, once the ledger knows it; a stop in the meantime ends the turn.
    async fn holder(&mut self) -> Result<Holder, TurnEnd> {
        if self.holder.is_none() {
            self.holder = Holder::start(&self.context);
            if let Some(holder) = &self.holder {
                self.report(Report::Spawned(holder.record()));
            }
        }
        while self.holder.as_ref().is_some_and(|holder| !holder.journaled) {
            match self.orders.recv().await {
                Some(Order::Go) => self.go(),
                Some(Order::Pause) => self.paused = true,
                Some(Order::Resume) => self.paused = false,
                Some(Order::Stop { reason }) => return Err(TurnEnd::Cancelled { reason }),
                Some(_) => {}
                None => {
                    return Err(TurnEnd::Cancelled {
                        reason: CancelReason::Kill,
                    });
                }
            }
        }
        let holder = self.holder.take().ok_or_else(|| TurnEnd::NotStarted {
            why: "the system gives no new process: close some programs, or raise `ulimit -u` and `ulimit -n`"
                .to_owned(),
        })?;
        if let Some(reason) = self.thawed().await {
            return Err(TurnEnd::Cancelled { reason });
        }
        // The agent may act from here on: what led to it must be on the disk.
        match self.context.stored().await {
            Ok(()) => Ok(holder),
            Err(error) => Err(TurnEnd::NotStarted {
                why: error.to_string(),
            }),
        }
    }
}

/// What a turn's conversation has come to.
struct Conversation {
    finished: Option<Finished>,
    stopped: Option<Stopped>,
}

impl Conversation {
    /// Does what the session wants.
    fn act(
        &mut self,
        prepared: &mut Prepared,
        supervised: &Supervised,
        actions: Actions,
        unit: &Unit,
    ) {
        let now = unit.context.clock.now().wall;
        if !actions.write.is_empty() {
            prepared.transcript.raw(Direction::In, &actions.write, now);
            supervised.control.write(actions.write);
        }
        if actions.close_stdin {
            supervised.control.close_stdin();
        }
        let decoded = actions.decoded;
        for draft in decoded.drafts {
            prepared.transcript.add(draft, now);
        }
        if let Some(status) = decoded.status {
            prepared.transcript.status(status, now);
        }
        if let Some(session) = decoded.session {
            unit.report(Report::Session(session));
        }
        // The first end counts: what comes after it is another turn's, or nobody's.
        if decoded.finished.is_some() && self.finished.is_none() {
            self.finished = decoded.finished;
        }
    }

    /// Stops the process; a second call with a higher reason hurries it.
    fn stop(&mut self, supervised: &Supervised, stopped: Stopped, reason: CancelReason) {
        supervised.control.stop(reason);
        if self.stopped.is_none() || matches!(stopped, Stopped::Cancelled(_)) {
            self.stopped = Some(stopped);
        }
    }
}

fn not_started(why: String) -> (TurnEnd, Usage, Leftovers) {
    (
        TurnEnd::NotStarted { why },
        Usage::default(),
        Leftovers::default(),
    )
}

pub(super) fn process_end(status: &Status) -> ProcessEnd {
    match status {
        Status::Exited(code) => ProcessEnd::Exited(*code),
        Status::Signalled(signal) => ProcessEnd::Signalled(*signal),
        Status::NotStarted(why) => ProcessEnd::NotStarted(why.clone()),
        Status::Lost(why) => ProcessEnd::Lost(why.clone()),
    }
}

/// The end of a process in the form of the recordings, where `exit` is what a replay ends with.
fn in_a_recording(status: &Status) -> serde_json::Value {
    match status {
        Status::Exited(code) => serde_json::json!({ "exit": code }),
        Status::Signalled(signal) => serde_json::json!({ "signal": signal }),
        Status::NotStarted(why) | Status::Lost(why) => serde_json::json!({ "error": why }),
    }
}

pub(super) fn lost() -> Ended {
    Ended {
        status: Status::Lost("its supervision ended".to_owned()),
        leaked: false,
        swept: 0,
        left: Vec::new(),
        stopped: None,
    }
}

fn rung_in_words(rung: Rung) -> &'static str {
    match rung {
        Rung::Interrupt => "asked to stop (SIGINT)",
        Rung::Terminate => "told to stop (SIGTERM)",
        Rung::Kill => "killed (SIGKILL)",
    }
}
