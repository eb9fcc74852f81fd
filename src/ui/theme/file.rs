//! Theme files: TOML through serde, every fault with its line.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use toml::Spanned;

use super::role::Role;
use crate::config::{nearest, place_at};
use crate::domain::problem::Place;

/// Something that is wrong in a theme's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeFault {
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// What a theme's file says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ThemeFile {
    /// The theme that gives what this one doesn't.
    pub(super) inherits: Option<String>,
    /// The styles that it gives.
    pub(super) styles: BTreeMap<Role, Style>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    inherits: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<StyleEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStyle {
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

/// A style: a colour alone, or a table.
enum StyleEntry {
    Color(String),
    Table(RawStyle),
}

impl<'de> Deserialize<'de> for StyleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;

        impl<'de> Visitor<'de> for Entry {
            type Value = StyleEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    r#"a colour such as "blue", or a table such as {fg = "blue", bold = true}"#,
                )
            }

            fn visit_str<E: Error>(self, color: &str) -> Result<StyleEntry, E> {
                Ok(StyleEntry::Color(color.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StyleEntry, A::Error> {
                RawStyle::deserialize(MapAccessDeserializer::new(map)).map(StyleEntry::Table)
            }
        }

        deserializer.deserialize_any(Entry)
    }
}

/// Reads a theme's text; all faults come back together unless it isn't TOML at all.
pub(super) fn read(text: &str) -> Result<ThemeFile, Vec<ThemeFault>> {
    let fault = |span: Option<Range<usize>>, message: String| ThemeFault {
        place: span.map(|span| place_at(text, span.start)),
        message,
    };
    let raw: Raw = toml::from_str(text)
        .map_err(|error| vec![fault(error.span(), error.message().to_owned())])?;
    let mut reader = Reader {
        palette: BTreeMap::new(),
        faults: Vec::new(),
    };
    for (name, color) in raw.palette {
        let resolved = reader.color(color.get_ref(), color.span());
        reader.palette.insert(name, resolved);
    }
    let mut styles = BTreeMap::new();
    for (name, entry) in &raw.roles {
        let style = reader.style(entry.get_ref(), entry.span());
        match name.get_ref().parse::<Role>() {
            Ok(role) => {
                styles.insert(role, style);
            }
            Err(unknown) => {
                let near = did_you_mean(&unknown.word, Role::WORDS.iter().copied());
                let message = format!("there is no role `{}`{near}", unknown.word);
                reader.faults.push((name.span(), message));
            }
        }
    }
    if reader.faults.is_empty() {
        return Ok(ThemeFile {
            inherits: raw.inherits,
            styles,
        });
    }
    reader.faults.sort_by_key(|(span, _)| span.start);
    let faults = reader.faults.into_iter();
    Err(faults
        .map(|(span, message)| fault(Some(span), message))
        .collect())
}

/// Resolves colours, and collects what is wrong on the way.
struct Reader {
    /// The names of the palette; a name whose colour is wrong is there too, so that it is reported once.
    palette: BTreeMap<String, Option<Color>>,
    faults: Vec<(Range<usize>, String)>,
}

impl Reader {
    fn style(&mut self, entry: &StyleEntry, span: Range<usize>) -> Style {
        let raw = match entry {
            StyleEntry::Color(color) => {
                return match self.color(color, span) {
                    Some(color) => Style::new().fg(color),
                    None => Style::new(),
                };
            }
            StyleEntry::Table(raw) => raw,
        };
        let mut color = |color: &Option<Spanned<String>>| {
            let color = color.as_ref()?;
            self.color(color.get_ref(), color.span())
        };
        let flags = [
            (raw.bold, Modifier::BOLD),
            (raw.dim, Modifier::DIM),
            (raw.italic, Modifier::ITALIC),
            (raw.underline, Modifier::UNDERLINED),
            (raw.reverse, Modifier::REVERSED),
        ];
        Style {
            fg: color(&raw.fg),
            bg: color(&raw.bg),
            add_modifier: flags
                .into_iter()
                .filter_map(|(is_set, flag)| is_set.then_some(flag))
                .collect(),
            ..Style::new()
        }
    }

    fn color(&mut self, name: &str, span: Range<usize>) -> Option<Color> {
        if let Some(color) = self.palette.get(name) {
            return *color;
        }
        let color = match name {
            "default" => Some(Color::Reset),
            _ => name.parse().ok(),
        };
        if color.is_none() {
            let near = did_you_mean(name, self.palette.keys().map(String::as_str));
            let message = format!(
                "`{name}` is no colour{near}; write \"#rrggbb\", a name of [palette], one of the terminal's 16 \
                 such as \"red\", a number up to 255, or \"default\""
            );
            self.faults.push((span, message));
        }
        color
    }
}

fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
