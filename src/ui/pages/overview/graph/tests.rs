//! The drawing says what the queue says: no box covers another, and along the lines one comes exactly to what depends.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::layout::{Ends, Join, Layout, layout};

/// A graph: what each node depends on; only on earlier ones, so that there are no circles.
fn acyclic() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (2usize..24).prop_flat_map(|count| {
        let needs = (0..count)
            .map(|node| proptest::collection::vec(0..node.max(1), 0..4).boxed())
            .collect::<Vec<_>>();
        needs.prop_map(|mut needs: Vec<Vec<usize>>| {
            for (node, needs) in needs.iter_mut().enumerate() {
                needs.retain(|need| *need < node);
                needs.sort_unstable();
                needs.dedup();
            }
            needs
        })
    })
}

fn any_graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1usize..24).prop_flat_map(|count| {
        proptest::collection::vec(proptest::collection::vec(0..count, 0..4), count)
    })
}

fn widths(count: usize) -> Vec<usize> {
    (0..count).map(|node| 7 + node % 3).collect()
}

/// The nodes that one comes to along the lines from the right side of a node, never to the left.
fn reached(layout: &Layout, widths: &[usize], from: usize) -> BTreeSet<usize> {
    let mut level = BTreeSet::new();
    let mut upright = BTreeSet::new();
    for line in &layout.lines {
        for row in line.from.1..=line.to.1 {
            for column in line.from.0..=line.to.0 {
                let cells = if line.from.1 == line.to.1 {
                    &mut level
                } else {
                    &mut upright
                };
                cells.insert((column, row));
            }
        }
    }
    let joins: HashMap<(usize, usize), Join> =
        layout.joins.iter().map(|join| (join.at, *join)).collect();
    assert_eq!(joins.len(), layout.joins.len(), "two joins in one place");
    let boxes: HashMap<(usize, usize), usize> = layout.places.iter().copied().zip(0..).collect();
    let start = (layout.places[from].0 + widths[from], layout.places[from].1);
    let mut open = vec![(start, 'r')];
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(((column, row), way)) = open.pop() {
        if !seen.insert(((column, row), way)) {
            continue;
        }
        if way == 'r' {
            if let Some(node) = boxes.get(&(column, row)) {
                found.insert(*node);
                continue;
            }
            if !level.contains(&(column, row)) {
                continue;
            }
        } else if !upright.contains(&(column, row)) {
            continue;
        }
        let (up, down, right) = (
            (column, row.wrapping_sub(1)),
            (column, row + 1),
            (column + 1, row),
        );
        match (joins.get(&(column, row)), way) {
            // It leaves its box: up and down begin here.
            (Some(join), 'r') if !join.right => {
                open.extend(join.up.then_some((up, 'u')));
                open.extend(join.down.then_some((down, 'd')));
            }
            (Some(join), 'u') => {
                open.extend(join.right.then_some((right, 'r')));
                open.extend(join.up.then_some((up, 'u')));
            }
            (Some(join), 'd') => {
                open.extend(join.right.then_some((right, 'r')));
                open.extend(join.down.then_some((down, 'd')));
            }
            (_, 'u') => open.push((up, 'u')),
            (_, 'd') => open.push((down, 'd')),
            (_, _) => open.push((right, 'r')),
        }
    }
    found
}

fn no_overlap(layout: &Layout, widths: &[usize]) -> Result<(), TestCaseError> {
    let mut taken = BTreeSet::new();
    for ((column, row), width) in layout.places.iter().zip(widths) {
        for column in *column..column + width {
            prop_assert!(taken.insert((column, *row)), "two boxes in one place");
            prop_assert!(column < layout.columns && *row < layout.rows);
        }
    }
    for line in &layout.lines {
        for row in line.from.1..=line.to.1 {
            for column in line.from.0..=line.to.0 {
                prop_assert!(!taken.contains(&(column, row)), "a line through a box");
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn lines_lead_to_what_depends_and_to_nothing_else(needs in acyclic(), room in 10usize..120) {
        let widths = widths(needs.len());
        let layout = layout(&widths, &needs, room);
        no_overlap(&layout, &widths)?;
        for node in 0..needs.len() {
            let expected: BTreeSet<usize> =
                (0..needs.len()).filter(|other| needs[*other].contains(&node)).collect();
            prop_assert_eq!(reached(&layout, &widths, node), expected, "from {}", node);
            for need in &needs[node] {
                prop_assert!(layout.layers[*need] < layout.layers[node]);
            }
        }
    }

    #[test]
    fn circles_and_doubles_are_drawn_too_and_always_alike(needs in any_graph(), room in 0usize..120) {
        let widths = widths(needs.len());
        let once = layout(&widths, &needs, room);
        no_overlap(&once, &widths)?;
        for (node, needs) in needs.iter().enumerate() {
            for need in needs.iter().filter(|need| **need != node) {
                let there = reached(&once, &widths, *need).contains(&node);
                let back = reached(&once, &widths, node).contains(need);
                prop_assert!(there || back, "{} and {} are not linked", need, node);
            }
        }
        prop_assert_eq!(&layout(&widths, &needs, room), &once);
    }
}

#[test]
fn what_leaves_a_node_says_so() {
    let layout = layout(&[7, 7, 7], &[vec![], vec![0], vec![0, 1]], 80);
    let leaves = |node| {
        let lines = layout.lines.iter();
        lines.filter(|line| line.ends == Ends::Leaves(node)).count()
    };
    assert!(leaves(0) >= 2 && leaves(1) >= 2 && leaves(2) == 0);
}
