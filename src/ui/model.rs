//! The whole state of the screen. `update` changes it, `prepare` lays it out, `view` draws it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ratatui::layout::Size;

use super::abilities::Abilities;
use super::action::Action;
use super::guard::Guard;
use super::keymap::{Context, Key, Keymap};
use super::layout::{Arrangement, Edge, Pane, Places, Shape, places};
use super::overlay::{DraftOf, Kept, Overlay};
use super::pages::Page;
use super::pages::editor::EditorPage;
use super::pages::inbox::InboxPage;
use super::pages::overview::OverviewPage;
use super::pages::review::ReviewPage;
use super::panes::evidence::EvidencePane;
use super::panes::queue::QueuePane;
use super::panes::terminal::TerminalPane;
use super::panes::transcript::TranscriptPane;
use super::player::Player;
use super::preferences::Preferences;
use super::recording::Recordings;
use super::render::highlight::Highlights;
use super::session::{Look, NewTickets, UiEnd};
use super::spending::Spending;
use super::theme::Role;
use super::tickets::Moves;
use super::totals::Totals;
use super::update::themes::Themes;
use super::viewer::Beside;
use crate::domain::board::{Board, PhaseView, RunView, TicketView};
use crate::domain::ids::AttemptId;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;

/// See the module.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) repository_name: String,
    pub(crate) repository_root: PathBuf,
    pub(crate) evidence_root: PathBuf,
    pub(crate) viewer: bool,
    /// What a viewer knows of the docket that runs the queue.
    pub(crate) beside: Beside,
    pub(crate) look: Look,
    pub(crate) keymap: Keymap,

    /// What the feed told.
    pub(crate) board: Board,
    /// What the header sums up of it.
    pub(crate) totals: Totals,
    /// When the last message came.
    pub(crate) now: Timestamp,
    /// The same by a clock that never jumps.
    pub(crate) uptime: Duration,
    /// What has stood before the user for how long.
    pub(crate) guard: Guard,
    /// What agents can do, by their names.
    pub(crate) abilities: BTreeMap<String, Abilities>,
    /// The file of what is always allowed.
    pub(crate) approvals: Option<PathBuf>,
    /// What was typed and not sent.
    pub(crate) drafts: BTreeMap<DraftOf, Kept>,

    pub(crate) size: Size,
    pub(crate) focus: Pane,
    pub(crate) zoom: bool,
    /// Whether the terminal pane was zoomed for a program that needs the room: it is no more when another pane gets the keys.
    pub(crate) zoom_is_lent: bool,
    pub(crate) mouse: bool,
    /// Whether somebody looks at docket's own terminal, as far as that one tells.
    pub(crate) is_looked_at: bool,
    pub(crate) overlay: Option<Overlay>,
    /// What takes the place of the panes.
    pub(crate) page: Option<Page>,
    /// A run was asked for, and no answer has come yet.
    pub(crate) start_is_asked: bool,
    /// Whether what begins to run is selected. Ends when the user moves.
    pub(crate) follows_run: bool,
    /// The beginning of a sequence of keys.
    pub(crate) pressed: Vec<Key>,
    pub(crate) notice: Option<Notice>,
    /// The user or a signal wants an end; a run is still being stopped.
    pub(crate) leaving: Option<UiEnd>,
    /// The attempt that is being taken over: its agent's own interface opens when the runner says that it may.
    pub(crate) taking: Option<AttemptId>,

    pub(crate) queue: QueuePane,
    /// Moves in the run order that are on their way.
    pub(crate) moves: Moves,
    /// Where new tickets go.
    pub(crate) new_tickets: NewTickets,
    pub(crate) transcript: TranscriptPane,
    pub(crate) evidence: EvidencePane,
    pub(crate) terminal: TerminalPane,
    /// Code that was seen, in colour.
    pub(crate) highlights: Highlights,

    pub(crate) inbox: InboxPage,
    pub(crate) review: ReviewPage,
    pub(crate) editor: EditorPage,
    pub(crate) overview: OverviewPage,
    pub(crate) player: Player,
    pub(crate) recordings: Recordings,

    /// How the user wants the panes.
    pub(crate) shape: Shape,
    /// The border that the mouse holds.
    pub(crate) dragged: Option<Edge>,
    /// What was done by the palette, the last one first.
    pub(crate) recent: Vec<Action>,
    pub(crate) spending: Spending,
    pub(crate) themes: Themes,
}

/// A line for the user, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) role: Role,
}

impl Notice {
    pub(crate) fn new(text: impl Into<String>, role: Role) -> Self {
        Self {
            text: text.into(),
            role,
        }
    }
}

impl Model {
    /// A screen before anything came.
    pub(crate) fn new(
        repository_name: String,
        repository_root: PathBuf,
        evidence_root: PathBuf,
        look: Look,
        board: Board,
        now: Timestamp,
    ) -> Self {
        Self {
            repository_name,
            repository_root,
            evidence: EvidencePane::new(evidence_root.clone()),
            evidence_root,
            viewer: false,
            beside: Beside::default(),
            look,
            keymap: Keymap::default(),
            board,
            totals: Totals::default(),
            now,
            uptime: Duration::ZERO,
            guard: Guard::default(),
            abilities: BTreeMap::new(),
            approvals: None,
            drafts: BTreeMap::new(),
            size: Size::default(),
            focus: Pane::Queue,
            zoom: false,
            zoom_is_lent: false,
            mouse: false,
            is_looked_at: true,
            overlay: None,
            page: None,
            start_is_asked: false,
            follows_run: true,
            pressed: Vec::new(),
            notice: None,
            leaving: None,
            taking: None,
            queue: QueuePane::default(),
            moves: Moves::default(),
            new_tickets: NewTickets::default(),
            transcript: TranscriptPane::default(),
            terminal: TerminalPane::default(),
            highlights: Highlights::default(),
            inbox: InboxPage::default(),
            review: ReviewPage::default(),
            editor: EditorPage::default(),
            overview: OverviewPage::default(),
            player: Player::default(),
            recordings: Recordings::default(),
            shape: Shape::default(),
            dragged: None,
            recent: Vec::new(),
            spending: Spending::default(),
            themes: Themes::default(),
        }
    }

    /// Takes what the user wants of the screen.
    pub(crate) fn prefer(&mut self, preferences: Preferences) {
        self.keymap = preferences.keys;
        self.shape.layout = preferences.layout;
        self.terminal.scrollback = preferences.scrollback;
        self.spending = Spending::new(preferences.limits, preferences.spent);
        if let Some(warning) = preferences.warning {
            self.say(warning, Role::Error);
        }
    }

    /// Where a key means something now, the most special first.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        match &self.overlay {
            Some(Overlay::Find(_) | Overlay::NewTicket(_)) => return vec![Context::Choose],
            Some(Overlay::Help { .. }) => return vec![Context::Help],
            Some(Overlay::Confirm(_)) => return vec![Context::Confirm],
            Some(Overlay::Input(_)) => return vec![Context::Filter],
            Some(Overlay::Composer(_)) => return vec![Context::Composer, Context::Input],
            Some(Overlay::Palette(_)) => return vec![Context::Palette],
            Some(Overlay::Themes(_)) => return vec![Context::Themes],
            None => {}
        }
        self.contexts_below()
    }

    /// Where a key would mean something if no popup was open, the most special first.
    pub(crate) fn contexts_below(&self) -> Vec<Context> {
        match self.page {
            Some(Page::Editor) => return self.editor.contexts(),
            Some(page) => return vec![page.context(), Context::Page, Context::Global],
            None => {}
        }
        let pane = match self.focus {
            Pane::Queue => Context::Queue,
            Pane::Transcript => Context::Transcript,
            Pane::Evidence => Context::Evidence,
            // Whatever key comes is the character that is looked for.
            Pane::Terminal if self.terminal.awaits_character() => return Vec::new(),
            Pane::Terminal if self.terminal.is_copying() => {
                return vec![Context::Copy, Context::Shell];
            }
            Pane::Terminal if self.terminal.is_open() && self.terminal.is_alive() => {
                return vec![Context::Shell];
            }
            // What it showed can still be read.
            Pane::Terminal if self.terminal.is_open() => {
                // What was meant for the program must not start a run or leave docket: only these keys mean something.
                return vec![Context::Ended, Context::Shell];
            }
            Pane::Terminal => return vec![Context::Panes, Context::Global],
        };
        vec![pane, Context::Panes, Context::Global]
    }

    /// What decides the layout.
    pub(crate) fn arrangement(&self) -> Arrangement {
        Arrangement {
            focus: self.focus,
            zoom: self.zoom,
            terminal: self.terminal.is_open(),
            shape: self.shape,
        }
    }

    /// Where everything is.
    pub(crate) fn places(&self) -> Places {
        places(self.size, self.arrangement())
    }

    /// The selected ticket's view on the board.
    pub(crate) fn view(&self) -> Option<&TicketView> {
        self.board.tickets.get(self.queue.selected()?)
    }

    /// Why the selected ticket does not run.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.queue.reason(&self.board, self.now)
    }

    /// Whether a run goes on: frozen and ending ones included, and one that is asked for.
    pub(crate) fn run_is_alive(&self) -> bool {
        self.start_is_asked || self.run_is_told()
    }

    /// Whether the runner has told of a run that goes on.
    pub(crate) fn run_is_told(&self) -> bool {
        let goes_on = |run: &RunView| !matches!(run.phase, PhaseView::Finished { .. });
        self.board.run.as_ref().is_some_and(goes_on)
    }

    /// Says something until the next key.
    pub(crate) fn say(&mut self, text: impl Into<String>, role: Role) {
        self.notice = Some(Notice::new(text, role));
    }
}
