"""One value from the command line, and how it gets into the tree of values."""

from dataclasses import dataclass, replace
from typing import Any

from digitsum_cli.errors import InputError
from digitsum_cli.settings.document import KeyPath
from digitsum_cli.settings.renamed_keys import current_key
from digitsum_cli.settings.validation import origin_of, shown

_SECTIONS = ("data", "data.k", "model", "train", "sweep")


@dataclass(frozen=True)
class Override:
    """One value from the command line.

    Arguments:
        key: dotted, such as ``train.lr`` or, for an axis, ``sweep.train.lr``.
        value: as YAML would give it.
        origin: what the user typed, for the messages.
    """

    key: str
    value: Any
    origin: str

    @property
    def path(self) -> KeyPath:
        """Where the value belongs; the part behind ``sweep.`` is one key."""
        section, _, axis = self.key.partition(".")
        return (section, axis) if section == "sweep" and axis else tuple(self.key.split("."))


def apply_override(override: Override, tree: dict[str, Any], origins: dict[KeyPath, str]) -> None:
    """Writes an override into the tree of values; a single value takes the place of axes of the same key,
    and of a section only the keys that are given change.

    Raises:
        InputError: a section on the way is no section.
    """
    if isinstance(override.value, dict) and override.key in _SECTIONS:
        for key, value in override.value.items():
            apply_override(Override(f"{override.key}.{key}", value, override.origin), tree, origins)
        return
    override = replace(override, key=current_key(override.key, override.value, override.origin))
    *sections, leaf = override.path
    branch = tree
    for depth, section in enumerate(sections, 1):
        branch = branch.setdefault(section, {})
        if not isinstance(branch, dict):
            where = origin_of(override.path[:depth], origins)
            raise InputError(f"{'.'.join(sections[:depth])} is {shown(branch)}", where=where, allowed="a section")
    branch[leaf] = override.value
    for path in [path for path in origins if path[: len(override.path)] == override.path]:
        del origins[path]
    origins[override.path] = override.origin
    axes = tree.get("sweep")
    if isinstance(axes, dict):
        for key in [key for key in axes if f"{key}.".startswith(f"{override.key}.")]:
            del axes[key]
