//! The real program on a real terminal: a PTY, read through an emulator.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pty_process::blocking as pty;
use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};

use super::modes::left_behind;
use super::sandbox;
use super::wait::{LONG, wait_until};

/// A question that has not stood for long enough is answered again after this.
const AGAIN: Duration = Duration::from_millis(400);

/// What came from the program.
struct Received {
    emulator: vt100::Parser,
    bytes: Vec<u8>,
    last: Instant,
    is_closed: bool,
}

/// A program on a terminal. It is killed when the test is over.
pub(crate) struct Terminal {
    master: Option<pty::Pty>,
    child: Child,
    received: Arc<Mutex<Received>>,
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

impl Terminal {
    /// Starts the program of `command` with its arguments, folder and environment on a terminal of this size.
    pub(crate) fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let (terminal, theirs) = pty::open().expect("a terminal");
        terminal
            .resize(pty_process::Size::new(rows, columns))
            .expect("its size");
        let mut program = pty::Command::new(command.get_program())
            .args(command.get_args())
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .env("PS1", "$ ");
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                program = program.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            program = program.current_dir(folder);
        }
        let child = program.spawn(theirs).expect("the program starts");
        let received = Arc::new(Mutex::new(Received {
            emulator: emulator(columns, rows),
            bytes: Vec::new(),
            last: now(),
            is_closed: false,
        }));
        let reader = terminal.as_fd().try_clone_to_owned().expect("a reader");
        read(File::from(reader), Arc::clone(&received));
        Self {
            master: Some(terminal),
            child,
            received,
        }
    }

    fn with<T>(&self, look: impl FnOnce(&Received) -> T) -> T {
        look(&self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The program's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn master(&self) -> &pty::Pty {
        self.master.as_ref().expect("the terminal is there")
    }

    /// What is on the screen.
    pub(crate) fn screen(&self) -> String {
        self.with(|received| received.emulator.screen().contents())
    }

    /// How many bytes have come so far.
    pub(crate) fn bytes(&self) -> usize {
        self.with(|received| received.bytes.len())
    }

    /// Whether these bytes have come.
    pub(crate) fn got(&self, part: &str) -> bool {
        let part = part.as_bytes();
        self.with(|received| {
            let mut places = received.bytes.windows(part.len());
            places.any(|place| place == part)
        })
    }

    /// Whether the alternate screen is shown.
    pub(crate) fn is_alternate(&self) -> bool {
        self.with(|received| received.emulator.screen().alternate_screen())
    }

    /// The modes that the program has changed and not put back.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        self.with(|received| left_behind(&received.bytes))
    }

    /// Whether the program has changed nothing about the terminal, or has put it back: cooked mode, the normal screen, a
    /// cursor, no bracketed paste and no mouse, and every other mode that it set.
    pub(crate) fn is_as_before(&self) -> bool {
        let settings = tcgetattr(self.master()).expect("the terminal's settings");
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        settings.local_modes.contains(cooked)
            && self.with(|received| {
                let screen = received.emulator.screen();
                !screen.alternate_screen()
                    && !screen.hide_cursor()
                    && !screen.bracketed_paste()
                    && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
                    && left_behind(&received.bytes).is_empty()
            })
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, mut wanted: impl FnMut(&str) -> bool) {
        let began = now();
        let mut seen = String::new();
        while began.elapsed() < LONG {
            seen = self.screen();
            if wanted(&seen) {
                return;
            }
            pause();
        }
        assert!(
            wanted(&seen),
            "waited in vain until {what}; the screen:\n{seen}"
        );
    }

    /// Waits until the screen shows this text.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        self.wait(&format!("it shows {text:?}"), |screen| {
            screen.contains(text)
        });
    }

    /// Waits until nothing has come for so long.
    #[track_caller]
    pub(crate) fn is_quiet_for(&self, quiet: Duration) {
        wait_until("the screen is quiet", LONG, || {
            self.with(|received| received.last.elapsed() >= quiet)
        });
    }

    /// Waits until what is there has stood for so long that a key is meant for it.
    #[track_caller]
    pub(crate) fn is_read(&self) {
        self.is_quiet_for(Duration::from_millis(600));
    }

    /// Types.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) {
        let mut terminal = self.master();
        terminal.write_all(bytes.as_ref()).expect("it is typed");
    }

    /// Says yes to a question, as often as it takes: what has just come is not decided about.
    #[track_caller]
    pub(crate) fn says_yes(&self, question: &str) {
        self.shows(question);
        let mut said = None::<Instant>;
        self.wait("the question is answered", |screen| {
            if !screen.contains(question) {
                return true;
            }
            if said.is_none_or(|at| at.elapsed() > AGAIN) {
                self.send("y");
                said = Some(now());
            }
            false
        });
    }

    /// Leaves docket by `q`, which may ask whether that is meant: its exit code.
    #[track_caller]
    pub(crate) fn quits(&mut self) -> i32 {
        self.send("q");
        let mut said = None::<Instant>;
        wait_until("docket is left", LONG, || {
            let is_asked = self.screen().contains("Leave docket");
            if is_asked && said.is_none_or(|at| at.elapsed() > AGAIN) {
                self.send("y");
                said = Some(now());
            }
            self.has_ended()
        });
        self.ends()
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        // vt100 is not made for less than two cells.
        let screen = received.emulator.screen_mut();
        screen.set_size(cells(rows.max(2)), cells(columns.max(2)));
        self.master()
            .resize(pty_process::Size::new(rows, columns))
            .expect("another size");
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        sandbox::kill(self.child.id(), signal);
    }

    /// The line drops: the terminal is gone, and the program gets SIGHUP.
    pub(crate) fn hang_up(&mut self) {
        // The reader holds the terminal too, until the signal has made the program let go of it.
        self.master = None;
        self.signal(Signal::HUP);
    }

    /// Whether the program has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait().expect("its state is known");
        status.is_some()
    }

    /// Waits for the program's end: its exit code, or 128 and the signal.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        let mut status: Option<ExitStatus> = None;
        let child = &mut self.child;
        wait_until("the program ends", LONG, || {
            status = child.try_wait().expect("its state is known");
            status.is_some()
        });
        let status = status.expect("it has ended");
        wait_until("everything is read", LONG, || {
            self.master.is_none() || self.with(|received| received.is_closed)
        });
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests look at the screen through an emulator of their own"
)]
fn emulator(columns: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(cells(rows), cells(columns), 0)
}

#[expect(clippy::disallowed_methods, reason = "tests wait in real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "tests wait in real time")]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Reads to the end, which Linux tells by an error.
fn read(mut reader: File, received: Arc<Mutex<Received>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
            received.emulator.process(&buffer[..count]);
            received.bytes.extend_from_slice(&buffer[..count]);
            received.last = now();
        }
        let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
        received.is_closed = true;
    });
}
