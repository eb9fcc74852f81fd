//! What the tests of the emulator share.

use std::time::Duration;

use crate::emulator::Emulator;

/// Everything that a program wrote is parsed.
pub(super) fn all(emulator: &mut Emulator, bytes: impl AsRef<[u8]>) {
    emulator.feed(bytes.as_ref());
    emulator.parse(Duration::MAX, || Duration::ZERO);
}

pub(super) fn emulator(
    columns: u16,
    rows: u16,
    scrollback: usize,
    bytes: impl AsRef<[u8]>,
) -> Emulator {
    let mut emulator = Emulator::new(columns, rows, scrollback);
    all(&mut emulator, bytes);
    emulator
}

/// The text of all rows, a newline after each line; without blank ones at the end.
pub(super) fn everything(emulator: &Emulator) -> String {
    let mut lines = Vec::new();
    let mut row = emulator.first();
    while row < emulator.end() {
        let line = emulator.line(row);
        lines.push(line.text().to_owned());
        row = line.rows().end;
    }
    lines.join("\n").trim_end().to_owned()
}
