"""Local attention: frame-wise layers, a BLSTM, and an average of its frames weighed by themselves.

Mirsamadi, Barsoum, Zhang: "Automatic Speech Emotion Recognition Using Recurrent Neural Networks
with Local Attention", ICASSP 2017, pp. 2227-2231.
"""

from dataclasses import dataclass

from torch import nn

from pyser.models.layers import Encoder, blocks_read, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import DotAttention


class LocalAttention(Network):
    """The network of the paper, whole utterances at a time.

    Stated by the paper and default here: two fully connected layers of 512 rectified units on every
    frame, dropout of 0.5, a BLSTM of 128 units per direction, ``alpha = softmax_t(u^T y_t)``,
    ``z = sum_t alpha_t y_t``, a softmax layer; 32 low-level descriptors: F0, voicing, zero
    crossings, log energy, 12 cepstra, and their first derivatives.

    Args:
        config: a ``LocalAttention.Config``.
        blocks: widths of the feature blocks.
        num_classes: C.
    """

    stride = 1

    @dataclass(frozen=True)
    class Config:
        """Sizes.

        Attributes:
            reads: names of the blocks that are read; none: all there are.
            dense: units of each fully connected layer.
            hidden: LSTM units per direction.
            dropout: on the outputs of the fully connected layers and of the BLSTM.
        """

        reads: tuple[str, ...] = ()
        dense: int = limited(512, 1)
        hidden: int = limited(128, 1)
        dropout: float = limited(0.5, 0.0, 0.95)

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        self._reads, width = blocks_read(blocks, config.reads, "localatt")
        self.dense = nn.Sequential(
            *(nn.Linear(width, config.dense), nn.ReLU(), nn.Dropout(config.dropout)),
            *(nn.Linear(config.dense, config.dense), nn.ReLU(), nn.Dropout(config.dropout)),
        )
        self.encoder = Encoder(config.dense, config.hidden, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.pooling = DotAttention(self.encoder.num_outputs)
        self.classifier = nn.Sequential(nn.Linear(self.encoder.num_outputs, num_classes))

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``."""
        frames = self.dense(select_blocks(features, self._reads, lengths))
        encoded = self.dropout(self.encoder(frames, lengths)).float()
        return self.classifier(self.pooling(encoded, lengths))
