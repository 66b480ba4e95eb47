"""scores.tsv of a system that answers with numbers: ratings of valence, activation, dominance.

A line of column names, then one line per utterance, columns separated by tabs::

    [fold seed] utterance speaker <dimension> <dimension>_estimate ...

``<dimension>`` is the reference, on the scale of the corpus. The rest is as in
:mod:`pyser.score.table`, whose tables hold classes; ``read_answers`` reads both kinds.
"""

from dataclasses import dataclass

import numpy as np

from pyser.data.tables import read_text
from pyser.errors import InputError
from pyser.score.table import (
    DECIMALS,
    GRID,
    grid_cells,
    parse_grid,
    parse_scores,
    parse_table,
    repeated_tests,
    sorted_rows,
    split_cells,
)

_ESTIMATE = "_estimate"
_FORM = f"[fold seed] utterance speaker <dimension> <dimension>{_ESTIMATE} ..., with tabs"


@dataclass(frozen=True)
class Ratings:
    """The rows of one table.

    Args:
        dimensions: D names.
        utterances, speakers: N ids.
        reference, estimate: float64 ``[N, D]``, on the scale of the corpus.
        fold, seed: int64 ``[N]``; zeros when the table is one run's.
        has_grid: whether the table has (is written with) the columns fold and seed.
        findings: what is odd about the table but does not keep it from being scored.
    """

    dimensions: tuple[str, ...]
    utterances: tuple[str, ...]
    speakers: tuple[str, ...]
    reference: np.ndarray
    estimate: np.ndarray
    fold: np.ndarray
    seed: np.ndarray
    has_grid: bool = False
    findings: tuple[str, ...] = ()

    kind = "ratings"
    ARRAYS = ("reference", "estimate", "fold", "seed")

    def __len__(self):
        return len(self.utterances)

    @property
    def outputs(self):
        """The names of what is answered."""
        return self.dimensions


def make_ratings(dimensions, utterances, speakers, reference, estimate):
    """The Ratings of one run, with the decimals they will be written with.

    Args:
        dimensions: D names.
        utterances, speakers: N ids each.
        reference, estimate: arrays ``[N, D]``.
    """
    rounded = (np.round(np.asarray(v, np.float64), DECIMALS) + 0.0 for v in (reference, estimate))
    zeros = np.zeros(len(utterances), np.int64)
    names = tuple(dimensions), tuple(utterances), tuple(speakers)
    return Ratings(*names, *rounded, zeros, zeros)


def format_ratings(ratings):
    """The text of the table that holds ``ratings``, sorted by fold, seed and utterance."""
    grid = GRID if ratings.has_grid else []
    pairs = [name for one in ratings.dimensions for name in (one, one + _ESTIMATE)]
    lines = [[*grid, "utterance", "speaker", *pairs]]
    for row in sorted_rows(ratings):
        place = grid_cells(ratings, row)
        values = np.stack([ratings.reference[row], ratings.estimate[row]], axis=1).ravel()
        numbers = (f"{value:.{DECIMALS}f}" for value in values)
        lines.append([*place, ratings.utterances[row], ratings.speakers[row], *numbers])
    return "".join("\t".join(cells) + "\n" for cells in lines)


def read_answers(path):
    """Read a scores.tsv of either kind: Scores or Ratings.

    Raises:
        FileError: the file cannot be read.
        InputError: a line that cannot be used, named as ``file:line``.
    """
    return parse_answers(read_text(path), path)


def parse_answers(text, path):
    """Make Scores or Ratings from the text of a table; ``path`` is what errors call it."""
    header = text.split("\n", 1)[0].rstrip("\r").split("\t")
    parse = parse_ratings if any(name.endswith(_ESTIMATE) for name in header) else parse_scores
    return parse(text, path)


def parse_ratings(text, path):
    """Make Ratings from the text of a table; ``path`` is what errors call it."""
    columns, dimensions, names = parse_table(text, path, _FORM, _parse_header, _parse_row)
    return Ratings(
        dimensions=dimensions,
        utterances=names["utterance"],
        speakers=names["speaker"],
        has_grid="fold" in columns,
        findings=tuple(repeated_tests(names)),
        **{name: np.array(names[name]) for name in Ratings.ARRAYS},
    )


def _parse_header(line, where):
    """The names of the leading columns and those of the dimensions."""
    cells = line.split("\t")
    length = cells.index("speaker") + 1 if "speaker" in cells else 0
    columns, pairs = cells[:length], cells[length:]
    dimensions = tuple(pairs[::2])
    expected = [name for one in dimensions for name in (one, one + _ESTIMATE)]
    known = (["utterance", "speaker"], [*GRID, "utterance", "speaker"])
    if columns not in known or pairs != expected or len(set(pairs)) < len(pairs) or "" in pairs:
        raise InputError(f"found the column names {' '.join(cells)}", where, _FORM)
    return columns, dimensions


def _parse_row(line, columns, dimensions, where):
    """One line as a dict: names of columns to values, ``reference`` and ``estimate`` to tuples."""
    cells = split_cells(line, columns, 2 * len(dimensions), where)
    row = {"fold": 0, "seed": 0, **dict(zip(columns, cells, strict=False)), "where": where}
    parse_grid(row, columns)
    values = []
    for number, cell in enumerate(cells[len(columns) :]):
        try:
            values.append(float(cell))
        except ValueError:
            values.append(np.nan)
        if not np.isfinite(values[-1]):
            name = dimensions[number // 2] + (_ESTIMATE if number % 2 else "")
            raise InputError(f"{name} is {cell!r}", where, "a finite number")
    return row | {"reference": tuple(values[::2]), "estimate": tuple(values[1::2])}
