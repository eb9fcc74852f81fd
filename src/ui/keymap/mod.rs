//! Keys as data: one table gives dispatch, hints, the help and `docs/KEYS.md`.

mod chord;
mod conflict;
mod context;
mod default;
mod document;
mod file;
mod key;
mod listing;
mod preset;

use std::str::FromStr;

pub use document::document;
pub use file::KeyFault;
pub(crate) use key::{InvalidKey, Key};
pub use listing::{KeyConflict, KeyRow};

use super::action::Action;

/// Where a key means something. The model says which contexts hold, the first that knows the key decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    /// Everywhere but in the terminal, in popups and where text is typed.
    Global,
    /// In all panes but a terminal with a living shell.
    Panes,
    /// In the queue.
    Queue,
    /// In the transcript.
    Transcript,
    /// In the evidence.
    Evidence,
    /// In a terminal with a living shell: every other key goes to the shell.
    Shell,
    /// In a terminal whose program has ended, beside what holds in all of them.
    Ended,
    /// In a question.
    Confirm,
    /// Where text is typed; every other key edits.
    Input,
    /// Where the queue's filter is typed; every other key edits.
    Filter,
    /// Where words for an agent are typed, beside what holds for all typing.
    Composer,
    /// In the help.
    Help,
    /// On all pages but the editor.
    Page,
    /// On the inbox.
    Inbox,
    /// Where a diff is reviewed.
    Review,
    /// In the editor; every other key edits.
    Editor,
    /// On the overview.
    Overview,
    /// Where an action is looked for by its name; every other key edits.
    Palette,
    /// In the list of notes.
    Notes,
    /// In the editor's line: what to find, where to go, a name; every other key edits.
    Prompt,
    /// When the editor asks what becomes of a text that is not saved.
    Unsaved,
    /// When the editor shows what changed on the disk meanwhile.
    OnDisk,
    /// Where something is chosen from a list; every other key edits what is searched or typed.
    Choose,
    /// In the list of themes.
    Themes,
    /// Where a recording is played.
    Player,
    /// Where a terminal is read back; a number is how often.
    Copy,
}

impl Context {
    /// In the order of the help.
    pub(crate) const ALL: &[Self] = &[
        Self::Global,
        Self::Panes,
        Self::Queue,
        Self::Transcript,
        Self::Evidence,
        Self::Shell,
        Self::Ended,
        Self::Filter,
        Self::Input,
        Self::Composer,
        Self::Confirm,
        Self::Help,
        Self::Page,
        Self::Inbox,
        Self::Review,
        Self::Editor,
        Self::Overview,
        Self::Palette,
        Self::Notes,
        Self::Prompt,
        Self::Unsaved,
        Self::OnDisk,
        Self::Choose,
        Self::Themes,
        Self::Player,
        Self::Copy,
    ];

    /// What the help calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Panes => "In the panes",
            Self::Queue => "Queue",
            Self::Transcript => "Transcript",
            Self::Evidence => "Evidence",
            Self::Shell => "Terminal",
            Self::Ended => "A terminal whose program has ended",
            Self::Confirm => "A question",
            Self::Input => "Typing a reply or a reason",
            Self::Composer => "Words for an agent",
            Self::Filter => "Typing a filter",
            Self::Help => "Help",
            Self::Page => "On a page",
            Self::Inbox => "Inbox",
            Self::Review => "Review",
            Self::Editor => "Editor",
            Self::Overview => "Overview",
            Self::Palette => "Palette",
            Self::Notes => "Notes",
            Self::Prompt => "The editor's line",
            Self::Unsaved => "A text that is not saved",
            Self::OnDisk => "A file that changed meanwhile",
            Self::Choose => "Choosing from a list",
            Self::Themes => "Themes",
            Self::Player => "Playing a recording",
            Self::Copy => "Copy mode",
        }
    }
}

/// Keys, one after the other, and what they do in a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) context: Context,
    pub(crate) keys: Vec<Key>,
    pub(crate) action: Action,
    pub(crate) source: Source,
}

/// Who says that keys mean something. Later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// docket.
    Default,
    /// The preset that the user chose.
    Preset,
    /// The user's `keys.toml`.
    User,
}

impl Binding {
    /// The keys as people read them.
    pub(crate) fn label(&self) -> String {
        label(&self.keys)
    }
}

/// What the keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing.
    None,
    /// Something, when another key follows.
    Begun,
    /// This.
    Action(Action),
}

/// All bindings.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
    /// The key that begins docket's own sequences in a terminal.
    chord: Key,
}

impl Default for Keymap {
    fn default() -> Self {
        let binding = |&(context, keys, action): &(Context, &str, Action)| {
            Some(Binding {
                context,
                keys: sequence(keys).ok()?,
                action,
                source: Source::Default,
            })
        };
        Self {
            bindings: default::BINDINGS.iter().filter_map(binding).collect(),
            chord: Key::CHORD,
        }
    }
}

/// `g g` is two keys, one after the other.
fn sequence(text: &str) -> Result<Vec<Key>, InvalidKey> {
    text.split(' ').map(Key::from_str).collect()
}

/// Keys as people read them.
fn label(keys: &[Key]) -> String {
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    keys.join(" ")
}

impl Keymap {
    /// What `pressed` means where `contexts` hold.
    pub(crate) fn meaning(&self, contexts: &[Context], pressed: &[Key]) -> Meaning {
        for context in contexts {
            let mut meaning = Meaning::None;
            for binding in self.of(*context) {
                if binding.keys == pressed {
                    return Meaning::Action(binding.action);
                }
                if binding.keys.starts_with(pressed) {
                    meaning = Meaning::Begun;
                }
            }
            if meaning == Meaning::Begun {
                return meaning;
            }
        }
        Meaning::None
    }

    /// The bindings that could complete what was pressed.
    pub(crate) fn continuations(&self, contexts: &[Context], pressed: &[Key]) -> Vec<&Binding> {
        self.bindings
            .iter()
            .filter(|binding| contexts.contains(&binding.context))
            .filter(|binding| {
                binding.keys.len() > pressed.len() && binding.keys.starts_with(pressed)
            })
            .collect()
    }

    /// The bindings of one context, in the order of the table.
    pub(crate) fn of(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.bindings
            .iter()
            .filter(move |binding| binding.context == context)
    }

    /// The key that hints show for an action.
    pub(crate) fn key_for(&self, contexts: &[Context], action: Action) -> Option<String> {
        contexts.iter().find_map(|context| {
            let binding = self.of(*context).find(|binding| binding.action == action);
            binding.map(Binding::label)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_default_binding_is_sound() {
        let keymap = Keymap::default();
        assert_eq!(keymap.bindings.len(), default::BINDINGS.len());
        let mut seen = HashSet::new();
        for binding in &keymap.bindings {
            assert!(
                seen.insert((binding.context, binding.keys.clone())),
                "{} is bound twice",
                binding.label()
            );
            // A sequence must not be cut off by a shorter one.
            for end in 1..binding.keys.len() {
                let meaning = keymap.meaning(&[binding.context], &binding.keys[..end]);
                assert_eq!(meaning, Meaning::Begun, "{}", binding.label());
            }
        }
    }

    #[test]
    fn every_action_has_a_key() {
        let keymap = Keymap::default();
        for action in Action::ALL {
            let is_bound = keymap
                .bindings
                .iter()
                .any(|binding| binding.action == *action);
            assert!(is_bound, "{} has no key", action.name());
        }
    }

    #[test]
    fn sequences_wait_for_their_second_key() {
        let keymap = Keymap::default();
        let keys = sequence("g g").expect("keys");
        let contexts = [Context::Queue, Context::Global];
        assert_eq!(keymap.meaning(&contexts, &keys[..1]), Meaning::Begun);
        assert_eq!(
            keymap.meaning(&contexts, &keys),
            Meaning::Action(Action::Top)
        );
        assert_eq!(keymap.continuations(&contexts, &keys[..1]).len(), 1);
        let strange = sequence("g q").expect("keys");
        assert_eq!(keymap.meaning(&contexts, &strange), Meaning::None);
    }
}
