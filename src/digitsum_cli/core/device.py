"""Choosing the device."""

from digitsum_cli.core.registry import ACCELERATORS, AUTO, CPU, load
from digitsum_cli.errors import InputError


def resolve_device(name: str) -> str:
    """Resolves a device name: ``auto`` prefers CUDA, then MPS (Apple), then the CPU.

    Raises:
        InputError: this machine or this build of torch has no such device.
    """
    available = [*(device for device, is_available in ACCELERATORS.items() if load(is_available)()), CPU]
    if name == AUTO:
        return available[0]
    if name not in available:
        raise InputError(f"this machine has no device {name!r}", allowed=f"{AUTO}, {', '.join(available)}")
    return name
