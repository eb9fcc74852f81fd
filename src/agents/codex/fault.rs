//! What kind of failure codex reports, from its own codes alone, and how long a limit holds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::wire::{RateLimitSnapshot, TurnError};
use crate::domain::attempt::Fault;
use crate::domain::time::Timestamp;

/// What kind of failure an error is. `until` is how long the account's limits hold, as far as codex said.
pub(super) fn of(error: &TurnError, until: Option<Timestamp>) -> Fault {
    match &error.codex_error_info {
        Some(Value::String(code)) => of_code(code, until),
        // `{"responseStreamDisconnected": {"httpStatusCode": 429}}` and its likes.
        Some(Value::Object(fields)) => fields
            .iter()
            .next()
            .map_or(Fault::Agent, |(code, details)| {
                of_connection(code, details, until)
            }),
        _ => Fault::Agent,
    }
}

fn of_code(code: &str, until: Option<Timestamp>) -> Fault {
    match code {
        "usageLimitExceeded" | "rateLimitExceeded" => Fault::RateLimit { until },
        "serverOverloaded"
        | "internalServerError"
        | "flexUnavailable"
        | "policyCapacityUnavailable" => Fault::Overload,
        "contextWindowExceeded" | "sessionBudgetExceeded" => Fault::Truncated,
        "unauthorized" => Fault::Login,
        "cyberPolicy" | "misalignmentPolicyViolation" => Fault::Refused,
        _ => Fault::Agent,
    }
}

fn of_connection(code: &str, details: &Value, until: Option<Timestamp>) -> Fault {
    let connects = matches!(
        code,
        "httpConnectionFailed"
            | "responseStreamConnectionFailed"
            | "responseStreamDisconnected"
            | "responseTooManyFailedAttempts"
    );
    if !connects {
        return Fault::Agent;
    }
    match details.get("httpStatusCode").and_then(Value::as_u64) {
        Some(401 | 403) => Fault::Login,
        Some(429) => Fault::RateLimit { until },
        Some(408 | 500..=599) => Fault::Overload,
        // The server answered well and the stream broke, or nobody answered.
        None | Some(200..=299) => Fault::Connection,
        Some(_) => Fault::Agent,
    }
}

/// The provider takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limited {
    /// Until when, where that is known.
    pub(super) until: Option<Timestamp>,
}

/// The limits of the account, as far as codex told.
#[derive(Debug, Default)]
pub(super) struct RateLimits {
    /// By the limit's id: until when it holds.
    exhausted: BTreeMap<String, Option<Timestamp>>,
}

impl RateLimits {
    /// Takes in an update. Says whether the provider takes no more because of it.
    pub(super) fn update(&mut self, snapshot: RateLimitSnapshot) -> Option<Limited> {
        let reached = snapshot.rate_limit_reached_type.is_some()
            || snapshot.spend_control_reached == Some(true);
        let windows = [&snapshot.primary, &snapshot.secondary];
        let spent = snapshot.individual_limit.as_ref();
        // An update is sparse: what says nothing changes nothing.
        let says_nothing = !reached && spent.is_none() && windows.iter().all(|w| w.is_none());
        if says_nothing {
            return None;
        }
        let spent = spent.filter(|limit| limit.remaining_percent <= 0);
        let full = || {
            windows
                .into_iter()
                .flatten()
                .filter(|window| window.used_percent >= 100)
        };
        let is_exhausted = reached || spent.is_some() || full().next().is_some();
        let until = full()
            .filter_map(|window| window.resets_at)
            .chain(spent.map(|limit| limit.resets_at))
            .max()
            .map(|seconds| Timestamp(seconds.saturating_mul(1000)));
        let id = snapshot.limit_id.unwrap_or_default();
        if is_exhausted {
            self.exhausted.insert(id, until);
        } else {
            self.exhausted.remove(&id);
        }
        reached.then_some(Limited { until })
    }

    /// Until when the last of them holds.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.exhausted.values().copied().flatten().max()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_come_from_codes() {
        let until = Some(Timestamp(7));
        let fault = |info: Value| {
            let error = TurnError {
                message: "429 401 overloaded".into(),
                codex_error_info: Some(info),
                additional_details: None,
            };
            of(&error, until)
        };
        let http = |code: &str, status: Value| json!({ code: { "httpStatusCode": status } });
        let disconnected = "responseStreamDisconnected";
        for (info, expected) in [
            (json!("usageLimitExceeded"), Fault::RateLimit { until }),
            (json!("serverOverloaded"), Fault::Overload),
            (json!("contextWindowExceeded"), Fault::Truncated),
            (json!("unauthorized"), Fault::Login),
            (json!("cyberPolicy"), Fault::Refused),
            (json!("badRequest"), Fault::Agent),
            (json!("of a later version"), Fault::Agent),
            (json!(null), Fault::Agent),
            (http(disconnected, json!(429)), Fault::RateLimit { until }),
            (http(disconnected, json!(null)), Fault::Connection),
            (http(disconnected, json!(529)), Fault::Overload),
            (http("httpConnectionFailed", json!(401)), Fault::Login),
            (
                http("responseTooManyFailedAttempts", json!(500)),
                Fault::Overload,
            ),
            (http("httpConnectionFailed", json!(400)), Fault::Agent),
            (json!({ "activeTurnNotSteerable": {} }), Fault::Agent),
        ] {
            assert_eq!(fault(info.clone()), expected, "{info}");
        }
    }

    #[test]
    fn a_limit_holds_until_its_window_resets() {
        let snapshot = |value: Value| serde_json::from_value(value).expect("a snapshot");
        let mut limits = RateLimits::default();
        let full = json!({
            "limitId": "codex", "rateLimitReachedType": "rate_limit_reached",
            "primary": { "usedPercent": 100, "resetsAt": 50 },
            "secondary": { "usedPercent": 30, "resetsAt": 900 },
        });
        let until = Some(Timestamp(50_000));
        assert_eq!(limits.update(snapshot(full)), Some(Limited { until }));
        assert_eq!(limits.until(), Some(Timestamp(50_000)));
        let sparse = json!({ "limitId": "codex", "primary": null });
        assert_eq!(limits.update(snapshot(sparse)), None);
        assert_eq!(limits.until(), Some(Timestamp(50_000)));
        let free = json!({ "limitId": "codex", "primary": { "usedPercent": 3 } });
        assert_eq!(limits.update(snapshot(free)), None);
        assert_eq!(limits.until(), None);
    }
}
