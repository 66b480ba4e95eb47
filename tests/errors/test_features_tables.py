"""Tables, archives, segments and commands that cannot be used."""

import os
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile


def test_pipes_are_refused_unless_allowed(features):
    table = {"a": "good.wav", "b": "touch ran; cat good.wav |"}
    status, log = features(table)
    assert status == 1
    assert "wav.scp:2" in log[-1]
    assert "--allow-pipes" in log[-1]
    assert not os.path.exists("ran")
    assert not os.path.exists("o")
    assert features(table, "--allow-pipes")[0] == 0
    assert os.path.exists("ran")
    assert np.array_equal(features.written()["b"], features.rows)


def test_pipes_as_tables(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, features.samples)})
    for source in ("ark:cat wav.ark |", "scp:echo a good.wav |"):
        status, log = features({}, source=source, output="ark:f.ark")
        assert status == 1
        assert "commands are not run" in log[-1]
        assert features({}, "--allow-pipes", source=source, output="ark:f.ark")[0] == 0
        assert np.array_equal(dict(kaldiio.load_ark("f.ark"))["a"], features.rows)
    source = "ark:cat wav.ark; exit 3 |"
    status, log = features({}, "--allow-pipes", source=source, output="ark:g.ark")
    assert status == 1
    assert "the command exited with 3" in log[-1]
    assert not os.path.exists("g.ark")


def test_segments_of_piped_recordings(features):
    Path("segments").write_text("a r 0.1 0.3\nb s 0.1 0.3\n")
    table = {"r": "cat good.wav |", "s": "exit 1 |"}
    status, log = features(table, "--segments=segments", "--allow-pipes")
    assert status == 1
    assert "command exited with 1" in features.error_line(log)
    assert np.array_equal(features.written()["a"], features.frontend(features.samples[1600:4800]))


def test_duplicate_keys(features):
    Path("twice.scp").write_text("a good.wav\nb good.wav\na good.wav\n")
    status, log = features({}, source="scp:twice.scp")
    assert status == 1
    assert "twice.scp:3" in log[-1]
    assert "a was seen before" in log[-1]
    assert not os.path.exists("o")


def test_duplicate_keys_in_an_archive(features):
    for name in ("1.ark", "2.ark"):
        kaldiio.save_ark(name, {"b": (16000, features.samples)})
    Path("wav.ark").write_bytes(Path("1.ark").read_bytes() + Path("2.ark").read_bytes())
    status, log = features({}, source="ark:wav.ark")
    assert status == 1
    assert "seen before in this archive" in features.error_line(log)
    assert log[-1] == "Done 1 out of 2 utterances."


def test_keys_that_are_no_text(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, features.samples), "b": (16000, features.samples)})
    content = Path("wav.ark").read_bytes()
    Path("wav.ark").write_bytes(content.replace(b"b RIFF", b"\xff RIFF"))
    status, log = features({}, "--max-failed=9", source="ark:wav.ark")
    assert status == 1
    assert any(line.startswith("ERROR: ?: wav.ark:") and "not UTF-8" in line for line in log)
    assert features.failed()[0][:2] == ["?", "failed"]
    assert log[-1] == "Done 1 out of 2 utterances."


def test_zero_bytes_in_names(features):
    status, log = features({"b": "good.wav\0.wav"})
    assert status == 1
    assert "zero byte in its name" in features.error_line(log)


def test_unsorted_keys_are_told(features):
    status, log = features({"b": "good.wav", "a": "good.wav"})
    assert status == 0
    assert any("WARNING: wav.scp:2: not sorted" in line for line in log)
    assert list(features.written()) == ["b", "a"]


def test_empty_table(features):
    status, log = features({})
    assert status == 1
    assert "names no utterance" in log[-1]


def test_missing_table(features):
    status, log = features({}, source="scp:none.scp")
    assert status == 1
    assert "none.scp: cannot be read" in log[-1]
    status, log = features({}, source="ark:none.ark")
    assert status == 1
    assert "none.ark: cannot be opened" in log[-1]
    assert not os.path.exists("o/f.ark")


@pytest.mark.parametrize(
    ("segments", "where", "text"),
    [
        ("a r 1 2\na r 2 3\n", "segments:2", "seen before"),
        ("a r 1\n", "segments:1", "in seconds"),
        ("a r one two\n", "segments:1", "in seconds"),
        ("a r 0 1 1\n", "segments:1", "--channel"),
        ("a r 2 1\n", "segments:1", "0 <= start < end"),
        ("a r -1 1\n", "segments:1", "0 <= start < end"),
        ("a r nan 1\n", "segments:1", "0 <= start < end"),
        ("", "segments", "names no utterance"),
    ],
)
def test_bad_segments(features, segments, where, text):
    Path("segments").write_text(segments)
    status, log = features({"r": "good.wav"}, "--segments=segments")
    assert status == 1
    assert where in log[-1]
    assert text in log[-1]


def test_segments_that_fail_one_by_one(features):
    Path("segments").write_text("a r 0.1 0.3\nb r 0.1 1.2\nc r 7 8\nd q 0 1\ne s 0 1\nf r 0 0.01\n")
    status, log = features({"r": "good.wav", "s": "none.wav"}, "--segments=segments")
    assert status == 1
    assert "leaves the recording; expected times up to 0.5 s" in features.error_line(log)
    assert [row[:2] for row in features.failed()] == [
        ["b", "failed"],
        ["c", "failed"],
        ["d", "failed"],
        ["e", "failed"],
        ["f", "short"],
    ]
    assert log[-1] == "Done 1 out of 6 utterances."


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_segments_of_a_truncated_recording(features, subtype):
    soundfile.write("cut.wav", features.samples, 16000, subtype=subtype)
    content = Path("cut.wav").read_bytes()
    Path("cut.wav").write_bytes(content[: len(content) // 2])
    Path("segments").write_text("a r 0 0.1\nb s 0 0.1\n")
    table = {"r": "cut.wav", "s": "good.wav"}
    status, log = features(table, "--segments=segments", "--allow-truncated")
    assert status == 0
    warnings = [line for line in log if "is truncated" in line]
    assert warnings == ["WARNING: a: cut.wav: is truncated, used as far as it goes"]
    assert features(table, "--segments=segments", "--overwrite")[0] == 1


def test_segments_of_float_audio_that_fail(features):
    samples = features.samples / 32768
    samples[2000] = np.nan
    soundfile.write("bad.wav", samples, 16000, subtype="FLOAT")
    Path("segments").write_text("a r 0.2 0.4\nb r 0.1 0.3\n")
    status, log = features({"r": "bad.wav"}, "--segments=segments")
    assert status == 1
    assert "sample 400: found NaN" in features.error_line(log)
    assert log[-1] == "Done 1 out of 2 utterances."


def test_a_broken_archive_is_never_tolerated(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, features.samples), "b": (16000, features.samples)})
    Path("wav.ark").write_bytes(Path("wav.ark").read_bytes()[:-100])
    status, log = features({}, "--max-failed=9", source="ark:wav.ark")
    assert status == 1
    assert "is truncated" in features.error_line(log)
    assert any("how many utterances are lost is not known" in line for line in log)
    assert np.array_equal(features.written()["a"], features.rows)


def test_pickles_are_never_loaded(features):
    content = b"a PKL" + b"cos\nsystem\n(S'touch ran'\ntR."
    Path("wav.ark").write_bytes(content)
    Path("pickle.scp").write_text("b wav.ark:2\n")
    for source in ("ark:wav.ark", "scp:pickle.scp"):
        status, log = features({}, source=source)
        assert status == 1
        assert any("pickle, which is never loaded" in line for line in log)
    assert not os.path.exists("ran")
