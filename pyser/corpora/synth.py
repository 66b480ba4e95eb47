"""Source-filter synthesis of the stand-in's voices, in float64 NumPy.

A glottal pulse train and noise are cut into 20 ms windows every 10 ms, each window is multiplied
in the frequency domain by the response of the vocal tract at that time (a cascade of resonators,
Klatt 1980), and the windows are added up again.
"""

from dataclasses import dataclass

import numpy as np

SAMPLE_RATE_HZ = 16000
SHIFT_SAMPLES = 160  # 10 ms: one frame of the tracks below
_WINDOW_SAMPLES = 2 * SHIFT_SAMPLES
_FFT_SIZE = 640  # room for 20 ms of ringing after each window
_HIGH_FORMANTS_HZ = ((3500.0, 250.0), (4500.0, 300.0))  # frequency and bandwidth, 17 cm tract
_BANDWIDTHS_HZ = (80.0, 100.0, 140.0)


@dataclass(frozen=True)
class Phone:
    """Targets of one speech sound.

    Args:
        formants_hz: first three resonances of a 17 cm tract.
        voice, breath, friction: amplitudes of the three sources, 0 to 1.
        centre_hz, width_hz: where the friction lies.
        frames: usual length in frames of 10 ms.
        closure: whether it starts closed and bursts in its last two frames.
    """

    formants_hz: tuple[float, float, float]
    voice: float
    breath: float
    friction: float
    centre_hz: float
    width_hz: float
    frames: int
    closure: bool = False


def _voiced(f1, f2, f3, voice=1.0, frames=9):
    return Phone((f1, f2, f3), voice, 0.0, 0.0, 4000.0, 2000.0, frames)


def _noisy(friction, centre_hz, width_hz, voice=0.0, closure=False, frames=7):
    return Phone(
        (350.0, 1500.0, 2500.0), voice, 0.0, friction, centre_hz, width_hz, frames, closure
    )


PHONES = {
    "a": _voiced(750, 1250, 2500),
    "e": _voiced(500, 1850, 2550),
    "i": _voiced(300, 2250, 2950),
    "o": _voiced(480, 900, 2450),
    "u": _voiced(320, 800, 2300),
    "m": _voiced(280, 1000, 2200, 0.35, 6),
    "n": _voiced(280, 1600, 2500, 0.35, 6),
    "l": _voiced(360, 1200, 2600, 0.5, 5),
    "r": _voiced(420, 1200, 1600, 0.5, 5),
    "w": _voiced(300, 700, 2200, 0.5, 5),
    "j": _voiced(280, 2200, 2900, 0.5, 5),
    "h": Phone((500.0, 1500.0, 2500.0), 0.0, 0.6, 0.0, 4000.0, 2000.0, 6),
    "s": _noisy(0.5, 6000, 2500, frames=8),
    "z": _noisy(0.3, 6000, 2500, 0.25),
    "f": _noisy(0.15, 4000, 6000, frames=8),
    "v": _noisy(0.1, 4000, 6000, 0.3),
    "p": _noisy(0.6, 1000, 1500, closure=True),
    "t": _noisy(0.7, 4500, 2500, closure=True),
    "k": _noisy(0.7, 2000, 1200, closure=True),
    "b": _noisy(0.4, 900, 1500, 0.12, closure=True),
    "d": _noisy(0.5, 4000, 2500, 0.12, closure=True),
    "g": _noisy(0.5, 1900, 1200, 0.12, closure=True),
    "_": _noisy(0.0, 4000, 2000, frames=8),  # silence
}
VOWELS = frozenset("aeiou")


@dataclass(frozen=True)
class Source:
    """How one turn is voiced.

    Args:
        f0_hz: fundamental frequency of each frame [T].
        loudness: relative amplitude of each frame [T].
        open_quotient: part of each period in which the glottis is open, 0.4 pressed to 0.8 lax.
        breath: noise of the open glottis relative to the voice.
        jitter, shimmer: relative deviation of period lengths and pulse heights.
        tilt_db: spectral tilt of the voice, dB per octave.
        tract: formant frequencies relative to a 17 cm tract.
        second_formant: further factor of the second formant.
    """

    f0_hz: np.ndarray
    loudness: np.ndarray
    open_quotient: float
    breath: float
    jitter: float
    shimmer: float
    tilt_db: float
    tract: float
    second_formant: float = 1.0


def synthesise(phones, frames, source, random):
    """Speak a sequence of phones.

    Args:
        phones: names in PHONES.
        frames: length of each, in frames of 10 ms (at least 1); their sum is T.
        source: Source with tracks of T frames.
        random: numpy RandomState.

    Returns:
        float64 samples [T * 160], not normalised.
    """
    tracks = _tracks(phones, frames)
    num_samples = len(tracks["voice"]) * SHIFT_SAMPLES
    voice, breath = _glottis(source, tracks, num_samples, random)
    tract = _cut(voice) * _tilt(source.tilt_db)
    tract += _cut(breath)
    tract *= _tract_response(tracks["formants_hz"], source)
    noise = _cut(random.standard_normal(num_samples) * _to_samples(tracks["friction"], num_samples))
    noise *= _band_response(tracks["centre_hz"] * source.tract, tracks["width_hz"])
    return _add_up(tract + noise, num_samples)


def _tracks(phones, frames):
    """Parameters of each frame, smoothed over phones; dict of arrays [T], formants [T, 3]."""
    phones = [PHONES[name] for name in phones]
    tracks = {
        name: np.repeat([getattr(phone, name) for phone in phones], frames, axis=0).astype(float)
        for name in ("formants_hz", "voice", "breath", "friction", "centre_hz", "width_hz")
    }
    ends = np.cumsum(frames)
    for phone, start, end in zip(phones, ends - frames, ends, strict=True):
        if phone.closure:
            tracks["friction"][start : max(start + 1, end - 2)] = 0.0
    tracks["formants_hz"] = np.stack([_smooth(row, 7) for row in tracks["formants_hz"].T], axis=1)
    tracks["voice"] = _smooth(tracks["voice"], 3)
    tracks["breath"] = _smooth(tracks["breath"], 3)
    return tracks


def _smooth(track, width):
    """Weighted moving average over ``width`` (odd) frames; the edges are repeated."""
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(track, width // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _to_samples(track, num_samples):
    """Interpolate a track [T] linearly from frame centres to samples."""
    centres = np.arange(len(track)) * SHIFT_SAMPLES + SHIFT_SAMPLES / 2
    return np.interp(np.arange(num_samples), centres, track)


def _glottis(source, tracks, num_samples, random):
    """Voice and breath at the glottis, float64 [N] each.

    The voice is the derivative of Rosenberg-like flow pulses (Klatt and Klatt 1990): within the
    open part of a period, with x from 0 to 1, flow x^2 - x^3 has the derivative 2x - 3x^2.
    """
    f0_hz = _to_samples(source.f0_hz, num_samples)
    wander = random.standard_normal(len(source.f0_hz)) * source.jitter
    f0_hz *= 1.0 + _to_samples(wander, num_samples)
    periods = np.cumsum(f0_hz) / SAMPLE_RATE_HZ
    phase, number = np.modf(periods)
    heights = 1.0 + source.shimmer * random.standard_normal(int(number[-1]) + 1)
    x = np.minimum(phase / source.open_quotient, 1.0)
    is_open = x < 1.0
    loudness = _to_samples(source.loudness, num_samples)
    amplitude = loudness * _to_samples(tracks["voice"], num_samples)
    voice = np.where(is_open, 2 * x - 3 * x**2, 0.0) * heights[number.astype(int)] * amplitude
    modulation = np.where(is_open, 1.0, 0.3) * amplitude * source.breath
    aspiration = _to_samples(tracks["breath"], num_samples) * loudness
    return voice, random.standard_normal(num_samples) * (modulation + 0.3 * aspiration)


def _cut(samples):
    """Spectra of the overlapping windows of samples [T * 160], complex128 [T + 1, 321]."""
    padded = np.pad(samples, SHIFT_SAMPLES)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_SAMPLES)[::SHIFT_SAMPLES]
    ramp = np.arange(_WINDOW_SAMPLES) * (2 * np.pi / _WINDOW_SAMPLES)
    return np.fft.rfft(windows * (0.5 - 0.5 * np.cos(ramp)), _FFT_SIZE)


def _add_up(spectra, num_samples):
    """Inverse of ``_cut``: add the windows, with what rings on after each; float64 [N]."""
    frames = np.fft.irfft(spectra, _FFT_SIZE)
    pieces = _FFT_SIZE // SHIFT_SAMPLES
    total = np.zeros((len(frames) + pieces, SHIFT_SAMPLES))
    for piece in range(pieces):
        block = frames[:, piece * SHIFT_SAMPLES : (piece + 1) * SHIFT_SAMPLES]
        total[piece : piece + len(frames)] += block
    return total.ravel()[SHIFT_SAMPLES : SHIFT_SAMPLES + num_samples]


def _frequencies_hz():
    return np.arange(_FFT_SIZE // 2 + 1) * (SAMPLE_RATE_HZ / _FFT_SIZE)


def _tilt(tilt_db):
    """Gain of a straight tilt in dB per octave, 1 at 500 Hz; float64 [321]."""
    octaves = np.log2(np.maximum(_frequencies_hz(), 50.0) / 500.0)
    return 10.0 ** (tilt_db * octaves / 20.0)


def _at_window_ends(track):
    """One value per window from one per frame: windows are centred between frames; [T + 1, ...]."""
    padded = np.concatenate([track[:1], track, track[-1:]])
    return 0.5 * (padded[:-1] + padded[1:])


def _tract_response(formants_hz, source):
    """Complex response of the tract at each window, [T + 1, 321], from formants [T, 3] in Hz."""
    scale = source.tract * np.array([1.0, source.second_formant, 1.0])
    tracks = _at_window_ends(formants_hz) * scale
    response = np.ones((), complex)
    for centre_hz, width_hz in _HIGH_FORMANTS_HZ:
        response = response * _resonator(np.array([centre_hz * source.tract]), width_hz)
    for column, width_hz in zip(tracks.T, _BANDWIDTHS_HZ, strict=True):
        response = response * _resonator(column, width_hz)
    return response


def _resonator(centre_hz, width_hz):
    """Response of Klatt's two-pole resonators, 1 at 0 Hz; complex [len(centre_hz), 321]."""
    z = np.exp(-2j * np.pi * _frequencies_hz() / SAMPLE_RATE_HZ)
    radius = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ)
    b = 2.0 * radius * np.cos(2.0 * np.pi * centre_hz / SAMPLE_RATE_HZ)
    c = -(radius**2)
    return (1.0 - b - c)[:, None] / (1.0 - b[:, None] * z - c * z**2)


def _band_response(centre_hz, width_hz):
    """Gain of a band around ``centre_hz`` [T], bell-shaped; float64 [T + 1, 321]."""
    centre_hz, width_hz = _at_window_ends(centre_hz), _at_window_ends(width_hz)
    distance = (_frequencies_hz() - centre_hz[:, None]) / width_hz[:, None]
    return np.exp(-2.0 * distance**2)
