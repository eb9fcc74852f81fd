//! Queues of every shape, 1 to 8 workers, reports in any order, and docket killed at any moment: no ticket ever starts before what
//! it depends on is done, and every run comes to its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

use docket::domain::attempt::Need;
use docket::domain::machine::Carry;
use docket::domain::unfinished::{Decision, Unfinished, Work};

use super::*;

/// More than any of these queues needs for all that can happen to it.
const STEPS: usize = 20_000;
/// After so many lives chance is no longer against it; a chain of twelve gates needs two dozen more at most.
const LIVES: usize = 40;

/// Read once: there are thousands of lives.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// A ticket of a random queue.
#[derive(Debug, Clone)]
struct Plan {
    /// Which of the tickets before it must be done first.
    needs: Vec<bool>,
    priority: i32,
    /// Its checks fail whatever its agent does.
    fails: bool,
    gate: bool,
    /// Its agent reads what it is told: it has a conversation, and can settle conflicts.
    reads: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let needs = proptest::collection::vec(proptest::bool::weighted(0.25), 12);
    let rare = || proptest::bool::weighted(0.15);
    (needs, -2..3, rare(), rare(), any::<bool>()).prop_map(
        |(needs, priority, fails, gate, reads)| Plan {
            needs,
            priority,
            fails,
            gate,
            reads,
        },
    )
}

/// What an attempt's task was told to do and has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Prepare { carried: bool },
    Turn,
    Collect { saved: bool },
    Validate,
    CatchUp,
    Seal,
    Integrate,
    Write,
    Close,
}

#[derive(Debug)]
struct Task {
    ticket: usize,
    asked: VecDeque<Asked>,
    stopped: Option<CancelReason>,
    /// A human is waited for: it holds no slot.
    waits: Option<Need>,
    is_over: bool,
}

/// What outlives docket: files, numbers, and what people have said.
struct World {
    plans: Vec<Plan>,
    entries: Vec<Arc<QueueEntry>>,
    queue: Arc<Queue>,
    done: BTreeSet<usize>,
    numbers: BTreeMap<TicketName, u32>,
    left: BTreeMap<TicketId, Unfinished>,
    /// What chance does; when it has run out, all goes well.
    dice: VecDeque<u8>,
    jobs: u32,
    waits: bool,
    steps: usize,
    millis: u64,
    run: u32,
}

/// One life of docket: until its run is over, or it is killed.
struct Life<'a> {
    world: &'a mut World,
    state: State,
    tasks: BTreeMap<AttemptId, Task>,
    merging: Option<AttemptId>,
    looks: bool,
    prepares: bool,
    wake: Option<u64>,
    over: bool,
}

impl World {
    fn new(plans: Vec<Plan>, dice: Vec<u8>, jobs: u32, waits: bool) -> Self {
        let mut world = Self {
            entries: Vec::new(),
            queue: Arc::default(),
            done: BTreeSet::new(),
            numbers: BTreeMap::new(),
            left: BTreeMap::new(),
            dice: dice.into(),
            plans,
            jobs,
            waits,
            steps: 0,
            millis: 0,
            run: 0,
        };
        let tickets = 0..world.plans.len();
        world.entries = tickets.map(|index| Arc::new(world.entry(index))).collect();
        world.queue = Arc::new(Queue::new(world.entries.iter().cloned()));
        world
    }

    /// One of `0..sides`; `0` is what happens when nothing special does.
    fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.dice.pop_front().unwrap_or(0)) % sides
    }

    fn needs(&self, ticket: usize) -> impl Iterator<Item = usize> {
        let before = self.plans[ticket].needs.iter().take(ticket);
        before
            .enumerate()
            .filter_map(|(index, needed)| needed.then_some(index))
    }

    /// The ticket as its file is now.
    fn entry(&self, index: usize) -> QueueEntry {
        let plan = &self.plans[index];
        let number = |index: usize| u32::try_from(index + 1).expect("small");
        let needs: Vec<_> = self
            .needs(index)
            .map(|need| number(need).to_string())
            .collect();
        let gate = if plan.gate { "gate: review\n" } else { "" };
        let text = format!(
            "---\nticket_id: tkt_{:06}\nagent: {}\ndone: {}\npriority: {}\ndepends_on: [{}]\n{gate}limits: {{turns: 3, \
             attempts: 2}}\n---\nBody\n",
            number(index),
            if plan.reads { "codex" } else { "shell" },
            self.done.contains(&index),
            plan.priority,
            needs.join(", "),
        );
        let path = format!("tickets/TICKET-{:03}.md", number(index));
        parse::parse(path.as_ref(), text.as_bytes())
    }

    /// The file says `done: true`.
    fn write(&mut self, ticket: usize) {
        self.done.insert(ticket);
        self.entries[ticket] = Arc::new(self.entry(ticket));
        self.queue = Arc::new(Queue::new(self.entries.iter().cloned()));
    }

    fn ticket(&self, id: &TicketId) -> usize {
        let mut entries = self.entries.iter();
        entries.position(|entry| entry.id == *id).expect("a ticket")
    }

    /// What people do about what waits for them while nothing runs.
    fn people(&mut self) {
        for (_, left) in std::mem::take(&mut self.left) {
            let mut left = left;
            let AttemptOutcome::NeedsHuman { need } = &left.outcome else {
                self.keep(left);
                continue;
            };
            match (need, self.roll(4)) {
                (_, 3) => {}
                (Need::Review { .. }, luck) => {
                    left.decision = Some(Decision {
                        approved: luck != 2,
                        reason: (luck == 2).then(|| "no".to_owned()),
                        at: Timestamp(1),
                    });
                }
                _ => left.replies.push("go on".into()),
            }
            self.keep(left);
        }
    }

    fn keep(&mut self, left: Unfinished) {
        let ticket = usize::try_from(left.from.ticket.number()).expect("small") - 1;
        self.left.insert(self.entries[ticket].id.clone(), left);
    }

    /// Starts docket and lets it run until its run is over or it dies. Gives how the run ended.
    fn live(&mut self) -> Option<RunOutcome> {
        self.people();
        self.run += 1;
        let history = History {
            next_run: self.run,
            marker: format!("m{}", self.run),
            attempt_numbers: self.numbers.clone(),
            unfinished: self.left.clone(),
            ..History::default()
        };
        let settings = Settings {
            jobs: self.jobs.try_into().expect("not zero"),
            ..SETTINGS.get_or_init(checked).clone()
        };
        let plan = RunPlan {
            waits_for_humans: self.waits,
            ..RunPlan::default()
        };
        let queue = self.queue.clone();
        let mut life = Life {
            state: State::new(Arc::new(settings), plan, history),
            tasks: BTreeMap::new(),
            merging: None,
            looks: false,
            prepares: false,
            wake: None,
            over: false,
            world: self,
        };
        let mut outcome = life.give(Input::Queue(queue));
        outcome = outcome.or(life.give(Input::Command(Command::Start { only: None })));
        while !life.over {
            if life.world.roll(40) == 39 {
                life.dies();
                return None;
            }
            outcome = life.go_on();
        }
        outcome
    }
}

impl Life<'_> {
    fn give(&mut self, input: Input) -> Option<RunOutcome> {
        self.world.millis += 1;
        self.world.steps += 1;
        assert!(self.world.steps < STEPS, "it never ends");
        let effects = step(&mut self.state, input, now(self.world.millis));
        let mut outcome = None;
        for effect in effects {
            match effect {
                Effect::Reopen { .. } | Effect::KeepRules { .. } => {}
                Effect::Emit { event, .. } => self.see(&event),
                Effect::PrepareRun { .. } => self.prepares = true,
                Effect::Open(spec) => self.opened(&spec),
                Effect::Order { attempt, order } => self.ordered(&attempt, &order),
                Effect::Look => self.looks = true,
                Effect::WakeAt(at) => {
                    let at = u64::try_from(at.0 - 1_000_000).expect("later");
                    self.wake = Some(self.wake.map_or(at, |known| known.min(at)));
                }
                Effect::RunOver { outcome: how, .. } => {
                    assert!(self.tasks.is_empty(), "the run is over and something lives");
                    self.over = true;
                    outcome = Some(how);
                }
            }
        }
        outcome
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::AttemptStarted {
                attempt, ticket, ..
            } => self.begins(attempt, self.world.ticket(ticket)),
            Event::AttemptFinished { attempt, outcome } => self.ends(attempt, outcome),
            Event::GateReached { attempt, need } => {
                if let (true, Some(task)) = (self.world.waits, self.tasks.get_mut(attempt)) {
                    task.waits = Some(need.clone());
                }
                self.merges_no_more(attempt);
            }
            Event::MergeQueued { attempt } => self.goes_on(attempt),
            Event::RunFinished { .. } => {
                assert!(self.tasks.is_empty(), "a run ended before its attempts");
            }
            _ => {}
        }
    }

    fn begins(&mut self, attempt: &AttemptId, ticket: usize) {
        for needed in self.world.needs(ticket) {
            assert!(
                self.world.done.contains(&needed),
                "{attempt} began before TICKET-{:03} was done",
                needed + 1
            );
        }
        assert!(!self.world.done.contains(&ticket), "{attempt} was done");
        let mut others = self.tasks.values();
        assert!(
            others.all(|task| task.is_over || task.ticket != ticket),
            "{attempt} began beside another attempt of its ticket"
        );
        let number = self
            .world
            .numbers
            .entry(attempt.ticket.clone())
            .or_insert(0);
        assert!(attempt.number > *number, "{attempt} is no new number");
        *number = attempt.number;
        let task = Task {
            ticket,
            asked: VecDeque::new(),
            stopped: None,
            waits: None,
            is_over: false,
        };
        self.tasks.insert(attempt.clone(), task);
        let slots = self.tasks.values();
        let used = slots
            .filter(|task| !task.is_over && task.waits.is_none())
            .count();
        assert!(used <= self.world.jobs as usize, "{used} attempts at once");
    }

    fn opened(&mut self, spec: &docket::domain::machine::AttemptSpec) {
        let carried = spec.carry.is_some();
        let task = self.tasks.get_mut(&spec.attempt).expect("it began");
        task.asked.push_back(Asked::Prepare { carried });
        self.world.left.remove(&spec.ticket.id);
    }

    fn ends(&mut self, attempt: &AttemptId, outcome: &AttemptOutcome) {
        self.merges_no_more(attempt);
        let task = self.tasks.get_mut(attempt).expect("it lives");
        assert!(!task.is_over, "{attempt} ended twice");
        task.is_over = true;
        let ticket = task.ticket;
        match outcome {
            AttemptOutcome::Done { .. } => {
                assert!(self.world.done.contains(&ticket), "{attempt} wrote nothing");
                assert!(!self.world.plans[ticket].fails, "{attempt} passed nothing");
            }
            AttemptOutcome::NeedsHuman { .. } => self.leaves(attempt, ticket, outcome.clone()),
            _ => {}
        }
    }

    /// What the next attempt goes on from.
    fn leaves(&mut self, attempt: &AttemptId, ticket: usize, outcome: AttemptOutcome) {
        let entry = &self.world.entries[ticket];
        let reads = self.world.plans[ticket].reads;
        let left = Unfinished {
            from: attempt.clone(),
            carry: Some(Carry {
                from: attempt.clone(),
                workspace: workspace(),
                session: reads.then(|| "session".to_owned()),
                used: Usage::default(),
                approved: false,
            }),
            agent: if reads { "codex" } else { "shell" }
                .parse()
                .expect("a name"),
            revision: entry.revision,
            outcome,
            requests: Vec::new(),
            work: Work {
                tree: Some("t1".into()),
                reasons: Vec::new(),
                turn: 1,
            },
            decision: None,
            replies: Vec::new(),
            taken: None,
            handed_back: None,
        };
        self.world.keep(left);
    }

    fn merges_no_more(&mut self, attempt: &AttemptId) {
        self.merging.take_if(|merging| merging == attempt);
    }

    fn goes_on(&mut self, attempt: &AttemptId) {
        if let Some(task) = self.tasks.get_mut(attempt) {
            task.waits = None;
        }
    }

    fn ordered(&mut self, attempt: &AttemptId, order: &Order) {
        if !matches!(order, Order::Rest) {
            self.goes_on(attempt);
        }
        let asked = match order {
            Order::Turn { .. } => {
                self.merges_no_more(attempt);
                Some(Asked::Turn)
            }
            Order::Collect { .. } => Some(Asked::Collect { saved: false }),
            Order::Recollect { .. } => Some(Asked::Collect { saved: true }),
            Order::Validate { .. } => Some(Asked::Validate),
            Order::CatchUp { .. } => {
                assert_eq!(self.merging, None, "{attempt} merges while another does");
                self.merging = Some(attempt.clone());
                Some(Asked::CatchUp)
            }
            Order::Seal { outcome } => {
                if !matches!(outcome, AttemptOutcome::Done { .. }) {
                    self.merges_no_more(attempt);
                }
                Some(Asked::Seal)
            }
            Order::Integrate { .. } => {
                assert_eq!(self.merging.as_ref(), Some(attempt), "it is not its turn");
                Some(Asked::Integrate)
            }
            Order::WriteTicket { .. } => Some(Asked::Write),
            Order::Close { .. } => Some(Asked::Close),
            Order::Stop { .. }
            | Order::Pause
            | Order::Resume
            | Order::LetGo
            | Order::TakeBack { .. }
            | Order::Rest
            | Order::Go
            | Order::Steer { .. }
            | Order::TurnOver { .. }
            | Order::Answer { .. } => None,
        };
        let task = self.tasks.get_mut(attempt).expect("an attempt that lives");
        if let Order::Stop { reason } = order {
            task.stopped = Some(*reason);
        }
        task.asked.extend(asked);
    }

    /// Something happens next.
    fn go_on(&mut self) -> Option<RunOutcome> {
        match self.world.roll(24) {
            23 => return self.give(Input::Queue(self.world.queue.clone())),
            22 => return self.give(Input::Woke),
            21 => self.world.millis += 60_000,
            20 if !self.tasks.is_empty() => {
                let index = self.world.roll(self.tasks.len());
                let ticket = self.tasks.values().nth(index).expect("one of them").ticket;
                let ticket = self.world.entries[ticket].id.clone();
                return self.give(Input::Command(Command::StopTicket { ticket }));
            }
            _ => {}
        }
        let busy: Vec<AttemptId> = self
            .tasks
            .iter()
            .filter(|(_, task)| !task.asked.is_empty())
            .map(|(id, _)| id.clone())
            .collect();
        let others = [self.prepares, self.looks].into_iter().filter(|is| *is);
        let which = match busy.len() + others.count() {
            0 => return self.nothing_happens(),
            many => self.world.roll(many),
        };
        if let Some(attempt) = busy.get(which) {
            return self.answers(attempt);
        }
        if std::mem::take(&mut self.prepares) {
            let prepared = match self.world.roll(8) {
                7 => Input::RunNotPrepared { why: "x".into() },
                _ => Input::RunPrepared {
                    branch: Some(("docket/r/main".into(), "main".into())),
                    head: Some("c1".into()),
                },
            };
            return self.give(prepared);
        }
        self.looks = false;
        self.give(Input::Looked(self.world.queue.clone()))
    }

    /// No task works: people decide, or time goes by.
    fn nothing_happens(&mut self) -> Option<RunOutcome> {
        let waits = self.tasks.values().find_map(|task| {
            let need = task.waits.clone()?;
            Some((self.world.entries[task.ticket].id.clone(), need))
        });
        if let Some((ticket, need)) = waits {
            let command = match (need, self.world.roll(4)) {
                (_, 3) => Command::Skip { ticket },
                (_, 2) => Command::Retry { ticket },
                (Need::Review { .. }, 1) => Command::Reject {
                    ticket,
                    reason: "no".into(),
                    attempt: None,
                    turn: None,
                },
                (Need::Review { .. }, _) => Command::Approve {
                    ticket,
                    attempt: None,
                    turn: None,
                },
                _ => Command::Reply {
                    ticket,
                    text: "go on".into(),
                },
            };
            return self.give(Input::Command(command));
        }
        let at = self
            .wake
            .take()
            .expect("nothing happens any more and the run is not over");
        self.world.millis = self.world.millis.max(at);
        self.give(Input::Woke)
    }

    /// A task answers the oldest order that it has.
    fn answers(&mut self, id: &AttemptId) -> Option<RunOutcome> {
        let task = self.tasks.get_mut(id).expect("it is busy");
        let asked = task.asked.pop_front().expect("it is busy");
        let (ticket, stopped) = (task.ticket, task.stopped);
        let luck = self.world.roll(12);
        let why = || "x".to_owned();
        let hash = sha256(b"");
        let report = match (asked, luck) {
            (Asked::Prepare { .. }, 11) => Report::NotPrepared { why: why() },
            (Asked::Prepare { .. }, 10) => Report::Outdated { why: why() },
            (Asked::Prepare { carried }, luck) => Report::Prepared {
                workspace: workspace(),
                carried: carried && luck != 9,
            },
            (Asked::Turn, luck) => Report::TurnEnded {
                end: turn_end(stopped, luck),
                usage: Usage::default(),
                leftovers: Leftovers::default(),
            },
            (Asked::Collect { .. }, 11) => Report::NotCollected { why: why() },
            (Asked::Collect { saved }, luck) => Report::Collected(Collected {
                tree: Some("t1".into()),
                claim: luck < 9 && !saved,
                progress: luck != 9,
                ..Collected::default()
            }),
            (Asked::Validate, luck) => return self.validates(id, ticket, stopped, luck),
            (Asked::CatchUp, 11) => Report::Tampered { what: why() },
            (Asked::CatchUp, 10) | (Asked::Integrate, 11) => Report::NotIntegrated { why: why() },
            (Asked::CatchUp, 7..=9) => Report::CaughtUp {
                onto: "c2".into(),
                tree: "t2".into(),
                conflicts: if luck == 9 {
                    vec!["code".into()]
                } else {
                    Vec::new()
                },
            },
            (Asked::CatchUp, _) => Report::UpToDate,
            (Asked::Seal, 11) => Report::NotSealed { why: why() },
            (Asked::Seal, _) => Report::Sealed {
                manifest: hash,
                files: 1,
                bytes: 1,
            },
            (Asked::Integrate, _) => Report::Integrated {
                commit: Some("c3".into()),
            },
            (Asked::Write, 11) => Report::TicketNotWritten { why: why() },
            (Asked::Write, _) => {
                self.world.write(ticket);
                Report::TicketWritten {
                    before: hash,
                    after: hash,
                    proof: Proof::Proven,
                }
            }
            (Asked::Close, _) => {
                self.tasks.remove(id);
                Report::Closed
            }
        };
        self.report(id, report)
    }

    fn validates(
        &mut self,
        id: &AttemptId,
        ticket: usize,
        stopped: Option<CancelReason>,
        luck: usize,
    ) -> Option<RunOutcome> {
        let verdict = match (self.world.plans[ticket].fails, stopped) {
            (_, Some(_)) => Verdict::Inconclusive,
            (true, _) => Verdict::Fail,
            (false, _) if luck > 9 => Verdict::Fail,
            (false, _) => Verdict::Pass,
        };
        let done = Report::ValidationFinished(validation("test", verdict));
        self.report(id, done);
        self.report(id, Report::Validated { gates: Vec::new() })
    }

    fn report(&mut self, attempt: &AttemptId, report: Report) -> Option<RunOutcome> {
        self.give(Input::Attempt {
            attempt: attempt.clone(),
            report,
        })
    }

    /// Docket is killed: what the ledger knows is what the next one goes on from.
    fn dies(&mut self) {
        // The last order may have been carried out without a word in the ledger.
        let writing: Vec<usize> = self
            .tasks
            .values()
            .filter(|task| task.asked.contains(&Asked::Write))
            .map(|task| task.ticket)
            .collect();
        for ticket in writing {
            if self.world.roll(2) == 1 {
                self.world.write(ticket);
            }
        }
        for (attempt, task) in std::mem::take(&mut self.tasks) {
            if task.is_over || self.world.done.contains(&task.ticket) {
                continue;
            }
            match task.waits {
                Some(need) => {
                    let outcome = AttemptOutcome::NeedsHuman { need };
                    self.leaves(&attempt, task.ticket, outcome);
                }
                None if self.world.plans[task.ticket].reads && self.world.roll(2) == 1 => {
                    self.leaves(&attempt, task.ticket, AttemptOutcome::Lost);
                }
                None => {}
            }
        }
    }
}

fn turn_end(stopped: Option<CancelReason>, luck: usize) -> TurnEnd {
    let failed = |fault| TurnEnd::Failed {
        why: "x".into(),
        fault,
    };
    match (stopped, luck) {
        (Some(reason), _) => TurnEnd::Cancelled { reason },
        (None, 11) => failed(Fault::Agent),
        (None, 10) => TurnEnd::Died { how: "x".into() },
        (None, 9) => failed(Fault::RateLimit { until: None }),
        (None, 8) => TurnEnd::TimedOut { phase: Phase::Idle },
        (None, _) => TurnEnd::Completed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_ticket_starts_before_what_it_depends_on_is_done_with_any_workers_and_any_crash(
        plans in proptest::collection::vec(plan(), 2..=12),
        dice in proptest::collection::vec(any::<u8>(), 0..700),
        jobs in 1u32..=8,
        waits: bool,
    ) {
        let mut world = World::new(plans, dice, jobs, waits);
        // With luck on its side from some moment on, all is done that can be.
        let mut expected = BTreeSet::new();
        for ticket in 0..world.plans.len() {
            if !world.plans[ticket].fails && world.needs(ticket).all(|need| expected.contains(&need)) {
                expected.insert(ticket);
            }
        }
        // Started again after every death and every end, for as long as there is anything to do.
        for life in 0..2 * LIVES {
            if life == LIVES {
                world.dice.clear();
            }
            world.live();
            if world.done == expected {
                break;
            }
        }
        prop_assert_eq!(&world.done, &expected);
    }
}
