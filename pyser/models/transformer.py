"""Transformer encoder over low-level descriptors, with attention to the whole utterance.

Tarantino, Garner, Lazaridis: "Self-attention for Speech Emotion Recognition", Interspeech 2019.
"""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from pyser.models.layers import blocks_read, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import MeanPooling
from pyser.models.selfattention import SelfAttentionEncoder, SinePositions


class Transformer(Network):
    """Layers of self-attention, the mean of their frames, and a linear layer.

    Stated by the paper and default here: low-level descriptors of each frame, self-attention with
    "global windowing", which we read as: every frame attends to all of the utterance (``reach``
    takes a window around it instead). Not stated where we know the paper from, so ours: all sizes,
    positions as sines and cosines, normalisation after each part, the mean over the frames. The
    paper's soft targets, the shares of the annotators, are left out: a corpus has one label here.

    Args:
        config: a ``Transformer.Config``.
        blocks: widths of the feature blocks.
        num_classes: C.
    """

    stride = 1

    @dataclass(frozen=True)
    class Config:
        """Sizes.

        Attributes:
            reads: names of the blocks that are read; none: all there are.
            width: values of a frame between layers, a multiple of ``heads``.
            heads: of each attention.
            layers: of self-attention.
            feedforward: units between the two fully connected layers of each.
            dropout: on what each part of a layer adds, and on the frames with their positions.
            positions: ``sine``, or ``none``: the order of the frames is lost.
            reach: frames to each side that a frame attends to; 0: all.
        """

        reads: tuple[str, ...] = ()
        width: int = limited(128, 1)
        heads: int = limited(4, 1)
        layers: int = limited(2, 1)
        feedforward: int = limited(256, 1)
        dropout: float = limited(0.1, 0.0, 0.95)
        positions: Literal["sine", "none"] = "sine"
        reach: int = limited(0, 0)

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        self._reads, width = blocks_read(blocks, config.reads, "transformer")
        self.encoder = SelfAttentionEncoder(
            width,
            config.width,
            config.heads,
            config.layers,
            config.feedforward,
            config.dropout,
            SinePositions() if config.positions == "sine" else nn.Identity(),
            config.reach,
        )
        self.pooling = MeanPooling()
        self.classifier = nn.Linear(config.width, num_classes)

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``."""
        frames = self.encoder(select_blocks(features, self._reads, lengths), lengths)
        return self.classifier(self.pooling(frames, lengths)).float()
