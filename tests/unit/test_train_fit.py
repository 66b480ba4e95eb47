"""The training function: deterministic, resumable after any epoch, selecting on dev only."""

import copy

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models import MODELS
from pyser.train.fit import FitState, class_weights, evaluate, finished, fit, learning_rate, logits
from pyser.train.settings import TrainSettings

torch.set_num_threads(1)
BLOCKS = {"static": 3, "delta": 2, "delta2": 2}


def make_examples(count, seed, classes=3):
    """Utterances whose class shifts the first feature, within noise."""
    random = np.random.default_rng(seed)
    examples = []
    for index in range(count):
        features = random.standard_normal((random.integers(4, 15), 7)).astype(np.float32)
        features[:, 0] += index % classes
        examples.append((features, index % classes))
    return examples


TRAIN, DEV = make_examples(24, 0), make_examples(9, 1)


def make_model(**options):
    torch.manual_seed(5)
    sizes = {"hidden": 6, "attention_dim": 3, "fc": 5, "encoder_dropout": 0.3} | options
    return MODELS["hnsd"](MODELS["hnsd"].Config(**sizes), BLOCKS, 3)


def settings(**options):
    return TrainSettings(**{"learning_rate": 0.01, "batch_size": 5, "epochs": 4} | options)


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def history_of(*pairs):
    """Epochs with (dev UA, dev loss)."""
    keys = ("epoch", "dev_ua", "dev_loss")
    return [dict(zip(keys, (e, *pair), strict=True)) for e, pair in enumerate(pairs, 1)]


def test_the_same_call_gives_the_same_weights():
    models = [make_model(), make_model(), make_model()]
    states = [fit(models[0], TRAIN, DEV, settings(), seed=1)]
    torch.rand(3)  # what others draw must not matter
    states.append(fit(models[1], TRAIN, DEV, settings(), seed=1))
    states.append(fit(models[2], TRAIN, DEV, settings(), seed=2))
    assert states[0].history == states[1].history
    assert same(models[0].state_dict(), models[1].state_dict())
    assert states[0].history != states[2].history


@pytest.mark.parametrize("schedule", ["none", "cosine", "plateau"])
@pytest.mark.parametrize("stop_after", [1, 3])
def test_going_on_equals_never_stopping(schedule, stop_after):
    chosen = settings(schedule=schedule, schedule_patience=1, epochs=5)
    whole = make_model()
    expected = fit(whole, TRAIN, DEV, chosen, seed=1)
    saved = []

    def keep(state, seconds):
        saved.append(copy.deepcopy(state))

    fit(make_model(), TRAIN, DEV, chosen, seed=1, on_epoch=keep)
    resumed = make_model(activation="relu")
    torch.nn.init.zeros_(resumed.classifier[1].weight)  # the state decides, not the model given
    state = fit(resumed, TRAIN, DEV, chosen, seed=1, state=saved[stop_after - 1])
    assert state.history == expected.history
    assert same(resumed.state_dict(), whole.state_dict())


def test_the_model_keeps_the_weights_of_the_best_epoch():
    model, seen = make_model(), {}

    def keep(state, seconds):
        seen[len(state.history)] = copy.deepcopy(state.model)
        assert seconds >= 0

    state = fit(model, TRAIN, DEV, settings(epochs=6, learning_rate=0.05), on_epoch=keep)
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]
    assert same(model.state_dict(), seen[state.best_epoch])
    best = state.history[state.best_epoch - 1]
    assert best["dev_ua"] == max(entry["dev_ua"] for entry in state.history)
    assert evaluate(model, DEV) == {key: best[key] for key in ("dev_loss", "dev_ua", "dev_wa")}


def test_training_learns_what_there_is_to_learn():
    model = make_model(encoder_dropout=0.0)
    state = fit(model, TRAIN, DEV, settings(epochs=30, weight_decay=0.0))
    assert state.history[-1]["train_loss"] < 0.6 * state.history[0]["train_loss"]
    assert max(entry["dev_ua"] for entry in state.history) > 0.6


@pytest.mark.parametrize(
    ("epochs", "best"),
    [
        ([(0.5, 1.0), (0.6, 1.0), (0.4, 0.1)], 2),
        ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.95)], 2),  # equal UA: the lower loss
        ([(0.5, 1.0), (0.5, 1.0)], 1),  # all equal: the first
        ([], 0),
    ],
)
def test_best_epoch(epochs, best):
    assert FitState(history_of(*epochs)).best_epoch == best


def test_patience_counts_epochs_without_a_better_one():
    history = history_of((0.5, 1.0), (0.6, 1.0), (0.6, 1.1), (0.5, 1.0))
    assert not finished(FitState(history[:3]), settings(epochs=9, patience=2))
    assert finished(FitState(history), settings(epochs=9, patience=2))
    assert not finished(FitState(history), settings(epochs=9, patience=0))
    assert finished(FitState(history), settings(epochs=4, patience=0))


def test_early_stopping_ends_training():
    frozen = settings(learning_rate=0.0, weight_decay=0.0, epochs=9, patience=2)
    assert len(fit(make_model(), TRAIN, DEV, frozen).history) == 3


def test_schedules():
    done = FitState(history_of((0.5, 1), (0.4, 1), (0.5, 1), (0.6, 1), (0.1, 1)))
    assert learning_rate(settings(), done) == 0.01
    cosine = settings(schedule="cosine", epochs=10)
    assert learning_rate(cosine, FitState()) == 0.01
    assert learning_rate(cosine, done) == pytest.approx(0.005)
    assert learning_rate(settings(schedule="plateau", schedule_patience=2), done) == 0.005
    assert learning_rate(settings(schedule="plateau", schedule_patience=1), done) == 0.01 / 8


def test_class_weights_balance_the_classes():
    examples = [(None, label) for label in [0, 0, 0, 2]]
    assert class_weights(examples, 3, "none") is None
    weights = class_weights(examples, 3, "inverse")
    assert weights.tolist() == pytest.approx([4 / 9, 0.0, 4 / 3])


def test_options_of_the_loss_change_the_training():
    histories = [
        fit(make_model(), TRAIN[:20], DEV, settings(epochs=1, **options)).history[0]["train_loss"]
        for options in ({}, {"class_weights": "inverse"}, {"label_smoothing": 0.2})
    ]
    assert len(set(histories)) == 3


def test_class_weights_do_not_depend_on_how_batches_are_cut():
    """The loss is the mean of weighted losses, whatever classes share a batch."""
    examples = TRAIN[:8] + [(features, 0) for features, _ in TRAIN[8:20]]
    losses = []
    for batch_size in (1, 4, 20):
        options = settings(
            epochs=1, batch_size=batch_size, class_weights="inverse", learning_rate=1e-12
        )
        losses.append(fit(make_model(), examples, DEV, options).history[0]["train_loss"])
    np.testing.assert_allclose(losses, losses[0], rtol=1e-3)


def test_clipping_limits_the_step():
    losses = {
        clip: fit(make_model(), TRAIN, DEV, settings(epochs=1, clip_norm=clip)).history
        for clip in (0.0, 1e-12, 1e9)
    }
    assert losses[0.0] == losses[1e9]
    assert losses[0.0] != losses[1e-12]


def test_logits_do_not_depend_on_the_order_of_examples():
    model = make_model()
    expected = logits(model, DEV)
    np.testing.assert_allclose(logits(model, DEV[::-1])[::-1], expected, rtol=0, atol=1e-6)
    assert expected.shape == (9, 3)
    assert not model.training


def test_a_loss_that_is_not_finite_is_an_error():
    broken = [(TRAIN[0][0] * np.float32(np.nan), 0), *TRAIN[1:]]
    with pytest.raises(InputError, match="epoch 1: the training loss is nan"):
        fit(make_model(), broken, DEV, settings())
