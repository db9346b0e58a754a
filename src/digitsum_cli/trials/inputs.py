"""What trials are planned from besides their settings: data, and the checkpoints that they start from."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from digitsum_cli.core.audit import count_outside
from digitsum_cli.core.checkpoint import Checkpoint, Weights, read_checkpoint
from digitsum_cli.core.data_files import digest_splits, read_splits
from digitsum_cli.core.generation import Splits, generate_splits
from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.settings.schema import DataSettings, ModelSettings, Settings
from digitsum_cli.trials.trial import Trial


@dataclass(frozen=True)
class LoadedData:
    """The data of one length.

    Arguments:
        splits: the rows.
        digest: the SHA-256 of the rows as text.
        foreign: number of rows that the task's generator cannot draw.
    """

    splits: Splits
    digest: str
    foreign: int


def load_described(data: DataSettings, working_directories: Sequence[Path]) -> dict[int, LoadedData]:
    """The data of every length; warns about rows in files that the task's generator cannot draw."""
    loaded = {
        length: LoadedData(splits, digest_splits(splits), 0 if data.dir is None else count_outside(splits, data.asked))
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


def read_starts(
    combinations: Iterable[Settings], working_directories: Sequence[Path], saved_starts: Mapping[str, Path]
) -> dict[str, Weights]:
    """The weights of the checkpoints in ``train.start_from``, by name."""
    checkpoints: dict[str, Checkpoint] = {}
    for combination in combinations:
        name = combination.train.start_from
        if name is not None:
            if name not in checkpoints:
                found = find_file(name, "train.start_from", working_directories)
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
    return find_file(name, "data.dir", working_directories)


def find_file(name: str, key: str, working_directories: Sequence[Path]) -> Path:
    """The file or folder that a key names; a relative name is also looked up in the working directories of a run."""
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
