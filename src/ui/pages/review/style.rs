//! The one place where code of a diff gets its colours.

use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use std::ops::Range;

use crate::ui::session::Look;

/// A line of code as spans that join to it again. `language` is what the file's name ends with, without the dot.
///
/// Syntax colours are plugged in here: what a span says of its letters is laid over the colour of an added or removed line.
pub(super) fn style_line(code: &str, _language: &str, _look: &Look) -> Vec<Span<'static>> {
    vec![Span::raw(code.to_owned())]
}

/// Lays spans over `base`, and makes parts of them stand out.
pub(super) fn emphasised(
    spans: Vec<Span<'static>>,
    base: Style,
    parts: &[Range<usize>],
) -> Vec<Span<'static>> {
    let strong = Modifier::REVERSED | Modifier::BOLD;
    let mut styled = Vec::with_capacity(spans.len());
    let mut at = 0;
    for span in spans {
        let style = base.patch(span.style);
        let end = at + span.content.len();
        let mut from = at;
        for part in parts {
            let (start, stop) = (part.start.clamp(from, end), part.end.clamp(from, end));
            if start == stop {
                continue;
            }
            let cut = |range: Range<usize>| span.content.get(range).unwrap_or("").to_owned();
            if from < start {
                styled.push(Span::styled(cut(from - at..start - at), style));
            }
            let part = cut(start - at..stop - at);
            styled.push(Span::styled(part, style.add_modifier(strong)));
            from = stop;
        }
        let rest = span.content.get(from - at..).unwrap_or("");
        if !rest.is_empty() {
            styled.push(Span::styled(rest.to_owned(), style));
        }
        at = end;
    }
    styled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_out_across_spans() {
        let spans = vec![Span::raw("let x"), Span::raw(" = 1;")];
        let styled = emphasised(spans, Style::new(), &[4..7, 8..9]);
        let shown: Vec<_> = styled
            .iter()
            .map(|span| (span.content.as_ref(), !span.style.add_modifier.is_empty()))
            .collect();
        let expected = [
            ("let ", false),
            ("x", true),
            (" =", true),
            (" ", false),
            ("1", true),
            (";", false),
        ];
        assert_eq!(shown, expected);
    }
}
