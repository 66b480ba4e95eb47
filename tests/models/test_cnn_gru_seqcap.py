"""CNN_GRU-SeqCap: capsules, routing, windows and losses against loops written from the papers."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models.cnn_gru_seqcap import CNNGRUSeqCap, LastStates, margin_loss, route, squash

SMALL = {"bins": 4, "pools": 1, "first_maps": 2, "maps": 3, "gru": 4, "fc": 5}
SMALL |= {"window": 4, "window_hop": 2, "window_capsules": 3, "window_width": 2, "class_width": 4}


def squash_by_hand(s):
    norm = np.sqrt(sum(value**2 for value in s))
    return s * 0 if norm == 0 else norm**2 / (1 + norm**2) * s / norm


def route_by_hand(votes, iterations):
    """votes[m][j]: what capsule m votes for j; returns v [J, D]."""
    above = range(len(votes[0]))
    b = [[0.0 for _ in above] for _ in votes]
    for _ in range(iterations):
        c = [[np.exp(x) / sum(np.exp(row)) for x in row] for row in b]
        v = [squash_by_hand(sum(c[m][j] * votes[m][j] for m in range(len(votes)))) for j in above]
        b = [[b[m][j] + votes[m][j] @ v[j] for j in above] for m in range(len(votes))]
    return np.array(v)


def windows_by_hand(length, size, hop):
    """First and last step (exclusive) of each window of an utterance."""
    if length <= size:
        return [(0, length)]
    starts = [start for start in range(0, length, hop) if start + size < length]
    return [(start, start + size) for start in [*starts, length - size]]


def class_capsules_by_hand(steps, weights, config):
    """Capsules [C, D] of one utterance's steps [T, bins, maps], routed window by window."""
    found = []
    for begin, end in windows_by_hand(len(steps), config.window, config.window_hop):
        votes = [
            [squash_by_hand(u) @ weights["window"][f, j] for j in range(config.window_capsules)]
            for step in steps[begin:end]
            for f, u in enumerate(step)
        ]
        found.append(route_by_hand(votes, config.iterations))
    num_classes = weights["class"].shape[1]
    votes = [
        [u @ weights["class"][i, j] for j in range(num_classes)]
        for capsules in found
        for i, u in enumerate(capsules)
    ]
    return route_by_hand(votes, config.iterations)


def make(num_classes=3, **options):
    torch.manual_seed(0)
    config = CNNGRUSeqCap.Config(**SMALL | options)
    return CNNGRUSeqCap(config, {"static": 5}, num_classes).double().eval()


def test_squash_keeps_directions_and_shortens():
    vectors = np.random.default_rng(0).standard_normal((6, 4)) * [
        [0.01],
        [0.1],
        [1],
        [3],
        [50],
        [0],
    ]
    found = squash(torch.from_numpy(vectors)).numpy()
    np.testing.assert_allclose(found, [squash_by_hand(v) for v in vectors], atol=1e-6)
    zeros = torch.zeros(2, 3, requires_grad=True)
    squash(zeros).sum().backward()
    assert torch.isfinite(zeros.grad).all()


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_routing_equals_plain_loops_whatever_the_lengths(iterations):
    """Rows of votes that end earlier than others have zeros behind."""
    random = np.random.default_rng(1)
    lengths = [7, 1, 4]
    votes = random.standard_normal((3, 7, 2, 4))  # [N, M, J, D]
    for row, length in zip(votes, lengths, strict=True):
        row[length:] = 0
    found = route(torch.from_numpy(votes).transpose(1, 2), iterations).numpy()
    expected = [route_by_hand(v[:n], iterations) for v, n in zip(votes, lengths, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_iterations_lean_towards_agreement():
    """Of three votes two agree: their capsule grows and the lone vote moves to the other one."""
    votes = torch.tensor([[[1.0, 0], [1, 0], [-1, 0.2]], [[0, 0.1], [0, -0.1], [0, 2]]])[None]
    norms = [route(votes, n)[0].norm(dim=1) for n in (1, 3)]
    assert norms[1][0] > norms[0][0] and norms[1][1] > norms[0][1]


@pytest.mark.parametrize("options", [{}, {"window": 3, "window_hop": 3}, {"iterations": 1}])
def test_utterances_are_routed_window_by_window(options):
    model = make(**options)
    with torch.no_grad():
        for layer in (model.window_layer, model.class_layer):
            layer.weight.normal_(std=0.8)  # far from linear
    weights = {
        "window": model.window_layer.weight.detach().numpy(),
        "class": model.class_layer.weight.detach().numpy(),
    }
    lengths = [9, 1, 4, 6]
    steps = np.random.default_rng(2).standard_normal((4, 9, 2, 3))
    found = model._class_capsules(torch.from_numpy(steps).flatten(2), torch.tensor(lengths))
    expected = [
        class_capsules_by_hand(s[:n], weights, model.config)
        for s, n in zip(steps, lengths, strict=True)
    ]
    np.testing.assert_allclose(found.detach(), expected, atol=1e-6)


def test_margin_loss_equals_its_formula():
    norms = np.array([[0.95, 0.05, 0.3], [0.4, 0.7, 0.1], [0.0, 0.2, 0.5]])
    labels = [0, 2, 1]
    total = 0.0
    for row, label in zip(norms, labels, strict=True):
        for c, norm in enumerate(row):
            present, absent = max(0, 0.9 - norm) ** 2, max(0, norm - 0.1) ** 2
            total += present if c == label else 0.5 * absent
    found = margin_loss(torch.from_numpy(norms), torch.tensor(labels), 0.9, 0.1, 0.5)
    np.testing.assert_allclose(found, total / 3, atol=1e-12)


def gru(frames, weights, direction):
    """The last state of a GRU over frames [T, d]; gates in torch's order r, z, n."""
    w_ih, w_hh, b_ih, b_hh = (
        weights[f"{direction}_gru.{name}_l0"]
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    h = np.zeros(w_hh.shape[1])
    for frame in frames:
        r_x, z_x, n_x = np.split(w_ih @ frame + b_ih, 3)
        r_h, z_h, n_h = np.split(w_hh @ h + b_hh, 3)
        z = sigmoid(z_x + z_h)
        h = (1 - z) * np.tanh(n_x + sigmoid(r_x + r_h) * n_h) + z * h
    return h


def test_both_directions_of_the_gru_end_within_the_utterance():
    torch.manual_seed(0)
    module = LastStates(3, 4).double()
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    lengths = [5, 1, 3]
    frames = np.random.default_rng(0).standard_normal((3, 5, 3))
    found = module(torch.from_numpy(frames), torch.tensor(lengths)).detach()
    expected = [
        np.concatenate([gru(f[:n], weights, "forward"), gru(f[:n][::-1], weights, "backward")])
        for f, n in zip(frames, lengths, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_output_and_loss_are_shared_out_between_the_branches():
    model = make(capsule_share=0.7)
    features = {"static": torch.randn(2, 9, 5, dtype=torch.double)}
    lengths, labels = torch.tensor([9, 4]), torch.tensor([2, 0])
    norms, logits = (values.detach() for values in model._branches(features, lengths))
    assert norms.max() < 1
    mixed = 0.7 * norms + 0.3 * logits.softmax(dim=-1)
    torch.testing.assert_close(model(features, lengths).exp(), mixed)
    criterion = lambda given: (given - logits).abs().sum() + 5.0  # noqa: E731
    loss = model.training_loss(features, lengths, labels, criterion)
    torch.testing.assert_close(loss, 0.7 * margin_loss(norms, labels, 0.9, 0.1, 0.5) + 1.5)


def test_defaults_are_the_stated_sizes():
    model = CNNGRUSeqCap(CNNGRUSeqCap.Config(), {"static": 257}, 4)
    sizes = [
        [(*c.kernel_size, c.out_channels) for c in layer.convolutions] for layer in model.layers
    ]
    assert sizes == [[(2, 8, 8), (8, 2, 8)], [(5, 5, 16)], [(5, 5, 16)]]
    assert model.class_layer.weight.shape[1::2] == (4, 16)
    assert (model.config.window, model.config.window_hop, model.config.iterations) == (40, 20, 3)
    assert model.gru.forward_gru.hidden_size == model.classifier[0].out_features == 64


def test_a_hop_beyond_the_window_is_refused():
    with pytest.raises(InputError, match="window_hop"):
        CNNGRUSeqCap.Config(window=4, window_hop=5)
