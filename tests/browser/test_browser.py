"""report.html in a real browser: nothing fetched, nothing complained of, every figure drawn."""

import os
import re
import sys
from pathlib import Path

import pytest
from chromium import find_chromium, open_browser

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from fake_experiment import write_experiment
from fake_explain import write_curves, write_explain

from pyser.report.run import main as report
from pyser.score.run import main as score

SIZES = (1280, 480)
# every figure and picture with the size it has on the page
BOXES = """
Array.from(document.querySelectorAll("svg.figure, svg.figure image, svg.figure text"), (shape) => {
  const box = shape.getBoundingClientRect();
  return [shape.tagName, box.width, box.height];
})
"""
INK = """
getComputedStyle(document.querySelector("svg.figure > text:not([class])")).fill + " on " +
getComputedStyle(document.body).backgroundColor
"""
OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
OUTSIDE = """
Array.from(document.querySelectorAll("svg.figure"), (figure) => {
  const frame = figure.getBoundingClientRect();
  return Array.from(figure.querySelectorAll("text"), (text) => text.getBoundingClientRect())
    .filter((box) => box.left < frame.left - 1 || box.right > frame.right + 1
                  || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).length;
}).reduce((sum, count) => sum + count, 0)
"""
COVERED = """
Array.from(document.querySelectorAll("svg.figure"), (figure) => {
  const names = Array.from(figure.querySelectorAll("text.name"));
  const dots = Array.from(figure.querySelectorAll("circle.edged"));
  const boxes = [...names, ...dots].map((shape) => shape.getBoundingClientRect());
  const apart = (a, b) => a.right <= b.left || b.right <= a.left
                       || a.bottom <= b.top + 2 || b.bottom <= a.top + 2;
  return names.flatMap((name, n) => boxes.filter((box, m) => m != n && !apart(boxes[n], box)));
}).flat().length
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if find_chromium() is None:
        reason = "no Chromium (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """A report with every kind of figure."""
    return make_report(tmp_path_factory.mktemp("made_up"))


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    """The same with warnings, which are longer than narrow figures are wide."""
    corpus = {"name": "made_up", "standin": True, "labels": "all"}
    return make_report(tmp_path_factory.mktemp("standin"), corpus=corpus)


def make_report(place, **info):
    for name, skill in (("full", 2.0), ("mean pooling", 0.7)):
        exp = place / "results" / name.replace(" ", "_") / "loso3"
        score(["--exp", str(write_experiment(exp, name=name, skill=skill, **info))])
        write_explain(exp)
        write_curves(exp)
    (place / "model.yaml").write_text("model: {name: hnsd}\n")
    rows = "  full: {config: model.yaml}\n  mean pooling: {config: model.yaml, model.fc: 2}\n"
    (place / "parts.yaml").write_text(f"title: Parts\nprotocol: loso3\nrows:\n{rows}")
    out = ["--out", str(place / "RESULTS.md"), "--experiment", str(place / "parts.yaml")]
    assert report([str(place / "results"), *out]) == 0
    return place / "report.html"


@pytest.fixture(scope="module")
def committed(tmp_path_factory, repository):
    """The report of the results that are kept with a recipe."""
    place = tmp_path_factory.mktemp("committed")
    out = ["--out", str(place / "RESULTS.md")]
    assert report([str(repository / "egs/emodb/results"), *out]) == 0
    return place / "report.html"


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", ["made_up", "standin", "committed"])
def test_every_figure_is_drawn(browser, request, kind, dark, width):
    page = request.getfixturevalue(kind)
    browser.open(page.as_uri(), dark, width)
    browser.evaluate(OPEN)
    boxes = browser.evaluate(BOXES)
    figures = [box for box in boxes if box[0] == "svg"]
    assert len(figures) == page.read_text().count("<svg")
    assert all(box[1] > 100 and box[2] > 80 for box in figures)
    assert all(box[1] > 0 and box[2] > 0 for box in boxes)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(OUTSIDE) == 0
    dark_ink = "rgb(232, 235, 238) on rgb(20, 23, 27)"
    assert browser.evaluate(INK) == (dark_ink if dark else "rgb(27, 31, 36) on rgb(255, 255, 255)")
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []


def test_what_a_page_must_not_do_is_noticed(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text('<img src="missing.png"><script>console.error("no"); undefined_name()</script>')
    browser.open(page.as_uri())
    assert len(browser.complaints()) >= 2
    assert (tmp_path / "missing.png").as_uri() in browser.requests()


def test_tables_sort_and_sort_back(browser, made_up):
    browser.open(made_up.as_uri())
    names = (
        "Array.from(document.querySelectorAll('tbody')[0].rows, (row) => row.cells[0].innerText)"
    )
    press = "document.querySelectorAll('thead button')[3].click()"
    assert browser.evaluate(names) == ["full", "mean pooling"]
    browser.evaluate(press)
    assert browser.evaluate(names) == ["mean pooling", "full"]
    assert browser.evaluate("document.querySelectorAll('th')[3].ariaSort") == "ascending"
    browser.evaluate(press)
    assert browser.evaluate(names) == ["full", "mean pooling"]


def test_times_sort_by_how_long_they_are(browser, committed):
    browser.open(committed.as_uri())
    browser.evaluate(
        "window.costs = Array.from(document.querySelectorAll('table'))"
        ".find((table) => table.caption.innerText.startsWith('Costs'))"
    )
    browser.evaluate("window.costs.querySelectorAll('thead button')[3].click()")
    times = browser.evaluate(
        "Array.from(window.costs.tBodies[0].rows, (row) => row.cells[3].innerText)"
    )
    lengths = [
        sum(int(count) * {"h": 3600, "min": 60, "s": 1}[unit] for count, unit in pairs)
        for pairs in (re.findall(r"(\d+) (h|min|s)", time) for time in times)
    ]
    assert lengths == sorted(lengths) and 0 < lengths[0] < 3600 < lengths[-1]


@pytest.mark.parametrize("width", SIZES)
def test_no_name_covers_a_dot_or_a_name(browser, committed, width):
    browser.open(committed.as_uri(), width=width)
    count = "document.querySelectorAll('{}').length".format
    assert browser.evaluate(count("text.name")) == browser.evaluate(count("circle.edged")) > 10
    assert browser.evaluate(COVERED) == 0


def test_a_speaker_can_be_picked_out_with_the_keyboard(browser, made_up):
    browser.open(made_up.as_uri())
    browser.evaluate("document.querySelector('.keys button[data-key=s]').focus()")
    for kind in ("keyDown", "keyUp"):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        browser.call("Input.dispatchKeyEvent", type=kind, **key)
    bright = "document.querySelector('.map').querySelectorAll('circle:not(.dim)')"
    assert browser.evaluate(f"new Set(Array.from({bright}, (p) => p.dataset.s)).size") == 1
    assert 0 < browser.evaluate(f"{bright}.length") < 72
    browser.evaluate("document.activeElement.click()")
    assert browser.evaluate(f"{bright}.length") == 72


def test_a_link_opens_what_it_leads_to(browser, made_up):
    browser.open(made_up.as_uri())
    is_open = "document.getElementById('g1-2').open"
    assert browser.evaluate(is_open) is False
    browser.evaluate("document.querySelector('nav a[href=\"#g1-2\"]').click()")
    browser.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert browser.evaluate(is_open) is True
