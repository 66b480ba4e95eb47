"""On what a run was made: identical results are promised on the same machine and threads only."""

import platform

import torch

from pyser.frontend.frontend import usable_cpus
from pyser.machine import cpu_name


def describe_environment(threads, device):
    """What the last bits of a result depend on, besides code and data.

    Args:
        threads: of torch.
        device: torch.device.

    Returns:
        A dict of ``cpu`` (name, family, model), ``cores`` (that this process may use),
        ``threads``, ``gpu`` (name; None on a CPU), ``torch`` (version, instruction set and BLAS)
        and ``os``.
    """
    return {
        "cpu": cpu_name(),
        "cores": usable_cpus(),
        "threads": threads,
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "torch": _torch_build(),
        "os": " ".join([platform.system(), platform.machine(), *platform.libc_ver()]).strip(),
    }


def _torch_build():
    blas = "MKL" if torch.backends.mkl.is_available() else "other BLAS"
    return f"{torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {blas}"
