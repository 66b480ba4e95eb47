"""Utterances in segments of equal length, as several papers train and answer.

Shapes as in ``layers``; S segments in all, those of an utterance one after the other.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Segments:
    """Segments of a batch.

    Attributes:
        frames: [S, size, d], zero where an utterance has ended.
        lengths: int64 [S], real frames of each, at least 1.
        owners: int64 [S], the utterance each is of.
        counts: number of segments of each utterance, a list of B.
    """

    frames: torch.Tensor
    lengths: torch.Tensor
    owners: torch.Tensor
    counts: list


def cut_segments(frames, lengths, size, hop):
    """Cut every utterance into Segments, the first from its start and the last to its end.

    The last one begins earlier than ``hop`` frames after the one before where the utterance ends
    earlier, so that only utterances shorter than ``size`` need padding.

    Args:
        frames: [B, T, d]; what stands beyond ``lengths`` is not read.
        lengths: int64 [B].
        size: frames of a segment.
        hop: frames from one start to the next, at most ``size``.
    """
    pieces, owners, counts = [], [], []
    for index, length in enumerate(lengths.tolist()):
        last = max(length - size, 0)
        starts = [*range(0, last, hop), last]
        pieces += [frames[index, start : min(start + size, length)] for start in starts]
        owners += [index] * len(starts)
        counts.append(len(starts))
    # made of copies, not filled in place: there is a gradient where frames were computed
    padded = torch.stack([functional.pad(piece, (0, 0, 0, size - len(piece))) for piece in pieces])
    sizes = torch.tensor([len(piece) for piece in pieces], device=frames.device)
    return Segments(padded, sizes, torch.tensor(owners, device=frames.device), counts)


def pool_segments(logits, counts, how):
    """Log of the ``mean`` or the ``max`` (per class) of the posteriors: [S, C] -> [B, C].

    A maximum over segments need not sum to one over the classes; who takes the softmax of what is
    returned normalises it.
    """
    parts = logits.float().log_softmax(dim=-1).split(counts)
    if how == "max":
        return torch.stack([part.amax(dim=0) for part in parts])
    return torch.stack([part.logsumexp(dim=0) - torch.tensor(len(part)).log() for part in parts])
