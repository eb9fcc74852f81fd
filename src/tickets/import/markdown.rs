//! Entries of Markdown lists, with their places.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// `Some(true)` for `[x]`, `Some(false)` for `[ ]`, `None` without a box.
    pub(super) ticked: Option<bool>,
    /// Its first paragraph, on one line, without marks for emphasis.
    pub(super) head: String,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Where its first paragraph ends.
    pub(super) head_end: usize,
    /// The entry around it, by its place in the list of all.
    pub(super) parent: Option<usize>,
    /// Whether it stands in the first list after a heading or a paragraph that begins with `acceptance`.
    pub(super) is_acceptance: bool,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    /// 1 to 6.
    pub(super) level: u8,
    /// Its text.
    pub(super) text: String,
    /// Where it stands, with its line end.
    pub(super) range: Range<usize>,
}

/// What a Markdown text has of interest, in order.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) headings: Vec<Heading>,
    pub(super) entries: Vec<Entry>,
}

/// Reads a text.
pub(super) fn outline(text: &str) -> Outline {
    let mut reader = Reader::default();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TASKLISTS).into_offset_iter() {
        reader.take(event, range);
    }
    reader.outline
}

#[derive(Default)]
struct Reader {
    outline: Outline,
    /// The entries that are open, and whether their first paragraph is.
    open: Vec<(usize, bool)>,
    /// How deep lists are nested.
    lists: usize,
    /// The text of the heading or of the paragraph outside of lists that is being read.
    words: Option<String>,
    /// The last such text began with `acceptance`.
    announces: bool,
    /// The outermost list is one of acceptance.
    is_acceptance: bool,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.words = Some(String::new());
                self.outline.headings.push(Heading {
                    level: level as u8,
                    text: String::new(),
                    range,
                });
            }
            Event::End(TagEnd::Heading(_)) => {
                let words = self.words.take().unwrap_or_default();
                self.announces = announces_acceptance(&words);
                if let Some(heading) = self.outline.headings.last_mut() {
                    words.trim().clone_into(&mut heading.text);
                }
            }
            Event::Start(Tag::Paragraph) if self.lists == 0 => self.words = Some(String::new()),
            Event::End(TagEnd::Paragraph) if self.lists == 0 => {
                let words = self.words.take().unwrap_or_default();
                self.announces = announces_acceptance(&words);
            }
            Event::Start(Tag::List(_)) => {
                if self.lists == 0 {
                    self.is_acceptance = std::mem::take(&mut self.announces);
                }
                self.lists += 1;
                self.close_head();
            }
            Event::End(TagEnd::List(_)) => self.lists = self.lists.saturating_sub(1),
            Event::Start(Tag::Item) => {
                let parent = self.open.last().map(|(index, _)| *index);
                self.open.push((self.outline.entries.len(), true));
                self.outline.entries.push(Entry {
                    ticked: None,
                    head: String::new(),
                    head_end: range.start,
                    range,
                    parent,
                    is_acceptance: self.is_acceptance,
                });
            }
            Event::End(TagEnd::Item) => {
                if let Some((index, _)) = self.open.pop() {
                    let head = &mut self.outline.entries[index].head;
                    *head = head.split_whitespace().collect::<Vec<_>>().join(" ");
                }
            }
            Event::End(TagEnd::Paragraph)
            | Event::Start(Tag::CodeBlock(_) | Tag::BlockQuote(_) | Tag::HtmlBlock) => {
                self.close_head();
            }
            Event::TaskListMarker(ticked) => {
                if let Some((index, _)) = self.open.last() {
                    let entry = &mut self.outline.entries[*index];
                    entry.ticked = Some(ticked);
                    entry.head_end = range.end;
                }
            }
            Event::Text(text) | Event::InlineHtml(text) => self.word(&text, &range),
            Event::Code(text) => self.word(&format!("`{text}`"), &range),
            Event::SoftBreak | Event::HardBreak => self.word(" ", &range),
            // The end of emphasis or of a link belongs to the words before it.
            Event::End(_) => self.word("", &range),
            _ => {}
        }
    }

    fn word(&mut self, text: &str, range: &Range<usize>) {
        if let Some(words) = &mut self.words {
            words.push_str(text);
        } else if let Some((index, true)) = self.open.last() {
            let entry = &mut self.outline.entries[*index];
            entry.head.push_str(text);
            entry.head_end = entry.head_end.max(range.end);
        }
    }

    /// What follows in the innermost entry is no longer its first paragraph.
    fn close_head(&mut self) {
        if let Some((_, is_open)) = self.open.last_mut() {
            *is_open = false;
        }
    }
}

/// `Acceptance.`, `Acceptance criteria:`, `ACCEPTANCE`.
fn announces_acceptance(words: &str) -> bool {
    let words = words.trim().to_lowercase();
    words.starts_with("acceptance") && words.chars().count() < 40
}

/// A text without the blanks that all its lines begin with.
pub(super) fn dedent(text: &str) -> String {
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let lines = || text.lines().map(str::trim_end);
    let least = lines().filter(|line| !line.is_empty()).map(blanks).min();
    let least = least.unwrap_or(0);
    let lines: Vec<_> = lines()
        .map(|line| line.get(least..).unwrap_or_default())
        .collect();
    lines.join("\n")
}
