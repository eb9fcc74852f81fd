//! A line of a text as cells: what each character looks like, and where it stands.

use crate::ui::text;

/// Columns between two tab stops.
const TAB: usize = 4;

/// What is shown as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown<'t> {
    /// What is drawn.
    pub(super) symbol: &'t str,
    /// Its first column, from 0, and how many it takes.
    pub(super) column: usize,
    pub(super) width: usize,
    /// Its first character in the line, and how many it is.
    pub(super) character: usize,
    pub(super) count: usize,
    /// Whether it stands for a character that can't be shown.
    pub(super) stands_in: bool,
}

/// The cells of a line. Characters that would harm the screen, or that nobody would see, are shown by a sign.
pub(super) fn cells(line: &str, ascii: bool) -> Vec<Shown<'_>> {
    let sign = if ascii { "?" } else { "¿" };
    let mut cells: Vec<Shown<'_>> = Vec::new();
    let mut column = 0;
    let mut character = 0;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_odd = |c: char| c == '\t' || text::is_hostile(c);
        let mut push = |symbol, width: Option<usize>, count, stands_in| {
            let width = width.unwrap_or(TAB - column % TAB);
            cells.push(Shown {
                symbol,
                column,
                width,
                character,
                count,
                stands_in,
            });
            column += width;
            character += count;
        };
        if is_odd(first) {
            rest = rest.get(first.len_utf8()..).unwrap_or("");
            if first == '\t' {
                // As far as the next stop.
                push("", None, 1, false);
            } else {
                push(sign, Some(1), 1, true);
            }
            continue;
        }
        let end = rest.find(is_odd).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(end);
        rest = tail;
        for grapheme in text::graphemes(plain) {
            let count = grapheme.chars().count();
            match text::width(grapheme) {
                0 => push(sign, Some(1), count, true),
                width => push(grapheme, Some(width), count, false),
            }
        }
    }
    cells
}

/// The column of a character.
pub(super) fn column_of(cells: &[Shown<'_>], character: usize) -> usize {
    let at = cells.partition_point(|cell| cell.character + cell.count <= character);
    match cells.get(at) {
        Some(cell) => cell.column,
        None => cells.last().map_or(0, |cell| cell.column + cell.width),
    }
}

/// The character at a column; behind the end it is the end.
pub(super) fn character_at(cells: &[Shown<'_>], column: usize) -> usize {
    let at = cells.partition_point(|cell| cell.column + cell.width <= column);
    match cells.get(at) {
        Some(cell) => cell.character,
        None => cells.last().map_or(0, |cell| cell.character + cell.count),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_and_characters_belong_together() {
        let cells = cells("a\t漢e\u{301}\u{202e}z", false);
        let seen: Vec<_> = cells
            .iter()
            .map(|cell| (cell.symbol, cell.column, cell.width, cell.character))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", 0, 1, 0),
                ("", 1, 3, 1),
                ("漢", 4, 2, 2),
                ("e\u{301}", 6, 1, 3),
                ("¿", 7, 1, 5),
                ("z", 8, 1, 6)
            ]
        );
        assert_eq!(column_of(&cells, 4), 6);
        assert_eq!(column_of(&cells, 7), 9);
        assert_eq!(character_at(&cells, 5), 2);
        assert_eq!(character_at(&cells, 99), 7);
        assert_eq!((column_of(&[], 3), character_at(&[], 3)), (0, 0));
    }

    proptest! {
        #[test]
        fn no_character_is_lost(line in "(\\PC|[\t\u{200b}\u{202e}\u{300}\u{7f}\u{85}]){0,30}") {
            let cells = cells(&line, true);
            let count: usize = cells.iter().map(|cell| cell.count).sum();
            prop_assert_eq!(count, line.chars().count());
        }
    }
}
