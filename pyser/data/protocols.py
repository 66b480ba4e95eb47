"""Evaluation protocols: which speakers train, select and test in each fold.

A protocol is a tab-separated file kept beside the recipe; its name without ``.tsv`` is its id::

    # description: one sentence on what is evaluated
    # where: utt2style=improvised
    fold	train	dev	test
    1	spk03 spk04	spk02	spk01

``where`` keeps the utterances that have one of the values (comma separated) in a table; several
lines must all hold. ``untested: allowed`` permits speakers that no fold tests. Whether the folds
are fair is proven against the data, in :mod:`pyser.data.folds`.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pyser.data.tables import read_text, text_lines
from pyser.errors import InputError, UsageError
from pyser.files import write_text

PARTS = ("train", "dev", "test")
COLUMNS = ("fold", *PARTS)
_KEYS = ("description", "where", "untested")
_MOST_GENERATED_FOLDS = 5
_FORM = "a line 'fold<TAB>train<TAB>dev<TAB>test', speakers separated by spaces"


@dataclass(frozen=True)
class Fold:
    """The speakers (tuples of str) of one fold, and where (``file:line``) it was defined."""

    train: tuple[str, ...]
    dev: tuple[str, ...]
    test: tuple[str, ...]
    where: str = field(default="", compare=False)

    def speakers(self, part):
        """The speakers of ``train``, ``dev`` or ``test``."""
        return getattr(self, part)


@dataclass(frozen=True)
class Protocol:
    """A protocol as written; fold ``k`` (counted from 1) is ``folds[k - 1]``.

    Attributes:
        id: the name of its file.
        folds: tuple of Fold.
        where: table name -> values (tuple of str) an utterance must have one of.
        description: what is evaluated, in words.
        untested: whether there may be speakers that no fold tests.
    """

    id: str
    folds: tuple[Fold, ...]
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    description: str = ""
    untested: bool = False

    def full_id(self, info):
        """The id, extended by the label policy if the corpus (dict ``info``) has not its usual."""
        usual = info.get("labels_default", True)
        return self.id if usual else f"{self.id}-{info['labels']}"


def read_protocol(path):
    """Read a protocol file.

    Raises:
        FileError: the file cannot be read.
        InputError: it is malformed; ``file:line`` is named.
    """
    comments, rows = [], []
    for number, line in enumerate(text_lines(read_text(path)), 1):
        where = f"{path}:{number}"
        if line.endswith("\r"):
            raise InputError("found a carriage return", where, "Unix line ends", "run dos2unix")
        if line.startswith("#"):
            comments.append((line[1:].strip(), where))
        elif line.strip():
            rows.append((line.split("\t"), where))
    if not rows or tuple(rows[0][0]) != COLUMNS:
        raise InputError("no header line", rows[0][1] if rows else path, "\\t".join(COLUMNS))
    folds = tuple(_read_fold(cells, k, where) for k, (cells, where) in enumerate(rows[1:], 1))
    if not folds:
        raise InputError("no folds", path, _FORM)
    return Protocol(Path(path).stem, folds, **_read_comments(comments))


def write_protocol(path, protocol):
    """Write ``protocol`` in the form :func:`read_protocol` reads, atomically."""
    lines = [f"# description: {protocol.description}"] if protocol.description else []
    lines += [f"# where: {table}={','.join(v)}" for table, v in sorted(protocol.where.items())]
    lines += ["# untested: allowed"] if protocol.untested else []
    lines.append("\t".join(COLUMNS))
    for number, fold in enumerate(protocol.folds, 1):
        lines.append("\t".join([str(number), *(" ".join(fold.speakers(part)) for part in PARTS)]))
    write_text(path, "\n".join(lines) + "\n")


def generate_folds(utt2spk, num_folds):
    """Make a speaker-disjoint protocol: the speakers in ``num_folds`` groups of similar size.

    Speakers are dealt out by falling number of utterances, each to the group that has the fewest
    so far, so that no two groups differ by more than the largest speaker. Fold ``k`` tests on group
    ``k``, selects on the next group, cyclically, and trains on the rest. The result depends on
    nothing but the arguments, not on the order of ``utt2spk``.

    Args:
        utt2spk: mapping from utterance to speaker.
        num_folds: number of folds, at least 3 (train, dev and test need a group each); 0: as many
            as there are speakers, at most 5.

    Returns:
        Protocol with the id ``folds<num_folds>``.

    Raises:
        InputError: fewer than 3 speakers or folds, or fewer speakers than folds.
    """
    counts = Counter(utt2spk.values())
    if len(counts) < 3:
        found = f"{len(counts)} speakers; train, dev and test need one each: at least 3 speakers"
        raise InputError(found, "utt2spk")
    num_folds = num_folds or min(len(counts), _MOST_GENERATED_FOLDS)
    if num_folds < 3:
        raise InputError(f"{num_folds} folds asked for", "num_folds", "at least 3, or 0")
    if len(counts) < num_folds:
        found = f"{len(counts)} speakers cannot fill {num_folds} folds"
        remedy = "ask for fewer folds, or record more speakers"
        raise InputError(found, "utt2spk", "a speaker per fold at least", remedy)
    groups, sizes = [[] for _ in range(num_folds)], [0] * num_folds
    for speaker in sorted(counts, key=lambda name: (-counts[name], name)):
        smallest = sizes.index(min(sizes))
        groups[smallest].append(speaker)
        sizes[smallest] += counts[speaker]
    return Protocol(
        id=f"folds{num_folds}",
        folds=tuple(_rotate(groups, k) for k in range(num_folds)),
        description=f"{num_folds} generated speaker-disjoint folds, balanced by utterances",
    )


def parse_folds(text, num_folds):
    """Turn ``1,3-5`` (``None``: all) into a sorted list of folds in 1..num_folds."""
    chosen = set()
    for part in (text or f"1-{num_folds}").split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise UsageError(f"--folds={text}", expected="numbers and ranges, such as 1,3-5")
        numbers = range(int(first), int(last if dash else first) + 1)
        if not numbers or numbers[0] < 1 or numbers[-1] > num_folds:
            raise UsageError(f"--folds={text} has {part}", expected=f"folds in 1-{num_folds}")
        chosen.update(numbers)
    return sorted(chosen)


def _rotate(groups, k):
    """The fold that tests on group ``k`` (counted from 0)."""
    dev = (k + 1) % len(groups)
    train = [name for g, group in enumerate(groups) if g not in (k, dev) for name in group]
    return Fold(tuple(sorted(train)), tuple(sorted(groups[dev])), tuple(sorted(groups[k])))


def _read_fold(cells, number, where):
    if len(cells) != len(COLUMNS):
        raise InputError(f"found {len(cells)} columns", where, _FORM)
    if cells[0] != str(number):
        raise InputError(f"fold {cells[0]!r}", where, f"fold {number}: folds count from 1")
    parts = [tuple(cell.split()) for cell in cells[1:]]
    for part, speakers in zip(PARTS, parts, strict=True):
        if not speakers:
            raise InputError(f"fold {number}: {part} has no speakers", where, "at least one")
        twice = sorted({name for name in speakers if speakers.count(name) > 1})
        if twice:
            raise InputError(f"fold {number}: {part} names {twice[0]} twice", where, "once")
    return Fold(*parts, where=where)


def _read_comments(comments):
    """Turn the ``# key: value`` lines into arguments of Protocol."""
    found = {"where": {}}
    for text, where in comments:
        key, _, value = (piece.strip() for piece in text.partition(":"))
        if key not in _KEYS or not value:
            raise InputError(f"comment {text!r}", where, f"# key: value, key {' | '.join(_KEYS)}")
        if key == "where":
            table, values = _read_condition(value, where)
            if table in found["where"]:
                raise InputError(f"a second condition on {table}", where, "value1,value2 on one")
            found["where"][table] = values
        elif key in found:
            raise InputError(f"a second {key}", where, "one line of each key but where")
        elif key == "untested" and value != "allowed":
            raise InputError(f"untested: {value}", where, "untested: allowed")
        else:
            found[key] = True if key == "untested" else value
    return found


def _read_condition(text, where):
    match = re.fullmatch(r"([\w.]+)\s*=\s*([^\s=]+)", text)
    values = tuple(match[2].split(",")) if match else ()
    if not values or not all(values):
        raise InputError(f"where: {text}", where, "where: table=value or table=value1,value2")
    return match[1], values
