"""Experiment files: models and settings that are trained on the same folds and compared.

::

    title: What each part does
    protocol: loso10
    seeds: 3
    reference: full            # the row that the others are tested against (default: the first)
    rows:
      full: {config: model.yaml}
      static only: {config: model.yaml, model.streams: static}

``config`` is relative to the experiment file; ``published`` is what others report of the system,
with their protocol, and ``reduced`` what is smaller here than in its paper: both are shown beside
what is measured here. The other keys of a row are settings, such as ``train.epochs``. No torch
here: what settings mean is checked when they are trained with.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from pyser.errors import InputError
from pyser.train.yamlfile import make_entry, nearest, open_yaml, read_entries, read_pairs

_NOT_IN_FOLDERS = re.compile(r"[^A-Za-z0-9._+-]")
_KEYS = {"title": str, "protocol": str, "seeds": int, "reference": str, "rows": dict}
_ROW_TEXTS = {
    "published": "text: numbers with their protocol",
    "reduced": "text: what is smaller than in the paper",
}
_ROW_FORM = f"config, {', '.join(_ROW_TEXTS)}, or a setting such as train.epochs"


@dataclass(frozen=True)
class Row:
    """One model with its settings.

    Attributes:
        name: for tables.
        folder: the name with ``_`` for what is no letter, digit or one of ``._+-``.
        config: Path of the configuration file.
        overrides: tuple of yamlfile.Entry, in place of those of ``config``.
        published: what others report, and on which protocol; empty if nothing.
        reduced: what is smaller here than in the paper; empty if nothing.
    """

    name: str
    folder: str
    config: Path
    overrides: tuple = ()
    published: str = ""
    reduced: str = ""

    def entries(self):
        """The settings as they were given: dict ``section.key`` -> yamlfile.Entry."""
        return read_entries(self.config, self.overrides)


@dataclass(frozen=True)
class Experiment:
    """What an experiment file says.

    Attributes:
        title: for headings.
        protocol: the id of the split to train on.
        seeds: K for the seeds 1..K.
        reference: name of the row that the others are tested against.
        rows: tuple of Row.
    """

    title: str
    protocol: str
    seeds: int
    reference: str
    rows: tuple

    def place(self, root, row):
        """The folder of ``row`` (Path), below the folder ``root`` of all experiments."""
        return Path(root) / row.folder / self.protocol


def read_experiment(path):
    """Read an experiment file.

    Raises:
        FileError: it cannot be read.
        InputError: it says what cannot be meant; with file and line.
    """
    path = Path(path)
    with open_yaml(path) as (loader, root):
        nodes = _named(root, path, f"the keys {', '.join(_KEYS)}", _KEYS)
        rows = tuple(_read_rows(loader, nodes, path))
        value = functools.partial(_value, loader, nodes, path)
        title, protocol = value("title", path.stem), value("protocol", None)
        seeds, reference = value("seeds", 1), value("reference", rows[0].name)
    if _NOT_IN_FOLDERS.search(protocol):
        raise InputError(f"protocol is {protocol!r}", nodes["protocol"][1], "the id of a protocol")
    if seeds < 1:
        raise InputError(f"seeds is {seeds}", nodes["seeds"][1], "at least 1")
    names = [row.name for row in rows]
    if reference not in names:
        found = f"reference is {reference!r}, which is no row"
        raise InputError(found, nodes["reference"][1], remedy=nearest(reference, names))
    return Experiment(title, protocol, seeds, reference, rows)


def is_experiment(path):
    """Whether a YAML file is of an experiment: it has rows, where a model has sections."""
    with open_yaml(Path(path)) as (_, root):
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        return any(key.value == "rows" for key, _ in pairs)


def _named(node, path, expected, known=None):
    """The nodes of a mapping: key -> (node, ``file:line``); no key twice, none that is unknown."""
    nodes = {}
    for key, value, where in read_pairs(node, path, expected):
        name = key.value
        if not isinstance(name, str) or not name:
            raise InputError("found a key that is no word", where, expected)
        if name in nodes:
            remedy = f"the first time was at {nodes[name][1]}"
            raise InputError(f"{name} is given twice", where, remedy=remedy)
        if known and name not in known:
            raise InputError(f"unknown key {name}", where, remedy=nearest(name, known))
        nodes[name] = value, where
    return nodes


def _value(loader, nodes, path, name, default):
    """The value of a key (of the type in _KEYS), or its default; None: it has none."""
    if name not in nodes:
        if default is None:
            raise InputError(f"no {name} is given", path, f"a line `{name}: ...`")
        return default
    node, where = nodes[name]
    kind = _KEYS[name]
    value = loader.construct_object(node, deep=True)
    if kind is str and isinstance(node, yaml.ScalarNode):
        value = node.value  # a name such as 2021 is a name
    if type(value) is not kind or value == "":
        raise InputError(f"{name} is {value!r}", where, "a whole number" if kind is int else "text")
    return value


def _read_rows(loader, nodes, path):
    """Yield the Rows, each with a folder of its own."""
    node, where = nodes.get("rows", (None, path))
    pairs = _named(node, path, "rows such as `name: {config: model.yaml}`") if node else {}
    if not pairs:
        raise InputError("no rows are given", where, "rows such as `name: {config: model.yaml}`")
    taken = {}
    for name, (content, place) in pairs.items():
        folder = _NOT_IN_FOLDERS.sub("_", name)
        if folder.startswith("."):
            raise InputError(f"row {name!r} begins with a dot", place, "a name for a folder")
        if folder in taken:
            found = f"rows {taken[folder]!r} and {name!r} have the same folder {folder}"
            raise InputError(found, place, remedy="rename one of them")
        taken[folder] = name
        yield Row(name, folder, *_read_row(loader, name, content, place, path))


def _read_row(loader, name, node, place, path):
    """The configuration (Path), the overrides and the texts of one row."""
    pairs = _named(node, path, f"row {name!r} to be such as {{config: model.yaml}}")
    if "config" not in pairs:
        raise InputError(f"row {name!r} names no config", place, "config: a YAML file")
    values = {
        key: (loader.construct_object(value, deep=True), where)
        for key, (value, where) in pairs.items()
    }
    config, where = values.pop("config")
    texts = []
    for key, expected in _ROW_TEXTS.items():
        text, place = values.pop(key, ("", where))
        if not isinstance(text, str):
            raise InputError(f"{key} is {text!r}", place, expected)
        texts.append(text)
    file = path.parent / str(config)
    if not file.is_file():
        others = sorted(other.name for other in path.parent.glob("*.yaml") if other != path)
        raise InputError(f"no file {file}", where, remedy=nearest(str(config), others))
    for key, (_, where) in values.items():
        if "." not in key:
            raise InputError(f"unknown key {key} in row {name!r}", where, _ROW_FORM)
    overrides = (make_entry(key, value, where) for key, (value, where) in values.items())
    return file, tuple(overrides), *texts
