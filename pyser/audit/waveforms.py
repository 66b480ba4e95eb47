"""Whether two sounds are copies of one waveform, which no two recordings of speech are."""

import numpy as np

_RATE_HZ = 8000  # what is compared; speech of telephones has no more
_PREEMPHASIS = 0.95  # takes off hum, which recordings of one room have in common
_SLACK_S = 0.04  # how far off the lag may be


def waveform_likeness(one, one_rate, other, other_rate, lag_s):
    """The correlation of two waveforms where they overlap, at the best lag near ``lag_s``.

    Args:
        one, other: float32 [N], [M].
        one_rate, other_rate: their sample rates (Hz).
        lag_s: second ``t + lag_s`` of ``one`` is second ``t`` of ``other``, to 40 ms.

    Returns:
        float from 0 to 1; the sign is left out, for an inverted copy is one too.
    """
    one, other = _prepared(one, one_rate), _prepared(other, other_rate)
    middle, reach = round(lag_s * _RATE_HZ), round(_SLACK_S * _RATE_HZ)
    size = 1 << int(np.ceil(np.log2(len(one) + len(other))))
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    products = np.fft.irfft(spectrum, size)
    lags = np.arange(middle - reach, middle + reach + 1)
    starts, ends = np.maximum(0, lags), np.minimum(len(one), len(other) + lags)
    lags, starts, ends = (column[ends > starts] for column in (lags, starts, ends))
    if not len(lags):
        return 0.0
    one_energy, other_energy = (
        np.r_[0.0, np.cumsum(x.astype(np.float64) ** 2)] for x in (one, other)
    )
    energy = one_energy[ends] - one_energy[starts]
    energy *= other_energy[ends - lags] - other_energy[starts - lags]
    found = np.abs(products[lags]) / np.sqrt(np.maximum(energy, 1e-20))
    return float(found.max())


def _prepared(samples, rate):
    import soxr

    samples = soxr.resample(samples, rate, _RATE_HZ, quality="LQ")
    return samples[1:] - np.float32(_PREEMPHASIS) * samples[:-1]
