//! Recordings as they are written and read.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;

fn events(text: &[u8]) -> (Vec<Event>, u64) {
    let mut reader = Reader::new(Cursor::new(text), Path::new("x.cast")).unwrap();
    let mut events = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        events.push(event);
    }
    (events, reader.damaged())
}

fn refused(text: &str) -> String {
    Reader::new(Cursor::new(text), Path::new("x.cast"))
        .unwrap_err()
        .to_string()
}

fn output(seconds: f64, text: &str) -> Event {
    Event {
        seconds,
        what: What::Output(text.to_owned()),
    }
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.cast");
    let mut writer = Writer::create(&path, 80, 24, 1_504_467_315).unwrap();
    writer.output(0.25, b"\x1b[1mhi\xe2\x82").unwrap();
    writer.resize(0.5, 100, 30).unwrap();
    writer.output(0.75, b"\xac\xff").unwrap();
    writer.marker(0.7, "here").unwrap();
    writer.output(f64::NAN, b"\xe2").unwrap();
    let bytes = writer.finish().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(bytes, text.len() as u64);
    assert_eq!(
        text,
        concat!(
            r#"{"version":2,"width":80,"height":24,"timestamp":1504467315,"env":{"TERM":"xterm-256color"}}"#,
            "\n",
            r#"[0.25,"o","\u001b[1mhi"]"#,
            "\n",
            r#"[0.5,"r","100x30"]"#,
            "\n[0.75,\"o\",\"\u{20ac}\u{fffd}\"]\n",
            r#"[0.75,"m","here"]"#,
            "\n[0.75,\"o\",\"\u{fffd}\"]\n",
        )
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        Writer::create(&path, 80, 24, 0).is_err(),
        "never over another"
    );
    let mut reader = Reader::open(&path).unwrap();
    let survey = reader.survey(|_| true).unwrap().unwrap();
    assert_eq!(
        survey,
        Survey {
            seconds: 0.75,
            events: 5,
            markers: vec![(0.75, "here".to_owned())],
            damaged: 0,
        }
    );
    reader.rewind().unwrap();
    let first = reader.next_event().unwrap();
    assert_eq!(first, Some(output(0.25, "\x1b[1mhi")));
}

#[test]
fn asciinema_published_this_one() {
    // The example of the format's documentation.
    let text = concat!(
        r#"{"version": 2, "width": 80, "height": 24, "timestamp": 1504467315, "title": "Demo", "env": {"TERM": "xterm-256color", "SHELL": "/bin/zsh"}}"#,
        "\n",
        r#"[0.248848, "o", "\u001b[1;31mHello \u001b[32mWorld!\u001b[0m\n"]"#,
        "\n",
        r#"[1.001376, "o", "That was ok\rThis is better."]"#,
        "\n",
        r#"[1.500000, "m", ""]"#,
        "\n",
        r#"[2.143733, "o", "Now... "]"#,
        "\n",
        r#"[4.050000, "r", "80x24"]"#,
        "\n",
        r#"[6.541828, "o", "Bye!"]"#,
        "\n",
    );
    let reader = Reader::new(Cursor::new(text), Path::new("x")).unwrap();
    assert_eq!(reader.header().title.as_deref(), Some("Demo"));
    assert_eq!(reader.header().timestamp, Some(1_504_467_315));
    let (events, damaged) = events(text.as_bytes());
    assert_eq!((events.len(), damaged), (6, 0));
    assert_eq!(events[5], output(6.541_828, "Bye!"));
    assert_eq!(events[2].what, What::Marker(String::new()));
}

#[test]
fn version_3_counts_from_the_event_before() {
    let text = concat!(
        r#"{"version": 3, "term": {"cols": 80, "rows": 24, "type": "xterm"}, "timestamp": 1504467315}"#,
        "\n# a comment\n",
        r#"[0.25, "o", "a"]"#,
        "\n",
        r#"[1.0, "r", "90x30"]"#,
        "\n",
        r#"[0.5, "x", "0"]"#,
        "\n",
    );
    let (events, _) = events(text.as_bytes());
    let seconds: Vec<_> = events.iter().map(|event| event.seconds).collect();
    assert_eq!(seconds, [0.25, 1.25, 1.75]);
    assert_eq!(
        events[1].what,
        What::Resize {
            columns: 90,
            rows: 30
        }
    );
    assert_eq!(events[2].what, What::Other);
}

#[test]
fn what_is_damaged_is_left_out() {
    let text = concat!(
        "\u{feff}{\"version\":2,\"width\":100000,\"height\":0}\r\n",
        "[1.0, \"o\", \"a\"]\r\n",
        "\r\n",
        "[-5, \"o\", \"b\"]\n",
        "[NaN, \"o\", \"c, d\"]\n",
        "[null, \"o\", \"e\"]\n",
        "[1e308, \"i\", \"secret\"]\n",
        "[0, \"z\", {\"new\": 1}]\n",
        "rubbish\n",
        "[2, \"o\"]\n",
        "[2, \"r\", \"axb\"]\n",
        "[2, \"o\", \"cut o",
    );
    let (events, damaged) = events(text.as_bytes());
    assert_eq!(
        events,
        [
            output(1.0, "a"),
            output(1.0, "b"),
            output(1.0, "c, d"),
            output(1.0, "e"),
            Event {
                seconds: 1e9,
                what: What::Input
            },
            Event {
                seconds: 1e9,
                what: What::Other
            },
            Event {
                seconds: 1e9,
                what: What::Other
            },
        ]
    );
    assert_eq!(damaged, 2);
    let reader = Reader::new(Cursor::new(text), Path::new("x")).unwrap();
    assert_eq!((reader.header().width, reader.header().height), (1000, 1));
}

#[test]
fn other_files_are_refused_in_words() {
    assert!(refused("").contains("it is empty"));
    assert!(refused("hello\n").contains("no recording of a terminal"));
    assert!(refused("{\"version\":2}\n").contains("how large"));
    for first in [
        "{\"version\":1,\"width\":80,\"stdout\":[]}",
        "{\n  \"version\": 1,\n",
    ] {
        assert!(refused(first).contains("asciinema convert"), "{first}");
    }
    assert!(refused("{\"version\":4}\n").contains("version 4"));
}

proptest! {
    #[test]
    fn any_output_in_any_pieces_is_the_same(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            any::<String>().prop_map(String::into_bytes),
        ],
        cuts in proptest::collection::vec(1usize..9, 1..40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cast");
        let mut writer = Writer::create(&path, 80, 24, 0).unwrap();
        let (mut rest, mut cuts) = (bytes.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            writer.output(1.0, piece).unwrap();
            rest = after;
        }
        writer.finish().unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let mut read = String::new();
        while let Some(event) = reader.next_event().unwrap() {
            if let What::Output(text) = event.what {
                read.push_str(&text);
            }
        }
        prop_assert_eq!(read, String::from_utf8_lossy(&bytes));
        prop_assert_eq!(reader.damaged(), 0);
    }

    #[test]
    fn rubbish_is_read_to_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut text = b"{\"version\":2,\"width\":9,\"height\":9}\n".to_vec();
        text.extend(bytes);
        let _events = events(&text);
    }
}
