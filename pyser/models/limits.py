"""Ranges of configuration values, declared beside the values and checked when they are made."""

from dataclasses import field, fields

from pyser.errors import InputError


def limited(default, minimum=None, maximum=None):
    """A dataclass field whose value must lie in ``[minimum, maximum]`` (None: no limit)."""
    return field(default=default, metadata={"minimum": minimum, "maximum": maximum})


def check_limits(config):
    """Raise InputError, naming the key, when a ``limited`` value of ``config`` is out of range."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        least, most = entry.metadata.get("minimum"), entry.metadata.get("maximum")
        if least is not None and not value >= least:
            raise InputError(f"{entry.name} is {value}", expected=f"at least {least}")
        if most is not None and not value <= most:
            raise InputError(f"{entry.name} is {value}", expected=f"at most {most}")
