use proptest::prelude::*;

use super::*;
use crate::domain::ids::Sha256;
use crate::domain::ticket::{GateRule, PathRules, Problem, ProblemCode, Ticket, TicketLimits};

pub(super) fn ticket(
    number: u64,
    priority: i64,
    done: bool,
    depends_on: &[u64],
) -> Arc<QueueEntry> {
    let name: TicketName = format!("TICKET-{number:03}").parse().expect("a name");
    let id: TicketId = format!("tkt_{number:06}").parse().expect("an id");
    let ticket = Ticket {
        id: id.clone(),
        id_is_derived: false,
        name: name.clone(),
        agent: "codex".parse().expect("an agent"),
        done,
        title: None,
        goal: None,
        model: None,
        reasoning: None,
        profile: None,
        context: Vec::new(),
        depends_on: depends_on.iter().map(|&n| Dependency::Number(n)).collect(),
        priority,
        labels: Vec::new(),
        validate: None,
        acceptance: Vec::new(),
        gate: GateRule::None,
        paths: PathRules::default(),
        limits: TicketLimits::default(),
        approvals: None,
        rules: crate::domain::rules::Rules::default(),
        not_before: None,
        every: None,
        policy: None,
        body: String::new(),
    };
    Arc::new(QueueEntry {
        path: format!("tickets/{name}.md").into(),
        id,
        revision: Sha256([0; 32]),
        title: name.to_string(),
        name,
        ticket: Some(ticket),
        problems: Vec::new(),
    })
}

fn changed(entry: &Arc<QueueEntry>, change: impl FnOnce(&mut QueueEntry)) -> Arc<QueueEntry> {
    let mut entry = QueueEntry::clone(entry);
    change(&mut entry);
    Arc::new(entry)
}

fn open(number: u64, depends_on: &[u64]) -> Arc<QueueEntry> {
    ticket(number, 0, false, depends_on)
}

fn numbers(queue: &Queue) -> Vec<u64> {
    queue
        .entries()
        .iter()
        .map(|entry| entry.name.number())
        .collect()
}

/// The readiness of each ticket, in run order, in the words of its `Debug`, shortened to what matters.
fn check_readiness(entries: Vec<Arc<QueueEntry>>, expected: &[(u64, Readiness)]) {
    let queue = Queue::new(entries);
    let found: Vec<_> = numbers(&queue)
        .into_iter()
        .zip(queue.readiness(Timestamp(1000), None))
        .collect();
    assert_eq!(found, expected);
}

fn name(number: u64) -> TicketName {
    format!("TICKET-{number:03}").parse().expect("a name")
}

#[test]
fn runs_by_dependency_then_priority_then_number() {
    let queue = Queue::new([
        open(1, &[4]),
        open(2, &[]),
        ticket(3, 5, false, &[]),
        open(4, &[]),
        ticket(5, 9, false, &[4]),
    ]);
    assert_eq!(numbers(&queue), [3, 2, 4, 5, 1]);
}

#[test]
fn says_what_each_waits_for() {
    use Readiness::{After, Done, NotBefore, Ready, UnknownDependency};
    let later = changed(&open(6, &[]), |entry| {
        if let Some(ticket) = &mut entry.ticket {
            ticket.not_before = Some(Timestamp(1001));
        }
    });
    check_readiness(
        vec![
            ticket(1, 0, true, &[]),
            open(2, &[1]),
            open(3, &[1, 2]),
            open(4, &[3, 2]),
            open(5, &[77]),
            later,
        ],
        &[
            (1, Done),
            (2, Ready),
            (3, After(vec![name(2)])),
            (4, After(vec![name(2), name(3)])),
            (5, UnknownDependency(vec![Dependency::Number(77)])),
            (6, NotBefore(Timestamp(1001))),
        ],
    );
}

#[test]
fn names_circles_and_what_is_behind_them() {
    use Readiness::{After, InCycle, Ready};
    let circle: Arc<[_]> = [name(1), name(4), name(1)].into();
    let to_itself = [name(6), name(6)].into();
    check_readiness(
        vec![
            open(1, &[4]),
            open(2, &[]),
            open(3, &[1]),
            open(4, &[1, 2]),
            open(6, &[6]),
        ],
        &[
            (2, Ready),
            (1, InCycle(circle.clone())),
            (3, After(vec![name(1)])),
            (4, InCycle(circle)),
            (6, InCycle(to_itself)),
        ],
    );
    // A ticket that is done holds nobody up.
    check_readiness(
        vec![open(1, &[4]), ticket(4, 0, true, &[1])],
        &[(1, Ready), (4, Readiness::Done)],
    );
}

#[test]
fn broken_and_ambiguous_tickets_stop_only_themselves() {
    let broken = changed(&open(2, &[]), |entry| entry.ticket = None);
    let twin = changed(&open(3, &[]), |entry| {
        entry.path = "tickets/TICKET-003-copy.md".into();
        entry.id = "tkt_other".parse().expect("an id");
    });
    let same_id = changed(&open(4, &[]), |entry| {
        entry.id = "tkt_000001".parse().expect("an id");
    });
    let paths = |paths: &[&str]| Readiness::Ambiguous(paths.iter().map(Into::into).collect());
    check_readiness(
        vec![
            open(1, &[]),
            broken,
            open(3, &[]),
            twin,
            same_id,
            open(5, &[2]),
            open(6, &[]),
        ],
        &[
            (1, paths(&["tickets/TICKET-004.md"])),
            (2, Readiness::Broken),
            (3, paths(&["tickets/TICKET-003.md"])),
            (3, paths(&["tickets/TICKET-003-copy.md"])),
            (4, paths(&["tickets/TICKET-001.md"])),
            (5, Readiness::After(vec![name(2)])),
            (6, Readiness::Ready),
        ],
    );
}

#[test]
fn unknown_names_are_a_reason_only_when_agents_are_known() {
    let queue = Queue::new([open(1, &[])]);
    let agents = KnownNames::from_iter(["shell".parse().expect("an agent")]);
    assert_eq!(queue.readiness(Timestamp(0), None), [Readiness::Ready]);
    assert!(matches!(
        queue.readiness(Timestamp(0), Some(&agents)).as_slice(),
        [Readiness::UnknownAgent(agent)] if agent.as_str() == "codex"
    ));
}

#[test]
fn lists_the_problems_of_the_queue() {
    let twin = changed(&open(3, &[]), |entry| {
        entry.path = "tickets/TICKET-003-copy.md".into();
    });
    let queue = Queue::new([
        open(1, &[4, 9]),
        open(2, &[3]),
        open(3, &[]),
        twin,
        open(4, &[1]),
    ]);
    let found: Vec<_> = queue
        .problems(None)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "tickets/TICKET-001.md: error T052: these depend on each other, so none can start: TICKET-001 → TICKET-004 → TICKET-001; remove one of the dependencies",
            "tickets/TICKET-001.md: error T053: no ticket has the number 9: remove the dependency or add the ticket",
            "tickets/TICKET-002.md: warning T054: it runs after TICKET-003, TICKET-003, which has a higher number: renumber one of them",
            "tickets/TICKET-003-copy.md: error T050: number 3 is also that of `tickets/TICKET-003.md`: rename all but one of the files",
            "tickets/TICKET-003-copy.md: error T051: `ticket_id: tkt_000003` is also that of `tickets/TICKET-003.md`: delete the line in the copy and run `docket lint --fix`",
            "tickets/TICKET-003.md: error T050: number 3 is also that of `tickets/TICKET-003-copy.md`: rename all but one of the files",
            "tickets/TICKET-003.md: error T051: `ticket_id: tkt_000003` is also that of `tickets/TICKET-003-copy.md`: delete the line in the copy and run `docket lint --fix`",
            "tickets/TICKET-004.md: error T052: these depend on each other, so none can start: TICKET-001 → TICKET-004 → TICKET-001; remove one of the dependencies",
        ]
    );
}

#[test]
fn the_problems_of_a_file_keep_it_from_running() {
    let problem = Problem::new(ProblemCode::WrongType, None, "wrong");
    let broken = changed(&open(1, &[]), |entry| entry.problems.push(problem));
    check_readiness(vec![broken], &[(1, Readiness::Broken)]);
}

#[test]
fn a_chain_and_a_circle_of_ten_thousand_are_no_trouble() {
    let chain = (1..=10_000).map(|n| {
        open(
            n,
            if n == 1 {
                &[]
            } else {
                std::slice::from_ref(&0)
            },
        )
    });
    let chain = chain.map(|entry| {
        changed(&entry, |entry| {
            let number = entry.name.number();
            if let Some(ticket) = entry.ticket.as_mut().filter(|_| number > 1) {
                ticket.depends_on = vec![Dependency::Number(number - 1)];
            }
        })
    });
    let mut entries: Vec<_> = chain.collect();
    let queue = Queue::new(entries.iter().rev().cloned());
    assert!(numbers(&queue).is_sorted());
    assert!(queue.cycles().is_empty());
    entries[0] = open(1, &[10_000]);
    let queue = Queue::new(entries);
    assert_eq!(
        queue
            .cycles()
            .iter()
            .map(|cycle| cycle.len())
            .collect::<Vec<_>>(),
        [10_001]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_keeps_every_ticket_and_puts_dependencies_first(
        tickets in prop::collection::vec(
            (-2_i64..3, any::<bool>(), prop::collection::vec(1_u64..14, 0..4)), 0..12)
    ) {
        let entries: Vec<_> = (1..)
            .zip(&tickets)
            .map(|(n, (priority, done, needs))| ticket(n, *priority, *done, needs))
            .collect();
        let queue = Queue::new(entries.clone());
        let mut seen = numbers(&queue);
        let place = |number: u64| seen.iter().position(|&n| n == number);
        let readiness = queue.readiness(Timestamp(0), None);
        for (index, entry) in queue.entries().iter().enumerate() {
            let needs: Vec<_> = queue.dependencies(index).collect();
            match &readiness[index] {
                Readiness::Ready => prop_assert!(needs.iter().all(|needed| needed.is_done())),
                Readiness::Done => prop_assert!(entry.is_done()),
                Readiness::After(names) => prop_assert!(!names.is_empty()),
                Readiness::InCycle(names) => prop_assert_eq!(names.first(), names.last()),
                _ => {}
            }
            let in_order = |number| place(number) < Some(index);
            let is_stuck = |needed: &&Arc<QueueEntry>| {
                needed.is_done() || in_order(needed.name.number())
            };
            if matches!(readiness[index], Readiness::Ready) {
                prop_assert!(needs.iter().all(is_stuck));
            }
        }
        // The same tickets in another order give the same queue.
        prop_assert_eq!(&seen, &numbers(&Queue::new(entries.into_iter().rev())));
        // If anything is open and sound, something is ready: only circles and missing tickets stop a queue.
        let all_stuck = readiness.iter().all(|one| !matches!(one, Readiness::Ready));
        let any_reason = readiness.iter().any(|one| {
            matches!(one, Readiness::InCycle(_) | Readiness::UnknownDependency(_))
        });
        let any_waiting = readiness.iter().any(|one| matches!(one, Readiness::After(_)));
        prop_assert!(!all_stuck || !any_waiting || any_reason);
        seen.sort_unstable();
        prop_assert_eq!(seen, (1..=tickets.len() as u64).collect::<Vec<_>>());
    }
}
