"""The options of the front end as an immutable Python object, made from the table in C++."""

import difflib
import inspect
import math
import numbers
from collections.abc import Mapping
from types import MappingProxyType

from pyser import _native
from pyser.errors import InputError


def option_table():
    """The options of the front end, one dict each, in the order of ``csrc/options/options.def``.

    Keys: ``name``, ``type`` ('bool', 'int', 'float' or 'str'), ``default``, ``unit``, ``help``,
    ``choices`` (tuple of str, empty where any value goes), ``items`` (the same of a list with
    commas, of which the words may stand in it), ``minimum`` and ``maximum`` (or None).
    """
    return _native.option_table()


_TABLE = {row["name"]: row for row in option_table()}
_KINDS = {"bool": "True or False", "int": "a whole number", "float": "a number", "str": "a word"}


class FrontendOptions:
    """What the front end computes; every option has Kaldi's name where Kaldi has the option.

    Immutable; compares and hashes by value; can be pickled. ``use_energy``, where not given, takes
    Kaldi's default of the feature type: true for mfcc, else false.

    Args:
        **options: any of the options listed below.

    Raises:
        InputError: a name is unknown, a value is of another type or out of its range, or options
            contradict each other.

    """

    __slots__ = ("_plan", "_values")

    def __init__(self, **options):
        values = {name: row["default"] for name, row in _TABLE.items()}
        for name, value in options.items():
            values[name] = _checked(name, value)
        if values["use_energy"] is None:
            values["use_energy"] = _native.default_use_energy(values["feature_type"])
        object.__setattr__(self, "_values", MappingProxyType(values))
        object.__setattr__(self, "_plan", _native.Plan(values))

    @classmethod
    def from_dict(cls, options):
        """The options in a mapping of name to value; see ``as_dict``.

        Raises:
            InputError: as the class itself, and when ``options`` is no mapping with names as keys.
        """
        if not isinstance(options, Mapping) or not all(isinstance(name, str) for name in options):
            found = f"the options are {options!r:.60}"
            raise InputError(found, expected="a dict from option names to values, as of as_dict()")
        return cls(**options)

    def as_dict(self):
        """Every option as a new dict of name to bool, int, float or str."""
        return dict(self._values)

    def __getattr__(self, name):
        if name in _TABLE:
            return self._values[name]
        raise AttributeError(f"FrontendOptions has no option {name!r}{_suggestion(name)}")

    def __setattr__(self, name, value):
        raise AttributeError(
            f"FrontendOptions cannot be changed; make a new one with FrontendOptions.from_dict("
            f"{{**options.as_dict(), {name!r}: {value!r}}})"
        )

    def __delattr__(self, name):
        raise AttributeError("FrontendOptions cannot be changed")

    def __dir__(self):
        return [*super().__dir__(), *_TABLE]

    def __eq__(self, other):
        if not isinstance(other, FrontendOptions):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    def __hash__(self):
        return hash(tuple(self._values.items()))

    def __repr__(self):
        defaults = {name: row["default"] for name, row in _TABLE.items()}
        defaults["use_energy"] = _native.default_use_energy(self.feature_type)
        changed = [f"{k}={v!r}" for k, v in self._values.items() if v != defaults[k]]
        return f"FrontendOptions({', '.join(changed)})"

    def __reduce__(self):
        return FrontendOptions.from_dict, (self.as_dict(),)


def _checked(name, value):
    """``value`` as the Python type of option ``name``."""
    row = _TABLE.get(name)
    if row is None:
        raise InputError("unknown option", name, remedy=_suggestion(name).lstrip("; ") or None)
    if value is None and row["default"] is None:
        return None
    kind = row["type"]
    is_bool = isinstance(value, bool) or type(value).__name__ == "bool"
    if kind == "bool" and is_bool:
        return bool(value)
    if kind == "int" and isinstance(value, numbers.Integral) and not is_bool:
        return int(value)
    if kind == "float" and isinstance(value, numbers.Real) and not is_bool:
        return _float(value)
    if kind == "str" and isinstance(value, str):
        return str(value)
    raise InputError(f"the value is {value!r}", name, _KINDS[kind])


def _float(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _suggestion(name):
    near = difflib.get_close_matches(name, _TABLE, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _describe(row):
    default = "None" if row["default"] is None else repr(row["default"])
    unit = f" [{row['unit']}]" if row["unit"] else ""
    return f"        {row['name']} ({row['type']}, default {default}){unit}: {row['help']}."


if FrontendOptions.__doc__:  # python -OO strips it
    FrontendOptions.__doc__ += "\n".join(["\n    Options:", *map(_describe, _TABLE.values()), ""])
FrontendOptions.__signature__ = inspect.Signature(
    [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=row["default"])
        for name, row in _TABLE.items()
    ]
)
