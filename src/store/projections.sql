CREATE TABLE runs (
    run       INTEGER PRIMARY KEY,
    started   INTEGER NOT NULL,
    finished  INTEGER,
    jobs      INTEGER NOT NULL,
    branch    TEXT,
    base      TEXT,
    version   TEXT NOT NULL,
    outcome   TEXT,
    first_seq INTEGER NOT NULL
) STRICT;
CREATE TABLE steps (
    run      INTEGER NOT NULL,
    ticket   TEXT NOT NULL,
    name     TEXT NOT NULL,
    title    TEXT NOT NULL,
    revision BLOB NOT NULL,
    started  INTEGER NOT NULL,
    finished INTEGER,
    outcome  TEXT,
    attempt  INTEGER,
    PRIMARY KEY (run, ticket)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
    name      TEXT NOT NULL,
    number    INTEGER NOT NULL,
    run       INTEGER NOT NULL,
    ticket    TEXT NOT NULL,
    revision  BLOB NOT NULL,
    agent     TEXT NOT NULL,
    session   TEXT,
    started   INTEGER NOT NULL,
    finished  INTEGER,
    outcome   TEXT,
    turns     INTEGER NOT NULL DEFAULT 0,
    input     INTEGER NOT NULL DEFAULT 0,
    cached    INTEGER NOT NULL DEFAULT 0,
    output    INTEGER NOT NULL DEFAULT 0,
    reasoning INTEGER NOT NULL DEFAULT 0,
    cost      REAL,
    manifest  BLOB,
    files     INTEGER,
    bytes     INTEGER,
    work      TEXT,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    PRIMARY KEY (name, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE done (
    ticket TEXT NOT NULL PRIMARY KEY,
    proof  TEXT NOT NULL,
    before BLOB NOT NULL,
    after  BLOB NOT NULL,
    name   TEXT,
    number INTEGER,
    run    INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
