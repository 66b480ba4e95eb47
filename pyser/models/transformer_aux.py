"""Multi-head self-attention over log-mels, with the gender of the speaker as an auxiliary task.

Nediyanchath, Paramasivam, Yenigalla: "Multi-Head Attention for Speech Emotion Recognition with
Auxiliary Learning of Gender Recognition", ICASSP 2020.
"""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from pyser.models.auxiliary import auxiliary_loss
from pyser.models.layers import blocks_read, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import MeanPooling
from pyser.models.selfattention import LearnedPositions, SelfAttentionEncoder, SinePositions


class TransformerAux(Network):
    """Layers of self-attention, the mean of their frames, and a linear layer for each task.

    Stated by the paper and default here: log-mels, a position embedding, multi-head
    self-attention, the gender as an auxiliary task. Not stated where we know the paper from, so
    ours: all sizes, the layers being those of the transformer, an embedding that is learned, the
    mean over the frames, the weight of the auxiliary loss. The gender is used in training only,
    of the speakers where it is known.

    Args:
        config: a ``TransformerAux.Config``.
        blocks: widths of the feature blocks.
        num_classes: C.
        known: nothing need be known of the gender.
    """

    inputs = ("gender",)
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
            positions: ``learned``, a vector for each of the first ``max_positions`` frames, the
                last one for those after them; or ``sine``.
            max_positions: for ``learned``.
            gender_weight: of the auxiliary loss beside that of the emotion.
        """

        reads: tuple[str, ...] = ("static",)
        width: int = limited(128, 1)
        heads: int = limited(8, 1)
        layers: int = limited(2, 1)
        feedforward: int = limited(256, 1)
        dropout: float = limited(0.1, 0.0, 0.95)
        positions: Literal["learned", "sine"] = "learned"
        max_positions: int = limited(1000, 1)
        gender_weight: float = limited(0.5, 0.0, 10.0)

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes, known=None):
        super().__init__(config, blocks, num_classes)
        self._reads, width = blocks_read(blocks, config.reads, "transformer_aux")
        learned = config.positions == "learned"
        self.encoder = SelfAttentionEncoder(
            width,
            config.width,
            config.heads,
            config.layers,
            config.feedforward,
            config.dropout,
            LearnedPositions(config.width, config.max_positions) if learned else SinePositions(),
            reach=0,
        )
        self.pooling = MeanPooling()
        self.classifier = nn.Linear(config.width, num_classes)
        self.gender = nn.Linear(config.width, 2)

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``; the gender is not read."""
        return self.classifier(self._pool(features, lengths)).float()

    def training_loss(self, features, lengths, labels, criterion):
        """The loss of the emotion, and that of the gender where it is known."""
        pooled = self._pool(features, lengths)
        gender = auxiliary_loss(self.gender(pooled), features["gender"])
        return criterion(self.classifier(pooled)) + self.config.gender_weight * gender

    def _pool(self, features, lengths):
        """Vectors of the utterances, [B, width]."""
        frames = self.encoder(select_blocks(features, self._reads, lengths), lengths)
        return self.pooling(frames, lengths)
