//! The terminals of agents: looked at and typed into here, running in the runner's hands.

use std::path::PathBuf;

use super::program::Program;
use super::{MOST, SCROLLBACK, TerminalPane};
use crate::domain::ids::AttemptId;
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::terminals::{Launch, TerminalRequest};

impl TerminalPane {
    /// Shows the terminal of an attempt's agent, from its beginning.
    pub(crate) fn attach(
        &mut self,
        attempt: AttemptId,
        evidence: PathBuf,
        label: String,
    ) -> Result<Vec<Effect>, String> {
        let is_it = |program: &Program| matches!(&program.request.launch, Launch::Attempt { attempt: known, .. } if *known == attempt);
        if let Some(position) = self.programs.iter().position(is_it) {
            self.current = position;
            return Ok(Vec::new());
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
            folder: evidence.clone(),
            launch: Launch::Attempt { attempt, evidence },
            columns,
            rows,
        };
        let program = Program::new(terminal, request.clone(), label, SCROLLBACK);
        self.programs.push(program);
        self.current = self.programs.len() - 1;
        Ok(vec![Effect::OpenTerminal { terminal, request }])
    }
}
