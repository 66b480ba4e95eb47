"""What several models share: masked recurrences and convolutions over padded batches.

Shapes: B utterances padded to T frames, ``lengths`` [B] (int64, each in 1..T) says how many frames
are real. No function lets the content of the padding reach a real frame.
"""

import torch
from torch import nn

from pyser.errors import InputError


def frame_mask(lengths, num_frames):
    """True on the real frames: bool [B, T] from ``lengths`` [B] and T = ``num_frames``."""
    return torch.arange(num_frames, device=lengths.device) < lengths[:, None]


def reverse_frames(frames, lengths):
    """Reverse the real frames of ``frames`` [B, T, d] in time; padding stays where it is."""
    positions = torch.arange(frames.shape[1], device=frames.device).expand(len(lengths), -1)
    mirrored = lengths[:, None] - 1 - positions
    index = torch.where(mirrored >= 0, mirrored, positions)
    return frames.gather(1, index[:, :, None].expand_as(frames))


def select_blocks(features, names, lengths):
    """Join named blocks, with the padding set to zero: float [B, T, sum of widths].

    Zeroing first makes even a NaN in the padding harmless, to outputs and to gradients.
    """
    frames = torch.cat([features[name] for name in names], dim=-1)
    mask = frame_mask(lengths, frames.shape[1])
    return frames.masked_fill(~mask[:, :, None], 0.0)


def check_blocks(blocks, needed, model):
    """Raise InputError unless each name in ``needed`` is a key of ``blocks`` (name -> width)."""
    missing = [name for name in needed if name not in blocks]
    if missing:
        raise InputError(
            f"the features have the blocks {', '.join(blocks) or 'none'}",
            model,
            f"blocks {', '.join(needed)}",
            f"extract features with {missing[0]}, or configure the model without it",
        )


def blocks_read(blocks, reads, model):
    """The names of the blocks that are read, and their width together.

    Args:
        blocks: name -> width.
        reads: names, none for all of ``blocks``.
        model: its name, for errors.

    Raises:
        InputError: one of ``reads`` is not there.
    """
    check_blocks(blocks, reads, model)
    names = reads or tuple(blocks)
    return names, sum(blocks[name] for name in names)


class FrameDropout(nn.Module):
    """Dropout on frames [B, T, d]; with ``locked`` the same values of every frame of an utterance.

    The locked form is that of Gal & Ghahramani 2016 for what enters and leaves a recurrence.
    """

    def __init__(self, share, locked=False):
        super().__init__()
        self.share, self.locked = share, locked

    def forward(self, frames):
        """Drop values of ``frames`` [B, T, d] in training; the others grow by 1 / (1 - share)."""
        if not self.locked:
            return nn.functional.dropout(frames, self.share, self.training)
        if not self.training or not self.share:
            return frames
        kept = torch.full_like(frames[:, :1], 1 - self.share).bernoulli_()
        return frames * kept.div_(1 - self.share)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of vectors [B, d]; a batch of one is normalised as in evaluation."""

    def forward(self, vectors):
        """Normalise ``vectors`` [B, d] value by value."""
        if self.training and len(vectors) == 1:
            known = self.running_mean, self.running_var, self.weight, self.bias
            return nn.functional.batch_norm(vectors, *known, training=False, eps=self.eps)
        return super().forward(vectors)


class LargerOfPairs(torch.autograd.Function):
    """``relu`` of the larger of each two neighbours on the last axis.

    On CPUs faster than max_pool2d, and than maximum, whose gradient looks for ties.
    """

    @staticmethod
    def forward(ctx, maps):
        """Of ``maps`` [..., n] the larger values [..., n // 2], at least 0."""
        ctx.shape, paired = maps.shape, maps.shape[-1] // 2 * 2
        first, second = maps[..., 0:paired:2], maps[..., 1:paired:2]
        larger = torch.maximum(first, second).relu_()
        ctx.save_for_backward(first >= second, larger > 0)
        return larger

    @staticmethod
    def backward(ctx, gradient):
        """The gradient of ``maps``; of equal neighbours the first one gets it."""
        is_first, is_positive = ctx.saved_tensors
        gradient = gradient * is_positive
        whole = gradient.new_zeros(ctx.shape)
        paired = ctx.shape[-1] // 2 * 2
        first = gradient * is_first
        whole[..., 0:paired:2] = first
        whole[..., 1:paired:2] = gradient - first
        return whole


class BandConvolution(nn.Module):
    """Two 2-D convolutions over time and bands: [B, T, k bands] -> [B, ceil(T / stride), outputs].

    The k blocks of a frame are the channels. ``channels`` filters of 5 frames by 5 bands, every
    ``stride`` frames, then twice as many of 3 by 3; after each, the larger of neighbouring bands,
    ReLU, and layer normalisation of the frame. What a filter finds it finds at any band, such as a
    formant that another speaker has a little higher.

    Args:
        num_blocks: k.
        bands: width of a block.
        channels: filters of the first convolution.
        stride: frames from one output to the next.
    """

    def __init__(self, num_blocks, bands, channels, stride):
        super().__init__()
        self.num_blocks, self.stride = num_blocks, stride
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(num_blocks, channels, 5, (stride, 1), padding=2),
                nn.Conv2d(channels, 2 * channels, 3, padding=1),
            ]
        )
        shapes = [[channels, bands // 2], [2 * channels, bands // 4]]
        self.norms = nn.ModuleList(nn.LayerNorm(shape) for shape in shapes)
        self.num_outputs = 2 * channels * (bands // 4)

    def forward(self, frames, lengths):
        """Filter ``frames`` [B, T, k bands], whose padding is 0; also returns the new lengths."""
        count, num_frames, _ = frames.shape
        lengths = (lengths + self.stride - 1) // self.stride
        maps = frames.view(count, num_frames, self.num_blocks, -1).transpose(1, 2)
        for convolve, normalise in zip(self.convolutions, self.norms, strict=True):
            found = LargerOfPairs.apply(convolve(maps))
            # frame by frame, so that no utterance depends on how long the others are
            found = normalise(found.transpose(1, 2))
            real = frame_mask(lengths, found.shape[1])
            found = found.masked_fill(~real[:, :, None, None], 0.0)
            maps = found.transpose(1, 2)
        return found.flatten(2), lengths


class _Layer(nn.Module):
    """One LSTM layer of an Encoder, in one or both directions."""

    def __init__(self, num_inputs, hidden, bidirectional):
        super().__init__()
        self.forward_lstm = nn.LSTM(num_inputs, hidden, batch_first=True)
        self.backward_lstm = None
        if bidirectional:
            self.backward_lstm = nn.LSTM(num_inputs, hidden, batch_first=True)

    def forward(self, frames, lengths):
        outputs = self.forward_lstm(frames)[0]
        if self.backward_lstm is None:
            return outputs
        backward = self.backward_lstm(reverse_frames(frames, lengths))[0]
        return torch.cat([outputs, reverse_frames(backward, lengths)], dim=-1)


class Encoder(nn.Module):
    """LSTM layers over padded frames: [B, T, inputs] -> [B, T, ``num_outputs``].

    The backward direction of a bidirectional encoder runs over each utterance reversed by its own
    length, so that it starts at the last real frame (packed sequences do the same, slower on CPUs).

    Args:
        num_inputs: width of the frames.
        hidden: units per layer and direction.
        bidirectional: also run each layer backwards in time.
        num_layers: at least 1.
        dropout: a module applied between layers, if any.
    """

    def __init__(self, num_inputs, hidden, bidirectional=False, num_layers=1, dropout=None):
        super().__init__()
        self.num_outputs = hidden * (2 if bidirectional else 1)
        widths = [num_inputs] + [self.num_outputs] * (num_layers - 1)
        self.layers = nn.ModuleList(_Layer(width, hidden, bidirectional) for width in widths)
        self.dropout = dropout or nn.Identity()

    @torch.no_grad()
    def make_orthogonal(self):
        """Draw new weights, gate by gate: orthogonal recurrent ones, forget biases of 1."""
        for lstm in (module for module in self.modules() if isinstance(module, nn.LSTM)):
            for gate in lstm.weight_hh_l0.chunk(4):
                nn.init.orthogonal_(gate)
            for gate in lstm.weight_ih_l0.chunk(4):
                nn.init.xavier_uniform_(gate)
            lstm.bias_ih_l0.zero_()
            lstm.bias_hh_l0.zero_()
            lstm.bias_ih_l0.chunk(4)[1].fill_(1.0)  # torch's order of gates: i, f, g, o

    def forward(self, frames, lengths):
        """Encode ``frames`` [B, T, inputs]; what comes out beyond ``lengths`` has no meaning."""
        outputs = self.layers[0](frames, lengths)
        for layer in self.layers[1:]:
            outputs = layer(self.dropout(outputs), lengths)
        return outputs
