//! The queue by dependency: each ticket below what it depends on.
//!
//! A ticket with several dependencies stands once, below the last of them in run order; how many others there are is told. In a
//! circle the first in run order is taken for the beginning. Computed once for a queue; filters only leave rows out.

use crate::domain::queue::Queue;

/// How many levels are drawn at most; deeper ones lose their outermost.
const LEVELS: u16 = 16;

/// Where a row stands in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Branch {
    /// Levels above it.
    depth: u16,
    /// Whether nothing follows below the same ticket.
    is_last: bool,
    /// Bit n: below the ticket n + 1 levels up, something follows.
    open: u16,
    /// How many other tickets it depends on.
    pub(super) others: u16,
}

impl Branch {
    /// The lines that lead to the row, in at most `columns`.
    pub(super) fn guides(self, columns: usize, ascii: bool) -> String {
        let levels = self.depth.min(LEVELS).min((columns / 2) as u16);
        let (through, last, branch) = if ascii {
            ("| ", "`-", "|-")
        } else {
            ("│ ", "└ ", "├ ")
        };
        let mut guides = String::new();
        for level in (0..levels).rev() {
            guides.push_str(match level {
                0 if self.is_last => last,
                0 => branch,
                level if self.open & (1 << (level - 1)) != 0 => through,
                _ => "  ",
            });
        }
        guides
    }
}

/// A ticket in the tree of the whole queue.
#[derive(Debug)]
struct Node {
    position: usize,
    depth: usize,
    others: u16,
}

/// The whole queue as a tree, from top to bottom.
#[derive(Debug)]
pub(super) struct Forest {
    nodes: Vec<Node>,
}

impl Forest {
    pub(super) fn of(queue: &Queue) -> Self {
        let count = queue.entries().len();
        let mut parents: Vec<Option<usize>> = (0..count)
            .map(|index| {
                let needs = queue.needs(index).iter();
                needs.rev().find(|need| **need != index).copied()
            })
            .collect();
        cut_circles(&mut parents);
        let mut children = vec![Vec::new(); count];
        let mut open = Vec::new();
        for (index, parent) in parents.iter().enumerate() {
            match parent {
                Some(parent) => children[*parent].push(index),
                None => open.push((index, 0)),
            }
        }
        open.reverse();
        let mut nodes = Vec::with_capacity(count);
        while let Some((position, depth)) = open.pop() {
            let below = children[position].iter().rev();
            open.extend(below.map(|child| (*child, depth + 1)));
            let others = queue.needs(position).len();
            let others = others.saturating_sub(usize::from(parents[position].is_some()));
            nodes.push(Node {
                position,
                depth,
                others: u16::try_from(others).unwrap_or(u16::MAX),
            });
        }
        Self { nodes }
    }

    /// The tickets that are shown, as positions in the queue; each below the next one above it that is shown, too.
    pub(super) fn rows(&self, is_shown: impl Fn(usize) -> bool) -> Vec<(usize, Branch)> {
        let mut rows = Vec::new();
        // The depths of what is shown above: in the whole tree, and here as the place in this list.
        let mut above: Vec<usize> = Vec::new();
        for node in self.nodes.iter().filter(|node| is_shown(node.position)) {
            while above.last().is_some_and(|depth| *depth >= node.depth) {
                above.pop();
            }
            let branch = Branch {
                depth: u16::try_from(above.len()).unwrap_or(u16::MAX),
                others: node.others,
                ..Branch::default()
            };
            above.push(node.depth);
            rows.push((node.position, branch));
        }
        // From below: whether something follows at a level, before the level above goes on.
        let mut follows: Vec<bool> = Vec::new();
        for (_, branch) in rows.iter_mut().rev() {
            let depth = usize::from(branch.depth);
            follows.resize(depth + 1, false);
            branch.is_last = !follows[depth];
            follows[depth] = true;
            for up in 1..depth.min(usize::from(LEVELS)) {
                branch.open |= u16::from(follows[depth - up]) << (up - 1);
            }
        }
        rows
    }
}

/// Takes one parent away in each circle: that of the first in run order.
fn cut_circles(parents: &mut [Option<usize>]) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Now,
        Before,
    }
    let mut seen = vec![Seen::Not; parents.len()];
    for start in 0..parents.len() {
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| seen[*index] == Seen::Not) {
            seen[index] = Seen::Now;
            path.push(index);
            next = parents[index];
        }
        if let Some(again) = next.filter(|index| seen[*index] == Seen::Now) {
            let circle = path.iter().skip_while(|index| **index != again);
            if let Some(first) = circle.min() {
                parents[*first] = None;
            }
        }
        for index in path {
            seen[index] = Seen::Before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tests::scene::entry;

    fn drawn(tickets: &[(&str, &[u64])], hidden: &[&str]) -> String {
        let entries = tickets
            .iter()
            .map(|(digits, needs)| entry(digits, "t", "codex", needs));
        let queue = Queue::new(entries);
        let digits = |position: usize| queue.entries()[position].name.digits();
        let rows = Forest::of(&queue).rows(|position| !hidden.contains(&digits(position)));
        let lines: Vec<_> = rows
            .iter()
            .map(|(position, branch)| {
                let guides = branch.guides(40, true);
                format!("{guides}{} +{}", digits(*position), branch.others)
            })
            .collect();
        lines.join("\n")
    }

    const TICKETS: &[(&str, &[u64])] = &[
        ("001", &[]),
        ("002", &[1]),
        ("003", &[2]),
        ("004", &[1]),
        ("005", &[1, 3]),
        ("006", &[]),
    ];

    #[test]
    fn tickets_stand_once_below_the_last_that_they_depend_on() {
        assert_eq!(
            drawn(TICKETS, &[]),
            "001 +0\n|-002 +0\n| `-003 +0\n|   `-005 +1\n`-004 +0\n006 +0"
        );
        // What is left out takes its level along.
        assert_eq!(
            drawn(TICKETS, &["002", "003"]),
            "001 +0\n|-005 +1\n`-004 +0\n006 +0"
        );
    }

    #[test]
    fn circles_are_shown_and_not_followed() {
        let circle = [
            ("001", &[3][..]),
            ("002", &[1]),
            ("003", &[2]),
            ("004", &[4]),
        ];
        assert_eq!(drawn(&circle, &[]), "001 +1\n`-002 +0\n  `-003 +0\n004 +1");
    }

    #[test]
    fn a_chain_of_any_length_is_walked() {
        let entries = (1..=20_000u64).map(|number| {
            let needs = if number > 1 {
                vec![number - 1]
            } else {
                Vec::new()
            };
            entry(&format!("{number:05}"), "t", "codex", &needs)
        });
        let queue = Queue::new(entries);
        let rows = Forest::of(&queue).rows(|_| true);
        assert_eq!(rows.len(), 20_000);
        assert!(rows[19_999].1.guides(40, false).chars().count() <= 40);
    }
}
