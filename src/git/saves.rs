//! What docket keeps in a repository beside the user's branches: autosaves, branches of runs and of attempts. Finding them,
//! writing their files elsewhere, and giving them up one by one.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::refs::{FullName, Target};
use gix::worktree::stack::state::attributes::Source;

use crate::domain::ids::{AttemptId, RunId};
use crate::domain::time::Timestamp;

use super::error::GitError;
use super::ids::{BranchName, CommitId, TreeId};
use super::repository::Repository;

const AUTOSAVES: &str = "refs/docket/autosave/";

/// What a turn left in its working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autosave {
    /// Whose.
    pub attempt: AttemptId,
    /// Which turn.
    pub turn: u32,
    /// The commit that holds it.
    pub commit: CommitId,
    /// Its files.
    pub tree: TreeId,
    /// When it was saved.
    pub at: Timestamp,
}

impl Autosave {
    /// The reference: `refs/docket/autosave/TICKET-003.1/2`.
    pub fn reference(&self) -> String {
        format!("{AUTOSAVES}{}/{}", self.attempt, self.turn)
    }
}

impl Repository {
    /// Every autosave, by ticket, attempt and turn.
    pub fn autosaves(&self) -> Result<Vec<Autosave>, GitError> {
        self.autosaves_below(AUTOSAVES)
    }

    /// The autosaves of one attempt, by turn. They are there also when its branch and its worktree are gone.
    pub fn autosaves_of(&self, attempt: &AttemptId) -> Result<Vec<Autosave>, GitError> {
        self.autosaves_below(&format!("{AUTOSAVES}{attempt}/"))
    }

    fn autosaves_below(&self, prefix: &str) -> Result<Vec<Autosave>, GitError> {
        let failed = || GitError::failed("read the autosaves");
        let local = self.local();
        let mut found = Vec::new();
        let references = local.references().map_err(failed())?;
        for reference in references.prefixed(prefix).map_err(failed())? {
            // A docket that was killed may have left half a reference: it must not hide the others.
            let Ok(mut reference) = reference else {
                continue;
            };
            let name = reference.name().as_bstr().to_string();
            let named = name
                .strip_prefix(AUTOSAVES)
                .and_then(|rest| rest.rsplit_once('/'))
                .and_then(|(attempt, turn)| Some((attempt.parse().ok()?, turn.parse().ok()?)));
            let (Some((attempt, turn)), Ok(id)) = (named, reference.peel_to_id()) else {
                continue;
            };
            let id = id.detach();
            let commit = local.find_commit(id).map_err(failed())?;
            let time = commit.time().map_err(failed())?;
            found.push(Autosave {
                attempt,
                turn,
                commit: CommitId(id),
                tree: TreeId(commit.tree_id().map_err(failed())?.detach()),
                at: Timestamp(time.seconds.saturating_mul(1000)),
            });
        }
        found.sort_by(|one, two| (&one.attempt, one.turn).cmp(&(&two.attempt, two.turn)));
        Ok(found)
    }

    /// The branches of runs with their newest commits, by run.
    pub fn run_branches(&self) -> Result<Vec<(RunId, BranchName, CommitId)>, GitError> {
        let of_run = |name: &BranchName| {
            let run = name.as_str().strip_prefix("docket/")?;
            run.strip_suffix("/main")?.parse::<RunId>().ok()
        };
        let mut found: Vec<_> = self
            .docket_branches()?
            .into_iter()
            .filter_map(|(name, commit)| Some((of_run(&name)?, name, commit)))
            .collect();
        found.sort_by_key(|(run, ..)| run.0);
        Ok(found)
    }

    /// The branches of attempts with their newest commits.
    pub fn attempt_branches(
        &self,
    ) -> Result<Vec<(RunId, AttemptId, BranchName, CommitId)>, GitError> {
        let of_attempt = |name: &BranchName| {
            let (run, attempt) = name.as_str().strip_prefix("docket/")?.split_once('/')?;
            Some((run.parse().ok()?, attempt.parse().ok()?))
        };
        Ok(self
            .docket_branches()?
            .into_iter()
            .filter_map(|(name, commit)| {
                let (run, attempt) = of_attempt(&name)?;
                Some((run, attempt, name, commit))
            })
            .collect())
    }

    fn docket_branches(&self) -> Result<Vec<(BranchName, CommitId)>, GitError> {
        let failed = || GitError::failed("read the branches");
        let local = self.local();
        let mut found = Vec::new();
        let references = local.references().map_err(failed())?;
        for reference in references
            .prefixed("refs/heads/docket/")
            .map_err(failed())?
        {
            let Ok(mut reference) = reference else {
                continue;
            };
            let name = BranchName::from_reference(reference.name());
            if let (Some(name), Ok(id)) = (name, reference.peel_to_id()) {
                found.push((name, CommitId(id.detach())));
            }
        }
        Ok(found)
    }

    /// Every commit that the user's own references hold: branches that aren't docket's, branches of remotes, tags, HEAD. What is
    /// in there is safe from docket.
    pub fn commits_of_the_user(&self) -> Result<HashSet<CommitId>, GitError> {
        let failed = || GitError::failed("read the history of your branches");
        let local = self.local();
        let mut tips: Vec<gix::ObjectId> = local
            .head_id()
            .ok()
            .map(gix::Id::detach)
            .into_iter()
            .collect();
        let references = local.references().map_err(failed())?;
        for prefix in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
            for reference in references.prefixed(prefix).map_err(failed())? {
                let Ok(mut reference) = reference else {
                    continue;
                };
                let ours = reference
                    .name()
                    .as_bstr()
                    .starts_with(b"refs/heads/docket/");
                // A tag may name something else than a commit.
                let commit = reference
                    .peel_to_id()
                    .ok()
                    .and_then(|id| local.find_commit(id.detach()).ok());
                if let (false, Some(commit)) = (ours, commit) {
                    tips.push(commit.id);
                }
            }
        }
        let mut held = HashSet::new();
        for found in local.rev_walk(tips).all().map_err(failed())? {
            held.insert(CommitId(found.map_err(failed())?.id));
        }
        Ok(held)
    }

    /// Whether the files of a tree are still there to be read. A tree that no reference holds goes with git's own clean-up.
    pub fn has_tree(&self, tree: TreeId) -> bool {
        self.local().find_tree(tree.0).is_ok()
    }

    /// Writes the files of a tree into `folder`, which is new or empty. Filters and line ends apply as git applies them;
    /// submodules become empty folders.
    ///
    /// # Errors
    /// [`GitError::FolderInUse`]: nothing was written.
    pub fn write_tree_to(&self, tree: TreeId, folder: &Path) -> Result<usize, GitError> {
        fs::create_dir_all(folder).map_err(GitError::io("create the folder", folder))?;
        let mut entries = fs::read_dir(folder).map_err(GitError::io("read", folder))?;
        if entries.next().is_some() {
            return Err(GitError::FolderInUse {
                path: folder.to_owned(),
            });
        }
        let action = || format!("write files into `{}`", folder.display());
        let failed = || GitError::failed(action());
        let local = self.local();
        let mut index = local.index_from_tree(&tree.0).map_err(failed())?;
        let mut options = local
            .checkout_options(Source::IdMapping)
            .map_err(failed())?;
        options.destination_is_initially_empty = true;
        let objects = local
            .objects
            .clone()
            .into_arc()
            .map_err(GitError::failed(action()))?;
        let outcome = gix::worktree::state::checkout(
            &mut index,
            folder,
            objects,
            &gix::progress::Discard,
            &gix::progress::Discard,
            &AtomicBool::new(false),
            options,
        )
        .map_err(failed())?;
        if let Some(collision) = outcome.collisions.first() {
            let why = format!("`{}` is there twice, in two spellings", collision.path);
            return Err(GitError::failed(action())(why));
        }
        if let Some(error) = outcome.errors.first() {
            let why = format!("`{}`: {}", error.path, error.error);
            return Err(GitError::failed(action())(why));
        }
        Ok(outcome.files_updated)
    }

    /// Gives up an autosave, if it is still the one that was seen. Its files go when git itself cleans up.
    pub fn drop_autosave(&self, save: &Autosave) -> Result<(), GitError> {
        let name = save.reference();
        let reference: FullName = name
            .as_str()
            .try_into()
            .map_err(GitError::failed(format!("read `{name}`")))?;
        let expected = PreviousValue::MustExistAndMatch(Target::Object(save.commit.0));
        self.edit(RefEdit::delete(reference, expected), || {
            format!("give up `{name}`")
        })
    }
}
