"""BLSTM that labels every frame as emotional or not, a sequence nobody has seen.

Lee, Tashev: "High-level Feature Representation using Recurrent Neural Network for Speech Emotion
Recognition", Interspeech 2015.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from pyser.models.layers import Encoder, FrameDropout, blocks_read, frame_mask, select_blocks
from pyser.models.likelihood import NEVER, FrameLabels, sequence_loss, sum_over_paths
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network


class LatentBLSTM(Network):
    """A BLSTM with a label for each frame: an emotion, or null.

    Stated by the paper and default here: 32 low-level descriptors, a BLSTM of 64 units per
    direction, the labels of the frames of an utterance as a sequence of random variables.

    Ours is the form of that: the labels z_t of an utterance of class c are c or null, c at least
    once, and independent given the frames but for a cost of each change, so that

        ``p(c) = sum_z prod_t y_t(z_t) exp(-change_cost [z_t != z_(t-1)])``

    which a forward recursion sums over all z. With y as the posteriors of the labels, the gradient
    of log p(c) is that of the frames' cross entropy with the expected labels: every training step
    has the E step of EM inside, and is a step of gradient in place of an M step. The utterance gets
    the posterior ``p(c) / sum p(c')``, or that of the mean of y over the frames (the paper gives
    statistics of y to an extreme learning machine). Ours too: two layers.

    Args:
        config: a ``LatentBLSTM.Config``.
        blocks: widths of the feature blocks.
        num_classes: C.
    """

    @dataclass(frozen=True)
    class Config:
        """Sizes, and what is made of the labels of the frames.

        Attributes:
            reads: names of the blocks that are read; none: all there are.
            hidden: LSTM units per layer and direction.
            layers: of the BLSTM.
            dropout: on the outputs of each layer.
            change_cost: of each change between emotional and not; 0: frames are independent.
            loss: ``likelihood``: - log p(c) of the class of the utterance, as EM has it, where
                sequences of several emotions have the rest of the probability; ``posterior``: that
                of c among the classes.
            decision: ``likelihood``: by the p(c); ``mean``: by the mean of y.
        """

        reads: tuple[str, ...] = ()
        hidden: int = limited(64, 1)
        layers: int = limited(2, 1)
        dropout: float = limited(0.0, 0.0, 0.95)
        change_cost: float = limited(0.0, 0.0, 20.0)
        loss: Literal["likelihood", "posterior"] = "likelihood"
        decision: Literal["likelihood", "mean"] = "likelihood"

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        self._reads, width = blocks_read(blocks, config.reads, "blstm")
        self.dropout = FrameDropout(config.dropout)
        self.encoder = Encoder(width, config.hidden, True, config.layers, self.dropout)
        self.labels = FrameLabels(self.encoder.num_outputs, num_classes)

    def forward(self, features, lengths):
        """Logarithms of posteriors, float32 [B, C]; arguments as for ``Network``."""
        labels = self._label(features, lengths)
        if self.config.decision == "likelihood":
            found = sequence_log_likelihoods(labels, lengths, self.config.change_cost)
        else:
            padding = ~frame_mask(lengths, labels.shape[1])
            found = labels[:, :, 1:].masked_fill(padding[:, :, None], -torch.inf).logsumexp(dim=1)
        return found.log_softmax(dim=-1).float()

    def training_loss(self, features, lengths, labels, criterion):
        """As ``Config.loss`` says, whatever decides at test."""
        frames = self._label(features, lengths)
        found = sequence_log_likelihoods(frames, lengths, self.config.change_cost)
        return sequence_loss(self.config.loss, found, labels, criterion)

    def _label(self, features, lengths):
        encoded = self.encoder(select_blocks(features, self._reads, lengths), lengths)
        return self.labels(self.dropout(encoded))


def sequence_log_likelihoods(labels, lengths, change_cost):
    """Log of the sum over all sequences of c and null with c at least once: [B, C].

    Args:
        labels: logarithms of posteriors [B, T, C + 1], null first.
        lengths: int64 [B].
        change_cost: of each change, in logarithms.
    """
    stay, change = 0.0, -change_cost
    moves = [  # null so far, c, null after c
        [stay, change, NEVER],
        [NEVER, stay, change],
        [NEVER, change, stay],
    ]
    final = torch.tensor([[False, True, True]], device=labels.device)
    return sum_over_paths(labels, lengths, labels.new_tensor(moves), final)
