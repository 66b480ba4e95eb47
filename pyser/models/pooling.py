"""From the frames of an utterance to one vector: attention, moments, percentiles.

Shapes as in ``layers``: frames [B, T, d], of which ``lengths`` [B] are real; what stands beyond
them reaches no result.
"""

import math

import numpy as np
import torch
from torch import nn

from pyser.models.layers import BatchNorm, frame_mask


class AttentionPooling(nn.Module):
    """Additive attention (Bahdanau et al., 2015) over the real frames: [B, T, d] -> [B, d].

    ``s_t = v^T tanh(W h_t + b)``, ``alpha = softmax(s)`` over the real frames,
    ``u = sum_t alpha_t h_t``.
    """

    def __init__(self, num_inputs, attention_dim):
        super().__init__()
        self.project = nn.Linear(num_inputs, attention_dim)
        self.score = nn.Linear(attention_dim, 1, bias=False)

    def weights(self, frames, lengths):
        """The attention weights: [B, T], zero on padding, each row summing to one."""
        mask = frame_mask(lengths, frames.shape[1])
        return self._scores(frames).masked_fill(~mask, float("-inf")).softmax(dim=-1)

    def _scores(self, frames):
        return self.score(torch.tanh(self.project(frames))).squeeze(-1)

    def forward(self, frames, lengths):
        """Pool ``frames`` [B, T, d] into [B, d]."""
        return torch.bmm(self.weights(frames, lengths)[:, None, :], frames).squeeze(1)


class DotAttention(AttentionPooling):
    """Attention that weighs a frame by its product with one vector: [B, T, d] -> [B, d].

    ``alpha = softmax(u^T h_t)`` over the real frames (Mirsamadi et al., ICASSP 2017).
    """

    def __init__(self, num_inputs):
        nn.Module.__init__(self)
        self.score = nn.Linear(num_inputs, 1, bias=False)

    def _scores(self, frames):
        return self.score(frames).squeeze(-1)


class MeanPooling(nn.Module):
    """Mean over the real frames: [B, T, d] -> [B, d]."""

    def forward(self, frames, lengths):
        """Pool ``frames`` [B, T, d] into [B, d]."""
        mask = frame_mask(lengths, frames.shape[1])[:, :, None]
        return frames.masked_fill(~mask, 0.0).sum(dim=1) / lengths[:, None]


class StatisticsPooling(AttentionPooling):
    """Attention pooling joined with statistics over the frames: [B, T, d] -> [B, 6 d].

    ``[u, m, s, l, max_t h_t, min_t h_t]`` with u as in AttentionPooling and ``moments`` m, s, l.
    """

    def forward(self, frames, lengths):
        """Pool ``frames`` [B, T, d] into [B, 6 d]."""
        mask = frame_mask(lengths, frames.shape[1])[:, :, None]
        highest = frames.masked_fill(~mask, float("-inf")).amax(dim=1)
        lowest = frames.masked_fill(~mask, float("inf")).amin(dim=1)
        pooled = super().forward(frames, lengths)
        return torch.cat([pooled, *moments(frames, lengths), highest, lowest], dim=-1)


class Functionals(nn.Module):
    """Functionals of the features themselves, the classical description of emotional speech.

    Of every value of a frame, and of the first cosine transforms of every block (of log-mels:
    cepstral coefficients), its ``moments`` and percentiles over the utterance: what an SVM answers
    from (``models/functionals.py``, where the source is). Without weights; standardised as by batch
    normalisation.

    Args:
        widths: of the blocks that a frame consists of.
        num_ceps: cosine transforms of a block; at most as many as it has values.
    """

    PERCENTILES = (5, 25, 50, 75, 95)

    def __init__(self, widths, num_ceps=13):
        super().__init__()
        transforms = [_cosines(width, min(num_ceps, width)) for width in widths]
        self.register_buffer("cosines", torch.block_diag(*transforms), persistent=False)
        self.num_outputs = sum(self.cosines.shape) * (3 + len(self.PERCENTILES))
        self.standardise = BatchNorm(self.num_outputs, affine=False)

    @torch.no_grad()
    def forward(self, frames, lengths):
        """Describe ``frames`` [B, T, sum of widths] by [B, ``num_outputs``]; no gradient."""
        frames = torch.cat([frames, frames @ self.cosines], dim=-1)
        parts = [*moments(frames, lengths), *percentiles(frames, lengths, self.PERCENTILES)]
        return self.standardise(torch.cat(parts, dim=-1))


def moments(frames, lengths):
    """Mean, deviation and trend over the real frames: three tensors [B, d].

    The mean m and the deviation ``s = sqrt(var_t h_t + 1e-5)`` as in x-vectors (Snyder et al.
    2018); the trend ``l = 3 mean_t (p_t h_t)``, where p_t goes from -1 to 1 over the utterance: the
    slope of the straight line through h_t, for many frames.
    """
    mask = frame_mask(lengths, frames.shape[1])
    real = frames.masked_fill(~mask[:, :, None], 0.0)
    count = lengths[:, None].to(frames.dtype)
    shares = mask / count
    middles = torch.arange(frames.shape[1], device=frames.device) + 0.5
    places = 2 * middles / count - 1  # [B, T]
    mean, trend = torch.bmm(torch.stack([shares, 3 * shares * places], dim=1), real).unbind(dim=1)
    squares = (real - mean[:, None]).square()
    deviation = (torch.bmm(shares[:, None], squares).squeeze(1) + 1e-5).sqrt()
    return mean, deviation, trend


def percentiles(frames, lengths, ranks):
    """The percentiles ``ranks`` over the real frames, a list of [B, d]; between frames linear."""
    mask = frame_mask(lengths, frames.shape[1])[:, :, None]
    ordered = _sorted_over_time(frames.masked_fill(~mask, float("inf")))
    rows = torch.arange(len(lengths), device=frames.device)
    found = []
    for rank in ranks:
        place = (lengths - 1).to(frames.dtype) * (rank / 100)
        below = place.long()
        above = torch.minimum(below + 1, lengths - 1)
        share = (place - below)[:, None]
        found.append(torch.lerp(ordered[rows, below], ordered[rows, above], share))
    return found


def _sorted_over_time(frames):
    """``frames`` [B, T, d] in rising order over T; NumPy's sort is ten times torch's on a CPU."""
    if frames.device.type == "cpu" and not frames.requires_grad:
        return torch.from_numpy(np.sort(frames.numpy(), axis=1))
    return frames.sort(dim=1).values


def _cosines(width, count):
    """The first ``count`` columns of the orthonormal DCT-II of ``width`` values, as a product."""
    angles = torch.outer(torch.arange(width, dtype=torch.float64) + 0.5, torch.arange(count))
    table = torch.cos(math.pi / width * angles) * math.sqrt(2 / width)
    table[:, 0] /= math.sqrt(2)
    return table.float()
