//! The transcript of one process: which item is which, across deltas, whole messages, results and retries.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{count, word};
use super::tools;
use crate::agents::Draft;
use crate::domain::item::{Item, ToolKind, ToolStatus};

/// A kind of text that streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
}

impl Kind {
    fn item(self, text: String) -> Item {
        match self {
            Self::Message => Item::Message { text },
            Self::Reasoning => Item::Reasoning { text },
        }
    }

    /// Of a block or of its delta.
    fn of(block: &Value) -> Option<Self> {
        match word(block, "type") {
            "text" | "text_delta" => Some(Self::Message),
            "thinking" | "thinking_delta" => Some(Self::Reasoning),
            _ => None,
        }
    }
}

/// A block that streams.
#[derive(Debug)]
struct Block {
    kind: Kind,
    /// The item, once there is text.
    id: Option<u64>,
    text: String,
    whole: bool,
}

/// A message that streams.
#[derive(Debug, Default)]
struct Stream {
    message: String,
    blocks: BTreeMap<u64, Block>,
}

/// A tool call.
#[derive(Debug)]
pub(super) struct Call {
    /// The item; `None` for tools that have none, like the plan's.
    id: Option<u64>,
    parent: Option<u64>,
    name: String,
    kind: ToolKind,
    /// One line for people.
    pub(super) title: String,
    status: ToolStatus,
    goes_on: bool,
}

/// All items of one process.
#[derive(Debug, Default)]
pub(super) struct Items {
    last: u64,
    streams: BTreeMap<String, Stream>,
    /// Items of messages that broke off: the same words come again, and take their place.
    broken: Vec<(String, Kind, u64)>,
    calls: BTreeMap<String, Call>,
    /// The calls that run, oldest first.
    running: Vec<String>,
    plan: Option<u64>,
}

impl Items {
    /// A new item.
    pub(super) fn add(&mut self, parent: Option<u64>, item: Item, drafts: &mut Vec<Draft>) -> u64 {
        self.last += 1;
        drafts.push(Draft {
            id: self.last,
            parent,
            append: false,
            item,
        });
        self.last
    }

    /// A new state of an item that belongs to no other.
    pub(super) fn change(&self, id: u64, item: Item, drafts: &mut Vec<Draft>) {
        debug_assert!(id <= self.last, "an item that was never added");
        drafts.push(Draft {
            id,
            parent: None,
            append: false,
            item,
        });
    }

    /// The item of the call that a line's sub-agent was started by.
    pub(super) fn parent(&self, owner: &str) -> Option<u64> {
        self.calls.get(owner)?.id
    }

    /// The tool that runs and was started last.
    pub(super) fn running(&self) -> Option<&Call> {
        self.calls.get(self.running.last()?)
    }

    /// A message begins to stream.
    pub(super) fn begin_message(&mut self, owner: &str, message: &str) {
        self.break_off(owner);
        let stream = Stream {
            message: message.to_owned(),
            ..Stream::default()
        };
        self.streams.insert(owner.to_owned(), stream);
    }

    /// What streams will not be finished: it is tried again.
    pub(super) fn break_off(&mut self, owner: &str) {
        let Some(stream) = self.streams.remove(owner) else {
            return;
        };
        let broken = stream.blocks.into_values().filter(|block| !block.whole);
        for block in broken {
            if let Some(id) = block.id {
                self.broken.push((owner.to_owned(), block.kind, id));
            }
        }
    }

    /// The item for new words: that of the same words before they broke off, or a new one.
    fn place(&mut self, owner: &str, kind: Kind) -> u64 {
        let before = self
            .broken
            .iter()
            .position(|(whose, what, _)| whose == owner && *what == kind);
        if let Some(position) = before {
            return self.broken.remove(position).2;
        }
        self.last += 1;
        self.last
    }

    /// `content_block_delta`.
    pub(super) fn delta(&mut self, owner: &str, event: &Value, drafts: &mut Vec<Draft>) {
        let delta = event.get("delta").unwrap_or(&Value::Null);
        let Some(kind) = Kind::of(delta) else {
            return;
        };
        let words = match kind {
            Kind::Message => word(delta, "text"),
            Kind::Reasoning => word(delta, "thinking"),
        };
        if words.is_empty() {
            return;
        }
        let index = count(event, "index");
        let known = self
            .streams
            .get(owner)
            .and_then(|stream| stream.blocks.get(&index)?.id);
        let id = known.unwrap_or_else(|| self.place(owner, kind));
        let stream = self.streams.entry(owner.to_owned()).or_default();
        let block = stream.blocks.entry(index).or_insert(Block {
            kind,
            id: Some(id),
            text: String::new(),
            whole: false,
        });
        block.text.push_str(words);
        drafts.push(Draft {
            id,
            parent: self.parent(owner),
            append: known.is_some(),
            item: kind.item(words.to_owned()),
        });
    }

    /// A whole block of text. Where it has streamed before only a difference is told.
    pub(super) fn whole(
        &mut self,
        owner: &str,
        message: &str,
        block: &Value,
        drafts: &mut Vec<Draft>,
    ) {
        let Some(kind) = Kind::of(block) else {
            return;
        };
        let words = match kind {
            Kind::Message => word(block, "text"),
            Kind::Reasoning => word(block, "thinking"),
        };
        let streamed = self
            .streams
            .get_mut(owner)
            .filter(|stream| stream.message == message)
            .and_then(|stream| {
                stream
                    .blocks
                    .values_mut()
                    .find(|block| block.kind == kind && !block.whole)
            });
        let id = match streamed {
            Some(block) => {
                block.whole = true;
                let before = std::mem::take(&mut block.text);
                match block.id {
                    Some(_) if before == words => return,
                    id => id,
                }
            }
            None => None,
        };
        if words.is_empty() && id.is_none() {
            return;
        }
        let id = id.unwrap_or_else(|| self.place(owner, kind));
        drafts.push(Draft {
            id,
            parent: self.parent(owner),
            append: false,
            item: kind.item(words.to_owned()),
        });
    }

    /// A whole `tool_use` block.
    pub(super) fn call(
        &mut self,
        owner: &str,
        block: &Value,
        folder: &str,
        drafts: &mut Vec<Draft>,
    ) {
        let name = word(block, "name");
        let key = word(block, "id");
        if self.calls.contains_key(key) {
            return;
        }
        let nothing = Value::Null;
        let input = block.get("input").unwrap_or(&nothing);
        let parent = self.parent(owner);
        let title = tools::title(name, input, folder);
        let kind = tools::kind(name);
        let id = if tools::is_plan(name) {
            let plan = tools::plan(input);
            match self.plan {
                Some(id) => drafts.push(Draft {
                    id,
                    parent,
                    append: false,
                    item: plan,
                }),
                None => self.plan = Some(self.add(parent, plan, drafts)),
            }
            None
        } else {
            self.running.push(key.to_owned());
            let item = Item::ToolCall {
                tool: kind,
                title: title.clone(),
                status: ToolStatus::Running,
            };
            Some(self.add(parent, item, drafts))
        };
        let call = Call {
            id,
            parent,
            name: name.to_owned(),
            kind,
            title,
            status: ToolStatus::Running,
            goes_on: false,
        };
        self.calls.insert(key.to_owned(), call);
    }

    /// A call comes to an end; only the first end counts.
    pub(super) fn end_call(&mut self, key: &str, status: ToolStatus, drafts: &mut Vec<Draft>) {
        self.running.retain(|running| running != key);
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        if call.status != ToolStatus::Running {
            return;
        }
        call.status = status;
        if let Some(id) = call.id {
            drafts.push(Draft {
                id,
                parent: call.parent,
                append: false,
                item: Item::ToolCall {
                    tool: call.kind,
                    title: call.title.clone(),
                    status,
                },
            });
        }
    }

    /// A `tool_result` block.
    pub(super) fn result(
        &mut self,
        block: &Value,
        detail: Option<&Value>,
        status: ToolStatus,
        folder: &str,
        drafts: &mut Vec<Draft>,
    ) {
        let key = word(block, "tool_use_id");
        let name = self.calls.get(key).map_or("", |call| call.name.as_str());
        let is_plan = tools::is_plan(name);
        let outcome = tools::outcome(name, block, detail, folder);
        if outcome.goes_on {
            if let Some(call) = self.calls.get_mut(key) {
                call.goes_on = true;
            }
            return;
        }
        let id = self.parent(key);
        let worth_showing = !is_plan || status != ToolStatus::Completed;
        if worth_showing && (!outcome.output.is_empty() || outcome.exit.is_some()) {
            let item = Item::ToolResult {
                output: outcome.output,
                exit: outcome.exit,
            };
            self.add(id, item, drafts);
        }
        for diff in outcome.diffs {
            self.add(id, diff, drafts);
        }
        self.end_call(key, status, drafts);
    }

    /// `task_notification`: what went on in the background has ended.
    pub(super) fn background_ended(&mut self, line: &Value, drafts: &mut Vec<Draft>) {
        let key = word(line, "tool_use_id");
        if !self.calls.get(key).is_some_and(|call| call.goes_on) {
            return;
        }
        let id = self.parent(key);
        let output = word(line, "summary");
        if !output.is_empty() {
            let item = Item::ToolResult {
                output: output.to_owned(),
                exit: None,
            };
            self.add(id, item, drafts);
        }
        let status = match word(line, "status") {
            "completed" => ToolStatus::Completed,
            _ => ToolStatus::Failed,
        };
        self.end_call(key, status, drafts);
    }

    /// The turn is over: what still runs is closed.
    pub(super) fn close(&mut self, drafts: &mut Vec<Draft>) {
        for key in std::mem::take(&mut self.running) {
            self.end_call(&key, ToolStatus::Failed, drafts);
        }
        self.streams.clear();
        self.broken.clear();
        self.plan = None;
    }
}
