"""Intervals for metrics by a bootstrap over speakers.

Utterances of one speaker are not independent, so speakers are what is resampled: each draw takes as
many speakers as there are, with replacement, with all their utterances. A metric needs only the
sum of the drawn speakers' confusion matrices, so all draws are one matrix product. The interval
spans the percentiles of the draws (Efron & Tibshirani 1993, chapter 13); with few speakers it is
rather too narrow.
"""

import numpy as np

DRAWS = 2000
SEED = 0
LEVEL = 0.95


def resample_speakers(matrices, draws=DRAWS, seed=SEED):
    """Confusion matrices of bootstrap draws.

    Args:
        matrices: counts ``[S, ..., C, C]``, one confusion matrix (or several) for each speaker.
        draws: number of draws.
        seed: of the random numbers; the draws are the same on every machine.

    Returns:
        float64 ``[draws, ..., C, C]``: sums over the drawn speakers (whole numbers, exact).
    """
    matrices = np.asarray(matrices)
    num_speakers = len(matrices)
    # raw 64-bit words: NumPy promises the same ones in every version, unlike for integers()
    words = np.random.PCG64(seed).random_raw(draws * num_speakers).reshape(draws, num_speakers)
    drawn = (words % np.uint64(num_speakers)).astype(np.int64)
    rows = np.arange(draws)[:, None] * num_speakers
    weights = np.bincount((rows + drawn).ravel(), minlength=draws * num_speakers)
    weights = weights.reshape(draws, num_speakers).astype(np.float64)
    flat = weights @ matrices.reshape(num_speakers, -1).astype(np.float64)
    return flat.reshape(draws, *matrices.shape[1:])


def percentile_interval(values, level=LEVEL):
    """The (low, high) percentiles that leave ``level`` of the finite ``values`` between them."""
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan"), float("nan")
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
