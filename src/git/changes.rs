//! Where a working tree differs from a list of tracked files, by looking at the disk.

use std::sync::atomic::AtomicBool;

use gix::bstr::BString;
use gix::index::State;
use gix::index::entry::Mode;
use gix::status::plumbing::index_as_worktree::traits::{FastEq, SubmoduleStatus};
use gix::status::plumbing::index_as_worktree::{Change, EntryStatus};
use gix::status::plumbing::index_as_worktree_with_renames::{Entry, Recorder};

/// A path at which the disk says something else than the index.
pub(super) enum Found {
    /// A file that isn't as the index has it, or that the index doesn't have.
    File {
        path: BString,
        /// `false` when it was removed.
        there: bool,
        /// What the index says; `None` when it isn't tracked.
        tracked_as: Option<Mode>,
    },
    /// A repository that isn't a submodule.
    Repository { path: BString },
}

/// Compares the worktree of `local` with `index`, which need not be its own. Ignored files don't count, submodules are skipped.
///
/// This is one level below gix's status iterator, which would also read the index file on the disk, broken as it may be.
pub(super) fn compare(local: &gix::Repository, index: &State) -> gix::Result<Vec<Found>> {
    let walk = local
        .dirwalk_options()?
        .emit_untracked(gix::dir::walk::EmissionMode::Matching);
    let mut recorder = Recorder::default();
    local.index_worktree_status(
        index,
        None::<&gix::bstr::BStr>,
        &mut recorder,
        FastEq,
        SkipSubmodules,
        &mut gix::progress::Discard,
        &AtomicBool::new(false),
        gix::status::index_worktree::Options {
            sorting: None,
            dirwalk_options: Some(walk),
            rewrites: None,
            thread_limit: None,
        },
    )?;
    Ok(recorder.records.into_iter().filter_map(found).collect())
}

fn found(entry: Entry<'_, (), ()>) -> Option<Found> {
    match entry {
        Entry::Modification {
            entry,
            rela_path,
            status,
            ..
        } => {
            let there = match status {
                EntryStatus::NeedsUpdate(_) => return None,
                EntryStatus::Change(Change::Removed) => false,
                EntryStatus::Change(_)
                | EntryStatus::Conflict { .. }
                | EntryStatus::IntentToAdd => true,
            };
            (entry.mode != Mode::COMMIT).then(|| Found::File {
                path: rela_path.to_owned(),
                there,
                tracked_as: Some(entry.mode),
            })
        }
        Entry::DirectoryContents { entry, .. } => {
            use gix::dir::entry::{Kind, Status};
            let path = entry.rela_path;
            match (entry.status, entry.disk_kind) {
                (Status::Untracked, Some(Kind::File | Kind::Symlink)) => Some(Found::File {
                    path,
                    there: true,
                    tracked_as: None,
                }),
                (Status::Untracked, Some(Kind::Repository)) => Some(Found::Repository { path }),
                _ => None,
            }
        }
        // Not looked for.
        Entry::Rewrite { .. } => None,
    }
}

#[derive(Clone)]
struct SkipSubmodules;

impl SubmoduleStatus for SkipSubmodules {
    type Output = ();

    fn status(
        &mut self,
        _entry: &gix::index::Entry,
        _path: &gix::bstr::BStr,
    ) -> gix::Result<Option<Self::Output>> {
        Ok(None)
    }
}
