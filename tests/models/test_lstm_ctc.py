"""Component attention and the likelihood of CTC against plain loops in NumPy."""

import itertools

import numpy as np
import pytest
import torch
from paths import enumerated, log_softmax, padded

from pyser.models.lstm_ctc import AttentionCTC, ComponentAttention, ctc_log_likelihoods

LENGTHS = (7, 1, 10, 4)


@pytest.mark.parametrize("reach", [1, 3, 20])
def test_component_attention_equals_plain_loops(reach):
    torch.manual_seed(0)
    module = ComponentAttention(5, reach)
    weights = {name: tensor.double().numpy() for name, tensor in module.state_dict().items()}
    random = np.random.default_rng(0)
    utterances = [random.standard_normal((n, 5)) for n in LENGTHS]
    rows = torch.from_numpy(np.nan_to_num(padded(utterances), nan=9.0)).float()
    found = module(rows, torch.tensor(LENGTHS)).detach().numpy()
    assert np.isfinite(found).all()
    for row, h in zip(found, utterances, strict=True):
        for t, j in itertools.product(range(len(h)), range(5)):
            near = range(max(t - reach, 0), min(t + reach + 1, len(h)))
            query = weights["query.weight"][j] @ h[t] + weights["query.bias"][j]
            scores = [np.exp(np.tanh(query + weights["key.weight"][j] @ h[u])) for u in near]
            context = sum(s * h[u][j] for s, u in zip(scores, near, strict=True)) / sum(scores)
            np.testing.assert_allclose(row[t, j], context, rtol=0, atol=1e-5)


def forward_algorithm(y, sequence):
    """p(sequence) of posteriors y [T, symbols], null 0: Graves et al. 2006, section 4.1."""
    extended = [0]
    for symbol in sequence:
        extended += [symbol, 0]
    alpha = np.zeros((len(y), len(extended)))
    alpha[0, :2] = y[0, extended[:2]]
    for t in range(1, len(y)):
        for s, symbol in enumerate(extended):
            total = alpha[t - 1, s]
            if s >= 1:
                total += alpha[t - 1, s - 1]
            if s >= 2 and symbol not in (0, extended[s - 2]):
                total += alpha[t - 1, s - 2]
            alpha[t, s] = total * y[t, symbol]
    return alpha[-1, -2:].sum()


def draw_labels(seed=0, classes=3):
    random = np.random.default_rng(seed)
    return [log_softmax(2 * random.standard_normal((n, classes + 1))) for n in LENGTHS]


@pytest.mark.parametrize("num_labels", [1, 2, 3])
def test_the_likelihood_equals_the_forward_algorithm(num_labels):
    utterances = draw_labels()
    rows = torch.from_numpy(padded(utterances))
    found = ctc_log_likelihoods(rows, torch.tensor(LENGTHS), num_labels)
    for row, labels in zip(found, utterances, strict=True):
        size = min(num_labels, (len(labels) + 1) // 2)
        expected = [np.log(forward_algorithm(np.exp(labels), [c] * size)) for c in (1, 2, 3)]
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("num_labels", [1, 3])
def test_the_likelihood_is_the_sum_over_paths_that_become_the_labels(num_labels):
    def weight(size):
        return lambda path: sum(is_c for is_c, _ in itertools.groupby(path)) == size

    utterances = draw_labels(1)
    rows = torch.from_numpy(padded(utterances))
    found = ctc_log_likelihoods(rows, torch.tensor(LENGTHS), num_labels)
    for row, labels in zip(found, utterances, strict=True):
        size = min(num_labels, (len(labels) + 1) // 2)
        np.testing.assert_allclose(row, enumerated(labels, weight(size)), rtol=0, atol=1e-10)


def test_the_likelihood_and_its_gradient_are_those_of_another_implementation():
    logits = torch.randn(2, 12, 4, dtype=torch.float64, requires_grad=True)
    lengths, own = torch.tensor([12, 7]), torch.tensor([2, 1])
    found = ctc_log_likelihoods(logits.log_softmax(-1), lengths, 2)
    loss = -found[torch.arange(2), own - 1]
    other = torch.nn.functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        own[:, None].expand(-1, 2).contiguous(),
        lengths,
        torch.tensor([2, 2]),
        reduction="none",
    )
    torch.testing.assert_close(loss, other, rtol=0, atol=1e-10)
    gradients = [torch.autograd.grad(x.sum(), logits)[0] for x in (loss, other)]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-10)


def test_the_model_answers_with_the_likelihoods_of_its_frames():
    torch.manual_seed(1)
    model = AttentionCTC(AttentionCTC.Config(hidden=4), {"static": 5}, 3).eval()
    random = np.random.default_rng(0)
    rows = padded([random.standard_normal((n, 5)) for n in LENGTHS])
    features, lengths = {"static": torch.from_numpy(rows).float()}, torch.tensor(LENGTHS)
    output = model(features, lengths).detach().numpy()
    frames = model._label(features, lengths).detach().numpy()
    for row, labels, length in zip(output, frames, LENGTHS, strict=True):
        y = np.exp(labels[:length])
        p = np.array([forward_algorithm(y, [c]) for c in (1, 2, 3)])
        np.testing.assert_allclose(np.exp(row), p / p.sum(), rtol=0, atol=1e-5)
