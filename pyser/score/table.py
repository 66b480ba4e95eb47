"""scores.tsv: what a system answered for each test utterance. Anybody's system can write one.

A line of column names, then one line per utterance, columns separated by tabs::

    [fold seed] utterance speaker [style] reference hypothesis <class 1> <class 2> ...

``reference`` and ``hypothesis`` are class names; the class columns hold natural-log posteriors.
``fold`` and ``seed`` (whole numbers) stand in the table of a whole experiment, ``style`` where the
corpus has parts that are worth telling apart. Lines may come in any order; we write them sorted.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pyser.data.tables import read_text, text_lines
from pyser.errors import InputError
from pyser.files import write_text
from pyser.score.metrics import confusion

DECIMALS = 6
# posteriors may have been rounded by their writer; further off, they are not log-posteriors
LOG_SUM_TOLERANCE = 1e-3
GRID = ["fold", "seed"]
_STYLE, _HYPOTHESIS = "style", "hypothesis"
_FORM = "[fold seed] utterance speaker [style] reference hypothesis <class> <class> ..., with tabs"


@dataclass(frozen=True)
class Scores:
    """The rows of one scores.tsv.

    Args:
        classes: C names, in the order of the class columns.
        utterances, speakers: N ids.
        reference, hypothesis: int64 ``[N]``, indices into ``classes``.
        log_posteriors: float64 ``[N, C]``, natural logarithms.
        fold, seed: int64 ``[N]``; zeros when the table is one run's.
        styles: N names, or ``None``.
        has_grid: whether the table has (is written with) the columns fold and seed.
        findings: what is odd about the table but does not keep it from being scored.
    """

    classes: tuple[str, ...]
    utterances: tuple[str, ...]
    speakers: tuple[str, ...]
    reference: np.ndarray
    hypothesis: np.ndarray
    log_posteriors: np.ndarray
    fold: np.ndarray
    seed: np.ndarray
    styles: tuple[str, ...] | None = None
    has_grid: bool = False
    findings: tuple[str, ...] = ()

    kind = "classes"
    ARRAYS = ("reference", "hypothesis", "log_posteriors", "fold", "seed")

    def __len__(self):
        return len(self.utterances)

    @property
    def outputs(self):
        """The names of what is answered."""
        return self.classes

    def select(self, mask):
        """The rows where ``mask`` (bool ``[N]``) is true, in order."""
        rows = np.flatnonzero(mask)

        def pick(names):
            return None if names is None else tuple(names[row] for row in rows)

        return replace(
            self,
            utterances=pick(self.utterances),
            speakers=pick(self.speakers),
            styles=pick(self.styles),
            **{name: getattr(self, name)[rows] for name in self.ARRAYS},
        )

    def confusion(self):
        """Counts int64 ``[C, C]`` over all rows, reference in rows."""
        return confusion(self.reference, self.hypothesis, len(self.classes))


def decide(classes, utterances, speakers, reference, log_posteriors):
    """Make the Scores of one run: the hypothesis is the class with the highest posterior.

    The decision is taken on the posteriors as they will be written (6 decimals), the first class
    winning a tie, so that the file contradicts itself nowhere.

    Args:
        classes: C class names.
        utterances, speakers: N ids each.
        reference: integer array ``[N]``, indices into ``classes``.
        log_posteriors: array ``[N, C]`` of natural logarithms.
    """
    rounded = np.round(np.asarray(log_posteriors, np.float64), DECIMALS) + 0.0  # -0.0 becomes 0.0
    zeros = np.zeros(len(utterances), np.int64)
    reference = np.asarray(reference, np.int64)
    names = tuple(classes), tuple(utterances), tuple(speakers)
    return Scores(*names, reference, rounded.argmax(axis=1), rounded, zeros, zeros)


def write_scores(path, scores):
    """Write ``scores`` to ``path``, atomically, sorted by fold, seed and utterance."""
    write_text(path, format_scores(scores))


def format_scores(scores):
    """The text of the scores.tsv that holds ``scores``."""
    style = [_STYLE] if scores.styles is not None else []
    grid = GRID if scores.has_grid else []
    header = [*grid, "utterance", "speaker", *style, "reference", _HYPOTHESIS, *scores.classes]
    rows = (_row(scores, row) for row in sorted_rows(scores))
    return "".join(_line(cells) for cells in [header, *rows])


def grid_cells(table, row):
    """The cells fold and seed of a row of Scores (or Ratings), if it has them."""
    return [str(table.fold[row]), str(table.seed[row])] if table.has_grid else []


def sorted_rows(table):
    """The numbers of the rows of Scores (or Ratings) by fold, seed and utterance."""
    return sorted(
        range(len(table)),
        key=lambda row: (table.fold[row], table.seed[row], table.utterances[row]),
    )


def _row(scores, row):
    grid = grid_cells(scores, row)
    style = [scores.styles[row]] if scores.styles is not None else []
    labels = [scores.classes[scores.reference[row]], scores.classes[scores.hypothesis[row]]]
    posteriors = [f"{value:.{DECIMALS}f}" for value in scores.log_posteriors[row]]
    return [*grid, scores.utterances[row], scores.speakers[row], *style, *labels, *posteriors]


def _line(cells):
    return "\t".join(cells) + "\n"


def read_scores(path):
    """Read a scores.tsv.

    Returns:
        Scores, in the order of the file.

    Raises:
        FileError: the file cannot be read.
        InputError: a line that cannot be used, named as ``file:line``: wrong columns, unknown
            class, posteriors that are no log-posteriors, an utterance twice in one fold and seed
            or with two references.
    """
    return parse_scores(read_text(path), path)


def parse_scores(text, path):
    """Make Scores from the text of a scores.tsv; ``path`` is what errors call it."""
    columns, classes, names = parse_table(text, path, _FORM, _parse_header, _parse_row)
    arrays = {name: np.array(names[name]) for name in Scores.ARRAYS}
    return Scores(
        classes=classes,
        utterances=names["utterance"],
        speakers=names["speaker"],
        styles=names.get(_STYLE),
        has_grid="fold" in columns,
        findings=(*_odd_decisions(names, arrays), *repeated_tests(names)),
        **arrays,
    )


def parse_table(text, path, form, parse_header, parse_row):
    """The leading columns, the names of what is answered, and column -> values of all rows.

    Args:
        text: of the table; ``path`` is what errors call it.
        form: of its first line, in words.
        parse_header: (line, where) -> columns, names of what is answered.
        parse_row: (line, columns, names, where) -> dict.
    """
    lines = [line.rstrip("\r") for line in text_lines(text)]
    if len(lines) < 2:
        raise InputError("no utterances", path, f"a header ({form}) and one line per utterance")
    columns, outputs = parse_header(lines[0], f"{path}:1")
    numbered = enumerate(lines[1:], 2)
    rows = [parse_row(line, columns, outputs, f"{path}:{number}") for number, line in numbered]
    _check_repeated(rows)
    return columns, outputs, {name: tuple(row[name] for row in rows) for name in rows[0]}


def _parse_header(line, where):
    """The names of the leading columns and those of the classes."""
    cells = line.split("\t")
    length = cells.index(_HYPOTHESIS) + 1 if _HYPOTHESIS in cells else 0
    columns, classes = cells[:length], tuple(cells[length:])
    optional = [name for name in (*GRID, _STYLE) if name in columns]
    required = [name for name in columns if name not in optional]
    ordered = [*GRID, "utterance", "speaker", _STYLE, "reference", _HYPOTHESIS]
    if (
        columns != [name for name in ordered if name in columns]
        or required != ["utterance", "speaker", "reference", _HYPOTHESIS]
        or ("fold" in optional) != ("seed" in optional)
    ):
        raise InputError(f"found the column names {' '.join(cells)}", where, _FORM)
    if len(classes) < 2 or len(set(classes)) < len(classes) or "" in classes:
        found = f"found the class columns {' '.join(classes) or '(none)'}"
        raise InputError(found, where, "two or more different class names after hypothesis")
    return columns, classes


def _parse_row(line, columns, classes, where):
    """One line as a dict from column name to value, plus ``log_posteriors``."""
    cells = split_cells(line, columns, len(classes), where)
    row = {"fold": 0, "seed": 0, **dict(zip(columns, cells, strict=False)), "where": where}
    for name in ("reference", _HYPOTHESIS):
        if row[name] not in classes:
            raise InputError(f"unknown class {row[name]!r}", where, "one of: " + " ".join(classes))
        row[name] = classes.index(row[name])
    parse_grid(row, columns)
    row["log_posteriors"] = _parse_posteriors(cells[len(columns) :], classes, where)
    return row


def split_cells(line, columns, num_values, where):
    """The cells of a line: of the named ``columns``, none empty, and ``num_values`` more."""
    cells = line.split("\t")
    wanted = len(columns) + num_values
    if len(cells) != wanted:
        found = f"found {len(cells)} columns"
        raise InputError(found, where, f"{wanted}, as in the first line, separated by tabs")
    for name, cell in zip(columns, cells, strict=False):
        if not cell:
            raise InputError(f"the column {name} is empty", where, "a value")
    return cells


def parse_grid(row, columns):
    """Make numbers of ``fold`` and ``seed`` in a ``row`` (dict), if they are among ``columns``."""
    for name in GRID if "fold" in columns else ():
        if not (row[name].isascii() and row[name].isdigit()):
            raise InputError(f"{name} is {row[name]!r}", row["where"], "a whole number")
        row[name] = int(row[name])


def _parse_posteriors(cells, classes, where):
    values = []
    for name, cell in zip(classes, cells, strict=True):
        try:
            value = float(cell)
        except ValueError:
            raise InputError(f"log-posterior of {name} is {cell!r}", where, "a number") from None
        if not np.isfinite(value):
            remedy = "floor the posteriors, or take the log-softmax instead of the log of a softmax"
            raise InputError(f"log-posterior of {name} is {cell}", where, "a finite number", remedy)
        values.append(value)
    total = float(np.logaddexp.reduce(values))
    if abs(total) > LOG_SUM_TOLERANCE:
        found = f"the posteriors sum to exp({total:.4g})"
        remedy = "write natural logarithms of posteriors, not scores or logits"
        raise InputError(found, where, "1", remedy)
    return values


def _check_repeated(rows):
    """Refuse an utterance twice in one fold and seed, or with two references or speakers."""
    seen, said = {}, {}
    for row in rows:
        key = (row["fold"], row["seed"], row["utterance"])
        if key in seen:
            found = f"utterance {row['utterance']} was seen before, at {seen[key]}"
            raise InputError(found, row["where"], "every utterance once in a fold and seed")
        seen[key] = row["where"]
        first = said.setdefault(row["utterance"], row)
        for name in ("reference", "speaker"):
            if first[name] != row[name]:
                found = f"utterance {row['utterance']} has another {name} at {first['where']}"
                raise InputError(found, row["where"], f"the same {name} in every fold and seed")


def _odd_decisions(names, arrays):
    """A finding where hypotheses are not the maximum: a system may decide otherwise, knowingly."""
    posteriors, hypothesis = arrays["log_posteriors"], arrays[_HYPOTHESIS]
    chosen = np.take_along_axis(posteriors, hypothesis[:, None], axis=1)[:, 0]
    odd = np.flatnonzero(chosen < posteriors.max(axis=1))
    if odd.size:
        line = names["where"][odd[0]].rpartition(":")[2]
        yield (
            f"{odd.size} of {len(hypothesis)} hypotheses are not the class with the highest "
            f"posterior (first: {names['utterance'][odd[0]]}, line {line})"
        )


def repeated_tests(names):
    """A finding where utterances are in the test part of several folds."""
    pairs = sorted(set(zip(names["utterance"], names["fold"], strict=True)))
    repeated = sorted({pair[0] for pair, after in pairwise(pairs) if pair[0] == after[0]})
    if repeated:
        yield (
            f"{len(repeated)} utterances are tested in more than one fold (first: {repeated[0]}) "
            "and count more than once"
        )
