//! What is shown of a recording at which time. No thread and no clock: [`Engine::advance`] is told how late it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Order, Picture, Progress, Seek};
use crate::emulator::Emulator;
use crate::store::cast::{CastError, Event, Reader, Survey, What};
use crate::ui::render::cells;
use crate::ui::theme::ColorDepth;

/// How fast can be played; `1` is as it was.
const SPEEDS: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// Pauses are cut to so many seconds, unless the recording says otherwise.
const PAUSE: f64 = 2.0;

/// A marker is behind when it is at least so many seconds ago: a second press goes further back.
const JUST_NOW: f64 = 0.75;

/// See the module.
pub(super) struct Engine {
    reader: Reader,
    emulator: Emulator,
    depth: ColorDepth,
    /// The event that comes next.
    next: Option<Event>,
    /// The time of the last event that is shown.
    played: f64,
    /// Where the time stands.
    position: f64,
    /// Where it is to go at once.
    seek: Option<f64>,
    is_playing: bool,
    /// Whether not all is shown yet that should be.
    is_behind: bool,
    /// In [`SPEEDS`].
    speed: usize,
    cuts: bool,
    pause: f64,
    told: Option<Duration>,
    survey: Option<Survey>,
    trouble: Option<String>,
    screen: Arc<Buffer>,
    cursor: Option<(u16, u16)>,
    /// Whether the emulator has changed since the screen was drawn.
    is_stale: bool,
}

impl Engine {
    pub(super) fn open(path: &Path, depth: ColorDepth) -> Result<Self, CastError> {
        let reader = Reader::open(path)?;
        let header = reader.header();
        let pause = header.idle_time_limit.unwrap_or(PAUSE);
        let emulator = Emulator::new(header.width, header.height, 0);
        let mut engine = Self {
            reader,
            emulator,
            depth,
            next: None,
            played: 0.0,
            position: 0.0,
            seek: None,
            is_playing: true,
            is_behind: false,
            speed: 2,
            cuts: true,
            pause,
            told: None,
            survey: None,
            trouble: None,
            screen: Arc::default(),
            cursor: None,
            is_stale: true,
        };
        engine.read();
        Ok(engine)
    }

    /// What is in the whole recording has become known.
    pub(super) fn surveyed(&mut self, survey: Survey) {
        self.survey = Some(survey);
    }

    /// The user wants something.
    pub(super) fn order(&mut self, order: Order) {
        match order {
            Order::Pause if self.is_over() => {
                self.go(0.0);
                self.is_playing = true;
            }
            Order::Pause => self.is_playing = !self.is_playing,
            Order::Slower => self.speed = self.speed.saturating_sub(1),
            Order::Faster => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            Order::CutPauses => self.cuts = !self.cuts,
            Order::Step => {
                self.is_playing = false;
                if let Some(next) = &self.next {
                    self.seek = Some(next.seconds);
                }
            }
            Order::Seek(seek) => self.seek(seek),
        }
    }

    fn seek(&mut self, seek: Seek) {
        // Who goes back from the end looks around there first.
        self.is_playing &= !self.is_over();
        let here = self.seek.unwrap_or(self.position);
        let end = self.survey.as_ref().map(|survey| survey.seconds);
        let markers = self.survey.iter().flat_map(|survey| &survey.markers);
        let mut times = markers.map(|(at, _)| *at);
        let to = match seek {
            Seek::By(seconds) => here + seconds,
            Seek::Begin => 0.0,
            Seek::End => f64::MAX,
            Seek::Tenth(tenth) => match end {
                Some(end) => end * f64::from(tenth) / 10.0,
                None => return,
            },
            Seek::NextMarker => match times.find(|at| *at > here) {
                Some(at) => at,
                None => return,
            },
            Seek::PreviousMarker => times
                .take_while(|at| *at < here - JUST_NOW)
                .last()
                .unwrap_or(0.0),
        };
        self.go(to);
    }

    fn go(&mut self, to: f64) {
        let to = to.max(0.0);
        if to < self.played {
            if let Err(error) = self.reader.rewind() {
                self.trouble = Some(error.to_string());
                return;
            }
            let header = self.reader.header();
            self.emulator = Emulator::new(header.width, header.height, 0);
            self.is_stale = true;
            self.played = 0.0;
            self.read();
        }
        self.seek = Some(to);
    }

    fn read(&mut self) {
        self.next = match self.reader.next_event() {
            Ok(event) => event,
            Err(error) => {
                self.trouble = Some(error.to_string());
                None
            }
        };
    }

    /// Whether all has been played.
    fn is_over(&self) -> bool {
        self.next.is_none() && self.seek.is_none() && !self.is_behind
    }

    /// It is so late now.
    pub(super) fn advance(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.told.replace(now).unwrap_or(now));
        if !self.is_playing || self.is_behind || self.seek.is_some() {
            return;
        }
        self.position += passed.as_secs_f64() * SPEEDS[self.speed];
        if let Some(until) = self.cut() {
            self.position = self.position.max(until);
        }
    }

    /// Where time jumps to, when the pause has lasted long enough.
    fn cut(&self) -> Option<f64> {
        let next = self.next.as_ref()?.seconds;
        let is_long = self.cuts && next - self.played > self.pause;
        (is_long && self.position - self.played >= self.pause).then_some(next)
    }

    /// Shows what is due, for no longer than `budget`. Whether there is more to be shown at once.
    pub(super) fn feed(&mut self, budget: Duration, elapsed: impl Fn() -> Duration) -> bool {
        self.is_behind = true;
        let until = self.seek.unwrap_or(self.position);
        loop {
            if self.emulator.is_behind() {
                self.emulator.parse(budget, &elapsed);
                self.is_stale = true;
            } else {
                match self.next.take_if(|next| next.seconds <= until) {
                    Some(event) => {
                        self.show(event);
                        self.read();
                    }
                    None => break,
                }
            }
            if elapsed() >= budget {
                return true;
            }
        }
        // What the program asked of its terminal was answered long ago.
        drop(self.emulator.replies());
        self.is_behind = false;
        if let Some(to) = self.seek.take() {
            self.position = to;
        }
        if self.next.is_none() {
            let end = self.survey.as_ref().map(|survey| survey.seconds);
            self.position = end.unwrap_or(self.played).max(self.played);
            self.is_playing = false;
        }
        false
    }

    fn show(&mut self, event: Event) {
        self.played = event.seconds;
        match event.what {
            What::Output(text) => self.emulator.feed(text.as_bytes()),
            What::Resize { columns, rows } => {
                self.emulator.resize(columns, rows);
                self.is_stale = true;
            }
            What::Marker(_) | What::Input | What::Other => {}
        }
    }

    /// How long nothing changes by itself; `None` for ever.
    pub(super) fn quiet_for(&self) -> Option<Duration> {
        if self.is_behind || self.seek.is_some() {
            return Some(Duration::ZERO);
        }
        if !self.is_playing {
            return None;
        }
        // The time is shown in seconds.
        let second = self.position.floor() + 1.0 - self.position;
        let event = self.next.as_ref().map(|next| next.seconds - self.position);
        let pause = self.played + self.pause - self.position;
        let pause = (self.cuts && pause > 0.0).then_some(pause);
        let least = [event, pause].into_iter().flatten().fold(second, f64::min);
        Some(Duration::from_secs_f64(least.max(0.0) / SPEEDS[self.speed]))
    }

    /// What is to be seen.
    pub(super) fn picture(&mut self) -> Picture {
        if std::mem::take(&mut self.is_stale) {
            let (columns, rows) = self.emulator.size();
            let area = Rect::new(0, 0, columns, rows);
            let mut buffer = Buffer::empty(area);
            let top = self.emulator.top();
            let cursor = cells::draw(&self.emulator, top, area, &mut buffer, self.depth);
            self.cursor = cursor.map(|cursor| (cursor.x, cursor.y));
            self.screen = Arc::new(buffer);
        }
        let total = self.survey.as_ref().map(|survey| survey.seconds);
        let header = self.reader.header();
        let title = self.emulator.title().map(str::to_owned);
        let progress = Progress {
            seconds: self.position.floor().min(1e9) as u64,
            total: total.map(|total| total.floor() as u64),
            share: total.map_or(0.0, |total| {
                (self.position / total.max(0.001)).clamp(0.0, 1.0)
            }),
            speed: SPEEDS[self.speed],
            is_playing: self.is_playing,
            is_over: self.is_over(),
            seeking: self.seek.map(|to| {
                let to = total.map_or(to, |total| to.min(total));
                (self.played / to.max(0.001)).clamp(0.0, 1.0)
            }),
            cuts: self.cuts,
            title: header.title.clone().or(title),
            markers: self
                .survey
                .as_ref()
                .map_or(0, |survey| survey.markers.len()),
            damaged: self.reader.damaged(),
            trouble: self.trouble.clone(),
        };
        Picture {
            screen: Arc::clone(&self.screen),
            cursor: self.cursor,
            progress,
        }
    }

    /// The text of the screen.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        let rows = self.emulator.top()..self.emulator.end();
        let rows: Vec<_> = rows.map(|row| self.emulator.text(row)).collect();
        rows.join("\n").trim_end().to_owned()
    }
}
