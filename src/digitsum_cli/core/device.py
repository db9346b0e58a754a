"""Where tensors live."""

import torch

from digitsum_cli.errors import InputError


def resolve_device(name: str) -> str:
    """The device to use: ``auto`` takes CUDA, then MPS (Apple), then the CPU.

    Raises:
        InputError: this machine or this build of torch has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, present in available.items() if present)
    if not available.get(name, False):
        present = ", ".join(device for device, present in available.items() if present)
        raise InputError(f"this machine has no device {name!r}", allowed=f"auto, {present}")
    return name
