"""Migrations of earlier store formats: one file per format, with its tables and the step to the next format."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from digitsum_cli.rundir.migrations import from_4, from_5


@dataclass(frozen=True)
class Migration:
    """A step from one version of the store to the next.

    Arguments:
        tables: the statements that created the tables of the earlier version.
        migrate: migrates them inside a transaction. Raises ValueError if a row is damaged.
    """

    tables: tuple[str, ...]
    migrate: Callable[[sqlite3.Connection], None]


MIGRATIONS = {4: Migration(from_4.TABLES, from_4.migrate), 5: Migration(from_5.TABLES, from_5.migrate)}
"""The migrations by the version they start from."""
