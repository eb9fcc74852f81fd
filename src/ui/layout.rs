//! Which pane is where: a pure function of the size and of what is shown.

mod shape;

use ratatui::layout::{Rect, Size};

pub(crate) use shape::{Edge, Shape, drag, edge_at, heighten, widen};

use crate::config::PaneLayout;

/// A part of the screen that can have the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pane {
    /// The tickets.
    Queue,
    /// What the selected ticket's agent does.
    Transcript,
    /// What docket holds as proof.
    Evidence,
    /// A shell.
    Terminal,
}

/// Below this width one pane is shown at a time.
const NARROW: u16 = 64;
/// From this width on queue, transcript and evidence stand side by side.
const WIDE: u16 = 100;
/// Below this height panes are not laid on top of each other.
const LOW: u16 = 16;
/// From this height on three panes are.
const HIGH: u16 = 24;
/// No column is narrower, as long as there is room.
const LEAST_COLUMNS: u16 = 16;
/// No pane is lower, as long as there is room.
const LEAST_LINES: u16 = 4;

/// What decides the layout, besides the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrangement {
    /// The pane that has the keys.
    pub(crate) focus: Pane,
    /// Whether it has the whole screen.
    pub(crate) zoom: bool,
    /// Whether there is a terminal to show.
    pub(crate) terminal: bool,
    /// How the user wants the panes.
    pub(crate) shape: Shape,
}

impl Arrangement {
    /// Whether a pane is to be seen, where there is room for it.
    fn shows(&self, pane: Pane) -> bool {
        let is_there = pane != Pane::Terminal || self.terminal;
        self.focus == pane || (is_there && !self.shape.hides(pane))
    }
}

/// Where everything is. A pane that is not shown has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Places {
    pub(crate) header: Rect,
    pub(crate) hints: Rect,
    /// All between the two: a page's place.
    pub(crate) body: Rect,
    pub(crate) queue: Option<Rect>,
    pub(crate) transcript: Option<Rect>,
    pub(crate) evidence: Option<Rect>,
    pub(crate) terminal: Option<Rect>,
    /// Whether there is a column at the left.
    is_left_shown: bool,
    /// Whether there is a column at the right.
    is_right_shown: bool,
}

impl Places {
    /// The place of one pane.
    pub(crate) fn of(&self, pane: Pane) -> Option<Rect> {
        match pane {
            Pane::Queue => self.queue,
            Pane::Transcript => self.transcript,
            Pane::Evidence => self.evidence,
            Pane::Terminal => self.terminal,
        }
    }

    fn slot(&mut self, pane: Pane) -> &mut Option<Rect> {
        match pane {
            Pane::Queue => &mut self.queue,
            Pane::Transcript => &mut self.transcript,
            Pane::Evidence => &mut self.evidence,
            Pane::Terminal => &mut self.terminal,
        }
    }

    /// The pane at a position.
    pub(crate) fn at(&self, column: u16, row: u16) -> Option<Pane> {
        [
            Pane::Queue,
            Pane::Transcript,
            Pane::Evidence,
            Pane::Terminal,
        ]
        .into_iter()
        .find(|pane| {
            self.of(*pane)
                .is_some_and(|area| area.contains((column, row).into()))
        })
    }
}

/// The inside of a pane's border.
pub(crate) fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1).min(area.right()),
        y: area.y.saturating_add(1).min(area.bottom()),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// Divides a screen.
pub(crate) fn places(size: Size, arrangement: Arrangement) -> Places {
    let screen = Rect::new(0, 0, size.width, size.height);
    // On a screen of a few lines only the pane itself is of use.
    let hints = u16::from(screen.height >= 4);
    let header = u16::from(screen.height >= 3);
    let body = Rect {
        y: header,
        height: screen.height - header - hints,
        ..screen
    };
    let mut places = Places {
        header: Rect {
            height: header,
            ..screen
        },
        hints: Rect {
            y: screen.height - hints,
            height: hints,
            ..screen
        },
        body,
        ..Places::default()
    };
    if arrangement.zoom || size.width < NARROW {
        *places.slot(arrangement.focus) = Some(body);
        return places;
    }
    let columns = Columns::of(size.width, &arrangement);
    let Shape {
        left,
        right,
        lower,
        lower_left,
        ..
    } = arrangement.shape;
    let (usual_left, usual_right) = usual_widths(size.width, arrangement.shape.layout);
    let is_last = columns.middle.is_empty() && columns.right.is_empty();
    let left_width = match (columns.left.is_empty(), is_last) {
        (true, _) => 0,
        (_, true) => body.width,
        _ => held(usual_left, left, body.width),
    };
    let (left_area, rest) = split_left(body, left_width);
    let right_width = match (columns.right.is_empty(), columns.middle.is_empty()) {
        (true, _) => 0,
        (_, true) => rest.width,
        _ => held(usual_right, right, rest.width),
    };
    let (middle_area, right_area) = split_left(rest, rest.width - right_width);
    places.is_left_shown = !columns.left.is_empty();
    places.is_right_shown = !columns.right.is_empty();
    let focus = arrangement.focus;
    stack(&mut places, left_area, &columns.left, focus, lower_left);
    stack(&mut places, middle_area, &columns.middle, focus, lower);
    stack(&mut places, right_area, &columns.right, focus, 0);
    places
}

/// Which panes stand in which column, from top to bottom.
struct Columns {
    left: Vec<Pane>,
    middle: Vec<Pane>,
    right: Vec<Pane>,
}

impl Columns {
    fn of(width: u16, arrangement: &Arrangement) -> Self {
        let shown = |panes: &[Pane]| {
            let panes = panes.iter().copied();
            panes
                .filter(|pane| arrangement.shows(*pane))
                .collect::<Vec<_>>()
        };
        let layout = arrangement.shape.layout;
        let left: &[Pane] = match layout {
            PaneLayout::Columns => &[Pane::Queue, Pane::Evidence],
            PaneLayout::Standard | PaneLayout::Wide | PaneLayout::Below => &[Pane::Queue],
        };
        let right: &[Pane] = match layout {
            PaneLayout::Standard if width >= WIDE => &[Pane::Evidence],
            _ => &[],
        };
        let takes_turns =
            layout == PaneLayout::Wide || (layout == PaneLayout::Standard && width < WIDE);
        let middle: &[Pane] = match layout {
            // What has the keys takes the place of the others.
            _ if takes_turns && arrangement.focus == Pane::Evidence => &[Pane::Evidence],
            PaneLayout::Below => &[Pane::Transcript, Pane::Evidence, Pane::Terminal],
            _ => &[Pane::Transcript, Pane::Terminal],
        };
        let mut middle = shown(middle);
        let left = shown(left);
        let right = shown(right);
        if middle.is_empty() && takes_turns {
            middle = shown(&[Pane::Evidence]);
        }
        Self {
            left,
            middle,
            right,
        }
    }
}

/// How wide the left and the right column usually are.
fn usual_widths(width: u16, layout: PaneLayout) -> (u16, u16) {
    let left = match layout {
        PaneLayout::Wide => (width / 5).clamp(24, 48),
        _ if width < WIDE => width * 2 / 5,
        _ => (width / 4).clamp(26, 64),
    };
    (left, (width / 4).clamp(24, 100))
}

/// The usual width or height and so much more, but leaving room for itself and for the rest.
fn held(usual: u16, more: i16, whole: u16) -> u16 {
    let most = whole.saturating_sub(LEAST_COLUMNS);
    let wanted = usual.saturating_add_signed(more);
    wanted.max(LEAST_COLUMNS).min(most)
}

/// Lays panes on top of each other. Where it is too low for all of them, the one that has the keys goes first.
fn stack(places: &mut Places, area: Rect, panes: &[Pane], focus: Pane, more: i16) {
    let (first, below) = match panes {
        [] => return,
        [only] => (*only, &[] as &[Pane]),
        [first, ..] if area.height < LOW => {
            let has_keys = panes.iter().find(|pane| **pane == focus);
            (*has_keys.unwrap_or(first), &[] as &[Pane])
        }
        [first, below @ ..] => (*first, below),
    };
    // Of three there is room for two: what has the keys is one of them.
    let below = match below {
        [one, _] if area.height < HIGH && focus == *one => &below[..1],
        [_, _] if area.height < HIGH => &below[1..],
        below => below,
    };
    let Some(next) = below.first() else {
        *places.slot(first) = Some(area);
        return;
    };
    // A shell gets half of the room, evidence a little less.
    let usual = match (next, below.len()) {
        (Pane::Evidence, 1) => area.height * 2 / 5,
        _ => area.height - area.height / 2,
    };
    let most = area.height.saturating_sub(LEAST_LINES);
    let lower = usual
        .saturating_add_signed(more)
        .max(LEAST_LINES * below.len() as u16)
        .min(most);
    let (upper, rest) = split_top(area, area.height - lower);
    *places.slot(first) = Some(upper);
    stack_evenly(places, rest, below);
}

fn stack_evenly(places: &mut Places, area: Rect, panes: &[Pane]) {
    let Some((first, below)) = panes.split_first() else {
        return;
    };
    let (upper, rest) = split_top(area, area.height / panes.len() as u16);
    *places.slot(*first) = Some(upper);
    stack_evenly(places, rest, below);
}

fn split_left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    let left = Rect { width, ..area };
    let right = Rect {
        x: area.x + width,
        width: area.width - width,
        ..area
    };
    (left, right)
}

/// The upper `height` lines, and the rest.
pub(crate) fn split_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let upper = Rect { height, ..area };
    let lower = Rect {
        y: area.y + height,
        height: area.height - height,
        ..area
    };
    (upper, lower)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arrangement(focus: Pane, zoom: bool, terminal: bool) -> Arrangement {
        Arrangement {
            focus,
            zoom,
            terminal,
            shape: Shape::default(),
        }
    }

    fn shown(width: u16, height: u16, arrangement: Arrangement) -> String {
        let places = places(Size::new(width, height), arrangement);
        [
            ("queue", places.queue),
            ("transcript", places.transcript),
            ("evidence", places.evidence),
            ("terminal", places.terminal),
        ]
        .into_iter()
        .filter_map(|(name, area)| area.map(|area| format!("{name} {area}")))
        .collect::<Vec<_>>()
        .join(", ")
    }

    #[test]
    fn sizes_decide_what_is_side_by_side() {
        let queue = arrangement(Pane::Queue, false, false);
        assert_eq!(shown(40, 12, queue), "queue 40x10+0+1");
        assert_eq!(
            shown(80, 24, queue),
            "queue 32x22+0+1, transcript 48x22+32+1"
        );
        assert_eq!(
            shown(120, 40, queue),
            "queue 30x38+0+1, transcript 60x38+30+1, evidence 30x38+90+1"
        );
        assert_eq!(
            shown(300, 100, queue),
            "queue 64x98+0+1, transcript 161x98+64+1, evidence 75x98+225+1"
        );
        assert_eq!(
            shown(400, 120, queue),
            "queue 64x118+0+1, transcript 236x118+64+1, evidence 100x118+300+1"
        );
    }

    const LAYOUTS: [PaneLayout; 4] = [
        PaneLayout::Standard,
        PaneLayout::Wide,
        PaneLayout::Below,
        PaneLayout::Columns,
    ];

    #[test]
    fn layouts_put_the_evidence_elsewhere() {
        let lines: Vec<String> = LAYOUTS
            .into_iter()
            .flat_map(|layout| {
                let mut with = arrangement(Pane::Queue, false, true);
                with.shape.layout = layout;
                [(80, 24), (120, 40)].map(|(width, height)| {
                    format!(
                        "{layout:?} {width}x{height}: {}",
                        shown(width, height, with)
                    )
                })
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn the_focused_pane_grows_and_shrinks_within_bounds() {
        let size = Size::new(120, 40);
        for layout in LAYOUTS {
            for focus in PANES {
                let mut with = arrangement(focus, false, true);
                with.shape.layout = layout;
                let area = |with| places(size, with).of(focus).expect("it is shown");
                for by in [4, -4] {
                    let mut now = with;
                    if let Some(shape) = widen(size, now, by) {
                        now.shape = shape;
                        let change = i32::from(area(now).width) - i32::from(area(with).width);
                        assert_eq!(change, i32::from(by), "{layout:?} {focus:?}");
                    }
                    let mut steps = 0;
                    while let Some(shape) = widen(size, now, by) {
                        now.shape = shape;
                        steps += 1;
                        assert!(steps < 60, "{layout:?} {focus:?} never ends");
                    }
                    assert!(area(now).width >= LEAST_COLUMNS, "{layout:?} {focus:?}");
                    while let Some(shape) = heighten(size, now, by) {
                        now.shape = shape;
                        steps += 1;
                        assert!(steps < 90, "{layout:?} {focus:?} never ends");
                    }
                    assert!(area(now).height >= LEAST_LINES, "{layout:?} {focus:?}");
                }
            }
        }
    }

    #[test]
    fn borders_are_dragged() {
        let size = Size::new(120, 40);
        let mut with = arrangement(Pane::Transcript, false, true);
        let here = places(size, with);
        assert_eq!(edge_at(&here, 29, 10), Some(Edge::Left));
        assert_eq!(edge_at(&here, 30, 10), Some(Edge::Left));
        assert_eq!(edge_at(&here, 90, 10), Some(Edge::Right));
        assert_eq!(edge_at(&here, 60, 20), Some(Edge::Lower));
        assert_eq!(edge_at(&here, 60, 10), None);
        for (edge, column, row) in [
            (Edge::Left, 40, 5),
            (Edge::Right, 80, 5),
            (Edge::Lower, 60, 30),
        ] {
            with.shape = drag(size, with, edge, column, row);
        }
        assert_eq!(
            shown(120, 40, with),
            "queue 40x38+0+1, transcript 40x29+40+1, evidence 40x38+80+1, terminal 40x9+40+30"
        );
        // Beyond what is possible: as far as it goes, or not at all.
        with.shape = drag(size, with, Edge::Left, 200, 5);
        assert!(shown(120, 40, with).contains("queue"));
    }

    #[test]
    fn hidden_panes_give_their_room_away_until_they_have_the_keys() {
        let mut with = arrangement(Pane::Transcript, false, false);
        with.shape.hide(Pane::Queue);
        assert_eq!(
            shown(120, 40, with),
            "transcript 90x38+0+1, evidence 30x38+90+1"
        );
        with.shape.hide(Pane::Evidence);
        assert_eq!(shown(120, 40, with), "transcript 120x38+0+1");
        with.focus = Pane::Queue;
        with.shape.hide(Pane::Transcript);
        assert_eq!(shown(120, 40, with), "queue 120x38+0+1");
        assert_eq!(shown(80, 24, with), "queue 80x22+0+1");
    }

    const PANES: [Pane; 4] = [
        Pane::Queue,
        Pane::Transcript,
        Pane::Evidence,
        Pane::Terminal,
    ];

    fn any_shape() -> impl Strategy<Value = Shape> {
        let amount = || -200i16..=200;
        (0usize..4, amount(), amount(), amount(), amount(), 0u8..16).prop_map(
            |(layout, left, right, lower, lower_left, hidden)| {
                let mut shape = Shape {
                    layout: LAYOUTS[layout],
                    left,
                    right,
                    lower,
                    lower_left,
                    ..Shape::default()
                };
                for (bit, pane) in PANES.into_iter().enumerate() {
                    if hidden & (1 << bit) != 0 {
                        shape.hide(pane);
                    }
                }
                shape
            },
        )
    }

    #[test]
    fn the_pane_with_the_keys_is_always_shown() {
        for pane in [
            Pane::Queue,
            Pane::Transcript,
            Pane::Evidence,
            Pane::Terminal,
        ] {
            for (width, height) in [(40, 12), (80, 24), (80, 12), (120, 40), (300, 100), (1, 1)] {
                for zoom in [false, true] {
                    let with = arrangement(pane, zoom, true);
                    let places = places(Size::new(width, height), with);
                    assert!(places.of(pane).is_some(), "{pane:?} {width}x{height}");
                }
            }
        }
        assert_eq!(
            shown(120, 40, arrangement(Pane::Terminal, false, true)),
            "queue 30x38+0+1, transcript 60x19+30+1, evidence 30x38+90+1, terminal 60x19+30+20"
        );
    }

    proptest! {
        #[test]
        fn places_lie_on_the_screen_and_apart(
            width in 0u16..=420, height in 0u16..=130, focus in 0usize..4, zoom: bool, terminal: bool,
            shape in any_shape(), by in -9i16..9, column in 0u16..430, row in 0u16..140,
        ) {
            let pane = PANES[focus];
            let screen = Rect::new(0, 0, width, height);
            let size = Size::new(width, height);
            let mut with = arrangement(pane, zoom, terminal);
            with.shape = shape;
            with.shape = widen(size, with, by).unwrap_or(with.shape);
            with.shape = heighten(size, with, by).unwrap_or(with.shape);
            if let Some(edge) = edge_at(&places(size, with), column, row) {
                with.shape = drag(size, with, edge, row, column);
            }
            let places = places(size, with);
            prop_assert!(places.of(pane).is_some());
            if size.width >= 4 && size.height >= 4 {
                let covered: u32 = PANES.into_iter().filter_map(|pane| places.of(pane)).map(Rect::area).sum();
                prop_assert_eq!(covered, places.body.area());
            }
            let areas: Vec<Rect> = [places.queue, places.transcript, places.evidence, places.terminal]
                .into_iter()
                .flatten()
                .chain([places.header, places.hints])
                .collect();
            for (index, area) in areas.iter().enumerate() {
                prop_assert_eq!(screen.union(*area), screen);
                for other in &areas[index + 1..] {
                    prop_assert!(area.intersection(*other).is_empty());
                }
                let inner = inside(*area);
                prop_assert_eq!(area.union(inner), *area);
            }
        }
    }
}
