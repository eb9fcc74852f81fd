//! Terminals: shells in working trees, one shown at a time.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::ui::effect::{Effect, TerminalId};
use crate::ui::emulator::{Emulator, encode_key, encode_paste};
use crate::ui::session::Look;
use crate::ui::terminals::TerminalEvent;
use crate::ui::theme::Role;

/// So many shells may be open at once; each holds some megabytes of scrollback.
const MOST: usize = 8;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct TerminalPane {
    tabs: Vec<Tab>,
    current: usize,
    last_id: u32,
    /// The inside of the pane, as it was last drawn.
    size: Option<(u16, u16)>,
}

#[derive(Debug)]
struct Tab {
    id: TerminalId,
    folder: PathBuf,
    label: String,
    emulator: Emulator,
    /// How it ended.
    ended: Option<String>,
}

impl TerminalPane {
    /// Whether there is anything to show.
    pub(crate) fn is_open(&self) -> bool {
        !self.tabs.is_empty()
    }

    /// Whether the shown program takes keys.
    pub(crate) fn is_alive(&self) -> bool {
        self.tab().is_some_and(|tab| tab.ended.is_none())
    }

    fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.current)
    }

    fn tab_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.current)
    }

    fn by_id(&mut self, id: TerminalId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    /// Shows the shell in this folder; opens it when there is none, or when it has ended.
    pub(crate) fn open(&mut self, folder: PathBuf, label: String) -> Result<Vec<Effect>, String> {
        let mut effects = Vec::new();
        let position = self.tabs.iter().position(|tab| tab.folder == folder);
        if let Some(position) = position {
            self.current = position;
            if self.is_alive() {
                return Ok(effects);
            }
            effects.extend(self.close());
        }
        if self.tabs.len() >= MOST {
            return Err(format!(
                "{MOST} terminals are open: leave one with `exit` first"
            ));
        }
        self.last_id += 1;
        let id = TerminalId(self.last_id);
        let (columns, rows) = self.size.unwrap_or((80, 24));
        self.tabs.push(Tab {
            id,
            folder: folder.clone(),
            label,
            emulator: Emulator::new(columns, rows),
            ended: None,
        });
        self.current = self.tabs.len() - 1;
        effects.push(Effect::OpenTerminal {
            terminal: id,
            folder,
            columns,
            rows,
        });
        Ok(effects)
    }

    /// Closes the shown terminal.
    pub(crate) fn close(&mut self) -> Vec<Effect> {
        if self.current >= self.tabs.len() {
            return Vec::new();
        }
        let tab = self.tabs.remove(self.current);
        self.current = self.current.min(self.tabs.len().saturating_sub(1));
        vec![Effect::CloseTerminal(tab.id)]
    }

    /// A program wrote, or ended.
    pub(crate) fn event(&mut self, id: TerminalId, event: TerminalEvent) {
        let Some(tab) = self.by_id(id) else { return };
        match event {
            TerminalEvent::Output(bytes) => tab.emulator.feed(&bytes),
            TerminalEvent::Ended(how) => tab.ended = Some(how),
        }
    }

    /// Whether bytes wait to be parsed.
    pub(crate) fn is_behind(&self) -> bool {
        self.tabs.iter().any(|tab| tab.emulator.is_behind())
    }

    /// Parses what programs wrote, for no longer than `budget`; answers what they asked.
    pub(crate) fn parse(
        &mut self,
        budget: Duration,
        elapsed: &dyn Fn() -> Duration,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for tab in &mut self.tabs {
            if !tab.emulator.is_behind() {
                continue;
            }
            tab.emulator.parse(budget, elapsed);
            let bytes = tab.emulator.replies();
            if !bytes.is_empty() && tab.ended.is_none() {
                effects.push(Effect::Type {
                    terminal: tab.id,
                    bytes,
                });
            }
        }
        effects
    }

    /// A key for the program.
    pub(crate) fn key(&mut self, key: crossterm::event::KeyEvent) -> Vec<Effect> {
        self.type_with(|emulator| encode_key(key, emulator.modes()))
    }

    /// Pasted text for the program.
    pub(crate) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.type_with(|emulator| encode_paste(text, emulator.modes()))
    }

    fn type_with(&mut self, encode: impl FnOnce(&Emulator) -> Vec<u8>) -> Vec<Effect> {
        let Some(tab) = self.tab_mut().filter(|tab| tab.ended.is_none()) else {
            return Vec::new();
        };
        let bytes = encode(&tab.emulator);
        if bytes.is_empty() {
            return Vec::new();
        }
        tab.emulator.scroll_to(0);
        vec![Effect::Type {
            terminal: tab.id,
            bytes,
        }]
    }

    /// Looks back by so many pages, or forth.
    pub(crate) fn scroll(&mut self, pages: i64) {
        let Some(tab) = self.tab_mut() else { return };
        let (_, rows) = tab.emulator.size();
        let step = usize::from(rows / 2).max(1);
        let now = tab.emulator.scrolled();
        let target = if pages > 0 {
            now.saturating_add(step)
        } else {
            now.saturating_sub(step)
        };
        tab.emulator.scroll_to(target);
    }

    /// The pane has this inside: programs are told when it changed.
    pub(crate) fn prepare(&mut self, area: Option<Rect>) -> Vec<Effect> {
        let Some(area) = area else { return Vec::new() };
        let size = (area.width.max(2), area.height.max(2));
        self.size = Some(size);
        let Some(tab) = self.tab_mut().filter(|tab| tab.emulator.size() != size) else {
            return Vec::new();
        };
        tab.emulator.resize(size.0, size.1);
        vec![Effect::ResizeTerminal {
            terminal: tab.id,
            columns: size.0,
            rows: size.1,
        }]
    }

    /// What the pane's frame says.
    pub(crate) fn title(&self) -> String {
        let Some(tab) = self.tab() else {
            return "Terminal".to_owned();
        };
        let count = if self.tabs.len() > 1 {
            format!(" {}/{}", self.current + 1, self.tabs.len())
        } else {
            String::new()
        };
        let title = tab.emulator.title().unwrap_or("");
        let separator = if title.is_empty() { "" } else { "  " };
        format!("Terminal{count}  {}{separator}{title}", tab.label)
    }

    /// What the pane's frame says at its end.
    pub(crate) fn position(&self) -> Option<String> {
        let tab = self.tab()?;
        let modes = tab.emulator.modes();
        match tab.emulator.scrolled() {
            0 if tab.emulator.failures() > 0 => Some("the screen was reset".to_owned()),
            0 => None,
            _ if modes.alternate_screen => None,
            rows => Some(format!("{rows} lines back")),
        }
    }

    /// Draws the screen; the cursor's place, when it is to be seen.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        let tab = self.tab()?;
        let cursor = tab.emulator.draw(area, buffer, look.depth);
        let Some(how) = &tab.ended else {
            return cursor;
        };
        let words = format!(" {how}: Enter closes, t opens another ");
        let row = Rect {
            y: area.bottom().saturating_sub(1),
            height: area.height.min(1),
            ..area
        };
        Line::styled(words, look.theme.style(Role::Badge)).render(row, buffer);
        None
    }
}
