"""What models cost: the table, the figures beside UA, and where the names of dots stand."""

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_experiment import write_experiment

from pyser.files import read_json, write_json
from pyser.report.costs import cost_lines, cost_table, factor_text
from pyser.report.experiments import find_groups
from pyser.report.labels import RADIUS, SIZE, place_labels
from pyser.report.markdown import results_text
from pyser.report.page import page_html
from pyser.report.run import main
from pyser.report.svg import text_width
from pyser.report.tradeoff import count_text, has_tradeoff, tradeoff_chart
from pyser.score.run import main as score
from pyser.score.text import STANDIN_WARNING

COSTS = ("num_parameters", "seconds", "joules", "real_time_factor")
AREA = (40, 30, 580, 300)


def told(exp, skill=1.0, seeds=(1,), corpus=None, environment=None, **costs):
    """A made-up experiment whose result.json tells these ``costs`` and no others."""
    info = {"corpus": corpus} if corpus else {}
    name = exp.parent.name.replace("_", " ")
    write_experiment(exp, skill=skill, seeds=seeds, name=name, **info)
    score(["--exp", str(exp)])
    result = read_json(exp / "result.json")
    result = {key: value for key, value in result.items() if key not in COSTS}
    write_json(exp / "result.json", {**result, **costs, "environment": environment})


def group_of(folder):
    (group,) = find_groups(folder)
    return group


@pytest.fixture
def three(tmp_path):
    """Models that tell everything, nothing, and something."""
    whole = {"num_parameters": 20_000, "seconds": 7530.0, "joules": 7.2e6}
    told(tmp_path / "whole/loso3", 3.0, (1, 2), real_time_factor=0.00002, **whole)
    told(tmp_path / "nothing/loso3", 1.0)
    told(tmp_path / "fast/loso3", 0.3, num_parameters=1_234_567, seconds=1.2)
    return tmp_path


def test_costs_are_of_all_runs_and_of_one(three):
    table = cost_table(group_of(three))
    assert [heading.rstrip("<>") for heading in table.headings] == [
        "model",
        "parameters",
        "training, a run",
        "training, all runs",
        "energy, all runs (kWh)",
        "real-time factor",
    ]
    assert table.rows == (
        ("whole", "20,000", "20 min 55 s", "2 h 5 min", "2.000", "0.00002"),
        ("nothing", "-", "-", "-", "-", "-"),
        ("fast", "1,234,567", "< 1 s", "1 s", "-", "-"),
    )


def test_energy_has_a_column_only_where_it_was_read(tmp_path):
    told(tmp_path / "a/loso3", seconds=60)
    group = group_of(tmp_path)
    assert len(cost_table(group).headings) == len(cost_table(group).rows[0]) == 5
    assert not any("nergy" in text for text in (*cost_table(group).headings, *cost_lines(group)))


def test_without_a_cost_there_is_no_table_and_no_figure(tmp_path):
    for name in ("a", "b"):
        told(tmp_path / name / "loso3")
    group = group_of(tmp_path)
    assert cost_table(group) is None and tradeoff_chart(group) is None
    for text in (results_text([group]), page_html([group])):
        assert "What it costs" not in text


def test_costs_are_said_once(three):
    group = group_of(three)
    for text in (results_text([group]), page_html([group])):
        assert text.count("What it costs") == 1
        assert text.count("2 h 5 min") == text.count("1,234,567") == 1
        assert text.count("support vectors") == text.count("Energy: of CPU packages") == 1


def test_other_machines_are_remarked_where_times_are_told(tmp_path):
    here, there = {"cpu": "A", "threads": 1}, {"cpu": "B", "gpu": "C", "threads": 2}
    told(tmp_path / "a/loso3", 3.0, seconds=60, environment=here)
    told(tmp_path / "b/loso3", 1.0, seconds=60, environment=here)
    told(tmp_path / "no time/loso3", num_parameters=3, environment=there)
    assert len(cost_lines(group_of(tmp_path))) == 1
    told(tmp_path / "c/loso3", 0.3, real_time_factor=0.1, environment=there)
    told(tmp_path / "d/loso3", 0.1, joules=5.0)
    _, remark = cost_lines(group_of(tmp_path))
    assert remark.endswith("A, 1 thread: a, b; B, C, 2 threads: c; a machine not told: d.")


def test_numbers_as_text():
    assert list(map(factor_text, (0.0000312, 0.0007, 1.0, 12.34))) == [
        "0.000031",
        "0.0007",
        "1",
        "12",
    ]
    values = (5, 1e3, 2e4, 5e5, 1e6, 2e9)
    assert list(map(count_text, values)) == ["5", "1k", "20k", "500k", "1M", "2G"]


def shapes(drawing):
    """Of an SVG: title -> (x, y) of dots, text -> attributes of names, texts of ticks."""
    root = ElementTree.fromstring(drawing.svg())
    dots = {
        node.find("title").text.partition(":")[0]: (float(node.get("cx")), float(node.get("cy")))
        for node in root.iter("circle")
    }
    names = {node.text: node for node in root.iter("text") if node.get("class") == "name"}
    ticks = {
        node.text: float(node.get("x"))
        for part in root.iter("g")
        if part.get("text-anchor") == "middle"
        for node in part
    }
    return dots, names, ticks


def test_dots_stand_at_the_logarithm_of_the_cost_and_at_ua(tmp_path):
    costs = {"small": 1_000, "middle": 10_000, "large": 1_000_000}
    for skill, (name, number) in enumerate(costs.items()):
        told(tmp_path / name / "loso3", 0.2 + skill, num_parameters=number)
    group = group_of(tmp_path)
    dots, names, ticks = shapes(tradeoff_chart(group))
    assert set(dots) == set(names) == set(costs)
    assert list(ticks) == ["1k", "10k", "100k", "1M"]
    for name, tick in (("small", "1k"), ("middle", "10k"), ("large", "1M")):
        assert dots[name][0] == pytest.approx(ticks[tick], abs=0.11)
    ua = {one.name: one.summary.metrics["UA"].pooled for one in group.experiments}
    heights = np.polyfit([ua[name] for name in costs], [dots[name][1] for name in costs], 1)
    for name in costs:
        assert dots[name][1] == pytest.approx(np.polyval(heights, ua[name]), abs=0.11)
    assert heights[0] < 0  # better is higher


def test_models_at_chance_are_named_and_not_drawn(tmp_path):
    for name, skill in (("good", 3.0), ("fair", 1.0), ("none", 0.0)):
        told(tmp_path / name / "loso3", skill, num_parameters=1000)
    group = group_of(tmp_path)
    assert abs(group.experiments[-1].summary.metrics["UA"].pooled - 0.25) < 0.05
    drawing = tradeoff_chart(group)
    dots, *_ = shapes(drawing)
    assert set(dots) == {"good", "fair"}
    assert "at chance, not drawn: none" in drawing.svg()


def test_a_panel_needs_two_models_that_tell_the_cost(three):
    group = group_of(three)
    drawing = tradeoff_chart(group)  # real_time_factor: of one model only
    dots, _, _ = shapes(drawing)
    assert set(dots) == {"whole", "fast"}
    path = three / "nothing/loso3/result.json"
    write_json(path, {**read_json(path), "real_time_factor": 0.5})
    both = tradeoff_chart(group_of(three))
    assert "real-time factor" in both.svg() and "real-time factor" not in drawing.svg()
    assert both.height == 2 * drawing.height
    alone = replace(group, experiments=group.experiments[:1])
    assert tradeoff_chart(alone) is None and not has_tradeoff(alone)


@pytest.mark.parametrize("bad", [0, -1.0, None])
def test_a_cost_without_logarithm_is_left_out(tmp_path, bad):
    for name, factor in (("a", 0.1), ("b", 0.2), ("c", bad)):
        told(tmp_path / name / "loso3", real_time_factor=factor)
    dots, _, _ = shapes(tradeoff_chart(group_of(tmp_path)))
    assert set(dots) == {"a", "b"}


def test_equal_values_are_drawn_and_named(tmp_path):
    for name in "abcd":
        told(tmp_path / name / "loso3", num_parameters=300, real_time_factor=0.01)
    drawing = tradeoff_chart(group_of(tmp_path))
    assert drawing.svg().count('class="name"') == 2 * 4
    dots, _, ticks = shapes(drawing)
    assert len(set(dots.values())) == 1
    assert {"200", "500", "0.01"} <= set(ticks)
    assert all(36 <= x <= drawing.width for x in ticks.values())


def test_the_report_links_to_the_figure(three):
    assert main([str(three)]) == 0
    plot = "plots/cost_made_up_loso3.svg"
    assert f"]({plot})" in (three / "RESULTS.md").read_text()
    page = (three / "report.html").read_text()
    assert 'aria-label="UA beside what it costs: made_up, protocol loso3"' in page
    before = (three / plot).read_bytes()
    (three / plot).unlink()
    assert main([str(three)]) == 0
    assert (three / plot).read_bytes() == before


def test_a_stand_in_is_said(tmp_path):
    for name in ("a", "b"):
        corpus = {"name": "made_up", "standin": True, "labels": "all"}
        told(tmp_path / name / "loso3", corpus=corpus, num_parameters=5)
    drawing = tradeoff_chart(group_of(tmp_path))
    assert STANDIN_WARNING in drawing.label
    tops = re.findall(r'y="([\d.]+)" class="small warn"', drawing.svg())
    assert list(map(float, tops)) == [14, 28]


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("spread", [0.0, 3.0, 20.0, 100.0])
def test_names_cover_neither_dots_nor_names(spread):
    random = np.random.default_rng(int(spread))
    dots = np.clip(
        random.normal((300, 165), (2 * spread, spread), (25, 2)), *np.array([AREA]).reshape(2, 2)
    )
    dots = [tuple(dot) for dot in dots.round(1).tolist()]
    bars = [(x - 1, y - 30, x + 1, y + 30) for x, y in dots]
    names = ["m" * length for length in random.integers(3, 21, 25)]
    labels = place_labels(names, dots, bars, AREA)
    assert labels == place_labels(names, dots, bars, AREA)
    for name, label in zip(names, labels, strict=True):
        left, top, right, bottom = label.box
        assert right - left == pytest.approx(text_width(name, SIZE))
        assert left >= AREA[0] and right <= AREA[2] and top >= AREA[1] and bottom <= AREA[3]
        for x, y in dots:
            assert not overlap(label.box, (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
    assert not any(overlap(a.box, b.box) for a, b in combinations(labels, 2))


def test_a_name_stands_right_of_its_dot_if_there_is_room():
    (label,) = place_labels(["name"], [(300, 100)], [], AREA)
    assert label.anchor == "start" and not label.far
    assert label.place == (300 + 8, pytest.approx(100 + 3.5))
    (label,) = place_labels(["name"], [(570, 100)], [], AREA)
    assert label.anchor == "end" and not label.far
    assert label.place[0] == pytest.approx(570 - 8)
    first, second = place_labels(["one", "two"], [(300, 100), (300, 100)], [], AREA)
    assert (first.anchor, second.anchor) == ("start", "end")
    across = [(310, 0, 312, 300)]  # an interval beside the dot
    (label,) = place_labels(["name"], [(300, 100)], across, AREA)
    assert label.anchor == "end"


def test_a_name_without_room_is_left_off():
    assert place_labels(["much too long a name" * 9], [(300, 100)], [], AREA) == [None]
    tight = (290, 90, 310, 110)
    assert place_labels(["long name"], [(300, 100)], [], tight) == [None]


def test_lines_to_far_names_cross_no_name():
    dots = [(300.0, 165.0)] * 8
    labels = place_labels([f"name {number}" for number in range(8)], dots, [], AREA)
    assert [label.far for label in labels] == [False] * 6 + [True] * 2
    for far, other in combinations(labels, 2):
        for label, crossed in ((far, other), (other, far)):
            end = np.clip(dots[0], label.box[:2], label.box[2:])
            for share in np.linspace(0.05, 0.9, 30) if label.far else ():
                x, y = end + share * (dots[0] - end)
                assert not overlap((x, y, x, y), crossed.box)
