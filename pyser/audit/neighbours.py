"""Which sounds might be copies of each other, without comparing all with all.

Locality-sensitive hashing: the signs of a descriptor's projections on random directions. Two that
point the same way (correlation r) agree in a sign with the probability 1 - arccos(r) / pi, and so
in a table's whole key often enough that one of many tables has them together. There are four times
as many keys as descriptors, so that few meet by chance: time and the number of pairs grow as
N log N with the number of descriptors.
"""

from functools import lru_cache
from itertools import groupby

import numpy as np

from pyser.audit.fingerprint import FRAME_S, SPEEDS, likeness, log_mel
from pyser.audit.waveforms import waveform_likeness

_NUM_TABLES = 32
_SEED = 4
_FEWEST_BITS = 12
_MOST_OF_A_KEY = 64  # a key with more says nothing: a hum, a silence
_LEAST_CORRELATION = 0.7
_MOST_LAGS = 4  # of a pair of sounds, tried in the order of their descriptors' correlation
_CHUNK = 1 << 20
# Measured: copies in noise of 5 dB have a sound that is 0.85 alike and a waveform that is 0.50 or
# more, different takes of a sentence at most 0.80 and 0.17, two synthetic voices 0.97 and 0.35.
_LIKE_SOUND, _LIKE_WAVEFORM = 0.7, 0.42
_ROWS_KEPT = 2048  # of 20 kB or so


def near_pairs(descriptors, read, tested):
    """Pairs of sounds of which one is a changed copy of the other.

    Args:
        descriptors: Descriptors.
        read: function from utterance to samples (float32 [N]) and rate (Hz).
        tested: set of utterances; a pair has one of them at least.

    Returns:
        dict from (utterance, utterance) to the likeness of their waveforms.
    """
    names = descriptors.utterances

    def sound(number, place):
        samples, rate = read(names[number])
        return samples, rate * SPEEDS[place]

    @lru_cache(maxsize=_ROWS_KEPT)
    def rows(number, place):
        return log_mel(*sound(number, place))

    found = {}
    for one, other, tries in candidates(descriptors, tested):
        for place, other_place, lag in tries:
            if likeness(rows(one, place), rows(other, other_place), lag) < _LIKE_SOUND:
                continue
            pair = (*sound(one, place), *sound(other, other_place))
            like = waveform_likeness(*pair, lag * FRAME_S)
            if like >= _LIKE_WAVEFORM:
                found[names[one], names[other]] = like
                break
    return found


def candidates(descriptors, tested):
    """Pairs of sounds that meet in a key, by number of the first.

    Yields:
        number, larger number, and at most 4 tries (place in SPEEDS, that of the other, lag).
    """
    number, place, frame, vectors = descriptors.arrays()
    if len(number) < 2:
        return
    is_tested = np.array([name in tested for name in descriptors.utterances])
    vectors, kept = _spread(vectors), []
    for keys in _tables(vectors):
        for one, other in _meetings(keys):
            swap = number[one] > number[other]
            one, other = np.where(swap, other, one), np.where(swap, one, other)
            useful = (number[one] != number[other]) & ((place[one] == 0) | (place[other] == 0))
            useful &= is_tested[number[one]] | is_tested[number[other]]
            one, other = one[useful], other[useful]
            good = _correlations(vectors, one, other) >= _LEAST_CORRELATION
            kept.append(np.stack([one[good], other[good]]))
    one, other = np.unique(np.concatenate(kept, axis=1), axis=1)
    order = np.lexsort((-_correlations(vectors, one, other), number[other], number[one]))
    one, other = one[order], other[order]
    columns = number[one], number[other], place[one], place[other], frame[one] - frame[other]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for (first, second), tries in groupby(rows, key=lambda row: row[:2]):
        yield first, second, list(dict.fromkeys(row[2:] for row in tries))[:_MOST_LAGS]


def _spread(vectors):
    """Descriptors made more different (float32 [K, D], of norm 1).

    What all sounds have in common, the mean, is taken off, and directions in which they differ much
    anyway (loud, then soft) are scaled down: half-way to a whitening.
    """
    vectors = vectors.astype(np.float32)
    mean = vectors.mean(axis=0)
    values, directions = np.linalg.eigh(np.cov((vectors - mean).T))
    scale = np.maximum(values, values[-1] * 1e-6) ** -0.25
    spread = (vectors - mean) @ (directions * scale).astype(np.float32)
    return spread / np.maximum(np.linalg.norm(spread, axis=1, keepdims=True), 1e-9)


def _tables(vectors):
    """The keys (int64 [K]) of all descriptors, table after table."""
    bits = max(_FEWEST_BITS, int(np.ceil(np.log2(len(vectors)))) + 2)
    rng = np.random.default_rng(_SEED)
    weights = 1 << np.arange(bits, dtype=np.int64)
    for _ in range(_NUM_TABLES):
        directions = rng.standard_normal((vectors.shape[1], bits)).astype(np.float32)
        starts = range(0, len(vectors), _CHUNK)
        chunks = (vectors[s : s + _CHUNK] @ directions > 0 for s in starts)
        yield np.concatenate([chunk @ weights for chunk in chunks])


def _meetings(keys):
    """Pairs of places with the same key, as two arrays at a time."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    order = order[np.repeat(sizes <= _MOST_OF_A_KEY, sizes)]
    keys = keys[np.repeat(sizes <= _MOST_OF_A_KEY, sizes)]
    for distance in range(1, _MOST_OF_A_KEY):
        same = np.flatnonzero(keys[distance:] == keys[:-distance])
        if not len(same):
            return
        yield order[same], order[same + distance]


def _correlations(vectors, one, other):
    """Of descriptors, pair by pair (float32)."""
    starts = range(0, len(one), _CHUNK)
    parts = [
        np.einsum("kd,kd->k", vectors[one[s : s + _CHUNK]], vectors[other[s : s + _CHUNK]])
        for s in starts
    ]
    return np.concatenate([np.empty(0, np.float32), *parts])
