//! `docket log`: what an agent said and did, as far as it is, or as it comes.

use serde::Serialize;

use super::arguments::{Global, LogArguments};
use super::error::CliError;
use super::find::{self, Target};
use super::history;
use super::output::{self, Paint, SCHEMA};
use super::place::Place;
use super::redecode;
use super::survey;
use super::tail::{Tail, Watch};
use super::text;
use super::transcript::Printer;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::ids::AttemptId;
use crate::domain::item::Entry;
use crate::exit::Exit;
use crate::store::Reader;
use crate::store::records::AttemptRecord;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// An entry of the transcript.
    Entry {
        schema: u32,
        attempt: &'a AttemptId,
        #[serde(flatten)]
        entry: &'a Entry,
    },
    /// A line of the transcript that is none.
    Unreadable {
        schema: u32,
        attempt: &'a AttemptId,
        line: String,
    },
    /// There is no more of this attempt; no outcome: it still runs.
    End {
        schema: u32,
        attempt: &'a AttemptId,
        outcome: Option<&'a AttemptOutcome>,
    },
}

pub(super) fn run(global: &Global, arguments: &LogArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let (reader, target) = find::one(&place, &arguments.ticket)?;
    let form = match (arguments.raw, global.json) {
        (true, _) => Form::Raw,
        (false, true) => Form::Json,
        (false, false) => Form::Text(Box::new(Printer::new(Paint::for_result()))),
    };
    let mut log = Log {
        place: &place,
        reader,
        form,
    };
    if arguments.redecode {
        let record = find::last_attempt(&log.reader, &target, arguments.attempt)?;
        redecode::run(&place, &record, arguments.decoder.as_deref(), &mut log.form)?;
    } else if arguments.follow {
        log.follow(&target, arguments.attempt)?;
    } else {
        let record = find::last_attempt(&log.reader, &target, arguments.attempt)?;
        let mut tail = log.open(&record);
        log.say_dropped(&record);
        log.print(&record, &mut tail, true)?;
    }
    Ok(Exit::Done)
}

/// How a transcript is printed.
pub(super) enum Form {
    Text(Box<Printer>),
    Json,
    Raw,
}

struct Log<'a> {
    place: &'a Place,
    reader: Reader,
    form: Form,
}

/// Whether the reader of the result is still there.
pub(super) type GoesOn = bool;

/// What follows an attempt.
enum Next {
    Attempt(Box<AttemptRecord>),
    /// The ticket's turn in the run goes on: another attempt may come.
    Open,
    Over,
}

impl Log<'_> {
    fn open(&self, record: &AttemptRecord) -> Tail {
        let folder = history::folder_of(&self.place.places, record.run, record);
        Tail::new(folder.join(match self.form {
            Form::Raw => "raw.jsonl",
            Form::Text(_) | Form::Json => "transcript.jsonl",
        }))
    }

    /// Prints what there is. `is_last`: nothing more is expected.
    fn print(
        &mut self,
        record: &AttemptRecord,
        tail: &mut Tail,
        is_last: bool,
    ) -> Result<GoesOn, CliError> {
        loop {
            let mut lines = tail.lines()?;
            let is_end = lines.is_empty();
            // Half a line of an attempt that runs is not there yet.
            if is_end && is_last && record.outcome.is_some() {
                lines.extend(tail.rest());
            }
            for line in &lines {
                self.form.line(&record.attempt, line)?;
            }
            if is_end && is_last {
                self.form.end(record)?;
            }
            if !self.form.flush()? {
                return Ok(false);
            }
            if is_end {
                return Ok(true);
            }
        }
    }

    /// Prints what comes, until the ticket's turn in the run is over or nobody works on it anymore.
    fn follow(&mut self, target: &Target, number: Option<u32>) -> Result<(), CliError> {
        let mut watch = Watch::new();
        watch.add(&self.place.places.docket());
        let Some(mut record) = self.first(target, number, &mut watch)? else {
            return Err(find::no_attempt(target));
        };
        loop {
            self.announce(&record);
            let mut tail = self.open(&record);
            let folder = history::folder_of(&self.place.places, record.run, &record);
            loop {
                watch.add(&folder);
                // Asked before the file is read: whoever died or ended before has written all.
                let is_alive = survey::holder(self.place)?.is_some();
                let now = self.reader.attempt(&record.attempt)?;
                let is_over = now.as_ref().is_some_and(|now| now.outcome.is_some());
                record = now.unwrap_or(record);
                if !self.print(&record, &mut tail, is_over || !is_alive)? {
                    return Ok(());
                }
                if is_over {
                    break;
                }
                if !is_alive {
                    output::say("the docket that ran it is gone; the next start ends the attempt");
                    return Ok(());
                }
                watch.wait();
            }
            record = loop {
                let is_alive = survey::holder(self.place)?.is_some();
                match self.next(&record)? {
                    Next::Attempt(next) => break *next,
                    Next::Open if is_alive => watch.wait(),
                    Next::Open | Next::Over => return Ok(()),
                }
            };
        }
    }

    /// The attempt to begin with; waits for the first one while a runner lives.
    fn first(
        &self,
        target: &Target,
        number: Option<u32>,
        watch: &mut Watch,
    ) -> Result<Option<AttemptRecord>, CliError> {
        loop {
            let is_alive = survey::holder(self.place)?.is_some();
            let record = find::attempt(&self.reader, target, number)?;
            if record.is_some() || !is_alive {
                return Ok(record);
            }
            watch.wait();
        }
    }

    fn next(&self, record: &AttemptRecord) -> Result<Next, CliError> {
        // Asked in this order: a step that is over began no attempt after that.
        let steps = self.reader.steps(record.run)?;
        let step = steps.into_iter().find(|step| step.ticket == record.ticket);
        let attempts = self.reader.attempts_of_run(record.run)?;
        let next = attempts.into_iter().find(|attempt| {
            attempt.ticket == record.ticket && attempt.attempt.number > record.attempt.number
        });
        Ok(match (next, step) {
            (Some(next), _) => Next::Attempt(Box::new(next)),
            (None, Some(step)) if step.outcome.is_none() => Next::Open,
            (None, _) => Next::Over,
        })
    }

    fn announce(&mut self, record: &AttemptRecord) {
        if let Form::Text(printer) = &mut self.form {
            printer.heading(&record.attempt.to_string());
        }
        self.say_dropped(record);
    }

    /// Why there is no transcript. Best effort: how the attempt ended follows in any case.
    fn say_dropped(&self, record: &AttemptRecord) {
        if let Ok(Some(dropped)) = history::dropped(&self.reader, &record.attempt) {
            output::say(&dropped);
        }
    }
}

impl Form {
    fn line(&mut self, attempt: &AttemptId, line: &[u8]) -> Result<(), CliError> {
        let text = String::from_utf8_lossy(line);
        if matches!(self, Self::Raw) {
            return Ok(output::line(&text::block(&text))?);
        }
        match serde_json::from_slice::<Entry>(line) {
            Ok(entry) => self.entry(attempt, &entry),
            Err(_) => self.unreadable(attempt, &text),
        }
    }

    /// An entry of the transcript.
    pub(super) fn entry(&mut self, attempt: &AttemptId, entry: &Entry) -> Result<(), CliError> {
        match self {
            Self::Text(printer) => printer.entry(entry),
            Self::Json => output::json_line(&Line::Entry {
                schema: SCHEMA,
                attempt,
                entry,
            })?,
            Self::Raw => {}
        }
        Ok(())
    }

    /// A line of evidence that is not what it should be.
    pub(super) fn unreadable(&mut self, attempt: &AttemptId, line: &str) -> Result<(), CliError> {
        match self {
            Self::Text(printer) => printer.line(&format!("? {}", text::line(line))),
            Self::Json => output::json_line(&Line::Unreadable {
                schema: SCHEMA,
                attempt,
                line: line.to_owned(),
            })?,
            Self::Raw => {}
        }
        Ok(())
    }

    /// There is no more of this attempt.
    pub(super) fn end(&mut self, record: &AttemptRecord) -> Result<(), CliError> {
        match self {
            Self::Text(printer) => {
                printer.end_line();
                let text = printer.take();
                output::bytes(text.as_bytes())?;
                if let Some(outcome) = &record.outcome {
                    output::say(&format!("{} {outcome}", record.attempt));
                }
            }
            Self::Json => output::json_line(&Line::End {
                schema: SCHEMA,
                attempt: &record.attempt,
                outcome: record.outcome.as_ref(),
            })?,
            Self::Raw => {}
        }
        Ok(())
    }

    /// Hands what was printed to the reader.
    pub(super) fn flush(&mut self) -> Result<GoesOn, CliError> {
        let text = match self {
            Self::Text(printer) => printer.take(),
            Self::Json | Self::Raw => String::new(),
        };
        Ok(output::more(text.as_bytes())?)
    }
}
