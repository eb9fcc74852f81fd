//! What can be wrong with a ticket file or a queue: one stable code each, with its title and explanation.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the ticket runs.
    Warning,
    /// The ticket can't run before this is put right.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A position in a file, as editors count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which kind of problem.
    pub code: ProblemCode,
    /// How much it matters (given by the code).
    pub severity: Severity,
    /// Where in the file; `None` when the file as a whole is meant.
    pub place: Option<Place>,
    /// What is wrong and what to write instead: a lowercase fragment.
    pub message: String,
    /// Whether `docket lint --fix` can put it right.
    pub fixable: bool,
}

impl Problem {
    /// A problem with the severity of its code.
    pub fn new(code: ProblemCode, place: Option<Place>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            place,
            message: message.into(),
            fixable: false,
        }
    }

    /// The same problem, marked as one that `docket lint --fix` can put right.
    #[must_use]
    pub fn fixable(mut self) -> Self {
        self.fixable = true;
        self
    }

    /// Whether it keeps its ticket from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.code, self.message)
    }
}

/// A problem and the file that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The file, relative to the repository.
    #[serde(serialize_with = "path_as_text")]
    pub path: PathBuf,
    /// What is wrong.
    #[serde(flatten)]
    pub problem: Problem,
}

impl fmt::Display for Finding {
    /// `tickets/TICKET-003.md:4:7: error T022: …`, as compilers and editors understand it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(place) = self.problem.place {
            write!(f, "{place}:")?;
        }
        write!(f, " {}", self.problem)
    }
}

/// Serialises a path as text; bytes that aren't UTF-8 are replaced, never an error.
pub(crate) fn path_as_text<S: serde::Serializer>(
    path: &Path,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

macro_rules! problem_codes {
    ($($variant:ident = $code:literal, $severity:ident, $title:literal, $explanation:literal;)+) => {
        /// The kinds of problem. Codes are stable: never renumbered, never used again for something else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ProblemCode {
            $(
                #[doc = $title]
                #[serde(rename = $code)]
                $variant,
            )+
        }

        impl ProblemCode {
            /// All codes, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code: `T001`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Whether problems of this kind keep a ticket from running.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// A few words that name the problem.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// Why it is a problem and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),+ }
            }
        }
    };
}

problem_codes! {
    Unreadable = "T001", Error, "the file can't be read",
        "The system refused: permissions, a broken link, or a fault of the disk. The message says which.";
    NotAFile = "T002", Error, "not a regular file",
        "A folder, pipe or device has a ticket's name. Rename it, or put a file in its place.";
    TooLarge = "T003", Error, "the file is too large",
        "A ticket is at most 1 MiB. Move long material to files of its own and name them under `context`.";
    NotUtf8 = "T004", Error, "the file is not UTF-8",
        "Convert the file to UTF-8; the message says where the first wrong byte is.";
    Empty = "T005", Error, "the file is empty",
        "Write front matter (`---`, `agent: …`, `done: false`, `---`) and then what is to be done.";
    NoFrontMatter = "T006", Error, "no front matter",
        "The first line has to be `---`, followed by the keys, followed by a second `---`.";
    Unclosed = "T007", Error, "the front matter isn't closed",
        "Write `---` on a line of its own after the last key.";
    InvalidYaml = "T008", Error, "the front matter is not valid YAML",
        "The message says where reading stopped. Quote values that contain `: `, ` #`, or start with one of `[{&*!|>%@`.";
    NotAMapping = "T009", Error, "the front matter is not a mapping",
        "Write `key: value` lines between the two `---`.";
    DuplicateKey = "T010", Error, "a key is written twice",
        "Only one of the values could count. Keep one line.";
    NotATicketName = "T011", Error, "the file's name is not a ticket's",
        "Tickets are named `TICKET-<3 or more digits><anything>.md`.";
    MissingAgent = "T020", Error, "`agent` is missing",
        "Say who works on the ticket: a configured agent, `shell`, or `user` for a human.";
    MissingDone = "T021", Error, "`done` is missing",
        "Write `done: false`. `docket lint --fix` does it.";
    InvalidDone = "T022", Error, "`done` is not a boolean",
        "Write `done: true` or `done: false`, without quotes.";
    MissingId = "T023", Warning, "`ticket_id` is missing",
        "An id is derived from the file's path, so renaming the file makes it another ticket. `docket lint --fix` writes one.";
    InvalidId = "T024", Error, "`ticket_id` is not an id",
        "6 to 128 of the characters `A-Z a-z 0-9 . _ -`.";
    WrongType = "T025", Error, "a value has the wrong type",
        "The message says what the key takes.";
    IgnoredValue = "T026", Warning, "a value is ignored",
        "A text was expected. The ticket runs as if the key weren't there.";
    OutOfRange = "T027", Error, "a number is out of range",
        "The message says what is allowed.";
    InvalidDuration = "T028", Error, "a duration can't be read",
        "Write a number and a unit: `90s`, `10m`, `1h30m`, `2d`.";
    InvalidTime = "T029", Error, "a time can't be read",
        "Write RFC 3339 with an offset: `2026-11-21T22:00:00+01:00`, or `…Z` for UTC.";
    UnknownValue = "T030", Error, "a value is none of those allowed",
        "The message lists them.";
    InvalidPath = "T031", Error, "a path leaves the repository",
        "Paths and globs are relative to the root of the repository, with `/` between the parts, without `..`.";
    InvalidDependency = "T032", Error, "a dependency is neither number nor id",
        "Write a ticket's number (`3`), its name (`TICKET-003`) or its `ticket_id`.";
    InvalidCheck = "T033", Error, "a validation can't be run",
        "Write a command as text, or `{name: …, run: …, timeout: …}` with at least `run`; each name once.";
    NearlyAKey = "T034", Warning, "a key looks misspelt",
        "Unknown keys are kept and allowed, but this one is very close to a key that docket knows.";
    UnknownPart = "T035", Error, "a part of a value is unknown",
        "Inside `limits`, `paths`, `validate` and `approvals` only the documented parts are allowed, since a misspelt limit would not limit.";
    InvalidRule = "T036", Error, "an approval rule can't be read",
        "Write a command (`cargo *`), paths after `edit:` (`edit:src/**`) or a tool's name after `tool:`; the message says what is wrong.";
    DuplicateNumber = "T050", Error, "two tickets have the same number",
        "Their names and dependencies would be ambiguous. Rename all but one; the order is by number.";
    DuplicateId = "T051", Error, "two tickets have the same id",
        "Their records would be mixed. Delete the `ticket_id` line of the copy and run `docket lint --fix`.";
    Cycle = "T052", Error, "tickets depend on each other in a circle",
        "None of them could ever start. Remove one of the dependencies that the message names.";
    UnknownDependency = "T053", Error, "a dependency doesn't exist",
        "No ticket has this number or id, so the ticket could never start.";
    OutOfOrder = "T054", Warning, "a ticket depends on one with a higher number",
        "It works, but readers expect the queue to run in the order of its numbers.";
    UnknownAgent = "T055", Error, "the agent isn't configured",
        "The message lists the agents that are. `docket config` shows where they come from.";
    StrayFile = "T056", Warning, "a file in the queue's folder is no ticket",
        "Tickets are named `TICKET-<3 or more digits><anything>.md`. This file is left alone.";
    NoFolder = "T057", Error, "the queue's folder can't be read",
        "`docket init` makes one; the message says what is wrong with it.";
    UnknownPolicy = "T060", Error, "the policy isn't configured",
        "A misspelt policy would hold nothing, so the ticket doesn't run. The message lists the policies that are there.";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }

    #[test]
    fn a_finding_reads_like_a_compilers_message() {
        let finding = Finding {
            path: "tickets/TICKET-003.md".into(),
            problem: Problem::new(
                ProblemCode::InvalidDone,
                Some(Place { line: 4, column: 7 }),
                "`done` takes true or false, not `maybe`",
            ),
        };
        assert_eq!(
            finding.to_string(),
            "tickets/TICKET-003.md:4:7: error T022: `done` takes true or false, not `maybe`"
        );
    }
}
