//! Terminals: shells in working trees, one shown at a time.

mod agents;
mod program;
mod record;

use std::path::PathBuf;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::ui::effect::{Effect, TerminalId};
use crate::ui::session::Look;
use crate::ui::terminals::{Launch, TerminalEvent, TerminalRequest};
use program::Program;

/// So many shells may be open at once; each holds a megabyte or two of scrollback.
const MOST: usize = 8;

/// Rows above the screen that are kept, unless the user says otherwise.
const SCROLLBACK: u32 = 10_000;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct TerminalPane {
    programs: Vec<Program>,
    current: usize,
    last_id: u32,
    /// The inside of the pane, as it was last drawn.
    size: Option<(u16, u16)>,
    /// How many rows above the screen new terminals keep.
    pub(crate) scrollback: Option<u32>,
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
        if let Some(position) = programs.position(|program| {
            program.request.launch == Launch::Shell && program.request.folder == folder
        }) {
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
        let program = Program::new(
            terminal,
            request.clone(),
            label,
            self.scrollback.unwrap_or(SCROLLBACK) as usize,
        );
        self.programs.push(program);
        self.current = self.programs.len() - 1;
        effects.push(Effect::OpenTerminal { terminal, request });
        Ok(effects)
    }

    /// Shows what runs by this launch; opens it when nothing does, or when that has ended.
    pub(crate) fn open_program(
        &mut self,
        launch: Launch,
        folder: PathBuf,
        label: String,
    ) -> Result<Vec<Effect>, String> {
        let mut effects = Vec::new();
        let mut programs = self.programs.iter();
        if let Some(position) = programs.position(|program| program.request.launch == launch) {
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
            launch,
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

    /// What a terminal was opened for.
    pub(crate) fn launch_of(&self, id: TerminalId) -> Option<&Launch> {
        let mut programs = self.programs.iter();
        let program = programs.find(|program| program.id == id)?;
        Some(&program.request.launch)
    }

    /// What the programs that have not ended were opened for.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Launch> {
        let live = self
            .programs
            .iter()
            .filter(|program| program.ended.is_none());
        live.map(|program| &program.request.launch)
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

    /// When a picture that a program holds back has to be shown, complete or not.
    pub(crate) fn due(&self) -> Option<Duration> {
        let programs = self.programs.iter();
        programs.filter_map(|program| program.emulator.due()).min()
    }

    /// Parses what programs wrote, for no longer than `budget`; answers what they asked. `now` counts from any fixed moment.
    pub(crate) fn parse(
        &mut self,
        now: Duration,
        budget: Duration,
        elapsed: &dyn Fn() -> Duration,
    ) -> Vec<Effect> {
        let programs = self.programs.iter_mut();
        programs
            .flat_map(|program| program.parse(now, budget, elapsed))
            .collect()
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
