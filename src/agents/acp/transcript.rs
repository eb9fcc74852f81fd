//! The items of a conversation: words and thoughts as they are streamed, tool calls as they grow, changes, plans.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::paths::relative;
use super::tool_call::{Change, Output, ToolCall, content, output};
use super::wire::{list, text};
use super::{patch, permission};
use crate::agents::{Decoded, Draft};
use crate::domain::item::{Item, PlanEntry, ToolStatus};
use crate::domain::request::Request;

/// Notices and noise are cut to so many characters: the raw line is kept anyway.
const NOTICE_CHARS: usize = 300;

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Voice {
    /// To people.
    Message,
    /// To itself.
    Thought,
}

/// Makes items out of updates.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    /// The working tree, once the client has told the agent.
    pub(super) root: Option<PathBuf>,
    next_id: u64,
    calls: HashMap<String, ToolCall>,
    /// Words of one message share its id, where the agent gives one.
    known: HashMap<(Voice, String), u64>,
    /// The words that are being streamed without an id: they end when anything else begins.
    open: Option<(Voice, u64)>,
    /// What the agent said in this turn.
    messages: HashMap<u64, String>,
    last_message: Option<u64>,
    plan: Option<u64>,
    /// A request of the agent was refused, and nothing came of it since.
    stopped_by_refusal: bool,
}

impl Transcript {
    /// A turn begins.
    pub(super) fn begin(&mut self) {
        self.calls.clear();
        self.known.clear();
        self.messages.clear();
        self.open = None;
        self.last_message = None;
        self.plan = None;
        self.stopped_by_refusal = false;
    }

    /// The turn is over: what still runs is closed. The last words are handed out.
    pub(super) fn end(&mut self, decoded: &mut Decoded) -> Option<String> {
        let mut open: Vec<_> = self.calls.values_mut().filter(|call| call.runs()).collect();
        open.sort_by_key(|call| call.draft);
        for call in open {
            call.status = if call.refused {
                ToolStatus::Declined
            } else {
                ToolStatus::Failed
            };
            show_call(call, decoded);
        }
        self.open = None;
        self.last_message
            .and_then(|id| self.messages.remove(&id))
            .map(|words| words.trim().to_owned())
            .filter(|words| !words.is_empty())
    }

    /// Whether the last thing that happened was a refusal.
    pub(super) fn stopped_by_refusal(&self) -> bool {
        self.stopped_by_refusal
    }

    /// The tool call that began last of those that run: its line.
    pub(super) fn running(&self) -> Option<String> {
        self.calls
            .values()
            .filter(|call| call.runs())
            .max_by_key(|call| call.draft)
            .map(ToolCall::line)
    }

    /// An item by itself.
    pub(super) fn show(&mut self, item: Item, decoded: &mut Decoded) -> u64 {
        let id = self.id();
        decoded.drafts.push(draft(id, None, item));
        id
    }

    /// Something worth a line.
    pub(super) fn notice(&mut self, words: &str, decoded: &mut Decoded) {
        let mut text: String = words.trim().chars().take(NOTICE_CHARS).collect();
        if text.len() < words.trim().len() {
            text.push('…');
        }
        if !text.is_empty() {
            self.show(Item::Notice { text }, decoded);
        }
    }

    /// A chunk of words.
    pub(super) fn words(&mut self, voice: Voice, update: &Value, decoded: &mut Decoded) {
        let block = &update["content"];
        let Some(words) = content(block) else {
            if let Some(kind) = text(&block["type"]) {
                self.notice(
                    &format!("the agent shows something of kind {kind}"),
                    decoded,
                );
            }
            return;
        };
        let message = text(&update["messageId"]);
        let known = match message {
            Some(message) => self.known.get(&(voice, message.to_owned())).copied(),
            None => self
                .open
                .filter(|(open, _)| *open == voice)
                .map(|(_, id)| id),
        };
        // What begins with white space begins later.
        if words.is_empty() || (known.is_none() && words.trim().is_empty()) {
            return;
        }
        self.stopped_by_refusal = false;
        let id = known.unwrap_or_else(|| self.id());
        match message {
            Some(message) => {
                self.known.insert((voice, message.to_owned()), id);
                self.open = None;
            }
            None => self.open = Some((voice, id)),
        }
        if voice == Voice::Message {
            self.messages.entry(id).or_default().push_str(&words);
            self.last_message = Some(id);
        }
        let item = match voice {
            Voice::Message => Item::Message { text: words },
            Voice::Thought => Item::Reasoning { text: words },
        };
        let parent = self.parent(update);
        decoded.drafts.push(Draft {
            id,
            parent,
            append: known.is_some(),
            item,
        });
    }

    /// A piece of a tool call, from wherever: a call that nobody has heard of begins with it.
    pub(super) fn call(&mut self, piece: &Value, decoded: &mut Decoded) -> Option<&ToolCall> {
        let id = self.merge(piece, decoded)?;
        let call = self.calls.get_mut(id)?;
        if let Some(output) = output(piece) {
            show_output(call, output, &mut self.next_id, decoded);
        }
        Some(call)
    }

    fn merge<'piece>(
        &mut self,
        piece: &'piece Value,
        decoded: &mut Decoded,
    ) -> Option<&'piece str> {
        let Some(id) = text(&piece["toolCallId"]) else {
            self.notice("the agent tells of a tool call without an id", decoded);
            return None;
        };
        let parent = self.parent(piece);
        if !self.calls.contains_key(id) {
            let draft = self.id();
            self.open = None;
            self.calls.insert(id.to_owned(), ToolCall::new(draft));
            self.stopped_by_refusal = false;
        }
        let call = self.calls.get_mut(id)?;
        call.parent = call.parent.or(parent);
        call.merge(piece, self.root.as_deref());
        show_call(call, decoded);
        for part in list(&piece["content"]) {
            if part["type"] == "diff" {
                show_change(call, part, self.root.as_deref(), &mut self.next_id, decoded);
            }
        }
        Some(id)
    }

    /// What a request for permission asks. Its piece may be the first that is heard of a call; but one of another kind than
    /// the call is about something else that the call needs (opencode: a folder outside), and stands for itself.
    pub(super) fn asked(&mut self, params: &Value, decoded: &mut Decoded) -> Option<Request> {
        let piece = &params["toolCall"];
        let known = text(&piece["toolCallId"]).and_then(|id| self.calls.get(id));
        let kind = text(&piece["kind"]);
        if known.is_some_and(|call| kind.is_some_and(|kind| kind != call.kind_word)) {
            let mut call = ToolCall::new(0);
            call.merge(piece, self.root.as_deref());
            return Some(permission::request(params, &call));
        }
        // Its words say why it asks; there is no output yet.
        let id = self.merge(piece, decoded)?;
        let call = self.calls.get(id)?;
        Some(permission::request(params, call))
    }

    /// A request about a tool call was answered with no.
    pub(super) fn refused(&mut self, call: &str, decoded: &mut Decoded) {
        if let Some(call) = self.calls.get_mut(call) {
            call.refused = true;
            if call.runs() {
                call.status = ToolStatus::Declined;
                show_call(call, decoded);
            }
        }
        self.stopped_by_refusal = true;
    }

    /// The plan, whole.
    pub(super) fn plan(&mut self, update: &Value, decoded: &mut Decoded) {
        let entries = list(&update["entries"])
            .iter()
            .filter_map(|entry| {
                Some(PlanEntry {
                    text: text(&entry["content"])?.to_owned(),
                    done: entry["status"] == "completed",
                })
            })
            .collect();
        let id = self.plan.unwrap_or_else(|| self.id());
        self.plan = Some(id);
        self.open = None;
        decoded.drafts.push(draft(id, None, Item::Plan { entries }));
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The call whose sub-agent this comes from (claude-agent-acp).
    fn parent(&self, update: &Value) -> Option<u64> {
        let parent = text(&update["_meta"]["claudeCode"]["parentToolUseId"])?;
        self.calls.get(parent).map(|call| call.draft)
    }
}

fn draft(id: u64, parent: Option<u64>, item: Item) -> Draft {
    Draft {
        id,
        parent,
        append: false,
        item,
    }
}

/// Shows the call when anything that people see of it has changed.
fn show_call(call: &mut ToolCall, decoded: &mut Decoded) {
    let now = (call.kind, call.line(), call.status);
    if call.shown.as_ref() == Some(&now) {
        return;
    }
    let (tool, title, status) = now.clone();
    let item = Item::ToolCall {
        tool,
        title,
        status,
    };
    call.shown = Some(now);
    decoded.drafts.push(draft(call.draft, call.parent, item));
}

fn show_output(call: &mut ToolCall, output: Output, next_id: &mut u64, decoded: &mut Decoded) {
    let (shown, append) = match output {
        Output::More(more) => {
            call.output.push_str(&more);
            (more, call.result.is_some())
        }
        // Most agents give the whole output each time: what is new of it is enough.
        Output::Whole(whole) => match whole.strip_prefix(call.output.as_str()) {
            Some("") if call.result.is_some() && call.exit == call.shown_exit => return,
            Some(more) if call.result.is_some() => {
                let more = more.to_owned();
                call.output = whole;
                (more, true)
            }
            _ => {
                call.output.clone_from(&whole);
                (whole, false)
            }
        },
    };
    let id = *call.result.get_or_insert_with(|| {
        *next_id += 1;
        *next_id
    });
    call.shown_exit = call.exit;
    decoded.drafts.push(Draft {
        id,
        parent: Some(call.draft),
        append,
        item: Item::ToolResult {
            output: shown,
            exit: call.exit,
        },
    });
}

fn show_change(
    call: &mut ToolCall,
    part: &Value,
    root: Option<&std::path::Path>,
    next_id: &mut u64,
    decoded: &mut Decoded,
) {
    let Some(path) = text(&part["path"]) else {
        return;
    };
    let path = relative(path, root);
    let old = part["oldText"].as_str().unwrap_or_default();
    let new = part["newText"].as_str().unwrap_or_default();
    let known = call.changes.iter_mut().find(|change| change.path == path);
    // After the edit some agents give only the words that they replaced (opencode): the whole that came first is better.
    if known
        .as_ref()
        .is_some_and(|known| known.old.contains(old) && known.new.contains(new))
    {
        return;
    }
    let Some(patch) = patch::unified(&path, old, new) else {
        return;
    };
    let id = if let Some(known) = known {
        old.clone_into(&mut known.old);
        new.clone_into(&mut known.new);
        known.draft
    } else {
        *next_id += 1;
        call.changes.push(Change {
            draft: *next_id,
            path: path.clone(),
            old: old.to_owned(),
            new: new.to_owned(),
        });
        *next_id
    };
    decoded
        .drafts
        .push(draft(id, Some(call.draft), Item::Diff { path, patch }));
}
