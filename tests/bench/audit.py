"""How surely the audit finds changed copies of utterances, and what it costs.

    python tests/bench/audit.py WAV_DIR [STEP]

Takes every STEPth file (3rd) of a folder, changes it in one way, and looks for the copies among all
files; then for copies among the files themselves, which are different takes. Prints a table.
"""

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
    """(same, near pairs, number of candidates, CPU seconds)."""
    start = time.process_time()
    sounds = listen(audio, list(audio), reader)
    pairs = near_pairs(sounds.descriptors, lambda u: reader.first_channel(audio[u]), tested)
    seconds = time.process_time() - start
    return sounds.same, pairs, len(list(candidates(sounds.descriptors, tested))), seconds


def main(folder):
    files = sorted(Path(folder).glob("*.wav"))
    audio = {path.stem: Audio(str(path)) for path in files}
    same, pairs, number, seconds = search(audio, Reader(), set(audio))
    print(f"{len(files)} files, {len(files) * (len(files) - 1) // 2} pairs, {number} compared")
    print(f"same samples {len(same)}, found alike {len(pairs)}, {seconds:.1f} s of one core")
    for pair, like in pairs.items():
        print(f"  {pair}: {like:.2f}")
    print(f"{'change':<48}{'copies':>7}{'found':>7}{'%':>7}{'wrong':>7}")
    step = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for name, change in changes(np.random.default_rng(0)).items():
        copies, planted = {}, {}
        for path in files[::step]:
            samples, rate = soundfile.read(path, dtype="float32")
            samples, rate = change(samples, rate)
            planted[f"{path.stem}-planted"] = Audio(f"/planted/{path.stem}")
            copies[f"/planted/{path.stem}"] = (np.float32(samples)[None], rate)
        found = set(search({**audio, **planted}, Heard(copies), set(planted))[1])
        right = {pair for pair in found if f"{min(pair)}-planted" == max(pair)}
        share = 100 * len(right) / len(planted)
        wrong = len(found - right)
        print(f"{name:<48}{len(planted):>7}{len(right):>7}{share:>7.1f}{wrong:>7}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
