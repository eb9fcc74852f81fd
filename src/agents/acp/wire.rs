//! JSON-RPC 2.0 messages, one a line.
//!
//! The types of `agent-client-protocol-schema` are not used: an unknown variant is a hard error in them, they lack what
//! agents really send (`models`, `session/set_model`, everything in `_meta`), and they switch on
//! `serde_json/preserve_order` for the whole build, which changes the bytes of the ledger's rows. So messages are read as
//! JSON, leniently: a missing or odd field is a field that isn't there.

use serde_json::{Value, json};

/// The protocol's code for a method that the peer doesn't have.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// The protocol's code for parameters that make no sense.
pub(super) const INVALID_PARAMS: i64 = -32602;
/// The protocol's code for anything else.
pub(super) const INTERNAL_ERROR: i64 = -32603;
/// ACP's code for a file or session that isn't there.
pub(super) const NOT_FOUND: i64 = -32002;
/// ACP's code for an agent that wants a login first.
pub(super) const AUTH_REQUIRED: i64 = -32000;

/// The id of a JSON-RPC request, kept as it came: a number, a string, or null in the answer to a line that was not
/// understood. Both sides number their own requests, so an id says nothing without its direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Id(pub(super) Value);

impl Id {
    /// As a key: `1` and `"1"` are two ids.
    pub(super) fn key(&self) -> String {
        self.0.to_string()
    }
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

/// What a peer answers instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Value,
}

impl RpcError {
    /// An error without data.
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: Value::Null,
        }
    }
}

/// One JSON-RPC message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    /// Wants an answer.
    Request {
        id: Id,
        method: String,
        params: Value,
    },
    /// Wants none.
    Notification { method: String, params: Value },
    /// An answer.
    Response {
        id: Id,
        result: Result<Value, RpcError>,
    },
}

impl Message {
    /// Reads a line; `None` when it is not a JSON-RPC message.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let Value::Object(mut fields) = serde_json::from_str(line).ok()? else {
            return None;
        };
        let id = fields.remove("id");
        let mut take = |name: &str| fields.remove(name).unwrap_or(Value::Null);
        if let Value::String(method) = take("method") {
            let params = take("params");
            return Some(match id {
                None | Some(Value::Null) => Self::Notification { method, params },
                Some(id) => Self::Request {
                    id: Id(id),
                    method,
                    params,
                },
            });
        }
        let id = Id(id?);
        let result = match take("error") {
            Value::Null => Ok(take("result")),
            mut error => Err(RpcError {
                code: error["code"].as_i64().unwrap_or(INTERNAL_ERROR),
                message: text(&error["message"]).unwrap_or_default().to_owned(),
                data: error.get_mut("data").map(Value::take).unwrap_or_default(),
            }),
        };
        Some(Self::Response { id, result })
    }

    /// As a line, without its end.
    pub(super) fn line(&self) -> String {
        let value = match self {
            Self::Request { id, method, params } => {
                json!({ "jsonrpc": "2.0", "id": id.0, "method": method, "params": params })
            }
            Self::Notification { method, params } => {
                json!({ "jsonrpc": "2.0", "method": method, "params": params })
            }
            Self::Response {
                id,
                result: Ok(result),
            } => {
                json!({ "jsonrpc": "2.0", "id": id.0, "result": result })
            }
            Self::Response {
                id,
                result: Err(error),
            } => {
                let mut body = json!({ "code": error.code, "message": error.message });
                if !error.data.is_null() {
                    body["data"] = error.data.clone();
                }
                json!({ "jsonrpc": "2.0", "id": id.0, "error": body })
            }
        };
        value.to_string()
    }
}

/// A text that isn't empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The elements of a list; none when it isn't one.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_as_they_came() {
        for (line, key) in [
            (r#"{"id":"a-1","method":"m","params":{}}"#, "\"a-1\""),
            (r#"{"jsonrpc":"2.0","id":0,"method":"m"}"#, "0"),
        ] {
            let Some(Message::Request { id, .. }) = Message::parse(line) else {
                unreachable!("a request")
            };
            assert_eq!(id.key(), key);
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        for line in ["", "not json", "[]", "3", r#"{"jsonrpc":"2.0"}"#] {
            assert_eq!(Message::parse(line), None, "{line}");
        }
    }

    #[test]
    fn messages_survive_the_wire() {
        let messages = [
            Message::Request {
                id: 7.into(),
                method: "a".into(),
                params: json!({ "x": 1 }),
            },
            Message::Notification {
                method: "b".into(),
                params: json!({}),
            },
            Message::Response {
                id: Id("s".into()),
                result: Ok(json!({ "y": [] })),
            },
            Message::Response {
                id: Id(Value::Null),
                result: Err(RpcError::new(METHOD_NOT_FOUND, "no")),
            },
        ];
        for message in messages {
            assert_eq!(Message::parse(&message.line()), Some(message));
        }
    }
}
