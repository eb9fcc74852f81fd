//! A screen to test: a queue with one ticket of every state, a transcript and evidence on disk, and a clock that stands.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use crate::domain::attempt::{
    Artifact, AttemptOutcome, Branch, Failure, Need, Proof, Validation, Verdict, Workspace,
};
use crate::domain::board::{Board, Feed};
use crate::domain::command::Command;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256, TicketId, TicketName};
use crate::domain::item::{AgentStatus, Entry, Item, PlanEntry, ToolKind, ToolStatus, Usage};
use crate::domain::problem::{Place, Problem, ProblemCode};
use crate::domain::queue::Queue;
use crate::domain::ticket::{Dependency, QueueEntry, Ticket};
use crate::domain::time::Timestamp;
use crate::ui::change;
use crate::ui::effect::{Effect, Loaded};
use crate::ui::keymap::Key;
use crate::ui::loader;
use crate::ui::model::Model;
use crate::ui::prepare::prepare;
use crate::ui::session::Look;
use crate::ui::theme::{ColorDepth, Theme};
use crate::ui::update::{Message, update};
use crate::ui::view;

/// 2026-11-21 12:04:00 UTC.
pub(super) const NOON: Timestamp = Timestamp(1_795_262_640_000);

/// A time so many seconds before [`NOON`].
pub(super) fn ago(seconds: i64) -> Timestamp {
    Timestamp(NOON.0 - seconds * 1000)
}

/// A model, driven by messages; files are read at once.
pub(super) struct Scene {
    pub(super) model: Model,
    pub(super) folder: tempfile::TempDir,
    /// What was asked of the runner.
    pub(super) commands: Vec<Command>,
    /// All other effects but reads.
    pub(super) effects: Vec<Effect>,
    pub(super) now: Timestamp,
    pub(super) size: Size,
    /// Whether texts to be written wait among the effects.
    pub(super) holds_saves: bool,
    /// How much time passes before each message.
    pub(super) pace: std::time::Duration,
    sequence: u64,
}

/// How tests look at the screen.
pub(super) fn look(ascii: bool) -> Look {
    let theme = Theme::load("night", None, ColorDepth::Truecolor);
    Look {
        theme: theme.expect("an embedded theme"),
        depth: ColorDepth::Truecolor,
        ascii,
        zone: TimeZone::UTC,
        reduced_motion: false,
    }
}

impl Scene {
    /// Without a queue.
    pub(super) fn empty() -> Self {
        Self::with_look(look(false))
    }

    fn with_look(look: Look) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let model = Model::new(
            "api-server".to_owned(),
            folder.path().to_owned(),
            folder.path().join("evidence"),
            look,
            Board::default(),
            NOON,
        );
        Self {
            model,
            folder,
            commands: Vec::new(),
            effects: Vec::new(),
            now: NOON,
            size: Size::new(120, 40),
            holds_saves: false,
            pace: std::time::Duration::from_secs(1),
            sequence: 0,
        }
    }

    /// With one ticket of every state, and ticket 003 selected, which runs.
    pub(super) fn full() -> Self {
        Self::full_with(look(false))
    }

    /// The same, looked at in another way.
    pub(super) fn full_with(look: Look) -> Self {
        let mut scene = Self::with_look(look);
        scene.feed(Feed::Queue(Arc::new(queue())));
        scene.event(ago(600), run_started());
        scene.finish(
            "001",
            AttemptOutcome::Done {
                proof: Proof::Proven,
            },
        );
        scene.finish(
            "002",
            AttemptOutcome::Done {
                proof: Proof::Unchecked,
            },
        );
        scene.finish(
            "006",
            AttemptOutcome::Failed {
                failure: Failure::Validation {
                    names: vec!["clippy".into()],
                },
            },
        );
        scene.start("004");
        scene.event(
            ago(100),
            Event::GateReached {
                attempt: attempt("004"),
                need: Need::Review {
                    reasons: Vec::new(),
                },
            },
        );
        scene.start("003");
        scene.event(
            ago(90),
            Event::ValidationFinished {
                attempt: attempt("003"),
                validation: validation("cargo test", Verdict::Pass),
            },
        );
        scene.event(
            ago(80),
            Event::ValidationFinished {
                attempt: attempt("003"),
                validation: validation("clippy", Verdict::Fail),
            },
        );
        scene.event(
            ago(42),
            Event::TurnStarted {
                attempt: attempt("003"),
                turn: 2,
                prompt: artifact("prompt.md"),
            },
        );
        scene.feed(Feed::Status {
            attempt: attempt("003"),
            status: AgentStatus::Tool {
                title: "cargo test -p parser".into(),
                since: ago(42),
            },
        });
        scene.write_evidence();
        scene.keys("g g j j");
        scene
    }

    fn write_evidence(&self) {
        let attempt = self.folder.path().join("evidence/r12/TICKET-003/1");
        std::fs::create_dir_all(attempt.join("validations")).expect("folders");
        let write = |name: &str, text: &str| {
            std::fs::write(attempt.join(name), text).expect("a file");
        };
        write("prompt.md", "# Stream the body\n\nDo *it*.\n");
        write("diff.patch", PATCH);
        write("validations/cargo test.log", "\u{1b}[32mok\u{1b}[0m\n");
        write("validations/clippy.log", "error: unused\n");
        let mut lines = String::new();
        for entry in transcript() {
            let line = serde_json::to_string(&entry).expect("an entry");
            writeln!(lines, "{line}").expect("a line");
        }
        write("transcript.jsonl", &lines);
    }

    pub(super) fn feed(&mut self, feed: Feed) {
        self.message(Message::Feed(feed));
    }

    pub(super) fn event(&mut self, at: Timestamp, event: Event) {
        self.sequence += 1;
        self.feed(Feed::Event(Arc::new(Envelope {
            seq: Sequence(self.sequence),
            at,
            run: RunId(12),
            event,
        })));
    }

    pub(super) fn start(&mut self, digits: &str) {
        self.event(
            ago(300),
            Event::AttemptStarted {
                attempt: attempt(digits),
                ticket: id(digits),
                revision: Sha256([1; 32]),
                agent: "codex".into(),
                marker: "m".into(),
            },
        );
        self.event(
            ago(299),
            Event::WorkspacePrepared {
                attempt: attempt(digits),
                workspace: Workspace {
                    path: self.folder.path().join("worktrees").join(digits),
                    branch: Some(Branch {
                        name: format!("docket/r12/TICKET-{digits}.1"),
                        base: "0".repeat(40),
                    }),
                },
            },
        );
        self.event(
            ago(298),
            Event::TurnStarted {
                attempt: attempt(digits),
                turn: 1,
                prompt: artifact("prompt.md"),
            },
        );
        self.event(
            ago(200),
            Event::TurnFinished {
                attempt: attempt(digits),
                turn: 1,
                end: crate::domain::attempt::TurnEnd::Completed,
                usage: Usage {
                    input: 12_000,
                    output: 1_700,
                    cost_usd: Some(0.13),
                    ..Usage::default()
                },
                leftovers: crate::domain::event::Leftovers::default(),
            },
        );
    }

    pub(super) fn finish(&mut self, digits: &str, outcome: AttemptOutcome) {
        self.start(digits);
        self.event(
            ago(150),
            Event::AttemptFinished {
                attempt: attempt(digits),
                outcome: outcome.clone(),
            },
        );
        self.event(
            ago(150),
            Event::StepFinished {
                ticket: id(digits),
                outcome,
            },
        );
    }

    /// Takes a message in, lays out, reads what is asked for, until nothing is asked any more.
    pub(super) fn message(&mut self, message: Message) {
        self.model.uptime += self.pace;
        let effects = update(&mut self.model, message);
        self.act(effects);
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..100 {
            let effects = prepare(&mut self.model, self.size, self.now);
            if effects.is_empty() {
                return;
            }
            self.act(effects);
        }
        panic!("it never settles");
    }

    fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(command) => self.commands.push(command),
                Effect::Load(load) => {
                    let loaded = loader::load(load);
                    let effects = update(&mut self.model, Message::Loaded(loaded));
                    self.act(effects);
                }
                Effect::Save(save) if !self.holds_saves => {
                    let loaded = loader::texts::save(save);
                    let loaded = crate::ui::effect::Loaded::Text(loaded);
                    let effects = update(&mut self.model, Message::Loaded(loaded));
                    self.act(effects);
                }
                Effect::Change(change) => {
                    let changed = change::carry_out(change);
                    let effects =
                        update(&mut self.model, Message::Loaded(Loaded::Changed(changed)));
                    self.act(effects);
                }
                Effect::KeepTerminals(keeping) => {
                    let result = loader::terminals::write(&keeping);
                    let loaded = Loaded::TerminalsKept { result };
                    let effects = update(&mut self.model, Message::Loaded(loaded));
                    self.act(effects);
                }
                other => self.effects.push(other),
            }
        }
    }

    /// Presses keys, as they are written in `docs/KEYS.md`.
    pub(super) fn keys(&mut self, keys: &str) {
        for word in keys.split_whitespace() {
            self.message(Message::Key(event_of(word)));
        }
    }

    /// Types text, character by character.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            self.message(Message::Key(event));
        }
    }

    /// What was asked of the runner since the last time.
    pub(super) fn asked(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// Draws at a size.
    pub(super) fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        self.size = Size::new(width, height);
        self.settle();
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("a terminal");
        terminal
            .draw(|frame| view::draw(&self.model, frame))
            .expect("a frame");
        terminal.backend().buffer().clone()
    }

    /// The text of a frame.
    pub(super) fn frame(&mut self, width: u16, height: u16) -> String {
        text_of(&self.buffer(width, height))
    }
}

/// The characters of a buffer, a line for each row.
pub(super) fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.area.rows() {
        let mut line = String::new();
        let mut covered = 0;
        for position in row.positions() {
            let symbol = buffer[position].symbol();
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = crate::ui::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        writeln!(text, "{}", line.trim_end()).expect("a line");
    }
    text
}

/// A key as it is written in `docs/KEYS.md`.
pub(super) fn event_of(word: &str) -> KeyEvent {
    let key: Key = word.parse().expect("a key");
    key.into()
}

pub(in crate::ui) fn id(digits: &str) -> TicketId {
    format!("ticket-{digits}").parse().expect("an id")
}

pub(super) fn name(digits: &str) -> TicketName {
    format!("TICKET-{digits}").parse().expect("a name")
}

pub(super) fn attempt(digits: &str) -> AttemptId {
    AttemptId {
        ticket: name(digits),
        number: 1,
    }
}

pub(super) fn artifact(path: &str) -> Artifact {
    Artifact {
        path: path.into(),
        sha256: Sha256([2; 32]),
        bytes: 10,
    }
}

fn validation(check: &str, verdict: Verdict) -> Validation {
    Validation {
        name: check.into(),
        run: check.into(),
        turn: 1,
        verdict,
        exit: Some(0),
        millis: 4_000,
        output: Some(artifact(&format!("validations/{check}.log"))),
    }
}

fn run_started() -> Event {
    Event::RunStarted {
        jobs: 2,
        branch: Some("docket/r12/main".into()),
        base: None,
        version: "0.1.0".into(),
    }
}

/// A ticket of the queue.
pub(in crate::ui) fn entry(
    digits: &str,
    title: &str,
    agent: &str,
    depends_on: &[u64],
) -> Arc<QueueEntry> {
    let ticket = Ticket {
        id: id(digits),
        id_is_derived: false,
        name: name(digits),
        agent: agent.parse().expect("an agent"),
        done: false,
        title: Some(title.into()),
        goal: None,
        model: None,
        reasoning: None,
        profile: None,
        context: Vec::new(),
        depends_on: depends_on.iter().map(|n| Dependency::Number(*n)).collect(),
        priority: 0,
        labels: vec!["parser".into()],
        validate: None,
        acceptance: vec!["It streams.".into()],
        gate: crate::domain::ticket::GateRule::None,
        paths: crate::domain::ticket::PathRules::default(),
        limits: crate::domain::ticket::TicketLimits::default(),
        approvals: None,
        rules: crate::domain::rules::Rules::default(),
        not_before: None,
        every: None,
        policy: None,
        body: format!("# {title}\n\nPlease do `{digits}`.\n"),
    };
    Arc::new(QueueEntry {
        path: format!("tickets/TICKET-{digits}.md").into(),
        name: name(digits),
        id: id(digits),
        revision: Sha256([3; 32]),
        title: title.into(),
        ticket: Some(ticket),
        problems: Vec::new(),
    })
}

fn queue() -> Queue {
    let mut broken = Arc::unwrap_or_clone(entry("007", "mind the gap", "codex", &[]));
    broken.ticket = None;
    broken.problems.push(Problem::new(
        ProblemCode::InvalidDone,
        Some(Place { line: 4, column: 7 }),
        "`done` takes true or false, not `maybe`",
    ));
    Queue::new([
        entry("001", "scaffold the cli", "codex", &[]),
        entry("002", "parse the header", "codex", &[]),
        entry("003", "stream the body", "codex", &[]),
        entry("004", "pick a codec", "codex", &[]),
        entry("005", "docs", "codex", &[3]),
        entry("006", "bench", "codex", &[]),
        Arc::new(broken),
        entry("008", "ask the lawyer", "user", &[]),
        entry("009", "漢字 and emoji 😀 in a title", "codex", &[]),
    ])
}

pub(super) const PATCH: &str = "\
diff --git a/src/parser.rs b/src/parser.rs
--- a/src/parser.rs
+++ b/src/parser.rs
@@ -1,3 +1,4 @@
 fn parse() {
-    all();
+    header();
+    body();
 }
";

/// An entry of a transcript.
pub(super) fn item(id: u64, turn: u32, item: Item) -> Entry {
    Entry {
        id,
        at: ago(100 - id as i64),
        turn,
        parent: None,
        append: false,
        item,
    }
}

fn transcript() -> Vec<Entry> {
    let step = |text: &str, done| PlanEntry {
        text: text.into(),
        done,
    };
    let call = |title: &str, status| Item::ToolCall {
        tool: ToolKind::Execute,
        title: title.into(),
        status,
    };
    let output = (1..=20).fold(String::new(), |text, number| {
        text + &format!("test parser::case_{number} ... ok\n")
    });
    vec![
        item(
            1,
            1,
            Item::Reasoning {
                text: "The parser reads all at once.\nThat must change.".into(),
            },
        ),
        item(
            2,
            1,
            Item::Plan {
                entries: vec![step("split the parser", true), step("stream the body", false)],
            },
        ),
        item(
            3,
            1,
            Item::Message {
                text: "I will split the **parser** so that the header can be streamed.\n\n- first `read`\n- then `write`".into(),
            },
        ),
        item(4, 1, call("$ cargo test -p parser", ToolStatus::Running)),
        item(
            5,
            1,
            Item::ToolResult {
                output,
                exit: Some(101),
            },
        ),
        item(4, 1, call("$ cargo test -p parser", ToolStatus::Failed)),
        item(
            6,
            2,
            Item::Diff {
                path: "src/parser.rs".into(),
                patch: PATCH.into(),
            },
        ),
        item(
            7,
            2,
            Item::Notice {
                text: "clippy failed: the agent gets its output".into(),
            },
        ),
        item(
            8,
            2,
            Item::Error {
                text: "stream \u{1b}[31merror\u{202e}".into(),
                retrying: true,
            },
        ),
        item(9, 2, call("$ cargo test -p parser", ToolStatus::Running)),
    ]
}

/// Writes a transcript for an attempt, and gives its length.
pub(super) fn write_transcript(folder: &Path, digits: &str, text: &str) -> u64 {
    let attempt = folder.join(format!("evidence/r12/TICKET-{digits}/1"));
    std::fs::create_dir_all(&attempt).expect("folders");
    std::fs::write(attempt.join("transcript.jsonl"), text).expect("a transcript");
    text.len() as u64
}

/// Counts what is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire(std::rc::Rc<std::cell::Cell<usize>>);

impl Wire {
    pub(super) fn len(&self) -> usize {
        self.0.get()
    }
}

impl std::io::Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
