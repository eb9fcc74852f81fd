//! Records what a terminal shows, off the thread that shows it.
//!
//! Whoever reads a program's output hands it to a [`Tap`], which never waits: a thread writes the file. When the disk is full, or so
//! slow that [`MOST_WAITING`] bytes wait, the recording ends and says so; the program goes on. What is typed is not recorded.
//!
//! Output is gathered for a moment before it is written, and secrets are looked for in what was gathered. A secret that a
//! program writes character by character (the echo of what is typed) is not found.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::domain::attempt::Artifact;
use crate::domain::hash::Hasher;
use crate::proc::clock::Clock;
use crate::redact::Redactor;
use crate::store::cast::{Characters, EXTENSION, Header, Writer};

/// So many bytes wait for the disk at most.
pub const MOST_WAITING: usize = 16 << 20;

/// Output of so long a time becomes one event.
const GATHERED: Duration = Duration::from_millis(20);

/// And so many bytes.
const MOST_GATHERED: usize = 64 * 1024;

/// So many names are tried.
const MOST_NAMES: u32 = 1_000;

/// What is to be recorded, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The folder; it is made, for its owner alone.
    pub folder: PathBuf,
    /// How the file's name begins; the time follows. Characters that don't belong into a name are replaced.
    pub stem: String,
    /// The terminal's columns.
    pub columns: u16,
    /// The terminal's rows.
    pub rows: u16,
    /// What players call it.
    pub title: Option<String>,
    /// What makes an empty terminal show what this one shows.
    pub first: Vec<u8>,
}

/// How a recording ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The file.
    pub path: PathBuf,
    /// What lies there now, its path relative to the folder; `None` when that can't be read.
    pub file: Option<Artifact>,
    /// Why it ended before it was asked to.
    pub trouble: Option<String>,
}

enum Told {
    Output(f64, Vec<u8>),
    Resize(f64, u16, u16),
    Marker(f64, String),
}

/// Takes what a terminal shows. Dropping it ends the recording.
pub struct Tap {
    sender: Option<mpsc::Sender<Told>>,
    waiting: Arc<AtomicUsize>,
    is_cut: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
    began: Duration,
    path: PathBuf,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Begins a recording. `done` is called once, on another thread, when the file is complete and on the disk.
pub fn start(
    plan: Plan,
    redactor: Arc<Redactor>,
    clock: Arc<dyn Clock>,
    done: impl FnOnce(Ended) + Send + 'static,
) -> io::Result<Tap> {
    let now = clock.now();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&plan.folder)?;
    let header = Header {
        width: plan.columns,
        height: plan.rows,
        timestamp: u64::try_from(now.wall.0 / 1_000).ok(),
        title: plan.title.map(|title| redactor.redact(&title).into_owned()),
        ..Header::default()
    };
    let (writer, path) = create(&plan.folder, &name(&plan.stem, now.wall.0), &header)?;
    let (sender, receiver) = mpsc::channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let is_cut = Arc::new(AtomicBool::new(false));
    let mut recording = Recording {
        writer: Some(writer),
        redactor,
        characters: Characters::default(),
        gathered: String::new(),
        since: 0.0,
        trouble: None,
    };
    let (count, cut, file) = (Arc::clone(&waiting), Arc::clone(&is_cut), path.clone());
    let first = plan.first;
    std::thread::Builder::new()
        .name("recorder".to_owned())
        .spawn(move || {
            recording.output(0.0, &first);
            // What was there before stands for itself, however soon something follows.
            recording.write_out();
            recording.run(&receiver, &count);
            let slow = cut.load(Ordering::Acquire);
            let trouble = recording.finish(slow);
            done(Ended {
                file: artifact(&file).ok(),
                path: file,
                trouble,
            });
        })?;
    Ok(Tap {
        sender: Some(sender),
        waiting,
        is_cut,
        clock,
        began: now.monotonic.0,
        path,
    })
}

impl Tap {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The terminal's program wrote. Never waits.
    pub fn output(&mut self, bytes: &[u8]) {
        let before = self.waiting.fetch_add(bytes.len(), Ordering::AcqRel);
        if before + bytes.len() > MOST_WAITING {
            self.is_cut.store(true, Ordering::Release);
            self.sender = None;
            return;
        }
        self.tell(|at| Told::Output(at, bytes.to_vec()));
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.tell(|at| Told::Resize(at, columns, rows));
    }

    /// A place to come back to.
    pub fn marker(&mut self, name: &str) {
        self.tell(|at| Told::Marker(at, name.to_owned()));
    }

    fn tell(&mut self, told: impl FnOnce(f64) -> Told) {
        let Some(sender) = &self.sender else { return };
        let at = self.clock.now().monotonic.0.saturating_sub(self.began);
        if sender.send(told(at.as_secs_f64())).is_err() {
            self.sender = None;
        }
    }
}

/// The side of the thread.
struct Recording {
    writer: Option<Writer>,
    redactor: Arc<Redactor>,
    characters: Characters,
    gathered: String,
    since: f64,
    trouble: Option<String>,
}

impl Recording {
    fn run(&mut self, receiver: &mpsc::Receiver<Told>, waiting: &AtomicUsize) {
        while self.writer.is_some() {
            let told = if self.gathered.is_empty() {
                receiver
                    .recv()
                    .map_err(|_ended| RecvTimeoutError::Disconnected)
            } else {
                receiver.recv_timeout(GATHERED)
            };
            match told {
                Ok(Told::Output(at, bytes)) => {
                    waiting.fetch_sub(bytes.len(), Ordering::AcqRel);
                    self.output(at, &bytes);
                }
                Ok(Told::Resize(at, columns, rows)) => {
                    self.write_out();
                    self.write(|writer| writer.resize(at, columns, rows));
                }
                Ok(Told::Marker(at, name)) => {
                    self.write_out();
                    let name = self.redactor.redact(&name).into_owned();
                    self.write(|writer| writer.marker(at, &name));
                }
                Err(RecvTimeoutError::Timeout) => self.write_out(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn output(&mut self, at: f64, bytes: &[u8]) {
        let is_late = at - self.since >= GATHERED.as_secs_f64();
        if self.gathered.len() >= MOST_GATHERED || (is_late && !self.gathered.is_empty()) {
            self.write_out();
        }
        if self.gathered.is_empty() {
            self.since = at;
        }
        self.gathered.push_str(&self.characters.next(bytes));
    }

    fn write_out(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.is_empty() {
            return;
        }
        let text = self.redactor.redact(&gathered).into_owned();
        let since = self.since;
        self.write(|writer| writer.output(since, text.as_bytes()));
    }

    fn write(&mut self, write: impl FnOnce(&mut Writer) -> io::Result<()>) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        if let Err(error) = write(writer) {
            self.trouble = Some(error.to_string());
            self.writer = None;
        }
    }

    /// Writes what is left. Why the recording ended before it was asked to.
    fn finish(mut self, slow: bool) -> Option<String> {
        let rest = self.characters.finish();
        self.gathered.push_str(rest);
        self.write_out();
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.finish()
        {
            self.trouble = Some(error.to_string());
        }
        let slow = slow.then(|| "the disk is too slow for it".to_owned());
        self.trouble.or(slow)
    }
}

/// `stem-20261121-193012`, in UTC.
fn name(stem: &str, millis: i64) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    let stem: String = stem.chars().take(100).map(plain).collect();
    let stem = stem.trim_start_matches(['.', '-']);
    let stem = if stem.is_empty() { "terminal" } else { stem };
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    format!("{stem}-{}", at.strftime("%Y%m%d-%H%M%S"))
}

/// A file by this name, or by the next one that is free.
fn create(folder: &Path, name: &str, header: &Header) -> io::Result<(Writer, PathBuf)> {
    let mut number = 1;
    loop {
        let name = match number {
            1 => format!("{name}.{EXTENSION}"),
            _ => format!("{name}-{number}.{EXTENSION}"),
        };
        let path = folder.join(name);
        match Writer::create_with(&path, header) {
            Ok(writer) => return Ok((writer, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MOST_NAMES => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn artifact(path: &Path) -> io::Result<Artifact> {
    let mut hasher = Hasher::default();
    let mut file = fs::File::open(path)?;
    let mut chunk = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        match io::Read::read(&mut file, &mut chunk)? {
            0 => break,
            count => {
                hasher.update(&chunk[..count]);
                bytes += count as u64;
            }
        }
    }
    let name = path.file_name().unwrap_or_default();
    Ok(Artifact {
        path: name.to_string_lossy().into_owned(),
        sha256: hasher.finish(),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::clock::SystemClock;
    use crate::store::cast::{Reader, What};

    fn record(variables: &[(&str, &str)], act: impl FnOnce(&mut Tap)) -> (Ended, Vec<What>) {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, receiver) = mpsc::channel();
        let plan = Plan {
            folder: folder.path().join("recordings"),
            stem: "TICKET 1/x".to_owned(),
            columns: 80,
            rows: 24,
            title: None,
            first: b"\x1b[Hbefore ".to_vec(),
        };
        let redactor = Redactor::new(variables.iter().copied()).expect("patterns");
        let clock = Arc::new(SystemClock::new());
        let done = move |ended| drop(sender.send(ended));
        let mut tap = start(plan, Arc::new(redactor), clock, done).expect("it begins");
        act(&mut tap);
        drop(tap);
        let ended: Ended = receiver
            .recv_timeout(Duration::from_secs(20))
            .expect("it ends");
        let mut reader = Reader::open(&ended.path).expect("it can be read");
        let mut events = Vec::new();
        while let Some(event) = reader.next_event().expect("it can be read") {
            events.push(event.what);
        }
        (ended, events)
    }

    fn text(events: &[What]) -> String {
        let texts = events.iter().filter_map(|what| match what {
            What::Output(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn what_is_shown_is_recorded_and_hashed() {
        let (ended, events) = record(&[], |tap| {
            tap.output(b"one \xe2\x82");
            tap.output(b"\xac");
            tap.resize(100, 30);
            tap.output(b"two");
        });
        assert_eq!(text(&events), "\x1b[Hbefore one \u{20ac}two");
        assert!(events.contains(&What::Resize {
            columns: 100,
            rows: 30
        }));
        assert_eq!(ended.trouble, None);
        let file = ended.file.expect("it was read");
        assert!(file.path.starts_with("TICKET-1-x-2"), "{}", file.path);
        assert!(file.bytes > 100);
    }

    #[test]
    fn secrets_are_left_out_also_over_chunks() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.cast");
        let redactor = Redactor::new([("API_TOKEN", "swordfish-and-more")]).expect("patterns");
        let mut recording = Recording {
            writer: Some(Writer::create(&path, 80, 24, 0).expect("a file")),
            redactor: Arc::new(redactor),
            characters: Characters::default(),
            gathered: String::new(),
            since: 0.0,
            trouble: None,
        };
        recording.output(1.0, b"the token is sword");
        recording.output(1.01, b"fish-and-more\r\n");
        assert_eq!(recording.finish(false), None);
        let text = fs::read_to_string(path).expect("it was written");
        assert!(
            text.ends_with("[1.0,\"o\",\"the token is [redacted]\\r\\n\"]\n"),
            "{text}"
        );
    }

    #[test]
    fn a_disk_that_does_not_follow_ends_the_recording() {
        let (ended, _) = record(&[], |tap| tap.output(&vec![b'y'; MOST_WAITING + 1]));
        assert_eq!(
            ended.trouble.as_deref(),
            Some("the disk is too slow for it")
        );
    }
}
