//! The way from an agent's desk into the queue: lint, identity, limits, and only then a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Look, files};
use crate::domain::desk::widens;
use crate::domain::hash::sha256;
use crate::domain::ids::{AttemptId, Sha256, TicketId, TicketName};
use crate::domain::queue::Queue;
use crate::domain::ticket::{Dependency, KnownNames, Problem, ProblemCode, QueueEntry, Ticket};
use crate::tickets::changes::with_identity;
use crate::tickets::load::Loader;
use crate::tickets::numbers::{Numbers, next_number};
use crate::tickets::parse::parse;
use crate::tickets::template;
use crate::tickets::write::{self, WriteError};

/// What an agent wrote, ready for the queue, and what it stands for there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) ticket: TicketId,
    pub(super) name: TicketName,
    /// The file, relative to the repository.
    pub(super) path: String,
    pub(super) text: String,
    /// The revision that it replaces; `None` for a new ticket.
    pub(super) before: Option<Sha256>,
    /// What docket did to it.
    pub(super) notes: Vec<String>,
    /// The attempt that wrote it.
    pub(super) by: AttemptId,
    /// How many generations of agents it is away from a human, if it is new.
    pub(super) generation: u32,
}

/// Where a ticket stands that an agent touched.
pub(super) enum Verdict {
    /// The queue says the same already.
    Same { path: String, revision: Sha256 },
    /// It may come into the queue.
    Welcome(Draft),
    /// A human has to see it first.
    Held(Draft, String),
    /// It waits for another one that came with it.
    Later(Draft, String),
    /// It stays out.
    Refused(String),
}

/// The queue as it is now, and what holds for those who want to add to it.
pub(super) struct Gatekeeper<'a> {
    look: &'a Look<'a>,
    loader: Loader,
    queue: Queue,
    agents: KnownNames,
    /// Held while tickets are added, so that nobody gives out the same number; `None` where the folder can't be held.
    _numbers: Option<Numbers>,
}

impl<'a> Gatekeeper<'a> {
    pub(super) fn new(look: &'a Look<'a>) -> Self {
        let places = &look.context.places;
        let mut keeper = Self {
            look,
            loader: Loader::new(&places.root, &places.tickets),
            queue: Queue::default(),
            agents: look.context.settings.known_names(),
            _numbers: Numbers::hold(&places.tickets).ok(),
        };
        keeper.read();
        keeper
    }

    /// Reads what changed in the queue.
    fn read(&mut self) {
        self.queue = Queue::new(self.loader.scan().entries);
    }

    /// What is to become of a new ticket that the agent called `name`. `renumbered`: numbers that were taken, and what stands
    /// for them.
    pub(super) fn judge_new(&self, name: &str, bytes: &[u8], renumbered: &[(u64, u64)]) -> Verdict {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => self.look.redactor.redact(text).into_owned(),
            Err(_not_text) => return Verdict::Refused("it is not UTF-8".to_owned()),
        };
        let mut notes = Vec::new();
        if text.as_bytes() != bytes {
            notes.push("secrets in it were taken out".to_owned());
        }
        let Some(path) = self.free_path(name, &mut notes) else {
            return Verdict::Refused("its name is not a ticket's".to_owned());
        };
        let shown = self.shown(&path);
        if parse(&shown, text.as_bytes()).is_done() {
            notes.push("`done: true` is not an agent's to say of it: it is not done".to_owned());
        }
        let Some(open) = with_identity(text.as_bytes(), false, None) else {
            return Verdict::Refused(first_error(&parse(&shown, text.as_bytes())));
        };
        let entry = parse(&shown, &open);
        let Some(ticket) = entry.ticket.as_ref().filter(|_| entry.is_runnable_file()) else {
            return Verdict::Refused(first_error(&entry));
        };
        // An earlier attempt may have brought the same already.
        let mut others = self.queue.entries().iter();
        if let Some(same) = others.find(|other| !other.is_done() && is_copy(other, ticket))
            && ticket.id_is_derived
        {
            return Verdict::Same {
                path: same.path.to_string_lossy().into_owned(),
                revision: same.revision,
            };
        }
        let mut content = open;
        let twin = self.queue.by_id(&ticket.id);
        if let Some(twin) = twin.filter(|_| !ticket.id_is_derived) {
            if is_copy(twin, ticket) {
                let why = format!(
                    "it is a copy of {}: change that ticket's own file",
                    twin.name
                );
                return Verdict::Refused(why);
            }
            notes.push(format!(
                "its `ticket_id` is that of {}: it has another one",
                twin.name
            ));
        }
        if twin.is_some() || ticket.id_is_derived {
            let id = template::new_id(&path);
            match with_identity(&content, false, Some(&id)) {
                Some(named) => content = named,
                None => {
                    return Verdict::Refused("no `ticket_id` can be written into it".to_owned());
                }
            }
        }
        let entry = parse(&shown, &content);
        let Some(ticket) = entry.ticket.clone().filter(|_| entry.is_runnable_file()) else {
            return Verdict::Refused(first_error(&entry));
        };
        for (old, new) in renumbered {
            if ticket.depends_on.contains(&Dependency::Number(*old)) {
                let why = format!(
                    "it depends on {old}, which was taken: the new ticket of that number is {new} now"
                );
                return Verdict::Refused(why);
            }
        }
        let problems = self.objections(&entry, None);
        let draft = self.draft(&entry, &shown, &content, None, notes);
        if let Some(verdict) = against(&draft, &problems) {
            return verdict;
        }
        let rules = self.look.rules;
        let mut why = self.widens(None, &ticket);
        if rules.generation >= rules.ticket_depth {
            why.push(format!(
                "its author is {} generations of agents away from a human (`limits.ticket_depth`)",
                rules.generation
            ));
        }
        verdict(draft, &why)
    }

    /// What is to become of the agent's version of the ticket at `path`, whose copy was made at the revision `before`.
    pub(super) fn judge_edit(&self, path: &str, before: Sha256, bytes: &[u8]) -> Verdict {
        let refused = |why: &str| Verdict::Refused(why.to_owned());
        let shown = PathBuf::from(path);
        let file = self.look.context.places.root.join(&shown);
        let Ok(canonical) = std::fs::read(&file) else {
            return refused("the ticket is gone");
        };
        let now = sha256(&canonical);
        if canonical == bytes {
            return Verdict::Same {
                path: path.to_owned(),
                revision: now,
            };
        }
        let old = parse(&shown, &canonical);
        let entry = parse(&shown, bytes);
        let Some(ticket) = entry.ticket.as_ref().filter(|_| entry.is_runnable_file()) else {
            return Verdict::Refused(first_error(&entry));
        };
        if self.look.rules.busy.contains(&old.id) {
            return refused("the ticket is being worked on");
        }
        if old.is_done() {
            return refused("the ticket is done");
        }
        if now != before {
            return refused("the ticket changed since the copy was made");
        }
        let mut notes = Vec::new();
        if ticket.done {
            notes.push("an agent can't mark another ticket done: it is not".to_owned());
        }
        if !ticket.id_is_derived && ticket.id != old.id {
            return refused("a ticket's `ticket_id` is not an agent's to change");
        }
        let has_id = old
            .ticket
            .as_ref()
            .is_some_and(|ticket| !ticket.id_is_derived);
        let id = (has_id && ticket.id_is_derived).then(|| old.id.to_string());
        let Some(content) = with_identity(bytes, false, id.as_deref()) else {
            return refused("its front matter can't be changed");
        };
        if content == canonical {
            return match notes.pop() {
                Some(note) => Verdict::Refused(note),
                None => Verdict::Same {
                    path: path.to_owned(),
                    revision: now,
                },
            };
        }
        let entry = parse(&shown, &content);
        let Some(ticket) = entry.ticket.clone().filter(|_| entry.is_runnable_file()) else {
            return Verdict::Refused(first_error(&entry));
        };
        let problems = self.objections(&entry, Some(&old));
        let draft = self.draft(&entry, &shown, &content, Some(now), notes);
        if let Some(verdict) = against(&draft, &problems) {
            return verdict;
        }
        // Against a broken file everything is new.
        let why = self.widens(old.ticket.as_ref(), &ticket);
        verdict(draft, &why)
    }

    /// Writes it into the queue.
    pub(super) fn write(&mut self, draft: &Draft) -> Result<Sha256, String> {
        let path = self.look.context.places.root.join(&draft.path);
        let written = match draft.before {
            Some(before) => write::replace(&path, before, draft.text.as_bytes()),
            None => write::create(&path, draft.text.as_bytes()),
        };
        let result = written.map_err(|error| match error {
            WriteError::Changed { .. } => "the ticket changed since the copy was made".to_owned(),
            error => error.to_string(),
        });
        self.read();
        result
    }

    /// The same for one that waited for a human: the queue may have changed since.
    pub(super) fn write_held(&mut self, mut draft: Draft) -> Result<(Draft, Sha256), String> {
        let shown = PathBuf::from(&draft.path);
        let entry = parse(&shown, draft.text.as_bytes());
        if draft.before.is_some() {
            if self.look.rules.busy.contains(&entry.id) {
                return Err("the ticket is being worked on".to_owned());
            }
            if self.queue.by_id(&entry.id).is_some_and(|old| old.is_done()) {
                return Err("the ticket is done".to_owned());
            }
        } else {
            if self.queue.by_id(&entry.id).is_some() {
                return Err("its `ticket_id` is taken".to_owned());
            }
            let mut others = self.queue.entries().iter();
            let same = entry
                .ticket
                .as_ref()
                .and_then(|ticket| others.find(|other| !other.is_done() && is_copy(other, ticket)));
            if let Some(same) = same {
                return Err(format!("{} says the same already", same.name));
            }
            let file_name = shown
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let name = file_name.unwrap_or_default();
            let Some(path) = self.free_path(&name, &mut draft.notes) else {
                return Err("its name is not a ticket's".to_owned());
            };
            draft.path = self.shown(&path).to_string_lossy().into_owned();
            draft.name = parse(Path::new(&draft.path), draft.text.as_bytes()).name;
        }
        let revision = self.write(&draft)?;
        Ok((draft, revision))
    }

    /// What the queue would have against this entry, errors only; of an edited one, what it did not have before.
    fn objections(&self, entry: &QueueEntry, old: Option<&QueueEntry>) -> Vec<Problem> {
        let others = self.queue.entries().iter();
        let others = others.filter(|other| old.is_none_or(|old| other.path != old.path));
        let with = Queue::new(others.cloned().chain([Arc::new(entry.clone())]));
        let of = |queue: &Queue| {
            let entries = queue.entries();
            let index = entries.iter().position(|other| other.path == entry.path);
            index.map_or_else(Vec::new, |index| {
                queue.problems_of(index, Some(&self.agents))
            })
        };
        let before: Vec<ProblemCode> = match old {
            Some(_) => of(&self.queue).iter().map(|problem| problem.code).collect(),
            None => Vec::new(),
        };
        let mut problems = of(&with);
        problems.retain(|problem| problem.is_error() && !before.contains(&problem.code));
        problems
    }

    fn widens(&self, before: Option<&Ticket>, ticket: &Ticket) -> Vec<String> {
        let spec = self.look.spec;
        let settings = &self.look.context.settings;
        widens(settings, &spec.ticket, &spec.agent, before, ticket)
    }

    fn draft(
        &self,
        entry: &QueueEntry,
        shown: &Path,
        content: &[u8],
        before: Option<Sha256>,
        notes: Vec<String>,
    ) -> Draft {
        Draft {
            ticket: entry.id.clone(),
            name: entry.name.clone(),
            path: shown.to_string_lossy().into_owned(),
            text: String::from_utf8_lossy(content).into_owned(),
            before,
            notes,
            by: self.look.spec.attempt.clone(),
            generation: self.look.rules.generation.saturating_add(1),
        }
    }

    /// Where a new ticket goes that the agent called so: its own number where that is free, else the next.
    fn free_path(&self, name: &str, notes: &mut Vec<String>) -> Option<PathBuf> {
        let ticket = TicketName::from_file_name(name)?;
        let digits = ticket.digits();
        let stem = name.get("TICKET-".len() + digits.len()..)?;
        let rest = stem.get(..stem.len().checked_sub(".md".len())?)?;
        let rest = if rest.is_empty() {
            String::new()
        } else {
            files::plain_name(&format!("x{rest}"))[1..].to_owned()
        };
        let is_free = self.is_free(&ticket);
        let digits = if is_free {
            digits.to_owned()
        } else {
            let next = self.next_number();
            let why = if digits.len() <= 9 {
                "taken"
            } else {
                "too long"
            };
            notes.push(format!("the number {digits} is {why}: it has {next}"));
            format!("{next:03}")
        };
        let folder = &self.look.context.places.tickets;
        Some(folder.join(format!("TICKET-{digits}{rest}.md")))
    }

    /// Whether a new ticket can have this number.
    pub(super) fn is_free(&self, name: &TicketName) -> bool {
        name.digits().len() <= 9 && !self.queue.has_number(name.number())
    }

    /// The next multiple of ten after the highest number in the queue.
    fn next_number(&self) -> u64 {
        next_number(self.queue.entries().iter().map(|entry| entry.name.number()))
    }

    /// A path as the queue names it.
    fn shown(&self, path: &Path) -> PathBuf {
        let root = &self.look.context.places.root;
        path.strip_prefix(root).unwrap_or(path).to_owned()
    }
}

fn verdict(draft: Draft, why: &[String]) -> Verdict {
    if why.is_empty() {
        Verdict::Welcome(draft)
    } else {
        Verdict::Held(draft, why.join("; "))
    }
}

/// What follows from what the queue has against a ticket: what it depends on may come with it.
fn against(draft: &Draft, problems: &[Problem]) -> Option<Verdict> {
    let first = problems.first()?;
    let mut others = problems
        .iter()
        .filter(|problem| problem.code != ProblemCode::UnknownDependency);
    Some(match others.next() {
        None => Verdict::Later(draft.clone(), first.to_string()),
        Some(other) => Verdict::Refused(other.to_string()),
    })
}

impl Draft {
    /// What it depends on.
    pub(super) fn dependencies(&self) -> Vec<Dependency> {
        let entry = parse(Path::new(&self.path), self.text.as_bytes());
        entry
            .ticket
            .map_or_else(Vec::new, |ticket| ticket.depends_on)
    }

    /// Whether a dependency means this ticket.
    pub(super) fn is_meant(&self, dependency: &Dependency) -> bool {
        match dependency {
            Dependency::Number(number) => *number == self.name.number(),
            Dependency::Id(id) => *id == self.ticket,
        }
    }
}

fn first_error(entry: &QueueEntry) -> String {
    let mut errors = entry.problems.iter().filter(|problem| problem.is_error());
    match errors.next() {
        Some(problem) => {
            let place = problem.place.map(|place| format!("{place}: "));
            format!("{}{problem}", place.unwrap_or_default())
        }
        None => "it can't be read".to_owned(),
    }
}

/// Whether a ticket with another's id is nothing but that other one under another name.
fn is_copy(twin: &QueueEntry, ticket: &Ticket) -> bool {
    twin.ticket
        .as_ref()
        .is_some_and(|twin| twin.title == ticket.title && twin.body.trim() == ticket.body.trim())
}
