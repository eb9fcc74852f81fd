//! A plain Markdown checklist: each open entry is a ticket.

use std::collections::HashMap;

use super::draft::title_of;
use super::markdown::{self, Entry, Heading, dedent};
use super::{ConvertError, Converted, Draft, LeftOut, line_of};
use crate::domain::hash::sha256;

/// Whether a text has entries with boxes.
pub(super) fn has_entries(text: &str) -> bool {
    let outline = markdown::outline(text);
    outline.entries.iter().any(|entry| entry.ticked.is_some())
}

/// Open entries become tickets, in order and independent of each other. Entries inside of one are its acceptance; ticked ones are
/// left out, since nobody proved them here.
pub(super) fn convert(text: &str) -> Result<Converted, ConvertError> {
    let outline = markdown::outline(text);
    let mut converted = Converted::default();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for (index, entry) in outline.entries.iter().enumerate() {
        let around = |entry: &Entry| entry.parent.map(|parent| &outline.entries[parent]);
        let mut outer = std::iter::successors(around(entry), |entry| around(entry));
        if outer.any(|outer| outer.ticked.is_some()) {
            continue;
        }
        let line = line_of(text, entry.range.start);
        match entry.ticked {
            None => converted.left_out.extend(unknown_mark(entry, line)),
            Some(_) if entry.head.is_empty() => {
                converted.left_out.push(LeftOut::new(
                    format!("line {line}"),
                    "the entry has no words",
                ));
            }
            Some(true) => converted.left_out.push(LeftOut::new(
                format!("line {line}: {}", title_of(&entry.head)),
                "ticked already: nothing is left to do",
            )),
            Some(false) => {
                let inner: Vec<_> = outline
                    .entries
                    .iter()
                    .filter(|inner| inner.parent == Some(index))
                    .collect();
                let heading = heading_of(&outline.headings, entry);
                let mut draft = draft(text, entry, &inner, heading);
                let count = taken.entry(draft.item.clone()).or_default();
                *count += 1;
                if *count > 1 {
                    draft.item = format!("{}-{count}", draft.item);
                }
                converted.drafts.push(draft);
            }
        }
    }
    if converted.drafts.is_empty() && converted.left_out.is_empty() {
        return Err(ConvertError::Wrong {
            line: 1,
            message: "there are no `- [ ]` entries: write one for each piece of work".to_owned(),
        });
    }
    Ok(converted)
}

fn heading_of<'h>(headings: &'h [Heading], entry: &Entry) -> Option<&'h Heading> {
    let before = |heading: &&Heading| heading.range.start < entry.range.start;
    headings.iter().rev().find(before)
}

fn draft(text: &str, entry: &Entry, inner: &[&Entry], heading: Option<&Heading>) -> Draft {
    let origin = text.get(entry.range.clone()).unwrap_or_default().trim_end();
    let rest = text
        .get(entry.head_end..entry.range.end)
        .unwrap_or_default();
    let rest = dedent(rest.trim_end());
    let mut body = entry.head.clone();
    if !rest.trim().is_empty() {
        body.push_str("\n\n");
        body.push_str(rest.trim_matches('\n'));
    }
    if let Some(heading) = heading.filter(|heading| !heading.text.is_empty()) {
        body.push_str("\n\nFrom the section “");
        body.push_str(&heading.text);
        body.push_str("” of the list.");
    }
    let acceptance = inner
        .iter()
        .filter(|inner| inner.ticked == Some(false) && !inner.head.is_empty());
    let mut item = sha256(entry.head.as_bytes()).to_string();
    item.truncate(12);
    Draft {
        item,
        origin: origin.to_owned(),
        title: title_of(&entry.head),
        acceptance: acceptance.map(|inner| inner.head.clone()).collect(),
        body,
        ..Draft::default()
    }
}

/// An entry with a mark in its box that is neither open nor ticked: nobody can tell what it means.
fn unknown_mark(entry: &Entry, line: usize) -> Option<LeftOut> {
    let mut chars = entry.head.chars();
    let (open, mark, close) = (chars.next()?, chars.next()?, chars.next()?);
    (open == '[' && close == ']' && chars.next().is_none_or(char::is_whitespace)).then(|| {
        LeftOut::new(
            format!("line {line}: {}", title_of(&entry.head)),
            format!("`[{mark}]` is neither open (`[ ]`) nor ticked (`[x]`)"),
        )
    })
}
