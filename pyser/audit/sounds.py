"""One pass over the audio: what its samples are, exactly, and descriptors to find copies by."""

import functools
import hashlib
from dataclasses import dataclass, field

import numpy as np

from pyser.audit.fingerprint import SPEEDS, Descriptors, describe, log_mel

_SHORTEST_S = 0.4  # less is too little to tell two sounds apart


@dataclass
class Sounds:
    """What the pass found.

    Attributes:
        same: list of sets of utterances with the same samples.
        not_there: utterances whose audio is a command, not there, or cannot be decoded.
        too_short: utterances that are silent or too short to be compared by their sound.
        descriptors: of all others.
    """

    same: list[set[str]] = field(default_factory=list)
    not_there: list[str] = field(default_factory=list)
    too_short: list[str] = field(default_factory=list)
    descriptors: Descriptors = field(default_factory=Descriptors)


def listen(audio, utterances, reader=None):
    """Read the audio of ``utterances``, each file once in a row.

    Args:
        audio: utterance -> Audio.
        utterances: iterable of names, all of them with an Audio or not there.
        reader: Reader.

    Returns:
        Sounds
    """
    sounds, by_samples, reader = Sounds(), {}, reader or Reader()
    order = sorted(utterances, key=lambda u: (audio[u].path, u) if u in audio else ("", u))
    for utterance in order:
        found = reader.read(audio[utterance]) if utterance in audio else None
        if found is None:
            sounds.not_there.append(utterance)
            continue
        channels, rate = found
        for name in sample_names(channels):
            by_samples.setdefault(name, set()).add(utterance)
        if len(channels[0]) < _SHORTEST_S * rate or not channels.any():
            sounds.too_short.append(utterance)
            continue
        for speed in SPEEDS:
            rows = log_mel(channels[0], rate * speed)
            sounds.descriptors.add(utterance, speed, *describe(rows))
    sounds.same = [group for group in by_samples.values() if len(group) > 1]
    return sounds


class Reader:
    """Reads audio; the last file stays open for the next segment of it."""

    def __init__(self):
        self._load = functools.lru_cache(maxsize=2)(_load)

    def read(self, audio):
        """Samples (float32 [C, N], +-1) and rate (Hz) of an Audio; None if it cannot be read."""
        found = self._load(audio.path)
        if found is None or audio.start_s is None:
            return found
        samples, rate = found
        first, last = round(audio.start_s * rate), round(audio.end_s * rate)
        cut = samples[:, first:last]
        return (cut, rate) if cut.size else None

    def first_channel(self, audio):
        """The samples (float32 [N]) of the first channel and the rate (Hz) of what can be read."""
        channels, rate = self.read(audio)
        return channels[0], rate


def _load(path):
    import soundfile

    if path.endswith("|"):
        return None
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError, TypeError):  # TypeError: a suffix of headerless audio
        return None
    return (np.ascontiguousarray(samples.T), rate) if len(samples) else None


def sample_names(channels):
    """Digests (set of bytes) of the samples of each channel, one for all that are the same.

    What is exactly 0 at both ends is left out, so that padding hides nothing; a silent channel has
    no digest. 16 and 24 bits and floats of the same values have the same digest, for all of them
    are whole as float32.

    Args:
        channels: float32 [C, N].
    """
    names = set()
    for samples in channels:
        there = np.flatnonzero(samples)
        if len(there):
            # + 0.0: the zero that a float file may have with a minus sign
            kept = samples[there[0] : there[-1] + 1] + np.float32(0.0)
            names.add(hashlib.blake2b(kept.tobytes(), digest_size=16).digest())
    return names
