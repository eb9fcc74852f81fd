//! A turn: prompt, process, conversation, end. The agent's session says what to do, the clocks say how long.

use std::time::Duration;

use super::conversation::{Conversation, Stopped};
use super::live::Live;
use super::process::Holder;
use super::{Prepared, Unit, on_terminal};
use crate::agents::{Actions, Direction, Finished, ProcessEnd, Turn};
use crate::domain::attempt::{CancelReason, Phase, TurnClocks, TurnEnd};
use crate::domain::event::Leftovers;
use crate::domain::item::{AgentStatus, Usage};
use crate::domain::machine::{Brief, Order, Report};
use crate::domain::settings::AgentKind;
use crate::proc::clock::Clock as _;
use crate::proc::clocks::{Clocks, Expired};
use crate::proc::lull::Lull;
use crate::proc::supervise::{Ended, ProcessEvent, Rung, Status};
use crate::runner::desk;

/// How long a process may outlive the end of its only turn before it is stopped.
const LINGER: Duration = Duration::from_secs(10);

impl Unit {
    pub(super) async fn turn(&mut self, turn: u32, brief: Brief, clocks: TurnClocks) {
        let Some(mut prepared) = self.prepared.take() else {
            return;
        };
        self.claimed = None;
        let (end, usage, leftovers) = match self.begin(&mut prepared, turn, &brief) {
            Ok(turn) => self.run(&mut prepared, &turn, clocks).await,
            Err(why) => not_started(why),
        };
        prepared.last_turn_ok = end == TurnEnd::Completed;
        prepared.publish(self.context.clock.now().wall);
        self.prepared = Some(prepared);
        self.report(Report::TurnEnded {
            end,
            usage,
            leftovers,
        });
    }

    /// Builds and stores the prompt.
    fn begin(&self, prepared: &mut Prepared, number: u32, brief: &Brief) -> Result<Turn, String> {
        let text = self.prompt(prepared, number, brief)?;
        for (index, reply) in brief.replies.iter().enumerate() {
            prepared
                .desk
                .reply(number, index + 1, reply)
                .map_err(|error| format!("the reply can't be put on the desk: {error}"))?;
        }
        prepared
            .desk
            .put_prompt(&text)
            .map_err(|error| format!("the prompt can't be put on the desk: {error}"))?;
        let name = if number == 1 {
            "prompt.md".to_owned()
        } else {
            format!("prompt.{number}.md")
        };
        let artifact = prepared
            .evidence
            .write(&name, prepared.redactor.redact(&text).as_bytes())
            .map_err(|error| error.to_string())?;
        prepared.transcript.begin_turn(number);
        prepared.said = None;
        if number == 1 && self.is_unsupervised(prepared) {
            let now = self.context.clock.now().wall;
            let mut text = format!(
                "unsupervised: {} can't ask before it acts, so no rule and nobody is asked",
                self.spec.agent
            );
            if prepared.terminal.is_some() {
                text = format!(
                    "unsupervised: what {} asks, it asks on its terminal, and no rule answers there",
                    self.spec.agent
                );
            }
            prepared.transcript.notice(text, now);
        }
        self.report(Report::TurnStarted {
            turn: number,
            prompt: artifact,
        });
        Ok(Turn {
            number,
            prompt: text,
            body: self.spec.ticket.body.clone(),
            workspace: prepared.workspace.path.clone(),
            desk: prepared.desk.path().to_owned(),
            model: self.spec.ticket.model.clone(),
            reasoning: self.spec.ticket.reasoning.clone(),
            resume: prepared.token.clone(),
            used: prepared.used,
        })
    }

    /// Whether it is an agent that acts without asking. (`shell` does what the ticket says, a replay does nothing.)
    fn is_unsupervised(&self, prepared: &Prepared) -> bool {
        let agent = self.context.config.agents.get(&self.spec.agent);
        let acts =
            agent.is_some_and(|agent| !matches!(agent.kind, AgentKind::Shell | AgentKind::Replay));
        acts && !prepared.session.capabilities().requests
    }

    /// The process that takes the turn: the one of the turn before, or a new one; and whether it is new.
    async fn agent(
        &mut self,
        prepared: &mut Prepared,
        turn: &Turn,
    ) -> Result<(Live, bool), TurnEnd> {
        if prepared.live.is_some() {
            if let Some(reason) = self.thawed().await {
                return Err(TurnEnd::Cancelled { reason });
            }
            // The agent may act from here on: what led to it must be on the disk.
            if let Err(error) = self.context.stored().await {
                let why = error.to_string();
                return Err(TurnEnd::NotStarted { why });
            }
            if let Some(live) = self.kept(prepared) {
                return Ok((live, false));
            }
        }
        let in_words = |why: String| TurnEnd::NotStarted { why };
        let launch = prepared
            .session
            .launch(turn)
            .map_err(|error| in_words(error.to_string()))?;
        for (path, bytes) in &launch.files {
            desk::put(path, bytes)
                .map_err(|error| in_words(format!("{}: {error}", path.display())))?;
        }
        let holder = self.holder().await?;
        let now = self.context.clock.now().wall;
        let start = self.start_in_a_recording(&launch.argv);
        prepared.transcript.meta(&start, now);
        let spec = self.launch_spec(prepared, launch.argv, turn.number, launch.env, launch.stdin);
        prepared.transcript.status(AgentStatus::Starting, now);
        let live = Live {
            supervised: holder.launch(spec),
        };
        Ok((live, true))
    }

    async fn run(
        &mut self,
        prepared: &mut Prepared,
        turn: &Turn,
        limits: TurnClocks,
    ) -> (TurnEnd, Usage, Leftovers) {
        let (mut live, is_new) = match self.agent(prepared, turn).await {
            Ok(started) => started,
            Err(end) => return (end, Usage::default(), Leftovers::default()),
        };
        let capabilities = prepared.session.capabilities();
        let startup = limits
            .startup
            .filter(|_| is_new && capabilities.speaks_early);
        let mut clocks = Clocks::start(TurnClocks { startup, ..limits });
        let mut conversation = Conversation::new(self.context.clock.now().wall);
        let mut actions = Actions::default();
        prepared.session.begin(turn, &mut actions);
        conversation.act(prepared, &live.supervised.control, actions, self);
        prepared.begin_on_terminal(
            &live.supervised.control,
            turn.number,
            self.context.clock.now().wall,
        );
        if let Some(done) = self.claimed.take() {
            conversation.over(prepared, &live, done, self);
        }
        let mut lull = Lull::default();
        let mut ordered = true;
        // How long the protocol's own interrupt may take; afterwards how long a process may outlive its only turn.
        let grace = tokio::time::sleep(Duration::MAX);
        tokio::pin!(grace);
        let (mut asked_to_end, mut lingers) = (false, false);
        let ended = loop {
            if conversation.may_be_kept() && capabilities.keeps_process {
                break None;
            }
            if conversation.interrupted.is_some() && !asked_to_end {
                asked_to_end = true;
                let patience = conversation.patience(self.context.config.stop.cancel);
                grace.set(tokio::time::sleep(patience));
            } else if conversation.may_be_kept() && !lingers {
                lingers = true;
                grace.set(tokio::time::sleep(LINGER));
            }
            clocks.hold(self.paused || conversation.waits_for_a_human());
            clocks.hold_wall(conversation.is_looked_at_by_a_human());
            on_terminal::lull_for(&mut lull, prepared.session.patience());
            if clocks.wall_is_over() {
                let stopped = Stopped::TimedOut(Phase::Wall);
                conversation.stop(prepared, &live, stopped, self);
            }
            tokio::select! { biased;
                order = self.orders.recv(), if ordered => match order {
                    Some(Order::Stop { reason }) => {
                        conversation.stop(prepared, &live, Stopped::Cancelled(reason), self);
                    }
                    Some(Order::Pause) => {
                        self.paused = true;
                        // Nobody waits for it: what is frozen a moment later counts as little as the time until then.
                        drop(live.supervised.control.freeze());
                    }
                    Some(Order::Resume) => {
                        self.paused = false;
                        // Nothing could come meanwhile.
                        lull.again();
                        live.supervised.control.thaw();
                    }
                    Some(Order::TurnOver { done }) => {
                        conversation.over(prepared, &live, done, self);
                    }
                    Some(Order::Answer { key, answer, said }) => {
                        // What the agent does with it must find it in the ledger.
                        if self.context.stored().await.is_ok() {
                            conversation.answer(prepared, &live, &key, &answer, self);
                            if let Some(said) = said.filter(|_| !capabilities.hears_reasons) {
                                conversation.steer(prepared, &live, said, self);
                            }
                            prepared.transcript.publish();
                        }
                    }
                    Some(Order::Steer { text }) => {
                        conversation.steer(prepared, &live, text, self);
                        prepared.transcript.publish();
                    }
                    Some(_) => {}
                    // The dispatcher is gone: docket is ending.
                    None => {
                        ordered = false;
                        let stopped = Stopped::Cancelled(CancelReason::Kill);
                        conversation.stop(prepared, &live, stopped, self);
                    }
                },
                // Before what the agent says: one that floods has always something to say.
                () = &mut grace, if asked_to_end || lingers => {
                    if lingers && conversation.stopped.is_none() {
                        live.supervised.control.stop(CancelReason::RunEnds);
                    }
                    conversation.give_up_asking(&live);
                    grace.set(tokio::time::sleep(Duration::MAX));
                }
                input = on_terminal::input(prepared.terminal.as_mut()) => {
                    let now = self.context.clock.now().wall;
                    prepared.typed(input, &live.supervised.control, now);
                }
                event = live.supervised.events.recv() => {
                    lull.heard();
                    let mut actions = Actions::default();
                    let now = self.context.clock.now().wall;
                    match event {
                        Some(ProcessEvent::Stdout(bytes)) => {
                            prepared.keep(Direction::Out, &bytes, now);
                            prepared.session.stdout(&bytes, &mut actions);
                            conversation.act(prepared, &live.supervised.control, actions, self);
                            conversation.heard(prepared, &mut clocks, Direction::Out, now, self);
                        }
                        Some(ProcessEvent::Stderr(bytes)) => {
                            prepared.keep(Direction::Err, &bytes, now);
                            prepared.session.stderr(&bytes, &mut actions);
                            conversation.act(prepared, &live.supervised.control, actions, self);
                            conversation.heard(prepared, &mut clocks, Direction::Err, now, self);
                        }
                        Some(ProcessEvent::Started { .. }) => {}
                        Some(ProcessEvent::Rung(rung)) => {
                            prepared.transcript.notice(rung_in_words(rung).to_owned(), now);
                        }
                        Some(ProcessEvent::Ended(ended)) => break Some(ended),
                        None => break Some(lost()),
                    }
                    // What is there already is taken before readers are told.
                    if live.supervised.events.is_empty() {
                        prepared.publish(now);
                    }
                },
                () = lull.over(), if !self.paused => {
                    lull.again();
                    let mut actions = Actions::default();
                    prepared.session.quiet(&mut actions);
                    conversation.act(prepared, &live.supervised.control, actions, self);
                    prepared.transcript.publish();
                }
                expired = clocks.expired() => match expired {
                    Expired::Clock(phase) => {
                        conversation.stop(prepared, &live, Stopped::TimedOut(phase), self);
                    }
                    Expired::Silence => conversation.silence(prepared),
                },
            }
        };
        match &ended {
            Some(ended) => {
                let mut actions = Actions::default();
                let end = process_end(&ended.status);
                prepared.session.ended(&end, &mut actions);
                conversation.act(prepared, &live.supervised.control, actions, self);
                self.note_end(prepared, ended);
            }
            // In the user's own working tree nothing of it may go on after its work was checked, not even to say good-bye.
            None if prepared.git.as_ref().is_none_or(|git| git.own.is_none()) => {
                prepared.live = Some(live);
                self.end_agent(prepared).await;
            }
            None => self.keep(prepared, live).await,
        }
        self.result(prepared, conversation, ended.as_ref())
    }

    fn result(
        &self,
        prepared: &mut Prepared,
        conversation: Conversation,
        ended: Option<&Ended>,
    ) -> (TurnEnd, Usage, Leftovers) {
        let finished = conversation.finished.unwrap_or_else(|| Finished {
            end: TurnEnd::Died {
                how: ended.map_or_else(
                    || "its turn has no end".to_owned(),
                    |ended| process_end(&ended.status).to_string(),
                ),
            },
            message: None,
            usage: conversation.used,
        });
        if finished.message.is_some() {
            prepared.message = finished.message;
        }
        let end = match conversation.stopped {
            Some(Stopped::TimedOut(phase)) => TurnEnd::TimedOut { phase },
            Some(Stopped::Cancelled(reason)) => TurnEnd::Cancelled { reason },
            None => finished.end,
        };
        let leftovers = ended.map_or_else(Leftovers::default, |ended| Leftovers {
            leaked: ended.leaked,
            swept: ended.swept,
        });
        let usage = prepared.priced(finished.usage, self);
        prepared.used.add(&usage);
        (end, usage, leftovers)
    }

    /// The holder for this turn, once the ledger knows it; a stop in the meantime ends the turn.
    async fn holder(&mut self) -> Result<Holder, TurnEnd> {
        if self.holder.is_none() {
            self.holder = Holder::start(&self.context, self.is_on_a_terminal());
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
                Some(Order::Steer { text }) => self.not_steered(text),
                Some(Order::TurnOver { done }) => self.claimed = Some(done),
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
pub(super) fn in_a_recording(status: &Status) -> serde_json::Value {
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

pub(super) fn rung_in_words(rung: Rung) -> &'static str {
    match rung {
        Rung::Interrupt => "asked to stop (SIGINT)",
        Rung::Terminate => "told to stop (SIGTERM)",
        Rung::Kill => "killed (SIGKILL)",
    }
}
