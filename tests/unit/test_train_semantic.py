"""A model that learns from words, waveforms and ratings, from data to answers: killed, resumed."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from data_builder import write_wav
from train_builder import write_data

from pyser.data.datadir import DataDir
from pyser.data.tables import write_table
from pyser.score.ratings import read_answers
from pyser.score.ratingsummary import summarise_ratings
from pyser.train import checkpoint, worker
from pyser.train.predict import open_run, predict_run

WORDS = ("la", "so", "mi", "fa")
MODEL = {
    **{"name": "semantic", "channels": [2, 3, 4], "projected": 5, "fc": 4, "hidden": 4},
    **{"vector": 6, "step_ms": 50, "restarts": 1, "align_steps": 5, "speech_epochs": 2},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("semantic")
    write_data(folder)
    data, random = DataDir(folder / "data"), np.random.default_rng(0)
    spoken, ratings = {}, {}
    for number, name in enumerate(data.utterances):
        write_wav(folder / f"{name}.wav", number, num_samples=1600)
        drawn = enumerate(random.choice(WORDS, 3))
        spoken[name] = " ".join(f"{0.05 * n:.2f} {0.05 * n + 0.04:.2f} {word}" for n, word in drawn)
        ratings[name] = " ".join(f"{value:.3f}" for value in random.uniform(1, 5, 3))
    # what test alone has: it must not count, neither as a word nor in the range of ratings
    tested = (folder / "split/fold1/test").read_text().split()[0]
    spoken[tested], ratings[tested] = "0.00 0.05 unheard", "40 40 40"
    write_table(folder / "data" / "utt2words", spoken)
    write_table(folder / "data" / "utt2vad", ratings)
    return folder


def train(place, exp):
    spec = {"name": "semantic", "directory": str(place / exp), "fold": 1, "seed": 1}
    spec |= {"data": str(place / "data"), "split": str(place / "split"), "request": ""}
    settings = {"epochs": 3, "batch_size": 4, "learning_rate": 0.01, "average_decay": 0.5}
    config = {"model": MODEL, "data": {"target": "vad"}, "train": settings}
    spec |= {"config": config, "threads": 1, "device": "cpu", "command": "x"}
    worker.train_run(SimpleNamespace(**spec))
    return checkpoint.load(place / exp / "model.pt")


def test_a_killed_run_goes_on_with_what_it_learnt_before_the_labels(place, monkeypatch, capsys):
    whole = train(place, "whole")
    assert "Speech2Vec ends at" in capsys.readouterr().err
    log_epoch = worker._log_epoch

    def killed(state, *more):
        log_epoch(state, *more)
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_log_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train(place, "killed")
    monkeypatch.undo()
    capsys.readouterr()
    resumed = train(place, "killed")
    told = capsys.readouterr().err
    assert "going on after epoch 1" in told and "Speech2Vec" not in told
    assert resumed["known"] == whole["known"]
    weights = whole["state_dict"]
    assert all(torch.equal(weights[name], own) for name, own in resumed["state_dict"].items())
    assert not torch.equal(weights["words.rotation"], torch.eye(MODEL["vector"]))


def test_nothing_of_the_test_part_is_known(place):
    known = train(place, "whole")["known"]
    assert sorted(known["words"]) == sorted(WORDS) and known["wave"] == 8000
    middle, half = known["vad"]
    assert all(m - h > 0 and m + h <= 5 for m, h in zip(middle, half, strict=True))


def test_a_run_that_was_read_back_answers_the_same(place):
    saved = train(place, "whole")
    predict_run(place / "whole")
    model, fold, _ = open_run(place / "whole", ["dev"])
    assert fold.known == saved["known"]
    for name, values in model.state_dict().items():
        assert torch.equal(values, saved["state_dict"][name])
    answers, data = read_answers(place / "whole" / "dev_scores.tsv"), DataDir(place / "data")
    for name, reference in zip(answers.utterances, answers.reference, strict=True):
        assert [f"{value:.3f}" for value in reference] == data.table("utt2vad")[name].split()
    assert summarise_ratings(answers).mean == pytest.approx(saved["dev_ccc"], abs=1e-4)
