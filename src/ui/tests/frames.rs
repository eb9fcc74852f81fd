//! What is on the screen, at the sizes that people have.

use super::scene::{Scene, look, text_of};

#[test]
fn the_whole_screen_at_the_sizes_that_people_have() {
    let mut scene = Scene::full();
    for (width, height) in [(120, 40), (80, 24), (40, 12), (300, 100), (20, 5), (1, 1)] {
        insta::assert_snapshot!(format!("{width}x{height}"), scene.frame(width, height));
    }
}

#[test]
fn small_screens_show_one_pane_at_a_time() {
    let mut scene = Scene::full();
    scene.frame(40, 12);
    scene.keys("2");
    insta::assert_snapshot!("40x12-transcript", scene.frame(40, 12));
    scene.keys("3");
    insta::assert_snapshot!("40x12-evidence", scene.frame(40, 12));
}

#[test]
fn popups_lie_over_the_panes() {
    let mut scene = Scene::full();
    scene.keys("?");
    insta::assert_snapshot!("help", scene.frame(80, 24));
    scene.keys("Esc q");
    insta::assert_snapshot!("confirm", scene.frame(60, 16));
    scene.keys("n r");
    scene.text("yes, with zlib");
    insta::assert_snapshot!("reply", scene.frame(60, 16));
}

#[test]
fn a_diff_is_shown_with_two_keys() {
    let mut scene = Scene::full();
    scene.keys("d z");
    insta::assert_snapshot!("diff", scene.frame(80, 24));
}

#[test]
fn a_terminal_shares_the_middle() {
    let mut scene = Scene::full();
    scene.keys("t");
    let id = crate::ui::effect::TerminalId(1);
    let output =
        crate::ui::terminals::TerminalEvent::Output(b"$ \x1b[1mls\x1b[0m\r\nsrc\r\n".to_vec());
    scene.message(crate::ui::update::Message::Terminal(id, output));
    scene
        .model
        .terminal
        .parse(std::time::Duration::MAX, std::time::Duration::MAX, &|| {
            std::time::Duration::ZERO
        });
    insta::assert_snapshot!("terminal", scene.frame(120, 30));
}

#[test]
fn ascii_is_ascii() {
    let mut scene = Scene::full_with(look(true));
    let frame = text_of(&scene.buffer(120, 40));
    let odd: String = frame
        .lines()
        .filter(|line| !line.contains("009"))
        .flat_map(str::chars)
        .filter(|c| !c.is_ascii())
        .collect();
    assert_eq!(odd, "", "{frame}");
}

#[test]
fn nothing_hostile_reaches_a_cell() {
    let mut scene = Scene::full();
    scene.keys("2 z v");
    let frame = scene.frame(120, 60);
    assert!(
        frame.contains("stream [31merror (it tries again)"),
        "{frame}"
    );
    let hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!frame.contains(hostile), "{frame}");
}

#[test]
fn ten_thousand_tickets_cost_a_screenful() {
    use std::sync::Arc;

    use super::scene::entry;
    use crate::domain::board::Feed;
    use crate::domain::queue::Queue;

    let mut scene = Scene::empty();
    let entries: Vec<_> = (0..10_000u64)
        .map(|number| {
            let needs = if number % 7 == 0 && number > 0 {
                vec![number - 1]
            } else {
                Vec::new()
            };
            entry(&format!("{number:05}"), "one of many", "codex", &needs)
        })
        .collect();
    scene.feed(Feed::Queue(Arc::new(Queue::new(entries))));
    scene.keys("G");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("09999 one of many"), "{frame}");
    scene.keys("/");
    scene.text("0777");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("07771 one of many"), "{frame}");
    assert!(!frame.contains("09999"), "{frame}");
}
