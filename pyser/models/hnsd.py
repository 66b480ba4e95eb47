"""HNSD: hierarchical network with static and dynamic features.

Cao, Hou, Chen, Zhang, Lu: "Hierarchical Network based on the Fusion of Static and Dynamic Features
for Speech Emotion Recognition", ICASSP 2021, pp. 6334-6338.

Two LSTMs read the static features and their derivatives; per frame, a gated multimodal unit (GMU)
weighs one against the other; additive attention pools the frames of an utterance.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from pyser.errors import InputError
from pyser.models.layers import (
    BandConvolution,
    Encoder,
    FrameDropout,
    check_blocks,
    select_blocks,
)
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import AttentionPooling, Functionals, MeanPooling, StatisticsPooling
from pyser.models.together import run_together

_STATIC, _DYNAMIC = ("static",), ("delta", "delta2")
_STREAMS = {  # for each encoder, which kinds of blocks it reads
    "both": ((_STATIC,), (_DYNAMIC,)),
    "static": ((_STATIC,),),
    "dynamic": ((_DYNAMIC,),),
    "early": ((_STATIC, _DYNAMIC),),
}
_POOLINGS = {"attention": 1, "mean": 1, "statistics": 6}  # how many vectors each joins
_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "none": nn.Identity}


class GatedUnit(nn.Module):
    """Gated multimodal unit over two streams: f_s, f_d [B, T, d] -> h [B, T, d].

    ``h_s = tanh(W_s f_s)``, ``h_d = tanh(W_d f_d)``, ``z = sigmoid(W_c [f_s, f_d])``,
    ``h = z h_s + (1 - z) h_d``; z is one number per frame, or one per unit with ``vector``.
    """

    def __init__(self, width, vector=False):
        super().__init__()
        self.static = nn.Linear(width, width, bias=False)
        self.dynamic = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(2 * width, width if vector else 1, bias=False)

    def forward(self, static, dynamic):
        """Fuse two streams [B, T, d] of equal width into one [B, T, d]."""
        z = torch.sigmoid(self.gate(torch.cat([static, dynamic], dim=-1)))
        return torch.lerp(torch.tanh(self.dynamic(dynamic)), torch.tanh(self.static(static)), z)


class Concatenation(nn.Module):
    """Joins the streams it is given along their last axis (one stream passes unchanged)."""

    def forward(self, *streams):
        """Join streams [B, T, d] into [B, T, sum of d]."""
        return torch.cat(streams, dim=-1) if len(streams) > 1 else streams[0]


class HNSD(Network):
    """The network of the paper, and its ablations as configurations.

    Stated by the paper and default here: one unidirectional LSTM of 512 units per stream, a scalar
    gate, attention of 16 dimensions, a fully connected layer of 128 units. Not stated, so options:
    the activation of that layer (``relu``; ``tanh``, ``none``) and dropout, which may sit on the
    inputs, on the LSTM outputs, on the pooled vector and on the fully connected layer (0: none).
    The projections of the GMU carry no bias, as its equations are written. Not in the paper at all:
    convolutions before the LSTMs (as Chen et al. 2018 have them), further layers, ``statistics``
    pooling, ``functionals``, locked dropout and ``extra`` features.

    With 26 + 52 input features and 4 classes the defaults have 2,864,804 parameters (torch's LSTM
    has two bias vectors per gate).

    Args:
        config: a ``HNSD.Config``.
        blocks: widths of the feature blocks, name -> d; ``static`` and/or ``delta``, ``delta2``.
        num_classes: C.
    """

    @dataclass(frozen=True)
    class Config:
        """Sizes and ablations of HNSD.

        Attributes:
            hidden: LSTM units per stream and direction.
            bidirectional: also run each LSTM backwards in time.
            streams: ``both``; ``static`` or ``dynamic`` alone; ``early``: one LSTM on all blocks.
            gate: ``scalar`` per frame, ``vector`` (one gate per unit), ``none``: the LSTM outputs
                are concatenated, without GMU. Without effect on a single stream.
            init: of the LSTMs: ``uniform``, torch's own; ``orthogonal``: recurrent weights
                orthogonal, others as Glorot & Bengio 2010, biases of forget gates 1.
            conv_channels: filters of a BandConvolution before each LSTM; 0: none.
            conv_stride: frames from one of its outputs to the next.
            conv_dropout: on its outputs.
            layers: LSTM layers per stream, with the dropout of the LSTM outputs between them.
            extra: further blocks of the static stream, such as ``log_energy,log_f0``; where the
                features have their deltas, those join the dynamic stream.
            attention_dim: d of the attention.
            pooling: ``attention`` or ``mean`` over frames; ``statistics``: both, with deviation,
                trend and extremes.
            functionals: join the ``Functionals`` of the blocks that are read to the pooled vector.
            fc: units of the fully connected layer.
            activation: of the fully connected layer.
            input_dropout: on the input features.
            encoder_dropout: on the LSTM outputs.
            locked_dropout: on inputs and LSTM outputs, the same for every frame of an utterance.
            pooled_dropout: on the pooled vector, functionals included.
            fc_dropout: on the output of the fully connected layer.
        """

        hidden: int = limited(512, 1)
        bidirectional: bool = False
        streams: Literal["both", "static", "dynamic", "early"] = "both"
        gate: Literal["scalar", "vector", "none"] = "scalar"
        init: Literal["uniform", "orthogonal"] = "uniform"
        conv_channels: int = limited(0, 0)
        conv_stride: int = limited(3, 1)
        conv_dropout: float = limited(0.0, 0.0, 0.95)
        layers: int = limited(1, 1)
        extra: str = ""
        attention_dim: int = limited(16, 1)
        pooling: Literal["attention", "mean", "statistics"] = "attention"
        functionals: bool = False
        fc: int = limited(128, 1)
        activation: Literal["relu", "tanh", "none"] = "relu"
        input_dropout: float = limited(0.0, 0.0, 0.95)
        encoder_dropout: float = limited(0.0, 0.0, 0.95)
        locked_dropout: bool = False
        pooled_dropout: float = limited(0.0, 0.0, 0.95)
        fc_dropout: float = limited(0.0, 0.0, 0.95)

        def __post_init__(self):
            check_limits(self)

    def __init__(self, config, blocks, num_classes):
        super().__init__(config, blocks, num_classes)
        self._streams = _stream_blocks(config, blocks)
        self.input_dropout = FrameDropout(config.input_dropout, config.locked_dropout)
        self.encoder_dropout = FrameDropout(config.encoder_dropout, config.locked_dropout)
        self.conv_dropout = FrameDropout(config.conv_dropout, config.locked_dropout)
        self.convolutions = _make_convolutions(config, self._streams, blocks)
        widths = [sum(blocks[name] for name in names) for names in self._streams]
        if self.convolutions:
            widths = [convolution.num_outputs for convolution in self.convolutions]
        layers = config.bidirectional, config.layers, self.encoder_dropout
        self.encoders = nn.ModuleList(Encoder(width, config.hidden, *layers) for width in widths)
        if config.init == "orthogonal":
            for encoder in self.encoders:
                encoder.make_orthogonal()
        width = self.encoders[0].num_outputs
        if len(self._streams) == 2 and config.gate != "none":
            self.fusion = GatedUnit(width, vector=config.gate == "vector")
        else:
            self.fusion = Concatenation()
            width *= len(self._streams)
        self.pooling = _make_pooling(config, width)
        width *= _POOLINGS[config.pooling]
        self.functionals = None
        if config.functionals:
            read = [blocks[name] for names in self._streams for name in names]
            self.functionals = Functionals(read)
            width += self.functionals.num_outputs
        self.classifier = nn.Sequential(
            nn.Dropout(config.pooled_dropout),
            nn.Linear(width, config.fc),
            _ACTIVATIONS[config.activation](),
            nn.Dropout(config.fc_dropout),
            nn.Linear(config.fc, num_classes),
        )

    @property
    def stride(self):
        """Frames of the input from one frame of the attention to the next."""
        return self.config.conv_stride if self.config.conv_channels else 1

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``."""
        read = [select_blocks(features, names, lengths) for names in self._streams]
        streams, num_frames = [self.input_dropout(frames) for frames in read], lengths
        if self.convolutions:
            found = [
                c(frames, lengths) for c, frames in zip(self.convolutions, streams, strict=True)
            ]
            streams, lengths = [self.conv_dropout(frames) for frames, _ in found], found[0][1]
        encoded = [self.encoder_dropout(frames) for frames in self._encode(streams, lengths)]
        frames = self.fusion(*encoded)
        # sums over hundreds of frames need all digits, also where products are made with fewer
        with torch.autocast(frames.device.type, enabled=False):
            frames = frames.to(torch.promote_types(frames.dtype, torch.float32))
            pooled = self.pooling(frames, lengths)
            if self.functionals:
                described = self.functionals(torch.cat(read, dim=-1), num_frames)
                pooled = torch.cat([pooled, described], dim=-1)
            return self.classifier(pooled)

    def _encode(self, streams, lengths):
        if self.config.layers > 1 and self.config.encoder_dropout:  # draws random numbers
            encoders = zip(self.encoders, streams, strict=True)
            return [encoder(frames, lengths) for encoder, frames in encoders]
        return run_together(list(self.encoders), streams, lengths)


def _make_convolutions(config, streams, blocks):
    """A BandConvolution for each stream, whose blocks must all be of one width; or none."""
    if not config.conv_channels:
        return nn.ModuleList()
    widths = {blocks[name] for names in streams for name in names}
    if len(widths) > 1 or min(widths) < 4:
        found = ", ".join(f"{name}: {blocks[name]}" for names in streams for name in names)
        raise InputError(
            f"conv_channels is {config.conv_channels}, and the blocks have the widths {found}",
            "hnsd",
            "blocks of one width, at least 4",
            "leave out extra, or conv_channels",
        )
    return nn.ModuleList(
        BandConvolution(len(names), *widths, config.conv_channels, config.conv_stride)
        for names in streams
    )


def _make_pooling(config, width):
    if config.pooling == "mean":
        return MeanPooling()
    kind = StatisticsPooling if config.pooling == "statistics" else AttentionPooling
    return kind(width, config.attention_dim)


def _stream_blocks(config, blocks):
    """The names of the blocks each encoder reads, a tuple for each stream."""
    extra = tuple(name.strip() for name in config.extra.split(",") if name.strip())
    joined = {
        _STATIC: _STATIC + extra,
        _DYNAMIC: _DYNAMIC
        + tuple(f"{d}_{name}" for d in _DYNAMIC for name in extra if f"{d}_{name}" in blocks),
    }
    streams = tuple(
        tuple(name for part in parts for name in joined[part]) for parts in _STREAMS[config.streams]
    )
    check_blocks(blocks, [name for names in streams for name in names], "hnsd")
    return streams
