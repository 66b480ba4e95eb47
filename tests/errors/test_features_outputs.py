"""Outputs appear only when complete; a rerun does only what is missing."""

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


def touch(path):
    """Move the time of modification of a file by the least there is."""
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def refused(features, text, *args, **options):
    """A run is refused because of ``text``, ``--overwrite`` helps; whether the next is idle."""
    before = {path: path.read_bytes() for path in Path("o").iterdir()}
    status, log = features(*args, **options)
    assert (status, before) == (1, {path: path.read_bytes() for path in Path("o").iterdir()})
    assert text in log[-1]
    assert "--overwrite replaces the features" in log[-1]
    assert features(*args, "--overwrite", **options)[0] == 0
    return features(*args, **options)[1][-1].endswith("nothing to do")


CHANGED = "audio files have changed since"


def test_rerun_on_changed_audio_is_refused(features):
    table = {"a": "good.wav", "b": "other.wav"}
    soundfile.write("other.wav", features.samples, 16000)
    assert features(table)[0] == 0
    soundfile.write("other.wav", features.samples[::-1], 16000)  # of the same size
    touch("other.wav")
    assert refused(features, CHANGED, table)
    assert np.array_equal(features.written()["b"], features.frontend(features.samples[::-1]))
    soundfile.write("other.wav", features.samples[:7000], 16000)
    assert refused(features, CHANGED, table)
    touch("good.wav")
    assert refused(features, CHANGED, table)


def test_rerun_on_changed_archives_of_audio_is_refused(features):
    kaldiio.save_ark("wav.ark", {"a": (16000, features.samples)}, scp="ark.scp")
    for source in ("ark:wav.ark", "scp:ark.scp"):
        assert features({}, "--overwrite", source=source)[0] == 0
        assert features({}, source=source)[1][-1].endswith("nothing to do")
        touch("wav.ark")
        assert refused(features, CHANGED, {}, source=source)


def test_rerun_on_changed_recordings_of_segments_is_refused(features):
    table = {"r": "good.wav"}
    Path("segments").write_text("a r 0.1 0.3\n")
    assert features(table, "--segments=segments")[0] == 0
    touch("good.wav")
    assert refused(features, CHANGED, table, "--segments=segments")
    Path("segments").write_text("a r 0.1 0.4\n")
    assert refused(features, "of other utterances", table, "--segments=segments")


def test_rerun_after_a_missing_file_has_come_is_refused(features):
    table = {"a": "good.wav", "b": "late.wav"}
    assert features(table, "--max-failed=1")[0] == 0
    assert features(table, "--max-failed=1")[1][-1].endswith("nothing to do")
    soundfile.write("late.wav", features.samples, 16000)
    assert refused(features, CHANGED, table)


def test_commands_have_no_state(features):
    table = {"a": "cat good.wav |"}
    assert features(table, "--allow-pipes")[0] == 0
    touch("good.wav")
    assert features(table, "--allow-pipes")[1][-1].endswith("nothing to do")


def test_rerun_with_other_arithmetic_is_refused(features, monkeypatch):
    table = {"a": "good.wav"}
    assert features(table)[0] == 0
    monkeypatch.setattr("pyser.frontend.archive.probe", lambda frontend: "of other values")
    assert refused(features, "the front end computes other values", table)


def test_the_record_is_reproducible(features):
    table = {"a": "good.wav"}
    assert features(table)[0] == 0
    before = Path("o/frontend.json").read_bytes()
    assert features(table, "--overwrite")[0] == 0
    assert Path("o/frontend.json").read_bytes() == before


def test_strict_rerun_after_tolerated_failures_does_the_work_again(features):
    table = {"a": "good.wav", "b": "none.wav"}
    assert features(table, "--max-failed=1")[0] == 0
    status, log = features(table)
    assert (status, log[-1]) == (1, "Done 1 out of 2 utterances.")
    assert not os.path.exists("o/frontend.json")
    assert features(table, "--max-failed=2")[0] == 0
    assert features(table, "--max-failed=1")[1][-1].endswith("nothing to do")


def test_rerun_after_failures_does_the_work_again(features):
    table = {"a": "good.wav", "b": "late.wav"}
    assert features(table)[0] == 1
    soundfile.write("late.wav", features.samples, 16000)
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
    kaldiio.save_ark("wav.ark", {"a": (16000, features.samples)})
    command = [sys.executable, "-m", "pyser", "features", "ark:-", features.output]
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
    assert "none.wav" in features.error_line(log)
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
    command = [
        sys.executable,
        "-m",
        "pyser",
        "features",
        "--overwrite",
        "scp:wav.scp",
        features.output,
    ]
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
    soundfile.write("wait.wav", features.samples, 16000)
    flags = ["--overwrite"] if kill_again else []
    status, log = features(table, *flags)
    assert (status, log[-1]) == (0, "Done 1101 out of 1101 utterances.")
