"""What holds for intervals, paired tests and confidences whatever a system answered."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyser.score.calibration import fill_bins
from pyser.score.intervals import metric_interval
from pyser.score.metrics import METRICS
from pyser.score.significance import difference_interval, holm, permutation_p

COUNTS = st.integers(0, 12)
SHAPES = st.tuples(st.integers(2, 6), st.integers(1, 3), st.just(3), st.just(3))
MATRICES = SHAPES.flatmap(lambda shape: arrays(np.int64, shape, elements=COUNTS))
PAIRS = SHAPES.flatmap(
    lambda shape: st.tuples(*[arrays(np.int64, shape, elements=COUNTS) for _ in range(2)])
)
METRIC = st.sampled_from(list(METRICS.values()))


def answered(matrices):
    """The same with an answer of each class by each speaker, so that nothing is undefined."""
    return matrices + np.eye(3, dtype=np.int64)


@settings(max_examples=100, deadline=None)
@given(MATRICES, METRIC, st.randoms(use_true_random=False))
def test_interval_holds_the_estimate_in_any_order(matrices, metric, random):
    matrices = answered(matrices)
    estimate = metric(matrices.sum(axis=0)).mean()
    low, high = metric_interval(metric, matrices, int(matrices.sum()))
    assert 0 <= low <= estimate + 1e-9
    assert estimate - 1e-9 <= high <= 1
    speakers, classes = list(range(len(matrices))), [0, 1, 2]
    random.shuffle(speakers)
    random.shuffle(classes)
    mixed = matrices[speakers][..., classes, :][..., classes]
    again = metric_interval(metric, mixed, int(matrices.sum()))
    np.testing.assert_allclose(again, (low, high), atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(PAIRS, METRIC)
def test_paired_tests_are_symmetric(pair, metric):
    a, b = map(answered, pair)
    p = permutation_p(metric, a.mean(axis=1), b.mean(axis=1))
    assert 2.0 ** (1 - len(a)) <= p <= 1
    assert permutation_p(metric, b.mean(axis=1), a.mean(axis=1)) == p
    low, high = difference_interval(metric, a, b)
    value = metric(a.sum(axis=0)).mean() - metric(b.sum(axis=0)).mean()
    assert -1 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 1
    np.testing.assert_allclose(difference_interval(metric, b, a), (-high, -low), atol=1e-12)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_never_lowers(ps):
    adjusted = holm(ps)
    assert all(p <= raised <= 1 for p, raised in zip(ps, adjusted, strict=True))
    order = np.argsort(ps, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
    if ps:
        assert min(adjusted) == min(1.0, len(ps) * min(ps))


@given(arrays(float, st.integers(1, 60), elements=st.floats(0, 1)), st.integers(1, 20))
def test_every_answer_is_in_one_bin(confidence, size):
    right = confidence > 0.5
    bins = fill_bins(np.linspace(0, 1, size + 1), confidence, right)
    assert bins.count.sum() == len(confidence)
    np.testing.assert_allclose(np.nansum(bins.count * bins.accuracy), right.sum())
    filled = bins.count > 0
    assert (bins.confidence[filled] >= bins.edges[:-1][filled] - 1e-12).all()
    assert (bins.confidence[filled] <= bins.edges[1:][filled] + 1e-12).all()
    assert 0 <= bins.error <= 1
