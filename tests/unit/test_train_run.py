"""``pyser train`` on a tiny data directory: artefacts, reuse, resuming after a kill, prediction."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import kaldiio
import numpy as np
import pytest
import torch
import train_builder
import yaml
from train_builder import BLOCKS, CLASSES, CONFIG, write_data, write_features

import pyser.files
from pyser.cli import main
from pyser.data.datadir import DataDir
from pyser.data.split import split
from pyser.errors import FileError, InputError
from pyser.files import read_json
from pyser.models import MODELS
from pyser.score.metrics import unweighted_accuracy
from pyser.score.table import read_scores
from pyser.train import checkpoint, plan, record, worker
from pyser.train.inputs import load_fold
from pyser.train.predict import load_model, predict_run
from pyser.train.settings import DataSettings
from pyser.train.yamlfile import make_entry, read_entries


@pytest.fixture
def place(tmp_path):
    write_data(tmp_path)
    return tmp_path


def arguments(place, *more):
    return train_builder.arguments(place, *more, config="model.yaml")


def spec(place, exp="exp", fold=1, **config):
    """What the verb hands to a child process."""
    sections = {name: dict(values) for name, values in CONFIG.items()}
    sections["train"] |= config
    overrides = [make_entry(f"train.{name}", value) for name, value in config.items()]
    entries = read_entries(place / "model.yaml", overrides)
    return {
        "name": "model",
        "directory": str(place / exp / f"fold{fold}" / "seed1"),
        "data": str(place / "data"),
        "split": str(place / "split"),
        "fold": fold,
        "seed": 1,
        "config": sections,
        "request": plan.request_digest(entries),
        "threads": 1,
        "device": "cpu",
        "command": "a command",
    }


def train(settings):
    worker.train_run(SimpleNamespace(**settings))
    return Path(settings["directory"])


def outcome(directory):
    """All that training is for: weights, what goes with them, record, metrics."""
    saved = checkpoint.load(directory / "model.pt")
    weights = {name: tensor.numpy().tobytes() for name, tensor in saved.pop("state_dict").items()}
    told = read_json(directory / "run.json")
    # A tensor; what somebody may change meanwhile; measurements.
    del saved["statistics"], told["commit"], told["seconds"], told["joules"]
    names = ("metrics.jsonl", "config.yaml")
    return weights, saved, told, [(directory / name).read_bytes() for name in names]


def test_the_verb_trains_every_fold_and_seed_then_has_nothing_to_do(place, capsys):
    argv = arguments(place, "--folds=4", "--seeds=2", "--nj=2", "--command=run.sh X")
    assert main(argv) == 0
    assert "Done 2 out of 2 runs." in capsys.readouterr().err
    runs = sorted(str(path.relative_to(place / "exp")) for path in place.glob("exp/*/*"))
    assert runs == ["fold4/seed1", "fold4/seed2"]
    directory = place / "exp" / "fold4" / "seed2"
    assert {path.name for path in directory.iterdir()} == {
        *("config.yaml", "metrics.jsonl", "model.pt", "run.json", "train.log", ".lock")
    }
    told = read_json(directory / "run.json")
    assert told["command"] == "run.sh X"
    assert (told["fold"], told["seed"], told["name"], told["model"]) == (4, 2, "model", "hnsd")
    assert told["classes"] == CLASSES
    assert told["corpus"]["standin"] is True
    assert told["protocol"]["id"] == "folds4"
    assert told["config"]["train"]["batch_size"] == 4
    assert told["config"] == yaml.safe_load((directory / "config.yaml").read_text())
    metrics = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in metrics] == [1, 2, 3] == list(range(1, told["epochs"] + 1))
    assert metrics[told["kept_epoch"] - 1]["dev_ua"] == told["dev_ua"]
    log = (directory / "train.log").read_text()
    assert "synthetic stand-in" in log
    assert "epoch 3 of 3" in log

    before = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    code = (
        "import sys; from pyser.cli import main; status = main(sys.argv[1:]);"
        "sys.exit(status or 'torch' in sys.modules)"
    )
    again = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "nothing to do: all 2 runs" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()} == before


def test_seeds_and_folds_give_different_weights(place):
    first = outcome(train(spec(place)))[0]
    assert outcome(train(spec(place, fold=2)))[0] != first
    assert outcome(train(spec(place, exp="exp2") | {"seed": 2}))[0] != first
    assert outcome(train(spec(place, exp="exp3")))[0] == first


class Killed(BaseException):
    """Ends a run at one exact point, as a kill would: nothing in the package catches it."""


def test_killed_around_any_write_it_ends_as_if_nothing_had_happened(place, monkeypatch):
    expected = outcome(train(spec(place, exp="whole")))
    replace = os.replace
    writes = []

    def count(source, target):
        writes.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(pyser.files.os, "replace", count)
    train(spec(place, exp="counted"))
    assert writes.count("checkpoint.pt") == 3
    assert writes[-2:] == ["model.pt", "run.json"]
    for number in range(len(writes)):
        for renamed in (False, True):
            exp = f"killed{number}{renamed}"
            _train_killed(spec(place, exp=exp), monkeypatch, replace, number, renamed)
            monkeypatch.setattr(pyser.files.os, "replace", replace)
            assert outcome(train(spec(place, exp=exp))) == expected, (writes[number], renamed)


def _train_killed(settings, monkeypatch, replace, number, renamed):
    """Train until write ``number``; end before or after the file gets its name."""
    left = [number]

    def kill(source, target):
        left[0] -= 1
        if left[0] >= 0:
            return replace(source, target)
        if renamed:
            replace(source, target)
        raise Killed

    monkeypatch.setattr(pyser.files.os, "replace", kill)
    with pytest.raises(Killed):
        train(settings)


def start_worker(settings, log):
    command = [sys.executable, "-m", "pyser.train.worker", json.dumps(settings)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=log.open("ab"), stderr=subprocess.STDOUT
    )


def num_epochs(settings):
    path = Path(settings["directory"]) / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_killed_by_the_system_it_ends_with_the_same_model_and_scores(place):
    whole = train(spec(place, exp="whole", epochs=60))
    killed = spec(place, exp="killed", epochs=60)
    for epochs in (1, 10):
        process = start_worker(killed, place / "log")
        while num_epochs(killed) < epochs:
            assert process.poll() is None, (place / "log").read_text()
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
    assert 10 <= num_epochs(killed) < 60
    process = start_worker(killed, place / "log")
    assert process.wait() == 0, (place / "log").read_text()
    process.stdin.close()
    assert "going on after epoch" in (place / "log").read_text()
    directory = Path(killed["directory"])
    assert outcome(directory) == outcome(whole)
    for run in (whole, directory):
        predict_run(run)
    for name in ("scores.tsv", "dev_scores.tsv"):
        assert (directory / name).read_bytes() == (whole / name).read_bytes()


def test_a_failing_run_is_reported_and_the_others_finish(place, capsys):
    train_list = place / "split" / "fold2" / "train"
    names = train_list.read_text().split()
    train_list.write_text("".join(f"{name}\n" for name in [*names, "spk9-0"]))
    assert main(arguments(place, "--folds=1,2", "--train.epochs=1")) == 1
    messages = capsys.readouterr().err
    assert "ERROR: fold 2 seed 1 ended with status 1" in messages
    assert "    ERROR: spk9-0: no features" in messages
    assert "Done 1 out of 2 runs." in messages
    assert [path.parent.parent.name for path in place.glob("exp/*/*/run.json")] == ["fold1"]


def refused(place, capsys, *more):
    """The message of a train command that must fail before it starts anything."""
    before = sorted(place.rglob("*"))
    assert main(arguments(place, *more)) != 0
    assert sorted(place.rglob("*")) == before
    return capsys.readouterr().err


def test_a_complete_run_is_never_taken_for_another(place, capsys):
    directory = train(spec(place))
    old = (directory / "model.pt").read_bytes()
    message = refused(place, capsys, "--folds=1", "--train.epochs=4")
    assert "train.epochs was 3, is 4; choose another --exp, or remove this folder" in message
    # The same settings in other words are the same settings.
    assert main(arguments(place, "--folds=1", "--train.epochs=3", "--train.patience=0")) == 0
    assert "nothing to do" in capsys.readouterr().err
    shutil.copy(place / "split" / "fold2" / "dev", place / "split" / "fold1" / "dev")
    assert "the split changed" in refused(place, capsys, "--folds=1")
    assert (directory / "model.pt").read_bytes() == old


def test_changed_features_and_labels_are_noticed(place, capsys):
    directory = train(spec(place))
    write_features(DataDir(place / "data"), seed=7)
    message = refused(place, capsys, "--folds=1")
    assert "the features in" in message
    assert "run pyser split again" in message
    split(place / "data", place / "split", num_folds=4)
    assert "the features changed, the split changed" in refused(place, capsys, "--folds=1")
    with pytest.raises(InputError, match="the features changed"):
        predict_run(directory)
    labels = place / "data" / "utt2emo"
    labels.write_text(labels.read_text().replace("glad", "calm", 1))
    assert "the labels in" in refused(place, capsys, "--folds=1")


def test_a_run_begun_with_other_settings_is_not_gone_on_with(place, monkeypatch):
    _train_killed(spec(place), monkeypatch, os.replace, 3, True)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"train\.learning_rate was 0\.01, is 0\.02"):
        train(spec(place, learning_rate=0.02))


def test_a_run_begun_keeps_its_threads(place, monkeypatch):
    _train_killed(spec(place) | {"threads": 1}, monkeypatch, os.replace, 3, True)
    monkeypatch.undo()
    directory = train(spec(place) | {"threads": 2})
    assert read_json(directory / "run.json")["threads"] == 1


def test_a_complete_run_is_left_alone_by_its_worker(place, capsys):
    directory = train(spec(place))
    (directory / "checkpoint.pt").touch()
    written = (directory / "model.pt").stat().st_mtime_ns
    train(spec(place))
    assert "already complete" in capsys.readouterr().err
    assert (directory / "model.pt").stat().st_mtime_ns == written
    assert main(arguments(place, "--folds=1")) == 0  # tidies what a kill at the very end left
    assert not (directory / "checkpoint.pt").exists()


def test_one_writer_at_a_time(tmp_path):
    stale = tmp_path / ".model.pt.1.tmp"
    stale.touch()
    with checkpoint.only_writer(tmp_path):
        assert not stale.exists()
        with (
            pytest.raises(InputError, match=f"process {os.getpid()} is training here"),
            checkpoint.only_writer(tmp_path),
        ):
            pass
    with checkpoint.only_writer(tmp_path):
        pass


def test_prediction_uses_the_model_of_the_best_epoch(place):
    directory = train(spec(place))
    predict_run(directory)
    scores = read_scores(directory / "scores.tsv")
    test = (place / "split" / "fold1" / "test").read_text().split()
    assert list(scores.utterances) == test
    assert scores.classes == tuple(CLASSES)
    labels = DataDir(place / "data").table("utt2emo")
    assert [CLASSES[index] for index in scores.reference] == [labels[name] for name in test]
    assert set(scores.speakers) == {name.split("-")[0] for name in test}
    cost = read_json(directory / "inference.json")
    frames = sum(len(kaldiio.load_scp(str(place / "data/feats.scp"))[name]) for name in test)
    assert cost["audio_seconds"] == pytest.approx(frames / 100)
    assert 0 < cost["seconds"] < 60 and cost["threads"] == 1
    np.testing.assert_allclose(np.exp(scores.log_posteriors).sum(axis=1), 1, atol=1e-5)
    told, dev = read_json(directory / "run.json"), read_scores(directory / "dev_scores.tsv")
    assert list(dev.utterances) == (place / "split" / "fold1" / "dev").read_text().split()
    assert unweighted_accuracy(dev.confusion()) == pytest.approx(told["dev_ua"])
    picked = dev.log_posteriors[np.arange(len(dev)), dev.reference]
    assert -picked.mean() == pytest.approx(told["dev_loss"], abs=1e-5)


def test_seconds_of_all_pieces_are_added(place, monkeypatch):
    now, replace = [100.0], os.replace
    monkeypatch.setattr(worker.time, "monotonic", lambda: now[0])

    def epoch(*arguments):
        now[0] += 10.0

    monkeypatch.setattr(worker, "_log_epoch", epoch)  # called once an epoch, after it was saved
    _train_killed(spec(place), monkeypatch, replace, 4, True)  # config, two epochs
    now[0] += 1000.0  # nothing runs
    monkeypatch.setattr(pyser.files.os, "replace", replace)
    assert read_json(train(spec(place)) / "run.json")["seconds"] == pytest.approx(20.0)


@pytest.mark.parametrize("normalisation", ["train", "none"])
def test_a_model_file_holds_what_prediction_needs(place, normalisation):
    config = CONFIG | {"data": {"normalisation": normalisation}}
    directory = train(spec(place) | {"config": config})
    model, saved = load_model(directory / "model.pt")
    assert isinstance(model, MODELS["hnsd"])
    assert not model.training
    assert saved["blocks"] == {"static": 2, "delta": 2, "delta2": 2}
    assert saved["frontend"]["blocks"] == BLOCKS
    assert saved["normalisation"] == normalisation
    assert (saved["statistics"] is None) == (normalisation == "none")
    if normalisation == "train":
        assert saved["statistics"].shape == (2, 7)
        assert saved["statistics"].dtype == torch.float64
    predict_run(directory)
    assert (directory / "scores.tsv").exists()


def test_members_that_keep_the_last_epoch_are_saved_and_predict(place):
    kinds = [{"hidden": 3}, {"hidden": 4, "functionals": True}]
    directory = train(spec(place, members=3, kinds=kinds, keep="last"))
    model, saved = load_model(directory / "model.pt")
    told = read_json(directory / "run.json")
    assert [member.config.hidden for member in model.members] == [3, 4, 3]
    assert [member.config.functionals for member in model.members] == [False, True, False]
    assert told["num_parameters"] == sum(member.num_parameters for member in model.members)
    assert saved["kept_epoch"] == told["epochs"] == told["kept_epoch"]
    predict_run(directory)
    dev = read_scores(directory / "dev_scores.tsv")
    assert unweighted_accuracy(dev.confusion()) == pytest.approx(told["dev_ua"])


def test_features_of_unknown_origin_are_one_block(place):
    (place / "data" / "frontend.json").unlink()
    split(place / "data", place / "split", num_folds=4)
    settings = spec(place)
    settings["config"]["model"]["streams"] = "static"
    saved = checkpoint.load(train(settings) / "model.pt")
    assert saved["blocks"] == {"static": 6}
    assert saved["frontend"] is None
    with pytest.raises(InputError, match=r"hnsd: the features have the blocks static"):
        train(spec(place, exp="other"))


def test_a_label_the_split_does_not_know_is_named(place, monkeypatch):
    labels = place / "data" / "utt2emo"
    labels.write_text(labels.read_text().replace("spk2-0 calm", "spk2-0 clam"))
    settings = DataSettings()
    with pytest.raises(InputError, match=r"spk2-0 has the label clam; expected one of: calm glad"):
        load_fold(place / "data", place / "split", 1, settings, ["train", "dev", "test"])


def test_stopping_early_and_varied_utterances(place, capsys):
    settings = spec(place, epochs=9, patience=1, learning_rate=0.0, weight_decay=0.0)
    settings["config"]["augment"] = {"tempo": 0.1, "frame_offset": True}
    directory = train(settings)
    assert "no better dev UA for 1 epochs: stopping" in capsys.readouterr().err
    assert read_json(directory / "run.json")["epochs"] == 2
    plain = spec(place, exp="plain", epochs=9, patience=1, learning_rate=0.0, weight_decay=0.0)
    varied, same = (
        (path / "metrics.jsonl").read_text().splitlines()[0] for path in (directory, train(plain))
    )
    varied, same = json.loads(varied), json.loads(same)
    assert varied["train_loss"] != same["train_loss"]
    assert varied["dev_loss"] == same["dev_loss"]  # dev is never varied


def test_without_a_checkout_there_is_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "__file__", str(tmp_path / "record.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert record.commit() is None


def test_a_run_that_is_not_complete_cannot_predict(tmp_path):
    with pytest.raises(FileError, match="no complete run"):
        predict_run(tmp_path)


def test_a_file_that_is_no_model(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match="is no file of weights"):
        checkpoint.load(path)
    torch.save({"state": SimpleNamespace()}, path)  # would run code when read
    with pytest.raises(InputError, match="is no file of weights"):
        checkpoint.load(path)
    with pytest.raises(FileError, match="cannot be read"):
        checkpoint.load(tmp_path / "other.pt")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--folds=0-2"], "--folds=0-2 has 0-2; expected folds in 1-4"),
        (["--folds=3-2"], "--folds=3-2"),
        (["--folds=x"], "--folds=x; expected numbers and ranges"),
        (["--folds=5"], "expected folds in 1-4"),
        (["--seeds=0"], "--seeds=0; expected at least 1"),
        (["--train.epochz=3"], "did you mean train.epochs"),
        (["--frobnicate=3"], "unknown option --frobnicate"),
        (["--split=/nowhere"], "run pyser split"),
    ],
)
def test_what_cannot_be_asked_for(place, capsys, more, message):
    assert message in refused(place, capsys, *more)


def test_a_run_of_other_code_is_neither_complete_nor_scored(place, capsys, monkeypatch):
    directory = train(spec(place))
    monkeypatch.setattr(plan, "code_digest", lambda model: "of other code")
    assert "the code changed" in refused(place, capsys, "--folds=1")
    with pytest.raises(InputError, match="the code changed"):
        predict_run(directory)


def test_speakers_that_changed_since_the_split_are_noticed(place, capsys):
    table = place / "data" / "utt2spk"
    table.write_text(table.read_text().replace("spk0-0 spk0", "spk0-0 spk1"))
    assert "the speakers in" in refused(place, capsys)


def test_training_again_leaves_no_scores_of_the_former_model(place):
    directory = train(spec(place))
    predict_run(directory)
    former = (directory / "scores.tsv").read_bytes()
    (directory / "model.pt").unlink()
    train(spec(place, learning_rate=0.05))
    assert not (directory / "scores.tsv").exists()
    assert not (directory / "dev_scores.tsv").exists()
    predict_run(directory)
    assert (directory / "scores.tsv").read_bytes() != former


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there(place, device):
    with pytest.raises(InputError, match=f"device {device} cannot be used"):
        train(spec(place) | {"device": device})


def test_the_device_may_be_chosen_automatically(place):
    directory = train(spec(place) | {"device": "auto"})
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert read_json(directory / "run.json")["device"] == expected


def test_help(capsys):
    assert main(["train", "--help"]) == 0
    assert "--seeds" in capsys.readouterr().out
