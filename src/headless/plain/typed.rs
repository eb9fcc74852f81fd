//! What is typed: a verb, mostly a ticket, sometimes words.

use super::super::Watched;
use crate::domain::board::TicketView;
use crate::domain::command::{Command, Reaction};
use crate::domain::ids::TicketId;
use crate::domain::request::{Ask, RequestId};
use crate::domain::rules::{Rule, Scope, like};
use crate::domain::taking::Seat;
use crate::domain::ticket::QueueEntry;

/// What a line asks for.
pub(super) enum Wanted {
    Nothing,
    Command(Command),
    /// To allow this always: it is asked first.
    Always {
        command: Command,
        rules: Vec<Rule>,
    },
    /// What was asked is meant so.
    Yes,
    No,
    Help,
    Status,
    List,
    Show(TicketId),
    TakeOver,
    Quit,
}

/// What can be typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Start,
    Pause,
    Resume,
    Stop,
    Approve,
    AllowTicket,
    Always,
    Yes,
    No,
    Reject,
    Answer,
    Reply,
    Tell,
    Interrupt,
    Retry,
    Skip,
    Unskip,
    HandBack,
    Status,
    List,
    Show,
    TakeOver,
    Help,
    Quit,
}

/// Verb, its word, what follows, what it does.
const TABLE: &[(Verb, &str, &str, &str)] = &[
    (
        Verb::Start,
        "start",
        "[TICKET]",
        "start a run, over one ticket or all; or go on after a pause",
    ),
    (
        Verb::Pause,
        "pause",
        "",
        "freeze what runs; nothing new starts",
    ),
    (Verb::Resume, "resume", "", "go on after a pause"),
    (
        Verb::Stop,
        "stop",
        "[TICKET]",
        "stop a ticket's attempt; without a ticket, the run",
    ),
    (
        Verb::Approve,
        "approve",
        "TICKET [N]",
        "say yes to what its agent asks, or at its gate",
    ),
    (
        Verb::AllowTicket,
        "allow-ticket",
        "TICKET [N]",
        "say yes, and docket says it again to the very same of this ticket",
    ),
    (
        Verb::Always,
        "always",
        "TICKET [N]",
        "the same for every ticket here: the rule is shown first",
    ),
    (Verb::Yes, "yes", "", "after `always`: write that rule"),
    (Verb::No, "no", "", "after `always`: write nothing"),
    (
        Verb::Reject,
        "reject",
        "TICKET [N] [WHY]",
        "say no to what its agent asks, or at its gate",
    ),
    (
        Verb::Answer,
        "answer",
        "TICKET WORDS",
        "answer its agent's question; several answers each in \"quotes\"",
    ),
    (
        Verb::Reply,
        "reply",
        "TICKET WORDS",
        "give its agent words for the next turn",
    ),
    (
        Verb::Tell,
        "tell",
        "TICKET WORDS",
        "give its agent words in the middle of the turn",
    ),
    (
        Verb::Interrupt,
        "interrupt",
        "TICKET",
        "end its agent's turn; a reply goes on",
    ),
    (Verb::Retry, "retry", "TICKET", "try it again"),
    (Verb::Skip, "skip", "TICKET", "leave it out of this run"),
    (
        Verb::Unskip,
        "unskip",
        "TICKET",
        "take a ticket that was left out into the run again",
    ),
    (
        Verb::HandBack,
        "hand-back",
        "TICKET [WORDS]",
        "hand it back after `docket term TICKET --tui --keep`, with words for its agent",
    ),
    (
        Verb::Status,
        "status",
        "",
        "say what runs and what waits for you",
    ),
    (Verb::List, "list", "", "say how each ticket stands"),
    (Verb::Show, "show", "TICKET", "say more about one"),
    (
        Verb::TakeOver,
        "take-over",
        "",
        "beside another docket: run the queue from here when it has ended",
    ),
    (Verb::Help, "help", "", "say this"),
    (
        Verb::Quit,
        "quit",
        "",
        "leave; stops the run of this docket first",
    ),
];

/// Everything that can be typed, a line each.
pub(super) fn help() -> Vec<String> {
    let line = |(_, word, follows, does): &(Verb, &str, &str, &str)| {
        let gap = if follows.is_empty() { "" } else { " " };
        format!("{word}{gap}{follows}: {does}")
    };
    let mut lines: Vec<_> = TABLE.iter().map(line).collect();
    lines.push("TICKET is a number (3), a name or an id; N the number of a request".to_owned());
    lines
}

/// What a line means, or why it means nothing.
pub(super) fn understand(line: &str, watched: &Watched) -> Result<Wanted, String> {
    // The commands of other places in docket's words work here, too.
    let line = line.strip_prefix("docket ").unwrap_or(line).trim();
    let (word, rest) = split(line);
    if word.is_empty() {
        return Ok(Wanted::Nothing);
    }
    let known = TABLE.iter().find(|(_, known, _, _)| *known == word);
    let Some((verb, _, follows, _)) = known else {
        return Err(format!(
            "there is no `{word}` here: `help` says what there is"
        ));
    };
    let usage = || format!("so: {word} {follows}");
    let nothing_follows = || match rest {
        "" => Ok(()),
        rest => Err(format!("nothing follows `{word}`, and there is `{rest}`")),
    };
    let simple = match verb {
        Verb::Pause => Some(Wanted::Command(Command::Pause)),
        Verb::Resume => Some(Wanted::Command(Command::Resume)),
        Verb::Status => Some(Wanted::Status),
        Verb::List => Some(Wanted::List),
        Verb::TakeOver => Some(Wanted::TakeOver),
        Verb::Help => Some(Wanted::Help),
        Verb::Quit => Some(Wanted::Quit),
        Verb::Yes => Some(Wanted::Yes),
        Verb::No => Some(Wanted::No),
        Verb::Start if rest.is_empty() => Some(Wanted::Command(Command::Start { only: None })),
        Verb::Stop if rest.is_empty() => {
            let reason = crate::domain::attempt::CancelReason::Interrupt;
            Some(Wanted::Command(Command::Cancel { reason }))
        }
        _ => None,
    };
    if let Some(wanted) = simple {
        return nothing_follows().map(|()| wanted);
    }
    let (name, words) = split(rest);
    if name.is_empty() {
        return Err(usage());
    }
    let entry = ticket(name, watched)?;
    let ticket = entry.id.clone();
    let view = watched.board.tickets.get(&ticket);
    let takes_words = matches!(
        verb,
        Verb::Approve
            | Verb::AllowTicket
            | Verb::Always
            | Verb::Reject
            | Verb::Answer
            | Verb::Reply
            | Verb::Tell
            | Verb::HandBack
    );
    if !takes_words && !words.is_empty() {
        return Err(format!(
            "nothing follows the ticket, and there is `{words}`"
        ));
    }
    let text = || match words {
        "" => Err(usage()),
        words => Ok(words.to_owned()),
    };
    Ok(Wanted::Command(match verb {
        Verb::Show => return Ok(Wanted::Show(ticket)),
        Verb::Start => Command::Start { only: Some(ticket) },
        Verb::Stop => Command::StopTicket { ticket },
        Verb::Retry => Command::Retry { ticket },
        Verb::Skip => Command::Skip { ticket },
        Verb::Unskip => Command::Unskip { ticket },
        Verb::Interrupt => Command::Interrupt { ticket },
        Verb::HandBack => Command::HandBack {
            ticket,
            words: Some(words.to_owned()).filter(|words| !words.is_empty()),
            by: Seat::Screen,
        },
        Verb::Reply => Command::Reply {
            ticket,
            text: text()?,
        },
        Verb::Tell => Command::Steer {
            ticket,
            text: text()?,
        },
        Verb::Answer => answer(entry, view, &text()?)?,
        _ => return decide(*verb, entry, view, words),
    }))
}

/// The first word, and what follows it.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim())
}

/// The ticket that a word means.
fn ticket<'a>(word: &str, watched: &'a Watched) -> Result<&'a QueueEntry, String> {
    let is_meant = |entry: &&std::sync::Arc<QueueEntry>| {
        let name = &entry.name;
        entry.id.as_str() == word
            || name.as_str().eq_ignore_ascii_case(word)
            || word.parse() == Ok(name.number())
    };
    let mut found = watched.queue.entries().iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (Some(_), Some(_)) => Err(format!(
            "`{word}` means several tickets: name one by its id"
        )),
        (None, _) => Err(format!(
            "there is no ticket `{word}`: `list` says which there are"
        )),
    }
}

/// A yes or a no, to a request where one is open, else at the gate.
fn decide(
    verb: Verb,
    entry: &QueueEntry,
    view: Option<&TicketView>,
    words: &str,
) -> Result<Wanted, String> {
    let ticket = entry.id.clone();
    let (first, rest) = split(words);
    let number = first.strip_prefix('#').unwrap_or(first).parse().ok();
    let number = number.map(RequestId);
    let reason = if number.is_some() { rest } else { words };
    let reason = reason.strip_prefix("--reason").unwrap_or(reason).trim();
    let reason = reason.trim_matches('"').to_owned();
    let name = &entry.name;
    if verb != Verb::Reject && !reason.is_empty() {
        return Err(format!(
            "a yes takes no words; `reply {} {reason}` gives it some",
            name.digits()
        ));
    }
    let open = view.filter(|view| !view.requests.is_empty());
    let Some(open) = open else {
        if number.is_some() {
            return Err(format!("{name} has no open request"));
        }
        // It is decided about the gate that can be seen: a request that comes next is another matter.
        let attempt = view.and_then(|view| view.attempt.clone());
        let turn = view.filter(|_| attempt.is_some()).map(|view| view.turn);
        return match verb {
            Verb::Reject if reason.is_empty() => Err(format!(
                "say why, it goes into the next turn: reject {} WHY",
                name.digits()
            )),
            Verb::Reject => Ok(Wanted::Command(Command::Reject {
                ticket,
                reason,
                attempt,
                turn,
            })),
            Verb::Approve => Ok(Wanted::Command(Command::Approve {
                ticket,
                attempt,
                turn,
            })),
            _ => Err("only what an agent asks is allowed like that".to_owned()),
        };
    };
    let request = match (number, open.requests.len()) {
        (Some(number), _) if open.requests.contains_key(&number) => number,
        (None, 1) => *open.requests.keys().next().ok_or("nothing is open")?,
        (Some(number), _) => return Err(format!("{name} has no open request {}", number.0)),
        (None, _) => {
            let numbers = open.requests.keys().map(|id| id.0.to_string());
            let numbers: Vec<_> = numbers.collect();
            return Err(format!(
                "{name} asks several things: name one by its number ({})",
                numbers.join(", ")
            ));
        }
    };
    let asked = &open.requests[&request];
    if asked.is_question() && verb != Verb::Reject {
        return Err(format!(
            "{name} asks for words: answer {} WORDS",
            name.digits()
        ));
    }
    let reaction = match verb {
        Verb::Reject => Reaction::Deny {
            reason: (!reason.is_empty()).then_some(reason),
        },
        Verb::AllowTicket | Verb::Always => {
            let scope = if verb == Verb::Always {
                Scope::Always
            } else {
                Scope::Ticket
            };
            let rules = like(asked).map_err(|why| why.to_string())?;
            Reaction::AllowLike { scope, rules }
        }
        _ => Reaction::Allow,
    };
    let always = match &reaction {
        Reaction::AllowLike {
            scope: Scope::Always,
            rules,
        } => Some(rules.clone()),
        _ => None,
    };
    let command = Command::Answer {
        ticket,
        attempt: open.attempt.clone(),
        request: Some(request),
        reaction,
    };
    Ok(match always {
        Some(rules) => Wanted::Always { command, rules },
        None => Wanted::Command(command),
    })
}

/// The answers to the oldest question.
fn answer(entry: &QueueEntry, view: Option<&TicketView>, text: &str) -> Result<Command, String> {
    let name = &entry.name;
    let found = view.and_then(|view| {
        let mut requests = view.requests.iter();
        let question = requests.find(|(_, request)| request.is_question());
        Some((view, question?))
    });
    let Some((view, (id, request))) = found else {
        return Err(format!(
            "{name} asks no question: `show {}` says how it stands",
            name.digits()
        ));
    };
    let count = match &request.ask {
        Ask::Question { questions } => questions.len().max(1),
        _ => 1,
    };
    let words = if count == 1 {
        vec![text.trim_matches('"').to_owned()]
    } else {
        shlex::split(text).unwrap_or_default()
    };
    if words.len() != count {
        return Err(format!(
            "{name} asks {count} questions, and here are {} answers: put each into \"quotes\"",
            words.len()
        ));
    }
    Ok(Command::Answer {
        ticket: entry.id.clone(),
        attempt: view.attempt.clone(),
        request: Some(*id),
        reaction: Reaction::Words { words },
    })
}
