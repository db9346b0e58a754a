"""Version 5 to 6: a table for the options of a run."""

import sqlite3

from digitsum_cli.rundir.store_tables import TABLES as NEXT_TABLES

TABLES = (
    """CREATE TABLE trials (
    id TEXT PRIMARY KEY,             -- the trial's identity
    position INTEGER NOT NULL,       -- in the order of the tables
    settings TEXT NOT NULL           -- JSON
) WITHOUT ROWID""",
    """CREATE TABLE audits (
    data_digest TEXT PRIMARY KEY,
    audit TEXT NOT NULL,             -- JSON
    digest TEXT NOT NULL             -- SHA-256 of the audit
) WITHOUT ROWID""",
    """CREATE TABLE outcomes (
    trial TEXT PRIMARY KEY REFERENCES trials (id),
    outcome TEXT NOT NULL,           -- JSON: status, reason, best step, scores, …
    record_digest TEXT NOT NULL,     -- SHA-256 of the evaluations, losses and gradient norms
    digest TEXT NOT NULL,            -- SHA-256 of the trial, the outcome and record_digest
    evaluations BLOB NOT NULL,       -- little-endian float64: step, epoch, train loss, eval loss, eval accuracy
    step_losses BLOB NOT NULL,       -- little-endian float64, one per step
    epoch_losses BLOB NOT NULL       -- little-endian float64, one per epoch
) WITHOUT ROWID""",
    """CREATE TABLE gradient_norms (
    trial TEXT NOT NULL REFERENCES trials (id),
    parameter TEXT NOT NULL,
    norms BLOB NOT NULL,             -- little-endian float64, one per step, before clipping
    PRIMARY KEY (trial, parameter)
) WITHOUT ROWID""",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Migrates the tables; see ``Migration``."""
    for statement in NEXT_TABLES:
        if statement not in TABLES:
            connection.execute(statement)
