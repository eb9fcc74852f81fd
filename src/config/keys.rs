//! Every setting that there is: the one table from which reading, `docket config` and the documentation come.

use toml::de::DeValue;

use super::kind::Kind;
use super::limit_keys::LIMITS;
use super::model::{BorderStyle, ColorMode, Decoder, NotifyOsc, Sandbox, SandboxMode};
use super::origin::Layer;
use super::path::KeyPath;
use super::policy_keys::POLICY;
use super::terminal::ON_TERMINAL;
use super::ui_keys::ARRANGEMENT;
use crate::domain::notice::NoticeKind;
use crate::domain::settings::{AgentKind, Claim, Integrate, Isolation, NobodyThere};

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its dotted name; `*` stands for any one key (an agent's name, a variable's name).
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds when nobody says anything, as TOML; `None` for nothing.
    pub default: Option<&'static str>,
    /// What it is for, in one sentence without a full stop.
    pub meaning: &'static str,
    /// Whether a repository that sets it must be trusted first.
    pub trust: Trust,
}

/// Whether a setting may come from a repository that nobody trusted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It can't run anything.
    Free,
    /// It runs a command, or widens what one may do.
    Needed,
    /// It widens what agents may do when it has this value.
    NeededFor(&'static str),
    /// It lets more pass than an earlier layer does.
    NeededToLoosen,
}

impl Key {
    /// The variable that sets it; `None` for keys with a `*`.
    pub fn variable(&self) -> Option<String> {
        (!self.name.contains('*')).then(|| {
            let name = self.name.to_ascii_uppercase();
            format!("DOCKET_{}", name.replace('.', "_"))
        })
    }

    /// What holds when nobody says anything.
    pub(super) fn default_value(&self) -> Option<toml::Value> {
        let value = DeValue::parse(self.default?).ok()?;
        self.kind.read(Layer::BuiltIn, &value).ok()
    }

    /// Whether `path` is this key.
    pub(super) fn matches(&self, path: &KeyPath) -> bool {
        self.relation(path) == Some(std::cmp::Ordering::Equal)
    }

    /// Whether `path` is this key (`Equal`) or a table around it (`Greater`: the key is longer).
    pub(super) fn relation(&self, path: &KeyPath) -> Option<std::cmp::Ordering> {
        let mut pattern = self.name.split('.');
        for part in path.parts() {
            let expected = pattern.next()?;
            if expected != "*" && expected != part {
                return None;
            }
        }
        Some(match pattern.next() {
            None => std::cmp::Ordering::Equal,
            Some(_) => std::cmp::Ordering::Greater,
        })
    }
}

/// The words of `Approvals`.
const APPROVALS: &[&str] = &["ask", "auto", "deny"];

pub(super) const U32: u64 = u32::MAX as u64;
pub(super) const I64: u64 = i64::MAX as u64;

/// Whole numbers from 1 that fit 32 bits.
pub(super) const FROM_ONE: Kind = Kind::Count { from: 1, to: U32 };
/// Sizes in bytes.
pub(super) const BYTES: Kind = Kind::Count { from: 0, to: I64 };
pub(super) const ABOVE_ZERO: Kind = Kind::Duration { zero: false };
const FROM_ZERO: Kind = Kind::Duration { zero: true };

pub(super) const fn key(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        meaning,
        trust: Trust::Free,
    }
}

impl Key {
    pub(super) const fn trusted(mut self) -> Self {
        self.trust = Trust::Needed;
        self
    }

    pub(super) const fn trusted_to_loosen(mut self) -> Self {
        self.trust = Trust::NeededToLoosen;
        self
    }

    const fn trusted_for(mut self, value: &'static str) -> Self {
        self.trust = Trust::NeededFor(value);
        self
    }
}

/// All settings, in the order in which people read them.
pub const KEYS: &[Key] = &join::<{ FIRST.len() + REST.len() }>(FIRST, REST);

const FIRST: &[Key] = &join::<{ GENERAL.len() + LIMITS.len() }>(GENERAL, LIMITS);

const REST: &[Key] = &join::<{ OTHERS.len() + ON_TERMINAL.len() }>(OTHERS, ON_TERMINAL);

const OTHERS: &[Key] = &join::<{ WITH_UI.len() + POLICY.len() }>(WITH_UI, POLICY);

const WITH_UI: &[Key] = &join::<{ PARTS.len() + ARRANGEMENT.len() }>(PARTS, ARRANGEMENT);

/// Two tables as one.
const fn join<const N: usize>(first: &[Key], second: &[Key]) -> [Key; N] {
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() {
            first[at]
        } else {
            second[at - first.len()]
        };
        at += 1;
    }
    all
}

const GENERAL: &[Key] = &[
    key(
        "tickets",
        Kind::Path,
        None,
        "the folder of the queue, relative to the repository; unset, `tickets` or `.codex-autorunner/tickets`",
    ),
    key(
        "jobs",
        FROM_ONE,
        Some("1"),
        "how many tickets run side by side",
    ),
    key(
        "isolation",
        Kind::Word(Isolation::WORDS),
        Some(r#""worktree""#),
        "whether an attempt works in a worktree of its own or in place",
    ),
    key(
        "integrate",
        Kind::Word(Integrate::WORDS),
        Some(r#""run""#),
        "whether accepted work stays on the run's branch or goes on to the user's after each ticket",
    ),
    key(
        "agent",
        Kind::Agent,
        Some(r#""shell""#),
        "the agent of tickets that `docket new` writes",
    ),
    key(
        "approvals",
        Kind::Word(APPROVALS),
        Some(r#""ask""#),
        "what happens to an agent's requests when the ticket doesn't say",
    )
    .trusted_for("auto"),
    key(
        "requests",
        Kind::Word(NobodyThere::WORDS),
        Some(r#""pause""#),
        "what happens to a request that only a human could answer when no human is there",
    ),
    key(
        "validate",
        Kind::Checks,
        None,
        "the checks of tickets that name none",
    )
    .trusted(),
    // Requests that are answered without asking.
    key(
        "rules.allow",
        Kind::Rules { allow: true },
        Some("[]"),
        "requests that are approved without asking: commands, `edit:` paths, `tool:` names",
    )
    .trusted(),
    key(
        "rules.deny",
        Kind::Rules { allow: false },
        Some("[]"),
        "requests that are refused without asking; those of all layers hold, and they win over rules.allow",
    ),
];

const PARTS: &[Key] = &[
    // Agents.
    key(
        "agents.*.kind",
        Kind::Word(AgentKind::WORDS),
        None,
        "how the agent is started and understood; `user`, `shell`, `replay` and the presets (docs/AGENTS.md) have one",
    ),
    key(
        "agents.*.command",
        Kind::Command,
        None,
        "the program and its arguments; a relative program is looked up in the worktree",
    )
    .trusted(),
    key(
        "agents.*.resume",
        Kind::Command,
        None,
        "what starts its own terminal interface on a session, `{session}`; known of the agents that are built in",
    )
    .trusted(),
    key(
        "agents.*.model",
        Kind::Text,
        None,
        "the model that the agent is told to use when the ticket names none",
    ),
    key(
        "agents.*.reasoning",
        Kind::Text,
        None,
        "how hard the agent thinks when the ticket doesn't say, in its own words",
    ),
    key(
        "agents.*.mode",
        Kind::Text,
        None,
        "the agent's own permission mode: codex's approval policy, claude's permission mode, an ACP agent's session mode",
    )
    .trusted(),
    key(
        "agents.*.sandbox",
        Kind::Word(Sandbox::WORDS),
        Some(r#""workspace-write""#),
        "the sandbox that codex puts around commands",
    )
    .trusted_for("danger-full-access"),
    key(
        "agents.*.env.*",
        Kind::AnyText,
        None,
        "a variable that the agent gets",
    )
    .trusted(),
    key(
        "agents.*.pass_env",
        Kind::Texts,
        Some("[]"),
        "variables that the agent inherits beyond the allow-list",
    )
    .trusted(),
    key(
        "agents.*.private_home",
        Kind::Flag,
        Some("false"),
        "whether the agent gets a home folder of its own",
    )
    .trusted_for("false"),
    key(
        "agents.*.claim",
        Kind::Word(Claim::WORDS),
        None,
        "what counts as the claim to be done: `exit` for shell and command, else `ticket`",
    ),
    key(
        "agents.*.fallback",
        Kind::Agents,
        Some("[]"),
        "agents that take over, in this order, when this one can't go on",
    ),
    key(
        "agents.*.recording",
        Kind::Path,
        None,
        "the recording that a replay agent plays, relative to the repository (in the user's file: to that file)",
    ),
    key(
        "agents.*.decoder",
        Kind::Word(Decoder::WORDS),
        Some(r#""lines""#),
        "the decoder that a replay agent plays its recording through",
    ),
    key(
        "agents.*.speed",
        Kind::Number,
        Some("1.0"),
        "how fast a replay agent plays: 1 as recorded, 2 twice as fast, 0 without waiting",
    ),
    key(
        "agents.*.limits.turns",
        FROM_ONE,
        None,
        "as limits.turns, for this agent",
    ),
    key(
        "agents.*.limits.attempts",
        FROM_ONE,
        None,
        "as limits.attempts, for this agent",
    ),
    key(
        "agents.*.limits.wall",
        ABOVE_ZERO,
        None,
        "as limits.wall, for this agent",
    ),
    key(
        "agents.*.limits.idle",
        ABOVE_ZERO,
        None,
        "as limits.idle, for this agent",
    ),
    key(
        "agents.*.limits.tokens",
        Kind::Count { from: 1, to: I64 },
        None,
        "as limits.tokens, for this agent",
    ),
    key(
        "agents.*.limits.cost_usd",
        Kind::Number,
        None,
        "as limits.cost_usd, for this agent",
    ),
    key(
        "agents.*.limits.changed_files",
        Kind::Count { from: 0, to: U32 },
        None,
        "as limits.changed_files, for this agent",
    ),
    key(
        "agents.*.limits.new_tickets",
        Kind::Count { from: 0, to: U32 },
        None,
        "as limits.new_tickets, for this agent",
    ),
    // What a worktree gets before the agent starts.
    key(
        "provision.copy",
        Kind::InnerPaths,
        Some("[]"),
        "untracked files and folders that are copied into each worktree",
    ),
    key(
        "provision.symlink",
        Kind::InnerPaths,
        Some("[]"),
        "untracked files and folders that each worktree links to",
    ),
    key(
        "provision.setup",
        Kind::Texts,
        Some("[]"),
        "command lines that `sh -c` runs in each new worktree",
    )
    .trusted(),
    // What agents, checks and the set-up may write.
    key(
        "sandbox",
        Kind::Word(SandboxMode::WORDS),
        Some(r#""none""#),
        "whether agents, checks and the set-up may write in their worktree only, and where their tools have to",
    )
    .trusted_for("none"),
    key(
        "sandbox_command",
        Kind::Command,
        None,
        "a program that confines what follows its arguments, in place of docket's own sandbox; `{worktree}`, `{desk}`, `{git}` and \
         `{temporary}` stand for the attempt's folders",
    )
    .trusted(),
    key(
        "sandbox_write",
        Kind::Texts,
        Some(r#"["~/.cache", "~/.npm", "~/.cargo/registry", "~/.cargo/git"]"#),
        "what may be written in the sandbox beside the worktree, as far as it is there: absolute paths, or ones that begin with `~/`",
    )
    .trusted(),
    // How people are told.
    key(
        "notify.on",
        Kind::Words(NoticeKind::WORDS),
        Some(r#"["needs-human", "failed", "run-ended"]"#),
        "of what people are told",
    ),
    key(
        "notify.bell",
        Kind::Flag,
        Some("false"),
        "whether the screen rings the terminal's bell",
    ),
    key(
        "notify.osc",
        Kind::Word(NotifyOsc::WORDS),
        Some(r#""none""#),
        "which escape sequence the screen tells the terminal by: OSC 9 or OSC 777",
    ),
    key(
        "notify.command",
        Kind::Command,
        None,
        "a program that gets each notification as JSON on its standard input",
    )
    .trusted(),
    key(
        "notify.limit",
        ABOVE_ZERO,
        Some(r#""10s""#),
        "time for one call of notify.command",
    ),
    // How a job is stopped.
    key(
        "stop.cancel",
        FROM_ZERO,
        Some(r#""5s""#),
        "time that an agent has after the protocol's own cancel",
    ),
    key(
        "stop.interrupt",
        FROM_ZERO,
        Some(r#""5s""#),
        "time that a process has after SIGINT",
    ),
    key(
        "stop.terminate",
        FROM_ZERO,
        Some(r#""5s""#),
        "time that a process has after SIGTERM, before SIGKILL",
    ),
    // Sections of the prompt; the defaults are those of `PromptBudgets`.
    key(
        "prompt.context_bytes",
        BYTES,
        Some("262144"),
        "the most of all context notes and context files in a prompt",
    ),
    key(
        "prompt.ticket_bytes",
        BYTES,
        Some("262144"),
        "the most of the ticket's body in a prompt",
    ),
    key(
        "prompt.feedback_bytes",
        BYTES,
        Some("65536"),
        "the most of replies, of a gate's reason and of failed checks in a prompt, each",
    ),
    key(
        "prompt.previous_bytes",
        BYTES,
        Some("16384"),
        "the most of the last words of the turn before and of the ticket before, each",
    ),
    // What `docket gc` throws away.
    key(
        "gc.max_age",
        ABOVE_ZERO,
        None,
        "evidence and autosaves of attempts that ended longer ago go with `docket gc`; unset, they stay",
    ),
    key(
        "gc.keep_attempts",
        Kind::Count { from: 0, to: U32 },
        None,
        "of each ticket, evidence and autosaves of so many attempts stay with `docket gc`, the newest ones",
    ),
    key(
        "gc.max_bytes",
        BYTES,
        None,
        "the most that all evidence may take after `docket gc`; the oldest goes first",
    ),
    // The screen.
    key(
        "ui.theme",
        Kind::Text,
        Some(r#""night""#),
        "the name of the theme: built in, or a file in the user's `themes` folder",
    ),
    key(
        "ui.color",
        Kind::Word(ColorMode::WORDS),
        Some(r#""auto""#),
        "how many colours are used; `auto` asks the environment",
    ),
    key(
        "ui.borders",
        Kind::Word(BorderStyle::WORDS),
        Some(r#""auto""#),
        "which characters draw borders; `auto` asks the locale",
    ),
    key(
        "ui.mouse",
        Kind::Flag,
        Some("true"),
        "whether the mouse is used",
    ),
    key(
        "ui.redraw",
        ABOVE_ZERO,
        Some(r#""16ms""#),
        "the shortest time between two paints",
    ),
    key(
        "ui.reduced_motion",
        Kind::Flag,
        Some("false"),
        "whether the screen keeps still: nothing on it spins, blinks, slides or ticks",
    ),
];

/// What a path of keys is.
pub(super) enum Node {
    /// A setting.
    Leaf(&'static Key),
    /// A table with settings in it.
    Table,
    /// Nothing.
    Unknown,
}

/// What `path` is.
pub(super) fn node(path: &KeyPath) -> Node {
    if let Some(key) = KEYS.iter().find(|key| key.matches(path)) {
        Node::Leaf(key)
    } else if KEYS.iter().any(|key| key.relation(path).is_some()) {
        Node::Table
    } else {
        Node::Unknown
    }
}

/// What was probably meant by `path`, which is unknown: a neighbour by another spelling, or the same key elsewhere.
pub(super) fn suggestion(path: &KeyPath) -> Option<String> {
    let parts = path.parts();
    let (last, table) = parts.split_last()?;
    let table = table
        .iter()
        .fold(KeyPath::default(), |path, part| path.child(part));
    let neighbours = KEYS
        .iter()
        .filter(|key| key.relation(&table).is_some())
        .filter_map(|key| key.name.split('.').nth(table.parts().len()))
        .filter(|name| *name != "*");
    if let Some(neighbour) = super::suggest::nearest(last, neighbours) {
        return Some(table.child(neighbour).to_string());
    }
    let elsewhere = KEYS
        .iter()
        .find(|key| key.name.rsplit('.').next() == Some(last.as_str()));
    elsewhere.map(|key| key.name.to_owned())
}
