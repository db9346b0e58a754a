"""The store of a run: trials, outcomes and histories, one transaction a trial.

Every row carries a digest of what it says, so that a damaged file is noticed and no wrong number comes out of it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from digitsum_cli.core.audit import Audit
from digitsum_cli.errors import DigitsumError
from digitsum_cli.rundir.store_file import StoreFile
from digitsum_cli.trials.outcome import KeptScores, Outcome
from digitsum_cli.trials.trial import Trial

_COLUMNS = ("status", "reason", "best_eval_accuracy", "best_step", "final_train_loss", "steps", "seconds")
_KEPT_COLUMNS = tuple(field.name for field in fields(KeptScores))
_EVALUATION_COLUMNS = ("step", "epoch", "train_loss", "eval_loss", "eval_accuracy")


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
        self._file = StoreFile(path, create=create)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

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
                [(digest, text, _sha256(digest, text)) for digest, text in texts.items()],
            )

        self._file.write(statements)

    def audits(self) -> dict[str, Audit]:
        """What was found in the data, by digest.

        Raises:
            InputError: the store is damaged.
        """
        audits = {}
        for data_digest, audit, digest in self._file.read("SELECT data_digest, audit, digest FROM audits"):
            if digest != _sha256(data_digest, audit):
                raise self._file.damaged("an audit is not what was written")
            try:
                audits[data_digest] = _adapter(Audit).validate_json(audit, strict=True)
            except (ValueError, TypeError) as error:
                raise self._file.damaged("an audit is none") from error
        return audits

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
        columns = (*_COLUMNS, *_KEPT_COLUMNS, "step_losses", "epoch_losses", "losses_digest", "digest")

        def statements(connection: sqlite3.Connection) -> None:
            for table in ("evaluations", "gradient_norms"):
                connection.execute(f"DELETE FROM {table} WHERE trial = ?", (identity,))
            connection.execute(
                f"INSERT OR REPLACE INTO outcomes (trial, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})",
                (identity, *values, *losses, losses_digest, digest),
            )
            connection.executemany(
                "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?)",
                [(identity, *evaluation) for evaluation in evaluations],
            )
            connection.executemany(
                "INSERT INTO gradient_norms VALUES (?, ?, ?)", [(identity, *of_parameter) for of_parameter in norms]
            )

        self._file.write(statements)

    def trials(self) -> dict[str, Trial]:
        """Every planned trial, by identity, in the order of the tables.

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
                raise self._file.damaged("the trials are not those that were written")
            trials[identity] = trial
        return trials

    def ended_identities(self) -> set[str]:
        """The identities of the trials that have ended.

        Raises:
            InputError: the store is damaged.
        """
        return {identity for (identity,) in self._file.read("SELECT trial FROM outcomes")}

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
        rows = self._file.read(
            f"SELECT losses_digest, digest, {', '.join(columns)} FROM outcomes WHERE trial = ?", (identity,)
        )
        evaluations = self._file.read(
            f"SELECT {', '.join(_EVALUATION_COLUMNS)} FROM evaluations WHERE trial = ? ORDER BY step", (identity,)
        )
        if not rows:
            return None
        losses_digest, digest, *values = rows[0]
        try:
            if digest != _sha256(json.dumps([identity, values, evaluations, losses_digest])):
                raise self._file.damaged(f"the outcome of trial {identity} is not what was written")
            known = dict(zip(columns, values, strict=True))
            kept = {name: known.pop(name) for name in _KEPT_COLUMNS}
            made = [dict(zip(_EVALUATION_COLUMNS, evaluation, strict=True)) for evaluation in evaluations]
            described = known | {"kept": None if kept["exact_accuracy"] is None else kept, "evaluations": made}
            described |= self._losses(identity, losses_digest) if losses else {}
            outcome: Outcome = _adapter(Outcome).validate_python(described)
        except (ValueError, TypeError) as error:
            raise self._file.damaged(f"the outcome of trial {identity} is none") from error
        return outcome

    def _losses(self, identity: str, losses_digest: str) -> dict[str, Any]:
        ((step_losses, epoch_losses),) = self._file.read(
            "SELECT step_losses, epoch_losses FROM outcomes WHERE trial = ?", (identity,)
        )
        norms = self._file.read(
            "SELECT parameter, norms FROM gradient_norms WHERE trial = ? ORDER BY parameter", (identity,)
        )
        if losses_digest != _sha256(step_losses, epoch_losses, *(part for pair in norms for part in pair)):
            raise self._file.damaged(f"the losses of trial {identity} are not what was written")
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


def has_outcomes(path: Path) -> bool:
    """Whether a trial has ended in the store at ``path``; a file that is no store counts as one that has."""
    try:
        if path.stat().st_size == 0:  # a process was killed before it made the tables
            return False
        with Store(path) as store:
            return bool(store.ended_identities())
    except (OSError, DigitsumError):
        return True


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


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
