//! What is done with evidence: verify, export, compare, open elsewhere.

use std::path::PathBuf;

use crate::domain::ids::AttemptId;
use crate::store::verify::AttemptState;
use crate::ui::action::Action;
use crate::ui::effect::{Checked, Effect, Exported, Load};
use crate::ui::layout::Pane;
use crate::ui::model::Model;
use crate::ui::pages::review;
use crate::ui::session::Outside;
use crate::ui::text;
use crate::ui::theme::Role;

/// Does one of the actions of this pane.
pub(crate) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::OpenInPager | Action::OpenInEditor | Action::CopyPath => about_file(model, action),
        _ => about_attempt(model, action),
    }
}

fn about_file(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(path) = model.evidence.file().map(PathBuf::from) else {
        model.say("select a file first", Role::Notice);
        return Vec::new();
    };
    match action {
        Action::OpenInPager => vec![Effect::HandOver(Outside::Pager {
            path,
            from_end: false,
        })],
        // An editor must not change what is proof.
        Action::OpenInEditor => vec![Effect::Load(Load::CopyOut { path })],
        _ => {
            let path = path.display().to_string();
            model.say(format!("copied: {path}"), Role::Notice);
            vec![Effect::Copy(path)]
        }
    }
}

fn about_attempt(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(attempt) = model.evidence.attempt() else {
        model.say("select an attempt first", Role::Notice);
        return Vec::new();
    };
    let evidence = model.evidence_root.clone();
    match action {
        Action::Verify => {
            if !model.evidence.checks.running.insert(attempt.clone()) {
                return Vec::new();
            }
            model.evidence.lay_out();
            model.say(format!("verifying {attempt}"), Role::Notice);
            vec![Effect::Load(Load::Verify { evidence, attempt })]
        }
        Action::Export => {
            model.say(format!("exporting {attempt}"), Role::Notice);
            vec![Effect::Load(Load::Export {
                evidence,
                attempt,
                folder: model.repository_root.clone(),
            })]
        }
        _ => compare(model, attempt),
    }
}

/// Marks the first attempt, compares it with the second.
fn compare(model: &mut Model, attempt: AttemptId) -> Vec<Effect> {
    match model.evidence.marked.take() {
        Some(marked) if marked == attempt => {
            model.say("nothing is compared", Role::Notice);
            Vec::new()
        }
        Some(marked) => review::compare(model, marked, attempt),
        None => {
            let words = format!("{attempt} is marked: go to another attempt and press it again");
            model.say(words, Role::Notice);
            model.evidence.marked = Some(attempt);
            Vec::new()
        }
    }
}

/// An attempt's evidence has been verified.
pub(crate) fn checked(model: &mut Model, attempt: AttemptId, result: Result<Checked, String>) {
    let (words, role) = match &result {
        Ok(checked) => match checked.state {
            AttemptState::Verified => (format!("{attempt} is verified"), Role::Success),
            AttemptState::Tampered => (
                format!("{attempt} is NOT as docket left it: see its last line"),
                Role::Error,
            ),
            AttemptState::Open => (
                format!("{attempt} is not sealed: there is nothing to verify yet"),
                Role::Warning,
            ),
            state @ AttemptState::Dropped => (
                format!("{attempt} can't be verified: {}", state.as_str()),
                Role::Warning,
            ),
        },
        Err(why) => (why.clone(), Role::Error),
    };
    model.say(words, role);
    model.evidence.checks.running.remove(&attempt);
    model.evidence.checks.done.insert(attempt, result);
    model.evidence.lay_out();
}

/// An attempt's evidence has been exported.
pub(crate) fn exported(model: &mut Model, attempt: &AttemptId, result: Result<Exported, String>) {
    match result {
        Ok(exported) if exported.is_intact => {
            let size = text::bytes(exported.bytes);
            let path = exported.path.display();
            model.say(format!("{attempt} is in {path}, {size}"), Role::Success);
        }
        Ok(exported) => {
            let path = exported.path.display();
            let words = format!("{attempt} is in {path} as it is: NOT as it was sealed");
            model.say(words, Role::Error);
        }
        Err(why) => model.say(why, Role::Error),
    }
}

/// A copy for an editor is there.
pub(crate) fn copied_out(model: &mut Model, result: Result<PathBuf, String>) -> Vec<Effect> {
    match result {
        Ok(path) => {
            model.evidence.copy = Some(path.clone());
            let outside = Outside::Editor { path, line: None };
            vec![Effect::HandOver(outside)]
        }
        Err(why) => {
            model.say(why, Role::Error);
            Vec::new()
        }
    }
}

/// A program that had the screen has ended: a copy for an editor is not needed any more.
pub(crate) fn returned(model: &mut Model, outside: &Outside) -> Vec<Effect> {
    let Outside::Editor { path, .. } = outside else {
        return Vec::new();
    };
    if model.evidence.copy.as_ref() != Some(path) {
        return Vec::new();
    }
    model.evidence.copy = None;
    if model.notice.is_none() && model.focus == Pane::Evidence {
        let words = "that was a read-only copy: evidence is never edited";
        model.say(words, Role::Notice);
    }
    let path = path.clone();
    vec![Effect::Load(Load::Discard { path })]
}
