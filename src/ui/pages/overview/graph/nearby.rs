//! Which tickets are drawn: all of a queue that can be looked over, else those near to the selected one.

use std::collections::HashMap;

use crate::domain::queue::Queue;

/// A queue with at most so many tickets is drawn whole.
const WHOLE: usize = 200;
/// Of a larger one at most so many tickets are drawn.
const NEAR: usize = 100;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    /// Places in the queue, rising.
    shown: Vec<usize>,
    /// How many steps each ticket is away; only of a queue that isn't drawn whole.
    steps: HashMap<usize, usize>,
    farthest: usize,
    left_out: usize,
}

impl Nearby {
    /// The tickets to draw when the one at `root` is selected. Linear in tickets and dependencies.
    pub(super) fn of(queue: &Queue, root: usize) -> Self {
        let count = queue.entries().len();
        if count <= WHOLE {
            return Self {
                shown: (0..count).collect(),
                ..Self::default()
            };
        }
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); count];
        for index in 0..count {
            for need in queue.needs(index) {
                before[*need].push(index);
            }
        }
        let root = root.min(count - 1);
        let mut steps = HashMap::from([(root, 0)]);
        let mut found = vec![root];
        let mut next = 0;
        while let Some(&index) = found.get(next)
            && found.len() < NEAR
        {
            next += 1;
            let step = steps[&index] + 1;
            for other in queue.needs(index).iter().chain(&before[index]) {
                if found.len() < NEAR && !steps.contains_key(other) {
                    steps.insert(*other, step);
                    found.push(*other);
                }
            }
        }
        found.sort_unstable();
        Self {
            farthest: steps.values().copied().max().unwrap_or(0),
            left_out: count - found.len(),
            shown: found,
            steps,
        }
    }

    /// Places in the queue, rising.
    pub(super) fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// How many tickets are not drawn.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether what is beside the ticket may be left out.
    pub(super) fn is_edge(&self, index: usize) -> bool {
        self.farthest > 0 && self.steps.get(&index) == Some(&self.farthest)
    }
}
