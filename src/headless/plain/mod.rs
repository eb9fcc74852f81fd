//! `--plain`: what happens as lines, for screen readers and for terminals that can do nothing else. No cursor moves, nothing
//! is drawn over, and what is to be done is typed as a line.

mod lines;
#[cfg(test)]
mod tests;
mod transcripts;
mod typed;
mod unanswered;

use std::io::{self, BufRead as _};
use std::path::PathBuf;

use tokio::sync::mpsc;

use self::transcripts::Transcripts;
use self::typed::Wanted;
use self::unanswered::Unanswered;
use super::signals::{self, Came, Signals};
use super::{HeadlessError, Watched, listen};
use crate::domain::attempt::CancelReason;
use crate::domain::board::{Board, Feed};
use crate::domain::command::{Command, Reaction};
use crate::domain::event::{Event, RunOutcome};
use crate::domain::machine::RunPlan;
use crate::domain::rules::Scope;
use crate::domain::runner_place::RunnerPlace;
use crate::domain::ticket::KnownNames;
use crate::exit::Exit;
use crate::output;
use crate::runner::RunnerHandle;

/// How many lines are read ahead.
const AHEAD: usize = 16;

/// What a plain session is given at its start.
#[derive(Debug)]
pub struct Plain {
    /// The runner: feed in, commands out.
    pub handle: RunnerHandle,
    /// What earlier runs left.
    pub board: Board,
    /// The agents that tickets may name.
    pub agents: KnownNames,
    /// `…/.docket/evidence`: transcripts are read below it.
    pub evidence: PathBuf,
    /// Where what is always allowed is written, if anywhere.
    pub approvals: Option<PathBuf>,
    /// Whether another process runs the queue and this one looks on.
    pub viewer: bool,
    /// Whether a run was asked for already.
    pub begun: bool,
}

/// Prints what happens on stdout and does what is typed on stdin, until the user leaves. When nothing more can be typed it
/// ends with the run.
pub async fn run(plain: Plain) -> Result<Exit, HeadlessError> {
    let mut signals = listen()?;
    let RunnerHandle {
        commands,
        mut feed,
        take_over,
        ..
    } = plain.handle;
    let mut typed = read();
    let mut session = Session {
        watched: Watched::new(plain.board, Some(plain.agents)),
        transcripts: Transcripts::new(plain.evidence),
        commands,
        take_over,
        viewer: plain.viewer,
        runner_is_gone: false,
        is_up_to_date: !plain.viewer,
        has_queue: false,
        start_is_asked: plain.begun,
        nobody_types: false,
        leaving: None,
        unanswered: Unanswered::default(),
        approvals: plain.approvals,
        is_asked: None,
        page: Vec::new(),
    };
    loop {
        let is_ready = session.has_queue && session.is_up_to_date && !session.nobody_types;
        tokio::select! { biased;
            came = signals.next() => session.signal(came, &mut signals).await,
            line = typed.recv(), if is_ready => match line {
                Some(line) => session.typed(&line),
                None => session.nobody_types_any_more(),
            },
            news = feed.recv() => match news {
                Some(news) => session.feed(&news),
                None => break,
            },
        }
        if !session.print()? {
            session.nobody_types = true;
        }
        if session.ends() {
            break;
        }
    }
    let exit = session.exit();
    drop(session);
    // Everything is on the disk when this ends.
    while feed.recv().await.is_some() {}
    Ok(exit)
}

/// The lines of stdin, as they come.
fn read() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(AHEAD);
    // A thread of its own: nobody can take back what reads from a terminal, so nobody may have to wait for it.
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

struct Session {
    watched: Watched,
    transcripts: Transcripts,
    commands: mpsc::UnboundedSender<Command>,
    take_over: Option<tokio::sync::watch::Sender<bool>>,
    viewer: bool,
    /// Nobody runs the queue any more.
    runner_is_gone: bool,
    /// What had happened before this began is known, and not told line by line.
    is_up_to_date: bool,
    has_queue: bool,
    start_is_asked: bool,
    /// stdin is at its end, or nobody reads what is printed.
    nobody_types: bool,
    leaving: Option<Exit>,
    unanswered: Unanswered,
    approvals: Option<PathBuf>,
    /// What is done when the next line is `yes`.
    is_asked: Option<Command>,
    /// What is to be printed.
    page: Vec<String>,
}

impl Session {
    fn say(&mut self, line: impl Into<String>) {
        self.page.push(line.into());
    }

    /// Prints the page. Whether anybody reads it.
    fn print(&mut self) -> Result<bool, HeadlessError> {
        if self.page.is_empty() {
            return Ok(true);
        }
        let mut text = String::new();
        for line in self.page.drain(..) {
            text.push_str(&lines::clean(&line));
            text.push('\n');
        }
        Ok(output::more(text.as_bytes())?)
    }

    fn run_is_alive(&self) -> bool {
        self.start_is_asked || self.watched.board.has_live_run()
    }

    /// Whether there is nothing more to do.
    fn ends(&self) -> bool {
        if self.leaving.is_some() {
            return self.viewer || !self.run_is_alive();
        }
        if !self.nobody_types {
            return false;
        }
        if self.viewer {
            let takes_over = self.take_over.as_ref().is_some_and(|wish| *wish.borrow());
            return self.runner_is_gone && !takes_over;
        }
        !self.run_is_alive()
    }

    fn exit(&self) -> Exit {
        match (self.leaving, self.watched.outcome) {
            (Some(exit), _) => exit,
            (None, Some(outcome)) if !self.viewer => outcome.into(),
            (None, _) => Exit::Done,
        }
    }

    async fn signal(&mut self, came: Came, signals: &mut Signals) {
        let alive = !self.viewer && self.run_is_alive();
        match came {
            Came::Interrupt if !alive => self.leaving = Some(Exit::Signal(2)),
            Came::Terminate => {
                self.leaving = Some(Exit::Signal(15));
                if alive {
                    signals.act(came, Some(&self.commands)).await;
                }
            }
            Came::HangUp => self.nobody_types = true,
            Came::Interrupt => {
                self.say("stopping the run; again kills what runs");
                signals.act(came, Some(&self.commands)).await;
            }
            // A viewer has nothing to freeze.
            Came::Suspend if self.viewer => signals::freeze_alone(),
            Came::Suspend => signals.act(came, Some(&self.commands)).await,
        }
    }

    fn nobody_types_any_more(&mut self) {
        self.nobody_types = true;
        if !self.ends() && !self.viewer {
            self.say("nothing more can be typed here: docket ends with the run");
        }
    }

    fn typed(&mut self, line: &str) {
        let wanted = typed::understand(line, &self.watched);
        let is_asked = match wanted {
            // An empty line is no answer.
            Ok(Wanted::Nothing) => return,
            _ => self.is_asked.take(),
        };
        if is_asked.is_some() && !matches!(wanted, Ok(Wanted::Yes)) {
            self.say("that was no `yes`: nothing is always allowed");
        }
        match wanted {
            Err(why) => self.say(why),
            Ok(Wanted::Nothing | Wanted::No) => {}
            Ok(Wanted::Yes) => match is_asked {
                Some(command) => self.command(command),
                None => self.say("nothing was asked here that `yes` answers"),
            },
            Ok(Wanted::Command(command)) => self.command(command),
            Ok(Wanted::Always { command, rules }) => {
                self.page
                    .extend(lines::always(&rules, self.approvals.as_deref()));
                self.is_asked = Some(command);
            }
            Ok(Wanted::Help) => self.page.extend(typed::help()),
            Ok(Wanted::Status) => self.page.extend(lines::status(&self.watched)),
            Ok(Wanted::List) => self.page.extend(lines::list(&self.watched)),
            Ok(Wanted::Show(ticket)) => self.page.extend(lines::show(&self.watched, &ticket)),
            Ok(Wanted::TakeOver) => self.take_over(),
            Ok(Wanted::Quit) => self.quit(),
        }
    }

    fn command(&mut self, command: Command) {
        if let Some(ticket) = self.unanswered.is_meant(&command) {
            let why = lines::asks_no_more(&ticket, &self.watched);
            return self.say(why);
        }
        if matches!(command, Command::Start { .. } | Command::Retry { .. }) && !self.viewer {
            self.start_is_asked = true;
        }
        if let Command::Answer {
            reaction: Reaction::AllowLike { scope, rules },
            ticket,
            ..
        } = &command
            && *scope == Scope::Ticket
        {
            let said = lines::may_from_now_on(ticket, rules, &self.watched);
            self.say(said);
        }
        let _runner_is_gone = self.commands.send(command);
    }

    fn take_over(&mut self) {
        let Some(wish) = self.take_over.as_ref().filter(|_| self.viewer) else {
            return self.say("this docket runs the queue already");
        };
        wish.send_replace(true);
        if !self.runner_is_gone {
            self.say("this docket takes over when the other one has ended");
        }
    }

    fn quit(&mut self) {
        if self.viewer || !self.run_is_alive() || self.leaving.is_some() {
            if self.leaving.is_some() && self.run_is_alive() && !self.viewer {
                // Asked again, it is hurried; what was asked for and never began keeps nobody here.
                let reason = CancelReason::Interrupt;
                let _runner_is_gone = self.commands.send(Command::Cancel { reason });
                self.start_is_asked = false;
            }
            self.leaving = Some(Exit::Done);
            return;
        }
        self.leaving = Some(Exit::Done);
        let reason = CancelReason::RunEnds;
        let _runner_is_gone = self.commands.send(Command::Cancel { reason });
        self.say(
            "the run is being stopped, then docket ends; the next run goes on with its tickets",
        );
    }

    fn feed(&mut self, feed: &Feed) {
        self.watched.take(feed);
        match feed {
            Feed::Queue(_) => {
                if !std::mem::replace(&mut self.has_queue, true) && self.is_up_to_date {
                    self.greet();
                }
            }
            Feed::Event(envelope) => {
                match &envelope.event {
                    Event::RunStarted { .. }
                    | Event::Refused { .. }
                    | Event::StepRetried { .. } => {
                        self.start_is_asked = false;
                    }
                    _ => {}
                }
                self.unanswered.take(&envelope.event, &self.watched.board);
                let said = self.transcripts.take(envelope, self.is_up_to_date);
                self.page.extend(said);
                if self.is_up_to_date {
                    self.page.extend(lines::of_event(envelope, &self.watched));
                }
            }
            Feed::Advanced { attempt, bytes } => {
                let is_new = self.is_up_to_date;
                let said = self.transcripts.advanced(attempt, *bytes, is_new);
                self.page.extend(said);
            }
            Feed::RunOver { outcome, .. } => {
                self.start_is_asked = false;
                if *outcome == RunOutcome::NothingReady {
                    self.say("nothing is ready to run");
                    let reasons = self.watched.reasons(&RunPlan::default());
                    self.page.extend(reasons);
                }
            }
            Feed::Trouble(text) => self.say(format!("trouble: {text}")),
            Feed::Runner(place) => self.runner(*place),
            Feed::Status { .. } | Feed::Used { .. } | Feed::Beginning { .. } => {}
        }
    }

    fn runner(&mut self, place: RunnerPlace) {
        let was_up_to_date = std::mem::replace(&mut self.is_up_to_date, true);
        match place {
            RunnerPlace::Elsewhere { pid } => {
                let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                self.say(format!(
                    "another docket{pid} runs the queue here: this one shows what it does, and passes on what you type"
                ));
                self.runner_is_gone = false;
            }
            RunnerPlace::Nowhere { .. } => {
                self.runner_is_gone = true;
                let was_alive = self.watched.board.has_live_run();
                self.watched.board.bury();
                let how = if was_alive {
                    "died in the middle of a run"
                } else {
                    "has ended"
                };
                self.say(format!(
                    "the docket that ran here {how}; type `take-over` to run the queue from here, or `quit`"
                ));
            }
            RunnerPlace::Here => {
                self.viewer = false;
                self.runner_is_gone = false;
                self.say("this docket runs the queue now");
            }
        }
        if !was_up_to_date && self.has_queue {
            self.greet();
        }
    }

    /// The first words, when everything is known.
    fn greet(&mut self) {
        self.page.extend(lines::status(&self.watched));
        self.say("type `help` for what can be typed");
    }
}
