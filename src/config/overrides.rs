//! The layer of flags.

use std::num::NonZeroU32;
use std::path::PathBuf;

use super::document::Document;
use super::error::Fault;
use super::keys::{self, Node};
use super::origin::Origin;
use super::path::KeyPath;
use crate::domain::settings::{Integrate, Isolation, NobodyThere};
use crate::domain::ticket::AgentName;

/// What the arguments of this call say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--tickets`: the folder of the queue; made absolute by the caller, since people mean their own folder.
    pub tickets: Option<PathBuf>,
    /// `--jobs`.
    pub jobs: Option<NonZeroU32>,
    /// `--isolation`.
    pub isolation: Option<Isolation>,
    /// `--requests`.
    pub requests: Option<NobodyThere>,
    /// `--integrate`.
    pub integrate: Option<Integrate>,
    /// `--agent`.
    pub agent: Option<AgentName>,
    /// `--theme`.
    pub theme: Option<String>,
    /// `--set KEY=VALUE`, as written, for every other setting; later ones win.
    pub set: Vec<String>,
}

/// Reads the layer.
pub(super) fn read(overrides: &Overrides) -> Document {
    let mut document = Document::default();
    for assignment in &overrides.set {
        set(&mut document, assignment);
    }
    let named = [
        (
            "tickets",
            overrides
                .tickets
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
        ),
        ("jobs", overrides.jobs.map(|jobs| jobs.to_string())),
        (
            "isolation",
            overrides.isolation.map(|word| word.to_string()),
        ),
        (
            "integrate",
            overrides.integrate.map(|word| word.to_string()),
        ),
        ("requests", overrides.requests.map(|word| word.to_string())),
        ("agent", overrides.agent.as_ref().map(ToString::to_string)),
    ];
    for (name, text) in named {
        add(&mut document, name, format!("--{name}"), text.as_deref());
    }
    let theme = overrides.theme.as_deref();
    add(&mut document, "ui.theme", "--theme".to_owned(), theme);
    document
}

fn add(document: &mut Document, name: &str, flag: String, text: Option<&str>) {
    let path = KeyPath::dotted(name);
    if let (Some(text), Node::Leaf(key)) = (text, keys::node(&path)) {
        document.bare(key, path, text, Origin::Flag(flag));
    }
}

fn set(document: &mut Document, assignment: &str) {
    let origin = Origin::Flag(format!("--set {assignment}"));
    let (name, text) = assignment.split_once('=').unwrap_or((assignment, ""));
    // Agents' names are lower case in every layer.
    let name = name.trim();
    let path = if name.starts_with("agents.") && !name.contains(".env.") {
        KeyPath::written(&name.to_ascii_lowercase())
    } else {
        KeyPath::written(name)
    };
    if let Node::Leaf(key) = keys::node(&path) {
        document.bare(key, path, text.trim(), origin);
    } else {
        let suggestion = keys::suggestion(&path);
        let fault = Fault::UnknownKey {
            key: path,
            suggestion,
        };
        document.error(origin, fault);
    }
}
