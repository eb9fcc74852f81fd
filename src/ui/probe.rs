//! The screen without a terminal and without files: what a frame costs, for benches.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use super::keymap::Key;
use super::model::Model;
use super::prepare::prepare;
use super::session::Look;
use super::theme::{ColorDepth, Theme};
use super::update::{Message, update};
use super::view;
use crate::domain::board::{Board, Feed};
use crate::domain::time::Timestamp;

/// A screen of a fixed size whose effects go nowhere, at a time that stands still.
pub struct Probe {
    model: Model,
    terminal: Terminal<TestBackend>,
    size: Size,
}

impl Probe {
    /// An empty one. `None` only when the built-in theme is broken.
    pub fn new(columns: u16, rows: u16) -> Option<Self> {
        let depth = ColorDepth::Truecolor;
        let look = Look {
            reduced_motion: false,
            theme: Theme::load("night", None, depth).ok()?,
            depth,
            ascii: false,
            zone: TimeZone::UTC,
        };
        let nowhere = PathBuf::from("/nonexistent");
        let model = Model::new(
            "probe".to_owned(),
            nowhere.clone(),
            nowhere,
            look,
            Board::default(),
            Timestamp(0),
        );
        Some(Self {
            model,
            terminal: Terminal::new(TestBackend::new(columns, rows)).ok()?,
            size: Size::new(columns, rows),
        })
    }

    /// Takes in what a runner tells.
    pub fn feed(&mut self, feed: Feed) {
        drop(update(&mut self.model, Message::Feed(feed)));
    }

    /// Presses a key, as it is written in `docs/KEYS.md`. Whether there is such a key.
    pub fn key(&mut self, key: &str) -> bool {
        let Ok(key) = key.parse::<Key>() else {
            return false;
        };
        drop(update(&mut self.model, Message::Key(key.into())));
        true
    }

    /// Lays out and draws a frame; what is on it.
    pub fn frame(&mut self) -> String {
        drop(prepare(&mut self.model, self.size, Timestamp(0)));
        let model = &self.model;
        // This terminal can't fail.
        let Ok(_drawn) = self.terminal.draw(|frame| view::draw(model, frame));
        self.terminal.backend().to_string()
    }
}
