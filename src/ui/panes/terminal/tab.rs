//! One tab: up to four programs side by side, or one below the other. One of them has the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use serde::{Deserialize, Serialize};

use super::program::Program;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// So many programs share a tab at most: with more, nobody sees anything.
pub(super) const MOST: usize = 4;
/// With less room each, only the one that has the keys is shown.
const LEAST_COLUMNS: u16 = 10;
const LEAST_ROWS: u16 = 2;

/// How the programs of a tab lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Split {
    /// Side by side.
    #[default]
    Beside,
    /// One below the other.
    Below,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Tab {
    /// Never empty.
    pub(super) programs: Vec<Program>,
    /// Which one has the keys.
    pub(super) current: usize,
    pub(super) split: Split,
    /// The name that the user gave it.
    pub(super) name: Option<String>,
    /// It rang while nobody looked.
    pub(super) has_rung: bool,
}

impl Tab {
    pub(super) fn new(program: Program) -> Self {
        Self {
            programs: vec![program],
            current: 0,
            split: Split::default(),
            name: None,
            has_rung: false,
        }
    }

    pub(super) fn shown(&self) -> Option<&Program> {
        self.programs.get(self.current)
    }

    pub(super) fn shown_mut(&mut self) -> Option<&mut Program> {
        self.programs.get_mut(self.current)
    }

    /// The user's name for it, or what its program is called.
    pub(super) fn name(&self) -> &str {
        let label = || self.shown().map_or("", |program| program.label.as_str());
        self.name.as_deref().unwrap_or_else(label)
    }

    /// `2/3` in a split tab: which one has the keys.
    pub(super) fn part(&self) -> Option<String> {
        (self.programs.len() > 1).then(|| format!("{}/{}", self.current + 1, self.programs.len()))
    }

    /// Whether nothing runs in it any more.
    pub(super) fn has_ended(&self) -> bool {
        self.programs.iter().all(|program| program.ended.is_some())
    }

    /// Puts a program next to the one that has the keys.
    pub(super) fn add(&mut self, program: Program, split: Split) {
        self.split = split;
        self.current = (self.current + 1).min(self.programs.len());
        self.programs.insert(self.current, program);
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, index: usize) -> Program {
        let program = self.programs.remove(index);
        if index < self.current {
            self.current -= 1;
        }
        self.current = self.current.min(self.programs.len().saturating_sub(1));
        program
    }

    /// Where its programs are. Where there is no room for all of them, it is the one that has the keys.
    pub(super) fn places(&self, area: Rect) -> Vec<(usize, Rect)> {
        let count = u16::try_from(self.programs.len()).unwrap_or(1).max(1);
        let (whole, least) = match self.split {
            Split::Beside => (area.width, LEAST_COLUMNS),
            Split::Below => (area.height, LEAST_ROWS),
        };
        let lines = count - 1;
        if whole < count * least + lines {
            return vec![(self.current, area)];
        }
        let room = whole - lines;
        let mut at = 0;
        let mut places = Vec::with_capacity(self.programs.len());
        for index in 0..count {
            let length = room / count + u16::from(index < room % count);
            let place = match self.split {
                Split::Beside => Rect {
                    x: area.x + at,
                    width: length,
                    ..area
                },
                Split::Below => Rect {
                    y: area.y + at,
                    height: length,
                    ..area
                },
            };
            places.push((usize::from(index), place));
            at += length + 1;
        }
        places
    }

    /// Draws it; the cursor's place, when it is to be seen.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        let mut cursor = None;
        let places = self.places(area);
        for (index, place) in &places {
            let Some(program) = self.programs.get(*index) else {
                continue;
            };
            let found = program.draw(*place, buffer, look);
            if *index == self.current {
                cursor = found;
            }
        }
        for pair in places.windows(2) {
            if let [(index, before), (_, after)] = pair {
                self.draw_line(*index, *before, *after, area, buffer, look);
            }
        }
        cursor
    }

    /// The line between two programs. Below, it says what comes; the arrow in it points at what has the keys.
    fn draw_line(
        &self,
        index: usize,
        before: Rect,
        after: Rect,
        area: Rect,
        buffer: &mut Buffer,
        look: &Look,
    ) {
        let is_next = self.current == index + 1;
        let touches = self.current == index || is_next;
        let role = if touches {
            Role::BorderFocus
        } else {
            Role::Border
        };
        let style = look.theme.style(role);
        let (line, arrow) = match (self.split, look.ascii) {
            (Split::Beside, false) => ("│", if is_next { "►" } else { "◄" }),
            (Split::Beside, true) => ("|", if is_next { ">" } else { "<" }),
            (Split::Below, false) => ("─", if is_next { "▼" } else { "▲" }),
            (Split::Below, true) => ("-", if is_next { "v" } else { "^" }),
        };
        let cells: Vec<Position> = match self.split {
            Split::Beside => (area.top()..area.bottom())
                .map(|y| Position::new(before.right(), y))
                .collect(),
            Split::Below => (area.left()..area.right())
                .map(|x| Position::new(x, before.bottom()))
                .collect(),
        };
        for (step, position) in cells.iter().enumerate() {
            if let Some(cell) = buffer.cell_mut(*position) {
                cell.reset();
                cell.set_symbol(if touches && step == 0 { arrow } else { line });
                cell.set_style(style);
            }
        }
        let label = self.programs.get(index + 1).map(|program| &program.label);
        if let (Split::Below, Some(label)) = (self.split, label) {
            let room = usize::from(after.width.saturating_sub(6));
            let label = format!(" {} ", text::fit(label, room, look.ascii));
            let room = usize::from(after.width.saturating_sub(2));
            buffer.set_stringn(area.x + 2, before.bottom(), label, room, style);
        }
    }
}
