"""curves.tsv: how the runs of an experiment learnt, epoch by epoch.

A line of column names, then one line per run and epoch, sorted, columns separated by tabs; what a
run has not is left empty. Made from the metrics.jsonl of the runs, which stay where they are.
"""

import json

from pyser.data.tables import read_text, text_lines
from pyser.errors import InputError

METRICS_FILE, CURVES_FILE = "metrics.jsonl", "curves.tsv"
_PLACE, _LEARNT = ("fold", "seed"), ("epoch", "learning_rate", "train_loss", "dev_loss")
COLUMNS, RATING_COLUMNS = (*_LEARNT, "dev_ua", "dev_wa"), (*_LEARNT, "dev_ccc")


def curves_text(runs):
    """The text of curves.tsv, ``None`` when no run tells how it learnt.

    Args:
        runs: as from :func:`pyser.score.result.find_runs`, sorted.

    Raises:
        InputError: a line that is no JSON, named as ``file:line``.
    """
    entries = []
    for run in runs:
        path = run.path / METRICS_FILE
        if path.is_file():
            place = {"fold": run.fold, "seed": run.seed}
            entries += [place | entry for entry in _epochs(path)]
    if not entries:
        return None
    header = (*_PLACE, *(RATING_COLUMNS if "dev_ccc" in entries[0] else COLUMNS))
    lines = [header, *([entry.get(name) for name in header] for entry in entries)]
    return "".join("\t".join(map(_cell, line)) + "\n" for line in lines)


def read_curves(path):
    """Read a curves.tsv.

    Returns:
        (fold, seed) -> list over epochs of {column: float, or ``None`` where it is empty}.

    Raises:
        FileError, InputError: it cannot be read, or is no such table.
    """
    lines = text_lines(read_text(path))
    header = tuple(lines[0].split("\t")) if lines else ()
    columns = header[len(_PLACE) :]
    if header != (*_PLACE, *columns) or columns not in (COLUMNS, RATING_COLUMNS):
        expected = " or ".join(" ".join((*_PLACE, *names)) for names in (COLUMNS, RATING_COLUMNS))
        raise InputError("other columns", f"{path}:1", expected)
    curves = {}
    for number, line in enumerate(lines[1:], 2):
        try:
            fold, seed, *values = (float(cell) if cell else None for cell in line.split("\t"))
            row = dict(zip(columns, values, strict=True))
            curves.setdefault((int(fold), int(seed)), []).append(row)
        except (TypeError, ValueError):
            raise InputError(f"found {line!r}", f"{path}:{number}", "a number a column") from None
    return curves


def _epochs(path):
    for number, line in enumerate(text_lines(read_text(path)), 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"is no JSON ({error.msg})", f"{path}:{number}") from error


def _cell(value):
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
