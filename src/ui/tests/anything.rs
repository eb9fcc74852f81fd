//! Whatever was pressed, whatever came: it draws at any size.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::scene::{Scene, attempt, event_of};
use crate::domain::board::Feed;
use crate::ui::effect::TerminalId;
use crate::ui::terminals::TerminalEvent;
use crate::ui::update::{Message, Signal};

const KEYS: &[&str] = &[
    ".",
    "Shift-Right",
    "7",
    "r",
    "j",
    "k",
    "g",
    "G",
    "PageUp",
    "PageDown",
    "1",
    "2",
    "3",
    "t",
    "Ctrl-]",
    "D",
    "Tab",
    "Shift-Tab",
    "z",
    "v",
    "Enter",
    "Esc",
    "/",
    "?",
    "q",
    "y",
    "n",
    "x",
    "r",
    "N",
    "a",
    "!",
    "d",
    "Ctrl-o",
    "Ctrl-t",
    "H",
    "Left",
    "Right",
    "Ctrl-c",
    "Ctrl-l",
    "p",
    "s",
    "m",
    "Space",
    "Backspace",
    "Alt-Enter",
    "Shift-PageUp",
    ":",
    "Ctrl-w",
    ">",
    "<",
    "+",
    "-",
    "=",
    "c",
    "o",
    "l",
    "Down",
    "e",
    "M",
    "E",
    "Ctrl-s",
    "Ctrl-f",
    "Ctrl-g",
    "Ctrl-n",
    "Ctrl-o",
    "Ctrl-x",
    "Ctrl-v",
    "Ctrl-z",
    "Ctrl-y",
    "Alt-a",
    "Alt-n",
    "Shift-Down",
    "Shift-Left",
    "o",
    "V",
    "X",
    "c",
    "O",
    "E",
    "]",
    "[",
    "h",
    "R",
    "i",
    "A",
    "T",
    "o",
    "Alt-m",
    "Alt-e",
    "w",
    "*",
    "K",
    "J",
    "Alt-Home",
    "Alt-End",
    "F",
    "+",
    "<",
    ">",
    "Ctrl-n",
    "J",
    "K",
    "O",
    "[",
    "]",
    "e",
    "o",
    "C",
    "4",
    "+",
    "-",
    "c",
    "h",
    "l",
    "[",
    "]",
    "Ctrl-]",
    "|",
    "-",
    ",",
    "Ctrl-]",
    "x",
    "w",
    "8",
    "Ctrl-]",
    "i",
    "[",
    "$",
    "b",
    "f",
    "%",
    "V",
    "Y",
    "H",
    "{",
    "0",
    "7",
    "Ctrl-u",
];

const MOUSE: [MouseEventKind; 5] = [
    MouseEventKind::Down(MouseButton::Left),
    MouseEventKind::Drag(MouseButton::Left),
    MouseEventKind::Up(MouseButton::Left),
    MouseEventKind::ScrollDown,
    MouseEventKind::Down(MouseButton::Right),
];

#[derive(Debug, Clone)]
enum Step {
    Key(usize),
    Paste(String),
    Output(Vec<u8>),
    Advanced,
    Size(u16, u16),
    Terminate,
    Mouse(u8, u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..KEYS.len()).prop_map(Step::Key),
        1 => "\\PC{0,20}".prop_map(Step::Paste),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Step::Output),
        1 => Just(Step::Advanced),
        4 => (0u16..=300, 0u16..=100).prop_map(|(width, height)| Step::Size(width, height)),
        2 => (0u16..=12, 0u16..=8).prop_map(|(width, height)| Step::Size(width, height)),
        1 => Just(Step::Terminate),
        2 => (0u8..5, 0u16..310, 0u16..110).prop_map(|(kind, column, row)| Step::Mouse(kind, column, row)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_state_draws_at_any_size(steps in proptest::collection::vec(step(), 1..40)) {
        let mut scene = Scene::full();
        let tickets = scene.folder.path().join("tickets");
        std::fs::create_dir_all(&tickets).expect("a folder");
        let text = "---\nagent: codex\ndone: no\n---\n\u{202e}\t\u{1b}[31m 漢字 e\u{301}\u{300}\r\nmixed\n";
        std::fs::write(tickets.join("TICKET-003.md"), text).expect("a ticket");
        for step in steps {
            match step {
                Step::Key(index) => scene.message(Message::Key(event_of(KEYS[index]))),
                Step::Paste(text) => scene.message(Message::Paste(text)),
                Step::Output(bytes) => {
                    let event = TerminalEvent::Output(bytes);
                    scene.message(Message::Terminal(TerminalId(1), event));
                    scene.model.terminal.parse(std::time::Duration::MAX, std::time::Duration::MAX, &|| std::time::Duration::ZERO);
                }
                Step::Advanced => scene.feed(Feed::Advanced {
                    attempt: attempt("003"),
                    bytes: 1 << 30,
                }),
                Step::Size(width, height) => drop(scene.buffer(width, height)),
                Step::Mouse(kind, column, row) => scene.message(Message::Mouse(MouseEvent {
                    kind: MOUSE[usize::from(kind)],
                    column,
                    row,
                    modifiers: KeyModifiers::NONE,
                })),
                Step::Terminate => scene.message(Message::Signal(Signal::Terminate)),
            }
        }
        scene.buffer(80, 24);
    }
}
