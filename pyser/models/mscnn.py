"""MSCNN-SPU-ATT: convolutions of several widths over audio and words, pooled and attended.

Peng, Lu, Pan, Liu: "Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention",
ICASSP 2021, arXiv 2106.04133. SWEM: Shen et al., ACL 2018. X-vectors: Snyder et al., ICASSP 2018.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from pyser.errors import InputError
from pyser.models.layers import check_blocks, frame_mask, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network

_BLOCKS = ("static", "delta", "delta2")
_RESERVED = 2  # word ids that are of no word: padding and unknown words
_START = 0.3  # deviation of new word vectors, about that of published ones


class MultiScale(nn.Module):
    """Parallel convolutions over time, as wide as a frame, each with ReLU.

    Output t of a convolution of s frames reads the (s - 1) // 2 frames before t and the s // 2
    after it; beyond the ends of an utterance there are zeros.

    Args:
        num_inputs: width of a frame.
        filters: of each convolution.
        scales: frames that each reads.
    """

    def __init__(self, num_inputs, filters, scales):
        super().__init__()
        self.num_outputs = filters * len(scales)
        self.convolutions = nn.ModuleList(nn.Conv1d(num_inputs, filters, size) for size in scales)

    def forward(self, frames, lengths):
        """Frames [B, T, d] whose padding is 0 -> [B, T, ``num_outputs``] whose padding is 0."""
        columns = frames.transpose(1, 2)
        found = []
        for convolve in self.convolutions:
            (size,) = convolve.kernel_size
            found.append(convolve(functional.pad(columns, ((size - 1) // 2, size // 2))))
        outputs = torch.cat(found, dim=1).relu_().transpose(1, 2)
        mask = frame_mask(lengths, outputs.shape[1])
        return outputs.masked_fill(~mask[:, :, None], 0.0)


def statistics(frames, lengths):
    """Mean, maximum and deviation over the real frames: [B, T, d] -> [B, 3, d].

    Of values that are at least 0 and whose padding is 0; the deviation is
    ``sqrt(var_t h_t + 1e-5)``, which has a gradient everywhere.
    """
    count = lengths[:, None].to(frames.dtype)
    mask = frame_mask(lengths, frames.shape[1])[:, :, None]
    mean = frames.sum(dim=1) / count
    apart = (frames - mean[:, None]).masked_fill(~mask, 0.0)
    deviation = (apart.square().sum(dim=1) / count + 1e-5).sqrt()
    return torch.stack([mean, frames.amax(dim=1), deviation], dim=1)


def attend(queries, keys, lengths):
    """For each query the mean of the keys, weighed by ``softmax_k(q^T h_k)``: [B, G, d].

    Args:
        queries: [B, G, d].
        keys: [B, K, d], of which ``lengths`` [B] are real; they are the values too.
    """
    mask = frame_mask(lengths, keys.shape[1])
    scores = torch.bmm(queries, keys.transpose(1, 2))
    return torch.bmm(scores.masked_fill(~mask[:, None], float("-inf")).softmax(dim=-1), keys)


class WordVectors(nn.Module):
    """A vector for each word id: trained, or given, and then fixed or trained on.

    Padding has 0. An unknown word has the mean of the vectors that are given, else 0.

    Args:
        num_words: V, the words with the ids from 2 on.
        width: of new vectors.
        given: float [V, d], or None.
        tuned: whether given vectors are trained.
    """

    def __init__(self, num_words, width, given=None, tuned=False):
        super().__init__()
        if given is None:
            vectors = _START * torch.randn(num_words, width)
            unknown = torch.zeros(1, width)
        else:
            vectors = torch.as_tensor(given, dtype=torch.float32)
            unknown = vectors.mean(dim=0, keepdim=True)
        table = torch.cat([torch.zeros_like(unknown), unknown, vectors])
        self.width = table.shape[1]
        if given is None or tuned:
            self.table = nn.Parameter(table)
        else:  # it is in what is known of the words, where a saved model has it from
            self.register_buffer("table", table, persistent=False)

    def forward(self, ids, lengths):
        """Vectors [B, L, d] of ``ids`` int64 [B, L], 0 beyond ``lengths``."""
        ids = ids.masked_fill(~frame_mask(lengths, ids.shape[1]), 0)
        return functional.embedding(ids, self.table, padding_idx=0)


class MSCNN(Network):
    """The network of the paper and its ablations.

    Stated by the paper and default here: 32 cepstra with two deltas, at most 750 frames; at most
    128 words with vectors of 300 values; 128 filters of each of the sizes 5, 7, 9, 11 (audio) and
    2, 3, 4, 5 (words); mean, maximum and deviation of each (SPU); attention, where each of these
    three of the audio asks and the outputs of the words answer; mean and maximum of the word
    vectors (SWEM); x-vectors (``xvector``, off by default: they are the user's); dropout 0.3; one
    linear layer.

    Ours: convolutions pad, so that one frame or word is enough; the outputs of all sizes are joined
    before attention; without SPU the maximum alone stays; dropout is on all that is joined for the
    last layer; x-vectors are brought to the length sqrt(d); longer utterances are cut at their end.
    Word vectors are trained, unless ``data.word_vectors`` names a file of some.

    With blocks of 32, 4 classes and 3000 words the defaults have 1,853,276 parameters.

    Args:
        config: a ``MSCNN.Config``.
        blocks: widths of the feature blocks; static, delta and delta2.
        num_classes: C.
        known: ``text``, the words; ``word_vectors`` float [V, d] of them, if given; ``xvector``,
            the width of x-vectors, if they are read.
    """

    inputs = ("text",)
    optional_inputs = ("xvector",)

    @dataclass(frozen=True)
    class Config:
        """Sizes and ablations.

        Attributes:
            modalities: ``both``, or ``audio`` or ``text`` alone (words are read in any case).
            spu: mean and deviation beside the maximum.
            attention: of the audio to the words; without effect on one modality.
            swem: mean and maximum of the word vectors.
            xvector: read the x-vector of each utterance from ``xvector.scp``.
            filters: of each size.
            audio_scales: frames that convolutions read.
            text_scales: words that convolutions read, as many sizes.
            embedding: values of trained word vectors; those of a file have their own number.
            tune_vectors: train given word vectors too; weight decay then moves those of words that
                training does not have.
            max_frames: so many frames of an utterance are read, from its start; 0: all.
            max_words: the same of words.
            dropout: on what enters the last layer.
        """

        modalities: Literal["both", "audio", "text"] = "both"
        spu: bool = True
        attention: bool = True
        swem: bool = True
        xvector: bool = False
        filters: int = limited(128, 1)
        audio_scales: tuple[int, ...] = (5, 7, 9, 11)
        text_scales: tuple[int, ...] = (2, 3, 4, 5)
        embedding: int = limited(300, 1)
        tune_vectors: bool = False
        max_frames: int = limited(750, 0)
        max_words: int = limited(128, 0)
        dropout: float = limited(0.3, 0.0, 0.95)

        def __post_init__(self):
            check_limits(self)
            for name in ("audio_scales", "text_scales"):
                scales = getattr(self, name)
                if not scales or min(scales) < 1:
                    found = f"{name} is {list(scales)}"
                    raise InputError(found, expected="one or more numbers, each at least 1")
            if self.attends and len(self.audio_scales) != len(self.text_scales):
                found = f"audio_scales is {list(self.audio_scales)}"
                expected = f"as many as text_scales ({len(self.text_scales)}), for attention"
                raise InputError(found, expected=expected)

        @property
        def attends(self):
            """Whether there is attention: it takes both modalities."""
            return self.attention and self.modalities == "both"

    def __init__(self, config, blocks, num_classes, known=None):
        super().__init__(config, blocks, num_classes)
        self.audio = self.words = self.text = None
        pooled = 3 if config.spu else 1
        width = 0
        if config.modalities != "text":
            check_blocks(blocks, _BLOCKS, "mscnn")
            frame = sum(blocks[name] for name in _BLOCKS)
            self.audio = MultiScale(frame, config.filters, config.audio_scales)
            width += pooled * self.audio.num_outputs
        if config.modalities != "audio":
            given = known.get("word_vectors")
            self.words = WordVectors(
                len(known["text"]), config.embedding, given, config.tune_vectors
            )
            self.text = MultiScale(self.words.width, config.filters, config.text_scales)
            width += pooled * self.text.num_outputs * (2 if config.attends else 1)
            width += 2 * self.words.width if config.swem else 0
        self.xvector = known["xvector"] if config.xvector else 0
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(width + self.xvector, num_classes)

    def forward(self, features, lengths):
        """Logits, float32 [B, C]; arguments as for ``Network``."""
        parts, queries = [], None
        if self.audio is not None:
            queries = self._pool(*self._hear(features, lengths))
            parts.append(queries)
        if self.text is not None:
            parts += self._read(features, queries)
        if self.xvector:
            vectors = features["xvector"][:, : self.xvector]
            parts.append(math.sqrt(self.xvector) * functional.normalize(vectors, dim=-1))
        with torch.autocast(lengths.device.type, enabled=False):
            joined = torch.cat([part.flatten(1) for part in parts], dim=-1)
            return self.classifier(self.dropout(joined))

    def _hear(self, features, lengths):
        """What the convolutions find in the frames [B, T, d], and their lengths."""
        if self.config.max_frames:
            lengths = lengths.clamp(max=self.config.max_frames)
        frames = select_blocks(features, _BLOCKS, lengths)[:, : int(lengths.max())]
        return self.audio(frames, lengths), lengths

    def _read(self, features, queries):
        """What is joined of the words; ``queries`` [B, G, d] are of the audio, None without it."""
        ids, lengths = features["text"], features["text_lengths"]
        if self.config.max_words:
            lengths = lengths.clamp(max=self.config.max_words)
        ids = ids[:, : int(lengths.max())]
        vectors = self.words(ids, lengths)
        found = self.text(vectors, lengths)
        parts = [self._pool(found, lengths)]
        # sums need all digits, also where products are made with fewer
        with torch.autocast(found.device.type, enabled=False):
            if self.config.attends:
                parts.append(attend(queries, _full(found), lengths))
            if self.config.swem:
                mask = frame_mask(lengths, vectors.shape[1])[:, :, None]
                highest = vectors.masked_fill(~mask, float("-inf")).amax(dim=1)
                parts += [vectors.sum(dim=1) / lengths[:, None], highest]
        return parts

    def _pool(self, frames, lengths):
        """``statistics`` [B, 3, d], or the maximum alone [B, 1, d], in float32."""
        with torch.autocast(frames.device.type, enabled=False):
            frames = _full(frames)
            return statistics(frames, lengths) if self.config.spu else frames.amax(1, keepdim=True)


def _full(values):
    """``values`` with at least the digits of float32."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
