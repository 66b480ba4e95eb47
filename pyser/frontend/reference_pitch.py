"""Kaldi's pitch in float64, written to be read: what the C++ pitch is measured against.

The algorithm is that of Ghahremani et al., "A pitch extraction algorithm tuned for automatic speech
recognition" (ICASSP 2014), with the details of Kaldi's ``src/feat/pitch-functions.cc``, of which
the names of the options are: the normalised cross-correlation (NCCF) of the low-passed signal at
whole lags, interpolated at lags in geometric progression, and of these the sequence that costs
least.

Notation as in ``reference``; R Hz is ``resample_frequency``, L and S are samples in a frame and
between two frames at that rate, M the measured lags (whole samples), K the lags to choose from.
"""

import numpy as np

from pyser.frontend import reference


def pitch(x, o):
    """[N] samples on the 16-bit scale at ``sample_frequency`` -> (f0 in Hz [T], NCCF [T])."""
    measured, measured_quiet = measured_nccf(x, o)
    path = best_path(local_cost(measured_quiet @ upsampling(o), o), o)
    return 1 / lags(o)[path], np.sum(measured * upsampling(o).T[path], axis=1)


def voicing(nccf):
    """[T] -> [T]: the probability that a frame is voiced, from its NCCF (Kaldi's NccfToPov)."""
    a = np.minimum(abs(nccf), 1)
    r = -5.2 + 5.4 * np.exp(7.5 * (a - 1)) + 4.8 * a - 2 * np.exp(-10 * a)
    return 1 / (1 + np.exp(-(r + 4.2 * np.exp(20 * (a - 1)))))


# ------------------------------------------------------------------------------------- frames


def frame_length(o):
    """L: ``frame_length`` at ``resample_frequency``, rounded down."""
    return int(o.resample_frequency * 0.001 * o.frame_length)


def lag_range(o):
    """(First, last) lag measured: those of the F0 range and what interpolation needs beside it."""
    beside = o.upsample_filter_width / (2 * o.resample_frequency)
    first = np.ceil(o.resample_frequency * (1 / o.max_f0 - beside))
    return int(first), int(np.floor(o.resample_frequency * (1 / o.min_f0 + beside)))


def starts(T, o):
    """[T] first samples at R Hz of the frames; a frame is as long as L and the last lag together.

    With ``snip_edges`` where the frame of the other features starts, else centred as that is.
    """
    _, S = reference.frame_size(o)
    R, fs = int(o.resample_frequency), int(o.sample_frequency)
    if o.snip_edges:
        return np.arange(T) * S * R // fs
    return (2 * np.arange(T) + 1) * S * R // (2 * fs) - (frame_length(o) + lag_range(o)[1]) // 2


def correlations(y, first_sample, o):
    """[N'] -> products [T, M] of each frame's first L samples with those a lag later, and norms.

    Of both, the mean of the first L samples is subtracted before. The norm is the product of the
    two energies. Samples outside the signal are zero.
    """
    L, (first, last) = frame_length(o), lag_range(o)
    index = first_sample[:, None] + np.arange(L + last)
    inside = (index >= 0) & (index < len(y))
    frame = np.where(inside, y[np.clip(index, 0, len(y) - 1)] if len(y) else 0, 0)
    frame = frame - frame[:, :L].mean(axis=1, keepdims=True)
    delayed = np.lib.stride_tricks.sliding_window_view(frame, L, axis=1)[:, first : last + 1]
    inner = np.einsum("tn,tmn->tm", frame[:, :L], delayed)
    norm = np.sum(frame[:, :L] ** 2, axis=1)[:, None] * np.sum(delayed**2, axis=2)
    return inner, norm


def mean_square(y, first_sample, o):
    """[T] variance of the signal as far as it is known at each frame: it scales the ballast.

    That is up to the end of the frame, or the end of the first ``recompute_frame`` frames; of a
    signal that has fewer, all of it.
    """
    end = np.minimum(first_sample + frame_length(o) + lag_range(o)[1], len(y))
    end[: o.recompute_frame] = end[min(o.recompute_frame, len(end)) - 1] if len(end) else 0
    if len(end) < o.recompute_frame:
        end[:] = len(y)
    count = np.maximum(end, 1)
    total, squares = (np.concatenate([[0], np.cumsum(v)])[end] for v in (y, y**2))
    return np.maximum(squares / count - (total / count) ** 2, 0)


# --------------------------------------------------------------------------------------- NCCF


def measured_nccf(x, o):
    """[N] -> NCCF [T, M] at the measured lags, and the same with the ballast, for the path."""
    y = reference.lowpass(
        x, o.sample_frequency, o.resample_frequency, o.lowpass_cutoff, o.lowpass_filter_width
    )
    first_sample = starts(reference.num_frames(len(x), o), o)
    inner, norm = correlations(y, first_sample, o)
    energy = mean_square(y, first_sample, o)[:, None] * frame_length(o)
    return nccf(inner, norm), nccf(inner, norm + o.nccf_ballast * energy**2)


def nccf(inner, norm):
    """[T, M]: products over the root of the norms; 0 where these are 0."""
    return np.where(norm > 0, inner / np.sqrt(np.where(norm > 0, norm, 1)), 0)


def lags(o):
    """[K] lags in seconds to choose from, each 1 + ``delta_pitch`` times the one before."""
    lag, all_lags = np.float32(1 / o.max_f0), []
    while lag <= np.float32(1 / o.min_f0):
        all_lags.append(lag)
        lag = np.float32(float(lag) * (1 + float(np.float32(o.delta_pitch))))  # as Kaldi adds up
    return np.array(all_lags, float)


def upsampling(o):
    """[M, K] weights that interpolate between measured lags: a Hann-windowed sinc."""
    first, last = lag_range(o)
    t = lags(o) - np.arange(first, last + 1)[:, None] / o.resample_frequency
    cutoff_hz, zeros = o.resample_frequency / 2, o.upsample_filter_width
    hann = 0.5 * (1 + np.cos(2 * np.pi * cutoff_hz / zeros * t))
    inside = abs(t) < zeros / (2 * cutoff_hz)
    return np.where(inside, np.sinc(2 * cutoff_hz * t) * hann, 0)


# --------------------------------------------------------------------------------------- path


def local_cost(nccf, o):
    """[T, K] cost of each lag by itself: 1 - NCCF (1 - soft_min_f0 lag)."""
    return 1 - nccf * (1 - o.soft_min_f0 * lags(o))


def transition_cost(o):
    """[K, K] cost of moving between lags: penalty_factor times the squared log of their ratio."""
    k = np.arange(len(lags(o)))
    return o.penalty_factor * np.log(1 + o.delta_pitch) ** 2 * (k[:, None] - k) ** 2


def best_path(local, o):
    """[T, K] -> [T] indices of lags: the path whose local and transition costs are least.

    A choice is made at most ``max_frames_latency`` frames later, once ``recompute_frame`` frames
    are known; a shorter signal is known as a whole.
    """
    T, move = len(local), transition_cost(o)
    path, before = np.zeros(T, int), np.zeros((T, len(move)), int)
    forward, decided = np.zeros(len(move)), 0
    for t in range(T):
        total = forward + move
        before[t] = total.argmin(axis=1)
        forward = total.min(axis=1) + local[t]
        forward = forward - forward.min()
        known = t + 1 - o.max_frames_latency if t + 1 >= o.recompute_frame else 0
        known = T if t + 1 == T else known
        state = forward.argmin()
        for s in range(t, decided - 1, -1) if known > decided else ():
            path[s] = state
            state = before[s][state]
        decided = max(known, decided)
    return path
