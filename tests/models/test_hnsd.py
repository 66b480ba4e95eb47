"""HNSD against an independent forward pass in NumPy, written from the paper's equations."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models.hnsd import HNSD
from pyser.models.layers import BandConvolution, FrameDropout, LargerOfPairs, reverse_frames

BLOCKS = {"static": 3, "delta": 3, "delta2": 3}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, weights, prefix):
    """LSTM over x [T, d], step by step; gates in torch's order i, f, g, o."""
    w_ih, w_hh, b_ih, b_hh = (
        weights[f"{prefix}.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h = c = np.zeros(w_hh.shape[1])
    outputs = []
    for frame in x:
        i, f, g, o = np.split(w_ih @ frame + b_ih + w_hh @ h + b_hh, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def encode(x, weights, number, bidirectional, layer=0):
    while f"encoders.{number}.layers.{layer}.forward_lstm.weight_ih_l0" in weights:
        prefix = f"encoders.{number}.layers.{layer}"
        outputs = lstm(x, weights, f"{prefix}.forward_lstm")
        if bidirectional:
            backward = lstm(x[::-1], weights, f"{prefix}.backward_lstm")[::-1]
            outputs = np.concatenate([outputs, backward], axis=1)
        x, layer = outputs, layer + 1
    assert layer
    return x


def forward(config, weights, static, dynamic):
    """Logits [C] of one utterance; the equations of the paper, one frame at a time."""
    inputs = {
        "both": [static, dynamic],
        "static": [static],
        "dynamic": [dynamic],
        "early": [np.concatenate([static, dynamic], axis=1)],
    }[config.streams]
    encoded = [encode(x, weights, k, config.bidirectional) for k, x in enumerate(inputs)]
    frames = []
    for t in range(len(static)):
        f = [stream[t] for stream in encoded]
        if len(f) == 2 and config.gate != "none":
            h_s = np.tanh(weights["fusion.static.weight"] @ f[0])
            h_d = np.tanh(weights["fusion.dynamic.weight"] @ f[1])
            z = sigmoid(weights["fusion.gate.weight"] @ np.concatenate(f))
            frames.append(z * h_s + (1 - z) * h_d)
        else:
            frames.append(np.concatenate(f))
    mean = sum(frames) / len(frames)
    if config.pooling != "mean":
        w, b = weights["pooling.project.weight"], weights["pooling.project.bias"]
        scores = [weights["pooling.score.weight"][0] @ np.tanh(w @ h + b) for h in frames]
        alpha = np.exp(scores) / np.sum(np.exp(scores))
        u = sum(a * h for a, h in zip(alpha, frames, strict=True))
        if config.pooling == "statistics":
            deviation = np.sqrt(np.mean((np.array(frames) - mean) ** 2, axis=0) + 1e-5)
            places = [(2 * t + 1) / len(frames) - 1 for t in range(len(frames))]
            trend = 3 * sum(p * h for p, h in zip(places, frames, strict=True)) / len(frames)
            extremes = np.max(frames, axis=0), np.min(frames, axis=0)
            u = np.concatenate([u, mean, deviation, trend, *extremes])
    else:
        u = mean
    hidden = weights["classifier.1.weight"] @ u + weights["classifier.1.bias"]
    activation = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh, "none": lambda x: x}
    hidden = activation[config.activation](hidden)
    return weights["classifier.4.weight"] @ hidden + weights["classifier.4.bias"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True},
        {"gate": "vector"},
        {"gate": "none", "activation": "tanh"},
        {"pooling": "mean", "bidirectional": True, "gate": "vector"},
        {"streams": "static", "activation": "none"},
        {"streams": "dynamic", "pooling": "mean"},
        {"streams": "early", "bidirectional": True},
        {"pooling": "statistics", "layers": 2},
        {"layers": 3, "bidirectional": True},
    ],
    ids=lambda options: ",".join(f"{k}={v}" for k, v in options.items()) or "paper",
)
def test_forward_equals_the_equations(options):
    torch.manual_seed(3)
    config = HNSD.Config(hidden=5, attention_dim=4, fc=6, **options)
    model = HNSD(config, BLOCKS, 3).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.6)  # far from linear, so that no wrong gate goes unseen
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    random = np.random.default_rng(0)
    utterances = [random.standard_normal((length, 9)) for length in (6, 1, 9)]
    padded = np.zeros((3, 9, 9))
    for row, frames in zip(padded, utterances, strict=True):
        row[: len(frames)] = frames
    blocks = torch.from_numpy(padded).split([3, 3, 3], dim=-1)
    features = dict(zip(BLOCKS, blocks, strict=True))
    output = model(features, torch.tensor([6, 1, 9])).detach().numpy()
    expected = [forward(config, weights, x[:, :3], x[:, 3:]) for x in utterances]
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-12)


def test_number_of_parameters_is_the_documented_one():
    model = HNSD(HNSD.Config(), {"static": 26, "delta": 26, "delta2": 26}, 4)
    lstms = sum(4 * 512 * (width + 512 + 2) for width in (26, 52))
    fusion = 2 * 512 * 512 + 2 * 512
    attention = 512 * 16 + 16 + 16
    classifier = 512 * 128 + 128 + 128 * 4 + 4
    assert model.num_parameters == lstms + fusion + attention + classifier
    assert f"{model.num_parameters:,}" in HNSD.__doc__


def test_the_scalar_gate_is_one_number_per_frame():
    gates = {
        gate: HNSD(HNSD.Config(hidden=8, gate=gate), BLOCKS, 3).fusion.gate.out_features
        for gate in ("scalar", "vector")
    }
    assert gates == {"scalar": 1, "vector": 8}


@pytest.mark.parametrize("place", ["input", "encoder", "pooled", "fc"])
def test_each_dropout_acts_in_training_only(place):
    torch.manual_seed(0)
    model = HNSD(HNSD.Config(hidden=8, fc=8, **{f"{place}_dropout": 0.5}), BLOCKS, 3)
    features = {name: torch.randn(2, 6, 3) for name in BLOCKS}
    lengths = torch.tensor([6, 4])
    assert not torch.equal(model(features, lengths), model(features, lengths))
    model.eval()
    assert torch.equal(model(features, lengths), model(features, lengths))


def test_reversal_leaves_padding_in_place():
    frames = torch.arange(8.0).reshape(2, 4, 1)
    reversed_frames = reverse_frames(frames, torch.tensor([4, 3]))[:, :, 0]
    assert reversed_frames.tolist() == [[3, 2, 1, 0], [6, 5, 4, 7]]


@pytest.mark.parametrize("option", [{"hidden": 0}, {"fc_dropout": 1.0}, {"input_dropout": -0.1}])
def test_sizes_out_of_range_are_refused(option):
    (name,) = option
    with pytest.raises(InputError, match=name):
        HNSD.Config(**option)


def test_streams_need_only_their_own_blocks():
    HNSD(HNSD.Config(hidden=4, streams="static"), {"static": 3}, 2)
    with pytest.raises(InputError, match="delta"):
        HNSD(HNSD.Config(hidden=4, streams="dynamic"), {"static": 3}, 2)


def test_extra_blocks_join_the_streams_they_belong_to():
    """Static ones the static stream, their deltas the dynamic one; each changes its own encoder."""
    blocks = {"static": 3, "log_f0": 1, "delta": 3, "delta_log_f0": 1, "delta2": 3}
    blocks |= {"delta2_log_f0": 1, "voicing": 1}
    model = HNSD(HNSD.Config(hidden=4, extra="log_f0, voicing"), blocks, 2)
    widths = [e.layers[0].forward_lstm.input_size for e in model.encoders]
    assert widths == [3 + 2, 6 + 2]  # no deltas of voicing are there
    early = HNSD(HNSD.Config(hidden=4, extra="log_f0", streams="early"), blocks, 2)
    assert early.encoders[0].layers[0].forward_lstm.input_size == 4 + 8
    with pytest.raises(InputError, match="zcr"):
        HNSD(HNSD.Config(hidden=4, extra="zcr"), blocks, 2)


def test_locked_dropout_drops_the_same_values_of_all_frames():
    torch.manual_seed(0)
    dropped = FrameDropout(0.5, locked=True)(torch.ones(3, 7, 50))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(dropped[0], dropped[1])
    loose = FrameDropout(0.5)(torch.ones(3, 7, 50))
    assert not torch.equal(loose, loose[:, :1].expand_as(loose))


def test_orthogonal_weights_keep_lengths_and_what_is_remembered():
    model = HNSD(HNSD.Config(hidden=6, layers=2, bidirectional=True, init="orthogonal"), BLOCKS, 2)
    lstms = [module for module in model.modules() if isinstance(module, torch.nn.LSTM)]
    assert len(lstms) == 2 * 2 * 2
    for lstm in lstms:
        for gate in lstm.weight_hh_l0.detach().chunk(4):
            np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-5)
        bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach()
        assert bias.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12


def convolve(maps, weight, bias, stride):
    """Plain 2-D convolution of maps [k, T, F] with zeros around them; [filters, T', F]."""
    filters, _, height, width = weight.shape
    pad = height // 2, width // 2
    padded = np.pad(maps, ((0, 0), (pad[0],) * 2, (pad[1],) * 2))
    times = range(0, maps.shape[1], stride)
    return np.array(
        [
            [
                [
                    (weight[c] * padded[:, t : t + height, f : f + width]).sum() + bias[c]
                    for f in range(maps.shape[2])
                ]
                for t in times
            ]
            for c in range(filters)
        ]
    )


def convolution_by_hand(frames, weights, num_blocks, stride):
    """BandConvolution of one utterance [T, k bands], without batch or padding."""
    maps = frames.reshape(len(frames), num_blocks, -1).transpose(1, 0, 2)
    for number, step in enumerate((stride, 1)):
        names = [f"convolutions.{number}.{part}" for part in ("weight", "bias")]
        found = convolve(maps, *(weights[name] for name in names), step)
        half = found.shape[2] // 2
        found = np.maximum(found[:, :, : 2 * half].reshape(*found.shape[:2], half, 2).max(-1), 0)
        frame_first = found.transpose(1, 0, 2)
        mean = frame_first.mean((1, 2), keepdims=True)
        deviation = np.sqrt(frame_first.var((1, 2), keepdims=True) + 1e-5)
        normal = (frame_first - mean) / deviation
        scale, shift = (weights[f"norms.{number}.{part}"] for part in ("weight", "bias"))
        maps = (normal * scale + shift).transpose(1, 0, 2)
    return maps.transpose(1, 0, 2).reshape(maps.shape[1], -1)


def test_convolution_over_time_and_bands_equals_plain_loops():
    torch.manual_seed(1)
    module = BandConvolution(2, 9, 3, 3).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.5)
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    random = np.random.default_rng(0)
    utterances = [random.standard_normal((length, 18)) for length in (10, 1, 7)]
    padded = np.zeros((3, 12, 18))
    for row, frames in zip(padded, utterances, strict=True):
        row[: len(frames)] = frames
    output, lengths = module(torch.from_numpy(padded), torch.tensor([10, 1, 7]))
    assert lengths.tolist() == [4, 1, 3]
    assert output.shape == (3, 4, module.num_outputs)
    for found, length, frames in zip(output, lengths, utterances, strict=True):
        expected = convolution_by_hand(frames, weights, 2, 3)
        np.testing.assert_allclose(found[:length].detach(), expected, atol=1e-10)
        assert not found[length:].any()


@pytest.mark.parametrize("bands", [2, 7])
def test_the_larger_of_two_bands_gets_the_gradient(bands):
    maps = torch.randn(3, 4, 5, bands, generator=torch.Generator().manual_seed(0)).double()
    assert torch.autograd.gradcheck(LargerOfPairs.apply, maps.requires_grad_())
    expected = torch.nn.functional.relu(torch.nn.functional.max_pool2d(maps, (1, 2)))
    assert torch.equal(LargerOfPairs.apply(maps), expected)


def test_convolutions_need_blocks_of_one_width():
    blocks = {"static": 8, "delta": 8, "delta2": 8, "log_f0": 1}
    model = HNSD(HNSD.Config(hidden=4, conv_channels=2, conv_stride=2), blocks, 2)
    assert model.stride == 2 and HNSD(HNSD.Config(hidden=4), blocks, 2).stride == 1
    assert [c.num_blocks for c in model.convolutions] == [1, 2]
    with pytest.raises(InputError, match="log_f0: 1"):
        HNSD(HNSD.Config(hidden=4, conv_channels=2, extra="log_f0"), blocks, 2)
    with pytest.raises(InputError, match="at least 4"):
        HNSD(HNSD.Config(hidden=4, conv_channels=2), BLOCKS, 2)
