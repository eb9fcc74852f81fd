//! Terminals: shells in working trees, one shown at a time.

mod copy;
mod drawing;
mod marking;
mod motion;
mod program;
mod reader;
mod search;
mod selection;
mod sheet;

use std::path::PathBuf;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::ui::effect::{Effect, TerminalId};
use crate::ui::session::Look;
use crate::ui::terminals::{Launch, TerminalEvent, TerminalRequest};
use program::Program;
pub(crate) use reader::{Done, PACE};

/// So many shells may be open at once; each holds some megabytes of scrollback.
const MOST: usize = 8;

/// Rows above the screen that are kept.
const SCROLLBACK: usize = 10_000;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct TerminalPane {
    programs: Vec<Program>,
    current: usize,
    last_id: u32,
    /// The inside of the pane, as it was last drawn.
    size: Option<(u16, u16)>,
}

impl TerminalPane {
    /// Whether there is anything to show.
    pub(crate) fn is_open(&self) -> bool {
        !self.programs.is_empty()
    }

    /// Whether the shown program takes keys.
    pub(crate) fn is_alive(&self) -> bool {
        self.shown().is_some_and(|program| program.ended.is_none())
    }

    fn shown(&self) -> Option<&Program> {
        self.programs.get(self.current)
    }

    fn shown_mut(&mut self) -> Option<&mut Program> {
        self.programs.get_mut(self.current)
    }

    /// Shows the shell in this folder; opens it when there is none, or when it has ended.
    pub(crate) fn open(&mut self, folder: PathBuf, label: String) -> Result<Vec<Effect>, String> {
        let mut effects = Vec::new();
        let mut programs = self.programs.iter();
        if let Some(position) = programs.position(|program| program.request.folder == folder) {
            self.current = position;
            if self.is_alive() {
                return Ok(effects);
            }
            effects.extend(self.close());
        }
        if self.programs.len() >= MOST {
            return Err(format!(
                "{MOST} terminals are open: leave one with `exit` first"
            ));
        }
        self.last_id += 1;
        let terminal = TerminalId(self.last_id);
        let (columns, rows) = self.size.unwrap_or((80, 24));
        let request = TerminalRequest {
            launch: Launch::Shell,
            folder,
            columns,
            rows,
        };
        let program = Program::new(terminal, request.clone(), label, SCROLLBACK);
        self.programs.push(program);
        self.current = self.programs.len() - 1;
        effects.push(Effect::OpenTerminal { terminal, request });
        Ok(effects)
    }

    /// Closes the shown terminal.
    pub(crate) fn close(&mut self) -> Vec<Effect> {
        if self.current >= self.programs.len() {
            return Vec::new();
        }
        let program = self.programs.remove(self.current);
        self.current = self.current.min(self.programs.len().saturating_sub(1));
        vec![Effect::CloseTerminal(program.id)]
    }

    /// A program wrote, or ended.
    pub(crate) fn event(&mut self, id: TerminalId, event: TerminalEvent) {
        let mut programs = self.programs.iter_mut();
        if let Some(program) = programs.find(|program| program.id == id) {
            program.event(event);
        }
    }

    /// Whether bytes wait to be parsed.
    pub(crate) fn is_behind(&self) -> bool {
        let mut programs = self.programs.iter();
        programs.any(|program| program.emulator.is_behind())
    }

    /// Parses what programs wrote, for no longer than `budget`; answers what they asked.
    pub(crate) fn parse(
        &mut self,
        budget: Duration,
        elapsed: &dyn Fn() -> Duration,
    ) -> Vec<Effect> {
        let programs = self.programs.iter_mut();
        let effects = programs
            .filter_map(|program| program.parse(budget, elapsed))
            .collect();
        self.search_on(budget, elapsed);
        effects
    }

    /// A key for the program.
    pub(crate) fn key(&mut self, key: crossterm::event::KeyEvent) -> Vec<Effect> {
        let effect = self.shown_mut().and_then(|program| program.key(key));
        effect.into_iter().collect()
    }

    /// Pasted text for the program.
    pub(crate) fn paste(&mut self, text: &str) -> Vec<Effect> {
        let effect = self.shown_mut().and_then(|program| program.paste(text));
        effect.into_iter().collect()
    }

    /// Looks back by so many pages, or forth.
    pub(crate) fn scroll(&mut self, pages: i64) {
        if let Some(program) = self.shown_mut() {
            program.scroll(pages);
        }
    }

    /// The pane has this inside: programs are told when it changed.
    pub(crate) fn prepare(&mut self, area: Option<Rect>) -> Vec<Effect> {
        let Some(area) = area else { return Vec::new() };
        let size = (area.width.max(2), area.height.max(2));
        self.size = Some(size);
        let effect = self
            .shown_mut()
            .and_then(|program| program.fit(size.0, size.1));
        effect.into_iter().collect()
    }

    /// What the pane's frame says.
    pub(crate) fn title(&self) -> String {
        let Some(program) = self.shown() else {
            return "Terminal".to_owned();
        };
        let count = if self.programs.len() > 1 {
            format!(" {}/{}", self.current + 1, self.programs.len())
        } else {
            String::new()
        };
        let title = program.title();
        let separator = if title.is_empty() { "" } else { "  " };
        format!("Terminal{count}  {}{separator}{title}", program.label)
    }

    /// What the pane's frame says at its end.
    pub(crate) fn position(&self) -> Option<String> {
        self.shown()?.position()
    }

    /// Draws the screen; the cursor's place, when it is to be seen.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        self.shown()?.draw(area, buffer, look)
    }
}
