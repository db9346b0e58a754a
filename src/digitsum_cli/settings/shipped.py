"""The configs that the package ships, by name: ``srn`` is ``configs/srn.yaml``."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import digitsum_cli
from digitsum_cli.core.atomic_write import atomic_write
from digitsum_cli.core.registry import CELLS
from digitsum_cli.errors import DigitsumError, InputError, NoSpaceError
from digitsum_cli.settings.resolve import resolve_settings
from digitsum_cli.settings.schema import Settings
from digitsum_cli.settings.validation import suggestion

DEFAULT_SWEEP = "srn"
"""What ``digitsum sweep`` runs without a config."""

_FOLDER = Path("configs")


def shipped_configs() -> dict[str, Path]:
    """The file of each shipped config, by name."""
    package = Path(digitsum_cli.__file__).parent
    installed, repository = package / _FOLDER, package.parents[1] / _FOLDER
    folder = installed if installed.is_dir() else repository
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def shipped_config(name: str) -> Path:
    """The file of one shipped config.

    Raises:
        InputError: there is none of that name.
    """
    shipped = shipped_configs()
    if name not in shipped:
        raise InputError(
            f"there is no shipped config {name!r}", allowed=", ".join(shipped), next_step=suggestion(name, shipped)
        )
    return shipped[name]


@dataclass(frozen=True)
class ConfigSummary:
    """What a config does and costs.

    Arguments:
        name: of the config.
        about: its first comment line.
        trials: how many trainings it runs.
        cost: how much they compute, as a multiple of one SRN trained for 500 epochs at length 20.
    """

    name: str
    about: str
    trials: int
    cost: float


def summarise_config(name: str) -> ConfigSummary:
    """The summary of one shipped config.

    Raises:
        InputError: there is none of that name.
    """
    path = shipped_config(name)
    about = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    settings = resolve_settings(path)
    cost = settings.trial_count * _steps(settings) / _steps(Settings())
    return ConfigSummary(name, about, settings.trial_count, round(cost, 1))


def _steps(settings: Settings) -> float:
    """Steps of an SRN that take as long as one training does for each row; the mean over lengths and cells."""
    cells = settings.sweep.get("model.cell", (settings.model.cell,))
    return settings.train.epochs * fmean(settings.data.lengths) * fmean(CELLS[str(cell)].step_cost for cell in cells)


def copy_configs(configs: Iterable[Path], folder: Path) -> list[Path]:
    """Copies configs into a folder; a copy that is already there stays.

    Returns:
        The copies.

    Raises:
        InputError: a file of the same name has other content (then nothing is copied), or the folder cannot be
            written to.
        NoSpaceError: the disk is full.
    """
    contents = {folder / config.name: config.read_bytes() for config in configs}
    there = [path for path in contents if path.exists() or path.is_symlink()]
    if changed := [str(path) for path in there if not _holds(path, contents[path])]:
        raise InputError(
            f"a file with other content is already at {', '.join(changed)}", next_step="Choose another folder"
        )
    for path in contents.keys() - set(there):
        try:
            atomic_write(path, contents[path])
        except NoSpaceError:
            raise
        except DigitsumError as error:
            raise InputError(str(error), next_step="Choose another folder") from error
    return list(contents)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def find_config(given: Path) -> Path:
    """The file that ``given`` stands for: the path itself, or else the shipped config called ``NAME`` or
    ``configs/NAME.yaml``.

    Raises:
        InputError: there is neither.
    """
    if _can_be_read(given):
        return given
    shipped = shipped_configs()
    name = given.stem if given == _FOLDER / f"{given.stem}.yaml" else str(given)
    if name in shipped:
        return shipped[name]
    if given.is_dir():
        raise InputError(f"{given} is a folder, not a config", allowed=_allowed())
    raise InputError(
        f"there is no config {str(given)!r}", allowed=_allowed(), next_step=suggestion(given.stem, shipped)
    )


def _can_be_read(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return True  # reading it says what is wrong


def _allowed() -> str:
    return f"the path of a YAML file, or the name of a shipped config: {', '.join(shipped_configs())}"
