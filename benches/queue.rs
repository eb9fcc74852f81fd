//! What 10,000 tickets cost the screen, without a terminal: laying them out, frames, filters, finding, moving. `cargo bench -- queue`

use std::hint::black_box;
use std::sync::Arc;

use docket::domain::board::Feed;
use docket::domain::queue::Queue;
use docket::domain::queue::placing::{Spot, place};
use docket::tickets::load;
use docket::ui::Probe;

use crate::support::{repository, row, timed};

const ROUNDS: usize = 15;
const TICKETS: usize = 10_000;

pub(crate) fn bench() {
    let folder = repository(
        TICKETS,
        "title: One of many\ndepends_on: []\n",
        "```sh\ntrue\n```",
    );
    let entries = load::scan(folder.path(), "tickets".as_ref()).entries;
    let queue = Arc::new(Queue::new(entries.clone()));
    let mut rows = Vec::new();
    let mut measure = |what: &str, mut once: Box<dyn FnMut() + '_>| {
        let times = (0..ROUNDS).map(|_| timed(&mut once)).collect();
        rows.push((what.to_owned(), times));
    };
    measure(
        "run order",
        Box::new(|| drop(black_box(Queue::new(entries.clone())))),
    );
    let mut probe = Probe::new(120, 40).expect("a screen");
    measure(
        "a new queue, laid out and drawn",
        Box::new(|| {
            probe.feed(Feed::Queue(Arc::clone(&queue)));
            black_box(probe.frame());
        }),
    );
    measure(
        "a key, and the frame after it",
        Box::new(|| {
            probe.key("j");
            black_box(probe.frame());
        }),
    );
    measure(
        "the next that waits, where none does",
        Box::new(|| {
            probe.key("!");
            black_box(probe.frame());
        }),
    );
    measure(
        "the tree of dependencies, and back",
        Box::new(|| {
            for _ in 0..2 {
                probe.key("w");
                black_box(probe.frame());
            }
        }),
    );
    probe.key("/");
    measure(
        "a letter more in the filter, and one less",
        Box::new(|| {
            for key in ["9", "Backspace"] {
                probe.key(key);
                black_box(probe.frame());
            }
        }),
    );
    probe.key("Esc");
    measure(
        "opening and closing the search",
        Box::new(|| {
            for key in ["F", "Esc"] {
                probe.key(key);
                black_box(probe.frame());
            }
        }),
    );
    probe.key("F");
    measure(
        "a letter more in the search, and one less",
        Box::new(|| {
            for key in ["9", "Backspace"] {
                probe.key(key);
                black_box(probe.frame());
            }
        }),
    );
    let last = entries.last().expect("a ticket").id.clone();
    let first = entries.first().expect("a ticket").id.clone();
    measure(
        "another place in the run order",
        Box::new(|| {
            let spot = Spot::Before(first.clone());
            let placed = place(&queue, std::slice::from_ref(&last), &spot, |_| false);
            assert_eq!(black_box(placed).expect("a place").len(), 1);
        }),
    );
    for (what, times) in rows {
        row(&format!("{TICKETS} tickets: {what}"), times, 1);
    }
}
