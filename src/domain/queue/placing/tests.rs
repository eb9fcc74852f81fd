use proptest::prelude::*;

use super::super::tests::ticket;
use super::*;

fn queue(tickets: &[(u64, i64, &[u64])]) -> Queue {
    let entries = tickets
        .iter()
        .map(|(number, priority, needs)| ticket(*number, *priority, false, needs));
    Queue::new(entries)
}

fn id(number: u64) -> TicketId {
    format!("tkt_{number:06}").parse().expect("an id")
}

/// `30 → 1, 10 → 1`, in the order that comes of it: the moved ones first.
fn check(queue: &Queue, moved: &[u64], spot: &Spot, changes: &str, order: &[u64]) {
    let moved: Vec<_> = moved.iter().map(|number| id(*number)).collect();
    let found = place(queue, &moved, spot, |_| false).expect("a place");
    let told: Vec<_> = found
        .iter()
        .map(|change| format!("{} → {}", change.name.number(), change.to))
        .collect();
    let after = with_priorities(queue, &found);
    let numbers: Vec<_> = after
        .entries()
        .iter()
        .map(|entry| entry.name.number())
        .collect();
    assert_eq!(
        (told.join(", ").as_str(), numbers.as_slice()),
        (changes, order)
    );
}

#[test]
fn one_priority_is_enough_where_it_can_be() {
    let even = queue(&[(10, 0, &[]), (20, 0, &[]), (30, 0, &[]), (40, 0, &[])]);
    check(&even, &[40], &Spot::First, "40 → 1", &[40, 10, 20, 30]);
    check(&even, &[10], &Spot::Last, "10 → -1", &[20, 30, 40, 10]);
    check(&even, &[10], &Spot::Before(id(10)), "", &[10, 20, 30, 40]);
    let stepped = queue(&[(10, 5, &[]), (20, 3, &[]), (30, 0, &[])]);
    check(
        &stepped,
        &[10],
        &Spot::After(id(20)),
        "10 → 0",
        &[20, 10, 30],
    );
    check(
        &stepped,
        &[30],
        &Spot::Before(id(20)),
        "30 → 4",
        &[10, 30, 20],
    );
}

#[test]
fn neighbours_make_room_where_they_must() {
    let even = queue(&[
        (10, 0, &[]),
        (20, 0, &[]),
        (30, 0, &[]),
        (40, 0, &[]),
        (50, 0, &[]),
    ]);
    check(
        &even,
        &[30],
        &Spot::Before(id(20)),
        "10 → 1, 30 → 1",
        &[10, 30, 20, 40, 50],
    );
    check(
        &even,
        &[30],
        &Spot::After(id(40)),
        "30 → -1, 50 → -1",
        &[10, 20, 40, 30, 50],
    );
    check(
        &even,
        &[40, 50],
        &Spot::Before(id(20)),
        "10 → 1, 40 → 1, 50 → 1",
        &[10, 40, 50, 20, 30],
    );
}

#[test]
fn dependencies_are_stronger() {
    let chained = queue(&[(10, 0, &[]), (20, 0, &[10]), (30, 0, &[])]);
    let error = place(&chained, &[id(20)], &Spot::Before(id(10)), |_| false);
    let error = error.expect_err("no place").to_string();
    assert_eq!(
        error,
        "TICKET-020 depends on TICKET-010: it can't run before it"
    );
    check(&chained, &[20], &Spot::First, "", &[10, 20, 30]);
    let error = place(&chained, &[id(10)], &Spot::After(id(30)), |_| false);
    assert!(matches!(error, Err(CantPlace::Dependency { .. })));
    // What has begun has no place any more, and its file is left alone.
    let fixed = place(&chained, &[id(30)], &Spot::First, |ticket| {
        *ticket == id(10)
    });
    let fixed = fixed.expect("a place");
    assert!(
        fixed.iter().all(|change| change.ticket != id(10)),
        "{fixed:?}"
    );
    let begun = place(&chained, &[id(10)], &Spot::First, |ticket| {
        *ticket == id(10)
    });
    assert!(matches!(begun, Err(CantPlace::NotOpen(..))));
    let unknown = place(&chained, &[id(99)], &Spot::First, |_| false);
    assert_eq!(unknown, Err(CantPlace::Unknown(id(99))));
}

proptest! {
    #[test]
    fn a_place_is_exact(
        tickets in proptest::collection::vec((-2i64..3, proptest::collection::vec(1u64..12, 0..2)), 2..12),
        moved in 0usize..12,
        other in 0usize..12,
    ) {
        let entries: Vec<_> = tickets
            .iter()
            .enumerate()
            .map(|(index, (priority, needs))| {
                let number = index as u64 + 1;
                // Only on earlier ones: no circles.
                let needs: Vec<_> = needs.iter().copied().filter(|need| *need < number).collect();
                ticket(number, *priority, false, &needs)
            })
            .collect();
        let free = tickets.iter().all(|(_, needs)| needs.is_empty());
        let queue = Queue::new(entries);
        let order = |queue: &Queue| -> Vec<TicketId> {
            queue.entries().iter().map(|entry| entry.id.clone()).collect()
        };
        let before = order(&queue);
        let moved = before[moved % before.len()].clone();
        let other = before[other % before.len()].clone();
        match place(&queue, std::slice::from_ref(&moved), &Spot::Before(other.clone()), |_| false) {
            Ok(changes) if moved != other => {
                let after = order(&with_priorities(&queue, &changes));
                let at = after.iter().position(|ticket| *ticket == moved).expect("still there");
                prop_assert_eq!(after.get(at + 1), Some(&other));
                let others = |order: &[TicketId]| -> Vec<TicketId> {
                    order.iter().filter(|ticket| **ticket != moved).cloned().collect()
                };
                prop_assert_eq!(others(&after), others(&before));
            }
            Ok(changes) => prop_assert_eq!(changes, []),
            Err(error) => prop_assert!(!free, "{}", error),
        }
    }
}
