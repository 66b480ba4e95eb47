"""Places for the names of dots, so that none covers a dot or another name."""

from dataclasses import dataclass

import numpy as np

from pyser.report.svg import text_width

SIZE = 11  # of the font of names, in pixels
RADIUS = 4  # of dots
_HEIGHT = 13
_GAP = RADIUS + 4  # from the middle of a dot to the name beside it
_STEPS = 10, 7  # across and down, between the places that are tried away from a dot
_NUM_NEAR = 6  # places next to a dot
_NUM_TRIED = 100  # cheapest places whose lines are looked at
_CROSSING = 25  # a name this much farther from its dot is as bad as one across an interval


@dataclass(frozen=True)
class Label:
    """Where the name of a dot stands.

    Attributes:
        box: (left, top, right, bottom) of the name, in pixels.
        dot_x: where its dot is.
        far: whether it stands so far from its dot that a line has to lead there.
    """

    box: tuple[float, float, float, float]
    dot_x: float
    far: bool

    @property
    def anchor(self):
        """The end of the text at which its dot is, if it is at an end."""
        left, _, right, _ = self.box
        return "start" if left > self.dot_x else "end" if right < self.dot_x else "middle"

    @property
    def place(self):
        """(x, y) of the text's anchor at its baseline."""
        left, top, right, _ = self.box
        x = {"start": left, "middle": (left + right) / 2, "end": right}[self.anchor]
        return x, top + 10


def place_labels(names, dots, bars, area):
    """The Label of each name, ``None`` for one that finds no room.

    One after the other takes the free place next to its dot - right, left, above, below -
    or else the nearest one; a place across an interval or a line counts as farther away.

    Args:
        names: of the dots (list of str).
        dots: their (x, y).
        bars: boxes (left, top, right, bottom) of the intervals.
        area: the box that names have to stay in.
    """
    taken = [(x - RADIUS - 1, y - RADIUS - 1, x + RADIUS + 1, y + RADIUS + 1) for x, y in dots]
    crossed, labels = list(bars), []
    for name, dot in zip(names, dots, strict=True):
        boxes, costs = _candidates(text_width(name, SIZE), dot, area)
        inside = (boxes[:, :2] >= area[:2]).all(axis=1) & (boxes[:, 2:] <= area[2:]).all(axis=1)
        free = inside & (_hits(boxes, taken) == 0)
        costs = np.where(free, costs + _CROSSING * _hits(boxes, crossed), np.inf)
        best = _least_crossed(boxes, costs, dot, taken)
        labels.append(None)
        if free[best]:
            labels[-1] = Label(tuple(boxes[best].tolist()), dot[0], best >= _NUM_NEAR)
            taken.append(labels[-1].box)
            if labels[-1].far:
                points = _lead_points(boxes[best : best + 1], dot)[0].tolist()
                crossed += [(x - 1, y - 1, x + 1, y + 1) for x, y in points]
    return labels


def _least_crossed(boxes, costs, dot, taken):
    """Which of the cheapest ``boxes`` is best, what its line to the dot crosses taken in."""
    order = np.argsort(costs, kind="stable")[:_NUM_TRIED]
    points = _lead_points(boxes[order], dot)
    on_point = np.concatenate([points, points], axis=-1)
    around = np.array([(*dot, *dot)])
    others = [box for box in taken if not _hits(around, [box])]  # not what lies on the dot
    hits = sum(_hits(on_point[:, place], others) for place in range(points.shape[1]))
    hits = np.where(order < _NUM_NEAR, 0, hits)
    return int(order[np.argmin(costs[order] + _CROSSING * hits)])


def _lead_points(boxes, dot):
    """Points [N, 8, 2] between each of ``boxes`` [N, 4] and a dot."""
    ends = np.clip(dot, boxes[:, :2], boxes[:, 2:])[:, None]
    return ends + np.linspace(0, 0.85, 8)[:, None] * (np.array(dot) - ends)


def _candidates(width, dot, area):
    """Boxes [N, 4] for a name of a dot, first those next to it; how bad each is [N]."""
    x, y = dot
    above, middle, below = (y + rows * _HEIGHT for rows in (-1.5, -0.5, 0.5))
    near = [(x + _GAP, middle), (x - _GAP - width, middle)]
    near += [(start, top) for start in (x + 3, x - 3 - width) for top in (above, below)]
    across = np.arange(area[0], area[2] - width, _STEPS[0])
    down = np.arange(area[1], area[3] - _HEIGHT, _STEPS[1])
    grid = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    boxes = np.concatenate([near, grid])
    boxes = np.hstack([boxes, boxes + np.array([width, _HEIGHT])])
    beside = x - np.clip(x, boxes[:, 0], boxes[:, 2])
    # no hypot: its last bits are not those of every machine
    costs = _NUM_NEAR + np.sqrt(beside**2 + (boxes[:, 1] + _HEIGHT / 2 - y) ** 2)
    costs[:_NUM_NEAR] = range(_NUM_NEAR)
    return boxes, costs


def _hits(boxes, others):
    """How many of ``others`` (boxes) each of ``boxes`` [N, 4] overlaps: int [N]."""
    if not others:
        return np.zeros(len(boxes), np.int64)
    one, other = boxes[:, None], np.array(others)[None]
    overlap = (one[..., :2] < other[..., 2:]) & (other[..., :2] < one[..., 2:])
    return overlap.all(axis=-1).sum(axis=1)
