//! Themes: every [`Role`] has a style, down-sampled to what the terminal can show.
//!
//! Eight themes are embedded; files in the user's `themes` folder add to them or take their place. A user's theme may
//! leave roles out: what it `inherits` gives them (`night` when it names nothing).

mod depth;
mod file;
mod role;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};

pub use depth::{ASCII, ColorDepth, borders, is_utf8};
pub use file::ThemeFault;
pub use role::Role;

use crate::config::nearest;
use file::ThemeFile;

/// The embedded themes by name; the first is the one that others inherit unless they say otherwise.
pub const EMBEDDED: &[(&str, &str)] = &[
    ("night", include_str!("../../themes/night.toml")),
    ("day", include_str!("../../themes/day.toml")),
    ("clear", include_str!("../../themes/clear.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("contrast", include_str!("../../themes/contrast.toml")),
    ("ember", include_str!("../../themes/ember.toml")),
    ("paper", include_str!("../../themes/paper.toml")),
    ("terminal", include_str!("../../themes/terminal.toml")),
];

/// What every theme becomes where there are no colours.
const COLORLESS: &str = "mono";

/// Why there is no such theme.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Neither embedded nor in the user's folder.
    #[error(
        "there is no theme `{name}`{}; there are: {}",
        suggestion.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")),
        known.join(", ")
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        suggestion: Option<String>,
        /// What there is.
        known: Vec<String>,
    },
    /// The file is there and can't be read.
    #[error("can't read the theme {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a theme.
    #[error("{}", Faults { path, faults })]
    Broken {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it, in the order of the file.
        faults: Vec<ThemeFault>,
    },
}

/// One fault a line, each with its place.
struct Faults<'a> {
    path: &'a Path,
    faults: &'a [ThemeFault],
}

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            self.path.display().fmt(f)?;
            if let Some(place) = fault.place {
                write!(f, ":{place}")?;
            }
            write!(f, ": {}", fault.message)?;
        }
        Ok(())
    }
}

/// A style for every role, for one depth of colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    styles: [Style; Role::COUNT],
    fingerprint: u64,
}

impl Theme {
    fn new(name: &str, styles: &[Style; Role::COUNT]) -> Self {
        let mut hasher = DefaultHasher::new();
        styles.hash(&mut hasher);
        Self {
            name: name.to_owned(),
            styles: *styles,
            fingerprint: hasher.finish(),
        }
    }

    /// The style of `role`, to be laid over the style of [`Role::Base`].
    pub const fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The colours of plain text and of what is behind it: red, green, blue. What the theme leaves to the terminal can't be known:
    /// that is the usual of a dark terminal, or of a light one where the other of the two says so.
    pub fn base_colors(&self) -> ([u8; 3], [u8; 3]) {
        const LIGHT: [u8; 3] = [0xf5, 0xf5, 0xf5];
        const DARK: [u8; 3] = [0x16, 0x18, 0x1d];
        const ON_LIGHT: [u8; 3] = [0x20, 0x20, 0x20];
        const ON_DARK: [u8; 3] = [0xd5, 0xd9, 0xe0];
        let is_bright = |[red, green, blue]: [u8; 3]| {
            u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 > 127_500
        };
        let base = self.style(Role::Base);
        let text = base.fg.and_then(depth::rgb);
        let behind = base.bg.and_then(depth::rgb);
        match (text, behind) {
            (Some(text), Some(behind)) => (text, behind),
            (Some(text), None) => (text, if is_bright(text) { DARK } else { LIGHT }),
            (None, Some(behind)) => (if is_bright(behind) { ON_LIGHT } else { ON_DARK }, behind),
            (None, None) => (ON_DARK, DARK),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says whether two themes look alike: lines that were laid out with another fingerprint are laid out anew.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// No colours and no weights: what is left when nothing else can be had.
    pub fn plain() -> Self {
        Self::new("plain", &[Style::new(); Role::COUNT])
    }

    /// The theme called `name`: a file in `folder`, the user's, or else an embedded one.
    pub fn load(name: &str, folder: Option<&Path>, depth: ColorDepth) -> Result<Self, ThemeError> {
        let (path, text) = source(name, folder)?;
        Self::from_text(name, &path, &text, depth)
    }

    /// The theme that `text` describes; `path` is what it is called in faults.
    pub fn from_text(
        name: &str,
        path: &Path,
        text: &str,
        depth: ColorDepth,
    ) -> Result<Self, ThemeError> {
        let file = read(path, text)?;
        let inherited = match file.inherits.as_deref() {
            Some(parent) => embedded(parent).ok_or_else(|| ThemeError::Broken {
                path: path.to_path_buf(),
                faults: vec![ThemeFault {
                    place: None,
                    message: format!(
                        "it inherits `{parent}`, which is not built in; write one of: {}",
                        embedded_names().collect::<Vec<_>>().join(", ")
                    ),
                }],
            })?,
            None => EMBEDDED[0].1,
        };
        let inherited = read(path, inherited)?;
        let mut styles = [Style::new(); Role::COUNT];
        fill(&mut styles, &inherited);
        fill(&mut styles, &file);
        let colorless = embedded(COLORLESS).filter(|_| depth == ColorDepth::None);
        if let Some(text) = colorless {
            fill(&mut styles, &read(path, text)?);
        }
        // What another theme says of code is made for its ground: a theme with a ground of its own says so itself.
        let given: &[&ThemeFile] = match file.styles.get(&Role::Base) {
            Some(_) => &[&file],
            None => &[&inherited, &file],
        };
        fall_back(&mut styles, given, depth);
        Ok(Self::new(name, &down_sampled(styles, depth)))
    }

    /// Whether a theme of this name is built in.
    pub fn is_embedded(name: &str) -> bool {
        embedded(name).is_some()
    }

    /// The names of all themes: the embedded ones, then the user's.
    pub fn names(folder: Option<&Path>) -> Vec<String> {
        let mut names: Vec<String> = embedded_names().map(str::to_owned).collect();
        let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
        let users: BTreeSet<String> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| embedded(name).is_none())
            .collect();
        names.extend(users);
        names
    }
}

fn embedded(name: &str) -> Option<&'static str> {
    let theme = EMBEDDED.iter().find(|(known, _)| *known == name);
    theme.map(|(_, text)| *text)
}

fn embedded_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// The text of a theme, and what it is called in faults.
fn source(name: &str, folder: Option<&Path>) -> Result<(PathBuf, String), ThemeError> {
    // A name is no path: it must not lead out of the folder.
    let is_name = !name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.');
    if let Some(folder) = folder.filter(|_| is_name) {
        let path = folder.join(format!("{name}.toml"));
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok((path, text)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(ThemeError::Unreadable { path, source }),
        }
    }
    if let Some(text) = embedded(name) {
        return Ok((PathBuf::from(format!("{name}.toml")), text.to_owned()));
    }
    let known = Theme::names(folder);
    let suggestion = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
    Err(ThemeError::Unknown {
        name: name.to_owned(),
        suggestion,
        known,
    })
}

fn read(path: &Path, text: &str) -> Result<ThemeFile, ThemeError> {
    file::read(text).map_err(|faults| ThemeError::Broken {
        path: path.to_path_buf(),
        faults,
    })
}

fn fill(styles: &mut [Style; Role::COUNT], file: &ThemeFile) {
    for (role, style) in &file.styles {
        styles[*role as usize] = *style;
    }
}

/// Roles that neither file has take the style of another. So do the grounds of changed lines where colours are few: a tint
/// would be grey there, or shout. Words stand out even then.
fn fall_back(styles: &mut [Style; Role::COUNT], files: &[&ThemeFile], depth: ColorDepth) {
    for role in Role::all() {
        let Some(other) = role.fallback() else {
            continue;
        };
        let of_diff = matches!(
            role,
            Role::DiffAddLine | Role::DiffDelLine | Role::DiffAddWord | Role::DiffDelWord
        );
        let is_given = files.iter().any(|file| file.styles.contains_key(&role));
        if is_given && !(of_diff && depth < ColorDepth::Truecolor) {
            continue;
        }
        let mut style = styles[other as usize];
        if matches!(role, Role::DiffAddWord | Role::DiffDelWord) {
            style.add_modifier |= Modifier::UNDERLINED | Modifier::BOLD;
        }
        styles[role as usize] = style;
    }
}

/// The styles with colours that `depth` has. A ground that would vanish into the screen's becomes reverse video, and
/// letters that would vanish into it take the screen's own colour.
fn down_sampled(mut styles: [Style; Role::COUNT], depth: ColorDepth) -> [Style; Role::COUNT] {
    let nearest = |color: Option<Color>| color.and_then(|color| depth.nearest(color));
    let base = styles[Role::Base as usize];
    let screen = nearest(base.bg);
    for (index, style) in styles.iter_mut().enumerate() {
        let (fg, bg) = (style.fg, style.bg);
        style.fg = nearest(fg);
        style.bg = nearest(bg);
        if depth > ColorDepth::Palette16 || index == Role::Base as usize {
            continue;
        }
        if style.bg.is_some() && style.bg == screen && bg != base.bg {
            style.bg = None;
            style.add_modifier |= Modifier::REVERSED;
        }
        if style.fg.is_some() && style.fg == screen && style.bg.is_none() {
            style.fg = nearest(base.fg);
        }
        if style.fg.is_some() && style.fg == style.bg {
            style.fg = screen;
        }
    }
    styles
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTHS: [ColorDepth; 4] = [
        ColorDepth::None,
        ColorDepth::Palette16,
        ColorDepth::Palette256,
        ColorDepth::Truecolor,
    ];

    fn theme(name: &str, depth: ColorDepth) -> Theme {
        Theme::load(name, None, depth).unwrap_or_else(|error| panic!("{error}"))
    }

    fn faults(text: &str) -> Vec<String> {
        let path = Path::new("mine.toml");
        let error = Theme::from_text("mine", path, text, ColorDepth::Truecolor);
        let error = error.expect_err("broken").to_string();
        error.lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_embedded_theme_has_every_role() {
        assert_eq!(Role::all().count(), Role::COUNT);
        for (name, text) in EMBEDDED {
            let file = file::read(text).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            for role in Role::all().filter(|role| role.fallback().is_none()) {
                assert!(file.styles.contains_key(&role), "{name} lacks {role}");
            }
            for depth in DEPTHS {
                assert_eq!(theme(name, depth).name(), *name);
            }
        }
    }

    #[test]
    fn where_there_is_no_colour_no_theme_has_one() {
        for (name, _) in EMBEDDED {
            let theme = theme(name, ColorDepth::None);
            for role in Role::all() {
                let style = theme.style(role);
                assert_eq!((style.fg, style.bg), (None, None), "{name} {role}");
                let allowed =
                    Modifier::BOLD | Modifier::DIM | Modifier::REVERSED | Modifier::UNDERLINED;
                assert!(allowed.contains(style.add_modifier), "{name} {role}");
            }
            let selection = theme.style(Role::Selection);
            assert!(selection.add_modifier.contains(Modifier::REVERSED));
        }
    }

    #[test]
    fn sixteen_colours_are_enough_to_tell_what_matters() {
        let states = [
            Role::StateRunning,
            Role::StateWaiting,
            Role::StateDone,
            Role::StateFailed,
            Role::StateBroken,
        ];
        for (name, _) in EMBEDDED {
            let theme = theme(name, ColorDepth::Palette16);
            let base = theme.style(Role::Base);
            for (index, left) in states.iter().enumerate() {
                for right in &states[index + 1..] {
                    let [left_style, right_style] = [left, right].map(|role| theme.style(*role));
                    assert_ne!(left_style, right_style, "{name}: {left} and {right}");
                }
            }
            for role in Role::all().filter(|role| *role != Role::Base) {
                let style = base.patch(theme.style(role));
                assert!(
                    style.fg.is_none() || style.fg != style.bg || style.fg == Some(Color::Reset),
                    "{name}: {role} can't be read"
                );
                assert!(
                    !matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))),
                    "{name}: {role} is not of the 16"
                );
            }
            for role in [Role::Selection, Role::Match] {
                let style = theme.style(role);
                let is_shown = style.add_modifier.contains(Modifier::REVERSED)
                    || (style.bg.is_some() && style.bg != base.bg);
                assert!(is_shown, "{name}: {role} can't be seen: {style:?}");
            }
        }
    }

    #[test]
    fn faults_name_their_line_and_what_to_write() {
        assert_eq!(
            faults("[roles]\ntext = 'red'\ntetx = 'red'\n"),
            ["mine.toml:3:1: there is no role `tetx`; did you mean `text`?"]
        );
        let several = faults(
            "[palette]\nblue = '#7aa2f'\nink = '#ffffff'\n[roles]\ntext = 'inc'\ndim = 'blue'\nerror = {fg = 'ink', bg = 'nope'}\n",
        );
        let starts: Vec<_> = several
            .iter()
            .map(|fault| fault.split(';').next().unwrap_or_default())
            .collect();
        assert_eq!(
            starts,
            [
                "mine.toml:2:8: `#7aa2f` is no colour",
                "mine.toml:5:8: `inc` is no colour",
                "mine.toml:7:27: `nope` is no colour",
            ]
        );
        for (text, start) in [
            ("[roles\n", "mine.toml:1:"),
            ("[roles]\ntext = 5\n", "mine.toml:2:8: invalid type"),
            (
                "[roles]\ntext = {fb = 'red'}\n",
                "mine.toml:2:9: unknown field `fb`",
            ),
            ("[rolls]\n", "mine.toml:1:2: unknown field `rolls`"),
            ("inherits = 'dusk'\n", "mine.toml: it inherits `dusk`"),
        ] {
            let faults = faults(text);
            assert!(faults[0].starts_with(start), "{text}: {faults:?}");
        }
    }

    #[test]
    fn a_users_theme_gives_what_it_wants_and_inherits_the_rest() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write(
            "mine.toml",
            "inherits = 'day'\nroles.error = {fg = 'bright-red', bg = 'default'}\n",
        )
        .expect("write");
        write("night.toml", "roles.text = '208'\n").expect("write");
        write("notes.txt", "").expect("write");
        let load = |name: &str| Theme::load(name, Some(folder.path()), ColorDepth::Truecolor);
        let mine = load("mine").expect("mine");
        let error = mine.style(Role::Error);
        assert_eq!(
            (error.fg, error.bg),
            (Some(Color::LightRed), Some(Color::Reset))
        );
        let day = theme("day", ColorDepth::Truecolor);
        assert_eq!(mine.style(Role::Text), day.style(Role::Text));
        let night = load("night").expect("the user's own night");
        assert_eq!(night.style(Role::Text).fg, Some(Color::Indexed(208)));
        assert_eq!(
            Theme::names(Some(folder.path())),
            [
                "night", "day", "clear", "mono", "contrast", "ember", "paper", "terminal", "mine"
            ]
        );
        let unknown = load("mien").expect_err("unknown").to_string();
        assert!(unknown.contains("did you mean `mine`?"), "{unknown}");
        assert!(matches!(
            load("../themes/mine"),
            Err(ThemeError::Unknown { .. })
        ));
    }
}
