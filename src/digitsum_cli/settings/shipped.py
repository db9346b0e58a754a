"""The configs shipped with the package, by name: ``srn`` is ``configs/srn.yaml``, ``recipes/srn`` is in a subfolder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import digitsum_cli
from digitsum_cli.core.curriculum import mean_length
from digitsum_cli.core.outputs import write_outputs
from digitsum_cli.core.registry import CURRICULA, cell_spec
from digitsum_cli.errors import InputError
from digitsum_cli.settings.resolve import resolve_settings
from digitsum_cli.settings.schema import DataSettings, Settings
from digitsum_cli.settings.validation import suggestion

DEFAULT_SWEEP = "srn"
"""What ``digitsum sweep`` runs without a config."""

_FOLDER = Path("configs")


def shipped_configs() -> dict[str, Path]:
    """The file of each shipped config, by name."""
    folder = _shipped_folder()
    paths = sorted(folder.rglob("*.yaml"), key=lambda path: (len(path.parts), path))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}


def name_for_run(config: Path) -> str:
    """The name of the run directory of a config: its own, in a subfolder after the subfolder's."""
    folder = _shipped_folder()
    inside = config.relative_to(folder) if config.is_relative_to(folder) else Path(config.name)
    return "-".join(inside.with_suffix("").parts)


def _shipped_folder() -> Path:
    package = Path(digitsum_cli.__file__).parent
    installed, repository = package / _FOLDER, package.parents[1] / _FOLDER
    return installed if installed.is_dir() else repository


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
    cost = settings.trial_count * _row_steps(settings) / _row_steps(Settings(data=DataSettings(lengths=(20,))))
    return ConfigSummary(name, about, settings.trial_count, round(cost, 1))


def _row_steps(settings: Settings) -> float:
    """Cost of one training, in steps of an SRN through a row of each pair; the mean over lengths and cells."""
    train, cells = settings.train, settings.sweep.get("model.cell", (settings.model.cell,))
    curriculum, start, share = CURRICULA[train.curriculum], train.curriculum_start, train.curriculum_share
    digits = fmean(mean_length(curriculum, start, share, length) for length in settings.data.lengths)
    return train.epochs * settings.data.k.train * digits * fmean(cell_spec(str(cell)).step_cost for cell in cells)


def copy_configs(configs: Mapping[str, Path], folder: Path, *, force: bool = False) -> list[Path]:
    """Copies configs into a folder; keeps identical copies that already exist.

    Arguments:
        configs: the files, by name.
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
    contents = {folder / f"{name}.yaml": config.read_bytes() for name, config in configs.items()}
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
    inside = given.is_relative_to(_FOLDER) and given.suffix == ".yaml"
    name = given.relative_to(_FOLDER).with_suffix("").as_posix() if inside else given.as_posix()
    if name in shipped:
        return shipped[name]
    if given.is_dir():
        raise InputError(f"{given} is a folder, not a config", allowed=_allowed())
    raise InputError(f"there is no config {str(given)!r}", allowed=_allowed(), next_step=suggestion(name, shipped))


def _may_be_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return True  # reading it reports the error


def _allowed() -> str:
    return f"the path of a YAML file, or the name of a shipped config: {', '.join(shipped_configs())}"
