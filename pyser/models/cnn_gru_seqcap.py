"""CNN_GRU-SeqCap: convolutions, then a BiGRU beside capsules of windows and of the utterance.

Wu, Liu, Cao, Li, Yu, Dai, Ma, Hu, Wu, Liu, Meng: "Speech Emotion Recognition Using Capsule
Networks", ICASSP 2019, pp. 6695-6699. Capsules, routing and margin loss are those of Sabour,
Frosst, Hinton: "Dynamic Routing Between Capsules", NIPS 2017.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from pyser.errors import InputError
from pyser.models.layers import reverse_frames
from pyser.models.limits import check_limits, limited
from pyser.models.maps import MapLayer, check_average, check_spectrogram, read_spectrogram
from pyser.models.network import Network
from pyser.models.segments import cut_segments

_NUM_LAYERS = 3
_USUAL_WINDOWS = 2  # of an utterance; scales the first weights


def squash(vectors):
    """``|s|^2 / (1 + |s|^2) s / |s|`` of vectors s on the last axis: shorter than 1, 0 stays 0."""
    squared = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * squared / ((1 + squared) * (squared + 1e-9).sqrt())


def route(votes, iterations):
    """Dynamic routing: what M capsules vote for J others, ``votes`` [N, J, M, D] -> [N, J, D].

    Each of the M shares itself out, ``c_m = softmax_j(b_mj)``; ``v_j = squash(sum_m c_mj u_jm)``;
    between iterations b, zero at first, grows by ``u_jm^T v_j``. The shares count as constants in
    the gradient. Votes of 0 change nothing, which is how what is padding has none.
    """
    with torch.no_grad():
        agreement = votes.new_zeros(votes.shape[:-1])
        for _ in range(iterations - 1):
            found = _gather(votes, agreement)
            agreement = agreement + (votes @ found[..., None]).squeeze(-1)
    return _gather(votes, agreement)


def _gather(votes, agreement):
    shares = agreement.softmax(dim=1)
    return squash((shares[:, :, None] @ votes).squeeze(2))


def margin_loss(norms, labels, present, absent, absent_weight):
    """Mean over utterances of the margin loss of the ``norms`` [B, C] of their class capsules.

    ``sum_c T_c max(0, present - |v_c|)^2 + absent_weight (1 - T_c) max(0, |v_c| - absent)^2`` with
    T_c 1 for the label (``labels``, int64 [B]) and else 0.
    """
    is_label = nn.functional.one_hot(labels, norms.shape[1]).to(norms.dtype)
    missed = (present - norms).clamp(min=0).square()
    excess = (norms - absent).clamp(min=0).square()
    return (is_label * missed + absent_weight * (1 - is_label) * excess).sum(dim=1).mean()


class CapsuleLayer(nn.Module):
    """J capsules of D values that those of T steps are routed to: [N, T, I, d] -> [N, J, D].

    Capsule i of any step votes by the same weights; there are no biases, so that a capsule of zeros
    has no vote. The first weights make sums of votes of about 1, where ``squash`` is steep.

    Args:
        shape: (I, d) of the capsules below.
        count: J.
        width: D.
        iterations: of the routing.
        steps: T, as it usually is.
    """

    def __init__(self, shape, count, width, iterations, steps):
        super().__init__()
        self.iterations = iterations
        scale = count / (steps * math.sqrt(shape[0] * width))
        self.weight = nn.Parameter(torch.randn(shape[0], count, shape[1], width) * scale)

    def forward(self, capsules):
        """Route ``capsules`` [N, T, I, d]."""
        votes = torch.einsum("ntid,ijde->njtie", capsules, self.weight)
        return route(votes.flatten(2, 3), self.iterations)


class LastStates(nn.Module):
    """A GRU in both directions, and what each ends with: [B, T, d] -> [B, 2 units]."""

    def __init__(self, num_inputs, units):
        super().__init__()
        self.forward_gru = nn.GRU(num_inputs, units, batch_first=True)
        self.backward_gru = nn.GRU(num_inputs, units, batch_first=True)

    def forward(self, frames, lengths):
        """Run over the real ones of ``frames`` [B, T, d]; ``lengths`` [B]."""
        rows = torch.arange(len(lengths), device=lengths.device)
        outputs = self.forward_gru(frames)[0]
        backward = self.backward_gru(reverse_frames(frames, lengths))[0]
        return torch.cat([outputs[rows, lengths - 1], backward[rows, lengths - 1]], dim=-1)


class CNNGRUSeqCap(Network):
    """The network of the paper on whole utterances.

    Stated by the paper and default here: spectrograms of 40 ms windows every 10 ms, 0 to 4 kHz; 8
    filters of 2 by 8 and 8 of 8 by 2 side by side, two layers of 16 of 5 by 5, pooling; a BiGRU of
    64 units with a layer of 64; windows of 40 steps, one every 20, three iterations of routing to
    the capsules of each window, then to one of 16 values for each class; 0.6 of what the capsules
    say and 0.4 of what the GRU says.

    Ours: 256 bins of 15.6 Hz, where the paper has 200 of 20 Hz; batch normalisation and ReLU behind
    convolutions; pooling behind the first two, so that a step is 40 ms and a window 1.6 s; the last
    window ends with the utterance; the values at each frame and bin are a capsule, squashed, whose
    weights depend on its bin; 8 capsules of 8 values for a window, weights shared by windows; 64
    units in each direction of the GRU, and its last states; a ReLU behind its layer. The capsules
    say how long they are, the GRU its posteriors. The loss is 0.6 of the margin loss of the
    capsules and 0.4 of the cross entropy of the GRU; class weights and smoothed labels hold for the
    latter alone.

    Args:
        config: a ``CNNGRUSeqCap.Config``.
        blocks: widths of the feature blocks; static is a spectrogram.
        num_classes: C.
    """

    @dataclass(frozen=True)
    class Config:
        """Sizes.

        Attributes:
            bins: columns of the spectrogram that are read, behind that of the energy.
            average_bins: take the mean of so many neighbours.
            first_maps: filters of each of the two first convolutions.
            maps: filters of the two others; the width of the capsules that are routed to windows.
            pools: behind how many of the three layers frames and bins are halved.
            gru: units per direction.
            fc: units of the fully connected layer behind it.
            window: steps of a window, after pooling.
            window_hop: steps from one window to the next.
            window_capsules: capsules of a window.
            window_width: values of each.
            class_width: values of the capsule of a class.
            iterations: of the routing.
            capsule_share: part of the capsules in output and loss; the GRU has the rest.
            margin_present: how long the capsule of the label is to be.
            margin_absent: how long others may be.
            absent_weight: of the others in the margin loss.
        """

        bins: int = limited(256, 1)
        average_bins: int = limited(1, 1)
        first_maps: int = limited(8, 1)
        maps: int = limited(16, 1)
        pools: int = limited(2, 0, _NUM_LAYERS)
        gru: int = limited(64, 1)
        fc: int = limited(64, 1)
        window: int = limited(40, 1)
        window_hop: int = limited(20, 1)
        window_capsules: int = limited(8, 1)
        window_width: int = limited(8, 1)
        class_width: int = limited(16, 1)
        iterations: int = limited(3, 1)
        capsule_share: float = limited(0.6, 0.01, 0.99)
        margin_present: float = limited(0.9, 0.0, 1.0)
        margin_absent: float = limited(0.1, 0.0, 1.0)
        absent_weight: float = limited(0.5, 0.0)

        def __post_init__(self):
            check_limits(self)
            check_average(self)
            if self.window_hop > self.window:
                found = f"window_hop is {self.window_hop}"
                raise InputError(found, expected=f"at most window ({self.window})")

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        check_spectrogram(blocks, config.bins, "cnn_gru_seqcap")
        pools = [number < config.pools for number in range(_NUM_LAYERS)]
        self.layers = nn.ModuleList([MapLayer(1, config.first_maps, [(2, 8), (8, 2)], pools[0])])
        for pool in pools[1:]:
            before = self.layers[-1].num_outputs
            self.layers.append(MapLayer(before, config.maps, [(5, 5)], pool))
        bins = config.bins // config.average_bins
        for _ in range(config.pools):
            bins = (bins + 1) // 2
        self._shape = bins, config.maps  # of the capsules of a step
        self.window_layer = CapsuleLayer(
            self._shape,
            config.window_capsules,
            config.window_width,
            config.iterations,
            config.window,
        )
        below = config.window_capsules, config.window_width
        self.class_layer = CapsuleLayer(
            below, num_classes, config.class_width, config.iterations, _USUAL_WINDOWS
        )
        self.gru = LastStates(bins * config.maps, config.gru)
        self.classifier = nn.Sequential(
            nn.Linear(2 * config.gru, config.fc), nn.ReLU(), nn.Linear(config.fc, num_classes)
        )

    def forward(self, features, lengths):
        """Logarithms of what both branches say, float32 [B, C]; arguments as for ``Network``."""
        norms, logits = self._branches(features, lengths)
        share = self.config.capsule_share
        return (share * norms + (1 - share) * logits.softmax(dim=-1)).log()

    def training_loss(self, features, lengths, labels, criterion):
        """Margin loss of the capsules and cross entropy of the GRU, shared out as the outputs."""
        norms, logits = self._branches(features, lengths)
        margins = self.config.margin_present, self.config.margin_absent, self.config.absent_weight
        share = self.config.capsule_share
        return share * margin_loss(norms, labels, *margins) + (1 - share) * criterion(logits)

    def _branches(self, features, lengths):
        """Lengths of the capsules of the classes and logits of the GRU, both [B, C]."""
        maps = read_spectrogram(features, lengths, self.config)
        for layer in self.layers:
            maps, lengths = layer(maps, lengths)
        steps = maps.permute(0, 2, 3, 1).flatten(2)  # [B, T, bins x maps]
        states = self.gru(steps, lengths)
        with torch.autocast(maps.device.type, enabled=False):
            wide = torch.promote_types(steps.dtype, torch.float32)
            capsules = self._class_capsules(steps.to(wide), lengths)
            return torch.linalg.vector_norm(capsules, dim=-1), self.classifier(states.to(wide))

    def _class_capsules(self, steps, lengths):
        """Capsules of the classes [B, C, D] from ``steps`` [B, T, bins x maps]."""
        windows = cut_segments(steps, lengths, self.config.window, self.config.window_hop)
        found = self.window_layer(squash(windows.frames.unflatten(2, self._shape)))
        # an utterance of fewer windows than others gets some of zeros, which have no vote
        return self.class_layer(pad_sequence(found.split(windows.counts), batch_first=True))
