"""Signals that a front end meets, and those that break one: int16 at any rate, made on the spot."""

import runpy
import wave
from pathlib import Path

import numpy as np

_SHARED = runpy.run_path(Path(__file__).parents[1] / "conftest.py")["SHARED"]
_FULL_SCALE = 32767


def noise(n, rate_hz, rng):
    return rng.normal(0, 3000, n)


def quiet(n, rate_hz, rng):
    return rng.integers(-1, 2, n)


def silence(n, rate_hz, rng):
    return np.zeros(n)


def offset(n, rate_hz, rng):
    return np.full(n, rng.integers(-32768, 32768))


def noise_on_offset(n, rate_hz, rng):
    return 20000 + rng.normal(0, 30, n)


def impulse(n, rate_hz, rng):
    x = np.zeros(n)
    x[rng.integers(0, n, 1 + n // 2000)] = _FULL_SCALE
    return x


def square(n, rate_hz, rng):
    return np.where(np.arange(n) * 211 * 2 // rate_hz % 2 == 0, _FULL_SCALE, -32768)


def nyquist(n, rate_hz, rng):
    return np.where(np.arange(n) % 2 == 0, _FULL_SCALE, -32768)


def sweep(n, rate_hz, rng):
    t = np.arange(n) / rate_hz
    return 12000 * np.sin(2 * np.pi * (50 * t + 0.5 * (0.4 * rate_hz) * t**2 / max(t[-1], 1e-3)))


def speech(n, rate_hz, rng):
    """Read speech, as it is at 16 kHz and slower or faster elsewhere, repeated to n samples."""
    path = _SHARED / "goldens" / "wav" / "emoA.wav"
    if not path.exists():
        return vowel(n, rate_hz, rng)
    with wave.open(str(path)) as file:
        return np.resize(np.frombuffer(file.readframes(file.getnframes()), "<i2"), n)


def vowel(n, rate_hz, rng):
    """A pulse train through two resonances: speech-like where no recording is at hand."""
    pulses = np.zeros(n)
    pulses[:: max(rate_hz // 120, 1)] = 1
    t = np.arange(min(n, rate_hz // 20)) / rate_hz
    response = sum(np.exp(-200 * t) * np.sin(2 * np.pi * f * t) for f in (650, 1400))
    return 6000 * np.convolve(pulses, response)[:n] + rng.normal(0, 2, n)


SIGNALS = {
    function.__name__: function
    for function in (
        noise,
        quiet,
        silence,
        offset,
        noise_on_offset,
        impulse,
        square,
        nyquist,
        sweep,
        speech,
        vowel,
    )
}


def make(name, num_samples, rate_hz=16000, seed=0):
    """[num_samples] int16 of the named signal."""
    if num_samples == 0:
        return np.zeros(0, np.int16)
    x = SIGNALS[name](num_samples, int(rate_hz), np.random.default_rng(seed))
    return np.clip(np.rint(x), -32768, _FULL_SCALE).astype(np.int16)
