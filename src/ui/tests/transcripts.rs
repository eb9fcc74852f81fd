//! The transcript pane: follows, yields, slides over files of any length.

use std::fmt::Write as _;

use super::scene::{Scene, attempt, item, write_transcript};
use crate::domain::board::Feed;
use crate::domain::item::Item;

fn line(id: u64) -> String {
    let notice = Item::Notice {
        text: format!("line {id} {}", "x".repeat(20)),
    };
    serde_json::to_string(&item(id, 1, notice)).expect("an entry") + "\n"
}

fn lines(ids: std::ops::Range<u64>) -> String {
    ids.map(line).collect()
}

/// The first and the last line that are shown, and how many.
fn shown(scene: &mut Scene) -> (u64, u64, usize) {
    let frame = scene.frame(80, 24);
    let numbers: Vec<u64> = frame
        .lines()
        .filter_map(|line| line.split_once("line ")?.1.split(' ').next()?.parse().ok())
        .collect();
    let first = *numbers
        .first()
        .unwrap_or_else(|| panic!("no line:\n{frame}"));
    (first, *numbers.last().expect("a line"), numbers.len())
}

fn scene_with(text: &str) -> Scene {
    let mut scene = Scene::full();
    scene.frame(80, 24);
    write_transcript(scene.folder.path(), "003", text);
    // Another ticket and back: the file is read anew.
    scene.keys("k j 2");
    scene
}

fn grow(scene: &mut Scene, text: &str) {
    let bytes = write_transcript(scene.folder.path(), "003", text);
    scene.feed(Feed::Advanced {
        attempt: attempt("003"),
        bytes,
    });
}

#[test]
fn the_end_is_followed_and_the_view_jumps_by_half_a_page() {
    let mut scene = scene_with(&lines(0..100));
    assert_eq!(shown(&mut scene), (80, 99, 20));
    let mut text = lines(0..100);
    let mut tops = Vec::new();
    for id in 100..140 {
        write!(text, "{}", line(id)).expect("a line");
        grow(&mut scene, &text);
        let (first, last, _) = shown(&mut scene);
        assert_eq!(last, id, "the newest line is always shown");
        tops.push(first);
    }
    tops.dedup();
    assert!(tops.len() <= 5, "the view moved for every line: {tops:?}");
}

#[test]
fn scrolling_back_stops_following_and_the_end_resumes_it() {
    let mut scene = scene_with(&lines(0..100));
    scene.keys("PageUp");
    let before = shown(&mut scene);
    grow(&mut scene, &lines(0..120));
    assert_eq!(shown(&mut scene), before);
    assert!(scene.frame(80, 24).contains("End follows"));
    scene.keys("End");
    assert_eq!(shown(&mut scene).1, 119);
    scene.keys("g g");
    assert_eq!(shown(&mut scene).0, 0);
    for _ in 0..20 {
        scene.keys("PageDown");
    }
    assert_eq!(shown(&mut scene).1, 119);
    assert!(!scene.frame(80, 24).contains("End follows"));
}

#[test]
fn a_long_transcript_is_read_as_far_as_it_is_looked_at() {
    let text = lines(0..60_000);
    assert!(text.len() > 5_000_000);
    let mut scene = scene_with(&text);
    assert_eq!(shown(&mut scene).1, 59_999);
    let mut last = 59_999;
    for _ in 0..400 {
        scene.keys("PageUp");
        let (first, end, count) = shown(&mut scene);
        assert!(end <= last && count >= 18, "{first} {end} {count}");
        last = end;
    }
    assert!(last < 53_000, "{last}");
    scene.keys("g g");
    assert_eq!(shown(&mut scene).0, 0);
    for _ in 0..300 {
        scene.keys("PageDown");
    }
    let (first, _, count) = shown(&mut scene);
    assert!(first > 5_000 && count >= 18, "{first} {count}");
    scene.keys("G");
    assert_eq!(shown(&mut scene).1, 59_999);
}

#[test]
fn nothing_is_skipped_or_doubled_on_the_way() {
    let mut scene = scene_with(&lines(0..8_000));
    scene.keys("g g");
    // The first page begins with the line that tells the turn.
    let mut expected = 0;
    for page in 0..350 {
        let (first, _, count) = shown(&mut scene);
        assert_eq!(first, expected);
        assert!(count >= 18, "{first} {count}");
        scene.keys("PageDown");
        expected += if page == 0 { 18 } else { 19 };
    }
}

#[test]
fn details_are_folded_until_they_are_wanted() {
    let mut scene = Scene::full();
    scene.keys("2 z");
    let folded = scene.frame(100, 60);
    assert!(
        folded.contains("(14 lines above, `v` shows them)"),
        "{folded}"
    );
    assert!(!folded.contains("case_3 "), "{folded}");
    scene.keys("v");
    let unfolded = scene.frame(100, 60);
    assert!(unfolded.contains("case_3 "), "{unfolded}");
    assert!(unfolded.contains("That must change."), "{unfolded}");
}

#[test]
fn a_new_line_costs_at_most_three_times_its_text_on_the_wire() {
    use ratatui::layout::{Rect, Size};
    use ratatui::{Terminal, TerminalOptions, Viewport};

    use crate::ui::screen::Screen;
    use crate::ui::view;

    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut scene = scene_with(&lines(0..100));
        scene.size = Size::new(width, height);
        let wire = super::scene::Wire::default();
        let options = TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, width, height)),
        };
        let screen = Screen::new(wire.clone(), true);
        let mut terminal = Terminal::with_options(screen, options).expect("a terminal");
        let mut text = lines(0..100);
        let mut told = 0;
        let mut first = 0;
        for id in 100..300u64 {
            let words = format!("{id} compiling crate number {} of the workspace", id * 7919);
            told += words.len();
            let notice = Item::Notice { text: words };
            let line = serde_json::to_string(&item(id, 1, notice)).expect("an entry");
            writeln!(text, "{line}").expect("a line");
            grow(&mut scene, &text);
            terminal
                .draw(|frame| view::draw(&scene.model, frame))
                .expect("a frame");
            if id == 100 {
                first = wire.len();
                told = 0;
            }
        }
        let sent = wire.len() - first;
        assert!(
            sent <= 3 * told,
            "{width}x{height}: {sent} bytes for {told} bytes of text"
        );
    }
}
