"""Features as maps: convolutions over frames and bins that no padding reaches.

Shapes: maps [B, K, T, F], K values at each of T frames and F bins, of which ``lengths`` [B] frames
are real. Maps are zero beyond them, as what stands beyond the first frame is for a convolution.
"""

import torch
from torch import nn

from pyser.errors import InputError
from pyser.models.layers import check_blocks, frame_mask, select_blocks


def check_spectrogram(blocks, bins, model):
    """Raise InputError unless ``blocks`` (name -> width) hold ``bins`` bins behind the energy."""
    check_blocks(blocks, ("static",), model)
    if blocks["static"] <= bins:
        found = f"bins is {bins}, and the block static has {blocks['static']} columns"
        remedy = "extract features with --feature-type=spectrogram, or lower bins"
        raise InputError(found, model, "fewer: the first column is the energy", remedy)


def check_average(config):
    """Raise InputError unless the ``bins`` of ``config`` are a multiple of its ``average_bins``."""
    if config.bins % config.average_bins:
        found = f"bins is {config.bins}, and average_bins {config.average_bins}"
        raise InputError(found, expected="bins a multiple of average_bins")


def read_spectrogram(features, lengths, config):
    """The ``bins`` of the block static behind its first column, maps [B, 1, T, F].

    F is ``bins / average_bins``: the mean of as many neighbours, where ``config`` asks for it.
    """
    frames = select_blocks(features, ("static",), lengths)[:, :, 1 : config.bins + 1]
    return frames.unflatten(2, (-1, config.average_bins)).mean(dim=-1)[:, None]


def clear_padding(maps, lengths):
    """Maps [B, K, T, F], whose padding is finite, with 0 beyond ``lengths`` [B]."""
    mask = frame_mask(lengths, maps.shape[2])
    return maps * mask[:, None, :, None].to(maps.dtype)  # on CPUs faster than masked_fill


class MapNorm(nn.BatchNorm2d):
    """Batch normalisation of maps by what is real of them; the padding comes out as zeros."""

    def forward(self, maps, lengths):
        """Normalise ``maps`` [B, K, T, F], each of the K values over frames and bins."""
        mask = frame_mask(lengths, maps.shape[2])
        if mask.all():
            return self._normalise(maps)
        if not self.training:
            return clear_padding(self._normalise(maps), lengths)
        frames = maps.transpose(1, 2)  # [B, T, K, F]
        real = self._normalise(frames[mask][:, :, None])[:, :, 0]
        whole = real.new_zeros(frames.shape)
        whole[mask] = real
        return whole.transpose(1, 2)

    def _normalise(self, maps):
        if self.training and maps.numel() == maps.shape[1]:  # one value has no deviation
            known = self.running_mean, self.running_var, self.weight, self.bias
            return nn.functional.batch_norm(maps, *known, training=False, eps=self.eps)
        return super().forward(maps)


class MapLayer(nn.Module):
    """Convolutions side by side, MapNorm, ReLU and, with ``pool``, the largest of each 2 x 2.

    [B, K, T, F] -> [B, ``num_outputs``, T, F], or with ``pool`` half the frames and bins, an odd
    last one being a half of its own.

    Args:
        num_inputs: K.
        num_filters: of each convolution.
        kernels: their sizes, (frames, bins) each.
        pool: whether to halve frames and bins.
    """

    def __init__(self, num_inputs, num_filters, kernels, pool):
        super().__init__()
        self.num_outputs, self.pool = num_filters * len(kernels), pool
        self.convolutions = nn.ModuleList(
            nn.Conv2d(num_inputs, num_filters, kernel, bias=False) for kernel in kernels
        )
        self.convolutions.to(memory_format=torch.channels_last)  # takes CPUs two thirds of the time
        self.norm = MapNorm(self.num_outputs)

    def forward(self, maps, lengths):
        """Filter ``maps``, whose padding is 0; also returns the new lengths [B]."""
        found = torch.cat([_same_size(convolve, maps) for convolve in self.convolutions], dim=1)
        found = torch.relu(self.norm(found, lengths))
        if self.pool:  # what is real is at least 0, so that zeros beyond it win nowhere
            found = nn.functional.max_pool2d(found, 2, ceil_mode=True)
            lengths = (lengths + 1) // 2
        return found, lengths


def _same_size(convolve, maps):
    """``convolve`` with zeros around ``maps``; an even kernel has one more of them behind."""
    height, width = (size - 1 for size in convolve.kernel_size)
    around = width // 2, width - width // 2, height // 2, height - height // 2
    return convolve(nn.functional.pad(maps, around))
