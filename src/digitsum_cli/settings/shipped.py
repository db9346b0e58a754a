"""The configs shipped with the package, by name: ``srn`` is ``configs/srn.yaml``."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import digitsum_cli
from digitsum_cli.core.outputs import write_outputs
from digitsum_cli.core.registry import CELLS
from digitsum_cli.errors import InputError
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
        InputError: there is no shipped config of that name.
    """
    shipped = shipped_configs()
    if name not in shipped:
        raise InputError(
            f"there is no shipped config {name!r}", allowed=", ".join(shipped), next_step=suggestion(name, shipped)
        )
    return shipped[name]


@dataclass(frozen=True)
class ConfigSummary:
    """A summary of a config and its cost.

    Arguments:
        name: the name of the config.
        about: the first comment line of the config.
        trials: number of trainings.
        cost: total computation, as a multiple of one SRN trained for 500 epochs at length 20.
    """

    name: str
    about: str
    trials: int
    cost: float


def summarise_config(name: str) -> ConfigSummary:
    """The summary of one shipped config.

    Raises:
        InputError: there is no shipped config of that name.
    """
    path = shipped_config(name)
    about = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    settings = resolve_settings(path)
    cost = settings.trial_count * _steps(settings) / _steps(Settings())
    return ConfigSummary(name, about, settings.trial_count, round(cost, 1))


def _steps(settings: Settings) -> float:
    """Cost of one training per row, in time steps of an SRN; the mean over lengths and cells."""
    cells = settings.sweep.get("model.cell", (settings.model.cell,))
    return settings.train.epochs * fmean(settings.data.lengths) * fmean(CELLS[str(cell)].step_cost for cell in cells)


def copy_configs(configs: Iterable[Path], folder: Path, *, force: bool = False) -> list[Path]:
    """Copies configs into a folder; keeps identical copies that already exist.

    Arguments:
        configs: the files.
        folder: where to copy them.
        force: replace existing files whose content is different.

    Returns:
        The copies.

    Raises:
        InputError: see ``write_outputs``; or the folder is a file.
        NoSpaceError: the disk is full.
    """
    if folder.is_file():
        raise InputError(f"{folder} is a file", next_step="Choose another folder")
    contents = {folder / config.name: config.read_bytes() for config in configs}
    write_outputs(contents, force=force, next_step="Choose another folder")
    return list(contents)


def find_config(given: Path) -> Path:
    """The file that ``given`` names: the path itself, or else the shipped config ``NAME`` or ``configs/NAME.yaml``.

    Raises:
        InputError: neither exists.
    """
    if _may_be_file(given):
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


def _may_be_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return True  # reading it reports the error


def _allowed() -> str:
    return f"the path of a YAML file, or the name of a shipped config: {', '.join(shipped_configs())}"
