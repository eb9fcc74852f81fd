//! What comes in, held against the queue that is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Row;
use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::config::Origin;
use crate::domain::hash::sha256;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::ticket::{AgentName, Dependency, Finding, QueueEntry};
use crate::tickets::edit::{NewValue, set_value};
use crate::tickets::import::{Draft, Identity, LeftOut, Source};
use crate::tickets::load::{self, Scan};
use crate::tickets::numbers::Range;
use crate::tickets::template::file_name;
use crate::tickets::{lint, parse};

/// Something that becomes a ticket.
pub(super) struct Incoming {
    /// Where it comes from, for people.
    pub(super) source: String,
    /// The same piece of work has the same id next time.
    pub(super) id: TicketId,
    /// What it is.
    pub(super) content: Content,
}

/// What comes in.
pub(super) enum Content {
    /// Put into docket's words, to be rendered.
    Draft(Box<Draft>),
    /// A ticket that stays as it is, to the byte, but for an id if it has none.
    File {
        /// Its file's name.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

/// A note for all agents.
#[derive(Debug, Clone)]
pub(super) struct Note {
    /// Its file's name.
    pub(super) name: String,
    /// What is in it.
    pub(super) content: Vec<u8>,
}

/// All that a source has.
pub(super) struct Batch {
    /// What it was taken for.
    pub(super) source: Source,
    /// What becomes tickets, in order.
    pub(super) incoming: Vec<Incoming>,
    /// What becomes notes.
    pub(super) notes: Vec<Note>,
    /// What becomes nothing.
    pub(super) left_out: Vec<LeftOut>,
    /// Who gets the tickets of agents that aren't configured here.
    pub(super) agent_of_unknown: Option<AgentName>,
}

/// What is to be written.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
    pub(super) tickets: Vec<Row>,
    pub(super) already: Vec<Row>,
    pub(super) findings: Vec<Finding>,
    pub(super) left_out: Vec<LeftOut>,
}

/// The notes that aren't there yet.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) new: Vec<Note>,
    pub(super) left_out: Vec<LeftOut>,
}

/// The id of a piece of work of a source: always the same one.
pub(super) fn id_of(source: &str, item: &str) -> Option<TicketId> {
    let mut digits = sha256(format!("import\n{source}\n{item}").as_bytes()).to_string();
    digits.truncate(32);
    format!("tkt_{digits}").parse().ok()
}

/// A source as tickets name it: relative to the repository if it lies there.
pub(super) fn shown_source(place: &Place, path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_error| path.to_owned());
    place.shown(&path)
}

/// The piece of a draft's origin that goes into its ticket: enough to see that the source changed.
fn origin_hash(draft: &Draft) -> String {
    sha256(draft.origin.as_bytes()).short()
}

impl Batch {
    /// Something of `source` with nothing in it yet.
    pub(super) fn of(source: Source) -> Self {
        Self {
            source,
            incoming: Vec::new(),
            notes: Vec::new(),
            left_out: Vec::new(),
            agent_of_unknown: None,
        }
    }

    /// Takes drafts in.
    pub(super) fn add(&mut self, source: &str, drafts: Vec<Draft>) {
        for draft in drafts {
            let Some(id) = id_of(source, &draft.item) else {
                continue;
            };
            self.incoming.push(Incoming {
                source: format!("{source}#{}", draft.item),
                id,
                content: Content::Draft(Box::new(draft)),
            });
        }
    }

    /// What would be written into `folder`, and what lint says to it. `numbers` gives out the next ones.
    pub(super) fn plan(
        &self,
        place: &Place,
        folder: &Path,
        numbers: impl FnOnce(usize) -> Result<Range, CliError>,
    ) -> Result<Plan, CliError> {
        let root = &place.places.root;
        let scan = if folder.is_dir() {
            load::scan(root, folder)
        } else {
            Scan::default()
        };
        let there: HashMap<&TicketId, &Arc<QueueEntry>> = scan
            .entries
            .iter()
            .map(|entry| (&entry.id, entry))
            .collect();
        let mut plan = Plan::default();
        let mut names: BTreeMap<usize, TicketName> = BTreeMap::new();
        let mut new: Vec<(usize, &Incoming)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, incoming) in self.incoming.iter().enumerate() {
            if let Some(entry) = there.get(&incoming.id) {
                names.insert(index, entry.name.clone());
                plan.already.push(Self::already(root, incoming, entry));
            } else if seen.insert(&incoming.id) {
                new.push((index, incoming));
            } else {
                let why = "another one of this source has the same id";
                plan.left_out.push(LeftOut::new(&incoming.source, why));
            }
        }
        let drafts = new
            .iter()
            .filter_map(|(_, incoming)| match &incoming.content {
                Content::Draft(draft) => Some(&**draft),
                Content::File { .. } => None,
            });
        check_agent(place, drafts)?;
        let range = numbers(new.len())?;
        let keeps = keeps_names(&new, &scan);
        for (position, (index, incoming)) in new.into_iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| names.get(&before));
            let (file, bytes) =
                self.file(place, incoming, before, || range.digits(position), keeps)?;
            let path = folder.join(&file);
            let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
            let entry = parse(&shown, &bytes);
            names.insert(index, entry.name.clone());
            plan.tickets.push(row(incoming, &entry, false));
            plan.files.push((path, bytes));
        }
        plan.findings = lint_new(place, &scan, &plan.files);
        // Where to put it right is the source.
        for finding in &mut plan.findings {
            if let Some(row) = plan.tickets.iter().find(|row| row.path == finding.path) {
                finding.path = PathBuf::from(&row.source);
            }
        }
        Ok(plan)
    }

    fn already(root: &Path, incoming: &Incoming, entry: &QueueEntry) -> Row {
        let bytes = std::fs::read(root.join(&entry.path)).unwrap_or_default();
        let source_changed = match &incoming.content {
            Content::Draft(draft) => {
                !String::from_utf8_lossy(&bytes).contains(&format!("@{}", origin_hash(draft)))
            }
            // docket itself changes no more than these.
            Content::File { bytes: source, .. } => {
                let agent = entry.ticket.as_ref().map(|ticket| ticket.agent.to_string());
                let as_here = || {
                    let mut text =
                        set_value(source, "done", &NewValue::Bool(entry.is_done())).ok()?;
                    for (key, value) in
                        [("ticket_id", Some(entry.id.to_string())), ("agent", agent)]
                    {
                        if let Some(value) = value {
                            text = set_value(&text, key, &NewValue::Text(value)).ok()?;
                        }
                    }
                    Some(text)
                };
                *source != bytes && as_here() != Some(bytes)
            }
        };
        row(incoming, entry, source_changed)
    }

    /// The name and the content of a new file.
    fn file(
        &self,
        place: &Place,
        incoming: &Incoming,
        before: Option<&TicketName>,
        digits: impl FnOnce() -> String,
        keeps: bool,
    ) -> Result<(String, Vec<u8>), CliError> {
        match &incoming.content {
            Content::Draft(draft) => {
                let depends_on: Vec<_> = before
                    .filter(|_| draft.follows)
                    .map(ToString::to_string)
                    .into_iter()
                    .collect();
                let origin = format!("{}@{}", incoming.source, origin_hash(draft));
                let text = draft.render(&Identity {
                    id: &incoming.id,
                    agent: place.loaded.config.agent.as_str(),
                    depends_on: &depends_on,
                    notes: &[("imported_from", origin)],
                });
                Ok((file_name(&digits(), &draft.title), text.into_bytes()))
            }
            Content::File { name, bytes } => {
                let entry = parse(Path::new(name), bytes);
                let mut bytes = bytes.clone();
                let mut set = |key: &str, value: String| {
                    // What can't be read is a finding of lint, and nothing is written then.
                    if let Ok(changed) = set_value(&bytes, key, &NewValue::Text(value)) {
                        bytes = changed;
                    }
                };
                let ticket = entry.ticket.as_ref();
                if ticket.is_some_and(|ticket| ticket.id_is_derived) {
                    set("ticket_id", incoming.id.to_string());
                }
                if let (Some(ticket), Some(agent)) = (ticket, &self.agent_of_unknown)
                    && !place.loaded.config.agents.contains_key(&ticket.agent)
                {
                    set("agent", agent.to_string());
                }
                if keeps {
                    return Ok((name.clone(), bytes));
                }
                let by_number =
                    |dependency: &Dependency| matches!(dependency, Dependency::Number(_));
                if ticket.is_some_and(|ticket| ticket.depends_on.iter().any(by_number)) {
                    return Err(CliError::Usage(format!(
                        "{name} depends on others by their numbers, and some of these numbers are taken here: \
                         import into an empty folder with `--into`, or write their ids under `depends_on`"
                    )));
                }
                let number = entry.name.digits().len() + "TICKET-".len();
                let rest = name.get(number..).unwrap_or(".md");
                Ok((format!("TICKET-{}{rest}", digits()), bytes))
            }
        }
    }

    /// The notes that are new. What is there stays, whatever it says.
    pub(super) fn new_notes(&self, place: &Place) -> Result<Notes, CliError> {
        let mut notes = Notes::default();
        for note in &self.notes {
            let path = place.places.context().join(&note.name);
            match std::fs::read(&path) {
                Ok(there) if there == note.content => {}
                Ok(_other) => notes.left_out.push(LeftOut::new(
                    format!("the note {}", note.name),
                    "there is one of that name with other words in .docket/context: it stays as it is",
                )),
                Err(error) if error.kind() == ErrorKind::NotFound => notes.new.push(note.clone()),
                Err(error) => {
                    return Err(CliError::Failed(format!("can't read {}: {error}", path.display())));
                }
            }
        }
        Ok(notes)
    }
}

/// That somebody said who works on tickets that don't say so themselves. The built-in default runs the `sh` blocks of their text,
/// which nobody meant who wrote down a plan.
pub(in crate::cli) fn check_agent<'d>(
    place: &Place,
    drafts: impl IntoIterator<Item = &'d Draft>,
) -> Result<(), CliError> {
    let config = &place.loaded.config;
    let is_built_in = place
        .loaded
        .origins
        .get("agent")
        .is_none_or(|sourced| sourced.origin == Origin::BuiltIn);
    if !is_built_in || drafts.into_iter().all(|draft| draft.agent.is_some()) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "who is to work on it? `--agent codex` (or another one), or `agent = \"…\"` in docket.toml; the default, `{}`, \
         only runs the sh blocks of a ticket: say `--agent {}` if that is meant",
        config.agent, config.agent
    )))
}

/// What is wrong with new tickets among those that are there.
pub(in crate::cli) fn lint_new(
    place: &Place,
    scan: &Scan,
    files: &[(PathBuf, Vec<u8>)],
) -> Vec<Finding> {
    let root = &place.places.root;
    let mut all = scan.clone();
    let entries = files.iter().map(|(path, bytes)| {
        let shown = path.strip_prefix(root).unwrap_or(path);
        Arc::new(parse(shown, bytes))
    });
    let entries: Vec<_> = entries.collect();
    let new: BTreeSet<_> = entries.iter().map(|entry| entry.path.clone()).collect();
    all.entries.extend(entries);
    all.problems.clear();
    let agents = place.loaded.config.known_names();
    let mut findings = lint::lint(root, &all, Some(&agents)).findings;
    findings.retain(|finding| new.contains(&finding.path));
    findings
}

fn row(incoming: &Incoming, entry: &QueueEntry, source_changed: bool) -> Row {
    Row {
        name: entry.name.clone(),
        id: incoming.id.clone(),
        title: entry.title.clone(),
        path: entry.path.clone(),
        source: incoming.source.clone(),
        source_changed,
    }
}

/// Whether files can keep their names: none of their numbers is taken, and no two share one.
fn keeps_names(new: &[(usize, &Incoming)], scan: &Scan) -> bool {
    let mut taken: BTreeSet<u64> = scan
        .entries
        .iter()
        .map(|entry| entry.name.number())
        .collect();
    new.iter().all(|(_, incoming)| match &incoming.content {
        Content::File { name, .. } => {
            TicketName::from_file_name(name).is_some_and(|name| taken.insert(name.number()))
        }
        Content::Draft(_) => true,
    })
}
