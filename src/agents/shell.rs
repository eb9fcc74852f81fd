//! `agent: shell`: a runbook. The ticket's fenced `sh` blocks run in order, in one shell, until one fails.

use std::ffi::OsString;
use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::plain::turn_end;
use super::{
    Actions, AgentError, Capabilities, Draft, Finished, Launch, ProcessEnd, Session, Turn,
};
use crate::domain::attempt::TurnEnd;
use crate::domain::item::{AgentStatus, Item, ToolKind, ToolStatus, Usage};

/// Stands before the session's token in the line that announces a block: ASCII record separator.
const SEPARATOR: char = '\u{1e}';

/// A session that runs a ticket's `sh` blocks.
#[derive(Debug)]
pub struct ShellSession {
    /// Unguessable, so that no output is taken for the start of a block.
    token: String,
    env: Vec<(OsString, OsString)>,
    blocks: Vec<String>,
    pending: Vec<u8>,
    next_id: u64,
    /// The block that runs: its number from 1 and the item that shows it.
    running: Option<(usize, u64)>,
    last_line: String,
}

impl ShellSession {
    /// A session; `token` must be unguessable.
    pub fn new(token: &str, env: Vec<(OsString, OsString)>) -> Self {
        Self {
            token: crate::domain::hash::sha256(token.as_bytes()).short(),
            env,
            blocks: Vec::new(),
            pending: Vec::new(),
            next_id: 1,
            running: None,
            last_line: String::new(),
        }
    }

    fn script(&self) -> String {
        // One shell for all blocks: `cd` and variables carry over, and the first failure ends the runbook.
        let mut script = String::from("exec 2>&1\nset -e\n");
        for (index, block) in self.blocks.iter().enumerate() {
            let number = index + 1;
            let _ = write!(
                script,
                "printf '\\036%s %s\\n' '{}' {number}\n{block}\n",
                self.token
            );
        }
        script
    }

    /// Takes what is complete: whole lines and the announcements between them.
    fn drain(&mut self, whole: bool, actions: &mut Actions) {
        let mark = format!("{SEPARATOR}{} ", self.token).into_bytes();
        loop {
            let found = self
                .pending
                .windows(mark.len())
                .position(|window| window == mark);
            let Some(start) = found else { break };
            let Some(length) = self.pending[start..].iter().position(|byte| *byte == b'\n') else {
                // The announcement itself is cut: what stands before it can go out.
                self.output_up_to(start, actions);
                return;
            };
            let number = String::from_utf8_lossy(&self.pending[start + mark.len()..start + length])
                .trim()
                .parse::<usize>();
            self.output_up_to(start, actions);
            self.pending.drain(..=length);
            if let Ok(number) = number {
                self.begin_block(number, actions);
            }
        }
        // Keep what could be the beginning of an announcement, and of a character.
        let keep = if whole { 0 } else { mark.len() + 4 };
        let last_line = self
            .pending
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let mut up_to = self.pending.len();
        if !whole {
            up_to = last_line.max(up_to.saturating_sub(keep.max(4096)));
            while up_to > last_line && self.pending[up_to] & 0xC0 == 0x80 {
                up_to -= 1;
            }
        }
        self.output_up_to(up_to, actions);
    }

    fn output_up_to(&mut self, end: usize, actions: &mut Actions) {
        if end == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&self.pending[..end]).into_owned();
        self.pending.drain(..end);
        if let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) {
            line.trim().clone_into(&mut self.last_line);
        }
        let parent = self.running.map(|(_, id)| id);
        // The result of a block has the id after the block's own.
        let (id, append) = match parent {
            Some(id) => (id + 1, true),
            None => (self.take_id(), false),
        };
        let item = Item::ToolResult {
            output: text,
            exit: None,
        };
        actions.decoded.drafts.push(Draft {
            id,
            parent,
            append,
            item,
        });
    }

    fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 2;
        id
    }

    fn begin_block(&mut self, number: usize, actions: &mut Actions) {
        self.end_block(ToolStatus::Completed, actions);
        let id = self.take_id();
        self.running = Some((number, id));
        let title = self.title(number);
        let item = Item::ToolCall {
            tool: ToolKind::Execute,
            title: title.clone(),
            status: ToolStatus::Running,
        };
        actions.decoded.drafts.push(Draft {
            id,
            parent: None,
            append: false,
            item,
        });
        // The runner, which has a clock, puts the time.
        actions.decoded.status = Some(AgentStatus::Tool {
            title,
            since: crate::domain::time::Timestamp::default(),
        });
    }

    fn end_block(&mut self, status: ToolStatus, actions: &mut Actions) {
        if let Some((number, id)) = self.running.take() {
            let item = Item::ToolCall {
                tool: ToolKind::Execute,
                title: self.title(number),
                status,
            };
            actions.decoded.drafts.push(Draft {
                id,
                parent: None,
                append: false,
                item,
            });
        }
    }

    fn title(&self, number: usize) -> String {
        let block = number
            .checked_sub(1)
            .and_then(|index| self.blocks.get(index));
        let mut lines = block
            .into_iter()
            .flat_map(|block| block.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let first = lines.next().unwrap_or_default();
        let more = lines.count();
        if more == 0 {
            format!("$ {first}")
        } else {
            format!("$ {first} (+{more} lines)")
        }
    }
}

impl Session for ShellSession {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError> {
        self.blocks = shell_blocks(&turn.body);
        self.pending.clear();
        self.running = None;
        if self.blocks.is_empty() {
            return Err(AgentError::NoShellBlock);
        }
        let script = turn.desk.join(format!("turn-{}.sh", turn.number));
        Ok(Launch {
            argv: vec!["sh".into(), script.clone().into()],
            env: self.env.clone(),
            files: vec![(script, self.script().into_bytes())],
            stdin: false,
        })
    }

    fn begin(&mut self, _turn: &Turn, _actions: &mut Actions) {}

    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions) {
        self.pending.extend_from_slice(bytes);
        self.drain(false, actions);
    }

    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions) {
        // Only what the shell says before the script's own redirection, such as a missing script.
        self.stdout(bytes, actions);
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        self.drain(true, actions);
        let end = match (turn_end(end), self.running) {
            (TurnEnd::Failed { why, fault }, Some((number, _))) => TurnEnd::Failed {
                why: format!("{} ({why})", self.title(number)),
                fault,
            },
            (end, _) => end,
        };
        let status = if end == TurnEnd::Completed {
            ToolStatus::Completed
        } else {
            ToolStatus::Failed
        };
        self.end_block(status, actions);
        let message = (!self.last_line.is_empty()).then(|| std::mem::take(&mut self.last_line));
        actions.decoded.finished = Some(Finished {
            end,
            message,
            usage: Usage::default(),
        });
    }
}

/// The fenced blocks of a Markdown text whose language is `sh`, `shell` or `bash`. (They all run under `sh`.)
pub fn shell_blocks(markdown: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let language = info.split([' ', ',', '{']).next().unwrap_or_default();
                if matches!(language, "sh" | "shell" | "bash") {
                    block = Some(String::new());
                }
            }
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::Fault;

    #[test]
    fn only_fenced_shell_blocks_run() {
        let body = "Text\n\n```sh\necho 1\n```\n\n    echo indented\n\n```rust\nfn x() {}\n```\n~~~bash\necho 2\n~~~\n";
        assert_eq!(shell_blocks(body), ["echo 1\n", "echo 2\n"]);
    }

    fn play(chunk: usize, output: &[u8], end: &ProcessEnd) -> (Vec<Item>, Finished) {
        let mut session = ShellSession::new("secret", Vec::new());
        session.blocks = vec!["echo one\n".into(), "false\n".into()];
        let mut actions = Actions::default();
        for bytes in output.chunks(chunk) {
            session.stdout(bytes, &mut actions);
        }
        session.ended(end, &mut actions);
        let mut items: Vec<(u64, Item)> = Vec::new();
        for draft in actions.decoded.drafts {
            let known = items.iter_mut().find(|(id, _)| *id == draft.id);
            match (known, draft.append, draft.item) {
                (
                    Some((_, Item::ToolResult { output, .. })),
                    true,
                    Item::ToolResult { output: more, .. },
                ) => {
                    output.push_str(&more);
                }
                (Some((_, item)), _, new) => *item = new,
                (None, _, new) => items.push((draft.id, new)),
            }
        }
        (
            items.into_iter().map(|(_, item)| item).collect(),
            actions.decoded.finished.expect("finished"),
        )
    }

    #[test]
    fn blocks_become_tool_calls_at_any_chunking() {
        let token = ShellSession::new("secret", Vec::new()).token;
        let output = format!("\u{1e}{token} 1\none ä\nno end\u{1e}{token} 2\nlast\n");
        let end = ProcessEnd::Exited(1);
        let whole = play(1 << 20, output.as_bytes(), &end);
        let call = |title: &str, status| Item::ToolCall {
            tool: ToolKind::Execute,
            title: title.into(),
            status,
        };
        assert_eq!(whole.0[0], call("$ echo one", ToolStatus::Completed));
        assert_eq!(
            whole.0[1],
            Item::ToolResult {
                output: "one ä\nno end".into(),
                exit: None
            }
        );
        assert_eq!(whole.0[2], call("$ false", ToolStatus::Failed));
        assert_eq!(
            whole.1.end,
            TurnEnd::Failed {
                why: "$ false (exit code 1)".into(),
                fault: Fault::Agent,
            }
        );
        assert_eq!(whole.1.message.as_deref(), Some("last"));
        for chunk in [1, 2, 7, 64] {
            assert_eq!(
                play(chunk, output.as_bytes(), &end),
                whole,
                "chunks of {chunk}"
            );
        }
    }
}
