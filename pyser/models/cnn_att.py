"""CNN with attention pooling: convolutions over a spectrogram, pooled for each class.

Li, Song, McLoughlin, Guo, Dai: "An Attention Pooling based Representation Learning Method for
Speech Emotion Recognition", Interspeech 2018, pp. 3087-3091.
"""

from dataclasses import dataclass

import torch
from torch import nn

from pyser.errors import InputError
from pyser.models.limits import check_limits, limited
from pyser.models.maps import MapLayer, check_average, check_spectrogram, read_spectrogram
from pyser.models.network import Network
from pyser.models.pooling import DotAttention
from pyser.models.segments import cut_segments, pool_segments

_ACROSS_BINS, _ACROSS_FRAMES = (2, 10), (8, 2)  # (frames, bins)


class ClassAttention(nn.Module):
    """Second-order pooling of rank one: maps [B, K, T, F] -> logits [B, C].

    ``y_c = sum_p (a_c^T x_p + d_c) softmax_p(b^T x_p)`` over the real positions p of the maps: a
    map of each class (top-down) times one of where to look (bottom-up), the same for all of them.
    The first factor being linear, it is taken of the weighed sum of the x_p.
    """

    def __init__(self, num_inputs, num_classes):
        super().__init__()
        self.bottom_up = DotAttention(num_inputs)
        self.top_down = nn.Linear(num_inputs, num_classes)

    def forward(self, maps, lengths):
        """Logits of ``maps`` [B, K, T, F] with ``lengths`` [B] real frames."""
        positions = maps.permute(0, 2, 3, 1).flatten(1, 2)  # [B, T F, K]
        return self.top_down(self.bottom_up(positions, lengths * maps.shape[3]))


class CNNAttention(Network):
    """The network of the paper on segments of two seconds.

    Stated by the paper and default here: spectrograms of 40 ms Hamming windows every 10 ms, 0 to 4
    kHz; segments of 2 s, one every second in training and every 0.4 s at test, where the mean of
    their posteriors answers; 8 filters of 10 bins by 2 frames and 8 of 2 bins by 8 frames side by
    side, then 32, 48, 64 and 80 of 3 by 3 with pooling of 2 by 2; ``ClassAttention``. Ours: 256
    bins of 15.6 Hz, where the paper has 400 of 10 Hz; pooling behind the first two of the layers of
    3 by 3; batch normalisation and ReLU behind each; the last segment ends with the utterance; no
    attention to padding. The paper compresses amplitudes by a mu-law. Here it is the logarithm,
    which a mu-law is for all that is not faint, but for a factor and a shift that normalised
    features do not have.

    Args:
        config: a ``CNNAttention.Config``.
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
            maps: filters of the convolutions of 3 by 3.
            pools: behind how many of these, from the first on, frames and bins are halved.
            segment_frames: length of a segment.
            train_hop: frames from one segment to the next in training.
            test_hop: the same at test.
        """

        bins: int = limited(256, 1)
        average_bins: int = limited(1, 1)
        first_maps: int = limited(8, 1)
        maps: tuple[int, ...] = (32, 48, 64, 80)
        pools: int = limited(2, 0)
        segment_frames: int = limited(200, 1)
        train_hop: int = limited(100, 1)
        test_hop: int = limited(40, 1)

        def __post_init__(self):
            check_limits(self)
            check_average(self)
            if not self.maps or min(self.maps) < 1:
                raise InputError(f"maps is {list(self.maps)}", expected="numbers of at least 1")
            if self.pools > len(self.maps):
                found = f"pools is {self.pools}"
                raise InputError(found, expected=f"at most one for each of maps ({len(self.maps)})")
            if max(self.train_hop, self.test_hop) > self.segment_frames:
                found = f"train_hop is {self.train_hop}, test_hop {self.test_hop}"
                raise InputError(found, expected=f"at most segment_frames ({self.segment_frames})")

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        check_spectrogram(blocks, config.bins, "cnn_att")
        kernels = (_ACROSS_BINS, _ACROSS_FRAMES)
        self.layers = nn.ModuleList([MapLayer(1, config.first_maps, kernels, pool=False)])
        for number, maps in enumerate(config.maps):
            before = self.layers[-1].num_outputs
            self.layers.append(MapLayer(before, maps, [(3, 3)], pool=number < config.pools))
        self.pooling = ClassAttention(self.layers[-1].num_outputs, num_classes)

    def forward(self, features, lengths):
        """Logarithms of mean posteriors, float32 [B, C]; arguments as for ``Network``."""
        segments = self._cut(features, lengths)
        return pool_segments(self._classify(segments), segments.counts, "mean")

    def training_loss(self, features, lengths, labels, criterion):
        """Every segment is to have the class of its utterance."""
        segments = self._cut(features, lengths)
        return criterion(self._classify(segments), segments.owners)

    def _cut(self, features, lengths):
        frames = read_spectrogram(features, lengths, self.config)[:, 0]
        hop = self.config.train_hop if self.training else self.config.test_hop
        return cut_segments(frames, lengths, self.config.segment_frames, hop)

    def _classify(self, segments):
        """Logits [S, C] of segments."""
        maps, lengths = segments.frames[:, None], segments.lengths
        for layer in self.layers:
            maps, lengths = layer(maps, lengths)
        with torch.autocast(maps.device.type, enabled=False):
            maps = maps.to(torch.promote_types(maps.dtype, torch.float32))
            return self.pooling(maps, lengths)
