//! Feeds a recording to its decoder as a live process would: bytes in chunks, lines to the process in between, noise.

use docket::agents::decoder::decoder;
use docket::agents::lines::LineSplitter;
use docket::agents::recording::{Fact, Record, Way};
use docket::agents::{Decoded, Decoder, Direction, Draft, Finished, ProcessEnd};
use docket::domain::item::{AgentStatus, Item, Usage};
use docket::domain::request::{Request, RequestKey};

use super::corpus::Recording;

/// How the bytes of a process arrive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chunks {
    /// All that it says in one go.
    Whole,
    /// So many bytes at a time: characters are split.
    Of(usize),
    /// Of changing size.
    Random(u64),
}

/// How a recording is fed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feeding {
    pub(crate) chunks: Chunks,
    /// Lines end with CR LF.
    pub(crate) returns: bool,
    /// Lines of something else come in between.
    pub(crate) noise: bool,
    /// A line of 64 MiB comes in between, once: this byte over and over, in a string of JSON if it is `true`.
    pub(crate) huge: Option<(u8, bool)>,
}

impl Feeding {
    pub(crate) const PLAIN: Self = Self {
        chunks: Chunks::Whole,
        returns: false,
        noise: false,
        huge: None,
    };
}

/// What programs print in the middle of a protocol: nothing, words, colours, half an object, JSON of another kind.
pub(crate) const NOISE: &[&str] = &[
    "",
    "   ",
    "noise: (node:4711) Warning: something is deprecated",
    "\u{1b}[33mnoise\u{1b}[0m: 警告 🙂",
    r#"{"noise": {"type": "mess"#,
    r#"{"noise": true}"#,
    r#"["noise"]"#,
    r#""noise""#,
    "4711",
    "null",
];

/// A 64 MiB line is this long.
const HUGE: usize = 64 << 20;

/// Something that was heard, in its order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// The item that a draft began.
    Item(u64),
    Turn(Finished),
    Asked(RequestKey, Request),
    /// A request is waited for no more; what was written to the process then.
    Resolved(RequestKey, Option<String>),
}

/// An item with everything that was said about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) item: Item,
}

/// All that a decoder made of a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Heard {
    pub(crate) events: Vec<Event>,
    pub(crate) items: Vec<Told>,
    pub(crate) statuses: Vec<AgentStatus>,
    pub(crate) session: Option<String>,
    pub(crate) model: Option<String>,
    /// Every figure of a turn so far.
    pub(crate) usages: Vec<Usage>,
    pub(crate) end: Option<ProcessEnd>,
}

impl Heard {
    pub(crate) fn turns(&self) -> impl Iterator<Item = &Finished> {
        self.events.iter().filter_map(|event| match event {
            Event::Turn(finished) => Some(finished),
            _ => None,
        })
    }

    pub(crate) fn item(&self, id: u64) -> Option<&Told> {
        self.items.iter().find(|told| told.id == id)
    }

    fn take(&mut self, decoded: Decoded, line: Option<&str>) {
        for draft in decoded.drafts {
            self.draft(draft);
        }
        if let Some(status) = decoded.status
            && self.statuses.last() != Some(&status)
        {
            self.statuses.push(status);
        }
        self.session = decoded.session.or(self.session.take());
        self.model = decoded.model.or(self.model.take());
        if let Some(usage) = decoded.usage
            && self.usages.last() != Some(&usage)
        {
            self.usages.push(usage);
        }
        for (key, request) in decoded.requests {
            self.events.push(Event::Asked(key, request));
        }
        for key in decoded.resolved {
            self.events
                .push(Event::Resolved(key, line.map(str::to_owned)));
        }
        self.events.extend(decoded.finished.map(Event::Turn));
    }

    /// As readers of a transcript fold entries: the same id replaces, or adds to the text.
    fn draft(&mut self, draft: Draft) {
        let Some(told) = self.items.iter_mut().find(|told| told.id == draft.id) else {
            self.events.push(Event::Item(draft.id));
            self.items.push(Told {
                id: draft.id,
                parent: draft.parent,
                item: draft.item,
            });
            return;
        };
        told.parent = draft.parent;
        if !draft.append {
            told.item = draft.item;
            return;
        }
        match (&mut told.item, draft.item) {
            (Item::Message { text }, Item::Message { text: more })
            | (Item::Reasoning { text }, Item::Reasoning { text: more }) => text.push_str(&more),
            (
                Item::ToolResult { output, exit },
                Item::ToolResult {
                    output: more,
                    exit: last,
                },
            ) => {
                output.push_str(&more);
                *exit = last.or(*exit);
            }
            (_, other) => told.item = other,
        }
    }

    /// The same without what noise left, and with ids in the order of the items.
    pub(crate) fn without_noise(mut self) -> Self {
        self.items.retain(|told| !is_noise(&told.item));
        let kept: Vec<u64> = self.items.iter().map(|told| told.id).collect();
        let place = |id: u64| kept.iter().position(|kept| *kept == id).map(|at| at as u64);
        self.events.retain_mut(|event| match event {
            Event::Item(id) => place(*id).map(|place| *id = place).is_some(),
            _ => true,
        });
        for told in &mut self.items {
            told.id = place(told.id).unwrap_or(u64::MAX);
            told.parent = told.parent.and_then(place);
        }
        // What programs without a protocol said last is noise too.
        for event in &mut self.events {
            if let Event::Turn(Finished {
                message: Some(message),
                ..
            }) = event
            {
                let lines = message.lines().filter(|line| !is_noise_text(line));
                *message = lines.collect::<Vec<_>>().join("\n");
            }
        }
        self
    }
}

fn is_noise(item: &Item) -> bool {
    match item {
        Item::Message { text } | Item::Notice { text } | Item::Error { text, .. } => {
            is_noise_text(text)
        }
        _ => false,
    }
}

fn is_noise_text(text: &str) -> bool {
    let text = text.trim();
    text.contains("noise")
        || text.contains("xxxxxxxx")
        || NOISE.iter().any(|noise| noise.trim() == text)
}

/// Feeds a recording.
pub(crate) fn listen(recording: &Recording, feeding: Feeding) -> Heard {
    let mut listener = Listener {
        decoder: decoder(recording.decoder),
        out: LineSplitter::default(),
        err: LineSplitter::default(),
        heard: Heard::default(),
    };
    let mut dice = Dice::new(feeding);
    let records = recording.records();
    let mut huge = feeding.huge;
    for stretch in records.chunk_by(|a, b| a.way == b.way) {
        match stretch[0].way {
            Way::Meta => listener.facts(stretch),
            Way::In => listener.written(stretch),
            way @ (Way::Out | Way::Err) => {
                let mut bytes = Vec::new();
                for record in stretch {
                    bytes.extend_from_slice(record.line.as_bytes());
                    bytes.extend_from_slice(feeding.line_end());
                    if feeding.noise && way == Way::Out {
                        let noise = NOISE[dice.below(NOISE.len())];
                        bytes.extend_from_slice(noise.as_bytes());
                        bytes.extend_from_slice(feeding.line_end());
                    }
                }
                listener.said(way, &bytes, feeding.chunks, &mut dice);
                if let Some((byte, is_json)) = huge.take_if(|_| way == Way::Out) {
                    listener.huge(byte, is_json);
                }
            }
        }
    }
    listener.ended()
}

struct Listener {
    decoder: Box<dyn Decoder>,
    out: LineSplitter,
    err: LineSplitter,
    heard: Heard,
}

impl Listener {
    fn facts(&mut self, records: &[Record]) {
        for record in records {
            if let Some(Fact::Ended(end)) = record.fact() {
                self.heard.end = Some(end);
            }
        }
    }

    fn written(&mut self, records: &[Record]) {
        for record in records {
            let mut decoded = Decoded::default();
            self.decoder.line(Direction::In, &record.line, &mut decoded);
            self.heard.take(decoded, Some(&record.line));
        }
    }

    fn said(&mut self, way: Way, bytes: &[u8], chunks: Chunks, dice: &mut Dice) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = match chunks {
                Chunks::Whole => rest.len(),
                Chunks::Of(size) => size,
                Chunks::Random(_) => 1 + dice.below(300),
            };
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            rest = after;
            self.chunk(way, chunk);
        }
    }

    fn chunk(&mut self, way: Way, chunk: &[u8]) {
        let (splitter, direction) = match way {
            Way::Err => (&mut self.err, Direction::Err),
            _ => (&mut self.out, Direction::Out),
        };
        splitter.feed(chunk, |line| {
            let mut decoded = Decoded::default();
            self.decoder.line(direction, line, &mut decoded);
            self.heard.take(decoded, None);
        });
    }

    fn huge(&mut self, byte: u8, is_json: bool) {
        let (start, end): (&[u8], &[u8]) = if is_json {
            (b"{\"noise\":\"", b"\"}\n")
        } else {
            (b"", b"\n")
        };
        self.chunk(Way::Out, start);
        let chunk = vec![byte; 64 << 10];
        for _ in 1..HUGE / chunk.len() {
            self.chunk(Way::Out, &chunk);
        }
        let rest = chunk.len() - start.len() - (end.len() - 1);
        self.chunk(Way::Out, &chunk[..rest]);
        self.chunk(Way::Out, end);
    }

    fn ended(mut self) -> Heard {
        let end = self.heard.end.clone();
        let end = end.unwrap_or_else(|| ProcessEnd::Lost("the recording ends".to_owned()));
        let mut decoded = Decoded::default();
        self.decoder.ended(&end, &mut decoded);
        self.heard.take(decoded, None);
        self.heard
    }
}

impl Feeding {
    fn line_end(self) -> &'static [u8] {
        if self.returns { b"\r\n" } else { b"\n" }
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn new(feeding: Feeding) -> Self {
        Self(match feeding.chunks {
            Chunks::Random(seed) => seed | 1,
            _ => 4711,
        })
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}
