"""How many cases the tests of reliability run: few in CI, many under ``make stress``."""

import os

STRESS = bool(os.environ.get("DIGITSUM_STRESS"))


def cases(in_ci: int, under_stress: int) -> int:
    """The number of cases."""
    return under_stress if STRESS else in_ci
