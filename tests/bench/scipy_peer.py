"""The strongest float32 front end that NumPy and SciPy give: what ours is compared with.

One vectorised pass. What is linear and per sample is done once per signal (pre-emphasis, sums for
the means); frames are strided views, copied once, block by block, into a padded buffer that stays
in the cache; every intermediate array is reused. The block size and the kind of mel product are
chosen by measuring (``tuned``).
"""

import time
from math import gcd

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.lib.stride_tricks import as_strided
from scipy.linalg.blas import sger

_FLOOR = np.finfo(np.float32).eps
_BLOCKS = (32, 64, 96, 128, 192, 256)
_MELS = ("dense", "sparse")
_TUNING_ROUNDS = 5


class ScipyPeer:
    """Samples -> [T, 3 D] float32: a feature, its deltas and their deltas, with Kaldi's edges.

    Args:
        case: dict of FrontendOptions that differ from the defaults; ``feature_type``,
            ``sample_frequency``, ``frame_length``, ``frame_shift`` and ``num_mel_bins`` count.
        block: frames in one FFT call.
        mel: ``dense`` or ``sparse``: the kind of product with the mel filters.
    """

    def __init__(self, case, block=96, mel="dense"):
        self.case, self.block, self.mel = case, block, mel
        self.kind = case.get("feature_type", "fbank")
        self.rate_hz = case.get("sample_frequency", 16000)
        self.length = int(self.rate_hz * 0.001 * case.get("frame_length", 25))
        self.shift = int(self.rate_hz * 0.001 * case.get("frame_shift", 10))
        self.fft_size = 1 << (self.length - 1).bit_length()
        num_mel = case.get("num_mel_bins", 26)
        window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(self.length) / (self.length - 1))
        self.window = window.astype(np.float32)
        self.padded_window = np.pad(self.window, (0, self.fft_size - self.length))
        self.keep = np.float32(0.97)
        self.filters = mel_filters(num_mel, self.rate_hz, self.fft_size).astype(np.float32)
        self.sparse_filters = scipy.sparse.csr_array(self.filters.T)
        self.cosines = lifted_dct(13, num_mel).astype(np.float32).T.copy()
        self.frames = np.zeros((block, self.fft_size), np.float32)
        self.power = np.empty((block, self.fft_size // 2 + 1), np.float32)
        self.columns = num_mel if self.kind != "spectrogram" else self.fft_size // 2 + 1
        self.capacity = 0
        self.emphasised = np.empty(0, np.float32)
        self.work = None

    def __call__(self, samples):
        """Features of [N] float32 samples on the 16-bit scale."""
        count = max(0, 1 + (len(samples) - self.length) // self.shift)
        if len(samples) < self.length:
            return np.zeros((0, 3 * self.columns), np.float32)
        self._reserve(count, len(samples))
        static = self._static(samples, count)
        return self._with_deltas(static, count)

    def _reserve(self, count, num_samples):
        if count > self.capacity or num_samples > len(self.emphasised):
            self.capacity = 2 * count
            self.emphasised = np.empty(2 * num_samples, np.float32)
            self.rows = np.empty((self.capacity, self.columns), np.float32)
            self.work = None

    def _static(self, x, count):
        """[T, D] of one signal, a view of a buffer."""
        y = self.emphasised[: len(x)]
        np.multiply(x[:-1], -self.keep, out=y[1:])
        y[1:] += x[1:]
        means = self._sums(x, count) * np.float32(1 / self.length)
        starts = as_strided(x, (count,), (4 * self.shift,))
        first = (1 - self.keep) * (starts - means) * self.window[0]
        offsets = means * (1 - self.keep)  # the means, after pre-emphasis
        frames = as_strided(y, (count, self.length), (4 * self.shift, 4))
        rows = self.rows[:count]
        for begin in range(0, count, self.block):
            part = slice(begin, min(begin + self.block, count))
            size = part.stop - begin
            windowed = self.frames[:size, : self.length]
            np.multiply(frames[part], self.window, out=windowed)
            # Less the windowed means: a product of two vectors, which BLAS subtracts fastest.
            sger(-1, self.padded_window, offsets[part], a=self.frames[:size].T, overwrite_a=True)
            windowed[:, 0] = first[part]
            spectrum = scipy.fft.rfft(self.frames[:size], workers=1)
            power = rows[part] if self.kind == "spectrogram" else self.power[:size]
            np.abs(spectrum, out=power)  # two passes of SIMD loops: faster than re^2 + im^2
            np.square(power, out=power)
            if self.kind == "spectrogram":
                continue
            if self.mel == "dense":
                np.matmul(power, self.filters, out=rows[part])
            else:
                rows[part] = (self.sparse_filters @ power.T).T
        np.maximum(rows, _FLOOR, out=rows)
        np.log(rows, out=rows)
        if self.kind == "spectrogram":
            self._put_energy(x, means, count, rows)
        return rows @ self.cosines if self.kind == "mfcc" else rows

    def _sums(self, x, count):
        """[T] sums of the samples of each frame, from blocks that frames share."""
        size = gcd(self.length, self.shift)
        if size < 16:
            total = np.zeros(len(x) + 1)
            np.cumsum(x, out=total[1:])
            ends = total[self.length :: self.shift][:count]
            return (ends - total[:: self.shift][:count]).astype(np.float32)
        per_frame, step = self.length // size, self.shift // size
        num_blocks = (count - 1) * step + per_frame
        blocks = x[: num_blocks * size].reshape(-1, size) @ np.ones(size, np.float32)
        return as_strided(blocks, (count, per_frame), (4 * step, 4)).sum(axis=1)

    def _put_energy(self, x, means, count, rows):
        frames = as_strided(x, (count, self.length), (4 * self.shift, 4))
        energy = np.einsum("tn,tn->t", frames, frames) - self.length * means * means
        np.log(np.maximum(energy, _FLOOR), out=rows[:, 0])

    def _with_deltas(self, static, count):
        """[T, 3 D]: the static rows, replicated at the edges, and the filter applied twice."""
        width = static.shape[1]
        if self.work is None or self.work.shape[1:] != (self.capacity + 8, width):
            self.work = np.empty((5, self.capacity + 8, width), np.float32)
        padded = self.work[0, : count + 8]
        padded[4:-4], padded[:4], padded[-4:] = static, static[0], static[-1]
        first = _delta(padded, self.work[1], self.work[2])
        second = _delta(first, self.work[3], self.work[4])
        rows = np.empty((count, 3 * width), np.float32)
        rows[:, :width] = static
        rows[:, width : 2 * width] = first[2:-2]
        rows[:, 2 * width :] = second
        return rows


def _delta(x, result, scratch):
    """0.1 (x[t+1] - x[t-1]) + 0.2 (x[t+2] - x[t-2]) in ``result``; four rows fewer than ``x``."""
    result, scratch = result[: len(x) - 4], scratch[: len(x) - 4]
    np.subtract(x[4:], x[:-4], out=result)
    result += result
    np.subtract(x[3:-1], x[1:-3], out=scratch)
    result += scratch
    result *= np.float32(0.1)
    return result


def mel_filters(num_mel, rate_hz, fft_size, low_hz=20):
    """[K, M] weights of triangular filters, drawn in the mel domain; none of the Nyquist bin."""

    def mel(f):
        return 1127 * np.log1p(np.asarray(f) / 700)

    edges = np.linspace(mel(low_hz), mel(rate_hz / 2), num_mel + 2)
    bins = mel(np.arange(fft_size // 2) * rate_hz / fft_size)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    weights = np.maximum(0, np.minimum(rising, falling))
    return np.concatenate([weights, np.zeros((1, num_mel))])


def lifted_dct(num_ceps, num_mel, lifter=22):
    """[C, M] of the orthonormal DCT-II, rows scaled by 1 + L/2 sin(pi i / L)."""
    i = np.arange(num_ceps)[:, None]
    matrix = np.sqrt(2 / num_mel) * np.cos(np.pi / num_mel * (np.arange(num_mel) + 0.5) * i)
    matrix[0] = np.sqrt(1 / num_mel)
    return matrix * (1 + lifter / 2 * np.sin(np.pi * i / lifter))


def tuned(case, signals):
    """The fastest ScipyPeer for a case, by trying blocks and mel products on ``signals``."""
    best, best_s = None, np.inf
    for mel in _MELS if case.get("feature_type") != "spectrogram" else _MELS[:1]:
        for block in _BLOCKS:
            peer = ScipyPeer(case, block, mel)
            seconds = min(_seconds(peer, signals) for _ in range(_TUNING_ROUNDS))
            if seconds < best_s:
                best, best_s = peer, seconds
    return best


def _seconds(peer, signals):
    start = time.process_time()
    for signal in signals:
        peer(signal)
    return time.process_time() - start
