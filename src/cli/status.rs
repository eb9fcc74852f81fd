//! `docket status`: what runs, what waits for a human, and what docket keeps here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::Global;
use super::error::CliError;
use super::limits::{self, LimitRow};
use super::lint::counted;
use super::output::{self, Paint, Role};
use super::place::Place;
use super::survey::Survey;
use super::{table, text, words};
use crate::domain::board::{PhaseView, TicketView};
use crate::domain::event::RunOutcome;
use crate::domain::ids::{AttemptId, RunId, TicketName};
use crate::domain::reason::{Mark, Reason};
use crate::domain::request::RequestId;
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::store::lock::Holder;

#[derive(Serialize)]
struct Document {
    root: String,
    /// The process that runs tickets here, or keeps a screen open; `None` when there is none.
    runner: Option<RunnerRow>,
    /// The run that goes on, or the last one.
    run: Option<RunRow>,
    /// What was used, and how much of it is allowed, where something limits it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<LimitRow>,
    tickets: usize,
    counts: BTreeMap<&'static str, usize>,
    running: Vec<Row>,
    waiting: Vec<Row>,
    worktrees: Vec<WorktreeRow>,
    disk: Disk,
}

#[derive(Serialize)]
struct RunnerRow {
    #[serde(flatten)]
    holder: Option<Holder>,
}

#[derive(Serialize)]
struct RunRow {
    id: RunId,
    branch: Option<String>,
    started: Timestamp,
    finished: Option<Timestamp>,
    jobs: u32,
    #[serde(flatten)]
    phase: PhaseView,
}

/// A ticket that runs or waits.
#[derive(Serialize)]
struct Row {
    name: TicketName,
    title: String,
    mark: Mark,
    reason: String,
    attempt: Option<AttemptId>,
    turn: Option<u32>,
    agent: Option<String>,
    since: Option<Timestamp>,
    worktree: Option<PathBuf>,
    /// What its agent asks and nobody has answered, by number.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    requests: BTreeMap<RequestId, String>,
}

/// A worktree that nobody works in anymore.
#[derive(Serialize)]
struct WorktreeRow {
    path: String,
    branch: Option<String>,
}

/// What docket's folder takes, in bytes.
#[derive(Default, Serialize)]
struct Disk {
    ledger: u64,
    evidence: u64,
    worktrees: u64,
    other: u64,
}

pub(super) fn run(global: &Global) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let survey = Survey::take(&place)?;
    let document = document(&place, &survey)?;
    if global.json {
        output::document(&document)?;
    } else {
        output::bytes(page(&place, &survey, &document).as_bytes())?;
    }
    Ok(Exit::Done)
}

fn document(place: &Place, survey: &Survey) -> Result<Document, CliError> {
    let mut counts = BTreeMap::new();
    let (mut running, mut waiting) = (Vec::new(), Vec::new());
    for (index, entry) in survey.queue.entries().iter().enumerate() {
        let reason = survey.reason(index);
        *counts.entry(words::word(reason.mark)).or_default() += 1;
        let view = survey.board.tickets.get(&entry.id);
        match reason.mark {
            Mark::Running | Mark::Checking => running.push(row(entry, view, reason)),
            Mark::Waiting => waiting.push(row(entry, view, reason)),
            _ => {}
        }
    }
    let run = survey.board.run.as_ref().map(|run| RunRow {
        id: run.id,
        branch: run.branch.clone(),
        started: run.started,
        finished: survey.run.as_ref().and_then(|run| run.finished),
        jobs: run.jobs,
        phase: run.phase,
    });
    Ok(Document {
        root: place.places.root.to_string_lossy().into_owned(),
        runner: survey.holder.as_ref().map(|held| RunnerRow {
            holder: held.by.clone(),
        }),
        run,
        limits: limits::beyond_attempts(place, survey)?,
        tickets: survey.queue.entries().len(),
        worktrees: worktrees(place, &running, &waiting),
        counts,
        running,
        waiting,
        disk: disk(place),
    })
}

fn row(entry: &QueueEntry, view: Option<&TicketView>, reason: Reason) -> Row {
    let agent = entry
        .ticket
        .as_ref()
        .map(|ticket| ticket.agent.as_str().to_owned());
    let in_attempt = view.filter(|view| view.attempt.is_some());
    Row {
        name: entry.name.clone(),
        title: entry.title.clone(),
        mark: reason.mark,
        reason: reason.text,
        attempt: in_attempt.and_then(|view| view.attempt.clone()),
        turn: in_attempt.map(|view| view.turn).filter(|turn| *turn > 0),
        agent: in_attempt
            .map(|view| view.agent.clone())
            .filter(|agent| !agent.is_empty())
            .or(agent),
        since: reason
            .since
            .or(view.map(|view| view.since))
            .filter(|since| *since > Timestamp::default()),
        worktree: in_attempt
            .and_then(|view| view.workspace.as_ref())
            .map(|workspace| workspace.path.clone()),
        requests: view.map(titles).unwrap_or_default(),
    }
}

fn titles(view: &TicketView) -> BTreeMap<RequestId, String> {
    let requests = view.requests.iter();
    requests
        .map(|(id, request)| (*id, request.title.clone()))
        .collect()
}

/// The worktrees below docket's folder in which no attempt works now. What can't be listed is not worth failing for.
fn worktrees(place: &Place, running: &[Row], waiting: &[Row]) -> Vec<WorktreeRow> {
    let Some(git) = &place.git else {
        return Vec::new();
    };
    let entries = git.worktrees().unwrap_or_default();
    let is_used = |path: &Path| {
        let rows = running.iter().chain(waiting);
        rows.filter(|row| row.mark != Mark::Waiting || row.turn.is_some())
            .any(|row| row.worktree.as_deref() == Some(path))
    };
    let folder = place.places.worktrees();
    entries
        .into_iter()
        .filter(|entry| entry.path.starts_with(&folder) && entry.path.is_dir())
        .filter(|entry| !is_used(&entry.path))
        .map(|entry| WorktreeRow {
            path: place.shown(&entry.path),
            branch: entry.branch.map(|branch| branch.to_string()),
        })
        .collect()
}

fn disk(place: &Place) -> Disk {
    let mut disk = Disk::default();
    let Ok(entries) = fs::read_dir(place.places.docket()) else {
        return disk;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let size = size_of(&entry.path());
        let name = name.to_string_lossy();
        let part = match &*name {
            "evidence" => &mut disk.evidence,
            "worktrees" => &mut disk.worktrees,
            _ if name.starts_with("ledger.db") => &mut disk.ledger,
            _ => &mut disk.other,
        };
        *part += size;
    }
    disk
}

/// The bytes of the files below a path; links are not followed.
fn size_of(path: &Path) -> u64 {
    let mut size = 0;
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            paths.extend(entries.map(|entry| entry.path()));
        } else {
            size += metadata.len();
        }
    }
    size
}

fn page(place: &Place, survey: &Survey, document: &Document) -> String {
    let paint = Paint::for_result();
    let mut page = String::new();
    let mut line = |text: &str| {
        page.push_str(text.trim_end());
        page.push('\n');
    };
    line(&run_words(survey, document, paint));
    if let Some(branch) = document.run.as_ref().and_then(|run| run.branch.as_ref()) {
        line(&format!("branch {branch}"));
    }
    for row in &document.limits {
        line(&format!("{}: {}", row.limit, row.words));
    }
    line(&count_words(place, document));
    let section = |title: &str, rows: &[Row]| {
        let cells: Vec<_> = rows.iter().map(|row| cells(row, survey.now)).collect();
        format!(
            "\n{}\n{}",
            paint.text(Role::Strong, title),
            table::render(&cells, &[2, 5])
        )
    };
    if !document.running.is_empty() {
        line(&section("running", &document.running));
    }
    if !document.waiting.is_empty() {
        line(section("waits for you", &document.waiting).trim_end());
        let asks = document
            .waiting
            .iter()
            .filter(|row| !row.requests.is_empty());
        if asks.count() > 0 {
            line("`docket requests` says how to answer");
        }
    }
    if !document.worktrees.is_empty() {
        line(&format!("\n{}", paint.text(Role::Strong, "worktrees kept")));
        for worktree in &document.worktrees {
            let branch = worktree
                .branch
                .as_ref()
                .map(|branch| format!(" on {branch}"));
            let branch = branch.unwrap_or_default();
            line(&text::line(&format!("{}{branch}", worktree.path)));
        }
    }
    let Disk {
        ledger,
        evidence,
        worktrees,
        other,
    } = document.disk;
    let total = ledger + evidence + worktrees + other;
    if total > 0 {
        line(&format!(
            "\n.docket takes {}: ledger {}, evidence {}, worktrees {}, other {}",
            text::bytes(total),
            text::bytes(ledger),
            text::bytes(evidence),
            text::bytes(worktrees),
            text::bytes(other)
        ));
    }
    page
}

fn run_words(survey: &Survey, document: &Document, paint: Paint) -> String {
    let runner = match &document.runner {
        Some(RunnerRow { holder: Some(by) }) => format!(" (pid {})", by.process.pid),
        Some(RunnerRow { holder: None }) => " (just starting)".to_owned(),
        None => String::new(),
    };
    let Some(run) = &document.run else {
        return match document.runner {
            Some(_) => format!("a docket is open{runner}, and no run has begun"),
            None => "nothing has run here yet".to_owned(),
        };
    };
    let began = text::moment(run.started, survey.now);
    let id = paint.text(Role::Strong, &run.id.to_string());
    match run.phase {
        PhaseView::Running => format!("{id} runs since {began}{runner}"),
        PhaseView::Paused => format!("{id} is paused, began {began}{runner}"),
        PhaseView::Ending { reason } => {
            format!(
                "{id} is being stopped ({}), began {began}{runner}",
                reason.as_str()
            )
        }
        PhaseView::Finished { outcome } => {
            let ended = run.finished.map(|at| text::moment(at, survey.now));
            let ended = ended.map(|at| format!(" {at}")).unwrap_or_default();
            let open = if document.runner.is_some() {
                format!("; a docket is open{runner}")
            } else {
                String::new()
            };
            format!("{id} ended{ended}: {}{open}", outcome_words(outcome))
        }
    }
}

/// How a run ended, in words.
fn outcome_words(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "done",
        RunOutcome::NothingReady => "nothing was ready to run",
        RunOutcome::NeedsHuman => "a human is needed",
        RunOutcome::Failed => "a ticket failed",
        RunOutcome::Limit => "a limit was hit",
        RunOutcome::Cancelled { reason } => reason.as_str(),
        RunOutcome::Lost => "docket died; the next start recovers what it left",
        RunOutcome::Broken => "docket could not go on",
    }
}

fn count_words(place: &Place, document: &Document) -> String {
    if document.tickets == 0 {
        let folder = place.shown(&place.places.tickets);
        return if place.places.tickets.is_dir() {
            format!("no tickets in {folder}: `docket new \"title\"` writes one")
        } else {
            format!("there is no folder {folder}: `docket init` makes it")
        };
    }
    let order = [
        Mark::Done,
        Mark::Running,
        Mark::Checking,
        Mark::Waiting,
        Mark::Ready,
        Mark::Blocked,
        Mark::Failed,
        Mark::Stopped,
        Mark::Broken,
    ];
    let counts: Vec<_> = order
        .into_iter()
        .filter_map(|mark| {
            let count = document.counts.get(words::word(mark))?;
            Some(format!("{count} {}", words::word(mark)))
        })
        .collect();
    format!(
        "{}: {}",
        counted(document.tickets, "ticket"),
        counts.join(", ")
    )
}

fn cells(row: &Row, now: Timestamp) -> Vec<table::Cell> {
    let (_sign, role) = words::sign(row.mark);
    let name = row
        .attempt
        .as_ref()
        .map_or_else(|| row.name.to_string(), ToString::to_string);
    let since = row.since.map(|since| text::moment(since, now));
    vec![
        words::sign_cell(row.mark),
        table::cell(Role::Strong, &name),
        table::cell(Role::Plain, &row.title),
        table::cell(Role::Faint, row.agent.as_deref().unwrap_or_default()),
        table::cell(Role::Faint, since.as_deref().unwrap_or_default()),
        table::cell(role, &row.reason),
    ]
}
