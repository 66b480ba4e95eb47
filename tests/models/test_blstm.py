"""The sum over unseen sequences of labels against all of them, one by one."""

import itertools

import numpy as np
import pytest
import torch
from paths import enumerated, log_softmax, padded

from pyser.models.blstm import LatentBLSTM, sequence_log_likelihoods
from pyser.models.likelihood import likelihood_loss
from pyser.train.loss import Criterion

BLOCKS = {"static": 3, "delta": 2}
LENGTHS = (6, 1, 9, 2)
CLASSES = 3


def draw_labels(seed=0):
    random = np.random.default_rng(seed)
    return [log_softmax(2 * random.standard_normal((n, CLASSES + 1))) for n in LENGTHS]


@pytest.mark.parametrize("change_cost", [0.0, 0.7, 3.0])
def test_the_likelihood_is_the_sum_over_all_sequences(change_cost):
    def weight(sequence):
        changes = sum(a != b for a, b in itertools.pairwise(sequence))
        return any(sequence) * np.exp(-change_cost * changes)

    utterances = draw_labels()
    rows = torch.from_numpy(padded(utterances))
    found = sequence_log_likelihoods(rows, torch.tensor(LENGTHS), change_cost)
    expected = [enumerated(labels, weight) for labels in utterances]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_without_a_cost_it_is_a_product_less_what_is_null_everywhere():
    utterances = draw_labels(1)
    rows = torch.from_numpy(padded(utterances))
    found = sequence_log_likelihoods(rows, torch.tensor(LENGTHS), 0.0)
    for row, labels in zip(found, utterances, strict=True):
        y = np.exp(labels)
        expected = np.log(np.prod(y[:, :1] + y[:, 1:], axis=0) - np.prod(y[:, 0]))
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-10)


def test_the_gradient_is_that_of_expected_labels():
    """Fisher's identity: of log p(c), by the log of a posterior, it is the label's expectation."""
    labels = draw_labels(2)[0]
    rows = torch.from_numpy(labels[None]).requires_grad_()
    sequence_log_likelihoods(rows, torch.tensor([len(labels)]), 0.0)[0, 1].backward()
    y_null, y_c = np.exp(labels[:, 0]), np.exp(labels[:, 2])
    total = np.prod(y_null + y_c) - np.prod(y_null)
    for t in range(len(labels)):
        others = np.prod(np.delete(y_null + y_c, t))
        np.testing.assert_allclose(rows.grad[0, t, 2], y_c[t] * others / total, atol=1e-10)
        null = y_null[t] * (others - np.prod(np.delete(y_null, t))) / total
        np.testing.assert_allclose(rows.grad[0, t, 0], null, atol=1e-10)
        assert rows.grad[0, t, 1] == rows.grad[0, t, 3] == 0


def test_an_utterance_of_many_frames_has_a_finite_gradient():
    rows = torch.randn(2, 900, 4, dtype=torch.float64, requires_grad=True)
    found = sequence_log_likelihoods(rows.log_softmax(-1), torch.tensor([900, 700]), 1.0)
    assert (found < -100).all()
    found.sum().backward()
    assert torch.isfinite(rows.grad).all()
    assert not rows.grad[1, 700:].any()


def features_of(lengths, seed=0):
    random = np.random.default_rng(seed)
    width = sum(BLOCKS.values())
    rows = padded([random.standard_normal((n, width)).astype(np.float32) for n in lengths])
    parts = torch.from_numpy(rows).float().split(list(BLOCKS.values()), dim=-1)
    return dict(zip(BLOCKS, parts, strict=True)), torch.tensor(lengths)


@pytest.mark.parametrize("decision", ["likelihood", "mean"])
def test_how_an_utterance_is_decided(decision):
    torch.manual_seed(0)
    model = LatentBLSTM(LatentBLSTM.Config(hidden=4, decision=decision), BLOCKS, CLASSES).eval()
    features, lengths = features_of(LENGTHS)
    output = model(features, lengths).detach().numpy()
    frames = model._label(features, lengths).detach().numpy()
    for row, labels, length in zip(output, frames, LENGTHS, strict=True):
        y = np.exp(labels[:length])
        if decision == "mean":
            score = y[:, 1:].mean(axis=0)
        else:
            score = np.prod(y[:, :1] + y[:, 1:], axis=0) - np.prod(y[:, 0])
        np.testing.assert_allclose(np.exp(row), score / score.sum(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 1.0]])
def test_the_loss_is_the_likelihood_of_the_class_as_the_criterion_weighs_it(weights):
    model = LatentBLSTM(LatentBLSTM.Config(hidden=4), BLOCKS, CLASSES).eval()
    features, lengths = features_of(LENGTHS)
    labels = torch.tensor([0, 1, 1, 2])
    given = None if weights is None else torch.tensor(weights)
    loss = model.training_loss(features, lengths, labels, Criterion(((labels, 1.0),), given, 0.0))
    found = sequence_log_likelihoods(model._label(features, lengths), lengths, 0.0)
    own = found.detach().numpy()[range(4), labels]
    expected = -np.mean(own * np.array(weights or [1.0] * CLASSES)[labels])
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-5)


def test_a_certain_sequence_has_a_finite_loss_and_gradient():
    own = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 2])
    loss = likelihood_loss(own, labels, Criterion(((labels, 1.0),), None, 0.1))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(own.grad).all()
