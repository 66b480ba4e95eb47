"""Ways to make a 95 % interval of a metric from a few speakers, to be judged by intervals.py.

Each takes ``(metric, by_speaker [S, K, C, C], random)`` and returns (low, high).
"""

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from pyser.score.intervals import (
    leave_one_out,
    mean_over_seeds,
    metric_interval,
    speaker_component,
)

DRAWS = 400
_STEP = 1e-5  # of numerical derivatives


def percentile(metric, by_speaker, random):
    """Bootstrap over speakers, percentiles (Efron & Tibshirani 1993, chapter 13)."""
    return _percentiles(_values(metric, by_speaker, _draws(by_speaker, random)))


def percentile_crossed(metric, by_speaker, random):
    """The same, seeds drawn as well as speakers (Owen 2007)."""
    values = _resampled(metric, by_speaker, _draws(by_speaker, random))
    drawn = random.integers(0, values.shape[1], values.shape)
    return _percentiles(np.take_along_axis(values, drawn, axis=1).mean(axis=1))


def rao_wu(metric, by_speaker, random):
    """One speaker less is drawn, and weighs more for it (Rao & Wu 1988)."""
    size = len(by_speaker)
    weights = _draws(by_speaker, random, size - 1) * size / (size - 1)
    return _percentiles(_values(metric, by_speaker, weights))


def bca(metric, by_speaker, random):
    """Percentiles shifted for bias and skewness (Efron & Tibshirani 1993, chapter 14)."""
    values = _values(metric, by_speaker, _draws(by_speaker, random))
    estimate = metric(by_speaker.sum(axis=0)).mean()
    below = (values < estimate).mean() + (values == estimate).mean() / 2
    bias = ndtri(np.clip(below, 1 / DRAWS, 1 - 1 / DRAWS))
    left_out = mean_over_seeds(leave_one_out(metric, by_speaker))
    shift = left_out.mean() - left_out
    scale = 6 * (shift**2).sum() ** 1.5
    skew = (shift**3).sum() / scale if scale > 0 else 0.0
    ends = bias + ndtri([0.025, 0.975])
    return tuple(np.percentile(values, 100 * ndtr(bias + ends / (1 - skew * ends))))


def bootstrap_t(metric, by_speaker, random):
    """Studentised bootstrap on the log-odds, with linearised standard errors."""
    estimate, error = _linearised(metric, by_speaker, np.ones((1, len(by_speaker))))
    values, errors = _linearised(metric, by_speaker, _draws(by_speaker, random))
    usable = (errors > 1e-9) & (values > 0) & (values < 1)
    values, errors = values[usable], errors[usable]
    scaled = (_log_odds(values) - _log_odds(estimate)) * values * (1 - values) / errors
    slope = estimate * (1 - estimate)
    ends = _log_odds(estimate) - np.percentile(scaled, [97.5, 2.5]) * error / slope
    return tuple(1 / (1 + np.exp(-ends)))


def linearised_t(metric, by_speaker, random):
    """Student's interval with the linearised (sandwich) variance of the speakers."""
    estimate, error = _linearised(metric, by_speaker, np.ones((1, len(by_speaker))))
    reach = stdtrit(len(by_speaker) - 1, 0.975) * error
    return float((estimate - reach)[0]), float((estimate + reach)[0])


def jackknife_t(metric, by_speaker, random):
    """Student's interval with the jackknife variance of the speakers, on the plain scale."""
    variance, degrees = speaker_component(mean_over_seeds(leave_one_out(metric, by_speaker)))
    estimate = metric(by_speaker.sum(axis=0)).mean()
    reach = stdtrit(degrees, 0.975) * variance**0.5
    return estimate - reach, estimate + reach


def chosen(metric, by_speaker, random):
    """What `pyser score` reports."""
    return metric_interval(metric, by_speaker, int(by_speaker[:, 0].sum()))


CANDIDATES = {
    "bootstrap, percentiles": percentile,
    "bootstrap, percentiles, seeds too": percentile_crossed,
    "bootstrap, Rao-Wu": rao_wu,
    "bootstrap, BCa": bca,
    "bootstrap-t, log-odds": bootstrap_t,
    "linearised, t": linearised_t,
    "jackknife, t": jackknife_t,
    "jackknife, t, log-odds, seeds (chosen)": chosen,
}


def _draws(by_speaker, random, size=None):
    """How often each speaker is drawn: float64 ``[DRAWS, S]``."""
    num_speakers = len(by_speaker)
    even = np.full(num_speakers, 1 / num_speakers)
    return random.multinomial(size or num_speakers, even, size=DRAWS).astype(float)


def _resampled(metric, by_speaker, weights):
    """The metric of each draw and seed: ``[DRAWS, K]``."""
    flat = by_speaker.reshape(len(by_speaker), -1).astype(float)
    return metric((weights @ flat).reshape(len(weights), *by_speaker.shape[1:]))


def _values(metric, by_speaker, weights):
    return mean_over_seeds(_resampled(metric, by_speaker, weights))


def _linearised(metric, by_speaker, weights):
    """The metric of each draw, and its standard error from the speakers' influence on it."""
    flat = by_speaker.reshape(len(by_speaker), -1).astype(float)
    totals = (weights @ flat).reshape(len(weights), *by_speaker.shape[1:])
    values = metric(totals)
    moved = metric(totals[:, None] + _STEP * by_speaker)
    influence = ((moved - values[:, None]) / _STEP).mean(axis=2)
    size = len(by_speaker)
    variance = (weights * influence**2).sum(axis=1) * size / (size - 1)
    return values.mean(axis=1), np.sqrt(variance)


def _percentiles(values):
    return tuple(np.nanpercentile(values, [2.5, 97.5]))


def _log_odds(share):
    return np.log(share / (1 - share))
