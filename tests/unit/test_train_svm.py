"""The SVM through ``pyser train`` and prediction: folders, records, resuming."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from data_builder import CLASSES, make_data, write_feats

import pyser.files
from pyser.cli import main
from pyser.data.split import split
from pyser.files import read_json, write_json
from pyser.score.metrics import unweighted_accuracy
from pyser.score.table import read_scores
from pyser.train import checkpoint, worker
from pyser.train.predict import load_model, predict_run
from pyser.train.settings import Settings

SVM = {"name": "svm", "C": [0.1, 0.01, 1.0], "percentiles": [5, 50, 95]}
BLOCKS = {"static": [0, 1], "delta": [1, 2], "delta2": [2, 3]}


def tell_classes(utterance, rows):
    """Every second utterance moves more: its class can be learned."""
    return rows * np.float32(1 + int(utterance[-1]) % len(CLASSES) * 0.5)


@pytest.fixture
def place(tmp_path):
    data = make_data(tmp_path / "data", per_speaker=6)
    write_feats(data, change=tell_classes)
    write_json(data.path / "frontend.json", {"options": {}, "dim": 3, "blocks": BLOCKS})
    split(data.path, tmp_path / "split", num_folds=4)
    config = {"model": SVM, "data": {"normalisation": "train"}}
    (tmp_path / "svm.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def verb(place, *more):
    paths = {"config": "svm.yaml", "data": "data", "split": "split", "exp": "exp"}
    return main(["train", *(f"--{name}={place / path}" for name, path in paths.items()), *more])


def spec(place, exp="exp", seed=1, **model):
    config = Settings.from_dict({"model": SVM | model, "data": {"normalisation": "train"}})
    return SimpleNamespace(
        name="svm",
        directory=str(place / exp / "fold1" / f"seed{seed}"),
        data=str(place / "data"),
        split=str(place / "split"),
        fold=1,
        seed=seed,
        config=config.as_dict(),
        request="a digest",
        threads=1,
        device="cpu",
        command="a command",
    )


def test_the_verb_trains_it_like_any_other_model(place, capsys):
    assert verb(place, "--folds=3") == 0
    messages = capsys.readouterr().err
    assert "Done 1 out of 1 runs." in messages
    assert "draws nothing" not in messages
    directory = place / "exp" / "fold3" / "seed1"
    files = {"config.yaml", "metrics.jsonl", "model.pt", "run.json", "train.log", ".lock"}
    assert {path.name for path in directory.iterdir()} == files
    told = read_json(directory / "run.json")
    assert told["config"] == yaml.safe_load((directory / "config.yaml").read_text())
    assert list(told["config"]) == ["data", "model"]  # nothing of gradients
    assert told["config"]["model"]["C"] == SVM["C"]
    assert told["num_parameters"] == 1 * (5 * 3 + 1)  # one pair; mean, std, 3 percentiles
    assert (told["epochs"], told["kept_epoch"], told["model"]) == (1, 1, "svm")
    assert "scikit-learn" in told["versions"]
    entry = yaml.safe_load((directory / "metrics.jsonl").read_text())
    assert entry["dev_ua"] == entry["chosen"]["dev_ua"] == told["dev_ua"]
    assert [tried["C"] for tried in entry["tried"]] == sorted(SVM["C"])
    assert verb(place, "--folds=3") == 0
    assert "nothing to do: all 1 runs" in capsys.readouterr().err
    assert verb(place, "--folds=3", "--model.kernel=rbf") != 0
    assert "model.kernel was linear, is rbf" in capsys.readouterr().err
    assert verb(place, "--train.epochs=3", "--folds=2") != 0
    assert "unknown section train" in capsys.readouterr().err


def test_answers_on_dev_and_test(place):
    run = spec(place)
    worker.train_run(run)
    predict_run(run.directory)
    told = read_json(f"{run.directory}/run.json")
    dev = read_scores(f"{run.directory}/dev_scores.tsv")
    assert unweighted_accuracy(dev.confusion()) == pytest.approx(told["dev_ua"])
    test = read_scores(f"{run.directory}/scores.tsv")
    assert list(test.utterances) == (place / "split/fold1/test").read_text().split()
    assert unweighted_accuracy(test.confusion()) == 1  # the classes are easy to tell
    np.testing.assert_allclose(np.exp(test.log_posteriors).sum(axis=1), 1, atol=1e-5)


def test_the_model_file_holds_arrays_only(place):
    run = spec(place, kernel="rbf")
    worker.train_run(run)
    model, saved = load_model(f"{run.directory}/model.pt")  # reads weights only
    assert saved["blocks"] == {"static": 1, "delta": 1, "delta2": 1}
    assert saved["statistics"].shape == (2, 4)
    assert saved["state_dict"]["vectors"].shape[1] == 15
    assert model.num_parameters == read_json(f"{run.directory}/run.json")["num_parameters"] > 0


def outcome(directory):
    saved = checkpoint.load(f"{directory}/model.pt")
    arrays = {name: x.numpy().tobytes() for name, x in saved["state_dict"].items()}
    told = read_json(f"{directory}/run.json")
    return arrays, {key: told[key] for key in told.keys() - {"commit", "seconds"}}


def test_another_seed_is_the_same_run_and_the_verb_says_so(place, capsys):
    worker.train_run(spec(place))
    assert verb(place, "--folds=1", "--seeds=2") == 0
    assert "svm: svm draws nothing at random, so all seeds give the same" in capsys.readouterr().err
    first, second = (outcome(place / "exp" / "fold1" / f"seed{seed}") for seed in (1, 2))
    assert first[0] == second[0]  # the arrays


class Killed(BaseException):
    """Ends a run at one exact point, as a kill would."""


def test_killed_around_any_write_it_ends_as_if_nothing_had_happened(place, monkeypatch):
    whole, replace, writes = spec(place, exp="whole"), os.replace, []

    def count(source, target):
        writes.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(pyser.files.os, "replace", count)
    worker.train_run(whole)
    assert writes == ["config.yaml", "metrics.jsonl", "model.pt", "run.json"]
    for number in range(len(writes)):
        run, left = spec(place, exp=f"killed{number}"), [number]

        def kill(source, target, left=left):
            if not left[0]:
                raise Killed
            left[0] -= 1
            replace(source, target)

        monkeypatch.setattr(pyser.files.os, "replace", kill)
        with pytest.raises(Killed):
            worker.train_run(run)
        monkeypatch.setattr(pyser.files.os, "replace", replace)
        worker.train_run(run)
        assert outcome(run.directory) == outcome(whole.directory)
