"""Whether two sounds are copies of one waveform, which no two recordings of speech are.

A copy goes with the original all along. Two voices that say the same may do so for a while, most of
all synthetic ones, whose pitch follows one rule; so most of the loud pieces have to agree.
"""

import numpy as np

_RATE_HZ = 8000  # what is compared; speech of telephones has no more
_PREEMPHASIS = 0.95  # takes off hum, which recordings of one room have in common
_SLACK_S = 0.04  # how far off the lag may be
_PIECE_S = 0.2
_LOUD_SHARE, _AGREEING_SHARE = 0.5, 0.75  # of the pieces, and of the loud ones
_FEWEST_PIECES = 3  # that are loud, or all where there are fewer; of a single one nothing follows


def waveform_likeness(one, one_rate, other, other_rate, lag_s):
    """How much two waveforms go together where they overlap, at the best lag near ``lag_s``.

    Args:
        one, other: float32 [N], [M].
        one_rate, other_rate: their sample rates (Hz).
        lag_s: second ``t + lag_s`` of ``one`` is second ``t`` of ``other``, to 40 ms.

    Returns:
        float, at most 1: a correlation that three quarters of the louder half of the pieces of
        0.2 s reach; 0 if there are less than two. An inverted copy is a copy too.
    """
    one, other = _prepared(one, one_rate), _prepared(other, other_rate)
    lag, sign = _best_lag(one, other, round(lag_s * _RATE_HZ))
    start, end = max(0, lag), min(len(one), len(other) + lag)
    length = round(_PIECE_S * _RATE_HZ)
    number = max(0, end - start) // length
    if number < 2:
        return 0.0
    one = one[start : start + number * length].reshape(number, length)
    other = sign * other[start - lag : start - lag + number * length].reshape(number, length)
    energy = (one * one).sum(axis=1) * (other * other).sum(axis=1)
    correlation = (one * other).sum(axis=1) / np.sqrt(np.maximum(energy, 1e-20))
    most = max(_FEWEST_PIECES, int(np.ceil(_LOUD_SHARE * number)))
    loud = np.argsort(-energy, kind="stable")[:most]
    return float(np.percentile(correlation[loud], 100 * (1 - _AGREEING_SHARE)))


def _best_lag(one, other, middle):
    """The lag (samples) near ``middle`` of the strongest product of both, and its sign."""
    size = 1 << int(np.ceil(np.log2(len(one) + len(other))))
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    products = np.fft.irfft(spectrum, size)
    reach = round(_SLACK_S * _RATE_HZ)
    lags = np.arange(max(middle - reach, 1 - len(other)), min(middle + reach, len(one) - 1) + 1)
    if not len(lags):
        return middle, 1
    best = lags[np.abs(products[lags]).argmax()]
    return int(best), 1 if products[best] >= 0 else -1


def _prepared(samples, rate):
    import soxr

    samples = soxr.resample(samples, rate, _RATE_HZ, quality="LQ")
    return samples[1:] - np.float32(_PREEMPHASIS) * samples[:-1]
