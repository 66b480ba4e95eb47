"""The signals, in memory or as files and archives: recordings, or speech-like noise."""

import wave
from pathlib import Path

import numpy as np

RATE_HZ = 16000
_GENERATED_FILES = 60


def wav_files(folder):
    """Sorted list of the wav files below a folder."""
    return sorted(Path(folder).rglob("*.wav"))


def generate(folder, seed=0):
    """Write speech-like files (pulses through resonances, and pauses) of 2-8 s; their paths."""
    rng = np.random.default_rng(seed)
    paths = []
    for index in range(_GENERATED_FILES):
        path = Path(folder) / f"generated{index:03d}.wav"
        write_wav(path, speech_like(int(rng.uniform(2, 8) * RATE_HZ), rng))
        paths.append(path)
    return paths


def speech_like(num_samples, rng):
    """[N] int16: a pulse train of changing pitch through two resonances, loud and soft by turns."""
    pitch_hz = np.interp(np.arange(num_samples), *_contour(num_samples, rng, 80, 250))
    pulses = np.diff(np.floor(np.cumsum(pitch_hz) / RATE_HZ), prepend=0)
    t = np.arange(RATE_HZ // 20) / RATE_HZ
    response = sum(np.exp(-200 * t) * np.sin(2 * np.pi * f * t) for f in (650, 1400))
    loudness = np.interp(np.arange(num_samples), *_contour(num_samples, rng, 0, 6000))
    voiced = np.convolve(pulses, response)[:num_samples] * loudness
    return np.clip(voiced + rng.normal(0, 5, num_samples), -32768, 32767).astype(np.int16)


def _contour(num_samples, rng, low, high):
    points = np.arange(0, num_samples + RATE_HZ // 5, RATE_HZ // 5)
    return points, rng.uniform(low, high, len(points))


def read_wav(path):
    """[N] int16 of a 16-bit mono file, whatever its rate; ValueError for other files."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise ValueError(f"{path}: not 16-bit mono")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def write_wav(path, samples, repeats=1):
    """Write ``samples`` ``repeats`` times over."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", None))
        for _ in range(repeats):
            file.writeframes(samples.astype("<i2").tobytes())


def cut(audio, lengths_s):
    """Pieces of ``audio``, one after another, repeated from its start where it is too short."""
    pieces, begin = [], 0
    for length_s in lengths_s:
        size = int(length_s * RATE_HZ)
        pieces.append(np.take(audio, np.arange(begin, begin + size), mode="wrap"))
        begin = (begin + size) % len(audio)
    return pieces


def signal_sets(audio, files_in_memory, seed=0):
    """Dict of the name of a set to its signals, all cut from the same audio.

    Args:
        audio: [N] int16, everything there is.
        files_in_memory: list of int16 arrays: the files as they are.
    """
    rng = np.random.default_rng(seed)
    sets = {"main": cut(audio, rng.uniform(2, 8, 60)), "files": files_in_memory}
    sets["clips"] = cut(audio, rng.uniform(0.3, 0.6, 2000))
    for length_s, count in LENGTHS.items():
        sets[f"{length_s:g} s"] = cut(audio, [length_s] * count)
    return sets


LENGTHS = {0.3: 200, 1: 60, 3: 20, 10: 6, 60: 1}  # seconds: how many


def num_frames(signals, case):
    """How many frames a case gives for a list of signals."""
    rate = case.get("sample_frequency", RATE_HZ)
    length = int(rate * 0.001 * case.get("frame_length", 25))
    shift = int(rate * 0.001 * case.get("frame_shift", 10))
    return sum(max(0, 1 + (len(x) - length) // shift) if len(x) >= length else 0 for x in signals)


def write_scp(path, files, min_frames):
    """A wav.scp that repeats the files until there are ``min_frames``; the number of frames."""
    total, lines = 0, []
    for key, file, _, count in _repeated(files, min_frames):
        lines.append(f"{key} {file}\n")
        total += count
    Path(path).write_text("".join(lines))
    return total


def write_ark(path, files, min_frames):
    """A wav archive of the files, repeated; the number of frames."""
    total, content = 0, {}
    with open(path, "wb") as ark:
        for key, file, _, count in _repeated(files, min_frames):
            data = content.setdefault(file, Path(file).read_bytes())
            ark.write(f"{key} ".encode() + data)
            total += count
    return total


def _repeated(files, min_frames):
    """Yield (key, path, samples, frames) over and over, until ``min_frames`` are reached."""
    signals = {file: read_wav(file) for file in files}
    counts = {file: num_frames([x], {}) for file, x in signals.items()}
    if not any(counts.values()):
        raise ValueError("no file is long enough for a frame")
    total = 0
    for turn in range(1 << 30):
        for index, file in enumerate(files):
            if total >= min_frames:
                return
            yield f"r{turn:04d}_{index:05d}", file, signals[file], counts[file]
            total += counts[file]
