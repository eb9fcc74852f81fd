//! What bytes mean: cases as in esctest and vttest, bytes in, rows, looks, places and answers out.

mod answers;
mod basics;
mod extras;
mod history;
mod input;
mod properties;
mod reading;
mod repairs;
mod resizing;
mod support;
mod updates;

use std::fmt::Write as _;
use std::time::Duration;

use super::*;

/// An emulator that has read these bytes.
fn with(columns: u16, rows: u16, bytes: &str) -> Emulator {
    let mut emulator = Emulator::new(columns, rows, 100);
    all(&mut emulator, bytes.as_bytes());
    emulator
}

fn all(emulator: &mut Emulator, bytes: &[u8]) {
    emulator.feed(bytes);
    emulator.parse(Duration::MAX, || Duration::ZERO);
}

/// The rows of the screen, joined by `|`, without the empty ones at the end.
fn rows(emulator: &Emulator) -> String {
    let rows: Vec<_> = (emulator.top()..emulator.end())
        .map(|row| emulator.text(row))
        .collect();
    rows.join("|").trim_end_matches('|').to_owned()
}

/// Row and column of the cursor, from 1, as programs count.
fn place(emulator: &Emulator) -> (u64, u16) {
    let cursor = emulator.cursor().expect("a cursor");
    (cursor.row - emulator.top() + 1, cursor.column + 1)
}

fn style_at(emulator: &Emulator, row: u64, column: u16) -> CellStyle {
    let mut found = CellStyle::default();
    emulator.visit(emulator.top() + row, |at, cell| {
        if at == column {
            found = cell.style;
        }
    });
    found
}

/// Everything that can be seen, and the answers.
fn everything(emulator: &mut Emulator) -> String {
    let mut text = String::new();
    for row in emulator.first()..emulator.end() {
        emulator.visit(row, |column, cell| {
            if !cell.text.is_empty() || cell.style != CellStyle::default() {
                let _never_fails = writeln!(text, "{row},{column}: {cell:?}");
            }
        });
    }
    let replies = emulator.replies();
    let bell = emulator.take_bell();
    let _never_fails = write!(
        text,
        "{:?} {:?} {:?} {:?} {bell} {}",
        emulator.cursor(),
        emulator.modes(),
        emulator.title(),
        emulator.folder(),
        replies.escape_ascii(),
    );
    text
}
