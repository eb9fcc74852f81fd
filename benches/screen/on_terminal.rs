//! The program on a real PTY, read all the time through an emulator, as a terminal would.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pty_process::blocking as pty;

use crate::support::DOCKET;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// Longer than anything takes that is not broken.
const LONG: Duration = Duration::from_secs(30);

/// docket's screen.
pub(crate) struct OnTerminal {
    pub(crate) began: Instant,
    pub(crate) first_byte: Option<Duration>,
    /// All bytes that came so far.
    pub(crate) received: u64,
    pty: pty::Pty,
    child: Child,
    output: Receiver<Vec<u8>>,
    emulator: vt100::Parser,
}

impl OnTerminal {
    /// Opens the screen in a folder.
    pub(crate) fn open(folder: &Path) -> Self {
        Self::start(folder, &[DOCKET])
    }

    /// Starts any program in a folder.
    pub(crate) fn start(folder: &Path, argv: &[&str]) -> Self {
        let (pty, terminal) = pty::open().expect("a pty");
        pty.resize(pty_process::Size::new(ROWS, COLUMNS))
            .expect("a size");
        let mut reader = File::from(pty.as_fd().try_clone_to_owned().expect("a reader"));
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let began = Instant::now();
        let child = pty::Command::new(argv[0])
            .args(&argv[1..])
            .current_dir(folder)
            .env("SHELL", "/bin/sh")
            .env("PS1", "$ ")
            .env("HOME", folder)
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("XDG_CONFIG_HOME", folder.join(".config"))
            .env("XDG_STATE_HOME", folder.join(".state"))
            .env_remove("TMUX")
            .spawn(terminal)
            .expect("docket");
        let cells = |count| NonZeroU16::new(count).expect("cells");
        Self {
            began,
            first_byte: None,
            received: 0,
            pty,
            child,
            output,
            emulator: vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0),
        }
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).expect("keys");
    }

    /// Takes in what comes until the screen is as wanted; how long that took.
    pub(crate) fn until(&mut self, what: &str, is_there: bool) -> Duration {
        let began = Instant::now();
        while self.emulator.screen().contents().contains(what) != is_there {
            let Ok(bytes) = self.output.recv_timeout(LONG) else {
                panic!("no {what:?} on\n{}", self.emulator.screen().contents());
            };
            self.take(&bytes);
            assert!(
                began.elapsed() < LONG,
                "{}",
                self.emulator.screen().contents()
            );
        }
        began.elapsed()
    }

    /// Takes in what comes for so long; how many bytes.
    pub(crate) fn watch(&mut self, time: Duration) -> u64 {
        let (end, before) = (Instant::now() + time, self.received);
        loop {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) => return self.received - before,
                Err(RecvTimeoutError::Disconnected) => panic!("the screen has ended"),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.first_byte.get_or_insert_with(|| self.began.elapsed());
        self.received += bytes.len() as u64;
        self.emulator.process(bytes);
    }

    /// Kills the program.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("an end");
        self.child.wait().expect("a child");
    }

    /// Leaves docket, and says yes when it asks.
    pub(crate) fn quit(mut self) {
        self.press("q");
        let began = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
                self.take(&bytes);
            } else if self.emulator.screen().contents().contains("Leave docket") {
                self.press("y");
            }
            if began.elapsed() > LONG {
                self.child.kill().expect("an end");
            }
        }
    }
}
