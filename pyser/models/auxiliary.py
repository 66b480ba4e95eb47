"""Losses of auxiliary tasks, such as the gender of the speaker, which training alone knows."""

import torch
from torch.nn import functional

_UNKNOWN = -1


def auxiliary_loss(logits, targets):
    """Mean cross entropy over the rows whose target is known, a scalar; 0 if there is none.

    It hangs on ``logits`` in either case, with a gradient of zero where nothing is known.

    Args:
        logits: [B, K].
        targets: int64 [B], 0..K-1, or below 0 where unknown.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        targets = targets.clamp(min=_UNKNOWN)
        total = functional.cross_entropy(logits, targets, ignore_index=_UNKNOWN, reduction="sum")
        return total / (targets >= 0).sum().clamp(min=1)
