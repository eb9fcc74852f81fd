//! What agents say and do, in whole sentences: messages when they are complete, tools by their titles.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use super::super::entry_time;
use super::lines::block;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::AttemptId;
use crate::domain::item::{Entry, Item, ToolKind, ToolStatus};
use crate::store::evidence;

/// At most so many lines about tools are told in a second: nobody can listen to more.
const TOOLS_PER_SECOND: u32 = 4;

/// Of what came at once, only so much of its end is read.
const MOST: u64 = 4 * 1024 * 1024;

pub(super) struct Transcripts {
    root: PathBuf,
    live: BTreeMap<AttemptId, Listening>,
}

impl Transcripts {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            live: BTreeMap::new(),
        }
    }

    /// A fact: attempts begin and end. Gives what is to be told before it, when it is new.
    pub(super) fn take(&mut self, envelope: &Envelope, is_new: bool) -> Vec<String> {
        match &envelope.event {
            Event::AttemptStarted { attempt, .. } => {
                let folder = evidence::folder_of(&self.root, envelope.run, attempt);
                let path = folder.join("transcript.jsonl");
                self.live.insert(attempt.clone(), Listening::new(path));
                Vec::new()
            }
            Event::TurnFinished { attempt, .. } if is_new => {
                let live = self.live.get_mut(attempt);
                live.map_or_else(Vec::new, |live| live.end_of_turn(attempt))
            }
            Event::AttemptFinished { attempt, .. } => {
                let live = self.live.remove(attempt).filter(|_| is_new);
                live.map_or_else(Vec::new, |mut live| live.end_of_turn(attempt))
            }
            _ => Vec::new(),
        }
    }

    /// A transcript has grown. What is not new is left out.
    pub(super) fn advanced(
        &mut self,
        attempt: &AttemptId,
        bytes: u64,
        is_new: bool,
    ) -> Vec<String> {
        let Some(live) = self.live.get_mut(attempt) else {
            return Vec::new();
        };
        if is_new {
            return live.read(attempt, bytes);
        }
        live.read = bytes;
        Vec::new()
    }
}

/// What a tool of this kind does, before what it does it to.
fn does(tool: ToolKind) -> &'static str {
    match tool {
        ToolKind::Read => "reads ",
        ToolKind::Search => "searches ",
        ToolKind::Edit => "edits ",
        ToolKind::Fetch => "fetches ",
        // A command begins with `$`.
        ToolKind::Execute | ToolKind::Other => "",
    }
}

struct Listening {
    path: PathBuf,
    read: u64,
    /// The message that may go on: its id, its text.
    message: Option<(u64, String)>,
    /// The tool calls that were told, or counted.
    told: Option<u64>,
    /// In this second (of the wall clock), so many.
    second: (i64, u32),
    /// Not told for want of time.
    left_out: u32,
}

impl Listening {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: 0,
            message: None,
            told: None,
            second: (0, 0),
            left_out: 0,
        }
    }

    fn read(&mut self, attempt: &AttemptId, bytes: u64) -> Vec<String> {
        let mut said = Vec::new();
        for entry in self.entries(bytes) {
            self.entry(attempt, entry, &mut said);
        }
        said
    }

    /// The whole lines up to there. What can't be read is told by `docket log`.
    fn entries(&mut self, bytes: u64) -> Vec<Entry> {
        let from = self.read.max(bytes.saturating_sub(MOST));
        let mut text = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.take(bytes.saturating_sub(from)).read_to_end(&mut text)
        });
        let end = text.iter().rposition(|byte| *byte == b'\n');
        let Some(end) = end.filter(|_| read.is_ok()) else {
            return Vec::new();
        };
        self.read = from + end as u64 + 1;
        text[..end]
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    fn entry(&mut self, attempt: &AttemptId, entry: Entry, said: &mut Vec<String>) {
        match entry.item {
            Item::Message { text } => match &mut self.message {
                Some((id, known)) if *id == entry.id && entry.append => known.push_str(&text),
                Some((id, known)) if *id == entry.id => *known = text,
                _ => {
                    self.end_message(attempt, said);
                    self.message = Some((entry.id, text));
                }
            },
            Item::ToolCall {
                title,
                status,
                tool,
            } => {
                self.end_message(attempt, said);
                let words = match status {
                    ToolStatus::Failed => "failed: ",
                    ToolStatus::Declined => "was not allowed: ",
                    ToolStatus::Running | ToolStatus::Completed => "",
                };
                let title = format!("{}{title}", does(tool));
                // Ids rise: one that was told has only got further.
                let is_new = self.told.is_none_or(|told| entry.id > told);
                if is_new || !words.is_empty() {
                    self.told = self.told.max(Some(entry.id));
                    self.tool(attempt, &format!("{words}{title}"), said);
                }
            }
            Item::Error { text, retrying } => {
                self.end_message(attempt, said);
                let again = if retrying { ", it tries again" } else { "" };
                said.extend(block(&format!("{attempt} error{again}: "), &text));
            }
            Item::Notice { text } => {
                self.end_message(attempt, said);
                said.extend(block(&format!("{attempt} notice: "), &text));
            }
            Item::Plan { .. }
            | Item::Reasoning { .. }
            | Item::ToolResult { .. }
            | Item::Diff { .. }
            | Item::Usage { .. } => {}
        }
    }

    fn tool(&mut self, attempt: &AttemptId, title: &str, said: &mut Vec<String>) {
        let now = entry_time().0 / 1000;
        if self.second.0 != now {
            self.second = (now, 0);
        }
        self.second.1 += 1;
        if self.second.1 > TOOLS_PER_SECOND {
            self.left_out += 1;
            return;
        }
        self.end_left_out(attempt, said);
        said.extend(block(&format!("{attempt} "), title));
    }

    fn end_left_out(&mut self, attempt: &AttemptId, said: &mut Vec<String>) {
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            said.push(format!("{attempt} {count} more tool calls in between"));
        }
    }

    fn end_message(&mut self, attempt: &AttemptId, said: &mut Vec<String>) {
        if let Some((_, text)) = self.message.take()
            && !text.trim().is_empty()
        {
            self.end_left_out(attempt, said);
            said.extend(block(&format!("{attempt} says: "), &text));
        }
    }

    fn end_of_turn(&mut self, attempt: &AttemptId) -> Vec<String> {
        // The last word may be on the disk and not told yet.
        let length = self.path.metadata().map_or(0, |found| found.len());
        let mut said = self.read(attempt, length.max(self.read));
        self.end_message(attempt, &mut said);
        self.end_left_out(attempt, &mut said);
        said
    }
}
