"""UA beside what it costs: a figure of all models by size and by the time of their answers."""

import math
from dataclasses import dataclass

from pyser.report.charts import warn_standin, warning_height
from pyser.report.costs import factor_text
from pyser.report.labels import RADIUS, place_labels
from pyser.report.svg import Drawing, LogScale, Scale, x_axis, y_axis
from pyser.score.summary import Estimate
from pyser.score.text import interval, percent

_WIDTH, _LEFT, _RIGHT = 600, 36, 16
_TOP, _BOTTOM = 30, 44  # of a panel: above and below its area
_NEAR_CHANCE = 0.05  # of UA
_HEIGHT, _HEIGHT_OF_NAME = 220, 5  # of the area of a panel; more of it for each model


def count_text(value):
    """``500``, ``20k`` or ``1M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


# name in result.json, title of the axis, text of a tick
_COSTS = (
    ("num_parameters", "parameters", count_text),
    ("real_time_factor", "real-time factor (seconds for a second of audio)", factor_text),
)


@dataclass(frozen=True)
class _Point:
    """A model: its name, its cost and the Estimate of its UA."""

    name: str
    cost: float
    ua: Estimate

    @property
    def ends(self):
        """The values that have to be seen: UA and the ends of its interval, in per cent."""
        values = (self.ua.pooled, self.ua.low, self.ua.high)
        return [100 * value for value in values if math.isfinite(value)]


def has_tradeoff(group):
    """Whether there is a figure: two models tell the same cost."""
    return any(True for _ in _panels(group))


def _panels(group):
    """(points, title, form) for each cost that two models tell; none where there is no UA."""
    for name, title, form in () if group.rated else _COSTS:
        told = [(one, one.result.get(name)) for one in group.experiments]
        points = [
            _Point(one.name, cost, one.summary.metrics["UA"])
            for one, cost in told
            if cost is not None and 0 < cost < math.inf and not _at_chance(one)
        ]
        if len(points) > 1:
            yield points, title, form


def _at_chance(experiment):
    """Whether UA is about what knowing nothing gives: such a model is worth no cost."""
    ua, chance = experiment.summary.metrics["UA"], experiment.summary.chance_ua
    return ua.low <= chance and ua.pooled < chance + _NEAR_CHANCE


def tradeoff_chart(group):
    """UA of all models against their costs, one panel for each cost that two of them tell.

    Models at chance are named and not drawn: they would press all others together.

    Args:
        group: Group.

    Returns:
        Drawing; ``None`` without a panel.
    """
    panels = list(_panels(group))
    if not panels:
        return None
    top = warning_height(group.standin)
    area = _HEIGHT + _HEIGHT_OF_NAME * len(group.experiments)
    each = _TOP + area + _BOTTOM
    label = f"UA beside what it costs: {group.title}"
    drawing = Drawing(_WIDTH, top + each * len(panels), label)
    warn_standin(drawing, group.standin)
    heading = "UA (%), with its 95 % interval"
    absent = [one.name for one in group.experiments if _at_chance(one)]
    heading += f"; at chance, not drawn: {', '.join(absent)}" if absent else ""
    for number, (points, title, form) in enumerate(panels):
        upper = top + number * each + _TOP
        y_title = heading if number == 0 else heading.partition(";")[0]
        _panel(drawing, (upper, upper + area), points, (title, y_title), form)
    return drawing


def _panel(drawing, band, points, titles, form):
    """One set of axes between the heights ``band``, with its points and their names."""
    across, up = _scales(points, band)
    right = _WIDTH - _RIGHT
    y_axis(drawing, up, _LEFT, right, titles[1])
    drawing.line(_LEFT, band[1], right, band[1])
    x_axis(drawing, across, band[1], titles[0], form=form)
    # rounded as they will be drawn: names are placed alike whatever the last bits are
    dots = [(round(across(point.cost), 1), round(up(100 * point.ua.pooled), 1)) for point in points]
    bars = [
        (x - 1, round(up(max(point.ends)), 1), x + 1, round(up(min(point.ends)), 1))
        for point, (x, _) in zip(points, dots, strict=True)
    ]
    names = [point.name for point in points]
    labels = place_labels(names, dots, bars, (_LEFT + 2, band[0], right, band[1] - 2))
    for x, high, _, low in bars:
        drawing.line(x + 1, high, x + 1, low, "bar thin")
    for dot, label in zip(dots, labels, strict=True):
        if label and label.far:
            _lead(drawing, dot, label.box)
    for point, (x, y) in zip(points, dots, strict=True):
        words = f"{point.name}: UA {percent(point.ua.pooled)} {interval(point.ua, '[{}, {}]')}"
        drawing.circle(x, y, RADIUS, "dot edged", words)
    for name, label in zip(names, labels, strict=True):
        if label:
            drawing.text(*label.place, name, "name", label.anchor)


def _scales(points, band):
    """Scales of costs and of per cent: at least a decade, and at least ten points."""
    costs = [math.log10(point.cost) for point in points]
    span = max(costs) - min(costs)
    beyond = max(0.06 * span, (1 - span) / 2)
    bounds = 10 ** (min(costs) - beyond), 10 ** (max(costs) + beyond)
    ends = [end for point in points for end in point.ends]
    low, high = 5 * math.floor(min(ends) / 5), 5 * math.ceil(max(ends) / 5)
    across = LogScale(*bounds, _LEFT, _WIDTH - _RIGHT)
    return across, Scale(low, max(high, low + 10), band[1], band[0])


def _lead(drawing, dot, box):
    """A line from a name to its dot."""
    x, y = dot
    left, top, right, bottom = box
    drawing.line(min(max(x, left), right), min(max(y, top), bottom), x, y, "lead")
