//! Reads unified diffs as git writes them (git-diff(1), "Generating patch text with -p"; the form of hunks: GNU diffutils,
//! "Detailed Description of Unified Format").
//!
//! A diff is read once into an index: files, and where each line begins. The text stays as it is, so a large diff costs
//! its bytes and a few more for each line. Nothing is refused: what is no diff is kept as lines that say so, because what
//! is reviewed may be cut off or damaged, and must be seen all the same.

use std::borrow::Cow;
use std::ops::Range;

/// A diff and its index.
#[derive(Debug, Default)]
pub(crate) struct Unified {
    bytes: Vec<u8>,
    lines: Vec<DiffLine>,
    files: Vec<FileDiff>,
    highest: u32,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `@@ -1,3 +1,4 @@`.
    Hunk,
    /// In both.
    Context,
    /// Only in the new file.
    Added,
    /// Only in the old file.
    Removed,
    /// The line before has no line break.
    NoNewline,
    /// No part of a hunk, and nothing that is known.
    Other,
}

/// A line of the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DiffLine {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its number in the old file, or the next one there.
    pub(crate) old: u32,
    /// Its number in the new file, or the next one there.
    pub(crate) new: u32,
    start: u32,
    partner: u32,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is new.
    Added,
    /// Its content or its mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It moved.
    Renamed,
    /// It was made from another one.
    Copied,
}

impl Status {
    /// The letter that git has for it.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Added => "A",
            Self::Modified => "M",
            Self::Deleted => "D",
            Self::Renamed => "R",
            Self::Copied => "C",
        }
    }
}

/// A file of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileDiff {
    /// Where it was, for a file that moved or is gone.
    pub(crate) old_path: Option<String>,
    /// Where it is; where it was for one that is gone. Empty for text before the first file.
    pub(crate) path: String,
    /// What became of it.
    pub(crate) status: Status,
    /// Whether a side is no text.
    pub(crate) binary: bool,
    /// The modes before and after, where they are told.
    pub(crate) modes: (Option<String>, Option<String>),
    /// Added lines.
    pub(crate) added: usize,
    /// Removed lines.
    pub(crate) removed: usize,
    /// Its lines in the index.
    pub(crate) lines: Range<usize>,
}

impl FileDiff {
    fn new(line: usize) -> Self {
        Self {
            old_path: None,
            path: String::new(),
            status: Status::Modified,
            binary: false,
            modes: (None, None),
            added: 0,
            removed: 0,
            lines: line..line,
        }
    }
}

const NONE: u32 = u32::MAX;

impl Unified {
    /// Reads a diff. Of one that is 4 GB or larger only that much.
    pub(crate) fn read(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(u32::MAX as usize - 1);
        let mut reader = Reader::default();
        let mut start = 0;
        while start < bytes.len() {
            let rest = &bytes[start..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let next = rest.get(length + 1..).unwrap_or_default();
            reader.line(&rest[..length], next, start);
            start += length + 1;
        }
        reader.end_file();
        let numbers = reader.lines.iter().map(|line| line.old.max(line.new));
        Self {
            highest: numbers.max().unwrap_or(0),
            lines: reader.lines,
            files: reader.files,
            bytes,
        }
    }

    /// Its files, in order.
    pub(crate) fn files(&self) -> &[FileDiff] {
        &self.files
    }

    /// A line of the index.
    pub(crate) fn line(&self, index: usize) -> Option<&DiffLine> {
        self.lines.get(index)
    }

    /// How many lines the index has.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// A line's text without its sign. What is no UTF-8 is replaced.
    pub(crate) fn text(&self, index: usize) -> Cow<'_, str> {
        let Some(line) = self.lines.get(index) else {
            return Cow::Borrowed("");
        };
        let rest = self.bytes.get(line.start as usize..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let text = &rest[..length];
        let text = match line.kind {
            Kind::Context | Kind::Added | Kind::Removed => text.get(1..).unwrap_or_default(),
            Kind::Hunk | Kind::NoNewline | Kind::Other => text,
        };
        String::from_utf8_lossy(text)
    }

    /// The line that took the place of a removed one, or the one whose place an added one took.
    pub(crate) fn partner(&self, index: usize) -> Option<usize> {
        let partner = self.lines.get(index)?.partner;
        (partner != NONE).then_some(partner as usize)
    }

    /// The file that a line belongs to.
    pub(crate) fn file_of(&self, line: usize) -> usize {
        let after = self.files.partition_point(|file| file.lines.start <= line);
        after.saturating_sub(1)
    }

    /// Added and removed lines of all files.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.files.iter().fold((0, 0), |(added, removed), file| {
            (added + file.added, removed + file.removed)
        })
    }

    /// The highest line number.
    pub(crate) fn highest(&self) -> u32 {
        self.highest
    }
}

#[derive(Default)]
struct Reader {
    lines: Vec<DiffLine>,
    files: Vec<FileDiff>,
    /// Lines that the hunk still has on each side.
    left: (u32, u32),
    /// The next line numbers.
    next: (u32, u32),
    /// Lines that may take each other's places.
    removed: Vec<u32>,
    added: Vec<u32>,
    /// The file that is read came with a `diff` line, and no hunk of it yet.
    in_head: bool,
    /// What follows is binary data until the next file.
    in_data: bool,
    /// `+++` is the next line.
    in_names: bool,
}

impl Reader {
    fn line(&mut self, line: &[u8], next: &[u8], start: usize) {
        if self.left != (0, 0) {
            if self.in_hunk(line, start) {
                return;
            }
            self.left = (0, 0);
        }
        if let Some(names) = line.strip_prefix(b"diff --git ") {
            self.begin(names_of(names));
            return;
        }
        if self.in_data {
            return;
        }
        if line.starts_with(b"\\") && self.last_is_body() {
            return self.push(Kind::NoNewline, start);
        }
        self.pair();
        if std::mem::take(&mut self.in_names)
            && let Some(path) = line.strip_prefix(b"+++ ")
        {
            self.new_name(path);
        } else if let Some(path) = line.strip_prefix(b"--- ")
            && next.starts_with(b"+++ ")
        {
            if !self.in_head {
                self.begin(None);
            }
            self.old_name(path);
            self.in_names = true;
        } else if let Some(((old, old_count), (new, new_count))) = hunk(line) {
            self.in_head = false;
            self.next = (old, new);
            self.push(Kind::Hunk, start);
            self.left = (old_count, new_count);
        } else if !(self.in_head && self.head(line)) {
            self.push(Kind::Other, start);
        }
    }

    /// A line of a hunk; false when it can be none.
    fn in_hunk(&mut self, line: &[u8], start: usize) -> bool {
        let (old, new) = self.left;
        match line.first() {
            // Some tools take the space of an empty line away.
            Some(b' ') | None if old > 0 && new > 0 => {
                self.pair();
                self.push(Kind::Context, start);
                self.left = (old - 1, new - 1);
                self.step(true, true);
            }
            Some(b'-') if old > 0 => {
                if !self.added.is_empty() {
                    self.pair();
                }
                self.removed.push(self.lines.len() as u32);
                self.push(Kind::Removed, start);
                self.left = (old - 1, new);
                self.step(true, false);
                self.file().removed += 1;
            }
            Some(b'+') if new > 0 => {
                self.added.push(self.lines.len() as u32);
                self.push(Kind::Added, start);
                self.left = (old, new - 1);
                self.step(false, true);
                self.file().added += 1;
            }
            Some(b'\\') => self.push(Kind::NoNewline, start),
            _ => return false,
        }
        true
    }

    fn step(&mut self, old: bool, new: bool) {
        self.next.0 = self.next.0.saturating_add(u32::from(old));
        self.next.1 = self.next.1.saturating_add(u32::from(new));
    }

    fn last_is_body(&self) -> bool {
        let last = self.lines.last().map(|line| line.kind);
        matches!(last, Some(Kind::Context | Kind::Added | Kind::Removed))
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.file();
        self.lines.push(DiffLine {
            kind,
            old: self.next.0,
            new: self.next.1,
            start: start as u32,
            partner: NONE,
        });
    }

    /// Removed lines and the added ones right behind them take each other's places, one by one.
    fn pair(&mut self) {
        for (removed, added) in self.removed.drain(..).zip(self.added.drain(..)) {
            if let Some(line) = self.lines.get_mut(removed as usize) {
                line.partner = added;
            }
            if let Some(line) = self.lines.get_mut(added as usize) {
                line.partner = removed;
            }
        }
    }

    fn begin(&mut self, path: Option<String>) {
        self.end_file();
        let mut file = FileDiff::new(self.lines.len());
        file.path = path.unwrap_or_default();
        self.files.push(file);
        self.next = (0, 0);
        self.left = (0, 0);
        self.in_head = true;
        self.in_data = false;
        self.in_names = false;
    }

    fn end_file(&mut self) {
        self.pair();
        if let Some(file) = self.files.last_mut() {
            file.lines.end = self.lines.len();
        }
    }

    fn file(&mut self) -> &mut FileDiff {
        if self.files.is_empty() {
            self.files.push(FileDiff::new(0));
        }
        let last = self.files.len() - 1;
        &mut self.files[last]
    }

    fn old_name(&mut self, path: &[u8]) {
        match name(path, b"a/") {
            Some(path) => {
                let file = self.file();
                if file.path.is_empty() {
                    file.path.clone_from(&path);
                }
            }
            None => self.file().status = Status::Added,
        }
    }

    fn new_name(&mut self, path: &[u8]) {
        match name(path, b"b/") {
            Some(path) => self.file().path = path,
            None => self.file().status = Status::Deleted,
        }
    }

    /// A line between the names and the first hunk; whether it is known.
    fn head(&mut self, line: &[u8]) -> bool {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let after = |start: &str| line.strip_prefix(start.as_bytes());
        if let Some(mode) = after("old mode ") {
            self.file().modes.0 = Some(text(mode));
        } else if let Some(mode) = after("new mode ") {
            self.file().modes.1 = Some(text(mode));
        } else if let Some(mode) = after("new file mode ") {
            let file = self.file();
            file.status = Status::Added;
            file.modes.1 = Some(text(mode));
        } else if let Some(mode) = after("deleted file mode ") {
            let file = self.file();
            file.status = Status::Deleted;
            file.modes.0 = Some(text(mode));
        } else if let Some(path) = after("rename from ").or_else(|| after("copy from ")) {
            let file = self.file();
            file.status = if line.starts_with(b"copy") {
                Status::Copied
            } else {
                Status::Renamed
            };
            file.old_path = unquoted(path);
        } else if let Some(path) = after("rename to ").or_else(|| after("copy to ")) {
            self.file().path = unquoted(path).unwrap_or_default();
        } else if line == b"GIT binary patch" {
            self.file().binary = true;
            self.in_data = true;
        } else if line.starts_with(b"Binary files ") && line.ends_with(b" differ") {
            self.file().binary = true;
        } else {
            return ["index ", "similarity index ", "dissimilarity index "]
                .iter()
                .any(|start| line.starts_with(start.as_bytes()));
        }
        true
    }
}

/// Where and how many lines, old and new, of `@@ -1,3 +1,4 @@ fn main()`.
fn hunk(line: &[u8]) -> Option<((u32, u32), (u32, u32))> {
    let rest = line.strip_prefix(b"@@ -")?;
    let end = rest.windows(3).position(|part| part == b" @@")?;
    let (old, new) = std::str::from_utf8(&rest[..end]).ok()?.split_once(" +")?;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    Some((range(old)?, range(new)?))
}

/// The path of a `---` or `+++` line; `None` for `/dev/null`.
fn name(path: &[u8], prefix: &[u8]) -> Option<String> {
    // A tab ends a name that holds spaces.
    let path = match path.first() {
        Some(b'"') => path,
        _ => path.split(|byte| *byte == b'\t').next().unwrap_or_default(),
    };
    if path == b"/dev/null" {
        return None;
    }
    let path = unquoted_bytes(path).unwrap_or_default();
    let path = path.strip_prefix(prefix).unwrap_or(&path);
    Some(String::from_utf8_lossy(path).into_owned())
}

/// The path in `a/x b/x`, where both sides have the same; others come with lines of their own.
fn names_of(names: &[u8]) -> Option<String> {
    if names.first() == Some(&b'"') {
        let end = names.windows(2).position(|part| part == b"\" ")?;
        return name(&names[..=end], b"a/");
    }
    let length = names.len().checked_sub(5)? / 2;
    let one = names.strip_prefix(b"a/")?.get(..length)?;
    let other = names.get(length + 2..)?.strip_prefix(b" b/")?;
    (one == other).then(|| String::from_utf8_lossy(one).into_owned())
}

fn unquoted(path: &[u8]) -> Option<String> {
    let path = unquoted_bytes(path)?;
    Some(String::from_utf8_lossy(&path).into_owned())
}

/// A path as git quotes it where it has to: in C's manner (git-config(1), `core.quotePath`).
fn unquoted_bytes(path: &[u8]) -> Option<Vec<u8>> {
    let Some(inside) = path
        .strip_prefix(b"\"")
        .and_then(|path| path.strip_suffix(b"\""))
    else {
        return Some(path.to_vec());
    };
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        bytes.push(match escape {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'0'..=b'3' => {
                let digits = rest.get(..2)?;
                rest = rest.get(2..)?;
                let digits = std::str::from_utf8(digits).ok()?;
                (escape - b'0') * 64 + u8::from_str_radix(digits, 8).ok()?
            }
            other => *other,
        });
    }
    Some(bytes)
}
