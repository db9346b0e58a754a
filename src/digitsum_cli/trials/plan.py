"""Resolves settings into trials: every combination of the sweep axes at every length."""

import importlib.util
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from digitsum_cli.core.audit import Audit, audit_splits
from digitsum_cli.core.checkpoint import Weights, digest_weights
from digitsum_cli.core.compatibility import check_implemented
from digitsum_cli.core.generation import Splits
from digitsum_cli.core.registry import AUTO, AUTOGRAD, CPU, CURRICULA, FUSED, ROWS, cell_in_words, cell_spec
from digitsum_cli.core.user_code import UserCode
from digitsum_cli.errors import InputError
from digitsum_cli.fused import rule
from digitsum_cli.settings.schema import DataSettings, DrawingSettings, Settings, TrainSettings
from digitsum_cli.trials.inputs import LoadedData, load_described, read_starts
from digitsum_cli.trials.ram import check_memory
from digitsum_cli.trials.trial import GeneratedData, Trial
from digitsum_cli.trials.user_code import with_user_code


@dataclass(frozen=True)
class Plan:
    """The trials of a study.

    Arguments:
        trials: in table order.
        splits_by_digest: their data, by digest.
        starts: the weights of the checkpoints that trials start from, by digest.
        start_digests: these digests, by ``train.start_from``.
        user_code: the code of the user's cells and tasks.
    """

    trials: tuple[Trial, ...]
    splits_by_digest: Mapping[str, Splits]
    starts: Mapping[str, Weights] = field(default_factory=dict)
    start_digests: Mapping[str, str] = field(default_factory=dict)
    user_code: Sequence[UserCode] = ()

    def splits(self, trial: Trial) -> Splits:
        """The data of a trial."""
        return self.splits_by_digest[trial.data_digest]

    @cached_property
    def audits(self) -> dict[str, Audit]:
        """The audits of the data, by digest."""
        tasks = {trial.data_digest: trial.task for trial in self.trials}
        return {digest: audit_splits(splits, tasks[digest]) for digest, splits in self.splits_by_digest.items()}


def plan_trials(
    settings: Settings,
    working_directories: Sequence[Path] = (),
    saved_starts: Mapping[str, Path] = MappingProxyType({}),
    *,
    allow_code: bool = False,
    own_code: Sequence[UserCode] = (),
    saved_code: Sequence[UserCode] = (),
) -> Plan:
    """Resolves settings into trials, and generates or reads their data.

    Length is the outermost loop; the last axis varies fastest.

    Arguments:
        settings: the settings.
        working_directories: where else a relative ``data.dir`` may be; see ``find_data_folder``.
        saved_starts: by ``train.start_from``, the copy of its checkpoint in the run, if that is missing.
        allow_code: whether code of the user's may be executed.
        own_code: the source of classes that are already running, which needs no permission.
        saved_code: the copies of such code in the run, for files that are missing.

    Raises:
        InputError: an implementation does not support a setting, a data file is missing or invalid, the device is not
            available, ``fused`` cannot run, an axis has no effect, a training does not fit in memory, or there is code
            of the user's that may not be executed or is not a cell.
    """
    combinations = [
        settings.with_values(dict(zip(settings.sweep, values, strict=True)))
        for values in itertools.product(*settings.sweep.values())
    ]
    for combination in combinations:
        _check_implemented(combination)
    combinations, user_code = with_user_code(
        combinations, working_directories, allow_code=allow_code, own_code=own_code, saved_code=saved_code
    )
    for combination in combinations:
        _check_implemented(combination)
        _check_curriculum(combination)
    devices = {pair: _device_for(*pair) for pair in {(each.model.impl, each.train.device) for each in combinations}}
    starts = read_starts(combinations, working_directories, saved_starts)
    digests = {name: digest_weights(weights) for name, weights in starts.items()}
    without_data = [
        (_trial_without_data(length, each, devices[each.model.impl, each.train.device], digests), each.data)
        for length in settings.data.lengths
        for each in combinations
    ]
    # Before the rows are drawn, which takes seconds if there are many.
    check_memory([(trial, trial.task.strata * trial.data.k_train) for trial, _ in without_data if trial.data])
    data: dict[DataSettings, dict[int, LoadedData]] = {}
    for combination in combinations:
        if combination.data not in data:
            data[combination.data] = load_described(combination.data, working_directories)
    trials = tuple(_with_data(trial, data[of_trial][trial.length]) for trial, of_trial in without_data)
    _check_no_duplicates(trials)
    by_digest = {each.digest: each.splits for by_length in data.values() for each in by_length.values()}
    check_memory([(trial, len(by_digest[trial.data_digest].train)) for trial in trials if trial.data is None])
    by_start_digest = {digests[name]: weights for name, weights in starts.items()}
    return Plan(trials, by_digest, by_start_digest, digests, user_code)


def _check_implemented(settings: Settings) -> None:
    """Raises an error if the implementation does not support a setting, rather than train something else."""
    model, train = settings.model, settings.train
    if model.options and not cell_spec(model.cell).own:
        raise InputError(
            f"the {cell_in_words(model.cell)} has no options",
            where="model.options",
            next_step="Only cells of your own have some: set model.cell to one, or remove them",
        )
    check_implemented(model.impl, cell=model.cell, activation=model.activation, optimizer=train.optimizer)
    if model.impl == FUSED:
        for name, value in train:
            if name not in rule.SETTINGS and value != TrainSettings.model_fields[name].default:
                raise InputError(
                    f"impl {FUSED} does not support train.{name}",
                    where=f"train.{name}",
                    allowed="its default",
                    next_step=f"Or choose an implementation that supports it: {', '.join(AUTOGRAD)}",
                )


def _check_curriculum(settings: Settings) -> None:
    """Raises an error if a curriculum does not fit the data, or one of its settings has no effect."""
    data, train = settings.data, settings.train
    curriculum = CURRICULA[train.curriculum]
    without_effect = {"curriculum_start": curriculum.top is None, "curriculum_share": not curriculum.grows}
    for name, unused in without_effect.items():
        if unused and getattr(train, name) != TrainSettings.model_fields[name].default:
            raise InputError(
                f"train.{name} has no effect with train.curriculum {train.curriculum}",
                where=f"train.{name}",
                allowed="its default",
            )
    if curriculum.top is None:
        return
    if not ROWS[data.rows]:
        raise InputError(
            f"a curriculum draws its own rows, but data.rows is {data.rows}",
            where="train.curriculum",
            next_step="Add data.rows=fresh, or set train.curriculum=none",
        )
    shortest, longest = data.asked.minimum_length, min(data.lengths)
    if not shortest <= train.curriculum_start <= longest:
        raise InputError(
            f"the shortest rows of the curriculum have {train.curriculum_start} digits",
            where="train.curriculum_start",
            allowed=f"{shortest} to {longest}, the shortest length of the data",
        )


def _check_no_duplicates(trials: Sequence[Trial]) -> None:
    """Raises an error if an axis has no effect: the same training would be counted several times."""
    without_seed = [trial.with_seed(0) for trial in trials if not trial.depends_on_seed]
    if len(set(without_seed)) < len(without_seed):
        raise InputError(
            "train.seed has no effect on a training that starts from given weights, unless rows are shuffled or fresh",
            where="train.start_from",
            next_step="Use one seed, or set train.shuffle=true or data.rows=fresh",
        )
    identity, times = Counter(trial.identity for trial in trials).most_common(1)[0]
    if times > 1:
        length = next(trial.length for trial in trials if trial.identity == identity)
        raise InputError(
            f"the sweep contains the same training {times} times (length {length}): an axis has no effect",
            where="sweep",
            next_step="Remove that axis; with data.dir, data.seed and data.k have no effect",
        )


def resolved_device(name: str) -> str:
    """Resolves a device name such as ``auto``; loads torch only if it has to.

    Raises:
        InputError: the device is not available on this machine.
    """
    if name == CPU:
        return name
    from digitsum_cli.core.device import resolve_device

    return resolve_device(name)


def _device_for(impl: str, name: str) -> str:
    if impl != FUSED:
        return resolved_device(name)
    if importlib.util.find_spec("numba") is None:
        raise InputError(
            "impl fused needs Numba, which is not installed", next_step="Install it with: pip install numba"
        )
    if name not in (CPU, AUTO):
        raise InputError(
            f"impl fused does not run on {name!r}",
            where="train.device",
            allowed=f"{CPU} or {AUTO}; {' and '.join(AUTOGRAD)} support other devices",
        )
    return CPU


def _trial_without_data(length: int, settings: Settings, device: str, start_digests: Mapping[str, str]) -> Trial:
    """A trial that does not know its data yet."""
    data, start = settings.data, settings.train.start_from
    drawn = data.lengths[: data.lengths.index(length) + 1]
    generated = GeneratedData(drawn, data.k.train, data.k.eval, data.k.test, data.seed)
    return Trial(
        length=length,
        model=settings.model,
        train=settings.train.model_copy(
            update={"device": device, "log_every": TrainSettings().log_every, "start_from": None}
        ),
        drawing=DrawingSettings(**data.model_dump(include=set(DrawingSettings.model_fields))),
        data=None if data.dir is not None else generated,
        data_digest="",
        start_digest=None if start is None else start_digests[start],
    )


def _with_data(trial: Trial, loaded: LoadedData) -> Trial:
    return replace(trial, data_digest=loaded.digest, foreign=loaded.foreign > 0)
