"""Who speaks in the stand-in, and how an emotion changes the way it is said.

The directions follow what is generally reported of acted emotion (anger and joy high, loud, fast
and bright; sadness low, soft, slow and dull); the sizes are made up so that the classes overlap.
"""

from dataclasses import dataclass

import numpy as np

from pyser.corpora.synth import PHONES, SAMPLE_RATE_HZ, VOWELS, Source, synthesise


@dataclass(frozen=True)
class Voice:
    """A speaker: mean pitch, tract relative to 17 cm, tempo, level, tilt and breathiness."""

    f0_hz: float
    tract: float
    tempo: float
    loudness_db: float
    tilt_db: float
    breath: float


VOICES = {
    "Ses01F": Voice(205.0, 1.16, 1.00, 0.0, 0.0, 0.10),
    "Ses01M": Voice(118.0, 1.00, 0.95, 1.5, 0.5, 0.06),
    "Ses02F": Voice(226.0, 1.20, 1.08, -1.5, -0.7, 0.14),
    "Ses02M": Voice(104.0, 0.97, 0.92, 0.5, -0.5, 0.07),
    "Ses03F": Voice(189.0, 1.12, 0.96, 1.0, 0.8, 0.08),
    "Ses03M": Voice(133.0, 1.03, 1.06, -1.0, 0.0, 0.10),
    "Ses04F": Voice(241.0, 1.18, 1.04, 0.0, 0.4, 0.11),
    "Ses04M": Voice(97.0, 0.95, 0.98, 2.0, -0.8, 0.05),
    "Ses05F": Voice(213.0, 1.14, 0.93, -2.0, -0.3, 0.12),
    "Ses05M": Voice(125.0, 1.02, 1.10, 0.0, 0.6, 0.08),
}


@dataclass(frozen=True)
class Manner:
    """How a turn is said: pitch and its range, tempo, level, tilt, noise, smile, melody."""

    pitch_semitones: float
    range_factor: float
    tempo: float
    loudness_db: float
    tilt_db: float
    breath: float
    jitter: float
    second_formant: float
    slope_semitones: float


_MEANS = {
    "neu": Manner(0.0, 1.00, 1.00, 0.0, 0.0, 0.10, 0.010, 1.00, -2.0),
    "hap": Manner(2.2, 1.45, 1.03, 2.0, 1.0, 0.12, 0.011, 1.05, -0.5),
    "exc": Manner(3.2, 1.65, 1.12, 3.5, 1.8, 0.12, 0.013, 1.05, 0.0),
    "ang": Manner(2.2, 1.30, 1.10, 5.0, 3.2, 0.05, 0.025, 0.99, -4.0),
    "sad": Manner(-1.2, 0.65, 0.84, -3.5, -2.4, 0.28, 0.014, 0.98, -2.5),
    "fru": Manner(0.8, 1.10, 0.98, 2.5, 1.5, 0.08, 0.018, 0.99, -3.5),
    "fea": Manner(3.0, 0.90, 1.15, -1.0, -0.5, 0.25, 0.030, 1.00, -0.5),
    "sur": Manner(3.5, 1.80, 1.02, 2.0, 0.5, 0.12, 0.012, 1.02, 2.5),
    "dis": Manner(-0.8, 1.10, 0.88, 1.0, 0.5, 0.10, 0.022, 0.97, -3.5),
    "oth": Manner(0.5, 1.10, 0.95, 0.0, 0.0, 0.12, 0.012, 1.01, -1.5),
}
_SPREAD = Manner(1.3, 0.22, 0.09, 2.2, 1.1, 0.04, 0.004, 0.015, 1.2)
_LEAST = Manner(-9.0, 0.30, 0.60, -15.0, -6.0, 0.02, 0.003, 0.9, -9.0)
_LEVEL_DB = -33.0  # of neutral speech, relative to full scale


def manner(emotion, random):
    """Draw how a turn is said: the emotion's mean, more or less intense, and chance.

    ``xxx``, on which the raters do not agree, lies between two emotions drawn at random.
    """
    target = _as_array(_MEANS["neu"])
    if emotion == "xxx":
        first, second = random.choice(sorted(_MEANS), 2)
        target = 0.5 * (_as_array(_MEANS[first]) + _as_array(_MEANS[second]))
    elif emotion != "neu":
        intensity = 0.45 + 0.9 * random.beta(2.0, 2.0)
        target = target + intensity * (_as_array(_MEANS[emotion]) - target)
    drawn = target + _as_array(_SPREAD) * random.standard_normal(len(target))
    return Manner(*(float(value) for value in np.maximum(drawn, _as_array(_LEAST))))


def phone_frames(phones, voice, said, random):
    """Length of each phone in frames of 10 ms, int64 [len(phones)], at least 2."""
    usual = np.array([PHONES[name].frames for name in phones], float)
    vowel = np.array([name in VOWELS for name in phones])
    stretch = np.where(vowel, 1.0, 0.5)  # consonants give way less than vowels
    tempo = (voice.tempo * said.tempo) ** -stretch
    chance = np.exp(0.12 * random.standard_normal(len(phones)))
    return np.maximum(2, np.rint(usual * tempo * chance)).astype(int)


def speak(phones, frames, voice, said, random):
    """Speak a turn; float64 samples [sum(frames) * 160], full scale 1, without room or noise."""
    source = _source(phones, frames, voice, said, random)
    samples = synthesise(phones, frames, source, random)
    loud = np.abs(samples) > 1e-3 * np.abs(samples).max()
    level_db = _LEVEL_DB + voice.loudness_db + said.loudness_db
    return samples * (10.0 ** (level_db / 20.0) / np.sqrt(np.mean(samples[loud] ** 2)))


def _source(phones, frames, voice, said, random):
    """Pitch, loudness and voice quality of a turn."""
    num_frames = int(frames.sum())
    time = (np.arange(num_frames) + 0.5) / num_frames
    accents = _accents(phones, frames, random)
    semitones = said.pitch_semitones + said.slope_semitones * (time - 0.5)
    semitones = semitones + said.range_factor * 2.5 * accents
    tilt_db = voice.tilt_db + said.tilt_db
    return Source(
        f0_hz=np.clip(voice.f0_hz * 2.0 ** (semitones / 12.0), 60.0, 600.0),
        loudness=10.0 ** (2.0 * said.range_factor * accents / 20.0),
        open_quotient=float(np.clip(0.60 - 0.04 * tilt_db, 0.40, 0.80)),
        breath=max(0.01, voice.breath + said.breath - 0.10),
        jitter=said.jitter,
        shimmer=3.0 * said.jitter,
        tilt_db=tilt_db,
        tract=voice.tract,
        second_formant=said.second_formant,
    )


def _accents(phones, frames, random):
    """Height of the melody at each frame, about -1 to 1, float64 [T]: each vowel has its own."""
    ends = np.cumsum(frames)
    centres = ends - frames / 2.0
    vowels = [place for place, name in enumerate(phones) if name in VOWELS] or [0]
    heights = random.uniform(-1.0, 1.0, len(vowels))
    return np.interp(np.arange(ends[-1]) + 0.5, centres[vowels], heights)


def room(num_samples, level_db, random):
    """Noise of a recording channel: hiss and rumble at ``level_db`` re full scale, float64 [N]."""
    white = random.standard_normal(num_samples)
    block_samples = min(num_samples, 10 * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(white[:block_samples])
    frequencies_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2.0, len(spectrum))
    rumble = np.fft.irfft(spectrum / (1.0 + frequencies_hz / 150.0), block_samples)
    noise = 0.3 * white + np.resize(rumble / rumble.std(), num_samples)
    return noise * (10.0 ** (level_db / 20.0) / noise.std())


def _as_array(one):
    return np.array(list(vars(one).values()))
