//! One tool call, as it grows: agents tell of it piece by piece, and the first piece may be a request for permission.

use std::path::Path;

use serde_json::Value;

use super::paths::relative;
use super::wire::{list, text};
use crate::domain::item::{ToolKind, ToolStatus};

/// What is known of a tool call.
#[derive(Debug)]
pub(super) struct ToolCall {
    /// The item that shows it.
    pub(super) draft: u64,
    /// The call that started the sub-agent whose call this is.
    pub(super) parent: Option<u64>,
    /// Its kind.
    pub(super) kind: ToolKind,
    /// The protocol's word for its kind.
    pub(super) kind_word: String,
    /// What has become of it.
    pub(super) status: ToolStatus,
    /// The agent's name of the tool.
    pub(super) name: Option<String>,
    /// The command line, once known, without a shell around it.
    pub(super) command: Option<String>,
    /// The files that it touches, relative to the working tree where inside.
    pub(super) paths: Vec<String>,
    /// What it gave back so far.
    pub(super) output: String,
    /// The exit code of its command.
    pub(super) exit: Option<i32>,
    /// The exit code that the transcript has.
    pub(super) shown_exit: Option<i32>,
    /// The item that shows the output.
    pub(super) result: Option<u64>,
    /// The changes that were shown.
    pub(super) changes: Vec<Change>,
    /// Whether a permission for it was refused: then its failure is no failure.
    pub(super) refused: bool,
    /// What the transcript has of it.
    pub(super) shown: Option<(ToolKind, String, ToolStatus)>,
    title: String,
    /// Whether the agent gives the input of its tools.
    has_input: bool,
}

/// A change of one file.
#[derive(Debug)]
pub(super) struct Change {
    /// The item that shows it.
    pub(super) draft: u64,
    /// The file.
    pub(super) path: String,
    /// What it was.
    pub(super) old: String,
    /// What it became.
    pub(super) new: String,
}

/// What a piece says about the output.
#[derive(Debug, PartialEq)]
pub(super) enum Output {
    /// The whole of it so far.
    Whole(String),
    /// More of it.
    More(String),
}

impl ToolCall {
    /// A call of which nothing is known yet.
    pub(super) fn new(draft: u64) -> Self {
        Self {
            draft,
            parent: None,
            kind: ToolKind::Other,
            kind_word: "other".to_owned(),
            status: ToolStatus::Running,
            name: None,
            command: None,
            paths: Vec::new(),
            output: String::new(),
            exit: None,
            shown_exit: None,
            result: None,
            changes: Vec::new(),
            refused: false,
            shown: None,
            title: String::new(),
            has_input: false,
        }
    }

    /// Takes what a piece tells; what it leaves out or leaves empty stays as it was.
    pub(super) fn merge(&mut self, piece: &Value, root: Option<&Path>) {
        if let Some(title) = text(&piece["title"]) {
            title.clone_into(&mut self.title);
        }
        let meta = &piece["_meta"];
        let name = text(&piece["name"])
            .or_else(|| text(&meta["claudeCode"]["toolName"]))
            .or_else(|| text(&meta["toolName"]));
        if let Some(name) = name {
            self.name = Some(name.to_owned());
        }
        if let Some(kind) = text(&piece["kind"]) {
            self.kind = kind_of(kind);
            kind.clone_into(&mut self.kind_word);
        }
        self.has_input |= piece["rawInput"].is_object();
        if let Some(command) = command(&piece["rawInput"]["command"]) {
            self.command = Some(command);
        }
        let paths = paths(piece, root);
        if !paths.is_empty() {
            self.paths = paths;
        }
        match piece["status"].as_str() {
            Some("pending" | "in_progress") if self.status == ToolStatus::Running => {}
            Some("completed") => self.status = ToolStatus::Completed,
            Some("failed" | "cancelled") if self.refused => self.status = ToolStatus::Declined,
            Some("failed" | "cancelled") => self.status = ToolStatus::Failed,
            // Unknown ones say nothing, and what has ended doesn't begin again.
            _ => {}
        }
        if let Some(exit) = exit(piece) {
            self.exit = Some(exit);
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        match self.kind {
            ToolKind::Execute => match self.command_line() {
                Some(command) => format!("$ {command}"),
                None => self.first_line().to_owned(),
            },
            ToolKind::Read | ToolKind::Edit if !self.paths.is_empty() => self.paths.join(", "),
            _ => self.first_line().to_owned(),
        }
    }

    fn first_line(&self) -> &str {
        match self.title.lines().next() {
            Some(line) => line,
            None => self.label(),
        }
    }

    /// The command that it runs. Agents that give no input give the command as the title (gemini).
    pub(super) fn command_line(&self) -> Option<&str> {
        let titled = (!self.has_input && self.kind == ToolKind::Execute).then_some(&self.title);
        self.command
            .as_ref()
            .or(titled)
            .map(String::as_str)
            .filter(|command| !command.is_empty())
    }

    /// The tool's name, or the protocol's word for its kind: never words that the model chose.
    pub(super) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.kind_word)
    }

    /// Whether it still runs.
    pub(super) fn runs(&self) -> bool {
        self.status == ToolStatus::Running
    }
}

/// The protocol's kinds; those that it gets in time are `Other`.
fn kind_of(kind: &str) -> ToolKind {
    match kind {
        "read" => ToolKind::Read,
        "search" => ToolKind::Search,
        "edit" | "delete" | "move" => ToolKind::Edit,
        "execute" => ToolKind::Execute,
        "fetch" => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}

/// A command line, of a text or of a list of words. The agent's own shell around it is taken off.
fn command(value: &Value) -> Option<String> {
    if let Some(line) = text(value) {
        return Some(line.to_owned());
    }
    let words: Vec<&str> = list(value).iter().filter_map(Value::as_str).collect();
    match words.as_slice() {
        [] => None,
        [shell, "-c" | "-lc" | "-ic", line] if is_shell(shell) => Some((*line).to_owned()),
        words => Some(
            words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        ),
    }
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh")
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// All files that a piece names: where it works, what it changes, what it was asked. A rule about paths must see each.
fn paths(piece: &Value, root: Option<&Path>) -> Vec<String> {
    let input = &piece["rawInput"];
    let located = list(&piece["locations"]).iter().map(|place| &place["path"]);
    let changed = list(&piece["content"])
        .iter()
        .filter(|part| part["type"] == "diff")
        .map(|part| &part["path"]);
    let asked = ["file_path", "filePath", "filepath", "path"].map(|name| &input[name]);
    let mut paths: Vec<String> = Vec::new();
    for path in located.chain(changed).chain(asked).filter_map(text) {
        let path = relative(path, root);
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

fn exit(piece: &Value) -> Option<i32> {
    let output = &piece["rawOutput"];
    let places = [
        &piece["_meta"]["terminal_exit"]["exit_code"],
        &output["metadata"]["exit"],
        &output["exit_code"],
        &output["exitCode"],
    ];
    let code = places.into_iter().find_map(Value::as_i64)?;
    i32::try_from(code).ok()
}

/// What a piece says about the output, in the protocol's own form before any agent's.
pub(super) fn output(piece: &Value) -> Option<Output> {
    let mut whole = String::new();
    for part in list(&piece["content"]) {
        let shown = match part["type"].as_str() {
            Some("content") => content(&part["content"]),
            // Shown as a change; a terminal is the client's own, and docket offers none.
            _ => None,
        };
        if let Some(shown) = shown {
            if !whole.is_empty() && !whole.ends_with('\n') {
                whole.push('\n');
            }
            whole.push_str(&shown);
        }
    }
    if !whole.is_empty() {
        return Some(Output::Whole(whole));
    }
    if let Some(more) = text(&piece["_meta"]["terminal_output_delta"]["data"]) {
        return Some(Output::More(more.to_owned()));
    }
    let raw = &piece["rawOutput"];
    text(raw)
        .or_else(|| {
            ["output", "formatted_output", "aggregated_output", "error"]
                .iter()
                .find_map(|name| text(&raw[*name]))
        })
        .map(|output| Output::Whole(output.to_owned()))
}

/// A block of content as people read it; `None` when it has nothing to read or is of a kind that nobody knows.
pub(super) fn content(block: &Value) -> Option<String> {
    let named = |what: &str, name: &Value| {
        let name = text(name).unwrap_or("no name");
        format!("[{what}: {name}]")
    };
    match block["type"].as_str()? {
        "text" => block["text"].as_str().map(str::to_owned),
        "image" => Some(named("image", &block["mimeType"])),
        "audio" => Some(named("audio", &block["mimeType"])),
        "resource_link" => Some(named("link", &block["uri"])),
        "resource" => text(&block["resource"]["text"])
            .map(str::to_owned)
            .or_else(|| Some(named("resource", &block["resource"]["uri"]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_grows_and_forgets_nothing() {
        let root = Some(Path::new("/w"));
        let mut call = ToolCall::new(1);
        call.merge(
            &json!({"title":"bash","kind":"execute","status":"pending","locations":[{"path":"/w"}],"rawInput":{}}),
            root,
        );
        assert_eq!((call.line().as_str(), call.command_line()), ("bash", None));
        call.merge(
            &json!({"title":"","rawInput":{"command":["/bin/bash","-lc","cargo test"]}}),
            root,
        );
        assert_eq!(
            (call.line().as_str(), call.kind),
            ("$ cargo test", ToolKind::Execute)
        );
        call.merge(
            &json!({"status":"completed","rawOutput":{"metadata":{"exit":3}}}),
            root,
        );
        assert_eq!((call.status, call.exit), (ToolStatus::Completed, Some(3)));
        call.merge(&json!({"status":"in_progress"}), root);
        call.merge(&json!({"status":"paused","kind":"dream"}), root);
        assert_eq!(
            (call.status, call.kind),
            (ToolStatus::Completed, ToolKind::Other)
        );
    }

    #[test]
    fn a_title_that_is_the_command_is_taken_for_it() {
        let mut call = ToolCall::new(1);
        call.merge(
            &json!({"title":"echo hi","kind":"execute","content":[]}),
            None,
        );
        assert_eq!(call.command_line(), Some("echo hi"));
    }

    #[test]
    fn every_file_that_is_named_counts() {
        let piece = json!({
            "locations": [{"path": "/w/a"}],
            "content": [{"type": "diff", "path": "/w/../etc/b", "newText": ""}],
            "rawInput": {"file_path": "/w/a", "path": "c"},
        });
        assert_eq!(paths(&piece, Some(Path::new("/w"))), ["a", "/etc/b", "c"]);
    }

    #[test]
    fn words_of_a_command_are_quoted_where_a_shell_would_split_them() {
        let line = |value: Value| command(&value);
        assert_eq!(line(json!(["git", "push"])).as_deref(), Some("git push"));
        assert_eq!(
            line(json!(["echo", "a b", "it's"])).as_deref(),
            Some(r"echo 'a b' 'it'\''s'")
        );
        assert_eq!(line(json!([])), None);
    }
}
