"""Functionals against their definitions, one column and one number at a time."""

import numpy as np
import torch

from pyser.models.functionals import STATISTICS, cepstra, functionals
from pyser.models.pooling import Functionals, percentiles

ROWS = np.random.default_rng(3).standard_normal((23, 4)).astype(np.float32)


def definition(name, column):
    x = column.astype(np.float64)
    mean = sum(x) / len(x)
    if name == "mean":
        return mean
    if name == "std":
        return np.sqrt(sum((x - mean) ** 2) / len(x))
    if name == "slope":
        (rise, _) = np.polyfit(np.arange(len(x)), x, 1)  # per frame
        return rise * (len(x) - 1)
    return {"min": min(x), "max": max(x), "range": max(x) - min(x)}[name]


def percentile(column, percent):
    """Linear between the order statistics."""
    x = np.sort(column.astype(np.float64))
    place = percent / 100 * (len(x) - 1)
    low = int(place)
    high = min(low + 1, len(x) - 1)
    return x[low] + (place - low) * (x[high] - x[low])


def test_statistics_are_their_definitions_column_by_column():
    found = functionals(ROWS, tuple(STATISTICS)).reshape(len(STATISTICS), 4)
    for values, name in zip(found, STATISTICS, strict=True):
        expected = [definition(name, column) for column in ROWS.T]
        np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12, err_msg=name)


def test_percentiles_follow_the_statistics():
    percents = (1, 25, 50, 99.5)
    found = functionals(ROWS, ("mean",), percents)
    assert found.dtype == np.float64
    expected = [percentile(column, percent) for percent in percents for column in ROWS.T]
    np.testing.assert_allclose(found[4:], expected, rtol=1e-12)
    np.testing.assert_array_equal(functionals(ROWS, (), percents), found[4:])


def test_one_frame_has_no_spread():
    found = functionals(ROWS[:1], tuple(STATISTICS), (5, 95)).reshape(-1, 4)
    told = dict(zip([*STATISTICS, 5, 95], found, strict=True))
    for name in ("std", "range", "slope"):
        np.testing.assert_array_equal(told[name], 0)
    for name in ("mean", "min", "max", 5, 95):
        np.testing.assert_array_equal(told[name], ROWS[0])


def test_two_frames_have_a_slope():
    np.testing.assert_allclose(functionals(np.array([[1.0], [4.0]]), ("slope",)), [3.0])


def test_cepstra_are_the_orthonormal_cosine_transform():
    bands = np.random.default_rng(0).standard_normal((6, 26)).astype(np.float32)
    n = np.arange(26)
    basis = np.array([np.cos(np.pi * k * (n + 0.5) / 26) for k in range(26)]) * np.sqrt(2 / 26)
    basis[0] /= np.sqrt(2)
    np.testing.assert_allclose(cepstra(bands, 13), bands.astype(np.float64) @ basis[:13].T)


def test_the_layout_in_memory_does_not_matter():
    every = tuple(STATISTICS), (5, 50)
    expected = functionals(ROWS, *every)
    np.testing.assert_allclose(functionals(np.asfortranarray(ROWS), *every), expected, rtol=1e-12)


def test_a_network_is_given_the_same_functionals():
    rng = np.random.default_rng(3)
    batch = rng.normal(size=(3, 401, 20)).astype(np.float32)
    lengths = [401, 57, 1]
    batch[1, 57:], batch[2, 1:] = np.nan, 9.0  # padding
    module = Functionals([13, 7], num_ceps=4).eval()  # as it begins, it standardises nothing
    found = module(torch.from_numpy(batch), torch.tensor(lengths)).numpy()
    assert found.shape == (3, module.num_outputs) == (3, 8 * (20 + 4 + 4))
    for row, rows, length in zip(found, batch, lengths, strict=True):
        blocks = rows[:length, :13], rows[:length, 13:]
        rows = np.concatenate([*blocks, *(cepstra(block, 4) for block in blocks)], axis=1)
        wanted = functionals(rows, ["mean", "std", "slope"], Functionals.PERCENTILES)
        wanted = wanted.reshape(8, -1)
        wanted[1] = np.sqrt(wanted[1] ** 2 + 1e-5)  # has a derivative where nothing changes
        wanted[2] *= (length + 1) / length / 2  # from the middle to the end of the line
        np.testing.assert_allclose(row.reshape(8, -1), wanted, atol=5e-5)
    spread = module.train()(torch.from_numpy(batch), torch.tensor(lengths))
    np.testing.assert_allclose(spread.mean(dim=0), 0, atol=1e-5)
    np.testing.assert_allclose(spread.std(dim=0, correction=0), 1, atol=0.05)


def test_percentiles_are_the_same_by_either_sort():
    frames = torch.randn(4, 90, 6, generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([90, 31, 2, 1])
    with_gradient = frames.clone().requires_grad_()
    for one, other in zip(
        percentiles(frames, lengths, [0, 40, 100]),
        percentiles(with_gradient, lengths, [0, 40, 100]),
        strict=True,
    ):
        assert torch.equal(one, other.detach())
