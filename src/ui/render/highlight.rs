//! Code in colour: what its words are, as roles of the theme.
//!
//! [`highlight`] is slow: about 10 ms a kilobyte, and 50 to 130 ms more for the first code of a language, whose patterns then
//! take 5 to 20 MB. So nobody who draws calls it: [`Highlights`] answers at once with what is known, and remembers what was
//! missing, to be asked for by [`Effect::Load`] after the layout. Patterns that nobody needed for a minute are dropped.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Span;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::super::effect::{Effect, Load};
use super::super::text;
use super::super::theme::{Role, Theme};
use crate::domain::time::Timestamp;

/// Longer code stays plain from here on, in bytes.
const LONGEST: usize = 48 * 1024;
/// A longer line is nothing that people wrote; it stays plain, in bytes.
const LONGEST_LINE: usize = 1_000;
/// So long the syntaxes stay in memory after code was seen.
const WARM: Duration = Duration::from_secs(50);
/// So much code is remembered in colour, in pieces. What is on the screen needs a few.
const MOST_KNOWN: usize = 200;

/// What the words of each line are: parts with their place in the line in bytes, in order, apart from each other. What is
/// in none is plain. There may be fewer lines than the code has.
pub(crate) type Painted = Vec<Vec<(Role, Range<usize>)>>;

/// What tells the language of code: the word behind a fence, or the end of a file's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Hint(String);

impl Hint {
    /// From what follows a fence: `rust,ignore`.
    pub(crate) fn of_fence(info: &str) -> Option<Self> {
        let word = info
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | ':'))
            .find(|word| !word.is_empty())?;
        Some(Self::named(word))
    }

    /// From a file's name: `src/main.rs`, `Makefile`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next()?;
        let word = name.rsplit_once('.').map_or(name, |(_, end)| end);
        (!word.is_empty()).then(|| Self::named(word))
    }

    fn named(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        // Languages that the set lacks, and one that reads much like them.
        let near = match word.as_str() {
            "ts" | "tsx" | "jsx" | "mjs" | "cjs" | "typescript" => "js",
            "shell" | "console" | "fish" | "ksh" => "sh",
            "toml" | "ini" | "cfg" | "conf" | "lock" => "properties",
            "jsonc" | "json5" | "jsonl" => "json",
            "vue" | "svelte" => "html",
            "scss" | "less" => "css",
            "golang" => "go",
            "csharp" => "cs",
            "kt" | "kotlin" => "java",
            _ => return Self(word),
        };
        Self(near.to_owned())
    }
}

/// The syntaxes with the patterns that were needed so far, unpacked when code is seen: most sessions begin without any. The
/// last one who has them drops them.
#[derive(Clone, Default)]
pub(crate) struct Syntaxes(Arc<OnceLock<SyntaxSet>>);

impl Syntaxes {
    fn get(&self) -> &SyntaxSet {
        self.0.get_or_init(SyntaxSet::load_defaults_newlines)
    }
}

impl PartialEq for Syntaxes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Syntaxes {}

impl std::fmt::Debug for Syntaxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Syntaxes")
    }
}

fn syntax<'a>(set: &'a SyntaxSet, hint: &Hint) -> Option<&'a SyntaxReference> {
    let plain = "Plain Text";
    let found = set.find_syntax_by_token(&hint.0)?;
    (found.name != plain).then_some(found)
}

/// What scopes mean, the first that fits decides; scopes of a stack are asked from the innermost.
fn rules() -> &'static [(Scope, Option<Role>)] {
    static RULES: OnceLock<Vec<(Scope, Option<Role>)>> = OnceLock::new();
    RULES.get_or_init(|| {
        [
            ("comment", Some(Role::SyntaxComment)),
            ("constant.numeric", Some(Role::SyntaxNumber)),
            ("constant", Some(Role::SyntaxNumber)),
            ("string", Some(Role::SyntaxString)),
            ("storage", Some(Role::SyntaxKeyword)),
            ("keyword", Some(Role::SyntaxKeyword)),
            ("variable.language", Some(Role::SyntaxKeyword)),
            ("entity.name.function", Some(Role::SyntaxFunction)),
            ("entity.name.macro", Some(Role::SyntaxFunction)),
            ("variable.function", Some(Role::SyntaxFunction)),
            ("support.function", Some(Role::SyntaxFunction)),
            ("support.macro", Some(Role::SyntaxFunction)),
            ("entity.name.tag", Some(Role::SyntaxKeyword)),
            ("entity.name", Some(Role::SyntaxType)),
            ("entity.other.inherited-class", Some(Role::SyntaxType)),
            ("entity.other.attribute-name", Some(Role::SyntaxFunction)),
            ("support.type.property-name", Some(Role::SyntaxFunction)),
            ("support", Some(Role::SyntaxType)),
            // Code inside of a text.
            ("source", None),
            ("meta.interpolation", None),
        ]
        .into_iter()
        .filter_map(|(scope, role)| Some((Scope::new(scope).ok()?, role)))
        .collect()
    })
}

fn role(stack: &ScopeStack) -> Option<Role> {
    stack.scopes.iter().rev().find_map(|scope| {
        let rule = rules().iter().find(|(rule, _)| rule.is_prefix_of(*scope));
        rule.map(|(_, role)| *role)
    })?
}

/// What the words of `code` are. `None` when its language is not known. Slow: not for the thread that draws.
pub(crate) fn highlight(code: &str, hint: &Hint, syntaxes: &Syntaxes) -> Option<Painted> {
    let syntaxes = syntaxes.get();
    let mut state = ParseState::new(syntax(syntaxes, hint)?);
    let mut stack = ScopeStack::new();
    let mut painted = Painted::new();
    for line in text::first_bytes(code, LONGEST).split_inclusive('\n') {
        if line.len() > LONGEST_LINE {
            painted.push(Vec::new());
            continue;
        }
        let with_end = match line.strip_suffix('\n') {
            Some(_) => line.to_owned(),
            None => format!("{line}\n"),
        };
        // A syntax that fails on a line fails on those that follow: what is painted so far is good.
        let Ok(changes) = state.parse_line(&with_end, syntaxes) else {
            return Some(painted);
        };
        let end = line.trim_end_matches(['\n', '\r']).len();
        let mut parts: Vec<(Role, Range<usize>)> = Vec::new();
        let mut from = 0;
        for (at, change) in changes {
            push(&mut parts, line, from..at.min(end), &stack);
            from = at.min(end);
            if stack.apply(&change).is_err() {
                return Some(painted);
            }
        }
        push(&mut parts, line, from..end, &stack);
        painted.push(parts);
    }
    Some(painted)
}

fn push(
    parts: &mut Vec<(Role, Range<usize>)>,
    line: &str,
    range: Range<usize>,
    stack: &ScopeStack,
) {
    let Some(content) = line.get(range.clone()) else {
        return;
    };
    if content.trim().is_empty() {
        return;
    }
    let Some(role) = role(stack) else {
        return;
    };
    // Operators are keywords to most syntaxes; only words are to be seen as such.
    if role == Role::SyntaxKeyword && !content.contains(char::is_alphanumeric) {
        return;
    }
    match parts.last_mut() {
        Some((last, before)) if *last == role && before.end == range.start => {
            before.end = range.end;
        }
        _ => parts.push((role, range)),
    }
}

/// A line of code as spans: `base` below, the roles of its parts above.
pub(crate) fn spans(
    line: &str,
    parts: &[(Role, Range<usize>)],
    base: Style,
    theme: &Theme,
) -> Vec<Span<'static>> {
    let mut spans = Vec::with_capacity(parts.len() * 2 + 1);
    let mut at = 0;
    let mut add = |range: Range<usize>, style: Style| {
        if let Some(content) = line.get(range).filter(|content| !content.is_empty()) {
            spans.push(Span::styled(text::clean(content).into_owned(), style));
        }
    };
    for (role, range) in parts {
        add(at..range.start, base);
        add(range.clone(), base.patch(theme.style(*role)));
        at = range.end.max(at);
    }
    add(at..line.len(), base);
    spans
}

/// Which piece of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u64);

/// What is known of a piece of code.
#[derive(Debug)]
struct Known {
    /// `None` until the answer comes, and where there is no answer to be had.
    painted: Option<Arc<Painted>>,
    used: u64,
}

/// Code that was seen, in colour. Asks for what is missing; forgets what was not looked at for long.
#[derive(Debug, Default)]
pub(crate) struct Highlights {
    known: HashMap<Key, Known>,
    /// Counts the questions, to know what was not used for long.
    clock: u64,
    wishes: Vec<Effect>,
    syntaxes: Syntaxes,
    /// When code was asked for, as long as the syntaxes are in memory for it.
    warm: Option<Timestamp>,
}

impl Highlights {
    /// The code in colour, as far as that is known now: `Ok`, or by which key to look again.
    pub(crate) fn paint(&mut self, code: &str, hint: &Hint) -> Result<Arc<Painted>, Key> {
        let mut hasher = DefaultHasher::new();
        (hint, code).hash(&mut hasher);
        let key = Key(hasher.finish());
        self.clock += 1;
        if let Some(known) = self.known.get_mut(&key) {
            known.used = self.clock;
            return known.painted.clone().ok_or(key);
        }
        self.make_room();
        let used = self.clock;
        self.known.insert(
            key,
            Known {
                painted: None,
                used,
            },
        );
        self.wishes.push(Effect::Load(Load::Highlight {
            key,
            code: text::first_bytes(code, LONGEST).to_owned(),
            hint: hint.clone(),
            syntaxes: self.syntaxes.clone(),
        }));
        Err(key)
    }

    /// Whether the code with this key is in colour now.
    pub(crate) fn has(&self, key: Key) -> bool {
        let known = self.known.get(&key);
        known.is_some_and(|known| known.painted.is_some())
    }

    /// What was missing since the last time. When nothing was for long, the syntaxes go.
    pub(crate) fn wishes(&mut self, now: Timestamp) -> Vec<Effect> {
        if !self.wishes.is_empty() {
            self.warm = Some(now);
        } else if self.warm.is_some_and(|warm| now.since(warm) >= WARM) {
            self.warm = None;
            let syntaxes = std::mem::take(&mut self.syntaxes);
            self.wishes
                .push(Effect::Load(Load::ForgetSyntaxes(syntaxes)));
        }
        std::mem::take(&mut self.wishes)
    }

    /// An answer. Code of a language that nobody knows stays plain.
    pub(crate) fn loaded(&mut self, key: Key, painted: Option<Painted>) {
        if let Some(known) = self.known.get_mut(&key) {
            known.painted = painted.map(Arc::new);
        }
    }

    fn make_room(&mut self) {
        if self.known.len() < MOST_KNOWN {
            return;
        }
        let mut used: Vec<u64> = self.known.values().map(|known| known.used).collect();
        used.sort_unstable();
        let middle = used.get(used.len() / 2).copied().unwrap_or(0);
        self.known.retain(|_, known| known.used >= middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(code: &str, hint: &Hint) -> Vec<Vec<(Role, String)>> {
        let painted = highlight(code, hint, &Syntaxes::default()).expect("a known language");
        let lines = code.lines().zip(painted);
        lines
            .map(|(line, parts)| {
                let word = |(role, range): (Role, Range<usize>)| (role, line[range].to_owned());
                parts.into_iter().map(word).collect()
            })
            .collect()
    }

    #[test]
    fn words_of_code_have_roles() {
        let hint = Hint::of_fence("rust,ignore").expect("a hint");
        let code = "// why\nfn main() {\n    let x = 42;\n    println!(\"ä {x}\");\n}\n";
        let words = words(code, &hint);
        let has = |line: usize, role: Role, word: &str| {
            assert!(
                words[line]
                    .iter()
                    .any(|(r, w)| *r == role && w.contains(word)),
                "{word}: {:?}",
                words[line]
            );
        };
        has(0, Role::SyntaxComment, "why");
        has(1, Role::SyntaxKeyword, "fn");
        has(1, Role::SyntaxFunction, "main");
        has(2, Role::SyntaxNumber, "42");
        has(3, Role::SyntaxString, "ä ");
        assert!(words[4].is_empty(), "{words:?}");
    }

    #[test]
    fn a_language_is_told_by_fence_or_path() {
        for hint in [
            Hint::of_path("src/main.rs"),
            Hint::of_fence("Rust"),
            Hint::of_fence("ts"),
            Hint::of_path("a/b.tsx"),
            Hint::of_fence("python {.x}"),
            Hint::of_path("Cargo.toml"),
            Hint::of_path("Makefile"),
            Hint::of_fence("bash"),
            Hint::of_fence("json"),
            Hint::of_fence("yaml"),
        ] {
            assert!(
                hint.as_ref()
                    .is_some_and(|hint| syntax(Syntaxes::default().get(), hint).is_some()),
                "{hint:?}"
            );
        }
        for hint in [Hint::of_path("notes.txt"), Hint::of_fence("nonsense")] {
            assert!(hint.is_some_and(|hint| syntax(Syntaxes::default().get(), &hint).is_none()));
        }
        assert_eq!(Hint::of_fence(""), None);
        assert_eq!(Hint::of_path("folder/"), None);
    }

    #[test]
    fn what_is_missing_is_asked_for_once() {
        let mut highlights = Highlights::default();
        let hint = Hint::of_fence("rust").expect("a hint");
        let key = highlights
            .paint("fn x() {}", &hint)
            .expect_err("nothing yet");
        assert_eq!(highlights.paint("fn x() {}", &hint), Err(key));
        let at = |seconds: i64| Timestamp(seconds * 1_000);
        assert_eq!(highlights.wishes(at(0)).len(), 1);
        assert!(highlights.wishes(at(20)).is_empty() && !highlights.has(key));
        let idle = highlights.wishes(at(60));
        assert!(matches!(idle[..], [Effect::Load(Load::ForgetSyntaxes(_))]));
        assert!(highlights.wishes(at(120)).is_empty());
        highlights.loaded(key, highlight("fn x() {}", &hint, &Syntaxes::default()));
        assert!(highlights.has(key));
        assert!(highlights.paint("fn x() {}", &hint).is_ok());
        for number in 0..1_000 {
            drop(highlights.paint(&format!("let x = {number};"), &hint));
        }
        assert!(highlights.known.len() <= MOST_KNOWN);
    }

    #[test]
    fn spans_join_to_the_line_again() {
        let line = "let ä = \"漢\";";
        let hint = Hint::of_fence("rust").expect("a hint");
        let painted = highlight(line, &hint, &Syntaxes::default()).expect("painted");
        let joined: String = spans(line, &painted[0], Style::new(), &Theme::plain())
            .iter()
            .map(|span| span.content.as_ref())
            .collect();
        assert_eq!(joined, line);
        // Parts that don't belong to the line do no harm.
        let wrong = [(Role::SyntaxType, 5..6), (Role::SyntaxType, 90..99)];
        drop(spans(line, &wrong, Style::new(), &Theme::plain()));
    }
}
