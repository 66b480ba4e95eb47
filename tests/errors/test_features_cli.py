"""What happens when: each row of the table of failures, and what else goes wrong with features."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile

from pyser import Frontend
from pyser.cli import main

FRONTEND = Frontend()
SAMPLES = (np.random.default_rng(0).normal(size=8000) * 3000).astype(np.int16)
ROWS = FRONTEND(SAMPLES)
OUTPUT = "ark,scp:o/f.ark,o/f.scp"


@pytest.fixture
def features(tmp_path, monkeypatch, capfd):
    """Runs ``pyser features`` on a wav.scp made of {key: place}; returns (status, log lines)."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("good.wav", SAMPLES, 16000)

    def run(table, *flags, source="scp:wav.scp", output=OUTPUT):
        text = "".join(f"{key} {place}\n" for key, place in table.items())
        Path("wav.scp").write_text(text)
        status = main(["features", *flags, source, output])
        return status, capfd.readouterr().err.splitlines()

    return run


def written(path="o/f.scp"):
    return dict(kaldiio.load_scp(path).items())


def failed():
    header, *lines = Path("o/failed.tsv").read_text().splitlines()
    assert header.split("\t") == ["utterance", "status", "path", "reason"]
    return [line.split("\t") for line in lines]


def error_line(log):
    (line,) = [line for line in log if line.startswith("ERROR: b: ")]
    return line


# ------------------------------------------------------------------ an utterance that fails


def check_one_bad(features, path, *flags, says):
    """``path`` fails, and its neighbours do not; --max-failed=1 tolerates it."""
    table = {"a": "good.wav", "b": path, "c": "good.wav"}
    status, log = features(table, *flags)
    assert status == 1
    line = error_line(log)
    assert all(word in line for word in (path, *says)), line
    assert log[-1] == "Done 2 out of 3 utterances."
    assert [row[:3] for row in failed()] == [["b", "failed", path]]
    assert all(word in failed()[0][3] for word in says)
    assert list(written()) == ["a", "c"]
    assert all(np.array_equal(rows, ROWS) for rows in written().values())
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
    soundfile.write("low.wav", SAMPLES, 8000)
    says = ["8000 Hz", "16000 Hz", "--allow-upsample=true", "--sample-frequency=8000"]
    check_one_bad(features, "low.wav", says=says)
    soundfile.write("high.flac", SAMPLES, 48000)
    says = ["48000 Hz", "16000 Hz", "--allow-downsample=true", "--sample-frequency=48000"]
    check_one_bad(features, "high.flac", "--overwrite", says=says)


@pytest.mark.parametrize("file", ["stereo.wav", "stereo.flac"])
def test_stereo_without_a_channel(features, file):
    soundfile.write(file, np.stack([SAMPLES, SAMPLES // 2], axis=1), 16000)
    check_one_bad(features, file, says=["has 2 channels", "--channel=0 to 1"])
    status, _ = features({"b": file}, "--channel=1", "--overwrite")
    assert status == 0
    assert np.array_equal(written()["b"], FRONTEND(SAMPLES // 2))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_truncated_wav(features, subtype):
    soundfile.write("cut.wav", SAMPLES, 16000, subtype=subtype)
    content = Path("cut.wav").read_bytes()
    Path("cut.wav").write_bytes(content[: len(content) // 2])
    check_one_bad(features, "cut.wav", says=["is truncated", "--allow-truncated"])
    status, log = features({"b": "cut.wav"}, "--allow-truncated", "--overwrite")
    assert status == 0
    assert any("WARNING: b: cut.wav: is truncated" in line for line in log)
    count = len(written()["b"]) - 4  # the last rows see the edge through their deltas
    assert count > 10
    np.testing.assert_allclose(written()["b"][:count], ROWS[:count], atol=1e-6)


def test_truncated_flac(features):
    soundfile.write("cut.flac", np.tile(SAMPLES, 20), 16000)
    content = Path("cut.flac").read_bytes()
    Path("cut.flac").write_bytes(content[:-1000])
    check_one_bad(features, "cut.flac", says=["truncated", "--allow-truncated"])
    status, _ = features({"b": "cut.flac"}, "--allow-truncated", "--overwrite")
    assert status == 0
    assert len(written()["b"]) > 100


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_samples_that_are_no_numbers(features, value, name):
    samples = SAMPLES / 32768
    samples[123] = value
    soundfile.write("bad.wav", samples, 16000, subtype="FLOAT")
    check_one_bad(features, "bad.wav", says=["sample 123", f"found {name}"])


def test_floats_off_the_scale(features):
    soundfile.write("loud.wav", SAMPLES.astype(float), 16000, subtype="FLOAT")
    check_one_bad(features, "loud.wav", says=["--input-scale=1"])


def test_command_that_fails(features):
    command = "cat none.wav |"
    check_one_bad(features, command, "--allow-pipes", says=["command exited with 1"])


def test_command_whose_output_is_no_audio(features):
    check_one_bad(features, "echo no |", "--allow-pipes", says=["cannot be decoded"])
    soundfile.write("stereo.wav", np.stack([SAMPLES, SAMPLES], axis=1), 16000)
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


# ------------------------------------------------------------------------ short and silent


def test_too_short_is_no_row_and_no_failure(features):
    soundfile.write("short.wav", SAMPLES[:399], 16000)
    soundfile.write("empty.wav", SAMPLES[:0], 16000)
    soundfile.write("empty24.wav", SAMPLES[:0], 16000, subtype="PCM_24")
    table = {"a": "good.wav", "b": "short.wav", "c": "empty.wav", "d": "empty24.wav"}
    status, log = features(table)
    assert status == 0
    assert log[-1] == "Done 1 out of 4 utterances."
    assert any("3 utterances are shorter than one frame" in line for line in log)
    assert [row[:2] for row in failed()] == [["b", "short"], ["c", "short"], ["d", "short"]]
    assert list(written()) == ["a"]
    assert Path("o/utt2num_frames").read_text() == f"a {len(ROWS)}\n"


def test_nothing_but_short(features):
    soundfile.write("short.wav", SAMPLES[:399], 16000)
    status, log = features({"b": "short.wav"})
    assert status == 1
    assert "ERROR: no utterance has features" in log
    assert not os.path.exists("o/frontend.json")


@pytest.mark.parametrize("level", [0, 1000, -32768, 32767])
def test_silence_and_direct_current_give_the_floor(features, level):
    soundfile.write("flat.wav", np.full(8000, level, np.int16), 16000)
    assert features({"b": "flat.wav"})[0] == 0
    rows = written()["b"]
    np.testing.assert_allclose(rows[:, :26], -15.9424, atol=1e-4)
    assert not rows[:, 26:].any()


# ------------------------------------------------------------------------ tables and pipes


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
    assert np.array_equal(written()["b"], ROWS)


def test_pipes_as_tables(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, SAMPLES)})
    for source in ("ark:cat wav.ark |", "scp:echo a good.wav |"):
        status, log = features({}, source=source, output="ark:f.ark")
        assert status == 1
        assert "commands are not run" in log[-1]
        assert features({}, "--allow-pipes", source=source, output="ark:f.ark")[0] == 0
        assert np.array_equal(dict(kaldiio.load_ark("f.ark"))["a"], ROWS)
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
    assert "command exited with 1" in error_line(log)
    assert np.array_equal(written()["a"], FRONTEND(SAMPLES[1600:4800]))


def test_duplicate_keys(features):
    Path("twice.scp").write_text("a good.wav\nb good.wav\na good.wav\n")
    status, log = features({}, source="scp:twice.scp")
    assert status == 1
    assert "twice.scp:3" in log[-1]
    assert "a was seen before" in log[-1]
    assert not os.path.exists("o")


def test_duplicate_keys_in_an_archive(features):
    for name in ("1.ark", "2.ark"):
        kaldiio.save_ark(name, {"b": (16000, SAMPLES)})
    Path("wav.ark").write_bytes(Path("1.ark").read_bytes() + Path("2.ark").read_bytes())
    status, log = features({}, source="ark:wav.ark")
    assert status == 1
    assert "seen before in this archive" in error_line(log)
    assert log[-1] == "Done 1 out of 2 utterances."


def test_unsorted_keys_are_told(features):
    status, log = features({"b": "good.wav", "a": "good.wav"})
    assert status == 0
    assert any("WARNING: wav.scp:2: not sorted" in line for line in log)
    assert list(written()) == ["b", "a"]


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
    assert "leaves the recording; expected times up to 0.5 s" in error_line(log)
    assert [row[:2] for row in failed()] == [
        ["b", "failed"],
        ["c", "failed"],
        ["d", "failed"],
        ["e", "failed"],
        ["f", "short"],
    ]
    assert log[-1] == "Done 1 out of 6 utterances."


def test_segments_of_float_audio_that_fail(features):
    samples = SAMPLES / 32768
    samples[2000] = np.nan
    soundfile.write("bad.wav", samples, 16000, subtype="FLOAT")
    Path("segments").write_text("a r 0.2 0.4\nb r 0.1 0.3\n")
    status, log = features({"r": "bad.wav"}, "--segments=segments")
    assert status == 1
    assert "sample 400: found NaN" in error_line(log)
    assert log[-1] == "Done 1 out of 2 utterances."


def test_a_broken_archive_is_never_tolerated(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, SAMPLES), "b": (16000, SAMPLES)})
    Path("wav.ark").write_bytes(Path("wav.ark").read_bytes()[:-100])
    status, log = features({}, "--max-failed=9", source="ark:wav.ark")
    assert status == 1
    assert "is truncated" in error_line(log)
    assert any("how many utterances are lost is not known" in line for line in log)
    assert np.array_equal(written()["a"], ROWS)


def test_pickles_are_never_loaded(features):
    content = b"a PKL" + b"cos\nsystem\n(S'touch ran'\ntR."
    Path("wav.ark").write_bytes(content)
    Path("pickle.scp").write_text("b wav.ark:2\n")
    for source in ("ark:wav.ark", "scp:pickle.scp"):
        status, log = features({}, source=source)
        assert status == 1
        assert any("pickle, which is never loaded" in line for line in log)
    assert not os.path.exists("ran")


# --------------------------------------------------------------------- outputs and reruns


def test_rerun_has_nothing_to_do(features):
    table = {"a": "good.wav"}
    assert features(table)[0] == 0
    before = os.stat("o/f.ark").st_mtime_ns
    status, log = features(table)
    assert (status, os.stat("o/f.ark").st_mtime_ns) == (0, before)
    assert "nothing to do" in log[-1]
    status, log = features(table, "--overwrite")
    assert status == 0
    assert log[-1] == "Done 1 out of 1 utterances."


@pytest.mark.parametrize(
    ("table", "flags", "text"),
    [
        ({"a": "good.wav"}, ["--num-mel-bins=30"], "num_mel_bins=26, not 30"),
        ({"a": "good.wav"}, ["--channel=0"], "channel=-1, not 0"),
        ({"a": "good.wav"}, ["--compress"], "compression=0, not 1"),
        ({"b": "good.wav"}, [], "other utterances"),
    ],
)
def test_rerun_in_another_way_is_refused(features, table, flags, text):
    assert features({"a": "good.wav"})[0] == 0
    before = Path("o/f.ark").read_bytes()
    status, log = features(table, *flags)
    assert status == 1
    assert text in log[-1]
    assert "--overwrite" in log[-1]
    assert Path("o/f.ark").read_bytes() == before
    assert features(table, *flags, "--overwrite")[0] == 0
    assert features(table, *flags)[1][-1].endswith("nothing to do")


def test_other_features_in_the_same_folder(features):
    assert features({"a": "good.wav"})[0] == 0
    status, _ = features({"a": "good.wav"}, output="ark,scp:o/g.ark,o/g.scp")
    assert status == 0
    status, log = features({"a": "good.wav"})
    assert status == 1
    assert "of g.scp, not of f.scp" in log[-1]


def test_rerun_after_failures_does_the_work_again(features):
    table = {"a": "good.wav", "b": "late.wav"}
    assert features(table)[0] == 1
    soundfile.write("late.wav", SAMPLES, 16000)
    status, log = features(table)
    assert (status, log[-1]) == (0, "Done 2 out of 2 utterances.")
    assert not os.path.exists("o/failed.tsv")


def test_record_that_is_damaged(features):
    assert features({"a": "good.wav"})[0] == 0
    Path("o/frontend.json").write_text("{")
    status, log = features({"a": "good.wav"})
    assert status == 1
    assert "o/frontend.json: is no JSON" in log[-1]


def test_archives_on_standard_input_are_always_read(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, SAMPLES)})
    command = [sys.executable, "-m", "pyser", "features", "ark:-", OUTPUT]
    for flags, status in ([], 0), ([], 1), (["--overwrite"], 0):
        with open("wav.ark", "rb") as stdin:
            result = subprocess.run([*command, *flags], stdin=stdin, capture_output=True)
        assert result.returncode == status


def test_disk_full(features):
    status, log = features({"a": "good.wav"}, output="ark:/dev/full")
    assert status == 1
    assert "/dev/full: cannot be written (No space left" in log[-1]


def test_output_that_cannot_be_written(features):
    Path("file").write_text("")
    status, log = features({"a": "good.wav"}, output="ark:file/f.ark")
    assert status == 1
    assert "ERROR: file" in log[-1]


def test_failures_without_a_folder(features):
    status, log = features({"a": "good.wav", "b": "none.wav"}, output="ark:-")
    assert status == 1
    assert "none.wav" in error_line(log)
    assert not os.path.exists("failed.tsv")


@pytest.mark.parametrize("kill_again", [False, True])
def test_killed_half_way_leaves_nothing_incomplete(features, tmp_path, kill_again):
    """The last file is a pipe nobody writes to: the command waits there until it is killed."""
    os.mkfifo("wait.wav")
    table = {f"u{i:04}": "good.wav" for i in range(1100)} | {"x": "wait.wav"}
    if kill_again:  # something complete from before stays what it is, with its own tables
        assert features({"a": "good.wav"})[0] == 0
    before = {path.name: path.read_bytes() for path in tmp_path.glob("o/*")}
    Path("wav.scp").write_text("".join(f"{key} {place}\n" for key, place in table.items()))
    command = [sys.executable, "-m", "pyser", "features", "--overwrite", "scp:wav.scp", OUTPUT]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not any(p.stat().st_size > 1 << 20 for p in tmp_path.glob("o/.f.ark.*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    after = {p.name: p.read_bytes() for p in tmp_path.glob("o/*") if not p.name.startswith(".")}
    assert after == before
    os.unlink("wait.wav")
    soundfile.write("wait.wav", SAMPLES, 16000)
    flags = ["--overwrite"] if kill_again else []
    status, log = features(table, *flags)
    assert (status, log[-1]) == (0, "Done 1101 out of 1101 utterances.")


# ------------------------------------------------------------------------------------ usage


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
