//! Aligned columns for people: cut to the terminal's width, whole where the result goes elsewhere.

use super::text;
use crate::output::{self, Paint, Role};

/// A cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    role: Role,
}

/// A cell with text of any origin.
pub(super) fn cell(role: Role, text: &str) -> Cell {
    Cell {
        text: text::line(text).into_owned(),
        role,
    }
}

/// Between two columns.
const GAP: usize = 2;

/// No column that gives way gets narrower than this.
const NARROW: usize = 12;

/// The rows as lines. The columns `elastic` share what width there is; the others keep theirs.
pub(super) fn render(rows: &[Vec<Cell>], elastic: &[usize]) -> String {
    layout(rows, elastic, output::width(), Paint::for_result())
}

fn layout(rows: &[Vec<Cell>], elastic: &[usize], width: Option<usize>, paint: Paint) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(text::width(&cell.text));
        }
    }
    if let Some(width) = width {
        squeeze(&mut widths, elastic, width);
    }
    let mut result = String::new();
    for row in rows {
        let mut padding = 0;
        for (column, cell) in row.iter().enumerate() {
            let fitted = text::fit(&cell.text, widths[column]);
            if !fitted.is_empty() {
                result.extend(std::iter::repeat_n(' ', padding));
                result.push_str(&paint.text(cell.role, &fitted));
                padding = 0;
            }
            padding += widths[column] - text::width(&fitted);
            // A column that is empty everywhere takes no room.
            padding += if widths[column] == 0 { 0 } else { GAP };
        }
        result.push('\n');
    }
    result
}

/// Takes from the widest elastic column until all fit or none can give.
fn squeeze(widths: &mut [usize], elastic: &[usize], width: usize) {
    let gaps = widths.iter().filter(|width| **width > 0).count();
    let mut over =
        (widths.iter().sum::<usize>() + gaps.saturating_sub(1) * GAP).saturating_sub(width);
    while over > 0 {
        let widest = elastic
            .iter()
            .copied()
            .filter(|&column| widths.get(column).is_some_and(|width| *width > NARROW))
            .max_by_key(|&column| widths[column]);
        let Some(column) = widest else { return };
        widths[column] -= 1;
        over -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_the_terminal_and_are_whole_elsewhere() {
        let row = |name: &str, title: &str, why: &str| {
            [name, title, why]
                .map(|text| cell(Role::Plain, text))
                .to_vec()
        };
        let rows = [
            row("TICKET-010", "a title that is rather long", "after 020"),
            row("TICKET-020", "短い", ""),
        ];
        let paint = Paint::for_result();
        assert_eq!(
            layout(&rows, &[1], None, paint),
            "TICKET-010  a title that is rather long  after 020\nTICKET-020  短い\n"
        );
        let narrow = layout(&rows, &[1], Some(40), paint);
        assert_eq!(
            narrow,
            "TICKET-010  a title that is …  after 020\nTICKET-020  短い\n"
        );
        assert!(narrow.lines().all(|line| text::width(line) <= 40));
    }
}
