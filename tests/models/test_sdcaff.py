"""SD-CAFF's parts against NumPy, written from the equations, one utterance at a time."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models.sdcaff import (
    SDCAFF,
    AttentionalFusion,
    Centers,
    DynamicReLU,
    StaticBranch,
    clear_padding,
    with_cepstral_deltas,
)
from pyser.train.loss import Criterion

LENGTHS = torch.tensor([4, 1, 7])
BLOCKS = {"static": 6, "delta": 6, "delta2": 6}
TINY = {"maps": (2, 3, 4), "reduction": 1, "hidden": 4, "dynamic": 2, "inner": 3}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def draw(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def draw_maps(channels, rows, lengths=LENGTHS, seed=0):
    maps = draw(len(lengths), channels, int(lengths.max()), rows, seed=seed)
    return clear_padding(maps, lengths)


def far_from_start(module):
    """The module in float64 with weights and running statistics that leave nothing unseen."""
    random = np.random.default_rng(5)
    with torch.no_grad():
        for name, tensor in module.double().state_dict().items():
            if tensor.is_floating_point() and not name.endswith(("scales", "starts")):
                values = random.standard_normal(tuple(tensor.shape))
                tensor.copy_(torch.from_numpy(np.abs(values) + 0.3 if "var" in name else values))
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def real(maps, row, lengths=LENGTHS):
    return maps[row, :, : lengths[row]].detach().numpy()


def dynamic_relu(x, weights, prefix=""):
    """Of maps x [C, T, F] the larger line at each position; coefficients as of Chen et al. 2020."""
    channels = len(x)
    m = [np.mean(x[c]) for c in range(channels)]
    w = {name: weights[f"{prefix}coefficients.{name}"] for name in ("0.weight", "0.bias")}
    w |= {name: weights[f"{prefix}coefficients.{name}"] for name in ("2.weight", "2.bias")}
    hidden = np.maximum(w["0.weight"] @ m + w["0.bias"], 0)
    d = 2 * sigmoid(w["2.weight"] @ hidden + w["2.bias"]) - 1
    y = np.empty_like(x)
    for c in range(channels):
        a1, a2, b1, b2 = (d[k * channels + c] for k in range(4))
        for position, value in np.ndenumerate(x[c]):
            y[c][position] = max((1 + a1) * value + 0.5 * b1, a2 * value + 0.5 * b2)
    return y


def test_dyrelu_takes_the_larger_of_two_lines():
    module = DynamicReLU(6, 2).eval()
    weights = far_from_start(module)
    maps = draw_maps(6, 3)
    found = module(maps, LENGTHS)
    for row in range(3):
        expected = dynamic_relu(real(maps, row), weights)
        np.testing.assert_allclose(real(found, row), expected, rtol=0, atol=1e-10)


def normalise(x, weights, prefix):
    """Batch normalisation in evaluation of x [C, T, F]."""
    mean, var = weights[f"{prefix}.running_mean"], weights[f"{prefix}.running_var"]
    scale, shift = weights[f"{prefix}.weight"], weights[f"{prefix}.bias"]
    pairs = zip(x, mean, var, scale, shift, strict=True)
    return np.array([(c - m) / np.sqrt(v + 1e-5) * s + b for c, m, v, s, b in pairs])


def convolve(x, weight, bias):
    """3 x 3 with zeros around: x [C, T, F], weight [D, C, 3, 3] -> [D, T, F]."""
    _, frames, rows = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    y = np.empty((len(weight), frames, rows))
    for d, t, f in np.ndindex(y.shape):
        y[d, t, f] = np.sum(weight[d] * padded[:, t : t + 3, f : f + 3]) + bias[d]
    return y


def halve(x):
    """The largest of 2 x 2 positions, of fewer at the end."""
    _, frames, rows = x.shape
    y = np.empty((len(x), (frames + 1) // 2, (rows + 1) // 2))
    for c, t, f in np.ndindex(y.shape):
        y[c, t, f] = np.max(x[c, 2 * t : 2 * t + 2, 2 * f : 2 * f + 2])
    return y


def test_the_static_branch_sees_each_utterance_as_if_alone():
    module = StaticBranch((2, 4, 3, 5), 2).eval()
    weights = far_from_start(module)
    frames = draw_maps(1, 5)[:, 0]
    found, lengths = module(frames, LENGTHS)
    assert lengths.tolist() == [1, 1, 2] and found.shape == (3, 5, 2, 2)
    for row in range(3):
        x = frames[row, : LENGTHS[row]].numpy()[None]
        for number in range(4):
            name = f"convolutions.{number}"
            x = convolve(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
            x = dynamic_relu(
                normalise(x, weights, f"norms.{number}"), weights, f"activations.{number}."
            )
            x = halve(x) if number in (1, 2) else x
        np.testing.assert_allclose(real(found, row, lengths), x, rtol=0, atol=1e-8)


def context(x, weights, prefix):
    """conv - BN - ReLU - conv - BN, all of 1 x 1, on x [C, T, F]."""
    for convolution, norm in (("reduce", "reduced"), ("expand", "expanded")):
        weight = weights[f"{prefix}.{convolution}.weight"][:, :, 0, 0]
        bias = weights[f"{prefix}.{convolution}.bias"]
        y = np.empty((len(weight), *x.shape[1:]))
        for t, f in np.ndindex(x.shape[1:]):
            y[:, t, f] = weight @ x[:, t, f] + bias
        x = normalise(y, weights, f"{prefix}.{norm}")
        x = np.maximum(x, 0) if norm == "reduced" else x
    return x


@pytest.mark.parametrize("crossed", [True, False])
def test_cross_aff_weighs_a_stream_by_itself_and_the_whole_of_the_other(crossed):
    module = AttentionalFusion([5, 4], 3, crossed).eval()
    weights = far_from_start(module)
    short = torch.tensor([2, 1, 4])
    streams = [draw_maps(5, 3, short), draw_maps(4, 1, seed=1)]
    found = module(streams, [short, LENGTHS])
    for row in range(3):
        x = [real(streams[0], row, short), real(streams[1], row)]
        for own, other in ((0, 1), (1, 0)):
            mean = np.mean(x[other if crossed else own], axis=(1, 2), keepdims=True)
            local = context(x[own], weights, f"local.{own}")
            whole = context(mean, weights, f"whole.{own}")
            expected = x[own] * sigmoid(local + whole)
            made = real(found[own], row, [short, LENGTHS][own])
            np.testing.assert_allclose(made, expected, rtol=0, atol=1e-10)


def test_center_loss_and_the_moves_of_the_centers():
    module = Centers(3, 4, rate=0.1).double()
    centers = np.zeros((3, 4))
    for seed, targets in enumerate([[0, 2, -1, 0, 0], [2, 2, 1, -1, -1], [-1] * 5]):
        vectors = draw(5, 4, seed=seed)
        known = [(x, y) for x, y in zip(vectors.numpy(), targets, strict=True) if y >= 0]
        squares = [np.sum((x - centers[y]) ** 2) for x, y in known]
        loss = module(vectors, torch.tensor(targets))
        assert loss.item() == pytest.approx(sum(squares) / (2 * max(len(known), 1)), abs=1e-12)
        moved = centers.copy()
        for j in range(3):
            own = [x for x, y in known if y == j]
            delta = sum((centers[j] - x for x in own), np.zeros(4)) / (1 + len(own))
            moved[j] = centers[j] - 0.1 * delta
        centers = moved
        np.testing.assert_allclose(module.centers.numpy(), centers, rtol=0, atol=1e-12)
    module.eval()
    module(draw(5, 4), torch.tensor([0, 1, 2, 0, 1]))
    np.testing.assert_allclose(module.centers.numpy(), centers, rtol=0, atol=1e-12)


def test_center_loss_draws_vectors_towards_their_centers():
    vectors = draw(3, 4).requires_grad_()
    Centers(2, 4, 0.1).double()(vectors, torch.tensor([1, -1, 0])).backward()
    expected = vectors.detach() / 2
    expected[1] = 0
    torch.testing.assert_close(vectors.grad, expected)


def test_the_loss_is_that_of_two_tasks_each_with_its_centers():
    torch.manual_seed(0)
    model = SDCAFF(SDCAFF.Config(**TINY, dropout=0.0), BLOCKS, 3).double().eval()
    features = {name: draw(3, 7, 6, seed=seed) for seed, name in enumerate(BLOCKS)}
    features["gender"], labels = torch.tensor([1, -1, 0]), torch.tensor([2, 0, 2])
    x = model.describe(features, LENGTHS).detach().numpy()

    def task(layer, targets):
        known = [row for row in range(3) if targets[row] >= 0]
        outputs = x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        entropies = [np.log(np.exp(outputs[r]).sum()) - outputs[r][targets[r]] for r in known]
        return np.mean(entropies) + 0.15 * np.mean([x[r] @ x[r] / 2 for r in known])

    loss = model.training_loss(
        features, LENGTHS, labels, Criterion(((labels, 1.0),), None, 0.0)
    ).item()
    expected = 0.7 * task(model.classifier, labels) + 0.3 * task(model.gender, features["gender"])
    assert loss == pytest.approx(expected, abs=1e-6)  # the criterion is in float32


def test_centers_are_stored_but_no_parameters():
    model = SDCAFF(SDCAFF.Config(**TINY), BLOCKS, 3)
    assert {"centers.centers", "gender_centers.centers"} <= set(model.state_dict())
    assert not [name for name, _ in model.named_parameters() if "centers" in name]


def test_deltas_over_cepstra():
    frames = draw(2, 3, 5)
    found = with_cepstral_deltas(frames).numpy()
    np.testing.assert_array_equal(found[..., :5], frames)
    for start in (0, 5):
        x = found[..., start : start + 5]
        at = lambda i, x=x: x[..., min(max(i, 0), 4)]  # noqa: E731
        for i in range(5):
            expected = sum(n * (at(i + n) - at(i - n)) for n in (1, 2)) / 10
            np.testing.assert_allclose(found[..., start + 5 + i], expected, rtol=0, atol=1e-12)


def test_frames_after_the_first_ones_are_not_read():
    model = SDCAFF(SDCAFF.Config(**TINY, max_frames=5), BLOCKS, 3).eval()
    features = {name: draw(3, 7, 6, seed=seed).float() for seed, name in enumerate(BLOCKS)}
    cut = {name: frames[:, :5] for name, frames in features.items()}
    assert torch.equal(model(features, LENGTHS), model(cut, LENGTHS.clamp(max=5)))


def test_number_of_parameters():
    config = SDCAFF.Config()
    assert SDCAFF(config, dict.fromkeys(BLOCKS, 60), 7).num_parameters == 5_195_179


@pytest.mark.parametrize(
    "options, message",
    [
        ({"maps": (4,)}, "maps is .4.; expected two or more"),
        ({"hidden": 8, "dynamic": 9}, "dynamic is 9; expected at most hidden .8."),
    ],
)
def test_sizes_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        SDCAFF.Config(**options)


def test_deltas_over_cepstra_need_the_static_block_alone():
    config = SDCAFF.Config(**TINY, delta_axis="cepstral")
    model = SDCAFF(config, {"static": 6}, 3).eval()
    assert model({"static": draw(3, 7, 6).float()}, LENGTHS).shape == (3, 3)
    with pytest.raises(InputError, match="expected blocks static, delta, delta2"):
        SDCAFF(SDCAFF.Config(**TINY), {"static": 6}, 3)
