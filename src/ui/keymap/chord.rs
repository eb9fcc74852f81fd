//! The chord: the one key that a terminal does not get. What follows it is docket's.

use super::{Context, Key, Keymap};

/// What stands for the chord in `keys.toml`: in `chord = "Ctrl-\\"`, and in `"chord x" = "…"`.
pub(super) const WORD: &str = "chord";

impl Keymap {
    /// The key that begins the sequences of a terminal.
    pub(crate) fn chord(&self) -> Key {
        self.chord
    }

    /// Lets another key begin them: all sequences that are bound so far follow.
    pub(super) fn set_chord(&mut self, chord: Key) {
        let before = std::mem::replace(&mut self.chord, chord);
        let shell = |binding: &&mut super::Binding| binding.context == Context::Shell;
        for binding in self.bindings.iter_mut().filter(shell) {
            for key in &mut binding.keys {
                if *key == before {
                    *key = chord;
                }
            }
        }
    }
}

/// Keys as they are written, with the chord for its word.
pub(super) fn spelled(text: &str, chord: Key) -> String {
    let words = text.split(' ').map(|word| match word {
        WORD => chord.to_string(),
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::ui::action::Action;
    use crate::ui::keymap::{Context, Keymap, Meaning, sequence};

    fn means(keymap: &Keymap, keys: &str) -> Meaning {
        let keys = sequence(keys).expect("keys");
        keymap.meaning(&[Context::Shell], &keys)
    }

    #[test]
    fn one_line_changes_the_chord_and_all_sequences_follow() {
        let text =
            "[shell]\n\"chord y\" = \"zoom\"\nchord = \"Ctrl-\\\\\"\n\"chord x\" = \"none\"\n";
        let (keymap, faults) = Keymap::read(text);
        assert_eq!(faults, []);
        assert_eq!(keymap.chord().to_string(), "Ctrl-\\");
        let leave = Meaning::Action(Action::LeaveTerminal);
        assert_eq!(means(&keymap, "Ctrl-\\ Ctrl-\\"), leave);
        assert_eq!(means(&keymap, "Ctrl-\\ c"), Meaning::Action(Action::NewTab));
        assert_eq!(means(&keymap, "Ctrl-\\ y"), Meaning::Action(Action::Zoom));
        assert_eq!(means(&keymap, "Ctrl-\\ x"), Meaning::None);
        assert_eq!(means(&keymap, "Ctrl-]"), Meaning::None);
        assert!(keymap.conflicts().is_empty());
        let rows = keymap.rows();
        assert!(rows.iter().all(|row| !row.keys.contains("Ctrl-]")));
    }

    #[test]
    fn a_chord_that_is_typed_all_day_is_refused() {
        for (chord, why) in [
            ("\"x\"", "typed"),
            ("\"Enter\"", "typed"),
            ("\"Ctrl-x Ctrl-y\"", "no key"),
            ("\"Ctrl-i\"", "as another key"),
            ("\"Ctrl-m\"", "as another key"),
            ("\"Ctrl-[\"", "as another key"),
            ("\"Ctrl-1\"", "as another key"),
            ("\"Ctrl-;\"", "as another key"),
            ("\"Ctrl-Enter\"", "as another key"),
            ("\"Alt-[\"", "as another key"),
            ("7", "takes a key"),
        ] {
            let (keymap, faults) = Keymap::read(&format!("[shell]\nchord = {chord}\n"));
            assert_eq!(faults.len(), 1, "{chord}: {faults:?}");
            assert!(faults[0].message.contains(why), "{chord}: {faults:?}");
            assert_eq!(faults[0].place.map(|place| place.line), Some(2));
            assert_eq!(means(&keymap, "Ctrl-]"), Meaning::Begun);
        }
        for chord in ["Ctrl-a", "Ctrl-\\\\", "Ctrl-Space", "Alt-x", "Ctrl-Left"] {
            let (_, faults) = Keymap::read(&format!("[shell]\nchord = \"{chord}\"\n"));
            assert_eq!(faults, [], "{chord}");
        }
        let (keymap, faults) = Keymap::read("[shell]\nchord = \"F12\"\n");
        assert_eq!(faults, []);
        assert_eq!(means(&keymap, "F12 c"), Meaning::Action(Action::NewTab));
    }
}
