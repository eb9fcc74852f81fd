//! Lists a ticket's evidence: `<root>/<run>/<ticket>/<attempt>/…`.

use std::fs;
use std::path::Path;

use super::super::effect::{AttemptFiles, Facts, FileEntry, RunFiles};
use super::ledger;
use crate::domain::ids::{AttemptId, RunId, TicketName};
use crate::runner::comparison::Attempted;
use crate::store::{LedgerError, Reader, cast};

/// An attempt shows at most so many files.
const MOST_FILES: usize = 500;

/// The runs that hold evidence of the ticket, in order, with what the ledger beside tells. What can't be read is left out.
pub(super) fn list(root: &Path, ticket: &TicketName) -> Vec<RunFiles> {
    let mut runs: Vec<RunId> = names(root)
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    runs.sort_unstable();
    let facts = Ledger::open(root);
    runs.into_iter()
        .filter_map(|run| {
            let folder = root.join(run.to_string()).join(ticket.as_str());
            let mut numbers: Vec<u32> = names(&folder)
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect();
            numbers.sort_unstable();
            let recordings = cast::folder(root);
            let attempts: Vec<AttemptFiles> = numbers
                .into_iter()
                .map(|number| AttemptFiles {
                    facts: facts.of(run, ticket, number),
                    ..attempt(&folder.join(number.to_string()), number)
                })
                .map(|mut attempt| {
                    let prefix = format!("{ticket}.{}-", attempt.number);
                    recorded(&recordings, &prefix, &mut attempt.files);
                    attempt
                })
                .collect();
            (!attempts.is_empty()).then(|| RunFiles {
                run: run.to_string(),
                attempts,
            })
        })
        .collect()
}

/// The ledger, as far as it can be read: what it doesn't tell is not shown.
struct Ledger {
    reader: Option<Reader>,
    dropped: Vec<AttemptId>,
}

impl Ledger {
    fn open(root: &Path) -> Self {
        let reader = Reader::open(&ledger(root)).ok();
        let dropped = reader.as_ref().and_then(|reader| reader.dropped().ok());
        Self {
            reader,
            dropped: dropped.unwrap_or_default().into_keys().collect(),
        }
    }

    fn of(&self, run: RunId, ticket: &TicketName, number: u32) -> Option<Facts> {
        let attempt = AttemptId {
            ticket: ticket.clone(),
            number,
        };
        let read = |reader| -> Result<_, LedgerError> { Attempted::read(reader, &attempt) };
        let attempted = read(self.reader.as_ref()?).ok()??;
        // A ledger that was begun anew may know another attempt by this name.
        (attempted.record.run == run).then(|| Facts {
            attempted,
            is_dropped: self.dropped.contains(&attempt),
        })
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn attempt(folder: &Path, number: u32) -> AttemptFiles {
    let mut files = Vec::new();
    collect(folder, "", &mut files);
    files.sort_by(|a, b| (rank(&a.name), &a.name).cmp(&(rank(&b.name), &b.name)));
    AttemptFiles {
        number,
        files,
        facts: None,
    }
}

/// People look for the prompt first and for the manifest last.
fn rank(name: &str) -> usize {
    const ORDER: [&str; 7] = [
        "prompt",
        "ticket.md",
        "transcript.jsonl",
        "diff.patch",
        "files.json",
        "validations/",
        "result.json",
    ];
    let found = ORDER.iter().position(|start| name.starts_with(start));
    found.unwrap_or(ORDER.len())
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<FileEntry>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if files.len() >= MOST_FILES {
            return;
        }
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() && prefix.matches('/').count() < 4 {
            collect(&entry.path(), &format!("{name}/"), files);
        } else if kind.is_file() {
            files.push(FileEntry {
                name,
                path: entry.path(),
                bytes: entry.metadata().map_or(0, |metadata| metadata.len()),
            });
        }
    }
}

/// Recordings of terminals in the attempt's working tree lie beside the attempts' folders.
fn recorded(folder: &Path, prefix: &str, files: &mut Vec<FileEntry>) {
    let mut names: Vec<_> = names(folder)
        .into_iter()
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    let room = MOST_FILES.saturating_sub(files.len());
    for name in names.into_iter().take(room) {
        let path = folder.join(&name);
        files.push(FileEntry {
            bytes: fs::metadata(&path).map_or(0, |metadata| metadata.len()),
            name: told(&name, prefix),
            path,
        });
    }
}

/// The recordings of terminals that were in no attempt's working tree, the newest first.
pub(super) fn recordings(root: &Path) -> Vec<FileEntry> {
    let folder = cast::folder(root);
    let is_an_attempts = |name: &str| {
        let mut dashes = name.match_indices('-');
        dashes.any(|(at, _)| name[..at].parse::<AttemptId>().is_ok())
    };
    let mut found: Vec<(String, String)> = names(&folder)
        .into_iter()
        .filter(|name| cast::is_recording(Path::new(name)) && !is_an_attempts(name))
        .map(|name| {
            let mut dashes = name.match_indices('-');
            let at = dashes.find(|(at, _)| stamp(&name[at + 1..]).is_some());
            let prefix = at.map_or("", |(at, _)| &name[..=at]);
            (name[prefix.len()..].to_owned(), name)
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.truncate(MOST_FILES);
    let entry = |(rest, name): (String, String)| {
        let path = folder.join(name);
        FileEntry {
            name: told(&rest, ""),
            bytes: fs::metadata(&path).map_or(0, |metadata| metadata.len()),
            path,
        }
    };
    found.into_iter().map(entry).collect()
}

/// `20261121-193012` at the beginning of the rest of a name.
fn stamp(rest: &str) -> Option<&str> {
    rest.get(..15).filter(|stamp| {
        let mut characters = stamp.chars().enumerate();
        characters.all(|(at, c)| {
            if at == 8 {
                c == '-'
            } else {
                c.is_ascii_digit()
            }
        })
    })
}

/// `rec 19:30:12 2026-11-21` for `TICKET-003.2-20261121-193012.cast`: what tells it from others comes first and fits.
fn told(name: &str, prefix: &str) -> String {
    let name = name.strip_prefix(prefix).unwrap_or(name);
    let name = name.strip_suffix(".cast").unwrap_or(name);
    let Some(digits) = stamp(name) else {
        return format!("rec {name}");
    };
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let rest = name.get(15..).unwrap_or_default();
    format!(
        "rec {}:{}:{}{rest} {}-{}-{}",
        part(9, 11),
        part(11, 13),
        part(13, 15),
        part(0, 4),
        part(4, 6),
        part(6, 8),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_the_repository_are_the_others() {
        let root = tempfile::tempdir().expect("a folder");
        assert!(recordings(root.path()).is_empty());
        let folder = cast::folder(root.path());
        fs::create_dir_all(&folder).expect("a folder");
        for name in [
            "TICKET-003.2-20261121-193012.cast",
            "my-shop-20261121-193012.cast",
            "my-shop-20261121-193012-2.cast",
            "my-shop-20261120-080000.cast",
            "from elsewhere.cast",
            "notes.txt",
        ] {
            fs::write(folder.join(name), "text").expect("a file");
        }
        let found = recordings(root.path());
        let names: Vec<_> = found.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "rec from elsewhere",
                "rec 19:30:12 2026-11-21",
                "rec 19:30:12-2 2026-11-21",
                "rec 08:00:00 2026-11-20",
            ]
        );
        assert!(found.iter().all(|file| file.bytes == 4));
        assert!(found[1].path.ends_with("my-shop-20261121-193012.cast"));
    }

    #[test]
    fn runs_attempts_and_files_are_in_order() {
        let root = tempfile::tempdir().expect("a folder");
        let ticket: TicketName = "TICKET-003".parse().expect("a name");
        for path in [
            "r2/TICKET-003/1/prompt.md",
            "r10/TICKET-003/2/manifest.json",
            "r10/TICKET-003/2/validations/cargo test.log",
            "r10/TICKET-003/2/prompt.md",
            "r10/TICKET-004/1/prompt.md",
            "recordings/TICKET-003.2-20261121-193012.cast",
            "recordings/TICKET-003.20-20261121-193012.cast",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, "text").expect("a file");
        }
        let runs = list(root.path(), &ticket);
        let names: Vec<_> = runs.iter().map(|run| run.run.as_str()).collect();
        assert_eq!(names, ["r2", "r10"]);
        let files: Vec<_> = runs[1].attempts[0]
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.bytes))
            .collect();
        assert_eq!(
            files,
            [
                ("prompt.md", 4),
                ("validations/cargo test.log", 4),
                ("manifest.json", 4),
                ("rec 19:30:12 2026-11-21", 4)
            ]
        );
        assert!(list(&root.path().join("none"), &ticket).is_empty());
        let prefix = "TICKET-003.2-";
        assert_eq!(
            told("TICKET-003.2-20261121-193012-2.cast", prefix),
            "rec 19:30:12-2 2026-11-21"
        );
        assert_eq!(told("TICKET-003.2-renamed.cast", prefix), "rec renamed");
        assert_eq!(
            told("TICKET-003.2-2026é121-193012.cast", prefix),
            "rec 2026é121-193012"
        );
    }
}
