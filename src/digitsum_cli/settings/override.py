"""One value from the command line, and how it overrides the tree of values."""

from dataclasses import dataclass, replace
from typing import Any

from digitsum_cli.errors import InputError
from digitsum_cli.settings.document import KeyPath
from digitsum_cli.settings.renamed_keys import check_single_names, current_key
from digitsum_cli.settings.validation import format_value, origin_of

_SECTIONS = ("data", "data.k", "model", "train", "sweep")


@dataclass(frozen=True)
class Override:
    """One value from the command line.

    Arguments:
        key: dotted, such as ``train.lr`` or, for an axis, ``sweep.train.lr``.
        value: the value as read from YAML.
        origin: what the user typed, for error messages.
    """

    key: str
    value: Any
    origin: str

    @property
    def path(self) -> KeyPath:
        """The path of the value; everything after ``sweep.`` is one key."""
        section, _, axis = self.key.partition(".")
        return (section, axis) if section == "sweep" and axis else tuple(self.key.split("."))


def apply_override(override: Override, tree: dict[str, Any], origins: dict[KeyPath, str]) -> None:
    """Writes an override into the tree of values.

    A single value replaces the axis of the same key; a section changes only the keys that it contains.

    Raises:
        InputError: the path leads through a value that is not a section.
    """
    if isinstance(override.value, dict) and override.key in _SECTIONS:
        check_single_names(override.value, override.origin)
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
            raise InputError(
                f"{'.'.join(sections[:depth])} is {format_value(branch)}", where=where, allowed="a section"
            )
    branch[leaf] = override.value
    for path in [path for path in origins if path[: len(override.path)] == override.path]:
        del origins[path]
    origins[override.path] = override.origin
    axes = tree.get("sweep")
    if isinstance(axes, dict):
        for key in [key for key in axes if f"{key}.".startswith(f"{override.key}.")]:
            del axes[key]
