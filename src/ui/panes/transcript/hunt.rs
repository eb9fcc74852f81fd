//! Looking for something in a file of any length, piece by piece: what was found so far, what is to be looked through next.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::ui::effect::{Part, Scanned};
use crate::ui::needle::{Hit, Needle};

/// So much is remembered of what was found; there is more than anybody reads.
const MOST_HITS: usize = 10_000;

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toward {
    /// To the end.
    Forth,
    /// To the beginning.
    Back,
}

/// What is known of the next place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There it is.
    Found(Hit),
    /// Not all of the file was looked through that matters.
    Unknown,
    /// There is none.
    Nowhere,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Hunt {
    needle: Needle,
    /// By their offset.
    hits: BTreeMap<u64, Hit>,
    /// Where the hit of each group is.
    groups: HashMap<u64, u64>,
    /// What was looked through, without gaps.
    scanned: Range<u64>,
    length: u64,
}

impl Hunt {
    /// Begins at an offset where a line begins.
    pub(super) fn new(needle: Needle, from: u64, length: u64) -> Self {
        Self {
            needle,
            hits: BTreeMap::new(),
            groups: HashMap::new(),
            scanned: from..from,
            length,
        }
    }

    pub(super) fn needle(&self) -> &Needle {
        &self.needle
    }

    /// The file has grown.
    pub(super) fn grown(&mut self, length: u64) {
        self.length = self.length.max(length);
    }

    /// Whether more is remembered than sensible: the count ends here.
    pub(super) fn is_full(&self) -> bool {
        self.hits.len() >= MOST_HITS
    }

    /// Whether the whole file was looked through.
    pub(super) fn is_complete(&self) -> bool {
        self.scanned.start == 0 && self.scanned.end >= self.length
    }

    /// How many were found so far.
    pub(super) fn count(&self) -> usize {
        self.hits.len()
    }

    /// The number of the hit at an offset, from 1; known when all before it is.
    pub(super) fn index(&self, offset: u64) -> Option<usize> {
        let is_known = self.scanned.start == 0 && self.hits.contains_key(&offset);
        is_known.then(|| self.hits.range(..=offset).count())
    }

    /// What to look through for the next place in a direction; all of the file without one. `None` when that is done.
    pub(super) fn piece(&self, wanted: Option<(Toward, u64)>) -> Option<Part> {
        let back = (self.scanned.start > 0).then_some(Part::Before(self.scanned.start));
        let forth = (self.scanned.end < self.length).then_some(Part::After(self.scanned.end));
        match wanted {
            Some((Toward::Forth, from)) if from < self.scanned.start => back,
            Some((Toward::Back, from)) if from.min(self.length) > self.scanned.end => forth,
            Some((Toward::Back, _)) => back.or(forth),
            None if self.is_full() => None,
            Some((Toward::Forth, _)) | None => forth.or(back),
        }
    }

    /// Takes in what was found in a piece that was asked for. Whether it fits.
    pub(super) fn take(&mut self, found: Scanned) -> bool {
        self.length = found.length;
        let (start, end) = (found.range.start, found.range.end);
        if start == self.scanned.end {
            self.scanned.end = end.max(start);
            if end == start {
                // What is left is no whole line yet.
                self.length = end;
            }
        } else if end == self.scanned.start && start < end {
            self.scanned.start = start;
        } else if end == self.scanned.start {
            self.scanned.start = 0;
        } else {
            return false;
        }
        for hit in found.hits {
            if let Some(known) = self.groups.get(&hit.group).copied() {
                if known <= hit.offset {
                    continue;
                }
                self.hits.remove(&known);
            }
            self.groups.insert(hit.group, hit.offset);
            self.hits.insert(hit.offset, hit);
        }
        true
    }

    /// The first line of what was looked through may belong to what lies before it.
    fn is_sure(&self, hit: &Hit) -> bool {
        !self.needle.counts() || self.scanned.start == 0 || hit.offset > self.scanned.start
    }

    /// The next place after `from`, or before it; `from` itself when `here` says so.
    pub(super) fn next(&self, toward: Toward, from: u64, here: bool) -> Next {
        let found = match toward {
            Toward::Forth => {
                let least = if here { from } else { from.saturating_add(1) };
                if self.scanned.start > from {
                    return Next::Unknown;
                }
                let mut hits = self.hits.range(least..).map(|(_, hit)| hit);
                hits.find(|hit| self.is_sure(hit))
            }
            Toward::Back => {
                if self.scanned.end < from.min(self.length) {
                    return Next::Unknown;
                }
                let mut hits = self.hits.range(..from).map(|(_, hit)| hit);
                hits.rfind(|hit| self.is_sure(hit))
            }
        };
        let is_done = match toward {
            Toward::Forth => self.scanned.end >= self.length,
            Toward::Back => self.scanned.start == 0,
        };
        match found {
            Some(hit) => Next::Found(*hit),
            None if is_done => Next::Nowhere,
            None => Next::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(range: Range<u64>, hits: &[(u64, u64)]) -> Scanned {
        Scanned {
            range,
            length: 100,
            hits: hits
                .iter()
                .map(|(offset, group)| Hit {
                    offset: *offset,
                    id: *group,
                    group: *group,
                })
                .collect(),
        }
    }

    fn offset(next: Next) -> Option<u64> {
        match next {
            Next::Found(hit) => Some(hit.offset),
            Next::Unknown | Next::Nowhere => None,
        }
    }

    #[test]
    fn it_looks_where_the_next_one_may_be_and_then_everywhere() {
        let mut hunt = Hunt::new(Needle::Failure, 50, 100);
        assert_eq!(hunt.piece(Some((Toward::Forth, 50))), Some(Part::After(50)));
        assert_eq!(hunt.next(Toward::Forth, 50, true), Next::Unknown);
        assert!(hunt.take(found(50..80, &[(60, 6)])));
        assert_eq!(offset(hunt.next(Toward::Forth, 50, true)), Some(60));
        assert_eq!(hunt.next(Toward::Forth, 60, false), Next::Unknown);
        assert_eq!(hunt.index(60), None);
        assert_eq!(hunt.piece(Some((Toward::Back, 60))), Some(Part::Before(50)));
        assert!(!hunt.take(found(0..20, &[])), "there is a gap");
        assert!(hunt.take(found(0..50, &[(10, 1), (20, 6)])));
        assert_eq!((hunt.count(), hunt.index(20)), (2, Some(2)));
        assert_eq!(hunt.piece(None), Some(Part::After(80)));
        assert!(hunt.take(found(80..100, &[(90, 6)])));
        assert!(hunt.is_complete() && hunt.piece(None).is_none());
        assert_eq!(hunt.next(Toward::Forth, 20, false), Next::Nowhere);
        assert_eq!(offset(hunt.next(Toward::Back, 20, false)), Some(10));
        hunt.grown(120);
        assert_eq!(hunt.piece(None), Some(Part::After(100)));
    }

    #[test]
    fn from_behind_the_end_it_looks_at_the_end_first_and_then_before() {
        let mut hunt = Hunt::new(Needle::Failure, 50, 100);
        let last = Some((Toward::Back, u64::MAX));
        assert_eq!(hunt.piece(last), Some(Part::After(50)));
        assert!(hunt.take(found(50..100, &[])));
        assert_eq!(hunt.next(Toward::Back, u64::MAX, true), Next::Unknown);
        assert_eq!(hunt.piece(last), Some(Part::Before(50)));
        assert!(hunt.take(found(0..50, &[(20, 2)])));
        assert_eq!(offset(hunt.next(Toward::Back, u64::MAX, true)), Some(20));
    }

    #[test]
    fn a_turn_begins_where_the_one_before_it_ends() {
        let mut hunt = Hunt::new(Needle::Turn, 50, 100);
        assert!(hunt.take(found(50..100, &[(50, 2), (70, 3)])));
        assert_eq!(offset(hunt.next(Toward::Back, 70, false)), None);
        assert!(hunt.take(found(0..50, &[(0, 1), (30, 2)])));
        assert_eq!(offset(hunt.next(Toward::Back, 70, false)), Some(30));
        assert_eq!(hunt.count(), 3);
    }
}
