//! Which terminals are recorded, and what becomes of recordings that ended: the ledger is told of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::effect::{Effect, TerminalId};
use super::glyph;
use super::model::Model;
use super::terminals::Launch;
use super::text;
use super::theme::Role;
use crate::domain::command::Command;
use crate::domain::ids::AttemptId;
use crate::runner::recorder::{Ended, Plan};
use crate::store::cast;

/// The terminals that are recorded.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    on: BTreeMap<TerminalId, Of>,
}

/// What a recording belongs to.
#[derive(Debug)]
struct Of {
    attempt: Option<AttemptId>,
    /// It was asked to end.
    ends: bool,
}

impl Recordings {
    /// Whether any goes on, or is being finished.
    pub(crate) fn is_any(&self) -> bool {
        !self.on.is_empty()
    }

    /// Whether this one goes on.
    pub(crate) fn is_on(&self, terminal: TerminalId) -> bool {
        self.on.get(&terminal).is_some_and(|of| !of.ends)
    }
}

/// Records the terminal that is shown, or stops that.
pub(crate) fn toggle(model: &mut Model) -> Vec<Effect> {
    let Some(terminal) = model.terminal.living() else {
        model.say(
            "there is no terminal to record: `t` opens one",
            Role::Notice,
        );
        return Vec::new();
    };
    if let Some(of) = model.recordings.on.get_mut(&terminal) {
        of.ends = true;
        return vec![Effect::StopRecording(terminal)];
    }
    let Some(what) = model.terminal.recordable() else {
        return Vec::new();
    };
    let attempt = match model.terminal.launch_of(terminal) {
        Some(Launch::Attempt { attempt, .. } | Launch::Agent { attempt, .. }) => {
            Some(attempt.clone())
        }
        _ => attempt_in(model, &what.folder),
    };
    let stem = attempt
        .as_ref()
        .map_or_else(|| model.repository_name.clone(), ToString::to_string);
    let of = Of {
        attempt,
        ends: false,
    };
    model.recordings.on.insert(terminal, of);
    model.say("recording; the same keys stop it", Role::Notice);
    vec![Effect::Record {
        terminal,
        plan: Plan {
            folder: cast::folder(&model.evidence_root),
            stem,
            columns: what.columns,
            rows: what.rows,
            title: Some(what.label),
            first: what.first,
        },
    }]
}

/// The attempt that works in a folder.
fn attempt_in(model: &Model, folder: &Path) -> Option<AttemptId> {
    let mut views = model.board.tickets.values();
    let view = views.find(|view| {
        let workspace = view.workspace.as_ref();
        workspace.is_some_and(|it| it.branch.is_some() && folder.starts_with(&it.path))
    })?;
    view.attempt.clone()
}

/// A recording has ended, for whatever reason.
pub(crate) fn ended(model: &mut Model, terminal: TerminalId, ended: Ended) -> Vec<Effect> {
    let of = model.recordings.on.remove(&terminal);
    let path = ended.path.strip_prefix(&model.repository_root);
    let path = text::clean(&path.unwrap_or(&ended.path).to_string_lossy()).into_owned();
    match (&ended.trouble, &ended.file) {
        (Some(why), None) => model.say(format!("can't record: {path}: {why}"), Role::Error),
        (Some(why), Some(_)) => {
            model.say(format!("the recording {path} ended: {why}"), Role::Error);
        }
        (None, file) => {
            let bytes = file.as_ref().map_or(0, |file| file.bytes);
            let words = format!(
                "recorded {path}, {}; `docket play` shows it",
                text::bytes(bytes)
            );
            model.say(words, Role::Success);
        }
    }
    let mut effects = Vec::new();
    if let Some(file) = ended.file {
        let attempt = of.and_then(|of| of.attempt);
        effects.push(Effect::Send(Command::Record { attempt, file }));
    }
    effects.extend(model.evidence.list());
    effects
}

/// What the frame of the shown terminal says as long as it is recorded.
pub(crate) fn mark(model: &Model) -> Option<String> {
    let terminal = model.terminal.living()?;
    let is_on = model.recordings.is_on(terminal);
    is_on.then(|| format!("{} rec", glyph::marked(model.look.ascii)))
}
