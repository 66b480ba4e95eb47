"""``pyser features`` keeps the statistics of what it writes, and of nothing else."""

import os
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile

from pyser.cli import main
from pyser.data.keptstats import STATS_FILE, TIE_FILE, kept_stats
from pyser.data.reader import FeatureReader
from pyser.frontend.cmvn import compute_cmvn_stats

OUTPUT = "ark,scp:o/f.ark,o/f.scp"


@pytest.fixture(autouse=True)
def wavs(tmp_path, monkeypatch):
    """Files of different lengths, two of them in formats of other libraries; one is too short."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lengths = {"d": 40000, "a": 5000, "c": 16000, "short": 100, "b": 70000, "e": 8000}
    suffixes = {"c": "flac", "e": "flac"}
    lines = []
    for key, length in lengths.items():
        name = f"{key}.{suffixes.get(key, 'wav')}"
        soundfile.write(name, (rng.normal(size=length) * 3000).astype(np.int16), 16000)
        lines.append(f"{key} {name}\n")
    Path("wav.scp").write_text("".join(lines))


def features(*options, source="scp:wav.scp", output=OUTPUT):
    return main(["features", *options, source, output])


def assert_kept(scp="o/f.scp"):
    """All statistics are there, in the order of the archive, with the bytes of a pass over it."""
    kept = kept_stats(FeatureReader(scp))
    rows = {key: np.array(matrix) for key, matrix in kaldiio.load_ark(scp[:-3] + "ark")}
    assert list(kept) == list(rows)
    for key, stats in compute_cmvn_stats(rows).items():
        assert kept[key].tobytes() == stats.tobytes()
    for key, matrix in kaldiio.load_ark(str(Path(scp).with_name(STATS_FILE))):
        assert matrix.dtype == np.float64
        np.testing.assert_array_equal(matrix, kept[key])


@pytest.mark.parametrize("threads", [1, 3])
def test_of_tables(threads):
    assert features(f"--num-threads={threads}") == 0
    assert_kept()
    assert len(FeatureReader("o/f.scp")) == 5


def test_of_archives_and_segments_and_text():
    recordings = {k: (16000, soundfile.read(f"{k}.wav", dtype="int16")[0]) for k in "bda"}
    kaldiio.save_ark("wav.ark", recordings)
    assert features(source="ark:wav.ark") == 0
    assert_kept()
    Path("segments").write_text("x b 0.5 3\ny c 0.1 0.9\nz a 0.2 0.21\n")
    assert features("--segments=segments", output="ark,scp:s/f.ark,s/f.scp") == 0
    assert_kept("s/f.scp")
    assert features(output="ark,t,scp:t/f.ark,t/f.scp") == 0
    assert_kept("t/f.scp")


def test_of_recordings_that_go_piece_by_piece(tmp_path):
    rng = np.random.default_rng(1)
    soundfile.write("long.wav", (rng.normal(size=4_500_000) * 3000).astype(np.int16), 16000)
    Path("wav.scp").write_text("a a.wav\nlong long.wav\nz d.wav\n")
    found = []
    for threads in (1, 3):
        assert features(f"--num-threads={threads}", "--overwrite") == 0
        assert_kept()
        found.append(Path("o", STATS_FILE).read_bytes())
    assert found[0] == found[1]


def test_failures_have_none():
    Path("bad.wav").write_bytes(Path("b.wav").read_bytes()[:999])
    with open("wav.scp", "a") as scp:
        scp.write("bad bad.wav\nlast a.wav\n")
    assert features() == 1
    assert_kept()
    assert "bad" not in kept_stats(FeatureReader("o/f.scp"))


def test_new_features_have_new_statistics():
    assert features() == 0
    before = Path("o", STATS_FILE).read_bytes()
    assert features("--num-mel-bins=20", "--overwrite") == 0
    assert Path("o", STATS_FILE).read_bytes() != before
    assert_kept()


def test_none_of_values_that_compression_changes():
    assert features() == 0
    assert features("--compress", "--overwrite") == 0
    assert not {STATS_FILE, TIE_FILE} & set(os.listdir("o"))
    reader = FeatureReader("o/f.scp")
    for key, stats in compute_cmvn_stats(reader).items():
        assert stats.tobytes() == compute_cmvn_stats(reader[key]).tobytes()


def test_none_without_a_table():
    assert features(output="ark:o/f.ark") == 0
    assert os.listdir("o") == ["f.ark"] or "failed.tsv" in os.listdir("o")
    assert not {STATS_FILE, TIE_FILE} & set(os.listdir("o"))


def test_a_run_that_stops_leaves_those_that_were_there(monkeypatch):
    assert features() == 0
    monkeypatch.setattr("pyser.frontend.tally.Tally.add", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        features("--num-mel-bins=20", "--overwrite")
    assert_kept()
    assert not [name for name in os.listdir("o") if name.startswith(".")]
