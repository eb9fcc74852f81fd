//! What kind of failure an error is, from codes and from structured data alone.
//!
//! | agent | shape |
//! |---|---|
//! | any | code -32000: a login is wanted |
//! | gemini | the code is the HTTP status; the message is the provider's JSON |
//! | codex-acp (zed) | `data.codex_error_info`: a word, or an object with `http_status_code` |
//! | codex-acp | no error: `session_info_update` with `_meta.codex.error.codexErrorInfo` |
//! | claude-agent-acp | `data.errorKind`, a word |
//! | opencode | `data.errorName`, the name of its error |
//! | qwen | `data.details`: the OpenAI client's words, which begin with the HTTP status |

use serde_json::Value;

use super::wire::{AUTH_REQUIRED, RpcError, text};
use crate::domain::attempt::Fault;

/// The error in words, and what kind it is.
pub(super) fn of_error(error: &RpcError) -> (String, Fault) {
    (words(error), fault(error))
}

fn fault(error: &RpcError) -> Fault {
    if error.code == AUTH_REQUIRED {
        return Fault::Login;
    }
    let data = &error.data;
    of_status(error.code)
        .or_else(|| of_codex(&data["codex_error_info"]))
        .or_else(|| text(&data["errorKind"]).and_then(of_word))
        .or_else(|| text(&data["errorName"]).and_then(of_word))
        .or_else(|| status_in(data).and_then(of_status))
        .or_else(|| {
            text(&data["details"])
                .and_then(leading_status)
                .and_then(of_status)
        })
        .unwrap_or_default()
}

/// What an HTTP status means; `None` when it is no error status.
pub(super) fn of_status(status: i64) -> Option<Fault> {
    Some(match status {
        401 | 403 => Fault::Login,
        429 => Fault::RateLimit { until: None },
        408 | 500..=504 | 529 => Fault::Overload,
        400..=599 => Fault::Agent,
        _ => return None,
    })
}

/// Codex's own taxonomy, in the spelling of the app-server or of the Rust adapter.
pub(super) fn of_codex(info: &Value) -> Option<Fault> {
    match info {
        Value::String(word) => of_word(word),
        Value::Object(fields) => {
            let (word, detail) = fields.iter().next()?;
            status_in(detail)
                .and_then(of_status)
                .or_else(|| of_word(word))
        }
        _ => None,
    }
}

/// The words that codex, claude and opencode have for kinds of errors; each spells them in its own way.
fn of_word(word: &str) -> Option<Fault> {
    let plain: String = word
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "ratelimit" | "ratelimiterror" | "usagelimitexceeded" => Fault::RateLimit { until: None },
        "overloaded" | "serveroverloaded" | "servererror" | "internalservererror" => {
            Fault::Overload
        }
        "httpconnectionfailed"
        | "responsestreamconnectionfailed"
        | "responsestreamdisconnected"
        | "responsetoomanyfailedattempts" => Fault::Connection,
        "authenticationfailed" | "oauthorgnotallowed" | "unauthorized" | "providerautherror" => {
            Fault::Login
        }
        "contextwindowexceeded"
        | "contextoverflowerror"
        | "maxoutputtokens"
        | "messageoutputlengtherror" => Fault::Truncated,
        "messageabortederror" => Fault::Interrupted,
        _ => return None,
    })
}

fn status_in(data: &Value) -> Option<i64> {
    [
        "statusCode",
        "httpStatusCode",
        "http_status_code",
        "httpStatus",
        "status_code",
        "status",
    ]
    .iter()
    .find_map(|name| data[*name].as_i64())
}

/// `429 Too many requests` → 429.
fn leading_status(details: &str) -> Option<i64> {
    let (number, _) = details.split_once(' ')?;
    (number.len() == 3).then(|| number.parse().ok()).flatten()
}

/// What people should read of it: the provider's own sentence where it is inside.
fn words(error: &RpcError) -> String {
    let message = sentence(&error.message);
    let detail = ["details", "message", "error"]
        .iter()
        .find_map(|name| text(&error.data[*name]))
        .map(sentence)
        .filter(|detail| !message.contains(detail.as_str()));
    match detail {
        Some(detail) if message.is_empty() => detail,
        Some(detail) => format!("{message}: {detail}"),
        None if message.is_empty() => format!("error {}", error.code),
        None => message,
    }
}

/// The sentence in a provider's JSON body; anything else stays as it is.
pub(super) fn sentence(words: &str) -> String {
    let body: Option<Value> = words
        .trim_start()
        .starts_with('{')
        .then(|| serde_json::from_str(words).ok())
        .flatten();
    body.as_ref()
        .and_then(|body| text(&body["error"]["message"]).or_else(|| text(&body["message"])))
        .unwrap_or(words)
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(code: i64, message: &str, data: Value) -> (String, Fault) {
        of_error(&RpcError {
            code,
            message: message.into(),
            data,
        })
    }

    #[test]
    fn each_agents_shape_is_understood() {
        let limit = Fault::RateLimit { until: None };
        for (given, why, fault) in [
            (
                error(
                    400,
                    r#"{"error":{"code":400,"message":"bad","status":"INTERNAL"}}"#,
                    json!(null),
                ),
                "bad",
                Fault::Agent,
            ),
            (error(429, "slow down", json!(null)), "slow down", limit),
            (
                error(
                    -32603,
                    "Internal error",
                    json!({ "message": "exceeded", "codex_error_info": {"response_too_many_failed_attempts": {"http_status_code": 429}} }),
                ),
                "Internal error: exceeded",
                limit,
            ),
            (
                error(
                    -32603,
                    "Internal error",
                    json!({ "message": "x", "codex_error_info": "unauthorized" }),
                ),
                "Internal error: x",
                Fault::Login,
            ),
            (
                error(
                    -32603,
                    "Internal error",
                    json!({ "details": "503 no capacity" }),
                ),
                "Internal error: 503 no capacity",
                Fault::Overload,
            ),
            (
                error(
                    -32603,
                    "Internal error: API Error",
                    json!({ "errorKind": "rate_limit" }),
                ),
                "Internal error: API Error",
                limit,
            ),
            (
                error(
                    -32603,
                    "Internal error: no key",
                    json!({ "errorName": "ProviderAuthError" }),
                ),
                "Internal error: no key",
                Fault::Login,
            ),
            (
                error(-32000, "Authentication required", json!(null)),
                "Authentication required",
                Fault::Login,
            ),
            (error(-32603, "", json!(7)), "error -32603", Fault::Agent),
        ] {
            assert_eq!(given, (why.to_owned(), fault));
        }
    }
}
