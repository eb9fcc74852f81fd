//! The queue pane: columns, the tree of dependencies, filters, finding, marks, moves and new tickets.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::{Color, Modifier};

use super::scene::{Scene, ago, artifact, attempt, entry, id, look, text_of};
use crate::domain::attempt::Need;
use crate::domain::board::Feed;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::TicketId;
use crate::domain::queue::Queue;
use crate::tickets::load;
use crate::ui::effect::Effect;
use crate::ui::pages::Page;
use crate::ui::update::Message;

/// A scene whose queue is in files; what is written there is read back as a runner would.
struct OnDisk {
    scene: Scene,
}

impl OnDisk {
    fn new(tickets: &[(&str, &str)]) -> Self {
        let mut scene = Scene::empty();
        let folder = scene.folder.path().join("tickets");
        std::fs::create_dir(&folder).expect("a folder");
        for (digits, front_matter) in tickets {
            let text = format!(
                "---\nticket_id: ticket-{digits}\nagent: codex\ndone: false\ntitle: title of {digits}\n{front_matter}---\n\nBody\n"
            );
            let path = folder.join(format!("TICKET-{digits}.md"));
            std::fs::write(path, text).expect("a ticket");
        }
        scene.model.new_tickets.folder = folder;
        scene.model.new_tickets.agent = Some("codex".parse().expect("an agent"));
        let mut on_disk = Self { scene };
        on_disk.read();
        on_disk
    }

    fn read(&mut self) {
        let root = self.scene.folder.path();
        let entries = load::scan(root, &root.join("tickets")).entries;
        self.scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    }

    fn order(&self) -> String {
        let entries = self.scene.model.queue.queue().entries().iter();
        let digits: Vec<_> = entries.map(|entry| entry.name.digits()).collect();
        digits.join(" ")
    }

    fn keys(&mut self, keys: &str) {
        self.scene.keys(keys);
        self.read();
    }
}

fn selected(scene: &Scene) -> String {
    let entry = scene.model.queue.entry();
    entry.map_or_else(String::new, |entry| entry.name.digits().to_owned())
}

#[test]
fn columns_come_as_there_is_room() {
    let mut scene = Scene::full();
    scene.event(ago(30), Event::StepSkipped { ticket: id("009") });
    scene.keys("z");
    for width in [180, 100, 80, 64, 58, 46, 40, 26] {
        insta::assert_snapshot!(format!("queue-{width}"), scene.frame(width, 14));
    }
    scene.keys("Space G *");
    insta::assert_snapshot!("queue-100-marked", scene.frame(100, 14));
    let mut ascii = Scene::full_with(look(true));
    ascii.keys("z w Space");
    insta::assert_snapshot!("queue-80-ascii", ascii.frame(80, 14));
}

/// The colours of a part of the screen: a letter for each style, explained below.
fn styles(buffer: &Buffer, area: Rect) -> String {
    let mut seen: Vec<(Color, Color, Modifier)> = Vec::new();
    let mut text = String::new();
    for row in area.rows() {
        for position in row.positions() {
            let cell = &buffer[position];
            let style = (cell.fg, cell.bg, cell.modifier);
            let index = seen.iter().position(|other| *other == style);
            let index = index.unwrap_or_else(|| {
                seen.push(style);
                seen.len() - 1
            });
            text.push(char::from(
                b'a' + u8::try_from(index % 26).expect("a letter"),
            ));
        }
        text.push('\n');
    }
    for (index, style) in seen.iter().enumerate() {
        let letter = char::from(b'a' + u8::try_from(index % 26).expect("a letter"));
        writeln!(text, "{letter} {style:?}").expect("a line");
    }
    text
}

#[test]
fn states_have_their_colours() {
    let mut scene = Scene::full();
    let buffer = scene.buffer(120, 14);
    let area = Rect::new(0, 1, 30, 12);
    insta::assert_snapshot!("queue-styles", styles(&buffer, area));
    scene.keys("F");
    scene.text("crg");
    let buffer = scene.buffer(100, 24);
    let area = Rect::new(8, 4, 84, 8);
    insta::assert_snapshot!("find-styles", styles(&buffer, area));
}

#[test]
fn the_tree_shows_what_depends_on_what() {
    let mut scene = Scene::empty();
    let entries = [
        entry("001", "scaffold", "codex", &[]),
        entry("002", "header", "codex", &[1]),
        entry("003", "body", "codex", &[2]),
        entry("004", "codec", "claude", &[1]),
        entry("005", "both", "codex", &[3, 4]),
        entry("006", "alone", "codex", &[]),
        entry("007", "round", "codex", &[8]),
        entry("008", "and round", "codex", &[7]),
    ];
    scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    scene.keys("w");
    insta::assert_snapshot!("queue-tree", scene.frame(80, 14));
    scene.keys("/");
    scene.text("!header");
    insta::assert_snapshot!("queue-tree-filtered", scene.frame(80, 14));
    scene.keys("Esc w");
    assert!(!scene.frame(80, 14).contains("by dependency"));
}

#[test]
fn filters_look_at_one_thing_or_at_all() {
    let mut scene = Scene::full();
    let shown = |scene: &mut Scene, filter: &str| {
        scene.keys("/");
        scene.text(filter);
        scene.keys("Enter");
        let queue = scene.model.queue.queue();
        let shown = scene.model.queue.shown();
        let entries = queue.entries().iter().zip(shown);
        let digits: Vec<_> = entries
            .filter(|(_, shown)| *shown)
            .map(|(entry, _)| entry.name.digits().to_owned())
            .collect();
        scene.keys("Esc");
        digits.join(" ")
    };
    for (filter, expected) in [
        ("state:done", "001 002"),
        ("state:failed", "006"),
        ("state:waiting", "004 008"),
        ("state:DONE !state:x", "001 002"),
        (
            "!state:done !state:broken agent:codex",
            "003 004 006 005 009",
        ),
        ("agent:user", "008"),
        ("reason:after", "005"),
        ("reason:clippy", "006"),
        ("number:00 title:the", "001 002 003 007 008"),
        ("label:parser state:running", "003"),
        ("label:nothing", ""),
        ("the !body", "001 002 007 008"),
        ("failed", "006"),
        ("state:", "001 002 003 004 006 005 007 008 009"),
        ("colour:red", ""),
    ] {
        let mut found: Vec<_> = expected.split_whitespace().collect();
        found.sort_unstable();
        let mut seen: Vec<String> = shown(&mut scene, filter)
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, found, "{filter}");
    }
}

#[test]
fn a_ticket_is_found_by_some_of_its_letters() {
    let mut scene = Scene::full();
    scene.keys("F");
    scene.text("pkcd");
    insta::assert_snapshot!("find", scene.frame(100, 24));
    scene.keys("Enter");
    assert_eq!(selected(&scene), "004");
    assert!(scene.frame(120, 40).contains("TICKET-004.1"));
    // What the filter hides is found, too.
    scene.keys("/");
    scene.text("header");
    scene.keys("Enter Ctrl-p");
    scene.text("bench failed");
    scene.keys("Enter");
    assert_eq!(selected(&scene), "006");
    assert_eq!(scene.model.queue.filter(), "");
    scene.keys("F");
    scene.text("zzzz");
    assert!(scene.frame(100, 24).contains("no ticket has these letters"));
    scene.keys("Enter");
    assert_eq!(selected(&scene), "006");
    scene.keys("F Down Down Enter");
    assert_eq!(selected(&scene), "003");
    scene.keys("F");
    scene.message(Message::Paste("law\nyer".into()));
    scene.keys("Esc");
    assert_eq!(selected(&scene), "003");
}

#[test]
fn marked_tickets_are_acted_on_together() {
    let mut scene = Scene::full();
    scene.keys("g g Space Space R");
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("2 tickets: TICKET-001, TICKET-002"),
        "{frame}"
    );
    scene.keys("n");
    assert_eq!(scene.asked(), []);
    assert_eq!(scene.model.queue.marked().len(), 2);
    scene.keys("> y");
    let skip = |digits| Command::Skip { ticket: id(digits) };
    assert_eq!(scene.asked(), [skip("001"), skip("002")]);
    assert_eq!(scene.model.queue.marked(), []);
    scene.keys("g g Space j Space S y");
    let tickets = vec![id("001"), id("003")];
    assert_eq!(scene.asked(), [Command::StartSome { tickets }]);
    // Esc takes the marks away before anything else; `*` marks what is shown.
    scene.keys("/");
    scene.text("state:done");
    scene.keys("Enter * Esc");
    assert_eq!(scene.model.queue.filter(), "state:done");
    assert_eq!(scene.model.queue.marked(), []);
    scene.keys("* < y");
    let unskip = |digits| Command::Unskip { ticket: id(digits) };
    assert_eq!(scene.asked(), [unskip("001"), unskip("002")]);
    scene.keys("* * x");
    assert_eq!(scene.asked(), []);
    scene.keys("Esc g g <");
    assert_eq!(scene.asked(), [unskip("001")]);
}

#[test]
fn tickets_are_moved_in_the_run_order() {
    let mut on_disk = OnDisk::new(&[("010", ""), ("020", ""), ("030", ""), ("040", "")]);
    on_disk.keys("G Alt-Home");
    assert_eq!(on_disk.order(), "040 010 020 030");
    assert_eq!(selected(&on_disk.scene), "040");
    on_disk.keys("J");
    assert_eq!(on_disk.order(), "010 040 020 030");
    on_disk.keys("K");
    assert_eq!(on_disk.order(), "040 010 020 030");
    on_disk.keys("K");
    let frame = on_disk.scene.frame(100, 24);
    assert!(frame.contains("it can't go further there"), "{frame}");
    on_disk.keys("Alt-End");
    assert_eq!(on_disk.order(), "010 020 030 040");
    // Marked ones go together.
    on_disk.keys("g g Space Space Alt-End Esc");
    assert_eq!(on_disk.order(), "030 040 010 020");
}

#[test]
fn files_of_other_tickets_change_only_after_a_yes() {
    let names: Vec<String> = (1..=9).map(|number| format!("{number}00")).collect();
    let tickets: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let mut on_disk = OnDisk::new(&tickets);
    on_disk.keys("j j j K");
    assert_eq!(on_disk.order(), "100 200 300 400 500 600 700 800 900");
    insta::assert_snapshot!("move-many", on_disk.scene.frame(100, 24));
    on_disk.keys("n K y");
    assert_eq!(on_disk.order(), "100 200 400 300 500 600 700 800 900");
    // Now there is room: nobody else is touched.
    on_disk.keys("j j K");
    assert_eq!(on_disk.order(), "100 200 400 500 300 600 700 800 900");
}

#[test]
fn moves_that_come_quickly_are_all_done() {
    let mut on_disk = OnDisk::new(&[
        ("010", "priority: 40\n"),
        ("020", "priority: 30\n"),
        ("030", "priority: 20\n"),
        ("040", "priority: 10\n"),
    ]);
    on_disk.scene.keys("G K K K");
    for _ in 0..3 {
        on_disk.read();
    }
    assert_eq!(on_disk.order(), "040 010 020 030");
    on_disk.keys("J");
    assert_eq!(on_disk.order(), "010 040 020 030");
}

#[test]
fn a_move_that_can_not_be_says_why() {
    let mut on_disk = OnDisk::new(&[("010", ""), ("020", "depends_on: [10]\n"), ("030", "")]);
    on_disk.keys("j K");
    let frame = on_disk.scene.frame(120, 24);
    assert!(
        frame.contains("TICKET-020 depends on TICKET-010"),
        "{frame}"
    );
    let mut scene = Scene::full();
    scene.keys("K");
    let frame = scene.frame(120, 24);
    assert!(
        frame.contains("TICKET-003 can't be moved: it has begun"),
        "{frame}"
    );
    let mut gone = OnDisk::new(&[("010", ""), ("020", "")]);
    let path = gone.scene.folder.path().join("tickets/TICKET-020.md");
    std::fs::write(&path, "changed").expect("a file");
    gone.scene.keys("G K");
    let frame = gone.scene.frame(120, 24);
    assert!(frame.contains("changed in the meantime"), "{frame}");
    assert_eq!(std::fs::read_to_string(path).expect("a file"), "changed");
}

#[test]
fn a_new_ticket_is_written_from_a_template() {
    let mut on_disk = OnDisk::new(&[("010", "")]);
    on_disk.scene.keys("+ Enter");
    let frame = on_disk.scene.frame(100, 24);
    assert!(frame.contains("a ticket needs a title"), "{frame}");
    on_disk.scene.text("Stream the body");
    on_disk.scene.keys("Down");
    insta::assert_snapshot!("new-ticket", on_disk.scene.frame(100, 24));
    on_disk.scene.keys("Enter");
    assert_eq!(on_disk.scene.model.page, None);
    on_disk.read();
    assert_eq!(selected(&on_disk.scene), "020");
    assert_eq!(on_disk.scene.model.page, Some(Page::Editor));
    let path = "tickets/TICKET-020-stream-the-body.md";
    let text = std::fs::read_to_string(on_disk.scene.folder.path().join(path)).expect("a ticket");
    assert!(text.contains("agent: shell"), "{text}");
    assert!(text.contains("title: Stream the body"), "{text}");
    on_disk.scene.keys("Esc + Esc");
    on_disk.read();
    assert_eq!(on_disk.order(), "010 020");
}

#[test]
fn long_lists_say_where_they_are() {
    let mut scene = Scene::empty();
    let entries = (1..=200u64).map(|number| entry(&format!("{number:03}"), "t", "codex", &[]));
    scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    assert!(scene.frame(80, 24).contains(" 1/200 "));
    scene.keys("G");
    let buffer = scene.buffer(80, 24);
    let text = text_of(&buffer);
    assert!(text.contains(" 200/200 "), "{text}");
    let thumb: Vec<_> = (0..24)
        .filter(|y| buffer[(31, *y)].symbol() == "┃")
        .collect();
    assert_eq!(thumb, [20, 21]);
}

#[test]
fn nothing_of_the_queue_grows_with_it() {
    use crate::domain::event::Event;
    let mut scene = Scene::empty();
    let digits = |number: u64| format!("{number:05}");
    let entries: Vec<_> = (1..=10_000u64)
        .map(|number| entry(&digits(number), "one of many", "codex", &[]))
        .collect();
    scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    scene.event(
        ago(60),
        Event::RunStarted {
            jobs: 2,
            branch: None,
            base: None,
            version: "0".into(),
        },
    );
    for number in 1..=2_000u64 {
        let ticket = id(&digits(number));
        crate::ui::update::update(
            &mut scene.model,
            Message::Feed(Feed::Event(Arc::new(crate::domain::event::Envelope {
                seq: crate::domain::ids::Sequence(number + 10),
                at: ago(50),
                run: crate::domain::ids::RunId(12),
                event: Event::StepSkipped { ticket },
            }))),
        );
    }
    scene.size = Size::new(120, 40);
    // Each of these looks at all tickets; if it looked at all for each, this would take minutes.
    scene.keys("! w w *");
    scene.keys("/");
    scene.text("state:ready 9999");
    scene.keys("Enter F");
    scene.text("08888");
    scene.keys("Enter");
    assert_eq!(selected(&scene), "08888");
    assert_eq!(scene.effects, Vec::<Effect>::new());
}

#[test]
fn the_beginning_of_a_large_queue_is_shown_while_the_rest_is_read() {
    let mut scene = Scene::empty();
    let entries = [
        entry("001", "first", "codex", &[]),
        entry("002", "second", "codex", &[900]),
    ];
    let queue = Arc::new(Queue::new(entries.clone()));
    scene.feed(Feed::Beginning { queue, of: 1000 });
    scene.keys("j Space");
    let frame = scene.frame(120, 12);
    assert!(frame.contains("reading 2/1000"), "{frame}");
    assert!(frame.contains("002 second"), "{frame}");
    // Nothing is said of what can't be known yet, and nothing is moved.
    assert!(
        !frame.contains("exist") && !frame.contains("0/2 done"),
        "{frame}"
    );
    scene.keys("K");
    assert!(scene.frame(120, 12).contains("still being read"));
    let whole = entries
        .into_iter()
        .chain([entry("900", "last", "codex", &[])]);
    scene.feed(Feed::Queue(Arc::new(Queue::new(whole))));
    let frame = scene.frame(120, 12);
    assert!(
        frame.contains("0/3 done") && !frame.contains("reading"),
        "{frame}"
    );
    assert_eq!(scene.model.queue.marked().len(), 1);
}

/// A queue of some of twelve tickets.
fn some_queue() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let all: Vec<u64> = (1..=12).collect();
    let some = proptest::sample::subsequence(all, 0..=12);
    some.prop_flat_map(|numbers| {
        let count = numbers.len();
        let needs = proptest::collection::vec(0u64..=12, count);
        (Just(numbers), needs).prop_map(|(numbers, needs)| numbers.into_iter().zip(needs).collect())
    })
}

fn queue_of(tickets: &[(u64, u64)]) -> Queue {
    Queue::new(tickets.iter().map(|(number, needs)| {
        let needs = if *needs == 0 {
            Vec::new()
        } else {
            vec![*needs]
        };
        entry(&format!("{number:03}"), "t", "codex", &needs)
    }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn selection_and_marks_survive_any_change(
        before in some_queue(),
        after in some_queue(),
        keys in proptest::collection::vec(0usize..5, 0..12),
    ) {
        let mut scene = Scene::empty();
        scene.feed(Feed::Queue(Arc::new(queue_of(&before))));
        for key in keys {
            scene.keys(["j", "Space", "k", "w", "G"][key]);
        }
        let marked = |scene: &Scene| -> Vec<TicketId> {
            let mut marked: Vec<_> = scene.model.queue.marked().into_iter().map(|(id, _)| id).collect();
            marked.sort();
            marked
        };
        let (was_selected, was_marked) = (scene.model.queue.selected().cloned(), marked(&scene));
        let queue = queue_of(&after);
        let is_there = |ticket: &TicketId| queue.by_id(ticket).is_some();
        let kept: Vec<_> = was_marked.into_iter().filter(is_there).collect();
        let stays = was_selected.filter(is_there);
        let is_empty = after.is_empty();
        scene.feed(Feed::Queue(Arc::new(queue.clone())));
        prop_assert_eq!(marked(&scene), kept);
        let selected = scene.model.queue.selected().cloned();
        if stays.is_some() {
            prop_assert_eq!(selected, stays);
        } else {
            // Something is selected as long as there is something.
            prop_assert_eq!(selected.is_none(), is_empty);
        }
        prop_assert_eq!(scene.model.queue.entry().map(|entry| &entry.id), scene.model.queue.selected());
        scene.frame(60, 10);
    }
}

#[test]
fn a_filter_follows_every_state() {
    let mut scene = Scene::full();
    scene.keys("/");
    scene.text("state:waiting");
    scene.keys("Enter");
    assert!(!scene.frame(120, 40).contains(" 003 "));
    scene.event(
        ago(5),
        Event::GateReached {
            attempt: attempt("003"),
            need: Need::Review {
                reasons: Vec::new(),
            },
        },
    );
    assert!(scene.frame(120, 40).contains(" 003 "));
    scene.event(
        ago(4),
        Event::TurnStarted {
            attempt: attempt("003"),
            turn: 2,
            prompt: artifact("prompt.md"),
        },
    );
    assert!(!scene.frame(120, 40).contains(" 003 "));
}
