//! Comments on lines of a diff, kept until they are sent.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::domain::ids::AttemptId;
use crate::ui::text;

/// The line that a comment is about. It finds its line again when the diff was taken anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Anchor {
    /// Whose diff it is.
    pub(crate) attempt: AttemptId,
    /// The file, as it is called now.
    pub(crate) path: String,
    /// The line's number.
    pub(crate) number: u32,
    /// Whether the line is one of the old file that is gone.
    pub(crate) is_removed: bool,
    /// The line's text.
    pub(crate) quote: String,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may hold line breaks and worse.
        write!(f, "{}:{}", text::clean(&self.path), self.number)?;
        if self.is_removed {
            f.write_str(" (removed)")?;
        }
        Ok(())
    }
}

impl Anchor {
    /// Whether both are about the same line.
    fn is_at(&self, other: &Self) -> bool {
        self.path == other.path
            && self.number == other.number
            && self.is_removed == other.is_removed
    }
}

/// What somebody says about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Which line.
    pub(crate) anchor: Anchor,
    /// The words.
    pub(crate) text: String,
    /// Whether the agent was told.
    pub(crate) is_sent: bool,
}

/// All comments, by attempt, in the order of files and lines.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    of: BTreeMap<AttemptId, Vec<Comment>>,
}

impl Comments {
    /// An attempt's comments.
    pub(crate) fn of(&self, attempt: &AttemptId) -> &[Comment] {
        self.of.get(attempt).map_or(&[], Vec::as_slice)
    }

    /// The comment on a line that was not sent yet.
    pub(crate) fn at(&self, anchor: &Anchor) -> Option<&Comment> {
        let mut comments = self.of(&anchor.attempt).iter();
        comments.find(|comment| !comment.is_sent && comment.anchor.is_at(anchor))
    }

    /// Says something about a line in place of what was said before; nothing drops it.
    pub(crate) fn put(&mut self, anchor: Anchor, text: String) {
        let comments = self.of.entry(anchor.attempt.clone()).or_default();
        comments.retain(|comment| comment.is_sent || !comment.anchor.is_at(&anchor));
        if text.is_empty() {
            return;
        }
        comments.push(Comment {
            anchor,
            text,
            is_sent: false,
        });
        comments.sort_by(|one, other| one.anchor.cmp(&other.anchor));
    }

    /// How many are not sent yet.
    pub(crate) fn open(&self, attempt: &AttemptId) -> usize {
        let comments = self.of(attempt).iter();
        comments.filter(|comment| !comment.is_sent).count()
    }

    /// The agent was told.
    pub(crate) fn sent(&mut self, attempt: &AttemptId) {
        for comment in self.of.get_mut(attempt).into_iter().flatten() {
            comment.is_sent = true;
        }
    }

    /// Whose diffs have comments.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &AttemptId> {
        self.of.keys()
    }

    /// Each that is not sent yet, for the agent: place, words, and the line itself.
    pub(crate) fn each(&self, attempt: &AttemptId) -> impl Iterator<Item = String> {
        let open = self.of(attempt).iter().filter(|comment| !comment.is_sent);
        open.map(|comment| {
            let mut text = format!("{}: {}", comment.anchor, comment.text);
            let quote = comment.anchor.quote.trim();
            if !quote.is_empty() {
                let _infallible = write!(text, "\n> {quote}");
            }
            text
        })
    }

    /// All that is not sent yet as one text for the agent.
    pub(crate) fn composed(&self, attempt: &AttemptId) -> String {
        let each: Vec<_> = self.each(attempt).collect();
        each.join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(path: &str, number: u32, is_removed: bool) -> Anchor {
        Anchor {
            attempt: "TICKET-003.1".parse().expect("an attempt"),
            path: path.into(),
            number,
            is_removed,
            quote: "    header();".into(),
        }
    }

    #[test]
    fn comments_become_one_text_in_the_order_of_the_diff() {
        let mut comments = Comments::default();
        let attempt = anchor("a", 1, false).attempt;
        comments.put(anchor("src/b.rs", 9, false), "late".into());
        comments.put(anchor("src/a.rs", 41, false), "why?\nSay so.".into());
        comments.put(anchor("src/a.rs", 41, true), "keep it".into());
        comments.put(anchor("src/b.rs", 9, false), "later".into());
        assert_eq!(
            comments.composed(&attempt),
            "src/a.rs:41: why?\nSay so.\n> header();\n\n\
             src/a.rs:41 (removed): keep it\n> header();\n\n\
             src/b.rs:9: later\n> header();"
        );
        comments.put(anchor("src/b.rs", 9, false), String::new());
        assert_eq!(comments.open(&attempt), 2);
        comments.sent(&attempt);
        assert_eq!(
            (comments.composed(&attempt), comments.open(&attempt)),
            (String::new(), 0)
        );
        comments.put(anchor("src/a.rs", 41, false), "again".into());
        assert_eq!(comments.of(&attempt).len(), 3);
        assert_eq!(comments.open(&attempt), 1);
    }
}
