//! Which pane is where: a pure function of the size and of what is shown.

use ratatui::layout::{Rect, Size};

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
/// Below this height the terminal takes the transcript's place instead of sharing it.
const LOW: u16 = 18;

/// What decides the layout, besides the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrangement {
    /// The pane that has the keys.
    pub(crate) focus: Pane,
    /// Whether it has the whole screen.
    pub(crate) zoom: bool,
    /// Whether there is a terminal to show.
    pub(crate) terminal: bool,
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
    let mut places = Places {
        header: Rect {
            height: screen.height.min(1),
            ..screen
        },
        ..Places::default()
    };
    // On a screen of a few lines only the pane itself is of use.
    let hints = u16::from(screen.height >= 4);
    let header = u16::from(screen.height >= 3);
    places.header.height = header;
    places.hints = Rect {
        y: screen.height - hints,
        height: hints,
        ..screen
    };
    let body = Rect {
        y: header,
        height: screen.height - header - hints,
        ..screen
    };
    places.body = body;
    if arrangement.zoom || size.width < NARROW {
        *places.slot(arrangement.focus) = Some(body);
        return places;
    }
    let queue_width = if size.width < WIDE {
        size.width * 2 / 5
    } else {
        (size.width / 4).clamp(26, 48)
    };
    let (queue, rest) = split_left(body, queue_width);
    places.queue = Some(queue);
    let (middle, right) = if size.width < WIDE {
        (rest, None)
    } else {
        let evidence_width = (size.width / 4).clamp(24, 60);
        let (middle, right) = split_left(rest, rest.width.saturating_sub(evidence_width));
        (middle, Some(right))
    };
    places.evidence = right;
    let shares = arrangement.terminal && middle.height >= LOW - 2;
    match (right, arrangement.focus) {
        // Two columns: the right one shows what has the keys.
        (None, Pane::Evidence) => places.evidence = Some(middle),
        _ if shares => {
            let (upper, lower) = split_top(middle, middle.height / 2);
            places.transcript = Some(upper);
            places.terminal = Some(lower);
        }
        (_, Pane::Terminal) => places.terminal = Some(middle),
        _ => places.transcript = Some(middle),
    }
    places
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
            "queue 48x98+0+1, transcript 192x98+48+1, evidence 60x98+240+1"
        );
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
            width in 0u16..=320, height in 0u16..=110, focus in 0usize..4, zoom: bool, terminal: bool,
        ) {
            let pane = [Pane::Queue, Pane::Transcript, Pane::Evidence, Pane::Terminal][focus];
            let screen = Rect::new(0, 0, width, height);
            let places = places(Size::new(width, height), arrangement(pane, zoom, terminal));
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
