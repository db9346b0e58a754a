"""Checks the values of a YAML file, ``--set`` and the options, and resolves them into one ``Settings``."""

from digitsum_cli.settings.override import Override
from digitsum_cli.settings.resolve import parse_assignment, resolve_settings
from digitsum_cli.settings.schema import Settings

__all__ = ["Override", "Settings", "parse_assignment", "resolve_settings"]
