//! Another theme: chosen from the list, or a file that was saved.

use std::path::PathBuf;

use super::super::action::Action;
use super::super::effect::{Effect, Load};
use super::super::model::Model;
use super::super::overlay::{Overlay, ThemePicker};
use super::super::theme::{Role, Theme};
use super::movement::movement;

/// Where themes come from.
#[derive(Debug, Default)]
pub(crate) struct Themes {
    /// The user's folder.
    pub(crate) folder: Option<PathBuf>,
    /// The configuration that a line for a theme belongs into.
    pub(crate) config: Option<PathBuf>,
}

/// Opens the list.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let picker = ThemePicker::new(Theme::names(None), model.look.theme.clone());
    model.overlay = Some(Overlay::Themes(Box::new(picker)));
    vec![list(model)]
}

fn list(model: &Model) -> Effect {
    Effect::Load(Load::Themes {
        folder: model.themes.folder.clone(),
    })
}

fn load(model: &Model, name: &str) -> Effect {
    Effect::Load(Load::Theme {
        name: name.to_owned(),
        folder: model.themes.folder.clone(),
        depth: model.look.depth,
    })
}

/// An action while the list is open.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Themes(picker)) = &mut model.overlay else {
        return Vec::new();
    };
    if let Some(to) = movement(action) {
        if !picker.go(to) {
            return Vec::new();
        }
        let selected = picker.selected().map(str::to_owned);
        return selected
            .map(|name| load(model, &name))
            .into_iter()
            .collect();
    }
    let Some(Overlay::Themes(picker)) = model.overlay.take() else {
        return Vec::new();
    };
    if action != Action::Open {
        wear(model, picker.before);
        return Vec::new();
    }
    if picker.selected() != Some(model.look.theme.name()) {
        wear(model, picker.before);
        model.say(
            "that theme can't be used: nothing has changed",
            Role::Warning,
        );
        return Vec::new();
    }
    keep_words(model);
    Vec::new()
}

/// What keeps the theme for the next time.
fn keep_words(model: &mut Model) {
    let name = model.look.theme.name();
    let config = model.themes.config.as_ref();
    let file = config.map_or_else(
        || "config.toml".to_owned(),
        |path| path.display().to_string(),
    );
    let words = format!("until you leave; for good: `ui.theme = \"{name}\"` in {file}");
    model.say(words, Role::Notice);
}

/// The names of all themes have come.
pub(super) fn listed(model: &mut Model, names: Vec<String>) {
    if let Some(Overlay::Themes(picker)) = &mut model.overlay {
        picker.listed(names);
    }
}

/// A theme has come, or what is wrong with it. Whatever is neither selected nor used comes too late.
pub(super) fn loaded(model: &mut Model, name: &str, theme: Result<Box<Theme>, String>) {
    // Everybody knows the folder, and a line has little room: what is wrong comes first.
    let folder = model.themes.folder.as_ref();
    let folder = folder.map(|folder| format!("{}/", folder.display()));
    let theme = theme.map_err(|why| match folder {
        Some(folder) => why.replace(&folder, ""),
        None => why,
    });
    if let Some(Overlay::Themes(picker)) = &mut model.overlay {
        if picker.before.name() == name
            && let Ok(theme) = &theme
        {
            picker.before = Theme::clone(theme);
        }
        if picker.selected() == Some(name) {
            match theme {
                Ok(theme) => {
                    picker.set_trouble(None);
                    wear(model, *theme);
                }
                Err(why) => picker.set_trouble(Some(why)),
            }
        }
        return;
    }
    if model.look.theme.name() != name {
        return;
    }
    match theme {
        Ok(theme) => wear(model, *theme),
        Err(why) => {
            let words = format!("{} (the theme stays as it was)", why.replace('\n', "; "));
            model.say(words, Role::Error);
        }
    }
}

/// A file in the user's folder was saved, or has gone.
pub(super) fn changed(model: &Model) -> Vec<Effect> {
    let used = model.look.theme.name();
    let mut effects = vec![load(model, used)];
    if let Some(Overlay::Themes(picker)) = &model.overlay {
        effects.insert(0, list(model));
        let others = [picker.selected(), Some(picker.before.name())];
        for name in others.into_iter().flatten().filter(|name| *name != used) {
            effects.push(load(model, name));
        }
    }
    effects
}

/// Puts a theme on. Whatever was laid out compares [`Look::stamp`](super::super::session::Look::stamp).
fn wear(model: &mut Model, theme: Theme) {
    model.look.theme = theme;
    if let Some(overlay) = &mut model.overlay {
        overlay.look_changed(&model.look);
    }
}
