//! How the user wants the panes: which layout, what is hidden, and how much larger or smaller things are than usual.

use ratatui::layout::{Rect, Size};

use super::{Arrangement, Pane, Places, places};
use crate::config::PaneLayout;

/// How the user wants the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// How they lie.
    pub(crate) layout: PaneLayout,
    /// Columns that the left column has more than usual.
    pub(crate) left: i16,
    /// Columns that the right column has more than usual.
    pub(crate) right: i16,
    /// Lines that what lies below in the middle has more than usual.
    pub(crate) lower: i16,
    /// Lines that what lies below at the left has more than usual.
    pub(crate) lower_left: i16,
    /// A bit for each pane that is hidden.
    pub(super) hidden: u8,
}

/// A border that can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Between the left column and what follows.
    Left,
    /// Between the right column and what comes before.
    Right,
    /// Above what lies below in the middle.
    Lower,
    /// Above what lies below at the left.
    LowerLeft,
}

impl Shape {
    fn bit(pane: Pane) -> u8 {
        match pane {
            Pane::Queue => 1,
            Pane::Transcript => 2,
            Pane::Evidence => 4,
            Pane::Terminal => 8,
        }
    }

    /// Whether a pane is hidden.
    pub(crate) fn hides(self, pane: Pane) -> bool {
        self.hidden & Self::bit(pane) != 0
    }

    /// Hides a pane.
    pub(crate) fn hide(&mut self, pane: Pane) {
        self.hidden |= Self::bit(pane);
    }

    /// Shows a pane again.
    pub(crate) fn show(&mut self, pane: Pane) {
        self.hidden &= !Self::bit(pane);
    }

    /// Every pane in its usual size.
    pub(crate) fn even(self) -> Self {
        Self {
            layout: self.layout,
            ..Self::default()
        }
    }

    fn amount(&mut self, edge: Edge) -> &mut i16 {
        match edge {
            Edge::Left => &mut self.left,
            Edge::Right => &mut self.right,
            Edge::Lower => &mut self.lower,
            Edge::LowerLeft => &mut self.lower_left,
        }
    }
}

/// The borders that can be moved, each with its place: a column, or a line of one column of panes.
fn edges(places: &Places) -> impl Iterator<Item = (Edge, Rect)> {
    let body = places.body;
    let column = |x: u16| Rect {
        x: x.saturating_sub(1),
        width: 2,
        ..body
    };
    let panes = || {
        let all = [
            places.queue,
            places.transcript,
            places.evidence,
            places.terminal,
        ];
        all.into_iter().flatten()
    };
    // Where the columns begin: at most three.
    let mut starts: Vec<u16> = panes().map(|area| area.x).collect();
    starts.sort_unstable();
    starts.dedup();
    let has_left = places.is_left_shown;
    let left = starts.get(1).filter(|_| has_left).copied();
    let right = places
        .evidence
        .filter(|_| places.is_right_shown && starts.len() > 1)
        .map(|area| area.x);
    let below = |x: u16| {
        let mut tops: Vec<Rect> = panes().filter(|area| area.x == x).collect();
        tops.sort_unstable_by_key(|area| area.y);
        tops.get(1).map(|lower| Rect {
            y: lower.y.saturating_sub(1),
            height: 2,
            ..*lower
        })
    };
    let lower_left = has_left.then(|| below(body.x)).flatten();
    let middle_x = if has_left { left } else { Some(body.x) };
    let lower = middle_x.filter(|x| Some(*x) != right).and_then(below);
    [
        (Edge::LowerLeft, lower_left),
        (Edge::Lower, lower),
        (
            Edge::Left,
            left.filter(|x| Some(*x) != right || starts.len() == 2)
                .map(column),
        ),
        (Edge::Right, right.filter(|x| Some(*x) != left).map(column)),
    ]
    .into_iter()
    .filter_map(|(edge, area)| Some((edge, area?)))
}

/// The border at a position.
pub(crate) fn edge_at(places: &Places, column: u16, row: u16) -> Option<Edge> {
    let position = (column, row).into();
    let mut edges = edges(places);
    edges
        .find(|(_, area)| area.contains(position))
        .map(|(edge, _)| edge)
}

/// The shape after a border was drawn to a position.
pub(crate) fn drag(
    size: Size,
    arrangement: Arrangement,
    edge: Edge,
    column: u16,
    row: u16,
) -> Shape {
    let places = places(size, arrangement);
    let mut edges = edges(&places);
    let Some((_, area)) = edges.find(|(found, _)| *found == edge) else {
        return arrangement.shape;
    };
    // The second of the two cells is the first one of the pane behind the border.
    let by = match edge {
        Edge::Left => signed(column) - signed(area.x + 1),
        Edge::Right => signed(area.x + 1) - signed(column),
        Edge::Lower | Edge::LowerLeft => signed(area.y + 1) - signed(row),
    };
    moved(size, arrangement, edge, by).unwrap_or(arrangement.shape)
}

/// The shape with the focused pane so many columns wider; `None` when nothing can be moved.
pub(crate) fn widen(size: Size, arrangement: Arrangement, by: i16) -> Option<Shape> {
    let places = places(size, arrangement);
    let area = places.of(arrangement.focus)?;
    let has = |wanted: Edge| edges(&places).any(|(edge, _)| edge == wanted);
    if places.is_left_shown && area.x == places.body.x && has(Edge::Left) {
        moved(size, arrangement, Edge::Left, by)
    } else if places.is_right_shown && arrangement.focus == Pane::Evidence && has(Edge::Right) {
        moved(size, arrangement, Edge::Right, by)
    } else if has(Edge::Right) {
        moved(size, arrangement, Edge::Right, -by)
            .or_else(|| moved(size, arrangement, Edge::Left, -by))
    } else {
        moved(size, arrangement, Edge::Left, -by)
    }
}

/// The shape with the focused pane so many lines taller; `None` when nothing can be moved.
pub(crate) fn heighten(size: Size, arrangement: Arrangement, by: i16) -> Option<Shape> {
    let places = places(size, arrangement);
    let area = places.of(arrangement.focus)?;
    let edge = if places.is_left_shown && area.x == places.body.x {
        Edge::LowerLeft
    } else {
        Edge::Lower
    };
    let (_, line) = edges(&places).find(|(found, _)| *found == edge)?;
    let is_above = area.y < line.y + 1;
    moved(size, arrangement, edge, if is_above { -by } else { by })
}

/// The shape with more (or less) at an edge, if that changes anything.
fn moved(size: Size, arrangement: Arrangement, edge: Edge, by: i16) -> Option<Shape> {
    let mut shape = arrangement.shape;
    let amount = shape.amount(edge);
    *amount = amount.saturating_add(by);
    let after = Arrangement {
        shape,
        ..arrangement
    };
    (places(size, after) != places(size, arrangement)).then_some(shape)
}

fn signed(cells: u16) -> i16 {
    i16::try_from(cells).unwrap_or(i16::MAX)
}
