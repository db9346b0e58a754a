"""What a run that stands in a folder has to do with the settings it is to go on with."""

from collections.abc import Iterator
from typing import Any

from digitsum_cli.errors import InputError
from digitsum_cli.settings import Settings, resolve_settings
from digitsum_cli.study.plan import Plan
from digitsum_cli.study.run.directory import RunDirectory
from digitsum_cli.study.run.store import Store

_MAXIMUM_DIFFERENCES = 5


def refuse_other_settings(settings: Settings, plan: Plan, store: Store, run: RunDirectory) -> None:
    """Checks that every trial that has ended is one of the plan's.

    Raises:
        InputError: one is not; the message shows what has changed.
    """
    others = store.ended_identities() - {trial.identity for trial in plan.trials}
    if others:
        trials = "a trial" if len(others) == 1 else f"{len(others)} trials"
        raise InputError(
            f"{run.path} holds {trials} that these settings do not have: {_changes(settings, run)}",
            next_step=f"Resume with the settings in {run.config}, or choose another folder with --out",
        )


def _changes(settings: Settings, run: RunDirectory) -> str:
    try:
        before = resolve_settings(run.config)
    except InputError:
        return f"what they had cannot be read from {run.config}"
    changes = list(_differences(before.model_dump(mode="json"), settings.model_dump(mode="json")))
    if not changes:
        folder = settings.data.dir
        return "the settings are the same" + (f", so the data in {folder} have changed" if folder else "")
    if len(changes) > _MAXIMUM_DIFFERENCES:
        changes[_MAXIMUM_DIFFERENCES:] = [f"and {len(changes) - _MAXIMUM_DIFFERENCES} more"]
    told = "; ".join(changes)
    if before.data.lengths != settings.data.lengths and set(before.data.lengths) <= set(settings.data.lengths):
        told += " (a length changes the rows of those after it: add lengths at the end)"
    return told


def _differences(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """``train.lr was 0.001 and is 0.003``, for every key that differs."""
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            yield f"{prefix}{key} was {_shown(old)} and is {_shown(new)}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        text = ",".join(map(_shown, value))
        return text if len(text) <= 40 else f"{text[:40]}…"
    return "none" if value is None else str(value)
