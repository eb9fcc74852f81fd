//! The line at the bottom: a notice, or the keys that do something here and now.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::domain::attempt::Need;
use crate::domain::board::{PhaseView, TicketState};
use crate::ui::action::Action;
use crate::ui::available::available;
use crate::ui::command;
use crate::ui::composing;
use crate::ui::keymap::Context;
use crate::ui::layout::Pane;
use crate::ui::model::Model;
use crate::ui::overlay::{Overlay, Wish, which_key};
use crate::ui::pages::{self, Page, review};
use crate::ui::text;
use crate::ui::theme::Role;

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &model.look.theme;
    let columns = usize::from(area.width);
    if let Some(notice) = &model.notice {
        let words = text::fit(&notice.text, columns.saturating_sub(1), model.look.ascii);
        Line::from(vec![
            Span::raw(" "),
            Span::styled(words.into_owned(), theme.style(notice.role)),
        ])
        .render(area, buffer);
        return;
    }
    let mut hints = hints(model);
    let width = |(key, words): &(String, String)| text::width(key) + text::width(words) + 3;
    // The way to the help is always there, and the way out of a popup, whatever else has room.
    let help = hints
        .iter()
        .position(|(key, words)| key == "?" && words == Action::Help.hint());
    let is_popup = model.overlay.is_some() && model.pressed.is_empty();
    let help = match help {
        None if is_popup => way_out(model, &hints),
        help => help,
    };
    let help = help.map(|index| hints.remove(index));
    let mut used = help.as_ref().map_or(0, width);
    let fits = |hint: &(String, String)| {
        used += width(hint);
        used <= columns + 1
    };
    let shown: Vec<_> = hints.into_iter().take_while(fits).chain(help).collect();
    let mut spans = Vec::new();
    for (key, words) in shown {
        spans.push(Span::raw(if spans.is_empty() { " " } else { "  " }));
        spans.push(Span::styled(key, theme.style(Role::HintKey)));
        spans.push(Span::styled(format!(" {words}"), theme.style(Role::Hint)));
    }
    Line::from(spans).render(area, buffer);
}

/// Which of the hints leads out of the popup.
fn way_out(model: &Model, hints: &[(String, String)]) -> Option<usize> {
    let contexts = model.contexts();
    let outs = [Action::Cancel, Action::No];
    let mut keys = outs
        .iter()
        .filter_map(|out| model.keymap.key_for(&contexts, *out));
    keys.find_map(|out| hints.iter().position(|(key, _)| *key == out))
}

/// Keys and what they do, the most wanted first.
fn hints(model: &Model) -> Vec<(String, String)> {
    let contexts = model.contexts();
    if !model.pressed.is_empty() {
        return following(model);
    }
    if contexts.first() == Some(&Context::Shell) {
        return of_shell(model, &contexts);
    }
    let mut shown = HashSet::new();
    wanted(model, &contexts)
        .into_iter()
        .filter(|action| available(model, *action) && shown.insert(*action))
        .filter_map(|action| {
            // A page is left by the same key everywhere, also where another one does it too.
            let of_pages = (action == Action::Back && contexts.contains(&Context::Page))
                .then(|| model.keymap.key_for(&[Context::Page], action))
                .flatten();
            let key = of_pages.or_else(|| model.keymap.key_for(&contexts, action))?;
            Some((key, words(model, action).to_owned()))
        })
        .collect()
}

/// What may follow what was pressed: the popup above says the same in more words, or has no room for all of it.
fn following(model: &Model) -> Vec<(String, String)> {
    let mut shown = HashSet::new();
    let found = which_key::continuations(model).into_iter();
    let found = found.filter(|binding| shown.insert(binding.action.hint()));
    let found = found.map(|binding| {
        let rest = binding.keys.get(model.pressed.len()..).unwrap_or_default();
        let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
        (rest.join(" "), words(model, binding.action).to_owned())
    });
    found.collect()
}

/// The chord, and what may follow it.
fn of_shell(model: &Model, contexts: &[Context]) -> Vec<(String, String)> {
    let chord = model.keymap.chord().to_string();
    let begins = format!("{chord} ");
    let mut shown = HashSet::new();
    let wanted = wanted(model, contexts).into_iter();
    let wanted = wanted.filter(|action| shown.insert(*action));
    let follow = wanted.filter_map(|action| {
        let key = model.keymap.key_for(contexts, action)?;
        let key = key.strip_prefix(&begins).map_or(key.clone(), str::to_owned);
        Some((key, words(model, action).to_owned()))
    });
    let follow: Vec<_> = follow.collect();
    std::iter::once((chord, "and then".to_owned()))
        .chain(follow)
        .collect()
}

fn words(model: &Model, action: Action) -> &'static str {
    let phase = model.board.run.as_ref().map(|run| run.phase);
    match action {
        Action::TogglePause if phase == Some(PhaseView::Paused) => "go on",
        Action::Send if matches!(model.overlay, Some(Overlay::Find(_))) => "go there",
        Action::Send if matches!(model.overlay, Some(Overlay::NewTicket(_))) => "write it",
        Action::Zoom if model.zoom => "unzoom",
        Action::ToggleDetails if model.transcript.shows_details() => "fold",
        Action::Open if model.page == Some(Page::Review) && model.overlay.is_none() => "fold",
        Action::Send if matches!(model.overlay, Some(Overlay::Palette(_))) => "do it",
        Action::Cancel if matches!(model.overlay, Some(Overlay::Palette(_))) => "close",
        Action::Open if model.focus == Pane::Terminal && model.page.is_none() => "close",
        Action::No if is_asked_by_editor(model) => "stay",
        Action::PlayerPause => pages::player::pause_words(model),
        Action::Open if pages::player::is_selected(model) => "play",
        action => action.hint(),
    }
}

fn is_asked_by_editor(model: &Model) -> bool {
    model.page == Some(Page::Editor) && model.overlay.is_none()
}

fn wanted(model: &Model, contexts: &[Context]) -> Vec<Action> {
    match contexts.first() {
        Some(Context::Copy) => {
            return vec![
                Action::LeaveCopyMode,
                Action::CopySelection,
                Action::NextMatch,
                Action::PreviousMatch,
                Action::SelectCharacters,
                Action::SelectLines,
                Action::SelectBlock,
                Action::SearchBack,
                Action::SearchForth,
                Action::CopyLine,
                Action::HalfPageUp,
                Action::HalfPageDown,
            ];
        }
        Some(Context::Shell) => {
            let mut actions = vec![Action::LeaveTerminal];
            // Who sees nothing else wants to know the way back.
            if model.zoom {
                actions.push(Action::Zoom);
            }
            actions.push(Action::NewTab);
            if model.terminal.count() > 1 {
                actions.push(Action::NextTab);
            }
            if model.terminal.is_split() {
                actions.push(Action::NextProgram);
            }
            actions.extend([
                Action::SplitBeside,
                Action::CopyMode,
                Action::CloseTerminal,
                Action::Zoom,
                Action::Help,
            ]);
            return actions;
        }
        Some(Context::Ended) => {
            return vec![
                Action::CloseTerminal,
                Action::ReopenTerminal,
                Action::Back,
                Action::NextPane,
                Action::Help,
            ];
        }
        Some(Context::Composer) => return composing::hints(model),
        Some(Context::Inbox) => return pages::inbox::hints(model),
        Some(Context::Input) => return vec![Action::Send, Action::NewLine, Action::Cancel],
        Some(Context::Choose | Context::Palette) => {
            return vec![Action::Send, Action::Down, Action::Up, Action::Cancel];
        }
        Some(Context::Confirm) => {
            let mut actions = vec![Action::Yes, Action::No];
            if let Some(Overlay::Confirm(confirm)) = &model.overlay {
                if confirm.is_unread() {
                    actions.remove(0);
                }
                if matches!(confirm.wish, Wish::Paste(_)) {
                    actions.push(Action::PasteAsLine);
                }
                if confirm.scrolls() {
                    actions.extend([Action::PageDown, Action::PageUp]);
                }
            }
            return actions;
        }
        Some(Context::Review) => return review::wanted(model),
        Some(Context::Themes) => return vec![Action::Open, Action::Cancel, Action::Down],
        Some(Context::Overview) => return model.overview.hints(),
        Some(Context::Player) => return pages::player::hints(),
        Some(Context::Help) => return vec![Action::Cancel, Action::Down, Action::PageDown],
        Some(first) if model.page == Some(Page::Editor) => {
            return pages::editor::wanted(*first, &model.editor);
        }
        _ => {}
    }
    let mut actions = Vec::new();
    if model.viewer && model.beside.runner_is_gone {
        actions.push(Action::TakeOver);
    }
    match command::need(model) {
        Some(Need::Review { .. }) => {
            actions.extend([Action::Approve, Action::Reject, Action::Diff, Action::Retry]);
        }
        Some(Need::Request { .. }) => {
            actions.extend([Action::Approve, Action::Reject, Action::Reply]);
        }
        Some(Need::Reply { .. } | Need::NoProgress | Need::Conflict { .. } | Need::Interrupted) => {
            actions.push(Action::Reply);
        }
        Some(Need::TakenOver { .. }) => {
            actions.extend([Action::HandBack, Action::TakeOverAgent]);
        }
        Some(Need::UserTask) | None => {}
    }
    match model.board.run.as_ref().map(|run| run.phase) {
        Some(PhaseView::Running | PhaseView::Paused) => actions.push(Action::TogglePause),
        Some(PhaseView::Ending { .. }) => actions.push(Action::StopRun),
        Some(PhaseView::Finished { .. }) | None => actions.push(Action::Start),
    }
    if available(model, Action::Claim) {
        actions.extend([Action::Terminal, Action::Claim]);
    }
    if let Some(view) = model.view() {
        match &view.state {
            state if state.is_active() => actions.push(Action::StopTicket),
            TicketState::Finished { .. }
                if view.state.proof().is_none() && !actions.contains(&Action::Retry) =>
            {
                actions.push(Action::Retry);
            }
            _ => {}
        }
    }
    if model.totals.waiting > 0 && command::need(model).is_none() {
        actions.push(Action::NextWaiting);
    }
    match model.focus {
        Pane::Queue => actions.extend([
            Action::Open,
            Action::Terminal,
            Action::Filter,
            Action::Find,
            Action::Mark,
            Action::NewTicket,
        ]),
        Pane::Transcript => {
            if model
                .view()
                .is_some_and(|view| view.state == TicketState::Running)
            {
                actions.extend([Action::Steer, Action::Interrupt]);
            }
            if model.transcript.is_searching() {
                // Its key goes to the match before now.
                actions.retain(|action| *action != Action::Reject);
                actions.extend([Action::NextMatch, Action::PreviousMatch, Action::Back]);
            }
            actions.push(Action::ToggleDetails);
            if !model.transcript.follows() {
                actions.push(Action::End);
            }
            actions.push(Action::Terminal);
            if model.view().is_some_and(|view| view.attempt.is_some()) {
                actions.extend([Action::Search, Action::NextItem]);
            }
        }
        Pane::Evidence => {
            if !model.evidence.is_empty() {
                actions.extend([Action::Open, Action::Diff]);
            }
            if model.evidence.attempt().is_some() {
                actions.extend([Action::Verify, Action::CompareAttempts]);
            }
            if model.evidence.file().is_some() {
                actions.push(Action::OpenInPager);
            }
        }
        Pane::Terminal => actions.extend([Action::Open, Action::ReopenTerminal]),
    }
    actions.extend([
        Action::Palette,
        Action::NextPane,
        Action::Zoom,
        Action::Help,
        Action::Quit,
    ]);
    actions
}
