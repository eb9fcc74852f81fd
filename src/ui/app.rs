//! The loop: waits for whatever comes first, hands it to `update`, runs the effects, and paints when something changed.
//!
//! Input comes first, then frames; bulk (the feed, programs on terminals) takes what time is left, in bounded pieces. When
//! nothing happens nothing wakes up, but for durations that are shown and the time of day.

mod lending;
mod pacing;

use std::collections::VecDeque;
use std::future::{Future, pending, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use pacing::Pace;

use super::announce::Announcer;
use super::change;
use super::clipboard::Clipboard;
use super::effect::{Effect, Loaded};
use super::left_over::left_over;
use super::links::{Links, Recorded};
use super::loader;
use super::model::Model;
use super::panes::queue::QueuePane;
use super::player::{Playing, playing};
use super::prepare::{prepare, quiet_for};
use super::session::{Clock, Ended, RunOutside, Session, UiEnd, UiError};
use super::terminals::TerminalEvent;
use super::update::terminal::unkept;
use super::update::{Message, Signal, update};
use super::view;
use crate::domain::board::{Feed, PhaseView};
use crate::domain::command::Command;
use crate::runner::handle::RunnerHandle;

/// How much of the feed is taken in at once.
const BATCH: usize = 256;
/// How long what programs write is parsed before input is looked at again.
const PARSE: Duration = Duration::from_millis(4);

/// How long a program that is asked to end has to leave the terminal as it was.
const LEAVE: Duration = Duration::from_millis(150);

/// How long recordings have to get onto the disk when docket is left.
const WRITE: Duration = Duration::from_secs(2);

/// How long the runner has to freeze its agents before docket is stopped.
const FREEZE: Duration = Duration::from_millis(100);

/// Keys, pastes, the mouse, new sizes.
pub(crate) type Events = Pin<Box<dyn Stream<Item = io::Result<Event>> + Send>>;

/// The terminal that the screen is on: the user's, or a test's.
pub(crate) trait Host {
    /// What frames are drawn to.
    type Backend: Backend<Error = io::Error>;

    /// Called once.
    fn backend(&mut self) -> Self::Backend;
    /// Somebody else wrote to the terminal: nothing is known of its cursor.
    fn forget(backend: &mut Self::Backend);
    /// A stream of what the user does. The one before has been dropped.
    fn events(&mut self) -> Events;
    /// The next signal. Dropping the future loses none.
    fn signal(&mut self) -> impl Future<Output = Signal> + Send;
    /// Takes the mouse, or leaves it.
    fn set_mouse(&mut self, mouse: bool) -> io::Result<()>;
    /// Gives the terminal's window a title. The one before comes back when the terminal is given back.
    fn set_title(&mut self, title: &str) -> io::Result<()> {
        let _ = title;
        Ok(())
    }
    /// Gives the terminal back, stops this process, and takes the terminal again when it goes on.
    fn suspend(&mut self) -> impl Future<Output = io::Result<()>> + Send;
    /// Sends the terminal what is no part of a frame.
    fn send(&mut self, sequence: &str) -> io::Result<()>;
    /// Gives the terminal back, for a program of the user's.
    fn lend(&mut self) -> io::Result<()>;
    /// Takes the lent terminal again.
    fn take_back(&mut self) -> io::Result<()>;
    /// Takes the terminal again if a panic elsewhere gave it back. Whether it did.
    fn reclaim(&mut self) -> io::Result<bool>;
}

/// See the module. The order of the fields matters: the backend goes before the host gives the terminal back.
pub(crate) struct App<H: Host> {
    terminal: Terminal<H::Backend>,
    events: Option<Events>,
    host: H,
    model: Model,
    handle: RunnerHandle,
    feed_ended: bool,
    loaded: (
        mpsc::UnboundedSender<Loaded>,
        mpsc::UnboundedReceiver<Loaded>,
    ),
    links: Links,
    recorded: Recorded,
    player: Option<Playing>,
    announcer: Announcer,
    theme_changes: mpsc::Receiver<()>,
    outside: Box<dyn RunOutside>,
    clipboard: Clipboard,
    /// The title that was set, if titles are wanted.
    title: Option<String>,
    clock: Clock,
    is_dirty: bool,
    /// Whether the terminal had another size since the last frame. It may have the old one again by now, and show nothing of
    /// what it showed.
    is_resized: bool,
    pace: Pace,
    /// The form of the cursor that the terminal was told last (DECSCUSR).
    cursor_form: u8,
    /// When something on the screen changes by itself.
    wake_at: Duration,
    end: Option<UiEnd>,
}

/// What the loop found.
enum Found {
    Messages(Vec<Message>),
    Frame,
    Tick,
    Parse,
    Announce,
}

impl<H: Host> App<H> {
    pub(crate) fn new(session: Session, mut host: H, mouse: bool) -> Result<Self, UiError> {
        let terminal = Terminal::new(host.backend())?;
        let now = (session.clock)();
        let mut model = Model::new(
            session.repository_name,
            session.repository_root,
            session.evidence_root,
            session.look,
            session.seed,
            now.wall,
        );
        model.queue = QueuePane::new(session.agents);
        model.new_tickets = session.new_tickets;
        model.viewer = session.viewer;
        model.abilities = session.abilities;
        model.approvals = session.approvals;
        model.themes.folder = session.themes.folder;
        model.themes.config = session.themes.config;
        model.overview.books = session.books;
        model.beside.takes_over = session.handle.takes_over();
        model.mouse = mouse;
        let (links, recorded) = Links::new(session.terminals);
        let title = session.preferences.title.then(String::new);
        model.prefer(session.preferences);
        Ok(Self {
            terminal,
            events: Some(host.events()),
            host,
            model,
            handle: session.handle,
            feed_ended: false,
            loaded: mpsc::unbounded_channel(),
            links,
            recorded,
            player: None,
            clipboard: session.clipboard,
            title,
            announcer: Announcer::new(session.announce),
            theme_changes: session.themes.changes,
            outside: session.outside,
            clock: session.clock,
            is_dirty: true,
            is_resized: false,
            pace: Pace::default(),
            cursor_form: 0,
            wake_at: Duration::ZERO,
            end: None,
        })
    }

    /// Runs until the screen ends.
    pub(crate) async fn run(mut self) -> Result<Ended, UiError> {
        let mut batch = Vec::with_capacity(BATCH);
        while self.end.is_none() {
            match self.next(&mut batch).await {
                Found::Messages(messages) => {
                    self.tell_time();
                    for message in messages {
                        self.take(message).await;
                    }
                }
                Found::Frame => self.paint().await,
                Found::Tick => self.is_dirty = true,
                Found::Announce => self.announce(),
                Found::Parse => {
                    let effects = self.parse();
                    self.act(effects).await;
                    self.is_dirty = true;
                    self.pace.parsed();
                }
            }
        }
        self.links.hang_up();
        self.note_recordings().await;
        let why = self.end.unwrap_or(UiEnd::Quit);
        for save in left_over(&mut self.model, why) {
            // The end came from outside: what was typed is not lost.
            loader::texts::save(save);
        }
        if let Some(keeping) = unkept(&mut self.model)
            && let Err(why) = loader::terminals::write(&keeping)
        {
            tracing::warn!("the terminals are not kept for the next start: {why}");
        }
        let Self {
            terminal,
            events,
            host,
            model,
            handle,
            end,
            links,
            ..
        } = self;
        drop(events);
        drop(terminal);
        drop(host);
        // The user has their terminal back; what ran here hears of the end before docket is gone.
        links.ended().await;
        Ok(Ended {
            why: end.unwrap_or(UiEnd::Quit),
            handle,
            viewer: model.viewer,
            board: model.board,
        })
    }

    /// What was recorded to the end goes into the ledger, too.
    async fn note_recordings(&mut self) {
        while self.model.recordings.is_any() {
            let recorded = self.recorded.next();
            let Ok((id, ended)) = tokio::time::timeout(WRITE, recorded).await else {
                return;
            };
            let effects = update(&mut self.model, Message::Recorded(id, ended));
            for effect in effects {
                if let Effect::Send(command) = effect {
                    drop(self.handle.commands.send(command));
                }
            }
        }
    }

    async fn next(&mut self, batch: &mut Vec<Feed>) -> Found {
        let now = (self.clock)().monotonic.0;
        let (frame_in, bulk_in) = (self.pace.frame_in(now), self.pace.bulk_in(now));
        let tick_in = self.wake_at.saturating_sub(now);
        let is_behind = self.model.terminal.is_behind();
        let due = self.model.terminal.due();
        let due_in = due.map(|due| due.saturating_sub(now));
        let is_searching = self.model.terminal.is_searching();
        let announce_in = self.announcer.due_in(now);
        let one = |message| Found::Messages(vec![message]);
        tokio::select! {
            biased;
            signal = self.host.signal() => one(Message::Signal(signal)),
            event = next_event(self.events.as_mut()) => {
                let input = event.as_ref().and_then(|event| event.as_ref().ok());
                self.announcer.see(input, now);
                self.pace.input(now);
                self.is_resized |= matches!(input, Some(Event::Resize(..)));
                one(classify(event))
            }
            () = after(frame_in), if self.is_dirty => Found::Frame,
            _ = self.handle.feed.recv_many(batch, BATCH), if !self.feed_ended => {
                Found::Messages(self.take_feed(batch))
            }
            () = after(announce_in.unwrap_or_default()), if announce_in.is_some() => Found::Announce,
            Some(loaded) = self.loaded.1.recv() => one(Message::Loaded(loaded)),
            Some(()) = self.theme_changes.recv() => one(Message::ThemesChanged),
            () = after(bulk_in), if is_behind => Found::Parse,
            () = after(due_in.unwrap_or_default()), if due_in.is_some() => Found::Parse,
            // A program is not listened to while there is something of it left to parse: so it waits, and memory is bounded.
            (id, ended) = self.recorded.next() => one(Message::Recorded(id, ended)),
            picture = playing(self.player.as_mut()) => one(Message::Played(picture)),
            (id, event) = self.links.next(), if !is_behind => one(Message::Terminal(id, event)),
            // A search goes on when there is nothing better to do; with a flood its turn comes with each parse.
            () = ready(()), if is_searching => Found::Parse,
            () = after(tick_in), if !self.is_dirty => Found::Tick,
        }
    }

    async fn take(&mut self, message: Message) {
        let now = self.model.uptime;
        match &message {
            // It is seen when it is parsed.
            Message::Terminal(terminal, TerminalEvent::Output(_)) => {
                self.pace.wrote(*terminal, now);
            }
            Message::Key(_) => {
                self.is_dirty = true;
                self.pace.pressed();
            }
            _ => self.is_dirty = true,
        }
        let effects = update(&mut self.model, message);
        if let [Effect::Type { terminal, .. }] = effects.as_slice() {
            self.pace.typed(*terminal, now);
        }
        self.act(effects).await;
    }

    /// Parses some of what programs wrote; what they are answered.
    fn parse(&mut self) -> Vec<Effect> {
        let clock = &self.clock;
        let started = clock().monotonic.0;
        let elapsed = || clock().monotonic.0.saturating_sub(started);
        self.model.terminal.parse(started, PARSE, &elapsed)
    }

    /// What the runner told, or that it tells no more; whoever looks elsewhere may be told of it.
    fn take_feed(&mut self, batch: &mut Vec<Feed>) -> Vec<Message> {
        if batch.is_empty() {
            self.feed_ended = true;
            return vec![Message::FeedEnded];
        }
        let now = (self.clock)().monotonic.0;
        for feed in batch.iter() {
            if let Feed::Event(envelope) = feed {
                if self.model.is_up_to_date() {
                    self.announcer.take(envelope, now);
                } else {
                    self.announcer.know(envelope);
                }
            }
        }
        batch.drain(..).map(Message::Feed).collect()
    }

    /// Tells whoever looks elsewhere what is due.
    fn announce(&mut self) {
        let sequence = self.announcer.tell((self.clock)().monotonic.0);
        if !sequence.is_empty() {
            let done = self.host.send(&sequence);
            self.gone_if(&done);
        }
    }

    async fn paint(&mut self) {
        let now = (self.clock)();
        let painted = self.try_paint(now.wall).await;
        self.is_dirty = false;
        let now = (self.clock)();
        self.pace.painted(now.monotonic.0);
        self.wake_at = now.monotonic.0 + quiet_for(&self.model, now.wall);
        if painted.is_err() {
            // The terminal is gone; trying again would only burn time.
            self.end = self.end.or(Some(UiEnd::HungUp));
        }
    }

    async fn try_paint(&mut self, now: crate::domain::time::Timestamp) -> io::Result<()> {
        let is_resized = std::mem::take(&mut self.is_resized);
        if self.host.reclaim()? {
            self.redraw()?;
        } else if is_resized {
            self.draw_all()?;
        }
        self.tell_time();
        let size = self.terminal.size()?;
        let effects = prepare(&mut self.model, size, now);
        self.act(effects).await;
        let model = &self.model;
        self.terminal.draw(|frame| view::draw(model, frame))?;
        self.tell_cursor()?;
        self.tell_title()
    }

    /// The cursor has the form that the program with the keys gave it; elsewhere the user's own.
    fn tell_cursor(&mut self) -> io::Result<()> {
        let form = view::cursor_form(&self.model);
        if std::mem::replace(&mut self.cursor_form, form) == form {
            return Ok(());
        }
        self.host.send(&format!("\u{1b}[{form} q"))
    }

    /// Sets the title of the terminal's window, when it is another one.
    fn tell_title(&mut self) -> io::Result<()> {
        let Some(shown) = &mut self.title else {
            return Ok(());
        };
        let title = view::title(&self.model);
        if *shown == title {
            return Ok(());
        }
        self.host.set_title(&title)?;
        *shown = title;
        Ok(())
    }

    /// Messages and frames have a time: what has just been painted is not decided about.
    fn tell_time(&mut self) {
        let now = (self.clock)();
        self.model.now = now.wall;
        self.model.uptime = now.monotonic.0;
    }

    /// Somebody else had the terminal: the next frame draws every cell.
    fn redraw(&mut self) -> io::Result<()> {
        // Taking the terminal back gave it the user's own cursor again.
        self.cursor_form = 0;
        // Whoever had the terminal meanwhile has the title that was before.
        if let Some(title) = &mut self.title {
            title.clear();
        }
        self.draw_all()
    }

    /// The next frame draws every cell.
    fn draw_all(&mut self) -> io::Result<()> {
        H::forget(self.terminal.backend_mut());
        let size = self.terminal.size()?;
        // Unlike `clear`, this doesn't ask the terminal where its cursor is.
        self.terminal
            .resize(Rect::new(0, 0, size.width, size.height))
    }

    async fn act(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                // A runner that is gone says so by the end of its feed.
                Effect::Send(command) => drop(self.handle.commands.send(command)),
                Effect::Load(load) => {
                    let answer = self.loaded.0.clone();
                    let is_long = load.is_long();
                    // Without a screen nobody wants the answer.
                    let work = move || drop(answer.send(loader::load(load)));
                    if is_long {
                        // The runtime would wait for its own threads when docket is left.
                        drop(std::thread::Builder::new().spawn(work));
                    } else {
                        drop(tokio::task::spawn_blocking(work));
                    }
                }
                Effect::OpenTerminal { terminal, request } => {
                    if let Some(event) = self.links.open(terminal, &request) {
                        effects.extend(update(&mut self.model, Message::Terminal(terminal, event)));
                    }
                }
                Effect::Type { terminal, bytes } => self.links.write(terminal, bytes),
                Effect::ResizeTerminal {
                    terminal,
                    columns,
                    rows,
                } => self.links.resize(terminal, columns, rows),
                Effect::CloseTerminal(terminal) => self.links.close(terminal),
                Effect::Copy(text) => {
                    if let Some(sequence) = self.clipboard.put(text, &self.loaded.0) {
                        let done = self.host.send(&sequence);
                        self.gone_if(&done);
                    }
                }
                Effect::CopyBySequence(text) => {
                    let sequence = self.clipboard.put_after_refusal(text, &self.loaded.0);
                    let done = self.host.send(&sequence);
                    self.gone_if(&done);
                }
                Effect::ReadOutside(text) => effects.extend(self.read_outside(&text).await),
                Effect::Change(change) => {
                    let answer = self.loaded.0.clone();
                    drop(tokio::task::spawn_blocking(move || {
                        drop(answer.send(Loaded::Changed(change::carry_out(change))));
                    }));
                }
                Effect::HandOver(outside) => effects.extend(self.hand_over(outside).await),
                Effect::WriteOutside(text) => effects.extend(self.write_outside(&text).await),
                Effect::SetMouse(mouse) => {
                    let done = self.host.set_mouse(mouse);
                    self.gone_if(&done);
                }
                Effect::Redraw => {
                    let done = self.redraw();
                    self.gone_if(&done);
                }
                Effect::Suspend => {
                    let freezes = self.freeze().await;
                    // Its thread would eat what is typed into the shell.
                    self.events = None;
                    let done = self.host.suspend().await;
                    self.events = Some(self.host.events());
                    self.gone_if(&done);
                    let done = self.redraw();
                    self.gone_if(&done);
                    if freezes {
                        drop(self.handle.commands.send(Command::Resume));
                    }
                }
                Effect::End(why) => self.end = self.end.or(Some(why)),
                Effect::Save(save) => {
                    let answer = self.loaded.0.clone();
                    // Begun at once, and waited for at the end of the process.
                    drop(tokio::task::spawn_blocking(move || {
                        drop(answer.send(Loaded::Text(loader::texts::save(save))));
                    }));
                }
                Effect::Record { terminal, plan } => {
                    if let Some(ended) = self.links.record(terminal, plan) {
                        effects.extend(update(&mut self.model, Message::Recorded(terminal, ended)));
                    }
                }
                Effect::StopRecording(terminal) => self.links.stop_recording(terminal),
                Effect::Play(path) => {
                    let (depth, clock) = (self.model.look.depth, Arc::clone(&self.clock));
                    self.player = Some(Playing::start(path, depth, clock));
                }
                Effect::Player(order) => {
                    if let Some(player) = &self.player {
                        player.order(order);
                    }
                }
                Effect::EndPlay => self.player = None,
                Effect::LookAtTerminals { why, terminals } => {
                    let answer = self.loaded.0.clone();
                    let asked = self.links.foreground(&terminals);
                    tokio::spawn(async move {
                        let found = asked.await;
                        drop(answer.send(Loaded::Foreground { why, found }));
                    });
                }
                Effect::KeepTerminals(keeping) => {
                    let answer = self.loaded.0.clone();
                    drop(tokio::task::spawn_blocking(move || {
                        let result = loader::terminals::write(&keeping);
                        drop(answer.send(Loaded::TerminalsKept { result }));
                    }));
                }
                Effect::TakeOver(wanted) => {
                    if let Some(wish) = &self.handle.take_over {
                        wish.send_replace(wanted);
                    }
                }
            }
        }
    }

    /// Freezes the agents of a run before docket itself is stopped: nobody would watch over them. Whether there is one.
    async fn freeze(&mut self) -> bool {
        let phase = self.model.board.run.as_ref().map(|run| run.phase);
        if self.model.viewer || phase != Some(PhaseView::Running) {
            return false;
        }
        drop(self.handle.commands.send(Command::Pause));
        tokio::time::sleep(FREEZE).await;
        true
    }

    fn gone_if(&mut self, done: &io::Result<()>) {
        if done.is_err() {
            self.end = self.end.or(Some(UiEnd::HungUp));
        }
    }
}

/// Waits; not at all for no time.
async fn after(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

async fn next_event(events: Option<&mut Events>) -> Option<io::Result<Event>> {
    match events {
        Some(events) => events.next().await,
        None => pending().await,
    }
}

/// An input that ended or fails is a terminal that is gone.
fn classify(event: Option<io::Result<Event>>) -> Message {
    match event {
        Some(Ok(Event::Key(key))) => Message::Key(key),
        Some(Ok(Event::Paste(text))) => Message::Paste(text),
        Some(Ok(Event::Mouse(mouse))) => Message::Mouse(mouse),
        Some(Ok(Event::FocusGained)) => Message::Looked(true),
        Some(Ok(Event::FocusLost)) => Message::Looked(false),
        Some(Ok(Event::Resize(..))) => Message::Nothing,
        Some(Err(_)) | None => Message::Signal(Signal::HangUp),
    }
}
