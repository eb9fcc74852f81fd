//! Bytes that are no text.

use std::fmt::Write as _;

use ratatui::text::{Line, Span};

use super::super::theme::{Role, Theme};

/// A line's bytes.
const ROW: usize = 16;

/// The classic picture: offset, sixteen bytes, their characters. `start` is the offset of the first byte.
pub(crate) fn lines(bytes: &[u8], start: usize, theme: &Theme) -> Vec<Line<'static>> {
    bytes
        .chunks(ROW)
        .enumerate()
        .map(|(index, row)| {
            let mut digits = String::with_capacity(ROW * 3 + 1);
            for column in 0..ROW {
                if column == ROW / 2 {
                    digits.push(' ');
                }
                match row.get(column) {
                    Some(byte) => {
                        let _infallible = write!(digits, "{byte:02x} ");
                    }
                    None => digits.push_str("   "),
                }
            }
            let characters: String = row
                .iter()
                .map(|&byte| match byte {
                    b' '..=b'~' => char::from(byte),
                    _ => '.',
                })
                .collect();
            Line::from(vec![
                Span::styled(
                    format!("{:08x}  ", start.saturating_add(index * ROW)),
                    theme.style(Role::Dim),
                ),
                Span::styled(digits, theme.style(Role::Text)),
                Span::styled(format!(" {characters}"), theme.style(Role::Code)),
            ])
        })
        .collect()
}

/// Whether bytes are better shown so than as text.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(4_096)];
    if sample.contains(&0) {
        return true;
    }
    match std::str::from_utf8(sample) {
        Ok(_) => false,
        // The sample may end inside a character.
        Err(error) if error.error_len().is_none() => false,
        Err(_) => {
            let odd = sample.iter().filter(|byte| !byte.is_ascii()).count();
            odd * 10 > sample.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_rows() {
        let lines = lines(b"\x00\x01docket\xff and more", 0, &Theme::plain());
        assert_eq!(
            lines[0].to_string(),
            "00000000  00 01 64 6f 63 6b 65 74  ff 20 61 6e 64 20 6d 6f  ..docket. and mo"
        );
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn text_is_told_from_bytes() {
        assert!(!is_binary("ünïcode, mostly".as_bytes()));
        assert!(is_binary(b"\x7fELF\0\0"));
        assert!(!is_binary(b""));
    }
}
