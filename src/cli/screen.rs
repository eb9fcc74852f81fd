//! `docket`: the screen, with the runner behind it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::drive;
use super::error::CliError;
use super::keys;
use super::outside;
use super::place::Place;
use super::started_in::started_in;
use super::term;
use super::theme_watch;
use crate::agents::adapter;
use crate::config::{Agent, ClipboardWay, Config, Directories, Variables};
use crate::domain::command::Command;
use crate::domain::machine::RunPlan;
use crate::domain::ticket::AgentName;
use crate::emulator::ENVIRONMENT;
use crate::exit::Exit;
use crate::headless::plain::Plain;
use crate::headless::{self, Form};
use crate::output;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::proc::pty::{self, Pty, PtyControl, PtySpec, Size};
use crate::proc::supervise::Status;
use crate::proc::{environment, foreground};
use crate::redact::Redactor;
use crate::runner::recorder::{self, Ended, Plan, Tap};
use crate::runner::terminals::{Attached, AttachedControl, Shown, TerminalInput, Terminals};
use crate::runner::{self, Life, Places, RunnerHandle, Setup, StartError, Started};
use crate::store::lock::LockError;
use crate::tickets::template::Template;
use crate::ui::theme::{ColorDepth, Theme, is_utf8};
use crate::ui::{
    Abilities, Announce, Between, Books, Clipboard, Foreground, Launch, Look, NewTickets,
    OpenTerminal, Preferences, ProgramEnd, Session, TerminalControl, TerminalEvent, TerminalLink,
    TerminalRequest, ThemeSource, UiEnd, UiError, clipboard_folder, surroundings,
};

/// How a docket that people look at begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Opening {
    /// The queue is started at once.
    pub(super) begin: bool,
    /// Lines instead of a screen.
    pub(super) plain: bool,
    /// Beside a docket that runs the queue: this one does when that one has ended.
    pub(super) take_over: bool,
}

/// Opens the screen on a place.
pub(super) fn show(place: Place, opening: Opening) -> Result<Exit, CliError> {
    if opening.plain {
        let _log = crate::logging::start(&place.places.docket());
        return drive::runtime()?.block_on(in_lines(place, opening));
    }
    if !output::is_interactive() {
        return Err(CliError::Usage(
            "the screen needs a terminal: use `docket --once` or `docket run` in scripts, or `docket --plain`"
                .to_owned(),
        ));
    }
    let _log = crate::logging::start(&place.places.docket());
    drive::runtime()?.block_on(live(place, opening))
}

/// The same without a screen, for screen readers.
async fn in_lines(place: Place, opening: Opening) -> Result<Exit, CliError> {
    let evidence = place.places.evidence();
    let approvals = place.places.approvals.path().map(ToOwned::to_owned);
    let agents = place.loaded.config.known_names();
    let (started, viewer) = start(drive::setup(place, plan(), Life::WhileAsked), opening)?;
    let plain = Plain {
        handle: started.handle,
        board: started.board,
        agents,
        evidence,
        approvals,
        viewer,
        begun: opening.begin && !viewer,
    };
    Ok(headless::plain::run(plain).await?)
}

async fn live(place: Place, opening: Opening) -> Result<Exit, CliError> {
    let look = look(&place.loaded.config)?;
    let plan = plan();
    let places = place.places.clone();
    let config = place.loaded.config.clone();
    // Over SSH the mouse belongs to the user's own terminal: `m` takes it.
    let mouse = config.ui.mouse && std::env::var_os("SSH_CONNECTION").is_none();
    let in_words = |error: UiError| CliError::Failed(error.to_string());
    // The screen first: it answers while the runner still opens its ledger. When that fails it is left again.
    let screen = crate::ui::enter(mouse).map_err(in_words)?;
    let (started, viewer) = start(drive::setup(place, plan.clone(), Life::WhileAsked), opening)?;
    let clock = SystemClock::new();
    let keys = keys::effective();
    for fault in keys.told() {
        tracing::warn!("{fault}");
    }
    let name = places
        .root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let terminals = started.handle.terminals.clone();
    let session = Session {
        handle: started.handle,
        repository_name: name.unwrap_or_else(|| places.root.display().to_string()),
        repository_root: places.root.clone(),
        evidence_root: places.evidence(),
        agents: Some(config.known_names()),
        abilities: abilities(&places, &config),
        approvals: places.approvals.path().map(ToOwned::to_owned),
        seed: started.board,
        look,
        viewer,
        mouse,
        clock: Arc::new(move || clock.now()),
        terminals: Box::new(Shells {
            places: places.clone(),
            agents: config.agents.clone(),
            opened: 0,
            terminals,
        }),
        outside: Box::new(outside::Foreground),
        new_tickets: NewTickets {
            folder: places.tickets.clone(),
            agent: Some(config.agent.clone()),
            template: Template::fitting(config.agents.get(&config.agent).map(|agent| agent.kind))
                .name,
        },
        themes: themes(),
        clipboard: clipboard(config.ui.clipboard),
        books: Books {
            ledger: Some(places.ledger()),
            spending: config.spending,
        },
        announce: Announce {
            config: config.notify.clone(),
            in_tmux: std::env::var_os("TMUX").is_some_and(|tmux| !tmux.is_empty()),
        },
        preferences: Preferences {
            warning: keys.warning(),
            keys: keys.keymap,
            layout: config.ui.layout,
            title: config.ui.title,
            scrollback: Some(config.ui.scrollback),
            limits: config.spending,
            spent: started.spent,
        },
    };
    let ended = Box::pin(screen.run(session)).await.map_err(in_words)?;
    match ended.why {
        UiEnd::Quit | UiEnd::RunnerEnded => {
            to_the_end(ended.handle).await;
            Ok(Exit::Done)
        }
        UiEnd::Terminated => {
            to_the_end(ended.handle).await;
            Ok(Exit::Signal(15))
        }
        UiEnd::HungUp if ended.viewer => {
            to_the_end(ended.handle).await;
            Ok(Exit::Signal(1))
        }
        // The screen is gone, the runner stays: the run goes on without it.
        UiEnd::HungUp => {
            // Without it the run goes on just as well, and costs more.
            if let Err(error) = foreground::let_go_of_the_keyboard() {
                tracing::warn!("the lost terminal is still read: {error}");
            }
            Ok(headless::follow(ended.handle, ended.board, &plan, Form::Silent).await?)
        }
    }
}

/// What a docket that people look at is ready to do.
pub(super) fn plan() -> RunPlan {
    RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    }
}

/// Starts a runner here, or follows the one that lives elsewhere. Whether this is a viewer.
pub(super) fn start(setup: Setup, opening: Opening) -> Result<(Started, bool), StartError> {
    match runner::start(setup.clone()) {
        Ok(started) => {
            if opening.begin {
                let _dispatcher_is_gone =
                    started.handle.commands.send(Command::Start { only: None });
            }
            Ok((started, false))
        }
        Err(StartError::Lock(LockError::Held { .. })) => {
            let started = runner::follow(setup, opening.take_over)?;
            Ok((started, true))
        }
        Err(error) => Err(error),
    }
}

/// Waits until the runner has ended and everything is on the disk.
pub(super) async fn to_the_end(handle: RunnerHandle) {
    let RunnerHandle {
        commands, mut feed, ..
    } = handle;
    drop(commands);
    while feed.recv().await.is_some() {}
}

/// What every configured agent can do, as far as docket can drive it.
fn abilities(places: &Places, config: &Config) -> BTreeMap<String, Abilities> {
    let names = config.agents.keys();
    let known = names.filter_map(|name| {
        // The session is only asked what it could do: nothing starts, and no home is made for it.
        let mut config = config.clone();
        config.agents.get_mut(name)?.private_home = false;
        let session = adapter::session(&config, name, &places.root, &places.program, "screen");
        let can = session.ok()?.capabilities();
        let abilities = Abilities {
            asks: can.requests,
            steers: can.steer,
            interrupts: can.interrupt,
            resumes: can.resume,
            hears_reasons: can.hears_reasons,
            terminal: can.terminal,
            has_tui: config.agents.get(name).is_some_and(Agent::has_tui),
        };
        Some((name.to_string(), abilities))
    });
    known.collect()
}

pub(super) fn look(config: &Config) -> Result<Look, CliError> {
    let variables = Variables::from_process();
    let depth = ColorDepth::choose(config.ui.color, &variables);
    let themes = Directories::from_process().map(|directories| directories.themes());
    let theme = Theme::load(&config.ui.theme, themes.as_deref(), depth)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let ascii = match config.ui.borders {
        crate::config::BorderStyle::Ascii => true,
        crate::config::BorderStyle::Unicode => false,
        crate::config::BorderStyle::Auto => !is_utf8(&variables),
    };
    Ok(Look {
        theme,
        depth,
        ascii,
        zone: jiff::tz::TimeZone::system(),
        reduced_motion: config.ui.reduced_motion,
    })
}

/// How copied texts get out.
fn clipboard(way: ClipboardWay) -> Clipboard {
    let (between, takes) = surroundings(|name| std::env::var(name).ok());
    let state = Directories::from_process().map(|directories| directories.state().to_owned());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(Into::into);
    Clipboard {
        way,
        between,
        takes,
        folder: clipboard_folder(runtime, state),
        multiplexer: (between == Between::Tmux).then(|| Box::new(outside::Tmux) as _),
    }
}

/// The user's themes, watched.
fn themes() -> ThemeSource {
    let directories = Directories::from_process();
    let folder = directories.as_ref().map(Directories::themes);
    let changes = folder.clone().map(theme_watch::watch);
    ThemeSource {
        folder,
        config: directories.as_ref().map(Directories::config_file),
        changes: changes.unwrap_or_else(|| mpsc::channel(1).1),
    }
}

/// Opens the user's shell for the terminal pane.
struct Shells {
    /// Where docket's own program is (each shell has a process holder, too), and who sits at attempts.
    places: Places,
    /// What can be started by its name.
    agents: BTreeMap<AgentName, Agent>,
    /// How many so far: each has a marker of its own, since closing one ends all that carries its marker.
    opened: u32,
    /// The way to those of agents.
    terminals: Terminals,
}

impl OpenTerminal for Shells {
    fn open(&mut self, request: &TerminalRequest) -> io::Result<TerminalLink> {
        self.opened += 1;
        let mut seat = None;
        let (argv, more) = match &request.launch {
            Launch::Shell => (vec![term::shell()], Vec::new()),
            Launch::Program { argv, environment } => (argv.clone(), environment.clone()),
            Launch::Attempt { attempt, evidence } => {
                return Ok(looked_at(
                    self.terminals.attach(attempt.clone(), evidence.clone()),
                ));
            }
            Launch::Agent {
                attempt,
                agent,
                session,
                ..
            } => {
                let known = agent.parse().ok().and_then(|name| self.agents.get(&name));
                let known = known.ok_or_else(|| {
                    io::Error::other(format!("agent `{agent}` is not configured"))
                })?;
                let docket = self.places.docket();
                let (tui, taken) =
                    term::on_the_screen(known, &self.places.root, &docket, attempt, session)?;
                seat = Some(taken);
                (tui.argv, tui.environment)
            }
        };
        // Below a shell there is a human; what an agent starts in its own interface answers nothing for itself.
        let kind = if seat.is_some() { "taken" } else { "terminal" };
        let mut environment = environment::allowed(std::env::vars_os(), &[]);
        environment.retain(|(name, _)| ENVIRONMENT.iter().all(|(own, _)| name != own));
        // A prompt can tell where it is. Of a ticket nothing is said: the shell is the user's.
        environment.extend([("DOCKET_TERMINAL".into(), "1".into())]);
        environment.extend(ENVIRONMENT.map(|(name, value)| (name.into(), value.into())));
        environment.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        environment.extend(more);
        let Pty {
            mut output,
            control,
            ended,
        } = Pty::open(PtySpec {
            docket: self.places.program.clone(),
            argv,
            directory: started_in(request),
            environment,
            marker: format!("{kind}/{}/{}", std::process::id(), self.opened),
            size: Size {
                rows: request.rows,
                columns: request.columns,
            },
        })?;
        let (events, receiver) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Some(bytes) = output.recv().await {
                if events.send(TerminalEvent::Output(bytes)).await.is_err() {
                    break;
                }
            }
            // Who looks no more has hung up; the seat is free when the program has gone, not before.
            drop(output);
            let ended = ended.await;
            // Before anybody hears of its end: whoever does may hand the attempt back at once.
            if let Some(seat) = seat {
                seat.leave();
            }
            let how = match ended {
                Ok(Status::Exited(0)) => ProgramEnd::well("ended"),
                Ok(Status::Exited(code)) => {
                    ProgramEnd::badly(format!("ended with exit code {code}"))
                }
                Ok(Status::Signalled(signal)) => {
                    ProgramEnd::badly(format!("ended by signal {signal}"))
                }
                Ok(Status::NotStarted(why) | Status::Lost(why)) => ProgramEnd::badly(why),
                Err(_dropped) => ProgramEnd::badly("ended"),
            };
            let _screen_is_gone = events.send(TerminalEvent::Ended(how)).await;
        });
        Ok(TerminalLink {
            output: receiver,
            control: Box::new(Shell(control)),
        })
    }

    fn record(&mut self, plan: Plan, done: Box<dyn FnOnce(Ended) + Send>) -> io::Result<Tap> {
        recorder::start(
            plan,
            redactor(&self.agents)?,
            Arc::new(SystemClock::new()),
            done,
        )
    }
}

/// What records a terminal of the user's keeps out of it.
pub(super) fn redactor(agents: &BTreeMap<AgentName, Agent>) -> io::Result<Arc<Redactor>> {
    let configured = agents.values().flat_map(|agent| &agent.env);
    let configured = configured.map(|(name, value)| (name.into(), value.into()));
    let redactor = Redactor::new(std::env::vars_os().chain(configured));
    redactor.map(Arc::new).map_err(io::Error::other)
}

/// An agent's terminal in the terminal pane.
fn looked_at(attached: Attached) -> TerminalLink {
    let Attached { mut shown, control } = attached;
    let (events, output) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Some(shown) = shown.recv().await {
            let event = match shown {
                Shown::Output(text) => TerminalEvent::Output(text.into_bytes()),
                Shown::Size { columns, rows } => TerminalEvent::Resized { columns, rows },
                Shown::Over(how) => TerminalEvent::Ended(ProgramEnd::well(how)),
            };
            if events.send(event).await.is_err() {
                return;
            }
        }
    });
    TerminalLink {
        output,
        control: Box::new(OfAnAgent(control)),
    }
}

/// An agent's terminal.
struct OfAnAgent(AttachedControl);

impl TerminalControl for OfAnAgent {
    fn write(&mut self, bytes: Vec<u8>) {
        self.0.input(TerminalInput::Type(bytes));
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.0.input(TerminalInput::Resize { columns, rows });
    }

    fn hang_up(&mut self) {
        // Who looks away leaves the agent to its work.
    }
}

/// A shell in the terminal pane.
struct Shell(PtyControl);

impl TerminalControl for Shell {
    fn write(&mut self, bytes: Vec<u8>) {
        self.0.write(bytes);
    }

    fn answer(&mut self, bytes: Vec<u8>) {
        self.0.answer(bytes);
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.0.resize(Size { rows, columns });
    }

    fn foreground(&mut self, answer: oneshot::Sender<Foreground>) {
        let asked = self.0.foreground();
        tokio::spawn(async move {
            // Dropped without an answer when there is none.
            if let Ok(found) = asked.await {
                let _nobody_asks_any_more = answer.send(match found {
                    pty::Foreground::Itself => Foreground::Itself,
                    pty::Foreground::Other(name) => Foreground::Other(name),
                });
            }
        });
    }

    fn hang_up(&mut self) {
        self.0.close();
    }
}
