"""Lin's concordance correlation coefficient (Biometrics 45, 1989), with intervals.

    CCC = 2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2)

with the means m, variances s^2 and covariance s_xy of N pairs (divided by N). It is computed from
sums, so that those of speakers, folds or draws can be added up first: the last axis of *moments*
``[..., 6]`` holds N, sum x, sum y, sum x^2, sum y^2, sum x y.

The interval is made like that of the classification metrics (``pyser.score.intervals``), with
Fisher's z = artanh(CCC) in place of the log-odds.
"""

import numpy as np

from pyser.errors import InputError
from pyser.score.intervals import (
    LEVEL,
    half_width,
    leave_one_out,
    mean_over_seeds,
    seed_component,
    speaker_component,
)

_ROUNDING = 1e-12  # what differences of sums leave of a variance that is nought, as part of x^2


def moments(reference, estimate, groups=None, num_groups=1):
    """Sums over pairs of numbers, in each group of pairs.

    Args:
        reference, estimate: float ``[N]``, all finite. Where their means are far from 0 compared
            to their spread, subtract one number from both first: CCC stays the same.
        groups: integer array ``[N]`` of indices in [0, num_groups), or None: one group.
        num_groups: G.

    Returns:
        float64 ``[G, 6]``.

    Raises:
        InputError: the arrays differ in length or hold what is no finite number.
    """
    pair = [np.asarray(values, np.float64) for values in (reference, estimate)]
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape:
        found = f"{pair[0].shape} references and {pair[1].shape} estimates"
        raise InputError(found, expected="one estimate for each reference")
    for name, values in zip(("reference", "estimate"), pair, strict=True):
        odd = np.flatnonzero(~np.isfinite(values))
        if odd.size:
            raise InputError(f"{name} {odd[0]} is {values[odd[0]]}", expected="a finite number")
    x, y = pair
    groups = np.zeros(len(x), np.int64) if groups is None else groups
    terms = (np.ones_like(x), x, y, x * x, y * y, x * y)
    return np.stack([np.bincount(groups, term, num_groups) for term in terms], axis=-1)


def concordance(sums):
    """CCC of moments ``[..., 6]``: float64 ``[...]`` in [-1, 1].

    0 where only one side is constant; ``nan`` where both are the same constant, or nothing was
    counted: there is nothing to agree upon.
    """
    sums = np.asarray(sums, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums / sums[..., :1]
        m_x, m_y = mean[..., 1], mean[..., 2]
        s_xx, s_yy = mean[..., 3] - m_x**2, mean[..., 4] - m_y**2
        total = s_xx + s_yy + (m_x - m_y) ** 2
        found = 2 * (mean[..., 5] - m_x * m_y) / total
        return np.where(total > _ROUNDING * (mean[..., 3] + mean[..., 4]), found, np.nan)


def concordance_interval(by_speaker, level=LEVEL):
    """The interval of CCC, pooled over speakers in each seed and averaged over seeds.

    Args:
        by_speaker: moments ``[S, K, 6]`` of S speakers in K seeds; zeros where a seed did not test
            a speaker.
        level: share of intervals that cover the value which more speakers (and seeds) tend to.

    Returns:
        (low, high) in [-1, 1]; ``nan`` for a single speaker, or where CCC is not defined,
        of all speakers or without one of them.
    """
    by_seed = concordance(by_speaker.sum(axis=0))
    estimate = float(by_seed.mean())
    if len(by_speaker) < 2 or not np.isfinite(estimate):
        return float("nan"), float("nan")
    if abs(estimate) >= 1:
        return estimate, estimate
    left_out = leave_one_out(concordance, by_speaker)
    if not np.isfinite(left_out).any(axis=1).all():  # without some speaker nothing is left to tell
        return float("nan"), float("nan")
    components = [
        speaker_component(mean_over_seeds(left_out)),
        *seed_component((by_seed, left_out)),
    ]
    reach = half_width(components, level) / (1 - estimate**2)
    low, high = np.tanh(np.arctanh(estimate) + np.array([-reach, reach]))
    return float(low), float(high)
