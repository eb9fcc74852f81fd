//! The projections against a replay of the events.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::projections;
use super::report::{Problem, Report};
use crate::domain::ids::Sequence;

pub(super) fn check(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    // An unnamed database lives in memory and moves to a temporary file when it grows.
    let replayed = Connection::open("")?;
    replayed.execute_batch(projections::CREATE)?;
    replayed.execute_batch("BEGIN")?;
    projections::replay(connection, &replayed)?;
    check_end(connection, report)?;
    for (table, key) in projections::TABLES {
        compare(connection, &replayed, table, key, report)?;
    }
    Ok(())
}

fn check_end(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let seen: Option<i64> =
        connection.query_row("SELECT max(last_seq) FROM attempts", [], |row| row.get(0))?;
    let seen = u64::try_from(seen.unwrap_or(0)).unwrap_or(0);
    let last = report.head.map_or(0, |(seq, _)| seq.0);
    if seen > last {
        report.problem(Problem::CutOff {
            last: Sequence(last),
            seen: Sequence(seen),
        });
    }
    Ok(())
}

/// Walks both tables in the order of their keys.
fn compare(
    stored: &Connection,
    replayed: &Connection,
    table: &str,
    key: &str,
    report: &mut Report,
) -> rusqlite::Result<()> {
    let sql = format!("SELECT * FROM {table} ORDER BY {key}");
    let width = key.split(',').count();
    let (mut stored, mut replayed) = (stored.prepare(&sql)?, replayed.prepare(&sql)?);
    let (mut stored, mut replayed) = (stored.query([])?, replayed.query([])?);
    let (mut mine, mut theirs) = (values(stored.next()?)?, values(replayed.next()?)?);
    loop {
        let (wrong, step_mine, step_theirs) = match (&mine, &theirs) {
            (None, None) => return Ok(()),
            (Some(row), None) => (Some(row), true, false),
            (None, Some(row)) => (Some(row), false, true),
            (Some(a), Some(b)) if a == b => (None, true, true),
            (Some(a), Some(b)) => match order(&a[..width], &b[..width]) {
                std::cmp::Ordering::Less => (Some(a), true, false),
                std::cmp::Ordering::Greater => (Some(b), false, true),
                std::cmp::Ordering::Equal => (Some(a), true, true),
            },
        };
        if let Some(row) = wrong {
            report.problem(Problem::WrongProjection {
                table: table.to_owned(),
                key: row[..width].iter().map(show).collect::<Vec<_>>().join(" "),
            });
        }
        if step_mine {
            mine = values(stored.next()?)?;
        }
        if step_theirs {
            theirs = values(replayed.next()?)?;
        }
    }
}

fn values(row: Option<&rusqlite::Row<'_>>) -> rusqlite::Result<Option<Vec<Value>>> {
    let Some(row) = row else { return Ok(None) };
    (0..row.as_ref().column_count())
        .map(|column| row.get(column))
        .collect::<rusqlite::Result<_>>()
        .map(Some)
}

/// Keys are integers and texts only, which SQLite orders as Rust does.
fn order(a: &[Value], b: &[Value]) -> std::cmp::Ordering {
    a.iter()
        .zip(b)
        .map(|pair| match pair {
            (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            _ => std::cmp::Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

fn show(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Null | Value::Real(_) | Value::Blob(_) => "?".to_owned(),
    }
}
