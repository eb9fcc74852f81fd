//! What an attempt left in the middle: what it waits for, what humans have said since, and what the next attempt goes on from.

use std::collections::BTreeMap;

use super::attempt::{AttemptOutcome, Need, Workspace};
use super::command::Reaction;
use super::event::{Envelope, Event};
use super::gate::GateReason;
use super::hash::sha256;
use super::ids::{AttemptId, Sha256, TicketId};
use super::item::Usage;
use super::machine::{Carry, answer_of, reaches};
use super::request::{Answer, Request, RequestId};
use super::rules::{Rule, Scope};
use super::taking::Seat;
use super::ticket::AgentName;
use super::time::Timestamp;

/// An attempt that broke off (docket died, or a human had to be asked and nobody was there), or that ended without hearing all
/// that humans had said to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    /// The attempt.
    pub from: AttemptId,
    /// What it left to go on from; `None` when only words are left, for an attempt that begins anew.
    pub carry: Option<Carry>,
    /// Whose conversation it was.
    pub agent: AgentName,
    /// The revision whose rules held.
    pub revision: Sha256,
    /// What it came to. One that died at a gate waits there.
    pub outcome: AttemptOutcome,
    /// The requests that were open at its end, each with the answer that a human has given since.
    pub requests: Vec<(RequestId, Request, Option<Answer>)>,
    /// The work that it left.
    pub work: Work,
    /// What a human has decided at its gate.
    pub decision: Option<Decision>,
    /// Words of humans that no turn has brought to the agent yet, oldest first.
    pub replies: Vec<String>,
    /// The session that a human has taken over and not handed back.
    pub taken: Option<String>,
    /// A human has handed it back and no turn has followed; whether the working tree had changed.
    pub handed_back: Option<bool>,
}

/// What a human decided at a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Yes or no.
    pub approved: bool,
    /// Why not.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Work that lies before a human.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// Its tree; `None` without git.
    pub tree: Option<String>,
    /// What had asked for a look.
    pub reasons: Vec<GateReason>,
    /// The attempt's last turn; 0 when it had none.
    pub turn: u32,
}

/// What the ledger says of an attempt as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its agent.
    pub agent: AgentName,
    /// The token of its agent's conversation.
    pub session: Option<String>,
    /// The revision whose rules held.
    pub revision: Sha256,
    /// How it ended; `None` when docket died and nobody has looked at that yet.
    pub outcome: Option<AttemptOutcome>,
    /// What the conversation has used.
    pub used: Usage,
}

/// What was told of one attempt, and of those after it that ended before their agents were told anything.
#[derive(Debug, Default)]
struct Told {
    workspace: Option<Workspace>,
    requests: BTreeMap<RequestId, (Request, Option<Answer>)>,
    is_over: bool,
    /// What it has waited for since its last turn.
    need: Option<Need>,
    tree: Option<String>,
    turn: u32,
    decision: Option<Decision>,
    replies: Vec<String>,
    is_abandoned: bool,
    taken: Option<String>,
    handed_back: Option<bool>,
}

impl Told {
    fn of<'a>(attempt: &AttemptId, events: impl IntoIterator<Item = &'a Envelope>) -> Self {
        let mut told = Self::default();
        for envelope in events {
            let is_own = envelope.event.attempt() == Some(attempt);
            told.take(&envelope.event, envelope.at, is_own);
        }
        told
    }

    /// The working tree builds on another commit since.
    fn caught_up(&mut self, onto: &str, tree: &str) {
        self.tree = Some(tree.to_owned());
        let branch = self.workspace.as_mut();
        if let Some(branch) = branch.and_then(|workspace| workspace.branch.as_mut()) {
            onto.clone_into(&mut branch.base);
        }
    }

    fn take(&mut self, event: &Event, at: Timestamp, is_own: bool) {
        match event {
            Event::ReplyReceived { text, .. } => self.replies.push(text.clone()),
            Event::RepliesDelivered { replies, .. } => self.delivered(replies),
            Event::AttemptAbandoned { .. } => self.is_abandoned = true,
            // Also of attempts that went on in the same working tree and ended before their agents were told anything.
            Event::CaughtUp { onto, tree, .. } => self.caught_up(onto, tree),
            _ if !is_own => {}
            Event::WorkspacePrepared { workspace, .. } => self.workspace = Some(workspace.clone()),
            Event::RequestOpened { id, request, .. } => {
                self.requests.insert(*id, (request.clone(), None));
            }
            Event::RequestClosed { id, .. } => {
                self.requests.remove(id);
            }
            // Answered while the agent lived: that is settled. Answered since: that is told to it.
            Event::RequestAnswered { id, answer, .. } => {
                if let (true, Some((_, given))) = (self.is_over, self.requests.get_mut(id)) {
                    *given = Some(answer.clone());
                } else {
                    self.requests.remove(id);
                }
            }
            Event::TurnStarted { turn, .. } => {
                self.turn = *turn;
                (self.need, self.decision) = (None, None);
                (self.taken, self.handed_back) = (None, None);
            }
            Event::TurnSaved { tree, .. } => self.tree.clone_from(tree),
            Event::GateReached { need, .. } => {
                self.need = Some(need.clone());
                self.decision = None;
            }
            Event::GateDecided {
                approved, reason, ..
            } if self.decision.is_none() => {
                self.decision = Some(Decision {
                    approved: *approved,
                    reason: reason.clone(),
                    at,
                });
            }
            Event::SessionTaken { session, .. } => {
                self.taken = Some(session.clone());
                self.handed_back = None;
            }
            Event::SessionHandedBack { changed, .. } => {
                self.taken = None;
                self.handed_back = Some(*changed);
            }
            Event::AttemptFinished { .. } => self.is_over = true,
            _ => {}
        }
    }

    fn delivered(&mut self, hashes: &[Sha256]) {
        for hash in hashes {
            let known = |text: &String| sha256(text.as_bytes()) == *hash;
            if let Some(index) = self.replies.iter().position(known) {
                self.replies.remove(index);
            }
        }
    }
}

/// What a human must do for an attempt that docket's death found without a turn: it waited, and so nothing of it is lost.
pub fn waited_for<'a>(
    attempt: &AttemptId,
    events: impl IntoIterator<Item = &'a Envelope>,
) -> Option<Need> {
    let told = Told::of(attempt, events);
    if let Some(session) = told.taken {
        return Some(Need::TakenOver { session });
    }
    let is_answered =
        told.decision.is_some() || !told.replies.is_empty() || told.handed_back == Some(true);
    told.need.filter(|_| !is_answered)
}

impl Unfinished {
    /// What an attempt left in the middle; `None` when there is nothing to go on from and nothing to tell. `events` are its own
    /// and those of later attempts of the ticket whose agents were told nothing.
    pub fn of<'a>(ended: Ended, events: impl IntoIterator<Item = &'a Envelope>) -> Option<Self> {
        let told = Told::of(&ended.attempt, events);
        if told.is_abandoned {
            return None;
        }
        let (outcome, breaks_off) = match (ended.outcome, &told.need) {
            (Some(AttemptOutcome::Lost) | None, Some(need)) => {
                (AttemptOutcome::NeedsHuman { need: need.clone() }, true)
            }
            (Some(AttemptOutcome::Lost) | None, None) => (AttemptOutcome::Lost, true),
            // Where it was when a human took it over.
            (
                Some(AttemptOutcome::NeedsHuman {
                    need: Need::TakenOver { .. },
                }),
                Some(need),
            ) => (AttemptOutcome::NeedsHuman { need: need.clone() }, true),
            (Some(outcome @ AttemptOutcome::NeedsHuman { .. }), _) => (outcome, true),
            (Some(AttemptOutcome::Done { .. }), _) => return None,
            (Some(outcome), _) => (outcome, false),
        };
        // In the middle of a turn, without a conversation to go on with, a new attempt begins with a clean tree: half a runbook must
        // not run twice. Where words are waited for, they lead on from the work that is there.
        let asks_for_words = matches!(
            outcome,
            AttemptOutcome::NeedsHuman {
                need: Need::Reply { .. }
            }
        );
        let has_place = ended.session.is_some() || told.need.is_some() || asks_for_words;
        let can_go_on = breaks_off && has_place;
        let carry = told.workspace.filter(|_| can_go_on).map(|workspace| Carry {
            from: ended.attempt.clone(),
            workspace,
            session: ended.session,
            used: ended.used,
            approved: false,
        });
        if carry.is_none() && told.replies.is_empty() {
            return None;
        }
        let requests = told.requests.into_iter().filter(|_| carry.is_some());
        let reasons = match &told.need {
            Some(Need::Review { reasons }) => reasons.clone(),
            _ => Vec::new(),
        };
        Some(Self {
            from: ended.attempt,
            requests: requests
                .map(|(id, (request, answer))| (id, request, answer))
                .collect(),
            work: Work {
                tree: told.tree,
                reasons,
                turn: told.turn,
            },
            decision: told.decision.filter(|_| carry.is_some()),
            carry,
            agent: ended.agent,
            revision: ended.revision,
            outcome,
            replies: told.replies,
            taken: told.taken,
            handed_back: told.handed_back,
        })
    }

    /// What a human must still do before it can go on.
    pub fn waits_for(&self) -> Option<Need> {
        self.carry.as_ref()?;
        if let Some(session) = &self.taken {
            let session = session.clone();
            return Some(Need::TakenOver { session });
        }
        if self.goes_on() {
            return None;
        }
        let AttemptOutcome::NeedsHuman { need } = &self.outcome else {
            return None;
        };
        match need {
            Need::UserTask | Need::TakenOver { .. } => None,
            Need::Review { .. } => self.decision.is_none().then(|| need.clone()),
            Need::NoProgress | Need::Conflict { .. } | Need::Reply { .. } | Need::Interrupted => {
                self.replies.is_empty().then(|| need.clone())
            }
            Need::Request { .. } => self.open().next().map(|(id, request)| Need::Request {
                id,
                title: request.title.clone(),
            }),
        }
    }

    /// Whether a human has handed it back with something new: the next attempt goes on, whatever it waited for.
    fn goes_on(&self) -> bool {
        self.handed_back
            .is_some_and(|changed| changed || !self.replies.is_empty())
    }

    /// What it came to, as people see it: who has taken it over waits for nobody else.
    pub fn stands(&self) -> AttemptOutcome {
        match &self.taken {
            Some(session) => AttemptOutcome::NeedsHuman {
                need: Need::TakenOver {
                    session: session.clone(),
                },
            },
            None => self.outcome.clone(),
        }
    }

    /// A human takes it over. Gives the fact that is to be stored, or why not.
    pub fn take_over(&mut self, by: Seat) -> Result<Event, &'static str> {
        if self.taken.is_some() {
            return Err("it is taken over already: hand it back first");
        }
        let Some(session) = self.carry.as_ref().and_then(|carry| carry.session.clone()) else {
            return Err(
                "its agent has left no session that could be gone on with: `docket term` opens a shell in its worktree",
            );
        };
        if self.decision.is_some() {
            return Err("its gate was decided: the next attempt goes on with that");
        }
        self.taken = Some(session.clone());
        self.handed_back = None;
        Ok(Event::SessionTaken {
            attempt: self.from.clone(),
            turn: self.work.turn,
            session,
            by,
        })
    }

    /// A human hands it back, with words for its agent. Gives the facts that are to be stored, or why not.
    pub fn hand_back(
        &mut self,
        ticket: &TicketId,
        words: Option<String>,
        by: Seat,
        changed: bool,
    ) -> Result<Vec<Event>, &'static str> {
        // What was stopped meanwhile is given up.
        let Some(session) = self.taken.take().filter(|_| self.carry.is_some()) else {
            return Err("nobody has taken it over");
        };
        let attempt = self.from.clone();
        let mut events = Vec::new();
        if let Some(text) = words {
            self.replies.push(text.clone());
            events.push(Event::ReplyReceived {
                ticket: ticket.clone(),
                attempt: Some(attempt.clone()),
                text,
            });
        }
        self.handed_back = Some(changed);
        events.push(Event::SessionHandedBack {
            attempt: attempt.clone(),
            turn: self.work.turn,
            session,
            by,
            changed,
        });
        if let Some(need) = self.waits_for() {
            // Back to where it was.
            events.push(Event::GateReached { attempt, need });
        }
        Ok(events)
    }

    /// Whether it came to a gate.
    pub fn is_at_gate(&self) -> bool {
        let need = match &self.outcome {
            AttemptOutcome::NeedsHuman { need } => Some(need),
            _ => None,
        };
        let is_elsewhere = self.taken.is_some() || self.goes_on();
        self.carry.is_some() && !is_elsewhere && matches!(need, Some(Need::Review { .. }))
    }

    /// Whether a decision that names a gate, as far as it names one, means the gate that it came to.
    pub fn is_meant(&self, attempt: Option<&AttemptId>, turn: Option<u32>) -> bool {
        attempt.is_none_or(|attempt| self.from == *attempt)
            && turn.is_none_or(|turn| self.work.turn == turn)
    }

    /// What was open at its end and nobody has answered since, oldest first.
    pub fn open(&self) -> impl Iterator<Item = (RequestId, &Request)> {
        let open = self
            .requests
            .iter()
            .filter(|(_, _, answer)| answer.is_none());
        open.map(|(id, request, _)| (*id, request))
    }

    /// Takes a human's answer to one of its requests, the oldest open one without a number. Gives the request and the answer, which
    /// are to be stored, or why not.
    pub fn answer(
        &mut self,
        id: Option<RequestId>,
        reaction: Reaction,
    ) -> Result<(RequestId, Answer), &'static str> {
        let known = self
            .requests
            .iter_mut()
            .find(|(known, _, answer)| match id {
                Some(id) => *known == id,
                None => answer.is_none(),
            });
        let Some((id, request, given)) = known else {
            return Err(match id {
                Some(_) => "that request is not open: it was answered, or its turn is over",
                None => "its agent asks nothing",
            });
        };
        if given.is_some() {
            return Err("that request was answered already: the next attempt goes on with it");
        }
        let answer = answer_of(request, reaction)?;
        *given = Some(answer.clone());
        Ok((*id, answer))
    }

    /// What a human's yes to one of its requests comes to beyond it; the oldest open one without a number.
    pub fn reaches(
        &self,
        id: Option<RequestId>,
        reaction: &Reaction,
    ) -> Result<Option<(Scope, Vec<Rule>)>, &'static str> {
        let asked = self
            .open()
            .find(|(open, _)| id.is_none_or(|id| id == *open));
        asked.map_or(Ok(None), |(_, request)| reaches(request, reaction))
    }

    /// Takes a human's decision at its gate: approved, or rejected with a reason. Gives the fact that is to be stored, or why not.
    pub fn decide(
        &mut self,
        rejection: Option<String>,
        at: Timestamp,
    ) -> Result<Event, &'static str> {
        if !self.is_at_gate() {
            return Err("no gate is open there");
        }
        match &self.decision {
            Some(decision) if decision.approved => {
                return Err("it was approved already: the next attempt goes on with that");
            }
            Some(_) => return Err("it was rejected already: the next attempt goes on with that"),
            None => {}
        }
        let event = Event::GateDecided {
            attempt: self.from.clone(),
            approved: rejection.is_none(),
            reason: rejection.clone(),
        };
        self.decision = Some(Decision {
            approved: rejection.is_none(),
            reason: rejection,
            at,
        });
        Ok(event)
    }

    /// Takes a human's words for its agent, which waits for them. Gives the fact that is to be stored, or why not.
    pub fn reply(&mut self, ticket: &TicketId, text: String) -> Result<Event, &'static str> {
        let need = match &self.outcome {
            AttemptOutcome::NeedsHuman { need } if self.carry.is_some() => Some(need),
            _ => None,
        };
        match need {
            // Its next turn brings them.
            _ if self.taken.is_some() => {}
            Some(
                Need::Reply { .. } | Need::NoProgress | Need::Conflict { .. } | Need::Interrupted,
            ) => {}
            Some(Need::Review { .. }) if self.decision.is_none() => {
                return Err("it waits for a review: approve it, or reject it with these words");
            }
            Some(Need::Review { .. }) => {
                return Err("its gate was decided: the next attempt goes on with that");
            }
            Some(Need::Request { .. }) if self.open().next().is_some() => {
                return Err("its agent asks for a yes or no: approve or reject it");
            }
            Some(Need::Request { .. } | Need::UserTask | Need::TakenOver { .. }) | None => {
                return Err("its agent waits for no reply");
            }
        }
        self.replies.push(text.clone());
        Ok(Event::ReplyReceived {
            ticket: ticket.clone(),
            attempt: Some(self.from.clone()),
            text,
        })
    }

    /// Whether it waits for a human, or has waited, so that a new attempt from the start means giving something up.
    pub fn can_be_abandoned(&self) -> bool {
        if self.taken.is_some() {
            return self.carry.is_some();
        }
        let AttemptOutcome::NeedsHuman { need } = &self.outcome else {
            return false;
        };
        self.carry.is_some() && !matches!(need, Need::Request { .. } | Need::UserTask)
    }
}
