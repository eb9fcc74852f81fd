//! The user's clipboard. OSC 52 works over SSH, where the terminal takes it; tmux takes the text itself; where neither works
//! there is a file.
//!
//! What is known of terminals is in `docs/TERMINALS.md`, with its sources.

use std::fs::{self, DirBuilder, OpenOptions};
use std::future::Future;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use tokio::sync::mpsc::UnboundedSender;

use super::effect::Loaded;
use crate::config::ClipboardWay;

/// How many bytes of text terminals take that say nothing of it: 100,000 bytes of a sequence, in base64 with its frame (hterm's
/// `osc52.sh`, which others have followed).
const MOST: usize = 74_994;

/// How long a string GNU screen passes on at once: 768 bytes since 4.2.1 (`MAXSTR` in its `screen.h`), with its end.
const SCREEN_PIECE: usize = 760;

/// The file's name.
const FILE: &str = "clipboard.txt";

/// Gives texts to the multiplexer that docket runs in.
pub trait Multiplexer: Send {
    /// Puts a text into its buffer, from where it goes on to the terminal around it.
    fn load(&self, text: String) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;
}

/// What stands between docket and the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Between {
    /// A terminal alone.
    #[default]
    Nothing,
    /// tmux: it takes no sequences from programs unless `set-clipboard` is `on`, and passes none on unless `allow-passthrough` is.
    Tmux,
    /// GNU screen: it passes on what is wrapped for it, in small pieces.
    Screen,
}

/// Whether the terminal takes texts from programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Takes {
    /// It does, or nothing is known against it.
    #[default]
    Texts,
    /// Some versions and settings of it do.
    Perhaps(&'static str),
    /// It is known not to.
    None(&'static str),
}

/// How copied texts get out of docket.
#[derive(Default)]
pub struct Clipboard {
    /// As configured.
    pub way: ClipboardWay,
    /// What stands in between.
    pub between: Between,
    /// What is known of the terminal.
    pub takes: Takes,
    /// Where the file goes.
    pub folder: Option<PathBuf>,
    /// tmux itself.
    pub multiplexer: Option<Box<dyn Multiplexer>>,
}

/// What is to be done with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The terminal is sent this.
    pub(crate) sequence: Option<String>,
    /// The multiplexer gets it.
    pub(crate) loads: bool,
    /// It goes into the file, and why.
    pub(crate) file: Option<String>,
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Copied {
    /// The multiplexer has it.
    Taken,
    /// The multiplexer did not take this text.
    Refused(String),
    /// It lies in a file.
    Written {
        /// Which.
        path: PathBuf,
        /// Why there.
        why: String,
    },
    /// It is nowhere; why.
    Lost(String),
}

/// What the variables tell of what docket runs in.
pub fn surroundings(variable: impl Fn(&str) -> Option<String>) -> (Between, Takes) {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is = |name: &str, value: &str| variable(name).as_deref() == Some(value);
    if is_set("TMUX") {
        // What is around tmux is tmux's business; its variables may be those of a terminal of long ago.
        return (Between::Tmux, Takes::Texts);
    }
    let between = if is_set("STY") {
        Between::Screen
    } else {
        Between::Nothing
    };
    let takes = if is("TERM", "linux") {
        Takes::None("the console")
    } else if is("TERM_PROGRAM", "Apple_Terminal") {
        Takes::None("Apple's Terminal")
    } else if is_set("VTE_VERSION") {
        Takes::Perhaps("this terminal (VTE)")
    } else {
        Takes::Texts
    };
    (between, takes)
}

/// The folder of the file: the user's own for this session, else docket's state.
pub fn folder(runtime: Option<PathBuf>, state: Option<PathBuf>) -> Option<PathBuf> {
    let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
    runtime.map(|folder| folder.join("docket")).or(state)
}

impl Clipboard {
    /// What is to be done with a text.
    pub(crate) fn plan(&self, text: &str) -> Plan {
        let mut plan = Plan {
            sequence: None,
            loads: false,
            file: None,
        };
        let takes = |name: &str| format!("{name} takes no texts from programs");
        match (self.way, self.between, self.takes) {
            (ClipboardWay::File, ..) => plan.file = Some("as configured".to_owned()),
            (ClipboardWay::Auto, Between::Tmux, _) if self.multiplexer.is_some() => {
                plan.loads = true;
            }
            (ClipboardWay::Auto, ..) if text.len() > MOST => {
                plan.file = Some(format!("terminals take {MOST} bytes at most"));
            }
            (ClipboardWay::Auto, _, Takes::None(name)) => plan.file = Some(takes(name)),
            (ClipboardWay::Auto, _, Takes::Perhaps(name)) => {
                plan.sequence = Some(self.sequence(text));
                plan.file = Some(format!("{name} may take no texts from programs"));
            }
            (ClipboardWay::Auto | ClipboardWay::Osc52, ..) => {
                plan.sequence = Some(self.sequence(text));
            }
        }
        plan
    }

    /// Puts a text where it belongs; what becomes of it outside of the terminal is answered. What the terminal is to be sent.
    pub(crate) fn put(&self, text: String, answer: &UnboundedSender<Loaded>) -> Option<String> {
        let plan = self.plan(&text);
        let answer = answer.clone();
        if let Some(why) = plan.file {
            self.keep(text, why, answer);
        } else if plan.loads
            && let Some(multiplexer) = &self.multiplexer
        {
            let load = multiplexer.load(text.clone());
            drop(tokio::spawn(async move {
                let copied = match load.await {
                    Ok(()) => Copied::Taken,
                    Err(_it_is_sent_instead) => Copied::Refused(text),
                };
                drop(answer.send(Loaded::Copied(copied)));
            }));
        }
        plan.sequence
    }

    /// The multiplexer took nothing: the terminal is sent the text, and a file has it, since nobody can tell whether that arrives.
    pub(crate) fn put_after_refusal(
        &self,
        text: String,
        answer: &UnboundedSender<Loaded>,
    ) -> String {
        let sequence = self.sequence(&text);
        self.keep(text, "tmux took nothing".to_owned(), answer.clone());
        sequence
    }

    fn keep(&self, text: String, why: String, answer: UnboundedSender<Loaded>) {
        let folder = self.folder.clone();
        drop(tokio::task::spawn_blocking(move || {
            let copied = Self::write(folder.as_deref(), &text, why);
            drop(answer.send(Loaded::Copied(copied)));
        }));
    }

    /// What the terminal is sent.
    pub(crate) fn sequence(&self, text: &str) -> String {
        let mut sequence = String::new();
        let _infallible = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
        match self.between {
            Between::Nothing => sequence,
            // For itself where `set-clipboard` is `on`, and for the terminal around it where `allow-passthrough` is.
            Between::Tmux => {
                let wrapped = through_tmux(&sequence);
                sequence + &wrapped
            }
            Between::Screen => through_screen(&sequence),
        }
    }

    /// Writes a text into the file. Blocks on the disk.
    pub(crate) fn write(folder: Option<&Path>, text: &str, why: String) -> Copied {
        let Some(folder) = folder else {
            return Copied::Lost(format!(
                "can't copy: {why}, and there is no folder for a file"
            ));
        };
        let path = folder.join(FILE);
        match write(folder, &path, text) {
            Ok(()) => Copied::Written { path, why },
            Err(error) => Copied::Lost(format!(
                "can't copy: {why}, and {}: {error}",
                path.display()
            )),
        }
    }
}

/// For nobody else to read; what was there is replaced at once, never half.
fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let fresh = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&fresh)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    fs::rename(&fresh, path)
}

/// A sequence that tmux hands to the terminal around it (tmux(1), `allow-passthrough`): every escape in it is doubled.
pub(crate) fn through_tmux(sequence: &str) -> String {
    let doubled = sequence.replace('\u{1b}', "\u{1b}\u{1b}");
    format!("\u{1b}Ptmux;{doubled}\u{1b}\\")
}

/// A sequence that GNU screen hands to the terminal around it, in device control strings (screen(1), "Virtual Terminal"). The
/// end of each would be the end of the sequence in it, so that one ends with BEL.
fn through_screen(sequence: &str) -> String {
    let bare = sequence.strip_suffix("\u{1b}\\").unwrap_or(sequence);
    let mut wrapped = String::new();
    let mut rest = bare;
    loop {
        // It is ASCII.
        let (piece, next) = rest.split_at(SCREEN_PIECE.min(rest.len()));
        wrapped.push_str("\u{1b}P");
        wrapped.push_str(piece);
        rest = next;
        if rest.is_empty() {
            wrapped.push_str("\u{7}\u{1b}\\");
            return wrapped;
        }
        wrapped.push_str("\u{1b}\\");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Multiplexer for Nobody {
        fn load(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
            Box::pin(async { Err(io::Error::other("nobody")) })
        }
    }

    fn among(variables: &[(&str, &str)]) -> Clipboard {
        let (between, takes) = surroundings(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        });
        Clipboard {
            between,
            takes,
            multiplexer: (between == Between::Tmux).then(|| Box::new(Nobody) as _),
            ..Clipboard::default()
        }
    }

    #[test]
    fn a_terminal_is_sent_the_text() {
        let plan = among(&[("TERM", "xterm-256color")]).plan("hi");
        assert_eq!(plan.sequence.as_deref(), Some("\u{1b}]52;c;aGk=\u{1b}\\"));
        assert_eq!((plan.loads, plan.file), (false, None));
    }

    #[test]
    fn tmux_takes_it_itself_and_is_sent_sequences_only_when_it_does_not() {
        let mut clipboard = among(&[("TMUX", "/tmp/tmux,1,0"), ("TERM_PROGRAM", "tmux")]);
        let plan = clipboard.plan(&"x".repeat(1 << 20));
        assert_eq!((plan.sequence, plan.loads, plan.file), (None, true, None));
        clipboard.multiplexer = None;
        let wrapped = clipboard.plan("hi").sequence.expect("a sequence");
        assert!(wrapped.starts_with("\u{1b}]52;c;aGk=\u{1b}\\"));
        assert!(wrapped.contains("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;aGk="));
    }

    #[test]
    fn screen_passes_small_pieces_on() {
        let clipboard = among(&[("STY", "1.pts"), ("TERM", "screen")]);
        let sequence = clipboard.sequence(&"x".repeat(2_000));
        let pieces: Vec<_> = sequence.split_inclusive("\u{1b}\\").collect();
        assert_eq!(pieces.len(), 4);
        let mut joined = String::new();
        for piece in &pieces {
            assert!(piece.len() <= 768, "{}", piece.len());
            let inner = piece.strip_prefix("\u{1b}P").expect("it begins");
            joined.push_str(inner.strip_suffix("\u{1b}\\").expect("it ends"));
        }
        assert!(joined.starts_with("\u{1b}]52;c;eHh4"));
        assert!(joined.ends_with('\u{7}'));
        assert_eq!(joined.matches('\u{1b}').count(), 1);
    }

    #[test]
    fn a_file_takes_what_the_terminal_does_not() {
        for variables in [[("TERM", "linux")], [("TERM_PROGRAM", "Apple_Terminal")]] {
            let plan = among(&variables).plan("hi");
            assert!(plan.sequence.is_none() && plan.file.is_some(), "{plan:?}");
        }
        let plan = among(&[("VTE_VERSION", "7600")]).plan("hi");
        assert!(plan.sequence.is_some() && plan.file.is_some());
        let plan = among(&[]).plan(&"x".repeat(MOST + 1));
        assert!(plan.sequence.is_none() && plan.file.is_some());
        let mut clipboard = among(&[("TERM", "linux")]);
        clipboard.way = ClipboardWay::Osc52;
        let plan = clipboard.plan(&"x".repeat(MOST + 1));
        assert!(plan.sequence.is_some() && plan.file.is_none());
        clipboard.way = ClipboardWay::File;
        assert!(clipboard.plan("hi").file.is_some());
    }

    #[test]
    fn the_file_is_the_users_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let docket = folder.path().join("run/docket");
        for text in ["a long text\n", "short"] {
            let copied = Clipboard::write(Some(&docket), text, "so".to_owned());
            let path = docket.join("clipboard.txt");
            let written = Copied::Written {
                path: path.clone(),
                why: "so".to_owned(),
            };
            assert_eq!(copied, written);
            assert_eq!(fs::read_to_string(&path).expect("a file"), text);
            let mode = fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let mode = fs::metadata(&docket)
                .expect("a folder")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        // Nothing else is left there.
        assert_eq!(fs::read_dir(&docket).expect("a folder").count(), 1);
        let nowhere = Clipboard::write(None, "x", "so".to_owned());
        assert!(matches!(nowhere, Copied::Lost(_)));
        let own = folder.path().join("run");
        assert_eq!(
            super::folder(Some(own.clone()), None),
            Some(own.join("docket"))
        );
        assert_eq!(super::folder(Some("relative".into()), None), None);
    }
}
