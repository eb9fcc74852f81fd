//! Keeps secrets out of logs and evidence: keys of known shapes, and the values of secret variables.
//!
//! What is redacted is a line, or a text of several: never a piece of one, in which half a key would go unseen. A line of
//! JSON stays JSON.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::{Regex, RegexBuilder};
use serde::de::IgnoredAny;
use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Shorter values are no secrets, and would be found everywhere.
const SHORTEST: usize = 8;

/// A line of a value of several lines is looked for by itself when it is so long: a key shows its lines one by one.
const SHORTEST_LINE: usize = 16;

/// A private key without an end is over after so many lines.
const LONGEST_KEY: u32 = 200;

/// The patterns of the program's own size are small; those of values may be long.
const SIZE_LIMIT: usize = 256 << 20;

/// What keys look like. Prefixes are the providers' own; lengths are below those of any key that they give out.
const SHAPES: &[&str] = &[
    // OpenAI, Anthropic, OpenRouter and others; bounded, because a hit may be refused, and then the next may overlap.
    r"sk-[A-Za-z0-9_-]{20,200}",
    // GitHub, GitLab.
    r"gh[opusr]_[A-Za-z0-9]{30,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"gl(?:pat|rt|dt|cbt|ptt|soat)-[A-Za-z0-9_-]{20,}",
    // Slack, Google, Amazon, Hugging Face, Groq, xAI, Stripe, npm, PyPI.
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"A(?:KIA|SIA)[A-Z0-9]{16}",
    r"hf_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{40,}",
    r"xai-[A-Za-z0-9]{40,}",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{50,}",
    // JSON Web Tokens: the first part is an object in base64.
    r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]+)+",
    // A private key: with its end, or as far as it goes.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[A-Za-z0-9+/=\\:,.@() \t\r\n-]*?-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----",
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[A-Za-z0-9+/=\\ \t\r\n]*",
    // The header that carries them, and a password in an address.
    r"(?:[Bb]earer|BEARER) +[A-Za-z0-9._~+/=-]{20,}",
    r"://[^/ \t\r\n:@\x22\x27\\<>]*:[^/ \t\r\n@\x22\x27\\<>]{3,}@",
];

static KNOWN: LazyLock<Result<Regex, regex::Error>> =
    LazyLock::new(|| RegexBuilder::new(&SHAPES.join("|")).build());

/// Why secrets can't be kept out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("secrets can't be looked for: {why}")]
pub struct RedactorError {
    why: String,
}

impl From<&regex::Error> for RedactorError {
    fn from(error: &regex::Error) -> Self {
        Self {
            why: match error {
                // The pattern is made of secrets: it is not for the eye.
                regex::Error::Syntax(_) => "a pattern is malformed".to_owned(),
                other => other.to_string(),
            },
        }
    }
}

/// Finds secrets in what is to be stored. Made once for an attempt, and shared.
pub struct Redactor {
    shapes: &'static Regex,
    /// The values of secret variables, in every spelling; `None` when there are none.
    values: Option<Regex>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor of known key shapes and of the values of those `variables` whose names say that they are secret.
    pub fn new<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, RedactorError> {
        let mut spellings = Vec::new();
        for (name, value) in variables {
            let name = name.as_ref().to_string_lossy();
            let value = value.as_ref().to_string_lossy();
            if is_secret(&name, &value) {
                add_spellings(value.trim(), &mut spellings);
            }
        }
        // The longest first: of two that begin alike, that one is meant.
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        let patterns: Vec<_> = spellings.iter().map(|value| regex::escape(value)).collect();
        let values = (!patterns.is_empty()).then(|| {
            RegexBuilder::new(&patterns.join("|"))
                .size_limit(SIZE_LIMIT)
                .build()
        });
        Ok(Self {
            shapes: KNOWN.as_ref()?,
            values: values
                .transpose()
                .map_err(|error| RedactorError::from(&error))?,
        })
    }

    /// The text without its secrets. A line of JSON stays JSON: what is a secret in its strings is found in their
    /// escaped form.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let redacted = without(text, &found);
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        let looks_like_json = text.trim_start().starts_with(['{', '[', '"']);
        if looks_like_json && !is_json(&redacted) && is_json(text) {
            return Cow::Owned(self.redact_values(text).unwrap_or_else(|| REDACTED.into()));
        }
        Cow::Owned(redacted)
    }

    /// The lines of a text, from 1, in which a secret begins that isn't in the text `before` it.
    pub fn new_secrets(&self, text: &str, before: Option<&str>) -> Vec<u32> {
        let found = self.find(text);
        if found.is_empty() {
            return Vec::new();
        }
        let before = before.unwrap_or_default();
        let known: HashSet<&str> = self
            .find(before)
            .into_iter()
            .map(|at| &before[at])
            .collect();
        let (mut lines, mut line, mut seen) = (Vec::new(), 1, 0);
        for at in found {
            let breaks = text[seen..at.start].bytes().filter(|byte| *byte == b'\n');
            line += u32::try_from(breaks.count()).unwrap_or(u32::MAX - line);
            seen = at.start;
            if !known.contains(&text[at]) && lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// The same where a secret stands in the way of the syntax: value by value.
    fn redact_values(&self, text: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        self.redact_value(&mut value);
        serde_json::to_string(&value).ok()
    }

    fn redact_value(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let digits = number.to_string();
                if self.find(&digits).first() == Some(&(0..digits.len())) {
                    *value = REDACTED.into();
                }
            }
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.redact(text) {
                    *text = redacted;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.redact_value(value)),
            Value::Object(fields) => {
                let old = std::mem::take(fields);
                for (name, mut value) in old {
                    self.redact_value(&mut value);
                    fields.insert(self.redact(&name).into_owned(), value);
                }
            }
        }
    }

    /// Where secrets are, in order and apart.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while let Some(hit) = self.shapes.find_at(text, from) {
            match secret_part(text, hit.range()) {
                Some(range) => {
                    from = hit.end();
                    found.push(range);
                }
                // A key may begin within what only looked like one; shapes begin with ASCII.
                None => from = hit.start() + 1,
            }
        }
        if let Some(values) = &self.values {
            found.extend(values.find_iter(text).map(|hit| hit.range()));
        }
        found.sort_by_key(|range| (range.start, range.end));
        let mut apart: Vec<Range<usize>> = Vec::new();
        for range in found {
            match apart.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    }
}

/// Redacts a text that comes line by line: a private key is recognised over its lines.
#[derive(Debug, Clone)]
pub struct LineRedactor {
    redactor: Arc<Redactor>,
    /// How many lines of a private key went by, within one.
    within: Option<u32>,
}

impl LineRedactor {
    /// For one text, from its beginning.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            within: None,
        }
    }

    /// The next line, without its secrets.
    pub fn line<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        if let Some(lines) = self.within {
            let is_end = line.contains("-----END ");
            self.within = (!is_end && lines < LONGEST_KEY).then_some(lines + 1);
            return Cow::Borrowed(REDACTED);
        }
        let begins = |at: usize| {
            let rest = &line[at..];
            rest.contains("PRIVATE KEY") && !rest.contains("-----END ")
        };
        // A line of JSON holds the whole key.
        if !line.starts_with('{') && line.rfind("-----BEGIN ").is_some_and(begins) {
            self.within = Some(0);
        }
        self.redactor.redact(line)
    }
}

fn without(text: &str, found: &[Range<usize>]) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut from = 0;
    for range in found {
        redacted.push_str(&text[from..range.start]);
        redacted.push_str(REDACTED);
        from = range.end;
    }
    redacted.push_str(&text[from..]);
    redacted
}

/// What of a hit is secret; `None` when it only looks like a key.
fn secret_part(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let found = &text[hit.clone()];
    let has_digit = || found.bytes().any(|byte| byte.is_ascii_digit());
    if found.starts_with("-----") {
        return Some(hit);
    }
    if let Some(rest) = found.strip_prefix("://") {
        // The name stays, the password goes.
        let name = rest.find(':')?;
        return Some(hit.start + 3 + name + 1..hit.end - 1);
    }
    if found.len() > 6 && found[..6].eq_ignore_ascii_case("bearer") {
        let blanks = found[6..].bytes().take_while(|byte| *byte == b' ').count();
        return has_digit().then_some(hit.start + 6 + blanks..hit.end);
    }
    if found.starts_with("sk-") {
        // `task-notification-…` begins no key, and a key without a digit is a word.
        let is_key = begins_word(&text.as_bytes()[..hit.start]) && has_digit();
        return is_key.then(|| hit.start..end_of_word(text, hit.end));
    }
    if found.starts_with('A') && !begins_word(&text.as_bytes()[..hit.start]) {
        return None;
    }
    Some(hit)
}

/// Where the word that goes on at `from` ends.
fn end_of_word(text: &str, from: usize) -> usize {
    let rest = text.as_bytes()[from..].iter();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    from + rest.take_while(is_part).count()
}

/// Whether a word begins after this text: the end of an escape sequence is no letter.
fn begins_word(before: &[u8]) -> bool {
    let Some((last, rest)) = before.split_last() else {
        return true;
    };
    if !last.is_ascii_alphanumeric() && *last != b'_' {
        return true;
    }
    // `\n`, and `\u001b`, in JSON.
    if b"nrtbf".contains(last) && rest.last() == Some(&b'\\') {
        return true;
    }
    if let Some(start) = before.len().checked_sub(6)
        && before[start..].starts_with(b"\\u")
    {
        return true;
    }
    // `ESC [ 31 m`: a colour.
    if *last == b'm' {
        let digits = rest
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b';')
            .count();
        return rest.len().checked_sub(digits + 1).map(|at| rest[at]) == Some(b'[');
    }
    false
}

/// Whether a variable holds a secret, by its name. A path to a secret is none.
pub fn is_secret(name: &str, value: &str) -> bool {
    const ANYWHERE: &[&str] = &[
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "CREDENTIAL",
        "APIKEY",
    ];
    const ENDS: &[&str] = &[
        "KEY",
        "KEYS",
        "PASS",
        "PAT",
        "COOKIE",
        "AUTH",
        "AUTHORIZATION",
    ];
    const PLACES: &[&str] = &["FILE", "PATH", "DIR", "HOME", "SOCK", "SOCKET"];
    let name = name.to_ascii_uppercase();
    let words = || name.split(['_', '-', '.']);
    let is_named = ANYWHERE.iter().any(|word| name.contains(word))
        || words().any(|word| ENDS.iter().any(|end| word.ends_with(end)) && !is_other_word(word));
    let is_place = value.starts_with('/')
        && words()
            .next_back()
            .is_some_and(|last| PLACES.iter().any(|place| last.ends_with(place)));
    is_named && !is_place && value.trim().chars().count() >= SHORTEST
}

/// Words that end like a secret and are none.
fn is_other_word(word: &str) -> bool {
    const OTHERS: &[&str] = &[
        "MONKEY", "HOTKEY", "BYPASS", "COMPASS", "REPEAT", "FORMAT", "COMPAT",
    ];
    OTHERS.iter().any(|other| word.ends_with(other))
}

/// A value as it may be written: as it is, and escaped in JSON once and twice (JSON within a string of JSON).
fn add_spellings(value: &str, spellings: &mut Vec<String>) {
    let lines = value
        .lines()
        .map(str::trim)
        .filter(|line| line.chars().count() >= SHORTEST_LINE && *line != value);
    for text in std::iter::once(value).chain(lines) {
        let mut forms = vec![text.to_owned()];
        for level in 0..2 {
            let known = forms.clone();
            for form in known.iter().skip(usize::from(level > 0)) {
                forms.push(escaped(form, false));
                forms.push(escaped(form, true));
                forms.push(escaped(form, false).replace('/', "\\/"));
            }
        }
        forms.sort();
        forms.dedup();
        spellings.append(&mut forms);
    }
}

/// The text in a string of JSON, without the quotes.
fn escaped(text: &str, ascii: bool) -> String {
    use fmt::Write as _;
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').unwrap_or(&quoted);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !ascii {
        return inner.to_owned();
    }
    let mut text = String::with_capacity(inner.len());
    for character in inner.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a text can't fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}
