"""Ratings as the target: the loss, the settings that go with it, a run from data to scores."""

import json

import numpy as np
import pytest
import torch
from train_builder import CONFIG, arguments, read_records, run_here, write_data

from pyser.cli import main
from pyser.data.datadir import DIMENSIONS, DataDir
from pyser.data.tables import write_table
from pyser.errors import InputError
from pyser.score.ratings import read_answers
from pyser.train import checkpoint, grid
from pyser.train.loss import RatingCriterion, batch_concordance
from pyser.train.settings import Settings
from pyser.train.targets import TARGETS


def by_definition(x, y):
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    return 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


def draw(seed, size, dims=3):
    random = np.random.default_rng(seed)
    reference = random.normal(random.uniform(-1, 1, dims), 0.5, (size, dims))
    estimate = random.uniform(-1, 1, dims) * reference + random.normal(0.2, 0.4, (size, dims))
    return reference.astype(np.float32), estimate.astype(np.float32)


@pytest.mark.parametrize("size", [2, 3, 25, 400])
def test_the_loss_is_one_less_the_definition(size):
    weights = np.array([1.0, 0.5, 0.25], np.float32)
    for seed in range(20):
        reference, estimate = draw(seed, size)
        ccc = [by_definition(*pair) for pair in zip(reference.T, estimate.T, strict=True)]
        criterion = RatingCriterion(torch.from_numpy(reference), torch.from_numpy(weights))
        found = criterion(torch.from_numpy(estimate)).item()
        assert found == pytest.approx((weights * (1 - np.array(ccc))).sum(), abs=2e-5)


def test_rows_may_be_of_any_utterance():
    reference, estimate = (torch.from_numpy(values) for values in draw(0, 6))
    owners = torch.tensor([3, 3, 0, 5])
    criterion = RatingCriterion(reference, torch.ones(3))
    chosen = RatingCriterion(reference[owners], torch.ones(3))
    assert criterion(estimate[:4], owners) == chosen(estimate[:4])


@pytest.mark.parametrize(
    "reference, estimate",
    [
        ([[1.0]] * 4, [[1.0], [2.0], [0.0], [1.0]]),  # nothing to be found
        ([[1.0], [2.0], [0.0], [1.0]], [[0.5]] * 4),  # always the same answer
        ([[1.0]] * 4, [[2.0]] * 4),
        ([[1.0]] * 4, [[1.0]] * 4),  # undefined
        ([[1.0]], [[0.3]]),  # a batch of one
    ],
)
def test_constants_agree_on_nothing_and_give_finite_gradients(reference, estimate):
    outputs = torch.tensor(estimate, requires_grad=True)
    found = batch_concordance(torch.tensor(reference), outputs)
    assert found.tolist() == [0.0]
    found.sum().backward()
    assert torch.isfinite(outputs.grad).all()


def test_the_gradient_is_that_of_the_formula():
    reference, estimate = (torch.from_numpy(v).double() for v in draw(4, 7))
    estimate.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: batch_concordance(reference, y), (estimate,))


@pytest.mark.parametrize(
    "model, section, key, value, message",
    [
        ("hnsd", "train", "mixup", 0.2, "train.mixup is not for data.target=vad"),
        ("hnsd", "train", "members", 2, "train.members is not for data.target=vad"),
        ("hnsd", "train", "class_weights", "inverse", "train.class_weights is not for"),
        ("hnsd", "train", "label_smoothing", 0.1, "train.label_smoothing is not for"),
        ("hnsd", "train", "dimension_weights", [1, 2], "the weights"),
        ("hnsd", "train", "dimension_weights", [1, 2, -1], "the weights"),
        ("hnsd", "train", "dimension_weights", [0, 0, 0], "the weights"),
        ("hnsd", "data", "target", "valence", "one of: emotion vad"),
        ("lstm_ctc", "train", "epochs", 3, "lstm_ctc learns classes"),
        ("svm", "data", "frame_step", 2, "svm learns classes"),
    ],
)
def test_settings_that_do_not_go_with_ratings(model, section, key, value, message):
    sections = {"model": {"name": model}, "data": {"target": "vad"}}
    sections.setdefault(section, {})[key] = value
    with pytest.raises(InputError, match=message):
        Settings.from_dict(sections)


def test_weights_of_dimensions_are_for_ratings():
    sections = {"model": {"name": "hnsd"}, "train": {"dimension_weights": [1, 1, 1]}}
    with pytest.raises(InputError, match="dimension_weights is not for data"):
        Settings.from_dict(sections)


def rate(folder, offset=0.0):
    """Ratings for what ``write_data`` wrote, on a scale from 1 to 5."""
    names = sorted(line.split()[0] for line in (folder / "data/utt2spk").read_text().splitlines())
    random = np.random.default_rng(5)
    table = {n: " ".join(f"{v:.3f}" for v in random.uniform(1, 5, 3) + offset) for n in names}
    write_table(folder / "data" / "utt2vad", table)
    return {name: [float(value) for value in line.split()] for name, line in table.items()}


@pytest.fixture
def place(tmp_path, monkeypatch):
    write_data(tmp_path)
    monkeypatch.setattr(grid, "run_jobs", run_here)
    return tmp_path


def train(place, *more):
    options = ["--data.target=vad", "--train.dimension_weights=[1,0.5,0.25]", *more]
    return main([*arguments(place), f"--config={place / 'model.yaml'}", *options])


def test_a_model_learns_ratings_and_is_scored(place, capsys):
    ratings = rate(place)
    assert train(place) == 0
    records = read_records(place / "exp")
    assert len(records) == 4
    for folder, record in records.items():
        assert record["dev_ua"] is None and -1 <= record["dev_ccc"] <= 1
        assert record["config"]["train"]["dimension_weights"] == [1, 0.5, 0.25]
        saved = checkpoint.load(place / "exp" / folder / "model.pt")
        assert saved["dev_ccc"] == record["dev_ccc"] and set(saved["known"]) == {"vad"}
    assert "dev CCC" in capsys.readouterr().err
    assert main(["score", f"--exp={place / 'exp'}"]) == 0
    answers = read_answers(place / "exp" / "scores.tsv")
    assert answers.dimensions == DIMENSIONS and len(answers) == 24
    for name, values in zip(answers.utterances, answers.reference, strict=True):
        assert values == pytest.approx(ratings[name], abs=1e-4)  # back on the corpus's scale
    assert not (place / "exp" / "explain.npz").exists()


def test_the_best_epoch_is_that_of_the_highest_ccc(place):
    rate(place)
    train(place, "--train.epochs=6", "--folds=1")
    ((folder, record),) = read_records(place / "exp").items()
    lines = (place / "exp" / folder / "metrics.jsonl").read_text().splitlines()
    ccc = [json.loads(line)["dev_ccc"] for line in lines]
    assert record["kept_epoch"] == 1 + int(np.argmax(ccc)) and record["dev_ccc"] == max(ccc)


def test_other_ratings_are_another_training(place, capsys):
    rate(place)
    assert train(place, "--folds=1") == 0
    rate(place, offset=0.5)
    assert train(place, "--folds=1") == 1
    assert "the ratings changed" in capsys.readouterr().err


def test_without_ratings_nothing_is_trained(place, capsys):
    assert train(place, "--folds=1") == 1
    assert "utt2vad: no such file" in capsys.readouterr().err
    assert not (place / "exp").exists()


def test_what_is_missing_is_named(place):
    target, names = TARGETS["vad"], ["spk0-0", "spk3-5"]
    write_table(place / "data" / "utt2vad", {"spk0-0": "1 2 3"})
    with pytest.raises(InputError, match="no ratings of utterance spk3-5"):
        target.know(DataDir(place / "data"), names)


def test_the_scale_is_that_of_the_training_part(place):
    table = {"spk0-0": "1 2 3", "spk0-1": "5 2 4", "spk0-2": "9 9 9"}
    write_table(place / "data" / "utt2vad", table)
    data, target = DataDir(place / "data"), TARGETS["vad"]
    known = target.know(data, ["spk0-0", "spk0-1"])
    assert known == {"vad": [[3.0, 2.0, 3.5], [2.0, 1.0, 0.5]]}  # a constant keeps its unit
    labels = np.stack(target.labels(data, list(table), [], known))
    assert labels.tolist() == [[-1, 0, -1], [1, 0, 1], [3, 7, 11]]


@pytest.mark.parametrize("value", ["1 2", "1 2 3 4", "1 high 3", "nan 2 3", "1 2 inf"])
def test_ratings_that_are_no_three_numbers_are_named(place, value):
    write_table(place / "data" / "utt2vad", {"spk0-0": "1 2 3", "spk3-5": value})
    data, target = DataDir(place / "data"), TARGETS["vad"]
    message = rf"utt2vad: utterance spk3-5: found '{value}', not three numbers"
    with pytest.raises(InputError, match=message):
        target.know(data, ["spk0-0", "spk3-5"])
    known = target.know(data, ["spk0-0"])
    with pytest.raises(InputError, match=message):
        target.labels(data, ["spk3-5"], [], known)


def test_references_are_those_of_the_corpus_whatever_the_training_part(place):
    random = np.random.default_rng(8)
    names = [f"spk{n}" for n in range(90)]
    table = {name: " ".join(f"{v:.2f}" for v in random.uniform(0, 100, 3)) for name in names}
    write_table(place / "data" / "utt2vad", table)
    data, target = DataDir(place / "data"), TARGETS["vad"]
    given = [[float(value) for value in table[name].split()] for name in names]
    for training in (names[:60], names[30:]):
        known = target.know(data, training)
        labels = target.labels(data, names, [], known)
        found = target.answers(np.zeros((90, 3)), labels, names, names, [], known)
        assert found.reference.tolist() == given


def test_the_configuration_is_for_emotion_unless_told():
    assert Settings.from_dict(CONFIG).data.target == "emotion"
