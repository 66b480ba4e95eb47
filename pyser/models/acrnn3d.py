"""3-D ACRNN: convolutions over log-mels and their deltas as channels, then a BLSTM with attention.

Chen, He, Yang, Zhang: "3-D Convolutional Recurrent Neural Networks with Attention Model for Speech
Emotion Recognition", IEEE Signal Processing Letters 25(10), 2018.
"""

import itertools
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from pyser.errors import InputError
from pyser.models.layers import BatchNorm, Encoder, check_blocks, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import AttentionPooling
from pyser.models.segments import cut_segments, pool_segments

_BLOCKS = ("static", "delta", "delta2")


class ACRNN3D(Network):
    """The network of the paper on segments of three seconds.

    Stated by the paper and default here: 40 log-mels with two deltas, segments of 300 frames padded
    with zeros; a convolution of 128 filters of 5 frames by 3 bands, the largest of 2 x 2, five
    convolutions of 256 filters (four for the smaller corpus: ``layers``); a linear layer of 768
    values per frame; a BLSTM of 128 units per direction; attention; a layer of 64 units with batch
    normalisation. An utterance gets the largest posterior of its segments. Not stated, so ours:
    ReLU after convolutions, the dimension of the attention, no attention to padding.

    Args:
        config: an ``ACRNN3D.Config``.
        blocks: widths of the feature blocks; static, delta and delta2, of one width.
        num_classes: C.
    """

    @dataclass(frozen=True)
    class Config:
        """Sizes.

        Attributes:
            maps: filters of the first convolution.
            deep_maps: filters of the others.
            layers: convolutions in all.
            linear: values of a frame after them.
            hidden: LSTM units per direction.
            attention_dim: of the attention.
            fc: units of the fully connected layer.
            dropout: on the outputs of the linear layer and of the BLSTM.
            segment_frames: length of a segment.
            segment_hop: frames from one segment to the next.
            segment_pooling: ``max`` or ``mean`` of the posteriors of the segments.
        """

        maps: int = limited(128, 1)
        deep_maps: int = limited(256, 1)
        layers: int = limited(6, 1)
        linear: int = limited(768, 1)
        hidden: int = limited(128, 1)
        attention_dim: int = limited(64, 1)
        fc: int = limited(64, 1)
        dropout: float = limited(0.0, 0.0, 0.95)
        segment_frames: int = limited(300, 2)
        segment_hop: int = limited(300, 1)
        segment_pooling: Literal["max", "mean"] = "max"

        def __post_init__(self):
            check_limits(self)
            if self.segment_hop > self.segment_frames:
                found = f"segment_hop is {self.segment_hop}"
                raise InputError(found, expected=f"at most segment_frames ({self.segment_frames})")

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        check_blocks(blocks, _BLOCKS, "acrnn3d")
        widths = [blocks[name] for name in _BLOCKS]
        if len(set(widths)) > 1 or widths[0] < 2:
            found = f"the blocks have the widths {widths}"
            raise InputError(found, "acrnn3d", "one width for all, at least 2")
        sizes = [len(_BLOCKS), config.maps, *[config.deep_maps] * (config.layers - 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, (5, 3), padding=(2, 1))
            for before, after in itertools.pairwise(sizes)
        )
        self.linear = nn.Linear(sizes[-1] * (widths[0] // 2), config.linear)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = Encoder(config.linear, config.hidden, bidirectional=True)
        self.pooling = AttentionPooling(self.encoder.num_outputs, config.attention_dim)
        self.classifier = nn.Sequential(
            nn.Linear(self.encoder.num_outputs, config.fc),
            BatchNorm(config.fc),
            nn.ReLU(),
            nn.Linear(config.fc, num_classes),
        )

    def forward(self, features, lengths):
        """Logarithms of pooled posteriors, float32 [B, C]; arguments as for ``Network``."""
        segments = self._cut(features, lengths)
        return pool_segments(self._classify(segments), segments.counts, self.config.segment_pooling)

    def training_loss(self, features, lengths, labels, criterion):
        """Every segment is to have the class of its utterance."""
        segments = self._cut(features, lengths)
        return criterion(self._classify(segments), segments.owners)

    def _cut(self, features, lengths):
        frames = select_blocks(features, _BLOCKS, lengths)
        return cut_segments(frames, lengths, self.config.segment_frames, self.config.segment_hop)

    def _classify(self, segments):
        """Logits [S, C] of segments."""
        count, size, width = segments.frames.shape
        maps = segments.frames.view(count, size, len(_BLOCKS), width // len(_BLOCKS))
        maps = maps.permute(0, 2, 1, 3)  # [S, 3, T, bands]
        for number, convolve in enumerate(self.convolutions):
            maps = torch.relu(convolve(maps))
            if number == 0:
                maps = nn.functional.max_pool2d(maps, 2)
        frames = self.dropout(self.linear(maps.transpose(1, 2).flatten(2)))
        lengths = (segments.lengths // 2).clamp(min=1)
        encoded = self.dropout(self.encoder(frames, lengths))
        with torch.autocast(encoded.device.type, enabled=False):
            pooled = self.pooling(encoded.float(), lengths)
            return self.classifier(pooled)
