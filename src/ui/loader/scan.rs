//! Looks through a part of a transcript. Lines that can't have what is looked for are told by their bytes and never parsed.

use std::path::Path;

use memchr::{memchr, memrchr};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::super::effect::{Part, Scanned};
use super::super::needle::{self, Hit, Needle};
use super::transcript::whole;
use crate::domain::item::{Entry, Item};
use crate::domain::time::Timestamp;

/// How much is looked through at once: little enough to be given up at any time, and to leave no trace in memory.
const PIECE: u64 = 1024 * 1024;

/// Looks through a part.
pub(super) fn scan(path: &Path, part: Part, needle: &Needle) -> Result<Scanned, String> {
    let whole = whole(path, part, PIECE)?;
    let start = whole.range.start;
    let mut scanned = Scanned {
        range: whole.range,
        length: whole.length,
        hits: Vec::new(),
    };
    match needle {
        Needle::Turn | Needle::After(_) => heads(&whole.bytes, start, needle, &mut scanned.hits),
        Needle::Words(_) | Needle::Failure | Needle::Edit => {
            lines(&whole.bytes, start, needle, &mut scanned.hits);
        }
    }
    Ok(scanned)
}

/// Bytes that every line has that may have what is looked for.
fn prefilter(needle: &Needle) -> Option<Regex> {
    let (pattern, ignores_case) = match needle {
        Needle::Words(words) => {
            // As it stands between the quotes of JSON.
            let quoted = serde_json::to_string(words).ok()?;
            let inner = quoted.get(1..quoted.len() - 1)?;
            (regex::escape(inner), !needle::has_capitals(words))
        }
        Needle::Failure => (
            r#""type":"error"|"status":"failed"|"exit":(-|[1-9])"#.to_owned(),
            false,
        ),
        Needle::Edit => (r#""type":"diff"|"tool":"edit""#.to_owned(), false),
        Needle::Turn | Needle::After(_) => return None,
    };
    RegexBuilder::new(&pattern)
        .case_insensitive(ignores_case)
        .build()
        .ok()
}

fn lines(bytes: &[u8], start: u64, needle: &Needle, hits: &mut Vec<Hit>) {
    let Some(filter) = prefilter(needle) else {
        return;
    };
    let words = match needle {
        Needle::Words(words) => needle::pattern(words),
        _ => None,
    };
    let mut at = 0;
    while let Some(found) = filter.find_at(bytes, at) {
        let from = memrchr(b'\n', bytes.get(..found.start()).unwrap_or_default());
        let from = from.map_or(0, |newline| newline + 1);
        let rest = bytes.get(found.end()..).unwrap_or_default();
        let to = memchr(b'\n', rest).map_or(bytes.len(), |newline| found.end() + newline + 1);
        let line = bytes.get(from..to).unwrap_or_default();
        if let Ok(entry) = serde_json::from_slice::<Entry>(line)
            && let Some(group) = needle.group(&entry, words.as_ref())
        {
            hits.push(Hit {
                offset: start + from as u64,
                id: entry.id,
                group,
            });
        }
        at = to;
        if at >= bytes.len() {
            return;
        }
    }
}

/// What every line begins with.
#[derive(Deserialize)]
struct Head {
    id: u64,
    at: Timestamp,
    turn: u32,
}

/// Lines at which a count rises.
fn heads(bytes: &[u8], start: u64, needle: &Needle, hits: &mut Vec<Hit>) {
    let mut offset = start;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Ok(head) = serde_json::from_slice::<Head>(line) {
            let entry = Entry {
                id: head.id,
                at: head.at,
                turn: head.turn,
                parent: None,
                append: false,
                item: Item::Notice {
                    text: String::new(),
                },
            };
            let group = needle.group(&entry, None);
            if let Some(group) = group
                && hits.last().is_none_or(|last| last.group < group)
            {
                hits.push(Hit {
                    offset,
                    id: head.id,
                    group,
                });
            }
        }
        offset += line.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(items: &[(u64, u32, &str)]) -> (tempfile::NamedTempFile, Vec<u64>) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let mut offsets = Vec::new();
        let mut at = 0;
        for (id, turn, item) in items {
            let line = format!(
                "{{\"id\":{id},\"at\":{},\"turn\":{turn},\"item\":{item}}}\n",
                id * 10
            );
            offsets.push(at);
            at += line.len() as u64;
            file.write_all(line.as_bytes()).expect("write");
        }
        (file, offsets)
    }

    fn groups(file: &tempfile::NamedTempFile, needle: &Needle) -> Vec<(u64, u64)> {
        let scanned = scan(file.path(), Part::After(0), needle).expect("scanned");
        assert_eq!(scanned.range, 0..scanned.length);
        scanned
            .hits
            .iter()
            .map(|hit| (hit.offset, hit.group))
            .collect()
    }

    #[test]
    fn words_are_found_in_what_people_read_only() {
        let (file, offsets) = file(&[
            (1, 1, r#"{"type":"notice","text":"The \"Type\" is text"}"#),
            (2, 1, r#"{"type":"message","text":"nothing"}"#),
            (
                3,
                1,
                r#"{"type":"plan","entries":[{"text":"ÄNDERN","done":false}]}"#,
            ),
        ]);
        let words = |words: &str| groups(&file, &Needle::Words(words.to_owned()));
        assert_eq!(words("type"), [(offsets[0], 1)]);
        assert_eq!(words("\"type\" is"), [(offsets[0], 1)]);
        assert_eq!(words("Nothing"), []);
        assert_eq!(words("NOTHING"), []);
        assert_eq!(words("änd"), [(offsets[2], 3)]);
        assert_eq!(words("done"), []);
    }

    #[test]
    fn failures_edits_turns_and_times_are_found() {
        let (file, offsets) = file(&[
            (
                1,
                1,
                r#"{"type":"tool_call","tool":"edit","title":"x","status":"failed"}"#,
            ),
            (2, 1, r#"{"type":"tool_result","output":"","exit":0}"#),
            (3, 2, r#"{"type":"tool_result","output":"","exit":-9}"#),
            (4, 2, r#"{"type":"diff","path":"x","patch":""}"#),
            (5, 4, r#"{"type":"error","text":"x"}"#),
        ]);
        let at = |index: usize, group: u64| (offsets[index], group);
        assert_eq!(
            groups(&file, &Needle::Failure),
            [at(0, 1), at(2, 3), at(4, 5)]
        );
        assert_eq!(groups(&file, &Needle::Edit), [at(0, 1), at(3, 4)]);
        assert_eq!(groups(&file, &Needle::Turn), [at(0, 1), at(2, 2), at(4, 4)]);
        let times = Needle::After(vec![Timestamp(15), Timestamp(30)]);
        assert_eq!(groups(&file, &times), [at(1, 1), at(3, 2)]);
    }
}
