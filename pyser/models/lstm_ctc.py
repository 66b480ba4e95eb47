"""BLSTM with component attention, trained by connectionist temporal classification (CTC).

Zhao, Bao, Zhang, Cummins, Wang, Schuller: "Attention-enhanced Connectionist Temporal Classification
for Discrete Speech Emotion Recognition", Interspeech 2019, pp. 206-210.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from pyser.models.layers import Encoder, FrameDropout, blocks_read, frame_mask, select_blocks
from pyser.models.likelihood import NEVER, FrameLabels, sequence_loss, sum_over_paths
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network


class ComponentAttention(nn.Module):
    """Attention to neighbouring frames, component by component: [B, T, d] -> [B, T, d].

    ``e_tk = tanh(W h_t + V h_(t+k) + b)`` for |k| <= reach, ``a_tk = softmax_k(e_tk)`` for each
    component alone, ``c_t = sum_k a_tk * h_(t+k)`` (Das, Li, Zhao, Gong, ICASSP 2018).

    Args:
        width: d.
        reach: frames to each side; those beyond the ends of an utterance are left out.
    """

    def __init__(self, width, reach):
        super().__init__()
        self.reach = reach
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, frames, lengths):
        """The contexts of ``frames`` [B, T, d]; padding must be finite."""
        real = frame_mask(lengths, frames.shape[1])[:, :, None]
        queries, keys = self.query(frames).float(), self.key(frames).float()
        contexts, totals = 0.0, 0.0
        moved = (self._moved(rows) for rows in (keys, frames.float(), real))
        for key, frame, is_real in zip(*moved, strict=True):
            weights = torch.exp(torch.tanh(queries + key)) * is_real  # a tanh needs no maximum
            contexts = contexts + weights * frame
            totals = totals + weights
        return contexts / totals.clamp(min=0.1)  # below 1 / e only where nothing is real

    def _moved(self, rows):
        """``rows`` [B, T, d] as each place finds them at -reach ... reach from itself: a list."""
        padded = nn.functional.pad(rows, (0, 0, self.reach, self.reach))
        return [padded[:, place : place + rows.shape[1]] for place in range(2 * self.reach + 1)]


class AttentionCTC(Network):
    """BLSTM, component attention, and frames that are labelled with an emotion or null.

    Stated by the paper and default here: 40 log-mels, a BLSTM with component attention, CTC over
    labels of the emotion and null. Not stated where we know the paper from, so ours: two layers
    of 128 units per direction, the form of the attention, which is that of the paper on CTC with
    attention it follows, with h_t as what asks, and its reach of 4 frames; and one label for an
    utterance. The utterance gets the class whose sequence of labels is the likeliest:
    ``p(c) = sum over paths``, all that become ``c ... c`` where repeats are joined and nulls left
    out, divided by the sum of all p(c').

    Args:
        config: an ``AttentionCTC.Config``.
        blocks: widths of the feature blocks.
        num_classes: C.
    """

    @dataclass(frozen=True)
    class Config:
        """Sizes and labels.

        Attributes:
            reads: names of the blocks that are read; none: all there are.
            hidden: LSTM units per layer and direction.
            layers: of the BLSTM.
            dropout: on the outputs of each layer.
            reach: of the attention, frames to each side.
            num_labels: how often the emotion stands in the sequence of labels of an utterance; as
                often as its frames allow, if that is less (between equal labels one must be null).
            loss: ``likelihood``: - log p(c) of the class of the utterance, which is CTC's;
                ``posterior``: that of c among the classes.
        """

        reads: tuple[str, ...] = ("static",)
        hidden: int = limited(128, 1)
        layers: int = limited(2, 1)
        dropout: float = limited(0.0, 0.0, 0.95)
        reach: int = limited(4, 1, 100)
        num_labels: int = limited(1, 1, 1000)
        loss: Literal["likelihood", "posterior"] = "likelihood"

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        self._reads, width = blocks_read(blocks, config.reads, "lstm_ctc")
        self.dropout = FrameDropout(config.dropout)
        self.encoder = Encoder(width, config.hidden, True, config.layers, self.dropout)
        self.attention = ComponentAttention(self.encoder.num_outputs, config.reach)
        self.labels = FrameLabels(self.encoder.num_outputs, num_classes)

    def forward(self, features, lengths):
        """Logarithms of posteriors, float32 [B, C]; arguments as for ``Network``."""
        return self._log_likelihoods(features, lengths).log_softmax(dim=-1).float()

    def training_loss(self, features, lengths, labels, criterion):
        """As ``Config.loss`` says."""
        found = self._log_likelihoods(features, lengths)
        return sequence_loss(self.config.loss, found, labels, criterion)

    def _log_likelihoods(self, features, lengths):
        labels = self._label(features, lengths)
        return ctc_log_likelihoods(labels, lengths, self.config.num_labels)

    def _label(self, features, lengths):
        encoded = self.encoder(select_blocks(features, self._reads, lengths), lengths)
        return self.labels(self.attention(self.dropout(encoded), lengths))


def ctc_log_likelihoods(labels, lengths, num_labels):
    """Log-likelihoods of the sequences of labels of all classes, [B, C].

    Args:
        labels: logarithms of posteriors [B, T, C + 1], null first.
        lengths: int64 [B].
        num_labels: how often the class stands in its sequence, where ``lengths`` allow it.
    """
    states = torch.arange(2 * num_labels + 1, device=labels.device)  # null, c, null, c, ... null
    steps = states - states[:, None]
    moves = torch.where((steps == 0) | (steps == 1), 0.0, NEVER).to(labels.dtype)
    sizes = ((lengths + 1) // 2).clamp(max=num_labels)[:, None]
    final = (states == 2 * sizes) | (states == 2 * sizes - 1)
    return sum_over_paths(labels, lengths, moves, final)
