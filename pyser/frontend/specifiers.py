"""Kaldi's names of tables on the command line: ``scp:wav.scp``, ``ark,scp:feats.ark,feats.scp``."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pyser.errors import UsageError

# What Kaldi lets one say about sorting and binary mode changes nothing for a table read in order.
_READ_MARKS = {"o", "no", "p", "np", "s", "ns", "cs", "ncs", "b", "t", "bg"}
_WRITE_MARKS = {"b", "t", "f", "nf", "p"}


@dataclass(frozen=True)
class Rspecifier:
    """A table to read: ``kind`` is ``scp`` or ``ark``; ``path`` a file, ``-`` or ``command |``."""

    kind: str
    path: str


@dataclass(frozen=True)
class Wspecifier:
    """An archive to write at ``ark`` (``-``: stdout), and a table of offsets at ``scp`` or None."""

    ark: str
    scp: str | None
    text: bool


def is_pipe(path):
    """Whether a path in Kaldi's tables is a command whose output is meant."""
    return path.rstrip().endswith("|")


def parse_rspecifier(text):
    """Parse ``scp:FILE``, ``scp,p:FILE`` or ``ark:FILE``.

    ``p`` is understood but hides nothing: failures are told, and ``--max-failed`` tolerates them.

    Raises:
        UsageError: anything else.
    """
    kinds, path = _split(text, {"scp", "ark"}, _READ_MARKS, "scp:wav.scp or ark:wav.ark")
    if len(kinds) != 1:
        raise UsageError(f"found {text!r}", expected="one of scp: and ark:")
    return Rspecifier(kinds[0], path)


def parse_wspecifier(text):
    """Parse ``ark:FILE``, ``ark,t:FILE``, ``ark,scp:FILE,FILE`` or ``-`` (the standard output).

    Raises:
        UsageError: anything else.
    """
    forms = "ark:FILE, ark,t:FILE, ark,scp:FILE.ark,FILE.scp or -"
    kinds, path = _split("ark:-" if text == "-" else text, {"scp", "ark"}, _WRITE_MARKS, forms)
    words = text.partition(":")[0].split(",")
    if kinds == ["ark"]:
        ark, scp = path, None
    elif kinds == ["ark", "scp"] and path.count(",") == 1 and all(path.split(",")):
        ark, scp = path.split(",")
    else:
        raise UsageError(f"found {text!r}", expected=forms)
    if is_pipe(path) or path.lstrip().startswith("|"):
        raise UsageError(f"found {text!r}", expected=forms, remedy="write to ark:- and pipe that")
    if scp and "-" in (ark, scp):
        raise UsageError(f"found {text!r}", expected="files where offsets are asked for")
    if scp and os.path.realpath(ark) == os.path.realpath(scp):
        raise UsageError(f"found {text!r}", expected="two files, FILE.ark and FILE.scp")
    return Wspecifier(ark, scp, "t" in words)


def refuse_overwriting(outputs, inputs):
    """Refuse files to be written that are, by whatever name, among the files to be read.

    Args:
        outputs: paths; what does not exist, and what is no regular file, overwrites nothing.
        inputs: paths, an iterable that is used only when some output exists.

    Raises:
        UsageError: an output is an input.
    """
    taken = {identity: path for path in outputs if (identity := _identity(path))}
    for path in inputs if taken else ():
        if (identity := _identity(path)) in taken:
            same = "" if str(path) == str(taken[identity]) else f", the same file as {path},"
            found = f"would be overwritten{same} while it is an input"
            raise UsageError(found, taken[identity], remedy="name another output")


def _identity(path):
    """(device, inode) of a regular file; None for anything else."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # the latter for names with a zero byte
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _split(text, kinds, marks, forms):
    """Cut ``text`` into its kinds, in order, and its path; UsageError unless it is well-formed."""
    head, colon, path = text.partition(":")
    words = head.split(",")
    if not colon or not set(words) <= kinds | marks:
        suffix = Path(text).suffix.removeprefix(".")
        remedy = f"did you mean {suffix}:{text}?" if suffix in kinds else None
        raise UsageError(f"found {text!r}", expected=forms, remedy=remedy)
    if any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in path):
        raise UsageError(f"found {text!r}", expected="a name in UTF-8")
    if not path.strip():
        raise UsageError(f"no file is named in {text!r}", expected=forms)
    return [word for word in words if word in kinds], path.strip()
