//! `docket play`: the player by itself, outside of any repository too. No runner, no ledger.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{Event, KeyEventKind};
use futures_util::StreamExt as _;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{HINTS, Picture, Playing, draw, typed, wanted};
use crate::ui::action::Action;
use crate::ui::app::Host;
use crate::ui::keymap::{Context, Key, Keymap, Meaning};
use crate::ui::session::{Clock, Look, UiError};
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::tty;
use crate::ui::update::Signal;

/// Where keys mean something.
const CONTEXTS: &[Context] = &[Context::Player, Context::Page, Context::Global];

/// Plays a recording until the user leaves; the signal that ended it instead, if one did. Must be called inside of tokio's runtime.
pub async fn play(
    path: PathBuf,
    look: Look,
    keymap: Keymap,
    clock: Clock,
) -> Result<Option<u8>, UiError> {
    let mut host = tty::Terminal::enter(false)?;
    let mut terminal = Terminal::new(host.backend())?;
    let mut events = host.events();
    let mut player = Playing::start(path, look.depth, clock);
    let mut picture: Option<Arc<Picture>> = None;
    let mut pressed: Vec<Key> = Vec::new();
    loop {
        terminal.draw(|frame| {
            let area = frame.area();
            if let Some(cursor) =
                paint(picture.as_deref(), area, frame.buffer_mut(), &look, &keymap)
            {
                frame.set_cursor_position(cursor);
            }
        })?;
        tokio::select! {
            biased;
            signal = host.signal() => {
                return Ok(Some(match signal {
                    Signal::HangUp => 1,
                    Signal::Interrupt => 2,
                    Signal::Quit => 3,
                    Signal::Terminate => 15,
                }));
            }
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    pressed.push(Key::from(key));
                    let meaning = keymap.meaning(CONTEXTS, &pressed);
                    if meaning != Meaning::Begun {
                        pressed.clear();
                    }
                    let order = match meaning {
                        Meaning::Action(Action::Back | Action::Quit | Action::StopRun) => {
                            return Ok(None);
                        }
                        Meaning::Action(Action::Redraw) => {
                            terminal.clear()?;
                            None
                        }
                        Meaning::Action(Action::Suspend) => {
                            drop(events);
                            player.order(super::Order::Pause);
                            host.suspend().await?;
                            events = host.events();
                            redraw(&mut terminal)?;
                            None
                        }
                        Meaning::Action(action) => wanted(action),
                        Meaning::None => typed(key),
                        Meaning::Begun => None,
                    };
                    if let Some(order) = order {
                        player.order(order);
                    }
                }
                Some(Ok(Event::Resize(..))) => redraw(&mut terminal)?,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(Some(1)),
            },
            next = player.picture() => picture = Some(next),
        }
    }
}

fn redraw<B: ratatui::backend::Backend<Error = io::Error>>(
    terminal: &mut Terminal<B>,
) -> io::Result<()> {
    let size = terminal.size()?;
    terminal.resize(Rect::new(0, 0, size.width, size.height))
}

/// The player, and below it what its keys are.
fn paint(
    picture: Option<&Picture>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look,
    keymap: &Keymap,
) -> Option<ratatui::layout::Position> {
    buffer.set_style(area, look.theme.style(Role::Base));
    if area.height < 3 {
        return draw(picture, area, buffer, look);
    }
    let hints: Vec<String> = HINTS
        .iter()
        .filter_map(|action| {
            let key = keymap.key_for(CONTEXTS, *action)?;
            Some(format!("{key} {}", action.hint()))
        })
        .collect();
    let hints = format!(" {}", hints.join("  "));
    let hints = text::fit(&hints, usize::from(area.width), look.ascii).into_owned();
    let last = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    Line::styled(hints, look.theme.style(Role::Dim)).render(last, buffer);
    let above = Rect {
        height: area.height - 1,
        ..area
    };
    draw(picture, above, buffer, look)
}
