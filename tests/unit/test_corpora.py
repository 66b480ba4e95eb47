"""The registry, what all parsers share, and the counts beside the published ones."""

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from pyser.corpora import CORPORA, corpus_module
from pyser.corpora.totals import compare, count, table_lines
from pyser.corpora.utterance import Utterance, data_tables, label, visible, wav_duration_s
from pyser.errors import FileError, InputError, UsageError

ONE = Utterance("s1-a", Path("/x/a.wav"), "s1", "neu", 1.25, "f", "la", vad=(1.0, 2.5, 3.0))
ONE = replace(ONE, words=((0.1, 0.25, "LA"),))
TWO = Utterance("s2-b", Path("/x/b.wav"), "s2", "xxx", 2.0, "m", "", dialog="d", words=())


@pytest.mark.parametrize("name", CORPORA)
def test_every_corpus_module_has_what_prepare_needs(name):
    module = corpus_module(name)
    assert isinstance(module.TITLE, str)
    assert callable(module.locate) and callable(module.parse)
    default = next(iter(module.LABEL_POLICIES.values()))
    assert len(set(default.values())) > 1
    assert "utterances" in module.EXPECTED["all"]
    assert all(isinstance(policy, dict) for policy in module.LABEL_POLICIES.values())


def test_unknown_corpus():
    with pytest.raises(UsageError, match="unknown corpus 'ravdes'; expected one of: emodb iemocap"):
        corpus_module("ravdes")


def test_tables_of_a_data_directory():
    kept, classes = label([ONE, TWO], {"neu": "neutral", "xxx": "other"})
    assert data_tables(kept, classes) == {
        "wav.scp": {"s1-a": "/x/a.wav", "s2-b": "/x/b.wav"},
        "utt2spk": {"s1-a": "s1", "s2-b": "s2"},
        "utt2emo": {"s1-a": "neutral", "s2-b": "other"},
        "utt2rawemo": {"s1-a": "neu", "s2-b": "xxx"},
        "utt2dur": {"s1-a": "1.2500", "s2-b": "2.0000"},
        "text": {"s1-a": "la", "s2-b": ""},
        "utt2words": {"s1-a": "0.1000 0.2500 LA", "s2-b": ""},
        "utt2dialog": {"s2-b": "d"},
        "utt2vad": {"s1-a": "1.0000 2.5000 3.0000"},
        "spk2gender": {"s1": "f", "s2": "m"},
    }


def test_what_a_policy_does_not_map_is_left_out():
    kept, classes = label([ONE, TWO], {"neu": "neutral"})
    assert (kept, classes) == ([ONE], {"s1-a": "neutral"})


def test_ids_must_be_distinct_and_begin_with_the_speaker():
    with pytest.raises(InputError, match="s1-a was also made from /x/a"):
        data_tables([ONE, ONE], {})
    with pytest.raises(InputError, match="does not begin with speaker s3"):
        data_tables([replace(ONE, speaker="s3")], {})


def test_counts_and_differences():
    policy = {"neu": "neutral"}
    found = count(
        [ONE, replace(ONE, duration_s=2.0), TWO], lambda one: ["all", one.speaker], policy
    )
    assert found == {
        "all": {
            "dialogs": 1,
            "labelled": 2,
            "labelled_seconds": 3.25,
            "neu": 2,
            "utterances": 3,
            "xxx": 1,
        },
        "s1": {"labelled": 2, "labelled_seconds": 3.25, "neu": 2, "utterances": 2},
        "s2": {"dialogs": 1, "labelled_seconds": 0, "utterances": 1, "xxx": 1},
    }
    expected = {"all": {"neu": 2, "sad": 1, "labelled_seconds": 4}, "s3": {"utterances": 5}}
    differences, compared = compare(expected, found)
    assert compared == 4
    assert differences == [
        {"group": "all", "count": "sad", "expected": 1, "found": 0},
        {"group": "s3", "count": "utterances", "expected": 5, "found": 0},
    ]
    assert compare({"all": {"labelled_seconds": 5}}, found)[0][0]["found"] == 3.25
    assert table_lines(differences) == [
        "group  count       expected  found",
        "all    sad                1      0",
        "s3     utterances         5      0",
    ]


def test_visible_files(tmp_path):
    for name in ("b.wav", "a.wav", "._a.wav", ".wav", "a.txt"):
        (tmp_path / name).touch()
    (tmp_path / "c.wav").mkdir()
    assert [path.name for path in visible(tmp_path, ".wav")] == ["a.wav", "b.wav"]
    assert visible(tmp_path / "nothing", ".wav") == []


def test_duration_is_read_from_the_header_past_other_chunks(tmp_path):
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 2000))
    assert wav_duration_s(path) == 0.25
    content = path.read_bytes()
    extra = b"LIST\x03\0\0\0abc\0"  # of odd length, so padded
    path.write_bytes(content[:12] + extra + content[12:])
    assert wav_duration_s(path) == 0.25


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFX\0\0\0\0WAVEfmt ", b"RIFF\4\0\0\0WAVE"])
def test_no_usable_header_is_an_error_with_the_path(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(FileError, match=r"a\.wav: no usable WAV header"):
        wav_duration_s(tmp_path / "a.wav")
    with pytest.raises(FileError, match="cannot be read"):
        wav_duration_s(tmp_path / "b.wav")
