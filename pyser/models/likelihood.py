"""What models share that label each frame with an emotion or with none ("null").

Shapes as in ``layers``; of the C + 1 labels of a frame, null is the first.
"""

import torch
from torch import nn

from pyser.models.layers import frame_mask

NEVER = -1e30  # the logarithm of 0, finite so that no gradient is NaN


class FrameLabels(nn.Module):
    """Posteriors of the labels of each frame: [B, T, d] -> logarithms, float64 [B, T, C + 1].

    Sums over all frames of an utterance follow, hence the many digits.
    """

    def __init__(self, num_inputs, num_classes):
        super().__init__()
        self.output = nn.Linear(num_inputs, num_classes + 1)

    def forward(self, frames):
        """Label ``frames`` [B, T, d], each by itself."""
        with torch.autocast(frames.device.type, enabled=False):
            frames = frames.to(torch.promote_types(frames.dtype, torch.float32))
            return self.output(frames).double().log_softmax(dim=-1)


def sum_over_paths(labels, lengths, moves, final):
    """Log of the summed probability of all paths of each class c: [B, C].

    The forward algorithm over S states. In the states 0, 2, ... a frame is null, in 1, 3, ... it
    is c. The first frame is in state 0 or 1.

    Args:
        labels: logarithms of posteriors [B, T, C + 1], null first.
        lengths: int64 [B].
        moves: weights of going from state i to state j, logarithms [S, S]; ``NEVER`` for none.
        final: bool [B, S], where an utterance may end.
    """
    num_states, num_classes = len(moves), labels.shape[2] - 1
    emits = torch.stack([labels[:, :, :1].expand(-1, -1, num_classes), labels[:, :, 1:]], dim=-1)
    emits = emits.repeat(1, 1, 1, num_states // 2 + 1)[..., :num_states].unbind(dim=1)
    real = frame_mask(lengths, labels.shape[1])[:, :, None, None].unbind(dim=1)
    is_first = torch.arange(num_states, device=labels.device) < 2
    scores = emits[0].masked_fill(~is_first, NEVER)  # [B, C, S]
    for emit, is_real in zip(emits[1:], real[1:], strict=True):
        reached = (scores[..., None] + moves).logsumexp(dim=-2) + emit
        scores = torch.where(is_real, reached, scores)
    return scores.masked_fill(~final[:, None], NEVER).logsumexp(dim=-1)


def likelihood_loss(log_likelihoods, labels, criterion):
    """Mean of ``-log p(class of the utterance)``, where the p of all classes need not sum to one.

    What they leave belongs to sequences of no class. ``criterion`` takes a softmax over classes:
    it is given the class of the utterance with p, and 1 - p in equal parts with the others.

    Args:
        log_likelihoods: log p, [B, C], at most 0.
        labels: int64 [B].
        criterion: as for ``training_loss`` of a model.
    """
    num_classes = log_likelihoods.shape[1]
    is_own = torch.arange(num_classes, device=labels.device) == labels[:, None]
    own = log_likelihoods.masked_fill(~is_own, 0.0).sum(dim=1, keepdim=True)
    own = own.clamp(max=-1e-6)  # or 1 - p might vanish
    others = torch.log(-torch.expm1(own) / max(num_classes - 1, 1))
    return criterion(torch.where(is_own, own, others))


def sequence_loss(kind, log_likelihoods, labels, criterion):
    """The loss of a batch: ``likelihood`` as above, or ``posterior``, one class against the others.

    Args:
        kind: which of them.
        log_likelihoods, labels, criterion: as for ``likelihood_loss``.
    """
    if kind == "likelihood":
        return likelihood_loss(log_likelihoods, labels, criterion)
    return criterion(log_likelihoods)
