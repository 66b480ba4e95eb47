"""Experiment files: what they say, and what is wrong with them, with file and line."""

import subprocess
import sys

import pytest

from pyser.errors import FileError, InputError
from pyser.train.experiment import read_experiment

GOOD = """\
title: What it does
protocol: loso4
seeds: 2
reference: full
rows:
  static only: {config: model.yaml, model.streams: static}
  full:
    config: ./model.yaml
  2021/a+b: {config: sub/other.yaml, train.epochs: 3, train.learning_rate: 1e-3}
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("model.yaml", "sub/other.yaml"):
        (tmp_path / name).write_text("model: {name: hnsd}\ntrain: {epochs: 9}\n")

    def read_text(text):
        (tmp_path / "e.yaml").write_text(text)
        return read_experiment(tmp_path / "e.yaml")

    return read_text


def test_what_a_file_says(read, tmp_path):
    experiment = read(GOOD)
    assert (experiment.title, experiment.protocol) == ("What it does", "loso4")
    assert (experiment.seeds, experiment.reference) == (2, "full")
    names = [(row.name, row.folder) for row in experiment.rows]
    assert names == [("static only", "static_only"), ("full", "full"), ("2021/a+b", "2021_a+b")]
    assert [row.config.resolve() for row in experiment.rows] == [
        tmp_path / name for name in ("model.yaml", "model.yaml", "sub/other.yaml")
    ]
    static, full, other = experiment.rows
    assert full.overrides == ()
    assert [(e.name, e.value, e.where) for e in static.overrides] == [
        ("model.streams", "static", f"{tmp_path}/e.yaml:6")
    ]
    assert other.entries()["train.epochs"].value == 3
    assert full.entries()["train.epochs"].value == 9
    assert experiment.place("exp", other).as_posix() == "exp/2021_a+b/loso4"


def test_what_need_not_be_said(read):
    experiment = read("protocol: 2021\nrows:\n  a: {config: model.yaml}\n  b: {config: model.yaml}")
    assert (experiment.title, experiment.seeds, experiment.reference) == ("e", 1, "a")
    assert experiment.protocol == "2021"


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("title:", "titel:", "e.yaml:1: unknown key titel; did you mean title"),
        ("seeds: 2", "seeds: 0", "e.yaml:3: seeds is 0; expected at least 1"),
        ("seeds: 2", "seeds: two", "e.yaml:3: seeds is 'two'; expected a whole number"),
        ("seeds: 2", "seeds: true", "e.yaml:3: seeds is True; expected a whole number"),
        ("seeds: 2", "protocol: x", "e.yaml:3: protocol is given twice.*e.yaml:2"),
        ("protocol: loso4\n", "", "e.yaml: no protocol is given; expected a line `protocol:"),
        ("loso4", "[1]", r"e.yaml:2: protocol is \[1\]; expected text"),
        ("loso4", "", "e.yaml:2: protocol is ''; expected text"),
        ("loso4", "a/b", "e.yaml:2: protocol is 'a/b'; expected the id of a protocol"),
        ("reference: full", "reference: ful", "e.yaml:4: .*'ful', which is no row; did you mean f"),
        ("reference: full", "reference: xyz", "no row; known are: static only, full, 2021"),
        ("full:\n", "static_only:\n", "e.yaml:7: .*'static only' and 'static_only' have the same"),
        ("full:\n", "static only:\n", "e.yaml:7: static only is given twice; .* at .*e.yaml:6"),
        ("full:\n", "..:\n", r"e.yaml:7: row '\.\.' begins with a dot"),
        ("full:\n", "[a]:\n", "e.yaml:7: found a key that is no word"),
        ("config: ./model.yaml", "train.epochs: 1", "e.yaml:7: row 'full' names no config"),
        ("./model.yaml", "modle.yaml", "e.yaml:8: no file .*modle.yaml; did you mean model.yaml"),
        ("{config: sub/other.yaml", "{confg: x", "e.yaml:9: row '2021/a.b' names no config"),
        ("train.epochs: 3", "published: 70.5", "e.yaml:9: published is 70.5; expected text"),
        ("train.epochs: 3", "reduced: [half]", "e.yaml:9: reduced is .*; expected text"),
        ("train.epochs: 3", "epochs: 3", "e.yaml:9: unknown key epochs in row '2021/a.b'.*config"),
        ("{config: model.yaml, model.streams: static}", "static", "e.yaml:6: found no mapping"),
        ("title: What", "- title: What", "e.yaml.*is no YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read, old, new, message):
    assert old in GOOD
    with pytest.raises(InputError, match=message):
        read(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("rows", ["", "rows:\n", "rows: {}\n"])
def test_no_rows(read, rows):
    with pytest.raises(InputError, match="no rows are given; expected rows such as"):
        read("protocol: loso4\n" + rows)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match=r"none\.yaml: cannot be read"):
        read_experiment(tmp_path / "none.yaml")


def test_reading_needs_no_torch(read, tmp_path):
    read(GOOD)
    code = (
        "import sys; from pyser.train.experiment import read_experiment;"
        f"read_experiment({str(tmp_path / 'e.yaml')!r}); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
