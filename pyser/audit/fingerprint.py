"""Finding changed copies of a sound: louder, noisier, resampled, trimmed, or at another speed.

Two sounds are compared on their log-mel energies below 3.6 kHz, which telephones keep too. A copy
has the same pattern at one constant lag over all its length; two takes of a sentence by one speaker
drift apart within half a second (``likeness``). Which pairs are compared is found by hashing short
pieces around the peaks of loudness (``neighbours.py``); the waveforms decide (``waveforms.py``).
"""

from functools import lru_cache

import numpy as np

SPEEDS = (1.0, 0.9, 1.1)  # the usual ones of speed perturbation
FRAME_S = 0.01
_NUM_BANDS, _LOW_HZ, _HIGH_HZ = 20, 150, 3600
_LOWEST_RATE = 7200  # Hz; below it there are no such bands
_DEPTH = 6.0  # nats below the loud parts that count: 26 dB
_LEAST_DEPTH = 3.0  # nats, however noisy it is
_LOUD, _QUIET = 95, 10  # percentiles
_NOISE_SPREAD = 1.0  # nats: how far noise rises above its own low percentile
_REACH = 48  # frames of a piece, to each side of its peak
_PEAK_DISTANCE = 8  # frames
_POOL_FRAMES, _POOL_BANDS = 6, 4
_STANDS_OUT = 1.0  # nats above the floor that a peak must be
_ROUGH_DEPTH, _ROUGH = 8.0, 0.5  # nats below the loudest; what is less alike is no copy
_SLACK = 2  # frames that the lag of two peaks may be wrong
_LEAST_OVERLAP, _LEAST_FRAMES = 0.5, 38


@lru_cache(maxsize=64)
def _frontend(rate):
    from pyser.frontend import Frontend, FrontendOptions

    options = FrontendOptions(
        sample_frequency=rate,
        num_mel_bins=_NUM_BANDS,
        low_freq=_LOW_HZ,
        high_freq=min(_HIGH_HZ, rate / 2),
        delta_order=0,
    )
    return Frontend(options)


def log_mel(samples, rate):
    """Log-mel energies of a sound.

    Args:
        samples: float32 [N], +-1.
        rate: their sample rate (Hz); 1.1 times it gives those of a copy at a speed of 1.1.

    Returns:
        float32 [T, 20], a row each 10 ms.
    """
    rate = float(round(rate))
    return _frontend(rate)(np.clip(samples, -1, 1), sample_rate=rate)


def likeness(one, other, lag):
    """How alike two sounds are where they overlap: the correlation of their log-mel patterns.

    What is less loud than the noise of the noisier one, or ``_DEPTH`` below its own loud parts,
    is cut off in both; then the mean of each band is taken off.

    Args:
        one, other: float32 [T, B].
        lag: frame ``t + lag`` of ``one`` is frame ``t`` of ``other``; also tried 2 frames off.

    Returns:
        float, at most 1; 0 where they overlap by less than half of the shorter, or are so
        different that the cut would not help.
    """
    pieces = _overlap(one, other, lag)
    if (
        not pieces
        or _correlation(*(np.maximum(p, p.max() - _ROUGH_DEPTH) for p in pieces)) < _ROUGH
    ):
        return 0.0
    shifts = range(lag - _SLACK, lag + _SLACK + 1)
    overlaps = filter(None, (_overlap(one, other, shift) for shift in shifts))
    return max(_correlation(*_above_noise(*pieces)) for pieces in overlaps)


def _overlap(one, other, lag):
    """The rows of both that are at the same time; None where these are too few."""
    start, end = max(0, lag), min(len(one), len(other) + lag)
    if end - start < max(_LEAST_FRAMES, _LEAST_OVERLAP * min(len(one), len(other))):
        return None
    return one[start:end], other[start - lag : end - lag]


def _above_noise(one, other):
    """Both relative to their loud parts, and cut off at the same floor of each band."""
    loud = [np.percentile(rows, _LOUD) for rows in (one, other)]
    floors = [
        np.minimum(np.percentile(rows, _QUIET, axis=0) - top + _NOISE_SPREAD, -_LEAST_DEPTH)
        for rows, top in zip((one, other), loud, strict=True)
    ]
    floor = np.maximum(np.maximum(*floors), -_DEPTH)
    return [np.maximum(r - top, floor) for r, top in zip((one, other), loud, strict=True)]


def _correlation(one, other):
    """Of two patterns (float32 [T, B]), each band free of its mean; 0 when one is constant."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    energy = float(np.vdot(one, one)) * float(np.vdot(other, other))
    return float(np.vdot(one, other)) / energy**0.5 if energy > 0 else 0.0


def describe(rows):
    """The peaks of loudness and what is around each.

    Args:
        rows: float32 [T, B] as ``log_mel`` gives them.

    Returns:
        frames (int32 [K]) and descriptors (int8 [K, 80]) of norm 127 or so: the 0.96 s around
        the peak in blocks of 6 frames and 4 bands, each band free of its mean.
    """
    top = np.percentile(rows, _LOUD)
    clipped = np.maximum(rows - top, -_DEPTH)
    frames = _peaks(clipped.mean(axis=1))
    pooled = clipped.reshape(len(clipped), -1, _POOL_BANDS).mean(axis=2)
    edges = np.arange(-_REACH, _REACH + 1, _POOL_FRAMES)
    inside = np.clip(np.arange(-_REACH, len(rows) + _REACH), 0, len(rows) - 1)
    total = np.zeros((len(inside) + 1, pooled.shape[1]))
    np.cumsum(pooled[inside], axis=0, out=total[1:])
    sums = total[frames[:, None] + edges + _REACH]  # frame f is row f + _REACH of what is summed
    pieces = np.diff(sums, axis=1)
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)).reshape(len(frames), -1)
    norms = np.linalg.norm(pieces, axis=1, keepdims=True)
    scaled = 127 * pieces / np.maximum(norms, 1e-6)
    return frames.astype(np.int32), np.rint(scaled).astype(np.int8)


def _peaks(level):
    """Frames (int [K]) at which the smoothed level is above all its neighbours, and the floor."""
    around = np.r_[[level[0]] * 4, level, [level[-1]] * 4]
    smooth = np.convolve(around, np.hanning(11)[1:-1] / 5, mode="valid")
    is_peak = smooth > _STANDS_OUT - _DEPTH
    for distance in range(1, _PEAK_DISTANCE + 1):
        is_peak[distance:] &= smooth[distance:] > smooth[:-distance]
        is_peak[:-distance] &= smooth[:-distance] > smooth[distance:]
    return np.flatnonzero(is_peak)


class Descriptors:
    """The descriptors of many sounds: ``vectors`` int8 [K, 80] and of whom, when, how fast."""

    def __init__(self):
        self.utterances = []
        self._parts = []

    def add(self, utterance, speed, frames, vectors):
        """Add what ``describe`` gave of an utterance at a speed."""
        if not self.utterances or self.utterances[-1] != utterance:
            self.utterances.append(utterance)
        number = np.full(len(frames), len(self.utterances) - 1, np.int32)
        place = np.full(len(frames), SPEEDS.index(speed), np.int8)
        self._parts.append((number, place, frames, vectors))

    def arrays(self):
        """utterance number (int32 [K]), speed number (int8 [K]), frame (int32 [K]), vectors."""
        if not self._parts:
            empty = np.empty(0, np.int32)
            return empty, empty.astype(np.int8), empty, np.empty((0, 0), np.int8)
        return tuple(np.concatenate(column) for column in zip(*self._parts, strict=True))
