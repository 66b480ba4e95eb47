"""The training function: deterministic, resumable after any epoch, selecting on dev only."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models import MODELS
from pyser.models.members import Members
from pyser.train.average import AveragedWeights
from pyser.train.batching import collate
from pyser.train.fit import FitState, evaluate, finished, fit, learning_rate, logits, make_optimizer
from pyser.train.loss import class_weights, mix
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


@pytest.mark.parametrize("schedule", ["none", "cosine", "plateau", "step"])
@pytest.mark.parametrize("stop_after", [1, 3])
def test_going_on_equals_never_stopping(schedule, stop_after):
    optimizer = "sgd" if schedule == "step" else "adam"
    more = {"schedule_patience": 1, "step_epochs": (2, 4), "optimizer": optimizer, "epochs": 5}
    chosen = settings(schedule=schedule, **more)
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


def test_the_model_can_keep_the_last_epoch_instead():
    chosen = settings(epochs=6, learning_rate=0.05, keep="last")
    model, frozen = make_model(), settings(epochs=6, learning_rate=0.05)
    state = fit(model, TRAIN, DEV, chosen)
    assert state.kept_epoch == 6 != state.best_epoch  # or the test shows nothing
    assert same(model.state_dict(), state.model)
    assert state.history == fit(make_model(), TRAIN, DEV, frozen).history


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
    steps = settings(schedule="step", step_epochs=(2, 4))
    rates = [learning_rate(steps, FitState(done.history[:n])) for n in range(4)]
    assert rates == pytest.approx([0.01, 0.001, 0.001, 0.0001])


def test_sgd_has_momentum_as_nesterov_defined_it():
    weight, chosen = torch.nn.Parameter(torch.tensor([3.0])), settings(optimizer="sgd")
    chosen = dataclasses.replace(chosen, learning_rate=0.1, weight_decay=0.5, momentum=0.8)
    optimizer = make_optimizer([weight], chosen)
    value, velocity = 3.0, 0.0
    for _ in range(4):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
        gradient = 2 * value + 0.5 * value
        velocity = 0.8 * velocity + gradient
        value -= 0.1 * (gradient + 0.8 * velocity)
        assert weight.item() == pytest.approx(value, rel=1e-5)


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


@pytest.mark.parametrize(
    "options",
    [{"mixup": 0.4}, {"average_decay": 0.9}, {"precision": "bfloat16"}, {"warmup_epochs": 2}],
    ids=lambda options: next(iter(options)),
)
def test_options_change_the_training_and_can_be_resumed(options):
    plain = fit(make_model(), TRAIN, DEV, settings(), seed=1)
    saved, whole = [], make_model()

    def keep(state, seconds):
        saved.append(copy.deepcopy(state))

    expected = fit(whole, TRAIN, DEV, settings(**options), seed=1, on_epoch=keep)
    assert expected.history != plain.history
    resumed = make_model()
    state = fit(resumed, TRAIN, DEV, settings(**options), seed=1, state=saved[1])
    assert state.history == expected.history
    assert same(resumed.state_dict(), whole.state_dict())


def test_averaged_weights_are_what_is_judged_and_kept():
    model = make_model()
    chosen = settings(average_decay=0.9, epochs=3)
    trained = []

    def keep(state, seconds):
        trained.append(copy.deepcopy(state.model))

    state = fit(model, TRAIN, DEV, chosen, seed=1, on_epoch=keep)
    best = state.history[state.best_epoch - 1]
    assert evaluate(model, DEV)["dev_loss"] == best["dev_loss"]
    assert not any(same(state.kept, weights) for weights in trained)
    assert state.average["updates"] >= 3 * 5


def test_the_average_is_the_weighted_sum_of_all_weights():
    model = torch.nn.Linear(1, 1, bias=False)
    average = AveragedWeights(model, 0.25)
    expected = model.weight.item()
    for update, value in enumerate([1.0, -2.0, 5.0, 5.5], 1):
        torch.nn.init.constant_(model.weight, value)
        average.update(model)
        decay = min(0.25, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * value
    assert average.model.weight.item() == pytest.approx(expected, rel=1e-6)


def test_warm_up_rises_to_the_learning_rate():
    rates = [
        learning_rate(settings(warmup_epochs=3), FitState(history_of(*[(0.5, 1)] * done)))
        for done in range(6)
    ]
    assert rates == pytest.approx([0.0025, 0.005, 0.0075, 0.01, 0.01, 0.01])


def test_mixing_two_utterances_mixes_frames_lengths_and_labels():
    examples = [(np.full((length, 7), length, np.float32), length % 3) for length in (2, 4, 5)]
    batch = collate(examples, [0, 1, 2], BLOCKS)
    random = np.random.default_rng(0)
    mixed, others, share = mix(batch, 0.4, random)
    replay = np.random.default_rng(0)
    assert share == replay.beta(0.4, 0.4)
    order = replay.permutation(3)
    assert others.tolist() == [[2, 1, 2][index] for index in order]
    for row, other in enumerate(order):
        first, second = examples[row][0], examples[other][0]
        length = max(len(first), len(second))
        assert mixed.lengths[row] == length
        expected = np.zeros((5, 7), np.float32)
        expected[: len(first)] += share * first
        expected[: len(second)] += (1 - share) * second
        for name, columns in (("static", slice(0, 3)), ("delta2", slice(5, 7))):
            np.testing.assert_allclose(mixed.features[name][row], expected[:, columns], rtol=1e-6)


def test_bfloat16_is_for_training_only():
    model = make_model()
    fit(model, TRAIN, DEV, settings(precision="bfloat16", epochs=1))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert logits(model, DEV).dtype == np.float32


def members(count, **options):
    models = [make_model(encoder_dropout=0.0, **options) for _ in range(count)]
    for number, model in enumerate(models):
        torch.nn.init.normal_(model.classifier[1].weight, std=0.1 + number)
    return models


@pytest.mark.parametrize("extra", [{}, {"average_decay": 0.5, "mixup": 0.4, "keep": "last"}])
def test_members_learn_what_each_would_learn_alone(extra):
    chosen = settings(clip_norm=0.3, label_smoothing=0.1, class_weights="inverse", **extra)
    chosen = dataclasses.replace(chosen, keep="last")
    together, alone = Members(members(3)), members(3)
    state = fit(together, TRAIN, DEV, chosen, seed=1)
    states = [fit(model, TRAIN, DEV, chosen, seed=1) for model in alone]
    for member, model in zip(together.members, alone, strict=True):
        for name, values in model.state_dict().items():
            torch.testing.assert_close(member.state_dict()[name], values, rtol=1e-4, atol=1e-6)
    losses = [each.history[-1]["train_loss"] for each in states]
    assert state.history[-1]["train_loss"] == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("functionals", [False, True])
def test_members_answer_with_their_mean_posterior(functionals):
    models = members(3, functionals=functionals)
    shares = [np.exp(torch.from_numpy(logits(m, DEV)).log_softmax(dim=1).numpy()) for m in models]
    together = Members(models)
    np.testing.assert_allclose(np.exp(logits(together, DEV)), np.mean(shares, axis=0), rtol=1e-5)
    assert not np.allclose(shares[0], shares[2], atol=0.01)  # or the mean shows nothing
    assert together.num_parameters == 3 * models[0].num_parameters
