//! Untrusted text made safe for a cell grid: no control characters, no bidirectional overrides, cut and wrapped by width.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// Columns between two tab stops.
const TAB: usize = 4;

/// Whether a character may not reach the screen: it would move the cursor, change the order of what is beside it, or join
/// its neighbours to a sign about whose width terminals disagree (joined emoji, skin tones, variation selectors): that would
/// push the border away.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200d}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1f3fb}'..='\u{1f3ff}'
                | '\u{e0000}'..='\u{e01ef}'
        )
}

/// One line without anything hostile; tabs become spaces. A line break becomes a space.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let spaces = TAB - column % TAB;
                clean.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            '\n' => {
                clean.push(' ');
                column += 1;
            }
            c if is_hostile(c) => {}
            c => {
                clean.push(c);
                column += 1;
            }
        }
    }
    Cow::Owned(clean)
}

/// The last bytes of a text, at most so many, that begin at a character.
pub(crate) fn last_bytes(text: &str, most: usize) -> &str {
    let from = text.len().saturating_sub(most);
    (from..=text.len())
        .find_map(|at| text.get(at..))
        .unwrap_or("")
}

/// The first bytes of a text, at most so many, that end with a character.
pub(crate) fn first_bytes(text: &str, most: usize) -> &str {
    let to = most.min(text.len());
    (0..=to).rev().find_map(|at| text.get(..at)).unwrap_or("")
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.width();
    }
    // Each sign by itself, as it is drawn: the width of a whole text is less where letters join (Arabic lam and alef).
    graphemes(text).map(UnicodeWidthStr::width).sum()
}

/// How many columns a line takes.
fn line_width(line: &Line<'_>) -> usize {
    let spans = line.spans.iter();
    spans.map(|span| width(&span.content)).sum()
}

/// The text, cut to at most `columns`; what was cut shows as an ellipsis.
pub(crate) fn fit(text: &str, columns: usize, ascii: bool) -> Cow<'_, str> {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let ellipsis = if ascii { "~" } else { "…" };
    let mut cut = head(&text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        cut.push_str(ellipsis);
    }
    Cow::Owned(cut)
}

/// The longest beginning of a clean text that takes at most `columns`.
pub(crate) fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut end = 0;
    for grapheme in graphemes(text) {
        let columns_of_it = grapheme.width();
        if used + columns_of_it > columns {
            break;
        }
        used += columns_of_it;
        end += grapheme.len();
    }
    text.get(..end).unwrap_or("")
}

/// What people see as one character each; the pieces join to the text again, as long as it is clean.
pub(crate) fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    // ratatui's own segmentation, so that widths agree with what it draws.
    let mut rest = text;
    let span = Span::raw(text);
    let lengths: Vec<usize> = span
        .styled_graphemes(Style::default())
        .map(|grapheme| grapheme.symbol.len())
        .collect();
    lengths.into_iter().map_while(move |length| {
        let (head, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some(head)
    })
}

/// The line as lines of at most `columns`, broken at spaces where there are any. Every line after the first begins with
/// `indent` columns of space.
pub(crate) fn wrap(line: Line<'static>, columns: usize, indent: usize) -> Vec<Line<'static>> {
    if columns == 0 {
        return Vec::new();
    }
    if line_width(&line) <= columns {
        return vec![line];
    }
    let indent = if indent + 8 <= columns { indent } else { 0 };
    let style = line.style;
    let mut lines = Vec::new();
    let mut current: Vec<(String, Style)> = Vec::new();
    let mut used = 0;
    // Where the line could be broken: how many pieces and columns lie before that place.
    let mut space: Option<usize> = None;
    let pieces: Vec<(String, Style)> = line
        .spans
        .iter()
        .flat_map(|span| span.styled_graphemes(Style::default()))
        .map(|grapheme| (grapheme.symbol.to_owned(), grapheme.style))
        .collect();
    'pieces: for (symbol, style_of_it) in pieces {
        let columns_of_it = symbol.width();
        // Twice where a wide character does not fit behind the word that went to the next line.
        while used + columns_of_it > columns && !current.is_empty() {
            let rest = match space {
                Some(at) if symbol != " " => current.split_off(at),
                _ => Vec::new(),
            };
            lines.push(joined(&current, style));
            current = std::iter::repeat_n((" ".to_owned(), Style::default()), indent).collect();
            current.extend(rest);
            used = current.iter().map(|(symbol, _)| symbol.width()).sum();
            space = None;
            if symbol == " " {
                continue 'pieces;
            }
        }
        let is_space = symbol == " ";
        used += columns_of_it;
        current.push((symbol, style_of_it));
        if is_space && current.len() > indent + 1 {
            space = Some(current.len());
        }
    }
    lines.push(joined(&current, style));
    lines
}

/// Pieces of one style as one span each.
fn joined(pieces: &[(String, Style)], style: Style) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (symbol, style) in pieces {
        match spans.last_mut() {
            Some(last) if last.style == *style => last.content.to_mut().push_str(symbol),
            _ => spans.push(Span::styled(symbol.clone(), *style)),
        }
    }
    Line::from(spans).style(style)
}

/// A number of bytes for people: `3 kB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", count.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", count / 1_000_000, count / 100_000 % 10),
        _ => format!("{}.{} GB", count / 1_000_000_000, count / 100_000_000 % 10),
    }
}

/// A duration for people, as exact as it is short: `420ms`, `4.2s`, `3m 05s`, `2h 07m`.
pub(crate) fn millis(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0 => format!("{millis}ms"),
        1..60 => format!("{seconds}.{}s", millis / 100 % 10),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_characters_are_gone() {
        assert_eq!(clean("a\u{202e}b\u{1b}[31mc\rd\u{9b}e"), "ab[31mcde");
        assert_eq!(clean("a\tb"), "a   b");
        assert!(matches!(clean("plain ünïcode 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn signs_that_terminals_disagree_about_are_taken_apart() {
        // A family, a thumb with a skin tone, a heart in its emoji form, a key cap.
        assert_eq!(clean("👨\u{200d}👩\u{200d}👧"), "👨👩👧");
        assert_eq!(clean("👍\u{1f3fd}!"), "👍!");
        assert_eq!(clean("\u{2764}\u{fe0f}"), "\u{2764}");
        assert_eq!(clean("1\u{fe0f}\u{20e3}"), "1\u{20e3}");
        // What is written so stays so.
        assert!(matches!(clean("عربى עברית e\u{301} 🇩🇪"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_text_is_as_wide_as_it_is_drawn() {
        use ratatui::buffer::Buffer;
        use ratatui::layout::Rect;

        for text in [
            "لا إله",
            "e\u{301}a\u{300}\u{301}",
            "漢字 😀 🇩🇪",
            "שלום עולם",
            "👍👍",
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 1));
            let (end, _) = buffer.set_stringn(0, 0, text, 40, Style::default());
            assert_eq!(width(text), usize::from(end), "{text}");
        }
    }

    #[test]
    fn text_is_cut_by_bytes_at_characters() {
        assert_eq!(last_bytes("aäö", 3), "ö");
        assert_eq!(first_bytes("aäö", 4), "aä");
        assert_eq!((last_bytes("ab", 9), first_bytes("ab", 9)), ("ab", "ab"));
        assert_eq!((last_bytes("ä", 0), first_bytes("ä", 1)), ("", ""));
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(fit("stream the body", 8, false), "stream …");
        assert_eq!(fit("漢字漢字", 5, false), "漢字…");
        assert_eq!(fit("漢字漢字", 4, true), "漢~");
        assert_eq!(fit("abc", 0, false), "");
        assert_eq!(fit("abc", 3, false), "abc");
    }

    #[test]
    fn long_lines_break_at_spaces() {
        let line = Line::from("  alpha beta gammadelta epsilonzetaeta".to_owned());
        let lines: Vec<String> = wrap(line, 12, 2).iter().map(ToString::to_string).collect();
        let expected = ["  alpha beta ", "  gammadelta ", "  epsilonzet", "  aeta"];
        assert_eq!(lines, expected.map(|line| &line[..line.len().min(12)]));
    }

    #[test]
    fn a_wide_character_behind_a_long_word_fits_too() {
        let text = "\u{300} 0Aé😀!漢😀a!😀a😀é😀";
        for line in wrap(Line::from(text), 19, 0) {
            assert!(line.width() <= 19, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_nothing(text in "[ -~漢é😀\u{300}]{0,60}", columns in 2usize..30) {
            let lines = wrap(Line::from(text.clone()), columns, 0);
            let joined: String = lines.iter().map(ToString::to_string).collect();
            let strip = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(strip(&joined), strip(&text));
            for line in lines {
                prop_assert!(line.width() <= columns, "{line:?}");
            }
        }

        #[test]
        fn cut_text_fits(text in "\\PC{0,40}", columns in 0usize..20) {
            prop_assert!(width(&fit(&text, columns, false)) <= columns);
        }
    }
}
