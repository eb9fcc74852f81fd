//! The whole state of the screen. `update` changes it, `prepare` lays it out, `view` draws it.

use std::path::PathBuf;

use ratatui::layout::Size;

use super::keymap::{Context, Key, Keymap};
use super::layout::{Arrangement, Pane, Places, places};
use super::overlay::Overlay;
use super::pages::Page;
use super::pages::editor::EditorPage;
use super::pages::inbox::InboxPage;
use super::pages::overview::OverviewPage;
use super::pages::review::ReviewPage;
use super::panes::evidence::EvidencePane;
use super::panes::queue::QueuePane;
use super::panes::terminal::TerminalPane;
use super::panes::transcript::TranscriptPane;
use super::session::{Look, UiEnd};
use super::theme::Role;
use super::totals::Totals;
use crate::domain::board::{Board, PhaseView, RunView, TicketView};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;

/// See the module.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) repository_name: String,
    pub(crate) repository_root: PathBuf,
    pub(crate) evidence_root: PathBuf,
    pub(crate) viewer: bool,
    pub(crate) look: Look,
    pub(crate) keymap: Keymap,

    /// What the feed told.
    pub(crate) board: Board,
    /// What the header sums up of it.
    pub(crate) totals: Totals,
    /// When the last message came.
    pub(crate) now: Timestamp,

    pub(crate) size: Size,
    pub(crate) focus: Pane,
    pub(crate) zoom: bool,
    pub(crate) mouse: bool,
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

    pub(crate) queue: QueuePane,
    pub(crate) transcript: TranscriptPane,
    pub(crate) evidence: EvidencePane,
    pub(crate) terminal: TerminalPane,

    pub(crate) inbox: InboxPage,
    pub(crate) review: ReviewPage,
    pub(crate) editor: EditorPage,
    pub(crate) overview: OverviewPage,
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
            look,
            keymap: Keymap::default(),
            board,
            totals: Totals::default(),
            now,
            size: Size::default(),
            focus: Pane::Queue,
            zoom: false,
            mouse: false,
            overlay: None,
            page: None,
            start_is_asked: false,
            follows_run: true,
            pressed: Vec::new(),
            notice: None,
            leaving: None,
            queue: QueuePane::default(),
            transcript: TranscriptPane::default(),
            terminal: TerminalPane::default(),
            inbox: InboxPage::default(),
            review: ReviewPage::default(),
            editor: EditorPage::default(),
            overview: OverviewPage::default(),
        }
    }

    /// Where a key means something now, the most special first.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        match &self.overlay {
            Some(Overlay::Help { .. }) => return vec![Context::Help],
            Some(Overlay::Confirm(_)) => return vec![Context::Confirm],
            Some(Overlay::Input(input)) => {
                return vec![if input.is_filter() {
                    Context::Filter
                } else {
                    Context::Input
                }];
            }
            None => {}
        }
        match self.page {
            Some(Page::Editor) => return self.editor.contexts(),
            Some(page) => return vec![page.context(), Context::Page, Context::Global],
            None => {}
        }
        let pane = match self.focus {
            Pane::Queue => Context::Queue,
            Pane::Transcript => Context::Transcript,
            Pane::Evidence => Context::Evidence,
            Pane::Terminal if self.terminal.is_alive() => return vec![Context::Shell],
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
