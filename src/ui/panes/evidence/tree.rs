//! The lines of the tree: run › attempt › how it ended, its files, what its validations said, its seal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ratatui::text::{Line, Span};

use crate::domain::attempt::{AttemptOutcome, Validation, Verdict};
use crate::domain::board::{TicketState, TicketView};
use crate::domain::ids::{AttemptId, TicketName};
use crate::domain::reason::{Mark, count};
use crate::store::verify::AttemptState;
use crate::ui::effect::{AttemptFiles, Checked, FileEntry, RunFiles};
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

/// What the board knows of the ticket's last attempt before the ledger is read.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Which attempt.
    attempt: Option<AttemptId>,
    /// How it ended, if it did.
    outcome: Option<AttemptOutcome>,
    /// What its validations said.
    validations: Vec<Validation>,
}

impl Live {
    pub(super) fn new(view: &TicketView) -> Self {
        Self {
            attempt: view.attempt.clone(),
            outcome: outcome_of(view).cloned(),
            validations: view.validations.clone(),
        }
    }

    /// Whether the board says something else by now.
    pub(super) fn differs(&self, view: Option<&TicketView>) -> bool {
        let Some(view) = view else {
            return self.attempt.is_some();
        };
        self.attempt != view.attempt
            || self.outcome.as_ref() != outcome_of(view)
            || self.validations != view.validations
    }
}

fn outcome_of(view: &TicketView) -> Option<&AttemptOutcome> {
    match &view.state {
        TicketState::Finished { outcome } => Some(outcome),
        _ => None,
    }
}

/// What is known of a seal beyond the ledger.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Attempts that are being verified.
    pub(super) running: BTreeSet<AttemptId>,
    /// What was found.
    pub(super) done: BTreeMap<AttemptId, Result<Checked, String>>,
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) depth: u16,
    pub(super) label: String,
    pub(super) kind: Kind,
    /// Whose it is; none for a run.
    pub(super) attempt: Option<AttemptId>,
}

/// What a line stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A run or an attempt.
    Branch { is_open: bool },
    /// A file.
    File { path: PathBuf, bytes: u64 },
    /// How the attempt ended.
    Outcome { role: Role, symbol: &'static str },
    /// What a validation said, and where its output is.
    Check {
        verdict: Verdict,
        result: String,
        output: Option<(PathBuf, u64)>,
    },
    /// Whether the evidence is as it was left.
    Seal { role: Role, symbol: &'static str },
}

impl Row {
    /// The file that it shows.
    pub(super) fn file(&self) -> Option<(&PathBuf, u64)> {
        match &self.kind {
            Kind::File { path, bytes } => Some((path, *bytes)),
            Kind::Check { output, .. } => output.as_ref().map(|(path, bytes)| (path, *bytes)),
            _ => None,
        }
    }
}

/// The key of the line above the recordings that belong to no attempt; no run is called so.
const RECORDINGS: &str = "(recordings)";

/// All that the tree is made of.
pub(super) struct Tree<'a> {
    pub(super) ticket: Option<&'a TicketName>,
    pub(super) runs: &'a [RunFiles],
    /// Recordings that belong to no attempt.
    pub(super) recordings: &'a [FileEntry],
    /// What the user closed or opened, against what is closed or open by itself.
    pub(super) toggled: &'a BTreeSet<String>,
    pub(super) live: &'a Live,
    pub(super) checks: &'a Checks,
    pub(super) ascii: bool,
}

impl Tree<'_> {
    /// Its lines: the last attempt is open by itself.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let last_run = self.runs.len().saturating_sub(1);
        for (run_index, run) in self.runs.iter().enumerate() {
            let is_last_run = run_index == last_run;
            let is_open = is_last_run != self.toggled.contains(&run.run);
            rows.push(Row {
                key: run.run.clone(),
                depth: 0,
                label: run.run.clone(),
                kind: Kind::Branch { is_open },
                attempt: None,
            });
            if !is_open {
                continue;
            }
            let last_attempt = run.attempts.len().saturating_sub(1);
            for (index, files) in run.attempts.iter().enumerate() {
                let Some(ticket) = self.ticket else { continue };
                let attempt = AttemptId {
                    ticket: ticket.clone(),
                    number: files.number,
                };
                let key = format!("{}/{}", run.run, files.number);
                let opens = is_last_run && index == last_attempt;
                let is_open = opens != self.toggled.contains(&key);
                rows.push(Row {
                    label: attempt.to_string(),
                    depth: 1,
                    kind: Kind::Branch { is_open },
                    key: key.clone(),
                    attempt: Some(attempt.clone()),
                });
                if is_open {
                    self.inside(&key, &attempt, files, &mut rows);
                }
            }
        }
        self.recorded(&mut rows);
        rows
    }

    /// The recordings that belong to no attempt, at the end; closed by itself.
    fn recorded(&self, rows: &mut Vec<Row>) {
        if self.recordings.is_empty() {
            return;
        }
        let is_open = self.toggled.contains(RECORDINGS);
        rows.push(Row {
            key: RECORDINGS.to_owned(),
            depth: 0,
            label: format!("recordings ({})", self.recordings.len()),
            kind: Kind::Branch { is_open },
            attempt: None,
        });
        let files = self.recordings.iter().filter(|_| is_open);
        rows.extend(files.map(|file| Row {
            key: format!("{RECORDINGS}/{}", file.path.display()),
            depth: 1,
            label: file.name.clone(),
            kind: Kind::File {
                path: file.path.clone(),
                bytes: file.bytes,
            },
            attempt: None,
        }));
    }

    fn inside(&self, key: &str, attempt: &AttemptId, files: &AttemptFiles, rows: &mut Vec<Row>) {
        let row = |name: &str, label: String, kind: Kind| Row {
            key: format!("{key}/{name}"),
            depth: 2,
            label,
            kind,
            attempt: Some(attempt.clone()),
        };
        let (outcome, validations) = self.told(attempt, files);
        let (label, role, symbol) = self.outcome(outcome);
        rows.push(row("(outcome)", label, Kind::Outcome { role, symbol }));
        let output_of = |validation: &Validation| -> Option<&FileEntry> {
            let output = validation.output.as_ref()?;
            files.files.iter().find(|file| file.name == output.path)
        };
        for file in &files.files {
            let is_output = validations.iter().any(|validation| {
                let output = output_of(validation);
                output.is_some_and(|output| output.name == file.name)
            });
            if !is_output {
                let (path, bytes) = (file.path.clone(), file.bytes);
                let kind = Kind::File { path, bytes };
                rows.push(row(&file.name, file.name.clone(), kind));
            }
        }
        for validation in validations {
            let output = output_of(validation).map(|file| (file.path.clone(), file.bytes));
            let kind = Kind::Check {
                verdict: validation.verdict,
                result: result(validation),
                output,
            };
            let name = format!("(check)/{}", validation.name);
            rows.push(row(&name, validation.name.clone(), kind));
        }
        let (label, role, symbol) = self.seal(attempt, files);
        rows.push(row("(seal)", label, Kind::Seal { role, symbol }));
    }

    /// How an attempt ended, and what its validations said.
    pub(super) fn told<'b>(
        &'b self,
        attempt: &AttemptId,
        files: &'b AttemptFiles,
    ) -> (Option<&'b AttemptOutcome>, &'b [Validation]) {
        match &files.facts {
            Some(facts) => (
                facts.attempted.record.outcome.as_ref(),
                &facts.attempted.validations,
            ),
            None if self.live.attempt.as_ref() == Some(attempt) => {
                (self.live.outcome.as_ref(), &self.live.validations)
            }
            None => (None, &[]),
        }
    }

    fn outcome(&self, outcome: Option<&AttemptOutcome>) -> (String, Role, &'static str) {
        let mark = Mark::of_outcome(outcome);
        let words = outcome.map_or_else(|| "has not ended".to_owned(), ToString::to_string);
        let (symbol, role) = glyph::mark(mark, self.ascii);
        (words, role, symbol)
    }

    fn seal(&self, attempt: &AttemptId, files: &AttemptFiles) -> (String, Role, &'static str) {
        let key = glyph::seal(self.ascii);
        let bad = glyph::verdict(Verdict::Fail, self.ascii).0;
        if self.checks.running.contains(attempt) {
            return ("verifying".to_owned(), Role::StateValidating, key);
        }
        match self.checks.done.get(attempt) {
            Some(Ok(checked)) => match checked.state {
                AttemptState::Verified => {
                    return ("verified".to_owned(), Role::ProofProven, key);
                }
                AttemptState::Tampered => {
                    return ("TAMPERED".to_owned(), Role::ProofTampered, bad);
                }
                AttemptState::Dropped | AttemptState::Open => {}
            },
            Some(Err(_)) => return ("can't be verified".to_owned(), Role::Error, "!"),
            None => {}
        }
        let facts = files.facts.as_ref();
        let has_manifest = || files.files.iter().any(|file| file.name == "manifest.json");
        if facts.is_some_and(|facts| facts.is_dropped) {
            ("dropped by gc".to_owned(), Role::Dim, " ")
        } else if facts.map_or_else(has_manifest, |facts| facts.attempted.record.seal.is_some()) {
            ("sealed, not verified".to_owned(), Role::Text, key)
        } else {
            ("not sealed".to_owned(), Role::Dim, " ")
        }
    }

    /// What is told below the tree of a line that is no file.
    pub(super) fn words(&self, row: &Row) -> Option<Vec<(String, Role)>> {
        let attempt = row.attempt.as_ref()?;
        let runs = self.runs.iter();
        let files = runs
            .filter(|run| row.key.starts_with(&format!("{}/", run.run)))
            .flat_map(|run| &run.attempts)
            .find(|files| files.number == attempt.number)?;
        match &row.kind {
            Kind::Outcome { role, .. } => Some(about_outcome(row, *role, files)),
            Kind::Seal { role, .. } => Some(self.about_seal(row, *role, attempt, files)),
            Kind::Check { output: None, .. } => {
                Some(vec![("its output is not there".to_owned(), Role::Dim)])
            }
            _ => None,
        }
    }

    fn about_seal(
        &self,
        row: &Row,
        role: Role,
        attempt: &AttemptId,
        files: &AttemptFiles,
    ) -> Vec<(String, Role)> {
        let mut words = vec![(row.label.clone(), role)];
        let record = files.facts.as_ref().map(|facts| &facts.attempted.record);
        if let Some(seal) = record.and_then(|record| record.seal) {
            let size = text::bytes(seal.bytes);
            words.push((format!("{} files, {size}", seal.files), Role::Text));
            words.push((format!("manifest {}", seal.manifest), Role::Dim));
        }
        match self.checks.done.get(attempt) {
            Some(Ok(checked)) => {
                let problems = checked.problems.iter();
                words.extend(problems.map(|problem| (problem.clone(), Role::Error)));
                if checked.state == AttemptState::Verified {
                    let proof = "every file is as it was sealed, and the ledger is whole";
                    words.push((proof.to_owned(), Role::Text));
                }
            }
            Some(Err(why)) => words.push((why.clone(), Role::Error)),
            None if !self.checks.running.contains(attempt) => {
                let command = format!("`docket evidence verify {attempt}` checks it too");
                words.push((command, Role::Dim));
            }
            None => {}
        }
        words
    }
}

fn about_outcome(row: &Row, role: Role, files: &AttemptFiles) -> Vec<(String, Role)> {
    let mut words = vec![(row.label.clone(), role)];
    let Some(facts) = &files.facts else {
        return words;
    };
    let record = &facts.attempted.record;
    let mut say = |words_of_it: String| words.push((words_of_it, Role::Text));
    say(format!("agent {}, turns {}", record.agent, record.turns));
    if let Some(end) = record.finished {
        let millis = end.since(record.started).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        say(format!("took {}", text::millis(millis)));
    }
    if record.usage.tokens() > 0 {
        say(format!("{} tokens", count(record.usage.tokens())));
    }
    if let Some(cost) = record.usage.cost_usd {
        say(format!("${cost:.2}"));
    }
    if let Some(commit) = &record.commit {
        say(format!("commit {commit}"));
    }
    words
}

/// `exit 1  4.0s`.
fn result(validation: &Validation) -> String {
    let took = text::millis(validation.millis);
    match (validation.verdict, validation.exit) {
        (Verdict::Pass, _) => took,
        (Verdict::Fail, Some(exit)) => format!("exit {exit}  {took}"),
        (Verdict::Fail, None) => format!("failed  {took}"),
        (Verdict::TimedOut, _) => format!("timed out  {took}"),
        (Verdict::Inconclusive, _) => format!("unclear  {took}"),
    }
}

/// Draws one line of the tree. `is_marked`: the attempt is to be compared with another.
pub(super) fn line(row: &Row, columns: usize, is_marked: bool, look: &Look) -> Line<'static> {
    let theme = &look.theme;
    let indent = " ".repeat(usize::from(row.depth) * 2);
    let (symbol, role) = match &row.kind {
        Kind::Branch { is_open } => (glyph::fold(*is_open, look.ascii), Role::Dim),
        Kind::File { .. } => (" ", Role::Dim),
        Kind::Check { verdict, .. } => glyph::verdict(*verdict, look.ascii),
        Kind::Outcome { role, symbol } | Kind::Seal { role, symbol } => (*symbol, *role),
    };
    let (right, right_role) = match &row.kind {
        Kind::Branch { .. } if is_marked => ("compare".to_owned(), Role::Badge),
        Kind::File { bytes, .. } => (text::bytes(*bytes), Role::Dim),
        Kind::Check { result, .. } => (result.clone(), Role::Dim),
        _ => (String::new(), Role::Dim),
    };
    let label_role = match &row.kind {
        Kind::Outcome { role, .. } | Kind::Seal { role, .. } => *role,
        _ => Role::Text,
    };
    let used = indent.len() + 2;
    // On a narrow pane the name matters more than the figures.
    let right = text::fit(&right, columns.saturating_sub(used + 8), look.ascii).into_owned();
    let room = columns.saturating_sub(used + text::width(&right) + 1);
    let label = row.label.strip_prefix("validations/").unwrap_or(&row.label);
    let label = text::fit(label, room, look.ascii).into_owned();
    let gap = columns.saturating_sub(used + text::width(&label) + text::width(&right));
    Line::from(vec![
        Span::raw(indent),
        Span::styled(format!("{symbol} "), theme.style(role)),
        Span::styled(label, theme.style(label_role)),
        Span::raw(" ".repeat(gap)),
        Span::styled(right, theme.style(right_role)),
    ])
}
