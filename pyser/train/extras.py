"""What a model reads of an utterance besides its feature blocks: text, gender, the waveform.

A model class names what it wants in ``inputs``. Each extra becomes another entry of the features in
a batch: numbers [B], or padded rows [B, L, ...] with their lengths int64 [B] as ``NAME_lengths``.
What must be found out on the training part first, such as a vocabulary, is ``known``: it is stored
with the model and given to it.
"""

import collections
from dataclasses import dataclass

import numpy as np

from pyser.errors import InputError
from pyser.train.waves import read_samples

PADDING, UNKNOWN = 0, 1  # the first two word ids


@dataclass(frozen=True)
class Wave:
    """The samples of an utterance, float32 [N]; read when it becomes an array."""

    data: object
    utterance: str

    def __array__(self, dtype=None, copy=None):
        samples, _ = read_samples(self.data, self.utterance)
        return samples if dtype is None else samples.astype(dtype, copy=False)


class _Gender:
    """0 for f, 1 for m, -1 where spk2gender does not say, or is not there: int64."""

    tables = ("utt2spk",)
    optional_tables = ("spk2gender",)

    def know(self, data, names):
        return None

    def load(self, data, names, known):
        genders = data.table("spk2gender") if data.has("spk2gender") else {}
        speakers = data.table("utt2spk")
        codes = {"f": 0, "m": 1}
        return [np.int64(codes.get(genders.get(speakers[name]), -1)) for name in names]


class _Words:
    """Word ids, int64 [L]: words of the training part from 2 on, others UNKNOWN, without words [0].

    ``known`` is the vocabulary: training words, the most frequent first.
    """

    optional_tables = ()

    def __init__(self, table):
        self.tables = (table,)

    def know(self, data, names):
        counts = collections.Counter(word for name in names for word in self._words(data, name))
        return sorted(counts, key=lambda word: (-counts[word], word))

    def load(self, data, names, known):
        ids = {word: number for number, word in enumerate(known, 2)}
        rows = ([ids.get(word, UNKNOWN) for word in self._words(data, name)] for name in names)
        return [np.array(row or [PADDING], np.int64) for row in rows]

    def _words(self, data, name):
        (table,) = self.tables
        return data.table(table).get(name, "").lower().split()


class _Waves:
    """Samples float32 [N], full scale +-1."""

    tables = ("wav.scp",)
    optional_tables = ("segments",)

    def know(self, data, names):
        return None

    def load(self, data, names, known):
        return [Wave(data, name) for name in names]


EXTRAS = {
    "gender": _Gender(),
    "text": _Words("text"),
    "text_asr": _Words("text_asr"),
    "wave": _Waves(),
}


def extra_tables(inputs, data):
    """The names of the tables of a DataDir that the extras ``inputs`` are made of."""
    needed = {table for name in inputs for table in EXTRAS[name].tables}
    optional = {table for name in inputs for table in EXTRAS[name].optional_tables}
    return sorted(needed | {table for table in optional if data.has(table)})


def know_extras(inputs, data, names):
    """What is to be known of the training utterances ``names``: name of the extra -> plain value.

    Args:
        inputs: keys of ``EXTRAS``.
        data: DataDir.

    Raises:
        InputError: a table is missing.
    """
    for name in inputs:
        missing = [table for table in EXTRAS[name].tables if not data.has(table)]
        if missing:
            expected = f"what the input {name} is made of"
            raise InputError(f"no table {' '.join(missing)}", data.path, expected)
    found = {name: EXTRAS[name].know(data, names) for name in inputs}
    return {name: value for name, value in found.items() if value is not None}


def load_extras(inputs, data, names, known):
    """The extras of the utterances ``names``: a list of dicts, name of the extra -> array."""
    columns = {name: EXTRAS[name].load(data, names, known.get(name)) for name in inputs}
    return [{name: column[row] for name, column in columns.items()} for row in range(len(names))]
