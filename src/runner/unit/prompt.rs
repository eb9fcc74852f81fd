//! Gathers what a prompt is made from.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::{Prepared, Unit};
use crate::domain::attempt::{Validation, Verdict};
use crate::domain::machine::Brief;
use crate::domain::prompt::{self, FailedCheck, PromptParts};
use crate::domain::settings::Claim;
use crate::runner::desk::open_regular;

/// Of a failed validation's output, this much of the end is read.
const OUTPUT_TAIL: u64 = 64 << 10;

impl Unit {
    /// The prompt of a turn. Fails when a context file that the ticket requires can't be read.
    pub(super) fn prompt(
        &self,
        prepared: &Prepared,
        turn: u32,
        brief: &Brief,
    ) -> Result<String, String> {
        let ticket = &self.spec.ticket;
        let claims_in_ticket = self.claim() == Claim::Ticket;
        let desk = prepared.desk.path().display().to_string();
        let parts = PromptParts {
            attempt: &self.spec.attempt,
            turn,
            ticket,
            title: ticket.title.as_deref().unwrap_or(ticket.name.as_str()),
            desk: &desk,
            claims_in_ticket,
            follow_ups: Some(self.follow_ups(prepared)),
            told: prepared.desk.told(),
            context: self.context_files(prepared)?,
            replies: &brief.replies,
            rejected: brief.rejected.as_deref(),
            conflicts: &brief.conflicts,
            failed: brief
                .failed
                .iter()
                .map(|check| failed_check(prepared, check))
                .collect(),
            went_on: brief.went_on.as_deref(),
            handed_over: brief.handed_over.as_deref(),
            previous: brief.previous.as_deref(),
            left_behind: brief.left_behind.as_ref(),
        };
        Ok(prompt::build(&parts, &self.context.config.prompt))
    }

    pub(super) fn claim(&self) -> Claim {
        let agent = self.context.config.agents.get(&self.spec.agent);
        agent.map_or(Claim::Ticket, |agent| agent.claim)
    }

    /// The shared notes, then the files that the ticket names.
    fn context_files(&self, prepared: &Prepared) -> Result<Vec<(String, String)>, String> {
        let budget = self.context.config.prompt.context as u64;
        let mut files = Vec::new();
        let notes = self.context.places.context();
        let mut names: Vec<_> = fs::read_dir(&notes)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "md"))
            .map(|entry| entry.file_name())
            .collect();
        names.sort();
        for name in names {
            if let Ok(text) = head(&notes.join(&name), budget) {
                files.push((name.to_string_lossy().into_owned(), text));
            }
        }
        for file in &self.spec.ticket.context {
            let path = prepared.workspace.path.join(&file.path);
            match head(&path, file.max_bytes.unwrap_or(budget)) {
                Ok(text) => files.push((file.path.clone(), text)),
                Err(error) if file.required => {
                    return Err(format!(
                        "the context file {} can't be read: {error}",
                        file.path
                    ));
                }
                Err(_optional) => {}
            }
        }
        Ok(files)
    }
}

fn failed_check(prepared: &Prepared, validation: &Validation) -> FailedCheck {
    let output = validation
        .output
        .as_ref()
        .and_then(|artifact| prepared.evidence.path_of(&artifact.path).ok())
        .and_then(|path| tail(&path).ok())
        .unwrap_or_default();
    let how = match (validation.verdict, validation.exit) {
        (Verdict::TimedOut, _) => "ran out of time".to_owned(),
        (_, Some(code)) => format!("exit code {code}"),
        (_, None) => "did not end by itself".to_owned(),
    };
    FailedCheck {
        name: validation.name.clone(),
        run: validation.run.clone(),
        how,
        output,
    }
}

fn head(path: &Path, limit: u64) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    // What agents can write may be a pipe by now.
    open_regular(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_TAIL)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
