"""Convolutions over spectrograms against plain loops, and batch normalisation without padding."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models.cnn_att import CNNAttention
from pyser.models.cnn_gru_seqcap import CNNGRUSeqCap
from pyser.models.maps import MapLayer, MapNorm, read_spectrogram

LENGTHS = [6, 1, 9]


def padded(utterances):
    """Utterances [K, T, F] as maps [B, K, T, F], the padding 0."""
    longest = max(maps.shape[1] for maps in utterances)
    return np.array(
        [np.pad(maps, ((0, 0), (0, longest - maps.shape[1]), (0, 0))) for maps in utterances]
    )


def draw(num_maps, bins, lengths=LENGTHS):
    random = np.random.default_rng(0)
    return [random.standard_normal((num_maps, length, bins)) for length in lengths]


def convolve(maps, weight):
    """Convolution of maps [K, T, F], of equal size; an even kernel reaches farther forwards."""
    _, _, height, width = weight.shape
    found = np.zeros((len(weight), *maps.shape[1:]))
    for c, t, f in np.ndindex(*found.shape):
        for k, i, j in np.ndindex(*weight.shape[1:]):
            row, column = t + i - (height - 1) // 2, f + j - (width - 1) // 2
            if 0 <= row < maps.shape[1] and 0 <= column < maps.shape[2]:
                found[c, t, f] += weight[c, k, i, j] * maps[k, row, column]
    return found


def layer_by_hand(maps, weights, pool):
    """A MapLayer on one utterance [K, T, F], as in evaluation."""
    kernels = [weights[name] for name in sorted(weights) if name.startswith("convolutions")]
    found = np.concatenate([convolve(maps, kernel) for kernel in kernels])
    scale, shift, mean, variance = (
        weights[f"norm.{name}"][:, None, None]
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    found = np.maximum((found - mean) / np.sqrt(variance + 1e-5) * scale + shift, 0)
    if not pool:
        return found
    halves = range(0, found.shape[1], 2), range(0, found.shape[2], 2)
    rows = [[found[:, t : t + 2, f : f + 2].max(axis=(1, 2)) for f in halves[1]] for t in halves[0]]
    return np.array(rows).transpose(2, 0, 1)


@pytest.mark.parametrize("pool", [True, False])
def test_a_layer_equals_plain_loops_whatever_the_lengths(pool):
    torch.manual_seed(0)
    layer = MapLayer(2, 3, [(2, 10), (8, 2), (3, 3)], pool).double().eval()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
        layer.norm.running_mean.normal_()
        layer.norm.running_var.uniform_(0.2, 1.5)
    weights = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    utterances = draw(2, 7)
    output, lengths = layer(torch.from_numpy(padded(utterances)), torch.tensor(LENGTHS))
    assert lengths.tolist() == ([3, 1, 5] if pool else LENGTHS)
    for found, length, maps in zip(output, lengths, utterances, strict=True):
        expected = layer_by_hand(maps, weights, pool)
        np.testing.assert_allclose(found[:, :length].detach(), expected, atol=1e-10)
        assert not found[:, length:].any()


@pytest.mark.parametrize("lengths", [LENGTHS, [4, 4]], ids=["padded", "of one length"])
def test_statistics_are_of_the_real_frames(lengths):
    utterances = draw(3, 4, lengths)
    norm = MapNorm(3).double()
    maps = padded(utterances)
    for row, length in zip(maps, lengths, strict=True):
        row[:, length:] = np.nan
    output = norm(torch.from_numpy(maps), torch.tensor(lengths)).detach()
    together = np.concatenate(utterances, axis=1)
    mean, variance = together.mean(axis=(1, 2)), together.var(axis=(1, 2))
    for found, real in zip(output, utterances, strict=True):
        expected = (real - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
        np.testing.assert_allclose(found[:, : real.shape[1]], expected, atol=1e-9)
        assert not found[:, real.shape[1] :].any()
    count = together[0].size
    np.testing.assert_allclose(norm.running_mean, 0.1 * mean, atol=1e-12)
    np.testing.assert_allclose(norm.running_var, 0.9 + 0.1 * variance * count / (count - 1))


def test_a_single_value_is_normalised_as_in_evaluation():
    norm = MapNorm(2)
    found = norm(torch.tensor([3.0, -2.0]).view(1, 2, 1, 1), torch.tensor([1]))
    torch.testing.assert_close(found.flatten(), torch.tensor([3.0, -2.0]), rtol=1e-4, atol=0)


def test_bins_are_read_behind_the_energy_and_averaged():
    frames = torch.arange(7.0).expand(1, 2, 7)
    features, lengths = {"static": frames}, torch.tensor([1])
    read = lambda bins, average: read_spectrogram(  # noqa: E731
        features, lengths, SimpleNamespace(bins=bins, average_bins=average)
    )
    assert read(4, 1).tolist() == [[[[1, 2, 3, 4], [0, 0, 0, 0]]]]
    assert read(6, 3).tolist() == [[[[2, 5], [0, 0]]]]


@pytest.mark.parametrize("model", [CNNAttention, CNNGRUSeqCap])
def test_spectrograms_that_do_not_fit_are_refused(model):
    with pytest.raises(InputError, match="26 columns"):
        model(model.Config(), {"static": 26}, 4)
    model(model.Config(bins=25), {"static": 26}, 4)
    with pytest.raises(InputError, match="average_bins 3"):
        model.Config(average_bins=3)
