"""curves.tsv: how the runs of an experiment learnt, epoch by epoch.

A line of column names, then one line per run and epoch, sorted, columns separated by tabs; what a
run has not is left empty. Made from the metrics.jsonl of the runs, which stay where they are.
"""

import json

from pyser.data.tables import read_text, text_lines
from pyser.errors import InputError

METRICS_FILE, CURVES_FILE = "metrics.jsonl", "curves.tsv"
COLUMNS = ("epoch", "learning_rate", "train_loss", "dev_loss", "dev_ua", "dev_wa")
_HEADER = ("fold", "seed", *COLUMNS)


def curves_text(runs):
    """The text of curves.tsv, ``None`` when no run tells how it learnt.

    Args:
        runs: as from :func:`pyser.score.result.find_runs`, sorted.

    Raises:
        InputError: a line that is no JSON, named as ``file:line``.
    """
    lines = []
    for run in runs:
        path = run.path / METRICS_FILE
        if path.is_file():
            lines += [[run.fold, run.seed, *row] for row in _epochs(path)]
    if not lines:
        return None
    return "".join("\t".join(map(_cell, line)) + "\n" for line in [_HEADER, *lines])


def read_curves(path):
    """Read a curves.tsv.

    Returns:
        (fold, seed) -> list over epochs of {column: float, or ``None`` where it is empty}.

    Raises:
        FileError, InputError: it cannot be read, or is no such table.
    """
    lines = text_lines(read_text(path))
    if not lines or tuple(lines[0].split("\t")) != _HEADER:
        raise InputError("other columns", f"{path}:1", " ".join(_HEADER))
    curves = {}
    for number, line in enumerate(lines[1:], 2):
        try:
            fold, seed, *values = (float(cell) if cell else None for cell in line.split("\t"))
            row = dict(zip(COLUMNS, values, strict=True))
            curves.setdefault((int(fold), int(seed)), []).append(row)
        except (TypeError, ValueError):
            raise InputError(f"found {line!r}", f"{path}:{number}", "a number a column") from None
    return curves


def _epochs(path):
    for number, line in enumerate(text_lines(read_text(path)), 1):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"is no JSON ({error.msg})", f"{path}:{number}") from error
        yield [entry.get(name) for name in COLUMNS]


def _cell(value):
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
