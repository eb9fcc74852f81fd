//! The terminal is lent to a pager or an editor, and comes back. What the runner and programs on terminals do meanwhile goes on.

use std::time::Duration;

use super::super::draft::Draft;
use super::super::effect::Effect;
use super::super::session::Outside;
use super::super::theme::Role;
use super::super::update::{Message, Signal, update};
use super::{App, BATCH, Host, LEAVE, after};

impl<H: Host> App<H> {
    /// Lends the terminal to a program until it ends. What the runner tells meanwhile is taken in.
    pub(super) async fn hand_over(&mut self, outside: Outside) -> Vec<Effect> {
        // Its thread would eat what is typed into the program.
        self.events = None;
        self.announcer.look_away();
        let lent = self.host.lend();
        self.gone_if(&lent);
        let mut program = self.outside.run(&outside);
        let mut batch = Vec::with_capacity(BATCH);
        let mut effects = Vec::new();
        let mut is_cut_short = false;
        let result = loop {
            let now = (self.clock)().monotonic.0;
            let announce_in = self.announcer.due_in(now);
            let is_behind = self.model.terminal.is_behind();
            let due = self.model.terminal.due();
            let due_in = due.map(|due| due.saturating_sub(now));
            let parse_in = if is_behind {
                Some(Duration::ZERO)
            } else {
                due_in
            };
            tokio::select! {
                biased;
                result = &mut program => break result,
                signal = self.host.signal() => match signal {
                    // Ctrl-C and Ctrl-\ were meant for the program.
                    Signal::Interrupt | Signal::Quit => {}
                    Signal::HangUp | Signal::Terminate => {
                        effects.extend(update(&mut self.model, Message::Signal(signal)));
                        is_cut_short = true;
                        break Ok(());
                    }
                },
                _ = self.handle.feed.recv_many(&mut batch, BATCH), if !self.feed_ended => {
                    for message in self.take_feed(&mut batch) {
                        effects.extend(update(&mut self.model, message));
                    }
                }
                () = after(announce_in.unwrap_or_default()), if announce_in.is_some() => {
                    self.announce();
                }
                // Programs on terminals go on, and get their answers.
                () = after(parse_in.unwrap_or_default()), if parse_in.is_some() => {
                    for effect in self.parse() {
                        match effect {
                            Effect::Type { terminal, bytes } => {
                                self.links.answer(terminal, bytes);
                            }
                            other => effects.push(other),
                        }
                    }
                }
                (id, event) = self.links.next() => {
                    effects.extend(update(&mut self.model, Message::Terminal(id, event)));
                }
            }
        };
        drop(program);
        if is_cut_short {
            tokio::time::sleep(LEAVE).await;
        }
        let taken = self.host.take_back();
        self.gone_if(&taken);
        self.events = Some(self.host.events());
        let drawn = self.redraw();
        self.gone_if(&drawn);
        effects.extend(update(&mut self.model, Message::Returned(outside, result)));
        effects
    }

    /// Shows a text in the user's pager.
    pub(super) async fn read_outside(&mut self, text: &str) -> Vec<Effect> {
        let draft = match Draft::write(&self.model.evidence_root, text) {
            Ok(draft) => draft,
            Err(why) => {
                self.model.say(why, Role::Error);
                return Vec::new();
            }
        };
        let path = draft.path().to_owned();
        let from_end = true;
        self.hand_over(Outside::Pager { path, from_end }).await
    }

    /// Has the user write a text in their editor.
    pub(super) async fn write_outside(&mut self, text: &str) -> Vec<Effect> {
        let draft = match Draft::write(&self.model.evidence_root, text) {
            Ok(draft) => draft,
            Err(why) => return update(&mut self.model, Message::Written(Err(why))),
        };
        let path = draft.path().to_owned();
        let mut effects = self.hand_over(Outside::Editor { path, line: None }).await;
        effects.extend(update(&mut self.model, Message::Written(draft.read())));
        effects
    }
}
