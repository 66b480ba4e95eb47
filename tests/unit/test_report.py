"""`pyser report`: RESULTS.md and plots from made-up experiments."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from fake_experiment import made_up_scores, write_experiment

from pyser.data.tables import write_table
from pyser.errors import FileError, InputError
from pyser.files import read_json, write_json
from pyser.report import experiments
from pyser.report.markdown import results_text
from pyser.report.run import main
from pyser.score.run import main as score
from pyser.score.table import read_scores, write_scores
from pyser.score.text import STANDIN_WARNING

SEVEN = ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness")
STANDIN = {"name": "made_up", "standin": True, "labels": "merged"}


def scored(exp, **how):
    """Write a made-up experiment and score it."""
    score(["--exp", str(write_experiment(exp, **how)), "--allow-missing"])
    return exp


def report(folder, out=None):
    """The text of RESULTS.md."""
    out = out or folder / "RESULTS.md"
    assert main([str(folder), "--out", str(out)]) == 0
    return out.read_text(encoding="utf-8")


def table_after(text, heading):
    """The cells of the first table after a heading: list of rows, headings first."""
    lines = iter(text.partition(f"{heading}\n")[2].splitlines())
    rows = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return [rows[0], *rows[2:]]


def row_of(text, heading, name):
    header, *rows = table_after(text, heading)
    return dict(zip(header, next(row for row in rows if row[0] == name), strict=True))


def test_table_tells_what_the_scores_say(tmp_path):
    exp = scored(tmp_path / "hnsd" / "loso3", skill=1.0, seeds=(1, 2))
    text = report(tmp_path)
    row = row_of(text, "## made_up, protocol loso3", "hnsd")
    scores = read_scores(exp / "scores.tsv")
    right = scores.reference == scores.hypothesis
    recalls = [right[scores.reference == label].mean() for label in range(4)]
    by_fold = [right[scores.fold == fold].mean() for fold in (1, 2, 3)]
    assert row["WA"] == f"{100 * right.mean():.1f}"
    assert row["UA [95 % interval]"].split()[0] == f"{100 * np.mean(recalls):.1f}"
    spread = f"{100 * np.mean(by_fold):.1f} ± {100 * np.std(by_fold, ddof=1):.1f}"
    assert row["WA by fold"] == spread
    assert (row["seeds"], row["folds"]) == ("2", "3")
    assert row["normalisation"] == "speaker †"
    assert "† transductive" in text
    assert "72 utterances of 6 speakers" in text
    assert "UA 25.0 (1 / 4); always answering ang gives WA 25.0" in text
    classes = table_after(text, "### hnsd")
    assert classes[1] == ["ang", f"{100 * recalls[0]:.1f}", *classes[1][2:4], "36"]
    for words in ("`egs/made_up/run.sh --model hnsd` (commit `0123abcd`)", "Dev UA 52.0"):
        assert words in text
    assert text.startswith("<!-- Written by `pyser report`. Do not edit")
    assert STANDIN_WARNING not in text


def test_every_link_leads_to_a_plot(tmp_path):
    scored(tmp_path / "hnsd" / "loso3")
    scored(tmp_path / "a b" / "loso3", model="other/net é")
    text = report(tmp_path, tmp_path / "out" / "RESULTS.md")
    links = re.findall(r"\]\(([^)]*)\)", text)
    plots = sorted(f"plots/{path.name}" for path in (tmp_path / "out" / "plots").iterdir())
    assert len(links) == 4
    assert sorted(links) == plots
    for link in links:
        assert re.fullmatch(r"plots/[\w.+-]+\.svg", link)
        root = ElementTree.parse(tmp_path / "out" / link).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_bytes_are_the_same_again_and_elsewhere(tmp_path, capsys):
    for place in ("one", "two"):
        scored(tmp_path / place / "hnsd" / "loso3", seeds=(1, 2))
        scored(tmp_path / place / "blstm" / "loso3", model="blstm")
        report(tmp_path / place)
    made = (".md", ".svg", ".html")
    files = [path for path in (tmp_path / "one").rglob("*") if path.suffix in made]
    assert len(files) == 6
    for path in files:
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )
    before = {path: path.stat().st_mtime_ns for path in files}
    capsys.readouterr()
    report(tmp_path / "one")
    assert "2 experiments, nothing to do" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_protocols_and_corpora_never_share_a_table(tmp_path):
    other = {"id": "loso3-hap", "folds": 3}
    corpus = {"name": "seven", "standin": False, "labels": "all"}
    scored(tmp_path / "a", skill=1.0)
    scored(tmp_path / "b", skill=3.0, protocol=other)
    scored(tmp_path / "c", classes=SEVEN, corpus=corpus)
    scored(tmp_path / "d", corpus=STANDIN)
    text = report(tmp_path)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## made_up, protocol loso3",
        "## made_up, protocol loso3 (stand-in)",
        "## made_up, protocol loso3-hap",
        "## seven, protocol loso3",
    ]
    assert all(len(table_after(text, heading)) == 2 for heading in headings)
    assert f"> **Where marked (stand-in): {STANDIN_WARNING}.**" in text
    names = re.findall(r"\(plots/(confusion_[^)]*)\)", text)
    assert len(set(names)) == len(names) == 4  # none is drawn over that of another group
    plots = {name: (tmp_path / "plots" / name).read_text() for name in names}
    assert sum(STANDIN_WARNING in plot for plot in plots.values()) == 1


def test_stand_in_is_said_on_top(tmp_path):
    scored(tmp_path / "d", corpus=STANDIN)
    lines = report(tmp_path).splitlines()
    assert f"> **{STANDIN_WARNING}.**" in lines[:6]


def test_models_are_ordered_by_ua_and_their_differences_told(tmp_path):
    for epochs, (name, skill) in enumerate([("blstm", 0.3), ("hnsd", 3.0), ("hnsd_x", 1.0)], 3):
        model = name.removesuffix("_x")
        config = {"model": {"name": model, "hidden": 8}, "train": {"epochs": epochs}}
        scored(tmp_path / "exp" / name / "loso3", model=model, config=config, skill=skill)
    text = report(tmp_path)
    rows = table_after(text, "## made_up, protocol loso3")
    assert [row[0] for row in rows[1:]] == ["hnsd", "hnsd_x", "blstm"]
    sections = {part.partition("\n")[0]: part for part in text.split("\n### ")}
    assert "do not share: `train.epochs=5`\n" in sections["hnsd_x"]
    assert "do not share: `model.name=blstm`, `train.epochs=3`\n" in sections["blstm"]
    assert "hidden" not in text
    assert "![UA of all models](plots/ua_made_up_loso3.svg)" in text


def test_one_experiment_has_no_differences_to_tell(tmp_path):
    scored(tmp_path / "hnsd")
    text = report(tmp_path)
    assert "do not share" not in text
    assert "plots/ua_" not in text


def test_experiments_of_one_model_are_named_by_their_place(tmp_path):
    for place in ("x/hnsd/loso3", "y/hnsd/loso3", "y/hnsd2/loso3"):
        scored(tmp_path / place)
    (group,) = experiments.find_groups(tmp_path)
    assert sorted(one.name for one in group.experiments) == ["x/hnsd", "y/hnsd", "y/hnsd2"]


def test_missing_runs_are_told(tmp_path):
    scored(tmp_path / "exp", folds=(1, 3))
    text = report(tmp_path)
    assert row_of(text, "## made_up, protocol loso3", "hnsd")["folds"] == "2 of 3"
    assert "- **Incomplete**: not scored are fold 2 seed 1" in text


def test_other_utterances_are_told(tmp_path):
    scored(tmp_path / "a")
    scored(tmp_path / "b", folds=(1, 3), model="blstm")
    text = report(tmp_path)
    assert "**Not all models were tested on the same utterances**" in text
    assert "hnsd 72" in text
    assert "blstm 48" in text


def test_styles_and_remarks_are_told(tmp_path):
    styles = {
        name: ("read", "played")[name[3] == "M"]
        for fold in (1, 2, 3)
        for name in made_up_scores(fold, 1).utterances
    }
    write_table(tmp_path / "data" / "utt2style", styles)
    protocol = {"id": "loso3", "folds": 3, "remarks": ["2 utterances are too short"]}
    protocol["description"] = "each speaker pair is tested once"
    exp = scored(tmp_path / "exp", data=str(tmp_path / "data"), protocol=protocol)
    text = report(tmp_path)
    assert "Each speaker pair is tested once." in text
    assert "- Remark: 2 utterances are too short" in text
    rows = [line.strip("|").split("|") for line in text.splitlines() if "| 36 |" in line]
    played, read = ([cell.strip() for cell in row] for row in rows)
    assert (played[0], read[0]) == ("played", "read")
    scores = read_scores(exp / "scores.tsv")
    part = scores.select(np.array(scores.styles) == "played")
    assert played[2] == f"{100 * (part.reference == part.hypothesis).mean():.1f}"


def test_seeds_are_told_apart(tmp_path):
    exp = scored(tmp_path / "exp", seeds=(1, 2), skill=1.0)
    scores = read_scores(exp / "scores.tsv")
    ua = []
    for seed in (1, 2):
        part = scores.select(scores.seed == seed)
        right = part.reference == part.hypothesis
        recalls = [right[part.reference == label].mean() for label in range(4)]
        ua.append(f"{100 * np.mean(recalls):.1f}")
    assert f"- UA by seed: {ua[0]}, {ua[1]}" in report(tmp_path)


def test_somebody_elses_result_needs_little(tmp_path):
    result = {
        "model": "theirs",
        "classes": list(SEVEN),
        "corpus": {},
        "protocol": {"id": "p|q"},
    }
    write_json(tmp_path / "mine" / "result.json", result)
    write_scores(tmp_path / "mine" / "scores.tsv", made_up_scores(1, 1, SEVEN))
    text = report(tmp_path)
    row = row_of(text, "## mine, protocol p|q", "theirs")
    assert (row["folds"], row["normalisation"]) == ("1", "-")
    assert "Command" not in text and "What it costs" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": "loso3"}, r"result\.json: no protocol\.id"),
        ({"model": None}, r"result\.json: no model"),
        ({"classes": ["ang", "sad"]}, r"scores\.tsv: classes ang hap neu sad; expected ang sad"),
    ],
)
def test_results_that_cannot_be_used(tmp_path, change, message):
    exp = scored(tmp_path / "exp")
    write_json(exp / "result.json", {**read_json(exp / "result.json"), **change})
    with pytest.raises(InputError, match=message):
        main([str(tmp_path)])
    assert not (tmp_path / "RESULTS.md").exists()


def test_broken_missing_and_no_results(tmp_path):
    with pytest.raises(FileError, match=r"no result\.json below it.*run pyser score"):
        main([str(tmp_path)])
    exp = scored(tmp_path / "exp")
    (exp / "scores.tsv").unlink()
    with pytest.raises(FileError, match=r"scores\.tsv: cannot be read"):
        main([str(tmp_path)])
    (exp / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"result\.json:1: is no JSON"):
        main([str(tmp_path)])


def test_help_and_default_place(tmp_path, capsys):
    assert main(["--help"]) == 0
    assert "usage: pyser report" in capsys.readouterr().out
    scored(tmp_path / "exp")
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / "RESULTS.md").read_text() == results_text(experiments.find_groups(tmp_path))
