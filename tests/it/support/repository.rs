//! A git repository in a temporary directory, apart from the settings of whoever runs the tests.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use docket::git::{Repository, UserSettings};

/// A repository `repo` on branch `main`, with an empty home beside it. All goes when it is dropped.
pub(crate) struct TestRepository {
    directory: tempfile::TempDir,
    root: PathBuf,
}

impl TestRepository {
    /// Without a commit.
    pub(crate) fn unborn() -> Self {
        Self::named("repo")
    }

    /// With one commit: `README.md`, `src/main.rs`.
    pub(crate) fn new() -> Self {
        Self::unborn().with_first_commit()
    }

    /// Without a commit, in a folder of this name.
    pub(crate) fn named(name: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let place = directory.path().canonicalize().expect("its real path");
        let root = place.join(name);
        fs::create_dir(place.join("home")).expect("an empty home");
        fs::create_dir_all(&root).expect("a folder for the repository");
        let repository = Self { directory, root };
        repository.git(["init", "--quiet", "--initial-branch=main"]);
        repository.git(["config", "user.name", "Ada"]);
        repository.git(["config", "user.email", "ada@example.org"]);
        repository
    }

    /// Adds the first commit.
    pub(crate) fn with_first_commit(self) -> Self {
        self.write("README.md", "# Test\n");
        self.write("src/main.rs", "fn main() {}\n");
        self.commit_all("first");
        self
    }

    /// The top folder of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the checkout.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A path in the temporary directory, beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.with_file_name(name)
    }

    /// The repository as docket sees it, without the settings of whoever runs the tests.
    pub(crate) fn open(&self) -> Repository {
        Repository::discover_with(&self.root, UserSettings::Ignore).expect("the repository opens")
    }

    /// Writes a file of the checkout, with the folders that it needs.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        write(&self.root.join(path), content);
    }

    /// Commits everything that is there, and says which commit that is.
    pub(crate) fn commit_all(&self, message: &str) -> String {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(["rev-parse", "HEAD"])
    }

    /// Runs git in the checkout, which must succeed, and gives its output without the last line end.
    #[track_caller]
    pub(crate) fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        self.git_in(&self.root, arguments)
    }

    /// The same in another folder.
    #[track_caller]
    pub(crate) fn git_in<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> String {
        let mut command = self.command(folder);
        command.args(arguments);
        text_of(&mut command)
    }

    /// Runs git in a folder, whatever comes of it.
    pub(crate) fn try_git_in<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Output {
        let mut command = self.command(folder);
        command.args(arguments).output().expect("git starts")
    }

    /// A git command that sees no settings but the repository's own.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests let the real git judge what docket did"
    )]
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let home = self.directory.path().join("home");
        let mut command = Command::new("git");
        for (name, _value) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(folder)
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C")
            // Submodules of tests are repositories on the disk.
            .args(["-c", "protocol.file.allow=always"]);
        command
    }
}

/// Runs a command that must succeed, and gives its output without the last line end.
#[track_caller]
pub(crate) fn text_of(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("git answers in UTF-8")
        .trim_end_matches('\n')
        .to_owned()
}

/// Writes a file with the folders that it needs.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    fs::write(path, content).expect("the file is written");
}

/// Every file below a folder with its content, folders named `except` at the top left out: to show that nothing changed.
pub(crate) fn content_of(folder: &Path, except: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder is read") {
            let path = entry.expect("the entry is read").path();
            let relative = path.strip_prefix(folder).expect("below the folder");
            if except.iter().any(|name| relative == Path::new(name)) {
                continue;
            }
            let kind = fs::symlink_metadata(&path).expect("the entry is there");
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).expect("the link is read");
                found.push((path, target.into_os_string().into_encoded_bytes()));
            } else if kind.is_file() {
                let content = fs::read(&path).expect("the file is read");
                found.push((path, content));
            }
        }
    }
    found.sort();
    found
}
