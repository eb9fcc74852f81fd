//! Another size for the screen: lines that were wrapped are wrapped anew, rows come back from above or go there, the cursor
//! stays at its character. vt100 itself cuts rows off.
//!
//! The main screen is read, laid out, and written again; everything else that vt100 knows (modes, the alternate screen) stays
//! where it is. That happens in another parser, which gets the screen for as long: the program's own one may be in the
//! middle of a sequence.

use std::fmt::Write as _;

use super::history::{History, Spot};
use super::look::Look;
use super::reading::Place;
use super::row::{FILLER, Row};
use super::{Host, at_least_two};

/// Rows for which there was no room below the cursor. They come back with more room, if nothing was written since.
#[derive(Debug, Default)]
pub(super) struct Below {
    rows: Vec<Row>,
    /// How far the last row of the screen reaches, when it goes on in the first of these.
    wrapped_at: Option<u16>,
}

impl Below {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What a screen knows and doesn't tell: found out with a copy.
struct Hidden {
    /// What `ESC 8` goes back to.
    saved: (u16, u16),
    saved_look: Look,
    saved_origin: bool,
    /// Origin mode (DECOM).
    origin: bool,
    /// What `CSI b` repeats.
    last_character: String,
}

/// A parser for screens that are put into it. The whole of [`resize`] happens inside of the fence.
#[expect(clippy::disallowed_methods, reason = "behind the fence of this layer")]
fn empty() -> vt100::Parser {
    vt100::Parser::new(at_least_two(2), at_least_two(2), 0)
}

fn copy(screen: &vt100::Screen) -> vt100::Parser {
    let mut parser = empty();
    *parser.screen_mut() = screen.clone();
    parser
}

/// Whether positions count from the top of the scroll region.
fn is_origin(parser: &mut vt100::Parser) -> bool {
    let columns = parser.screen().size().1;
    parser.screen_mut().clear_scrollback();
    parser.screen_mut().set_size(at_least_two(4), columns);
    parser.process(b"\x1b[2;3r\x1b[1;1H");
    parser.screen().cursor_position().0 == 1
}

impl Hidden {
    fn find(screen: &vt100::Screen) -> Self {
        let mut parser = copy(screen);
        parser.process(b"\x1b8");
        let saved = parser.screen().cursor_position();
        let saved_look = Look::of_pen(parser.screen());
        let saved_origin = is_origin(&mut parser);
        let mut parser = copy(screen);
        let origin = is_origin(&mut parser);
        parser.process(b"\x1b[?6l\x1b[r\x1b[m\x1b[2J\x1b[H\x1b[b");
        let last_character = parser.screen().cell(0, 0);
        Self {
            saved,
            saved_look,
            saved_origin,
            origin,
            last_character: last_character.map_or(String::new(), |cell| cell.contents().to_owned()),
        }
    }
}

/// Rows at the new width, one after the other.
struct Layout {
    columns: u16,
    rows: Vec<Row>,
    current: Row,
    is_open: bool,
}

impl Layout {
    fn add(&mut self, row: &Row) {
        self.is_open = true;
        row.visit(|_, text, width, look| {
            if self.current.columns + u16::from(width) > self.columns {
                self.finish(true);
            }
            self.current.push(text, width, look);
        });
        if !row.is_wrapped {
            self.finish(false);
            self.is_open = false;
        }
    }

    fn finish(&mut self, is_wrapped: bool) {
        let mut row = std::mem::replace(&mut self.current, Row::new());
        row.is_wrapped = is_wrapped;
        if !is_wrapped {
            row.trim();
        }
        self.rows.push(row);
    }

    fn end(mut self) -> Vec<Row> {
        if self.is_open {
            self.finish(false);
        }
        self.rows
    }
}

/// The spots at which rows begin, from that of the first on.
fn spots(rows: &[Row], first: Spot) -> Vec<Spot> {
    let mut spot = first;
    rows.iter()
        .map(|row| {
            let start = spot;
            if row.is_wrapped {
                spot.column += u64::from(row.columns);
            } else {
                spot = Spot {
                    line: spot.line + 1,
                    column: 0,
                };
            }
            start
        })
        .collect()
}

/// The row of some, and its column, where a spot is.
fn find(rows: &[Row], starts: &[Spot], spot: Spot) -> (usize, u16) {
    let after = starts.partition_point(|start| *start <= spot);
    let Some(mut index) = after.checked_sub(1) else {
        return (0, 0);
    };
    // Of rows that begin at the same spot, one is empty.
    while index > 0 && starts[index - 1] == starts[index] && rows[index].columns == 0 {
        index -= 1;
    }
    if spot.line != starts[index].line {
        return (index, rows[index].columns);
    }
    let column = spot.column - starts[index].column;
    (index, u16::try_from(column).unwrap_or(u16::MAX))
}

/// See the module. `places` go along with the text that they are at.
pub(super) fn resize(
    live: &mut vt100::Parser<Host>,
    below: &mut Below,
    (columns, rows): (u16, u16),
    places: &mut [Place],
) {
    let mut parser = empty();
    let (screen, host) = live.screen_and_callbacks_mut();
    std::mem::swap(parser.screen_mut(), screen);
    let is_alternate = parser.screen().alternate_screen();
    parser.process(b"\x1b[?47l");
    main_screen(
        &mut parser,
        &mut host.history,
        below,
        (columns, rows),
        places,
        is_alternate,
    );
    if is_alternate {
        parser.process(b"\x1b[?47h");
    }
    std::mem::swap(parser.screen_mut(), screen);
}

fn main_screen(
    parser: &mut vt100::Parser,
    history: &mut History,
    below: &mut Below,
    (columns, rows): (u16, u16),
    places: &mut [Place],
    is_alternate: bool,
) {
    let hidden = Hidden::find(parser.screen());
    let pen = Look::of_pen(parser.screen());
    let cursor = parser.screen().cursor_position();
    let (old_rows, old_columns) = parser.screen().size();
    let (old_rows, old_columns) = (old_rows.get(), old_columns.get());
    let top = history.end();

    let mut lines = read(parser.screen(), cursor, below);
    let blanks = usize::from(old_rows).saturating_sub(lines.len());
    let starts = spots(&lines, history.end_spot());
    let spot_at = |row: u16, column: u16| match starts.get(usize::from(row)) {
        Some(start) => Spot {
            column: start.column + u64::from(column),
            ..*start
        },
        // Blank rows at the end.
        None => Spot {
            line: starts.last().map_or(0, |last| last.line) + 1 + u64::from(row)
                - starts.len() as u64,
            column: u64::from(column),
        },
    };
    // Behind the last column: behind the character there.
    let is_pending = |(_, column): (u16, u16)| column >= old_columns;
    let spot_of = |(row, column): (u16, u16)| spot_at(row, column.min(old_columns - 1));
    let (cursor_spot, saved_spot) = (spot_of(cursor), spot_of(hidden.saved));
    let place_spots: Vec<Option<Spot>> = places
        .iter()
        .map(|place| match place.row.checked_sub(top) {
            None => Some(history.spot(place.row, place.column)),
            Some(_) if is_alternate => None,
            Some(row) => {
                let row = u16::try_from(row).unwrap_or(u16::MAX).min(old_rows - 1);
                Some(spot_at(row, place.column))
            }
        })
        .collect();
    let first_on_screen = spot_at(0, 0);

    history.rewrap(columns);
    let mut layout = Layout {
        columns,
        rows: Vec::with_capacity(lines.len()),
        current: Row::new(),
        is_open: false,
    };
    // A line that begins above the screen is wrapped as a whole.
    let mut above = Row::new();
    if history.end() > history.first() && history.is_wrapped(history.end() - 1) {
        history.pop(&mut above);
        layout.add(&above);
    }
    for row in &lines {
        layout.add(row);
    }
    lines = layout.end();
    let height = usize::from(rows);
    // A screen that is full to its last row stays full: rows come back from above.
    let mut back = Vec::new();
    while blanks == 0 && lines.len() + back.len() < height {
        let mut row = Row::new();
        if !history.pop(&mut row) {
            break;
        }
        back.push(row);
    }
    back.reverse();
    lines.splice(0..0, back);

    let mut starts = spots(&lines, history.end_spot());
    let (cursor_row, _) = find(&lines, &starts, cursor_spot);
    let (began, _) = find(&lines, &starts, first_on_screen);
    let too_many = lines.len().saturating_sub(height);
    // Rows that were above it stay there, when the screen isn't full.
    let away = if blanks > 0 {
        too_many.max(began)
    } else {
        too_many
    };
    for row in lines.drain(..away.min(cursor_row)) {
        history.push_merged(&row);
    }
    starts.drain(..away.min(cursor_row));
    let place = |spot| {
        let (row, column) = find(&lines, &starts, spot);
        (row.min(height - 1), column)
    };
    let at = |position: (u16, u16), spot| {
        let (row, column) = place(spot);
        let column = column.saturating_add(u16::from(is_pending(position)));
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        // Behind the last column, but not further.
        (row, column.min(columns - u16::from(column != columns)))
    };
    let (cursor, saved) = (at(cursor, cursor_spot), at(hidden.saved, saved_spot));
    for (target, spot) in places.iter_mut().zip(place_spots) {
        *target = match spot {
            Some(spot) => {
                let (row, column) = history.place(spot).unwrap_or_else(|| {
                    let (row, column) = place(spot);
                    (history.end() + row as u64, column.min(columns - 1))
                });
                Place { row, column }
            }
            None => Place {
                row: history.end() + (target.row - top).min(u64::from(rows) - 1),
                column: target.column.min(columns - 1),
            },
        };
    }

    let rest = lines.split_off(height.min(lines.len()));
    let last = lines
        .last()
        .filter(|last| last.is_wrapped && !rest.is_empty());
    below.wrapped_at = last.map(|last| last.columns);
    below.rows = rest;
    write(parser, &lines, (columns, rows), &hidden.last_character);
    go(
        parser,
        &lines,
        saved,
        hidden.saved_origin,
        hidden.saved_look,
    );
    parser.process(b"\x1b7");
    go(parser, &lines, cursor, hidden.origin, pen);
}

/// The rows of the screen up to the cursor or to the last with something in it, and those below.
fn read(screen: &vt100::Screen, cursor: (u16, u16), below: &mut Below) -> Vec<Row> {
    let mut lines: Vec<Row> = (0..screen.size().0.get())
        .map(|number| {
            let mut row = Row::new();
            row.read(screen, number);
            row
        })
        .collect();
    let at = usize::from(cursor.0);
    if below.is_empty() {
        let is_something = |row: &Row| row.columns > 0 || row.is_wrapped;
        let last = lines
            .iter()
            .rposition(is_something)
            .map_or(0, |row| row + 1);
        lines.truncate(last.max(at + 1));
    }
    // The blanks before the cursor are something; in a row that goes on from another, the one below it is.
    let goes_on = at > 0 && lines.get(at - 1).is_some_and(|before| before.is_wrapped);
    if let Some(row) = lines.get_mut(at)
        && !row.is_wrapped
    {
        let least = cursor.1.saturating_add(u16::from(goes_on));
        row.fill(least.min(screen.size().1.get()));
    }
    if let (Some(last), Some(columns)) = (lines.last_mut(), below.wrapped_at.take()) {
        last.fill(columns);
        last.is_wrapped = true;
    }
    lines.append(&mut below.rows);
    lines
}

/// The main screen gets this size and these rows.
fn write(
    parser: &mut vt100::Parser,
    lines: &[Row],
    (columns, rows): (u16, u16),
    last_character: &str,
) {
    // vt100 counts rows that it doesn't keep, and would put as many blank ones on top.
    parser.screen_mut().clear_scrollback();
    // One row more, for what nobody sees.
    let more = at_least_two(rows.saturating_add(1));
    parser.screen_mut().set_size(more, at_least_two(columns));
    let mut sequence = String::from("\x1b[?6l\x1b[r\x1b[m\x1b[2J");
    let mut current = Look::default();
    let mut is_on = false;
    for (number, row) in lines.iter().enumerate() {
        if !is_on {
            let _strings_take_everything = write!(sequence, "\x1b[{};1H", number + 1);
        }
        let mut put = |text: &str, look: Look| {
            if look != current {
                look.write(&mut sequence);
                current = look;
            }
            sequence.push_str(text);
        };
        row.visit(|_, text, _, look| put(text, look));
        let next = lines.get(number + 1).filter(|_| row.is_wrapped);
        is_on = next.is_some();
        if is_on && row.columns < columns {
            put(FILLER, Look::default());
        }
        if next.is_some_and(|next| next.columns == 0) {
            // Only who writes there makes the row before a wrapped one.
            put(" ", Look::default());
        }
    }
    let _strings_take_everything = write!(
        sequence,
        "\x1b[m\x1b[{};1H{last_character}",
        u32::from(rows) + 1
    );
    parser.process(sequence.as_bytes());
    parser.process(b"\x1b[H");
    parser
        .screen_mut()
        .set_size(at_least_two(rows), at_least_two(columns));
}

/// The cursor goes to a place of the main screen, behind the last column too, and has a pen.
fn go(
    parser: &mut vt100::Parser,
    lines: &[Row],
    (row, column): (u16, u16),
    origin: bool,
    pen: Look,
) {
    let columns = parser.screen().size().1.get();
    let mut sequence = String::from(if origin { "\x1b[?6h" } else { "\x1b[?6l" });
    let mut target = column;
    let mut last = None;
    if column >= columns {
        // Only who writes in the last column gets behind it.
        if let Some(line) = lines.get(usize::from(row)) {
            line.visit(|at, text, width, look| {
                if at + u16::from(width) == columns {
                    last = Some((at, text.to_owned(), look));
                }
            });
        }
        target = last.as_ref().map_or(columns - 1, |(at, _, _)| *at);
    }
    let _strings_take_everything = write!(
        sequence,
        "\x1b[{};{}H",
        u32::from(row) + 1,
        u32::from(target) + 1
    );
    if column >= columns {
        let (text, look) = last.map_or((" ".to_owned(), Look::default()), |(_, text, look)| {
            (text, look)
        });
        look.write(&mut sequence);
        sequence.push_str(&text);
    }
    pen.write(&mut sequence);
    parser.process(sequence.as_bytes());
}
