//! Beside tmux: the same bytes to both, and every cell is compared, many times on the way. Nothing may differ
//! (docs/TERMINAL.md, "Beside tmux").

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use docket::emulator::Emulator;

use super::grid::{Grid, Seen, feed};
use super::recordings::{Recording, SIZE, all, named};
use crate::ledger::scene::skipped;
use crate::support::sandbox::until;

/// How often a recording is looked at on its way.
const LOOKS: usize = 8;

/// A tmux server of this test's own, with one pane of the recordings' size that shows what is written to a pipe, and answers nothing.
struct Tmux {
    folder: tempfile::TempDir,
    pipe: File,
    marks: u32,
}

fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("tmux").is_file())
}

#[expect(
    clippy::disallowed_methods,
    reason = "tmux is what docket is compared with"
)]
fn run(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("tmux")
        .env_remove("TMUX")
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .args(["-u", "-S"])
        .arg(folder.join("socket"))
        .arg("-f")
        .arg(folder.join("conf"))
        .args(arguments)
        .output()
        .expect("tmux starts");
    assert!(
        output.status.success(),
        "tmux {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

impl Tmux {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(
            folder.path().join("conf"),
            "set -g status off\nset -g history-limit 5000\nset -g allow-rename off\nset -g automatic-rename off\n",
        )
        .expect("its settings");
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).expect("a pipe");
        let show = format!("stty raw -echo; exec cat {}", pipe.display());
        let (columns, rows) = (SIZE.0.to_string(), SIZE.1.to_string());
        let new = ["new", "-d", "-x", &columns, "-y", &rows, &show];
        run(folder.path(), &new);
        // Waits for the reader. Nothing is written before the terminal is raw.
        let pipe = OpenOptions::new().write(true).open(pipe).expect("the pipe");
        Self {
            folder,
            pipe,
            marks: 0,
        }
    }

    fn says(&self, format: &str) -> String {
        let said = run(self.folder.path(), &["display-message", "-p", format]);
        String::from_utf8_lossy(&said).trim_end().to_owned()
    }

    /// Shows these bytes; comes back when all of them are shown.
    fn show(&mut self, bytes: &[u8]) {
        self.marks += 1;
        let mark = format!("mark {}", self.marks);
        // The title of a window is no cell.
        let marked = [bytes, format!("\x1b]2;{mark}\x1b\\").as_bytes()].concat();
        self.pipe.write_all(&marked).expect("tmux reads");
        until("tmux has shown all", || self.says("#{pane_title}") == mark);
    }

    /// An empty screen with nothing above it, and then these bytes.
    fn begin(&mut self, bytes: &[u8]) {
        self.show(b"\x1b[?1049l\x1bc");
        run(self.folder.path(), &["clear-history"]);
        self.show(bytes);
    }

    /// Its whole screen. tmux doesn't tell what was cleared behind the last character of a row, in whatever colour: it does when
    /// something stands behind it. So all rows are pushed to the left by a character, and a letter is put at their ends.
    fn screen(&mut self) -> Grid {
        let mut grid = self.grid(false);
        let mut marks = "\x1b[r\x1b[?6l\x1b[m".to_owned();
        for (row, cells) in grid.rows.iter().enumerate() {
            let (row, width) = (row + 1, width_of_first(cells));
            let _ = write!(marks, "\x1b[{row}H\x1b[{width}P\x1b[{row};{}Hx", SIZE.0);
        }
        self.show(marks.as_bytes());
        let mut pushed = self.grid(false);
        for (row, before) in pushed.rows.iter_mut().zip(&grid.rows) {
            row.rotate_right(width_of_first(before));
            row[0] = row[1].clone();
        }
        grid.complete(&pushed);
        grid
    }

    /// What it tells of its screen, or with what has left it.
    fn grid(&self, with_history: bool) -> Grid {
        let mut words = vec!["capture-pane", "-e", "-p", "-N"];
        if with_history {
            words.extend(["-S", "-"]);
        }
        Grid::of_capture(&run(self.folder.path(), &words), SIZE.0)
    }
}

/// How many columns the first character of a row takes.
fn width_of_first(cells: &[Seen]) -> usize {
    if cells[1].text.is_empty() { 2 } else { 1 }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        run(self.folder.path(), &["kill-server"]);
    }
}

/// How many cells were compared, how many places differ, and where.
fn compare(tmux: &mut Tmux, recording: &Recording) -> (usize, usize, String) {
    let (columns, rows) = SIZE;
    let mut emulator = Emulator::new(columns, rows, 5_000);
    let (mut begun, mut cells) = (0, 0);
    let (mut differences, mut told) = (0, String::new());
    for cut in recording.cuts(LOOKS) {
        feed(&mut emulator, &recording.bytes[begun..cut]);
        begun = cut;
        tmux.begin(&recording.bytes[..cut]);
        let said = tmux
            .says("#{cursor_flag} #{cursor_x} #{cursor_y} #{alternate_on} #{keypad_cursor_flag}");
        let theirs = tmux.screen();
        let ours = Grid::of(&emulator, emulator.top(), emulator.end());
        cells += usize::from(columns) * usize::from(rows);
        for difference in ours.differences(&theirs) {
            differences += 1;
            if differences <= 12 {
                let row = difference.row;
                let _ = writeln!(
                    told,
                    "at byte {cut}: {difference:?}\n  docket {}\n  tmux   {}",
                    ours.text(row),
                    theirs.text(row)
                );
            }
        }
        let modes = emulator.modes();
        let alike = match emulator.cursor() {
            Some(cursor) => format!("1 {} {}", cursor.column, cursor.row - emulator.top()),
            None => said.split(' ').take(3).collect::<Vec<_>>().join(" "),
        };
        let ours = format!(
            "{alike} {} {}",
            u8::from(modes.alternate_screen),
            u8::from(modes.application_cursor)
        );
        if ours != said || (emulator.cursor().is_none() && said.starts_with('1')) {
            differences += 1;
            let _ = writeln!(told, "at byte {cut}: docket {ours}, tmux {said}");
        }
    }
    (cells, differences, told)
}

#[test]
fn every_cell_of_every_recording_is_as_in_tmux() {
    if !is_installed() {
        return skipped("tmux is not in PATH");
    }
    let mut tmux = Tmux::start();
    let (mut wrong, mut table) = (String::new(), String::new());
    for recording in all() {
        let (cells, differences, told) = compare(&mut tmux, &recording);
        let _ = writeln!(table, "{:12} {cells} cells, {differences}", recording.name);
        if differences > 0 {
            let _ = writeln!(wrong, "== {}\n{told}", recording.name);
        }
    }
    assert!(wrong.is_empty(), "{table}\n{wrong}");
}

#[test]
fn what_has_left_the_screen_is_as_in_tmux() {
    if !is_installed() {
        return skipped("tmux is not in PATH");
    }
    let mut tmux = Tmux::start();
    for name in ["ls", "git-graph", "styles"] {
        let recording = named(name);
        tmux.begin(&recording.bytes);
        let mut emulator = Emulator::new(SIZE.0, SIZE.1, 5_000);
        feed(&mut emulator, &recording.bytes);
        let ours = Grid::of(&emulator, emulator.first(), emulator.end());
        let theirs = tmux.grid(true);
        assert_eq!(ours.rows.len(), theirs.rows.len(), "{name}");
        let wrong = ours.differences(&theirs);
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}
