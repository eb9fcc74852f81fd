//! The chain, row by row.

use rusqlite::Connection;

use super::super::chain::{GENESIS, Row};
use super::super::codec::{self, Stored};
use super::super::projections::read_row;
use super::report::{Problem, Report, Warning};
use crate::domain::ids::{Sequence, Sha256};

/// A row that its hash does not explain; the next row tells whether they changed places.
struct Suspect {
    row: Row,
    hash: Sha256,
    previous: Sha256,
}

pub(super) fn check(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut walk = Walk {
        previous: Some(GENESIS),
        next: 1,
        suspect: None,
        report,
    };
    let mut statement = connection
        .prepare("SELECT seq, at, run, kind, version, payload, hash FROM events ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match (read_row(row), row.get(6)) {
            (Ok(content), Ok(hash)) => walk.row(content, Sha256(hash)),
            // Somebody put in what docket never writes (a negative run, a hash of another size).
            _ => walk.unreadable(row.get(0)?),
        }
    }
    walk.settle();
    Ok(())
}

struct Walk<'a> {
    /// The hash that the next row builds on; unknown after a gap.
    previous: Option<Sha256>,
    next: u64,
    suspect: Option<Suspect>,
    report: &'a mut Report,
}

impl Walk<'_> {
    fn row(&mut self, row: Row, hash: Sha256) {
        self.arrive(row.seq);
        let seq = row.seq;
        if let Some(suspect) = self.suspect.take() {
            if let Some(rightful) = suspect.changed_places_with(&row, hash) {
                self.report.problem(Problem::SwappedRows {
                    first: Sequence(suspect.row.seq),
                    second: Sequence(seq),
                });
                return self.leave(seq, rightful);
            }
            self.report.problem(Problem::ChangedRow {
                seq: Sequence(suspect.row.seq),
            });
        }
        match self.previous {
            Some(previous) if row.link(previous) != hash => {
                self.leave(seq, hash);
                self.suspect = Some(Suspect {
                    row,
                    hash,
                    previous,
                });
            }
            _ => {
                self.leave(seq, hash);
                if let Stored::Opaque { row, .. } = codec::decode_row(row) {
                    self.report.warning(Warning::OpaqueRow {
                        seq: Sequence(row.seq),
                        kind: row.kind,
                    });
                }
            }
        }
    }

    fn unreadable(&mut self, seq: i64) {
        let seq = u64::try_from(seq).unwrap_or(0);
        self.arrive(seq);
        self.settle();
        self.report
            .problem(Problem::ChangedRow { seq: Sequence(seq) });
        self.next = self.next.max(seq.saturating_add(1));
        self.previous = None;
    }

    /// Rows come in the order of their places, so what is skipped is missing.
    fn arrive(&mut self, seq: u64) {
        if seq > self.next {
            self.settle();
            self.report.problem(Problem::MissingRows {
                first: Sequence(self.next),
                last: Sequence(seq - 1),
            });
            self.previous = None;
        }
    }

    fn leave(&mut self, seq: u64, hash: Sha256) {
        // From here on the stored hash counts, so that one changed row is one problem and not thousands.
        self.previous = Some(hash);
        self.next = seq.saturating_add(1);
        self.report.events += 1;
        self.report.head = Some((Sequence(seq), hash));
    }

    fn settle(&mut self) {
        if let Some(suspect) = self.suspect.take() {
            self.report.problem(Problem::ChangedRow {
                seq: Sequence(suspect.row.seq),
            });
        }
    }
}

impl Suspect {
    /// Whether this row and the one after it fit the chain the other way round, with or without their hashes; gives the hash
    /// that the chain goes on with.
    fn changed_places_with(&self, second: &Row, second_hash: Sha256) -> Option<Sha256> {
        let first_link = second.link_at(self.row.seq, self.previous);
        let second_link = self.row.link_at(second.seq, first_link);
        let with_hashes = first_link == second_hash && second_link == self.hash;
        let without_hashes = first_link == self.hash && second_link == second_hash;
        (with_hashes || without_hashes).then_some(second_link)
    }
}
