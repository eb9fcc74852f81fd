//! A transcript that another process writes: how long it is, and what its newest lines say of tokens and tools.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use crate::domain::board::Feed;
use crate::domain::ids::AttemptId;
use crate::domain::item::{AgentStatus, Entry, Item, ToolStatus};

/// Of what came since the last look, only so much of its end is read.
const MOST: u64 = 1024 * 1024;

pub(super) struct Growth {
    /// The attempt's evidence.
    pub(super) folder: PathBuf,
    /// The turn that goes on.
    pub(super) turn: Option<u32>,
    length: u64,
    /// Up to where lines were read.
    read: u64,
    status: Option<AgentStatus>,
}

impl Growth {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            turn: None,
            length: 0,
            read: 0,
            status: None,
        }
    }

    /// Tells what is new. A file that can't be read tells nothing: whoever shows the transcript says why.
    pub(super) fn look(&mut self, attempt: &AttemptId, feed: &mut Vec<Feed>) {
        let Ok(mut file) = File::open(self.folder.join("transcript.jsonl")) else {
            return;
        };
        let length = file.metadata().map_or(0, |found| found.len());
        if length <= self.length {
            return;
        }
        self.length = length;
        let attempt = attempt.clone();
        feed.push(Feed::Advanced {
            attempt: attempt.clone(),
            bytes: length,
        });
        let Some(turn) = self.turn else {
            self.read = length;
            return;
        };
        let mut usage = None;
        let mut status = None;
        for entry in self.lines(&mut file) {
            if entry.turn != turn {
                continue;
            }
            match entry.item {
                Item::Usage { usage: used } => usage = Some(used),
                Item::ToolCall {
                    title,
                    status: ToolStatus::Running,
                    ..
                } => {
                    let since = entry.at;
                    status = Some(AgentStatus::Tool { title, since });
                }
                Item::ToolCall { .. } | Item::Message { .. } | Item::Reasoning { .. } => {
                    status = Some(AgentStatus::Thinking);
                }
                _ => {}
            }
        }
        if let Some(usage) = usage {
            let attempt = attempt.clone();
            feed.push(Feed::Used { attempt, usage });
        }
        if let Some(status) = status
            && self.status.as_ref() != Some(&status)
        {
            self.status = Some(status.clone());
            feed.push(Feed::Status { attempt, status });
        }
    }

    /// The whole lines that came since the last look, or the last ones of them.
    fn lines(&mut self, file: &mut File) -> Vec<Entry> {
        let from = self.read.max(self.length.saturating_sub(MOST));
        let mut text = Vec::new();
        let is_read = file.seek(SeekFrom::Start(from)).is_ok()
            && file.take(MOST).read_to_end(&mut text).is_ok();
        let Some(end) = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .filter(|_| is_read)
        else {
            return Vec::new();
        };
        self.read = from + end as u64 + 1;
        // Half a line at the beginning is no entry, and is left out by that.
        let lines = text[..end].split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }
}
