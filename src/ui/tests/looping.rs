//! The loop itself: a scripted user, a fake runner, real files and real time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as Input, KeyEvent};
use futures_util::stream;
use ratatui::backend::TestBackend;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio::sync::{mpsc, watch};

use super::scene::{entry, event_of, look, text_of};
use crate::config::{NotifyConfig, NotifyOsc};
use crate::domain::board::{Board, Feed};
use crate::domain::command::Command;
use crate::domain::notice::NoticeKind;
use crate::domain::queue::Queue;
use crate::domain::time::{Monotonic, Now};
use crate::runner::handle::RunnerHandle;
use crate::ui::announce::Announce;
use crate::ui::app::{App, Events, Host};
use crate::ui::session::{Ended, RunOutside, Session, UiEnd};
use crate::ui::terminals::{
    OpenTerminal, TerminalControl, TerminalEvent, TerminalLink, TerminalRequest,
};
use crate::ui::update::Signal;

use super::scene::NOON;

/// A terminal whose frames are published.
struct Screen {
    inner: TestBackend,
    frames: watch::Sender<String>,
    /// When it is false, the terminal is dead.
    alive: watch::Receiver<bool>,
    lent: watch::Sender<Lent>,
}

fn never<T>(result: Result<T, std::convert::Infallible>) -> io::Result<T> {
    result.map_err(|never| match never {})
}

impl Backend for Screen {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        if !*self.alive.borrow() {
            return Err(io::Error::other("gone"));
        }
        never(self.inner.draw(content))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        never(self.inner.hide_cursor())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        never(self.inner.show_cursor())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        never(self.inner.get_cursor_position())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        never(self.inner.set_cursor_position(position))
    }

    fn clear(&mut self) -> io::Result<()> {
        never(self.inner.clear())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        never(self.inner.clear_region(clear_type))
    }

    fn size(&self) -> io::Result<Size> {
        never(self.inner.size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        never(self.inner.window_size())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.frames.send_replace(text_of(self.inner.buffer()));
        never(self.inner.flush())
    }
}

struct FakeHost {
    screen: Option<Screen>,
    input: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<io::Result<Input>>>>,
    signals: mpsc::UnboundedReceiver<Signal>,
    suspended: watch::Sender<u32>,
    lent: watch::Sender<Lent>,
    sent: watch::Sender<String>,
}

/// How often the terminal was lent and taken back, and everything drawn anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lent {
    pub(super) given: u32,
    pub(super) taken: u32,
    pub(super) forgotten: u32,
}

impl Host for FakeHost {
    type Backend = Screen;

    fn backend(&mut self) -> Screen {
        self.screen.take().expect("asked for once")
    }

    fn forget(screen: &mut Screen) {
        screen.lent.send_modify(|lent| lent.forgotten += 1);
    }

    fn events(&mut self) -> Events {
        let input = Arc::clone(&self.input);
        Box::pin(stream::unfold(input, |input| async move {
            let event = input.lock().await.recv().await?;
            Some((event, input))
        }))
    }

    async fn signal(&mut self) -> Signal {
        match self.signals.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    fn set_mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    async fn suspend(&mut self) -> io::Result<()> {
        self.suspended.send_modify(|count| *count += 1);
        Ok(())
    }

    fn send(&mut self, sequence: &str) -> io::Result<()> {
        self.sent.send_modify(|sent| sent.push_str(sequence));
        Ok(())
    }

    fn lend(&mut self) -> io::Result<()> {
        self.lent.send_modify(|lent| lent.given += 1);
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.lent.send_modify(|lent| lent.taken += 1);
        Ok(())
    }

    fn reclaim(&mut self) -> io::Result<bool> {
        Ok(false)
    }
}

/// A shell that says its size and echoes.
struct Echo;

struct EchoControl(mpsc::Sender<TerminalEvent>);

impl OpenTerminal for Echo {
    fn open(&mut self, request: &TerminalRequest) -> io::Result<TerminalLink> {
        let (sender, output) = mpsc::channel(8);
        let hello = format!("{}x{} $ ", request.columns, request.rows);
        sender
            .try_send(TerminalEvent::Output(hello.into_bytes()))
            .expect("room");
        Ok(TerminalLink {
            output,
            control: Box::new(EchoControl(sender)),
        })
    }
}

impl TerminalControl for EchoControl {
    fn write(&mut self, bytes: Vec<u8>) {
        self.0.try_send(TerminalEvent::Output(bytes)).expect("room");
    }

    fn resize(&mut self, _: u16, _: u16) {}

    fn hang_up(&mut self) {}
}

/// No program is there.
struct Nobody;

impl RunOutside for Nobody {
    fn run(
        &mut self,
        _: &crate::ui::session::Outside,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>> {
        Box::pin(std::future::ready(Err("there is no program".to_owned())))
    }
}

/// The ends that a test holds.
pub(super) struct Outside {
    input: mpsc::UnboundedSender<io::Result<Input>>,
    pub(super) signals: mpsc::UnboundedSender<Signal>,
    pub(super) feed: mpsc::UnboundedSender<Feed>,
    commands: mpsc::UnboundedReceiver<Command>,
    frames: watch::Receiver<String>,
    alive: watch::Sender<bool>,
    suspended: watch::Receiver<u32>,
    pub(super) lent: watch::Receiver<Lent>,
    /// What the terminal was sent beside frames.
    pub(super) sent: watch::Receiver<String>,
    app: tokio::task::JoinHandle<Ended>,
    _folder: tempfile::TempDir,
}

pub(super) fn begin() -> Outside {
    begin_with(Box::new(Nobody))
}

/// A screen whose pager and editor are these.
pub(super) fn begin_with(programs: Box<dyn RunOutside>) -> Outside {
    let (input, input_receiver) = mpsc::unbounded_channel();
    let (signals, signals_receiver) = mpsc::unbounded_channel();
    let (feed, feed_receiver) = mpsc::unbounded_channel();
    let (commands_sender, commands) = mpsc::unbounded_channel();
    let (frames_sender, frames) = watch::channel(String::new());
    let (alive, alive_receiver) = watch::channel(true);
    let (suspended_sender, suspended) = watch::channel(0);
    let (lent_sender, lent) = watch::channel(Lent::default());
    let (sent_sender, sent) = watch::channel(String::new());
    let host = FakeHost {
        screen: Some(Screen {
            inner: TestBackend::new(100, 30),
            frames: frames_sender,
            alive: alive_receiver,
            lent: lent_sender.clone(),
        }),
        lent: lent_sender,
        sent: sent_sender,
        input: Arc::new(tokio::sync::Mutex::new(input_receiver)),
        signals: signals_receiver,
        suspended: suspended_sender,
    };
    let started = tokio::time::Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let session = Session {
        abilities: std::collections::BTreeMap::new(),
        approvals: None,
        themes: crate::ui::ThemeSource {
            folder: None,
            config: None,
            changes: mpsc::channel(1).1,
        },
        books: crate::ui::Books::default(),
        clipboard: crate::ui::Clipboard::default(),
        handle: RunnerHandle {
            commands: commands_sender,
            feed: feed_receiver,
            take_over: None,
            terminals: crate::runner::terminals::Terminals::nowhere(),
        },
        repository_name: "api-server".into(),
        repository_root: folder.path().to_owned(),
        evidence_root: folder.path().join(".docket/evidence"),
        agents: None,
        seed: Board::default(),
        look: look(false),
        viewer: false,
        mouse: false,
        clock: Arc::new(move || Now {
            wall: NOON,
            monotonic: Monotonic(started.elapsed()),
        }),
        terminals: Box::new(Echo),
        outside: programs,
        new_tickets: crate::ui::session::NewTickets::default(),
        announce: Announce {
            config: NotifyConfig {
                on: vec![NoticeKind::RunEnded],
                bell: true,
                osc: NotifyOsc::None,
                command: None,
                limit: Duration::from_secs(1),
            },
            in_tmux: false,
        },
        preferences: crate::ui::Preferences::default(),
    };
    let app = App::new(session, host, false).expect("an app");
    let app = tokio::spawn(async move { Box::pin(app.run()).await.expect("an end") });
    Outside {
        input,
        signals,
        feed,
        commands,
        frames,
        alive,
        suspended,
        lent,
        sent,
        app,
        _folder: folder,
    }
}

impl Outside {
    /// What is on the screen.
    pub(super) fn frame(&self) -> String {
        self.frames.borrow().clone()
    }

    /// The runner ends.
    pub(super) fn end_feed(&mut self) {
        let (feed, _) = mpsc::unbounded_channel();
        self.feed = feed;
    }

    pub(super) fn press(&self, keys: &str) {
        for word in keys.split_whitespace() {
            let key: KeyEvent = event_of(word);
            self.input.send(Ok(Input::Key(key))).expect("an app");
        }
    }

    pub(super) async fn shows(&mut self, text: &str) {
        let shown = self.frames.wait_for(|frame| frame.contains(text));
        let waited = tokio::time::timeout(Duration::from_secs(20), shown).await;
        let found = waited.is_ok_and(|shown| shown.is_ok());
        assert!(found, "{text:?} never came:\n{}", *self.frames.borrow());
    }

    pub(super) async fn ends(self) -> UiEnd {
        let ended = tokio::time::timeout(Duration::from_secs(20), self.app).await;
        ended.expect("in time").expect("no panic").why
    }
}

pub(super) fn queue() -> Feed {
    let entries = [entry("001", "the only one", "codex", &[])];
    Feed::Queue(Arc::new(Queue::new(entries)))
}

#[tokio::test]
async fn what_the_runner_tells_is_shown_and_keys_become_commands() {
    let mut outside = begin();
    outside.shows("no tickets yet").await;
    outside.feed.send(queue()).expect("an app");
    outside.shows("001 the only one").await;
    outside.press("p");
    assert_eq!(outside.commands.recv().await, Some(Command::Pause));
    outside.press("q");
    assert_eq!(outside.ends().await, UiEnd::Quit);
}

#[tokio::test(start_paused = true)]
async fn a_shell_is_opened_typed_into_and_left() {
    let mut outside = begin();
    outside.feed.send(queue()).expect("an app");
    outside.press("t h i");
    outside.shows(" $ hi").await;
    outside.press("Ctrl-] Ctrl-] q");
    // Nobody can tell what runs there, so it is asked.
    outside.shows("1 repository may run something").await;
    // It is decided about what was read.
    tokio::time::sleep(Duration::from_secs(1)).await;
    outside.press("y");
    assert_eq!(outside.ends().await, UiEnd::Quit);
}

#[tokio::test]
async fn a_flood_of_facts_keeps_no_key_waiting() {
    let mut outside = begin();
    for _ in 0..2_000 {
        outside.feed.send(queue()).expect("an app");
    }
    outside.press("?");
    outside.shows("Keys (Esc closes)").await;
    outside.press("Esc q");
    assert_eq!(outside.ends().await, UiEnd::Quit);
}

#[tokio::test]
async fn nothing_is_painted_while_nothing_happens() {
    let mut outside = begin();
    outside.feed.send(queue()).expect("an app");
    outside.shows("001 the only one").await;
    // What it asked the disk for may still come.
    let mut frames = 0;
    while let Ok(changed) =
        tokio::time::timeout(Duration::from_millis(400), outside.frames.changed()).await
    {
        changed.expect("an app");
        frames += 1;
        assert!(frames < 20, "it paints without a reason");
    }
    outside.press("q");
    assert_eq!(outside.ends().await, UiEnd::Quit);
}

#[tokio::test]
async fn a_terminal_that_is_gone_ends_the_screen_and_not_the_runner() {
    let outside = begin();
    outside.signals.send(Signal::HangUp).expect("an app");
    assert_eq!(outside.ends().await, UiEnd::HungUp);

    let outside = begin();
    outside
        .input
        .send(Err(io::Error::other("EIO")))
        .expect("an app");
    assert_eq!(outside.ends().await, UiEnd::HungUp);

    let mut outside = begin();
    outside.shows("no tickets yet").await;
    outside.alive.send_replace(false);
    outside.feed.send(queue()).expect("an app");
    let Outside { app, feed, .. } = outside;
    let ended = app.await.expect("no panic");
    assert_eq!(ended.why, UiEnd::HungUp);
    // The runner's feed is handed on: whoever goes on without a screen reads it.
    assert!(feed.send(queue()).is_ok());
}

#[tokio::test]
async fn it_can_be_put_into_the_background() {
    let mut outside = begin();
    outside.press("Ctrl-z");
    let stopped = outside.suspended.wait_for(|count| *count == 1);
    tokio::time::timeout(Duration::from_secs(20), stopped)
        .await
        .expect("in time")
        .expect("an app");
    outside.press("?");
    outside.shows("Keys (Esc closes)").await;
    outside.press("Esc q");
    assert_eq!(outside.ends().await, UiEnd::Quit);
}

#[tokio::test]
async fn the_end_of_the_runner_is_the_end_of_the_screen() {
    let outside = begin();
    let Outside { app, feed, .. } = outside;
    drop(feed);
    assert_eq!(app.await.expect("no panic").why, UiEnd::RunnerEnded);
}
