//! Copies of the queue on the desk, and what the agent did to them and added to them.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::queue::{Draft, Gatekeeper, Verdict};
use super::{Look, files};
use crate::domain::attempt::Artifact;
use crate::domain::desk::{TicketChange, TicketNews};
use crate::domain::event::Event;
use crate::domain::gate::GateReason;
use crate::domain::hash::sha256;
use crate::domain::ids::{Sha256, TicketName};
use crate::domain::machine::AttemptSpec;
use crate::runner::context::Context;
use crate::store::Reader;
use crate::tickets::derived_id;
use crate::tickets::parse::MAX_BYTES;

/// What is remembered of a desk has at most so many bytes.
const MOST_REMEMBERED: usize = 64 << 20;

/// A ticket file that the agent changed in its own working tree.
#[derive(Debug, Clone)]
pub(in crate::runner) struct TreeTicket {
    /// Relative to the repository.
    pub(in crate::runner) path: PathBuf,
    /// In the working tree.
    pub(in crate::runner) file: PathBuf,
    /// What it held when the attempt began; `None` when it was not there.
    pub(in crate::runner) base: Option<Vec<u8>>,
}

/// The ticket files that an agent has, and what docket has made of them.
#[derive(Debug, Clone)]
pub(super) struct Tickets {
    table: Table,
    /// Where the table lies: an attempt that goes on after a crash must not bring anything twice.
    file: PathBuf,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Table {
    files: BTreeMap<String, Known>,
    /// Numbers that were taken, and what stands for them.
    renumbered: Vec<(u64, u64)>,
    /// How many tickets the agent has added, those that wait for a human too.
    added: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    /// The ticket's file in the queue, and its revision when it was last the same as the agent's; `None` for what is not in the queue.
    canonical: Option<(String, Sha256)>,
    /// What the agent's file held at the last look; `None` when it was gone.
    seen: Option<Sha256>,
    /// What waits for a human, and why.
    held: Option<(Draft, String)>,
}

/// A file of the agent's that says something new.
struct Item {
    key: String,
    name: String,
    file: PathBuf,
    in_tree: bool,
    bytes: Vec<u8>,
    canonical: Option<(String, Sha256)>,
}

impl Tickets {
    /// Puts the copies into `folder`. Where the attempt goes on from an earlier one at the same desk, what lies there stays.
    pub(super) fn copy(folder: &Path, spec: &AttemptSpec, context: &Context) -> io::Result<Self> {
        let is_old = files::is_folder(folder);
        files::folder(folder)?;
        let cache = context.places.cache();
        let table_of = |attempt| cache.join(format!("{attempt}.desk.json"));
        let before = spec.carry.as_ref().map(|carry| table_of(&carry.from));
        let table = before.and_then(|file| remembered(&file, spec, context));
        let mut table = table.unwrap_or_default();
        if !is_old {
            // A new desk: of the old one only what waits for a human counts.
            table.files.retain(|_, known| known.held.is_some());
            for known in table.files.values_mut() {
                known.seen = None;
            }
        }
        let mut tickets = Self {
            table,
            file: table_of(&spec.attempt),
        };
        for path in &spec.neighbours {
            let (Some(shown), Some(name)) = (path.to_str(), path.file_name()) else {
                continue;
            };
            let key = format!("desk/{}", name.to_string_lossy());
            if tickets.table.files.contains_key(&key) {
                continue;
            }
            // One that can't be read, or was deleted just now, is no reason not to work.
            let Ok(bytes) = content(&context.places.root.join(path)) else {
                continue;
            };
            files::put(&folder.join(name), &bytes)?;
            let hash = sha256(&bytes);
            let known = Known {
                canonical: Some((shown.to_owned(), hash)),
                seen: Some(hash),
                held: None,
            };
            tickets.table.files.insert(key, known);
        }
        tickets.save();
        Ok(tickets)
    }

    /// Brings back what is allowed. Gives what became of each file that is not as it was, and what a human should look at.
    pub(super) fn collect(
        &mut self,
        folder: &Path,
        tree: &[TreeTicket],
        look: &Look<'_>,
    ) -> (Vec<TicketNews>, Vec<GateReason>) {
        let mut news = Vec::new();
        let mut items = Vec::new();
        if files::is_folder(folder) {
            let names = files::list(folder);
            for name in &names {
                let shown = name.to_string_lossy().into_owned();
                let (key, file) = (format!("desk/{shown}"), folder.join(name));
                news.extend(self.look_at(&mut items, key, &shown, file, None, look));
            }
            let is_there = |key: &str| {
                let mut names = names.iter();
                names.any(|name| format!("desk/{}", name.to_string_lossy()) == key)
            };
            news.extend(self.gone(|key| key.starts_with("desk/") && !is_there(key)));
        }
        for ticket in tree.iter().filter(|ticket| ticket.path != look.spec.path) {
            let name = ticket.path.file_name().unwrap_or_default();
            let shown = name.to_string_lossy().into_owned();
            let key = format!("tree/{}", ticket.path.to_string_lossy());
            let base = ticket.base.as_deref().map(sha256);
            let canonical = ticket.path.to_str().map(str::to_owned).zip(base);
            let file = ticket.file.clone();
            news.extend(self.look_at(&mut items, key, &shown, file, canonical, look));
        }
        if !items.is_empty() {
            news.extend(self.bring(items, look));
        }
        if !news.is_empty() {
            self.save();
        }
        let held = self.table.files.values();
        let held = held.filter_map(|known| known.held.as_ref());
        let gates = held.map(|(draft, why)| GateReason::OtherTicket {
            ticket: draft.name.clone(),
            why: why.clone(),
        });
        (news, gates.collect())
    }

    /// Notes a file that says something new. `base`: what it was made from, where that is not remembered.
    fn look_at(
        &mut self,
        items: &mut Vec<Item>,
        key: String,
        name: &str,
        file: PathBuf,
        base: Option<(String, Sha256)>,
        look: &Look<'_>,
    ) -> Option<TicketNews> {
        let ticket = TicketName::from_file_name(name)?;
        let in_tree = key.starts_with("tree/");
        let read = files::read(&file, MAX_BYTES);
        let seen = match &read {
            Ok(bytes) => Some(sha256(bytes)),
            Err(files::Unfit::Gone) => None,
            Err(unfit) => Some(sha256(unfit.to_string().as_bytes())),
        };
        let known = self.table.files.get(&key);
        let is_nothing = seen.is_none() && base.is_none();
        if known.map_or(is_nothing, |known| known.seen == seen) {
            return None;
        }
        let canonical = known.and_then(|known| known.canonical.clone()).or(base);
        self.table.files.insert(
            key.clone(),
            Known {
                canonical: canonical.clone(),
                seen,
                held: None,
            },
        );
        let told = |change| {
            Some(TicketNews {
                ticket: derived_id(Path::new(name)),
                name: ticket.clone(),
                path: name.to_owned(),
                change,
                notes: Vec::new(),
                artifact: None,
            })
        };
        let refused = |why: String| told(TicketChange::Refused { why });
        match read {
            Ok(_) if canonical.is_none() && look.spec.path.file_name() == Some(name.as_ref()) => {
                refused("it is the ticket of this attempt: its copy is ticket.md".to_owned())
            }
            Ok(bytes) => {
                items.push(Item {
                    key,
                    name: name.to_owned(),
                    in_tree,
                    file,
                    bytes,
                    canonical,
                });
                None
            }
            Err(files::Unfit::Gone) => told(TicketChange::Deleted),
            Err(unfit) => refused(unfit.to_string()),
        }
    }

    /// Copies that the agent deleted: the tickets stay. What waited for a human is withdrawn.
    fn gone(&mut self, is_gone: impl Fn(&str) -> bool) -> Vec<TicketNews> {
        let mut news = Vec::new();
        for (key, known) in &mut self.table.files {
            if !is_gone(key) || known.seen.is_none() {
                continue;
            }
            known.seen = None;
            known.held = None;
            let Some((path, _)) = &known.canonical else {
                continue;
            };
            let path = Path::new(path);
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(name) = TicketName::from_file_name(&file_name) {
                news.push(TicketNews {
                    ticket: derived_id(path),
                    name,
                    path: path.to_string_lossy().into_owned(),
                    change: TicketChange::Deleted,
                    notes: Vec::new(),
                    artifact: None,
                });
            }
        }
        news
    }

    /// Brings the files into the queue that may come. Tickets may depend on others that come with them.
    fn bring(&mut self, mut items: Vec<Item>, look: &Look<'_>) -> Vec<TicketNews> {
        let mut keeper = Gatekeeper::new(look);
        let mut news = Vec::new();
        // Who can keep its number keeps it, whoever else wants one.
        items.sort_by_key(|item| {
            let name = TicketName::from_file_name(&item.name);
            let keeps =
                item.canonical.is_some() || name.as_ref().is_some_and(|name| keeper.is_free(name));
            (!keeps, name.map(|name| name.number()))
        });
        loop {
            let before = items.len();
            let mut waiting = Vec::new();
            for item in items {
                match self.judge(&keeper, &item) {
                    Verdict::Later(draft, why) => waiting.push((item, draft, why)),
                    verdict => news.extend(self.settle(&mut keeper, &item, verdict, look)),
                }
            }
            if waiting.is_empty() {
                return news;
            }
            if waiting.len() == before {
                for (item, draft, why) in waiting {
                    let verdict = self.without_dependency(draft, why);
                    news.extend(self.settle(&mut keeper, &item, verdict, look));
                }
                return news;
            }
            items = waiting.into_iter().map(|(item, ..)| item).collect();
        }
    }

    /// A ticket that depends on what is not in the queue: maybe that waits for a human.
    fn without_dependency(&self, draft: Draft, why: String) -> Verdict {
        let dependencies = draft.dependencies();
        let held = self.table.files.values();
        let needed = held
            .filter_map(|known| known.held.as_ref())
            .find(|(other, _)| dependencies.iter().any(|needed| other.is_meant(needed)));
        match needed {
            Some((other, _)) => {
                let why = format!("it depends on {}, which waits for a human", other.name);
                Verdict::Held(draft, why)
            }
            None => Verdict::Refused(why),
        }
    }

    fn judge(&self, keeper: &Gatekeeper<'_>, item: &Item) -> Verdict {
        match &item.canonical {
            Some((path, revision)) => keeper.judge_edit(path, *revision, &item.bytes),
            None => keeper.judge_new(&item.name, &item.bytes, &self.table.renumbered),
        }
    }

    /// Does what was decided, and remembers it.
    fn settle(
        &mut self,
        keeper: &mut Gatekeeper<'_>,
        item: &Item,
        verdict: Verdict,
        look: &Look<'_>,
    ) -> Option<TicketNews> {
        let verdict = match verdict {
            Verdict::Welcome(_) | Verdict::Held(..) if item.canonical.is_none() => {
                if self.table.added >= look.rules.new_tickets {
                    let most = look.rules.new_tickets;
                    Verdict::Refused(format!(
                        "an attempt may add {most} tickets (`limits.new_tickets`)"
                    ))
                } else {
                    self.table.added += 1;
                    verdict
                }
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Same { path, revision } => {
                self.remember(&item.key, Some((path, revision)), None, None);
                None
            }
            Verdict::Welcome(draft) => match keeper.write(&draft) {
                Ok(revision) => {
                    let canonical = Some((draft.path.clone(), revision));
                    self.note_number(item, &draft);
                    let seen = shelve(item, &draft);
                    self.remember(&item.key, canonical, seen, None);
                    let change = change(&draft, revision);
                    let artifact = keep(item, draft.text.as_bytes(), look);
                    Some(news(draft, change, artifact))
                }
                Err(why) => Some(refused(item, why, look)),
            },
            Verdict::Held(draft, why) => {
                let change = TicketChange::Held {
                    why: why.clone(),
                    content: sha256(draft.text.as_bytes()),
                };
                let held = Some((draft.clone(), why));
                self.remember(&item.key, item.canonical.clone(), None, held);
                let artifact = keep(item, draft.text.as_bytes(), look);
                Some(news(draft, change, artifact))
            }
            Verdict::Later(_, why) | Verdict::Refused(why) => Some(refused(item, why, look)),
        }
    }

    fn remember(
        &mut self,
        key: &str,
        canonical: Option<(String, Sha256)>,
        seen: Option<Sha256>,
        held: Option<(Draft, String)>,
    ) {
        if let Some(known) = self.table.files.get_mut(key) {
            known.canonical = canonical;
            known.seen = seen.or(known.seen);
            known.held = held;
        }
    }

    fn note_number(&mut self, item: &Item, draft: &Draft) {
        let asked = TicketName::from_file_name(&item.name).map(|name| name.number());
        if let (None, Some(asked)) = (draft.before, asked)
            && asked != draft.name.number()
        {
            self.table.renumbered.push((asked, draft.name.number()));
        }
    }

    /// Brings what waited for a human into the queue: the work was approved.
    pub(super) fn bring_held(&mut self, look: &Look<'_>) -> Vec<TicketNews> {
        if self.table.files.values().all(|known| known.held.is_none()) {
            return Vec::new();
        }
        let mut keeper = Gatekeeper::new(look);
        let mut told = Vec::new();
        for known in self.table.files.values_mut() {
            let Some((draft, _why)) = known.held.take() else {
                continue;
            };
            told.push(match keeper.write_held(draft.clone()) {
                Ok((draft, revision)) => {
                    known.canonical = Some((draft.path.clone(), revision));
                    let change = change(&draft, revision);
                    news(draft, change, None)
                }
                Err(why) => news(draft, TicketChange::Refused { why }, None),
            });
        }
        self.save();
        told
    }

    pub(super) fn forget(&self) {
        let _none_was_made = std::fs::remove_file(&self.file);
    }

    fn save(&self) {
        let written = serde_json::to_vec(&self.table)
            .map_err(io::Error::other)
            .and_then(|text| files::put(&self.file, &text));
        if let Err(error) = written {
            tracing::warn!(%error, "what became of the agent's tickets is not remembered");
        }
    }
}

/// What became of a draft that is in the queue now.
fn change(draft: &Draft, after: Sha256) -> TicketChange {
    match draft.before {
        Some(before) => TicketChange::Edited { before, after },
        None => TicketChange::New {
            generation: draft.generation,
        },
    }
}

fn news(draft: Draft, change: TicketChange, artifact: Option<Artifact>) -> TicketNews {
    TicketNews {
        ticket: draft.ticket,
        name: draft.name,
        path: draft.path,
        change,
        notes: draft.notes,
        artifact,
    }
}

fn refused(item: &Item, why: String, look: &Look<'_>) -> TicketNews {
    let canonical = item.canonical.as_ref();
    let path = canonical.map_or(item.name.as_str(), |(path, _)| path.as_str());
    let fallback = look.spec.ticket.name.clone();
    TicketNews {
        ticket: derived_id(Path::new(path)),
        name: TicketName::from_file_name(&item.name).unwrap_or(fallback),
        path: path.to_owned(),
        change: TicketChange::Refused { why },
        notes: Vec::new(),
        artifact: keep(item, &item.bytes, look),
    }
}

/// Keeps what the agent wrote.
fn keep(item: &Item, bytes: &[u8], look: &Look<'_>) -> Option<Artifact> {
    let place = if item.in_tree { "tree-" } else { "" };
    let plain = files::plain_name(&item.name);
    let name = format!("tickets/{}/{place}{plain}", look.turn);
    let text = String::from_utf8_lossy(bytes);
    look.evidence
        .write(&name, look.redactor.redact(&text).as_bytes())
        .map_err(|error| tracing::warn!(%error, "what the agent wrote is not kept"))
        .ok()
}

/// Gives the agent's copy what the queue says now, and its hash. Its working tree is its own.
fn shelve(item: &Item, draft: &Draft) -> Option<Sha256> {
    if item.in_tree || draft.text.as_bytes() == item.bytes {
        return None;
    }
    match files::put(&item.file, draft.text.as_bytes()) {
        Ok(()) => Some(sha256(draft.text.as_bytes())),
        Err(_its_own_stays) => None,
    }
}

/// A ticket of the queue; links are followed, as the queue does.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = files::open_regular(path)?;
    file.take(MAX_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What an earlier attempt at the same desk remembered. What waits for a human must be what the ledger says.
fn remembered(file: &Path, spec: &AttemptSpec, context: &Context) -> Option<Table> {
    let bytes = files::read(file, MOST_REMEMBERED).ok()?;
    let mut table: Table = serde_json::from_slice(&bytes).ok()?;
    for known in table.files.values_mut() {
        let is_true = |(draft, _): &(Draft, String)| {
            draft.by.ticket == spec.ticket.name && was_held(draft, context)
        };
        if !known.held.as_ref().is_none_or(is_true) {
            known.held = None;
            known.seen = None;
        }
    }
    Some(table)
}

fn was_held(draft: &Draft, context: &Context) -> bool {
    let hash = sha256(draft.text.as_bytes());
    let events = Reader::open(&context.places.ledger())
        .and_then(|reader| reader.events_of_attempt(&draft.by))
        .unwrap_or_default();
    events.iter().any(|stored| {
        stored.envelope().is_some_and(|envelope| {
            matches!(
                &envelope.event,
                Event::TicketBrought { news, .. }
                    if matches!(news.change, TicketChange::Held { content, .. } if content == hash)
            )
        })
    })
}
