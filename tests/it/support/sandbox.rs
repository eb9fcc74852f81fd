//! The real program on a throw-away repository: a home of its own, a deadline for every wait, and nothing left running.

#![expect(clippy::panic, reason = "the helpers of tests fail as the tests do")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use docket::domain::event::Event;
use docket::domain::ids::Sequence;
use docket::store::Reader;
use docket::store::codec::Stored;
use docket::store::verify::{Filter, Report, verify};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::programs;
use super::repository::TestRepository;
use super::wait::{LONG, wait_until};

/// What every sandbox's user has configured: nobody waits for seconds between two rungs of a stop.
const USER_CONFIG: &str = "stop = { cancel = \"0s\", interrupt = \"2s\", terminate = \"1s\" }\n";

/// A repository with a queue, and a user of its own.
pub(crate) struct Sandbox {
    repository: TestRepository,
    started: AtomicU32,
}

impl Sandbox {
    /// A repository with one commit and an empty queue.
    pub(crate) fn new() -> Self {
        Self::of(TestRepository::new())
    }

    /// The same around a repository that is in a state of its own.
    pub(crate) fn of(repository: TestRepository) -> Self {
        let sandbox = Self {
            repository,
            started: AtomicU32::new(0),
        };
        fs::create_dir_all(sandbox.path("tickets")).expect("the folder of the queue");
        sandbox.configure(USER_CONFIG);
        sandbox
    }

    /// The repository itself.
    pub(crate) fn repository(&self) -> &TestRepository {
        &self.repository
    }

    /// A path in the checkout.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.repository.path(path)
    }

    /// A path in the user's home: outside the repository.
    pub(crate) fn home(&self, path: impl AsRef<Path>) -> PathBuf {
        self.repository.beside("home").join(path)
    }

    /// Runs git in the checkout; it must succeed.
    #[track_caller]
    pub(crate) fn git<const N: usize>(&self, arguments: [&str; N]) -> String {
        self.repository.git(arguments)
    }

    /// Adds to the user's configuration, which needs no trust. Tables must come last.
    pub(crate) fn configure(&self, text: &str) {
        let path = self.home(".config/docket/config.toml");
        let before = fs::read_to_string(&path).unwrap_or_default();
        super::repository::write(&path, format!("{before}{text}\n"));
    }

    /// Configures an agent of kind `command` that is this `sh` script.
    pub(crate) fn agent(&self, name: &str, script: &str) {
        let path = self.home(format!("{name}.sh"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the agent is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is executable");
        self.configure(&format!(
            "[agents.{name}]\nkind = \"command\"\ncommand = [{:?}]",
            path.to_str().expect("UTF-8")
        ));
    }

    /// Writes a ticket file and says where it is.
    pub(crate) fn ticket(&self, number: u32, front: &str, body: &str) -> PathBuf {
        let front = front.trim();
        let gap = if front.is_empty() { "" } else { "\n" };
        let text = format!(
            "---\nticket_id: tkt_{number:06}\ndone: false\ntitle: Ticket {number}\n{front}{gap}---\n\n{body}\n"
        );
        let path = self.path(format!("tickets/TICKET-{number:03}.md"));
        fs::write(&path, text).expect("the ticket is written");
        path
    }

    /// A ticket of `agent: shell` that runs this script.
    pub(crate) fn shell(&self, number: u32, front: &str, script: &str) -> PathBuf {
        let front = format!("agent: shell\n{}", front.trim());
        self.ticket(number, &front, &format!("```sh\n{}\n```", script.trim()))
    }

    /// What a ticket file says now.
    pub(crate) fn text_of(&self, number: u32) -> String {
        let path = self.path(format!("tickets/TICKET-{number:03}.md"));
        fs::read_to_string(path).expect("the ticket is read")
    }

    /// Whether a ticket file says `done: true`.
    pub(crate) fn is_done(&self, number: u32) -> bool {
        self.text_of(number).contains("\ndone: true\n")
    }

    /// The program in the checkout, as this sandbox's user.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = self.program(programs::docket());
        command.args(arguments);
        command
    }

    /// Any program in the checkout, as this sandbox's user.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests run the real program as a user does"
    )]
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let inherited = ["PATH", "TMPDIR", "LLVM_PROFILE_FILE"];
        command.env_clear();
        command.envs(inherited.map(|name| (name, std::env::var_os(name).unwrap_or_default())));
        command
            .current_dir(self.repository.root())
            .env("HOME", self.home(""))
            .env("XDG_CONFIG_HOME", self.home(".config"))
            .env("XDG_STATE_HOME", self.home(".local/state"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        command
    }

    /// Starts the program.
    pub(crate) fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        self.start_command(self.command(arguments))
    }

    /// Starts a command with its output in files: nobody has to read for it to go on.
    pub(crate) fn start_command(&self, mut command: Command) -> Running {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let stdout = self.repository.beside(&format!("stdout-{number}"));
        let stderr = self.repository.beside(&format!("stderr-{number}"));
        let file = |path: &Path| File::create(path).expect("a file for the output");
        let child = command
            .stdout(file(&stdout))
            .stderr(file(&stderr))
            .spawn()
            .expect("docket starts");
        Running {
            child,
            stdout,
            stderr,
        }
    }

    /// Runs the program to its end.
    #[track_caller]
    pub(crate) fn docket<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Finished {
        self.start(arguments).finish()
    }

    /// Every event of the ledger, in order.
    pub(crate) fn events(&self) -> Vec<Event> {
        let reader = Reader::open(&self.path(".docket/ledger.db")).expect("the ledger opens");
        let rows = reader
            .events(Sequence(0), usize::MAX >> 1)
            .expect("the events are read");
        rows.into_iter()
            .map(|row| match row {
                Stored::Known(envelope) => envelope.event,
                Stored::Opaque { row, why } => panic!("{row:?}: {why}"),
            })
            .collect()
    }

    /// The kinds of all events, in order.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.events().iter().map(kind).collect()
    }

    /// Checks the chain, the projections and the evidence.
    pub(crate) fn verify(&self) -> Report {
        verify(
            &self.path(".docket/ledger.db"),
            &self.path(".docket/evidence"),
            &Filter::All,
        )
        .expect("the check can be made")
    }

    /// A file of evidence of an attempt, as text.
    #[track_caller]
    pub(crate) fn evidence(&self, run: u32, attempt: &str, file: &str) -> String {
        let path = self.evidence_path(run, attempt).join(file);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The folder of an attempt's evidence.
    pub(crate) fn evidence_path(&self, run: u32, attempt: &str) -> PathBuf {
        let (ticket, number) = attempt.rsplit_once('.').expect("TICKET-000.1");
        self.path(format!(".docket/evidence/r{run}/{ticket}/{number}"))
    }

    /// Every live process that carries the marker of an attempt of this sandbox.
    pub(crate) fn agents(&self) -> BTreeSet<u32> {
        let home = format!("HOME={}", self.home("").display());
        processes(|environment| {
            let mut variables = environment.split(|byte| *byte == 0);
            environment.starts_with(home.as_bytes())
                | variables.clone().any(|one| one == home.as_bytes())
                && variables.any(|one| one.starts_with(b"DOCKET_ATTEMPT="))
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for pid in self.agents() {
            kill(pid, Signal::KILL);
        }
    }
}

/// A program that was started. It is killed when the test is over.
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        let status = self.child.try_wait().expect("its state is known");
        status.is_none()
    }

    /// What it has said on standard error so far.
    pub(crate) fn said(&self) -> String {
        text(&self.stderr)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let mut status = None;
        until("docket ends", || {
            status = self.child.try_wait().expect("its state is known");
            status.is_some()
        });
        Finished {
            status: status.expect("it has ended"),
            stdout: text(&self.stdout),
            stderr: text(&self.stderr),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            let said = format!(
                "--- docket said\n{}{}",
                text(&self.stdout),
                text(&self.stderr)
            );
            let _nobody_reads = std::io::stderr().write_all(said.as_bytes());
        }
    }
}

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// It must have ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            (self.status.code(), self.status.signal()),
            (Some(code), None),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Whether its exit code is 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Whether it ended by this signal, or with the exit code that says so.
    pub(crate) fn was_ended_by(&self, signal: Signal) -> bool {
        let number = signal.as_raw();
        self.status.code() == Some(128 + number) || self.status.signal() == Some(number)
    }

    /// It must have said this on standard error.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(
            self.stderr.contains(part),
            "`{part}` is not in:\n{}",
            self.stderr
        );
        self
    }

    /// It must have printed this on standard output.
    #[track_caller]
    pub(crate) fn prints(self, part: &str) -> Self {
        assert!(
            self.stdout.contains(part),
            "`{part}` is not in:\n{}",
            self.stdout
        );
        self
    }

    /// The JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.stdout, self.stderr))
    }

    /// The JSON lines on standard output.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

/// The name of an event's kind.
pub(crate) fn kind(event: &Event) -> String {
    let value = serde_json::to_value(event).expect("an event is JSON");
    value["kind"].as_str().expect("it has a kind").to_owned()
}

/// Real time since a moment, for what must be quick.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the program takes is what is tested"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since then.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl FnMut() -> bool) {
    wait_until(what, LONG, condition);
}

/// Sends a signal to a process, which may have ended already.
pub(crate) fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ended = kill_process(pid, signal);
    }
}

/// The live processes whose environment fits. (Where the system does not show environments, none.)
fn processes(fits: impl Fn(&[u8]) -> bool) -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            // A zombie's is empty.
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| fits(&environment))
        })
        .collect()
}

/// The state of a process as proc(5) writes it: `T` for stopped.
pub(crate) fn state_of(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
