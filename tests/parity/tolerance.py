"""How far float32 features may lie from the float64 reference: the one place that says so.

A float32 transform of a frame x is off by about EPS |x| in every bin, whatever the bin holds, so
its log can be off by anything where a bin holds next to nothing (a pure tone, a square wave, an
offset that was removed). A fixed tolerance would be too tight there and far too wide for speech.
So the error of the transform is bounded instead, and carried through the later steps:

    |dX_k| <= TRANSFORM EPS |x|,   x the frame as it came in, before any offset was removed,
        + K/8 EPS (|X_k| + |X_{K/2-k}|) where K is a power of two;
    |d|X_k|^2| <= 2 |X_k| |dX_k| + |dX_k|^2, summed with the weights of the mel filter;
    log E within [log(E - dE), log(E + dE)], floored as E is, plus LOG for the log itself;
    DCT, lifter, mean and deltas: the sum of |coefficient| times the error of each input, and
        the rounding of the sum, which is a few EPS times its largest term.

The second term is Kaldi's: the last step of its transform takes powers of a float32 root of
unity, each from the one before, so the k-th is off by k EPS, k <= K/4, and a strong bin shows up
faintly at the mirrored one. The front end follows Kaldi in this.

Linear (no-log) outputs may differ by LINEAR of the frame's maximum on top. TRANSFORM and LOG are
about twice what the front end was seen to need over 20000 drawn cases (6 and 2e-6).
"""

import numpy as np
from scipy import fft, ndimage

from pyser.frontend import reference

EPS = float(np.finfo(np.float32).eps)
TRANSFORM = 12.0
LOG = 4e-6
LINEAR = 1e-5


def assert_agrees(rows, samples, o, sample_rate=None):
    """``rows`` are the features of ``samples`` in float32; return the float64 reference's."""
    exact = reference.features(samples, o, sample_rate)
    assert rows.shape == exact.shape
    difference, allowed = abs(rows - exact), allowed_difference(samples, o, sample_rate)
    for row, column in np.argwhere(~(difference <= allowed))[:1]:
        raise AssertionError(
            f"row {row}, column {column} of {exact.shape}: {rows[row, column]} against "
            f"{exact[row, column]}; allowed {allowed[row, column]}"
        )
    return exact


def allowed_difference(samples, o, sample_rate=None):
    """[T, D] largest difference allowed to ``reference.features(samples, o, sample_rate)``."""
    rate = sample_rate or o.sample_frequency
    pcm = reference.on_pcm_scale(samples, o)
    x = reference.resample(pcm, rate, o.sample_frequency)
    rows, allowed = reference.static_rows(x, o), _static(x, o)
    if rate != o.sample_frequency:  # each sample is off by some EPS of those around it
        allowed = np.maximum(allowed, _static(x, o, EPS * abs(pcm).max(initial=0)))
    if o.subtract_mean and len(rows):
        rows = rows - rows.mean(axis=0)
        allowed = allowed + allowed.mean(axis=0) + EPS * abs(rows)
    if o.truncate:
        rows, allowed = rows[:, : o.truncate], allowed[:, : o.truncate]
    return _deltas(rows, allowed, o)


def _static(x, o, sample_error=0.0):
    """[T, D] for the static rows; ``sample_error`` is that of the samples themselves."""
    raw = reference.frames(x, o)
    clean = reference.remove_dc(raw, o)
    windowed = reference.preemphasis(clean, o.preemphasis_coefficient)
    windowed = windowed * reference.window(raw.shape[1], o)
    dX = TRANSFORM * EPS * np.linalg.norm(raw, axis=1, keepdims=True)
    dX = dX + sample_error * np.sqrt(raw.shape[1])
    norm = np.linalg.norm(clean if o.raw_energy else windowed, axis=1, keepdims=True)
    energy = _log_error(norm**2, 2 * norm * dX + dX**2)
    K = reference.fft_size(o)
    X = np.sqrt(reference.power_spectrum(windowed, K))
    if K & (K - 1) == 0:
        dX = dX + K / 8 * EPS * (X + X[:, ::-1])
    if o.feature_type == "spectrogram":
        return np.concatenate([energy, _log_error(X**2, 2 * X * dX + dX**2)[:, 1:]], axis=1)
    if o.feature_type == "mfcc":
        return _mfcc(X, dX, energy, o)
    return _fbank(X, dX, energy, o)


def _fbank(X, dX, energy, o):
    filters = reference.mel_filters(o).T
    bins, error = (X**2, 2 * X * dX + dX**2) if o.use_power else (X, dX + 0 * X)
    mel, allowed = bins @ filters, error @ filters
    if o.use_log_fbank:
        allowed = _log_error(mel, allowed)
    else:
        allowed = allowed + LINEAR * mel.max(axis=1, initial=0, keepdims=True)
    if not reference.use_energy(o):
        return allowed
    return np.concatenate([allowed, energy] if o.htk_compat else [energy, allowed], axis=1)


def _mfcc(X, dX, energy, o):
    filters = reference.mel_filters(o).T
    mel = X**2 @ filters
    log_mel = _log_error(mel, (2 * X * dX + dX**2) @ filters)
    log_mel += 2 * EPS * abs(np.log(np.maximum(mel, reference.FLOOR)))  # rounding of the sum
    dct = abs(fft.dct(np.eye(o.num_mel_bins), norm="ortho", axis=1)[:, : o.num_ceps])
    allowed = log_mel @ dct * abs(reference.lifter(o))
    if reference.use_energy(o):
        allowed[:, :1] = energy
    elif o.htk_compat:
        allowed[:, 0] *= np.sqrt(2)
    return np.roll(allowed, -1, axis=1) if o.htk_compat else allowed


def _log_error(value, error):
    """Largest change of ln max(value, FLOOR) when ``value`` moves by ``error``, plus LOG."""
    low, middle, high = (
        np.log(np.maximum(v, reference.FLOOR)) for v in (value - error, value, value + error)
    )
    return np.maximum(high - middle, middle - low) + LOG


def _deltas(rows, allowed, o):
    """Carry ``allowed`` through the deltas of ``rows``, with the rounding of each sum."""
    if not len(rows):
        return np.zeros((0, (o.delta_order + 1) * rows.shape[1]))
    blocks, size, htk = [allowed], abs(rows), o.delta_edges == "htk"
    for order in range(1, o.delta_order + 1):
        taps = abs(reference.delta_filter(1 if htk else order, o.delta_window))
        # Composed in float32, taps are off by EPS of the largest, even those that should be zero.
        rounding = 4 * EPS * np.maximum(taps, taps.max() / 4)
        error = _filter(blocks[-1 if htk else 0], taps) + _filter(size, rounding)
        size = _filter(size, taps) if htk else size
        blocks.append(error)
    return np.concatenate(blocks, axis=1)


def _filter(rows, taps):
    return ndimage.correlate1d(rows, taps, axis=0, mode="nearest")
