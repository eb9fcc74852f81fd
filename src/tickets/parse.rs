//! From the bytes of a ticket file to a queue entry. Never fails: what is wrong becomes problems, all of them at once.

use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::domain::hash::sha256;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::ticket::{Place, Problem, ProblemCode, QueueEntry, Ticket};

use super::fields::{self, Identity};
use super::front_matter::{FrontMatter, Missing};
use super::yaml;

/// The largest ticket file that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Reads a ticket file. `path` is relative to the repository; it gives the name and, when the file has none, the id.
///
/// Of a file over [`MAX_BYTES`] nothing but its beginning needs to be passed: one byte over the limit is enough to tell.
pub fn parse(path: &Path, bytes: &[u8]) -> QueueEntry {
    let mut entry = blank(path, bytes);
    match read(path, bytes, &entry) {
        Ok(found) => {
            entry.problems.extend(found.problems);
            entry.problems.sort_by_key(|problem| problem.place);
            if let Some(id) = found.id {
                entry.id = id;
            }
            if let Some(title) = found.title {
                entry.title = title;
            }
            if !entry.problems.iter().any(Problem::is_error) {
                entry.ticket = found.ticket;
            }
        }
        Err(problem) => entry.problems.push(problem),
    }
    entry
}

/// The entry of a file whose content can't be had at all.
pub fn unreadable(path: &Path, problem: Problem) -> QueueEntry {
    let mut entry = blank(path, &[]);
    entry.problems.push(problem);
    entry
}

/// The id of a ticket whose file names none: `tkt_auto_` and 32 digits of the SHA-256 of its path. For repositories of
/// codex-autorunner the path begins at `.codex-autorunner`, so that its derived ids and ours are the same.
pub fn derived_id(path: &Path) -> TicketId {
    let text = path.to_string_lossy().replace('\\', "/");
    let from = text.find(".codex-autorunner/").unwrap_or(0);
    let mut digits = sha256(&text.as_bytes()[from..]).to_string();
    digits.truncate(32);
    known_id(&format!("tkt_auto_{digits}"))
}

/// An id that is known to be well-formed.
#[expect(
    clippy::expect_used,
    reason = "prefix and hexadecimal digits fit the rule for ids"
)]
fn known_id(text: &str) -> TicketId {
    text.parse().expect("a well-formed id")
}

/// The name of a file that has no ticket's name.
#[expect(
    clippy::expect_used,
    reason = "a constant that fits the rule for names"
)]
fn no_name() -> TicketName {
    "TICKET-000".parse().expect("a well-formed name")
}

struct Found {
    ticket: Option<Ticket>,
    id: Option<TicketId>,
    title: Option<String>,
    problems: Vec<Problem>,
}

fn blank(path: &Path, bytes: &[u8]) -> QueueEntry {
    let file_name = path.file_name().map(|name| name.to_string_lossy());
    let file_name = file_name.as_deref().unwrap_or_default();
    let name = TicketName::from_file_name(file_name);
    let problems = if name.is_none() {
        let message = format!("`{file_name}` is not a ticket's name: write `TICKET-010-title.md`");
        vec![Problem::new(ProblemCode::NotATicketName, None, message)]
    } else {
        Vec::new()
    };
    QueueEntry {
        path: path.to_owned(),
        name: name.unwrap_or_else(no_name),
        id: derived_id(path),
        revision: sha256(&bytes[..bytes.len().min(MAX_BYTES + 1)]),
        title: words_of(file_name),
        ticket: None,
        problems,
    }
}

fn read(path: &Path, bytes: &[u8], entry: &QueueEntry) -> Result<Found, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Problem::new(
            ProblemCode::Empty,
            None,
            "the file is empty: write `---`, `agent: …`, `done: false`, `---`, and then what is to be done",
        ));
    }
    let parts = FrontMatter::find(text).map_err(no_front_matter)?;
    let root = yaml::read(&text[parts.yaml]).map_err(|error| invalid_yaml(&error))?;
    let body = &text[parts.body];
    let identity = Identity {
        derived_id: derived_id(path),
        name: entry.name.clone(),
    };
    let read = fields::read(&root, identity, body)?;
    let title = read.title.or_else(|| first_heading(body));
    Ok(Found {
        ticket: read.ticket,
        id: read.id,
        title,
        problems: read.problems,
    })
}

/// The problem of a file over [`MAX_BYTES`].
pub(crate) fn too_large() -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        None,
        "the file is larger than 1 MiB and isn't read: move long material to files of its own and name them under `context`",
    )
}

fn not_utf8(bytes: &[u8], valid_up_to: usize) -> Problem {
    let before = String::from_utf8_lossy(&bytes[..valid_up_to]);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let wrong = bytes.get(valid_up_to).copied().unwrap_or_default();
    Problem::new(
        ProblemCode::NotUtf8,
        Some(Place {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }),
        format!("byte 0x{wrong:02x} is not UTF-8: save the file as UTF-8"),
    )
}

fn no_front_matter(missing: Missing) -> Problem {
    let start = Some(Place { line: 1, column: 1 });
    match missing {
        Missing::Opening => Problem::new(
            ProblemCode::NoFrontMatter,
            start,
            "there is no front matter: begin the file with `---`, `agent: …`, `done: false`, `---`",
        ),
        Missing::Closing => Problem::new(
            ProblemCode::Unclosed,
            start,
            "the front matter that begins here isn't closed: write `---` on a line of its own after the last key",
        ),
    }
}

fn invalid_yaml(error: &yaml::SyntaxError) -> Problem {
    let place = error.place.map(fields::in_file);
    if let Some(key) = &error.duplicate {
        let message = format!("`{key}` is written twice: keep one of the lines");
        return Problem::new(ProblemCode::DuplicateKey, place, message);
    }
    let said = &error.message;
    let hint = if said.contains("mapping values are not allowed") {
        "; a value that contains `: ` needs quotes"
    } else if said.contains("unexpected character") {
        "; a value that begins with this character needs quotes"
    } else {
        ""
    };
    Problem::new(
        ProblemCode::InvalidYaml,
        place,
        format!("this is not valid YAML: {said}{hint}"),
    )
}

/// The first heading of a Markdown text, looked for near its beginning.
fn first_heading(body: &str) -> Option<String> {
    let near = (0..=body.len().min(4096))
        .rev()
        .find(|&end| body.is_char_boundary(end));
    let mut heading = None;
    for event in Parser::new(&body[..near.unwrap_or(0)]) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), None) => heading = Some(String::new()),
            (Event::End(TagEnd::Heading(_)), Some(_)) => break,
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some(heading)) => heading.push(' '),
            _ => {}
        }
    }
    heading
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The words of a file name: `TICKET-010-stream-the-body.md` is `stream the body`; without words, the name itself.
fn words_of(file_name: &str) -> String {
    let stem = file_name
        .rfind('.')
        .map_or(file_name, |dot| &file_name[..dot]);
    let slug = stem
        .get("TICKET-".len()..)
        .unwrap_or_default()
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = slug
        .split(|c: char| c == '-' || c == '_' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        stem.to_owned()
    } else {
        words.join(" ")
    }
}
