"""The store of a run: trials, outcomes and histories, one transaction per trial.

Every row has a checksum, so that a damaged file is detected rather than read as wrong numbers.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from digitsum_cli.core.audit import Audit
from digitsum_cli.core.record import Evaluation
from digitsum_cli.errors import DigitsumError, InputError
from digitsum_cli.rundir.digest import sha256_of
from digitsum_cli.rundir.store_file import StoreFile
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.scores import Share
from digitsum_cli.trials.trial import Trial

_RECORD = ("step_losses", "epoch_losses", "evaluations", "gradient_norms", "weights")
"""The fields of an outcome that are not part of its JSON."""

_THRESHOLDS = "thresholds"


class Store:
    """The store of one run. The weights are stored separately, as checkpoints.

    Arguments:
        path: the SQLite file.
        create: open the file for writing, and create it if it does not exist.

    Raises:
        InputError: the file does not exist, is not a store, is damaged, or was written by a newer version.
        DigitsumError: it cannot be opened or written.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._file = StoreFile(path, create=create)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plan(self, trials: Iterable[Trial], audits: Mapping[str, Audit]) -> None:
        """Records the planned trials in one transaction, replacing an earlier plan.

        Arguments:
            trials: trials in table order, including all finished ones.
            audits: audits of their data, by digest.

        Raises:
            DigitsumError: the store cannot be written.
        """
        rows = [(trial.identity, position, json.dumps(trial.to_dict())) for position, trial in enumerate(trials)]
        texts = {digest: json.dumps(asdict(audit)) for digest, audit in audits.items()}

        def statements(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM trials WHERE id NOT IN (SELECT trial FROM outcomes)")
            connection.executemany(
                "INSERT INTO trials VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET position = excluded.position, settings = excluded.settings",
                rows,
            )
            connection.executemany(
                "INSERT OR REPLACE INTO audits VALUES (?, ?, ?)",
                [(digest, text, sha256_of(digest, text)) for digest, text in texts.items()],
            )

        self._file.write(statements)

    def audits(self) -> dict[str, Audit]:
        """The audits of the data, by digest.

        Raises:
            InputError: the store is damaged.
        """
        audits = {}
        for data_digest, audit, digest in self._file.read("SELECT data_digest, audit, digest FROM audits"):
            if digest != sha256_of(data_digest, audit):
                raise self._file.damaged("an audit does not match its checksum")
            try:
                audits[data_digest] = _adapter(Audit).validate_json(audit, strict=True)
            except (ValueError, TypeError) as error:
                raise self._file.damaged("an audit is invalid") from error
        return audits

    def set_thresholds(self, thresholds: Sequence[float]) -> None:
        """Records the thresholds of the memory span, which the analysis of the run is made with.

        Raises:
            DigitsumError: the store cannot be written.
        """
        value = json.dumps(list(thresholds))

        def statements(connection: sqlite3.Connection) -> None:
            row = (_THRESHOLDS, value, sha256_of(_THRESHOLDS, value))
            connection.execute("INSERT OR REPLACE INTO options VALUES (?, ?, ?)", row)

        self._file.write(statements)

    def thresholds(self) -> tuple[float, ...] | None:
        """The thresholds of the memory span; None if an earlier format, which had none, was migrated.

        Raises:
            InputError: the store is damaged.
        """
        for value, digest in self._file.read("SELECT value, digest FROM options WHERE name = ?", (_THRESHOLDS,)):
            if digest != sha256_of(_THRESHOLDS, value):
                raise self._file.damaged("the thresholds do not match their checksum")
            try:
                thresholds: tuple[float, ...] = _adapter(tuple[Share, ...]).validate_json(value, strict=True)
            except (ValueError, TypeError) as error:
                raise self._file.damaged("the thresholds are invalid") from error
            return thresholds
        return None

    def add(self, trial: Trial, outcome: Outcome, replaced: Iterable[Trial] = ()) -> None:
        """Saves the outcome of a planned trial in one transaction, in place of an earlier one.

        Arguments:
            trial: the trial.
            outcome: its outcome.
            replaced: other trials, which are removed with their outcomes.

        Raises:
            DigitsumError: the store cannot be written.
        """
        identity, removed = trial.identity, [each.identity for each in replaced]
        described = {field.name: getattr(outcome, field.name) for field in fields(outcome) if field.name not in _RECORD}
        text = json.dumps({**described, "scores": asdict(outcome.scores) if outcome.scores else None})
        record = (_pack_evaluations(outcome.evaluations), _pack(outcome.step_losses), _pack(outcome.epoch_losses))
        norms = [(parameter, _pack(norms)) for parameter, norms in sorted(outcome.gradient_norms.items())]
        record_digest = sha256_of(*record, *(part for pair in norms for part in pair))

        def statements(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM gradient_norms WHERE trial = ?", (identity,))
            connection.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)",
                (identity, text, record_digest, sha256_of(identity, text, record_digest), *record),
            )
            connection.executemany(
                "INSERT INTO gradient_norms VALUES (?, ?, ?)", [(identity, *of_parameter) for of_parameter in norms]
            )
            for other in removed:
                connection.execute("DELETE FROM gradient_norms WHERE trial = ?", (other,))
                connection.execute("DELETE FROM outcomes WHERE trial = ?", (other,))
                connection.execute(
                    "UPDATE trials SET position = position - 1 WHERE position > "
                    "(SELECT position FROM trials WHERE id = ?)",
                    (other,),
                )
                connection.execute("DELETE FROM trials WHERE id = ?", (other,))

        self._file.write(statements)

    def trials(self) -> dict[str, Trial]:
        """Every planned trial by identity, in table order.

        Raises:
            InputError: the store is damaged.
        """
        trials = {}
        rows = self._file.read("SELECT id, position, settings FROM trials ORDER BY position")
        for place, (identity, position, settings) in enumerate(rows):
            try:
                trial = Trial.from_dict(json.loads(settings))
            except (ValueError, TypeError, RecursionError) as error:
                raise self._file.damaged(f"the settings of trial {identity}: {error}") from error
            if position != place or trial.identity != identity:
                raise self._file.damaged("the list of trials was changed")
            trials[identity] = trial
        return trials

    def ended_identities(self) -> set[str]:
        """The identities of the finished trials.

        Raises:
            InputError: the store is damaged.
        """
        return {identity for (identity,) in self._file.read("SELECT trial FROM outcomes")}

    def ended(self) -> dict[str, Outcome]:
        """The outcomes of the finished trials by identity, without losses, evaluations, gradient norms and weights.

        Raises:
            InputError: the store is damaged.
        """
        rows = self._file.read("SELECT trial, outcome, record_digest, digest FROM outcomes")
        return {identity: self._outcome(identity, *row) for identity, *row in rows}

    def records(self, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Outcome]]:
        """The finished ones of ``trials``, in order, with their outcomes, complete except for the weights.

        Raises:
            InputError: the store is damaged.
        """
        for trial in trials:
            if outcome := self.outcome(trial):
                yield trial, outcome

    def outcome(self, trial: Trial) -> Outcome | None:
        """The outcome of a trial, complete except for the weights; None if the trial has not finished.

        Raises:
            InputError: the store is damaged.
        """
        identity = trial.identity
        rows = self._file.read(
            "SELECT outcome, record_digest, digest, evaluations, step_losses, epoch_losses FROM outcomes "
            "WHERE trial = ?",
            (identity,),
        )
        if not rows:
            return None
        ((*described, evaluations, step_losses, epoch_losses),) = rows
        outcome = self._outcome(identity, *described)
        norms: list[tuple[str, bytes]] = []
        if trial.train.record_gradients:
            norms = self._file.read(
                "SELECT parameter, norms FROM gradient_norms WHERE trial = ? ORDER BY parameter", (identity,)
            )
        parts = (evaluations, step_losses, epoch_losses, *(part for pair in norms for part in pair))
        try:
            if described[1] != sha256_of(*parts):
                raise self._file.damaged(f"the losses of trial {identity} do not match their checksum")
            return replace(
                outcome,
                evaluations=_unpack_evaluations(evaluations),
                step_losses=_unpack(step_losses),
                epoch_losses=_unpack(epoch_losses),
                gradient_norms={parameter: _unpack(blob) for parameter, blob in norms},
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise self._file.damaged(f"the record of trial {identity} is invalid") from error

    def _outcome(self, identity: str, text: str, record_digest: str, digest: str) -> Outcome:
        try:
            if digest != sha256_of(identity, text, record_digest):
                raise self._file.damaged(f"the outcome of trial {identity} does not match its checksum")
            outcome: Outcome = _adapter(Outcome).validate_python(json.loads(text))
        except InputError:
            raise
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._file.damaged(f"the outcome of trial {identity} is invalid") from error
        return outcome


def has_outcomes(path: Path) -> bool:
    """Whether the store at ``path`` contains a finished trial; a file that is not a store counts as containing one."""
    try:
        if path.stat().st_size == 0:  # a process was killed before it created the tables
            return False
        with Store(path) as store:
            return bool(store.ended_identities())
    except (OSError, DigitsumError):
        return True


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _pack_evaluations(evaluations: tuple[Evaluation, ...]) -> bytes:
    return np.array([astuple(evaluation) for evaluation in evaluations], "<f8").tobytes()


def _unpack_evaluations(blob: bytes) -> tuple[Evaluation, ...]:
    rows = np.frombuffer(blob, "<f8").reshape(-1, len(fields(Evaluation))).tolist()
    return tuple(Evaluation(int(step), int(epoch), *measures) for step, epoch, *measures in rows)


def _pack(losses: tuple[float, ...]) -> bytes:
    return np.asarray(losses, dtype="<f8").tobytes()


def _unpack(blob: bytes) -> tuple[float, ...]:
    return tuple(np.frombuffer(blob, dtype="<f8").tolist())
