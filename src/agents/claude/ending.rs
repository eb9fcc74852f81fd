//! How a turn ended, by the protocol's own rule.

use serde_json::Value;

use super::fields::{flag, list, one_line, text, word};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::time::Timestamp;

/// The reason of a failure, in at most so many characters.
const LONGEST: usize = 500;

const INTERRUPTED: &str = "the turn was interrupted";

/// What was seen before the result and says more than the result does.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// The category of the last failure that the agent reported as its own words (`authentication_failed`, …).
    pub(super) error: Option<String>,
    /// When the provider takes requests again.
    pub(super) until: Option<Timestamp>,
}

/// The end of a turn. Only `subtype: success` with `is_error: false`, not stopped short, is a success.
pub(super) fn of_result(result: &Value, hints: &Hints) -> TurnEnd {
    let fault = fault(result, hints);
    if word(result, "subtype") == "success"
        && !flag(result, "is_error")
        && fault.is_none_or(|fault| fault == Fault::Agent)
    {
        return TurnEnd::Completed;
    }
    let fault = fault.unwrap_or_default();
    TurnEnd::Failed {
        why: why(result, fault),
        fault,
    }
}

/// A turn that was stopped before anything came of it.
pub(super) fn interrupted() -> TurnEnd {
    TurnEnd::Failed {
        why: INTERRUPTED.to_owned(),
        fault: Fault::Interrupted,
    }
}

/// What stopped the turn, as far as the result's own fields say.
fn fault(result: &Value, hints: &Hints) -> Option<Fault> {
    let limited = Fault::RateLimit { until: hints.until };
    match word(result, "terminal_reason") {
        "aborted_tools" | "aborted_streaming" => return Some(Fault::Interrupted),
        "max_turns"
        | "budget_exhausted"
        | "prompt_too_long"
        | "blocking_limit"
        | "rapid_refill_breaker" => return Some(Fault::Truncated),
        _ => {}
    }
    match word(result, "subtype") {
        "error_max_turns" | "error_max_budget_usd" => return Some(Fault::Truncated),
        _ => {}
    }
    match word(result, "stop_reason") {
        "refusal" => return Some(Fault::Refused),
        "max_tokens" | "model_context_window_exceeded" => return Some(Fault::Truncated),
        _ => {}
    }
    if !flag(result, "is_error") {
        return None;
    }
    match result.get("api_error_status").and_then(Value::as_u64) {
        Some(401 | 403) => return Some(Fault::Login),
        Some(429) => return Some(limited),
        Some(500..=599) => return Some(Fault::Overload),
        _ => {}
    }
    match word(result, "api_error") {
        "connection_failed"
        | "no_response"
        | "stream_idle_timeout"
        | "computer_slept"
        | "tls_untrusted_ca"
        | "tls_cert_signature_failure"
        | "network_edge_blocked" => return Some(Fault::Connection),
        "usage_limit_reached" => return Some(limited),
        "max_output_tokens" | "message_over_context_limit" => return Some(Fault::Truncated),
        "stored_login_refused"
        | "provider_credentials"
        | "gateway_signin_required"
        | "gateway_session_expired"
        | "api_key_auth_disabled"
        | "org_disabled_credential"
        | "invalid_credential_header" => return Some(Fault::Login),
        _ => {}
    }
    match word(result, "api_error_type") {
        "authentication_error" | "permission_error" => return Some(Fault::Login),
        "rate_limit_error" => return Some(limited),
        "overloaded_error" => return Some(Fault::Overload),
        _ => {}
    }
    match hints.error.as_deref() {
        Some(
            "authentication_failed"
            | "oauth_org_not_allowed"
            | "account_on_hold"
            | "verification_required"
            | "cloud_credential_error",
        ) => Some(Fault::Login),
        Some("rate_limit") => Some(limited),
        Some("overloaded" | "server_error") => Some(Fault::Overload),
        Some("max_output_tokens") => Some(Fault::Truncated),
        _ => Some(Fault::Agent),
    }
}

/// In the agent's words where it has some, else in ours.
fn why(result: &Value, fault: Fault) -> String {
    if fault == Fault::Interrupted {
        // What the agent writes here is meant for its own developers.
        return INTERRUPTED.to_owned();
    }
    let errors: Vec<&str> = list(result, "errors")
        .iter()
        .filter_map(Value::as_str)
        .filter(|error| !error.is_empty() && !error.starts_with("[ede_diagnostic]"))
        .collect();
    let said = if errors.is_empty() {
        // `qwen` has an object here.
        text(result, "result")
            .or_else(|| text(result.get("error")?, "message"))
            .map(str::to_owned)
    } else {
        Some(errors.join("; "))
    };
    let said = said
        .map(|said| one_line(&said, LONGEST))
        .unwrap_or_default();
    match fault {
        _ if said.starts_with("No conversation found") => {
            format!("{said}: it can't be gone on with, a new one must be begun")
        }
        Fault::Refused => format!("the model refused{}", after_colon(&said)),
        Fault::Truncated if errors.is_empty() => {
            format!("the answer was cut off{}", because(result))
        }
        _ if !said.is_empty() => said,
        _ => format!("the turn failed{}", because(result)),
    }
}

fn after_colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

fn because(result: &Value) -> String {
    ["terminal_reason", "stop_reason", "subtype"]
        .iter()
        .filter_map(|key| text(result, key))
        .find(|reason| !matches!(*reason, "" | "completed" | "success" | "end_turn"))
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default()
}
