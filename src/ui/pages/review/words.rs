//! Which words of a line changed.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines of more words than this are not compared: it would take long, and nobody would see the difference.
const MOST_WORDS: usize = 600;

/// Places in a line, in bytes.
pub(super) type Parts = Vec<Range<usize>>;

/// Where two lines differ, old and new; `None` when they have too little in common to say so.
pub(super) fn changed(old: &str, new: &str) -> Option<(Parts, Parts)> {
    if old == new {
        return None;
    }
    let (old_words, new_words) = (split(old), split(new));
    if old_words.len() > MOST_WORDS || new_words.len() > MOST_WORDS {
        return None;
    }
    let ops = capture_diff_slices(Algorithm::Myers, &old_words, &new_words);
    let mut changed = (Vec::new(), Vec::new());
    let mut same = 0;
    for op in &ops {
        if let DiffOp::Equal { .. } = op {
            let kept = old_words.get(op.old_range()).unwrap_or_default();
            let letters = kept.iter().filter(|word| !word.trim().is_empty());
            same += letters.map(|word| word.len()).sum::<usize>();
        } else {
            changed.0.extend(bytes(&old_words, op.old_range()));
            changed.1.extend(bytes(&new_words, op.new_range()));
        }
    }
    let longer = old.trim().len().max(new.trim().len());
    (same * 3 >= longer).then_some(changed)
}

/// Where words lie in their line.
fn bytes(words: &[&str], range: Range<usize>) -> Option<Range<usize>> {
    let length = |words: &[&str]| words.iter().map(|word| word.len()).sum::<usize>();
    let start = length(words.get(..range.start)?);
    let end = start + length(words.get(range)?);
    (start < end).then_some(start..end)
}

/// Words, runs of space, and every other character for itself.
fn split(line: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 0,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in line.char_indices() {
        let now = class(c);
        if at > start && (now == 0 || before != Some(now)) {
            words.extend(line.get(start..at));
            start = at;
        }
        before = Some(now);
    }
    words.extend(line.get(start..).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_words_that_changed_are_found() {
        let (old, new) = ("let x = all(input);", "let x = header(&input);");
        let (removed, added) = changed(old, new).expect("alike");
        let words = |text: &str, ranges: &[Range<usize>]| -> Vec<String> {
            ranges
                .iter()
                .map(|range| text[range.clone()].to_owned())
                .collect()
        };
        assert_eq!(words(old, &removed), ["all"]);
        assert_eq!(words(new, &added), ["header", "&"]);
        assert_eq!(changed("fn main() {", "struct Point;"), None);
        assert_eq!(changed("same", "same"), None);
    }

    proptest! {
        #[test]
        fn what_did_not_change_is_the_same(old in "[a-c é(]{0,24}", new in "[a-c é(]{0,24}") {
            if let Some((removed, added)) = changed(&old, &new) {
                let rest = |text: &str, ranges: &[Range<usize>]| {
                    let mut rest = text.to_owned();
                    for range in ranges.iter().rev() {
                        rest.replace_range(range.clone(), "");
                    }
                    rest
                };
                prop_assert_eq!(rest(&old, &removed), rest(&new, &added));
            }
        }
    }
}
