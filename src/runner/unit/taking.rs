//! A human takes the session over, and hands it back.

use super::Unit;
use crate::domain::desk::DeskRules;
use crate::domain::machine::Report;
use crate::proc::clock::Clock as _;

impl Unit {
    /// Ends the agent's process: it holds the session, which its own TUI is to go on with.
    pub(super) async fn let_go(&mut self) {
        if let Some(mut prepared) = self.prepared.take() {
            self.end_agent(&mut prepared).await;
            let now = self.context.clock.now().wall;
            let words = "a human takes the session over: what follows is said in the agent's own terminal interface";
            prepared.transcript.notice(words.to_owned(), now);
            prepared.transcript.publish();
            self.prepared = Some(prepared);
        }
        self.report(Report::LetGo);
    }

    /// Saves what the human left.
    pub(super) async fn take_back(&mut self, turn: u32, rules: DeskRules) {
        if let Some(prepared) = &mut self.prepared {
            let now = self.context.clock.now().wall;
            prepared
                .transcript
                .notice("the session was handed back".to_owned(), now);
            prepared.transcript.publish();
        }
        self.collect(turn, rules).await;
    }
}
