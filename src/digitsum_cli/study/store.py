"""The store of a run: trials, outcomes and histories in SQLite, one transaction a trial."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from digitsum_cli.core.audit import Audit
from digitsum_cli.core.record import Evaluation
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.study.outcome import KeptScores, Outcome
from digitsum_cli.study.trial import Trial

_VERSION = 3
_SCHEMA = f"""
BEGIN;
PRAGMA user_version = {_VERSION};
CREATE TABLE trials (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,       -- in the order of the tables
    settings TEXT NOT NULL           -- JSON
) WITHOUT ROWID;
CREATE TABLE audits (
    data_digest TEXT PRIMARY KEY,
    audit TEXT NOT NULL              -- JSON
) WITHOUT ROWID;
CREATE TABLE outcomes (
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
    epoch_losses BLOB NOT NULL       -- little-endian float64, one an epoch
) WITHOUT ROWID;
CREATE TABLE evaluations (
    trial TEXT NOT NULL REFERENCES trials (id),
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    train_loss REAL,
    eval_loss REAL,
    eval_accuracy REAL NOT NULL,
    PRIMARY KEY (trial, step)
) WITHOUT ROWID;
CREATE TABLE gradient_norms (
    trial TEXT NOT NULL REFERENCES trials (id),
    parameter TEXT NOT NULL,
    norms BLOB NOT NULL,             -- little-endian float64, one a step, before clipping
    PRIMARY KEY (trial, parameter)
) WITHOUT ROWID;
COMMIT;
"""
_COLUMNS = ("status", "reason", "best_eval_accuracy", "best_step", "final_train_loss", "steps", "seconds")
_KEPT_COLUMNS = tuple(field.name for field in fields(KeptScores))


class Store:
    """The store of one run. Weights are not in it: they are the checkpoints.

    Arguments:
        path: the SQLite file; made if it is not there.

    Raises:
        InputError: the file is not a store, or was written by another version.
        DigitsumError: it cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._errors_named():
            self._connection = sqlite3.connect(path)
            try:
                self._connection.execute("PRAGMA foreign_keys = ON")
                if not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    self._connection.executescript(_SCHEMA)
                version = self._connection.execute("PRAGMA user_version").fetchone()[0]
                if version != _VERSION:
                    raise InputError(f"{path} has version {version}, and this digitsum reads version {_VERSION}")
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plan(self, trials: Iterable[Trial], audits: Mapping[str, Audit]) -> None:
        """Notes down what will be run, in one transaction, in place of an earlier plan.

        Arguments:
            trials: in the order of the tables.
            audits: of their data, by digest.

        Raises:
            DigitsumError: the store cannot be written.
        """
        rows = [(trial.identity, position, json.dumps(trial.to_dict())) for position, trial in enumerate(trials)]
        with self._errors_named(), self._connection:
            self._connection.execute("DELETE FROM trials WHERE id NOT IN (SELECT trial FROM outcomes)")
            self._connection.executemany(
                "INSERT INTO trials VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET position = excluded.position", rows
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO audits VALUES (?, ?)",
                [(digest, json.dumps(asdict(audit))) for digest, audit in audits.items()],
            )

    def audits(self) -> dict[str, Audit]:
        """What was found in the data, by digest.

        Raises:
            InputError: the store is damaged.
        """
        with self._errors_named():
            rows = self._connection.execute("SELECT data_digest, audit FROM audits").fetchall()
        return {digest: Audit(**json.loads(audit)) for digest, audit in rows}

    def add(self, trial: Trial, outcome: Outcome) -> None:
        """Saves the outcome of a planned trial in one transaction, in place of an earlier one.

        Raises:
            DigitsumError: the store cannot be written.
        """
        identity = trial.identity
        values = [getattr(outcome, column) for column in _COLUMNS]
        values += [None if outcome.kept is None else getattr(outcome.kept, column) for column in _KEPT_COLUMNS]
        with self._errors_named(), self._connection:
            for table in ("evaluations", "gradient_norms"):
                self._connection.execute(f"DELETE FROM {table} WHERE trial = ?", (identity,))
            self._connection.execute(
                f"INSERT OR REPLACE INTO outcomes (trial, {', '.join((*_COLUMNS, *_KEPT_COLUMNS))}, "
                f"step_losses, epoch_losses) VALUES (?{', ?' * len(values)}, ?, ?)",
                (identity, *values, _pack(outcome.step_losses), _pack(outcome.epoch_losses)),
            )
            self._connection.executemany(
                "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?)",
                [(identity, *astuple(evaluation)) for evaluation in outcome.evaluations],
            )
            self._connection.executemany(
                "INSERT INTO gradient_norms VALUES (?, ?, ?)",
                [(identity, parameter, _pack(norms)) for parameter, norms in outcome.gradient_norms.items()],
            )

    def trials(self) -> dict[str, Trial]:
        """Every planned trial, by identity, in the order of the tables.

        Raises:
            InputError: the store is damaged.
        """
        with self._errors_named():
            rows = self._connection.execute("SELECT id, settings FROM trials ORDER BY position").fetchall()
        return {identity: Trial.from_dict(json.loads(settings)) for identity, settings in rows}

    def ended_identities(self) -> set[str]:
        """The identities of the trials that have ended.

        Raises:
            InputError: the store is damaged.
        """
        with self._errors_named():
            return {identity for (identity,) in self._connection.execute("SELECT trial FROM outcomes")}

    def outcome(self, trial: Trial, *, losses: bool = True) -> Outcome | None:
        """What a trial gave, without its weights; None if it has not ended.

        Arguments:
            trial: the trial.
            losses: read the losses of every step and epoch, and the gradient norms, as well.
        """
        identity = trial.identity
        columns = [*_COLUMNS, *_KEPT_COLUMNS, *(["step_losses", "epoch_losses"] if losses else [])]
        with self._errors_named():
            row = self._connection.execute(
                f"SELECT {', '.join(columns)} FROM outcomes WHERE trial = ?", (identity,)
            ).fetchone()
            evaluations = self._connection.execute(
                "SELECT step, epoch, train_loss, eval_loss, eval_accuracy "
                "FROM evaluations WHERE trial = ? ORDER BY step",
                (identity,),
            ).fetchall()
            norms = self._connection.execute(
                "SELECT parameter, norms FROM gradient_norms WHERE trial = ? AND ?", (identity, losses)
            ).fetchall()
        if row is None:
            return None
        values: dict[str, Any] = {
            name: _unpack(value) if isinstance(value, bytes) else value
            for name, value in zip(columns, row, strict=True)
        }
        kept = {name: values.pop(name) for name in _KEPT_COLUMNS}
        scores = None if kept["exact_accuracy"] is None else KeptScores(**kept)
        return Outcome(
            **values,
            kept=scores,
            evaluations=tuple(Evaluation(*evaluation) for evaluation in evaluations),
            gradient_norms={parameter: _unpack(blob) for parameter, blob in norms},
        )

    def ended(self, trials: Iterable[Trial], *, losses: bool = True) -> Iterator[tuple[Trial, Outcome]]:
        """Those of ``trials`` that have ended, in order, one outcome at a time; ``losses`` as in ``outcome``."""
        for trial in trials:
            if outcome := self.outcome(trial, losses=losses):
                yield trial, outcome

    @contextlib.contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise DigitsumError(f"the store {self._path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self._path} is not a readable store: {error}") from error


def has_outcomes(path: Path) -> bool:
    """Whether a trial has ended in the store at ``path``; a file that is no store counts as one that has."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT count(*) FROM outcomes").fetchone()[0])
    except sqlite3.Error:
        return True


def _pack(losses: tuple[float, ...]) -> bytes:
    return np.asarray(losses, dtype="<f8").tobytes()


def _unpack(blob: bytes) -> tuple[float, ...]:
    return tuple(np.frombuffer(blob, dtype="<f8").tolist())
