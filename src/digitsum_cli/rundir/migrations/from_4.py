"""Version 4 (digitsum 0.1.0) to 5: trial settings by section, outcomes as JSON, evaluations as a binary array."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from digitsum_cli.rundir.digest import sha256_of
from digitsum_cli.rundir.migrations.from_5 import TABLES as NEXT_TABLES
from digitsum_cli.trials.trial import Trial

TABLES = (
    """CREATE TABLE trials (
    id TEXT PRIMARY KEY,             -- a digest of the settings
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
    status TEXT NOT NULL,            -- done, diverged or failed
    reason TEXT,
    best_eval_accuracy REAL,
    best_step INTEGER,
    train_accuracy REAL,
    test_accuracy REAL,
    test_rows INTEGER,
    unseen_test_accuracy REAL,
    unseen_test_rows INTEGER,
    exact_accuracy REAL,
    final_train_loss REAL,
    steps INTEGER NOT NULL,
    seconds REAL NOT NULL,
    step_losses BLOB NOT NULL,       -- little-endian float64, one a step
    epoch_losses BLOB NOT NULL,      -- little-endian float64, one an epoch
    losses_digest TEXT NOT NULL,     -- SHA-256 of the losses and gradient norms
    digest TEXT NOT NULL             -- SHA-256 of all else, the evaluations and losses_digest
) WITHOUT ROWID""",
    """CREATE TABLE evaluations (
    trial TEXT NOT NULL REFERENCES trials (id),
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    train_loss REAL,
    eval_loss REAL,
    eval_accuracy REAL NOT NULL,
    PRIMARY KEY (trial, step)
) WITHOUT ROWID""",
    """CREATE TABLE gradient_norms (
    trial TEXT NOT NULL REFERENCES trials (id),
    parameter TEXT NOT NULL,
    norms BLOB NOT NULL,             -- little-endian float64, one a step, before clipping
    PRIMARY KEY (trial, parameter)
) WITHOUT ROWID""",
)

_OUTCOME = ("status", "reason", "best_eval_accuracy", "best_step", "final_train_loss", "steps", "seconds")
_SCORES = (
    *("train_accuracy", "test_accuracy", "test_rows", "unseen_test_accuracy", "unseen_test_rows", "exact_accuracy"),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Migrates the tables; see ``Migration``."""
    for table in ("trials", "outcomes", "gradient_norms"):
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_4")
    connection.execute("ALTER TABLE audits RENAME TO audits_4")
    for statement in NEXT_TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO audits SELECT * FROM audits_4")
    for identity, position, settings in connection.execute("SELECT id, position, settings FROM trials_4").fetchall():
        trial = Trial.from_dict(json.loads(settings))
        if trial.identity != identity:
            raise ValueError(f"the settings of trial {identity} do not match its identity")
        connection.execute("INSERT INTO trials VALUES (?, ?, ?)", (identity, position, json.dumps(trial.to_dict())))
    for (identity,) in connection.execute("SELECT trial FROM outcomes_4").fetchall():
        _migrate_outcome(connection, identity)
    connection.execute("INSERT INTO gradient_norms SELECT * FROM gradient_norms_4")
    for table in ("evaluations", "gradient_norms_4", "outcomes_4", "trials_4", "audits_4"):
        connection.execute(f"DROP TABLE {table}")


def _migrate_outcome(connection: sqlite3.Connection, identity: str) -> None:
    def rows(columns: Sequence[str], table: str, order: str) -> list[tuple[Any, ...]]:
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE trial = ? ORDER BY {order}"
        return connection.execute(query, (identity,)).fetchall()

    (values,) = rows((*_OUTCOME, *_SCORES), "outcomes_4", "trial")
    ((steps, epochs, losses_digest, digest),) = rows(
        ("step_losses", "epoch_losses", "losses_digest", "digest"), "outcomes_4", "trial"
    )
    evaluations = rows(("step", "epoch", "train_loss", "eval_loss", "eval_accuracy"), "evaluations", "step")
    norms = [part for pair in rows(("parameter", "norms"), "gradient_norms_4", "parameter") for part in pair]
    written = json.dumps([identity, values, evaluations, losses_digest])
    if digest != sha256_of(written) or losses_digest != sha256_of(steps, epochs, *norms):
        raise ValueError(f"the outcome of trial {identity} does not match its checksum")
    outcome = dict(zip(_OUTCOME, values, strict=False))
    scores = dict(zip(_SCORES, values[len(_OUTCOME) :], strict=True))
    text = json.dumps({**outcome, "scores": None if scores["exact_accuracy"] is None else scores})
    packed = np.array(evaluations, "<f8").reshape(-1, 5).tobytes()
    record_digest = sha256_of(packed, steps, epochs, *norms)
    connection.execute(
        "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)",
        (identity, text, record_digest, sha256_of(identity, text, record_digest), packed, steps, epochs),
    )
