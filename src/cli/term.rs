//! `docket term`: the user's shell where a ticket's attempt works, or its agent's own interface. `docket hand-back`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arguments::{Global, HandBackArguments, TermArguments};
use super::decide::{Outcome, ask, named, tries};
use super::error::CliError;
use super::find::{self, Target};
use super::place::Place;
use super::tail::Watch;
use super::without;
use crate::agents::takeover;
use crate::config::Agent;
use crate::domain::attempt::{AttemptOutcome, Workspace};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::domain::taking::Seat;
use crate::exit::Exit;
use crate::output;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::proc::{environment, foreground, sweep};
use crate::store::Reader;
use crate::store::evidence;
use crate::store::lock::RunnerLock;
use crate::store::records::AttemptRecord;
use crate::store::seat::SeatLock;

/// How long an agent is given to end, beyond what the configuration gives it.
const PATIENCE: Duration = Duration::from_secs(30);

/// An interface that fails within this time has shown nobody anything.
const AT_ONCE: Duration = Duration::from_secs(2);

/// What the terminal is told of.
struct Where {
    folder: PathBuf,
    words: String,
}

pub(super) fn run(global: &Global, arguments: &TermArguments) -> Result<Exit, CliError> {
    if global.json {
        return Err(CliError::Usage(
            "a terminal is for people: `docket term` prints no JSON".to_owned(),
        ));
    }
    if arguments.tui {
        return take_over(global, arguments);
    }
    let place = Place::of(global)?;
    let Where { folder, words } = place_of(&place, arguments)?;
    let shell = shell();
    if output::is_interactive() {
        output::say(&format!("docket: {words}: {}", folder.display()));
    }
    let error = foreground::become_program(&shell, &folder);
    Err(CliError::Failed(format!(
        "can't start {}: {error}: set SHELL",
        shell.display()
    )))
}

/// Where the shell starts.
fn place_of(place: &Place, arguments: &TermArguments) -> Result<Where, CliError> {
    let root = &place.places.root;
    let (reader, target) = find::one(place, &arguments.ticket)?;
    let name = &target.name;
    if arguments.repository {
        return Ok(Where {
            folder: root.clone(),
            words: format!("the repository of {name}"),
        });
    }
    let record = record_of(&reader, &target)?;
    let attempt = &record.attempt;
    if arguments.evidence {
        let folder = evidence::folder_of(&place.places.evidence(), record.run, attempt);
        let words = format!("the evidence of {attempt}");
        return there(folder, words, &format!("`docket show {name}` says why"));
    }
    let workspace = workspace_of(&reader, attempt)?.ok_or_else(|| {
        let why = format!("{attempt} has no working tree yet: `--repository` opens the repository");
        CliError::Failed(why)
    })?;
    let words = if workspace.branch.is_some() {
        format!("the worktree of {attempt}")
    } else {
        format!("{attempt} works in the repository itself")
    };
    there(
        workspace.path,
        words,
        "it goes when its work is merged: `--repository` opens the repository",
    )
}

fn there(folder: PathBuf, words: String, advice: &str) -> Result<Where, CliError> {
    if folder.is_dir() {
        return Ok(Where { folder, words });
    }
    let folder = folder.display();
    Err(CliError::Failed(format!(
        "{words} isn't there any more ({folder}): {advice}"
    )))
}

/// The attempt that was named, or the ticket's last one.
fn record_of(reader: &Reader, target: &Target) -> Result<AttemptRecord, CliError> {
    find::last_attempt(reader, target, None)
}

/// Where an attempt works, as the ledger says.
fn workspace_of(reader: &Reader, attempt: &AttemptId) -> Result<Option<Workspace>, CliError> {
    let events = reader.events_of_attempt(attempt)?;
    let mut envelopes = events.iter().rev().filter_map(|stored| stored.envelope());
    Ok(envelopes.find_map(|envelope| match &envelope.event {
        Event::WorkspacePrepared { workspace, .. } => Some(workspace.clone()),
        _ => None,
    }))
}

/// An attempt that was taken over.
struct Taken {
    record: AttemptRecord,
    session: String,
    workspace: Workspace,
}

/// Whether the ticket's attempt is taken over now.
fn taken(place: &Place, target: &Target) -> Result<Option<Taken>, CliError> {
    let reader = Reader::open(&place.places.ledger())?;
    let Some(left) = reader.attempts_of_ticket(&target.id)?.pop() else {
        return Ok(None);
    };
    // It may be an earlier one: later ones whose agents were told nothing change nothing.
    let unfinished = crate::runner::unfinished::of_ticket(&reader, &target.id)?;
    let attempt = unfinished.map_or(left.attempt, |unfinished| unfinished.from);
    let events = reader.events_of_attempt(&attempt)?;
    let mut last = None;
    for envelope in events.iter().filter_map(|stored| stored.envelope()) {
        match &envelope.event {
            Event::SessionTaken { session, .. } => last = Some(session.clone()),
            Event::SessionHandedBack { .. } | Event::AttemptAbandoned { .. } => last = None,
            // Stopped, for example: what was taken over is given up.
            Event::AttemptFinished { outcome, .. }
                if !matches!(
                    outcome,
                    AttemptOutcome::NeedsHuman { .. } | AttemptOutcome::Lost
                ) =>
            {
                last = None;
            }
            _ => {}
        }
    }
    let (Some(session), Some(record)) = (last, reader.attempt(&attempt)?) else {
        return Ok(None);
    };
    let workspace = workspace_of(&reader, &attempt)?;
    Ok(workspace.map(|workspace| Taken {
        record,
        session,
        workspace,
    }))
}

/// Takes the attempt over, runs its agent's own interface here, and hands it back.
fn take_over(global: &Global, arguments: &TermArguments) -> Result<Exit, CliError> {
    let (place, target) = named(global, &arguments.ticket)?;
    if !output::is_interactive() {
        return Err(CliError::Usage(
            "the agent's own interface needs a terminal".to_owned(),
        ));
    }
    place.check_trust()?;
    let name = &target.name;
    let now = match taken(&place, &target)? {
        Some(now) => now,
        None => match wait_until_taken(global, &place, &target)? {
            Ok(now) => now,
            Err(exit) => return Ok(exit),
        },
    };
    let Taken {
        record,
        session,
        workspace,
    } = now;
    let attempt = &record.attempt;
    let agent = agent_of(&place, &record.agent)?;
    let tui = takeover::tui(agent, &place.places.root, &session)
        .map_err(|error| CliError::Failed(error.to_string()))?;
    let docket = place.places.docket();
    let seat = SeatLock::take(&docket, attempt)
        .map_err(|error| CliError::Failed(format!("can't take the seat at {attempt}: {error}")))?;
    let Some(seat) = seat else {
        return Err(CliError::Failed(format!(
            "the interface of {}'s {attempt} runs already, in a terminal or on docket's screen: quit it first",
            record.agent
        )));
    };
    // Should this process be killed, its agent's interface still sits there.
    if let Err(error) = seat.inherit() {
        tracing::warn!(%error, "the seat ends with this process");
    }
    let after = if arguments.keep {
        format!("`docket hand-back {name}` hands it back")
    } else {
        "it is handed back when this ends".to_owned()
    };
    output::say(&format!(
        "docket: {attempt} is taken over; {after}: {}",
        workspace.path.display()
    ));
    // Of this process alone: other repositories have attempts of the same name.
    let marker = format!("taken/{}/{attempt}", std::process::id());
    let environment = surroundings(agent, tui.environment, &marker);
    let clock = SystemClock::new();
    let ended = foreground::program(&tui.argv, &environment, &workspace.path);
    let ran = clock.now().monotonic.0;
    // What it started must not go on in the working tree when that is handed back, however it ended.
    let swept = sweep::sweep(&marker);
    if !swept.left.is_empty() {
        tracing::warn!(left = ?swept.left, "what the interface started can't be ended");
    }
    seat.leave();
    let ended = ended.map_err(|error| {
        let program = tui.argv.first().map(|word| word.display().to_string());
        CliError::Failed(format!(
            "can't start {}: {error}; `docket hand-back {name}` hands the attempt back",
            program.unwrap_or_default()
        ))
    })?;
    // Nobody is there any more who could want it to go on.
    if let Some(signal) = ended.told {
        return Ok(Exit::Signal(signal));
    }
    if arguments.keep {
        return Ok(Exit::Done);
    }
    if !ended.status.success() && ran < AT_ONCE {
        return Err(CliError::Failed(format!(
            "the interface of {} ended at once ({}), so {attempt} stays taken over: `docket term {name} --tui` tries again, `docket hand-back {name}` hands it back",
            record.agent, ended.status
        )));
    }
    return_it(&place, &target, None)?.tell(global)
}

/// The allow-listed environment, with what the agent has in its turns.
fn surroundings(
    agent: &Agent,
    more: Vec<(OsString, OsString)>,
    marker: &str,
) -> Vec<(OsString, OsString)> {
    let mut environment = environment::allowed(std::env::vars_os(), &agent.pass_env);
    environment.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    environment.extend(more);
    // What runs below it is not a human: it answers nothing for itself.
    environment.push((sweep::VARIABLE.into(), marker.into()));
    environment
}

fn agent_of<'a>(place: &'a Place, name: &str) -> Result<&'a Agent, CliError> {
    let agents = &place.loaded.config.agents;
    let agent = name.parse().ok().and_then(|name| agents.get(&name));
    agent.ok_or_else(|| CliError::Failed(format!("agent `{name}` is not configured any more")))
}

/// Asks for it, and waits until its agent has gone. Gives the exit code when it was refused.
fn wait_until_taken(
    global: &Global,
    place: &Place,
    target: &Target,
) -> Result<Result<Taken, Exit>, CliError> {
    let command = Command::TakeSession {
        ticket: target.id.clone(),
        attempt: target.attempt.clone(),
        by: Seat::CommandLine,
    };
    let outcome = Outcome::of(&command, Some(&target.name));
    let outcome = tries(|| match ask(place, &command)? {
        Some(reply) => Ok(Some(outcome.clone().take(reply, "taken over"))),
        None => without::take_over(place, target, outcome.clone()),
    })?;
    if !outcome.is_done() {
        return outcome.tell(global).map(Err);
    }
    let docket = place.places.docket();
    let mut watch = Watch::new();
    watch.add(&docket);
    let clock = SystemClock::new();
    let stop = place.loaded.config.stop;
    let patience = PATIENCE + stop.cancel * 2 + stop.interrupt + stop.terminate;
    loop {
        // Asked first: a runner that has gone has said all that it had to say.
        let lives = RunnerLock::holder(&docket)
            .map_err(|error| CliError::Failed(error.to_string()))?
            .is_some();
        if let Some(now) = taken(place, target)? {
            return Ok(Ok(now));
        }
        let name = &target.name;
        if !lives {
            return Err(CliError::Failed(format!(
                "the docket that ran {name} has ended before it was taken over: `docket show {name}` says how it stands"
            )));
        }
        if clock.now().monotonic.0 > patience {
            return Err(CliError::Failed(format!(
                "{name} was not taken over in time: `docket show {name}` says how it stands, `docket hand-back {name}` hands it back"
            )));
        }
        watch.wait();
    }
}

pub(super) fn hand_back(global: &Global, arguments: &HandBackArguments) -> Result<Exit, CliError> {
    let (place, target) = named(global, &arguments.ticket)?;
    return_it(&place, &target, arguments.words.clone())?.tell(global)
}

/// Hands it back, through the runner or in the ledger where none lives.
fn return_it(place: &Place, target: &Target, words: Option<String>) -> Result<Outcome, CliError> {
    let command = Command::HandBack {
        ticket: target.id.clone(),
        words,
        by: Seat::CommandLine,
    };
    let outcome = Outcome::of(&command, Some(&target.name));
    tries(|| match ask(place, &command)? {
        Some(reply) => {
            let said = format!("{}: handed back", target.name);
            Ok(Some(outcome.clone().take(reply, &said)))
        }
        None => without::hand_back(place, target, &command, outcome.clone()),
    })
}

/// Whether an agent of this name can be taken over in this place.
pub(super) fn has_tui(place: &Place, name: &crate::domain::ticket::AgentName) -> bool {
    let agent = place.loaded.config.agents.get(name);
    agent.is_some_and(Agent::has_tui)
}

/// What the screen starts for an agent's own interface: the words, what is added to the allow-listed environment, and the seat.
pub(super) fn on_the_screen(
    agent: &Agent,
    root: &Path,
    docket: &Path,
    attempt: &AttemptId,
    session: &str,
) -> std::io::Result<(takeover::TuiCommand, SeatLock)> {
    let tui = takeover::tui(agent, root, session).map_err(std::io::Error::other)?;
    let seat = SeatLock::take(docket, attempt)?.ok_or_else(|| {
        std::io::Error::other(
            "its interface runs already, in another terminal: quit it there first",
        )
    })?;
    Ok((tui, seat))
}

/// The user's shell.
pub(super) fn shell() -> std::ffi::OsString {
    let named = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    named.unwrap_or_else(|| "/bin/sh".into())
}
