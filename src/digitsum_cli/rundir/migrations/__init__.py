"""Stores of earlier formats: one file for each, which knows its tables and how they become those of the next."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from digitsum_cli.rundir.migrations import from_4


@dataclass(frozen=True)
class Migration:
    """A step from one version of the store to the next.

    Arguments:
        tables: the statements that made the tables of the earlier one.
        migrate: changes them, inside a transaction. Raises ValueError if a row is damaged.
    """

    tables: tuple[str, ...]
    migrate: Callable[[sqlite3.Connection], None]


MIGRATIONS = {4: Migration(from_4.TABLES, from_4.migrate)}
"""By the version that they start from."""
