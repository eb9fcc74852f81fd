//! Circles of dependencies: found once for the whole queue, each named by its shortest way round.

use std::collections::{HashMap, VecDeque};

/// Entries that depend on each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cycle {
    /// All entries from which a way leads back to themselves.
    pub(super) members: Vec<usize>,
    /// One shortest way round, from the first entry; the return to it is left out.
    pub(super) path: Vec<usize>,
}

/// All circles of the graph `needs` (for each node, the nodes that it points to), in the order of their first members.
pub(super) fn find(needs: &[Vec<usize>]) -> Vec<Cycle> {
    let mut cycles: Vec<Cycle> = components(needs)
        .into_iter()
        .filter_map(|mut members| {
            members.sort_unstable();
            let first = *members.first()?;
            let path = way_round(needs, &members, first)?;
            Some(Cycle { members, path })
        })
        .collect();
    cycles.sort_by_key(|cycle| cycle.members.first().copied());
    cycles
}

/// The shortest way from `start` back to itself within `members`; `None` when there is none.
fn way_round(needs: &[Vec<usize>], members: &[usize], start: usize) -> Option<Vec<usize>> {
    let mut reached_from = HashMap::new();
    let mut frontier = VecDeque::from([start]);
    while let Some(node) = frontier.pop_front() {
        for &next in &needs[node] {
            if next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = *reached_from.get(&at)?;
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if members.binary_search(&next).is_ok() && !reached_from.contains_key(&next) {
                reached_from.insert(next, node);
                frontier.push_back(next);
            }
        }
    }
    None
}

/// Strongly connected components (Tarjan), without recursion: a chain may be as long as the queue.
fn components(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut found_at = vec![UNSEEN; needs.len()];
    let mut lowest = vec![0; needs.len()];
    let mut on_stack = vec![false; needs.len()];
    let mut stack = Vec::new();
    let mut components = Vec::new();
    let mut clock = 0;
    for root in 0..needs.len() {
        if found_at[root] != UNSEEN {
            continue;
        }
        let mut walk = vec![(root, 0)];
        while let Some((node, edge)) = walk.pop() {
            if edge == 0 {
                found_at[node] = clock;
                lowest[node] = clock;
                clock += 1;
                stack.push(node);
                on_stack[node] = true;
            } else {
                let came_back_from = needs[node][edge - 1];
                if on_stack[came_back_from] {
                    lowest[node] = lowest[node].min(lowest[came_back_from]);
                }
            }
            if let Some(&next) = needs[node].get(edge) {
                walk.push((node, edge + 1));
                if found_at[next] == UNSEEN {
                    walk.push((next, 0));
                }
                continue;
            }
            if lowest[node] == found_at[node] {
                let start = stack.iter().rposition(|&member| member == node);
                let component = stack.split_off(start.unwrap_or(stack.len()));
                for &member in &component {
                    on_stack[member] = false;
                }
                components.push(component);
            }
        }
    }
    components
}
