"""Resolves settings into trials: every combination of the sweep axes at every length."""

import importlib.util
import itertools
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from digitsum_cli.core.audit import Audit, audit_splits, count_outside
from digitsum_cli.core.checkpoint import Checkpoint, Weights, digest_weights, read_checkpoint
from digitsum_cli.core.compatibility import check_implemented
from digitsum_cli.core.data_files import digest_splits, read_splits
from digitsum_cli.core.generation import Splits, generate_splits
from digitsum_cli.core.registry import AUTO, AUTOGRAD, CPU, FUSED
from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.fused import rule
from digitsum_cli.settings.schema import DataSettings, DrawingSettings, ModelSettings, Settings, TrainSettings
from digitsum_cli.trials.ram import check_memory
from digitsum_cli.trials.trial import GeneratedData, Trial


@dataclass(frozen=True)
class Plan:
    """The trials of a study.

    Arguments:
        trials: in table order.
        splits_by_digest: their data, by digest.
        starts: the weights of the checkpoints that trials start from, by digest.
        start_digests: these digests, by ``train.start_from``.
    """

    trials: tuple[Trial, ...]
    splits_by_digest: Mapping[str, Splits]
    starts: Mapping[str, Weights] = field(default_factory=dict)
    start_digests: Mapping[str, str] = field(default_factory=dict)

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
) -> Plan:
    """Resolves settings into trials, and generates or reads their data.

    Length is the outermost loop; the last axis varies fastest.

    Arguments:
        settings: the settings.
        working_directories: where else a relative ``data.dir`` may be; see ``find_data_folder``.
        saved_starts: by ``train.start_from``, the copy of its checkpoint in the run, if that is missing.

    Raises:
        InputError: an implementation does not support a setting, a data file is missing or invalid, the device is not
            available, ``fused`` cannot run, an axis has no effect, or a training does not fit in memory.
    """
    combinations = [
        settings.with_values(dict(zip(settings.sweep, values, strict=True)))
        for values in itertools.product(*settings.sweep.values())
    ]
    for combination in combinations:
        _check_implemented(combination)
    devices = {pair: _device_for(*pair) for pair in {(each.model.impl, each.train.device) for each in combinations}}
    starts = _read_starts(combinations, working_directories, saved_starts)
    digests = {name: digest_weights(weights) for name, weights in starts.items()}
    data: dict[DataSettings, dict[int, _Data]] = {}
    for combination in combinations:
        if combination.data not in data:
            data[combination.data] = _load(combination.data, working_directories)
    trials = tuple(
        _trial(
            length,
            combination,
            devices[combination.model.impl, combination.train.device],
            data[combination.data][length],
            None if combination.train.start_from is None else digests[combination.train.start_from],
        )
        for length in settings.data.lengths
        for combination in combinations
    )
    _check_no_duplicates(trials)
    by_digest = {each.digest: each.splits for by_length in data.values() for each in by_length.values()}
    check_memory([(trial, len(by_digest[trial.data_digest].train)) for trial in trials])
    return Plan(trials, by_digest, {digests[name]: weights for name, weights in starts.items()}, digests)


@dataclass(frozen=True)
class _Data:
    """The data of one length.

    Arguments:
        splits: the rows.
        digest: the SHA-256 of the rows as text.
        foreign: number of rows that the task's generator cannot draw.
    """

    splits: Splits
    digest: str
    foreign: int


def _load(data: DataSettings, working_directories: Sequence[Path]) -> dict[int, _Data]:
    """The data of every length; warns about rows in files that the task's generator cannot draw."""
    loaded = {
        length: _Data(splits, digest_splits(splits), 0 if data.dir is None else count_outside(splits, data.asked))
        for length, splits in load_data(data, working_directories).items()
    }
    foreign = {length: each for length, each in loaded.items() if each.foreign}
    if foreign:
        length, first = next(iter(foreign.items()))
        rows = sum(len(rows) for _, rows in first.splits.items())
        others = len(foreign) - 1
        more = f" (likewise {others} more {'length' if others == 1 else 'lengths'})" if others else ""
        warnings.warn(
            f"{first.foreign:,} of {rows:,} rows of length {length} in {data.dir}{more} cannot be drawn with "
            f"data.distractors {data.distractors}, so accuracy is measured on the test rows alone; if you know how "
            "many distractors they were drawn with, set data.distractors",
            DigitsumWarning,
            stacklevel=2,
        )
    return loaded


def _check_implemented(settings: Settings) -> None:
    """Raises an error if the implementation does not support a setting, rather than train something else."""
    model, train = settings.model, settings.train
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


def load_data(data: DataSettings, working_directories: Sequence[Path] = ()) -> dict[int, Splits]:
    """Reads the splits of every length from ``data.dir``, or generates them.

    Arguments:
        data: the settings of the data.
        working_directories: where else a relative ``data.dir`` may be; see ``find_data_folder``.

    Raises:
        InputError: a data file is missing or invalid.
    """
    task = data.asked
    if data.dir is not None:
        folder = find_data_folder(data.dir, working_directories)
        return {length: read_splits(folder, length, task) for length in data.lengths}
    return generate_splits(data.lengths, data.k.train, data.k.eval, data.k.test, data.seed, task)


def _read_starts(
    combinations: Iterable[Settings], working_directories: Sequence[Path], saved_starts: Mapping[str, Path]
) -> dict[str, Weights]:
    """The weights of the checkpoints in ``train.start_from``, by name."""
    checkpoints: dict[str, Checkpoint] = {}
    for combination in combinations:
        name = combination.train.start_from
        if name is not None:
            if name not in checkpoints:
                found = _find(name, "train.start_from", working_directories)
                checkpoints[name] = read_checkpoint(saved_starts.get(name, found) if not found.exists() else found)
            _check_same_network(checkpoints[name], combination.model, name)
    return {name: checkpoint.weights for name, checkpoint in checkpoints.items()}


def _check_same_network(checkpoint: Checkpoint, model: ModelSettings, name: str) -> None:
    """Checks that a checkpoint that was saved by a run has the cell and the sizes of a network.

    Raises:
        InputError: it has others.
    """
    if not checkpoint.settings.keys() - {"start_from"}:
        return
    saved = Trial.from_dict(checkpoint.settings).model
    networks = [
        f"cell {m.cell}, embedding size {m.embedding_size}, hidden size {m.hidden_size}" for m in (saved, model)
    ]
    if networks[0] != networks[1]:
        raise InputError(f"{name} has {networks[0]}, not {networks[1]}", where="train.start_from")


def find_data_folder(name: str, working_directories: Sequence[Path]) -> Path:
    """The folder that ``data.dir`` names, with ``~`` expanded.

    Arguments:
        name: the folder, as in the settings.
        working_directories: the folders in which a run was started, latest first. If there is no such folder here, a
            relative name is looked up there, with a warning.
    """
    return _find(name, "data.dir", working_directories)


def _find(name: str, key: str, working_directories: Sequence[Path]) -> Path:
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:
        raise InputError(f"the home folder in {name!r} is unknown", where=key) from error
    if not path.exists():
        for directory in working_directories:
            if (directory / path).exists():
                warnings.warn(f"{path} not found; using {directory / path}", DigitsumWarning, stacklevel=2)
                return directory / path
    return path


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


def _trial(length: int, settings: Settings, device: str, loaded: _Data, start_digest: str | None) -> Trial:
    data = settings.data
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
        data_digest=loaded.digest,
        start_digest=start_digest,
        foreign=loaded.foreign > 0,
    )
