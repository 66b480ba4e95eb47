"""A report of experiments that answer with ratings, beside those that answer with classes."""

import re
from xml.etree import ElementTree

import pytest
from fake_experiment import write_experiment, write_rated_run

from pyser.report.experiments import find_groups
from pyser.report.overview import make_comparison, overview_chart
from pyser.report.rated import estimate_text
from pyser.report.run import main
from pyser.report.scatter import scatter_charts
from pyser.score.ratingsummary import compare_ratings, rating_comparison_text
from pyser.score.run import main as score
from pyser.score.significance import holm
from pyser.train.experiment import read_experiment

NOISES = {"good": 0.3, "middling": 1.0, "bad": 3.0}
FILE = """\
title: By ear
protocol: loso2
reference: middling
rows:
  bad: {config: model.yaml}
  middling: {config: model.yaml, model.fc: 3}
  good: {config: model.yaml}
  absent: {config: model.yaml}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("rated")
    for name, noise in NOISES.items():
        exp = place / "results" / name / "loso2"
        for fold in (1, 2):
            for seed in (1, 2):
                write_rated_run(exp, fold, noise, seed, name=name)
        score(["--exp", str(exp)])
    classes = write_experiment(place / "results/classes/loso3", name="classes")
    score(["--exp", str(classes)])
    (place / "model.yaml").write_text("model: {name: hnsd}\n")
    (place / "by_ear.yaml").write_text(FILE)
    return place


@pytest.fixture
def group(place):
    (group,) = [one for one in find_groups(place / "results") if one.rated]
    return group


def test_ratings_have_a_group_of_their_own_best_first(group):
    assert [one.name for one in group.experiments] == ["good", "middling", "bad"]
    assert group.outputs == ("valence", "activation", "dominance")
    assert group.title.endswith(", ratings")


def test_rows_are_tested_on_each_dimension(place, group):
    comparison = make_comparison(read_experiment(place / "by_ear.yaml"), group)
    assert [row[0].name for row in comparison.rows] == ["bad", "middling", "good"]
    assert comparison.missing == ("absent",)
    scores = {one.name: one.scores for one in group.experiments}
    direct = {name: compare_ratings(scores[name], scores["middling"]) for name in ("bad", "good")}
    ps = [one.p for parts in direct.values() for one in parts.values()]
    assert [p for row in (0, 2) for p in comparison.rows[row][3].values()] == holm(ps)
    assert comparison.rows[0][2] == direct["bad"] and comparison.rows[1][2] is None
    table = comparison.table
    assert {len(row) for row in table.rows} == {len(table.headings)} == {8}
    assert [row[3] for row in table.rows] == 3 * list(group.outputs)
    assert table.rows[3][5] == "reference" and table.rows[3][1] == "model.yaml model.fc=3"
    assert "corrected for the 6 tests" in comparison.lines[0]


def test_other_references_are_told_and_not_compared(tmp_path):
    for name, fold in (("middling", 1), ("good", 2)):
        write_rated_run(tmp_path / name / "loso2", fold, name=name)
        score(["--exp", str(tmp_path / name / "loso2"), f"--folds={fold}"])
    (tmp_path / "model.yaml").write_text("model: {name: hnsd}\n")
    (tmp_path / "by_ear.yaml").write_text(FILE)
    (group,) = find_groups(tmp_path)
    comparison = make_comparison(read_experiment(tmp_path / "by_ear.yaml"), group)
    assert "good: not compared" in comparison.lines[-1]
    assert {row[5] for row in comparison.table.rows[3:]} == {"-"}


def test_rows_that_answer_with_classes_are_not_told_as_missing(tmp_path):
    """Of a file that mixes both kinds each kind is compared; the other one is named."""
    told = {"protocol": {"id": "loso3", "folds": 1, "remarks": []}}
    for name, noise in (("good", 0.3), ("bad", 3.0)):
        write_rated_run(tmp_path / name / "loso3", 1, noise, name=name, **told)
        score(["--exp", str(tmp_path / name / "loso3")])
    for name in ("middling", "classes"):
        score(["--exp", str(write_experiment(tmp_path / name / "loso3", name=name))])
    text = FILE.replace("loso2", "loso3") + "  classes: {config: model.yaml}\n"
    (tmp_path / "model.yaml").write_text("model: {name: hnsd}\n")
    (tmp_path / "by_ear.yaml").write_text(text)
    plan, groups = read_experiment(tmp_path / "by_ear.yaml"), find_groups(tmp_path)
    told = {group.rated: make_comparison(plan, group, groups) for group in groups}
    lost = "not compared: scored with other answers"
    assert told[True].missing == told[False].missing == ("absent",)
    # the reference is of the other kind: nothing is said of differences
    assert told[True].lines == ["Not scored: absent.", f"Remark: middling, classes: {lost}."]
    assert told[False].lines[-1] == f"Remark: bad, good: {lost}."


def test_other_seeds_are_told(tmp_path):
    for name, seeds in (("middling", (1, 2)), ("good", (1,))):
        for fold in (1, 2):
            for seed in seeds:
                write_rated_run(tmp_path / name / "loso2", fold, seed=seed, name=name)
        score(["--exp", str(tmp_path / name / "loso2")])
    (tmp_path / "model.yaml").write_text("model: {name: hnsd}\n")
    (tmp_path / "by_ear.yaml").write_text(FILE)
    (group,) = find_groups(tmp_path)
    comparison = make_comparison(read_experiment(tmp_path / "by_ear.yaml"), group)
    remark = "good: the seeds differ: 1 of good, 1,2 of middling"
    assert comparison.lines[-1] == f"Remark: {remark}."
    scores = {one.name: one.scores for one in group.experiments}
    text = rating_comparison_text({name: scores[name] for name in ("middling", "good")})
    assert text.endswith(f"WARNING: {remark}")


def test_the_figure_shows_each_model_and_dimension(group):
    drawing = overview_chart(group)
    root = ElementTree.fromstring(drawing.svg(alone=True))
    words = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert sum(": valence" in (word or "") for word in words) == 3
    titles = [node.text for node in root.iter() if node.tag.endswith("title")]
    good = group.experiments[0].summary.ccc["dominance"]
    assert f"good: dominance {estimate_text(good)}" in titles
    xs = [float(node.get("cx")) for node in root.iter() if node.tag.endswith("circle")]
    assert len(xs) == 9 and all(0 < x < drawing.width for x in xs)


def test_answers_are_drawn_against_references(group, monkeypatch):
    charts = list(scatter_charts(group.experiments[0]))
    assert len(charts) == 3
    for drawing, name in zip(charts, group.outputs, strict=True):
        root = ElementTree.fromstring(drawing.svg(alone=True))
        dots = [node for node in root.iter() if node.tag.endswith("circle")]
        assert len(dots) == 40 and name in drawing.label  # of one seed of two
        for dot in dots:
            assert 30 < float(dot.get("cx")) < drawing.width
            assert 40 < float(dot.get("cy")) < drawing.height
    monkeypatch.setattr("pyser.report.scatter.MOST_DOTS", 7)
    few = next(scatter_charts(group.experiments[0])).svg()
    assert few.count("<circle") == 7


def test_the_report_tells_both_kinds(place, monkeypatch):
    monkeypatch.chdir(place)
    assert main(["results", "--out=out/RESULTS.md", "--experiment=by_ear.yaml"]) == 0
    text = (place / "out/RESULTS.md").read_text()
    links = re.findall(r"\]\((plots/[^)]+)\)", text)
    assert links and all((place / "out" / link).is_file() for link in links)
    assert {*links} == {f"plots/{path.name}" for path in (place / "out/plots").iterdir()}
    assert "WA: share of utterances" in text and "Lin's concordance" in text
    rated = text[text.index("loso2, ratings") : text.index("protocol loso3")]
    assert "### By ear" in rated and "CCC by seed: valence" in rated
    assert "Confusion" not in rated and "posteriors" not in rated
    page = (place / "out/report.html").read_text()
    assert "CCC: valence" in page and "dev CCC" in page and "By ear: made_up" in page
    before = {path: path.read_bytes() for path in (place / "out").rglob("*.*")}
    assert main(["results", "--out=out/RESULTS.md", "--experiment=by_ear.yaml"]) == 0
    assert before == {path: path.read_bytes() for path in (place / "out").rglob("*.*")}


def test_without_classes_nothing_is_said_of_them(place, tmp_path):
    assert main([str(place / "results/good"), f"--out={tmp_path / 'RESULTS.md'}"]) == 0
    assert "UA" not in (tmp_path / "RESULTS.md").read_text()
