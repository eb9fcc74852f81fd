//! Checking a bundle. It is read once, from front to back, and nothing of it is ever written to the disk: no name in it can lead
//! anywhere. What has to be kept in memory is limited, whatever the archive claims.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use ruzstd::decoding::StreamingDecoder;
use serde::Serialize;
use tar::EntryType;

use super::super::codec::{self, Stored};
use super::super::evidence::{MANIFEST, Manifest};
use super::super::verify::{AttemptReport, AttemptState};
use super::{
    ABOUT, About, BundleError, EVENTS, EVIDENCE, EventLine, FORMAT, GUIDE, SUMS, prefix_of,
};
use crate::domain::event::Event;
use crate::domain::hash::{Hasher, sha256};
use crate::domain::ids::{AttemptId, Sequence, Sha256};
use crate::domain::time::Timestamp;

/// No list in a bundle is longer, in bytes.
const LONGEST_LIST: u64 = 256 << 20;
/// How much of a file is in memory at a time.
const CHUNK: usize = 64 * 1024;
/// No event is longer.
const LONGEST_EVENT: u64 = 64 << 20;
/// More problems than these say nothing more.
const MOST_LISTED: usize = 200;

/// What a check of a bundle found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BundleReport {
    /// The attempts in it.
    pub attempts: Vec<AttemptReport>,
    /// Events, each of which fits its hash unless a problem says otherwise.
    pub events: u64,
    /// Files of evidence.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Where the ledger ended that it comes from.
    pub head: Option<(Sequence, Sha256)>,
    /// What is not as it was exported, in words.
    pub problems: Vec<String>,
}

impl BundleReport {
    /// Whether everything is as it was exported, and as it was sealed.
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, problem: impl Into<String>) {
        if self.problems.len() < MOST_LISTED {
            self.problems.push(problem.into());
        }
    }
}

/// Checks the bundle at `path`. An error means that the file can't be opened; everything else is in the report.
pub fn check(path: &Path) -> Result<BundleReport, BundleError> {
    let file = File::open(path).map_err(BundleError::io(path, "open"))?;
    let mut seen = Seen::default();
    if let Err(why) = seen.read(BufReader::new(file)) {
        seen.report.problem(why);
    }
    Ok(seen.finish())
}

#[derive(Default)]
struct Seen {
    report: BundleReport,
    /// Every file with its hash and size.
    files: BTreeMap<String, (Sha256, u64)>,
    about: Option<About>,
    manifests: BTreeMap<String, Manifest>,
    sums: Option<Vec<u8>>,
    /// Attempts that the events tell of.
    started: BTreeSet<AttemptId>,
    sealed: BTreeMap<AttemptId, Sha256>,
    dropped: BTreeMap<AttemptId, Timestamp>,
}

impl Seen {
    fn read(&mut self, source: BufReader<File>) -> Result<(), String> {
        let broken = |error: &dyn std::fmt::Display| format!("the archive is broken: {error}");
        let decoder = StreamingDecoder::new(source)
            .map_err(|error| format!("it is no bundle (not compressed with zstd): {error}"))?;
        let mut archive = tar::Archive::new(decoder);
        let entries = archive.entries().map_err(|error| broken(&error))?;
        // As they are: without what archives can say about the names and sizes of files that follow.
        for entry in entries.raw(true) {
            let mut entry = entry.map_err(|error| broken(&error))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let header = entry.header();
            if header.entry_type() != EntryType::Regular {
                let kind = header.entry_type();
                return Err(format!(
                    "`{}` is no plain file ({kind:?}), and docket puts nothing else into a bundle",
                    name.escape_debug()
                ));
            }
            if !is_plain(&name) {
                return Err(format!(
                    "`{}` is no name that docket puts into a bundle",
                    name.escape_debug()
                ));
            }
            let facts = (header.mtime().ok(), header.uid().ok(), header.mode().ok());
            if facts != (Some(0), Some(0), Some(0o644)) {
                self.report
                    .problem(format!("`{name}` was packed by another program"));
            }
            if self.files.contains_key(&name) {
                return Err(format!("`{name}` is in it twice"));
            }
            let size = entry.size();
            let (hash, count) = self
                .entry(&name, size, &mut entry)
                .map_err(|error| format!("`{name}`: {error}"))?;
            if count != size {
                return Err(format!(
                    "the archive ends in the middle of `{name}`: {count} of {size} bytes are there"
                ));
            }
            self.files.insert(name, (hash, size));
        }
        // Whatever comes after the last file is not ours: the end of an archive is empty blocks.
        let mut decoder = archive.into_inner();
        let mut chunk = vec![0; CHUNK];
        loop {
            match decoder.read(&mut chunk).map_err(|error| broken(&error))? {
                0 => break,
                count if chunk[..count].iter().any(|byte| *byte != 0) => {
                    return Err("something follows the end of the archive".to_owned());
                }
                _ => {}
            }
        }
        let mut rest = decoder.into_inner();
        match rest.read(&mut chunk) {
            Ok(0) => Ok(()),
            Ok(_) => Err("something follows the end of the archive".to_owned()),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Takes a file in. Only lists are kept.
    fn entry(
        &mut self,
        name: &str,
        size: u64,
        source: &mut impl Read,
    ) -> Result<(Sha256, u64), String> {
        let is_manifest = name.starts_with(EVIDENCE)
            && name.split('/').count() == 5
            && name.rsplit('/').next() == Some(MANIFEST);
        if name == EVENTS {
            return self.events(source);
        }
        if name == ABOUT || name == SUMS || is_manifest {
            let mut bytes = Vec::new();
            let mut limited = source.take(LONGEST_LIST + 1);
            limited
                .read_to_end(&mut bytes)
                .map_err(|error| error.to_string())?;
            if size > LONGEST_LIST {
                return Err(format!(
                    "it is said to have {size} bytes, which no list of docket's has"
                ));
            }
            let hash = (sha256(&bytes), bytes.len() as u64);
            if name == SUMS {
                self.sums = Some(bytes);
            } else if name == ABOUT {
                let about = serde_json::from_slice(&bytes);
                self.about = Some(about.map_err(|error| error.to_string())?);
            } else {
                let manifest = serde_json::from_slice(&bytes);
                let manifest = manifest.map_err(|error| error.to_string())?;
                self.manifests.insert(name.to_owned(), manifest);
            }
            return Ok(hash);
        }
        let (mut hasher, mut sum) = (Hasher::default(), 0);
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = source.read(&mut chunk).map_err(|error| error.to_string())?;
            if count == 0 {
                return Ok((hasher.finish(), sum));
            }
            hasher.update(&chunk[..count]);
            sum += count as u64;
        }
    }

    /// Every row must fit its hash, and rows that follow each other must be linked.
    fn events(&mut self, source: &mut impl Read) -> Result<(Sha256, u64), String> {
        let (mut hasher, mut sum) = (Hasher::default(), 0);
        let mut last: Option<(u64, Sha256)> = None;
        let mut lines = BufReader::new(source);
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut lines).take(LONGEST_EVENT);
            let count = limited
                .read_until(b'\n', &mut line)
                .map_err(|error| error.to_string())?;
            if count == 0 {
                return Ok((hasher.finish(), sum));
            }
            hasher.update(&line);
            sum += count as u64;
            let event: EventLine = serde_json::from_slice(&line)
                .map_err(|error| format!("line {}: {error}", self.report.events + 1))?;
            let linked = event.linked();
            let seq = linked.row.seq;
            self.report.events += 1;
            if linked.row.link(linked.previous) != linked.hash {
                self.report.problem(format!("event {seq} was changed"));
            }
            match last {
                Some((before, _)) if seq <= before => {
                    self.report
                        .problem(format!("event {seq} comes after event {before}"));
                }
                Some((before, hash)) if before + 1 == seq && hash != linked.previous => {
                    let problem = format!("event {seq} does not follow event {before}");
                    self.report.problem(problem);
                }
                _ => {}
            }
            last = Some((seq, linked.hash));
            if let Stored::Known(envelope) = codec::decode_row(linked.row) {
                self.event(envelope.at, envelope.event);
            }
        }
    }

    fn event(&mut self, at: Timestamp, event: Event) {
        match event {
            Event::AttemptStarted { attempt, .. } => {
                self.started.insert(attempt);
            }
            Event::EvidenceSealed {
                attempt, manifest, ..
            } => {
                self.sealed.insert(attempt, manifest);
            }
            Event::EvidenceDropped { attempt, .. } => {
                self.dropped.insert(attempt, at);
            }
            _ => {}
        }
    }

    fn finish(mut self) -> BundleReport {
        self.check_sums();
        let Some(about) = self.about.take() else {
            self.report.problem(format!("{ABOUT} is missing"));
            return self.report;
        };
        if about.format != FORMAT {
            self.report.problem(format!(
                "it has form {}, and this docket knows {FORMAT}",
                about.format
            ));
        }
        if about.events != self.report.events {
            let (said, there) = (about.events, self.report.events);
            self.report
                .problem(format!("{said} events were exported, {there} are there"));
        }
        self.report.head = about.head;
        let mut known: BTreeSet<String> = [GUIDE, ABOUT, EVENTS, SUMS].map(str::to_owned).into();
        for name in [GUIDE, EVENTS, SUMS] {
            if !self.files.contains_key(name) {
                self.report.problem(format!("{name} is missing"));
            }
        }
        for about in &about.attempts {
            let attempt = &about.attempt;
            let before = self.report.problems.len();
            let prefix = prefix_of(about.run, attempt);
            let dropped = self.dropped.get(attempt).copied();
            if !self.started.contains(attempt) {
                self.report
                    .problem(format!("{attempt}: no event tells that it began"));
            }
            let sealed = self.sealed.get(attempt).copied();
            if about.manifest != sealed {
                self.report.problem(format!(
                    "{attempt}: {ABOUT} and the events name different seals"
                ));
            }
            match sealed {
                Some(manifest) => self.sealed_files(attempt, &prefix, manifest, &mut known),
                None => known.extend(self.below(&prefix)),
            }
            let state = if self.report.problems.len() > before {
                AttemptState::Tampered
            } else if dropped.is_some() {
                AttemptState::Dropped
            } else if sealed.is_some() {
                AttemptState::Verified
            } else {
                AttemptState::Open
            };
            self.report.attempts.push(AttemptReport {
                attempt: attempt.clone(),
                run: about.run,
                state,
                dropped,
            });
        }
        let strangers: Vec<String> = self
            .files
            .keys()
            .filter(|name| !known.contains(*name))
            .cloned()
            .collect();
        for name in strangers {
            self.report.problem(format!(
                "`{name}` is in no manifest: it was put there later"
            ));
        }
        self.report
    }

    fn below(&self, prefix: &str) -> Vec<String> {
        let names = self.files.keys();
        names
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// The files of a sealed attempt against its manifest, and that against the events.
    fn sealed_files(
        &mut self,
        attempt: &AttemptId,
        prefix: &str,
        sealed: Sha256,
        known: &mut BTreeSet<String>,
    ) {
        let name = format!("{prefix}{MANIFEST}");
        known.insert(name.clone());
        match self.files.get(&name) {
            None => {
                let problem = format!("{attempt}: its manifest is missing");
                return self.report.problem(problem);
            }
            Some((hash, _)) if *hash != sealed => {
                let problem = format!("{attempt}: its manifest is not the one that was sealed");
                self.report.problem(problem);
            }
            Some(_) => {}
        }
        let Some(manifest) = self.manifests.remove(&name) else {
            return;
        };
        if manifest.meta.attempt != *attempt {
            let problem = format!(
                "{attempt}: its manifest is that of {}",
                manifest.meta.attempt
            );
            self.report.problem(problem);
        }
        for file in manifest.files {
            let name = format!("{prefix}{}", file.path);
            match self.files.get(&name) {
                Some(found) if *found == (file.sha256, file.bytes) => {
                    self.report.files += 1;
                    self.report.bytes += file.bytes;
                }
                Some(_) => self
                    .report
                    .problem(format!("{attempt}: {} was changed", file.path)),
                None if self.dropped.contains_key(attempt) => {}
                None => self
                    .report
                    .problem(format!("{attempt}: {} is missing", file.path)),
            }
            known.insert(name);
        }
    }

    /// `SHA256SUMS` holds what no manifest does: events, guide, and files of attempts that were never sealed.
    fn check_sums(&mut self) {
        let Some(text) = self.sums.take() else {
            return;
        };
        let mut listed = BTreeSet::new();
        for line in String::from_utf8_lossy(&text).lines() {
            let entry = line.split_once("  ");
            let entry = entry.and_then(|(hash, name)| {
                let sum: Sha256 = hash.parse().ok()?;
                // As it was written, and in no other way that means the same.
                (sum.to_string() == hash).then_some((sum, name))
            });
            let Some((hash, name)) = entry else {
                let problem = format!("{SUMS}: `{}` is no sum", line.escape_debug());
                self.report.problem(problem);
                continue;
            };
            match self.files.get(name) {
                Some((found, _)) if *found == hash => {}
                Some(_) => self
                    .report
                    .problem(format!("`{name}` is not as {SUMS} has it")),
                None => self
                    .report
                    .problem(format!("`{name}` is in {SUMS} and not in the archive")),
            }
            listed.insert(name.to_owned());
        }
        let unlisted: Vec<String> = self
            .files
            .keys()
            .filter(|name| *name != SUMS && !listed.contains(*name))
            .cloned()
            .collect();
        for name in unlisted {
            self.report.problem(format!("`{name}` is not in {SUMS}"));
        }
    }
}

/// Relative, with plain parts, and nothing that a terminal would obey.
fn is_plain(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.chars().any(|c| c.is_control() || c == '\\')
    };
    name.split('/').all(plain)
}
