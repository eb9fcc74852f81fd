//! A screen as cells, from docket's emulator or from what tmux says of its own, and what differs between two.

use std::fmt;
use std::time::Duration;

use docket::emulator::{CellStyle, Color, Emulator, Underline};
use unicode_width::UnicodeWidthChar as _;

/// One cell: what stands there (nothing counts as a space), how it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) style: CellStyle,
}

impl Seen {
    fn blank() -> Self {
        Self {
            text: " ".to_owned(),
            style: CellStyle::default(),
        }
    }

    /// Only what can be seen of it: the colour of a letter that isn't there can not.
    fn new(text: &str, mut style: CellStyle) -> Self {
        // tmux 3.3 tells no links.
        style.link = None;
        if text.trim().is_empty() {
            (style.bold, style.dim, style.italic) = (false, false, false);
            (style.blink, style.hidden) = (false, false);
            if !style.inverse && style.underline == Underline::None && !style.strike {
                style.foreground = Color::Default;
            }
        }
        if style.underline == Underline::None {
            style.underline_color = None;
        }
        let text = if text.is_empty() { " " } else { text };
        Self {
            text: text.to_owned(),
            style,
        }
    }
}

/// Rows of cells. The second column of a wide character has no text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Grid {
    pub(super) rows: Vec<Vec<Seen>>,
    /// How many cells of each row were told.
    told: Vec<usize>,
}

/// Where two screens differ.
pub(super) struct Difference {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) ours: Seen,
    pub(super) theirs: Seen,
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            row,
            column,
            ours,
            theirs,
        } = self;
        write!(f, "{row}:{column} {:?}/{:?}", ours.text, theirs.text)?;
        let (ours, theirs) = (parts(&ours.style), parts(&theirs.style));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            if ours != theirs {
                write!(f, " {} {}/{}", ours.0, ours.1, theirs.1)?;
            }
        }
        Ok(())
    }
}

fn parts(style: &CellStyle) -> Vec<(&'static str, String)> {
    vec![
        ("foreground", format!("{:?}", style.foreground)),
        ("background", format!("{:?}", style.background)),
        ("bold", style.bold.to_string()),
        ("dim", style.dim.to_string()),
        ("italic", style.italic.to_string()),
        ("inverse", style.inverse.to_string()),
        ("blink", style.blink.to_string()),
        ("hidden", style.hidden.to_string()),
        ("strike", style.strike.to_string()),
        ("underline", format!("{:?}", style.underline)),
        ("its colour", format!("{:?}", style.underline_color)),
    ]
}

/// Lets an emulator take all of it.
pub(super) fn feed(emulator: &mut Emulator, bytes: &[u8]) {
    emulator.feed(bytes);
    emulator.parse(Duration::MAX, || Duration::ZERO);
}

impl Grid {
    /// The rows from `first` to before `end`.
    pub(super) fn of(emulator: &Emulator, first: u64, end: u64) -> Self {
        let columns = usize::from(emulator.size().0);
        let rows = (first..end).map(|row| {
            let mut cells = vec![Seen::blank(); columns];
            emulator.visit(row, |column, cell| {
                let column = usize::from(column);
                cells[column] = Seen::new(cell.text, cell.style);
                if cell.width == 2 && column + 1 < columns {
                    cells[column + 1].text.clear();
                    cells[column + 1].style = cells[column].style;
                }
            });
            cells
        });
        let rows: Vec<_> = rows.collect();
        Self {
            told: rows.iter().map(Vec::len).collect(),
            rows,
        }
    }

    /// Takes what this one was not told from another one.
    pub(super) fn complete(&mut self, other: &Self) {
        for ((row, told), other) in self.rows.iter_mut().zip(&self.told).zip(&other.rows) {
            row[*told..].clone_from_slice(&other[*told..]);
        }
    }

    /// What `tmux capture-pane -e -p -N` printed.
    pub(super) fn of_capture(printed: &[u8], columns: u16) -> Self {
        let mut reader = Reader {
            columns: usize::from(columns),
            grid: Self::default(),
            row: Vec::new(),
            style: CellStyle::default(),
            draws_lines: false,
        };
        vte::Parser::new().advance(&mut reader, printed);
        reader.grid
    }

    /// The text of a row, without the blanks at its end.
    pub(super) fn text(&self, row: usize) -> String {
        let cells = self.rows.get(row).into_iter().flatten();
        let text: String = cells.map(|cell| cell.text.as_str()).collect();
        text.trim_end().to_owned()
    }

    /// Every cell that differs.
    pub(super) fn differences(&self, theirs: &Self) -> Vec<Difference> {
        assert_eq!(self.rows.len(), theirs.rows.len(), "as many rows");
        let mut found = Vec::new();
        for (row, (ours, theirs)) in self.rows.iter().zip(&theirs.rows).enumerate() {
            for (column, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                if ours != theirs {
                    found.push(Difference {
                        row,
                        column,
                        ours: ours.clone(),
                        theirs: theirs.clone(),
                    });
                }
            }
        }
        found
    }
}

/// Reads what tmux prints: text, SGR and the line-drawing set, a line for each row. The style goes on over the end of a line.
struct Reader {
    columns: usize,
    grid: Grid,
    row: Vec<Seen>,
    style: CellStyle,
    draws_lines: bool,
}

impl vte::Perform for Reader {
    fn print(&mut self, c: char) {
        let c = if self.draws_lines { line(c) } else { c };
        let last = self.row.iter_mut().rev();
        match (
            c.width(),
            last.into_iter().find(|cell| !cell.text.is_empty()),
        ) {
            (Some(0), Some(cell)) => cell.text.push(c),
            (width, _) => {
                let seen = Seen::new(c.encode_utf8(&mut [0; 4]), self.style);
                self.row.push(seen.clone());
                if width == Some(2) {
                    self.row.push(Seen {
                        text: String::new(),
                        style: seen.style,
                    });
                }
            }
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                let mut row = std::mem::take(&mut self.row);
                self.grid.told.push(row.len());
                row.resize(self.columns, Seen::blank());
                self.grid.rows.push(row);
            }
            0x0e => self.draws_lines = true,
            0x0f => self.draws_lines = false,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &vte::Params, _: &[u8], _: bool, action: char) {
        if action != 'm' {
            return;
        }
        let style = &mut self.style;
        let mut params = params.iter();
        while let Some(param) = params.next() {
            match param {
                [0] => *style = CellStyle::default(),
                [1] => style.bold = true,
                [2] => style.dim = true,
                [3] => style.italic = true,
                [4] | [4, 1] => style.underline = Underline::Single,
                [4, 2] | [21] => style.underline = Underline::Double,
                [4, 3] => style.underline = Underline::Curly,
                [4, 4] => style.underline = Underline::Dotted,
                [4, 5] => style.underline = Underline::Dashed,
                [5] => style.blink = true,
                [7] => style.inverse = true,
                [8] => style.hidden = true,
                [9] => style.strike = true,
                // Overlines are no attribute of docket's; tmux 3.3 writes them so.
                [53] | [5, 3] => {}
                [38 | 48 | 58, ..] => {
                    let color = color(param, &mut params);
                    match param[0] {
                        38 => style.foreground = color,
                        48 => style.background = color,
                        _ => style.underline_color = Some(color),
                    }
                }
                [39] => style.foreground = Color::Default,
                [49] => style.background = Color::Default,
                [59] => style.underline_color = None,
                [code @ 30..=37] => style.foreground = indexed(code - 30),
                [code @ 40..=47] => style.background = indexed(code - 40),
                [code @ 90..=97] => style.foreground = indexed(code - 82),
                [code @ 100..=107] => style.background = indexed(code - 92),
                other => unreachable!("tmux wrote SGR {other:?}"),
            }
        }
    }
}

fn indexed(index: u16) -> Color {
    Color::Indexed(u8::try_from(index).expect("a colour"))
}

/// The rest of an extended colour, in either form.
fn color<'a>(param: &[u16], more: &mut impl Iterator<Item = &'a [u16]>) -> Color {
    let byte = |value: u16| u8::try_from(value).expect("a colour");
    let mut rest: Vec<u16> = param[1..]
        .iter()
        .copied()
        .filter(|_| param.len() > 1)
        .collect();
    let mut next = |count: usize, rest: &mut Vec<u16>| {
        while rest.len() < count {
            rest.push(more.next().expect("the rest of a colour")[0]);
        }
    };
    next(1, &mut rest);
    if rest[0] == 5 {
        next(2, &mut rest);
        return Color::Indexed(byte(rest[1]));
    }
    next(4, &mut rest);
    let values = &rest[rest.len() - 3..];
    Color::Rgb(byte(values[0]), byte(values[1]), byte(values[2]))
}

/// DEC's special graphics, as far as programs draw with it (VT100 User Guide, table 3-9).
fn line(c: char) -> char {
    const DRAWN: &str = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";
    let index = u32::from(c).checked_sub(u32::from('`'));
    index
        .and_then(|index| DRAWN.chars().nth(index as usize))
        .unwrap_or(c)
}
