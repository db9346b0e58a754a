"""The settings that trials were planned from, worked out from the trials alone."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from digitsum_cli.core.registry import AUTO
from digitsum_cli.settings.schema import Settings, values_by_key
from digitsum_cli.trials.trial import Trial

_NOT_IN_TRIALS = {"sweep", "data.lengths", "data.dir", "train.log_every"}
"""Keys whose value a trial does not keep, or that all of them have together."""

_OF_GENERATED_DATA = {"data.k.train", "data.k.eval", "data.k.test", "data.seed"}


def settings_tree(trial: Trial) -> dict[str, dict[str, Any]]:
    """The settings of a trial, by section; for data read from files, without their folder."""
    data = trial.data
    data_settings: dict[str, Any] = {"lengths": [trial.length], **trial.drawing.model_dump()}
    if data:
        k = {"train": data.k_train, "eval": data.k_eval, "test": data.k_test}
        data_settings |= {"lengths": list(data.lengths), "k": k, "seed": data.seed}
    return {"data": data_settings, "model": trial.model.model_dump(), "train": trial.train.model_dump()}


_NO_NAMES: Mapping[str, str] = MappingProxyType({})


def planned_settings(
    trials: Sequence[Trial], folder: str | None = None, names: Mapping[str, str] = _NO_NAMES
) -> Settings | None:
    """The settings whose plan is these trials, with the default of ``train.log_every``.

    Arguments:
        trials: one or more trials, in table order.
        folder: their ``data.dir``, which a trial does not keep.
        names: their ``train.start_from``, by the digest of the weights, and their ``model.cell`` and ``data.task``, by
            the name in trials.

    Returns:
        The settings; None if the trials are not every combination of axes at every length.
    """
    lengths = tuple(dict.fromkeys(trial.length for trial in trials))
    combinations = [_values_of_trial(trial, names) for trial in trials if trial.length == lengths[0]]
    if any(each.keys() != combinations[0].keys() for each in combinations):
        return None  # with different options
    values = {key: list(dict.fromkeys(each[key] for each in combinations)) for key in combinations[0]}
    if len(values["train.device"]) > 1 and _count(values) != len(combinations):
        values["train.device"] = [AUTO]  # each implementation had its own
    if _count(values) * len(lengths) != len(trials):
        return None
    axes = [key for key in values if len(values[key]) > 1]
    axes.sort(key=lambda key: -[each[key] for each in combinations].index(values[key][1]))  # the last varies fastest
    first = {key: each[0] for key, each in values.items()}
    settings = Settings().with_values({**first, "data.lengths": lengths, "data.dir": folder})
    return settings.model_copy(update={"sweep": {key: tuple(values[key]) for key in axes}})


def describes(settings: Settings, trials: Sequence[Trial], names: Mapping[str, str] = _NO_NAMES) -> bool:
    """Whether the plan of the settings is these trials, as far as the trials keep that.

    They do not keep which folder their rows were read from, or what was asked for as their device.

    Arguments:
        settings: the settings.
        trials: one or more trials, in table order.
        names: their ``train.start_from``, by the digest of the weights, and their ``model.cell`` and ``data.task``, by
            the name in trials.
    """
    planned, from_files = planned_settings(trials, names=names), trials[0].data is None
    if (
        planned is None
        or planned.data.lengths != settings.data.lengths
        or from_files != (settings.data.dir is not None)
    ):
        return False
    ignored = {"train.device", *(_OF_GENERATED_DATA if from_files else ())}
    one, other = ({key: set(each) for key, each in _every_value(of).items()} for of in (planned, settings))
    return all(one.get(key) == other.get(key) for key in (one.keys() | other.keys()) - ignored)


def without_continued(trials: Sequence[Trial]) -> Sequence[Trial]:
    """The trials without those at their end that others among them continue for more epochs, and will replace."""
    epochs: dict[str, int] = {}
    for trial in trials:
        identity = trial.with_epochs(1).identity
        epochs[identity] = max(trial.train.epochs, epochs.get(identity, 0))
    number = len(trials)
    while trials[number - 1].train.epochs < epochs[trials[number - 1].with_epochs(1).identity]:
        number -= 1
    return trials[:number]


def _values_of_trial(trial: Trial, names: Mapping[str, str]) -> dict[str, Any]:
    values = _values(Settings.model_validate(settings_tree(trial)))
    start = trial.start_digest
    named = {
        **{key: names.get(values[key], values[key]) for key in ("model.cell", "data.task")},
        "train.start_from": None if start is None else names.get(start, start),
    }
    return {**values, **named}


def _values(settings: Settings) -> dict[str, Any]:
    return {key: value for key, value in values_by_key(settings).items() if key not in _NOT_IN_TRIALS}


def _every_value(settings: Settings) -> dict[str, Sequence[Any]]:
    """Every value that each key takes."""
    return {**{key: (value,) for key, value in _values(settings).items()}, **settings.sweep}


def _count(values: dict[str, list[Any]]) -> int:
    return math.prod(len(each) for each in values.values())
