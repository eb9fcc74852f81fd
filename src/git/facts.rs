//! What a diff says, as the plain descriptions that a policy is held against: links with their targets, sizes, lines that look
//! like secrets.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use super::diff::{ChangeKind, Diff, FileChange, FileMode};
use super::error::GitError;
use super::ids::{BranchName, CommitId};
use super::repository::Repository;
use super::snapshot::{LeftOut, LeftOutReason};
use crate::domain::policy::{Change, ChangeKind as Kind, Entry};

/// A larger text is not searched for secrets.
const SEARCHED: u64 = 64 << 20;

/// More commits than this between two points are not looked at one by one.
const MOST_COMMITS: usize = 1000;

/// Finds the lines of a new text (from 1) that look like secrets and are not in the old one.
pub type FindSecrets<'a> = dyn Fn(&str, Option<&str>) -> Vec<u32> + 'a;

impl Repository {
    /// What a diff says, change by change.
    pub fn facts(&self, diff: &Diff, secrets: &FindSecrets<'_>) -> Result<Vec<Change>, GitError> {
        let local = self.local();
        diff.files
            .iter()
            .map(|change| fact(&local, change, secrets))
            .collect()
    }

    /// What commits on the way from `base` to the head of `branch` brought that looks like a secret: it would be merged with them,
    /// though the result does not show it.
    pub fn secrets_on_the_way(
        &self,
        base: CommitId,
        branch: &BranchName,
        secrets: &FindSecrets<'_>,
    ) -> Result<Vec<Change>, GitError> {
        let Some(head) = self.branch_commit(branch)?.filter(|head| *head != base) else {
            return Ok(Vec::new());
        };
        let failed = || GitError::failed(format!("read the commits from {base} to {head}"));
        let local = self.local();
        let walk = local
            .rev_walk([head.0])
            .with_hidden([base.0])
            .all()
            .map_err(failed())?;
        let mut found = Vec::new();
        for (number, commit) in walk.enumerate() {
            let commit = commit.map_err(failed())?;
            let shown = commit.id.to_hex_with_len(12).to_string();
            if number == MOST_COMMITS {
                let mut change = Change::new(PathBuf::new(), Kind::Modified);
                change.commit = Some(format!("{shown} and those before it"));
                change.unsearched = true;
                found.push(change);
                break;
            }
            let tree = self.tree_of(CommitId(commit.id))?;
            let before = match commit.parent_ids.first() {
                Some(parent) => self.tree_of(CommitId(*parent))?,
                None => super::ids::TreeId(local.empty_tree().id),
            };
            let diff = self.diff(before, tree)?;
            let changes = self.facts(&diff, secrets)?.into_iter();
            found.extend(
                changes
                    .filter(|change| change.unsearched || !change.secrets.is_empty())
                    .map(|change| Change {
                        commit: Some(shown.clone()),
                        ..change
                    }),
            );
        }
        Ok(found)
    }
}

impl From<LeftOut> for Change {
    fn from(left_out: LeftOut) -> Self {
        let mut change = Self::new(left_out.path, Kind::LeftOut);
        match left_out.reason {
            LeftOutReason::TooLarge(bytes) => change.bytes = bytes,
            LeftOutReason::Repository => change.new = Some(Entry::Repository),
        }
        change
    }
}

fn fact(
    local: &gix::Repository,
    change: &FileChange,
    secrets: &FindSecrets<'_>,
) -> Result<Change, GitError> {
    let failed = || GitError::failed(format!("read what changed in `{}`", change.path.display()));
    let is_file = |mode| matches!(mode, Some(FileMode::Regular | FileMode::Executable));
    let blob = |id: gix::ObjectId| -> Result<Vec<u8>, GitError> {
        let object = local.find_object(id).map_err(failed())?;
        Ok(object.detach().data)
    };
    let entry = |mode: Option<FileMode>, id: gix::ObjectId| -> Result<Option<Entry>, GitError> {
        Ok(Some(match mode {
            None => return Ok(None),
            Some(FileMode::Regular) => Entry::File,
            Some(FileMode::Executable) => Entry::Executable,
            Some(FileMode::Submodule) => Entry::Repository,
            Some(FileMode::Link) => Entry::Symlink {
                target: native(&blob(id)?),
            },
        }))
    };
    let bytes = if is_file(change.new_mode) {
        local
            .find_header(change.new_object)
            .map_err(failed())?
            .size()
    } else {
        0
    };
    let is_new = change.new_object != change.old_object && bytes > 0;
    let is_searched = is_new && !change.binary;
    let unsearched = is_searched && bytes > SEARCHED;
    let lines = if is_searched && !unsearched {
        let new = blob(change.new_object)?;
        let found = secrets(&new.to_str_lossy(), None);
        if !found.is_empty() && is_file(change.old_mode) {
            let old = blob(change.old_object)?;
            secrets(&new.to_str_lossy(), Some(&old.to_str_lossy()))
        } else {
            found
        }
    } else {
        Vec::new()
    };
    Ok(Change {
        path: change.path.clone(),
        kind: match (change.kind, &change.old_path) {
            (ChangeKind::Added, _) => Kind::Added,
            (ChangeKind::Renamed, Some(from)) => Kind::Renamed { from: from.clone() },
            (ChangeKind::Modified | ChangeKind::Renamed, _) => Kind::Modified,
            (ChangeKind::Deleted, _) => Kind::Deleted,
            (ChangeKind::TypeChanged, _) => Kind::TypeChanged,
        },
        old: entry(change.old_mode, change.old_object)?,
        new: entry(change.new_mode, change.new_object)?,
        binary: change.binary,
        bytes,
        secrets: lines,
        unsearched,
        commit: None,
    })
}

fn native(target: &[u8]) -> PathBuf {
    let path = gix::path::from_bstr(target.as_bstr());
    path.map_or_else(
        |_error| target.to_str_lossy().into_owned().into(),
        |path| Path::to_owned(&path),
    )
}
