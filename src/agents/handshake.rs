//! The cheapest exchange that shows that a program speaks its protocol: for `docket doctor`. Nothing is asked of a model.

use serde_json::{Value, json};

use crate::domain::settings::AgentKind;

/// What is sent, and how an answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    kind: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    CodexAppServer,
    Claude,
    Acp,
}

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Introduction {
    /// Its version, where the protocol tells it.
    pub version: Option<String>,
    /// How somebody can log in, in the agent's words; only some say.
    pub logins: Vec<String>,
}

/// The id of the one request.
const ID: &str = "docket-doctor";

impl Handshake {
    /// The handshake of a kind; `None` for kinds whose programs say nothing before they work.
    pub const fn of(kind: AgentKind) -> Option<Self> {
        let kind = match kind {
            AgentKind::CodexAppServer => Protocol::CodexAppServer,
            AgentKind::ClaudeStreamJson => Protocol::Claude,
            AgentKind::Acp => Protocol::Acp,
            AgentKind::User
            | AgentKind::Shell
            | AgentKind::Command
            | AgentKind::Replay
            | AgentKind::CodexExecJson
            | AgentKind::OpencodeRunJson
            | AgentKind::Terminal => return None,
        };
        Some(Self { kind })
    }

    /// What the program is given beyond the configured command, as its adapter does.
    pub const fn arguments(self) -> &'static [&'static str] {
        match self.kind {
            Protocol::CodexAppServer | Protocol::Acp => &[],
            Protocol::Claude => &[
                "-p",
                "--output-format",
                "stream-json",
                "--verbose",
                "--input-format",
                "stream-json",
                "--permission-prompt-tool",
                "stdio",
            ],
        }
    }

    /// The one line that is written.
    pub fn line(self) -> String {
        let client = json!({
            "name": "docket",
            "title": "docket",
            "version": env!("CARGO_PKG_VERSION"),
        });
        let request = match self.kind {
            // codex app-server: JSON-RPC without the member that says so.
            Protocol::CodexAppServer => json!({
                "id": ID,
                "method": "initialize",
                "params": {"clientInfo": client, "capabilities": {"experimentalApi": false}},
            }),
            Protocol::Claude => json!({
                "type": "control_request",
                "request_id": ID,
                "request": {"subtype": "initialize", "hooks": null},
            }),
            Protocol::Acp => json!({
                "jsonrpc": "2.0",
                "id": ID,
                "method": "initialize",
                "params": {
                    "protocolVersion": 1,
                    "clientCapabilities": {
                        "fs": {"readTextFile": false, "writeTextFile": false},
                        "terminal": false,
                    },
                    "clientInfo": client,
                },
            }),
        };
        request.to_string()
    }

    /// What a line of the program's output means: `None` when it isn't the answer, an error when it is a refusal.
    pub fn answer(self, line: &str) -> Option<Result<Introduction, String>> {
        let value: Value = serde_json::from_str(line.trim()).ok()?;
        match self.kind {
            Protocol::CodexAppServer => self.response(&value, |result| {
                // `docket/0.169.0 (Linux …) …`: the client's name, the server's version.
                let agent = result["userAgent"].as_str().unwrap_or_default();
                let version = agent.split('/').nth(1).unwrap_or_default();
                Introduction {
                    version: version.split_whitespace().next().map(str::to_owned),
                    logins: Vec::new(),
                }
            }),
            Protocol::Acp => self.response(&value, |result| {
                let methods = result["authMethods"].as_array().into_iter().flatten();
                let name = |method: &Value| method["name"].as_str().map(str::to_owned);
                Introduction {
                    version: result["agentInfo"]["version"].as_str().map(str::to_owned),
                    logins: methods.filter_map(name).collect(),
                }
            }),
            Protocol::Claude => {
                let response = &value["response"];
                if value["type"] != "control_response" || response["request_id"] != ID {
                    return None;
                }
                Some(match response["subtype"].as_str() {
                    Some("success") => Ok(Introduction::default()),
                    _ => Err(words(&response["error"])),
                })
            }
        }
    }

    /// The response of JSON-RPC to the one request.
    fn response(
        self,
        value: &Value,
        introduction: impl Fn(&Value) -> Introduction,
    ) -> Option<Result<Introduction, String>> {
        if value["id"] != ID || value.get("method").is_some() {
            return None;
        }
        match (value.get("result"), value.get("error")) {
            (Some(result), _) if self.kind == Protocol::Acp && result["protocolVersion"] != 1 => {
                Some(Err(format!(
                    "it speaks version {} of the protocol, docket speaks 1",
                    result["protocolVersion"]
                )))
            }
            (Some(result), _) => Some(Ok(introduction(result))),
            (None, Some(error)) => Some(Err(words(&error["message"]))),
            (None, None) => None,
        }
    }
}

fn words(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn handshake(kind: AgentKind) -> Handshake {
        Handshake::of(kind).expect("a handshake")
    }

    #[test]
    fn each_protocol_has_its_own_answer() {
        let codex = handshake(AgentKind::CodexAppServer);
        assert!(codex.line().contains(r#""method":"initialize""#));
        let answer = codex.answer(
            r#"{"id":"docket-doctor","result":{"userAgent":"docket/0.169.0 (Linux 6; x86_64) x","codexHome":"/h"}}"#,
        );
        let introduction = answer.expect("the answer").expect("no refusal");
        assert_eq!(introduction.version.as_deref(), Some("0.169.0"));

        let acp = handshake(AgentKind::Acp);
        let answer = acp.answer(
            r#"{"jsonrpc":"2.0","id":"docket-doctor","result":{"protocolVersion":1,"agentInfo":{"name":"OpenCode","version":"1.18.33"},"authMethods":[{"id":"a","name":"Login with opencode"}]}}"#,
        );
        let introduction = answer.expect("the answer").expect("no refusal");
        assert_eq!(introduction.version.as_deref(), Some("1.18.33"));
        assert_eq!(introduction.logins, ["Login with opencode"]);
        let other = acp.answer(r#"{"id":"docket-doctor","result":{"protocolVersion":2}}"#);
        assert!(
            other
                .expect("an answer")
                .expect_err("other")
                .contains("version 2")
        );

        let claude = handshake(AgentKind::ClaudeStreamJson);
        let answer = claude.answer(
            r#"{"type":"control_response","response":{"subtype":"success","request_id":"docket-doctor","response":{"commands":[]}}}"#,
        );
        assert_eq!(answer, Some(Ok(Introduction::default())));
        let refused = claude.answer(
            r#"{"type":"control_response","response":{"subtype":"error","request_id":"docket-doctor","error":"no"}}"#,
        );
        assert_eq!(refused, Some(Err("no".to_owned())));
    }

    #[test]
    fn everything_else_is_no_answer() {
        for kind in [
            AgentKind::CodexAppServer,
            AgentKind::ClaudeStreamJson,
            AgentKind::Acp,
        ] {
            let handshake = handshake(kind);
            for line in [
                "",
                "not JSON",
                "null",
                "[1]",
                "{}",
                r#"{"id":"other","result":{}}"#,
                r#"{"id":"docket-doctor","method":"x"}"#,
                r#"{"type":"system","subtype":"init"}"#,
                &handshake.line(),
            ] {
                assert_eq!(handshake.answer(line), None, "{kind} {line}");
            }
        }
        assert_eq!(Handshake::of(AgentKind::Command), None);
    }

    #[test]
    fn a_refusal_says_why() {
        let answer = handshake(AgentKind::Acp)
            .answer(r#"{"id":"docket-doctor","error":{"code":-32603,"message":"no key"}}"#);
        assert_eq!(answer, Some(Err("no key".to_owned())));
    }
}
