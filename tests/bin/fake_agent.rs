//! The fake agent: every bad habit that an agent can have, each behind one word on its command line.
//!
//! Tests of supervision start it below docket's shim. Modes that run on say `ready` when they are where they should be.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "it plays programs that docket doesn't control; when it can't play its part, the test has failed"
)]

mod fake_codex;
mod fake_tui;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use docket::proc::pty::{Pty, PtySpec, Size};
use docket::proc::supervise::{Ladder, LaunchSpec, Output, ProcessEvent, Shim, Status};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process, setsid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Between two looks at something, and between two drops.
const MOMENT: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["exit", code] => return ExitCode::from(code.parse::<u8>().expect("an exit code")),
        ["abort"] => std::process::abort(),
        ["hang"] => hang(),
        ["say", text] => say(text),
        ["complain", text] => complain(text),
        ["polite"] => return polite(),
        ["ignore-term"] => ignore_term(),
        ["fork-hold-stdout"] => leave_behind(&["hang"]),
        ["chatty-grandchild"] => leave_behind(&["drip"]),
        ["setsid-grandchild"] => setsid_grandchild(),
        ["naked-grandchild"] => naked_grandchild(),
        ["daemon"] => daemon(),
        ["nasty-tree"] => nasty_tree(),
        ["new-session", rest @ ..] => new_session(rest),
        ["flood", bytes] => flood(bytes.parse().expect("a number of bytes")),
        ["drip"] => drip(u64::MAX),
        ["drip", count] => drip(count.parse().expect("a number of drops")),
        ["split-utf8"] => split_utf8(),
        ["partial-json-then-die"] => partial_json_then_die(),
        ["tty"] => tty(),
        ["tui", then @ ..] => fake_tui::run(then),
        ["close-stdout-keep-running"] => close_stdout_keep_running(),
        ["stop-self"] => stop_self(),
        ["signal-shim", signal] => signal_shim(signal),
        ["echo-stdin"] => echo_stdin(),
        ["print-env"] => print_env(),
        ["print-directory"] => print_directory(),
        ["codex", report, script @ ..] => fake_codex::play(report, script),
        ["supervise", docket, marker, argv @ ..] => supervise(docket, marker, argv),
        ["pane", docket, marker, argv @ ..] => pane(docket, marker, argv),
        ["many", docket, count, width] => many(docket, number(count), number(width)),
        ["measure", docket, count] => measure(docket, number(count)),
        _ => {
            complain(&format!("no such mode: {arguments:?}\n"));
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}

fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    // Who reads may be gone: the mode goes on.
    let _gone = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

fn complain(text: &str) {
    let _gone = io::stderr().write_all(text.as_bytes());
}

fn wait_for_ever() -> ! {
    loop {
        sleep(Duration::from_secs(3600));
    }
}

/// Never ends by itself; any signal ends it.
fn hang() {
    say("ready\n");
    wait_for_ever();
}

/// Ends as it should when asked to: exit code 3 after SIGINT, 4 after SIGTERM.
fn polite() -> ExitCode {
    let [interrupted, terminated] = [SIGINT, SIGTERM].map(flag);
    say("ready\n");
    loop {
        if interrupted.load(Ordering::Relaxed) {
            say("interrupted\n");
            return ExitCode::from(3);
        }
        if terminated.load(Ordering::Relaxed) {
            say("terminated\n");
            return ExitCode::from(4);
        }
        sleep(MOMENT);
    }
}

/// Does not end on SIGHUP, SIGINT or SIGTERM.
fn ignore_term() {
    let _nobody_looks = [SIGHUP, SIGINT, SIGTERM].map(flag);
    hang();
}

fn flag(signal: i32) -> Arc<AtomicBool> {
    let flag = Arc::default();
    signal_hook::flag::register(signal, Arc::clone(&flag)).expect("a handler");
    flag
}

/// This program again, in another mode.
fn myself(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("where this program is"));
    command.args(arguments);
    command
}

/// Starts a child that keeps standard output, and goes. The child's own `ready` says that it stands.
fn leave_behind(arguments: &[&str]) {
    let child = myself(arguments).spawn().expect("a child");
    drop(child);
}

/// Waits until a child whose standard output is a pipe has said something.
fn heard(child: &mut Child) {
    let output = child.stdout.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(output)
        .read_line(&mut line)
        .expect("the child speaks");
    assert_eq!(line, "ready\n");
}

/// Leaves a child in a session of its own behind, without any of our pipes.
fn setsid_grandchild() {
    let mut child = myself(&["new-session", "ignore-term"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    heard(&mut child);
}

/// The same, and without the marker in its environment: only who its parents were tells whose it is.
fn naked_grandchild() {
    let mut child = myself(&["new-session", "ignore-term"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    heard(&mut child);
}

/// Leaves a daemon behind: forked twice, with a session of its own and parents that are gone.
fn daemon() {
    let mut middle = myself(&["new-session", "setsid-grandchild"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a child");
    middle.wait().expect("it ends");
}

/// All of them at once, and itself stays.
fn nasty_tree() {
    leave_behind(&["drip"]);
    setsid_grandchild();
    naked_grandchild();
    daemon();
    ignore_term();
}

/// Another mode in a new session.
fn new_session(rest: &[&str]) {
    setsid().expect("a session");
    match rest {
        ["ignore-term"] => ignore_term(),
        ["setsid-grandchild"] => setsid_grandchild(),
        _ => complain("no such mode in a session\n"),
    }
}

/// Writes so many bytes, as fast as it can.
fn flood(mut bytes: u64) {
    let chunk = vec![b'x'; 64 << 10];
    let mut stdout = io::stdout().lock();
    while bytes > 0 {
        let now = bytes.min(chunk.len() as u64);
        let now = usize::try_from(now).expect("at most a chunk");
        if stdout.write_all(&chunk[..now]).is_err() {
            return;
        }
        bytes -= now as u64;
    }
}

/// Writes a little, again and again.
fn drip(count: u64) {
    for _ in 0..count {
        say(".");
        sleep(MOMENT);
    }
}

/// Two characters, each cut in the middle by a pause.
fn split_utf8() {
    let mut stdout = io::stdout().lock();
    for part in [
        "é€".as_bytes()[..1].as_ref(),
        &"é€".as_bytes()[1..3],
        &"é€".as_bytes()[3..],
    ] {
        stdout.write_all(part).expect("who reads is there");
        stdout.flush().expect("who reads is there");
        sleep(MOMENT * 3);
    }
}

/// Dies in the middle of a record.
fn partial_json_then_die() {
    say("{\"type\":\"result\",\"te");
    std::process::abort();
}

/// Says whether it has a controlling terminal, and draws on it if it has.
fn tty() {
    match OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(mut tty) => {
            tty.write_all(b"\x1b[2Jmine")
                .expect("the terminal takes it");
            say("a terminal\n");
        }
        Err(_) => say("no terminal\n"),
    }
}

/// Lets its pipes go and lives on.
fn close_stdout_keep_running() {
    say("ready\n");
    let nothing = File::options()
        .write(true)
        .open("/dev/null")
        .expect("it is there");
    rustix::stdio::dup2_stdout(&nothing).expect("standard output is let go");
    rustix::stdio::dup2_stderr(&nothing).expect("standard error is let go");
    wait_for_ever();
}

/// Stops itself, as by job control.
fn stop_self() {
    say("ready\n");
    kill_process(getpid(), Signal::STOP).expect("a signal to itself");
    wait_for_ever();
}

/// Sends a signal to its parent, which is the shim, and goes on.
fn signal_shim(signal: &str) {
    let signal = match signal {
        "STOP" => Signal::STOP,
        "KILL" => Signal::KILL,
        "TERM" => Signal::TERM,
        _ => Signal::HUP,
    };
    let shim: Pid = getppid().expect("a parent");
    setsid_grandchild();
    say("ready\n");
    kill_process(shim, signal).expect("a signal to the shim");
    wait_for_ever();
}

fn echo_stdin() {
    io::copy(&mut io::stdin().lock(), &mut io::stdout().lock()).expect("copied");
}

/// The whole environment, sorted, each entry ended by NUL.
fn print_env() {
    let mut all: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    all.sort();
    let mut stdout = io::stdout().lock();
    for (name, value) in all {
        for part in [name.as_bytes(), b"=", value.as_bytes(), b"\0"] {
            stdout.write_all(part).expect("who reads is there");
        }
    }
}

fn print_directory() {
    say(&std::env::current_dir()
        .expect("a directory")
        .to_string_lossy());
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// Plays docket: supervises a program and passes its output on. The first line says who the shim is.
fn supervise(docket: &str, marker: &str, argv: &[&str]) {
    runtime().block_on(async {
        let shim = Shim::start(Path::new(docket), Output::Merged).expect("a shim");
        say(&format!("shim {}\n", shim.record().pid));
        let mut supervised = shim.launch(launch(argv, marker));
        while let Some(event) = supervised.events.recv().await {
            match event {
                ProcessEvent::Stdout(bytes) => say(&String::from_utf8_lossy(&bytes)),
                ProcessEvent::Ended(ended) => say(&format!("{ended:?}\n")),
                _ => {}
            }
        }
    });
}

/// Plays docket with a terminal pane, and passes on what is drawn there.
fn pane(docket: &str, marker: &str, argv: &[&str]) {
    let launch = launch(argv, marker);
    runtime().block_on(async {
        let mut pty = Pty::open(PtySpec {
            docket: docket.into(),
            argv: launch.argv,
            directory: launch.directory,
            environment: launch.environment,
            marker: launch.marker,
            size: Size {
                rows: 24,
                columns: 80,
            },
        })
        .expect("a terminal");
        while let Some(bytes) = pty.output.recv().await {
            say(&String::from_utf8_lossy(&bytes));
        }
    });
}

/// Plays a busy docket: short programs, many of them, `width` at once, and some shims for which no program comes. Says
/// what is left of them.
fn many(docket: &str, count: usize, width: usize) {
    runtime().block_on(async {
        one_after_the_other(docket, 1, 0).await;
        let before = descriptors();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..width {
            let docket = docket.to_owned();
            tasks.spawn(async move { one_after_the_other(&docket, count / width, task).await });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("every task ends");
        }
        // Shims for which no program came go by themselves, and tokio reaps them when it hears of it.
        for _ in 0..500 {
            if children().is_empty() {
                break;
            }
            tokio::time::sleep(MOMENT).await;
        }
        let after = descriptors();
        say(&format!(
            "{} descriptors more, children left: [{}]\n",
            after - before,
            children()
        ));
    });
}

async fn one_after_the_other(docket: &str, count: usize, task: usize) {
    for number in 0..count {
        let shim = Shim::start(Path::new(docket), Output::Separate).expect("a shim");
        if number % 8 == 7 {
            continue;
        }
        let marker = format!("many-{}-{task}-{number}", std::process::id());
        let mode = if number % 4 == 3 {
            "setsid-grandchild"
        } else {
            "exit"
        };
        let arguments = if mode == "exit" {
            vec![mode, "0"]
        } else {
            vec![mode]
        };
        let this = std::env::current_exe().expect("where this program is");
        let argv = [vec![this.to_str().expect("UTF-8")], arguments].concat();
        let mut events = shim.launch(launch(&argv, &marker));
        let mut last = None;
        while let Some(event) = events.events.recv().await {
            last = Some(event);
        }
        let Some(ProcessEvent::Ended(ended)) = last else {
            unreachable!("an end is promised");
        };
        assert_eq!(ended.status, Status::Exited(0));
    }
}

/// What a launch costs, in microseconds: shim, program, end.
fn measure(docket: &str, count: usize) {
    runtime().block_on(async {
        let mut all = Vec::new();
        for _ in 0..count {
            let began = tokio::time::Instant::now();
            let shim = Shim::start(Path::new(docket), Output::Separate).expect("a shim");
            let stands = began.elapsed();
            let mut supervised = shim.launch(launch(&["/bin/true"], "measure"));
            let mut exited = stands;
            while let Some(event) = supervised.events.recv().await {
                if matches!(event, ProcessEvent::Started { .. }) {
                    exited = began.elapsed();
                }
            }
            all.push((began.elapsed(), exited, stands));
        }
        all.sort_unstable();
        for (name, at) in [
            ("p50", count / 2),
            ("p90", count * 9 / 10),
            ("max", count - 1),
        ] {
            let (ended, started, stands) = all[at];
            say(&format!(
                "{name}: {ended:?}, started after {started:?}, start() {stands:?}\n"
            ));
        }
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

fn launch(argv: &[&str], marker: &str) -> LaunchSpec {
    LaunchSpec {
        argv: argv.iter().map(OsString::from).collect(),
        directory: "/".into(),
        environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
        marker: marker.to_owned(),
        stdin: false,
        ladder: Ladder {
            interrupt: Duration::from_secs(60),
            terminate: Duration::from_secs(60),
        },
        confinement: None,
    }
}

/// How many descriptors this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// The pids of this process's children, zombies too.
fn children() -> String {
    let mut all = String::new();
    for thread in std::fs::read_dir("/proc/self/task")
        .expect("Linux")
        .flatten()
    {
        all += &std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    }
    all.trim().to_owned()
}
