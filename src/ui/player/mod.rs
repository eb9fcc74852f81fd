//! Plays recordings of terminals: one component for the page and for `docket play`.
//!
//! A thread reads the file, feeds an emulator by time and draws it ([`engine`], [`thread`]); the screen gets finished pictures, only the
//! newest of which counts, and says what is wanted with [`Order`]s. So a seek through a hundred megabytes holds no frame up,
//! and nothing wakes up while a recording is paused.

pub(crate) mod alone;
mod draw;
pub(crate) mod end;
mod engine;
#[cfg(test)]
mod tests;
mod thread;

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;

use super::action::Action;

pub(crate) use draw::{draw, time};
pub(crate) use thread::{Playing, playing};

/// What is wanted of the player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Order {
    /// Pause, or go on; from the beginning when it is over.
    Pause,
    /// Half as fast.
    Slower,
    /// Twice as fast.
    Faster,
    /// Cut long pauses, or play them whole.
    CutPauses,
    /// Pause, and show the next event.
    Step,
    /// Another time.
    Seek(Seek),
}

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seek {
    /// So many seconds on, or back.
    By(f64),
    Begin,
    End,
    /// So many tenths of the whole.
    Tenth(u8),
    PreviousMarker,
    NextMarker,
}

/// What is to be seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    /// The recorded terminal.
    pub(crate) screen: Arc<Buffer>,
    /// Where its cursor is.
    pub(crate) cursor: Option<(u16, u16)>,
    pub(crate) progress: Progress,
}

/// Where a recording stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Progress {
    pub(crate) seconds: u64,
    /// As soon as the whole was read.
    pub(crate) total: Option<u64>,
    /// The share that was played, 0 to 1.
    pub(crate) share: f64,
    pub(crate) speed: f64,
    pub(crate) is_playing: bool,
    pub(crate) is_over: bool,
    /// How far a seek is, 0 to 1.
    pub(crate) seeking: Option<f64>,
    pub(crate) cuts: bool,
    pub(crate) title: Option<String>,
    pub(crate) markers: usize,
    /// Lines that could not be read.
    pub(crate) damaged: u64,
    /// Why nothing is played.
    pub(crate) trouble: Option<String>,
}

/// What the model knows of the player.
#[derive(Debug, Default)]
pub(crate) struct Player {
    pub(crate) path: PathBuf,
    pub(crate) picture: Option<Arc<Picture>>,
}

impl Player {
    /// Whether anything is played.
    pub(crate) fn is_open(&self) -> bool {
        !self.path.as_os_str().is_empty()
    }
}

/// What an action wants of the player; `None` when it is none of its actions.
pub(crate) fn wanted(action: Action) -> Option<Order> {
    Some(match action {
        Action::PlayerPause => Order::Pause,
        Action::PlayerBack => Order::Seek(Seek::By(-5.0)),
        Action::PlayerForward => Order::Seek(Seek::By(5.0)),
        Action::PlayerBackMinute => Order::Seek(Seek::By(-60.0)),
        Action::PlayerForwardMinute => Order::Seek(Seek::By(60.0)),
        Action::PlayerSlower => Order::Slower,
        Action::PlayerFaster => Order::Faster,
        Action::PlayerStep => Order::Step,
        Action::PlayerPreviousMarker => Order::Seek(Seek::PreviousMarker),
        Action::PlayerNextMarker => Order::Seek(Seek::NextMarker),
        Action::PlayerIdle => Order::CutPauses,
        Action::Top => Order::Seek(Seek::Begin),
        Action::End => Order::Seek(Seek::End),
        _ => return None,
    })
}

/// What a key wants that is bound to nothing: digits are tenths.
pub(crate) fn typed(key: KeyEvent) -> Option<Order> {
    let KeyCode::Char(digit) = key.code else {
        return None;
    };
    let tenth = u8::try_from(digit.to_digit(10)?).ok()?;
    Some(Order::Seek(if tenth == 0 {
        Seek::Begin
    } else {
        Seek::Tenth(tenth)
    }))
}

/// The actions that are worth a hint.
pub(crate) const HINTS: &[Action] = &[
    Action::PlayerPause,
    // Narrow screens have no room for all, and everybody wants to leave.
    Action::Back,
    Action::PlayerBack,
    Action::PlayerForward,
    Action::PlayerSlower,
    Action::PlayerFaster,
    Action::PlayerStep,
    Action::PlayerIdle,
];
