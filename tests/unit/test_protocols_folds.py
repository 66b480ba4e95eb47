"""Folds are proven fair: every kind of leak that is planted is found and named."""

import dataclasses
import os
import shutil

import pytest
from data_builder import SPEAKERS, leave_one_out, make_data

from pyser.data.audio import audio_files, utterance_recordings
from pyser.data.datadir import DataDir
from pyser.data.folds import name_some, resolve, select
from pyser.data.protocols import PARTS, Fold
from pyser.data.tables import read_table, write_table
from pyser.errors import FileError, InputError


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data")


def edit(data, name, change):
    table = read_table(data.path / name)
    change(table)
    write_table(data.path / name, table)
    return DataDir(data.path)


def with_fold(number, parts):
    folds = list(leave_one_out().folds)
    folds[number - 1] = dataclasses.replace(folds[number - 1], **parts)
    return dataclasses.replace(leave_one_out(), folds=tuple(folds))


def refused(protocol, data, *words, exclude=()):
    with pytest.raises(InputError) as caught:
        resolve(protocol, data, exclude)
    for word in words:
        assert word in str(caught.value)


def test_good_folds(data):
    folds = resolve(leave_one_out(), data)
    assert len(folds) == 4
    assert folds[0]["test"] == [f"s1-u{k}" for k in range(4)]
    assert folds[3]["dev"] == [f"s1-u{k}" for k in range(4)]
    for parts in folds:
        assert sorted(u for part in PARTS for u in parts[part]) == data.utterances
        assert all(parts[part] == sorted(parts[part]) for part in PARTS)


def test_where_selects(data):
    protocol = leave_one_out(where={"utt2style": ("improvised",)})
    assert select(protocol, data) == [u for u in data.utterances if not u.endswith("u3")]
    assert resolve(protocol, data)[0]["test"] == ["s1-u0", "s1-u1", "s1-u2"]
    both = leave_one_out(where={"utt2style": ("improvised", "scripted")})
    assert select(both, data) == data.utterances
    crossed = leave_one_out(where={"utt2style": ("scripted",), "utt2session": ("session1",)})
    assert select(crossed, data) == ["s1-u3", "s2-u3"]


def test_where_that_cannot_be_met(data):
    refused(leave_one_out(where={"utt2style": ("impro",)}), data, "utt2style = impro", "scripted")
    refused(
        leave_one_out(where={"utt2style": ("scripted",), "utt2emo": ("ang",)}), data, "no utterance"
    )
    with pytest.raises(FileError, match="utt2place"):
        select(leave_one_out(where={"utt2place": ("x",)}), data)


def test_table_with_a_hole(data):
    data = edit(data, "utt2emo", lambda table: table.pop("s1-u0"))
    refused(leave_one_out(), data, "utt2emo", "s1-u0")


def test_excluded_utterances(data):
    folds = resolve(leave_one_out(), data, exclude=["s1-u0"])
    assert all("s1-u0" not in parts[part] for parts in folds for part in PARTS)
    everything = [f"s2-u{k}" for k in range(4)]
    refused(leave_one_out(), data, "fold 1", "dev has no utterances", exclude=everything)


@pytest.mark.parametrize(("part", "other"), [("train", "test"), ("train", "dev"), ("dev", "test")])
def test_planted_speaker(data, part, other):
    fold = leave_one_out().folds[1]
    stray = fold.speakers(other)
    protocol = with_fold(2, {part: fold.speakers(part) + stray})
    refused(protocol, data, "fold 2", part, other, f"share speaker {stray[0]}", f"{stray[0]}-u0")


def test_planted_recording(data):
    """Two speakers of one recording, as in a dialogue, cannot be in different parts."""
    segments = {u: f"{u} 0.0 0.05" for u in data.utterances}
    segments["s3-u1"] = "s1-u0 0.01 0.05"
    write_table(data.path / "segments", segments)
    data = DataDir(data.path)
    refused(leave_one_out(), data, "fold 1", "train and test share recording s1-u0", "s3-u1")


PLANTS = ["same path", "other path", "symlink", "hard link", "copy", "pipe"]


@pytest.mark.parametrize("plant", PLANTS)
def test_planted_audio(data, tmp_path, plant):
    wav = data.table("wav.scp")["s1-u0"]
    other = str(tmp_path / "elsewhere.wav")
    path = {"same path": wav, "other path": f"{tmp_path}/wav/../wav/s1-u0.wav"}.get(plant, other)
    if plant == "symlink":
        os.symlink(wav, other)
    elif plant == "hard link":
        os.link(wav, other)
    elif plant == "copy":
        shutil.copyfile(wav, other)
    elif plant == "pipe":
        path = f"sox {wav} -t wav - |"
        data = edit(data, "wav.scp", lambda table: table.update({"s1-u0": path}))
    data = edit(data, "wav.scp", lambda table: table.update({"s3-u2": path}))
    refused(leave_one_out(), data, "fold 1", "train and test share audio file", "s1-u0", "s3-u2")


def test_audio_that_is_not_there_is_known_by_its_path(data):
    data = edit(data, "wav.scp", lambda table: table.update({"s1-u0": "gone.wav"}))
    names = audio_files(data, data.utterances)
    assert len(set(names.values())) == len(data.utterances)
    resolve(leave_one_out(), data)


def test_recordings_and_audio_need_their_tables(data):
    edit(data, "wav.scp", lambda table: table.pop("s1-u0"))
    with pytest.raises(InputError, match=r"wav\.scp: no line for s1-u0"):
        audio_files(DataDir(data.path), data.utterances)
    write_table(data.path / "segments", {"s1-u0": "s1-u0 0 1"})
    with pytest.raises(InputError, match="segments: no line for s1-u1"):
        utterance_recordings(DataDir(data.path), data.utterances)


def test_unknown_speaker(data):
    protocol = with_fold(3, {"train": ("s1", "s22")})
    refused(protocol, data, "fold 3", "train names speaker s22", "did you mean s2?")


def test_tested_twice(data):
    protocol = with_fold(2, {"train": ("s2", "s4"), "test": ("s1",)})
    refused(protocol, data, "fold 2", "speaker s1", "s1-u0", "fold 1")


def test_never_tested(data):
    folds = leave_one_out().folds[:3]
    protocol = dataclasses.replace(leave_one_out(), folds=folds)
    refused(protocol, data, "no fold tests speaker s4", "s4-u0", "untested: allowed")
    assert len(resolve(dataclasses.replace(protocol, untested=True), data)) == 3


def test_class_missing_from_training(data):
    data = edit(data, "utt2emo", lambda table: table.update({"s1-u0": "fear"}))
    refused(leave_one_out(), data, "fold 1", "class fear", "s1-u0")


def test_errors_name_the_line_of_the_file(data):
    fold = Fold(("s1", "s2"), ("s3",), ("s1",), where="p.tsv:4")
    protocol = dataclasses.replace(leave_one_out(), folds=(fold,), untested=True)
    refused(protocol, data, "p.tsv:4: fold 1: train and test share speaker s1")


def test_long_lists_are_cut():
    assert name_some(["a", "b"]) == "a, b"
    assert name_some("abcdefgh", 3) == "a, b, c and 5 more"
    assert len(SPEAKERS) == 4
