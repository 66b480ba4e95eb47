"""Ratings that were answered against those of people, one figure for each dimension."""

import numpy as np

from pyser.report.svg import Drawing, Scale, x_axis, y_axis
from pyser.score.ratingsummary import ccc_text

_SIDE, _LEFT, _TOP, _BELOW, _RIGHT = 210, 34, 46, 44, 14
MOST_DOTS = 600


def scatter_charts(experiment):
    """For each dimension the answers against the references (Drawings), on equal axes.

    Of many utterances evenly chosen ones are shown, of several seeds the first.
    """
    ratings, first = experiment.scores, experiment.summary.seeds[0]
    rows = np.flatnonzero(ratings.seed == first)
    if len(rows) > MOST_DOTS:
        rows = rows[np.linspace(0, len(rows) - 1, MOST_DOTS).round().astype(int)]
    for place, name in enumerate(ratings.dimensions):
        pairs = np.stack([ratings.reference[rows, place], ratings.estimate[rows, place]])
        ccc = ccc_text(experiment.summary.ccc[name].pooled)
        yield _chart(experiment.name, name, ccc, pairs)


def _chart(model, dimension, ccc, pairs):
    low, high = np.floor(pairs.min()), np.ceil(pairs.max())
    high = max(high, low + 1)
    size = _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BELOW
    drawing = Drawing(*size, f"{model}: {dimension} as answered against the reference")
    drawing.text(2, 14, f"{dimension}: CCC {ccc}", "strong")
    across = Scale(low, high, _LEFT, _LEFT + _SIDE)
    up = Scale(low, high, _TOP + _SIDE, _TOP)
    y_axis(drawing, up, _LEFT, _LEFT + _SIDE, "answer")
    x_axis(drawing, across, _TOP + _SIDE, "reference", across.ticks(4), _TOP)
    drawing.line(across(low), up(low), across(high), up(high), "dashed")
    for reference, estimate in pairs.T.tolist():
        drawing.circle(across(reference), up(estimate), 2, "dot faint")
    return drawing
