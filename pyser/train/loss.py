"""The training loss: cross entropy with class weights, smoothed labels and mixed utterances; of
ratings, concordance."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from pyser.train.batching import Batch


def class_weights(examples, num_classes, kind):
    """Weights of the classes in the loss, float32 [C], or None; a class without examples gets 0."""
    if kind == "none":
        return None
    counts = np.bincount([label for _, label in examples], minlength=num_classes)
    weights = np.where(counts > 0, len(examples) / (num_classes * np.maximum(counts, 1)), 0.0)
    return torch.tensor(weights, dtype=torch.float32)


def mix(batch, alpha, random):
    """Mixup (Zhang et al., ICLR 2018): each utterance with another one of the batch.

    ``x = s x_i + (1 - s) x_j`` with one share s for the batch, drawn from Beta(alpha, alpha). The
    longer of two utterances gives the length; beyond its end the shorter one counts as 0, which is
    the mean of normalised features.

    Args:
        batch: Batch, its padding 0.
        alpha: above 0.
        random: NumPy Generator.

    Returns:
        The mixed Batch (with the labels i), the labels j (int64 [B]) and s.
    """
    share = float(random.beta(alpha, alpha))
    other = torch.from_numpy(random.permutation(len(batch.labels))).to(batch.labels.device)
    features = {
        name: torch.lerp(frames[other], frames, share) for name, frames in batch.features.items()
    }
    lengths = torch.maximum(batch.lengths, batch.lengths[other])
    mixed = Batch(features, lengths, batch.labels, batch.indices)
    return mixed, batch.labels[other], share


@dataclass(frozen=True)
class Criterion:
    """Mean cross entropy on one batch.

    Args:
        targets: pairs of labels (int64 [B]) and their share; shares sum to one.
        weights: of the classes, float32 [C], or None.
        label_smoothing: part of the target spread evenly over the classes.
    """

    targets: tuple
    weights: torch.Tensor | None
    label_smoothing: float

    def __call__(self, logits, owners=None):
        """The loss of ``logits`` [N, C], a scalar.

        Args:
            owners: int64 [N], the utterance of the batch that each row is of; None: N is B, each
                row of its own.
        """
        with torch.autocast(logits.device.type, enabled=False):
            return sum(
                share * self._mean(logits.float(), labels if owners is None else labels[owners])
                for labels, share in self.targets
            )

    def _mean(self, logits, labels):
        losses = functional.cross_entropy(
            logits,
            labels,
            self.weights,
            label_smoothing=self.label_smoothing,
            reduction="none",  # "mean" would divide by the weights of the batch, undoing them
        )
        return losses.mean()


@dataclass(frozen=True)
class RatingCriterion:
    """One less Lin's concordance of a batch, summed over dimensions (see ``score.concordance``).

    Args:
        ratings: float32 [B, D].
        weights: of the dimensions, float32 [D].
    """

    ratings: torch.Tensor
    weights: torch.Tensor

    def __call__(self, outputs, owners=None):
        """The loss of ``outputs`` [N, D], a scalar; ``owners`` as for ``Criterion``."""
        with torch.autocast(outputs.device.type, enabled=False):
            ratings = self.ratings if owners is None else self.ratings[owners]
            return (self.weights * (1 - batch_concordance(ratings, outputs.float()))).sum()


def batch_concordance(reference, estimate):
    """CCC of each column of float tensors [N, D]: [D].

    Where it is not defined (both the same constant) it is 0, and so is its gradient.
    """
    means = reference.mean(dim=0), estimate.mean(dim=0)
    x, y = reference - means[0], estimate - means[1]
    apart = (means[0] - means[1]).square()
    total = x.square().mean(dim=0) + y.square().mean(dim=0) + apart
    defined = total > 0
    return 2 * (x * y).mean(dim=0) / torch.where(defined, total, 1.0)
