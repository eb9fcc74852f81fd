//! A pitboss plan: front matter with `current_phase`, a preamble, and `# Phase <id>: <title>` headings with the work below them.
//! (Format as of pitboss 0.4: `src/plan/parse.rs` of its repository.)

use std::collections::HashSet;

use super::draft::title_of;
use super::markdown::{self, Heading, Outline};
use super::{ConvertError, Converted, Draft, LeftOut, line_of};
use crate::tickets::front_matter::FrontMatter;
use crate::tickets::yaml::{self, Node};

/// Where the phases begin, and the phase that is next.
struct Plan<'t> {
    body: &'t str,
    /// The line of the file on which the body begins, from 0.
    above: usize,
    current: Option<String>,
    other_keys: Vec<String>,
}

/// Whether the front matter says which phase is next.
pub(super) fn has_pointer(text: &str) -> bool {
    plan(text).current.is_some() && has_phases(text)
}

/// Whether there are headings of phases.
pub(super) fn has_phases(text: &str) -> bool {
    let outline = markdown::outline(plan(text).body);
    outline.headings.iter().any(is_phase)
}

fn plan(text: &str) -> Plan<'_> {
    let whole = Plan {
        body: text,
        above: 0,
        current: None,
        other_keys: Vec::new(),
    };
    let Ok(parts) = FrontMatter::find(text) else {
        return whole;
    };
    let Ok(root) = yaml::read(&text[parts.yaml.clone()]) else {
        return whole;
    };
    let entries = root.entries().unwrap_or_default();
    let key_of = |(name, _value): &(Node, Node)| name.text().map(str::to_owned);
    let current = entries
        .iter()
        .find(|(name, _value)| name.text() == Some("current_phase"));
    Plan {
        body: &text[parts.body.clone()],
        above: text[..parts.body.start].matches('\n').count(),
        current: current.and_then(|(_name, value)| value.text().map(str::to_owned)),
        other_keys: entries
            .iter()
            .filter_map(key_of)
            .filter(|key| key != "current_phase")
            .collect(),
    }
}

fn is_phase(heading: &Heading) -> bool {
    heading.level == 1 && heading.text.starts_with("Phase ")
}

/// Each phase from the current one on becomes a ticket that depends on the one before; the text above them is shared by all.
pub(super) fn convert(text: &str) -> Result<Converted, ConvertError> {
    let plan = plan(text);
    let outline = markdown::outline(plan.body);
    let phases: Vec<_> = outline
        .headings
        .iter()
        .filter(|one| is_phase(one))
        .collect();
    let wrong = |offset: usize, message: String| ConvertError::Wrong {
        line: plan.above + line_of(plan.body, offset),
        message,
    };
    let Some(first) = phases.first() else {
        return Err(wrong(
            0,
            "there are no phases: write `# Phase 01: what it is about` above each".to_owned(),
        ));
    };
    let mut converted = Converted {
        shared: Some(plan.body[..first.range.start].trim())
            .filter(|shared| !shared.is_empty())
            .map(|shared| format!("{shared}\n")),
        ..Converted::default()
    };
    for key in &plan.other_keys {
        let what = format!("`{key}` in the front matter");
        converted
            .left_out
            .push(LeftOut::new(what, "docket has no setting for it"));
    }
    let mut ids = HashSet::new();
    for (index, heading) in phases.iter().enumerate() {
        let end = phases
            .get(index + 1)
            .map_or(plan.body.len(), |next| next.range.start);
        let (id, title) = id_and_title(&heading.text).ok_or_else(|| {
            let found = &heading.text;
            wrong(
                heading.range.start,
                format!("`# {found}` is no phase: write `# Phase <number>: <title>`"),
            )
        })?;
        if !ids.insert(id) {
            return Err(wrong(
                heading.range.start,
                format!("there are two phases {id}: number them apart"),
            ));
        }
        converted
            .drafts
            .push(draft(&plan, &outline, heading, end, (id, title)));
    }
    if let Some(current) = &plan.current {
        leave_out_done(&mut converted, current).map_err(|message| wrong(0, message))?;
    }
    Ok(converted)
}

/// Phases before the current one are done there.
fn leave_out_done(converted: &mut Converted, current: &str) -> Result<(), String> {
    let item = item_of(current);
    let position = converted.drafts.iter().position(|draft| draft.item == item);
    let Some(position) = position else {
        return Err(format!(
            "`current_phase` is {current}, and there is no such phase: correct it, or take it out to import all"
        ));
    };
    for done in converted.drafts.drain(..position) {
        converted.left_out.push(LeftOut::new(
            format!("phase {}", done.title),
            format!("`current_phase` is {current}: done there already"),
        ));
    }
    if let Some(first) = converted.drafts.first_mut() {
        first.follows = false;
    }
    Ok(())
}

fn item_of(id: &str) -> String {
    format!("phase-{id}")
}

/// `Phase 01: Storage` taken apart. Ids begin with a digit and have letters, digits, `_` and `-` only.
fn id_and_title(text: &str) -> Option<(&str, &str)> {
    let (id, title) = text.strip_prefix("Phase ")?.split_once(':')?;
    let id = id.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (id.starts_with(|c: char| c.is_ascii_digit()) && id.len() <= 64 && id.chars().all(is_plain))
        .then_some((id, title.trim()))
}

fn draft(
    plan: &Plan<'_>,
    outline: &Outline,
    heading: &Heading,
    end: usize,
    (id, title): (&str, &str),
) -> Draft {
    let within = |offset: usize| (heading.range.end..end).contains(&offset);
    let acceptance = outline
        .entries
        .iter()
        .filter(|entry| within(entry.range.start) && !entry.head.is_empty())
        // A box anywhere is a checklist; without boxes, the list below `Acceptance` is.
        .filter(|entry| match entry.ticked {
            Some(ticked) => !ticked,
            None => entry.is_acceptance && entry.parent.is_none(),
        });
    let body = plan.body[heading.range.end..end].trim();
    let title = if title.is_empty() {
        format!("Phase {id}")
    } else {
        format!("{id}: {title}")
    };
    Draft {
        item: item_of(id),
        origin: plan.body[heading.range.start..end].trim_end().to_owned(),
        title: title_of(&title),
        acceptance: acceptance.map(|entry| entry.head.clone()).collect(),
        labels: vec![item_of(id)],
        follows: true,
        body: if body.is_empty() {
            title
        } else {
            body.to_owned()
        },
        ..Draft::default()
    }
}
