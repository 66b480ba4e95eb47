"""Figures as SVG: a drawing, scales and axes. Colours are the names of ``figure.css``.

A drawing is text made of rounded numbers, so the same results give the same
bytes on every machine; it takes its colours from CSS, so it suits a light page and a dark one.
"""

import functools
import math
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

_GLYPH_WIDTH = 0.61  # mean width of a character, of the size of its font
_FONT_SIZE = 12
_TICK_GAP = 5


def number(value):
    """A coordinate as short text: one decimal at most, a tenth of a pixel."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text.replace("0.", ".", 1) if abs(value) < 1 else text


def text_width(text, size=_FONT_SIZE):
    """About how wide ``text`` will be, in pixels: the font is the reader's."""
    return _GLYPH_WIDTH * size * len(text)


@functools.cache
def style():
    """The style sheet of figures (str)."""
    return Path(__file__).with_name("figure.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Scale:
    """Maps values from ``low`` .. ``high`` to pixels ``start`` .. ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value):
        """The pixel of ``value``."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def ticks(self, count=5):
        """About ``count`` round values between ``low`` and ``high``."""
        step = nice_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(index * step, 10) for index in range(first, last + 1)]


class LogScale(Scale):
    """A Scale on which equal ratios of values (> 0) are equally long."""

    def __call__(self, value):
        """The pixel of ``value``."""
        bounds = math.log10(self.low), math.log10(self.high)
        return Scale(*bounds, self.start, self.end)(math.log10(value))

    def ticks(self, count=5):
        """Powers of ten between ``low`` and ``high``; 2 and 5 times them where they are few."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for units in ((1,), (1, 2, 5)):
            ticks = [float(f"{unit}e{power}") for power in powers for unit in units]
            ticks = [tick for tick in ticks if self.low <= tick <= self.high]
            if len(ticks) >= count - 2:
                break
        return ticks


def nice_step(least):
    """The smallest of 1, 2, 5 times a power of ten that is at least ``least`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(unit * power for unit in (1, 2, 5, 10) if unit * power >= least * (1 - 1e-9))


class Drawing:
    """Collects shapes of one figure.

    Args:
        width, height: in pixels, at which text has its nominal size.
        label: what the figure shows, for those who cannot see it.
    """

    def __init__(self, width, height, label):
        self.width, self.height, self.label = width, height, label
        self._parts = []

    def add(self, markup):
        """Add a piece of SVG as it is."""
        self._parts.append(markup)

    def line(self, x1, y1, x2, y2, kind="rule"):
        """A straight line of the CSS class ``kind``."""
        start, end = f"{number(x1)} {number(y1)}", f"{number(x2)} {number(y2)}"
        self.add(f'<path class="{kind}" d="M{start}L{end}"/>')

    def path(self, xs, ys, kind="line", close=False):
        """A line through points; ``close`` makes an area of it."""
        # steps from point to point in tenths of a pixel: half the text of places
        tenths = [(round(10 * x), round(10 * y)) for x, y in zip(xs, ys, strict=True)]
        steps = [(x - left, y - up) for (left, up), (x, y) in pairwise(tenths)]
        data = "l".join(f"{number(x / 10)} {number(y / 10)}" for x, y in tenths[:1] + steps)
        if data:
            self.add(f'<path class="{kind}" d="M{data}{"Z" if close else ""}"/>')

    def text(self, x, y, text, kind="", anchor="start", turn=0):
        """Text at its baseline; ``anchor`` start, middle or end; ``turn`` in degrees."""
        place = f'x="{number(x)}" y="{number(y)}"'
        place += f' class="{kind}"' if kind else ""
        place += f' text-anchor="{anchor}"' if anchor != "start" else ""
        place += f' transform="rotate({turn} {number(x)} {number(y)})"' if turn else ""
        self.add(f"<text {place}>{escape(text)}</text>")

    @contextmanager
    def group(self, kind, anchor):
        """What is drawn meanwhile shares the CSS class ``kind`` and the anchor of its text."""
        self.add(f'<g class="{kind}" text-anchor="{anchor}">')
        yield
        self.add("</g>")

    def circle(self, x, y, radius, kind="dot", title=""):
        """A dot; ``title`` is shown when it is pointed at."""
        shape = f'class="{kind}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        inside = f"<title>{escape(title)}</title>" if title else ""
        self.add(f"<circle {shape}>{inside}</circle>" if inside else f"<circle {shape}/>")

    def rect(self, x, y, width, height, kind, opacity=None):
        """A filled rectangle."""
        size = f'width="{number(width)}" height="{number(height)}"'
        fade = "" if opacity is None else f' fill-opacity="{opacity:.3f}"'
        self.add(f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" {size}{fade}/>')

    def image(self, box, png_uri):
        """A picture stretched over ``box`` = (x, y, width, height), each sample a sharp cell."""
        x, y, width, height = map(number, box)
        place = f'x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="none"'
        self.add(f'<image {place} style="image-rendering:pixelated" href="{png_uri}"/>')

    def svg(self, alone=False):
        """The markup; ``alone``: with its own style and background, for a file of its own."""
        width, height = number(self.width), number(self.height)
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        space = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
        style_text = (
            f'<style>{style()}</style><rect class="page" width="100%" height="100%"/>'
            if alone
            else ""
        )
        label = escape(self.label, quote=True)
        head = f'<svg class="figure" role="img" aria-label="{label}" {size}{space}>{style_text}'
        return "\n".join([head, *self._parts, "</svg>"]) + "\n"


def x_axis(drawing, scale, y, title="", ticks=None, top=None, form="{:g}".format):
    """Ticks and title of a horizontal axis at ``y``; with ``top``, a rule up to there per tick.

    ``form`` makes the text of a tick from its value.
    """
    ticks = scale.ticks() if ticks is None else ticks
    start, length = (y, 3) if top is None else (top, y - top)
    rules = (f"M{number(scale(value))} {number(start)}v{number(length)}" for value in ticks)
    drawing.add(f'<path class="rule" d="{"".join(rules)}"/>')
    with drawing.group("tick", "middle"):
        for value in ticks:
            drawing.text(scale(value), y + 3 + _FONT_SIZE, form(value))
    middle = (scale.start + scale.end) / 2
    if title:
        drawing.text(middle, y + 18 + _FONT_SIZE, title, "small", "middle")


def y_axis(drawing, scale, x, right, title="", ticks=None, form="{:g}".format):
    """Ticks of a vertical axis at ``x`` with a rule to ``right`` each; the title stands above."""
    ticks = scale.ticks(4) if ticks is None else ticks
    rules = (f"M{number(x)} {number(scale(value))}h{number(right - x)}" for value in ticks)
    drawing.add(f'<path class="rule" d="{"".join(rules)}"/>')
    with drawing.group("tick", "end"):
        for value in ticks:
            drawing.text(x - _TICK_GAP, scale(value) + 4, form(value))
    if title:
        drawing.text(x, min(scale.start, scale.end) - 8, title, "small")
