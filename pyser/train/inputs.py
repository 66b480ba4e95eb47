"""What a run reads: the features and labels of one fold.

Features stay in the archive, which is mapped into memory: processes that train on the same archive
share its pages. Rows are normalised when a batch is made of them.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pyser.data.datadir import DataDir
from pyser.data.normalise import GLOBAL_KEY, load_stats
from pyser.data.reader import FeatureReader
from pyser.data.tables import read_list
from pyser.errors import InputError
from pyser.log import progress
from pyser.train.extras import know_extras, load_extras
from pyser.train.frames import stacked_widths, take_frames
from pyser.train.plan import read_split
from pyser.train.targets import TARGETS
from pyser.train.wordvectors import know_vectors


@dataclass(frozen=True)
class Utterance:
    """Features of one utterance, float32 [T, D], made of rows in the archive when they are needed.

    Args:
        name: the utterance.
        rows: float [T', D'], such as a view of the mapped archive.
        normaliser: Normaliser.
        blocks: block name -> width of the archive.
        step, stack: see DataSettings.
        extras: what ``load_extras`` gave.
    """

    name: str
    rows: np.ndarray
    normaliser: object
    blocks: dict
    step: int
    stack: int
    extras: dict = field(default_factory=dict)

    ndim = 2

    def __len__(self):
        return -(-len(self.rows) // self.step)

    @property
    def shape(self):
        """(T, D)."""
        return len(self), self.rows.shape[1] * self.stack

    @property
    def whole(self):
        """The same utterance with every frame, none joined."""
        return replace(self, step=1, stack=1)

    def __array__(self, dtype=None, copy=None):
        if self.stack == 1:
            features = self.normaliser.apply(self.name, self.rows[:: self.step])
        else:
            normal = self.normaliser.apply(self.name, self.rows)
            places = np.arange(0, len(normal), self.step)
            features = take_frames(normal, places, self.blocks, self.stack)
        return features if dtype is None else features.astype(dtype, copy=False)


@dataclass(frozen=True)
class Fold:
    """Parts of one fold.

    Attributes:
        protocol: what the split says of itself (its protocol.json).
        read_blocks: block name -> width, in the order of the columns of the archive.
        blocks: the same of the examples, wider where frames are joined.
        frontend: what made the features (frontend.json), None if unknown.
        statistics: of the training utterances (float64 [2, D + 1], as ``pyser split`` made them)
            when features were normalised by them, else None.
        utterances: part -> list of ids.
        speakers: utterance -> speaker.
        examples: part -> list of (Utterance, class index or ratings), as ``utterances``.
        known: of the extras, as from ``know_extras``, and of the target.
        target: what is learned, a member of ``pyser.train.targets.TARGETS``.
    """

    protocol: dict
    read_blocks: dict
    blocks: dict
    frontend: dict | None
    statistics: np.ndarray | None
    utterances: dict
    speakers: dict
    examples: dict
    known: dict = field(default_factory=dict)
    target: object = TARGETS["emotion"]

    @property
    def classes(self):
        """The class names of the protocol."""
        return self.protocol["classes"]

    @property
    def outputs(self):
        """The names of what a model answers, in the order of its outputs."""
        return self.target.outputs(self.classes)

    @property
    def corpus(self):
        """What is known of the corpus: name, standin, labels."""
        return self.protocol["data"]


def load_fold(data, split, fold, settings, parts, inputs=(), known=None):
    """Read ``parts`` (of train, dev, test) of fold number ``fold``.

    Args:
        data: data directory with ``feats.scp``.
        split: folder made by ``pyser split``.
        fold: from 1.
        settings: DataSettings.
        parts: names of the parts.
        inputs: extras that the model reads.
        known: of them; None: to be found in the training part.

    Raises:
        FileError, InputError: a table or an archive is missing or cannot be used.
    """
    protocol, data = read_split(split), DataDir(data)
    reader = FeatureReader(data.path / "feats.scp")
    normaliser = load_stats(split, fold, settings.normalisation)
    utterances = {part: read_list(Path(split) / f"fold{fold}" / part) for part in parts}
    target = TARGETS[settings.target]
    blocks = _blocks(reader)

    if known is None:
        place = Path(split) / f"fold{fold}"
        known = _know(inputs, data, place, settings)
        known |= target.know(data, read_list(place / "train"))

    def features(name, extras):
        if name not in reader:
            raise InputError("no features", name, remedy="run pyser features and pyser split")
        rows = reader.mapped(name)
        normaliser.check(name, rows)
        steps = settings.frame_step, settings.frame_stack
        return Utterance(name, rows, normaliser, blocks, *steps, extras)

    def read(part, names):
        extras = load_extras(inputs, data, names, known, settings.transcript)
        shown = progress(names, what=f"reading {part}, utterances")
        read = [features(name, own) for name, own in zip(shown, extras, strict=True)]
        return list(zip(read, target.labels(data, names, protocol["classes"], known), strict=True))

    return Fold(
        protocol=protocol,
        read_blocks=blocks,
        blocks=stacked_widths(blocks, settings.frame_stack),
        frontend=reader.frontend,
        statistics=normaliser.stats.get(GLOBAL_KEY),
        utterances=utterances,
        speakers=data.table("utt2spk"),
        examples={part: read(part, names) for part, names in utterances.items()},
        known=known,
        target=target,
    )


def _know(inputs, data, fold, settings):
    """What is to be known of ``inputs``, from the training part of the folder ``fold``.

    With given word vectors, of words in dev and test too: that they have one was known before.
    """
    if not inputs:
        return {}
    train, dev, test = (read_list(fold / part) for part in ("train", "dev", "test"))
    known = know_extras(inputs, data, train, settings.transcript)
    if settings.word_vectors and "text" in inputs:
        others = know_extras(["text"], data, dev + test, settings.transcript)
        known |= know_vectors(known["text"], others["text"], settings.word_vectors)
    return known


def _blocks(reader):
    """Block name -> width; features of unknown origin are one block, ``static``."""
    slices = reader.blocks or {"static": slice(0, reader.dim)}
    return {name: columns.stop - columns.start for name, columns in slices.items()}
