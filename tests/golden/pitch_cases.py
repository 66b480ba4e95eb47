"""Signals that anybody can make again, and the options with which Kaldi's pitch of them was taken.

``python tests/golden/pitch_cases.py LIBVOSK`` writes ``kaldi_pitch.npz`` beside this file: for each
case what ``kaldi::ComputeKaldiPitch`` gives, float32 [T, 2], the columns of
compute-kaldi-pitch-feats (NCCF, F0 in Hz). LIBVOSK is ``vosk/libvosk.so`` of the PyPI package vosk
0.3.45 for x86-64 Linux, in which Kaldi's feature code is compiled with all its symbols.
"""

import ctypes
import sys
from pathlib import Path

import numpy as np

KALDI_PITCH = Path(__file__).with_name("kaldi_pitch.npz")


def noise(num_samples):
    """[num_samples] uniform in -1 .. 1, of integers alone."""
    state, values = 1, []
    for _ in range(num_samples):
        state = (1664525 * state + 1013904223) % 2**32
        values.append((state >> 16) / 32768 - 1)
    return np.array(values)


def glide(rate_hz, seconds=1.5):
    """Harmonics on an F0 that swings between 110 and 250 Hz, with pauses and a little noise."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    phase = 2 * np.pi * np.cumsum(180 + 70 * np.sin(4 * t)) / rate_hz
    tone = sum(3000 / k * np.sin(k * phase) for k in range(1, 8))
    return tone * (np.sin(9 * t) > -0.6) + 60 * noise(len(t))


def vowels(rate_hz, seconds=1.5):
    """Pulses through two resonances that move, between stretches of noise."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    pulses = np.diff(np.floor(np.cumsum(100 + 50 * t) / rate_hz), prepend=0)
    voiced = np.sin(7 * t) > -0.3
    source = np.where(voiced, 6000 * pulses, 300 * noise(len(t)))
    tail = np.arange(rate_hz // 25) / rate_hz
    response = sum(np.exp(-180 * tail) * np.sin(2 * np.pi * f * tail) for f in (520, 1310))
    return np.convolve(source, response)[: len(t)]


def creak(rate_hz, seconds=1.5):
    """Pulses whose distances change at random, with an offset."""
    distances = (rate_hz / (70 + 25 * noise(int(200 * seconds)))).astype(int)
    x = np.zeros(int(rate_hz * seconds))
    places = np.cumsum(distances)
    x[places[places < len(x)]] = 20000
    return np.convolve(x, np.exp(-np.arange(rate_hz // 50) / (0.002 * rate_hz)))[: len(x)] + 300


def square(rate_hz, seconds=1.0):
    """A square wave of 125 Hz that grows from next to nothing."""
    n = np.arange(int(rate_hz * seconds))
    return np.where(n * 250 // rate_hz % 2, 1, -1) * np.geomspace(1, 20000, len(n))


def silence_between(rate_hz):
    """Two tones around a second of digital silence."""
    n = np.arange(rate_hz // 2)
    tone = 8000 * np.sin(2 * np.pi * 205 * n / rate_hz)
    return np.concatenate([tone, np.zeros(rate_hz), tone[::-1]])


def long_glide(rate_hz):
    """Longer than the 500 frames after which Kaldi would compute some things again."""
    return glide(rate_hz, 7.0)


CASES = {
    "glide": (glide, 16000, {}),
    "glide_reflected": (glide, 16000, {"snip_edges": False}),
    "glide_8k": (glide, 8000, {}),
    "glide_44100": (glide, 44100, {"snip_edges": False}),
    "vowels": (vowels, 16000, {}),
    "vowels_48k": (vowels, 48000, {}),
    "vowels_free": (vowels, 16000, {"penalty_factor": 0.01, "nccf_ballast": 100.0}),
    "vowels_range": (vowels, 16000, {"min_f0": 80.0, "max_f0": 600.0, "soft_min_f0": 40.0}),
    "creak": (creak, 16000, {}),
    "creak_coarse": (creak, 16000, {"delta_pitch": 0.02, "frame_shift": 5.0, "frame_length": 30.0}),
    "square": (square, 16000, {"lowpass_cutoff": 800.0, "resample_frequency": 3000.0}),
    "square_widths": (square, 16000, {"lowpass_filter_width": 2, "upsample_filter_width": 7}),
    "silence_between": (silence_between, 16000, {}),
    "long_glide": (long_glide, 16000, {}),
}


def samples_of(name):
    """int16 samples of a case."""
    make, rate_hz, _ = CASES[name]
    return np.clip(np.rint(make(rate_hz)), -32768, 32767).astype(np.int16)


# --------------------------------------------------------------------------------- Kaldi itself

# Our names -> the fields of kaldi::PitchExtractionOptions (src/feat/pitch-functions.h), in order.
_FIELDS = {
    "sample_frequency": ctypes.c_float,
    "frame_shift": ctypes.c_float,
    "frame_length": ctypes.c_float,
    "preemphasis": ctypes.c_float,
    "min_f0": ctypes.c_float,
    "max_f0": ctypes.c_float,
    "soft_min_f0": ctypes.c_float,
    "penalty_factor": ctypes.c_float,
    "lowpass_cutoff": ctypes.c_float,
    "resample_frequency": ctypes.c_float,
    "delta_pitch": ctypes.c_float,
    "nccf_ballast": ctypes.c_float,
    "lowpass_filter_width": ctypes.c_int32,
    "upsample_filter_width": ctypes.c_int32,
    "max_frames_latency": ctypes.c_int32,
    "frames_per_chunk": ctypes.c_int32,
    "simulate_first_pass_online": ctypes.c_bool,
    "recompute_frame": ctypes.c_int32,
    "nccf_ballast_online": ctypes.c_bool,
    "snip_edges": ctypes.c_bool,
}
_DEFAULTS = {
    "frame_shift": 10,
    "frame_length": 25,
    "min_f0": 50,
    "max_f0": 400,
    "soft_min_f0": 10,
    "penalty_factor": 0.1,
    "lowpass_cutoff": 1000,
    "resample_frequency": 4000,
    "delta_pitch": 0.005,
    "nccf_ballast": 7000,
    "lowpass_filter_width": 1,
    "upsample_filter_width": 5,
    "recompute_frame": 500,
    "snip_edges": True,
}
_COMPUTE = (
    "_ZN5kaldi17ComputeKaldiPitchERKNS_22PitchExtractionOptionsE"
    "RKNS_10VectorBaseIfEEPNS_6MatrixIfEE"
)


class _Options(ctypes.Structure):
    _fields_ = list(_FIELDS.items())


class _Vector(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dim", ctypes.c_int32)]


class _Matrix(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("columns", ctypes.c_int32),
        ("rows", ctypes.c_int32),
        ("stride", ctypes.c_int32),
    ]


class KaldiPitch:
    """Kaldi's compute-kaldi-pitch-feats, from a library that has it.

    Args:
        library: path of libvosk.so.
    """

    def __init__(self, library):
        self._compute = getattr(ctypes.CDLL(str(library)), _COMPUTE)
        self._compute.restype = None

    def __call__(self, samples, sample_frequency, **options):
        """float32 [T, 2] (NCCF, F0 in Hz) of samples on the 16-bit scale."""
        samples = np.ascontiguousarray(samples, np.float32)
        given = _Options(**(_DEFAULTS | {"sample_frequency": sample_frequency} | options))
        wave = _Vector(samples.ctypes.data, len(samples))
        result = _Matrix()
        self._compute(ctypes.byref(given), ctypes.byref(wave), ctypes.byref(result))
        rows = ctypes.cast(result.data, ctypes.POINTER(ctypes.c_float))
        shape = (result.rows, result.stride)
        return np.ctypeslib.as_array(rows, shape)[:, : result.columns].copy()


if __name__ == "__main__":
    kaldi = KaldiPitch(sys.argv[1])
    arrays = {n: kaldi(samples_of(n), rate, **o) for n, (_, rate, o) in CASES.items()}
    np.savez_compressed(KALDI_PITCH, **arrays)
