"""Figures of what was answered: UA of all systems, differences, confusion matrix, speakers."""

import math

import numpy as np

from pyser.report.svg import Drawing, Scale, text_width, x_axis
from pyser.score.metrics import grouped_confusion, unweighted_accuracy
from pyser.score.text import STANDIN_WARNING, percent, plural

_ROW = 26  # pixels of one line of a dot plot
_CELL = 46  # side of a cell of a confusion matrix
# cells at least so full get text that is dark in either theme, or in the colour of the page
_MID_SHARE, _FULL_SHARE = 0.6, 0.77


def ua_chart(group):
    """UA of all experiments of a Group with its 95 % intervals, and the chance level (Drawing)."""
    several = len({one.summary.seeds for one in group.experiments}) > 1
    rows = [(_overview_label(one, several), one.summary.metrics["UA"]) for one in group.experiments]
    drawing, scale, tops = dot_plot(
        [label for label, _ in rows], (0, 100), f"UA of all models: {group.title}", group.standin
    )
    bottom = drawing.height - 40
    x_axis(drawing, scale, bottom, "UA (%), with its 95 % interval", range(0, 101, 20), tops[0] - 8)
    chance = 100 * group.experiments[0].summary.chance_ua
    drawing.line(scale(chance), tops[0] - 16, scale(chance), bottom, "dashed")
    drawing.text(scale(chance) + 4, tops[0] - 8, f"chance {chance:.1f} %", "small muted")
    for (_, estimate), y in zip(rows, tops, strict=True):
        _interval_dot(drawing, scale, y, estimate.pooled, estimate.low, estimate.high)
    return drawing


def difference_chart(comparison, standin=False):
    """Differences of UA to the reference of an experiment file, with 95 % intervals (Drawing).

    Args:
        comparison: comparisons.Comparison with at least one tested row.
        standin: whether the recordings are made up.
    """
    rows = comparison.tested
    spans = [100 * v for row in rows for v in row.difference if math.isfinite(v)]
    most = 1.05 * max(5.0, *(abs(value) for value in spans))
    label = f"Difference of UA to {comparison.reference}: {comparison.title}"
    names = [row.name for row in rows]
    drawing, scale, tops = dot_plot(names, (-most, most), label, standin)
    bottom = drawing.height - 40
    title = "difference of UA (points), 95 % interval"
    x_axis(drawing, scale, bottom, title, top=tops[0] - 12, form=_signed)
    drawing.line(scale(0), tops[0] - 12, scale(0), bottom, "dashed")
    drawing.text(scale(0), tops[0] - 20, comparison.reference, "small muted", "middle")
    for row, y in zip(rows, tops, strict=True):
        _interval_dot(drawing, scale, y, *row.difference)
    return drawing


def speaker_chart(experiment):
    """UA of each speaker, best first, with the number of utterances (Drawing).

    A dot is the mean over seeds; with several seeds each one's value is a fainter dot.
    """
    names, counts, by_seed = speaker_accuracies(experiment.scores)
    means = np.nanmean(by_seed, axis=1)  # somebody answered each speaker: never empty
    order = sorted(range(len(names)), key=lambda row: (-means[row], names[row]))
    labels = [f"{names[row]} (n = {counts[row]})" for row in order]
    drawing, scale, tops = dot_plot(labels, (0, 100), f"{experiment.name}: UA of each speaker")
    bottom = drawing.height - 40
    x_axis(drawing, scale, bottom, "UA of the speaker (%)", range(0, 101, 20), tops[0] - 12)
    pooled = 100 * experiment.summary.metrics["UA"].pooled
    drawing.line(scale(pooled), tops[0] - 16, scale(pooled), bottom, "dashed")
    drawing.text(scale(pooled), tops[0] - 20, f"all: {pooled:.1f} %", "small muted", "middle")
    for row, y in zip(order, tops, strict=True):
        if by_seed.shape[1] > 1:
            for value in by_seed[row][np.isfinite(by_seed[row])]:
                drawing.circle(scale(100 * value), y, 2.5, "dot faint")
        _interval_dot(drawing, scale, y, means[row])
    return drawing


def speaker_accuracies(scores):
    """UA of each speaker.

    Returns:
        names (list of str), number of different utterances (list of int), UA float64 [S, seeds].
    """
    names, index = np.unique(np.array(scores.speakers), return_inverse=True)
    seeds, seed_index = np.unique(scores.seed, return_inverse=True)
    size, classes = len(names) * len(seeds), len(scores.classes)
    groups = index * len(seeds) + seed_index
    matrices = grouped_confusion(scores.reference, scores.hypothesis, classes, groups, size)
    pairs = set(zip(scores.speakers, scores.utterances, strict=True))
    counts = [sum(speaker == name for speaker, _ in pairs) for name in names]
    return names.tolist(), counts, unweighted_accuracy(matrices).reshape(len(names), len(seeds))


def confusion_chart(experiment, group):
    """The confusion matrix, each row as per cent of its class, with counts (Drawing)."""
    summary, classes = experiment.summary, experiment.scores.classes
    matrix, size = summary.confusion, len(classes)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    left = 34 + max(text_width(name) for name in classes)
    turned = max(text_width(name) for name in classes) > _CELL - 6
    below = 12 + (0.75 * max(text_width(name) for name in classes) if turned else 14)
    label = f"{experiment.name}: confusion matrix, {group.title}"
    title = _confusion_title(experiment, group)
    top = warning_height(group.standin) + 40
    width = max([left + size * _CELL + 30, *(8 + text_width(line) for line in title)])
    drawing = Drawing(width, top + size * _CELL + below + 24, label)
    warn_standin(drawing, group.standin)
    drawing.text(4, top - 26, title[0], "strong")
    drawing.text(4, top - 10, title[1], "small muted")
    with drawing.group("cells", "middle"):
        for row, column in np.ndindex(size, size):
            corner = left + column * _CELL, top + row * _CELL
            _cell(drawing, corner, shares[row, column], matrix[row, column])
    bottom = top + size * _CELL
    for place, name in enumerate(classes):
        middle = (place + 0.5) * _CELL
        drawing.text(left - 6, top + middle + 4, name, anchor="end")
        x, y = left + middle, bottom + 15
        if turned:
            drawing.text(x + 4, y, name, anchor="end", turn=-40)
        else:
            drawing.text(x, y, name, anchor="middle")
    middle = left + size * _CELL / 2
    drawing.text(middle, drawing.height - 8, "hypothesis (class)", "small muted", "middle")
    y = top + size * _CELL / 2
    drawing.text(14, y, "reference (class)", "small muted", "middle", -90)
    return drawing


def _confusion_title(experiment, group):
    """Two lines: what it is, and what its numbers are."""
    summary = experiment.summary
    seeds = f" over {plural(len(summary.seeds), 'seed')}" if len(summary.seeds) > 1 else ""
    what = f"% of the reference class (utterances{seeds}); folds: {experiment.folds_text}"
    return f"{experiment.name}: {group.title}", what


def warning_height(standin):
    """The pixels that ``warn_standin`` needs at the top of a drawing."""
    return 32 if standin else 0


def warn_standin(drawing, standin):
    """Write the warning that recordings are made up, in two lines: figures may be narrow."""
    if standin:
        drawing.label += f". {STANDIN_WARNING}"
        claim, colon, rest = STANDIN_WARNING.partition(": ")
        drawing.text(4, 14, (claim + colon).rstrip(), "small warn")
        drawing.text(4, 28, rest, "small warn")


def _cell(drawing, corner, share, count):
    """The per cent, and below it the count, of one cell with its upper left ``corner``."""
    x, y = corner
    drawing.rect(x + 0.5, y + 0.5, _CELL - 1, _CELL - 1, "cell", 0.04 + 0.96 * share)
    if not count:
        drawing.text(x + _CELL / 2, y + _CELL / 2 + 4, "0", "small muted")
        return
    kind = "inverse" if share >= _FULL_SHARE else "mid" if share >= _MID_SHARE else ""
    drawing.text(x + _CELL / 2, y + _CELL / 2 + 1, f"{100 * share:.0f}", kind)
    small = f"small {kind}".strip()
    drawing.text(x + _CELL / 2, y + _CELL / 2 + 15, f"({count})", small)


def dot_plot(labels, limits, title, standin=False):
    """A Drawing with a line of text per row; also its Scale and the height of each row.

    Args:
        labels: of the rows.
        limits: (low, high) of the scale.
        title: what the figure is of.
        standin: whether the recordings are made up.
    """
    left = 14 + max((text_width(label) for label in labels), default=0)
    top = warning_height(standin) + 26
    width = left + max(290, 440 - left)
    drawing = Drawing(width, top + _ROW * len(labels) + 44, title)
    warn_standin(drawing, standin)
    tops = [top + _ROW * (row + 0.5) for row in range(len(labels))]
    for label, y in zip(labels, tops, strict=True):
        drawing.text(left - 10, y + 4, label, anchor="end")
    return drawing, Scale(*limits, left, drawing.width - 18), tops


def _interval_dot(drawing, scale, y, value, low=math.nan, high=math.nan):
    if math.isfinite(low):
        drawing.line(scale(100 * low), y, scale(100 * high), y, "bar")
    text = f"{100 * value:.1f}" + (f" [{percent(low)}, {percent(high)}]" * math.isfinite(low))
    drawing.circle(scale(100 * value), y, 5, "dot", text)


def _signed(value):
    """``+20``, ``0`` or ``−20``."""
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"


def _overview_label(experiment, tell_seeds):
    """The name, the number of seeds where it differs, and whether folds are missing."""
    notes = [plural(len(experiment.summary.seeds), "seed")] if tell_seeds else []
    if experiment.result.get("missing"):
        notes += [f"{experiment.folds_text} folds"]
    return experiment.name + (f" ({', '.join(notes)})" if notes else "")
