//! What an MCP server asks through codex: a form, a page to open, or a yes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::requests::{Asked, Choices, WordsAs, questions_title};
use super::words;
use crate::domain::item::ToolKind;
use crate::domain::request::{Ask, ChoiceKind, Question};

/// Parameters of `mcpServer/elicitation/request`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    thread_id: String,
    server_name: String,
    message: String,
    /// `url` mode: the page.
    #[serde(default)]
    url: Option<String>,
    /// Otherwise: the form, as JSON Schema of an object of plain values.
    #[serde(default)]
    requested_schema: Option<Value>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    kind: Kind,
    is_required: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    List,
}

/// Understands the request.
pub(super) fn asked(params: Params) -> Asked {
    use ChoiceKind::{AllowOnce, Cancel, Deny};
    let action = |action: &str| json!({ "action": action });
    let refuse = |choices: Choices| {
        choices
            .add("decline", "no, go on without", Deny, action("decline"))
            .add("cancel", "no, and stop what asks", Cancel, action("cancel"))
    };
    let (fields, questions) = form(&params);
    let asked = if questions.is_empty() {
        let title = match &params.url {
            Some(url) => format!("open {url}: {}", words::short(&params.message, 200)),
            None => words::short(&params.message, 200),
        };
        let ask = Ask::Tool {
            name: params.server_name,
            tool: if params.url.is_some() {
                ToolKind::Fetch
            } else {
                ToolKind::Other
            },
        };
        // A form without fields asks for a yes.
        let mut yes = action("accept");
        if params.url.is_none() {
            yes["content"] = json!({});
        }
        let choices = Choices::default().add("accept", "yes", AllowOnce, yes);
        refuse(choices).asked(title, None, ask, action("decline"))
    } else {
        let title = questions_title(&questions);
        let reason = Some(params.message);
        let ask = Ask::Question { questions };
        Asked {
            words: Some(WordsAs::Form(fields)),
            ..refuse(Choices::default()).asked(title, reason, ask, action("decline"))
        }
    };
    Asked {
        thread: Some(params.thread_id),
        ..asked
    }
}

fn form(params: &Params) -> (Vec<Field>, Vec<Question>) {
    let schema = params.requested_schema.as_ref();
    let properties = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object);
    let required = schema
        .and_then(|schema| schema.get("required"))
        .and_then(Value::as_array);
    let mut fields = Vec::new();
    let mut questions = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        let text = |key: &str| property.get(key).and_then(Value::as_str);
        fields.push(Field {
            name: name.clone(),
            kind: match text("type") {
                Some("number" | "integer") => Kind::Number,
                Some("boolean") => Kind::Boolean,
                Some("array") => Kind::List,
                _ => Kind::Text,
            },
            is_required: required.is_some_and(|required| required.contains(&json!(name))),
        });
        let title = text("title").unwrap_or(name);
        questions.push(Question {
            text: match text("description") {
                Some(description) => format!("{title}: {description}"),
                None => title.to_owned(),
            },
            suggestions: suggestions(property),
        });
    }
    (fields, questions)
}

fn suggestions(property: &Value) -> Vec<String> {
    if property.get("type") == Some(&json!("boolean")) {
        return vec!["true".to_owned(), "false".to_owned()];
    }
    let listed = ["/enum", "/items/enum", "/oneOf", "/items/anyOf"]
        .iter()
        .find_map(|place| property.pointer(place)?.as_array());
    let value = |entry: &Value| {
        let value = entry.get("const").unwrap_or(entry);
        value.as_str().map(str::to_owned)
    };
    listed.into_iter().flatten().filter_map(value).collect()
}

/// The form with these words in it, one text a field.
pub(super) fn filled_in(fields: &[Field], words: &[String]) -> Value {
    let mut content = serde_json::Map::new();
    for (field, words) in fields.iter().zip(words) {
        let words = words.trim();
        if words.is_empty() && !field.is_required {
            continue;
        }
        content.insert(field.name.clone(), value(field.kind, words));
    }
    json!({ "action": "accept", "content": content })
}

/// What isn't of its kind is sent as text: the server says what is wrong with it.
fn value(kind: Kind, words: &str) -> Value {
    match kind {
        Kind::Text => json!(words),
        Kind::Number => serde_json::from_str::<serde_json::Number>(words)
            .map_or_else(|_| json!(words), Value::Number),
        Kind::Boolean => match words.to_lowercase().as_str() {
            "true" | "yes" | "y" => json!(true),
            "false" | "no" | "n" => json!(false),
            _ => json!(words),
        },
        Kind::List => {
            let entries = words.split(',').map(str::trim);
            json!(
                entries
                    .filter(|entry| !entry.is_empty())
                    .collect::<Vec<_>>()
            )
        }
    }
}
