//! Code of a diff in colour. Hunks are coloured whole, each side by itself, so that a comment or a text over several lines is
//! seen as such; of long hunks only the part that is near to what is looked at.

use std::ops::Range;
use std::sync::Arc;

use super::paint::content;
use super::unified::{Kind, Unified};
use crate::ui::render::highlight::{Highlights, Hint, Key, Painted};
use crate::ui::theme::Role;

/// A part of a hunk has so many lines at most.
const LINES: usize = 400;
/// Parts of long hunks begin at multiples of it.
const STEP: usize = 200;
/// So much code of a side is coloured, in bytes.
const LONGEST: usize = 48 * 1024;
/// So many parts are kept: more than a screen has hunks.
const MOST: usize = 64;

/// One side of a part.
#[derive(Debug)]
enum Side {
    /// It stays plain.
    Plain,
    /// Its colours have not come yet.
    Waiting(Key),
    Painted(Arc<Painted>),
}

/// A part of a hunk.
#[derive(Debug)]
struct Part {
    /// Lines of the diff.
    lines: Range<usize>,
    /// Where each of them is in the text of its side.
    places: Vec<usize>,
    old: Side,
    new: Side,
}

/// The colours of what was looked at last.
#[derive(Debug, Default)]
pub(super) struct Colours {
    parts: Vec<Part>,
}

impl Colours {
    /// The diff is another one.
    pub(super) fn forget(&mut self) {
        self.parts.clear();
    }

    /// Whether colours have come that were waited for: then what was laid out is old.
    pub(super) fn take(&mut self, highlights: &Highlights) -> bool {
        let has_come = |side: &Side| matches!(side, Side::Waiting(key) if highlights.has(*key));
        let before = self.parts.len();
        // They are asked for again, and come at once.
        self.parts
            .retain(|part| !has_come(&part.old) && !has_come(&part.new));
        self.parts.len() != before
    }

    /// Asks for the colours of a line and of what is around it.
    pub(super) fn want(
        &mut self,
        diff: &Unified,
        line: usize,
        ascii: bool,
        highlights: &mut Highlights,
    ) {
        let is_known = self
            .parts
            .iter()
            .rev()
            .any(|part| part.lines.contains(&line));
        if is_known || !is_code(diff, line) {
            return;
        }
        let file = diff.files().get(diff.file_of(line));
        let hint = file.and_then(|file| Hint::of_path(&file.path));
        let lines = part_of(diff, line);
        let (mut old, mut new) = (String::new(), String::new());
        let (mut old_count, mut new_count) = (0, 0);
        let mut places = Vec::with_capacity(lines.len());
        for index in lines.clone() {
            let kind = diff.line(index).map(|line| line.kind);
            places.push(match kind {
                Some(Kind::Removed) => old_count,
                _ => new_count,
            });
            let (is_old, is_new) = match kind {
                Some(Kind::Context) => (true, true),
                Some(Kind::Removed) => (true, false),
                Some(Kind::Added) => (false, true),
                _ => continue,
            };
            let code = content(diff, index, ascii);
            for (is_in, text, count) in [
                (is_old, &mut old, &mut old_count),
                (is_new, &mut new, &mut new_count),
            ] {
                if is_in {
                    *count += 1;
                }
                if is_in && text.len() < LONGEST {
                    text.push_str(&code);
                    text.push('\n');
                }
            }
        }
        let mut side = |code: &str| match &hint {
            Some(hint) if !code.trim().is_empty() => match highlights.paint(code, hint) {
                Ok(painted) => Side::Painted(painted),
                Err(key) => Side::Waiting(key),
            },
            _ => Side::Plain,
        };
        let part = Part {
            old: side(&old),
            new: side(&new),
            lines,
            places,
        };
        if self.parts.len() >= MOST {
            self.parts.remove(0);
        }
        self.parts.push(part);
    }

    /// What the words of a line are, as far as that is known.
    pub(super) fn of(&self, diff: &Unified, line: usize) -> &[(Role, Range<usize>)] {
        let mut parts = self.parts.iter().rev();
        let found = parts.find(|part| part.lines.contains(&line));
        let words = found.and_then(|part| {
            let place = *part.places.get(line - part.lines.start)?;
            let side = match diff.line(line)?.kind {
                Kind::Removed => &part.old,
                _ => &part.new,
            };
            match side {
                Side::Painted(painted) => painted.get(place),
                Side::Plain | Side::Waiting(_) => None,
            }
        });
        words.map_or(&[], Vec::as_slice)
    }
}

fn is_code(diff: &Unified, line: usize) -> bool {
    let kind = diff.line(line).map(|line| line.kind);
    matches!(kind, Some(Kind::Context | Kind::Added | Kind::Removed))
}

/// The hunk of a line; of a long one a part around it.
fn part_of(diff: &Unified, line: usize) -> Range<usize> {
    let is_inside = |index: &usize| {
        let kind = diff.line(*index).map(|line| line.kind);
        !matches!(kind, None | Some(Kind::Hunk | Kind::Other))
    };
    let above = (0..line).rev().take(LINES);
    let above = above.take_while(is_inside).count();
    let start = match line - above {
        start if above < LINES => start,
        start => start.max(line - line % STEP),
    };
    let below = (line..start + LINES).take_while(is_inside).count();
    start..line + below
}
