"""What the numbers were measured on."""

import os
import platform
import re
import subprocess
from pathlib import Path

_CPUFREQ = "/sys/devices/system/cpu/cpu{}/cpufreq/{}"


def describe(cpu):
    """Dict of CPU, governor, compiler, commit and versions; what cannot be read is None."""
    import numpy
    import scipy

    import pyser
    from pyser.machine import cpu_name

    native = Path(pyser.__file__).parent.glob("_native*")
    return {
        "cpu": cpu_name(),
        "cpus_usable": len(os.sched_getaffinity(0)),
        "mhz": _mhz(cpu),
        "governor": _read(_CPUFREQ.format(cpu, "scaling_governor")),
        "kernel": platform.release(),
        "compiler": next((compiler_of(path.read_bytes()) for path in native), None),
        "commit": commit(Path(__file__).parent),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "pyser": pyser.__version__,
    }


def compiler_of(binary):
    """The compiler that wrote its name into a binary, or None."""
    found = re.search(rb"(GCC: \([^)]*\) [\d.]+|clang version [\d.]+)", binary)
    return found.group(1).decode() if found else None


def commit(folder):
    """Short commit of the checkout, with '+' if there are changes; None outside a checkout."""
    try:
        name = _git(folder, "rev-parse", "--short", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return name + ("+" if changed else "")


def _git(folder, *arguments):
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _mhz(cpu):
    blocks = (_read("/proc/cpuinfo") or "").split("\n\n")
    found = re.search(r"cpu MHz\s*: ([\d.]+)", blocks[cpu]) if cpu < len(blocks) else None
    return round(float(found.group(1))) if found else None


def _read(path):
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
