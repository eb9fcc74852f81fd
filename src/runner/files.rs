//! Files of the user's that go into a worktree: copied or linked, from inside of the repository to inside of the worktree,
//! whatever symbolic links lie on the way.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Component, Path, PathBuf};

/// Why a file can't be provided.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProvisionError {
    /// There is no such file.
    #[error(
        "`{}` of `provision` is not in your checkout: create it there, or take it out of the configuration",
        path.display()
    )]
    Missing { path: PathBuf },
    /// It is not a path that may be provided.
    #[error("`{}` of `provision` {why}: name a file or folder of the repository's own", path.display())]
    NotAllowed { path: PathBuf, why: &'static str },
    /// A link would take the place of something.
    #[error(
        "`{}` of `provision.symlink` is in every worktree already (git tracks it): take it out of the configuration",
        path.display()
    )]
    Tracked { path: PathBuf },
    /// The system says no.
    #[error("can't provide `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Copies `path` of the checkout `from` into the worktree `to`. What is there already stays as it is: git tracks it. Adds the
/// paths that it made to `made`, a folder that it made as one.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    path: &Path,
    made: &mut BTreeSet<PathBuf>,
) -> Result<(), ProvisionError> {
    let path = checked(path)?;
    let source = source(from, &path)?;
    make_parents(to, &path)?;
    copy_entry(&source, to, &path, made).map_err(io_error(&path))
}

/// Makes `path` of the worktree `to` a link to the same of the checkout `from`.
pub(super) fn link(
    from: &Path,
    to: &Path,
    path: &Path,
    made: &mut BTreeSet<PathBuf>,
) -> Result<(), ProvisionError> {
    let path = checked(path)?;
    let source = source(from, &path)?;
    make_parents(to, &path)?;
    match symlink(source, to.join(&path)) {
        Ok(()) => {
            made.insert(path);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(ProvisionError::Tracked { path })
        }
        Err(source) => Err(ProvisionError::Io { path, source }),
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ProvisionError {
    let path = path.to_owned();
    move |source| ProvisionError::Io { path, source }
}

/// The path without its dots. It stays inside, names something, and is neither git's nor docket's.
fn checked(path: &Path) -> Result<PathBuf, ProvisionError> {
    let refuse = |why| {
        let path = path.to_owned();
        Err(ProvisionError::NotAllowed { path, why })
    };
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) if is_reserved(name) => {
                return refuse("is git's or docket's own");
            }
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return refuse("leads out of the repository");
            }
        }
    }
    if clean.as_os_str().is_empty() {
        return refuse("is the whole repository");
    }
    Ok(clean)
}

/// Some file systems don't tell upper from lower case.
fn is_reserved(name: &std::ffi::OsStr) -> bool {
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case(".docket")
}

/// Where it lies in the checkout. A link on the way to it may not lead out; it itself may be a link.
fn source(from: &Path, path: &Path) -> Result<PathBuf, ProvisionError> {
    let missing = || ProvisionError::Missing {
        path: path.to_owned(),
    };
    let source = from.join(path);
    fs::symlink_metadata(&source).map_err(|_not_there| missing())?;
    let inside = || {
        let parent = source.parent()?.canonicalize().ok()?;
        Some(parent.starts_with(from.canonicalize().ok()?))
    };
    match inside() {
        Some(true) => Ok(source),
        Some(false) => Err(ProvisionError::NotAllowed {
            path: path.to_owned(),
            why: "leads out of the repository by a symbolic link",
        }),
        None => Err(missing()),
    }
}

/// Makes the folders above `path` in the worktree. A link among them could lead anywhere.
fn make_parents(to: &Path, path: &Path) -> Result<(), ProvisionError> {
    let parents: Vec<&Path> = path.ancestors().skip(1).collect();
    let parents = parents
        .into_iter()
        .rev()
        .filter(|one| *one != Path::new(""));
    for parent in parents {
        let folder = to.join(parent);
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(ProvisionError::NotAllowed {
                    path: path.to_owned(),
                    why: "lies below something that is no folder in the worktree",
                });
            }
            // An empty folder is nothing to git: what is in it counts by itself.
            Err(_not_there) => fs::create_dir(&folder).map_err(io_error(path))?,
        }
    }
    Ok(())
}

fn copy_entry(
    source: &Path,
    to: &Path,
    path: &Path,
    made: &mut BTreeSet<PathBuf>,
) -> io::Result<()> {
    let target = to.join(path);
    let found = fs::symlink_metadata(source)?;
    let there = fs::symlink_metadata(&target).ok();
    if found.is_dir() {
        match there {
            None => {
                copy_folder(source, &target)?;
                made.insert(path.to_owned());
            }
            // Some of it is tracked: the rest joins it.
            Some(there) if there.is_dir() => {
                for entry in fs::read_dir(source)? {
                    let name = entry?.file_name();
                    if !is_reserved(&name) {
                        copy_entry(&source.join(&name), to, &path.join(&name), made)?;
                    }
                }
            }
            Some(_tracked) => {}
        }
    } else if there.is_none() {
        copy_file(source, &target, &found)?;
        made.insert(path.to_owned());
    }
    Ok(())
}

/// Copies a folder to where there is nothing, with all that is in it but repositories' own folders.
fn copy_folder(source: &Path, target: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(source)?;
    DirBuilder::new().mode(0o700).create(target)?;
    for entry in fs::read_dir(source)? {
        let name = entry?.file_name();
        if is_reserved(&name) {
            continue;
        }
        let (source, target) = (source.join(&name), target.join(&name));
        let found = fs::symlink_metadata(&source)?;
        if found.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            copy_file(&source, &target, &found)?;
        }
    }
    fs::set_permissions(target, found.permissions())
}

/// Copies a file with its mode and its time, or a link as a link. Where the file system can, nothing is copied before
/// somebody writes (`fs::copy` asks for that).
fn copy_file(source: &Path, target: &Path, found: &fs::Metadata) -> io::Result<()> {
    if found.is_symlink() {
        return symlink(fs::read_link(source)?, target);
    }
    if !found.is_file() {
        // A pipe or a socket of something that runs: there is nothing in it to copy.
        return Ok(());
    }
    fs::copy(source, target)?;
    // Build tools tell by it what has to be built again.
    if let (Ok(time), Ok(file)) = (found.modified(), File::open(target)) {
        let _only_slower = file.set_modified(time);
    }
    Ok(())
}
