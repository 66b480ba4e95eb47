"""The front end in float64, written to be read: what the C++ front end is measured against.

Every function is one step of the definition, on all frames at once, with plain NumPy and SciPy and
no thought of speed. It is never a fallback: nothing in the package imports it. The steps, in the
order of `features`: scale, resample, frame, remove DC, log energy, pre-emphasis, window, power
spectrum, mel filters, log, DCT, truncation, frame features, mean subtraction, deltas.

The formulas are those of Kaldi's ``src/feat`` (feature-window, mel-computations, feature-fbank,
feature-mfcc, feature-spectrogram, resample, feature-functions), which follow the HTK Book (Young et
al., version 3.4, chapter 5). Kaldi computes them in float32.

Notation: N samples, L samples in a frame, S samples between frames, T frames, K points of the
Fourier transform, M mel filters, C cepstra. ``o`` is a FrontendOptions or any object like it.
"""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
from scipy import fft, ndimage

FLOOR = float(np.finfo(np.float32).eps)  # Kaldi floors energies at FLT_EPSILON before each log


def features(samples, options, sample_rate=None):
    """The rows of an utterance: [static | frame features | their deltas | their deltas ...].

    Args:
        samples: [N] int16 (PCM) or float (full scale +-1).
        options: FrontendOptions, or an object or mapping with its field names; dither must be 0.
        sample_rate: of the samples in Hz; ``sample_frequency`` when not given.

    Returns:
        [T, D] float64; [0, D] when no frame fits.
    """
    o = SimpleNamespace(**options) if isinstance(options, Mapping) else options
    if o.dither:
        raise ValueError("the reference has no random numbers; expected dither=0")
    x = resample(on_pcm_scale(samples, o), sample_rate or o.sample_frequency, o.sample_frequency)
    rows = static_rows(x, o)
    if o.truncate:
        rows = rows[:, : o.truncate]
    rows = np.column_stack([rows, frame_feature_rows(x, o)])
    if o.subtract_mean and len(rows):
        rows = rows - rows.mean(axis=0)
    return add_deltas(rows, o.delta_order, o.delta_window, o.delta_edges)


def static_rows(x, o):
    """[N] samples on the 16-bit scale at ``sample_frequency`` -> [T, D] columns of the type."""
    raw = remove_dc(frames(x, o), o)
    if o.feature_type == "none":
        return np.zeros((len(raw), 0))
    windowed = preemphasis(raw, o.preemphasis_coefficient) * window(raw.shape[1], o)
    energy = log_energy(raw if o.raw_energy else windowed, o.energy_floor)
    power = power_spectrum(windowed, fft_size(o))
    rows_of = {"fbank": fbank_rows, "mfcc": mfcc_rows, "spectrogram": spectrogram_rows}
    return rows_of[o.feature_type](power, energy, o)


# ------------------------------------------------------------------------------------ samples


def on_pcm_scale(samples, o):
    """Samples on the scale of 16-bit PCM: integers as they are, floats times ``input_scale``."""
    samples = np.asarray(samples)
    scale = 1.0 if samples.dtype.kind == "i" else o.input_scale
    return samples.astype(np.float64) * scale


def resample(x, rate_in, rate_out):
    """[N] -> [ceil(N rate_out / rate_in)], as Kaldi's ResampleWaveform."""
    if rate_in == rate_out:
        return x
    return lowpass(x, rate_in, rate_out, 0.99 * 0.5 * min(rate_in, rate_out), 6)


def lowpass(x, rate_in, rate_out, cutoff_hz, num_zeros):
    """[N] -> [ceil(N rate_out / rate_in)] by a Hann-windowed sinc (Kaldi, feat/resample.h).

    y_j = (1 / rate_in) sum_i x_i h(i / rate_in - j / rate_out), samples outside the signal being 0,
    h(t) = sin(2 pi c t) / (pi t) * (1 + cos(2 pi c t / z)) / 2 for |t| < z / (2 c), else 0,
    with c = cutoff_hz and z = num_zeros.
    """
    rate_in, rate_out = int(rate_in), int(rate_out)
    half_width_s = num_zeros / (2 * cutoff_hz)
    time_s = np.arange(-(-len(x) * rate_out // rate_in)) / rate_out
    first = np.ceil((time_s - half_width_s) * rate_in).astype(int)
    index = first[:, None] + np.arange(int(2 * half_width_s * rate_in) + 1)
    t = index / rate_in - time_s[:, None]
    sinc = 2 * cutoff_hz * np.sinc(2 * cutoff_hz * t)
    hann = 0.5 * (1 + np.cos(2 * np.pi * cutoff_hz / num_zeros * t))
    inside = (abs(t) < half_width_s) & (index >= 0) & (index < len(x))
    return np.sum(np.where(inside, sinc * hann * x[index % max(len(x), 1)], 0), axis=1) / rate_in


# ------------------------------------------------------------------------------------- frames


def frame_size(o):
    """(L, S): samples in a frame and between the starts of two frames, both rounded down."""
    return tuple(int(o.sample_frequency * 0.001 * ms) for ms in (o.frame_length, o.frame_shift))


def fft_size(o):
    """K: L, or the next power of two with ``round_to_power_of_two``."""
    L, _ = frame_size(o)
    return 1 << (L - 1).bit_length() if o.round_to_power_of_two else L


def num_frames(num_samples, o):
    """T: with ``snip_edges`` the frames that fit, 1 + (N - L) / S; else N / S, rounded."""
    L, S = frame_size(o)
    if o.snip_edges:
        return 0 if num_samples < L else 1 + (num_samples - L) // S
    return (num_samples + S // 2) // S


def frames(x, o):
    """[N] -> [T, L].

    Frame t begins at sample t S with ``snip_edges``, else its middle is that of the t-th shift:
    t S + S / 2 - L / 2. What lies outside the signal is its reflection ... x1 x0 | x0 x1 ..., as
    often as needed: index i means min(j, 2 N - 1 - j) with j = i mod 2 N.
    """
    L, S = frame_size(o)
    start = np.arange(num_frames(len(x), o)) * S
    if not o.snip_edges:
        start = start + S // 2 - L // 2
    if not len(start):
        return np.zeros((0, L))
    index = (start[:, None] + np.arange(L)) % (2 * len(x))
    return x[np.minimum(index, 2 * len(x) - 1 - index)]


def remove_dc(frame, o):
    """[T, L] minus the mean of each frame, if ``remove_dc_offset``."""
    return frame - frame.mean(axis=1, keepdims=True) if o.remove_dc_offset else frame


def log_energy(frame, energy_floor):
    """[T, L] -> [T]: ln sum x^2, not below ln FLT_EPSILON nor, if positive, ln ``energy_floor``."""
    return np.log(np.maximum(np.sum(frame**2, axis=1), max(FLOOR, energy_floor)))


def preemphasis(frame, coefficient):
    """[T, L]: x_n - a x_{n-1} within each frame; the sample before the first is the first."""
    before = np.concatenate([frame[:, :1], frame[:, :-1]], axis=1)
    return frame - coefficient * before


def window(L, o):
    """[L]: the window function over n / (L - 1) = 0 ... 1."""
    phase = 2 * np.pi * np.arange(L) / (L - 1)
    hanning = 0.5 - 0.5 * np.cos(phase)
    a = o.blackman_coeff
    return {
        "hamming": 0.54 - 0.46 * np.cos(phase),
        "hanning": hanning,
        "povey": hanning**0.85,
        "rectangular": np.ones(L),
        "sine": np.sin(0.5 * phase),
        "blackman": a - 0.5 * np.cos(phase) + (0.5 - a) * np.cos(2 * phase),
    }[o.window_type]


def power_spectrum(frame, K):
    """[T, L] -> [T, K / 2 + 1]: |X_k|^2 of each frame, zero-padded to K samples."""
    return abs(fft.rfft(frame, n=K, axis=1)) ** 2


# ---------------------------------------------------------------------------------- mel scale


def mel(f_hz):
    """Mel of a frequency: 1127 ln(1 + f / 700)."""
    return 1127.0 * np.log(1.0 + np.asarray(f_hz) / 700.0)


def inverse_mel(m):
    """Frequency in Hz of a mel: 700 (exp(m / 1127) - 1)."""
    return 700.0 * (np.exp(np.asarray(m) / 1127.0) - 1.0)


def vtln_warp(f_hz, o):
    """Kaldi's vocal tract length warping of frequencies between ``low_freq`` and ``high_freq``.

    Piecewise linear: f / warp between l = vtln_low max(1, warp) and h = vtln_high min(1, warp), and
    straight lines from there to the unmoved ends low_freq and high_freq.
    """
    low, high = o.low_freq, from_nyquist(o.high_freq, o, zero_counts=True)
    l = o.vtln_low * max(1.0, o.vtln_warp)  # noqa: E741
    h = from_nyquist(o.vtln_high, o) * min(1.0, o.vtln_warp)
    return np.interp(f_hz, [low, l, h, high], [low, l / o.vtln_warp, h / o.vtln_warp, high])


def from_nyquist(f_hz, o, zero_counts=False):
    """A frequency option in Hz; a negative one (or 0, for high_freq) counts from Nyquist."""
    below = f_hz <= 0 if zero_counts else f_hz < 0
    return f_hz + 0.5 * o.sample_frequency if below else f_hz


def mel_edges(o):
    """[M + 2] mels, equally spaced, then warped: filter m is a triangle over edges m, m+1, m+2."""
    high = from_nyquist(o.high_freq, o, zero_counts=True)
    edges = np.linspace(mel(o.low_freq), mel(high), o.num_mel_bins + 2)
    return edges if o.vtln_warp == 1 else mel(vtln_warp(inverse_mel(edges), o))


def mel_filters(o):
    """[M, K / 2 + 1] weights: triangles of height 1, straight lines in mel, not normalised.

    Bin k stands at k fs / K Hz; the Nyquist bin belongs to no filter.
    """
    K = fft_size(o)
    bins = np.arange(K // 2 + 1)
    m = mel(bins * o.sample_frequency / K)
    left, centre, right = (mel_edges(o)[i : i + o.num_mel_bins, None] for i in range(3))
    weights = np.minimum((m - left) / (centre - left), (right - m) / (right - centre))
    return np.where(2 * bins < K, np.maximum(weights, 0), 0)


# --------------------------------------------------------------------------------------- rows


def use_energy(o):
    """Whether the row holds the log energy; not given, Kaldi's default: in MFCC only."""
    return o.feature_type == "mfcc" if o.use_energy is None else o.use_energy


def fbank_rows(power, energy, o):
    """[T, M (+ 1)]: log of the filters' outputs on |X|^2, or on |X| without ``use_power``.

    The log energy, if any, comes first, or last with ``htk_compat``.
    """
    rows = (power if o.use_power else np.sqrt(power)) @ mel_filters(o).T
    if o.use_log_fbank:
        rows = np.log(np.maximum(rows, FLOOR))
    if not use_energy(o):
        return rows
    return np.column_stack([rows, energy] if o.htk_compat else [energy, rows])


def mfcc_rows(power, energy, o):
    """[T, C]: orthonormal DCT-II of the log mel energies, liftered, C0 perhaps replaced by energy.

    Lifter: 1 + Q / 2 sin(pi c / Q). ``htk_compat``: C0 (or energy) comes last, and C0 is
    sqrt(2) times larger, since HTK scales all coefficients by sqrt(2 / M).
    """
    log_mel = np.log(np.maximum(power @ mel_filters(o).T, FLOOR))
    rows = fft.dct(log_mel, type=2, norm="ortho", axis=1)[:, : o.num_ceps] * lifter(o)
    if use_energy(o):
        rows[:, 0] = energy
    elif o.htk_compat:
        rows[:, 0] *= np.sqrt(2)
    return np.roll(rows, -1, axis=1) if o.htk_compat else rows


def lifter(o):
    """[C] cepstral weights; all 1 when ``cepstral_lifter`` is 0."""
    Q = o.cepstral_lifter
    return 1 + Q / 2 * np.sin(np.pi * np.arange(o.num_ceps) / Q) if Q else np.ones(o.num_ceps)


def spectrogram_rows(power, energy, o):
    """[T, K / 2 + 1]: log power spectrum, with the log energy in the place of bin 0."""
    rows = np.log(np.maximum(power, FLOOR))
    rows[:, 0] = energy
    return rows


def frame_feature_rows(x, o):
    """[N] samples on the 16-bit scale -> [T, F]: one column for each of the ``frame_features``.

    f0 in Hz, rms on the 16-bit scale, zcr and voicing from 0 to 1.
    """
    from pyser.frontend import reference_pitch  # which uses this module

    raw = remove_dc(frames(x, o), o)
    names = [name for name in o.frame_features.split(",") if name]
    columns = {
        "log_energy": log_energy(raw, o.energy_floor),
        "zcr": zero_crossing_rate(raw),
        "rms": np.sqrt(np.mean(raw**2, axis=1)),
    }
    if not columns.keys() >= set(names):
        f0, nccf = reference_pitch.pitch(x, o)
        columns |= {"f0": f0, "log_f0": np.log(f0), "nccf": nccf}
        columns["voicing"] = reference_pitch.voicing(nccf)
    return np.array([columns[name] for name in names]).reshape(len(names), len(raw)).T


def zero_crossing_rate(frame):
    """[T, L] -> [T]: how many of the L - 1 steps between samples change the sign; 0 is positive."""
    return np.mean((frame[:, 1:] < 0) != (frame[:, :-1] < 0), axis=1)


# ------------------------------------------------------------------------------------- deltas


def delta_filter(order, M):
    """[2 M order + 1]: n / (2 sum_1^M n^2), n = -M ... M, convolved with itself ``order`` times."""
    n = np.arange(-M, M + 1)
    taps = np.ones(1)
    for _ in range(order):
        taps = np.convolve(taps, n / np.sum(n**2))
    return taps


def add_deltas(rows, order, M, edges="kaldi"):
    """[T, D] -> [T, (order + 1) D]: the rows and their deltas (HTK Book, chapter 5).

    y_i = sum_{n=1..M} n (x_{i+n} - x_{i-n}) / (2 sum n^2), and so on for higher orders. Beyond the
    ends, ``kaldi`` repeats the first and last of the *static* rows, which makes each order one
    composed filter; ``htk`` repeats those of the order below.
    """
    if not len(rows):
        return np.zeros((0, (order + 1) * rows.shape[1]))
    blocks = [rows]
    for i in range(1, order + 1):
        below, taps = (rows, i) if edges == "kaldi" else (blocks[-1], 1)
        blocks.append(ndimage.correlate1d(below, delta_filter(taps, M), axis=0, mode="nearest"))
    return np.concatenate(blocks, axis=1)
