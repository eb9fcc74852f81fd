//! The thread that plays: an engine, a clock, orders in, pictures out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use tokio::sync::watch;

use super::engine::Engine;
use super::{Order, Picture, Progress};
use crate::store::cast::{Reader, Survey};
use crate::ui::session::Clock;
use crate::ui::theme::ColorDepth;

/// At most sixty pictures a second.
const FRAME: Duration = Duration::from_millis(16);

/// During a long seek a picture of how far it is comes so often.
const PROGRESS: Duration = Duration::from_millis(60);

/// How long is fed before orders are looked at again.
const FEED: Duration = Duration::from_millis(8);

enum Told {
    Order(Order),
    Surveyed(Survey),
}

/// A recording that is played. Dropping it ends the thread.
pub(crate) struct Playing {
    orders: mpsc::Sender<Told>,
    pictures: Option<watch::Receiver<Option<Arc<Picture>>>>,
}

impl Playing {
    /// Begins at the beginning.
    pub(crate) fn start(path: PathBuf, depth: ColorDepth, clock: Clock) -> Self {
        let (orders, receiver) = mpsc::channel();
        let (sender, pictures) = watch::channel(None);
        let surveyor = orders.clone();
        let thread = std::thread::Builder::new().name("player".to_owned());
        let played = move || play(&path, depth, &clock, surveyor, &receiver, &sender);
        // Without a thread there is no picture either, and that is all that there is to be told.
        drop(thread.spawn(played));
        Self {
            orders,
            pictures: Some(pictures),
        }
    }

    /// Wants something of it.
    pub(crate) fn order(&self, order: Order) {
        // A thread that has ended has told why.
        drop(self.orders.send(Told::Order(order)));
    }

    /// The next picture. Dropping the future loses nothing.
    pub(crate) async fn picture(&mut self) -> Arc<Picture> {
        loop {
            let Some(pictures) = &mut self.pictures else {
                return std::future::pending().await;
            };
            if pictures.changed().await.is_err() {
                self.pictures = None;
            } else if let Some(picture) = pictures.borrow_and_update().clone() {
                return picture;
            }
        }
    }
}

/// The next picture of what is played, if anything is.
pub(crate) async fn playing(player: Option<&mut Playing>) -> Arc<Picture> {
    match player {
        Some(player) => player.picture().await,
        None => std::future::pending().await,
    }
}

/// Reads the whole once, for its length and its markers. Ends with the player: the sender tells.
fn survey(path: &Path, told: &mpsc::Sender<Told>, goes_on: impl Fn() -> bool) {
    let survey = Reader::open(path)
        .ok()
        .and_then(|mut reader| reader.survey(|_| goes_on()).ok().flatten());
    if let Some(survey) = survey {
        drop(told.send(Told::Surveyed(survey)));
    }
}

fn play(
    path: &Path,
    depth: ColorDepth,
    clock: &Clock,
    surveyor: mpsc::Sender<Told>,
    orders: &mpsc::Receiver<Told>,
    pictures: &watch::Sender<Option<Arc<Picture>>>,
) {
    let mut engine = match Engine::open(path, depth) {
        Ok(engine) => engine,
        Err(error) => {
            pictures.send_replace(Some(Arc::new(Picture {
                screen: Arc::default(),
                cursor: None,
                progress: Progress {
                    trouble: Some(error.to_string()),
                    ..Progress::default()
                },
            })));
            return;
        }
    };
    // A weak hand on the thread: it holds a sender, so the end of the player is told by this.
    let alive = Arc::new(());
    let watched = Arc::downgrade(&alive);
    let surveyed = path.to_owned();
    let thread = std::thread::Builder::new().name("player-survey".to_owned());
    drop(thread.spawn(move || survey(&surveyed, &surveyor, || watched.strong_count() > 0)));
    let now = || clock().monotonic.0;
    let mut shown: Option<Arc<Picture>> = None;
    let mut shown_at: Option<Duration> = None;
    loop {
        loop {
            match orders.try_recv() {
                Ok(told) => hear(&mut engine, told),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        if pictures.is_closed() {
            return;
        }
        let began = now();
        engine.advance(began);
        let more = engine.feed(FEED, || now().saturating_sub(began));
        let least = if more { PROGRESS } else { FRAME };
        let since = shown_at.map_or(least, |at| now().saturating_sub(at));
        let picture_is_due = since >= least;
        if picture_is_due {
            let picture = Arc::new(engine.picture());
            if shown.as_ref() != Some(&picture) {
                pictures.send_replace(Some(Arc::clone(&picture)));
                shown = Some(picture);
                shown_at = Some(now());
            }
        }
        if more {
            continue;
        }
        let told = match engine.quiet_for() {
            _ if !picture_is_due => orders.recv_timeout(FRAME.saturating_sub(since)),
            Some(quiet) => orders.recv_timeout(quiet.max(Duration::from_millis(1))),
            None => orders
                .recv()
                .map_err(|_gone| RecvTimeoutError::Disconnected),
        };
        match told {
            Ok(told) => hear(&mut engine, told),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn hear(engine: &mut Engine, told: Told) {
    match told {
        Told::Order(order) => engine.order(order),
        Told::Surveyed(survey) => engine.surveyed(survey),
    }
}
