"""Reading a model's configuration file: YAML with sections of ``key: value``, nothing more.

Without torch: what the values mean is checked by ``pyser.train.settings``.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from pyser.errors import FileError, InputError, UsageError

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Entry:
    """One value as it was given: section, key, value and where (``file:line``)."""

    section: str
    key: str
    value: Any
    where: str

    @property
    def name(self):
        """``section.key``."""
        return f"{self.section}.{self.key}"

    def error(self, what, expected=None, remedy=None):
        """The error about this entry: InputError in a file, UsageError on the command line."""
        kind = UsageError if self.where == COMMAND_LINE else InputError
        return kind(what, self.where, expected, remedy)


def read_entries(path, overrides=None):
    """Read the values of a configuration file, some of them replaced.

    Args:
        path: YAML file; a mapping of sections, each a mapping of keys to values.
        overrides: dict ``section.key`` -> text, from the command line.

    Returns:
        A dict ``section.key`` -> Entry.

    Raises:
        FileError: the file cannot be read.
        InputError: it is no YAML, has another form, or names a key twice.
    """
    entries = {}
    for entry in _entries(path):
        if entry.name in entries:
            found, first = f"{entry.name} is given twice", entries[entry.name].where
            raise InputError(found, entry.where, remedy=f"the first time was at {first}")
        entries[entry.name] = entry
    for name, text in (overrides or {}).items():
        section, _, key = name.partition(".")
        entries[name] = Entry(section, key, text, COMMAND_LINE)
    return entries


def _entries(path):
    try:
        with open(path, encoding="utf-8") as file:
            loader = yaml.SafeLoader(file)
            root = loader.get_single_node()
            yield from _entries_of(loader, root, path)
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        raise InputError(f"is no YAML ({getattr(error, 'problem', error)})", where) from error


def _entries_of(loader, root, path):
    for section, values in _pairs(root, path, "sections such as `model:`"):
        name = section.value
        for key, value in _pairs(values, path, f"`key: value` lines in section {name}"):
            where = f"{path}:{key.start_mark.line + 1}"
            yield Entry(name, key.value, loader.construct_object(value, deep=True), where)


def _pairs(node, path, expected):
    """The (key, value) nodes of a mapping; an empty section is an empty mapping."""
    if node is not None and node.tag == "tag:yaml.org,2002:null" and node.value == "":
        return []
    if not isinstance(node, yaml.MappingNode):
        where = f"{path}:{node.start_mark.line + 1}" if node else path
        raise InputError("found no mapping" if node else "is empty", where, expected)
    return node.value
