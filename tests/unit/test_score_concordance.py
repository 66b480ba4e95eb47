"""CCC: the definition, degenerate inputs, sums that add up, intervals that cover."""

import numpy as np
import pytest

from pyser.errors import InputError
from pyser.score.concordance import concordance, concordance_interval, moments


def by_definition(x, y):
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    return 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


def test_random_pairs():
    random = np.random.default_rng(0)
    for _ in range(300):
        size = random.integers(2, 60)
        x = random.normal(random.uniform(-3, 3), random.uniform(0.1, 2), size)
        y = random.uniform(-1, 1) * x + random.normal(random.uniform(-2, 2), 0.5, size)
        (found,) = concordance(moments(x, y))
        assert found == pytest.approx(by_definition(x, y), abs=1e-9)


def test_known_values():
    x = np.array([1.0, 2, 3, 4])
    assert concordance(moments(x, x))[0] == pytest.approx(1)
    assert concordance(moments(x, 5 - x))[0] == pytest.approx(-1)
    # variances 1.25, covariance 1.25, means 1 apart
    assert concordance(moments(x, x + 1))[0] == pytest.approx(2.5 / 3.5)


@pytest.mark.parametrize("constant", [0.0, 3.3, -1e6])
def test_constants(constant):
    random = np.random.default_rng(1)
    x, flat = random.normal(constant, 1 + abs(constant) / 100, 50), np.full(50, constant)
    assert concordance(moments(x, flat))[0] == pytest.approx(0, abs=1e-9)
    assert concordance(moments(flat, flat + 1 + abs(constant)))[0] == pytest.approx(0, abs=1e-9)
    assert np.isnan(concordance(moments(flat, flat))[0])


def test_nothing_counted():
    assert np.isnan(concordance(np.zeros(6)))


def test_sums_of_groups_add_up():
    random = np.random.default_rng(2)
    x, y = random.normal(size=(2, 90))
    groups = random.integers(0, 4, 90)
    parts = moments(x, y, groups, 5)
    assert parts.shape == (5, 6) and not parts[4].any()
    np.testing.assert_allclose(parts.sum(axis=0), moments(x, y)[0])
    for group in range(4):
        found = concordance(parts[group])
        assert found == pytest.approx(by_definition(x[groups == group], y[groups == group]))


@pytest.mark.parametrize(
    "x, y, message",
    [
        ([1, 2], [1], "one estimate for each reference"),
        ([1, np.nan], [1, 2], "reference 1 is nan"),
        ([1, 2], [np.inf, 2], "estimate 0 is inf"),
    ],
)
def test_what_cannot_be_used(x, y, message):
    with pytest.raises(InputError, match=message):
        moments(x, y)


def draw(random, trials, speakers, seeds=1, each=25, seed_spread=0.0):
    """Moments [trials, speakers, seeds, 6]: speakers differ in level, in skill and in bias."""
    shape = trials, speakers, 1, each
    level = random.normal(0, 0.5, (trials, speakers, 1, 1))
    slope = 0.6 + random.normal(0, 0.15, (trials, speakers, 1, 1))
    slope = slope + random.normal(0, seed_spread, (trials, 1, seeds, 1))
    x = level + random.normal(0, 1, shape)
    noise = random.normal(0, 0.6, (trials, speakers, seeds, each))
    y = slope * x + random.normal(0, 0.2, (trials, speakers, 1, 1)) + noise
    x = np.broadcast_to(x, y.shape)
    return np.stack([v.sum(-1) for v in (np.ones_like(x), x, y, x * x, y * y, x * y)], axis=-1)


@pytest.mark.parametrize(
    "speakers, seeds, spread", [(10, 1, 0.0), (6, 1, 0.0), (40, 1, 0.0), (10, 5, 0.1)]
)
def test_interval_covers_the_true_value(speakers, seeds, spread):
    random = np.random.default_rng(3)
    truth = np.mean([concordance(m.sum(0)) for m in draw(random, 40, 3000, 1)])
    if spread:  # the value that ever more seeds tend to
        many = draw(random, 20, 1500, 40, each=5, seed_spread=spread)
        truth = concordance(many.sum(axis=1)).mean()
    trials = draw(random, 1000, speakers, seeds, seed_spread=spread)
    low, high = np.transpose([concordance_interval(trial) for trial in trials])
    assert 0.92 <= np.mean((low <= truth) & (truth <= high)) <= 0.98


def test_an_interval_of_one_speaker_is_unknown():
    random = np.random.default_rng(4)
    assert np.isnan(concordance_interval(draw(random, 1, 1)[0])).all()


def test_perfect_agreement():
    x = np.arange(12.0)
    sums = moments(x, x, np.arange(12) % 3, 3)[:, None]
    assert concordance_interval(sums) == pytest.approx((1, 1))


def test_without_one_speaker_nothing_varies_and_there_is_no_interval():
    flat = np.full(20, 2.0)
    random = np.random.default_rng(3)
    x = random.normal(size=20)
    by_speaker = np.stack([moments(x, x + 0.3), moments(flat, flat), moments(flat, flat)])
    assert np.isfinite(concordance(by_speaker.sum(axis=0))).all()
    assert np.isnan(concordance_interval(by_speaker)).all()
