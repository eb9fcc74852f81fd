//! The notifications of `codex app-server`: what happens in a turn.

use serde_json::value::RawValue;

use super::decoder::AppServerDecoder;
use super::status::Streak;
use super::wire::{self, TurnStatus};
use super::{fault, notices, thread_item, words};
use crate::agents::Decoded;
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{Item, PlanEntry};

impl AppServerDecoder {
    /// codex said something that takes no answer.
    pub(super) fn notified(
        &mut self,
        method: &str,
        params: Option<&RawValue>,
        decoded: &mut Decoded,
    ) {
        if self.understood(method, params, decoded).is_none() {
            let known = notices::understand(method, params);
            match known {
                notices::Notification::Chatter => {}
                notices::Notification::Words(text) => self.notice(text, decoded),
                notices::Notification::Unknown => {
                    if self.named.insert(method.to_owned()) {
                        self.notice(
                            format!("codex says `{}`", words::short(method, 80)),
                            decoded,
                        );
                    }
                }
            }
        }
        self.update_status(decoded);
    }

    /// The notifications that change what is known; `None` for all others, and for those that can't be read.
    fn understood(
        &mut self,
        method: &str,
        params: Option<&RawValue>,
        decoded: &mut Decoded,
    ) -> Option<()> {
        match method {
            "item/started" | "item/completed" => {
                let event: wire::ItemEvent = wire::read(params)?;
                self.item(method == "item/completed", &event, decoded);
            }
            "item/agentMessage/delta" | "item/plan/delta" | "item/reasoning/textDelta" => {
                let event: wire::DeltaEvent = wire::read(params)?;
                let is_reasoning = method == "item/reasoning/textDelta";
                self.goes_on(&event.thread_id);
                self.items.words(
                    &event.thread_id,
                    &event.item_id,
                    is_reasoning,
                    &event.delta,
                    decoded,
                );
            }
            "item/reasoning/summaryTextDelta" => {
                let event: wire::DeltaEvent = wire::read(params)?;
                self.goes_on(&event.thread_id);
                self.items.summary(
                    &event.thread_id,
                    &event.item_id,
                    event.summary_index,
                    &event.delta,
                    decoded,
                );
            }
            "item/commandExecution/outputDelta" => {
                let event: wire::DeltaEvent = wire::read(params)?;
                self.items.output(&event.item_id, event.delta, decoded);
            }
            "item/fileChange/patchUpdated" => {
                let event: wire::PatchEvent = wire::read(params)?;
                self.items.patched(&event.item_id, &event.changes, decoded);
            }
            "turn/started" => {
                let event: wire::TurnEvent = wire::read(params)?;
                if !self.sees_input && self.is_main(&event.thread_id) && self.turn.is_none() {
                    self.set_thread(&event.thread_id);
                    self.open_turn(event.thread_id, Some(event.turn.id), decoded);
                }
            }
            "turn/completed" => self.completed(wire::read(params)?, decoded),
            "turn/plan/updated" => self.plan(wire::read(params)?, decoded),
            "thread/started" => {
                let opened: wire::ThreadOpened = wire::read(params)?;
                if opened.thread.parent_thread_id.is_some() {
                    self.items.add_agent(opened.thread.id);
                } else if self.thread.is_none() {
                    decoded.session = Some(opened.thread.id.clone());
                    self.set_thread(&opened.thread.id);
                }
            }
            "thread/tokenUsage/updated" => {
                let event: wire::UsageEvent = wire::read(params)?;
                let is_main = self.is_main(&event.thread_id);
                // After `thread/resume` codex repeats the totals of the thread's last turn, and that may come when the
                // next one was asked for already.
                let in_turn = self
                    .turn
                    .as_ref()
                    .is_some_and(|turn| !is_main || turn.id.as_ref() == Some(&event.turn_id));
                self.totals
                    .update(event.thread_id, &event.token_usage, in_turn);
                if in_turn {
                    decoded.usage = Some(self.totals.of_turn());
                }
            }
            "thread/status/changed" => {
                let event: wire::ThreadStatusEvent = wire::read(params)?;
                if self.is_main(&event.thread_id) {
                    self.doing.flagged(&event.status.active_flags);
                }
            }
            "account/rateLimits/updated" => {
                let event: wire::RateLimitsEvent = wire::read(params)?;
                if let Some(limited) = self.limits.update(event.rate_limits) {
                    self.doing.limited(limited);
                }
            }
            "error" => self.error(wire::read(params)?, decoded),
            "serverRequest/resolved" => {
                let event: wire::RequestResolved = wire::read(params)?;
                self.resolved(&wire::key(&event.request_id), decoded);
            }
            "model/rerouted" => {
                let event: wire::ModelRerouted = wire::read(params)?;
                let (from, to) = (event.from_model, event.to_model);
                self.notice(format!("{to} answers instead of {from}"), decoded);
                decoded.model = Some(to);
            }
            _ => return None,
        }
        Some(())
    }

    fn item(&mut self, is_complete: bool, event: &wire::ItemEvent, decoded: &mut Decoded) {
        let thread = event.thread_id.as_str();
        let read = thread_item::read(&event.item);
        match &read.item {
            thread_item::ThreadItem::UserMessage => return,
            thread_item::ThreadItem::Unknown if is_complete => {
                let kind = thread_item::head(&event.item).kind;
                let text = format!("codex shows an item of kind `{}`", words::short(&kind, 80));
                self.items
                    .add(self.items.parent(thread), Item::Notice { text }, decoded);
            }
            thread_item::ThreadItem::AgentMessage { text }
                if is_complete && !text.is_empty() && self.is_main(thread) =>
            {
                if let Some(turn) = &mut self.turn {
                    turn.message = Some(text.clone());
                }
            }
            _ => {}
        }
        self.goes_on(thread);
        if is_complete {
            self.items.completed(thread, &read.id, read.item, decoded);
        } else {
            self.items.started(thread, &read.id, read.item, decoded);
        }
    }

    /// The model answers: whatever was in the way is over.
    fn goes_on(&mut self, thread: &str) {
        if self.is_main(thread) {
            self.doing.goes_on();
        }
    }

    fn plan(&mut self, event: wire::PlanEvent, decoded: &mut Decoded) {
        let entries = event.plan.into_iter().map(|step| PlanEntry {
            text: step.step,
            done: step.status == "completed",
        });
        let item = Item::Plan {
            entries: entries.collect(),
        };
        let parent = self.items.parent(&event.thread_id);
        let is_main = self.is_main(&event.thread_id);
        let known = self
            .turn
            .as_ref()
            .filter(|_| is_main)
            .and_then(|turn| turn.plan);
        let id = self.items.show(known, parent, item, decoded);
        if let Some(turn) = self.turn.as_mut().filter(|_| is_main) {
            turn.plan = Some(id);
        }
    }

    fn error(&mut self, event: wire::ErrorEvent, decoded: &mut Decoded) {
        let text = event.error.text();
        let parent = self.items.parent(&event.thread_id);
        if !self.is_main(&event.thread_id) {
            let retrying = event.will_retry;
            self.items
                .add(parent, Item::Error { text, retrying }, decoded);
            return;
        }
        let item = Item::Error {
            text: text.clone(),
            retrying: event.will_retry,
        };
        // One line for a streak, which may be endless.
        let streak = self.doing.retries.take();
        let known = streak.as_ref().map(|streak| streak.draft);
        let id = self.items.show(known, parent, item, decoded);
        if event.will_retry {
            let count = streak.map_or(0, |streak| streak.count).saturating_add(1);
            self.doing.retries = Some(Streak {
                count,
                why: text,
                draft: id,
            });
        } else if let Some(turn) = &mut self.turn {
            turn.error = Some(event.error);
        }
    }

    fn completed(&mut self, event: wire::TurnEvent, decoded: &mut Decoded) {
        let is_ours = self.turn.as_ref().is_some_and(|turn| {
            turn.thread == event.thread_id && turn.id.as_ref() == Some(&event.turn.id)
        });
        if !is_ours {
            return;
        }
        let seen = self.turn.as_mut().and_then(|turn| turn.error.take());
        let end = match (event.turn.status, event.turn.error) {
            (TurnStatus::Completed, None) => TurnEnd::Completed,
            (TurnStatus::Interrupted, _) => TurnEnd::Failed {
                why: "interrupted".to_owned(),
                fault: Fault::Interrupted,
            },
            (status, error) => {
                if let (None, Some(error)) = (&seen, &error) {
                    let item = Item::Error {
                        text: error.text(),
                        retrying: false,
                    };
                    self.items.add(None, item, decoded);
                }
                let fault = |error| fault::of(error, self.limits.until());
                match error.or(seen) {
                    Some(error) => TurnEnd::Failed {
                        fault: fault(&error),
                        why: error.words(),
                    },
                    None => TurnEnd::Failed {
                        why: format!("codex ended the turn as {status:?}").to_lowercase(),
                        fault: Fault::Agent,
                    },
                }
            }
        };
        self.finish(end, decoded);
    }
}
