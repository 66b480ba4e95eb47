"""Reading a model's configuration file: YAML with sections of ``key: value``, nothing more.

Without torch: what the values mean is checked by ``pyser.train.settings``.
"""

import contextlib
import difflib
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


def read_entries(path, overrides=()):
    """Read the values of a configuration file, some of them replaced.

    Args:
        path: YAML file; a mapping of sections, each a mapping of keys to values.
        overrides: the Entries that take the place of those of the file.

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
    return entries | {entry.name: entry for entry in overrides}


def make_entry(name, value, where=COMMAND_LINE):
    """The Entry of ``section.key``."""
    section, _, key = name.partition(".")
    return Entry(section, key, value, where)


def nearest(name, names):
    """What to say about a ``name`` (str) that is none of ``names``."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else "known are: " + ", ".join(names)


@contextlib.contextmanager
def open_yaml(path):
    """Yield the loader of a YAML file and its root node (None: empty).

    Raises:
        FileError: the file cannot be read.
        InputError: it is no YAML; with file and line.
    """
    try:
        with open(path, encoding="utf-8") as file:
            loader = yaml.SafeLoader(file)
            yield loader, loader.get_single_node()
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else path
        raise InputError(f"is no YAML ({getattr(error, 'problem', error)})", where) from error


def read_pairs(node, path, expected):
    """The (key, value, ``file:line``) of a mapping, the first two as nodes; none of an empty node.

    Raises:
        InputError: it is another kind of node; ``expected`` says what should be there.
    """
    if node is not None and node.tag == "tag:yaml.org,2002:null" and node.value == "":
        return []
    if not isinstance(node, yaml.MappingNode):
        where = f"{path}:{node.start_mark.line + 1}" if node else path
        raise InputError("found no mapping" if node else "is empty", where, expected)
    return [(key, value, f"{path}:{key.start_mark.line + 1}") for key, value in node.value]


def _entries(path):
    with open_yaml(path) as (loader, root):
        for section, values, _ in read_pairs(root, path, "sections such as `model:`"):
            expected = f"`key: value` lines in section {section.value}"
            for key, value, where in read_pairs(values, path, expected):
                content = loader.construct_object(value, deep=True)
                yield Entry(section.value, key.value, content, where)
