//! Tools as people see them: kind, title, output, changes, plan. The names of `qwen`'s tools are here too.

use std::path::Path;

use serde_json::Value;

use super::fields::{count, flag, list, one_line, text, word};
use crate::domain::item::{Item, PlanEntry, ToolKind};

/// Titles are one line of at most so many characters.
const LONGEST: usize = 300;

/// What stands beside the result of a call that an interrupt stopped.
const STOPPED: &str = "User rejected tool use";

/// What kind of tool it is.
pub(super) fn kind(name: &str) -> ToolKind {
    match name {
        "Read" | "NotebookRead" | "LS" | "read_file" | "read_many_files" | "list_directory" => {
            ToolKind::Read
        }
        "Grep"
        | "Glob"
        | "WebSearch"
        | "ToolSearch"
        | "glob"
        | "grep_search"
        | "search_file_content"
        | "web_search" => ToolKind::Search,
        "Edit" | "Write" | "MultiEdit" | "NotebookEdit" | "edit" | "write_file" | "replace" => {
            ToolKind::Edit
        }
        "Bash" | "BashOutput" | "KillShell" | "Monitor" | "run_shell_command" => ToolKind::Execute,
        "WebFetch" | "web_fetch" => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}

/// Whether the tool runs a command line.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "Bash" | "run_shell_command")
}

/// Whether the tool keeps the plan.
pub(super) fn is_plan(name: &str) -> bool {
    matches!(name, "TodoWrite" | "todo_write")
}

/// A path as people read it: relative to `folder` where it is inside.
pub(super) fn relative(path: &str, folder: &str) -> String {
    if folder.is_empty() {
        return path.to_owned();
    }
    Path::new(path)
        .strip_prefix(folder)
        .ok()
        .and_then(Path::to_str)
        .filter(|inside| !inside.is_empty())
        .unwrap_or(path)
        .to_owned()
}

/// The file that a tool works on.
pub(super) fn path(input: &Value) -> Option<&str> {
    ["file_path", "notebook_path", "absolute_path", "path"]
        .iter()
        .find_map(|key| text(input, key))
}

/// One line for people: `$ cargo test`, `src/main.rs`, `search "foo"`.
pub(super) fn title(name: &str, input: &Value, folder: &str) -> String {
    let title = match kind(name) {
        ToolKind::Execute => text(input, "command").map(|command| format!("$ {command}")),
        ToolKind::Read | ToolKind::Edit => path(input).map(|path| relative(path, folder)),
        ToolKind::Search => {
            text(input, "pattern")
                .or_else(|| text(input, "query"))
                .map(|pattern| match text(input, "path") {
                    Some(path) => format!("search \"{pattern}\" in {}", relative(path, folder)),
                    None => format!("search \"{pattern}\""),
                })
        }
        ToolKind::Fetch => text(input, "url").map(str::to_owned),
        ToolKind::Other => other(name, input),
    };
    one_line(&title.unwrap_or_else(|| name.to_owned()), LONGEST)
}

fn other(name: &str, input: &Value) -> Option<String> {
    match name {
        "Task" | "Agent" | "task" | "agent" => {
            text(input, "description").map(|description| format!("sub-agent: {description}"))
        }
        "AskUserQuestion" => list(input, "questions")
            .first()
            .and_then(|question| text(question, "question"))
            .map(str::to_owned),
        "ExitPlanMode" => Some("present the plan".to_owned()),
        "Skill" => text(input, "skill").map(|skill| format!("skill {skill}")),
        _ => {
            // `mcp__server__tool`
            let (server, tool) = name.strip_prefix("mcp__")?.split_once("__")?;
            Some(format!("{server}: {tool}"))
        }
    }
}

/// What a tool gave back.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Its output; empty when there is none worth showing.
    pub(super) output: String,
    /// The exit code of a command that failed.
    pub(super) exit: Option<i32>,
    /// The changes that it made.
    pub(super) diffs: Vec<Item>,
    /// It goes on in the background: this is no end.
    pub(super) goes_on: bool,
}

/// Reads a `tool_result` block and the `tool_use_result` beside it, which has more in it than the model is shown.
pub(super) fn outcome(name: &str, block: &Value, detail: Option<&Value>, folder: &str) -> Outcome {
    let failed = flag(block, "is_error");
    if detail.and_then(Value::as_str) == Some(STOPPED) {
        // The rest is what claude tells the model about that, at length.
        return Outcome::default();
    }
    let content = block.get("content").map(flat).unwrap_or_default();
    let mut outcome = Outcome::default();
    if let Some(detail) = detail {
        outcome.diffs = diffs(detail, folder);
        outcome.goes_on = word(detail, "status") == "async_launched" || flag(detail, "isAsync");
    }
    if outcome.goes_on {
        return outcome;
    }
    if is_shell(name) {
        if failed {
            let (exit, rest) = exit_code(&content);
            outcome.exit = exit;
            rest.clone_into(&mut outcome.output);
            return outcome;
        }
        if let Some((stdout, stderr)) =
            detail.and_then(|detail| Some((text(detail, "stdout")?, text(detail, "stderr")?)))
        {
            outcome.output = [stdout, stderr]
                .into_iter()
                .filter(|stream| !stream.is_empty())
                .collect::<Vec<_>>()
                .join("\n");
            return outcome;
        }
    }
    if !failed && kind(name) == ToolKind::Edit && !outcome.diffs.is_empty() {
        // The words to the model say no more than the change itself.
        return outcome;
    }
    let report = detail
        .filter(|detail| word(detail, "status") == "completed")
        .and_then(|detail| detail.get("content"))
        .map(flat);
    outcome.output = report.unwrap_or(content);
    outcome
}

/// A failed command's output begins with its exit code; only shown, never decided by.
fn exit_code(content: &str) -> (Option<i32>, &str) {
    let Some(rest) = content.strip_prefix("Exit code ") else {
        return (None, content);
    };
    let (code, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    match code.parse() {
        Ok(code) => (Some(code), rest),
        Err(_) => (None, content),
    }
}

/// A content that is a text, or a list of blocks.
pub(super) fn flat(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| match text(block, "text") {
                Some(text) => text.to_owned(),
                None => format!("[{}]", text(block, "type").unwrap_or("?")),
            })
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

/// The changes in a `tool_use_result`: of an edit, of a new file, or those that a command made.
fn diffs(detail: &Value, folder: &str) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(path) = text(detail, "filePath") {
        let hunks = list(detail, "structuredPatch");
        let created = word(detail, "type") == "create";
        if !hunks.is_empty() {
            items.push(diff(path, hunks, created, folder));
        } else if created {
            let content = word(detail, "content");
            let lines: Vec<Value> = content
                .lines()
                .map(|line| Value::String(format!("+{line}")))
                .collect();
            let hunk = serde_json::json!({
                "oldStart": 0, "oldLines": 0,
                "newStart": u8::from(!lines.is_empty()), "newLines": lines.len(),
                "lines": lines,
            });
            items.push(diff(path, &[hunk], true, folder));
        }
    }
    let by_command = detail.get("bashEditDiff").unwrap_or(&Value::Null);
    for file in list(by_command, "files") {
        let hunks = list(file, "hunks");
        if let Some(path) = text(file, "filePath")
            && !hunks.is_empty()
        {
            items.push(diff(path, hunks, flag(file, "created"), folder));
        }
    }
    items
}

/// Hunks to a unified diff.
fn diff(path: &str, hunks: &[Value], created: bool, folder: &str) -> Item {
    use std::fmt::Write as _;
    let path = relative(path, folder);
    let name = path.trim_start_matches('/');
    let mut patch = if created {
        format!("--- /dev/null\n+++ b/{name}\n")
    } else {
        format!("--- a/{name}\n+++ b/{name}\n")
    };
    for hunk in hunks {
        let _infallible = writeln!(
            patch,
            "@@ -{},{} +{},{} @@",
            count(hunk, "oldStart"),
            count(hunk, "oldLines"),
            count(hunk, "newStart"),
            count(hunk, "newLines"),
        );
        for line in list(hunk, "lines").iter().filter_map(Value::as_str) {
            patch.push_str(line);
            patch.push('\n');
        }
    }
    Item::Diff { path, patch }
}

/// The plan, as `TodoWrite` is given it.
pub(super) fn plan(input: &Value) -> Item {
    let entries = list(input, "todos")
        .iter()
        .map(|step| PlanEntry {
            text: word(step, "content").to_owned(),
            done: word(step, "status") == "completed",
        })
        .collect();
    Item::Plan { entries }
}
