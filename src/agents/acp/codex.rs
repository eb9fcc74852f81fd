//! What codex-acp passes on of codex's own state, in `session_info_update._meta.codex`.
//!
//! It ends a turn whose model call failed like any other (`end_turn`): only the state of the thread tells them apart.

use serde_json::Value;

use super::fault;
use super::wire::text;
use crate::domain::attempt::Fault;
use crate::domain::item::{AgentStatus, Item};

/// The state in one turn.
#[derive(Debug, Default)]
pub(super) struct Codex {
    broken: bool,
    error: Option<(String, Fault)>,
    retries: u32,
    retrying: Option<String>,
}

impl Codex {
    /// Takes what an update tells; an error is an item.
    pub(super) fn info(&mut self, told: &Value) -> Option<Item> {
        match told["threadStatus"]["type"].as_str() {
            Some("systemError") => self.broken = true,
            Some("active") => self.broken = false,
            _ => {}
        }
        let error = &told["error"];
        if !error.is_object() {
            return None;
        }
        let words = text(&error["message"])
            .map(fault::sentence)
            .unwrap_or_default();
        let words = match text(&error["additionalDetails"]) {
            Some(details) => format!("{words}: {details}"),
            None => words,
        };
        let retrying = error["willRetry"] == true;
        if retrying {
            self.retries += 1;
            self.retrying = Some(words.clone());
        } else {
            let fault = fault::of_codex(&error["codexErrorInfo"]).unwrap_or_default();
            self.error = Some((words.clone(), fault));
        }
        Some(Item::Error {
            text: words,
            retrying,
        })
    }

    /// A chunk of a message: the words that go with a broken thread are the error's, not the agent's. They come without an
    /// id, which codex's own messages have.
    pub(super) fn error_words(&mut self, chunk: &Value) -> Option<Item> {
        if !self.broken || !chunk["messageId"].is_null() {
            return None;
        }
        let words = fault::sentence(text(&chunk["content"]["text"])?);
        self.error
            .get_or_insert_with(|| (words.clone(), Fault::Agent));
        Some(Item::Error {
            text: words,
            retrying: false,
        })
    }

    /// The agent goes on: it tries no more.
    pub(super) fn goes_on(&mut self) {
        self.retrying = None;
    }

    /// That it tries again, if it does.
    pub(super) fn status(&self) -> Option<AgentStatus> {
        self.retrying.as_ref().map(|why| AgentStatus::Retrying {
            count: self.retries,
            why: why.clone(),
        })
    }

    /// Why a turn that ended like any other is no success.
    pub(super) fn failure(&self) -> Option<(String, Fault)> {
        let unknown = || ("codex reports a system error".to_owned(), Fault::Agent);
        (self.broken || self.error.is_some()).then(|| self.error.clone().unwrap_or_else(unknown))
    }
}
