"""``pyser features`` reads ahead, computes in threads and writes in order, in bounded memory."""

import io
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile

from pyser import Frontend, FrontendOptions
from pyser.cli import main

FRONTEND = Frontend()
LONG_S = 300  # more than is held at once: read, computed and written piece by piece
HOUR_S = 3600
THREADS = (1, 2, 4)


def samples_of(seconds, seed=0):
    return np.random.default_rng(seed).integers(-9000, 9000, int(seconds * 16000), dtype=np.int16)


def wav_bytes(samples, **how):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 16000, format="WAV", **how)
    return buffer.getvalue()


def write_silence(path, seconds):
    """A WAV file that takes no room on the disk."""
    size = seconds * 32000
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    head = (
        b"RIFF" + struct.pack("<I", size + 36) + b"WAVE" + fmt + b"data" + struct.pack("<I", size)
    )
    path.write_bytes(head)
    os.truncate(path, len(head) + size)


def command(*args):
    return [sys.executable, "-m", "pyser", "features", *args]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def long():
    return samples_of(LONG_S)


@pytest.fixture(scope="module")
def mixed(long):
    """Key -> samples: long ones first, last, in a row, and between short ones."""
    table = {"a": long, "b": long[:-1], "c": samples_of(0.5), "d": samples_of(0.01)}
    return table | {"e": samples_of(1.5), "f": long[7:], "g": samples_of(200), "h": long[9:]}


def written(path="f.ark"):
    return {key: rows.tobytes() for key, rows in kaldiio.load_ark(path)}


def rows_of(table, frontend=FRONTEND):
    rows = {key: frontend(samples) for key, samples in table.items()}
    return {key: values.tobytes() for key, values in rows.items() if len(values)}


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize(
    "source", ["scp:wav.scp", "ark:wav.ark", "scp:ark.scp", "ark:cat wav.ark |"]
)
def test_long_recordings_have_the_bytes_of_arrays(source, num_threads, mixed, folder):
    for key, samples in mixed.items() if source == "scp:wav.scp" else ():
        soundfile.write(f"{key}.wav", samples, 16000)
    Path("wav.scp").write_text("".join(f"{key} {key}.wav\n" for key in mixed))
    if "ark" in source:
        table = {key: (16000, samples) for key, samples in mixed.items()}
        kaldiio.save_ark("wav.ark", table, scp="ark.scp")
    argv = ["features", f"--num-threads={num_threads}", "--allow-pipes", source, "ark:f.ark"]
    assert main(argv) == 0
    assert written() == rows_of(mixed)


def test_one_channel_of_a_long_recording(long, folder):
    soundfile.write("a.wav", np.stack([long // 2, long], axis=1), 16000)
    Path("wav.scp").write_text("a a.wav\n")
    assert main(["features", "--channel=1", "scp:wav.scp", "ark:f.ark"]) == 0
    assert written() == rows_of({"a": long})


@pytest.mark.parametrize("flags", [["--subtract-mean"], ["--snip-edges=false", "--dither=1"]])
def test_long_recordings_in_other_ways(flags, long, folder):
    soundfile.write("a.wav", long, 16000)
    Path("wav.scp").write_text("a a.wav\n")
    assert main(["features", *flags, "scp:wav.scp", "ark,scp:f.ark,f.scp"]) == 0
    options = {"subtract_mean": True} if len(flags) == 1 else {"snip_edges": False, "dither": 1}
    frontend = Frontend(FrontendOptions(**options))
    assert written() == rows_of({"a": long}, frontend)
    (rows,) = (rows for _, rows in kaldiio.load_scp("f.scp").items())
    assert Path("utt2num_frames").read_text() == f"a {len(rows)}\n"


@pytest.mark.parametrize("output", ["ark,t:f.ark", "ark:f.ark"])
def test_forms_of_a_long_recording(output, long, folder):
    soundfile.write("a.wav", long, 16000)
    soundfile.write("b.wav", long[: 16000 * 5], 16000)
    Path("wav.scp").write_text("a a.wav\nb b.wav\n")
    flags = [] if ",t" in output else ["--compress"]
    assert main(["features", "--num-mel-bins=4", *flags, "scp:wav.scp", output]) == 0
    frontend = Frontend(FrontendOptions(num_mel_bins=4))
    for key, found in kaldiio.load_ark("f.ark"):
        wanted = frontend(long if key == "a" else long[: 16000 * 5])
        bound = np.ptp(wanted) / 63 if flags else 0
        assert np.abs(found - wanted).max() <= bound


@pytest.fixture
def troubled(folder):
    """A wav.scp of many utterances in which every kind of trouble stands; its good samples."""
    good = {}
    lines = []
    for i in range(400):
        key = f"u{i:03}"
        samples = samples_of(0.1 + i % 7 / 5, seed=i)
        place = f"{key}.wav"
        if i % 50 == 17:
            place = "none.wav"
        elif i % 50 == 18:
            Path(place).write_bytes(wav_bytes(samples)[:-100])
        elif i % 50 == 19:
            soundfile.write(place, samples[:300], 16000)
        elif i % 50 in (20, 21):
            soundfile.write(f"{key}.flac", samples, 16000)
            place = f"{key}.flac" if i % 50 == 20 else f"sleep 0.02; cat {key}.flac |"
            good[key] = samples
        else:
            soundfile.write(place, samples, 16000)
            good[key] = samples
        lines.append(f"{key} {place}\n")
    Path("wav.scp").write_text("".join(lines))
    return good


def test_trouble_keeps_the_order(troubled, capfd):
    wanted, logs, lists = rows_of(troubled), [], []
    for n in THREADS:
        argv = ["features", "--allow-pipes", f"--num-threads={n}", "scp:wav.scp", f"ark:{n}/f.ark"]
        assert main(argv) == 1
        found = written(f"{n}/f.ark")
        assert list(found) == list(troubled)
        assert found == wanted
        log = capfd.readouterr().err.replace(f"{n}/", "").splitlines()
        logs.append(log[1:])
        lists.append(Path(f"{n}/failed.tsv").read_text())
    assert logs[0] == logs[1] == logs[2]
    assert lists[0] == lists[1] == lists[2]
    failed = [line.split("\t")[0] for line in lists[0].splitlines()[1:]]
    assert failed == sorted(failed)
    assert len(failed) == 24
    assert logs[0][-1] == "Done 376 out of 400 utterances."


def test_tables_name_every_matrix(troubled):
    argv = ["features", "--allow-pipes", "--max-failed=99", "scp:wav.scp", "ark,scp:f.ark,f.scp"]
    assert main(argv) == 0
    found = {key: rows.tobytes() for key, rows in kaldiio.load_scp("f.scp").items()}
    assert list(found) == list(troubled)
    assert found == rows_of(troubled)


@pytest.mark.parametrize("how", ["scp", "ark"])
def test_truncated_long_recordings(how, long, folder, capfd):
    content = wav_bytes(long)[:-20_000]
    short = samples_of(1)
    soundfile.write("good.wav", short, 16000)
    Path("cut.wav").write_bytes(content)
    Path("wav.scp").write_text("a good.wav\nb cut.wav\nc good.wav\n")
    Path("wav.ark").write_bytes(b"a " + wav_bytes(short) + b"b " + content)
    source = f"{how}:wav.{how}"
    assert main(["features", source, "ark:f.ark"]) == 1
    assert "is truncated: its header promises 9600000 bytes" in capfd.readouterr().err
    after = ["a", "c"] if how == "scp" else ["a"]
    assert written() == rows_of(dict.fromkeys(after, short))
    assert main(["features", "--allow-truncated", source, "ark:f.ark"]) == 0
    assert "b: cut.wav: is truncated" in capfd.readouterr().err.replace("wav.ark:32048", "cut.wav")
    wanted = {"a": short, "b": long[:-10_000]} | dict.fromkeys(after[1:], short)
    assert written() == rows_of(wanted)


@pytest.mark.parametrize("flags", [[], ["--allow-truncated"]])
@pytest.mark.parametrize("output", ["f.ark", "pipe"])
def test_truncated_long_recordings_out_of_a_pipe(flags, output, long, folder):
    """That they are is seen at the end, when most of their rows were written."""
    short = samples_of(1)
    Path("wav.ark").write_bytes(b"a " + wav_bytes(short) + b"b " + wav_bytes(long)[:-20_000])
    os.mkfifo("pipe")
    argv = ["--allow-pipes", *flags, "ark:cat wav.ark |", f"ark:{output}"]
    process = subprocess.Popen(command(*argv), stderr=subprocess.PIPE)
    if output == "pipe":
        Path("f.ark").write_bytes(Path("pipe").read_bytes())
    log = process.communicate()[1].decode()
    wanted = {"a": short} | ({"b": long[:-10_000]} if flags else {})
    assert written() == rows_of(wanted)
    assert process.returncode == (0 if flags else 1)
    assert ("WARNING: b: " if flags else "ERROR: b: ") in log
    assert "is truncated" in log


def test_a_recording_that_becomes_shorter_is_taken_back(folder):
    """The archive holds some of its rows by then."""
    short = samples_of(1)
    soundfile.write("good.wav", short, 16000)
    write_silence(folder / "long.wav", 10 * HOUR_S)
    Path("wav.scp").write_text("a good.wav\nb long.wav\nc good.wav\n")
    with subprocess.Popen(command("scp:wav.scp", "ark:f.ark"), stderr=subprocess.PIPE) as process:
        wait_for_output(process)
        process.send_signal(signal.SIGSTOP)
        os.truncate("long.wav", 100)
        process.send_signal(signal.SIGCONT)
        log = process.stderr.read().decode()
    assert process.returncode == 1
    assert "ERROR: b: long.wav: is truncated" in log
    assert log.endswith("Done 2 out of 3 utterances.\n")
    assert written() == rows_of({"a": short, "c": short})


def wait_for_output(process):
    """Wait until a run that writes f.ark has written more than the first utterance."""
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size > 1 << 20 for path in Path().glob(".f.ark.*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("num_threads", [0, 2])
def test_interrupted_in_a_long_recording(num_threads, folder):
    write_silence(folder / "long.wav", 10 * HOUR_S)
    Path("wav.scp").write_text("a long.wav\n")
    argv = command(f"--num-threads={num_threads}", "scp:wav.scp", "ark:f.ark")
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
        wait_for_output(process)
        process.send_signal(signal.SIGINT)
        log = process.stderr.read().decode()
    assert process.returncode == 130
    assert "interrupted" in log.splitlines()[-1]
    assert sorted(os.listdir()) == ["long.wav", "wav.scp"]


def test_a_full_disk_in_a_long_recording(long, folder, capfd):
    soundfile.write("a.wav", long, 16000)
    Path("wav.scp").write_text("a a.wav\nb a.wav\n")
    for n in THREADS:
        assert main(["features", f"--num-threads={n}", "scp:wav.scp", "ark:/dev/full"]) == 1
        assert "/dev/full: cannot be written (No space left" in capfd.readouterr().err


@pytest.mark.parametrize("num_threads", THREADS)
def test_an_error_of_the_program_ends_the_run(num_threads, troubled, monkeypatch):
    def broken(*_):
        raise RuntimeError("a mistake")

    monkeypatch.setattr("pyser.frontend.decode.decode", broken)
    with pytest.raises(RuntimeError, match="a mistake"):
        main(["features", "--allow-pipes", f"--num-threads={num_threads}", "scp:wav.scp", "ark:f"])
    assert not [path for path in os.listdir() if path.startswith((".", "f"))]


def peak_kib(*args):
    """The peak resident set of a ``pyser features``."""
    process = subprocess.Popen(command(*args), stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


@pytest.mark.parametrize("how", ["scp", "ark", "pipe", "segment"])
def test_memory_of_an_hour(how, folder):
    """115 MB of samples and 112 MB of rows go through far less."""
    soundfile.write("short.wav", samples_of(0.1), 16000)
    write_silence(folder / "long.wav", HOUR_S)
    Path("short.scp").write_text("a short.wav\n")
    Path("wav.scp").write_text("a long.wav\n")
    Path("segments").write_text("a a 0 -1\nb a 1800.5 -1\n")
    if how in ("ark", "pipe"):
        with open("wav.ark", "wb") as ark:
            ark.write(b"a ")
            ark.write(Path("long.wav").read_bytes())
    flags = ["--allow-pipes", "--num-threads=2"]
    flags += ["--segments=segments"] if how == "segment" else []
    source = {"ark": "ark:wav.ark", "pipe": "ark:cat wav.ark |"}.get(how, "scp:wav.scp")
    idle = peak_kib("scp:short.scp", "ark:f.ark")
    assert peak_kib(*flags, source, "ark:f.ark") - idle < 40_000


def test_memory_of_many(folder):
    """The archive may be of any size: 150 MB of samples and as many of rows here."""
    soundfile.write("short.wav", samples_of(0.1), 16000)
    write_silence(folder / "a.wav", 5)
    Path("short.scp").write_text("a short.wav\n")
    Path("wav.scp").write_text("".join(f"u{i:04} a.wav\n" for i in range(1000)))
    idle = peak_kib("scp:short.scp", "ark:/dev/null")
    assert peak_kib("--num-threads=2", "scp:wav.scp", "ark:/dev/null") - idle < 40_000
