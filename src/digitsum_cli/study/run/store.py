"""The store of a run: trials, outcomes and histories in SQLite, one transaction a trial.

Every row carries a digest of what it says, so that a damaged file is noticed and no wrong number comes out of it. Only
a file whose tables are exactly these is read: nothing else that SQLite could be made to compute is ever asked for.
"""

import contextlib
import hashlib
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

_VERSION = 4
_TABLES = (
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
_COLUMNS = ("status", "reason", "best_eval_accuracy", "best_step", "final_train_loss", "steps", "seconds")
_KEPT_COLUMNS = tuple(field.name for field in fields(KeptScores))


class Store:
    """The store of one run. Weights are not in it: they are the checkpoints.

    Arguments:
        path: the SQLite file.
        create: make it if it is not there.

    Raises:
        InputError: the file is not there, is not a store, is damaged, or was written by another version.
        DigitsumError: it cannot be opened or written.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._path = path
        with self._errors_named():
            mode = "rwc" if create else "rw"  # rw is read-only where the file or its folder is
            self._connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True)
            try:
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA trusted_schema = OFF")
                self._check(create)
            except BaseException:
                self._connection.close()
                raise

    def _check(self, create: bool) -> None:
        """Makes the tables of a new file; refuses one that has others, or is damaged."""
        version = self._value("PRAGMA user_version")
        tables = {sql for (sql,) in self._connection.execute("SELECT sql FROM sqlite_master")}
        if create and not tables and version == 0:
            tables_and_version = ";".join(("BEGIN", f"PRAGMA user_version = {_VERSION}", *_TABLES, "COMMIT"))
            self._connection.executescript(tables_and_version)
            return
        if version != _VERSION:
            newer = "a newer" if version > _VERSION else "another"
            raise InputError(
                f"{self._path} was written by {newer} digitsum (version {version}); this one reads version {_VERSION}",
                next_step="Use the digitsum that wrote it, or another folder",
            )
        if tables != set(_TABLES):
            raise InputError(f"{self._path} is not a readable store: its tables are not those of a run")
        if self._path.stat().st_size % self._value("PRAGMA page_size"):
            raise self._damaged("it was cut short")
        if (
            self._value("PRAGMA quick_check(1)") != "ok"
            or self._connection.execute("PRAGMA foreign_key_check").fetchone()
        ):
            raise self._damaged("its pages do not fit together")

    def _value(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self._path} is damaged: {what}", next_step="Copy it again, or run the sweep into another folder"
        )

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
            trials: in the order of the tables; all that have ended are among them.
            audits: of their data, by digest.

        Raises:
            DigitsumError: the store cannot be written.
        """
        rows = [(trial.identity, position, json.dumps(trial.to_dict())) for position, trial in enumerate(trials)]
        with self._errors_named(), self._connection:
            self._connection.execute("DELETE FROM trials WHERE id NOT IN (SELECT trial FROM outcomes)")
            self._connection.executemany(
                "INSERT INTO trials VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET position = excluded.position, settings = excluded.settings",
                rows,
            )
            texts = {digest: json.dumps(asdict(audit)) for digest, audit in audits.items()}
            self._connection.executemany(
                "INSERT OR REPLACE INTO audits VALUES (?, ?, ?)",
                [(digest, text, _sha256(digest, text)) for digest, text in texts.items()],
            )

    def audits(self) -> dict[str, Audit]:
        """What was found in the data, by digest.

        Raises:
            InputError: the store is damaged.
        """
        with self._errors_named():
            rows = self._connection.execute("SELECT data_digest, audit, digest FROM audits").fetchall()
        for data_digest, audit, digest in rows:
            if digest != _sha256(data_digest, audit):
                raise self._damaged("an audit is not what was written")
        return {data_digest: Audit(**json.loads(audit)) for data_digest, audit, _ in rows}

    def add(self, trial: Trial, outcome: Outcome) -> None:
        """Saves the outcome of a planned trial in one transaction, in place of an earlier one.

        Raises:
            DigitsumError: the store cannot be written.
        """
        identity = trial.identity
        values = [getattr(outcome, column) for column in _COLUMNS]
        values += [None if outcome.kept is None else getattr(outcome.kept, column) for column in _KEPT_COLUMNS]
        evaluations = [astuple(evaluation) for evaluation in outcome.evaluations]
        losses = (_pack(outcome.step_losses), _pack(outcome.epoch_losses))
        norms = [(parameter, _pack(norms)) for parameter, norms in sorted(outcome.gradient_norms.items())]
        losses_digest = _sha256(*losses, *(part for pair in norms for part in pair))
        digest = _sha256(json.dumps([identity, values, evaluations, losses_digest]))
        with self._errors_named(), self._connection:
            for table in ("evaluations", "gradient_norms"):
                self._connection.execute(f"DELETE FROM {table} WHERE trial = ?", (identity,))
            columns = (*_COLUMNS, *_KEPT_COLUMNS, "step_losses", "epoch_losses", "losses_digest", "digest")
            self._connection.execute(
                f"INSERT OR REPLACE INTO outcomes (trial, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})",
                (identity, *values, *losses, losses_digest, digest),
            )
            self._connection.executemany(
                "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?)",
                [(identity, *evaluation) for evaluation in evaluations],
            )
            self._connection.executemany(
                "INSERT INTO gradient_norms VALUES (?, ?, ?)", [(identity, *of_parameter) for of_parameter in norms]
            )

    def trials(self) -> dict[str, Trial]:
        """Every planned trial, by identity, in the order of the tables.

        Raises:
            InputError: the store is damaged.
        """
        with self._errors_named():
            rows = self._connection.execute("SELECT id, position, settings FROM trials ORDER BY position").fetchall()
        trials = {}
        for place, (identity, position, settings) in enumerate(rows):
            try:
                trial = Trial.from_dict(json.loads(settings))
            except (ValueError, TypeError, RecursionError) as error:
                raise self._damaged(f"the settings of trial {identity}: {error}") from error
            if position != place or trial.identity != identity:
                raise self._damaged("the trials are not those that were written")
            trials[identity] = trial
        return trials

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

        Raises:
            InputError: the store is damaged.
        """
        identity = trial.identity
        columns = [*_COLUMNS, *_KEPT_COLUMNS]
        with self._errors_named():
            row = self._connection.execute(
                f"SELECT losses_digest, digest, {', '.join(columns)} FROM outcomes WHERE trial = ?", (identity,)
            ).fetchone()
            evaluations = self._connection.execute(
                "SELECT step, epoch, train_loss, eval_loss, eval_accuracy "
                "FROM evaluations WHERE trial = ? ORDER BY step",
                (identity,),
            ).fetchall()
        if row is None:
            return None
        losses_digest, digest, *values = row
        if digest != _sha256(json.dumps([identity, values, evaluations, losses_digest])):
            raise self._damaged(f"the outcome of trial {identity} is not what was written")
        known = dict(zip(columns, values, strict=True))
        kept = {name: known.pop(name) for name in _KEPT_COLUMNS}
        return Outcome(
            **known,
            kept=None if kept["exact_accuracy"] is None else KeptScores(**kept),
            evaluations=tuple(Evaluation(*evaluation) for evaluation in evaluations),
            **(self._losses(identity, losses_digest) if losses else {}),
        )

    def _losses(self, identity: str, losses_digest: str) -> dict[str, Any]:
        with self._errors_named():
            step_losses, epoch_losses = self._connection.execute(
                "SELECT step_losses, epoch_losses FROM outcomes WHERE trial = ?", (identity,)
            ).fetchone()
            norms = self._connection.execute(
                "SELECT parameter, norms FROM gradient_norms WHERE trial = ? ORDER BY parameter", (identity,)
            ).fetchall()
        if losses_digest != _sha256(step_losses, epoch_losses, *(part for pair in norms for part in pair)):
            raise self._damaged(f"the losses of trial {identity} are not what was written")
        return {
            "step_losses": _unpack(step_losses),
            "epoch_losses": _unpack(epoch_losses),
            "gradient_norms": {parameter: _unpack(blob) for parameter, blob in norms},
        }

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
            full = "full" in str(error) or "I/O" in str(error)
            next_step = "Free some space; what had ended is saved, and a sweep goes on with --resume" if full else None
            raise DigitsumError(f"the store {self._path} cannot be used: {error}", next_step=next_step) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
            raise InputError(f"{self._path} is not a readable store: {error}") from error


def has_outcomes(path: Path) -> bool:
    """Whether a trial has ended in the store at ``path``; a file that is no store counts as one that has."""
    try:
        if path.stat().st_size == 0:  # a process was killed before it made the tables
            return False
        with Store(path) as store:
            return bool(store.ended_identities())
    except (OSError, DigitsumError):
        return True


def _sha256(*parts: str | bytes) -> str:
    """Of the parts, each with its length before it, so that nothing can move from one to the next."""
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def _pack(losses: tuple[float, ...]) -> bytes:
    return np.asarray(losses, dtype="<f8").tobytes()


def _unpack(blob: bytes) -> tuple[float, ...]:
    return tuple(np.frombuffer(blob, dtype="<f8").tolist())
