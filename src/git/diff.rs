//! What changed between two trees: a list for rules, a patch for people and for `git apply`. Both come from one run of
//! `git diff-tree`, so that they can't contradict each other; gix can't write binary patches.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use gix::bstr::{BString, ByteSlice};

use super::command;
use super::error::GitError;
use super::ids::TreeId;
use super::repository::Repository;

/// What changed from one tree to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// One entry per changed file, by path.
    pub files: Vec<FileChange>,
    /// A patch with binary data and full object names: `git apply` on the first tree gives the second.
    pub patch: Vec<u8>,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Where it is now, or was before it was deleted; relative to the repository.
    pub path: PathBuf,
    /// Where a renamed file came from.
    pub old_path: Option<PathBuf>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Whether either side isn't text. The numbers of lines are 0 then.
    pub binary: bool,
    /// Lines that only the new side has.
    pub added_lines: u32,
    /// Lines that only the old side has.
    pub removed_lines: u32,
    /// `None` when it wasn't there before.
    pub old_mode: Option<FileMode>,
    /// `None` when it isn't there anymore.
    pub new_mode: Option<FileMode>,
    /// What it held; nulls when it wasn't there.
    pub(super) old_object: gix::ObjectId,
    /// What it holds; nulls when it isn't there anymore.
    pub(super) new_object: gix::ObjectId,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or its mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It moved, and may have changed on the way.
    Renamed,
    /// It became something else: a symbolic link, a submodule, or a file again.
    TypeChanged,
}

/// What kind of thing a path holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// A file.
    Regular,
    /// A file that can be run.
    Executable,
    /// A symbolic link.
    Link,
    /// A submodule: a commit of another repository.
    Submodule,
}

impl Repository {
    /// What changed from `base` to `tree`. Renames are found; attributes in the trees (`-diff`, `textconv`) and the user's
    /// settings for diffs have no say.
    pub fn diff(&self, base: TreeId, tree: TreeId) -> Result<Diff, GitError> {
        if base == tree {
            return Ok(Diff::default());
        }
        let trees = [base.to_string(), tree.to_string()];
        let options = [
            "-r",
            "-z",
            "--raw",
            "--numstat",
            "--patch",
            "--binary",
            "--full-index",
            "--no-abbrev",
            "-M",
            "-l1000",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--submodule=short",
            "--ignore-submodules=none",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        ];
        let arguments: Vec<&OsStr> = options
            .into_iter()
            .chain(trees.iter().map(String::as_str))
            .map(OsStr::new)
            .collect();
        let answer =
            command::on_objects(self.common_dir(), self.settings(), "diff-tree", &arguments)?;
        parse(&answer).map_err(|detail| GitError::UnexpectedAnswer {
            command: "diff-tree".to_owned(),
            detail,
        })
    }
}

/// The answer is: raw entries, line counts, an empty field, the patch. All but the patch end with a NUL each
/// (`git help diff-tree`, "RAW OUTPUT FORMAT" and "OTHER DIFF FORMATS").
fn parse(answer: &[u8]) -> Result<Diff, String> {
    let mut rest = answer;
    let mut files = Vec::new();
    while let Some(entry) = rest.strip_prefix(b":") {
        rest = entry;
        files.push(raw_entry(&mut rest)?);
    }
    let mut counts = HashMap::new();
    while !rest.is_empty() && rest[0] != 0 {
        let (path, count) = line_count(&mut rest)?;
        counts.insert(path, count);
    }
    let patch = rest.strip_prefix(b"\0").unwrap_or(rest).to_vec();
    let mut changes = files
        .into_iter()
        .map(|(path, mut change)| {
            match counts.get(&path) {
                Some(Some((added, removed))) => {
                    change.added_lines = *added;
                    change.removed_lines = *removed;
                }
                Some(None) => change.binary = true,
                None => return Err(format!("no line count for {path}")),
            }
            Ok(change)
        })
        .collect::<Result<Vec<_>, String>>()?;
    changes.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(Diff {
        files: changes,
        patch,
    })
}

/// `100644 100755 <old id> <new id> M` NUL path NUL, with two paths for a rename.
fn raw_entry(rest: &mut &[u8]) -> Result<(BString, FileChange), String> {
    let header = String::from_utf8_lossy(field(rest)?).into_owned();
    let words: Vec<&str> = header.split(' ').collect();
    let &[old_mode, new_mode, old_id, new_id, status] = words.as_slice() else {
        return Err(format!("`{header}`"));
    };
    let first = BString::from(field(rest)?);
    let kind = match status.bytes().next() {
        Some(b'A') => ChangeKind::Added,
        Some(b'M') => ChangeKind::Modified,
        Some(b'D') => ChangeKind::Deleted,
        Some(b'R') => ChangeKind::Renamed,
        Some(b'T') => ChangeKind::TypeChanged,
        _ => return Err(format!("status `{status}`")),
    };
    let (path, old_path) = if kind == ChangeKind::Renamed {
        (BString::from(field(rest)?), Some(first))
    } else {
        (first, None)
    };
    let change = FileChange {
        path: native(&path),
        old_path: old_path.as_ref().map(native),
        kind,
        binary: false,
        added_lines: 0,
        removed_lines: 0,
        old_mode: mode(old_mode)?,
        new_mode: mode(new_mode)?,
        old_object: object(old_id)?,
        new_object: object(new_id)?,
    };
    Ok((path, change))
}

/// `12 TAB 3 TAB path` NUL; for a rename the path is empty and two follow; for binary files the numbers are `-`.
fn line_count(rest: &mut &[u8]) -> Result<(BString, Option<(u32, u32)>), String> {
    let line = field(rest)?;
    let mut parts = line.splitn_str(3, "\t");
    let (Some(added), Some(removed), Some(path)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("`{}`", line.as_bstr()));
    };
    let path = if path.is_empty() {
        field(rest)?;
        BString::from(field(rest)?)
    } else {
        BString::from(path)
    };
    let number = |text: &[u8]| {
        text.to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| format!("`{}`", line.as_bstr()))
    };
    let count = if added == b"-" {
        None
    } else {
        Some((number(added)?, number(removed)?))
    };
    Ok((path, count))
}

/// The bytes up to the next NUL, which is skipped.
fn field<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let (field, after) = rest
        .split_once_str("\0")
        .ok_or_else(|| "it ends in the middle of an entry".to_owned())?;
    *rest = after;
    Ok(field)
}

fn object(text: &str) -> Result<gix::ObjectId, String> {
    gix::ObjectId::from_hex(text.as_bytes()).map_err(|_error| format!("object `{text}`"))
}

fn mode(text: &str) -> Result<Option<FileMode>, String> {
    Ok(Some(match text {
        "000000" => return Ok(None),
        "100755" => FileMode::Executable,
        "120000" => FileMode::Link,
        "160000" => FileMode::Submodule,
        // 100664 is of old repositories; git treats it as 100644.
        "100644" | "100664" => FileMode::Regular,
        _ => return Err(format!("mode `{text}`")),
    }))
}

fn native(path: &BString) -> PathBuf {
    gix::path::from_bstr(path.as_bstr()).map_or_else(
        |_error| path.to_string().into(),
        std::borrow::Cow::into_owned,
    )
}
