//! Commits: autosaves after each turn, and the accepted work of an attempt. No hook runs, nothing is signed.

use std::fmt::Write;

use gix::actor::Signature;
use gix::bstr::ByteSlice as _;
use gix::index::entry::{Flags, Mode};
use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::refs::{FullName, Target};

use crate::domain::ids::{AttemptId, RunId, Sha256};
use crate::domain::time::Timestamp;

use super::error::GitError;
use super::ids::{BranchName, CommitId, TreeId};
use super::repository::{Head, Repository};
use super::worktree::Worktree;

/// So many commits are looked through for one that docket has just made.
const NEWEST: usize = 1000;

/// The message of a commit of accepted work. It ends with the trailers that lead back to the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitMessage {
    /// The first line. Line breaks become spaces.
    pub subject: String,
    /// What follows after an empty line; may be empty.
    pub body: String,
    /// `Docket-Run`.
    pub run: RunId,
    /// `Docket-Attempt`.
    pub attempt: AttemptId,
    /// `Docket-Manifest`: what the evidence is sealed with.
    pub manifest: Option<Sha256>,
}

impl CommitMessage {
    /// As git stores it.
    fn text(&self) -> String {
        let subject: Vec<&str> = self.subject.split_whitespace().collect();
        let mut text = subject.join(" ");
        let body = self.body.trim();
        if !body.is_empty() {
            text.push_str("\n\n");
            text.push_str(body);
        }
        // Writing to a string can't fail.
        let _infallible = write!(
            text,
            "\n\nDocket-Run: {}\nDocket-Attempt: {}\n",
            self.run, self.attempt
        );
        if let Some(manifest) = self.manifest {
            let _infallible = writeln!(text, "Docket-Manifest: {manifest}");
        }
        text
    }
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Committed {
    /// The newest commit of the attempt's branch.
    pub commit: CommitId,
    /// Whether docket made it: `false` when there was nothing to commit.
    pub created: bool,
    /// Whether the worktree's index was brought in line: `false` when the agent left it locked or is on another branch.
    pub index_updated: bool,
}

impl Repository {
    /// Saves a tree as `refs/docket/autosave/<attempt>/<turn>`. Saving the same tree again gives the same commit; another tree
    /// under the same turn (after a crash) keeps the earlier one as a parent, so that nothing is lost.
    pub fn autosave(
        &self,
        attempt: &AttemptId,
        turn: u32,
        tree: TreeId,
        parents: &[CommitId],
        message: &str,
        at: Timestamp,
    ) -> Result<CommitId, GitError> {
        let name = format!("refs/docket/autosave/{attempt}/{turn}");
        let action = || format!("save the work as `{name}`");
        let reference: FullName = name
            .as_str()
            .try_into()
            .map_err(GitError::failed(action()))?;
        let earlier = self.reference_commit(&reference)?;
        let mut parents = parents.to_vec();
        if let Some(earlier) = earlier {
            if self.tree_of(earlier)? == tree {
                return Ok(earlier);
            }
            if !parents.contains(&earlier) {
                parents.push(earlier);
            }
        }
        let commit = self.write_commit(tree, &parents, message, at)?;
        let expected = earlier.map_or(PreviousValue::MustNotExist, |earlier| {
            PreviousValue::MustExistAndMatch(Target::Object(earlier.0))
        });
        let edit = RefEdit::update(reference, commit.0, expected, "docket: autosave");
        self.edit(edit, action)?;
        Ok(commit)
    }

    /// The commit of an autosave; `None` when there is none.
    pub fn autosaved(&self, attempt: &AttemptId, turn: u32) -> Result<Option<CommitId>, GitError> {
        let name = format!("refs/docket/autosave/{attempt}/{turn}");
        let reference: FullName = name
            .as_str()
            .try_into()
            .map_err(GitError::failed(format!("read `{name}`")))?;
        self.reference_commit(&reference)
    }

    /// `tree` with what `source` holds at `paths` (a file, a folder, or nothing) in place of its own: how changes that must not
    /// be committed, such as those to ticket files, are taken back. Paths are relative to the repository.
    pub fn with_paths_of<'a>(
        &self,
        tree: TreeId,
        source: TreeId,
        paths: impl IntoIterator<Item = &'a std::path::Path>,
    ) -> Result<TreeId, GitError> {
        let failed = || GitError::failed(format!("put files of {source} into {tree}"));
        let local = self.local();
        let origin = local.find_tree(source.0).map_err(failed())?;
        let mut editor = local.edit_tree(tree.0).map_err(failed())?;
        for path in paths {
            let name = gix::path::to_unix_separators_on_windows(
                gix::path::into_bstr(path).map_err(failed())?,
            );
            match origin.lookup_entry_by_path(path).map_err(failed())? {
                Some(entry) => editor.upsert(name.as_ref(), entry.mode().kind(), entry.object_id()),
                None => editor.remove(name.as_ref()),
            }
            .map_err(failed())?;
        }
        let written = editor.write().map_err(failed())?;
        Ok(TreeId(written.detach()))
    }

    /// A commit that no reference names yet. Author and committer are the user's, or `docket` where none is configured.
    pub(super) fn write_commit(
        &self,
        tree: TreeId,
        parents: &[CommitId],
        message: &str,
        at: Timestamp,
    ) -> Result<CommitId, GitError> {
        let failed = || GitError::failed("write a commit");
        let local = self.local();
        let time = local_time(at);
        let person = |configured: Option<gix::Result<gix::actor::SignatureRef<'_>>>| {
            let configured = configured.and_then(Result::ok);
            Signature {
                name: configured.map_or("docket".into(), |person| person.name.to_owned()),
                email: configured
                    .map_or("docket@localhost".into(), |person| person.email.to_owned()),
                time,
            }
        };
        let (author, committer) = (person(local.author()), person(local.committer()));
        let (mut author_time, mut committer_time) = Default::default();
        let commit = local
            .new_commit_as(
                committer.to_ref(&mut committer_time),
                author.to_ref(&mut author_time),
                message,
                tree.0,
                parents.iter().map(|parent| parent.0),
            )
            .map_err(failed())?;
        Ok(CommitId(commit.id))
    }

    /// The commit on a branch whose trailer names this manifest: work that was brought there, whatever the ledger knows of it.
    pub fn accepted_on(
        &self,
        branch: &BranchName,
        manifest: Sha256,
    ) -> Result<Option<CommitId>, GitError> {
        let failed = || GitError::failed(format!("read the commits of {branch}"));
        let Some(head) = self.branch_commit(branch)? else {
            return Ok(None);
        };
        let local = self.local();
        let trailer = format!("\nDocket-Manifest: {manifest}\n");
        let commits = local.rev_walk([head.0]).all().map_err(failed())?;
        // What was brought there as docket died is the newest; all of a long history is not read for what isn't there.
        for found in commits.take(NEWEST) {
            let found = found.map_err(failed())?.id;
            let commit = local.find_commit(found).map_err(failed())?;
            let message = commit.message_raw().map_err(failed())?;
            if message.contains_str(&trailer) {
                return Ok(Some(CommitId(found)));
            }
        }
        Ok(None)
    }

    /// Whether a commit has this message.
    fn says(&self, commit: CommitId, message: &str) -> Result<bool, GitError> {
        let failed = || GitError::failed(format!("read {commit}"));
        let local = self.local();
        let commit = local.find_commit(commit.0).map_err(failed())?;
        Ok(commit.message_raw().map_err(failed())? == message)
    }

    fn reference_commit(&self, name: &FullName) -> Result<Option<CommitId>, GitError> {
        let action = || format!("read `{}`", name.as_bstr());
        let local = self.local();
        let found = local
            .try_find_reference(name)
            .map_err(GitError::failed(action()))?;
        found
            .map(|mut reference| reference.peel_to_id().map(|id| CommitId(id.detach())))
            .transpose()
            .map_err(GitError::failed(action()))
    }
}

/// What a lock of a worktree's index means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Somebody is at work, or was: it is not ours to break.
    Holds,
    /// Whoever made it is frozen or gone. It stays, but the index is written.
    OfTheDead,
}

impl Worktree {
    /// Commits `tree` on top of the attempt's branch, so that the agent's own commits are kept, and brings the worktree's index
    /// in line with it. Where the agent has committed everything itself the commit changes no file: it holds the trailers. No commit
    /// is made when there is nothing on the branch since `base`.
    ///
    /// # Errors
    /// [`GitError::MainCheckout`]: the user's index is not ours. [`GitError::BranchMissing`], [`GitError::BranchMoved`].
    pub fn commit(
        &self,
        branch: &BranchName,
        base: CommitId,
        tree: TreeId,
        message: &CommitMessage,
        at: Timestamp,
    ) -> Result<Committed, GitError> {
        if self.is_users_checkout() {
            return Err(GitError::MainCheckout {
                path: self.path().to_owned(),
            });
        }
        let repository = &self.repository;
        let parent = repository
            .branch_commit(branch)?
            .ok_or_else(|| GitError::BranchMissing {
                name: branch.clone(),
            })?;
        let differs = repository.tree_of(parent)? != tree;
        let created = differs || (parent != base && !repository.says(parent, &message.text())?);
        let commit = if created {
            let commit = repository.write_commit(tree, &[parent], &message.text(), at)?;
            repository.move_branch(branch, parent, commit, "accepted work")?;
            commit
        } else {
            parent
        };
        let on_branch = matches!(self.head()?, Head::Branch { name, .. } if name == *branch);
        let index_updated = on_branch && self.align_index(tree, Lock::Holds)?;
        Ok(Committed {
            commit,
            created,
            index_updated,
        })
    }

    /// Makes the index of this worktree list exactly `tree`, keeping what git knew about unchanged files. `false` when it is
    /// locked: the agent may have left a lock behind, and it is not ours to break.
    pub(super) fn align_index(&self, tree: TreeId, on_lock: Lock) -> Result<bool, GitError> {
        let failed = || GitError::failed("bring the worktree's index in line with the commit");
        let local = self.local();
        let mut index = local.index_from_tree(&tree.0).map_err(failed())?;
        if let Ok(old) = local.open_index() {
            let skipped: Vec<&gix::bstr::BStr> = old
                .entries()
                .iter()
                .filter(|entry| entry.mode == Mode::DIR)
                .map(|folder| folder.path(&old))
                .collect();
            let (entries, paths) = index.entries_mut_and_pathbacking();
            for entry in entries {
                let path = entry.path_in(paths);
                if let Some(known) = old.entry_by_path(path) {
                    if (known.id, known.mode) == (entry.id, entry.mode) {
                        entry.stat = known.stat;
                    }
                    entry.flags |= known.flags & (Flags::SKIP_WORKTREE | Flags::EXTENDED);
                } else if skipped.iter().any(|folder| path.starts_with(folder)) {
                    entry.flags |= Flags::SKIP_WORKTREE | Flags::EXTENDED;
                }
            }
        }
        let lock = local.index_path().with_extension("lock");
        match index.write(gix::index::write::Options::default()) {
            Ok(()) => Ok(true),
            Err(_locked) if lock.exists() && on_lock == Lock::OfTheDead => {
                let path = local.index_path();
                let beside = path.with_extension("docket");
                let action = || GitError::io("write", &path);
                let mut file = std::fs::File::create(&beside).map_err(action())?;
                index
                    .write_to(&mut file, gix::index::write::Options::default())
                    .map_err(failed())?;
                std::fs::rename(&beside, &path).map_err(action())?;
                Ok(true)
            }
            Err(error) if lock.exists() => {
                tracing::info!(%error, lock = %lock.display(), "the worktree's index is locked and stays as it is");
                Ok(false)
            }
            Err(error) => Err(failed()(error)),
        }
    }
}

/// With the offset that the user's clock had at that moment, as git writes it.
fn local_time(at: Timestamp) -> gix::date::Time {
    let offset = jiff::Timestamp::from_millisecond(at.0).map_or(0, |moment| {
        jiff::tz::TimeZone::system().to_offset(moment).seconds()
    });
    gix::date::Time {
        seconds: at.0.div_euclid(1000),
        offset,
    }
}
