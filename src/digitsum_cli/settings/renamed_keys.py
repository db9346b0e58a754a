"""Renamed keys: the old names still work, with a warning."""

import warnings
from collections.abc import Mapping
from typing import Any

from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.settings.schema import leaf_keys

NEW_NAMES = {"train.early_stop": "train.patience", "model.init_scale": "model.recurrent_scale"}


def current_key(key: str, value: object, where: str) -> str:
    """The current name of a dotted key; warns if it was renamed, unless the value is the default.

    Arguments:
        key: such as ``train.early_stop``, or ``sweep.train.early_stop`` for an axis.
        value: the value of the key.
        where: where the key was found, for the warning.
    """
    axis, name = ("sweep.", key.removeprefix("sweep.")) if key.startswith("sweep.") else ("", key)
    if name not in NEW_NAMES:
        return key
    if value != leaf_keys()[NEW_NAMES[name]].default:
        warnings.warn(f"{where}: {name} is now called {NEW_NAMES[name]}", DigitsumWarning, stacklevel=2)
    return axis + NEW_NAMES[name]


def check_single_names(section: Mapping[str, Any], where: str) -> None:
    """Checks that a section does not have a key under its old and its new name.

    Raises:
        InputError: it does.
    """
    for old, new in NEW_NAMES.items():
        for before, after in ((old, new), (old.rpartition(".")[2], new.rpartition(".")[2])):
            if before in section and after in section:
                raise InputError(f"{before} and its new name {after} are both given", where=where)


def with_current_keys(values: Mapping[str, Any], origins: dict[tuple[str, ...], str]) -> dict[str, Any]:
    """The values of a document under the current names; updates their origins as well.

    Raises:
        InputError: a key is given under both its old and its new name.
    """
    tree = {name: dict(section) if isinstance(section, dict) else section for name, section in values.items()}
    for old, new in NEW_NAMES.items():
        section_name, leaf = old.split(".")
        places = ((section_name, leaf, new.split(".")[1]), ("sweep", old, new))
        for name, before, after in places:
            section = tree.get(name)
            if not isinstance(section, dict) or before not in section:
                continue
            where = origins.pop((name, before), f"{name}.{before}")
            if after in section:
                raise InputError(f"{before} and its new name {after} are both given", where=where)
            current_key(old, section[before], where)
            tree[name] = {(after if key == before else key): value for key, value in section.items()}
            origins[(name, after)] = where
    return tree
