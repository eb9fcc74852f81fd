//! What recorded sessions mean, and a client against a peer that follows a script.

mod app_server;
mod asks;
mod exec;
mod recordings;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::agents::{Decoded, Direction, Draft, Turn};
use crate::config::Agent;
use crate::domain::item::{Item, Usage};
use crate::domain::settings::{AgentKind, Claim};

/// An agent as the configuration gives it.
fn agent(command: &[&str]) -> Agent {
    Agent {
        resume: None,
        name: "codex".parse().expect("a name"),
        kind: AgentKind::CodexAppServer,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        model: Some("gpt-5.5".into()),
        reasoning: None,
        mode: None,
        sandbox: "workspace-write".parse().expect("a sandbox"),
        env: BTreeMap::from([("NAME".into(), "value".into())]),
        pass_env: Vec::new(),
        private_home: false,
        claim: Claim::Ticket,
        fallback: Vec::new(),
        recording: None,
        decoder: crate::config::Decoder::Lines,
        speed: 0.0,
        on_terminal: crate::config::OnTerminal::default(),
        limits: crate::domain::ticket::TicketLimits::default(),
    }
}

fn turn(number: u32, prompt: &str) -> Turn {
    Turn {
        number,
        prompt: prompt.into(),
        body: String::new(),
        workspace: "/w".into(),
        desk: "/desk".into(),
        model: None,
        reasoning: None,
        resume: None,
        used: Usage::default(),
    }
}

/// The lines of a recording with their directions.
fn lines(recording: &str) -> Vec<(Direction, String)> {
    #[derive(serde::Deserialize)]
    struct Line {
        dir: String,
        line: String,
    }
    let line = |text: &str| {
        let line: Line = serde_json::from_str(text).expect("a recorded line");
        let direction = Direction::ALL
            .into_iter()
            .find(|direction| direction.as_str() == line.dir)
            .expect("a direction");
        (direction, line.line)
    };
    recording.lines().map(line).collect()
}

/// What was decoded, as a text to read.
#[derive(Default)]
struct Transcript {
    drafts: Vec<Draft>,
    events: String,
}

impl Transcript {
    fn add(&mut self, decoded: Decoded) {
        for draft in decoded.drafts {
            let known = self.drafts.iter_mut().find(|known| known.id == draft.id);
            match known {
                Some(known) if draft.append => append(&mut known.item, draft.item),
                Some(known) => *known = draft,
                None => {
                    assert!(!draft.append, "{draft:?} is added to nothing");
                    let parent = draft.parent;
                    let is_known = parent.is_none_or(|id| self.drafts.iter().any(|d| d.id == id));
                    assert!(is_known, "{draft:?} has no parent");
                    self.drafts.push(draft);
                }
            }
        }
        let mut say = |words: String| writeln!(self.events, "{words}").expect("a text");
        if let Some(session) = decoded.session {
            say(format!("session {session}, model {:?}", decoded.model));
        }
        for (key, request) in decoded.requests {
            say(format!("asks {key} {request:#?}"));
        }
        for key in decoded.resolved {
            say(format!("resolved {key}"));
        }
        if let Some(status) = decoded.status {
            say(format!("{status:?}"));
        }
        if let Some(finished) = decoded.finished {
            say(format!("{finished:#?}"));
        }
    }

    fn text(&self) -> String {
        let mut text = self.events.clone();
        for draft in &self.drafts {
            let parent = draft
                .parent
                .map(|id| format!(" of {id}"))
                .unwrap_or_default();
            writeln!(text, "{}{parent}: {:?}", draft.id, draft.item).expect("a text");
        }
        text
    }
}

fn append(item: &mut Item, more: Item) {
    match (item, more) {
        (Item::Message { text }, Item::Message { text: more })
        | (Item::Reasoning { text }, Item::Reasoning { text: more }) => text.push_str(&more),
        (
            Item::ToolResult { output, exit },
            Item::ToolResult {
                output: more,
                exit: newer,
            },
        ) => {
            output.push_str(&more);
            *exit = newer.or(*exit);
        }
        (item, more) => panic!("{more:?} can't be added to {item:?}"),
    }
}
