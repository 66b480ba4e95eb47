"""Two corpora as one: names, labels, the fold that trains on one and tests on the other."""

import json
from pathlib import Path

import pytest
from data_builder import make_data, write_feats, write_wav

from pyser.cli import main
from pyser.corpora import cross
from pyser.data.datadir import DataDir
from pyser.data.protocols import read_protocol
from pyser.data.tables import write_table
from pyser.data.validate import validate
from pyser.errors import InputError

MAP = "ang bad\nanger bad\nneu fine\nneutral fine\n"
OTHER = {"ang": "anger", "neu": "neutral"}


@pytest.fixture
def places(tmp_path):
    """One corpus of four speakers, another of five of the same names, with other labels."""
    one = make_data(tmp_path / "one/data", info={"name": "one"})
    speakers = ("s1", "s2", "s3", "s4", "s5")
    two = make_data(tmp_path / "two/data", speakers, info={"name": "two"})
    for seed, path in enumerate(two.table("wav.scp").values(), 10_000):
        write_wav(Path(path), seed)
    labels = {u: OTHER[label] for u, label in two.table("utt2emo").items()}
    labels["s1-u0"] = "bored"
    write_table(two.path / "utt2emo", labels)
    (two.path / "utt2vad").unlink()
    (tmp_path / "two.map").write_text(MAP)
    return one.path, two.path, tmp_path / "two.map"


def prepare(places, out, *more):
    one, two, label_map = places
    words = [f"--root={one}", f"--test-data={two}", f"--label-map={label_map}", f"--out={out}"]
    return main(["prepare", "cross", *words, *more])


def test_one_directory_of_both(places, tmp_path, capsys):
    assert prepare(places, tmp_path / "both") == 0
    assert validate(tmp_path / "both") == []
    data = DataDir(tmp_path / "both")
    assert len(data.utterances) == 16 + 19  # one utterance has no class
    assert data.table("utt2spk")["two_s5-u1"] == "two_s5"
    assert data.table("utt2emo")["two_s5-u1"] == "fine"
    assert data.table("utt2session")["one_s4-u0"] == "one_session2"
    assert data.table("spk2gender")["one_s2"] == "m"
    assert set(data.table("utt2corpus").values()) == {"one", "two"}
    assert not data.has("utt2vad")
    told = capsys.readouterr().err
    assert "two: 19 of 20 utterances have a class" in told
    assert "left out, as only one corpus has them: utt2vad" in told
    assert data.info["name"] == "one-two" and data.info["classes"] == ["bad", "fine"]


def test_times_of_words_come_along(places, tmp_path):
    one, two, _ = places
    write_table(one / "utt2words", {"s1-u0": "0.01 0.02 la", "s1-u1": ""}, empty_values=True)
    write_table(two / "utt2words", {"s1-u0": "0.01 0.02 bored", "s5-u1": "0.01 0.03 so"})
    assert prepare(places, tmp_path / "both") == 0
    data = DataDir(tmp_path / "both")
    expected = {"one_s1-u0": "0.01 0.02 la", "one_s1-u1": "", "two_s5-u1": "0.01 0.03 so"}
    assert data.table("utt2words") == expected


def test_the_fold_trains_on_one_and_tests_on_the_other(places, tmp_path):
    assert prepare(places, tmp_path / "both") == 0
    data = DataDir(tmp_path / "both")
    write_feats(data)
    out = tmp_path / "both/split"
    assert main(["split", str(data.path), "--cross", f"--out={out}"]) == 0
    (fold,) = read_protocol(out / "protocol.tsv").folds
    assert fold.test == ("two_s1", "two_s2", "two_s3", "two_s4", "two_s5")
    assert sorted(fold.train + fold.dev) == ["one_s1", "one_s2", "one_s3", "one_s4"]
    assert len(fold.dev) == 1
    described = json.loads((out / "protocol.json").read_text())
    assert described["id"] == "cross"
    assert described["description"] == "trained and selected on one, tested on two"
    assert main(["audit", str(data.path), str(out)]) == 0


def test_labels_that_both_have_need_no_map(places):
    one, two, _ = places
    write_table(two / "utt2emo", dict.fromkeys(DataDir(two).table("utt2emo"), "neu"))
    with pytest.raises(InputError, match=r"no two classes in common \(one: ang neu; two: neu\)"):
        cross.read(one, two)
    write_table(two / "utt2emo", DataDir(one).table("utt2emo"))
    write_table(two / "utt2spk", DataDir(one).table("utt2spk"))
    tables, info = cross.read(one, two)
    assert info["classes"] == ["ang", "neu"] and info["labels"] == "common"
    assert len(tables["utt2emo"]) == 32


def test_what_cannot_be_joined(places, tmp_path):
    one, two, label_map = places
    with pytest.raises(InputError, match="both corpora are called one"):
        cross.read(one, one)
    label_map.write_text(MAP.replace("anger bad\n", ""))
    with pytest.raises(InputError, match=r"the class bad is in one corpus only.*two: anger bored"):
        cross.read(one, two, label_map)
    label_map.write_text(MAP)
    utterances = DataDir(one).table("utt2spk")
    write_table(one / "segments", {u: f"{u} 0.0 0.04" for u in utterances})
    with pytest.raises(InputError, match="one of the corpora has segments"):
        cross.read(one, two, label_map)


def test_only_data_that_were_prepared_for_it(places, tmp_path):
    data = DataDir(places[0])
    write_feats(data)
    assert main(["split", str(data.path), "--cross", f"--out={tmp_path / 's'}"]) == 1
    with pytest.raises(InputError, match="does not say which corpus trains"):
        from pyser.data.crossfold import cross_fold

        cross_fold(data.table("utt2spk"), data)


@pytest.mark.parametrize(
    "words, message",
    [
        (["--root=x", "--out=y"], "--test-data is not given"),
        (["--root=x", "--test-data=z", "--out=y", "--labels=four"], "utt2emo is taken as it is"),
        (["--root=x", "--test-data=z", "--out=y", "--size=tiny"], "--size is given"),
    ],
)
def test_wrong_use(words, message, capsys):
    assert main(["prepare", "cross", *words]) == 2
    assert message in capsys.readouterr().err


def test_other_corpora_take_no_second_one(capsys):
    assert main(["prepare", "own", "--root=x", "--out=y", "--test-data=z"]) == 2
    assert "--test-data is given" in capsys.readouterr().err
