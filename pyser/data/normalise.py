"""Z-scores of features, by the statistics of their speaker or of a fold's training utterances.

Statistics are those of ``pyser.frontend.cmvn``, in Kaldi's form, and z-scores those of ``apply-cmvn
--norm-vars=true`` but for one case: a column that is constant but for rounding becomes 0, where
Kaldi floors the variance at 1e-20 and so divides rounding errors by 1e-10.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pyser import _native
from pyser.data.reader import read_ark
from pyser.data.tables import read_table
from pyser.errors import InputError

KINDS = ("speaker", "train", "none")
SPEAKER_STATS, TRAIN_STATS, GLOBAL_KEY = "cmvn_speaker", "cmvn_train", "global"
# What a result has to say when it was made with this kind of statistics.
REMARKS = {
    "speaker": "transductive: features are normalised by the statistics of each speaker, those of "
    "test speakers included; labels serve only to choose the utterances of the protocol"
}
# Of the mean square: below this variance a column counts as constant. Rounding in the double sums,
# first over T frames and then over U utterances, makes up to (T + U) * 1e-16 of it; a deviation of
# sqrt(1e-11) = 3e-6 is some 50 steps of float32.
_CONSTANT = 1e-11


def mean_and_scale(stats):
    """Mean and 1 / standard deviation (float64 [D] each); the scale of a constant column is 0."""
    count = stats[0, -1]
    mean = stats[0, :-1] / count
    mean_square = stats[1, :-1] / count
    variance = mean_square - mean * mean
    varies = variance > _CONSTANT * mean_square
    return mean, np.where(varies, 1.0 / np.sqrt(np.where(varies, variance, 1.0)), 0.0)


@dataclass
class Normaliser:
    """Z-scores features.

    Attributes:
        kind: ``speaker``, ``train`` or ``none``.
        stats: key -> statistics; the key is a speaker, or ``global``; empty for ``none``.
        utt2spk: utterance -> speaker, of the protocol (for ``speaker``).
    """

    kind: str
    stats: dict[str, np.ndarray] = field(default_factory=dict)
    utt2spk: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self._scales = {key: mean_and_scale(stats) for key, stats in self.stats.items()}

    def apply(self, name, features):
        """Normalise.

        Args:
            name: utterance, or speaker, whose features they are.
            features: float [T, D].

        Returns:
            float32 [T, D]; ``features`` itself stays as it is.

        Raises:
            InputError: nothing is known of the speaker, or D differs from the statistics.
        """
        if self.kind == "none":
            return np.array(features, dtype=np.float32)
        mean, scale = self.check(name, features)
        return _native.normalise(np.ascontiguousarray(features, np.float32), mean, scale)

    def check(self, name, features):
        """Prove that ``apply`` can be called; returns what it uses: mean and scale, float64 [D].

        Raises:
            InputError: as ``apply``.
        """
        if self.kind == "none":
            return None
        key = GLOBAL_KEY if self.kind == "train" else self.utt2spk.get(name, name)
        if key not in self._scales:
            remedy = "train with normalisation: train to apply a model to new speakers"
            raise InputError("no statistics of this speaker", name, "a known speaker", remedy)
        mean, scale = self._scales[key]
        if features.ndim != 2 or features.shape[1] != len(mean):
            found = f"features have the shape {list(features.shape)}"
            raise InputError(found, name, f"[T, {len(mean)}], as the statistics")
        return mean, scale


def load_stats(split_dir, fold, kind):
    """The Normaliser of a fold, from what ``pyser split`` wrote.

    Args:
        split_dir: folder written by ``pyser split``.
        fold: number of the fold, from 1.
        kind: ``speaker`` (each speaker's own statistics: transductive), ``train`` (of the fold's
            training utterances) or ``none``.

    Raises:
        InputError: unknown kind.
        FileError: the statistics are not there.
    """
    if kind not in KINDS:
        raise InputError(f"normalisation {kind!r}", "load_stats", f"one of: {' '.join(KINDS)}")
    split_dir = Path(split_dir)
    if kind == "none":
        return Normaliser(kind)
    if kind == "train":
        return Normaliser(kind, read_ark(split_dir / f"fold{fold}" / f"{TRAIN_STATS}.ark"))
    stats = read_ark(split_dir / f"{SPEAKER_STATS}.ark")
    return Normaliser(kind, stats, read_table(split_dir / "utt2spk"))
