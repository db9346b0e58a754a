"""Checks that an existing run can be resumed with the given settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.saved_settings import saved_settings
from digitsum_cli.rundir.store import Store
from digitsum_cli.settings import Settings
from digitsum_cli.settings.schema import leaf_keys
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial, check_continuation

_MAXIMUM_DIFFERENCES = 5
_IGNORED_KEYS = ("sweep", "train.log_every")


Predecessors = Mapping[str, Sequence[Trial]]
"""By the identity of a planned trial, the finished trials that it continues for more epochs."""


def check_same_settings(settings: Settings, plan: Plan, store: Store, run: RunDirectory) -> Predecessors:
    """Checks that every finished trial is part of the plan, or is continued by one that is.

    Returns:
        The finished trials that are continued.

    Raises:
        InputError: there is another one; the message lists the changed settings.
    """
    ended = store.ended_identities()
    others = ended - {trial.identity for trial in plan.trials}
    if not others:
        return {}
    predecessors: dict[str, list[Trial]] = {}
    missing_by_training: dict[str, list[Trial]] = {}
    for trial in plan.trials:
        if trial.identity not in ended:
            missing_by_training.setdefault(trial.with_epochs(1).identity, []).append(trial)
    for identity, other in store.trials().items():
        if identity in others:
            candidates = missing_by_training.get(other.with_epochs(1).identity, [])
            longer = [trial for trial in candidates if trial.continues(other)]
            if longer:
                trial = min(longer, key=lambda trial: trial.train.epochs)
                check_continuation(trial, other, run.path)
                predecessors.setdefault(trial.identity, []).append(other)
                others.discard(identity)
    if others:
        trials = "a trial" if len(others) == 1 else f"{len(others)} trials"
        raise InputError(
            f"{run.path} contains {trials} that these settings do not include: {_changes(settings, store, run)}",
            next_step=f"Resume with the settings in {run.config}, or choose another folder with --out",
        )
    return predecessors


def _changes(settings: Settings, store: Store, run: RunDirectory) -> str:
    before = saved_settings(run, [*store.trials().values()]).settings
    if before is None:
        return "the earlier settings are not known"
    differences = _differences(before, settings)
    changes = [f"{key} was {_format(old)} and is now {_format(new)}" for key, (old, new) in differences.items()]
    if not changes:
        folder = settings.data.dir
        return "the settings are the same" + (f", so the data in {folder} must have changed" if folder else "")
    if len(changes) > _MAXIMUM_DIFFERENCES:
        changes[_MAXIMUM_DIFFERENCES:] = [f"and {len(changes) - _MAXIMUM_DIFFERENCES} more"]
    text = "; ".join(changes)
    if "data.lengths" in differences and set(before.data.lengths) <= set(settings.data.lengths):
        text += " (a new length changes the rows of the lengths after it: add new lengths at the end)"
    return text


def _differences(before: Settings, after: Settings) -> dict[str, tuple[Any, Any]]:
    """The keys that lost a value, with their old and new values."""
    found = {}
    for key in leaf_keys():
        if key in _IGNORED_KEYS:
            continue
        old, new = _values(before, key), _values(after, key)
        only_added = new[: len(old)] == old if key == "data.lengths" else set(old) <= set(new)
        if not only_added:
            found[key] = old, new
    return found


def _values(settings: Settings, key: str) -> tuple[Any, ...]:
    """Every value that a key takes in a study."""
    if key in settings.sweep:
        return settings.sweep[key]
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value if isinstance(value, tuple) else (value,)


def _format(values: tuple[Any, ...]) -> str:
    text = ",".join("none" if value is None else str(value) for value in values)
    return text if len(text) <= 40 else f"{text[:40]}…"
