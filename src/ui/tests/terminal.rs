//! The terminal pane as people live in it: tabs, splits, the chord, names, sizes, pastes, the mouse, the next start, the end.

use std::fs;
use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::scene::{Scene, id};
use crate::ui::effect::{Effect, Loaded, TerminalId, WhyLook};
use crate::ui::keymap::Keymap;
use crate::ui::layout::Pane;
use crate::ui::session::UiEnd;
use crate::ui::terminals::{Foreground, ProgramEnd, TerminalEvent};
use crate::ui::update::{Message, Signal};

/// Everything that was opened, in order: the terminal's number and its folder below the scene's.
fn opened(scene: &Scene) -> Vec<(u32, String)> {
    let root = scene.folder.path();
    let opened = scene.effects.iter().filter_map(|effect| match effect {
        Effect::OpenTerminal { terminal, request } => {
            let folder = request.folder.strip_prefix(root).expect("below it");
            Some((terminal.0, folder.display().to_string()))
        }
        _ => None,
    });
    opened.collect()
}

/// What was typed into a terminal since the effects were looked at.
fn typed(scene: &mut Scene, terminal: u32) -> String {
    let mut typed = Vec::new();
    for effect in std::mem::take(&mut scene.effects) {
        match effect {
            Effect::Type {
                terminal: TerminalId(found),
                bytes,
            } if found == terminal => typed.extend(bytes),
            _ => {}
        }
    }
    String::from_utf8(typed).expect("text")
}

fn writes(scene: &mut Scene, terminal: u32, bytes: &str) {
    let event = TerminalEvent::Output(bytes.as_bytes().to_vec());
    scene.message(Message::Terminal(TerminalId(terminal), event));
    let effects = scene
        .model
        .terminal
        .parse(Duration::ZERO, Duration::MAX, &|| Duration::ZERO);
    scene.effects.extend(effects);
}

fn ends(scene: &mut Scene, terminal: u32, how: &str) {
    let event = TerminalEvent::Ended(ProgramEnd::well(how));
    scene.message(Message::Terminal(TerminalId(terminal), event));
}

/// What runs in front is found out.
fn found(scene: &mut Scene, why: WhyLook, found: &[(u32, Option<Foreground>)]) {
    let found = found.iter();
    let found = found.map(|(id, foreground)| (TerminalId(*id), foreground.clone()));
    let found = found.collect();
    scene.message(Message::Loaded(Loaded::Foreground { why, found }));
}

fn vim() -> Foreground {
    Foreground::Other(Some("vim".into()))
}

fn last_line(scene: &mut Scene) -> String {
    let frame = scene.frame(120, 40);
    frame.lines().last().unwrap_or_default().trim().to_owned()
}

fn pointer(kind: MouseEventKind, column: u16, row: u16) -> Message {
    Message::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })
}

fn click(scene: &mut Scene, column: u16, row: u16) {
    let button = MouseButton::Left;
    scene.message(pointer(MouseEventKind::Down(button), column, row));
    scene.message(pointer(MouseEventKind::Up(button), column, row));
}

/// Where a text stands on the screen.
fn place_of(scene: &mut Scene, text: &str) -> (u16, u16) {
    let frame = scene.frame(120, 40);
    let (row, line) = frame
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(text))
        .expect("it is shown");
    let before = line.split(text).next().unwrap_or_default();
    (crate::ui::text::width(before) as u16, row as u16)
}

#[test]
fn shells_open_where_the_ticket_is() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.keys("Ctrl-] r Ctrl-] e Ctrl-] w Ctrl-] c");
    let evidence = "evidence/r12/TICKET-003/1".to_owned();
    let worktree = "worktrees/003".to_owned();
    assert_eq!(
        opened(&scene),
        [
            (1, worktree.clone()),
            (2, String::new()),
            (3, evidence),
            (4, worktree.clone()),
            (5, worktree),
        ]
    );
    // A finished ticket has no worktree any more; `t` shows the shell that is open in the repository.
    scene.keys("Ctrl-] d");
    scene.model.queue.select_ticket(&id("001"));
    scene.effects.clear();
    scene
        .model
        .board
        .tickets
        .get_mut(&id("001"))
        .expect("known")
        .workspace = None;
    scene.keys("t");
    assert_eq!(opened(&scene), []);
    assert!(scene.frame(120, 40).contains("2 repository*"));
    scene.keys("Ctrl-] w");
    assert_eq!(last_line(&mut scene), "TICKET-001 has no worktree now");
    scene.keys("Ctrl-] e");
    assert_eq!(
        opened(&scene),
        [(6, "evidence/r12/TICKET-001/1".to_owned())]
    );
}

#[test]
fn tabs_and_splits_are_gone_through() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] r Ctrl-] | Ctrl-] |");
    assert!(scene.frame(120, 40).contains("2 repository 3/3*"));
    assert_eq!(typed(&mut scene, 0), "");
    scene.keys("a Ctrl-] Left b Ctrl-] Right c");
    let all = std::mem::take(&mut scene.effects);
    scene.effects = all.clone();
    assert_eq!(typed(&mut scene, 4), "ac");
    scene.effects = all;
    assert_eq!(typed(&mut scene, 3), "b");
    scene.keys("Ctrl-] n d");
    assert_eq!(typed(&mut scene, 1), "d");
    scene.keys("Ctrl-] p e Ctrl-] 1 f Ctrl-] 7");
    assert_eq!(last_line(&mut scene), "there is no tab 7");
    scene.keys("g");
    assert_eq!(typed(&mut scene, 1), "fg");
}

#[test]
fn no_more_than_eight_and_four_in_a_tab() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] - Ctrl-] - Ctrl-] - Ctrl-] -");
    assert_eq!(last_line(&mut scene), "a tab has room for 4 terminals");
    scene.keys("Ctrl-] c Ctrl-] c Ctrl-] c Ctrl-] c Ctrl-] c");
    assert!(last_line(&mut scene).starts_with("8 terminals are open: close one first"));
    assert_eq!(opened(&scene).len(), 8);
}

#[test]
fn the_chord_shows_what_follows_and_what_does_not_is_said() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.effects.clear();
    scene.keys("Ctrl-]");
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("1 … 8 Go to the tab of this number"),
        "{frame}"
    );
    insta::assert_snapshot!("terminal_chord_40", scene.frame(40, 12));
    scene.keys("Esc");
    assert!(last_line(&mut scene).starts_with("Ctrl-] and then"));
    scene.keys("Ctrl-] Q");
    assert_eq!(
        last_line(&mut scene),
        "Ctrl-] Q means nothing here; Ctrl-] ? shows what does"
    );
    assert_eq!(typed(&mut scene, 1), "");
    scene.keys("Ctrl-] i");
    assert_eq!(typed(&mut scene, 1), "\u{1d}");
    scene.keys("Ctrl-] :");
    scene.text("palette");
    assert_eq!(typed(&mut scene, 1), "");
    scene.keys("Esc Ctrl-] Tab");
    assert_ne!(scene.model.focus, Pane::Terminal);
}

#[test]
fn another_chord_is_shown_everywhere() {
    let mut scene = Scene::full();
    let (keymap, faults) = Keymap::read("[shell]\nchord = \"Ctrl-\\\\\"\n");
    assert_eq!(faults, []);
    scene.model.keymap = keymap;
    scene.keys("t");
    scene.effects.clear();
    scene.keys("Ctrl-]");
    assert_eq!(typed(&mut scene, 1), "\u{1d}");
    let frame = scene.frame(120, 40);
    assert!(!frame.contains("Ctrl-]"), "{frame}");
    assert_eq!(frame.matches("Ctrl-\\").count(), 3, "{frame}");
    scene.keys("Ctrl-\\ Ctrl-\\");
    assert_eq!(scene.model.focus, Pane::Queue);
}

#[test]
fn the_chord_is_always_on_the_screen() {
    let mut scene = Scene::full();
    scene.keys("t");
    for keys in ["", "Ctrl-] z", "Ctrl-] |"] {
        scene.keys(keys);
        for (width, height) in [(120, 40), (80, 24), (40, 12), (20, 6)] {
            let frame = scene.frame(width, height);
            assert!(frame.contains("Ctrl-]"), "{keys} {width}x{height}\n{frame}");
        }
        // Also while something is said in the last line.
        scene.keys("Ctrl-] Q");
        scene
            .model
            .say("something else", crate::ui::theme::Role::Notice);
        let frame = scene.frame(40, 12);
        assert!(frame.contains("Ctrl-]"), "{frame}");
    }
}

#[test]
fn tabs_have_names_marks_and_titles() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] r");
    scene.keys("Ctrl-] ,");
    scene.text("build");
    scene.keys("Enter");
    writes(&mut scene, 1, "\u{7}");
    writes(&mut scene, 2, "\u{1b}]0;make \u{202e}all\u{7}$ make\r\n");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("1 003 worktree! 2 build*"), "{frame}");
    insta::assert_snapshot!("terminal_tabs_120", frame);
    insta::assert_snapshot!("terminal_tabs_80", scene.frame(80, 24));
    insta::assert_snapshot!("terminal_tabs_40", scene.frame(40, 12));
    insta::assert_snapshot!("terminal_tabs_20", scene.frame(20, 6));
    // Whoever looks at it has heard it.
    scene.keys("Ctrl-] 1");
    assert!(scene.frame(120, 40).contains("1 003 worktree* 2 build"));
    ends(&mut scene, 2, "ended with exit code 3");
    assert!(scene.frame(120, 40).contains("2 build (ended)"));
    scene.keys("Ctrl-] 2");
    let frame = scene.frame(120, 40);
    assert!(
        frame.contains("ended with exit code 3: Enter closes, t opens another"),
        "{frame}"
    );
    // An empty name is no name.
    scene.keys("Ctrl-] , Ctrl-u Backspace Backspace Backspace Backspace Backspace Enter");
    assert!(scene.frame(120, 40).contains("2 repository*"));
    scene.effects.clear();
    scene.keys("r");
    assert_eq!(opened(&scene), [(3, String::new())]);
}

#[test]
fn a_split_tab_is_drawn_with_its_lines() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] | Ctrl-] z");
    writes(&mut scene, 1, "left");
    writes(&mut scene, 2, "right");
    insta::assert_snapshot!("terminal_beside_80", scene.frame(80, 24));
    insta::assert_snapshot!("terminal_beside_40", scene.frame(40, 12));
    scene.keys("Ctrl-] -");
    writes(&mut scene, 3, "third");
    insta::assert_snapshot!("terminal_below_80", scene.frame(80, 24));
    // Where there is no room for three, the one with the keys is shown.
    let frame = scene.frame(20, 6);
    assert!(
        frame.contains("third") && !frame.contains("left"),
        "{frame}"
    );
}

#[test]
fn a_click_selects_a_tab_and_a_program() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] r Ctrl-] |");
    scene.frame(120, 40);
    let (column, row) = place_of(&mut scene, "003 worktree");
    click(&mut scene, column, row);
    scene.effects.clear();
    scene.keys("a");
    assert_eq!(typed(&mut scene, 1), "a");
    let (column, row) = place_of(&mut scene, "2 repository");
    click(&mut scene, column, row);
    writes(&mut scene, 2, "here");
    let (column, row) = place_of(&mut scene, "here");
    scene.keys("Ctrl-] Ctrl-]");
    click(&mut scene, column, row);
    assert_eq!(scene.model.focus, Pane::Terminal);
    scene.effects.clear();
    scene.keys("b");
    assert_eq!(typed(&mut scene, 2), "b");
}

#[test]
fn the_wheel_looks_back_and_turns_pages() {
    let mut scene = Scene::full();
    scene.keys("t");
    let lines: Vec<String> = (0..90).map(|line| format!("line {line}\r\n")).collect();
    let lines = lines.concat();
    writes(&mut scene, 1, &lines);
    let (column, row) = place_of(&mut scene, "line 89");
    scene.message(pointer(MouseEventKind::ScrollUp, column, row));
    assert!(scene.frame(120, 40).contains("3 lines back"));
    scene.message(pointer(MouseEventKind::ScrollDown, column, row));
    assert!(!scene.frame(120, 40).contains("lines back"));
    scene.keys("Ctrl-] PageUp");
    assert!(scene.frame(120, 40).contains("lines back"));
    // Pages of a program that has no scrollback are turned by its arrows.
    writes(&mut scene, 1, "\u{1b}[?1049h\u{1b}[?1h");
    scene.effects.clear();
    scene.message(pointer(MouseEventKind::ScrollDown, column, row));
    assert_eq!(typed(&mut scene, 1), "\u{1b}OB\u{1b}OB\u{1b}OB");
}

#[test]
fn a_size_is_told_when_it_has_settled() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.effects.clear();
    scene.pace = Duration::from_millis(1);
    for width in 100..160 {
        scene.frame(width, 30);
        scene.message(Message::Nothing);
    }
    assert_eq!(scene.effects, []);
    let settles = scene.model.terminal.settles_in(scene.model.uptime);
    assert!(settles.is_some_and(|settles| settles <= Duration::from_millis(60)));
    scene.pace = Duration::from_millis(60);
    scene.message(Message::Nothing);
    scene.frame(159, 30);
    let sizes = scene.effects.len();
    assert_eq!(sizes, 1, "{:?}", scene.effects);
    assert_eq!(scene.model.terminal.settles_in(scene.model.uptime), None);
    // There and back is no other size.
    scene.effects.clear();
    scene.frame(90, 30);
    scene.frame(159, 30);
    scene.message(Message::Nothing);
    assert_eq!(scene.effects, []);
}

#[test]
fn lines_are_pasted_after_a_question() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.effects.clear();
    scene.message(Message::Paste("one line".into()));
    assert_eq!(typed(&mut scene, 1), "one line");
    let text = "cd /tmp\nmake\u{3}\n\n  rm -rf build\n5\n6\n7\n8\n";
    scene.message(Message::Paste(text.into()));
    insta::assert_snapshot!("terminal_paste_80", scene.frame(80, 24));
    scene.keys("n");
    assert_eq!(typed(&mut scene, 1), "");
    scene.message(Message::Paste(text.into()));
    scene.keys("y");
    assert_eq!(
        typed(&mut scene, 1),
        "cd /tmp\rmake\u{3}\r\r  rm -rf build\r5\r6\r7\r8\r"
    );
    scene.message(Message::Paste(text.into()));
    scene.keys("o");
    assert_eq!(typed(&mut scene, 1), "cd /tmp make    rm -rf build 5 6 7 8");
    // Most terminals end pasted lines with a carriage return, some with both.
    for text in ["ls\rrm x\r", "ls\r\nrm x\r\n"] {
        scene.message(Message::Paste(text.into()));
        let frame = scene.frame(80, 24);
        assert!(frame.contains("Paste 2 lines"), "{frame}");
        assert!(!frame.contains("^M"), "{frame}");
        scene.keys("o");
        assert_eq!(typed(&mut scene, 1), "ls rm x");
        scene.message(Message::Paste(text.into()));
        scene.keys("y");
        assert_eq!(typed(&mut scene, 1), "ls\rrm x\r");
    }
    // What marks pastes gets them as they are, unless they are very long.
    writes(&mut scene, 1, "\u{1b}[?2004h");
    scene.message(Message::Paste("a\nb".into()));
    assert_eq!(typed(&mut scene, 1), "\u{1b}[200~a\rb\u{1b}[201~");
    scene.message(Message::Paste("x".repeat((1 << 20) + 1)));
    assert!(scene.frame(80, 24).contains("Paste one line (1.0 MB)"));
    scene.keys("y");
    let pieces = scene.effects.len();
    assert!(pieces > 60, "{pieces}");
    assert_eq!(typed(&mut scene, 1).len(), (1 << 20) + 13);
}

#[test]
fn a_paste_is_not_confirmed_by_what_was_typed_before_it_was_seen() {
    let mut scene = Scene::full();
    scene.keys("t");
    scene.effects.clear();
    scene.message(Message::Paste("a\nb\n".into()));
    scene.pace = Duration::from_millis(100);
    scene.keys("y o");
    assert_eq!(typed(&mut scene, 1), "");
    assert!(scene.model.overlay.is_some());
}

#[test]
fn closing_asks_about_what_runs() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] r");
    scene.effects.clear();
    let why = WhyLook::Close(TerminalId(2));
    let look = Effect::LookAtTerminals {
        why,
        terminals: vec![TerminalId(2)],
    };
    scene.keys("Ctrl-] x");
    assert_eq!(scene.effects, [look]);
    found(&mut scene, why, &[(2, Some(vim()))]);
    let frame = scene.frame(80, 24);
    assert!(
        frame.contains("2 repository runs vim. Close it?"),
        "{frame}"
    );
    scene.keys("n");
    assert_eq!(scene.model.terminal.count(), 2);
    scene.effects.clear();
    scene.keys("Ctrl-] x");
    found(&mut scene, why, &[(2, Some(Foreground::Itself))]);
    assert_eq!(scene.model.terminal.count(), 1);
    assert!(
        scene
            .effects
            .contains(&Effect::CloseTerminal(TerminalId(2)))
    );
    assert_eq!(scene.model.focus, Pane::Terminal);
    scene.keys("Ctrl-] x");
    let why = WhyLook::Close(TerminalId(1));
    // Nobody can tell: then it is asked.
    found(&mut scene, why, &[(1, None)]);
    scene.keys("y");
    assert!(!scene.model.terminal.is_open());
    assert_eq!(scene.model.focus, Pane::Queue);
}

#[test]
fn leaving_asks_about_terminals_and_signals_do_not() {
    let mut scene = Scene::empty();
    scene.keys("t Ctrl-] c Ctrl-] d");
    let both = [(1, Some(vim())), (2, Some(Foreground::Itself))];
    for keys in ["q", "Ctrl-c"] {
        scene.effects.clear();
        scene.keys(keys);
        assert!(
            matches!(&scene.effects[..], [Effect::LookAtTerminals { terminals, .. }] if terminals.len() == 2)
        );
        found(&mut scene, WhyLook::Leave, &both);
        let frame = scene.frame(80, 24);
        assert!(frame.contains("1 repository runs vim"), "{frame}");
        scene.keys("n");
        assert!(scene.model.overlay.is_none());
    }
    insta::assert_snapshot!("terminal_leaving_40", {
        scene.keys("q");
        found(&mut scene, WhyLook::Leave, &both);
        scene.frame(40, 12)
    });
    scene.effects.clear();
    scene.keys("Ctrl-c");
    assert_eq!(scene.effects, [Effect::End(UiEnd::Quit)]);
    scene.keys("Esc");
    scene.effects.clear();
    scene.message(Message::Signal(Signal::Terminate));
    scene.message(Message::Signal(Signal::HangUp));
    let ends = [UiEnd::Terminated, UiEnd::HungUp].map(Effect::End);
    assert_eq!(scene.effects, ends);
    // Without a program that runs nothing is asked.
    ends_all(&mut scene);
    scene.effects.clear();
    scene.keys("q");
    assert_eq!(scene.effects, [Effect::End(UiEnd::Quit)]);
}

fn ends_all(scene: &mut Scene) {
    ends(scene, 1, "ended");
    ends(scene, 2, "ended");
}

#[test]
fn leaving_a_run_names_its_terminals_too() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] d");
    scene.asked();
    scene.keys("q");
    found(&mut scene, WhyLook::Leave, &[(1, Some(vim()))]);
    let frame = scene.frame(80, 24);
    assert!(frame.contains("A run is alive"), "{frame}");
    assert!(frame.contains("1 003 worktree runs vim"), "{frame}");
    scene.keys("y");
    assert_eq!(scene.asked().len(), 1);
    assert_eq!(scene.model.leaving, Some(UiEnd::Quit));
}

/// Another docket in the same folder.
fn next(scene: Scene) -> Scene {
    let mut next = Scene::empty();
    let folder = scene.folder.path().to_owned();
    next.model.repository_root.clone_from(&folder);
    next.model.evidence_root = folder.join("evidence");
    next.folder = scene.folder;
    next.frame(120, 40);
    next
}

#[test]
fn tabs_come_back_as_new_shells_when_they_are_seen() {
    let mut scene = Scene::full();
    fs::create_dir_all(scene.folder.path().join("worktrees/003")).expect("a worktree");
    scene.keys("t Ctrl-] r Ctrl-] - Ctrl-] , b x Enter Ctrl-] e");
    let file = scene.folder.path().join("terminals.toml");
    let text = fs::read_to_string(&file).expect("it is kept");
    insta::assert_snapshot!("terminal_kept", text);
    // What has ended does not come back.
    ends(&mut scene, 4, "ended");
    let mut scene = next(scene);
    assert!(!scene.model.terminal.is_open());
    assert_eq!(scene.effects, []);
    scene.keys("t");
    let frame = scene.frame(120, 40);
    assert!(frame.contains("1 003 worktree 2 bx 2/2*"), "{frame}");
    assert_eq!(opened(&scene), [(2, String::new()), (3, String::new())]);
    scene.keys("Ctrl-] 1 l s");
    assert_eq!(opened(&scene).last().map(|(id, _)| *id), Some(1));
    assert_eq!(typed(&mut scene, 1), "ls");
    // The same again, unchanged.
    assert_eq!(
        fs::read_to_string(&file)
            .expect("it is kept")
            .matches("[[tab]]")
            .count(),
        2
    );
}

#[test]
fn a_place_that_is_gone_is_left_out_and_said() {
    let mut scene = Scene::full();
    scene.keys("t Ctrl-] r");
    let file = scene.folder.path().join("terminals.toml");
    let mut scene = next(scene);
    assert_eq!(
        last_line(&mut scene),
        "not opened again, the place is gone: 003 worktree"
    );
    scene.keys("t");
    assert_eq!(opened(&scene), [(1, String::new())]);
    let text = fs::read_to_string(file).expect("it is kept");
    assert!(!text.contains("003"), "{text}");
}

#[test]
fn a_damaged_file_is_put_aside() {
    let scene = Scene::empty();
    let file = scene.folder.path().join("terminals.toml");
    for (number, text) in [(1, "version = 1\n[[tab"), (2, "version = 7\n")] {
        fs::write(&file, text).expect("written");
        let mut again = Scene::empty();
        again.model.repository_root = scene.folder.path().to_owned();
        again.model.evidence_root = scene.folder.path().join("evidence");
        again.frame(120, 40);
        assert!(last_line(&mut again).contains("can't be read"));
        let aside = file.with_extension(format!("damaged-{number}.toml"));
        assert_eq!(fs::read_to_string(aside).expect("it is there"), text);
        assert!(!file.exists());
        again.keys("t");
        assert!(file.exists());
    }
}

#[test]
fn who_looks_on_writes_nothing() {
    let mut scene = Scene::empty();
    // Read before it was known that another docket runs the queue: what is opened here stays here all the same.
    scene.model.viewer = true;
    scene.keys("t");
    assert_eq!(opened(&scene).len(), 1);
    assert!(!scene.folder.path().join("terminals.toml").exists());
}
