"""How surely the audit finds changed copies of utterances, and what it costs.

    python tests/bench/audit.py WAV_DIR [STEP]

Takes every STEPth file (2nd) of a folder, changes it in one way, and looks for the copies among all
files; before that for copies among the files themselves, of which there are none. Then the search
alone among as many random descriptors as larger corpora have. Prints Markdown, kept in AUDIT.md.
"""

import io
import resource
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pyser.audit.facts import Audio
from pyser.audit.neighbours import candidates, near_pairs
from pyser.audit.sounds import Reader, listen


def noisy(samples, ratio_db, rng):
    noise = rng.standard_normal(len(samples))
    power = np.mean(samples**2) / np.mean(noise**2)
    return samples + noise * np.sqrt(power / 10 ** (ratio_db / 10))


def trimmed(samples, share, rng):
    start = int(len(samples) * share * rng.random())
    return samples[start : start + int(len(samples) * (1 - share))]


def coded(samples, rate, kind):
    """Through a lossy codec, as strong as the library has it by default."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1, 1), rate, format=kind)
    file.seek(0)
    return soundfile.read(file, dtype="float32")


def reverberant(samples, rate, rng):
    """In a room with 0.3 s of reverberation, as loud as the direct sound less 3 dB."""
    seconds = np.arange(int(0.3 * rate)) / rate
    tail = rng.standard_normal(len(seconds)) * 10 ** (-3 * seconds / 0.3)
    tail *= np.sqrt(0.5 / np.sum(tail**2))
    tail[0] = 1.0
    return np.convolve(samples, tail)[: len(samples)]


def at_rate(samples, rate, new_rate):
    return soxr.resample(samples, rate, new_rate), new_rate


def changes(rng):
    """Name -> function from samples and rate to changed samples and their rate."""
    return {
        "gain 0.3": lambda x, r: (0.3 * x, r),
        "inverted": lambda x, r: (-x, r),
        "noise 20 dB": lambda x, r: (noisy(x, 20, rng), r),
        "noise 10 dB": lambda x, r: (noisy(x, 10, rng), r),
        "noise 5 dB": lambda x, r: (noisy(x, 5, rng), r),
        "8 kHz": lambda x, r: at_rate(x, r, 8000),
        "44.1 kHz": lambda x, r: at_rate(x, r, 44100),
        "trimmed by 20 %": lambda x, r: (trimmed(x, 0.2, rng), r),
        "trimmed by 40 %": lambda x, r: (trimmed(x, 0.4, rng), r),
        "reverberation": lambda x, r: (reverberant(x, r, rng), r),
        "Ogg Vorbis": lambda x, r: coded(x, r, "OGG"),
        "MP3": lambda x, r: coded(x, r, "MP3"),
        "speed 0.9": lambda x, r: (at_rate(x, 9, 10)[0], r),
        "speed 1.1": lambda x, r: (at_rate(x, 11, 10)[0], r),
        "trimmed by 25 %, gain 0.4, noise 15 dB, 8 kHz": lambda x, r: at_rate(
            noisy(0.4 * trimmed(x, 0.25, rng), 15, rng), r, 8000
        ),
    }


class Heard(Reader):
    """A Reader that has the changed sounds in memory."""

    def __init__(self, sounds):
        super().__init__()
        self.sounds = sounds

    def read(self, audio):
        return self.sounds.get(audio.path) or super().read(audio)


def search(audio, reader, tested):
    """(sets of the same samples, near pairs, descriptors, CPU seconds)."""
    start = time.process_time()
    sounds = listen(audio, list(audio), reader)
    pairs = near_pairs(sounds.descriptors, lambda u: reader.first_channel(audio[u]), tested)
    return sounds.same, pairs, sounds.descriptors, time.process_time() - start


def plant(files, step, change):
    """Utterance -> Audio of changed copies, and their sounds by path."""
    planted, sounds = {}, {}
    for path in files[::step]:
        samples, rate = change(*soundfile.read(path, dtype="float32"))
        planted[f"{path.stem}-planted"] = Audio(f"/planted/{path.stem}")
        sounds[f"/planted/{path.stem}"] = (np.float32(samples)[None], rate)
    return planted, sounds


class Random:
    """Descriptors of sounds that do not exist, with the mean and covariance of real ones."""

    def __init__(self, descriptors, number):
        numbers, places, frames, vectors = descriptors.arrays()
        self.utterances = [str(k) for k in range(number)]
        each = len(numbers) // len(descriptors.utterances)
        rng = np.random.default_rng(1)
        spread = np.cov(vectors.T.astype(np.float64)) + np.eye(vectors.shape[1])
        drawn = np.empty((number * each, vectors.shape[1]), np.int8)
        for part in np.array_split(drawn, max(1, len(drawn) >> 16)):
            values = (
                vectors.mean(axis=0)
                + rng.standard_normal(part.shape) @ np.linalg.cholesky(spread).T
            )
            part[:] = np.rint(127 * values / np.linalg.norm(values, axis=1, keepdims=True))
        self._arrays = (
            np.repeat(np.arange(number, dtype=np.int32), each),
            rng.choice(places, number * each),
            rng.choice(frames, number * each),
            drawn,
        )

    def arrays(self):
        return self._arrays


def print_scaling(descriptors):
    print("\n| utterances | descriptors | pairs compared | s | largest memory, MB |")
    print("|--:|--:|--:|--:|--:|")
    for number in (1000, 10000, 100000):
        many = Random(descriptors, number)
        start = time.process_time()
        met = sum(1 for _ in candidates(many, set(many.utterances)))
        seconds = time.process_time() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        drawn = len(many.arrays()[0])
        print(f"| {number} | {drawn} | {met} | {seconds:.1f} | {memory} |", flush=True)


def main(folder, step=2):
    files = sorted(Path(folder).glob("*.wav"))
    audio = {path.stem: Audio(str(path)) for path in files}
    same, pairs, descriptors, seconds = search(audio, Reader(), set(audio))
    compared = sum(1 for _ in candidates(descriptors, set(audio)))
    print(
        f"{len(files)} files, {len(files) * (len(files) - 1) // 2} pairs, of which {compared} are"
        f" compared: {len(same)} with the same samples, {len(pairs)} called changed copies;"
        f" {seconds:.1f} s of one core.\n"
    )
    print("| change | copies | found | % | other pairs |\n|:--|--:|--:|--:|--:|")
    for name, change in changes(np.random.default_rng(0)).items():
        planted, sounds = plant(files, int(step), change)
        found = set(search({**audio, **planted}, Heard(sounds), set(planted))[1])
        right = {pair for pair in found if f"{min(pair)}-planted" == max(pair)}
        share = f"{100 * len(right) / len(planted):.1f}"
        wrong = len(found - right)
        print(f"| {name} | {len(planted)} | {len(right)} | {share} | {wrong} |", flush=True)
    print_scaling(descriptors)


if __name__ == "__main__":
    main(*sys.argv[1:])
