//! How a turn ended, by the answer to its prompt.

use serde_json::Value;

use crate::domain::attempt::{Fault, TurnEnd};

/// A turn that failed.
pub(super) fn failed(why: &str, fault: Fault) -> TurnEnd {
    TurnEnd::Failed {
        why: why.to_owned(),
        fault,
    }
}

/// What the result of a prompt says. Only `end_turn` is a success; what speaks against that too isn't known here.
pub(super) fn of_result(result: &Value) -> TurnEnd {
    match result["stopReason"].as_str() {
        Some("end_turn") => TurnEnd::Completed,
        Some("max_tokens") => failed("the answer reached the model's limit", Fault::Truncated),
        Some("max_turn_requests") => failed(
            "the agent reached its own limit of model calls in a turn",
            Fault::Truncated,
        ),
        Some("refusal") => failed("the model refused to answer", Fault::Refused),
        Some("cancelled") => failed("the turn was cancelled", Fault::Interrupted),
        Some(other) => failed(
            &format!("the turn ended for a reason that docket doesn't know: {other}"),
            Fault::Agent,
        ),
        None => failed("the turn ended without a reason", Fault::Agent),
    }
}
