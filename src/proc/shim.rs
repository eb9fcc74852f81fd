//! The shim, `docket __shim`: the process between docket and an agent or a validation.
//!
//! It leads a session of its own (no controlling terminal: nothing below it can draw over the screen), is the subreaper
//! of everything below it, and holds one end of a socket pair. It starts the program only when told, and when that socket
//! ends, docket is dead: then it ends everything below it and itself.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, wait, waitid,
};

use super::wire::{Reply, Request, WITH_STDIN, line};
use super::{os, sweep};

/// How long what is below a dead docket has between SIGTERM and SIGKILL.
const ORPHAN_GRACE: Duration = Duration::from_millis(300);

/// How long a sweep may take: only a process that the kernel can't end (a hung disk) is still there then.
const SWEEP_LIMIT: Duration = Duration::from_secs(2);

/// Signals whose disposition may be inherited as "ignored" (by `nohup`, by a shell). With a handler of our own, the exec
/// of the program resets them to their default; and the shim itself survives what is meant for others.
const HANDLED: &[i32] = &[
    signal_hook::consts::SIGHUP,
    signal_hook::consts::SIGINT,
    signal_hook::consts::SIGQUIT,
    signal_hook::consts::SIGTERM,
    signal_hook::consts::SIGUSR1,
    signal_hook::consts::SIGUSR2,
    signal_hook::consts::SIGALRM,
    signal_hook::consts::SIGTSTP,
    signal_hook::consts::SIGTTIN,
    signal_hook::consts::SIGTTOU,
];

enum Event {
    Request(Request),
    /// The socket ended: docket is dead.
    DocketGone,
    Exited {
        code: Option<i32>,
        signal: Option<i32>,
    },
}

/// Runs the shim on the socket that is its standard input. Returns when nothing is left below it.
pub fn main() -> io::Result<()> {
    // Already a leader only when started by hand.
    let _already = rustix::process::setsid();
    os::become_subreaper();
    for signal in HANDLED {
        signal_hook::flag::register(*signal, std::sync::Arc::default())?;
    }
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let Some(stdin) = receive_stdin(&socket)? else {
        return Ok(());
    };
    let (sender, events) = channel();
    listen(socket.try_clone()?, sender.clone());
    let Ok(Event::Request(Request::Launch {
        argv,
        directory,
        environment,
    })) = events.recv()
    else {
        return Ok(());
    };
    let environment = environment
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()));
    let argv: Vec<OsString> = argv.into_iter().map(Into::into).collect();
    let child = match start(&argv, directory.into(), environment, stdin) {
        Ok(child) => child,
        Err(why) => {
            tell(&socket, &Reply::NotStarted { why });
            return Ok(());
        }
    };
    let_go_of_output()?;
    let Some(leader) = os::pid(child.id()) else {
        return Ok(());
    };
    tell(&socket, &Reply::Started { pid: child.id() });
    watch(leader, sender);
    serve(&socket, &events, leader);
    Ok(())
}

/// The shim's own ends of the output pipes: the end of the output must be the program's end alone.
fn let_go_of_output() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

/// The descriptor for the program's standard input. `None` when docket is gone before it sent one.
fn receive_stdin(socket: &UnixStream) -> io::Result<Option<Stdio>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut slices = [IoSliceMut::new(&mut byte)];
    let received = recvmsg(socket, &mut slices, &mut ancillary, RecvFlags::empty())?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    match descriptor {
        Some(descriptor) if byte[0] == WITH_STDIN => {
            close_on_exec(&descriptor)?;
            Ok(Some(Stdio::from(descriptor)))
        }
        _ => Ok(Some(Stdio::null())),
    }
}

fn close_on_exec(descriptor: &OwnedFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(
        descriptor,
        rustix::io::FdFlags::CLOEXEC,
    )?)
}

fn start(
    argv: &[OsString],
    directory: PathBuf,
    environment: impl Iterator<Item = (OsString, OsString)>,
    stdin: Stdio,
) -> Result<Child, String> {
    let (program, arguments) = argv.split_first().ok_or("the command is empty")?;
    if !directory.is_dir() {
        return Err(format!("the folder {} is gone", directory.display()));
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where agents start"
    )]
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(environment)
        .stdin(stdin)
        .process_group(0);
    command.spawn().map_err(|error| describe(program, &error))
}

fn describe(program: &OsString, error: &io::Error) -> String {
    let program = program.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "`{program}` was not found: install it, or put its full path into the agent's command"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("`{program}` is not executable: set its executable bit (chmod +x)")
        }
        _ => format!("`{program}` could not be started: {error}"),
    }
}

/// Turns lines from docket into events; the end of the socket, too.
fn listen(socket: UnixStream, events: Sender<Event>) {
    std::thread::spawn(move || {
        for text in BufReader::new(socket).lines() {
            let Some(request) = text.ok().and_then(|text| serde_json::from_str(&text).ok()) else {
                break;
            };
            if events.send(Event::Request(request)).is_err() {
                return;
            }
        }
        let _main_is_gone = events.send(Event::DocketGone);
    });
}

/// Waits for the leader's end without reaping it: while it is a zombie, its group's id can't be anybody else's.
fn watch(leader: Pid, events: Sender<Event>) {
    std::thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = loop {
            match waitid(WaitId::Pid(leader), options) {
                Ok(Some(status)) => break Some(status),
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                Err(_gone) => break None,
            }
        };
        let code = status
            .as_ref()
            .and_then(rustix::process::WaitIdStatus::exit_status);
        let signal = status
            .as_ref()
            .and_then(rustix::process::WaitIdStatus::terminating_signal);
        let _main_is_gone = events.send(Event::Exited { code, signal });
    });
}

fn serve(socket: &UnixStream, events: &Receiver<Event>, leader: Pid) {
    let group = |signal| {
        let _gone = kill_process_group(leader, signal);
    };
    loop {
        match events.recv() {
            Ok(Event::Exited { code, signal }) => tell(socket, &Reply::Exited { code, signal }),
            Ok(Event::Request(request)) => match request {
                // CONT after it: a stopped process acts on a signal only when it goes on.
                Request::Interrupt => {
                    group(Signal::INT);
                    group(Signal::CONT);
                }
                Request::Terminate => {
                    group(Signal::TERM);
                    group(Signal::CONT);
                }
                Request::Kill => group(Signal::KILL),
                Request::Freeze => signal_all(Signal::STOP),
                Request::Thaw => signal_all(Signal::CONT),
                Request::Sweep => {
                    let (killed, left) = sweep_all(leader);
                    tell(socket, &Reply::Swept { killed, left });
                    return;
                }
                Request::Launch { .. } => {}
            },
            Ok(Event::DocketGone) | Err(_) => {
                end_orphans(events, leader);
                return;
            }
        }
    }
}

/// docket is dead: TERM, a short grace, then KILL for all.
fn end_orphans(events: &Receiver<Event>, leader: Pid) {
    signal_all(Signal::TERM);
    signal_all(Signal::CONT);
    loop {
        match events.recv_timeout(ORPHAN_GRACE) {
            Ok(Event::Exited { .. })
            | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            Ok(Event::Request(_) | Event::DocketGone) => {}
        }
    }
    sweep_all(leader);
}

fn signal_all(signal: Signal) {
    for pid in os::descendants() {
        sweep::kill(pid, signal);
    }
}

/// Ends everything below the shim and reaps it. Gives how many had to be ended (the leader is not counted when it had
/// ended by itself), and who is left after [`SWEEP_LIMIT`].
fn sweep_all(leader: Pid) -> (u32, Vec<u32>) {
    let mut killed = std::collections::BTreeSet::new();
    let rounds = SWEEP_LIMIT.as_millis() / 5;
    for round in 0..rounds {
        let alive = os::descendants();
        // Its id is pinned until it is reaped below, so the group can't be a stranger's.
        if round == 0 {
            let _gone = kill_process_group(leader, Signal::KILL);
        }
        for pid in &alive {
            sweep::kill(*pid, Signal::KILL);
        }
        killed.extend(alive);
        if reap_all() {
            return (u32::try_from(killed.len()).unwrap_or(u32::MAX), Vec::new());
        }
        sweep::pause(Duration::from_millis(5));
    }
    (
        u32::try_from(killed.len()).unwrap_or(u32::MAX),
        os::descendants().into_iter().collect(),
    )
}

/// Reaps what has ended; whether no child is left at all.
fn reap_all() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_no_child) => return true,
        }
    }
}

fn tell(mut socket: &UnixStream, reply: &Reply) {
    // A dead docket hears nothing; the end of the socket comes as an event.
    let _docket_is_gone = line(reply).and_then(|line| socket.write_all(&line));
}
