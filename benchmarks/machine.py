"""Describes the machine that the measurements ran on."""

import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.team import usable_cores

LIBRARIES = ("numpy", "torch", "numba", "jax")


def describe_machine() -> dict[str, object]:
    """Returns processor, cores, load before the measurement, versions and date."""
    return {
        "processor": _processor(),
        "cores": len(usable_cores()),
        "load_average": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{library: installed_version(library) for library in LIBRARIES},
        "date": date.today().isoformat(),
    }


def installed_version(library: str) -> str | None:
    """Returns the version of a library, or None if it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
