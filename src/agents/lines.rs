//! Bytes to lines: any chunking, CRLF, split UTF-8, a last line without its end, and lines of any length that memory
//! allows.

use std::borrow::Cow;

/// A longer line comes in pieces of this length. An agent's 20,000-line answer is one line of 0.6 MB (codex 0.169,
/// claude 2.1.329), so the cap is only there to bound memory.
pub const LONGEST: usize = 64 << 20;

/// A buffer that held a very long line is given back to the system when it is done.
const KEPT: usize = 1 << 20;

/// Cuts a stream of bytes into lines, whatever its chunks.
#[derive(Debug)]
pub struct LineSplitter {
    /// The beginning of a line whose end didn't come yet.
    pending: Vec<u8>,
    longest: usize,
}

impl Default for LineSplitter {
    fn default() -> Self {
        Self::up_to(LONGEST)
    }
}

impl LineSplitter {
    /// A splitter that holds at most `longest` bytes: what is longer comes in pieces, each as a line of its own.
    pub fn up_to(longest: usize) -> Self {
        Self {
            pending: Vec::new(),
            longest: longest.max(4),
        }
    }

    /// Takes bytes and calls `line` for each line that they complete, without its end. A line that lies in `bytes` as a
    /// whole is not copied. Bytes that are no UTF-8 become U+FFFD.
    pub fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (head, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            if self.pending.is_empty() && head.len() <= self.longest {
                line(&text(without_return(head)));
            } else {
                self.keep(head, &mut line);
                self.complete(&mut line);
            }
        }
        self.keep(rest, &mut line);
    }

    /// The last line, when the stream ends without a line end. The splitter is as new afterwards.
    pub fn finish(&mut self) -> Option<String> {
        let mut last = None;
        if !self.pending.is_empty() {
            self.complete(&mut |line: &str| last = Some(line.to_owned()));
        }
        last
    }

    /// Adds the beginning of a line; gives out what is too long to be held.
    fn keep(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        let mut rest = bytes;
        while self.pending.len() + rest.len() > self.longest {
            let (head, tail) = rest.split_at(self.longest - self.pending.len());
            self.pending.extend_from_slice(head);
            rest = tail;
            let cut = end_of_characters(&self.pending);
            line(&text(&self.pending[..cut]));
            self.pending.drain(..cut);
        }
        self.pending.extend_from_slice(rest);
    }

    fn complete(&mut self, line: &mut impl FnMut(&str)) {
        line(&text(without_return(&self.pending)));
        if self.pending.capacity() > KEPT {
            self.pending = Vec::new();
        } else {
            self.pending.clear();
        }
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Where the last whole character ends; the end itself when the last bytes are no beginning of a character.
fn end_of_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let start = bytes[tail..].iter().rposition(|byte| *byte >= 0xC0);
    let Some(start) = start.map(|at| tail + at) else {
        return bytes.len();
    };
    let length = match bytes[start] {
        0xF0.. => 4,
        0xE0.. => 3,
        _ => 2,
    };
    if start + length > bytes.len() {
        start
    } else {
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(mut splitter: LineSplitter, chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.feed(chunk, |line| lines.push(line.to_owned()));
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn line_ends_and_a_last_line_without_one() {
        let lines = |chunks: &[&[u8]]| split(LineSplitter::default(), chunks);
        assert_eq!(lines(&[b"a\r\nb\n\nc"]), ["a", "b", "", "c"]);
        assert_eq!(lines(&[b"a\r", b"\nb"]), ["a", "b"]);
        assert_eq!(lines(&[b"\xc3", b"\xa4\n"]), ["ä"]);
        assert_eq!(lines(&[b"a\xff\n"]), ["a\u{fffd}"]);
        assert!(lines(&[b"", b""]).is_empty());
    }

    #[test]
    fn a_line_within_a_chunk_is_not_copied() {
        let chunk = b"one\ntwo\n";
        let mut places = Vec::new();
        LineSplitter::default().feed(chunk, |line| places.push(line.as_ptr()));
        assert_eq!(places, [chunk.as_ptr(), chunk[4..].as_ptr()]);
    }

    #[test]
    fn what_is_too_long_comes_in_pieces_of_whole_characters() {
        let lines = split(LineSplitter::up_to(4), &["aaaé€x\n12345678\n9".as_bytes()]);
        assert_eq!(lines, ["aaa", "é", "€x", "1234", "5678", "9"]);
    }

    #[test]
    fn a_line_of_64_mib_is_one_line() {
        let mut splitter = LineSplitter::default();
        let chunk = vec![b'x'; 64 << 10];
        let mut lengths = Vec::new();
        for _ in 0..LONGEST / chunk.len() {
            splitter.feed(&chunk, |line| lengths.push(line.len()));
        }
        assert!(lengths.is_empty());
        splitter.feed(b"\nshort\n", |line| lengths.push(line.len()));
        assert_eq!(lengths, [LONGEST, 5]);
        assert!(splitter.pending.capacity() <= KEPT);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            size in 1usize..9,
            longest in prop_oneof![Just(LONGEST), 4usize..20],
        ) {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(
                split(LineSplitter::up_to(longest), &chunks),
                split(LineSplitter::up_to(longest), &[&bytes])
            );
        }

        #[test]
        fn no_byte_of_a_text_is_lost(text in "[ab\n\u{e4}\u{20ac}\u{1f600}]{0,60}", size in 1usize..9, longest in 4usize..20) {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let lines = split(LineSplitter::up_to(longest), &chunks);
            prop_assert_eq!(lines.concat(), text.replace('\n', ""));
        }
    }
}
