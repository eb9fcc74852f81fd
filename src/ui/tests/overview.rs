//! The run in pictures, at the sizes that people have.

use std::sync::Arc;

use super::scene::{NOON, Scene, ago, attempt, entry, look, text_of};
use crate::domain::attempt::{AttemptOutcome, Need, Proof};
use crate::domain::board::Feed;
use crate::domain::event::{Envelope, Event, RunOutcome};
use crate::domain::ids::{RunId, Sequence, Sha256};
use crate::domain::item::Usage;
use crate::domain::queue::Queue;
use crate::domain::settings::SpendingLimits;
use crate::domain::spent::{Spent, Use};
use crate::domain::time::Timestamp;
use crate::domain::timeline::Timeline;
use crate::store::past::{Past, Spending};
use crate::ui::effect::Loaded;
use crate::ui::update::Message;

const SIZES: [(u16, u16); 5] = [(40, 12), (80, 24), (120, 40), (200, 60), (400, 120)];

/// A scene with dependencies, and with some tokens and bytes over time.
fn scene(ascii: bool) -> Scene {
    let mut scene = Scene::full_with(look(ascii));
    for step in 0..60_u64 {
        scene.now = ago(240 - 4 * i64::try_from(step).expect("small"));
        scene.feed(Feed::Used {
            attempt: attempt("003"),
            usage: Usage {
                output: step * step * 10,
                ..Usage::default()
            },
        });
        scene.feed(Feed::Advanced {
            attempt: attempt("003"),
            bytes: step * 4_000,
        });
    }
    scene.now = NOON;
    scene.model.overview.books.spending = SpendingLimits {
        run: crate::domain::settings::Totals {
            tokens: Some(100_000),
            cost_usd: Some(2.5),
        },
        ..SpendingLimits::default()
    };
    scene.feed(Feed::Queue(Arc::new(graph())));
    scene
}

fn graph() -> Queue {
    Queue::new([
        entry("001", "scaffold the cli", "codex", &[]),
        entry("002", "parse the header", "codex", &[1]),
        entry("003", "stream the body", "codex", &[1]),
        entry("004", "pick a codec", "codex", &[]),
        entry("005", "docs", "codex", &[3, 1]),
        entry("006", "bench", "codex", &[3, 2]),
        entry("007", "release", "codex", &[5, 6]),
        entry("008", "ask the lawyer", "user", &[]),
        entry("009", "hen", "codex", &[10]),
        entry("010", "egg", "codex", &[9]),
    ])
}

fn spent() -> Spending {
    let day = 86_400_000;
    let uses = [
        ("codex", 0, 120_000, Some(1.2)),
        ("codex", 1, 80_000, Some(0.8)),
        ("claude", 1, 300_000, Some(4.5)),
        ("opencode", 2, 9_000, None),
    ];
    let uses = uses.map(|(agent, days, output, cost_usd)| Use {
        agent,
        started: Timestamp(NOON.0 - days * day - 600_000),
        finished: Timestamp(NOON.0 - days * day),
        usage: Usage {
            output,
            cost_usd,
            ..Usage::default()
        },
    });
    let day_of = |at: Timestamp| format!("2026-11-{:02}", 21 - (NOON.0 - at.0) / day);
    Spending {
        spent: Spent::of(uses, day_of),
        day: uses[0].usage,
    }
}

/// As if the ledger had answered.
fn with_usage(scene: &mut Scene) {
    assert!(scene.model.overview.expect_usage(77));
    scene.message(Message::Loaded(Loaded::Spent {
        question: 77,
        spent: Ok(spent()),
    }));
}

#[test]
fn each_picture_at_the_sizes_that_people_have() {
    let mut scene = scene(false);
    with_usage(&mut scene);
    scene.keys("o");
    with_usage(&mut scene);
    for (key, name) in [
        ("1", "progress"),
        ("2", "timeline"),
        ("3", "graph"),
        ("4", "usage"),
    ] {
        scene.keys(key);
        for (width, height) in SIZES {
            let frame = scene.frame(width, height);
            if width < 200 {
                insta::assert_snapshot!(format!("{name}-{width}x{height}"), frame);
            }
            assert!(!frame.contains('�'));
        }
    }
}

#[test]
fn pictures_in_ascii_are_ascii() {
    let mut scene = scene(true);
    scene.keys("o");
    with_usage(&mut scene);
    let mut frames = String::new();
    for key in ["1", "2", "3", "4"] {
        scene.keys(key);
        frames += &text_of(&scene.buffer(80, 16));
    }
    let odd: String = frames.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(odd, "", "{frames}");
    insta::assert_snapshot!("overview-ascii", frames);
}

#[test]
fn tab_and_numbers_change_the_picture_and_escape_leads_back() {
    let mut scene = Scene::full();
    scene.keys("o Tab Tab");
    assert!(scene.frame(80, 24).contains("[3 Graph]"));
    scene.keys("Shift-Tab");
    assert!(scene.frame(80, 24).contains("[2 Time line]"));
    scene.keys("4");
    assert!(scene.frame(80, 24).contains("[4 Usage]"));
    scene.keys("Esc");
    assert!(scene.frame(80, 24).contains("Queue"));
    scene.keys("o");
    assert!(scene.frame(80, 24).contains("[4 Usage]"), "where one was");
}

#[test]
fn the_graph_is_walked_along_its_lines() {
    let mut scene = scene(false);
    scene.keys("o 3 g g");
    assert!(scene.frame(100, 30).contains("001 scaffold the cli"));
    scene.keys("Right");
    let frame = scene.frame(100, 30);
    assert!(frame.contains("Needs 001"), "{frame}");
    scene.keys("Right");
    let frame = scene.frame(100, 30);
    assert!(frame.contains("Before 007"), "{frame}");
    scene.keys("Enter");
    assert!(scene.model.page.is_none());
    let selected = scene
        .model
        .queue
        .entry()
        .expect("a ticket")
        .name
        .digits()
        .to_owned();
    assert!(["005", "006"].contains(&selected.as_str()), "{selected}");
}

#[test]
fn of_ten_thousand_tickets_the_neighbourhood_is_drawn() {
    let mut scene = Scene::empty();
    let entries = (1..=10_000_u64).map(|number| {
        let needs = if number > 2 {
            vec![number - 1, number / 2]
        } else {
            Vec::new()
        };
        entry(&format!("{number:05}"), "one of many", "codex", &needs)
    });
    scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    scene.keys("j j j o 3");
    let frame = scene.frame(200, 50);
    assert!(
        frame.contains("9900 further tickets are not drawn"),
        "{frame}"
    );
    for _ in 0..200 {
        scene.keys("Right");
    }
    let frame = scene.frame(200, 50);
    assert!(!frame.contains("[00003 "), "it goes along: {frame}");
}

#[test]
fn an_earlier_run_is_read_from_the_ledger() {
    let mut scene = Scene::full();
    scene.model.overview.books.ledger = Some(scene.folder.path().join("none.db"));
    scene.keys("o 2");
    assert!(scene.frame(100, 20).contains("r12"));
    let mut timeline = Timeline::default();
    let mut take = |seconds, event| {
        timeline.apply(&Envelope {
            seq: Sequence(1),
            at: ago(seconds),
            run: RunId(11),
            event,
        });
    };
    take(
        90_000,
        Event::RunStarted {
            jobs: 1,
            branch: None,
            base: None,
            version: "0".into(),
        },
    );
    take(
        89_000,
        Event::AttemptStarted {
            attempt: attempt("042"),
            ticket: super::scene::id("042"),
            revision: Sha256([0; 32]),
            agent: "claude".into(),
            marker: "m".into(),
        },
    );
    take(
        88_000,
        Event::AttemptFinished {
            attempt: attempt("042"),
            outcome: AttemptOutcome::NeedsHuman {
                need: Need::NoProgress,
            },
        },
    );
    take(
        88_000,
        Event::RunFinished {
            outcome: RunOutcome::NeedsHuman,
        },
    );
    let question = scene.model.overview.expect_run(RunId(11));
    scene.message(Message::Loaded(Loaded::Timeline {
        question,
        past: Ok(Past {
            runs: vec![RunId(11), RunId(12)],
            timeline,
            last: Sequence(1),
        }),
    }));
    let frame = scene.frame(100, 20);
    assert!(
        frame.contains("r11") && frame.contains("042.1 claude"),
        "{frame}"
    );
    scene.keys("] r");
    let frame = scene.frame(100, 20);
    assert!(frame.contains("003.1 codex"), "{frame}");
}

#[test]
fn the_time_line_follows_the_run() {
    let mut scene = Scene::full();
    scene.keys("o 2");
    assert!(scene.frame(120, 20).contains("works"));
    scene.event(
        NOON,
        Event::AttemptFinished {
            attempt: attempt("003"),
            outcome: AttemptOutcome::Done {
                proof: Proof::Proven,
            },
        },
    );
    let frame = scene.frame(120, 20);
    assert!(frame.contains("done, proven"), "{frame}");
    // Closer, and into the past: the beginning leaves the screen and comes back.
    scene.keys("+ + + Left Left Left Left");
    let close = scene.frame(120, 20);
    scene.keys("- - -");
    assert_ne!(scene.frame(120, 20), close);
    assert_eq!(scene.frame(120, 20), frame);
}

#[test]
fn what_is_left_of_a_day_is_one_number_everywhere() {
    let mut scene = Scene::full();
    let limits = SpendingLimits {
        day: crate::domain::settings::Totals {
            tokens: Some(1_000_000),
            cost_usd: None,
        },
        ..SpendingLimits::default()
    };
    let used = |tokens| Usage {
        output: tokens,
        ..Usage::default()
    };
    let hours = |hours: i64| Timestamp(NOON.0 - hours * 3_600_000);
    scene.model.overview.books.spending = limits;
    scene.model.prefer(crate::ui::Preferences {
        limits,
        spent: vec![(hours(25), used(500_000)), (hours(23), used(100_000))],
        ..crate::ui::Preferences::default()
    });
    scene.keys("o");
    let frame = scene.frame(160, 40);
    let open = scene.model.totals.open.tokens();
    let left = crate::domain::reason::count(900_000 - open);
    let used = crate::domain::reason::count(100_000 + open);
    assert!(frame.contains(&format!("{left} tok left today")), "{frame}");
    assert!(frame.contains(&format!("{used} of 1.0M tokens")), "{frame}");
}
