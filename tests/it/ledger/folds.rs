//! The projections: the same whether folded one by one, in batches, or again from the start.

use docket::domain::event::Event;
use docket::domain::ids::RunId;
use docket::domain::time::Timestamp;
use docket::store::ledger::rebuild;
use docket::store::verify::{Filter, Problem, verify};
use proptest::prelude::*;

use super::arbitrary;
use super::scene::{NOW, Scene, attempt_id, barrier, process, ticket_id, ticket_name, trivial_run};

fn problems(scene: &Scene) -> Vec<Problem> {
    let report = verify(
        &scene.path(),
        &scene.evidence(),
        &Filter::Attempt(attempt_id("TICKET-999.1")),
    );
    report.expect("the check is made").problems
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fold_and_rebuild_agree(
        batches in prop::collection::vec(
            (1..4_u32, any::<i64>(), prop::collection::vec(arbitrary::event(), 1..12)),
            1..8,
        )
    ) {
        let scene = Scene::new();
        let ledger = scene.open();
        let mut sent = 0;
        for (index, (run, at, events)) in batches.into_iter().enumerate() {
            sent += events.len() as u64;
            ledger.append(RunId(run), Timestamp(at), events);
            if index % 2 == 0 {
                barrier(&ledger).expect("stored");
            }
        }
        prop_assert_eq!(ledger.close().expect("stored").0, sent);
        prop_assert_eq!(problems(&scene), vec![]);
        rebuild(&scene.path()).expect("rebuilt");
        prop_assert_eq!(problems(&scene), vec![]);
    }
}

#[test]
fn wrong_projections_are_found_and_rebuilt() {
    let scene = Scene::new();
    scene.store(trivial_run());
    scene.tamper(
        "UPDATE done SET proof = '\"by_hand\"'; DELETE FROM runs; INSERT INTO runs VALUES (9, 1, NULL, 1, NULL, NULL, '', NULL, 1);",
    );
    let found = problems(&scene);
    let wrong = |table: &str, key: &str| Problem::WrongProjection {
        table: table.to_owned(),
        key: key.to_owned(),
    };
    assert_eq!(
        found,
        [
            wrong("runs", "1"),
            wrong("runs", "9"),
            wrong("done", "tkt_000000000001"),
        ]
    );
    rebuild(&scene.path()).expect("rebuilt");
    assert_eq!(problems(&scene), []);
}

#[test]
fn readers_see_what_the_events_say() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let reader = scene.reader();
    let attempt = attempt_id("TICKET-001.1");

    let runs = reader.runs().expect("runs");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].finished, Some(NOW));
    assert_eq!(reader.open_runs().expect("runs"), []);
    assert_eq!(reader.next_run().expect("a number"), RunId(2));

    let record = reader.attempt(&attempt).expect("read").expect("there");
    assert_eq!((record.turns, record.first.0, record.last.0), (1, 3, 15));
    assert_eq!(record.seal.expect("sealed").files, 8);
    assert_eq!(reader.attempts().expect("read"), vec![record.clone()]);
    let ticket = ticket_id("tkt_000000000001");
    assert_eq!(
        reader.attempts_of_ticket(&ticket).expect("read"),
        vec![record.clone()]
    );
    assert_eq!(
        reader.attempts_of_run(RunId(1)).expect("read"),
        vec![record]
    );
    assert_eq!(reader.attempts_of_run(RunId(2)).expect("read"), vec![]);
    let name = ticket_name("TICKET-001");
    assert_eq!(reader.last_attempt_number(&name).expect("read"), 1);
    let other = ticket_name("TICKET-002");
    assert_eq!(reader.last_attempt_number(&other).expect("read"), 0);

    let steps = reader.steps(RunId(1)).expect("steps");
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].attempt.as_ref(), Some(&attempt));
    assert_eq!(reader.last_steps().expect("steps")[&ticket], steps[0]);

    let done = &reader.done_tickets().expect("done")[&ticket];
    assert_eq!(done.attempt.as_ref(), Some(&attempt));
    assert_eq!(done.run, RunId(1));

    let validations = reader.validations(&attempt).expect("validations");
    assert_eq!(validations.len(), 1);
    assert_eq!(validations[0].name, "cargo test");
    let artifacts = reader.artifacts(&attempt).expect("artifacts");
    assert_eq!(artifacts.len(), 2);
    assert_eq!(
        reader.events_of_attempt(&attempt).expect("events").len(),
        12
    );
    assert_eq!(reader.open_attempts().expect("open"), vec![]);
}

#[test]
fn an_attempt_without_an_end_is_open_with_all_that_is_needed_to_end_it() {
    let scene = Scene::new();
    let mut events = trivial_run();
    events.truncate(10);
    scene.store(events);
    let reader = scene.reader();
    assert_eq!(reader.open_runs().expect("runs").len(), 1);
    let open = reader.open_attempts().expect("open");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].attempt, attempt_id("TICKET-001.1"));
    assert_eq!(open[0].marker, "docket-1-1-9f31c2");
    assert_eq!(open[0].processes, [process(4_101), process(4_201)]);
    assert!(open[0].workspace.is_some());
    assert!(open[0].seal.is_none());
}

#[test]
fn tokens_and_money_add_up_over_turns() {
    let scene = Scene::new();
    let mut events = trivial_run();
    events.truncate(3);
    for turn in 1..=2 {
        events.push(Event::TurnFinished {
            attempt: attempt_id("TICKET-001.1"),
            turn,
            end: docket::domain::attempt::TurnEnd::Completed,
            usage: docket::domain::item::Usage {
                input: 100,
                cached: 40,
                output: 7,
                reasoning: 3,
                cost_usd: Some(0.25),
            },
            leftovers: docket::domain::event::Leftovers::default(),
        });
    }
    scene.store(events);
    let attempts = scene.reader().attempts().expect("read");
    let usage = attempts[0].usage;
    assert_eq!(
        (usage.input, usage.cached, usage.output, usage.reasoning),
        (200, 80, 14, 6)
    );
    assert_eq!(usage.cost_usd, Some(0.5));
}
