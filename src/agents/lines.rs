//! Bytes to lines: any chunking, any length up to 64 MiB, CRLF, split UTF-8 and a last line without its end.

/// No line is longer: an agent's 20,000-line answer is one line of 0.6 MB (codex 0.169, claude 2.1.329), so the cap
/// is only there to bound memory.
const LONGEST: usize = 64 << 20;

/// Cuts a stream of bytes into lines, whatever its chunks.
#[derive(Debug, Default)]
pub struct LineSplitter {
    pending: Vec<u8>,
}

impl LineSplitter {
    /// Takes bytes and calls `line` for each line that they complete, without its end.
    pub fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(String)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            line(self.take());
        }
        self.pending.extend_from_slice(rest);
        if self.pending.len() >= LONGEST {
            line(self.take());
        }
    }

    /// The last line, when the stream ends without a line end.
    pub fn finish(&mut self) -> Option<String> {
        (!self.pending.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        if self.pending.last() == Some(&b'\r') {
            self.pending.pop();
        }
        let line = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.feed(chunk, |line| lines.push(line));
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn line_ends_and_a_last_line_without_one() {
        assert_eq!(split(&[b"a\r\nb\n\nc"]), ["a", "b", "", "c"]);
        assert_eq!(split(&[b"\xc3", b"\xa4\n"]), ["ä"]);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(bytes: Vec<u8>, size in 1usize..9) {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(split(&chunks), split(&[&bytes]));
        }
    }
}
