//! `keys.toml`: a preset and bindings of the user's own, every fault with its place. What is wrong in it changes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::chord;
use super::preset::{PRESETS, Preset};
use super::{Binding, Context, Key, Keymap, Source, label, sequence};
use crate::config::{nearest, place_at};
use crate::domain::problem::Place;
use crate::ui::action::Action;

/// What takes a binding away.
const NONE: &str = "none";

/// Something that is wrong in `keys.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(f, "{line}:{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// A sound line of the file.
struct Entry {
    context: Context,
    keys: Vec<Key>,
    action: Option<Action>,
    place: Place,
}

/// A text as it is read.
struct Reading<'a> {
    text: &'a str,
    preset: &'static Preset,
    chord: Option<Key>,
    entries: Vec<Entry>,
    faults: Vec<KeyFault>,
}

impl Keymap {
    /// The default keys, changed as `keys.toml` says. Each line that is wrong is left out, and told.
    pub fn read(text: &str) -> (Self, Vec<KeyFault>) {
        let mut reading = Reading {
            text,
            preset: &PRESETS[0],
            chord: None,
            entries: Vec::new(),
            faults: Vec::new(),
        };
        let (root, syntax) = DeTable::parse_recoverable(text);
        for error in &syntax {
            let at = error.span().map_or(0, |span| span.start);
            reading.fault(at, error.message().to_owned());
        }
        if !syntax.is_empty() {
            // One slip makes the parser stumble on; nothing of the file is sure.
            reading.faults.truncate(1);
            return (Self::default(), reading.faults);
        }
        reading.root(root.get_ref());
        let mut keymap = Self::with_preset(reading.preset);
        if let Some(chord) = reading.chord {
            keymap.set_chord(chord);
        }
        let Reading {
            entries,
            mut faults,
            ..
        } = reading;
        keymap.take(entries, &mut faults);
        faults.sort_by_key(|fault| fault.place.map(|place| (place.line, place.column)));
        (keymap, faults)
    }

    /// The keys of a preset.
    pub(crate) fn with_preset(preset: &Preset) -> Self {
        let mut keymap = Self::default();
        for (context, keys, action) in preset.changes {
            let Ok(keys) = sequence(keys) else { continue };
            keymap.unbind(*context, &keys);
            keymap.bindings.extend(action.map(|action| Binding {
                context: *context,
                keys,
                action,
                source: Source::Preset,
            }));
        }
        keymap
    }

    fn unbind(&mut self, context: Context, keys: &[Key]) {
        self.bindings
            .retain(|known| known.context != context || known.keys != keys);
    }

    /// Puts the user's bindings over all others.
    fn take(&mut self, entries: Vec<Entry>, faults: &mut Vec<KeyFault>) {
        let before = self.clone();
        let mut places: BTreeMap<(&'static str, String), Place> = BTreeMap::new();
        let mut own: Vec<Binding> = Vec::new();
        for entry in entries {
            let (context, place) = (entry.context, Some(entry.place));
            let keys = label(&entry.keys);
            let twice = places.insert((context.name(), keys.clone()), entry.place);
            if let Some(first) = twice {
                let message = format!(
                    "`{keys}` stands twice in [{}], first in line {}: this one holds",
                    context.name(),
                    first.line
                );
                faults.push(KeyFault { place, message });
                own.retain(|known| known.context != context || known.keys != entry.keys);
            }
            match entry.action {
                Some(action) => own.push(Binding {
                    context,
                    keys: entry.keys.clone(),
                    action,
                    source: Source::User,
                }),
                None => {
                    if let Some(message) = before.nothing_to_take(context, &entry.keys) {
                        faults.push(KeyFault { place, message });
                    }
                }
            }
            self.unbind(context, &entry.keys);
        }
        // Hints show the first key of an action: the user's own.
        self.bindings.splice(0..0, own);
        self.settle(&places, faults);
        self.keep_ways_out(&before, faults);
    }

    /// Why `none` does nothing to these keys, if it does nothing.
    fn nothing_to_take(&self, context: Context, keys: &[Key]) -> Option<String> {
        if self.of_keys(context, keys).is_some() {
            return None;
        }
        let elsewhere = context
            .below()
            .iter()
            .find_map(|context| self.of_keys(*context, keys));
        let hint = elsewhere.map_or_else(String::new, |binding| {
            format!(
                "; it is {} in [{}]",
                binding.action.name(),
                binding.context.name()
            )
        });
        Some(format!(
            "`{}` does nothing in [{}] anyway{hint}",
            label(keys),
            context.name()
        ))
    }

    fn of_keys(&self, context: Context, keys: &[Key]) -> Option<&Binding> {
        self.of(context).find(|binding| binding.keys == keys)
    }

    /// Tells of the user's bindings that keep others from being reached; in one context what is not the user's goes.
    fn settle(
        &mut self,
        places: &BTreeMap<(&'static str, String), Place>,
        faults: &mut Vec<KeyFault>,
    ) {
        for conflict in self.conflicts() {
            let pair = [&conflict.wins, &conflict.lost];
            let Some(own) = pair
                .iter()
                .find(|binding| binding.source == Source::User)
                .copied()
            else {
                continue;
            };
            let mut lost = &conflict.lost;
            if conflict.wins.context == conflict.lost.context {
                let other = if own == &conflict.wins {
                    &conflict.lost
                } else {
                    &conflict.wins
                };
                if other.source != Source::User {
                    lost = other;
                    self.unbind(other.context, &other.keys);
                }
            }
            let wins = if lost == &conflict.lost {
                &conflict.wins
            } else {
                &conflict.lost
            };
            let place = places.get(&(own.context.name(), own.label())).copied();
            let message = format!(
                "`{}` ({}) in [{}] keeps `{}` ({}) in [{}] from being reached; give one of them other keys, or the second \
                 one \"{NONE}\" when that is meant",
                wins.label(),
                wins.action.name(),
                wins.context.name(),
                lost.label(),
                lost.action.name(),
                lost.context.name(),
            );
            faults.push(KeyFault { place, message });
        }
    }

    /// Nobody may be locked up by a slip: what leads out of a context stays, if nothing else does.
    fn keep_ways_out(&mut self, before: &Self, faults: &mut Vec<KeyFault>) {
        for context in Context::ALL.iter().copied() {
            let Some(out) = context.way_out() else {
                continue;
            };
            if self.of(context).any(|binding| binding.action == out) {
                continue;
            }
            let Some(kept) = before.of(context).find(|binding| binding.action == out) else {
                continue;
            };
            let keys = kept.label();
            self.unbind(context, &kept.keys);
            self.bindings.push(kept.clone());
            faults.push(KeyFault {
                place: None,
                message: format!(
                    "nothing in [{}] would do {} any more: `{keys}` stays",
                    context.name(),
                    out.name()
                ),
            });
        }
    }
}

impl Reading<'_> {
    fn fault(&mut self, at: usize, message: String) {
        let place = Some(place_at(self.text, at));
        self.faults.push(KeyFault { place, message });
    }

    fn root(&mut self, root: &DeTable<'_>) {
        for (name, value) in in_order(root) {
            let at = name.span().start;
            let word: &str = name.get_ref();
            match (word, value.get_ref()) {
                ("preset", DeValue::String(preset)) => {
                    let known = PRESETS.iter().find(|known| known.name == preset.as_ref());
                    if let Some(known) = known {
                        self.preset = known;
                    } else {
                        let names = || PRESETS.iter().map(|known| known.name);
                        let near = did_you_mean(preset, names());
                        let names: Vec<_> = names().collect();
                        let message = format!(
                            "there is no preset `{preset}`{near}; there are {}",
                            names.join(", ")
                        );
                        self.fault(value.span().start, message);
                    }
                }
                ("preset", _) => self.fault(
                    value.span().start,
                    "`preset` takes a name, such as \"vim\"".to_owned(),
                ),
                (_, DeValue::Table(table)) => self.context(word, at, table),
                _ => self.fault(
                    at,
                    format!(
                        "`{word}` stands outside of a context; write [panes] or [global] above it"
                    ),
                ),
            }
        }
    }

    fn context(&mut self, word: &str, at: usize, table: &DeTable<'_>) {
        if let Some(context) = Context::from_name(word) {
            return self.table(context, table);
        }
        let names = || Context::ALL.iter().map(|context| context.name());
        let near = did_you_mean(word, names());
        let names: Vec<_> = names().collect();
        let message = format!(
            "there is no context [{word}]{near}; there are {}",
            names.join(", ")
        );
        self.fault(at, message);
    }

    /// The key that is to begin the sequences of a terminal.
    fn chord(&mut self, value: &Spanned<DeValue<'_>>) {
        let at = value.span().start;
        let DeValue::String(word) = value.get_ref() else {
            let message = "`chord` takes a key, such as \"Ctrl-\\\\\"".to_owned();
            return self.fault(at, message);
        };
        match word.parse::<Key>() {
            Ok(key) if key.may_be_chord() && key.is_sent() => self.chord = Some(key),
            Ok(key) if key.may_be_chord() => self.fault(
                at,
                format!(
                    "terminals send `{key}` as another key, or not at all: `chord` takes such as \"Ctrl-a\", \"Ctrl-\\\\\", \"Alt-x\" or \"F12\""
                ),
            ),
            Ok(key) => self.fault(
                at,
                format!(
                    "`{key}` is typed into terminals: a chord has Ctrl or Alt, or is F1 to F12"
                ),
            ),
            Err(error) => self.fault(at, error.to_string()),
        }
    }

    fn table(&mut self, context: Context, table: &DeTable<'_>) {
        let is_chord = |name: &str| context == Context::Shell && name == chord::WORD;
        if let Some((_, value)) = in_order(table)
            .into_iter()
            .find(|(name, _)| is_chord(name.get_ref()))
        {
            self.chord(value);
        }
        for (name, value) in in_order(table) {
            let at = name.span().start;
            if is_chord(name.get_ref()) {
                continue;
            }
            let text = if context == Context::Shell {
                chord::spelled(name.get_ref(), self.chord.unwrap_or(Key::CHORD))
            } else {
                name.get_ref().to_string()
            };
            let keys = match sequence(&text) {
                Ok(keys) => keys,
                Err(error) => {
                    self.fault(at, error.to_string());
                    continue;
                }
            };
            if context.types() && keys.first().is_some_and(Key::types) {
                let message = format!(
                    "`{}` is typed in [{}]: only keys with Ctrl or Alt, or ones that type nothing, can be bound there",
                    label(&keys),
                    context.name()
                );
                self.fault(at, message);
                continue;
            }
            let DeValue::String(word) = value.get_ref() else {
                let message = format!("write the name of an action, or \"{NONE}\"");
                self.fault(value.span().start, message);
                continue;
            };
            let action = Action::from_name(word);
            if action.is_none() && word != NONE {
                let names = Action::ALL.iter().map(|action| action.name());
                let near = did_you_mean(word, names);
                let message =
                    format!("there is no action `{word}`{near}; `docket keys` shows all of them");
                self.fault(value.span().start, message);
                continue;
            }
            self.entries.push(Entry {
                context,
                keys,
                action,
                place: place_at(self.text, at),
            });
        }
    }
}

type Word<'a> = Spanned<Cow<'a, str>>;

/// The entries as they stand in the file.
fn in_order<'t, 'a>(table: &'t DeTable<'a>) -> Vec<(&'t Word<'a>, &'t Spanned<DeValue<'a>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::keymap::Meaning;

    fn faults(text: &str) -> Vec<String> {
        let (_, faults) = Keymap::read(text);
        faults.iter().map(ToString::to_string).collect()
    }

    fn means(keymap: &Keymap, contexts: &[Context], keys: &str) -> Meaning {
        keymap.meaning(contexts, &sequence(keys).expect("keys"))
    }

    const QUEUE: &[Context] = &[Context::Queue, Context::Panes, Context::Global];

    #[test]
    fn the_users_keys_win_and_are_the_ones_that_hints_show() {
        let (keymap, faults) = Keymap::read(
            "[queue]\n\"x\" = \"retry\"\n\"b x\" = \"top\"\n[panes]\n\"R\" = \"none\"\n\"F5\" = \"start\"\n",
        );
        assert_eq!(faults, []);
        assert_eq!(means(&keymap, QUEUE, "x"), Meaning::Action(Action::Retry));
        let elsewhere = [Context::Panes, Context::Global];
        assert_eq!(
            means(&keymap, &elsewhere, "x"),
            Meaning::Action(Action::StopTicket)
        );
        assert_eq!(means(&keymap, QUEUE, "b x"), Meaning::Action(Action::Top));
        assert_eq!(means(&keymap, &elsewhere, "R"), Meaning::None);
        assert_eq!(
            keymap.key_for(QUEUE, Action::Start).as_deref(),
            Some("F5"),
            "the user's own key"
        );
    }

    #[test]
    fn presets_change_the_default_and_nothing_in_them_conflicts() {
        for preset in PRESETS {
            let keymap = Keymap::with_preset(preset);
            assert_eq!(keymap.conflicts(), [], "{}", preset.name);
            for (context, keys, action) in preset.changes {
                let keys = sequence(keys).expect("keys");
                let bound = keymap.of_keys(*context, &keys);
                assert_eq!(bound.map(|binding| binding.action), *action);
                let typed = context.types() && keys[0].types();
                assert!(!typed, "{} {}", preset.name, label(&keys));
            }
        }
        // What a preset says of everywhere is not taken back by the default's keys of panes and pages.
        for preset in PRESETS {
            let keymap = Keymap::with_preset(preset);
            let everywhere =
                |change: &&crate::ui::keymap::preset::Change| change.0 == Context::Global;
            for (_, keys, action) in preset.changes.iter().filter(everywhere) {
                let Some(action) = action else { continue };
                for here in Context::ALL.iter().copied() {
                    if !here.below().contains(&Context::Global) {
                        continue;
                    }
                    let of_preset = |context: &Context| {
                        let mut changes = preset.changes.iter();
                        changes.any(|change| change.0 == *context && change.1 == *keys)
                    };
                    let contexts: Vec<_> = std::iter::once(here)
                        .chain(here.below().iter().copied())
                        .collect();
                    if contexts
                        .iter()
                        .any(|context| *context != Context::Global && of_preset(context))
                    {
                        continue;
                    }
                    let meaning = means(&keymap, &contexts, keys);
                    assert_eq!(
                        meaning,
                        Meaning::Action(*action),
                        "{} {keys} in {here:?}",
                        preset.name
                    );
                }
            }
            // Whatever leads out of a popup does so by the preset's key too.
            if preset.name == "emacs" {
                for context in Context::ALL
                    .iter()
                    .copied()
                    .filter(|context| *context != Context::Shell && *context != Context::Global)
                {
                    let Some(out) = context.way_out() else {
                        continue;
                    };
                    assert_eq!(
                        means(&keymap, &[context], "Ctrl-g"),
                        Meaning::Action(out),
                        "{context:?}"
                    );
                }
            }
        }
        let (keymap, faults) = Keymap::read("preset = \"vim\"\n");
        assert_eq!(faults, []);
        assert_eq!(means(&keymap, QUEUE, "Z Z"), Meaning::Action(Action::Quit));
        let (keymap, _) = Keymap::read("preset = \"emacs\"\n[global]\n\"Ctrl-n\" = \"quit\"\n");
        assert_eq!(
            means(&keymap, QUEUE, "Ctrl-n"),
            Meaning::Action(Action::Quit)
        );
        assert_eq!(
            means(&keymap, QUEUE, "Alt-x"),
            Meaning::Action(Action::Palette)
        );
    }

    #[test]
    fn every_fault_has_its_place_and_leaves_the_rest_alone() {
        let text = "preset = \"vi\"\nx = 1\n[qeue]\n\"x\" = \"retry\"\n[queue]\n\"Hyper-x\" = \"retry\"\n\"u\" = \"retyr\"\n\"U\" = 3\n\"e\" = \"retry\"\n[shell]\nx = \"leave-terminal\"\n";
        let found = faults(text);
        let expected = [
            "1:10: there is no preset `vi`; did you mean `vim`?",
            "2:1: `x` stands outside of a context",
            "3:2: there is no context [qeue]; did you mean `queue`?",
            "6:1: `Hyper-x` is no key",
            "7:7: there is no action `retyr`; did you mean `retry`?",
            "8:7: write the name of an action, or \"none\"",
            "11:1: `x` is typed in [shell]",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
        let (keymap, _) = Keymap::read(text);
        assert_eq!(means(&keymap, QUEUE, "e"), Meaning::Action(Action::Retry));
    }

    #[test]
    fn a_file_that_is_no_toml_changes_nothing() {
        let (keymap, faults) = Keymap::read("[queue]\n\"x\" = \n\"e\" = \"retry\"\n");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].place.map(|place| place.line), Some(2));
        assert_eq!(keymap.bindings, Keymap::default().bindings);
    }

    #[test]
    fn conflicts_are_told_and_the_users_keys_hold() {
        let text = "[global]\n\"g\" = \"help\"\n";
        let (keymap, _) = Keymap::read(text);
        assert!(
            faults(text)[0].starts_with("2:1: `g` (help) in [global] keeps `g g` (top)"),
            "{:?}",
            faults(text)
        );
        assert_eq!(means(&keymap, QUEUE, "g"), Meaning::Action(Action::Help));
        // Said that it is meant: nothing to tell.
        assert_eq!(
            faults("[global]\n\"g\" = \"help\"\n\"g g\" = \"none\"\n"),
            [""; 0]
        );
        // A sequence takes the place of the key that it begins with.
        let text = "[panes]\n\"d d\" = \"skip\"\n";
        let (keymap, _) = Keymap::read(text);
        assert!(
            faults(text)[0].contains("keeps `d` (diff)"),
            "{:?}",
            faults(text)
        );
        assert_eq!(means(&keymap, QUEUE, "d d"), Meaning::Action(Action::Skip));
        // In another context both stay, and it is told.
        let found = faults("[queue]\n\"q x\" = \"skip\"\n");
        assert!(found[0].contains("`q` (quit) in [global]"), "{found:?}");
        let found = faults(
            "[queue]\n\"e\" = \"retry\"\nE = \"none\"\n\"Ctrl-E\" = \"skip\"\n\"Ctrl-e\" = \"retry\"\n",
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("`E` does nothing in [queue] anyway"),
            "{found:?}"
        );
        assert!(
            found[1].contains("`Ctrl-e` stands twice in [queue], first in line 4"),
            "{found:?}"
        );
    }

    #[test]
    fn nobody_is_locked_up() {
        let (keymap, faults) =
            Keymap::read("[shell]\n\"chord chord\" = \"none\"\n\"chord d\" = \"none\"\n");
        assert!(faults[0].message.contains("leave-terminal"), "{faults:?}");
        assert_eq!(
            means(&keymap, &[Context::Shell], "Ctrl-] Ctrl-]"),
            Meaning::Action(Action::LeaveTerminal)
        );
        let (keymap, faults) = Keymap::read(
            "[shell]\n\"Ctrl-] Ctrl-]\" = \"none\"\n\"Ctrl-] d\" = \"none\"\n\"Ctrl-\\\\\" = \"leave-terminal\"\n",
        );
        assert_eq!(faults, []);
        assert_eq!(
            means(&keymap, &[Context::Shell], "Ctrl-\\"),
            Meaning::Action(Action::LeaveTerminal)
        );
    }
}
