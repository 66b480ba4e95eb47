"""What a model reads of an utterance besides its feature blocks: words, gender, the waveform.

A model class names what it wants in ``inputs``, and in ``optional_inputs`` what an option of the
same name asks for. Each extra becomes another entry of the features in
a batch: numbers [B], or padded rows [B, L, ...] with their lengths int64 [B] as ``NAME_lengths``.
What must be found out on the training part first, such as a vocabulary, is ``known``: it is stored
with the model and given to it.
"""

import collections
import string
from dataclasses import dataclass

import numpy as np

from pyser.data.datadir import WORDS_TABLE
from pyser.data.reader import read_vector
from pyser.data.spoken import read_words
from pyser.errors import InputError
from pyser.train.waves import read_rates, read_samples

PADDING, UNKNOWN = 0, 1  # the first two word ids
_PUNCTUATION = string.punctuation + "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00a1\u00bf"


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

    Words are in lower case, without punctuation around them. ``known`` is the vocabulary: training
    words, the most frequent first.

    Args:
        table: of transcripts.
    """

    optional_tables = ()

    def __init__(self, table):
        self.tables = (table,)

    def know(self, data, names):
        return _by_frequency(word for name in names for word in self._words(data, name))

    def load(self, data, names, known):
        ids = {word: number for number, word in enumerate(known, 2)}
        rows = ([ids.get(word, UNKNOWN) for word in self._words(data, name)] for name in names)
        return [np.array(row or [PADDING], np.int64) for row in rows]

    def _words(self, data, name):
        (table,) = self.tables
        return [bare for word in data.table(table).get(name, "").split() if (bare := _bare(word))]


class _SpokenWords:
    """Words with their times, int64 [L, 3]: id, start and end in milliseconds; without: zeros.

    Ids are as for transcripts, and so is ``known``, the vocabulary. An utterance without a line is
    one without words.
    """

    tables = (WORDS_TABLE,)
    optional_tables = ()

    def know(self, data, names):
        return _by_frequency(word for name in names for *_, word in self._words(data, name))

    def load(self, data, names, known):
        ids = {word: number for number, word in enumerate(known, 2)}
        found = []
        for name in names:
            rows = [
                (ids.get(word, UNKNOWN), round(1000 * start_s), round(1000 * end_s))
                for start_s, end_s, word in self._words(data, name)
            ]
            found.append(np.array(rows or [(PADDING, 0, 0)], np.int64))
        return found

    def _words(self, data, name):
        where = f"{data.path / WORDS_TABLE}: utterance {name}"
        for start_s, end_s, word in read_words(data.table(WORDS_TABLE).get(name, ""), where):
            if bare := _bare(word):
                yield start_s, end_s, bare


def _bare(word):
    return word.lower().strip(_PUNCTUATION)


def _by_frequency(words):
    """The different ones, the most frequent first."""
    counts = collections.Counter(words)
    return sorted(counts, key=lambda word: (-counts[word], word))


class _Waves:
    """Samples float32 [N], full scale +-1; ``known`` is their rate in Hz, the same for all."""

    tables = ("wav.scp",)
    optional_tables = ("segments",)

    def know(self, data, names):
        return _one_rate(data, names)

    def load(self, data, names, known):
        _one_rate(data, names, known)
        return [Wave(data, name) for name in names]


def _one_rate(data, names, expected=None):
    """The sampling rate of the utterances ``names``, which must be ``expected`` if that is told."""
    for name, rate in read_rates(data, names).items():
        expected = expected or rate
        if rate != expected:
            found = f"utterance {name} has {rate} Hz"
            remedy = "resample, so that all recordings have one rate (sox IN.wav -r HZ OUT.wav)"
            raise InputError(found, data.path / "wav.scp", f"{expected} Hz, as others", remedy)
    return expected


class _Vectors:
    """The vector of each utterance, float32 [d]; ``known`` is d."""

    optional_tables = ()

    def __init__(self, table):
        self.tables = (table,)

    def know(self, data, names):
        return len(self._read(data, names[0]))

    def load(self, data, names, known):
        vectors = [self._read(data, name) for name in names]
        for name, vector in zip(names, vectors, strict=True):
            if len(vector) != known:
                where = f"{data.path / self.tables[0]}: utterance {name}"
                found, expected = f"a vector of {len(vector)} values", f"{known}, as in training"
                raise InputError(found, where, expected, "extract all with the same extractor")
        return vectors

    def _read(self, data, name):
        (table,) = self.tables
        path = data.path / table
        if name not in data.table(table):
            remedy = "extract that of every utterance, or train without them"
            raise InputError(f"no line for utterance {name}", path, "its vector", remedy)
        return read_vector(data.table(table)[name], f"{path}: utterance {name}")


EXTRAS = {
    "gender": _Gender(),
    "text": _Words("text"),
    "text_asr": _Words("text_asr"),
    "wave": _Waves(),
    "words": _SpokenWords(),
    "xvector": _Vectors("xvector.scp"),
}


def _readers(inputs, transcript):
    """Name -> member of EXTRAS; words are read from the table ``transcript``."""
    return {name: EXTRAS[transcript if name == "text" else name] for name in inputs}


def extra_tables(inputs, data, transcript="text"):
    """The names of the tables of a DataDir that the extras ``inputs`` are made of.

    Args:
        inputs: keys of ``EXTRAS``.
        data: DataDir.
        transcript: the table that the extra ``text`` is read from, ``text`` or ``text_asr``.

    Raises:
        InputError: one is missing.
    """
    found = set()
    for name, reader in _readers(inputs, transcript).items():
        missing = [table for table in reader.tables if not data.has(table)]
        if missing:
            expected = f"what the input {name} is made of"
            remedy = "write one with a line for each utterance, or train without that input"
            raise InputError(f"no table {' '.join(missing)}", data.path, expected, remedy)
        found |= {*reader.tables, *(table for table in reader.optional_tables if data.has(table))}
    return sorted(found)


def know_extras(inputs, data, names, transcript="text"):
    """What is to be known of the training utterances ``names``: name of the extra -> plain value.

    Other arguments and errors are those of ``extra_tables``.
    """
    extra_tables(inputs, data, transcript)
    readers = _readers(inputs, transcript).items()
    found = {name: reader.know(data, names) for name, reader in readers}
    return {name: value for name, value in found.items() if value is not None}


def load_extras(inputs, data, names, known, transcript="text"):
    """The extras of the utterances ``names``: a list of dicts, name of the extra -> array."""
    readers = _readers(inputs, transcript).items()
    columns = {name: reader.load(data, names, known.get(name)) for name, reader in readers}
    return [{name: column[row] for name, column in columns.items()} for row in range(len(names))]
