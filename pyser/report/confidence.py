"""How far posteriors can be believed: reliability, and accuracy where the least sure is dropped."""

import math
from dataclasses import dataclass

import numpy as np

from pyser.report.svg import Drawing, Scale, x_axis, y_axis
from pyser.report.tables import Table
from pyser.score.calibration import Calibration, at_temperatures, calibration
from pyser.score.result import run_temperatures
from pyser.score.selective import SHOWN, Selective, selective
from pyser.score.text import percent

_SIDE, _LEFT, _TOP, _RIGHT = 250, 44, 34, 24
_TICKS = (0, 20, 40, 60, 80, 100)
_LARGEST_DOT = 11
_RIGHT_AT = tuple(f"right at {100 * share:.0f} %>" for share in SHOWN)
_HEADINGS = ("model<", "ECE>", "ECE (T)>", "NLL (nats)>", "NLL (T)>", *_RIGHT_AT, "AURC>")


@dataclass(frozen=True)
class Confidence:
    """Calibration and selective accuracy of one experiment; the latter also with temperatures."""

    calibration: Calibration
    selective: Selective
    tempered: Selective | None


def read_confidence(experiment):
    """The Confidence of an Experiment, with the temperatures of its runs where it tells them."""
    scores, temperatures = experiment.scores, run_temperatures(experiment.result)
    return Confidence(
        calibration(scores, temperatures),
        selective(scores),
        selective(at_temperatures(scores, temperatures)) if temperatures else None,
    )


def confidence_table(group, confidences):
    """One row for each experiment of a Group."""
    rows = [
        _cells(one.name, what) for one, what in zip(group.experiments, confidences, strict=True)
    ]
    return Table(_HEADINGS, tuple(rows))


def _cells(name, what):
    before, after = what.calibration.before, what.calibration.after
    eces = percent(before.ece), percent(after.ece) if after else "-"
    losses = f"{before.nll:.3f}", f"{after.nll:.3f}" if after else "-"
    shares = (percent(what.selective.at(coverage)) for coverage in SHOWN)
    return (name, *eces, *losses, *shares, percent(what.selective.aurc))


def reliability_chart(name, what):
    """Share of right answers by their posterior, before and after temperature scaling (Drawing).

    A dot is a bin of posteriors, its area the number of answers in it.
    """
    drawing, across, up = _square(
        f"{name}: reliability", "posterior of the answer (%)", "right answers (%)"
    )
    drawing.line(across(0), up(0), across(100), up(100), "dashed")
    series = [(what.calibration.before, "", "as they are: ")]
    if what.calibration.after:
        series += [(what.calibration.after, " second", "at temperature: ")]
    else:
        series = [(what.calibration.before, "", "")]
    most = max(int(one.bins.count.max()) for one, _, _ in series)
    for place, (one, kind, words) in enumerate(series):
        bins, some = one.bins, one.bins.count > 0
        xs, ys = across(100 * bins.confidence[some]), up(100 * bins.accuracy[some])
        for x, y, count in zip(xs, ys, bins.count[some], strict=True):
            radius = max(1.5, _LARGEST_DOT * math.sqrt(count / most))
            drawing.circle(x, y, radius, f"dot{kind} faint", f"{count} answers")
        text_kind = "accent" if not kind else "second"
        y = _TOP + 18 + 16 * place
        drawing.text(_LEFT + 8, y, f"{words}ECE {percent(one.ece)} %", f"halo {text_kind}")
    return drawing


def coverage_chart(name, what):
    """Share of right answers among the surest, by the share that is answered (Drawing)."""
    drawing, across, up = _square(
        f"{name}: accuracy by coverage", "coverage: share answered (%)", "right answers (%)"
    )
    for one, kind in ((what.selective, ""), (what.tempered, " second")):
        if one is not None:
            drawing.path(across(100 * one.coverage), up(100 * one.accuracy), f"line{kind}")
    for coverage in SHOWN:
        x, y = across(100 * coverage), up(100 * what.selective.at(coverage))
        drawing.circle(x, y, 3.2, "dot", percent(what.selective.at(coverage)))
    if what.tempered is not None:
        least = float(np.min(what.selective.accuracy)) * 100
        y = up(least) + 22 if least > 20 else _TOP + 18
        drawing.text(_LEFT + 8, y, "as they are", "halo accent")
        drawing.text(_LEFT + 8, y + 16, "at temperature", "halo second")
    return drawing


def _square(title, x_title, y_title):
    """A Drawing with axes of 0 to 100 %; also their Scales."""
    drawing = Drawing(_LEFT + _SIDE + _RIGHT, _TOP + _SIDE + 44, title)
    across = Scale(0, 100, _LEFT, _LEFT + _SIDE)
    up = Scale(0, 100, _TOP + _SIDE, _TOP)
    y_axis(drawing, up, _LEFT, _LEFT + _SIDE, y_title, _TICKS)
    x_axis(drawing, across, _TOP + _SIDE, x_title, _TICKS)
    return drawing, across, up
