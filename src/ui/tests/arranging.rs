//! Where things are: layouts, sizes, hidden panes, the mouse; and text that must not move a border.

use std::sync::Arc;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;

use super::scene::{Scene, entry, id, item};
use crate::config::PaneLayout;
use crate::domain::board::Feed;
use crate::domain::item::Item;
use crate::domain::queue::Queue;
use crate::ui::layout::Pane;
use crate::ui::update::Message;

fn area(scene: &mut Scene, pane: Pane) -> (u16, u16) {
    scene.frame(120, 40);
    let area = scene.model.places().of(pane).unwrap_or_default();
    (area.width, area.height)
}

#[test]
fn panes_are_resized_hidden_and_laid_out_by_keys() {
    let mut scene = Scene::full();
    assert_eq!(area(&mut scene, Pane::Queue), (30, 38));
    scene.keys("Ctrl-w > Ctrl-w >");
    assert_eq!(area(&mut scene, Pane::Queue), (38, 38));
    scene.keys("2 Ctrl-w >");
    assert_eq!(area(&mut scene, Pane::Transcript), (56, 38));
    assert_eq!(area(&mut scene, Pane::Evidence), (26, 38));
    scene.keys("Ctrl-w +");
    assert!(scene.frame(120, 40).contains("there is no room for that"));
    scene.keys("Ctrl-w =");
    assert_eq!(area(&mut scene, Pane::Queue), (30, 38));
    // Hidden: the keys go to what is to be seen, Tab passes it by, its number brings it back.
    scene.keys("3 Ctrl-w c");
    assert_eq!(area(&mut scene, Pane::Evidence), (0, 0));
    assert_eq!(scene.model.focus, Pane::Queue);
    scene.keys("Tab Tab");
    assert_eq!(scene.model.focus, Pane::Queue);
    scene.keys("3");
    assert_eq!(area(&mut scene, Pane::Evidence), (30, 38));
    scene.keys("Ctrl-w o");
    assert_eq!(area(&mut scene, Pane::Evidence), (120, 38));
    scene.keys("Ctrl-w o 1");
    for layout in ["wide", "below", "columns", "standard"] {
        scene.keys("Ctrl-w l");
        let frame = scene.frame(120, 40);
        assert!(frame.contains(&format!("layout: {layout}")), "{frame}");
    }
    scene.keys("Ctrl-w l Ctrl-w l");
    insta::assert_snapshot!("layout-below", scene.frame(120, 40));
    scene.keys("Ctrl-w l");
    insta::assert_snapshot!("layout-columns", scene.frame(100, 30));
}

#[test]
fn the_only_pane_is_not_hidden() {
    let mut scene = Scene::full();
    scene.frame(40, 12);
    scene.keys("Ctrl-w c");
    assert!(scene.frame(60, 12).contains("this is the only pane"));
}

fn mouse(scene: &mut Scene, kind: MouseEventKind, column: u16, row: u16) {
    scene.message(Message::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    }));
}

#[test]
fn a_border_is_dragged_and_a_second_click_opens() {
    let mut scene = Scene::full();
    scene.frame(120, 40);
    mouse(&mut scene, MouseEventKind::Down(MouseButton::Left), 30, 20);
    for column in 31..=50 {
        mouse(
            &mut scene,
            MouseEventKind::Drag(MouseButton::Left),
            column,
            20,
        );
    }
    mouse(&mut scene, MouseEventKind::Up(MouseButton::Left), 50, 20);
    assert_eq!(area(&mut scene, Pane::Queue), (50, 38));
    mouse(&mut scene, MouseEventKind::Drag(MouseButton::Left), 20, 20);
    assert_eq!(area(&mut scene, Pane::Queue), (50, 38));
    // The first click selects, the second one opens.
    mouse(&mut scene, MouseEventKind::Down(MouseButton::Left), 5, 2);
    assert_eq!(scene.model.queue.selected(), Some(&id("001")));
    assert_eq!(scene.model.focus, Pane::Queue);
    mouse(&mut scene, MouseEventKind::Up(MouseButton::Left), 5, 2);
    mouse(&mut scene, MouseEventKind::Down(MouseButton::Left), 5, 2);
    assert_eq!(scene.model.focus, Pane::Transcript);
}

/// Texts that are hard on a grid of cells.
const HARD: &[&str] = &[
    "عنوان التذكرة لا إله",
    "כותרת בעברית עם ניקוד שָׁלוֹם",
    "mixed العربية and עברית 123",
    "\u{202e}overridden\u{202c}\u{2067}isolated\u{2069}",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦 family 👍\u{1f3fd}",
    "\u{2764}\u{fe0f} \u{2600}\u{fe0e} 1\u{fe0f}\u{20e3} 🇩🇪🇫🇷🇯",
    "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}a\u{307}\u{308}lgo",
    "漢字仮名交じり文한국어텍스트",
    "क्षत्रिय ไทยภาษา မြန်မာ",
    "\u{300}begins with a mark",
    "\u{200b}\u{feff}\u{ad}soft\u{ad}hyphen",
];

/// Each row takes exactly its columns, and nothing but borders stands where borders are.
fn holds(buffer: &Buffer, borders: &[u16]) {
    for row in buffer.area.rows() {
        let mut column = row.x;
        while column < row.right() {
            let symbol = buffer[(column, row.y)].symbol();
            let width = crate::ui::text::width(symbol);
            column += u16::try_from(width.max(1)).unwrap_or(1);
        }
        assert_eq!(column, row.right(), "row {}", row.y);
        if row.y > buffer.area.y && row.y + 1 < buffer.area.bottom() {
            for column in borders {
                let symbol = buffer[(*column, row.y)].symbol();
                assert!(
                    "│┌┐└┘├┤┬┴┼".contains(symbol),
                    "{symbol:?} at {column},{}",
                    row.y
                );
            }
        }
    }
}

#[test]
fn no_text_moves_a_border() {
    for hard in HARD {
        let mut scene = Scene::full();
        let long = format!("{hard} {hard} {hard}");
        scene.feed(Feed::Queue(Arc::new(Queue::new([
            entry("003", &long, "codex", &[]),
            entry("004", hard, "codex", &[3]),
        ]))));
        let message = item(1, 1, Item::Message { text: long.clone() });
        let call = item(
            2,
            1,
            Item::ToolResult {
                output: format!("{long}\n{hard}\n"),
                exit: Some(1),
            },
        );
        let lines: String = [message, call]
            .iter()
            .map(|entry| serde_json::to_string(entry).expect("an entry") + "\n")
            .collect();
        let bytes = super::scene::write_transcript(scene.folder.path(), "003", &lines);
        scene.feed(Feed::Advanced {
            attempt: super::scene::attempt("003"),
            bytes,
        });
        let odd = scene.folder.path().join("evidence/r12/TICKET-003/1");
        let name: String = hard.chars().filter(|c| *c != '/').collect();
        std::fs::write(odd.join(name), "x").expect("a file");
        scene.keys("v");
        holds(&scene.buffer(120, 40), &[0, 29, 30, 89, 90, 119]);
        holds(&scene.buffer(80, 24), &[0, 31, 32, 79]);
        holds(&scene.buffer(40, 12), &[0, 39]);
        scene.keys("r");
        scene.message(Message::Paste(long));
        scene.buffer(80, 24);
    }
}

#[test]
fn every_layout_draws_at_every_size() {
    for layout in [
        PaneLayout::Standard,
        PaneLayout::Wide,
        PaneLayout::Below,
        PaneLayout::Columns,
    ] {
        for focus in ["1", "2", "3", "t"] {
            let mut scene = Scene::full();
            scene.model.shape.layout = layout;
            scene.keys(focus);
            for (width, height) in [(40, 12), (64, 16), (80, 24), (120, 40), (400, 120)] {
                let frame = scene.frame(width, height);
                assert!(frame.contains("r12 running"), "{frame}");
            }
        }
    }
}
