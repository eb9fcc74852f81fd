//! `codex exec --json`: one process a turn, events on its standard output, nobody to ask.

use serde::Deserialize;
use serde_json::Value;

use super::decoder::died;
use super::items::Items;
use super::settings::Settings;
use super::thread_item::{CallStatus, ChangeKind, FileChange, McpError, McpResult, ThreadItem};
use super::wire::Tokens;
use super::{stderr, usage, words};
use crate::agents::client::Client;
use crate::agents::{
    Actions, AgentError, Capabilities, Decoded, Decoder, Direction, Finished, Launch, ProcessEnd,
    Turn,
};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{AgentStatus, Item, PlanEntry, Usage};
use crate::domain::time::Timestamp;

/// Lines that are no events are cut here.
const NOTICE: usize = 500;

/// There is one thread in a process, and it has no name in the events.
const THREAD: &str = "";

/// What `codex exec` says on its standard error in every run.
const CHATTER: &[&str] = &[
    "Reading additional input from stdin...",
    "Reading prompt from stdin...",
];

/// Understands `codex exec --json`. One decoder for one process.
#[derive(Debug)]
pub(super) struct ExecDecoder {
    items: Items,
    /// What the thread had used before this process.
    before: Usage,
    is_open: bool,
    message: Option<String>,
    plan: Option<u64>,
    /// The errors so far, and the draft that shows them.
    errors: Option<(u32, u64)>,
    status: Option<AgentStatus>,
    last_words: Option<String>,
}

impl ExecDecoder {
    /// For a new process, whose thread used `before` already. Drafts are numbered from `next_id` on.
    pub(super) fn new(next_id: u64, before: Usage) -> Self {
        let mut items = Items::new(next_id);
        items.set_main(THREAD);
        Self {
            items,
            before,
            is_open: true,
            message: None,
            plan: None,
            errors: None,
            status: None,
            last_words: None,
        }
    }

    fn notice(&mut self, text: String, decoded: &mut Decoded) {
        self.items.add(None, Item::Notice { text }, decoded);
    }

    fn event(&mut self, event: Event, decoded: &mut Decoded) {
        match event {
            Event::ThreadStarted { thread_id } => decoded.session = Some(thread_id),
            Event::TurnStarted => {}
            Event::ItemStarted { item } | Event::ItemUpdated { item } => {
                self.item(item, false, decoded);
            }
            Event::ItemCompleted { item } => self.item(item, true, decoded),
            Event::Error { message } => self.error(message, true, decoded),
            Event::TurnCompleted { usage } => {
                let used = usage::since(usage.into(), self.before);
                self.finish(TurnEnd::Completed, used, decoded);
            }
            Event::TurnFailed { error } => {
                self.error(error.message.clone(), false, decoded);
                let end = TurnEnd::Failed {
                    why: error.message,
                    // There is no code: what kind of failure it is, only words would tell.
                    fault: Fault::Agent,
                };
                self.finish(end, Usage::default(), decoded);
            }
        }
    }

    fn item(&mut self, item: ExecItem, is_complete: bool, decoded: &mut Decoded) {
        let ExecItem { id, item } = item;
        let item = match item {
            ExecKind::TodoList { items } => return self.todo(items, decoded),
            ExecKind::Error { message } => return self.notice(message, decoded),
            ExecKind::Unknown => {
                if is_complete {
                    self.notice("codex shows an item of an unknown kind".to_owned(), decoded);
                }
                return;
            }
            other => other.into_thread_item(),
        };
        self.errors = None;
        if is_complete {
            if let ThreadItem::AgentMessage { text } = &item {
                self.message = Some(text.clone());
            }
            self.items.completed(THREAD, &id, item, decoded);
        } else {
            self.items.started(THREAD, &id, item, decoded);
        }
    }

    fn todo(&mut self, steps: Vec<Todo>, decoded: &mut Decoded) {
        let entries = steps.into_iter().map(|step| PlanEntry {
            text: step.text,
            done: step.completed,
        });
        let item = Item::Plan {
            entries: entries.collect(),
        };
        self.plan = Some(self.items.show(self.plan, None, item, decoded));
    }

    /// An error: codex tries again, unless it says that the turn failed.
    fn error(&mut self, text: String, retrying: bool, decoded: &mut Decoded) {
        let (count, known) = self.errors.map_or((0, None), |(n, id)| (n, Some(id)));
        let item = Item::Error { text, retrying };
        let id = self.items.show(known, None, item, decoded);
        self.errors = Some((count.saturating_add(1), id));
    }

    fn finish(&mut self, end: TurnEnd, usage: Usage, decoded: &mut Decoded) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        self.items.close(decoded);
        decoded.finished = Some(Finished {
            end,
            message: self.message.take(),
            usage,
        });
    }

    fn update_status(&mut self, event: &str, decoded: &mut Decoded) {
        if !self.is_open {
            return;
        }
        let status = match (self.errors, self.items.running()) {
            (Some((count, _)), _) => AgentStatus::Retrying {
                count,
                why: event.to_owned(),
            },
            (None, Some(title)) => AgentStatus::Tool {
                title: title.to_owned(),
                since: Timestamp::default(),
            },
            (None, None) => AgentStatus::Thinking,
        };
        if self.status.as_ref() != Some(&status) {
            self.status = Some(status.clone());
            decoded.status = Some(status);
        }
    }
}

impl Decoder for ExecDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        if line.trim().is_empty() || direction == Direction::In {
            return;
        }
        if direction == Direction::Err {
            match stderr::Line::of(line) {
                stderr::Line::Log(text) => self.notice(text, decoded),
                stderr::Line::Words(text) if CHATTER.contains(&text.as_str()) => {}
                stderr::Line::Words(text) => {
                    self.notice(text.clone(), decoded);
                    self.last_words = Some(text);
                }
            }
            return;
        }
        match serde_json::from_str::<Event>(line) {
            Ok(event) => {
                let why = match &event {
                    Event::Error { message } => message.clone(),
                    _ => String::new(),
                };
                self.event(event, decoded);
                self.update_status(&why, decoded);
            }
            Err(_) => self.notice(words::short(line, NOTICE), decoded),
        }
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        let end = died(end, self.last_words.as_deref());
        self.finish(end, Usage::default(), decoded);
    }
}

/// One line of standard output (codex 0.169).
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "thread.started")]
    ThreadStarted { thread_id: String },
    #[serde(rename = "turn.started")]
    TurnStarted,
    #[serde(rename = "item.started")]
    ItemStarted { item: ExecItem },
    #[serde(rename = "item.updated")]
    ItemUpdated { item: ExecItem },
    #[serde(rename = "item.completed")]
    ItemCompleted { item: ExecItem },
    /// Not the end: it comes before each new try, and once more before `turn.failed`.
    #[serde(rename = "error")]
    Error { message: String },
    #[serde(rename = "turn.completed")]
    TurnCompleted {
        /// Of the whole thread so far, over all its processes.
        #[serde(default)]
        usage: Tokens,
    },
    #[serde(rename = "turn.failed")]
    TurnFailed { error: McpError },
}

/// Its id begins again with each process.
#[derive(Debug, Deserialize)]
struct ExecItem {
    id: String,
    #[serde(flatten)]
    item: ExecKind,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ExecKind {
    AgentMessage {
        text: String,
    },
    Reasoning {
        text: String,
    },
    CommandExecution {
        command: String,
        #[serde(default)]
        aggregated_output: Option<String>,
        #[serde(default)]
        exit_code: Option<i32>,
        status: CallStatus,
    },
    FileChange {
        changes: Vec<ExecChange>,
        status: CallStatus,
    },
    McpToolCall {
        server: String,
        tool: String,
        #[serde(default)]
        arguments: Value,
        status: CallStatus,
        #[serde(default)]
        result: Option<McpResult>,
        #[serde(default)]
        error: Option<McpError>,
    },
    CollabToolCall {
        tool: String,
        #[serde(default)]
        prompt: Option<String>,
        status: CallStatus,
    },
    WebSearch {
        #[serde(default)]
        query: String,
    },
    TodoList {
        items: Vec<Todo>,
    },
    /// A warning: the turn goes on.
    Error {
        message: String,
    },
    #[serde(other)]
    Unknown,
}

/// A changed file; how it changed is not told.
#[derive(Debug, Deserialize)]
struct ExecChange {
    path: String,
}

#[derive(Debug, Deserialize)]
struct Todo {
    text: String,
    #[serde(default)]
    completed: bool,
}

impl ExecKind {
    /// The same as the app server would show it.
    fn into_thread_item(self) -> ThreadItem {
        match self {
            Self::AgentMessage { text } => ThreadItem::AgentMessage { text },
            Self::Reasoning { text } => ThreadItem::Reasoning {
                summary: vec![text],
                content: Vec::new(),
            },
            Self::CommandExecution {
                command,
                aggregated_output,
                exit_code,
                status,
            } => ThreadItem::CommandExecution {
                command,
                command_actions: Vec::new(),
                aggregated_output,
                exit_code,
                status,
            },
            Self::FileChange { changes, status } => ThreadItem::FileChange {
                changes: changes
                    .into_iter()
                    .map(|change| FileChange {
                        path: change.path,
                        kind: ChangeKind::Unknown,
                        diff: String::new(),
                    })
                    .collect(),
                status,
            },
            Self::McpToolCall {
                server,
                tool,
                arguments,
                status,
                result,
                error,
            } => ThreadItem::McpToolCall {
                server,
                tool,
                arguments,
                status,
                result,
                error,
            },
            Self::CollabToolCall {
                tool,
                prompt,
                status,
            } => ThreadItem::CollabAgentToolCall {
                tool,
                prompt,
                receiver_thread_ids: Vec::new(),
                status,
            },
            Self::WebSearch { query } => ThreadItem::WebSearch {
                query,
                action: None,
            },
            Self::TodoList { .. } | Self::Error { .. } | Self::Unknown => ThreadItem::Unknown,
        }
    }
}

/// A client of `codex exec --json`: it only says the prompt.
#[derive(Debug)]
pub(super) struct Exec {
    settings: Settings,
    decoder: ExecDecoder,
}

impl Exec {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            decoder: ExecDecoder::new(1, Usage::default()),
        }
    }
}

impl Client for Exec {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            hears_reasons: false,
            resume: true,
            speaks_early: true,
            ..Capabilities::default()
        }
    }

    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError> {
        let before = match turn.resume {
            Some(_) => turn.used,
            None => Usage::default(),
        };
        self.decoder = ExecDecoder::new(self.decoder.items.next_id(), before);
        let root = turn.workspace.to_string_lossy().into_owned();
        self.decoder.items.roots.push(root);
        Ok(self.settings.launch(self.settings.exec_arguments(turn)))
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        actions.write.extend_from_slice(turn.prompt.as_bytes());
        actions.close_stdin = true;
    }

    fn line(&mut self, direction: Direction, line: &str, actions: &mut Actions) {
        self.decoder.line(direction, line, &mut actions.decoded);
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        self.decoder.ended(end, &mut actions.decoded);
    }
}
