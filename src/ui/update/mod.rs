//! The only place that changes the model: a message in, effects out. No I/O, no clock.

mod arrange;
mod copying;
mod mouse;
pub(crate) mod movement;
mod perform;
mod reading;
pub(super) mod terminal;
pub(crate) mod themes;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent};

use super::command;
use super::composing;
use super::effect::{Effect, Loaded, TerminalId};
use super::guard;
use super::keymap::{Key, Meaning};
use super::layout::Pane;
use super::model::Model;
use super::overlay::{LineOf, Overlay, palette};
use super::pages;
use super::panes::evidence;
use super::player::Picture;
use super::recording;
use super::session::{Outside, UiEnd};
use super::taking;
use super::terminals::TerminalEvent;
use super::theme::Role;
use super::tickets;
use super::viewer;
use crate::domain::board::Feed;
use crate::domain::event::{Event, RunOutcome};
use crate::runner::recorder::Ended;

pub(crate) use perform::perform;

/// What came.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something that changes nothing but what is to be painted: a new size.
    Nothing,
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// A signal came.
    Signal(Signal),
    /// The runner tells something.
    Feed(Feed),
    /// The runner has ended.
    FeedEnded,
    /// A file was read.
    Loaded(Loaded),
    /// A program on a terminal did something.
    Terminal(TerminalId, TerminalEvent),
    /// A program that had the screen has ended; why it could not do its work.
    Returned(Outside, Result<(), String>),
    /// What was written in the user's editor.
    Written(Result<String, String>),
    /// A file of the user's themes has changed.
    ThemesChanged,
    /// A recording has ended.
    Recorded(TerminalId, Ended),
    /// The player shows something else.
    Played(Arc<Picture>),
    /// Somebody looks at the outer terminal now, or nobody does.
    Looked(bool),
}

/// A signal to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP, or the terminal can't be read any more.
    HangUp,
    /// SIGTERM.
    Terminate,
    /// SIGINT from outside; Ctrl-C is a key.
    Interrupt,
    /// SIGQUIT.
    Quit,
}

/// Keys that terminals with more of a keyboard protocol tell of.
const DESKTOP: KeyModifiers = KeyModifiers::SUPER
    .union(KeyModifiers::HYPER)
    .union(KeyModifiers::META);

/// Takes a message in.
pub(crate) fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        // With such a key held it is the desktop's, not what the letter alone means.
        Message::Key(key) if key.modifiers.intersects(DESKTOP) => Vec::new(),
        Message::Key(key) if key.kind != KeyEventKind::Release => on_key(model, key),
        Message::Key(_) | Message::Nothing => Vec::new(),
        Message::Paste(text) => on_paste(model, &text),
        Message::Mouse(mouse) => mouse::on_mouse(model, mouse),
        Message::Signal(Signal::HangUp) => vec![Effect::End(UiEnd::HungUp)],
        Message::Signal(Signal::Terminate | Signal::Quit) => command::terminate(model),
        Message::Signal(Signal::Interrupt) => command::interrupt(model),
        Message::Feed(feed) => {
            model.overview.take(&feed);
            on_feed(model, feed)
        }
        Message::FeedEnded => {
            vec![Effect::End(model.leaving.unwrap_or(UiEnd::RunnerEnded))]
        }
        Message::Loaded(loaded) => on_loaded(model, loaded),
        Message::Terminal(terminal, event) => {
            let has_ended = matches!(event, TerminalEvent::Ended(_));
            model.terminal.event(terminal, event, model.uptime);
            if has_ended {
                taking::ended(model, terminal);
            }
            Vec::new()
        }
        Message::Returned(outside, result) => {
            if let Err(why) = result {
                model.say(why, Role::Error);
            }
            pages::returned(model, &outside)
        }
        Message::Written(text) => {
            composing::written(model, text);
            Vec::new()
        }
        Message::ThemesChanged => themes::changed(model),
        Message::Recorded(terminal, ended) => recording::ended(model, terminal, ended),
        Message::Played(picture) => {
            model.player.picture = Some(picture);
            Vec::new()
        }
        Message::Looked(is_looked_at) => {
            model.is_looked_at = is_looked_at;
            Vec::new()
        }
    }
}

fn on_feed(model: &mut Model, feed: Feed) -> Vec<Effect> {
    match feed {
        Feed::Queue(queue) => {
            model.queue.set_queue(queue);
            let mut effects = tickets::go_on(model);
            effects.extend(pages::editor::queue_changed(model));
            effects
        }
        Feed::Beginning { queue, of } => {
            model.queue.set_beginning(queue, of);
            Vec::new()
        }
        Feed::Event(envelope) => {
            model.board.apply(&envelope);
            model.spending.take(&envelope);
            model.transcript.heed(envelope.at, &envelope.event);
            model.totals.outdate();
            let event = &envelope.event;
            if matches!(
                event,
                Event::RunStarted { .. }
                    | Event::RunResumed
                    | Event::StepRetried { .. }
                    | Event::Refused { .. }
            ) {
                model.start_is_asked = false;
            }
            if let Event::AttemptStarted { ticket, .. } = event
                && model.follows_run
            {
                model.queue.select_ticket(ticket);
            }
            // A filter may ask for any state.
            if changes_readiness(event) || !model.queue.filter().is_empty() {
                model.queue.outdate();
            }
            if let Event::Refused { what, why } = event {
                let what = tickets::named(model, what);
                model.say(format!("can't {what}: {why}"), Role::Warning);
            }
            if model.leaving.is_some() && !model.run_is_alive() {
                return vec![Effect::End(model.leaving.unwrap_or(UiEnd::Quit))];
            }
            let mut effects = pages::review::told(model, &envelope);
            effects.extend(taking::told(model, &envelope.event));
            let concerns_evidence = event.attempt().is_some_and(|attempt| {
                let ticket = model.board.ticket_of(attempt);
                ticket.is_some() && ticket == model.queue.selected()
            });
            if concerns_evidence {
                [effects, model.evidence.list()].concat()
            } else {
                effects
            }
        }
        Feed::Advanced { attempt, bytes } => model.transcript.advanced(&attempt, bytes),
        Feed::Status { attempt, status } => {
            model.board.set_status(&attempt, status);
            model.totals.outdate();
            Vec::new()
        }
        Feed::Used { attempt, usage } => {
            model.board.set_usage(&attempt, usage);
            model.totals.outdate();
            Vec::new()
        }
        Feed::RunOver { outcome, .. } => {
            let began_nothing = std::mem::take(&mut model.start_is_asked);
            if began_nothing && model.leaving.is_none() {
                model.say(nothing_begun(outcome), Role::Notice);
            }
            match model.leaving {
                Some(why) => vec![Effect::End(why)],
                None => Vec::new(),
            }
        }
        Feed::Trouble(text) => {
            if model.viewer {
                // It may be the answer.
                model.start_is_asked = false;
            }
            model.say(text, Role::Error);
            Vec::new()
        }
        Feed::Runner(standing) => viewer::told(model, standing),
    }
}

/// Why a run that was asked for did not begin.
fn nothing_begun(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "nothing is left to do",
        RunOutcome::NeedsHuman => "nothing can start: what is left waits for you",
        RunOutcome::Failed => "nothing can start: what is left failed, or needs what failed",
        _ => "nothing can start: the queue says why at each ticket",
    }
}

/// Whether other tickets may become ready, or cease to be, by this.
fn changes_readiness(event: &Event) -> bool {
    matches!(
        event,
        Event::StepFinished { .. }
            | Event::StepRetried { .. }
            | Event::StepStarted { .. }
            | Event::StepSkipped { .. }
            | Event::StepRestored { .. }
            | Event::TicketWritten { .. }
            | Event::AttemptFinished { .. }
            | Event::RunStarted { .. }
            | Event::RunFinished { .. }
    )
}

fn on_loaded(model: &mut Model, loaded: Loaded) -> Vec<Effect> {
    match loaded {
        Loaded::Transcript {
            question,
            part,
            slice,
        } => model.transcript.loaded(question, part, slice),
        Loaded::Evidence {
            question,
            runs,
            recordings,
        } => {
            model.evidence.recordings = recordings;
            model.evidence.listed(question, runs)
        }
        Loaded::Preview { question, content } => {
            model.evidence.previewed(question, content);
            Vec::new()
        }
        Loaded::Text(loaded) => pages::editor::loaded(model, loaded),
        Loaded::Verified { attempt, result } => {
            evidence::checked(model, attempt, result);
            Vec::new()
        }
        Loaded::Exported { attempt, result } => {
            evidence::exported(model, &attempt, result);
            Vec::new()
        }
        Loaded::CopiedOut { result } => evidence::copied_out(model, result),
        Loaded::Discarded | Loaded::SyntaxesForgotten => Vec::new(),
        Loaded::Review { question, result } => {
            model.review.loaded(question, result);
            Vec::new()
        }
        Loaded::Changed(changed) => tickets::changed(model, changed),
        Loaded::Scan { question, found } => {
            let effects = model.transcript.scanned(question, found);
            reading::told(model, effects)
        }
        Loaded::Highlight { key, painted } => {
            model.highlights.loaded(key, painted);
            Vec::new()
        }
        Loaded::Themes { names } => {
            themes::listed(model, names);
            Vec::new()
        }
        Loaded::Theme { name, theme } => {
            themes::loaded(model, &name, theme);
            Vec::new()
        }
        Loaded::Timeline { question, past } => {
            model.overview.past_came(question, past);
            Vec::new()
        }
        Loaded::Located(found) => copying::located(model, found),
        Loaded::Copied(copied) => copying::copied(model, copied),
        Loaded::Spent { question, spent } => {
            model.overview.spending_came(question, spent);
            Vec::new()
        }
        Loaded::Terminals { .. } | Loaded::TerminalsKept { .. } | Loaded::Foreground { .. } => {
            terminal::loaded(model, loaded)
        }
    }
}

fn on_key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    if guard::is_typed_ahead(model, event) {
        model.say(
            "what had the keys has just ended: that key was dropped",
            Role::Notice,
        );
        return Vec::new();
    }
    model.notice = None;
    let contexts = model.contexts();
    model.pressed.push(Key::from(event));
    match model.keymap.meaning(&contexts, &model.pressed) {
        Meaning::Action(action) => {
            model.pressed.clear();
            if guard::is_too_early(model, action) {
                model.say("that has just come: read it first", Role::Notice);
                return Vec::new();
            }
            perform(model, action)
        }
        Meaning::Begun => Vec::new(),
        Meaning::None => {
            let pressed = std::mem::take(&mut model.pressed);
            if pressed.len() > 1 {
                terminal::unknown(model, &pressed, event.code == KeyCode::Esc);
                // What the second key means by itself was not meant.
                return Vec::new();
            }
            typed(model, event)
        }
    }
}

/// A key that is bound to nothing: text fields and shells take it.
fn typed(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Input(input)) => {
            input.key(event);
            follow_filter(model)
        }
        Some(Overlay::Palette(_)) => {
            palette::key(model, event);
            Vec::new()
        }
        Some(Overlay::Composer(composer)) => {
            composer.key(event);
            Vec::new()
        }
        Some(Overlay::Find(find)) => {
            find.key(event);
            Vec::new()
        }
        Some(Overlay::NewTicket(form)) => {
            form.key(event);
            Vec::new()
        }
        Some(_) => Vec::new(),
        None => match model.page {
            Some(page) => pages::key(model, page, event),
            None if model.focus == Pane::Terminal => {
                viewer::typed(model);
                model.terminal.key(event)
            }
            None => Vec::new(),
        },
    }
}

/// The queue follows the filter while it is typed, the transcript what is searched for.
fn follow_filter(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Input(input)) = &model.overlay
        && input.of == LineOf::Filter
    {
        model.queue.set_filter(&input.text());
    }
    copying::follow_search(model);
    reading::follow_search(model)
}

fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Input(input)) => {
            input.paste(text);
            follow_filter(model)
        }
        Some(Overlay::Palette(_)) => {
            palette::paste(model, text);
            Vec::new()
        }
        Some(Overlay::Composer(composer)) => {
            composer.paste(text);
            Vec::new()
        }
        Some(Overlay::Find(find)) => {
            find.paste(text);
            Vec::new()
        }
        Some(Overlay::NewTicket(form)) => {
            form.paste(text);
            Vec::new()
        }
        Some(_) => Vec::new(),
        None if model.page.is_some() => match model.page {
            Some(page) => pages::paste(model, page, text),
            None => Vec::new(),
        },
        None if model.focus == Pane::Terminal => {
            viewer::typed(model);
            terminal::paste(model, text)
        }
        // Pasted text presses no keys.
        None => {
            model.say("pasted text goes into a reply or a terminal", Role::Notice);
            Vec::new()
        }
    }
}
