//! The user's terminal: taken at the start, given back on every path, panics and signals included.

mod modes;

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crossterm::event::EventStream;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{self, SignalKind};

use self::modes::Modes;
use super::app::{Events, Host};
use super::screen::Screen;
use super::update::Signal;

/// A frame of a large screen is 50 kB.
const BUFFER: usize = 64 * 1024;

/// What of the terminal is docket's. Global, since the panic hook is.
static TAKEN: AtomicU8 = AtomicU8::new(0);

/// Before a panic is printed the terminal is given back; otherwise nobody could read it.
fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if crate::emulator::fence::is_contained() {
                return;
            }
            give_back();
            previous(info);
        }));
    });
}

fn write(sequence: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

fn take(modes: Modes) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(modes.bits(), Ordering::SeqCst);
    write(&modes::on(modes))
}

/// Takes more of a terminal that is taken.
fn take_more(modes: Modes) -> io::Result<()> {
    TAKEN.fetch_or(modes.bits(), Ordering::SeqCst);
    write(&modes::on(modes))
}

/// Gives the terminal back; does nothing when it is given back already. A dead terminal is no error.
fn give_back() {
    let taken = Modes::from_bits(TAKEN.swap(0, Ordering::SeqCst));
    if taken == Modes::NONE {
        return;
    }
    let written = write(&modes::off(taken));
    let restored = disable_raw_mode();
    drop((written, restored));
}

/// The user's terminal while it is docket's.
pub(super) struct Terminal {
    modes: Modes,
    has_title: bool,
    /// How the terminal was when it was lent.
    lent: Option<Termios>,
    hang_up: unix::Signal,
    terminate: unix::Signal,
    quit: unix::Signal,
    interrupt: unix::Signal,
    resume: unix::Signal,
}

impl Terminal {
    /// Takes the terminal. Must be called inside of tokio's runtime.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let mut modes = Modes::SCREEN;
        if mouse {
            modes = modes.with(Modes::MOUSE);
        }
        if modes::has_keyboard(variable) {
            modes = modes.with(Modes::KEYBOARD);
        }
        let terminal = Self {
            modes,
            has_title: modes::has_title(variable),
            lent: None,
            hang_up: unix::signal(SignalKind::hangup())?,
            terminate: unix::signal(SignalKind::terminate())?,
            quit: unix::signal(SignalKind::quit())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            resume: unix::signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        };
        install_panic_hook();
        if let Err(error) = take(modes) {
            give_back();
            return Err(error);
        }
        Ok(terminal)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

impl Host for Terminal {
    type Backend = Screen<BufWriter<Stdout>>;

    fn backend(&mut self) -> Self::Backend {
        // GNU screen names itself in `STY`.
        let erases = std::env::var_os("STY").is_none();
        Screen::new(BufWriter::with_capacity(BUFFER, stdout()), erases)
    }

    fn forget(backend: &mut Self::Backend) {
        backend.forget();
    }

    fn events(&mut self) -> Events {
        Box::pin(EventStream::new())
    }

    async fn signal(&mut self) -> Signal {
        tokio::select! {
            _ = self.hang_up.recv() => Signal::HangUp,
            _ = self.terminate.recv() => Signal::Terminate,
            // The user's terminal is given back; else it would stay as docket had it.
            _ = self.quit.recv() => Signal::Quit,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }

    fn set_mouse(&mut self, mouse: bool) -> io::Result<()> {
        let modes = Modes::MOUSE;
        if mouse {
            self.modes = self.modes.with(modes);
            return take_more(modes);
        }
        self.modes = self.modes.without(modes);
        TAKEN.fetch_and(!modes.bits(), Ordering::SeqCst);
        write(&modes::off(modes))
    }

    fn set_title(&mut self, title: &str) -> io::Result<()> {
        if !self.has_title {
            return Ok(());
        }
        let taken = Modes::from_bits(TAKEN.load(Ordering::SeqCst));
        if !taken.has(Modes::TITLE) {
            take_more(Modes::TITLE)?;
        }
        write(&format!("\x1b]2;{title}\x07"))
    }

    async fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole group, as the terminal itself would: who started docket (cargo, a script) has to stop too.
        let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        if stopped.is_ok() {
            // A group that nobody could bring back (no shell with job control) is not stopped at all: don't wait long.
            let brought_back = self.resume.recv();
            let waited = tokio::time::timeout(Duration::from_millis(300), brought_back).await;
            drop(waited);
        }
        take(self.modes)
    }

    fn send(&mut self, sequence: &str) -> io::Result<()> {
        write(sequence)
    }

    fn lend(&mut self) -> io::Result<()> {
        give_back();
        self.lent = tcgetattr(stdin()).ok();
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        if let Some(before) = self.lent.take() {
            // A program that crashed may have left the terminal raw: that must not become what is given back at the end.
            tcsetattr(stdin(), OptionalActions::Now, &before)?;
        }
        take(self.modes)
    }

    fn reclaim(&mut self) -> io::Result<bool> {
        if TAKEN.load(Ordering::SeqCst) != 0 {
            return Ok(false);
        }
        take(self.modes)?;
        Ok(true)
    }
}
