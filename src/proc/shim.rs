//! The shim, `docket __shim`: the process between docket and an agent or a validation.
//!
//! It leads a session of its own (no controlling terminal: nothing below it can draw over the screen), is the subreaper
//! of everything below it, and holds one end of a socket pair. It starts the program only when told, and when that socket
//! ends, docket is dead: then it ends everything below it and itself.

mod start;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, wait, waitid,
};
use signal_hook::consts;

use self::start::Group;
use super::clock::{Clock as _, SystemClock};
use super::wire::{Reply, Request, WITH_STDIN, line};
use super::{os, sweep};

/// How long what is below a dead docket has between SIGTERM and SIGKILL.
const ORPHAN_GRACE: Duration = Duration::from_millis(300);

/// How long a sweep may take: only a process that the kernel can't end (a hung disk) is still there then.
const SWEEP_LIMIT: Duration = Duration::from_secs(2);

/// The pauses between two rounds of a sweep begin with this and double up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(500);
/// The longest pause between two rounds of a sweep.
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// How often a freeze looks for processes that were forked meanwhile.
const FREEZE_ROUNDS: u32 = 100;

/// Signals whose disposition may be inherited as "ignored" (by `nohup`, by a shell). With a handler of our own, the exec
/// of the program resets them to their default (execve(2)); and the shim itself survives what is meant for others. What
/// the processor raises is missing: it can't be ignored. SIGPIPE, too: std resets it.
const HANDLED: &[i32] = &[
    consts::SIGHUP,
    consts::SIGINT,
    consts::SIGQUIT,
    consts::SIGTERM,
    consts::SIGUSR1,
    consts::SIGUSR2,
    consts::SIGALRM,
    consts::SIGVTALRM,
    consts::SIGPROF,
    consts::SIGCHLD,
    consts::SIGCONT,
    consts::SIGTSTP,
    consts::SIGTTIN,
    consts::SIGTTOU,
    consts::SIGURG,
    consts::SIGIO,
    consts::SIGWINCH,
    consts::SIGXCPU,
    consts::SIGXFSZ,
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
    os::close_inherited();
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
        terminal,
        writable,
    })) = events.recv()
    else {
        return Ok(());
    };
    let environment: Vec<(OsString, OsString)> = environment
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let argv: Vec<OsString> = argv.into_iter().map(Into::into).collect();
    if terminal {
        // A session without a terminal takes it as its own; the shim's group is in the foreground.
        let _of_another_session = rustix::process::ioctl_tiocsctty(io::stdout());
    }
    // On a terminal the program shares the shim's group: in the foreground from the first moment, and, as that group has
    // no parent in its session, never stopped by a Ctrl-Z that nobody could undo.
    let group = if terminal { Group::Shims } else { Group::Own };
    if let Some(writable) = writable {
        // From here on this thread may write no more than the program, which inherits it; what the shim does needs no more.
        let writable: Vec<PathBuf> = writable.into_iter().map(Into::into).collect();
        if let Err(why) = os::confine(&writable) {
            tell(&socket, &Reply::NotStarted { why });
            return Ok(());
        }
    }
    let child = match start::start(&argv, &PathBuf::from(directory), &environment, stdin, group) {
        Ok(child) => child,
        Err(why) => {
            tell(&socket, &Reply::NotStarted { why });
            return Ok(());
        }
    };
    let Some(leader) = os::pid(child.id()) else {
        return Ok(());
    };
    let_go_of_output();
    tell(&socket, &Reply::Started { pid: child.id() });
    watch(leader, sender);
    let tree = Tree {
        leader,
        group,
        carried: sweep::carried(&environment),
        ended: BTreeSet::new(),
    };
    serve(&socket, &events, tree);
    Ok(())
}

/// The pipes belong to the program alone from here on: else they would never be at their end while the shim lives.
fn let_go_of_output() {
    if let Ok(nothing) = std::fs::File::options().write(true).open("/dev/null") {
        let _still_held = rustix::stdio::dup2_stdout(&nothing);
        let _still_held = rustix::stdio::dup2_stderr(&nothing);
    }
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

fn serve(socket: &UnixStream, events: &Receiver<Event>, mut tree: Tree) {
    loop {
        match events.recv() {
            Ok(Event::Exited { code, signal }) => tell(socket, &Reply::Exited { code, signal }),
            Ok(Event::Request(request)) => match request {
                Request::Interrupt => tree.ask(Signal::INT),
                Request::Terminate => tree.ask(Signal::TERM),
                Request::HangUp => {
                    tree.signal_all(Signal::HUP);
                    tree.signal_all(Signal::CONT);
                }
                Request::Kill => tree.kill(),
                Request::Freeze => {
                    if tree.freeze() {
                        tell(socket, &Reply::Frozen);
                    }
                }
                Request::Thaw => tree.signal_all(Signal::CONT),
                Request::Sweep => {
                    let (killed, left) = tree.sweep();
                    tell(socket, &Reply::Swept { killed, left });
                    return;
                }
                Request::Launch { .. } => {}
            },
            Ok(Event::DocketGone) | Err(_) => {
                end_orphans(events, &mut tree);
                return;
            }
        }
    }
}

/// docket is dead: TERM, a short grace, then KILL for all.
fn end_orphans(events: &Receiver<Event>, tree: &mut Tree) {
    tree.signal_all(Signal::TERM);
    tree.signal_all(Signal::CONT);
    loop {
        match events.recv_timeout(ORPHAN_GRACE) {
            Ok(Event::Exited { .. })
            | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            Ok(Event::Request(_) | Event::DocketGone) => {}
        }
    }
    tree.sweep();
}

/// Everything below the shim.
struct Tree {
    /// The program itself. It is not reaped before the sweep, so its group's id can't be a stranger's.
    leader: Pid,
    group: Group,
    /// What everything carries in its environment, as `NAME=value`.
    carried: String,
    /// Who was ended with SIGKILL, but the leader.
    ended: BTreeSet<u32>,
}

impl Tree {
    fn members(&self) -> BTreeSet<u32> {
        os::members(&self.carried)
    }

    fn signal_all(&self, signal: Signal) {
        for pid in self.members() {
            sweep::kill(pid, signal);
        }
    }

    fn signal_group(&self, signal: Signal) {
        match self.group {
            Group::Own => {
                let _gone = kill_process_group(self.leader, signal);
            }
            // Its group is the shim's, too.
            Group::Shims => self.signal_all(signal),
        }
    }

    /// Asks the program's group to end.
    fn ask(&self, signal: Signal) {
        self.signal_group(signal);
        // A stopped process acts on a signal only when it goes on, and may need others of the tree for that.
        self.signal_all(Signal::CONT);
    }

    /// Stops them all. A running one may fork between the look and the signal, so that is done until nobody is new; whether
    /// that came about.
    fn freeze(&self) -> bool {
        let mut frozen = BTreeSet::new();
        for _ in 0..FREEZE_ROUNDS {
            let members = self.members();
            let mut somebody_new = false;
            for pid in members {
                if frozen.insert(pid) {
                    somebody_new = true;
                    sweep::kill(pid, Signal::STOP);
                }
            }
            if !somebody_new {
                return true;
            }
        }
        false
    }

    /// SIGKILL to all that is there now.
    fn kill(&mut self) {
        let leader = u32::try_from(self.leader.as_raw_nonzero().get()).unwrap_or_default();
        let members = self.members();
        self.signal_group(Signal::KILL);
        for pid in members {
            sweep::kill(pid, Signal::KILL);
            if pid != leader {
                self.ended.insert(pid);
            }
        }
    }

    /// Ends and reaps everything. Gives how many it ended beside the leader, and who is left after [`SWEEP_LIMIT`].
    fn sweep(&mut self) -> (u32, Vec<u32>) {
        let clock = SystemClock::new();
        let mut pause = FIRST_PAUSE;
        let left = loop {
            self.kill();
            if reap_all() {
                // Without a subreaper, who has lost its parent is nobody's child.
                let left = self.members();
                if left.is_empty() {
                    break left;
                }
            }
            if clock.now().monotonic.0 > SWEEP_LIMIT {
                break self.members();
            }
            sweep::pause(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        let ended = u32::try_from(self.ended.len()).unwrap_or(u32::MAX);
        (ended, left.into_iter().collect())
    }
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
