//! Another shell where the shown program works: in a tab of its own, or in the same tab.

use super::program::Program;
use super::tab::{self, Split, Tab};
use super::{Place, TerminalPane};
use crate::ui::terminals::Launch;

impl TerminalPane {
    /// Opens another shell where the shown program works, in a tab of its own; in `otherwise` when nothing is shown.
    pub(crate) fn tab_beside(&mut self, otherwise: Place) -> Result<(), String> {
        self.has_room()?;
        let program = match self.beside() {
            Some(program) => program,
            None => self.program(Launch::Shell, otherwise),
        };
        self.add_tab(Tab::new(program));
        Ok(())
    }

    /// Opens another shell where the shown program works, in the same tab.
    pub(crate) fn split(&mut self, split: Split) -> Result<(), String> {
        self.has_room()?;
        if self
            .tab()
            .is_some_and(|tab| tab.programs.len() >= tab::MOST)
        {
            return Err(format!("a tab has room for {} terminals", tab::MOST));
        }
        let program = self.beside().ok_or("no terminal is open")?;
        if let Some(tab) = self.tab_mut() {
            tab.add(program, split);
        }
        self.keeper.outdate();
        Ok(())
    }

    /// A shell that has the shown program's place, and starts where that one says it works.
    fn beside(&mut self) -> Option<Program> {
        let shown = self.shown()?;
        let place = Place {
            folder: shown.request.folder.clone(),
            label: shown.label.clone(),
        };
        // One that has said nothing yet is where it was started. What an agent says decides nothing about the user's shell.
        let told = shown.emulator.folder().or(shown.request.told.as_ref());
        let told = told.filter(|_| shown.request.launch == Launch::Shell);
        let told = told.cloned();
        let mut program = self.program(Launch::Shell, place);
        program.request.told = told;
        Some(program)
    }
}
