"""What a model learns to answer: the emotion of an utterance (a class), or ratings of it (numbers).

A target says where labels are, what they are compared with in training, how the dev part judges an
epoch, and what is written of the answers. TARGETS has them by the name in ``data.target``.
"""

import numpy as np
import torch
from torch.nn import functional

from pyser.data.datadir import DIMENSIONS
from pyser.data.rules import ratings
from pyser.errors import InputError
from pyser.models.members import members_of
from pyser.score.concordance import concordance, moments
from pyser.score.metrics import confusion, unweighted_accuracy, weighted_accuracy
from pyser.score.ratings import make_ratings
from pyser.score.table import decide
from pyser.train.loss import Criterion, RatingCriterion, class_weights, mix

_KNOWN = "vad"  # among what is known of the training part: middle and half range of the ratings


class Emotion:
    """The class in ``utt2emo``; labels are its index, an int."""

    def outputs(self, classes):
        """The names of what a model answers: C classes."""
        return tuple(classes)

    def know(self, data, names):
        """What is to be known of the training utterances: nothing."""
        return {}

    def labels(self, data, names, classes, known):
        """The class indices of utterances (list).

        Raises:
            InputError: an utterance has a label that is none of ``classes``.
        """
        table = data.table("utt2emo")
        for name in names:
            if table.get(name) not in classes:
                found = f"utterance {name} has the label {table.get(name)}"
                expected = f"one of: {' '.join(classes)}"
                raise InputError(found, "utt2emo", expected, "run pyser split again")
        return [classes.index(table[name]) for name in names]

    def check(self, model, settings):
        """Raise InputError where the TrainSettings are not for this ``model``."""
        for member in members_of(model):
            own = hasattr(member, "training_loss") or getattr(member, "inputs", ())
            if settings.mixup and own:
                found = "mixup is for models that read frames alone and learn by cross entropy"
                where = f"train.mixup is {settings.mixup}"
                raise InputError(found, where, remedy="set train.mixup=0")

    def criterion(self, model, examples, settings):
        """A function (batch, random) -> (Batch, Criterion) of training on ``examples``."""
        weights = class_weights(examples, model.num_classes, settings.class_weights)

        def make(batch, random):
            own = None if weights is None else weights.to(batch.lengths.device)
            targets = ((batch.labels, 1.0),)
            if settings.mixup:
                batch, others, share = mix(batch, settings.mixup, random)
                targets = (batch.labels, share), (others, 1.0 - share)
            return batch, Criterion(targets, own, settings.label_smoothing)

        return make

    def judge(self, outputs, labels, settings):
        """dev_loss (mean cross entropy), dev_ua and dev_wa of ``outputs`` float64 [N, C]."""
        reference, outputs = torch.tensor(labels), torch.from_numpy(outputs)
        hypothesis = outputs.argmax(dim=1).numpy()
        matrix = confusion(reference.numpy(), hypothesis, outputs.shape[1])
        return {
            "dev_loss": functional.cross_entropy(outputs, reference).item(),
            "dev_ua": float(unweighted_accuracy(matrix)),
            "dev_wa": float(weighted_accuracy(matrix)),
        }

    def answers(self, outputs, labels, names, speakers, classes, known):
        """The Scores of ``outputs`` float64 [N, C]."""
        posteriors = torch.from_numpy(outputs).log_softmax(dim=1).numpy()
        return decide(classes, names, speakers, labels, posteriors)


class Vad:
    """Valence, activation and dominance from ``utt2vad``; labels are float64 [3].

    Labels and outputs are ratings of which the middle of the training part's range is 0 and its
    ends are -1 and 1: the range of tanh. CCC does not see this change of scale. Labels have all
    digits, so that folds of other ranges tell the same reference of an utterance. The loss is of
    each batch: CCC of few utterances tells little, of one nothing.
    """

    def outputs(self, classes):
        """The names of what a model answers: the dimensions."""
        return DIMENSIONS

    def know(self, data, names):
        """Middle and half range of the ratings of the training utterances, three each."""
        ratings = self._ratings(data, names)
        low, high = ratings.min(axis=0), ratings.max(axis=0)
        half = np.where(high > low, (high - low) / 2, 1.0)
        return {_KNOWN: [((low + high) / 2).tolist(), half.tolist()]}

    def labels(self, data, names, classes, known):
        """The scaled ratings of utterances, a list of float64 [3].

        Raises:
            InputError: an utterance has none, or they are no three numbers.
        """
        middle, half = np.array(known[_KNOWN])
        return list((self._ratings(data, names) - middle) / half)

    def _ratings(self, data, names):
        table, where = data.table("utt2vad"), data.path / "utt2vad"
        for name in names:
            if name not in table:
                remedy = "leave that utterance out of the data directory, or rate it"
                raise InputError(f"no ratings of utterance {name}", where, None, remedy)
            for _, found in ratings(table[name]):
                raise InputError(found, f"{where}: utterance {name}")
        return np.array([[float(v) for v in table[name].split()] for name in names])

    def check(self, model, settings):
        """Nothing to check: ``Settings`` did."""

    def criterion(self, model, examples, settings):
        """A function (batch, random) -> (Batch, RatingCriterion)."""
        weights = torch.tensor(_weights(settings), dtype=torch.float32)

        def make(batch, random):
            labels = batch.labels.float()
            return batch, RatingCriterion(labels, weights.to(labels.device))

        return make

    def judge(self, outputs, labels, settings):
        """dev_loss (weighted sum of 1 - CCC) and dev_ccc, the mean of the dimensions' CCC.

        A dimension in which nothing varies, and all answers are right, counts as 0.
        """
        pairs = zip(np.array(labels, np.float64).T, outputs.T, strict=True)
        ccc = np.array([concordance(moments(*pair)[0]) for pair in pairs])
        ccc = np.nan_to_num(ccc)
        loss = float((np.array(_weights(settings)) * (1 - ccc)).sum())
        return {"dev_loss": loss, "dev_ccc": float(ccc.mean())}

    def answers(self, outputs, labels, names, speakers, classes, known):
        """The Ratings of ``outputs`` float64 [N, 3], on the scale of the corpus."""
        middle, half = np.array(known[_KNOWN])
        reference = np.array(labels, np.float64) * half + middle
        return make_ratings(DIMENSIONS, names, speakers, reference, outputs * half + middle)


def _weights(settings):
    return settings.dimension_weights or (1.0,) * len(DIMENSIONS)


TARGETS = {"emotion": Emotion(), "vad": Vad()}
