"""What this machine is, as far as results and timings depend on it."""

import platform
import re
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def cpu_name(text=None):
    """Name, family and model of the CPU: names alone are not always telling.

    Args:
        text: in place of what Linux tells in /proc/cpuinfo.
    """
    if text is None and _CPU_INFO.is_file():
        text = _CPU_INFO.read_text(encoding="utf-8", errors="replace")
    fields = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", text or "", re.MULTILINE))
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    family, model = fields.get("cpu family", "?"), fields.get("model", "?")
    return f"{fields['model name'].strip()} (family {family} model {model})"
