"""Utterances that fail: each is told, listed and counted, and the others are finished."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pyser.cli import main


def check_one_bad(features, path, *flags, says):
    """``path`` fails, and its neighbours do not; --max-failed=1 tolerates it."""
    table = {"a": "good.wav", "b": path, "c": "good.wav"}
    status, log = features(table, *flags)
    assert status == 1
    line = features.error_line(log)
    assert all(word in line for word in (path, *says)), line
    assert log[-1] == "Done 2 out of 3 utterances."
    assert [row[:3] for row in features.failed()] == [["b", "failed", path]]
    assert all(word in features.failed()[0][3] for word in says)
    assert list(features.written()) == ["a", "c"]
    assert all(np.array_equal(rows, features.rows) for rows in features.written().values())
    assert not os.path.exists("o/frontend.json")
    status, log = features(table, *flags, "--max-failed=1")
    assert status == 0
    assert log[-1] == "Done 2 out of 3 utterances."
    counts = json.loads(Path("o/frontend.json").read_text())["utterances"]
    assert counts == {"requested": 3, "done": 2, "short": 0, "failed": 1}


def test_missing_file(features):
    check_one_bad(features, "none.wav", says=["No such file"])


def test_unreadable_file(features, tmp_path):
    (tmp_path / "noise.wav").write_bytes(b"no audio at all" * 20)
    check_one_bad(features, "noise.wav", says=["cannot be decoded", "Format not recognised"])


def test_headerless_file(features, tmp_path):
    (tmp_path / "noise.raw").write_bytes(b"no audio at all" * 20)
    check_one_bad(features, "noise.raw", says=["cannot be decoded"])


def test_folder(features, tmp_path):
    (tmp_path / "folder").mkdir()
    check_one_bad(features, "folder", says=["is a folder"])


def test_offset_outside_the_file(features):
    check_one_bad(features, "good.wav:99999", says=["no byte 99999"])


def test_sample_rate_differs(features):
    soundfile.write("low.wav", features.samples, 8000)
    says = ["8000 Hz", "16000 Hz", "--allow-upsample=true", "--sample-frequency=8000"]
    check_one_bad(features, "low.wav", says=says)
    soundfile.write("high.flac", features.samples, 48000)
    says = ["48000 Hz", "16000 Hz", "--allow-downsample=true", "--sample-frequency=48000"]
    check_one_bad(features, "high.flac", "--overwrite", says=says)


@pytest.mark.parametrize("file", ["stereo.wav", "stereo.flac"])
def test_stereo_without_a_channel(features, file):
    soundfile.write(file, np.stack([features.samples, features.samples // 2], axis=1), 16000)
    check_one_bad(features, file, says=["has 2 channels", "--channel=0 to 1"])
    status, _ = features({"b": file}, "--channel=1", "--overwrite")
    assert status == 0
    assert np.array_equal(features.written()["b"], features.frontend(features.samples // 2))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_truncated_wav(features, subtype):
    soundfile.write("cut.wav", features.samples, 16000, subtype=subtype)
    content = Path("cut.wav").read_bytes()
    Path("cut.wav").write_bytes(content[: len(content) // 2])
    check_one_bad(features, "cut.wav", says=["is truncated", "--allow-truncated"])
    status, log = features({"b": "cut.wav"}, "--allow-truncated", "--overwrite")
    assert status == 0
    assert any("WARNING: b: cut.wav: is truncated" in line for line in log)
    count = len(features.written()["b"]) - 4  # the last rows see the edge through their deltas
    assert count > 10
    np.testing.assert_allclose(features.written()["b"][:count], features.rows[:count], atol=1e-6)


@pytest.mark.parametrize("file", ["cut.flac", "cut.mp3"])
def test_truncated_coded_file(features, file):
    soundfile.write(file, np.tile(features.samples, 20), 16000)
    content = Path(file).read_bytes()
    Path(file).write_bytes(content[: len(content) * 9 // 10])
    check_one_bad(features, file, says=["truncated", "--allow-truncated"])
    status, log = features({"b": file}, "--allow-truncated", "--overwrite")
    assert status == 0
    assert any(f"WARNING: b: {file}: is truncated" in line for line in log)
    assert 500 < len(features.written()["b"]) < 950


def test_too_little_memory(features, monkeypatch):
    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr("pyser.frontend.decode.decode", exhausted)
    soundfile.write("big.flac", features.samples, 16000)
    check_one_bad(features, "big.flac", says=["more memory than there is", "segments"])


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_samples_that_are_no_numbers(features, value, name):
    samples = features.samples / 32768
    samples[123] = value
    soundfile.write("bad.wav", samples, 16000, subtype="FLOAT")
    check_one_bad(features, "bad.wav", says=["sample 123", f"found {name}"])


def test_floats_off_the_scale(features):
    soundfile.write("loud.wav", features.samples.astype(float), 16000, subtype="FLOAT")
    check_one_bad(features, "loud.wav", says=["--input-scale=1"])


def test_command_that_fails(features):
    command = "cat none.wav |"
    check_one_bad(features, command, "--allow-pipes", says=["command exited with 1"])


def test_command_whose_output_is_no_audio(features):
    check_one_bad(features, "echo no |", "--allow-pipes", says=["cannot be decoded"])
    soundfile.write("stereo.wav", np.stack([features.samples, features.samples], axis=1), 16000)
    command = "cat stereo.wav |"
    check_one_bad(features, command, "--allow-pipes", "--overwrite", says=["2 channels"])


def test_permissive_reading_hides_nothing(features):
    table = {f"u{i}": "good.wav" for i in range(9)} | {"x": "none.wav"}
    status, log = features(table, source="scp,p:wav.scp")
    assert status == 1
    assert log[-1] == "Done 9 out of 10 utterances."


def test_more_failures_than_tolerated(features):
    table = {"a": "good.wav", "b": "none.wav", "c": "none.wav"}
    status, log = features(table, "--max-failed=1")
    assert status == 1
    assert "2 utterances failed, listed in o/failed.tsv; --max-failed=1" in log[-2]


def test_too_short_is_no_row_and_no_failure(features):
    soundfile.write("short.wav", features.samples[:399], 16000)
    soundfile.write("empty.wav", features.samples[:0], 16000)
    soundfile.write("empty24.wav", features.samples[:0], 16000, subtype="PCM_24")
    table = {"a": "good.wav", "b": "short.wav", "c": "empty.wav", "d": "empty24.wav"}
    status, log = features(table)
    assert status == 0
    assert log[-1] == "Done 1 out of 4 utterances."
    assert any("3 utterances are shorter than one frame" in line for line in log)
    assert [row[:2] for row in features.failed()] == [
        ["b", "short"],
        ["c", "short"],
        ["d", "short"],
    ]
    assert list(features.written()) == ["a"]
    assert Path("o/utt2num_frames").read_text() == f"a {len(features.rows)}\n"


def test_nothing_but_short(features):
    soundfile.write("short.wav", features.samples[:399], 16000)
    status, log = features({"b": "short.wav"})
    assert status == 1
    assert "ERROR: no utterance has features" in log
    assert not os.path.exists("o/frontend.json")


@pytest.mark.parametrize("level", [0, 1000, -32768, 32767])
def test_silence_and_direct_current_give_the_floor(features, level):
    soundfile.write("flat.wav", np.full(8000, level, np.int16), 16000)
    assert features({"b": "flat.wav"})[0] == 0
    rows = features.written()["b"]
    np.testing.assert_allclose(rows[:, :26], -15.9424, atol=1e-4)
    assert not rows[:, 26:].any()


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--num-mel-bin=30", "scp:a", "ark:b"], "did you mean --num-mel-bins"),
        (["--num-mel-bins=many", "scp:a", "ark:b"], "--num-mel-bins=many is ill-typed"),
        (["--num-mel-bins=1", "scp:a", "ark:b"], "--num-mel-bins"),
        (["--window-type=round", "scp:a", "ark:b"], "hamming"),
        (["--compression-method=9", "scp:a", "ark:b"], "one of: 1 2 3"),
        (["--compress", "scp:a", "ark,t:b"], "text archive"),
        (["--max-failed=-1", "scp:a", "ark:b"], "negative"),
        (["--segments=s", "ark:a", "ark:b"], "scp:FILE with --segments"),
        (["wav.scp", "ark:b"], "did you mean scp:wav.scp"),
        (["scp:a"], "usage: pyser features"),
    ],
)
def test_usage_errors_exit_with_2(argv, text, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["features", *argv]) == 2
    assert text in capfd.readouterr().err
    assert not os.listdir()
