//! What is shown of a recording, by time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::engine::Engine;
use super::{Order, Seek};
use crate::store::cast::{Reader, Writer};
use crate::ui::theme::ColorDepth;

/// `0 a, 1 b, 2 c, 12 d` and a marker at 2; resized at 1.
fn recording(folder: &Path) -> PathBuf {
    let path = folder.join("a.cast");
    let mut writer = Writer::create(&path, 20, 4, 0).expect("made");
    for (seconds, text) in [(0.0, "a"), (1.0, "b"), (2.0, "c"), (12.0, "d")] {
        writer.output(seconds, text.as_bytes()).expect("written");
        if text == "b" {
            writer.resize(1.0, 30, 5).expect("written");
        }
        if text == "c" {
            writer.marker(2.0, "here").expect("written");
        }
    }
    writer.finish().expect("written");
    path
}

struct Playback {
    engine: Engine,
    now: Duration,
    _folder: tempfile::TempDir,
}

impl Playback {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = recording(folder.path());
        let mut engine = Engine::open(&path, ColorDepth::Truecolor).expect("opened");
        let mut reader = Reader::open(&path).expect("opened");
        let survey = reader.survey(|_| true).expect("read");
        engine.surveyed(survey.expect("whole"));
        let mut playback = Self {
            engine,
            now: Duration::ZERO,
            _folder: folder,
        };
        playback.after(0);
        playback
    }

    /// The text after so many milliseconds more.
    fn after(&mut self, millis: u64) -> String {
        self.now += Duration::from_millis(millis);
        self.engine.advance(self.now);
        while self.engine.feed(Duration::MAX, || Duration::ZERO) {}
        self.engine.text()
    }

    fn order(&mut self, order: Order) -> String {
        self.engine.order(order);
        self.after(0)
    }

    fn seconds(&mut self) -> u64 {
        self.engine.picture().progress.seconds
    }
}

#[test]
fn it_plays_by_time_and_cuts_pauses() {
    let mut playback = Playback::new();
    assert_eq!(playback.after(500), "a");
    assert_eq!(playback.after(600), "ab");
    assert_eq!(playback.engine.picture().screen.area.width, 30);
    assert_eq!(playback.after(1_000), "abc");
    // Ten seconds of pause are two.
    assert_eq!(playback.after(1_800), "abc");
    assert_eq!(playback.after(200), "abcd");
    assert!(playback.engine.picture().progress.is_over);
    assert_eq!(playback.engine.quiet_for(), None);
    // Again.
    assert_eq!(playback.order(Order::Pause), "a");
    assert_eq!(playback.engine.picture().screen.area.width, 20);
    playback.order(Order::CutPauses);
    assert_eq!(playback.after(9_000), "abc");
    assert_eq!(playback.seconds(), 9);
    assert_eq!(playback.after(3_100), "abcd");
}

#[test]
fn it_pauses_steps_seeks_and_changes_its_speed() {
    let mut playback = Playback::new();
    playback.order(Order::Pause);
    assert_eq!(playback.after(60_000), "a");
    assert_eq!(playback.engine.quiet_for(), None, "nothing wakes up");
    assert_eq!(playback.order(Order::Step), "ab");
    assert_eq!(playback.order(Order::Seek(Seek::By(60.0))), "abcd");
    assert_eq!(playback.order(Order::Seek(Seek::By(-5.0))), "abc");
    assert_eq!(playback.seconds(), 7);
    assert_eq!(playback.order(Order::Seek(Seek::PreviousMarker)), "abc");
    assert_eq!(playback.seconds(), 2);
    assert_eq!(playback.order(Order::Seek(Seek::PreviousMarker)), "a");
    assert_eq!(playback.order(Order::Seek(Seek::NextMarker)), "abc");
    assert_eq!(playback.order(Order::Seek(Seek::Tenth(1))), "ab");
    assert_eq!(playback.order(Order::Seek(Seek::End)), "abcd");
    assert_eq!(playback.order(Order::Seek(Seek::Begin)), "a");
    playback.order(Order::Faster);
    playback.order(Order::Pause);
    assert_eq!(playback.after(500), "ab");
    for _ in 0..9 {
        playback.order(Order::Slower);
    }
    assert_eq!(playback.after(2_000), "ab");
    assert_eq!(playback.after(2_100), "abc");
}

#[test]
fn a_long_seek_is_fed_piece_by_piece() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.cast");
    let mut writer = Writer::create(&path, 80, 24, 0).expect("made");
    for line in 0..2_000 {
        let text = format!("line {line} {}\r\n", "x".repeat(60));
        writer
            .output(f64::from(line), text.as_bytes())
            .expect("written");
    }
    writer.finish().expect("written");
    let mut engine = Engine::open(&path, ColorDepth::Truecolor).expect("opened");
    engine.order(Order::Seek(Seek::By(1_500.0)));
    let (mut pieces, mut shares) = (0, Vec::new());
    loop {
        let looks = std::cell::Cell::new(0);
        let more = engine.feed(Duration::from_millis(50), || {
            looks.set(looks.get() + 1);
            Duration::from_millis(looks.get())
        });
        pieces += 1;
        if !more {
            break;
        }
        shares.extend(engine.picture().progress.seeking);
    }
    assert!(pieces > 10, "{pieces}");
    assert!(
        shares.is_sorted() && shares.last() > Some(&0.9),
        "{shares:?}"
    );
    assert!(engine.text().contains("line 1500 "));
    assert!(!engine.text().contains("line 1501 "));
}

#[test]
fn what_is_no_recording_is_told_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.cast");
    fs::write(&path, "hello\n").expect("written");
    let error = Engine::open(&path, ColorDepth::Truecolor)
        .err()
        .expect("refused");
    assert!(error.to_string().contains("no recording"), "{error}");
}
