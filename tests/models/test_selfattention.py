"""Self-attention against plain loops in NumPy, over whole utterances and over windows of them."""

import math

import numpy as np
import pytest
import torch
from paths import padded

from pyser.errors import InputError
from pyser.models.selfattention import LearnedPositions, SelfAttentionEncoder, SinePositions
from pyser.models.transformer import Transformer

LENGTHS = (7, 1, 10, 4)
INPUTS, WIDTH, HEADS = 3, 6, 2


def linear(x, weights, name):
    return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]


def normalise(x, weights, name):
    normal = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    return normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attend(x, weights, name, reach):
    """Every frame looks at those within reach (0: at all), each head with its part of the values"""
    size = WIDTH // HEADS
    projected = [np.split(linear(frame, weights, f"{name}.project"), 3) for frame in x]
    outputs = []
    for t, (query, _, _) in enumerate(projected):
        near = [u for u in range(len(x)) if not reach or abs(u - t) <= reach]
        parts = []
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            scores = [math.exp(query[part] @ projected[u][1][part] / size**0.5) for u in near]
            values = [projected[u][2][part] for u in near]
            parts.append(sum(s * v for s, v in zip(scores, values, strict=True)) / sum(scores))
        outputs.append(linear(np.concatenate(parts), weights, f"{name}.join"))
    return outputs


def sines(t):
    angle = [t / 10_000 ** (2 * (i // 2) / WIDTH) for i in range(WIDTH)]
    return np.array([math.cos(a) if i % 2 else math.sin(a) for i, a in enumerate(angle)])


def encode(utterance, weights, positions, layers, reach):
    x = [linear(f, weights, "project") + positions(t) for t, f in enumerate(utterance)]
    for number in range(layers):
        name = f"layers.{number}"
        attended = attend(x, weights, f"{name}.attention", reach)
        x = [normalise(f + a, weights, f"{name}.norms.0") for f, a in zip(x, attended, strict=True)]
        for t, frame in enumerate(x):
            hidden = np.maximum(linear(frame, weights, f"{name}.feedforward.0"), 0)
            added = frame + linear(hidden, weights, f"{name}.feedforward.2")
            x[t] = normalise(added, weights, f"{name}.norms.1")
    return np.array(x)


def randomised(module):
    torch.manual_seed(0)
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.6)
    return module, {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def draw():
    random = np.random.default_rng(0)
    utterances = [random.standard_normal((n, INPUTS)) for n in LENGTHS]
    rows = torch.from_numpy(np.nan_to_num(padded(utterances), nan=7.0))
    return utterances, rows, torch.tensor(LENGTHS)


@pytest.mark.parametrize("reach", [0, 1, 3])
@pytest.mark.parametrize("kind", ["sine", "learned"])
def test_the_encoder_equals_plain_loops(reach, kind):
    places = SinePositions() if kind == "sine" else LearnedPositions(WIDTH, 5)
    made = SelfAttentionEncoder(INPUTS, WIDTH, HEADS, 2, 4, 0.3, places, reach)
    module, weights = randomised(made)
    utterances, rows, lengths = draw()
    found = module(rows, lengths).detach().numpy()
    assert np.isfinite(found).all()
    for row, utterance in zip(found, utterances, strict=True):
        learned = weights.get("positions.vectors")
        positions = sines if kind == "sine" else lambda t, table=learned: table[min(t, 4)]
        expected = encode(utterance, weights, positions, 2, reach)
        np.testing.assert_allclose(row[: len(utterance)], expected, rtol=0, atol=1e-6)


def test_the_model_is_the_mean_of_the_encoded_frames_and_a_linear_layer():
    config = Transformer.Config(width=WIDTH, heads=HEADS, layers=1, feedforward=4)
    model, weights = randomised(Transformer(config, {"static": INPUTS}, 3))
    inner = {k.removeprefix("encoder."): v for k, v in weights.items()}
    utterances, rows, lengths = draw()
    found = model({"static": rows}, lengths).detach().numpy()
    for row, utterance in zip(found, utterances, strict=True):
        mean = encode(utterance, inner, sines, 1, 0).mean(axis=0)
        np.testing.assert_allclose(row, linear(mean, weights, "classifier"), rtol=0, atol=1e-5)


@pytest.mark.parametrize("reach", [0, 2])
def test_a_global_window_reaches_every_frame_and_a_local_one_its_neighbours(reach):
    torch.manual_seed(0)
    module = SelfAttentionEncoder(INPUTS, WIDTH, HEADS, 1, 4, 0.0, SinePositions(), reach).eval()
    frames = torch.randn(1, 12, INPUTS, requires_grad=True)
    module(frames, torch.tensor([12]))[0, 4, 0].backward()
    reached = frames.grad[0].abs().sum(dim=-1) > 0
    expected = [not reach or abs(t - 4) <= reach for t in range(12)]
    assert reached.tolist() == expected


def test_without_positions_the_order_of_frames_is_lost():
    random = torch.Generator().manual_seed(0)
    frames, lengths = torch.randn(1, 9, INPUTS, generator=random), torch.tensor([9])
    for positions, equal in (("none", True), ("sine", False)):
        config = Transformer.Config(width=WIDTH, heads=HEADS, positions=positions)
        model = Transformer(config, {"static": INPUTS}, 3).eval()
        forward, backward = (model({"static": f}, lengths) for f in (frames, frames.flip(1)))
        assert torch.allclose(forward, backward, rtol=0, atol=1e-5) == equal


def test_heads_must_divide_the_width():
    with pytest.raises(InputError, match="width is 6, heads 4"):
        Transformer(Transformer.Config(width=6, heads=4), {"static": 3}, 2)
