"""How torch is set up before anything is computed with it."""

import torch

from pyser.errors import InputError


def prepare_torch(threads, device):
    """Make torch deterministic.

    Args:
        threads: number of threads; the order of sums, and so the last bits, depend on it.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: cuda if there is one.

    Returns:
        The torch.device.

    Raises:
        InputError: the device does not exist.
    """
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(threads)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # unknown, absent, or torch built without it
        reason = str(error).splitlines()[0]
        remedy = "use --device=cpu"
        raise InputError(f"device {device} cannot be used ({reason})", remedy=remedy) from error
    return device
