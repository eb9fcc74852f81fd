//! The terminals of agents: looked at and typed into here, running in the runner's hands.

use std::path::PathBuf;

use super::{Place, TerminalPane};
use crate::domain::ids::AttemptId;
use crate::ui::effect::Effect;
use crate::ui::terminals::Launch;

impl TerminalPane {
    /// Shows the terminal of an attempt's agent, from its beginning.
    pub(crate) fn attach(
        &mut self,
        attempt: AttemptId,
        evidence: PathBuf,
        label: String,
    ) -> Result<Vec<Effect>, String> {
        let place = Place {
            folder: evidence.clone(),
            label,
        };
        self.show(Launch::Attempt { attempt, evidence }, place)
    }
}
