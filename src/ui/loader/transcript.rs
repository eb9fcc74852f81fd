//! Reads whole lines of a `transcript.jsonl` around an offset. The file may be of any size and may be growing.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::super::effect::{Part, Slice};

/// How much is read at once.
const PIECE: u64 = 256 * 1024;
/// A single line may be so long; a longer one is shown as one that can't be read.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// Reads a part. A file that doesn't exist yet is empty.
pub(super) fn read(path: &Path, part: Part) -> Result<Slice, String> {
    let whole = whole(path, part, PIECE)?;
    let entries = if whole.is_endless {
        vec![(whole.range.start, None)]
    } else {
        parse(&whole.bytes, whole.range.start)
    };
    Ok(Slice {
        range: whole.range,
        length: whole.length,
        entries,
    })
}

/// Whole lines of a file.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// The lines.
    pub(super) bytes: Vec<u8>,
    /// Where they lie.
    pub(super) range: std::ops::Range<u64>,
    /// The file's length.
    pub(super) length: u64,
    /// A part of a line that is too long to be read; then there are no bytes.
    pub(super) is_endless: bool,
}

/// Reads the lines of a part, about `piece` bytes of them. A file that doesn't exist yet is empty.
pub(super) fn whole(path: &Path, part: Part, piece: u64) -> Result<Whole, String> {
    let say = |error: std::io::Error| format!("can't read the transcript: {error}");
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Whole::default()),
        Err(error) => return Err(say(error)),
    };
    let length = file.metadata().map_err(say)?.len();
    let mut piece = piece;
    loop {
        let (start, end) = match part {
            Part::Tail => (length.saturating_sub(piece), length),
            Part::Head => (0, length.min(piece)),
            Part::After(offset) | Part::At(offset) => {
                (offset.min(length), length.min(offset.saturating_add(piece)))
            }
            Part::Before(offset) => (offset.min(length).saturating_sub(piece), offset.min(length)),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(end - start).unwrap_or(0));
        file.seek(SeekFrom::Start(start)).map_err(say)?;
        (&file)
            .take(end - start)
            .read_to_end(&mut bytes)
            .map_err(say)?;
        let begins_line = start == 0 || matches!(part, Part::After(_) | Part::At(_));
        let lines = whole_lines(&bytes, begins_line);
        let has_more = match part {
            Part::Tail | Part::Before(_) => start > 0,
            Part::Head | Part::After(_) | Part::At(_) => end < length,
        };
        if lines.is_empty() && has_more {
            if piece < LONGEST_LINE {
                piece *= 4;
                continue;
            }
            return Ok(Whole {
                bytes: Vec::new(),
                range: start..end,
                length,
                is_endless: true,
            });
        }
        bytes.truncate(lines.end);
        bytes.drain(..lines.start);
        return Ok(Whole {
            bytes,
            range: start + lines.start as u64..start + lines.end as u64,
            length,
            is_endless: false,
        });
    }
}

/// Where the lines are that are complete in `bytes`.
fn whole_lines(bytes: &[u8], begins_line: bool) -> std::ops::Range<usize> {
    let newline = |byte: &u8| *byte == b'\n';
    let start = if begins_line {
        Some(0)
    } else {
        bytes.iter().position(newline).map(|at| at + 1)
    };
    let end = bytes.iter().rposition(newline).map(|at| at + 1);
    match (start, end) {
        (Some(start), Some(end)) if start < end => start..end,
        _ => 0..0,
    }
}

fn parse(bytes: &[u8], start: u64) -> Vec<(u64, Option<crate::domain::item::Entry>)> {
    let mut offset = start;
    let mut entries = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        if !text.is_empty() {
            entries.push((offset, serde_json::from_slice(text).ok()));
        }
        offset += line.len() as u64;
    }
    entries
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn line(id: u64, text: &str) -> String {
        format!(r#"{{"id":{id},"at":0,"turn":1,"item":{{"type":"notice","text":"{text}"}}}}"#)
            + "\n"
    }

    fn ids(slice: &Slice) -> Vec<Option<u64>> {
        slice
            .entries
            .iter()
            .map(|(_, entry)| entry.as_ref().map(|entry| entry.id))
            .collect()
    }

    #[test]
    fn a_growing_file_is_read_in_whole_lines() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        write!(file, "{}not json\n{}", line(1, "a"), &line(2, "b")[..20]).expect("write");
        let tail = read(file.path(), Part::Tail).expect("tail");
        assert_eq!(ids(&tail), [Some(1), None]);
        write!(file, "{}", &line(2, "b")[20..]).expect("write");
        let rest = read(file.path(), Part::After(tail.range.end)).expect("rest");
        assert_eq!(ids(&rest), [Some(2)]);
        assert_eq!(rest.range.end, rest.length);
        let missing = read(Path::new("/nonexistent/x"), Part::Tail).expect("empty");
        assert_eq!(missing.length, 0);
    }

    #[test]
    fn a_large_file_is_read_piece_by_piece_from_both_ends() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        for id in 0..10_000 {
            write!(file, "{}", line(id, &"x".repeat(100))).expect("write");
        }
        let tail = read(file.path(), Part::Tail).expect("tail");
        assert_eq!(ids(&tail).last(), Some(&Some(9_999)));
        assert!(tail.range.start > 0);
        let before = read(file.path(), Part::Before(tail.range.start)).expect("before");
        assert_eq!(before.range.end, tail.range.start);
        let first = ids(&tail)[0].expect("an id");
        assert_eq!(ids(&before).last(), Some(&Some(first - 1)));
        let head = read(file.path(), Part::Head).expect("head");
        assert_eq!(ids(&head)[0], Some(0));
        let next = read(file.path(), Part::After(head.range.end)).expect("next");
        assert_eq!(next.range.start, head.range.end);
    }

    #[test]
    fn a_line_longer_than_a_piece_is_read_whole() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let long = "y".repeat(700_000);
        write!(file, "{}{}{}", line(1, "a"), line(2, &long), line(3, "c")).expect("write");
        let tail = read(file.path(), Part::Tail).expect("tail");
        assert_eq!(ids(&tail), [Some(3)]);
        let before = read(file.path(), Part::Before(tail.range.start)).expect("before");
        assert_eq!(ids(&before), [Some(1), Some(2)]);
        let after = read(file.path(), Part::After(line(1, "a").len() as u64)).expect("after");
        assert_eq!(ids(&after)[0], Some(2));
    }
}
