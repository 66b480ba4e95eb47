"""The data directory: written whole, read lazily, errors that name the file."""

import re

import pytest

from pyser.data.datadir import OPTIONAL_TABLES, REQUIRED_TABLES, DataDir
from pyser.errors import FileError, InputError

TABLES = {
    "wav.scp": {"b-1": "b1.wav", "a-2": "a2.wav", "a-1": "a1.wav"},
    "utt2spk": {"b-1": "b", "a-2": "a", "a-1": "a"},
    "utt2emo": {"b-1": "sad", "a-2": "neu", "a-1": "sad"},
    "text": {"b-1": "a word", "a-2": "", "a-1": "two words"},
    "utt2words": {"b-1": "0.00 0.10 a", "a-2": ""},
}


def test_write_and_read(tmp_path):
    data = DataDir.write(tmp_path / "data", TABLES, {"name": "own", "standin": True})
    assert data.utterances == ["a-1", "a-2", "b-1"]
    assert data.table("text") == TABLES["text"]
    assert data.table("utt2words") == TABLES["utt2words"]
    assert data.table("spk2utt") == {"a": "a-1 a-2", "b": "b-1"}
    assert (data.path / "spk2utt").read_text() == "a a-1 a-2\nb b-1\n"
    assert data.standin and data.info["name"] == "own"
    assert data.has("utt2emo") and not data.has("segments")
    assert data.table("utt2emo") is data.table("utt2emo")


def test_writing_again_removes_tables_of_older_data_and_nothing_else(tmp_path):
    segments = {key: f"{key} 0 1" for key in TABLES["utt2spk"]}
    styles = dict.fromkeys(TABLES["utt2spk"], "improvised")
    dialogs = dict.fromkeys(TABLES["utt2spk"], "d")
    genders = {"a": "f", "b": "m"}
    more = {"segments": segments, "utt2style": styles, "utt2dialog": dialogs, "spk2gender": genders}
    DataDir.write(tmp_path, TABLES | more)
    others = ("feats.scp", "feats.ark", "frontend.json", "utt2num_frames", "utt2warp", "notes")
    for name in others:
        (tmp_path / name).write_text("a-1 5\n")
    DataDir.write(tmp_path, {name: TABLES[name] for name in REQUIRED_TABLES})
    left = {"wav.scp", "utt2spk", "utt2emo", "spk2utt", "corpus.json", *others}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_the_docstring_lists_the_tables():
    for name in (*REQUIRED_TABLES, *OPTIONAL_TABLES):
        assert name in re.findall(r"\w+\.?\w+", DataDir.__doc__)


def test_own_data_without_corpus_json(tmp_path):
    (tmp_path / "utt2spk").write_text("a-1 a\n")
    data = DataDir(tmp_path)
    assert data.info == {} and not data.standin


def test_required_tables(tmp_path):
    tables = {name: table for name, table in TABLES.items() if name != "utt2emo"}
    with pytest.raises(InputError, match="no table utt2emo"):
        DataDir.write(tmp_path, tables)
    assert not list(tmp_path.iterdir())


def test_missing_things_are_named(tmp_path):
    with pytest.raises(FileError, match="no such directory"):
        DataDir(tmp_path / "none")
    with pytest.raises(FileError, match=r"utt2emo: no such file.*pyser validate"):
        DataDir(tmp_path).table("utt2emo")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_broken_corpus_json(tmp_path, content):
    (tmp_path / "corpus.json").write_bytes(content)
    with pytest.raises(InputError, match=r"corpus\.json"):
        _ = DataDir(tmp_path).info
