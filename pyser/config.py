"""Command-line options in Kaldi's manner, for every verb.

``--name=value`` and ``--name value`` both work, ``_`` and ``-`` are the same in names, a bare
boolean option means true, ``--config=FILE`` is read before the command line, and what is not known
is an error that names the nearest option.
"""

import difflib
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from pyser.data.tables import read_text
from pyser.errors import UsageError

_BOOLEANS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


@dataclass(frozen=True)
class Option:
    """One option: its name (with ``-``), type, default, help and, if limited, its choices."""

    name: str
    type: Any = str
    default: Any = None
    help: str = ""
    choices: tuple = ()
    required: bool = False

    def parse(self, text, where):
        """Turn ``text`` into a value of ``type``; UsageError names ``where`` it was found."""
        try:
            value = _BOOLEANS[text.lower()] if self.type is bool else self.type(text)
        except (KeyError, ValueError):
            kind = "true or false" if self.type is bool else f"a {_type_name(self.type)}"
            raise UsageError(f"--{self.name}={text} is ill-typed", where, kind) from None
        if self.choices and value not in self.choices:
            raise UsageError(
                f"--{self.name}={text}", where, "one of: " + " ".join(map(str, self.choices))
            )
        return value


@dataclass
class Parser:
    """The options and arguments of one verb.

    Args:
        usage: the line after ``usage:``.
        description: what the verb does, for ``--help``.
        options: the options it takes.
        num_arguments: how many positional arguments it takes, or a (least, most) pair.
        kaldi_config: whether ``--config=FILE`` reads options from a file in Kaldi's format.
        dotted: whether ``--section.name=value`` options are collected, unchecked, in ``.dotted``.
    """

    usage: str
    description: str
    options: list[Option]
    num_arguments: int | tuple[int, int] = 0
    kaldi_config: bool = False
    dotted: bool = False
    _table: dict = field(init=False, repr=False)

    def __post_init__(self):
        self._table = {option.name: option for option in self.options}
        if self.kaldi_config:
            text = "file of --name=value lines, read before the command line"
            self._table["config"] = Option("config", str, None, text)

    def parse(self, argv):
        """Parse ``argv``; ``None`` when ``--help`` was asked for and printed.

        Returns a namespace with one attribute per option (``-`` becomes ``_``), ``arguments`` (the
        positional ones), ``given`` (names that were set), ``dotted`` and ``config_files``.
        """
        if any(token in ("--help", "-h") for token in argv):
            print(self.help_text())
            return None
        pairs, arguments = self._split(argv, "command line")
        configs = [value for name, value, _ in pairs if name == "config"]
        if self.kaldi_config and configs:
            pairs = [pair for path in configs for pair in self._read_config(path)] + pairs
        values, dotted = {}, {}
        for name, text, where in pairs:
            if name in self._table:
                values[name] = self._table[name].parse(text, where)
            else:
                dotted[name.replace("-", "_")] = text
        self._check(values, arguments)
        parsed = {o.name.replace("-", "_"): o.default for o in self._table.values()}
        parsed |= {name.replace("-", "_"): value for name, value in values.items()}
        given = {name.replace("-", "_") for name in values}
        return SimpleNamespace(
            **parsed, arguments=arguments, given=given, dotted=dotted, config_files=configs
        )

    def help_text(self):
        """The text of ``--help``."""
        lines = [f"usage: {self.usage}", "", self.description, "", "options:"]
        for option in self._table.values():
            default = "" if option.default is None else f" (default: {_show(option.default)})"
            choices = f" [{'|'.join(map(str, option.choices))}]" if option.choices else ""
            lines.append(f"  --{option.name:<24} {option.help}{choices}{default}")
        return "\n".join(lines)

    def _split(self, tokens, where):
        """Cut tokens into (name, text, where) pairs and positional arguments."""
        pairs, arguments, index = [], [], 0
        while index < len(tokens):
            token = tokens[index]
            index += 1
            if token == "--":
                return pairs, arguments + list(tokens[index:])
            if not token.startswith("--"):
                arguments.append(token)
                continue
            name, equals, text = token[2:].partition("=")
            name = name.replace("_", "-")
            self._refuse_unknown(name, where)
            if not equals:
                following = tokens[index] if index < len(tokens) else None
                if name in self._table and self._table[name].type is bool:
                    takes = following is not None and following.lower() in ("true", "false")
                    text, index = (following, index + 1) if takes else ("true", index)
                elif following is None:
                    raise UsageError(f"--{name} has no value", where, f"--{name}=value")
                else:
                    text, index = following, index + 1
            pairs.append((name, text, where))
        return pairs, arguments

    def _refuse_unknown(self, name, where):
        if name in self._table or (self.dotted and "." in name):
            return
        near = difflib.get_close_matches(name, self._table, n=1, cutoff=0.5)
        remedy = f"did you mean --{near[0]}?" if near else "--help lists the options"
        raise UsageError(f"unknown option --{name}", where, remedy=remedy)

    def _read_config(self, path):
        """Read Kaldi's format: one ``--name=value`` a line, ``#`` starts a comment."""
        pairs = []
        for number, line in enumerate(read_text(path).splitlines(), 1):
            line, where = line.partition("#")[0].strip(), f"{path}:{number}"
            if not line:
                continue
            if not line.startswith("--"):
                raise UsageError(f"found {line!r}", where, "--name=value")
            pairs += self._split([line], where)[0]
            if pairs[-1:] and pairs[-1][0] == "config":
                remedy = "give both files on the command line"
                raise UsageError("a file of options names another one", where, remedy=remedy)
        return pairs

    def _check(self, values, arguments):
        missing = [o.name for o in self.options if o.required and o.name not in values]
        if missing:
            raise UsageError(f"--{missing[0]} is not given", remedy=f"usage: {self.usage}")
        wanted = self.num_arguments
        least, most = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        if not least <= len(arguments) <= most:
            found = f"found {len(arguments)} arguments: {' '.join(arguments)}".rstrip(": ")
            raise UsageError(found, remedy=f"usage: {self.usage}")


def _type_name(kind):
    return {int: "whole number", float: "number", str: "string"}.get(kind, kind.__name__)


def _show(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
