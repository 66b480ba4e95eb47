"""Drawings, scales, pictures: what a figure is made of."""

import base64
import re
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

from pyser.report.png import palette, png_uri
from pyser.report.svg import Drawing, LogScale, Scale, nice_step, number, x_axis, y_axis


@pytest.mark.parametrize(
    ("low", "high", "count", "ticks"),
    [
        (0, 100, 5, [0, 20, 40, 60, 80, 100]),
        (0, 3.45, 5, [0, 1, 2, 3]),
        (-42, 42, 5, [-40, -20, 0, 20, 40]),
        (1, 6, 4, [2, 4, 6]),
        (0, 0.31, 4, [0, 0.1, 0.2, 0.3]),
    ],
)
def test_ticks_are_round(low, high, count, ticks):
    assert Scale(low, high, 0, 10).ticks(count) == ticks


def test_scale_maps_its_ends():
    scale = Scale(0, 4, 100, 20)
    assert (scale(0), scale(4), scale(1)) == (100, 20, 80)
    assert Scale(3, 3, 10, 20)(3) == 10


def test_equal_ratios_are_equally_long():
    scale = LogScale(0.001, 10, 100, 500)
    assert [scale(value) for value in (0.001, 0.01, 0.1, 1, 10)] == pytest.approx(
        [100, 200, 300, 400, 500]
    )
    assert scale(0.02) - scale(0.01) == pytest.approx(100 * np.log10(2))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (900, 2e6, [1e3, 1e4, 1e5, 1e6]),
        (0.0008, 0.3, [0.001, 0.01, 0.1]),
        (1e5, 3e6, [1e5, 2e5, 5e5, 1e6, 2e6]),
        (3, 30, [5, 10, 20]),
    ],
)
def test_ticks_of_ratios_are_round(low, high, ticks):
    assert LogScale(low, high, 0, 10).ticks() == ticks


@pytest.mark.parametrize(("least", "step"), [(0.03, 0.05), (1, 1), (1.01, 2), (60, 100), (5, 5)])
def test_nice_step(least, step):
    assert nice_step(least) == pytest.approx(step)


def test_numbers_are_short():
    texts = [number(value) for value in (1.0, 1.26, -0.04, 100, 3.5, -0.5, 0, 10.04)]
    assert texts == ["1", "1.3", "0", "100", "3.5", "-.5", "0", "10"]


def test_a_path_leads_through_its_points():
    drawing = Drawing(100, 100, "")
    drawing.path([1.04, 2.26, 50], [3, 2.5, 97.31])
    start, *steps = re.search('d="M([^"]*)"', drawing.svg())[1].split("l")
    steps = [tuple(map(float, pair.split())) for pair in (start, *steps)]
    np.testing.assert_allclose(np.cumsum(steps, axis=0), [(1, 3), (2.3, 2.5), (50, 97.3)])


def test_a_drawing_is_well_formed_and_escaped():
    drawing = Drawing(200, 100, 'a "name" & <more>')
    drawing.text(5, 10, "<b> & co", "small", "end", -40)
    drawing.circle(1, 2, 3, title="x < y")
    drawing.path([1, 2], [3, 4], "wave", close=True)
    drawing.path([], [])
    drawing.rect(0, 0, 5, 5, "cell", 0.25)
    x_axis(drawing, Scale(0, 1, 0, 100), 90, "time (s)")
    y_axis(drawing, Scale(0, 1, 90, 10), 20, 180, "gate", (0, 1), "{:.2f}".format)
    for alone in (False, True):
        root = ElementTree.fromstring(drawing.svg(alone))
        assert root.attrib["aria-label"] == 'a "name" & <more>'
        texts = [node.text for node in root.iter() if node.tag.endswith("text")]
        assert texts[0] == "<b> & co"
        assert {"time (s)", "gate", "0.00", "1.00"} <= set(texts)
    assert "prefers-color-scheme: dark" in drawing.svg(alone=True)
    assert "<style" not in drawing.svg()
    assert 'fill-opacity="0.250"' in drawing.svg()


def test_a_picture_holds_its_values():
    values = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    data = base64.b64decode(png_uri(values).removeprefix("data:image/png;base64,"))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, place = {}, 8
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        name, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        (check,) = struct.unpack_from(">I", data, place + 8 + size)
        assert check == zlib.crc32(name + content)
        chunks[name], place = content, place + 12 + size
    assert struct.unpack(">IIBB", chunks[b"IHDR"][:10]) == (4, 3, 8, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(3, 5)
    assert (lines[:, 0] == 0).all()
    assert (lines[:, 1:] == values).all()
    assert chunks[b"PLTE"] == palette().tobytes()


def test_the_palette_becomes_lighter_evenly():
    lightness = palette().astype(float) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) >= -1).all()
    assert lightness[0] < 20 and lightness[-1] > 220
