//! The typed configuration.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::terminal::OnTerminal;
use crate::domain::notice::NoticeKind;
use crate::domain::policy::Policies;
use crate::domain::prices::Prices;
use crate::domain::prompt::PromptBudgets;
use crate::domain::retention::Retention;
use crate::domain::rules::Rules;
use crate::domain::settings::{
    AgentKind, AgentSettings, Claim, Integrate, Isolation, Limits, NobodyThere, Settings,
    SpendingLimits, words,
};
use crate::domain::ticket::{AgentName, Approvals, Check, KnownNames, TicketLimits};

/// Everything that can be configured, every gap filled. [`super::keys::KEYS`] says what each means.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The folder of the queue, relative to the repository unless absolute; `None`: find it.
    pub tickets: Option<PathBuf>,
    /// How many tickets run side by side.
    pub jobs: NonZeroU32,
    /// Where attempts work.
    pub isolation: Isolation,
    /// Where accepted work goes.
    pub integrate: Integrate,
    /// The agent of tickets that `docket new` writes.
    pub agent: AgentName,
    /// What happens to an agent's requests when the ticket doesn't say.
    pub approvals: Approvals,
    /// What is approved or refused without asking.
    pub rules: Rules,
    /// What happens to a request that only a human could answer when no human is there.
    pub requests: NobodyThere,
    /// The checks of tickets that name none.
    pub validate: Vec<Check>,
    /// What may change without a human's look.
    pub policies: Policies,
    /// The limits when neither the ticket nor its agent says otherwise.
    pub limits: Limits,
    /// The limits of a run and of a day.
    pub spending: SpendingLimits,
    /// Every agent, the built-in ones too.
    pub agents: BTreeMap<AgentName, Agent>,
    /// What tokens cost with agents that don't say.
    pub prices: Prices,
    /// What a worktree gets before the agent starts.
    pub provision: Provision,
    /// What confines agents, checks and the set-up.
    pub sandbox: SandboxConfig,
    /// How people are told that something happened.
    pub notify: NotifyConfig,
    /// How much time a job has at each rung of being stopped.
    pub stop: StopGraces,
    /// How long each section of a prompt may be.
    pub prompt: PromptBudgets,
    /// What `docket gc` keeps.
    pub retention: Retention,
    /// The screen.
    pub ui: UiConfig,
}

/// An agent, as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Its name in tickets.
    pub name: AgentName,
    /// How it is started and understood. A kind that this version can't drive is reported when it is used.
    pub kind: AgentKind,
    /// The program and its arguments; empty for kinds that start none.
    pub command: Vec<String>,
    /// What starts its own terminal interface on a session, with `{session}` for that; where it is not set, docket knows it of the
    /// agents that are built in.
    pub resume: Option<Vec<String>>,
    /// The model that it is told to use when the ticket names none.
    pub model: Option<String>,
    /// How hard it thinks when the ticket doesn't say, in its own words.
    pub reasoning: Option<String>,
    /// Its own permission mode: codex's approval policy, claude's permission mode, the session mode of an ACP agent.
    pub mode: Option<String>,
    /// The sandbox that codex puts around commands.
    pub sandbox: Sandbox,
    /// Variables that it gets.
    pub env: BTreeMap<String, String>,
    /// Variables that it inherits beyond the allow-list.
    pub pass_env: Vec<String>,
    /// Whether it gets a home folder of its own.
    pub private_home: bool,
    /// What counts as its claim.
    pub claim: Claim,
    /// Who takes over when it can't go on.
    pub fallback: Vec<AgentName>,
    /// What a replay agent plays, relative to the repository unless absolute.
    pub recording: Option<PathBuf>,
    /// What a replay agent plays it through.
    pub decoder: Decoder,
    /// How fast a replay agent plays: 1 as recorded, 0 without waiting.
    pub speed: f64,
    /// What only agents on terminals have.
    pub on_terminal: OnTerminal,
    /// Its own limits.
    pub limits: TicketLimits,
}

impl Agent {
    /// Its limits as they hold. A program for people may be silent for as long as its people are: only who says so for this very
    /// agent, or in the ticket, ends it for that.
    fn settled_limits(&self) -> TicketLimits {
        let mut limits = self.limits.clone();
        if self.kind == AgentKind::Terminal {
            limits.idle.get_or_insert(NEVER);
        }
        limits
    }
}

/// An idle time that is longer than any attempt.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

words! {
    /// What a recording is played through.
    Decoder {
        /// Each line of output is a message.
        Lines = "lines",
        /// As `codex app-server` speaks.
        CodexAppServer = "codex-app-server",
        /// As `codex exec --json` prints.
        CodexExecJson = "codex-exec-json",
        /// As `claude` speaks stream-json.
        ClaudeStreamJson = "claude-stream-json",
        /// As `opencode run --format json` prints.
        OpencodeRunJson = "opencode-run-json",
        /// As the Agent Client Protocol says.
        Acp = "acp",
    }
}

words! {
    /// The sandbox that codex puts around commands.
    Sandbox {
        /// Commands may only read.
        ReadOnly = "read-only",
        /// Commands may write in the working tree.
        WorkspaceWrite = "workspace-write",
        /// No sandbox.
        DangerFullAccess = "danger-full-access",
    }
}

/// What a worktree gets before the agent starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provision {
    /// Copied from the user's working tree.
    pub copy: Vec<PathBuf>,
    /// Linked to the user's working tree.
    pub symlink: Vec<PathBuf>,
    /// Command lines for `sh -c` in the worktree.
    pub setup: Vec<String>,
    /// How long each of them may take.
    pub limit: Duration,
}

impl Provision {
    /// Whether there is nothing to provide.
    pub fn is_empty(&self) -> bool {
        self.copy.is_empty() && self.symlink.is_empty() && self.setup.is_empty()
    }
}

words! {
    /// What confines agents, checks and the set-up.
    SandboxMode {
        /// Nothing.
        None = "none",
        /// They may write in their worktree and where their tools have to.
        Worktree = "worktree",
    }
}

/// What confines agents, checks and the set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Whether anything does.
    pub mode: SandboxMode,
    /// A program with its arguments that does it in place of docket; `None` for docket's own way.
    pub command: Option<Vec<String>>,
    /// What else may be written: absolute paths, or ones below the home folder that begin with `~/`.
    pub write: Vec<String>,
}

/// How people are told that something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyConfig {
    /// Of what.
    pub on: Vec<NoticeKind>,
    /// Whether the terminal's bell rings.
    pub bell: bool,
    /// Which escape sequence tells the terminal.
    pub osc: NotifyOsc,
    /// The program that is told, with its arguments.
    pub command: Option<Vec<String>>,
    /// How long it may take.
    pub limit: Duration,
}

words! {
    /// Which escape sequence tells the terminal.
    NotifyOsc {
        /// None.
        None = "none",
        /// OSC 9: iTerm2, WezTerm, kitty, ghostty, Windows Terminal.
        Osc9 = "9",
        /// OSC 777: urxvt, foot, WezTerm, ghostty.
        Osc777 = "777",
    }
}

/// How much time a job has at each rung of being stopped; zero skips the rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopGraces {
    /// After the protocol's own cancel.
    pub cancel: Duration,
    /// After SIGINT.
    pub interrupt: Duration,
    /// After SIGTERM, before SIGKILL.
    pub terminate: Duration,
}

/// The screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UiConfig {
    /// The name of the theme.
    pub theme: String,
    /// How many colours are used.
    pub color: ColorMode,
    /// Which characters draw borders.
    pub borders: BorderStyle,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// The shortest time between two paints.
    pub redraw: Duration,
    /// Whether the screen keeps still.
    pub reduced_motion: bool,
    /// How the panes lie at the start.
    pub layout: PaneLayout,
    /// Whether the terminal's title tells of the run.
    pub title: bool,
    /// How many rows each terminal keeps above its screen.
    pub scrollback: u32,
    /// How copied texts get out of docket.
    pub clipboard: ClipboardWay,
}

words! {
    /// How copied texts get out of docket.
    ClipboardWay {
        /// By what the terminal is known to take; else into a file.
        Auto = "auto",
        /// By the escape sequence OSC 52, whatever is known of the terminal.
        Osc52 = "osc52",
        /// Into a file.
        File = "file",
    }
}

#[expect(clippy::derivable_impls, reason = "the variants come from a macro")]
impl Default for ClipboardWay {
    fn default() -> Self {
        Self::Auto
    }
}

words! {
    /// How the panes lie.
    PaneLayout {
        /// Queue, transcript and evidence side by side.
        Standard = "standard",
        /// Queue and transcript; the evidence takes the transcript's place.
        Wide = "wide",
        /// The evidence below the transcript.
        Below = "below",
        /// The evidence below the queue.
        Columns = "columns",
    }
}

impl PaneLayout {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Standard => Self::Wide,
            Self::Wide => Self::Below,
            Self::Below => Self::Columns,
            Self::Columns => Self::Standard,
        }
    }
}

#[expect(clippy::derivable_impls, reason = "the variants come from a macro")]
impl Default for PaneLayout {
    fn default() -> Self {
        Self::Standard
    }
}

words! {
    /// How many colours are used.
    ColorMode {
        /// As the environment says.
        Auto = "auto",
        /// 24 bits.
        Truecolor = "truecolor",
        /// The palette of 256.
        Palette256 = "256",
        /// The 16 of the terminal's own theme.
        Palette16 = "16",
        /// None: bold, dim, reverse and underline only.
        None = "none",
    }
}

words! {
    /// Which characters draw borders.
    BorderStyle {
        /// As the locale says.
        Auto = "auto",
        /// Box-drawing characters.
        Unicode = "unicode",
        /// `+`, `-` and `|`.
        Ascii = "ascii",
    }
}

impl Config {
    /// What the rules need to know.
    pub fn settings(&self) -> Settings {
        let agent = |agent: &Agent| AgentSettings {
            kind: agent.kind,
            claim: agent.claim,
            limits: agent.settled_limits(),
            fallback: agent.fallback.clone(),
            has_tui: agent.has_tui(),
        };
        Settings {
            jobs: self.jobs,
            isolation: self.isolation,
            integrate: self.integrate,
            approvals: self.approvals,
            rules: self.rules.clone(),
            requests: self.requests,
            limits: self.limits.clone(),
            spending: self.spending,
            checks: self.validate.clone(),
            policies: self.policies.clone(),
            agents: self
                .agents
                .values()
                .map(|configured| (configured.name.clone(), agent(configured)))
                .collect(),
        }
    }

    /// The names that a ticket may use.
    pub fn known_names(&self) -> KnownNames {
        KnownNames {
            agents: self.agents.keys().cloned().collect(),
            policies: Some(self.policies.names()),
        }
    }
}
