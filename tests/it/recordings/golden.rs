//! What every recording means, in files that a person has read: a table of all, and the transcripts of some.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use docket::agents::Finished;
use docket::domain::attempt::{Fault, TurnEnd};
use docket::domain::item::{AgentStatus, Item, ToolKind, ToolStatus, Usage};
use docket::domain::request::{Ask, ChoiceKind, Request};

use super::corpus::{RECORDINGS, Recording, recording};
use super::listen::{Event, Feeding, Heard, listen};

/// Between them: say, shell, edit, approve, deny, interrupt, resume, rate limit, cut, fail, long, and processes that die.
const TRANSCRIPTS: &[&str] = &[
    "claude-acp-edit-allow",
    "claude-p-429-500-recover",
    "claude-p-edit-acceptEdits",
    "claude-p-interrupt-sleep",
    "claude-p-long",
    "claude-p-overload-sse",
    "claude-p-partial-say",
    "claude-p-perm-allow",
    "claude-p-perm-deny",
    "claude-p-resume-b",
    "claude-p-sleep-SIGKILL",
    "codex-acp-cut",
    "codex-appserver-429-500-recover",
    "codex-appserver-approve-command-accept",
    "codex-appserver-approve-edit-accept",
    "codex-appserver-cut",
    "codex-appserver-fail400",
    "codex-appserver-interrupt-sleep",
    "codex-appserver-long",
    "codex-appserver-say",
    "codex-exec-always429",
    "codex-exec-edit",
    "codex-exec-shell",
    "gemini-acp-cancel-sleep",
    "opencode-acp-load-b",
    "opencode-ask-acp-edit-allow",
    "opencode-ask-acp-shell-reject",
    "opencode-run-ask-default",
    "opencode-run-edit",
    "opencode-run-fail400",
    "qwen-acp-shell-allow",
    "qwen-p-edit-yolo",
];

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn the_transcripts() {
    for name in TRANSCRIPTS {
        let recording = recording(name);
        let text = transcript(recording, &listen(recording, Feeding::PLAIN));
        settings().bind(|| insta::assert_snapshot!(*name, text));
    }
}

#[test]
fn the_table_of_all() {
    let mut table = String::new();
    for recording in RECORDINGS.iter() {
        table.push_str(&row(recording, &listen(recording, Feeding::PLAIN)));
    }
    settings().bind(|| insta::assert_snapshot!("all", table));
}

/// A recording in a few lines.
fn row(recording: &Recording, heard: &Heard) -> String {
    let mut row = format!("{} · {}\n", recording.name, recording.decoder);
    for turn in heard.turns() {
        let _ = writeln!(row, "    {}", turn_end(turn));
    }
    if heard.turns().next().is_none() {
        row.push_str("    no turn\n");
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for told in &heard.items {
        *kinds.entry(kind(&told.item)).or_default() += 1;
    }
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    if !kinds.is_empty() {
        let _ = writeln!(row, "    {}", kinds.join(", "));
    }
    let (mut asked, mut open) = (Vec::new(), 0);
    for event in &heard.events {
        match event {
            Event::Asked(_, request) => {
                open += 1;
                asked.push(request.title.clone());
            }
            Event::Resolved(..) => open -= 1,
            _ => {}
        }
    }
    if !asked.is_empty() {
        let open = if open == 0 {
            String::new()
        } else {
            format!(" ({open} open)")
        };
        let _ = writeln!(row, "    asked: {}{open}", asked.join(", "));
    }
    row
}

fn kind(item: &Item) -> String {
    match item {
        Item::Message { .. } => "message",
        Item::Reasoning { .. } => "reasoning",
        Item::ToolCall { tool, status, .. } => {
            return format!("{} {}", tool_word(*tool), status_word(*status));
        }
        Item::ToolResult { .. } => "result",
        Item::Plan { .. } => "plan",
        Item::Diff { .. } => "diff",
        Item::Usage { .. } => "usage",
        Item::Notice { .. } => "notice",
        Item::Error { .. } => "error",
    }
    .to_owned()
}

fn tool_word(tool: ToolKind) -> &'static str {
    match tool {
        ToolKind::Read => "read",
        ToolKind::Search => "search",
        ToolKind::Edit => "edit",
        ToolKind::Execute => "execute",
        ToolKind::Fetch => "fetch",
        ToolKind::Other => "tool",
    }
}

fn status_word(status: ToolStatus) -> &'static str {
    match status {
        ToolStatus::Running => "RUNNING",
        ToolStatus::Completed => "completed",
        ToolStatus::Failed => "failed",
        ToolStatus::Declined => "declined",
    }
}

fn turn_end(turn: &Finished) -> String {
    let mut words = match &turn.end {
        TurnEnd::Completed => "completed".to_owned(),
        TurnEnd::Failed { why, fault } => format!("failed, {}: {}", fault_word(*fault), short(why)),
        TurnEnd::Died { how } => format!("died: {}", short(how)),
        other => format!("{other:?}"),
    };
    if !turn.usage.is_empty() {
        let _ = write!(words, "; {}", usage(&turn.usage));
    }
    words
}

fn fault_word(fault: Fault) -> &'static str {
    match fault {
        Fault::Agent => "agent",
        Fault::RateLimit { until: None } => "rate limit",
        Fault::RateLimit { until: Some(_) } => "rate limit until then",
        Fault::Overload => "overload",
        Fault::Connection => "connection",
        Fault::Login => "login",
        Fault::Refused => "refused",
        Fault::Truncated => "truncated",
        Fault::Interrupted => "interrupted",
    }
}

fn usage(usage: &Usage) -> String {
    let mut words = format!(
        "{} in ({} cached), {} out ({} reasoning)",
        usage.input, usage.cached, usage.output, usage.reasoning
    );
    if let Some(cost) = usage.cost_usd {
        let _ = write!(words, ", ${cost:.6}");
    }
    words
}

/// A transcript for people: items in the order in which they began, each as it was in the end.
fn transcript(recording: &Recording, heard: &Heard) -> String {
    let mut text = format!("{} · {}\n", recording.name, recording.decoder);
    let named = |what: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| format!("{what} {value}\n"))
            .unwrap_or_default()
    };
    text += &named("session", &heard.session);
    text += &named("model", &heard.model);
    text.push('\n');
    let mut turns = 0;
    for event in &heard.events {
        match event {
            Event::Item(id) => {
                let told = heard.item(*id).expect("an item");
                let mut depth = 0;
                let mut parent = told.parent;
                while let Some(above) = parent.and_then(|id| heard.item(id)) {
                    depth += 1;
                    parent = above.parent;
                }
                indented(&mut text, depth, &shown(&told.item));
            }
            Event::Asked(_, request) => {
                let _ = writeln!(text, "? {}", asked(request));
            }
            Event::Resolved(_, written) => {
                let answer = written.as_deref().map_or("by itself".to_owned(), short);
                let _ = writeln!(text, "! resolved: {answer}");
            }
            Event::Turn(turn) => {
                turns += 1;
                let _ = writeln!(text, "── turn {turns} {}", turn_end(turn));
                if let Some(message) = &turn.message {
                    let _ = writeln!(text, "   last words: {}", short(message));
                }
            }
        }
    }
    let statuses: Vec<_> = heard.statuses.iter().map(status).collect();
    let _ = writeln!(text, "\nstatus: {}", statuses.join(" → "));
    let usages: Vec<_> = heard.usages.iter().map(usage).collect();
    if !usages.is_empty() {
        let _ = writeln!(text, "usage on the way: {}", usages.join(" → "));
    }
    if let Some(end) = &heard.end {
        let _ = writeln!(text, "process: {end}");
    }
    text
}

fn indented(text: &mut String, depth: usize, block: &str) {
    for line in block.lines() {
        let line = format!("{}{line}", "    ".repeat(depth));
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn shown(item: &Item) -> String {
    match item {
        Item::Message { text } => format!("message: {}", long(text)),
        Item::Reasoning { text } => format!("reasoning: {}", long(text)),
        Item::ToolCall {
            tool,
            title,
            status,
        } => format!("{} [{}] {title}", tool_word(*tool), status_word(*status)),
        Item::ToolResult { output, exit } => {
            let exit = exit.map_or(String::new(), |exit| format!(" (exit {exit})"));
            format!("result{exit}: {}", long(output))
        }
        Item::Plan { entries } => {
            let steps: Vec<_> = entries
                .iter()
                .map(|entry| format!("[{}] {}", if entry.done { 'x' } else { ' ' }, entry.text))
                .collect();
            format!("plan: {}", steps.join("; "))
        }
        Item::Diff { path, patch } => format!("diff {path}: {}", long(patch)),
        Item::Usage { usage: figures } => format!("usage: {}", usage(figures)),
        Item::Notice { text } => format!("notice: {}", long(text)),
        Item::Error { text, retrying } => {
            let again = if *retrying { " (tries again)" } else { "" };
            format!("error{again}: {}", long(text))
        }
    }
}

fn asked(request: &Request) -> String {
    let ask = match &request.ask {
        Ask::Command { command } => format!("command {command:?}"),
        Ask::Edit { paths } => format!("edit {paths:?}"),
        Ask::Tool { name, tool } => format!("tool {name} ({})", tool_word(*tool)),
        Ask::Question { questions } => format!("{} questions", questions.len()),
    };
    let choices: Vec<_> = request
        .choices
        .iter()
        .map(|choice| {
            let kind = match choice.kind {
                ChoiceKind::AllowOnce => "allow",
                ChoiceKind::AllowAlways => "always",
                ChoiceKind::Deny => "deny",
                ChoiceKind::Cancel => "cancel",
            };
            format!("{kind}={} {:?}", choice.id, choice.label)
        })
        .collect();
    let reason = request
        .reason
        .as_ref()
        .map(|reason| format!(" because {reason:?}"))
        .unwrap_or_default();
    format!("{}{reason} [{ask}] {}", request.title, choices.join(", "))
}

fn status(status: &AgentStatus) -> String {
    match status {
        AgentStatus::Starting => "starting".to_owned(),
        AgentStatus::Thinking => "thinking".to_owned(),
        AgentStatus::Tool { title, .. } => format!("running {title}"),
        AgentStatus::Retrying { count, why } => format!("retrying ({count}: {})", short(why)),
        AgentStatus::WaitingForApproval { title } => format!("waiting for approval of {title}"),
        AgentStatus::WaitingForAnswer { title } => format!("waiting for an answer to {title}"),
        AgentStatus::RateLimited { until } => format!("rate limited until {until:?}"),
        AgentStatus::Silent { .. } => "silent".to_owned(),
    }
}

/// A text of several lines, shortened where it is very long.
fn long(text: &str) -> String {
    const LINES: usize = 14;
    let lines = text.lines().count();
    let mut shown: Vec<_> = text.lines().take(LINES).map(cut).collect();
    if lines > LINES {
        shown.push(format!("… {lines} lines, {} bytes", text.len()));
    }
    let joined = if shown.len() > 1 {
        format!("\n  {}", shown.join("\n  "))
    } else {
        shown.concat()
    };
    joined.escape_control()
}

/// A text on one line.
fn short(text: &str) -> String {
    cut(&text.replace('\n', " / ")).escape_control()
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 220;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

trait EscapeControl {
    fn escape_control(&self) -> String;
}

impl EscapeControl for str {
    fn escape_control(&self) -> String {
        let mut text = String::new();
        for character in self.chars() {
            if character.is_control() && character != '\n' {
                let _ = write!(text, "\\x{:02x}", u32::from(character));
            } else {
                text.push(character);
            }
        }
        text
    }
}
