//! Requests: what an agent asks while it runs, and the answer that it gets, exactly once.

use serde::{Deserialize, Serialize};

use super::item::ToolKind;
use super::rules::Scope;

/// A request's number within its attempt, from 1: what people name it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u32);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The protocol's own name of a request, unique in one process of the agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestKey(pub String);

impl std::fmt::Display for RequestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that the agent asks while it runs; it waits for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// One line for people: `$ cargo test`, `edit src/main.rs`, the question.
    pub title: String,
    /// Why the agent asks, in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it asks for.
    pub ask: Ask,
    /// What it offers, in its order; empty for a question that takes words alone.
    pub choices: Vec<Choice>,
    /// Where a command would run, as the agent says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The change that is asked for, as a unified diff, where the agent says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
}

/// What a request asks for: rules are held against this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// To run a command.
    Command {
        /// The command line as a shell reads it, without the agent's own wrapper (`/bin/bash -lc`).
        command: String,
    },
    /// To change files.
    Edit {
        /// Which; relative to the worktree where they are inside of it.
        paths: Vec<String>,
    },
    /// To use another tool.
    Tool {
        /// The agent's name of the tool.
        name: String,
        /// What kind it is.
        tool: ToolKind,
    },
    /// An answer to questions.
    Question {
        /// The questions, in order.
        questions: Vec<Question>,
    },
}

/// One question to a human.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The question.
    pub text: String,
    /// Answers that the agent suggests; others may be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// One answer that the agent offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The protocol's own id of it.
    pub id: String,
    /// As the agent words it.
    pub label: String,
    /// What it means.
    pub kind: ChoiceKind,
}

/// What an answer means. A choice is made by this, never by its id or its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceKind {
    /// Yes, this time.
    AllowOnce,
    /// Yes, and don't ask again for the like.
    AllowAlways,
    /// No; the turn goes on.
    Deny,
    /// No, and the turn ends.
    Cancel,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// One of the choices.
    Choose {
        /// Its id.
        choice: String,
        /// Words that go along, for agents that take them with a no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Words, one text for each question.
    Words {
        /// In the order of the questions.
        words: Vec<String>,
    },
    /// No answer will come: the agent is told so in the way that its protocol has for it.
    Dismiss {
        /// Why.
        reason: String,
    },
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum AnsweredBy {
    /// A human.
    Human,
    /// A rule: `allow = ["cargo *"]`.
    Rule {
        /// The rule as it is written.
        rule: String,
    },
    /// The policy: `approvals = "auto"`.
    Policy,
    /// A rule that a human made when they said yes to the like before.
    Standing {
        /// The rules as they are written.
        rule: String,
        /// How far that yes reaches.
        scope: Scope,
    },
    /// Nobody was there to ask, and the flag says to deny.
    NobodyThere,
}

impl Request {
    /// A request without choices and without anything that not every agent says.
    pub fn new(title: impl Into<String>, ask: Ask) -> Self {
        Self {
            title: title.into(),
            reason: None,
            ask,
            choices: Vec::new(),
            folder: None,
            patch: None,
        }
    }

    /// The first choice of a kind.
    pub fn choice(&self, kind: ChoiceKind) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.kind == kind)
    }

    /// The answer that allows it once; `None` when a question can't be answered so.
    pub fn allow(&self) -> Option<Answer> {
        let choice = self
            .choice(ChoiceKind::AllowOnce)
            .or_else(|| self.choice(ChoiceKind::AllowAlways))?;
        Some(Answer::Choose {
            choice: choice.id.clone(),
            reason: None,
        })
    }

    /// The answer that says no and lets the turn go on, where the agent offers that.
    pub fn deny(&self, reason: String) -> Answer {
        let choice = self
            .choice(ChoiceKind::Deny)
            .or_else(|| self.choice(ChoiceKind::Cancel));
        match choice {
            Some(choice) => Answer::Choose {
                choice: choice.id.clone(),
                reason: Some(reason),
            },
            None => Answer::Dismiss { reason },
        }
    }

    /// Whether it asks for words rather than for a decision.
    pub fn is_question(&self) -> bool {
        matches!(self.ask, Ask::Question { .. })
    }
}
