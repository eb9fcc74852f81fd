//! `docket submit`: one task, as a file, JSON or words, becomes a ticket; what came is kept to the byte.

mod input;
mod wait;

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::input::Input;
use super::arguments::{Global, SubmitArguments};
use super::error::CliError;
use super::place::Place;
use super::{import as importing, text};
use crate::domain::hash::sha256;
use crate::domain::ids::{Sha256, TicketId, TicketName};
use crate::domain::problem::path_as_text;
use crate::domain::ticket::{Finding, ProblemCode, QueueEntry, Severity};
use crate::exit::Exit;
use crate::output;
use crate::tickets::edit::{NewValue, set_value};
use crate::tickets::import::{self, Check, Draft, Identity, LeftOut, Task};
use crate::tickets::load::{self, Scan};
use crate::tickets::numbers::Numbers;
use crate::tickets::{parse, template, write};

/// What was made of it.
#[derive(Serialize)]
pub(super) struct Submission {
    name: TicketName,
    id: TicketId,
    title: String,
    agent: Option<String>,
    #[serde(serialize_with = "path_as_text")]
    path: PathBuf,
    /// What the input was taken for.
    taken_as: Task,
    /// The input itself, relative to the repository.
    #[serde(serialize_with = "path_as_text")]
    submitted: PathBuf,
    sha256: Sha256,
    /// What of the input says nothing to docket.
    left_out: Vec<LeftOut>,
}

pub(super) fn run(global: &Global, arguments: &SubmitArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let input = Input::read(&place, arguments)?;
    if arguments.wait {
        // Before anything is written: what can't run can't be waited for.
        std::fs::create_dir_all(&place.places.tickets)
            .map_err(|source| CliError::folder(&place.places.tickets, source))?;
        place.check_runnable()?;
    }
    let submission = submit(&place, global, arguments, &input)?;
    for left_out in &submission.left_out {
        let words = format!("not taken: {}: {}", left_out.what, left_out.why);
        output::say(&text::line(&words));
    }
    if !global.json {
        output::line(submission.name.as_str())?;
    }
    if arguments.wait {
        return wait::run(global, place, &submission);
    }
    if global.json {
        output::document(&submission)?;
    } else {
        let path = place.from_here(&submission.path);
        output::say(&text::line(&format!(
            "{}: {}, taken as {}",
            path.display(),
            submission.title,
            input.task.describe()
        )));
    }
    Ok(Exit::Done)
}

/// Writes the ticket and keeps the input. Nothing is written when the ticket could not run.
fn submit(
    place: &Place,
    global: &Global,
    arguments: &SubmitArguments,
    input: &Input,
) -> Result<Submission, CliError> {
    let folder = &place.places.tickets;
    let root = &place.places.root;
    let numbers = Numbers::hold(folder)?;
    let scan = load::scan(root, folder);
    let sha256 = sha256(&input.bytes);
    let mut made = ticket(place, global, arguments, input, &scan, sha256)?;
    let digits = numbers.next(1)?.first();
    let path = folder.join(template::file_name(&digits, &made.title));
    let files = vec![(path.clone(), std::mem::take(&mut made.bytes))];
    let findings = importing::lint_new(place, &scan, &files);
    refuse(input, &findings)?;
    let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
    let entry = parse(&shown, &files[0].1);
    // First, so that no runner ever finds the ticket without it.
    let kept = keep(place, &entry.id, input)?;
    write::create_all(&files)?;
    Ok(Submission {
        agent: entry.ticket.as_ref().map(|ticket| ticket.agent.to_string()),
        name: entry.name,
        id: entry.id,
        title: entry.title,
        path: shown,
        taken_as: input.task,
        submitted: kept.strip_prefix(root).unwrap_or(&kept).to_owned(),
        sha256,
        left_out: made.left_out,
    })
}

/// A ticket that can't run is refused, with all that is wrong with it.
fn refuse(input: &Input, findings: &[Finding]) -> Result<(), CliError> {
    let is_error = |finding: &&Finding| finding.problem.severity == Severity::Error;
    let errors: Vec<_> = findings
        .iter()
        .filter(is_error)
        .map(|finding| format!("{}:{}", input.shown, finding.problem))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "{}\nnothing was submitted",
        errors.join("\n")
    )))
}

struct Made {
    bytes: Vec<u8>,
    title: String,
    left_out: Vec<LeftOut>,
}

fn ticket(
    place: &Place,
    global: &Global,
    arguments: &SubmitArguments,
    input: &Input,
    scan: &Scan,
    sha256: Sha256,
) -> Result<Made, CliError> {
    let note = format!("{} sha256:{sha256}", input.name);
    let seed = place.places.tickets.join(&input.name);
    if input.task == Task::Ticket {
        return from_ticket(place, global, arguments, input, scan, &seed, note);
    }
    let agents = |name: &str| {
        name.parse()
            .is_ok_and(|name| place.loaded.config.agents.contains_key(&name))
    };
    let (mut draft, left_out) = match input.task {
        Task::TaskSpec => {
            let converted = import::convert(import::Source::Codencer, input.text(), &agents)
                .map_err(|error| CliError::Usage(format!("{}:{error}", input.shown)))?;
            let mut drafts = converted.drafts.into_iter();
            match (drafts.next(), drafts.next()) {
                (Some(draft), None) => (draft, converted.left_out),
                _ => {
                    return Err(CliError::Usage(format!(
                        "{} holds several tasks: `docket import` takes them all",
                        input.shown
                    )));
                }
            }
        }
        Task::Text | Task::Ticket => (import::draft_of_words(input.text()), Vec::new()),
    };
    if let Some(title) = &arguments.title {
        title.trim().clone_into(&mut draft.title);
    }
    if let Some(agent) = &global.agent {
        draft.agent = Some(agent.to_string());
    }
    draft.priority = arguments.priority.or(draft.priority);
    let extra = extra(arguments);
    if let Some(checks) = extra.validate {
        draft.validate.get_or_insert_default().extend(checks);
    }
    draft.acceptance.extend(extra.acceptance);
    importing::check_agent(place, [&draft])?;
    let id = new_id(&seed)?;
    let text = draft.render(&Identity {
        id: &id,
        agent: place.loaded.config.agent.as_str(),
        depends_on: &arguments.depends_on,
        notes: &[("submitted", note)],
    });
    Ok(Made {
        bytes: text.into_bytes(),
        title: draft.title,
        left_out,
    })
}

/// What the flags add to whatever comes.
fn extra(arguments: &SubmitArguments) -> Draft {
    let check = |run: &String| Check {
        name: None,
        run: run.clone(),
    };
    let checks: Vec<_> = arguments.validate.iter().map(check).collect();
    Draft {
        validate: Some(checks).filter(|checks| !checks.is_empty()),
        acceptance: arguments.acceptance.clone(),
        ..Draft::default()
    }
}

/// A ticket stays as it is, but for what it lacks and what the flags say.
fn from_ticket(
    place: &Place,
    global: &Global,
    arguments: &SubmitArguments,
    input: &Input,
    scan: &Scan,
    seed: &Path,
    note: String,
) -> Result<Made, CliError> {
    let entry = parse(Path::new("TICKET-000.md"), &input.bytes);
    let has = |code| entry.problems.iter().any(|problem| problem.code == code);
    if entry.is_done() {
        return Err(CliError::Usage(format!(
            "{} says `done: true`: there is nothing to do",
            input.shown
        )));
    }
    let added = import::add_to_ticket(input.text(), &extra(arguments), &arguments.depends_on);
    let text = added.map_err(|key| {
        CliError::Usage(format!(
            "{} says `{key}` itself: leave out the flag",
            input.shown
        ))
    })?;
    let mut bytes = text.into_bytes();
    let mut set = |key: &str, value: NewValue| {
        let changed = set_value(&bytes, key, &value);
        bytes = changed.map_err(|error| CliError::Usage(format!("{}: {error}", input.shown)))?;
        Ok::<(), CliError>(())
    };
    let is_taken = scan.entries.iter().any(|there| there.id == entry.id);
    if has(ProblemCode::MissingId) || is_taken {
        set("ticket_id", NewValue::Text(new_id(seed)?.to_string()))?;
    }
    let default = has(ProblemCode::MissingAgent).then_some(&place.loaded.config.agent);
    if let Some(agent) = global.agent.as_ref().or(default) {
        set("agent", NewValue::Text(agent.to_string()))?;
    }
    if has(ProblemCode::MissingDone) {
        set("done", NewValue::Bool(false))?;
    }
    if let Some(title) = &arguments.title {
        set("title", NewValue::Text(title.trim().to_owned()))?;
    }
    if let Some(priority) = arguments.priority {
        set("priority", NewValue::Text(priority.to_string()))?;
    }
    set("submitted", NewValue::Text(note))?;
    let title = parse(Path::new("TICKET-000.md"), &bytes).title;
    Ok(Made {
        bytes,
        title,
        left_out: Vec::new(),
    })
}

fn new_id(seed: &Path) -> Result<TicketId, CliError> {
    template::new_id(seed)
        .parse()
        .map_err(|_error| CliError::Failed("can't make an id for the ticket".to_owned()))
}

/// Keeps what came, for its owner only.
fn keep(place: &Place, id: &TicketId, input: &Input) -> Result<PathBuf, CliError> {
    if let Some(git) = &place.git {
        git.exclude("/.docket/")?;
    }
    let folder = place.places.submitted(id);
    let path = folder.join(&input.name);
    let write = || {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(&input.bytes)?;
        file.sync_all()
    };
    write()
        .map_err(|error| CliError::Failed(format!("can't write {}: {error}", path.display())))?;
    Ok(path)
}

/// The ticket's entry in the queue, if its file is still there.
fn entry_of<'q>(
    entries: &'q [std::sync::Arc<QueueEntry>],
    id: &TicketId,
) -> Option<&'q QueueEntry> {
    entries
        .iter()
        .find(|entry| entry.id == *id)
        .map(AsRef::as_ref)
}
