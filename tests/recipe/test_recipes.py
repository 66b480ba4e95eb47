"""Whole recipes through the shell, as a user runs them: finished, run again, killed, wrong use."""

import os
import re
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.recipe

TINY_MODEL = """\
model: {name: hnsd, hidden: 8, fc: 8}
data: {normalisation: speaker, frame_step: 4}
train: {learning_rate: 0.01, epochs: 3, batch_size: 16}
"""
OUTPUTS = ("exp/RESULTS.md", "exp/standin/tiny/loso5/scores.tsv")


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("conf") / "tiny.yaml"
    path.write_text(TINY_MODEL)
    return path


def run_sh(repository, recipe, *options, **kwargs):
    command = [repository / "egs" / recipe / "run.sh", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


def standin(repository, work, model, *options, **kwargs):
    """The IEMOCAP recipe on the stand-in, small enough for a test."""
    options = ("--work-dir", work, "--standin-size", "tiny", "--model", model, *options)
    return run_sh(repository, "iemocap", *options, **kwargs)


def contents(work):
    """The outputs without what was measured on the way: how long training took."""
    costs = re.compile("### What it costs.*?(?=\n### )", re.DOTALL)
    return {name: costs.sub("", (work / name).read_text()) for name in OUTPUTS}


def modification_times(work):
    skip = {"RESULTS.md"}
    files = [p for p in work.rglob("*") if p.is_file() and p.name not in skip]
    return {p: p.stat().st_mtime_ns for p in files if "plots" not in p.parts}


@pytest.fixture(scope="module")
def finished(repository, tmp_path_factory, tiny_model):
    """An undisturbed run of all stages on the stand-in."""
    work = tmp_path_factory.mktemp("undisturbed")
    done = standin(repository, work, tiny_model)
    assert done.returncode == 0, done.stderr
    return work, done


def test_prints_results_with_the_warning(finished):
    work, done = finished
    results = (work / "exp/RESULTS.md").read_text()
    assert done.stdout.endswith(results)
    assert "stand-in" in results and "WA" in results and "UA" in results
    assert "nothing about real speech" in done.stderr
    assert "egs/iemocap/run.sh" in results
    assert str(work) not in results


def test_second_run_recomputes_nothing(repository, finished, tiny_model):
    work, _ = finished
    before, results = modification_times(work), contents(work)
    again = standin(repository, work, tiny_model)
    assert again.returncode == 0, again.stderr
    assert contents(work) == results
    assert modification_times(work) == before


def test_stage_5_scores_again_only(repository, finished, tiny_model):
    work, _ = finished
    before, results = modification_times(work), contents(work)
    again = standin(repository, work, tiny_model, "--stage", 5)
    assert again.returncode == 0, again.stderr
    changed = {p.name for p, t in modification_times(work).items() if before.get(p) != t}
    changed -= {"result.json", "report.html"}  # they tell how long the answers took
    assert changed == {"scores.tsv", "dev_scores.tsv", "inference.json", "explain.npz"}
    assert contents(work) == results


@pytest.mark.parametrize("stage, sign", [(2, "data/standin"), (4, "exp/**/checkpoint.pt")])
def test_killed_and_started_again(repository, finished, tiny_model, tmp_path, stage, sign):
    command = [repository / "egs/iemocap/run.sh", "--work-dir", tmp_path, "--model", tiny_model]
    with subprocess.Popen(
        [*command, "--standin-size", "tiny"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert any(line.startswith(f"== stage {stage}:") for line in process.stderr)
        while not list(tmp_path.glob(sign)):
            assert process.poll() is None, f"ended before there was {sign}"
            time.sleep(0.005)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    assert not (tmp_path / "exp/RESULTS.md").exists()
    again = standin(repository, tmp_path, tiny_model)
    assert again.returncode == 0, again.stderr
    assert contents(tmp_path) == contents(finished[0])
    assert not list(tmp_path.rglob(".*.tmp"))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_experiment_is_trained_scored_and_compared(repository, finished, tmp_path):
    """The committed example; terminated while it trains, then given again."""
    os.symlink(finished[0] / "data", tmp_path / "data")
    options = ("--work-dir", tmp_path, "--standin-size", "tiny", "--folds", 1, "--stage", 4)
    options = [*map(str, options), "--experiment", "ablation_small"]
    command = [repository / "egs/iemocap/run.sh", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob("exp/**/checkpoint.pt")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        workers = [int(path.read_text() or 0) for path in tmp_path.glob("exp/**/.lock")]
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM
        assert b"ERROR: terminated" in process.stderr.read()
        assert not any(map(alive, workers))
    done = run_sh(repository, "iemocap", *options)
    assert done.returncode == 0, done.stderr
    assert "What parts of a small HNSD do" in done.stdout
    rows = {path.parents[1].name for path in tmp_path.glob("exp/standin/*/loso5/scores.tsv")}
    assert rows == {"hnsd_small", "static_only", "mean_pooling"}
    results = (tmp_path / "exp/RESULTS.md").read_text()
    again = "egs/iemocap/run.sh --standin-size tiny --experiment ablation_small --protocol loso5"
    assert f"{again} --folds 1" in results
    assert not list(tmp_path.glob("exp/**/.*.tmp"))


@pytest.fixture
def place(finished, tmp_path):
    """A folder to work in that has the generated release and nothing else."""
    (tmp_path / "data").mkdir()
    os.symlink(finished[0] / "data/standin_release", tmp_path / "data/standin_release")
    return tmp_path


LLD_MODEL = """\
model: {name: localatt, dense: 8, hidden: 8}
data: {features: lld, normalisation: speaker, frame_step: 4}
train: {learning_rate: 0.01, epochs: 2, batch_size: 16}
"""


def test_a_model_with_features_of_its_own(repository, place):
    """Alone it needs no others; beside another model, each has its own."""
    (place / "lld.yaml").write_text(LLD_MODEL)
    (place / "tiny.yaml").write_text(TINY_MODEL)
    done = standin(repository, place, place / "lld.yaml", "--folds", 1)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (place / "data").iterdir()}
    assert made == {"standin_release", "standin-lld"}
    (place / "both.yaml").write_text(
        "protocol: loso5\nrows: {tiny: {config: tiny.yaml}, lld: {config: lld.yaml}}\n"
    )
    options = ("--work-dir", place, "--standin-size", "tiny", "--folds", 1)
    done = run_sh(repository, "iemocap", *options, "--experiment", place / "both.yaml")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (place / "data").iterdir()} == made | {"standin"}
    assert "| lld " in done.stdout and "| tiny " in done.stdout


WORDS_MODEL = """\
model: {name: mscnn, filters: 4}
data: {features: mfcc32, normalisation: speaker, frame_step: 8}
train: {learning_rate: 0.01, epochs: 1, batch_size: 16}
"""


def test_a_model_of_words_with_vectors_of_the_user(repository, finished, place):
    (place / "words.yaml").write_text(WORDS_MODEL)
    lines = (finished[0] / "data/standin/text").read_text().splitlines()
    words = sorted({word.lower() for line in lines for word in line.split()[1:]})
    random = np.random.default_rng(0)
    rows = (" ".join([word, *(f"{x:.3f}" for x in random.standard_normal(6))]) for word in words)
    (place / "vectors.txt").write_text("\n".join(rows) + "\n")
    options = ("--folds", 1, "--word-vectors", place / "vectors.txt")
    done = standin(repository, place, place / "words.yaml", *options)
    assert done.returncode == 0, done.stderr
    assert "--folds 1 --word-vectors FILE" in (place / "exp/RESULTS.md").read_text()
    log = (place / "exp/standin/words/loso5/fold1/seed1/train.log").read_text()
    assert "vectors.txt: vectors of" in log
    assert (place / "data/standin-mfcc32/feats.scp").is_file()


SPOKEN_MODEL = """\
model:
  {name: semantic, channels: [2, 2, 2], projected: 8, fc: 8, hidden: 8, vector: 8,
   restarts: 1, align_steps: 50}
data: {target: vad, normalisation: speaker, frame_step: 4}
train: {learning_rate: 0.01, epochs: 1, batch_size: 16}
"""


def test_ratings_beside_each_other(repository, place):
    """What is said, from alignments and waveforms, and frames alone; CCC in place of UA."""
    (place / "spoken.yaml").write_text(SPOKEN_MODEL)
    (place / "tiny.yaml").write_text(TINY_MODEL)
    (place / "ratings.yaml").write_text(
        "protocol: loso5\nrows:\n  spoken: {config: spoken.yaml}\n"
        "  frames: {config: tiny.yaml, data.target: vad}\n"
    )
    options = ("--work-dir", place, "--standin-size", "tiny", "--folds", 1)
    done = run_sh(repository, "iemocap", *options, "--experiment", place / "ratings.yaml")
    assert done.returncode == 0, done.stderr
    tables = [place / "data/standin" / name for name in ("utt2words", "text")]
    words, texts = (len(table.read_text().splitlines()) for table in tables)
    assert 0.95 * texts < words < texts  # as in the release, a few alignments are missing
    log = (place / "exp/standin/spoken/loso5/fold1/seed1/train.log").read_text()
    assert re.search(r"\d+ words, spoken \d+ times", log)
    for name in ("spoken", "frames"):
        assert re.search(rf"\| {name} \|.* \| valence \| -?0\.\d+ ", done.stdout)
    assert "UA" not in (place / "exp/RESULTS.md").read_text()


@pytest.mark.parametrize(
    "recipe, options, words",
    [
        ("iemocap", ["--stages", "3"], "unknown option --stages"),
        ("iemocap", ["--stage", "two"], "not a whole number"),
        ("iemocap", ["--seeds"], "--seeds has no value"),
        ("iemocap", ["3"], "unexpected argument '3'"),
        ("iemocap", ["--model", "nonesuch"], "no nonesuch.yaml"),
        ("iemocap", ["--iemocap", "/nowhere"], "no such folder"),
        ("emodb", [], "--emodb DIR is needed"),
        ("emodb", ["--num-folds", "3"], "unknown option --num-folds"),
        ("own", [], "--data DIR is needed"),
        ("cross", [], "--train-data DIR is needed"),
        ("cross", ["--train-data", "/tmp"], "--test-data is needed"),
        ("cross", ["--train-data", "/tmp", "--test-data", "/no"], "--test-data /no: no such file"),
        ("iemocap", ["--protocol", "nonesuch"], "no protocol"),
        ("iemocap", ["--experiment", "nonesuch"], "no nonesuch.yaml"),
        ("iemocap", ["--experiment", "e", "--model", "m"], "--model or --experiment, one of"),
        ("iemocap", ["--experiment", "e", "--word-vectors", "f"], "is for a --model"),
        ("iemocap", ["--model", "mscnn", "--word-vectors", "/no/f"], "/no/f: no such file"),
        ("iemocap", ["--seeds", "0"], "at least 1 is expected"),
        ("iemocap", ["--stage", "9"], "stages are 0 to 6"),
        ("iemocap", ["--stage", "3", "--stop-stage", "2"], "stages are 0 to 6"),
        ("iemocap", ["--folds", "x"], "such as 1,3-5"),
        ("iemocap", ["--feature-conf", "no.conf"], "no no.conf"),
        ("iemocap", ["--work-dir", "/proc/nowhere"], "--work-dir /proc/nowhere cannot be used"),
    ],
)
def test_wrong_use(repository, tmp_path, recipe, options, words):
    done = run_sh(repository, recipe, "--work-dir", tmp_path, *options)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("recipe", ["iemocap", "emodb", "mspimprov", "own", "cross"])
def test_help(repository, recipe):
    done = run_sh(repository, recipe, "--help")
    assert done.returncode == 0
    assert "--stop-stage" in done.stdout


VOICES_HZ = {"ann": 210.0, "bob": 110.0, "cat": 190.0, "dan": 125.0}
LABELS = ("calm", "cross", "glad")


def write_own_corpus(folder, rate, suffix, seed=1):
    """A data directory by hand: 4 speakers, 3 labels that differ in pitch, level and tremolo.

    With another seed all speakers have other voices: the audit would take such tones for copies.
    """
    folder.mkdir()
    rng = np.random.default_rng(seed)
    wav, spk, emo = [], [], []
    for speaker, pitch_hz in VOICES_HZ.items():
        for number in range(6):
            label = number % 3
            time_s = np.arange(int(rate * rng.uniform(0.5, 0.9))) / rate
            phase = 2 * np.pi * pitch_hz * (1 + 0.3 * label) * time_s
            phase *= 1.19 ** (seed - 1)
            tone = sum(np.sin(k * phase) / k for k in range(1, 9))
            tone *= 1 + 0.5 * np.sin(2 * np.pi * 4 * (1 + label) * time_s)
            tone = 0.05 * (1 + label) * tone + 0.003 * rng.standard_normal(len(time_s))
            utterance = f"{speaker}-{number}"
            soundfile.write(folder / f"{utterance}.{suffix}", tone, rate)
            wav.append(f"{utterance} {utterance}.{suffix}\n")
            spk.append(f"{utterance} {speaker}\n")
            emo.append(f"{utterance} {LABELS[label]}\n")
    for name, lines in (("wav.scp", wav), ("utt2spk", spk), ("utt2emo", emo)):
        (folder / name).write_text("".join(lines))


@pytest.mark.parametrize("rate, suffix", [(48000, "flac"), (8000, "wav")])
def test_own_data(repository, tmp_path, tiny_model, rate, suffix):
    corpus = tmp_path / "voices"
    write_own_corpus(corpus, rate, suffix)
    options = ("--work-dir", tmp_path / "work", "--model", tiny_model)
    done = run_sh(repository, "own", "--data", corpus, *options)
    assert done.returncode == 0, done.stderr
    results = (tmp_path / "work/exp/RESULTS.md").read_text()
    assert all(label in results for label in LABELS)
    assert "stand-in" not in results
    scores = tmp_path / "work/exp/voices/tiny/folds0/scores.tsv"
    assert len(scores.read_text().splitlines()) == 1 + 24
    assert {p.name for p in corpus.iterdir() if p.suffix == ""} == {"utt2emo", "utt2spk"}


def test_trained_on_one_corpus_and_tested_on_another(repository, tmp_path, tiny_model):
    places = [tmp_path / name for name in ("here", "there")]
    for seed, place in enumerate(places):
        write_own_corpus(place, (16000, 44100)[seed], "wav", seed)
    options = ["--train-data", places[0], "--test-data", places[1], "--model", tiny_model]
    done = run_sh(repository, "cross", *options, "--work-dir", tmp_path / "work")
    assert done.returncode == 0, done.stderr
    assert "Trained and selected on here, tested on there" in done.stdout
    again = "egs/cross/run.sh --train-data DIR --test-data PATH --model PATH/tiny.yaml --seeds 1"
    assert again in done.stdout and str(tmp_path) not in done.stdout
    scores = (tmp_path / "work/exp/here-there/tiny/cross/scores.tsv").read_text()
    tested = [line.split("\t")[2] for line in scores.splitlines()[1:]]
    assert len(tested) == 24 and all(name.startswith("there_") for name in tested)


def test_own_data_that_is_broken(repository, tmp_path, tiny_model):
    corpus = tmp_path / "voices"
    write_own_corpus(corpus, 16000, "wav")
    lines = (corpus / "utt2emo").read_text().splitlines(keepends=True)
    (corpus / "utt2emo").write_text("".join(lines[:3] + lines[4:]))
    options = ("--work-dir", tmp_path / "work", "--model", tiny_model)
    done = run_sh(repository, "own", "--data", corpus, *options)
    assert done.returncode == 1
    assert "utt2emo" in done.stderr and "ann-3" in done.stderr


@pytest.mark.parametrize("folder", ["egs/emodb", "egs/iemocap/standin"])
def test_results_are_regenerated_from_the_committed_scores(repository, folder, tmp_path):
    """What is committed comes from the committed scores and from nothing else."""
    recipe = repository / folder
    first = (recipe / "RESULTS.md").read_text().splitlines()[0]
    options = first.partition("`pyser report")[2].partition("`")[0].split()
    command = ["pyser", "report", "results", "--out", str(tmp_path / "RESULTS.md"), *options]
    subprocess.run(command, cwd=recipe, check=True, capture_output=True)
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    kept = {path.relative_to(recipe) for path in (recipe / "plots").iterdir()}
    assert {path for path in made if path.parent.name == "plots"} == kept
    assert {Path("RESULTS.md"), Path("report.html")} < made
    for path in made:
        if (recipe / path).exists() or path.name != "report.html":  # which may be too large to keep
            assert (tmp_path / path).read_bytes() == (recipe / path).read_bytes(), path
    assert (tmp_path / "report.html").stat().st_size < 5_000_000


def table_rows(text):
    """Rows of Markdown tables as lists of cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_numbers_of_the_readme_are_those_of_the_results(repository):
    results = defaultdict(dict)
    for part in (repository / "egs/emodb/RESULTS.md").read_text().split("\n\n"):
        for row in table_rows(part)[2:]:
            for column, cell in zip(table_rows(part)[0], row, strict=True):
                results[row[0]].setdefault(column, cell)
    readme = (repository / "README.md").read_text()
    section = readme.split("\n## Results\n")[1].split("\n## ")[0]
    header, _, *rows = table_rows(section)
    assert len(rows) >= 3 and header[:2] == ["model", "normalisation"]
    for row in rows:
        shown = dict(zip(header[:-1], row, strict=False))  # the last column is a remark
        found = {name: results[row[0]][name].removesuffix(" †") for name in shown if name}
        assert shown == found
    picture = readme.split("![")[1].split("](")[1].split(")")[0]
    assert (repository / picture).is_file()
