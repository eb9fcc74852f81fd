//! What is known of the model's provider: retries, limits, failures.

use serde_json::Value;

use super::ending::Hints;
use super::fields::{count, text, word};
use super::items::Items;
use crate::agents::Draft;
use crate::domain::item::{AgentStatus, Item};
use crate::domain::time::Timestamp;

/// Retries that are under way.
#[derive(Debug)]
struct Retry {
    /// The item that tells of them all.
    item: u64,
    count: u32,
    why: String,
}

/// The provider, as far as claude says.
#[derive(Debug, Default)]
pub(super) struct Provider {
    /// What helps to understand a failed result.
    pub(super) hints: Hints,
    retry: Option<Retry>,
    /// It refuses requests for now.
    limited: bool,
}

impl Provider {
    /// What keeps the agent waiting.
    pub(super) fn status(&self) -> Option<AgentStatus> {
        if self.limited {
            return Some(AgentStatus::RateLimited {
                until: self.hints.until,
            });
        }
        let retry = self.retry.as_ref()?;
        Some(AgentStatus::Retrying {
            count: retry.count,
            why: retry.why.clone(),
        })
    }

    /// It answers again.
    pub(super) fn recovered(&mut self) {
        self.retry = None;
        self.limited = false;
    }

    /// `api_retry`: all retries in a row are one item. A retry without a status is about a connection.
    pub(super) fn retry(&mut self, message: &Value, items: &mut Items, drafts: &mut Vec<Draft>) {
        items.break_off("");
        let count_so_far = u32::try_from(count(message, "attempt")).unwrap_or(u32::MAX);
        let error = text(message, "error").unwrap_or("error").replace('_', " ");
        let why = match message.get("error_status").and_then(Value::as_u64) {
            Some(status) => format!("{error} (HTTP {status})"),
            None if error == "unknown" => "the connection was lost".to_owned(),
            None => error,
        };
        let most = count(message, "max_retries");
        let of = if most > 0 {
            format!("{count_so_far} of {most}")
        } else {
            count_so_far.to_string()
        };
        let item = Item::Error {
            text: format!("{why}; retry {of}"),
            retrying: true,
        };
        let id = match &self.retry {
            Some(retry) => {
                items.change(retry.item, item, drafts);
                retry.item
            }
            None => items.add(None, item, drafts),
        };
        self.retry = Some(Retry {
            item: id,
            count: count_so_far,
            why,
        });
    }

    /// `rate_limit_event`: what to tell people, when the limit is reached.
    pub(super) fn rate_limit(&mut self, message: &Value) -> Option<String> {
        let info = message.get("rate_limit_info").unwrap_or(&Value::Null);
        let rejected = word(info, "status") == "rejected";
        self.remember_limit(info);
        let news = rejected && !self.limited;
        self.limited = rejected;
        let which = text(info, "rateLimitType").unwrap_or("usage");
        news.then(|| format!("rate limit reached: {}", which.replace('_', " ")))
    }

    /// claude reports a failure as if the model had said it.
    pub(super) fn failure(&mut self, message: &Value) {
        self.hints.error = text(message, "error").map(str::to_owned);
        if let Some(info) = message
            .get("api_error_params")
            .and_then(|params| params.get("rate_limit_info"))
        {
            self.remember_limit(info);
        }
    }

    /// `resetsAt` is in seconds since the Unix epoch.
    fn remember_limit(&mut self, info: &Value) {
        if word(info, "status") == "rejected"
            && let Some(seconds) = info.get("resetsAt").and_then(Value::as_i64)
        {
            self.hints.until = Some(Timestamp(seconds.saturating_mul(1000)));
        }
    }
}
