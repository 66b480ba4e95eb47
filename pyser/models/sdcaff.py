"""SD-CAFF: cross attentional fusion of static features (CNN) and dynamic features (LSTM).

Dong, Peng, Che: "Dynamic-Static Cross Attentional Feature Fusion Method for Speech Emotion
Recognition", MultiMedia Modeling (MMM) 2023, pp. 350-361. Dynamic ReLU: Chen et al., ECCV 2020.
Attentional feature fusion: Dai et al., WACV 2021. Center loss: Wen et al., ECCV 2016.

Shapes besides those of ``layers``: maps [B, C, T, F] are of C channels, T frames and F rows, as in
``maps``.
"""

import itertools
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from pyser.errors import InputError
from pyser.models.auxiliary import auxiliary_loss
from pyser.models.layers import Encoder, check_blocks, frame_mask, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.maps import MapNorm, clear_padding
from pyser.models.network import Network

_BLOCKS = ("static", "delta", "delta2")
_GENDERS = 2


def halve_maps(maps, lengths):
    """The largest of 2 x 2 real neighbours, of fewer at the end; maps and their lengths."""
    mask = frame_mask(lengths, maps.shape[2])
    below_all = torch.where(mask, 0.0, -1e30)[:, None, :, None].to(maps.dtype)
    lengths = (lengths + 1) // 2
    maps = functional.max_pool2d(maps + below_all, 2, ceil_mode=True)
    return clear_padding(maps, lengths), lengths


def pool_maps(maps, lengths):
    """Mean over the real frames and all rows of maps whose padding is 0: [B, C]."""
    maps = maps.to(torch.promote_types(maps.dtype, torch.float32))
    return maps.mean(dim=3).sum(dim=2) / lengths[:, None]


class DynamicReLU(nn.Module):
    """DyReLU-B: the larger of two straight lines, which each utterance has for each channel.

    ``y_c = max_k (a_kc x_c + b_kc)``; with m the mean of the maps and
    ``d = 2 sigmoid(W_2 relu(W_1 m + v_1) + v_2) - 1``: ``a_1 = 1 + d``, ``a_2 = d``,
    ``b_k = d / 2``, each from its own part of d.
    """

    def __init__(self, channels, reduction):
        super().__init__()
        inner = max(channels // reduction, 1)
        self.coefficients = nn.Sequential(
            nn.Linear(channels, inner), nn.ReLU(), nn.Linear(inner, 4 * channels)
        )
        scales = torch.tensor([1.0, 1.0, 0.5, 0.5])
        self.register_buffer("scales", scales[:, None], persistent=False)
        self.register_buffer("starts", torch.eye(4)[:, :1], persistent=False)

    def forward(self, maps, lengths):
        """Maps [B, C, T, F] whose padding is 0 -> maps whose padding has no meaning."""
        found = self.coefficients(pool_maps(maps, lengths)).unflatten(1, (4, -1))
        lines = self.starts + self.scales * (2 * found.sigmoid() - 1)
        a_1, a_2, b_1, b_2 = lines.to(maps.dtype)[..., None, None].unbind(dim=1)
        # the second line, and how far the first one is above it: cheaper backwards than a maximum
        above = torch.addcmul(b_1 - b_2, a_1 - a_2, maps).relu_()
        return torch.addcmul(b_2, a_2, maps) + above


class StaticBranch(nn.Module):
    """Convolutions over time and cepstra, halved after all but the first and the last.

    Args:
        maps: channels of the convolutions.
        reduction: of the DynamicReLUs.
    """

    def __init__(self, maps, reduction):
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in itertools.pairwise((1, *maps))
        )
        self.norms = nn.ModuleList(MapNorm(channels) for channels in maps)
        self.activations = nn.ModuleList(DynamicReLU(channels, reduction) for channels in maps)

    def forward(self, frames, lengths):
        """Frames [B, T, d] whose padding is 0 -> maps whose padding is 0, and their lengths."""
        maps, last = frames[:, None], len(self.convolutions) - 1
        layers = zip(self.convolutions, self.norms, self.activations, strict=True)
        for number, (convolve, normalise, activate) in enumerate(layers):
            maps = activate(normalise(convolve(maps), lengths), lengths)
            if 0 < number < last:
                maps, lengths = halve_maps(maps, lengths)
            else:
                maps = clear_padding(maps, lengths)
        return maps, lengths


class DynamicBranch(nn.Module):
    """An LSTM whose outputs are averaged over neighbouring units, to ``width`` values a frame."""

    def __init__(self, num_inputs, hidden, width):
        super().__init__()
        self.encoder, self.width = Encoder(num_inputs, hidden), width

    def forward(self, frames, lengths):
        """Frames [B, T, d] -> maps [B, width, T, 1] whose padding is 0."""
        pooled = functional.adaptive_avg_pool1d(self.encoder(frames, lengths), self.width)
        return clear_padding(pooled.transpose(1, 2)[..., None], lengths)


class Context(nn.Module):
    """Two convolutions of 1 x 1 with ReLU between them, each with batch normalisation."""

    def __init__(self, num_inputs, inner, num_outputs):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(num_inputs, inner, 1), nn.Conv2d(inner, num_outputs, 1)
        self.reduced, self.expanded = MapNorm(inner), MapNorm(num_outputs)

    def forward(self, maps, lengths):
        """Maps [B, inputs, T, F] -> [B, outputs, T, F]."""
        inner = torch.relu(self.reduced(self.reduce(maps), lengths))
        return self.expanded(self.expand(inner), lengths)


class AttentionalFusion(nn.Module):
    """Weights of each value of two streams, by its neighbours and by the whole of a stream.

    ``w_s = sigmoid(local(x_s) + whole(mean of x_d))``, ``w_d = sigmoid(local(x_d) + whole(mean of
    x_s))``; not ``crossed``, each stream has its own mean there.

    Args:
        channels: of the static and of the dynamic stream.
        inner: channels between the two convolutions of each Context.
        crossed: whether the other stream gives the whole.
    """

    def __init__(self, channels, inner, crossed):
        super().__init__()
        self.crossed = crossed
        others = reversed(channels) if crossed else channels
        self.local = nn.ModuleList(Context(count, inner, count) for count in channels)
        self.whole = nn.ModuleList(
            Context(other, inner, count) for other, count in zip(others, channels, strict=True)
        )

    def forward(self, streams, lengths):
        """Two streams (maps, padding 0), each times its weights.

        Args:
            streams: maps [B, C_s, T', F] and [B, C_d, T, 1].
            lengths: int64 [B] of each.
        """
        means = [pool_maps(m, n)[..., None, None] for m, n in zip(streams, lengths, strict=True)]
        means = means[::-1] if self.crossed else means
        weighed = []
        for number, (maps, real) in enumerate(zip(streams, lengths, strict=True)):
            whole = self.whole[number](means[number], torch.ones_like(real))
            weighed.append(maps * torch.sigmoid(self.local[number](maps, real) + whole))
        return weighed


class Centers(nn.Module):
    """Center loss: half the mean squared distance of vectors from the center of their class.

    After each loss in training a center moves by ``rate * sum_i (x_i - c) / (1 + n)`` over the n
    vectors of its class. Centers start at 0 and get no gradient.
    """

    def __init__(self, num_classes, width, rate):
        super().__init__()
        self.rate = rate
        self.register_buffer("centers", torch.zeros(num_classes, width))

    def forward(self, vectors, targets):
        """The loss of ``vectors`` [B, d], a scalar; those with a target below 0 do not count."""
        members = targets[:, None] == torch.arange(len(self.centers), device=targets.device)
        members = members.to(vectors.dtype)  # [B, classes], a row of zeros where unknown
        known = members.sum(dim=1, keepdim=True)
        apart = known * vectors - members @ self.centers.to(vectors.dtype)
        if self.training:
            self._move(members, apart.detach())
        return apart.square().sum() / (2 * known.sum().clamp(min=1))

    @torch.no_grad()
    def _move(self, members, apart):
        steps = members.T @ apart / (1 + members.sum(dim=0)[:, None])
        self.centers += self.rate * steps


class SDCAFF(Network):
    """The network of the paper and its ablations.

    Of the paper and its code, and default here: 60 cepstra of windows of 48 ms every 24 ms; five
    convolutions of 3 x 3 on them with batch normalisation and DyReLU-B, three poolings of 2 x 2,
    dropout 0.1; an LSTM of 1024 units on cepstra and both deltas, averaged to 64; weights crossed
    between the two with 32 inner channels; means of both, one linear layer; gender as a second
    task; loss ``0.7 (CE + 0.15 center) + 0.3 (the same of gender)``, centers moving at 0.1. The
    paper cuts and pads to 6 s, 251 frames: here longer ones are cut, nothing is padded
    (``max_frames``), nor is silence removed.

    Ours: every convolution pads, over time and cepstra, so that any length will do (the code pads
    in the last alone), and every mean, norm and maximum is over real frames; dropout is on what
    leaves the convolutions; both center losses are of the joined means; ``fusion: aff`` weighs each
    stream by itself. Without a known gender an utterance counts in the first task alone.

    With blocks of 60 and 7 classes the defaults have 5,195,179 parameters.

    Args:
        config: a ``SDCAFF.Config``.
        blocks: widths of the feature blocks; static, delta and delta2.
        num_classes: C.
        known: of the extras; there is nothing to know of gender.
    """

    inputs = ("gender",)

    @dataclass(frozen=True)
    class Config:
        """Sizes and ablations.

        Attributes:
            streams: ``both``; ``static``: convolutions alone; ``dynamic``: the LSTM alone.
            fusion: ``cross``; ``aff``: without crossing; ``concat``: without weights. Without
                effect on a single stream.
            delta_axis: ``time``: the deltas of the front end; ``cepstral``: over cepstra, as in the
                released code: of two neighbours on each side, the outermost repeated, computed
                from the (normalised) static block.
            maps: channels of the convolutions, at least two.
            reduction: channels over inner units of DyReLU.
            hidden: LSTM units.
            dynamic: values per frame that they are averaged to.
            inner: channels between the convolutions of the fusion.
            dropout: on the outputs of the convolutions.
            max_frames: so many frames of an utterance are read, from its start; 0: all.
            auxiliary: weight of the loss of gender; that of emotion has the rest.
            center: weight of a center loss beside its cross entropy.
            center_rate: of the centers.
        """

        streams: Literal["both", "static", "dynamic"] = "both"
        fusion: Literal["cross", "aff", "concat"] = "cross"
        delta_axis: Literal["time", "cepstral"] = "time"
        maps: tuple[int, ...] = (8, 32, 64, 96, 128)
        reduction: int = limited(4, 1)
        hidden: int = limited(1024, 1)
        dynamic: int = limited(64, 1)
        inner: int = limited(32, 1)
        dropout: float = limited(0.1, 0.0, 0.95)
        max_frames: int = limited(251, 0)
        auxiliary: float = limited(0.3, 0.0, 1.0)
        center: float = limited(0.15, 0.0)
        center_rate: float = limited(0.1, 0.0, 1.0)

        def __post_init__(self):
            check_limits(self)
            if len(self.maps) < 2 or min(self.maps) < 1:
                found = f"maps is {list(self.maps)}"
                raise InputError(found, expected="two or more numbers, each at least 1")
            if self.dynamic > self.hidden:
                found = f"dynamic is {self.dynamic}"
                raise InputError(found, expected=f"at most hidden ({self.hidden})")

    def __init__(self, config, blocks, num_classes, known=None):
        super().__init__(config, blocks, num_classes)
        over_time = config.delta_axis == "time" and config.streams != "static"
        check_blocks(blocks, _BLOCKS if over_time else _BLOCKS[:1], "sdcaff")
        self.static = self.dynamic = self.fusion = None
        widths = []
        if config.streams != "dynamic":
            self.static = StaticBranch(config.maps, config.reduction)
            widths.append(config.maps[-1])
        if config.streams != "static":
            read = [blocks[name if over_time else "static"] for name in _BLOCKS]
            self.dynamic = DynamicBranch(sum(read), config.hidden, config.dynamic)
            widths.append(config.dynamic)
        if config.streams == "both" and config.fusion != "concat":
            self.fusion = AttentionalFusion(widths, config.inner, config.fusion == "cross")
        self.dropout = nn.Dropout(config.dropout)
        width = sum(widths)
        self.classifier = nn.Linear(width, num_classes)
        self.centers = Centers(num_classes, width, config.center_rate)
        self.gender = nn.Linear(width, _GENDERS) if config.auxiliary else None
        self.gender_centers = Centers(_GENDERS, width, config.center_rate)

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``."""
        vectors = self.describe(features, lengths)
        with torch.autocast(vectors.device.type, enabled=False):
            return self.classifier(vectors)

    def training_loss(self, features, lengths, labels, criterion):
        """Cross entropy and center loss of the emotion, and of the gender where it is known."""
        config, vectors = self.config, self.describe(features, lengths)
        with torch.autocast(vectors.device.type, enabled=False):
            loss = criterion(self.classifier(vectors))
            loss = (1 - config.auxiliary) * (loss + config.center * self.centers(vectors, labels))
            if self.gender is None:
                return loss
            gender = features["gender"]
            other = auxiliary_loss(self.gender(vectors), gender)
            other = other + config.center * self.gender_centers(vectors, gender)
            return loss + config.auxiliary * other

    def describe(self, features, lengths):
        """The joined means of the (weighed) streams, float32 [B, sum of their channels]."""
        if self.config.max_frames:
            lengths = lengths.clamp(max=self.config.max_frames)
        streams, real = self._streams(features, lengths)
        # sums over hundreds of frames need all digits, also where products are made with fewer
        with torch.autocast(streams[0].device.type, enabled=False):
            streams = [maps.to(torch.promote_types(maps.dtype, torch.float32)) for maps in streams]
            if self.fusion is not None:
                streams = self.fusion(streams, real)
            means = [pool_maps(maps, n) for maps, n in zip(streams, real, strict=True)]
            return torch.cat(means, dim=-1)

    def _streams(self, features, lengths):
        """Maps of each stream, and their lengths."""
        names = _BLOCKS if self.dynamic and self.config.delta_axis == "time" else _BLOCKS[:1]
        frames = select_blocks(features, names, lengths)[:, : int(lengths.max())]
        streams, real = [], []
        if self.static is not None:
            maps, short = self.static(frames[..., : self.blocks["static"]], lengths)
            streams, real = [self.dropout(maps)], [short]
        if self.dynamic is not None:
            if self.config.delta_axis == "cepstral":
                frames = with_cepstral_deltas(frames)
            streams, real = [*streams, self.dynamic(frames, lengths)], [*real, lengths]
        return streams, real


def with_cepstral_deltas(frames):
    """Frames [B, T, d] -> [B, T, 3 d]: with first and second deltas over their own values."""
    first = _delta(frames)
    return torch.cat([frames, first, _delta(first)], dim=-1)


def _delta(rows):
    """``sum_n n (x[i + n] - x[i - n]) / 10`` over the last axis, n = 1, 2."""
    padded = functional.pad(rows, (2, 2), mode="replicate")
    width = rows.shape[-1]
    before, near, _, after, far = (padded[..., n : n + width] for n in range(5))
    return (2 * (far - before) + after - near) / 10
