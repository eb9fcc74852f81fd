//! Which tickets are shown: words that each must be found somewhere, or in one field.
//!
//! `parser !done state:failed agent:codex label:"x"`: every word holds; `!` before one means that it must not. A word means
//! itself, not letters here and there: in lines of words fuzzy matching finds far too much.

use nucleo::pattern::{CaseMatching, Normalization, Pattern};
use nucleo::{Config, Matcher, Utf32Str};

use crate::domain::board::{TicketState, TicketView};
use crate::domain::reason::Reason;
use crate::domain::ticket::QueueEntry;

/// What `field:` may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    State,
    Reason,
    Agent,
    Label,
    Number,
    Title,
}

const FIELDS: &[(&str, Field)] = &[
    ("state", Field::State),
    ("reason", Field::Reason),
    ("agent", Field::Agent),
    ("label", Field::Label),
    ("number", Field::Number),
    ("title", Field::Title),
];

#[derive(Debug)]
struct Term {
    field: Field,
    /// In lower case.
    text: String,
    excludes: bool,
}

/// A filter that was typed.
pub(super) struct Filter {
    terms: Vec<Term>,
    words: Option<Pattern>,
    matcher: Matcher,
    characters: Vec<char>,
    haystack: String,
}

/// What is known of a ticket.
pub(super) struct Facts<'a> {
    pub(super) entry: &'a QueueEntry,
    pub(super) view: Option<&'a TicketView>,
    pub(super) reason: &'a Reason,
}

impl Facts<'_> {
    fn each_of(&self, field: Field, mut take: impl FnMut(&str)) {
        let ticket = self.entry.ticket.as_ref();
        match field {
            Field::State => {
                take(self.reason.mark.as_str());
                let is_skipped = |view: &TicketView| view.state == TicketState::Skipped;
                if self.view.is_some_and(is_skipped) {
                    take("skipped");
                }
            }
            Field::Reason => take(&self.reason.text),
            Field::Agent => {
                if let Some(ticket) = ticket {
                    take(ticket.agent.as_str());
                }
                if let Some(view) = self.view {
                    take(&view.agent);
                }
            }
            Field::Label => {
                for label in ticket.iter().flat_map(|ticket| &ticket.labels) {
                    take(label);
                }
            }
            Field::Number => take(self.entry.name.as_str()),
            Field::Title => take(&self.entry.title),
        }
    }
}

impl Filter {
    /// Reads what was typed; `None` when it leaves nothing out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut terms = Vec::new();
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            match term(word) {
                // Still being typed.
                Some(term) if term.text.is_empty() => {}
                Some(term) => terms.push(term),
                None if word.starts_with(['!', '^', '\'']) => words.push(word.to_owned()),
                None => words.push(format!("'{word}")),
            }
        }
        if terms.is_empty() && words.is_empty() {
            return None;
        }
        let words = (!words.is_empty())
            .then(|| Pattern::parse(&words.join(" "), CaseMatching::Smart, Normalization::Smart));
        Some(Self {
            terms,
            words,
            matcher: Matcher::new(Config::DEFAULT),
            characters: Vec::new(),
            haystack: String::new(),
        })
    }

    pub(super) fn matches(&mut self, facts: &Facts<'_>) -> bool {
        let holds = |term: &Term| {
            let mut found = false;
            facts.each_of(term.field, |text| {
                found |= text.to_lowercase().contains(&term.text);
            });
            found != term.excludes
        };
        if !self.terms.iter().all(holds) {
            return false;
        }
        let Some(words) = &self.words else {
            return true;
        };
        let haystack = &mut self.haystack;
        haystack.clear();
        for field in [
            Field::Number,
            Field::Title,
            Field::Agent,
            Field::Label,
            Field::State,
            Field::Reason,
        ] {
            facts.each_of(field, |text| {
                haystack.push_str(text);
                haystack.push(' ');
            });
        }
        let text = Utf32Str::new(haystack, &mut self.characters);
        words.score(text, &mut self.matcher).is_some()
    }
}

fn term(word: &str) -> Option<Term> {
    let (excludes, rest) = match word.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let (name, text) = rest.split_once(':')?;
    let (_, field) = FIELDS.iter().find(|(field, _)| *field == name)?;
    Some(Term {
        field: *field,
        text: text.trim_matches('"').to_lowercase(),
        excludes,
    })
}
