//! Themes: they can be read, they tell states apart, they are tried on live, and a saved one is worn at once.

use std::fmt::Write as _;
use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use super::scene::{Scene, look};
use crate::ui::session::Look;
use crate::ui::theme::{ColorDepth, EMBEDDED, Role, Theme};
use crate::ui::update::Message;

const DEPTHS: [ColorDepth; 4] = [
    ColorDepth::None,
    ColorDepth::Palette16,
    ColorDepth::Palette256,
    ColorDepth::Truecolor,
];

/// What lies on the ground and is no word: borders need not be read.
const LINES: [Role; 2] = [Role::Border, Role::Base];

/// What may be quieter than other words.
const QUIET: &[Role] = &[
    Role::Dim,
    Role::Title,
    Role::Hint,
    Role::StateBlocked,
    Role::StateSkipped,
    Role::Reasoning,
    Role::ToolOutput,
];

fn theme(name: &str, depth: ColorDepth) -> Theme {
    Theme::load(name, None, depth).unwrap_or_else(|error| panic!("{error}"))
}

/// Relative luminance (WCAG 2.2).
fn luminance(color: Color) -> Option<f64> {
    let Color::Rgb(red, green, blue) = color else {
        return None;
    };
    let linear = |channel: u8| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    };
    Some(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue))
}

/// Contrast ratio (WCAG 2.2), from 1 to 21.
fn contrast(style: Style) -> Option<f64> {
    let (fg, bg) = (luminance(style.fg?)?, luminance(style.bg?)?);
    Some((fg.max(bg) + 0.05) / (fg.min(bg) + 0.05))
}

#[test]
fn there_are_at_least_eight_and_none_looks_like_another() {
    assert!(EMBEDDED.len() >= 8);
    for depth in [ColorDepth::Truecolor, ColorDepth::Palette256] {
        for (index, (left, _)) in EMBEDDED.iter().enumerate() {
            for (right, _) in &EMBEDDED[index + 1..] {
                let prints = [left, right].map(|name| theme(name, depth).fingerprint());
                assert_ne!(prints[0], prints[1], "{left} and {right} at {depth:?}");
            }
        }
    }
}

#[test]
fn every_word_has_contrast_on_its_ground() {
    let mut measured = 0;
    let mut wrong = String::new();
    for (name, _) in EMBEDDED {
        let theme = theme(name, ColorDepth::Truecolor);
        let base = theme.style(Role::Base);
        for role in Role::all().filter(|role| !LINES.contains(role)) {
            let own = theme.style(role);
            let mut grounds = vec![base.bg];
            if own.bg.is_some() {
                grounds = vec![own.bg];
            } else if role.to_string().starts_with("state_") {
                // In the header, and on a selected line.
                grounds.push(theme.style(Role::Header).bg);
            }
            for ground in grounds {
                let style = Style {
                    bg: ground,
                    ..base.patch(own)
                };
                let Some(ratio) = contrast(style) else {
                    continue;
                };
                measured += 1;
                let least = match (*name, QUIET.contains(&role)) {
                    ("contrast", _) => 7.0,
                    (_, true) => 3.0,
                    (_, false) if ground != base.bg => 3.0,
                    (_, false) => 4.5,
                };
                if ratio < least {
                    writeln!(wrong, "{name} {role} on {ground:?}: {ratio:.2} < {least}")
                        .expect("text");
                }
            }
        }
        let dim = contrast(base.patch(theme.style(Role::Dim)));
        assert!(dim.is_none_or(|ratio| ratio >= 3.0), "{name}: {dim:?}");
    }
    assert_eq!(wrong, "");
    assert!(measured > 200, "{measured}");
}

#[test]
fn states_stay_apart_without_colour_and_with_sixteen() {
    let states = [
        Role::StateRunning,
        Role::StateWaiting,
        Role::StateFailed,
        Role::StateDone,
        Role::StateBlocked,
    ];
    for (name, _) in EMBEDDED {
        for depth in DEPTHS {
            let theme = theme(name, depth);
            for (index, left) in states.iter().enumerate() {
                for right in &states[index + 1..] {
                    let styles = [left, right].map(|role| theme.style(*role));
                    assert_ne!(
                        styles[0], styles[1],
                        "{name} at {depth:?}: {left} and {right}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_terminals_own_theme_asks_for_no_colour_of_its_own() {
    let theme = theme("terminal", ColorDepth::Truecolor);
    for role in Role::all() {
        let style = theme.style(role);
        for color in [style.fg, style.bg].into_iter().flatten() {
            assert!(
                !matches!(color, Color::Rgb(..) | Color::Indexed(_)),
                "{role}: {color:?}"
            );
        }
    }
}

/// The styles of a frame: for each its cells as a number, and where it is first.
fn styles_of(buffer: &Buffer) -> String {
    let mut found: Vec<(String, usize, (u16, u16))> = Vec::new();
    for row in buffer.area.rows() {
        for place in row.positions() {
            let cell = &buffer[place];
            let mut words = format!("{} on {}", cell.fg, cell.bg);
            if cell.modifier != Modifier::empty() {
                write!(words, " {:?}", cell.modifier).expect("text");
            }
            match found.iter_mut().find(|(known, ..)| *known == words) {
                Some((_, count, _)) => *count += 1,
                None => found.push((words, 1, (place.x, place.y))),
            }
        }
    }
    let mut text = String::new();
    for (words, count, (x, y)) in found {
        writeln!(text, "{words}: {count} cells from {x},{y}").expect("text");
    }
    text
}

fn look_of(name: &str, depth: ColorDepth) -> Look {
    Look {
        theme: theme(name, depth),
        depth,
        ..look(false)
    }
}

#[test]
fn every_theme_on_the_whole_screen_at_five_sizes() {
    for (name, _) in EMBEDDED {
        let mut words = String::new();
        let mut scene = Scene::full_with(look_of(name, ColorDepth::Truecolor));
        for (width, height) in [(40, 12), (80, 24), (120, 40), (200, 60), (400, 120)] {
            let buffer = scene.buffer(width, height);
            writeln!(words, "{width}x{height}\n{}", styles_of(&buffer)).expect("text");
        }
        insta::assert_snapshot!(format!("{name}-styles"), words);
    }
}

#[test]
fn the_words_are_the_same_in_every_theme() {
    let mut frames = EMBEDDED.iter().flat_map(|(name, _)| {
        DEPTHS.map(|depth| Scene::full_with(look_of(name, depth)).frame(120, 40))
    });
    let first = frames.next().expect("a theme");
    assert!(frames.all(|frame| frame == first));
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(format!("{name}.toml")), text).expect("a theme");
}

/// A scene with a folder of the user's themes.
fn with_themes() -> Scene {
    let mut scene = Scene::full();
    let folder = scene.folder.path().join("themes");
    std::fs::create_dir(&folder).expect("a folder");
    write(&folder, "mine", "inherits = 'day'\n");
    scene.model.themes.folder = Some(folder);
    scene
}

#[test]
fn a_theme_is_worn_while_it_is_selected() {
    let mut scene = with_themes();
    let before = scene.buffer(120, 40);
    scene.keys("C");
    insta::assert_snapshot!("picker", scene.frame(80, 24));
    scene.keys("j");
    assert_eq!(scene.model.look.theme.name(), "day");
    let day = theme("day", ColorDepth::Truecolor);
    // Everything that was laid out follows: the transcript is laid out once and kept.
    let buffer = scene.buffer(120, 40);
    let grounds: Vec<Color> = buffer.content.iter().map(|cell| cell.bg).collect();
    let night = theme("night", ColorDepth::Truecolor).style(Role::Base).bg;
    assert!(!grounds.iter().any(|ground| Some(*ground) == night));
    let inks: Vec<Color> = buffer.content.iter().map(|cell| cell.fg).collect();
    let cyan = theme("night", ColorDepth::Truecolor).style(Role::Tool).fg;
    assert!(inks.contains(&day.style(Role::Tool).fg.expect("a colour")));
    assert!(!inks.iter().any(|ink| Some(*ink) == cyan));
    scene.keys("End");
    assert_eq!(scene.model.look.theme.name(), "mine");
    scene.keys("Esc");
    assert_eq!(scene.buffer(120, 40), before);
    scene.keys("C j Enter");
    assert_eq!(scene.model.look.theme.name(), "day");
    let notice = scene.model.notice.clone().expect("words");
    assert!(notice.text.contains("ui.theme = \"day\""), "{notice:?}");
}

#[test]
fn a_saved_theme_is_worn_at_once_and_a_broken_one_names_its_line() {
    let mut scene = with_themes();
    let folder = scene.folder.path().join("themes");
    scene.keys("C End Enter");
    let text = |scene: &Scene| scene.model.look.theme.style(Role::Text).fg;
    write(&folder, "mine", "roles.text = '#ff0000'\n");
    scene.message(Message::ThemesChanged);
    assert_eq!(text(&scene), Some(Color::Rgb(255, 0, 0)));
    write(&folder, "mine", "[roles]\ntext = '#00ff00'\ntetx = 'red'\n");
    scene.message(Message::ThemesChanged);
    assert_eq!(text(&scene), Some(Color::Rgb(255, 0, 0)));
    let notice = scene.model.notice.clone().expect("words").text;
    assert!(
        notice.contains("mine.toml:3:1: there is no role `tetx`"),
        "{notice}"
    );
    std::fs::remove_file(folder.join("mine.toml")).expect("gone");
    scene.message(Message::ThemesChanged);
    assert_eq!(text(&scene), Some(Color::Rgb(255, 0, 0)));
    write(&folder, "mine", "roles.text = '#00ff00'\n");
    scene.message(Message::ThemesChanged);
    assert_eq!(text(&scene), Some(Color::Rgb(0, 255, 0)));
}

#[test]
fn a_broken_theme_in_the_list_says_what_is_wrong_and_changes_nothing() {
    let mut scene = with_themes();
    write(&scene.folder.path().join("themes"), "mine", "[roles\n");
    scene.keys("C End");
    let frame = scene.frame(80, 24);
    assert!(frame.contains("mine.toml:1:"), "{frame}");
    // It is mended while the list is open.
    write(
        &scene.folder.path().join("themes"),
        "mine",
        "inherits = 'day'\n",
    );
    scene.message(Message::ThemesChanged);
    assert_eq!(scene.model.look.theme.name(), "mine");
    write(&scene.folder.path().join("themes"), "mine", "[roles\n");
    scene.keys("k j Enter");
    assert_eq!(scene.model.look.theme.name(), "night");
}

#[test]
fn what_is_typed_follows_the_theme() {
    let mut scene = with_themes();
    scene.keys("C End Enter r");
    scene.text("yes");
    let folder = scene.folder.path().join("themes");
    write(
        &folder,
        "mine",
        "roles.input = {fg = '#010203', bg = '#040506'}\n",
    );
    scene.message(Message::ThemesChanged);
    let buffer = scene.buffer(80, 24);
    let typed = buffer
        .content
        .iter()
        .find(|cell| cell.bg == Color::Rgb(4, 5, 6));
    assert!(typed.is_some());
}

/// Whether a theme that is saved now is to be seen everywhere: the one before is nowhere any more.
fn follows(scene: &mut Scene, what: &str) {
    let folder = scene.folder.path().join("themes");
    let theme = |red: u8| {
        let mut text = "[roles]\n".to_owned();
        for role in Role::all() {
            writeln!(
                text,
                "{role} = {{fg = '#{red:02x}0102', bg = '#{red:02x}0304'}}"
            )
            .expect("text");
        }
        text
    };
    write(&folder, "mine", &theme(0xa0));
    scene.message(Message::ThemesChanged);
    let is_old = |color: Color| matches!(color, Color::Rgb(0xa0, _, _));
    let is_seen = |buffer: &Buffer| {
        let mut cells = buffer.content.iter();
        cells.any(|cell| is_old(cell.fg) || is_old(cell.bg))
    };
    assert!(is_seen(&scene.buffer(100, 30)), "{what}");
    write(&folder, "mine", &theme(0xb0));
    scene.message(Message::ThemesChanged);
    let buffer = scene.buffer(100, 30);
    assert!(!is_seen(&buffer), "{what}: {}", styles_of(&buffer));
}

#[test]
fn whatever_is_open_follows_the_theme() {
    for keys in [":", "F", "+", "/", "r", "q", "?", "i", "d", "e"] {
        let mut scene = with_themes();
        scene.keys("C End Enter");
        scene.keys(keys);
        follows(&mut scene, keys);
    }
}

#[test]
fn what_changed_on_the_disk_follows_the_theme() {
    let mut scene = with_themes();
    scene.keys("C End Enter");
    let file = scene.folder.path().join("tickets/TICKET-003.md");
    std::fs::create_dir_all(scene.folder.path().join("tickets")).expect("a folder");
    std::fs::write(&file, "one\n").expect("a ticket");
    scene.keys("e");
    scene.text("x");
    std::fs::write(&file, "two\n").expect("somebody writes");
    scene.keys("Ctrl-s");
    assert!(scene.frame(100, 30).contains("+two"));
    follows(&mut scene, "what changed on the disk");
}

#[test]
fn the_page_about_themes_names_all_themes_and_roles() {
    let page = include_str!("../../../docs/THEMES.md");
    let names = EMBEDDED.iter().map(|(name, _)| (*name).to_owned());
    for name in names.chain(Role::all().map(|role| role.to_string())) {
        assert!(
            page.contains(&format!("| `{name}` |")),
            "docs/THEMES.md lacks `{name}`"
        );
    }
}
