"""``pyser score --experiment``: every row scored, then compared with the reference."""

import shutil

import pytest
from fake_experiment import write_experiment, write_rated_run
from train_builder import write_experiment_file

from pyser.cli import main

ROWS = {"good": 3.0, "so so": 1.0, "poor": 0.2}


@pytest.fixture
def place(tmp_path):
    """Three rows of made-up runs, of falling skill; the reference is not the first."""
    (tmp_path / "model.yaml").write_text("model: {name: hnsd}\n")
    rows = {name: {"config": "model.yaml"} for name in ROWS}
    content = {"title": "A comparison", "protocol": "loso3", "reference": "so so", "rows": rows}
    write_experiment_file(tmp_path / "e.yaml", **content)
    for name, skill in ROWS.items():
        exp = tmp_path / "exp" / name.replace(" ", "_") / "loso3"
        write_experiment(exp, seeds=(1, 2), skill=skill, name=name)
    return tmp_path


def score(place, *more):
    return main(["score", f"--experiment={place / 'e.yaml'}", f"--exp={place / 'exp'}", *more])


def test_every_row_is_scored_and_compared_with_the_reference(place, capsys):
    assert score(place) == 0
    out, messages = capsys.readouterr()
    for folder in ("good", "so_so", "poor"):
        lines = (place / "exp" / folder / "loso3" / "scores.tsv").read_text().splitlines()
        assert len(lines) == 1 + 3 * 24  # the seeds of the file: one, though two were trained
    table = out[out.index("A comparison") :].splitlines()
    assert [line.split("  ")[0] for line in table[2:5]] == ["so so", "good", "poor"]
    assert "nothing to do" not in messages
    assert score(place, "--seeds=2") == 0
    lines = (place / "exp" / "good" / "loso3" / "scores.tsv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 3 * 24


def test_a_row_that_is_missing_does_not_hide_the_others(place, capsys):
    (place / "exp" / "poor" / "loso3" / "fold2" / "seed1" / "run.json").unlink()
    assert score(place) == 1
    out, messages = capsys.readouterr()
    assert "ERROR: poor: " in messages and "1 run not complete: fold 2 (seed 1)" in messages
    assert "good" in out[out.index("A comparison") :]
    assert not (place / "exp" / "poor" / "loso3" / "scores.tsv").exists()


def test_ratings_are_not_compared_with_classes(place, capsys):
    shutil.rmtree(place / "exp" / "poor")
    for fold in (1, 2):
        write_rated_run(place / "exp" / "poor" / "loso3", fold)
    assert score(place) == 0
    out, messages = capsys.readouterr()
    assert "poor: not compared: it has no classes, as so so has" in messages
    assert "good" in out[out.index("A comparison") :]


def test_without_the_reference_nothing_is_compared(place, capsys):
    (place / "exp" / "so_so").rename(place / "elsewhere")
    assert score(place) == 1
    out, messages = capsys.readouterr()
    assert "ERROR: so so: " in messages
    assert "A comparison" not in out


def test_an_experiment_without_a_folder(place, capsys):
    assert main(["score", f"--experiment={place / 'e.yaml'}", "scores.tsv"]) == 2
    assert "--experiment without --exp" in capsys.readouterr().err
