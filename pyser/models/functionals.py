"""Functionals: what a whole utterance is like, as one vector, whatever its length.

The classical description of emotional speech (Schuller, Steidl, Batliner: "The INTERSPEECH 2009
Emotion Challenge", pp. 312-315): low-level descriptors per frame, here the rows of the feature
archive, and statistics of each of them over time. Arrays only, computed in float64.
"""

import numpy as np
from scipy.fft import dct


def _slope(rows):
    """Least-squares line over the utterance: its rise from the first frame to the last."""
    last = len(rows) - 1
    times = np.arange(len(rows)) - last / 2
    return last * (times @ rows) / (times @ times or 1.0)  # of one frame: 0


# Name -> function from rows [T, D] to [D]. One frame is enough for all of them.
STATISTICS = {
    "mean": lambda rows: rows.mean(axis=0),
    "std": lambda rows: rows.std(axis=0),
    "min": lambda rows: rows.min(axis=0),
    "max": lambda rows: rows.max(axis=0),
    "range": lambda rows: np.ptp(rows, axis=0),
    "slope": _slope,
}


def functionals(rows, statistics, percentiles=()):
    """Statistics of every column over time.

    Args:
        rows: [T, D], T at least 1.
        statistics: keys of ``STATISTICS``.
        percentiles: in 0..100, linear between frames (as ``numpy.percentile``).

    Returns:
        float64 [(number of statistics + number of percentiles) * D]; all columns of the first
        statistic, then all of the second, ...
    """
    rows = np.asarray(rows, dtype=np.float64)
    parts = [STATISTICS[name](rows) for name in statistics]
    parts += list(np.percentile(rows, percentiles, axis=0)) if percentiles else []
    return np.concatenate(parts)


def cepstra(bands, num_ceps):
    """The first coefficients of the orthonormal DCT-II of every row: [T, bands] -> [T, num_ceps].

    Of log-mel bands that is an MFCC without lifter, coefficient 0 included; of bands that were
    z-scored one by one, that of the z-scores, which is as linear in the bands. Of deltas it is the
    deltas of the coefficients, since both are linear.
    """
    return dct(np.asarray(bands, dtype=np.float64), type=2, norm="ortho", axis=1)[:, :num_ceps]
