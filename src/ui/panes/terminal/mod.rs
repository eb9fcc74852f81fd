//! Terminals: tabs, each with one program or some of them, one tab shown at a time.
//!
//! A program starts when it is to be seen for the first time: then its size is known. What was typed before is kept for it.

mod agents;
mod beside;
mod copy;
mod drawing;
mod marking;
mod motion;
mod paste;
mod program;
mod reader;
mod record;
mod restore;
mod search;
mod selection;
mod sheet;
mod tab;
mod titles;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::emulator::{Rgb, encode_mouse};
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::session::Look;
use crate::ui::terminals::{Launch, TerminalEvent, TerminalRequest};
pub(crate) use paste::{Pasted, Pasting};
use program::Program;
pub(crate) use reader::{Done, PACE};
pub(crate) use restore::{Keeping, Kept, Restored, in_repository};
pub(crate) use tab::Split;
use tab::Tab;

/// So many programs may be open at once; each holds a megabyte or two of scrollback.
const MOST: usize = 8;

/// Rows above the screen that are kept, unless the user says otherwise.
const SCROLLBACK: u32 = 10_000;

/// The wheel goes so many lines at once.
const WHEEL: i64 = 3;

/// What is typed so soon after a program's end was meant for it.
const TYPED_AHEAD: Duration = Duration::from_millis(500);

/// Where a program is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    /// `003 worktree`.
    pub(crate) label: String,
}

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct TerminalPane {
    tabs: Vec<Tab>,
    current: usize,
    last_id: u32,
    /// Whether it was opened: what is restored waits for that.
    is_awake: bool,
    /// The inside of the pane, as it was last laid out.
    area: Option<Rect>,
    /// The program that a button of the mouse was pressed on.
    held: Option<TerminalId>,
    keeper: restore::Keeper,
    /// How many rows above the screen new terminals keep.
    pub(crate) scrollback: Option<u32>,
}

/// What the pane stands in while it is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings {
    /// Its inside, if it is to be seen.
    pub(crate) area: Option<Rect>,
    /// By the clock that never jumps.
    pub(crate) now: Duration,
    /// Whether what is typed goes there, and somebody looks.
    pub(crate) has_keys: bool,
}

impl TerminalPane {
    /// Whether there is anything to show.
    pub(crate) fn is_open(&self) -> bool {
        self.is_awake && !self.tabs.is_empty()
    }

    /// Whether the shown program takes keys.
    pub(crate) fn is_alive(&self) -> bool {
        self.shown().is_some_and(|program| program.ended.is_none())
    }

    /// A key comes for a program that has ended: whether it was typed before its end could be seen, with the keys before it.
    pub(crate) fn is_typed_ahead(&mut self, now: Duration) -> bool {
        let Some(program) = self.shown_mut() else {
            return false;
        };
        let is_ahead = program
            .ended_at
            .is_some_and(|ended| now.saturating_sub(ended) < TYPED_AHEAD);
        // Who types on without a pause has not looked up yet.
        program.ended_at = program.ended_at.filter(|_| is_ahead).map(|_| now);
        is_ahead
    }

    /// How many tabs there are.
    pub(crate) fn count(&self) -> usize {
        self.tabs.len()
    }

    /// Whether the shown tab has several programs.
    pub(crate) fn is_split(&self) -> bool {
        self.tab().is_some_and(|tab| tab.programs.len() > 1)
    }

    fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.current)
    }

    fn tab_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.current)
    }

    fn shown(&self) -> Option<&Program> {
        self.tab()?.shown()
    }

    fn shown_mut(&mut self) -> Option<&mut Program> {
        self.tab_mut()?.shown_mut()
    }

    fn programs(&self) -> impl Iterator<Item = &Program> {
        self.tabs.iter().flat_map(|tab| &tab.programs)
    }

    fn programs_mut(&mut self) -> impl Iterator<Item = &mut Program> {
        self.tabs.iter_mut().flat_map(|tab| &mut tab.programs)
    }

    /// Which program has the keys, when the pane has them.
    pub(crate) fn shown_id(&self) -> Option<TerminalId> {
        Some(self.shown()?.id)
    }

    /// What a program is called: its tab's own name, where it is, and which one of its tab: `1 build, repository (2 of 3)`.
    pub(crate) fn name_of(&self, id: TerminalId) -> Option<String> {
        for (index, tab) in self.tabs.iter().enumerate() {
            let mut programs = tab.programs.iter().enumerate();
            let Some((position, program)) = programs.find(|(_, program)| program.id == id) else {
                continue;
            };
            let name = tab.name.as_ref().map(|name| format!("{name}, "));
            let name = name.unwrap_or_default();
            let part = match tab.programs.len() {
                1 => String::new(),
                count => format!(" ({} of {count})", position + 1),
            };
            return Some(format!("{} {name}{}{part}", index + 1, program.label));
        }
        None
    }

    /// What the tabs are called, in order.
    pub(crate) fn tab_names(&self) -> impl Iterator<Item = &str> {
        self.tabs.iter().map(Tab::name)
    }

    /// The programs that run.
    pub(crate) fn alive(&self) -> Vec<TerminalId> {
        // An agent doesn't end with who looks at it.
        let alive = self
            .programs()
            .filter(|program| program.is_alive() && !program.runs_elsewhere());
        alive.map(|program| program.id).collect()
    }

    /// A program that is not started yet.
    fn program(&mut self, launch: Launch, place: Place) -> Program {
        self.last_id += 1;
        let request = TerminalRequest {
            launch,
            folder: place.folder,
            told: None,
            columns: 80,
            rows: 24,
        };
        Program::new(
            TerminalId(self.last_id),
            request,
            place.label,
            self.rows_kept(),
        )
    }

    /// Whether there is room for another one.
    fn has_room(&self) -> Result<(), String> {
        if self.programs().count() < MOST {
            return Ok(());
        }
        Err(format!(
            "{MOST} terminals are open: close one first (`exit`, or its key after the chord)"
        ))
    }

    /// Shows the shell in this folder; opens it when there is none, or when it has ended.
    pub(crate) fn open(&mut self, place: Place) -> Result<Vec<Effect>, String> {
        self.show(Launch::Shell, place)
    }

    /// Shows what was opened there by the same launch; opens it when there is none, or when it has ended.
    pub(crate) fn show(&mut self, launch: Launch, place: Place) -> Result<Vec<Effect>, String> {
        let is_there = |program: &Program| {
            program.request.folder == place.folder && program.request.launch == launch
        };
        if self.shown().is_some_and(is_there) {
            self.is_awake = true;
            return Ok(self.reopen());
        }
        for (index, tab) in self.tabs.iter_mut().enumerate() {
            let mut programs = tab.programs.iter();
            if let Some(position) = programs.position(is_there) {
                tab.current = position;
                tab.has_rung = false;
                self.current = index;
                self.is_awake = true;
                self.keeper.outdate();
                return Ok(if self.is_alive() {
                    Vec::new()
                } else {
                    self.reopen()
                });
            }
        }
        self.launch(launch, place)?;
        Ok(Vec::new())
    }

    /// Opens a program in a tab of its own, behind the shown one.
    pub(crate) fn launch(&mut self, launch: Launch, place: Place) -> Result<TerminalId, String> {
        self.has_room()?;
        let program = self.program(launch, place);
        let id = program.id;
        self.add_tab(Tab::new(program));
        Ok(id)
    }

    /// Puts a tab behind the shown one, and shows it.
    fn add_tab(&mut self, tab: Tab) {
        let at = (self.current + 1).min(self.tabs.len());
        self.tabs.insert(at, tab);
        self.current = at;
        self.is_awake = true;
        self.keeper.outdate();
    }

    /// Opens the same again in the place of the shown program, which has ended.
    pub(crate) fn reopen(&mut self) -> Vec<Effect> {
        let Some((before, request, label)) = self
            .shown()
            .filter(|program| program.ended.is_some())
            .map(|program| (program.id, program.request.clone(), program.label.clone()))
        else {
            return Vec::new();
        };
        self.last_id += 1;
        let program = Program::new(TerminalId(self.last_id), request, label, self.rows_kept());
        if let Some(shown) = self.shown_mut() {
            *shown = program;
        }
        self.keeper.outdate();
        vec![Effect::CloseTerminal(before)]
    }

    /// Shows the tab so many further on, around the end.
    pub(crate) fn step_tab(&mut self, step: isize) {
        let count = self.tabs.len() as isize;
        if count > 0 {
            self.show_tab((self.current as isize + step).rem_euclid(count) as usize);
        }
    }

    /// Shows a tab. Whether there is such a one.
    pub(crate) fn show_tab(&mut self, index: usize) -> bool {
        let Some(tab) = self.tabs.get_mut(index) else {
            return false;
        };
        tab.has_rung = false;
        self.current = index;
        self.keeper.outdate();
        true
    }

    /// Gives the keys to another program of the tab.
    pub(crate) fn step_program(&mut self, step: isize) {
        if let Some(tab) = self.tab_mut() {
            let count = tab.programs.len() as isize;
            tab.current = (tab.current as isize + step).rem_euclid(count.max(1)) as usize;
            self.keeper.outdate();
        }
    }

    /// The name that the user gave the shown tab.
    pub(crate) fn own_name(&self) -> &str {
        self.tab().and_then(|tab| tab.name.as_deref()).unwrap_or("")
    }

    /// Gives the shown tab a name; an empty one takes it away.
    pub(crate) fn rename(&mut self, name: &str) {
        if let Some(tab) = self.tab_mut() {
            tab.name = restore::named(name);
            self.keeper.outdate();
        }
    }

    /// How many rows above the screen a new terminal keeps.
    fn rows_kept(&self) -> usize {
        self.scrollback.unwrap_or(SCROLLBACK) as usize
    }

    /// What a terminal was opened for.
    pub(crate) fn launch_of(&self, id: TerminalId) -> Option<&Launch> {
        let program = self.programs().find(|program| program.id == id)?;
        Some(&program.request.launch)
    }

    /// Whether a program has ended and said that all went well.
    pub(crate) fn ended_well(&self, id: TerminalId) -> bool {
        let program = self.programs().find(|program| program.id == id);
        program.is_some_and(|program| program.ended.as_ref().is_some_and(|end| end.is_well))
    }

    /// What the programs that have not ended were opened for.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Launch> {
        let live = self.programs().filter(|program| program.ended.is_none());
        live.map(|program| &program.request.launch)
    }

    /// Closes the shown terminal.
    pub(crate) fn close(&mut self) -> Vec<Effect> {
        self.shown_id()
            .map_or_else(Vec::new, |id| self.close_it(id))
    }

    /// Closes a terminal.
    pub(crate) fn close_it(&mut self, id: TerminalId) -> Vec<Effect> {
        for index in 0..self.tabs.len() {
            let Some(tab) = self.tabs.get_mut(index) else {
                break;
            };
            let Some(position) = tab.programs.iter().position(|program| program.id == id) else {
                continue;
            };
            tab.remove(position);
            if tab.programs.is_empty() {
                self.tabs.remove(index);
                if index < self.current {
                    self.current -= 1;
                }
                self.current = self.current.min(self.tabs.len().saturating_sub(1));
            }
            self.keeper.outdate();
            return vec![Effect::CloseTerminal(id)];
        }
        Vec::new()
    }

    /// A program wrote, or ended, at this moment.
    pub(crate) fn event(&mut self, id: TerminalId, event: TerminalEvent, now: Duration) {
        if matches!(event, TerminalEvent::Ended(_)) {
            self.keeper.outdate();
        }
        let mut programs = self.programs_mut();
        if let Some(program) = programs.find(|program| program.id == id) {
            program.event(event, now);
        }
    }

    /// Whether bytes wait to be parsed.
    pub(crate) fn is_behind(&self) -> bool {
        let mut programs = self.programs();
        programs.any(|program| program.emulator.is_behind())
    }

    /// When a picture that a program holds back has to be shown, complete or not.
    pub(crate) fn due(&self) -> Option<Duration> {
        let programs = self.programs();
        programs.filter_map(|program| program.emulator.due()).min()
    }

    /// Parses what programs wrote, for no longer than `budget`; answers what they asked. `now` counts from any fixed moment.
    pub(crate) fn parse(
        &mut self,
        now: Duration,
        budget: Duration,
        elapsed: &dyn Fn() -> Duration,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        let current = self.current;
        for (index, tab) in self.tabs.iter_mut().enumerate() {
            for program in &mut tab.programs {
                effects.extend(program.parse(now, budget, elapsed));
                tab.has_rung |= program.rings() && index != current;
            }
        }
        self.search_on(budget, elapsed);
        effects
    }

    /// A key for the program.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let effect = self.shown_mut().and_then(|program| program.key(key));
        effect.into_iter().collect()
    }

    /// Looks back by so many half pages, or forth.
    pub(crate) fn scroll(&mut self, pages: i64) {
        if let Some(program) = self.shown_mut() {
            program.scroll(pages);
        }
    }

    /// Which program of the shown tab is at this position of the screen, and where its upper left cell is.
    fn program_at(&self, position: Position) -> Option<(usize, Rect)> {
        let places = self.tab()?.places(self.area?);
        let mut places = places.into_iter();
        places.find(|(_, place)| place.contains(position))
    }

    /// Where the program is that has the keys, on the screen.
    pub(crate) fn shown_at(&self) -> Option<Rect> {
        let tab = self.tab()?;
        let mut places = tab.places(self.area?).into_iter();
        let place = places.find(|(index, _)| *index == tab.current);
        place.map(|(_, place)| place)
    }

    /// What the mouse does inside of the pane; `is_ours` when the program is not to hear of it. A button gives the keys to
    /// what is under it. `None` when it is nothing to the program: what it then does to the text is another matter.
    pub(crate) fn mouse(&mut self, mouse: MouseEvent, is_ours: bool) -> Option<Vec<Effect>> {
        let position = Position::new(mouse.column, mouse.row);
        let (index, place) = self.program_at(position)?;
        let is_down = matches!(mouse.kind, MouseEventKind::Down(_));
        let tab = self.tabs.get_mut(self.current)?;
        if is_down && tab.current != index {
            tab.current = index;
            self.keeper.outdate();
        }
        let program = tab.programs.get_mut(index)?;
        let modes = program.emulator.modes();
        // What is read back is not what the program shows.
        if !is_ours
            && program.is_alive()
            && program.copy.as_ref().is_none_or(|copy| !copy.has_keys())
        {
            let row = program.row_at(mouse.row - place.y);
            let bytes = encode_mouse(mouse, mouse.column - place.x, row, modes);
            if !bytes.is_empty() {
                self.held = if is_down { Some(program.id) } else { self.held };
                return Some(program.send(bytes).into_iter().collect());
            }
        }
        let lines = match mouse.kind {
            MouseEventKind::ScrollUp => WHEEL,
            MouseEventKind::ScrollDown => -WHEEL,
            _ => return None,
        };
        program.scroll_lines(lines);
        Some(Vec::new())
    }

    /// What the mouse does while a button is held that was pressed on a program: it hears of it, wherever the mouse is.
    pub(crate) fn mouse_held(&mut self, mouse: MouseEvent) -> Option<Vec<Effect>> {
        let id = self.held?;
        let is_up = matches!(mouse.kind, MouseEventKind::Up(_));
        if !is_up && !matches!(mouse.kind, MouseEventKind::Drag(_)) {
            return None;
        }
        if is_up {
            self.held = None;
        }
        let tab = self.tab()?;
        let index = tab.programs.iter().position(|program| program.id == id)?;
        let mut places = tab.places(self.area?).into_iter();
        let (_, place) = places.find(|(found, _)| *found == index)?;
        let program = tab.programs.get(index)?;
        let inside =
            |at: u16, from: u16, length: u16| at.clamp(from, from + length.max(1) - 1) - from;
        let bytes = encode_mouse(
            mouse,
            inside(mouse.column, place.x, place.width),
            program.row_at(inside(mouse.row, place.y, place.height)),
            program.emulator.modes(),
        );
        Some(program.send(bytes).into_iter().collect())
    }

    /// The pane is laid out: programs that are seen for the first time start, others hear of their size and of the focus.
    pub(crate) fn prepare(&mut self, around: Surroundings) -> Vec<Effect> {
        let mut effects = Vec::new();
        let shown = self.shown_id().filter(|_| around.has_keys);
        let mut fitted = Vec::new();
        if let Some(area) = around.area.filter(|_| self.is_open()) {
            self.area = Some(area);
            if let Some(tab) = self.tabs.get_mut(self.current) {
                for (index, place) in tab.places(area) {
                    if let Some(program) = tab.programs.get_mut(index) {
                        let (columns, rows) = (place.width.max(2), place.height.max(2));
                        fitted.push(program.id);
                        effects.extend(program.fit(columns, rows, around.now));
                    }
                }
            }
        }
        for program in self.programs_mut() {
            if !fitted.contains(&program.id) {
                program.unplaced();
            }
            let has_focus = shown == Some(program.id);
            effects.extend(program.focus(has_focus));
        }
        effects
    }

    /// In how long a size that is on its way is to be told.
    pub(crate) fn settles_in(&self, now: Duration) -> Option<Duration> {
        let waits = self
            .programs()
            .filter_map(|program| program.settles_in(now));
        waits.min()
    }

    /// The colours of text that asks for none, and of what is behind it: programs are told them when they ask.
    pub(crate) fn wear(&mut self, text: Rgb, behind: Rgb) {
        for program in self.programs_mut() {
            program.emulator.set_colors(text, behind);
        }
    }

    /// Draws the shown tab; the cursor's place, when it is to be seen.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        self.tab()?.draw(area, buffer, look)
    }
}

/// Where an attempt's evidence lies.
pub(crate) fn evidence_folder(root: &Path, run: &str, ticket: &str, attempt: u32) -> PathBuf {
    root.join(run).join(ticket).join(attempt.to_string())
}
