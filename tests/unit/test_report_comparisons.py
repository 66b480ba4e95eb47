"""Tables of experiment files: rows in their order, paired tests against the reference, Holm."""

from dataclasses import replace

import pytest
from fake_experiment import write_experiment

from pyser.errors import InputError
from pyser.report.comparisons import p_text, points
from pyser.report.experiments import find_groups
from pyser.report.overview import make_comparison
from pyser.report.run import main
from pyser.score.run import main as score
from pyser.score.significance import compare, holm
from pyser.train.experiment import read_experiment

SKILLS = {"full": 2.0, "no_gate": 0.5, "half": 1.0}
FILE = """\
title: What each part does
protocol: loso3
reference: full
rows:
  no gate: {config: model.yaml, model.gate: none}
  full: {config: model.yaml}
  half: {config: model.yaml, train.epochs: 2}
  not trained: {config: model.yaml, model.fc: 3}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("comparison")
    for folder, skill in SKILLS.items():
        exp = place / "results" / folder / "loso3"
        score(["--exp", str(write_experiment(exp, skill=skill, name=folder.replace("_", " ")))])
    (place / "model.yaml").write_text("model: {name: hnsd}\n")
    (place / "parts.yaml").write_text(FILE)
    return place


@pytest.fixture
def group(place):
    return find_groups(place / "results")[0]


def test_rows_are_tested_against_the_reference(place, group):
    comparison = make_comparison(read_experiment(place / "parts.yaml"), group)
    assert [row.name for row in comparison.rows] == ["no gate", "full", "half"]
    assert comparison.missing == ("not trained",)
    by_name = {one.name: one.scores for one in group.experiments}
    direct = [compare(by_name[name], by_name["full"]).metrics["UA"] for name in ("no gate", "half")]
    rows = [row for row in comparison.rows if row.paired]
    assert [row.difference for row in rows] == [(m.value, m.low, m.high) for m in direct]
    assert [row.holm_p for row in rows] == holm([metric.p for metric in direct])
    assert rows[0].difference[0] < rows[1].difference[0] < 0
    cells = comparison.table.rows
    assert cells[0][1] == "model.yaml model.gate=none"
    assert cells[1][4] == "reference"
    assert cells[2][4].startswith(points(direct[1].value))


def test_what_others_published_stands_in_a_column_of_its_own(place, group):
    whole = make_comparison(read_experiment(place / "parts.yaml"), group).table
    assert not any("published" in heading for heading in whole.headings)
    told = FILE.replace("model.yaml}", "model.yaml, published: 'UA 81.0, random folds'}", 1)
    (place / "told.yaml").write_text(told)
    table = make_comparison(read_experiment(place / "told.yaml"), group).table
    assert table.headings[-1].startswith("published elsewhere, on other protocols")
    assert [row[-1] for row in table.rows] == ["-", "UA 81.0, random folds", "-"]
    assert [row[:-1] for row in table.rows] == list(whole.rows)
    both = told.replace("train.epochs: 2}", "train.epochs: 2, reduced: half the filters}")
    (place / "both.yaml").write_text(both)
    table = make_comparison(read_experiment(place / "both.yaml"), group).table
    assert table.headings[-1].startswith("smaller here than in the paper")
    assert [row[-2:] for row in table.rows][1:] == [
        ("UA 81.0, random folds", "-"),
        ("-", "half the filters"),
    ]


def test_of_another_protocol_or_with_one_row_there_is_none(place, group):
    plan = read_experiment(place / "parts.yaml")
    assert make_comparison(replace(plan, protocol="other"), group) is None
    assert make_comparison(plan, replace(group, experiments=group.experiments[:1])) is None


def test_a_row_that_was_tested_on_less_is_named_not_compared(place, group):
    whole = {one.name: one for one in group.experiments}
    part = whole["half"]
    less = replace(part, scores=part.scores.select(part.scores.fold < 3))
    group = replace(group, experiments=(whole["full"], whole["no gate"], less))
    comparison = make_comparison(read_experiment(place / "parts.yaml"), group)
    assert any("half: not compared" in remark for remark in comparison.remarks)
    assert comparison.rows[2].difference is None
    assert comparison.table.rows[2][4] == "-"


def test_the_report_shows_the_table(place, tmp_path):
    out = tmp_path / "RESULTS.md"
    options = ["--out", str(out), "--experiment", str(place / "parts.yaml")]
    assert main([str(place / "results"), *options]) == 0
    text, page = out.read_text(), (tmp_path / "report.html").read_text()
    section = text.partition("### What each part does")[2].partition("\n### ")[0]
    assert "corrected for the 2 tests" in section
    assert "(6 speakers: never below 0.031)" in section
    assert "Not scored: not trained." in section
    row = next(line for line in section.splitlines() if line.startswith("| no gate |"))
    for cell in row.strip("| ").split(" | "):
        assert cell.replace("<", "&lt;") in page
    plot = "plots/difference_What-each-part-does_made_up_loso3.svg"
    assert f"]({plot})" in section
    assert (tmp_path / plot).is_file()


def test_without_the_reference_rows_are_shown_untested(place, tmp_path):
    text = FILE.replace("reference: full", "reference: not trained")
    (tmp_path / "model.yaml").write_text("model: {name: hnsd}\n")
    (tmp_path / "parts.yaml").write_text(text)
    options = ["--out", str(tmp_path / "R.md"), "--experiment", str(tmp_path / "parts.yaml")]
    assert main([str(place / "results"), *options]) == 0
    section = (tmp_path / "R.md").read_text().partition("### What each part does")[2]
    assert "Not scored: not trained." in section and "difference_" not in section
    assert "| full | model.yaml | 1 |" in section
    assert not list((tmp_path / "plots").glob("difference_*"))


def test_a_file_without_scored_rows_is_refused(place, tmp_path):
    (tmp_path / "model.yaml").write_text("model: {name: hnsd}\n")
    (tmp_path / "other.yaml").write_text(FILE.replace("loso3", "loso9"))
    with pytest.raises(InputError, match=r"other\.yaml.*scored rows"):
        main([str(place / "results"), "--experiment", str(tmp_path / "other.yaml")])


def test_numbers_as_text():
    assert (points(0.0123), points(-0.2)) == ("+1.2", "\N{MINUS SIGN}20.0")
    assert (p_text(0.0004), p_text(0.25), p_text(1.0)) == ("< 0.001", "0.250", "1.000")
