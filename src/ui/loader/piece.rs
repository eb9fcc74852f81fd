//! Reads a file piece by piece. It may be of any size, and may be growing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::effect::{Content, Piece};
use super::super::render::hex;

/// How much is read at once.
pub(super) const PIECE: u64 = 128 * 1024;

/// Reads a piece: in whole lines, unless a line is longer than a piece. What follows a piece begins where it ends.
pub(super) fn read(path: &Path, piece: Piece) -> Result<Content, String> {
    let say = |error: io::Error| format!("can't read it: {error}");
    let mut file = File::open(path).map_err(say)?;
    let length = file.metadata().map_err(say)?.len();
    let (start, end) = match piece {
        Piece::From(offset) => {
            let start = offset.min(length);
            (start, start.saturating_add(PIECE).min(length))
        }
        Piece::Before(offset) => {
            let end = offset.min(length);
            (end.saturating_sub(PIECE), end)
        }
    };
    file.seek(SeekFrom::Start(start)).map_err(say)?;
    let mut bytes = Vec::new();
    file.take(end - start)
        .read_to_end(&mut bytes)
        .map_err(say)?;
    let mut start = start;
    match piece {
        // Rows of bytes: the length of a piece is a multiple of a row's.
        _ if hex::is_binary(&bytes) => {
            let odd = (start.next_multiple_of(PIECE / 8) - start) as usize;
            if start > 0 && odd < bytes.len() {
                bytes.drain(..odd);
                start += odd as u64;
            }
        }
        Piece::From(_) if end < length => {
            if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
                bytes.truncate(at + 1);
            }
        }
        Piece::Before(_) if start > 0 => {
            let last = bytes.len().saturating_sub(1);
            let found = bytes.iter().take(last).position(|byte| *byte == b'\n');
            if let Some(at) = found {
                bytes.drain(..=at);
                start += at as u64 + 1;
            }
        }
        Piece::From(_) | Piece::Before(_) => {}
    }
    Ok(Content {
        start,
        bytes,
        length,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn pieces_join_to_the_file_from_both_ends() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        for line in 0..20_000 {
            writeln!(file, "line {line} of a long log").expect("write");
        }
        write!(file, "{}\nend without a break", "x".repeat(300_000)).expect("write");
        let whole = std::fs::read(file.path()).expect("read");
        let mut joined = Vec::new();
        while joined.len() < whole.len() {
            let piece = read(file.path(), Piece::From(joined.len() as u64)).expect("a piece");
            assert_eq!(piece.start, joined.len() as u64);
            assert_eq!(piece.length, whole.len() as u64);
            assert!(!piece.bytes.is_empty());
            joined.extend(piece.bytes);
        }
        assert!(joined == whole);
        let mut from = whole.len() as u64;
        let mut backwards: Vec<Vec<u8>> = Vec::new();
        while from > 0 {
            let piece = read(file.path(), Piece::Before(from)).expect("a piece");
            assert_eq!(piece.start + piece.bytes.len() as u64, from);
            from = piece.start;
            backwards.push(piece.bytes);
        }
        backwards.reverse();
        assert!(backwards.concat() == whole);
        assert!(read(Path::new("/nonexistent/x"), Piece::From(0)).is_err());
    }
}
