//! The rows of the page: what is scrolled and where the cursor is. A row knows which lines it shows and nothing of their
//! text, so that a large diff has its rows at once.

use std::collections::{BTreeSet, HashMap};

use super::comments::Comment;
use super::unified::{Kind, Unified};

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// A line of the table of two attempts.
    Table(u32),
    /// Where a file begins.
    File(u32),
    /// A line of the diff, over the whole width.
    Line(u32),
    /// Old and new side by side.
    Pair(Option<u32>, Option<u32>),
    /// A comment.
    Comment(u32),
}

impl Row {
    /// The line of the diff that it is about: the new one, where there are two.
    pub(super) fn line(self) -> Option<usize> {
        let line = match self {
            Self::Line(line) => Some(line),
            Self::Pair(old, new) => new.or(old),
            Self::Table(_) | Self::File(_) | Self::Comment(_) => None,
        };
        line.map(|line| line as usize)
    }
}

/// What rows are made of.
pub(super) struct Source<'a> {
    pub(super) diff: &'a Unified,
    /// Paths of files that are folded.
    pub(super) folded: &'a BTreeSet<String>,
    pub(super) side_by_side: bool,
    pub(super) comments: &'a [Comment],
    /// How many lines the table has.
    pub(super) table: usize,
}

/// Where comments belong: old or new line, and its number.
type Places = HashMap<(bool, u32), Vec<u32>>;

impl Source<'_> {
    /// All rows, in order.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.diff.len() + self.diff.files().len() + self.table);
        rows.extend((0..self.table as u32).map(Row::Table));
        for (index, file) in self.diff.files().iter().enumerate() {
            // Text before the first file has no name.
            if !file.path.is_empty() {
                rows.push(Row::File(index as u32));
            }
            let mut places = self.places(&file.path);
            if !self.folded.contains(&file.path) {
                for line in file.lines.clone() {
                    self.line(line, &mut places, &mut rows);
                }
            }
            // What is said about lines that are not shown stays with the file.
            let mut rest: Vec<u32> = places.into_values().flatten().collect();
            rest.sort_unstable();
            rows.extend(rest.into_iter().map(Row::Comment));
        }
        let is_known = |comment: &Comment| {
            let mut files = self.diff.files().iter();
            files.any(|file| file.path == comment.anchor.path)
        };
        let comments = self.comments.iter().enumerate();
        let lost = comments.filter(|(_, comment)| !is_known(comment));
        rows.extend(lost.map(|(index, _)| Row::Comment(index as u32)));
        rows
    }

    fn places(&self, path: &str) -> Places {
        let mut places = Places::new();
        let comments = self.comments.iter().enumerate();
        for (index, comment) in comments.filter(|(_, comment)| comment.anchor.path == path) {
            let key = (comment.anchor.is_removed, comment.anchor.number);
            places.entry(key).or_default().push(index as u32);
        }
        places
    }

    fn line(&self, index: usize, places: &mut Places, rows: &mut Vec<Row>) {
        let Some(line) = self.diff.line(index) else {
            return;
        };
        let at = index as u32;
        let partner = self.diff.partner(index).map(|partner| partner as u32);
        if self.side_by_side {
            match line.kind {
                Kind::Context => rows.push(Row::Pair(Some(at), Some(at))),
                Kind::Removed => rows.push(Row::Pair(Some(at), partner)),
                Kind::Added if partner.is_none() => rows.push(Row::Pair(None, Some(at))),
                // It stands beside the line whose place it took.
                Kind::Added => return,
                Kind::Hunk | Kind::NoNewline | Kind::Other => rows.push(Row::Line(at)),
            }
        } else {
            rows.push(Row::Line(at));
        }
        if places.is_empty() {
            return;
        }
        let mut take = |is_removed, number| {
            let found = places.remove(&(is_removed, number));
            rows.extend(found.into_iter().flatten().map(Row::Comment));
        };
        match line.kind {
            Kind::Removed => {
                take(true, line.old);
                let beside = partner.and_then(|partner| self.diff.line(partner as usize));
                if let Some(beside) = beside.filter(|_| self.side_by_side) {
                    take(false, beside.new);
                }
            }
            Kind::Context | Kind::Added => take(false, line.new),
            Kind::Hunk | Kind::NoNewline | Kind::Other => {}
        }
    }
}
