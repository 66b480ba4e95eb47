"""Layers of multi-head self-attention over padded batches, as in the transformer.

Vaswani et al.: "Attention Is All You Need", NIPS 2017. Shapes as in ``layers``.
"""

import math

import torch
from torch import nn

from pyser.errors import InputError
from pyser.models.layers import frame_mask


class SelfAttention(nn.Module):
    """Multi-head self-attention: [B, T, d] -> [B, T, d].

    Args:
        width: d.
        heads: each attends with ``width / heads`` of the values.
    """

    def __init__(self, width, heads):
        super().__init__()
        if width % heads:
            raise InputError(f"width is {width}, heads {heads}", expected="a multiple of heads")
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)

    def forward(self, frames, visible):
        """Attend to those frames where ``visible`` (bool, broadcast to [B, heads, T, T]) says."""
        queries, keys, values = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.project(frames).chunk(3, dim=-1)
        )
        with torch.autocast(frames.device.type, enabled=False):
            kind = torch.promote_types(queries.dtype, torch.float32)
            found = nn.functional.scaled_dot_product_attention(
                queries.to(kind), keys.to(kind), values.to(kind), visible
            )
        return self.join(found.transpose(1, 2).flatten(2))


class _Layer(nn.Module):
    """Self-attention and two fully connected layers, each added to its input and normalised."""

    def __init__(self, width, heads, feedforward, dropout):
        super().__init__()
        self.attention = SelfAttention(width, heads)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward), nn.ReLU(), nn.Linear(feedforward, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames, visible):
        frames = self.norms[0](frames + self.dropout(self.attention(frames, visible)))
        return self.norms[1](frames + self.dropout(self.feedforward(frames)))


class SinePositions(nn.Module):
    """Adds sines and cosines of the number of the frame to [B, T, d], without weights."""

    def forward(self, frames):
        """``frames`` with sines in the even places, cosines in the odd ones."""
        num_frames, width = frames.shape[1:]
        places = torch.arange(width, device=frames.device)
        rates = torch.exp(-math.log(10_000.0) * (places // 2 * 2) / width)
        angles = torch.arange(num_frames, device=frames.device)[:, None] * rates
        return frames + torch.where(places % 2 == 0, angles.sin(), angles.cos())


class LearnedPositions(nn.Module):
    """Adds a vector to each frame of [B, T, d] that is learned for its number.

    Args:
        width: d.
        most: how many numbers there are; frames beyond get the vector of the last one.
    """

    def __init__(self, width, most):
        super().__init__()
        self.vectors = nn.Parameter(0.02 * torch.randn(most, width))

    def forward(self, frames):
        """``frames`` with the vectors added."""
        numbers = torch.arange(frames.shape[1], device=frames.device)
        return frames + self.vectors[numbers.clamp(max=len(self.vectors) - 1)]


def visible_frames(lengths, num_frames, reach):
    """Which frames [B, 1, T or 1, T] each frame may attend to.

    Args:
        lengths: int64 [B].
        num_frames: T.
        reach: frames to each side; 0: the whole utterance ("global windowing").
    """
    real = frame_mask(lengths, num_frames)[:, None, None]
    if not reach:
        return real
    numbers = torch.arange(num_frames, device=lengths.device)
    distances = (numbers[:, None] - numbers).abs()
    # padding sees itself: a softmax of nothing would be NaN
    return real & (distances <= reach) | (distances == 0)


class SelfAttentionEncoder(nn.Module):
    """A linear layer, positions, and layers of self-attention: [B, T, inputs] -> [B, T, width].

    Args:
        num_inputs: width of the frames.
        width: of what comes out.
        heads: of each attention; ``width`` is a multiple of it.
        num_layers: at least 1.
        feedforward: units between the two fully connected layers.
        dropout: on what each part adds, and on the frames with their positions.
        positions: a module that adds them.
        reach: of the attention; 0: the whole utterance.
    """

    def __init__(
        self, num_inputs, width, heads, num_layers, feedforward, dropout, positions, reach
    ):
        super().__init__()
        self.reach = reach
        self.project = nn.Linear(num_inputs, width)
        self.positions = positions
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            _Layer(width, heads, feedforward, dropout) for _ in range(num_layers)
        )

    def forward(self, frames, lengths):
        """Encode ``frames`` [B, T, inputs], padding finite; beyond ``lengths`` no meaning."""
        visible = visible_frames(lengths, frames.shape[1], self.reach)
        frames = self.dropout(self.positions(self.project(frames)))
        for layer in self.layers:
            frames = layer(frames, visible)
        return frames.to(torch.promote_types(frames.dtype, torch.float32))
