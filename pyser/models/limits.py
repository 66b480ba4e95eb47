"""Ranges of configuration values, declared beside the values and checked when they are made."""

import math
from dataclasses import field, fields

from pyser.errors import InputError


def limited(default, minimum=None, maximum=None):
    """A dataclass field whose value must lie in ``[minimum, maximum]`` (None: no limit)."""
    return field(default=default, metadata={"minimum": minimum, "maximum": maximum})


def allowed_range(entry):
    """The range of a dataclass field in words."""
    least, most = entry.metadata.get("minimum"), entry.metadata.get("maximum")
    parts = [] if least is None else [f"at least {least}"]
    parts += [] if most is None else [f"at most {most}"]
    return " and ".join(parts) or "a finite number"


def in_range(entry, value):
    """Whether ``value`` lies in the range of a dataclass field (infinity and NaN lie in none)."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    least, most = entry.metadata.get("minimum"), entry.metadata.get("maximum")
    return (least is None or value >= least) and (most is None or value <= most)


def check_limits(config):
    """Raise InputError, naming the key, when a ``limited`` value of ``config`` is out of range."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        if not in_range(entry, value):
            raise InputError(f"{entry.name} is {value}", expected=allowed_range(entry))
