//! A repository in some shape, what the user has in it, and the story that must come true in each.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository::{TestRepository, content_of};
use crate::support::sandbox::{Finished, Running, Sandbox};

/// docket started at one place of a repository.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    /// Where the user stands: the top folder of a checkout.
    pub(super) root: PathBuf,
}

/// Everything of the user's that docket must leave alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    status: String,
    references: Vec<String>,
    index: Option<Vec<u8>>,
    config: Vec<Option<Vec<u8>>>,
    stash: String,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Scene {
    /// In the repository's main checkout.
    pub(super) fn new(repository: TestRepository) -> Self {
        let root = repository.root().to_owned();
        Self::at(repository, root)
    }

    /// In another checkout of it, or of a clone.
    pub(super) fn at(repository: TestRepository, root: PathBuf) -> Self {
        let sandbox = Sandbox::of(repository);
        fs::create_dir_all(root.join("tickets")).expect("the folder of the queue");
        Self { sandbox, root }
    }

    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    #[track_caller]
    pub(super) fn git<const N: usize>(&self, arguments: [&str; N]) -> String {
        self.sandbox.repository().git_in(&self.root, arguments)
    }

    /// Starts docket where the user stands.
    pub(super) fn start<const N: usize>(&self, arguments: [&str; N]) -> Running {
        let mut command = self.sandbox.command(arguments);
        command.current_dir(&self.root);
        self.sandbox.start_command(command)
    }

    #[track_caller]
    pub(super) fn docket<const N: usize>(&self, arguments: [&str; N]) -> Finished {
        self.start(arguments).finish()
    }

    /// A ticket whose agent is `sh`, or one that is configured.
    pub(super) fn ticket(&self, number: u32, front: &str, body: &str) {
        let path = self.path(format!("tickets/TICKET-{number:03}.md"));
        let text = format!(
            "---\nticket_id: tkt_{number:06}\ndone: false\ntitle: Ticket {number}\n{front}\n---\n\n{body}\n"
        );
        fs::write(path, text).expect("the ticket is written");
    }

    pub(super) fn shell(&self, number: u32, script: &str) {
        self.ticket(
            number,
            "agent: shell\nvalidate: [\"true\"]",
            &format!("```sh\n{}\n```", script.trim()),
        );
    }

    pub(super) fn is_done(&self, number: u32) -> bool {
        let path = self.path(format!("tickets/TICKET-{number:03}.md"));
        fs::read_to_string(path).is_ok_and(|text| text.contains("\ndone: true\n"))
    }

    /// The text of a file of a commit or branch.
    #[track_caller]
    pub(super) fn show(&self, at: &str) -> String {
        self.git(["show", at])
    }

    /// Names of all files of a commit or branch.
    #[track_caller]
    pub(super) fn names(&self, at: &str) -> Vec<String> {
        let names = self.git(["ls-tree", "-r", "-z", "--name-only", at]);
        names
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// What is of the user's now.
    #[track_caller]
    pub(super) fn picture(&self) -> Picture {
        let git_dir = PathBuf::from(self.git(["rev-parse", "--absolute-git-dir"]));
        let common =
            PathBuf::from(self.git(["rev-parse", "--path-format=absolute", "--git-common-dir"]));
        let references = self.git(["for-each-ref", "--format=%(refname) %(objectname)"]);
        let not_ours = |line: &&str| {
            !line.starts_with("refs/heads/docket/") && !line.starts_with("refs/docket/")
        };
        Picture {
            status: self.git([
                "--no-optional-locks",
                "status",
                "--porcelain=v2",
                "--branch",
                "--untracked-files=all",
            ]),
            references: references
                .lines()
                .filter(not_ours)
                .map(str::to_owned)
                .collect(),
            index: fs::read(git_dir.join("index")).ok(),
            config: ["config", "config.worktree", "info/sparse-checkout"]
                .iter()
                .flat_map(|name| [git_dir.join(name), common.join(name)])
                .map(|path| fs::read(path).ok())
                .collect(),
            stash: self.git(["stash", "list"]),
            files: content_of(&self.root, &[".git", ".docket", "tickets"]),
        }
    }

    /// Does something that must leave all of the user's as it is.
    #[track_caller]
    pub(super) fn untouched<T>(&self, what: impl FnOnce() -> T) -> T {
        let before = self.picture();
        let done = what();
        assert_eq!(self.picture(), before, "the user's checkout has changed");
        done
    }

    /// Two tickets side by side, run from the same head: what each does comes together on the run's branch.
    #[track_caller]
    pub(super) fn both(&self, one: &str, two: &str) {
        self.write_both(one, two);
        self.untouched(|| {
            self.docket(["run", "--jobs", "2"])
                .exits(0)
                .prints("2 done")
        });
        assert!(self.is_done(10) && self.is_done(20));
        self.sound();
    }

    /// The tickets of [`Scene::both`].
    pub(super) fn write_both(&self, one: &str, two: &str) {
        for (number, other, script) in [(10, 20, one), (20, 10, two)] {
            let wait = format!(
                "touch \"$HOME/began-{number}\"\nwhile ! test -e \"$HOME/began-{other}\"; do sleep 0.02; done\n"
            );
            self.shell(number, &format!("set -e\n{wait}{script}"));
        }
    }

    /// The evidence holds, and git finds nothing missing.
    #[track_caller]
    pub(super) fn sound(&self) {
        self.docket(["evidence", "verify"]).exits(0);
        let fsck = self.git(["fsck", "--no-dangling", "--no-progress"]);
        assert!(
            !fsck.contains("missing") && !fsck.contains("error"),
            "{fsck}"
        );
    }

    /// `rewind` to what ticket 10 left touches nothing of the user's; then `merge` brings all over.
    #[track_caller]
    pub(super) fn rewound_and_merged(&self) {
        self.untouched(|| {
            self.docket(["rewind", "10", "--list"]).exits(0);
            self.docket(["rewind", "10", "--turn", "1"]).exits(0);
        });
        let dirt = self.changes();
        self.docket(["merge"]).exits(0);
        assert_eq!(
            self.changes(),
            dirt,
            "what wasn't committed is as it was, and nothing is added to it"
        );
    }

    /// After a merge: one more ticket by itself, which builds on it, and nothing of the user's goes with `gc`.
    #[track_caller]
    pub(super) fn once_more(&self) {
        self.shell(30, "ls > /dev/null\necho more > 'one more.txt'");
        self.untouched(|| self.docket(["--once", "--ticket", "30"]).exits(0));
        self.docket(["merge"]).exits(0);
        assert!(self.path("one more.txt").exists());
        self.untouched(|| {
            self.docket(["gc"]).exits(0);
            self.docket(["gc", "--keep", "0"]).exits(0);
        });
        let left = self.git(["for-each-ref", "--format=%(refname)", "refs/heads/docket/"]);
        let attempts = left
            .lines()
            .filter(|name| !name.contains("/rewind/") && name.contains("/TICKET-"));
        assert_eq!(attempts.count(), 0, "merged branches go: {left}");
        self.sound();
    }

    /// Changed and untracked files of the user's, apart from the queue.
    #[track_caller]
    fn changes(&self) -> String {
        self.git([
            "--no-optional-locks",
            "status",
            "--porcelain",
            "--untracked-files=all",
        ])
    }

    /// All of it, with work that every repository can take: a new file, and a changed one with a rename.
    #[track_caller]
    pub(super) fn whole_story(&self) {
        self.both(
            "echo ten > ten.txt\nmkdir -p 'new folder'\necho '# Changed' > README.md",
            "echo twenty > 'new ü.txt'\nmkdir -p moved\ngit mv src/main.rs moved/main.rs",
        );
        let names = self.names("docket/r1/main");
        for name in ["ten.txt", "new ü.txt", "moved/main.rs"] {
            assert!(names.iter().any(|one| one == name), "{names:?}");
        }
        self.rewound_and_merged();
        let read = |name: &str| fs::read_to_string(self.path(name)).expect("it is there");
        assert_eq!(read("ten.txt").trim_end(), "ten");
        assert_eq!(read("README.md").trim_end(), "# Changed");
        assert!(self.path("moved/main.rs").exists() && !self.path("src/main.rs").exists());
        self.once_more();
    }
}
