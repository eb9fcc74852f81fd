//! `docket log --redecode`: raw evidence read again, with the decoders of this version. Writes nothing.

use super::error::CliError;
use super::history;
use super::log::Form;
use super::output;
use super::place::Place;
use super::tail::Tail;
use crate::agents::Decoded;
use crate::agents::recording::{Fact, Record, Unwrap};
use crate::agents::replay::Player;
use crate::config::Decoder;
use crate::domain::item::Entry;
use crate::domain::time::Timestamp;
use crate::store::records::AttemptRecord;

/// Prints the transcript of an attempt as its raw evidence is understood now. `named` is the decoder to use in place of
/// the one that the evidence names.
pub(super) fn run(
    place: &Place,
    record: &AttemptRecord,
    named: Option<&str>,
    form: &mut Form,
) -> Result<(), CliError> {
    let unknown = |error: crate::domain::settings::UnknownWord| CliError::Usage(error.to_string());
    let named = named.map(str::parse).transpose().map_err(unknown)?;
    let path = history::folder_of(&place.places, record.run, record).join("raw.jsonl");
    if !path.exists() {
        return Err(CliError::Failed(format!(
            "{} has no raw evidence: {} is missing",
            record.attempt,
            place.shown(&path)
        )));
    }
    let mut tail = Tail::new(path);
    let mut reading = Reading::new(record, named);
    loop {
        let mut lines = tail.lines()?;
        let is_end = lines.is_empty();
        // Half a line of an attempt that runs is not there yet.
        if is_end && record.outcome.is_some() {
            lines.extend(tail.rest());
        }
        for line in &lines {
            reading.line(&String::from_utf8_lossy(line), form)?;
        }
        if is_end {
            break;
        }
        if !form.flush()? {
            return Ok(());
        }
    }
    reading.finish(form)?;
    form.end(record)?;
    let _whoever_read_has_all = form.flush()?;
    Ok(())
}

struct Reading<'a> {
    record: &'a AttemptRecord,
    named: Option<Decoder>,
    /// What was said last to be the decoder.
    said: Option<Decoder>,
    unwrap: Unwrap,
    player: Player,
    at: Timestamp,
    turn: u32,
}

impl<'a> Reading<'a> {
    fn new(record: &'a AttemptRecord, named: Option<Decoder>) -> Self {
        Self {
            record,
            named,
            said: None,
            unwrap: Unwrap::default(),
            player: Player::new(named.unwrap_or(Decoder::Lines)),
            at: record.started,
            turn: 1,
        }
    }

    fn line(&mut self, line: &str, form: &mut Form) -> Result<(), CliError> {
        let Ok(record) = Record::parse(line) else {
            return form.unreadable(&self.record.attempt, line);
        };
        let elapsed = std::time::Duration::from_millis(record.t);
        self.at = self.record.started.after(elapsed);
        let Some(record) = self.unwrap.unwrap(record) else {
            return Ok(());
        };
        let turn = record.turn.unwrap_or(self.turn);
        let mut decoded = Decoded::default();
        self.player.record(&record, &mut decoded);
        if let Some(Fact::Started(_)) = record.fact() {
            self.switch();
            // What the process before left open is closed now, and belongs to the turn before.
            self.print(decoded, form)?;
            self.turn = turn;
            return Ok(());
        }
        self.turn = turn;
        self.print(decoded, form)
    }

    /// Takes the decoder that the start of a process names.
    fn switch(&mut self) {
        let decoder = self.named.unwrap_or(self.unwrap.hearing().decoder);
        self.player.switch(decoder);
        if self.said.replace(decoder) != Some(decoder) {
            output::say(&format!("read as {decoder}"));
        }
    }

    fn finish(&mut self, form: &mut Form) -> Result<(), CliError> {
        let mut decoded = Decoded::default();
        // What an agent does now has no end yet.
        if self.record.outcome.is_some() {
            self.player.finish(None, &mut decoded);
        }
        self.print(decoded, form)
    }

    fn print(&self, decoded: Decoded, form: &mut Form) -> Result<(), CliError> {
        for draft in decoded.drafts {
            let entry = Entry {
                id: draft.id,
                at: self.at,
                turn: self.turn,
                parent: draft.parent,
                append: draft.append,
                item: draft.item,
            };
            form.entry(&self.record.attempt, &entry)?;
        }
        Ok(())
    }
}
