"""Where tensors live."""

from digitsum_cli.core.registry import ACCELERATORS, AUTO, CPU, load
from digitsum_cli.errors import InputError


def resolve_device(name: str) -> str:
    """The device to use: ``auto`` takes CUDA, then MPS (Apple), then the CPU.

    Raises:
        InputError: this machine or this build of torch has no such device.
    """
    present = [*(device for device, is_present in ACCELERATORS.items() if load(is_present)()), CPU]
    if name == AUTO:
        return present[0]
    if name not in present:
        raise InputError(f"this machine has no device {name!r}", allowed=f"{AUTO}, {', '.join(present)}")
    return name
