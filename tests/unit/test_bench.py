"""The parts of tests/bench that compute; the bench itself is run by hand."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from train_builder import arguments, run_here, write_data

from pyser import Frontend, FrontendOptions
from pyser.cli import main
from pyser.errors import UsageError
from pyser.score.table import read_scores
from pyser.train import grid

BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))

import compute  # noqa: E402
import corpus  # noqa: E402
import frontend as bench  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
import peek  # noqa: E402
import report  # noqa: E402
import train  # noqa: E402
from scipy_peer import ScipyPeer  # noqa: E402

sys.path.remove(str(BENCH))

RESULT = {"us": 2.0, "spread": 0.1, "waited": 0.0, "frames": 10, "rounds": [2.0, 2.0]}
FAST = RESULT | {"us": 0.5, "rounds": [0.5, 0.4]}


def test_summary_is_a_median_per_frame_of_the_clock_that_counts():
    times = [{"wall": wall, "cpu": 0.5} for wall in (1.0, 2.0, 30.0)]
    found = measure.summary(times, measure.Task(None, 1000))
    assert found["us"] == pytest.approx(2000)
    assert found["waited"] == pytest.approx(1 - 1.5 / 33)
    assert measure.summary(times, measure.Task(None, 1000, "cpu"))["us"] == pytest.approx(500)


def test_rounds_are_interleaved_after_one_that_does_not_count():
    order = []

    def runner(name):
        return lambda: order.append(name) or {"wall": 1.0, "cpu": 1.0}

    tasks = {name: measure.Task(runner(name), 1) for name in "ab"}
    results = measure.interleaved(tasks, 2)
    assert "".join(order) == "ababab"
    assert len(results["a"]["rounds"]) == 2


def test_ratio_is_the_median_over_rounds():
    assert measure.ratio({"a": RESULT, "b": FAST}, "a", "b") == pytest.approx(4.5)
    assert measure.ratio({"a": RESULT, "b": {"us": 0.5}}, "a", "b") == 4
    assert measure.ratio({"a": RESULT}, "a", "b") is None


def test_verdicts():
    assert measure.at_least("n", 12.0, 12)["verdict"] == "PASS"
    assert measure.at_least("n", 11.9, 12)["verdict"] == "FAIL"
    assert measure.at_most("n", 9.0, 8, " us") == {
        "name": "n",
        "target": "<= 8 us",
        "measured": "9 us",
        "verdict": "FAIL",
    }
    assert measure.at_most("n", None, 8)["verdict"] == "not measured"


def test_a_rerun_replaces_the_section_of_its_cpu_only():
    text = report.replace_section("", "CPU A", "### Speed\n\nslow")
    text = report.replace_section(text, "CPU B", "other")
    again = report.replace_section(text, "CPU A", "### Speed\n\nfast")
    assert again == text.replace("slow", "fast")
    assert again.startswith("# ")
    assert again.count("\n## ") == 2


def test_everything_renders_and_is_json():
    results = {
        "checks": [measure.at_least("n", None, 2)],
        "compute": {"ours scalar": FAST | {"max_difference": 0.0}, "scipy": RESULT},
        "stages": {"scalar": {"fft": 12.5}},
        "lengths": {"3 s": {"ours scalar": FAST, "scipy": RESULT}},
        "options": {"8 kHz": {"ours scalar": FAST, "scipy": RESULT}},
        "threads": {"1": RESULT, "2": FAST},
        "calls": {"call, 3 s": RESULT},
        "extract": {"scipy, wav ark": RESULT, "copy kernel, wav ark": FAST},
        "memory": {".stream()": {"idle": 30.0, "peak": 40.0}},
    }
    data = {
        "command": "python tests/bench/frontend.py",
        "machine": {"cpu": "C", "governor": None},
        "signals": "generated",
        "peers": {"scipy": {"version": "1", "block": 64}},
        "best": "ours scalar",
        "results": results,
        "notes": ["a note"],
    }
    text = report.render(json.loads(json.dumps(data)))
    for words in ("4.5", "scipy.fft, vectorised float32, wav ark", "12.5", "500.0", "- a note"):
        assert words in text
    for name in bench.SECTIONS:
        assert name in report._TABLES


def test_tables_have_columns_of_one_width():
    lines = report.table(["a", "wide"], [["long name", 1]]).split("\n")
    assert len({len(line) for line in lines}) == 1
    assert lines[1].endswith("-:|")


def test_options(tmp_path, capsys):
    args = bench.parse(["--only=compute,calls", "--cpus=0", f"--json={tmp_path / 'x'}"])
    assert args.only == ["compute", "calls"]
    assert args.cpus == [0]
    with pytest.raises(SystemExit):
        bench.parse(["--only=speed"])
    assert "speed" in capsys.readouterr().err


def test_pieces_wrap_around_the_audio():
    pieces = corpus.cut(np.arange(20000, dtype=np.int16), [1, 0.5])
    assert [len(x) for x in pieces] == [16000, 8000]
    assert pieces[1][4000] == 0


def test_files_are_repeated_to_the_number_of_frames(tmp_path):
    path = tmp_path / "a.wav"
    corpus.write_wav(path, corpus.speech_like(16000, np.random.default_rng(0)))
    frames = corpus.write_scp(tmp_path / "wav.scp", [path], 200)
    assert frames == corpus.write_ark(tmp_path / "wav.ark", [path], 200) == 3 * 98
    assert len((tmp_path / "wav.scp").read_text().splitlines()) == 3
    assert (tmp_path / "wav.ark").stat().st_size > 3 * path.stat().st_size


def test_a_binary_names_its_compiler():
    assert machine.compiler_of(b"\0GCC: (Debian) 12.2.0\0") == "GCC: (Debian) 12.2.0"
    assert machine.compiler_of(b"") is None


@pytest.mark.parametrize("name", [n for n in compute.GRID if n != "spectrogram"])
@pytest.mark.parametrize("mel", ["dense", "sparse"])
def test_the_scipy_peer_computes_the_same_features(name, mel):
    case = compute.GRID[name]
    samples = np.random.default_rng(0).integers(-9000, 9000, 30000).astype(np.int16)
    rows = Frontend(FrontendOptions(**case, use_energy=False))(samples)
    assert len(rows) == corpus.num_frames([samples], case)
    peer = ScipyPeer(case, 32, mel)
    for _ in range(2):  # buffers are reused
        np.testing.assert_allclose(peer(samples.astype(np.float32)), rows, atol=2e-3)


def test_a_worker_answers_and_says_what_it_cannot_do(tmp_path):
    signals = [np.zeros(8000, np.int16)] * 2
    np.savez(tmp_path / "s.npz", **{f"main/{i}": x for i, x in enumerate(signals)})
    worker = measure.Worker("ours", bench.parse([]).cpus[:1])
    worker.load(path=str(tmp_path / "s.npz"))
    worker.make(case={}, tune="main")
    assert worker.time(case={}, set_name="main", mode="stream", chunk=1600)["cpu"] > 0
    worker.rows(case={}, set_name="main", index=1, path=str(tmp_path / "r.npy"))
    assert np.load(tmp_path / "r.npy").shape == (48, 78)
    with pytest.raises(measure.WorkerError, match="KeyError"):
        worker.time(case={}, set_name="none")
    worker.close()


def test_lengths_are_spread_as_those_of_the_corpora():
    """IEMOCAP: median 3.58 s, mean 4.55 s, 95 % below 11.06 s; EMO-DB: mean 2.78 s."""
    frames = train.draw_lengths("IEMOCAP") / train.FRAMES_PER_S
    assert np.median(frames) == pytest.approx(3.58, rel=0.05)
    assert frames.mean() == pytest.approx(4.55, rel=0.05)
    assert np.quantile(frames, 0.95) == pytest.approx(11.06, rel=0.1)
    assert frames.max() <= 34.1
    assert train.draw_lengths("EMO-DB").mean() == pytest.approx(278, rel=0.05)


@pytest.mark.parametrize("name", ["EMO-DB", "IEMOCAP"])
def test_padding_of_real_lengths_is_at_most_5_per_cent(name):
    for _, batch_size, mean_size, padding in train.padding_rows(train.draw_lengths(name), name):
        assert float(padding.split()[0]) <= 5.0
        assert float(mean_size) >= 0.55 * float(batch_size)


def test_a_step_of_training_is_timed_beside_the_bare_pair(monkeypatch, tmp_path):
    lengths = np.array([40, 44, 42, 41] * 4)
    monkeypatch.setattr(train, "draw_lengths", lambda name: lengths)
    (tmp_path / "utt2num_frames").write_text("a 40\nb 41\n")
    args = ["--hidden=4", "--batch-size=4", "--batches=2", "--threads=1", f"--data={tmp_path}"]
    page, _ = train.text(train.parse(args))
    assert str(tmp_path) not in page
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| EMO-DB")]
    pair, whole, data, ratio = map(float, rows[0][3:7])
    low, high = map(float, rows[0][7].split("-"))
    assert 0 < data < whole and pair > 0
    assert low <= ratio <= high


@pytest.mark.parametrize("more", [[], ["--train.average_decay=0.9", "--train.learning_rate=0.3"]])
def test_a_look_at_test_scores_agrees_with_the_runs(tmp_path, monkeypatch, capsys, more):
    write_data(tmp_path)
    monkeypatch.setattr(grid, "run_jobs", run_here)
    model = f"--config={tmp_path / 'model.yaml'}"
    assert main([*arguments(tmp_path), model, "--threads=1", *more]) == 0
    assert main(["score", f"--exp={tmp_path / 'exp'}"]) == 0
    expected = read_scores(tmp_path / "exp" / "scores.tsv").confusion()
    capsys.readouterr()
    places = [f"--{name}={tmp_path / name}" for name in ("data", "split")]
    assert peek.main([model, *places, *more]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [name for name, *_ in rows] == ["dev", "last", "test"]
    assert json.loads(rows[0][2]) == expected.tolist()
    assert float(rows[2][1]) >= float(rows[0][1])


def test_a_look_at_ratings_is_refused():
    options = ["--data=d", "--split=s", "--data.target=vad", "--train.label_smoothing=0"]
    config = BENCH.parents[1] / "egs" / "emodb" / "conf" / "hnsd.yaml"
    with pytest.raises(UsageError, match="a model that learns classes"):
        peek.main([f"--config={config}", *options])
