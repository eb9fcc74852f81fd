//! A recording in words, for a look at it: how long it is, its markers, what its last screen shows.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::super::effect::Content;
use super::super::player::end::{End, end_of};
use super::super::player::time;
use super::super::text;

/// Larger ones are not read for a look.
const LARGEST: u64 = 64 * 1024 * 1024;

/// So many markers are named.
const MOST_MARKERS: usize = 20;

/// What is told of it; `None` for a file that is no recording that can be played.
pub(super) fn tell(path: &Path) -> Option<Content> {
    let bytes = fs::metadata(path).ok()?.len();
    let text = if bytes > LARGEST {
        let size = text::bytes(bytes);
        format!("{size}: too large to be read for a look; Enter plays it\n")
    } else {
        words(&end_of(path).ok()?, bytes)
    };
    let bytes = text.into_bytes();
    Some(Content {
        start: 0,
        length: bytes.len() as u64,
        bytes,
    })
}

fn words(end: &End, bytes: u64) -> String {
    let mut words = String::new();
    let mut say = |line: &str| {
        // Titles and names may hold anything.
        let _never_fails = writeln!(words, "{}", text::clean(line));
    };
    if let Some(title) = end.title.as_deref().filter(|title| !title.is_empty()) {
        say(title);
    }
    let (columns, rows) = (end.columns, end.rows);
    let size = text::bytes(bytes);
    say(&format!(
        "{} long, {size}, {columns}x{rows}",
        time(end.seconds as u64)
    ));
    if end.damaged > 0 {
        say(&format!("{} damaged lines left out", end.damaged));
    }
    match end.markers.len() {
        0 => {}
        1 => say("1 marker"),
        count => say(&format!("{count} markers")),
    }
    for marker in end.markers.iter().take(MOST_MARKERS) {
        say(&format!(
            "  {} {}",
            time(marker.seconds as u64),
            marker.name
        ));
    }
    let left_out = end.markers.len().saturating_sub(MOST_MARKERS);
    if left_out > 0 {
        say(&format!("  and {left_out} more"));
    }
    say("");
    if end.text.is_empty() {
        say("its last screen is empty");
    } else {
        say("its last screen:");
        words.push_str(&end.text);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words_and_what_is_no_recording_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.cast");
        let lines = [
            r#"{"version":2,"width":20,"height":4,"title":"worktree\u001b of 003"}"#,
            r#"[0.5,"o","first\r\n\u001b[31msecond"]"#,
            r#"[62.0,"m","turn 2"]"#,
            r#"[71.9,"r","30x5"]"#,
        ];
        fs::write(&path, lines.join("\n")).expect("written");
        let told = |path: &Path| {
            let content = tell(path)?;
            assert_eq!(content.length, content.bytes.len() as u64);
            Some(String::from_utf8(content.bytes).expect("text"))
        };
        let size = text::bytes(fs::metadata(&path).expect("it is there").len());
        let text = told(&path).expect("a recording");
        let expected = format!(
            " of 003\n1:11 long, {size}, 30x5\n1 marker\n  1:02 turn 2\n\nits last screen:\nfirst\nsecond\n"
        );
        assert!(text.ends_with(&expected), "{text}");
        assert!(!text.contains('\u{1b}'));
        fs::write(&path, "hello\n").expect("written");
        assert_eq!(told(&path), None);
        assert_eq!(told(&folder.path().join("gone.cast")), None);
    }
}
