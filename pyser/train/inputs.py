"""What a run reads: the features and labels of one fold, normalised, in memory."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pyser.data.datadir import DataDir
from pyser.data.normalise import GLOBAL_KEY, load_stats
from pyser.data.reader import FeatureReader
from pyser.data.tables import read_list
from pyser.errors import InputError
from pyser.log import progress
from pyser.train.plan import read_split


@dataclass(frozen=True)
class Fold:
    """Parts of one fold.

    Attributes:
        protocol: what the split says of itself (its protocol.json).
        blocks: block name -> width, in the order of the feature columns.
        frontend: what made the features (frontend.json), None if unknown.
        statistics: of the training utterances (float64 [2, D + 1], as ``pyser split`` made them)
            when features were normalised by them, else None.
        utterances: part -> list of ids.
        speakers: utterance -> speaker.
        examples: part -> list of (features float32 [T, D], class index), as ``utterances``.
    """

    protocol: dict
    blocks: dict
    frontend: dict | None
    statistics: np.ndarray | None
    utterances: dict
    speakers: dict
    examples: dict

    @property
    def classes(self):
        """The class names, in the order of the logits."""
        return self.protocol["classes"]

    @property
    def corpus(self):
        """What is known of the corpus: name, standin, labels."""
        return self.protocol["data"]


def load_fold(data, split, fold, settings, parts, whole=()):
    """Read ``parts`` (of train, dev, test) of fold number ``fold``.

    Args:
        data: data directory with ``feats.scp``.
        split: folder made by ``pyser split``.
        fold: from 1.
        settings: DataSettings.
        parts: names of the parts.
        whole: those of them that keep every frame, whatever ``frame_step`` is.

    Raises:
        FileError, InputError: a table or an archive is missing or cannot be used.
    """
    protocol, data = read_split(split), DataDir(data)
    reader = FeatureReader(data.path / "feats.scp")
    normaliser = load_stats(split, fold, settings.normalisation)
    utterances = {part: read_list(Path(split) / f"fold{fold}" / part) for part in parts}
    labels = data.table("utt2emo")
    examples = {}
    for part, names in utterances.items():
        step = 1 if part in whole else settings.frame_step
        examples[part] = [
            (_features(reader, normaliser, name, step), _label(labels, name, protocol))
            for name in progress(names, what=f"reading {part}, utterances")
        ]
    return Fold(
        protocol=protocol,
        blocks=_blocks(reader),
        frontend=reader.frontend,
        statistics=normaliser.stats.get(GLOBAL_KEY),
        utterances=utterances,
        speakers=data.table("utt2spk"),
        examples=examples,
    )


def _features(reader, normaliser, utterance, frame_step):
    if utterance not in reader:
        raise InputError("no features", utterance, remedy="run pyser features and pyser split")
    return normaliser.apply(utterance, reader[utterance])[::frame_step].copy()


def _label(labels, utterance, protocol):
    classes, label = protocol["classes"], labels.get(utterance)
    if label not in classes:
        found = f"utterance {utterance} has the label {label}"
        raise InputError(found, "utt2emo", f"one of: {' '.join(classes)}", "run pyser split again")
    return classes.index(label)


def _blocks(reader):
    """Block name -> width; features of unknown origin are one block, ``static``."""
    slices = reader.blocks or {"static": slice(0, reader.dim)}
    return {name: columns.stop - columns.start for name, columns in slices.items()}
