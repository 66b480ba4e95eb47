"""The arithmetic of intervals, against scipy, an analysis of variance, and by hand."""

import numpy as np
import pytest
from scipy import stats

from pyser.score.intervals import (
    half_width,
    leave_one_out,
    metric_interval,
    seed_component,
    speaker_component,
)
from pyser.score.metrics import METRICS, weighted_accuracy


def answers(right, wrong):
    """A confusion matrix of two classes with this many right and wrong answers."""
    return [[right, wrong], [0, 0]]


def equal_speakers(shares, size=100):
    """Counts ``[S, K, 2, 2]``: a share of ``size`` answers is right, ``shares`` is ``[S, K]``."""
    right = np.round(size * np.asarray(shares)).astype(int)
    return np.array([[answers(count, size - count) for count in row] for row in right])


def test_equal_speakers_and_one_seed_are_a_t_test():
    """With as many answers each, the jackknife is the variance of the speakers' mean."""
    shares = np.array([0.4, 0.55, 0.5, 0.7, 0.65, 0.45])
    left_out = leave_one_out(weighted_accuracy, equal_speakers(shares[:, None]))
    component = speaker_component(left_out.mean(axis=1))
    assert component == pytest.approx((shares.var(ddof=1) / 6, 5))
    expected = stats.ttest_1samp(shares, 0.5).confidence_interval(0.95)
    assert half_width([component]) == pytest.approx((expected.high - expected.low) / 2)


def test_seeds_add_what_their_interaction_with_speakers_does_not_explain():
    generator = np.random.default_rng(0)
    shares = 0.5 + 0.1 * generator.standard_normal((5, 1)) + 0.1 * generator.standard_normal(4)
    shares = np.round(shares + 0.05 * generator.standard_normal((5, 4)), 2)
    counts = equal_speakers(shares)
    residuals = shares - shares.mean(axis=0) - shares.mean(axis=1, keepdims=True) + shares.mean()
    mean_square = 5 * shares.mean(axis=0).var(ddof=1), (residuals**2).sum() / 12
    left_out = leave_one_out(weighted_accuracy, counts)
    ((variance, degrees),) = seed_component((shares.mean(axis=0), left_out))
    assert variance == pytest.approx((mean_square[0] - mean_square[1]) / 20)
    assert degrees == pytest.approx(3)


def test_seeds_of_two_systems_add_up():
    shares = np.array([[0.3, 0.5, 0.7], [0.4, 0.6, 0.8], [0.5, 0.6, 0.9]])
    fewer = np.array([[0.4, 0.6], [0.5, 0.8], [0.6, 0.8]])
    systems = [
        (some.mean(axis=0), leave_one_out(weighted_accuracy, equal_speakers(some)))
        for some in (shares, fewer)
    ]
    (one,), (other,) = (seed_component(system) for system in systems)
    (both,) = seed_component(*systems)
    assert both[0] == pytest.approx(one[0] + other[0])
    assert 1 < both[1] < 3  # Satterthwaite's for terms of 2 and 1


def test_seeds_that_differ_no_more_than_speakers_do_add_nothing():
    shares = np.array([[0.5, 0.6], [0.6, 0.5], [0.4, 0.5], [0.5, 0.4]])
    left_out = leave_one_out(weighted_accuracy, equal_speakers(shares))
    assert seed_component((shares.mean(axis=0), left_out)) == []
    one = left_out[:, :1]
    assert seed_component((shares.mean(axis=0)[:1], one)) == []


def test_satterthwaite_lies_between_the_terms():
    assert half_width([(0.01, 4)]) == pytest.approx(0.1 * stats.t.ppf(0.975, 4))
    # equal terms with 4 and 4 degrees of freedom: 8 for the sum
    assert half_width([(0.01, 4), (0.01, 4)]) == pytest.approx(0.02**0.5 * stats.t.ppf(0.975, 8))
    assert half_width([(0.01, 4)], level=0.5) == pytest.approx(0.1 * stats.t.ppf(0.75, 4))
    assert half_width([(0.0, 4)]) == 0


def test_seeds_that_differ_widen_the_interval():
    shares = np.array([[0.5], [0.6], [0.7], [0.55], [0.65]])
    alike = equal_speakers(shares + np.array([-0.01, 0.0, 0.01]))
    apart = equal_speakers(shares + np.array([-0.1, 0.0, 0.1]))
    (low, high), (lower, higher) = (
        metric_interval(weighted_accuracy, counts, 500) for counts in (alike, apart)
    )
    assert lower < low < 0.6 < high < higher


def test_unlike_speakers_widen_the_interval():
    """Speakers who are all right or all wrong are worth as many answers as there are speakers."""
    by_speaker = np.array([[answers(10, 0)], [answers(0, 10)]] * 10)
    low, high = metric_interval(weighted_accuracy, by_speaker, 200)
    assert (low, high) == pytest.approx((0.28, 0.72), abs=0.02)  # Wilson's for 10 of 20: 0.30, 0.70
    mixed = np.array([[answers(5, 5)], [answers(6, 4)]] * 10)
    assert np.ptp(metric_interval(weighted_accuracy, mixed, 200)) < 0.06


@pytest.mark.parametrize("name", METRICS)
def test_all_right_or_all_wrong_has_the_exact_binomial_bound(name):
    right = np.array([[[[3, 0], [0, 2]]]] * 4)
    low, high = metric_interval(METRICS[name], right, 20)
    assert high == 1
    assert low == pytest.approx(stats.binomtest(20, 20).proportion_ci(0.95).low)
    low, high = metric_interval(METRICS[name], right[..., ::-1], 20)
    assert low == 0
    assert high == pytest.approx(stats.binomtest(0, 20).proportion_ci(0.95).high)


def test_interval_stays_within_its_range_when_nothing_is_known():
    by_speaker = np.array([[answers(100, 0)], [answers(1, 99)]])
    low, high = metric_interval(weighted_accuracy, by_speaker, 200)
    assert 0 <= low < 0.01
    assert 0.99 < high <= 1


def test_one_speaker_has_no_interval():
    assert np.isnan(metric_interval(weighted_accuracy, np.array([[answers(3, 1)]]), 4)).all()


def test_seeds_that_tested_other_speakers():
    """One seed tested the first speaker only, the other both."""
    by_speaker = np.array([[answers(6, 4), answers(7, 3)], [answers(0, 0), answers(5, 5)]])
    left_out = leave_one_out(weighted_accuracy, by_speaker)
    np.testing.assert_allclose(left_out, [[np.nan, 0.5], [0.6, 0.7]])
    low, high = metric_interval(weighted_accuracy, by_speaker, 20)
    assert 0 <= low < 0.6 < high <= 1
