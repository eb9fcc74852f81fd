//! From codex's items to the transcript's: which draft shows which item, and what of it is still open.

use std::collections::HashMap;

use super::shown::{Call, Shown, patches, shown};
use super::thread_item::{FileChange, ThreadItem};
use crate::agents::acp::patch;
use crate::agents::{Decoded, Draft};
use crate::domain::item::{Item, ToolStatus};

/// The transcript of a process, as far as it can still change.
#[derive(Debug)]
pub(super) struct Items {
    next_id: u64,
    /// By codex's id.
    open: HashMap<String, Open>,
    /// Threads of sub-agents, and the call that started each.
    agents: HashMap<String, u64>,
    /// The conversation's own thread: its items belong to nobody.
    main: Option<String>,
    /// The worktree, as codex and docket spell it.
    pub(super) roots: Vec<String>,
}

#[derive(Debug)]
enum Open {
    Words {
        id: Option<u64>,
        /// What was streamed.
        text: String,
        /// The part of a reasoning summary that is streamed.
        part: Option<i64>,
    },
    Call {
        id: u64,
        parent: Option<u64>,
        call: Call,
        /// The draft of the output, and what was streamed of it.
        output: Option<(u64, String)>,
        /// The drafts of the changes: path, draft, patch.
        changes: Vec<(String, u64, String)>,
        /// It starts sub-agents.
        starts_agents: bool,
        /// Its turn is over, and so it is for the transcript.
        is_closed: bool,
    },
}

impl Items {
    /// Without any item. Drafts are numbered from `next_id` on.
    pub(super) fn new(next_id: u64) -> Self {
        Self {
            next_id,
            open: HashMap::new(),
            agents: HashMap::new(),
            main: None,
            roots: Vec::new(),
        }
    }

    /// The number of the next draft.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Which thread is the conversation's own.
    pub(super) fn set_main(&mut self, thread: &str) {
        self.main = Some(thread.to_owned());
    }

    /// A sub-agent's thread: its items belong to the call that started it.
    pub(super) fn add_agent(&mut self, thread: String) {
        if let Some(call) = self.starting_call() {
            self.agents.entry(thread).or_insert(call);
        }
    }

    /// The call that is starting a sub-agent, or did so last.
    fn starting_call(&self) -> Option<u64> {
        let calls = self.open.values().filter_map(|open| match open {
            Open::Call {
                id,
                starts_agents: true,
                ..
            } => Some(*id),
            _ => None,
        });
        calls.max()
    }

    /// The item that those of a thread belong to.
    pub(super) fn parent(&self, thread: &str) -> Option<u64> {
        if self.main.as_deref() == Some(thread) {
            return None;
        }
        self.agents.get(thread).copied()
    }

    /// A new entry.
    pub(super) fn add(&mut self, parent: Option<u64>, item: Item, decoded: &mut Decoded) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        decoded.drafts.push(Draft {
            id,
            parent,
            append: false,
            item,
        });
        id
    }

    /// A new entry, or one that is known and changes.
    pub(super) fn show(
        &mut self,
        known: Option<u64>,
        parent: Option<u64>,
        item: Item,
        decoded: &mut Decoded,
    ) -> u64 {
        let Some(id) = known else {
            return self.add(parent, item, decoded);
        };
        decoded.drafts.push(Draft {
            id,
            parent,
            append: false,
            item,
        });
        id
    }

    /// The files that an open item changes.
    pub(super) fn changed_paths(&self, item: &str) -> Option<Vec<String>> {
        match self.open.get(item)? {
            Open::Call { changes, .. } if !changes.is_empty() => {
                Some(changes.iter().map(|(path, ..)| path.clone()).collect())
            }
            _ => None,
        }
    }

    /// The changes of an open item, as one diff.
    pub(super) fn patch(&self, item: &str) -> Option<String> {
        match self.open.get(item)? {
            Open::Call { changes, .. } => {
                patch::shown(changes.iter().map(|(_, _, patch)| patch.clone()))
            }
            Open::Words { .. } => None,
        }
    }

    /// The command that an open item runs, as a title.
    pub(super) fn title(&self, item: &str) -> Option<&str> {
        match self.open.get(item)? {
            Open::Call { call, .. } => Some(&call.title),
            Open::Words { .. } => None,
        }
    }

    /// The title of the tool call that was started last and still runs.
    pub(super) fn running(&self) -> Option<&str> {
        let running = self.open.values().filter_map(|open| match open {
            Open::Call {
                id,
                call,
                is_closed: false,
                ..
            } if call.status == ToolStatus::Running => Some((*id, call.title.as_str())),
            _ => None,
        });
        running.max().map(|(_, title)| title)
    }

    /// An item began, or changed.
    pub(super) fn started(
        &mut self,
        thread: &str,
        id: &str,
        item: ThreadItem,
        decoded: &mut Decoded,
    ) {
        let agent = agent(&item);
        let id = agent.as_deref().unwrap_or(id);
        match shown(item, false, &self.roots) {
            Shown::Words { is_reasoning, text } => {
                let began = Open::Words {
                    id: None,
                    text: String::new(),
                    part: None,
                };
                self.open.insert(id.to_owned(), began);
                self.words(thread, id, is_reasoning, &text, decoded);
            }
            call @ Shown::Call { .. } => self.call(thread, id, call, decoded),
            // Shown when it is complete.
            Shown::Notice(_) | Shown::Nothing => {}
        }
    }

    /// An item is complete.
    pub(super) fn completed(
        &mut self,
        thread: &str,
        id: &str,
        item: ThreadItem,
        decoded: &mut Decoded,
    ) {
        let agent = agent(&item);
        let id = agent.as_deref().unwrap_or(id);
        match shown(item, true, &self.roots) {
            Shown::Words { is_reasoning, text } => {
                let item = |text| {
                    if is_reasoning {
                        Item::Reasoning { text }
                    } else {
                        Item::Message { text }
                    }
                };
                match self.open.remove(id) {
                    Some(Open::Words {
                        id: Some(id),
                        text: streamed,
                        ..
                    }) => {
                        if !text.is_empty() && text != streamed {
                            decoded.drafts.push(Draft {
                                id,
                                parent: self.parent(thread),
                                append: false,
                                item: item(text),
                            });
                        }
                    }
                    _ if text.is_empty() => {}
                    _ => {
                        self.add(self.parent(thread), item(text), decoded);
                    }
                }
            }
            call @ Shown::Call { .. } => {
                let goes_on = agent.is_some() && call.runs();
                self.call(thread, id, call, decoded);
                if !goes_on {
                    self.forget(id);
                }
            }
            Shown::Notice(text) => {
                self.add(self.parent(thread), Item::Notice { text }, decoded);
            }
            Shown::Nothing => {}
        }
    }

    /// A complete call is not needed any more, unless sub-agents belong to it.
    fn forget(&mut self, id: &str) {
        let is_needed = matches!(
            self.open.get(id),
            Some(Open::Call {
                starts_agents: true,
                ..
            })
        );
        if !is_needed {
            self.open.remove(id);
        }
    }

    /// Words were added to a message or to reasoning.
    pub(super) fn words(
        &mut self,
        thread: &str,
        item: &str,
        is_reasoning: bool,
        delta: &str,
        decoded: &mut Decoded,
    ) {
        if delta.is_empty() {
            return;
        }
        let parent = self.parent(thread);
        let open = self.open.entry(item.to_owned()).or_insert(Open::Words {
            id: None,
            text: String::new(),
            part: None,
        });
        let Open::Words { id, text, .. } = open else {
            return;
        };
        text.push_str(delta);
        let append = id.is_some();
        let id = *id.get_or_insert_with(|| {
            self.next_id += 1;
            self.next_id - 1
        });
        let text = delta.to_owned();
        decoded.drafts.push(Draft {
            id,
            parent,
            append,
            item: if is_reasoning {
                Item::Reasoning { text }
            } else {
                Item::Message { text }
            },
        });
    }

    /// Words were added to a part of a reasoning summary.
    pub(super) fn summary(
        &mut self,
        thread: &str,
        item: &str,
        index: Option<i64>,
        delta: &str,
        decoded: &mut Decoded,
    ) {
        let mut is_next = false;
        if let Some(Open::Words { text, part, .. }) = self.open.get_mut(item) {
            is_next = !text.is_empty() && *part != index;
            *part = index;
        }
        if is_next {
            self.words(thread, item, true, "\n\n", decoded);
        }
        self.words(thread, item, true, delta, decoded);
    }

    /// A tool said something.
    pub(super) fn output(&mut self, item: &str, delta: String, decoded: &mut Decoded) {
        let Some(Open::Call { id, output, .. }) = self.open.get_mut(item) else {
            return;
        };
        let append = output.is_some();
        let (result, text) = output.get_or_insert_with(|| {
            self.next_id += 1;
            (self.next_id - 1, String::new())
        });
        text.push_str(&delta);
        decoded.drafts.push(Draft {
            id: *result,
            parent: Some(*id),
            append,
            item: Item::ToolResult {
                output: delta,
                exit: None,
            },
        });
    }

    /// What a file change changes is known better now.
    pub(super) fn patched(&mut self, item: &str, changes: &[FileChange], decoded: &mut Decoded) {
        let changes = patches(changes, &self.roots);
        self.show_changes(item, changes, decoded);
    }

    /// The turn is over: what still runs is closed.
    pub(super) fn close(&mut self, decoded: &mut Decoded) {
        let mut left = Vec::new();
        self.open.retain(|_, open| match open {
            Open::Words { .. } => false,
            Open::Call {
                id,
                parent,
                call,
                is_closed,
                ..
            } => {
                // It may complete later, in another turn: then it is shown as it ended.
                if call.status == ToolStatus::Running && !*is_closed {
                    *is_closed = true;
                    let mut call = call.clone();
                    call.status = ToolStatus::Failed;
                    left.push(Draft {
                        id: *id,
                        parent: *parent,
                        append: false,
                        item: call.into(),
                    });
                }
                true
            }
        });
        left.sort_by_key(|draft| draft.id);
        decoded.drafts.append(&mut left);
    }

    fn call(&mut self, thread: &str, item: &str, shown: Shown, decoded: &mut Decoded) {
        let Shown::Call {
            call,
            output,
            exit,
            changes,
            agents,
            starts_agents,
        } = shown
        else {
            return;
        };
        let parent = self.parent(thread);
        let (call_id, before) = if let Some(Open::Call {
            id,
            call: known,
            is_closed,
            ..
        }) = self.open.get_mut(item)
        {
            let before = std::mem::replace(known, call.clone());
            // What was closed is shown in any case: its turn may be another one.
            (*id, (!std::mem::take(is_closed)).then_some(before))
        } else {
            let id = self.add(parent, call.clone().into(), decoded);
            let began = Open::Call {
                id,
                parent,
                call: call.clone(),
                output: None,
                changes: Vec::new(),
                starts_agents,
                is_closed: false,
            };
            self.open.insert(item.to_owned(), began);
            (id, Some(call.clone()))
        };
        for agent in agents {
            if starts_agents {
                self.agents.insert(agent, call_id);
            } else {
                self.agents.entry(agent).or_insert(call_id);
            }
        }
        self.show_changes(item, changes, decoded);
        self.show_output(item, output, exit, decoded);
        if before.as_ref() != Some(&call) {
            decoded.drafts.push(Draft {
                id: call_id,
                parent,
                append: false,
                item: call.into(),
            });
        }
    }

    fn show_output(
        &mut self,
        item: &str,
        text: Option<String>,
        exit: Option<i32>,
        decoded: &mut Decoded,
    ) {
        let Some(Open::Call { id, output, .. }) = self.open.get_mut(item) else {
            return;
        };
        let parent = Some(*id);
        let text = text.unwrap_or_default();
        let mut draft = |id, append, output| {
            decoded.drafts.push(Draft {
                id,
                parent,
                append,
                item: Item::ToolResult { output, exit },
            });
        };
        match output {
            // What was streamed stands; only the exit code is new.
            Some((result, streamed)) if text.is_empty() || *streamed == text => {
                if exit.is_some() {
                    draft(*result, true, String::new());
                }
            }
            Some((result, _)) => draft(*result, false, text),
            None if text.is_empty() && exit.unwrap_or(0) == 0 => {}
            None => {
                draft(self.next_id, false, text);
                *output = Some((self.next_id, String::new()));
                self.next_id += 1;
            }
        }
    }

    fn show_changes(&mut self, item: &str, new: Vec<(String, String)>, decoded: &mut Decoded) {
        let Some(Open::Call { id, changes, .. }) = self.open.get_mut(item) else {
            return;
        };
        for (path, patch) in new {
            let known = changes.iter_mut().find(|(known, ..)| *known == path);
            let draft = match known {
                Some((_, _, shown)) if *shown == patch => continue,
                Some((_, id, shown)) => {
                    shown.clone_from(&patch);
                    *id
                }
                None => {
                    let draft = self.next_id;
                    self.next_id += 1;
                    changes.push((path.clone(), draft, patch.clone()));
                    draft
                }
            };
            if !patch.is_empty() {
                decoded.drafts.push(Draft {
                    id: draft,
                    parent: Some(*id),
                    append: false,
                    item: Item::Diff { path, patch },
                });
            }
        }
    }
}

/// The sub-agent that an item is about. It has many items, and is one call in the transcript.
fn agent(item: &ThreadItem) -> Option<String> {
    match item {
        ThreadItem::SubAgentActivity {
            agent_thread_id, ..
        } => Some(format!("agent {agent_thread_id}")),
        _ => None,
    }
}
