//! `docket approve`, `reject`, `answer`, `reply`: what a human says to a runner that lives in another process. Answers to what an attempt ended with need none.

use std::time::Duration;

use serde::Serialize;

use super::arguments::{
    AnswerArguments, ApproveArguments, Global, RejectArguments, ReplyArguments,
};
use super::asked::{self, Asked, Given};
use super::control::of_ticket;
use super::error::CliError;
use super::find::{self, Target};
use super::gates;
use super::place::Place;
use super::survey::Survey;
use super::{text, without};
use crate::domain::command::{Command, Reaction};
use crate::domain::ids::{AttemptId, TicketName};
use crate::domain::machine::answer_of;
use crate::domain::request::{ChoiceKind, RequestId};
use crate::domain::rules::{Rule, Scope, like};
use crate::exit::Exit;
use crate::output;
use crate::proc::sweep;
use crate::runner::inbox::{self, Door, Reply, SendError};
use crate::runner::{self, NotAnswered};
use crate::store::lock::RunnerLock;

/// How long a runner is given for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a runner may come or go while it is asked, before that is called strange.
const TRIES: u32 = 5;

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Outcome {
    /// What was asked, in words.
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
    done: bool,
    /// Who did it: the runner, or this command itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
    /// What was done, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    Runner,
    Ledger,
}

impl Outcome {
    pub(super) fn of(command: &Command, ticket: Option<&TicketName>) -> Self {
        // People know tickets by their names.
        let command = command.describe();
        Self {
            command,
            ticket: ticket.cloned(),
            ..Self::default()
        }
    }

    pub(super) fn done(mut self, by: By, said: &str, note: Option<String>) -> Self {
        let note = note.map(|note| format!("; {note}")).unwrap_or_default();
        self.done = true;
        self.by = Some(by);
        self.said = Some(format!("{said}{note}"));
        self
    }

    /// Whether it was done.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn refused(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says it. What was not done is no success.
    pub(super) fn tell(&self, global: &Global) -> Result<Exit, CliError> {
        if global.json {
            output::document(self)?;
        } else if let Some(said) = &self.said {
            output::line(&text::line(said))?;
        } else {
            let ticket = self.ticket.as_ref().map(|name| format!("{name}: "));
            let why = self.why.as_deref().unwrap_or("nothing was done");
            let ticket = ticket.unwrap_or_default();
            output::say(&format!(
                "docket: {}",
                text::line(&format!("{ticket}{why}"))
            ));
        }
        Ok(if self.done {
            Exit::Done
        } else {
            Exit::NothingReady
        })
    }
}

pub(super) fn approve(global: &Global, arguments: &ApproveArguments) -> Result<Exit, CliError> {
    let reaction = match arguments.scope {
        _ if arguments.always => Reaction::AllowAlways,
        None | Some(Scope::Once) => Reaction::Allow,
        // What the rules are is known when it is known what is asked.
        Some(scope) => Reaction::AllowLike {
            scope,
            rules: Vec::new(),
        },
    };
    react(global, &arguments.ticket, arguments.number, &reaction)
}

pub(super) fn reject(global: &Global, arguments: RejectArguments) -> Result<Exit, CliError> {
    let RejectArguments {
        ticket,
        number,
        reason,
    } = arguments;
    react(global, &ticket, number, &Reaction::Deny { reason })
}

pub(super) fn answer(global: &Global, arguments: AnswerArguments) -> Result<Exit, CliError> {
    let AnswerArguments {
        ticket,
        words,
        number,
    } = arguments;
    react(global, &ticket, number, &Reaction::Words { words })
}

pub(super) fn reply(global: &Global, arguments: ReplyArguments) -> Result<Exit, CliError> {
    let ReplyArguments { ticket, words, now } = arguments;
    if words.trim().is_empty() {
        return Err(CliError::Usage("there are no words in it".to_owned()));
    }
    let (place, target) = named(global, &ticket)?;
    let (ticket, text) = (target.id.clone(), words);
    let (command, said) = if now {
        (Command::Steer { ticket, text }, "its agent is told")
    } else {
        (Command::Reply { ticket, text }, "noted")
    };
    if now {
        let without = "its agent has no turn now; without `--now` the words wait for the next one";
        return of_ticket(global, &place, &target, &command, said, without);
    }
    let outcome = Outcome::of(&command, Some(&target.name));
    tries(|| match ask(&place, &command)? {
        Some(reply) => {
            let said = format!("{}: {said}", target.name);
            Ok(Some(outcome.clone().take(reply, &said)))
        }
        None => without::reply(&place, &target, &command, outcome.clone()),
    })?
    .tell(global)
}

/// Tries until no runner comes or goes in between.
pub(super) fn tries(
    mut once: impl FnMut() -> Result<Option<Outcome>, CliError>,
) -> Result<Outcome, CliError> {
    for _ in 0..TRIES {
        if let Some(outcome) = once()? {
            return Ok(outcome);
        }
    }
    Err(CliError::Failed(
        "runners come and go here too quickly: try again".to_owned(),
    ))
}

impl Outcome {
    pub(super) fn take(self, reply: Reply, said: &str) -> Self {
        match reply {
            Reply::Done { note } => self.done(By::Runner, said, note),
            Reply::Refused { why } => self.refused(why),
            Reply::NobodyThere => {
                self.refused("the docket that runs here has just started: try again")
            }
        }
    }
}

/// Gives the runner a command and waits for what comes of it. `None` when no runner lives.
pub(super) fn ask(place: &Place, command: &Command) -> Result<Option<Reply>, CliError> {
    let docket = place.places.docket();
    let failed = |error: SendError| CliError::Failed(error.to_string());
    let mut last = None;
    for _ in 0..TRIES {
        if !lives(place)? {
            return Ok(None);
        }
        match inbox::send(&docket, command, PATIENCE) {
            // It has just started, and took the command for an old one; or it has just ended.
            Ok(Reply::NobodyThere) => last = Some(Reply::NobodyThere),
            Err(SendError::Gone) => {}
            Ok(reply) => return Ok(Some(reply)),
            Err(error) => return Err(failed(error)),
        }
    }
    last.map_or_else(|| Err(failed(SendError::Gone)), |reply| Ok(Some(reply)))
}

/// Whether a runner lives, and not only somebody who answers a request in this moment.
fn lives(place: &Place) -> Result<bool, CliError> {
    let docket = place.places.docket();
    if !docket.is_dir() {
        return Ok(false);
    }
    let in_words = |error: &dyn std::fmt::Display| CliError::Failed(error.to_string());
    let _door = Door::enter(&docket, PATIENCE).map_err(|error| in_words(&error))?;
    let holder = RunnerLock::holder(&docket).map_err(|error| in_words(&error))?;
    Ok(holder.is_some())
}

/// Finds the ticket that a human means.
pub(super) fn named(global: &Global, ticket: &str) -> Result<(Place, Target), CliError> {
    refuse_agents()?;
    let place = Place::of(global)?;
    let (_reader, target) = find::one(&place, ticket)?;
    Ok((place, target))
}

/// Agents must not answer themselves. (One that wants to can hide what it is; it should at least have to.)
pub(super) fn refuse_agents() -> Result<(), CliError> {
    let marker = std::env::var(sweep::VARIABLE).unwrap_or_default();
    // A shell of the screen's terminal pane has a human before it.
    if marker.is_empty() || marker.starts_with("terminal/") {
        return Ok(());
    }
    Err(CliError::Usage(
        "this is said by humans, and this process belongs to an agent's attempt".to_owned(),
    ))
}

/// A human's word on what a ticket's agent asks, or at its gate.
fn react(
    global: &Global,
    ticket: &str,
    number: Option<RequestId>,
    reaction: &Reaction,
) -> Result<Exit, CliError> {
    refuse_agents()?;
    let place = Place::of(global)?;
    tries(|| {
        let survey = Survey::take(&place)?;
        let target = find::target(&place, &survey.queue, &survey.reader, ticket)?;
        Ok(match choose(&survey, &target, number)? {
            Chosen::Asked(asked) => settle(&place, &asked, reaction)?,
            Chosen::Gate { attempt, live } => decide(&place, &target, &attempt, live, reaction)?,
            Chosen::Nothing { why } => {
                let outcome =
                    Outcome::of(&command_of(&target, number, reaction), Some(&target.name));
                Some(outcome.refused(why))
            }
        })
    })?
    .tell(global)
}

/// What a word is about.
enum Chosen {
    /// A request that is open.
    Asked(Box<Asked>),
    /// A review that waits, in a run that lives or for the next one.
    Gate {
        /// Whose work it is.
        attempt: AttemptId,
        /// Whether its run lives.
        live: bool,
    },
    /// There is nothing.
    Nothing {
        /// Why, and what is there instead.
        why: String,
    },
}

fn choose(survey: &Survey, target: &Target, number: Option<RequestId>) -> Result<Chosen, CliError> {
    let name = &target.name;
    let mut open = asked::of_ticket(survey, &target.id, name)?;
    if let Some(attempt) = &target.attempt {
        open.retain(|asked| asked.attempt == *attempt);
    }
    match (number, open.len()) {
        (None, 1) => return Ok(Chosen::Asked(Box::new(open.remove(0)))),
        (None, 2..) => {
            let all: Vec<_> = open
                .iter()
                .map(|asked| format!("  {} {}", asked.number.0, text::line(&asked.request.title)))
                .collect();
            return Err(CliError::Usage(format!(
                "{name} asks {} things: name one by its number (without `#`)\n{}",
                open.len(),
                all.join("\n")
            )));
        }
        (Some(number), _) => {
            if let Some(index) = open.iter().position(|asked| asked.number == number) {
                return Ok(Chosen::Asked(Box::new(open.remove(index))));
            }
        }
        (None, 0) => {
            let meant = |attempt: &AttemptId| {
                let named = target.attempt.as_ref();
                named.is_none_or(|named| named == attempt)
            };
            let gate = gates::of_ticket(survey, &target.id);
            if let Some((attempt, live)) = gate.filter(|(attempt, _)| meant(attempt)) {
                return Ok(Chosen::Gate { attempt, live });
            }
        }
    }
    let why = why_nothing(survey, target, number)?;
    Ok(Chosen::Nothing { why })
}

/// Why there is nothing to answer: it was answered already, by whom and when, or nobody asks.
fn why_nothing(
    survey: &Survey,
    target: &Target,
    number: Option<RequestId>,
) -> Result<String, CliError> {
    if number.is_none()
        && let Some(words) = without::decided(survey, target)?
    {
        return Ok(words);
    }
    let attempt = find::attempt(&survey.reader, target, None)?;
    let (given, finished) = match &attempt {
        Some(record) => (
            asked::given(&survey.reader, &record.attempt)?,
            record.finished,
        ),
        None => (Vec::new(), None),
    };
    let since = |given: &Given| finished.is_some_and(|finished| given.at >= finished);
    let given = match number {
        Some(number) => given.into_iter().find(|given| given.number == number),
        // What was settled while the agent lived is not what is meant now.
        None => given.into_iter().next_back().filter(since),
    };
    let Some(given) = given else {
        return Ok(match number {
            Some(number) => format!("its agent has no open request {number}"),
            None => {
                "its agent asks nothing, and no gate is open: `docket requests` lists what waits"
                    .to_owned()
            }
        });
    };
    let next = match (since(&given), survey.paused.contains_key(&target.id)) {
        (true, true) => "; the next run goes on with that",
        (true, false) => "; the run goes on with that",
        (false, _) => "",
    };
    Ok(format!(
        "{} was answered already: {} at {}{next}",
        given.number,
        given.words(),
        text::moment(given.at, survey.now)
    ))
}

fn command_of(target: &Target, request: Option<RequestId>, reaction: &Reaction) -> Command {
    Command::Answer {
        ticket: target.id.clone(),
        attempt: None,
        request,
        reaction: reaction.clone(),
    }
}

/// The reaction with the rules that the request comes to.
fn scoped(asked: &Asked, reaction: &Reaction) -> Result<Reaction, CliError> {
    let Reaction::AllowLike { scope, .. } = reaction else {
        return Ok(reaction.clone());
    };
    match like(&asked.request) {
        Ok(rules) => Ok(Reaction::AllowLike {
            scope: *scope,
            rules,
        }),
        Err(why) => Err(CliError::Usage(format!(
            "{} {}: {why}\n  {}",
            asked.name,
            asked.number,
            asked.commands.join("\n  ")
        ))),
    }
}

/// How far it reaches, with the rules as they are written.
fn scope_words(scope: Scope, rules: &[Rule]) -> String {
    let rules: Vec<_> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    let rules = rules.join(", ");
    match scope {
        Scope::Once => String::new(),
        Scope::Ticket => format!("; allowed from now on for this ticket: {rules}"),
        Scope::Always => {
            format!("; always allowed in this repository: {rules} (`docket approvals` lists that)")
        }
    }
}

/// Answers a request: through the runner, or in the ledger where none lives. `None` when a runner came or went meanwhile.
fn settle(place: &Place, asked: &Asked, reaction: &Reaction) -> Result<Option<Outcome>, CliError> {
    let Asked {
        name,
        number,
        request,
        ..
    } = asked;
    let reaction = &scoped(asked, reaction)?;
    // What makes no sense for what is asked is told with the command that does.
    let answer = answer_of(request, reaction.clone()).map_err(|why| {
        let commands = asked.commands.join("\n  ");
        CliError::Usage(format!("{name} {number}: {why}\n  {commands}"))
    })?;
    let command = Command::Answer {
        ticket: asked.ticket.clone(),
        attempt: Some(asked.attempt.clone()),
        request: Some(*number),
        reaction: reaction.clone(),
    };
    let mut outcome = Outcome::of(&command, Some(name));
    outcome.request = Some(*number);
    let what = asked::answer_words(request, &answer).trim_end_matches(',');
    let mut said = format!("{name} {number} {what}: {}", request.title);
    if *reaction == Reaction::AllowAlways && request.choice(ChoiceKind::AllowAlways).is_none() {
        said.push_str(" (this once: the agent offers nothing else)");
    }
    if let Reaction::AllowLike { scope, rules } = reaction {
        said.push_str(&scope_words(*scope, rules));
    }
    if let Some(reply) = ask(place, &command)? {
        return Ok(Some(outcome.take(reply, &said)));
    }
    if asked.live {
        return Ok(None);
    }
    match runner::answer(&place.places, &asked.ticket, *number, reaction.clone()) {
        Ok(_answered) => {
            let note = format!("the next run goes on with it: `docket --once --ticket {name}`");
            Ok(Some(outcome.done(By::Ledger, &said, Some(note))))
        }
        // Somebody was quicker: the next look says who.
        Err(NotAnswered::RunnerLives | NotAnswered::Refused(_)) => Ok(None),
        Err(NotAnswered::Ledger(error)) => Err(error.into()),
        Err(error) => Err(CliError::Failed(error.to_string())),
    }
}

/// Decides at a gate: through the runner, or in the ledger where none lives. `None` when a runner came or went meanwhile.
fn decide(
    place: &Place,
    target: &Target,
    attempt: &AttemptId,
    live: bool,
    reaction: &Reaction,
) -> Result<Option<Outcome>, CliError> {
    let ticket = target.id.clone();
    let name = &target.name;
    let (command, rejection, said) = match reaction {
        Reaction::AllowLike { .. } => {
            return Err(CliError::Usage(format!(
                "{name} waits for a review, which is approved once: leave out `--scope`"
            )));
        }
        Reaction::Allow | Reaction::AllowAlways => {
            let command = Command::Approve {
                ticket,
                attempt: None,
                turn: None,
            };
            (command, None, "approved")
        }
        Reaction::Deny { reason } => {
            let reason = reason.clone().unwrap_or_default();
            (
                Command::Reject {
                    ticket,
                    reason: reason.clone(),
                    attempt: None,
                    turn: None,
                },
                Some(reason),
                "rejected: it goes into the next turn",
            )
        }
        Reaction::Words { .. } => {
            return Err(CliError::Usage(format!(
                "{name} waits for a review: `docket approve {name}` or `docket reject {name} --reason \"…\"`"
            )));
        }
    };
    let outcome = Outcome::of(&command, Some(name));
    let said = format!("{name}: {said}");
    if let Some(reply) = ask(place, &command)? {
        return Ok(Some(outcome.take(reply, &said)));
    }
    if live {
        return Ok(None);
    }
    without::decide(place, target, attempt, rejection, outcome, &said)
}
