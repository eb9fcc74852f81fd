//! Characters that come in two pieces are put together before they are parsed.
//!
//! vte 0.15 loses text where a piece of output ends within a character: of what follows the rest of that character it takes up to
//! three bytes with it, and tells only the character itself (`Parser::advance_partial_utf8`).

/// The beginning of a character whose rest has not come. At most three bytes.
#[derive(Debug, Default)]
pub(super) struct Begun(Vec<u8>);

impl Begun {
    /// Puts what was kept before what comes.
    pub(super) fn take_into(&mut self, slice: &mut Vec<u8>) {
        slice.append(&mut self.0);
    }

    /// Keeps the beginning of a character at the end of a slice.
    pub(super) fn keep_of(&mut self, slice: &mut Vec<u8>) {
        let tail = slice.len().saturating_sub(3);
        let lead = slice[tail..]
            .iter()
            .rposition(|byte| *byte >= 0x80 && *byte & 0xc0 != 0x80);
        let Some(lead) = lead else { return };
        let begun = &slice[tail + lead..];
        let Err(error) = std::str::from_utf8(begun) else {
            return;
        };
        if error.valid_up_to() == 0 && error.error_len().is_none() {
            self.0 = slice.split_off(tail + lead);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_character_is_kept() {
        for (text, kept) in [
            (&b"abc"[..], 0),
            ("aä".as_bytes(), 0),
            (b"a\xc3", 1),
            (b"a\xe6\xbc", 2),
            (b"\xf0\x9f\x9a", 3),
            ("🚀".as_bytes(), 0),
            // What can't become a character waits for nothing.
            (b"a\xff", 0),
            (b"a\x80\x80", 0),
            (b"\xe6x", 0),
        ] {
            let mut begun = Begun::default();
            let mut slice = text.to_vec();
            begun.keep_of(&mut slice);
            assert_eq!(text.len() - slice.len(), kept, "{}", text.escape_ascii());
            let mut together = slice.clone();
            begun.take_into(&mut together);
            slice.extend_from_slice(&text[slice.len()..]);
            assert_eq!(together, slice);
        }
    }
}
